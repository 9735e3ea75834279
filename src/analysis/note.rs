//! Notes: what netlab says of one packet, with the rule and the evidence.

use std::net::IpAddr;

use smallvec::SmallVec;

use super::catalogue::Entry;
use super::tcp::StreamPiece;
use crate::base::{MacAddr, Seq, Timestamp};
use crate::packet::Packet;

/// How much a note matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The normal course of things: a step of a handshake.
    Chat,
    /// Worth knowing: a repeated ACK.
    Note,
    /// Something went wrong and was repaired: a retransmission.
    Warning,
    /// Something is broken or hostile: a conflict of addresses.
    Error,
}

impl Severity {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Chat => "chat",
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// How sure netlab is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// The packets allow no other reading.
    Certain,
    /// Another reading is possible but unlikely.
    Probable,
    /// The packets do not decide it.
    Undecided,
}

impl Confidence {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Probable => "probable",
            Confidence::Undecided => "undecided",
        }
    }
}

/// A piece of evidence: a number that was compared, a packet that decided.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A plain number.
    Count(u64),
    /// A number of octets.
    Octets(u64),
    /// A span of time in nanoseconds.
    Nanos(u64),
    /// A moment that is predicted, printed to the second.
    At(Timestamp),
    /// A packet by its number: an observation this note rests on.
    Packet(u64),
    /// A TCP sequence number as on the wire.
    Seq(Seq),
    /// A ratio, printed as a percentage; 1.0 is 100 %.
    Ratio(f64),
    /// An IP address.
    Ip(IpAddr),
    /// A MAC address.
    Mac(MacAddr),
    /// A word of netlab's own (a state, a cause): never text from a packet.
    Word(&'static str),
    /// Text that came from a packet, already harmless (`base::text`).
    Text(Box<str>),
}

/// What netlab says of one packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What is said; its code, severity and words are in the catalogue.
    pub entry: &'static Entry,
    /// The rule that decided, such as `D25`; normally the entry's own.
    pub rule: &'static str,
    /// The packet it is about.
    pub packet: u64,
    /// When that packet was captured.
    pub at: Timestamp,
    /// The TCP connection it belongs to.
    pub connection: Option<u64>,
    /// How sure.
    pub confidence: Confidence,
    /// True if a later packet may still change it; a [`Settlement`] for it follows, at the latest at the end.
    pub pending: bool,
    /// The evidence, by the names that the entry's words use.
    pub facts: SmallVec<[(&'static str, Fact); 4]>,
}

impl Note {
    /// A certain, final note about packet number `packet`, without evidence yet.
    pub fn new(entry: &'static Entry, packet: u64, at: Timestamp) -> Note {
        Note {
            entry,
            rule: entry.rule,
            packet,
            at,
            connection: None,
            confidence: Confidence::Certain,
            pending: false,
            facts: SmallVec::new(),
        }
    }

    /// The same with one more piece of evidence.
    #[inline]
    pub fn with(mut self, name: &'static str, fact: Fact) -> Note {
        self.facts.push((name, fact));
        self
    }

    /// The same decided by another rule than the entry's own.
    pub fn by_rule(mut self, rule: &'static str) -> Note {
        self.rule = rule;
        self
    }

    /// The same with another confidence.
    pub fn sure(mut self, confidence: Confidence) -> Note {
        self.confidence = confidence;
        self
    }

    /// The same as part of a connection.
    pub fn in_connection(mut self, connection: u64) -> Note {
        self.connection = Some(connection);
        self
    }

    /// The stable code, such as `tcp-fast-retransmission`.
    pub fn code(&self) -> &'static str {
        self.entry.code
    }

    /// The fact of that name.
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|(found, _)| *found == name).map(|(_, fact)| fact)
    }
}

/// The end of a pending note's wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Settlement {
    /// The packet whose note was pending.
    pub packet: u64,
    /// The note that was pending.
    pub entry: &'static Entry,
    /// What it became; `None` if it stands as it was.
    pub becomes: Option<Note>,
}

/// What the trackers know of the conversation a packet belongs to, for whoever prints the packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The TCP connection, counted from 0.
    pub connection: Option<u64>,
    /// True if the packet came from the connection's initiator.
    pub from_initiator: bool,
    /// The numbers that print as relative sequence 0: the sender's first, for the sequence number, and the other side's,
    /// for the acknowledgment number.
    pub bases: Option<(Seq, Seq)>,
    /// RFC 9293 states of initiator and responder after this packet.
    pub states: Option<(&'static str, &'static str)>,
    /// Where its data belong in their stream, if they do.
    pub piece: Option<StreamPiece>,
    /// The round trip, in nanoseconds, that this packet's acknowledgment measured: from where the capture was made to the
    /// packet's sender and back.
    pub round_trip: Option<u64>,
}

/// Where trackers leave what they have to say about a packet; emptied before the next.
#[derive(Debug, Default)]
pub struct Notes {
    /// Notes about the packet being observed, and late notes about earlier ones that were not pending.
    pub fresh: Vec<Note>,
    /// Earlier notes that are final now.
    pub settled: Vec<Settlement>,
    /// The conversation of the packet being observed.
    pub context: Context,
    /// What the reader of the notes has a use for.
    pub wanted: Wanted,
}

/// What the reader of notes has a use for: the rest need not be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// All notes, and the context of every packet.
    #[default]
    All,
    /// Only what becomes a finding: notes of warnings and errors, and those that may yet become one.
    Findings,
}

impl Wanted {
    /// True if a note of that kind is wanted, once it is final.
    pub fn includes(self, entry: &Entry) -> bool {
        self == Wanted::All || entry.severity >= Severity::Warning
    }
}

impl Notes {
    /// No notes, for a reader who has a use for these.
    pub fn for_reader(wanted: Wanted) -> Notes {
        Notes { wanted, ..Notes::default() }
    }

    /// Forgets the last packet's notes, keeping the memory.
    #[inline]
    pub fn clear(&mut self) {
        // Mostly there are none, or they have been taken.
        if !self.fresh.is_empty() || !self.settled.is_empty() {
            self.fresh.clear();
            self.settled.clear();
        }
        self.context = Context::default();
    }

    /// Adds a note, if it is wanted or may become one that is.
    pub fn say(&mut self, note: Note) {
        if note.pending || self.wanted.includes(note.entry) {
            self.fresh.push(note);
        }
    }
}

/// A packet with everything said about it: what outputs print.
#[derive(Debug)]
pub struct Judged<'p, 'a> {
    /// The packet.
    pub packet: &'p Packet<'a>,
    /// What is said of it, final unless a note is still marked pending.
    pub notes: &'p [Note],
    /// The conversation it belongs to.
    pub context: Context,
}
