//! Programs of simulated hosts: socket calls in the manner of the tutorial's Python, with whole statements on lines and
//! blocks by indentation. `docs/SCENARIOS.md` describes the language.
//!
//! A program is compiled once into a flat list of steps, so that a process can stop in any call that waits and go on
//! later. [`Process`] holds where it is and its variables; the host does the calls.

mod compile;
mod expression;
mod process;

pub use compile::{Program, ProgramError, Step};
pub use expression::{Expression, Value};
pub use process::{Call, Process, ProcessState, Stop};
