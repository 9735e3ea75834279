//! Capture filters: the language of pcap-filter(7).
//!
//! Text becomes words ([`lexer`](self)), words an expression, an expression conditions over the octets of a packet for
//! one link type, conditions a graph of tests, and the graph a classic BPF [`Program`]. The same program decides about
//! packets in the kernel and, through [`Program::matches`], about packets of files.

mod ancillary;
mod ast;
mod cond;
mod emit;
mod explain;
mod fuse;
mod graph;
mod layout;
mod lexer;
mod listing;
mod lower;
mod mistaken;
mod names;
mod parser;
mod program;
mod quick;
mod values;
mod warn;
mod why;

pub use explain::Line;
pub use names::Names;
pub use program::{BadProgram, Instruction, Program, code};
pub use warn::Warning;
pub use why::{Outcome, Tested, Trace};

use super::{FilterError, Span};
use crate::base::limits::MAX_KERNEL_INSTRUCTIONS;
use crate::wire::LinkType;
use ast::Expr;
use graph::{Graph, Way};
use layout::Link;
use lower::{Lowering, VlanTag};
use values::Values;

/// Where a program will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Here, on the packets of files.
    File,
    /// In the Linux kernel, on a packet socket. There the outermost VLAN tag is not in the octets but in the metadata.
    Kernel,
}

/// A capture filter: its text, what it means, and the ways to a program.
#[derive(Clone, Debug)]
pub struct Filter {
    text: String,
    expr: Option<Expr>,
}

impl Filter {
    /// Parses a filter with the service and protocol names that netlab knows itself.
    ///
    /// # Errors
    /// When the text is not in the language.
    pub fn parse(text: &str) -> Result<Filter, FilterError> {
        Filter::parse_with(text, &Names::builtin())
    }

    /// Parses a filter with these service and protocol names.
    ///
    /// # Errors
    /// When the text is not in the language.
    pub fn parse_with(text: &str, names: &Names) -> Result<Filter, FilterError> {
        Ok(Filter { text: text.to_owned(), expr: parser::parse(text, names)? })
    }

    /// Parses and compiles a filter in one step.
    ///
    /// # Errors
    /// When the text is not in the language, or asks for what the link type does not have.
    pub fn compile(text: &str, link: LinkType, target: Target) -> Result<Program, FilterError> {
        Filter::parse(text)?.program(link, target)
    }

    /// The text of the filter.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The program for packets of a link type.
    ///
    /// # Errors
    /// When the filter asks for what the link type does not have, can match nothing there, or is too long for the kernel.
    pub fn program(&self, link: LinkType, target: Target) -> Result<Program, FilterError> {
        let whole = Span::new(0, self.text.len());
        let Some(expr) = &self.expr else {
            return self.finish(vec![emit_keep_all()], target);
        };
        let Some(known) = Link::of(link) else { return Err(self.no_link(link)) };
        let mut values = Values::default();
        let mut graph = Graph::default();
        let mut plain = Lowering::new(&self.text, known, target, VlanTag::InPacket, &mut values);
        let cond = plain.expr(expr)?;
        let mut root = graph.build(&mut values, &cond, Way::Accept, Way::Reject);
        if target == Target::Kernel && known == Link::Ethernet && mentions_vlan(expr) {
            // Two versions, and which one is for a packet the kernel says.
            let mut tagged = Lowering::new(&self.text, known, target, VlanTag::InMetadata, &mut values);
            let cond = tagged.expr(expr)?;
            let present = tagged.tag_in_metadata();
            let tagged = graph.build(&mut values, &cond, Way::Accept, Way::Reject);
            root = graph.build(&mut values, &present, tagged, root);
        }
        let (graph, root) = graph.optimise(&mut values, root);
        if root == Way::Reject {
            let message = format!("this can match no packet of a capture of {} links", known.name());
            let mut error = FilterError::new(&self.text, whole, message);
            error.matches_nothing = true;
            return Err(error);
        }
        let instructions = emit::emit(&graph, root, &values).map_err(|_| {
            FilterError::new(&self.text, whole, "the arithmetic is nested too deep for the 16 cells of the machine")
        })?;
        self.finish(instructions, target)
    }

    /// What the filter asks for, in words; empty if it asks for nothing and takes every packet.
    pub fn explain(&self) -> Vec<Line> {
        self.expr.as_ref().map(explain::explain).unwrap_or_default()
    }

    /// What about the filter surprises people, for captures of a link type.
    pub fn warnings(&self, link: LinkType, target: Target) -> Vec<Warning> {
        match (&self.expr, Link::of(link)) {
            (Some(expr), Some(link)) => warn::warnings(&self.text, expr, link, target),
            _ => Vec::new(),
        }
    }

    /// Which parts of the filter held for a packet of a file and which did not, with what was found; `None` if the filter
    /// takes every packet.
    ///
    /// # Errors
    /// When the filter asks for what the link type does not have.
    pub fn trace(&self, link: LinkType, bytes: &[u8], wire_len: u32) -> Result<Option<Trace>, FilterError> {
        let Some(expr) = &self.expr else { return Ok(None) };
        let Some(known) = Link::of(link) else { return Err(self.no_link(link)) };
        let mut values = Values::default();
        let cond = Lowering::new(&self.text, known, Target::File, VlanTag::InPacket, &mut values).expr(expr)?;
        Ok(Some(why::trace(&values, &cond, bytes, wire_len)))
    }

    fn no_link(&self, link: LinkType) -> FilterError {
        let message = format!("there are no capture filters for {} links (link type {})", link.name(), link.0);
        FilterError::new(&self.text, Span::new(0, self.text.len()), message).hint("use a display filter: -Y")
    }

    fn finish(&self, instructions: Vec<Instruction>, target: Target) -> Result<Program, FilterError> {
        let whole = Span::new(0, self.text.len());
        if target == Target::Kernel && instructions.len() > MAX_KERNEL_INSTRUCTIONS {
            let message = format!(
                "this needs {} instructions, and the kernel takes {MAX_KERNEL_INSTRUCTIONS}",
                instructions.len()
            );
            return Err(FilterError::new(&self.text, whole, message).hint("use networks instead of single hosts"));
        }
        Program::new(instructions).map_err(|bad| FilterError::new(&self.text, whole, bad.to_string()))
    }
}

fn emit_keep_all() -> Instruction {
    Instruction { code: code::RET | code::K, jt: 0, jf: 0, k: emit::KEEP }
}

/// True if the word `vlan` is in the filter.
fn mentions_vlan(expr: &Expr) -> bool {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(mentions_vlan),
        Expr::Not(inner, _) => mentions_vlan(inner),
        Expr::Primitive(primitive, _) => matches!(primitive, ast::Primitive::Vlan(_)),
    }
}
