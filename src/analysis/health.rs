//! The health of a capture (rules P2 to P6 and P9): what of it can be believed, said before any finding.

mod report;

use super::bounded::Bounded;
use super::catalogue::health as entries;
use super::duplicates::{self, Duplicate, DuplicateKind, Recent};
use super::flows::Places;
use super::note::{Confidence, Fact, Note, Notes};
use super::tcp::TcpHealth;
use crate::base::limits::MAX_CHECKSUM_SOURCES;
use crate::base::{MacAddr, Timestamp};
use crate::packet::{Packet, Remark, RemarkKind};
use crate::wire::checksum::{self, Checksum};
use crate::wire::{IssueCode, Layer, LayerKind};
pub use report::{ChecksumCounts, Doubt, DuplicateCounts, HealthReport};

/// IP packets above this length were joined by the sender's or receiver's system: no link carries them (rule P4).
const LARGEST_JUMBO: u32 = 9216;
/// The least Ethernet frame without its checksum; shorter ones were seen before the card filled them up (rule L8).
const LEAST_FRAME: u32 = 60;

/// What a checksum tells, with the sender's habits taken into account (rule P3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fits.
    Good,
    /// There is none, or it cannot be computed.
    Absent,
    /// The card fills it in later: it holds the sum of the pseudo-header only.
    Partial,
    /// It does not fit, nor does any other of this sender: it was captured before the card filled it in.
    BadAtSource,
    /// It does not fit: the receiver will discard the packet.
    Bad,
}

/// What the trackers above should believe of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Set if the packet was seen before and must not be counted again.
    pub duplicate: Option<Duplicate>,
    /// The checksum of the IPv4 header.
    pub header: Verdict,
    /// The checksum of TCP, UDP or ICMP.
    pub transport: Verdict,
}

impl Trust {
    /// Nothing against it: for datagrams whose pieces were judged before.
    pub const FULL: Trust = Trust { duplicate: None, header: Verdict::Good, transport: Verdict::Good };

    /// True if the receiver will discard the packet for a wrong checksum, so that it changes no state there.
    pub fn is_bad(&self) -> bool {
        self.header == Verdict::Bad || self.transport == Verdict::Bad
    }
}

/// How a sender's checksums turned out so far.
#[derive(Clone, Copy, Debug, Default)]
struct Habit {
    /// True if some fitted.
    has_good: bool,
}

impl Habit {
    /// The verdict on a sum of that kind. ICMP sums are never left to a card.
    fn verdict(&mut self, packet: &Packet<'_>, kind: Kind, sum: Checksum) -> Verdict {
        match sum {
            Checksum::Absent => Verdict::Absent,
            Checksum::Partial => Verdict::Partial,
            Checksum::Good => {
                self.has_good = true;
                Verdict::Good
            }
            Checksum::Bad => {
                let sent_here = duplicates::is_outbound(packet) && !self.has_good;
                if packet.meta.checksum_not_ready || sent_here || kind != Kind::Icmp && !self.has_good {
                    return Verdict::BadAtSource;
                }
                Verdict::Bad
            }
        }
    }
}

/// How the checksums of one link address turned out (its interface and address are not told apart), by kind: a card may
/// fill in the sums of TCP and leave those of ICMP to the system.
#[derive(Clone, Copy, Debug, Default)]
struct Habits {
    by_kind: [Habit; 4],
    /// True once it was said that the card fills in sums of this sender, of whichever kind.
    is_told: bool,
}

/// Checksums of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Header,
    Tcp,
    Udp,
    Icmp,
}

impl Kind {
    const fn bit(self) -> u8 {
        1 << self as u32
    }
}

/// Judges every packet before the other trackers see it.
#[derive(Debug)]
pub struct Health {
    /// True to let packets with wrong checksums change the state all the same.
    pub ignore_checksums: bool,
    recent: Recent,
    senders: Bounded<MacAddr, Habits>,
    /// Senders of a moment ago, and the bits of the kinds of checksum of which they had right ones.
    usual: [(MacAddr, u8); 4],
    counts: HealthReport,
    earliest: Timestamp,
    latest: Timestamp,
    last_at: Timestamp,
}

