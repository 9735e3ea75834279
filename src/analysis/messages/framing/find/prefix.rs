//! Length prefixes: 1, 2, 4 or 8 octets, either order, the header counted or not, perhaps with fixed fields around them.

use super::super::language::{Framing, Length, Step, Width};
use super::model::Lengths;
use super::{Candidate, Sample};

/// What a header with a length looks like.
#[derive(Clone, Copy)]
struct Shape {
    /// Fixed octets before the length, such as a type.
    before: usize,
    width: Width,
    /// Added to the length to get the octets that follow it: negative if the length counts the header.
    plus: i64,
}

const WIDTHS: [Width; 7] = [
    Width { octets: 4, is_little: true },
    Width { octets: 4, is_little: false },
    Width { octets: 2, is_little: false },
    Width { octets: 2, is_little: true },
    Width { octets: 8, is_little: true },
    Width { octets: 8, is_little: false },
    Width { octets: 1, is_little: true },
];

/// Bits that it costs to choose among the shapes.
const SHAPE_BITS: f64 = 7.5;
/// Bits that fixed fields around the length must earn: plain prefixes are far more common.
const FIELD_BITS: f64 = 6.0;
/// A last message may be this many times longer than any before it and still be believed to be incomplete.
const INCOMPLETE_FACTOR: u64 = 4;

pub(super) fn candidates(sample: &Sample<'_>) -> Vec<Candidate> {
    let mut found = Vec::new();
    for width in WIDTHS {
        for before in [0, 1, 2, 3, 4] {
            let header = (before + width.octets) as i64;
            let mut pluses = vec![0, -header, -(width.octets as i64), 1, 2, 4];
            pluses.dedup();
            for plus in pluses {
                let shape = Shape { before, width, plus };
                // Every octet is a length of one octet, so wrong beginnings survive and cost much time to tell apart: where
                // the beginning is not known only the plain forms are tried.
                if width.octets == 1 && !sample.is_start && (before != 0 || !matches!(plus, 0 | -1)) {
                    continue;
                }
                let best = sample
                    .starts()
                    .filter_map(|start| chain(sample, shape, start))
                    .max_by(|a, b| a.bits.total_cmp(&b.bits).then(b.start.cmp(&a.start)));
                found.extend(best);
            }
        }
    }
    found
}

/// Follows a shape from `start`; `None` if it breaks before it has explained most of the octets.
fn chain(sample: &Sample<'_>, shape: Shape, start: usize) -> Option<Candidate> {
    let octets = sample.octets;
    let header_len = shape.before + shape.width.octets;
    let mut lengths = Lengths::new();
    let mut at = start;
    let mut bits = -SHAPE_BITS - start_bits(sample, shape);
    if shape.before > 0 || shape.plus > 0 || (shape.plus < 0 && -shape.plus != shape.width.octets as i64) {
        bits -= FIELD_BITS;
    }
    let mut messages = 0;
    let mut longest = 0;
    let mut covered = start;
    while at + header_len <= octets.len() {
        let field = &octets[at + shape.before..at + header_len];
        let value = shape.width.read(field)?;
        let len = i128::from(value) + i128::from(shape.plus);
        if !(0..=1 << 40).contains(&len) {
            return judge(sample, shape, start, covered, messages, bits - 30.0, false);
        }
        let len = len as u64;
        let rest = (octets.len() - at - header_len) as u64;
        if len > rest {
            // The sample, or the capture, ends within a message; or this is no length at all.
            if len > longest.max(64) * INCOMPLETE_FACTOR {
                return judge(sample, shape, start, covered, messages, bits - 30.0, false);
            }
            covered = octets.len();
            break;
        }
        bits += sample.model.cost(field) - lengths.cost(value);
        // A hopeless chain is given up early: most starts and shapes end here.
        if bits < -30.0 - SHAPE_BITS - FIELD_BITS - sample.start_bits() {
            return None;
        }
        longest = longest.max(len);
        at += header_len + len as usize;
        covered = at;
        messages += 1;
    }
    if at < octets.len() && at + header_len > octets.len() {
        covered = octets.len();
    }
    // To meet the true end of the stream exactly is a coincidence of one in the length of a message.
    let is_exact = at == octets.len() && sample.is_end && messages > 0;
    if is_exact {
        bits += ((octets.len() - start) as f64 / messages as f64).log2();
    }
    judge(sample, shape, start, covered, messages, bits, is_exact)
}

/// What it costs to choose the first message's place. Chains of one-octet lengths soon run into each other, so that there
/// are only about as many different ones as a message is long.
fn start_bits(sample: &Sample<'_>, shape: Shape) -> f64 {
    if shape.width.octets == 1 { sample.start_bits().min(7.0) } else { sample.start_bits() }
}

fn judge(
    sample: &Sample<'_>,
    shape: Shape,
    start: usize,
    covered: usize,
    messages: usize,
    bits: f64,
    is_exact: bool,
) -> Option<Candidate> {
    let fit = (covered - start) as f64 / (sample.octets.len() - start).max(1) as f64;
    if messages == 0 || bits <= 0.0 {
        return None;
    }
    Some(Candidate { framing: shape.framing(), start, fit, messages, bits, is_exact })
}

impl Shape {
    fn framing(self) -> Framing {
        let mut steps = Vec::new();
        if self.before > 0 {
            steps.push(Step::Skip(Length { field: None, plus: self.before as i64 }));
        }
        steps.push(Step::Integer(self.width, "len".into()));
        steps.push(Step::Body(Length { field: Some("len".into()), plus: self.plus }));
        Framing::Steps(steps)
    }
}
