//! A network as a drawing (SVG), by itself or within a page.

use std::fmt::Write as _;

use super::map::{MapBox, NetworkMap};
use crate::base::text::harmless;
use crate::render::html::escape;

/// How a map is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outline {
    /// A file of its own, with its style.
    File,
    /// Part of a page, whose style it takes.
    Wide,
    /// The same for narrow screens: what lay side by side lies one below the other.
    Tall,
}

/// The style of a drawing that is a file of its own: legible on white and on black.
const STYLE: &str = "<style>text{font:13px system-ui,sans-serif;fill:#1d2327;text-anchor:middle}\
.sub{font-size:10.5px;fill:#5c666e}.cable line{stroke:#8a949b;stroke-width:2}.cable text{font-size:11px;fill:#5c666e}\
.device>*{stroke-width:1.6}.host rect{fill:#eaf2fd;stroke:#1558b0}.switch rect{fill:#e9f6ec;stroke:#1f7a34}\
.hub rect{fill:#f3f0e6;stroke:#8a5a00}.router ellipse,.cloud ellipse{fill:#fdf0e6;stroke:#a34700}\
.device path{stroke:#5c666e;fill:none}</style>";

/// Half the width and height of a box.
const HALF: (i32, i32) = (52, 24);

/// Appends the drawing.
pub fn svg(map: &NetworkMap, title: &str, outline: Outline, out: &mut Vec<u8>) {
    let (width, height) = if outline == Outline::Tall { turned(map).1 } else { (map.width.max(1), map.height.max(1)) };
    let mut text = String::new();
    let name = match outline {
        Outline::File => "",
        Outline::Wide => " class=\"net wide-net\"",
        Outline::Tall => " class=\"net tall-net\"",
    };
    let space = if outline == Outline::File { " xmlns=\"http://www.w3.org/2000/svg\"" } else { "" };
    let _ = write!(
        text,
        "<svg{space}{name} width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"{}\" aria-label=\"{}\">",
        if outline == Outline::File { "img" } else { "group" },
        escaped(title)
    );
    if outline == Outline::File {
        let _ = write!(
            text,
            "<title>{}</title>{STYLE}<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
            escaped(title)
        );
    }
    let place = |index: usize| {
        let (x, y) = (map.boxes[index].x, map.boxes[index].y);
        if outline == Outline::Tall { turned(map).0(x, y) } else { (x, y) }
    };
    for (index, cable) in map.cables.iter().enumerate() {
        cable_drawing(map, index, cable, &place, &mut text);
    }
    for (index, one) in map.boxes.iter().enumerate() {
        box_drawing(index, one, place(index), map.is_dense, outline != Outline::File, &mut text);
    }
    if outline != Outline::File {
        text.push_str("<g class=\"frames\"></g>");
    }
    text.push_str("</svg>\n");
    out.extend_from_slice(text.as_bytes());
}

/// For narrow screens: how a place is turned, and the extent. Boxes are wider than high, so steps down may be shorter
/// than steps aside, and steps aside must not become shorter than a box.
fn turned(map: &NetworkMap) -> (impl Fn(i32, i32) -> (i32, i32) + use<>, (i32, i32)) {
    let (margin_x, margin_y) = (72, 48);
    let turn = move |x: i32, y: i32| (y - margin_y + margin_x, (x - margin_x) * 7 / 10 + margin_y);
    let (width, height) = turn(map.width - margin_x, map.height - margin_y);
    (turn, (width + margin_x, height + margin_y))
}

