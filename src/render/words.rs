//! Notes become sentences: the catalogue's templates with the facts put in.

use std::io::Write as _;

use super::number::{decimal, ip, mac, write_span};
use crate::analysis::{Confidence, Fact, Note};
use crate::lang::Lang;
use crate::wire::{Issue, IssueCode};

/// The sentence of a note, as it stands beside its packet. Harmless to print.
pub fn line(note: &Note) -> String {
    let mut out = Vec::with_capacity(note.entry.line.len() + 32);
    write_line(&mut out, note);
    text(out)
}

/// The same in another language.
pub fn line_in(lang: Lang, note: &Note) -> String {
    let mut out = Vec::with_capacity(note.entry.line.len() + 32);
    write_line_in(lang, &mut out, note);
    text(out)
}

/// Appends the sentence of a note.
pub fn write_line(out: &mut Vec<u8>, note: &Note) {
    write_line_in(Lang::English, out, note);
}

/// Appends the sentence of a note in another language.
pub fn write_line_in(lang: Lang, out: &mut Vec<u8>, note: &Note) {
    fill(lang, out, lang.line(note.code(), note.entry.line), note);
    match note.confidence {
        Confidence::Certain => {}
        Confidence::Probable => out.extend_from_slice(lang.say(" (probable)").as_bytes()),
        Confidence::Undecided => out.extend_from_slice(lang.say(" (undecided)").as_bytes()),
    }
}

/// Appends `template` with `{name}` replaced by the note's fact of that name. A part in square brackets is left out when
/// a fact in it is missing; a fact missing outside of brackets prints as `?`.
pub fn fill(lang: Lang, out: &mut Vec<u8>, template: &str, note: &Note) {
    fill_octets(lang, out, template.as_bytes(), note);
}

/// The same octet by octet: brackets are ASCII, and this runs for every note of every line.
fn fill_octets(lang: Lang, out: &mut Vec<u8>, mut rest: &[u8], note: &Note) {
    while let Some(at) = rest.iter().position(|octet| matches!(octet, b'{' | b'[')) {
        out.extend_from_slice(&rest[..at]);
        let close = if rest[at] == b'{' { b'}' } else { b']' };
        let Some((part, after)) = split(&rest[at + 1..], close) else {
            rest = &rest[at..];
            break;
        };
        if close == b'}' {
            match fact_of(note, part) {
                Some(found) => write_fact(lang, out, found),
                None => out.push(b'?'),
            }
        } else if has_all_facts(part, note) {
            fill_octets(lang, out, part, note);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
}

fn has_all_facts(mut part: &[u8], note: &Note) -> bool {
    while let Some((_, after)) = split(part, b'{') {
        let Some((name, rest)) = split(after, b'}') else { return true };
        if fact_of(note, name).is_none() {
            return false;
        }
        part = rest;
    }
    true
}

/// What stands before and after the first `mark`.
fn split(octets: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = octets.iter().position(|octet| *octet == mark)?;
    Some((&octets[..at], &octets[at + 1..]))
}

fn fact_of<'n>(note: &'n Note, name: &[u8]) -> Option<&'n Fact> {
    note.facts.iter().find(|(found, _)| found.as_bytes() == name).map(|(_, fact)| fact)
}

/// A fact for people.
pub fn fact(fact: &Fact) -> String {
    let mut out = Vec::new();
    write_fact(Lang::English, &mut out, fact);
    text(out)
}

/// Appends a fact for people.
fn write_fact(lang: Lang, out: &mut Vec<u8>, fact: &Fact) {
    match fact {
        Fact::Count(count) | Fact::Packet(count) => decimal(out, *count),
        Fact::Octets(count) => {
            decimal(out, *count);
            out.extend_from_slice(b" B");
        }
        Fact::Nanos(nanoseconds) => write_span(out, *nanoseconds),
        Fact::At(at) => out.extend_from_slice(super::time::utc_seconds(*at).as_bytes()),
        Fact::Seq(seq) => decimal(out, u64::from(seq.0)),
        Fact::Ratio(ratio) => {
            let _ = write!(out, "{:.1} %", ratio * 100.0);
        }
        Fact::Ip(address) => ip(out, *address),
        Fact::Mac(address) => mac(out, *address),
        Fact::Word(word) => out.extend_from_slice(lang.say(word).as_bytes()),
        Fact::Text(text) => out.extend_from_slice(text.as_bytes()),
    }
}

/// What the functions here wrote is text.
fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// An issue of a frame as a sentence that can be checked by hand.
pub fn issue(issue: &Issue) -> String {
    let Issue { code, layer, at, needed, present, set_by } = *issue;
    let layer = layer.name();
    let end = match set_by {
        None => "the end of the captured octets".to_owned(),
        Some(kind) => format!("the length that {} gives", kind.name()),
    };
    match code {
        IssueCode::Cut => format!("cut: {layer} needs {needed} octets from {at}, {present} were captured"),
        IssueCode::TooShort => format!("{layer} needs {needed} octets from {at}, has {present} up to {end}"),
        IssueCode::TooLong => format!("{layer} says {needed} octets from {at}, there are {present} up to {end}"),
        IssueCode::BadHeaderLength => {
            format!("{layer} at {at} says its header has {present} octets, at least {needed} are needed")
        }
        IssueCode::BadVersion => format!("version {needed} at {at}, where {layer} was announced"),
        IssueCode::BadOption => format!("{layer} has an option at {at} whose length cannot be"),
        IssueCode::NoChecksum => format!("{layer} at {at} has no checksum, which over IPv6 only tunnels may leave out"),
        IssueCode::LengthZero => {
            format!(
                "{layer} says length 0 at {at}: probably left so for the card to fill in; {needed} octets are there"
            )
        }
        IssueCode::TooDeep => format!("more layers than netlab follows, from {at}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Entry, Severity};
    use crate::base::Timestamp;

    static ENTRY: Entry = Entry {
        code: "test",
        rule: "X1",
        severity: Severity::Note,
        line: "resent {len}[, {count} duplicate ACKs since packet {since}] after {wait}",
        explanation: "",
    };

    #[test]
    fn a_part_in_brackets_needs_all_its_facts() {
        let note = Note::new(&ENTRY, 7, Timestamp::ZERO)
            .with("len", Fact::Octets(1448))
            .with("count", Fact::Count(3))
            .sure(Confidence::Probable);
        assert_eq!(line(&note), "resent 1448 B after ? (probable)");
        let note = note.with("since", Fact::Packet(41)).with("wait", Fact::Nanos(31_200_000)).sure(Confidence::Certain);
        assert_eq!(line(&note), "resent 1448 B, 3 duplicate ACKs since packet 41 after 31.2 ms");
    }
}
