//! Numbers and addresses into octets, without the formatting machinery: these run for every packet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::slate::Surface;
use crate::base::MacAddr;

/// Numbers below this have at most eight digits.
const EIGHT_DIGITS: u64 = 100_000_000;
/// Eight times the digit 0.
const ZEROS: u64 = 0x3030_3030_3030_3030;
/// What turns eight times the digit 0 into eight spaces.
const ZEROS_TO_SPACES: u64 = 0x1010_1010_1010_1010;

/// The eight decimal digits of a number below 10^8 as the values 0 to 9, the first in the lowest octet.
#[inline]
const fn eight_digits(number: u32) -> u64 {
    // Two halves of four digits, then four pairs, then eight digits: each step divides all parts at once, by multiplying
    // with the inverse, and puts the remainders beside the quotients. No product reaches into the part above it.
    let halves = (number / 10_000) as u64 | ((number % 10_000) as u64) << 32;
    let hundreds = (halves * 10_486) >> 20 & 0x0000_007f_0000_007f;
    let pairs = hundreds | (halves - hundreds * 100) << 16;
    let tens = (pairs * 103) >> 10 & 0x000f_000f_000f_000f;
    tens | (pairs - tens * 10) << 8
}

/// How many of eight digits are zeros in front; the last digit never is.
#[inline]
const fn leading_zeros(digits: u64) -> usize {
    ((digits | 1 << 56).trailing_zeros() / 8) as usize
}

/// Appends a number in decimal.
#[inline]
pub fn decimal(out: &mut impl Surface, number: u64) {
    if number < 10 {
        return out.put([b'0' + number as u8], 1);
    }
    if number >= EIGHT_DIGITS {
        return long_decimal(out, number);
    }
    let digits = eight_digits(number as u32);
    let leading = leading_zeros(digits);
    out.put(((digits | ZEROS) >> (8 * leading)).to_le_bytes(), 8 - leading);
}

#[inline(never)]
fn long_decimal(out: &mut impl Surface, number: u64) {
    match number / EIGHT_DIGITS {
        // As many digits as a number of 32 bits has at most.
        high @ 0..10 => out.put([b'0' + high as u8], 1),
        high @ 10..100 => out.put([b'0' + (high / 10) as u8, b'0' + (high % 10) as u8], 2),
        high => decimal(out, high),
    }
    out.put((eight_digits((number % EIGHT_DIGITS) as u32) | ZEROS).to_le_bytes(), 8);
}

/// Appends a number in decimal, right-aligned in `width` columns, of which there may be eight at most.
#[inline]
pub fn right(out: &mut impl Surface, number: u64, width: usize) {
    if number >= EIGHT_DIGITS {
        return long_decimal(out, number);
    }
    let digits = eight_digits(number as u32);
    let leading = leading_zeros(digits);
    let spaces = ZEROS_TO_SPACES & ((1 << (8 * leading)) - 1);
    let columns = width.min(8).max(8 - leading);
    out.put((((digits | ZEROS) ^ spaces) >> (8 * (8 - columns))).to_le_bytes(), columns);
}

/// Appends a number below 10^`digits` with leading zeros; there may be sixteen digits at most.
#[inline]
pub fn zeros(out: &mut impl Surface, number: u64, digits: usize) {
    if digits > 8 {
        zeros(out, number / EIGHT_DIGITS, digits - 8);
        return zeros(out, number % EIGHT_DIGITS, 8);
    }
    let text = (eight_digits((number % EIGHT_DIGITS) as u32) | ZEROS) >> (8 * (8 - digits.max(1)));
    out.put(text.to_le_bytes(), digits);
}

/// Appends a point and a number below 10^6 as six digits: the microseconds of a time.
#[inline]
pub fn six_decimals(out: &mut impl Surface, number: u32) {
    // Of the two zeros in front one is left out, the other becomes the point.
    let text = (eight_digits(number) | ZEROS) >> 8 ^ u64::from(b'0' ^ b'.');
    out.put(text.to_le_bytes(), 7);
}

