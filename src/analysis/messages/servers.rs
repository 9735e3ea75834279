//! How servers serve: one client at a time, or many; and conversations in which both sides wait for ever.
//!
//! A one-at-a-time server still completes every handshake, for the kernel does that (the backlog of `listen`); but the
//! second client's first answer comes only after the first client has gone.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Serialize;

use crate::analysis::Judged;
use crate::base::limits::MAX_LIVES;
use crate::base::{Seq, Timestamp};

/// The times of one connection that matter here.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// The connection.
    pub id: u64,
    /// The server.
    pub server: SocketAddr,
    /// When the first packet passed.
    pub opened: Timestamp,
    /// The client's first data.
    pub asked: Option<Timestamp>,
    /// The server's first data.
    pub answered: Option<Timestamp>,
    /// The server's last data.
    pub last_answer: Option<Timestamp>,
    /// The last data of either side, and whether it was the client's.
    pub last_data: Option<(Timestamp, bool)>,
    /// The first FIN or reset of either side.
    pub closed: Option<Timestamp>,
    /// The last packet.
    pub last: Timestamp,
    /// Data not yet acknowledged when the last data passed.
    unacknowledged: [u32; 2],
    next: [Option<u32>; 2],
}

/// Collects the lives of connections.
#[derive(Debug, Default)]
pub struct Lives {
    lives: BTreeMap<u64, Life>,
    end: Timestamp,
    /// Connections for which there was no room.
    pub left_out: u64,
}

/// A client that waited while another was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The connection that waited.
    pub connection: u64,
    /// The connection that was served meanwhile.
    pub behind: u64,
    /// When it asked, or connected if the server speaks first.
    pub since_ns: u64,
    /// How long it waited for the first answer.
    pub waited_ns: u64,
}

/// A server that serves one client at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SerialServer {
    /// Its address.
    pub server: SocketAddr,
    /// The clients that waited.
    pub waits: Vec<Wait>,
}

/// A conversation in which nothing moves although nothing is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Stall {
    /// The connection.
    pub connection: u64,
    /// Since when.
    pub since_ns: u64,
    /// For how long, up to the close or the end of the capture.
    pub for_ns: u64,
    /// True if the initiator spoke last.
    pub initiator_spoke_last: bool,
    /// True if it ended with a close; false if it still went on at the end.
    pub was_closed: bool,
}

/// A wait shorter than this may be anything.
const MIN_WAIT_NANOS: u64 = 20_000_000;
/// Silence shorter than this is thinking.
const MIN_STALL_NANOS: u64 = 3_000_000_000;

impl Lives {
    /// Takes in a packet.
    pub fn observe(&mut self, judged: &Judged<'_, '_>) {
        let at = judged.packet.meta.at;
        self.end = self.end.max(at);
        let (Some(id), Some(tcp), Some(ip)) =
            (judged.context.connection, judged.packet.frame.tcp(), judged.packet.frame.ip())
        else {
            return;
        };
        let from_client = judged.context.from_initiator;
        if !self.lives.contains_key(&id) && self.lives.len() >= MAX_LIVES {
            self.left_out += 1;
            return;
        }
        let life = self.lives.entry(id).or_insert_with(|| {
            let source = SocketAddr::new(ip.source(), tcp.source_port());
            let destination = SocketAddr::new(ip.destination(), tcp.destination_port());
            let server = if from_client { destination } else { source };
            Life {
                id,
                server,
                opened: at,
                asked: None,
                answered: None,
                last_answer: None,
                last_data: None,
                closed: None,
                last: at,
                unacknowledged: [0; 2],
                next: [None; 2],
            }
        });
        life.last = at;
        let side = usize::from(!from_client);
        let flags = tcp.flags();
        if flags.fin() || flags.rst() {
            life.closed.get_or_insert(at);
        }
        if flags.ack()
            && let Some(next) = life.next[1 - side]
        {
            // A FIN is acknowledged with one number more than the data.
            life.unacknowledged[1 - side] = Seq(next).since(tcp.acknowledgment()).max(0) as u32;
        }
        if tcp.payload_len() == 0 {
            return;
        }
        life.next[side] = Some(tcp.sequence().plus(tcp.sequence_len()).0);
        life.unacknowledged[side] = tcp.payload_len();
        life.last_data = Some((at, from_client));
        if from_client {
            life.asked.get_or_insert(at);
        } else {
            life.answered.get_or_insert(at);
            life.last_answer = Some(at);
        }
    }

    /// How many connections there were.
    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// True if there was none.
    pub fn is_empty(&self) -> bool {
        self.lives.is_empty()
    }

    /// Servers that served one client at a time, with the clients that waited. A server that answered two clients in
    /// turns even once is not among them.
    pub fn serial_servers(&self) -> Vec<SerialServer> {
        let mut by_server = BTreeMap::<SocketAddr, Vec<&Life>>::new();
        for life in self.lives.values() {
            by_server.entry(life.server).or_default().push(life);
        }
        let mut found = Vec::new();
        for (server, lives) in by_server {
            let waits: Vec<_> = lives.iter().filter_map(|life| wait(life, &lives)).collect();
            if !waits.is_empty() && !lives.iter().any(|life| interleaves(life, &lives)) {
                found.push(SerialServer { server, waits });
            }
        }
        found
    }

    /// Conversations in which both sides wait although all that was sent has arrived.
    pub fn stalls(&self) -> Vec<Stall> {
        let stall = |life: &Life| {
            let (since, by_initiator) = life.last_data?;
            let until = life.closed.unwrap_or(self.end);
            let for_ns = until.nanos_since(since);
            let is_stall = for_ns >= MIN_STALL_NANOS && life.unacknowledged == [0, 0];
            is_stall.then_some(Stall {
                connection: life.id,
                since_ns: since.nanos(),
                for_ns,
                initiator_spoke_last: by_initiator,
                was_closed: life.closed.is_some(),
            })
        };
        self.lives.values().filter_map(stall).collect()
    }
}

/// The wait of one client for another, if there was one: the answer came only after the other had been closed.
fn wait(life: &Life, lives: &[&Life]) -> Option<Wait> {
    let since = life.asked.unwrap_or(life.opened);
    let answered = life.answered?;
    let waited_ns = answered.signed_since(since);
    if waited_ns < MIN_WAIT_NANOS as i64 {
        return None;
    }
    // The one that was being served: opened before, answered before, closed while this one waited.
    let behind = lives.iter().filter(|other| {
        other.id != life.id
            && other.opened < life.opened
            && other.answered.is_some_and(|at| at < answered)
            && other.closed.is_some_and(|at| at > since && at <= answered)
    });
    // The answer follows the close: otherwise something else was waited for.
    let last = behind.max_by_key(|other| other.closed)?;
    let gap = answered.nanos_since(last.closed?);
    (gap * 4 <= waited_ns as u64).then_some(Wait {
        connection: life.id,
        behind: last.id,
        since_ns: since.nanos(),
        waited_ns: waited_ns as u64,
    })
}

/// True if this client got its first answer while another, opened before, was still being answered.
fn interleaves(life: &Life, lives: &[&Life]) -> bool {
    let Some(answered) = life.answered else { return false };
    lives.iter().any(|other| {
        other.id != life.id
            && other.opened < life.opened
            && other.answered.is_some_and(|at| at < answered)
            && other.last_answer.is_some_and(|at| at > answered)
    })
}
