//! Findings: what matters of a whole capture, gathered from the notes about its packets.

use hashbrown::HashMap;

use super::note::{Note, Wanted};
use crate::base::limits::{MAX_FINDING_PACKETS, MAX_FINDINGS};

/// Notes of one kind about one conversation, told once.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The first note of its kind: its facts stand for the rest.
    pub first: Note,
    /// The packets it was said of, in order; the first [`MAX_FINDING_PACKETS`] of them.
    pub packets: Vec<u64>,
    /// How often it was said.
    pub count: u64,
}

/// Gathers final notes into findings.
#[derive(Debug, Default)]
pub struct Findings {
    by_kind: HashMap<(&'static str, Option<u64>), usize, foldhash::fast::RandomState>,
    found: Vec<Finding>,
    /// Notes for which there was no more room.
    pub left_out: u64,
}

impl Findings {
    /// Takes in a final note. Those that only describe the normal course are not findings.
    pub fn add(&mut self, note: &Note) {
        if !Wanted::Findings.includes(note.entry) {
            return;
        }
        let next = self.found.len();
        match self.by_kind.get(&(note.entry.code, note.connection)) {
            Some(&index) => {
                let finding = &mut self.found[index];
                finding.count += 1;
                if finding.packets.len() < MAX_FINDING_PACKETS {
                    finding.packets.push(note.packet);
                }
            }
            None if next < MAX_FINDINGS => {
                self.by_kind.insert((note.entry.code, note.connection), next);
                self.found.push(Finding { first: note.clone(), packets: vec![note.packet], count: 1 });
            }
            None => self.left_out += 1,
        }
    }

    /// The findings, those that matter most first: by severity, then by how often, then by the first packet.
    pub fn in_order(&self) -> Vec<&Finding> {
        let mut findings: Vec<_> = self.found.iter().collect();
        findings.sort_by_key(|finding| {
            (std::cmp::Reverse((finding.first.entry.severity, finding.count)), finding.first.packet)
        });
        findings
    }
}
