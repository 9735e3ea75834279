//! The one-line framing language: what a message looks like, in steps.

use std::fmt;
use std::str::FromStr;

/// An integer field: how many octets, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Width {
    /// 1, 2, 4 or 8.
    pub octets: usize,
    /// Least significant octet first.
    pub is_little: bool,
}

impl Width {
    /// Reads the number at the front of `octets`; `None` if there are too few.
    pub fn read(self, octets: &[u8]) -> Option<u64> {
        let field = octets.get(..self.octets)?;
        let add = |sum: u64, octet: &u8| sum << 8 | u64::from(*octet);
        Some(if self.is_little { field.iter().rev().fold(0, add) } else { field.iter().fold(0, add) })
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.octets, self.is_little) {
            (1, _) => write!(f, "u8"),
            (octets, true) => write!(f, "u{}le", octets * 8),
            (octets, false) => write!(f, "u{}be", octets * 8),
        }
    }
}

/// A length: a number, or a field read before, with something added or taken away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Length {
    /// The field; `None` for a plain number.
    pub field: Option<String>,
    /// Added to the field; the number itself without one.
    pub plus: i64,
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.field, self.plus) {
            (None, number) => write!(f, "{number}"),
            (Some(field), 0) => write!(f, "{field}"),
            (Some(field), plus) => write!(f, "{field}{plus:+}"),
        }
    }
}

/// One step of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// `u32le len`: an integer field with a name.
    Integer(Width, String),
    /// `body[len]`: so many octets, the message itself.
    Body(Length),
    /// `skip[4]`: so many octets of no interest.
    Skip(Length),
    /// `json[h]{n=.key.key}`: so many octets of JSON, with names for numbers in it.
    Json(Length, Vec<(String, Vec<String>)>),
    /// `body until "\n"`: the message up to a delimiter, which is not part of it.
    Until(Vec<u8>),
}

/// What a message looks like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Steps that repeat, each direction by itself.
    Steps(Vec<Step>),
    /// Decimal digits in one turn announce the size of the next turn of the same side, after a word of the other.
    Lockstep,
}

