//! Who joined the writes of a sender: the sender's TCP, the network, or the receiver's buffer.
//!
//! The folk tale says "Nagle did it". Nagle's algorithm (RFC 896) leaves a trace: a small segment that waits exactly until
//! the one before is acknowledged. Without that trace it is not blamed (rule Q7).

use super::Statement;
use super::framing::Message;
use super::stream::{Conversation, Flow, Segment, Side};
use crate::base::text::harmless_octets;

/// A small segment that waited for the acknowledgment of the one before (rule Q7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Index of the segment in the flow.
    pub segment: usize,
    /// The packet that acknowledged the one before.
    pub acknowledged_by: u64,
    /// How long the acknowledgment took, in nanoseconds.
    pub waited_nanos: u64,
}

/// An acknowledgment later than this after its segment was delayed on purpose (RFC 9293 §3.8.6.3 allows 500 ms; Linux
/// waits 40 ms).
const DELAYED_NANOS: u64 = 30_000_000;
/// A segment that leaves this soon after an acknowledgment was waiting for it.
const AT_ONCE_NANOS: u64 = 1_000_000;

/// The segments that bear the trace of Nagle's algorithm together with a delayed acknowledgment.
pub fn held_by_nagle(flow: &Flow) -> Vec<Held> {
    let mss = flow.mss.map_or(536, usize::from);
    let mut held = Vec::new();
    for (index, pair) in flow.segments.windows(2).enumerate() {
        let [before, after] = pair else { continue };
        let is_small = |segment: &Segment| segment.len < mss.saturating_sub(60).max(1);
        if !is_small(before) || !is_small(after) || before.was_resent || after.was_resent {
            continue;
        }
        let Some((packet, acked_at)) = flow.acknowledged_at(before.range().end) else { continue };
        let waited_nanos = acked_at.nanos_since(before.at);
        let left = after.at.signed_since(acked_at);
        if waited_nanos >= DELAYED_NANOS && (0..=AT_ONCE_NANOS as i64).contains(&left) {
            held.push(Held { segment: index + 1, acknowledged_by: packet, waited_nanos });
        }
    }
    held
}

/// What can be said of one direction, in the order sender, network, receiver. `messages` are those that a framing found,
/// if there is one.
pub fn statements(conversation: &Conversation, side: Side, messages: &[Message]) -> Vec<Statement> {
    let flow = conversation.flow(side);
    if flow.segments.is_empty() {
        return Vec::new();
    }
    let mut said = Vec::new();
    sender(flow, messages, &mut said);
    network(flow, &mut said);
    receiver(conversation, side, &mut said);
    said
}

fn sender(flow: &Flow, messages: &[Message], said: &mut Vec<Statement>) {
    let held = held_by_nagle(flow);
    match flow.segments.len() {
        1 if flow.segments[0].len == 1 => {
            said.push(Statement::wire("in the sender: a single octet, so there was nothing to split"));
        }
        1 => said.push(Statement::possible(format!(
            "in the sender: all {} octets left in one segment; whether the program wrote them at once or in parts is not on the wire",
            flow.segments[0].len
        ))),
        count => said.push(Statement::wire(format!("in the sender: not into one, they travelled as {count} segments"))),
    }
    for held in held.iter().take(3) {
        let segment = flow.segments[held.segment];
        said.push(Statement::implied(format!(
            "packet {} left right when packet {} acknowledged the small segment before it, after {} ms: Nagle's algorithm held it back \
             for a delayed ACK, and joined what was written meanwhile",
            segment.packet,
            held.acknowledged_by,
            held.waited_nanos / 1_000_000
        )));
    }
    if held.is_empty() && flow.segments.len() > 1 {
        let at_once = flow.segments.iter().skip(1).filter(|segment| segment.outstanding > 0).count();
        said.push(Statement::implied(if at_once == 0 {
            "Nagle's algorithm had no reason to hold anything back: nothing was unacknowledged when each segment left".to_owned()
        } else {
            format!(
                "no segment waited for an ACK as Nagle's algorithm makes it: {at_once} left while others were still unacknowledged"
            )
        }));
    }
    let glued = glued(flow, messages);
    if let Some((segment, count)) = glued.first() {
        let more = if glued.len() > 1 { format!(", and so do {} more", glued.len() - 1) } else { String::new() };
        said.push(Statement::wire(format!(
            "packet {} carries the borders of {count} messages: they were joined before they left{more}",
            segment.packet
        )));
    }
}

/// Segments that hold octets of more than one message, with how many.
pub fn glued(flow: &Flow, messages: &[Message]) -> Vec<(Segment, usize)> {
    let count = |segment: &Segment| {
        let range = segment.range();
        let first = messages.partition_point(|message| message.range.end <= range.start);
        messages[first..].partition_point(|message| message.range.start < range.end)
    };
    flow.segments.iter().map(|segment| (*segment, count(segment))).filter(|(_, count)| *count > 1).collect()
}

/// Messages whose header is split between two segments.
pub fn split_headers(flow: &Flow, messages: &[Message]) -> usize {
    let is_split = |message: &&Message| flow.segments_of(&(message.range.start..message.body.start)).len() > 1;
    messages.iter().filter(is_split).count()
}

