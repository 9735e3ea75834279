//! The options of filters, the same for every command that has packets, and the gate that they make.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Args;

use super::{Failure, Output};
use crate::analysis::{Analyzer, Context, Judged, Note};
use crate::base::limits::MAX_SHOWN_PACKETS;
use crate::base::text::harmless;
use crate::filter::FilterError;
use crate::filter::capture::{Filter, Names, Program, Target};
use crate::filter::display::{DisplayFilter, Needs};
use crate::packet::{Item, Packet, PacketSource, RawPacket};
use crate::pipeline::{self, Gate, Patience, Sink};
use crate::render::filter as render;
use crate::wire::LinkType;

/// Options of filters.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FilterOptions {
    /// Capture filter in tcpdump's language, in place of words at the end
    #[arg(short = 'f', long = "filter", value_name = "FILTER")]
    pub filter: Option<String>,
    /// Read the capture filter from a file; # begins a comment
    #[arg(long, value_name = "FILE", conflicts_with = "filter")]
    pub filter_file: Option<String>,
    /// Say what the filters mean, of the capture filter with its program, and end
    #[arg(long)]
    pub explain_filter: bool,
}

/// The option of display filters, for commands that print packets.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct DisplayOptions {
    /// Print only packets for which this holds, in Wireshark's manner: tcp.port == 80 and note.severity >= warning
    #[arg(short = 'Y', long, value_name = "EXPR")]
    pub display_filter: Option<String>,
}

impl DisplayOptions {
    /// The display filter, checked.
    pub(super) fn display(&self) -> Result<Option<Display>, Failure> {
        let filter = self.filter().map_err(|error| Failure::Usage(render::error(&error, "display")))?;
        Ok(filter.map(|filter| Display { filter, shown: VecDeque::new() }))
    }

    /// The display filter as it was typed.
    pub(super) fn filter(&self) -> Result<Option<DisplayFilter>, FilterError> {
        self.display_filter.as_deref().map(DisplayFilter::parse).transpose()
    }
}

/// A display filter, and which packets it has shown.
#[derive(Debug)]
pub(super) struct Display {
    filter: DisplayFilter,
    /// Numbers of packets that were shown, the newest last: late notes about others stay away.
    shown: VecDeque<u64>,
}

impl Display {
    /// True if a packet is to be printed.
    pub(super) fn shows(&mut self, judged: &Judged<'_, '_>) -> bool {
        let shows = self.filter.matches(judged);
        if shows {
            if self.shown.len() >= MAX_SHOWN_PACKETS {
                self.shown.pop_front();
            }
            self.shown.push_back(judged.packet.meta.number);
        }
        shows
    }

    /// True if it needs nothing but the octets of a packet.
    pub(super) fn is_of_octets(&self) -> bool {
        self.filter.needs() == Needs::default()
    }

    /// The filter as a part of a gate, for packets that nothing else is asked of; see [`Display::is_of_octets`].
    pub(super) fn takes(&self, raw: &RawPacket<'_>) -> bool {
        let packet = Packet::decode(*raw);
        self.filter.matches(&Judged { packet: &packet, notes: &[], context: Context::default() })
    }

    /// Says what it means.
    pub(super) fn explain(&self, output: &mut Output) {
        let text = render::display(self.filter.text(), &self.filter.warnings(), self.filter.needs());
        output.block().extend_from_slice(text.as_bytes());
    }

    /// True if the packet that a late note is about was printed.
    pub(super) fn has_shown(&self, note: &Note) -> bool {
        self.shown.binary_search(&note.packet).is_ok()
    }
}

/// Options of filters for commands that read files.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters")]
pub struct FileFilterOptions {
    /// Options of every command with filters.
    #[command(flatten)]
    pub common: FilterOptions,
    /// Say which parts of the filters hold for packet N and which do not, and end
    #[arg(long, value_name = "N", conflicts_with = "explain_filter")]
    pub why_not: Option<u64>,
}

