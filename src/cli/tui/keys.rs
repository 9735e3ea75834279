//! Keys out of the octets that a terminal sends: characters in UTF-8, control characters, and the escape sequences that
//! xterm and its like use (ECMA-48 §5.4).
//!
//! The library that draws could read keys too, but it waits for the moment at which octets arrive and not for octets: what
//! came together with a change of the window's size stays unread until the next key.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

const ESCAPE: u8 = 0x1b;

/// Octets that are no whole key yet.
#[derive(Debug, Default)]
pub(super) struct Keys {
    rest: Vec<u8>,
}

impl Keys {
    /// The keys in what the terminal has sent. An escape character at its end is the key of that name: sequences come in
    /// one piece.
    pub(super) fn read(&mut self, octets: &[u8]) -> Vec<KeyEvent> {
        self.rest.extend_from_slice(octets);
        let rest = std::mem::take(&mut self.rest);
        let (mut keys, mut at) = (Vec::new(), 0);
        while at < rest.len() {
            let (len, key) = first(&rest[at..]);
            if len == 0 {
                // Only the beginning of a character in UTF-8: at most three octets.
                self.rest = rest[at..].to_vec();
                break;
            }
            keys.extend(key);
            at += len;
        }
        keys
    }
}

/// The first key and its octets; `None` for what is no key of ours, 0 octets if more are needed.
fn first(octets: &[u8]) -> (usize, Option<KeyEvent>) {
    let plain = |code| Some(KeyEvent::new(code, KeyModifiers::NONE));
    match octets[0] {
        ESCAPE => match octets.get(1) {
            Some(b'[' | b'O') => sequence(octets),
            _ => (1, plain(KeyCode::Esc)),
        },
        b'\r' | b'\n' => (1, plain(KeyCode::Enter)),
        b'\t' => (1, plain(KeyCode::Tab)),
        0x7f | 0x08 => (1, plain(KeyCode::Backspace)),
        control @ 1..=26 => {
            let letter = char::from(b'a' + control - 1);
            (1, Some(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL)))
        }
        0..0x20 => (1, None),
        _ => character(octets),
    }
}

/// An escape sequence: parameters, then one octet that says what it is.
fn sequence(octets: &[u8]) -> (usize, Option<KeyEvent>) {
    let body = &octets[2..];
    let Some(end) = body.iter().position(|octet| (0x40..=0x7e).contains(octet)) else { return (octets.len(), None) };
    let number = body[..end].split(|octet| *octet == b';').next().and_then(|digits| std::str::from_utf8(digits).ok());
    let code = match (body[end], number) {
        (b'A', _) => KeyCode::Up,
        (b'B', _) => KeyCode::Down,
        (b'C', _) => KeyCode::Right,
        (b'D', _) => KeyCode::Left,
        (b'H', _) | (b'~', Some("1" | "7")) => KeyCode::Home,
        (b'F', _) | (b'~', Some("4" | "8")) => KeyCode::End,
        (b'Z', _) => KeyCode::BackTab,
        (b'P', _) | (b'~', Some("11")) => KeyCode::F(1),
        (b'~', Some("5")) => KeyCode::PageUp,
        (b'~', Some("6")) => KeyCode::PageDown,
        _ => return (end + 3, None),
    };
    (end + 3, Some(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn character(octets: &[u8]) -> (usize, Option<KeyEvent>) {
    let len = match octets[0] {
        0..0x80 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf8 => 4,
        _ => return (1, None),
    };
    let Some(whole) = octets.get(..len) else { return (0, None) };
    match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
        Some(c) => (len, Some(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))),
        None => (1, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(keys: &[KeyEvent]) -> Vec<KeyCode> {
        keys.iter().map(|key| key.code).collect()
    }

    #[test]
    fn characters_control_characters_and_sequences_are_keys() {
        let mut keys = Keys::default();
        let read = keys.read("q网\r\t\x7f\x1b[A\x1bOB\x1b[5~\x1b[1;5H\x1b[Z\x1bOP\x1b[99u".as_bytes());
        use KeyCode::*;
        let all = [Char('q'), Char('网'), Enter, Tab, Backspace, Up, Down, PageUp, Home, BackTab, F(1)];
        assert_eq!(codes(&read), all);
        assert_eq!(codes(&keys.read(b"\x1b")), [Esc]);
        assert_eq!(keys.read(b"\x03"), [KeyEvent::new(Char('c'), KeyModifiers::CONTROL)]);
    }

    #[test]
    fn a_character_cut_in_two_waits_and_junk_does_not() {
        let mut keys = Keys::default();
        let text = "网".as_bytes();
        assert_eq!(keys.read(&text[..2]), []);
        assert_eq!(codes(&keys.read(&text[2..])), [KeyCode::Char('网')]);
        assert_eq!(
            codes(&keys.read(b"\xff\x80\xe7ab\x00z")),
            [KeyCode::Char('a'), KeyCode::Char('b'), KeyCode::Char('z')]
        );
        assert_eq!(keys.read(b"\x1b[1;2"), []);
    }
}
