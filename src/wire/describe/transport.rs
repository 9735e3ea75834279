//! Fields of UDP and TCP.

use super::visit::Visit;
use super::{fields, names};
use crate::wire::{CutTransport, Tcp, Udp};

fields! { UDP = Udp, "RFC 768";
    UDP_SOURCE "udp.source_port" "source port" Unsigned Plain;
    UDP_DESTINATION "udp.destination_port" "destination port" Unsigned Plain;
    UDP_LENGTH "udp.length" "length" Unsigned Octets;
    UDP_CHECKSUM "udp.checksum" "checksum" Unsigned Hex;
    UDP_PAYLOAD_LEN "udp.payload_len" "data length" Unsigned Octets;
    UDP_SURPLUS_LEN "udp.surplus_len" "surplus behind the length" Unsigned Octets see "RFC 9868 §1";
}

pub(super) fn udp<'a>(udp: Udp<'a>, out: &mut Visit<'a, '_>) {
    let bytes = udp.bytes();
    out.number(&UDP_SOURCE, bytes, 0, 2);
    out.number(&UDP_DESTINATION, bytes, 2, 2);
    out.number(&UDP_LENGTH, bytes, 4, 2);
    out.named(&UDP_CHECKSUM, bytes, 6, 2, |sum| if sum == 0 { "none" } else { "" });
    out.derived(&UDP_PAYLOAD_LEN, u64::from(udp.payload_len()));
    if udp.surplus_len() != 0 {
        out.derived(&UDP_SURPLUS_LEN, u64::from(udp.surplus_len()));
    }
}

fields! { TCP = Tcp, "RFC 9293 §3.1";
    TCP_SOURCE "tcp.source_port" "source port" Unsigned Plain;
    TCP_DESTINATION "tcp.destination_port" "destination port" Unsigned Plain;
    TCP_SEQUENCE "tcp.sequence" "sequence number" Unsigned Plain see "RFC 9293 §3.4";
    TCP_ACKNOWLEDGMENT "tcp.acknowledgment" "acknowledgment number" Unsigned Plain see "RFC 9293 §3.4";
    TCP_HEADER_LEN "tcp.header_length" "header length" Unsigned Octets;
    TCP_FLAGS "tcp.flags" "flags" Unsigned Hex;
    TCP_AE "tcp.flags.ae" "accurate ECN (AE)" Boolean Plain depth 1 see "RFC 9768 §3.1";
    TCP_CWR "tcp.flags.cwr" "congestion window reduced (CWR)" Boolean Plain depth 1 see "RFC 3168 §6.1";
    TCP_ECE "tcp.flags.ece" "congestion echo (ECE)" Boolean Plain depth 1 see "RFC 3168 §6.1";
    TCP_URG "tcp.flags.urg" "urgent (URG)" Boolean Plain depth 1;
    TCP_ACK "tcp.flags.ack" "acknowledgment (ACK)" Boolean Plain depth 1;
    TCP_PSH "tcp.flags.psh" "push (PSH)" Boolean Plain depth 1;
    TCP_RST "tcp.flags.rst" "reset (RST)" Boolean Plain depth 1;
    TCP_SYN "tcp.flags.syn" "synchronize (SYN)" Boolean Plain depth 1;
    TCP_FIN "tcp.flags.fin" "finish (FIN)" Boolean Plain depth 1;
    TCP_WINDOW "tcp.window" "window" Unsigned Plain;
    TCP_CHECKSUM "tcp.checksum" "checksum" Unsigned Hex;
    TCP_URGENT "tcp.urgent_pointer" "urgent pointer" Unsigned Plain see "RFC 9293 §3.8.5";
    TCP_OPTIONS "tcp.options" "options" Octets Plain see "RFC 9293 §3.2";
    TCP_OPTION "tcp.option.kind" "option" Unsigned Plain depth 1 see "RFC 9293 §3.2";
    TCP_MSS "tcp.option.mss" "maximum segment size" Unsigned Octets depth 2 see "RFC 9293 §3.7.1";
    TCP_SCALE "tcp.option.window_scale" "window scale shift" Unsigned Plain depth 2 see "RFC 7323 §2";
    TCP_SACK_LEFT "tcp.option.sack_left" "block from" Unsigned Plain depth 2 see "RFC 2018 §3";
    TCP_SACK_RIGHT "tcp.option.sack_right" "block up to, not including" Unsigned Plain depth 2 see "RFC 2018 §3";
    TCP_TIMESTAMP "tcp.option.timestamp" "timestamp value" Unsigned Plain depth 2 see "RFC 7323 §3";
    TCP_ECHO "tcp.option.timestamp_echo" "timestamp echo reply" Unsigned Plain depth 2 see "RFC 7323 §3";
    TCP_COOKIE "tcp.option.fast_open_cookie" "Fast Open cookie" Octets Plain depth 2 see "RFC 7413 §4.1.1";
    TCP_OPTION_BODY "tcp.option.value" "value" Octets Plain depth 2 see "RFC 9293 §3.2";
    TCP_PAYLOAD_LEN "tcp.payload_len" "data length" Unsigned Octets;
}

