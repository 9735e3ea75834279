//! A running program: where it is, what it remembers, what it waits for.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::compile::{Program, Step};
use super::expression::Value;
use crate::base::{Rng, Timestamp, limits};

/// How a process is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessState {
    /// It can go on.
    Ready,
    /// A call waits for something of the network.
    Waits,
    /// It sleeps.
    Sleeps(Timestamp),
    /// It has ended.
    Done,
}

/// A call that the host must do.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The socket, if the call is of one.
    pub socket: Option<usize>,
    /// What is called.
    pub method: String,
    /// With what.
    pub arguments: Vec<Value>,
}

/// Why a process stopped for now.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// It wants this call done.
    Call(Call),
    /// A thread begins with these variables at that step.
    Thread(BTreeMap<String, Value>, usize),
    /// It has ended; the sentence tells why if it was an error that nobody handled.
    Ended(Option<String>),
}

/// A process.
#[derive(Debug)]
pub struct Process {
    /// Its program.
    pub program: Rc<Program>,
    /// How it is doing.
    pub state: ProcessState,
    /// The number of the thread, from 0.
    pub thread: u32,
    /// Sockets that it opened and must be closed when it ends.
    pub sockets: Vec<usize>,
    /// Since when its call waits.
    pub waiting_since: Option<Timestamp>,
    /// Octets that a call has done already: sendall, recv_exactly.
    pub progress: Vec<u8>,
    /// The same as a number.
    pub done: usize,
    at: usize,
    variables: BTreeMap<String, Value>,
    handlers: Vec<usize>,
    error: Option<String>,
    rng: Rng,
}

impl Process {
    /// A process at the beginning of its program.
    pub fn new(program: Rc<Program>, variables: BTreeMap<String, Value>, rng: Rng) -> Process {
        Process::thread(program, variables, 0, 0, rng)
    }

    /// A process in the middle of its program.
    pub fn thread(
        program: Rc<Program>,
        variables: BTreeMap<String, Value>,
        at: usize,
        thread: u32,
        rng: Rng,
    ) -> Process {
        Process {
            program,
            state: ProcessState::Ready,
            thread,
            sockets: Vec::new(),
            waiting_since: None,
            progress: Vec::new(),
            done: 0,
            at,
            variables,
            handlers: Vec::new(),
            error: None,
            rng,
        }
    }

    /// The line of the program that it is at.
    pub fn line(&self) -> usize {
        self.program.lines.get(self.at).copied().unwrap_or(0)
    }

    /// Goes on to the next call.
    pub fn go_on(&mut self) -> Stop {
        for _ in 0..limits::MAX_STEPS_AT_ONCE {
            let Some(step) = self.program.clone().steps.get(self.at).cloned() else { return Stop::Ended(None) };
            match self.step(&step) {
                Ok(None) => {}
                Ok(Some(stop)) => return stop,
                Err(sentence) => {
                    if let Some(stop) = self.throw(sentence) {
                        return stop;
                    }
                }
            }
        }
        Stop::Ended(Some("it runs in a circle without ever waiting".to_owned()))
    }

    fn step(&mut self, step: &Step) -> Result<Option<Stop>, String> {
        match step {
            Step::Let(name, expression) => {
                let value = expression.value(&self.variables, &mut self.rng)?;
                self.variables.insert(name.clone(), value);
                self.at += 1;
            }
            Step::Call { object, method, arguments, .. } => {
                let socket = match object {
                    None => None,
                    Some(name) => match self.variables.get(name) {
                        Some(Value::Socket(socket)) => Some(*socket),
                        Some(_) => return Err(format!("TypeError: '{name}' is not a socket")),
                        None => return Err(format!("NameError: '{name}' is not defined")),
                    },
                };
                let mut values = Vec::new();
                for argument in arguments {
                    // Names of options stand for themselves.
                    values.push(match argument {
                        super::Expression::Variable(name) if !self.variables.contains_key(name) => {
                            Value::octets(name.as_bytes())
                        }
                        argument => argument.value(&self.variables, &mut self.rng)?,
                    });
                }
                return Ok(Some(Stop::Call(Call { socket, method: method.clone(), arguments: values })));
            }
            Step::Jump(to) => self.at = *to,
            Step::JumpUnless(condition, to) => {
                let holds = condition.is_true(&self.variables, &mut self.rng)?;
                self.at = if holds { self.at + 1 } else { *to };
            }
            Step::Try(handler) => {
                self.handlers.push(*handler);
                self.at += 1;
            }
            Step::EndTry => {
                self.handlers.pop();
                self.at += 1;
            }
            Step::Catch(name, otherwise) => {
                let fits = name
                    .as_ref()
                    .is_none_or(|name| self.error.as_ref().is_some_and(|error| error.starts_with(name.as_str())));
                self.at = if fits { self.at + 1 } else { *otherwise };
                if fits && let Some(error) = &self.error {
                    self.variables.insert("error".to_owned(), Value::octets(error.as_bytes()));
                }
            }
            Step::Rethrow => {
                let error = self.error.take().unwrap_or_default();
                return Err(error);
            }
            Step::Thread(after) => {
                let start = self.at + 1;
                self.at = *after;
                return Ok(Some(Stop::Thread(self.variables.clone(), start)));
            }
            Step::End => return Ok(Some(Stop::Ended(None))),
        }
        Ok(None)
    }

    /// The call it stopped at returned these values.
    pub fn returned(&mut self, values: Vec<Value>) {
        if let Some(Step::Call { targets, .. }) = self.program.clone().steps.get(self.at) {
            for (target, value) in targets.iter().zip(values) {
                self.variables.insert(target.clone(), value);
            }
        }
        self.reset_call();
        self.at += 1;
    }

    /// The call it stopped at failed. Returns the end of the process if no handler fits.
    pub fn failed(&mut self, error: String) -> Option<Stop> {
        self.reset_call();
        self.throw(error)
    }

    fn reset_call(&mut self) {
        self.state = ProcessState::Ready;
        self.waiting_since = None;
        self.progress.clear();
        self.done = 0;
    }

    fn throw(&mut self, error: String) -> Option<Stop> {
        match self.handlers.pop() {
            Some(handler) => {
                self.error = Some(error);
                self.at = handler;
                None
            }
            None => Some(Stop::Ended(Some(error))),
        }
    }
}
