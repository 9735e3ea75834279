//! The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks, each block with its length in front and behind.
//!
//! Options are taken apart by pcap-parser. Blocks are not: its block parsers collect the options of every packet in a
//! vector, refuse a whole block for one bad option, and do not know the obsolete Packet Block. What tshark reads is read;
//! besides, a packet of an interface that was never described is kept, and options that overrun their block cost only
//! themselves.

use std::ops::{ControlFlow, Range};

use super::interface::Interfaces;
use super::options::{self, Options, Order};
use super::reader::{Found, Place, Trouble, Waiting, damage};
use super::section::Section;
use super::summary::CaptureSummary;
use super::window::Window;
use crate::base::Timestamp;
use crate::base::limits::MAX_RECORD_LEN;
use crate::packet::{Direction, Item, Meta, RawPacket, RemarkKind};

/// Block types (draft-ietf-opsawg-pcapng §4).
mod block_type {
    pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
    pub(super) const PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const INTERFACE_STATISTICS: u32 = 5;
    pub(super) const ENHANCED_PACKET: u32 = 6;
    /// The same in either byte order.
    pub(super) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
}

/// Type and length in front, length behind.
const FRAME_LEN: usize = 12;
/// Type and length.
const FRONT_LEN: usize = 8;
/// What stands before the packet in an Enhanced Packet Block: type and length of the block, interface, two halves of the time,
/// captured and original length.
const ENHANCED_LEN: usize = 28;
/// The largest block that is taken into the buffer: a packet and as much again for its options.
const MAX_BLOCK_LEN: usize = 2 * MAX_RECORD_LEN;

/// A pcapng file within a section.
#[derive(Debug)]
pub(super) struct Pcapng {
    order: Order,
    section: Section,
    blocks: u64,
    packets: u64,
    last: Timestamp,
    said_simple: bool,
    said_options: bool,
}

/// What a packet block says of its packet.
struct Described {
    interface: u32,
    /// `None` in a Simple Packet Block.
    ticks: Option<u64>,
    captured: usize,
    original: u32,
    /// Where the packet begins in the body of the block.
    start: usize,
    lost: u64,
}

impl Pcapng {
    /// Checks that a section begins.
    pub(super) fn begin(window: &mut Window, interfaces: Interfaces) -> Result<Pcapng, Box<Trouble>> {
        let mut pcapng = Pcapng {
            order: Order::Little,
            section: Section::new(interfaces),
            blocks: 0,
            packets: 0,
            last: Timestamp::ZERO,
            said_simple: false,
            said_options: false,
        };
        match pcapng.front(window)? {
            Some(_) => Ok(pcapng),
            None => Err(damage("it is empty".to_owned())),
        }
    }

    /// The next packet, or the next remarks on the way to it, which are left in `waiting`.
    #[inline]
    pub(super) fn next(
        &mut self,
        window: &mut Window,
        place: &mut Place,
        waiting: &mut Waiting,
        summary: &mut CaptureSummary,
    ) -> Result<Found, Box<Trouble>> {
        loop {
            let Some((kind, len)) = self.front(window)? else { return Ok(Found::End) };
            let is_packet =
                matches!(kind, block_type::ENHANCED_PACKET | block_type::PACKET | block_type::SIMPLE_PACKET);
            if is_packet {
                let offset = window.offset();
                let body = self.body(window, len)?;
                let meta = &mut place.meta;
                place.octets = self
                    .packet(kind, window.at(body.clone()), meta, waiting, summary)
                    .map_err(|trouble| self.at(offset, *trouble))?;
                place.octets.start += body.start;
                place.octets.end += body.start;
                self.blocks += 1;
                return Ok(Found::Packet);
            }
            self.other(kind, len, window, waiting, summary)?;
            self.blocks += 1;
            if !waiting.is_empty() {
                return Ok(Found::Remarks);
            }
        }
    }

