//! The field tree of `-V`: every layer, every field with its octets, its value and the section that defines it.
//!
//! ```text
//!   ipv4            192.0.2.1 → 192.0.2.2, tcp, TTL 64
//!     version                             14 bits 0–3       4                    RFC 791 §3.1
//!     source                              26–29             192.0.2.1            RFC 791 §3.1
//! ```
//!
//! Octets are counted from the start of the frame, from 0; bits from the most significant of the first octet named.

use std::io::Write as _;
use std::ops::Range;

use unicode_width::UnicodeWidthStr as _;

use super::style::{DIM, HEADING, Paint};
use super::words;
use crate::wire::checksum::{self, Checksum};
use crate::wire::describe::{self, FieldValue, Value};
use crate::wire::{Frame, Layer};

/// Columns of the label, the octets and the value.
const LABEL: usize = 36;
const OCTETS: usize = 18;
const VALUE: usize = 36;
/// Octets of a value that are spelled out; the octets themselves are in `-X`.
const SPELLED: usize = 24;

/// Appends the tree of a frame: layers, payload, trailer and what was wrong. Issues in `frame` are told in words.
pub fn tree(frame: &Frame<'_>, paint: Paint, out: &mut Vec<u8>) {
    for (index, located) in frame.layers().iter().enumerate() {
        let range = located.start as usize..(located.start + located.header_len) as usize;
        let mut summary = String::new();
        // Writing into a string cannot fail.
        let _ = describe::summary(&located.layer, &mut summary);
        headline(located.layer.name(), &range, &summary, paint, out);
        let sum = checksum::of_layer(frame, index);
        describe::visit(located, &mut |value| line(&value, sum, paint, out));
        if let Some(quoted) = quoted(&located.layer) {
            quoted_tree(&quoted, located.start as usize, paint, out);
        }
    }
    rest(frame, paint, out);
    for issue in frame.issues() {
        let _ = writeln!(out, "  ! {}", words::issue(issue));
    }
}

fn headline(name: &str, range: &Range<usize>, summary: &str, paint: Paint, out: &mut Vec<u8>) {
    let octets = range_text(range);
    let _ = write!(out, "  {}", paint.text(name, HEADING));
    spaces(out, 28_usize.saturating_sub(name.width()));
    let _ = write!(out, "{}", paint.text(&octets, DIM));
    if !summary.is_empty() {
        spaces(out, 12_usize.saturating_sub(octets.width()));
        let _ = write!(out, "{summary}");
    }
    out.push(b'\n');
}

fn line(value: &FieldValue<'_>, sum: Option<Checksum>, paint: Paint, out: &mut Vec<u8>) {
    let field = value.field;
    let indent = 4 + 2 * usize::from(field.depth);
    spaces(out, indent);
    let _ = write!(out, "{}", field.label);
    spaces(out, (4 + LABEL).saturating_sub(indent + field.label.width()).max(1));
    let octets = octets_text(value);
    let _ = write!(out, "{}", paint.text(&octets, DIM));
    spaces(out, OCTETS.saturating_sub(octets.width()).max(1));
    let mut text = text_of(value);
    if field.name.ends_with(".checksum") && value.meaning.is_empty() {
        text.push_str(match sum {
            Some(Checksum::Good) => " (good)",
            Some(Checksum::Bad) => " (wrong)",
            Some(Checksum::Partial) => " (of the pseudo-header only: the card fills in the rest)",
            Some(Checksum::Absent) => " (cannot be judged here)",
            None => "",
        });
    }
    let _ = write!(out, "{text}");
    spaces(out, VALUE.saturating_sub(text.width()).max(2));
    let _ = writeln!(out, "{}", paint.text(field.section, DIM));
}

fn text_of(value: &FieldValue<'_>) -> String {
    match value.value {
        Value::Octets(octets) if octets.len() > SPELLED => {
            let head = FieldValue { value: Value::Octets(&octets[..SPELLED]), meaning: "", ..*value };
            format!("{}… ({} octets)", head.raw(), octets.len())
        }
        _ => value.to_string(),
    }
}

/// `14`, `26–29`, `14 bits 0–3`; nothing for a value that follows from others.
fn octets_text(value: &FieldValue<'_>) -> String {
    if value.len == 0 {
        return String::new();
    }
    let octets = range_text(&(value.start as usize..(value.start + value.len) as usize));
    match value.bits {
        None => octets,
        Some(bits) if bits.count == 1 => format!("{octets} bit {}", bits.first),
        Some(bits) => format!("{octets} bits {}–{}", bits.first, bits.first + bits.count - 1),
    }
}

/// The octets of a range by their first and last; nothing for an empty one.
fn range_text(range: &Range<usize>) -> String {
    match range.len() {
        0 => String::new(),
        1 => range.start.to_string(),
        _ => format!("{}–{}", range.start, range.end - 1),
    }
}

/// What no layer reads: payload, and what follows the packet in the frame.
fn rest(frame: &Frame<'_>, paint: Paint, out: &mut Vec<u8>) {
    let range = frame.payload_range();
    if frame.payload_len() > 0 {
        let mut summary = octets_count(frame.payload_len() as usize);
        if range.len() < frame.payload_len() as usize {
            summary.push_str(&format!(", {} captured", octets_count(range.len())));
        }
        headline("payload", &range, &summary, paint, out);
    }
    let trailer = frame.trailer_len() as usize;
    if trailer > 0 {
        let end = frame.bytes().len();
        let start = (frame.wire_len() as usize).max(end).saturating_sub(trailer).min(end);
        let summary = format!("{} after the packet: padding, or added by the link", octets_count(trailer));
        headline("trailer", &(start..end), &summary, paint, out);
    }
}

