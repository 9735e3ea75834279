//! The order of the rules for one segment.

use super::connection::{Judge, other};
use super::half::Origin;
use super::says;
use crate::analysis::note::Fact;

impl Judge<'_> {
    /// Everything about one segment, rule after rule.
    pub(super) fn judge(&mut self) {
        self.placed.is_ordinary = !self.is_thorough && self.ordinary();
        if !self.placed.is_ordinary {
            self.at_length();
        }
        self.spend();
        let (packet, acknowledgment) = (self.segment.packet, self.segment.acknowledgment);
        let has_ack = self.segment.flags.ack();
        let half = self.sent();
        half.last_packet = packet;
        if has_ack {
            half.last_acknowledgment = acknowledgment;
        }
    }

    /// The same of any segment.
    fn at_length(&mut self) {
        let flags = self.segment.flags;
        self.remember_letter();
        let is_odd = flags.syn() && (flags.fin() || flags.rst())
            || flags.rst() && flags.fin()
            || !flags.syn() && !flags.rst() && !flags.ack();
        if is_odd {
            self.odd_flags();
        } else if flags.rst() {
            self.reset();
        } else if flags.syn() {
            self.after_reset();
            if flags.ack() { self.syn_ack() } else { self.syn() }
        } else {
            self.after_reset();
            self.regular();
        }
    }

    fn regular(&mut self) {
        let is_new = self.connection.halves.iter().all(|half| half.origin == Origin::Unknown)
            && self.connection.opening.steps().packets[0] == 0;
        if is_new {
            self.begin_midway();
        }
        let is_foreign = self.third_step();
        if is_foreign {
            return;
        }
        self.acknowledge();
        self.fin_acknowledged();
        if self.segment.len > 0 {
            self.nagle();
        }
        self.data();
        self.fin();
        self.late_letters();
    }

    /// Repairs, gaps and closed windows in Zeek's history.
    fn late_letters(&mut self) {
        let side = self.from;
        if self.placed.is_resent
            && let Some(rare) = self.connection.halves[side].rare.as_deref()
        {
            let count = rare.counts.retransmitted_segments;
            self.letter_by_count(side, b't', count);
        }
        if self.segment.window == 0
            && let Some(rare) = self.connection.halves[other(side)].rare.as_deref()
            && rare.closed.is_some_and(|closed| closed.packet == self.segment.packet)
        {
            let count = rare.counts.zero_window_episodes;
            self.letter_by_count(side, b'w', count);
        }
        if self.placed.revealed_gap && self.segment.len == 0 {
            self.letter_by_count(other(side), b'g', 1);
        }
    }

    fn odd_flags(&mut self) {
        let names: Vec<&str> = self.segment.flags.names().collect();
        let names = if names.is_empty() { "none at all".to_owned() } else { names.join(",") };
        let note = self.note(&says::ODD_FLAGS).with("flags", Fact::Text(names.into()));
        self.say(note);
    }
}