    /// Hands the packets of Enhanced Packet Blocks that lie whole in the window to `each`, numbered from `number` on, and ends
    /// before the first block that is something else or odd; [`Pcapng::next`] goes on there. The same as that with everything
    /// that does not concern the single packet taken out of the loop.
    #[inline]
    pub(super) fn each_in_window(
        &mut self,
        window: &mut Window,
        summary: &mut CaptureSummary,
        number: &mut u64,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match self.order {
            Order::Little => self.each_enhanced::<false>(window, summary, number, each),
            Order::Big => self.each_enhanced::<true>(window, summary, number, each),
        }
    }

    #[inline]
    fn each_enhanced<const BIG: bool>(
        &mut self,
        window: &mut Window,
        summary: &mut CaptureSummary,
        number: &mut u64,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let Some(link) = self.section.known(0).map(|port| port.link) else { return ControlFlow::Continue(()) };
        let all = window.available();
        let mut rest = all;
        let mut count = summary.bulk();
        let mut flow = ControlFlow::Continue(());
        let mut last = self.last;
        let begun = *number;
        while let Some((front, behind)) = rest.split_first_chunk::<ENHANCED_LEN>() {
            let (fours, _) = front.as_chunks::<4>();
            let word = |at: usize| if BIG { u32::from_be_bytes(fours[at]) } else { u32::from_le_bytes(fours[at]) };
            let (block_len, captured_len) = (word(1) as usize, word(5) as usize);
            let port = match self.section.known(word(2)) {
                Some(port) if port.link == link && word(0) == block_type::ENHANCED_PACKET => port,
                _ => break,
            };
            if captured_len > MAX_RECORD_LEN {
                break;
            }
            let options_at = ENHANCED_LEN + captured_len.next_multiple_of(4);
            let Some((block, next)) = rest.split_at_checked(block_len) else { break };
            let Some((options, end)) = block.get(options_at..).and_then(<[u8]>::split_last_chunk::<4>) else { break };
            let Some(direction) = direction_alone::<BIG>(options) else { break };
            // A length that is not a multiple of four is odd, and so is one that is not said again behind.
            if *end != fours[1] || block_len % 4 != 0 {
                break;
            }
            rest = next;
            *number += 1;
            last = port.time(u64::from(word(3)) << 32 | u64::from(word(4)));
            let meta = Meta { interface: port.index, direction, ..Meta::new(*number, last, link, word(6)) };
            count.add(&meta, captured_len);
            flow = each(Item::Packet(RawPacket { meta, bytes: &behind[..captured_len] }));
            if flow.is_break() {
                break;
            }
        }
        self.last = last;
        self.blocks += *number - begun;
        self.packets += *number - begun;
        summary.add_bulk(&count, link);
        let len = all.len() - rest.len();
        window.consume(len);
        flow
    }

    /// Type and length of the next block; `None` at the end. Sees to the byte order of a new section.
    #[inline]
    fn front(&mut self, window: &mut Window) -> Result<Option<(u32, usize)>, Box<Trouble>> {
        if !window.fill_to(FRAME_LEN)? {
            let present = window.available().len();
            if present == 0 {
                return Ok(None);
            }
            return Err(self.cut(window, format!("a block needs {FRAME_LEN} octets at least, {present} are left")));
        }
        let octets = window.available();
        if octets[..4] == block_type::SECTION_HEADER.to_le_bytes() {
            self.order = match octets[8..FRAME_LEN] {
                [0x4d, 0x3c, 0x2b, 0x1a] => Order::Little,
                [0x1a, 0x2b, 0x3c, 0x4d] => Order::Big,
                _ => return Err(self.broken(window, "begins a section of unknown byte order".to_owned())),
            };
        }
        let len = self.order.u32(octets, 4) as usize;
        if len < FRAME_LEN {
            return Err(self.broken(window, format!("claims a length of {len} octets, but {FRAME_LEN} are the least")));
        }
        Ok(Some((self.order.u32(octets, 0), len)))
    }

