//! The words of a display filter.

use crate::filter::{FilterError, Span};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name, a number, an address: letters, digits and `._-:/`.
    Word,
    /// Text in quotes, escapes undone.
    Quoted(Vec<u8>),
    Symbol(&'static str),
    /// What stands between square brackets.
    Slice,
}

const SYMBOLS: &[&str] =
    &["===", "!==", "==", "!=", "~=", "<=", ">=", "&&", "||", "^^", "<", ">", "!", "(", ")", "{", "}", ",", "&", "~"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, FilterError> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let kind = match byte {
            b'"' => {
                let (octets, end) = quoted(text, at + 1, false)?;
                at = end;
                TokenKind::Quoted(octets)
            }
            b'r' | b'R' if bytes.get(at + 1) == Some(&b'"') => {
                let (octets, end) = quoted(text, at + 2, true)?;
                at = end;
                TokenKind::Quoted(octets)
            }
            b'[' => {
                let Some(len) = text[at..].find(']') else {
                    return Err(FilterError::new(text, Span::new(at, at + 1), "this `[` is never closed"));
                };
                at += len + 1;
                TokenKind::Slice
            }
            _ if is_word(byte) => {
                at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
                TokenKind::Word
            }
            _ => match SYMBOLS.iter().find(|symbol| text[at..].starts_with(**symbol)) {
                Some(symbol) => {
                    at += symbol.len();
                    TokenKind::Symbol(symbol)
                }
                None => {
                    let len = text[at..].chars().next().map_or(1, char::len_utf8);
                    let error = FilterError::new(
                        text,
                        Span::new(at, at + len),
                        "this character means nothing in a display filter",
                    );
                    return Err(match byte {
                        b'=' => error.hint("write `==`"),
                        b'\'' => error.hint("text stands in double quotes"),
                        b'|' => error.hint("write `||` or `or`"),
                        _ => error,
                    });
                }
            },
        };
        tokens.push(Token { kind, span: Span::new(start, at) });
    }
    Ok(tokens)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':' | b'/')
}

/// The octets of a quoted text that begins at `at`, and where it ends. In raw text a backslash stands for itself.
fn quoted(text: &str, at: usize, raw: bool) -> Result<(Vec<u8>, usize), FilterError> {
    let bytes = text.as_bytes();
    let mut octets = Vec::new();
    let mut end = at;
    loop {
        match (bytes.get(end), bytes.get(end + 1)) {
            (None, _) => {
                return Err(FilterError::new(text, Span::new(at - 1, text.len()), "this text has no closing quote"));
            }
            (Some(b'"'), _) => return Ok((octets, end + 1)),
            (Some(b'\\'), Some(escaped)) if !raw => {
                end += 2;
                octets.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'0' => 0,
                    b'x' => {
                        let digits = text.get(end..end + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                        end += 2;
                        digits.ok_or_else(|| {
                            FilterError::new(
                                text,
                                Span::new(end - 4, end),
                                "`\\x` is followed by two hexadecimal digits",
                            )
                        })?
                    }
                    other => *other,
                });
            }
            (Some(byte), _) => {
                octets.push(*byte);
                end += 1;
            }
        }
    }
}
