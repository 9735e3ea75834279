//! The templates of the catalogue, taken apart once: a note then is written by going through a short list.

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

    /// Appends the sentence of a note, as it stands beside its packet. Harmless to print.
    pub fn write(&mut self, out: &mut impl Surface, note: &Note) {
        let address = std::ptr::from_ref::<Entry>(note.entry).addr();
        let phrase = self.phrases.entry(address).or_insert_with(|| Phrase::of(self.lang, note));
        phrase.write(self.lang, out, note);
    }
}

/// A template: text with places for facts, parts of which are left out when a fact in them is missing.
#[derive(Debug)]
pub(super) struct Phrase {
    parts: Vec<Part>,
}

/// Octets of text in one part; longer text takes several.
const PIECE: usize = 16;

#[derive(Debug)]
enum Part {
    /// Text of the template.
    Text([u8; PIECE], usize),
    /// A fact of the note.
    Fact(Place),
    /// So many parts that follow are left out unless all facts among them are there.
    Optional(usize),
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

    /// Takes `template` apart: `{name}` stands for the fact of that name, and a part in square brackets is left out when
    /// a fact in it is missing.
    fn new(template: &'static str, note: &Note) -> Phrase {
        let mut phrase = Phrase { parts: Vec::new() };
        phrase.take_apart(template, note);
        phrase
    }

    fn take_apart(&mut self, mut rest: &'static str, note: &Note) {
        while let Some(at) = rest.find(['{', '[']) {
            let close = if rest[at..].starts_with('{') { '}' } else { ']' };
            let Some((part, after)) = rest[at + 1..].split_once(close) else { break };
            self.text(&rest[..at]);
            if close == '}' {
                self.parts.push(Part::Fact(Place::new(part, note)));
            } else {
                let place = self.parts.len();
                self.parts.push(Part::Optional(0));
                self.take_apart(part, note);
                self.parts[place] = Part::Optional(self.parts.len() - place - 1);
            }
            rest = after;
        }
        self.text(rest);
    }

    fn text(&mut self, text: &str) {
        for piece in text.as_bytes().chunks(PIECE) {
            let mut octets = [0; PIECE];
            octets[..piece.len()].copy_from_slice(piece);
            self.parts.push(Part::Text(octets, piece.len()));
        }
    }

    /// Appends the sentence of a note. A fact that is missing outside of square brackets prints as `?`.
    pub(super) fn write(&self, lang: Lang, out: &mut impl Surface, note: &Note) {
        let mut parts = self.parts.iter();
        while let Some(part) = parts.next() {
            match part {
                Part::Text(text, len) => out.put(*text, *len),
                Part::Fact(place) => match place.find(note) {
                    Some(fact) => write_fact(lang, out, fact),
                    None => out.add(b"?"),
                },
                Part::Optional(count) => {
                    let group = parts.as_slice().get(..*count).unwrap_or_default();
                    let is_missing = |part: &Part| matches!(part, Part::Fact(place) if place.find(note).is_none());
                    if group.iter().any(is_missing) {
                        parts = parts.as_slice().get(*count..).unwrap_or_default().iter();
                    }
                }
            }
        }
        match note.confidence {
            Confidence::Certain => {}
            Confidence::Probable => out.add(lang.say(" (probable)").as_bytes()),
            Confidence::Undecided => out.add(lang.say(" (undecided)").as_bytes()),
        }
    }
}
