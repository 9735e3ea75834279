//! The way out: which interface, which next hop, which source; then fragments, the neighbour's address and the frame
//! (RFC 1122 §3.3.1).

use std::net::{IpAddr, Ipv4Addr};

use super::{Arrival, LOOPBACK_DELAY, Looped, Node, TIMER_LOOPBACK, group_mac, is_link_local};
use crate::base::{MacAddr, Timestamp};
use crate::sim::layers;
use crate::sim::mutation::{Mutation, made};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::stack::fragment::{cut_v4, cut_v6};
use crate::sim::stack::neighbour::{Lookup, Waiting};
use crate::sim::stack::octets::{ETHER_IPV4, ETHER_IPV6, IpHeader, NewHeader, ethernet, ip_packet};
use crate::sim::stack::route::{Prefix, explain_and, explain_candidates};

/// Where a packet goes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// Back to the node itself.
    Loopback,
    /// To a broadcast or group address of the link.
    Group(MacAddr),
    /// To the neighbour with this address.
    Neighbour(IpAddr),
}

/// The way that a packet of the node's own takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The interface it leaves by.
    pub interface: usize,
    /// Its next hop.
    pub hop: Hop,
    /// The source address it gets.
    pub source: IpAddr,
    /// Where it goes.
    pub destination: IpAddr,
    /// Largest packet that gets there, as far as is known.
    pub path_mtu: usize,
}

/// What to do with a packet that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FragmentPolicy {
    /// Forbid fragments if it fits, allow them if not: the Linux habit.
    Want,
    /// Forbid fragments.
    Never,
    /// Allow them.
    Allow,
}

/// Why a packet could not be sent; each has its errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// No route covers the destination: ENETUNREACH.
    NoRoute,
    /// The gateway is not on any link of the node: ENETUNREACH.
    GatewayOffLink,
    /// The source is not an address of the node: EADDRNOTAVAIL.
    NoSource,
    /// The packet may not be cut and is longer than this: EMSGSIZE.
    TooBig(usize),
    /// No cable: ENETDOWN.
    LinkDown,
}

impl SendError {
    /// The name of the error number that a program sees.
    pub const fn errno(self) -> &'static str {
        match self {
            SendError::NoRoute | SendError::GatewayOffLink => "ENETUNREACH",
            SendError::NoSource => "EADDRNOTAVAIL",
            SendError::TooBig(_) => "EMSGSIZE",
            SendError::LinkDown => "ENETDOWN",
        }
    }

    /// The reason for the record.
    pub const fn reason(self) -> Reason {
        match self {
            SendError::NoRoute | SendError::GatewayOffLink | SendError::NoSource => Reason::NoRoute,
            SendError::TooBig(_) => Reason::TooBig,
            SendError::LinkDown => Reason::LinkDown,
        }
    }
}

impl Node {
    /// Decides which way a packet of the node's own takes, and tells the decision.
    pub(in crate::sim::device) fn choose_way(
        &mut self,
        destination: IpAddr,
        source: Option<IpAddr>,
        flow: u64,
        out: &mut Outbox,
    ) -> Result<Way, SendError> {
        let way = self.find_way(destination, source, flow);
        out.tell(EventKind::Route, None, 0, way.err().map_or(Reason::None, SendError::reason), || {
            self.explain_way(destination, flow, &way)
        });
        way
    }

