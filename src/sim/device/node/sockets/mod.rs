//! The socket calls of programs: what each returns, when it waits, and with which error it fails.

mod data;
mod open;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::Node;
use super::output::FragmentPolicy;
use super::tcp::ConnectionId;
use super::udp::UdpId;
use crate::base::{Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::program::{Call, Value};
use crate::sim::table::Table;

/// What became of a call.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It returned, with words for people.
    Returns(Vec<Value>, String),
    /// It failed with this error.
    Fails(String),
    /// It waits for the network.
    Waits,
    /// It waits for a moment.
    Sleeps(Timestamp),
}

use Outcome::{Fails, Returns, Waits};

/// What a socket is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Tcp,
    Listening,
    Connected(ConnectionId),
    Udp(Option<UdpId>),
}

#[derive(Debug)]
struct Socket {
    kind: Kind,
    group: usize,
    bound: Option<(Option<IpAddr>, u16)>,
    reuse: bool,
    nagle: bool,
    broadcast: bool,
    lingers: bool,
    fragments: FragmentPolicy,
    receive_buffer: usize,
    send_buffer: usize,
    timeout: Option<std::time::Duration>,
}

/// The sockets of a node's programs.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    sockets: BTreeMap<usize, Socket>,
    last: usize,
    next_port: u16,
}

impl Sockets {
    fn open(&mut self, kind: Kind, group: usize, receive_buffer: usize) -> Option<usize> {
        if self.sockets.len() >= limits::MAX_SOCKETS {
            return None;
        }
        self.last += 1;
        let socket = Socket {
            kind,
            group,
            bound: None,
            reuse: false,
            nagle: true,
            broadcast: false,
            lingers: true,
            fragments: FragmentPolicy::Want,
            receive_buffer,
            send_buffer: 65_535,
            timeout: None,
        };
        self.sockets.insert(self.last, socket);
        Some(self.last)
    }
}

/// Unwraps a result of a helper inside of a call.
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Fails(error.to_string()),
        }
    };
}
use attempt;

impl Node {
    /// Does a call of a program, as far as it can be done now.
    pub(super) fn do_call(
        &mut self,
        now: Timestamp,
        thread: usize,
        group: usize,
        call: &Call,
        out: &mut Outbox,
    ) -> Outcome {
        let arguments = call.arguments.as_slice();
        match (call.method.as_str(), call.socket) {
            ("socket", None) => self.call_socket(group, arguments),
            ("sleep", None) => match arguments {
                [Value::Number(nanos)] => Outcome::Sleeps(now.after_nanos((*nanos).max(0) as u64)),
                [] => Waits,
                _ => Fails("TypeError: sleep takes a time, as in sleep(100ms), or nothing: for ever".into()),
            },
            ("print", None) => {
                let words: Vec<String> = arguments.iter().map(Value::shown).collect();
                Returns(Vec::new(), words.join(" "))
            }
            ("lookup", None) => match arguments {
                [Value::Octets(name)] => {
                    let name = String::from_utf8_lossy(name).into_owned();
                    match self.look_up_name(now, &name, out) {
                        Ok(Some(address)) => Returns(vec![Value::octets(address.to_string())], address.to_string()),
                        Ok(None) => Waits,
                        Err(why) => Fails(why),
                    }
                }
                _ => Fails("TypeError: lookup takes a name".into()),
            },
            ("exit", None) => Fails("exit".into()),
            (method, Some(id)) => {
                if !self.sockets.sockets.contains_key(&id) {
                    return Fails("EBADF".into());
                }
                match method {
                    "bind" => self.call_bind(id, arguments),
                    "listen" => self.call_listen(id, arguments),
                    "accept" => self.call_accept(now, thread, (id, group), arguments, out),
                    "connect" => self.call_connect(now, thread, id, arguments, out),
                    "send" => self.call_send(now, id, arguments, out),
                    "sendall" => self.call_sendall(thread, id, arguments),
                    "recv" => self.call_recv(now, thread, id, arguments, out),
                    "recv_exactly" => self.call_recv_exactly(thread, id, arguments),
                    "sendto" => self.call_sendto(now, id, arguments, out),
                    "recvfrom" => self.call_recvfrom(now, thread, id, arguments, out),
                    "shutdown" => self.call_shutdown(id),
                    "setsockopt" => self.call_setsockopt(id, arguments),
                    _ => {
                        self.close_socket(id);
                        Returns(Vec::new(), String::new())
                    }
                }
            }
            _ => Fails(format!("TypeError: {} is not a call", call.method)),
        }
    }

