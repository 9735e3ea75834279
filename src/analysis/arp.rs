//! ARP (rules L1 to L5): who asks for whom and who answers, which address belongs to whom, and who claims what is not his.

mod questions;
mod report;
mod sweeps;

use std::net::{IpAddr, Ipv4Addr};

use super::bounded::Bounded;
use super::catalogue::{Entry, arp as entries};
use super::hosts::{Hosts, kinds};
use super::note::{Confidence, Fact, Note, Notes};
use crate::base::limits::{MAX_ARP_CHANGES, MAX_BINDINGS, MAX_PROBES};
use crate::base::{MacAddr, Timestamp};
use crate::packet::Packet;
use crate::wire::{Arp as ArpView, ArpOperation};

use questions::Questions;
pub use report::{ArpReport, BindingReport, ChangeKind, ChangeReport, ProxyReport, QuestionReport, SweepReport};
use sweeps::Sweeps;

/// Two answers to one question this close together come from two machines that both think it is theirs (rule L3).
const RIVAL_NS: u64 = 1_000_000_000;
/// A machine silent for so long after its address moved has handed it over.
const SILENCE_NS: u64 = 10_000_000_000;
/// An announcement follows its probes within this time: RFC 5227 §1.1 waits at most 2 s after three probes of 2 s each.
const PROBE_NS: u64 = 10_000_000_000;
/// A machine that answers for this many addresses answers for others (rule L2).
const PROXY_ADDRESSES: usize = 5;

/// An address and the machine it belongs to.
#[derive(Clone, Debug)]
struct Binding {
    mac: MacAddr,
    first_packet: u64,
    last_packet: u64,
    packets: u64,
    /// The change that made it this machine's, in the list of changes.
    change: Option<usize>,
}

/// An ARP packet for IPv4 over Ethernet, in words.
#[derive(Clone, Copy, Debug)]
struct Message {
    vlan: u16,
    is_request: bool,
    sender: MacAddr,
    sender_ip: Ipv4Addr,
    target: MacAddr,
    target_ip: Ipv4Addr,
    packet: u64,
    at: Timestamp,
    to_all: bool,
}

/// Watches ARP.
#[derive(Debug)]
pub struct Arp {
    questions: Questions,
    bindings: Bounded<(u16, Ipv4Addr), Binding>,
    probes: Bounded<(MacAddr, Ipv4Addr), (u64, Timestamp)>,
    answered_for: Bounded<MacAddr, Vec<Ipv4Addr>>,
    proxies: Vec<ProxyReport>,
    sweeps: Sweeps,
    changes: Vec<ChangeReport>,
    counts: report::Counts,
    /// The next change that may have become a fail-over by silence.
    unsettled: usize,
    /// How often an address was found to belong to a machine that was not known to have it.
    new_owners: u64,
}

impl Default for Arp {
    fn default() -> Arp {
        Arp {
            questions: Questions::default(),
            bindings: Bounded::new(MAX_BINDINGS),
            probes: Bounded::new(MAX_PROBES),
            answered_for: Bounded::new(MAX_PROBES),
            proxies: Vec::new(),
            sweeps: Sweeps::default(),
            changes: Vec::new(),
            counts: report::Counts::default(),
            unsettled: 0,
            new_owners: 0,
        }
    }
}

impl Arp {
    /// Takes in a packet: ARP itself, or any other for the time that it tells.
    #[inline]
    pub fn observe(&mut self, packet: &Packet<'_>, hosts: &mut Hosts, notes: &mut Notes) {
        self.questions.expire(packet.meta.at, notes);
        if self.unsettled < self.changes.len() {
            self.settle_fail_overs(packet.meta.at, hosts, notes);
        }
        if let Some(arp) = packet.frame.arp() {
            self.message(packet, &arp, hosts, notes);
        }
    }