/// Appends `count` spaces.
#[inline]
pub fn spaces(out: &mut impl Surface, count: usize) {
    const MANY: usize = 32;
    for _ in 0..count / MANY {
        out.put([b' '; MANY], MANY);
    }
    out.put([b' '; MANY], count % MANY);
}

/// Every octet as two hexadecimal digits.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut all = [[0; 2]; 256];
    let mut octet = 0;
    while octet < 256 {
        all[octet] = [DIGITS[octet >> 4], DIGITS[octet & 15]];
        octet += 1;
    }
    all
};

/// Appends an octet as two hexadecimal digits.
#[inline]
pub fn hex(out: &mut impl Surface, octet: u8) {
    out.put(HEX[usize::from(octet)], 2);
}

/// Appends a number as `0x` and four hexadecimal digits.
pub fn hex16(out: &mut impl Surface, number: u16) {
    out.add(b"0x");
    hex(out, (number >> 8) as u8);
    hex(out, number as u8);
}

/// Appends a MAC address: lower case, colons.
#[inline]
pub fn mac(out: &mut impl Surface, address: MacAddr) {
    let mut text = [b':'; 17];
    for (place, octet) in text.chunks_mut(3).zip(address.octets()) {
        place[..2].copy_from_slice(&HEX[usize::from(octet)]);
    }
    out.put(text, 17);
}

/// An octet in decimal with a point behind it, the first character in the lowest octet, and how many characters that is.
#[derive(Clone, Copy)]
struct Octet {
    text: u32,
    len: u32,
}

const OCTETS: [Octet; 256] = {
    let mut all = [Octet { text: 0, len: 0 }; 256];
    let mut octet = 0;
    while octet < 256 {
        let digits = 8 - leading_zeros(eight_digits(octet as u32));
        let number = (eight_digits(octet as u32) | ZEROS) >> (8 * (8 - digits));
        all[octet] = Octet { text: number as u32 | (b'.' as u32) << (8 * digits), len: digits as u32 + 1 };
        octet += 1;
    }
    all
};

/// Appends an IPv4 address.
#[inline]
pub fn ipv4(out: &mut impl Surface, address: Ipv4Addr) {
    let mut pair = |first: u8, second: u8, without: usize| {
        let (first, second) = (OCTETS[usize::from(first)], OCTETS[usize::from(second)]);
        let text = u64::from(first.text) | u64::from(second.text) << (8 * first.len);
        out.put(text.to_le_bytes(), (first.len + second.len) as usize - without);
    };
    let [a, b, c, d] = address.octets();
    pair(a, b, 0);
    // Without the point behind the last.
    pair(c, d, 1);
}

/// Appends an IPv6 address (RFC 5952).
pub fn ipv6(out: &mut impl Surface, address: Ipv6Addr) {
    if let Some(mapped) = address.to_ipv4_mapped() {
        out.add(b"::ffff:");
        return ipv4(out, mapped);
    }
    let groups = address.segments();
    let (start, end) = longest_zeros(groups);
    write_groups(out, &groups[..start]);
    if start < end {
        out.add(b"::");
        write_groups(out, &groups[end..]);
    }
}

fn write_groups(out: &mut impl Surface, groups: &[u16]) {
    for (index, group) in groups.iter().enumerate() {
        if index > 0 {
            out.add(b":");
        }
        let [high, low] = group.to_be_bytes().map(|octet| HEX[usize::from(octet)]);
        let text = u32::from_le_bytes([high[0], high[1], low[0], low[1]]);
        // Leading zeros are left out, but never the last digit (RFC 5952 §4.1).
        let leading = (group.leading_zeros() / 4).min(3);
        out.put((text >> (8 * leading)).to_le_bytes(), 4 - leading as usize);
    }
}

