//! Frames for everybody: storms with the proof of a loop (rule L6), and unicast that a switch floods (rule L7).

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::bounded::Bounded;
use super::catalogue::arp as entries;
use super::duplicates;
use super::flows::Places;
use super::hosts::Hosts;
use super::note::{Confidence, Fact, Note, Notes};
use crate::base::limits::{MAX_FLOODED, MAX_STORMS, RECENT_BROADCASTS};
use crate::base::{MacAddr, Timestamp};
use crate::packet::Packet;

/// The same frame comes again more than this often …
const LOOP_COPIES: u32 = 3;
/// … within this time, and no sender did that: the frame goes round.
const LOOP_NS: u64 = 100_000_000;
/// A second is the unit of rates.
const SECOND_NS: u64 = 1_000_000_000;
/// Below this rate nobody calls it a storm, whatever the rate was before.
const STORM_RATE: u64 = 100;
/// And it must be so much above the mean of the seconds before.
const STORM_FACTOR: f64 = 10.0;
/// Frames a second for one address that never answers, before flooding is suspected.
const FLOOD_RATE: u64 = 10;

/// What the report says of broadcasts and flooding.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BroadcastReport {
    /// Frames to broadcast and multicast addresses.
    pub frames: u64,
    /// Their octets.
    pub octets: u64,
    /// The most of them in one second.
    pub peak_per_second: u64,
    /// Their mean over the capture.
    pub mean_per_second: f64,
    /// Frames that went round in a loop.
    pub storms: Vec<StormReport>,
    /// Frames for one machine that a switch sent everywhere.
    pub flooded: Vec<FloodReport>,
}

/// A frame that went round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StormReport {
    /// The first copy in the capture.
    pub first_packet: u64,
    /// The last copy.
    pub last_packet: u64,
    /// Copies seen, the first included.
    pub copies: u64,
    /// Who sent it.
    pub source: MacAddr,
    /// Time of the first copy.
    pub first_ns: u64,
    /// Time of the last.
    pub last_ns: u64,
    /// Copies for each frame sent: the first is the frame itself.
    pub factor: u64,
}

/// Frames for one machine, seen where they should not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FloodReport {
    /// The machine.
    pub destination: MacAddr,
    /// Frames for it.
    pub frames: u64,
    /// The frame with which there were too many in a second.
    pub packet: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    digest: u64,
    packet: u64,
    first_at: Timestamp,
    /// Copies since `first_at`, the first included.
    copies: u32,
    storm: Option<u32>,
}

#[derive(Debug, Default)]
struct Flood {
    second: u64,
    in_second: u64,
    frames: u64,
    row: Option<usize>,
}

/// Watches frames for everybody.
#[derive(Debug)]
pub struct Broadcasts {
    hasher: FixedState,
    slots: Vec<Slot>,
    report: BroadcastReport,
    first_at: Option<Timestamp>,
    last_at: Timestamp,
    second: u64,
    in_second: u64,
    /// Seconds before the current one, and their frames.
    seconds: u64,
    frames_before: u64,
    said_rate: bool,
    floods: Bounded<MacAddr, Flood>,
    answered_unicast: bool,
}

impl Default for Broadcasts {
    fn default() -> Broadcasts {
        Broadcasts {
            hasher: FixedState::default(),
            slots: Vec::new(),
            report: BroadcastReport::default(),
            first_at: None,
            last_at: Timestamp::ZERO,
            second: 0,
            in_second: 0,
            seconds: 0,
            frames_before: 0,
            said_rate: false,
            floods: Bounded::new(MAX_FLOODED),
            answered_unicast: false,
        }
    }
}

impl Broadcasts {
    /// Takes in a frame. `hosts` must have seen it already.
    #[inline]
    pub fn observe(&mut self, packet: &Packet<'_>, places: &Places, hosts: &Hosts, notes: &mut Notes) {
        let Some(ethernet) = packet.frame.outer_ethernet() else {
            return;
        };
        if self.first_at.is_none() {
            self.first_at = Some(packet.meta.at);
        }
        self.last_at = self.last_at.max(packet.meta.at);
        if ethernet.destination().is_group() {
            self.report.frames += 1;
            self.report.octets += u64::from(packet.meta.wire_len);
            self.rate(packet, notes);
            self.copies(packet, ethernet.source(), notes);
        } else {
            // A machine that answers is where its frames go.
            if hosts.has_sent(ethernet.destination(), places) {
                self.answered_unicast = true;
            } else {
                self.flooding(packet, ethernet.source(), ethernet.destination(), notes);
            }
        }
    }

