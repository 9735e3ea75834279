//! DHCP messages (RFC 2131) and the head of DHCPv6 (RFC 9915). Read by hand: the library for them panics on options
//! of a length that it does not expect, and these octets come from anybody.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use crate::base::MacAddr;
use crate::base::text::harmless_octets;
use crate::wire::walker::be32;

/// Octets before the options: the fixed part and the cookie (RFC 2131 §2, §3).
const OPTIONS: usize = 240;
const COOKIE: u32 = 0x6382_5363;

/// Appends one line of a DHCP or BOOTP message; `None` if it is not whole.
pub(super) fn write(octets: &[u8], text: &mut String) -> Option<()> {
    let fixed = octets.get(..236)?;
    let has_options = be32(octets, 236) == COOKIE;
    let options = if has_options { octets.get(OPTIONS..).unwrap_or_default() } else { &[] };
    let kind = option(options, 53).and_then(|body| body.first()).and_then(|kind| kind_name(*kind));
    text.push_str(match kind {
        Some(kind) => kind,
        None if fixed[0] == 1 => "BOOTP request",
        None => "BOOTP reply",
    });
    let _ = write!(text, " {:#010x}", be32(fixed, 4));
    if fixed[2] == 6
        && let Some(client) = MacAddr::from_slice(&fixed[28..])
    {
        let _ = write!(text, ", client {client}");
    }
    if let Some(name) = option(options, 12) {
        let _ = write!(text, ", host name {}", harmless_octets(name));
    }
    if let Some(address) = option(options, 50).and_then(address) {
        let _ = write!(text, ", asks for {address}");
    }
    let given = Ipv4Addr::from(be32(fixed, 16));
    if !given.is_unspecified() {
        let _ = write!(text, ", gives {given}");
    }
    if let Some(address) = option(options, 54).and_then(address) {
        let _ = write!(text, ", server {address}");
    }
    if let Some(seconds) = option(options, 51).filter(|body| body.len() == 4) {
        let _ = write!(text, ", for {} s", be32(seconds, 0));
    }
    Some(())
}

/// The first option of this code (RFC 2132 §2).
fn option(mut options: &[u8], code: u8) -> Option<&[u8]> {
    loop {
        match *options {
            [] | [255, ..] => return None,
            [0, ..] => options = &options[1..],
            [found, len, ref rest @ ..] => {
                let body = rest.get(..usize::from(len))?;
                if found == code {
                    return Some(body);
                }
                options = &rest[usize::from(len)..];
            }
            [_] => return None,
        }
    }
}

fn address(body: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(body).ok().map(Ipv4Addr::from)
}

fn kind_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        1 => "discover",
        2 => "offer",
        3 => "request",
        4 => "decline",
        5 => "ack",
        6 => "nak",
        7 => "release",
        8 => "inform",
        9 => "force renew",
        10 => "lease query",
        11 => "lease unassigned",
        12 => "lease unknown",
        13 => "lease active",
        _ => return None,
    })
}

/// Appends one line of a DHCPv6 message: its kind and transaction; relayed ones have no transaction (RFC 9915 §8, §9).
pub(super) fn write_v6(octets: &[u8], text: &mut String) -> Option<()> {
    let kind = match octets.first()? {
        1 => "solicit",
        2 => "advertise",
        3 => "request",
        4 => "confirm",
        5 => "renew",
        6 => "rebind",
        7 => "reply",
        8 => "release",
        9 => "decline",
        10 => "reconfigure",
        11 => "information request",
        12 => "relay forward",
        13 => "relay reply",
        _ => return None,
    };
    let head = octets.get(..4)?;
    text.push_str(kind);
    if !matches!(head[0], 12 | 13) {
        let _ = write!(text, " {:#08x}", be32(head, 0) & 0x00ff_ffff);
    }
    Some(())
}
