//! Verdicts that wait for a proof (3.7.6): a retransmission stands unless the receiver reports a duplicate (D-SACK), an
//! echoed timestamp shows that the first copy had arrived (Eifel), or the acknowledgment came too soon.

use super::connection::{Connection, Judge, Side, other};
use super::timers::Alarm;
use crate::analysis::catalogue::{Entry, tcp as says};
use crate::analysis::note::{Confidence, Fact, Note, Notes, Settlement};
use crate::base::Timestamp;
use crate::base::limits::MAX_TCP_PENDING;

/// A retransmission whose verdict may still change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub packet: u64,
    pub at: Timestamp,
    pub start: i64,
    pub end: i64,
    pub timestamp: Option<u32>,
    pub first_timestamp: Option<u32>,
    /// True if it began at the first unacknowledged octet: only then does an echoed timestamp prove anything.
    pub was_first: bool,
    pub entry: &'static Entry,
    pub octets: u64,
    /// True once the acknowledgment that covers it has passed: only a report of a duplicate can change it now.
    pub covered: bool,
    /// The packet that acknowledged it sooner than a round trip allows: probably unneeded, if no better proof comes.
    pub too_soon: Option<u64>,
}

/// How a verdict came to be changed.
struct Proof {
    words: &'static str,
    confidence: Confidence,
    packet: u64,
}

impl Judge<'_> {
    /// Keeps a verdict waiting.
    pub fn await_proof(&mut self, pending: Pending) {
        let rare = self.sent().rare();
        rare.pending.push(pending);
        if rare.pending.len() > MAX_TCP_PENDING {
            let oldest = rare.pending.remove(0);
            self.settle(oldest.packet, oldest.entry, None);
        }
    }

    /// The end of a wait.
    pub fn settle(&mut self, packet: u64, entry: &'static Entry, becomes: Option<Note>) {
        if let Some(note) = &becomes {
            self.connection.count(entry, -1);
            self.connection.count(note.entry, 1);
        }
        self.notes.settled.push(Settlement { packet, entry, becomes });
    }

    /// An acknowledgment moved to `acknowledged`: which of the other side's retransmissions does it decide?
    pub fn settle_covered(&mut self, acknowledged: i64) {
        let side = other(self.from);
        let Some(rare) = self.connection.halves[side].rare.as_deref() else { return };
        if rare.pending.is_empty() {
            return;
        }
        let may_sack = self.connection.may_sack();
        // Receivers that do SACK report duplicates (D-SACK). Where both sides agreed on it, a round trip that was merely
        // shorter than the ones before proves nothing against the missing report.
        let would_report = self.connection.offers.iter().all(|offer| offer.is_known && offer.sack);
        let round_trip = self.connection.halves[side].round_trip;
        let path = self.connection.round_trip().unwrap_or(0);
        let echoed = self.segment.timestamps.map(|(_, echo)| echo);
        let (packet, at) = (self.segment.packet, self.segment.at);
        let mut decided = Vec::new();
        let mut waits = false;
        let rare = self.connection.halves[side].rare();
        rare.pending.retain_mut(|pending| {
            if pending.covered || pending.end > acknowledged {
                return true;
            }
            pending.covered = true;
            let eifel = pending.was_first
                && pending.first_timestamp.is_some_and(|first| Some(first) != pending.timestamp)
                && echoed.zip(pending.timestamp).is_some_and(|(echo, own)| (echo.wrapping_sub(own) as i32) < 0);
            let took = at.nanos_since(pending.at);
            let limit = if round_trip.from_handshake { round_trip.least / 4 * 3 } else { round_trip.least / 2 };
            let is_judged = round_trip.from_handshake || round_trip.samples >= 4;
            let too_soon = !would_report && is_judged && took > 0 && took < limit;
            if eifel {
                let words = "the acknowledgment echoes a timestamp older than this copy's";
                decided.push((*pending, Some(Proof { words, confidence: Confidence::Certain, packet })));
                false
            } else if too_soon && may_sack {
                pending.too_soon = Some(packet);
                waits = true;
                true
            } else if too_soon {
                decided.push((*pending, Some(soon(packet))));
                false
            } else if may_sack {
                waits = true;
                true
            } else {
                decided.push((*pending, None));
                false
            }
        });
        for (pending, proof) in decided {
            self.decide(side, pending, proof);
        }
        if waits {
            let deadline = at.after_nanos((3 * path).max(200_000_000));
            self.timers.set(deadline, self.slot, self.connection.id, Alarm::Pending);
        }
    }

    /// The receiver reports that `start..end` arrived twice (RFC 2883).
    pub fn settle_duplicate(&mut self, start: i64, end: i64) {
        let side = other(self.from);
        let packet = self.segment.packet;
        let Some(rare) = self.connection.halves[side].rare.as_deref_mut() else { return };
        let found = rare.pending.iter().position(|pending| pending.start < end && start < pending.end);
        if let Some(index) = found {
            let pending = rare.pending.remove(index);
            let words = "the receiver reported the duplicate (D-SACK)";
            self.decide(side, pending, Some(Proof { words, confidence: Confidence::Certain, packet }));
        }
    }

    fn decide(&mut self, side: Side, pending: Pending, proof: Option<Proof>) {
        let becomes = proof.map(|proof| {
            let rare = self.connection.halves[side].rare();
            rare.counts.unneeded_segments += 1;
            unneeded(self.connection.id, &pending, &proof)
        });
        self.settle(pending.packet, pending.entry, becomes);
    }
}

