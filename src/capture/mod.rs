//! Where packets come from, NICs and files, and the files they go into.
//!
//! [`open`] turns one or several inputs into a [`FileSource`]: pcap or pcapng, plain or compressed, told apart by their
//! first octets and merged by time. The road of a packet inside: `window` reads octets in large pieces, `pcap` or
//! `pcapng` finds where a record lies in them, `file` numbers it and lends it. Nothing is copied and nothing is allocated
//! for a packet. A damaged tail ends the file with a remark; only an input that cannot be read at all is an error.
//!
//! [`live`] captures from a NIC, in blocks that are shared with the kernel; [`nic`] lists what there is to capture from.
//!
//! Deliberately absent: decoding, clocks, memory maps (`docs/CAPTURE_FILES.md` tells why).

mod compression;
mod file;
mod interface;
#[cfg(all(feature = "live", target_os = "linux"))]
pub mod live;
mod magic;
mod memory;
#[cfg(all(feature = "live", target_os = "linux"))]
pub mod nic;
mod options;
mod pcap;
mod pcapng;
#[cfg(all(feature = "live", target_os = "linux"))]
pub mod privileges;
mod reader;
mod section;
mod summary;
mod window;
mod write;

pub use compression::Compression;
pub use file::{FileSource, Meter, OpenOptions, open, open_reader};
pub use interface::{Interface, Interfaces};
pub use magic::Format;
pub use memory::MemorySource;
pub use summary::CaptureSummary;
pub use write::{DEFAULT_SNAPLEN, Rotation, WriteError, WriteOptions, Writer};
