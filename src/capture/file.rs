//! Opening inputs and reading them as one capture.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::compression::{self, Compression};
use super::interface::Interfaces;
use super::magic::{Announced, announced};
use super::reader::{Reader, Step, unreadable};
use super::summary::CaptureSummary;
use super::window::Window;
use crate::base::limits::MAX_INPUTS;
use crate::base::{Timestamp, text};
use crate::packet::{Item, PacketSource, RawPacket, Remark, SourceError};

/// Octets asked of a file at once. With 256 KiB the copy out of the page cache stays in the second-level cache, which is
/// faster than both smaller pieces and a memory map.
const PIECE_LEN: usize = 256 << 10;
/// The same when many files are open at once.
const SMALL_PIECE_LEN: usize = 64 << 10;
/// Octets of an input that tell what it is.
const MAGIC_LEN: usize = 8;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Octets asked of an input at once; 0 chooses what is fastest.
    pub piece_len: usize,
    /// Who is told how far the reading is.
    pub meter: Option<Meter>,
}

/// Told how many octets were read, after each piece of an input; before decompression.
#[derive(Clone)]
pub struct Meter(Arc<dyn Fn(u64) + Send + Sync>);

impl Meter {
    /// A meter that calls `told`.
    pub fn new(told: impl Fn(u64) + Send + Sync + 'static) -> Meter {
        Meter(Arc::new(told))
    }

