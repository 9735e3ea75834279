//! DNS messages (RFC 1035), read by simple-dns.

mod plain;

use std::fmt::Write as _;

use simple_dns::rdata::RData;
use simple_dns::{Name, OPCODE, Packet, PacketFlag, QTYPE, RCODE, TYPE};

/// Answers that are spelled out.
const ANSWERS: usize = 3;

/// Appends one line of a message; `None` if it is not whole.
pub(super) fn write(octets: &[u8], text: &mut String) -> Option<()> {
    let start = text.len();
    if plain::write(octets, text).is_some() {
        return Some(());
    }
    text.truncate(start);
    write_any(octets, text)
}

/// The same for messages of any kind.
fn write_any(octets: &[u8], text: &mut String) -> Option<()> {
    let message = Packet::parse(octets).ok()?;
    let is_response = message.has_flags(PacketFlag::RESPONSE);
    text.push_str(if is_response { "response 0x" } else { "query 0x" });
    push_hex(text, message.id());
    if message.opcode() != OPCODE::StandardQuery {
        let _ = write!(text, " {:?}", message.opcode());
    }
    for question in &message.questions {
        text.push(' ');
        push_question_type(text, question.qtype);
        text.push(' ');
        let start = text.len();
        push_name(text, &question.qname);
        if text.len() == start {
            text.push('.');
        }
    }
    if is_response {
        match message.rcode() {
            RCODE::NoError => {}
            RCODE::NameError => text.push_str(": no such name (NXDOMAIN)"),
            code => {
                let _ = write!(text, ": {code:?}");
            }
        }
        for (index, answer) in message.answers.iter().take(ANSWERS).enumerate() {
            text.push_str(if index == 0 { ": " } else { ", " });
            push_record(text, &answer.rdata);
        }
        if message.answers.len() > ANSWERS {
            let _ = write!(text, ", {} more", message.answers.len() - ANSWERS);
        }
    }
    Some(())
}

/// Appends four hexadecimal digits.
fn push_hex(text: &mut String, number: u16) {
    for shift in [12, 8, 4, 0] {
        let digit = (number >> shift) as u8 & 15;
        text.push(char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }));
    }
}

/// Appends a name with its labels escaped (RFC 1035 §5.1).
fn push_name(text: &mut String, name: &Name<'_>) {
    for (index, label) in name.as_bytes().enumerate() {
        if index > 0 {
            text.push('.');
        }
        if label.iter().all(|octet| matches!(octet, b'!'..=b'~') && !matches!(octet, b'.' | b'\\')) {
            text.extend(str::from_utf8(label));
            continue;
        }
        for chunk in label.utf8_chunks() {
            let valid = chunk.valid();
            if valid.bytes().any(|octet| matches!(octet, b'.' | b'\\')) {
                for c in valid.chars() {
                    if matches!(c, '.' | '\\') {
                        text.push('\\');
                    }
                    text.push(c);
                }
            } else {
                text.push_str(valid);
            }
            if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

fn push_question_type(text: &mut String, kind: QTYPE) {
    match kind {
        // Nearly all questions are one of these; the rest is worth the formatting machinery.
        QTYPE::TYPE(TYPE::A) => text.push('A'),
        QTYPE::TYPE(TYPE::AAAA) => text.push_str("AAAA"),
        QTYPE::TYPE(kind) => {
            let _ = write!(text, "{kind:?}");
        }
        kind => {
            let _ = write!(text, "{kind:?}");
        }
    }
}

fn push_record(text: &mut String, data: &RData<'_>) {
    let named = |text: &mut String, kind: &str, name| {
        text.push_str(kind);
        push_name(text, name);
    };
    match data {
        RData::A(a) => push_ipv4(text, a.address),
        RData::AAAA(aaaa) => {
            let _ = write!(text, "{}", std::net::Ipv6Addr::from(aaaa.address));
        }
        RData::CNAME(name) => named(text, "CNAME ", &name.0),
        RData::NS(name) => named(text, "NS ", &name.0),
        RData::PTR(name) => named(text, "PTR ", &name.0),
        RData::MX(mx) => {
            let _ = write!(text, "MX {} ", mx.preference);
            push_name(text, &mx.exchange);
        }
        RData::SRV(srv) => {
            named(text, "SRV ", &srv.target);
            let _ = write!(text, ":{}", srv.port);
        }
        RData::TXT(_) => text.push_str("TXT"),
        RData::SOA(soa) => named(text, "SOA ", &soa.mname),
        other => {
            let _ = write!(text, "{:?}", other.type_code());
        }
    }
}

fn push_ipv4(text: &mut String, address: u32) {
    let mut buffer = itoa::Buffer::new();
    for (index, octet) in address.to_be_bytes().into_iter().enumerate() {
        if index > 0 {
            text.push('.');
        }
        text.push_str(buffer.format(octet));
    }
}
