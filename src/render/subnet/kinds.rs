//! The registries as tables.

use super::line;
use crate::lang::{Lang, tell};
use crate::render::style::{HEADING, Paint};
use crate::render::table::Table;
use crate::subnet::registry::{Answer, Row, address_space, rows_around, rows_inside, special_purpose};
use crate::subnet::{Block, Family};

/// Appends the registries of these families.
pub fn kinds(families: &[Family], width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    for family in families {
        if !out.is_empty() {
            out.push(b'\n');
        }
        line(
            out,
            format_args!(
                "{}",
                paint.text(&tell!(lang, "{} special-purpose addresses (IANA, RFC 6890)", family), HEADING)
            ),
        );
        table(special_purpose(*family).iter(), width, paint, out);
        out.push(b'\n');
        line(out, format_args!("{}", paint.text(&tell!(lang, "{} address space around them", family), HEADING)));
        table(address_space(*family).iter(), width, paint, out);
    }
    legend(lang, out);
}

/// Appends the rows around and inside a block.
pub fn kinds_of(block: Block, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let network = block.truncated();
    line(out, format_args!("{}", paint.text(&tell!(lang, "{} lies in, the nearest first", block), HEADING)));
    table(rows_around(network).into_iter(), width, paint, out);
    let inside = rows_inside(network);
    if !inside.is_empty() {
        out.push(b'\n');
        line(out, format_args!("{}", paint.text(&tell!(lang, "{} holds", network), HEADING)));
        table(inside.into_iter(), width, paint, out);
    }
    legend(lang, out);
}

fn legend(lang: Lang, out: &mut Vec<u8>) {
    out.push(b'\n');
    line(
        out,
        tell!(
            lang,
            "marks: S may be the source and D the destination of packets that cross a router, F routers forward it,"
        ),
    );
    line(
        out,
        tell!(
            lang,
            "       G may leave its administrative domain, P every IP must treat it specially, ? depends on the address"
        ),
    );
}

fn table<'a>(rows: impl Iterator<Item = &'a Row>, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let headings = ["block", "kind", "name", "source", "marks"];
    let mut table = Table::new(width, paint, &headings).whole(&[0, 1, 4]).at_most(usize::MAX);
    for row in rows {
        let marks = row.special.map_or_else(String::new, |special| {
            let answers = [
                ('S', special.usable_as_source),
                ('D', special.usable_as_destination),
                ('F', special.forwardable),
                ('G', special.globally_reachable),
                ('P', special.reserved_by_protocol),
            ];
            let mark = |(letter, answer)| match answer {
                Answer::Yes => letter,
                Answer::No => '-',
                Answer::NotApplicable => '?',
                Answer::Unstated => ' ',
            };
            answers.map(mark).iter().collect()
        });
        table.row([row.block.to_string(), row.kind.to_owned(), row.name.to_owned(), row.source.to_owned(), marks]);
    }
    table.write(out);
}
