//! `split`, `next`, `plan`, `kinds` and `random`.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use clap::Args;
use serde::Serialize;

use super::input;
use crate::base::Rng;
use crate::base::limits::MAX_TABLE_ROWS;
use crate::base::text::harmless;
use crate::cli::{Failure, Output};
use crate::lang::tell;
use crate::render::subnet::{self as render, Listing};
use crate::subnet::parse::{self, MaskStyle};
use crate::subnet::registry::{Row, address_space, rows_around, rows_inside, special_purpose};
use crate::subnet::{
    Block, Count, Family, Need, Refusal, Request, random_private, random_unique_local, smallest_prefix_len,
};

/// Blocks that are listed unless --limit says otherwise: more is rarely meant, and ::/0 has 2^128 parts.
const LIMIT: u64 = 256;

/// How a block is cut.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("by").required(true).args(["len", "parts", "hosts"]))]
pub(super) struct SplitArguments {
    /// The block
    #[arg(value_name = "BLOCK")]
    block: String,
    /// The length of the parts, as /26 or 26
    #[arg(value_name = "LEN")]
    len: Option<String>,
    /// Into so many parts; rounded up to a power of two
    #[arg(long, value_name = "N")]
    parts: Option<u64>,
    /// Into parts with room for so many hosts
    #[arg(long, value_name = "N")]
    hosts: Option<u64>,
    /// List at most N parts, 0 for all
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: u64,
    /// One JSON object a part
    #[arg(long)]
    json: bool,
}

pub(super) fn split(arguments: &SplitArguments, output: &mut Output) -> Result<(), Failure> {
    let parsed = parse::network(&arguments.block, None, MaskStyle::Mask)?;
    let block = parsed.block;
    let mut remarks = parsed.remarks;
    let len = part_len(arguments, block, &mut remarks)?;
    let parts = block.parts(len).filter(|_| len >= block.prefix_len()).ok_or_else(|| {
        Refusal::new(format!("{block} cannot be cut into /{len}: a part must be smaller than the whole"))
            .meant(format!("/{}", (block.prefix_len() + 1).min(block.family().bits())))
    })?;
    let total = block.part_count(len);
    let lang = output.lang();
    let count = lang.quantity(&total.grouped(), total == Count::new(1), "part");
    let heading = tell!(lang, "{} in {} of /{}", block, count, len);
    list(output, &Listing { heading, total }, parts, arguments.limit, arguments.json, &remarks)
}

fn part_len(arguments: &SplitArguments, block: Block, remarks: &mut Vec<String>) -> Result<u8, Refusal> {
    if let Some(len) = &arguments.len {
        return parse::mask(len, block.family(), MaskStyle::Mask);
    }
    if let Some(parts) = arguments.parts {
        if parts == 0 {
            return Err(Refusal::new("into 0 parts nothing can be cut").meant("--parts 2"));
        }
        let bits = parts.next_power_of_two().trailing_zeros() as u8;
        if !parts.is_power_of_two() {
            remarks.push(format!("equal parts come in powers of two, so {parts} became {}", 1u64 << bits));
        }
        if bits > block.host_bits() {
            return Err(Refusal::new(format!(
                "{block} has {} addresses, too few for {parts} parts",
                block.addresses().grouped()
            )));
        }
        return Ok(block.prefix_len() + bits);
    }
    let hosts = arguments.hosts.unwrap_or(1);
    match smallest_prefix_len(block.family(), hosts, false) {
        Some(len) if len >= block.prefix_len() => Ok(len),
        _ => Err(Refusal::new(format!(
            "{block} has room for {} hosts, and {hosts} are asked for in each part",
            block.usable().grouped()
        ))),
    }
}

/// Which blocks follow.
#[derive(Debug, Args)]
pub(super) struct NextArguments {
    /// The block
    #[arg(value_name = "BLOCK")]
    block: String,
    /// How many
    #[arg(value_name = "N", default_value_t = 1)]
    count: u64,
    /// One JSON object a block
    #[arg(long)]
    json: bool,
}

pub(super) fn next(arguments: &NextArguments, output: &mut Output) -> Result<(), Failure> {
    let parsed = parse::network(&arguments.block, None, MaskStyle::Mask)?;
    let count = usize::try_from(arguments.count).unwrap_or(usize::MAX);
    let mut following = std::iter::successors(parsed.block.next(), |block| block.next()).take(count).peekable();
    if following.peek().is_none() && count > 0 {
        return Err(Refusal::new(format!("{} is the last block of its size", parsed.block)).into());
    }
    // How many are left before the space ends is known without walking there.
    let left = Count::from_to(Family::number(parsed.block.last()), parsed.block.family().largest()).less(1);
    let size = parsed.block.addresses().as_u128().unwrap_or(u128::MAX);
    let total = Count::new((left.as_u128().unwrap_or(u128::MAX) / size).min(u128::from(arguments.count)));
    let mut remarks = parsed.remarks;
    if total < Count::new(u128::from(arguments.count)) {
        remarks.push(format!("only {} follow: the address space ends there", total.grouped()));
    }
    let heading = tell!(output.lang(), "after {}", parsed.block);
    list(output, &Listing { heading, total }, following, 0, arguments.json, &remarks)
}

