//! Capture files that netlab writes: pcap with nanoseconds, or pcapng with interfaces, directions, drop counts and
//! comments.
//!
//! [`Writer`] takes packets from any source. It gathers them into blocks, describes an interface when its
//! first packet comes, and begins further files when a [`Rotation`] asks for it. What was given to it is in the file
//! after [`Writer::finish`], and also when it is merely dropped.

mod encode;
mod error;
mod output;
mod rotation;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use self::encode::Encoder;
pub use self::error::WriteError;
use self::output::Output;
pub use self::rotation::Rotation;
use super::{Format, Interface, Interfaces};
use crate::base::Timestamp;
use crate::packet::RawPacket;
use crate::wire::LinkType;

/// Octets gathered before they are written: with the piece that is being read they fit into the second-level cache, and a
/// system call for so many costs nothing beside the copy.
const BLOCK_LEN: usize = 256 << 10;

/// The snap length that a file declares when none is given: the one of tcpdump.
pub const DEFAULT_SNAPLEN: u32 = 262_144;

/// How to write.
#[derive(Clone, Debug)]
pub struct WriteOptions {
    /// The format; `None` goes by the suffix of the name.
    pub format: Option<Format>,
    /// The snap length that the file declares.
    pub snaplen: u32,
    /// Where interfaces that packets name are looked up, and the packets they lost.
    pub interfaces: Interfaces,
    /// When to begin another file.
    pub rotation: Rotation,
    /// Files that must not be written to, because they are being read.
    pub not_into: Vec<PathBuf>,
}

impl Default for WriteOptions {
    fn default() -> WriteOptions {
        WriteOptions {
            format: None,
            snaplen: DEFAULT_SNAPLEN,
            interfaces: Interfaces::default(),
            rotation: Rotation::default(),
            not_into: Vec::new(),
        }
    }
}

impl Format {
    /// The format that the suffix of `path` asks for; without a telling suffix pcapng, which can say more.
    ///
    /// # Errors
    /// When the suffix asks for something that netlab does not write.
    pub fn of_suffix(path: &Path) -> Result<Format, WriteError> {
        let suffix = path.extension().map(|suffix| suffix.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        match suffix.as_str() {
            "pcap" | "cap" | "dmp" => Ok(Format::Pcap),
            "gz" | "zst" | "lz4" | "bz2" | "xz" => Err(WriteError::new(format!(
                "cannot write {}: netlab writes captures uncompressed; pipe it instead: -w - | COMPRESSOR > FILE",
                output::name_of(path)
            ))),
            _ => Ok(Format::Pcapng),
        }
    }
}

/// Writes packets into a capture file, or into one after another.
#[derive(Debug)]
pub struct Writer {
    target: PathBuf,
    format: Format,
    options: WriteOptions,
    encoder: Encoder,
    /// `None` until the first packet tells the name of the first file, if that has the time in it.
    output: Option<Output>,
    /// Octets encoded and not yet written.
    block: Vec<u8>,
    /// Interfaces described in the file, in the order of their numbers there.
    described: Vec<(u32, Interface)>,
    ids: HashMap<(u32, LinkType), u32>,
    /// The interface of the packet before, which is nearly always that of the next one.
    last: Option<(u32, LinkType, u32)>,
    comments: Vec<String>,
    begun: bool,
    file_packets: u64,
    last_at: Timestamp,
    packets: u64,
    state: rotation::State,
    /// Set when writing failed; the rest is not tried.
    failed: bool,
}

impl Writer {
    /// Opens `target` for writing; `-` is standard output. The file is made (or emptied) at once, unless its name is to
    /// hold the time of its first packet.
    ///
    /// # Errors
    /// When the format or the rotation cannot be had, the file cannot be made, it is one that is being read, or it is a
    /// terminal.
    pub fn create(target: impl Into<PathBuf>, options: WriteOptions) -> Result<Writer, WriteError> {
        let target = target.into();
        let format = match options.format {
            Some(format) => format,
            None => Format::of_suffix(&target)?,
        };
        let mut state = rotation::State::new(&target, &options.rotation)?;
        let output = match state.needs_time() {
            true => None,
            false => Some(Output::create(&state.name(&target, Timestamp::ZERO)?, &options.not_into)?),
        };
        Ok(Writer {
            target,
            format,
            encoder: Encoder::new(format, options.snaplen),
            options,
            output,
            block: Vec::with_capacity(BLOCK_LEN + (64 << 10)),
            described: Vec::new(),
            ids: HashMap::new(),
            last: None,
            comments: Vec::new(),
            begun: false,
            file_packets: 0,
            last_at: Timestamp::ZERO,
            packets: 0,
            state,
            failed: false,
        })
    }

