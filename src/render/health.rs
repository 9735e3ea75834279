//! The health of a capture for people: said before any finding (rule P9).

use super::number::{octets, span};
use super::page::Sheet;
use crate::analysis::HealthReport;
use crate::lang::tell;

/// Appends the section.
pub fn write(health: &HealthReport, sheet: &mut Sheet<'_>) {
    if health.packets == 0 {
        return;
    }
    let lang = sheet.lang();
    sheet.heading("Health of the capture");
    let (packets, len) = (lang.count(health.packets, "packet"), octets(health.octets));
    let mut facts = vec![match health.span_ns {
        0 => tell!(lang, "{} with {}", packets, len),
        nanos => tell!(lang, "{} with {} in {}", packets, len, span(nanos)),
    }];
    let mut fact = |number: u64, text: String| {
        if number > 0 {
            facts.push(text);
        }
    };
    fact(health.cut, tell!(lang, "{} cut short by the snap length", health.cut));
    fact(health.malformed, tell!(lang, "{} malformed", health.malformed));
    fact(health.loopback, tell!(lang, "{} on a loopback interface", health.loopback));
    fact(health.kernel_drops, tell!(lang, "{} lost by the capturing side", health.kernel_drops));
    let duplicates = health.duplicates;
    if duplicates.all() > 0 {
        let kinds = [
            (duplicates.identical, "identical"),
            (duplicates.routed, "seen on both sides of a router"),
            (duplicates.retagged, "with another VLAN tag"),
            (duplicates.loopback, "doubled by the loopback interface"),
        ];
        let kinds: Vec<String> = kinds
            .iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, kind)| tell!(lang, "{0} {1}", number, lang.say(kind)))
            .collect();
        facts.push(tell!(lang, "{} recorded twice ({})", duplicates.all(), lang.list(&kinds)));
    }
    sheet.say(&tell!(lang, "{}.", lang.series(&facts)));
    let sums = health.checksums;
    let mut said = vec![tell!(lang, "{} right", sums.good)];
    let mut sum = |number: u64, text: &str| {
        if number > 0 {
            said.push(tell!(lang, "{} {}", number, lang.say(text)));
        }
    };
    sum(sums.partial, "left to the sender's network card");
    sum(sums.bad_at_source, "wrong as everything from their sender, so left to its card too");
    sum(sums.bad, "wrong");
    sum(sums.header_bad, "wrong in the IPv4 header");
    sum(sums.absent, "without one, or not computable");
    if said.len() > 1 || sums.good > 0 {
        sheet.say(&tell!(lang, "Checksums of TCP, UDP and ICMP: {}.", lang.list(&said)));
    }
    if health.unpadded > 0 {
        sheet.say(&tell!(
            lang,
            "{} below 60 octets: seen before the card filled them up, so this host sent them.",
            lang.count(health.unpadded, "frame")
        ));
    }
    if health.doubts.is_empty() {
        sheet.say("Nothing in the capture itself speaks against the findings.");
    }
    for doubt in &health.doubts {
        sheet.say(&tell!(lang, "! {}.", capital(&lang.retell(&doubt.text))));
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
