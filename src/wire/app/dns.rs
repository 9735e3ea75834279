//! DNS messages (RFC 1035), read by simple-dns.

use std::fmt::Write as _;

use simple_dns::rdata::RData;
use simple_dns::{OPCODE, Packet, PacketFlag, RCODE};

/// Answers that are spelled out.
const ANSWERS: usize = 3;

/// One line of a message; `None` if it is not whole.
pub(super) fn text(octets: &[u8]) -> Option<String> {
    let message = Packet::parse(octets).ok()?;
    let is_response = message.has_flags(PacketFlag::RESPONSE);
    let mut text = format!("{} {:#06x}", if is_response { "response" } else { "query" }, message.id());
    if message.opcode() != OPCODE::StandardQuery {
        let _ = write!(text, " {:?}", message.opcode());
    }
    for question in &message.questions {
        let _ =
            write!(text, " {:?} {}", question.qtype, or_root(&question.qname.to_string())).map(|()| tidy(&mut text));
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
            text.push_str(&record(&answer.rdata));
        }
        if message.answers.len() > ANSWERS {
            let _ = write!(text, ", {} more", message.answers.len() - ANSWERS);
        }
    }
    Some(text)
}

fn or_root(name: &str) -> &str {
    if name.is_empty() { "." } else { name }
}

/// simple-dns prints a question's type as `TYPE(A)`.
fn tidy(text: &mut String) {
    if let Some(at) = text.rfind("TYPE(")
        && let Some(end) = text[at..].find(')')
    {
        text.remove(at + end);
        text.replace_range(at..at + 5, "");
    }
}

fn record(data: &RData<'_>) -> String {
    match data {
        RData::A(a) => std::net::Ipv4Addr::from(a.address).to_string(),
        RData::AAAA(aaaa) => std::net::Ipv6Addr::from(aaaa.address).to_string(),
        RData::CNAME(name) => format!("CNAME {}", name.0),
        RData::NS(name) => format!("NS {}", name.0),
        RData::PTR(name) => format!("PTR {}", name.0),
        RData::MX(mx) => format!("MX {} {}", mx.preference, mx.exchange),
        RData::SRV(srv) => format!("SRV {}:{}", srv.target, srv.port),
        RData::TXT(_) => "TXT".to_owned(),
        RData::SOA(soa) => format!("SOA {}", soa.mname),
        other => format!("{:?}", other.type_code()),
    }
}
