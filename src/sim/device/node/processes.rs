//! Programs that run on a node: they go on until a call waits, and every call is told with what it returned.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::sockets::Outcome;
use super::{Node, TIMER_PROCESS};
use crate::base::{Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::program::{Call, Process, ProcessState, Program, Stop, Value};
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};

/// A thread of a program.
#[derive(Debug)]
struct Thread {
    process: Process,
    /// The call it is in.
    call: Option<Call>,
    /// Threads of one start of a program share their sockets.
    group: usize,
}

/// The programs of a node.
#[derive(Debug, Default)]
pub(super) struct Processes {
    threads: Vec<Thread>,
    groups: usize,
}

impl Node {
    pub(super) fn start_program(&mut self, program: Rc<Program>, out: &mut Outbox) {
        self.processes.groups += 1;
        let group = self.processes.groups;
        out.tell(EventKind::Call, None, 0, Reason::None, || {
            Detail::new(format!("{}: starts", program.name)).with("call", "start").with("program", &*program.name)
        });
        let rng = self.rng.fork(group as u64 + 1000);
        let process = Process::new(program, BTreeMap::new(), rng);
        self.processes.threads.push(Thread { process, call: None, group });
    }

    /// Ends a program as the death of its process would: its sockets are closed by the operating system.
    pub(super) fn kill_program(&mut self, now: Timestamp, name: &str, out: &mut Outbox) {
        let groups: Vec<usize> = self
            .processes
            .threads
            .iter()
            .filter(|thread| &*thread.process.program.name == name && thread.process.state != ProcessState::Done)
            .map(|thread| thread.group)
            .collect();
        if !groups.is_empty() {
            out.tell(EventKind::Call, None, 0, Reason::None, || {
                Detail::new(format!("{name}: is killed; the operating system closes its sockets"))
                    .with("call", "exit")
                    .with("program", name)
                    .with("result", "killed")
            });
        }
        for thread in &mut self.processes.threads {
            if groups.contains(&thread.group) {
                thread.process.state = ProcessState::Done;
            }
        }
        for group in groups {
            self.close_sockets_of(now, group, out);
        }
    }

    /// Since when the call of a thread waits.
    pub(super) fn waits_since(&self, thread: usize) -> Option<Timestamp> {
        self.processes.threads.get(thread)?.process.waiting_since
    }

    /// What the call of a thread has done so far.
    pub(super) fn call_progress(&self, thread: usize) -> (Vec<u8>, usize) {
        let process = self.processes.threads.get(thread).map(|thread| &thread.process);
        process.map_or_else(Default::default, |process| (process.progress.clone(), process.done))
    }

    /// Remembers what the call of a thread has done so far.
    pub(super) fn set_call_progress(&mut self, thread: usize, octets: &[u8], done: usize) {
        if let Some(thread) = self.processes.threads.get_mut(thread) {
            octets.clone_into(&mut thread.process.progress);
            thread.process.done = done;
        }
    }

    pub(super) fn wake_process(&mut self, now: Timestamp, index: usize) {
        if let Some(thread) = self.processes.threads.get_mut(index)
            && matches!(thread.process.state, ProcessState::Sleeps(until) if until <= now)
        {
            thread.process.returned(Vec::new());
            thread.call = None;
        }
    }

    /// Lets every program go on as far as it can. True if any did something.
    pub(super) fn run_processes(&mut self, now: Timestamp, out: &mut Outbox) -> bool {
        let mut any = false;
        let mut index = 0;
        // Programs may start threads while others run.
        while index < self.processes.threads.len() {
            any |= self.run_thread(now, index, out);
            index += 1;
        }
        any
    }

    fn run_thread(&mut self, now: Timestamp, index: usize, out: &mut Outbox) -> bool {
        let mut any = false;
        for _ in 0..limits::MAX_STEPS_AT_ONCE {
            let thread = &mut self.processes.threads[index];
            if !matches!(thread.process.state, ProcessState::Ready | ProcessState::Waits) {
                return any;
            }
            let call = match thread.call.take() {
                Some(call) => call,
                None => match thread.process.go_on() {
                    Stop::Call(call) => call,
                    Stop::Thread(variables, at) => {
                        self.start_thread(index, variables, at, out);
                        any = true;
                        continue;
                    }
                    Stop::Ended(why) => {
                        self.end_thread(now, index, why, out);
                        return true;
                    }
                },
            };
            let first_try = thread.process.waiting_since.is_none();
            let group = thread.group;
            match self.do_call(now, index, group, &call, out) {
                Outcome::Returns(values, words) => {
                    self.say_call(now, index, &call, &values, Ok(&words), out);
                    self.processes.threads[index].process.returned(values);
                    any = true;
                    // What a call gives to the network goes before the next call; a read alone sends nothing by itself.
                    if matches!(call.method.as_str(), "send" | "sendall" | "close" | "shutdown") {
                        self.poll_connections(now, out);
                    }
                }
                Outcome::Fails(errno) if errno == "exit" => {
                    self.end_thread(now, index, None, out);
                    return true;
                }
                Outcome::Fails(errno) => {
                    self.say_call(now, index, &call, &[], Err(&errno), out);
                    any = true;
                    if let Some(Stop::Ended(why)) = self.processes.threads[index].process.failed(errno) {
                        self.end_thread(now, index, why, out);
                        return true;
                    }
                }
                Outcome::Waits => {
                    if first_try {
                        self.say_waits(index, &call, out);
                    }
                    let process = &mut self.processes.threads[index].process;
                    process.state = ProcessState::Waits;
                    process.waiting_since.get_or_insert(now);
                    self.processes.threads[index].call = Some(call);
                    return any;
                }
                Outcome::Sleeps(until) => {
                    self.processes.threads[index].process.state = ProcessState::Sleeps(until);
                    self.processes.threads[index].call = Some(call);
                    out.wake_at(until, TIMER_PROCESS | index as u64);
                    return any;
                }
            }
        }
        any
    }

