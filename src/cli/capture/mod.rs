//! `netlab capture [IFACE] [FILTER…]`: live packets, one annotated line each, or into a file.

mod arguments;
mod choice;
mod rights;

use std::io::{self, Write as _};

pub use arguments::Arguments;

use super::print::{PrintOptions, Printer};
use super::{Failure, Output, interfaces};
use crate::analysis::Analyzer;
use crate::base::text::harmless;
use crate::capture::live::{Counts, Live, OpenError, Options};
use crate::pipeline::{self, Patience, RunError};

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    if arguments.list_interfaces {
        return interfaces::run(&interfaces::Arguments::default(), output);
    }
    let list = interfaces::list()?;
    let (nic, filter) = choice::choose(&list, arguments.interface.as_deref(), &arguments.words)?;
    if !filter.is_empty() {
        return Err(Failure::Usage("capture filters are not read yet".to_owned()));
    }
    let account = rights::account(arguments)?;
    let options = Options {
        snap_len: arguments.snap_len(),
        promiscuous: !arguments.no_promiscuous,
        direction: arguments.direction.and_then(|direction| direction.kept()),
        buffer_len: arguments.buffer_len(),
        count: arguments.print.count,
        duration: arguments.duration,
        drain: !output.is_terminal(),
    };
    let name = nic.name.clone();
    let mut live = Live::open(nic, options, None).map_err(|error| match error {
        OpenError::NotPermitted => rights::missing(&name),
        error => Failure::CouldNot(format!("cannot capture on {}: {error}", harmless(&name))),
    })?;
    rights::give_up(account)?;
    output.complain(&format!(
        "listening on {}, link type {}, snapshot length {} octets",
        harmless(&name),
        live.nic().link.name(),
        live.snap_len()
    ));
    live.when_asked(|counts| {
        let _ = writeln!(io::stderr(), "netlab: {}", counts.to_string().replace('\n', ", "));
    });
    // The source itself stops after the count.
    let print = PrintOptions { count: None, ..arguments.print.clone() };
    let mut analyzer = Analyzer::new();
    let mut printer = Printer::new(&print, output);
    let result = pipeline::run(&mut live, None, &mut analyzer, &mut printer, Patience::Live);
    let result = result.and_then(|()| Ok(output.flush()?));
    say_closing_lines(&live.counts());
    match result {
        Ok(()) => Ok(()),
        Err(RunError::Source(error)) => Err(Failure::CouldNot(error.to_string())),
        Err(RunError::Output(error)) => Err(error.into()),
    }
}

/// tcpdump's three lines; nobody is told if standard error is closed.
fn say_closing_lines(counts: &Counts) {
    let _ = writeln!(io::stderr(), "{counts}");
}
