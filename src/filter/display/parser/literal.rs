//! Literals: numbers, addresses, octets, text.

use crate::analysis::Severity;
use crate::base::MacAddr;
use crate::filter::display::types::{Kind, Literal};
use crate::filter::{FilterError, nearest};

/// A number: decimal, 0x hexadecimal, 0b binary, or 0 octal.
pub(super) fn number(text: &str) -> Option<u64> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        u64::from_str_radix(hex, 16).ok()
    } else if let Some(binary) = text.strip_prefix("0b").or_else(|| text.strip_prefix("0B")) {
        u64::from_str_radix(binary, 2).ok()
    } else if text.len() > 1 && text.starts_with('0') {
        u64::from_str_radix(text, 8).ok()
    } else {
        text.parse().ok()
    }
}

/// A word as a literal of `kind`.
pub(super) fn word(kind: Kind, text: &str) -> Option<Literal> {
    match kind {
        Kind::Number => number(text).map(Literal::Number),
        Kind::Flag => match text {
            "true" | "True" | "TRUE" => Some(Literal::Number(1)),
            "false" | "False" | "FALSE" => Some(Literal::Number(0)),
            _ => number(text).filter(|number| *number <= 1).map(Literal::Number),
        },
        Kind::Mac => mac(text).map(Literal::Mac),
        Kind::V4 => {
            let (address, prefix) = text.split_once('/').unwrap_or((text, "32"));
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
            Some(Literal::V4 { address: address.parse().ok()?, prefix })
        }
        Kind::V6 => {
            let (address, prefix) = text.split_once('/').unwrap_or((text, "128"));
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 128)?;
            Some(Literal::V6 { address: address.parse().ok()?, prefix })
        }
        Kind::Octets | Kind::Protocol => octets(text).map(Literal::Octets),
        Kind::Text => Some(Literal::Text(text.to_owned())),
        Kind::Severity => severity(text).map(Literal::Severity),
    }
}

/// Text in quotes as a literal of `kind`.
pub(super) fn quoted(kind: Kind, octets: &[u8]) -> Option<Literal> {
    match kind {
        Kind::Octets | Kind::Protocol => Some(Literal::Octets(octets.to_vec())),
        Kind::Text => Some(Literal::Text(String::from_utf8_lossy(octets).into_owned())),
        _ => word(kind, std::str::from_utf8(octets).ok()?),
    }
}

/// What to say to somebody whose literal is of another kind.
pub(super) fn hint(kind: Kind, text: &str, error: FilterError) -> FilterError {
    match kind {
        Kind::Severity => match nearest(text, ["chat", "note", "warning", "error"]) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        },
        Kind::V4 if text.contains(':') => error.hint("for IPv6 write ipv6.addr, ipv6.src or ipv6.dst"),
        Kind::V4 | Kind::V6 => {
            error.hint("netlab makes no name look-ups: use an address or a network such as 192.0.2.0/24")
        }
        Kind::Octets => error.hint("write octets as 0a:1b, text in quotes"),
        _ => error,
    }
}

fn severity(text: &str) -> Option<Severity> {
    let all = [Severity::Chat, Severity::Note, Severity::Warning, Severity::Error];
    all.into_iter().find(|severity| severity.name() == text || text == "warn" && *severity == Severity::Warning)
}

fn mac(text: &str) -> Option<MacAddr> {
    let separator = if text.contains('-') { '-' } else { ':' };
    let octets: Vec<u8> = if text.contains('.') {
        let groups: Vec<&str> = text.split('.').collect();
        let [a, b, c] = groups[..] else { return None };
        let joined: Option<Vec<[u8; 2]>> = [a, b, c]
            .iter()
            .map(|group| {
                (group.len() == 4).then(|| u16::from_str_radix(group, 16).ok().map(u16::to_be_bytes)).flatten()
            })
            .collect();
        joined?.concat()
    } else {
        text.split(separator).map(octet).collect::<Option<_>>()?
    };
    Some(MacAddr(octets.try_into().ok()?))
}

/// Octets in hexadecimal: one, or several with `:`, `-` or `.` between.
pub(super) fn octets(text: &str) -> Option<Vec<u8>> {
    if let Some(hex) = text.strip_prefix("0x") {
        let digits = hex.len();
        let octets = (0..digits).step_by(2).map(|at| octet(hex.get(at..at + 2)?));
        return if digits > 0 && digits % 2 == 0 { octets.collect() } else { None };
    }
    let separator = [':', '-', '.'].into_iter().find(|separator| text.contains(*separator));
    match separator {
        Some(separator) => text.split(separator).map(octet).collect(),
        None => octet(text).map(|octet| vec![octet]),
    }
}

/// One octet of one or two hexadecimal digits.
fn octet(text: &str) -> Option<u8> {
    (matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| u8::from_str_radix(text, 16).ok())
        .flatten()
}