    fn start_thread(&mut self, index: usize, variables: BTreeMap<String, Value>, at: usize, out: &mut Outbox) {
        let thread = &self.processes.threads[index];
        let (program, group) = (thread.process.program.clone(), thread.group);
        if self.processes.threads.len() >= limits::MAX_THREADS {
            out.tell(EventKind::Note, None, 0, Reason::None, || {
                Detail::new(format!("{}: too many threads; this one does not start", program.name))
            });
            return;
        }
        let number = self.processes.threads.iter().filter(|thread| thread.group == group).count() as u32;
        let rng = self.rng.fork(group as u64 * 1000 + u64::from(number) + 2000);
        let process = Process::thread(program, variables, at, number, rng);
        self.processes.threads.push(Thread { process, call: None, group });
    }

    fn end_thread(&mut self, now: Timestamp, index: usize, why: Option<String>, out: &mut Outbox) {
        let thread = &mut self.processes.threads[index];
        thread.process.state = ProcessState::Done;
        let (name, line, group) = (thread.process.program.name.clone(), thread.process.line(), thread.group);
        let others = self
            .processes
            .threads
            .iter()
            .any(|other| other.group == group && other.process.state != ProcessState::Done);
        if why.is_some() || !others {
            out.tell(EventKind::Call, None, 0, Reason::None, || {
                let (text, result) = match &why {
                    Some(why) => (format!("{name}: ends at its line {line} with an error: {why}"), why.as_str()),
                    None => (format!("{name}: ends"), "ok"),
                };
                Detail::new(text).with("call", "exit").with("program", &*name).with("result", result)
            });
        }
        if !others || why.is_some() && self.processes.threads[index].process.thread == 0 {
            self.close_sockets_of(now, group, out);
        }
    }

    fn call_words(&self, call: &Call) -> String {
        let arguments: Vec<String> = call.arguments.iter().map(Value::shown).collect();
        let socket = call.socket.map_or_else(String::new, |socket| format!("[{socket}]."));
        format!("{socket}{}({})", call.method, arguments.join(", "))
    }

    fn say_waits(&self, index: usize, call: &Call, out: &mut Outbox) {
        let name = self.processes.threads[index].process.program.name.clone();
        out.tell(EventKind::Call, None, 0, Reason::None, || {
            Detail::new(format!("{name}: {} waits …", self.call_words(call)))
                .with("call", call.method.as_str())
                .with("program", &*name)
                .with("result", "waits")
        });
    }

    fn say_call(
        &self,
        now: Timestamp,
        index: usize,
        call: &Call,
        values: &[Value],
        result: Result<&str, &str>,
        out: &mut Outbox,
    ) {
        let process = &self.processes.threads[index].process;
        let name = process.program.name.clone();
        let waited = process.waiting_since.map(|since| now.nanos_since(since));
        out.tell(EventKind::Call, None, 0, Reason::None, || {
            let words = self.call_words(call);
            let text = match result {
                Ok("") => format!("{name}: {words}"),
                Ok(returned) => format!("{name}: {words} → {returned}"),
                Err(errno) => format!("{name}: {words} fails: {}", explain_errno(errno)),
            };
            let mut detail = Detail::new(text)
                .with("call", call.method.as_str())
                .with("program", &*name)
                .with("result", result.err().unwrap_or("ok"))
                .with("script_line", process.line() as u64);
            if let Some(socket) = call.socket {
                detail = detail.with("socket", socket as u64);
            }
            let data = match call.method.as_str() {
                "send" | "sendall" | "sendto" | "print" => call.arguments.first(),
                _ => values.first(),
            };
            match data {
                Some(Value::Octets(octets)) => {
                    let shown = crate::base::text::harmless_octets(&octets[..octets.len().min(256)]).into_owned();
                    // send() may take less than it is given; what it returns is what counts.
                    let len = match values.first() {
                        Some(Value::Number(count)) => *count as u64,
                        _ => octets.len() as u64,
                    };
                    detail = detail.with("data", shown).with("len", len);
                }
                Some(Value::Number(number)) if *number >= 0 => detail = detail.with("len", *number as u64),
                _ => {}
            }
            if let Some(waited) = waited {
                detail = detail.with("waited_ns", waited);
            }
            detail
        });
    }
}

/// The error's name with the words that Linux has for it.
pub fn explain_errno(errno: &str) -> String {
    let words = match errno {
        "EACCES" => "permission denied",
        "EADDRINUSE" => "address already in use",
        "EADDRNOTAVAIL" => "cannot assign requested address",
        "EAGAIN" => "timed out",
        "EBADF" => "bad file descriptor",
        "ECONNREFUSED" => "connection refused",
        "ECONNRESET" => "connection reset by peer",
        "EDESTADDRREQ" => "destination address required",
        "EHOSTUNREACH" => "no route to host",
        "EINVAL" => "invalid argument",
        "EISCONN" => "the socket is already connected",
        "EMSGSIZE" => "message too long",
        "ENETUNREACH" => "network is unreachable",
        "ENOTCONN" => "the socket is not connected",
        "EPIPE" => "broken pipe",
        "ETIMEDOUT" => "connection timed out",
        _ => return errno.to_owned(),
    };
    format!("{errno}, {words}")
}
