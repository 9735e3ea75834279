//! From primitives to conditions over values: which octets of the packet are compared with what.
//!
//! The order of the tests is tcpdump's, because it decides what happens to a packet that was cut short: the first octet
//! that is missing rejects it.

mod address;
mod link;
mod nested;
mod transport;

use super::ast::{Arith, ByteTest, Expr, Primitive, Proto, Relation, Side};
use super::cond::{Comparison, Cond, Test};
use super::layout::{Layout, Link};
use super::values::{Place, Val, Values};
use super::{Target, ancillary};
use crate::filter::{FilterError, Span};

/// What is taken for granted in one version of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum VlanTag {
    /// All tags are in the octets of the packet.
    InPacket,
    /// The outermost tag was taken out by the kernel and is in the packet's metadata.
    InMetadata,
}

/// Turns an expression into a condition.
pub(super) struct Lowering<'a> {
    pub values: &'a mut Values,
    text: &'a str,
    layout: Layout,
    target: Target,
    vlan_tag: VlanTag,
    span: Span,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(
        text: &'a str,
        link: Link,
        target: Target,
        vlan_tag: VlanTag,
        values: &'a mut Values,
    ) -> Lowering<'a> {
        Lowering { values, text, layout: Layout::of(link), target, vlan_tag, span: Span::default() }
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Result<Cond, FilterError> {
        let cond = match expr {
            Expr::And(parts) => Cond::All(parts.iter().map(|part| self.expr(part)).collect::<Result<_, _>>()?),
            Expr::Or(parts) => Cond::Any(parts.iter().map(|part| self.expr(part)).collect::<Result<_, _>>()?),
            Expr::Not(inner, _) => Cond::Not(Box::new(self.expr(inner)?)),
            Expr::Primitive(primitive, span) => {
                self.span = *span;
                self.primitive(primitive)?
            }
        };
        Ok(Cond::Part(expr.span(), Box::new(cond)))
    }

    fn primitive(&mut self, primitive: &Primitive) -> Result<Cond, FilterError> {
        match primitive {
            Primitive::Protocol(proto) => self.protocol(*proto),
            Primitive::Host { proto, side, address } => self.host(*proto, *side, *address),
            Primitive::Port { protocol, side, first, last, range } => {
                self.ports(*protocol, *side, *first, *last, *range)
            }
            Primitive::ProtocolNumber { proto, number } => self.protocol_number(*proto, *number),
            Primitive::Broadcast(proto) => self.broadcast(*proto),
            Primitive::Multicast(proto) => self.multicast(*proto),
            Primitive::Less(len) => {
                let wire_len = self.values.wire_len();
                Ok(self.compare(wire_len, Comparison::Greater, *len, "length").not())
            }
            Primitive::Greater(len) => {
                let wire_len = self.values.wire_len();
                Ok(self.compare(wire_len, Comparison::GreaterOrEqual, *len, "length"))
            }
            Primitive::Byte { offset, test, value } => Ok(self.byte(*offset, *test, *value)),
            Primitive::Compare(relation, left, right) => self.relation(*relation, left, right),
            Primitive::Inbound => Ok(self.outbound()?.not()),
            Primitive::Outbound => self.outbound(),
            Primitive::Ifindex(number) => self.ifindex(*number),
            Primitive::Vlan(id) => self.vlan(*id),
            Primitive::Mpls(label) => self.mpls(*label),
            Primitive::PppoeDiscovery => self.link_type(0x8863),
            Primitive::PppoeSession(session) => self.pppoe_session(*session),
            Primitive::Geneve(vni) => self.geneve(*vni),
            Primitive::ProtocolChain { proto, number } => self.protocol_chain(*proto, *number),
        }
    }

    fn error(&self, message: impl Into<String>) -> FilterError {
        FilterError::new(self.text, self.span, message)
    }

    fn no_such_on_link(&self, what: &str) -> FilterError {
        self.error(format!("{what} on {} links", self.layout.link.name()))
    }

    fn test(&mut self, value: Val, comparison: Comparison, against: Val, what: &'static str) -> Cond {
        match (self.values.constant_of(value), self.values.constant_of(against)) {
            (Some(left), Some(right)) => Cond::Const(comparison.holds(left, right)),
            _ => Cond::Test(Test { value, comparison, against, what }),
        }
    }

    fn compare(&mut self, value: Val, comparison: Comparison, number: u32, what: &'static str) -> Cond {
        let against = self.values.constant(number);
        self.test(value, comparison, against, what)
    }

    /// True if `size` octets at `at` are `number`.
    fn equal(&mut self, size: u8, at: impl Into<Place>, number: u32, what: &'static str) -> Cond {
        let value = self.values.load(size, at);
        self.compare(value, Comparison::Equal, number, what)
    }

    /// True if the bits of `mask` in `size` octets at `at` are those of `number`.
    fn equal_masked(&mut self, size: u8, at: impl Into<Place>, number: u32, mask: u32, what: &'static str) -> Cond {
        if mask == 0 {
            return Cond::Const(true);
        }
        let value = self.values.load(size, at);
        let full = if size == 4 { u32::MAX } else { (1 << (8 * u32::from(size))) - 1 };
        if mask == full {
            return self.compare(value, Comparison::Equal, number, what);
        }
        let masked = self.values.masked(value, mask);
        self.compare(masked, Comparison::Equal, number, what)
    }

    /// Always true, once the octets that `value` is made of have been read.
    fn read(&mut self, value: Val, what: &'static str) -> Cond {
        let test = self.compare(value, Comparison::GreaterOrEqual, 0, what);
        Cond::Any(vec![test, Cond::Const(true)])
    }

    /// True if the octets at `at` are these; the last ones are compared first.
    fn equal_octets(&mut self, at: Place, octets: &[u8], what: &'static str) -> Cond {
        let mut parts = Vec::new();
        let mut end = octets.len();
        while end > 0 {
            let size = match end {
                4.. => 4,
                2.. => 2,
                _ => 1,
            };
            end -= size;
            let number = octets[end..end + size].iter().fold(0, |number, octet| number << 8 | u32::from(*octet));
            parts.push(self.equal(size as u8, at + end as u32, number, what));
        }
        Cond::All(parts)
    }

    /// `condition` for source, destination, either or both.
    fn sides<E>(&mut self, side: Side, mut one: impl FnMut(&mut Self, bool) -> Result<Cond, E>) -> Result<Cond, E> {
        Ok(match side {
            Side::Source => one(self, true)?,
            Side::Destination => one(self, false)?,
            Side::Either => Cond::Any(vec![one(self, true)?, one(self, false)?]),
            Side::Both => Cond::All(vec![one(self, true)?, one(self, false)?]),
        })
    }

    fn byte(&mut self, offset: u32, test: ByteTest, number: u32) -> Cond {
        let value = self.values.load(1, self.layout.link_header + offset);
        match test {
            ByteTest::Equal => self.compare(value, Comparison::Equal, number, "octet"),
            ByteTest::Less => self.compare(value, Comparison::GreaterOrEqual, number, "octet").not(),
            ByteTest::Greater => self.compare(value, Comparison::Greater, number, "octet"),
            ByteTest::And => self.compare(value, Comparison::AnyBit, number, "octet"),
            ByteTest::Or => {
                let number = self.values.constant(number);
                let joined = self.values.binary(super::ast::Operation::Or, value, number).unwrap_or(value);
                self.compare(joined, Comparison::Equal, 0, "octet").not()
            }
        }
    }

    /// A comparison holds only for packets that have the headers it reads.
    fn relation(&mut self, relation: Relation, left: &Arith, right: &Arith) -> Result<Cond, FilterError> {
        let mut guards = Vec::new();
        let left = self.arith(left, &mut guards)?;
        let right = self.arith(right, &mut guards)?;
        let (comparison, negated) = match relation {
            Relation::Equal => (Comparison::Equal, false),
            Relation::NotEqual => (Comparison::Equal, true),
            Relation::Greater => (Comparison::Greater, false),
            Relation::GreaterOrEqual => (Comparison::GreaterOrEqual, false),
            Relation::Less => (Comparison::GreaterOrEqual, true),
            Relation::LessOrEqual => (Comparison::Greater, true),
        };
        let test = self.test(left, comparison, right, "value");
        guards.push(if negated { test.not() } else { test });
        Ok(Cond::All(guards))
    }

    fn arith(&mut self, arith: &Arith, guards: &mut Vec<Cond>) -> Result<Val, FilterError> {
        Ok(match arith {
            Arith::Number(number) => self.values.constant(*number),
            Arith::Length => self.values.wire_len(),
            Arith::Negate(inner) => {
                let inner = self.arith(inner, guards)?;
                self.values.negate(inner)
            }
            Arith::Binary(operation, left, right, span) => {
                let left = self.arith(left, guards)?;
                // As in tcpdump, only the left operand says which headers must be there; `--explain-filter` warns.
                let right = self.arith(right, &mut Vec::new())?;
                let result = self.values.binary(*operation, left, right);
                result.ok_or_else(|| FilterError::new(self.text, *span, "division by zero"))?
            }
            Arith::Load { proto, index, size, span } => {
                let mut index_guards = Vec::new();
                let index = self.arith(index, &mut index_guards)?;
                self.span = *span;
                let value = self.load_by_index(*proto, index, *size, &mut index_guards)?;
                guards.append(&mut index_guards);
                value
            }
        })
    }

    fn load_by_index(
        &mut self,
        proto: Proto,
        index: Val,
        size: u8,
        guards: &mut Vec<Cond>,
    ) -> Result<Val, FilterError> {
        Ok(match proto {
            Proto::Link => self.load_behind(size, self.layout.link_header, index),
            Proto::Tcp
            | Proto::Udp
            | Proto::Sctp
            | Proto::Icmp
            | Proto::Igmp
            | Proto::Igrp
            | Proto::Pim
            | Proto::Vrrp
            | Proto::Carp => {
                guards.insert(0, self.protocol(Proto::Ip)?);
                guards.push(self.protocol(proto)?);
                guards.push(self.not_a_later_fragment());
                let transport = self.transport();
                self.load_behind(size, transport, index)
            }
            Proto::Icmp6 => {
                guards.push(self.protocol(Proto::Ip6)?);
                let ip = self.layout.ip();
                guards.push(self.equal(1, ip + 6, 58, "next header"));
                self.load_behind(size, ip + 40, index)
            }
            _ => {
                guards.push(self.protocol(proto)?);
                self.load_behind(size, self.layout.ip(), index)
            }
        })
    }

    /// `size` octets, `index` octets behind a place.
    fn load_behind(&mut self, size: u8, place: Place, index: Val) -> Val {
        let at = self.values.behind(place, index);
        self.values.load(size, at)
    }

    /// What follows the IPv4 header.
    fn transport(&mut self) -> Place {
        let ip = self.layout.ip();
        let header_len = self.values.header_len(ip);
        self.values.behind(ip, header_len)
    }

    /// True if the host sent the packet.
    fn outbound(&mut self) -> Result<Cond, FilterError> {
        match (self.target, self.layout.link) {
            (_, Link::Sll) => Ok(self.equal(2, self.layout.link_header, 4, "packet type")),
            (_, Link::Sll2) => Ok(self.equal(1, self.layout.link_header + 10, 4, "packet type")),
            (Target::Kernel, _) => Ok(self.equal(2, ancillary::PACKET_TYPE, 4, "packet type")),
            (Target::File, _) => Err(self
                .no_such_on_link("the direction of a packet is not stored in files")
                .hint("it is with Linux cooked captures, and when capturing live")),
        }
    }

    fn ifindex(&mut self, number: u32) -> Result<Cond, FilterError> {
        match (self.target, self.layout.link) {
            (_, Link::Sll2) => Ok(self.equal(4, self.layout.link_header + 4, number, "interface index")),
            (Target::Kernel, _) => Ok(self.equal(4, ancillary::INTERFACE_INDEX, number, "interface index")),
            (Target::File, _) => Err(self
                .no_such_on_link("the index of the interface is not stored in files")
                .hint("it is with Linux cooked captures of version 2, and when capturing live")),
        }
    }
}
