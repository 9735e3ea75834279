//! Which of the words that were typed are capture files, and what is said of a file once it was read.

use super::{Failure, Output};
use crate::analysis::Capture;
use crate::capture::{self, CaptureSummary, FileSource, OpenOptions};
use crate::pipeline::RunError;

/// Capture files, and the filter that follows them.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) files: Vec<String>,
    pub(super) filter: String,
}

impl Inputs {
    /// Splits words into files and filter: the first word is a file, and so is every one after it that names an existing
    /// file or `-`; the rest is the filter.
    pub(super) fn split(words: &[String]) -> Inputs {
        let is_file = |word: &String| word == "-" || std::path::Path::new(word).exists();
        let more = words.iter().skip(1).take_while(|word| is_file(word)).count();
        let (files, filter) = words.split_at((1 + more).min(words.len()));
        Inputs { files: files.to_vec(), filter: filter.join(" ") }
    }

    /// Opens the files for a command that prints while it reads.
    pub(super) fn open(&self) -> Result<FileSource, Failure> {
        self.open_with(&OpenOptions::default())
    }

    /// Opens the files for a command that prints when it has read all: on a terminal, `output` shows meanwhile how far
    /// the reading is.
    pub(super) fn open_watched(&self, output: &mut Output) -> Result<FileSource, Failure> {
        self.open_with(&OpenOptions { meter: output.watch(&self.files), ..OpenOptions::default() })
    }

    fn open_with(&self, options: &OpenOptions) -> Result<FileSource, Failure> {
        capture::open(&self.files, options).map_err(|error| Failure::CouldNot(error.to_string()))
    }
}

/// What a report says of each file.
pub(super) fn captures(summaries: &[CaptureSummary]) -> Vec<Capture> {
    summaries
        .iter()
        .map(|summary| Capture {
            file: summary.file.clone(),
            packets: summary.packets,
            octets: summary.octets,
            first_ns: summary.first.map(|at| at.nanos()),
            last_ns: summary.last.map(|at| at.nanos()),
            links: summary.links.iter().map(|link| link.name()).collect(),
            cut: summary.cut,
            dropped: summary.dropped,
            damage: summary.damage.clone(),
        })
        .collect()
}

/// The end of a run over files: status 3 if one of them was damaged.
pub(super) fn ended(result: Result<(), RunError>, summaries: &[CaptureSummary]) -> Result<(), Failure> {
    match result {
        Err(RunError::Source(error)) => return Err(Failure::CouldNot(error.to_string())),
        Err(RunError::Output(error)) => return Err(error.into()),
        Ok(()) => {}
    }
    let damage: Vec<_> = summaries.iter().filter_map(|summary| summary.damage.clone()).collect();
    if damage.is_empty() { Ok(()) } else { Err(Failure::Damaged(damage.join("\nnetlab: "))) }
}