    pub(super) fn find_way(&self, destination: IpAddr, source: Option<IpAddr>, flow: u64) -> Result<Way, SendError> {
        let own = |interface: usize| -> Result<IpAddr, SendError> {
            match source {
                Some(source) if self.is_mine(source) || source.is_unspecified() => Ok(source),
                Some(_) => Err(SendError::NoSource),
                None => self.source_on(interface, destination).ok_or(SendError::NoSource),
            }
        };
        if self.is_here(destination) {
            let source = source.unwrap_or(destination);
            return Ok(Way { interface: 0, hop: Hop::Loopback, source, destination, path_mtu: 65_535 });
        }
        let to_group = |interface: usize, mac: MacAddr| {
            let path_mtu = usize::from(self.interfaces[interface].mtu);
            Ok(Way { interface, hop: Hop::Group(mac), source: own(interface)?, destination, path_mtu })
        };
        let default = || {
            let used = source.and_then(|source| self.interfaces.iter().position(|interface| interface.has(source)));
            used.unwrap_or(0)
        };
        match destination {
            IpAddr::V4(Ipv4Addr::BROADCAST) => return to_group(default(), MacAddr::BROADCAST),
            _ if destination.is_multicast() => return to_group(default(), group_mac(destination)),
            _ => {}
        }
        if let Some(interface) = self.interfaces.iter().position(|interface| interface.is_broadcast(destination)) {
            return to_group(interface, MacAddr::BROADCAST);
        }
        if is_link_local(destination) {
            // Every link has these addresses: the source says which one is meant, else who was heard there.
            let heard = (0..self.interfaces.len()).find(|interface| self.neighbours.knows(*interface, destination));
            let named = source.and_then(|source| self.interfaces.iter().position(|interface| interface.has(source)));
            let interface = named.or(heard).unwrap_or(0);
            if !self.interfaces[interface].up {
                return Err(SendError::LinkDown);
            }
            let path_mtu = usize::from(self.interfaces[interface].mtu);
            let hop = Hop::Neighbour(destination);
            return Ok(Way { interface, hop, source: own(interface)?, destination, path_mtu });
        }
        let route = self.routes.look_up(destination, flow).ok_or(SendError::NoRoute)?;
        let interface = route.interface;
        if !self.interfaces[interface].up {
            return Err(SendError::LinkDown);
        }
        let hop = match route.via {
            None => destination,
            Some(_) if made(Mutation::MaskIgnored) => destination,
            Some(via) if is_link_local(via) => via,
            Some(via) if self.interfaces[interface].on_link(via).is_none() => return Err(SendError::GatewayOffLink),
            Some(via) => via,
        };
        let mtu = usize::from(self.interfaces[interface].mtu);
        let path_mtu = self.path_mtus.get(&destination).map_or(mtu, |path| usize::from(*path).min(mtu));
        Ok(Way { interface, hop: Hop::Neighbour(hop), source: own(interface)?, destination, path_mtu })
    }

