//! The second stage: what can only be said of packets when their TCP connections are known.

use super::by_packet::{Passed, Standing};
use super::note::Notes;
use super::path_mtu::PathMtu;
use super::tcp::TcpTracker;
use crate::packet::Packet;

/// The trackers of the second stage.
#[derive(Debug, Default)]
pub(crate) struct ByConnection {
    pub(super) tcp: TcpTracker,
    pub(super) path_mtu: PathMtu,
}

impl ByConnection {
    /// Trackers whose report lists the first `most` connections.
    pub(super) fn listing(most: u64) -> ByConnection {
        ByConnection { tcp: TcpTracker::listing(most), path_mtu: PathMtu::default() }
    }

    /// Takes in the next packet, of which the first stage has `passed` this on; what it means is added to `notes`.
    pub fn observe(&mut self, packet: &Packet<'_>, passed: &Passed, notes: &mut Notes) {
        if passed.standing == Standing::Copy {
            self.tcp.recognise(packet, notes);
            return;
        }
        self.path_mtu.observe_len(packet, notes);
        match passed.beside.as_deref() {
            _ if passed.standing == Standing::Piece => {}
            None => self.observe_upper(packet, passed.standing, None, notes),
            Some(beside) => match &beside.datagram {
                None => self.observe_upper(packet, passed.standing, beside.about, notes),
                Some(datagram) => {
                    self.observe_upper(&datagram.packet(&packet.meta), passed.standing, beside.about, notes);
                }
            },
        }
    }

    /// Transport and ICMP, of a whole packet or of a datagram put together from its fragments.
    #[inline]
    fn observe_upper(&mut self, packet: &Packet<'_>, standing: Standing, about: Option<u64>, notes: &mut Notes) {
        let is_bad = standing == Standing::Bad;
        self.tcp.observe(packet, is_bad, notes);
        if !is_bad {
            self.path_mtu.observe(packet, about, &self.tcp, notes);
        }
    }

    /// The least round-trip time known of a packet's connection, in nanoseconds.
    pub fn least_round_trip(&self, packet: &Packet<'_>) -> Option<u64> {
        self.tcp.least_round_trip(packet)
    }

    /// Asks for the memory that these packets, which are the next, will need; a few at a time gain by it. It changes no
    /// verdict.
    pub fn foresee(&mut self, packets: &[Packet<'_>]) {
        self.tcp.foresee(packets);
    }

    /// The end of the capture: whatever waited for a later packet is settled now.
    pub fn finish(&mut self, notes: &mut Notes) {
        self.tcp.finish(notes);
    }
}
