//! The calls that move octets: send, recv and their kin, of TCP and of UDP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::super::Node;
use super::super::udp::UdpId;
use super::Outcome::{self, Fails, Returns, Waits};
use super::{Kind, attempt};
use crate::base::{Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::program::Value;
use crate::sim::stack::tcp::TcpState;

impl Node {
    /// Puts octets into the send queue; how many had room.
    pub(super) fn queue_octets(&mut self, id: usize, octets: &[u8]) -> Result<usize, String> {
        let connection = self.connected(id)?;
        let Some(found) = self.tcp.connection(connection) else { return Err("ENOTCONN".into()) };
        let open = matches!(found.state, TcpState::Established | TcpState::CloseWait);
        let count = match &mut found.endpoint {
            Some(endpoint) if open && !found.sends_no_more => endpoint.send(octets),
            _ => return Err("EPIPE".into()),
        };
        // A call that still waits must not keep the node busy.
        if count > 0 {
            self.tcp.touch(connection);
        }
        Ok(count)
    }

    pub(super) fn call_send(&mut self, now: Timestamp, id: usize, arguments: &[Value], out: &mut Outbox) -> Outcome {
        let [Value::Octets(octets)] = arguments else { return Fails("TypeError: send takes octets".into()) };
        if let Some(Kind::Udp(udp)) = self.kind(id) {
            return self.send_udp(now, id, udp, None, octets, out);
        }
        match attempt!(self.queue_octets(id, octets)) {
            0 if !octets.is_empty() => Waits,
            count => Returns(vec![Value::Number(count as i64)], count.to_string()),
        }
    }

    pub(super) fn call_sendall(&mut self, thread: usize, id: usize, arguments: &[Value]) -> Outcome {
        let [Value::Octets(octets)] = arguments else { return Fails("TypeError: sendall takes octets".into()) };
        let done = self.call_progress(thread).1;
        let more = attempt!(self.queue_octets(id, &octets[done..]));
        self.set_call_progress(thread, &[], done + more);
        if done + more < octets.len() { Waits } else { Returns(Vec::new(), format!("all {} octets", octets.len())) }
    }

    pub(super) fn call_recv(
        &mut self,
        now: Timestamp,
        thread: usize,
        id: usize,
        arguments: &[Value],
        out: &mut Outbox,
    ) -> Outcome {
        let [Value::Number(most)] = arguments else { return Fails("TypeError: recv takes a number".into()) };
        if let Some(Kind::Udp(_)) = self.kind(id) {
            return self.call_recvfrom(now, thread, id, arguments, out);
        }
        let connection = attempt!(self.connected(id));
        let Some(found) = self.tcp.connection(connection) else { return Fails("ENOTCONN".into()) };
        if found.readable() > 0 {
            let octets = found.receive((*most).max(0) as usize);
            self.tcp.touch(connection);
            let value = Value::octets(octets);
            let shown = value.shown();
            return Returns(vec![value], shown);
        }
        if found.is_at_end() {
            return Returns(vec![Value::octets("")], "\"\": the other side has closed".into());
        }
        self.wait_or_time_out(now, thread, id, out)
    }

    pub(super) fn call_recv_exactly(&mut self, thread: usize, id: usize, arguments: &[Value]) -> Outcome {
        let [Value::Number(wanted)] = arguments else { return Fails("TypeError: recv_exactly takes a number".into()) };
        let wanted = (*wanted).clamp(0, limits::MAX_PROGRAM_OCTETS as i64) as usize;
        let connection = attempt!(self.connected(id));
        let (mut have, _) = self.call_progress(thread);
        let Some(found) = self.tcp.connection(connection) else { return Fails("ENOTCONN".into()) };
        let more = found.receive(wanted - have.len());
        let at_end = found.is_at_end();
        have.extend_from_slice(&more);
        if !more.is_empty() {
            self.tcp.touch(connection);
        }
        if have.len() == wanted || at_end {
            let value = Value::octets(have);
            let shown = value.shown();
            return Returns(vec![value], shown);
        }
        self.set_call_progress(thread, &have, 0);
        Waits
    }

    pub(super) fn call_sendto(&mut self, now: Timestamp, id: usize, arguments: &[Value], out: &mut Outbox) -> Outcome {
        let [Value::Octets(octets), address @ ..] = arguments else {
            return Fails("TypeError: sendto takes octets and an address".into());
        };
        let Some(Kind::Udp(udp)) = self.kind(id) else { return Fails("EISCONN".into()) };
        let (host, port) = attempt!(self.address(address));
        let destination = SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port);
        self.send_udp(now, id, udp, Some(destination), octets, out)
    }

    pub(super) fn send_udp(
        &mut self,
        now: Timestamp,
        id: usize,
        udp: Option<UdpId>,
        destination: Option<SocketAddr>,
        octets: &[u8],
        out: &mut Outbox,
    ) -> Outcome {
        let udp = match udp {
            Some(udp) => udp,
            None => {
                let udp = attempt!(self.udp.bind(None, 0, false));
                if let Some(socket) = self.socket(id) {
                    socket.kind = Kind::Udp(Some(udp));
                }
                udp
            }
        };
        let Some(options) = self.sockets.sockets.get(&id) else { return Fails("EBADF".into()) };
        let (may_broadcast, fragments) = (options.broadcast, options.fragments);
        let Some(socket) = self.udp.socket(udp) else { return Fails("EBADF".into()) };
        if let Some(errno) = socket.error.take() {
            return Fails(errno.into());
        }
        let Some(destination) = destination.or(socket.peer) else { return Fails("EDESTADDRREQ".into()) };
        let source = (socket.local, socket.port);
        let is_broadcast = destination.ip() == IpAddr::V4(Ipv4Addr::BROADCAST)
            || self.interfaces.iter().any(|interface| interface.is_broadcast(destination.ip()));
        if is_broadcast && !may_broadcast {
            return Fails("EACCES".into());
        }
        match self.send_datagram(now, source, destination, octets, fragments, out) {
            Ok(()) => Returns(vec![Value::Number(octets.len() as i64)], octets.len().to_string()),
            Err(error) => Fails(error.errno().into()),
        }
    }

    pub(super) fn call_recvfrom(
        &mut self,
        now: Timestamp,
        thread: usize,
        id: usize,
        arguments: &[Value],
        out: &mut Outbox,
    ) -> Outcome {
        let (most, wanted, patience, sender) = match arguments {
            [Value::Number(most)] => (*most, None, None, None),
            [Value::Number(most), Value::Octets(wanted)] => (*most, Some(wanted), None, None),
            [Value::Number(most), Value::Octets(wanted), Value::Number(patience)] => {
                (*most, Some(wanted), Some(*patience), None)
            }
            [Value::Number(most), Value::Octets(wanted), Value::Number(patience), Value::Address(sender)] => {
                (*most, Some(wanted), Some(*patience), Some(*sender))
            }
            _ => return Fails("TypeError: recvfrom takes a number, as in s.recvfrom(2048)".into()),
        };
        let Some(Kind::Udp(Some(udp))) = self.kind(id) else { return Fails("EINVAL".into()) };
        let Some(socket) = self.udp.socket(udp) else { return Fails("EBADF".into()) };
        if let Some(errno) = socket.error.take() {
            return Fails(errno.into());
        }
        // A program that plays a part waits for its datagram among those of others.
        let fits = |(from, octets): &(SocketAddr, Vec<u8>)| {
            wanted.is_none_or(|wanted| wanted.as_slice() == octets) && sender.is_none_or(|sender| sender == *from)
        };
        let place = socket.queue.iter().position(fits);
        let Some((from, mut octets)) = place.and_then(|place| socket.queue.remove(place)) else {
            return match patience {
                None => self.wait_or_time_out(now, thread, id, out),
                Some(nanos) => {
                    self.wait_or_give_up(now, thread, std::time::Duration::from_nanos(nanos.max(0) as u64), out)
                }
            };
        };
        socket.queued -= octets.len();
        let len = octets.len();
        octets.truncate(most.max(0) as usize);
        let lost = len - octets.len();
        let value = Value::octets(octets);
        let mut words = format!("{}, from {from}", value.shown());
        if lost > 0 {
            words.push_str(&format!("; the other {lost} octets of the datagram are lost"));
        }
        Returns(vec![value, Value::Address(from)], words)
    }
}
