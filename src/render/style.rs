//! Colours: few, and each with one meaning. Text keeps its meaning without them.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

use super::slate::Surface;
use crate::analysis::Severity;
use crate::lang::Lang;

/// How text is written for its reader: in colours or plainly, and in which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
    lang: Lang,
}

impl Paint {
    /// A paint that colours, or does not, for readers of English.
    pub const fn new(is_on: bool) -> Paint {
        Paint { is_on, lang: Lang::English }
    }

    /// The same for readers of another language.
    pub const fn in_language(self, lang: Lang) -> Paint {
        Paint { lang, ..self }
    }

    /// The language that is written.
    pub const fn lang(self) -> Lang {
        self.lang
    }

    /// True if it colours.
    pub const fn is_on(self) -> bool {
        self.is_on
    }

    /// Begins `style`; pair it with [`Paint::end`].
    pub fn begin(self, out: &mut impl Surface, style: Style) {
        if self.is_on {
            let _ = write!(Formatted(out), "{style}");
        }
    }

    /// Ends the style.
    pub fn end(self, out: &mut impl Surface) {
        if self.is_on {
            out.add(b"\x1b[0m");
        }
    }

    /// `text` in `style`.
    pub fn text(self, text: &str, style: Style) -> String {
        if self.is_on { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// A surface for the formatting machinery.
struct Formatted<'a, S>(&'a mut S);

impl<S: Surface> fmt::Write for Formatted<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.add(text.as_bytes());
        Ok(())
    }
}

/// Headings.
pub const HEADING: Style = Style::new().bold();
/// What matters less.
pub const DIM: Style = Style::new().dimmed();

/// The colour of a severity.
pub const fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Chat => color(AnsiColor::Green),
        Severity::Note => color(AnsiColor::Cyan),
        Severity::Warning => color(AnsiColor::Yellow),
        Severity::Error => color(AnsiColor::Red).bold(),
    }
}

/// The colour of a protocol by its name in the packet line.
pub fn protocol(name: &str) -> Style {
    match name {
        "TCP" | "HTTP" | "TLS" => color(AnsiColor::Green),
        "UDP" | "DNS" | "DHCP" => color(AnsiColor::Blue),
        "ARP" => color(AnsiColor::Yellow),
        "ICMP" | "ICMPv6" => color(AnsiColor::Magenta),
        _ => color(AnsiColor::Cyan),
    }
}

const fn color(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(anstyle::Color::Ansi(color)))
}
