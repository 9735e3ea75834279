//! Layer-2 rings: a broadcast that finds its way back to where it was is repeated for ever, as frames have no TTL.
//!
//! Looked for is a ring of switches and hubs that no spanning tree cuts, in each VLAN for itself: a trunk that does not
//! carry a VLAN breaks the ring for it. Spanning tree cuts a ring if one of its switches speaks it and all others let
//! its messages pass; a switch of the standard without spanning tree does not (802.1D-2004 §7.12.6).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::build::{Blueprint, Segment};
use crate::sim::device::BridgeProfile;

/// A switch or hub within a VLAN; for boxes without VLANs the tag that frames bear, 0 for none.
type Place = (usize, u16);

/// The first ring that no spanning tree cuts, as the numbers of its boxes in order, from the lowest on.
pub(super) fn uncut(blueprint: &Blueprint) -> Option<Vec<usize>> {
    let mut ring = find(blueprint)?;
    let lowest = ring.iter().enumerate().min_by_key(|(_, device)| **device).map_or(0, |(at, _)| at);
    ring.rotate_left(lowest);
    if ring.len() > 2 && ring[1] > ring[ring.len() - 1] {
        ring[1..].reverse();
    }
    Some(ring)
}

fn find(blueprint: &Blueprint) -> Option<Vec<usize>> {
    let edges = edges(blueprint);
    let speaks = |device: usize| blueprint.segment(device).is_some_and(|it| it.speaks_spanning_tree());
    let mute: Vec<Edge> = edges.iter().filter(|(a, b)| !speaks(a.0) && !speaks(b.0)).copied().collect();
    if let Some(ring) = close(&[], &mute) {
        return Some(ring);
    }
    let deaf = (0..blueprint.len()).filter(|device| blueprint.segment(*device).is_some_and(|it| it.swallows_bpdus()));
    deaf.into_iter().find_map(|device| {
        let (own, others): (Vec<Edge>, Vec<Edge>) = edges.iter().partition(|(a, b)| a.0 == device || b.0 == device);
        close(&others, &own)
    })
}

type Edge = (Place, Place);

/// Which places the cables join. Two cables between the same places are two edges.
fn edges(blueprint: &Blueprint) -> Vec<Edge> {
    let mut edges = Vec::new();
    let vlans: BTreeSet<u16> = blueprint.vlans().chain([0]).collect();
    for [a, b] in blueprint.cable_ends() {
        let (Some(from), Some(to)) = (blueprint.segment(a.0), blueprint.segment(b.0)) else { continue };
        for vlan in &vlans {
            // What leaves one end in this VLAN, and where it is at the other.
            let Some(tag) = from.leaves_as(a.1, *vlan) else { continue };
            if let Some(there) = to.enters_as(b.1, tag) {
                edges.push(((a.0, *vlan), (b.0, there)));
            }
        }
    }
    edges
}

/// Adds `checked` to the places joined by `given`, edge by edge, until one closes a ring.
fn close(given: &[Edge], checked: &[Edge]) -> Option<Vec<usize>> {
    let mut neighbours: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    let join = |neighbours: &mut BTreeMap<Place, Vec<Place>>, (a, b): Edge| {
        neighbours.entry(a).or_default().push(b);
        neighbours.entry(b).or_default().push(a);
    };
    for edge in given {
        join(&mut neighbours, *edge);
    }
    for (a, b) in checked {
        if a == b {
            return Some(vec![a.0]);
        }
        if let Some(way) = way(&neighbours, *a, *b) {
            return Some(way.into_iter().map(|place| place.0).collect());
        }
        join(&mut neighbours, (*a, *b));
    }
    None
}

/// A way between two places, both included.
fn way(neighbours: &BTreeMap<Place, Vec<Place>>, from: Place, to: Place) -> Option<Vec<Place>> {
    let mut came_from: BTreeMap<Place, Place> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(place) = queue.pop_front() {
        if place == to {
            let mut way = vec![to];
            let mut at = to;
            while at != from {
                at = came_from[&at];
                way.push(at);
            }
            way.reverse();
            return Some(way);
        }
        for next in neighbours.get(&place).into_iter().flatten() {
            if *next != from && !came_from.contains_key(next) {
                came_from.insert(*next, place);
                queue.push_back(*next);
            }
        }
    }
    None
}

