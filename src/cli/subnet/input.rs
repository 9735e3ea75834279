//! Where addresses come from: arguments, lines of standard input, interfaces of this machine.

use std::io::{self, BufRead as _};

use crate::base::limits::{MAX_ADDRESS_LINE_LEN, MAX_REMARKS, MAX_SPANS};
use crate::base::text::harmless;
use crate::cli::Failure;
use crate::subnet::parse::{self, MaskStyle};
use crate::subnet::{Block, Parsed, Refusal, Span};

/// The argument that stands for standard input.
pub(super) const STDIN: &str = "-";

/// One input with the place it came from, for complaints.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) text: String,
    /// The line of standard input, from 1.
    pub(super) line: Option<u64>,
}

impl Text {
    /// A refusal of this input, naming its line.
    pub(super) fn refuse(&self, refusal: &Refusal) -> String {
        match self.line {
            Some(line) => format!("standard input, line {line}: {refusal}"),
            None => refusal.to_string(),
        }
    }
}

/// Hands on the arguments one after another; `-` stands for the lines of standard input, of which empty ones and what
/// follows a `#` are left out.
pub(super) fn each(arguments: &[String], take: &mut dyn FnMut(Text) -> Result<(), Failure>) -> Result<(), Failure> {
    for argument in arguments {
        if argument != STDIN {
            take(Text { text: argument.clone(), line: None })?;
            continue;
        }
        let mut stdin = io::stdin().lock();
        let mut octets = Vec::new();
        for line in 1.. {
            octets.clear();
            let read = io::Read::take(&mut stdin, MAX_ADDRESS_LINE_LEN as u64).read_until(b'\n', &mut octets);
            match read {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return Err(Failure::CouldNot(format!("cannot read standard input: {error}"))),
            }
            if octets.len() == MAX_ADDRESS_LINE_LEN && !octets.ends_with(b"\n") {
                return Err(Failure::Usage(format!(
                    "standard input, line {line} is longer than {MAX_ADDRESS_LINE_LEN} octets: that is no address"
                )));
            }
            let text = String::from_utf8_lossy(&octets);
            let text = text.split('#').next().unwrap_or_default().trim();
            if !text.is_empty() {
                take(Text { text: text.to_owned(), line: Some(line) })?;
            }
        }
    }
    Ok(())
}

/// Reads blocks and ranges for sums of sets; the first that is refused ends it.
pub(super) fn spans(arguments: &[String], remarks: &mut Vec<String>) -> Result<Vec<Span>, Failure> {
    let mut spans = Vec::new();
    each(arguments, &mut |text| {
        // Several to a line are welcome.
        for word in text.text.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
            let span = parse::span(word, remarks).map_err(|refusal| Failure::Usage(text.refuse(&refusal)))?;
            if spans.len() == MAX_SPANS {
                return Err(Failure::Usage(format!("more than {MAX_SPANS} blocks are too many at once")));
            }
            spans.push(span);
        }
        Ok(())
    })?;
    if remarks.len() > MAX_REMARKS {
        let more = remarks.len() - MAX_REMARKS;
        remarks.truncate(MAX_REMARKS);
        remarks.push(format!("… and {more} more remarks of this kind"));
    }
    if spans.is_empty() {
        return Err(Failure::Usage("no addresses were given".to_owned()));
    }
    Ok(spans)
}

/// Reads one input: `ADDRESS`, `ADDRESS/LEN`, `ADDRESS MASK`, or the name of an interface, which may have several
/// addresses.
pub(super) fn blocks(text: &str, style: MaskStyle) -> Result<Vec<Parsed>, Refusal> {
    let mut words = text.split_whitespace();
    let (first, mask, more) = (words.next().unwrap_or_default(), words.next(), words.next());
    if more.is_some() {
        return Err(Refusal::new(format!("'{}' has more than an address and a mask", harmless(text))));
    }
    if mask.is_none() && could_be_interface(first) {
        return interface(first);
    }
    Ok(vec![parse::block(first, mask, style)?])
}

