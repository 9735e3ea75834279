//! Pieces of odd shape: what a single packet gives away (rules FR2 to FR4, FR9 and FR12).

use crate::analysis::catalogue::fragments as entries;
use crate::analysis::note::{Fact, Note, Notes};
use crate::packet::Packet;
use crate::wire::{IpView, Layer};

use super::seen::Seen;

/// Octets of a TCP header up to and including its flags: a first piece with fewer hides them (RFC 1858 §3).
const TCP_FLAGS_END: u32 = 16;
/// Pieces smaller than this, other than the last, are made by no link.
const SMALL_PIECE: u32 = 64;

/// Flags that say something odd of a packet that is no piece.
pub(super) fn note_whole(packet: &Packet<'_>, notes: &mut Notes) {
    match packet.frame.ip() {
        Some(IpView::V4(ip)) if ip.has_reserved_flag() => {
            notes.say(Note::new(&entries::RESERVED_FLAG, packet.meta.number, packet.meta.at));
        }
        Some(IpView::V6(ip)) if ip.next_header() == 44 || packet.frame.layers().len() > 4 => {
            let atomic = packet.frame.layers().iter().find_map(|located| match located.layer {
                Layer::Ipv6Extension(extension) => extension.fragment(),
                _ => None,
            });
            if let Some(atomic) = atomic {
                let note = Note::new(&entries::ATOMIC, packet.meta.number, packet.meta.at);
                notes.say(note.with("identification", Fact::Count(u64::from(atomic.identification))));
            }
        }
        _ => {}
    }
}

/// Flags that a piece should not have (rule FR12).
pub(super) fn note_flags(packet: &Packet<'_>, seen: &Seen<'_>, notes: &mut Notes) {
    if let IpView::V4(ip) = seen.ip {
        if ip.dont_fragment() {
            notes.say(Note::new(&entries::DONT_FRAGMENT, packet.meta.number, packet.meta.at));
        }
        if ip.has_reserved_flag() {
            notes.say(Note::new(&entries::RESERVED_FLAG, packet.meta.number, packet.meta.at));
        }
    }
}

/// False, with a note, if the length of the piece cannot be (rule FR3).
pub(super) fn has_good_length(packet: &Packet<'_>, seen: &Seen<'_>, notes: &mut Notes) -> bool {
    let len = seen.extent.len();
    let is_bad = len == 0 || seen.more_fragments && !len.is_multiple_of(8);
    if is_bad {
        let consequence = match seen.ip {
            IpView::V4(_) => "it is ignored",
            IpView::V6(_) => "the receiver discards it and answers with Parameter Problem, code 0",
        };
        notes.say(
            Note::new(&entries::BAD_LENGTH, packet.meta.number, packet.meta.at)
                .with("octets", Fact::Octets(u64::from(len)))
                .with("consequence", Fact::Word(consequence)),
        );
    }
    !is_bad
}

/// Pieces so small that they hide what a filter looks for (rule FR9).
pub(super) fn note_tiny(packet: &Packet<'_>, seen: &Seen<'_>, notes: &mut Notes) {
    let (start, len) = (seen.extent.start, seen.extent.len());
    let say = |entry| Note::new(entry, packet.meta.number, packet.meta.at).with("octets", Fact::Octets(u64::from(len)));
    if seen.protocol == 6 && start == 0 && len < TCP_FLAGS_END {
        notes.say(say(&entries::TINY).with("shape", Fact::Word("its first piece ends before the TCP flags")));
    } else if seen.protocol == 6 && start == 8 {
        notes.say(say(&entries::TINY).with("shape", Fact::Word("a piece at offset 8 writes over the TCP flags")));
    } else if start == 0 && matches!(seen.ip, IpView::V6(_)) && lacks_headers(packet, seen) {
        notes.say(say(&entries::HEADER_CHAIN));
    } else if seen.more_fragments && len < SMALL_PIECE {
        notes.say(say(&entries::SMALL));
    }
}

/// A piece that ends beyond the largest datagram (rule FR4).
pub(super) fn note_too_long(packet: &Packet<'_>, seen: &Seen<'_>, datagram: u64, notes: &mut Notes) {
    notes.say(
        Note::new(&entries::TOO_LONG, packet.meta.number, packet.meta.at)
            .with("datagram", Fact::Count(datagram))
            .with("offset", Fact::Count(u64::from(seen.extent.start)))
            .with("octets", Fact::Octets(u64::from(seen.extent.len())))
            .with("end", Fact::Count(u64::from(seen.extent.end) + seen.header.len() as u64)),
    );
}

/// An identification used again before its timer ran out (rule FR7).
pub(super) fn note_reused(packet: &Packet<'_>, seen: &Seen<'_>, former: u64, elapsed_ns: u64, notes: &mut Notes) {
    let numbers = if seen.key.source.is_ipv6() { 1 << 32 } else { 1 << 16 };
    // Numbering its packets in turn, the sender went once around in that time.
    let rate = (u128::from(1_000_000_000_u64) * numbers / u128::from(elapsed_ns.max(1))) as u64;
    notes.say(
        Note::new(&entries::ID_REUSED, packet.meta.number, packet.meta.at)
            .with("identification", Fact::Count(u64::from(seen.key.identification)))
            .with("elapsed", Fact::Nanos(elapsed_ns))
            .with("datagram", Fact::Count(former))
            .with("rate", Fact::Count(rate)),
    );
}

/// True if a first piece of IPv6 does not hold the headers up to the transport's own (RFC 7112 §5).
fn lacks_headers(packet: &Packet<'_>, seen: &Seen<'_>) -> bool {
    if packet.frame.was_cut() || !seen.is_innermost {
        return false;
    }
    match packet.frame.transport() {
        Some(Layer::CutTransport(_)) => true,
        Some(_) => false,
        None => match packet.frame.layers().last().map(|located| located.layer) {
            // The chain ended in an extension header whose successor was not there.
            Some(Layer::Ipv6Extension(extension)) => extension.next_header() != 59,
            _ => false,
        },
    }
}
