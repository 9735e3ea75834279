//! Resets for segments that nobody waits for, and what ICMP errors do to a connection.

use std::net::SocketAddr;

use super::super::Node;
use super::super::icmp::ErrorAbout;
use super::super::output::FragmentPolicy;
use super::{ACK, FIN, RST, SYN, say_state};
use crate::base::Timestamp;
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::octets::{self, IpHeader, transport_checksum, u16_at, u32_at};
use crate::sim::stack::tcp::TcpState;

impl Node {
    /// Nobody waits for this segment: a reset tells its sender so, unless it is one itself.
    pub(in super::super) fn reset_stranger(
        &mut self,
        now: Timestamp,
        segment: &[u8],
        header: &IpHeader,
        out: &mut Outbox,
    ) {
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
    pub(in super::super) fn tcp_error(&mut self, now: Timestamp, error: &ErrorAbout<'_>, out: &mut Outbox) {
        let (port, peer_port) = (u16_at(error.quoted, 0), u16_at(error.quoted, 2));
        let local = SocketAddr::new(error.about.source, port);
        let remote = SocketAddr::new(error.about.destination, peer_port);
        let Some(id) = self.tcp.index.get(&(local, remote)).copied() else { return };
        let mtu = self.mtu_towards(remote.ip());
        let Some(connection) = self.tcp.connection(id) else { return };
        if error.mtu.is_some() {
            let again = connection.endpoint.as_mut().is_some_and(|endpoint| endpoint.set_mtu(now, mtu));
            let words =
                if again { "what was lost goes out again, in packets" } else { "segments become smaller, packets" };
            out.tell(EventKind::State, None, 0, Reason::None, || {
                Detail::new(format!("{local} → {remote}: {words} of at most {mtu} octets")).with("path_mtu", mtu as u64)
            });
            return self.tcp.touch(id);
        }
        let opening = matches!(connection.state, TcpState::SynSent | TcpState::SynReceived | TcpState::Closed);
        if opening && error.is_hard {
            // Nothing is sent for this: the endpoint goes without a reset.
            connection.error = Some(error.errno);
            connection.endpoint = None;
            connection.state = TcpState::Closed;
            say_state(local, remote, TcpState::Closed, error.words, out);
        } else {
            out.tell(EventKind::State, None, 0, Reason::None, || {
                Detail::new(format!("{local} → {remote}: {} says {}; TCP keeps trying", error.from, error.words))
                    .with("errno", error.errno)
            });
        }
    }
}
