//! Evaluation of a display filter on one packet.

use std::borrow::Cow;

use memchr::memmem;

use super::ast::{End, Function, Node, Operand, Quantifier, Relation, Right, Slice};
use super::names::{Protocol, Pseudo, Source};
use super::types::{Datum, Literal};
use crate::analysis::Judged;
use crate::wire::describe::{self, Value};
use crate::wire::{Frame, Layer, LayerKind, Located};

/// True if the condition holds for the packet.
pub(super) fn holds(node: &Node, judged: &Judged<'_, '_>) -> bool {
    match node {
        Node::And(parts) => parts.iter().all(|part| holds(part, judged)),
        Node::Or(parts) => parts.iter().any(|part| holds(part, judged)),
        Node::Xor(left, right) => holds(left, judged) != holds(right, judged),
        Node::Not(inner) => !holds(inner, judged),
        Node::At(_, inner) => holds(inner, judged),
        Node::Exists(operand, _) => match (&operand.source, operand.mask) {
            (Source::Protocol(protocol), _) if operand.slices.is_empty() => has(*protocol, &judged.packet.frame),
            (_, None) => any(operand, judged, |_| true),
            (_, Some(_)) => any(operand, judged, |datum| matches!(datum, Datum::Number(1..))),
        },
        Node::Compare { left, relation, quantifier, right } => match right {
            Right::Literal(literal) => quantified(left, *quantifier, judged, |datum| relate(datum, *relation, literal)),
            Right::Operand(other) => quantified(left, *quantifier, judged, |datum| {
                quantified(other, *quantifier, judged, |second| {
                    datum.compare_with(second).is_some_and(|ordering| relation.accepts(ordering))
                })
            }),
        },
        Node::In { left, quantifier, set } => quantified(left, *quantifier, judged, |datum| {
            set.iter().any(|(first, last)| match last {
                None => relate(datum, Relation::Equal, first),
                Some(last) => {
                    relate(datum, Relation::GreaterOrEqual, first) && relate(datum, Relation::LessOrEqual, last)
                }
            })
        }),
        Node::Contains(operand, wanted) => {
            let finder = memmem::Finder::new(wanted);
            any(operand, judged, |datum| datum.with_octets(|octets| finder.find(octets).is_some()))
        }
        Node::Matches(operand, regex) => {
            any(operand, judged, |datum| datum.with_octets(|octets| regex.is_match(&text_of(octets))))
        }
    }
}

/// Octets as text for a pattern: UTF-8 if they are, else each octet as the character of its number.
fn text_of(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(octets.iter().map(|octet| char::from(*octet)).collect()),
    }
}

fn relate(datum: &Datum<'_>, relation: Relation, literal: &Literal) -> bool {
    datum.compare(literal).is_some_and(|ordering| relation.accepts(ordering))
}

fn any(operand: &Operand, judged: &Judged<'_, '_>, test: impl FnMut(&Datum<'_>) -> bool) -> bool {
    quantified(operand, Quantifier::Any, judged, test)
}

/// True if one value (or all, and there is one) fulfils `test`.
fn quantified(
    operand: &Operand,
    quantifier: Quantifier,
    judged: &Judged<'_, '_>,
    mut test: impl FnMut(&Datum<'_>) -> bool,
) -> bool {
    let (mut some, mut all, mut count) = (false, true, 0_u64);
    let mut each = |datum: &Datum<'_>| {
        count += 1;
        if operand.function == Some(Function::Count) {
            return;
        }
        applied(operand, datum, &mut |datum| {
            let holds = test(datum);
            some |= holds;
            all &= holds;
        });
    };
    values(&operand.source, judged, &mut each);
    if operand.function == Some(Function::Count) {
        // Of a field that is not there there are none, and like it this has no value.
        return count > 0 && test(&Datum::Number(count));
    }
    match quantifier {
        Quantifier::Any => some,
        Quantifier::All => count > 0 && all,
    }
}

/// Hands on the value with slices, mask and function applied.
fn applied(operand: &Operand, datum: &Datum<'_>, each: &mut dyn FnMut(&Datum<'_>)) {
    let mut pieces = Vec::new();
    let sliced = if operand.slices.is_empty() {
        *datum
    } else {
        let whole = datum.with_octets(|octets| {
            operand.slices.iter().try_for_each(|slice| {
                pieces.extend_from_slice(piece(octets, *slice)?);
                Some(())
            })
        });
        if whole.is_none() {
            return;
        }
        Datum::Octets(&pieces)
    };
    let masked = match (sliced, operand.mask) {
        (Datum::Number(number), Some(mask)) => Datum::Number(number & mask),
        (other, _) => other,
    };
    match operand.function {
        None | Some(Function::Count) => each(&masked),
        Some(Function::Len) => each(&Datum::Number(masked.with_octets(|octets| octets.len() as u64))),
        Some(Function::Lower) => each(&Datum::Text(&masked.with_octets(|octets| text_of(octets).to_lowercase()))),
        Some(Function::Upper) => each(&Datum::Text(&masked.with_octets(|octets| text_of(octets).to_uppercase()))),
    }
}

