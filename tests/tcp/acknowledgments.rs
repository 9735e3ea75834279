//! Rules K, W, Q: what acknowledgments, windows and times tell.

use super::talk::Talk;
use super::{count, judge, last, never, note, told};

/// A connection in the middle between its ends, with a round trip of 20 ms.
fn near() -> Talk {
    let mut talk = Talk::new();
    talk.open(20_000);
    talk.wait(5).a().octets(1000).go();
    talk.wait(18).b().go();
    talk
}

#[test]
fn k2_an_acknowledgment_of_what_cannot_exist() {
    let mut talk = near();
    talk.wait(5).b().ack(1001 + (1 << 30) + 5).go();
    talk.is("tcp-impossible-ack", "K2");
    told(&talk);
    // Beyond a FIN nothing can come.
    let mut talk = near();
    talk.wait(5).a().fin().go();
    talk.wait(18).b().ack(1500).go();
    talk.is("tcp-impossible-ack", "K2");
    told(&talk);
}

#[test]
fn k4_an_old_acknowledgment_moves_no_window() {
    let mut talk = near();
    talk.wait(1).a().octets(1000).go();
    talk.wait(18).b().go();
    talk.wait_us(10).b().ack(1001).window(0).go();
    talk.is("tcp-old-ack", "K4");
    never(&told(&talk), "tcp-zero-window");
}

#[test]
fn k8_a_report_of_a_duplicate_is_no_duplicate_acknowledgment() {
    let mut talk = near();
    talk.wait(5).a().at(1).octets(1000).go();
    talk.wait(18).b().sack(&[(1, 1001)]).go();
    talk.is("tcp-duplicate-arrival", "K8");
    never(&told(&talk), "tcp-duplicate-ack");
}

#[test]
fn k9_what_lies_outside_is_challenged() {
    let mut talk = near();
    let next = talk.ends[0].next;
    talk.wait(5).a().at(next + 700_000).rst().go();
    talk.wait(18).b().go();
    talk.is("tcp-challenge-ack", "K9");
    told(&talk);
}

#[test]
fn k10_three_of_the_same_with_data_outstanding_are_duplicates() {
    let mut talk = near();
    talk.wait(5).a().octets(1000).undelivered();
    talk.wait(18);
    for number in 1..=3 {
        talk.wait_us(100).a().octets(1000).go();
        talk.wait_us(100).b().ack(1001).go();
        talk.is("tcp-duplicate-ack", "K10");
        let packet = last(&talk);
        assert_eq!(count(note(&told(&talk), packet, "tcp-duplicate-ack"), "number"), number);
    }
}

#[test]
fn k11_nothing_but_the_window_changed() {
    let mut talk = near();
    talk.wait(5).b().window(64_900).go();
    talk.is("tcp-window-update", "K11");
    talk.wait(5).b().window(64_500).go();
    let judged = judge(1, &talk.frames);
    let codes: Vec<&str> =
        judged.notes.iter().filter(|note| note.packet == last(&talk)).map(|note| note.code()).collect();
    assert!(codes.contains(&"tcp-window-shrunk") || codes.contains(&"tcp-window-reduced"), "{}", judged.told());
}

#[test]
fn k13_repeated_acknowledgments_without_the_other_direction() {
    let mut talk = near();
    for _ in 0..4 {
        talk.wait(5).b().go();
    }
    let only_b: Vec<_> = talk.frames.iter().filter(|frame| frame.octets[26..30] == talk.ends[1].ip).cloned().collect();
    let judged = judge(1, &only_b[1..]);
    assert!(judged.has(only_b.len() as u64 - 1, "tcp-repeated-ack", "K13"), "{}", judged.told());
    never(&judged, "tcp-duplicate-ack");
}

#[test]
fn k14_q3_delayed_and_stretch_acknowledgments() {
    let mut talk = near();
    talk.wait(5).a().octets(500).go();
    talk.wait(60).b().go();
    talk.is("tcp-delayed-ack", "K14");
    let delayed = last(&talk);
    for _ in 0..4 {
        for _ in 0..4 {
            talk.wait_us(100).a().octets(1000).go();
        }
        talk.wait(18).b().go();
    }
    let judged = told(&talk);
    let connection = &judged.report.connections[0];
    let windows = connection.windows.initiator;
    assert_eq!((windows.delayed_acks, windows.stretch_acks), (1, 4));
    // The delayed one moves the smoothed round trip and leaves the least alone.
    let trip = connection.round_trip.expect("there were samples");
    assert_eq!(count(note(&judged, delayed, "tcp-delayed-ack"), "wait"), 60_000_000);
    assert_eq!(trip.to_responder_ns, 18_000_000);
    assert!(trip.smoothed_ns > trip.min_ns);
    assert_eq!(judged.notes.iter().filter(|note| note.code() == "tcp-stretch-ack").count(), 1, "said once");
}

#[test]
fn w4_a_window_below_one_segment_that_lasts() {
    let mut talk = near();
    for _ in 0..4 {
        talk.wait(15).a().octets(100).go();
        talk.wait(18).b().window(700).go();
    }
    let judged = told(&talk);
    assert!(judged.notes.iter().any(|note| note.code() == "tcp-low-window" && note.rule == "W4"), "{}", judged.told());
}

#[test]
fn q1_the_two_halves_of_the_path_are_measured_apart() {
    let judged = told(&near());
    let trip = judged.report.connections[0].round_trip.expect("there were samples");
    assert_eq!((trip.to_responder_ns, trip.to_initiator_ns, trip.min_ns), (18_000_000, 2_000_000, 20_000_000));
}

#[test]
fn q2_what_was_sent_twice_gives_no_sample() {
    let mut talk = near();
    let before = told(&talk).report.connections[0].round_trip.map(|trip| trip.samples);
    talk.wait(5).a().octets(1000).undelivered();
    talk.wait(300).a().at(1001).octets(1000).go();
    talk.wait(18).b().ack(2001).go();
    let trip = told(&talk).report.connections[0].round_trip;
    assert_eq!(trip.map(|trip| trip.samples), before);
}

#[test]
fn q6_only_what_was_acknowledged_unseen_is_a_gap_of_the_capture() {
    // Lost before the capture point: the time until the next segment is no gap of the capture.
    let mut talk = near();
    talk.wait(5).a().octets(1000).go();
    talk.wait(10).a().octets(1000).lost();
    talk.wait(10).a().octets(1000).go();
    let lost = told(&talk).report.connections[0].time.initiator.expect("a budget");
    assert_eq!(lost.capture_gap_ns, 0);
    // Delivered and not captured.
    let mut talk = near();
    talk.wait(10).a().octets(1000).unseen();
    talk.wait(10).b().go();
    talk.is("tcp-ack-unseen", "K1");
    talk.wait(5).a().octets(1000).go();
    let unseen = told(&talk).report.connections[0].time.initiator.expect("a budget");
    assert_eq!(unseen.capture_gap_ns, 20_000_000);
}