    /// What was counted.
    pub fn report(&self) -> BroadcastReport {
        let mut report = self.report.clone();
        report.peak_per_second = report.peak_per_second.max(self.in_second);
        let span = self.first_at.map_or(0, |first| self.last_at.nanos_since(first)).max(SECOND_NS);
        report.mean_per_second = report.frames as f64 * SECOND_NS as f64 / span as f64;
        report
    }

    /// The rate against the mean of the seconds before.
    #[inline(never)]
    fn rate(&mut self, packet: &Packet<'_>, notes: &mut Notes) {
        let second = packet.meta.at.seconds();
        if second != self.second {
            if self.second != 0 {
                self.seconds += second.saturating_sub(self.second).max(1);
                self.frames_before += self.in_second;
            }
            self.report.peak_per_second = self.report.peak_per_second.max(self.in_second);
            (self.second, self.in_second) = (second, 0);
        }
        self.in_second += 1;
        let mean = self.frames_before as f64 / self.seconds.max(1) as f64;
        // Without a past there is nothing to compare with.
        let is_storm = self.seconds > 0 && self.in_second >= STORM_RATE && self.in_second as f64 > STORM_FACTOR * mean;
        if is_storm && !self.said_rate {
            self.said_rate = true;
            notes.say(
                Note::new(&entries::BROADCAST_RATE, packet.meta.number, packet.meta.at)
                    .with("rate", Fact::Count(self.in_second))
                    .with("mean", Fact::Text(format!("{mean:.1}").into()))
                    .sure(Confidence::Probable),
            );
        }
    }

    /// The same frame again and again.
    #[inline(never)]
    fn copies(&mut self, packet: &Packet<'_>, source: MacAddr, notes: &mut Notes) {
        if self.slots.is_empty() {
            self.slots = vec![Slot::default(); RECENT_BROADCASTS];
        }
        let digest = self.hasher.hash_one(packet.frame.bytes());
        let slot = &mut self.slots[digest as usize % RECENT_BROADCASTS];
        let at = packet.meta.at;
        let is_same = slot.copies > 0 && slot.digest == digest;
        if let Some(storm) = slot.storm.filter(|_| is_same) {
            // Once it is known to go round, every further copy belongs to it.
            let storm = &mut self.report.storms[storm as usize];
            storm.copies += 1;
            storm.factor += 1;
            storm.last_packet = packet.meta.number;
            storm.last_ns = at.nanos();
            return;
        }
        if !is_same || at.nanos_since(slot.first_at) > LOOP_NS {
            *slot = Slot { digest, packet: packet.meta.number, first_at: at, copies: 1, storm: None };
            return;
        }
        slot.copies += 1;
        if slot.copies <= LOOP_COPIES + 1 {
            return;
        }
        if self.report.storms.len() < MAX_STORMS {
            slot.storm = Some(self.report.storms.len() as u32);
            self.report.storms.push(StormReport {
                first_packet: slot.packet,
                last_packet: packet.meta.number,
                copies: u64::from(slot.copies),
                source,
                first_ns: slot.first_at.nanos(),
                last_ns: at.nanos(),
                factor: u64::from(slot.copies),
            });
            notes.say(
                Note::new(&entries::LOOP, packet.meta.number, at)
                    .with("first", Fact::Packet(slot.packet))
                    .with("copies", Fact::Count(u64::from(slot.copies)))
                    .with("time", Fact::Nanos(at.nanos_since(slot.first_at)))
                    .with("source", Fact::Mac(source)),
            );
        }
    }

    /// Frames for a machine that never sends, from machines that are not the capturing host, on a link where others
    /// answer each other.
    #[inline(never)]
    fn flooding(&mut self, packet: &Packet<'_>, source: MacAddr, destination: MacAddr, notes: &mut Notes) {
        if destination == MacAddr::ZERO || duplicates::is_outbound(packet) {
            return;
        }
        let flood = self.floods.entry(destination, Flood::default);
        flood.frames += 1;
        let second = packet.meta.at.seconds();
        if second != flood.second {
            (flood.second, flood.in_second) = (second, 0);
        }
        flood.in_second += 1;
        if let Some(row) = flood.row {
            self.report.flooded[row].frames = flood.frames;
        } else if flood.in_second > FLOOD_RATE && self.answered_unicast && self.report.flooded.len() < MAX_STORMS {
            flood.row = Some(self.report.flooded.len());
            let frames = flood.frames;
            self.report.flooded.push(FloodReport { destination, frames, packet: packet.meta.number });
            notes.say(
                Note::new(&entries::FLOODED, packet.meta.number, packet.meta.at)
                    .with("destination", Fact::Mac(destination))
                    .with("source", Fact::Mac(source))
                    .with("rate", Fact::Count(flood.in_second))
                    .sure(Confidence::Probable),
            );
        }
    }
}

#[cfg(test)]
mod tests;
