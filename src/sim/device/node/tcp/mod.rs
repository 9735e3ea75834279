//! TCP connections of a node: which endpoint a segment is for, listening, TIME-WAIT, errors told by ICMP.
//!
//! The machine of each connection lives in `sim::stack::tcp`; here are the table of connections and what an operating
//! system does around it (RFC 9293 §3.10; backlog and TIME-WAIT as Linux has them).

mod refuse;
mod send;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use super::{Arrival, Node, TIMER_TCP};
use crate::base::{Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::octets::{self, IpHeader, transport_checksum, u16_at};
use crate::sim::stack::tcp::{TcpEndpoint, TcpOptions, TcpState};

/// Control bits.
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// How often a SYN is sent again, and a segment of an open connection, before TCP gives up; Linux has the same
/// (tcp_syn_retries, tcp_retries2). RFC 9293 §3.8.3 wants at least 100 s for the latter.
const SYN_RETRIES: u32 = 6;
const DATA_RETRIES: u32 = 15;

/// A connection's place in the table.
pub(super) type ConnectionId = usize;

/// A connection of the node.
#[derive(Debug)]
pub(super) struct Connection {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    /// `None` in TIME-WAIT and when closed.
    pub endpoint: Option<Box<dyn TcpEndpoint>>,
    pub state: TcpState,
    /// The listening socket it goes to when it is open.
    pub listener: Option<usize>,
    /// True while a socket holds it.
    pub is_held: bool,
    pub reuse: bool,
    /// What the next call is told.
    pub error: Option<&'static str>,
    /// Octets that came before the endpoint went.
    pub leftover: VecDeque<u8>,
    /// True if the program has said that it will send no more.
    pub sends_no_more: bool,
    /// True if the program has closed it: nobody will read any more.
    pub is_orphan: bool,
    reset_seen: bool,
    aborted: bool,
    /// The last packet it sent: in TIME-WAIT the acknowledgment that is repeated.
    last_sent: Vec<u8>,
    /// The highest sequence number sent, to tell what is sent again.
    sent_to: Option<u32>,
    /// The first sequence number that was sent again, and how often since something was heard of the other side.
    again: Option<(u32, u32)>,
    until: Option<Timestamp>,
    alarm: Option<Timestamp>,
}

/// A socket that listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listener {
    pub socket: usize,
    pub local: Option<IpAddr>,
    pub port: u16,
    pub backlog: usize,
    pub options: TcpOptions,
    pub reuse: bool,
}

/// The TCP side of a node.
#[derive(Debug, Default)]
pub(super) struct Tcp {
    connections: Vec<Option<Connection>>,
    index: BTreeMap<(SocketAddr, SocketAddr), ConnectionId>,
    pub listeners: Vec<Listener>,
    /// Connections that are open and wait to be accepted, by listening socket.
    pub ready: BTreeMap<usize, VecDeque<ConnectionId>>,
    touched: BTreeSet<ConnectionId>,
}

impl Tcp {
    /// The connection of that number.
    pub fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(id)?.as_mut()
    }

    /// Marks a connection as one that may have something to send.
    pub fn touch(&mut self, id: ConnectionId) {
        self.touched.insert(id);
    }

    /// All connections.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().flatten()
    }

    fn insert(&mut self, connection: Connection) -> Option<ConnectionId> {
        if self.index.len() >= limits::MAX_SOCKETS {
            return None;
        }
        let free = self.connections.iter().position(Option::is_none);
        let id = free.unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        self.index.insert((connection.local, connection.remote), id);
        self.connections[id] = Some(connection);
        self.touched.insert(id);
        Some(id)
    }

    fn remove(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connections.get_mut(id).and_then(Option::take) {
            self.index.remove(&(connection.local, connection.remote));
        }
        self.touched.remove(&id);
    }

    /// True if a connection uses this port of the node, unless both it and the asker allow that (SO_REUSEADDR).
    pub fn port_in_use(&self, local: Option<IpAddr>, port: u16, reuse: bool) -> bool {
        self.iter().any(|connection| {
            connection.local.port() == port
                && connection.state != TcpState::Closed
                && local.is_none_or(|local| local == connection.local.ip())
                && !(reuse && connection.reuse)
        })
    }

    /// True if a socket of the node listens on the port or a connection uses it.
    pub fn uses_port(&self, port: u16) -> bool {
        self.listeners.iter().any(|listener| listener.port == port) || self.port_in_use(None, port, false)
    }

    /// Opening connections of a listener, and those that wait to be accepted.
    fn waiting(&self, socket: usize) -> usize {
        let opening = self.iter().filter(|connection| connection.listener == Some(socket)).count();
        opening + self.ready.get(&socket).map_or(0, VecDeque::len)
    }
}

