//! Notes become sentences: the catalogue's templates with the facts put in.

use super::number::{decimal, ip, mac, write_span};
use super::phrase::Phrase;
use super::slate::Surface;
use crate::analysis::{Fact, Note};
use crate::base::text::count;
use crate::lang::Lang;
use crate::wire::{Issue, IssueCode};

/// The sentence of a note, as it stands beside its packet. Harmless to print. Whoever writes many has a
/// [`Phrasebook`](super::phrase::Phrasebook).
pub fn line(note: &Note) -> String {
    line_in(Lang::English, note)
}

/// The same in another language.
pub fn line_in(lang: Lang, note: &Note) -> String {
    let mut out = Vec::with_capacity(note.entry.line.len() + 32);
    Phrase::of(lang, note).write(lang, &mut out, note);
    text(out)
}

/// The same behind the line of its packet, without what stands there already.
pub fn line_beside(lang: Lang, note: &Note) -> String {
    let mut out = Vec::with_capacity(note.entry.line.len() + 32);
    Phrase::of(lang, note).write_beside(lang, &mut out, note);
    text(out)
}

/// A fact for people.
pub fn fact(fact: &Fact) -> String {
    let mut out = Vec::new();
    write_fact(Lang::English, &mut out, fact);
    text(out)
}

/// Appends a fact for people.
pub(super) fn write_fact(lang: Lang, out: &mut impl Surface, fact: &Fact) {
    match fact {
        Fact::Count(count) | Fact::Packet(count) => decimal(out, *count),
        Fact::Octets(count) => {
            decimal(out, *count);
            out.add(b" B");
        }
        Fact::Nanos(nanoseconds) => write_span(out, *nanoseconds),
        Fact::At(at) => out.add(super::time::utc_seconds(*at).as_bytes()),
        Fact::Seq(seq) => decimal(out, u64::from(seq.0)),
        Fact::Ratio(ratio) => out.add(format!("{:.1} %", ratio * 100.0).as_bytes()),
        Fact::Ip(address) => ip(out, *address),
        Fact::Mac(address) => mac(out, *address),
        Fact::Word(word) => out.add(lang.say(word).as_bytes()),
        Fact::Text(text) => out.add(text.as_bytes()),
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
    let wanted = count(u64::from(needed), "octet");
    let (was, is) = if present == 1 { ("was", "is") } else { ("were", "are") };
    match code {
        IssueCode::Cut => format!("cut: {layer} needs {wanted} from {at}, {present} {was} captured"),
        IssueCode::TooShort => format!("{layer} needs {wanted} from {at}, has {present} up to {end}"),
        IssueCode::TooLong => format!("{layer} says {wanted} from {at}, there {is} {present} up to {end}"),
        IssueCode::BadHeaderLength => {
            let found = count(u64::from(present), "octet");
            format!("{layer} at {at} says its header has {found}, at least {needed} are needed")
        }
        IssueCode::BadVersion => format!("version {needed} at {at}, where {layer} was announced"),
        IssueCode::BadOption => format!("{layer} has an option at {at} whose length cannot be"),
        IssueCode::NoChecksum => format!("{layer} at {at} has no checksum, which over IPv6 only tunnels may leave out"),
        IssueCode::LengthZero => {
            format!("{layer} says length 0 at {at}: probably left so for the card to fill in; there are {wanted}")
        }
        IssueCode::TooDeep => format!("more layers than netlab follows, from {at}"),
    }
}

/// The same in another language.
pub fn issue_in(lang: Lang, found: &Issue) -> String {
    lang.retell(&issue(found)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Confidence, Entry, Severity};
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

    static COUNTED: Entry = Entry {
        code: "counted",
        line: "<{what}, >[about packet {about}][, sent {age} before][!{about}about nothing here], {pieces piece}",
        ..ENTRY
    };

    #[test]
    fn a_number_takes_the_noun_that_suits_it() {
        let note = Note::new(&COUNTED, 7, Timestamp::ZERO).with("what", Fact::Word("refused"));
        let one = note.clone().with("pieces", Fact::Count(1));
        assert_eq!(line(&one), "refused, about nothing here, 1 piece");
        let two = note.with("pieces", Fact::Count(2)).with("about", Fact::Packet(1));
        assert_eq!(line(&two), "refused, about packet 1, 2 pieces");
    }

    #[test]
    fn a_span_of_zero_is_no_span() {
        let note =
            Note::new(&COUNTED, 7, Timestamp::ZERO).with("about", Fact::Packet(1)).with("pieces", Fact::Count(3));
        let sent = note.clone().with("age", Fact::Nanos(20));
        assert_eq!(line_beside(Lang::English, &sent), "about packet 1, sent 20 ns before, 3 pieces");
        assert_eq!(line_beside(Lang::English, &note.with("age", Fact::Nanos(0))), "about packet 1, 3 pieces");
    }
}
