//! Frames as lines that two runs share: without identifiers, sequence numbers and ports that a system chooses.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use netlab::base::MacAddr;
use netlab::packet::{Direction, Item, Packet, PacketSource};
use netlab::wire::{IpView, Layer};

/// A frame in one line, without what differs from run to run: identifiers, sequence numbers, chosen ports.
pub fn canonical(packet: &Packet<'_>) -> Option<String> {
    let frame = &packet.frame;
    let ethernet = frame.ethernet()?;
    let short = |mac: MacAddr| match mac.is_broadcast() {
        true => "all".to_owned(),
        false => mac.to_string()[9..].to_owned(),
    };
    let mut line = format!("{}>{} ", short(ethernet.source()), short(ethernet.destination()));
    if let Some(arp) = frame.arp() {
        line += &format!("arp {} {:?}>{:?}", arp.operation_number(), arp.sender_ip()?, arp.target_ip()?);
        return Some(line);
    }
    match frame.ip()? {
        IpView::V4(ip) => {
            line += &format!("{}>{} ttl {} len {}", ip.source(), ip.destination(), ip.ttl(), ip.total_length());
        }
        IpView::V6(ip) => {
            line += &format!("{}>{} ttl {} len {}", ip.source(), ip.destination(), ip.hop_limit(), ip.payload_length());
        }
    }
    // An echo reply may forbid fragments or not: the standards leave it open.
    match frame.transport() {
        Some(Layer::Icmpv4(icmp)) => {
            line += &format!(" icmp {}/{}", icmp.icmp_type(), icmp.code());
            if let Some(mtu) = icmp.next_hop_mtu() {
                line += &format!(" mtu {mtu}");
            }
        }
        Some(Layer::Icmpv6(icmp)) => {
            // Reports of group membership, which the kernel sends on its own account.
            if matches!(icmp.icmp_type(), 130..=132 | 143) {
                return None;
            }
            line += &format!(" icmp6 {}/{}", icmp.icmp_type(), icmp.code());
            if let Some(target) = icmp.ndp().and_then(|message| message.target()) {
                line += &format!(" {target}");
            }
            if let Some(mtu) = icmp.packet_too_big_mtu() {
                line += &format!(" mtu {mtu}");
            }
        }
        Some(Layer::Udp(udp)) => {
            line += &format!(" udp {}>{}", port(udp.source_port()), port(udp.destination_port()));
        }
        Some(Layer::Tcp(tcp)) => {
            // Which segment of many bears PSH is the sender's choice, so it is not told.
            let flags = tcp.bytes()[13] & 0x17;
            line += &format!(" {}>{}", port(tcp.source_port()), port(tcp.destination_port()));
            line += &format!(" tcp {flags:02x} {}", tcp.payload_len());
        }
        _ => {}
    }
    if let Some(fragment) = frame.fragment() {
        line += &format!(" piece {}{}", fragment.offset, if fragment.more_fragments { "+" } else { "" });
    }
    Some(line)
}

pub fn lines(source: &mut dyn PacketSource, direction: Option<Direction>) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(item) = source.next_item().expect("readable packets") {
        if let Item::Packet(raw) = item
            && direction.is_none_or(|direction| raw.meta.direction == Some(direction))
            && let Some(line) = canonical(&Packet::decode(raw))
        {
            lines.push(line);
        }
    }
    lines
}

/// A port, unless a system chose it.
fn port(number: u16) -> String {
    match number {
        80 | 81 | 4000 | 4001 | 5000 | 5001 | 5100..=5199 | 8080 | 50_000..=50_099 => number.to_string(),
        _ => "other".to_owned(),
    }
}

/// What is missing for this test, if anything.
pub fn missing() -> Option<String> {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout == b"0\n");
    if !is_root {
        return Some("it needs root, to make network namespaces".to_owned());
    }
    for tool in ["ip", "tcpdump", "ping", "ethtool", "python3", "sysctl"] {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).stdout(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return Some(format!("it needs {tool}"));
        }
    }
    // Tests ask at the same time, so each asks by a name of its own.
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let probe = format!("nlp{}-{}", std::process::id(), ASKED.fetch_add(1, Ordering::Relaxed));
    let made = Command::new("ip").args(["netns", "add", &probe]).stderr(Stdio::null()).status();
    let made = made.is_ok_and(|status| status.success());
    let _ = Command::new("ip").args(["netns", "del", &probe]).stderr(Stdio::null()).status();
    (!made).then(|| "network namespaces cannot be made here".to_owned())
}

/// Says so if the translator cannot be set up.
pub fn no_nft() -> Option<String> {
    let found = Command::new("nft").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    (!found.is_ok_and(|status| status.success())).then(|| "it needs nft, to let the kernel translate".to_owned())
}
