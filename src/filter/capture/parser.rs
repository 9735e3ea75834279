//! The grammar of pcap-filter(7), by hand.
//!
//! `and` and `or` bind equally and from the left, `not` binds tighter. A bare identifier after them takes the qualifiers
//! of what stood before: `tcp port 80 or 443`. Parentheses hold conditions, lists of identifiers, or arithmetic, and only
//! what is inside tells which; hence the [`Piece`].

mod id;
mod value;

use super::ast::{ByteTest, Expr, Primitive, Proto, Side};
use super::lexer::{self, Token, TokenKind};
use super::names::Names;
use crate::base::limits::{MAX_FILTER_DEPTH, MAX_FILTER_LEN};
use crate::filter::{FilterError, Span};
use value::Piece;

/// Parses `text`; `None` if it is blank, which means every packet.
pub(super) fn parse(text: &str, names: &Names) -> Result<Option<Expr>, FilterError> {
    if text.len() > MAX_FILTER_LEN {
        let span = Span::new(MAX_FILTER_LEN, text.len());
        return Err(FilterError::new(text, span, format!("the filter is longer than {MAX_FILTER_LEN} octets")));
    }
    let parsed = lexer::tokens(text).and_then(|tokens| {
        if tokens.is_empty() {
            return Ok(None);
        }
        let mut parser = Parser { text, tokens, at: 0, depth: 0, names };
        let expr = parser.expression(None)?;
        match parser.peek() {
            None => Ok(Some(expr)),
            Some(token) => Err(parser.after_a_condition(&token)),
        }
    });
    parsed.map_err(|error| match super::mistaken::display_filter_sign(text) {
        Some(sign) => error.hint(format!("`{sign}` is the manner of display filters: give this one with -Y")),
        None => error,
    })
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    names: &'t Names,
}

/// The qualifiers before an identifier, which later identifiers inherit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Qualifiers {
    proto: Option<Proto>,
    side: Option<Side>,
    kind: Kind,
}

/// What an identifier names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// No word said; a host.
    Unsaid,
    Host,
    Net,
    Port,
    PortRange,
    Proto,
    ProtoChain,
}

/// The qualifiers that are in force; `None` where a bare identifier makes no sense.
type Context = Option<Qualifiers>;

