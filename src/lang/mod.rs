//! The languages in which netlab explains: English, which stands where things are defined, and Chinese, which stands here.
//!
//! A text is found by its code (an event, a rule, a topic, a scenario) or, where it has none, by its English words. What
//! has no translation stays English: a reader loses a word, never a fact. What scripts read (JSON, CSV, the comments in
//! capture files) is always English. `tests/languages.rs` holds the translations complete.

mod zh;

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
        let found = self.table(zh::EVENTS)?.iter().find(|(found, ..)| *found == code);
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
        let found = self.table(zh::PHRASES).and_then(|phrases| phrases.iter().find(|(found, _)| *found == english));
        found.map_or(english, |(_, translated)| translated)
    }

    /// A sentence with `{}` for each of `parts`, in their order; a translation may name them as `{0}`, `{1}`.
    pub fn tell(self, english: &str, parts: &[&dyn Display]) -> String {
        let mut out = String::new();
        let mut rest = self.say(english);
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

    /// `1 packet`, `2 packets`, in this language.
    pub fn count(self, number: u64, noun: &str) -> String {
        match self {
            Lang::Chinese => format!("{number} {}", self.say(noun)),
            Lang::English if number == 1 => format!("1 {noun}"),
            Lang::English if noun.ends_with('s') => format!("{number} {noun}es"),
            Lang::English => format!("{number} {noun}s"),
        }
    }

    fn table<T: ?Sized>(self, chinese: &'static T) -> Option<&'static T> {
        match self {
            Lang::English => None,
            Lang::Chinese => Some(chinese),
        }
    }
}

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
