//! The conversations of a capture as they go: who talks with whom, in which state, with what trouble.

use std::net::SocketAddr;

use hashbrown::HashMap;

use crate::analysis::{Fact, Judged, Note, Severity};
use crate::base::Timestamp;
use crate::base::limits::MAX_SCREEN_CONVERSATIONS;
use crate::capture::live::Transport;
use crate::lang::{Lang, tell};

/// Whom a conversation is between, by what identifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// A TCP connection by its number.
    Tcp(u64),
    /// Two UDP end points, the lesser first.
    Udp(SocketAddr, SocketAddr),
}

/// How a conversation ended that ended badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// By a reset, with its cause where that is known.
    Reset(Option<&'static str>),
    /// In another way, which a word tells.
    Otherwise(&'static str),
}

impl Ended {
    fn words(self, lang: Lang) -> String {
        match self {
            Ended::Reset(Some(cause)) => tell!(lang, "reset: {}", lang.say(cause)),
            Ended::Reset(None) => lang.say("reset").to_owned(),
            Ended::Otherwise(word) => lang.say(word).to_owned(),
        }
    }
}

/// One conversation.
#[derive(Clone, Debug)]
pub(super) struct Conversation {
    pub(super) key: Key,
    /// Who sent the first packet.
    pub(super) initiator: SocketAddr,
    pub(super) responder: SocketAddr,
    /// Packets of initiator and responder.
    pub(super) packets: [u64; 2],
    /// Octets on the wire, likewise.
    pub(super) octets: [u64; 2],
    /// States of initiator and responder.
    pub(super) states: Option<(&'static str, &'static str)>,
    /// Segments that were sent again.
    pub(super) resent: u64,
    /// Questions and answers (UDP), where netlab knows them.
    answers: u64,
    /// How it ended, if it ended badly.
    ended: Option<Ended>,
    /// A receiver has closed its window.
    window_closed: bool,
    /// The worst that was said.
    pub(super) worst: Option<Severity>,
    /// When it last spoke.
    pub(super) last: Timestamp,
    /// The process at this host that owns it.
    pub(super) owner: Option<String>,
    /// How often the owner was looked for.
    pub(super) looked: u8,
}

impl Conversation {
    /// Which transport it uses.
    pub(super) fn transport(&self) -> Transport {
        match self.key {
            Key::Tcp(_) => Transport::Tcp,
            Key::Udp(..) => Transport::Udp,
        }
    }

    /// Its name in the list: the number that reports and filters use, or the transport.
    pub(super) fn name(&self) -> String {
        match self.key {
            Key::Tcp(number) => number.to_string(),
            Key::Udp(..) => "udp".to_owned(),
        }
    }

    /// A display filter that shows its packets.
    pub(super) fn filter(&self) -> String {
        match self.key {
            Key::Tcp(number) => format!("tcp.connection == {number}"),
            Key::Udp(a, b) => {
                let family = if a.is_ipv4() { "ip" } else { "ipv6" };
                format!(
                    "udp.port == {} and udp.port == {} and {family}.addr == {} and {family}.addr == {}",
                    a.port(),
                    b.port(),
                    a.ip(),
                    b.ip()
                )
            }
        }
    }

    /// Both states in short: `ESTABLISHED`, or `FIN-WAIT-1/CLOSE-WAIT`.
    pub(super) fn state(&self) -> String {
        match self.states {
            None => String::new(),
            Some((one, other)) if one == other => one.to_owned(),
            Some((one, other)) => format!("{one}/{other}"),
        }
    }

    /// What is to be thought of it, in some words.
    pub(super) fn verdict(&self, lang: Lang) -> String {
        let mut words = Vec::new();
        if let Some(ended) = &self.ended {
            words.push(ended.words(lang));
        } else if let Some((a, b)) = self.states {
            words.push(lang.say(course(a, b)).to_owned());
        }
        if self.answers > 0 {
            words.push(tell!(lang, "{} answered", self.answers));
        }
        if self.resent > 0 {
            words.push(tell!(lang, "{} sent again", self.resent));
        }
        if self.window_closed {
            words.push(lang.say("window closed").to_owned());
        }
        lang.list(&words)
    }

    fn note(&mut self, note: &Note, is_late: bool) {
        let code = note.code();
        self.worst = self.worst.max(Some(note.entry.severity).filter(|severity| *severity > Severity::Chat));
        // A late note is another verdict on a segment that was counted when it passed.
        let was_resent =
            code.contains("retransmission") || code == "tcp-tail-loss-probe" || code == "tcp-resend-after-timeout";
        if was_resent && !is_late {
            self.resent += 1;
        }
        match code {
            "tcp-reset" => {
                self.ended = Some(Ended::Reset(match note.fact("cause") {
                    Some(Fact::Word(word)) => Some(word),
                    _ => None,
                }));
            }
            "tcp-unanswered" => self.ended = Some(Ended::Otherwise("unanswered")),
            "tcp-unreachable" if self.states.is_none_or(|(a, _)| a == "SYN-SENT") => {
                self.ended = Some(Ended::Otherwise("unreachable"));
            }
            "tcp-reset-ignored" => self.ended = None,
            "tcp-zero-window" => self.window_closed = true,
            "tcp-window-update" => self.window_closed = false,
            "udp-answer" => self.answers += 1,
            _ => {}
        }
    }
}

/// How far a connection is, by the states of its ends.
fn course(a: &str, b: &str) -> &'static str {
    let is_done = |state: &str| matches!(state, "TIME-WAIT" | "CLOSED");
    let is_opening = |state: &str| matches!(state, "SYN-SENT" | "SYN-RECEIVED" | "LISTEN");
    match (a, b) {
        _ if a.ends_with("ESTABLISHED") && b.ends_with("ESTABLISHED") => "open",
        _ if is_opening(a) || is_opening(b) => "opening",
        _ if is_done(a) && is_done(b) => "closed",
        _ => "closing",
    }
}