impl Connection {
    fn new(local: SocketAddr, remote: SocketAddr, endpoint: Box<dyn TcpEndpoint>, reuse: bool) -> Connection {
        Connection {
            local,
            remote,
            endpoint: Some(endpoint),
            state: TcpState::Closed,
            listener: None,
            is_held: false,
            reuse,
            error: None,
            leftover: VecDeque::new(),
            sends_no_more: false,
            is_orphan: false,
            reset_seen: false,
            aborted: false,
            last_sent: Vec::new(),
            sent_to: None,
            again: None,
            until: None,
            alarm: None,
        }
    }

    /// Octets that wait to be read.
    pub fn readable(&self) -> usize {
        self.leftover.len() + self.endpoint.as_ref().map_or(0, |endpoint| endpoint.readable())
    }

    /// Takes octets out of the receive queue.
    pub fn receive(&mut self, most: usize) -> Vec<u8> {
        let early = most.min(self.leftover.len());
        let mut taken: Vec<u8> = self.leftover.drain(..early).collect();
        if let Some(endpoint) = &mut self.endpoint {
            taken.extend(endpoint.receive(most - early));
        }
        taken
    }

    /// True if no more will come.
    pub fn is_at_end(&self) -> bool {
        self.leftover.is_empty() && self.endpoint.as_ref().is_none_or(|endpoint| endpoint.is_at_end())
    }

    /// Ends the connection with a reset.
    pub fn abort(&mut self) {
        self.aborted = true;
        if let Some(endpoint) = &mut self.endpoint {
            endpoint.abort();
        }
    }
}

#[cfg(feature = "stack")]
fn connecting(
    now: Timestamp,
    local: SocketAddr,
    remote: SocketAddr,
    options: &TcpOptions,
) -> Option<Box<dyn TcpEndpoint>> {
    let machine = crate::sim::stack::tcp::Machine::connect(now, local, remote, options)?;
    Some(Box::new(machine))
}

#[cfg(feature = "stack")]
fn listening(now: Timestamp, local: SocketAddr, options: &TcpOptions) -> Option<Box<dyn TcpEndpoint>> {
    let machine = crate::sim::stack::tcp::Machine::listen(now, local, options)?;
    Some(Box::new(machine))
}

#[cfg(not(feature = "stack"))]
fn connecting(_: Timestamp, _: SocketAddr, _: SocketAddr, _: &TcpOptions) -> Option<Box<dyn TcpEndpoint>> {
    None
}