impl Segment<'_> {
    fn speaks_spanning_tree(&self) -> bool {
        matches!(self, Segment::Bridge(options) if options.stp.is_some())
    }

    fn swallows_bpdus(&self) -> bool {
        matches!(self, Segment::Bridge(options) if options.stp.is_none() && options.profile == BridgeProfile::Ieee)
    }

    /// The tag, 0 for none, with which frames of a VLAN leave by a port; `None` if they do not.
    fn leaves_as(&self, port: usize, vlan: u16) -> Option<u16> {
        match self {
            Segment::Bridge(options) if !options.vlans.is_empty() => {
                let role = &options.vlans[port];
                (vlan != 0 && role.carries(vlan)).then(|| if role.tags(vlan) { vlan } else { 0 })
            }
            _ => Some(vlan),
        }
    }

    /// The VLAN of frames that enter by a port with a tag, 0 for none; `None` if they may not.
    fn enters_as(&self, port: usize, tag: u16) -> Option<u16> {
        match self {
            Segment::Bridge(options) if !options.vlans.is_empty() => {
                options.vlans[port].classify((tag != 0).then_some(tag))
            }
            _ => Some(tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;

    fn ring(switches: &[&str], links: &str) -> Option<String> {
        let boxes: Vec<String> =
            switches.iter().enumerate().map(|(index, keys)| format!("[switch.s{}]\n{keys}\n", index + 1)).collect();
        let text = format!("title = \"t\"\nlinks = [{links}]\n{}[hub.hub]\n", boxes.concat());
        let scenario = Scenario::parse("t", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        scenario.warnings().first().cloned()
    }

    const TRIANGLE: &str = r#""s1.1 - s2.1", "s2.2 - s3.1", "s3.2 - s1.2""#;

    #[test]
    fn s33_a_ring_without_spanning_tree_is_warned_of() {
        let warning = ring(&["", "", ""], TRIANGLE).expect("a ring");
        assert!(warning.contains("s1 – s2 – s3 – s1"), "{warning}");
        assert!(ring(&["", ""], r#""s1.1 - s2.1", "s1.2 - s2.2""#).is_some(), "two cables are a ring");
        assert!(ring(&["", ""], r#""s1.1 - s2.1", "s1.2 - hub", "hub - s2.2""#).is_some(), "so is one with a hub");
        assert!(ring(&[""], r#""s1.1 - s1.2""#).is_some(), "and a cable from a switch to itself");
        assert_eq!(ring(&["", "", ""], r#""s1.1 - s2.1", "s2.2 - s3.1""#), None, "a chain is none");
    }

    #[test]
    fn s33_a_ring_that_spanning_tree_cuts_is_none() {
        let stp = "stp = \"rapid\"";
        assert_eq!(ring(&[stp, stp, stp], TRIANGLE), None);
        assert!(ring(&[stp, stp, ""], TRIANGLE).is_some(), "a switch without it swallows its messages");
        assert_eq!(ring(&[stp, stp, "profile = \"linux\""], TRIANGLE), None, "Linux lets them pass");
        assert_eq!(ring(&[stp], r#""s1.1 - hub", "s1.2 - hub""#), None, "so does a hub");
    }

    #[test]
    fn s33_a_ring_is_one_in_each_vlan_for_itself() {
        let all = "vlans = { 1 = \"trunk allowed 10,20\", 2 = \"trunk allowed 10,20\" }";
        let one = "vlans = { 1 = \"trunk allowed 10\", 2 = \"trunk allowed 20\" }";
        assert!(ring(&[all, all, all], TRIANGLE).is_some());
        assert_eq!(ring(&[all, all, one], TRIANGLE), None, "VLAN 10 ends at one side, VLAN 20 at the other");
    }
}
