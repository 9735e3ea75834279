//! What people mean when they write something that is not in the language.

use super::ast::{PROTO_WORDS, Proto};
use super::names;
use crate::filter::nearest;

/// Words of the language besides protocols and constants.
const WORDS: &[&str] = &[
    "and",
    "or",
    "not",
    "src",
    "dst",
    "host",
    "net",
    "mask",
    "port",
    "portrange",
    "proto",
    "protochain",
    "gateway",
    "less",
    "greater",
    "len",
    "length",
    "byte",
    "broadcast",
    "multicast",
    "inbound",
    "outbound",
    "ifindex",
    "vlan",
    "mpls",
    "pppoed",
    "pppoes",
    "geneve",
];

/// Words of the language that belong to links netlab has no capture filters for, and why they are refused.
const FOREIGN: &[(&[&str], &str)] = &[
    (
        &["ifname", "on", "rnr", "rulenum", "srnr", "subrulenum", "reason", "rset", "ruleset", "action"],
        "belongs to the log of OpenBSD's pf (PFLOG), which netlab does not read; use the interface of the capture instead",
    ),
    (
        &["lane", "metac", "bcc", "oam", "oamf4", "oamf4ec", "oamf4sc", "sc", "ilmic", "vpi", "vci", "connectmsg"],
        "belongs to ATM links, for which netlab has no capture filters",
    ),
    (
        &["fisu", "lssu", "lsu", "msu", "hfisu", "hlssu", "hmsu", "sio", "opc", "dpc", "sls"],
        "belongs to SS7 (MTP) links, for which netlab has no capture filters",
    ),
    (
        &["type", "subtype", "dir", "direction", "ra", "ta", "addr1", "addr2", "addr3", "addr4"],
        "belongs to 802.11 frames, for which netlab has no capture filters",
    ),
];

/// True if `word` is of the language, so that it cannot be a name.
pub(super) fn is_keyword(word: &str) -> bool {
    Proto::from_word(word).is_some()
        || WORDS.contains(&word)
        || names::constant(word).is_some()
        || foreign_word(word).is_some()
}

/// Why a word of the language is refused here.
pub(super) fn foreign_word(word: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|(words, _)| words.contains(&word)).map(|(_, reason)| *reason)
}

/// The word that was probably meant.
pub(super) fn meant_word(wrong: &str) -> Option<&'static str> {
    let other = match wrong.to_ascii_lowercase().as_str() {
        "ipv4" | "ip4" => Some("ip"),
        "ipv6" => Some("ip6"),
        "icmpv6" => Some("icmp6"),
        "source" => Some("src"),
        "dest" | "destination" => Some("dst"),
        "eth" | "mac" | "ethernet" => Some("ether"),
        "network" | "subnet" => Some("net"),
        "ports" => Some("portrange"),
        "dns" => Some("port 53"),
        "dhcp" => Some("port 67 or port 68"),
        _ => None,
    };
    other.or_else(|| {
        let words = WORDS.iter().copied().chain(PROTO_WORDS.iter().map(|(word, _)| *word)).chain(names::constants());
        nearest(wrong, words)
    })
}

/// What gives a display filter away: a field with a dot, or an operator that only they have.
pub(super) fn display_filter_sign(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')));
    words.into_iter().find(|word| {
        let field = word.split_once('.').is_some_and(|(first, rest)| {
            rest.starts_with(|c: char| c.is_ascii_alphabetic())
                && (Proto::from_word(first).is_some()
                    || matches!(
                        first,
                        "frame"
                            | "eth"
                            | "ethernet"
                            | "ipv4"
                            | "ipv6"
                            | "icmpv4"
                            | "icmpv6"
                            | "vlan"
                            | "dns"
                            | "http"
                            | "tls"
                            | "dhcp"
                            | "note"
                            | "sll"
                    ))
        });
        field || matches!(*word, "contains" | "matches" | "xor" | "eq" | "ne" | "gt" | "lt" | "ge" | "le" | "note")
    })
}
