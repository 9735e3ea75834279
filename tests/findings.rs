//! Who has a use for findings only gets the same ones, with the same evidence, as who takes every note.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use netlab::analysis::{Analyzer, Findings, Judged, Note, Wanted};
use netlab::capture::{OpenOptions, open};
use netlab::pipeline::{Patience, Sink, run};

struct Gathered {
    wanted: Wanted,
    findings: Findings,
    notes: usize,
}

impl Sink for Gathered {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        self.notes += judged.notes.len();
        judged.notes.iter().for_each(|note| self.findings.add(note));
        Ok(ControlFlow::Continue(()))
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        self.findings.add(note);
        Ok(())
    }

    fn wanted(&self) -> Wanted {
        self.wanted
    }
}

fn gather(path: &Path, wanted: Wanted) -> (String, String, usize) {
    let mut gathered = Gathered { wanted, findings: Findings::default(), notes: 0 };
    let mut source = open(&[path], &OpenOptions::default()).expect("a capture of the project");
    let mut analyzer = Analyzer::new();
    run(&mut source, None, &mut analyzer, &mut gathered, Patience::Hold).expect("a whole capture");
    let report = serde_json::to_string(&analyzer.into_report()).expect("plain data");
    (format!("{:#?}", gathered.findings.in_order()), report, gathered.notes)
}

#[test]
fn findings_and_report_do_not_depend_on_what_else_is_wanted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let (mut captures, mut more, mut fewer, mut found) = (0, 0, 0, 0);
    let mut waiting = vec![folder];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).expect("a folder of captures");
            waiting.extend(entries.map(|entry| entry.expect("an entry").path()));
        }
        if !path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng") {
            continue;
        }
        let (all, report, notes) = gather(&path, Wanted::All);
        let (findings, same, made) = gather(&path, Wanted::Findings);
        assert_eq!(all, findings, "{}", path.display());
        assert_eq!(report, same, "{}", path.display());
        captures += 1;
        more += notes;
        fewer += made;
        found += usize::from(all != "[]");
    }
    assert!(captures > 40 && found > 20, "{captures} captures, {found} with findings");
    assert!(fewer * 2 < more, "{fewer} notes were made, of {more}: nothing is spared");
}
