//! Captures made octet by octet for these tests: hostile text, and many connections.

use std::path::Path;

/// Frames with their times in microseconds become a pcap file.
pub fn write(path: &Path, frames: &[(u64, Vec<u8>)]) {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0x4_0000, 1] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    for (at, frame) in frames {
        let len = frame.len() as u32;
        for word in [1_700_000_000 + (at / 1_000_000) as u32, (at % 1_000_000) as u32, len, len] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        file.extend_from_slice(frame);
    }
    std::fs::write(path, file).expect("written");
}

/// An address of the documentation nets: 198.51.100.x or 192.0.2.x, a station of the link.
pub type Address = [u8; 4];

fn ipv4(source: Address, destination: Address, protocol: u8, inner: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, 0x5e, 0, 0x53, destination[3], 0, 0, 0x5e, 0, 0x53, source[3], 8, 0];
    let mut header = vec![0x45, 0];
    header.extend_from_slice(&(20 + inner.len() as u16).to_be_bytes());
    header.extend_from_slice(&[0, 0, 0x40, 0, 64, protocol, 0, 0]);
    header.extend_from_slice(&source);
    header.extend_from_slice(&destination);
    let sum = checksum(&header, 0);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    frame.extend_from_slice(&header);
    frame.extend_from_slice(inner);
    frame
}

/// The Internet checksum (RFC 1071).
fn checksum(octets: &[u8], start: u32) -> u16 {
    let mut sum = start;
    for pair in octets.chunks(2) {
        sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn pseudo_header(source: Address, destination: Address, protocol: u8, len: usize) -> u32 {
    let word = |address: Address, at: usize| u32::from(address[at]) << 8 | u32::from(address[at + 1]);
    word(source, 0) + word(source, 2) + word(destination, 0) + word(destination, 2) + u32::from(protocol) + len as u32
}

/// A datagram from one socket to another.
pub fn udp(from: (Address, u16), to: (Address, u16), data: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    inner.extend_from_slice(&from.1.to_be_bytes());
    inner.extend_from_slice(&to.1.to_be_bytes());
    inner.extend_from_slice(&(8 + data.len() as u16).to_be_bytes());
    inner.extend_from_slice(&[0, 0]);
    inner.extend_from_slice(data);
    let sum = checksum(&inner, pseudo_header(from.0, to.0, 17, inner.len()));
    inner[6..8].copy_from_slice(&sum.to_be_bytes());
    ipv4(from.0, to.0, 17, &inner)
}

/// A segment: numbers, flags as on the wire, data.
pub fn tcp(from: (Address, u16), to: (Address, u16), numbers: (u32, u32), flags: u8, data: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    inner.extend_from_slice(&from.1.to_be_bytes());
    inner.extend_from_slice(&to.1.to_be_bytes());
    inner.extend_from_slice(&numbers.0.to_be_bytes());
    inner.extend_from_slice(&numbers.1.to_be_bytes());
    inner.extend_from_slice(&[0x50, flags, 0xfa, 0, 0, 0, 0, 0]);
    inner.extend_from_slice(data);
    let sum = checksum(&inner, pseudo_header(from.0, to.0, 6, inner.len()));
    inner[16..18].copy_from_slice(&sum.to_be_bytes());
    ipv4(from.0, to.0, 6, &inner)
}

/// A question for the address of this name, whose labels may hold anything.
pub fn dns_question(labels: &[&str]) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in labels {
        message.push(label.len() as u8);
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    message
}

/// A DHCP discovery of a client that says its name.
pub fn dhcp_discover(host_name: &str) -> Vec<u8> {
    let mut message = vec![1, 1, 6, 0, 1, 2, 3, 4];
    message.resize(28, 0);
    message.extend_from_slice(&[0, 0, 0x5e, 0, 0x53, 9]);
    message.resize(236, 0);
    message.extend_from_slice(&[99, 130, 83, 99, 53, 1, 1, 12, host_name.len() as u8]);
    message.extend_from_slice(host_name.as_bytes());
    message.push(255);
    message
}

/// A connection of `segments` data segments and their acknowledgments, opened and closed as usual, from `at` on.
pub fn connection(
    client: (Address, u16),
    server: (Address, u16),
    at: u64,
    segments: u32,
    data: &[u8],
) -> Vec<(u64, Vec<u8>)> {
    let (fin, syn, ack, push) = (1, 2, 16, 8);
    let len = data.len() as u32;
    let mut frames = vec![
        tcp(client, server, (100, 0), syn, b""),
        tcp(server, client, (900, 101), syn | ack, b""),
        tcp(client, server, (101, 901), ack, b""),
    ];
    for index in 0..segments {
        frames.push(tcp(client, server, (101 + index * len, 901), ack | push, data));
        frames.push(tcp(server, client, (901, 101 + (index + 1) * len), ack, b""));
    }
    let end = 101 + segments * len;
    frames.push(tcp(client, server, (end, 901), fin | ack, b""));
    frames.push(tcp(server, client, (901, end + 1), fin | ack, b""));
    frames.push(tcp(client, server, (end + 1, 902), ack, b""));
    frames.into_iter().enumerate().map(|(index, frame)| (at + 700 * index as u64, frame)).collect()
}
