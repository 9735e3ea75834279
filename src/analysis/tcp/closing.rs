//! How a connection ends (rules T1–T11), and who keeps TIME-WAIT.

use super::connection::{Connection, INITIATOR, Judge, RESPONDER, Side, letter, other};
use super::state::State;
use super::timers::Alarm;
use crate::analysis::catalogue::{Entry, tcp as says};
use crate::analysis::note::{Fact, Note, Notes, Settlement};
use crate::base::Timestamp;
use crate::base::limits::{TCP_RESET_WATCH_NANOS, TCP_TIME_WAIT_NANOS};

/// What was seen of the close. A connection that is open has none of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing {
    /// Who sent the first FIN.
    pub first: Option<u8>,
    pub step_count: u8,
    /// Whose FIN the other side has received in order.
    pub received: [bool; 2],
    /// Rule T3: the second FIN had left before the first was taken in.
    pub is_crossing: bool,
    /// Rule T2: the second FIN acknowledges the first.
    pub is_merged: bool,
    /// True while nobody knows whether the first step's close has three segments or four.
    pub waits: bool,
    pub half_close_proved: bool,
    /// Both ends' states after the first step, and its octets of data.
    first_states: [State; 2],
    first_octets: u32,
    /// The packets of each side's FIN, first transmissions; 0 if none was seen.
    pub fins: [u64; 2],
    /// The packets that acknowledged each side's FIN.
    pub acknowledged: [u64; 2],
    /// The packets of its steps, and how many.
    pub steps: [u64; 4],
    /// New octets after the other side's FIN; proved if they acknowledge it.
    pub half_close_octets: u64,
    pub half_close_nanos: u64,
    pub first_fin_at: Timestamp,
    /// When TIME-WAIT was last begun anew.
    pub time_wait_since: Timestamp,
}

/// Of a connection that does not close.
pub(super) static OPEN: Closing = Closing {
    first: None,
    step_count: 0,
    received: [false; 2],
    is_crossing: false,
    is_merged: false,
    waits: false,
    half_close_proved: false,
    first_states: [State::Listen; 2],
    first_octets: 0,
    fins: [0; 2],
    acknowledged: [0; 2],
    steps: [0; 4],
    half_close_octets: 0,
    half_close_nanos: 0,
    first_fin_at: Timestamp::ZERO,
    time_wait_since: Timestamp::ZERO,
};

impl Closing {
    /// The kind that the contract names; `is_reset` if a reset was accepted.
    pub fn kind(&self, is_reset: bool) -> &'static str {
        let both = self.fins[0] != 0 && self.fins[1] != 0;
        match () {
            () if is_reset => "reset",
            () if both && self.is_crossing => "simultaneous",
            () if both && self.is_merged => "three-segment",
            () if both => "four-segment",
            () if self.first.is_some() => "one-sided",
            () => "open",
        }
    }

    fn of(&self) -> u64 {
        if self.is_merged { 3 } else { 4 }
    }
}

/// The answer to the first FIN did not come in time: its label stays.
pub(super) fn settle_waited(connection: &mut Connection, notes: &mut Notes) {
    let Some(closing) = connection.closing.as_deref_mut() else { return };
    if std::mem::take(&mut closing.waits) && notes.wanted.includes(&says::CLOSE_1) {
        notes.settled.push(Settlement { packet: closing.steps[0], entry: &says::CLOSE_1, becomes: None });
    }
}

