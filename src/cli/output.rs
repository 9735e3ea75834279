//! Standard output in large pieces, standard error in sentences.

use std::io::{self, IsTerminal, StdoutLock, Write};

use super::args::{ColorChoice, Global, LangChoice};
use super::progress::Progress;
use crate::base::Timestamp;
use crate::capture::Meter;
use crate::lang::Lang;
use crate::render::style::Paint;
use crate::sim::Onlooker;

/// Octets gathered before one write to standard output.
const BLOCK_LEN: usize = 64 << 10;

/// Where commands print.
#[derive(Debug)]
pub struct Output {
    stdout: StdoutLock<'static>,
    block: Vec<u8>,
    is_terminal: bool,
    color: bool,
    lang: Lang,
    progress: Option<Progress>,
    /// True once standard output says that an input is damaged.
    shows_damage: bool,
}

impl Output {
    pub(super) fn new(global: &Global) -> Output {
        let stdout = io::stdout().lock();
        let is_terminal = stdout.is_terminal();
        let color = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                set("CLICOLOR_FORCE") && !set("NO_COLOR") || is_terminal && !dumb && !set("NO_COLOR")
            }
        };
        let lang = match global.lang {
            LangChoice::En => Lang::English,
            LangChoice::Zh => Lang::Chinese,
        };
        Output {
            stdout,
            block: Vec::with_capacity(BLOCK_LEN + 4096),
            is_terminal,
            color,
            lang,
            progress: None,
            shows_damage: false,
        }
    }

    /// True if what is printed should be coloured.
    pub fn color(&self) -> bool {
        self.color
    }

    /// How text is written to standard output: its colours, and the language that was asked for.
    pub fn paint(&self) -> Paint {
        Paint::new(self.color).in_language(self.lang)
    }

    /// The language that was asked for.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// True if a person is probably watching.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Remembers that standard output says itself that an input is damaged, and where.
    pub(super) fn damage_is_shown(&mut self) {
        self.shows_damage = true;
    }

    /// True if whoever reads standard error has read of the damage on the same terminal already.
    pub(super) fn is_damage_seen(&self) -> bool {
        self.shows_damage && self.is_terminal && io::stderr().is_terminal()
    }

    /// Columns to fill: those of the terminal, else `COLUMNS`, else 100.
    pub fn width(&self) -> usize {
        let from_terminal = terminal_size::terminal_size_of(&self.stdout).map(|(width, _)| usize::from(width.0));
        let from_environment = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        from_terminal.or_else(from_environment).filter(|width| *width >= 20).unwrap_or(100)
    }

    /// Shows, from now until something is printed, how far the reading of `files` is; the meter is to be told what is
    /// read. Only where people look: with standard output or standard error in a pipe or a file, nothing is drawn.
    pub(super) fn watch(&mut self, files: &[String]) -> Option<Meter> {
        if !self.is_terminal || !io::stderr().is_terminal() {
            return None;
        }
        self.progress.insert(Progress::through(files)).meter()
    }

    /// Shows, from now until something is printed, how far the run of a network is that ends at `until` if it has an end;
    /// the onlooker is to be told. Only where people look, as with [`Output::watch`].
    pub(super) fn watch_run(&mut self, until: Option<Timestamp>) -> Option<Onlooker> {
        if !self.is_terminal || !io::stderr().is_terminal() {
            return None;
        }
        self.progress.insert(Progress::of_run()).onlooker(until)
    }

    /// Says a sentence on standard error; nobody is told if that fails.
    pub fn complain(&mut self, sentence: &str) {
        self.progress = None;
        let _ = writeln!(io::stderr(), "netlab: {}", self.lang.retell_error(sentence));
    }

    /// Writes out if a block is full.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn flush_full(&mut self) -> io::Result<()> {
        if self.block.len() >= BLOCK_LEN { self.flush() } else { Ok(()) }
    }

    /// Writes out what was gathered, and then `octets` from where they lie.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub fn write_through(&mut self, octets: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.stdout.write_all(octets)?;
        self.stdout.flush()
    }

    /// The block that lines are appended to; call [`Output::flush_full`] after each line.
    pub fn block(&mut self) -> &mut Vec<u8> {
        &mut self.block
    }
}

impl Write for Output {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.block.extend_from_slice(octets);
        self.flush_full()?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.progress = None;
        let result = self.stdout.write_all(&self.block).and_then(|()| self.stdout.flush());
        self.block.clear();
        result
    }
}
