//! Streams from twelve framings, cut at random, with losses and late starts: the framing must come out, and nothing must
//! come out of streams that have none.

use super::*;
use crate::base::{Rng, Timestamp};

/// The framings, and how a message of this body looks in each.
const FRAMINGS: [&str; 12] = [
    "u8 len; body[len]",
    "u16le len; body[len]",
    "u16be len; body[len]",
    "u32le len; body[len]",
    "u32be len; body[len]",
    "u64be len; body[len]",
    "u16be len; body[len-2]",
    "u32be len; body[len-4]",
    "body until \"\\n\"",
    "body until \"\\r\\n\"",
    "body[48]",
    "u32le h; json[h]{n=.data_size}; body[n]",
];

fn message(framing: usize, body: &[u8], rng: &mut Rng) -> Vec<u8> {
    let len = body.len();
    let join = |header: &[u8]| [header, body].concat();
    match framing {
        0 => join(&[len as u8]),
        1 => join(&(len as u16).to_le_bytes()),
        2 => join(&(len as u16).to_be_bytes()),
        3 => join(&(len as u32).to_le_bytes()),
        4 => join(&(len as u32).to_be_bytes()),
        5 => join(&(len as u64).to_be_bytes()),
        6 => join(&(len as u16 + 2).to_be_bytes()),
        7 => join(&(len as u32 + 4).to_be_bytes()),
        8 => [body, b"\n"].concat(),
        9 => [body, b"\r\n"].concat(),
        10 => {
            let mut record = vec![0; 48];
            record.iter_mut().for_each(|octet| *octet = rng.next_u64() as u8);
            record[..2].copy_from_slice(&[0xab, 0xcd]);
            record
        }
        _ => {
            let header = format!("{{\"data_size\": {len}, \"id\": {}}}", rng.below(1000));
            [&(header.len() as u32).to_le_bytes(), header.as_bytes(), body].concat()
        }
    }
}

fn body(framing: usize, rng: &mut Rng) -> Vec<u8> {
    let is_text = matches!(framing, 8 | 9) || rng.below(2) == 0;
    let len = if framing == 0 { 1 + rng.below(60) } else { 1 + rng.below(300) };
    (0..len)
        .map(
            |_| if is_text { b"etaoin shrdluETAOIN,.0123456789"[rng.below(31) as usize] } else { rng.next_u64() as u8 },
        )
        .collect()
}

/// A stream of `count` messages in random segments; perhaps the start is missing, perhaps a segment was not captured.
fn stream(framing: usize, count: usize, rng: &mut Rng) -> Flow {
    let mut octets = Vec::new();
    for _ in 0..count {
        let body = body(framing, rng);
        octets.extend_from_slice(&message(framing, &body, rng));
    }
    let mut flow = Flow::of(&[]);
    flow.starts_at_syn = true;
    let (mut at, mut packet) = (0, 0);
    if rng.below(4) == 0 {
        flow.starts_at_syn = false;
        at = rng.below(200.min(octets.len() as u64 / 8)) as usize;
    }
    while at < octets.len() {
        let len = (1 + rng.below(400) as usize).min(octets.len() - at);
        packet += 1;
        flow.append(&octets[at..at + len], packet, Timestamp::from_nanos(packet * 1000));
        at += len;
    }
    if rng.below(4) == 0 && flow.segments.len() > 6 {
        let lost = flow.segments[flow.segments.len() - 3].range();
        flow.octets[lost.clone()].fill(0);
        flow.gaps.push(lost);
    }
    flow
}

