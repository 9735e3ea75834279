//! Why an input was not taken, and what was probably meant.

use std::fmt;

/// A refused input: what is wrong with it, what was probably meant, and what else helps. Printed as one sentence, which
/// has a second and third line when bits are pointed at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// What is wrong, naming the input.
    pub reason: String,
    /// Readings that would be accepted, most likely first.
    pub meant: Vec<String>,
    /// What else helps.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal for this reason.
    pub fn new(reason: impl Into<String>) -> Refusal {
        Refusal { reason: reason.into(), meant: Vec::new(), hint: None }
    }

    /// Adds a reading that would be accepted.
    #[must_use]
    pub fn meant(mut self, reading: impl Into<String>) -> Refusal {
        self.meant.push(reading.into());
        self
    }

    /// Adds what else helps.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Refusal {
        self.hint = Some(hint.into());
        self
    }

    /// Applies `change` to every reading: what was right around the refused piece is put around them again.
    #[must_use]
    pub(super) fn map_meant(mut self, change: impl Fn(&str) -> String) -> Refusal {
        for reading in &mut self.meant {
            *reading = change(reading);
        }
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if let Some((last, others)) = self.meant.split_last() {
            // After a drawing of bits the question starts its own line.
            f.write_str(if self.reason.contains('\n') { "\n  did you mean " } else { "; did you mean " })?;
            if !others.is_empty() {
                write!(f, "{} or ", others.join(", "))?;
            }
            write!(f, "{last}?")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}
