//! Messages of one direction by a framing in steps.

use std::ops::Range;

use super::language::{Framing, Length, Step};
use crate::analysis::messages::stream::Flow;
use crate::base::limits::MAX_MESSAGES;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// All its octets in the stream, header included.
    pub range: Range<usize>,
    /// Its body.
    pub body: Range<usize>,
    /// A JSON header, if it has one.
    pub json: Option<Range<usize>>,
    /// The integer fields by name, in order; JSON's numbers too.
    pub fields: Vec<(String, u64)>,
}

/// How the walk along a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At the end of the stream, after a whole message.
    Whole,
    /// Within a message: where it begins, and how many octets of it are missing (at least).
    Incomplete {
        /// First octet of the message.
        at: usize,
        /// Octets still needed; 0 if the message does not say.
        missing: u64,
    },
    /// The octets contradict the framing here: the protocol lost step.
    LostStep {
        /// First octet of what should be a message.
        at: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A header lies in octets that were not captured; the walk cannot go on.
    NotCaptured {
        /// First octet that is missing.
        at: usize,
    },
    /// More messages than netlab lists.
    TooMany {
        /// Where the walk stopped.
        at: usize,
    },
}

/// The messages of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// In the order of the stream.
    pub messages: Vec<Message>,
    /// How the walk ended.
    pub outcome: Outcome,
}

/// Bodies beyond this are not believed: a length that is really text or noise.
const MAX_BODY_LEN: u64 = 1 << 31;

/// Follows `framing` along `flow` from octet `start`. Each step moves on or ends the walk, so it always ends.
pub fn parse(framing: &Framing, flow: &Flow, start: usize) -> Parsed {
    let Framing::Steps(steps) = framing else {
        return Parsed { messages: Vec::new(), outcome: Outcome::Whole };
    };
    let mut messages = Vec::new();
    let mut at = start;
    let outcome = loop {
        if at >= flow.octets.len() {
            break Outcome::Whole;
        }
        if messages.len() >= MAX_MESSAGES {
            break Outcome::TooMany { at };
        }
        match message(steps, flow, at) {
            Ok(message) => {
                // A framing of only optional lengths could stand still.
                if message.range.end <= at {
                    break Outcome::LostStep { at, reason: "a message of no octets at all".into() };
                }
                at = message.range.end;
                messages.push(message);
            }
            Err(outcome) => break outcome,
        }
    };
    Parsed { messages, outcome }
}

/// The one message that begins at `start`.
pub(super) fn one(framing: &Framing, flow: &Flow, start: usize) -> Result<Message, Outcome> {
    match framing {
        Framing::Steps(steps) => message(steps, flow, start),
        Framing::Lockstep => Err(Outcome::Whole),
    }
}

fn message(steps: &[Step], flow: &Flow, start: usize) -> Result<Message, Outcome> {
    let mut at = start;
    let mut found = Message { range: start..start, body: start..start, json: None, fields: Vec::new() };
    for step in steps {
        match step {
            Step::Integer(width, name) => {
                let range = octets(flow, start, at, width.octets as u64)?;
                let Some(number) = width.read(&flow.octets[range.clone()]) else {
                    return Err(Outcome::NotCaptured { at });
                };
                whole(flow, &range)?;
                found.fields.push((name.clone(), number));
                at = range.end;
            }
            Step::Skip(len) => at = octets(flow, start, at, resolve(len, &found, start)?)?.end,
            Step::Body(len) => {
                let range = octets(flow, start, at, resolve(len, &found, start)?)?;
                at = range.end;
                found.body = range;
            }
            Step::Json(len, names) => {
                let range = octets(flow, start, at, resolve(len, &found, start)?)?;
                whole(flow, &range)?;
                json(&flow.octets[range.clone()], names, &mut found.fields)
                    .map_err(|reason| Outcome::LostStep { at: start, reason })?;
                at = range.end;
                found.json = Some(range);
            }
            Step::Until(delimiter) => {
                let rest = &flow.octets[at.min(flow.octets.len())..];
                let Some(len) = memchr::memmem::find(rest, delimiter) else {
                    return Err(Outcome::Incomplete { at: start, missing: 0 });
                };
                found.body = at..at + len;
                at += len + delimiter.len();
                whole(flow, &(start..at))?;
            }
        }
    }
    found.range = start..at;
    Ok(found)
}

/// The next `len` octets from `at`, if the stream has them.
fn octets(flow: &Flow, start: usize, at: usize, len: u64) -> Result<Range<usize>, Outcome> {
    let there = (flow.octets.len() - at.min(flow.octets.len())) as u64;
    if len > there {
        return Err(Outcome::Incomplete { at: start, missing: len - there });
    }
    Ok(at..at + len as usize)
}

