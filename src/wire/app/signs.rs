//! By which signs payloads are recognised: a well-known port and octets that fit, or octets that leave no doubt.

use crate::wire::walker::{be16, be32};

/// The name of the protocol, if ports and octets agree.
pub(super) fn name(protocol: u8, source: u16, destination: u16, octets: &[u8]) -> Option<&'static str> {
    if protocol == 6 {
        // These begin so plainly that the port does not matter.
        if let Some(name) = by_text(octets) {
            return Some(name);
        }
        let fits = |port| tcp(port, octets);
        return fits(destination).or_else(|| fits(source));
    }
    let fits = |port| udp(port, octets);
    fits(destination).or_else(|| fits(source))
}

fn by_text(octets: &[u8]) -> Option<&'static str> {
    // All of these begin with a capital letter, which spares most payloads the comparisons.
    if octets.first().is_some_and(u8::is_ascii_uppercase) {
        if octets.starts_with(b"SSH-") {
            return Some("ssh");
        }
        if is_http(octets) {
            return Some("http");
        }
    }
    is_tls(octets, true).then_some("tls")
}

fn tcp(port: u16, octets: &[u8]) -> Option<&'static str> {
    let starts = |text: &[u8]| octets.starts_with(text);
    let is_reply = octets.len() >= 4 && octets[..3].iter().all(u8::is_ascii_digit) && matches!(octets[3], b' ' | b'-');
    let is_command = octets.len() >= 5 && octets[..4].iter().all(u8::is_ascii_alphabetic);
    Some(match port {
        21 if is_reply || is_command => "ftp",
        23 if octets[0] == 0xff || octets.is_ascii() => "telnet",
        25 | 587 if is_reply || is_command => "smtp",
        53 if usize::from(be16(octets, 0)) >= 12 && is_dns(octets.get(2..).unwrap_or_default()) => "dns",
        88 if octets.len() > 4 && matches!(octets[4], 0x6a..=0x7e) => "kerberos",
        110 if starts(b"+OK") || starts(b"-ERR") || is_command => "pop3",
        139 | 445 if octets.len() >= 8 && matches!(&octets[4..8], b"\xffSMB" | b"\xfeSMB" | b"\xfdSMB") => "smb",
        143 if starts(b"* ") || octets.first().is_some_and(u8::is_ascii_alphanumeric) => "imap",
        179 if starts(&[0xff; 16]) => "bgp",
        389 if octets[0] == 0x30 => "ldap",
        443 | 465 | 563 | 636 | 853 | 989..=995 | 5061 | 5671 | 8443 | 8883 if is_tls(octets, false) => "tls",
        554 if starts(b"RTSP/") || is_command => "rtsp",
        646 if be16(octets, 0) == 1 => "ldp",
        1723 if be32(octets, 4) == 0x1a2b_3c4d => "pptp",
        1883 if (1..15).contains(&(octets[0] >> 4)) => "mqtt",
        3389 if starts(&[3, 0]) => "rdp",
        5060 if is_sip(octets) => "sip",
        6379 if matches!(octets[0], b'+' | b'-' | b':' | b'$' | b'*') => "redis",
        _ => return None,
    })
}