    #[inline(never)]
    fn message(&mut self, packet: &Packet<'_>, arp: &ArpView<'_>, hosts: &mut Hosts, notes: &mut Notes) {
        if let ArpOperation::Other(number) = arp.operation() {
            self.counts.other += 1;
            let note = Note::new(&entries::OTHER, packet.meta.number, packet.meta.at);
            notes.say(note.with("operation", Fact::Count(u64::from(number))));
            return;
        }
        let Some(message) = Message::of(packet, arp) else { return };
        self.check_sender(packet, &message, notes);
        if message.is_request {
            self.request(&message, hosts, notes);
        } else {
            self.reply(&message, hosts, notes);
        }
    }

    /// The end of the capture: open questions stay unanswered, and machines silent since their address moved have handed
    /// it over.
    pub fn finish(&mut self, hosts: &Hosts, notes: &mut Notes) {
        self.questions.finish(notes);
        for index in self.unsettled..self.changes.len() {
            self.settle_fail_over(index, hosts, notes);
        }
        self.unsettled = self.changes.len();
    }

    /// The machine to which `address` belongs.
    pub fn owner(&self, vlan: u16, address: Ipv4Addr) -> Option<MacAddr> {
        self.bindings.get(&(vlan, address)).map(|binding| binding.mac)
    }

    /// How often an address was found to belong to a machine that was not known to have it.
    pub fn changes(&self) -> u64 {
        self.new_owners
    }

    /// Everything that ARP told.
    pub fn report(&self) -> ArpReport {
        let mut bindings: Vec<BindingReport> = self
            .bindings
            .iter()
            .map(|((vlan, address), binding)| BindingReport {
                address: *address,
                mac: binding.mac,
                vlan: *vlan,
                vendor: super::hosts::vendor::of(binding.mac),
                first_packet: binding.first_packet,
                last_packet: binding.last_packet,
                packets: binding.packets,
            })
            .collect();
        bindings.sort_by_key(|binding| (binding.vlan, binding.address));
        ArpReport {
            counts: self.counts,
            bindings,
            questions: self.questions.report(),
            changes: self.changes.clone(),
            proxies: self.proxies.clone(),
            sweeps: self.sweeps.report(),
        }
    }

    fn request(&mut self, message: &Message, hosts: &mut Hosts, notes: &mut Notes) {
        self.counts.requests += 1;
        if message.sender_ip.is_unspecified() {
            self.counts.probes += 1;
            let key = (message.sender, message.target_ip);
            let before =
                self.probes.get(&key).filter(|(_, at)| message.at.nanos_since(*at) <= PROBE_NS).map_or(0, |p| p.0);
            self.probes.insert(key, (before + 1, message.at));
            notes.say(message.note(&entries::PROBE).with("address", Fact::Ip(message.target_ip.into())));
            self.questions.ask(message, notes);
            return;
        }
        if message.sender_ip == message.target_ip {
            self.counts.announcements += 1;
            let probes = self.probes.remove(&(message.sender, message.sender_ip));
            let probes = probes.filter(|(_, at)| message.at.nanos_since(*at) <= PROBE_NS);
            let mut note = message.note(&entries::ANNOUNCEMENT).with("address", Fact::Ip(message.sender_ip.into()));
            if let Some((count, _)) = probes {
                note = note.with("probes", Fact::Count(count));
            }
            notes.say(note.with("mac", Fact::Mac(message.sender)));
            self.bind(message, true, hosts, notes);
            return;
        }
        self.bind(message, false, hosts, notes);
        self.questions.ask(message, notes);
        self.sweeps.ask(message, notes);
    }

    fn reply(&mut self, message: &Message, hosts: &mut Hosts, notes: &mut Notes) {
        self.counts.replies += 1;
        let is_gratuitous = message.sender_ip == message.target_ip || message.to_all;
        let answer = if is_gratuitous { None } else { self.questions.answer(message, notes) };
        if is_gratuitous {
            self.counts.gratuitous_replies += 1;
            notes.say(
                message
                    .note(&entries::GRATUITOUS_REPLY)
                    .with("address", Fact::Ip(message.sender_ip.into()))
                    .with("mac", Fact::Mac(message.sender)),
            );
        } else if answer.is_none() {
            self.counts.unasked_replies += 1;
            notes.say(message.note(&entries::UNASKED).with("address", Fact::Ip(message.sender_ip.into())));
        }
        self.note_proxy(message, notes);
        self.bind(message, answer.is_none(), hosts, notes);
        if let Some(rival) = answer.and_then(|answer| answer.rival) {
            self.conflict(message, rival, notes);
        }
    }

