//! Rules D: what each data segment is.

use super::talk::Talk;
use super::{last, never, note, told};

/// A connection near A with a round trip of 100 ms, in which a first segment has come and gone.
fn far(talk: Talk) -> Talk {
    let mut talk = talk;
    talk.open(100_000);
    talk.wait(5).a().octets(1000).go();
    talk.wait(90).b().go();
    talk
}

#[test]
fn d1_d11_what_comes_in_order_needs_no_words() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(1000).go();
    talk.wait(90).b().go();
    let judged = told(&talk);
    assert!(!judged.notes.iter().any(|note| note.packet > 3), "{}", judged.told());
    assert_eq!(judged.report.connections[0].stream_octets.initiator, 2000);
}

#[test]
fn d4_a_probe_with_data_outstanding_is_no_keep_alive() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(1000).undelivered();
    talk.wait(500).a().at(2000).go();
    talk.is("tcp-probe-with-data-outstanding", "D4");
    never(&told(&talk), "tcp-keep-alive");
}

#[test]
fn d5_an_empty_segment_further_back_is_an_old_acknowledgment() {
    let mut talk = far(Talk::new());
    talk.wait(5).b().octets(100).go();
    talk.wait(1).a().go();
    talk.wait(5).a().at(500).ack(1).go();
    talk.is("tcp-old-ack", "K4");
    let judged = told(&talk);
    never(&judged, "tcp-keep-alive");
    never(&judged, "tcp-window-probe");
}

#[test]
fn d6_an_empty_segment_beyond_the_next_number_shows_a_hole() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(1000).lost();
    talk.wait(1).a().go();
    talk.is("tcp-hole", "D6");
    told(&talk);
}

#[test]
fn d7_d11_one_octet_into_a_closed_window_is_a_probe_first_and_again() {
    let mut talk = far(Talk::new());
    talk.wait(5).b().window(0).go();
    talk.wait(300).a().data(b"x").undelivered();
    talk.is("tcp-window-probe", "D11");
    talk.wait(90).b().window(0).go();
    let at = talk.ends[0].next - 1;
    talk.wait(600).a().at(at).data(b"x").undelivered();
    talk.is("tcp-window-probe", "D7");
    let judged = told(&talk);
    never(&judged, "tcp-keep-alive");
    never(&judged, "tcp-retransmission");
}

#[test]
fn d9_one_octet_again_at_once_is_no_keep_alive() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().data(b"y").go();
    talk.wait(90).b().go();
    let at = talk.ends[0].next - 1;
    talk.wait(300).a().at(at).data(b"y").go();
    talk.is("tcp-unneeded-retransmission", "D23");
    never(&told(&talk), "tcp-keep-alive");
}

#[test]
fn d11_more_than_the_window_allows() {
    let mut talk = Talk::new();
    talk.ends[1].window = 1500;
    talk.open(2000);
    talk.wait(1).a().octets(1000).go();
    talk.wait_us(10).a().octets(1000).go();
    talk.is("tcp-beyond-window", "D11");
    told(&talk);
}

#[test]
fn d12_d20_a_hole_filled_as_late_as_a_timeout() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(1000).id(0).lost();
    talk.wait(1).a().octets(1000).id(0).go();
    talk.is("tcp-hole", "D12");
    talk.wait(90).b().ack(1001).go();
    talk.wait(400).a().at(1001).octets(1000).id(0).go();
    talk.is("tcp-retransmission-first-unseen", "D20");
    told(&talk);
}

#[test]
fn d13_old_and_new_octets_in_one_segment() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(500).undelivered();
    talk.wait(400).a().at(1001).octets(1000).go();
    talk.is("tcp-partly-new", "D13");
    let judged = told(&talk);
    assert_eq!(judged.report.connections[0].stream_octets.initiator, 2000);
    assert_eq!(judged.report.connections[0].repairs.initiator.retransmitted_octets, 500);
}

#[test]
fn d14_a_second_fin_at_another_place() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().fin().go();
    talk.wait(1).a().at(1500).fin().go();
    talk.is("tcp-second-fin", "D14");
    told(&talk);
}

#[test]
fn d16_timestamps_tell_late_from_resent() {
    let mut talk = far(Talk::new().with_timestamps());
    talk.wait(5);
    let early = talk.now_us;
    talk.wait(10).a().at(2001).octets(1000).id(0).go();
    // The overtaken segment bears the time at which it was sent.
    let late = talk.now_us + 50;
    talk.now_us = early;
    talk.a().at(1001).octets(1000).id(0).go();
    talk.frames.last_mut().expect("it was said").at_us = late;
    talk.is("tcp-out-of-order", "D16");
    told(&talk);

    let mut talk = far(Talk::new().with_timestamps());
    talk.wait(5).a().at(2001).octets(1000).id(0).go();
    talk.wait(30).a().at(1001).octets(1000).id(0).go();
    talk.is("tcp-retransmission-first-unseen", "D16");
    told(&talk);
}

