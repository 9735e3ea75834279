//! The segments of which most of a connection consists: the next data in order, and an acknowledgment that moves on.
//!
//! Of an open connection in which nothing is unusual, most rules have nothing to say. Which ones is known before the
//! first of them is asked; [`Judge::ordinary`] then makes the same changes in the same order as the long way. A test
//! sends both ways random connections and compares everything that they remember and say.

use super::connection::{Judge, other};
use super::half::{FARTHEST, Half, NOWHERE, Origin};
use super::state::State;
use crate::wire::TcpFlags;

impl Half {
    /// True if acknowledgments of this direction concern nothing but its octets.
    fn is_calm(&self) -> bool {
        self.origin >= Origin::FirstSeen
            && self.has_una
            && self.fin == NOWHERE
            && self
                .rare
                .as_deref()
                .is_none_or(|rare| rare.holes.is_empty() && rare.closed.is_none() && rare.low_since.is_none())
    }
}

impl Judge<'_> {
    /// Takes in an ordinary segment. False if it is none; then nothing was done.
    pub(super) fn ordinary(&mut self) -> bool {
        const MARKS: u16 = TcpFlags::FIN.0 | TcpFlags::SYN.0 | TcpFlags::RST.0 | TcpFlags::ACK.0;
        let segment = self.segment;
        let (from, to) = (self.from, other(self.from));
        let connection = &*self.connection;
        let (sent, answered) = (&connection.halves[from], &connection.halves[to]);
        let may_be = segment.flags.0 & MARKS == TcpFlags::ACK.0
            && segment.window != 0
            && segment.sacks.is_empty()
            && connection.states == [State::Established; 2]
            && connection.odd.is_none()
            && sent.origin >= Origin::FirstSeen
            && sent.fin == NOWHERE
            && answered.is_calm();
        if !may_be {
            return false;
        }
        let (start, len) = (sent.max, i64::from(segment.len));
        let acknowledged = answered.position(segment.acknowledgment);
        let moves_on = acknowledged > answered.una;
        // The same number again says nothing beside data; alone it may say a lot.
        let is_in_order = sent.position(segment.sequence) == start
            && (moves_on || len > 0 && acknowledged == answered.una)
            && acknowledged <= answered.max
            && answered.max - acknowledged <= FARTHEST;
        if !is_in_order {
            return false;
        }
        let window = u32::from(segment.window) << sent.shift.unwrap_or(0);
        let edge = acknowledged + i64::from(window);
        if let Some(shift) = sent.shift
            && (edge + (1 << shift) < answered.edge || window < connection.mss(to))
        {
            // The window shrinks, or is a small one.
            return false;
        }
        if len > 0 {
            let is_closed = sent.has_window && sent.raw_window == 0;
            // A small write may have waited for just this acknowledgment.
            let may_have_waited = sent.una == sent.max - len;
            if is_closed || may_have_waited || segment.len > connection.mss(from) {
                return false;
            }
        }

        self.sent().is_first_segment = false;
        self.letter_once(if len > 0 { b'd' } else { b'a' });
        if moves_on {
            self.progress(acknowledged);
        }
        let answered = self.answered();
        answered.raw_window = segment.window;
        answered.has_window = true;
        answered.window = window;
        answered.edge = answered.edge.max(edge);
        self.in_order_marks();
        if len > 0 {
            self.take(start, start + len);
        }
        true
    }
}

#[cfg(test)]
mod tests;
