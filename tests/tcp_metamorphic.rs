//! What must not change a verdict: who is called A, where the numbers begin, VLAN tags, how a capture is cut into files,
//! and every packet captured twice.

#[path = "tcp/bench.rs"]
mod bench;
#[path = "../xtask/src/captures/tcp/scenes.rs"]
#[allow(dead_code)]
mod scenes;
#[path = "../xtask/src/captures/tcp/talk.rs"]
#[allow(dead_code)]
mod talk;

use bench::{Verdicts, judge};
use netlab::analysis::{Analyzer, Notes};
use netlab::base::Timestamp;
use netlab::packet::{Meta, Packet, RawPacket};
use netlab::wire::LinkType;
use scenes::Scene;
use talk::Frame;

/// Scenes whose frames are whole Ethernet frames of TCP over IPv4, so that headers can be changed in place.
fn plain() -> impl Iterator<Item = Scene> {
    scenes::all().into_iter().filter(|scene| {
        scene.link == 1 && scene.frames.iter().all(|frame| frame.octets.len() >= 54 && frame.octets[23] == 6)
    })
}

fn whole(scene: &Scene) -> bool {
    scene.frames.iter().all(|frame| frame.octets.len() as u32 == frame.wire_len)
}

/// Everything in a report that does not depend on addresses and numbers.
fn kinds(verdicts: &Verdicts) -> Vec<(&'static str, &'static str, &'static str, [u64; 2])> {
    verdicts
        .report
        .connections
        .iter()
        .map(|connection| {
            let sums = connection.repairs.both().map(|side| side.retransmitted_octets);
            (connection.opening.kind, connection.closing.kind, connection.closing.time_wait, sums)
        })
        .collect()
}

#[test]
fn swapped_addresses_change_no_verdict() {
    for scene in plain() {
        let before = judge(1, &scene.frames);
        let mut frames = scene.frames.clone();
        for frame in &mut frames {
            // Whoever had the lower socket has the higher one now. Sums do not depend on the order of what they add up.
            let packet = &mut frame.octets;
            // 192.0.2.1 is called 198.51.100.2 now, and the other way round.
            let is_a = packet[26] == 192;
            let (a, b) = ([198, 51, 100, 2], [192, 0, 2, 1]);
            packet[26..30].copy_from_slice(if is_a { &a } else { &b });
            packet[30..34].copy_from_slice(if is_a { &b } else { &a });
        }
        let after = judge(1, &frames);
        assert_eq!(before.labels(), after.labels(), "{}", scene.name);
        assert_eq!(kinds(&before), kinds(&after), "{}", scene.name);
    }
}

#[test]
fn shifted_first_numbers_change_no_verdict() {
    for (scene, shift) in plain().filter(whole).flat_map(|scene| {
        let first = scene.frames[0].octets[38..42].try_into().map_or(0, u32::from_be_bytes);
        // A little below the wrap, so that it lies inside the flow; and anywhere.
        [(scene.clone(), u32::MAX.wrapping_sub(first).wrapping_sub(3)), (scene, 0x8765_4321)]
    }) {
        let before = judge(1, &scene.frames);
        let mut frames = scene.frames.clone();
        for frame in &mut frames {
            shift_numbers(frame, shift);
        }
        let after = judge(1, &frames);
        assert_eq!(before.labels(), after.labels(), "{} shifted by {shift}", scene.name);
        assert_eq!(kinds(&before), kinds(&after), "{} shifted by {shift}", scene.name);
    }
}

/// Adds `shift` to both directions' numbers, SACK blocks too, and mends the checksum by what changed.
fn shift_numbers(frame: &mut Frame, shift: u32) {
    let packet = &mut frame.octets;
    let has_ack = packet[47] & 0x10 != 0;
    let is_reset_to_syn = packet[47] & 0x04 != 0 && packet[38..42] == [0; 4];
    if !is_reset_to_syn {
        change(packet, 38, shift);
    }
    if has_ack {
        change(packet, 42, shift);
    }
    let end = 34 + usize::from(packet[46] >> 4) * 4;
    let mut at = 54;
    while at + 1 < end {
        match packet[at] {
            0 => break,
            1 => at += 1,
            kind => {
                let len = usize::from(packet[at + 1]).max(2);
                if kind == 5 {
                    for block in (at + 2..at + len).step_by(4) {
                        change(packet, block, shift);
                    }
                }
                at += len;
            }
        }
    }
}

