//! The socket calls of programs: what each returns, when it waits, and with which error it fails.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Node;
use super::output::FragmentPolicy;
use super::tcp::{ConnectionId, Listener};
use super::udp::UdpId;
use crate::base::{Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::program::{Call, Value};
use crate::sim::stack::tcp::{TcpOptions, TcpState};
use crate::sim::table::Table;

/// What became of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It returned, with words for people.
    Returns(Vec<Value>, String),
    /// It failed with this error.
    Fails(String),
    /// It waits for the network.
    Waits,
    /// It waits for a moment.
    Sleeps(Timestamp),
}

use Outcome::{Fails, Returns, Waits};

/// What a socket is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Tcp,
    Listening,
    Connected(ConnectionId),
    Udp(Option<UdpId>),
}

#[derive(Debug)]
struct Socket {
    kind: Kind,
    group: usize,
    bound: Option<(Option<IpAddr>, u16)>,
    reuse: bool,
    nagle: bool,
    broadcast: bool,
    lingers: bool,
    receive_buffer: usize,
    send_buffer: usize,
    timeout: Option<std::time::Duration>,
}

/// The sockets of a node's programs.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    sockets: BTreeMap<usize, Socket>,
    last: usize,
    next_port: u16,
}

impl Sockets {
    fn open(&mut self, kind: Kind, group: usize, receive_buffer: usize) -> Option<usize> {
        if self.sockets.len() >= limits::MAX_SOCKETS {
            return None;
        }
        self.last += 1;
        let socket = Socket {
            kind,
            group,
            bound: None,
            reuse: false,
            nagle: true,
            broadcast: false,
            lingers: true,
            receive_buffer,
            send_buffer: 65_535,
            timeout: None,
        };
        self.sockets.insert(self.last, socket);
        Some(self.last)
    }
}

/// Unwraps a result of a helper inside of a call.
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Fails(error.to_string()),
        }
    };
}

impl Node {
    /// Does a call of a program, as far as it can be done now.
    pub(super) fn do_call(
        &mut self,
        now: Timestamp,
        thread: usize,
        group: usize,
        call: &Call,
        out: &mut Outbox,
    ) -> Outcome {
        let arguments = call.arguments.as_slice();
        match (call.method.as_str(), call.socket) {
            ("socket", None) => self.call_socket(group, arguments),
            ("sleep", None) => match arguments {
                [Value::Number(nanos)] => Outcome::Sleeps(now.after_nanos((*nanos).max(0) as u64)),
                _ => Fails("TypeError: sleep takes a time, as in sleep(100ms)".into()),
            },
            ("print", None) => {
                let words: Vec<String> = arguments.iter().map(Value::shown).collect();
                Returns(Vec::new(), words.join(" "))
            }
            ("lookup", None) => match arguments {
                [Value::Octets(name)] => {
                    let name = String::from_utf8_lossy(name).into_owned();
                    match self.look_up_name(now, &name, out) {
                        Ok(Some(address)) => Returns(vec![Value::octets(address.to_string())], address.to_string()),
                        Ok(None) => Waits,
                        Err(why) => Fails(why),
                    }
                }
                _ => Fails("TypeError: lookup takes a name".into()),
            },
            ("exit", None) => Fails("exit".into()),
            (method, Some(id)) => {
                if !self.sockets.sockets.contains_key(&id) {
                    return Fails("EBADF".into());
                }
                match method {
                    "bind" => self.call_bind(id, arguments),
                    "listen" => self.call_listen(id, arguments),
                    "accept" => self.call_accept(now, thread, id, group, out),
                    "connect" => self.call_connect(now, thread, id, arguments, out),
                    "send" => self.call_send(now, id, arguments, out),
                    "sendall" => self.call_sendall(thread, id, arguments),
                    "recv" => self.call_recv(now, thread, id, arguments, out),
                    "recv_exactly" => self.call_recv_exactly(thread, id, arguments),
                    "sendto" => self.call_sendto(now, id, arguments, out),
                    "recvfrom" => self.call_recvfrom(now, thread, id, arguments, out),
                    "shutdown" => self.call_shutdown(id),
                    "setsockopt" => self.call_setsockopt(id, arguments),
                    _ => {
                        self.close_socket(id);
                        Returns(Vec::new(), String::new())
                    }
                }
            }
            _ => Fails(format!("TypeError: {} is not a call", call.method)),
        }
    }

