//! One line a packet: number, time, who to whom, protocol, length, what it is, and what netlab says of it.

mod info;

use std::net::IpAddr;

use super::Renderer;
use super::number::{decimal, endpoint, ip, mac, right, spaces};
use super::style::{self, Paint};
use super::time::Clock;
use super::words;
use crate::analysis::{Judged, Note};
use crate::packet::{Remark, RemarkKind};
use crate::wire::{Frame, Layer};

/// How much of a packet its line shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Link header in front: MAC addresses and VLANs (`-e`).
    pub link: bool,
    /// Protocol and length only (`-q`).
    pub quiet: bool,
    /// More fields of the headers: TTL, identification, options (`-v`, `-vv`).
    pub verbosity: u8,
    /// Sequence numbers as on the wire (`-S`).
    pub absolute_sequence: bool,
    /// No packet number in front.
    pub no_number: bool,
}

/// Prints packets as lines.
#[derive(Debug)]
pub struct Lines {
    clock: Clock,
    detail: Detail,
    paint: Paint,
    /// Columns of the two addresses so far: they only grow, so that lines stay aligned.
    source_width: usize,
    destination_width: usize,
    protocol_width: usize,
    /// The column at which the last description began.
    info_at: usize,
}

/// Columns of the packet number.
const NUMBER_WIDTH: usize = 5;
/// Columns of the description, after which notes begin.
const INFO_WIDTH: usize = 42;
/// Columns that addresses may push later lines to: a full IPv6 endpoint is longer, and rare.
const MAX_ADDRESS_WIDTH: usize = 32;

impl Lines {
    /// Lines with times by `clock`, in colours by `paint`.
    pub fn new(clock: Clock, detail: Detail, paint: Paint) -> Lines {
        Lines { clock, detail, paint, source_width: 21, destination_width: 21, protocol_width: 4, info_at: 0 }
    }

    fn addresses(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) {
        let start = out.len();
        write_party(out, frame, Party::Source);
        pad(out, start, &mut self.source_width);
        out.extend_from_slice(" → ".as_bytes());
        let start = out.len();
        write_party(out, frame, Party::Destination);
        pad(out, start, &mut self.destination_width);
    }

    fn link(&self, frame: &Frame<'_>, out: &mut Vec<u8>) {
        if let Some(ethernet) = frame.outer_ethernet() {
            mac(out, ethernet.source());
            out.extend_from_slice(" > ".as_bytes());
            mac(out, ethernet.destination());
            out.extend_from_slice(b"  ");
        }
        for vlan in frame.vlans() {
            out.extend_from_slice(b"vlan ");
            decimal(out, u64::from(vlan.vid()));
            out.push(b' ');
        }
    }

    fn notes(&self, notes: &[Note], has_notes: bool, out: &mut Vec<u8>) {
        for (index, note) in notes.iter().enumerate() {
            out.extend_from_slice(if index == 0 && !has_notes { "  · ".as_bytes() } else { b"; " });
            self.paint.begin(out, style::severity(note.entry.severity));
            words::write_line_in(self.paint.lang(), out, note);
            self.paint.end(out);
        }
    }
}

