//! The findings of a report: what matters, kind after kind, so that one that is frequent does not hide the others.

use super::sections::Page;
use crate::analysis::{Finding, HealthReport};
use crate::lang::tell;
use crate::render::style;
use crate::render::words;

/// Findings of one kind that are shown one by one; of more, it says how many there are.
const SAME_KIND: usize = 5;

impl Page<'_> {
    /// What matters, each finding marked by what in the capture itself speaks against it. `findings` are in the order of
    /// their weight; those of one kind follow the heaviest of them.
    pub(super) fn findings(&mut self, findings: &[&Finding], health: &HealthReport) {
        if findings.is_empty() {
            return;
        }
        self.heading("Findings");
        for kind in by_kind(findings) {
            // A single one more is shown rather than counted: that takes no more room.
            let shown = if kind.len() == SAME_KIND + 1 { kind.len() } else { kind.len().min(SAME_KIND) };
            let (shown, rest) = kind.split_at(shown);
            shown.iter().for_each(|finding| self.finding(finding, health));
            if let Some(first) = rest.first() {
                let times: u64 = rest.iter().map(|finding| finding.count).sum();
                let line = "    … {} times more in {} other connections · {}; --json shows all";
                self.line(&self.paint.lang().tell(line, &[&times, &rest.len(), &first.first.code()]));
            }
        }
    }

    fn finding(&mut self, finding: &Finding, health: &HealthReport) {
        let note = &finding.first;
        let lang = self.paint.lang();
        let times = if finding.count > 1 { lang.tell(" ({} times)", &[&finding.count]) } else { String::new() };
        let mark = self.paint.text(lang.say(note.entry.severity.name()), style::severity(note.entry.severity));
        let connection = note.connection.map_or(String::new(), |id| tell!(lang, "connection {}: ", id));
        let numbers = finding.packets.iter().take(5).map(u64::to_string).collect::<Vec<_>>().join(", ");
        let more = if finding.count > 5 { ", …" } else { "" };
        let noun = if finding.count == 1 { "packet" } else { "packets" };
        self.line(&format!("  {mark} {connection}{}{times}", words::line_in(lang, note)));
        let causes: Vec<_> = health.weakening(note.code()).collect();
        let weak = if causes.is_empty() {
            String::new()
        } else {
            lang.tell(
                " · weakened by: {}",
                &[&lang.list(&causes.iter().map(|cause| lang.say(cause)).collect::<Vec<_>>())],
            )
        };
        let place = format!("      {noun} {{}} · {{}} · rule {{}}{{}}");
        let numbers = format!("{numbers}{more}");
        self.line(&lang.tell(&place, &[&numbers, &note.code(), &note.rule, &weak]));
    }
}

/// The findings kind by kind, in the order of the first of each.
fn by_kind<'f>(findings: &[&'f Finding]) -> Vec<Vec<&'f Finding>> {
    let mut kinds: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        match kinds.iter_mut().find(|kind| kind[0].first.entry.code == finding.first.entry.code) {
            Some(kind) => kind.push(finding),
            None => kinds.push(vec![finding]),
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Findings, Note, catalogue};
    use crate::base::Timestamp;
    use crate::render::style::Paint;

    #[test]
    fn a_frequent_kind_does_not_hide_a_rare_one() {
        let mut findings = Findings::default();
        for connection in 0..300 {
            let note = Note::new(&catalogue::tcp::RETRANSMISSION, connection + 1, Timestamp::ZERO);
            findings.add(&note.clone().in_connection(connection));
            findings.add(&note.in_connection(connection));
        }
        findings.add(&Note::new(&catalogue::tcp::HOLE, 999, Timestamp::ZERO).in_connection(7));
        let mut out = Vec::new();
        let mut page = Page { width: 100, paint: Paint::new(false), out: &mut out };
        page.findings(&findings.in_order(), &HealthReport::default());
        let text = String::from_utf8_lossy(&out);
        assert_eq!(text.matches("connection ").count(), SAME_KIND + 1, "{text}");
        assert!(text.contains("… 590 times more in 295 other connections · tcp-retransmission"), "{text}");
        assert!(text.contains("packet 999 · tcp-hole"), "{text}");
    }
}
