//! The page of a simulated run: the network drawn, and a film of what happened in it, step by step.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Shell;
use super::codes::Codes;
use crate::base::Timestamp;
use crate::base::text::harmless;
use crate::lang::{Lang, tell};
use crate::render::ledger;
use crate::render::simulation::{self, Descriptions, millis};
use crate::render::style::Paint;
use crate::render::topology::{self, NetworkMap, Outline};
use crate::sim::{Engine, EventKind, Film, FrameId, Reason, Run, Scenario, Table};

const STYLE: &str = concat!(include_str!("assets/common.css"), include_str!("assets/simulation.css"));
const SCRIPT: &str = concat!(
    include_str!("assets/common.js"),
    include_str!("assets/film.js"),
    include_str!("assets/stage.js"),
    include_str!("assets/simulation.js"),
);

/// Columns of the report in text that stands at the end of the page.
const REPORT_WIDTH: usize = 100;

/// A filmed run to be shown.
#[derive(Debug)]
pub struct FilmPage<'a> {
    /// What stands at the top.
    pub title: &'a str,
    /// A few sentences about it.
    pub story: &'a str,
    /// Sums: name and value.
    pub facts: Vec<(&'static str, String)>,
    /// What was expected, whether it was met, and what happened instead.
    pub expected: Vec<(String, bool, String)>,
    /// The report in text.
    pub report: Vec<u8>,
    /// The network as it is at the end.
    pub engine: &'a Engine,
    /// Its map.
    pub map: NetworkMap,
    /// What happened in it.
    pub film: &'a Film,
    /// What frames are called, if not by their own numbers.
    pub names: BTreeMap<FrameId, String>,
    /// The language of its readers.
    pub lang: Lang,
}

/// Appends the page of a scenario that was run.
pub fn simulation(scenario: &Scenario, run: &Run, film: &Film, lang: Lang, out: &mut Vec<u8>) {
    let engine = &run.engine;
    let mut report = Vec::new();
    simulation::report(scenario, run, REPORT_WIDTH, Paint::new(false).in_language(lang), &mut report);
    let expected = scenario.expectations().iter().zip(&run.outcomes);
    let told = simulation::told(scenario, lang);
    let page = FilmPage {
        title: told.map_or(scenario.title.as_str(), |(title, _)| title),
        story: told.map_or(scenario.story.trim(), |(_, story)| story),
        facts: facts(engine, run.seed),
        expected: expected
            .map(|(expectation, outcome)| {
                let instead = outcome.as_ref().err().cloned().unwrap_or_default();
                (
                    harmless(&expectation.line).into_owned(),
                    outcome.is_ok(),
                    harmless(&lang.retell(&instead)).into_owned(),
                )
            })
            .collect(),
        report,
        engine,
        map: NetworkMap::of(engine, lang),
        film,
        names: BTreeMap::new(),
        lang,
    };
    page.write(out);
}

/// The sums of a run.
pub fn facts(engine: &Engine, seed: u64) -> Vec<(&'static str, String)> {
    let books = engine.books();
    vec![
        ("until", millis(engine.last_deed())),
        ("frames made", books.injected.to_string()),
        ("copies", books.copies.to_string()),
        ("delivered", books.delivered.to_string()),
        ("filtered", books.filtered.to_string()),
        ("dropped", books.dropped.to_string()),
        ("under way", books.in_flight.to_string()),
        ("seed", seed.to_string()),
    ]
}

/// A kind of table and its rows, by their places.
type PageTable = (usize, Vec<usize>);

