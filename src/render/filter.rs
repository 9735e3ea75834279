//! Filters for people: errors with a caret under the place, what a filter means, and why it took or left a packet.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use crate::base::text::harmless;
use crate::filter::capture::{Line, Outcome, Program, Trace, Warning};
use crate::filter::display::{self, Needs};
use crate::filter::{FilterError, Span};

/// Columns of a filter that are shown around a place; longer ones are cut on both sides.
const SHOWN: usize = 76;

/// The error of a filter, in several lines: what is wrong, the place, the way out. `kind` is the kind of filter.
pub fn error(error: &FilterError, kind: &str) -> String {
    let mut out = format!("in the {kind} filter: {}", harmless(&error.message));
    point(&mut out, &error.text, error.span);
    if let Some(hint) = &error.hint {
        let _ = write!(out, "\n  {}", harmless(hint));
    }
    out
}

/// Adds the filter and carets under `span`, each on a line of its own.
fn point(out: &mut String, text: &str, span: Span) {
    if text.trim().is_empty() {
        return;
    }
    let start = floor(text, span.start);
    let end = floor(text, span.end.max(span.start)).max(start);
    let (mut before, mut after) = (&text[..start], &text[end..]);
    let mut place = &text[start..end];
    // A place longer than a line is pointed at by its beginning.
    if place.chars().count() > SHOWN {
        place = first_chars(place, SHOWN);
        after = &text[start + place.len()..];
    }
    let room = SHOWN.saturating_sub(place.chars().count()).max(20);
    let mut elided = ("", "");
    if before.chars().count() > room / 2 {
        let skipped = before.chars().count() - room / 2;
        before = &before[before.char_indices().nth(skipped).map_or(0, |(at, _)| at)..];
        elided.0 = "…";
    }
    if after.chars().count() > room / 2 + 10 {
        after = first_chars(after, room / 2 + 10);
        elided.1 = "…";
    }
    let (before, place, after) = (harmless(before), harmless(place), harmless(after));
    let _ = write!(out, "\n  {}{before}{place}{after}{}", elided.0, elided.1);
    let indent = elided.0.width() + before.width();
    let _ = write!(out, "\n  {:indent$}{}", "", "^".repeat(place.width().max(1)));
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).map_or(text, |(at, _)| &text[..at])
}

/// The last boundary of a character that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// What a capture filter means, what about it surprises people, and its program.
pub fn explanation(text: &str, lines: &[Line], warnings: &[Warning], program: &Program, link: &str) -> String {
    let mut out = String::new();
    if lines.is_empty() {
        out.push_str("Takes every packet.\n");
    } else {
        let _ = writeln!(out, "Takes a packet of {link} if");
        for line in lines {
            let _ = writeln!(out, "  {:indent$}{}", "", harmless(&line.text), indent = 2 * line.depth);
        }
    }
    for warning in warnings {
        let _ = write!(out, "\nNote: {}", harmless(&warning.text));
        point(&mut out, text, warning.span);
        out.push('\n');
    }
    let count = program.instructions().len();
    let _ = writeln!(out, "\nProgram ({count} instruction{}):\n{program}", if count == 1 { "" } else { "s" });
    out
}

