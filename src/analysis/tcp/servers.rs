//! What is known of the sockets that connections are asked of: how many of their connections are half-open at once
//! (rule H15), and what their answers usually grant (rule H20).

use super::connection::{Connection, Judge, RESPONDER};
use super::says;
use super::segment::Socket;
use crate::analysis::bounded::Bounded;
use crate::analysis::note::{Confidence, Fact};
use crate::base::Timestamp;
use crate::base::limits::{MAX_TCP_SERVERS, TCP_COOKIE_HALF_OPEN, TCP_FLOOD_HALF_OPEN, TCP_FLOOD_NANOS};

/// One listening socket.
#[derive(Clone, Copy, Debug, Default)]
struct Server {
    /// Connections that it answered and that were not completed yet.
    half_open: u32,
    /// Since when there are many of them, and how many were completed since then.
    many_since: Option<Timestamp>,
    completed: u32,
    /// How many there were when it was last said.
    said: u32,
    /// True once an answer granted window scale or SACK.
    has_granted: bool,
}

/// All listening sockets that answered lately.
#[derive(Debug)]
pub(super) struct Servers {
    table: Bounded<Socket, Server>,
}

impl Default for Servers {
    fn default() -> Servers {
        Servers { table: Bounded::new(MAX_TCP_SERVERS) }
    }
}

/// Too many connections that were answered and not completed.
struct Flood {
    count: u32,
    nanos: u64,
    completed: u32,
}

impl Servers {
    /// A first SYN,ACK: one more is half-open. A crowd of them is a flood only if it lasts and more of them stay than are
    /// completed meanwhile: a busy server far away always has some, and loses them again within a round trip.
    fn answered(&mut self, server: Socket, at: Timestamp, has_granted: bool) -> (Server, Option<Flood>) {
        let server = self.table.entry(server, Server::default);
        let before = *server;
        server.half_open += 1;
        server.has_granted |= has_granted;
        if server.half_open < TCP_FLOOD_HALF_OPEN {
            return (before, None);
        }
        let since = *server.many_since.get_or_insert(at);
        let nanos = at.nanos_since(since);
        let is_flood = nanos >= TCP_FLOOD_NANOS
            && server.completed < server.half_open / 2
            && server.half_open >= server.said.saturating_mul(2);
        let flood = is_flood.then(|| {
            server.said = server.half_open;
            Flood { count: server.half_open, nanos, completed: server.completed }
        });
        (before, flood)
    }

    /// One of the half-open connections was completed, or ended otherwise.
    fn one_less(&mut self, server: Socket, is_completed: bool) {
        let Some(server) = self.table.get_mut(&server) else { return };
        server.half_open = server.half_open.saturating_sub(1);
        server.completed = server.completed.saturating_add(u32::from(is_completed));
        if server.half_open < TCP_FLOOD_HALF_OPEN {
            (server.many_since, server.completed) = (None, 0);
        }
        if server.half_open < server.said / 4 {
            server.said = 0;
        }
    }

    /// A connection that counted as half-open does not any more: it was completed, it was reset, or it is forgotten.
    pub fn leave(&mut self, connection: &mut Connection, is_completed: bool) {
        if std::mem::take(&mut connection.opening.is_half_open) {
            self.one_less(connection.socket(RESPONDER), is_completed);
        }
    }
}

impl Judge<'_> {
    /// Rules H15 and H20: what the first SYN,ACK of a connection tells of the server.
    pub(super) fn judge_server(&mut self) {
        let [offered, answer] = self.connection.offers;
        let server = self.connection.socket(RESPONDER);
        let is_asked = offered.is_known && offered.sack && offered.scale.is_some();
        let has_granted = answer.is_known && (answer.sack || answer.scale.is_some());
        self.connection.opening.is_half_open = true;
        let (before, flood) = self.servers.answered(server, self.segment.at, has_granted);
        if let Some(flood) = flood {
            let note = self
                .note(&says::SYN_FLOOD)
                .sure(Confidence::Probable)
                .with("server", Fact::Ip(server.ip()))
                .with("port", Fact::Count(u64::from(server.port)))
                .with("count", Fact::Count(u64::from(flood.count)))
                .with("wait", Fact::Nanos(flood.nanos))
                .with("completed", Fact::Count(u64::from(flood.completed)));
            self.say(note);
        }
        // With timestamps Linux hides the options in their value, so their absence shows only without timestamps.
        let is_bare = answer.is_known && !has_granted && !answer.timestamps;
        if is_asked && is_bare && before.has_granted && before.half_open >= TCP_COOKIE_HALF_OPEN {
            let note = self
                .note(&says::SYN_COOKIES)
                .sure(Confidence::Probable)
                .with("count", Fact::Count(u64::from(before.half_open)));
            self.say(note);
        }
    }

    /// The third step came.
    pub(super) fn leave_half_open(&mut self, is_completed: bool) {
        if self.connection.opening.is_half_open {
            self.servers.leave(self.connection, is_completed);
        }
    }
}
