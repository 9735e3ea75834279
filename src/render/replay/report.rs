//! The report of a replay for people (R10): who is where, what did not enter, what the switches learned, where copies
//! ended, how full the links were, and the comparison with the capture.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Page, span};
use crate::analysis::Severity;
use crate::base::text::harmless;
use crate::lang::tell;
use crate::render::page::{pad, pad_left};
use crate::render::simulation::{millis, reason_words};
use crate::render::style::{DIM, HEADING, severity};
use crate::render::table::Table as Grid;
use crate::render::topology::{self, end};
use crate::sim::replay::{Comparison, Difference, Fate};
use crate::sim::{DeviceId, EventKind, PortId, Reason, Stopped, Value};

/// Lines of the time line within the report.
const TIMELINE: usize = 24;
/// Differences of one kind shown one by one.
const SHOWN: usize = 8;

impl Page<'_> {
    /// Appends the whole report.
    pub fn report(&self, out: &mut Vec<u8>) {
        self.head(out);
        self.places(out);
        self.not_entered(out);
        self.timeline(TIMELINE, out);
        self.switches(out);
        self.routers(out);
        self.ends(out);
        self.links(out);
        self.compared(out);
        self.books(out);
    }

    pub(super) fn heading(&self, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\n");
        out.extend_from_slice(self.paint.text(self.paint.lang().say(text), HEADING).as_bytes());
        out.push(b'\n');
    }

    fn head(&self, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let frames = self.capture.frames.len() as u64;
        let entered = self.replay.count(|fate| fate == Fate::Enters);
        let line = tell!(
            lang,
            "{} through {}: {} of {} enter, each at the port of its sender\n",
            harmless(self.file),
            harmless(self.topology),
            entered,
            lang.count(frames, "frame")
        );
        out.extend_from_slice(self.paint.text(line.trim_end(), HEADING).as_bytes());
        out.extend_from_slice(b"\n\n");
        topology::write(&self.replay.engine, self.paint, out);
    }

    fn places(&self, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let replay = self.replay;
        self.heading("Who is where", out);
        let mut grid =
            Grid::new(self.width, self.paint, &["station", "class", "addresses", ">frames", "is", "because"])
                .whole(&[0, 1])
                .at_most(60);
        for station in &replay.identities.stations {
            let mut addresses: Vec<String> =
                station.addresses.iter().take(2).map(|seen| seen.address.to_string()).collect();
            if station.addresses.len() > 2 {
                addresses.push(tell!(lang, "and {} more", station.addresses.len() - 2));
            }
            let (place, because) = match replay.mapping.of(station.mac) {
                Some(place) => {
                    (end(&replay.engine, place.device, place.port), lang.retell(&place.by.sentence()).into_owned())
                }
                None if station.sent == 0 => {
                    (lang.say("nowhere").to_owned(), lang.say("never speaks, so nothing is lost").to_owned())
                }
                None => (lang.say("nowhere").to_owned(), lang.say("has no place: its frames do not enter").to_owned()),
            };
            grid.row([
                station.mac.to_string(),
                lang.say(station.class.name()).to_owned(),
                addresses.join(" "),
                station.sent.to_string(),
                place,
                because,
            ]);
        }
        grid.write(out);
        if let Some((point, is_guess)) = replay.point {
            let guess = match (is_guess, &replay.identities.point) {
                (true, Some((_, why))) => tell!(lang, " (guess: {})", lang.retell(why)),
                _ => String::new(),
            };
            let text = tell!(lang, "The capture was taken at {}{}.\n", end(&replay.engine, point.0, point.1), guess);
            out.extend_from_slice(text.as_bytes());
        } else {
            out.extend_from_slice(
                lang.say("Where the capture was taken is not known, so there is nothing to compare with and frames enter at the \
                  time of the file: --captured-at DEVICE.PORT tells.\n")
                .as_bytes(),
            );
        }
        if replay.plan.lead_nanos > 0 {
            let text = tell!(
                lang,
                "Frames left their senders before they were seen there: the replay begins {} before the first frame.\n",
                span(replay.plan.lead_nanos as i64).trim_start_matches('+')
            );
            out.extend_from_slice(text.as_bytes());
        }
        if replay.rewriter.is_some() {
            let text = tell!(lang, "{} replaced (--rewrite).\n", lang.count(replay.plan.rewritten, "address"));
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// Appends what changed in the tables of switches and stations, in the order of time.
    pub fn timeline(&self, most: usize, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let engine = &self.replay.engine;
        let numbers = self.replay.numbers();
        let mut lines = Vec::new();
        let mut left_out = 0;
        for record in engine.records() {
            let mac = match record.fact("mac") {
                Some(Value::Mac(mac)) => mac.to_string(),
                _ => String::new(),
            };
            let port = record.port.map(|port| engine.port_name(record.device, port)).unwrap_or_default();
            let text = match record.event {
                EventKind::Learned => tell!(lang, "learns {} is behind port {}", mac, port),
                EventKind::Moved => {
                    tell!(
                        lang,
                        "{} moved from port {} to port {}",
                        mac,
                        record.fact_count("from_port").unwrap_or(0),
                        port
                    )
                }
                EventKind::Aged => tell!(lang, "forgets {}", mac),
                EventKind::Arp if !record.text().is_empty() => lang.retell(record.text()).into_owned(),
                EventKind::Note if !record.text().is_empty() => lang.retell(record.text()).into_owned(),
                EventKind::Stp => lang.retell(record.text()).into_owned(),
                _ => continue,
            };
            if lines.len() >= most {
                left_out += 1;
                continue;
            }
            let packet = match record.frame {
                0 => String::new(),
                id => numbers(id).map_or_else(|| "-".to_owned(), |number| number.to_string()),
            };
            lines.push((
                millis(record.at),
                packet,
                engine.name(record.device).to_owned(),
                text,
                reason_words(self.paint.lang(), record),
            ));
        }
        if lines.is_empty() {
            return;
        }
        self.heading("What changed in the tables", out);
        let head = format!(
            "{}  {}  {} {}\n",
            pad_left(lang.say("time"), 14),
            pad_left(lang.say("packet"), 6),
            pad(lang.say("box"), 10),
            lang.say("what")
        );
        out.extend_from_slice(self.paint.text(head.trim_end(), DIM).as_bytes());
        out.push(b'\n');
        for (time, packet, name, text, why) in lines {
            let line =
                format!("{time:>14}  {packet:>6}  {name:<10} {} {}", harmless(&text), self.paint.text(&why, DIM));
            out.extend_from_slice(line.trim_end().as_bytes());
            out.push(b'\n');
        }
        if left_out > 0 {
            let text = tell!(lang, "… and {} more; --view timeline shows all\n", left_out);
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn switches(&self, out: &mut Vec<u8>) {
        let engine = &self.replay.engine;
        let switches: Vec<DeviceId> =
            engine.devices().filter(|device| matches!(engine.device(*device).kind(), "switch" | "hub")).collect();
        if switches.is_empty() {
            return;
        }
        self.heading("What the switches did", out);
        let heads = [
            "box",
            ">received",
            ">forwarded",
            ">flooded",
            "flooded because",
            ">filtered",
            ">learned",
            ">moved",
            ">aged",
            ">dropped",
        ];
        let mut grid = Grid::new(self.width, self.paint, &heads).at_most(60);
        for device in switches {
            let mut because = Vec::new();
            let mut flooded = 0;
            for reason in Reason::all() {
                match engine.deed_count(device, EventKind::Flooded, reason) {
                    0 => {}
                    count => {
                        flooded += count;
                        because.push(format!("{count} {}", reason.code()));
                    }
                }
            }
            let counter = |name| engine.device(device).counter(name);
            let plain = |name| counter(name).map_or_else(|| "-".to_owned(), |count: u64| count.to_string());
            let received = counter("received").or_else(|| counter("repeated")).unwrap_or(0);
            grid.row([
                engine.name(device).to_owned(),
                received.to_string(),
                plain("forwarded"),
                flooded.to_string(),
                because.join(", "),
                plain("filtered"),
                plain("learned"),
                plain("moved"),
                plain("aged"),
                plain("dropped"),
            ]);
        }
        grid.write(out);
    }

    fn routers(&self, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let replay = self.replay;
        let engine = &replay.engine;
        let mut text = String::new();
        for device in engine.devices().filter(|device| engine.device(*device).kind() == "router") {
            let name = engine.name(device);
            if replay.live.contains(&device) {
                let count = |event, reason| engine.deed_count(device, event, reason);
                let routed = count(EventKind::Delivered, Reason::Routed) + count(EventKind::Forwarded, Reason::Routed);
                let _ =
                    write!(text, "{}", tell!(lang, "{} is alive: it forwarded {}", name, lang.count(routed, "packet")));
                for reason in Reason::all() {
                    match count(EventKind::Dropped, reason) {
                        0 => {}
                        dropped => {
                            let _ = write!(text, "{}", tell!(lang, ", dropped {} ({})", dropped, reason.code()));
                        }
                    }
                }
                match engine.device(device).counter("held-back") {
                    None | Some(0) => {}
                    Some(held) => {
                        let _ = write!(
                            text,
                            "{}",
                            tell!(lang, "; held back {} that the capture contains already [R7]", held)
                        );
                    }
                }
                text.push('\n');
            } else {
                let taken = engine.device(device).counter("for-others").unwrap_or(0);
                let sent = replay.plan.entries.iter().filter(|e| e.ingress.is_some_and(|(at, _)| at == device)).count();
                let _ = writeln!(
                    text,
                    "{}",
                    tell!(
                        lang,
                        "{} is a mute stand-in: it took in {} for others, and {} entered at its ports as it had sent \
                     them; --remote origin lets it route itself [R5]",
                        name,
                        lang.count(taken, "packet"),
                        lang.count(sent as u64, "frame")
                    )
                );
            }
        }
        let alive = replay.live.iter().filter(|device| engine.device(**device).kind() != "router");
        for device in alive {
            let held = engine.device(*device).counter("held-back").unwrap_or(0);
            let _ = writeln!(
                text,
                "{}",
                tell!(
                    lang,
                    "{} is alive; {} held back because the capture contains the same [R7]",
                    engine.name(*device),
                    lang.count(held, "frame")
                )
            );
        }
        if !text.is_empty() {
            self.heading("Routers, and who is alive", out);
            out.extend_from_slice(text.as_bytes());
        }
    }

    /// Where copies ended for another reason than that they arrived.
    fn ends(&self, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let engine = &self.replay.engine;
        let mut ports: BTreeMap<(DeviceId, Reason), BTreeMap<PortId, u64>> = BTreeMap::new();
        for record in engine.records().iter().filter(|record| record.event == EventKind::Dropped) {
            if let Some(port) = record.port {
                *ports.entry((record.device, record.reason)).or_default().entry(port).or_default() += 1;
            }
        }
        let mut grid =
            Grid::new(self.width, self.paint, &["box", "copies", ">times", "rule", "why", "ports"]).at_most(60);
        for event in [EventKind::Dropped, EventKind::Filtered] {
            let word = if event == EventKind::Dropped { "dropped" } else { "filtered" };
            for device in engine.devices() {
                for reason in Reason::all() {
                    let count = engine.deed_count(device, event, reason);
                    if count == 0 {
                        continue;
                    }
                    let at = ports.get(&(device, reason)).filter(|_| event == EventKind::Dropped);
                    let at = at.map_or_else(String::new, |ports| {
                        let shown: Vec<String> = ports
                            .iter()
                            .take(6)
                            .map(|(port, count)| format!("{}: {count}", engine.port_name(device, *port)))
                            .collect();
                        shown.join(", ")
                    });
                    grid.row([
                        engine.name(device).to_owned(),
                        lang.say(word).to_owned(),
                        count.to_string(),
                        reason.rule().to_owned(),
                        format!("{}: {}", reason.code(), lang.say(reason.sentence())),
                        at,
                    ]);
                }
            }
        }
        if !grid.is_empty() {
            self.heading("Where copies ended, and why", out);
            grid.write(out);
        }
    }

    fn links(&self, out: &mut Vec<u8>) {
        let engine = &self.replay.engine;
        let elapsed = engine.last_deed().nanos().max(1);
        let mut rows = Vec::new();
        for device in engine.devices() {
            for port in (0..engine.port_count(device)).map(|port| PortId(port as u16)) {
                let (Some((options, counters)), Some(peer)) = (engine.link(device, port), engine.peer(device, port))
                else {
                    continue;
                };
                if counters.frames > 0 {
                    rows.push((counters.queue_drops, counters.busy_nanos, device, port, peer, options, counters));
                }
            }
        }
        rows.sort_by_key(|row| (std::cmp::Reverse((row.0, row.1)), row.2, row.3));
        if rows.is_empty() {
            return;
        }
        self.heading("How full the links were", out);
        let heads = ["from", "to", "rate", ">frames", ">octets", ">load", ">longest queue", ">queue drops"];
        let mut grid = Grid::new(self.width, self.paint, &heads).at_most(16);
        for (_, busy, device, port, peer, options, counters) in rows {
            grid.row([
                end(engine, device, port),
                end(engine, peer.0, peer.1),
                topology::rate(options.rate_bps),
                counters.frames.to_string(),
                counters.octets.to_string(),
                format!("{:.2} %", (busy as f64 / elapsed as f64 * 100.0).min(100.0)),
                counters.queue_peak.to_string(),
                counters.queue_drops.to_string(),
            ]);
        }
        grid.write(out);
    }

    fn compared(&self, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let Some(comparison) = &self.replay.comparison else { return };
        let Some(point) = comparison.point else { return };
        let name = end(&self.replay.engine, point.0, point.1);
        self.heading(&tell!(lang, "Compared with the capture at {}", name), out);
        let mut text = String::new();
        let verdict = match comparison.is_exact() {
            true => self.paint.text(lang.say("equal, to the octet and to the nanosecond"), severity(Severity::Chat)),
            false => tell!(
                lang,
                "{} of {} with equal octets, {} different, {} missing, {} extra",
                comparison.equal,
                lang.count(comparison.expected, "frame"),
                comparison.counts[0],
                comparison.counts[1],
                comparison.counts[2]
            ),
        };
        let _ = writeln!(text, "{verdict}");
        self.residual(comparison, &mut text);
        if comparison.of_switches.0 > 0 {
            let _ = writeln!(
                text,
                "{}",
                tell!(
                    lang,
                    "{} of switches in the capture, {} of them sent alike by the simulated ones",
                    lang.count(comparison.of_switches.0, "message"),
                    comparison.of_switches.1
                )
            );
        }
        for (word, list, count) in [
            ("different", &comparison.different, comparison.counts[0]),
            ("missing", &comparison.missing, comparison.counts[1]),
            ("extra", &comparison.extra, comparison.counts[2]),
        ] {
            for difference in list.iter().take(SHOWN) {
                let what = self.difference(word, difference);
                let packet = match difference.number {
                    0 => lang.say("a frame").to_owned(),
                    number => tell!(lang, "packet {}", number),
                };
                let _ =
                    writeln!(text, "  {}: {packet}{}{what}", lang.say(word), if what.is_empty() { "" } else { ": " });
            }
            if count > SHOWN as u64 {
                let _ = writeln!(
                    text,
                    "{}",
                    tell!(lang, "  … and {} more {}; --jsonl lists them", count - SHOWN as u64, lang.say(word))
                );
            }
        }
        out.extend_from_slice(text.as_bytes());
    }

    fn residual(&self, comparison: &Comparison, text: &mut String) {
        let lang = self.paint.lang();
        let seen = comparison.equal + comparison.counts[0];
        if seen == 0 || self.replay.plan.entries.is_empty() {
            return;
        }
        let (least, most) = comparison.residual;
        if (least, most) == (0, 0) {
            let _ = writeln!(text, "{}", tell!(lang, "every frame is there at the very time at which it was captured"));
            return;
        }
        let _ = writeln!(
            text,
            "{}",
            tell!(
                lang,
                "time against the capture: {} of {} exact, from {} to {} (packet {}), {} on average",
                comparison.on_time,
                seen,
                span(least),
                span(most),
                comparison.latest,
                span(comparison.mean_residual.round() as i64).trim_start_matches('+')
            )
        );
    }

    /// What differs; for a missing frame, how its copies ended.
    fn difference(&self, word: &str, difference: &Difference) -> String {
        let lang = self.paint.lang();
        if word != "missing" {
            return lang.retell(&difference.what).into_owned();
        }
        let engine = &self.replay.engine;
        let numbers = self.replay.numbers();
        let mut ends: Vec<String> = Vec::new();
        for record in engine.records().iter().filter(|record| record.event.ends_a_copy()) {
            if numbers(record.frame) == Some(difference.number) && ends.len() < 3 {
                let place = record
                    .port
                    .map_or_else(|| engine.name(record.device).to_owned(), |port| end(engine, record.device, port));
                ends.push(tell!(lang, "{} at {} ({})", lang.say(record.event.name()), place, record.reason.code()));
            }
        }
        ends.join(", ")
    }

    fn books(&self, out: &mut Vec<u8>) {
        let lang = self.paint.lang();
        let replay = self.replay;
        let books = replay.engine.books();
        self.heading("Books", out);
        let mut text = tell!(
            lang,
            "{} entered or were made; {} = {} delivered + {} filtered + {} dropped + {} under way [R11]\n",
            lang.count(books.injected, "frame"),
            lang.count(books.copies, "copy"),
            books.delivered,
            books.filtered,
            books.dropped,
            books.in_flight
        );
        if replay.stopped == Stopped::TimeIsUp && books.in_flight > 0 {
            text.push_str(lang.say(
                "The network did not come to rest: copies still circled when the replay was stopped. A ring without \
                 spanning tree does that.\n",
            ));
        }
        if replay.engine.records_lost() > 0 {
            let _ = writeln!(
                text,
                "{}",
                tell!(lang, "{} events were not kept: there were too many", replay.engine.records_lost())
            );
        }
        out.extend_from_slice(text.as_bytes());
    }
}