/// The first of the longest runs of groups that are zero, if it has at least two (RFC 5952 §4.2); else the place behind the last.
fn longest_zeros(groups: [u16; 8]) -> (usize, usize) {
    let mut longest = (8, 8);
    let mut start = 0;
    for (index, group) in groups.into_iter().enumerate() {
        if group != 0 {
            start = index + 1;
        } else if index > start && index + 1 - start > longest.1 - longest.0 {
            longest = (start, index + 1);
        }
    }
    longest
}

/// Appends an IP address.
#[inline]
pub fn ip(out: &mut impl Surface, address: IpAddr) {
    match address {
        IpAddr::V4(address) => ipv4(out, address),
        IpAddr::V6(address) => ipv6(out, address),
    }
}

/// Appends an IPv4 address with a port.
#[inline]
pub fn endpoint_v4(out: &mut impl Surface, address: [u8; 4], port: u16) {
    ipv4(out, Ipv4Addr::from(address));
    colon_port(out, port);
}

/// Appends an address with a port: `192.0.2.1:80`, `[2001:db8::1]:80`.
#[inline]
pub fn endpoint(out: &mut impl Surface, address: IpAddr, port: u16) {
    match address {
        IpAddr::V4(address) => ipv4(out, address),
        IpAddr::V6(address) => {
            out.add(b"[");
            ipv6(out, address);
            out.add(b"]");
        }
    }
    colon_port(out, port);
}

#[inline]
fn colon_port(out: &mut impl Surface, port: u16) {
    let digits = eight_digits(u32::from(port));
    let leading = leading_zeros(digits);
    let text = (digits | ZEROS) >> (8 * leading) << 8 | u64::from(b':');
    out.put(text.to_le_bytes(), 9 - leading);
}

