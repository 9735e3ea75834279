//! UDP: one send is one datagram is one receive (RFC 768, RFC 1122 §4.1).

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::icmp::{Complaint, ErrorAbout};
use super::output::FragmentPolicy;
use super::{Arrival, Node, SendError};
use crate::base::text::count;
use crate::base::{Timestamp, limits};
use crate::sim::order::UdpOrder;
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::octets::{self, IpHeader, transport_checksum, u16_at, udp_datagram};
use crate::sim::stack::route::flow_number;

/// Most octets of one datagram over IPv4: 65,535 less the IP and UDP headers.
pub const MAX_UDP_PAYLOAD: usize = 65_507;
/// Octets that a socket keeps for its program (Linux: rmem_default).
const RECEIVE_BUFFER: usize = 212_992;
/// The first port that a box chooses itself (Linux).
const EPHEMERAL_FIRST: u16 = 32_768;
const EPHEMERAL_LAST: u16 = 60_999;

/// A socket's number in its node.
pub(super) type UdpId = usize;

/// A UDP socket.
#[derive(Debug)]
pub(super) struct UdpSocket {
    pub local: Option<IpAddr>,
    pub port: u16,
    pub peer: Option<SocketAddr>,
    pub reuse: bool,
    pub queue: VecDeque<(SocketAddr, Vec<u8>)>,
    pub queued: usize,
    /// An error that an ICMP message told, for the next call.
    pub error: Option<&'static str>,
}

/// The UDP sockets of a node.
#[derive(Debug, Default)]
pub(super) struct UdpSockets {
    sockets: Vec<Option<UdpSocket>>,
    next_port: u16,
}

impl UdpSockets {
    /// The socket of that number.
    pub fn socket(&mut self, id: UdpId) -> Option<&mut UdpSocket> {
        self.sockets.get_mut(id)?.as_mut()
    }

    /// Opens a socket on a port; 0 lets the box choose.
    pub fn bind(&mut self, local: Option<IpAddr>, port: u16, reuse: bool) -> Result<UdpId, &'static str> {
        let port = if port == 0 { self.free_port().ok_or("EADDRINUSE")? } else { port };
        let clash = self.sockets.iter().flatten().any(|other| {
            other.port == port
                && (other.local.is_none() || local.is_none() || other.local == local)
                && !(other.reuse && reuse)
        });
        if clash {
            return Err("EADDRINUSE");
        }
        if self.sockets.iter().flatten().count() >= limits::MAX_SOCKETS {
            return Err("EMFILE");
        }
        let socket = UdpSocket { local, port, peer: None, reuse, queue: VecDeque::new(), queued: 0, error: None };
        let free = self.sockets.iter().position(Option::is_none);
        let id = free.unwrap_or_else(|| {
            self.sockets.push(None);
            self.sockets.len() - 1
        });
        self.sockets[id] = Some(socket);
        Ok(id)
    }

    fn free_port(&mut self) -> Option<u16> {
        let range = EPHEMERAL_LAST - EPHEMERAL_FIRST + 1;
        for _ in 0..range {
            let port = EPHEMERAL_FIRST + self.next_port % range;
            self.next_port = self.next_port.wrapping_add(1) % range;
            if !self.sockets.iter().flatten().any(|other| other.port == port) {
                return Some(port);
            }
        }
        None
    }

    /// Closes a socket.
    pub fn close(&mut self, id: UdpId) {
        if let Some(socket) = self.sockets.get_mut(id) {
            *socket = None;
        }
    }

    /// The socket that a datagram is for: a connected one first, then the exact address, then any.
    fn find(&self, destination: IpAddr, port: u16, source: SocketAddr) -> Option<UdpId> {
        let fits = |socket: &UdpSocket| {
            socket.port == port
                && socket.local.is_none_or(|local| local == destination)
                && socket.peer.is_none_or(|peer| peer == source)
        };
        let rank = |socket: &UdpSocket| (socket.peer.is_some(), socket.local.is_some());
        let candidates = self.sockets.iter().enumerate().filter_map(|(id, socket)| Some((id, socket.as_ref()?)));
        candidates.filter(|(_, socket)| fits(socket)).max_by_key(|(id, socket)| (rank(socket), *id)).map(|(id, _)| id)
    }

    /// The open sockets.
    pub fn iter(&self) -> impl Iterator<Item = &UdpSocket> {
        self.sockets.iter().flatten()
    }
}

