//! What can be said of each header. Every field is public, so that a test can set the one it is about; `new` fills in
//! what is plain.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::base::MacAddr;
use crate::wire::TcpFlags;

/// What to store as a checksum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sum {
    /// The right one.
    #[default]
    Right,
    /// The sum of the pseudo-header alone, as Linux leaves it for the card to complete.
    Partial,
    /// The same without its length, as left before segmentation offload.
    PartialWithoutLength,
    /// This value, right or wrong; 0 in UDP over IPv4 means that none was made.
    Stored(u16),
}

/// An ARP packet for IPv4 over Ethernet (RFC 826).
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct ArpFields {
    /// 1 request, 2 reply.
    pub operation: u16,
    pub sender_mac: MacAddr,
    pub sender_ip: Ipv4Addr,
    pub target_mac: MacAddr,
    pub target_ip: Ipv4Addr,
}

impl ArpFields {
    /// "Who has `target`? Tell `sender`."
    pub fn request(sender_mac: MacAddr, sender: impl Into<Ipv4Addr>, target: impl Into<Ipv4Addr>) -> ArpFields {
        ArpFields {
            operation: 1,
            sender_mac,
            sender_ip: sender.into(),
            target_mac: MacAddr::ZERO,
            target_ip: target.into(),
        }
    }

    /// "`sender` is at `sender_mac`", said to the target.
    pub fn reply(
        sender_mac: MacAddr,
        sender: impl Into<Ipv4Addr>,
        target_mac: MacAddr,
        target: impl Into<Ipv4Addr>,
    ) -> ArpFields {
        ArpFields { operation: 2, sender_mac, sender_ip: sender.into(), target_mac, target_ip: target.into() }
    }
}

/// An IPv4 header.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Ipv4Fields {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub dscp: u8,
    pub ecn: u8,
    pub identification: u16,
    pub reserved_flag: bool,
    pub dont_fragment: bool,
    pub more_fragments: bool,
    /// In octets, a multiple of 8.
    pub fragment_offset: u16,
    pub ttl: u8,
    /// Instead of the number of the header inside.
    pub protocol: Option<u8>,
    /// Options, filled up with zeros to a multiple of 4.
    pub options: Vec<u8>,
    pub version: u8,
    /// Instead of the true header length, in words of 4 octets.
    pub header_words: Option<u8>,
    /// Instead of the true total length.
    pub total_length: Option<u16>,
    pub checksum: Sum,
}

impl Ipv4Fields {
    /// A plain header between two addresses: TTL 64, DF unset, identification 0.
    pub fn new(source: impl Into<Ipv4Addr>, destination: impl Into<Ipv4Addr>) -> Ipv4Fields {
        Ipv4Fields {
            source: source.into(),
            destination: destination.into(),
            dscp: 0,
            ecn: 0,
            identification: 0,
            reserved_flag: false,
            dont_fragment: false,
            more_fragments: false,
            fragment_offset: 0,
            ttl: 64,
            protocol: None,
            options: Vec::new(),
            version: 4,
            header_words: None,
            total_length: None,
            checksum: Sum::Right,
        }
    }

    /// With this identification.
    pub fn identification(self, identification: u16) -> Ipv4Fields {
        Ipv4Fields { identification, ..self }
    }

    /// With this TTL.
    pub fn ttl(self, ttl: u8) -> Ipv4Fields {
        Ipv4Fields { ttl, ..self }
    }

    /// With DF set.
    pub fn dont_fragment(self) -> Ipv4Fields {
        Ipv4Fields { dont_fragment: true, ..self }
    }

    /// As a fragment at `offset` octets.
    pub fn fragment(self, offset: u16, more_fragments: bool) -> Ipv4Fields {
        Ipv4Fields { fragment_offset: offset, more_fragments, ..self }
    }

    /// With this protocol number.
    pub fn protocol(self, protocol: u8) -> Ipv4Fields {
        Ipv4Fields { protocol: Some(protocol), ..self }
    }

    pub(super) fn header_len(&self) -> usize {
        20 + self.options.len().next_multiple_of(4)
    }
}

/// An IPv6 header.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Ipv6Fields {
    pub source: Ipv6Addr,
    pub destination: Ipv6Addr,
    pub traffic_class: u8,
    pub flow_label: u32,
    pub hop_limit: u8,
    /// Instead of the number of the header inside.
    pub next_header: Option<u8>,
    pub version: u8,
    /// Instead of the true payload length.
    pub payload_length: Option<u16>,
}

impl Ipv6Fields {
    /// A plain header between two addresses: hop limit 64.
    pub fn new(source: impl Into<Ipv6Addr>, destination: impl Into<Ipv6Addr>) -> Ipv6Fields {
        Ipv6Fields {
            source: source.into(),
            destination: destination.into(),
            traffic_class: 0,
            flow_label: 0,
            hop_limit: 64,
            next_header: None,
            version: 6,
            payload_length: None,
        }
    }

    /// With this hop limit.
    pub fn hop_limit(self, hop_limit: u8) -> Ipv6Fields {
        Ipv6Fields { hop_limit, ..self }
    }

    /// With this next header number.
    pub fn next_header(self, next_header: u8) -> Ipv6Fields {
        Ipv6Fields { next_header: Some(next_header), ..self }
    }
}

