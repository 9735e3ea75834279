//! Subnet sums as text, tables and JSON.

mod bits;
mod describe;
mod kinds;
mod lists;
mod same;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

pub use describe::{description, summary};
pub use kinds::{kinds, kinds_of};
pub use lists::{Listing, blocks, comparison, plan, spans};
pub use same::decision;

use super::page::pad;
use super::style::Paint;
use crate::lang::{Lang, tell};
use crate::subnet::Count;

/// The network part of addresses.
const NETWORK: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));
/// The host part of addresses.
const HOST: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
/// The border between them.
const BORDER: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red))).bold();

/// The width of tables that hold addresses: cutting one in two would hurt more than a long line.
const NO_WRAPPING: usize = usize::MAX;

/// Appends a result as one line of JSON.
pub fn json(value: &impl Serialize, out: &mut Vec<u8>) {
    // The results have string keys only and no floats, so they always serialize; memory takes any number of octets.
    let _ = serde_json::to_writer(&mut *out, value);
    out.push(b'\n');
}

/// Appends remarks, each a line.
pub fn remarks(remarks: &[String], paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    for remark in remarks {
        line(out, tell!(lang, "  note: {}", lang.retell(remark)));
    }
}

/// Appends a line without blanks at its end.
fn line(out: &mut Vec<u8>, text: impl std::fmt::Display) {
    let text = text.to_string();
    out.extend_from_slice(text.trim_end().as_bytes());
    out.push(b'\n');
}

/// The name of a row of bits, in the nine columns before them.
fn row_name(name: &str, lang: Lang) -> String {
    pad(if name.is_empty() { name } else { lang.say(name) }, 9)
}

/// A number with its power of two where that reads better: `256 (2^8)`, `2^64`.
fn count(count: Count) -> String {
    match count.exponent() {
        Some(exponent) if exponent > 32 => format!("2^{exponent} = {}", count.grouped()),
        Some(exponent) if exponent > 1 => format!("{} (2^{exponent})", count.grouped()),
        _ => count.grouped(),
    }
}

/// A number for a column: past 2^32 as a power of two, or as what it lacks to one (`2^64 - 100`).
fn short(count: Count) -> String {
    let Some(number) = count.as_u128().filter(|number| *number > 1 << 32) else {
        return count.exponent().map_or_else(
            || count.grouped(),
            |exponent| match exponent {
                128 => "2^128".to_owned(),
                _ => count.grouped(),
            },
        );
    };
    let exponent = 128 - (number - 1).leading_zeros();
    let lacking = if exponent == 128 { u128::MAX - number + 1 } else { (1 << exponent) - number };
    match lacking {
        0 => format!("2^{exponent}"),
        lacking if lacking < 1 << 32 => format!("2^{exponent} - {lacking}"),
        _ => count.grouped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_powers_of_two_or_what_lacks_to_one() {
        let cases = [
            (Count::new(254), "254"),
            (Count::power_of_two(32), "4,294,967,296"),
            (Count::power_of_two(64), "2^64"),
            (Count::power_of_two(64).less(100), "2^64 - 100"),
            (Count::power_of_two(128), "2^128"),
            (Count::power_of_two(128).less(2), "2^128 - 2"),
            (Count::new(3 << 40), "3,298,534,883,328"),
        ];
        for (number, text) in cases {
            assert_eq!(short(number), text);
        }
    }
}