impl Node {
    /// A UDP datagram for this node.
    pub(super) fn udp_in(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        let datagram = header.payload(packet);
        let len = usize::from(u16_at(datagram, 4));
        if datagram.len() < 8 || len < 8 || len > datagram.len() {
            return self.finish(EventKind::Dropped, Reason::BadHeader, arrival, out);
        }
        let datagram = &datagram[..len];
        let stored = u16_at(datagram, 6);
        if stored != 0 && transport_checksum(header.source, header.destination, octets::UDP, datagram) != 0 {
            return self.finish(EventKind::Dropped, Reason::BadChecksum, arrival, out);
        }
        let (source_port, port) = (u16_at(datagram, 0), u16_at(datagram, 2));
        let source = SocketAddr::new(header.source, source_port);
        if self.service_in(now, source, port, &datagram[8..], arrival, out) {
            return;
        }
        let Some(id) = self.udp.find(header.destination, port, source) else {
            self.finish(EventKind::Delivered, Reason::NoListener, arrival, out);
            return self.complain(now, Complaint::Port, packet, header, arrival, out);
        };
        let Some(socket) = self.udp.socket(id) else { return };
        let payload = datagram[8..].to_vec();
        if socket.queued + payload.len() > RECEIVE_BUFFER {
            return self.finish(EventKind::Dropped, Reason::BufferFull, arrival, out);
        }
        socket.queued += payload.len();
        socket.queue.push_back((source, payload));
        self.finish(EventKind::Delivered, Reason::ForMe, arrival, out);
    }

    /// Sends one datagram from a port.
    pub(super) fn send_datagram(
        &mut self,
        now: Timestamp,
        source: (Option<IpAddr>, u16),
        destination: SocketAddr,
        payload: &[u8],
        policy: FragmentPolicy,
        out: &mut Outbox,
    ) -> Result<(), SendError> {
        let longest = if destination.is_ipv4() { MAX_UDP_PAYLOAD } else { MAX_UDP_PAYLOAD + 20 };
        if payload.len() > longest {
            return Err(SendError::TooBig(longest + 28));
        }
        let flow = flow_number(destination.ip(), destination.ip(), octets::UDP, (source.1, destination.port()));
        let way = self.choose_way(destination.ip(), source.0, flow, out)?;
        let datagram = udp_datagram((way.source, source.1), (destination.ip(), destination.port()), payload);
        let ttl = if destination.ip().is_multicast() { 1 } else { self.settings.ttl };
        self.send_on(now, &way, octets::UDP, ttl, policy, &datagram, out)
    }

    pub(super) fn send_udp_order(&mut self, now: Timestamp, order: &UdpOrder, out: &mut Outbox) {
        let port = match order.source_port {
            0 => self.udp.free_port().unwrap_or(EPHEMERAL_FIRST),
            port => port,
        };
        let policy = if order.dont_fragment { FragmentPolicy::Never } else { FragmentPolicy::Want };
        let sent = self.send_datagram(now, (None, port), order.destination, &order.payload, policy, out);
        out.tell(EventKind::Call, None, 0, Reason::None, || {
            let len = order.payload.len();
            let (result, words) = match sent {
                Ok(()) => ("ok", count(len as u64, "octet")),
                Err(error) => (error.errno(), format!("{} ({})", error.errno(), error.words())),
            };
            Detail::new(format!("sendto {} from port {port}: {words}", order.destination))
                .with("call", "sendto")
                .with("destination", order.destination.ip())
                .with("result", result)
                .with("len", len as u64)
        });
    }

    /// An ICMP error about a datagram of this node: a connected socket hears of it at its next call.
    pub(super) fn udp_error(&mut self, _now: Timestamp, error: &ErrorAbout<'_>, out: &mut Outbox) {
        let (port, peer_port) = (u16_at(error.quoted, 0), u16_at(error.quoted, 2));
        let peer = SocketAddr::new(error.about.destination, peer_port);
        let told =
            self.udp.sockets.iter_mut().flatten().find(|socket| socket.port == port && socket.peer == Some(peer));
        let reaches_program = told.is_some();
        if let Some(socket) = told
            && error.mtu.is_none()
        {
            socket.error = Some(error.errno);
        }
        out.tell(EventKind::State, None, 0, Reason::None, || {
            let heard = if reaches_program { "" } else { "; no program hears of it" };
            Detail::new(format!("{} says of UDP {port} to {peer}: {}{heard}", error.from, error.words))
                .with("errno", error.errno)
                .with("from", error.from)
        });
    }
}