    fn socket(&mut self, id: usize) -> Option<&mut Socket> {
        self.sockets.sockets.get_mut(&id)
    }

    fn kind(&self, id: usize) -> Option<Kind> {
        self.sockets.sockets.get(&id).map(|socket| socket.kind)
    }

    fn call_socket(&mut self, group: usize, arguments: &[Value]) -> Outcome {
        let kind = match arguments {
            [Value::Octets(kind)] if kind.as_slice() == b"udp" => Kind::Udp(None),
            [] => Kind::Tcp,
            [Value::Octets(kind)] if kind.as_slice() == b"tcp" => Kind::Tcp,
            _ => return Fails("TypeError: a socket is socket(tcp) or socket(udp)".into()),
        };
        let buffer = self.settings.receive_buffer;
        match self.sockets.open(kind, group, buffer) {
            Some(id) => Returns(vec![Value::Socket(id)], format!("socket {id}")),
            None => Fails("EMFILE".into()),
        }
    }

    /// The address that a program names: a name of the scenario, an address, or `""` for any.
    fn host(&self, value: &Value) -> Result<Option<IpAddr>, String> {
        let Value::Octets(octets) = value else { return Err("TypeError: a host is a text".into()) };
        let text = String::from_utf8_lossy(octets);
        match text.as_ref() {
            "" | "0.0.0.0" => Ok(None),
            "localhost" => Ok(Some(IpAddr::V4(Ipv4Addr::LOCALHOST))),
            "broadcast" => Ok(Some(IpAddr::V4(Ipv4Addr::BROADCAST))),
            name => match name.parse() {
                Ok(address) => Ok(Some(address)),
                Err(_) => self.names.get(name).copied().map(Some).ok_or_else(|| format!("EAI_NONAME: '{name}'")),
            },
        }
    }

    /// Host and port, or an address that a call returned.
    fn address(&self, arguments: &[Value]) -> Result<(Option<IpAddr>, u16), String> {
        match arguments {
            [Value::Address(address)] => Ok((Some(address.ip()), address.port())),
            [host, Value::Number(port)] => {
                let port = u16::try_from(*port).map_err(|_| "OverflowError: a port is 0 to 65535".to_owned())?;
                Ok((self.host(host)?, port))
            }
            _ => Err("TypeError: a host and a port are needed, as in s.connect(\"h2\", 80)".into()),
        }
    }

    fn call_bind(&mut self, id: usize, arguments: &[Value]) -> Outcome {
        let (local, port) = attempt!(self.address(arguments));
        if local.is_some_and(|local| !self.is_mine(local)) {
            return Fails("EADDRNOTAVAIL".into());
        }
        let Some(socket) = self.sockets.sockets.get(&id) else { return Fails("EBADF".into()) };
        if socket.bound.is_some() {
            return Fails("EINVAL".into());
        }
        let reuse = socket.reuse;
        if let Kind::Udp(_) = socket.kind {
            let udp = attempt!(self.udp.bind(local, port, reuse));
            let port = self.udp.socket(udp).map_or(port, |udp| udp.port);
            if let Some(socket) = self.socket(id) {
                socket.kind = Kind::Udp(Some(udp));
                socket.bound = Some((local, port));
            }
            return Returns(Vec::new(), String::new());
        }
        let port = if port == 0 { self.free_tcp_port() } else { port };
        let overlaps = |other: Option<IpAddr>| other.is_none() || local.is_none() || other == local;
        let clash = self.sockets.sockets.iter().any(|(other_id, other)| {
            *other_id != id
                && matches!(other.kind, Kind::Tcp | Kind::Listening)
                && other.bound.is_some_and(|(address, bound)| bound == port && overlaps(address))
                && !(reuse && other.reuse && !matches!(other.kind, Kind::Listening))
        });
        if clash || self.tcp.port_in_use(local, port, reuse) {
            return Fails("EADDRINUSE".into());
        }
        if let Some(socket) = self.socket(id) {
            socket.bound = Some((local, port));
        }
        Returns(Vec::new(), String::new())
    }

