//! JSON Lines: one object a packet, in the shape that `docs/OUTPUT.md` promises. Written by hand, for it runs for every
//! packet; reports go through serde_json.

mod layers;
mod object;
mod plain;

use self::object::{Object, key};
use super::phrase::Phrasebook;
use super::slate::{Overflowing, Slate, Surface};
use super::{Renderer, words};
use crate::analysis::{Judged, Note};
use crate::packet::{Direction, Remark, RemarkKind};
use crate::wire::{Frame, Issue, PlainV4};

/// Prints packets as JSON Lines.
#[derive(Debug, Default)]
pub struct JsonLines {
    slate: Slate<SLATE_LEN>,
    sentences: Sentences,
}

/// Octets that one object of each kind of layer takes up at most, and more.
const SLATE_LEN: usize = 4096;
/// Names and tags of more layers may be more than a slate can hold.
const FEW_LAYERS: usize = 16;

impl Renderer for JsonLines {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"netlab\":\"packets\",\"version\":1}\n");
    }

    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        self.write(judged, judged.packet.frame.plain_v4(), out);
    }

    fn is_free_of_order(&self) -> bool {
        true
    }

    fn add_notes(&mut self, notes: &[Note], has_notes: bool, out: &mut Vec<u8>) {
        let end: &[u8] = if has_notes { b"]}\n" } else { b"}\n" };
        out.truncate(out.len().saturating_sub(end.len()));
        out.extend_from_slice(if has_notes { b"," } else { b",\"notes\":[" });
        for (index, one) in notes.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.sentences.note(one, out);
        }
        out.extend_from_slice(b"]}\n");
    }

    fn remark(&mut self, remark: &Remark, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.word(
            key!("remark"),
            match remark.kind {
                RemarkKind::Comment => "comment",
                RemarkKind::Dropped(_) => "dropped",
                RemarkKind::Damage => "damage",
                RemarkKind::Note => "note",
            },
        );
        if let Some(number) = remark.packet {
            object.number(key!("packet"), number);
        }
        if let Some(at) = remark.at {
            object.number(key!("time_ns"), at.nanos());
        }
        if let RemarkKind::Dropped(count) = remark.kind {
            object.number(key!("dropped"), count);
        }
        string(object.key(key!("text")), &remark.text);
        object.close();
        out.push(b'\n');
    }

    fn late_note(&mut self, late: &Note, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.number(key!("correction_of"), late.packet);
        self.sentences.note(late, object.key(key!("note")));
        object.close();
        out.push(b'\n');
    }
}

impl JsonLines {
    /// Appends a packet; `plain` is the beginning of its frame, if its layers are to be written the quick way.
    fn write(&mut self, judged: &Judged<'_, '_>, plain: Option<PlainV4<'_>>, out: &mut Vec<u8>) {
        let meta = judged.packet.meta;
        let frame = &judged.packet.frame;
        let mut object = Object::open(&mut self.slate);
        object.number(key!("number"), meta.number);
        object.number(key!("time_ns"), meta.at.nanos());
        object.number(key!("captured_len"), frame.bytes().len() as u64);
        object.number(key!("wire_len"), meta.wire_len);
        object.word(key!("link"), meta.link.name());
        object.number(key!("interface"), meta.interface);
        match meta.direction {
            Some(Direction::Inbound) => object.word(key!("direction"), "in"),
            Some(Direction::Outbound) => object.word(key!("direction"), "out"),
            None => {}
        }
        match plain {
            Some(plain) => plain::write(frame, &plain, &mut self.slate),
            None => self.layers(frame, out),
        }
        let mut object = Object::go_on(&mut self.slate);
        if let Some(connection) = judged.context.connection {
            object.number(key!("connection"), connection);
        }
        self.slate.move_to(out);
        if !frame.issues().is_empty() {
            list(Object::go_on(out).key(key!("issues")), frame.issues(), issue);
        }
        // The notes come last, so that others can be added.
        if !judged.notes.is_empty() {
            let sentences = &mut self.sentences;
            list(Object::go_on(out).key(key!("notes")), judged.notes, |note, out| sentences.note(note, out));
        }
        out.add(b"}\n");
    }

    /// Its layers, of whatever kind they are.
    fn layers(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) {
        Object::go_on(&mut self.slate).key(key!("layers"));
        if frame.layers().len() <= FEW_LAYERS {
            layer_names(frame, &mut self.slate);
        } else {
            self.slate.move_to(out);
            layer_names(frame, out);
        }
        layers::write_ethernet(frame, &mut Object::go_on(&mut self.slate));
        if frame.vlans().next().is_some() {
            self.slate.move_to(out);
            layers::write_vlans(frame, &mut Object::go_on(out));
        }
        layers::write(frame, &mut Object::go_on(&mut self.slate));
    }
}

/// The names of all layers.
fn layer_names(frame: &Frame<'_>, out: &mut impl Surface) {
    for (index, located) in frame.layers().iter().enumerate() {
        out.add(if index == 0 { b"[\"" } else { b",\"" });
        out.add(located.layer.name().as_bytes());
        out.add(b"\"");
    }
    out.add(if frame.layers().is_empty() { b"[]" } else { b"]" });
}

