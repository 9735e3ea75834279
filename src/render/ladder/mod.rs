//! A connection as a ladder: both ends as uprights, each segment an arrow between them, with the states that both ends
//! are in, the times, what was lost and what was never seen; as text, as a drawing, and in the languages of Mermaid and
//! Graphviz.

mod drawing;
mod notations;

use unicode_width::UnicodeWidthStr as _;

use super::number::{octets, span};
use super::style::{self, DIM, HEADING, Paint};
use super::time::utc_seconds;
use super::words;
use crate::analysis::tcp::{ConnectionReport, TimeBudget};
use crate::analysis::{Fact, Note};
use crate::base::Timestamp;
use crate::base::text::harmless_octets;
use crate::lang::{Lang, tell};

pub use drawing::svg;
pub use notations::{dot, mermaid};

/// One segment of the connection, as the ladder shows it.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The packet's number.
    pub packet: u64,
    /// When it was captured.
    pub at: Timestamp,
    /// True if the initiator sent it.
    pub from_initiator: bool,
    /// Flags joined by commas, such as `SYN,ACK`.
    pub flags: String,
    /// Relative sequence number, and acknowledgment if it counts.
    pub sequence: u32,
    /// The relative acknowledgment number.
    pub acknowledgment: Option<u32>,
    /// Octets of data.
    pub len: u32,
    /// The first captured octets of the data.
    pub preview: Vec<u8>,
    /// Both ends' states after it.
    pub states: (&'static str, &'static str),
    /// What is said of it.
    pub notes: Vec<Note>,
}

/// How a ladder is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing {
    /// Columns to fill.
    pub width: usize,
    /// Colours.
    pub paint: Paint,
    /// True to draw waits to scale: a line for each tenth of the longest wait.
    pub to_scale: bool,
}

/// Octets of data shown beside an arrow.
const PREVIEW_LEN: usize = 24;
/// Codes whose fact `first` names a copy that was lost behind the capture point.
const LOSSES: &[&str] = &[
    "tcp-fast-retransmission",
    "tcp-timeout-retransmission",
    "tcp-recovery-retransmission",
    "tcp-resend-after-timeout",
    "tcp-rack-retransmission",
    "tcp-tail-loss-probe",
];

/// The packet that a note about a repair says was lost behind the capture point.
pub(in crate::render) fn lost_copy(note: &Note) -> Option<u64> {
    match note.fact("first") {
        Some(Fact::Packet(first)) if LOSSES.contains(&note.code()) => Some(*first),
        _ => None,
    }
}

/// Appends the summary of the connection and its ladder; `left_out` rungs were too many to keep.
pub fn text(report: &ConnectionReport, rungs: &[Rung], left_out: u64, drawing: Drawing, out: &mut Vec<u8>) {
    let lang = drawing.paint.lang();
    summary(report, drawing.paint, out);
    out.push(b'\n');
    let mut ladder = Ladder::new(report, rungs, drawing, out);
    ladder.head();
    for rung in rungs {
        ladder.rung(rung);
    }
    if left_out > 0 {
        line(out, &tell!(lang, "  … and {} more packets", left_out));
    }
}