/// What the page is made from. Names are short where there are many.
#[derive(Serialize)]
struct Data<'a> {
    netlab: &'static str,
    version: u32,
    title: String,
    story: String,
    facts: &'a [(&'static str, String)],
    expected: &'a [(String, bool, String)],
    report: String,
    boxes: Vec<PageBox>,
    /// Ends of the cables: box, port, box, port.
    cables: Vec<[u32; 4]>,
    steps: Steps,
    records: Records,
    texts: Vec<String>,
    kinds: Vec<(&'static str, &'static str)>,
    /// Code, rule, sentence.
    reasons: Vec<(&'static str, &'static str, &'static str)>,
    hops: Hops,
    frames: Vec<PageFrame>,
    /// Step, box, and its tables: each a kind of table and its rows.
    snapshots: Vec<(usize, u32, Vec<PageTable>)>,
    tables: Vec<(&'static str, Vec<&'static str>)>,
    rows: Vec<Vec<String>>,
    codes: Codes,
    /// What happened after the film's end: events, and until when in nanoseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfilmed: Option<(u64, u64)>,
}

#[derive(Serialize)]
struct PageBox {
    name: String,
    kind: &'static str,
    addresses: Vec<String>,
    ports: Vec<String>,
}

/// The steps as columns.
#[derive(Default, Serialize)]
struct Steps {
    /// Nanoseconds since the step before.
    t: Vec<u64>,
    /// Records of each.
    n: Vec<usize>,
}

/// The records as columns.
#[derive(Default, Serialize)]
struct Records {
    /// Kind of event.
    e: Vec<u8>,
    /// Box.
    d: Vec<u32>,
    /// Port, or −1.
    p: Vec<i32>,
    /// Frame, or 0.
    f: Vec<u64>,
    /// Reason.
    w: Vec<u8>,
    /// Text.
    x: Vec<usize>,
    /// Further lines: record and texts.
    l: Vec<(usize, Vec<usize>)>,
    /// Rules other than the reason's: record and text.
    r: Vec<(usize, usize)>,
}

/// The ways over links as columns.
#[derive(Default, Serialize)]
struct Hops {
    f: Vec<u64>,
    /// Box and port where it begins.
    a: Vec<(u32, u16)>,
    /// Box and port where it ends.
    b: Vec<(u32, u16)>,
    /// Step of departure.
    l: Vec<usize>,
    /// Step of arrival, or 0.
    r: Vec<usize>,
    /// Hops that the link loses.
    x: Vec<usize>,
}

#[derive(Serialize)]
struct PageFrame {
    id: u64,
    name: String,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    /// Code, text, rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<(usize, String, &'static str)>,
}

