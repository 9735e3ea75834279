//! Who made a network card: the registry of the IEEE, as a sorted table of prefixes of 24, 28 and 36 bits.
//!
//! `vendors.bin` is made by `cargo xtask vendors` from the IEEE's own lists; `vendors.md` beside it tells where they came
//! from, of which day, and under which terms. Its shape: the number of rows of each width (three times four octets, most
//! significant first); the rows of 24, of 28 and of 36 bits, each the prefix in five octets, left-aligned, and the offset
//! of its name in three; then the names, each after its length in one octet.

use crate::base::MacAddr;

static TABLE: &[u8] = include_bytes!("vendors.bin");

/// Octets of a row.
const ROW: usize = 8;
/// Widths of the prefixes in bits.
const WIDTHS: [u32; 3] = [24, 28, 36];

/// The holder of the longest registered prefix of `mac`. `None` for addresses that nobody registered, and for those that
/// were chosen locally (their first bits mean nothing).
pub fn of(mac: MacAddr) -> Option<&'static str> {
    if mac.is_local() || mac.is_group() {
        return None;
    }
    look_up(TABLE, mac)
}

fn look_up(table: &[u8], mac: MacAddr) -> Option<&str> {
    let mut counts = [0; 3];
    for (index, count) in counts.iter_mut().enumerate() {
        *count =
            table.get(index * 4..).and_then(|rest| rest.first_chunk()).map(|four| u32::from_be_bytes(*four))? as usize;
    }
    let rows = table.get(12..)?;
    let names = rows.get(counts.iter().sum::<usize>() * ROW..)?;
    let [a, b, c, d, e, _] = mac.octets();
    let bits = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    let mut start: usize = counts.iter().sum();
    for (width, count) in WIDTHS.into_iter().zip(counts).rev() {
        start -= count;
        let part = rows.get(start * ROW..(start + count) * ROW)?;
        let wanted = bits >> (40 - width) << (40 - width);
        if let Some(name) = search(part, wanted).and_then(|offset| name_at(names, offset)) {
            return Some(name);
        }
    }
    None
}

/// The offset of the name of the row with this prefix.
fn search(rows: &[u8], wanted: u64) -> Option<usize> {
    let (chunks, _) = rows.as_chunks::<ROW>();
    let prefix = |row: &[u8; ROW]| u64::from_be_bytes([0, 0, 0, row[0], row[1], row[2], row[3], row[4]]);
    let at = chunks.binary_search_by_key(&wanted, prefix).ok()?;
    let row = chunks[at];
    Some(u32::from_be_bytes([0, row[5], row[6], row[7]]) as usize)
}

fn name_at(names: &[u8], offset: usize) -> Option<&str> {
    let len = usize::from(*names.get(offset)?);
    std::str::from_utf8(names.get(offset + 1..offset + 1 + len)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_holders_are_found() {
        // Xerox holds the first number of all; the IANA one that documents use; 8c:1f:64 is sold in parts of 36 bits.
        assert_eq!(of(MacAddr([0, 0, 0, 0, 0, 1])), Some("XEROX CORPORATION"));
        assert!(of(MacAddr([0, 0, 0x5e, 0, 0x53, 1])).is_some_and(|name| name.contains("IANA")));
        assert!(of(MacAddr([0x8c, 0x1f, 0x64, 0xaf, 0xa0, 1])).is_some_and(|name| name.contains("DATA ELECTRONIC")));
        assert!(of(MacAddr([0xc8, 0x5c, 0xe2, 0x70, 0, 1])).is_some_and(|name| name.contains("SYNERGY")));
    }

    #[test]
    fn local_and_group_addresses_have_no_vendor() {
        assert_eq!(of(MacAddr([2, 0, 0, 0, 0, 1])), None);
        assert_eq!(of(MacAddr::BROADCAST), None);
    }

    #[test]
    fn the_table_is_sorted_and_every_name_is_text() {
        let counts: Vec<usize> = TABLE[..12]
            .chunks(4)
            .map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]) as usize)
            .collect();
        let names = &TABLE[12 + counts.iter().sum::<usize>() * ROW..];
        let mut start = 12;
        for count in counts {
            let (rows, rest) = TABLE[start..start + count * ROW].as_chunks::<ROW>();
            assert!(rest.is_empty() && rows.len() > 4000);
            assert!(rows.windows(2).all(|pair| pair[0][..5] < pair[1][..5]));
            for row in rows {
                let offset = u32::from_be_bytes([0, row[5], row[6], row[7]]) as usize;
                assert!(name_at(names, offset).is_some_and(|name| !name.chars().any(char::is_control)));
            }
            start += count * ROW;
        }
    }
}
