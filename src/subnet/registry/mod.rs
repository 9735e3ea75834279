//! What blocks of addresses are for: the IPv4 and IPv6 special-purpose registries of IANA (RFC 6890, RFC 8190), row by
//! row, and the address space around them (multicast, global unicast) from the documents that divide it.
//!
//! The registries are as of 2025-10-09. A later row is added to `ipv4.rs` or `ipv6.rs`, and to the registries' own files
//! beside the tests that hold these tables against them.

mod ipv4;
mod ipv6;
mod space;

use serde::{Serialize, Serializer};

use super::{Block, Family};

/// One row: a block, what it is for, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The addresses.
    pub block: Block,
    /// netlab's short name for the kind, the same in every row of the kind: `private`, `documentation` …
    pub kind: &'static str,
    /// The name in the registry.
    pub name: &'static str,
    /// The documents, as in `RFC 1918`; of more than one the registry's order.
    pub source: &'static str,
    /// What that means, in a few words.
    pub meaning: &'static str,
    /// What the special-purpose registry says; `None` for rows of the address space around it.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub special: Option<Special>,
}

/// The columns that only the special-purpose registries have (RFC 6890 §2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Special {
    /// Year and month in which the block was allocated.
    pub allocated: &'static str,
    /// Year and month in which the allocation ended, of blocks that are history.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terminated: Option<&'static str>,
    /// May be a source address on a packet that crosses two devices.
    pub usable_as_source: Answer,
    /// May be a destination address on such a packet.
    pub usable_as_destination: Answer,
    /// Routers may forward packets to it.
    pub forwardable: Answer,
    /// Packets to it may leave their administrative domain.
    pub globally_reachable: Answer,
    /// Every implementation of IP must treat it specially.
    pub reserved_by_protocol: Answer,
}

/// A cell of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// True.
    Yes,
    /// False.
    No,
    /// N/A: it depends on the address inside.
    NotApplicable,
    /// An empty cell, in rows that are history.
    Unstated,
}

impl Answer {
    /// As a word: `yes`, `no`, `n/a` or nothing.
    pub const fn word(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::NotApplicable => "n/a",
            Answer::Unstated => "",
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Answer::Yes => serializer.serialize_bool(true),
            Answer::No => serializer.serialize_bool(false),
            Answer::NotApplicable => serializer.serialize_str("n/a"),
            Answer::Unstated => serializer.serialize_str("unstated"),
        }
    }
}

/// The special-purpose registry of a family, in its own order. The IPv4 registry's row of two single addresses
/// (192.0.0.170 and .171) is two rows here.
pub fn special_purpose(family: Family) -> &'static [Row] {
    match family {
        Family::Ipv4 => ipv4::ROWS,
        Family::Ipv6 => ipv6::ROWS,
    }
}

/// The rest of the address space: multicast and its parts, global unicast, what is deprecated; last the whole space.
pub fn address_space(family: Family) -> &'static [Row] {
    match family {
        Family::Ipv4 => space::IPV4,
        Family::Ipv6 => space::IPV6,
    }
}

/// Every row that holds the whole block, the smallest first. Never empty: the last row is the whole address space.
pub fn rows_around(block: Block) -> Vec<&'static Row> {
    let mut rows: Vec<_> = all(block.family()).filter(|row| row.block.holds(block)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.block.prefix_len()));
    rows
}

/// Every row of which the block holds all, but that does not hold the block: what else lies in it.
pub fn rows_inside(block: Block) -> Vec<&'static Row> {
    all(block.family()).filter(|row| block.holds(row.block) && !row.block.holds(block)).collect()
}

/// The row that says most about the whole block.
pub fn row_of(block: Block) -> &'static Row {
    let around = all(block.family()).filter(|row| row.block.holds(block));
    around.max_by_key(|row| row.block.prefix_len()).unwrap_or(match block.family() {
        Family::Ipv4 => &space::REST_OF_IPV4,
        Family::Ipv6 => &space::REST_OF_IPV6,
    })
}

fn all(family: Family) -> impl Iterator<Item = &'static Row> {
    special_purpose(family).iter().chain(address_space(family))
}

/// A row of a special-purpose registry; the answers are source, destination, forwardable, globally reachable, reserved.
const fn special(
    block: Block,
    kind: &'static str,
    name: &'static str,
    source: &'static str,
    allocated: &'static str,
    answers: [Answer; 5],
    meaning: &'static str,
) -> Row {
    let [usable_as_source, usable_as_destination, forwardable, globally_reachable, reserved_by_protocol] = answers;
    let special = Special {
        allocated,
        terminated: None,
        usable_as_source,
        usable_as_destination,
        forwardable,
        globally_reachable,
        reserved_by_protocol,
    };
    Row { block, kind, name, source, meaning, special: Some(special) }
}

/// A row whose allocation ended: its answers are empty.
const fn ended(
    block: Block,
    kind: &'static str,
    name: &'static str,
    source: &'static str,
    [allocated, terminated]: [&'static str; 2],
    meaning: &'static str,
) -> Row {
    let special = Special {
        allocated,
        terminated: Some(terminated),
        usable_as_source: Answer::Unstated,
        usable_as_destination: Answer::Unstated,
        forwardable: Answer::Unstated,
        globally_reachable: Answer::Unstated,
        reserved_by_protocol: Answer::Unstated,
    };
    Row { block, kind, name, source, meaning, special: Some(special) }
}

/// A row of the address space.
const fn space(
    block: Block,
    kind: &'static str,
    name: &'static str,
    source: &'static str,
    meaning: &'static str,
) -> Row {
    Row { block, kind, name, source, meaning, special: None }
}