/// The packet that an ICMP error quotes, and where it begins in the message.
fn quoted<'a>(layer: &Layer<'a>) -> Option<Frame<'a>> {
    match layer {
        Layer::Icmpv4(icmp) => icmp.quoted(),
        Layer::Icmpv6(icmp) => icmp.quoted(),
        _ => None,
    }
}

/// The quoted packet: a headline a layer, its octets counted from the start of the frame like all others.
fn quoted_tree(frame: &Frame<'_>, message_start: usize, paint: Paint, out: &mut Vec<u8>) {
    let base = message_start + 8;
    for located in frame.layers() {
        let mut summary = String::new();
        let _ = describe::summary(&located.layer, &mut summary);
        let start = base + located.start as usize;
        let name = format!("quoted {}", located.layer.name());
        headline(&name, &(start..start + located.header_len as usize), &summary, paint, out);
    }
}

fn octets_count(count: usize) -> String {
    if count == 1 { "1 octet".to_owned() } else { format!("{count} octets") }
}

fn spaces(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + count, b' ');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MacAddr;
    use crate::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, Sum, TcpFields, TcpOption, UdpFields};
    use crate::wire::{LinkType, TcpFlags, decode};

    const A: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
    const B: MacAddr = MacAddr([0, 0, 0x5e, 0, 0x53, 2]);

    fn text(octets: &[u8], wire_len: usize) -> String {
        let mut out = Vec::new();
        tree(&decode(LinkType::ETHERNET, octets, wire_len as u32), Paint::new(false), &mut out);
        String::from_utf8(out).unwrap()
    }

    /// The words of the line that begins with `label`.
    fn words_of(text: &str, label: &str) -> Vec<String> {
        let line = text
            .lines()
            .find(|line| line.trim_start().starts_with(label))
            .unwrap_or_else(|| panic!("{label}:\n{text}"));
        line.trim_start()[label.len()..].split_whitespace().map(str::to_owned).collect()
    }

    fn segment(sum: Sum) -> Vec<u8> {
        let tcp =
            TcpFields::new(40000, 80).flags(TcpFlags::SYN).option(TcpOption::MaximumSegmentSize(1460)).checksum(sum);
        FrameBuilder::ethernet(A, B)
            .ipv4(Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]))
            .tcp(tcp)
            .payload(b"hello")
            .padded(70)
            .finish()
    }

    #[test]
    fn every_field_has_its_octets_value_and_section() {
        let text = text(&segment(Sum::Right), 70);
        assert_eq!(words_of(&text, "source port"), ["34–35", "40000", "RFC", "9293", "§3.1"]);
        assert_eq!(words_of(&text, "synchronize (SYN)"), ["47", "bit", "6", "set", "RFC", "9293", "§3.1"]);
        assert_eq!(words_of(&text, "maximum segment size"), ["56–57", "1460", "octets", "RFC", "9293", "§3.7.1"]);
        assert_eq!(words_of(&text, "header checksum")[..2], ["24–25", &words_of(&text, "header checksum")[1]]);
        assert_eq!(words_of(&text, "payload  ")[..3], ["58–62", "5", "octets"]);
        assert_eq!(words_of(&text, "trailer")[..3], ["63–69", "7", "octets"]);
    }

    #[test]
    fn checksums_are_judged() {
        let verdict = |sum| {
            let text = text(&segment(sum), 70);
            text.lines().rfind(|line| line.trim_start().starts_with("checksum")).unwrap().to_owned()
        };
        assert!(verdict(Sum::Right).contains("(good)"));
        assert!(verdict(Sum::Stored(1)).contains("(wrong)"));
        assert!(verdict(Sum::Partial).contains("the card fills in the rest"));
    }

    #[test]
    fn a_cut_frame_says_what_is_missing() {
        let octets = segment(Sum::Right);
        let text = text(&octets[..40], 70);
        assert!(text.contains("  ! cut: tcp needs 20 octets from 34, 6 were captured"), "{text}");
        assert_eq!(words_of(&text, "destination port")[0], "36–37");
    }

    #[test]
    fn the_packet_that_an_error_quotes_is_shown() {
        let inner =
            FrameBuilder::raw().ipv4(Ipv4Fields::new([10, 0, 0, 1], [10, 0, 0, 2])).udp(UdpFields::new(7, 9)).finish();
        let ip = Ipv4Fields::new([10, 0, 0, 2], [10, 0, 0, 1]);
        let octets = FrameBuilder::ethernet(A, B).ipv4(ip).icmp(IcmpFields::new(3, 3, 0)).payload(&inner).finish();
        let text = text(&octets, octets.len());
        assert_eq!(words_of(&text, "quoted ipv4")[..4], ["42–61", "10.0.0.1", "→", "10.0.0.2,"]);
        assert_eq!(words_of(&text, "quoted udp")[..4], ["62–69", "7", "→", "9,"]);
    }

    #[test]
    fn long_options_are_cut_in_the_tree() {
        let tcp = TcpFields::new(1, 2).option(TcpOption::Other(253, vec![0xaa; 38]));
        let octets = FrameBuilder::ethernet(A, B).ipv4(Ipv4Fields::new([10, 0, 0, 2], [10, 0, 0, 1])).tcp(tcp).finish();
        assert!(text(&octets, octets.len()).contains("… (40 octets)"));
    }
}
