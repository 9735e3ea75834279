//! Framing by dialogue: one side announces a size in decimal digits, the other says that it is ready, the octets follow.
//! The tutorial's first cure; it costs a round trip for every message and has no mark where the number ends.

use std::ops::Range;

use crate::analysis::messages::stream::{Conversation, Side, Turn};

/// One announcement and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Who announced.
    pub side: Side,
    /// The turn with the digits.
    pub announcement: Turn,
    /// The number announced.
    pub announced: u64,
    /// The other side's word in between; `None` if it never came.
    pub word: Option<Turn>,
    /// The octets that followed; `None` if none did.
    pub delivered: Option<Turn>,
}

impl Exchange {
    /// True if exactly what was announced followed.
    pub fn is_kept(&self) -> bool {
        self.delivered.as_ref().is_some_and(|turn| turn.range.len() as u64 == self.announced)
    }
}

/// Announcements in lock step, in order. Empty unless at least one of them was kept.
pub fn exchanges(conversation: &Conversation) -> Vec<Exchange> {
    let turns = conversation.turns();
    let mut found = Vec::new();
    let mut index = 0;
    while index < turns.len() {
        let turn = &turns[index];
        index += 1;
        let Some(announced) = number(conversation, turn) else { continue };
        let word = turns.get(index).filter(|word| word.range.len() <= MAX_WORD_LEN);
        let delivered = word.and_then(|_| turns.get(index + 1));
        // A delivery is consumed, so that digits in it are not taken for another announcement.
        index += if delivered.is_some() { 2 } else { 0 };
        found.push(Exchange {
            side: turn.side,
            announcement: turn.clone(),
            announced,
            word: word.cloned(),
            delivered: delivered.cloned(),
        });
    }
    let kept: Vec<_> = Side::BOTH
        .into_iter()
        .filter(|side| found.iter().any(|exchange| exchange.side == *side && exchange.is_kept()))
        .collect();
    found.retain(|exchange| kept.contains(&exchange.side));
    found
}

/// A word such as `recv_ready` is short.
const MAX_WORD_LEN: usize = 64;

/// The number that a turn consists of: one to twelve decimal digits, perhaps with a line end.
fn number(conversation: &Conversation, turn: &Turn) -> Option<u64> {
    let octets: &[u8] = octets(conversation, turn.side, &turn.range)?;
    let digits = octets.trim_ascii();
    if digits.is_empty() || digits.len() > 12 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok().filter(|number| *number > 0)
}

fn octets<'a>(conversation: &'a Conversation, side: Side, range: &Range<usize>) -> Option<&'a [u8]> {
    let flow = conversation.flow(side);
    if range.len() > 16 || !flow.is_whole(range) {
        return None;
    }
    flow.octets.get(range.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::messages::tests::dialogue;

    #[test]
    fn digits_word_and_body_are_an_exchange() {
        let body = vec![b'x'; 2700];
        let talk = dialogue(&[
            (Side::Initiator, b"ls".as_slice()),
            (Side::Responder, b"2700"),
            (Side::Initiator, b"recv_ready"),
            (Side::Responder, &body),
            (Side::Initiator, b"dir"),
            (Side::Responder, b"1234"),
        ]);
        let found = exchanges(&talk);
        assert_eq!(found.len(), 2);
        assert!(found[0].is_kept() && found[0].announced == 2700);
        assert!(!found[1].is_kept() && found[1].word.is_none());
    }

    #[test]
    fn numbers_that_announce_nothing_are_just_numbers() {
        let talk = dialogue(&[
            (Side::Initiator, b"41".as_slice()),
            (Side::Responder, b"1"),
            (Side::Initiator, b"x"),
            (Side::Responder, b"yy"),
        ]);
        assert_eq!(exchanges(&talk), []);
    }
}