impl FilmPage<'_> {
    /// Appends the page.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut texts = Texts::default();
        let lang = self.lang;
        let mut codes = Codes::new(lang);
        let (engine, film) = (self.engine, self.film);
        let (steps, records) = self.columns(&mut texts);
        let mut tables = Texts::default();
        let mut rows = Texts::default();
        let snapshots = film.snapshots.iter().map(|snapshot| {
            let kept = snapshot.tables.iter().map(|table| {
                let columns = columns_of(table);
                let heads = columns.iter().map(|column| table.heads[*column]).collect::<Vec<_>>();
                let cells = |row: &Vec<String>| {
                    columns.iter().map(|column| harmless(&lang.retell(&row[*column])).into_owned()).collect::<Vec<_>>()
                };
                (tables.place((table.name, heads)), table.rows.iter().map(|row| rows.place(cells(row))).collect())
            });
            (snapshot.step, snapshot.device.0, kept.collect())
        });
        let snapshots = snapshots.collect();
        let filmed = film.steps.last().map_or(0, |step| step.records.end);
        let unfilmed = film.was_cut.then(|| {
            (engine.records().len().saturating_sub(filmed) as u64 + engine.records_lost(), engine.last_deed().nanos())
        });
        let data = Data {
            netlab: "film",
            version: 1,
            title: harmless(self.title).into_owned(),
            story: self.story.lines().map(|line| harmless(line).into_owned()).collect::<Vec<_>>().join("\n"),
            facts: &self.facts,
            expected: &self.expected,
            report: String::from_utf8_lossy(&self.report).into_owned(),
            boxes: self.boxes(),
            cables: self
                .map
                .cables
                .iter()
                .map(|cable| {
                    let [(a, a_port), (b, b_port)] = cable.ends;
                    [a.0, u32::from(a_port.0), b.0, u32::from(b_port.0)]
                })
                .collect(),
            steps,
            records,
            kinds: EventKind::ALL.iter().map(|kind| (kind.name(), lang.say(meaning(*kind)))).collect(),
            reasons: std::iter::once(Reason::None)
                .chain(Reason::all())
                .map(|reason| (reason.code(), reason.rule(), lang.say(reason.sentence())))
                .collect(),
            hops: self.hops(),
            frames: self.frames(&mut codes),
            snapshots,
            texts: texts.list,
            tables: tables.list,
            rows: rows.list,
            codes,
            unfilmed,
        };
        let mut markup = b"<div id=\"drawing\" hidden>\n".to_vec();
        topology::svg(&self.map, lang.say("the network"), Outline::Wide, &mut markup);
        topology::svg(&self.map, lang.say("the network"), Outline::Tall, &mut markup);
        markup.extend_from_slice(b"</div>\n");
        Shell { title: &data.title, style: STYLE, script: SCRIPT, markup: &markup, lang }.write(&data, out);
    }

    fn boxes(&self) -> Vec<PageBox> {
        let ports = |index: usize| {
            let device = crate::sim::DeviceId(index as u32);
            let ports = (0..self.engine.port_count(device)).map(|port| crate::sim::PortId(port as u16));
            ports.map(|port| self.engine.port_name(device, port).to_owned()).collect()
        };
        let boxes = self.map.boxes.iter().enumerate();
        boxes
            .map(|(index, one)| PageBox {
                name: one.name.clone(),
                kind: one.kind,
                addresses: one.addresses.clone(),
                ports: ports(index),
            })
            .collect()
    }

    fn columns(&self, texts: &mut Texts<String>) -> (Steps, Records) {
        let (mut steps, mut columns) = (Steps::default(), Records::default());
        let mut before = 0;
        for step in &self.film.steps {
            steps.t.push(step.at.nanos().saturating_sub(before));
            before = step.at.nanos();
            steps.n.push(step.records.len());
            for record in &self.engine.records()[step.records.clone()] {
                let place = columns.e.len();
                columns.e.push(EventKind::ALL.iter().position(|kind| *kind == record.event).unwrap_or(0) as u8);
                columns.d.push(record.device.0);
                columns.p.push(record.port.map_or(-1, |port| i32::from(port.0)));
                columns.f.push(record.frame);
                columns.w.push(record.reason as u8);
                columns.x.push(texts.place(ledger::said(record, self.lang).trim_start().to_owned()));
                if let Some(rule) = record.fact_text("rule").filter(|rule| *rule != record.reason.rule()) {
                    columns.r.push((place, texts.place(harmless(rule).into_owned())));
                }
                let detail = record.detail();
                let lines = detail.iter().flat_map(|detail| &detail.lines);
                let lines: Vec<usize> =
                    lines.map(|line| texts.place(harmless(&self.lang.retell(line)).into_owned())).collect();
                if !lines.is_empty() {
                    columns.l.push((place, lines));
                }
            }
        }
        (steps, columns)
    }

    fn hops(&self) -> Hops {
        let mut hops = Hops::default();
        for (place, hop) in self.film.hops.iter().enumerate() {
            hops.f.push(hop.frame);
            hops.a.push((hop.from.0.0, hop.from.1.0));
            hops.b.push((hop.to.0.0, hop.to.1.0));
            hops.l.push(hop.leaves);
            hops.r.push(hop.arrives.unwrap_or(0));
            if hop.is_lost {
                hops.x.push(place);
            }
        }
        hops
    }

    fn frames(&self, codes: &mut Codes) -> Vec<PageFrame> {
        let records = &self.engine.records()[..self.film.steps.last().map_or(0, |step| step.records.end)];
        let mut parents: BTreeMap<FrameId, Option<u64>> = BTreeMap::new();
        for record in records.iter().filter(|record| record.frame != 0) {
            let parent = parents.entry(record.frame).or_default();
            *parent = parent.or_else(|| record.fact_count("from_frame"));
        }
        // Nobody reads what passed after the film.
        let end = self.film.steps.last().map_or(Timestamp::ZERO, |step| step.at);
        let end = if self.film.was_cut { end } else { Timestamp::from_nanos(u64::MAX) };
        let descriptions = Descriptions::until(self.engine, end);
        parents
            .into_iter()
            .map(|(id, from)| PageFrame {
                id,
                name: self.names.get(&id).cloned().unwrap_or_else(|| tell!(self.lang, "frame {}", id)),
                says: harmless(&descriptions.of(id).unwrap_or_default()).into_owned(),
                from,
                notes: (descriptions.notes(id).iter())
                    .map(|note| (codes.place(note.entry, note.rule), codes.line(note), note.rule))
                    .collect(),
            })
            .collect()
    }
}

