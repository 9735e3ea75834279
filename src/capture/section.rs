//! A section of a pcapng file: its interfaces, what their clocks mean, and what they lost.

use super::interface::{Interface, Interfaces};
use super::options::{Options, Order, text};
use super::reader::Waiting;
use super::summary::CaptureSummary;
use crate::base::Timestamp;
use crate::base::limits::MAX_INTERFACES;
use crate::packet::RemarkKind;
use crate::wire::LinkType;

/// The interfaces of the current section.
#[derive(Debug)]
pub(super) struct Section {
    interfaces: Interfaces,
    ports: Vec<Port>,
    /// Stands in for interfaces that were never described.
    unknown: Option<Port>,
}

/// One interface of a section.
#[derive(Clone, Debug)]
pub(super) struct Port {
    /// Its position among all interfaces of the source.
    pub(super) index: u32,
    pub(super) link: LinkType,
    snaplen: u32,
    clock: Clock,
    /// Packets it lost, as far as that was said already.
    lost: u64,
}

impl Port {
    /// When it was, after `ticks` of this interface's clock.
    #[inline]
    pub(super) fn time(&self, ticks: u64) -> Timestamp {
        self.clock.time(ticks)
    }
}

/// How ticks become nanoseconds: `if_tsresol` and `if_tsoffset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    scale: Scale,
    /// Seconds added to every time; may be negative.
    offset_seconds: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Nanoseconds a tick: 10^-9 and coarser.
    Times(u64),
    /// Ticks a nanosecond: finer than 10^-9. A power of ten, which may be beyond any count of ticks.
    Over(u128),
    /// Ticks of 2^-n seconds.
    Binary(u32),
}

impl Clock {
    /// Microseconds, which is what holds without an option.
    const MICROSECONDS: Clock = Clock { scale: Scale::Times(1000), offset_seconds: 0 };

    /// The scale of an `if_tsresol` octet: a negative power of ten, or of two if the highest bit is set.
    fn scale(resolution: u8) -> Scale {
        let exponent = u32::from(resolution & 0x7f);
        match exponent {
            _ if resolution & 0x80 != 0 => Scale::Binary(exponent),
            0..=9 => Scale::Times(10_u64.pow(9 - exponent)),
            // Past 10^29 ticks a nanosecond, 64 bits of ticks are no time at all; the power must only not overflow.
            _ => Scale::Over(10_u128.pow((exponent - 9).min(38))),
        }
    }

    #[inline]
    fn time(self, ticks: u64) -> Timestamp {
        let nanos = match self.scale {
            Scale::Times(nanos) => u128::from(ticks) * u128::from(nanos),
            Scale::Over(ticks_per_nano) => u128::from(ticks) / ticks_per_nano,
            Scale::Binary(exponent) => (u128::from(ticks) * 1_000_000_000) >> exponent,
        };
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        if self.offset_seconds == 0 {
            return Timestamp::from_nanos(nanos);
        }
        let moved = i128::from(nanos) + i128::from(self.offset_seconds) * 1_000_000_000;
        Timestamp::from_nanos(moved.clamp(0, i128::from(u64::MAX)) as u64)
    }
}

impl Section {
    /// A section without interfaces. Those it gets are added to `interfaces`.
    pub(super) fn new(interfaces: Interfaces) -> Section {
        Section { interfaces, ports: Vec::new(), unknown: None }
    }

    /// A Section Header Block: the interfaces of the section before are forgotten.
    pub(super) fn begin(&mut self, order: Order, body: &[u8], waiting: &mut Waiting) -> Result<(), String> {
        if body.len() < 16 {
            return Err(format!("is a section header of only {} octets", body.len()));
        }
        let (major, minor) = (order.u16(body, 4), order.u16(body, 6));
        // Version 1.2 was written by some programs and means 1.0 (draft-ietf-opsawg-pcapng §4.1).
        if !matches!((major, minor), (1, 0 | 2)) {
            return Err(format!("begins a section of pcapng version {major}.{minor}; netlab knows 1.0"));
        }
        self.ports.clear();
        self.unknown = None;
        comments(order, &body[16..], waiting);
        Ok(())
    }

    /// An Interface Description Block.
    pub(super) fn interface(
        &mut self,
        order: Order,
        body: &[u8],
        waiting: &mut Waiting,
        summary: &mut CaptureSummary,
    ) -> Result<(), String> {
        if body.len() < 8 {
            return Err(format!("is an interface description of only {} octets", body.len()));
        }
        if self.ports.len() >= MAX_INTERFACES {
            // Its packets are those of an interface that nobody described, which is said at the first of them.
            return Ok(());
        }
        let mut interface =
            Interface { snaplen: order.u32(body, 4), ..Interface::of_link(LinkType(order.u16(body, 0))) };
        let mut clock = Clock::MICROSECONDS;
        for (code, value) in Options::new(order, &body[8..]).map_while(Result::ok) {
            match (code, value) {
                (1, comment) => waiting.say(RemarkKind::Comment, text(comment)),
                (2, name) => interface.name = text(name),
                (3, description) => interface.description = text(description),
                (9, [resolution, ..]) => clock.scale = Clock::scale(*resolution),
                // The first octet tells the kind of filter; 0 is text in the language of libpcap.
                (11, [0, filter @ ..]) => interface.filter = text(filter),
                (13, [len, ..]) => interface.fcs_len = Some(*len),
                (14, offset) if offset.len() == 8 => clock.offset_seconds = order.u64(offset, 0) as i64,
                _ => {}
            }
        }
        summary.snaplen = summary.snaplen.max(interface.snaplen);
        let (link, snaplen) = (interface.link, interface.snaplen);
        let index = self.interfaces.add(interface);
        self.ports.push(Port { index, link, snaplen, clock, lost: 0 });
        Ok(())
    }

