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
pub fn remarks(remarks: &[String], out: &mut Vec<u8>) {
    for remark in remarks {
        line(out, format_args!("  note: {remark}"));
    }
}

/// Appends a line without blanks at its end.
fn line(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let text = text.to_string();
    out.extend_from_slice(text.trim_end().as_bytes());
    out.push(b'\n');
}

/// A number with its power of two where that reads better: `256 (2^8)`, `2^64`.
fn count(count: Count) -> String {
    match count.exponent() {
        Some(exponent) if exponent > 32 => format!("2^{exponent} = {}", count.grouped()),
        Some(exponent) if exponent > 1 => format!("{} (2^{exponent})", count.grouped()),
        _ => count.grouped(),
    }
}
