//! Why a filter was refused, and where.

use std::fmt;
use std::ops::Range;

/// A piece of a filter's text, in octets from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First octet.
    pub start: usize,
    /// Octet after the last.
    pub end: usize,
}

impl Span {
    /// The span from `start` to before `end`.
    pub const fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// The span from the start of this one to the end of `other`.
    pub const fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end }
    }

    /// The same as a range for slicing.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Why a filter was refused. `render::filter` draws it with a caret under the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError {
    /// The whole filter.
    pub text: String,
    /// Where in it.
    pub span: Span,
    /// What is wrong, a sentence without a full stop.
    pub message: String,
    /// What to do about it: what was expected, the nearest name, the other language.
    pub hint: Option<String>,
    /// True if the filter is well formed but can match nothing on this link type.
    pub matches_nothing: bool,
}

impl FilterError {
    /// An error at `span` of `text`.
    pub fn new(text: &str, span: Span, message: impl Into<String>) -> FilterError {
        FilterError { text: text.to_owned(), span, message: message.into(), hint: None, matches_nothing: false }
    }

    /// The same with a way out.
    pub fn hint(mut self, hint: impl Into<String>) -> FilterError {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for FilterError {}
