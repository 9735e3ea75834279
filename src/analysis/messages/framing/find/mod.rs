//! Finding the framing of a stream by itself.
//!
//! Each candidate framing is judged by a likelihood ratio in bits: how much better do its headers explain the octets
//! than "octets as in the rest of the stream" do? For a stream that has no such framing, a ratio of k bits or more comes up with a
//! chance of at most 2^-k, whatever the candidate, so a threshold above the number of candidates keeps false finds rare:
//! netlab rather says "unknown" than something wrong.

mod delimiter;
mod fixed;
mod json;
mod model;
mod prefix;

use super::language::{Framing, Step};
use super::parse::{Outcome, Parsed, parse};
use crate::analysis::messages::stream::Flow;

/// A framing that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The framing, in the one-line language.
    pub framing: Framing,
    /// The first octet of the first message: not 0 if the capture begins within one.
    pub start: usize,
    /// How many of the looked-at octets it explains, from 0 to 1.
    pub fit: f64,
    /// Whole messages in the octets that were looked at.
    pub messages: usize,
    /// The likelihood ratio, in bits.
    pub bits: f64,
    /// Other framings that explain the octets too, best first.
    pub rivals: Vec<Rival>,
}

/// A framing that was not chosen.
#[derive(Clone, Debug)]
pub struct Rival {
    /// The framing.
    pub framing: Framing,
    /// How many octets it explains, from 0 to 1.
    pub fit: f64,
}

/// A framing while it is being judged.
#[derive(Clone, Debug)]
struct Candidate {
    framing: Framing,
    start: usize,
    fit: f64,
    messages: usize,
    bits: f64,
    /// True if its last message ends exactly where the stream ends: then even one or two messages may be enough.
    is_exact: bool,
}

impl Candidate {
    fn rank(&self) -> u8 {
        let Framing::Steps(steps) = &self.framing else { return 3 };
        match steps.first() {
            Some(Step::Until(_)) => 1,
            Some(Step::Body(_)) => 2,
            _ => 0,
        }
    }
}

/// Bits that a framing must gain beyond the choice among candidates: a wrong find in a million.
const THRESHOLD_BITS: f64 = 20.0;
/// Octets that candidates are judged on; the framing found is then followed along the whole stream.
const SAMPLE_LEN: usize = 128 << 10;
/// Octets that are searched for the first message when the beginning was not captured.
const LATE_SAMPLE_LEN: usize = 24 << 10;
/// Whole messages that are needed before anything is said, unless the stream is explained from its first octet to its last.
const MIN_MESSAGES: usize = 3;
/// How much of the octets must be explained.
const MIN_FIT: f64 = 0.9;

/// Finds the framing of a stream; `None` if nothing explains it well enough.
pub fn find(flow: &Flow) -> Option<Found> {
    let sample = Sample::of(flow)?;
    let mut candidates = prefix::candidates(&sample);
    candidates.extend(json::candidates(&sample));
    candidates.extend(delimiter::candidates(&sample));
    candidates.extend(fixed::candidates(&sample));
    candidates.retain(|candidate| {
        let is_enough = candidate.messages >= MIN_MESSAGES || sample.is_start && candidate.is_exact;
        is_enough && candidate.fit >= MIN_FIT && candidate.bits >= THRESHOLD_BITS
    });
    // A header that leads from message to message up to the end explains more than marks and columns, which the text
    // inside of messages has too.
    candidates.sort_by(|a, b| a.rank().cmp(&b.rank()).then(b.bits.total_cmp(&a.bits)));
    let mut in_order = candidates.into_iter();
    let best = in_order.next()?;
    let mut rivals: Vec<Rival> = Vec::new();
    for rival in in_order {
        let is_news = rival.rank() == best.rank()
            && rival.framing != best.framing
            && rivals.iter().all(|known| known.framing != rival.framing);
        if is_news && rivals.len() < 3 && !same_messages(flow, &best, &rival) {
            rivals.push(Rival { framing: rival.framing, fit: rival.fit });
        }
    }
    Some(Found {
        framing: best.framing,
        start: sample.offset + best.start,
        fit: best.fit,
        messages: best.messages,
        bits: best.bits,
        rivals,
    })
}

