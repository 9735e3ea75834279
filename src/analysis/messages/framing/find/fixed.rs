//! Messages of one fixed size: some octet of every message is always the same.

use super::super::language::{Framing, Length, Step};
use super::{Candidate, Sample};

/// Sizes tried.
const SIZES: std::ops::RangeInclusive<usize> = 2..=1024;
/// Bits that it costs to choose a size and a column.
const CHOICE_BITS: f64 = 16.0;
/// Messages that are needed before a column counts as constant.
const MIN_RECORDS: usize = 8;

pub(super) fn candidates(sample: &Sample<'_>) -> Vec<Candidate> {
    let octets = &sample.octets[..sample.octets.len().min(64 << 10)];
    let best = SIZES
        .take_while(|size| octets.len() / size >= MIN_RECORDS)
        .map(|size| (size, bits(sample, octets, size)))
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    let Some((size, bits)) = best.filter(|(_, bits)| *bits > 0.0) else { return Vec::new() };
    let start = if sample.is_start { 0 } else { phase(sample, size) };
    let messages = (sample.octets.len() - start) / size;
    let framing = Framing::Steps(vec![Step::Body(Length { field: None, plus: size as i64 })]);
    vec![Candidate { framing, start, fit: 1.0, messages, bits, is_exact: false }]
}

/// What the constant columns of records of `size` save, in bits.
fn bits(sample: &Sample<'_>, octets: &[u8], size: usize) -> f64 {
    let records = octets.len() / size;
    let column = |column: usize| {
        let value = octets[column];
        // Most columns differ within the first two records, so this is quick.
        let is_constant = octets[column..records * size].iter().step_by(size).all(|octet| *octet == value);
        if is_constant { sample.model.cost(&[value]) * (records - 1) as f64 } else { 0.0 }
    };
    (0..size).map(column).sum::<f64>() - CHOICE_BITS
}

/// Where records begin when the capture began within one: where segments begin most often.
fn phase(sample: &Sample<'_>, size: usize) -> usize {
    let mut counts = vec![0_u32; size];
    sample.segments.iter().for_each(|border| counts[border % size] += 1);
    (0..size).max_by_key(|phase| (counts[*phase], std::cmp::Reverse(*phase))).unwrap_or(0)
}
