//! Headers within headers whose place the packet itself tells: what Geneve carries, and chains of extension headers.

use super::Lowering;
use super::link::IPV4;
use crate::base::limits::MAX_CHAINED_HEADERS;
use crate::filter::FilterError;
use crate::filter::capture::ast::{PortProtocol, Proto, Side};
use crate::filter::capture::cond::{Comparison, Cond};
use crate::filter::capture::layout::Link;
use crate::filter::capture::values::{Place, Val};

/// The UDP port of Geneve (RFC 8926 §3.3).
const GENEVE_PORT: u32 = 6081;

/// The headers that a chain of IPv6 headers goes on behind, besides the authentication header (RFC 8200 §4).
const EXTENSION_HEADERS: [u32; 4] = [0, 60, 43, 44];
const AUTHENTICATION_HEADER: u32 = 51;

impl Lowering<'_> {
    /// `geneve`: a UDP datagram to its port, of version 0 because nothing is known of others, perhaps of one network.
    pub(super) fn geneve(&mut self, network: Option<u32>) -> Result<Cond, FilterError> {
        let ip = self.layout.ip();
        let ports = (GENEVE_PORT, GENEVE_PORT, false);
        let over4 = self.transport() + 8;
        let is_udp = self.ports_of_ipv4(PortProtocol::Udp, Side::Destination, ports)?;
        let four = self.geneve_header(is_udp, over4, network);
        let over6 = ip + 48;
        let is_udp = self.ports_of_ipv6(PortProtocol::Udp, Side::Destination, ports)?;
        let six = self.geneve_header(is_udp, over6, network);

        let (header_len, fixed_len) = (self.values.header_len(ip), self.values.constant(40));
        let header_len = self.if_ipv4(header_len, fixed_len);
        let behind_ip = self.values.behind(ip, header_len);
        let geneve = self.values.kept(behind_ip + 8);
        self.layout.enter_geneve(self.values, geneve);
        // The places are computed here, once for all that follows; a packet that is cut before is none for the filter.
        let mut parts = vec![Cond::Any(vec![four, six])];
        for place in [self.layout.link_header, self.layout.link_type, self.layout.payload] {
            let place = self.values.number_of(place);
            parts.push(self.read(place, "place of what Geneve carries"));
        }
        Ok(Cond::All(parts))
    }

    /// True if `is_udp` is and at `at` begins a Geneve header that can be read: version (2 bits), length of the options in
    /// units of four octets (6 bits), flags, protocol type, network identifier (24 bits), a reserved octet (RFC 8926 §3.4).
    fn geneve_header(&mut self, is_udp: Cond, at: Place, network: Option<u32>) -> Cond {
        let mut parts = vec![is_udp, self.equal_masked(1, at, 0, 0xc0, "Geneve version")];
        if let Some(network) = network {
            parts.push(self.equal_masked(4, at + 4, network << 8, 0xffff_ff00, "Geneve network"));
        }
        Cond::All(parts)
    }

    /// One value for packets whose link header announces IPv4, another one for all others.
    fn if_ipv4(&mut self, yes: Val, no: Val) -> Val {
        let at = self.layout.link_type;
        if self.layout.labels > 0 || self.layout.link == Link::Raw {
            let first = self.values.load(1, self.layout.ip());
            let version = self.values.masked(first, 0xf0);
            return self.values.choose(version, 0x40, yes, no);
        }
        let (size, number) = match self.layout.link {
            Link::Ipv4 | Link::Raw => return yes,
            Link::Ipv6 => return no,
            Link::Ethernet | Link::Sll | Link::Sll2 => (2, IPV4),
            Link::Ppp => (2, 0x0021),
            Link::Null | Link::Loop => (4, 2),
        };
        let field = self.values.load(size, at);
        let other_order = match self.layout.link {
            Link::Null => self.values.choose(field, number.swap_bytes(), yes, no),
            _ => no,
        };
        self.values.choose(field, number, yes, other_order)
    }

    /// `protochain`: the protocol of an IP header or of one of the extension headers behind it. A loop would find it however
    /// long the chain is, but the kernel takes no program with one; written out, it goes on for as many headers as a host
    /// must accept and some more.
    pub(super) fn protocol_chain(&mut self, proto: Option<Proto>, number: u32) -> Result<Cond, FilterError> {
        let Some(proto) = proto else {
            let four = self.protocol_chain(Some(Proto::Ip), number)?;
            return Ok(Cond::Any(vec![four, self.protocol_chain(Some(Proto::Ip6), number)?]));
        };
        let ip = self.layout.ip();
        let is_ipv6 = proto == Proto::Ip6;
        let (mut next, mut at) = match is_ipv6 {
            true => (self.values.load(1, ip + 6), ip + 40),
            false => (self.values.load(1, ip + 9), self.transport()),
        };
        let mut steps = Vec::with_capacity(MAX_CHAINED_HEADERS);
        for _ in 0..MAX_CHAINED_HEADERS {
            at = self.values.kept(at);
            let is_it = self.compare(next, Comparison::Equal, number, "next header");
            let extensions: &[u32] = if is_ipv6 { &EXTENSION_HEADERS } else { &[] };
            let goes_on = extensions
                .iter()
                .chain([&AUTHENTICATION_HEADER])
                .map(|header| self.compare(next, Comparison::Equal, *header, "next header"))
                .collect();
            let (following, len) = (self.values.load(1, at), self.values.load(1, at + 1));
            let has_len = self.read(len, "length of the extension header");
            steps.push((is_it, Cond::Any(goes_on), has_len));
            let header_len = self.extension_len(next, len, is_ipv6);
            at = self.values.behind(at, header_len);
            next = following;
        }
        let last = self.compare(next, Comparison::Equal, number, "next header");
        let chain = steps.into_iter().rev().fold(last, |behind, (is_it, goes_on, has_len)| {
            Cond::Any(vec![is_it, Cond::All(vec![goes_on, has_len, behind])])
        });
        Ok(Cond::All(vec![self.protocol(proto)?, chain]))
    }

    /// Octets of the header that `next` announces, from its length field: in units of eight octets beyond the first eight,
    /// but for the authentication header in units of four beyond the first eight (RFC 8200 §4.3, RFC 4302 §2.2).
    fn extension_len(&mut self, next: Val, len: Val, is_ipv6: bool) -> Val {
        let words = self.values.plus(len, 2);
        let authentication = self.values.times(words, 4);
        if !is_ipv6 {
            return authentication;
        }
        let units = self.values.plus(len, 1);
        let extension = self.values.times(units, 8);
        self.values.choose(next, AUTHENTICATION_HEADER, authentication, extension)
    }
}
