//! Scripts as programs of the simulated hosts (R9): the socket calls that a conversation of the capture is made of. The
//! lines of such a program are the numbers of the packets that its calls play.

use std::net::{IpAddr, SocketAddr};

use super::talk::{Deed, Side, Talk, Turn};
use crate::base::Timestamp;
use crate::sim::program::{Expression, Program, Step, Value};

/// Octets read or written by one call.
const PIECE_LEN: usize = 16 << 10;
/// How much longer than in the capture a side waits for a datagram before it goes on: what resolvers wait for an answer
/// (RFC 1035 §4.2.1 asks for 2 to 5 seconds).
const PATIENCE: i64 = 5_000_000_000;
/// The same where the capture shows that a side speaks without being answered first: it hardly waits.
const SHORT_PATIENCE: i64 = 200_000_000;

/// One conversation as one socket plays it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    pub talk: &'a Talk,
    pub side: Side,
    /// The address of the other side in the topology.
    pub peer: IpAddr,
    /// True if a translator stands between, so that the other side may come from another address.
    pub translated: bool,
}

impl Part<'_> {
    fn peer(&self) -> SocketAddr {
        SocketAddr::new(self.peer, self.talk.ends[self.side.other().index()].port())
    }

    /// Each turn, with what is said in it.
    fn turns(&self) -> impl Iterator<Item = (Turn, &[u8], usize)> {
        let mut said = [0usize; 2];
        self.talk.turns.iter().map(move |turn| {
            let Deed::Say(len) = turn.deed else { return (*turn, &[][..], 0) };
            let (side, len) = (turn.by.index(), len as usize);
            let contents = &self.talk.contents[side];
            let from = said[side].min(contents.len());
            said[side] += len;
            (*turn, &contents[from..said[side].min(contents.len())], len)
        })
    }
}

/// A program in the making.
#[derive(Debug, Default)]
struct Script {
    steps: Vec<Step>,
    lines: Vec<usize>,
    line: usize,
}

fn number(number: i64) -> Expression {
    Expression::Constant(Value::Number(number))
}

fn octets(octets: impl Into<Vec<u8>>) -> Expression {
    Expression::Constant(Value::octets(octets))
}

fn end(address: IpAddr, port: u16) -> [Expression; 2] {
    [octets(address.to_string()), number(i64::from(port))]
}

