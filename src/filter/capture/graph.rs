//! The order of the tests: a graph without loops, each test with a way on if it holds and one if not.
//!
//! Equal tails are shared. Then the optimiser leads every edge past the tests whose outcome is already decided on all
//! ways to that edge: after `EtherType = 0x0800` nothing asks whether it is 0x86dd. It never saves the reading of an octet
//! that could be missing: a packet cut before an octet that the filter asks for is rejected, however the filter is
//! written. (libpcap's optimiser sometimes does, so that tcpdump with and without `-O` can differ on cut packets.)

use std::collections::HashMap;

use super::ast::Operation;
use super::cond::{Comparison, Cond, Test};
use super::values::{Val, Value, Values};

/// Facts remembered along one way through the graph. More would cost time and save little.
const MAX_FACTS: usize = 200;

/// Where a way leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Way {
    Accept,
    Reject,
    Node(u32),
}

/// A test and its two ways.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub test: Test,
    pub yes: Way,
    pub no: Way,
}

/// A test without its words: two tests with the same key have the same outcome.
type Key = (Val, Comparison, Val);

/// The graph.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<(Key, Way, Way), Way>,
}

impl Graph {
    pub(super) fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    /// Adds a test. One that leads to the same place either way is left out if what it reads was read before
    /// (`is_read`), or if the packet is rejected anyway.
    fn add(&mut self, values: &mut Values, test: Test, yes: Way, no: Way, is_read: bool) -> Way {
        let (test, yes, no) = simplify(values, test, yes, no);
        if yes == no && (is_read || yes == Way::Reject) {
            return yes;
        }
        let next = Way::Node(self.nodes.len() as u32);
        let way = *self.known.entry((key(&test), yes, no)).or_insert(next);
        if way == next {
            self.nodes.push(Node { test, yes, no });
        }
        way
    }

    /// Adds a condition that goes on to `yes` and `no`; the way into it.
    pub(super) fn build(&mut self, values: &mut Values, cond: &Cond, yes: Way, no: Way) -> Way {
        match cond {
            Cond::Const(true) => yes,
            Cond::Const(false) => no,
            Cond::Test(test) => self.add(values, *test, yes, no, false),
            Cond::Not(inner) => self.build(values, inner, no, yes),
            Cond::Part(_, inner) => self.build(values, inner, yes, no),
            Cond::All(parts) => parts.iter().rev().fold(yes, |yes, part| self.build(values, part, yes, no)),
            Cond::Any(parts) => parts.iter().rev().fold(no, |no, part| self.build(values, part, yes, no)),
        }
    }

    /// The nodes that can be reached from `root`, each before those it leads to.
    pub(super) fn order(&self, root: Way) -> Vec<u32> {
        // Depth first with the work on the heap: a long filter must not overflow the stack.
        let mut order = Vec::new();
        let mut state = vec![0_u8; self.nodes.len()];
        let mut stack = Vec::new();
        if let Way::Node(index) = root {
            stack.push(index);
        }
        while let Some(&index) = stack.last() {
            let node = self.node(index);
            let next = match state[index as usize] {
                0 => node.no,
                1 => node.yes,
                2 => {
                    order.push(index);
                    state[index as usize] = 3;
                    stack.pop();
                    continue;
                }
                _ => {
                    stack.pop();
                    continue;
                }
            };
            state[index as usize] += 1;
            if let Way::Node(next) = next
                && state[next as usize] == 0
            {
                stack.push(next);
            }
        }
        order.reverse();
        order
    }

    /// A graph with the same outcomes and fewer tests on each way; its root.
    pub(super) fn optimise(mut self, values: &mut Values, mut root: Way) -> (Graph, Way) {
        // Each round only shortens ways; the bound is for the time that a huge filter takes.
        for _ in 0..16 {
            let (next, next_root, changed) = self.shorten(values, root);
            self = next;
            root = next_root;
            if !changed {
                break;
            }
        }
        (self, root)
    }

    fn shorten(&self, values: &mut Values, root: Way) -> (Graph, Way, bool) {
        let order = self.order(root);
        let mut facts: Vec<Option<Facts>> = Vec::new();
        facts.resize_with(self.nodes.len(), || None);
        let mut ways = vec![(Way::Reject, Way::Reject, false); self.nodes.len()];
        let mut changed = false;
        if let Way::Node(index) = root {
            facts[index as usize] = Some(Facts::default());
        }
        for &index in &order {
            let node = self.node(index);
            // A node that every edge was led past has no facts and is gone.
            let Some(here) = facts[index as usize].take() else { continue };
            let mut ahead = |outcome: bool, mut way: Way| {
                let mut known = here.clone();
                known.add(&node.test, outcome);
                while let Way::Node(next) = way {
                    let following = self.node(next);
                    match known.decide(values, &following.test) {
                        Some(outcome) => {
                            way = if outcome { following.yes } else { following.no };
                            changed = true;
                        }
                        None => {
                            let there = &mut facts[next as usize];
                            match there {
                                Some(there) => there.intersect(&known),
                                None => *there = Some(known),
                            }
                            break;
                        }
                    }
                }
                way
            };
            let is_read = here.have_read(&node.test);
            ways[index as usize] = (ahead(true, node.yes), ahead(false, node.no), is_read);
        }
        let mut next = Graph::default();
        let mut renamed = vec![Way::Reject; self.nodes.len()];
        let rename = |way: Way, renamed: &[Way]| match way {
            Way::Node(index) => renamed[index as usize],
            end => end,
        };
        for &index in order.iter().rev() {
            let (yes, no, is_read) = ways[index as usize];
            let (yes, no) = (rename(yes, &renamed), rename(no, &renamed));
            renamed[index as usize] = next.add(values, self.node(index).test, yes, no, is_read);
        }
        let root = rename(root, &renamed);
        changed |= next.order(root).len() < order.len();
        (next, root, changed)
    }
}

