//! `netlab capture [IFACE] [FILTER…]`: live packets, one annotated line each, or into a file.

mod arguments;
mod choice;
mod record;
mod rights;
mod session;

use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;

pub use arguments::Arguments;

use self::record::Recorder;
use self::session::{Material, Session};
use super::print::{PrintOptions, Printer};
#[cfg(feature = "tui")]
use super::tui::{Screen, Viewer};
use super::{Failure, Output, filters, interfaces};
use crate::analysis::Analyzer;
use crate::base::text::harmless;
use crate::capture::live::{Counts, Live, OpenError, Options};
use crate::filter::capture::Target;
#[cfg(feature = "tui")]
use crate::lang::Lang;
use crate::packet::{Remark, RemarkKind};
use crate::pipeline::{self, Patience, RunError};
use crate::render::report::{self, Document};

pub(super) fn run(arguments: &Arguments, output: &mut Output) -> Result<(), Failure> {
    if arguments.list_interfaces {
        return interfaces::run(&interfaces::Arguments::default(), output);
    }
    arguments.check()?;
    if arguments.shows_screen() && !(output.is_terminal() && io::stdin().is_terminal()) {
        return Err(Failure::Usage("--tui needs a terminal: standard input and output are to be one".to_owned()));
    }
    arguments.print.check(arguments.print.display.display()?.as_ref())?;
    let plan = rights::plan(arguments)?;
    let Some(mut live) = open(arguments, output)? else { return Ok(()) };
    rights::give_up(&plan)?;
    let mut recorder =
        Recorder::create(arguments, &live).map_err(|failure| match (failure, rights::writing_as(&plan)) {
            (Failure::CouldNot(sentence), Some(hint)) => Failure::CouldNot(format!("{sentence} ({hint})")),
            (failure, _) => failure,
        })?;
    say_listening(&live, output);
    let result = match &mut recorder {
        Some(recorder) if !recorder.needs_notes() && !needs_analysis(arguments) => {
            recorder.copy(&mut live).map_err(RunError::Source)
        }
        _ => analyze(arguments, &mut live, &mut recorder, output),
    };
    say_closing_lines(&live.counts());
    // The file is completed whatever happened before.
    let recorded = recorder.map_or(Ok(()), Recorder::finish);
    match result {
        Ok(()) => recorded,
        Err(RunError::Source(error)) => recorded.and(Err(Failure::CouldNot(error.to_string()))),
        Err(RunError::Output(error)) => recorded.and(Err(error.into())),
    }
}

/// True if packets must be looked into for what is shown of them.
fn needs_analysis(arguments: &Arguments) -> bool {
    arguments.prints() || arguments.report || arguments.shows_screen()
}

/// Opens the capture, which is all that needs rights; `None` if only the filter was to be explained.
fn open(arguments: &Arguments, output: &mut Output) -> Result<Option<Live>, Failure> {
    let list = interfaces::list()?;
    let (nic, filter) = choice::choose(&list, arguments.interface.as_deref(), &arguments.words)?;
    let filter = arguments.filters.capture_filter(&filter)?;
    if arguments.filters.explain_filter {
        let display = arguments.print.display.display()?;
        if let Some(display) = &display {
            display.explain(output);
            if filter.is_empty() {
                return Ok(None);
            }
            output.block().push(b'\n');
        }
        filter.explain(nic.link, Target::Kernel, output)?;
        return Ok(None);
    }
    let name = harmless(&nic.name).into_owned();
    let options = Options {
        snap_len: arguments.snap_len(),
        promiscuous: !arguments.no_promiscuous,
        direction: arguments.direction.and_then(|direction| direction.kept()),
        buffer_len: arguments.buffer_len(),
        count: arguments.print.count,
        duration: arguments.duration,
        // Nobody wants to watch a second's worth of lines after having said "enough".
        drain: arguments.write.is_some() || !output.is_terminal(),
    };
    let mut live = Live::open(nic, options, Some(filter.filter())).map_err(|error| match error {
        OpenError::NotPermitted => rights::missing(&name),
        OpenError::Filter(error) => filters::usage(&error),
        error => Failure::CouldNot(format!("cannot capture on {name}: {error}")),
    })?;
    live.when_asked(|counts| {
        let _ = writeln!(io::stderr(), "netlab: {}", counts.to_string().replace('\n', ", "));
    });
    if arguments.uses_stdout()
        && let Ok(stdout) = io::stdout().as_fd().try_clone_to_owned()
    {
        live.while_read(stdout);
    }
    Ok(Some(live))
}

/// The loop with everything that needs packets to be looked into.
fn analyze(
    arguments: &Arguments,
    live: &mut Live,
    recorder: &mut Option<Recorder>,
    output: &mut Output,
) -> Result<(), RunError> {
    // The source itself stops after the count.
    let print = PrintOptions { count: None, ..arguments.print.clone() };
    let material = Material::new(&live.nic().name, live.nic().link.name());
    let mut analyzer = if arguments.report { Analyzer::new() } else { arguments.print.analyzer() };
    #[cfg(feature = "tui")]
    let viewer = view(arguments, live, output.lang())?;
    let mut session = Session {
        printer: arguments.prints().then(|| Printer::new(&print, output)),
        recorder: None,
        report: arguments.report.then_some(material),
        #[cfg(feature = "tui")]
        viewer,
    };
    session.recorder = recorder.take();
    let result = pipeline::run(live, None, &mut analyzer, &mut session, Patience::Live);
    *recorder = session.recorder.take();
    #[cfg(feature = "tui")]
    let result = match session.viewer.take() {
        Some(viewer) => {
            let reason = match &result {
                Ok(()) => "the capture has ended".to_owned(),
                Err(error) => error.to_string(),
            };
            let shown = viewer.finish(&reason, || live.stop_asked());
            result.and(shown.map_err(RunError::Output))
        }
        None => result,
    };
    let report = session.report.take();
    drop(session);
    result?;
    if let Some(mut material) = report {
        material.count(&live.counts());
        let analysis = analyzer.report();
        let document = Document {
            captures: vec![material.capture],
            report: &analysis,
            findings: &material.gathered.findings,
            remarks: &material.gathered.remarks,
            with_zeek: false,
        };
        let (width, paint) = (output.width(), output.paint());
        report::text(&document, width, paint, output.block());
    }
    Ok(output.flush()?)
}

/// Takes the terminal for the live screen, if there is to be one.
#[cfg(feature = "tui")]
fn view(arguments: &Arguments, live: &mut Live, lang: Lang) -> io::Result<Option<Viewer>> {
    if !arguments.tui {
        return Ok(None);
    }
    let filter = arguments.print.display.filter().map_err(io::Error::other)?;
    let (viewer, ended) = Viewer::start(Screen::new(live.nic().name.clone(), filter, lang))?;
    let tell = viewer.teller();
    live.when_asked(move |counts| tell(counts.to_string().replace('\n', ", ")));
    live.while_read(ended);
    Ok(Some(viewer))
}

fn say_listening(live: &Live, output: &mut Output) {
    output.complain(&format!(
        "listening on {}, link type {}, snapshot length {} octets",
        harmless(&live.nic().name),
        live.nic().link.name(),
        live.snap_len()
    ));
}

/// What concerns whoever waits for a capture that prints no packets.
fn tell(remark: &Remark) {
    if remark.kind == RemarkKind::Note {
        let _ = writeln!(io::stderr(), "netlab: {}", remark.text);
    }
}

/// tcpdump's three lines; nobody is told if standard error is closed.
fn say_closing_lines(counts: &Counts) {
    let _ = writeln!(io::stderr(), "{counts}");
}
