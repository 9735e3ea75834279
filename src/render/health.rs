//! The health of a capture for people: said before any finding (rule P9).

use super::number::{octets, span};
use super::page::{Sheet, count};
use crate::analysis::HealthReport;

/// Appends the section.
pub fn write(health: &HealthReport, sheet: &mut Sheet<'_>) {
    if health.packets == 0 {
        return;
    }
    sheet.heading("Health of the capture");
    let mut facts =
        vec![format!("{} with {} in {}", count(health.packets, "packet"), octets(health.octets), span(health.span_ns))];
    let mut fact = |number: u64, text: String| {
        if number > 0 {
            facts.push(text);
        }
    };
    fact(health.cut, format!("{} cut short by the snap length", health.cut));
    fact(health.malformed, format!("{} malformed", health.malformed));
    fact(health.loopback, format!("{} on a loopback interface", health.loopback));
    fact(health.kernel_drops, format!("{} lost by the capturing side", health.kernel_drops));
    let duplicates = health.duplicates;
    if duplicates.all() > 0 {
        let kinds = [
            (duplicates.identical, "identical"),
            (duplicates.routed, "seen on both sides of a router"),
            (duplicates.retagged, "with another VLAN tag"),
            (duplicates.loopback, "doubled by the loopback interface"),
        ];
        let kinds: Vec<String> =
            kinds.iter().filter(|(number, _)| *number > 0).map(|(number, kind)| format!("{number} {kind}")).collect();
        facts.push(format!("{} recorded twice ({})", duplicates.all(), kinds.join(", ")));
    }
    sheet.say(&format!("{}.", facts.join("; ")));
    let sums = health.checksums;
    let mut said = vec![format!("{} right", sums.good)];
    let mut sum = |number: u64, text: &str| {
        if number > 0 {
            said.push(format!("{number} {text}"));
        }
    };
    sum(sums.partial, "left to the sender's network card");
    sum(sums.bad_at_source, "wrong as everything from their sender, so left to its card too");
    sum(sums.bad, "wrong");
    sum(sums.header_bad, "wrong in the IPv4 header");
    sum(sums.absent, "without one, or not computable");
    sheet.say(&format!("Checksums of TCP, UDP and ICMP: {}.", said.join(", ")));
    if health.unpadded > 0 {
        sheet.say(&format!(
            "{} below 60 octets: seen before the card filled them up, so this host sent them.",
            count(health.unpadded, "frame")
        ));
    }
    if health.doubts.is_empty() {
        sheet.say("Nothing in the capture itself speaks against the findings.");
    }
    for doubt in &health.doubts {
        sheet.say(&format!("! {}.", capital(&doubt.text)));
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
