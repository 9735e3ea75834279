//! `netlab topology FILE`: the network that a capture lets one guess, as a topology file.

use std::io::Write as _;

use clap::{Args, ValueEnum};

use super::drawing::{self, Format};
use super::inputs::Inputs;
use super::{Failure, Output};
use crate::capture::FileSource;
use crate::lang::tell;
use crate::render::replay;
use crate::render::style::Paint;
use crate::sim::replay::{Capture, Identities, Middle, draw};
use crate::sim::stack::route::Prefix;
use crate::sim::{RunOptions, Scenario};

/// Arguments of `topology`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  netlab topology office.pcapng > office.toml\n  netlab replay office.pcapng --topology office.toml\n  netlab topology --format svg office.pcapng > office.svg\n  netlab topology --stations office.pcapng\n  netlab topology --net 192.0.2.0/24 office.pcapng"
)]
pub struct Arguments {
    /// Capture files (pcap or pcapng, also compressed; - is standard input)
    #[arg(required = true, value_name = "FILE…")]
    files: Vec<String>,
    /// A subnet that is on the link of the capture, as 192.0.2.0/24; may be given several times
    #[arg(long, value_name = "NET")]
    net: Vec<String>,
    /// What to draw between the stations, instead of what the capture suggests
    #[arg(long, value_enum, value_name = "BOX")]
    middle: Option<MiddleBox>,
    /// Show who is who in a table instead of the file
    #[arg(long)]
    stations: bool,
    /// The network as a drawing instead of the file
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "stations")]
    format: Option<Format>,
}

/// What stands between the stations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MiddleBox {
    /// A switch
    Switch,
    /// A hub
    Hub,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    let nets = nets(&arguments.net)?;
    let inputs = Inputs { files: arguments.files.clone(), filter: String::new() };
    let mut source = inputs.open_watched(output)?;
    let capture = read(&mut source)?;
    let identities = Identities::of(&capture, &nets);
    let name = arguments.files.join(" ");
    if arguments.stations {
        let (width, paint) = (output.width(), output.paint());
        replay::stations(&identities, width, paint, output.block());
        replay::odd(&capture, paint, output.block());
    } else {
        if identities.stations.is_empty() {
            return Err(nothing_to_replay(&name, &capture));
        }
        let middle = arguments.middle.map(|middle| match middle {
            MiddleBox::Switch => Middle::Switch,
            MiddleBox::Hub => Middle::Hub,
        });
        let guess = draw(&identities, &name, middle);
        match arguments.format {
            None => output.write_all(guess.text.as_bytes())?,
            Some(format) => {
                let scenario = Scenario::parse(&name, &guess.text).map_err(|error| {
                    Failure::CouldNot(format!("internal error: {error}; please report this capture"))
                })?;
                let engine = scenario.network(&RunOptions::default());
                let lang = output.lang();
                drawing::network(format, &engine, &tell!(lang, "the network of {}", name), lang, output.block());
            }
        }
        for (mac, why) in guess.left_out.iter().take(20) {
            output.complain(&format!("{mac} is left out: {why}"));
        }
        if guess.left_out.len() > 20 {
            output.complain(&format!("… and {} more", guess.left_out.len() - 20));
        }
        let mut odd = Vec::new();
        replay::odd(&capture, Paint::new(false), &mut odd);
        for line in String::from_utf8_lossy(&odd).lines() {
            output.complain(line);
        }
    }
    output.flush()?;
    super::inputs::ended(Ok(()), &source.captures())
}

/// Reads captures whole.
pub(super) fn read(source: &mut FileSource) -> Result<Capture, Failure> {
    let interfaces = source.interfaces();
    let fcs_len = |interface: u32| interfaces.at(interface).and_then(|interface| interface.fcs_len);
    Capture::read_with(source, &fcs_len).map_err(|error| Failure::CouldNot(error.to_string()))
}

/// No packet of the capture can stand on a wire.
pub(super) fn nothing_to_replay(name: &str, capture: &Capture) -> Failure {
    let mut reasons = Vec::new();
    replay::odd(capture, Paint::new(false), &mut reasons);
    let reasons = String::from_utf8_lossy(&reasons).trim_end().replace('\n', "; ");
    let name = crate::base::text::harmless(name);
    Failure::CouldNot(match capture.packets {
        0 => format!("{name}: has no packets"),
        _ => format!("{name}: none of its {} packets can stand on an Ethernet wire: {reasons}", capture.packets),
    })
}

/// Reads subnets.
pub(super) fn nets(texts: &[String]) -> Result<Vec<Prefix>, Failure> {
    let fail = |text: &str| {
        let text = crate::base::text::harmless(text);
        Failure::Usage(format!("'{text}' is not a subnet: write it like 192.0.2.0/24"))
    };
    let mut nets = Vec::new();
    for text in texts {
        let (address, len) = text.split_once('/').ok_or_else(|| fail(text))?;
        let address: std::net::IpAddr = address.parse().map_err(|_| fail(text))?;
        let len: u8 = len.parse().map_err(|_| fail(text))?;
        if len > if address.is_ipv4() { 32 } else { 128 } {
            return Err(fail(text));
        }
        nets.push(Prefix::new(address, len));
    }
    Ok(nets)
}
