//! Rules H, E, T: how connections begin and end, and what state both sides are in.

use super::talk::{A, Talk};
use super::{count, judge, last, never, note, together, told};
use netlab::analysis::Fact;
use netlab::wire::TcpFlags;
use netlab::wire::build::TcpOption;

#[test]
fn h2_data_prove_that_the_third_step_was_sent() {
    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(1).b().syn().go();
    talk.wait(1).a().octets(100).go();
    talk.is("tcp-handshake-3", "H2");
    told(&talk);

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(1).b().syn().go();
    talk.wait(1).a().octets(100).unseen();
    talk.wait(1).a().octets(100).go();
    talk.is("tcp-handshake-completed", "H2");
    assert_eq!(told(&talk).report.connections[0].opening.kind, "three-way");
}

#[test]
fn h10_data_in_a_syn_without_fast_open() {
    let mut talk = Talk::new();
    talk.a().syn().data(b"hello").go();
    talk.is("tcp-data-in-syn", "H10");
    let judged = told(&talk);
    assert_eq!(count(note(&judged, 1, "tcp-data-in-syn"), "octets"), 5);
}

#[test]
fn h18_options_count_only_if_both_offer_them() {
    let mut talk = Talk::new().with_scale(7);
    talk.syn_options[1].retain(|option| !matches!(option, TcpOption::WindowScale(_)));
    talk.ends[1].window = 500;
    talk.open(2000);
    talk.wait(1).a().octets(500).go();
    // 500 octets are all of the window, because nothing is scaled.
    talk.is("tcp-window-full", "W3");
    let judged = told(&talk);
    let options = judged.report.connections[0].options;
    assert_eq!((options.window_scale, options.sack), (Some(false), Some(true)));
    assert_eq!((options.initiator_mss, options.responder_mss), (Some(1460), Some(1460)));

    // What the SYN did not offer must not be answered with.
    let mut talk = Talk::new();
    talk.syn_options[1].push(TcpOption::WindowScale(3));
    talk.a().syn().go();
    talk.wait(1).b().syn().go();
    talk.is("tcp-option-not-offered", "H18");
    told(&talk);

    // A small MSS has a likely cause, marked as a guess.
    let mut talk = Talk::new();
    talk.syn_options[0][0] = TcpOption::MaximumSegmentSize(1452);
    talk.a().syn().go();
    let judged = told(&talk);
    assert!(format!("{:?}", note(&judged, 1, "tcp-handshake-1").facts).contains("PPPoE link (guess)"));
}

#[test]
fn h19_ecn_is_asked_for_and_agreed_to() {
    for (answer, expected) in [(TcpFlags::ECE, "agreed"), (TcpFlags(0), "refused")] {
        let mut talk = Talk::new();
        talk.a().syn().flags(TcpFlags::ECE | TcpFlags::CWR).go();
        talk.wait(1).b().syn().flags(answer).go();
        talk.wait(1).a().go();
        assert_eq!(told(&talk).report.connections[0].options.ecn, Some(expected));
    }
}

/// Connections that the server answers and nobody completes, one every `gap_ms`.
fn half_open(number: u16, gap_ms: u64) -> Vec<Talk> {
    (0..number)
        .map(|index| {
            let mut talk = Talk::new().with_scale(7);
            talk.ends[0].port = 10_000 + index;
            talk.wait(100 + u64::from(index) * gap_ms).a().syn().go();
            talk.wait_us(50).b().syn().go();
            talk
        })
        .collect()
}

#[test]
fn h15_many_half_open_connections_that_stay_are_a_flood() {
    let talks = half_open(300, 20);
    let all: Vec<&Talk> = talks.iter().collect();
    let judged = judge(1, &together(&all));
    let flood = judged.notes.iter().find(|note| note.code() == "tcp-syn-flood").expect("a flood");
    assert_eq!(flood.rule, "H15");
    assert!(count(flood, "count") >= 64 && count(flood, "completed") == 0, "{flood:?}");

    // A busy server completes them, if late.
    let busy: Vec<Talk> = half_open(300, 20)
        .into_iter()
        .map(|mut talk| {
            talk.wait(1400).a().go();
            talk
        })
        .collect();
    let all: Vec<&Talk> = busy.iter().collect();
    never(&judge(1, &together(&all)), "tcp-syn-flood");
}

#[test]
fn h20_an_answer_without_the_usual_options_suggests_syn_cookies() {
    let bare = |at_ms: u64| {
        let mut talk = Talk::new().with_scale(7);
        talk.syn_options[1].truncate(1);
        talk.ends[0].port = 50_000;
        talk.wait(at_ms).a().syn().go();
        talk.wait_us(50).b().syn().go();
        talk
    };
    let talks = half_open(30, 5);
    let cookie = bare(3000);
    let mut all: Vec<&Talk> = talks.iter().collect();
    all.push(&cookie);
    let judged = judge(1, &together(&all));
    assert!(judged.has(62, "tcp-syn-cookies", "H20"), "{}", judged.told());
    // The same answer of a server that nobody presses tells nothing.
    let judged = judge(1, &together(&[&talks[0], &cookie]));
    never(&judged, "tcp-syn-cookies");
}

/// Both ends' states after each packet.
fn states(talk: &Talk) -> Vec<(&'static str, &'static str)> {
    judge(1, &talk.frames).contexts.iter().filter_map(|context| context.states).collect()
}

