//! The sections of the report for people, in the order in which they are read: what was captured, what matters, who
//! talked how much.

use crate::analysis::{Capture, Endpoint, ProtocolCount, Report, SizeRange};
use crate::lang::tell;
use crate::packet::{Remark, RemarkKind};
use crate::render::number::{octets, span};
use crate::render::style::{HEADING, Paint};
use crate::render::table::Table;
use crate::render::time::utc;

/// The page being written.
pub(super) struct Page<'a> {
    pub(super) width: usize,
    pub(super) paint: Paint,
    pub(super) out: &'a mut Vec<u8>,
}

/// Rows of tables in which only the biggest matter.
const TOP_ROWS: usize = 15;

impl Page<'_> {
    pub(super) fn line(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'\n');
    }

    pub(super) fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
        self.paint.begin(self.out, HEADING);
        self.out.extend_from_slice(self.paint.lang().say(text).as_bytes());
        self.paint.end(self.out);
        self.out.push(b'\n');
    }

    fn table(&self, headings: &[&str]) -> Table {
        Table::new(self.width, self.paint, headings)
    }

    pub(super) fn captures(&mut self, captures: &[Capture]) {
        for capture in captures {
            self.heading(&capture.file);
            let links = capture.links.join(", ");
            let of = if links.is_empty() { String::new() } else { format!(" ({links})") };
            let lang = self.paint.lang();
            let packets = lang.count(capture.packets, "packet");
            self.line(&lang.tell("  {}, {}{}", &[&packets, &octets(capture.octets), &of]));
            if let (Some(first), Some(last)) = (capture.first_ns, capture.last_ns) {
                let first_at = crate::base::Timestamp::from_nanos(first);
                self.line(&if last == first {
                    lang.tell("  at {}", &[&utc(first_at)])
                } else {
                    lang.tell("  from {}, for {}", &[&utc(first_at), &span(last - first)])
                });
            }
            if capture.cut > 0 {
                let cut = lang.count(capture.cut, "packet");
                self.line(&lang.tell("  {} cut: the capture kept fewer octets than were sent", &[&cut]));
            }
            if capture.dropped > 0 {
                let lost = lang.count(capture.dropped, "packet");
                self.line(&lang.tell("  {} lost by the capturing side, as the file says", &[&lost]));
            }
            if let Some(damage) = &capture.damage {
                self.line(&lang.tell("  damaged: {}", &[damage]));
            }
        }
    }

    /// The hierarchy of protocols: each layer below the one that carries it, with everything that contains it.
    pub(super) fn protocols(&mut self, stacks: &[ProtocolCount]) {
        if stacks.is_empty() {
            return;
        }
        self.heading("Protocols");
        let total: u64 = stacks.iter().map(|stack| stack.packets).sum();
        let mut sums = std::collections::BTreeMap::<Vec<&str>, (u64, u64)>::new();
        for stack in stacks {
            let names: Vec<_> = stack.path.split('/').collect();
            for depth in 1..=names.len() {
                let sum = sums.entry(names[..depth].to_vec()).or_default();
                sum.0 += stack.packets;
                sum.1 += stack.octets;
            }
        }
        let mut table = self.table(&["protocol", ">packets", ">share", ">octets"]);
        for (path, (count, sum)) in sums {
            let name = format!("{}{}", "  ".repeat(path.len() - 1), path[path.len() - 1]);
            let share = format!("{:.1} %", count as f64 * 100.0 / total as f64);
            table.row([name, count.to_string(), share, octets(sum)]);
        }
        table.write(self.out);
    }

    pub(super) fn connections(&mut self, report: &Report, with_zeek: bool) {
        if report.connections.is_empty() {
            return;
        }
        self.heading("TCP connections");
        let more = report.more_connections;
        crate::render::connections::table(&report.connections, more, with_zeek, self.width, self.paint, self.out);
    }

    pub(super) fn endpoints(&mut self, endpoints: &[Endpoint]) {
        if endpoints.is_empty() {
            return;
        }
        self.heading("End points");
        let mut table = self.table(&["address", ">sent", ">octets", ">received", ">octets"]).at_most(TOP_ROWS);
        for endpoint in endpoints {
            table.row_with(|| {
                [
                    endpoint.address.to_string(),
                    endpoint.packets_sent.to_string(),
                    octets(endpoint.octets_sent),
                    endpoint.packets_received.to_string(),
                    octets(endpoint.octets_received),
                ]
            });
        }
        table.write(self.out);
    }

    pub(super) fn sizes(&mut self, sizes: &[SizeRange]) {
        let most = sizes.iter().map(|range| range.packets).max().unwrap_or(0);
        if most == 0 {
            return;
        }
        self.heading("Sizes on the wire");
        let mut table = self.table(&[">octets", ">packets", ""]);
        for range in sizes {
            let bar = "█".repeat((range.packets * 30).div_ceil(most) as usize);
            table.row([format!("{}–{}", range.from, range.to), range.packets.to_string(), bar]);
        }
        table.write(self.out);
    }

    pub(super) fn remarks(&mut self, remarks: &[Remark]) {
        let comments: Vec<_> = remarks.iter().filter(|remark| remark.kind == RemarkKind::Comment).collect();
        if comments.is_empty() {
            return;
        }
        let lang = self.paint.lang();
        self.heading("Comments in the capture");
        for remark in comments.iter().take(TOP_ROWS) {
            let place = remark.packet.map_or(String::new(), |number| tell!(lang, "packet {}: ", number));
            self.line(&format!("  {place}{}", remark.text));
        }
        if comments.len() > TOP_ROWS {
            self.line(&tell!(lang, "  … and {} more", comments.len() - TOP_ROWS));
        }
    }
}
