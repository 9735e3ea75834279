use proptest::prelude::*;

use crate::analysis::tcp::TcpTracker;
use crate::analysis::{Notes, Wanted};
use crate::base::{MacAddr, Rng, Timestamp};
use crate::packet::{Meta, Packet, RawPacket};
use crate::wire::build::{FrameBuilder, Ipv4Fields, TcpFields};
use crate::wire::{LinkType, TcpFlags};

/// One end as the generator plays it.
#[derive(Clone, Copy)]
struct End {
    /// The next number it sends, and the next it expects.
    next: u32,
    expected: u32,
    window: u16,
    identification: u16,
    has_sent: u32,
}

/// Frames of a few connections: mostly data in order and their acknowledgments, and at times whatever can go wrong.
/// `trouble` is how many of 100 segments that are.
fn frames(seed: u64, count: usize, trouble: u64) -> Vec<(u64, Vec<u8>)> {
    let mut random = Rng::new(seed);
    let mut at = 1_700_000_000_000_000_000u64;
    let mut frames = Vec::new();
    let options = random.below(4);
    let mut connections: Vec<[End; 2]> = Vec::new();
    for _ in 0..3 {
        let (one, two) = (random.next_u64() as u32, random.next_u64() as u32);
        let window = [64240, 500, 6000, 65535][random.below(4) as usize];
        let end = |next, expected| End { next, expected, window, identification: 100, has_sent: 0 };
        connections.push([end(one, two), end(two, one)]);
    }
    let mut is_open = [random.below(2) == 0, random.below(2) == 0, false];
    while frames.len() < count {
        at += [1_000, 100_000, 40_000_000, 60_000_000, 300_000_000][random.below(5) as usize];
        let which = random.below(3) as usize;
        let ends = &mut connections[which];
        let mut send = |ends: &mut [End; 2], side: usize, fields: TcpFields, len: usize, is_late: bool| {
            let end = &mut ends[side];
            end.identification = end.identification.wrapping_add(if is_late { 0 } else { 1 });
            let host = |side: usize| [192, 0, 2, (side * 10 + which) as u8 + 1];
            let mut ip = Ipv4Fields::new(host(side), host(1 - side));
            ip.identification = end.identification;
            let payload: Vec<u8> = (0..len).map(|index| (index as u8).wrapping_mul(31)).collect();
            let stamps = options == 1 || options == 3;
            let mut fields = fields;
            if stamps {
                let value = (at / 1_000_000) as u32;
                fields.options.extend([1, 1, 8, 10]);
                fields.options.extend(value.to_be_bytes());
                fields.options.extend((value - 3).to_be_bytes());
            }
            let frame = FrameBuilder::ethernet(MacAddr([2; 6]), MacAddr([4; 6])).ipv4(ip).tcp(fields).payload(&payload);
            frames.push((at, frame.finish()));
        };
        let ports = |side: usize| if side == 0 { (40_000, 80) } else { (80, 40_000) };
        if !std::mem::replace(&mut is_open[which], true) {
            for (side, flags) in [(0, TcpFlags::SYN), (1, TcpFlags::SYN | TcpFlags::ACK)] {
                let mut fields = TcpFields::new(ports(side).0, ports(side).1);
                (fields.sequence, fields.acknowledgment, fields.flags) = (ends[side].next, ends[side].expected, flags);
                fields.options = vec![2, 4, 5, 0xb4];
                if options >= 2 {
                    fields.options.extend([1, 3, 3, 7, 1, 1, 4, 2]);
                }
                ends[side].next = ends[side].next.wrapping_add(1);
                ends[1 - side].expected = ends[side].next;
                send(ends, side, fields, 0, false);
            }
        }
        let side = random.below(2) as usize;
        let mut fields = TcpFields::new(ports(side).0, ports(side).1);
        let end = ends[side];
        (fields.sequence, fields.acknowledgment, fields.window) = (end.next, end.expected, end.window);
        fields.flags = TcpFlags::ACK;
        let mut len = [0, 0, 1460, 1460, 1, 300, 640, 700][random.below(8) as usize];
        let mut moves = true;
        if random.below(100) < trouble {
            let back = random.below(4000) as u32;
            match random.below(14) {
                0 => fields.sequence = fields.sequence.wrapping_sub(back),
                1 => fields.sequence = fields.sequence.wrapping_add(back),
                2 => fields.acknowledgment = fields.acknowledgment.wrapping_sub(back),
                3 => fields.acknowledgment = fields.acknowledgment.wrapping_add(back),
                4 => ends[side].window = [0, 1, 20, 500, 64240, 65535][random.below(6) as usize],
                5 => fields.window = random.next_u64() as u16,
                6 => fields.flags = fields.flags | TcpFlags::FIN,
                7 => fields.flags = TcpFlags(random.next_u64() as u16 & 0x1ff),
                8 => (fields.sequence, len) = (fields.sequence.wrapping_sub(1), 1),
                9 => (fields.sequence, len) = (fields.sequence.wrapping_sub(1), 0),
                10 => {
                    let from = fields.acknowledgment.wrapping_add(back);
                    fields.options = vec![1, 1, 5, 10];
                    fields.options.extend(from.to_be_bytes());
                    fields.options.extend(from.wrapping_add(700).to_be_bytes());
                    len = 0;
                }
                11 => fields.sequence = random.next_u64() as u32,
                12 => fields.acknowledgment = random.next_u64() as u32,
                _ => len = 5000,
            }
            moves = random.below(2) == 0;
        }
        let occupied = len as u32 + u32::from(fields.flags.fin()) + u32::from(fields.flags.syn());
        let next = fields.sequence.wrapping_add(occupied);
        if moves {
            ends[side].next = next;
            ends[side].has_sent += 1;
            // At times the acknowledgment comes late, so that more is under way.
            if random.below(3) > 0 {
                ends[1 - side].expected = next;
            }
        }
        send(ends, side, fields, len, !moves);
    }
    frames
}

