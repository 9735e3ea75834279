//! Everything that netlab concluded about one packet: rules, deciding packets, numbers compared, confidence.

use unicode_width::UnicodeWidthStr as _;

use super::explain;
use super::ladder::wrap;
use super::style::{self, DIM, HEADING, Paint};
use super::words;
use crate::analysis::{Context, Fact, Note};

/// A packet and what is known of it.
#[derive(Debug)]
pub struct Question<'a> {
    /// Its line, as `read` prints it, without notes.
    pub line: &'a [u8],
    /// The conversation it belongs to.
    pub context: Context,
    /// What is said of it.
    pub notes: &'a [Note],
    /// What is said of other packets because of it.
    pub elsewhere: &'a [Note],
    /// What a segment is about which nothing is said: rule and sentence.
    pub ordinary: Option<(&'static str, &'static str)>,
}

/// Appends the answer.
pub fn text(question: &Question<'_>, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    out.extend_from_slice(question.line);
    if let Some(connection) = question.context.connection {
        let from = if question.context.from_initiator { "A, the initiator" } else { "B, the responder" };
        let states = question.context.states;
        let states = states.map_or(String::new(), |(a, b)| lang.tell("; after it A is in {}, B in {}", &[&a, &b]));
        line(out, &lang.tell("  connection {}, sent by {}{}", &[&connection, &lang.say(from), &states]));
    }
    if question.notes.is_empty() {
        match question.ordinary {
            Some((rule, sentence)) => line(out, &lang.tell("  rule {}: {}", &[&rule, &lang.rule(rule, sentence)])),
            None => line(out, lang.say("  nothing worth a word: it contradicts no rule")),
        }
    }
    for note in question.notes {
        out.push(b'\n');
        tell(note, width, paint, out);
    }
    if !question.elsewhere.is_empty() {
        out.push(b'\n');
        line(out, &paint.text(lang.say("It is evidence for"), HEADING));
        for note in question.elsewhere {
            let parts: [&dyn std::fmt::Display; 4] =
                [&note.packet, &words::line_in(lang, note), &note.code(), &note.rule];
            line(out, &lang.tell("  packet {}: {}   ({}, rule {})", &parts));
        }
    }
}

fn tell(note: &Note, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    line(out, &paint.text(&words::line_in(lang, note), style::severity(note.entry.severity)));
    let field = |out: &mut Vec<u8>, name: &str, text: &str| {
        for (index, piece) in wrap(text, width.saturating_sub(15).max(30)).iter().enumerate() {
            let name = if index == 0 { lang.say(name) } else { "" };
            // Padded by columns: a Chinese character takes two.
            let blanks = 12_usize.saturating_sub(name.width());
            line(out, &format!("  {name}{:blanks$} {piece}", ""));
        }
    };
    field(out, "code", note.code());
    let rule = match explain::rule(note.rule) {
        Some(words) => lang.tell("{}: {}", &[&note.rule, &lang.rule(note.rule, words)]),
        None => note.rule.to_owned(),
    };
    field(out, "rule", &rule);
    field(out, "severity", lang.say(note.entry.severity.name()));
    field(out, "confidence", lang.say(note.confidence.name()));
    let deciding: Vec<String> = note
        .facts
        .iter()
        .filter_map(|(name, fact)| match fact {
            Fact::Packet(packet) => Some(format!("{packet} ({})", name.replace('_', " "))),
            _ => None,
        })
        .collect();
    if !deciding.is_empty() {
        field(out, "packets", &deciding.join(", "));
    }
    let numbers: Vec<String> = note
        .facts
        .iter()
        .filter(|(_, fact)| !matches!(fact, Fact::Packet(_) | Fact::Word(_)))
        .map(|(name, fact)| format!("{} {}", name.replace('_', " "), words::fact(fact)))
        .collect();
    if !numbers.is_empty() {
        field(out, "numbers", &numbers.join(", "));
    }
    let said: Vec<String> = note
        .facts
        .iter()
        .filter_map(|(name, fact)| match fact {
            Fact::Word(word) => Some(lang.tell("{}: {}", &[&name.replace('_', " "), &lang.say(word)])),
            _ => None,
        })
        .collect();
    if !said.is_empty() {
        field(out, "seen", &said.join("; "));
    }
    for piece in wrap(lang.explanation(note.code(), note.entry.explanation), width.saturating_sub(2).max(30)) {
        line(out, &format!("  {}", paint.text(&piece, DIM)));
    }
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}
