//! The words of a capture filter. As in tcpdump, the longest piece that can be a word is one: `80-90` and `len-1` are
//! single words, `00:00:5e:00:53:01` is an Ethernet address, `1.2.3` a short IPv4 address.

use std::net::Ipv6Addr;

use crate::filter::{FilterError, Span};

/// One word and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A number, decimal, octal or hexadecimal.
    Number(u32),
    /// Two to four numbers with dots: an IPv4 address, perhaps a short one.
    Dotted,
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// An Ethernet address.
    Mac([u8; 6]),
    /// A name: a keyword unless `escaped`. A backslash before it is not part of the span.
    Word { escaped: bool },
    /// An operator or bracket.
    Symbol(&'static str),
    /// An ARCnet address, which netlab has no use for.
    Arcnet,
}

/// Operators and brackets, the longer ones first.
const SYMBOLS: &[&str] = &[
    "&&", "||", "<<", ">>", "<=", ">=", "!=", "==", "=", "<", ">", "!", "(", ")", "[", "]", ":", "+", "-", "*", "/",
    "%", "&", "|", "^",
];

/// Splits `text` into words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
            at += 1;
            continue;
        }
        let (kind, len) = next(text, at)?;
        tokens.push(Token { kind, span: Span::new(at, at + len) });
        at += len;
    }
    // A word after a backslash stands one octet further.
    for token in &mut tokens {
        if token.kind == (TokenKind::Word { escaped: true }) {
            token.span.start += 1;
        }
    }
    Ok(tokens)
}

fn next(text: &str, at: usize) -> Result<(TokenKind, usize), FilterError> {
    let rest = &text[at..];
    let word_len = word_len(rest);
    let (mac, mac_len) = mac(rest).unwrap_or(([0; 6], 0));
    let (v6, v6_len) = v6(rest).unwrap_or((Ipv6Addr::UNSPECIFIED, 0));
    if mac_len > 0 && mac_len >= v6_len && mac_len >= word_len {
        return Ok((TokenKind::Mac(mac), mac_len));
    }
    if v6_len > word_len {
        return Ok((TokenKind::V6(v6), v6_len));
    }
    if word_len > 0 {
        let word = &rest[..word_len];
        if is_number(word) {
            return Ok((TokenKind::Number(number(text, at, word)?), word_len));
        }
        if is_dotted(word) {
            return Ok((TokenKind::Dotted, word_len));
        }
        return Ok((TokenKind::Word { escaped: false }, word_len));
    }
    if let Some(name) = rest.strip_prefix('\\') {
        let len = name.find([' ', '!', '(', ')', '\n', '\t']).unwrap_or(name.len());
        if len > 0 {
            return Ok((TokenKind::Word { escaped: true }, 1 + len));
        }
    }
    if let Some(digits) = rest.strip_prefix('$') {
        let len = digits.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
        if len > 0 {
            return Ok((TokenKind::Arcnet, 1 + len));
        }
    }
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
        return Ok((TokenKind::Symbol(symbol), symbol.len()));
    }
    let len = rest.chars().next().map_or(1, char::len_utf8);
    let error = FilterError::new(text, Span::new(at, at + len), "this character means nothing in a capture filter");
    Err(match rest.as_bytes()[0] {
        b'"' | b'\'' => error.hint("the shell takes quotes away; inside a filter none are needed"),
        b'{' | b'~' => error.hint("sets and patterns belong to display filters: use -Y"),
        _ => error,
    })
}

/// Octets of the longest word: letters, digits, dots, hyphens and underscores, not ending in a hyphen or underscore.
fn word_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(u8::is_ascii_alphanumeric) {
        return 0;
    }
    let run = bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')).count();
    let end = bytes[..run].iter().rposition(|b| b.is_ascii_alphanumeric() || *b == b'.').unwrap_or(0);
    end + 1
}

fn is_number(word: &str) -> bool {
    let hex = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
    match hex {
        Some(hex) if !hex.is_empty() => hex.bytes().all(|b| b.is_ascii_hexdigit()),
        _ => !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()),
    }
}

/// Two to four numbers (decimal, octal or hexadecimal, as tcpdump has it) with dots between.
fn is_dotted(word: &str) -> bool {
    (2..=4).contains(&word.split('.').count()) && word.split('.').all(is_number)
}

