//! What the plain fields of a capture's segments tell beside netlab's verdicts: kept here once more, in a few lines and
//! without netlab's tracker, so that the cause of a difference is looked up and not believed.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// One direction of a connection, as far as its segments went.
#[derive(Clone, Copy, Debug, Default)]
struct Direction {
    segments: u64,
    /// Next expected number, as the segments seen here say.
    next: Option<u32>,
    window: Option<u16>,
    /// The highest acknowledgment said in this direction.
    acknowledged: Option<u32>,
    /// The farthest number that it gave room up to, by raw windows and with the window scale.
    edge: Option<u32>,
    has_fin: bool,
    has_rst: bool,
    /// Its SYN was seen, and had a window scale.
    syn: Option<Option<u8>>,
    /// netlab took the numbers of its latest segment for impossible.
    was_impossible: bool,
    /// Where the latest gap of its numbers ended.
    gap_end: Option<u32>,
    /// A reset lay beyond the next number.
    had_reset_ahead: bool,
    had_odd: bool,
}

/// What is asked of a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    pub payload: u32,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    pub window: u16,
    /// The sender's window before this segment.
    pub window_before: Option<u16>,
    /// The other side has sent its FIN, or a reset.
    pub peer_is_done: bool,
    /// This side has sent its FIN, or a reset, before.
    pub is_done: bool,
    /// No segment of this direction came before.
    pub is_first: bool,
    /// Nor of the other direction.
    pub peer_is_silent: bool,
    /// The other side has acknowledged everything before this segment.
    pub was_acknowledged: bool,
    /// Both SYNs were seen, or one without a window scale.
    pub knows_scale: bool,
    /// The segment ends exactly where the other side's latest room ends; where its farthest room ended.
    pub ends_at_latest: bool,
    pub ends_below_farthest: bool,
    /// The acknowledgment is the one before once more, and the window as it was.
    pub same_acknowledgment: bool,
    /// It acknowledges nothing that was not acknowledged before.
    pub acknowledges_nothing_new: bool,
    /// It acknowledges a gap in what the other side was seen to send.
    pub covers_gap: bool,
    /// A reset of this direction lay beyond its next number.
    pub had_reset_ahead: bool,
    /// tshark saw segments in this conversation that are none for netlab.
    pub has_unread: bool,
    /// What is one conversation for tshark are several for netlab.
    pub is_divided: bool,
    /// netlab took an earlier segment of the connection for one with impossible numbers.
    pub has_impossible: bool,
    /// An earlier segment of the connection had flags or numbers that netlab lets move nothing.
    pub has_odd: bool,
    /// The segment lies below what its direction has sent already.
    pub is_below: bool,
    pub has_sack: bool,
}

/// All connections of a capture, by netlab's number, and who sent: the lower port and address first.
#[derive(Debug, Default)]
pub(super) struct Memory {
    directions: HashMap<(u64, bool), Direction>,
    /// Flows (sender and receiver) with frames that were padded, and those with packets captured twice.
    pub padded: HashSet<[String; 2]>,
    pub copied: HashSet<[String; 2]>,
}