/// A block of a list, as JSON.
#[derive(Serialize)]
struct Entry {
    network: Block,
    first_host: std::net::IpAddr,
    last_host: std::net::IpAddr,
    #[serde(skip_serializing_if = "Option::is_none")]
    broadcast: Option<std::net::IpAddr>,
    addresses: Count,
    usable: Count,
}

fn list(
    output: &mut Output,
    listing: &Listing,
    blocks: impl Iterator<Item = Block>,
    limit: u64,
    json: bool,
    remarks: &[String],
) -> Result<(), Failure> {
    let limit = if limit == 0 { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let mut blocks = blocks.take(limit);
    if json {
        let mut listed = 0;
        for block in blocks {
            let entry = Entry {
                network: block,
                first_host: block.first_host(),
                last_host: block.last_host(),
                broadcast: block.broadcast(),
                addresses: block.addresses(),
                usable: block.usable(),
            };
            render::json(&entry, output.block());
            output.flush_full()?;
            listed += 1;
        }
        let left_out = listing.total.less(listed);
        if left_out > Count::ZERO {
            output.complain(&format!("{} more were left out; --limit 0 lists all", left_out.grouped()));
        }
        return Ok(());
    }
    let paint = output.paint();
    let mut listed = 0u128;
    loop {
        let rows: Vec<Block> = blocks.by_ref().take(MAX_TABLE_ROWS).collect();
        listed += rows.len() as u128;
        let is_last = rows.len() < MAX_TABLE_ROWS;
        // Only the last table says what is missing.
        let total =
            if is_last { listing.total.less(listed - rows.len() as u128) } else { Count::new(rows.len() as u128) };
        if !rows.is_empty() || listed == 0 {
            render::blocks(&Listing { total, ..listing.clone() }, &rows, paint, output.block());
            output.flush_full()?;
        }
        if is_last {
            break;
        }
    }
    let paint = output.paint();
    render::remarks(remarks, paint, output.block());
    Ok(())
}

/// What is divided among whom.
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// [BLOCK] SIZES: hosts wanted in each subnet, as 100,50,20 or office=100,lab=50 or backbone=/28; without BLOCK the
    /// smallest private one that would do
    #[arg(value_name = "BLOCK SIZES", required = true)]
    words: Vec<String>,
    /// Blocks that are in use already and stay untouched
    #[arg(long, value_name = "BLOCKS", value_delimiter = ',')]
    taken: Vec<String>,
    /// Two hosts may have a /31 (RFC 3021) and one a /32
    #[arg(long)]
    point_to_point: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn plan(arguments: &PlanArguments, output: &mut Output) -> Result<(), Failure> {
    let (block, sizes) = match arguments.words.split_first() {
        Some((first, rest)) if first.contains(['.', ':']) && !first.contains('=') => (Some(first), rest),
        _ => (None, arguments.words.as_slice()),
    };
    let requests = requests(sizes)?;
    let mut remarks = Vec::new();
    let block = match block {
        Some(text) => {
            let parsed = parse::network(text, None, MaskStyle::Mask)?;
            remarks.extend(parsed.remarks);
            parsed.block
        }
        None => smallest_private(&requests, arguments.point_to_point, &mut remarks)?,
    };
    let mut taken = Vec::new();
    for text in &arguments.taken {
        let parsed = parse::network(text, None, MaskStyle::Mask)?;
        remarks.extend(parsed.remarks);
        if !parsed.block.overlaps(block) {
            remarks.push(format!("{} lies outside {block} and takes nothing of it", parsed.block));
        }
        taken.push(parsed.block);
    }
    let plan = crate::subnet::plan(block, &requests, &taken, arguments.point_to_point)?;
    if block.family() == Family::Ipv6
        && !arguments.point_to_point
        && requests.iter().any(|request| matches!(request.need, Need::Hosts(_)))
    {
        remarks.push(
            "IPv6 subnets of hosts are /64, however few the hosts: SLAAC needs 64 bits (RFC 4291 section 2.5.1)"
                .to_owned(),
        );
    }
    if arguments.json {
        render::json(&plan, output.block());
        return Ok(());
    }
    let paint = output.paint();
    render::plan(&plan, paint, output.block());
    let paint = output.paint();
    render::remarks(&remarks, paint, output.block());
    Ok(())
}

/// The smallest block at 10.0.0.0 in which all requests fit.
fn smallest_private(requests: &[Request], point_to_point: bool, remarks: &mut Vec<String>) -> Result<Block, Refusal> {
    let candidates = (8..=32).rev().filter_map(|len| Block::new(std::net::Ipv4Addr::new(10, 0, 0, 0).into(), len));
    let mut refusal = None;
    for block in candidates {
        match crate::subnet::plan(block, requests, &[], point_to_point) {
            Ok(_) => {
                remarks.push(format!("no block was given; {block} is the smallest that would do"));
                return Ok(block);
            }
            Err(why) => refusal = Some(why),
        }
    }
    Err(refusal.unwrap_or_else(|| Refusal::new("there is nothing to divide")))
}

/// Reads `100,50,20`, `office=100`, `backbone=/28`.
fn requests(words: &[String]) -> Result<Vec<Request>, Refusal> {
    let mut requests = Vec::new();
    for item in words.iter().flat_map(|word| word.split(',')).map(str::trim).filter(|item| !item.is_empty()) {
        let (name, size) = item.rsplit_once('=').unwrap_or(("", item));
        let shown = harmless(item).into_owned();
        let name = harmless(name.trim()).into_owned();
        let size = size.trim();
        let need = match size.strip_prefix('/') {
            Some(len) => len.parse().ok().map(Need::PrefixLen),
            None => size.parse().ok().filter(|hosts| *hosts > 0).map(Need::Hosts),
        };
        let Some(need) = need else {
            let refusal = Refusal::new(format!("'{shown}' is no number of hosts"));
            return Err(refusal.hint("write sizes as 100,50,20, with names as office=100, or as lengths: link=/30"));
        };
        requests.push(Request { name, need });
    }
    if requests.is_empty() {
        return Err(Refusal::new("no sizes were given").hint("write them behind the block: 192.0.2.0/24 100,50,20"));
    }
    Ok(requests)
}

/// Which rows are shown.
#[derive(Debug, Args)]
pub(super) struct KindsArguments {
    /// Addresses or blocks; without any the whole registries
    #[arg(value_name = "ADDRESS")]
    inputs: Vec<String>,
    /// IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long)]
    ipv6: bool,
    /// One JSON object a row, or an address
    #[arg(long)]
    json: bool,
}

/// The rows about an address, as JSON.
#[derive(Serialize)]
struct Kinds {
    input: String,
    kind: &'static str,
    around: Vec<&'static Row>,
    inside: Vec<&'static Row>,
}

pub(super) fn kinds(arguments: &KindsArguments, output: &mut Output) -> Result<(), Failure> {
    let (width, paint) = (output.width(), output.paint());
    if arguments.inputs.is_empty() {
        let families: &[Family] = match (arguments.ipv4, arguments.ipv6) {
            (true, _) => &[Family::Ipv4],
            (_, true) => &[Family::Ipv6],
            _ => &[Family::Ipv4, Family::Ipv6],
        };
        if !arguments.json {
            render::kinds(families, width, paint, output.block());
            return Ok(());
        }
        for row in families.iter().flat_map(|family| special_purpose(*family).iter().chain(address_space(*family))) {
            render::json(row, output.block());
        }
        return Ok(());
    }
    let mut is_first = true;
    input::each(&arguments.inputs, &mut |text| {
        let parsed =
            input::blocks(&text.text, MaskStyle::Mask).map_err(|refusal| Failure::Usage(text.refuse(&refusal)))?;
        for parsed in parsed {
            let block = parsed.block.truncated();
            if arguments.json {
                let around = rows_around(block);
                let kind = around.first().map_or("", |row| row.kind);
                let kinds = Kinds { input: parsed.input, kind, around, inside: rows_inside(block) };
                render::json(&kinds, output.block());
            } else {
                if !is_first {
                    output.block().push(b'\n');
                }
                render::kinds_of(parsed.block, width, paint, output.block());
            }
            is_first = false;
            output.flush_full()?;
        }
        Ok(())
    })
}

/// What is picked.
#[derive(Debug, Args)]
pub(super) struct RandomArguments {
    /// The length, as /24 or 24; /48 for IPv6 if none is given
    #[arg(value_name = "LEN")]
    len: Option<String>,
    /// A unique local IPv6 block (RFC 4193)
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Pick the same again
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn random(arguments: &RandomArguments, output: &mut Output) -> Result<(), Failure> {
    let family = if arguments.ipv6 { Family::Ipv6 } else { Family::Ipv4 };
    let standard = if arguments.ipv6 { "48" } else { "24" };
    let len = parse::mask(arguments.len.as_deref().unwrap_or(standard), family, MaskStyle::Mask)?;
    // The standard library seeds its hash tables from the system's randomness: enough for an address that nobody guards.
    let seed = arguments.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let mut rng = Rng::new(seed);
    let block = match family {
        Family::Ipv4 => random_private(len, &mut rng),
        Family::Ipv6 => random_unique_local(len, &mut rng),
    }?;
    if arguments.json {
        #[derive(Serialize)]
        struct Picked {
            network: Block,
            seed: u64,
        }
        render::json(&Picked { network: block, seed }, output.block());
    } else {
        use std::io::Write as _;
        writeln!(output, "{block}")?;
    }
    Ok(())
}
