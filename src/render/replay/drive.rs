//! Conversations driven anew: for each what was captured, what came of it in the topology, and the ratio (R9).

use std::fmt::Write as _;
use std::io;

use serde_json::{Value as Json, json};

use crate::analysis::Severity;
use crate::lang::{Lang, tell};
use crate::render::simulation::{json_record, json_summary_of};
use crate::render::style::{HEADING, Paint, severity};
use crate::render::table::Table as Grid;
use crate::sim::device::explain_errno;
use crate::sim::replay::{Driven, DrivenTalk, Measure};
use crate::sim::{EventKind, Reason};

/// Conversations shown.
const MAX_ROWS: usize = 200;

/// Appends the comparison.
pub fn drive(driven: &Driven, width: usize, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let engine = &driven.engine;
    let done = driven.talks.iter().filter(|talk| talk.simulated.is_some()).count();
    let heading = tell!(
        lang,
        "{} of {} driven anew through live hosts; each cell: captured → simulated (ratio)",
        done,
        lang.count(driven.talks.len() as u64, "conversation")
    );
    out.extend_from_slice(paint.text(&heading, HEADING).as_bytes());
    out.push(b'\n');
    let heads = ["packet", "conversation", "segments", "resent", "handshake", "duration"];
    let mut grid = Grid::new(width, paint, &heads).at_most(MAX_ROWS).whole(&[0]);
    for talk in driven.talks.iter().filter(|talk| talk.simulated.is_some()) {
        let Some(simulated) = talk.simulated else { continue };
        let captured = talk.talk.measure;
        let [initiator, responder] = talk.talk.ends;
        let kind = if talk.talk.is_tcp { "tcp" } else { "udp" };
        let sum = |pair: [u64; 2]| pair[0] + pair[1];
        grid.row([
            talk.talk.first_packet.to_string(),
            format!("{kind} {initiator} → {responder}"),
            counts(sum(captured.segments), sum(simulated.segments)),
            match talk.talk.is_tcp {
                true => counts(sum(captured.retransmits), sum(simulated.retransmits)),
                false => String::new(),
            },
            match (captured.handshake_nanos, simulated.handshake_nanos) {
                (None, None) => String::new(),
                (a, b) => spans(a, b),
            },
            spans(Some(captured.duration_nanos), Some(simulated.duration_nanos)),
        ]);
    }
    if !grid.is_empty() {
        grid.write(out);
    }
    let changed = driven.talks.iter().filter(|talk| is_changed(talk)).count();
    let slower = driven.talks.iter().filter(|talk| takes_another_time(talk)).count();
    let mut text = String::new();
    let verdict = match changed {
        0 if done > 0 && slower == 0 => paint.text(
            lang.say("no difference: as many segments, as many resent, in the same time"),
            severity(Severity::Chat),
        ),
        0 if done > 0 => {
            tell!(
                lang,
                "as many segments and as many resent; of {}, {} took another time (ratio beyond 1 %)",
                done,
                slower
            )
        }
        0 => lang.say("nothing could be driven").to_owned(),
        1 => lang.say("1 conversation differs in segments or resent segments").to_owned(),
        _ => tell!(lang, "{} conversations differ in segments or resent segments", changed),
    };
    let _ = writeln!(text, "{verdict}");
    troubles(driven, lang, &mut text);
    for talk in driven.talks.iter().filter(|talk| talk.left_out.is_some()).take(20) {
        let [initiator, responder] = talk.talk.ends;
        let why = talk.left_out.unwrap_or_default();
        let _ = writeln!(
            text,
            "{}",
            tell!(
                lang,
                "not driven: packet {}, {} → {}: {}",
                talk.talk.first_packet,
                initiator,
                responder,
                lang.retell(why)
            )
        );
    }
    let left_out = driven.talks.iter().filter(|talk| talk.left_out.is_some()).count();
    if left_out > 20 {
        let _ = writeln!(text, "{}", tell!(lang, "… and {} more not driven; --jsonl lists them", left_out - 20));
    }
    if driven.not_kept > 0 {
        let _ = writeln!(
            text,
            "{}",
            tell!(lang, "{} of conversations beyond those kept", lang.count(driven.not_kept, "packet"))
        );
    }
    if driven.without_source > 0 {
        let what = lang.count(driven.without_source, "datagram");
        let _ = writeln!(
            text,
            "{}",
            tell!(lang, "{} of hosts that had no address yet (0.0.0.0): not driven, as nobody could answer", what)
        );
    }
    if driven.fragments > 0 {
        let what = lang.count(driven.fragments, "datagram");
        let _ = writeln!(text, "{}", tell!(lang, "{} with fragments that the capture has not: not driven", what));
    }
    for device in engine.devices() {
        for reason in Reason::all() {
            match engine.deed_count(device, EventKind::Dropped, reason) {
                0 => {}
                count => {
                    let name = engine.name(device);
                    let _ = writeln!(
                        text,
                        "{}",
                        tell!(lang, "{} dropped {}: {} [{}]", name, count, lang.say(reason.sentence()), reason.rule())
                    );
                }
            }
        }
    }
    let books = engine.books();
    let _ = writeln!(
        text,
        "{}",
        tell!(
            lang,
            "{} made; {} copies = {} delivered + {} filtered + {} dropped + {} under way [R11]",
            lang.count(books.injected, "frame"),
            books.copies,
            books.delivered,
            books.filtered,
            books.dropped,
            books.in_flight
        )
    );
    out.extend_from_slice(text.as_bytes());
}