    /// The decision in words, with address and mask in binary.
    fn explain_way(&self, destination: IpAddr, flow: u64, way: &Result<Way, SendError>) -> Detail {
        let first_block = |version_of: IpAddr| {
            let all = self.interfaces.iter().flat_map(|interface| interface.addresses.iter());
            all.filter(move |(own, _)| own.is_ipv4() == version_of.is_ipv4() && !is_link_local(*own)).copied().next()
        };
        let with_and = |mut detail: Detail, (own, len): (IpAddr, u8)| {
            let (mine, theirs) = (Prefix::new(own, len), Prefix::new(destination, len));
            for line in explain_and("me", own, len).into_iter().chain(explain_and("target", destination, len)) {
                detail = detail.line(line);
            }
            detail.line(if mine == theirs {
                format!("both give {}: the same network", mine.network)
            } else {
                format!("{} is not {}: another network", theirs.network, mine.network)
            })
        };
        let detail = match way {
            Ok(Way { hop: Hop::Loopback, .. }) => {
                return Detail::new(format!("{destination} is myself: loopback, no frame"))
                    .with("decision", "loopback");
            }
            Ok(Way { hop: Hop::Group(mac), .. }) => {
                return Detail::new(format!("{destination} is a group: straight to {mac}"))
                    .with("decision", "group")
                    .with("mac", *mac);
            }
            Ok(Way { hop: Hop::Neighbour(hop), interface, .. }) if *hop == destination => {
                let block = self.interfaces[*interface].on_link(destination);
                let name = block.map_or_else(|| "my link".to_owned(), |block| block.to_string());
                let detail = Detail::new(format!("{destination} is in my network {name}: directly to it"))
                    .with("decision", "direct")
                    .with("next_hop", *hop);
                let own = self.interfaces[*interface]
                    .addresses
                    .iter()
                    .find(|(own, len)| Prefix::new(*own, *len).contains(destination));
                match own {
                    Some(own) => with_and(detail, *own),
                    None => detail,
                }
            }
            Ok(Way { hop: Hop::Neighbour(hop), .. }) => {
                let detail = Detail::new(format!("{destination} is in another network: to the gateway {hop}"))
                    .with("decision", "gateway")
                    .with("next_hop", *hop);
                match first_block(destination) {
                    Some(own) => with_and(detail, own),
                    None => detail,
                }
            }
            Err(SendError::GatewayOffLink) => {
                let via = self.routes.look_up(destination, flow).and_then(|route| route.via);
                let via = via.map_or_else(String::new, |via| via.to_string());
                Detail::new(format!("{destination} needs the gateway {via}, which is in no network of mine"))
                    .with("decision", "gateway-off-link")
            }
            Err(SendError::NoSource) => Detail::new(format!("no address of mine can be the source for {destination}"))
                .with("decision", "no-source"),
            Err(SendError::LinkDown) => {
                Detail::new(format!("the cable towards {destination} is unplugged")).with("decision", "link-down")
            }
            Err(SendError::NoRoute | SendError::TooBig(_)) => {
                let detail = Detail::new(format!("no route to {destination}, and no gateway to ask"))
                    .with("decision", "no-route");
                match first_block(destination) {
                    Some(own) => with_and(detail, own),
                    None => detail,
                }
            }
        };
        let mut detail = detail;
        if let Ok(Way { hop: Hop::Neighbour(_), .. }) = way
            && self.routes.routes().len() > 2
            && let Some(route) = self.routes.look_up(destination, flow)
        {
            for line in explain_candidates(&self.routes, destination, route) {
                detail = detail.line(line);
            }
        }
        detail.with("destination", destination)
    }

