//! A replay as JSON Lines: a header, one record an event, a summary. `frame` is the packet's number in the capture.

use std::io;

use serde_json::{Value as Json, json};

use super::Page;
use super::journeys::fate_words;
use crate::render::simulation::{json_record, json_summary_of};
use crate::render::topology::end;
use crate::sim::replay::{Difference, Fate};

impl Page<'_> {
    /// Writes the lines.
    ///
    /// # Errors
    /// When `out` cannot be written.
    pub fn json_lines(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut line = |value: &Json| {
            serde_json::to_writer(&mut *out, value)?;
            out.write_all(b"\n")
        };
        line(&self.json_header())?;
        let numbers = self.replay.numbers();
        for record in self.replay.engine.records() {
            let mut object = json_record(&self.replay.engine, record);
            if let Some(fields) = object.as_object_mut().filter(|_| record.frame != 0) {
                match numbers(record.frame) {
                    Some(number) => {
                        fields.insert("frame".into(), number.into());
                        if number != record.frame {
                            fields.insert("made_frame".into(), record.frame.into());
                        }
                    }
                    None => {
                        fields.remove("frame");
                        fields.insert("made_frame".into(), record.frame.into());
                    }
                }
            }
            line(&object)?;
        }
        line(&self.json_summary())
    }

    fn json_header(&self) -> Json {
        let engine = &self.replay.engine;
        let mut header = json!({
            "netlab": "replay", "version": 1, "file": self.file, "topology": self.topology, "seed": self.replay.seed,
            "lead_ns": self.replay.plan.lead_nanos,
        });
        if let Some((point, is_guess)) = self.replay.point {
            header["captured_at"] = end(engine, point.0, point.1).into();
            header["captured_at_is_guess"] = is_guess.into();
        }
        header
    }

    fn json_summary(&self) -> Json {
        let replay = self.replay;
        let engine = &replay.engine;
        let mut summary = json_summary_of(engine);
        let stations: Vec<Json> = replay
            .identities
            .stations
            .iter()
            .map(|station| {
                let addresses: Vec<String> = station.addresses.iter().map(|seen| seen.address.to_string()).collect();
                let mut object = json!({
                    "mac": station.mac, "class": station.class.name(), "addresses": addresses,
                    "frames": station.sent, "first": station.first.0, "last": station.last.0,
                });
                if let Some(place) = replay.mapping.of(station.mac) {
                    object["at"] = end(engine, place.device, place.port).into();
                    object["because"] = place.by.sentence().into();
                }
                object
            })
            .collect();
        let not_entered: Vec<Json> = replay
            .plan
            .entries
            .iter()
            .filter(|entry| entry.fate != Fate::Enters)
            .map(|entry| json!({"frame": entry.number, "why": fate_words(entry.fate, crate::lang::Lang::English)}))
            .collect();
        let odd: Vec<Json> = self
            .capture
            .odd
            .iter()
            .map(|(odd, (count, first))| json!({"reason": odd.code(), "packets": count, "first": first}))
            .collect();
        summary["stations"] = stations.into();
        summary["not_entered"] = not_entered.into();
        summary["odd"] = odd.into();
        let contradictions: Vec<Json> =
            replay.plan.contradictions.iter().map(|(number, text)| json!({"frame": number, "text": text})).collect();
        summary["contradictions"] = contradictions.into();
        let spared = replay.plan.before_point.iter().map(|(device, port)| Json::from(end(engine, *device, *port)));
        summary["faults_spared"] = spared.collect::<Vec<_>>().into();
        if let Some(comparison) = &replay.comparison {
            let list = |differences: &[Difference]| -> Vec<Json> {
                let one = |difference: &Difference| {
                    let mut object = json!({});
                    if difference.number != 0 {
                        object["frame"] = difference.number.into();
                    }
                    if !difference.what.is_empty() {
                        object["what"] = difference.what.as_str().into();
                    }
                    object
                };
                differences.iter().map(one).collect()
            };
            summary["comparison"] = json!({
                "expected": comparison.expected, "equal": comparison.equal, "on_time": comparison.on_time,
                "residual_ns": {"least": comparison.residual.0, "most": comparison.residual.1,
                                "mean_size": comparison.mean_residual},
                "different": list(&comparison.different), "missing": list(&comparison.missing),
                "extra": list(&comparison.extra),
                // The lists are cut short; these are the whole numbers.
                "counts": {"different": comparison.counts[0], "missing": comparison.counts[1],
                           "extra": comparison.counts[2]},
            });
        }
        summary
    }
}
