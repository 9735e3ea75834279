//! Sentences that come as they are, in English: their templates are found again by what stands between the parts.

use std::borrow::Cow;
use std::fmt::Display;

use super::zh::{ERRORS, RETOLD};
use super::{Lang, put_in};

/// The translation of a sentence, or the sentence itself.
pub(super) fn retell(sentence: &str) -> Cow<'_, str> {
    retell_by(&[RETOLD], sentence)
}

/// The translation of an error: a sentence, and perhaps lines below it that show the place and the way out.
pub(super) fn retell_error(error: &str) -> String {
    error.split('\n').map(|line| retell_by(&[&[ERRORS], RETOLD], line)).collect::<Vec<_>>().join("\n")
}

fn retell_by<'s>(tables: &[&[&[(&str, &str)]]], sentence: &'s str) -> Cow<'s, str> {
    for (english, translated) in tables.iter().copied().flatten().copied().flatten() {
        let Some(parts) = parts(english, sentence) else { continue };
        // A part may be a sentence itself: why something ended, what an error says. A single word is a name,
        // and what stands in quotes was said by programs.
        let again = |part: &'s str| match (part.contains(' ') || part == "it") && !part.starts_with('"') {
            // `{;}` stands for sentences behind each other.
            true if translated.contains("{;}") => {
                let each = part.split("; ").map(|one| retell_by(tables, one));
                Cow::Owned(each.collect::<Vec<_>>().join(Lang::Chinese.say("; ")))
            }
            true => retell_by(tables, part),
            false => Cow::Borrowed(part),
        };
        let parts: Vec<Cow<'_, str>> = parts.into_iter().map(again).collect();
        let shown: Vec<&dyn Display> = parts.iter().map(|part| part as &dyn Display).collect();
        return Cow::Owned(put_in(translated, &shown));
    }
    counted(sentence).map_or(Cow::Borrowed(sentence), Cow::Owned)
}

/// `1 packet` or `3 packets`, if that is all: what is counted has its words already.
fn counted(text: &str) -> Option<String> {
    let (number, noun) = text.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    let is_of = |word: &str| noun == word || Lang::English.count(number, word).ends_with(&format!(" {noun}"));
    let (word, _) = Lang::Chinese.counted().find(|(word, _)| is_of(word))?;
    Some(Lang::Chinese.count(number, word))
}

/// What stands at each `{}` of a template in a sentence, if the rest of both is the same.
fn parts<'s>(template: &str, sentence: &'s str) -> Option<Vec<&'s str>> {
    let mut between = template.split("{}");
    let mut rest = sentence.strip_prefix(between.next()?)?;
    let mut parts = Vec::new();
    let mut between = between.peekable();
    while let Some(literal) = between.next() {
        let end = if between.peek().is_none() {
            // The last part reaches as far as the end of the template allows.
            rest.len().checked_sub(literal.len()).filter(|end| rest.get(*end..) == Some(literal))?
        } else {
            rest.find(literal)?
        };
        parts.push(&rest[..end]);
        rest = &rest[end + literal.len()..];
    }
    rest.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_its_noun_is_retold_without_a_template() {
        assert_eq!(retell("1 host"), "1 台主机");
        assert_eq!(retell("12 addresses"), "12 个地址");
        assert_eq!(retell("12 angry men"), "12 angry men");
    }

    #[test]
    fn each_of_several_sentences_is_retold() {
        let calls = "its calls were: server: [2].recv(4) waits …; server: [2].recv(4) waits …";
        assert_eq!(retell(calls), "它的调用是：server: [2].recv(4) 等待……；server: [2].recv(4) 等待……");
    }

    #[test]
    fn parts_are_what_stands_between() {
        assert_eq!(
            parts("{} is at {}", "192.0.2.1 is at 00:00:5e:00:53:01"),
            Some(vec!["192.0.2.1", "00:00:5e:00:53:01"])
        );
        assert_eq!(parts("{} is at {}", "192.0.2.1 was at home"), None);
        assert_eq!(parts("{}: starts", "client: starts again"), None);
        assert_eq!(parts("whole", "whole"), Some(vec![]));
        assert_eq!(parts("{} octets", "é octet"), None);
    }
}