fn list<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

/// What is needed to put notes into words.
#[derive(Debug, Default)]
struct Sentences {
    phrases: Phrasebook,
    slate: Slate,
}

impl Sentences {
    fn note(&mut self, note: &Note, out: &mut Vec<u8>) {
        let mut object = Object::open(&mut self.slate);
        object.word(key!("code"), note.code());
        object.word(key!("rule"), note.rule);
        object.word(key!("severity"), note.entry.severity.name());
        object.word(key!("confidence"), note.confidence.name());
        if note.pending {
            object.truth(key!("pending"), true);
        }
        object.key(key!("text"));
        self.slate.move_to(out);
        out.push(b'"');
        let start = out.len();
        self.phrases.write(&mut Overflowing::new(&mut self.slate, out), note);
        self.slate.move_to(out);
        // Without a way out in the middle many octets are looked at in one step.
        let needs_escapes =
            out[start..].iter().fold(false, |so_far, octet| so_far | matches!(octet, b'"' | b'\\' | 0..b' '));
        if needs_escapes {
            let sentence = out.split_off(start);
            out.pop();
            string(out, &String::from_utf8_lossy(&sentence));
        } else {
            out.push(b'"');
        }
        out.push(b'}');
    }
}

fn issue(issue: &Issue, out: &mut Vec<u8>) {
    let mut object = Object::open(out);
    object.word(key!("code"), issue.code.name());
    object.word(key!("layer"), issue.layer.name());
    object.number(key!("offset"), issue.at);
    object.number(key!("needed"), issue.needed);
    object.number(key!("present"), issue.present);
    if let Some(kind) = issue.set_by {
        object.word(key!("set_by"), kind.name());
    }
    string(object.key(key!("text")), &words::issue(issue));
    object.close();
}

/// Writes plain data as one JSON document, indented, with a line end.
///
/// # Errors
/// When `out` cannot be written: the shape of plain data with text keys cannot fail.
pub fn document(data: &impl serde::Serialize, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, data)?;
    out.write_all(b"\n")
}

/// Appends a JSON string.
pub fn string(out: &mut Vec<u8>, text: &str) {
    // serde_json escapes; writing a string into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Context, Entry, Severity};
    use crate::base::{Rng, Timestamp};
    use crate::packet::{Meta, Packet, RawPacket};
    use crate::render::samples::frame;
    use crate::wire::LinkType;

    static FIRST: Entry = Entry { code: "one", rule: "X1", severity: Severity::Note, line: "one", explanation: "" };
    static SECOND: Entry = Entry { code: "two", rule: "X2", severity: Severity::Note, line: "two", explanation: "" };

    #[test]
    fn notes_that_come_late_are_in_the_object_of_their_packet() {
        let meta = Meta::new(1, Timestamp::ZERO, LinkType::ETHERNET, 60);
        let packet = Packet::decode(RawPacket { meta, bytes: &[0; 5] });
        let (one, two) = (Note::new(&FIRST, 1, Timestamp::ZERO), Note::new(&SECOND, 1, Timestamp::ZERO));
        for (at_once, late) in [(vec![], vec![&one, &two]), (vec![&one], vec![&two])] {
            let (at_once, late): (Vec<Note>, Vec<Note>) =
                (at_once.into_iter().cloned().collect(), late.into_iter().cloned().collect());
            let (mut json, mut out) = (JsonLines::default(), Vec::new());
            let judged = Judged { packet: &packet, notes: &at_once, context: Context::default() };
            json.packet(&judged, &mut out);
            json.add_notes(&late, !at_once.is_empty(), &mut out);
            let object: serde_json::Value = serde_json::from_slice(&out).expect("one object");
            let codes: Vec<_> = object["notes"].as_array().expect("a list").iter().map(|note| &note["code"]).collect();
            assert_eq!(codes, ["one", "two"]);
            assert!(object["issues"].is_array());
        }
    }

    #[test]
    fn the_quick_way_writes_the_objects_of_the_other() {
        let mut rng = Rng::new(11);
        let mut taken = 0;
        for number in 1..=4000 {
            let bytes = frame(&mut rng);
            let wire_len = bytes.len() as u32 + if rng.percent(10.0) { rng.below(100) as u32 } else { 0 };
            let meta = Meta::new(number, Timestamp::from_nanos(rng.next_u64()), LinkType::ETHERNET, wire_len);
            let packet = Packet::decode(RawPacket { meta, bytes: &bytes });
            taken += u32::from(packet.frame.plain_v4().is_some());
            let context = Context { connection: rng.percent(50.0).then_some(number), ..Context::default() };
            let judged = Judged { packet: &packet, notes: &[], context };
            let (mut json, mut written, mut expected) = (JsonLines::default(), Vec::new(), Vec::new());
            json.packet(&judged, &mut written);
            json.write(&judged, None, &mut expected);
            assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&expected));
        }
        assert!((2000..4000).contains(&taken), "{taken}");
    }
}
