//! Where the packets of one capture go: to the terminal, into a file, into the report, or to several of them.

use std::io;
use std::ops::ControlFlow;

use super::record::Recorder;
use crate::analysis::{Capture, Judged, Note};
use crate::capture::live::Counts;
use crate::cli::analyze::Gathered;
use crate::cli::print::Printer;
#[cfg(feature = "tui")]
use crate::cli::tui::Viewer;
use crate::packet::Remark;
use crate::pipeline::Sink;

/// The outputs of a capture.
pub(super) struct Session<'a> {
    /// Lines on standard output.
    pub printer: Option<Printer<'a>>,
    /// The file of `-w`.
    pub recorder: Option<Recorder>,
    /// What the report is made of.
    pub report: Option<Material>,
    /// The live screen.
    #[cfg(feature = "tui")]
    pub viewer: Option<Viewer>,
}

/// What the report is made of.
#[derive(Debug)]
pub(super) struct Material {
    pub gathered: Gathered,
    pub capture: Capture,
}

impl Material {
    /// Nothing yet, captured on `interface`.
    pub fn new(interface: &str, link: &'static str) -> Material {
        let capture = Capture {
            file: interface.to_owned(),
            packets: 0,
            octets: 0,
            first_ns: None,
            last_ns: None,
            links: vec![link],
            cut: 0,
            dropped: 0,
            damage: None,
        };
        Material { gathered: Gathered::default(), capture }
    }

    fn packet(&mut self, judged: &Judged<'_, '_>) {
        let meta = judged.packet.meta;
        let at = meta.at.nanos();
        let capture = &mut self.capture;
        capture.packets += 1;
        capture.octets += u64::from(meta.wire_len);
        capture.first_ns = Some(capture.first_ns.map_or(at, |first| first.min(at)));
        capture.last_ns = Some(capture.last_ns.map_or(at, |last| last.max(at)));
    }

    /// Takes in what the kernel counted.
    pub fn count(&mut self, counts: &Counts) {
        self.capture.cut = counts.cut;
        self.capture.dropped = counts.dropped;
    }
}

impl Sink for Session<'_> {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        if let Some(recorder) = &mut self.recorder
            && !recorder.packet(judged)
        {
            return Ok(ControlFlow::Break(()));
        }
        if let Some(report) = &mut self.report {
            report.packet(judged);
            let _ = report.gathered.packet(judged)?;
        }
        #[cfg(feature = "tui")]
        if let Some(viewer) = &self.viewer {
            return Ok(viewer.packet(judged));
        }
        match &mut self.printer {
            Some(printer) => printer.packet(judged),
            None => Ok(ControlFlow::Continue(())),
        }
    }

    fn remark(&mut self, remark: &Remark) -> io::Result<()> {
        if let Some(recorder) = &mut self.recorder {
            recorder.remark(remark);
        }
        if let Some(report) = &mut self.report {
            report.gathered.remark(remark)?;
        }
        #[cfg(feature = "tui")]
        if let Some(viewer) = &self.viewer {
            viewer.remark(remark);
            return Ok(());
        }
        match &mut self.printer {
            Some(printer) => printer.remark(remark),
            None => {
                super::tell(remark);
                Ok(())
            }
        }
    }

    fn late_note(&mut self, note: &Note) -> io::Result<()> {
        if let Some(recorder) = &mut self.recorder {
            recorder.late_note(note);
        }
        if let Some(report) = &mut self.report {
            report.gathered.late_note(note)?;
        }
        #[cfg(feature = "tui")]
        if let Some(viewer) = &self.viewer {
            viewer.late_note(note);
        }
        self.printer.as_mut().map_or(Ok(()), |printer| printer.late_note(note))
    }

    fn idle(&mut self) -> io::Result<()> {
        if let Some(recorder) = &mut self.recorder
            && !recorder.idle()
        {
            // The recorder knows the sentence; this only ends the run.
            return Err(io::Error::other("the file cannot be written"));
        }
        self.printer.as_mut().map_or(Ok(()), Sink::idle)
    }
}