#[test]
fn e1_both_ends_pass_the_states_of_the_standard() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.close(1000);
    let expected = [
        ("SYN-SENT", "LISTEN"),
        ("ESTABLISHED", "SYN-RECEIVED"),
        ("ESTABLISHED", "ESTABLISHED"),
        ("FIN-WAIT-1", "CLOSE-WAIT"),
        ("FIN-WAIT-2", "CLOSE-WAIT"),
        ("TIME-WAIT", "LAST-ACK"),
        ("TIME-WAIT", "CLOSED"),
    ];
    assert_eq!(states(&talk), expected);

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(1).b().at_raw(0).rst().ack(1).go();
    assert_eq!(states(&talk), [("SYN-SENT", "LISTEN"), ("CLOSED", "CLOSED")]);

    // Crossing FINs: both pass CLOSING.
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().fin().go();
    let unheard = talk.ends[1].expects - 1;
    talk.wait_us(50).b().fin().ack(unheard).go();
    talk.wait(1).a().go();
    talk.wait(1).b().go();
    assert_eq!(states(&talk)[4..], [("CLOSING", "CLOSING"), ("CLOSING", "TIME-WAIT"), ("TIME-WAIT", "TIME-WAIT")]);

    // Flags that no stack sends move nothing.
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().flags(TcpFlags::FIN | TcpFlags::SYN).go();
    talk.is("tcp-odd-flags", "E1");
    told(&talk);
    assert_eq!(states(&talk)[3], ("ESTABLISHED", "ESTABLISHED"));
}

#[test]
fn e2_a_fin_behind_a_hole_is_not_received_yet() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().octets(100).lost();
    talk.wait(1).a().fin().go();
    talk.is("tcp-fin-early", "E2");
    told(&talk);
    assert_eq!(states(&talk)[3], ("FIN-WAIT-1", "ESTABLISHED"));
}

#[test]
fn t1_t2_the_first_step_knows_how_many_segments_the_close_has() {
    for (merged, expected) in [(false, 4), (true, 3)] {
        let mut talk = Talk::new();
        talk.open(2000);
        talk.wait(1).a().fin().go();
        let first = last(&talk);
        if !merged {
            talk.wait(1).b().go();
        }
        talk.wait(1).b().fin().go();
        talk.wait(1).a().go();
        let judged = told(&talk);
        assert_eq!(count(note(&judged, first, "tcp-close-1"), "of"), expected);
    }
}

#[test]
fn t5_a_fin_carries_the_last_octets() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().data(b"bye").fin().go();
    talk.wait(1).b().fin().go();
    talk.wait(1).a().go();
    let judged = told(&talk);
    assert_eq!(count(note(&judged, 4, "tcp-close-1"), "octets"), 3);
    assert_eq!(count(note(&judged, 4, "tcp-close-1"), "of"), 3);
}

#[test]
fn t7_one_fin_only_leaves_one_half_open() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().fin().go();
    talk.wait(1).b().go();
    let judged = told(&talk);
    let closing = &judged.report.connections[0].closing;
    assert_eq!((closing.kind, closing.first_by, closing.time_wait), ("one-sided", Some("initiator"), "none"));
    let states = judged.report.connections[0].states;
    assert_eq!((states.initiator, states.responder), ("FIN-WAIT-2", "CLOSE-WAIT"));
}

#[test]
fn t8_a_reset_after_a_fin_turns_the_close_into_an_abort() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().octets(100).go();
    talk.wait(1).b().go();
    talk.wait(1).a().fin().go();
    talk.wait(1).b().go();
    talk.wait(1).b().rst().go();
    let judged = told(&talk);
    let closing = &judged.report.connections[0].closing;
    assert_eq!((closing.kind, closing.first_by, closing.time_wait), ("reset", Some("initiator"), "none"));
    let turned = note(&judged, last(&talk), "tcp-reset").fact("turned");
    assert_eq!(turned, Some(&Fact::Word("a close turned into an abort (T8)")));
}

#[test]
fn t9_a_reset_without_a_fin_is_an_abort() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().octets(100).go();
    talk.wait(1).b().go();
    talk.wait(1).a().rst().go();
    let judged = told(&talk);
    let closing = &judged.report.connections[0].closing;
    assert_eq!((closing.kind, closing.first_by), ("reset", Some("initiator")));
    assert_eq!(note(&judged, last(&talk), "tcp-reset").fact("turned"), None);
}

#[test]
fn t11_without_the_last_acknowledgment_the_close_keeps_its_class() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.close(1000);
    talk.frames.pop();
    let judged = judge(1, &talk.frames);
    let closing = &judged.report.connections[0].closing;
    assert_eq!((closing.kind, closing.last_ack_missing), ("four-segment", true));
}

#[test]
fn q4_the_handshake_gives_a_round_trip_unless_it_was_repeated() {
    let mut talk = Talk::new();
    talk.open(20_000);
    let judged = told(&talk);
    assert_eq!(judged.report.connections[0].opening.rtt_ns, Some(20_000_000));
    let mut talk = Talk::new();
    talk.a().syn().undelivered();
    talk.wait(1000);
    talk.a().at(0).syn().go();
    talk.wait(18).b().syn().go();
    talk.ends[1].expects = 1;
    talk.wait(2).a().at(1).ack(1).go();
    let judged = judge(1, &talk.frames);
    let connection = &judged.report.connections[0];
    assert_eq!((connection.opening.rtt_ns, connection.opening.syns), (None, 2), "{}", judged.told());
    let _ = A;
}
