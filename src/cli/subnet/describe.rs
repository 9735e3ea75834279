//! `netlab subnet ADDRESS` and `netlab subnet same`.

use std::net::IpAddr;

use clap::Args;

use super::input::{self, STDIN};
use crate::base::MacAddr;
use crate::base::limits::MAX_TABLE_ROWS;
use crate::cli::{Failure, Output};
use crate::render::subnet as render;
use crate::subnet::parse::{self, MaskStyle};
use crate::subnet::{Block, Description, Family, Refusal, decide, interface_identifier};

/// What is described, and how.
#[derive(Debug, Args)]
pub(super) struct DescribeArguments {
    /// ADDRESS[/LEN] [MASK], several ADDRESS/LEN, an interface, or '-' for lines of standard input
    #[arg(value_name = "ADDRESS")]
    inputs: Vec<String>,
    /// Masks are wildcards: inverted, as in the access lists of routers
    #[arg(long)]
    wildcard: bool,
    /// The address that a host with this MAC address makes for itself in the (IPv6) network
    #[arg(long, value_name = "MAC")]
    mac: Option<MacAddr>,
    /// One line for each address
    #[arg(long, conflicts_with = "json")]
    table: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DescribeArguments, output: &mut Output) -> Result<(), Failure> {
    let style = if arguments.wildcard { MaskStyle::Wildcard } else { MaskStyle::Mask };
    let paint = output.paint();
    // Two words are an address and its mask, unless the first has its own.
    let joined = match arguments.inputs.as_slice() {
        [address, mask] if is_mask_of(address, mask) => vec![format!("{address} {mask}")],
        inputs => inputs.to_vec(),
    };
    let mut refused = 0u64;
    let mut shown = 0u64;
    let mut collected = Vec::new();
    let is_alone = joined.len() == 1 && joined[0] != STDIN;
    input::each(&joined, &mut |text| {
        let read = input::blocks(&text.text, style).and_then(|parsed| {
            parsed.into_iter().map(|parsed| with_mac(parsed, arguments.mac)).collect::<Result<Vec<_>, _>>()
        });
        let parsed = match read {
            Ok(parsed) => parsed,
            Err(refusal) if is_alone => return Err(several(refusal, &arguments.inputs).into()),
            // One bad line does not keep the others from being answered.
            Err(refusal) => {
                output.complain(&text.refuse(&refusal));
                refused += 1;
                return Ok(());
            }
        };
        for parsed in parsed {
            let description = Description::of(parsed);
            if arguments.table {
                collected.push(description);
                if collected.len() == MAX_TABLE_ROWS {
                    render::summary(&collected, paint, output.block());
                    collected.clear();
                    output.flush_full()?;
                    shown += 1;
                }
                continue;
            }
            let mut block = Vec::new();
            if arguments.json {
                render::json(&description, &mut block);
            } else {
                render::description(&description, paint, &mut block);
            }
            if shown > 0 && !arguments.json {
                output.block().extend_from_slice(b"\n\n");
            }
            output.block().extend_from_slice(&block);
            output.flush_full()?;
            shown += 1;
        }
        Ok(())
    })?;
    if !collected.is_empty() {
        render::summary(&collected, paint, output.block());
    }
    match refused {
        0 if shown == 0 && collected.is_empty() => Err(Failure::Usage("no addresses were given".to_owned())),
        0 => Ok(()),
        1 => Err(Failure::Usage("one input was refused; the others are answered".to_owned())),
        _ => Err(Failure::Usage(format!("{refused} inputs were refused; the others are answered"))),
    }
}

/// True if the second of two words belongs to the first: it can be a mask only, or the first has none yet.
fn is_mask_of(address: &str, mask: &str) -> bool {
    if [address, mask].contains(&STDIN) || mask.contains(':') && !address.contains(':') {
        return false;
    }
    if !address.contains('/') {
        return !mask.contains('/') || mask.starts_with('/');
    }
    // 255.255.255.0 behind 192.0.2.1/24: two masks, which is refused.
    mask.contains('.') && parse::mask(mask, Family::Ipv4, MaskStyle::Mask).is_ok_and(|len| len > 0)
}

/// Two words that are no address with its mask were perhaps two addresses.
fn several(refusal: Refusal, inputs: &[String]) -> Refusal {
    let is_address = |text: &String| parse::address(text, &mut Vec::new()).is_ok();
    match inputs {
        [_, second] if refusal.hint.is_none() && is_address(second) => {
            refusal.hint("several addresses are taken each with its own /LEN, or line by line from '-'")
        }
        _ => refusal,
    }
}

/// Puts the interface identifier of a MAC address into the network (RFC 4862 §5.5.3).
fn with_mac(mut parsed: crate::subnet::Parsed, mac: Option<MacAddr>) -> Result<crate::subnet::Parsed, Refusal> {
    let Some(mac) = mac else { return Ok(parsed) };
    let block = parsed.block;
    if block.family() == Family::Ipv4 {
        return Err(Refusal::new(format!("{block} is IPv4, and only IPv6 hosts make addresses of their MAC address")));
    }
    if mac.is_group() {
        return Err(Refusal::new(format!("{mac} is a group's MAC address; an interface has one of its own")));
    }
    if block.prefix_len() != 64 {
        return Err(Refusal::new(format!(
            "{block}: the interface identifier takes 64 bits, so the network must be a /64"
        ))
        .meant(format!("{}/64", block.network())));
    }
    let number = Family::number(block.network()) | u128::from(interface_identifier(mac));
    parsed.block = Block::new(Family::Ipv6.address(number), 64).unwrap_or(block);
    parsed.remarks.push(format!("{mac} makes the interface identifier (SLAAC with modified EUI-64, RFC 4862)"));
    Ok(parsed)
}

/// Who sends to whom.
#[derive(Debug, Args)]
pub(super) struct SameArguments {
    /// The host that sends: ADDRESS/LEN, or ADDRESS with --mask
    #[arg(value_name = "A")]
    sender: String,
    /// The address it sends to; with its own /LEN the way back is looked at too
    #[arg(value_name = "B")]
    target: String,
    /// The sender's mask, as 255.255.255.0, /24 or 24
    #[arg(long)]
    mask: Option<String>,
    /// The sender's gateway
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn same(arguments: &SameArguments, output: &mut Output) -> Result<(), Failure> {
    let sender = parse::block(&arguments.sender, arguments.mask.as_deref(), MaskStyle::Mask)?;
    if !sender.has_mask {
        return Err(Refusal::new(format!(
            "the mask of {} is missing: without it nobody knows its network",
            sender.block.address()
        ))
        .meant(format!("{}/24", sender.block.address()))
        .hint("or give it by --mask")
        .into());
    }
    let target = parse::block(&arguments.target, None, MaskStyle::Mask)?;
    let gateway: Option<IpAddr> =
        arguments.gateway.as_deref().map(|text| parse::address(text, &mut Vec::new())).transpose()?;
    let decision = decide(sender.block, target.block, target.has_mask, gateway)?;
    let paint = output.paint();
    let out = output.block();
    if arguments.json {
        render::json(&decision, out);
    } else {
        render::decision(&decision, paint, out);
    }
    Ok(())
}
