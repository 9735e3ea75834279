//! Messages in a stream. TCP carries octets and keeps no borders between messages; here netlab says where the borders
//! lay, who joined or split what, and what a reader could have got.
//!
//! | file | what it answers |
//! |---|---|
//! | [`stream`] | which octets travelled when, in which segments |
//! | [`joined`] | who joined the writes of a sender: the sender, the network, or the receiver's buffer |
//! | [`recv`] | what `recv(n)` calls can return |
//! | [`framing`] | how messages are told apart: said by the user or found |
//! | [`auth`] | challenge and response: did the client prove itself |
//! | [`datagrams`] | UDP beside it: one datagram, one message |
//! | [`report`] | all of it about one connection, as plain data |
//! | [`servers`] | one-at-a-time servers, and conversations in which both sides wait |
//!
//! Every sentence bears a [`Tag`]: what was seen, what follows, and what only the program knows are never mixed.

pub mod auth;
pub mod datagrams;
pub mod framing;
pub mod joined;
pub mod named;
pub mod recv;
pub mod report;
pub mod servers;
pub mod stream;

use serde::Serialize;

/// What kind of truth a sentence is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tag {
    /// Seen in the packets.
    Wire,
    /// Follows from the packets and the standards.
    Implied,
    /// Depends on the program, which a capture cannot see.
    Possible,
}

impl Tag {
    /// The tag as printed.
    pub const fn name(self) -> &'static str {
        match self {
            Tag::Wire => "wire",
            Tag::Implied => "implied",
            Tag::Possible => "possible",
        }
    }
}

/// A sentence with its kind of truth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What kind of truth.
    pub tag: Tag,
    /// The sentence, harmless to print.
    pub text: String,
}

impl Statement {
    /// Something seen in the packets.
    pub fn wire(text: impl Into<String>) -> Statement {
        Statement { tag: Tag::Wire, text: text.into() }
    }

    /// Something that follows from the packets and the standards.
    pub fn implied(text: impl Into<String>) -> Statement {
        Statement { tag: Tag::Implied, text: text.into() }
    }

    /// Something that depends on the program.
    pub fn possible(text: impl Into<String>) -> Statement {
        Statement { tag: Tag::Possible, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::stream::{Conversation, Flow, Side};
    use crate::base::Timestamp;

    /// A conversation of turns, one segment a turn, a millisecond apart, each acknowledged by the answer.
    pub(super) fn dialogue(turns: &[(Side, &[u8])]) -> Conversation {
        let address = |last| std::net::SocketAddr::from(([192, 0, 2, last], 8000 + u16::from(last)));
        let mut flows = [Flow::of(&[]), Flow::of(&[])];
        for (index, (side, octets)) in turns.iter().enumerate() {
            let at = Timestamp::from_nanos(index as u64 * 1_000_000);
            flows[*side as usize].append(octets, index as u64 + 1, at);
        }
        Conversation {
            id: 0,
            initiator: address(1),
            responder: address(2),
            first: Timestamp::ZERO,
            last: Timestamp::from_nanos(turns.len() as u64 * 1_000_000),
            flows,
        }
    }
}
