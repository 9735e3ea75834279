//! Arithmetic: numbers, `len`, `proto[index:size]`, and the operators.

use super::{Condition, Parser};
use crate::filter::capture::ast::{Arith, Expr, Operation, Primitive, Proto, Relation};
use crate::filter::capture::lexer::{Token, TokenKind};
use crate::filter::capture::names;
use crate::filter::{FilterError, Span};

/// What a stretch of filter turned out to be.
pub(super) enum Piece {
    Condition(Condition),
    /// A number; `number` is set if it was written as a plain one and could be an identifier.
    Value {
        value: Arith,
        span: Span,
        number: Option<u32>,
    },
}

/// Tightness of the operators. `%` and `^` have none in tcpdump's grammar: they take all that follows on their right and
/// tear their left neighbour away from whatever is before it; `7 % 4 * 2` is 7.
fn tightness(symbol: &str) -> Option<(Operation, u8, u8)> {
    Some(match symbol {
        "|" => (Operation::Or, 1, 2),
        "&" => (Operation::And, 3, 4),
        "<<" => (Operation::ShiftLeft, 5, 6),
        ">>" => (Operation::ShiftRight, 5, 6),
        "+" => (Operation::Add, 7, 8),
        "-" => (Operation::Subtract, 7, 8),
        "*" => (Operation::Multiply, 9, 10),
        "/" => (Operation::Divide, 9, 10),
        "%" => (Operation::Modulo, 13, 0),
        "^" => (Operation::Xor, 13, 0),
        _ => return None,
    })
}

/// Tightness of the minus sign before a number.
const NEGATION: u8 = 11;

fn relation(symbol: &str) -> Option<Relation> {
    Some(match symbol {
        "=" | "==" => Relation::Equal,
        "!=" => Relation::NotEqual,
        ">" => Relation::Greater,
        ">=" => Relation::GreaterOrEqual,
        "<" => Relation::Less,
        "<=" => Relation::LessOrEqual,
        _ => return None,
    })
}

