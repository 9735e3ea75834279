//! The types of values, and literals of each.

use std::cmp::Ordering;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::analysis::Severity;
use crate::base::MacAddr;

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Flag,
    Mac,
    V4,
    V6,
    Octets,
    Text,
    Severity,
    /// The octets of a protocol from its header on.
    Protocol,
}

impl Kind {
    /// What it is called in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Flag => "a flag (0 or 1)",
            Kind::Mac => "an Ethernet address",
            Kind::V4 => "an IPv4 address",
            Kind::V6 => "an IPv6 address",
            Kind::Octets => "octets",
            Kind::Text => "text",
            Kind::Severity => "a severity (chat, note, warning, error)",
            Kind::Protocol => "a protocol",
        }
    }
}

/// A value of a packet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Datum<'a> {
    Number(u64),
    Flag(bool),
    Mac(MacAddr),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Octets(&'a [u8]),
    Text(&'a str),
    Severity(Severity),
}

/// A value in the filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Number(u64),
    Mac(MacAddr),
    V4 { address: Ipv4Addr, prefix: u32 },
    V6 { address: Ipv6Addr, prefix: u32 },
    Octets(Vec<u8>),
    Text(String),
    Severity(Severity),
}

impl Datum<'_> {
    /// How it compares with a literal; `None` if it does not.
    pub(super) fn compare(&self, literal: &Literal) -> Option<Ordering> {
        Some(match (self, literal) {
            (Datum::Number(number), Literal::Number(wanted)) => number.cmp(wanted),
            (Datum::Flag(flag), Literal::Number(wanted)) => u64::from(*flag).cmp(wanted),
            (Datum::Mac(address), Literal::Mac(wanted)) => address.0.cmp(&wanted.0),
            (Datum::V4(address), Literal::V4 { address: wanted, prefix }) => {
                let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
                (u32::from(*address) & mask).cmp(&(u32::from(*wanted) & mask))
            }
            (Datum::V6(address), Literal::V6 { address: wanted, prefix }) => {
                let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
                (u128::from(*address) & mask).cmp(&(u128::from(*wanted) & mask))
            }
            (Datum::Octets(octets), Literal::Octets(wanted)) => (*octets).cmp(wanted.as_slice()),
            (Datum::Octets(octets), Literal::Text(wanted)) => (*octets).cmp(wanted.as_bytes()),
            (Datum::Text(text), Literal::Text(wanted)) => (*text).cmp(wanted.as_str()),
            (Datum::Severity(severity), Literal::Severity(wanted)) => severity.cmp(wanted),
            _ => return None,
        })
    }

    /// How it compares with another value of a packet.
    pub(super) fn compare_with(&self, other: &Datum<'_>) -> Option<Ordering> {
        Some(match (self, other) {
            (Datum::Number(a), Datum::Number(b)) => a.cmp(b),
            (Datum::Flag(a), Datum::Flag(b)) => a.cmp(b),
            (Datum::Mac(a), Datum::Mac(b)) => a.0.cmp(&b.0),
            (Datum::V4(a), Datum::V4(b)) => a.cmp(b),
            (Datum::V6(a), Datum::V6(b)) => a.cmp(b),
            (Datum::Octets(a), Datum::Octets(b)) => a.cmp(b),
            (Datum::Text(a), Datum::Text(b)) => a.cmp(b),
            (Datum::Severity(a), Datum::Severity(b)) => a.cmp(b),
            _ => return None,
        })
    }

    /// Hands its octets over, as they are on the wire.
    pub(super) fn with_octets<T>(&self, each: impl FnOnce(&[u8]) -> T) -> T {
        match self {
            Datum::Number(number) => each(&number.to_be_bytes()),
            Datum::Flag(flag) => each(&[u8::from(*flag)]),
            Datum::Mac(address) => each(&address.0),
            Datum::V4(address) => each(&address.octets()),
            Datum::V6(address) => each(&address.octets()),
            Datum::Octets(octets) => each(octets),
            Datum::Text(text) => each(text.as_bytes()),
            Datum::Severity(severity) => each(severity.name().as_bytes()),
        }
    }
}
