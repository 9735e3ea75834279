//! Why a capture could not be written.

use std::io;

/// Why a capture could not be written, in a sentence for its user.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct WriteError {
    sentence: String,
    #[source]
    cause: Option<io::Error>,
}

impl WriteError {
    pub(super) fn new(sentence: impl Into<String>) -> WriteError {
        WriteError { sentence: sentence.into(), cause: None }
    }

    pub(super) fn caused_by(sentence: impl Into<String>, cause: io::Error) -> WriteError {
        WriteError { sentence: sentence.into(), cause: Some(cause) }
    }

    /// True if whoever read what was written went away, which is no failure.
    pub fn is_closed_pipe(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    }
}