    /// An input that tells this meter what is read of it.
    fn on(&self, input: impl Read + Send + 'static) -> Metered {
        Metered { input: Box::new(input), meter: self.clone() }
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

/// An input with a meter.
struct Metered {
    input: Box<dyn Read + Send>,
    meter: Meter,
}

impl Read for Metered {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let len = self.input.read(octets)?;
        (self.meter.0)(len as u64);
        Ok(len)
    }
}

impl OpenOptions {
    fn piece_len(&self, inputs: usize) -> usize {
        match self.piece_len {
            0 if inputs > 16 => SMALL_PIECE_LEN,
            0 => PIECE_LEN,
            len => len,
        }
    }
}

/// Opens one or several captures as one: `-` is standard input, everything else a path. Packets come in the order of
/// their times, at equal times in the order of `inputs`, numbered from 1. One input keeps its own order.
///
/// # Errors
/// When an input is missing, unreadable, empty, or not a capture: a sentence with file, reason and way out.
pub fn open(inputs: &[impl AsRef<Path>], options: &OpenOptions) -> Result<FileSource, SourceError> {
    if inputs.is_empty() {
        return Err(SourceError::new("no capture was named; name a file, or - for standard input"));
    }
    if inputs.len() > MAX_INPUTS {
        return Err(SourceError::new(format!(
            "{} captures were named, but netlab reads at most {MAX_INPUTS} at once; merge some first: mergecap -w OUT FILE…",
            inputs.len()
        )));
    }
    let of_stdin = inputs.iter().filter(|input| is_stdin(input.as_ref())).count();
    if of_stdin > 1 {
        return Err(SourceError::new("- was named more than once, but standard input can be read only once"));
    }
    let interfaces = Interfaces::default();
    let piece_len = options.piece_len(inputs.len());
    let mut readers = Vec::with_capacity(inputs.len());
    let mut paths = Vec::new();
    for input in inputs {
        let path = input.as_ref();
        let (name, octets): (String, Box<dyn Read + Send>) = if is_stdin(path) {
            ("standard input".to_owned(), Box::new(io::stdin()))
        } else {
            let name = text::harmless(&path.to_string_lossy()).into_owned();
            let file = File::open(path).map_err(|error| unreadable(&name, error))?;
            paths.push(path.to_owned());
            (name, Box::new(file))
        };
        let octets = match &options.meter {
            Some(meter) => Box::new(meter.on(octets)),
            None => octets,
        };
        readers.push(reader(name, octets, piece_len, &interfaces)?);
    }
    Ok(FileSource::new(readers, interfaces, paths))
}

/// Opens a capture that comes out of any reader; `name` stands for it in what is said.
///
/// # Errors
/// As [`open`].
pub fn open_reader(
    name: &str,
    octets: impl Read + Send + 'static,
    options: &OpenOptions,
) -> Result<FileSource, SourceError> {
    let interfaces = Interfaces::default();
    let name = text::harmless(name).into_owned();
    let reader = reader(name, Box::new(octets), options.piece_len(1), &interfaces)?;
    Ok(FileSource::new(vec![reader], interfaces, Vec::new()))
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Finds out what an input is and makes the reader for it.
fn reader(
    name: String,
    octets: Box<dyn Read + Send>,
    piece_len: usize,
    interfaces: &Interfaces,
) -> Result<Reader, SourceError> {
    let mut window = Window::new(octets, piece_len);
    window.fill_to(MAGIC_LEN).map_err(|error| unreadable(&name, error))?;
    let mut compression = Compression::None;
    if let Announced::Compressed(found) = announced(window.available()) {
        compression = found;
        let Some(octets) = compression::decompressed(compression, window.into_input()) else {
            return Err(SourceError::new(format!(
                "cannot read {name}: it is compressed with {compression}, which this netlab was built without; decompress it first: {compression} -d"
            )));
        };
        window = Window::new(octets, piece_len);
        window.fill_to(MAGIC_LEN).map_err(|error| {
            if compression::is_of_the_system(&error) {
                return unreadable(&name, error);
            }
            let why = text::harmless(&error.to_string()).into_owned();
            SourceError::caused_by(
                format!("cannot read {name}: its {compression} data cannot be decompressed ({why})"),
                error,
            )
        })?;
    }
    let inside = if compression == Compression::None { "it" } else { "what is compressed in it" };
    let why = match announced(window.available()) {
        Announced::Capture(format) => {
            let summary = CaptureSummary::new(name, format, compression);
            return Reader::new(window, format, interfaces, summary);
        }
        Announced::Compressed(again) => {
            format!("{inside} is compressed once more, with {again}; decompress it first: {again} -d")
        }
        Announced::Foreign(what, way_out) => format!("{inside} is {what}; {way_out}"),
        Announced::Unknown if window.available().is_empty() => {
            format!("{inside} is empty; was it written by a capture that was not finished?")
        }
        Announced::Unknown => format!(
            "{inside} is not a capture: it begins with {}, neither pcap nor pcapng",
            spelled(window.available())
        ),
    };
    Err(SourceError::new(format!("cannot read {name}: {why}")))
}

/// The first octets of a file that is something else, as text if they are.
fn spelled(octets: &[u8]) -> String {
    let octets = &octets[..octets.len().min(MAGIC_LEN)];
    if octets.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' ') {
        format!("'{}'", text::harmless_octets(octets))
    } else {
        let hex: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        hex.join(" ")
    }
}

/// One or several captures, read as one. See [`open`].
#[derive(Debug)]
pub struct FileSource {
    readers: Vec<Reader>,
    interfaces: Interfaces,
    paths: Vec<PathBuf>,
    /// The files that have a packet ready, earliest first; not used with a single file.
    ready: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Remarks that belong to the ready packet of each file, oldest last.
    said: Vec<Vec<Remark>>,
    /// The files whose next packet is not known yet.
    behind: Vec<usize>,
    number: u64,
    failed: bool,
}

impl FileSource {
    fn new(readers: Vec<Reader>, interfaces: Interfaces, paths: Vec<PathBuf>) -> FileSource {
        let count = readers.len();
        FileSource {
            readers,
            interfaces,
            paths,
            ready: BinaryHeap::new(),
            said: vec![Vec::new(); count],
            behind: (0..count).rev().collect(),
            number: 0,
            failed: false,
        }
    }

    /// What a report says about each input, in the order of the inputs; complete once the source has ended.
    pub fn captures(&self) -> Vec<CaptureSummary> {
        self.readers.iter().map(|reader| reader.summary.clone()).collect()
    }

    /// The interfaces that were described so far.
    pub fn interfaces(&self) -> Interfaces {
        self.interfaces.clone()
    }

