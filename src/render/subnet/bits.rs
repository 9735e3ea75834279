//! The AND as bits: address above, mask below, network under the line, the border through all of them.

use std::net::IpAddr;

use unicode_width::UnicodeWidthStr as _;

use super::{BORDER, HOST, NETWORK, line, row_name};
use crate::lang::{Lang, tell};
use crate::render::style::{DIM, Paint};
use crate::subnet::{AndStep, Block, Family, and_steps, grouped};

/// Appends the AND of address and mask in whole.
pub(super) fn and(block: Block, paint: Paint, out: &mut Vec<u8>) {
    let rows = [("address", block.address()), ("mask", block.netmask()), ("network", block.network())];
    let width = rows.iter().map(|(_, address)| address.to_string().len()).max().unwrap_or_default();
    // 128 bits take two lines a row; each half is a picture of its own.
    let halves = if block.family() == Family::Ipv4 { 1 } else { 2 };
    for half in 0..halves {
        if half == 1 {
            out.push(b'\n');
        }
        for (index, (name, address)) in rows.iter().enumerate() {
            let (plain, painted) = bits(*address, block.prefix_len(), half, halves, paint);
            let shown = if half == 0 { address.to_string() } else { String::new() };
            let name = if half == 0 { *name } else { "" };
            if index == 2 {
                let rule = paint.text(&"-".repeat(plain.chars().count()), DIM);
                line(out, format_args!("  {:<9}{:width$}  {rule}", if half == 0 { "AND" } else { "" }, ""));
            }
            line(out, format_args!("  {}{shown:<width$}  {painted}", row_name(name, paint.lang())));
        }
    }
    caption(block, width, paint, out);
}

/// Appends one address as bits with the border of the block.
pub(super) fn row(name: &str, address: IpAddr, prefix_len: u8, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let halves = if address.is_ipv4() { 1 } else { 2 };
    for half in 0..halves {
        let (_, painted) = bits(address, prefix_len, half, halves, paint);
        let (name, shown) = if half == 0 { (name, address.to_string()) } else { ("", String::new()) };
        line(out, format_args!("  {}{shown:<width$}  {painted}", row_name(name, paint.lang())));
    }
}

/// Under the bits of IPv4: how many belong to which part.
fn caption(block: Block, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let (network_bits, host_bits) = (block.prefix_len(), block.host_bits());
    let lang = paint.lang();
    let (network, host) =
        (lang.count(u64::from(network_bits), "network bit"), lang.count(u64::from(host_bits), "host bit"));
    if block.family() == Family::Ipv4 {
        // Columns before the border: the bits and the dots between them.
        let before = usize::from(network_bits) + usize::from(network_bits.saturating_sub(1) / 8);
        let painted = (paint.text(&network, NETWORK), paint.text(&host, HOST));
        let lead = 11 + width + 2;
        // The words stand to both sides of the border if there is room for the left ones.
        if let Some(pad) = before.checked_sub(network.width() + 1) {
            let border = paint.text("|", BORDER);
            line(out, format_args!("{:lead$}{:pad$}{} {border} {}", "", "", painted.0, painted.1));
        } else {
            line(out, format_args!("{:lead$}{}, {}", "", painted.0, painted.1));
        }
    } else {
        line(
            out,
            format_args!("  {:<9}{:width$}  {}, {}", "", "", paint.text(&network, NETWORK), paint.text(&host, HOST)),
        );
    }
}

