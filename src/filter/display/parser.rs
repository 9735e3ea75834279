//! The grammar: `or` binds loosest, then `xor`, `and`, `not`; comparisons bind tightest.

mod literal;

use super::ast::{End, Function, Node, Operand, Quantifier, Relation, Right, Slice};
use super::lexer::{self, Token, TokenKind};
use super::names::{self, Source};
use super::types::{Kind, Literal};
use crate::base::limits::{MAX_FILTER_DEPTH, MAX_FILTER_LEN};
use crate::filter::{FilterError, Span, nearest};

/// Parses `text`; `None` if it is blank.
pub(super) fn parse(text: &str) -> Result<Option<Node>, FilterError> {
    if text.len() > MAX_FILTER_LEN {
        let span = Span::new(MAX_FILTER_LEN, text.len());
        return Err(FilterError::new(text, span, format!("the filter is longer than {MAX_FILTER_LEN} octets")));
    }
    let tokens = lexer::tokens(text).map_err(|error| with_other_language(text, error))?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { text, tokens, at: 0, depth: 0 };
    let node = parser.or().and_then(|node| match parser.peek() {
        None => Ok(node),
        Some(token) => Err(parser.unexpected(&token)),
    });
    node.map(Some).map_err(|error| with_other_language(text, error))
}