/// Conversations in the order of their first packets; beyond the cap the one silent longest is forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversations {
    by_key: HashMap<Key, Conversation, foldhash::fast::RandomState>,
    /// Keys in the order of their first packets.
    order: Vec<Key>,
}

impl Conversations {
    /// Takes in a packet.
    pub(super) fn packet(&mut self, judged: &Judged<'_, '_>) {
        let frame = &judged.packet.frame;
        let (Some(ip), Some((source_port, destination_port))) = (frame.ip(), frame.ports()) else { return };
        let source = SocketAddr::new(ip.source(), source_port);
        let destination = SocketAddr::new(ip.destination(), destination_port);
        let context = judged.context;
        let key = match context.connection {
            Some(connection) => Key::Tcp(connection),
            None if frame.udp().is_some() => Key::Udp(source.min(destination), source.max(destination)),
            None => return,
        };
        let sent_by_responder = context.connection.is_some() && !context.from_initiator;
        if !self.by_key.contains_key(&key) {
            self.make_room();
            let (initiator, responder) = if sent_by_responder { (destination, source) } else { (source, destination) };
            self.order.push(key);
            self.by_key.insert(
                key,
                Conversation {
                    key,
                    initiator,
                    responder,
                    packets: [0; 2],
                    octets: [0; 2],
                    states: None,
                    resent: 0,
                    answers: 0,
                    ended: None,
                    window_closed: false,
                    worst: None,
                    last: judged.packet.meta.at,
                    owner: None,
                    looked: 0,
                },
            );
        }
        let Some(found) = self.by_key.get_mut(&key) else { return };
        let side =
            usize::from(if context.connection.is_some() { sent_by_responder } else { source != found.initiator });
        found.packets[side] += 1;
        found.octets[side] += u64::from(judged.packet.meta.wire_len);
        found.last = found.last.max(judged.packet.meta.at);
        if context.states.is_some() {
            found.states = context.states;
        }
        judged.notes.iter().for_each(|note| found.note(note, false));
    }

    /// Takes in a note about an earlier packet.
    pub(super) fn note(&mut self, note: &Note) {
        if let Some(connection) = note.connection
            && let Some(found) = self.by_key.get_mut(&Key::Tcp(connection))
        {
            found.note(note, true);
        }
    }

    fn make_room(&mut self) {
        if self.order.len() < MAX_SCREEN_CONVERSATIONS {
            return;
        }
        let quietest =
            self.order.iter().enumerate().min_by_key(|(_, key)| self.by_key.get(*key).map(|found| found.last));
        if let Some(index) = quietest.map(|(index, _)| index) {
            let key = self.order.remove(index);
            self.by_key.remove(&key);
        }
    }

    /// All, in the order of their first packets.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Conversation> {
        self.order.iter().filter_map(|key| self.by_key.get(key))
    }

    /// All, to be changed, in no order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conversation> {
        self.by_key.values_mut()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }
}
