//! The scenario file as it is written: TOML, strict. `docs/SCENARIOS.md` describes every key.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::ScenarioError;
use super::words::did_you_mean;

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub title: String,
    #[serde(default)]
    pub story: String,
    pub seed: Option<u64>,
    pub until: Option<Spanned<String>>,
    #[serde(default)]
    pub watch: Vec<Spanned<String>>,
    #[serde(default)]
    pub beside: Vec<Spanned<String>>,
    #[serde(default)]
    pub map: Vec<Spanned<String>>,
    #[serde(default)]
    pub live: Vec<Spanned<String>>,
    pub captured_at: Option<Spanned<String>>,
    #[serde(default)]
    pub host: BTreeMap<String, Spanned<NodeTable>>,
    #[serde(default)]
    pub router: BTreeMap<String, Spanned<NodeTable>>,
    #[serde(default)]
    pub cloud: BTreeMap<String, Spanned<NodeTable>>,
    #[serde(default, alias = "bridge")]
    pub switch: BTreeMap<String, Spanned<SwitchTable>>,
    #[serde(default)]
    pub hub: BTreeMap<String, Spanned<HubTable>>,
    #[serde(default)]
    pub lan: BTreeMap<String, Spanned<LanTable>>,
    #[serde(default)]
    pub links: Vec<Spanned<String>>,
    #[serde(default)]
    pub link: Vec<Spanned<LinkTable>>,
    #[serde(default)]
    pub program: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub actions: Vec<Spanned<String>>,
    #[serde(default)]
    pub expect: Vec<Spanned<String>>,
}

/// A host, router or cloud.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeTable {
    pub address: Option<Spanned<OneOrMore>>,
    pub mac: Option<Spanned<String>>,
    #[serde(default)]
    pub interfaces: BTreeMap<String, Spanned<InterfaceTable>>,
    pub gateway: Option<Spanned<OneOrMore>>,
    #[serde(default)]
    pub routes: Vec<Spanned<String>>,
    #[serde(default)]
    pub neighbours: Vec<Spanned<String>>,
    pub profile: Option<Spanned<String>>,
    pub mtu: Option<u16>,
    pub ttl: Option<u8>,
    pub redirects: Option<bool>,
    pub long_quotes: Option<bool>,
    pub answers_broadcast: Option<bool>,
    pub limits_errors: Option<bool>,
    pub sends_errors: Option<bool>,
    #[serde(default)]
    pub answers_for: Vec<Spanned<String>>,
    #[serde(default)]
    pub proxy_arp: bool,
    pub nat: Option<Spanned<NatTable>>,
    pub dhcp: Option<Spanned<DhcpTable>>,
    #[serde(default)]
    pub zone: BTreeMap<String, Spanned<OneOrMore>>,
    pub dns: Option<Spanned<String>>,
    #[serde(default)]
    pub rip: bool,
    #[serde(default)]
    pub slaac: bool,
    #[serde(default)]
    pub shows_layers: bool,
    #[serde(default)]
    pub advertise: bool,
    pub time_wait: Option<Spanned<String>>,
    pub ack_delay: Option<Spanned<String>>,
    pub min_rto: Option<Spanned<String>>,
    pub congestion: Option<Spanned<String>>,
    pub receive_buffer: Option<usize>,
}

/// An address, or several.
#[derive(Debug)]
pub(super) struct OneOrMore(Vec<String>);

impl OneOrMore {
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for OneOrMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address in quotes, or a list of them")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMore, E> {
                Ok(OneOrMore(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMore, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(OneOrMore(texts))
            }
        }
        deserializer.deserialize_any(Texts)
    }
}

/// An interface of a node with several.
#[derive(Debug)]
pub(super) enum InterfaceTable {
    Address(String),
    Table(Box<InterfaceBody>),
}

impl<'de> Deserialize<'de> for InterfaceTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = InterfaceTable;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an address in quotes, or a table with an address")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<InterfaceTable, E> {
                Ok(InterfaceTable::Address(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<InterfaceTable, A::Error> {
                let body = InterfaceBody::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(InterfaceTable::Table(Box::new(body)))
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterfaceBody {
    pub address: Option<Spanned<OneOrMore>>,
    pub mac: Option<Spanned<String>>,
    pub mtu: Option<u16>,
    #[serde(default)]
    pub proxy_arp: bool,
}

/// Addresses that a box gives out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DhcpTable {
    pub first: String,
    pub count: u32,
    pub gateway: Option<String>,
    pub dns: Option<String>,
    pub lease: Option<String>,
}

/// How a router translates addresses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NatTable {
    pub outside: String,
    pub mapping: Option<String>,
    pub filtering: Option<String>,
    #[serde(default)]
    pub forwards: Vec<String>,
}

/// A switch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwitchTable {
    pub ports: Option<u16>,
    pub mac: Option<Spanned<String>>,
    pub ageing: Option<Spanned<String>>,
    pub table: Option<usize>,
    pub profile: Option<Spanned<String>>,
    #[serde(default)]
    pub vlans: BTreeMap<String, Spanned<String>>,
    pub stp: Option<Spanned<String>>,
    pub priority: Option<u16>,
    #[serde(default)]
    pub edge_ports: Vec<u16>,
    #[serde(default)]
    pub fixed: Vec<Spanned<String>>,
}

/// A hub.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HubTable {
    pub ports: Option<u16>,
}

/// Many like hosts on one switch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LanTable {
    pub hosts: u16,
    pub on: Spanned<String>,
    pub first: Spanned<String>,
    pub gateway: Option<Spanned<String>>,
    pub rate: Option<Spanned<String>>,
    pub profile: Option<Spanned<String>>,
}

/// A link with properties.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkTable {
    pub between: [Spanned<String>; 2],
    pub rate: Option<Spanned<String>>,
    pub delay: Option<Spanned<String>>,
    pub jitter: Option<Spanned<String>>,
    pub mtu: Option<u16>,
    pub queue: Option<usize>,
    pub loss: Option<f64>,
    pub duplicate: Option<f64>,
    pub reorder: Option<f64>,
    pub reorder_delay: Option<Spanned<String>>,
    pub corrupt: Option<f64>,
    #[serde(default)]
    pub lose: Vec<u64>,
    pub there: Option<DirectionTable>,
    pub back: Option<DirectionTable>,
}

/// What holds in one direction only.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DirectionTable {
    pub mtu: Option<u16>,
    pub rate: Option<Spanned<String>>,
    pub delay: Option<Spanned<String>>,
    pub jitter: Option<Spanned<String>>,
    pub queue: Option<usize>,
    pub loss: Option<f64>,
    pub duplicate: Option<f64>,
    pub reorder: Option<f64>,
    pub reorder_delay: Option<Spanned<String>>,
    pub corrupt: Option<f64>,
    pub lose: Option<Vec<u64>>,
}

/// Reads a file.
pub(super) fn parse(name: &str, text: &str) -> Result<File, ScenarioError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message();
        // "unknown field `x`, expected one of `a`, `b`": the hint is the key that looks most like it.
        let mut quoted = message.split('`').skip(1).step_by(2);
        let sentence = match (message.starts_with("unknown field"), quoted.next()) {
            (true, Some(unknown)) => {
                let known: Vec<&str> = quoted.collect();
                let near = did_you_mean(unknown, known.iter().copied());
                if near.is_empty() {
                    format!("unknown key '{unknown}'; known here are {}", known.join(", "))
                } else {
                    format!("unknown key '{unknown}'{near}")
                }
            }
            _ => message.lines().collect::<Vec<_>>().join(" "),
        };
        ScenarioError::at(name, text, at, sentence)
    })
}