fn number(text: &str, at: usize, word: &str) -> Result<u32, FilterError> {
    let span = Span::new(at, at + word.len());
    let parsed = if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        u32::from_str_radix(hex, 16)
    } else if word.len() > 1 && word.starts_with('0') {
        if word.contains(['8', '9']) {
            let error =
                FilterError::new(text, span, format!("{word} begins with 0 and so is octal, but has an 8 or 9"));
            return Err(error.hint("leave the leading 0 away"));
        }
        u32::from_str_radix(word, 8)
    } else {
        word.parse()
    };
    parsed.map_err(|_| FilterError::new(text, span, format!("{word} does not fit into 32 bits")))
}

/// An Ethernet address at the start of `text`: six groups with `:`, `-` or `.`, three groups of four digits with `.`, or
/// twelve digits.
fn mac(text: &str) -> Option<([u8; 6], usize)> {
    let longest = [
        grouped(text, b':', 6),
        grouped(text, b'-', 6),
        grouped(text, b'.', 6),
        grouped(text, b'.', 3),
        grouped(text, b'.', 1),
    ];
    longest.into_iter().flatten().max_by_key(|(_, len)| *len)
}

fn grouped(text: &str, separator: u8, groups: usize) -> Option<([u8; 6], usize)> {
    let bytes = text.as_bytes();
    let (shortest, longest) = if groups == 6 { (1, 2) } else { (12 / groups, 12 / groups) };
    let mut address = 0_u64;
    let mut at = 0;
    for group in 0..groups {
        if group > 0 {
            if bytes.get(at) != Some(&separator) {
                return None;
            }
            at += 1;
        }
        let len = bytes[at..].iter().take(longest).take_while(|b| b.is_ascii_hexdigit()).count();
        if len < shortest {
            return None;
        }
        address = address << (48 / groups) | u64::from_str_radix(&text[at..at + len], 16).ok()?;
        at += len;
    }
    let [_, _, octets @ ..] = address.to_be_bytes();
    Some((octets, at))
}

/// The longest IPv6 address at the start of `text`.
fn v6(text: &str) -> Option<(Ipv6Addr, usize)> {
    let run = text.bytes().take_while(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')).count();
    let longest = run.min(45);
    if !text[..longest].contains(':') {
        return None;
    }
    (2..=longest).rev().find_map(|len| Some((text[..len].parse().ok()?, len)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        tokens(text).expect(text).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn the_longest_piece_is_the_word() {
        let word = TokenKind::Word { escaped: false };
        assert_eq!(kinds("len-1"), std::slice::from_ref(&word));
        assert_eq!(kinds("portrange 80-90"), [word.clone(), word.clone()]);
        assert_eq!(kinds("10.0"), [TokenKind::Dotted]);
        assert_eq!(kinds("1.2.3.4.5"), std::slice::from_ref(&word));
        assert_eq!(kinds("0x10 010 10"), [TokenKind::Number(16), TokenKind::Number(8), TokenKind::Number(10)]);
        assert_eq!(kinds("a:b:c:d:e:f"), [TokenKind::Mac([10, 11, 12, 13, 14, 15])]);
        assert_eq!(kinds("0000.5e00.5301"), [TokenKind::Mac([0, 0, 0x5e, 0, 0x53, 1])]);
        assert_eq!(kinds("2001:db8::1"), [TokenKind::V6("2001:db8::1".parse().expect("an address"))]);
        assert_eq!(
            kinds("tcp[13:1]"),
            [
                word,
                TokenKind::Symbol("["),
                TokenKind::Number(13),
                TokenKind::Symbol(":"),
                TokenKind::Number(1),
                TokenKind::Symbol("]")
            ]
        );
    }

    #[test]
    fn what_cannot_be_a_word_is_refused_with_its_place() {
        assert_eq!(tokens("ip { 3").expect_err("refused").span, Span::new(3, 4));
        assert_eq!(tokens("port 089").expect_err("refused").span, Span::new(5, 8));
        assert!(tokens("len > 99999999999").expect_err("refused").message.contains("32 bits"));
        assert!(tokens("host 网络").is_err());
    }
}
