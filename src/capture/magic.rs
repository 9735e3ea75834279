//! What a file is, told by its first octets.

use std::fmt;

use super::Compression;

/// The two capture formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The classic format of tcpdump: one link type, one clock.
    Pcap,
    /// Its successor: blocks, several interfaces, comments.
    Pcapng,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Format::Pcap => "pcap",
            Format::Pcapng => "pcapng",
        })
    }
}

/// What the first octets of an input announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// A capture.
    Capture(Format),
    /// Something compressed that netlab can decompress.
    Compressed(Compression),
    /// Something known by name that netlab does not read, and how to turn it into what it does.
    Foreign(&'static str, &'static str),
    /// Nothing known.
    Unknown,
}

const BY_EDITCAP: &str = "convert it first: editcap FILE out.pcapng";

/// Tells what begins with `octets`; eight are enough.
pub(super) fn announced(octets: &[u8]) -> Announced {
    use Announced::{Capture, Compressed, Foreign, Unknown};
    match octets {
        // Micro- and nanoseconds and the "modified" format with its longer record headers, in both byte orders.
        [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0xcd, 0x34, ..]
        | [0x34, 0xcd, 0xb2, 0xa1, ..] => Capture(Format::Pcap),
        [0x0a, 0x0d, 0x0d, 0x0a, ..] => Capture(Format::Pcapng),
        [0x1f, 0x8b, ..] => Compressed(Compression::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compressed(Compression::Zstd),
        // Skippable frames are common to zstd (RFC 8878 §3.1.2) and lz4; pzstd begins its files with one.
        [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compressed(Compression::Zstd),
        [0x04, 0x22, 0x4d, 0x18, ..] | [0x02, 0x21, 0x4c, 0x18, ..] => Compressed(Compression::Lz4),
        [b'B', b'Z', b'h', ..] => Foreign("compressed with bzip2", "decompress it first: bunzip2 -k FILE"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Foreign("compressed with xz", "decompress it first: unxz -k FILE"),
        [b'P', b'K', 3, 4, ..] => Foreign("a zip archive", "unpack it first: unzip FILE"),
        [b'7', b'z', 0xbc, 0xaf, ..] => Foreign("a 7-zip archive", "unpack it first: 7z x FILE"),
        [b's', b'n', b'o', b'o', b'p', ..] => Foreign("a snoop capture", BY_EDITCAP),
        [b'b', b't', b's', b'n', b'o', b'o', b'p', ..] => Foreign("a Bluetooth snoop capture", BY_EDITCAP),
        [b'R', b'T', b'S', b'S', ..] | [b'G', b'M', b'B', b'U', ..] => {
            Foreign("a Microsoft Network Monitor capture", BY_EDITCAP)
        }
        [b'T', b'R', b'S', b'N', ..] => Foreign("a Sniffer capture", BY_EDITCAP),
        _ => Unknown,
    }
}