fn key(test: &Test) -> Key {
    (test.value, test.comparison, test.against)
}

/// The same test in the form that is easiest to recognise and cheapest to run, its ways swapped where it was negated.
fn simplify(values: &mut Values, mut test: Test, yes: Way, no: Way) -> (Test, Way, Way) {
    // A constant stands on the right.
    if values.constant_of(test.value).is_some() && values.constant_of(test.against).is_none() {
        std::mem::swap(&mut test.value, &mut test.against);
        match test.comparison {
            Comparison::Equal | Comparison::AnyBit => {}
            Comparison::Greater => {
                test.comparison = Comparison::GreaterOrEqual;
                return (test, no, yes);
            }
            Comparison::GreaterOrEqual => {
                test.comparison = Comparison::Greater;
                return (test, no, yes);
            }
        }
    }
    // `x & bits = 0` asks for no bit; `x & bit = bit` asks for that bit.
    if test.comparison == Comparison::Equal
        && let Some(number) = values.constant_of(test.against)
        && let Value::Binary(Operation::And, value, mask) = values.of(test.value)
        && let Some(bits) = values.constant_of(mask)
    {
        let any = Test { value, comparison: Comparison::AnyBit, against: mask, ..test };
        if number == 0 {
            return (any, no, yes);
        }
        if number == bits && bits.is_power_of_two() {
            return (any, yes, no);
        }
    }
    (test, yes, no)
}

/// What is known on a way: tests and their outcomes.
#[derive(Clone, Debug, Default)]
struct Facts(Vec<(Key, bool)>);

impl Facts {
    fn add(&mut self, test: &Test, outcome: bool) {
        if self.0.len() >= MAX_FACTS {
            // The first facts are about link types, the last about what was just read: both are asked for most.
            self.0.remove(MAX_FACTS / 2);
        }
        self.0.push((key(test), outcome));
    }

    fn intersect(&mut self, other: &Facts) {
        self.0.retain(|fact| other.0.contains(fact));
    }

    /// True if the values of a test were computed on the way.
    fn have_read(&self, test: &Test) -> bool {
        let known = |val: Val| self.0.iter().any(|((value, _, against), _)| *value == val || *against == val);
        known(test.value) && known(test.against)
    }

    /// The outcome of a test, if the facts decide it.
    fn decide(&self, values: &Values, test: &Test) -> Option<bool> {
        let asked = key(test);
        let constant = values.constant_of(test.against);
        for ((value, comparison, against), outcome) in self.0.iter().rev() {
            if *value != asked.0 {
                continue;
            }
            if (*value, *comparison, *against) == asked {
                return Some(*outcome);
            }
            if let (Some(known), Some(number)) = (values.constant_of(*against), constant)
                && let Some(decided) = follows(*comparison, known, *outcome, test.comparison, number)
            {
                return Some(decided);
            }
        }
        None
    }
}

/// What `comparison` with `number` must give if `known_comparison` with `known` gave `outcome` for the same value.
fn follows(
    known_comparison: Comparison,
    known: u32,
    outcome: bool,
    comparison: Comparison,
    number: u32,
) -> Option<bool> {
    use Comparison::{AnyBit, Equal, Greater, GreaterOrEqual};
    // The value lies between `least` and `most`.
    let (least, most) = match (known_comparison, outcome) {
        (Equal, true) => (known, known),
        (Greater, true) => (known.checked_add(1)?, u32::MAX),
        (Greater, false) => (0, known),
        (GreaterOrEqual, true) => (known, u32::MAX),
        (GreaterOrEqual, false) => (0, known.checked_sub(1)?),
        (AnyBit, false) => {
            // None of the bits is set.
            return match comparison {
                Equal if number & known != 0 => Some(false),
                AnyBit if number & !known == 0 => Some(false),
                _ => None,
            };
        }
        (AnyBit, true) => {
            return match comparison {
                Equal if number & known == 0 => Some(false),
                AnyBit if known & !number == 0 => Some(true),
                _ => None,
            };
        }
        (Equal, false) => return None,
    };
    match comparison {
        Equal if least == most => Some(number == least),
        Equal if number < least || number > most => Some(false),
        Greater if least > number => Some(true),
        Greater if most <= number => Some(false),
        GreaterOrEqual if least >= number => Some(true),
        GreaterOrEqual if most < number => Some(false),
        AnyBit if least == most => Some(least & number != 0),
        _ => None,
    }
}
