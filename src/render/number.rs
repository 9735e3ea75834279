//! Numbers and addresses into octets, without the formatting machinery: these run for every packet.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::MacAddr;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends a number in decimal.
pub fn decimal(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a number in decimal, right-aligned in `width` columns.
pub fn right(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(number);
    spaces(out, width.saturating_sub(digits.len()));
    out.extend_from_slice(digits.as_bytes());
}

/// Appends a number below 10^`digits` with leading zeros.
pub fn zeros(out: &mut Vec<u8>, number: u64, digits: usize) {
    let start = out.len();
    out.resize(start + digits, b'0');
    let mut rest = number;
    for place in out[start..].iter_mut().rev() {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
}

/// Appends `count` spaces.
pub fn spaces(out: &mut Vec<u8>, count: usize) {
    const SPACES: [u8; 64] = [b' '; 64];
    if count <= SPACES.len() {
        out.extend_from_slice(&SPACES[..count]);
    } else {
        out.resize(out.len() + count, b' ');
    }
}

/// Appends an octet as two hexadecimal digits.
pub fn hex(out: &mut Vec<u8>, octet: u8) {
    out.extend_from_slice(&[HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
}

/// Appends a number as `0x` and four hexadecimal digits.
pub fn hex16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(b"0x");
    hex(out, (number >> 8) as u8);
    hex(out, number as u8);
}

/// Appends a MAC address: lower case, colons.
pub fn mac(out: &mut Vec<u8>, address: MacAddr) {
    for (index, octet) in address.octets().into_iter().enumerate() {
        if index > 0 {
            out.push(b':');
        }
        hex(out, octet);
    }
}

/// Every octet in decimal with a point behind it, and how many characters that is.
const OCTETS: [([u8; 4], u8); 256] = {
    let mut all = [([b'.'; 4], 0); 256];
    let mut octet = 0;
    while octet < 256 {
        let (text, len) = &mut all[octet];
        let digits = 1 + (octet >= 10) as usize + (octet >= 100) as usize;
        let (mut rest, mut place) = (octet, digits);
        while place > 0 {
            place -= 1;
            text[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        *len = digits as u8 + 1;
        octet += 1;
    }
    all
};

/// Appends an IPv4 address.
pub fn ipv4(out: &mut Vec<u8>, address: Ipv4Addr) {
    let mut text = [0; 16];
    let mut end = 0;
    for octet in address.octets() {
        let (digits, len) = &OCTETS[usize::from(octet)];
        text[end..end + 4].copy_from_slice(digits);
        end += usize::from(*len);
    }
    out.extend_from_slice(&text[..end - 1]);
}

/// Appends an IPv6 address (RFC 5952).
pub fn ipv6(out: &mut Vec<u8>, address: Ipv6Addr) {
    let _ = write!(out, "{address}");
}

/// Appends an IP address.
pub fn ip(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => ipv4(out, address),
        IpAddr::V6(address) => ipv6(out, address),
    }
}

/// Appends an address with a port: `192.0.2.1:80`, `[2001:db8::1]:80`.
pub fn endpoint(out: &mut Vec<u8>, address: IpAddr, port: u16) {
    match address {
        IpAddr::V4(address) => ipv4(out, address),
        IpAddr::V6(address) => {
            out.push(b'[');
            ipv6(out, address);
            out.push(b']');
        }
    }
    out.push(b':');
    decimal(out, u64::from(port));
}

/// A span of time for people, three digits that matter: `850 ns`, `31.2 µs`, `1.04 ms`, `2.50 s`, `75.0 s`, `12 min 5 s`.
pub fn span(nanoseconds: u64) -> String {
    let mut out = Vec::new();
    write_span(&mut out, nanoseconds);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends a span of time for people; see [`span`].
pub fn write_span(out: &mut Vec<u8>, nanoseconds: u64) {
    match nanoseconds {
        0..1_000 => {
            decimal(out, nanoseconds);
            out.extend_from_slice(b" ns");
        }
        1_000..999_500 => scaled(out, nanoseconds, 1_000, "µs"),
        999_500..999_500_000 => scaled(out, nanoseconds, 1_000_000, "ms"),
        999_500_000..119_950_000_000 => scaled(out, nanoseconds, 1_000_000_000, "s"),
        _ => {
            let seconds = nanoseconds.saturating_add(500_000_000) / 1_000_000_000;
            let parts = match seconds {
                0..7200 => [(seconds / 60, " min "), (seconds % 60, " s")],
                7200..172_800 => [(seconds / 3600, " h "), (seconds / 60 % 60, " min")],
                _ => [(seconds / 86_400, " d "), (seconds / 3600 % 24, " h")],
            };
            for (number, unit) in parts {
                decimal(out, number);
                out.extend_from_slice(unit.as_bytes());
            }
        }
    }
}

/// Appends a span in a unit of so many nanoseconds, with digits after the point so that three matter, after rounding.
fn scaled(out: &mut Vec<u8>, nanoseconds: u64, unit: u64, name: &str) {
    let rounded = |parts: u64| (nanoseconds * parts + unit / 2) / unit;
    let (hundredths, tenths) = (rounded(100), rounded(10));
    if hundredths < 1000 {
        decimal(out, hundredths / 100);
        out.push(b'.');
        zeros(out, hundredths % 100, 2);
    } else if tenths < 1000 {
        decimal(out, tenths / 10);
        out.push(b'.');
        zeros(out, tenths % 10, 1);
    } else {
        decimal(out, rounded(1));
    }
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
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
        assert_eq!(text(|out| endpoint(out, "2001:db8::1".parse().expect("an address"), 80)), "[2001:db8::1]:80");
        assert_eq!(text(|out| mac(out, MacAddr([0, 0, 0x5e, 0, 0x53, 0xa0]))), "00:00:5e:00:53:a0");
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
            (0, "0 ns"),
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
