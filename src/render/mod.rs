//! Results become text, tables, JSON and pages: one file a format, all into memory that the caller writes out.
//!
//! A [`Renderer`] gets each packet with everything said about it and appends its octets to a block. Nothing here reads,
//! writes or asks the time.

pub mod arp;
pub mod connections;
pub mod csv;
pub mod detailed;
pub mod explain;
pub mod fields;
pub mod filter;
pub mod fragments;
pub mod health;
pub mod hex;
pub mod hosts;
pub mod html;
pub mod icmp;
pub mod interfaces;
pub mod json;
pub mod ladder;
pub mod ledger;
pub mod messages;
pub mod number;
pub mod page;
pub mod phrase;
pub mod replay;
pub mod report;
#[cfg(test)]
mod samples;
pub mod simulation;
pub mod slate;
pub mod storm;
pub mod style;
pub mod subnet;
pub mod table;
pub mod text;
pub mod time;
pub mod topology;
pub mod tree;
pub mod udp;
pub mod why;
pub mod words;

use crate::analysis::{Judged, Note};
use crate::packet::Remark;

/// A format in which packets are printed one after another.
pub trait Renderer {
    /// Appends what stands before the first packet.
    fn begin(&mut self, _out: &mut Vec<u8>) {}

    /// Appends a packet.
    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>);

    /// Appends what the source said beside its packets.
    fn remark(&mut self, remark: &Remark, out: &mut Vec<u8>);

    /// Appends a note about a packet that is already printed.
    fn late_note(&mut self, note: &Note, out: &mut Vec<u8>);

    /// True if packets may be printed in any order, and notes be added to the last one by [`Renderer::add_notes`].
    fn is_free_of_order(&self) -> bool {
        false
    }

    /// Adds notes to the packet that `out` ends with; `has_notes` if it has some.
    fn add_notes(&mut self, _notes: &[Note], _has_notes: bool, _out: &mut Vec<u8>) {}
}