impl FilterOptions {
    /// The capture filter, from the option, the file or the words at the end.
    pub(super) fn capture_filter(&self, words: &str) -> Result<CaptureFilter, Failure> {
        let text = match (&self.filter, &self.filter_file) {
            (Some(filter), _) => filter.clone(),
            (None, Some(file)) => read(file)?,
            (None, None) => words.to_owned(),
        };
        if !words.is_empty() && (self.filter.is_some() || self.filter_file.is_some()) {
            let words = harmless(words);
            return Err(Failure::Usage(format!(
                "'{words}' is neither a file nor needed as a filter: there is one already"
            )));
        }
        CaptureFilter::parse(&text)
    }
}

impl FileFilterOptions {
    /// True if not packets are wanted but something about the filter.
    pub(super) fn asks_about_the_filter(&self) -> bool {
        self.common.explain_filter || self.why_not.is_some()
    }

    /// Says what the filter means for the first packet's link type, or why it takes or leaves a packet.
    pub(super) fn answer(
        &self,
        filter: &CaptureFilter,
        display: Option<&Display>,
        source: &mut dyn PacketSource,
        output: &mut Output,
    ) -> Result<(), Failure> {
        if let Some(number) = self.why_not {
            return why_not(number, filter, display, source, output);
        }
        if let Some(display) = display {
            display.explain(output);
            if filter.is_empty() {
                return Ok(());
            }
            output.block().push(b'\n');
        }
        loop {
            match source.next_item().map_err(|error| Failure::CouldNot(error.to_string()))? {
                Some(Item::Packet(raw)) => return filter.explain(raw.meta.link, Target::File, output),
                Some(_) => {}
                None => return filter.explain(LinkType::ETHERNET, Target::File, output),
            }
        }
    }
}

/// Says which parts of the filters hold for a packet. What the capture filter leaves out, the display filter is not asked
/// about.
fn why_not(
    number: u64,
    filter: &CaptureFilter,
    display: Option<&Display>,
    source: &mut dyn PacketSource,
    output: &mut Output,
) -> Result<(), Failure> {
    let told: RefCell<Option<Result<String, Failure>>> = RefCell::default();
    let last = Cell::new(0);
    let gate = |raw: &RawPacket<'_>| {
        let at = raw.meta.number;
        last.set(at);
        let verdict = if filter.is_empty() { Gate::Take } else { filter.gate(raw) };
        if at < number {
            return verdict;
        }
        if at == number {
            *told.borrow_mut() = Some(filter.why(raw));
        }
        // The capture filter's answer needs no other packet; a note may need those behind its own.
        let is_answered = display.is_none() || at == number && verdict != Gate::Take || told.borrow().is_none();
        if is_answered { Gate::Stop } else { verdict }
    };
    let mut witness = Witness { number, display, told: None };
    let result = pipeline::run(source, Some(&gate), &mut Analyzer::for_lines(), &mut witness, Patience::Hold);
    result.map_err(|error| Failure::CouldNot(error.to_string()))?;
    let Some(of_filter) = told.into_inner() else {
        filter.ended()?;
        return Err(Failure::Usage(format!("there is no packet {number}: the last one is {}", last.get())));
    };
    let of_filter = of_filter?;
    // "There is no filter" is true of the capture filter alone.
    if !(filter.is_empty() && witness.told.is_some()) {
        output.block().extend_from_slice(of_filter.as_bytes());
    }
    output.block().extend_from_slice(witness.told.unwrap_or_default().as_bytes());
    Ok(())
}

/// The packets that a display filter shows, by their numbers: one bit each.
#[derive(Debug, Default)]
pub(super) struct Chosen(Vec<u64>);