pub(super) fn tcp<'a>(tcp: Tcp<'a>, out: &mut Visit<'a, '_>) {
    let bytes = tcp.bytes();
    head(bytes, out);
    out.octets(&TCP_OPTIONS, bytes, 20, bytes.len(), "");
    options(bytes, out);
    out.derived(&TCP_PAYLOAD_LEN, u64::from(tcp.payload_len()));
}

fn options<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    let mut at = 20;
    while let Some(&kind) = bytes.get(at) {
        out.named(&TCP_OPTION, bytes, at, 1, names::tcp_option);
        match kind {
            0 => break,
            1 => {
                at += 1;
                continue;
            }
            _ => {}
        }
        let len = bytes.get(at + 1).map_or(0, |len| usize::from(*len));
        if len < 2 || bytes.len() < at + len {
            break;
        }
        match (kind, len) {
            (2, 4) => out.number(&TCP_MSS, bytes, at + 2, 2),
            (3, 3) => out.number(&TCP_SCALE, bytes, at + 2, 1),
            (5, _) => {
                for block in (at + 2..at + len).step_by(8).filter(|block| block + 8 <= at + len) {
                    out.number(&TCP_SACK_LEFT, bytes, block, 4);
                    out.number(&TCP_SACK_RIGHT, bytes, block + 4, 4);
                }
            }
            (8, 10) => {
                out.number(&TCP_TIMESTAMP, bytes, at + 2, 4);
                out.number(&TCP_ECHO, bytes, at + 6, 4);
            }
            (34, _) => out.octets(&TCP_COOKIE, bytes, at + 2, len - 2, ""),
            _ => out.octets(&TCP_OPTION_BODY, bytes, at + 2, len - 2, ""),
        }
        at += len;
    }
}

/// The fields of the fixed part, as far as it is there.
fn head<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    out.number(&TCP_SOURCE, bytes, 0, 2);
    out.number(&TCP_DESTINATION, bytes, 2, 2);
    out.number(&TCP_SEQUENCE, bytes, 4, 4);
    out.number(&TCP_ACKNOWLEDGMENT, bytes, 8, 4);
    if let Some(octet) = bytes.get(12) {
        out.scaled_bits(&TCP_HEADER_LEN, (12, 1), (0, 4), u64::from(octet >> 4) * 4, "");
    }
    out.bits(&TCP_FLAGS, bytes, (12, 2), (4, 12), |_| "");
    out.flag(&TCP_AE, bytes, 12, 7);
    for (bit, field) in
        [&TCP_CWR, &TCP_ECE, &TCP_URG, &TCP_ACK, &TCP_PSH, &TCP_RST, &TCP_SYN, &TCP_FIN].into_iter().enumerate()
    {
        out.flag(field, bytes, 13, bit as u8);
    }
    out.number(&TCP_WINDOW, bytes, 14, 2);
    out.number(&TCP_CHECKSUM, bytes, 16, 2);
    out.number(&TCP_URGENT, bytes, 18, 2);
}

pub(super) fn cut<'a>(cut: CutTransport<'a>, out: &mut Visit<'a, '_>) {
    let bytes = cut.bytes();
    if cut.protocol == 6 {
        head(bytes, out);
    } else {
        out.number(&UDP_SOURCE, bytes, 0, 2);
        out.number(&UDP_DESTINATION, bytes, 2, 2);
        out.number(&UDP_LENGTH, bytes, 4, 2);
    }
}