impl Default for Health {
    fn default() -> Health {
        Health {
            ignore_checksums: false,
            recent: Recent::default(),
            senders: Bounded::new(MAX_CHECKSUM_SOURCES),
            usual: [(MacAddr::ZERO, 0); 4],
            counts: HealthReport::default(),
            earliest: Timestamp::ZERO,
            latest: Timestamp::ZERO,
            last_at: Timestamp::ZERO,
        }
    }
}

impl Health {
    /// Judges the next packet. `min_rtt_ns` is asked only in doubt: the least round-trip time of its connection.
    pub fn observe(
        &mut self,
        packet: &Packet<'_>,
        places: &mut Places,
        notes: &mut Notes,
        min_rtt_ns: impl FnOnce() -> Option<u64>,
    ) -> Trust {
        self.count(packet, notes);
        let frame = &packet.frame;
        let (of_header, sum) = checksum::of_packet(frame);
        let kind = if frame.is_plain() {
            Some(if frame.has(LayerKind::Tcp) { Kind::Tcp } else { Kind::Udp })
        } else {
            kind_of(packet)
        };
        let of_transport = kind.map_or(Checksum::Absent, |_| sum);
        let (header, transport) = match (of_header, of_transport) {
            (Checksum::Absent, Checksum::Absent) => (Verdict::Absent, Verdict::Absent),
            _ => self.with_habits(packet, places, of_header, (kind.unwrap_or(Kind::Header), of_transport), notes),
        };
        let sums = &mut self.counts.checksums;
        match transport {
            Verdict::Good => sums.good += 1,
            Verdict::Absent => sums.absent += 1,
            Verdict::Partial => sums.partial += 1,
            Verdict::BadAtSource => sums.bad_at_source += 1,
            Verdict::Bad => sums.bad += 1,
        }
        sums.header_bad += u64::from(header == Verdict::Bad);
        let duplicate = self.recent.observe(packet, sum, min_rtt_ns);
        if let Some(duplicate) = duplicate {
            self.note_duplicate(packet, duplicate, notes);
        } else if header == Verdict::Bad || transport == Verdict::Bad {
            note_bad(packet, header, notes);
        }
        if self.ignore_checksums {
            return Trust { duplicate, ..Trust::FULL };
        }
        Trust { duplicate, header, transport }
    }

    /// Judges a datagram put together from pieces that were judged before: only now can its checksum be computed
    /// (rule FR10).
    pub fn judge_datagram(&mut self, datagram: &Packet<'_>, notes: &mut Notes) -> Trust {
        let transport = match checksum::transport(&datagram.frame) {
            Checksum::Good => Verdict::Good,
            Checksum::Absent => Verdict::Absent,
            Checksum::Partial => Verdict::Partial,
            Checksum::Bad => Verdict::Bad,
        };
        match transport {
            Verdict::Bad => {
                self.counts.checksums.bad += 1;
                note_bad(datagram, Verdict::Good, notes);
            }
            Verdict::Good => self.counts.checksums.good += 1,
            _ => {}
        }
        if self.ignore_checksums { Trust::FULL } else { Trust { transport, ..Trust::FULL } }
    }

    /// Takes in what the source says beside its packets.
    pub fn remark(&mut self, remark: &Remark) {
        if let RemarkKind::Dropped(packets) = remark.kind {
            self.counts.kernel_drops += packets;
        }
    }

    /// The packets seen a moment ago, for whoever looks for a quoted one.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// What was counted, with what only the segments of `tcp` tell.
    pub fn report(&self, tcp: &TcpHealth) -> HealthReport {
        let mut report = HealthReport {
            one_sided: tcp.one_sided_connections,
            unseen_octets: tcp.delivered_unseen_octets,
            loss_bursts: tcp.loss_bursts,
            captured_late: tcp.captured_late,
            ..self.counts.clone()
        };
        report.last_ns = (report.packets > 0).then_some(self.last_at.nanos());
        report.span_ns = self.latest.nanos_since(self.earliest);
        report.doubts = report::doubts(&report);
        report
    }

