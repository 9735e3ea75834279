//! The classes of difference that are understood. Each has a section of the same name in `docs/AGREEMENT.md`.

use std::path::Path;

use serde_json::Value;

use super::compare::Difference;
use super::tshark::Row;

/// A class of difference.
#[derive(Debug)]
pub(super) struct Class {
    /// Its name, as in `docs/AGREEMENT.md`.
    pub(super) name: &'static str,
    holds: fn(&Row, &Value, &Difference) -> bool,
}

const CLASSES: &[Class] = &[];

/// The first class that the difference belongs to.
pub(super) fn of(theirs: &Row, ours: &Value, difference: &Difference) -> Option<&'static Class> {
    CLASSES.iter().find(|class| (class.holds)(theirs, ours, difference))
}

/// The class of a different number of packets.
pub(super) fn of_count(_capture: &Path, _ours: usize, _theirs: usize) -> Option<&'static Class> {
    None
}
