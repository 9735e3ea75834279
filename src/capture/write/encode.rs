//! From packets to the octets of a file.
//!
//! pcap-file writes the headers, the descriptions and the statistics. The two records that come once a packet are written
//! here: its block writer encodes each block twice to learn its length, wants the options in a vector, and refuses packets
//! with fewer octets on the wire than captured, which do occur.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use pcap_file::pcap::{PcapHeader, PcapTsResolution};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::interface_statistics::{InterfaceStatisticsBlock, InterfaceStatisticsOption};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{Block, PcapNgWriter};
use pcap_file::{DataLink, Endianness};

use crate::base::Timestamp;
use crate::capture::{Format, Interface};
use crate::packet::{Direction, RawPacket};
use crate::wire::LinkType;

/// The largest text of an option: its length is a 16-bit number, and no one reads more.
const MAX_TEXT_LEN: usize = 32_768;

/// Octets of an Enhanced Packet Block around its packet: type, length, five numbers, length again.
const PACKET_BLOCK_LEN: usize = 32;
/// Octets of the `epb_flags` option and of the end of options.
const FLAGS_LEN: usize = 8;
const END_LEN: usize = 4;
/// Octets of a pcap record header.
const RECORD_HEADER_LEN: usize = 16;

/// Encodes packets and what surrounds them; everything is appended to a block.
pub(super) struct Encoder {
    format: Format,
    snaplen: u32,
    /// Knows the section and its interfaces; its memory is empty between calls.
    section: Option<PcapNgWriter<Vec<u8>>>,
}

impl Encoder {
    pub(super) fn new(format: Format, snaplen: u32) -> Encoder {
        Encoder { format, snaplen, section: None }
    }

    /// The head of a file.
    pub(super) fn head(&mut self, block: &mut Vec<u8>, link: LinkType, comments: &[String]) {
        if self.format == Format::Pcap {
            let header = PcapHeader {
                snaplen: self.snaplen,
                datalink: DataLink::from(u32::from(link.0)),
                ts_resolution: PcapTsResolution::NanoSecond,
                endianness: Endianness::Little,
                ..PcapHeader::default()
            };
            // Writing into memory does not fail.
            let _ = header.write_to(block);
            return;
        }
        let application = concat!("netlab ", env!("CARGO_PKG_VERSION"));
        let comments = comments
            .iter()
            .map(|comment| SectionHeaderOption::Common(CommonOption::Comment(Cow::Borrowed(shortened(comment)))));
        let options = comments.chain([SectionHeaderOption::UserApplication(Cow::Borrowed(application))]).collect();
        let section = SectionHeaderBlock { endianness: Endianness::Little, options, ..SectionHeaderBlock::default() };
        self.section = PcapNgWriter::with_section_header(Vec::new(), section).ok();
        self.collect(block);
    }

    /// The description of an interface; nothing in pcap.
    pub(super) fn interface(&mut self, block: &mut Vec<u8>, interface: &Interface) {
        use InterfaceDescriptionOption::{IfDescription, IfFcsLen, IfFilter, IfName, IfTsResol};
        let Some(section) = &mut self.section else { return };
        let text = |text: &String| Cow::Owned(shortened(text).to_owned());
        let mut options = Vec::new();
        if !interface.name.is_empty() {
            options.push(IfName(text(&interface.name)));
        }
        if !interface.description.is_empty() {
            options.push(IfDescription(text(&interface.description)));
        }
        options.push(IfTsResol(InterfaceTsResolution::NANO));
        if !interface.filter.is_empty() {
            // The first octet says that it is text in the language of libpcap.
            let filter = [&[0], shortened(&interface.filter).as_bytes()].concat();
            options.push(IfFilter(Cow::Owned(filter)));
        }
        options.extend(interface.fcs_len.map(IfFcsLen));
        let snaplen = if interface.snaplen == 0 { self.snaplen } else { interface.snaplen };
        let link = DataLink::from(u32::from(interface.link.0));
        let description = InterfaceDescriptionBlock { linktype: link, snaplen, options };
        let _ = section.write_block(&Block::InterfaceDescription(description));
        self.collect(block);
    }

    /// What an interface received and lost up to `at`, if anybody knows; nothing in pcap.
    pub(super) fn statistics(&mut self, block: &mut Vec<u8>, id: u32, at: Timestamp, interface: &Interface) {
        let Some(section) = &mut self.section else { return };
        let received = interface.received.map(InterfaceStatisticsOption::IsbIfRecv);
        let dropped = interface.dropped.map(InterfaceStatisticsOption::IsbIfDrop);
        let options: Vec<_> = received.into_iter().chain(dropped).collect();
        if options.is_empty() {
            return;
        }
        let timestamp = Duration::from_nanos(at.nanos());
        let statistics = InterfaceStatisticsBlock { interface_id: id, timestamp, options };
        let _ = section.write_block(&Block::InterfaceStatistics(statistics));
        self.collect(block);
    }