impl Renderer for Lines {
    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        let packet = judged.packet;
        let frame = &packet.frame;
        let line = out.len();
        if !self.detail.no_number {
            right(out, packet.meta.number, NUMBER_WIDTH);
            out.extend_from_slice(b"  ");
        }
        let before = out.len();
        self.clock.write(out, packet.meta.at);
        if out.len() > before {
            out.extend_from_slice(b"  ");
        }
        if self.detail.link {
            self.link(frame, out);
        }
        self.addresses(frame, out);
        out.extend_from_slice(b"  ");
        let name = info::protocol(frame);
        self.paint.begin(out, style::protocol(name));
        out.extend_from_slice(name.as_bytes());
        self.paint.end(out);
        self.protocol_width = self.protocol_width.max(name.len()).min(8);
        spaces(out, self.protocol_width.saturating_sub(name.len()));
        right(out, u64::from(packet.meta.wire_len), 7);
        out.extend_from_slice(b"  ");
        let start = out.len();
        // The arrow between the addresses has three octets and one column.
        self.info_at = start - line - 2;
        info::write(judged, self.detail, out);
        if !judged.notes.is_empty() {
            let columns = columns(&out[start..]);
            spaces(out, INFO_WIDTH.saturating_sub(columns));
            self.notes(judged.notes, false, out);
        }
        for issue in frame.issues() {
            out.extend_from_slice(b"  ! ");
            out.extend_from_slice(words::issue(issue).as_bytes());
        }
        // A description never ends in blanks.
        let end = out.iter().rposition(|octet| *octet != b' ').map_or(0, |last| last + 1);
        out.truncate(end);
        out.push(b'\n');
    }

    fn remark(&mut self, remark: &Remark, out: &mut Vec<u8>) {
        if !self.detail.no_number {
            match remark.packet {
                Some(number) => right(out, number, NUMBER_WIDTH),
                None => spaces(out, NUMBER_WIDTH),
            }
            out.extend_from_slice(b"  ");
        }
        self.paint.begin(out, style::DIM);
        out.extend_from_slice(match remark.kind {
            RemarkKind::Comment => b"comment: ",
            RemarkKind::Dropped(_) | RemarkKind::Note => b"-- ",
            RemarkKind::Damage => b"damage: ",
        });
        out.extend_from_slice(remark.text.as_bytes());
        self.paint.end(out);
        out.push(b'\n');
    }

    fn late_note(&mut self, note: &Note, out: &mut Vec<u8>) {
        if !self.detail.no_number {
            right(out, note.packet, NUMBER_WIDTH);
            out.extend_from_slice(b"  ");
        }
        out.extend_from_slice("↑ ".as_bytes());
        self.paint.begin(out, style::severity(note.entry.severity));
        words::write_line_in(self.paint.lang(), out, note);
        self.paint.end(out);
        out.push(b'\n');
    }

    fn is_free_of_order(&self) -> bool {
        !self.paint.is_on() && self.clock.is_free_of_order()
    }

    fn add_notes(&mut self, notes: &[Note], has_notes: bool, out: &mut Vec<u8>) {
        out.truncate(out.len().saturating_sub(1));
        if !has_notes {
            let line = out.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
            spaces(out, (self.info_at + INFO_WIDTH).saturating_sub(columns(&out[line..])));
        }
        self.notes(notes, has_notes, out);
        out.push(b'\n');
    }
}

/// The protocol of a packet and what it says, without its number, time and addresses.
pub fn description(judged: &Judged<'_, '_>, detail: Detail) -> (&'static str, String) {
    let mut out = Vec::new();
    info::write(judged, detail, &mut out);
    (info::protocol(&judged.packet.frame), String::from_utf8_lossy(&out).trim_end().to_owned())
}

/// One end of a packet, as its line names it.
pub fn party(frame: &Frame<'_>, which: Party) -> String {
    let mut out = Vec::new();
    write_party(&mut out, frame, which);
    String::from_utf8_lossy(&out).into_owned()
}

/// The ends of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Who sent it.
    Source,
    /// Whom it is for.
    Destination,
}

/// Writes one end of the packet: address and port, address, or MAC address, whichever is innermost.
fn write_party(out: &mut Vec<u8>, frame: &Frame<'_>, side: Party) {
    let pick = |pair: (IpAddr, IpAddr)| if side == Party::Source { pair.0 } else { pair.1 };
    if let Some(view) = frame.ip() {
        let address = pick((view.source(), view.destination()));
        match frame.ports() {
            Some((source, destination)) => {
                endpoint(out, address, if side == Party::Source { source } else { destination });
            }
            None => ip(out, address),
        }
        return;
    }
    let addresses = frame.layers().iter().rev().find_map(|located| match located.layer {
        Layer::Ethernet(ethernet) => Some((Some(ethernet.source()), Some(ethernet.destination()))),
        Layer::Sll(sll) => Some((sll.source(), None)),
        _ => None,
    });
    match addresses.map(|(source, destination)| if side == Party::Source { source } else { destination }) {
        Some(Some(address)) if address.is_broadcast() => out.extend_from_slice(b"broadcast"),
        Some(Some(address)) => mac(out, address),
        _ => out.push(b'-'),
    }
}

/// Columns that a text takes on a terminal.
fn columns(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    std::str::from_utf8(text).map_or(0, unicode_width::UnicodeWidthStr::width)
}

/// Fills up a column that began at `start`, and lets it grow for the lines to come.
fn pad(out: &mut Vec<u8>, start: usize, width: &mut usize) {
    let len = out.len() - start;
    if len > *width {
        *width = len.min(MAX_ADDRESS_WIDTH);
    }
    spaces(out, width.saturating_sub(len));
}