/// A piece of octets; `None` if they are too few.
fn piece(octets: &[u8], slice: Slice) -> Option<&[u8]> {
    let place = |at: i64| match at {
        0.. => usize::try_from(at).ok(),
        _ => octets.len().checked_sub(usize::try_from(at.unsigned_abs()).ok()?),
    };
    let start = place(slice.start)?;
    let end = match slice.end {
        End::Len(len) => start.checked_add(usize::try_from(len).ok()?)?,
        End::Last(last) => place(last)?.checked_add(1)?,
        End::Open => octets.len(),
    };
    octets.get(start..end).filter(|piece| !piece.is_empty())
}

/// Every value of a source in a packet.
pub(super) fn values(source: &Source, judged: &Judged<'_, '_>, each: &mut dyn FnMut(&Datum<'_>)) {
    let frame = &judged.packet.frame;
    match source {
        Source::Fields(fields) => {
            let kind = fields.first().map(|field| field.layer);
            for located in frame.layers().iter().filter(|located| Some(located.layer.kind()) == kind) {
                describe::visit(located, &mut |value| {
                    if fields.iter().any(|field| std::ptr::eq(*field, value.field)) {
                        each(&match value.value {
                            Value::Unsigned(number) => Datum::Number(number),
                            Value::Boolean(flag) => Datum::Flag(flag),
                            Value::Mac(address) => Datum::Mac(address),
                            Value::Ipv4(address) => Datum::V4(address),
                            Value::Ipv6(address) => Datum::V6(address),
                            Value::Octets(octets) => Datum::Octets(octets),
                            Value::Text(text) => Datum::Text(text),
                        });
                    }
                });
            }
        }
        Source::Other(pseudo) => other(*pseudo, judged, each),
        Source::Protocol(Protocol::Frame) => each(&Datum::Octets(frame.bytes())),
        Source::Protocol(protocol) => {
            // From the header on, less what comes after the end of the network packet.
            let end = frame.bytes().len().saturating_sub(trailer(frame));
            for located in frame.layers().iter().filter(|located| is(*protocol, located)) {
                let start = (located.start as usize).min(end);
                each(&Datum::Octets(&frame.bytes()[start..end]));
            }
        }
    }
}

/// Captured octets after the end of the network packet.
fn trailer(frame: &Frame<'_>) -> usize {
    let missing = (frame.wire_len() as usize).saturating_sub(frame.bytes().len());
    (frame.trailer_len() as usize).saturating_sub(missing)
}

fn other(pseudo: Pseudo, judged: &Judged<'_, '_>, each: &mut dyn FnMut(&Datum<'_>)) {
    let (meta, frame) = (&judged.packet.meta, &judged.packet.frame);
    let payload_of = |wanted: LayerKind| {
        let transport = frame.transport().filter(|layer| layer.kind() == wanted);
        transport.map(|_| frame.payload()).filter(|payload| !payload.is_empty())
    };
    match pseudo {
        Pseudo::Number => each(&Datum::Number(meta.number)),
        Pseudo::TimeNs => each(&Datum::Number(meta.at.nanos())),
        Pseudo::CapturedLen => each(&Datum::Number(frame.bytes().len() as u64)),
        Pseudo::WireLen => each(&Datum::Number(u64::from(meta.wire_len))),
        Pseudo::Interface => each(&Datum::Number(u64::from(meta.interface))),
        Pseudo::Link => each(&Datum::Text(meta.link.name())),
        Pseudo::Connection => {
            if let Some(connection) = judged.context.connection {
                each(&Datum::Number(connection));
            }
        }
        Pseudo::NoteCode => judged.notes.iter().for_each(|note| each(&Datum::Text(note.code()))),
        Pseudo::NoteRule => judged.notes.iter().for_each(|note| each(&Datum::Text(note.rule))),
        Pseudo::NoteSeverity => judged.notes.iter().for_each(|note| each(&Datum::Severity(note.entry.severity))),
        Pseudo::NoteConfidence => judged.notes.iter().for_each(|note| each(&Datum::Text(note.confidence.name()))),
        Pseudo::Payload => {
            if !frame.payload().is_empty() {
                each(&Datum::Octets(frame.payload()));
            }
        }
        Pseudo::TcpPayload => payload_of(LayerKind::Tcp).into_iter().for_each(|payload| each(&Datum::Octets(payload))),
        Pseudo::UdpPayload => payload_of(LayerKind::Udp).into_iter().for_each(|payload| each(&Datum::Octets(payload))),
    }
}

fn has(protocol: Protocol, frame: &Frame<'_>) -> bool {
    protocol == Protocol::Frame || frame.layers().iter().any(|located| is(protocol, located))
}

fn is(protocol: Protocol, located: &Located<'_>) -> bool {
    match protocol {
        Protocol::Frame => false,
        Protocol::Kind(kind) => located.layer.kind() == kind,
        Protocol::Named(name) => located.layer.name() == name,
        Protocol::AnyOf(names) => match located.layer {
            Layer::Other(_) | Layer::Pppoe(_) => names.contains(&located.layer.name()),
            _ => false,
        },
    }
}