/// Adds a word about capture filters if that is what the text is.
fn with_other_language(text: &str, error: FilterError) -> FilterError {
    match crate::filter::capture::Filter::parse(text) {
        Ok(_) => error.hint("this is a capture filter: give it without -Y"),
        Err(_) => error,
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).cloned()
    }

    fn word_at(&self, at: usize) -> Option<&'t str> {
        match self.tokens.get(at)? {
            Token { kind: TokenKind::Word, span } => Some(&self.text[span.range()]),
            _ => None,
        }
    }

    fn eat_word(&mut self, words: &[&str]) -> bool {
        let found = self.word_at(self.at).is_some_and(|word| words.contains(&word));
        self.at += usize::from(found);
        found
    }

    fn eat_symbol(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token { kind: TokenKind::Symbol(symbol), .. }) if symbol == wanted);
        self.at += usize::from(found);
        found
    }

    fn here(&self) -> Span {
        self.peek().map_or(Span::new(self.text.len(), self.text.len()), |token| token.span)
    }

    fn before(&self) -> Span {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(Span::default(), |token| token.span)
    }

    fn error(&self, span: Span, message: impl Into<String>) -> FilterError {
        FilterError::new(self.text, span, message)
    }

    fn expected(&self, what: &str) -> FilterError {
        match self.peek() {
            Some(token) => {
                self.error(token.span, format!("expected {what}, found `{}`", &self.text[token.span.range()]))
            }
            None => self.error(self.here(), format!("expected {what}, but the filter ends here")),
        }
    }

    fn unexpected(&self, token: &Token) -> FilterError {
        let found = &self.text[token.span.range()];
        let error = self.error(token.span, format!("expected `and`, `or`, a comparison or the end, found `{found}`"));
        match token.kind {
            TokenKind::Symbol(")") => self.error(token.span, "this `)` closes nothing"),
            TokenKind::Word => {
                let operators =
                    ["and", "or", "xor", "not", "eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "matches"];
                match nearest(found, operators) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                }
            }
            _ => error,
        }
    }

    fn or(&mut self) -> Result<Node, FilterError> {
        self.chain(&["or"], "||", Self::xor, Node::Or)
    }

    fn xor(&mut self) -> Result<Node, FilterError> {
        let mut left = self.and()?;
        while self.eat_word(&["xor"]) || self.eat_symbol("^^") {
            left = Node::Xor(Box::new(left), Box::new(self.and()?));
            self.depth += 1;
            self.check_depth()?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Node, FilterError> {
        self.chain(&["and"], "&&", Self::not, Node::And)
    }

    fn chain(
        &mut self,
        words: &[&str],
        symbol: &str,
        one: fn(&mut Self) -> Result<Node, FilterError>,
        join: fn(Vec<Node>) -> Node,
    ) -> Result<Node, FilterError> {
        let first = one(self)?;
        let mut parts = vec![first];
        while self.eat_word(words) || self.eat_symbol(symbol) {
            parts.push(one(self)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
    }

    fn check_depth(&self) -> Result<(), FilterError> {
        if self.depth > MAX_FILTER_DEPTH {
            return Err(self.error(self.here(), format!("nested more than {MAX_FILTER_DEPTH} deep")));
        }
        Ok(())
    }

    fn not(&mut self) -> Result<Node, FilterError> {
        self.depth += 1;
        self.check_depth()?;
        let start = self.here();
        let node = if self.eat_word(&["not"]) || self.eat_symbol("!") {
            Node::Not(Box::new(self.not()?))
        } else if self.eat_symbol("(") {
            let inner = self.or()?;
            if !self.eat_symbol(")") {
                return Err(self.expected("`)`"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(Node::At(start.to(self.before()), Box::new(node)))
    }

    /// A field or protocol alone, or compared.
    fn test(&mut self) -> Result<Node, FilterError> {
        let start = self.here();
        let said = if self.eat_word(&["any"]) {
            Some(Quantifier::Any)
        } else if self.eat_word(&["all"]) {
            Some(Quantifier::All)
        } else {
            None
        };
        let left = self.operand()?;
        let left_span = start.to(self.before());
        if self.eat_word(&["not"]) {
            if !self.eat_word(&["in"]) {
                return Err(self.expected("`in`"));
            }
            return Ok(Node::Not(Box::new(self.set(left, said)?)));
        }
        if self.eat_word(&["in"]) {
            return self.set(left, said);
        }
        if self.eat_word(&["contains"]) {
            return self.contains(left, left_span);
        }
        if self.eat_word(&["matches"]) || self.eat_symbol("~") {
            return self.matches(left, left_span);
        }
        let Some((relation, usual)) = self.relation() else {
            if said.is_some() {
                return Err(self.expected("a comparison"));
            }
            return Ok(Node::Exists(left, left_span));
        };
        let quantifier = said.unwrap_or(usual);
        let right = self.right(&left, left_span)?;
        self.check_types(&left, left_span, relation, &right)?;
        Ok(Node::Compare { left, relation, quantifier, right })
    }

    fn relation(&mut self) -> Option<(Relation, Quantifier)> {
        use Quantifier::{All, Any};
        let token = self.peek()?;
        let found = match (&token.kind, &self.text[token.span.range()]) {
            (TokenKind::Symbol("=="), _) | (TokenKind::Word, "eq" | "any_eq") => (Relation::Equal, Any),
            (TokenKind::Symbol("==="), _) | (TokenKind::Word, "all_eq") => (Relation::Equal, All),
            (TokenKind::Symbol("!="), _) | (TokenKind::Word, "ne" | "all_ne") => (Relation::NotEqual, All),
            (TokenKind::Symbol("~=" | "!=="), _) | (TokenKind::Word, "any_ne") => (Relation::NotEqual, Any),
            (TokenKind::Symbol("<"), _) | (TokenKind::Word, "lt") => (Relation::Less, Any),
            (TokenKind::Symbol("<="), _) | (TokenKind::Word, "le") => (Relation::LessOrEqual, Any),
            (TokenKind::Symbol(">"), _) | (TokenKind::Word, "gt") => (Relation::Greater, Any),
            (TokenKind::Symbol(">="), _) | (TokenKind::Word, "ge") => (Relation::GreaterOrEqual, Any),
            _ => return None,
        };
        self.at += 1;
        Some(found)
    }

    /// A field, protocol or function, with its slices and mask.
    fn operand(&mut self) -> Result<Operand, FilterError> {
        let span = self.here();
        let Some(word) = self.word_at(self.at) else {
            return Err(self.expected("a field or a protocol"));
        };
        self.at += 1;
        let function = match word {
            "len" => Some(Function::Len),
            "count" => Some(Function::Count),
            "lower" => Some(Function::Lower),
            "upper" => Some(Function::Upper),
            _ => None,
        };
        if let Some(function) = function.filter(|_| self.eat_symbol("(")) {
            let inner = self.operand()?;
            if inner.function.is_some() {
                return Err(self.error(span, "functions are not put into one another"));
            }
            if !self.eat_symbol(")") {
                return Err(self.expected("`)`"));
            }
            return Ok(Operand { function: Some(function), ..inner });
        }
        let Some(source) = names::find(word) else { return Err(self.no_such_field(word, span)) };
        let mut operand = Operand { source, slices: Vec::new(), mask: None, function: None };
        if let Some(Token { kind: TokenKind::Slice, span }) = self.peek() {
            self.at += 1;
            operand.slices = self.slices(span)?;
        }
        if self.eat_symbol("&") {
            let span = self.here();
            let number = self.word_at(self.at).and_then(literal::number);
            self.at += 1;
            let Some(number) = number else { return Err(self.error(span, "expected a number after `&`")) };
            if operand.kind() != Kind::Number {
                return Err(self
                    .error(span, format!("bits are taken out of numbers, and `{word}` is {}", operand.kind().name())));
            }
            operand.mask = Some(number);
        }
        Ok(operand)
    }

    fn no_such_field(&self, word: &str, span: Span) -> FilterError {
        let error = self.error(span, format!("`{word}` is not a field or protocol"));
        match word {
            "tcp.seq" | "tcp.ack" => {
                let raw = if word == "tcp.seq" { "tcp.sequence" } else { "tcp.acknowledgment" };
                error.hint(format!("relative numbers are not fields here; `{raw}` is the number on the wire"))
            }
            "host" | "net" | "port" | "src" | "dst" | "portrange" | "proto" => {
                error.hint("this is a word of capture filters; here it is `ip.addr == …` or `tcp.port == …`")
            }
            _ if word.starts_with("tcp.analysis") => error.hint("see `netlab explain` for the codes of `note == …`"),
            _ => match nearest(word, names::all()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => match word.split_once('.') {
                    Some((protocol, _)) if names::find(protocol).is_some() => {
                        let like = format!("{protocol}.");
                        let mut some: Vec<&str> = names::all().filter(|name| name.starts_with(&like)).collect();
                        some.truncate(6);
                        error.hint(format!("`{protocol}` has {} and others", some.join(", ")))
                    }
                    _ => error,
                },
            },
        }
    }

    /// `[0:3]`, `[1-2]`, `[4]`, `[:2]`, `[-4:]`, and lists of these.
    fn slices(&self, span: Span) -> Result<Vec<Slice>, FilterError> {
        let inner = &self.text[span.start + 1..span.end - 1];
        let wrong = || {
            let error = self.error(span, "this is not a piece of a field");
            error.hint("[offset:length], [first-last], [offset], [:length] or [offset:]")
        };
        inner
            .split(',')
            .map(|piece| {
                let piece = piece.trim();
                if let Some((start, len)) = piece.split_once(':') {
                    let start = if start.trim().is_empty() { 0 } else { start.trim().parse().map_err(|_| wrong())? };
                    let end = match len.trim() {
                        "" => End::Open,
                        len => End::Len(len.parse().ok().filter(|len| *len > 0).ok_or_else(wrong)?),
                    };
                    return Ok(Slice { start, end });
                }
                // A minus sign at the beginning belongs to the number.
                if let Some(at) = piece.get(1..).and_then(|rest| rest.find('-')) {
                    let start = piece[..at + 1].trim().parse().map_err(|_| wrong())?;
                    let last = piece[at + 2..].trim().parse().map_err(|_| wrong())?;
                    return Ok(Slice { start, end: End::Last(last) });
                }
                Ok(Slice { start: piece.parse().map_err(|_| wrong())?, end: End::Len(1) })
            })
            .collect()
    }

    fn right(&mut self, left: &Operand, left_span: Span) -> Result<Right, FilterError> {
        let Some(token) = self.peek() else { return Err(self.expected(left.kind().name())) };
        // A name on the right is a field, unless text is compared, where it is a word.
        let is_field = matches!(token.kind, TokenKind::Word)
            && !matches!(left.kind(), Kind::Text | Kind::Severity)
            && names::find(&self.text[token.span.range()]).is_some_and(|source| {
                source.kind() != Kind::Protocol
                    || matches!(self.tokens.get(self.at + 1), Some(Token { kind: TokenKind::Slice, .. }))
            });
        if is_field {
            return Ok(Right::Operand(self.operand()?));
        }
        let literal = self.literal(left.kind(), left, left_span)?;
        Ok(Right::Literal(literal))
    }

    fn literal(&mut self, kind: Kind, left: &Operand, left_span: Span) -> Result<Literal, FilterError> {
        let Some(token) = self.peek() else { return Err(self.expected(kind.name())) };
        let text = &self.text[token.span.range()];
        let found = match &token.kind {
            TokenKind::Word => literal::word(kind, text),
            TokenKind::Quoted(octets) => literal::quoted(kind, octets),
            _ => return Err(self.expected(kind.name())),
        };
        self.at += 1;
        let found = found.ok_or_else(|| {
            let name = &self.text[left_span.range()];
            let error = self.error(token.span, format!("`{name}` is {}, and `{text}` is not", kind.name()));
            literal::hint(kind, text, error)
        })?;
        if matches!(left.source, Source::Other(names::Pseudo::NoteCode))
            && let Literal::Text(code) = &found
            && crate::analysis::catalogue::find(code).is_none()
        {
            let error = self.error(token.span, format!("`{code}` is not the code of a note"));
            let codes = crate::analysis::catalogue::all().map(|entry| entry.code);
            return Err(match nearest(code, codes) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`netlab explain` lists the codes"),
            });
        }
        Ok(found)
    }

    fn check_types(&self, left: &Operand, span: Span, relation: Relation, right: &Right) -> Result<(), FilterError> {
        let Right::Operand(other) = right else {
            if left.kind() == Kind::Flag && !matches!(relation, Relation::Equal | Relation::NotEqual) {
                return Err(self.error(span, "a flag is 0 or 1 and has no order").hint("use == or !="));
            }
            return Ok(());
        };
        if left.kind() == other.kind() {
            return Ok(());
        }
        let whole = span.to(self.before());
        let message = format!("{} cannot be compared with {}", left.kind().name(), other.kind().name());
        Err(self.error(whole, message))
    }

    /// `{80 443 8000..8100}`, with or without commas.
    fn set(&mut self, left: Operand, said: Option<Quantifier>) -> Result<Node, FilterError> {
        let left_span = left_span_of(self);
        if !self.eat_symbol("{") {
            return Err(self.expected("`{` and the members of a set"));
        }
        let mut set = Vec::new();
        while !self.eat_symbol("}") {
            if !set.is_empty() {
                self.eat_symbol(",");
            }
            set.push(self.member(&left, left_span)?);
        }
        if set.is_empty() {
            return Err(self.error(self.before(), "the set is empty"));
        }
        Ok(Node::In { left, quantifier: said.unwrap_or(Quantifier::Any), set })
    }

    fn member(&mut self, left: &Operand, left_span: Span) -> Result<(Literal, Option<Literal>), FilterError> {
        let kind = left.kind();
        if let Some(Token { kind: TokenKind::Word, span }) = self.peek()
            && let Some((first, last)) = self.text[span.range()].split_once("..")
        {
            // `8000 .. 8100`: the ends may be words of their own.
            let first_literal = if first.is_empty() { None } else { literal::word(kind, first) };
            let mut last_text = last;
            let mut end = span;
            self.at += 1;
            if last.is_empty()
                && let Some(next) = self.word_at(self.at)
            {
                last_text = next;
                end = self.here();
                self.at += 1;
            }
            return match (first_literal, literal::word(kind, last_text)) {
                (Some(first), Some(last)) => Ok((first, Some(last))),
                _ => Err(self.error(span.to(end), format!("expected a range of {}", kind.name()))),
            };
        }
        let first = self.literal(kind, left, left_span)?;
        if let Some(rest) = self.word_at(self.at).and_then(|word| word.strip_prefix("..")) {
            let mut last_text = rest;
            self.at += 1;
            if rest.is_empty() {
                let Some(next) = self.word_at(self.at) else { return Err(self.expected("the end of the range")) };
                last_text = next;
                self.at += 1;
            }
            let span = self.before();
            let last = literal::word(kind, last_text)
                .ok_or_else(|| self.error(span, format!("expected the end of a range of {}", kind.name())))?;
            return Ok((first, Some(last)));
        }
        Ok((first, None))
    }

    fn contains(&mut self, left: Operand, span: Span) -> Result<Node, FilterError> {
        if !matches!(left.kind(), Kind::Octets | Kind::Text | Kind::Protocol | Kind::Mac) {
            let error =
                self.error(span, format!("`contains` looks into octets and text, and this is {}", left.kind().name()));
            return Err(error.hint("use ==, or `in {…}`"));
        }
        let Some(token) = self.peek() else { return Err(self.expected("text in quotes, or octets")) };
        self.at += 1;
        let octets = match token.kind {
            TokenKind::Quoted(octets) => octets,
            TokenKind::Word => {
                let text = &self.text[token.span.range()];
                match (left.kind(), literal::octets(text)) {
                    (Kind::Text, _) => text.as_bytes().to_vec(),
                    (_, Some(octets)) => octets,
                    _ => {
                        let error = self.error(token.span, "expected text in quotes, or octets such as 0a:1b");
                        return Err(error.hint(format!("write \"{text}\"")));
                    }
                }
            }
            _ => return Err(self.error(token.span, "expected text in quotes, or octets such as 0a:1b")),
        };
        if octets.is_empty() {
            return Err(self.error(token.span, "everything contains nothing"));
        }
        Ok(Node::Contains(left, octets))
    }

    fn matches(&mut self, left: Operand, span: Span) -> Result<Node, FilterError> {
        if !matches!(left.kind(), Kind::Octets | Kind::Text | Kind::Protocol) {
            let error =
                self.error(span, format!("`matches` looks into octets and text, and this is {}", left.kind().name()));
            return Err(error.hint("use ==, or `in {…}`"));
        }
        let Some(Token { kind: TokenKind::Quoted(_), span }) = self.peek() else {
            return Err(self.expected("a pattern in quotes"));
        };
        self.at += 1;
        // A pattern has backslashes of its own, so it is taken as it was written.
        let written = &self.text[span.range()];
        let pattern = written.trim_start_matches(['r', 'R']).trim_matches('"').replace("\\\"", "\"");
        let built = regex_lite::RegexBuilder::new(&pattern).case_insensitive(true).size_limit(1 << 20).build();
        let regex = built.map_err(|error| self.error(span, format!("this is not a pattern: {error}")))?;
        Ok(Node::Matches(left, regex))
    }
}

/// The span of the operand just read.
fn left_span_of(parser: &Parser<'_>) -> Span {
    let at = parser.at.saturating_sub(2);
    parser.tokens.get(at).map_or(Span::default(), |token| token.span)
}

impl Operand {
    /// What its values are once slices and functions were applied.
    pub(super) fn kind(&self) -> Kind {
        match self.function {
            Some(Function::Len | Function::Count) => Kind::Number,
            Some(Function::Lower | Function::Upper) => Kind::Text,
            None if !self.slices.is_empty() => Kind::Octets,
            None => self.source.kind(),
        }
    }
}