/// How many segments went the short way, and the codes of what was said, after both ways were found to be the same.
fn compare(frames: &[(u64, Vec<u8>)], wanted: Wanted) -> Result<(usize, Vec<&'static str>), TestCaseError> {
    let mut short = TcpTracker::new();
    let mut long = TcpTracker { is_thorough: true, ..TcpTracker::new() };
    let mut notes = [Notes { wanted, ..Notes::default() }, Notes { wanted, ..Notes::default() }];
    let mut said = Vec::new();
    for (index, (at, bytes)) in frames.iter().enumerate() {
        let meta = Meta::new(index as u64 + 1, Timestamp::from_nanos(*at), LinkType::ETHERNET, bytes.len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes });
        for (tracker, notes) in [&mut short, &mut long].into_iter().zip(&mut notes) {
            notes.clear();
            tracker.observe(&packet, false, notes);
        }
        prop_assert_eq!(format!("{:?}", notes[0]), format!("{:?}", notes[1]), "packet {}", index + 1);
        said.extend(notes[0].fresh.iter().map(|note| note.entry.code));
        prop_assert_eq!(
            format!("{:?} {:?}", short.underway(), short.again()),
            format!("{:?} {:?}", long.underway(), long.again())
        );
        prop_assert_eq!(format!("{:?}", short.connections), format!("{:?}", long.connections), "packet {}", index + 1);
    }
    prop_assert_eq!(long.ordinary, 0);
    let taken = short.ordinary as usize;
    notes.iter_mut().for_each(Notes::clear);
    short.finish(&mut notes[0]);
    long.finish(&mut notes[1]);
    prop_assert_eq!(format!("{:?}", notes[0]), format!("{:?}", notes[1]));
    let reports = [short, long].map(|tracker| format!("{:?} {:?}", tracker.connections(), tracker.health()));
    prop_assert_eq!(&reports[0], &reports[1]);
    Ok((taken, said))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// Every change that the short way makes is the one that the rules make, and it says what they say.
    #[test]
    fn the_short_way_ends_where_the_long_one_does(seed in any::<u64>(), trouble in 0..40u64, findings in any::<bool>()) {
        let wanted = if findings { Wanted::Findings } else { Wanted::All };
        compare(&frames(seed, 70, trouble), wanted)?;
    }
}

#[test]
fn most_segments_of_a_sound_connection_go_the_short_way() {
    let frames = frames(11, 400, 0);
    let (taken, _) = compare(&frames, Wanted::All).expect("both ways are the same");
    assert!(taken * 2 > frames.len(), "{taken} of {}", frames.len());
}

/// A small write waits for the acknowledgment of the one before, which the receiver delays: that is in order, moves on,
/// and is worth a word all the same.
#[test]
fn q7_a_write_that_waited_is_said_although_it_is_in_order() {
    const MS: u64 = 1_000_000;
    let mut frames = Vec::new();
    let mut send = |at: u64, is_client: bool, sequence: u32, acknowledgment: u32, flags: TcpFlags, len: usize| {
        let (one, two) = ([192, 0, 2, 1], [192, 0, 2, 2]);
        let (source, destination, from, to) = if is_client { (one, two, 40_000, 80) } else { (two, one, 80, 40_000) };
        let mut fields = TcpFields::new(from, to);
        (fields.sequence, fields.acknowledgment, fields.flags) = (sequence, acknowledgment, flags);
        if flags.syn() {
            fields.options = vec![2, 4, 5, 0xb4, 1, 3, 3, 7];
        }
        let frame = FrameBuilder::ethernet(MacAddr([2; 6]), MacAddr([4; 6]));
        let frame = frame.ipv4(Ipv4Fields::new(source, destination)).tcp(fields).payload(&vec![7; len]);
        frames.push((1_700_000_000_000_000_000 + at, frame.finish()));
    };
    send(0, true, 100, 0, TcpFlags::SYN, 0);
    send(MS, false, 500, 101, TcpFlags::SYN | TcpFlags::ACK, 0);
    send(MS + 10_000, true, 101, 501, TcpFlags::ACK, 0);
    send(2 * MS, true, 101, 501, TcpFlags::ACK, 90);
    send(2 * MS + 10_000, true, 191, 501, TcpFlags::ACK, 90);
    send(43 * MS, false, 501, 191, TcpFlags::ACK, 0);
    send(43 * MS + 10_000, true, 281, 501, TcpFlags::ACK, 90);
    let (taken, said) = compare(&frames, Wanted::All).expect("both ways are the same");
    assert!(said.contains(&"tcp-nagle-delayed-ack"), "{said:?}");
    assert_eq!(taken, 2, "the first write and the acknowledgment");
}
