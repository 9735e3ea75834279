//! `cargo xtask vendors`: the IEEE's lists of MAC address prefixes become the sorted table that netlab looks vendors up in.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::Args;

/// Arguments of `vendors`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder with the IEEE's lists: oui.csv (MA-L), mam.csv or oui28.csv (MA-M), oui36.csv (MA-S), iab.csv (old blocks)
    folder: PathBuf,
}

/// The lists, under the names that they are found by.
const LISTS: [&[&str]; 4] = [&["oui.csv"], &["mam.csv", "oui28.csv"], &["oui36.csv"], &["iab.csv"]];
/// Longer names are cut: a table is no place for an address.
const LONGEST_NAME: usize = 64;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // By width in hexadecimal digits, then by prefix. An older list does not overwrite a newer one.
    let mut rows: BTreeMap<usize, BTreeMap<u64, String>> = BTreeMap::new();
    for names in LISTS {
        let file = names.iter().map(|name| arguments.folder.join(name)).find(|file| file.exists());
        let file = file.with_context(|| format!("{} has no {}", arguments.folder.display(), names.join(" or ")))?;
        let mut reader = csv::Reader::from_path(&file).with_context(|| format!("cannot read {}", file.display()))?;
        for record in reader.byte_records() {
            let record = record?;
            let field = |index: usize| String::from_utf8_lossy(record.get(index).unwrap_or_default()).trim().to_owned();
            let (prefix, name) = (field(1), clean(&field(2)));
            let bits = u64::from_str_radix(&prefix, 16).with_context(|| format!("{prefix} in {}", file.display()))?;
            ensure!(matches!(prefix.len(), 6 | 7 | 9), "{prefix} in {} has no known width", file.display());
            // A block that is sold on in smaller parts says nothing about its users.
            if name.is_empty() || name == "IEEE Registration Authority" {
                continue;
            }
            rows.entry(prefix.len()).or_default().entry(bits << (40 - 4 * prefix.len())).or_insert(name);
        }
    }
    let mut names = Vec::new();
    let mut offsets: BTreeMap<&str, usize> = BTreeMap::new();
    let mut table = Vec::new();
    for width in [6, 7, 9] {
        table.extend((rows.get(&width).map_or(0, BTreeMap::len) as u32).to_be_bytes());
    }
    for (prefix, name) in rows.values().flatten() {
        let offset = *offsets.entry(name).or_insert_with(|| {
            let offset = names.len();
            names.push(name.len() as u8);
            names.extend_from_slice(name.as_bytes());
            offset
        });
        ensure!(offset < 1 << 24, "the names do not fit into offsets of three octets");
        table.extend_from_slice(&prefix.to_be_bytes()[3..]);
        table.extend_from_slice(&(offset as u32).to_be_bytes()[1..]);
    }
    table.extend_from_slice(&names);
    let target = super::root().join("src/analysis/hosts/vendors.bin");
    fs::write(&target, &table).with_context(|| format!("cannot write {}", target.display()))?;
    for (width, rows) in &rows {
        println!("{} prefixes of {} bits", rows.len(), width * 4);
    }
    println!("{} names, {} octets in {}", offsets.len(), table.len(), target.display());
    Ok(())
}

/// One line without control characters, cut at a character if it is too long.
fn clean(name: &str) -> String {
    let mut clean: String = name
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    while clean.len() > LONGEST_NAME {
        clean.pop();
    }
    clean.trim_end().to_owned()
}