    /// Takes in that the sender claims its address; `unasked` if nobody had asked for it.
    fn bind(&mut self, message: &Message, unasked: bool, hosts: &mut Hosts, notes: &mut Notes) {
        let was_router =
            self.bindings.get(&(message.vlan, message.sender_ip)).is_some_and(|binding| hosts.is_router(binding.mac));
        hosts.claim(message.sender, IpAddr::V4(message.sender_ip), message.packet);
        let key = (message.vlan, message.sender_ip);
        let Some(binding) = self.bindings.use_mut(&key) else {
            let binding = Binding {
                mac: message.sender,
                first_packet: message.packet,
                last_packet: message.packet,
                packets: 1,
                change: None,
            };
            self.bindings.insert(key, binding);
            self.new_owners += 1;
            return;
        };
        binding.packets += 1;
        binding.last_packet = message.packet;
        if binding.mac == message.sender {
            return;
        }
        let (former, earlier) = (binding.mac, binding.change);
        binding.mac = message.sender;
        self.new_owners += 1;
        binding.first_packet = message.packet;
        binding.packets = 1;
        // A machine that claims again what went from it to the other one: both want it.
        let returns = earlier.is_some_and(|index| {
            let change = &self.changes[index];
            change.from == message.sender || change.to == message.sender
        });
        let change = if returns { earlier } else { self.change(message, former, unasked && was_router, notes) };
        if let Some(binding) = self.bindings.get_mut(&key) {
            binding.change = change.or(earlier);
        }
        if returns && let Some(index) = earlier {
            self.changes[index].flips += 1;
            self.conflict(message, former, notes);
        }
    }

    /// Notes that an address moved to another machine; where the change is listed.
    fn change(&mut self, message: &Message, former: MacAddr, unasked_router: bool, notes: &mut Notes) -> Option<usize> {
        let is_virtual = kinds::is_virtual_router(former) || kinds::is_virtual_router(message.sender);
        let kind = if is_virtual {
            ChangeKind::VirtualRouter
        } else if unasked_router && !message.to_all {
            // A router that takes over tells everybody; who tells a single host that the router moved means that host.
            ChangeKind::Spoofing
        } else {
            ChangeKind::Moved
        };
        let (entry, confidence) = match kind {
            ChangeKind::VirtualRouter => (&entries::VIRTUAL_ROUTER, Confidence::Certain),
            ChangeKind::Spoofing => (&entries::SPOOFING, Confidence::Probable),
            _ => (&entries::MOVED, Confidence::Undecided),
        };
        notes.say(
            message
                .note(entry)
                .with("address", Fact::Ip(message.sender_ip.into()))
                .with("from", Fact::Mac(former))
                .with("to", Fact::Mac(message.sender))
                .sure(confidence),
        );
        if self.changes.len() >= MAX_ARP_CHANGES {
            self.counts.changes_not_listed += 1;
            return None;
        }
        self.changes.push(ChangeReport {
            address: message.sender_ip,
            vlan: message.vlan,
            from: former,
            to: message.sender,
            packet: message.packet,
            kind,
            flips: 0,
            at: message.at,
        });
        Some(self.changes.len() - 1)
    }

    /// Two machines answer for one address. Said once for each change.
    fn conflict(&mut self, message: &Message, rival: MacAddr, notes: &mut Notes) {
        if kinds::is_virtual_router(rival) || kinds::is_virtual_router(message.sender) {
            return;
        }
        let change = self.bindings.get(&(message.vlan, message.sender_ip)).and_then(|binding| binding.change);
        let Some(change) = change.and_then(|index| self.changes.get_mut(index)) else { return };
        if change.kind == ChangeKind::Conflict {
            return;
        }
        change.kind = ChangeKind::Conflict;
        notes.say(
            message
                .note(&entries::CONFLICT)
                .with("address", Fact::Ip(message.sender_ip.into()))
                .with("one", Fact::Mac(rival))
                .with("other", Fact::Mac(message.sender))
                .with("since", Fact::Packet(change.packet)),
        );
    }

