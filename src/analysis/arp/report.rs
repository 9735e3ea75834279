//! What the report says of ARP, as plain data.

use std::net::Ipv4Addr;

use serde::Serialize;

use crate::base::limits::MAX_ADDRESSES_PER_HOST;
use crate::base::{MacAddr, Timestamp};

/// Everything that ARP told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ArpReport {
    /// How often what was said.
    #[serde(flatten)]
    pub counts: Counts,
    /// Which address belongs to which machine, in order of VLAN and address.
    pub bindings: Vec<BindingReport>,
    /// Who asked for whom.
    pub questions: Vec<QuestionReport>,
    /// Addresses that went from one machine to another.
    pub changes: Vec<ChangeReport>,
    /// Machines that answer for others.
    pub proxies: Vec<ProxyReport>,
    /// Machines that asked for many addresses in a short time.
    pub sweeps: Vec<SweepReport>,
}

/// ARP packets by what they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests, all of them.
    pub requests: u64,
    /// Replies, all of them.
    pub replies: u64,
    /// Requests with sender address 0.0.0.0: is this address free?
    pub probes: u64,
    /// Requests for the sender's own address: this is mine.
    pub announcements: u64,
    /// Replies to everybody, or about the address that they are sent to.
    pub gratuitous_replies: u64,
    /// Replies that answer no question in the capture.
    pub unasked_replies: u64,
    /// Packets whose ARP sender is not the sender of the frame.
    pub sender_mismatches: u64,
    /// Reverse and inverse ARP and other operations.
    pub other: u64,
    /// Moved addresses beyond those listed.
    pub changes_not_listed: u64,
}

/// An address and its machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BindingReport {
    /// The address.
    pub address: Ipv4Addr,
    /// The machine.
    pub mac: MacAddr,
    /// VLAN id, 0 without a tag.
    pub vlan: u16,
    /// Who made its card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<&'static str>,
    /// The first packet that says so.
    pub first_packet: u64,
    /// The last one.
    pub last_packet: u64,
    /// How many say so.
    pub packets: u64,
}

/// A machine that asked for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct QuestionReport {
    /// The asker's address; 0.0.0.0 in a probe.
    pub asker: Ipv4Addr,
    /// The asker's MAC address.
    pub asker_mac: MacAddr,
    /// The address it asked for.
    pub target: Ipv4Addr,
    /// VLAN id, 0 without a tag.
    pub vlan: u16,
    /// How often.
    pub asked: u64,
    /// How many of these questions were answered; questions repeated before the answer count as one.
    pub answered: u64,
    /// Who answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<MacAddr>,
    /// The first question.
    pub first_packet: u64,
    /// The quickest answer, since the last repetition of the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_latency_ns: Option<u64>,
    /// The slowest answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_latency_ns: Option<u64>,
}

/// Why an address went to another machine (rule L3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// Not decided.
    Moved,
    /// One of the two is the shared address of a group of routers.
    VirtualRouter,
    /// The former machine was not heard again.
    FailOver,
    /// Both claim it.
    Conflict,
    /// The address is a router's, and a single host was told of another machine without having asked.
    Spoofing,
}

impl ChangeKind {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            ChangeKind::Moved => "moved",
            ChangeKind::VirtualRouter => "virtual-router",
            ChangeKind::FailOver => "fail-over",
            ChangeKind::Conflict => "conflict",
            ChangeKind::Spoofing => "spoofing",
        }
    }
}

/// An address that went from one machine to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangeReport {
    /// The address.
    pub address: Ipv4Addr,
    /// VLAN id, 0 without a tag.
    pub vlan: u16,
    /// The former machine.
    pub from: MacAddr,
    /// The one that claims it since.
    pub to: MacAddr,
    /// The packet that claims it.
    pub packet: u64,
    /// Why.
    pub kind: ChangeKind,
    /// How often it went back and forth afterwards.
    pub flips: u64,
    #[serde(skip)]
    pub(super) at: Timestamp,
}

/// A machine that answers for many addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProxyReport {
    /// The machine.
    pub mac: MacAddr,
    /// Addresses it answered for, the first of them.
    pub addresses: Vec<Ipv4Addr>,
    /// The packet with which they became too many for one machine.
    pub packet: u64,
}

impl ProxyReport {
    pub(super) fn new(mac: MacAddr, packet: u64, addresses: &[Ipv4Addr]) -> ProxyReport {
        ProxyReport { mac, addresses: addresses.to_vec(), packet }
    }

    pub(super) fn add(&mut self, address: Ipv4Addr) {
        if self.addresses.len() < MAX_ADDRESSES_PER_HOST && !self.addresses.contains(&address) {
            self.addresses.push(address);
        }
    }
}

/// A machine that asked for many addresses in a short time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SweepReport {
    /// The machine.
    pub mac: MacAddr,
    /// Its address.
    pub address: Ipv4Addr,
    /// Different addresses it asked for during the sweep.
    pub addresses: u64,
    /// Time of the first question that belongs to it.
    pub first_ns: u64,
    /// Time of the last.
    pub last_ns: u64,
    /// The question that made it a sweep.
    pub noticed_packet: u64,
    /// The last question.
    pub last_packet: u64,
}