    fn socket(&mut self, id: usize) -> Option<&mut Socket> {
        self.sockets.sockets.get_mut(&id)
    }

    fn kind(&self, id: usize) -> Option<Kind> {
        self.sockets.sockets.get(&id).map(|socket| socket.kind)
    }

    fn call_socket(&mut self, group: usize, arguments: &[Value]) -> Outcome {
        let kind = match arguments {
            [Value::Octets(kind)] if kind.as_slice() == b"udp" => Kind::Udp(None),
            [] => Kind::Tcp,
            [Value::Octets(kind)] if kind.as_slice() == b"tcp" => Kind::Tcp,
            _ => return Fails("TypeError: a socket is socket(tcp) or socket(udp)".into()),
        };
        let buffer = self.settings.receive_buffer;
        match self.sockets.open(kind, group, buffer) {
            Some(id) => Returns(vec![Value::Socket(id)], format!("socket {id}")),
            None => Fails("EMFILE".into()),
        }
    }

    /// The address that a program names: a name of the scenario, an address, or `""` for any.
    fn host(&self, value: &Value) -> Result<Option<IpAddr>, String> {
        let Value::Octets(octets) = value else { return Err("TypeError: a host is a text".into()) };
        let text = String::from_utf8_lossy(octets);
        match text.as_ref() {
            "" | "0.0.0.0" => Ok(None),
            "localhost" => Ok(Some(IpAddr::V4(Ipv4Addr::LOCALHOST))),
            "broadcast" => Ok(Some(IpAddr::V4(Ipv4Addr::BROADCAST))),
            name => match name.parse() {
                Ok(address) => Ok(Some(address)),
                Err(_) => self.names.get(name).copied().map(Some).ok_or_else(|| format!("EAI_NONAME: '{name}'")),
            },
        }
    }

    /// Host and port, or an address that a call returned.
    fn address(&self, arguments: &[Value]) -> Result<(Option<IpAddr>, u16), String> {
        match arguments {
            [Value::Address(address)] => Ok((Some(address.ip()), address.port())),
            [host, Value::Number(port)] => {
                let port = u16::try_from(*port).map_err(|_| "OverflowError: a port is 0 to 65535".to_owned())?;
                Ok((self.host(host)?, port))
            }
            _ => Err("TypeError: a host and a port are needed, as in s.connect(\"h2\", 80)".into()),
        }
    }

    /// Waits, unless the socket's time-out is over.
    fn wait_or_time_out(&mut self, now: Timestamp, thread: usize, id: usize, out: &mut Outbox) -> Outcome {
        match self.sockets.sockets.get(&id).and_then(|socket| socket.timeout) {
            Some(timeout) => self.wait_or_give_up(now, thread, timeout, out),
            None => Waits,
        }
    }

    /// Waits, unless that has lasted so long already.
    fn wait_or_give_up(
        &mut self,
        now: Timestamp,
        thread: usize,
        timeout: std::time::Duration,
        out: &mut Outbox,
    ) -> Outcome {
        match self.waits_since(thread) {
            Some(since) if now.since(since) >= timeout => Fails("EAGAIN".into()),
            Some(_) => Waits,
            None => {
                out.wake_at(now.after(timeout), super::TIMER_PROCESS | thread as u64);
                Waits
            }
        }
    }

    /// The connection of a socket, with the error that is to be told first.
    fn connected(&mut self, id: usize) -> Result<ConnectionId, String> {
        let Some(Kind::Connected(id)) = self.kind(id) else { return Err("ENOTCONN".into()) };
        match self.tcp.connection(id) {
            Some(connection) => match connection.error.take() {
                Some(errno) => Err(errno.into()),
                None => Ok(id),
            },
            None => Err("ENOTCONN".into()),
        }
    }

    fn call_shutdown(&mut self, id: usize) -> Outcome {
        let connection = attempt!(self.connected(id));
        self.tcp.touch(connection);
        if let Some(found) = self.tcp.connection(connection) {
            found.sends_no_more = true;
            if let Some(endpoint) = &mut found.endpoint {
                endpoint.close();
            }
        }
        Returns(Vec::new(), String::new())
    }

