//! Why netlab and tshark differ about a segment: each class has a rule, and a cause that is looked up in what netlab
//! said or in the fields of the segments. What has no cause here is a difference without an explanation.

use super::facts::Facts;

/// netlab's codes, and the flags that mean the same.
pub(super) fn same(code: &str) -> &'static [&'static str] {
    match code {
        "tcp-retransmission"
        | "tcp-fast-retransmission"
        | "tcp-rack-retransmission"
        | "tcp-recovery-retransmission"
        | "tcp-tail-loss-probe"
        | "tcp-timeout-retransmission"
        | "tcp-resend-after-timeout"
        | "tcp-unneeded-retransmission"
        | "tcp-retransmission-first-unseen"
        | "tcp-fin-retransmission"
        | "tcp-syn-retransmission"
        | "tcp-syn-ack-retransmission" => &["again"],
        "tcp-out-of-order" => &["order"],
        "tcp-hole" => &["lost"],
        "tcp-ack-unseen" => &["unseen"],
        "tcp-duplicate-ack" => &["duplicate"],
        "tcp-keep-alive" => &["alive"],
        "tcp-keep-alive-answer" => &["alive-answer"],
        "tcp-zero-window" => &["zero"],
        "tcp-window-probe" => &["probe"],
        "tcp-window-probe-answer" => &["probe-answer"],
        "tcp-window-full" => &["full"],
        "tcp-window-update" | "tcp-window-reduced" => &["update"],
        "tcp-port-reused" => &["reused"],
        _ => &[],
    }
}

/// Why netlab and tshark differ about a segment, by rule; `None` if nothing explains it. `flag` is what only tshark
/// says; nothing if only netlab says something.
pub(super) fn class(flag: Option<&str>, codes: &[&str], facts: &Facts) -> Option<&'static str> {
    let says = |code: &str| codes.contains(&code);
    if says("capture-duplicate") {
        return Some("P5: a packet captured twice is no retransmission");
    }
    if says("checksum-bad") {
        return Some("P3: a segment with a wrong sum moves nothing");
    }
    if says("tcp-second-answer") || says("tcp-wrong-syn-ack") {
        return Some("H5, H6: a second answer, or one to something else, changes nothing");
    }
    if says("tcp-odd-flags") || says("tcp-data-after-fin") || says("tcp-second-fin") {
        return Some("E1, T6, D14: what no stack sends moves nothing");
    }
    if codes.iter().any(|code| code.starts_with("tcp-impossible")) {
        return Some("3.0, K2: numbers that no window reaches move nothing");
    }
    let found = match flag {
        Some(flag) => theirs(flag, codes, facts),
        None => ours(codes, facts),
    };
    // Where two numberings are mixed (a firewall that rewrites numbers, captured on both sides), netlab stays with one of
    // them and tshark follows each segment.
    found
        .or_else(|| facts.has_impossible.then_some("3.0: netlab stays with one numbering, tshark follows every jump"))
        .or_else(|| facts.has_odd.then_some("P3, P5, E1: after a segment that moved nothing here"))
}

