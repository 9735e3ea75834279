//! The classes of difference that are understood. Each has a section of the same name in `docs/AGREEMENT.md`.

use serde_json::Value;

use super::compare::Difference;
use super::tshark::Row;

/// A class of difference.
#[derive(Debug)]
pub(super) struct Class {
    /// Its name, as in `docs/AGREEMENT.md`.
    pub(super) name: &'static str,
    holds: fn(&Row, &Value, &Difference) -> bool,
}

const CLASSES: &[Class] = &[
    Class { name: "length-zero", holds: |_, ours, _| has_issue(ours, "length-zero") },
    Class { name: "too-deep", holds: |_, ours, _| has_issue(ours, "too-deep") },
    Class { name: "wrong-version", holds: |_, ours, _| has_issue(ours, "bad-version") },
    Class { name: "cut-header", holds: |_, ours, difference| is_cut_header(ours, difference) },
    Class {
        name: "guess-below-labels",
        holds: |theirs, ours, difference| {
            has_layer(ours, "mpls")
                && theirs.protocols().iter().any(|word| word.starts_with("pweth"))
                && matches!(layer_of(difference), "layers" | "ethernet")
        },
    },
    Class {
        name: "arp-of-other-hardware",
        holds: |theirs, _, difference| {
            let is = |field: &str, value: &str| theirs.all(field).first().is_some_and(|found| found == value);
            layer_of(difference) == "arp"
                && difference.theirs == "-"
                && !(is("arp.hw.type", "1") && is("arp.proto.type", "0x0800"))
        },
    },
    Class {
        name: "mobility-by-its-old-number",
        holds: |theirs, ours, difference| {
            difference.field == "layers" && ours["ipv6"]["next_header"] == 62 && theirs.protocols().contains(&"mipv6")
        },
    },
    Class {
        name: "ppp-by-its-ether-type",
        holds: |_, ours, difference| difference.field == "layers" && ours["ethernet"]["ether_type"] == 0x880b,
    },
    Class {
        name: "pseudo-header-of-the-file",
        holds: |_, ours, difference| {
            matches!(difference.field, "captured_len" | "wire_len")
                && matches!(
                    ours["link"].as_str(),
                    Some(
                        "sunatm"
                            | "erf"
                            | "mtp2-phdr"
                            | "linux-irda"
                            | "bluetooth-hci-h4-phdr"
                            | "ppp-pppd"
                            | "ppp-dir"
                            | "cisco-hdlc-dir"
                            | "usb-linux"
                            | "usb-linux-mmapped"
                            | "nokia-atm"
                            | "nfc-llcp"
                            | "ipmb-linux"
                    )
                )
        },
    },
    Class {
        name: "tshark-gave-up",
        holds: |theirs, _, difference| {
            let is_shorter = difference.field == "layers" && difference.ours.starts_with(&difference.theirs);
            !theirs.all("_ws.malformed").is_empty() && (difference.theirs == "-" || is_shorter)
        },
    },
];

/// The first class that the difference belongs to.
pub(super) fn of(theirs: &Row, ours: &Value, difference: &Difference) -> Option<&'static Class> {
    CLASSES.iter().find(|class| (class.holds)(theirs, ours, difference))
}

const UNREADABLE: Class = Class { name: "link-type-unknown-to-tshark", holds: |_, _, _| false };
const OTHER_FORMAT: Class = Class { name: "other-file-formats", holds: |_, _, _| false };

/// The class of a different number of packets.
pub(super) fn of_count(ours: &[Value], their_count: usize, head: &[u8]) -> Option<&'static Class> {
    let only_named = ours.iter().all(|packet| packet["layers"].as_array().is_some_and(|layers| layers.len() <= 1));
    let is_pcap = matches!(head, [0xd4, 0xc3, 0xb2, 0xa1, ..] | [0xa1, 0xb2, 0xc3, 0xd4, ..])
        || matches!(head, [0x4d, 0x3c, 0xb2, 0xa1, ..] | [0xa1, 0xb2, 0x3c, 0x4d, ..] | [0x0a, 0x0d, 0x0d, 0x0a, ..]);
    if their_count == 0 && only_named {
        Some(&UNREADABLE)
    } else if ours.is_empty() && !is_pcap {
        Some(&OTHER_FORMAT)
    } else {
        None
    }
}

/// The layer whose field differs, or the field itself if it is no layer's.
fn layer_of(difference: &Difference) -> &'static str {
    difference.field.split('.').next().unwrap_or(difference.field)
}

fn has_issue(ours: &Value, code: &str) -> bool {
    issues(ours).any(|(found, _)| found == code)
}

fn issues(ours: &Value) -> impl Iterator<Item = (&str, &str)> {
    let list = ours["issues"].as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|issue| (issue["code"].as_str().unwrap_or_default(), issue["layer"].as_str().unwrap_or_default()))
}

fn has_layer(ours: &Value, name: &str) -> bool {
    ours["layers"].as_array().is_some_and(|layers| layers.iter().any(|layer| layer == name))
}

/// True if the header of this field is not all there: tshark shows its fields up to the cut, and a layer of which no
/// octet is there; netlab's JSON has those that its views read.
fn is_cut_header(ours: &Value, difference: &Difference) -> bool {
    issues(ours).any(|(code, layer)| {
        if !matches!(code, "cut" | "too-short" | "bad-header-length") {
            return false;
        }
        if difference.field != "layers" {
            return layer_of(difference) == layer && (difference.ours == "-" || difference.theirs == "-");
        }
        let Some(more) = difference.theirs.strip_prefix(difference.ours.as_str()) else {
            return false;
        };
        let more = more.trim_start_matches('/');
        more == layer || layer == "ipv6-extension" && more.starts_with("ipv6-") && !more.contains('/')
    })
}