/// What became of the connection, in a few lines; each says whether it was seen, follows, or is only possible.
pub fn summary(report: &ConnectionReport, paint: Paint, out: &mut Vec<u8>) {
    let lang = paint.lang();
    let [a, b] = [&report.initiator, &report.responder];
    let title = tell!(
        lang,
        "connection {}   A {}   →   B {}   {}",
        report.id,
        socket(a.address, a.port),
        socket(b.address, b.port),
        span(report.last_ns - report.first_ns)
    );
    line(out, &paint.text(&title, HEADING));
    if report.roles == "guessed" {
        line(out, lang.say("  who asked for it is a guess from the ports: its beginning was not captured   [implied]"));
    }
    let opening = &report.opening;
    let rtt = opening.rtt_ns.map_or(String::new(), |rtt| tell!(lang, ", round trip {}", span(rtt)));
    let why = opening.rejected.map_or(String::new(), |why| tell!(lang, ": {}", lang.say(why)));
    line(
        out,
        &tell!(lang, "  open    {}{}{}{}   [wire]", lang.say(opening.kind), why, rtt, packets(&opening.packets, lang)),
    );
    let closing = &report.closing;
    let by = closing.first_by.map_or(String::new(), |by| {
        let what = if closing.kind == "reset" && closing.packets.len() == 1 { "reset by" } else { "first FIN by" };
        tell!(lang, ", {} {}", lang.say(what), letters(by))
    });
    line(out, &tell!(lang, "  close   {}{}{}   [wire]", lang.say(closing.kind), by, packets(&closing.packets, lang)));
    if closing.half_close {
        let text = tell!(
            lang,
            "          half-close: {} of new data after the other side's FIN, for {}   [wire]",
            octets(closing.half_close_octets),
            span(closing.half_close_ns)
        );
        line(out, &text);
    }
    if closing.last_ack_missing {
        line(out, lang.say("          the last acknowledgment was not captured   [wire]"));
    }
    if let Some(until) = closing.time_wait_until_ns {
        let until = utc_seconds(Timestamp::from_nanos(until));
        let holder = lang.say(letters(closing.time_wait));
        line(
            out,
            &tell!(
                lang,
                "          {} keeps TIME-WAIT until about {} (Linux: 60 s after the last ACK, rounded up by its timer: give or take 1 s)   [implied]",
                holder,
                until
            ),
        );
        if closing.time_wait != "initiator" && report.roles == "seen" {
            let text = tell!(
                lang,
                "          a server started again on port {} before then gets \"address already in use\", unless it sets \
                 SO_REUSEADDR before bind   [possible]",
                b.port
            );
            line(out, &text);
        }
    }
    if let Some(round_trip) = &report.round_trip {
        let text = tell!(
            lang,
            "  path    round trip at least {}: to A and back {}, to B and back {}; captured {}   [implied]",
            span(round_trip.min_ns),
            span(round_trip.to_initiator_ns),
            span(round_trip.to_responder_ns),
            lang.say(match round_trip.captured_near {
                "initiator" => "near A",
                "responder" => "near B",
                _ => "between them",
            })
        );
        line(out, &text);
    }
    for (name, side) in [("A→B", 0), ("B→A", 1)] {
        direction(report, name, side, lang, out);
    }
}

fn direction(report: &ConnectionReport, name: &str, side: usize, lang: Lang, out: &mut Vec<u8>) {
    let count = report.packets.both()[side];
    let stream = report.stream_octets.both()[side];
    let repairs = report.repairs.both()[side];
    let windows = report.windows.both()[side];
    let mut text = tell!(lang, "  {}     {}, {} of data", name, lang.count(*count, "packet"), octets(*stream));
    let mut add = |count: u64, one: &str, many: &str| {
        if count > 0 {
            text.push_str(&tell!(lang, ", {} {}", count, lang.say(if count == 1 { one } else { many })));
        }
    };
    add(repairs.retransmitted_segments, "segment sent again", "segments sent again");
    add(repairs.timeouts, "timeout", "timeouts");
    add(repairs.fast, "fast recovery", "fast recoveries");
    add(repairs.tail_probes, "tail-loss probe", "tail-loss probes");
    add(repairs.unneeded_segments, "of them unneeded", "of them unneeded");
    add(repairs.out_of_order, "out of order", "out of order");
    add(windows.zero_windows, "closed window", "closed windows");
    if repairs.delivered_unseen_octets > 0 {
        text.push_str(&tell!(lang, ", {} delivered but not captured", octets(repairs.delivered_unseen_octets)));
    }
    line(out, &tell!(lang, "{}   [wire]", text));
    let budget = if side == 0 { report.time.initiator } else { report.time.responder };
    if let Some(budget) = budget {
        line(out, &tell!(lang, "          time: {}   [implied]", shares(&budget, lang)));
    }
}

/// The shares of a time budget, largest first.
pub fn shares(budget: &TimeBudget, lang: Lang) -> String {
    let total = budget.total_ns.max(1) as f64;
    let mut shares = [
        (budget.idle_ns, "nothing to send"),
        (budget.round_trip_ns, "waiting for acknowledgments"),
        (budget.sending_ns, "sending"),
        (budget.receiver_closed_ns, "receiver's window closed"),
        (budget.window_full_ns, "window full"),
        (budget.recovery_ns, "repairing losses"),
        (budget.capture_gap_ns, "not captured"),
    ];
    shares.sort_by_key(|(nanos, _)| std::cmp::Reverse(*nanos));
    let told: Vec<String> = shares
        .iter()
        .filter(|(nanos, _)| *nanos > 0)
        .map(|(nanos, name)| format!("{} {:.1} %", lang.say(name), *nanos as f64 * 100.0 / total))
        .collect();
    tell!(lang, "{} from first to last data: {}", span(budget.total_ns), lang.list(&told))
}