fn cable_drawing(
    map: &NetworkMap,
    index: usize,
    cable: &super::Cable,
    place: &dyn Fn(usize) -> (i32, i32),
    text: &mut String,
) {
    let ends = [&cable.a, &cable.b].map(|(device, port)| (place(device.0 as usize), port));
    // Several cables between the same two boxes lie side by side.
    let same = |other: &super::Cable| {
        (other.a.0, other.b.0) == (cable.a.0, cable.b.0) || (other.a.0, other.b.0) == (cable.b.0, cable.a.0)
    };
    let before = map.cables[..index].iter().filter(|other| same(other)).count() as i32;
    let all = map.cables.iter().filter(|other| same(other)).count() as i32;
    let shift = 14 * before - 7 * (all - 1);
    let ((x1, y1), (x2, y2)) = (ends[0].0, ends[1].0);
    let length = f64::from(x2 - x1).hypot(f64::from(y2 - y1)).max(1.0);
    let (ux, uy) = (f64::from(x2 - x1) / length, f64::from(y2 - y1) / length);
    let aside = |x: i32, y: i32| (x - (uy * f64::from(shift)) as i32, y + (ux * f64::from(shift)) as i32);
    let ((x1, y1), (x2, y2)) = (aside(x1, y1), aside(x2, y2));
    let _ = write!(
        text,
        "<g class=\"cable\" data-cable=\"{index}\"><line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
    );
    if !map.is_dense {
        for ((x, y), port, sign) in [((x1, y1), ends[0].1, 1.0), ((x2, y2), ends[1].1, -1.0)] {
            let Some(port) = port else { continue };
            // Just outside of the box, beside the cable.
            let from = out_of_box(ux, uy) + 12.0;
            let (x, y) = (f64::from(x) + sign * ux * from - uy * 9.0, f64::from(y) + sign * uy * from + ux * 9.0 + 4.0);
            let _ = write!(text, "<text x=\"{x:.0}\" y=\"{y:.0}\">{}</text>", escaped(port));
        }
        if !cable.words.is_empty() {
            let (x, y) = ((x1 + x2) / 2, (y1 + y2) / 2 - 8);
            let _ = write!(text, "<text x=\"{x}\" y=\"{y}\">{}</text>", escaped(&cable.words));
        }
    }
    text.push_str("</g>");
}

/// From the middle of a box to its border, in a direction of length 1.
fn out_of_box(ux: f64, uy: f64) -> f64 {
    let (half_x, half_y) = (f64::from(HALF.0), f64::from(HALF.1));
    (half_x / ux.abs().max(1e-6)).min(half_y / uy.abs().max(1e-6))
}

fn box_drawing(index: usize, one: &MapBox, (x, y): (i32, i32), is_dense: bool, in_page: bool, text: &mut String) {
    let kind = match one.kind {
        "router" | "switch" | "hub" | "cloud" => one.kind,
        _ => "host",
    };
    let about = format!("{} {} {}", one.kind_words, one.name, one.addresses.join(" "));
    let role = if in_page {
        format!(
            " data-device=\"{index}\" data-x=\"{x}\" data-y=\"{y}\" tabindex=\"0\" role=\"button\" aria-label=\"{}\"",
            escaped(about.trim())
        )
    } else {
        String::new()
    };
    let _ = write!(text, "<g class=\"device {kind}\"{role}><title>{}</title>", escaped(about.trim()));
    let (half_x, half_y) = if is_dense && kind == "host" { (26, 12) } else { HALF };
    match kind {
        "router" | "cloud" => {
            let _ = write!(text, "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{half_x}\" ry=\"{half_y}\"/>");
        }
        _ => {
            let (left, top, round) = (x - half_x, y - half_y, if kind == "host" { 8 } else { 2 });
            let (wide, high) = (2 * half_x, 2 * half_y);
            let _ = write!(text, "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\" rx=\"{round}\"/>");
        }
    }
    let sub = match (kind, one.addresses.as_slice()) {
        _ if is_dense && kind == "host" => String::new(),
        ("switch" | "hub", _) | (_, []) => one.kind_words.clone(),
        (_, [only]) => only.clone(),
        ("router", _) => one.kind_words.clone(),
        (_, [first, ..]) => format!("{first} …"),
    };
    let name_y = if sub.is_empty() { y + 4 } else { y - 2 };
    let _ = write!(text, "<text x=\"{x}\" y=\"{name_y}\">{}</text>", escaped(&short(&one.name, 15)));
    if !sub.is_empty() {
        let _ = write!(text, "<text class=\"sub\" x=\"{x}\" y=\"{}\">{}</text>", y + 13, escaped(&short(&sub, 20)));
    }
    text.push_str("</g>");
}

fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    let mut out = Vec::new();
    escape(&harmless(text), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}