    /// Takes a block of `len` octets into the buffer and tells where its body lies.
    #[inline]
    fn body(&mut self, window: &mut Window, len: usize) -> Result<Range<usize>, Box<Trouble>> {
        if len > MAX_BLOCK_LEN {
            return Err(
                self.broken(window, format!("claims {len} octets, more than any packet needs ({MAX_BLOCK_LEN})"))
            );
        }
        let padded = len.next_multiple_of(4);
        if !window.fill_to(padded)? {
            let present = window.available().len();
            return Err(self.cut(window, format!("its length is {len} octets, {present} are left")));
        }
        let behind = self.order.u32(window.available(), padded - 4) as usize;
        if behind.next_multiple_of(4) != padded {
            return Err(self.broken(window, format!("has the length {len} in front and {behind} behind")));
        }
        let range = window.consume(padded);
        Ok(range.start + FRONT_LEN..range.end - 4)
    }

    /// Reads a packet block and tells where the packet lies in its body.
    #[inline]
    fn packet(
        &mut self,
        kind: u32,
        octets: &[u8],
        meta: &mut Meta,
        waiting: &mut Waiting,
        summary: &mut CaptureSummary,
    ) -> Result<Range<usize>, Box<Trouble>> {
        let Some(described) = self.describe(kind, octets) else {
            return Err(damage(format!("is a packet block of only {} octets", octets.len() + FRAME_LEN)));
        };
        let Described { captured, start, .. } = described;
        let present = octets.len() - start;
        if captured > present {
            return Err(damage(format!("claims {captured} captured octets, but has room for {present}")));
        }
        if captured > MAX_RECORD_LEN {
            return Err(damage(format!(
                "claims {captured} captured octets, more than any packet has ({MAX_RECORD_LEN})"
            )));
        }
        self.packets += 1;
        let port = self.section.port(described.interface, self.packets, waiting, summary);
        let at = match described.ticks {
            Some(ticks) => port.time(ticks),
            None => self.last,
        };
        *meta = Meta { interface: port.index, ..Meta::new(self.packets, at, port.link, described.original) };
        self.last = at;
        if described.ticks.is_none() && !self.said_simple {
            self.said_simple = true;
            waiting.say_of_packet(
                RemarkKind::Note,
                format!(
                    "{}: Simple Packet Blocks hold no time; their packets get the time of the packet before",
                    summary.file
                ),
            );
        }
        if described.lost > 0 {
            self.section.lost(described.interface, described.lost, waiting, summary);
        }
        let options = start + captured.next_multiple_of(4);
        if options < octets.len() && described.ticks.is_some() {
            self.packet_options(&octets[options..], described.interface, meta, waiting, summary);
        }
        Ok(start..start + captured)
    }

    /// The fixed fields of a packet block; `None` if it is too short for them.
    #[inline]
    fn describe(&self, kind: u32, body: &[u8]) -> Option<Described> {
        let word = |at| self.order.u32(body, at);
        Some(match kind {
            block_type::SIMPLE_PACKET => {
                let room = body.len().checked_sub(4)?;
                let original = word(0);
                let captured = self.section.simple_len(original).min(room);
                Described { interface: 0, ticks: None, captured, original, start: 4, lost: 0 }
            }
            _ if body.len() < 20 => return None,
            _ => {
                let (interface, lost) = match kind {
                    block_type::PACKET => match (self.order.u16(body, 0), self.order.u16(body, 2)) {
                        // All ones: the number lost is not known.
                        (interface, 0xffff) => (u32::from(interface), 0),
                        (interface, lost) => (u32::from(interface), u64::from(lost)),
                    },
                    _ => (word(0), 0),
                };
                Described {
                    interface,
                    ticks: Some(u64::from(word(4)) << 32 | u64::from(word(8))),
                    captured: word(12) as usize,
                    original: word(16),
                    start: 20,
                    lost,
                }
            }
        })
    }