    fn call_setsockopt(&mut self, id: usize, arguments: &[Value]) -> Outcome {
        let [Value::Octets(name), Value::Number(value)] = arguments else {
            return Fails("TypeError: setsockopt takes a name and a number, as in setsockopt(TCP_NODELAY, 1)".into());
        };
        let (name, on) = (String::from_utf8_lossy(name).into_owned(), *value != 0);
        let size = (*value).clamp(1, 16 << 20) as usize;
        let kind = self.kind(id);
        let Some(socket) = self.socket(id) else { return Fails("EBADF".into()) };
        match name.as_str() {
            "SO_REUSEADDR" => socket.reuse = on,
            "SO_BROADCAST" => socket.broadcast = on,
            "SO_RCVBUF" => socket.receive_buffer = size,
            "SO_SNDBUF" => socket.send_buffer = size,
            // Only the one that matters: 0 s, "reset instead of closing".
            "SO_LINGER" => socket.lingers = on,
            // As Linux numbers them: never forbid fragments, forbid them where the packet fits, always forbid them.
            "IP_MTU_DISCOVER" => {
                socket.fragments = match *value {
                    0 => FragmentPolicy::Allow,
                    1 => FragmentPolicy::Want,
                    2 => FragmentPolicy::Never,
                    _ => return Fails("EINVAL".into()),
                };
            }
            "SO_RCVTIMEO" => socket.timeout = on.then(|| std::time::Duration::from_nanos(*value as u64)),
            "TCP_NODELAY" => {
                socket.nagle = !on;
                if let Some(Kind::Connected(connection)) = kind
                    && let Some(found) = self.tcp.connection(connection)
                    && let Some(endpoint) = &mut found.endpoint
                {
                    endpoint.set_nagle(!on);
                }
            }
            _ => {
                return Fails(format!(
                    "ENOPROTOOPT: '{name}'; known are SO_REUSEADDR, SO_BROADCAST, SO_RCVBUF, SO_SNDBUF, SO_LINGER, SO_RCVTIMEO, IP_MTU_DISCOVER, TCP_NODELAY"
                ));
            }
        }
        Returns(Vec::new(), String::new())
    }

    /// Closes a socket. A connection with unread octets is reset, as Linux does: the sender must learn that nobody read.
    fn close_socket(&mut self, id: usize) {
        let Some(socket) = self.sockets.sockets.remove(&id) else { return };
        match socket.kind {
            Kind::Tcp | Kind::Udp(None) => {}
            Kind::Udp(Some(udp)) => self.udp.close(udp),
            Kind::Listening => {
                self.tcp.listeners.retain(|listener| listener.socket != id);
                for connection in self.tcp.ready.remove(&id).unwrap_or_default() {
                    self.close_connection(connection, true);
                }
            }
            Kind::Connected(connection) => self.close_connection(connection, !socket.lingers),
        }
    }

    fn close_connection(&mut self, id: ConnectionId, reset: bool) {
        if let Some(connection) = self.tcp.connection(id) {
            let unread = connection.readable() > 0;
            connection.is_orphan = true;
            if reset || unread {
                connection.abort();
            } else if let Some(endpoint) = &mut connection.endpoint {
                endpoint.close();
            }
        }
        self.let_go(id);
    }

    /// Closes what a program leaves open.
    pub(super) fn close_sockets_of(&mut self, _now: Timestamp, group: usize, _out: &mut Outbox) {
        let open: Vec<usize> =
            self.sockets.sockets.iter().filter(|(_, socket)| socket.group == group).map(|(id, _)| *id).collect();
        for id in open {
            self.close_socket(id);
        }
    }

    /// The sockets as a table.
    pub(super) fn socket_table(&self) -> Table {
        let mut table = Table::new("sockets", "sockets", &["protocol", "local", "remote", "state"]);
        for listener in &self.tcp.listeners {
            let local = listener.local.map_or_else(|| "*".to_owned(), |local| local.to_string());
            table.row(vec!["tcp".into(), format!("{local}:{}", listener.port), "*".into(), "LISTEN".into()]);
        }
        for connection in self.tcp.iter() {
            table.row(vec![
                "tcp".into(),
                connection.local.to_string(),
                connection.remote.to_string(),
                connection.state.name().into(),
            ]);
        }
        for socket in self.udp.iter() {
            let local = socket.local.map_or_else(|| "*".to_owned(), |local| local.to_string());
            let remote = socket.peer.map_or_else(|| "*".to_owned(), |peer| peer.to_string());
            table.row(vec!["udp".into(), format!("{local}:{}", socket.port), remote, String::new()]);
        }
        table
    }
}
