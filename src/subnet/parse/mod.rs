//! The input forms. What is accepted, and a [`Refusal`] with the probable meaning for everything else.
//!
//! | form | means |
//! |---|---|
//! | `192.0.2.10`, `2001:db8::1` | one address: /32 or /128; no mask is ever guessed from a class |
//! | `192.0.2.10/24`, `2001:db8::1/64` | address with prefix length |
//! | `192.0.2.10/255.255.255.0`, `192.0.2.10 255.255.255.0` | address with mask |
//! | `192.0.2.10/0xffffff00`, `0xc000020a/24` | mask or address in hexadecimal |
//! | `192.0.2.0/0.0.0.255` | address with wildcard, only if [`MaskStyle::Wildcard`] was asked for |
//! | `192.0.2.5-192.0.2.9`, `192.0.2.5+5` | where a range is welcome: from one address to another, or that many from one on |
//! | `fe80::1%eth0` | the zone is put aside (RFC 4007 §11) |

mod address;
mod mask;

use std::net::IpAddr;

pub use address::address;
pub use mask::{MaskStyle, mask};

use super::{Block, Family, Refusal, Span};
use crate::base::text::harmless;

/// A block as it was read, with what deserves to be said about the reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What was typed, made harmless.
    pub input: String,
    /// The address with its prefix length.
    pub block: Block,
    /// True if a prefix length or mask was given, false if a single address was.
    pub has_mask: bool,
    /// Sentences about the reading.
    pub remarks: Vec<String>,
}

/// Reads an address with its prefix length or mask, which may stand after a slash or apart in `mask_text`.
///
/// # Errors
/// When the text is in none of the forms above.
pub fn block(text: &str, mask_text: Option<&str>, style: MaskStyle) -> Result<Parsed, Refusal> {
    let text = text.trim();
    let shown = harmless(text);
    if let Some((before, after)) = text.split_once('\\') {
        return Err(Refusal::new(format!("'{shown}' has a backslash before its length")).meant(format!(
            "{}/{}",
            harmless(before),
            harmless(after)
        )));
    }
    if text.contains("://") {
        return address(text, &mut Vec::new()).map(|address| Parsed {
            input: shown.into_owned(),
            block: Block::host(address),
            has_mask: false,
            remarks: Vec::new(),
        });
    }
    let mut pieces = text.split('/');
    let address_text = pieces.next().unwrap_or_default();
    let slash_text = pieces.next();
    if pieces.next().is_some() {
        return Err(
            Refusal::new(format!("'{shown}' has more than one slash")).hint("write address/length, as in 192.0.2.0/24")
        );
    }
    if let (Some(slash), Some(apart)) = (slash_text, mask_text) {
        return Err(Refusal::new(format!(
            "'{shown}' already has a length, and '{}' would be a second one",
            harmless(apart)
        ))
        .meant(format!("{}/{}", harmless(address_text), harmless(slash)))
        .meant(format!("{} {}", harmless(address_text), harmless(apart)))
        .hint("give several addresses each with its own /length, or on standard input with '-'"));
    }
    if address_text.is_empty() && slash_text.is_some() {
        return Err(Refusal::new(format!("'{shown}' has a length but no address")).hint("write it as 192.0.2.0/24"));
    }
    if let Some(range) = range_sign(text) {
        return Err(range_refusal(text, range));
    }
    let suffix = slash_text.map(|slash| format!("/{}", harmless(slash))).unwrap_or_default();
    let mut remarks = Vec::new();
    let address = address(address_text, &mut remarks)
        .map_err(|refusal| refusal.map_meant(|reading| format!("{reading}{suffix}")))?;
    let family = Family::of(address);
    let given = slash_text.or(mask_text);
    let prefix_len = match given {
        None => {
            remarks.push(format!("no mask was given, so this is one single address, /{}", family.bits()));
            family.bits()
        }
        Some(given) => mask(given, family, style).map_err(|refusal| {
            // A bare prefix length goes back behind its address; readings of other kinds already say all.
            refusal.map_meant(|reading| match reading.strip_prefix('/') {
                Some(len) => format!("{}/{len}", harmless(address_text)),
                None => reading.to_owned(),
            })
        })?,
    };
    let block = Block::new(address, prefix_len)
        .ok_or_else(|| Refusal::new(format!("'{shown}': an {family} address has only {} bits", family.bits())))?;
    Ok(Parsed { input: shown.into_owned(), block, has_mask: given.is_some(), remarks })
}

