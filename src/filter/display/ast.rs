//! A parsed display filter: names resolved, types settled.

use std::cmp::Ordering;

use super::Needs;
use super::names::Source;
use super::types::Literal;
use crate::filter::Span;

/// A condition.
#[derive(Clone, Debug)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Xor(Box<Node>, Box<Node>),
    Not(Box<Node>),
    /// The operand has a value, or with a mask, one that is not zero.
    Exists(Operand, Span),
    Compare {
        left: Operand,
        relation: Relation,
        quantifier: Quantifier,
        right: Right,
    },
    In {
        left: Operand,
        quantifier: Quantifier,
        set: Vec<(Literal, Option<Literal>)>,
    },
    Contains(Operand, Vec<u8>),
    Matches(Operand, regex_lite::Regex),
    /// What became of a part of the text.
    At(Span, Box<Node>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    /// True if an ordering fulfils it.
    pub(super) fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Relation::Equal => ordering.is_eq(),
            Relation::NotEqual => ordering.is_ne(),
            Relation::Less => ordering.is_lt(),
            Relation::LessOrEqual => ordering.is_le(),
            Relation::Greater => ordering.is_gt(),
            Relation::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// How many of a field's values must fulfil a comparison; of no value none does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantifier {
    Any,
    All,
}

/// The right side of a comparison.
#[derive(Clone, Debug)]
pub(super) enum Right {
    Literal(Literal),
    Operand(Operand),
}

/// Where the values of a comparison come from.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub source: Source,
    /// Pieces of the value's octets, put together.
    pub slices: Vec<Slice>,
    /// Bits of the value that count.
    pub mask: Option<u64>,
    pub function: Option<Function>,
}

/// A piece of a value's octets. Negative numbers count from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub start: i64,
    pub end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Len(u64),
    /// The last octet, itself included.
    Last(i64),
    Open,
}

/// What is made of values before they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// Number of octets of each value.
    Len,
    /// Number of values.
    Count,
    /// Text in lower case.
    Lower,
    /// Text in upper case.
    Upper,
}

impl Node {
    pub(super) fn needs(&self) -> Needs {
        let join =
            |a: Needs, b: Needs| Needs { notes: a.notes || b.notes, conversation: a.conversation || b.conversation };
        match self {
            Node::And(parts) | Node::Or(parts) => parts.iter().map(Node::needs).fold(Needs::default(), join),
            Node::Xor(left, right) => join(left.needs(), right.needs()),
            Node::Not(inner) | Node::At(_, inner) => inner.needs(),
            Node::Exists(operand, _) | Node::Contains(operand, _) | Node::Matches(operand, _) => operand.source.needs(),
            Node::In { left, .. } => left.source.needs(),
            Node::Compare { left, right, .. } => match right {
                Right::Literal(_) => left.source.needs(),
                Right::Operand(right) => join(left.source.needs(), right.source.needs()),
            },
        }
    }

    pub(super) fn warnings(&self, found: &mut Vec<(Span, &'static str)>) {
        match self {
            Node::And(parts) | Node::Or(parts) => parts.iter().for_each(|part| part.warnings(found)),
            Node::Xor(left, right) => [left, right].into_iter().for_each(|part| part.warnings(found)),
            Node::Not(inner) | Node::At(_, inner) => inner.warnings(found),
            Node::Exists(operand, span) if operand.source.is_flag() && operand.mask.is_none() => {
                found.push((*span, "this only asks whether the field is there, also when it is not set; write `== 1`"));
            }
            _ => {}
        }
    }
}
