//! Every capture of a folder, read by netlab and by capinfos. The folder is `NETLAB_CAPTURES`, else `../shared/captures`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use netlab::capture::{self, OpenOptions};
use netlab::packet::{Item, PacketSource, RemarkKind};

use crate::peers::{is_installed, skipped};

#[test]
fn every_capture_of_the_folder_has_as_many_packets_as_capinfos_counts() {
    let folder = std::env::var_os("NETLAB_CAPTURES")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/captures"), PathBuf::from);
    if !folder.is_dir() {
        return skipped("there is no folder of captures; name one in NETLAB_CAPTURES");
    }
    if !is_installed("capinfos") {
        return skipped("capinfos is not installed");
    }
    let mut files = Vec::new();
    below(&folder, &mut files);
    let mut differing = Vec::new();
    for chunk in files.chunks(200) {
        let counted = capinfos(chunk);
        for (file, expected) in chunk.iter().zip(counted) {
            let found = count(file);
            // Formats that are neither pcap nor pcapng are refused with the way to convert them.
            let is_foreign = found.as_ref().is_err_and(|sentence| sentence.contains("convert it first: editcap"));
            if let Some(expected) = expected
                && found != Ok(expected)
                && !is_foreign
            {
                differing.push(format!("{}: capinfos {expected:?}, netlab {found:?}", file.display()));
            }
        }
    }
    assert!(differing.is_empty(), "{} of {}:\n{}", differing.len(), files.len(), differing.join("\n"));
}

/// Packets of `file` and whether it is damaged.
fn count(file: &Path) -> Result<(u64, bool), String> {
    let mut source = capture::open(&[file], &OpenOptions::default()).map_err(|error| error.to_string())?;
    let (mut packets, mut damaged) = (0, false);
    while let Some(item) = source.next_item().map_err(|error| error.to_string())? {
        match item {
            Item::Packet(_) => packets += 1,
            Item::Remark(remark) => damaged |= remark.kind == RemarkKind::Damage,
            Item::Idle => {}
        }
    }
    Ok((packets, damaged))
}

/// What capinfos counts in each of `files`; `None` where it refuses the file.
fn capinfos(files: &[PathBuf]) -> Vec<Option<(u64, bool)>> {
    let output = Command::new("capinfos").args(["-C", "-M", "-T", "-r", "-c"]).args(files).output().expect("runs");
    let lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    files
        .iter()
        .map(|file| {
            let name = file.display().to_string();
            let line = lines.iter().find(|line| line.starts_with(&format!("{name}\t")))?;
            let packets = line.rsplit('\t').next()?.parse().ok()?;
            Some((packets, complaints.contains(&name)))
        })
        .collect()
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
