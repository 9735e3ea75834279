//! A packet's line with more below it: the field tree, the octets.

use super::style::Paint;
use super::text::Lines;
use super::{Renderer, hex, tree};
use crate::analysis::{Judged, Note};
use crate::packet::Remark;

/// In which form octets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OctetForm {
    /// Hexadecimal.
    Hex,
    /// Hexadecimal with the text beside it.
    HexAndText,
    /// Text.
    Text,
}

/// Which octets are shown, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Octets {
    /// In which form.
    pub form: OctetForm,
    /// From the link header on; else from the network packet on.
    pub with_link: bool,
}

/// Prints lines with the field tree or the octets below each.
#[derive(Debug)]
pub struct Detailed {
    lines: Lines,
    tree: bool,
    octets: Option<Octets>,
    paint: Paint,
}

impl Detailed {
    /// The lines with more below them.
    pub fn new(lines: Lines, tree: bool, octets: Option<Octets>, paint: Paint) -> Detailed {
        Detailed { lines, tree, octets, paint }
    }
}

impl Renderer for Detailed {
    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        let frame = &judged.packet.frame;
        self.lines.packet(judged, out);
        if self.tree {
            tree::tree(frame, self.paint, out);
        }
        if let Some(octets) = self.octets {
            let start = if octets.with_link { 0 } else { hex::network_start(frame) };
            let shown = frame.bytes().get(start..).unwrap_or_default();
            match octets.form {
                OctetForm::Hex => hex::rows(shown, false, out),
                OctetForm::HexAndText => hex::rows(shown, true, out),
                OctetForm::Text => hex::text(shown, out),
            }
        }
    }

    fn remark(&mut self, remark: &Remark, out: &mut Vec<u8>) {
        self.lines.remark(remark, out);
    }

    fn late_note(&mut self, note: &Note, out: &mut Vec<u8>) {
        self.lines.late_note(note, out);
    }
}