impl Parser<'_> {
    /// True if a number begins here.
    pub(super) fn value_ahead(&self) -> bool {
        match self.peek() {
            Some(Token { kind: TokenKind::Number(_) | TokenKind::Symbol("-"), .. }) => true,
            Some(Token { kind: TokenKind::Word { escaped: false }, span }) => {
                let word = self.text_of(span);
                matches!(word, "len" | "length")
                    || names::constant(word).is_some()
                    || Proto::from_word(word).is_some()
                        && self.tokens.get(self.at + 1).is_some_and(|next| next.kind == TokenKind::Symbol("["))
            }
            _ => false,
        }
    }

    /// Arithmetic from here on.
    pub(super) fn arithmetic(&mut self) -> Result<(Arith, Span, Option<u32>), FilterError> {
        let start = self.here();
        let (first, number) = self.operand()?;
        self.operations(first, start, number, 0)
    }

    /// Goes on with arithmetic after a value (which may have been in parentheses), and compares it if a comparison follows.
    pub(super) fn relation_or_value(
        &mut self,
        value: Arith,
        span: Span,
        number: Option<u32>,
    ) -> Result<Piece, FilterError> {
        let (left, span, number) = self.operations(value, span, number, 0)?;
        let Some(relation) = self.peek_symbol().and_then(relation) else {
            return Ok(Piece::Value { value: left, span, number });
        };
        self.at += 1;
        if !self.value_ahead() && self.peek_symbol() != Some("(") {
            return Err(self.expected("a number"));
        }
        let (right, right_span, _) = self.arithmetic()?;
        let expr = Expr::Primitive(Primitive::Compare(relation, left, right), span.to(right_span));
        Ok(Piece::Condition(Condition { expr, leaves: None, is_id: false }))
    }

    fn operations(
        &mut self,
        mut left: Arith,
        mut span: Span,
        mut number: Option<u32>,
        least: u8,
    ) -> Result<(Arith, Span, Option<u32>), FilterError> {
        let depth = self.depth;
        while let Some((operation, left_tightness, right_tightness)) = self.peek_symbol().and_then(tightness) {
            if left_tightness < least {
                break;
            }
            self.at += 1;
            self.deeper()?;
            let start = self.here();
            let (first, first_number) = self.operand()?;
            let (right, right_span, _) = self.operations(first, start, first_number, right_tightness)?;
            if let (Operation::Divide | Operation::Modulo, Arith::Number(0)) = (operation, &right) {
                return Err(self.error(right_span, "division by zero"));
            }
            if let (Operation::ShiftLeft | Operation::ShiftRight, Arith::Number(32..)) = (operation, &right) {
                return Err(self.error(right_span, "numbers have 32 bits; this shifts all of them away"));
            }
            span = span.to(right_span);
            left = Arith::Binary(operation, Box::new(left), Box::new(right), span);
            number = None;
        }
        self.depth = depth;
        Ok((left, span, number))
    }

    fn operand(&mut self) -> Result<(Arith, Option<u32>), FilterError> {
        let start = self.here();
        if self.eat_symbol("(") {
            self.deeper()?;
            if !self.value_ahead() && self.peek_symbol() != Some("(") {
                return Err(self.expected("a number"));
            }
            let (value, _, number) = self.arithmetic()?;
            self.close()?;
            self.depth -= 1;
            return Ok((value, number));
        }
        if self.eat_symbol("-") {
            self.deeper()?;
            let (inner, number) = self.operand()?;
            let (inner, _, _) = self.operations(inner, start, number, NEGATION)?;
            self.depth -= 1;
            return Ok((Arith::Negate(Box::new(inner)), None));
        }
        if let Some(Token { kind: TokenKind::Number(number), .. }) = self.peek() {
            self.at += 1;
            return Ok((Arith::Number(number), Some(number)));
        }
        let word = self.peek_word(0).unwrap_or_default();
        if matches!(word, "len" | "length") {
            self.at += 1;
            return Ok((Arith::Length, None));
        }
        if let Some(value) = names::constant(word) {
            self.at += 1;
            return Ok((Arith::Number(value), Some(value)));
        }
        if let Some(proto) = Proto::from_word(word).filter(|_| self.value_ahead()) {
            self.at += 2;
            return Ok((self.load(proto, start)?, None));
        }
        let error = self.expected("a number, `len` or `proto[index]`");
        Err(match crate::filter::nearest(word, names::constants()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    /// `index:size]` after `proto[`.
    fn load(&mut self, proto: Proto, start: Span) -> Result<Arith, FilterError> {
        self.deeper()?;
        let (index, _, _) = self.arithmetic()?;
        self.depth -= 1;
        let mut size = 1;
        if self.eat_symbol(":") {
            let span = self.here();
            size = match self.plain_number()? {
                size @ (1 | 2 | 4) => size as u8,
                size => {
                    let error = self.error(span, format!("{size} octets cannot be read at once"));
                    return Err(error.hint("1, 2 or 4 can"));
                }
            };
        }
        if !self.eat_symbol("]") {
            return Err(self.expected("`]`"));
        }
        let span = start.to(self.last_span());
        if proto == Proto::Radio {
            return Err(self.error(span, "`radio` belongs to 802.11 captures, for which netlab has no capture filters"));
        }
        if !proto.has_header_to_index() {
            let error = self.error(span, format!("the octets of `{}` cannot be read by index", proto.word()));
            return Err(
                error.hint("`ether[…]`, `ip[…]`, `ip6[…]`, `arp[…]`, `tcp[…]`, `udp[…]`, `icmp[…]` and others can")
            );
        }
        Ok(Arith::Load { proto, index: Box::new(index), size, span })
    }
}

impl Proto {
    /// True if `proto[index]` has a meaning.
    fn has_header_to_index(self) -> bool {
        matches!(
            self,
            Proto::Link
                | Proto::Ip
                | Proto::Ip6
                | Proto::Arp
                | Proto::Rarp
                | Proto::Atalk
                | Proto::Decnet
                | Proto::Lat
                | Proto::Sca
                | Proto::Moprc
                | Proto::Mopdl
                | Proto::Tcp
                | Proto::Udp
                | Proto::Sctp
                | Proto::Icmp
                | Proto::Icmp6
                | Proto::Igmp
                | Proto::Igrp
                | Proto::Pim
                | Proto::Vrrp
                | Proto::Carp
        )
    }
}
