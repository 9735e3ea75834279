//! What netlab noted, as comments of packets in a capture file.

use clap::ValueEnum;

use crate::analysis::{Note, Severity};
use crate::base::text::harmless;
use crate::render::words;

/// From which level on notes become comments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CommentLevel {
    /// No comments; packets are not looked into, which is fastest
    None,
    /// Also the normal course of things
    Chat,
    /// What is worth knowing
    #[default]
    Note,
    /// What went wrong
    Warning,
    /// What is broken or hostile
    Error,
}

impl CommentLevel {
    /// The least severity of a note that becomes a comment; `None` if none does.
    pub(super) fn severity(self) -> Option<Severity> {
        Some(match self {
            CommentLevel::None => return None,
            CommentLevel::Chat => Severity::Chat,
            CommentLevel::Note => Severity::Note,
            CommentLevel::Warning => Severity::Warning,
            CommentLevel::Error => Severity::Error,
        })
    }
}

/// A note as it stands in a file: its code, its sentence and its rule.
pub(super) fn comment(note: &Note) -> String {
    format!("{}: {} [{}]", note.code(), harmless(&words::line(note)), note.rule)
}
