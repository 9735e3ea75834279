//! Expressions: texts, numbers, variables, sums, comparisons, and a few functions for framing and proof.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::super::scenario::{parse_duration, quoted};
use super::super::stack::md5;

/// What a variable holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    None,
    /// A number; a time is its nanoseconds.
    Number(i64),
    /// Octets.
    Octets(Rc<Vec<u8>>),
    /// A socket of the host, by its number.
    Socket(usize),
    /// An address with a port.
    Address(SocketAddr),
}

impl Value {
    /// A value of octets.
    pub fn octets(octets: impl Into<Vec<u8>>) -> Value {
        Value::Octets(Rc::new(octets.into()))
    }

    fn is_true(&self) -> bool {
        match self {
            Value::None => false,
            Value::Number(number) => *number != 0,
            Value::Octets(octets) => !octets.is_empty(),
            Value::Socket(_) | Value::Address(_) => true,
        }
    }

    /// The value as people read it, harmless and not too long.
    pub fn shown(&self) -> String {
        match self {
            Value::None => "nothing".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Octets(octets) if octets.len() > 48 => {
                let head = crate::base::text::harmless_octets(&octets[..32]);
                format!("\"{head}…\" ({} octets)", octets.len())
            }
            Value::Octets(octets) => format!("\"{}\"", crate::base::text::harmless_octets(octets)),
            Value::Socket(number) => format!("socket {number}"),
            Value::Address(address) => address.to_string(),
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A value as it stands.
    Constant(Value),
    /// A variable.
    Variable(String),
    /// Two values joined: `+ - * == != < <= > >= and or`.
    Binary(&'static str, Box<(Expression, Expression)>),
    /// The opposite of a truth.
    Not(Box<Expression>),
    /// A function of values.
    Function(String, Vec<Expression>),
}

/// The functions, for hints.
pub const FUNCTIONS: &[&str] =
    &["len", "upper", "text", "int", "pack", "unpack", "slice", "repeat", "field", "hmac_md5", "random"];

impl Expression {
    /// Its value.
    ///
    /// # Errors
    /// A sentence in Python's manner when it has none.
    pub fn value(&self, variables: &BTreeMap<String, Value>, rng: &mut crate::base::Rng) -> Result<Value, String> {
        Ok(match self {
            Expression::Constant(value) => value.clone(),
            Expression::Variable(name) => {
                variables.get(name).cloned().ok_or_else(|| format!("NameError: '{name}' is not defined"))?
            }
            Expression::Not(inner) => Value::Number(i64::from(!inner.value(variables, rng)?.is_true())),
            Expression::Binary(operator, pair) => {
                let left = pair.0.value(variables, rng)?;
                match *operator {
                    "and" if !left.is_true() => return Ok(Value::Number(0)),
                    "or" if left.is_true() => return Ok(Value::Number(1)),
                    _ => {}
                }
                binary(operator, left, pair.1.value(variables, rng)?)?
            }
            Expression::Function(name, arguments) => {
                let values: Result<Vec<Value>, String> =
                    arguments.iter().map(|argument| argument.value(variables, rng)).collect();
                function(name, &values?, rng)?
            }
        })
    }

    /// True if its value is neither empty nor zero.
    pub fn is_true(&self, variables: &BTreeMap<String, Value>, rng: &mut crate::base::Rng) -> Result<bool, String> {
        Ok(self.value(variables, rng)?.is_true())
    }
}

fn binary(operator: &str, left: Value, right: Value) -> Result<Value, String> {
    let truth = |truth: bool| Ok(Value::Number(i64::from(truth)));
    match (operator, &left, &right) {
        ("==", ..) => truth(left == right),
        ("!=", ..) => truth(left != right),
        ("and" | "or", ..) => truth(right.is_true()),
        (_, Value::Number(a), Value::Number(b)) => match operator {
            "+" => Ok(Value::Number(a.wrapping_add(*b))),
            "-" => Ok(Value::Number(a.wrapping_sub(*b))),
            "*" => Ok(Value::Number(a.wrapping_mul(*b))),
            "<" => truth(a < b),
            "<=" => truth(a <= b),
            ">" => truth(a > b),
            _ => truth(a >= b),
        },
        ("+", Value::Octets(a), Value::Octets(b)) => {
            if a.len() + b.len() > crate::base::limits::MAX_PROGRAM_OCTETS {
                return Err("MemoryError: the octets become too many".to_owned());
            }
            Ok(Value::octets([a.as_slice(), b.as_slice()].concat()))
        }
        _ => Err(format!("TypeError: {} {operator} {} makes no sense", left.shown(), right.shown())),
    }
}

fn function(name: &str, arguments: &[Value], rng: &mut crate::base::Rng) -> Result<Value, String> {
    let wrong = || Err(format!("TypeError: {name} does not take such arguments"));
    Ok(match (name, arguments) {
        ("len", [Value::Octets(octets)]) => Value::Number(octets.len() as i64),
        ("upper", [Value::Octets(octets)]) => Value::octets(octets.to_ascii_uppercase()),
        ("text", [Value::Number(number)]) => Value::octets(number.to_string()),
        ("int", [Value::Octets(octets)]) => {
            let text = String::from_utf8_lossy(octets);
            let number = text.trim().parse();
            Value::Number(
                number
                    .map_err(|_| format!("ValueError: int() cannot read {}", Value::Octets(octets.clone()).shown()))?,
            )
        }
        ("pack", [Value::Octets(format), Value::Number(number)]) => pack(format, *number)?,
        ("unpack", [Value::Octets(format), Value::Octets(octets)]) => unpack(format, octets)?,
        ("slice", [Value::Octets(octets), Value::Number(from), Value::Number(to)]) => {
            let end = octets.len();
            let (from, to) = ((*from).clamp(0, end as i64) as usize, (*to).clamp(0, end as i64) as usize);
            Value::octets(octets.get(from..to).unwrap_or_default())
        }
        ("repeat", [Value::Octets(octets), Value::Number(times)]) => {
            let times = (*times).max(0) as usize;
            if octets.len().saturating_mul(times) > crate::base::limits::MAX_PROGRAM_OCTETS {
                return Err("MemoryError: the octets become too many".to_owned());
            }
            Value::octets(octets.repeat(times))
        }
        ("field", [Value::Octets(json), Value::Octets(key)]) => field(json, key)?,
        ("hmac_md5", [Value::Octets(key), Value::Octets(message)]) => Value::octets(md5::hmac(key, message)),
        ("random", [Value::Number(len)]) => {
            let len = (*len).clamp(0, 1 << 16) as usize;
            Value::octets((0..len).map(|_| rng.next_u32() as u8).collect::<Vec<u8>>())
        }
        _ => return wrong(),
    })
}

/// One number in the manner of Python's `struct`: `<` or `!` and `>`, then B, H, I, i or Q.
fn pack(format: &[u8], number: i64) -> Result<Value, String> {
    let (little, len) = format_of(format)?;
    let mut octets = number.to_be_bytes()[8 - len..].to_vec();
    let fits = len == 8 || (number >= 0 && number >> (8 * len) == 0);
    if !fits {
        return Err(format!("struct.error: {number} does not fit into {len} octets"));
    }
    if little {
        octets.reverse();
    }
    Ok(Value::octets(octets))
}

fn unpack(format: &[u8], octets: &[u8]) -> Result<Value, String> {
    let (little, len) = format_of(format)?;
    if octets.len() != len {
        return Err(format!("struct.error: unpack needs {len} octets, not {}", octets.len()));
    }
    let mut number = 0u64;
    for index in 0..len {
        let octet = if little { octets[len - 1 - index] } else { octets[index] };
        number = number << 8 | u64::from(octet);
    }
    Ok(Value::Number(number as i64))
}

fn format_of(format: &[u8]) -> Result<(bool, usize), String> {
    let (order, kind) = match format {
        [order @ (b'<' | b'>' | b'!'), kind] => (*order, *kind),
        [kind] => (b'<', *kind),
        _ => return Err("struct.error: a format is like \"<I\" or \"!H\"".to_owned()),
    };
    let len = match kind {
        b'B' => 1,
        b'H' => 2,
        b'I' | b'i' => 4,
        b'Q' => 8,
        _ => return Err("struct.error: known are B, H, I, i and Q".to_owned()),
    };
    Ok((order == b'<', len))
}

/// The value of a key of a flat JSON object: a number, or a text without escapes.
fn field(json: &[u8], key: &[u8]) -> Result<Value, String> {
    let missing = || format!("KeyError: {}", Value::octets(key).shown());
    let quoted_key = [b"\"".as_slice(), key, b"\""].concat();
    let at = json.windows(quoted_key.len()).position(|window| window == quoted_key).ok_or_else(missing)?;
    let rest = String::from_utf8_lossy(&json[at + quoted_key.len()..]).into_owned();
    let rest = rest.trim_start().strip_prefix(':').ok_or_else(missing)?.trim_start();
    if let Some(text) = rest.strip_prefix('"') {
        return Ok(Value::octets(text.split('"').next().unwrap_or_default()));
    }
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
    digits.parse().map(Value::Number).map_err(|_| missing())
}

/// Reads an expression that fills the whole text.
pub(super) fn parse(text: &str) -> Result<Expression, String> {
    let mut parser = Parser { rest: text.trim() };
    let expression = parser.level(0)?;
    if parser.rest.is_empty() { Ok(expression) } else { Err(format!("'{}' is not understood", parser.rest)) }
}

/// Reads the arguments of a call, from after its opening parenthesis to the closing one; returns what follows.
pub(super) fn arguments(text: &str) -> Result<(Vec<Expression>, &str), String> {
    let mut parser = Parser { rest: text.trim_start() };
    let list = parser.list()?;
    Ok((list, parser.rest))
}

struct Parser<'a> {
    rest: &'a str,
}

const LEVELS: &[&[&str]] = &[&["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*"]];

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        let is_word = token.chars().all(char::is_alphanumeric);
        if is_word && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return false;
        }
        self.rest = rest.trim_start();
        true
    }

    fn level(&mut self, level: usize) -> Result<Expression, String> {
        let Some(operators) = LEVELS.get(level) else { return self.term() };
        let mut left = self.level(level + 1)?;
        while let Some(operator) = operators.iter().find(|operator| self.take(operator)) {
            let right = self.level(level + 1)?;
            left = Expression::Binary(operator, Box::new((left, right)));
        }
        Ok(left)
    }

    fn list(&mut self) -> Result<Vec<Expression>, String> {
        let mut list = Vec::new();
        if self.take(")") {
            return Ok(list);
        }
        loop {
            list.push(self.level(0)?);
            if self.take(")") {
                return Ok(list);
            }
            if !self.take(",") {
                return Err("a ) is missing".to_owned());
            }
        }
    }

    fn term(&mut self) -> Result<Expression, String> {
        if self.take("not") {
            return Ok(Expression::Not(Box::new(self.term()?)));
        }
        if self.take("(") {
            let inner = self.level(0)?;
            return if self.take(")") { Ok(inner) } else { Err("a ) is missing".to_owned()) };
        }
        let text = self.rest.strip_prefix('b').filter(|rest| rest.starts_with('"')).unwrap_or(self.rest);
        if let Some(after) = text.strip_prefix('"') {
            let (octets, rest) = quoted(after)?;
            self.rest = rest.trim_start();
            return Ok(Expression::Constant(Value::octets(octets)));
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(if self.rest.is_empty() {
                "something is missing at the end".to_owned()
            } else {
                format!("'{}' is not understood", self.rest)
            });
        }
        self.rest = rest.trim_start();
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            if let Ok(number) = word.parse() {
                return Ok(Expression::Constant(Value::Number(number)));
            }
            let span: Duration = parse_duration(word)?;
            return Ok(Expression::Constant(Value::Number(span.as_nanos() as i64)));
        }
        if self.take("(") {
            if !FUNCTIONS.contains(&word) {
                let near = super::super::scenario::nearest_word(word, FUNCTIONS.iter().copied());
                let hint = near.map_or_else(
                    || "; calls that may wait stand alone, as in x = s.recv(10)".to_owned(),
                    |near| format!(": did you mean '{near}'?"),
                );
                return Err(format!("there is no function '{word}'{hint}"));
            }
            return Ok(Expression::Function(word.to_owned(), self.list()?));
        }
        Ok(match word {
            "True" | "true" => Expression::Constant(Value::Number(1)),
            "False" | "false" => Expression::Constant(Value::Number(0)),
            "None" => Expression::Constant(Value::None),
            _ => Expression::Variable(word.to_owned()),
        })
    }
}
