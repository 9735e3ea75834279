//! What receivers make of overlapping fragments: eight policies as one function (rule FR8).

use std::collections::BTreeMap;

use serde::Serialize;

/// How a receiver treats octets that arrive twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// What came first stays.
    First,
    /// What came last counts: the wording of RFC 791 §3.2.
    Last,
    /// Linux before 4.19.
    LinuxOld,
    /// BSD and its descendants.
    Bsd,
    /// Solaris.
    Solaris,
    /// Windows.
    Windows,
    /// Linux since 4.19: what lies inside earlier octets is ignored, a partial overlap ruins the datagram.
    LinuxNow,
    /// RFC 5722 and RFC 8200 §4.5: any overlap but an exact copy ruins the datagram.
    Rfc5722,
}

/// Octets of a datagram from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Extent {
    /// First octet.
    pub start: u32,
    /// First octet after it.
    pub end: u32,
}

impl Extent {
    /// Number of octets.
    pub const fn len(self) -> u32 {
        self.end.saturating_sub(self.start)
    }

    /// True if there is no octet in it.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The octets in both.
    pub fn and(self, other: Extent) -> Extent {
        Extent { start: self.start.max(other.start), end: self.end.min(other.end) }
    }
}

/// A stretch of the datagram and the piece whose octets fill it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// First octet.
    pub start: u32,
    /// First octet after it.
    pub end: u32,
    /// Index of the piece in order of arrival.
    pub piece: usize,
}

impl Policy {
    /// All of them, in the order of tables.
    pub const ALL: [Policy; 8] = [
        Policy::LinuxNow,
        Policy::Rfc5722,
        Policy::First,
        Policy::Last,
        Policy::LinuxOld,
        Policy::Bsd,
        Policy::Solaris,
        Policy::Windows,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Policy::First => "first",
            Policy::Last => "last",
            Policy::LinuxOld => "linux-old",
            Policy::Bsd => "bsd",
            Policy::Solaris => "solaris",
            Policy::Windows => "windows",
            Policy::LinuxNow => "linux-now",
            Policy::Rfc5722 => "rfc5722",
        }
    }

    /// True if a new piece's octets replace those of the old piece where both have some. The extents are the untrimmed
    /// ones of the two pieces.
    pub const fn replaces(self, old: Extent, new: Extent) -> bool {
        match self {
            Policy::First | Policy::LinuxNow | Policy::Rfc5722 => false,
            Policy::Last => true,
            Policy::LinuxOld => new.start <= old.start,
            Policy::Bsd => new.start < old.start,
            Policy::Solaris => new.start < old.start && new.end >= old.end,
            Policy::Windows => new.start < old.start && new.end > old.end,
        }
    }

    /// Which piece fills which octets, for pieces in order of arrival of which none is an exact copy of another; `None`
    /// if the policy throws the datagram away. Stretches that no piece fills are left out.
    pub fn resolve(self, pieces: &[Extent]) -> Option<Vec<Share>> {
        let mut layout = Layout::default();
        let mut runs = Runs::default();
        for (index, piece) in pieces.iter().enumerate() {
            match self {
                Policy::LinuxNow if runs.add(*piece) == RunVerdict::Overlap => return None,
                Policy::Rfc5722 if layout.touches(*piece) => return None,
                _ => layout.lay(self, pieces, index),
            }
        }
        Some(layout.shares())
    }
}

/// Who owns which octets so far: start → (end, piece), without gaps in between being listed.
#[derive(Debug, Default)]
struct Layout {
    owned: BTreeMap<u32, (u32, usize)>,
}

impl Layout {
    fn touches(&self, piece: Extent) -> bool {
        self.owned.range(..piece.end).next_back().is_some_and(|(_, (end, _))| *end > piece.start)
    }

    fn lay(&mut self, policy: Policy, pieces: &[Extent], index: usize) {
        let new = pieces[index];
        let mut old: Vec<(u32, u32, usize)> = self
            .owned
            .range(..new.end)
            .rev()
            .take_while(|(_, (end, _))| *end > new.start)
            .map(|(start, (end, piece))| (*start, *end, *piece))
            .collect();
        old.reverse();
        let mut at = new.start;
        for (start, end, piece) in old {
            self.owned.remove(&start);
            if start < new.start {
                self.owned.insert(start, (new.start, piece));
            }
            let (from, to) = (start.max(new.start), end.min(new.end));
            if at < from {
                self.owned.insert(at, (from, index));
            }
            let winner = if policy.replaces(pieces[piece], new) { index } else { piece };
            self.owned.insert(from, (to, winner));
            if end > new.end {
                self.owned.insert(new.end, (end, piece));
            }
            at = to;
        }
        if at < new.end {
            self.owned.insert(at, (new.end, index));
        }
    }

    fn shares(self) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::with_capacity(self.owned.len());
        for (start, (end, piece)) in self.owned {
            match shares.last_mut() {
                Some(last) if last.end == start && last.piece == piece => last.end = end,
                _ => shares.push(Share { start, end, piece }),
            }
        }
        shares
    }
}

/// What today's Linux says of one more piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunVerdict {
    /// Octets that were not there.
    New,
    /// All of it lies inside one run of octets that are there: ignored.
    Inside,
    /// It overlaps in part: the datagram is thrown away.
    Overlap,
}

/// The runs of octets in which Linux keeps a datagram. A piece right behind the last run joins it; every other new piece
/// begins a run of its own, so that a piece across two neighbouring runs overlaps although all its octets are there.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Sorted and disjoint.
    runs: Vec<Extent>,
}

impl Runs {
    pub(super) fn add(&mut self, piece: Extent) -> RunVerdict {
        let Some(last) = self.runs.last_mut() else {
            self.runs.push(piece);
            return RunVerdict::New;
        };
        if piece.end > last.end {
            if piece.start < last.end {
                return RunVerdict::Overlap;
            }
            if piece.start == last.end {
                last.end = piece.end;
            } else {
                self.runs.push(piece);
            }
            return RunVerdict::New;
        }
        let at = self.runs.partition_point(|run| run.end <= piece.start);
        match self.runs.get(at) {
            Some(run) if run.start >= piece.end => {
                self.runs.insert(at, piece);
                RunVerdict::New
            }
            Some(run) if run.start <= piece.start && piece.end <= run.end => RunVerdict::Inside,
            Some(_) => RunVerdict::Overlap,
            None => RunVerdict::Inside,
        }
    }
}

#[cfg(test)]
mod tests;