#[test]
fn d18_a_hole_filled_before_the_sender_could_know() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().at(2001).octets(1000).id(0).go();
    talk.wait(1).a().at(1001).octets(1000).id(0).go();
    talk.is("tcp-out-of-order", "D18");
    told(&talk);
}

#[test]
fn d21_without_evidence_nothing_is_decided() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().at(2001).octets(1000).id(0).go();
    talk.wait(90).b().ack(1001).go();
    talk.wait(20).a().at(1001).octets(1000).id(0).go();
    talk.is("tcp-late-or-resent", "D21");
    told(&talk);
}

#[test]
fn d22_the_first_unacknowledged_octet_into_a_closed_window_again() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(1000).undelivered();
    talk.wait(90).b().window(0).go();
    talk.wait(300).a().at(1001).octets(1).undelivered();
    talk.is("tcp-window-probe", "D22");
    told(&talk);
}

/// Two of six segments are lost behind the capture point; the first is asked for.
fn two_lost() -> Talk {
    let mut talk = far(Talk::new());
    talk.wait(5);
    for number in 0..6 {
        talk.wait_us(100);
        if number == 0 || number == 2 {
            talk.a().octets(1000).undelivered();
        } else {
            talk.a().octets(1000).go();
        }
    }
    talk.wait(90);
    for blocks in [&[(2001, 3001)][..], &[(4001, 5001), (2001, 3001)], &[(4001, 6001), (2001, 3001)]] {
        talk.wait_us(100).b().ack(1001).sack(blocks).go();
        talk.is("tcp-duplicate-ack", "K10");
    }
    talk.wait(10).a().at(1001).octets(1000).go();
    talk.is("tcp-fast-retransmission", "D25");
    talk
}

#[test]
fn d26_k3_one_recovery_repairs_all_of_a_loss() {
    let mut talk = two_lost();
    talk.wait(95).b().ack(3001).sack(&[(4001, 7001)]).go();
    talk.is("tcp-partial-ack", "K3");
    talk.wait(10).a().at(3001).octets(1000).go();
    talk.is("tcp-recovery-retransmission", "D26");
    talk.wait(95).b().ack(7001).go();
    talk.wait(400).a().go();
    let judged = told(&talk);
    assert_eq!(judged.report.connections[0].repairs.initiator.fast, 1, "one incident");
}

#[test]
fn d28_d29_after_a_timeout_the_rest_belongs_to_it() {
    let mut talk = far(Talk::new().without_sack());
    talk.wait(5).a().octets(1000).undelivered();
    talk.wait_us(100).a().octets(1000).undelivered();
    talk.wait(500).a().at(1001).octets(1000).go();
    talk.is("tcp-timeout-retransmission", "D28");
    talk.ends[1].expects = 2001;
    talk.wait(90).b().go();
    talk.wait(5).a().at(2001).octets(1000).go();
    talk.is("tcp-resend-after-timeout", "D29");
    talk.wait(90).b().go();
    talk.wait(400).a().go();
    let judged = told(&talk);
    assert_eq!(judged.report.connections[0].repairs.initiator.timeouts, 1, "one incident");
}

#[test]
fn d30_the_reordering_timer_needs_no_third_duplicate() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(1000).undelivered();
    talk.wait_us(100).a().octets(1000).go();
    talk.wait(90).b().ack(1001).sack(&[(2001, 3001)]).go();
    talk.wait(15).a().at(1001).octets(1000).go();
    talk.is("tcp-rack-retransmission", "D30");
    talk.wait(90).b().ack(3001).go();
    talk.wait(400).a().go();
    told(&talk);
}

#[test]
fn d31_a_resend_without_a_visible_cause() {
    let mut talk = far(Talk::new());
    talk.wait(5).a().octets(1000).undelivered();
    talk.wait_us(100).a().octets(1000).go();
    talk.wait(20).a().at(1001).octets(1000).go();
    talk.is("tcp-retransmission", "D31");
    talk.wait(90).b().ack(3001).go();
    talk.wait(400).a().go();
    let judged = told(&talk);
    assert_eq!(note(&judged, last(&talk) - 2, "tcp-retransmission").rule, "D31");
}
