//! Why a packet was taken or left: the filter's tests with what they found.

use super::cond::{Comparison, Cond, Test};
use super::values::{Val, Value, Values, compute};
use super::{ancillary, ast::Operation};
use crate::filter::Span;

/// What became of a part of a filter for one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not hold.
    Fails,
    /// An octet that it asks for is not in the packet, which rejects the packet as a whole.
    Missing,
}

/// A part of a filter, what became of it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The part, by its place in the text.
    pub span: Span,
    /// What became of it.
    pub outcome: Outcome,
    /// The tests that it made itself, in their order.
    pub tests: Vec<Tested>,
    /// Its own parts, as far as they were looked at.
    pub parts: Vec<Trace>,
}

/// One test and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// What was looked at, in words.
    pub what: &'static str,
    /// Where it lies in the packet; empty if it does not lie there.
    pub place: String,
    /// What was found; `None` if the packet ends before.
    pub found: Option<u32>,
    /// What it was compared with.
    pub wanted: u32,
    /// How it was compared: `=`, `>`, `>=`, `&`.
    pub comparison: &'static str,
    /// True if the comparison held.
    pub holds: bool,
}

pub(super) fn trace(values: &Values, cond: &Cond, bytes: &[u8], wire_len: u32) -> Trace {
    let machine = Machine { values, bytes, wire_len };
    let mut root = Trace { span: Span::default(), outcome: Outcome::Fails, tests: Vec::new(), parts: Vec::new() };
    root.outcome = machine.cond(cond, &mut root);
    // The root has exactly one part: the whole filter.
    match root.parts.pop() {
        Some(whole) if root.parts.is_empty() && root.tests.is_empty() => whole,
        Some(part) => {
            root.parts.push(part);
            root
        }
        None => root,
    }
}

struct Machine<'a> {
    values: &'a Values,
    bytes: &'a [u8],
    wire_len: u32,
}

impl Machine<'_> {
    fn cond(&self, cond: &Cond, trace: &mut Trace) -> Outcome {
        match cond {
            Cond::Const(true) => Outcome::Holds,
            Cond::Const(false) => Outcome::Fails,
            Cond::Test(test) => self.test(test, trace),
            Cond::Not(inner) => match self.cond(inner, trace) {
                Outcome::Holds => Outcome::Fails,
                Outcome::Fails => Outcome::Holds,
                Outcome::Missing => Outcome::Missing,
            },
            Cond::All(parts) => {
                let mut outcomes = parts.iter().map(|part| self.cond(part, trace));
                outcomes.find(|outcome| *outcome != Outcome::Holds).unwrap_or(Outcome::Holds)
            }
            Cond::Any(parts) => {
                let mut outcomes = parts.iter().map(|part| self.cond(part, trace));
                outcomes.find(|outcome| *outcome != Outcome::Fails).unwrap_or(Outcome::Fails)
            }
            Cond::Part(span, inner) => {
                let mut part = Trace { span: *span, outcome: Outcome::Fails, tests: Vec::new(), parts: Vec::new() };
                let outcome = self.cond(inner, &mut part);
                part.outcome = outcome;
                trace.parts.push(part);
                outcome
            }
        }
    }

    fn test(&self, test: &Test, trace: &mut Trace) -> Outcome {
        let found = self.number(test.value);
        let wanted = self.number(test.against);
        let holds = match (found, wanted) {
            (Some(found), Some(wanted)) => test.comparison.holds(found, wanted),
            _ => false,
        };
        trace.tests.push(Tested {
            what: test.what,
            place: self.place(test.value),
            found: found.filter(|_| wanted.is_some()),
            wanted: wanted.unwrap_or_default(),
            comparison: match test.comparison {
                Comparison::Equal => "=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
                Comparison::AnyBit => "&",
            },
            holds,
        });
        match (found, wanted, holds) {
            (None, ..) | (_, None, _) => Outcome::Missing,
            (.., true) => Outcome::Holds,
            (.., false) => Outcome::Fails,
        }
    }

    /// The number, or `None` if an octet is missing (or something is divided by zero, which rejects as well).
    fn number(&self, val: Val) -> Option<u32> {
        let load = |size: u8, at: u64| {
            let at = usize::try_from(at).ok()?;
            let octets = self.bytes.get(at..at.checked_add(usize::from(size))?)?;
            Some(octets.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet)))
        };
        match self.values.of(val) {
            Value::Const(number) => Some(number),
            Value::WireLen => Some(self.wire_len),
            Value::Load { size, at } => load(size, u64::from(at)),
            Value::LoadFrom { size, base, offset } => load(size, u64::from(self.number(base)?) + u64::from(offset)),
            Value::HeaderLen { at } => Some(4 * (load(1, u64::from(at))? & 0x0f)),
            Value::Negate(inner) => Some(self.number(inner)?.wrapping_neg()),
            Value::Binary(operation, left, right) => compute(operation, self.number(left)?, self.number(right)?),
            Value::Choose { value, number, yes, no } => {
                self.number(if self.number(value)? == number { yes } else { no })
            }
        }
    }

    /// Where a value lies, in words.
    fn place(&self, val: Val) -> String {
        let octets = |at: u64, size: u8| match size {
            1 => format!("octet {at}"),
            size => format!("octets {at} to {}", at + u64::from(size) - 1),
        };
        match self.values.of(val) {
            Value::Load { at, .. } if ancillary::name(at).is_some() => "metadata".to_owned(),
            Value::Load { size, at } => octets(u64::from(at), size),
            Value::LoadFrom { size, base, offset } => match self.number(base) {
                Some(base) => octets(u64::from(base) + u64::from(offset), size),
                None => String::new(),
            },
            Value::Binary(Operation::And, inner, _) => self.place(inner),
            _ => String::new(),
        }
    }
}