impl Script {
    fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.lines.push(self.line);
        self.steps.len() - 1
    }

    fn call(&mut self, targets: &[&str], object: &str, method: &str, arguments: impl Into<Vec<Expression>>) {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        let object = (!object.is_empty()).then(|| object.to_owned());
        self.push(Step::Call { targets, object, method: method.to_owned(), arguments: arguments.into() });
    }

    fn socket(&mut self, name: &str, kind: &str) {
        self.call(&[name], "", "socket", [octets(kind)]);
    }

    fn option(&mut self, object: &str, name: &str, value: i64) {
        self.call(&[], object, "setsockopt", [octets(name), number(value)]);
    }

    fn sleep(&mut self, nanos: u64) {
        if nanos > 0 {
            self.call(&[], "", "sleep", [number(nanos.min(i64::MAX as u64) as i64)]);
        }
    }

    /// Waits for ever: the end of a program would close its sockets.
    fn rest(&mut self) {
        self.call(&[], "", "sleep", []);
    }

    /// Steps of a thread of their own.
    fn thread(&mut self, body: impl FnOnce(&mut Script)) {
        let start = self.push(Step::Thread(0));
        body(self);
        self.push(Step::End);
        self.steps[start] = Step::Thread(self.steps.len());
    }

    fn finish(mut self, name: &str) -> Program {
        self.push(Step::End);
        Program { name: name.into(), steps: self.steps, lines: self.lines }
    }

    /// Reads so many octets of a stream.
    fn read(&mut self, socket: &str, unread: &mut usize, other_closed: &mut bool) {
        while *unread > 0 {
            let len = (*unread).min(PIECE_LEN);
            self.call(&["data"], socket, "recv_exactly", [number(len as i64)]);
            *unread -= len;
        }
        if *other_closed {
            self.call(&["data"], socket, "recv", [number(1)]);
            *other_closed = false;
        }
    }

    /// Writes octets to a stream; what the capture has not is zeros.
    fn write(&mut self, socket: &str, contents: &[u8], len: usize) {
        let mut at = 0;
        while at < len {
            let end = (at + PIECE_LEN).min(len);
            let mut piece = contents.get(at..end.min(contents.len())).unwrap_or_default().to_vec();
            piece.resize(end - at, 0);
            self.call(&[], socket, "sendall", [octets(piece)]);
            at = end;
        }
    }

    /// One side of a TCP connection; `socket` is the variable with the open socket.
    fn tcp_part(&mut self, part: &Part<'_>, socket: &str) {
        let (talk, side) = (part.talk, part.side);
        let rtt = talk.follower.rtt[side.index()];
        let (mut unread, mut other_closed) = (0usize, false);
        let opened = talk.follower.opened.unwrap_or(talk.first_at);
        // The responder learns of the open connection half a round trip after it passed here; its answer takes as long.
        let (mut own_last, mut other_last) = (Some(opened), None);
        if side == Side::Responder {
            (own_last, other_last) = (None, Some(opened));
        }
        let mut closed = false;
        for (turn, contents, len) in part.turns() {
            self.line = turn.number as usize;
            if turn.by != side {
                match turn.deed {
                    Deed::Say(_) => unread += len,
                    Deed::Close => other_closed = true,
                    Deed::Reset => {}
                }
                other_last = Some(turn.at);
                continue;
            }
            self.read(socket, &mut unread, &mut other_closed);
            // The last thing before this one decides: an answer waits for what it answers, else the pause is one's own.
            self.sleep(match (own_last, other_last) {
                (own, Some(other)) if own.is_none_or(|own| other >= own) => {
                    turn.at.nanos_since(other).saturating_sub(rtt)
                }
                (Some(own), _) => turn.at.nanos_since(own),
                (None, _) => 0,
            });
            match turn.deed {
                Deed::Say(_) => self.write(socket, contents, len),
                Deed::Close => {
                    closed = true;
                    self.call(&[], socket, "shutdown", []);
                }
                Deed::Reset => {
                    self.option(socket, "SO_LINGER", 0);
                    return self.call(&[], socket, "close", []);
                }
            }
            own_last = Some(turn.at);
        }
        self.read(socket, &mut unread, &mut other_closed);
        let both = talk.turns.iter().filter(|turn| turn.deed == Deed::Close).count() == 2;
        if closed && both {
            self.call(&[], socket, "close", []);
        } else {
            // The capture ends before the connection does, or the other side resets it.
            self.rest();
        }
    }

    /// One side of a UDP conversation. A datagram is known by its octets, and by its sender unless a translator stands
    /// between, so that what was lost on the way does not let one conversation take what belongs to another.
    fn udp_part(&mut self, part: &Part<'_>, socket: &str) {
        let (talk, side) = (part.talk, part.side);
        let rtt = talk.follower.rtt[side.index()];
        let in_turn = talk.turns.windows(2).all(|two| two[0].by != two[1].by);
        let patience = if in_turn { PATIENCE } else { SHORT_PATIENCE };
        let mut last: Option<(Timestamp, u64)> = None;
        let peer = Expression::Constant(Value::Address(part.peer()));
        if talk.may_be_cut[side.index()] {
            self.option(socket, "IP_MTU_DISCOVER", 0);
        }
        self.push(Step::Let("from".to_owned(), peer.clone()));
        // Jumps of a responder over its answers to what never came.
        let mut skips: Vec<usize> = Vec::new();
        for (turn, contents, len) in part.turns() {
            self.line = turn.number as usize;
            let mut payload = contents.to_vec();
            payload.resize(len, 0);
            if turn.by == side {
                let think = last.map_or(0, |(last, rtt)| turn.at.nanos_since(last).saturating_sub(rtt));
                self.sleep(think);
                self.call(&[], socket, "sendto", [octets(payload), Expression::Variable("from".to_owned())]);
                last = Some((turn.at, 0));
                continue;
            }
            let waited = last.map_or(0, |(last, _)| turn.at.nanos_since(last)).min(i64::MAX as u64 / 2) as i64;
            let attempt = self.push(Step::Try(0));
            for skip in skips.drain(..) {
                self.steps[skip] = Step::Jump(attempt);
            }
            let mut arguments = vec![number(65_535), octets(payload), number(waited + patience)];
            if !part.translated {
                arguments.push(peer.clone());
            }
            self.call(&["data", "from"], socket, "recvfrom", arguments);
            self.push(Step::EndTry);
            let came = self.push(Step::Jump(0));
            self.steps[attempt] = Step::Try(self.steps.len());
            let catch = self.push(Step::Catch(Some("EAGAIN".to_owned()), 0));
            if side == Side::Responder && in_turn {
                skips.push(self.push(Step::Jump(0)));
            } else {
                let on = self.push(Step::Jump(0));
                self.steps[on] = Step::Jump(self.steps.len() + 1);
            }
            self.steps[catch] = Step::Catch(Some("EAGAIN".to_owned()), self.steps.len());
            self.push(Step::Rethrow);
            self.steps[came] = Step::Jump(self.steps.len());
            last = Some((turn.at, rtt));
        }
        let after = self.steps.len();
        for skip in skips {
            self.steps[skip] = Step::Jump(after);
        }
    }
}