struct Ladder<'l> {
    report: &'l ConnectionReport,
    drawing: Drawing,
    out: &'l mut Vec<u8>,
    /// Packets that were lost behind the capture point.
    lost: Vec<u64>,
    first: Timestamp,
    last: Option<Timestamp>,
    longest_wait: u64,
    states: (&'static str, &'static str),
    /// Columns between the uprights.
    inner: usize,
}

/// Columns in front of the left upright: number, time, state of A.
const LEFT: usize = 6 + 1 + 11 + 1 + 14;
/// Columns behind the right upright, for the state of B.
const RIGHT: usize = 15;

impl<'l> Ladder<'l> {
    fn new(report: &'l ConnectionReport, rungs: &[Rung], drawing: Drawing, out: &'l mut Vec<u8>) -> Ladder<'l> {
        let mut lost: Vec<u64> = rungs.iter().flat_map(|rung| &rung.notes).filter_map(lost_copy).collect();
        lost.sort_unstable();
        let longest_wait = rungs.windows(2).map(|pair| pair[1].at.nanos_since(pair[0].at)).max().unwrap_or(0).max(1);
        let inner = drawing.width.saturating_sub(LEFT + RIGHT + 2).clamp(36, 64);
        Ladder {
            report,
            drawing,
            out,
            lost,
            first: rungs.first().map_or(Timestamp::ZERO, |rung| rung.at),
            last: None,
            longest_wait,
            states: ("", ""),
            inner,
        }
    }

    fn head(&mut self) {
        let a = format!("A {}", socket(self.report.initiator.address, self.report.initiator.port));
        let b = format!("B {}", socket(self.report.responder.address, self.report.responder.port));
        let gap = (self.inner + 2).saturating_sub(a.width() / 2 + b.width() / 2).max(2);
        let start = LEFT.saturating_sub(a.width() / 2);
        let text = format!("{:start$}{a}{:gap$}{b}", "", "");
        line(self.out, &self.drawing.paint.text(&text, HEADING));
    }

    fn rung(&mut self, rung: &Rung) {
        self.wait(rung.at);
        for note in &rung.notes {
            match note.code() {
                "tcp-hole" => self.unseen(rung.from_initiator, note),
                "tcp-ack-unseen" => self.unseen(!rung.from_initiator, note),
                _ => {}
            }
        }
        let (a, b) = rung.states;
        let shown = (if a == self.states.0 { "" } else { a }, if b == self.states.1 { "" } else { b });
        self.states = rung.states;
        let time = span_since(rung.at, self.first);
        let label = fit(&self.label(rung), self.inner - 2);
        let pad = self.inner - 2 - label.width();
        let label = if rung.from_initiator { format!(" {label}{:pad$} ", "") } else { format!(" {:pad$}{label} ", "") };
        let left = format!("{:>6} {time:>11} {:>13} ", rung.packet, shown.0);
        line(self.out, format!("{left}│{label}│ {}", shown.1).trim_end());
        let arrow = self.arrow(rung);
        line(self.out, &format!("{:LEFT$}│{arrow}│", ""));
        for note in &rung.notes {
            let text = words::line_in(self.drawing.paint.lang(), note);
            let colour = style::severity(note.entry.severity);
            for (index, piece) in wrap(&text, self.drawing.width.saturating_sub(LEFT + 4).max(30)).iter().enumerate() {
                let mark = if index == 0 { "· " } else { "  " };
                let text = self.drawing.paint.text(&format!("{mark}{piece}"), colour);
                line(self.out, &format!("{:LEFT$}  {text}", ""));
            }
        }
        self.last = Some(rung.at);
    }

    /// A wait drawn to scale: up to ten empty lines.
    fn wait(&mut self, at: Timestamp) {
        let Some(last) = self.last.filter(|_| self.drawing.to_scale) else { return };
        let lines = at.nanos_since(last) as f64 * 10.0 / self.longest_wait as f64;
        for _ in 0..lines.round() as usize {
            line(self.out, &format!("{:LEFT$}│{:inner$}│", "", "", inner = self.inner));
        }
    }

    /// Octets that were sent but not seen here: a dotted arrow.
    fn unseen(&mut self, from_initiator: bool, note: &Note) {
        let lang = self.drawing.paint.lang();
        let what = match note.fact("octets") {
            Some(fact) => tell!(lang, " {} not seen here ", words::fact(fact)),
            None => lang.say(" not seen here ").to_owned(),
        };
        let dots = self.inner.saturating_sub(what.width() + 1);
        let (before, after) = ("·".repeat(dots / 2), "·".repeat(dots - dots / 2));
        let arrow =
            if from_initiator { format!("{before}{what}{after}▷") } else { format!("◁{before}{what}{after}") };
        let arrow = self.drawing.paint.text(&arrow, DIM);
        line(self.out, &format!("{:LEFT$}│{arrow}│", ""));
    }

    fn label(&self, rung: &Rung) -> String {
        let mut label = format!("{} seq {}", rung.flags, rung.sequence);
        if let Some(acknowledgment) = rung.acknowledgment {
            label.push_str(&format!(" ack {acknowledgment}"));
        }
        if rung.len > 0 {
            label.push_str(&format!(" len {}", rung.len));
            let preview = &rung.preview[..rung.preview.len().min(PREVIEW_LEN)];
            let is_text =
                preview.iter().all(|octet| (0x20..0x7f).contains(octet) || matches!(octet, b'\r' | b'\n' | b'\t'));
            if is_text && !preview.is_empty() {
                let more = if (rung.len as usize) > preview.len() { "…" } else { "" };
                label.push_str(&format!(" \"{}\"{more}", harmless_octets(preview)));
            }
        }
        label
    }

    fn arrow(&self, rung: &Rung) -> String {
        let is_lost = self.lost.binary_search(&rung.packet).is_ok();
        let is_copy = rung.notes.iter().any(|note| note.code() == "capture-duplicate");
        let shaft = if is_copy { "╌" } else { "─" };
        let inner = self.inner;
        match (rung.from_initiator, is_lost) {
            (true, false) => format!("{}▶", shaft.repeat(inner - 1)),
            (false, false) => format!("◀{}", shaft.repeat(inner - 1)),
            (true, true) => format!("{}✕{:rest$}", shaft.repeat(inner * 3 / 4), "", rest = inner - inner * 3 / 4 - 1),
            (false, true) => {
                let shaft_len = inner * 3 / 4;
                format!("{:rest$}✕{}", "", shaft.repeat(shaft_len), rest = inner - shaft_len - 1)
            }
        }
    }
}