    fn settle_fail_overs(&mut self, now: Timestamp, hosts: &Hosts, notes: &mut Notes) {
        while let Some(change) = self.changes.get(self.unsettled) {
            if now.nanos_since(change.at) < SILENCE_NS {
                break;
            }
            self.settle_fail_over(self.unsettled, hosts, notes);
            self.unsettled += 1;
        }
    }

    /// An address that moved, and whose former machine was not heard since, was handed over (rule L3).
    fn settle_fail_over(&mut self, index: usize, hosts: &Hosts, notes: &mut Notes) {
        let change = &mut self.changes[index];
        if change.kind != ChangeKind::Moved || !is_silent(hosts, change.from, change.at) {
            return;
        }
        change.kind = ChangeKind::FailOver;
        notes.say(
            Note::new(&entries::FAIL_OVER, change.packet, change.at)
                .with("address", Fact::Ip(change.address.into()))
                .with("from", Fact::Mac(change.from))
                .with("to", Fact::Mac(change.to))
                .sure(Confidence::Probable),
        );
    }

    /// The sender that ARP names should be the one of the frame (rule L4).
    fn check_sender(&mut self, packet: &Packet<'_>, message: &Message, notes: &mut Notes) {
        let Some(ethernet) = packet.frame.ethernet() else { return };
        let excepted = ethernet.source() == message.sender
            || kinds::is_virtual_router(message.sender)
            || kinds::is_virtual_router(ethernet.source())
            || self.proxies.iter().any(|proxy| proxy.mac == ethernet.source());
        if !excepted {
            self.counts.sender_mismatches += 1;
            notes.say(
                message
                    .note(&entries::SENDER_MISMATCH)
                    .with("named", Fact::Mac(message.sender))
                    .with("sent", Fact::Mac(ethernet.source())),
            );
        }
    }

    /// A machine that answers for many addresses (rule L2).
    fn note_proxy(&mut self, message: &Message, notes: &mut Notes) {
        let answered = self.answered_for.entry(message.sender, Vec::new);
        if answered.contains(&message.sender_ip) || answered.len() >= PROXY_ADDRESSES {
            if let Some(proxy) = self.proxies.iter_mut().find(|proxy| proxy.mac == message.sender) {
                proxy.add(message.sender_ip);
            }
            return;
        }
        answered.push(message.sender_ip);
        if answered.len() == PROXY_ADDRESSES && self.proxies.len() < MAX_ARP_CHANGES {
            self.proxies.push(ProxyReport::new(message.sender, message.packet, answered));
            notes.say(
                message
                    .note(&entries::PROXY)
                    .with("mac", Fact::Mac(message.sender))
                    .with("count", Fact::Count(PROXY_ADDRESSES as u64)),
            );
        }
    }
}

/// True if `mac` sent nothing after `since`.
fn is_silent(hosts: &Hosts, mac: MacAddr, since: Timestamp) -> bool {
    hosts.last_sent(mac).is_none_or(|last| last <= since)
}

impl Message {
    fn of(packet: &Packet<'_>, arp: &ArpView<'_>) -> Option<Message> {
        let vlan = packet.frame.vlans().last().map_or(0, |vlan| vlan.vid());
        Some(Message {
            vlan,
            is_request: arp.operation() == ArpOperation::Request,
            sender: arp.sender_mac()?,
            sender_ip: arp.sender_ip()?,
            target: arp.target_mac()?,
            target_ip: arp.target_ip()?,
            packet: packet.meta.number,
            at: packet.meta.at,
            to_all: packet.frame.ethernet().is_some_and(|ethernet| ethernet.destination().is_group()),
        })
    }

    fn note(&self, entry: &'static Entry) -> Note {
        Note::new(entry, self.packet, self.at)
    }
}

#[cfg(test)]
mod tests;
