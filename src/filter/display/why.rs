//! Why a display filter shows a packet or does not.

use super::ast::{Node, Operand, Right};
use super::run;
use super::types::Datum;
use crate::analysis::Judged;
use crate::base::text::{harmless, harmless_octets};
use crate::filter::Span;

/// Values of a field that are told; a packet in tunnels may have many.
const TOLD_VALUES: usize = 8;
/// Octets of a value that are told.
const TOLD_OCTETS: usize = 16;

/// What became of a part of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Where it stands in the text.
    pub span: Span,
    /// True if it holds.
    pub holds: bool,
    /// Of a test, the values that the packet has for each field in it, in the order of the text, harmless to print; none
    /// if it does not have that field.
    pub found: Vec<Vec<String>>,
    /// The parts within it.
    pub parts: Vec<Trace>,
}

/// What becomes of a condition that stands at `span`.
pub(super) fn trace(node: &Node, span: Span, judged: &Judged<'_, '_>) -> Trace {
    let part = |part: &Node| trace(part, span, judged);
    let (found, parts) = match node {
        Node::At(span, inner) => return trace(inner, *span, judged),
        Node::And(parts) | Node::Or(parts) => (Vec::new(), parts.iter().map(part).collect()),
        Node::Xor(left, right) => (Vec::new(), vec![part(left), part(right)]),
        Node::Not(inner) => match &**inner {
            // `not in`: the words stand in the middle of the test.
            Node::In { left, .. } => (vec![values(left, judged)], Vec::new()),
            inner => (Vec::new(), vec![part(inner)]),
        },
        Node::Exists(operand, _) | Node::Contains(operand, _) | Node::Matches(operand, _) => {
            (vec![values(operand, judged)], Vec::new())
        }
        Node::In { left, .. } => (vec![values(left, judged)], Vec::new()),
        Node::Compare { left, right: Right::Literal(_), .. } => (vec![values(left, judged)], Vec::new()),
        Node::Compare { left, right: Right::Operand(right), .. } => {
            (vec![values(left, judged), values(right, judged)], Vec::new())
        }
    };
    Trace { span, holds: run::holds(node, judged), found, parts }
}

/// The values of a field, as text; without what the filter makes of them (slices, functions).
fn values(operand: &Operand, judged: &Judged<'_, '_>) -> Vec<String> {
    let mut found = Vec::new();
    run::values(&operand.source, judged, &mut |datum| {
        if found.len() < TOLD_VALUES {
            found.push(told(datum));
        } else if found.len() == TOLD_VALUES {
            found.push("…".to_owned());
        }
    });
    found
}

fn told(datum: &Datum<'_>) -> String {
    match datum {
        Datum::Number(number) if *number < 10 => number.to_string(),
        Datum::Number(number) => format!("{number} ({number:#x})"),
        Datum::Flag(flag) => u8::from(*flag).to_string(),
        Datum::Mac(address) => address.to_string(),
        Datum::V4(address) => address.to_string(),
        Datum::V6(address) => address.to_string(),
        Datum::Text(text) => format!("\"{}\"", harmless(text)),
        Datum::Severity(severity) => severity.name().to_owned(),
        Datum::Octets(octets) => {
            let shown = &octets[..octets.len().min(TOLD_OCTETS)];
            let rest = if shown.len() < octets.len() { "…" } else { "" };
            let hex: Vec<String> = shown.iter().map(|octet| format!("{octet:02x}")).collect();
            format!("{}{rest} \"{}{rest}\"", hex.join(":"), harmless_octets(shown))
        }
    }
}