impl Chosen {
    /// Analyzes all that `gate` takes and remembers for which packets the filter holds.
    pub(super) fn by(
        display: &Display,
        source: &mut dyn PacketSource,
        gate: Option<&dyn Fn(&RawPacket<'_>) -> Gate>,
    ) -> Result<Chosen, Failure> {
        let mut chooser = Chooser { display, chosen: Chosen::default() };
        match pipeline::run(source, gate, &mut Analyzer::for_lines(), &mut chooser, Patience::Hold) {
            Ok(()) => Ok(chooser.chosen),
            Err(error) => Err(Failure::CouldNot(error.to_string())),
        }
    }

    /// True if the packet of that number is one of them.
    pub(super) fn has(&self, number: u64) -> bool {
        let word = usize::try_from(number / 64).ok().and_then(|word| self.0.get(word));
        word.is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    fn add(&mut self, number: u64) {
        let word = (number / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (number % 64);
    }
}

struct Chooser<'d> {
    display: &'d Display,
    chosen: Chosen,
}

impl Sink for Chooser<'_> {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        if self.display.filter.matches(judged) {
            self.chosen.add(judged.packet.meta.number);
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// Asks a display filter about one packet.
struct Witness<'d> {
    number: u64,
    display: Option<&'d Display>,
    told: Option<String>,
}

impl Sink for Witness<'_> {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> io::Result<ControlFlow<()>> {
        if judged.packet.meta.number != self.number {
            return Ok(ControlFlow::Continue(()));
        }
        let Some(display) = self.display else { return Ok(ControlFlow::Break(())) };
        self.told = Some(match display.filter.trace(judged) {
            Some(trace) => render::display_trace(display.filter.text(), &trace, self.number),
            None => format!("Packet {} is shown: the display filter is blank.\n", self.number),
        });
        Ok(ControlFlow::Break(()))
    }
}

/// A filter from a file, without its comments.
fn read(file: &str) -> Result<String, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("cannot read the filter in {}: {error}", harmless(file))))?;
    let lines: Vec<&str> = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).collect();
    Ok(lines.join(" ").trim().to_owned())
}

/// A capture filter with the programs that it became, one a link type.
#[derive(Debug)]
pub(super) struct CaptureFilter {
    filter: Filter,
    is_empty: bool,
    /// Behind locks, for packets may be read on a thread of their own.
    programs: Mutex<Vec<(LinkType, Option<Arc<Program>>)>>,
    error: Mutex<Option<FilterError>>,
}

impl CaptureFilter {
    /// Parses a filter; a blank one takes every packet.
    pub(super) fn parse(text: &str) -> Result<CaptureFilter, Failure> {
        let filter = Filter::parse_with(text, &Names::system()).map_err(|error| usage(&error))?;
        let is_empty = text.trim().is_empty();
        Ok(CaptureFilter { filter, is_empty, programs: Mutex::default(), error: Mutex::default() })
    }

    /// True if it takes every packet.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// What happens to a packet. A filter that makes no sense for the link type of the first packet stops the run; among
    /// captures of several link types it takes no packets of those for which it makes none.
    pub(super) fn gate(&self, raw: &RawPacket<'_>) -> Gate {
        let programs = locked(&self.programs);
        match programs.iter().find(|(known, _)| *known == raw.meta.link) {
            Some((_, Some(program))) => verdict(program, raw),
            Some((_, None)) => Gate::Leave,
            None => {
                drop(programs);
                match self.program(raw.meta.link) {
                    Some(program) => verdict(&program, raw),
                    None if locked(&self.error).is_some() => Gate::Stop,
                    None => Gate::Leave,
                }
            }
        }
    }

    /// The program for a link type, made when it is first asked for; `None` if the filter makes no sense for it. If it is
    /// the first one, that is an error.
    fn program(&self, link: LinkType) -> Option<Arc<Program>> {
        let mut programs = locked(&self.programs);
        if let Some((_, program)) = programs.iter().find(|(known, _)| *known == link) {
            return program.clone();
        }
        let program = match self.filter.program(link, Target::File) {
            Ok(program) => Some(Arc::new(program)),
            Err(error) if programs.is_empty() => {
                *locked(&self.error) = Some(error);
                return None;
            }
            Err(_) => None,
        };
        programs.push((link, program.clone()));
        program
    }

