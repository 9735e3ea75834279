//! Zeek's letters for a connection, for those who are used to `conn.log`.

use arrayvec::ArrayString;

use super::connection::{Connection, INITIATOR, Judge, RESPONDER, Side};
use super::half::Origin;
use super::opening::OpeningKind;

/// The history: at most this many letters are kept.
pub(super) type History = ArrayString<22>;

/// Zeek's `conn_state`.
pub(super) fn state(connection: &Connection) -> &'static str {
    let closing = connection.closing();
    let fins = closing.fins.map(|packet| packet != 0);
    let has_syn = connection.opening.steps().packets[0] != 0;
    let has_syn_ack = connection.halves[RESPONDER].origin == Origin::Syn;
    let kind = connection.opening.kind;
    if connection.reset != 0 {
        let by_initiator = connection.reset_by() == INITIATOR;
        return match (has_syn, has_syn_ack) {
            (true, false) if by_initiator => "RSTOS0",
            (true, false) => "REJ",
            (false, true) if !by_initiator => "RSTRH",
            (false, false) => "OTH",
            _ if by_initiator => "RSTO",
            _ => "RSTR",
        };
    }
    match (has_syn, has_syn_ack) {
        (true, false) if fins[INITIATOR] => "SH",
        (true, false) if kind == OpeningKind::Unanswered || kind == OpeningKind::Rejected => "S0",
        (false, true) if fins[RESPONDER] => "SHR",
        (false, false) => "OTH",
        _ => match fins {
            [true, true] => "SF",
            [true, false] => "S2",
            [false, true] => "S3",
            [false, false] => "S1",
        },
    }
}

/// One bit for each letter of the history that is written only once.
#[inline]
fn bit(letter: u8) -> u8 {
    match letter {
        b's' => 1,
        b'h' => 2,
        b'a' => 4,
        b'd' => 8,
        b'f' => 16,
        b'r' => 32,
        _ => 64,
    }
}

impl Judge<'_> {
    /// Adds what this segment is to the history.
    pub fn remember_letter(&mut self) {
        let flags = self.segment.flags;
        let letter = match () {
            () if flags.rst() => b'r',
            () if flags.syn() && flags.ack() => b'h',
            () if flags.syn() => b's',
            () if flags.fin() => b'f',
            () if self.segment.len > 0 => b'd',
            () => b'a',
        };
        // A FIN with data is both, the data first.
        if flags.fin() && self.segment.len > 0 {
            self.letter_once(b'd');
        }
        self.letter_once(letter);
    }

    #[inline]
    pub(super) fn letter_once(&mut self, letter: u8) {
        let side = self.from;
        let bits = &mut self.connection.history_bits[side];
        if *bits & bit(letter) == 0 {
            *bits |= bit(letter);
            push(&mut self.connection.history, side, letter);
        }
    }

    /// Adds a letter that is repeated each time its count has grown tenfold: `c`, `g`, `t`, `w`.
    pub fn letter_by_count(&mut self, side: Side, letter: u8, count: u64) {
        let is_power = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000].contains(&count);
        if is_power {
            push(&mut self.connection.history, side, letter);
        }
    }
}

#[cold]
fn push(history: &mut History, side: Side, letter: u8) {
    let letter = if side == INITIATOR { letter.to_ascii_uppercase() } else { letter };
    // A full history says no more, as Zeek's own does at its limit.
    let _ = history.try_push(char::from(letter));
}
