//! The classic pcap format (draft-ietf-opsawg-pcap): one header, then records of sixteen octets and a packet each.
//!
//! The file header is taken apart by pcap-parser. The four numbers of a record header are read here, because three kinds
//! of file in use fit none of the parsers: big-endian "modified" files, and files of before version 2.4, whose two lengths
//! stand the other way round. All that tshark reads is read: times with a million microseconds and more, fewer octets on
//! the wire than captured, more captured than the snap length.

use std::ops::ControlFlow;

use pcap_parser::{PcapHeader, parse_pcap_header};

use super::interface::{Interface, Interfaces};
use super::reader::{Found, Place, Trouble, damage};
use super::summary::CaptureSummary;
use super::window::Window;
use crate::base::Timestamp;
use crate::base::limits::MAX_RECORD_LEN;
use crate::packet::{Item, Meta, RawPacket};
use crate::wire::LinkType;

/// Octets of the file header.
const HEADER_LEN: usize = 24;
/// Octets of a record header.
const RECORD_HEADER_LEN: usize = 16;
/// Octets of a record header in the "modified" format of Alexey Kuznetzov: interface index, protocol and packet type
/// follow the usual fields.
const MODIFIED_RECORD_HEADER_LEN: usize = 24;

/// A pcap file past its header.
#[derive(Debug)]
pub(super) struct Pcap {
    big_endian: bool,
    nanos_per_tick: u64,
    record_header_len: usize,
    lengths: Lengths,
    interface: u32,
    link: LinkType,
    records: u64,
}

/// The order of captured and original length, which files before version 2.4 had otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lengths {
    AsNow,
    Swapped,
    SwappedIfThatMakesSense,
}

impl Pcap {
    /// Reads the file header.
    pub(super) fn begin(
        window: &mut Window,
        interfaces: &Interfaces,
        summary: &mut CaptureSummary,
    ) -> Result<Pcap, Box<Trouble>> {
        if !window.fill_to(HEADER_LEN)? {
            let present = window.available().len();
            return Err(damage(format!("its pcap header needs {HEADER_LEN} octets, but only {present} are there")));
        }
        let range = window.consume(HEADER_LEN);
        let (header, is_modified, big_endian) =
            header_of(window.at(range)).ok_or_else(|| damage("its pcap header cannot be read".to_owned()))?;
        let (major, minor) = (header.version_major, header.version_minor);
        if major != 2 && (major, minor) != (543, 0) {
            return Err(damage(format!("it is pcap of version {major}.{minor}; netlab knows version 2")));
        }
        // The upper half of the link type field: bit 26 says that bits 28 to 31 give the length of a frame check
        // sequence in 16-bit units (draft-ietf-opsawg-pcap §4).
        let network = header.network.0 as u32;
        let interface = Interface {
            snaplen: header.snaplen,
            fcs_len: (network & 0x0400_0000 != 0).then_some(((network >> 28) * 2) as u8),
            ..Interface::of_link(LinkType(network as u16))
        };
        let link = interface.link;
        summary.snaplen = header.snaplen;
        Ok(Pcap {
            big_endian,
            nanos_per_tick: if header.is_nanosecond_precision() { 1 } else { 1000 },
            record_header_len: if is_modified { MODIFIED_RECORD_HEADER_LEN } else { RECORD_HEADER_LEN },
            lengths: match (major, minor) {
                (543, _) | (2, 0..=2) => Lengths::Swapped,
                (2, 3) => Lengths::SwappedIfThatMakesSense,
                _ => Lengths::AsNow,
            },
            interface: interfaces.add(interface),
            link,
            records: 0,
        })
    }

    /// The next record.
    #[inline]
    pub(super) fn next(&mut self, window: &mut Window, place: &mut Place) -> Result<Found, Box<Trouble>> {
        if !window.fill_to(self.record_header_len)? {
            if window.available().is_empty() {
                return Ok(Found::End);
            }
            let present = window.available().len();
            return Err(
                self.cut(window, format!("its header needs {} octets, {present} are left", self.record_header_len))
            );
        }
        let (seconds, ticks, mut captured, mut original) = self.fields(window.available());
        if self.lengths == Lengths::Swapped || self.lengths == Lengths::SwappedIfThatMakesSense && captured > original {
            (captured, original) = (original, captured);
        }
        let len = captured as usize;
        if len > MAX_RECORD_LEN {
            let offset = window.offset();
            let record = self.records + 1;
            return Err(damage(format!(
                "record {record} at octet {offset} claims {captured} captured octets, more than any packet has ({MAX_RECORD_LEN})"
            )));
        }
        let record_len = self.record_header_len + len;
        if !window.fill_to(record_len)? {
            let present = window.available().len() - self.record_header_len;
            return Err(self.cut(window, format!("its header says {len} octets, {present} are left")));
        }
        self.records += 1;
        let range = window.consume(record_len);
        let at = Timestamp::from_parts(u64::from(seconds), u64::from(ticks) * self.nanos_per_tick);
        place.meta = Meta { interface: self.interface, ..Meta::new(self.records, at, self.link, original) };
        place.octets = range.start + self.record_header_len..range.end;
        Ok(Found::Packet)
    }

