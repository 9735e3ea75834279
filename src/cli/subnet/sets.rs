//! `merge`, `range`, `contains`, `overlap` and `subtract`: sums of sets of addresses.

use clap::Args;
use serde::Serialize;

use super::input;
use crate::base::limits::MAX_COMPARED;
use crate::cli::{Failure, Output};
use crate::lang::tell;
use crate::render::subnet as render;
use crate::subnet::parse;
use crate::subnet::{Block, Count, Span};

/// What is merged.
#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// Blocks, ranges (A-B, A+N), or '-' for standard input
    #[arg(value_name = "BLOCK", required = true)]
    inputs: Vec<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn merge(arguments: &MergeArguments, output: &mut Output) -> Result<(), Failure> {
    let mut remarks = Vec::new();
    let spans = input::spans(&arguments.inputs, &mut remarks)?;
    print(&crate::subnet::merge(&spans), remarks, arguments.json, output)
}

/// The ends of the range.
#[derive(Debug, Args)]
pub(super) struct RangeArguments {
    /// A and B, A-B, A+N, or a block
    #[arg(value_name = "ADDRESS", required = true, num_args = 1..=2)]
    ends: Vec<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn range(arguments: &RangeArguments, output: &mut Output) -> Result<(), Failure> {
    let mut remarks = Vec::new();
    let span = match arguments.ends.as_slice() {
        [first, second] if second.starts_with('+') => parse::span(&format!("{first}{second}"), &mut remarks)?,
        [first, second] if first.contains('/') || second.contains('/') => {
            // From the start of one block to the end of the other.
            let (first, second) = (parse::span(first, &mut remarks)?, parse::span(second, &mut remarks)?);
            parse::from_to(&first.first().to_string(), &second.last().to_string(), &mut remarks)?
        }
        [first, second] => parse::from_to(first, second, &mut remarks)?,
        ends => parse::span(&ends.concat(), &mut remarks)?,
    };
    print(&[span], remarks, arguments.json, output)
}

/// What is taken away from what.
#[derive(Debug, Args)]
pub(super) struct SubtractArguments {
    /// The block or range to take from
    #[arg(value_name = "FROM")]
    from: String,
    /// Blocks or ranges to take away, or '-' for standard input
    #[arg(value_name = "TAKEN", required = true)]
    taken: Vec<String>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn subtract(arguments: &SubtractArguments, output: &mut Output) -> Result<(), Failure> {
    let mut remarks = Vec::new();
    let from = parse::span(&arguments.from, &mut remarks)?;
    let taken = input::spans(&arguments.taken, &mut remarks)?;
    for outside in taken.iter().filter(|taken| taken.common(from).is_none()) {
        remarks.push(format!("{} has nothing in common with {from}", name(*outside)));
    }
    print(&crate::subnet::subtract(&[from], &taken), remarks, arguments.json, output)
}

/// What must be inside.
#[derive(Debug, Args)]
pub(super) struct ContainsArguments {
    /// The block or range
    #[arg(value_name = "BLOCK")]
    outer: String,
    /// Addresses, blocks or ranges, or '-' for standard input
    #[arg(value_name = "ADDRESS", required = true)]
    inner: Vec<String>,
    /// One JSON object an address
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Contained {
    block: String,
    address: String,
    contained: bool,
    overlaps: bool,
}

pub(super) fn contains(arguments: &ContainsArguments, output: &mut Output) -> Result<(), Failure> {
    let lang = output.lang();
    let mut remarks = Vec::new();
    let outer = parse::span(&arguments.outer, &mut remarks)?;
    let inner = input::spans(&arguments.inner, &mut remarks)?;
    let width = inner.iter().map(|inner| name(*inner).len()).max().unwrap_or_default();
    for inner in inner {
        let contained = outer.holds(inner);
        let common = outer.common(inner);
        if arguments.json {
            let answer = Contained { block: name(outer), address: name(inner), contained, overlaps: common.is_some() };
            render::json(&answer, output.block());
        } else {
            use std::io::Write as _;
            let (outer, shown) = (name(outer), name(inner));
            match common {
                _ if contained => {
                    let shown = format!("{shown:<width$}");
                    let text = tell!(lang, "yes     {}  is in {}", shown, outer);
                    writeln!(output, "{text}")?;
                }
                Some(common) => {
                    let shown = format!("{shown:<width$}");
                    let text = tell!(lang, "partly  {}  only {} is in {}", shown, common, outer);
                    writeln!(output, "{text}")?;
                }
                None => {
                    let shown = format!("{shown:<width$}");
                    let text = tell!(lang, "no      {}  is not in {}", shown, outer);
                    writeln!(output, "{text}")?;
                }
            }
        }
        output.flush_full()?;
    }
    if !arguments.json {
        let paint = output.paint();
        render::remarks(&remarks, paint, output.block());
    }
    Ok(())
}

/// What is compared.
#[derive(Debug, Args)]
pub(super) struct OverlapArguments {
    /// Blocks or ranges, two or more, or '-' for standard input: every pair is compared
    #[arg(value_name = "BLOCK", required = true)]
    inputs: Vec<String>,
    /// One JSON object a pair
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Pair {
    first: String,
    second: String,
    overlaps: bool,
    /// `same`, `holds`, `inside`, `partly` or `apart`, seen from the first.
    relation: &'static str,
    common: Vec<Block>,
}

pub(super) fn overlap(arguments: &OverlapArguments, output: &mut Output) -> Result<(), Failure> {
    let mut remarks = Vec::new();
    let spans = input::spans(&arguments.inputs, &mut remarks)?;
    if spans.len() < 2 {
        return Err(Failure::Usage("an overlap needs two blocks, and one was given".to_owned()));
    }
    if spans.len() > MAX_COMPARED {
        return Err(Failure::Usage(format!(
            "{} blocks are too many to compare every pair; at most {MAX_COMPARED} are taken",
            spans.len()
        )));
    }
    let (paint, lang) = (output.paint(), output.lang());
    let mut apart = 0u64;
    for (index, first) in spans.iter().enumerate() {
        for second in &spans[index + 1..] {
            let common = first.common(*second);
            let relation = match common {
                None => "apart",
                Some(_) if first == second => "same",
                Some(_) if first.holds(*second) => "holds",
                Some(_) if second.holds(*first) => "inside",
                Some(_) => "partly",
            };
            if arguments.json {
                let common = common.into_iter().flat_map(Span::blocks).collect();
                let pair = Pair {
                    first: name(*first),
                    second: name(*second),
                    overlaps: relation != "apart",
                    relation,
                    common,
                };
                render::json(&pair, output.block());
            } else if relation == "apart" && spans.len() > 2 {
                // Among many only the overlaps are news.
                apart += 1;
            } else {
                let (first, second) = (name(*first), name(*second));
                let sentence = match relation {
                    "apart" => tell!(lang, "{} and {} have no address in common", first, second),
                    "same" => tell!(lang, "{} and {} are the same addresses", first, second),
                    "holds" => tell!(lang, "{} holds all of {}", first, second),
                    "inside" => tell!(lang, "{} lies inside {}", first, second),
                    _ => tell!(lang, "{} and {} share some addresses", first, second),
                };
                render::comparison(&sentence, common.as_slice(), paint, output.block());
            }
            output.flush_full()?;
        }
    }
    if apart > 0 && !arguments.json {
        use std::io::Write as _;
        let pairs = match apart {
            1 => lang.say("one pair has no address in common").to_owned(),
            _ => tell!(lang, "{} pairs have no address in common", apart),
        };
        writeln!(output, "{pairs}")?;
    }
    if !arguments.json {
        let paint = output.paint();
        render::remarks(&remarks, paint, output.block());
    }
    Ok(())
}

/// A set of addresses as JSON.
#[derive(Serialize)]
struct Set {
    blocks: Vec<Block>,
    ranges: Vec<Ends>,
    addresses: Count,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
}

#[derive(Serialize)]
struct Ends {
    first: std::net::IpAddr,
    last: std::net::IpAddr,
}

fn print(spans: &[Span], remarks: Vec<String>, json: bool, output: &mut Output) -> Result<(), Failure> {
    if json {
        let set = Set {
            blocks: spans.iter().flat_map(|span| span.blocks()).collect(),
            ranges: spans.iter().map(|span| Ends { first: span.first(), last: span.last() }).collect(),
            addresses: spans.iter().fold(Count::ZERO, |sum, span| sum.plus(span.count())),
            remarks,
        };
        render::json(&set, output.block());
    } else {
        let paint = output.paint();
        render::spans(spans, paint, output.block());
        let paint = output.paint();
        render::remarks(&remarks, paint, output.block());
    }
    Ok(())
}

/// As a block if it is one, else as a range.
fn name(span: Span) -> String {
    span.as_block().map_or_else(|| span.to_string(), |block| block.to_string())
}