    fn free_tcp_port(&mut self) -> u16 {
        loop {
            // The range from which Linux takes ports that programs do not choose.
            let port = 32_768 + self.sockets.next_port % 28_232;
            self.sockets.next_port = self.sockets.next_port.wrapping_add(1);
            let bound =
                self.sockets.sockets.values().any(|socket| socket.bound.is_some_and(|(_, taken)| taken == port));
            if !bound && !self.tcp.port_in_use(None, port, false) {
                return port;
            }
        }
    }

    fn tcp_options(&mut self, id: usize) -> TcpOptions {
        let seed = self.rng.next_u64();
        let ack_delay = self.settings.ack_delay;
        let socket = self.sockets.sockets.get(&id);
        TcpOptions {
            nagle: socket.is_none_or(|socket| socket.nagle),
            ack_delay,
            receive_buffer: socket.map_or(65_535, |socket| socket.receive_buffer),
            send_buffer: socket.map_or(65_535, |socket| socket.send_buffer),
            mtu: 1500,
            seed,
        }
    }

    fn call_listen(&mut self, id: usize, arguments: &[Value]) -> Outcome {
        let backlog = match arguments {
            [Value::Number(backlog)] => (*backlog).clamp(0, 4096) as usize,
            _ => 128,
        };
        let port = self.free_tcp_port();
        let options = self.tcp_options(id);
        let Some(socket) = self.socket(id) else { return Fails("EBADF".into()) };
        if !matches!(socket.kind, Kind::Tcp | Kind::Listening) {
            return Fails("EINVAL".into());
        }
        let (local, port) = *socket.bound.get_or_insert((None, port));
        socket.kind = Kind::Listening;
        let reuse = socket.reuse;
        let taken = self.tcp.listeners.iter().any(|other| {
            other.socket != id
                && other.port == port
                && (other.local.is_none() || local.is_none() || other.local == local)
        });
        if taken {
            return Fails("EADDRINUSE".into());
        }
        self.tcp.listeners.retain(|other| other.socket != id);
        self.tcp.listeners.push(Listener { socket: id, local, port, backlog, options, reuse });
        Returns(Vec::new(), String::new())
    }

    fn call_accept(&mut self, now: Timestamp, thread: usize, id: usize, group: usize, out: &mut Outbox) -> Outcome {
        if !matches!(self.kind(id), Some(Kind::Listening)) {
            return Fails("EINVAL".into());
        }
        let Some(connection) = self.tcp.ready.get_mut(&id).and_then(std::collections::VecDeque::pop_front) else {
            return self.wait_or_time_out(now, thread, id, out);
        };
        let Some(remote) = self.tcp.connection(connection).map(|connection| {
            connection.is_held = true;
            connection.remote
        }) else {
            return Waits;
        };
        let listener = self.sockets.sockets.get(&id).map(|listener| (listener.reuse, listener.nagle, listener.bound));
        let buffer = self.settings.receive_buffer;
        let Some(new) = self.sockets.open(Kind::Connected(connection), group, buffer) else {
            return Fails("EMFILE".into());
        };
        if let (Some((reuse, nagle, bound)), Some(socket)) = (listener, self.socket(new)) {
            (socket.reuse, socket.nagle, socket.bound) = (reuse, nagle, bound);
        }
        Returns(vec![Value::Socket(new), Value::Address(remote)], format!("socket {new}, from {remote}"))
    }

