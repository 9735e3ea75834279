//! One line a packet: number, time, who to whom, protocol, length, what it is, and what netlab says of it.

mod info;
mod plain;

use std::net::IpAddr;

use super::Renderer;
use super::number::{decimal, endpoint, ip, mac, right, spaces};
use super::phrase::Phrasebook;
use super::slate::{Overflowing, Slate, Surface};
use super::style::{self, Paint};
use super::time::Clock;
use super::words;
use crate::analysis::{Judged, Note};
use crate::base::MacAddr;
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
    /// True if lines have a number and nothing that they do not have by themselves.
    is_usual: bool,
    /// Columns of the two addresses so far: they only grow, so that lines stay aligned.
    source_width: usize,
    destination_width: usize,
    protocol_width: usize,
    /// The column at which the last description began.
    info_at: usize,
    phrases: Phrasebook,
    /// Memory that is used for every line again.
    slate: Slate,
    glance: String,
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
        Lines {
            clock,
            detail,
            paint,
            is_usual: !(detail.link || detail.quiet || detail.verbosity > 0 || detail.no_number || paint.is_on()),
            source_width: 21,
            destination_width: 21,
            protocol_width: 4,
            info_at: 0,
            phrases: Phrasebook::new(paint.lang()),
            slate: Slate::default(),
            glance: String::new(),
        }
    }

    /// Both ends of the packet, each in its column.
    fn addresses(&mut self, frame: &Frame<'_>) {
        let slate = &mut self.slate;
        let ends = Ends::of(frame);
        let start = slate.len();
        ends.write(Party::Source, slate);
        pad(slate, start, &mut self.source_width);
        slate.add(" → ".as_bytes());
        let start = slate.len();
        ends.write(Party::Destination, slate);
        pad(slate, start, &mut self.destination_width);
    }

    fn protocol(&mut self, name: &'static str) {
        let slate = &mut self.slate;
        if self.paint.is_on() {
            self.paint.begin(slate, style::protocol(name));
        }
        slate.add(name.as_bytes());
        self.paint.end(slate);
        self.protocol_width = self.protocol_width.max(name.len()).min(8);
        spaces(slate, self.protocol_width.saturating_sub(name.len()));
    }

    /// Writes notes behind what is on the slate, and moves all of it.
    fn notes(&mut self, notes: &[Note], has_notes: bool, out: &mut Vec<u8>) {
        for (index, note) in notes.iter().enumerate() {
            let mut surface = Overflowing::new(&mut self.slate, out);
            surface.add(if index == 0 && !has_notes { "  · ".as_bytes() } else { b"; " });
            self.paint.begin(&mut surface, style::severity(note.entry.severity));
            self.phrases.write_beside(&mut surface, note);
            self.paint.end(&mut surface);
        }
        self.slate.move_to(out);
    }

    /// Ends a line whose description began at `start` and has been moved to `out`: with notes and issues.
    fn end(&mut self, judged: &Judged<'_, '_>, start: usize, out: &mut Vec<u8>) {
        if !judged.notes.is_empty() {
            let columns = columns(&out[start..]);
            spaces(&mut self.slate, INFO_WIDTH.saturating_sub(columns));
            self.notes(judged.notes, false, out);
        }
        for issue in judged.packet.frame.issues() {
            out.extend_from_slice(b"  ! ");
            out.extend_from_slice(words::issue_in(self.paint.lang(), issue).as_bytes());
        }
        trim(out);
        out.push(b'\n');
    }
}

impl Renderer for Lines {
    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        if self.is_usual && self.plain(judged, out) {
            return;
        }
        let packet = judged.packet;
        let frame = &packet.frame;
        let line = out.len();
        if !self.detail.no_number {
            right(&mut self.slate, packet.meta.number, NUMBER_WIDTH);
            self.slate.add(b"  ");
        }
        if self.clock.width() > 0 {
            self.clock.write(&mut self.slate, packet.meta.at);
            self.slate.add(b"  ");
        }
        if self.detail.link {
            self.slate.move_to(out);
            link(frame, out);
        }
        self.addresses(frame);
        self.slate.add(b"  ");
        self.protocol(info::protocol(frame));
        right(&mut self.slate, u64::from(packet.meta.wire_len), 7);
        self.slate.add(b"  ");
        let start = out.len() + self.slate.len();
        // The arrow between the addresses has three octets and one column.
        self.info_at = start - line - 2;
        info::headers(judged, self.detail, &mut self.slate);
        self.slate.move_to(out);
        info::application(frame, self.detail, &mut self.glance, out);
        self.end(judged, start, out);
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
        self.phrases.write(out, note);
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
    let (mut headers, mut text) = (Slate::default(), String::new());
    let mut out = Vec::new();
    info::headers(judged, detail, &mut headers);
    headers.move_to(&mut out);
    info::application(&judged.packet.frame, detail, &mut text, &mut out);
    (info::protocol(&judged.packet.frame), String::from_utf8_lossy(&out).trim_end().to_owned())
}

/// One end of a packet, as its line names it.
pub fn party(frame: &Frame<'_>, which: Party) -> String {
    let mut out = Vec::new();
    Ends::of(frame).write(which, &mut out);
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

/// The link header: addresses and VLANs.
fn link(frame: &Frame<'_>, out: &mut Vec<u8>) {
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

/// Who sends a packet to whom: addresses and ports, addresses, or MAC addresses, whichever are innermost.
enum Ends {
    Ip(IpAddr, IpAddr, Option<(u16, u16)>),
    Mac(Option<MacAddr>, Option<MacAddr>),
}

impl Ends {
    #[inline]
    fn of(frame: &Frame<'_>) -> Ends {
        if let Some(ip) = frame.ip() {
            return Ends::Ip(ip.source(), ip.destination(), frame.ports());
        }
        let macs = frame.layers().iter().rev().find_map(|located| match located.layer {
            Layer::Ethernet(ethernet) => Some((Some(ethernet.source()), Some(ethernet.destination()))),
            Layer::Sll(sll) => Some((sll.source(), None)),
            _ => None,
        });
        let (source, destination) = macs.unwrap_or_default();
        Ends::Mac(source, destination)
    }

    #[inline]
    fn write(&self, which: Party, out: &mut impl Surface) {
        let is_source = which == Party::Source;
        match *self {
            Ends::Ip(source, destination, ports) => {
                let address = if is_source { source } else { destination };
                match ports {
                    Some((source, destination)) => endpoint(out, address, if is_source { source } else { destination }),
                    None => ip(out, address),
                }
            }
            Ends::Mac(source, destination) => match if is_source { source } else { destination } {
                Some(address) if address.is_broadcast() => out.add(b"broadcast"),
                Some(address) => mac(out, address),
                None => out.add(b"-"),
            },
        }
    }
}

/// Takes the blanks at the end away: a description never ends in blanks.
fn trim(out: &mut Vec<u8>) {
    let end = out.iter().rposition(|octet| *octet != b' ').map_or(0, |last| last + 1);
    out.truncate(end);
}

/// Columns that a text takes on a terminal.
fn columns(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    std::str::from_utf8(text).map_or(0, unicode_width::UnicodeWidthStr::width)
}

/// Fills up a column that began at `start`, and lets it grow for the lines to come.
fn pad(out: &mut Slate, start: usize, width: &mut usize) {
    let len = out.len() - start;
    if len > *width {
        *width = len.min(MAX_ADDRESS_WIDTH);
    }
    spaces(out, width.saturating_sub(len));
}