/// Reads a block as a network: host bits are cleared and that is said among the remarks.
///
/// # Errors
/// As [`block`].
pub fn network(text: &str, mask_text: Option<&str>, style: MaskStyle) -> Result<Parsed, Refusal> {
    let mut parsed = block(text, mask_text, style)?;
    parsed.remarks.retain(|remark| !remark.starts_with("no mask"));
    if parsed.block.has_host_bits() {
        let network = parsed.block.truncated();
        parsed.remarks.push(format!("{} has host bits set; its network {network} was taken", parsed.block));
        parsed.block = network;
    }
    Ok(parsed)
}

/// Reads a block or a range; host bits of a block are cleared and that is said.
///
/// # Errors
/// As [`block`], and when the ends of a range do not fit together.
pub fn span(text: &str, remarks: &mut Vec<String>) -> Result<Span, Refusal> {
    let text = text.trim();
    if let Some((first, sign, second)) = range_sign(text) {
        return match sign {
            '+' => counted(first, second, remarks),
            _ => from_to(first, second, remarks),
        };
    }
    let parsed = network(text, None, MaskStyle::Mask)?;
    remarks.extend(parsed.remarks);
    Ok(Span::from(parsed.block))
}

/// Reads two addresses as the ends of a range.
///
/// # Errors
/// When one of them is not an address, they are of two families, or the second comes before the first.
pub fn from_to(first: &str, last: &str, remarks: &mut Vec<String>) -> Result<Span, Refusal> {
    let (first_shown, last_shown) = (harmless(first.trim()).into_owned(), harmless(last.trim()).into_owned());
    let start = address(first, remarks)?;
    // 192.0.2.10-20, as scanners write it.
    if let (IpAddr::V4(start), Ok(octet)) = (start, last.trim().parse::<u8>()) {
        let [a, b, c, _] = start.octets();
        return Err(Refusal::new(format!("'{last_shown}' is not a whole address, and a range ends with one"))
            .meant(format!("{start}-{a}.{b}.{c}.{octet}"))
            .meant(format!("{start}+{octet}")));
    }
    let end = address(last, remarks)?;
    Span::new(start, end).ok_or_else(|| {
        if Family::of(start) == Family::of(end) {
            Refusal::new(format!("the range {first_shown}-{last_shown} runs backwards")).meant(format!("{end}-{start}"))
        } else {
            Refusal::new(format!("the range {first_shown}-{last_shown} begins in one family and ends in the other"))
                .hint("a range is all IPv4 or all IPv6")
        }
    })
}

/// Reads `count` addresses from `first` on.
fn counted(first: &str, count: &str, remarks: &mut Vec<String>) -> Result<Span, Refusal> {
    let start = address(first, remarks)?;
    let shown = harmless(count.trim());
    let count: u128 = count.trim().parse().map_err(|_| {
        Refusal::new(format!("'{shown}' is not a number of addresses")).hint("write it as 192.0.2.5+10: ten addresses")
    })?;
    if count == 0 {
        return Err(Refusal::new(format!("{start}+0 is a range of no addresses")).meant(format!("{start}+1")));
    }
    let family = Family::of(start);
    let last = Family::number(start).checked_add(count - 1).filter(|last| *last <= family.largest());
    let last = last.ok_or_else(|| {
        Refusal::new(format!(
            "{start}+{shown} runs past the end of {family}, which is {}",
            family.address(family.largest())
        ))
    })?;
    Span::new(start, family.address(last)).ok_or_else(|| Refusal::new(format!("'{shown}' is too many")))
}

/// The two sides of a range and the sign between them. A hyphen inside a name is no range: what stands before it must
/// look like an address.
fn range_sign(text: &str) -> Option<(&str, char, &str)> {
    if text.contains('/') || text.contains('%') {
        return None;
    }
    let (position, sign) = text.char_indices().find(|(_, c)| matches!(c, '-' | '\u{2013}' | '+'))?;
    let (first, second) = (&text[..position], &text[position + sign.len_utf8()..]);
    let looks_right = first.contains('.') || first.contains(':');
    let digits = first.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | ' '));
    (looks_right && digits).then_some((first, if sign == '+' { '+' } else { '-' }, second))
}

/// A range where one block is wanted.
fn range_refusal(text: &str, (first, sign, second): (&str, char, &str)) -> Refusal {
    let shown = harmless(text);
    let read =
        if sign == '+' { counted(first, second, &mut Vec::new()) } else { from_to(first, second, &mut Vec::new()) };
    match read {
        Err(refusal) => refusal,
        Ok(span) => match span.as_block() {
            Some(block) => {
                Refusal::new(format!("'{shown}' is a range, and one block is wanted here")).meant(block.to_string())
            }
            None => {
                let count = span.blocks().count();
                Refusal::new(format!("'{shown}' is a range that takes {count} blocks, and one is wanted here"))
                    .hint(format!("'netlab subnet range {}-{}' lists them", span.first(), span.last()))
            }
        },
    }
}

#[cfg(test)]
mod tests;
