//! The ledger: for each frame of the capture where it entered, every port it crossed, and how each copy ended (R10).

use std::collections::BTreeMap;

use super::Page;
use crate::analysis::{Analyzer, Judged, Notes};
use crate::base::text::harmless;
use crate::lang::{Lang, tell};
use crate::packet::{Meta, Packet, RawPacket};
use crate::render::ledger::line;
use crate::render::style::{DIM, HEADING, Paint};
use crate::render::text::{Detail, description};
use crate::render::topology::end;
use crate::sim::replay::{Capture, Entry, Fate, Replay};
use crate::sim::{EventKind, Record};
use crate::wire::LinkType;

/// Frames shown before the ledger says how many more there are.
const MAX_FRAMES: usize = 200;
/// Lines shown of one frame: in a loop it has millions.
const MAX_LINES: usize = 60;

impl Page<'_> {
    /// Appends the journey of one frame of the capture, or of each.
    pub fn ledger(&self, only: Option<u64>, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let replay = self.replay;
        let numbers = replay.numbers();
        let mut by_number: BTreeMap<u64, Vec<&Record>> = BTreeMap::new();
        for record in replay.engine.records().iter().filter(|record| record.frame != 0) {
            // What the simulation makes by itself has no number in the capture: it stands under 0.
            by_number.entry(numbers(record.frame).unwrap_or(0)).or_default().push(record);
        }
        let descriptions = describe(self.capture);
        let wanted = |entry: &&Entry| only.is_none_or(|number| number == entry.number);
        let mut shown = 0;
        for entry in replay.plan.entries.iter().filter(wanted) {
            shown += 1;
            if shown > MAX_FRAMES {
                continue;
            }
            let what = descriptions.get(&entry.number).map_or("", String::as_str);
            journey(replay, entry, what, by_number.get(&entry.number).map_or(&[], Vec::as_slice), self.paint, out);
            out.push(b'\n');
        }
        if shown > MAX_FRAMES {
            let text = tell!(lang, "… and {} more frames; --frame N shows one, --jsonl all\n", shown - MAX_FRAMES);
            out.extend_from_slice(text.as_bytes());
        }
        if let Some(number) = only.filter(|_| shown == 0) {
            let odd = self.capture.odd.iter().find(|(_, (_, first))| first.contains(&number));
            let text = match odd {
                Some((odd, _)) => {
                    tell!(lang, "packet {} of the capture did not enter: it {}\n", number, lang.retell(&odd.sentence()))
                }
                None => tell!(lang, "the capture has no packet {} that could enter\n", number),
            };
            out.extend_from_slice(text.as_bytes());
        }
        if let Some(made) = by_number.get(&0).filter(|_| only.is_none()) {
            out.extend_from_slice(self.paint.text(lang.say("made by the simulation itself\n"), HEADING).as_bytes());
            lines(replay, made, self.paint, out);
        }
    }
}

/// Appends the journey of one frame in a network that has not come to its end.
pub fn one_frame(replay: &Replay, capture: &Capture, number: u64, paint: Paint, out: &mut Vec<u8>) {
    let numbers = replay.numbers();
    let records: Vec<&Record> =
        replay.engine.records().iter().filter(|record| numbers(record.frame) == Some(number)).collect();
    let descriptions = describe(capture);
    if let Some(entry) = replay.plan.entries.iter().find(|entry| entry.number == number) {
        let what = descriptions.get(&number).map_or("", String::as_str);
        journey(replay, entry, what, &records, paint, out);
    }
}

fn journey(replay: &Replay, entry: &Entry, what: &str, records: &[&Record], paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let heading = tell!(lang, "packet {}  {}", entry.number, what);
    out.extend_from_slice(paint.text(heading.trim_end(), HEADING).as_bytes());
    out.push(b'\n');
    let engine = &replay.engine;
    let why = match entry.fate {
        Fate::Enters => {
            let place = entry.ingress.map_or_else(String::new, |(device, port)| end(engine, device, port));
            let beyond = if entry.from_origin { lang.say(", beyond the router that brought it") } else { "" };
            let cut = entry.pieces.map_or_else(String::new, |(_, count)| {
                tell!(lang, ", cut into {} segments as its card would have done", count)
            });
            tell!(lang, "enters at {}, the port of its sender{}{} [R4]", place, beyond, cut)
        }
        fate => tell!(lang, "does not enter: {}", fate_words(fate, lang)),
    };
    out.extend_from_slice(format!("  {}\n", paint.text(&why, DIM)).as_bytes());
    lines(replay, records, paint, out);
}

fn lines(replay: &Replay, records: &[&Record], paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let mut ends = [0u64; 3];
    for (index, record) in records.iter().enumerate() {
        match record.event {
            EventKind::Delivered => ends[0] += 1,
            EventKind::Filtered => ends[1] += 1,
            EventKind::Dropped => ends[2] += 1,
            _ => {}
        }
        if index < MAX_LINES {
            out.extend_from_slice(line(&replay.engine, record, paint).as_bytes());
        }
    }
    if records.len() > MAX_LINES {
        out.extend_from_slice(tell!(lang, "    … and {} more events\n", records.len() - MAX_LINES).as_bytes());
    }
    if !records.is_empty() {
        let [delivered, filtered, dropped] = ends;
        let flying =
            replay.engine.in_flight().filter(|(_, id)| records.iter().any(|record| record.frame == *id)).count();
        let flying = if flying > 0 { tell!(lang, ", {} still under way", flying) } else { String::new() };
        let sum =
            tell!(lang, "    copies: {} delivered, {} filtered, {} dropped{}", delivered, filtered, dropped, flying);
        out.extend_from_slice(paint.text(&sum, DIM).as_bytes());
        out.push(b'\n');
    }
}

/// Why a frame does not enter.
pub(super) fn fate_words(fate: Fate, lang: Lang) -> String {
    match fate {
        Fate::Enters => lang.say("enters").to_owned(),
        Fate::MirrorCopy { of } => tell!(lang, "the mirror port saw packet {} twice; this copy is evidence [R8]", of),
        Fate::OfSwitch => lang.say("the simulated switch sends such messages itself").to_owned(),
        Fate::Unmapped => lang.say("its sender has no place in the topology [R2]").to_owned(),
        Fate::Giant => lang.say("it is too long for the link of its sender (--offload drop) [R8]").to_owned(),
        Fate::CameBack => lang.say("the capture says it was received by its own sender [R8]").to_owned(),
    }
}

/// What each frame says, as the inspector reads it.
fn describe(capture: &Capture) -> BTreeMap<u64, String> {
    let mut analyzer = Analyzer::new();
    let mut notes = Notes::default();
    let mut all = BTreeMap::new();
    for frame in &capture.frames {
        let captured = &frame.octets()[..(frame.captured_len as usize).min(frame.octets().len())];
        let meta = Meta::new(frame.number, frame.at, LinkType::ETHERNET, frame.octets().len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes: captured });
        notes.clear();
        analyzer.observe(&packet, &mut notes);
        let judged = Judged { packet: &packet, notes: &notes.fresh, context: notes.context };
        let (protocol, text) = description(&judged, Detail::default());
        let text = if text.starts_with(protocol) { text } else { format!("{protocol} {text}") };
        all.insert(frame.number, harmless(&text).into_owned());
    }
    all
}
