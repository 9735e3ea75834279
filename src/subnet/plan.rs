//! Subnets of different sizes in one block (VLSM, RFC 1878, RFC 4632).
//!
//! Every size is a power of two, and every subnet starts at a multiple of its size. So the largest request goes first
//! and takes the smallest free piece that holds it: whatever can be placed at all is placed then, and the large pieces
//! stay whole.

use serde::Serialize;

use super::{Block, Count, Family, Refusal, Span, subtract};

/// One subnet that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Its name; empty if it has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it needs.
    #[serde(flatten)]
    pub need: Need,
}

/// How the size of a subnet is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// By the number of hosts, the router's interface counted like any other.
    Hosts(u64),
    /// By the prefix length.
    PrefixLen(u8),
}

/// One subnet that was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// What was asked for.
    #[serde(flatten)]
    pub request: Request,
    /// Where it stands among the requests, from 0.
    pub index: usize,
    /// The subnet.
    pub block: Block,
    /// Addresses for hosts.
    pub usable: Count,
    /// Addresses for hosts that nobody asked for; absent if a length was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spare: Option<Count>,
}

/// A block divided among requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The block that was divided.
    pub block: Block,
    /// The subnets in order of their addresses.
    pub subnets: Vec<Placed>,
    /// Blocks in it that were taken before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Block>,
    /// What is left: the fewest blocks, in order of their addresses.
    pub gaps: Vec<Block>,
    /// Addresses in the subnets.
    pub used: Count,
    /// Addresses for hosts in the subnets that nobody asked for.
    pub spare: Count,
    /// Addresses in the gaps.
    pub free: Count,
}

/// The longest prefix whose subnet still has room for this many hosts; `None` if the family has no such subnet.
/// `point_to_point` allows /31 and /32 in IPv4 (RFC 3021). IPv6 subnets of hosts are /64 (RFC 4291 §2.5.1).
pub fn smallest_prefix_len(family: Family, hosts: u64, point_to_point: bool) -> Option<u8> {
    let wanted = Count::new(u128::from(hosts.max(1)));
    let longest = match (family, point_to_point) {
        (Family::Ipv4, false) => 30,
        (Family::Ipv4, true) => 32,
        (Family::Ipv6, false) => 64,
        (Family::Ipv6, true) => 128,
    };
    let room = |len: u8| Block::at(family, 0, len).usable();
    (0..=longest).rev().find(|len| room(*len) >= wanted)
}

/// Divides `block` among the requests, leaving out what is `taken`.
///
/// # Errors
/// When the requests do not fit; the refusal says how much is missing and which block would do.
pub fn plan(block: Block, requests: &[Request], taken: &[Block], point_to_point: bool) -> Result<Plan, Refusal> {
    let family = block.family();
    let block = block.truncated();
    let mut wanted = Vec::with_capacity(requests.len());
    for (index, request) in requests.iter().enumerate() {
        wanted.push((prefix_len(family, request, point_to_point)?, index));
    }
    // Largest first, and in the order of the requests among equals.
    wanted.sort_unstable();
    let taken_spans: Vec<Span> = taken.iter().map(|block| Span::from(*block)).collect();
    let mut free: Vec<Block> =
        subtract(&[Span::from(block)], &taken_spans).into_iter().flat_map(Span::blocks).collect();
    let free_before = free.iter().fold(Count::ZERO, |sum, block| sum.plus(block.addresses()));
    let mut subnets = Vec::with_capacity(requests.len());
    for &(prefix_len, index) in &wanted {
        let request = &requests[index];
        // The smallest piece that is large enough, the first of several.
        let piece = free
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.prefix_len() <= prefix_len)
            .max_by_key(|(position, piece)| (piece.prefix_len(), std::cmp::Reverse(*position)));
        let Some((position, _)) = piece else {
            return Err(does_not_fit(block, request, prefix_len, &wanted, free_before, !taken.is_empty()));
        };
        let piece = free.remove(position);
        let subnet = Block::at(family, Family::number(piece.network()), prefix_len);
        // What is left of the piece: its second half, the second quarter …, smallest first.
        let rest = (piece.prefix_len() + 1..=prefix_len)
            .rev()
            .filter_map(|len| Block::at(family, Family::number(subnet.network()), len).next());
        free.splice(position..position, rest);
        let usable = subnet.usable();
        let spare = match request.need {
            Need::Hosts(hosts) => Some(usable.less(u128::from(hosts))),
            Need::PrefixLen(_) => None,
        };
        subnets.push(Placed { request: request.clone(), index, block: subnet, usable, spare });
    }
    subnets.sort_by_key(|placed| placed.block);
    let sum =
        |blocks: &mut dyn Iterator<Item = Block>| blocks.fold(Count::ZERO, |sum, block| sum.plus(block.addresses()));
    let used = sum(&mut subnets.iter().map(|placed| placed.block));
    let left = sum(&mut free.iter().copied());
    let spare = subnets.iter().filter_map(|placed| placed.spare).fold(Count::ZERO, Count::plus);
    Ok(Plan {
        block,
        subnets,
        taken: taken.iter().copied().filter(|taken| taken.overlaps(block)).collect(),
        gaps: free,
        used,
        spare,
        free: left,
    })
}

fn prefix_len(family: Family, request: &Request, point_to_point: bool) -> Result<u8, Refusal> {
    match request.need {
        Need::PrefixLen(len) if len <= family.bits() => Ok(len),
        Need::PrefixLen(len) => {
            Err(Refusal::new(format!("/{len} is too long: an {family} address has {} bits", family.bits())))
        }
        Need::Hosts(hosts) => smallest_prefix_len(family, hosts, point_to_point)
            .ok_or_else(|| Refusal::new(format!("no {family} subnet has room for {hosts} hosts"))),
    }
}

fn does_not_fit(
    block: Block,
    request: &Request,
    prefix_len: u8,
    wanted: &[(u8, usize)],
    free: Count,
    has_taken: bool,
) -> Refusal {
    let family = block.family();
    let total = wanted.iter().fold(Count::ZERO, |sum, (len, _)| sum.plus(Count::power_of_two(family.bits() - len)));
    let what = match request.need {
        Need::Hosts(hosts) => match hosts {
            1 => format!("1 host needs a /{prefix_len}"),
            _ => format!("{hosts} hosts need a /{prefix_len}"),
        },
        Need::PrefixLen(len) => format!("a /{len} is asked for"),
    };
    let name = if request.name.is_empty() { String::new() } else { format!(" for {}", request.name) };
    let left = if has_taken { "free in" } else { "in" };
    let refusal = Refusal::new(format!(
        "the subnets do not fit into {block}: {what}{name}, all together take {} addresses, and there are {} {left} the block",
        total.grouped(),
        free.grouped()
    ));
    // The shortest prefix that holds the sum: largest first leaves no holes between them.
    let enough = (0..block.prefix_len()).rev().find(|len| Count::power_of_two(family.bits() - len) >= total);
    match enough.filter(|_| !has_taken) {
        Some(len) => refusal.hint(format!(
            "a /{len} would do, such as {}",
            Block::at(family, Family::number(block.network()), len).truncated()
        )),
        None if total <= free => refusal.hint("there are enough addresses, but no free piece is large enough"),
        None => refusal,
    }
}

#[cfg(test)]
mod tests;
