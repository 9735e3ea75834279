//! Display filters: conditions on the fields of a decoded packet and on what netlab says of it, in Wireshark's manner.
//!
//! Names are those of the field registry (`wire::describe`), which JSON and `-V` use too, and Wireshark's for the fields
//! that everybody knows. A filter is parsed and its types are checked once; [`DisplayFilter::matches`] then only walks the
//! fields of the layers it asks for.
//!
//! What a field that is not in a packet means: every comparison with it is false, `!=` too. A field that a packet has
//! several times (`tcp.port`, or any field under a tunnel) fulfils `==` and the orders if one of its values does, and `!=`
//! if all differ, as in Wireshark since 3.6.

mod ast;
mod lexer;
mod names;
mod parser;
mod run;
mod types;
mod why;

use super::FilterError;
use crate::analysis::Judged;
use ast::Node;
pub use why::Trace;

/// What a display filter needs to know beside the packet's octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The notes of the analysis.
    pub notes: bool,
    /// The conversation of the packet.
    pub conversation: bool,
}

/// A compiled display filter.
#[derive(Clone, Debug)]
pub struct DisplayFilter {
    text: String,
    root: Option<Node>,
    needs: Needs,
}

impl DisplayFilter {
    /// Parses a filter and checks its types; a blank one shows every packet.
    ///
    /// # Errors
    /// When the text is not in the language, names a field that does not exist, or compares what cannot be compared.
    pub fn parse(text: &str) -> Result<DisplayFilter, FilterError> {
        let root = parser::parse(text)?;
        let needs = root.as_ref().map(Node::needs).unwrap_or_default();
        Ok(DisplayFilter { text: text.to_owned(), root, needs })
    }

    /// The text of the filter.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it needs to know beside the packet's octets.
    pub fn needs(&self) -> Needs {
        self.needs
    }

    /// True if the packet is to be shown.
    pub fn matches(&self, judged: &Judged<'_, '_>) -> bool {
        self.root.as_ref().is_none_or(|root| run::holds(root, judged))
    }

    /// Which parts of the filter hold for a packet and which do not, with the values that were found; `None` if the filter
    /// is blank and shows every packet.
    pub fn trace(&self, judged: &Judged<'_, '_>) -> Option<Trace> {
        let whole = super::Span::new(0, self.text.len());
        self.root.as_ref().map(|root| why::trace(root, whole, judged))
    }

    /// Places in the filter that often mean something else than was meant.
    pub fn warnings(&self) -> Vec<(super::Span, &'static str)> {
        let mut found = Vec::new();
        if let Some(root) = &self.root {
            root.warnings(&mut found);
        }
        found
    }
}

/// Every name that a display filter knows, for completion and documentation: the registry's and Wireshark's.
pub fn all_names() -> impl Iterator<Item = &'static str> {
    names::all()
}

#[cfg(test)]
mod tests;
