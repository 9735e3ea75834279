//! One capture file being read: what both formats share.

use std::collections::VecDeque;
use std::io;
use std::ops::{ControlFlow, Range};

use super::interface::Interfaces;
use super::pcap::Pcap;
use super::pcapng::Pcapng;
use super::summary::CaptureSummary;
use super::window::Window;
use super::{Format, compression};
use crate::base::Timestamp;
use crate::base::limits::MAX_REMARKS_OF_BLOCK;
use crate::packet::{Item, Meta, RawPacket, Remark, RemarkKind, SourceError};

/// What one step through a file found.
#[derive(Debug)]
pub(super) enum Step {
    /// A packet; [`Reader::packet`] lends it.
    Packet,
    /// A remark. One that belongs to a packet has `Some(0)` as its packet: that of the next [`Step::Packet`].
    Remark(Remark),
    /// The end.
    End,
}

/// A capture file being read.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) summary: CaptureSummary,
    place: Place,
    window: Window,
    parser: Parser,
    waiting: Waiting,
    ended: bool,
}

#[derive(Debug)]
enum Parser {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// Remarks found on the way to a packet, and whether that packet still waits behind them.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    remarks: VecDeque<Remark>,
    packet: bool,
}

impl Waiting {
    /// True if nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        self.remarks.is_empty()
    }

    /// Adds a remark of the file as a whole.
    pub(super) fn say(&mut self, kind: RemarkKind, text: String) {
        self.push(Remark { packet: None, at: None, kind, text });
    }

    /// Adds a remark about the packet that comes next.
    pub(super) fn say_of_packet(&mut self, kind: RemarkKind, text: String) {
        self.push(Remark { packet: Some(0), at: None, kind, text });
    }

    fn push(&mut self, remark: Remark) {
        match self.remarks.len() {
            0..MAX_REMARKS_OF_BLOCK => self.remarks.push_back(remark),
            MAX_REMARKS_OF_BLOCK => {
                let text = format!("only the first {MAX_REMARKS_OF_BLOCK} comments of this block are shown");
                self.remarks.push_back(Remark { kind: RemarkKind::Note, text, ..remark });
            }
            _ => {}
        }
    }
}

/// The packet that a parser found last.
#[derive(Debug)]
pub(super) struct Place {
    /// What its record says; the number is still that within the file.
    pub(super) meta: Meta,
    /// Where its octets lie in the window.
    pub(super) octets: Range<usize>,
}

/// How far a parser got.
#[derive(Debug)]
pub(super) enum Found {
    /// A packet, which was left in [`Place`].
    Packet,
    /// Remarks, which were left in [`Waiting`].
    Remarks,
    /// The end of the input, at a boundary of records.
    End,
}

/// Why a parser cannot go on. Boxed where it is returned, so that the good case stays small.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The octets make no sense from here on, or end too early; a sentence that says where and how.
    Damage(String),
    /// The input failed.
    Read(io::Error),
}

impl From<io::Error> for Box<Trouble> {
    fn from(error: io::Error) -> Box<Trouble> {
        Box::new(Trouble::Read(error))
    }
}

/// The damage that `how` describes.
pub(super) fn damage(how: String) -> Box<Trouble> {
    Box::new(Trouble::Damage(how))
}

impl Reader {
    /// A reader of the capture in `window`, which must begin with the magic number of `format`.
    pub(super) fn new(
        mut window: Window,
        format: Format,
        interfaces: &Interfaces,
        mut summary: CaptureSummary,
    ) -> Result<Reader, SourceError> {
        let parser = match format {
            Format::Pcap => Pcap::begin(&mut window, interfaces, &mut summary).map(Parser::Pcap),
            Format::Pcapng => Pcapng::begin(&mut window, interfaces.clone()).map(Parser::Pcapng),
        };
        let parser = parser.map_err(|trouble| match *trouble {
            Trouble::Damage(how) => SourceError::new(format!("cannot read {}: {how}", summary.file)),
            Trouble::Read(error) => unreadable(&summary.file, error),
        })?;
        let nothing = Meta::new(0, Timestamp::ZERO, crate::wire::LinkType::ETHERNET, 0);
        let waiting = Waiting::default();
        let place = Place { meta: nothing, octets: 0..0 };
        Ok(Reader { summary, place, window, parser, waiting, ended: false })
    }

