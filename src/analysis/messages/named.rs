//! Protocols that have a name keep it: their framing is no riddle.

use super::stream::Flow;

/// The name of the protocol that a stream begins with, if its first octets are unmistakable.
pub fn protocol(flow: &Flow) -> Option<&'static str> {
    let start = &flow.octets[..flow.octets.len().min(64)];
    if !flow.is_whole(&(0..start.len())) {
        return None;
    }
    // A TLS record: type, version 3.x, and a length within the limit (RFC 8446 §5.1).
    if let [0x14..=0x17, 0x03, 0x00..=0x04, high, low, ..] = start
        && (1..=16_640).contains(&u16::from_be_bytes([*high, *low]))
    {
        return Some("TLS");
    }
    const METHODS: [&[u8]; 9] =
        [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS ", b"PATCH ", b"CONNECT ", b"HTTP/1."];
    if METHODS.iter().any(|method| start.starts_with(method)) {
        return Some("HTTP/1");
    }
    if start.starts_with(b"PRI * HTTP/2.0") {
        return Some("HTTP/2");
    }
    if start.starts_with(b"SSH-2.0-") || start.starts_with(b"SSH-1.") {
        return Some("SSH");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_need_unmistakable_octets() {
        assert_eq!(protocol(&Flow::of(&[b"GET / HTTP/1.1\r\n"])), Some("HTTP/1"));
        assert_eq!(protocol(&Flow::of(&[b"\x16\x03\x01\x02\x00\x01\x00"])), Some("TLS"));
        assert_eq!(protocol(&Flow::of(&[b"\x16\x03\x01\xff\xff\x01\x00"])), None);
        assert_eq!(protocol(&Flow::of(&[b"hello egg"])), None);
        assert_eq!(protocol(&Flow::of(&[])), None);
    }
}
