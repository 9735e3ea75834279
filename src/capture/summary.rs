//! What a report says about each capture file.

use super::{Compression, Format};
use crate::base::Timestamp;
use crate::packet::Meta;
use crate::wire::LinkType;

/// What packets of one link type add to a summary, in a form that costs little a packet.
#[derive(Debug)]
pub(super) struct Bulk {
    packets: u64,
    octets: u64,
    captured_octets: u64,
    cut: u64,
    backwards: u64,
    first: Timestamp,
    last: Timestamp,
    last_seen: Timestamp,
}

impl Bulk {
    /// Counts a packet of which `captured_len` octets were kept.
    #[inline]
    pub(super) fn add(&mut self, meta: &Meta, captured_len: usize) {
        self.packets += 1;
        self.octets += u64::from(meta.wire_len);
        self.captured_octets += captured_len as u64;
        self.cut += u64::from(captured_len < meta.wire_len as usize);
        self.first = self.first.min(meta.at);
        self.last = self.last.max(meta.at);
        self.backwards += u64::from(meta.at < self.last_seen);
        self.last_seen = meta.at;
    }
}

/// One capture file, as far as it has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureSummary {
    /// The file as it was named, harmless to print; `standard input` for `-`.
    pub file: String,
    /// Its format.
    pub format: Format,
    /// What it is compressed with.
    pub compression: Compression,
    /// Packets read.
    pub packets: u64,
    /// Octets these packets had on the wire.
    pub octets: u64,
    /// Octets of them that the file holds.
    pub captured_octets: u64,
    /// The earliest time of a packet.
    pub first: Option<Timestamp>,
    /// The latest time of a packet.
    pub last: Option<Timestamp>,
    /// Packets whose time lies before that of the packet in front of them.
    pub backwards: u64,
    /// Link types of packets, in order of appearance.
    pub links: Vec<LinkType>,
    /// The largest snap length that the file declares; 0 if it declares none.
    pub snaplen: u32,
    /// Packets of which fewer octets were kept than the wire carried.
    pub cut: u64,
    /// Packets that the capturing side lost, as far as the file says.
    pub dropped: u64,
    /// Where and how the file is damaged; all before that place was read.
    pub damage: Option<String>,
    last_seen: Timestamp,
}

impl CaptureSummary {
    pub(super) fn new(file: String, format: Format, compression: Compression) -> CaptureSummary {
        CaptureSummary {
            file,
            format,
            compression,
            packets: 0,
            octets: 0,
            captured_octets: 0,
            first: None,
            last: None,
            backwards: 0,
            links: Vec::new(),
            snaplen: 0,
            cut: 0,
            dropped: 0,
            damage: None,
            last_seen: Timestamp::ZERO,
        }
    }

    /// The start of a count in bulk, for packets that follow those counted by now.
    #[inline]
    pub(super) fn bulk(&self) -> Bulk {
        Bulk {
            packets: 0,
            octets: 0,
            captured_octets: 0,
            cut: 0,
            backwards: 0,
            first: Timestamp::from_nanos(u64::MAX),
            last: Timestamp::ZERO,
            last_seen: self.last_seen,
        }
    }

    /// Adds what was counted in bulk, all of it of `link`.
    pub(super) fn add_bulk(&mut self, bulk: &Bulk, link: LinkType) {
        if bulk.packets == 0 {
            return;
        }
        self.packets += bulk.packets;
        self.octets += bulk.octets;
        self.captured_octets += bulk.captured_octets;
        self.cut += bulk.cut;
        self.backwards += bulk.backwards;
        self.first = Some(self.first.map_or(bulk.first, |first| first.min(bulk.first)));
        self.last = Some(self.last.map_or(bulk.last, |last| last.max(bulk.last)));
        self.last_seen = bulk.last_seen;
        if !self.links.contains(&link) {
            self.links.push(link);
        }
    }

    /// Counts a packet of which `captured_len` octets were kept.
    #[inline]
    pub(super) fn count(&mut self, meta: &Meta, captured_len: usize) {
        self.packets += 1;
        self.octets += u64::from(meta.wire_len);
        self.captured_octets += captured_len as u64;
        self.cut += u64::from(captured_len < meta.wire_len as usize);
        // Mostly time goes forward, and then only the last time changes.
        if self.last.is_some_and(|last| meta.at >= last) {
            self.last = Some(meta.at);
        } else {
            self.first = Some(self.first.map_or(meta.at, |first| first.min(meta.at)));
            self.last = Some(self.last.map_or(meta.at, |last| last.max(meta.at)));
        }
        self.backwards += u64::from(meta.at < self.last_seen);
        self.last_seen = meta.at;
        if self.links.last() != Some(&meta.link) && !self.links.contains(&meta.link) {
            self.links.push(meta.link);
        }
    }
}
