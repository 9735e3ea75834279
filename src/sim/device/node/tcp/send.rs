//! The way out of the segments that endpoints make, and their alarms.

use super::super::output::Hop;
use super::super::{Node, TIMER_TCP, forward};
use super::{ConnectionId, DATA_RETRIES, FIN, SYN, SYN_RETRIES, say_state};
use crate::base::Timestamp;
use crate::base::text::count;
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::octets::{IpHeader, u32_at};
use crate::sim::stack::tcp::TcpState;

impl Node {
    /// Sends what connections have to say. True if any had something.
    pub(in super::super) fn poll_connections(&mut self, now: Timestamp, out: &mut Outbox) -> bool {
        if self.tcp.touched.is_empty() {
            return false;
        }
        let touched: Vec<ConnectionId> = std::mem::take(&mut self.tcp.touched).into_iter().collect();
        for id in touched {
            self.poll_connection(now, id, out);
            self.note_state(now, id, out);
            self.set_tcp_alarm(now, id, out);
        }
        true
    }

    pub(super) fn poll_connection(&mut self, now: Timestamp, id: ConnectionId, out: &mut Outbox) {
        let mut packets = Vec::new();
        if let Some(connection) = self.tcp.connection(id)
            && let Some(endpoint) = &mut connection.endpoint
        {
            // The acknowledgment of the other side's FIN waits for nothing: the endpoint goes when TIME-WAIT begins.
            match endpoint.state() {
                TcpState::TimeWait => endpoint.poll_last(now, &mut packets),
                _ => endpoint.poll(now, &mut packets),
            }
        }
        for packet in packets {
            self.send_segment(now, id, packet, out);
        }
    }

    pub(super) fn set_tcp_alarm(&mut self, now: Timestamp, id: ConnectionId, out: &mut Outbox) {
        let Some(connection) = self.tcp.connection(id) else { return };
        let Some(endpoint) = &mut connection.endpoint else { return };
        let Some(at) = endpoint.next_poll(now) else { return };
        let at = at.max(now.after_nanos(1000));
        if connection.alarm.is_none_or(|alarm| at < alarm || alarm <= now) {
            connection.alarm = Some(at);
            out.wake_at(at, TIMER_TCP | id as u64);
        }
    }

    pub(in super::super) fn tcp_alarm(&mut self, now: Timestamp, id: ConnectionId, out: &mut Outbox) {
        let Some(connection) = self.tcp.connection(id) else { return };
        if connection.until.is_some_and(|until| until <= now) {
            let (local, remote, held) = (connection.local, connection.remote, connection.is_held);
            connection.until = None;
            connection.state = TcpState::Closed;
            say_state(local, remote, TcpState::Closed, "the time of TIME-WAIT is over", out);
            if !held {
                self.tcp.remove(id);
            }
            return;
        }
        if connection.alarm.is_some_and(|alarm| alarm <= now) {
            connection.alarm = None;
        }
        self.tcp.touch(id);
    }

    /// Sends a segment that an endpoint made: whole packets, whose route is chosen here.
    pub(super) fn send_segment(&mut self, now: Timestamp, id: ConnectionId, packet: Vec<u8>, out: &mut Outbox) {
        let Ok(header) = IpHeader::parse(&packet) else { return };
        if self.note_sent_again(id, &packet, &header, out) {
            return;
        }
        let flow = forward::flow_of(&header, &packet);
        let way = self.find_way(header.destination, Some(header.source), flow);
        let Ok(way) = way else { return };
        if let Some(connection) = self.tcp.connection(id) {
            connection.last_sent.clone_from(&packet);
        }
        if way.hop == Hop::Loopback {
            return self.send_to_self(now, packet, out);
        }
        self.hand_over(now, way.interface, way.hop, packet, 0, out);
    }

    /// Tells of a segment that goes out again. True if it does not, as it did so too often.
    pub(super) fn note_sent_again(
        &mut self,
        id: ConnectionId,
        packet: &[u8],
        header: &IpHeader,
        out: &mut Outbox,
    ) -> bool {
        let segment = header.payload(packet);
        let header_len = usize::from(segment[12] >> 4) * 4;
        let flags = segment[13];
        let data = segment.len() - header_len;
        let len = data + usize::from(flags & SYN != 0) + usize::from(flags & FIN != 0);
        let end = u32_at(segment, 4).wrapping_add(len as u32);
        let Some(connection) = self.tcp.connection(id) else { return true };
        let (remote, local) = (connection.remote, connection.local);
        let advance = connection.sent_to.is_none_or(|sent| (end.wrapping_sub(sent) as i32) > 0);
        if len > 0 && !advance {
            let sequence = u32_at(segment, 4);
            let tries = match connection.again {
                Some((first, tries)) if first == sequence => tries + 1,
                Some((_, tries)) => tries,
                None => 1,
            };
            connection.again = Some((connection.again.map_or(sequence, |(first, _)| first), tries));
            if tries > if flags & SYN != 0 { SYN_RETRIES } else { DATA_RETRIES } {
                connection.error = Some("ETIMEDOUT");
                connection.endpoint = None;
                connection.state = TcpState::Closed;
                say_state(local, remote, TcpState::Closed, "nothing was acknowledged for too long", out);
                return true;
            }
            out.tell(EventKind::State, None, out.next_frame(), Reason::None, || {
                let what = if data > 0 { count(data as u64, "octet") } else { "a SYN or FIN".to_owned() };
                Detail::new(format!("{local} → {remote}: sends {what} again, which is not acknowledged"))
                    .with("retransmission", len as u64)
            });
        }
        if advance {
            connection.sent_to = Some(end);
        }
        false
    }
}
