//! One small conversation for each rule about TCP that no conformance capture shows. The name of each test bears the
//! rules that it proves.

#[path = "tcp/bench.rs"]
mod bench;
#[path = "../xtask/src/captures/tcp/talk.rs"]
#[allow(dead_code)]
mod talk;

#[path = "tcp/acknowledgments.rs"]
mod acknowledgments;
#[path = "tcp/connections.rs"]
mod connections;
#[path = "tcp/data.rs"]
mod data;
#[path = "tcp/openings_and_closings.rs"]
mod openings_and_closings;
#[path = "tcp/resets.rs"]
mod resets;

use bench::{Verdicts, judge};
use netlab::analysis::{Fact, Note};
use talk::{Frame, Talk};

/// Judges a conversation, and holds it against the labels that it promises.
fn told(talk: &Talk) -> Verdicts {
    let judged = judge(1, &talk.frames);
    for (packet, code, rule) in &talk.labels {
        assert!(judged.has(*packet, code, rule), "packet {packet} is not {code} by {rule}\n{}", judged.told());
    }
    judged
}

/// Several conversations in one capture, by time.
fn together(talks: &[&Talk]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = talks.iter().flat_map(|talk| talk.frames.clone()).collect();
    frames.sort_by_key(|frame| frame.at_us);
    frames
}

/// The note with this code about this packet.
fn note<'v>(judged: &'v Verdicts, packet: u64, code: &str) -> &'v Note {
    let found = judged.notes.iter().find(|note| note.packet == packet && note.code() == code);
    found.unwrap_or_else(|| panic!("packet {packet} has no {code}\n{}", judged.told()))
}

fn never(judged: &Verdicts, code: &str) {
    assert!(!judged.notes.iter().any(|note| note.code() == code), "{code} must not appear\n{}", judged.told());
}

fn count(note: &Note, fact: &str) -> u64 {
    match note.fact(fact) {
        Some(Fact::Count(number) | Fact::Octets(number) | Fact::Nanos(number) | Fact::Packet(number)) => *number,
        other => panic!("{} has no number {fact}: {other:?}", note.code()),
    }
}

/// The latest frame's number.
fn last(talk: &Talk) -> u64 {
    talk.frames.len() as u64
}