/// A condition and the qualifiers that it leaves to the next identifier.
struct Condition {
    expr: Expr,
    leaves: Context,
    /// True if it is made of bare identifiers.
    is_id: bool,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).cloned()
    }

    fn text_of(&self, span: Span) -> &'t str {
        &self.text[span.range()]
    }

    /// The next token if it is this unescaped word.
    fn peek_word(&self, ahead: usize) -> Option<&'t str> {
        match self.tokens.get(self.at + ahead)? {
            Token { kind: TokenKind::Word { escaped: false }, span } => Some(self.text_of(*span)),
            _ => None,
        }
    }

    fn peek_symbol(&self) -> Option<&'static str> {
        match self.tokens.get(self.at)?.kind {
            TokenKind::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.peek_symbol() == Some(symbol);
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.peek_word(0) == Some(word);
        self.at += usize::from(found);
        found
    }

    /// The span of the last token read.
    fn last_span(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(Span::default(), |token| token.span)
    }

    /// The span of the next token, or the place after the end.
    fn here(&self) -> Span {
        self.peek().map_or(Span::new(self.text.len(), self.text.len()), |token| token.span)
    }

    fn error(&self, span: Span, message: impl Into<String>) -> FilterError {
        FilterError::new(self.text, span, message)
    }

    fn expected(&self, what: &str) -> FilterError {
        match self.peek() {
            Some(token) => self.error(token.span, format!("expected {what}, found `{}`", self.text_of(token.span))),
            None => self.error(self.here(), format!("expected {what}, but the filter ends here")),
        }
    }

    fn close(&mut self) -> Result<(), FilterError> {
        if self.eat_symbol(")") { Ok(()) } else { Err(self.expected("`)`")) }
    }

    fn deeper(&mut self) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_FILTER_DEPTH {
            return Err(self.error(self.here(), format!("nested more than {MAX_FILTER_DEPTH} deep")));
        }
        Ok(())
    }

    /// A whole condition: terms and identifiers joined by `and` and `or`.
    fn expression(&mut self, context: Context) -> Result<Expr, FilterError> {
        match self.pieces(context, false)? {
            Piece::Condition(condition) => Ok(condition.expr),
            Piece::Value { .. } => Err(self.expected("a comparison such as `= 1`")),
        }
    }

    /// What can stand between parentheses: a condition, a list of identifiers (if `ids`), or a number.
    fn pieces(&mut self, context: Context, ids: bool) -> Result<Piece, FilterError> {
        let mut left = match self.piece(context, ids)? {
            Piece::Condition(condition) => condition,
            value @ Piece::Value { .. } => match (&value, self.conjunction_ahead()) {
                // `port (80 or 443)`: the first number of a list.
                (Piece::Value { number: Some(number), span, .. }, true) if ids => {
                    self.number_id(*number, *span, context)?
                }
                _ => return Ok(value),
            },
        };
        let mut last = None;
        let mut changes = 0;
        while self.conjunction_ahead() {
            let is_and = self.peek_symbol() == Some("&&") || self.peek_word(0) == Some("and");
            self.at += 1;
            let at = self.here();
            let right = match self.piece(left.leaves, true)? {
                Piece::Condition(condition) => condition,
                Piece::Value { number: Some(number), span, .. } => self.number_id(number, span, left.leaves)?,
                Piece::Value { .. } => return Err(self.expected("a comparison such as `= 1`")),
            };
            if left.is_id && ids && !right.is_id {
                return Err(
                    self.error(at.to(right.expr.span()), "a list that begins with bare names holds only bare names")
                );
            }
            // Runs of one operator stay flat; only a change of operator nests.
            let mut joined = Vec::new();
            left.expr = match (left.expr, is_and && last == Some(true), !is_and && last == Some(false)) {
                (Expr::And(parts), true, _) | (Expr::Or(parts), _, true) => {
                    joined = parts;
                    joined.push(right.expr);
                    if is_and { Expr::And(joined) } else { Expr::Or(joined) }
                }
                (first, ..) => {
                    changes += usize::from(last.is_some());
                    if changes > MAX_FILTER_DEPTH {
                        let message = format!("`and` and `or` take turns more than {MAX_FILTER_DEPTH} times");
                        return Err(self.error(at, message).hint("group with parentheses"));
                    }
                    joined.extend([first, right.expr]);
                    if is_and { Expr::And(joined) } else { Expr::Or(joined) }
                }
            };
            last = Some(is_and);
            left = Condition { expr: left.expr, leaves: right.leaves, is_id: left.is_id && right.is_id };
        }
        Ok(Piece::Condition(left))
    }

    fn conjunction_ahead(&self) -> bool {
        matches!(self.peek_symbol(), Some("&&" | "||")) || matches!(self.peek_word(0), Some("and" | "or"))
    }

    /// One term; where `ids`, also a bare identifier with the qualifiers of `context`.
    fn piece(&mut self, context: Context, ids: bool) -> Result<Piece, FilterError> {
        let start = self.here();
        if self.eat_symbol("!") || self.eat_word("not") {
            self.deeper()?;
            let inner = match self.piece(context, ids)? {
                Piece::Condition(condition) => condition,
                Piece::Value { number: Some(number), span, .. } if ids => self.number_id(number, span, context)?,
                Piece::Value { .. } => return Err(self.expected("a comparison such as `= 1`")),
            };
            self.depth -= 1;
            let span = start.to(inner.expr.span());
            return Ok(Piece::Condition(Condition { expr: Expr::Not(Box::new(inner.expr), span), ..inner }));
        }
        if self.eat_symbol("(") {
            self.deeper()?;
            let inner = self.pieces(context, ids)?;
            self.close()?;
            self.depth -= 1;
            return match inner {
                // What a parenthesis leaves to the next identifier is what stood before it.
                Piece::Condition(condition) => Ok(Piece::Condition(Condition { leaves: context, ..condition })),
                Piece::Value { value, span, number } => {
                    let span = start.to(self.last_span()).to(Span { end: self.last_span().end, ..span });
                    self.relation_or_value(value, Span { start: start.start, ..span }, number)
                }
            };
        }
        if self.value_ahead() {
            let (value, span, number) = self.arithmetic()?;
            return self.relation_or_value(value, span, number);
        }
        if ids && self.identifier_ahead() {
            return Ok(Piece::Condition(self.identifier(context)?));
        }
        Ok(Piece::Condition(self.term()?))
    }

    /// A term that begins with a keyword.
    fn term(&mut self) -> Result<Condition, FilterError> {
        let start = self.here();
        let Some(word) = self.peek_word(0) else {
            return Err(self.not_a_term());
        };
        let proto = Proto::from_word(word);
        if proto.is_some() {
            self.at += 1;
        }
        let next = self.peek_word(0).unwrap_or_default();
        if (proto.is_none() || matches!(next, "broadcast" | "multicast"))
            && let Some(primitive) = self.other(next, proto)?
        {
            let span = start.to(self.last_span());
            return Ok(Condition { expr: Expr::Primitive(primitive, span), leaves: None, is_id: false });
        }
        match self.head(proto)? {
            Some(qualifiers) => {
                let condition = self.identifier_after(qualifiers)?;
                let expr = widen(condition.expr, start);
                Ok(Condition { expr, leaves: Some(qualifiers), is_id: false })
            }
            None => match proto {
                Some(proto) => {
                    let span = start.to(self.last_span());
                    let expr = Expr::Primitive(Primitive::Protocol(proto), span);
                    Ok(Condition { expr, leaves: None, is_id: false })
                }
                None => Err(self.not_a_term()),
            },
        }
    }

    /// The words of direction and kind that come after the protocol: `src or dst port`.
    fn head(&mut self, proto: Option<Proto>) -> Result<Option<Qualifiers>, FilterError> {
        let side = self.side()?;
        let kind = match self.peek_word(0) {
            Some("host") => Some(Kind::Host),
            Some("net") => Some(Kind::Net),
            Some("port") => Some(Kind::Port),
            Some("portrange") => Some(Kind::PortRange),
            Some("proto") if side.is_none() => Some(Kind::Proto),
            Some("protochain") if side.is_none() => Some(Kind::ProtoChain),
            Some("gateway") => {
                let error =
                    self.error(self.here(), "gateway is not supported: it needs a look-up of names and MAC addresses");
                return Err(error.hint("write `ether host MAC and not host ADDRESS`"));
            }
            _ => None,
        };
        self.at += usize::from(kind.is_some());
        if side.is_none() && kind.is_none() {
            return Ok(None);
        }
        Ok(Some(Qualifiers { proto, side, kind: kind.unwrap_or(Kind::Unsaid) }))
    }

    fn side(&mut self) -> Result<Option<Side>, FilterError> {
        let first = match self.peek_word(0) {
            Some("src") => Side::Source,
            Some("dst") => Side::Destination,
            Some(
                word @ ("ra" | "ta" | "addr1" | "addr2" | "addr3" | "addr4" | "address1" | "address2" | "address3"
                | "address4"),
            ) => {
                let error = format!("`{word}` belongs to 802.11 frames, for which netlab has no capture filters");
                return Err(self.error(self.here(), error));
            }
            _ => return Ok(None),
        };
        self.at += 1;
        let joint = match (self.peek_symbol(), self.peek_word(0)) {
            (Some("||"), _) | (_, Some("or")) => Side::Either,
            (Some("&&"), _) | (_, Some("and")) => Side::Both,
            _ => return Ok(Some(first)),
        };
        let other = if first == Side::Source { "dst" } else { "src" };
        self.at += 1;
        if self.eat_word(other) { Ok(Some(joint)) } else { Err(self.expected(&format!("`{other}`"))) }
    }

    /// The terms that are neither protocols nor addresses.
    fn other(&mut self, word: &str, proto: Option<Proto>) -> Result<Option<Primitive>, FilterError> {
        let start = self.at;
        self.at += 1;
        Ok(Some(match word {
            "broadcast" => Primitive::Broadcast(proto),
            "multicast" => Primitive::Multicast(proto),
            "less" => Primitive::Less(self.plain_number()?),
            "greater" => Primitive::Greater(self.plain_number()?),
            "inbound" => Primitive::Inbound,
            "outbound" => Primitive::Outbound,
            "ifindex" => Primitive::Ifindex(self.plain_number()?),
            "vlan" => Primitive::Vlan(self.optional_number(0xfff, "VLAN identifiers")?),
            "mpls" => Primitive::Mpls(self.optional_number(0xf_ffff, "MPLS labels")?),
            "pppoed" => Primitive::PppoeDiscovery,
            "pppoes" => Primitive::PppoeSession(self.optional_number(0xffff, "PPPoE sessions")?),
            "geneve" => Primitive::Geneve(self.optional_number(0xff_ffff, "Geneve network identifiers")?),
            "byte" => {
                let offset = self.plain_number()?;
                let test = match self.peek_symbol() {
                    Some("=" | "==") => ByteTest::Equal,
                    Some("<") => ByteTest::Less,
                    Some(">") => ByteTest::Greater,
                    Some("&") => ByteTest::And,
                    Some("|") => ByteTest::Or,
                    _ => return Err(self.expected("one of `=`, `<`, `>`, `&`, `|`")),
                };
                self.at += 1;
                Primitive::Byte { offset, test, value: self.plain_number()? }
            }
            _ => {
                self.at = start;
                return match super::mistaken::foreign_word(word) {
                    Some(reason) => Err(self.error(self.here(), format!("`{word}` {reason}"))),
                    None => Ok(None),
                };
            }
        }))
    }

    fn plain_number(&mut self) -> Result<u32, FilterError> {
        match self.peek() {
            Some(Token { kind: TokenKind::Number(number), .. }) => {
                self.at += 1;
                Ok(number)
            }
            _ => Err(self.expected("a number")),
        }
    }

    fn optional_number(&mut self, max: u32, of: &str) -> Result<Option<u32>, FilterError> {
        let mut open = 0;
        while self.eat_symbol("(") {
            open += 1;
        }
        if open == 0 && !matches!(self.peek(), Some(Token { kind: TokenKind::Number(_), .. })) {
            return Ok(None);
        }
        let span = self.here();
        let number = self.plain_number()?;
        for _ in 0..open {
            self.close()?;
        }
        if number > max {
            return Err(self.error(span, format!("{of} end at {max}")));
        }
        Ok(Some(number))
    }

    /// Something stands where a term should begin.
    fn not_a_term(&self) -> FilterError {
        let Some(token) = self.peek() else {
            return self.expected("a condition");
        };
        let found = self.text_of(token.span);
        match token.kind {
            TokenKind::Dotted | TokenKind::V6(_) => {
                let error = self.error(token.span, "an address needs a word before it that says what it is");
                error.hint(format!("write `host {found}`, or `net {found}` for a network"))
            }
            TokenKind::Mac(_) => {
                let error = self.error(token.span, "an Ethernet address needs words before it that say what it is");
                error.hint(format!("write `ether host {found}`"))
            }
            TokenKind::Word { .. } => {
                let error = self.error(token.span, format!("`{found}` is not a word of capture filters"));
                match super::mistaken::meant_word(found) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None if self.names.service(found).is_some() => error.hint(format!("did you mean `port {found}`?")),
                    None => error,
                }
            }
            _ => self.expected("a condition such as `host ADDRESS`, `tcp` or `port N`"),
        }
    }

    /// Something stands after a condition that should have ended.
    fn after_a_condition(&self, token: &Token) -> FilterError {
        let found = self.text_of(token.span);
        let error = self.error(token.span, format!("expected `and`, `or` or the end, found `{found}`"));
        match token.kind {
            TokenKind::Symbol(")") => self.error(token.span, "this `)` closes nothing"),
            TokenKind::Word { .. } if super::mistaken::is_keyword(found) => {
                error.hint(format!("write `and {found}` if both must hold"))
            }
            TokenKind::Word { .. } => match super::mistaken::meant_word(found) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("write `and {found}` if both must hold")),
            },
            TokenKind::Symbol("=" | "==" | "<" | ">" | "<=" | ">=" | "!=") => {
                error.hint("only numbers are compared: `len`, `tcp[13]`; for addresses and ports write `host`, `port`")
            }
            _ => error,
        }
    }
}

/// `expr` reaching back to where its qualifiers begin.
fn widen(expr: Expr, start: Span) -> Expr {
    match expr {
        Expr::Primitive(primitive, span) => Expr::Primitive(primitive, start.to(span)),
        Expr::Not(inner, span) => Expr::Not(inner, start.to(span)),
        other => other,
    }
}
