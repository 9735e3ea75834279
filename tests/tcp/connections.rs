//! Rules C, P, 3.11: which packets form a connection, and captures with defects.

use super::talk::{A, B, Talk};
use super::{count, judge, last, never, note, together, told};
use netlab::base::MacAddr;
use netlab::wire::build::{FrameBuilder, Ipv4Fields};

const MS: u64 = 1000;

/// A whole connection from this port.
fn whole(port: u16) -> Talk {
    let mut talk = Talk::new();
    talk.ends[0].port = port;
    talk.open(2000);
    talk.wait(1).a().octets(100).go();
    talk.wait(1).b().go();
    talk.close(1000);
    talk
}

#[test]
fn c1_an_unordered_pair_of_sockets_is_a_connection() {
    let (one, two) = (whole(40_000), whole(40_001));
    let judged = judge(1, &together(&[&one, &two]));
    assert_eq!(judged.report.connections.len(), 2);
    for connection in &judged.report.connections {
        assert_eq!((connection.packets.initiator, connection.packets.responder), (5, 4));
    }
}

#[test]
fn c2_roles_come_from_the_syn_from_its_answer_or_are_guessed() {
    let talk = whole(40_000);
    let judged = judge(1, &talk.frames);
    assert_eq!((judged.report.connections[0].roles, judged.report.connections[0].initiator.port), ("seen", 40_000));
    // Only the answer was captured: who is answered has asked.
    let judged = judge(1, &talk.frames[1..]);
    assert_eq!((judged.report.connections[0].roles, judged.report.connections[0].initiator.port), ("seen", 40_000));
    // Neither: the known port was asked, also if its side speaks first.
    let judged = judge(1, &talk.frames[4..]);
    assert_eq!((judged.report.connections[0].roles, judged.report.connections[0].initiator.port), ("guessed", 40_000));
}

#[test]
fn c2_a_socket_with_several_peers_is_guessed_to_be_the_server() {
    let peer = |port: u16, address: u8| {
        let mut talk = whole(port);
        talk.frames.clear();
        let mut talk = Talk { frames: Vec::new(), ..talk };
        talk.ends[0].port = port;
        talk.ends[0].ip[3] = address;
        talk.ends[1].port = 33_000;
        talk.wait(u64::from(address)).b().octets(10).go();
        talk.wait(1).a().go();
        talk
    };
    // Both ports are high, and the server speaks first each time.
    let talks = [peer(51_000, 10), peer(52_000, 20), peer(53_000, 30)];
    let judged = judge(1, &together(&talks.each_ref()));
    for connection in &judged.report.connections[1..] {
        assert_eq!((connection.roles, connection.responder.port), ("guessed", 33_000));
    }
}

#[test]
fn c3_c7_a_new_number_after_a_close_is_a_new_connection_with_evidence() {
    let mut talk = whole(40_000);
    let port_reused = |judged: &super::Verdicts, packet| format!("{:?}", note(judged, packet, "tcp-port-reused").facts);
    talk.wait(5000);
    let again = |talk: &Talk, first: u32, by: usize| {
        let mut again = Talk { frames: talk.frames.clone(), ..Talk::new() };
        again.now_us = talk.now_us;
        if by == 1 {
            again.ends.swap(0, 1);
        }
        again.ends[0].first = first;
        again.a().syn().go();
        again.is("tcp-port-reused", "C3");
        again
    };
    // A closed first and keeps TIME-WAIT; now B asks.
    let newer = again(&talk, 5_000_000 + 70_000, 1);
    let judged = told(&newer);
    assert_eq!(judged.report.connections.len(), 2);
    assert!(port_reused(&judged, last(&newer)).contains("its number lies beyond"), "{}", judged.told());
    let older = again(&talk, 4_000_000, 1);
    let judged = told(&older);
    assert!(port_reused(&judged, last(&older)).contains("not acceptable in TIME-WAIT"), "{}", judged.told());
    // A itself asks again.
    let own = again(&talk, 4_000_000, 0);
    let judged = told(&own);
    assert!(port_reused(&judged, last(&own)).contains("itself keeps TIME-WAIT"), "{}", judged.told());
}

#[test]
fn c3_an_attempt_without_an_answer_is_followed_by_a_new_one() {
    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(3000);
    talk.ends[0].first += 77_777;
    talk.ends[0].next = 0;
    talk.a().syn().go();
    talk.is("tcp-port-reused", "C3");
    let judged = told(&talk);
    assert_eq!(judged.report.connections[1].opening.former, Some(0));
}

#[test]
fn c4_the_same_syn_after_the_opening_is_an_old_copy() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().octets(10).go();
    talk.wait(1).b().go();
    talk.ends[0].expects = 0;
    talk.wait(100).a().at(0).syn().go();
    talk.is("tcp-old-syn", "C4");
    assert_eq!(told(&talk).report.connections.len(), 1);
}