/// What only tshark says.
fn theirs(flag: &str, codes: &[&str], facts: &Facts) -> Option<&'static str> {
    let says = |code: &str| codes.contains(&code);
    let any_again = codes.iter().any(|code| same(code) == ["again"]);
    Some(match flag {
        "again" if says("tcp-out-of-order") || says("tcp-late-or-resent") => "D15–D21: evidence, not a time limit",
        "order" if any_again || says("tcp-late-or-resent") => "D15–D21: evidence, not a time limit",
        "again" | "order" | "lost" if says("tcp-captured-late") => "D17: only captured late",
        "again" | "order" if says("tcp-keep-alive") => "D8: a filler octet is no data",
        "again" | "order" if says("tcp-window-probe") => "D2, D7, D22: a window probe",
        "again" | "order" if says("tcp-old-syn") => "C4: an old copy of the SYN",
        "again" | "order" if says("tcp-syn-in-connection") => "C3, H13: its answer decides",
        "again" | "order" | "reused"
            if codes.iter().any(|code| {
                code.starts_with("tcp-handshake")
                    || code.contains("-open")
                    || code.contains("split")
                    || code.contains("fast-open")
            }) && (facts.syn || facts.is_first || facts.payload > 0) =>
        {
            "H7–H9: another kind of handshake"
        }
        "again" | "order" if facts.rst => "R: a reset is no data",
        "again" | "order" if facts.had_reset_ahead => "3.6: a reset beside the next number moves no numbers",
        "again" | "order" if facts.is_first && facts.payload > 0 => "3.11: the first segment of its direction",
        "alive" if any_again => "D10: an octet that was not acknowledged is no keep-alive",
        "alive" | "duplicate" if says("tcp-window-probe") => "D2: an empty window probe",
        "alive" if says("tcp-probe-with-data-outstanding") => "D4: data are outstanding",
        "alive" if facts.is_done => "T10: what stands before the own FIN is no keep-alive",
        "alive" if facts.is_below && says("tcp-old-ack") => "D5: an old acknowledgment",
        "alive-answer" if says("tcp-window-probe-answer") => "K6: the answer to a window probe",
        "alive-answer" | "duplicate" | "update" if says("tcp-duplicate-arrival") => {
            "K8: a report of a duplicate is no sign of loss"
        }
        "alive-answer" if says("tcp-repeated-ack") || says("tcp-duplicate-ack") => "K5: no keep-alive was asked",
        "duplicate" if says("tcp-repeated-ack") => "K12, K13: nothing outstanding, or it is not known",
        "duplicate"
            if says("tcp-keep-alive-answer") || says("tcp-challenge-ack") || says("tcp-window-probe-answer") =>
        {
            "K5, K6, K9: it answers something"
        }
        "duplicate" if says("tcp-keep-alive") || says("tcp-window-probe") => "D2, D3: it asks something",
        "duplicate" if says("tcp-old-ack") || says("tcp-hole") => "K4, D6: its own number is another one",
        "reused" if says("tcp-syn-in-connection") => "C3, H13: its answer decides",
        "zero" if facts.window == 0 && facts.window_before == Some(0) => "W2: one finding an episode",
        "zero" if facts.window == 0 && facts.peer_is_done => "W2: who has sent its FIN needs no room",
        "zero" if facts.window == 0 && says("tcp-old-ack") => "K4: the window of an old ACK is not taken",
        "probe" if says("tcp-keep-alive") || any_again => {
            "D7, D10: the window is open, or the octet was not acknowledged"
        }
        "probe" if facts.peer_is_done => "W2: who has sent its FIN needs no room",
        "probe-answer" if says("tcp-duplicate-ack") || says("tcp-repeated-ack") => "K6: no probe was asked",
        "probe-answer" if says("tcp-keep-alive-answer") => "K5: the answer to a keep-alive",
        "full" if !facts.knows_scale => "W1: nothing is called full while the scale is unknown",
        "full" if any_again || says("tcp-window-probe") || facts.is_below => {
            "W3: the same octets again fill no window anew"
        }
        "full" if facts.ends_below_farthest => "W3: an earlier announcement reached further",
        "full" if says("tcp-beyond-window") => "D11: beyond the window is more than full",
        "update" if says("tcp-window-shrunk") => "W5: the window shrank",
        "update" if says("tcp-zero-window") || facts.window == 0 => "W2: a closed window is no update",
        "update" if says("tcp-duplicate-ack") => "K10: SACK says something new, so it is a duplicate",
        "update" if says("tcp-keep-alive-answer") || says("tcp-window-probe-answer") => "K5, K6: it answers something",
        "update" if facts.is_done || facts.peer_is_done => "K11: after a FIN nobody sends into the window",
        "update" if facts.has_sack => "K11: with SACK it is no mere update",
        "update" if says("tcp-hole") || says("tcp-old-ack") => "D6, K4: its own number is another one",
        "update" if facts.peer_is_silent => "K11: of a direction that was not seen nothing is said",
        "lost" if facts.is_first => "3.11: what was under way before the capture is no loss",
        "lost" if facts.was_acknowledged => "K1: said at the acknowledgment, as delivered and not captured",
        "lost" if facts.rst => "R: a reset moves no numbers",
        "lost" if facts.is_done => "T6, T10: nothing follows a FIN",
        "unseen" if facts.peer_is_silent => "3.11, K13: the other direction is missing, said once",
        "unseen" if facts.rst => "R: a reset acknowledges nothing",
        "unseen" if facts.acknowledges_nothing_new => "K1: said at the first such acknowledgment",
        "unseen" if facts.covers_gap => "K1, 3.7.6: it covers a hole, which is told at the segment that showed it",
        "unseen" | "again" | "order" | "reused" if facts.is_divided => {
            "C3: what is one conversation for tshark are two connections"
        }
        "unseen" if facts.peer_is_done => "T: the other side's end, not its data",
        "reused" if facts.syn => "C3: the same attempt, or one whose answer decides",
        _ => return None,
    })
}

