//! TCP (RFC 9293 §3.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------------------------------+-------------------------------+
//! |          source port          |       destination port        |
//! |                        sequence number                        |
//! |                     acknowledgment number                     |
//! +-------+-----+-+-+-+-+-+-+-+-+-+-------------------------------+
//! | offset| 0   |A|C|E|U|A|P|R|S|F|            window             |
//! |       |     |E|W|C|R|C|S|S|Y|I|                               |
//! |       |     | |R|E|G|K|H|T|N|N|                               |
//! +-------+-----+-+-+-+-+-+-+-+-+-+-------------------------------+
//! |           checksum            |        urgent pointer         |
//! |                   options (0 to 40 octets)                    |
//! +---------------------------------------------------------------+
//! ```

use super::issue::IssueCode;
use super::layer::{Layer, LayerKind};
use super::other::CutTransport;
use super::tcp_options::TcpOptions;
use super::walker::{Next, Walker, be16, be32};
use crate::base::Seq;

/// A TCP header: 20 to 60 octets, of which the options may be cut.
#[derive(Clone, Copy, Debug)]
pub struct Tcp<'a> {
    bytes: &'a [u8],
    payload: &'a [u8],
    payload_len: u32,
}

impl<'a> Tcp<'a> {
    /// The header in these octets, 20 at least, and its data.
    #[inline]
    pub(super) fn of(bytes: &'a [u8], payload: &'a [u8], payload_len: u32) -> Tcp<'a> {
        Tcp { bytes, payload, payload_len }
    }

    /// The captured octets of the header.
    #[inline]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Source port.
    #[inline]
    pub fn source_port(&self) -> u16 {
        be16(self.bytes, 0)
    }

    /// Destination port.
    #[inline]
    pub fn destination_port(&self) -> u16 {
        be16(self.bytes, 2)
    }

    /// Sequence number of the first octet, or of the SYN.
    #[inline]
    pub fn sequence(&self) -> Seq {
        Seq(be32(self.bytes, 4))
    }

    /// Acknowledgment number; means nothing without the ACK flag.
    #[inline]
    pub fn acknowledgment(&self) -> Seq {
        Seq(be32(self.bytes, 8))
    }

    /// Header length in octets as it stands: 20 to 60.
    #[inline]
    pub fn header_len(&self) -> usize {
        usize::from(self.bytes[12] >> 4) * 4
    }

    /// The control bits.
    #[inline]
    pub fn flags(&self) -> TcpFlags {
        TcpFlags(be16(self.bytes, 12) & 0x0fff)
    }

    /// Window as it stands, not scaled.
    #[inline]
    pub fn window(&self) -> u16 {
        be16(self.bytes, 14)
    }

    /// Checksum as it stands.
    #[inline]
    pub fn checksum(&self) -> u16 {
        be16(self.bytes, 16)
    }

    /// Urgent pointer; means nothing without the URG flag.
    #[inline]
    pub fn urgent_pointer(&self) -> u16 {
        be16(self.bytes, 18)
    }

    /// The options; `None` if they are cut, in which case they are unknown rather than absent.
    #[inline]
    pub fn options(&self) -> Option<TcpOptions<'a>> {
        (self.bytes.len() == self.header_len()).then(|| TcpOptions::new(&self.bytes[20..]))
    }

    /// The captured octets of the options; fewer than the header says if they are cut.
    #[inline]
    pub fn option_bytes(&self) -> &'a [u8] {
        &self.bytes[20..]
    }

    /// The captured octets of the data.
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Octets of data, as the headers say, captured or not.
    #[inline]
    pub fn payload_len(&self) -> u32 {
        self.payload_len
    }

    /// Sequence numbers that the segment occupies: its data, and one each for SYN and FIN.
    #[inline]
    pub fn sequence_len(&self) -> u32 {
        let flags = self.flags();
        self.payload_len + u32::from(flags.syn()) + u32::from(flags.fin())
    }
}

/// The TCP control bits, and the three reserved bits above them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TcpFlags(pub u16);

macro_rules! flag {
    ($($method:ident $constant:ident $bit:literal $what:literal;)*) => {
        impl TcpFlags {
            $(
                #[doc = $what]
                pub const $constant: TcpFlags = TcpFlags($bit);

                #[doc = concat!("True if set: ", $what)]
                pub const fn $method(self) -> bool {
                    self.0 & $bit != 0
                }
            )*
            /// Names of the flags from the lowest bit, as in JSON.
            pub const NAMES: [(&'static str, u16); 9] = [$((stringify!($constant), $bit)),*];
        }
    };
}

flag! {
    fin FIN 0x001 "no more data from the sender (RFC 9293 §3.1).";
    syn SYN 0x002 "synchronise sequence numbers.";
    rst RST 0x004 "reset the connection.";
    psh PSH 0x008 "hand the data to the application.";
    ack ACK 0x010 "the acknowledgment number counts.";
    urg URG 0x020 "the urgent pointer counts.";
    ece ECE 0x040 "congestion echo (RFC 3168).";
    cwr CWR 0x080 "congestion window reduced (RFC 3168).";
    ae AE 0x100 "accurate ECN (RFC 9768).";
}

impl TcpFlags {
    /// True if all bits of `flags` are set.
    #[inline]
    pub const fn contains(self, flags: TcpFlags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The names of the flags that are set, from the lowest bit.
    #[inline]
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(_, bit)| self.0 & bit != 0).map(|(name, _)| name)
    }
}

impl std::ops::BitOr for TcpFlags {
    type Output = TcpFlags;

    fn bitor(self, other: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 | other.0)
    }
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let rest = walker.rest();
    if rest.len() < 20 {
        walker.lacks(LayerKind::Tcp, 20);
        return CutTransport::walk(walker, 6);
    }
    let header_len = usize::from(rest[12] >> 4) * 4;
    let mut next = Next::Payload;
    let split = if header_len < 20 {
        walker.issue(IssueCode::BadHeaderLength, LayerKind::Tcp, 12, 20, header_len);
        next = Next::Stop;
        20
    } else if rest.len() < header_len {
        walker.lacks(LayerKind::Tcp, header_len);
        next = Next::Stop;
        rest.len()
    } else {
        header_len
    };
    if split == header_len && header_len > 20 && !rest[20..].starts_with(&[1, 1, 8, 10]) {
        walker.check_options(LayerKind::Tcp, 20, &rest[20..split]);
    }
    let tcp = Tcp {
        bytes: &rest[..split],
        payload: &rest[split..],
        payload_len: if header_len < 20 { 0 } else { walker.rest_len().saturating_sub(header_len) as u32 },
    };
    walker.push(Layer::Tcp(tcp), if next == Next::Stop { split } else { header_len });
    next
}
