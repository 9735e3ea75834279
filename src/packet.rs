//! The waist of the hourglass: a packet with its number and time, and the trait of everything that yields packets.
//!
//! Files, NICs, memory and simulated ports all end in [`PacketSource`]; decoding, analysis and rendering begin there and
//! cannot tell them apart.

use std::error::Error;

use crate::base::Timestamp;
use crate::wire::{self, Frame, LinkType};

/// What is known of a packet besides its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Position in the capture, from 1.
    pub number: u64,
    /// When it was captured.
    pub at: Timestamp,
    /// What the octets begin with.
    pub link: LinkType,
    /// The interface of the capture it came from, from 0.
    pub interface: u32,
    /// Octets the packet had on the wire; more than were captured if it was cut.
    pub wire_len: u32,
    /// Which way it went past the capturing host, where the source knows.
    pub direction: Option<Direction>,
    /// True if the kernel said that the sums of this packet were not filled in yet (checksum offload).
    pub checksum_not_ready: bool,
}

impl Meta {
    /// A meta for a whole packet of `wire_len` octets, from interface 0, direction unknown.
    pub const fn new(number: u64, at: Timestamp, link: LinkType, wire_len: u32) -> Meta {
        Meta { number, at, link, interface: 0, wire_len, direction: None, checksum_not_ready: false }
    }
}

/// Which way a packet went past the capturing host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The host received it (or saw it pass).
    Inbound,
    /// The host sent it.
    Outbound,
}

/// A packet as it was captured: its meta and its octets, borrowed from the source.
#[derive(Clone, Copy, Debug)]
pub struct RawPacket<'a> {
    /// Number, time, link type, length.
    pub meta: Meta,
    /// The captured octets; no more than `meta.wire_len`, unless the file says otherwise.
    pub bytes: &'a [u8],
}

/// A decoded packet.
#[derive(Debug)]
pub struct Packet<'a> {
    /// Number, time, link type, length.
    pub meta: Meta,
    /// Its layers.
    pub frame: Frame<'a>,
}

impl<'a> Packet<'a> {
    /// Decodes the octets of `raw`. Never fails: what is wrong with them becomes an issue of the frame.
    pub fn decode(raw: RawPacket<'a>) -> Packet<'a> {
        let RawPacket { meta, bytes } = raw;
        // As `wire::decode` does, so that the frame comes into being where it stays: half a kilobyte is not copied.
        if let Some(plain) = wire::plain(meta.link, bytes, meta.wire_len) {
            return Packet { meta, frame: plain.frame(bytes, meta.wire_len) };
        }
        Packet { meta, frame: wire::walk(meta.link, bytes, meta.wire_len) }
    }
}

/// What a source says beside its packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The packet it belongs to, if it belongs to one; the number of the packet that follows it in the stream.
    pub packet: Option<u64>,
    /// When, if it has a time.
    pub at: Option<Timestamp>,
    /// What kind of remark.
    pub kind: RemarkKind,
    /// The remark, harmless to print.
    pub text: String,
}

/// The kinds of remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemarkKind {
    /// A comment stored in the capture.
    Comment,
    /// Packets that the capturing side lost, and how many.
    Dropped(u64),
    /// The file is damaged from here on; all before it was whole.
    Damage,
    /// Anything else worth a line.
    Note,
}

/// One step of a source.
#[derive(Debug)]
pub enum Item<'a> {
    /// A packet.
    Packet(RawPacket<'a>),
    /// Something said beside the packets.
    Remark(Remark),
    /// Nothing came for a while (live sources only): time to write out what is waiting.
    Idle,
}

/// Everything that yields packets, one after another, lending its octets until the next call.
pub trait PacketSource {
    /// The next packet or remark; `None` at the end, and at every call after it.
    ///
    /// # Errors
    /// When the source cannot go on: it cannot be read, or the interface is gone. A damaged end of a file is not an
    /// error but a remark of kind [`RemarkKind::Damage`] before the end. After an error the source is at its end.
    fn next_item(&mut self) -> Result<Option<Item<'_>>, SourceError>;
}

impl<S: PacketSource + ?Sized> PacketSource for Box<S> {
    fn next_item(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        (**self).next_item()
    }
}

/// Why a source cannot go on, in a sentence for its user.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct SourceError {
    sentence: String,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl SourceError {
    /// An error with its whole sentence: file or interface, place, reason and way out.
    pub fn new(sentence: impl Into<String>) -> SourceError {
        SourceError { sentence: sentence.into(), cause: None }
    }

    /// The same with the error that caused it.
    pub fn caused_by(sentence: impl Into<String>, cause: impl Error + Send + Sync + 'static) -> SourceError {
        SourceError { sentence: sentence.into(), cause: Some(Box::new(cause)) }
    }
}
