//! What of a capture is not as plain as the rest: frames that did not enter, or not as they were captured (R2, R6, R8).

use std::collections::BTreeMap;

use super::journeys::fate_words;
use super::{Page, some_numbers, stations};
use crate::analysis::Severity;
use crate::lang::tell;
use crate::render::style::severity;
use crate::render::topology::end;
use crate::sim::replay::Fate;

impl Page<'_> {
    /// Appends them, if there are any.
    pub(super) fn not_entered(&self, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let replay = self.replay;
        let mut text = Vec::new();
        let mut by_fate: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for entry in replay.plan.entries.iter().filter(|entry| entry.fate != Fate::Enters) {
            let words = match entry.fate {
                Fate::MirrorCopy { .. } => {
                    lang.say("a mirror port saw them twice: the copy is evidence, not input [R8]").to_owned()
                }
                fate => fate_words(fate, lang),
            };
            by_fate.entry(words).or_default().push(entry.number);
        }
        for (why, numbers) in &by_fate {
            let frames = lang.count(numbers.len() as u64, "frame");
            let line = format!("{frames}: {why} ({})\n", some_numbers(numbers, 10, lang));
            text.extend_from_slice(line.as_bytes());
        }
        stations::odd(self.capture, self.paint, &mut text);
        for (number, sentence) in replay.plan.contradictions.iter().take(20) {
            let line = tell!(lang, "contradiction in packet {}: {}", number, lang.retell(sentence));
            text.extend_from_slice(self.paint.text(&line, severity(Severity::Error)).as_bytes());
            text.push(b'\n');
        }
        if replay.plan.contradiction_count > 20 {
            text.extend_from_slice(tell!(lang, "… and {} more\n", replay.plan.contradiction_count - 20).as_bytes());
        }
        for (why, count) in &replay.plan.not_from_origin {
            text.extend_from_slice(
                tell!(lang, "{} entered at the router after all: {}\n", lang.count(*count, "packet"), lang.retell(why))
                    .as_bytes(),
            );
        }
        if replay.plan.split > 0 {
            let line = tell!(
                lang,
                "{} longer than the link may carry: cut into segments as a card would do (--offload) [R8]\n",
                lang.count(replay.plan.split, "frame")
            );
            text.extend_from_slice(line.as_bytes());
        }
        if replay.plan.uncut > 0 {
            let line = tell!(
                lang,
                "{} longer than the link may carry, and nothing that a card cuts (neither TCP nor plain UDP): entered \
                 whole, so the first link drops them [R8]\n",
                lang.count(replay.plan.uncut, "frame")
            );
            text.extend_from_slice(line.as_bytes());
        }
        let cut = self.capture.frames.iter().filter(|frame| frame.was_cut()).count() as u64;
        if cut > 0 {
            let line = tell!(
                lang,
                "{} cut by the capture: filled with zeros to their length on the wire, so their checksums say nothing [R8]\n",
                lang.count(cut, "frame")
            );
            text.extend_from_slice(line.as_bytes());
        }
        let made = self.capture.frames.iter().filter(|frame| frame.made_macs).count() as u64;
        if made > 0 {
            let line = tell!(lang, "{} came without MAC addresses: they were made [R8]\n", lang.count(made, "frame"));
            text.extend_from_slice(line.as_bytes());
        }
        let fcs = self.capture.frames.iter().filter(|frame| frame.had_fcs).count() as u64;
        if fcs > 0 {
            let line =
                tell!(lang, "{} had a stored check sequence, which was taken off [R8]\n", lang.count(fcs, "frame"));
            text.extend_from_slice(line.as_bytes());
        }
        for (count, what) in [
            (
                self.capture.wrong_fcs,
                "had a stored check sequence that does not fit: damaged when they were captured [R8]",
            ),
            (self.capture.no_fcs, "had no check sequence, though the file says so of their interface [R8]"),
        ] {
            if count > 0 {
                text.extend_from_slice(format!("{} {}\n", lang.count(count, "frame"), lang.say(what)).as_bytes());
            }
        }
        if self.capture.backwards > 0 {
            let line = tell!(
                lang,
                "{} earlier than the one before: sorted by time\n",
                lang.count(self.capture.backwards, "frame")
            );
            text.extend_from_slice(line.as_bytes());
        }
        if replay.plan.moved > 0 {
            let line = tell!(
                lang,
                "{} later than back-dating asked, to keep the order of their sender [R6]\n",
                lang.count(replay.plan.moved, "frame")
            );
            text.extend_from_slice(line.as_bytes());
        }
        if !replay.plan.before_point.is_empty() {
            let ports: Vec<String> = replay
                .plan
                .before_point
                .iter()
                .take(8)
                .map(|(device, port)| end(&replay.engine, *device, *port))
                .collect();
            let more = replay.plan.before_point.len().saturating_sub(8);
            let more = if more > 0 { tell!(lang, " and {} more", more) } else { String::new() };
            let line = tell!(
                lang,
                "faults do not strike what leaves {}{}: it was seen where the capture was taken, so it did arrive [R6]\n",
                ports.join(", "),
                more
            );
            text.extend_from_slice(line.as_bytes());
        }
        for (device, port) in &replay.plan.no_way {
            let line = tell!(
                lang,
                "no way leads from {} to where the capture was taken: its frames enter at the time of the file\n",
                end(&replay.engine, *device, *port)
            );
            text.extend_from_slice(line.as_bytes());
        }
        if !text.is_empty() {
            self.heading("Not as plain as the rest", out);
            out.extend_from_slice(&text);
        }
    }
}
