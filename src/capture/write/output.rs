//! The file or pipe that a capture goes into.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::WriteError;
use crate::base::text;

/// An open file, or standard output.
#[derive(Debug)]
pub(super) struct Output {
    file: File,
    name: String,
    len: u64,
}

impl Output {
    /// Makes or empties `path`; `-` is standard output. Refuses the files in `not_into` under whatever name.
    pub(super) fn create(path: &Path, not_into: &[PathBuf]) -> Result<Output, WriteError> {
        let name = name_of(path);
        let file = if path.as_os_str() == "-" { stdout(&name)? } else { make(path, &name, not_into)? };
        Ok(Output { file, name, len: 0 })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Octets written so far.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn write(&mut self, octets: &[u8]) -> Result<(), WriteError> {
        self.file.write_all(octets).map_err(|error| unwritable(&self.name, error))?;
        self.len += octets.len() as u64;
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.file.flush().map_err(|error| unwritable(&self.name, error))
    }
}

/// The name of an output as it is printed.
pub(super) fn name_of(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "standard output".to_owned()
    } else {
        text::harmless(&path.to_string_lossy()).into_owned()
    }
}

fn stdout(name: &str) -> Result<File, WriteError> {
    if io::stdout().is_terminal() {
        return Err(WriteError::new("cannot write a capture to a terminal; name a file, or pipe it: -w - | PROGRAM"));
    }
    // A descriptor of our own: the standard library's standard output looks for ends of lines in what it is given.
    duplicate(&io::stdout()).map_err(|error| unwritable(name, error))
}

#[cfg(unix)]
fn duplicate(stdout: &impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn duplicate(stdout: &impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(File::from(stdout.as_handle().try_clone_to_owned()?))
}

fn make(path: &Path, name: &str, not_into: &[PathBuf]) -> Result<File, WriteError> {
    // Emptied only once it is sure that it is not being read.
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| unwritable(name, error))?;
    let metadata = file.metadata().map_err(|error| unwritable(name, error))?;
    if not_into.iter().any(|read| fs::metadata(read).is_ok_and(|read| is_same(&read, &metadata)) || read == path) {
        return Err(WriteError::new(format!(
            "cannot write {name}: it is the capture that is being read; write to another file"
        )));
    }
    if metadata.is_file() {
        file.set_len(0).map_err(|error| unwritable(name, error))?;
    }
    Ok(file)
}

#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    // Devices such as /dev/null may be both read and written.
    one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false
}

fn unwritable(name: &str, error: io::Error) -> WriteError {
    let sentence = match error.kind() {
        io::ErrorKind::NotFound => format!("cannot write {name}: the folder it should be in does not exist"),
        io::ErrorKind::PermissionDenied => {
            format!("cannot write {name}: you are not permitted to; choose a place that is yours")
        }
        io::ErrorKind::IsADirectory => format!("cannot write {name}: it is a directory; name a file in it"),
        io::ErrorKind::StorageFull => format!("cannot write {name}: the disk is full; what fitted is in the file"),
        _ => format!("cannot write {name}: {}", text::harmless(&error.to_string())),
    };
    WriteError::caused_by(sentence, error)
}
