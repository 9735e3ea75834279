//! The mask that each host probably has, from what it does (rule N4).
//!
//! A host asks by ARP only for addresses that its mask puts on its own link, and sends everything else to a gateway. So
//! every question says "at most this many common bits", every packet through a gateway "more than that many".

use std::net::Ipv4Addr;

use serde::Serialize;

use crate::analysis::bounded::Bounded;
use crate::analysis::catalogue::arp as entries;
use crate::analysis::note::{Confidence, Fact, Note, Notes};
use crate::base::Timestamp;
use crate::base::limits::MAX_MASKS;

/// An observation that bounds a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The packet.
    pub packet: u64,
    /// The address that the host asked for, or sent to.
    pub address: Ipv4Addr,
    #[serde(skip)]
    at: Timestamp,
}

/// What a host's prefix length can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MaskReport {
    /// The host.
    pub address: Ipv4Addr,
    /// VLAN id, 0 without a tag.
    pub vlan: u16,
    /// The prefix length is at least this.
    pub least: u8,
    /// And at most this; below `least` if the host's behaviour contradicts itself, as with routes to single hosts.
    pub most: u8,
    /// The nearest address that it sent to a gateway.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through_gateway: Option<Evidence>,
    /// The farthest address that it asked for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_for: Option<Evidence>,
    /// The address to which it sends its broadcasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<Evidence>,
    /// True if no prefix length of its range suits its neighbours.
    pub disagrees: bool,
}

/// Gathers evidence of masks.
#[derive(Debug)]
pub struct Masks {
    hosts: Bounded<(u16, Ipv4Addr), MaskReport>,
}

impl Default for Masks {
    fn default() -> Masks {
        Masks { hosts: Bounded::new(MAX_MASKS) }
    }
}

impl Masks {
    /// `host` asked by ARP who has `target`: it takes it for on-link.
    pub fn asked_for(&mut self, vlan: u16, host: Ipv4Addr, target: Ipv4Addr, packet: u64, at: Timestamp) {
        if host.is_unspecified() || host == target || host.is_link_local() || target.is_link_local() {
            return;
        }
        let common = common_bits(host, target);
        let mask = self.host(vlan, host);
        if mask.asked_for.is_none() || common < mask.most {
            mask.most = mask.most.min(common);
            mask.asked_for = Some(Evidence { packet, address: target, at });
        }
    }

    /// `host` sent a packet for `destination` to the MAC address of another: it takes it for remote.
    pub fn through_gateway(&mut self, vlan: u16, host: Ipv4Addr, destination: Ipv4Addr, packet: u64, at: Timestamp) {
        let least = common_bits(host, destination).saturating_add(1).min(32);
        let mask = self.host(vlan, host);
        if mask.through_gateway.is_none() || least > mask.least {
            mask.least = mask.least.max(least);
            mask.through_gateway = Some(Evidence { packet, address: destination, at });
        }
    }

    /// `host` sent a broadcast of the link to the address `destination`: with its mask, all host bits of that are set.
    pub fn broadcast(&mut self, vlan: u16, host: Ipv4Addr, destination: Ipv4Addr, packet: u64, at: Timestamp) {
        if destination.is_broadcast() || destination.is_multicast() || host.is_unspecified() {
            return;
        }
        let host_bits = destination.to_bits().trailing_ones() as u8;
        let common = common_bits(host, destination);
        if host_bits == 0 || common < 32 - host_bits {
            return;
        }
        let mask = self.host(vlan, host);
        if mask.broadcast.is_none() {
            mask.broadcast = Some(Evidence { packet, address: destination, at });
            mask.least = mask.least.max(32 - host_bits);
            mask.most = mask.most.min(common);
        }
    }

    /// True if hosts have to make room for others, so that it counts who was heard of last.
    pub fn is_full(&self) -> bool {
        self.hosts.len() >= MAX_MASKS
    }

    /// The ranges in order of address, hosts that disagree with their neighbours marked.
    pub fn report(&self) -> Vec<MaskReport> {
        let mut reports: Vec<MaskReport> = self.hosts.iter().map(|(_, mask)| *mask).collect();
        reports.sort_by_key(|report| (report.vlan, report.address));
        mark_disagreeing(&mut reports);
        reports
    }