/// Adds `shift` to the number at `at` and mends the TCP checksum (RFC 1624).
fn change(packet: &mut [u8], at: usize, shift: u32) {
    let old = u32::from_be_bytes([packet[at], packet[at + 1], packet[at + 2], packet[at + 3]]);
    let new = old.wrapping_add(shift);
    packet[at..at + 4].copy_from_slice(&new.to_be_bytes());
    let mut sum = u64::from(!u16::from_be_bytes([packet[50], packet[51]]));
    // An odd place in the header swaps the octets of a word.
    let words = |value: u32| {
        if at.is_multiple_of(2) {
            [value >> 16, value & 0xffff]
        } else {
            [(value >> 8) & 0xffff, value.rotate_left(8) & 0xffff]
        }
    };
    for (old, new) in words(old).into_iter().zip(words(new)) {
        sum += u64::from(!old & 0xffff) + u64::from(new);
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    packet[50..52].copy_from_slice(&(!(sum as u16)).to_be_bytes());
}

#[test]
fn p8_vlan_tags_change_no_verdict_even_if_both_directions_have_their_own() {
    for scene in plain().filter(|scene| !scene.name.starts_with("s-35")) {
        let before = judge(1, &scene.frames);
        let mut frames = scene.frames.clone();
        for frame in &mut frames {
            let vid = if frame.octets[26] == 192 { 10 } else { 20 };
            frame.octets.splice(12..12, [0x81, 0, 0, vid]);
            frame.wire_len += 4;
        }
        let after = judge(1, &frames);
        assert_eq!(before.labels(), after.labels(), "{}", scene.name);
        assert_eq!(kinds(&before), kinds(&after), "{}", scene.name);
    }
}

#[test]
fn a_capture_cut_in_two_with_its_state_carried_over_changes_no_verdict() {
    for scene in scenes::all() {
        let before = judge(scene.link, &scene.frames);
        for cut in 0..=scene.frames.len() {
            let mut analyzer = Analyzer::new();
            let mut labels = Vec::new();
            let mut number = 0;
            for part in [&scene.frames[..cut], &scene.frames[cut..]] {
                for frame in part {
                    number += 1;
                    let at = Timestamp::from_nanos(frame.at_us * 1000);
                    let meta = Meta::new(number, at, LinkType(scene.link), frame.wire_len);
                    let packet = Packet::decode(RawPacket { meta, bytes: &frame.octets });
                    let mut notes = Notes::default();
                    analyzer.observe(&packet, &mut notes);
                    take(&mut labels, notes);
                }
            }
            let mut notes = Notes::default();
            analyzer.finish(&mut notes);
            take(&mut labels, notes);
            labels.sort();
            assert_eq!(before.labels(), labels, "{} cut at {cut}", scene.name);
        }
    }
}

#[test]
fn an_analyzer_for_lines_says_the_same_and_a_report_may_take_its_memory() {
    for scene in scenes::all() {
        let told = [Analyzer::new(), Analyzer::for_lines()].map(|mut analyzer| {
            let mut labels = Vec::new();
            for (number, frame) in (1..).zip(&scene.frames) {
                let at = Timestamp::from_nanos(frame.at_us * 1000);
                let meta = Meta::new(number, at, LinkType(scene.link), frame.wire_len);
                let mut notes = Notes::default();
                analyzer.observe(&Packet::decode(RawPacket { meta, bytes: &frame.octets }), &mut notes);
                take(&mut labels, notes);
            }
            let mut notes = Notes::default();
            analyzer.finish(&mut notes);
            take(&mut labels, notes);
            let kept = serde_json::to_string(&analyzer.report()).expect("plain data");
            let taken = serde_json::to_string(&analyzer.into_report()).expect("plain data");
            assert_eq!(kept, taken, "{}", scene.name);
            labels
        });
        assert_eq!(told[0], told[1], "{}", scene.name);
    }
}

/// Notes and settlements become labels, without any pipeline.
fn take(labels: &mut Vec<(u64, &'static str, &'static str)>, notes: Notes) {
    for settled in notes.settled {
        if let Some(becomes) = settled.becomes {
            labels.retain(|(packet, code, _)| (*packet, *code) != (settled.packet, settled.entry.code));
            labels.push((becomes.packet, becomes.code(), becomes.rule));
        }
    }
    for note in notes.fresh {
        if note.code().starts_with("tcp-") {
            labels.push((note.packet, note.code(), note.rule));
        }
    }
}

#[test]
fn p5_every_packet_captured_twice_changes_no_verdict() {
    for scene in plain().filter(|scene| !scene.name.starts_with("s-28") && whole(scene)) {
        // Without an identification a copy can only be told by its timestamp.
        if scene.frames.iter().any(|frame| frame.octets[18..20] == [0, 0]) {
            continue;
        }
        let before = judge(1, &scene.frames);
        let frames: Vec<Frame> = scene.frames.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect();
        let after = judge(1, &frames);
        // The first copy of packet n is packet 2n - 1 now.
        let expected: Vec<_> =
            before.labels().into_iter().map(|(packet, code, rule)| (2 * packet - 1, code, rule)).collect();
        assert_eq!(expected, after.labels(), "{}", scene.name);
        assert_eq!(kinds(&before), kinds(&after), "{}", scene.name);
        assert_eq!(after.report.health.duplicates.identical, scene.frames.len() as u64, "{}", scene.name);
    }
}