/// The program of who opens a TCP connection, from this address.
pub(super) fn client(part: &Part<'_>, own: IpAddr) -> Program {
    let mut script = Script { line: part.talk.first_packet as usize, ..Script::default() };
    script.socket("s", "tcp");
    script.option("s", "SO_REUSEADDR", 1);
    script.option("s", "TCP_NODELAY", 1);
    script.call(&[], "s", "bind", end(own, part.talk.ends[0].port()));
    script.call(&[], "s", "connect", end(part.peer, part.peer().port()));
    script.tcp_part(part, "s");
    script.finish(&format!("packet-{}", part.talk.first_packet))
}

/// The program of who is called at one port. Connections are known by who calls; where a translator stands between,
/// they are taken in the order in which the capture shows them opened. `since` is the capture's first moment.
pub(super) fn server(own: SocketAddr, parts: &[Part<'_>], since: Timestamp) -> Program {
    let by_order = parts.iter().any(|part| part.translated);
    let mut script =
        Script { line: parts.first().map_or(0, |part| part.talk.first_packet as usize), ..Script::default() };
    script.socket("s", "tcp");
    script.option("s", "SO_REUSEADDR", 1);
    script.option("s", "TCP_NODELAY", 1);
    script.call(&[], "s", "bind", end(own.ip(), own.port()));
    script.call(&[], "s", "listen", [number(parts.len().clamp(1, 4096) as i64)]);
    for part in parts {
        script.line = part.talk.first_packet as usize;
        if by_order {
            script.call(&["c", "from"], "s", "accept", []);
            script.thread(|script| script.tcp_part(part, "c"));
        } else {
            script.thread(|script| {
                // Nobody calls before the capture shows it.
                script.sleep(part.talk.first_at.nanos_since(since));
                script.call(&["c", "from"], "s", "accept", end(part.peer, part.peer().port()));
                script.tcp_part(part, "c");
            });
        }
    }
    script.rest();
    script.finish(&format!("tcp-{}", own.port()))
}

/// The program of one UDP port: a thread for each of its conversations.
pub(super) fn udp(own: SocketAddr, parts: &[Part<'_>], since: Timestamp) -> Program {
    let mut script =
        Script { line: parts.first().map_or(0, |part| part.talk.first_packet as usize), ..Script::default() };
    script.socket("s", "udp");
    script.option("s", "SO_BROADCAST", 1);
    script.call(&[], "s", "bind", end(own.ip(), own.port()));
    for part in parts {
        script.thread(|script| {
            script.line = part.talk.first_packet as usize;
            script.sleep(part.talk.first_at.nanos_since(since));
            script.udp_part(part, "s");
        });
    }
    // The port stays open: what comes late is not answered by "port unreachable".
    script.rest();
    script.finish(&format!("udp-{}", own.port()))
}