    /// Says who disagrees.
    pub fn finish(&self, notes: &mut Notes) {
        let reports = self.report();
        for report in reports.iter().filter(|report| report.disagrees) {
            let Some(evidence) = report.decisive() else { continue };
            let neighbours = neighbours(&reports, report).filter(|other| !other.disagrees).count();
            let range = |least: u8, most: u8| Fact::Text(range_text(least, most).into());
            let Some(length) = consensus(&reports, report) else { continue };
            notes.say(
                Note::new(&entries::MASK_DISAGREES, evidence.packet, evidence.at)
                    .with("host", Fact::Ip(report.address.into()))
                    .with("mask", range(report.least, report.most))
                    .with("does", Fact::Word(report.deed()))
                    .with("to", Fact::Ip(evidence.address.into()))
                    .with("neighbours", Fact::Count(neighbours as u64))
                    .with("theirs", range(length, length))
                    .sure(Confidence::Probable),
            );
        }
    }

    fn host(&mut self, vlan: u16, address: Ipv4Addr) -> &mut MaskReport {
        self.hosts.entry((vlan, address), || MaskReport {
            address,
            vlan,
            least: 1,
            most: 32,
            through_gateway: None,
            asked_for: None,
            broadcast: None,
            disagrees: false,
        })
    }
}

impl MaskReport {
    /// `/24`, `/23 to /25`, or what contradicts itself.
    pub fn range(&self) -> String {
        range_text(self.least, self.most)
    }

    fn suits(&self, length: u8) -> bool {
        (self.least..=self.most).contains(&length)
    }

    fn is_known(&self) -> bool {
        self.least > 1 || self.most < 32
    }

    /// The observation that bounds the range on the side where the neighbours are.
    fn decisive(&self) -> Option<Evidence> {
        self.through_gateway.or(self.asked_for).or(self.broadcast)
    }

    fn deed(&self) -> &'static str {
        if self.through_gateway.is_some() {
            "sends to a gateway what is for"
        } else if self.asked_for.is_some() {
            "asks itself for"
        } else {
            "sends its broadcasts to"
        }
    }
}

fn range_text(least: u8, most: u8) -> String {
    match (least, most) {
        _ if least > most => format!("contradictory: at least /{least} and at most /{most}"),
        _ if least == most => format!("/{least}"),
        (1, most) => format!("/{most} or shorter"),
        (least, 32) => format!("/{least} or longer"),
        _ => format!("/{least} to /{most}"),
    }
}

fn common_bits(a: Ipv4Addr, b: Ipv4Addr) -> u8 {
    (a.to_bits() ^ b.to_bits()).leading_zeros() as u8
}

/// Hosts that share the link with `host` as one of the two sees it, and of whose mask something is known.
fn neighbours<'a>(reports: &'a [MaskReport], host: &'a MaskReport) -> impl Iterator<Item = &'a MaskReport> {
    reports.iter().filter(move |other| {
        other.address != host.address
            && other.vlan == host.vlan
            && other.is_known()
            && other.least <= other.most
            && common_bits(other.address, host.address) >= other.least.min(host.least).max(8)
    })
}

/// The prefix length that suits most of the neighbours of `host`, the longest of several.
fn consensus(reports: &[MaskReport], host: &MaskReport) -> Option<u8> {
    let votes = |length: u8| neighbours(reports, host).filter(|other| other.suits(length)).count();
    let (length, count) = (8..=30).map(|length| (length, votes(length))).max_by_key(|(_, count)| *count)?;
    (count > 0).then_some(length)
}

/// Marks hosts whose range leaves out what suits most of their neighbours, if the neighbours outvote them: two at least,
/// or one that they contradict while a third suits both.
fn mark_disagreeing(reports: &mut [MaskReport]) {
    let marks: Vec<bool> = reports
        .iter()
        .map(|host| {
            if !host.is_known() || host.least > host.most {
                return false;
            }
            let around: Vec<_> = neighbours(reports, host).collect();
            // The length that suits most of all, the host included; it disagrees if that is not one of its own.
            let votes = |length: u8| {
                around.iter().filter(|other| other.suits(length)).count() + usize::from(host.suits(length))
            };
            let most = (8..=30).map(votes).max().unwrap_or(0);
            let own = (host.least.max(8)..=host.most.min(30)).map(votes).max().unwrap_or(0);
            around.len() >= 2 && own < most
        })
        .collect();
    for (report, mark) in reports.iter_mut().zip(marks) {
        report.disagrees = mark;
    }
}
