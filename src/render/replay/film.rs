//! A replay as a page: the network drawn, and a film of what happened to the frames of the capture in it.

use std::collections::BTreeMap;

use super::{Page, drive};
use crate::base::text::harmless;
use crate::lang::{Lang, tell};
use crate::render::html::{self, FilmPage};
use crate::render::style::Paint;
use crate::render::topology::NetworkMap;
use crate::sim::replay::Driven;
use crate::sim::{Engine, Film, RunOptions, Scenario};

/// Columns of the report in text.
const REPORT_WIDTH: usize = 100;

impl Page<'_> {
    /// Appends the page. `network` is the topology before stations took places in it, which still knows its addresses.
    pub fn html(&self, network: &Engine, out: &mut Vec<u8>) {
        let replay = self.replay;
        let mut report = Vec::new();
        let lang = self.paint.lang();
        Page { width: REPORT_WIDTH, paint: Paint::new(false).in_language(lang), ..*self }.report(&mut report);
        let none = Film::default();
        let numbers = replay.numbers();
        let mut names = BTreeMap::new();
        for record in replay.engine.records().iter().filter(|record| record.frame != 0) {
            let name = || match numbers(record.frame) {
                Some(number) => tell!(lang, "packet {}", number),
                None => tell!(lang, "frame {}", record.frame),
            };
            names.entry(record.frame).or_insert_with(name);
        }
        let (file, topology) = (harmless(self.file), harmless(self.topology));
        FilmPage {
            title: &tell!(lang, "{} through {}", file, topology),
            story: lang.say("Each frame of the capture enters at the port of its sender, at its own time, and the simulated network does \
                    with it what its rules say. Frames bear the packet numbers of the capture."),
            facts: html::facts(&replay.engine, replay.seed),
            expected: Vec::new(),
            report,
            engine: &replay.engine,
            map: NetworkMap::of(network, lang),
            film: replay.film.as_ref().unwrap_or(&none),
            names,
            lang,
        }
        .write(out);
    }
}

/// Appends the page of a drive.
pub fn drive_html(driven: &Driven, file: &str, scenario: &Scenario, lang: Lang, out: &mut Vec<u8>) {
    let mut report = Vec::new();
    drive(driven, REPORT_WIDTH, Paint::new(false).in_language(lang), &mut report);
    let none = Film::default();
    FilmPage {
        title: &tell!(lang, "{} driven anew through {}", harmless(file), harmless(&scenario.name)),
        story: lang.say("Programs on live hosts say what the capture says, and the simulated network carries it. What changed against the \
                capture stands in the report."),
        facts: html::facts(&driven.engine, driven.seed),
        expected: Vec::new(),
        report,
        engine: &driven.engine,
        map: NetworkMap::of(&scenario.network(&RunOptions::default()), lang),
        film: driven.film.as_ref().unwrap_or(&none),
        names: BTreeMap::new(),
        lang,
    }
    .write(out);
}