    /// The next record, if it lies whole in the window and is not odd: as [`Pcap::next`] finds it, for files of the usual
    /// kind alone.
    #[inline]
    pub(super) fn next_in_window(&mut self, window: &mut Window) -> Option<Place> {
        let (header, behind) = window.available().split_first_chunk::<RECORD_HEADER_LEN>()?;
        let (seconds, ticks, captured, original) = self.fields(header);
        let len = captured as usize;
        if !self.is_usual() || len > MAX_RECORD_LEN || len > behind.len() {
            return None;
        }
        self.records += 1;
        let range = window.consume(RECORD_HEADER_LEN + len);
        let at = Timestamp::from_parts(u64::from(seconds), u64::from(ticks) * self.nanos_per_tick);
        let meta = Meta { interface: self.interface, ..Meta::new(self.records, at, self.link, original) };
        Some(Place { meta, octets: range.start + RECORD_HEADER_LEN..range.end })
    }

    /// True unless the header of the file says that those of its records are other than in nearly all files.
    #[inline]
    fn is_usual(&self) -> bool {
        self.record_header_len == RECORD_HEADER_LEN && self.lengths == Lengths::AsNow
    }

    /// Hands the records that lie whole in the window to `each`, numbered from `number` on, and ends before the first one
    /// that does not or that is odd; [`Pcap::next`] goes on there. The same as that, for files of the usual kind alone and
    /// with everything that concerns the file and not the record taken out of the loop: this is where filtering, counting
    /// and copying spend their time.
    #[inline]
    pub(super) fn each_in_window(
        &mut self,
        window: &mut Window,
        summary: &mut CaptureSummary,
        number: &mut u64,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match (self.is_usual(), self.big_endian) {
            (true, false) => self.each_usual::<false>(window, summary, number, each),
            (true, true) => self.each_usual::<true>(window, summary, number, each),
            (false, _) => ControlFlow::Continue(()),
        }
    }

    #[inline]
    fn each_usual<const BIG: bool>(
        &mut self,
        window: &mut Window,
        summary: &mut CaptureSummary,
        number: &mut u64,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let all = window.available();
        let mut rest = all;
        let mut count = summary.bulk();
        let mut flow = ControlFlow::Continue(());
        let mut meta = Meta { interface: self.interface, ..Meta::new(*number, Timestamp::ZERO, self.link, 0) };
        while let Some((header, behind)) = rest.split_first_chunk::<RECORD_HEADER_LEN>() {
            let (fours, _) = header.as_chunks::<4>();
            let word = |at: usize| if BIG { u32::from_be_bytes(fours[at]) } else { u32::from_le_bytes(fours[at]) };
            let [seconds, ticks, captured, original] = [0, 1, 2, 3].map(word);
            let len = captured as usize;
            if len > MAX_RECORD_LEN {
                break;
            }
            let Some((bytes, next)) = behind.split_at_checked(len) else { break };
            rest = next;
            meta.number += 1;
            meta.at = Timestamp::from_parts(u64::from(seconds), u64::from(ticks) * self.nanos_per_tick);
            meta.wire_len = original;
            count.add(&meta, len);
            flow = each(Item::Packet(RawPacket { meta, bytes }));
            if flow.is_break() {
                break;
            }
        }
        self.records += meta.number - *number;
        *number = meta.number;
        summary.add_bulk(&count, self.link);
        let len = all.len() - rest.len();
        window.consume(len);
        flow
    }

    /// Seconds, ticks, captured and original length of the record header at the start of `octets`.
    #[inline]
    fn fields(&self, octets: &[u8]) -> (u32, u32, u32, u32) {
        let word = |at: usize| {
            let four = octets[at..at + 4].first_chunk().copied().unwrap_or_default();
            if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        (word(0), word(4), word(8), word(12))
    }

    #[cold]
    fn cut(&self, window: &Window, how: String) -> Box<Trouble> {
        damage(format!("record {} at octet {} is cut short: {how}", self.records + 1, window.offset()))
    }
}

/// The file header, whether record headers have their longer form, and whether numbers are big-endian.
fn header_of(octets: &[u8]) -> Option<(PcapHeader, bool, bool)> {
    let mut octets: [u8; HEADER_LEN] = octets.try_into().ok()?;
    // The "modified" format has a header like any other but for its magic number.
    let is_modified = match octets[..4] {
        [0x34, 0xcd, 0xb2, 0xa1] => {
            octets[..4].copy_from_slice(&[0xd4, 0xc3, 0xb2, 0xa1]);
            true
        }
        [0xa1, 0xb2, 0xcd, 0x34] => {
            octets[..4].copy_from_slice(&[0xa1, 0xb2, 0xc3, 0xd4]);
            true
        }
        _ => false,
    };
    let (_, header) = parse_pcap_header(&octets).ok()?;
    let big_endian = octets[0] == 0xa1;
    Some((header, is_modified, big_endian))
}