#[test]
fn twelve_framings_are_found_in_cut_lossy_and_late_streams() {
    let rounds: usize = std::env::var("NETLAB_FRAMING_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let mut rng = Rng::new(11);
    let mut wrong = Vec::new();
    for round in 0..rounds {
        for (index, expected) in FRAMINGS.iter().enumerate() {
            let count = 24 + rng.below(40) as usize;
            let flow = stream(index, count, &mut rng);
            let found = find(&flow).map(|found| found.framing.to_string());
            if found.as_deref() != Some(expected) {
                wrong.push(format!("round {round}: {expected}: {found:?} start {}", flow.starts_at_syn));
            }
        }
    }
    let total = rounds * FRAMINGS.len();
    // At least 99 of 100, and rather nothing than something wrong.
    assert!(wrong.len() * 100 <= total, "{} of {total}\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nothing_is_found_in_noise() {
    let rounds: u64 = std::env::var("NETLAB_FRAMING_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let mut rng = Rng::new(12);
    for round in 0..rounds * 10 {
        let octets: Vec<u8> = (0..200 + rng.below(4000)).map(|_| rng.next_u64() as u8).collect();
        let mut flow = Flow::of(&[&octets]);
        flow.starts_at_syn = round % 2 == 0;
        assert!(find(&flow).is_none(), "round {round}: {:?}", find(&flow));
    }
}

#[test]
fn nothing_is_found_in_prose_and_in_the_middle_of_tls() {
    let rounds: u64 = std::env::var("NETLAB_FRAMING_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(4);
    let words: [&[u8]; 12] =
        [b"the", b"network", b"is", b"a", b"cable", b"with", b"two", b"ends", b"and", b"packets", b"in", b"between"];
    let mut rng = Rng::new(14);
    for round in 0..rounds * 10 {
        let mut prose = Vec::new();
        while prose.len() < 400 + rng.below(3000) as usize {
            prose.extend_from_slice(words[rng.below(12) as usize]);
            prose.extend_from_slice([b" ".as_slice(), b", ", b". "][rng.below(3) as usize]);
        }
        let mut tls = Vec::new();
        for _ in 0..10 {
            let len = 40 + rng.below(900) as u16;
            tls.extend_from_slice(&[0x17, 3, 3]);
            tls.extend_from_slice(&len.to_be_bytes());
            tls.extend((0..len).map(|_| rng.next_u64() as u8));
        }
        let cut = 1 + rng.below(30) as usize;
        let mut late = Flow::of(&[&tls[cut..]]);
        late.starts_at_syn = false;
        let mut flow = Flow::of(&[&prose]);
        flow.starts_at_syn = round % 2 == 0;
        assert!(find(&flow).is_none(), "round {round}: {:?}", find(&flow));
        // Seen from the middle, the records of TLS are messages with a length, and saying so is right.
        if let Some(found) = find(&late) {
            assert_eq!(found.framing.to_string(), "skip[3]; u16be len; body[len]", "round {round}");
        }
    }
}

#[test]
fn a_few_short_lines_are_enough_when_each_comes_by_itself() {
    let lines: Vec<&[u8]> = vec![b"one\n", b"two\n", b"three\n", "你好 world\n".as_bytes()];
    let found = find(&Flow::of(&lines)).expect("a framing");
    assert_eq!(found.framing.to_string(), "body until \"\\n\"");
    assert!(find(&Flow::of(&[b"one\ntwo\nth", b"ree"])).is_none());
}

#[test]
fn one_answer_with_its_length_before_it_is_enough() {
    let answer = [&2100_u32.to_le_bytes()[..], &b"total 48 drwxr-xr-x ".repeat(105)].concat();
    let found = find(&Flow::of(&[&answer])).expect("a framing");
    assert_eq!(found.framing.to_string(), "u32le len; body[len]");
}

#[test]
fn a_single_upload_with_a_json_header_is_found() {
    let upload = b"\x27\0\0\0{\"file_name\": \"a.txt\", \"file_size\": 12}hello world!";
    let found = find(&Flow::of(&[upload])).expect("a framing");
    assert_eq!(found.framing.to_string(), "u32le h; json[h]{n=.file_size}; body[n]");
}

#[test]
fn following_finds_back_into_step_after_a_hole() {
    let mut rng = Rng::new(13);
    let mut octets = Vec::new();
    for _ in 0..40 {
        let body: Vec<u8> = (0..20 + rng.below(50)).map(|_| b'a' + rng.below(26) as u8).collect();
        octets.extend_from_slice(&message(3, &body, &mut rng));
    }
    let mut flow = Flow::of(&[&octets]);
    let framing: Framing = FRAMINGS[3].parse().expect("a framing");
    let whole = follow(&framing, &flow, 0);
    assert_eq!(whole.iter().map(|part| part.messages.len()).sum::<usize>(), 40);
    flow.gaps.push(500..700);
    let parts = follow(&framing, &flow, 0);
    assert!(parts.len() >= 2, "{parts:?}");
    assert!(parts.iter().map(|part| part.messages.len()).sum::<usize>() > 28);
}