fn soon(packet: u64) -> Proof {
    let words = "its acknowledgment came sooner than a round trip, so it was for the first copy";
    Proof { words, confidence: Confidence::Probable, packet }
}

fn unneeded(connection: u64, pending: &Pending, proof: &Proof) -> Note {
    Note::new(&says::UNNEEDED, pending.packet, pending.at)
        .in_connection(connection)
        .by_rule("3.7.6")
        .sure(proof.confidence)
        .with("octets", Fact::Octets(pending.octets))
        .with("proof", Fact::Word(proof.words))
        .with("decided_by", Fact::Packet(proof.packet))
        .with("was", Fact::Word(pending.entry.code))
        .with("was_rule", Fact::Word(pending.entry.rule))
}

/// Settles what has waited long enough: covered verdicts whose report of a duplicate did not come.
pub(super) fn settle_waited(connection: &mut Connection, notes: &mut Notes) {
    settle_some(connection, notes, |pending| pending.covered);
}

fn settle_some(connection: &mut Connection, notes: &mut Notes, is_due: impl Fn(&Pending) -> bool) {
    let id = connection.id;
    let mut changed: Vec<&'static Entry> = Vec::new();
    for half in &mut connection.halves {
        let Some(rare) = half.rare.as_deref_mut() else { continue };
        let counts = &mut rare.counts;
        rare.pending.retain(|pending| {
            if !is_due(pending) {
                return true;
            }
            let becomes = pending.too_soon.map(|packet| unneeded(id, pending, &soon(packet)));
            if becomes.is_some() {
                counts.unneeded_segments += 1;
                changed.push(pending.entry);
            }
            notes.settled.push(Settlement { packet: pending.packet, entry: pending.entry, becomes });
            false
        });
    }
    for entry in changed {
        connection.count(entry, -1);
        connection.count(&says::UNNEEDED, 1);
    }
}

/// Settles everything that waits in `connection`, which ends or is forgotten.
pub(super) fn settle_all(connection: &mut Connection, notes: &mut Notes) {
    settle_some(connection, notes, |_| true);
    if let Some(odd) = connection.odd.as_deref_mut() {
        if let Some(tentative) = odd.tentative.take() {
            let entry = &says::HALF_OPEN_PEER;
            notes.settled.push(Settlement { packet: tentative.packet, entry, becomes: None });
        }
        if let Some(packet) = odd.crossing.take() {
            notes.settled.push(Settlement { packet, entry: &says::SIMULTANEOUS_OPEN, becomes: None });
        }
        if let Some(reset) = odd.reset.as_mut().filter(|reset| reset.is_pending) {
            reset.is_pending = false;
            notes.settled.push(Settlement { packet: reset.packet, entry: &says::RESET, becomes: None });
        }
    }
}