/// One half (or all) of the grouped bits, plain for measuring and painted for showing.
fn bits(address: IpAddr, prefix_len: u8, half: usize, halves: usize, paint: Paint) -> (String, String) {
    let text = grouped(address, prefix_len);
    let mut seen = 0;
    let wanted = 64 * half..if halves == 1 { 33 } else { 64 * (half + 1) };
    let (mut plain, mut painted) = (String::new(), String::new());
    let mut run = String::new();
    let flush = |run: &mut String, is_host: bool, painted: &mut String| {
        painted.push_str(&paint.text(run, if is_host { HOST } else { NETWORK }));
        run.clear();
    };
    let mut is_host = false;
    for c in text.chars() {
        let is_bit = c == '0' || c == '1';
        // A separator belongs to the half of the bit before it, the border too unless it stands before everything.
        let position = if is_bit { seen } else { seen.max(1) - 1 };
        if c == '|' {
            if wanted.contains(&position) {
                flush(&mut run, false, &mut painted);
                painted.push_str(&paint.text("|", BORDER));
                plain.push('|');
            }
            is_host = true;
            continue;
        }
        seen += usize::from(is_bit);
        let is_last_separator = !is_bit && seen == 64 && halves == 2;
        if wanted.contains(&position) && !is_last_separator {
            run.push(c);
            plain.push(c);
        }
    }
    if !run.is_empty() {
        flush(&mut run, is_host, &mut painted);
    }
    (plain, painted)
}

/// Appends the AND step by step: IPv4 octet by octet in decimal and bits, IPv6 group by group in hexadecimal.
pub(super) fn steps(block: Block, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let steps = and_steps(block);
    for step in &steps {
        match block.family() {
            Family::Ipv4 => {
                let cell = |octet: u16| format!("{octet:>3} {}", split(octet, step, paint));
                line(
                    out,
                    tell!(
                        lang,
                        "  octet {}  {} AND {} = {}  {}",
                        step.number,
                        cell(step.address),
                        cell(step.mask),
                        cell(step.network),
                        reason(step, lang)
                    ),
                );
            }
            Family::Ipv6 => line(
                out,
                tell!(
                    lang,
                    "  group {}  {} AND {} = {}  {}",
                    step.number,
                    format_args!("{:04x}", step.address),
                    format_args!("{:04x}", step.mask),
                    format_args!("{:04x}", step.network),
                    reason(step, lang)
                ),
            ),
        }
    }
}

/// The bits of one octet, painted by part; the border is the change of colour, or `|` where it runs through.
fn split(octet: u16, step: &AndStep, paint: Paint) -> String {
    let text = format!("{octet:08b}");
    let (network, host) = text.split_at(usize::from(step.network_bits.min(8)));
    let inside = step.network_bits > 0 && step.network_bits < 8;
    let border = if inside { paint.text("|", BORDER) } else { String::new() };
    let paint_part = |part: &str, style| if part.is_empty() { String::new() } else { paint.text(part, style) };
    // Octets that the border does not cross get a blank in its place, so that the columns stay.
    let blank = if inside { "" } else { " " };
    format!("{}{border}{}{blank}", paint_part(network, NETWORK), paint_part(host, HOST))
}

fn reason(step: &AndStep, lang: Lang) -> String {
    if step.network_bits == step.bits {
        lang.say("all ones: kept").to_owned()
    } else if step.network_bits == 0 {
        lang.say("all zeros: cleared").to_owned()
    } else {
        let kept = step.network_bits;
        let host = step.bits - kept;
        tell!(lang, "the border: {} kept, {} cleared", lang.count(u64::from(kept), "bit"), host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::subnet::parse;

    fn text(block: &str, write: fn(Block, Paint, &mut Vec<u8>)) -> String {
        let block = parse::block(block, None, Default::default()).expect(block).block;
        let mut out = Vec::new();
        write(block, Paint::new(false), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn the_borders_of_all_rows_stand_under_each_other() {
        for block in [
            "192.0.2.130/26",
            "10.1.2.3/8",
            "10.0.0.1/0",
            "192.0.2.1/32",
            "2001:db8::1/52",
            "2001:db8::1/64",
            "2001:db8::1/80",
        ] {
            let text = text(block, and);
            let columns: Vec<_> = text.lines().filter_map(|line| line.find('|')).collect();
            assert!((3..=4).contains(&columns.len()), "{text}");
            assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        }
    }

    #[test]
    fn each_bit_of_an_ipv6_address_is_printed_once() {
        let text = text("2001:db8::1/64", and);
        let first: String = text.lines().take(1).chain(text.lines().skip(5).take(1)).map(|line| &line[20..]).collect();
        let digits = first.chars().filter(|c| matches!(c, '0' | '1')).count();
        assert!(digits >= 128, "{text}");
    }
}
