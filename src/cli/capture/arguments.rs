//! What can be typed after `netlab capture`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use crate::capture::live::{DEFAULT_BUFFER_LEN, DEFAULT_SNAP_LEN};
use crate::cli::Failure;
use crate::cli::comments::CommentLevel;
use crate::cli::filters::FilterOptions;
use crate::cli::print::PrintOptions;
use crate::packet::Direction;

/// The heading above the options of `-w`.
const WRITING: &str = "Writing";

/// Arguments of `capture`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sudo netlab capture                          the first interface that is up
  sudo netlab capture eth0 tcp port 80
  sudo netlab capture any --duration 10s --report
  sudo netlab capture --tui                    a live screen
  sudo netlab capture -i eth0 -w web.pcapng    Ctrl-C ends it, the file is whole
  netlab interfaces                            what there is to capture from")]
pub struct Arguments {
    /// Interface (any: all of them), then a filter in tcpdump's language
    #[arg(value_name = "IFACE] [FILTER")]
    pub words: Vec<String>,
    /// Interface; then all words are the filter
    #[arg(short, long, value_name = "IFACE")]
    pub interface: Option<String>,
    #[command(flatten)]
    pub filters: FilterOptions,
    /// Stop after this time: 10s, 1m30s, 500ms
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub duration: Option<Duration>,
    /// Keep at most so many octets of each packet; 0 means the default of 262144
    #[arg(short, long = "snapshot-length", value_name = "OCTETS", default_value_t = DEFAULT_SNAP_LEN, hide_default_value = true,
        value_parser = clap::value_parser!(u32).range(..=i64::from(DEFAULT_SNAP_LEN)))]
    pub snap_len: u32,
    /// Write the packets to FILE instead of printing them: pcap or pcapng by its suffix; - is standard output
    #[arg(short, long, value_name = "FILE", help_heading = WRITING)]
    pub write: Option<PathBuf>,
    /// With -w: print the packets too
    #[arg(long = "print", requires = "write", help_heading = WRITING)]
    pub print_too: bool,
    /// With -w: begin another file when this one would exceed so many million octets
    #[arg(short = 'C', long, value_name = "MB", requires = "write", value_parser = clap::value_parser!(u32).range(1..), help_heading = WRITING)]
    pub file_size: Option<u32>,
    /// With -w: begin another file every so many seconds; its name is a pattern for the time (%H%M%S)
    #[arg(short = 'G', long, value_name = "SECONDS", requires = "write", value_parser = clap::value_parser!(u32).range(1..), help_heading = WRITING)]
    pub rotate_every: Option<u32>,
    /// With -C: keep the newest N files; with -G: stop after N files
    #[arg(short = 'W', long, value_name = "N", requires = "write", value_parser = clap::value_parser!(u32).range(1..), help_heading = WRITING)]
    pub files: Option<u32>,
    /// With -w: hand each packet to the system at once
    #[arg(short = 'U', long, requires = "write", help_heading = WRITING)]
    pub packet_buffered: bool,
    /// With -w to pcapng: what netlab notes, from this level on, as comments of the packets
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t, requires = "write", help_heading = WRITING)]
    pub comments: CommentLevel,
    /// The report of `netlab analyze` at the end
    #[arg(long, conflicts_with = "plain")]
    pub report: bool,
    /// A live screen: rates, conversations with state, verdict and owner, findings, packets with their fields; ? there
    /// shows its keys
    #[cfg(feature = "tui")]
    #[arg(long, conflicts_with_all = ["print_too", "jsonl", "csv", "fields", "plain"])]
    pub tui: bool,
    /// Only what the host itself is sent: not promiscuous
    #[arg(short = 'p', long)]
    pub no_promiscuous: bool,
    /// Only packets that go this way
    #[arg(short = 'Q', long, value_enum, value_name = "WAY")]
    pub direction: Option<DirectionChoice>,
    /// Room for packets that wait to be looked at, in KiB (32768 unless given)
    #[arg(short = 'B', long, value_name = "KIB", value_parser = clap::value_parser!(u32).range(1..=4_194_304))]
    pub buffer_size: Option<u32>,
    /// Become this user once the capture is open (else the user behind sudo)
    #[arg(short = 'Z', long, value_name = "USER", conflicts_with = "no_drop")]
    pub user: Option<String>,
    /// Keep the rights that the program was started with
    #[arg(long)]
    pub no_drop: bool,
    /// List the interfaces, like `netlab interfaces`
    #[arg(short = 'D', long)]
    pub list_interfaces: bool,
    #[command(flatten)]
    pub print: PrintOptions,
}

/// Ways that packets go past the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DirectionChoice {
    /// Received
    In,
    /// Sent by this host
    Out,
    /// Both
    Inout,
}

impl DirectionChoice {
    pub(super) fn kept(self) -> Option<Direction> {
        match self {
            DirectionChoice::In => Some(Direction::Inbound),
            DirectionChoice::Out => Some(Direction::Outbound),
            DirectionChoice::Inout => None,
        }
    }
}

impl Arguments {
    /// What the parser cannot know to be contradictory.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let to_stdout = self.write.as_deref().is_some_and(|path| path.as_os_str() == "-");
        if to_stdout && (self.print_too || self.report) {
            return Err(Failure::Usage(
                "standard output cannot take both the capture (-w -) and text; write to a file".to_owned(),
            ));
        }
        if self.shows_screen() && to_stdout {
            return Err(Failure::Usage(
                "standard output cannot take both the capture (-w -) and the screen".to_owned(),
            ));
        }
        if self.report && (self.print.jsonl || self.print.csv) {
            return Err(Failure::Usage("--report is text and does not go with --jsonl or --csv".to_owned()));
        }
        Ok(())
    }

    /// True if there is to be a live screen.
    pub(super) fn shows_screen(&self) -> bool {
        #[cfg(feature = "tui")]
        return self.tui;
        #[cfg(not(feature = "tui"))]
        false
    }

    /// True if packets are printed.
    pub(super) fn prints(&self) -> bool {
        !self.shows_screen() && (self.print_too || self.write.is_none())
    }

    /// True if something goes to standard output while packets come.
    pub(super) fn uses_stdout(&self) -> bool {
        self.prints() || self.write.as_deref().is_some_and(|path| path.as_os_str() == "-")
    }

    pub(super) fn snap_len(&self) -> u32 {
        if self.snap_len == 0 { DEFAULT_SNAP_LEN } else { self.snap_len }
    }

    pub(super) fn buffer_len(&self) -> usize {
        self.buffer_size.map_or(DEFAULT_BUFFER_LEN, |kibibytes| kibibytes as usize * 1024)
    }
}

/// A time with its unit, or a bare number of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let with_unit = || text.parse::<SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    seconds
        .or_else(with_unit)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "not a time; write it like 10s, 1m30s or 500ms".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_units_or_as_seconds() {
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2.5"), Ok(Duration::from_millis(2500)));
        for wrong in ["", "soon", "-3s", "-3", "0", "NaN", "inf", "1e300"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
