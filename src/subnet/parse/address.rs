//! Reading one address, and telling what is wrong with what is not one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::MacAddr;
use crate::base::text::harmless;
use crate::subnet::Refusal;

/// Reads one address: dotted decimal, IPv6 text (RFC 4291 §2.2), or hexadecimal after `0x`.
///
/// # Errors
/// When the text is none of these. Octets with leading zeros are refused: they mean decimal to some programs and octal
/// to others. So is what `inet_aton` fills up in its own way (`192.168.1`).
pub fn address(text: &str, remarks: &mut Vec<String>) -> Result<IpAddr, Refusal> {
    let text = text.trim();
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Some((before, zone)) = text.split_once('%')
        && let Ok(address) = before.parse::<Ipv6Addr>()
        && !zone.is_empty()
    {
        let zone = harmless(zone);
        remarks.push(format!(
            "%{zone} names an interface, not a part of the address; it was put aside (RFC 4007 section 11)"
        ));
        return Ok(IpAddr::V6(address));
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return hexadecimal(text, digits);
    }
    let mut refusal = refuse(text);
    // Of two mistakes a reading mends only one: what would be refused again is not offered.
    refusal.meant.retain(|reading| address(reading, &mut Vec::new()).is_ok());
    Err(refusal)
}

fn hexadecimal(text: &str, digits: &str) -> Result<IpAddr, Refusal> {
    let shown = harmless(text);
    if let Some(wrong) = digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        let wrong = harmless(wrong.encode_utf8(&mut [0; 4])).into_owned();
        return Err(Refusal::new(format!(
            "'{shown}' begins like a hexadecimal number, but '{wrong}' is no hexadecimal digit"
        )));
    }
    let number = u128::from_str_radix(digits, 16).unwrap_or_default();
    match digits.len() {
        8 => Ok(IpAddr::V4(Ipv4Addr::from_bits(number as u32))),
        32 => Ok(IpAddr::V6(Ipv6Addr::from_bits(number))),
        count => {
            let refusal = Refusal::new(format!(
                "'{shown}' has {count} hexadecimal digits; an IPv4 address has 8 of them, an IPv6 address 32"
            ));
            Err(if count < 8 { refusal.meant(format!("0x{digits:0>8}")) } else { refusal })
        }
    }
}

/// What is wrong with a text that is no address.
fn refuse(text: &str) -> Refusal {
    let shown = harmless(text);
    if text.is_empty() {
        return Refusal::new("an address is missing").hint("write it as 192.0.2.10/24 or 2001:db8::1/64");
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.split(']').next())
        && inner.parse::<Ipv6Addr>().is_ok()
    {
        return Refusal::new(format!("'{shown}' is written as in a URL, with brackets")).meant(inner);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let refusal = Refusal::new(format!("'{shown}' is a URL, not an address"));
        return if host.parse::<IpAddr>().is_ok() { refusal.meant(host) } else { refusal };
    }
    if let Some((before, _)) = text.split_once('/')
        && before.parse::<IpAddr>().is_ok()
    {
        return Refusal::new(format!("'{shown}' has a length, and a single address is wanted here")).meant(before);
    }
    if text.parse::<MacAddr>().is_ok() && text.contains([':', '-', '.']) {
        return Refusal::new(format!("'{shown}' is a MAC address, and an IP address is wanted"))
            .hint("'netlab subnet 2001:db8::/64 --mac MAC' shows the IPv6 address a host makes of it");
    }
    if let Some((before, port)) = text.rsplit_once(':')
        && before.parse::<Ipv4Addr>().is_ok()
    {
        return Refusal::new(format!("'{shown}' has a port, and ports have no part in subnets: ':{}'", harmless(port)))
            .meant(before);
    }
    if text.contains(':') {
        return refuse_v6(text);
    }
    if text.bytes().all(|octet| octet.is_ascii_digit()) {
        return refuse_decimal(text);
    }
    if text.contains('.') {
        return refuse_v4(text);
    }
    if text.len() == 8 && text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return Refusal::new(format!("'{shown}' is not an address")).meant(format!("0x{text}"));
    }
    Refusal::new(format!("'{shown}' is not an address")).hint("an address looks like 192.0.2.10 or 2001:db8::1")
}

/// A bare decimal number: an address to some programs, a typing mistake more often.
fn refuse_decimal(text: &str) -> Refusal {
    let refusal = Refusal::new(format!("'{text}' is a bare number, not an address"));
    match text.parse::<u128>() {
        Ok(number) if number <= u128::from(u32::MAX) => {
            refusal.meant(Ipv4Addr::from_bits(number as u32).to_string()).hint("that is the number read as 32 bits")
        }
        Ok(number) => {
            refusal.meant(Ipv6Addr::from_bits(number).to_string()).hint("that is the number read as 128 bits")
        }
        Err(_) => refusal.hint("it is larger than any IPv6 address"),
    }
}

