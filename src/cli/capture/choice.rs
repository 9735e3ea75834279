//! Which of the words that were typed is the interface, and which are the filter.

use crate::base::text::harmless;
use crate::capture::nic::{self, ANY, Nic};
use crate::cli::Failure;

/// Words with which a filter of tcpdump's language begins, so that the first word need not be an interface.
const FILTER_WORDS: &[&str] = &[
    "action",
    "ah",
    "aarp",
    "arp",
    "atalk",
    "broadcast",
    "clns",
    "decnet",
    "dir",
    "dst",
    "esp",
    "ether",
    "fddi",
    "gateway",
    "geneve",
    "greater",
    "host",
    "icmp",
    "icmp6",
    "igmp",
    "igrp",
    "inbound",
    "ifindex",
    "ifname",
    "ip",
    "ip6",
    "ipx",
    "iso",
    "lat",
    "len",
    "less",
    "link",
    "llc",
    "moprc",
    "mpls",
    "multicast",
    "net",
    "netbeui",
    "not",
    "on",
    "outbound",
    "pim",
    "port",
    "portrange",
    "ppp",
    "pppoed",
    "pppoes",
    "proto",
    "protochain",
    "rarp",
    "sctp",
    "slip",
    "src",
    "stp",
    "tcp",
    "tr",
    "type",
    "udp",
    "vlan",
    "vrrp",
    "vxlan",
    "wlan",
];

/// The interface to capture on, and the filter.
pub(super) fn choose(list: &[Nic], named: Option<&str>, words: &[String]) -> Result<(Nic, String), Failure> {
    let first = words.first().map(String::as_str);
    match (named, first) {
        (Some(name), _) => Ok((find(list, name)?, words.join(" "))),
        (None, Some(word)) if is_interface(list, word) || !begins_filter(word) => {
            Ok((find(list, word)?, words[1..].join(" ")))
        }
        (None, _) => {
            let nic = nic::most_likely(list).ok_or_else(|| {
                Failure::CouldNot(format!("no interface is up; name one to wait for it\n{}", existing(list)))
            })?;
            Ok((nic.clone(), words.join(" ")))
        }
    }
}

fn is_interface(list: &[Nic], word: &str) -> bool {
    word == ANY || list.iter().any(|nic| nic.name == word)
}

/// True for a word that can begin a filter and is no name of an interface: a keyword, an address, a negation, a
/// parenthesis, or a whole filter in quotes.
fn begins_filter(word: &str) -> bool {
    let head: &str = word.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    FILTER_WORDS.contains(&head) || word.starts_with(['(', '!', '-']) || word.contains(char::is_whitespace)
}

fn find(list: &[Nic], name: &str) -> Result<Nic, Failure> {
    if name == ANY {
        return Ok(nic::any());
    }
    if let Some(nic) = list.iter().find(|nic| nic.name == name) {
        return Ok(nic.clone());
    }
    let hint = nic::nearest(list, name).map_or(String::new(), |near| format!("; did you mean {}?", harmless(near)));
    Err(Failure::CouldNot(format!("there is no interface {}{hint}\n{}", harmless(name), existing(list))))
}

/// The interfaces that there are, one a line.
fn existing(list: &[Nic]) -> String {
    let width = list.iter().map(|nic| nic.name.len()).max().unwrap_or(0).max(ANY.len());
    let mut lines = vec!["these exist:".to_owned()];
    for nic in list {
        let addresses: Vec<_> = nic.addresses.iter().map(|(address, len)| format!("{address}/{len}")).collect();
        let line = format!(
            "  {:width$}  {:<7}  {}",
            harmless(&nic.name),
            nic.state.name().replace('-', " "),
            addresses.join(", ")
        );
        lines.push(line.trim_end().to_owned());
    }
    lines.push(format!("  {ANY:width$}  all of them together"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::nic::State;

    fn list() -> Vec<Nic> {
        let nic = |name: &str, index, state| Nic { name: name.to_owned(), index, state, ..nic::any() };
        vec![
            Nic { is_loopback: true, ..nic("lo", 1, State::Up) },
            Nic { addresses: vec![([192, 0, 2, 1].into(), 24)], ..nic("eth0", 2, State::Up) },
            nic("port", 3, State::Down),
        ]
    }

    fn chosen(named: Option<&str>, words: &[&str]) -> (String, String) {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let (nic, filter) = choose(&list(), named, &words).expect("an interface");
        (nic.name, filter)
    }

    #[test]
    fn the_first_word_is_the_interface_unless_it_begins_a_filter() {
        assert_eq!(chosen(None, &["lo", "tcp", "port", "80"]), ("lo".into(), "tcp port 80".into()));
        assert_eq!(chosen(None, &["tcp", "port", "80"]), ("eth0".into(), "tcp port 80".into()));
        assert_eq!(chosen(None, &["tcp port 80"]), ("eth0".into(), "tcp port 80".into()));
        assert_eq!(chosen(None, &["tcp[13] == 2"]), ("eth0".into(), "tcp[13] == 2".into()));
        assert_eq!(chosen(None, &[]), ("eth0".into(), String::new()));
        assert_eq!(chosen(None, &["any"]), ("any".into(), String::new()));
    }

    #[test]
    fn an_interface_that_is_named_like_a_keyword_is_still_an_interface() {
        assert_eq!(chosen(None, &["port"]), ("port".into(), String::new()));
        assert_eq!(chosen(Some("lo"), &["port", "80"]), ("lo".into(), "port 80".into()));
    }

    #[test]
    fn an_unknown_interface_is_answered_with_the_ones_that_exist_and_the_nearest() {
        let Err(Failure::CouldNot(said)) = choose(&list(), None, &["eht0".to_owned()]) else { panic!("found it") };
        assert!(said.starts_with("there is no interface eht0; did you mean eth0?\n"), "{said}");
        assert!(said.contains("  eth0  up       192.0.2.1/24\n") && said.contains("  port  down\n"), "{said}");
    }
}
