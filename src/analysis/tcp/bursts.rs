//! Holes in many connections at once (rule 3.11): what hits everybody in the same moment hit the capture.

use super::connection::Judge;
use super::says;
use crate::analysis::note::{Confidence, Fact};
use crate::base::Timestamp;
use crate::base::limits::{TCP_BURST_CONNECTIONS, TCP_BURST_NANOS};

/// The latest holes, as a ring.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    latest: [(Timestamp, u64, u64); 32],
    next: usize,
    /// When the last burst was said.
    said_at: Option<Timestamp>,
}

impl Bursts {
    /// Notes a hole. If it completes a burst: in how many connections there were holes, since which packet.
    fn hole(&mut self, at: Timestamp, connection: u64, packet: u64) -> Option<(u64, u64, Timestamp)> {
        self.latest[self.next] = (at, connection, packet);
        self.next = (self.next + 1) % self.latest.len();
        if self.said_at.is_some_and(|said| at.nanos_since(said) < 1_000_000_000) {
            return None;
        }
        let fresh = |entry: &&(Timestamp, u64, u64)| entry.2 != 0 && at.nanos_since(entry.0) <= TCP_BURST_NANOS;
        let recent = self.latest.iter().filter(fresh);
        let mut connections: smallvec::SmallVec<[u64; 32]> = recent.clone().map(|entry| entry.1).collect();
        connections.sort_unstable();
        connections.dedup();
        if connections.len() < TCP_BURST_CONNECTIONS {
            return None;
        }
        let (since, _, first) = *recent.min_by_key(|entry| entry.2)?;
        self.said_at = Some(at);
        Some((connections.len() as u64, first, since))
    }
}

impl Judge<'_> {
    /// Rule 3.11: a hole was found in this connection. Were there others elsewhere at the same time?
    pub(super) fn burst(&mut self) {
        let at = self.segment.at;
        let Some((connections, first, since)) = self.bursts.hole(at, self.connection.id, self.segment.packet) else {
            return;
        };
        self.health.loss_bursts += 1;
        let note = self
            .note(&says::LOSS_BURST)
            .sure(Confidence::Probable)
            .with("count", Fact::Count(connections))
            .with("wait", Fact::Nanos(at.nanos_since(since)))
            .with("first", Fact::Packet(first));
        self.say(note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_with_many_holes_is_no_burst() {
        let mut bursts = Bursts::default();
        let at = Timestamp::from_nanos(1_000_000_000);
        for packet in 1..100 {
            assert!(bursts.hole(at.after_nanos(packet), 7, packet).is_none());
        }
        for connection in 1..TCP_BURST_CONNECTIONS as u64 - 1 {
            assert!(bursts.hole(at.after_nanos(200), connection + 100, 100 + connection).is_none());
        }
        let (count, ..) = bursts.hole(at.after_nanos(300), 999, 300).expect("enough of them now");
        assert_eq!(count, TCP_BURST_CONNECTIONS as u64);
        assert!(bursts.hole(at.after_nanos(400), 1000, 301).is_none(), "said once");
    }
}
