//! The templates of the catalogue, taken apart once: a note then is written by going through a short list.
//! `analysis::catalogue` says how a template is written.

use std::collections::HashMap;

use super::slate::Surface;
use super::words::write_fact;
use crate::analysis::{Confidence, Entry, Fact, Note};
use crate::lang::Lang;

/// The phrases of all notes that have been written so far, in one language.
#[derive(Debug, Default)]
pub struct Phrasebook {
    lang: Lang,
    /// By the address of the entry: each is a static of its own.
    phrases: HashMap<usize, Phrase, foldhash::fast::FixedState>,
}

impl Phrasebook {
    /// A book that has no phrases yet.
    pub fn new(lang: Lang) -> Phrasebook {
        Phrasebook { lang, phrases: HashMap::default() }
    }

    /// Appends the sentence of a note, as it stands by itself. Harmless to print.
    pub fn write(&mut self, out: &mut impl Surface, note: &Note) {
        let lang = self.lang;
        self.phrase(note).write(lang, out, note);
    }

    /// Appends the sentence of a note without what the line of its packet, which it stands behind, says already.
    pub fn write_beside(&mut self, out: &mut impl Surface, note: &Note) {
        let lang = self.lang;
        self.phrase(note).write_beside(lang, out, note);
    }

    fn phrase(&mut self, note: &Note) -> &Phrase {
        let address = std::ptr::from_ref::<Entry>(note.entry).addr();
        self.phrases.entry(address).or_insert_with(|| Phrase::of(self.lang, note))
    }
}

/// A template: text with places for facts, parts of which are left out when a fact in them is missing, or beside the line
/// of the packet.
#[derive(Debug)]
pub(super) struct Phrase {
    parts: Vec<Part>,
}

/// Octets of text in one part; longer text takes several. Most texts between two facts are shorter.
const PIECE: usize = 46;

#[derive(Debug)]
enum Part {
    /// Text of the template.
    Text([u8; PIECE], u8),
    /// A fact of the note.
    Fact(Place),
    /// A fact that is a number, with the noun that it counts.
    Counted(Place, &'static str),
    /// So many parts that follow are left out unless all facts among them are there.
    Optional(usize),
    /// So many parts that follow stand only where this fact is missing.
    Without(Place, usize),
    /// So many parts that follow are left out beside the line of the packet.
    Alone(usize),
}

/// Where a fact is found.
#[derive(Debug)]
struct Place {
    name: &'static str,
    /// Its place in the note by which the phrase was made. Others of the kind have nearly always the same facts.
    index: usize,
}

impl Place {
    fn new(name: &'static str, note: &Note) -> Place {
        match note.facts.iter().position(|(found, _)| *found == name) {
            // The name as the note has it: comparing is then comparing addresses.
            Some(index) => Place { name: note.facts[index].0, index },
            None => Place { name, index: usize::MAX },
        }
    }

    #[inline]
    fn find<'n>(&self, note: &'n Note) -> Option<&'n Fact> {
        match note.facts.get(self.index) {
            Some((name, fact)) if std::ptr::eq(*name, self.name) => Some(fact),
            _ => note.fact(self.name),
        }
    }
}

impl Phrase {
    /// The phrase of a note's entry. Any note of that entry can be written with it.
    pub(super) fn of(lang: Lang, note: &Note) -> Phrase {
        Phrase::new(lang.line(note.code(), note.entry.line), note)
    }

    /// Takes `template` apart.
    fn new(template: &'static str, note: &Note) -> Phrase {
        let mut phrase = Phrase { parts: Vec::new() };
        phrase.take_apart(template, note);
        phrase
    }

    fn take_apart(&mut self, mut rest: &'static str, note: &Note) {
        while let Some(at) = rest.find(['{', '[', '<']) {
            let close = match rest.as_bytes()[at] {
                b'{' => '}',
                b'[' => ']',
                _ => '>',
            };
            let Some((part, after)) = rest[at + 1..].split_once(close) else { break };
            self.text(&rest[..at]);
            let missing = part.strip_prefix("!{").and_then(|part| part.split_once('}'));
            match (close, missing) {
                ('}', _) => self.parts.push(match part.split_once(' ') {
                    Some((name, noun)) => Part::Counted(Place::new(name, note), noun),
                    None => Part::Fact(Place::new(part, note)),
                }),
                (']', Some((name, part))) => {
                    self.group(part, note, |count| Part::Without(Place::new(name, note), count))
                }
                (']', None) => self.group(part, note, Part::Optional),
                _ => self.group(part, note, Part::Alone),
            }
            rest = after;
        }
        self.text(rest);
    }

    /// Takes a part of a template apart that is left out as a whole.
    fn group(&mut self, part: &'static str, note: &Note, head: impl FnOnce(usize) -> Part) {
        let place = self.parts.len();
        self.parts.push(Part::Optional(0));
        self.take_apart(part, note);
        self.parts[place] = head(self.parts.len() - place - 1);
    }

    fn text(&mut self, text: &str) {
        for piece in text.as_bytes().chunks(PIECE) {
            let mut octets = [0; PIECE];
            octets[..piece.len()].copy_from_slice(piece);
            self.parts.push(Part::Text(octets, piece.len() as u8));
        }
    }

    /// Appends the sentence of a note as it stands by itself. A fact that is missing outside of square brackets prints as
    /// `?`.
    pub(super) fn write(&self, lang: Lang, out: &mut impl Surface, note: &Note) {
        self.write_in(lang, out, note, false);
    }

    /// The same without what the line of the packet says.
    pub(super) fn write_beside(&self, lang: Lang, out: &mut impl Surface, note: &Note) {
        self.write_in(lang, out, note, true);
    }

    fn write_in(&self, lang: Lang, out: &mut impl Surface, note: &Note, is_beside: bool) {
        let mut parts = self.parts.iter();
        while let Some(part) = parts.next() {
            let left_out = match part {
                Part::Text(text, len) => {
                    out.put(*text, usize::from(*len));
                    continue;
                }
                Part::Fact(place) => {
                    match place.find(note) {
                        Some(fact) => write_fact(lang, out, fact),
                        None => out.add(b"?"),
                    }
                    continue;
                }
                Part::Counted(place, noun) => {
                    match place.find(note) {
                        Some(Fact::Count(count)) => out.add(lang.count(*count, noun).as_bytes()),
                        _ => out.add(lang.quantity(&"?", false, noun).as_bytes()),
                    }
                    continue;
                }
                Part::Optional(count) => {
                    let group = parts.as_slice().get(..*count).unwrap_or_default();
                    if group.iter().any(|part| part.says_nothing(note)) { *count } else { 0 }
                }
                Part::Without(place, count) if place.find(note).is_some() => *count,
                Part::Alone(count) if is_beside => *count,
                Part::Without(..) | Part::Alone(_) => 0,
            };
            parts = parts.as_slice().get(left_out..).unwrap_or_default().iter();
        }
        match note.confidence {
            Confidence::Certain => {}
            Confidence::Probable => out.add(lang.say(" (probable)").as_bytes()),
            Confidence::Undecided => out.add(lang.say(" (undecided)").as_bytes()),
        }
    }
}

impl Part {
    /// True for a fact that is missing, or a span too short for the clock of the capture.
    fn says_nothing(&self, note: &Note) -> bool {
        match self {
            Part::Fact(place) | Part::Counted(place, _) => matches!(place.find(note), None | Some(Fact::Nanos(0))),
            _ => false,
        }
    }
}