    /// The format that is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Packets written so far, over all files.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// True when the rotation allows no further file: nothing more will be written.
    pub fn is_full(&self) -> bool {
        self.state.is_full()
    }

    /// Adds a comment on the capture as a whole. It can only be kept by pcapng, and only before the first packet.
    pub fn comment(&mut self, text: &str) {
        if !self.begun {
            self.comments.push(text.to_owned());
        }
    }

    /// Writes the head of the file with all interfaces known by now, so that a reader at the other end of a pipe sees a
    /// capture before the first packet. `now` names the file if its name holds the time. Without this call the head is
    /// written with the first packet.
    ///
    /// # Errors
    /// When the file cannot be made or written.
    pub fn begin(&mut self, now: Timestamp) -> Result<(), WriteError> {
        if self.begun {
            return Ok(());
        }
        self.open_for(now)?;
        let interfaces = self.options.interfaces.all();
        if self.format == Format::Pcapng || interfaces.len() == 1 {
            self.head(interfaces.first().map_or(LinkType::ETHERNET, |interface| interface.link));
            for (index, interface) in interfaces.into_iter().enumerate() {
                self.describe(index as u32, interface);
            }
        }
        self.flush()
    }

    /// Adds a packet to those that wait to be written, if there is nothing else to do for it: the file has begun, has room,
    /// knows the packet's interface and is not due to be followed by another. Else nothing happens, it is false, and
    /// [`Writer::packet`] does what is needed. The two make the same file; this is the part that costs next to nothing.
    #[inline]
    pub fn append(&mut self, raw: &RawPacket<'_>) -> bool {
        let meta = &raw.meta;
        let Some((interface, link, id)) = self.last else { return false };
        let is_plain = self.begun && !self.failed && !self.state.may_be_due() && !self.state.is_full();
        if !is_plain || interface != meta.interface || link != meta.link || self.block.len() >= BLOCK_LEN {
            return false;
        }
        self.encoder.packet(&mut self.block, id, raw, &[""; 0]);
        self.packets += 1;
        self.file_packets += 1;
        self.last_at = meta.at;
        true
    }

    /// Writes a packet. Comments are kept by pcapng alone.
    ///
    /// # Errors
    /// When the file cannot be written, or when it is pcap and the packet's link type is not that of the packets before.
    #[inline]
    pub fn packet<S: AsRef<str>>(&mut self, raw: &RawPacket<'_>, comments: &[S]) -> Result<(), WriteError> {
        if self.failed || self.state.is_full() {
            return Ok(());
        }
        let meta = &raw.meta;
        if !self.begun || self.state.may_be_due() {
            self.prepare(meta.at, raw.bytes.len())?;
            if self.state.is_full() {
                return Ok(());
            }
        }
        if !self.begun {
            self.head(meta.link);
        }
        let id = match self.last {
            Some((interface, link, id)) if interface == meta.interface && link == meta.link => id,
            _ => self.id_of(meta.interface, meta.link)?,
        };
        self.encoder.packet(&mut self.block, id, raw, comments);
        self.packets += 1;
        self.file_packets += 1;
        self.last_at = meta.at;
        if self.block.len() >= BLOCK_LEN { self.write_block() } else { Ok(()) }
    }

    /// Hands everything over to the operating system.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.write_block()?;
        let Some(output) = &mut self.output else { return Ok(()) };
        output.flush().inspect_err(|_| self.failed = true)
    }