    /// An Interface Statistics Block.
    pub(super) fn statistics(
        &mut self,
        order: Order,
        body: &[u8],
        waiting: &mut Waiting,
        summary: &mut CaptureSummary,
    ) -> Result<(), String> {
        if body.len() < 12 {
            return Err(format!("is an interface statistics block of only {} octets", body.len()));
        }
        let interface = order.u32(body, 0);
        let mut total = 0_u64;
        for (code, value) in Options::new(order, &body[12..]).map_while(Result::ok) {
            match code {
                1 => waiting.say(RemarkKind::Comment, text(value)),
                // isb_ifrecv
                4 if value.len() == 8 => {
                    if let Some(port) = self.ports.get(interface as usize) {
                        self.interfaces.count(port.index, Some(order.u64(value, 0)), None);
                    }
                }
                // isb_ifdrop and isb_osdrop: lost for want of room, by the interface and by its operating system.
                5 | 7 if value.len() == 8 => total = total.saturating_add(order.u64(value, 0)),
                _ => {}
            }
        }
        // The block counts from the start of the capture: what was said before is part of it.
        let said = self.ports.get(interface as usize).map_or(0, |port| port.lost);
        self.lost(interface, total.saturating_sub(said), waiting, summary);
        Ok(())
    }

    /// `count` more packets of an interface were lost.
    pub(super) fn lost(&mut self, interface: u32, count: u64, waiting: &mut Waiting, summary: &mut CaptureSummary) {
        if count == 0 {
            return;
        }
        let mut name = format!("interface {interface}");
        if let Some(port) = self.ports.get_mut(interface as usize) {
            port.lost = port.lost.saturating_add(count);
            self.interfaces.count(port.index, None, Some(port.lost));
            if let Some(known) = self.interfaces.at(port.index).filter(|known| !known.name.is_empty()) {
                name = known.name;
            }
        }
        summary.dropped = summary.dropped.saturating_add(count);
        let packets = if count == 1 { "packet" } else { "packets" };
        waiting.say(
            RemarkKind::Dropped(count),
            format!("{}: {count} {packets} of {name} were lost while capturing", summary.file),
        );
    }

    /// The interface of that number, if it was described.
    #[inline]
    pub(super) fn known(&self, interface: u32) -> Option<&Port> {
        self.ports.get(interface as usize)
    }

    /// The interface that a packet names. One that was never described gets the link type of the first one and
    /// microseconds, and that is said once in a section.
    #[inline]
    pub(super) fn port(
        &mut self,
        interface: u32,
        packet: u64,
        waiting: &mut Waiting,
        summary: &CaptureSummary,
    ) -> &Port {
        if (interface as usize) < self.ports.len() {
            return &self.ports[interface as usize];
        }
        let link = self.ports.first().map_or(LinkType::ETHERNET, |port| port.link);
        self.unknown.get_or_insert_with(|| {
            waiting.say_of_packet(
                RemarkKind::Note,
                format!(
                    "{}: packet {packet} names interface {interface}, which the file does not describe; taken as {} with microseconds",
                    summary.file,
                    link.name()
                ),
            );
            let index = self.interfaces.add(Interface::of_link(link));
            Port { index, link, snaplen: 0, clock: Clock::MICROSECONDS, lost: 0 }
        })
    }

    /// Octets that a Simple Packet Block holds of a packet of `original` octets: all, up to the snap length of the
    /// first interface.
    pub(super) fn simple_len(&self, original: u32) -> usize {
        match self.ports.first() {
            Some(port) if port.snaplen != 0 => original.min(port.snaplen) as usize,
            _ => original as usize,
        }
    }
}

fn comments(order: Order, options: &[u8], waiting: &mut Waiting) {
    for (code, value) in Options::new(order, options).map_while(Result::ok) {
        if code == 1 {
            waiting.say(RemarkKind::Comment, text(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resolution_gives_the_right_nanosecond() {
        let at = |resolution, ticks| Clock { scale: Clock::scale(resolution), offset_seconds: 0 }.time(ticks).nanos();
        assert_eq!(at(0, 3), 3_000_000_000);
        assert_eq!(at(6, 1_700_000_000_123_456), 1_700_000_000_123_456_000);
        assert_eq!(at(9, 1_700_000_000_123_456_789), 1_700_000_000_123_456_789);
        assert_eq!(at(12, 1_700_000_000_999), 1_700_000_000);
        assert_eq!(at(0x80 | 10, 1536), 1_500_000_000);
        assert_eq!(at(0x80 | 32, 1 << 31), 500_000_000);
        assert_eq!((at(63, u64::MAX), at(127, u64::MAX), at(255, u64::MAX)), (0, 0, 0));
        assert_eq!(at(28, u64::MAX), 1, "10^28 ticks a second: 2^64 of them are 1.8 ns");
        assert_eq!(at(0, u64::MAX), u64::MAX, "saturates");
    }

    #[test]
    fn the_offset_moves_times_both_ways_and_saturates() {
        let at = |offset_seconds, ticks| Clock { offset_seconds, ..Clock::MICROSECONDS }.time(ticks).nanos();
        assert_eq!(at(5, 1), 5_000_001_000);
        assert_eq!(at(-1, 1_500_000), 500_000_000);
        assert_eq!(at(-2, 1), 0);
        assert_eq!(at(i64::MAX, u64::MAX), u64::MAX);
    }
}