/// True if two framings are two spellings of one: the same borders.
fn same_messages(flow: &Flow, one: &Candidate, other: &Candidate) -> bool {
    let borders = |candidate: &Candidate| -> Vec<usize> {
        parse(&candidate.framing, flow, candidate.start).messages.iter().take(8).map(|m| m.range.end).collect()
    };
    one.start == other.start && borders(one) == borders(other)
}

/// Follows a framing along the whole stream. After octets that were not captured, or a message that makes no sense, it
/// looks for the next place from which several messages follow each other.
pub fn follow(framing: &Framing, flow: &Flow, start: usize) -> Vec<Parsed> {
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let parsed = parse(framing, flow, at);
        let stuck = match &parsed.outcome {
            Outcome::LostStep { at, .. } | Outcome::NotCaptured { at } => Some(*at),
            // A length that reaches beyond the end may be noise after a lost step: only in a stream with gaps.
            Outcome::Incomplete { at, .. } if !flow.gaps.is_empty() => Some(*at),
            _ => None,
        };
        parts.push(parsed);
        let Some(stuck) = stuck.filter(|_| parts.len() < MAX_PARTS) else { return parts };
        match resume(framing, flow, stuck) {
            Some(next) => at = next,
            None => return parts,
        }
    }
}

/// Times that netlab finds back into step in one stream.
const MAX_PARTS: usize = 64;

/// The next place after `stuck` from which at least three messages follow each other, or the stream's end is reached.
fn resume(framing: &Framing, flow: &Flow, stuck: usize) -> Option<usize> {
    let from = flow.runs().into_iter().find(|run| run.start > stuck).map_or(stuck + 1, |run| run.start);
    let until = flow.octets.len().min(from.saturating_add(LATE_SAMPLE_LEN));
    (from..until).find(|start| {
        let end = flow.octets.len().min(start + LATE_SAMPLE_LEN);
        let mut at = *start;
        let mut count = 0;
        while count < 4 && at < end {
            let parsed = super::parse::one(framing, flow, at);
            let Ok(message) = parsed else { return false };
            if message.range.end <= at {
                return false;
            }
            at = message.range.end;
            count += 1;
        }
        count >= 4 || (count >= 2 && at == flow.octets.len())
    })
}

/// The octets that candidates are judged on: the longest run that was captured without a gap, up to a limit.
struct Sample<'a> {
    octets: &'a [u8],
    /// Where the sample lies in the stream.
    offset: usize,
    /// True if a message begins at its first octet: the stream's true beginning.
    is_start: bool,
    /// True if the sample ends where the stream ends.
    is_end: bool,
    model: model::Octets,
    segments: Vec<usize>,
}

impl<'a> Sample<'a> {
    fn of(flow: &'a Flow) -> Option<Sample<'a>> {
        let runs = flow.runs();
        // The beginning is worth more than length, unless it is very short.
        let longest = runs.iter().max_by_key(|run| (run.len().min(SAMPLE_LEN), std::cmp::Reverse(run.start)))?;
        let first = runs.first().filter(|run| run.start == 0 && flow.starts_at_syn && run.len() * 4 >= longest.len());
        let run = first.unwrap_or(longest);
        let is_start = run.start == 0 && flow.starts_at_syn;
        let limit = if is_start { SAMPLE_LEN } else { LATE_SAMPLE_LEN };
        let end = run.end.min(run.start + limit);
        let octets = flow.octets.get(run.start..end)?;
        let borders = flow.segments_of(&(run.start..end)).iter().map(|segment| segment.offset);
        Some(Sample {
            octets,
            offset: run.start,
            is_start,
            is_end: end == flow.octets.len(),
            model: model::Octets::of(octets),
            segments: borders.filter(|border| *border >= run.start).map(|border| border - run.start).collect(),
        })
    }

    /// The places at which the first message may begin.
    fn starts(&self) -> std::ops::Range<usize> {
        if self.is_start { 0..1 } else { 0..self.octets.len().min(MAX_STARTS) }
    }

    /// What it costs to choose among the starts, in bits.
    fn start_bits(&self) -> f64 {
        (self.starts().len() as f64).log2()
    }
}

/// Places tried as the beginning of the first message.
const MAX_STARTS: usize = 2048;

#[cfg(test)]
mod tests;