    fn call_connect(
        &mut self,
        now: Timestamp,
        thread: usize,
        id: usize,
        arguments: &[Value],
        out: &mut Outbox,
    ) -> Outcome {
        match self.kind(id) {
            Some(Kind::Connected(connection)) => return self.connecting(now, thread, id, connection, out),
            Some(Kind::Udp(udp)) => return self.connect_udp(id, udp, arguments),
            Some(Kind::Listening) | None => return Fails("EISCONN".into()),
            Some(Kind::Tcp) => {}
        }
        let (host, port) = attempt!(self.address(arguments));
        let remote = SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port);
        let bound = self.sockets.sockets.get(&id).and_then(|socket| socket.bound);
        let way = match self.choose_way(remote.ip(), bound.and_then(|(local, _)| local), 0, out) {
            Ok(way) => way,
            Err(error) => return Fails(error.errno().into()),
        };
        let port = bound.map_or_else(|| self.free_tcp_port(), |(_, port)| port);
        let options = self.tcp_options(id);
        let local = SocketAddr::new(way.source, port);
        let reuse = self.sockets.sockets.get(&id).is_some_and(|socket| socket.reuse);
        let connection = attempt!(self.open_connection(now, local, remote, &options, reuse));
        if let Some(socket) = self.socket(id) {
            socket.kind = Kind::Connected(connection);
            socket.bound.get_or_insert((None, port));
        }
        Waits
    }

    /// A connect that was begun: open, failed, or still waiting.
    fn connecting(
        &mut self,
        now: Timestamp,
        thread: usize,
        id: usize,
        connection: ConnectionId,
        out: &mut Outbox,
    ) -> Outcome {
        let Some(found) = self.tcp.connection(connection) else { return Fails("EBADF".into()) };
        if let Some(errno) = found.error.take() {
            return Fails(errno.into());
        }
        match found.state {
            TcpState::SynSent | TcpState::SynReceived | TcpState::Closed if found.endpoint.is_some() => {
                self.wait_or_time_out(now, thread, id, out)
            }
            _ => Returns(Vec::new(), "connected".into()),
        }
    }

    fn connect_udp(&mut self, id: usize, udp: Option<UdpId>, arguments: &[Value]) -> Outcome {
        let (host, port) = attempt!(self.address(arguments));
        let udp = match udp {
            Some(udp) => udp,
            None => attempt!(self.udp.bind(None, 0, false)),
        };
        if let Some(socket) = self.udp.socket(udp) {
            socket.peer = Some(SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port));
        }
        if let Some(socket) = self.socket(id) {
            socket.kind = Kind::Udp(Some(udp));
        }
        Returns(Vec::new(), String::new())
    }

    /// Waits, unless the socket's time-out is over.
    fn wait_or_time_out(&mut self, now: Timestamp, thread: usize, id: usize, out: &mut Outbox) -> Outcome {
        let Some(timeout) = self.sockets.sockets.get(&id).and_then(|socket| socket.timeout) else { return Waits };
        match self.waits_since(thread) {
            Some(since) if now.since(since) >= timeout => Fails("EAGAIN".into()),
            Some(_) => Waits,
            None => {
                out.wake_at(now.after(timeout), super::TIMER_PROCESS | thread as u64);
                Waits
            }
        }
    }

    /// The connection of a socket, with the error that is to be told first.
    fn connected(&mut self, id: usize) -> Result<ConnectionId, String> {
        let Some(Kind::Connected(id)) = self.kind(id) else { return Err("ENOTCONN".into()) };
        match self.tcp.connection(id) {
            Some(connection) => match connection.error.take() {
                Some(errno) => Err(errno.into()),
                None => Ok(id),
            },
            None => Err("ENOTCONN".into()),
        }
    }

    /// Puts octets into the send queue; how many had room.
    fn queue_octets(&mut self, id: usize, octets: &[u8]) -> Result<usize, String> {
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

    fn call_send(&mut self, now: Timestamp, id: usize, arguments: &[Value], out: &mut Outbox) -> Outcome {
        let [Value::Octets(octets)] = arguments else { return Fails("TypeError: send takes octets".into()) };
        if let Some(Kind::Udp(udp)) = self.kind(id) {
            return self.send_udp(now, id, udp, None, octets, out);
        }
        match attempt!(self.queue_octets(id, octets)) {
            0 if !octets.is_empty() => Waits,
            count => Returns(vec![Value::Number(count as i64)], count.to_string()),
        }
    }

    fn call_sendall(&mut self, thread: usize, id: usize, arguments: &[Value]) -> Outcome {
        let [Value::Octets(octets)] = arguments else { return Fails("TypeError: sendall takes octets".into()) };
        let done = self.call_progress(thread).1;
        let more = attempt!(self.queue_octets(id, &octets[done..]));
        self.set_call_progress(thread, &[], done + more);
        if done + more < octets.len() { Waits } else { Returns(Vec::new(), format!("all {} octets", octets.len())) }
    }

    fn call_recv(
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

    fn call_recv_exactly(&mut self, thread: usize, id: usize, arguments: &[Value]) -> Outcome {
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

    fn call_sendto(&mut self, now: Timestamp, id: usize, arguments: &[Value], out: &mut Outbox) -> Outcome {
        let [Value::Octets(octets), address @ ..] = arguments else {
            return Fails("TypeError: sendto takes octets and an address".into());
        };
        let Some(Kind::Udp(udp)) = self.kind(id) else { return Fails("EISCONN".into()) };
        let (host, port) = attempt!(self.address(address));
        let destination = SocketAddr::new(host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port);
        self.send_udp(now, id, udp, Some(destination), octets, out)
    }

    fn send_udp(
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
        let may_broadcast = self.sockets.sockets.get(&id).is_some_and(|socket| socket.broadcast);
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
        match self.send_datagram(now, source, destination, octets, FragmentPolicy::Want, out) {
            Ok(()) => Returns(vec![Value::Number(octets.len() as i64)], octets.len().to_string()),
            Err(error) => Fails(error.errno().into()),
        }
    }

    fn call_recvfrom(
        &mut self,
        now: Timestamp,
        thread: usize,
        id: usize,
        arguments: &[Value],
        out: &mut Outbox,
    ) -> Outcome {
        let [Value::Number(most)] = arguments else { return Fails("TypeError: recvfrom takes a number".into()) };
        let Some(Kind::Udp(Some(udp))) = self.kind(id) else { return Fails("EINVAL".into()) };
        let Some(socket) = self.udp.socket(udp) else { return Fails("EBADF".into()) };
        if let Some(errno) = socket.error.take() {
            return Fails(errno.into());
        }
        let Some((from, mut octets)) = socket.queue.pop_front() else {
            return self.wait_or_time_out(now, thread, id, out);
        };
        socket.queued -= octets.len();
        let len = octets.len();
        octets.truncate((*most).max(0) as usize);
        let lost = len - octets.len();
        let value = Value::octets(octets);
        let mut words = format!("{}, from {from}", value.shown());
        if lost > 0 {
            words.push_str(&format!("; the other {lost} octets of the datagram are lost"));
        }
        Returns(vec![value, Value::Address(from)], words)
    }

    fn call_shutdown(&mut self, id: usize) -> Outcome {
        let connection = attempt!(self.connected(id));
        self.tcp.touch(connection);
        if let Some(found) = self.tcp.connection(connection) {
            found.sends_no_more = true;
            if let Some(endpoint) = &mut found.endpoint {
                endpoint.close();
            }
        }
        Returns(Vec::new(), String::new())
    }

    fn call_setsockopt(&mut self, id: usize, arguments: &[Value]) -> Outcome {
        let [Value::Octets(name), Value::Number(value)] = arguments else {
            return Fails("TypeError: setsockopt takes a name and a number, as in setsockopt(TCP_NODELAY, 1)".into());
        };
        let (name, on) = (String::from_utf8_lossy(name).into_owned(), *value != 0);
        let size = (*value).clamp(1, 16 << 20) as usize;
        let kind = self.kind(id);
        let Some(socket) = self.socket(id) else { return Fails("EBADF".into()) };
        match name.as_str() {
            "SO_REUSEADDR" => socket.reuse = on,
            "SO_BROADCAST" => socket.broadcast = on,
            "SO_RCVBUF" => socket.receive_buffer = size,
            "SO_SNDBUF" => socket.send_buffer = size,
            // Only the one that matters: 0 s, "reset instead of closing".
            "SO_LINGER" => socket.lingers = on,
            "SO_RCVTIMEO" => socket.timeout = on.then(|| std::time::Duration::from_nanos(*value as u64)),
            "TCP_NODELAY" => {
                socket.nagle = !on;
                if let Some(Kind::Connected(connection)) = kind
                    && let Some(found) = self.tcp.connection(connection)
                    && let Some(endpoint) = &mut found.endpoint
                {
                    endpoint.set_nagle(!on);
                }
            }
            _ => {
                return Fails(format!(
                    "ENOPROTOOPT: '{name}'; known are SO_REUSEADDR, SO_BROADCAST, SO_RCVBUF, SO_SNDBUF, SO_LINGER, SO_RCVTIMEO, TCP_NODELAY"
                ));
            }
        }
        Returns(Vec::new(), String::new())
    }

    /// Closes a socket. A connection with unread octets is reset, as Linux does: the sender must learn that nobody read.
    fn close_socket(&mut self, id: usize) {
        let Some(socket) = self.sockets.sockets.remove(&id) else { return };
        match socket.kind {
            Kind::Tcp | Kind::Udp(None) => {}
            Kind::Udp(Some(udp)) => self.udp.close(udp),
            Kind::Listening => {
                self.tcp.listeners.retain(|listener| listener.socket != id);
                for connection in self.tcp.ready.remove(&id).unwrap_or_default() {
                    self.close_connection(connection, true);
                }
            }
            Kind::Connected(connection) => self.close_connection(connection, !socket.lingers),
        }
    }

    fn close_connection(&mut self, id: ConnectionId, reset: bool) {
        if let Some(connection) = self.tcp.connection(id) {
            let unread = connection.readable() > 0;
            connection.is_orphan = true;
            if reset || unread {
                connection.abort();
            } else if let Some(endpoint) = &mut connection.endpoint {
                endpoint.close();
            }
        }
        self.let_go(id);
    }

    /// Closes what a program leaves open.
    pub(super) fn close_sockets_of(&mut self, _now: Timestamp, group: usize, _out: &mut Outbox) {
        let open: Vec<usize> =
            self.sockets.sockets.iter().filter(|(_, socket)| socket.group == group).map(|(id, _)| *id).collect();
        for id in open {
            self.close_socket(id);
        }
    }

    /// The sockets as a table.
    pub(super) fn socket_table(&self) -> Table {
        let mut table = Table::new("sockets", "sockets", &["protocol", "local", "remote", "state"]);
        for listener in &self.tcp.listeners {
            let local = listener.local.map_or_else(|| "*".to_owned(), |local| local.to_string());
            table.row(vec!["tcp".into(), format!("{local}:{}", listener.port), "*".into(), "LISTEN".into()]);
        }
        for connection in self.tcp.iter() {
            table.row(vec![
                "tcp".into(),
                connection.local.to_string(),
                connection.remote.to_string(),
                connection.state.name().into(),
            ]);
        }
        for socket in self.udp.iter() {
            let local = socket.local.map_or_else(|| "*".to_owned(), |local| local.to_string());
            let remote = socket.peer.map_or_else(|| "*".to_owned(), |peer| peer.to_string());
            table.row(vec!["udp".into(), format!("{local}:{}", socket.port), remote, String::new()]);
        }
        table
    }
}