fn udp(port: u16, octets: &[u8]) -> Option<&'static str> {
    let len = octets.len();
    Some(match port {
        53 if is_dns(octets) => "dns",
        67 | 68 if len >= 236 && matches!(octets[0], 1 | 2) && octets[2] <= 16 => "dhcp",
        69 if matches!(be16(octets, 0), 1..=6) => "tftp",
        123 if len >= 48 && (1..=4).contains(&(octets[0] >> 3 & 7)) => "ntp",
        137 if is_dns(octets) => "netbios-ns",
        138 if len >= 10 && (0x10..=0x16).contains(&octets[0]) => "netbios-dgm",
        161 | 162 if octets[0] == 0x30 => "snmp",
        443 if octets[0] & 0xc0 == 0xc0 && is_quic_version(be32(octets, 1)) => "quic",
        500 if len >= 28 && matches!(octets[17], 0x10 | 0x20) => "isakmp",
        4500 if len >= 32 && be32(octets, 0) == 0 && matches!(octets[21], 0x10 | 0x20) => "isakmp",
        514 if octets[0] == b'<' => "syslog",
        520 if matches!(octets[0], 1 | 2) && octets.get(1).is_some_and(|version| matches!(version, 1 | 2)) => "rip",
        521 if matches!(octets[0], 1 | 2) && octets.get(1) == Some(&1) => "ripng",
        546 | 547 if len >= 4 && (1..=36).contains(&octets[0]) => "dhcpv6",
        646 if be16(octets, 0) == 1 => "ldp",
        1645 | 1646 | 1812 | 1813 if len >= 20 && usize::from(be16(octets, 2)) == len => "radius",
        1701 if be16(octets, 0) & 0x000f == 2 => "l2tp",
        1900 if octets.starts_with(b"M-SEARCH") || octets.starts_with(b"NOTIFY") || octets.starts_with(b"HTTP/1") => {
            "ssdp"
        }
        1985 if len >= 20 && octets[0] == 0 => "hsrp",
        2055 | 9995 | 9996 if matches!(be16(octets, 0), 1 | 5 | 7 | 9 | 10) => "netflow",
        2152 if len >= 8 && octets[0] >> 5 == 1 => "gtp-u",
        3544 if octets[0] >> 4 == 6 || be16(octets, 0) <= 1 => "teredo",
        3478 if len >= 20 && be32(octets, 4) == 0x2112_a442 => "stun",
        5060 if is_sip(octets) => "sip",
        5353 if is_dns(octets) => "mdns",
        5355 if is_dns(octets) => "llmnr",
        6343 if be32(octets, 0) == 5 => "sflow",
        _ => return None,
    })
}

/// A DNS header whose counts can be true: a question or answer needs at least 5 octets (RFC 1035 §4.1).
fn is_dns(octets: &[u8]) -> bool {
    let Some(header) = octets.first_chunk::<12>() else {
        return false;
    };
    let counts: usize = (4..12).step_by(2).map(|at| usize::from(be16(header, at))).sum();
    let opcode = header[2] >> 3 & 15;
    matches!(opcode, 0..=6)
        && header[3] & 0x40 == 0
        && counts * 5 <= 4 * octets.len()
        && (counts > 0 || octets.len() == 12)
}

/// The first line of a request with its version, or of a response (RFC 9112 §3, §4).
fn is_http(octets: &[u8]) -> bool {
    const METHODS: [&[u8]; 10] = [
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"DELETE ",
        b"OPTIONS ",
        b"CONNECT ",
        b"PATCH ",
        b"TRACE ",
        b"PROPFIND ",
    ];
    if octets.starts_with(b"HTTP/1.") {
        return true;
    }
    if !METHODS.iter().any(|method| octets.starts_with(method)) {
        return false;
    }
    // A long target can fill the segment; then there is no version to see.
    match octets.iter().position(|octet| *octet == b'\r' || *octet == b'\n') {
        Some(end) => octets[..end].ends_with(b" HTTP/1.1") || octets[..end].ends_with(b" HTTP/1.0"),
        None => octets.len() > 512,
    }
}

/// A TLS record; `surely` only handshakes, which begin with a message that says its length too (RFC 8446 §5.1).
fn is_tls(octets: &[u8], surely: bool) -> bool {
    let [content, 3, minor, high, low, ..] = *octets else {
        return false;
    };
    let len = usize::from(u16::from_be_bytes([high, low]));
    let is_record = matches!(content, 20..=23) && minor <= 4 && (1..=(1 << 14) + 2048).contains(&len);
    let is_hello = content == 22 && matches!(octets.get(5), Some(1 | 2)) && octets.get(6) == Some(&0) && len >= 38;
    is_record && (!surely || is_hello)
}

fn is_sip(octets: &[u8]) -> bool {
    octets.starts_with(b"SIP/2.0")
        || octets.iter().position(|octet| *octet == b'\r').is_some_and(|end| octets[..end].ends_with(b" SIP/2.0"))
}

fn is_quic_version(version: u32) -> bool {
    // Versions 1 and 2, drafts, and Google's before them, which are text.
    matches!(version, 1 | 0x6b33_43cf) || version >> 8 == 0x00ff_0000 || matches!(version >> 24, 0x51 | 0x54)
}
