//! What the segments tell of the capture's soundness (rule 3.11). Copies, checksums and cuts are counted before, by
//! `analysis::health`.

use serde::Serialize;

use super::connection::Connection;
use super::opening::OpeningKind;

/// How sound a capture is, as far as its TCP segments tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TcpHealth {
    /// Segments taken in; copies and those with wrong sums are not.
    pub segments: u64,
    /// Segments larger than the connection allows: split or joined by the card (rule P4).
    pub aggregated: u64,
    /// Segments whose header was cut below its 20 octets: they move no state (rule P2).
    pub cut_headers: u64,
    /// Segments that stand behind their own acknowledgment in the capture (rule D17).
    pub captured_late: u64,
    /// Octets that were acknowledged but never captured (rule K1).
    pub delivered_unseen_octets: u64,
    /// Connections of which one direction is missing.
    pub one_sided_connections: u64,
    /// Connections whose beginning is missing (rule H17).
    pub midway_connections: u64,
    /// Connections forgotten because the table was full.
    pub forgotten_connections: u64,
    /// Moments in which many connections had holes at once (rule 3.11).
    pub loss_bursts: u64,
    /// Segments with a time before that of an earlier one of the same connection.
    pub time_backwards: u64,
}

impl Connection {
    /// Adds what it tells of the capture, once it is over or the capture is.
    pub(super) fn tell(&self, health: &mut TcpHealth) {
        health.one_sided_connections += u64::from(self.is_one_sided());
        health.midway_connections += u64::from(self.opening.kind == OpeningKind::NotCaptured);
    }
}