    #[inline(always)]
    fn count(&mut self, packet: &Packet<'_>, notes: &mut Notes) {
        let (frame, at) = (&packet.frame, packet.meta.at);
        if self.counts.packets == 0 || at < self.last_at {
            self.count_time(packet, notes);
        }
        // What is not before the last packet is not before the earliest.
        self.last_at = at;
        self.latest = self.latest.max(at);
        let counts = &mut self.counts;
        counts.packets += 1;
        counts.octets += u64::from(packet.meta.wire_len);
        counts.cut += u64::from(frame.was_cut());
        // No packet is longer than its frame, unless it is not plain.
        let len = frame.wire_len().max(frame.bytes().len() as u32);
        if frame.is_plain() && !duplicates::is_loopback(packet) && (LEAST_FRAME..=LARGEST_JUMBO).contains(&len) {
            counts.unpadded += u64::from(packet.meta.wire_len < LEAST_FRAME);
        } else {
            self.count_odd(packet);
        }
    }

    /// The first packet, or one from before the last.
    #[inline(never)]
    fn count_time(&mut self, packet: &Packet<'_>, notes: &mut Notes) {
        let at = packet.meta.at;
        let counts = &mut self.counts;
        if counts.packets == 0 {
            counts.first_ns = Some(at.nanos());
            (self.earliest, self.latest) = (at, at);
            return;
        }
        let step = self.last_at.nanos_since(at);
        if counts.time_backwards == 0 {
            notes.say(Note::new(&entries::TIME_BACKWARDS, packet.meta.number, at).with("step", Fact::Nanos(step)));
        }
        counts.time_backwards += 1;
        counts.largest_step_back_ns = counts.largest_step_back_ns.max(step);
        self.earliest = self.earliest.min(at);
    }

    /// What there may be to count of a packet that is not as most are.
    #[inline(never)]
    fn count_odd(&mut self, packet: &Packet<'_>) {
        let (frame, counts) = (&packet.frame, &mut self.counts);
        counts.malformed += u64::from(frame.issues().iter().any(|issue| issue.code.is_malformed()));
        let length_zero = frame.issues().iter().any(|issue| issue.code == IssueCode::LengthZero);
        let is_loopback = duplicates::is_loopback(packet);
        counts.loopback += u64::from(is_loopback);
        let above = frame.ip().is_some_and(|ip| ip.total_len() > LARGEST_JUMBO);
        counts.giants += u64::from(!is_loopback && (length_zero || above));
        let ethernet = frame.outer_ethernet().is_some();
        counts.unpadded += u64::from(ethernet && !is_loopback && packet.meta.wire_len < LEAST_FRAME);
    }

    /// The verdicts on a packet's sums, given how this sender's others turned out.
    #[inline(always)]
    fn with_habits(
        &mut self,
        packet: &Packet<'_>,
        places: &mut Places,
        header: Checksum,
        (kind, transport): (Kind, Checksum),
        notes: &mut Notes,
    ) -> (Verdict, Verdict) {
        // Right sums of a sender that has had right ones say nothing new: it is only looked up for others.
        let is_usual = |good_sums: u8| {
            let is_usual = |kind: Kind, sum| match sum {
                Checksum::Good => good_sums & kind.bit() != 0,
                sum => sum == Checksum::Absent,
            };
            is_usual(Kind::Header, header) && is_usual(kind, transport)
        };
        if !is_usual(places.good_sums) {
            let mac = sender(packet);
            let (usual, good_sums) = self.usual[usual_place(mac)];
            places.good_sums |= if usual == mac { good_sums } else { 0 };
            if !is_usual(places.good_sums) {
                return self.with_table(packet, mac, places, header, (kind, transport), notes);
            }
        }
        let verdict = |sum| if sum == Checksum::Good { Verdict::Good } else { Verdict::Absent };
        (verdict(header), verdict(transport))
    }