fn whole(flow: &Flow, range: &Range<usize>) -> Result<(), Outcome> {
    if flow.is_whole(range) { Ok(()) } else { Err(Outcome::NotCaptured { at: range.start }) }
}

fn resolve(len: &Length, found: &Message, start: usize) -> Result<u64, Outcome> {
    let lost = |reason: String| Outcome::LostStep { at: start, reason };
    let field = match &len.field {
        None => 0,
        Some(name) => {
            let field = found.fields.iter().rev().find(|(known, _)| known == name);
            field.map(|(_, number)| *number).ok_or_else(|| lost(format!("the header says no {name}")))?
        }
    };
    let total = i128::from(field) + i128::from(len.plus);
    u64::try_from(total)
        .ok()
        .filter(|total| *total <= MAX_BODY_LEN)
        .ok_or_else(|| lost(format!("a length of {total} octets cannot be")))
}

/// Reads a JSON header and the numbers that have names.
fn json(text: &[u8], names: &[(String, Vec<String>)], fields: &mut Vec<(String, u64)>) -> Result<(), String> {
    let header: serde_json::Value =
        serde_json::from_slice(text).map_err(|_| "what should be a JSON header is not JSON".to_owned())?;
    for (name, path) in names {
        let value = path.iter().try_fold(&header, |value, key| value.get(key));
        let number = value.and_then(|value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()));
        let number = number.ok_or_else(|| format!("the JSON header has no number under .{}", path.join(".")))?;
        fields.push((name.clone(), number));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(framing: &str, pieces: &[&[u8]]) -> (Vec<String>, Outcome) {
        let flow = Flow::of(pieces);
        let parsed = parse(&framing.parse().expect("a framing"), &flow, 0);
        let bodies = parsed
            .messages
            .iter()
            .map(|message| String::from_utf8_lossy(&flow.octets[message.body.clone()]).into_owned());
        (bodies.collect(), parsed.outcome)
    }

    fn bodies(found: &[&str]) -> Vec<String> {
        found.iter().map(|body| (*body).to_owned()).collect()
    }

    #[test]
    fn split_prefixes_and_glued_messages_are_read() {
        let (found, outcome) = parsed("u32le n; body[n]", &[b"\x05\0", b"\0\0hel", b"lo\x03\0\0\0egg"]);
        assert_eq!((found, outcome), (bodies(&["hello", "egg"]), Outcome::Whole));
    }

    #[test]
    fn an_incomplete_last_message_says_what_is_missing() {
        let (found, outcome) = parsed("u16be n; body[n]", &[b"\0\x02hi\0\x05yo"]);
        assert_eq!((found, outcome), (bodies(&["hi"]), Outcome::Incomplete { at: 4, missing: 3 }));
    }

    #[test]
    fn a_json_header_gives_the_length_of_the_body() {
        let (found, outcome) =
            parsed("u32le h; json[h]{n=.data_size}; body[n]", &[b"\x10\0\0\0{\"data_size\": 3}egg\x02\0\0\0[]"]);
        assert_eq!(found, bodies(&["egg"]));
        assert!(matches!(outcome, Outcome::LostStep { at: 23, .. }), "{outcome:?}");
    }

    #[test]
    fn a_length_that_counts_itself_cannot_be_smaller_than_itself() {
        let (_, outcome) = parsed("u8 n; body[n-1]", &[b"\x03ab\0"]);
        assert!(matches!(outcome, Outcome::LostStep { at: 3, .. }), "{outcome:?}");
    }

    #[test]
    fn octets_that_were_not_captured_may_be_a_body_but_not_a_header() {
        let mut flow = Flow::of(&[b"\x05hello\x03egg"]);
        flow.gaps.push(2..4);
        let framing: Framing = "u8 n; body[n]".parse().expect("a framing");
        assert_eq!(parse(&framing, &flow, 0).outcome, Outcome::Whole);
        flow.gaps.push(6..7);
        assert_eq!(parse(&framing, &flow, 0).outcome, Outcome::NotCaptured { at: 6 });
    }

    #[test]
    fn no_framing_stands_still() {
        let (_, outcome) = parsed("skip[1]; body until \"x\"", &[b"aaa"]);
        assert_eq!(outcome, Outcome::Incomplete { at: 0, missing: 0 });
        let flow = Flow::of(&[b"\0\0\0"]);
        let framing = Framing::Steps(vec![Step::Body(Length { field: None, plus: 0 })]);
        assert!(matches!(parse(&framing, &flow, 0).outcome, Outcome::LostStep { .. }));
    }
}
