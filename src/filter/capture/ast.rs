//! A parsed capture filter: names resolved, qualifiers settled, nothing yet decided about link types.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::filter::Span;

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    /// All of two or more hold; tested from the left.
    And(Vec<Expr>),
    /// One of two or more holds; tested from the left.
    Or(Vec<Expr>),
    Not(Box<Expr>, Span),
    Primitive(Primitive, Span),
}

impl Expr {
    /// Where it stands in the text.
    pub(crate) fn span(&self) -> Span {
        match self {
            Expr::And(parts) | Expr::Or(parts) => match (parts.first(), parts.last()) {
                (Some(first), Some(last)) => first.span().to(last.span()),
                _ => Span::default(),
            },
            Expr::Not(_, span) | Expr::Primitive(_, span) => *span,
        }
    }
}

/// Which of two addresses or ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Destination,
    Either,
    Both,
}

/// Words that name a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Proto {
    Link,
    Ip,
    Ip6,
    Arp,
    Rarp,
    Tcp,
    Udp,
    Sctp,
    Icmp,
    Icmp6,
    Igmp,
    Igrp,
    Pim,
    Vrrp,
    Carp,
    Ah,
    Esp,
    Atalk,
    Aarp,
    Decnet,
    Lat,
    Sca,
    Mopdl,
    Moprc,
    Iso,
    Clnp,
    Esis,
    Isis,
    IsisLevel1,
    IsisLevel2,
    IsisHello,
    IsisLsp,
    IsisSnp,
    IsisCsnp,
    IsisPsnp,
    Stp,
    Ipx,
    Netbeui,
    Radio,
}

impl Proto {
    /// The protocol of a word.
    pub(crate) fn from_word(word: &str) -> Option<Proto> {
        PROTO_WORDS.iter().find(|(known, _)| *known == word).map(|(_, proto)| *proto)
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        PROTO_WORDS.iter().find(|(_, proto)| *proto == self).map_or("", |(word, _)| word)
    }
}

pub(super) const PROTO_WORDS: &[(&str, Proto)] = &[
    ("ether", Proto::Link),
    ("link", Proto::Link),
    ("ppp", Proto::Link),
    ("slip", Proto::Link),
    ("fddi", Proto::Link),
    ("tr", Proto::Link),
    ("wlan", Proto::Link),
    ("ip", Proto::Ip),
    ("ip6", Proto::Ip6),
    ("arp", Proto::Arp),
    ("rarp", Proto::Rarp),
    ("tcp", Proto::Tcp),
    ("udp", Proto::Udp),
    ("sctp", Proto::Sctp),
    ("icmp", Proto::Icmp),
    ("icmp6", Proto::Icmp6),
    ("igmp", Proto::Igmp),
    ("igrp", Proto::Igrp),
    ("pim", Proto::Pim),
    ("vrrp", Proto::Vrrp),
    ("carp", Proto::Carp),
    ("ah", Proto::Ah),
    ("esp", Proto::Esp),
    ("atalk", Proto::Atalk),
    ("aarp", Proto::Aarp),
    ("decnet", Proto::Decnet),
    ("lat", Proto::Lat),
    ("sca", Proto::Sca),
    ("mopdl", Proto::Mopdl),
    ("moprc", Proto::Moprc),
    ("iso", Proto::Iso),
    ("clnp", Proto::Clnp),
    ("esis", Proto::Esis),
    ("es-is", Proto::Esis),
    ("isis", Proto::Isis),
    ("is-is", Proto::Isis),
    ("l1", Proto::IsisLevel1),
    ("l2", Proto::IsisLevel2),
    ("iih", Proto::IsisHello),
    ("lsp", Proto::IsisLsp),
    ("snp", Proto::IsisSnp),
    ("csnp", Proto::IsisCsnp),
    ("psnp", Proto::IsisPsnp),
    ("stp", Proto::Stp),
    ("ipx", Proto::Ipx),
    ("netbeui", Proto::Netbeui),
    ("radio", Proto::Radio),
];

/// What a host is named by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    V4 { address: Ipv4Addr, mask: u32 },
    V6 { address: Ipv6Addr, mask: u128 },
    Mac([u8; 6]),
    Decnet(u16),
}

/// Transports that a port is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PortProtocol {
    Any,
    Tcp,
    Udp,
    Sctp,
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// The operations of arithmetic, unsigned and modulo 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Operation {
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Operation::Add => "+",
            Operation::Subtract => "-",
            Operation::Multiply => "*",
            Operation::Divide => "/",
            Operation::Modulo => "%",
            Operation::And => "&",
            Operation::Or => "|",
            Operation::Xor => "^",
            Operation::ShiftLeft => "<<",
            Operation::ShiftRight => ">>",
        }
    }
}

/// A number computed from the packet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arith {
    Number(u32),
    Length,
    /// `size` octets of the header of `proto` at `index`.
    Load {
        proto: Proto,
        index: Box<Arith>,
        size: u8,
        span: Span,
    },
    Negate(Box<Arith>),
    Binary(Operation, Box<Arith>, Box<Arith>, Span),
}

/// How one octet is compared by `byte N OP M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteTest {
    Equal,
    Less,
    Greater,
    And,
    Or,
}

/// One test that a filter can make.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Primitive {
    /// The bare name of a protocol.
    Protocol(Proto),
    /// `host`, `net`, or neither word.
    Host {
        proto: Option<Proto>,
        side: Side,
        address: Address,
    },
    /// `port` and `portrange`.
    Port {
        protocol: PortProtocol,
        side: Side,
        first: u16,
        last: u16,
        range: bool,
    },
    /// `proto`.
    ProtocolNumber {
        proto: Option<Proto>,
        number: u32,
    },
    /// `protochain`.
    ProtocolChain {
        proto: Option<Proto>,
        number: u32,
    },
    /// `broadcast`.
    Broadcast(Option<Proto>),
    /// `multicast`.
    Multicast(Option<Proto>),
    /// `less`: this many octets or fewer.
    Less(u32),
    /// `greater`: this many octets or more.
    Greater(u32),
    /// `byte N OP M`.
    Byte {
        offset: u32,
        test: ByteTest,
        value: u32,
    },
    /// A comparison.
    Compare(Relation, Arith, Arith),
    Inbound,
    Outbound,
    Ifindex(u32),
    Vlan(Option<u32>),
    Mpls(Option<u32>),
    PppoeDiscovery,
    PppoeSession(Option<u32>),
    Geneve(Option<u32>),
}