fn span_since(at: Timestamp, first: Timestamp) -> String {
    if at < first { format!("-{}", span(first.nanos_since(at))) } else { span(at.nanos_since(first)) }
}

fn packets(numbers: &[u64], lang: Lang) -> String {
    let told: Vec<String> = numbers.iter().map(u64::to_string).collect();
    match told.len() {
        0 => String::new(),
        1 => tell!(lang, ", packet {}", told[0]),
        _ => tell!(lang, ", packets {}", lang.list(&told)),
    }
}

/// The letters by which the ladder calls the sides.
fn letters(side: &str) -> &'static str {
    match side {
        "initiator" => "A",
        "responder" => "B",
        "both" => "A and B",
        _ => "nobody",
    }
}

/// Address and port, as they stand in a URL.
pub fn socket(address: std::net::IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(address, port).to_string()
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.push(b'\n');
}

/// `text` in at most `width` columns.
fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + 2 > width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// `text` in lines of at most `width` columns, broken at blanks, and between Chinese characters, which have none.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        for (index, piece) in unbroken(word).into_iter().enumerate() {
            let Some(last) = lines.last_mut() else { break };
            let blank = usize::from(index == 0 && !last.is_empty());
            if !last.is_empty() && last.width() + blank + piece.width() > width {
                lines.push(piece.to_owned());
            } else {
                if blank > 0 {
                    last.push(' ');
                }
                last.push_str(piece);
            }
        }
    }
    lines
}

/// The pieces of a word that no line may break: the whole of it, but a Chinese character is a piece of its own, together
/// with the punctuation that must not be parted from it.
pub(super) fn unbroken(word: &str) -> Vec<&str> {
    const OPENING: &str = "（“《「";
    const CLOSING: &str = "，。；：、！？）”》」…";
    let is_wide = |c: char| unicode_width::UnicodeWidthChar::width(c) == Some(2);
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in word.char_indices() {
        let may_break = before
            .is_some_and(|before| (is_wide(before) || is_wide(c)) && !OPENING.contains(before) && !CLOSING.contains(c));
        if may_break {
            pieces.push(&word[start..at]);
            start = at;
        }
        before = Some(c);
    }
    pieces.push(&word[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_at_blanks() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(wrap("三次握手，TCP 建立连接。", 10), ["三次握手，", "TCP 建立连", "接。"]);
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("abc", 4), "abc");
    }
}