    /// Ends the file: statistics of the interfaces, and everything handed over. A file without packets is a capture too.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), WriteError> {
        if self.failed || self.output.is_none() && !self.begun {
            return Ok(());
        }
        if !self.begun {
            let known = self.options.interfaces.all();
            self.head(known.first().map_or(LinkType::ETHERNET, |interface| interface.link));
        }
        self.statistics();
        self.begun = false;
        self.flush()?;
        self.output = None;
        Ok(())
    }

    /// Opens the first file, or another one if the rotation asks for it before a packet of `len` octets at `at`.
    #[cold]
    fn prepare(&mut self, at: Timestamp, len: usize) -> Result<(), WriteError> {
        if self.begun {
            let file_len = self.written_len() + self.encoder.packet_len(len);
            if !self.state.is_due(at, file_len, self.file_packets) {
                return Ok(());
            }
            self.statistics();
            self.flush()?;
            self.output = None;
            if !self.state.advance() {
                return Ok(());
            }
            self.open_for(at)?;
            self.file_packets = 0;
            let link = self.described.first().map_or(LinkType::ETHERNET, |(_, interface)| interface.link);
            self.head(link);
            for (_, interface) in &self.described {
                self.encoder.interface(&mut self.block, interface);
            }
            return Ok(());
        }
        self.open_for(at)
    }

    fn open_for(&mut self, at: Timestamp) -> Result<(), WriteError> {
        if self.output.is_none() {
            let name = self.state.name(&self.target, at)?;
            self.output = Some(Output::create(&name, &self.options.not_into).inspect_err(|_| self.failed = true)?);
        }
        Ok(())
    }

    fn head(&mut self, link: LinkType) {
        self.encoder.head(&mut self.block, link, &self.comments);
        self.begun = true;
    }

    /// The number in the file of a source's interface, which is described there if it is new.
    #[cold]
    fn id_of(&mut self, interface: u32, link: LinkType) -> Result<u32, WriteError> {
        if let Some(id) = self.ids.get(&(interface, link)).copied() {
            self.last = Some((interface, link, id));
            return Ok(id);
        }
        if self.format == Format::Pcap
            && let Some((_, first)) = self.described.first()
            && first.link != link
        {
            self.failed = true;
            return Err(WriteError::new(format!(
                "cannot write {}: a pcap file holds packets of one link type, and after {} comes {}; write pcapng instead: name it .pcapng",
                self.name(),
                first.link.name(),
                link.name()
            )));
        }
        let known = self.options.interfaces.at(interface).filter(|known| known.link == link);
        let id = self.describe(interface, known.unwrap_or_else(|| Interface::of_link(link)));
        self.last = Some((interface, link, id));
        Ok(id)
    }

    fn describe(&mut self, index: u32, interface: Interface) -> u32 {
        let id = self.described.len() as u32;
        self.encoder.interface(&mut self.block, &interface);
        self.ids.insert((index, interface.link), id);
        self.described.push((index, interface));
        id
    }

    /// What the interfaces received and lost, as far as that is known.
    fn statistics(&mut self) {
        for (id, (index, _)) in self.described.iter().enumerate() {
            if let Some(interface) = self.options.interfaces.at(*index) {
                self.encoder.statistics(&mut self.block, id as u32, self.last_at, &interface);
            }
        }
    }

    fn written_len(&self) -> u64 {
        self.output.as_ref().map_or(0, Output::len) + self.block.len() as u64
    }

    fn write_block(&mut self) -> Result<(), WriteError> {
        if self.failed {
            self.block.clear();
            return Ok(());
        }
        let Some(output) = &mut self.output else { return Ok(()) };
        let result = output.write(&self.block);
        self.block.clear();
        result.inspect_err(|_| self.failed = true)
    }

    fn name(&self) -> String {
        self.output.as_ref().map_or_else(|| output::name_of(&self.target), |output| output.name().to_owned())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever wants to know whether that worked calls `finish`.
        let _ = self.end();
    }
}
