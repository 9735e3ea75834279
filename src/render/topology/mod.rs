//! A simulated network on a page: every box with its addresses, and what it is plugged into; as lines of text, as a
//! drawing, and in the languages of Graphviz and Mermaid.

mod drawing;
mod layout;
mod map;
mod notations;

use super::style::{DIM, HEADING, Paint};
use crate::lang::{Lang, tell};
use crate::sim::device::Node;
use crate::sim::{DeviceId, Engine, LinkOptions, PortId};

pub use drawing::{Outline, svg};
pub use map::{Cable, MapBox, NetworkMap};
pub use notations::{dot, mermaid};
pub(super) use notations::{entities, quoted};

/// Boxes shown before the page says how many more there are.
const MAX_BOXES: usize = 24;

/// Appends the boxes of a network, one line for each port that has a cable.
pub fn write(engine: &Engine, paint: Paint, out: &mut Vec<u8>) {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for device in engine.devices() {
        let node = engine.device(device).as_any().downcast_ref::<Node>();
        // A switch is shown at the other ends of its cables, and by itself only where it meets another switch.
        for port in (0..engine.port_count(device)).map(|port| PortId(port as u16)) {
            let Some((peer, peer_port)) = engine.peer(device, port) else { continue };
            let peer_is_node = engine.device(peer).as_any().is::<Node>();
            if node.is_none() && (peer_is_node || (peer, peer_port) < (device, port)) {
                continue;
            }
            if node.is_some() && peer_is_node && (peer, peer_port) < (device, port) {
                rows.push(row(engine, device, port, node, None, paint.lang()));
                continue;
            }
            rows.push(row(engine, device, port, node, Some((peer, peer_port)), paint.lang()));
        }
    }
    let shown = rows.len().min(MAX_BOXES);
    let widths = [0, 1, 2].map(|column| rows[..shown].iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for [name, addresses, mac, cable] in &rows[..shown] {
        let line = format!(
            "  {}  {addresses:<1$}  {mac:<2$}  {3}\n",
            paint.text(&format!("{name:<0$}", widths[0]), HEADING),
            widths[1],
            widths[2],
            paint.text(cable, DIM)
        );
        out.extend_from_slice(line.trim_end().as_bytes());
        out.push(b'\n');
    }
    if rows.len() > shown {
        let text = tell!(paint.lang(), "  … and {} more", rows.len() - shown);
        out.extend_from_slice(text.as_bytes());
        out.push(b'\n');
    }
}

fn row(
    engine: &Engine,
    device: DeviceId,
    port: PortId,
    node: Option<&Node>,
    peer: Option<(DeviceId, PortId)>,
    lang: Lang,
) -> [String; 4] {
    let name = end(engine, device, port);
    let (addresses, mac) = match node.and_then(|node| node.interfaces().get(usize::from(port.0))) {
        Some(interface) => {
            let all: Vec<String> = interface.addresses.iter().map(|(own, len)| format!("{own}/{len}")).collect();
            (all.join(" "), interface.mac.to_string())
        }
        None => (String::new(), String::new()),
    };
    let cable = match (peer, engine.link(device, port)) {
        (Some((peer, peer_port)), Some((options, _))) => {
            format!("── {}{}", end(engine, peer, peer_port), link_words(options, lang))
        }
        _ => String::new(),
    };
    [name, addresses, mac, cable]
}

/// `h1`, or `sw.3` for a box with several ports.
pub fn end(engine: &Engine, device: DeviceId, port: PortId) -> String {
    match engine.port_count(device) {
        1 => engine.name(device).to_owned(),
        _ => format!("{}.{}", engine.name(device), engine.port_name(device, port)),
    }
}

/// What is unusual about a link.
pub(super) fn link_words(options: &LinkOptions, lang: Lang) -> String {
    let plain = LinkOptions::default();
    let mut words = Vec::new();
    if options.rate_bps != plain.rate_bps {
        words.push(lang.say(&rate(options.rate_bps)).to_owned());
    }
    if options.delay != plain.delay {
        words.push(tell!(lang, "{} µs away", options.delay.as_nanos() as f64 / 1e3));
    }
    if options.mtu != plain.mtu {
        words.push(format!("MTU {}", options.mtu));
    }
    if options.queue_frames != plain.queue_frames {
        words.push(tell!(lang, "queue {}", options.queue_frames));
    }
    for (percent, word) in [
        (options.loss_percent, "lost"),
        (options.duplicate_percent, "duplicated"),
        (options.reorder_percent, "held back"),
        (options.corrupt_percent, "corrupted"),
    ] {
        if percent > 0.0 {
            words.push(tell!(lang, "{} % {}", percent, lang.say(word)));
        }
    }
    if !options.lose_frames.is_empty() {
        let frames: Vec<String> = options.lose_frames.iter().map(u64::to_string).collect();
        words.push(tell!(lang, "loses frame {}", frames.join(", ")));
    }
    if words.is_empty() { String::new() } else { tell!(lang, "  ({})", lang.list(&words)) }
}

/// `100 Mbit/s`.
pub fn rate(bits: u64) -> String {
    match bits {
        0 => "no rate limit".to_owned(),
        1_000_000_000.. => format!("{} Gbit/s", bits as f64 / 1e9),
        1_000_000.. => format!("{} Mbit/s", bits as f64 / 1e6),
        1_000.. => format!("{} kbit/s", bits as f64 / 1e3),
        _ => format!("{} bit/s", bits),
    }
}
