//! What netlab can explain: topics, the codes of the catalogue, and the rules behind them.

mod rules;
mod topics;

use super::ladder::wrap;
use super::style::{DIM, HEADING, Paint};
use crate::analysis::catalogue::{self, FAMILIES};

pub use rules::RULES;
pub use topics::{TOPICS, Topic};

/// The sentence of a rule, if there is such a rule.
pub fn rule(id: &str) -> Option<&'static str> {
    RULES.iter().find(|(found, _)| found.eq_ignore_ascii_case(id)).map(|(_, words)| *words)
}

/// The topic of that name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name.eq_ignore_ascii_case(name) || topic.also.contains(&name))
}

/// Appends the explanation of a topic, a code or a rule; false if there is none of that name.
pub fn text(name: &str, width: usize, paint: Paint, out: &mut Vec<u8>) -> bool {
    let width = width.min(100);
    let lang = paint.lang();
    if let Some(topic) = topic(name) {
        let (title, text) = lang.topic(topic.name).unwrap_or((topic.title, topic.text));
        line(out, &paint.text(title, HEADING));
        for paragraph in text.split("\n\n") {
            out.push(b'\n');
            prose(paragraph, width, out);
        }
        if !topic.see.is_empty() {
            out.push(b'\n');
            line(out, &paint.text(&lang.tell("See also: {}", &[&topic.see.join(", ")]), DIM));
        }
        return true;
    }
    if let Some(entry) = catalogue::find(name) {
        line(out, &paint.text(entry.code, HEADING));
        out.push(b'\n');
        prose(lang.explanation(entry.code, entry.explanation), width, out);
        out.push(b'\n');
        line(out, &lang.tell("  severity   {}", &[&lang.say(entry.severity.name())]));
        line(out, &lang.tell("  beside a packet: {}", &[&readable(lang.line(entry.code, entry.line))]));
        if let Some(words) = rule(entry.rule) {
            out.push(b'\n');
            prose(&lang.tell("Rule {}: {}", &[&entry.rule, &lang.rule(entry.rule, words)]), width, out);
        }
        return true;
    }
    if let Some(words) = rule(name) {
        let id = name.to_uppercase();
        line(out, &paint.text(&lang.tell("Rule {}", &[&id]), HEADING));
        out.push(b'\n');
        prose(lang.rule(&id, words), width, out);
        let codes: Vec<&str> =
            catalogue::all().filter(|entry| entry.rule.eq_ignore_ascii_case(name)).map(|entry| entry.code).collect();
        if !codes.is_empty() {
            out.push(b'\n');
            line(out, &lang.tell("  codes      {}", &[&codes.join(", ")]));
        }
        return true;
    }
    false
}

/// Appends the list of everything that can be explained.
pub fn list(width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    line(out, &paint.text(lang.say("Topics"), HEADING));
    for topic in TOPICS {
        let title = lang.topic(topic.name).map_or(topic.title, |(title, _)| title);
        line(out, &format!("  {:<16} {title}", topic.name));
    }
    for (family, entries) in FAMILIES {
        out.push(b'\n');
        line(out, &paint.text(&lang.tell("Codes: {}", &[family]), HEADING));
        let codes: Vec<&str> = entries.iter().map(|entry| entry.code).collect();
        prose(&codes.join(" "), width.min(100), out);
    }
    out.push(b'\n');
    line(out, &paint.text(lang.say("Rules"), HEADING));
    let ids: Vec<&str> = RULES.iter().map(|(id, _)| *id).collect();
    prose(&ids.join(" "), width.min(100), out);
}

/// Names that `wrong` may have meant: those that contain it or are contained in it, or differ by a letter or two.
pub fn similar(wrong: &str) -> Vec<&'static str> {
    let names = TOPICS.iter().map(|topic| topic.name).chain(catalogue::all().map(|entry| entry.code));
    let wrong = wrong.to_ascii_lowercase();
    let mut found: Vec<(usize, &'static str)> = names
        .filter_map(|name| {
            let distance = crate::base::text::distance(name, &wrong);
            let contains = wrong.len() >= 3 && (name.contains(&wrong) || wrong.contains(name));
            (contains || distance <= 2).then_some((if contains { 0 } else { distance }, name))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).take(6).collect()
}

/// `docs/EVENTS.md`: every code with its line and explanation, and every rule.
pub fn events_page() -> String {
    let mut page = String::from(
        "# Events\n\nWhat netlab says of packets: each code with its severity, the rule that normally decides it, its line, and \
         its explanation. This page is made from the catalogue by `cargo xtask generate`; change `src/analysis/catalogue` \
         instead.\n",
    );
    for (family, entries) in FAMILIES {
        page.push_str(&format!("\n## {family}\n"));
        for entry in *entries {
            page.push_str(&format!(
                "\n### `{}`\n\n{} · rule {}\n\n> {}\n\n{}\n",
                entry.code,
                entry.severity.name(),
                entry.rule,
                readable(entry.line),
                entry.explanation
            ));
        }
    }
    page.push_str("\n## Rules\n\n| rule | says |\n|---|---|\n");
    for (id, words) in RULES {
        page.push_str(&format!("| {id} | {words} |\n"));
    }
    page
}

/// A template for people: facts in pointed quotes with the noun that they count, the optional parts marked.
fn readable(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((fact, after)) = after.split_once('}') else { break };
        let (before, is_without) = before.strip_suffix("[!").map_or((before, false), |before| (before, true));
        out.push_str(before);
        out.push_str(&match fact.split_once(' ') {
            _ if is_without => format!("[no ‹{fact}›: "),
            Some((name, noun)) => format!("‹{name}› {noun}(s)"),
            None => format!("‹{fact}›"),
        });
        rest = after;
    }
    out.push_str(rest);
    out.replace(['<', '>'], "")
}

/// Appends a paragraph: lines that begin with blanks stand as they are, others are wrapped.
fn prose(paragraph: &str, width: usize, out: &mut Vec<u8>) {
    let mut flowing = String::new();
    for piece in paragraph.split('\n') {
        if piece.starts_with(' ') {
            flush(&mut flowing, width, out);
            line(out, piece);
        } else {
            if !flowing.is_empty() {
                flowing.push(' ');
            }
            flowing.push_str(piece);
        }
    }
    flush(&mut flowing, width, out);
}

fn flush(flowing: &mut String, width: usize, out: &mut Vec<u8>) {
    if !flowing.is_empty() {
        wrap(flowing, width).iter().for_each(|piece| line(out, piece));
        flowing.clear();
    }
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_catalogue_has_its_words() {
        for entry in catalogue::all() {
            assert!(rule(entry.rule).is_some(), "{}: rule {} has no words", entry.code, entry.rule);
        }
    }

    #[test]
    fn every_topic_refers_to_what_can_be_explained() {
        for topic in TOPICS {
            for name in topic.see {
                let known = super::topic(name).is_some() || catalogue::find(name).is_some() || rule(name).is_some();
                assert!(known, "{} refers to {name}", topic.name);
            }
        }
    }

    #[test]
    fn a_slip_of_the_pen_finds_the_topic() {
        assert_eq!(similar("handshke"), ["handshake"]);
        assert!(similar("fast-retrans").contains(&"tcp-fast-retransmission"));
        assert!(similar("zzzzzz").is_empty());
    }

    #[test]
    fn rules_are_unique() {
        let mut seen = std::collections::BTreeSet::new();
        assert!(RULES.iter().all(|(id, words)| seen.insert(*id) && words.len() > 20));
    }
}