/// The first 8 octets of an ICMP message; what it carries is the payload.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct IcmpFields {
    pub icmp_type: u8,
    pub code: u8,
    /// The four octets after the checksum.
    pub rest: u32,
    pub checksum: Sum,
}

impl IcmpFields {
    /// A message of this type and code whose next four octets are `rest`.
    pub fn new(icmp_type: u8, code: u8, rest: u32) -> IcmpFields {
        IcmpFields { icmp_type, code, rest, checksum: Sum::Right }
    }

    /// An echo message of this type: 8 and 0 in IPv4, 128 and 129 in IPv6.
    pub fn echo(icmp_type: u8, identifier: u16, sequence: u16) -> IcmpFields {
        IcmpFields::new(icmp_type, 0, u32::from(identifier) << 16 | u32::from(sequence))
    }

    /// With this checksum.
    pub fn checksum(self, checksum: Sum) -> IcmpFields {
        IcmpFields { checksum, ..self }
    }
}

/// A UDP header.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct UdpFields {
    pub source_port: u16,
    pub destination_port: u16,
    /// Instead of the true length.
    pub length: Option<u16>,
    pub checksum: Sum,
}

impl UdpFields {
    /// A plain header between two ports.
    pub fn new(source_port: u16, destination_port: u16) -> UdpFields {
        UdpFields { source_port, destination_port, length: None, checksum: Sum::Right }
    }

    /// With this length.
    pub fn length(self, length: u16) -> UdpFields {
        UdpFields { length: Some(length), ..self }
    }

    /// With this checksum.
    pub fn checksum(self, checksum: Sum) -> UdpFields {
        UdpFields { checksum, ..self }
    }
}

/// A TCP header.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct TcpFields {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence: u32,
    pub acknowledgment: u32,
    pub flags: TcpFlags,
    pub window: u16,
    pub urgent_pointer: u16,
    /// Options, filled up with zeros to a multiple of 4.
    pub options: Vec<u8>,
    /// Instead of the true header length, in words of 4 octets.
    pub header_words: Option<u8>,
    pub checksum: Sum,
}

impl TcpFields {
    /// A header between two ports: sequence and acknowledgment 0, no flags, window 64240.
    pub fn new(source_port: u16, destination_port: u16) -> TcpFields {
        TcpFields {
            source_port,
            destination_port,
            sequence: 0,
            acknowledgment: 0,
            flags: TcpFlags(0),
            window: 64240,
            urgent_pointer: 0,
            options: Vec::new(),
            header_words: None,
            checksum: Sum::Right,
        }
    }

    /// With this sequence number.
    pub fn sequence(self, sequence: u32) -> TcpFields {
        TcpFields { sequence, ..self }
    }

    /// With this acknowledgment number, and the ACK flag.
    pub fn acknowledgment(self, acknowledgment: u32) -> TcpFields {
        TcpFields { acknowledgment, flags: self.flags | TcpFlags::ACK, ..self }
    }

    /// With these flags beside those already there.
    pub fn flags(self, flags: TcpFlags) -> TcpFields {
        TcpFields { flags: self.flags | flags, ..self }
    }

    /// With this window.
    pub fn window(self, window: u16) -> TcpFields {
        TcpFields { window, ..self }
    }

    /// With this option after those already there.
    pub fn option(mut self, option: TcpOption) -> TcpFields {
        option.write(&mut self.options);
        self
    }

    /// With this checksum.
    pub fn checksum(self, checksum: Sum) -> TcpFields {
        TcpFields { checksum, ..self }
    }

    pub(super) fn header_len(&self) -> usize {
        20 + self.options.len().next_multiple_of(4)
    }
}

/// A TCP option.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TcpOption {
    NoOperation,
    MaximumSegmentSize(u16),
    WindowScale(u8),
    SackPermitted,
    /// Blocks from their first octet up to but not including their last (RFC 2018 §3).
    Sack(Vec<(u32, u32)>),
    /// Value and echo reply (RFC 7323 §3).
    Timestamps(u32, u32),
    /// A Fast Open cookie; empty to ask for one (RFC 7413 §4.1.1).
    FastOpen(Vec<u8>),
    /// Any kind, with the octets after its length.
    Other(u8, Vec<u8>),
}

impl TcpOption {
    fn write(&self, out: &mut Vec<u8>) {
        let mut option = |kind: u8, body: &[u8]| {
            out.extend_from_slice(&[kind, body.len() as u8 + 2]);
            out.extend_from_slice(body);
        };
        match self {
            TcpOption::NoOperation => out.push(1),
            TcpOption::MaximumSegmentSize(size) => option(2, &size.to_be_bytes()),
            TcpOption::WindowScale(shift) => option(3, &[*shift]),
            TcpOption::SackPermitted => option(4, &[]),
            TcpOption::Sack(blocks) => {
                let body: Vec<u8> = blocks
                    .iter()
                    .flat_map(|(left, right)| [left.to_be_bytes(), right.to_be_bytes()])
                    .flatten()
                    .collect();
                option(5, &body);
            }
            TcpOption::Timestamps(value, echo) => {
                let both = u64::from(*value) << 32 | u64::from(*echo);
                option(8, &both.to_be_bytes());
            }
            TcpOption::FastOpen(cookie) => option(34, cookie),
            TcpOption::Other(kind, body) => option(*kind, body),
        }
    }
}
