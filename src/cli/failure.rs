//! Why a command did not simply succeed, and the exit status that says so.

use std::io::{self, Write as _};
use std::process::ExitCode;

use super::output::Output;

/// The ways in which a command ends other than well. The sentence is printed after `netlab: `.
#[derive(Debug)]
pub enum Failure {
    /// Status 1: it could not be done.
    CouldNot(String),
    /// Status 2: it was asked for wrongly.
    Usage(String),
    /// Status 3: done, but the input was damaged; the sentence says where.
    Damaged(String),
    /// Status 4: not permitted to capture.
    NotPermitted(String),
    /// Status 5: an expectation failed.
    Unexpected(String),
    /// Status 0: the reader of our output went away, which is its right.
    ClosedPipe,
}

impl Failure {
    /// Says it on standard error and gives the exit status.
    pub(super) fn report(self, output: &mut Output) -> ExitCode {
        // What was done before the failure is shown first; if that fails too, nobody is there to be told.
        let _ = output.flush();
        let (status, sentence) = match self {
            Failure::CouldNot(sentence) => (1, sentence),
            Failure::Usage(sentence) => (2, sentence),
            Failure::Damaged(_) if output.is_damage_seen() => (3, String::new()),
            Failure::Damaged(sentence) => (3, sentence),
            Failure::NotPermitted(sentence) => (4, sentence),
            Failure::Unexpected(sentence) => (5, sentence),
            Failure::ClosedPipe => return ExitCode::SUCCESS,
        };
        if !sentence.is_empty() {
            output.complain(&sentence);
        }
        ExitCode::from(status)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ClosedPipe,
            _ => Failure::CouldNot(format!("cannot write the output: {error}")),
        }
    }
}