impl Judge<'_> {
    /// After the acknowledgment was taken in: is the other side's FIN acknowledged now, for the first time?
    pub fn fin_acknowledged(&mut self) {
        let acked = other(self.from);
        if !self.connection.halves[acked].is_fin_acknowledged() {
            return;
        }
        let closing = self.connection.closing();
        if closing.fins[acked] == 0 || closing.acknowledged[acked] != 0 {
            return;
        }
        self.receive_fin(acked);
        self.connection.closing_mut().acknowledged[acked] = self.segment.packet;
        self.connection.states[acked] = self.connection.states[acked].fin_acknowledged();
        let brings_fin = self.segment.flags.fin() && self.connection.closing().fins[self.from] == 0;
        if brings_fin {
            self.connection.closing_mut().is_merged = true;
            return;
        }
        let rule = if self.connection.closing().is_crossing { "T3" } else { "T1" };
        self.step(rule, None);
        self.after_close();
    }

    /// After the data were taken in: is there a FIN, for the first time?
    pub fn fin(&mut self) {
        let side = self.from;
        if !self.segment.flags.fin() || !self.connection.halves[side].has_fin() {
            return;
        }
        let closing = self.connection.closing();
        if closing.fins[side] != 0 {
            if self.connection.states[other(side)] == State::TimeWait {
                self.connection.closing_mut().time_wait_since = self.segment.at;
            }
            return;
        }
        let (packet, at) = (self.segment.packet, self.segment.at);
        let first = closing.first;
        self.connection.closing_mut().fins[side] = packet;
        match first {
            None => {
                self.connection.closing_mut().first = Some(side as u8);
                self.connection.closing_mut().first_fin_at = at;
                self.connection.states[side] = self.connection.states[side].fin_sent();
                self.try_receive_fin(side);
                self.step("T1", None);
            }
            Some(_) => {
                let acked = other(side);
                // Only a FIN that leaves the first one unacknowledged crossed it on the way.
                let crossing = self.connection.closing().acknowledged[acked] == 0;
                self.connection.closing_mut().is_crossing = crossing;
                if crossing {
                    // This side was not in CLOSE-WAIT after all when it sent this.
                    self.connection.states[side] = State::FinWait1.fin_received();
                    self.connection.closing_mut().received[acked] = true;
                } else {
                    self.connection.states[side] = self.connection.states[side].fin_sent();
                }
                self.try_receive_fin(side);
                let rule = match () {
                    () if crossing => "T3",
                    () if self.connection.closing().is_merged => "T2",
                    () => "T1",
                };
                self.step(rule, (rule == "T2").then_some("2 and 3 in one"));
                self.after_close();
            }
        }
    }

    /// The other side takes in `side`'s FIN if nothing before it is missing (rule E).
    fn try_receive_fin(&mut self, side: Side) {
        let half = &self.connection.halves[side];
        let fin = half.fin;
        if half.is_whole_below(fin) {
            self.receive_fin(side);
        } else {
            let missing: i64 =
                half.holes().iter().filter(|hole| hole.acknowledged.is_none()).map(|hole| hole.end - hole.start).sum();
            let note = self.note(&says::FIN_EARLY).with("octets", Fact::Octets(missing as u64));
            self.say(note);
        }
    }

    fn receive_fin(&mut self, side: Side) {
        if !self.connection.closing().received[side] {
            self.connection.closing_mut().received[side] = true;
            self.connection.states[other(side)] = self.connection.states[other(side)].fin_received();
            if self.connection.states[other(side)] == State::TimeWait {
                self.connection.closing_mut().time_wait_since = self.segment.at;
            }
        }
    }

    /// Says the next step of the close.
    fn step(&mut self, rule: &'static str, merged: Option<&'static str>) {
        const STEPS: [&Entry; 4] = [&says::CLOSE_1, &says::CLOSE_2, &says::CLOSE_3, &says::CLOSE_4];
        let closing = self.connection.closing_mut();
        let index = usize::from(closing.step_count).min(3);
        closing.steps[index] = self.segment.packet;
        closing.step_count = (closing.step_count + 1).min(4);
        let of = closing.of();
        match index {
            0 => self.await_second_step(),
            1 => self.settle_first_step(),
            _ => {}
        }
        self.say_step(STEPS[index], |judge| {
            let mut note = judge.note_with_states(STEPS[index]).by_rule(rule).with("of", Fact::Count(of));
            if let Some(merged) = merged {
                note = note.with("merged", Fact::Word(merged));
            }
            if rule == "T3" && index == 1 {
                note = note.with("merged", Fact::Word("the FINs crossed: simultaneous close"));
            }
            if judge.segment.flags.fin() && judge.segment.len > 0 {
                note = note.with("octets", Fact::Octets(u64::from(judge.segment.len)));
            }
            note.pending = judge.connection.closing().waits;
            note
        });
    }

    /// Three segments or four? The answer to the first FIN tells.
    fn await_second_step(&mut self) {
        let connection = &mut *self.connection;
        connection.closing_mut().waits = true;
        connection.closing_mut().first_states = connection.states;
        connection.closing_mut().first_octets = self.segment.len;
        let deadline = self.segment.at.after_nanos(TCP_RESET_WATCH_NANOS);
        self.timers.set(deadline, self.slot, connection.id, Alarm::Close);
    }

    fn settle_first_step(&mut self) {
        if !std::mem::take(&mut self.connection.closing_mut().waits) || !self.notes.wanted.includes(&says::CLOSE_1) {
            return;
        }
        let connection = &*self.connection;
        let closing = connection.closing();
        let seen = connection.start_was_seen();
        let becomes = closing.is_merged.then(|| {
            let note = Note::new(&says::CLOSE_1, closing.steps[0], closing.first_fin_at)
                .in_connection(connection.id)
                .with("a", Fact::Word(closing.first_states[INITIATOR].name(seen)))
                .with("b", Fact::Word(closing.first_states[RESPONDER].name(seen)))
                .with("of", Fact::Count(closing.of()));
            match closing.first_octets {
                0 => note,
                octets => note.with("octets", Fact::Octets(u64::from(octets))),
            }
        });
        self.notes.settled.push(Settlement { packet: closing.steps[0], entry: &says::CLOSE_1, becomes });
    }

    /// Once both FINs are acknowledged: who keeps TIME-WAIT until when (3.5.3).
    fn after_close(&mut self) {
        if !self.connection.halves.iter().all(|half| half.is_fin_acknowledged()) {
            return;
        }
        self.connection.closing_mut().time_wait_since = self.segment.at;
        let holders = self.connection.states.map(|state| state == State::TimeWait);
        let (holder, listens) = match holders {
            [true, true] => ("both", true),
            [true, false] => (letter(INITIATOR), false),
            [false, true] => (letter(RESPONDER), true),
            [false, false] => return,
        };
        let until = self.segment.at.after_nanos(TCP_TIME_WAIT_NANOS);
        let rule = if holders == [true, true] { "T3" } else { "3.5.3" };
        self.say_step(&says::TIME_WAIT, |judge| {
            let note = judge
                .note(&says::TIME_WAIT)
                .by_rule(rule)
                .with("holder", Fact::Word(holder))
                .with("until", Fact::At(until));
            if !listens || !judge.connection.roles_seen {
                return note;
            }
            note.with(
                "bind",
                Fact::Word(
                    "a server started again on its port before then gets EADDRINUSE unless it sets SO_REUSEADDR",
                ),
            )
        });
        for half in &mut self.connection.halves {
            half.records.clear();
        }
    }

    /// Rule T4: new data after the other side's FIN was seen.
    pub fn half_close(&mut self) {
        let closed = other(self.from);
        let at = self.segment.at;
        let len = u64::from(self.segment.len);
        let is_proved = self.connection.halves[closed].is_fin_acknowledged();
        let closing = self.connection.closing_mut();
        closing.half_close_octets += len;
        closing.half_close_nanos = at.nanos_since(closing.first_fin_at);
        let fin = closing.fins[closed];
        if fin == 0 {
            return;
        }
        let first_proof = is_proved && !closing.half_close_proved;
        closing.half_close_proved |= is_proved;
        let rare = self.sent().rare();
        let said = std::mem::replace(&mut rare.half_close_said, true);
        if first_proof || !said {
            let proof = if is_proved {
                "it acknowledges that FIN"
            } else {
                "it does not acknowledge that FIN: perhaps only under way already"
            };
            let note = self
                .note(&says::HALF_CLOSE)
                .with("octets", Fact::Octets(len))
                .with("fin", Fact::Packet(fin))
                .with("proof", Fact::Word(proof));
            self.say(note);
        }
    }
}
