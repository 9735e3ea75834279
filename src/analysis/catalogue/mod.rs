//! The catalogue: every code that netlab can put beside a packet, with its words. The one place they exist; it
//! generates `docs/EVENTS.md` and answers `netlab explain CODE`.
//!
//! Words are templates; one file a family.
//!
//! - `{name}` stands for the note's fact of that name; `{count piece}` for a number with its noun, `1 piece`, `3 pieces`.
//! - A part in `[square brackets]` is left out when one of its facts is missing, or is a span of 0, which a coarse clock
//!   makes of a short one. `[!{name}other words]` stand only where that fact is missing.
//! - A part in `<angle brackets>` is left out where the packet's own line stands beside the note and says it already.

pub mod arp;
pub mod fragments;
pub mod health;
pub mod icmp;
pub mod tcp;
pub mod udp;

use super::note::Severity;

/// One kind of note.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stable code, in kebab case.
    pub code: &'static str,
    /// The rule that normally decides it.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// One line beside a packet.
    pub line: &'static str,
    /// What it means and why it happens, for a student: two to five sentences, with the standard's section.
    pub explanation: &'static str,
}

/// All families, in the order of the layers.
pub static FAMILIES: &[(&str, &[&Entry])] = &[
    // One line a family.
    ("health", health::ENTRIES),
    ("arp", arp::ENTRIES),
    ("fragments", fragments::ENTRIES),
    ("icmp", icmp::ENTRIES),
    ("udp", udp::ENTRIES),
    ("tcp", tcp::ENTRIES),
];

/// Every entry of every family.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().flat_map(|(_, entries)| entries.iter().copied())
}

/// The entry with that code.
pub fn find(code: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_kebab_case_and_explained() {
        let mut seen = std::collections::BTreeSet::new();
        for entry in all() {
            assert!(seen.insert(entry.code), "{} twice", entry.code);
            assert!(
                entry.code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}",
                entry.code
            );
            assert!(!entry.rule.is_empty() && !entry.line.is_empty(), "{}", entry.code);
            assert!(entry.explanation.len() > 60, "{} needs an explanation", entry.code);
        }
    }
}
