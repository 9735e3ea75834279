//! Who is who in a capture, and what of it cannot be replayed.

use crate::base::text::harmless;
use crate::lang::{Lang, tell};
use crate::packet::RemarkKind;
use crate::render::style::{DIM, HEADING, Paint};
use crate::render::table::Table as Grid;
use crate::sim::replay::{Capture, Identities};

/// Appends who is who in a capture.
pub fn stations(all: &Identities, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let mut grid = Grid::new(width, paint, &["station", "class", "addresses", ">sent", ">received", "why"])
        .whole(&[0, 1])
        .at_most(200);
    for station in &all.stations {
        let mut addresses: Vec<String> = station
            .addresses
            .iter()
            .take(4)
            .map(|seen| if seen.claimed { format!("{}!", seen.address) } else { seen.address.to_string() })
            .collect();
        let more = (station.addresses.len() as u64 + station.more_addresses).saturating_sub(4);
        if more > 0 {
            addresses.push(tell!(lang, "and {} more", more));
        }
        grid.row([
            station.mac.to_string(),
            lang.say(station.class.name()).to_owned(),
            addresses.join(" "),
            station.sent.to_string(),
            station.received.to_string(),
            lang.retell(&station.why).into_owned(),
        ]);
    }
    grid.write(out);
    let mut lines = String::from(lang.say("! claimed by ARP or neighbour discovery\n"));
    for subnet in &all.subnets {
        lines.push_str(&tell!(lang, "subnet {} ({})\n", subnet.prefix, lang.retell(subnet.origin.sentence())));
    }
    for sign in &all.nat {
        lines.push_str(&tell!(lang, "NAT? {}\n", lang.retell(sign)));
    }
    match &all.point {
        Some((mac, why)) => lines.push_str(&tell!(lang, "taken at {}: {} (guess)\n", mac, lang.retell(why))),
        None => lines.push_str(lang.say("taken on a hub or at a mirror port: it saw frames between others (guess)\n")),
    }
    if all.not_kept > 0 {
        lines.push_str(&tell!(lang, "{} frames were of MAC addresses beyond those kept\n", all.not_kept));
    }
    out.extend_from_slice(lines.as_bytes());
}

/// Appends the packets that cannot stand on a wire.
pub fn odd(capture: &Capture, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    for (odd, (count, first)) in &capture.odd {
        let line = tell!(lang, "{} cannot be replayed: {}", lang.count(*count, "packet"), lang.retell(&odd.sentence()));
        out.extend_from_slice(paint.text(&line, HEADING).as_bytes());
        let numbers = numbers(first, *count, lang);
        out.extend_from_slice(paint.text(&format!(" ({numbers})\n"), DIM).as_bytes());
    }
    // Comments of single packets are for those who read the packets.
    for remark in capture.remarks.iter().filter(|remark| remark.kind != RemarkKind::Comment) {
        out.extend_from_slice(tell!(lang, "the capture says: {}\n", harmless(&remark.text)).as_bytes());
    }
}

/// `packet 3`, `packets 1, 2, 9 and 40 more`.
pub(super) fn numbers(first: &[u64], count: u64, lang: Lang) -> String {
    let shown: Vec<String> = first.iter().map(u64::to_string).collect();
    let more = count - first.len() as u64;
    let more = if more > 0 { tell!(lang, " and {} more", more) } else { String::new() };
    match count {
        1 => tell!(lang, "packet {}", shown.join(", ")),
        _ => tell!(lang, "packets {}{}", shown.join(", "), more),
    }
}
