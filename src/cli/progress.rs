//! How far the reading of large inputs is, or the run of a network: drawn on standard error, only where both it and standard output are a
//! terminal, only after a while, and gone before anything is printed.

use crate::base::Timestamp;
use crate::capture::Meter;
use crate::sim::Onlooker;

/// What is drawn while a command reads its inputs or runs a network.
#[derive(Debug)]
pub(super) struct Progress {
    #[cfg(feature = "progress")]
    bar: std::sync::Arc<bar::Bar>,
}

impl Progress {
    /// Progress through `files`, of which `-` is standard input; nothing is drawn yet.
    #[cfg(feature = "progress")]
    pub(super) fn through(files: &[String]) -> Progress {
        Progress { bar: std::sync::Arc::new(bar::Bar::of(total_len(files))) }
    }

    /// Progress that a netlab without progress bars does not draw.
    #[cfg(not(feature = "progress"))]
    pub(super) fn through(_files: &[String]) -> Progress {
        Progress {}
    }

    /// Progress of a run; nothing is drawn yet.
    #[cfg(feature = "progress")]
    pub(super) fn of_run() -> Progress {
        Progress { bar: std::sync::Arc::new(bar::Bar::of_run()) }
    }

    /// Progress that a netlab without progress bars does not draw.
    #[cfg(not(feature = "progress"))]
    pub(super) fn of_run() -> Progress {
        Progress {}
    }

    /// Who is to be told how far the run is, which ends at `until` if it has an end.
    #[cfg(feature = "progress")]
    pub(super) fn onlooker(&self, until: Option<Timestamp>) -> Option<Onlooker> {
        let bar = std::sync::Arc::clone(&self.bar);
        Some(Onlooker::new(move |reached| {
            let (done, all) = match (reached.entering, until) {
                (0, Some(until)) => (reached.at.nanos(), Some(until.nanos())),
                (0, None) => (reached.events, None),
                (entering, _) => (reached.entered, Some(entering)),
            };
            bar.reach(done, all, || match reached.entering {
                0 => format!("at {:.1} ms, {} events", reached.at.nanos() as f64 / 1e6, reached.events),
                entering => format!("{} of {entering} frames, {} events", reached.entered, reached.events),
            });
        }))
    }

    /// Who is to be told how far the run is: nobody.
    #[cfg(not(feature = "progress"))]
    pub(super) fn onlooker(&self, _until: Option<Timestamp>) -> Option<Onlooker> {
        None
    }

    /// What is to be told of every piece that is read.
    #[cfg(feature = "progress")]
    pub(super) fn meter(&self) -> Option<Meter> {
        let bar = std::sync::Arc::clone(&self.bar);
        Some(Meter::new(move |octets| bar.advance(octets)))
    }

    /// What is to be told of every piece that is read: nobody.
    #[cfg(not(feature = "progress"))]
    pub(super) fn meter(&self) -> Option<Meter> {
        None
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        #[cfg(feature = "progress")]
        self.bar.end();
    }
}

/// Octets of all inputs together; nothing if one of them is a pipe or the like, whose end nobody knows.
#[cfg(feature = "progress")]
fn total_len(files: &[String]) -> Option<u64> {
    files
        .iter()
        .map(|file| {
            std::fs::metadata(file).ok().filter(|found| file != "-" && found.is_file()).map(|found| found.len())
        })
        .sum()
}

#[cfg(feature = "progress")]
mod bar {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

    /// What is done sooner needs no bar.
    const PATIENCE: Duration = Duration::from_millis(400);
    /// Redrawn so many times a second.
    const RATE: u8 = 10;

    /// A bar that shows itself only when the work takes long.
    #[derive(Debug)]
    pub(super) struct Bar {
        bar: ProgressBar,
        since: Instant,
        is_drawn: AtomicBool,
        is_over: AtomicBool,
    }

    impl Bar {
        /// A bar of `total` octets, or one that only counts.
        pub(super) fn of(total: Option<u64>) -> Bar {
            Bar::new(
                total,
                match total {
                    Some(_) => {
                        "reading [{bar:30}] {percent:>3} %  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"
                    }
                    None => "reading {spinner} {bytes}, {bytes_per_sec}",
                },
            )
        }

        /// A bar of a run, whose length shows itself later.
        pub(super) fn of_run() -> Bar {
            Bar::new(None, "simulating {spinner} {msg}")
        }

        fn new(total: Option<u64>, template: &str) -> Bar {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            let bar =
                Bar { bar, since: Instant::now(), is_drawn: AtomicBool::new(false), is_over: AtomicBool::new(false) };
            bar.style(template);
            bar
        }

        fn style(&self, template: &str) {
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("=> "));
            }
        }

        /// So much is done, of so much if that is known.
        pub(super) fn reach(&self, done: u64, all: Option<u64>, words: impl FnOnce() -> String) {
            if self.is_over.load(Ordering::Relaxed) || self.since.elapsed() < PATIENCE {
                return;
            }
            if !self.is_drawn.swap(true, Ordering::Relaxed) {
                if let Some(all) = all {
                    self.bar.set_length(all);
                    self.style("simulating [{bar:30}] {percent:>3} %  {msg}");
                }
                self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(RATE));
            }
            self.bar.set_message(words());
            self.bar.set_position(done);
        }

        /// So many octets more were read.
        pub(super) fn advance(&self, octets: u64) {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            if self.since.elapsed() >= PATIENCE && !self.is_drawn.swap(true, Ordering::Relaxed) {
                self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(RATE));
            }
            self.bar.inc(octets);
        }

        /// Takes the bar off the screen for good.
        pub(super) fn end(&self) {
            self.is_over.store(true, Ordering::Relaxed);
            self.bar.finish_and_clear();
        }
    }
}

#[cfg(all(test, feature = "progress"))]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_inputs_is_known_only_if_all_are_files() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), [0; 70]).expect("written");
        let name = file.path().display().to_string();
        assert_eq!(total_len(&[name.clone(), name.clone()]), Some(140));
        assert_eq!(total_len(&[name, "-".to_owned()]), None);
    }
}
