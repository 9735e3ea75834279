//! `netlab explain [TOPIC|CODE|RULE]`: in words a student understands.

use clap::Args;

use super::{Failure, Output};
use crate::base::text::harmless;
use crate::render::explain;

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab explain handshake\n  netlab explain tcp-fast-retransmission\n  netlab explain D25"
)]
pub struct Arguments {
    /// A topic, the code of an event, or a rule; without it, the list
    name: Option<String>,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let (width, paint) = (output.width(), output.paint());
    let Some(name) = &arguments.name else {
        explain::list(width, paint, output.block());
        return Ok(());
    };
    if explain::text(name, width, paint, output.block()) {
        return Ok(());
    }
    let similar = explain::similar(name);
    let hint = match similar.is_empty() {
        true => "netlab explain without a word lists everything".to_owned(),
        false => format!("did you mean {}?", similar.join(", ")),
    };
    Err(Failure::Usage(format!("cannot explain '{}': {hint}", harmless(name))))
}