    /// Sends a packet of the node's own on a way that [`Node::choose_way`] found.
    #[expect(clippy::too_many_arguments, reason = "each is a field of the one packet")]
    pub(in crate::sim::device) fn send_on(
        &mut self,
        now: Timestamp,
        way: &Way,
        protocol: u8,
        ttl: u8,
        policy: FragmentPolicy,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<(), SendError> {
        let header_len = if way.destination.is_ipv4() { 20 } else { 40 };
        let fits = header_len + payload.len() <= way.path_mtu;
        if !fits && policy == FragmentPolicy::Never {
            let mtu = way.path_mtu;
            out.tell(EventKind::Route, None, 0, Reason::TooBig, || {
                Detail::new(format!(
                    "{} octets do not fit into the path's MTU of {mtu}, and fragments are forbidden",
                    header_len + payload.len()
                ))
            });
            return Err(SendError::TooBig(mtu));
        }
        let dont_fragment = match policy {
            FragmentPolicy::Never => true,
            FragmentPolicy::Want => fits,
            FragmentPolicy::Allow => false,
        };
        let header = NewHeader {
            source: way.source,
            destination: way.destination,
            protocol,
            ttl,
            identification: self.next_identification(),
            dont_fragment,
        };
        let packet = ip_packet(&header, payload);
        if way.hop == Hop::Loopback {
            self.send_to_self(now, packet, out);
            return Ok(());
        }
        if fits {
            self.hand_over(now, way.interface, way.hop, packet, 0, out);
            return Ok(());
        }
        let Ok(parsed) = IpHeader::parse(&packet) else { return Ok(()) };
        let pieces = self.cut(&packet, &parsed, way.path_mtu);
        self.say_cut(&pieces, packet.len(), way.path_mtu, 0, PortId(way.interface as u16), out);
        for piece in pieces {
            self.hand_over(now, way.interface, way.hop, piece, 0, out);
        }
        Ok(())
    }

    /// Sends a packet back to the node itself.
    pub(super) fn send_to_self(&mut self, now: Timestamp, packet: Vec<u8>, out: &mut Outbox) {
        self.loopback.push_back(Looped { packet });
        out.wake_at(now.after(LOOPBACK_DELAY), TIMER_LOOPBACK);
    }

    pub(super) fn cut(&mut self, packet: &[u8], header: &IpHeader, mtu: usize) -> Vec<Vec<u8>> {
        if header.source.is_ipv4() {
            cut_v4(packet, header, mtu)
        } else {
            let identification = self.next_identification();
            cut_v6(packet, header, mtu, identification)
        }
    }

    pub(super) fn say_cut(
        &self,
        pieces: &[Vec<u8>],
        len: usize,
        mtu: usize,
        frame: u64,
        port: PortId,
        out: &mut Outbox,
    ) {
        out.tell(EventKind::Route, Some(port), frame, Reason::None, || {
            let lens: Vec<String> = pieces.iter().map(|piece| piece.len().to_string()).collect();
            let shape = match lens.as_slice() {
                [first, .., last] if lens.len() > 4 => format!("{} × {first} … {last}", lens.len() - 1),
                _ => lens.join(" + "),
            };
            Detail::new(format!("{len} octets are cut for MTU {mtu}: {shape}"))
                .with("fragments", pieces.len() as u64)
                .with("mtu", mtu as u64)
        });
    }

    /// Gives a packet that fits the link to its next hop.
    pub(super) fn hand_over(
        &mut self,
        now: Timestamp,
        interface: usize,
        hop: Hop,
        packet: Vec<u8>,
        parent: u64,
        out: &mut Outbox,
    ) {
        let neighbour = match hop {
            Hop::Loopback => return,
            Hop::Group(mac) => return self.emit_packet(interface, mac, &packet, parent, out),
            Hop::Neighbour(neighbour) => neighbour,
        };
        match self.neighbours.look_up(interface, neighbour, now) {
            Lookup::Send(mac) => self.emit_packet(interface, mac, &packet, parent, out),
            Lookup::Waits { ask } => {
                if self.neighbours.hold(interface, neighbour, Waiting { packet, parent }).is_some() {
                    out.tell(EventKind::Arp, Some(PortId(interface as u16)), 0, Reason::NeighbourQueueFull, || {
                        Detail::new(format!("too many packets wait for {neighbour}: the oldest is thrown away"))
                            .with("ip", neighbour)
                    });
                }
                if ask {
                    self.ask_neighbour(interface, neighbour, None, out);
                }
            }
        }
    }

    /// Puts a packet into a frame.
    pub(super) fn emit_packet(&self, interface: usize, to: MacAddr, packet: &[u8], parent: u64, out: &mut Outbox) {
        let ether_type = if packet[0] >> 4 == 6 { ETHER_IPV6 } else { ETHER_IPV4 };
        let octets = ethernet(to, self.interfaces[interface].mac, ether_type, packet);
        if self.settings.shows_layers {
            let port = Some(PortId(interface as u16));
            out.tell(EventKind::Note, port, out.next_frame(), Reason::None, || layers::wrapping(&octets));
        }
        out.send_from(PortId(interface as u16), &octets, parent);
    }

    /// Nobody answered for the next hop of this packet: the sender is told (RFC 1812 §5.2.7.1, 3/1).
    pub(super) fn unreachable_neighbour(&mut self, now: Timestamp, packet: &[u8], parent: u64, out: &mut Outbox) {
        let Ok(mut header) = IpHeader::parse(packet) else { return };
        let mut packet = packet.to_vec();
        if parent != 0 && self.untranslate(now, &mut packet, &header) {
            // Whoever sent it knows nothing of the public address.
            let Ok(as_sent) = IpHeader::parse(&packet) else { return };
            header = as_sent;
        }
        let packet = packet.as_slice();
        if self.is_mine(header.source) {
            return self.local_error(now, super::icmp::LocalError::HostUnreachable, packet, out);
        }
        let back = self.routes.look_up(header.source, 0).map_or(0, |route| route.interface);
        let arrival =
            Arrival { interface: back, frame: parent, link_group: false, from_wire: false, largest_piece: None };
        self.complain(now, super::icmp::Complaint::HostUnreachable, packet, &header, arrival, out);
    }
}
