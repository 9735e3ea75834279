//! Reading a file in a test: everything that comes out of it, the same in whatever pieces it is read.

use std::io::Cursor;
use std::ops::ControlFlow;

use netlab::capture::{self, CaptureSummary, Interface, OpenOptions};
use netlab::packet::{Direction, Item, PacketSource, RawPacket, Remark, RemarkKind};
use netlab::wire::LinkType;

/// A packet that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub number: u64,
    pub nanos: u64,
    pub octets: Vec<u8>,
    pub wire_len: u32,
    pub link: LinkType,
    pub interface: u32,
    pub direction: Option<Direction>,
}

/// Everything that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub packets: Vec<Seen>,
    pub remarks: Vec<Remark>,
    pub captures: Vec<CaptureSummary>,
    pub interfaces: Vec<Interface>,
}

impl Read {
    /// The text of the damage, if there is damage.
    pub fn damage(&self) -> Option<&str> {
        self.remarks.iter().find(|remark| remark.kind == RemarkKind::Damage).map(|remark| remark.text.as_str())
    }

    /// The packets' times in nanoseconds.
    pub fn nanos(&self) -> Vec<u64> {
        self.packets.iter().map(|packet| packet.nanos).collect()
    }

    /// Captured and original length of each packet.
    pub fn lengths(&self) -> Vec<(usize, u32)> {
        self.packets.iter().map(|packet| (packet.octets.len(), packet.wire_len)).collect()
    }

    /// Kinds and texts of the remarks.
    pub fn said(&self) -> Vec<(RemarkKind, &str)> {
        self.remarks.iter().map(|remark| (remark.kind, remark.text.as_str())).collect()
    }
}

/// Reads `octets` in pieces of the usual length and in small ones, one by one and all in one go, and holds the results
/// against each other.
pub fn read(octets: &[u8]) -> Result<Read, String> {
    let whole = read_in_pieces(octets, 0);
    for piece_len in [1, 5, 64] {
        assert_eq!(read_in_pieces(octets, piece_len), whole, "in pieces of {piece_len}");
    }
    for piece_len in [0, 100] {
        assert_eq!(read_in_one_go(octets, piece_len), whole, "in one go, in pieces of {piece_len}");
    }
    whole
}

/// Reads `octets` by `FileSource::for_each`, which breaks off now and then.
fn read_in_one_go(octets: &[u8], piece_len: usize) -> Result<Read, String> {
    let options = OpenOptions { piece_len, ..OpenOptions::default() };
    let source = capture::open_reader("test.cap", Cursor::new(octets.to_vec()), &options);
    let mut source = source.map_err(|error| error.to_string())?;
    let (mut packets, mut remarks) = (Vec::new(), Vec::new());
    let mut broke_off = true;
    while broke_off {
        broke_off = false;
        let result = source.for_each(|item| {
            match item {
                Item::Packet(raw) => packets.push(seen(&raw)),
                Item::Remark(remark) => remarks.push(remark),
                Item::Idle => panic!("a file is never idle"),
            }
            broke_off = packets.len() % 3 == 0;
            if broke_off { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        result.map_err(|error| error.to_string())?;
    }
    Ok(Read { packets, remarks, captures: source.captures(), interfaces: source.interfaces().all() })
}

fn seen(raw: &RawPacket<'_>) -> Seen {
    let meta = raw.meta;
    Seen {
        number: meta.number,
        nanos: meta.at.nanos(),
        octets: raw.bytes.to_vec(),
        wire_len: meta.wire_len,
        link: meta.link,
        interface: meta.interface,
        direction: meta.direction,
    }
}

/// Reads `octets` in pieces of `piece_len`.
pub fn read_in_pieces(octets: &[u8], piece_len: usize) -> Result<Read, String> {
    let options = OpenOptions { piece_len, ..OpenOptions::default() };
    let source = capture::open_reader("test.cap", Cursor::new(octets.to_vec()), &options);
    drain(source.map_err(|error| error.to_string())?)
}

/// Everything that comes out of `source`.
pub fn drain(mut source: capture::FileSource) -> Result<Read, String> {
    let (mut packets, mut remarks) = (Vec::new(), Vec::new());
    while let Some(item) = source.next_item().map_err(|error| error.to_string())? {
        match item {
            Item::Packet(raw) => packets.push(seen(&raw)),
            Item::Remark(remark) => remarks.push(remark),
            Item::Idle => panic!("a file is never idle"),
        }
    }
    assert!(matches!(source.next_item(), Ok(None)), "the end is the end");
    let numbers: Vec<u64> = packets.iter().map(|packet| packet.number).collect();
    assert_eq!(numbers, (1..=packets.len() as u64).collect::<Vec<_>>(), "numbered from 1");
    let captures = source.captures();
    assert_eq!(captures.iter().map(|capture| capture.packets).sum::<u64>(), packets.len() as u64);
    Ok(Read { packets, remarks, captures, interfaces: source.interfaces().all() })
}
