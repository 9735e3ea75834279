//! Every capture of a folder, read by netlab and by capinfos. The folder is `NETLAB_CAPTURES`, else `../shared/captures`.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use netlab::base::Timestamp;
use netlab::capture::{self, CaptureSummary, OpenOptions};
use netlab::packet::PacketSource as _;

use crate::peers::{is_installed, skipped};

/// Captures about which capinfos and netlab are known to differ, and why.
const EXPLAINED: &[(&str, &str)] = &[
    ("atm-heapoverflow.pcap", "capinfos takes the ATM pseudo header off the length"),
    ("atm-oam-heapoverflow.pcap", "capinfos takes the ATM pseudo header off the length"),
    ("atm-oam-loopback-print-overrun.pcap", "that, and more than a million microseconds overflow in capinfos"),
    ("bgp_vpn_rt-oobr.pcap", "capinfos leaves times near 1970 out"),
    ("olsr-oobr-2.pcap", "capinfos leaves times near 1970 out"),
    ("pim_header_asan-2.pcap", "capinfos leaves times near 1970 out"),
    ("rx_serviceid_oobr.pcap", "more than a million microseconds overflow in capinfos"),
    ("timestamp_invalid_micro.pcap", "more than a million microseconds overflow in capinfos"),
    ("timestamp_invalid_nano.pcap", "more than a thousand million nanoseconds overflow in capinfos"),
];

#[test]
fn every_capture_of_the_folder_has_the_packets_octets_and_times_that_capinfos_finds() {
    let folder = std::env::var_os("NETLAB_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"), PathBuf::from);
    if !folder.is_dir() {
        // No program that could be installed is missing, only captures that others made.
        return eprintln!("skipped: there is no folder of captures; name one in NETLAB_CAPTURES");
    }
    if !is_installed("capinfos") {
        return skipped("capinfos is not installed");
    }
    let mut files = Vec::new();
    below(&folder, &mut files);
    let (mut compared, mut differing) = (0, Vec::new());
    for chunk in files.chunks(200) {
        let by_capinfos = capinfos(chunk);
        for file in chunk {
            // A file that capinfos refuses tells nothing; that netlab comes to an end with it is enough.
            let ours = summary(file);
            let Some(theirs) = by_capinfos.get(&file.display().to_string()) else { continue };
            match ours {
                Ok(ours) => {
                    compared += 1;
                    let ours = [
                        ours.packets.to_string(),
                        ours.octets.to_string(),
                        seconds(ours.first, &theirs[2]),
                        seconds(ours.last, &theirs[3]),
                    ];
                    let is_explained = EXPLAINED.iter().any(|(name, _)| file.ends_with(name));
                    if ours != *theirs && !is_explained {
                        differing.push(format!("{}: capinfos {theirs:?}, netlab {ours:?}", file.display()));
                    }
                }
                // Formats that are neither pcap nor pcapng are refused with the way to convert them.
                Err(sentence) if sentence.contains("convert it first: editcap") => {}
                Err(sentence) => differing.push(sentence),
            }
        }
    }
    assert!(differing.is_empty(), "{} of {compared}:\n{}", differing.len(), differing.join("\n"));
    assert!(compared > files.len() / 2, "only {compared} of {} files were compared", files.len());
}

/// What netlab finds in `file`.
fn summary(file: &Path) -> Result<CaptureSummary, String> {
    let mut source = capture::open(&[file], &OpenOptions::default()).map_err(|error| error.to_string())?;
    while source.next_item().map_err(|error| error.to_string())?.is_some() {}
    source.captures().pop().ok_or_else(|| "no summary".to_owned())
}

/// Packets, octets, first and last time that capinfos finds in each of `files` that it reads.
fn capinfos(files: &[PathBuf]) -> HashMap<String, [String; 4]> {
    let table = ["-M", "-T", "-r", "-S", "-c", "-d", "-a", "-e"];
    let output = Command::new("capinfos").args(table).args(files).output().expect("runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [file, values @ ..] = &fields[..] else { return None };
            let values: [&str; 4] = values.try_into().ok()?;
            Some(((*file).to_owned(), values.map(str::to_owned)))
        })
        .collect()
}

/// A time as capinfos prints it, with as many digits as in `like`; `n/a` where capinfos has none, as with packets that
/// have no time.
fn seconds(time: Option<Timestamp>, like: &str) -> String {
    match (time, like.split_once('.')) {
        (Some(time), Some((_, fraction))) => {
            let nanos = format!("{:09}", time.subsec_nanos());
            format!("{}.{}", time.seconds(), &nanos[..fraction.len().min(9)])
        }
        _ => like.to_owned(),
    }
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            below(&path, files);
        } else if path.extension().is_some_and(|extension| extension != "md") {
            files.push(path);
        }
    }
}
