//! A length prefix, a JSON header of that length, and a body whose length the header tells under a key.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::language::{Framing, Length, Step, Width};
use super::super::parse::{Outcome, parse};
use super::{Candidate, Sample};
use crate::analysis::messages::stream::Flow;

/// Bits that one header is worth: that many octets are an object of JSON only by design.
const HEADER_BITS: f64 = 30.0;
/// A JSON header longer than this is not looked at.
const MAX_HEADER_LEN: u64 = 64 << 10;

const WIDTHS: [Width; 7] = [
    Width { octets: 4, is_little: true },
    Width { octets: 4, is_little: false },
    Width { octets: 2, is_little: true },
    Width { octets: 2, is_little: false },
    Width { octets: 8, is_little: true },
    Width { octets: 8, is_little: false },
    Width { octets: 1, is_little: true },
];

pub(super) fn candidates(sample: &Sample<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    // The prefix stands right before an opening brace.
    let first = memchr::memchr_iter(b'{', sample.octets).take(256);
    for brace in first.filter(|brace| *brace <= sample.starts().end + 8) {
        for width in WIDTHS {
            let Some(start) = brace.checked_sub(width.octets) else { continue };
            if !sample.starts().contains(&start) {
                continue;
            }
            if let Some(header) = header(sample.octets, start, width) {
                found.extend(with_header(sample, start, width, &header));
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    found
}

fn header(octets: &[u8], start: usize, width: Width) -> Option<Value> {
    let len = width.read(octets.get(start..)?)?;
    if !(2..=MAX_HEADER_LEN).contains(&len) {
        return None;
    }
    let text = octets.get(start + width.octets..)?.get(..len as usize)?;
    serde_json::from_slice(text).ok().filter(Value::is_object)
}

/// Tries every number of the header as the body's length, and no body at all.
fn with_header(sample: &Sample<'_>, start: usize, width: Width, header: &Value) -> Vec<Candidate> {
    let mut paths = BTreeSet::from([Vec::new()]);
    numbers(header, &mut Vec::new(), &mut paths);
    let flow = Flow::of(&[sample.octets]);
    let judge = |path: Vec<String>| {
        let field = |name: &str| Length { field: Some(name.into()), plus: 0 };
        let mut steps = vec![Step::Integer(width, "h".into())];
        if path.is_empty() {
            steps.push(Step::Json(field("h"), Vec::new()));
        } else {
            steps.push(Step::Json(field("h"), vec![("n".into(), path)]));
            steps.push(Step::Body(field("n")));
        }
        let framing = Framing::Steps(steps);
        let parsed = parse(&framing, &flow, start);
        let longest = parsed.messages.iter().map(|message| message.range.len()).max().unwrap_or(0);
        let covered = match parsed.outcome {
            Outcome::Whole => sample.octets.len(),
            // The rest of a long message may come later; a length out of all proportion is no length.
            Outcome::Incomplete { missing, .. } if missing <= 64 * longest.max(1 << 20) as u64 => sample.octets.len(),
            _ => parsed.messages.last().map_or(start, |message| message.range.end),
        };
        let messages = parsed.messages.len();
        let fit = (covered - start) as f64 / (sample.octets.len() - start).max(1) as f64;
        // One whole message is enough here: an upload has only one header.
        let is_enough = messages >= 1;
        let bits = HEADER_BITS * messages as f64 - sample.start_bits();
        is_enough.then_some(Candidate { framing, start, fit, messages, bits, is_exact: true })
    };
    let mut found: Vec<_> = paths.into_iter().filter_map(judge).collect();
    // Of several keys that explain the stream, the one that brings the walk to the end of it; headers alone lose step.
    for candidate in &mut found {
        candidate.bits += if candidate.fit > 0.999 { HEADER_BITS } else { 0.0 };
    }
    found
}

/// The paths of all whole numbers in a header, two levels deep; numbers in quotes too.
fn numbers(value: &Value, path: &mut Vec<String>, found: &mut BTreeSet<Vec<String>>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map.iter().take(64) {
        let is_word = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_word {
            continue;
        }
        path.push(key.clone());
        match value {
            Value::Number(number) if number.is_u64() => drop(found.insert(path.clone())),
            Value::String(text) if text.trim().parse::<u64>().is_ok() => drop(found.insert(path.clone())),
            Value::Object(_) if path.len() < 2 => numbers(value, path, found),
            _ => {}
        }
        path.pop();
    }
}
