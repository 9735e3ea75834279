//! The registries as tables.

use super::line;
use crate::render::style::{HEADING, Paint};
use crate::render::table::Table;
use crate::subnet::registry::{Row, address_space, rows_around, rows_inside, special_purpose};
use crate::subnet::{Block, Family};

/// Appends the registries of these families.
pub fn kinds(families: &[Family], width: usize, paint: Paint, out: &mut Vec<u8>) {
    for family in families {
        if !out.is_empty() {
            out.push(b'\n');
        }
        line(
            out,
            format_args!("{}", paint.text(&format!("{family} special-purpose addresses (IANA, RFC 6890)"), HEADING)),
        );
        table(special_purpose(*family).iter(), width, paint, out);
        out.push(b'\n');
        line(out, format_args!("{}", paint.text(&format!("{family} address space around them"), HEADING)));
        table(address_space(*family).iter(), width, paint, out);
    }
    out.push(b'\n');
    line(out, format_args!("src, dst: may cross a router as source, as destination; fwd: routers forward it;"));
    line(out, format_args!("global: may leave its administrative domain; res: every IP must treat it specially"));
}

/// Appends the rows around and inside a block.
pub fn kinds_of(block: Block, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let network = block.truncated();
    line(out, format_args!("{}", paint.text(&format!("{block} lies in, the nearest first"), HEADING)));
    table(rows_around(network).into_iter(), width, paint, out);
    let inside = rows_inside(network);
    if !inside.is_empty() {
        out.push(b'\n');
        line(out, format_args!("{}", paint.text(&format!("{network} holds"), HEADING)));
        table(inside.into_iter(), width, paint, out);
    }
}

fn table<'a>(rows: impl Iterator<Item = &'a Row>, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let headings = ["block", "kind", "name", "source", "src", "dst", "fwd", "global", "res"];
    let mut table = Table::new(width, paint, &headings).at_most(usize::MAX);
    for row in rows {
        let answers = match row.special {
            Some(special) => [
                special.usable_as_source,
                special.usable_as_destination,
                special.forwardable,
                special.globally_reachable,
                special.reserved_by_protocol,
            ]
            .map(|answer| answer.word()),
            None => [""; 5],
        };
        let block = row.block.to_string();
        table.row([block.as_str(), row.kind, row.name, row.source].into_iter().chain(answers));
    }
    table.write(out);
}