    /// A packet of the interface with the number `id`.
    #[inline]
    pub(super) fn packet<S: AsRef<str>>(&self, block: &mut Vec<u8>, id: u32, raw: &RawPacket<'_>, comments: &[S]) {
        match self.format {
            Format::Pcap => record(block, raw),
            Format::Pcapng => enhanced_packet(block, id, raw, comments),
        }
    }

    /// The most octets that a packet of `len` captured octets takes, without comments.
    pub(super) fn packet_len(&self, len: usize) -> u64 {
        match self.format {
            Format::Pcap => (RECORD_HEADER_LEN + len) as u64,
            Format::Pcapng => (PACKET_BLOCK_LEN + len.next_multiple_of(4) + FLAGS_LEN + END_LEN) as u64,
        }
    }

    fn collect(&mut self, block: &mut Vec<u8>) {
        if let Some(section) = &mut self.section {
            block.append(section.get_mut());
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("format", &self.format).field("snaplen", &self.snaplen).finish_non_exhaustive()
    }
}

/// A pcap record (draft-ietf-opsawg-pcap §5), little-endian with nanoseconds.
#[inline]
fn record(block: &mut Vec<u8>, raw: &RawPacket<'_>) {
    let at = raw.meta.at;
    let seconds = u32::try_from(at.seconds()).unwrap_or(u32::MAX);
    let mut header = [0; RECORD_HEADER_LEN];
    let numbers = [seconds, at.subsec_nanos(), raw.bytes.len() as u32, raw.meta.wire_len];
    put(&mut header, numbers);
    block.extend_from_slice(&header);
    block.extend_from_slice(raw.bytes);
}

/// An Enhanced Packet Block (draft-ietf-opsawg-pcapng §4.3), little-endian.
#[inline]
fn enhanced_packet<S: AsRef<str>>(block: &mut Vec<u8>, id: u32, raw: &RawPacket<'_>, comments: &[S]) {
    let len = raw.bytes.len();
    let padding = len.next_multiple_of(4) - len;
    let has_options = raw.meta.direction.is_some() || !comments.is_empty();
    let mut block_len = PACKET_BLOCK_LEN + len + padding;
    if has_options {
        let of_comments = comments.iter().map(|comment| 4 + shortened(comment.as_ref()).len().next_multiple_of(4));
        let of_flags = if raw.meta.direction.is_some() { FLAGS_LEN } else { 0 };
        block_len += of_flags + of_comments.sum::<usize>() + END_LEN;
    }
    let ticks = raw.meta.at.nanos();
    let mut front = [0; PACKET_BLOCK_LEN - 4];
    let (high, low) = ((ticks >> 32) as u32, ticks as u32);
    put(&mut front, [ENHANCED_PACKET, block_len as u32, id, high, low, len as u32, raw.meta.wire_len]);
    block.extend_from_slice(&front);
    block.extend_from_slice(raw.bytes);
    block.extend_from_slice(&[0; 3][..padding]);
    if has_options {
        packet_options(block, raw.meta.direction, comments);
    }
    block.extend_from_slice(&(block_len as u32).to_le_bytes());
}

fn packet_options<S: AsRef<str>>(block: &mut Vec<u8>, direction: Option<Direction>, comments: &[S]) {
    for comment in comments {
        let text = shortened(comment.as_ref());
        block.extend_from_slice(&OPTION_COMMENT.to_le_bytes());
        block.extend_from_slice(&(text.len() as u16).to_le_bytes());
        block.extend_from_slice(text.as_bytes());
        block.extend_from_slice(&[0; 3][..text.len().next_multiple_of(4) - text.len()]);
    }
    if let Some(direction) = direction {
        let flags: u32 = match direction {
            Direction::Inbound => 1,
            Direction::Outbound => 2,
        };
        block.extend_from_slice(&OPTION_FLAGS.to_le_bytes());
        block.extend_from_slice(&4_u16.to_le_bytes());
        block.extend_from_slice(&flags.to_le_bytes());
    }
    // opt_endofopt: code and length are both zero.
    block.extend_from_slice(&[0; END_LEN]);
}

const ENHANCED_PACKET: u32 = 6;
const OPTION_COMMENT: u16 = 1;
const OPTION_FLAGS: u16 = 2;

/// Fills `octets` with `numbers`, little-endian.
#[inline]
fn put<const N: usize>(octets: &mut [u8], numbers: [u32; N]) {
    for (four, number) in octets.chunks_exact_mut(4).zip(numbers) {
        four.copy_from_slice(&number.to_le_bytes());
    }
}

/// `text`, cut at a character if it is too long for an option.
fn shortened(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_LEN)]
}