#[test]
fn c5_what_comes_long_after_the_close_still_belongs_to_it() {
    let mut talk = whole(40_000);
    talk.wait(100_000).b().go();
    talk.wait(10_000).b().rst().go();
    talk.is("tcp-reset-after-close", "T8");
    let judged = told(&talk);
    assert_eq!(judged.report.connections.len(), 1);
    assert_eq!(judged.report.connections[0].closing.kind, "four-segment");
}

#[test]
fn c6_idleness_never_splits_a_connection() {
    let mut talk = Talk::new();
    talk.open(2000);
    for _ in 0..3 {
        talk.wait(6 * 60 * MS).a().octets(10).go();
        talk.wait(1).b().go();
    }
    let judged = told(&talk);
    assert_eq!(judged.report.connections.len(), 1);
    never(&judged, "tcp-start-not-captured");
}

#[test]
fn p4_a_giant_without_a_handshake_is_known_by_its_size() {
    for (len, expected) in [(1460 * 4, Some(4)), (20_000, Some(14)), (1000, None), (4000, None)] {
        let mut talk = Talk::new();
        talk.open(2000);
        let from = talk.frames.len();
        talk.a().octets(10).go();
        talk.wait(1).b().go();
        talk.wait(1).a().octets(len).go();
        let frames = &talk.frames[from..];
        let judged = judge(1, frames);
        let giant = judged.notes.iter().find(|note| note.code() == "tcp-aggregated");
        assert_eq!(giant.map(|note| count(note, "segments")), expected, "{len}: {}", judged.told());
    }
}

#[test]
fn p7_the_same_flow_inside_a_tunnel_is_another_observation() {
    let talk = whole(40_000);
    let mut frames = Vec::new();
    for frame in &talk.frames {
        frames.push(frame.clone());
        let outer = Ipv4Fields::new([203, 0, 113, 1], [203, 0, 113, 2]).protocol(4).identification(7);
        let octets = FrameBuilder::ethernet(MacAddr([0, 0, 0x5e, 0, 0x53, 9]), MacAddr([0, 0, 0x5e, 0, 0x53, 8]))
            .ipv4(outer)
            .payload(&frame.octets[14..])
            .finish();
        let mut inside = frame.clone();
        inside.wire_len = octets.len() as u32;
        inside.octets = octets;
        inside.at_us += 20;
        frames.push(inside);
    }
    let judged = judge(1, &frames);
    assert_eq!(judged.report.connections.len(), 2, "{}", judged.told());
    never(&judged, "tcp-unneeded-retransmission");
    never(&judged, "tcp-retransmission");
    never(&judged, "capture-duplicate");
}

#[test]
fn s_3_11_holes_in_many_connections_at_once_are_the_captures() {
    let talks: Vec<Talk> = (0..8)
        .map(|number| {
            let mut talk = Talk::new();
            talk.ends[0].port = 40_000 + number;
            talk.open(2000);
            talk.wait(1).a().octets(100).go();
            talk.wait(1).b().go();
            talk.wait(100).a().octets(100).unseen();
            talk.wait_us(10 + u64::from(number)).a().octets(100).go();
            talk.wait(1).b().go();
            talk
        })
        .collect();
    let all: Vec<&Talk> = talks.iter().collect();
    let judged = judge(1, &together(&all));
    let burst = judged.notes.iter().find(|note| note.code() == "tcp-loss-burst").expect("a burst");
    assert_eq!((burst.rule, count(burst, "count")), ("3.11", 6));
    assert!(judged.report.health.weakening("tcp-hole").any(|cause| cause == "loss-bursts"));
    // Three connections only: nothing is concluded.
    let judged = judge(1, &together(&all[..3]));
    never(&judged, "tcp-loss-burst");
}

#[test]
fn s_3_11_one_direction_is_said_once_and_resent_data_are_still_known() {
    let mut talk = Talk::new();
    talk.open(2000);
    for _ in 0..3 {
        talk.wait(10).a().octets(100).go();
    }
    talk.wait(300).a().at(101).octets(100).go();
    let (mut frames, all) = (Vec::new(), talk.frames.clone());
    for frame in all {
        if frame.octets[26..30] == talk.ends[0].ip {
            frames.push(frame);
        }
    }
    let judged = judge(1, &frames);
    assert!(judged.report.connections[0].is_one_sided);
    assert!(judged.has(frames.len() as u64, "tcp-retransmission", "D31"), "{}", judged.told());
}

#[test]
fn w6_what_was_in_flight_is_reported_with_the_side_of_the_capture() {
    let mut talk = Talk::new();
    talk.open(20_000);
    for _ in 0..5 {
        talk.wait_us(100).a().octets(1000).go();
    }
    talk.wait(18).b().go();
    talk.wait(1).a().octets(1000).go();
    talk.wait(18).b().go();
    talk.close(1000);
    let judged = told(&talk);
    let connection = &judged.report.connections[0];
    assert_eq!(connection.windows.initiator.most_in_flight, 5000);
    assert_eq!(connection.windows.responder.most_in_flight, 0);
    assert_eq!(connection.round_trip.map(|trip| trip.captured_near), Some("between"));
    let _ = (A, B);
}