    fn packet_options(
        &mut self,
        octets: &[u8],
        interface: u32,
        meta: &mut Meta,
        waiting: &mut Waiting,
        summary: &mut CaptureSummary,
    ) {
        for option in Options::new(self.order, octets) {
            match option {
                Ok((1, comment)) => waiting.say_of_packet(RemarkKind::Comment, options::text(comment)),
                Ok((2, flags)) if flags.len() == 4 => meta.direction = direction(self.order.u32(flags, 0)),
                Ok((4, count)) if count.len() == 8 => {
                    self.section.lost(interface, self.order.u64(count, 0), waiting, summary);
                }
                Ok(_) => {}
                Err(_) if self.said_options => {}
                Err(options::Overrun) => {
                    self.said_options = true;
                    waiting.say_of_packet(
                        RemarkKind::Note,
                        format!(
                            "{}: the options of block {} are longer than the block; the packet itself is whole",
                            summary.file,
                            self.blocks + 1
                        ),
                    );
                }
            }
        }
    }

    /// Blocks that are no packets.
    #[cold]
    fn other(
        &mut self,
        kind: u32,
        len: usize,
        window: &mut Window,
        waiting: &mut Waiting,
        summary: &mut CaptureSummary,
    ) -> Result<(), Box<Trouble>> {
        match kind {
            block_type::SECTION_HEADER | block_type::INTERFACE_DESCRIPTION | block_type::INTERFACE_STATISTICS => {}
            _ => return self.pass_over(window, len),
        }
        let offset = window.offset();
        let body = self.body(window, len)?;
        let body = window.at(body);
        let understood = match kind {
            block_type::SECTION_HEADER => self.section.begin(self.order, body, waiting),
            block_type::INTERFACE_DESCRIPTION => self.section.interface(self.order, body, waiting, summary),
            _ => self.section.statistics(self.order, body, waiting, summary),
        };
        understood.map_err(|how| self.at(offset, Trouble::Damage(how)))
    }

    /// Passes over a block that says nothing of interest, however long it is.
    fn pass_over(&mut self, window: &mut Window, len: usize) -> Result<(), Box<Trouble>> {
        let offset = window.offset();
        let padded = len.next_multiple_of(4);
        let is_whole = window.skip(padded as u64 - 4)? && window.fill_to(4)?;
        if !is_whole {
            let present = window.offset() + window.available().len() as u64 - offset;
            return Err(damage(format!(
                "block {} at octet {offset} is cut short: its length is {len} octets, {present} are left",
                self.blocks + 1
            )));
        }
        let behind = self.order.u32(window.available(), 0) as usize;
        window.consume(4);
        if behind.next_multiple_of(4) != padded {
            return Err(damage(format!(
                "block {} at octet {offset} has the length {len} in front and {behind} behind",
                self.blocks + 1
            )));
        }
        Ok(())
    }

    #[cold]
    fn cut(&self, window: &Window, how: String) -> Box<Trouble> {
        damage(format!("block {} at octet {} is cut short: {how}", self.blocks + 1, window.offset()))
    }

    /// The same trouble with the block that it is in.
    #[cold]
    fn at(&self, offset: u64, trouble: Trouble) -> Box<Trouble> {
        Box::new(match trouble {
            Trouble::Damage(how) => Trouble::Damage(format!("block {} at octet {offset} {how}", self.blocks + 1)),
            read => read,
        })
    }

    #[cold]
    fn broken(&self, window: &Window, how: String) -> Box<Trouble> {
        damage(format!("block {} at octet {} {how}", self.blocks + 1, window.offset()))
    }
}

/// The direction that the options of a packet tell, if they tell nothing else: none are there, or the flags alone.
#[inline]
fn direction_alone<const BIG: bool>(options: &[u8]) -> Option<Option<Direction>> {
    let (octets, end) = match options {
        [] | [0, 0, 0, 0] => return Some(None),
        _ => options.split_at_checked(8)?,
    };
    let (code, lowest) = if BIG { ([0, 2, 0, 4], octets[7]) } else { ([2, 0, 4, 0], octets[4]) };
    (octets[..4] == code && matches!(end, [] | [0, 0, 0, 0])).then(|| direction(lowest.into()))
}

/// The lowest two bits of epb_flags and pack_flags alike.
#[inline]
fn direction(flags: u32) -> Option<Direction> {
    match flags & 3 {
        1 => Some(Direction::Inbound),
        2 => Some(Direction::Outbound),
        _ => None,
    }
}