/// Names of interfaces have no slash, and addresses have a dot, a colon, or are all digits. An interface named `eth0.100`
/// (a VLAN) has a dot too, and letters that no address has.
fn could_be_interface(text: &str) -> bool {
    let is_address_like = text.contains(':')
        || text.starts_with("0x")
        || text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    !text.is_empty() && !text.contains(['/', '\\', '%', '[']) && !is_address_like
}

fn interface(name: &str) -> Result<Vec<Parsed>, Refusal> {
    let shown = harmless(name).into_owned();
    let (names, addresses) = addresses_of(name)?;
    let Some(addresses) = addresses else {
        // What is wrong with it as an address comes first if it looks like one, such as 192.168.1.x or a name.
        let as_address = parse::block(name, None, MaskStyle::Mask).map(|parsed| vec![parsed]);
        let refusal = match as_address {
            Ok(parsed) => return Ok(parsed),
            Err(refusal) => refusal,
        };
        if name.contains('.') || !refusal.meant.is_empty() {
            return Err(refusal);
        }
        let refusal =
            Refusal::new(format!("'{shown}' is neither an address nor an interface of this machine nor a sub-command"));
        return Err(match nearest_command(name) {
            Some(command) => refusal.meant(command),
            None => refusal.hint(format!("the interfaces are {}", names.join(", "))),
        });
    };
    if addresses.is_empty() {
        return Err(Refusal::new(format!("the interface {shown} has no address")));
    }
    let parsed =
        addresses.into_iter().map(|block| Parsed { input: shown.clone(), block, has_mask: true, remarks: Vec::new() });
    Ok(parsed.collect())
}

/// Every name of an interface, and the addresses of the one that is asked for.
#[cfg(all(target_os = "linux", feature = "live"))]
fn addresses_of(name: &str) -> Result<(Vec<String>, Option<Vec<Block>>), Refusal> {
    let list = crate::capture::nic::interfaces()
        .map_err(|error| Refusal::new(format!("cannot list the interfaces of this machine: {error}")))?;
    let names = list.iter().map(|interface| harmless(&interface.name).into_owned()).collect();
    let found = list.iter().find(|interface| interface.name == name);
    let blocks = |addresses: &[(std::net::IpAddr, u8)]| {
        addresses.iter().filter_map(|(address, prefix_len)| Block::new(*address, *prefix_len)).collect()
    };
    Ok((names, found.map(|interface| blocks(&interface.addresses))))
}

/// Without the feature `live` nobody can list interfaces.
#[cfg(not(all(target_os = "linux", feature = "live")))]
fn addresses_of(_name: &str) -> Result<(Vec<String>, Option<Vec<Block>>), Refusal> {
    Ok((vec!["not known to this build, which has no live capture".to_owned()], None))
}

/// A sub-command that differs in a letter or two.
fn nearest_command(name: &str) -> Option<&'static str> {
    const NAMES: [&str; 11] =
        ["same", "split", "next", "plan", "merge", "range", "contains", "overlap", "subtract", "kinds", "random"];
    let near = |command: &&str| {
        command.starts_with(name) && name.len() > 1 || crate::base::text::distance(command, name) <= 2 && name.len() > 3
    };
    NAMES.into_iter().filter(near).min_by_key(|command| crate::base::text::distance(command, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_interfaces_are_told_from_addresses() {
        for name in ["lo", "eth0", "eth0.100", "wlp3s0", "br-lan", "veth12ab"] {
            assert!(could_be_interface(name), "{name}");
        }
        for address in
            ["192.0.2.1", "192.0.2.1/24", "2001:db8::1", "0xc0000201", "3221225985", "fe80::1%eth0", "256.1.1.1"]
        {
            assert!(!could_be_interface(address), "{address}");
        }
    }

    #[test]
    fn a_misspelled_sub_command_is_recognised() {
        assert_eq!(nearest_command("splti"), Some("split"));
        assert_eq!(nearest_command("substract"), Some("subtract"));
        assert_eq!(nearest_command("over"), Some("overlap"));
        assert_eq!(nearest_command("eth7"), None);
    }
}