impl Memory {
    /// The facts of a segment, which is remembered for those that follow.
    pub fn take(&mut self, record: &Value, scale: Option<u8>, has_sack: bool, codes: &[&str]) -> Facts {
        let tcp = &record["tcp"];
        let number = |name: &str| tcp[name].as_u64().unwrap_or(0);
        let flag = |name: &str| tcp["flags"].as_array().is_some_and(|flags| flags.iter().any(|flag| flag == name));
        let connection = record["connection"].as_u64().unwrap_or(u64::MAX);
        let (source, destination) = (end(record, "source"), end(record, "destination"));
        let forward = (number("source_port"), source) <= (number("destination_port"), destination);
        let before = *self.directions.entry((connection, forward)).or_default();
        let peer = *self.directions.entry((connection, !forward)).or_default();
        let (sequence, acknowledgment) = (number("sequence") as u32, number("acknowledgment") as u32);
        let (payload, window) = (number("payload_len") as u32, number("window") as u16);
        let (syn, fin, rst, ack) = (flag("SYN"), flag("FIN"), flag("RST"), flag("ACK"));
        let end = sequence.wrapping_add(payload).wrapping_add(u32::from(syn)).wrapping_add(u32::from(fin));
        let knows_scale = matches!((before.syn, peer.syn), (Some(_), Some(_)) | (Some(None), _) | (_, Some(None)));
        let shift = |own: Direction, other: Direction| match (own.syn, other.syn) {
            (Some(Some(own)), Some(Some(_))) => u32::from(own.min(14)),
            _ => 0,
        };
        let latest_edge = peer
            .acknowledged
            .zip(peer.window)
            .map(|(acknowledged, window)| acknowledged.wrapping_add(u32::from(window) << shift(peer, before)));
        let is_at_or_below = |one: u32, other: u32| (other.wrapping_sub(one) as i32) >= 0;
        let facts = Facts {
            payload,
            syn,
            fin,
            rst,
            window,
            window_before: before.window,
            peer_is_done: peer.has_fin || peer.has_rst,
            is_done: before.has_fin || before.has_rst,
            is_first: before.segments == 0,
            peer_is_silent: peer.segments == 0,
            was_acknowledged: peer.acknowledged.is_some_and(|acknowledged| is_at_or_below(sequence, acknowledged)),
            knows_scale,
            ends_at_latest: latest_edge == Some(end),
            ends_below_farthest: peer.edge.is_some_and(|edge| edge != end && is_at_or_below(end, edge)),
            same_acknowledgment: before.acknowledged == Some(acknowledgment) && before.window == Some(window),
            has_impossible: before.was_impossible || peer.was_impossible,
            has_odd: before.had_odd || peer.had_odd,
            is_below: before.next.is_some_and(|next| next != sequence && is_at_or_below(sequence, next)),
            has_sack,
            acknowledges_nothing_new: before
                .acknowledged
                .is_some_and(|acknowledged| is_at_or_below(acknowledgment, acknowledged)),
            covers_gap: peer.gap_end.is_some_and(|gap| is_at_or_below(gap, acknowledgment)),
            had_reset_ahead: before.had_reset_ahead,
            has_unread: false,
            is_divided: false,
        };
        self.remember_marks(
            record,
            end_text(record, "source", number("source_port")),
            end_text(record, "destination", number("destination_port")),
            codes,
        );
        let impossible = codes.iter().any(|code| code.starts_with("tcp-impossible"));
        let odd = ["checksum-bad", "capture-duplicate", "tcp-odd-flags", "tcp-second-answer", "tcp-wrong-syn-ack"];
        let direction = self.directions.entry((connection, forward)).or_default();
        direction.segments += 1;
        direction.was_impossible |= impossible;
        direction.had_odd |= codes.iter().any(|code| odd.contains(code));
        if let Some(next) = direction.next.filter(|next| *next != sequence && is_at_or_below(*next, sequence)) {
            let _ = next;
            if rst {
                direction.had_reset_ahead = true;
            } else {
                direction.gap_end = Some(sequence);
            }
        }
        direction.has_fin |= fin;
        direction.has_rst |= rst;
        if !rst {
            let is_ahead = direction.next.is_none_or(|next| is_at_or_below(next, end));
            if is_ahead || syn {
                direction.next = Some(end);
            }
            if syn {
                direction.syn = Some(scale);
            }
            if ack {
                let room = u32::from(window) << if syn { 0 } else { shift(*direction, peer) };
                let edge = acknowledgment.wrapping_add(room);
                direction.edge = match direction.edge.filter(|_| !syn) {
                    Some(before) if is_at_or_below(edge, before) => Some(before),
                    _ => Some(edge),
                };
                let is_later = direction.acknowledged.is_none_or(|before| is_at_or_below(before, acknowledgment));
                if is_later || syn {
                    direction.acknowledged = Some(acknowledgment);
                    direction.window = Some(window);
                }
            }
        }
        facts
    }

    /// Frames that the card filled up, and packets captured twice.
    fn remember_marks(&mut self, record: &Value, from: String, to: String, codes: &[&str]) {
        let total = record["ipv4"]["total_length"].as_u64();
        let wire = record["wire_len"].as_u64().unwrap_or(0);
        let link = if record["link"] == "ethernet" { 14 } else { return self.remember_copy(from, to, codes) };
        if total.is_some_and(|total| wire > link + total) {
            self.padded.insert([from.clone(), to.clone()]);
        }
        self.remember_copy(from, to, codes);
    }

    fn remember_copy(&mut self, from: String, to: String, codes: &[&str]) {
        if codes.contains(&"capture-duplicate") {
            self.copied.insert([from.clone(), to.clone()]);
            self.copied.insert([to, from]);
        }
    }
}

/// One end as netlab's report has it.
fn end_text(record: &Value, which: &str, port: u64) -> String {
    format!("{}:{port}", end(record, which))
}

/// The innermost address, as text; only its order matters.
fn end<'r>(record: &'r Value, which: &str) -> &'r str {
    let address = |layer: &str| record[layer][which].as_str();
    address("ipv4").or_else(|| address("ipv6")).unwrap_or_default()
}
