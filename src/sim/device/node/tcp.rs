//! TCP segments on their way in. A segment that belongs to no connection is answered with a reset (RFC 9293 §3.5.2).

use super::icmp::ErrorAbout;
use super::output::FragmentPolicy;
use super::{Arrival, Node};
use crate::base::Timestamp;
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::octets::{self, IpHeader, transport_checksum, u16_at, u32_at};

/// Control bits.
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

impl Node {
    /// A TCP segment for this node.
    pub(super) fn tcp_in(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let segment = header.payload(packet);
        let header_len = usize::from(segment.get(12).copied().unwrap_or(0) >> 4) * 4;
        if segment.len() < 20 || header_len < 20 || header_len > segment.len() {
            return self.finish(EventKind::Dropped, Reason::BadHeader, arrival, out);
        }
        if transport_checksum(header.source, header.destination, octets::TCP, segment) != 0 {
            return self.finish(EventKind::Dropped, Reason::BadChecksum, arrival, out);
        }
        self.finish(EventKind::Delivered, Reason::ForMe, arrival, out);
        self.reset_stranger(now, segment, header, out);
    }

    /// Nobody waits for this segment: a reset tells its sender so, unless it is one itself.
    pub(super) fn reset_stranger(&mut self, now: Timestamp, segment: &[u8], header: &IpHeader, out: &mut Outbox) {
        let flags = segment[13];
        if flags & RST != 0 {
            return;
        }
        let header_len = usize::from(segment[12] >> 4) * 4;
        let len = segment.len() - header_len + usize::from(flags & SYN != 0) + usize::from(flags & FIN != 0);
        let (sequence, acknowledgment, answer_flags) = if flags & ACK != 0 {
            (u32_at(segment, 8), 0, RST)
        } else {
            (0, u32_at(segment, 4).wrapping_add(len as u32), RST | ACK)
        };
        let (local, remote) = (u16_at(segment, 2), u16_at(segment, 0));
        let mut reset = Vec::with_capacity(20);
        reset.extend_from_slice(&local.to_be_bytes());
        reset.extend_from_slice(&remote.to_be_bytes());
        reset.extend_from_slice(&sequence.to_be_bytes());
        reset.extend_from_slice(&acknowledgment.to_be_bytes());
        reset.extend_from_slice(&[0x50, answer_flags, 0, 0, 0, 0, 0, 0]);
        let sum = transport_checksum(header.destination, header.source, octets::TCP, &reset);
        reset[16..18].copy_from_slice(&sum.to_be_bytes());
        out.tell(EventKind::State, None, 0, Reason::NoListener, || {
            Detail::new(format!("nobody waits for TCP port {local}: reset to {}", header.source))
                .with("port", u64::from(local))
        });
        let Ok(way) = self.choose_way(header.source, Some(header.destination), 0, out) else { return };
        let ttl = self.settings.ttl;
        let _ = self.send_on(now, &way, octets::TCP, ttl, FragmentPolicy::Want, &reset, out);
    }

    /// An ICMP error about a segment of this node.
    pub(super) fn tcp_error(&mut self, _now: Timestamp, _error: &ErrorAbout<'_>, _out: &mut Outbox) {}
}