fn refuse_v4(text: &str) -> Refusal {
    let shown = harmless(text);
    let parts: Vec<&str> = text.split('.').collect();
    if text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.') {
        if let Some(position) = parts.iter().position(|part| part.is_empty()) {
            let full: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
            let refusal = Refusal::new(format!("'{shown}' has nothing where octet {} should stand", position + 1));
            return if full.len() == 4 && full.join(".").parse::<Ipv4Addr>().is_ok() {
                refusal.meant(full.join("."))
            } else {
                refusal
            };
        }
        if let Some(position) = parts.iter().position(|part| part.parse::<u8>().is_err()) {
            return Refusal::new(format!(
                "octet {} of '{shown}' is {}, and an octet reaches only to 255",
                position + 1,
                parts[position]
            ));
        }
        if parts.len() > 4 {
            return Refusal::new(format!("'{shown}' has {} octets, and an IPv4 address has four", parts.len()));
        }
        if parts.len() < 4 {
            let zeros = ".0".repeat(4 - parts.len());
            return Refusal::new(format!("'{shown}' has only {} of four octets", parts.len()))
                .meant(format!("{}{zeros}", decimal(&parts)))
                .hint("netlab fills nothing up: some programs would put the zeros at the end, others before the last octet");
        }
        return leading_zeros(text, &parts);
    }
    if parts.iter().any(|part| part.starts_with("0x") || part.starts_with("0X")) {
        return Refusal::new(format!("'{shown}' mixes hexadecimal and dots"))
            .hint("write the octets in decimal, or the whole address as 0x and 8 digits");
    }
    let begins_with_numbers = parts.len() == 4 && parts[..3].iter().all(|part| part.parse::<u8>().is_ok());
    let last_is_name =
        !begins_with_numbers && parts.last().is_some_and(|part| part.bytes().any(|octet| octet.is_ascii_alphabetic()));
    if last_is_name && parts.iter().all(|part| part.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-'))
    {
        return Refusal::new(format!("'{shown}' looks like a name, and netlab looks up no names here"))
            .hint("give the address itself");
    }
    let wrong = parts.iter().position(|part| !part.bytes().all(|octet| octet.is_ascii_digit())).unwrap_or_default();
    Refusal::new(format!(
        "octet {} of '{shown}' is '{}', which is no number from 0 to 255",
        wrong + 1,
        harmless(parts[wrong])
    ))
}

fn leading_zeros(text: &str, parts: &[&str]) -> Refusal {
    let first = parts.iter().position(|part| part.len() > 1 && part.starts_with('0'));
    let Some(position) = first else {
        return Refusal::new(format!("'{}' is not an IPv4 address", harmless(text)));
    };
    let decimal = decimal(parts);
    let octal: Option<Vec<String>> =
        parts
            .iter()
            .map(|part| {
                if part.len() > 1 && part.starts_with('0') {
                    u8::from_str_radix(part, 8).ok()
                } else {
                    part.parse().ok()
                }
            })
            .map(|octet| octet.map(|octet| octet.to_string()))
            .collect();
    let mut refusal = Refusal::new(format!(
        "octet {} of '{text}' has a leading zero, which some programs read as decimal and others as octal",
        position + 1
    ))
    .meant(decimal.clone());
    if let Some(octal) = octal.map(|octal| octal.join(".")).filter(|octal| *octal != decimal) {
        refusal = refusal.meant(octal);
    }
    refusal
}

/// Octets read as decimal numbers, whatever their leading zeros.
fn decimal(parts: &[&str]) -> String {
    let octets = parts.iter().filter_map(|part| part.parse::<u8>().ok());
    octets.map(|octet| octet.to_string()).collect::<Vec<_>>().join(".")
}

fn refuse_v6(text: &str) -> Refusal {
    let shown = harmless(text);
    if text.contains('%') {
        return Refusal::new(format!("'{shown}' has a zone after '%', but no IPv6 address before it"));
    }
    if text.contains(":::") {
        return Refusal::new(format!("'{shown}' has three colons in a row")).meant(text.replace(":::", "::"));
    }
    if text.matches("::").count() > 1 {
        return Refusal::new(format!("'{shown}' has '::' twice, so nobody can tell how many zeros each stands for"));
    }
    let groups: Vec<&str> = text.split(':').filter(|group| !group.is_empty()).collect();
    for (index, group) in groups.iter().enumerate() {
        if group.contains('.') {
            if index + 1 == groups.len() && !text.ends_with(':') {
                if group.parse::<Ipv4Addr>().is_err() {
                    let inner = refuse_v4(group);
                    return Refusal {
                        reason: format!("the IPv4 end of '{shown}': {}", inner.reason),
                        meant: vec![],
                        hint: inner.hint,
                    };
                }
            } else {
                return Refusal::new(format!(
                    "'{shown}' has an IPv4 address in its middle; it may stand only at the end"
                ));
            }
        } else if !group.bytes().all(|octet| octet.is_ascii_hexdigit()) {
            return Refusal::new(format!("'{}' in '{shown}' is not hexadecimal", harmless(group)));
        } else if group.len() > 4 {
            return Refusal::new(format!(
                "'{group}' in '{shown}' has {} digits, and a group has at most four",
                group.len()
            ));
        }
    }
    let width = groups.len() + usize::from(groups.last().is_some_and(|group| group.contains('.')));
    if text.contains("::") {
        return Refusal::new(format!(
            "'{shown}' has {width} groups beside '::', which must stand for at least one of the eight"
        ));
    }
    if (text.starts_with(':') || text.ends_with(':')) && width < 8 {
        let doubled = if text.starts_with(':') { format!(":{text}") } else { format!("{text}:") };
        let refusal = Refusal::new(format!(
            "'{shown}' has a single colon at its {}",
            if text.starts_with(':') { "start" } else { "end" }
        ));
        return if doubled.parse::<Ipv6Addr>().is_ok() { refusal.meant(doubled) } else { refusal };
    }
    let refusal = Refusal::new(format!("'{shown}' has {width} of eight groups"));
    let doubled = format!("{text}::");
    if width < 8 && doubled.parse::<Ipv6Addr>().is_ok() { refusal.meant(doubled) } else { refusal }
}
