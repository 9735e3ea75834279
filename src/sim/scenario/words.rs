//! The small languages of a scenario: words and quoted texts, times, rates, comparisons.

use std::time::Duration;

/// One word of a line: bare, or a text in double quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word, or the octets of the text.
    pub octets: Vec<u8>,
    /// True if it was quoted.
    pub is_text: bool,
}

impl Word {
    /// The word as text; empty if its octets are not text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.octets).unwrap_or_default()
    }
}

/// Splits a line into words; `"…"` with the escapes `\n \t \r \0 \\ \" \xNN` is one word.
///
/// # Errors
/// A sentence about what is wrong.
pub fn split(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('"') {
            let (octets, left) = quoted(after)?;
            words.push(Word { octets, is_text: true });
            rest = left.trim_start();
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || c == '"').unwrap_or(rest.len());
            words.push(Word { octets: rest.as_bytes()[..end].to_vec(), is_text: false });
            rest = rest[end..].trim_start();
        }
    }
    Ok(words)
}

/// Reads a text up to its closing quote; returns its octets and what follows.
pub fn quoted(text: &str) -> Result<(Vec<u8>, &str), String> {
    let mut octets = Vec::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((octets, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => octets.push(b'\n'),
                Some((_, 't')) => octets.push(b'\t'),
                Some((_, 'r')) => octets.push(b'\r'),
                Some((_, '0')) => octets.push(0),
                Some((_, c @ ('\\' | '"'))) => octets.push(c as u8),
                Some((at, 'x')) => {
                    let digits = text.get(at + 1..at + 3).ok_or("\\x needs two hexadecimal digits")?;
                    let octet = u8::from_str_radix(digits, 16).map_err(|_| "\\x needs two hexadecimal digits")?;
                    octets.push(octet);
                    chars.next();
                    chars.next();
                }
                _ => return Err("a backslash in a text is followed by n, t, r, 0, x, \\ or \"".to_owned()),
            },
            c => octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Err("a text has no closing quote".to_owned())
}

/// Reads a span of time such as `10ms`, `1.5s`, `200us`, `50ns`, `2min` or `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let fail = || format!("'{text}' is not a time: write it like 10ms, 1.5s, 200us or 50ns");
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(fail)?;
    let (number, unit) = text.split_at(unit_at);
    let nanos: f64 = match unit {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "min" => 60e9,
        "h" => 3600e9,
        _ => return Err(fail()),
    };
    let number: f64 = number.trim().parse().map_err(|_| fail())?;
    let total = (number * nanos).round();
    if !(0.0..9e18).contains(&total) {
        return Err(fail());
    }
    Ok(Duration::from_nanos(total as u64))
}

/// Reads a rate such as `100M`, `1G`, `56k` or `0` (at once), in bits a second.
pub fn rate(text: &str) -> Result<u64, String> {
    let fail = || format!("'{text}' is not a rate: write it like 100M, 1G or 56k (bits a second)");
    let digits = text.trim_end_matches("bit/s").trim_end_matches("bps");
    let (number, factor) = match digits.chars().last() {
        Some('k') => (&digits[..digits.len() - 1], 1e3),
        Some('M') => (&digits[..digits.len() - 1], 1e6),
        Some('G') => (&digits[..digits.len() - 1], 1e9),
        _ => (digits, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| fail())?;
    if !(0.0..1e13).contains(&(number * factor)) {
        return Err(fail());
    }
    Ok((number * factor).round() as u64)
}

/// A comparison with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    /// Reads `=`, `!=`, `<`, `<=`, `>` or `>=`.
    pub fn parse(text: &str) -> Option<Comparison> {
        Some(match text {
            "=" | "==" => Comparison::Equal,
            "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::AtMost,
            ">" => Comparison::More,
            ">=" => Comparison::AtLeast,
            _ => return None,
        })
    }

    /// True if it holds.
    pub const fn holds(self, found: u64, wanted: u64) -> bool {
        match self {
            Comparison::Equal => found == wanted,
            Comparison::NotEqual => found != wanted,
            Comparison::Less => found < wanted,
            Comparison::AtMost => found <= wanted,
            Comparison::More => found > wanted,
            Comparison::AtLeast => found >= wanted,
        }
    }
}

/// The word among `known` that `word` was probably meant to be.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.into_iter().map(|candidate| (crate::base::text::distance(word, candidate), candidate)).min()?;
    (near.0 <= (word.chars().count() / 3).max(1)).then_some(near.1)
}

/// `, did you mean '…'?` or nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!(": did you mean '{near}'?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_texts_are_told_apart() {
        let words = split(r#"h1 udp h2:9 "a \"b\"\x00 黏" df"#).expect("words");
        assert_eq!(words.len(), 5);
        assert_eq!(words[3].octets, "a \"b\"\0 黏".as_bytes());
        assert!(words[3].is_text && !words[4].is_text);
        assert!(split("\"open").is_err());
    }

    #[test]
    fn times_and_rates_are_read() {
        assert_eq!(duration("1.5ms"), Ok(Duration::from_micros(1500)));
        assert_eq!(duration("2min"), Ok(Duration::from_secs(120)));
        assert!(duration("5").is_err() && duration("x").is_err() && duration("-1s").is_err());
        assert_eq!(rate("100M"), Ok(100_000_000));
        assert_eq!(rate("2.5Gbit/s"), Ok(2_500_000_000));
        assert!(rate("fast").is_err());
    }

    #[test]
    fn a_misspelt_word_finds_its_neighbour() {
        assert_eq!(nearest("adress", ["address", "gateway"]), Some("address"));
        assert_eq!(nearest("gatewya", ["address", "gateway"]), Some("gateway"));
        assert_eq!(nearest("colour", ["address", "gateway"]), None);
    }
}
