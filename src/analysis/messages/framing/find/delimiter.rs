//! Delimiters: text whose messages end with a mark.

use super::super::language::{Framing, Step};
use super::{Candidate, Sample};

/// Marks that end messages, the more special first.
const MARKS: [&[u8]; 7] = [b"\r\n", b"\n", b"\0", b"\x03", b"\x04", b"\x1e", b"\r"];
/// A message longer than this between two marks is not one.
const MAX_LEN: usize = 64 << 10;
/// How much of the octets between marks must be text: the headers of binary framings are small but not rare.
const MIN_TEXT: f64 = 0.9995;

pub(super) fn candidates(sample: &Sample<'_>) -> Vec<Candidate> {
    MARKS.into_iter().filter_map(|mark| judge(sample, mark)).collect()
}

fn judge(sample: &Sample<'_>, mark: &[u8]) -> Option<Candidate> {
    let octets = sample.octets;
    let ends: Vec<usize> = memchr::memmem::find_iter(octets, mark).map(|at| at + mark.len()).collect();
    let last = *ends.last()?;
    let mut previous = 0;
    let mut longest = 0;
    let mut empty = 0;
    for end in &ends {
        let len = end - previous - mark.len();
        longest = longest.max(len);
        empty += usize::from(len == 0);
        previous = *end;
    }
    // Lines end with "\n" also where "\r\n" does; the longer mark explains more when it always applies.
    let is_part_of_longer = mark.len() == 1
        && matches!(mark[0], b'\n' | b'\r')
        && memchr::memmem::find_iter(octets, b"\r\n").count() * 10 >= ends.len() * 9;
    let tail_len = octets.len() - last;
    if longest > MAX_LEN || tail_len > MAX_LEN.min(4 * longest.max(64)) || is_part_of_longer || empty * 2 > ends.len() {
        return None;
    }
    let text_len = octets.len() - ends.len() * mark.len();
    let text = text_octets(octets, mark);
    if (text as f64) < MIN_TEXT * text_len as f64 {
        return None;
    }
    // Where the capture begins within a message, the first mark tells where the next begins.
    let start = if sample.is_start { 0 } else { ends[0] };
    let messages = ends.len() - usize::from(!sample.is_start);
    // Random octets are text with a chance of about 0.4 each.
    let bits = (text_len as f64 * 0.3).min(12.0 * messages as f64) + aligned_bits(sample, mark);
    Some(Candidate {
        framing: Framing::Steps(vec![Step::Until(mark.to_vec())]),
        start,
        fit: 1.0,
        messages,
        bits,
        is_exact: false,
    })
}

/// What it is worth that every segment ends with the mark: a program that writes line by line is seen by that even when
/// it says little.
fn aligned_bits(sample: &Sample<'_>, mark: &[u8]) -> f64 {
    let borders = || sample.segments.iter().copied().filter(|border| *border > 0);
    let is_aligned = borders().chain([sample.octets.len()]).all(|border| sample.octets[..border].ends_with(mark));
    let count = borders().count() + usize::from(sample.is_end);
    if is_aligned { 4.0 * count as f64 } else { 0.0 }
}

/// Octets that are printable ASCII, tabs, line ends or part of UTF-8 characters, marks left out.
fn text_octets(octets: &[u8], mark: &[u8]) -> usize {
    let is_text = |octet: u8| matches!(octet, b' '..=b'~' | b'\t' | b'\r' | b'\n') && !mark.contains(&octet);
    octets
        .utf8_chunks()
        .flat_map(|chunk| chunk.valid().chars())
        .map(|c| if c.is_ascii() { usize::from(is_text(c as u8)) } else { c.len_utf8() })
        .sum()
}
