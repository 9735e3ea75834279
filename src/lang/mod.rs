//! The languages in which netlab explains: English, which stands where things are defined, and Chinese, which stands here.
//!
//! A text is found by its code (an event, a rule, a topic, a scenario) or, where it has none, by its English words. What
//! has no translation stays English: a reader loses a word, never a fact. What scripts read (JSON, CSV, the comments in
//! capture files) is always English. `tests/languages.rs` holds the translations complete.

mod index;
mod patterns;
mod zh;

use std::borrow::Cow;
use std::fmt::Display;

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    English,
    /// Chinese, in simplified characters, with the words of Chinese textbooks on networks.
    Chinese,
}

impl Lang {
    /// The line of an event beside its packet: a template with the placeholders of the English one.
    pub fn line(self, code: &str, english: &'static str) -> &'static str {
        self.event(code).map_or(english, |(line, _)| line)
    }

    /// The explanation of an event.
    pub fn explanation(self, code: &str, english: &'static str) -> &'static str {
        self.event(code).map_or(english, |(_, explanation)| explanation)
    }

    fn event(self, code: &str) -> Option<(&'static str, &'static str)> {
        let found = self.table(zh::EVENTS)?.iter().copied().flatten().find(|(found, ..)| *found == code);
        found.map(|(_, line, explanation)| (*line, *explanation))
    }

    /// The sentence of a rule.
    pub fn rule(self, id: &str, english: &'static str) -> &'static str {
        let found = self.table(zh::RULES).and_then(|rules| rules.iter().find(|(found, _)| *found == id));
        found.map_or(english, |(_, sentence)| sentence)
    }

    /// Title and text of a topic, if they are translated.
    pub fn topic(self, name: &str) -> Option<(&'static str, &'static str)> {
        let found = self.table(zh::TOPICS)?.iter().find(|(found, ..)| *found == name);
        found.map(|(_, title, text)| (*title, *text))
    }

    /// Title and story of a built-in scenario, if they are translated.
    pub fn scenario(self, name: &str) -> Option<(&'static str, &'static str)> {
        let found = self.table(zh::SCENARIOS)?.iter().find(|(found, ..)| *found == name);
        found.map(|(_, title, story)| (*title, *story))
    }

    /// A phrase: a heading, a word of a verdict, a sentence without numbers.
    pub fn say(self, english: &str) -> &str {
        self.find(english).unwrap_or(english)
    }

    /// The translation of a phrase or of a template, if this language has one. English has none: it is what stands there.
    pub fn find(self, english: &str) -> Option<&'static str> {
        match self {
            Lang::English => None,
            Lang::Chinese => index::find(english),
        }
    }

    /// A sentence with `{}` for each of `parts`, in their order; a translation may name them as `{0}`, `{1}`. Where the
    /// template stands in the code, `tell!` holds it against its parts when it is compiled.
    pub fn tell(self, english: &str, parts: &[&dyn Display]) -> String {
        put_in(self.say(english), parts)
    }

    /// A sentence that was made elsewhere, in English, by those who know no languages: the analysis and the simulator.
    /// Its template is found again, and its parts go into the translation.
    pub fn retell(self, sentence: &str) -> Cow<'_, str> {
        match self {
            Lang::English => Cow::Borrowed(sentence),
            Lang::Chinese => patterns::retell(sentence),
        }
    }

    /// What an error says, line by line. A line that no template fits stays as it is: it is a place, or a rare sentence.
    pub fn retell_error(self, error: &str) -> Cow<'_, str> {
        match self {
            Lang::English => Cow::Borrowed(error),
            Lang::Chinese => Cow::Owned(patterns::retell_error(error)),
        }
    }

    /// `1 packet`, `2 packets`, in this language.
    pub fn count(self, number: u64, noun: &str) -> String {
        self.quantity(&number, number == 1, noun)
    }

    /// The same with a number that is written already.
    pub fn quantity(self, number: &dyn Display, is_one: bool, noun: &str) -> String {
        let counted = self.table(zh::COUNTED).and_then(|nouns| nouns.iter().find(|(found, _)| *found == noun));
        if let Some((_, counted)) = counted {
            return format!("{number} {counted}");
        }
        match noun.strip_suffix('y') {
            _ if is_one => format!("{number} {noun}"),
            Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{number} {stem}ies"),
            _ if noun.ends_with('s') => format!("{number} {noun}es"),
            _ => format!("{number} {noun}s"),
        }
    }

    /// Parts of a sentence behind each other: `a, b`.
    pub fn list<S: AsRef<str>>(self, parts: &[S]) -> String {
        self.join(parts, self.say(", "))
    }

    /// Parts of a sentence that have commas of their own: `a, b; c`.
    pub fn series<S: AsRef<str>>(self, parts: &[S]) -> String {
        self.join(parts, self.say("; "))
    }

    fn join<S: AsRef<str>>(self, parts: &[S], separator: &str) -> String {
        parts.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(separator)
    }

    /// The name of this language in HTML.
    pub const fn code(self) -> &'static str {
        match self {
            Lang::English => "en",
            Lang::Chinese => "zh",
        }
    }

    /// Every phrase that has a translation, with it: for tests of completeness, and for pages that speak by themselves.
    pub fn phrases(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let areas = self.table(zh::AREAS).unwrap_or(&[]);
        areas.iter().flat_map(|area| area.iter().copied())
    }

    /// True for a phrase that only pages say.
    pub fn is_of_pages(english: &str) -> bool {
        zh::PAGES.iter().any(|(found, _)| *found == english)
    }

    /// Nouns that can be counted, with the word that follows a number.
    pub fn counted(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.table(zh::COUNTED).unwrap_or(&[]).iter().copied()
    }

    fn table<T: ?Sized>(self, chinese: &'static T) -> Option<&'static T> {
        match self {
            Lang::English => None,
            Lang::Chinese => Some(chinese),
        }
    }
}

/// Puts parts into a template: `{}` is the next one, `{2}` the third.
pub(crate) fn put_in(template: &str, parts: &[&dyn Display]) -> String {
    let mut out = String::with_capacity(template.len() + 8 * parts.len());
    let mut rest = template;
    let mut next = 0;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((number, after)) = after.split_once('}') else { break };
        let index = number.parse().unwrap_or(next);
        next = index + 1;
        if let Some(part) = parts.get(index) {
            out.push_str(&part.to_string());
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A sentence in the language of its reader: `tell!(lang, "{} of {}", one, all)`. In English this is `format!`; other
/// languages look the template up in their catalogue.
macro_rules! tell {
    ($lang:expr, $english:literal $(, $part:expr)* $(,)?) => {
        match $lang.find($english) {
            None => ::std::format!($english $(, $part)*),
            Some(template) => $crate::lang::put_in(template, &[$(&$part as &dyn ::std::fmt::Display),*]),
        }
    };
}
pub(crate) use tell;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_in_by_order_or_by_number() {
        assert_eq!(Lang::English.tell("{} of {}", &[&1, &"two"]), "1 of two");
        assert_eq!(Lang::English.tell("{1} before {0}", &[&1, &"two"]), "two before 1");
        assert_eq!(Lang::English.tell("100 %", &[]), "100 %");
    }

    #[test]
    fn what_is_not_translated_stays_english() {
        assert_eq!(Lang::Chinese.say("no such phrase"), "no such phrase");
        assert_eq!(Lang::Chinese.line("no-such-code", "line"), "line");
        assert_eq!(Lang::English.line("tcp-reset", "line"), "line");
    }
}
