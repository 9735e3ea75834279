//! What `recv(n)` calls can return.
//!
//! Octets arrive in the receiver's buffer in order, at the borders of segments. A blocking `recv(n)` waits until at least
//! one octet is there and then takes what is there, at most `n`. When a program calls is not on the wire, so each call may
//! find any number of segments arrived: the results below are all that can happen, and nothing else can.

use std::collections::BTreeSet;

use serde::Serialize;

use super::stream::Flow;
use crate::base::limits::{MAX_RECV_OUTCOMES, MAX_RECV_STATES};

/// How the stream ends for the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// FIN: `recv` returns zero octets, at every call from then on.
    Closed,
    /// Reset: once all that arrived is taken, `recv` fails with ECONNRESET, and returns zero octets from then on (Linux;
    /// other systems may throw away what was not taken yet).
    Reset,
    /// Nothing more was seen: `recv` waits.
    Open,
}

/// What one call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Returned {
    /// Octets of the stream: from, and how many.
    Octets(usize, usize),
    /// Zero octets: the other side has closed.
    Nothing,
    /// It waits: nothing more came.
    Waits,
    /// It fails with ECONNRESET.
    ConnectionReset,
}

/// What a series of calls can return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prediction {
    /// The sizes asked for.
    pub sizes: Vec<usize>,
    /// For each call, everything it can return.
    pub calls: Vec<BTreeSet<Returned>>,
    /// Every series of results that can happen; `None` if there are too many to list.
    pub outcomes: Option<BTreeSet<Vec<Returned>>>,
}

impl Prediction {
    /// True if call number `index` can return one thing only.
    pub fn is_certain(&self, index: usize) -> bool {
        self.calls.get(index).is_some_and(|results| results.len() == 1)
    }

    /// True if this series of results can happen. Answers from the stream itself, so that it also holds when there are
    /// too many outcomes to list.
    pub fn allows(&self, arrivals: &Arrivals, results: &[Returned]) -> bool {
        let mut state = FRESH;
        self.sizes.len() == results.len()
            && self.sizes.iter().zip(results).all(|(size, result)| {
                let next = arrivals.step(state, *size).into_iter().find(|(returned, _)| returned == result);
                next.inspect(|(_, after)| state = *after).is_some()
            })
    }
}

/// The borders at which octets can become available, and the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Octets that have arrived after each step; ascending, the last is all.
    borders: Vec<usize>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// Octets taken so far.
    taken: usize,
    /// How many borders have certainly arrived.
    arrived: usize,
    /// What the last call told of the end.
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    NotReached,
    /// A call waits for ever: those after it never happen.
    Waiting,
    /// A call failed: those after it return nothing.
    Failed,
}

/// Before the first call.
const FRESH: State = State { taken: 0, arrived: 0, ending: Ending::NotReached };

impl Arrivals {
    /// Arrivals at these borders, in any order.
    pub fn at(borders: impl IntoIterator<Item = usize>, end: End) -> Arrivals {
        let borders: BTreeSet<_> = borders.into_iter().filter(|border| *border > 0).collect();
        Arrivals { borders: borders.into_iter().collect(), end }
    }

    /// The arrivals of a captured stream. A segment larger than the receiver accepts was put together by a network card
    /// (offload): on the wire it was several, so their borders count too.
    pub fn of(flow: &Flow) -> Arrivals {
        let mut borders = BTreeSet::new();
        for segment in &flow.segments {
            borders.insert(segment.offset);
            borders.insert(segment.range().end);
            let mss = flow.mss.map_or(usize::MAX, usize::from).max(1);
            let mut inner = segment.offset;
            // With options such as timestamps a full segment carries up to 40 octets less: every place may be a border.
            if segment.len > mss {
                while inner < segment.range().end && borders.len() < MAX_RECV_STATES {
                    inner += 1;
                    borders.insert(inner);
                }
            }
        }
        let end = match (flow.fin, flow.reset) {
            (Some(_), None) => End::Closed,
            (Some((fin, _)), Some((reset, _))) if fin < reset => End::Closed,
            (_, Some(_)) => End::Reset,
            (None, None) => End::Open,
        };
        Arrivals::at(borders, end)
    }

    /// How many octets there are in all.
    pub fn len(&self) -> usize {
        self.borders.last().copied().unwrap_or(0)
    }

    /// True if the stream carries no octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everything that calls of these sizes can return. Stops with `outcomes: None` when there are too many to list.
    pub fn predict(&self, sizes: &[usize]) -> Prediction {
        let mut states = BTreeSet::from([FRESH]);
        let mut calls = Vec::with_capacity(sizes.len());
        for size in sizes {
            let mut results = BTreeSet::new();
            let mut next = BTreeSet::new();
            for state in &states {
                for (returned, after) in self.step(*state, *size) {
                    results.insert(returned);
                    next.insert(after);
                }
            }
            calls.push(results);
            states = next;
        }
        Prediction { sizes: sizes.to_vec(), calls, outcomes: self.outcomes(sizes) }
    }

    fn outcomes(&self, sizes: &[usize]) -> Option<BTreeSet<Vec<Returned>>> {
        let mut open = vec![(Vec::new(), FRESH)];
        for size in sizes {
            let mut next = Vec::new();
            for (series, state) in open {
                for (returned, after) in self.step(state, *size) {
                    let mut longer = series.clone();
                    longer.push(returned);
                    next.push((longer, after));
                }
                if next.len() > MAX_RECV_OUTCOMES {
                    return None;
                }
            }
            open = next;
        }
        Some(open.into_iter().map(|(series, _)| series).collect())
    }

