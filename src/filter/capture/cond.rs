//! Conditions over values: what the primitives of a filter become before they are ordered into a program.

use super::values::Val;
use crate::filter::Span;

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    /// Some bit is set in both.
    AnyBit,
}

/// One comparison of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Test {
    pub value: Val,
    pub comparison: Comparison,
    pub against: Val,
    /// What the value is, in words.
    pub what: &'static str,
}

/// A condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cond {
    Const(bool),
    Test(Test),
    Not(Box<Cond>),
    /// All hold; tested from the left, and only as far as needed.
    All(Vec<Cond>),
    /// One holds; tested from the left, and only as far as needed.
    Any(Vec<Cond>),
    /// What became of the filter's text at `span`.
    Part(Span, Box<Cond>),
}

impl Cond {
    pub(super) fn not(self) -> Cond {
        match self {
            Cond::Const(known) => Cond::Const(!known),
            Cond::Not(inner) => *inner,
            other => Cond::Not(Box::new(other)),
        }
    }
}

impl Comparison {
    /// The outcome for two numbers.
    pub(super) fn holds(self, left: u32, right: u32) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::AnyBit => left & right != 0,
        }
    }
}
