//! Rule R8 beyond the TTL, and R9, R10.

use super::talk::Talk;
use super::{last, never, note, told};
use netlab::wire::build::TcpOption;

/// A connection with ten segments, whose identifications climb.
fn busy() -> Talk {
    let mut talk = Talk::new();
    talk.open(2000);
    for _ in 0..10 {
        talk.wait(1).a().octets(10).go();
        talk.wait(1).b().go();
    }
    talk
}

fn difference(talk: &Talk, packet: u64) -> String {
    format!("{:?}", note(&told(talk), packet, "tcp-reset-suspicious").facts)
}

#[test]
fn r8_an_identification_out_of_the_senders_row() {
    let mut talk = busy();
    talk.wait(1).a().rst().id(60_000).go();
    assert!(difference(&talk, last(&talk)).contains("IP identification 60000"));
    for honest in [0, talk.ends[0].identification] {
        let mut talk = busy();
        talk.wait(1).a().rst().id(honest).go();
        never(&told(&talk), "tcp-reset-suspicious");
    }
}

#[test]
fn r8_timestamps_that_the_sender_does_not_use() {
    let mut talk = busy();
    talk.wait(1).a().rst().option(TcpOption::Timestamps(1, 0)).go();
    assert!(difference(&talk, last(&talk)).contains("timestamps, which this connection does not use"));
}

#[test]
fn r8_several_numbers_at_once_that_nobody_asked_for() {
    let mut talk = busy();
    let next = talk.ends[0].next;
    talk.wait(1).a().rst().go();
    talk.wait_us(10).a().at(next + 1460).rst().go();
    assert!(difference(&talk, last(&talk)).contains("another number than in the reset in packet"));
    // A stack without the connection takes its numbers from what it answers.
    let mut talk = busy();
    talk.wait(1).a().at(50).rst().no_ack().go();
    talk.wait_us(10).b().octets(10).ack(101).go();
    talk.wait_us(10).a().at(101).rst().no_ack().go();
    never(&told(&talk), "tcp-reset-suspicious");
}

#[test]
fn r8_the_alleged_sender_goes_on() {
    let mut talk = busy();
    talk.wait(1).a().rst().go();
    let reset = last(&talk);
    talk.wait(50).a().octets(10).go();
    assert!(difference(&talk, reset).contains("goes on in packet"));
    // What left just before the reset and was captured after it proves nothing.
    let mut talk = busy();
    talk.wait(1).a().rst().go();
    talk.wait_us(20).a().go();
    never(&told(&talk), "tcp-reset-suspicious");
}

#[test]
fn r9_an_old_segment_ends_time_wait_early() {
    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().octets(10).go();
    talk.wait(1).b().go();
    talk.close(1000);
    // An old copy of B's FIN comes late; A answers it from TIME-WAIT; B has forgotten everything.
    let fin = talk.ends[1].next - 1;
    talk.wait(10).b().at(fin).fin().go();
    talk.wait(1).a().go();
    let asked = talk.ends[0].expects;
    talk.wait(1).b().at(asked).rst().no_ack().go();
    talk.is("tcp-reset", "R9");
    let judged = told(&talk);
    let connection = &judged.report.connections[0];
    assert_eq!((connection.states.initiator, connection.states.responder), ("CLOSED", "CLOSED"));
    assert_eq!(connection.closing.kind, "four-segment");
}

#[test]
fn r10_a_reset_without_a_visible_cause_says_so() {
    let mut talk = busy();
    let next = talk.ends[0].next;
    talk.wait(1).a().at(next - 5).no_ack().rst().go();
    talk.is("tcp-reset", "R10");
    told(&talk);
}