    /// The paths that are being read, without standard input.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// True if nothing is waited for: all inputs are plain files, none is a pipe or a terminal that others write to.
    pub fn is_all_there(&self) -> bool {
        let is_file = |metadata: io::Result<Metadata>| metadata.is_ok_and(|metadata| metadata.is_file());
        let stdin = || File::from(io::stdin().as_fd().try_clone_to_owned()?).metadata();
        let names_all = self.paths.len() == self.readers.len();
        (names_all || is_file(stdin())) && self.paths.iter().all(|path| is_file(path.metadata()))
    }

    /// Hands every packet and remark that is left to `each`, in the order of [`PacketSource::next_item`], until it breaks.
    /// The fastest way through a file: what is done with a packet becomes part of the loop that finds it.
    ///
    /// # Errors
    /// As [`PacketSource::next_item`].
    #[inline]
    pub fn for_each(&mut self, mut each: impl FnMut(Item<'_>) -> ControlFlow<()>) -> Result<(), SourceError> {
        loop {
            if let [reader] = &mut self.readers[..]
                && !self.failed
                && reader.each_in_window(&mut self.number, &mut each).is_break()
            {
                return Ok(());
            }
            let Some(item) = self.next_item()? else { return Ok(()) };
            if each(item).is_break() {
                return Ok(());
            }
        }
    }

    /// The next packet of the only file.
    #[inline]
    fn next_of_one(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        let next = self.number + 1;
        if let Some(mut place) = self.readers[0].next_in_window() {
            self.number = next;
            place.meta.number = next;
            return Ok(Some(Item::Packet(RawPacket { meta: place.meta, bytes: self.readers[0].octets(&place) })));
        }
        self.step_of_one(next)
    }

    /// The same where more must be read, or something is to be said.
    #[inline(never)]
    fn step_of_one(&mut self, next: u64) -> Result<Option<Item<'_>>, SourceError> {
        let reader = &mut self.readers[0];
        match reader.step() {
            Ok(Step::Packet) => {
                self.number = next;
                let mut packet = reader.packet();
                packet.meta.number = next;
                Ok(Some(Item::Packet(packet)))
            }
            Ok(Step::Remark(remark)) => Ok(Some(Item::Remark(numbered(remark, next)))),
            Ok(Step::End) => Ok(None),
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    /// The earliest packet of several files.
    fn next_of_many(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        // What a file says without a packet behind it is passed on at once; what belongs to a packet waits for its turn.
        while let Some(index) = self.behind.last().copied() {
            match self.readers[index].step() {
                Ok(Step::Packet) => {
                    self.behind.pop();
                    self.said[index].reverse();
                    self.ready.push(Reverse((self.readers[index].at(), index)));
                }
                Ok(Step::Remark(remark)) if remark.packet.is_some() => self.said[index].push(remark),
                Ok(Step::Remark(remark)) => return Ok(Some(Item::Remark(remark))),
                Ok(Step::End) => {
                    self.behind.pop();
                }
                Err(error) => {
                    self.failed = true;
                    return Err(error);
                }
            }
        }
        let Some(Reverse((_, index))) = self.ready.peek().copied() else { return Ok(None) };
        let next = self.number + 1;
        if let Some(remark) = self.said[index].pop() {
            return Ok(Some(Item::Remark(numbered(remark, next))));
        }
        self.ready.pop();
        self.behind.push(index);
        self.number = next;
        let mut packet = self.readers[index].packet();
        packet.meta.number = next;
        Ok(Some(Item::Packet(packet)))
    }
}

impl PacketSource for FileSource {
    #[inline]
    fn next_item(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        if self.failed {
            return Ok(None);
        }
        if self.readers.len() == 1 { self.next_of_one() } else { self.next_of_many() }
    }
}

/// A remark with the number of the packet it belongs to, if it belongs to one.
fn numbered(mut remark: Remark, next: u64) -> Remark {
    remark.packet = remark.packet.map(|_| next);
    remark
}
