//! Everything about the messages of one connection, as plain data.

use std::net::SocketAddr;

use serde::Serialize;

use super::auth::{self, Authentication, Key};
use super::framing::{self, Exchange, Framing, Message, Outcome, Parsed, Step};
use super::joined::{self, preview};
use super::recv::{Arrivals, Prediction};
use super::servers::Stall;
use super::stream::{Conversation, Flow, Side};
use super::{Statement, named};
use crate::base::text::harmless;

/// What the user wants to know.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    /// A framing that the user says; else it is looked for.
    pub framing: Option<Framing>,
    /// Sizes of `recv` calls.
    pub recv: Vec<usize>,
    /// The key of a challenge-response.
    pub key: Option<Key>,
}

/// The messages of one connection.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionMessages {
    /// The connection.
    pub connection: u64,
    /// A.
    pub initiator: SocketAddr,
    /// B.
    pub responder: SocketAddr,
    /// A → B, then B → A.
    pub directions: Vec<Direction>,
    /// Framing by dialogue, if that is what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lockstep: Vec<Statement>,
    /// Challenge and response, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authentication: Option<Authentication>,
    /// Both sides waiting, if they did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
}

/// One direction.
#[derive(Clone, Debug, Serialize)]
pub struct Direction {
    /// `A` or `B`: who sends.
    pub sender: char,
    /// Octets sent.
    pub octets: usize,
    /// Octets that were not captured.
    pub not_captured: usize,
    /// The segments; the first [`MAX_LISTED`] of them.
    pub segments: Vec<SegmentLine>,
    /// How many segments there were.
    pub segment_count: usize,
    /// The framing, if one was said or found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framing: Option<FramingReport>,
    /// Who joined what.
    pub joined: Vec<Statement>,
    /// What `recv` calls can return.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recv: Option<Prediction>,
    /// How the stream ends for the reader, in words.
    #[serde(skip)]
    pub flow_end: &'static str,
}

/// A segment.
#[derive(Clone, Debug, Serialize)]
pub struct SegmentLine {
    /// The packet.
    pub packet: u64,
    /// Since the first segment of the direction, in nanoseconds.
    pub after_ns: u64,
    /// Its first octet in the stream.
    pub offset: usize,
    /// Octets.
    pub len: usize,
    /// Octets unacknowledged when it left.
    pub outstanding: usize,
    /// Its octets for people.
    pub preview: String,
}

/// A framing and the messages by it.
#[derive(Clone, Debug, Serialize)]
pub struct FramingReport {
    /// In the one-line language, or the name of a protocol.
    pub spec: String,
    /// True if netlab found it; false if the user said it.
    pub found: bool,
    /// How much of the octets it explains, in percent.
    pub fit_percent: f64,
    /// Other framings that explain the octets too: spec and percent.
    pub rivals: Vec<(String, f64)>,
    /// Whole messages.
    pub count: usize,
    /// The messages; the first [`MAX_LISTED`] of them.
    pub messages: Vec<MessageLine>,
    /// Messages whose header lay in two segments.
    pub split_headers: usize,
    /// Segments with octets of more than one message.
    pub glued_segments: usize,
    /// What else can be said of it.
    pub statements: Vec<Statement>,
}

