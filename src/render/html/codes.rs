//! Explanations and rules of the codes that a page uses, each once.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::{Entry, Note};
use crate::lang::Lang;
use crate::render::{explain, words};

/// The codes and rules of a page.
#[derive(Debug, Default, Serialize)]
pub(super) struct Codes {
    list: Vec<Code>,
    rules: BTreeMap<&'static str, &'static str>,
    #[serde(skip)]
    lang: Lang,
    #[serde(skip)]
    places: BTreeMap<&'static str, usize>,
}

#[derive(Debug, Serialize)]
struct Code {
    code: &'static str,
    rule: &'static str,
    severity: &'static str,
    explanation: &'static str,
}

impl Codes {
    /// No codes yet, for readers of a language.
    pub(super) fn new(lang: Lang) -> Codes {
        Codes { lang, ..Codes::default() }
    }

    /// The language of the readers.
    pub(super) fn lang(&self) -> Lang {
        self.lang
    }

    /// The sentence of a note.
    pub(super) fn line(&self, note: &Note) -> String {
        words::line_in(self.lang, note)
    }

    /// The place of an entry in the list, and its rule among the rules.
    pub(super) fn place(&mut self, entry: &'static Entry, rule: &'static str) -> usize {
        self.rule(rule);
        if let Some(place) = self.places.get(entry.code) {
            return *place;
        }
        self.rule(entry.rule);
        let place = self.list.len();
        self.places.insert(entry.code, place);
        self.list.push(Code {
            code: entry.code,
            rule: entry.rule,
            severity: entry.severity.name(),
            explanation: self.lang.explanation(entry.code, entry.explanation),
        });
        place
    }

    /// Takes in a rule.
    fn rule(&mut self, rule: &'static str) {
        if let Some(words) = explain::rule(rule) {
            self.rules.insert(rule, self.lang.rule(rule, words));
        }
    }
}