    /// The error that stopped the run, if one did.
    pub(super) fn ended(&self) -> Result<(), Failure> {
        locked(&self.error).as_ref().map_or(Ok(()), |error| Err(usage(error)))
    }

    /// The filter itself.
    #[cfg_attr(not(all(feature = "live", target_os = "linux")), allow(dead_code))]
    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Says which parts of the filter hold for a packet.
    fn why(&self, raw: &RawPacket<'_>) -> Result<String, Failure> {
        let number = raw.meta.number;
        let trace = self.filter.trace(raw.meta.link, raw.bytes, raw.meta.wire_len).map_err(|error| usage(&error))?;
        Ok(match trace {
            Some(trace) => render::trace(self.filter.text(), &trace, number),
            None => format!("Packet {number} is taken: there is no filter.\n"),
        })
    }

    /// Says what the filter means for a link type.
    pub(super) fn explain(&self, link: LinkType, target: Target, output: &mut Output) -> Result<(), Failure> {
        let program = self.filter.program(link, target).map_err(|error| usage(&error))?;
        let warnings = self.filter.warnings(link, target);
        let text = render::explanation(self.filter.text(), &self.filter.explain(), &warnings, &program, link.name());
        output.block().extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// What a lock holds; one that a panic left behind holds what it held.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[inline]
fn verdict(program: &Program, raw: &RawPacket<'_>) -> Gate {
    if program.matches(raw.bytes, raw.meta.wire_len) { Gate::Take } else { Gate::Leave }
}

/// The filters that a packet goes through where nothing is asked of it but its octets: made to be asked quickly.
#[derive(Debug)]
pub(super) struct Selector<'f> {
    filter: &'f CaptureFilter,
    display: Option<&'f Display>,
    /// Without a display filter, the program for the link type of the packet before, which is nearly always that of the
    /// next one.
    at_hand: Option<(LinkType, Arc<Program>)>,
}

impl<'f> Selector<'f> {
    /// A capture filter, and a display filter that [is of octets](Display::is_of_octets).
    pub(super) fn new(filter: &'f CaptureFilter, display: Option<&'f Display>) -> Selector<'f> {
        Selector { filter, display, at_hand: None }
    }

    /// True if every packet is taken.
    pub(super) fn takes_all(&self) -> bool {
        self.filter.is_empty() && self.display.is_none()
    }

    /// What happens to a packet.
    #[inline]
    pub(super) fn verdict(&mut self, raw: &RawPacket<'_>) -> Gate {
        match &self.at_hand {
            Some((link, program)) if *link == raw.meta.link => verdict(program, raw),
            _ => self.verdict_with_display(raw),
        }
    }

    #[inline(never)]
    fn verdict_with_display(&mut self, raw: &RawPacket<'_>) -> Gate {
        let of_filter = if self.filter.is_empty() { Gate::Take } else { self.filter.gate(raw) };
        match self.display {
            Some(display) if of_filter == Gate::Take && !display.takes(raw) => Gate::Leave,
            None if of_filter != Gate::Stop && !self.filter.is_empty() => {
                let program = self.filter.program(raw.meta.link);
                self.at_hand = program.map(|program| (raw.meta.link, program));
                of_filter
            }
            _ => of_filter,
        }
    }
}

/// Status 2 with the place in the filter.
pub(super) fn usage(error: &FilterError) -> Failure {
    let mut error = error.clone();
    let word = error.text.get(error.span.range()).unwrap_or_default();
    // What stands behind the files is a filter; whoever mistypes the name of a file must hear of files.
    if error.message.ends_with("is not a word of capture filters") && word.contains(['.', '/']) {
        error.message.push_str(", and there is no file of that name");
    }
    Failure::Usage(render::error(&error, "capture"))
}
