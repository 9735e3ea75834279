//! A network in the languages of Graphviz and of Mermaid, to be pasted into notes.

use std::fmt::Write as _;

use super::map::{MapBox, NetworkMap};
use crate::base::text::harmless;

/// Appends the network in Graphviz's language.
pub fn dot(map: &NetworkMap, title: &str, out: &mut Vec<u8>) {
    let mut text = String::from("graph network {\n");
    let _ = writeln!(text, "  label={}; labelloc=t; fontname=\"sans-serif\";", quoted(title));
    text.push_str("  node [fontname=\"sans-serif\", style=filled]; edge [fontname=\"sans-serif\", fontsize=10];\n");
    for (index, one) in map.boxes.iter().enumerate() {
        let (shape, colour) = match one.kind {
            "router" | "cloud" => ("ellipse", "#fdf0e6"),
            "switch" => ("box3d", "#e9f6ec"),
            "hub" => ("box3d", "#f3f0e6"),
            _ => ("box", "#eaf2fd"),
        };
        // Graphviz breaks lines at \n within the quotes.
        let label = lines(one).iter().map(|line| backslashed(line)).collect::<Vec<_>>().join("\\n");
        let _ = writeln!(text, "  n{index} [label=\"{label}\", shape={shape}, fillcolor=\"{colour}\"];");
    }
    for cable in &map.cables {
        let mut attributes = Vec::new();
        for (name, value) in [("taillabel", cable.a.1.as_deref()), ("headlabel", cable.b.1.as_deref())] {
            if let Some(value) = value {
                attributes.push(format!("{name}={}", quoted(value)));
            }
        }
        if !cable.words.is_empty() {
            attributes.push(format!("label={}", quoted(&cable.words)));
        }
        let attributes = if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
        let _ = writeln!(text, "  n{} -- n{}{attributes};", cable.a.0.0, cable.b.0.0);
    }
    text.push_str("}\n");
    out.extend_from_slice(text.as_bytes());
}

/// Appends the network as a flow chart in Mermaid's language.
pub fn mermaid(map: &NetworkMap, title: &str, out: &mut Vec<u8>) {
    let mut text = format!("%% {}\nflowchart LR\n", harmless(title));
    for (index, one) in map.boxes.iter().enumerate() {
        let (open, close) = match one.kind {
            "router" => ("([", "])"),
            "cloud" => ("((", "))"),
            "switch" | "hub" => ("[[", "]]"),
            _ => ("[", "]"),
        };
        let label = lines(one).iter().map(|line| entities(line)).collect::<Vec<_>>().join("<br/>");
        let _ = writeln!(text, "    n{index}{open}\"{label}\"{close}");
    }
    for cable in &map.cables {
        let ports: Vec<&str> = [&cable.a.1, &cable.b.1].into_iter().flatten().map(String::as_str).collect();
        let mut words = ports.join(" – ");
        if !cable.words.is_empty() {
            words = format!("{words} {}", cable.words).trim().to_owned();
        }
        let label = if words.is_empty() { String::new() } else { format!("|\"{}\"|", entities(&words)) };
        let _ = writeln!(text, "    n{} ---{label} n{}", cable.a.0.0, cable.b.0.0);
    }
    out.extend_from_slice(text.as_bytes());
}

/// Name and addresses, or name and kind.
fn lines(one: &MapBox) -> Vec<String> {
    let mut lines = vec![one.name.clone()];
    match one.addresses.is_empty() {
        true => lines.push(one.kind_words.clone()),
        false => lines.extend(one.addresses.iter().cloned()),
    }
    lines
}

/// A text of Graphviz.
pub(in crate::render) fn quoted(text: &str) -> String {
    format!("\"{}\"", backslashed(text))
}

fn backslashed(text: &str) -> String {
    harmless(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// A text between Mermaid's quotes, where marks of its own and of HTML are written as entities.
pub(in crate::render) fn entities(text: &str) -> String {
    let mut out = String::new();
    for c in harmless(text).chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            ';' => out.push_str("#59;"),
            c => out.push(c),
        }
    }
    out
}