/// Columns of a table that a page shows: ages change all the time and are left out.
fn columns_of(table: &Table) -> Vec<usize> {
    (0..table.heads.len()).filter(|column| table.heads[*column] != "last seen").collect()
}

/// Values, each once.
struct Texts<T> {
    list: Vec<T>,
    places: BTreeMap<T, usize>,
}

impl<T> Default for Texts<T> {
    fn default() -> Texts<T> {
        Texts { list: Vec::new(), places: BTreeMap::new() }
    }
}

impl<T: Ord + Clone> Texts<T> {
    fn place(&mut self, value: T) -> usize {
        if let Some(place) = self.places.get(&value) {
            return *place;
        }
        self.places.insert(value.clone(), self.list.len());
        self.list.push(value);
        self.list.len() - 1
    }
}

/// What a kind of event is, for a student.
fn meaning(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Sent => {
            "A box puts a copy of the frame on its link. It leaves when the wire is free, takes the time that its length needs at the link's rate, and then the link's delay (B7)."
        }
        EventKind::Received => {
            "The whole frame has arrived at the port. Only now does the box look at it: store and forward (B7)."
        }
        EventKind::Learned => {
            "A switch looks at the source address of every frame: whoever sent it must live behind the port on which it arrived. It writes that into its table (B2)."
        }
        EventKind::Moved => {
            "The switch knew this address behind another port. It believes the newest frame and changes its table (B2). In a loop that happens again and again."
        }
        EventKind::Aged => {
            "An address that was silent for too long is taken out of the table: the machine may be gone or plugged in elsewhere (B5)."
        }
        EventKind::Flooded => {
            "The frame goes out of every port but the one on which it came: it is for all, or nobody knows behind which port its destination lives (B4)."
        }
        EventKind::Forwarded => {
            "The table knows behind which port the destination lives, so only that port sends it (B4)."
        }
        EventKind::Filtered => {
            "The box rightly takes no notice: a card looks at the destination address first, and the frame is for somebody else."
        }
        EventKind::Dropped => "The frame ends here, though somebody may have wanted it. The reason says why.",
        EventKind::Delivered => {
            "The box takes the frame in: it, or the packet inside, has reached somebody for whom it is."
        }
        EventKind::Arp => {
            "What a node knows of its neighbours' MAC addresses changes: asked, answered, confirmed or given up (RFC 826; IPv6: RFC 4861)."
        }
        EventKind::Route => {
            "A node decides where a packet goes next: the route with the longest prefix that fits its destination wins (RFC 1812 §5.2.4.3)."
        }
        EventKind::Nat => {
            "A router replaces addresses and ports, and remembers which ones, so that answers find back (RFC 3022)."
        }
        EventKind::State => "Something goes into another state: a connection, a cable, a lease.",
        EventKind::Call => {
            "A program calls its operating system: a socket call with its arguments, and what it returned."
        }
        EventKind::Stp => {
            "Switches agree on a tree without loops: a port changes its role or state (IEEE 802.1D, 802.1Q)."
        }
        EventKind::Expect => "What the scenario expects.",
        EventKind::Note => "A remark of a box about what it does.",
    }
}
