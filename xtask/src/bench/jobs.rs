//! What is measured: each job with the programs that do it.

use std::path::{Path, PathBuf};

use netlab::capture::{self, Format, OpenOptions, WriteOptions, Writer};
use netlab::packet::{Item, PacketSource as _};

/// The captures, each with its number of packets.
pub struct Captures {
    /// Large packets of long connections.
    pub large: (PathBuf, u64),
    /// Small packets of many flows.
    pub small: (PathBuf, u64),
    /// The large packets in the other format.
    pub pcapng: (PathBuf, u64),
    /// Few packets, for programs that take long.
    pub slice: (PathBuf, u64),
}

/// Work that several programs can do.
pub struct Job {
    pub name: String,
    pub packets: u64,
    pub rows: Vec<Row>,
}

/// One program's way to do it.
pub struct Row {
    pub title: String,
    pub kind: Kind,
    /// True for the row that the others are compared with.
    pub is_ours: bool,
    /// True if an exit status other than zero is no failure.
    pub may_fail: bool,
}

/// How it is run.
pub enum Kind {
    /// A program and its arguments.
    Program(PathBuf, Vec<String>),
    /// netlab's library, within this process.
    Library(Box<dyn Fn() -> anyhow::Result<()>>),
}

/// All jobs.
pub fn all(netlab: &Path, captures: &Captures, folder: &Path) -> Vec<Job> {
    let out = folder.join("out.pcap");
    let mut jobs = Vec::new();
    for (what, (file, packets)) in [("large packets", &captures.large), ("small packets", &captures.small)] {
        let job = |name: &str, rows| Job { name: format!("{name}, {what}"), packets: *packets, rows };
        jobs.push(job(
            "read every packet",
            vec![
                library("netlab's library", {
                    let file = file.clone();
                    move || count(&file)
                }),
                peer("capinfos -c FILE", file, &out),
            ],
        ));
        jobs.push(job(
            "copy",
            vec![
                library("netlab's library", {
                    let (file, out) = (file.clone(), out.clone());
                    move || copy(&file, &out)
                }),
                peer("tcpdump -r FILE -w OUT", file, &out),
                peer("editcap -F pcap FILE OUT", file, &out),
            ],
        ));
        jobs.push(job(
            "one line a packet",
            vec![
                ours(netlab, "read --plain FILE", file, &out),
                ours(netlab, "read FILE", file, &out),
                peer("tcpdump -nn -r FILE", file, &out),
                peer("tcpdump -nn -q -r FILE", file, &out),
            ],
        ));
        jobs.push(job(
            "filter and write",
            vec![
                ours(netlab, "read FILE -w OUT tcp port 80", file, &out),
                peer("tcpdump -r FILE -w OUT tcp port 80", file, &out),
            ],
        ));
        jobs.push(job(
            "filter and count",
            vec![
                ours(netlab, "read FILE --count tcp port 80", file, &out),
                peer("tcpdump --count -r FILE tcp port 80", file, &out),
            ],
        ));
        jobs.push(job(
            "report of connections",
            vec![
                ours(netlab, "analyze FILE", file, &out),
                peer("tcptrace -n FILE", file, &out),
                peer("tcptrace -n -l -r FILE", file, &out),
            ],
        ));
    }
    let (file, packets) = &captures.pcapng;
    let job = |name: &str, rows| Job { name: format!("{name}, pcapng"), packets: *packets, rows };
    jobs.push(job(
        "filter and write",
        vec![
            ours(netlab, "read FILE -w OUT --format pcap tcp port 80", file, &out),
            peer("tcpdump -r FILE -w OUT tcp port 80", file, &out),
        ],
    ));
    jobs.push(job(
        "filter and count",
        vec![
            ours(netlab, "read FILE --count tcp port 80", file, &out),
            peer("tcpdump --count -r FILE tcp port 80", file, &out),
        ],
    ));
    let (file, packets) = &captures.slice;
    let job = |name: &str, rows| Job { name: name.to_owned(), packets: *packets, rows };
    jobs.push(job(
        "one line a packet, against tshark",
        vec![
            ours(netlab, "read --plain FILE", file, &out),
            ours(netlab, "read FILE", file, &out),
            peer("tshark -n -r FILE", file, &out),
        ],
    ));
    jobs.push(job(
        "JSON Lines",
        vec![
            ours(netlab, "read --jsonl --plain FILE", file, &out),
            ours(netlab, "read --jsonl FILE", file, &out),
            peer("tshark -n -T ek -r FILE", file, &out),
        ],
    ));
    jobs.push(job(
        "report of connections, against tshark",
        vec![
            ours(netlab, "analyze FILE", file, &out),
            peer("tshark -n -q -z io,phs -z conv,tcp -z conv,udp -r FILE", file, &out),
            peer("tshark -n -T fields -e frame.number -e tcp.stream -e tcp.analysis.flags -e tcp.analysis.ack_rtt -r FILE", file, &out),
        ],
    ));
    jobs.push(Job {
        name: "start".to_owned(),
        packets: 1,
        rows: vec![
            ours(netlab, "--version", file, &out),
            peer("tcpdump --version", file, &out),
            peer("tshark --version", file, &out),
        ],
    });
    jobs
}

fn ours(netlab: &Path, line: &str, file: &Path, out: &Path) -> Row {
    let kind = Kind::Program(netlab.to_owned(), words(line, file, out));
    Row { title: format!("netlab {line}"), kind, is_ours: true, may_fail: false }
}

fn peer(line: &str, file: &Path, out: &Path) -> Row {
    let mut words = words(line, file, out);
    let program = words.remove(0);
    // Some peers warn by their status of what they find in a capture.
    Row { title: line.to_owned(), kind: Kind::Program(program.into(), words), is_ours: false, may_fail: true }
}

fn library(title: &str, work: impl Fn() -> anyhow::Result<()> + 'static) -> Row {
    Row { title: title.to_owned(), kind: Kind::Library(Box::new(work)), is_ours: true, may_fail: false }
}

/// The words of a command line with the files put in.
fn words(line: &str, file: &Path, out: &Path) -> Vec<String> {
    line.split(' ')
        .map(|word| match word {
            "FILE" => file.display().to_string(),
            "OUT" => out.display().to_string(),
            word => word.to_owned(),
        })
        .collect()
}

/// Goes through all packets.
fn count(file: &Path) -> anyhow::Result<()> {
    let mut source = capture::open(&[file], &OpenOptions::default())?;
    let mut octets = 0;
    while let Some(item) = source.next_item()? {
        if let Item::Packet(raw) = item {
            octets += raw.bytes.len();
        }
    }
    std::hint::black_box(octets);
    Ok(())
}

/// Writes all packets into another file.
fn copy(file: &Path, out: &Path) -> anyhow::Result<()> {
    copy_as(Format::Pcap, file, out)
}

/// Writes all packets into another file of a format.
pub fn copy_as(format: Format, file: &Path, out: &Path) -> anyhow::Result<()> {
    let mut source = capture::open(&[file], &OpenOptions::default())?;
    let options = WriteOptions { format: Some(format), interfaces: source.interfaces(), ..WriteOptions::default() };
    let mut writer = Writer::create(out, options)?;
    while let Some(item) = source.next_item()? {
        if let Item::Packet(raw) = item {
            writer.packet(&raw, &[""; 0])?;
        }
    }
    writer.finish()?;
    Ok(())
}
