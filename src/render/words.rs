//! Notes become sentences: the catalogue's templates with the facts put in.

use crate::analysis::{Confidence, Fact, Note};
use crate::wire::{Issue, IssueCode};

use super::number::span;

/// The sentence of a note, as it stands beside its packet. Harmless to print.
pub fn line(note: &Note) -> String {
    let mut out = String::with_capacity(note.entry.line.len() + 32);
    fill(&mut out, note.entry.line, note);
    match note.confidence {
        Confidence::Certain => {}
        Confidence::Probable => out.push_str(" (probable)"),
        Confidence::Undecided => out.push_str(" (undecided)"),
    }
    out
}

/// Appends `template` with `{name}` replaced by the note's fact of that name. A part in square brackets is left out when
/// a fact in it is missing; a fact missing outside of brackets prints as `?`.
pub fn fill(out: &mut String, template: &str, note: &Note) {
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        out.push_str(&rest[..at]);
        let inner = &rest[at + 1..];
        if rest.as_bytes()[at] == b'{' {
            let Some(end) = inner.find('}') else { break };
            match note.fact(&inner[..end]) {
                Some(found) => out.push_str(&fact(found)),
                None => out.push('?'),
            }
            rest = &inner[end + 1..];
        } else {
            let Some(end) = inner.find(']') else { break };
            let part = &inner[..end];
            if names(part).all(|name| note.fact(name).is_some()) {
                fill(out, part, note);
            }
            rest = &inner[end + 1..];
        }
    }
    out.push_str(rest);
}

/// The names of the facts that a template mentions.
pub fn names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

/// A fact for people.
pub fn fact(fact: &Fact) -> String {
    match fact {
        Fact::Count(count) | Fact::Packet(count) => count.to_string(),
        Fact::Octets(count) => format!("{count} B"),
        Fact::Nanos(nanoseconds) => span(*nanoseconds),
        Fact::At(at) => super::time::utc(*at),
        Fact::Seq(seq) => seq.0.to_string(),
        Fact::Ratio(ratio) => format!("{:.1} %", ratio * 100.0),
        Fact::Ip(address) => address.to_string(),
        Fact::Mac(address) => address.to_string(),
        Fact::Word(word) => (*word).to_owned(),
        Fact::Text(text) => text.to_string(),
    }
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