    /// Goes on to the next packet or remark.
    #[inline]
    pub(super) fn step(&mut self) -> Result<Step, SourceError> {
        if self.waiting.remarks.is_empty() && !self.waiting.packet && !self.ended {
            let found = match &mut self.parser {
                Parser::Pcap(pcap) => pcap.next(&mut self.window, &mut self.place),
                Parser::Pcapng(pcapng) => {
                    pcapng.next(&mut self.window, &mut self.place, &mut self.waiting, &mut self.summary)
                }
            };
            match found {
                Ok(Found::Packet) => {
                    self.summary.count(&self.place.meta, self.place.octets.len());
                    if self.waiting.remarks.is_empty() {
                        return Ok(Step::Packet);
                    }
                    self.waiting.packet = true;
                }
                Ok(Found::Remarks) => {}
                Ok(Found::End) => self.ended = true,
                Err(trouble) => self.end_badly(*trouble)?,
            }
        }
        Ok(match self.waiting.remarks.pop_front() {
            Some(remark) => Step::Remark(remark),
            None if self.waiting.packet => {
                self.waiting.packet = false;
                Step::Packet
            }
            None => Step::End,
        })
    }

    /// Goes on to the next packet, if it is read already and nothing is to be said before it: as [`Reader::step`] does, and
    /// quicker. Its number is still open.
    #[inline]
    pub(super) fn next_in_window(&mut self) -> Option<Place> {
        if !self.waiting.remarks.is_empty() || self.waiting.packet || self.ended {
            return None;
        }
        let Parser::Pcap(pcap) = &mut self.parser else { return None };
        let place = pcap.next_in_window(&mut self.window)?;
        self.summary.count(&place.meta, place.octets.len());
        Some(place)
    }

    /// Lends the octets of such a packet, until more is read.
    #[inline]
    pub(super) fn octets(&self, place: &Place) -> &[u8] {
        self.window.at(place.octets.clone())
    }

    /// Hands the packets that are read and plain to `each`, numbered from `number` on; [`Reader::step`] goes on from
    /// there.
    #[inline]
    pub(super) fn each_in_window(
        &mut self,
        number: &mut u64,
        each: &mut impl FnMut(Item<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if !self.waiting.remarks.is_empty() || self.waiting.packet || self.ended {
            return ControlFlow::Continue(());
        }
        match &mut self.parser {
            Parser::Pcap(pcap) => pcap.each_in_window(&mut self.window, &mut self.summary, number, each),
            Parser::Pcapng(pcapng) => pcapng.each_in_window(&mut self.window, &mut self.summary, number, each),
        }
    }

    /// The packet that the last step found; its number is still open.
    #[inline]
    pub(super) fn packet(&self) -> RawPacket<'_> {
        RawPacket { meta: self.place.meta, bytes: self.window.at(self.place.octets.clone()) }
    }

    /// The time of that packet.
    pub(super) fn at(&self) -> Timestamp {
        self.place.meta.at
    }

    #[cold]
    fn end_badly(&mut self, trouble: Trouble) -> Result<(), SourceError> {
        self.ended = true;
        let file = &self.summary.file;
        let how = match trouble {
            Trouble::Read(error) if compression::is_of_the_system(&error) => {
                return Err(unreadable(file, error));
            }
            Trouble::Read(error) => format!(
                "the {} data is damaged or cut after {} decompressed octets ({})",
                self.summary.compression,
                self.window.offset() + self.window.available().len() as u64,
                crate::base::text::harmless(&error.to_string()),
            ),
            Trouble::Damage(how) => how,
        };
        let whole = match self.summary.packets {
            0 => "no packet before it is whole".to_owned(),
            1 => "the packet before it is whole".to_owned(),
            count => format!("the {count} packets before it are whole"),
        };
        let sentence = format!("{file}: {how}; {whole}");
        self.summary.damage = Some(sentence.clone());
        self.waiting.say(RemarkKind::Damage, sentence);
        Ok(())
    }
}

/// The error of an input that the operating system does not let us read.
pub(super) fn unreadable(file: &str, error: io::Error) -> SourceError {
    let sentence = match error.kind() {
        io::ErrorKind::NotFound => format!("cannot open {file}: there is no such file"),
        io::ErrorKind::PermissionDenied => {
            format!(
                "cannot open {file}: you are not permitted to read it; its owner can change that with chmod, or use sudo"
            )
        }
        io::ErrorKind::IsADirectory => format!("cannot read {file}: it is a directory; name the capture files in it"),
        _ => format!("cannot read {file}: {}", crate::base::text::harmless(&error.to_string())),
    };
    SourceError::caused_by(sentence, error)
}
