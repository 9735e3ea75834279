//! Sweeps: one machine asks for many addresses in a short time (rule L5).

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use super::Message;
use super::report::SweepReport;
use crate::analysis::bounded::Bounded;
use crate::analysis::catalogue::arp as entries;
use crate::analysis::note::{Fact, Notes};
use crate::base::limits::{MAX_ARP_CHANGES, MAX_PROBES};
use crate::base::{MacAddr, Timestamp};

/// So many different addresses …
pub(super) const SWEEP_ADDRESSES: usize = 32;
/// … in this time are a sweep.
pub(super) const SWEEP_NS: u64 = 10_000_000_000;

#[derive(Debug, Default)]
struct Asker {
    /// The last different addresses, and when they were asked for.
    recent: VecDeque<(Ipv4Addr, Timestamp)>,
    /// The sweep under way, in the list.
    sweep: Option<usize>,
}

/// Watches how many addresses each machine asks for.
#[derive(Debug)]
pub(super) struct Sweeps {
    askers: Bounded<MacAddr, Asker>,
    sweeps: Vec<SweepReport>,
}

impl Default for Sweeps {
    fn default() -> Sweeps {
        Sweeps { askers: Bounded::new(MAX_PROBES), sweeps: Vec::new() }
    }
}

impl Sweeps {
    pub(super) fn ask(&mut self, message: &Message, notes: &mut Notes) {
        let asker = self.askers.entry(message.sender, Asker::default);
        while asker.recent.front().is_some_and(|(_, at)| message.at.nanos_since(*at) > SWEEP_NS) {
            asker.recent.pop_front();
        }
        if asker.recent.iter().any(|(address, _)| *address == message.target_ip) {
            return;
        }
        if asker.recent.len() >= SWEEP_ADDRESSES {
            asker.recent.pop_front();
        }
        asker.recent.push_back((message.target_ip, message.at));
        if asker.recent.len() < SWEEP_ADDRESSES {
            asker.sweep = None;
            return;
        }
        if let Some(sweep) = asker.sweep.and_then(|index| self.sweeps.get_mut(index)) {
            sweep.addresses += 1;
            sweep.last_packet = message.packet;
            sweep.last_ns = message.at.nanos();
            return;
        }
        let since = asker.recent.front().map_or(message.at, |(_, at)| *at);
        if self.sweeps.len() < MAX_ARP_CHANGES {
            asker.sweep = Some(self.sweeps.len());
            self.sweeps.push(SweepReport {
                mac: message.sender,
                address: message.sender_ip,
                addresses: SWEEP_ADDRESSES as u64,
                first_ns: since.nanos(),
                last_ns: message.at.nanos(),
                noticed_packet: message.packet,
                last_packet: message.packet,
            });
        }
        notes.say(
            message
                .note(&entries::SWEEP)
                .with("mac", Fact::Mac(message.sender))
                .with("count", Fact::Count(SWEEP_ADDRESSES as u64))
                .with("time", Fact::Nanos(message.at.nanos_since(since)))
                .with("limit", Fact::Nanos(SWEEP_NS)),
        );
    }

    pub(super) fn report(&self) -> Vec<SweepReport> {
        self.sweeps.clone()
    }
}