    /// The same with what is remembered of the sender.
    #[inline(never)]
    fn with_table(
        &mut self,
        packet: &Packet<'_>,
        mac: MacAddr,
        places: &mut Places,
        header: Checksum,
        (kind, transport): (Kind, Checksum),
        notes: &mut Notes,
    ) -> (Verdict, Verdict) {
        let habits = self.senders.entry(mac, Habits::default);
        for kind in [Kind::Header, Kind::Tcp, Kind::Udp, Kind::Icmp] {
            habits.by_kind[kind as usize].has_good |= places.good_sums & kind.bit() != 0;
        }
        let mut verdict = |kind: Kind, sum| habits.by_kind[kind as usize].verdict(packet, kind, sum);
        let verdicts = (verdict(Kind::Header, header), verdict(kind, transport));
        for kind in [Kind::Header, kind] {
            places.good_sums |= if habits.by_kind[kind as usize].has_good { kind.bit() } else { 0 };
        }
        self.usual[usual_place(mac)] = (mac, places.good_sums);
        let is_at_source = verdicts.0 == Verdict::BadAtSource || verdicts.1 == Verdict::BadAtSource;
        if is_at_source && !habits.is_told {
            habits.is_told = true;
            notes.say(
                Note::new(&entries::CHECKSUM_AT_SOURCE, packet.meta.number, packet.meta.at)
                    .with("sender", Fact::Mac(mac))
                    .sure(Confidence::Probable),
            );
        }
        verdicts
    }

    fn note_duplicate(&mut self, packet: &Packet<'_>, duplicate: Duplicate, notes: &mut Notes) {
        let counts = &mut self.counts.duplicates;
        match duplicate.kind {
            DuplicateKind::Identical => counts.identical += 1,
            DuplicateKind::Routed => counts.routed += 1,
            DuplicateKind::Retagged => counts.retagged += 1,
            DuplicateKind::Loopback => counts.loopback += 1,
        }
        let rule = if duplicate.kind == DuplicateKind::Loopback { "P6" } else { "P5" };
        notes.say(
            Note::new(&entries::CAPTURE_DUPLICATE, packet.meta.number, packet.meta.at)
                .by_rule(rule)
                .with("of", Fact::Packet(duplicate.of))
                .with("gap", Fact::Nanos(duplicate.gap_ns))
                .with("kind", Fact::Word(duplicate.kind.name())),
        );
    }
}

/// The kind of the transport checksum.
#[inline(never)]
fn kind_of(packet: &Packet<'_>) -> Option<Kind> {
    match packet.frame.transport()? {
        Layer::Tcp(_) => Some(Kind::Tcp),
        Layer::Udp(_) => Some(Kind::Udp),
        Layer::Icmpv4(_) | Layer::Icmpv6(_) => Some(Kind::Icmp),
        _ => None,
    }
}

/// The link address that a packet came from, zero if it tells none.
#[inline]
fn sender(packet: &Packet<'_>) -> MacAddr {
    if let Some(ethernet) = packet.frame.outer_ethernet() {
        return ethernet.source();
    }
    match packet.frame.layers().first().map(|located| &located.layer) {
        Some(Layer::Sll(sll)) => sll.source().unwrap_or_default(),
        _ => MacAddr::ZERO,
    }
}

/// Where a sender may stand among those of a moment ago: the last octets of addresses mostly differ.
fn usual_place(mac: MacAddr) -> usize {
    usize::from(mac.octets()[5] & 3)
}

fn note_bad(packet: &Packet<'_>, header: Verdict, notes: &mut Notes) {
    let what = match packet.frame.transport() {
        _ if header == Verdict::Bad => "IPv4 header",
        Some(Layer::Tcp(_)) => "TCP",
        Some(Layer::Udp(_)) => "UDP",
        _ => "ICMP",
    };
    let note = Note::new(&entries::CHECKSUM_BAD, packet.meta.number, packet.meta.at);
    notes.say(note.with("layer", Fact::Word(what)));
}

#[cfg(test)]
mod tests;