/// A span of time for people, three digits that matter: `850 ns`, `31.2 µs`, `1.04 ms`, `2.50 s`, `75.0 s`, `12 min 5 s`.
pub fn span(nanoseconds: u64) -> String {
    let mut out = Vec::new();
    write_span(&mut out, nanoseconds);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends a span of time for people; see [`span`].
pub fn write_span(out: &mut impl Surface, nanoseconds: u64) {
    match nanoseconds {
        0 => out.add(b"0 s"),
        1..1_000 => {
            decimal(out, nanoseconds);
            out.add(b" ns");
        }
        1_000..999_500 => scaled(out, nanoseconds, 1_000, " µs"),
        999_500..999_500_000 => scaled(out, nanoseconds, 1_000_000, " ms"),
        999_500_000..119_950_000_000 => scaled(out, nanoseconds, 1_000_000_000, " s"),
        _ => {
            let seconds = nanoseconds.saturating_add(500_000_000) / 1_000_000_000;
            let parts = match seconds {
                0..7200 => [(seconds / 60, " min "), (seconds % 60, " s")],
                7200..172_800 => [(seconds / 3600, " h "), (seconds / 60 % 60, " min")],
                _ => [(seconds / 86_400, " d "), (seconds / 3600 % 24, " h")],
            };
            for (number, unit) in parts {
                decimal(out, number);
                out.add(unit.as_bytes());
            }
        }
    }
}

/// Appends a span in a unit of so many nanoseconds, with digits after the point so that three matter, after rounding.
#[inline]
fn scaled(out: &mut impl Surface, nanoseconds: u64, unit: u64, name: &str) {
    let rounded = |parts: u64| (nanoseconds * parts + unit / 2) / unit;
    let (hundredths, tenths) = (rounded(100), rounded(10));
    if hundredths < 1000 {
        decimal(out, hundredths / 100);
        out.add(b".");
        zeros(out, hundredths % 100, 2);
    } else if tenths < 1000 {
        decimal(out, tenths / 10);
        out.add(b".");
        zeros(out, tenths % 10, 1);
    } else {
        decimal(out, rounded(1));
    }
    out.add(name.as_bytes());
}

/// A count of octets for people: exact below 10 000, then with a unit of 1000: `1448 B`, `12.3 kB`, `1.06 GB`.
pub fn octets(count: u64) -> String {
    let mut value = count as f64;
    if count < 10_000 {
        return format!("{count} B");
    }
    for unit in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        value /= 1000.0;
        if value < 999.5 || unit == "EB" {
            let decimals = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
            return format!("{value:.decimals$} {unit}");
        }
    }
    unreachable!("the last unit always returns")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn addresses_read_as_their_standards_say() {
        for address in ["0.0.0.0", "192.0.2.9", "255.100.10.1", "8.88.208.30"] {
            let parsed: Ipv4Addr = address.parse().expect("an address");
            assert_eq!(text(|out| ipv4(out, parsed)), address);
        }
        for address in [
            "::",
            "::1",
            "1::",
            "2001:db8::1",
            "2001:db8:0:1::",
            "1:0:0:2::3",
            "1:2:3:4:5:6:7:8",
            "::ffff:192.0.2.1",
            "a0b:1:2:3:4:5:0:7",
        ] {
            let parsed: Ipv6Addr = address.parse().expect("an address");
            assert_eq!(text(|out| ipv6(out, parsed)), address);
        }
        assert_eq!(text(|out| endpoint(out, "192.0.2.1".parse().expect("an address"), 65_535)), "192.0.2.1:65535");
        assert_eq!(text(|out| endpoint(out, "2001:db8::1".parse().expect("an address"), 80)), "[2001:db8::1]:80");
        assert_eq!(text(|out| mac(out, MacAddr([0, 0, 0x5e, 0, 0x53, 0xa0]))), "00:00:5e:00:53:a0");
    }

    #[test]
    fn addresses_of_all_patterns_of_zeros_are_those_of_the_standard_library() {
        for pattern in 0..=u8::MAX {
            for group in [1, 0x20, 0x300, 0xa0b0] {
                let groups =
                    std::array::from_fn::<u16, 8, _>(|index| if pattern & 1 << index == 0 { 0 } else { group });
                let address = Ipv6Addr::from(groups);
                assert_eq!(text(|out| ipv6(out, address)), address.to_string());
            }
        }
    }

    #[test]
    fn numbers_of_all_lengths_are_those_of_the_standard_library() {
        let powers = (0..20).map(|digits| 10_u64.pow(digits));
        let near =
            powers.flat_map(|power| [power - 1, power, power + 1, power.wrapping_mul(7), power.wrapping_mul(19)]);
        for number in near.chain(0..20_000).chain([u64::MAX]) {
            assert_eq!(text(|out| decimal(out, number)), number.to_string());
            assert_eq!(text(|out| right(out, number, 7)), format!("{number:7}"));
            assert_eq!(text(|out| zeros(out, number % 1_000_000_000, 9)), format!("{:09}", number % 1_000_000_000));
            assert_eq!(
                text(|out| six_decimals(out, (number % 1_000_000) as u32)),
                format!(".{:06}", number % 1_000_000)
            );
        }
    }

    #[test]
    fn numbers_align() {
        assert_eq!(text(|out| right(out, 42, 5)), "   42");
        assert_eq!(text(|out| right(out, 123_456, 5)), "123456");
        assert_eq!(text(|out| zeros(out, 42, 6)), "000042");
        assert_eq!(text(|out| hex16(out, 0x0800)), "0x0800");
    }

    #[test]
    fn spans_and_octets_keep_three_digits() {
        for (nanoseconds, expected) in [
            (0, "0 s"),
            (850, "850 ns"),
            (31_249, "31.2 µs"),
            (999_600, "1.00 ms"),
            (1_040_000, "1.04 ms"),
            (99_960_000, "100 ms"),
            (2_500_000_000, "2.50 s"),
            (75_000_000_000, "75.0 s"),
            (725_000_000_000, "12 min 5 s"),
            (u64::MAX, "213503 d 23 h"),
        ] {
            assert_eq!(span(nanoseconds), expected);
        }
        for (count, expected) in [
            (9_999, "9999 B"),
            (12_345, "12.3 kB"),
            (999_600, "1.00 MB"),
            (1_058_000_000, "1.06 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(octets(count), expected);
        }
    }
}
