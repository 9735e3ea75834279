//! Text that came from a packet, a file or a user, made harmless before anybody sees it.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every control character, escape sequence and bidirectional override written as `\u{…}` or `\n`-style
/// escapes, so that it can neither move the cursor nor reorder what is around it. Borrowed if nothing had to change.
pub fn harmless(text: &str) -> Cow<'_, str> {
    // Without a way out in the middle many octets are looked at in one step.
    let is_plain = text.bytes().fold(true, |so_far, octet| so_far & matches!(octet, b' '..=b'~'));
    if is_plain || !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push_harmless(&mut out, c);
    }
    Cow::Owned(out)
}

/// Like [`harmless`] for octets that are probably text: what is not UTF-8 is written as `\xNN`.
pub fn harmless_octets(octets: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(octets) {
        return harmless(text);
    }
    let mut out = String::with_capacity(octets.len() + 16);
    for chunk in octets.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_harmless(&mut out, c));
        for octet in chunk.invalid() {
            let _ = write!(out, "\\x{octet:02x}");
        }
    }
    Cow::Owned(out)
}

fn push_harmless(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_harmful(c) => {
            let _ = if (c as u32) < 0x100 {
                write!(out, "\\x{:02x}", c as u32)
            } else {
                write!(out, "\\u{{{:x}}}", c as u32)
            };
        }
        c => out.push(c),
    }
}

/// How many letters must be changed, added, left out or swapped with their neighbour to get from one word to the other
/// (optimal string alignment): for "did you mean".
pub fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let changed = last[j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut best = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                best = best.min(before_last[j - 2] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

/// Control characters, line and paragraph separators, zero-width and bidirectional formatting, byte-order mark.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}' | '\u{e0000}'..='\u{e007f}')
}

/// `1 octet`, `2 octets`: a number with a noun whose plural takes an s.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_bidirectional_overrides_become_visible() {
        assert_eq!(harmless("a\x1b[31mb\u{202e}c\n"), "a\\x1b[31mb\\u{202e}c\\n");
        assert_eq!(harmless("a\u{9b}b"), "a\\x9bb");
        assert!(matches!(harmless("网络 example.com"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_slip_of_any_kind_is_one_step() {
        for (one, other, steps) in [
            ("host", "host", 0),
            ("host", "hsot", 1),
            ("host", "hos", 1),
            ("host", "hosts", 1),
            ("黏包", "黏", 1),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(one, other), steps, "{one} {other}");
            assert_eq!(distance(other, one), steps, "{other} {one}");
        }
    }

    #[test]
    fn octets_that_are_not_text_are_spelled_out() {
        assert_eq!(harmless_octets(b"ok\xff\x00"), "ok\\xff\\x00");
        assert_eq!(harmless_octets("黏包".as_bytes()), "黏包");
    }
}