    /// What one call of `recv(size)` can return in `state`, each with the state after it. A state holds the *fewest*
    /// arrivals that its results need, for more may have come unnoticed.
    fn step(&self, state: State, size: usize) -> Vec<(Returned, State)> {
        match state.ending {
            Ending::Waiting => return vec![(Returned::Waits, state)],
            Ending::Failed => return vec![(Returned::Nothing, state)],
            Ending::NotReached => {}
        }
        let State { taken, arrived, .. } = state;
        // Python's and C's recv(0) return at once with nothing, whatever is there.
        if size == 0 {
            return vec![(Returned::Nothing, state)];
        }
        let mut results = Vec::new();
        if taken == self.len() {
            let (returned, ending) = match self.end {
                End::Closed => (Returned::Nothing, Ending::NotReached),
                End::Open => (Returned::Waits, Ending::Waiting),
                End::Reset => (Returned::ConnectionReset, Ending::Failed),
            };
            results.push((returned, State { ending, ..state }));
            return results;
        }
        for (index, border) in self.borders.iter().enumerate().skip(arrived.saturating_sub(1)) {
            if *border <= taken {
                continue;
            }
            let len = size.min(border - taken);
            let after = State { taken: taken + len, arrived: index + 1, ending: Ending::NotReached };
            results.push((Returned::Octets(taken, len), after));
            if border - taken >= size {
                break;
            }
        }
        results
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every interleaving of arrivals and calls, step by step: the slow and obvious model.
    fn brute(borders: &[usize], end: End, sizes: &[usize]) -> BTreeSet<Vec<Returned>> {
        fn go(
            borders: &[usize],
            end: End,
            sizes: &[usize],
            arrived: usize,
            taken: usize,
            so_far: &mut Vec<Returned>,
            found: &mut BTreeSet<Vec<Returned>>,
        ) {
            let Some((size, rest)) = sizes.split_first() else {
                found.insert(so_far.clone());
                return;
            };
            let last_word = |returned: &&Returned| matches!(returned, Returned::Waits | Returned::ConnectionReset);
            if let Some(ended) = so_far.iter().find(last_word) {
                so_far.push(if *ended == Returned::Waits { Returned::Waits } else { Returned::Nothing });
                go(borders, end, rest, arrived, taken, so_far, found);
                so_far.pop();
                return;
            }
            // One more segment may arrive before the call.
            if arrived < borders.len() {
                go(borders, end, sizes, arrived + 1, taken, so_far, found);
            }
            let there = if arrived == 0 { 0 } else { borders[arrived - 1] };
            let returned = if *size == 0 {
                Returned::Nothing
            } else if there > taken {
                Returned::Octets(taken, (*size).min(there - taken))
            } else if arrived == borders.len() {
                match end {
                    End::Closed => Returned::Nothing,
                    End::Open => Returned::Waits,
                    End::Reset => Returned::ConnectionReset,
                }
            } else {
                return; // It waits for the next arrival, which the branch above makes.
            };
            let len = if let Returned::Octets(_, len) = returned { len } else { 0 };
            so_far.push(returned);
            go(borders, end, rest, arrived, taken + len, so_far, found);
            so_far.pop();
        }
        let mut found = BTreeSet::new();
        go(borders, end, sizes, 0, 0, &mut Vec::new(), &mut found);
        found
    }

    #[test]
    fn the_prediction_is_exactly_what_every_interleaving_can_do() {
        let mut rng = crate::base::Rng::new(5);
        for _ in 0..3000 {
            let mut total = 0;
            let borders: Vec<_> = (0..rng.below(5))
                .map(|_| {
                    total += 1 + rng.below(4) as usize;
                    total
                })
                .collect();
            let end = [End::Closed, End::Open, End::Reset][rng.below(3) as usize];
            let sizes: Vec<_> = (0..1 + rng.below(4)).map(|_| rng.below(7) as usize).collect();
            let arrivals = Arrivals::at(borders.iter().copied(), end);
            let expected = brute(&borders, end, &sizes);
            let prediction = arrivals.predict(&sizes);
            assert_eq!(prediction.outcomes.as_ref(), Some(&expected), "{borders:?} {end:?} {sizes:?}");
            for (index, call) in prediction.calls.iter().enumerate() {
                let exact: BTreeSet<_> = expected.iter().map(|series| series[index]).collect();
                assert_eq!(call, &exact, "{borders:?} {sizes:?}");
            }
            assert!(expected.iter().all(|series| prediction.allows(&arrivals, series)));
        }
    }

    #[test]
    fn two_sends_and_two_recvs_of_ten_as_in_the_tutorial() {
        let arrivals = Arrivals::at([5, 8], End::Closed);
        let outcomes = arrivals.predict(&[10, 10]).outcomes.expect("few");
        let expected = BTreeSet::from([
            vec![Returned::Octets(0, 8), Returned::Nothing],
            vec![Returned::Octets(0, 5), Returned::Octets(5, 3)],
        ]);
        assert_eq!(outcomes, expected);
    }

    #[test]
    fn one_send_read_in_two_parts_is_certain() {
        let prediction = Arrivals::at([9], End::Closed).predict(&[2, 10]);
        assert!(prediction.is_certain(0) && prediction.is_certain(1));
        assert_eq!(prediction.calls[1], BTreeSet::from([Returned::Octets(2, 7)]));
    }

    #[test]
    fn many_segments_have_too_many_outcomes_to_list_but_each_call_is_known() {
        let prediction = Arrivals::at((1..=64).map(|border| border * 10), End::Open).predict(&[1000; 20]);
        assert_eq!(prediction.outcomes, None);
        assert_eq!(prediction.calls[0].len(), 64);
    }
}
