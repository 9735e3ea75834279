//! The calls that make a socket ready: bind, listen, accept, connect.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::super::tcp::{ConnectionId, Listener};
use super::super::udp::UdpId;
use super::super::{Node, Settings};
use super::Outcome::{self, Fails, Returns, Waits};
use super::{Kind, attempt};
use crate::base::Timestamp;
use crate::sim::outbox::Outbox;
use crate::sim::program::Value;
use crate::sim::stack::tcp::{TcpOptions, TcpState};

impl Node {
    pub(super) fn call_bind(&mut self, id: usize, arguments: &[Value]) -> Outcome {
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

    pub(super) fn free_tcp_port(&mut self) -> u16 {
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

    pub(super) fn tcp_options(&mut self, id: usize) -> TcpOptions {
        let seed = self.rng.next_u64();
        let Settings { ack_delay, min_rto, congestion, .. } = self.settings;
        let socket = self.sockets.sockets.get(&id);
        TcpOptions {
            nagle: socket.is_none_or(|socket| socket.nagle),
            ack_delay,
            min_rto,
            congestion,
            receive_buffer: socket.map_or(65_535, |socket| socket.receive_buffer),
            send_buffer: socket.map_or(65_535, |socket| socket.send_buffer),
            mtu: 1500,
            seed,
        }
    }

    pub(super) fn call_listen(&mut self, id: usize, arguments: &[Value]) -> Outcome {
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

    /// The next connection, or with a host and a port the next one from there; if none has that host (its address was
    /// translated, perhaps), the next one from that port.
    pub(super) fn call_accept(
        &mut self,
        now: Timestamp,
        thread: usize,
        (id, group): (usize, usize),
        arguments: &[Value],
        out: &mut Outbox,
    ) -> Outcome {
        if !matches!(self.kind(id), Some(Kind::Listening)) {
            return Fails("EINVAL".into());
        }
        let place = match arguments {
            [] => Some(0),
            arguments => {
                let (host, port) = attempt!(self.address(arguments));
                let ready: Vec<ConnectionId> = self.tcp.ready.get(&id).into_iter().flatten().copied().collect();
                let remotes: Vec<Option<SocketAddr>> =
                    ready.into_iter().map(|ready| Some(self.tcp.connection(ready)?.remote)).collect();
                let from = |fits: &dyn Fn(SocketAddr) -> bool| remotes.iter().position(|found| found.is_some_and(fits));
                from(&|remote| Some(remote.ip()) == host && remote.port() == port)
                    .or_else(|| from(&|remote| remote.port() == port))
            }
        };
        let ready = self.tcp.ready.get_mut(&id);
        let Some(connection) = place.and_then(|place| ready.and_then(|ready| ready.remove(place))) else {
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

    pub(super) fn call_connect(
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
    pub(super) fn connecting(
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

    pub(super) fn connect_udp(&mut self, id: usize, udp: Option<UdpId>, arguments: &[Value]) -> Outcome {
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
}