/// Why a framing cannot be read: where, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct SpecError {
    /// Octets from the start of the text.
    pub at: usize,
    /// What was expected there.
    pub expected: String,
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Framing::Steps(steps) = self else { return write!(f, "lockstep digits") };
        for (index, step) in steps.iter().enumerate() {
            if index > 0 {
                write!(f, "; ")?;
            }
            match step {
                Step::Integer(width, name) => write!(f, "{width} {name}")?,
                Step::Body(len) => write!(f, "body[{len}]")?,
                Step::Skip(len) => write!(f, "skip[{len}]")?,
                Step::Until(delimiter) => {
                    write!(f, "body until \"")?;
                    for octet in delimiter {
                        write!(f, "{}", std::ascii::escape_default(*octet))?;
                    }
                    write!(f, "\"")?;
                }
                Step::Json(len, names) => {
                    write!(f, "json[{len}]")?;
                    let list: Vec<_> = names.iter().map(|(name, path)| format!("{name}=.{}", path.join("."))).collect();
                    if !list.is_empty() {
                        write!(f, "{{{}}}", list.join(", "))?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Framing {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Framing, SpecError> {
        let words: Vec<_> = text.split_whitespace().collect();
        if words == ["lockstep", "digits"] {
            return Ok(Framing::Lockstep);
        }
        let mut reader = Reader { text, at: 0, known: Vec::new() };
        let mut steps = Vec::new();
        loop {
            steps.push(reader.step()?);
            reader.blanks();
            match reader.rest().chars().next() {
                None => break,
                Some(';') => reader.at += 1,
                Some(_) => return reader.fail("';' or the end"),
            }
            reader.blanks();
            if reader.rest().is_empty() {
                break;
            }
        }
        let moves = |step: &Step| match step {
            Step::Integer(..) | Step::Until(_) => true,
            Step::Body(len) | Step::Skip(len) | Step::Json(len, _) => len.field.is_none() && len.plus > 0,
        };
        if !steps.iter().any(moves) {
            return Err(SpecError { at: 0, expected: "a step that is at least one octet long".into() });
        }
        Ok(Framing::Steps(steps))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    known: Vec<String>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn fail<T>(&self, expected: impl Into<String>) -> Result<T, SpecError> {
        Err(SpecError { at: self.at, expected: format!("expected {}", expected.into()) })
    }

    fn eat(&mut self, token: &str) -> Result<(), SpecError> {
        self.blanks();
        if !self.rest().starts_with(token) {
            return self.fail(format!("'{token}'"));
        }
        self.at += token.len();
        Ok(())
    }

    fn word(&mut self) -> &'a str {
        self.blanks();
        let rest = self.rest();
        let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn name(&mut self) -> Result<String, SpecError> {
        let start = self.at;
        let word = self.word();
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            self.at = start;
            return self.fail("a name for the field");
        }
        self.known.push(word.to_owned());
        Ok(word.to_owned())
    }

    fn step(&mut self) -> Result<Step, SpecError> {
        self.blanks();
        let start = self.at;
        let kind = self.word();
        let width = |octets, is_little| Width { octets, is_little };
        let integer = match kind {
            "u8" => Some(width(1, true)),
            "u16le" => Some(width(2, true)),
            "u16be" => Some(width(2, false)),
            "u32le" => Some(width(4, true)),
            "u32be" => Some(width(4, false)),
            "u64le" => Some(width(8, true)),
            "u64be" => Some(width(8, false)),
            _ => None,
        };
        if let Some(width) = integer {
            return Ok(Step::Integer(width, self.name()?));
        }
        match kind {
            "body" => {
                self.blanks();
                if self.rest().starts_with("until") {
                    self.at += 5;
                    return Ok(Step::Until(self.quoted()?));
                }
                Ok(Step::Body(self.length()?))
            }
            "skip" => Ok(Step::Skip(self.length()?)),
            "json" => {
                let len = self.length()?;
                Ok(Step::Json(len, self.json_names()?))
            }
            _ => {
                self.at = start;
                self.fail("a step: u8, u16le, u16be, u32le, u32be, u64le, u64be, body, skip or json")
            }
        }
    }

    fn length(&mut self) -> Result<Length, SpecError> {
        self.eat("[")?;
        self.blanks();
        let start = self.at;
        let word = self.word();
        let mut length = match word.parse::<u32>() {
            Ok(number) => Length { field: None, plus: i64::from(number) },
            Err(_) if self.known.iter().any(|known| known == word) => Length { field: Some(word.to_owned()), plus: 0 },
            Err(_) => {
                self.at = start;
                let known = self.known.join(", ");
                let or = if known.is_empty() { String::new() } else { format!(" or one of: {known}") };
                return self.fail(format!("a number of octets below 2^32{or}"));
            }
        };
        self.blanks();
        if self.rest().starts_with(['+', '-']) {
            let sign = if self.rest().starts_with('-') { -1 } else { 1 };
            self.at += 1;
            let Ok(number) = self.word().parse::<u32>() else { return self.fail("a number") };
            length.plus += sign * i64::from(number);
        }
        self.eat("]")?;
        Ok(length)
    }

    fn json_names(&mut self) -> Result<Vec<(String, Vec<String>)>, SpecError> {
        self.blanks();
        let mut names = Vec::new();
        if !self.rest().starts_with('{') {
            return Ok(names);
        }
        self.at += 1;
        loop {
            let name = self.name()?;
            self.eat("=")?;
            let mut path = Vec::new();
            self.blanks();
            while self.rest().starts_with('.') {
                self.at += 1;
                let key = self.word();
                if key.is_empty() {
                    return self.fail("a key of the JSON header");
                }
                path.push(key.to_owned());
            }
            if path.is_empty() {
                return self.fail("'.' and a key of the JSON header");
            }
            names.push((name, path));
            self.blanks();
            match self.rest().chars().next() {
                Some(',') => self.at += 1,
                Some('}') => {
                    self.at += 1;
                    return Ok(names);
                }
                _ => return self.fail("',' or '}'"),
            }
        }
    }

    fn quoted(&mut self) -> Result<Vec<u8>, SpecError> {
        self.eat("\"")?;
        let mut octets = Vec::new();
        let mut chars = self.rest().char_indices();
        while let Some((index, c)) = chars.next() {
            match c {
                '"' if !octets.is_empty() => {
                    self.at += index + 1;
                    return Ok(octets);
                }
                '"' => return self.fail("at least one octet before the closing quote"),
                '\\' => match chars.next() {
                    Some((_, 'n')) => octets.push(b'\n'),
                    Some((_, 'r')) => octets.push(b'\r'),
                    Some((_, 't')) => octets.push(b'\t'),
                    Some((_, '0')) => octets.push(0),
                    Some((_, '\\')) => octets.push(b'\\'),
                    Some((_, '"')) => octets.push(b'"'),
                    Some((at, 'x')) => {
                        let digits = self.rest().get(at + 1..at + 3).unwrap_or("");
                        let Ok(octet) = u8::from_str_radix(digits, 16) else {
                            self.at += index;
                            return self.fail("two hexadecimal digits after \\x");
                        };
                        octets.push(octet);
                        chars.next();
                        chars.next();
                    }
                    _ => {
                        self.at += index;
                        return self.fail("one of \\n \\r \\t \\0 \\\\ \\\" \\xNN");
                    }
                },
                c => octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.at = self.text.len();
        self.fail("a closing quote")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_what_was_read() {
        for text in [
            "u32le len; body[len]",
            "u32be len; body[len-4]",
            "u8 kind; u16be len; skip[2]; body[len+1]",
            "u32le h; json[h]{n=.data_size}; body[n]",
            "u32le h; json[h]{n=.meta.size, m=.other}; body[n]; body[m]",
            "body until \"\\r\\n\"",
            "body until \"\\x00\"",
            "body[64]",
            "lockstep digits",
        ] {
            assert_eq!(text.parse::<Framing>().map(|framing| framing.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(" u8 n ;body [ n ] ; ".parse::<Framing>().expect("a framing").to_string(), "u8 n; body[n]");
    }

    #[test]
    fn refusals_point_at_the_place() {
        for (text, at) in [
            ("", 0),
            ("u32 len", 0),
            ("u32le len; body[size]", 16),
            ("u32le len; body[len", 19),
            ("body until \"\"", 12),
            ("body until \"abc", 15),
            ("u8 n; json[n]{x}", 15),
            ("u8 n; body[n] u8 m", 14),
            ("body[0]", 0),
            ("é", 0),
        ] {
            assert_eq!(text.parse::<Framing>().map_err(|error| error.at), Err(at), "{text}");
        }
    }

    #[test]
    fn integers_are_read_in_both_orders() {
        let octets = [0x34, 0x08, 0, 0, 0, 0, 0, 1];
        assert_eq!(Width { octets: 4, is_little: true }.read(&octets), Some(2100));
        assert_eq!(Width { octets: 4, is_little: false }.read(&octets), Some(872_939_520));
        assert_eq!(Width { octets: 8, is_little: false }.read(&octets[1..]), None);
    }
}