/// Conversations listed of one kind.
const MAX_LISTED: usize = 20;

/// What the hosts could not do as they did in the capture.
fn troubles(driven: &Driven, lang: Lang, text: &mut String) {
    let ended: Vec<_> = driven.talks.iter().filter(|talk| talk.error.is_some()).collect();
    for talk in ended.iter().take(MAX_LISTED) {
        let Some((side, errno)) = &talk.error else { continue };
        let [initiator, responder] = talk.talk.ends;
        let who = side.name();
        let _ = writeln!(
            text,
            "{}",
            tell!(
                lang,
                "packet {}, {} → {}: the {} could not go on: {}",
                talk.talk.first_packet,
                initiator,
                responder,
                lang.say(who),
                lang.retell(&explain_errno(errno))
            )
        );
    }
    if ended.len() > MAX_LISTED {
        let _ = writeln!(
            text,
            "{}",
            tell!(lang, "… and {} more that could not go on; --jsonl lists them", ended.len() - MAX_LISTED)
        );
    }
    let given_up: u64 = driven.talks.iter().map(|talk| talk.given_up).sum();
    if given_up > 0 {
        let talks = driven.talks.iter().filter(|talk| talk.given_up > 0).count() as u64;
        let _ = writeln!(
            text,
            "{}",
            tell!(
                lang,
                "{} waited for in vain in {}: the hosts went on without (a responder without answering what never came)",
                lang.count(given_up, "datagram"),
                lang.count(talks, "conversation")
            )
        );
    }
}

fn is_changed(talk: &DrivenTalk) -> bool {
    let captured = talk.talk.measure;
    let differs =
        |simulated: Measure| simulated.segments != captured.segments || simulated.retransmits != captured.retransmits;
    talk.simulated.is_some_and(differs)
}

/// True if handshake or duration differ by more than a hundredth.
fn takes_another_time(talk: &DrivenTalk) -> bool {
    let far = |captured: u64, simulated: u64| captured.abs_diff(simulated) > captured / 100;
    let captured = talk.talk.measure;
    talk.simulated.is_some_and(|simulated| {
        let handshakes = (captured.handshake_nanos.unwrap_or(0), simulated.handshake_nanos.unwrap_or(0));
        far(handshakes.0, handshakes.1) || far(captured.duration_nanos, simulated.duration_nanos)
    })
}

fn counts(captured: u64, simulated: u64) -> String {
    if captured == simulated { captured.to_string() } else { format!("{captured} → {simulated}") }
}

fn spans(captured: Option<u64>, simulated: Option<u64>) -> String {
    let words = |nanos: Option<u64>| nanos.map_or_else(|| "none".to_owned(), millis);
    let ratio = match (captured, simulated) {
        (Some(captured), Some(simulated)) if captured > 0 => {
            format!(" (×{:.3})", simulated as f64 / captured as f64)
        }
        _ => String::new(),
    };
    if captured == simulated {
        return words(captured);
    }
    format!("{} → {}{ratio}", words(captured), words(simulated))
}

fn millis(nanos: u64) -> String {
    format!("{:.3} ms", nanos as f64 / 1e6)
}

/// The drive as JSON Lines.
///
/// # Errors
/// When `out` cannot be written.
pub fn drive_json(driven: &Driven, file: &str, topology: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let mut line = |value: &Json| {
        serde_json::to_writer(&mut *out, value)?;
        out.write_all(b"\n")
    };
    line(&json!({
        "netlab": "replay", "version": 1, "file": file, "topology": topology, "seed": driven.seed, "drive": true,
    }))?;
    for record in driven.engine.records() {
        line(&json_record(&driven.engine, record))?;
    }
    let measure = |measure: &Measure| {
        let mut object = json!({
            "segments": {"initiator": measure.segments[0], "responder": measure.segments[1]},
            "retransmits": {"initiator": measure.retransmits[0], "responder": measure.retransmits[1]},
            "duration_ns": measure.duration_nanos,
        });
        if let Some(handshake) = measure.handshake_nanos {
            object["handshake_ns"] = handshake.into();
        }
        object
    };
    let talks: Vec<Json> = driven
        .talks
        .iter()
        .map(|talk| {
            let end = |index: usize| {
                json!({"address": talk.talk.ends[index].ip().to_string(), "port": talk.talk.ends[index].port()})
            };
            let mut object = json!({
                "first_packet": talk.talk.first_packet, "protocol": if talk.talk.is_tcp { "tcp" } else { "udp" },
                "initiator": end(0), "responder": end(1), "captured": measure(&talk.talk.measure),
            });
            if let Some(simulated) = &talk.simulated {
                object["simulated"] = measure(simulated);
            }
            if talk.talk.to_group {
                object["to_group"] = true.into();
            }
            if let Some(why) = talk.left_out {
                object["not_driven"] = why.into();
            }
            if talk.given_up > 0 {
                object["given_up"] = talk.given_up.into();
            }
            if let Some((side, errno)) = &talk.error {
                object["error"] = json!({"side": side.name(), "errno": errno});
            }
            object
        })
        .collect();
    let mut summary = json_summary_of(&driven.engine);
    summary["conversations"] = talks.into();
    for (key, number) in [
        ("conversations_not_kept", driven.not_kept),
        ("datagrams_without_source", driven.without_source),
        ("datagrams_incomplete", driven.fragments),
    ] {
        summary[key] = number.into();
    }
    line(&summary)
}