/// What only netlab says, where tshark says nothing about the segment.
fn ours(codes: &[&str], facts: &Facts) -> Option<&'static str> {
    let says = |code: &str| codes.contains(&code);
    let any_again = codes.iter().any(|code| same(code) == ["again"]);
    Some(match () {
        () if says("tcp-zero-window") && facts.fin => "W2: also where the FIN is sent",
        () if says("tcp-zero-window") && facts.window == 0 && facts.syn => "W2: also in a SYN,ACK",
        () if says("tcp-window-probe") || says("tcp-window-probe-answer") => {
            "D2, K6: an empty window probe and its answer"
        }
        () if says("tcp-duplicate-ack") && facts.has_sack => "K10: also when only SACK says something new",
        () if says("tcp-duplicate-ack") && facts.same_acknowledgment => "K10: the same ACK with data outstanding",
        () if says("tcp-window-full") && !facts.ends_at_latest => "W3: the farthest edge, not the last window",
        () if says("tcp-window-reduced") => "K11: a smaller window too",
        () if says("tcp-window-update") && (facts.has_sack || facts.window_before == Some(0)) => {
            "K7, K11: also with SACK, and after a closed window"
        }
        () if (says("tcp-fin-retransmission") || says("tcp-unneeded-retransmission")) && facts.payload == 0 => {
            "T10, D23: an empty FIN or SYN too"
        }
        () if says("tcp-syn-retransmission") || says("tcp-syn-ack-retransmission") => "H3, H4: a SYN again",
        () if says("tcp-ack-unseen") && facts.is_done => "K1: said although the sender has ended",
        () if says("tcp-partly-new") => "D13: some of its octets were seen before",
        () if facts.has_unread => {
            "P7: segments inside what netlab does not open, compressed or encrypted, are missing to it"
        }
        () if any_again && facts.fin => "T10: a FIN with data again",
        () if says("tcp-port-reused") && facts.syn => "C3: a new attempt between the same ports",
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_without_a_cause_is_not_explained() {
        let facts = Facts::default();
        for flag in ["again", "order", "lost", "unseen", "duplicate", "alive", "zero", "probe", "full", "update"] {
            let facts = Facts { knows_scale: true, window: 7, ..facts };
            assert_eq!(class(Some(flag), &[], &facts), None, "{flag}");
        }
        assert_eq!(class(None, &["tcp-retransmission"], &facts), None);
        assert_eq!(class(None, &["tcp-hole"], &facts), None);
        assert!(class(Some("duplicate"), &["tcp-repeated-ack"], &facts).is_some());
    }

    #[test]
    fn the_fields_of_the_segments_decide() {
        let open = Facts { window: 0, window_before: Some(100), ..Facts::default() };
        assert_eq!(class(Some("zero"), &[], &open), None, "the first of an episode must be said");
        let closed = Facts { window_before: Some(0), ..open };
        assert!(class(Some("zero"), &[], &closed).is_some());
    }
}