fn network(flow: &Flow, said: &mut Vec<Statement>) {
    said.push(Statement::implied("in the network: no, TCP segments are not merged on the way"));
    let Some(mss) = flow.mss.map(usize::from) else { return };
    let giants: Vec<_> = flow.segments.iter().filter(|segment| segment.len > mss).collect();
    if let Some(first) = giants.first() {
        said.push(Statement::implied(format!(
            "packet {} holds {} octets, more than the {mss} that the receiver accepts: a network card cut or joined it (offload); on the \
             wire it was about {} segments",
            first.packet,
            first.len,
            first.len.div_ceil(mss.max(1))
        )));
    }
}

fn receiver(conversation: &Conversation, side: Side, said: &mut Vec<Statement>) {
    let flow = conversation.flow(side);
    // Only segments that came without a word of the other side in between can have waited together.
    let turns = conversation.turns();
    let together = turns.iter().filter(|turn| turn.side == side).find_map(|turn| match flow.segments_of(&turn.range) {
        [first, second, ..] => Some((*first, *second)),
        _ => None,
    });
    let Some((first, second)) = together else {
        said.push(Statement::implied(if flow.segments.len() == 1 {
            "in the receiver's buffer: nothing to join, one segment arrived"
        } else {
            "in the receiver's buffer: hardly, each segment was answered before the next came"
        }));
        return;
    };
    let (start, sum) = (first.offset, second.range().end);
    let micros = second.at.nanos_since(first.at) / 1000;
    let (early, late) = (preview(flow, start, first.range().end), preview(flow, start, sum));
    let len = sum - start;
    said.push(Statement::possible(format!(
        "in the receiver's buffer: after {}.{:03} ms {len} octets wait together (packets {} and {}); a recv({len}) made later than that gets \
         {late}, an earlier one gets {early}",
        micros / 1000,
        micros % 1000,
        first.packet,
        second.packet
    )));
}

/// The octets of a range as text for people: quoted, short, harmless.
pub fn preview(flow: &Flow, start: usize, end: usize) -> String {
    const LEN: usize = 24;
    let range = start..end.min(flow.octets.len());
    if !flow.is_whole(&range) {
        return format!("[{} octets, not all captured]", range.len());
    }
    let octets = &flow.octets[range.clone()];
    let shown = &octets[..octets.len().min(LEN)];
    let text_like = shown.iter().filter(|octet| octet.is_ascii_graphic() || **octet == b' ').count();
    let dots = if octets.len() > LEN { "…" } else { "" };
    if std::str::from_utf8(octets).is_ok() || text_like * 4 >= shown.len() * 3 {
        // Cut at a character, not within one.
        let mut len = shown.len();
        while len > 0 && octets.get(len).is_some_and(|octet| octet & 0xc0 == 0x80) {
            len -= 1;
        }
        return format!("\"{}\"{dots}", harmless_octets(&octets[..len]).replace('"', "\\\""));
    }
    let hex: Vec<_> = shown.iter().take(12).map(|octet| format!("{octet:02x}")).collect();
    format!("{}{}", hex.join(" "), if octets.len() > 12 { " …" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::messages::Tag;
    use crate::analysis::messages::tests::dialogue;
    use crate::base::Timestamp;

    #[test]
    fn two_small_segments_that_were_acknowledged_at_once_are_not_blamed_on_nagle() {
        let mut talk = dialogue(&[]);
        talk.flows[0] = Flow::of(&[b"hello", b"egg"]);
        let said = statements(&talk, Side::Initiator, &[]);
        assert!(said.iter().any(|s| s.tag == Tag::Wire && s.text.contains("2 segments")), "{said:?}");
        assert!(said.iter().any(|s| s.tag == Tag::Implied && s.text.contains("no reason")), "{said:?}");
        let buffer = said.last().expect("a statement");
        assert_eq!(buffer.tag, Tag::Possible);
        assert!(buffer.text.contains("gets \"helloegg\"") && buffer.text.contains("gets \"hello\""), "{buffer:?}");
    }

    #[test]
    fn q7_a_small_segment_that_waits_for_a_delayed_ack_was_held_by_nagle() {
        let mut flow = Flow::of(&[]);
        let at = |millis: u64| Timestamp::from_nanos(millis * 1_000_000);
        flow.mss = Some(1460);
        flow.append(b"hello", 1, at(0));
        flow.acknowledge_for_tests(5, 2, at(40));
        flow.append(b"eggbacon", 3, at(40));
        let held = held_by_nagle(&flow);
        assert_eq!(held, [Held { segment: 1, acknowledged_by: 2, waited_nanos: 40_000_000 }]);
        // The same with an ACK that came at once: the program was just slow.
        let mut flow = Flow::of(&[]);
        flow.append(b"hello", 1, at(0));
        flow.acknowledge_for_tests(5, 2, at(1));
        flow.append(b"egg", 3, at(40));
        assert_eq!(held_by_nagle(&flow), []);
    }

    #[test]
    fn previews_are_short_and_harmless() {
        let flow = Flow::of(&["黏包\x1b[31m".as_bytes(), &[0xff; 40]]);
        assert_eq!(preview(&flow, 0, 6), "\"黏包\"");
        assert!(!preview(&flow, 0, 11).contains('\x1b'));
        assert_eq!(preview(&flow, 12, 16), "ff ff ff ff");
    }
}