#[cfg(not(feature = "stack"))]
fn listening(_: Timestamp, _: SocketAddr, _: &TcpOptions) -> Option<Box<dyn TcpEndpoint>> {
    None
}

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
        let local = SocketAddr::new(header.destination, u16_at(segment, 2));
        let remote = SocketAddr::new(header.source, u16_at(segment, 0));
        let flags = segment[13];
        let is_syn = flags & (SYN | ACK | RST) == SYN;
        if let Some(id) = self.tcp.index.get(&(local, remote)).copied() {
            let in_time_wait = self.tcp.connection(id).is_some_and(|connection| connection.endpoint.is_none());
            if !in_time_wait {
                return self.segment_for(now, id, packet, flags, out);
            }
            // A new connection may begin where an old one only waits for its last segments (RFC 9293 §3.6.1).
            if !(is_syn && self.listener_for(local).is_some()) {
                return self.late_segment(now, id, flags, out);
            }
            self.tcp.remove(id);
        }
        match self.listener_for(local).filter(|_| is_syn) {
            Some(listener) => self.syn_in(now, listener, local, remote, packet, out),
            None => self.reset_stranger(now, segment, header, out),
        }
    }

    fn listener_for(&self, local: SocketAddr) -> Option<Listener> {
        let fits = |listener: &&Listener| {
            listener.port == local.port() && listener.local.is_none_or(|address| address == local.ip())
        };
        self.tcp.listeners.iter().find(fits).copied()
    }

    /// A SYN for a socket that listens: an endpoint of its own for the new connection, if the backlog has room.
    fn syn_in(
        &mut self,
        now: Timestamp,
        listener: Listener,
        local: SocketAddr,
        remote: SocketAddr,
        packet: &[u8],
        out: &mut Outbox,
    ) {
        // Linux lets one more wait than the backlog says.
        if self.tcp.waiting(listener.socket) > listener.backlog {
            out.tell(EventKind::State, None, 0, Reason::BacklogFull, || {
                Detail::new(format!("the backlog of port {} is full: the SYN of {remote} is ignored", local.port()))
                    .with("port", u64::from(local.port()))
            });
            return;
        }
        let options = TcpOptions { seed: self.rng.next_u64(), mtu: self.mtu_towards(remote.ip()), ..listener.options };
        let Some(endpoint) = listening(now, local, &options) else { return };
        let mut connection = Connection::new(local, remote, endpoint, listener.reuse);
        connection.listener = Some(listener.socket);
        connection.state = TcpState::Listen;
        if let Some(id) = self.tcp.insert(connection) {
            self.segment_for(now, id, packet, SYN, out);
        }
    }

    /// Begins to open a connection.
    pub(super) fn open_connection(
        &mut self,
        now: Timestamp,
        local: SocketAddr,
        remote: SocketAddr,
        options: &TcpOptions,
        reuse: bool,
    ) -> Result<ConnectionId, &'static str> {
        if let Some(old) = self.tcp.index.get(&(local, remote)).copied() {
            let is_over = self.tcp.connection(old).is_some_and(|old| old.endpoint.is_none() && old.until.is_none());
            if !is_over {
                return Err("EADDRNOTAVAIL");
            }
            self.tcp.remove(old);
        }
        let options = TcpOptions { mtu: self.mtu_towards(remote.ip()), ..*options };
        let endpoint = connecting(now, local, remote, &options).ok_or("EPROTONOSUPPORT")?;
        let mut connection = Connection::new(local, remote, endpoint, reuse);
        connection.is_held = true;
        self.tcp.insert(connection).ok_or("ENOBUFS")
    }

    fn mtu_towards(&self, destination: IpAddr) -> usize {
        if self.is_here(destination) {
            return 65_535;
        }
        let interface = self.routes.look_up(destination, 0).map_or(0, |route| route.interface);
        let mtu = self.interfaces[interface].mtu;
        usize::from(self.path_mtus.get(&destination).map_or(mtu, |path| (*path).min(mtu)))
    }

    fn segment_for(&mut self, now: Timestamp, id: ConnectionId, packet: &[u8], flags: u8, out: &mut Outbox) {
        let mut answers = Vec::new();
        let Some(connection) = self.tcp.connection(id) else { return };
        connection.again = None;
        connection.reset_seen |= flags & RST != 0;
        if let Some(endpoint) = &mut connection.endpoint {
            endpoint.packet_in(now, packet, &mut answers);
        }
        if connection.is_orphan && connection.readable() > 0 {
            // The sender must learn that nobody reads what it still sends (RFC 1122 §4.2.2.13).
            connection.abort();
        }
        let remote = connection.remote.ip();
        for answer in answers {
            self.send_segment(now, id, answer, out);
        }
        self.tcp.touch(id);
        // The third segment of the handshake goes before the program learns that it is connected; likewise the last
        // acknowledgment of a teardown needs nobody's decision.
        let at_once = self.tcp.connection(id).is_some_and(|connection| {
            let state = connection.endpoint.as_ref().map(|endpoint| endpoint.state());
            matches!(
                (connection.state, state),
                (TcpState::SynSent, Some(TcpState::Established)) | (_, Some(TcpState::TimeWait))
            ) || connection.aborted
        });
        if at_once {
            self.poll_connection(now, id, out);
        }
        self.note_state(now, id, out);
        if let Some((interface, hop)) = self.next_hop_of(remote) {
            self.neighbours.confirm(interface, hop, now);
        }
    }

    /// A segment for a connection in TIME-WAIT: a repeated FIN is acknowledged again (RFC 9293 §3.10.7.4).
    fn late_segment(&mut self, now: Timestamp, id: ConnectionId, flags: u8, out: &mut Outbox) {
        if flags & RST != 0 {
            return;
        }
        let time_wait = self.settings.time_wait;
        let Some(connection) = self.tcp.connection(id) else { return };
        if flags & FIN != 0 && connection.until.is_some() {
            let until = now.after(time_wait);
            connection.until = Some(until);
            let packet = connection.last_sent.clone();
            out.wake_in_background(until, TIMER_TCP | id as u64);
            self.send_segment(now, id, packet, out);
        }
    }

    /// Compares an endpoint's state with the one told last; tells the change and does what belongs to it.
    fn note_state(&mut self, now: Timestamp, id: ConnectionId, out: &mut Outbox) {
        let time_wait = self.settings.time_wait;
        let Some(connection) = self.tcp.connection(id) else { return };
        let Some(endpoint) = &mut connection.endpoint else { return };
        let (before, after) = (connection.state, endpoint.state());
        if before == after {
            return;
        }
        connection.state = after;
        let (local, remote) = (connection.local, connection.remote);
        match after {
            TcpState::Established if connection.listener.is_some() => {
                let listener = connection.listener.take();
                say_state(local, remote, after, "", out);
                if let Some(listener) = listener {
                    self.tcp.ready.entry(listener).or_default().push_back(id);
                }
            }
            TcpState::TimeWait => {
                let unread = endpoint.readable();
                let rest = endpoint.receive(unread);
                connection.leftover.extend(rest);
                connection.endpoint = None;
                let until = now.after(time_wait);
                connection.until = Some(until);
                out.wake_in_background(until, TIMER_TCP | id as u64);
                let why = format!("it sent the first FIN, so it waits {} s for late segments", time_wait.as_secs_f64());
                say_state(local, remote, after, &why, out);
            }
            TcpState::Closed => {
                let error = match before {
                    _ if connection.aborted => None,
                    TcpState::SynSent => Some("ECONNREFUSED"),
                    TcpState::LastAck | TcpState::Listen | TcpState::SynReceived => None,
                    TcpState::CloseWait if connection.reset_seen => Some("EPIPE"),
                    _ if connection.reset_seen => Some("ECONNRESET"),
                    _ => Some("ETIMEDOUT"),
                };
                let why = match error {
                    Some("ETIMEDOUT") => "nothing was acknowledged for too long",
                    Some(_) => "the other side sent a reset",
                    None if connection.aborted => "this side sent a reset",
                    None => "",
                };
                connection.error = connection.error.or(error);
                connection.endpoint = None;
                let held = connection.is_held;
                say_state(local, remote, after, why, out);
                if !held {
                    self.tcp.remove(id);
                }
            }
            _ => say_state(local, remote, after, "", out),
        }
    }

    /// Nobody holds the connection any more.
    pub(super) fn let_go(&mut self, id: ConnectionId) {
        let Some(connection) = self.tcp.connection(id) else { return };
        connection.is_held = false;
        if connection.endpoint.is_none() && connection.until.is_none() {
            self.tcp.remove(id);
        } else {
            self.tcp.touch(id);
        }
    }
}

fn say_state(local: SocketAddr, remote: SocketAddr, state: TcpState, why: &str, out: &mut Outbox) {
    out.tell(EventKind::State, None, 0, Reason::None, || {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        Detail::new(format!("{local} ↔ {remote} is {}{why}", state.name()))
            .with("state", state.name())
            .with("local", local.to_string())
            .with("remote", remote.to_string())
    });
}
