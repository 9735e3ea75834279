//! What passed a simulated port, as a capture file.

use std::path::Path;

use super::Failure;
use crate::capture::{Interface, Interfaces, WriteError, WriteOptions, Writer};
use crate::packet::{Meta, RawPacket};
use crate::sim::Tap;
use crate::wire::LinkType;

/// Writes the frames of a tap into a pcapng file whose one interface bears the port's name. Each packet has its
/// direction, and a comment with the number that the run gave to its frame.
pub(super) fn write(path: &Path, name: &str, tap: &Tap) -> Result<(), Failure> {
    let could_not = |error: WriteError| Failure::CouldNot(error.to_string());
    let interface = Interface { name: name.to_owned(), ..Interface::of_link(LinkType::ETHERNET) };
    let options = WriteOptions { interfaces: Interfaces::new(vec![interface]), ..WriteOptions::default() };
    let mut writer = Writer::create(path, options).map_err(could_not)?;
    for (index, tapped) in tap.frames().iter().enumerate() {
        let bytes = tapped.frame.octets();
        let mut meta = Meta::new(index as u64 + 1, tapped.at, LinkType::ETHERNET, bytes.len() as u32);
        meta.direction = Some(tapped.direction);
        let comment = format!("frame {}", tapped.frame.id());
        writer.packet(&RawPacket { meta, bytes }, &[comment]).map_err(could_not)?;
    }
    writer.finish().map_err(could_not)
}