/// A message.
#[derive(Clone, Debug, Serialize)]
pub struct MessageLine {
    /// Its number, from 1.
    pub number: usize,
    /// The packets that brought it.
    pub packets: Vec<u64>,
    /// Its first octet in the stream.
    pub offset: usize,
    /// Octets of its header.
    pub header_len: usize,
    /// Its header for people.
    pub header: String,
    /// Octets of its body.
    pub body_len: usize,
    /// Its body for people.
    pub body: String,
    /// From its first octet to its last, in nanoseconds.
    pub took_ns: u64,
    /// What is special about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// Segments and messages that a report lists.
pub const MAX_LISTED: usize = 1000;

/// Everything about the messages of a connection.
pub fn examine(conversation: &Conversation, questions: &Questions, stall: Option<Stall>) -> ConnectionMessages {
    let exchanges = framing::exchanges(conversation);
    let directions = Side::BOTH.map(|side| direction(conversation, side, questions, !exchanges.is_empty()));
    ConnectionMessages {
        connection: conversation.id,
        initiator: conversation.initiator,
        responder: conversation.responder,
        directions: directions.into(),
        lockstep: lockstep(&exchanges),
        authentication: auth::examine(conversation, questions.key.as_ref()),
        stall,
    }
}

fn direction(conversation: &Conversation, side: Side, questions: &Questions, is_lockstep: bool) -> Direction {
    let flow = conversation.flow(side);
    let framing = match &questions.framing {
        Some(framing) => said(flow, framing),
        None if is_lockstep => None,
        None => found(flow),
    };
    let (framing, messages) = framing.unzip();
    let messages = messages.unwrap_or_default();
    let first_at = flow.segments.first().map(|segment| segment.at).unwrap_or_default();
    let arrivals = Arrivals::of(flow);
    Direction {
        sender: side.letter(),
        octets: flow.octets.len(),
        not_captured: flow.gaps.iter().map(std::ops::Range::len).sum(),
        segment_count: flow.segments.len(),
        segments: (flow.segments.iter().take(MAX_LISTED))
            .map(|segment| SegmentLine {
                packet: segment.packet,
                after_ns: segment.at.nanos_since(first_at),
                offset: segment.offset,
                len: segment.len,
                outstanding: segment.outstanding,
                preview: preview(flow, segment.offset, segment.range().end),
            })
            .collect(),
        framing,
        joined: joined::statements(conversation, side, &messages),
        recv: (!questions.recv.is_empty() && !flow.octets.is_empty()).then(|| arrivals.predict(&questions.recv)),
        flow_end: match (flow.fin, flow.reset) {
            (Some(_), _) => "FIN",
            (None, Some(_)) => "reset",
            (None, None) => "open",
        },
    }
}

/// By a framing that the user said.
fn said(flow: &Flow, framing: &Framing) -> Option<(FramingReport, Vec<Message>)> {
    (!flow.octets.is_empty()).then(|| report(flow, framing, 0, false, Vec::new()))
}

/// By a framing that is found; protocols that have a name keep it.
fn found(flow: &Flow) -> Option<(FramingReport, Vec<Message>)> {
    if let Some(name) = named::protocol(flow) {
        let report = FramingReport {
            spec: name.to_owned(),
            found: true,
            fit_percent: 100.0,
            rivals: Vec::new(),
            count: 0,
            messages: Vec::new(),
            split_headers: 0,
            glued_segments: 0,
            statements: vec![Statement::implied(format!("this is {name}, which has a framing of its own"))],
        };
        return Some((report, Vec::new()));
    }
    let found = framing::find(flow)?;
    let rivals = found.rivals.iter().map(|rival| (rival.framing.to_string(), rival.fit * 100.0)).collect();
    let (mut report, messages) = report(flow, &found.framing, found.start, true, rivals);
    if found.start > 0 {
        report.statements.insert(
            0,
            Statement::wire(format!(
                "the capture begins within a message; the first whole one begins at octet {}",
                found.start
            )),
        );
    }
    Some((report, messages))
}

fn report(
    flow: &Flow,
    framing: &Framing,
    start: usize,
    was_found: bool,
    rivals: Vec<(String, f64)>,
) -> (FramingReport, Vec<Message>) {
    let parts = framing::follow(framing, flow, start);
    let messages: Vec<Message> = parts.iter().flat_map(|part| part.messages.iter().cloned()).collect();
    let covered: usize = messages.iter().map(|message| message.range.len()).sum();
    let lines =
        messages.iter().take(MAX_LISTED).enumerate().map(|(index, message)| line(flow, index, message)).collect();
    let mut statements = prefix_statements(flow, framing, start, &messages);
    statements.extend(parts.iter().filter_map(outcome));
    let report = FramingReport {
        spec: framing.to_string(),
        found: was_found,
        fit_percent: covered as f64 * 100.0 / (flow.octets.len() - start.min(flow.octets.len())).max(1) as f64,
        rivals,
        count: messages.len(),
        split_headers: joined::split_headers(flow, &messages),
        glued_segments: joined::glued(flow, &messages).len(),
        messages: lines,
        statements,
    };
    (report, messages)
}

fn line(flow: &Flow, index: usize, message: &Message) -> MessageLine {
    let segments = flow.segments_of(&message.range);
    let mut remarks = Vec::new();
    if flow.segments_of(&(message.range.start..message.body.start)).len() > 1 {
        remarks.push("split prefix".to_owned());
    }
    let shares = |segment: &super::stream::Segment| {
        segment.offset < message.range.start || segment.range().end > message.range.end
    };
    if segments.iter().any(shares) {
        remarks.push("glued: shares a segment".to_owned());
    }
    remarks.extend(promised_digest(flow, message));
    let header = match &message.json {
        Some(json) => harmless(&String::from_utf8_lossy(&flow.octets[json.clone()])).chars().take(80).collect(),
        None => {
            let header = &flow.octets[message.range.start..message.body.start.max(message.range.start)];
            header.iter().take(16).map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
        }
    };
    MessageLine {
        number: index + 1,
        packets: segments.iter().map(|segment| segment.packet).take(MAX_LISTED).collect(),
        offset: message.range.start,
        header_len: message.body.start.saturating_sub(message.range.start),
        header,
        body_len: message.body.len(),
        body: preview(flow, message.body.start, message.body.end),
        took_ns: match (segments.first(), segments.last()) {
            (Some(first), Some(last)) => last.at.nanos_since(first.at),
            _ => 0,
        },
        remarks,
    }
}

/// A JSON header that promises an MD5 digest of the body is held to it.
fn promised_digest(flow: &Flow, message: &Message) -> Option<String> {
    use md5::{Digest as _, Md5};
    let json = flow.octets.get(message.json.clone()?)?;
    let header: serde_json::Value = serde_json::from_slice(json).ok()?;
    let is_digest = |key: &str| key.eq_ignore_ascii_case("md5") || key.to_ascii_lowercase().ends_with("_md5");
    let (_, promised) = header.as_object()?.iter().find(|(key, value)| is_digest(key) && value.is_string())?;
    if !flow.is_whole(&message.body) {
        return Some("md5: cannot be checked, the body was not captured whole".to_owned());
    }
    let digest = Md5::digest(&flow.octets[message.body.clone()]);
    let text: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
    Some(if promised.as_str()?.eq_ignore_ascii_case(&text) {
        format!("md5 {text} of the octets on the wire: equal to the header")
    } else {
        format!("md5 of the octets on the wire is {text}: NOT what the header promises")
    })
}

/// What a length prefix teaches: the other octet order, the sign, and the machine's own order.
fn prefix_statements(flow: &Flow, framing: &Framing, start: usize, messages: &[Message]) -> Vec<Statement> {
    let mut said = Vec::new();
    let Framing::Steps(steps) = framing else { return said };
    let mut offset = start;
    let Some(width) = steps.iter().find_map(|step| match step {
        Step::Integer(width, _) => Some(*width),
        Step::Skip(len) => {
            offset += usize::try_from(len.plus).unwrap_or(0);
            None
        }
        _ => None,
    }) else {
        return said;
    };
    let (Some(first), Some(octets)) = (messages.first(), flow.octets.get(offset..)) else { return said };
    if width.octets == 1 {
        return said;
    }
    let other = framing::Width { is_little: !width.is_little, ..width };
    let (this_value, other_value) = (width.read(octets).unwrap_or(0), other.read(octets).unwrap_or(0));
    let (order, other_order) = if width.is_little { ("little", "big") } else { ("big", "little") };
    if other_value != this_value && other_value as usize > flow.octets.len() {
        said.push(Statement::implied(format!(
            "{order}-endian: the first length is {this_value}; {other_order}-endian would make it {other_value}, more than there is"
        )));
    }
    let limit = 1_u64 << (width.octets * 8 - 1);
    if messages.iter().all(|message| message.fields.first().is_none_or(|(_, value)| *value < limit)) {
        said.push(Statement::wire(format!(
            "the sign cannot be told: all lengths are below 2^{}, signed and unsigned look alike",
            width.octets * 8 - 1
        )));
    }
    if width.is_little && first.fields.len() <= 2 {
        said.push(Statement::possible(
            "Python's struct.pack('i') uses the machine's own order; on a network write '!I' or '>I', which every machine reads alike",
        ));
    }
    said
}

fn outcome(part: &Parsed) -> Option<Statement> {
    Some(match &part.outcome {
        Outcome::Whole => return None,
        Outcome::Incomplete { at, missing: 0 } => {
            Statement::wire(format!("the last message, from octet {at}, has no end yet"))
        }
        Outcome::Incomplete { at, missing: 1 } => {
            Statement::wire(format!("the last message, from octet {at}, is incomplete: 1 octet is missing"))
        }
        Outcome::Incomplete { at, missing } => {
            Statement::wire(format!("the last message, from octet {at}, is incomplete: {missing} octets are missing"))
        }
        Outcome::LostStep { at, reason } => Statement::wire(format!("at octet {at} the protocol lost step: {reason}")),
        Outcome::NotCaptured { at } => Statement::wire(format!("a header from octet {at} was not captured")),
        Outcome::TooMany { at } => Statement::wire(format!("more messages than netlab lists, from octet {at}")),
    })
}

/// What framing by dialogue shows and costs.
fn lockstep(exchanges: &[Exchange]) -> Vec<Statement> {
    let mut said = Vec::new();
    let Some(kept) = exchanges.iter().find(|exchange| exchange.is_kept()) else { return said };
    let other = kept.side.other().letter();
    said.push(Statement::wire(format!(
        "lock-step text length: {} says \"{}\" in packet {}, {other} answers in packet {}, then {} octets follow",
        kept.side.letter(),
        kept.announced,
        kept.announcement.packets.0,
        kept.word.as_ref().map_or(0, |word| word.packets.0),
        kept.announced
    )));
    if let (Some(word), Some(delivered)) = (&kept.word, &kept.delivered) {
        let cost = delivered.times.0.nanos_since(kept.announcement.times.0);
        said.push(Statement::wire(format!(
            "the dialogue costs one more round trip for every answer: {}.{:03} ms here, in packets {} to {}",
            cost / 1_000_000,
            cost / 1000 % 1000,
            kept.announcement.packets.0,
            word.packets.1.max(delivered.packets.0)
        )));
    }
    said.push(Statement::possible(format!(
        "the number has no end mark: if \"{0}\" came in two parts, a reader could take the first for the whole",
        kept.announced
    )));
    for (index, exchange) in exchanges.iter().enumerate().filter(|(_, exchange)| !exchange.is_kept()).take(8) {
        let number = index + 1;
        said.push(match &exchange.delivered {
            Some(turn) => Statement::wire(format!(
                "exchange {number}: announced {} octets, delivered {}: step is lost from packet {} on",
                exchange.announced,
                turn.range.len(),
                turn.packets.0
            )),
            None => Statement::wire(format!(
                "exchange {number}: announced {} octets in packet {}, and nothing followed",
                exchange.announced, exchange.announcement.packets.0
            )),
        });
        said.push(Statement::possible(
            "usual reason: the reader took too few or too many octets of the answer before; acknowledged by the kernel is not read by \
             the program",
        ));
    }
    said
}
