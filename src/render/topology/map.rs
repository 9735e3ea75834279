//! A network as a map: its boxes with their places, and its cables.

use super::layout;
use crate::lang::Lang;
use crate::sim::device::Node;
use crate::sim::{DeviceId, Engine, PortId};

/// A box on the map.
#[derive(Clone, Debug)]
pub struct MapBox {
    /// Its name.
    pub name: String,
    /// `host`, `router`, `switch`, `hub` …
    pub kind: &'static str,
    /// The same in the language of the reader.
    pub kind_words: String,
    /// Its addresses with their prefix lengths, each once.
    pub addresses: Vec<String>,
    /// Its place: the middle of the box.
    pub x: i32,
    /// See `x`.
    pub y: i32,
}

/// A cable between two boxes.
#[derive(Clone, Debug)]
pub struct Cable {
    /// Its ends.
    pub ends: [(DeviceId, PortId); 2],
    /// One end: box, and the port's name if the box has several.
    pub a: (DeviceId, Option<String>),
    /// The other end.
    pub b: (DeviceId, Option<String>),
    /// What is unusual about it; empty if nothing is.
    pub words: String,
}

/// Boxes and cables with their places.
#[derive(Clone, Debug)]
pub struct NetworkMap {
    /// The boxes, in the order of the engine.
    pub boxes: Vec<MapBox>,
    /// The cables, each once.
    pub cables: Vec<Cable>,
    /// Extent of the map, boxes included.
    pub width: i32,
    /// See `width`.
    pub height: i32,
    /// True if the boxes are so many that only their names fit.
    pub is_dense: bool,
}

impl NetworkMap {
    /// Draws the map of a network.
    pub fn of(engine: &Engine, lang: Lang) -> NetworkMap {
        let mut boxes: Vec<MapBox> = Vec::with_capacity(engine.device_count());
        let mut cables = Vec::new();
        for device in engine.devices() {
            let inner = engine.device(device);
            let mut addresses: Vec<String> = Vec::new();
            if let Some(node) = inner.as_any().downcast_ref::<Node>() {
                for (own, len) in node.interfaces().iter().flat_map(|interface| &interface.addresses) {
                    let text = format!("{own}/{len}");
                    if !addresses.contains(&text) {
                        addresses.push(text);
                    }
                }
            }
            boxes.push(MapBox {
                name: engine.name(device).to_owned(),
                kind: inner.kind(),
                kind_words: lang.say(inner.kind()).to_owned(),
                addresses,
                x: 0,
                y: 0,
            });
            for port in (0..engine.port_count(device)).map(|port| PortId(port as u16)) {
                let Some((peer, peer_port)) = engine.peer(device, port) else { continue };
                if (peer, peer_port) < (device, port) {
                    continue;
                }
                let named = |device, port| {
                    (device, (engine.port_count(device) > 1).then(|| engine.port_name(device, port).to_owned()))
                };
                let words =
                    engine.link(device, port).map_or_else(String::new, |(options, _)| super::link_words(options, lang));
                let words = words.trim().trim_start_matches(['(', '（']).trim_end_matches([')', '）']).to_owned();
                let ends = [(device, port), (peer, peer_port)];
                cables.push(Cable { ends, a: named(device, port), b: named(peer, peer_port), words });
            }
        }
        let edges: Vec<(usize, usize)> =
            cables.iter().map(|cable| (cable.a.0.0 as usize, cable.b.0.0 as usize)).collect();
        let is_dense = boxes.len() > 30;
        let places = layout::places(boxes.len(), &edges, is_dense);
        for (one, (x, y)) in boxes.iter_mut().zip(places.points) {
            (one.x, one.y) = (x, y);
        }
        NetworkMap { boxes, cables, width: places.width, height: places.height, is_dense }
    }
}
