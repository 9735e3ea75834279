//! Lists of blocks, plans and comparisons of sets.

use super::{NO_WRAPPING, count, line, short};
use crate::lang::{Lang, tell};
use crate::render::style::{HEADING, Paint};
use crate::render::table::Table;
use crate::subnet::{Block, Count, Family, Need, Plan, Span};

/// What a list of blocks is, and where it was cut.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The heading.
    pub heading: String,
    /// How many there are in all, of which the list may be the beginning.
    pub total: Count,
}

/// Appends blocks as a table, and how many of them were left out.
pub fn blocks(listing: &Listing, blocks: &[Block], paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    line(out, format_args!("{}", paint.text(&listing.heading, HEADING)));
    let mut table = Table::new(NO_WRAPPING, paint, &["block", "first host", "last host", "broadcast", ">usable"])
        .at_most(usize::MAX);
    for block in blocks {
        table.row([
            block.to_string(),
            block.first_host().to_string(),
            block.last_host().to_string(),
            block.broadcast().map_or_else(|| "-".to_owned(), |address| address.to_string()),
            short(block.usable()),
        ]);
    }
    table.write(out);
    let left_out = listing.total.less(blocks.len() as u128);
    if left_out > Count::ZERO {
        line(out, tell!(lang, "… and {} more; --limit N shows the first N, --limit 0 all", left_out.grouped()));
    }
}

/// Appends ranges of addresses with the blocks that cover each.
pub fn spans(spans: &[Span], paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let mut table = Table::new(NO_WRAPPING, paint, &["block", "first", "last", ">addresses"]).at_most(usize::MAX);
    let mut total = Count::ZERO;
    let mut blocks = 0u64;
    for block in spans.iter().flat_map(|span| span.blocks()) {
        table.row([block.to_string(), block.network().to_string(), block.last().to_string(), short(block.addresses())]);
        total = total.plus(block.addresses());
        blocks += 1;
    }
    if table.is_empty() {
        line(out, tell!(lang, "no addresses"));
        return;
    }
    table.write(out);
    line(
        out,
        tell!(
            lang,
            "{}, {}",
            lang.count(blocks, "block"),
            lang.quantity(&count(total), total == Count::new(1), "address")
        ),
    );
}

/// Appends a plan: who gets what, what is wasted, what is left.
pub fn plan(plan: &Plan, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    line(out, format_args!("{}", paint.text(&tell!(lang, "{} divided", plan.block), HEADING)));
    let headings = ["subnet", "for", "mask", "first host", "last host", "broadcast", ">usable", ">spare"];
    let mut table = Table::new(NO_WRAPPING, paint, &headings).at_most(usize::MAX);
    // Subnets, taken blocks and gaps in one list, so that the picture of the whole block can be read down.
    let mut rows: Vec<(Block, [String; 8])> = Vec::new();
    for placed in &plan.subnets {
        let block = placed.block;
        let need = match placed.request.need {
            Need::Hosts(hosts) => lang.count(hosts, "host"),
            Need::PrefixLen(len) => tell!(lang, "a /{}", len),
        };
        let name = if placed.request.name.is_empty() { need } else { format!("{}: {need}", placed.request.name) };
        rows.push((
            block,
            [
                block.to_string(),
                name,
                mask(block),
                block.first_host().to_string(),
                block.last_host().to_string(),
                block.broadcast().map_or_else(|| "-".to_owned(), |address| address.to_string()),
                short(placed.usable),
                placed.spare.map_or_else(String::new, short),
            ],
        ));
    }
    for (blocks, what) in [(&plan.taken, "(taken)"), (&plan.gaps, "(free)")] {
        rows.extend(blocks.iter().map(|block| {
            let mut cells: [String; 8] = Default::default();
            cells[0] = block.to_string();
            cells[1] = lang.say(what).to_owned();
            cells[6] = short(block.usable());
            (*block, cells)
        }));
    }
    rows.sort_by_key(|(block, _)| block.truncated());
    for (_, cells) in rows {
        table.row(cells);
    }
    table.write(out);
    line(out, format_args!("{}", sums(plan, lang)));
}

/// What is used and what is free, in one sentence: in addresses, or in /64 where IPv6 is divided into such and larger.
fn sums(plan: &Plan, lang: Lang) -> String {
    let is_in_64s = plan.block.family() == Family::Ipv6
        && plan
            .subnets
            .iter()
            .map(|placed| placed.block)
            .chain(plan.taken.iter().copied())
            .all(|block| block.prefix_len() <= 64);
    if is_in_64s {
        // 2^128 addresses are 2^64 networks.
        let networks =
            |count: Count| Count::new(count.as_u128().map_or(1 << 64, |addresses| addresses >> 64)).grouped();
        let (used, all, free) = (networks(plan.used), networks(plan.block.addresses()), networks(plan.free));
        return tell!(lang, "the subnets take {} of the {} networks of /64, {} are free", used, all, free);
    }
    tell!(
        lang,
        "{} of {} addresses are in the subnets, {} of them for hosts that nobody asked for; {} are free",
        plan.used.grouped(),
        plan.block.addresses().grouped(),
        plan.spare.grouped(),
        plan.free.grouped()
    )
}

/// Appends how two sets lie to each other, in words, and what they share.
pub fn comparison(sentence: &str, common: &[Span], paint: Paint, out: &mut Vec<u8>) {
    line(out, format_args!("{}", paint.text(sentence, HEADING)));
    if !common.is_empty() {
        spans(common, paint, out);
    }
}

fn mask(block: Block) -> String {
    if block.address().is_ipv4() { block.netmask().to_string() } else { format!("/{}", block.prefix_len()) }
}
