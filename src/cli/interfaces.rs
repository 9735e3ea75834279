//! `netlab interfaces`: what there is to capture from.

use clap::Args;

use super::{Failure, Output};
use crate::capture::nic::{self, Nic};
use crate::render::interfaces::{Address, InterfaceList, Row};

/// Arguments of `interfaces`.
#[derive(Debug, Default, Args)]
#[command(after_help = "Examples:\n  netlab interfaces\n  netlab interfaces --json")]
pub struct Arguments {
    /// The list as one JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let list = list()?;
    let list = InterfaceList::new(list.into_iter().map(row).collect());
    if arguments.json {
        list.json(output.block());
    } else {
        let (width, paint) = (output.width(), output.paint());
        list.text(width, paint, output.block());
    }
    Ok(())
}

/// The interfaces of this host.
pub(super) fn list() -> Result<Vec<Nic>, Failure> {
    nic::interfaces().map_err(|error| Failure::CouldNot(format!("cannot list the interfaces: {error}")))
}

fn row(nic: Nic) -> Row {
    Row {
        index: nic.index,
        state: nic.state.name(),
        loopback: nic.is_loopback,
        link: nic.link.name(),
        mac: nic.mac.filter(|_| !nic.is_loopback).map(|mac| mac.to_string()),
        addresses: nic
            .addresses
            .iter()
            .map(|(address, prefix_len)| Address { address: address.to_string(), prefix_len: *prefix_len })
            .collect(),
        mtu: nic.mtu,
        name: nic.name,
    }
}
