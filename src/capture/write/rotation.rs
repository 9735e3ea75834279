//! When a capture goes on in another file, and what that is called.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{WriteError, output};
use crate::base::Timestamp;

/// When to begin another file, as with tcpdump's `-C`, `-G` and `-W`. Without limits there is one file.
///
/// With `octets`, a number stands before the suffix of every file but the first: `trace.pcapng`, `trace1.pcapng`, …; with
/// `octets` and `files`, of every file, filled up with zeros: `trace00.pcapng` … `trace11.pcapng`, and then from the start
/// again, so that the newest packets are kept. With `every`, the name is a pattern for the local time of the first packet
/// (`trace-%H%M%S.pcapng`), and writing stops after `files` files; where the pattern would name the same file again, a
/// number is added (`trace-120000-1.pcapng`), so that nothing is overwritten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The most octets of a file; a packet that would go beyond begins the next one.
    pub octets: Option<u64>,
    /// The time that a file covers, from its first packet on.
    pub every: Option<Duration>,
    /// The number of files.
    pub files: Option<u32>,
}

/// Where a rotation stands.
#[derive(Debug)]
pub(super) struct State {
    rotation: Rotation,
    /// Files begun before this one.
    file: u64,
    /// The name that the pattern gave last, and how many files it has given it to before.
    named: Option<(PathBuf, u64)>,
    /// The time of the first packet of the current file, or of the first one of those that a size split.
    began: Option<Timestamp>,
    full: bool,
}

impl State {
    pub(super) fn new(target: &Path, rotation: &Rotation) -> Result<State, WriteError> {
        let rotates = rotation.octets.is_some() || rotation.every.is_some();
        if rotates && target.as_os_str() == "-" {
            return Err(WriteError::new("standard output cannot be split into several files; name a file"));
        }
        if !rotates && rotation.files.is_some() {
            return Err(WriteError::new("a number of files needs a size or a time after which the next one begins"));
        }
        if rotation.octets == Some(0)
            || rotation.every.is_some_and(|every| every.is_zero())
            || rotation.files == Some(0)
        {
            return Err(WriteError::new("the size, time and number of files must be above zero"));
        }
        if rotation.every.is_some() {
            // A pattern that cannot be filled in is found now and not in the middle of a capture.
            with_time(target, Timestamp::ZERO)?;
        }
        Ok(State { rotation: rotation.clone(), file: 0, named: None, began: None, full: false })
    }

    /// True if the name of a file holds the time of its first packet.
    pub(super) fn needs_time(&self) -> bool {
        self.rotation.every.is_some()
    }

    #[inline]
    pub(super) fn may_be_due(&self) -> bool {
        self.rotation.octets.is_some() || self.rotation.every.is_some()
    }

    /// True if the next file is to begin before a packet at `at` that would make this one `file_len` octets long.
    pub(super) fn is_due(&mut self, at: Timestamp, file_len: u64, packets: u64) -> bool {
        let began = *self.began.get_or_insert(at);
        let by_time = self.rotation.every.is_some_and(|every| at.since(began) >= every);
        if by_time {
            self.began = Some(at);
        }
        by_time || packets > 0 && self.rotation.octets.is_some_and(|octets| file_len > octets)
    }

    /// Goes on to the next file; false if there is none.
    pub(super) fn advance(&mut self) -> bool {
        self.file += 1;
        let files = self.rotation.files.map_or(u64::MAX, u64::from);
        self.full = self.rotation.every.is_some() && self.file >= files;
        !self.full
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// The name of the current file, whose first packet is of `at`.
    pub(super) fn name(&mut self, target: &Path, at: Timestamp) -> Result<PathBuf, WriteError> {
        match &self.rotation {
            Rotation { every: Some(_), .. } => {
                let path = with_time(target, *self.began.get_or_insert(at))?;
                let before = match self.named.take() {
                    Some((last, before)) if last == path => before + 1,
                    _ => 0,
                };
                self.named = Some((path.clone(), before));
                Ok(if before == 0 { path } else { numbered(&path, &format!("-{before}")) })
            }
            Rotation { octets: Some(_), files: Some(files), .. } => {
                let width = (files - 1).to_string().len();
                Ok(numbered(target, &format!("{:0width$}", self.file % u64::from(*files))))
            }
            _ if self.file == 0 => Ok(target.to_owned()),
            _ => Ok(numbered(target, &self.file.to_string())),
        }
    }
}

/// `path` with `number` before its suffix.
fn numbered(path: &Path, number: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(number);
    if let Some(suffix) = path.extension() {
        name.push(".");
        name.push(suffix);
    }
    path.with_file_name(name)
}

/// `path` with its strftime directives filled in with the local time of `at`.
fn with_time(path: &Path, at: Timestamp) -> Result<PathBuf, WriteError> {
    let refuse = |why: &dyn std::fmt::Display| {
        WriteError::new(format!("'{}' is no pattern for file names: {why}", output::name_of(path)))
    };
    let Some(pattern) = path.to_str() else { return Err(refuse(&"it is not UTF-8")) };
    let moment = jiff::Timestamp::from_nanosecond(i128::from(at.nanos())).map_err(|error| refuse(&error))?;
    let name =
        jiff::fmt::strtime::format(pattern, &moment.to_zoned(TimeZone::system())).map_err(|error| refuse(&error))?;
    Ok(PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(target: &str, rotation: Rotation, files: usize) -> Vec<String> {
        let mut state = State::new(Path::new(target), &rotation).expect("a rotation");
        let mut names = Vec::new();
        for _ in 0..files {
            names.push(state.name(Path::new(target), Timestamp::ZERO).expect("a name").display().to_string());
            state.advance();
        }
        names
    }

    #[test]
    fn files_by_size_are_numbered_before_the_suffix() {
        let by_size = Rotation { octets: Some(1000), ..Rotation::default() };
        assert_eq!(names("dir.d/t.pcapng", by_size, 3), ["dir.d/t.pcapng", "dir.d/t1.pcapng", "dir.d/t2.pcapng"]);
        let ring = Rotation { octets: Some(1000), files: Some(11), ..Rotation::default() };
        let names = names("t", ring, 12);
        assert_eq!((&*names[0], &*names[10], &*names[11]), ("t00", "t10", "t00"));
    }

    #[test]
    fn a_pattern_that_cannot_be_filled_in_is_refused_at_once() {
        let hourly = Rotation { every: Some(Duration::from_secs(3600)), ..Rotation::default() };
        let error = State::new(Path::new("t-%!.pcap"), &hourly).expect_err("no such directive").to_string();
        assert!(error.starts_with("'t-%!.pcap' is no pattern for file names: "), "{error}");
    }

    #[test]
    fn limits_of_zero_and_a_lonely_number_of_files_are_refused() {
        for rotation in [
            Rotation { octets: Some(0), ..Rotation::default() },
            Rotation { every: Some(Duration::ZERO), ..Rotation::default() },
            Rotation { octets: Some(1), files: Some(0), ..Rotation::default() },
            Rotation { files: Some(3), ..Rotation::default() },
        ] {
            assert!(State::new(Path::new("t.pcap"), &rotation).is_err(), "{rotation:?}");
        }
        let by_size = Rotation { octets: Some(1), ..Rotation::default() };
        assert!(State::new(Path::new("-"), &by_size).is_err());
    }
}
