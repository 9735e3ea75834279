//! What waits: alarms that ring by capture time, and the last word on a connection.

use super::connection::{Connection, INITIATOR, RESPONDER};
use super::opening::OpeningKind;
use super::state::State;
use super::timers::Alarm;
use super::{TcpTracker, ack, closing, pending, says};
use crate::analysis::note::{Confidence, Fact, Note, Notes, Settlement};
use crate::base::Timestamp;

impl TcpTracker {
    /// Looks at everything whose time has come.
    pub(super) fn ring(&mut self, now: Timestamp, notes: &mut Notes) {
        while let Some((slot, id, alarm)) = self.timers.due(now) {
            let Some(connection) = self.connections.get_mut(slot as usize).filter(|found| found.id == id) else {
                continue;
            };
            match alarm {
                Alarm::Pending => pending::settle_waited(connection, notes),
                Alarm::Unanswered => say_unanswered(connection, false, notes),
                Alarm::Close => closing::settle_waited(connection, notes),
                Alarm::Reset => settle_reset(connection, notes),
            }
        }
    }

    /// The last word on a connection: it ends, is forgotten, or (`is_end`) the capture does.
    pub(super) fn conclude(&mut self, slot: u32, is_end: bool, notes: &mut Notes) {
        let connection = &mut self.connections[slot as usize];
        if std::mem::replace(&mut connection.is_concluded, true) {
            return;
        }
        pending::settle_all(connection, notes);
        closing::settle_waited(connection, notes);
        say_unanswered(connection, is_end, notes);
        self.servers.leave(connection, false);
        if connection.opening.kind == OpeningKind::HalfOpen
            && connection.states[RESPONDER] == State::SynReceived
            && !connection.counts.iter().any(|(entry, _)| std::ptr::eq(*entry, &says::HALF_OPEN))
        {
            let packet = connection.opening.steps().packets[1];
            let note = Note::new(&says::HALF_OPEN, packet, connection.opening.steps().at[1])
                .in_connection(connection.id)
                .with("since", Fact::Packet(packet));
            connection.count(&says::HALF_OPEN, 1);
            notes.say(note);
        }
        for side in [INITIATOR, RESPONDER] {
            let Some(rare) = connection.halves[side].rare.as_deref_mut() else { continue };
            let holes = std::mem::take(&mut rare.holes);
            let mut lost = Vec::new();
            for hole in holes {
                if hole.acknowledged.is_some() {
                    ack::give_up(connection, side, hole, notes, &mut self.health.delivered_unseen_octets);
                } else if !hole.is_older {
                    let note = Note::new(&says::LOST, hole.revealed, hole.at)
                        .in_connection(connection.id)
                        .sure(Confidence::Undecided)
                        .with("octets", Fact::Octets((hole.end - hole.start) as u64));
                    connection.count(&says::LOST, 1);
                    notes.say(note);
                    lost.push(hole);
                }
            }
            if let Some(rare) = connection.halves[side].rare.as_deref_mut() {
                rare.holes = lost;
            }
        }
    }
}

/// Rule H14.
fn say_unanswered(connection: &mut Connection, is_end: bool, notes: &mut Notes) {
    let is_alone = connection.opening.kind == OpeningKind::Unanswered
        && connection.halves[RESPONDER].packets == 0
        && connection.opening.steps().packets[0] != 0
        && connection.reset == 0;
    if !is_alone || connection.counts.iter().any(|(entry, _)| std::ptr::eq(*entry, &says::UNANSWERED)) {
        return;
    }
    let waited = connection.last_at.nanos_since(connection.opening.steps().at[0]);
    let mut note =
        Note::new(&says::UNANSWERED, connection.opening.steps().packets[0], connection.opening.steps().at[0])
            .in_connection(connection.id)
            .with("number", Fact::Count(u64::from(connection.opening.steps().syns)));
    if waited > 0 {
        note = note.with("waited", Fact::Nanos(waited));
    }
    if is_end {
        note = note.with("end", Fact::Word("the end of the capture came first"));
    }
    connection.count(&says::UNANSWERED, 1);
    notes.say(note);
}

fn settle_reset(connection: &mut Connection, notes: &mut Notes) {
    if let Some(reset) = connection.odd.as_deref_mut().and_then(|odd| odd.reset.as_mut())
        && reset.is_pending
    {
        reset.is_pending = false;
        notes.settled.push(Settlement { packet: reset.packet, entry: &says::RESET, becomes: None });
    }
}