/// What a display filter needs, and what about it surprises people.
pub fn display(text: &str, warnings: &[(Span, &'static str)], needs: Needs) -> String {
    let mut out = String::from("Shows a packet if\n");
    let _ = writeln!(out, "  {}", harmless(text));
    let needs = match (needs.notes, needs.conversation) {
        (false, false) => "It looks only at the octets of each packet.",
        (true, false) => "It needs the notes of the analysis.",
        (false, true) => "It needs to know the connections.",
        (true, true) => "It needs the notes of the analysis, and to know the connections.",
    };
    let _ = writeln!(out, "{needs}");
    for (span, warning) in warnings {
        let _ = write!(out, "\nNote: {warning}");
        point(&mut out, text, *span);
        out.push('\n');
    }
    out
}

/// Why a display filter shows packet `number` or does not.
pub fn display_trace(text: &str, trace: &display::Trace, number: u64) -> String {
    let mut out = format!("Packet {number} is {}.\n", if trace.holds { "shown" } else { "not shown" });
    add_display(&mut out, text, trace, 1);
    out
}

fn add_display(out: &mut String, text: &str, trace: &display::Trace, depth: usize) {
    let part = harmless(text.get(trace.span.range()).unwrap_or_default());
    let outcome = if trace.holds { "holds" } else { "does not hold" };
    let found = |values: &Vec<String>| match values.as_slice() {
        [] => "not in the packet".to_owned(),
        values => values.join(", "),
    };
    let found: Vec<String> = trace.found.iter().map(found).collect();
    let found = if found.is_empty() { String::new() } else { format!("; found: {}", found.join(" and ")) };
    let _ = writeln!(out, "{:indent$}{part}: {outcome}{found}", "", indent = 2 * depth);
    for part in &trace.parts {
        add_display(out, text, part, depth + 1);
    }
}

/// Why a capture filter took or left packet `number`.
pub fn trace(text: &str, trace: &Trace, number: u64) -> String {
    let verdict = match trace.outcome {
        Outcome::Holds => "is taken",
        Outcome::Fails => "is not taken",
        Outcome::Missing => "is not taken: the filter asks for octets that it does not have",
    };
    let mut out = format!("Packet {number} {verdict}.\n");
    add(&mut out, text, trace, 1);
    out
}

fn add(out: &mut String, text: &str, trace: &Trace, depth: usize) {
    let outcome = match trace.outcome {
        Outcome::Holds => "holds",
        Outcome::Fails => "does not hold",
        Outcome::Missing => "could not be read",
    };
    let part = harmless(text.get(trace.span.range()).unwrap_or_default());
    let _ = writeln!(out, "{:indent$}{part}: {outcome}", "", indent = 2 * depth);
    // The last test decided. Of those before it, only different things found are of interest.
    let mut said: Vec<(&str, &str)> = Vec::new();
    for tested in trace.tests.iter().rev() {
        let about = (tested.what, tested.place.as_str());
        if said.contains(&about) {
            continue;
        }
        said.push(about);
        let place = if tested.place.is_empty() { String::new() } else { format!(" ({})", tested.place) };
        let wanted = match (tested.comparison, tested.holds) {
            ("=", true) => String::new(),
            ("=", false) => format!(", not {}", number(tested.wanted)),
            (">", true) => format!(", more than {}", number(tested.wanted)),
            (">", false) => format!(", not more than {}", number(tested.wanted)),
            (">=", true) => format!(", at least {}", number(tested.wanted)),
            (">=", false) => format!(", less than {}", number(tested.wanted)),
            (_, true) => format!(", with a bit of {:#x}", tested.wanted),
            (_, false) => format!(", with no bit of {:#x}", tested.wanted),
        };
        let line = match tested.found {
            Some(found) => format!("{}{place} is {}{wanted}", tested.what, number(found)),
            None => format!("{}{place} is not in the packet", tested.what),
        };
        let _ = writeln!(out, "{:indent$}{line}", "", indent = 2 * depth + 2);
    }
    for part in &trace.parts {
        add(out, text, part, depth + 1);
    }
}

/// A number as people look for it: small ones in decimal, larger ones also in hexadecimal.
fn number(number: u32) -> String {
    match number {
        0..=9 => number.to_string(),
        10..=0xffff => format!("{number} ({number:#x})"),
        _ => format!("{number:#010x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::capture::{Filter, Target};
    use crate::wire::LinkType;

    fn refused(text: &str) -> String {
        error(&Filter::compile(text, LinkType::ETHERNET, Target::File).expect_err(text), "capture")
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        assert_eq!(
            refused("tcp prot 80"),
            "in the capture filter: expected `and`, `or` or the end, found `prot`\n  tcp prot 80\n      ^^^^\n  \
             did you mean `port`?"
        );
        assert_eq!(
            refused("hsot 192.0.2.1"),
            "in the capture filter: `hsot` is not a word of capture filters\n  hsot 192.0.2.1\n  ^^^^\n  did you mean `host`?"
        );
    }

    #[test]
    fn a_long_filter_is_cut_around_the_place_and_control_characters_are_spelled_out() {
        let text = format!("{} and hsot 1 and {}", ["port 80"; 40].join(" or "), ["port 90"; 40].join(" or "));
        let message = refused(&text);
        let lines: Vec<&str> = message.lines().collect();
        assert!(lines[1].width() < 110, "{message}");
        let caret = lines[2].find('^').expect("a caret");
        let shown: String = lines[1].chars().skip(caret).take(4).collect();
        assert_eq!(shown, "hsot", "{message}");
        assert!(refused("port 80 \x1b[31m").contains("\\x1b"));
        assert!(!refused("port 80 \x1b[31m").contains('\x1b'));
    }
}
