//! The conformance captures about TCP: each shows one rule, with the labels that netlab must give.

use netlab::base::MacAddr;
use netlab::wire::TcpFlags;
use netlab::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, Sum, TcpOption};

use super::talk::{Frame, Talk};

/// A capture and what must be found in it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// File name below `captures/tcp/`, without suffix.
    pub name: &'static str,
    /// What it shows, one sentence without a final stop.
    pub shows: &'static str,
    /// Link type of its frames, by number.
    pub link: u16,
    pub frames: Vec<Frame>,
    /// Labels by packet, code and rule; packets without a label here may have others.
    pub labels: Vec<(u64, &'static str, &'static str)>,
    /// Codes that must not appear at all.
    pub never: &'static [&'static str],
    /// Kinds of opening and closing of the connections, in their order; empty where they do not matter.
    pub kinds: Vec<(&'static str, &'static str)>,
}

fn scene(name: &'static str, shows: &'static str, talk: &Talk) -> Scene {
    Scene {
        name,
        shows,
        link: 1,
        frames: talk.frames.clone(),
        labels: talk.labels.clone(),
        never: &[],
        kinds: Vec::new(),
    }
}

impl Scene {
    fn never(mut self, codes: &'static [&'static str]) -> Scene {
        self.never = codes;
        self
    }

    fn kinds(mut self, kinds: &[(&'static str, &'static str)]) -> Scene {
        self.kinds = kinds.to_vec();
        self
    }
}

/// All of them, in the order of their names.
pub fn all() -> Vec<Scene> {
    let mut scenes = Vec::new();
    scenes.extend(losses());
    scenes.extend(windows());
    scenes.extend(openings());
    scenes.extend(closings());
    scenes.extend(resets());
    scenes.extend(captures());
    scenes.sort_by_key(|scene| scene.name);
    scenes
}

/// Five segments of 1000 octets, the second lost behind the capture point; three duplicate ACKs; resent after `after_us`.
fn fast(rtt_us: u64, after_us: u64) -> Talk {
    let mut talk = Talk::new();
    talk.open(rtt_us);
    talk.wait(5);
    talk.a().octets(1000).go();
    talk.wait_us(100).a().octets(1000).undelivered();
    for _ in 0..3 {
        talk.wait_us(100).a().octets(1000).go();
    }
    talk.wait_us(rtt_us * 9 / 10);
    talk.b().ack(1001).go();
    for number in 1..=3u32 {
        talk.wait_us(100).b().ack(1001).sack(&[(2001, 2001 + 1000 * number)]).go();
        talk.is("tcp-duplicate-ack", "K10");
    }
    talk.wait_us(after_us).a().at(1001).octets(1000).go();
    talk.is("tcp-fast-retransmission", "D25");
    talk.ends[1].expects = 5001;
    talk.wait_us(rtt_us * 9 / 10).b().go();
    talk.close(1000);
    talk
}

fn losses() -> Vec<Scene> {
    let mut scenes = Vec::new();

    let mut talk = Talk::new().without_sack();
    talk.open(10_000);
    talk.wait(5).a().data(b"x").undelivered();
    talk.wait(215).a().at(1).data(b"x").go();
    talk.is("tcp-timeout-retransmission", "D28");
    talk.wait(9).b().go();
    talk.close(1000);
    scenes.push(
        scene("s-01-one-octet-lost", "one octet of data is lost and sent again after a timeout: no keep-alive", &talk)
            .never(&["tcp-keep-alive"]),
    );

    scenes.push(scene(
        "s-02a-fast-5ms",
        "a fast retransmission 5 ms after the third duplicate ACK",
        &fast(10_000, 5000),
    ));
    scenes.push(scene(
        "s-02b-fast-30ms-rtt-10",
        "a fast retransmission 30 ms after the third duplicate ACK, round trip 10 ms",
        &fast(10_000, 30_000),
    ));
    scenes.push(scene(
        "s-02c-fast-30ms-rtt-100",
        "a fast retransmission 30 ms after the third duplicate ACK, round trip 100 ms",
        &fast(100_000, 30_000),
    ));

    // Near the receiver: most of the round trip lies on A's side.
    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(1).b().syn().go();
    talk.wait(99).a().go();
    talk.wait(5).a().octets(1000).go();
    talk.wait_us(50).b().go();
    talk.wait_us(50).a().octets(1000).id(0).lost();
    for number in 1..=3u32 {
        talk.wait_us(100).a().octets(1000).id(0).go();
        talk.wait_us(30).b().ack(1001).sack(&[(2001, 2001 + 1000 * number)]).go();
    }
    talk.that_is(6, "tcp-hole", "D12");
    talk.wait(150).a().at(1001).octets(1000).id(0).go();
    talk.is("tcp-retransmission-first-unseen", "D19");
    talk.ends[1].expects = 5001;
    talk.wait_us(50).b().go();
    talk.close(1000);
    scenes.push(
        scene(
            "s-02d-near-receiver",
            "near the receiver a hole is filled 1.5 round trips later: sent again, not reordered",
            &talk,
        )
        .never(&["tcp-out-of-order"]),
    );

    // Tail loss: probe, then the receiver reports that it had the octets.
    let mut talk = Talk::new();
    talk.open(50_000);
    talk.wait(5).a().octets(1000).go();
    talk.wait(45).b().go();
    talk.wait(5).a().octets(1000).go();
    talk.wait_us(100).a().octets(1000).go();
    talk.wait(110).a().at(2001).octets(1000).go();
    talk.is("tcp-unneeded-retransmission", "3.7.6");
    talk.wait(30).b().ack(3001).go();
    talk.wait(15).b().ack(3001).sack(&[(2001, 3001)]).go();
    talk.is("tcp-duplicate-arrival", "K8");
    talk.wait(300);
    talk.close(1000);
    scenes.push(scene(
        "s-27-tail-loss-probe-unneeded",
        "a tail-loss probe that a D-SACK proves to have been unneeded",
        &talk,
    ));
    let mut talk = Talk::new();
    talk.open(50_000);
    talk.wait(5).a().octets(1000).go();
    talk.wait(45).b().go();
    talk.wait(5).a().octets(1000).go();
    talk.wait_us(100).a().octets(1000).undelivered();
    talk.wait(45).b().ack(2001).go();
    talk.wait(75).a().at(2001).octets(1000).go();
    talk.is("tcp-tail-loss-probe", "D27");
    talk.wait(45).b().ack(3001).go();
    talk.wait(300);
    talk.close(1000);
    scenes.push(scene("s-27b-tail-loss-probe", "the last segment is lost, and a tail-loss probe repairs it", &talk));

    // Reordering inside the round trip, identifications ascending.
    let mut talk = Talk::new();
    talk.open(20_000);
    for _ in 0..10 {
        talk.wait_us(200).a().octets(500).go();
    }
    talk.wait(18).b().go();
    let id = talk.ends[0].identification;
    let at = talk.ends[0].next;
    talk.wait_us(200).a().at(at + 500).octets(500).id(id + 1).go();
    talk.is("tcp-hole", "D12");
    talk.wait_us(150).a().at(at).octets(500).id(id).go();
    talk.is("tcp-out-of-order", "D15");
    talk.ends[0].next = at + 1000;
    talk.ends[0].identification = id + 2;
    talk.ends[1].expects = at + 1000;
    talk.wait(18).b().go();
    talk.close(1000);
    scenes.push(scene(
        "s-17-reordered",
        "two segments change places within the round trip; their identifications prove it",
        &talk,
    ));

    // The ACK stands before its data, by 100 µs.
    let mut talk = Talk::new();
    talk.open(20_000);
    talk.wait(1).a().octets(700).go();
    talk.wait(18).b().go();
    let at = talk.ends[0].next;
    talk.ends[0].next += 700;
    talk.ends[1].expects += 700;
    talk.wait(2).b().go();
    talk.is("tcp-ack-unseen", "K1");
    talk.wait_us(100).a().at(at).octets(700).go();
    talk.is("tcp-captured-late", "D17");
    talk.close(1000);
    scenes.push(
        scene("s-36-captured-late", "an acknowledgment stands 100 µs before its data in the capture", &talk).never(&[
            "tcp-retransmission",
            "tcp-unneeded-retransmission",
            "tcp-out-of-order",
        ]),
    );

    // The wrap inside the flow, and inside a hole.
    let mut talk = Talk::new();
    talk.ends[0].first = u32::MAX - 1500;
    talk.ends[1].first = u32::MAX - 3;
    talk.open(10_000);
    for _ in 0..4 {
        talk.wait_us(100).a().octets(1000).go();
        talk.wait(9).b().octets(100).go();
        talk.wait_us(100).a().go();
    }
    talk.close(1000);
    scenes.push(
        scene("s-37a-wrap", "sequence numbers of both directions go through zero", &talk)
            .never(&["tcp-hole", "tcp-impossible-number", "tcp-ack-unseen", "tcp-retransmission"])
            .kinds(&[("three-way", "four-segment")]),
    );
    let mut talk = Talk::new();
    talk.ends[0].first = u32::MAX - 1500;
    talk.open(10_000);
    talk.wait_us(100).a().octets(1000).go();
    talk.wait(9).b().go();
    talk.wait_us(100).a().octets(1000).lost();
    for number in 1..=3u32 {
        talk.wait_us(100).a().octets(1000).go();
        if number == 1 {
            talk.is("tcp-hole", "D12");
        }
        talk.wait(9).b().ack(1001).sack(&[(2001, 2001 + 1000 * number)]).go();
        talk.is("tcp-duplicate-ack", "K10");
    }
    talk.wait_us(500).a().at(1001).octets(1000).go();
    talk.is("tcp-retransmission-first-unseen", "D19");
    talk.ends[1].expects = 5001;
    talk.wait(9).b().go();
    talk.close(1000);
    scenes.push(scene("s-37b-wrap-in-a-hole", "the sequence numbers go through zero inside a hole", &talk));

    // Different octets at the same place.
    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(1).a().data(b"transfer 10 to Bob  ").undelivered();
    talk.wait(215).a().at(1).data(b"transfer 99 to Eve  ").go();
    talk.is("tcp-conflicting-retransmission", "D24");
    talk.wait(9).b().go();
    talk.close(1000);
    scenes.push(scene(
        "conflicting-retransmission",
        "the same sequence numbers are sent twice with different octets",
        &talk,
    ));
    scenes
}

fn windows() -> Vec<Scene> {
    let mut scenes = Vec::new();
    let mut talk = Talk::new();
    talk.ends[1].window = 3000;
    talk.open(2000);
    talk.wait(1).a().octets(1000).go();
    talk.wait(1).b().window(2000).go();
    talk.wait(1).a().octets(1000).go();
    talk.wait_us(100).a().octets(1000).go();
    talk.is("tcp-window-full", "W3");
    talk.wait(1).b().window(0).go();
    talk.is("tcp-zero-window", "W2");
    let next = talk.ends[0].next;
    for wait in [265, 700, 1570, 3260] {
        talk.wait(wait).a().at(next - 1).go();
        talk.is("tcp-window-probe", "D2");
        talk.wait(1).b().window(0).go();
        talk.is("tcp-window-probe-answer", "K6");
    }
    talk.wait(1200).b().window(3000).go();
    talk.is("tcp-window-update", "K7");
    talk.wait(1).a().octets(500).go();
    talk.wait(1).b().go();
    talk.close(1000);
    scenes.push(
        scene(
            "s-04-zero-window",
            "a reader that does not read: Linux probes the closed window with empty segments",
            &talk,
        )
        .never(&["tcp-keep-alive", "tcp-duplicate-ack"]),
    );

    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().octets(10).go();
    talk.wait(1).b().go();
    for _ in 0..4 {
        talk.wait(20).b().go();
        talk.is("tcp-repeated-ack", "K12");
    }
    talk.close(1000);
    scenes.push(
        scene("s-08-repeated-ack", "the same ACK four times with nothing outstanding: no duplicate ACKs", &talk)
            .never(&["tcp-duplicate-ack"]),
    );

    let mut talk = Talk::new();
    talk.open(2000);
    talk.wait(1).a().data(b"hello").go();
    talk.wait(1).b().go();
    for _ in 0..2 {
        talk.wait(10_000).a().at(5).data(&[0]).go();
        talk.is("tcp-keep-alive", "D8");
        talk.wait(1).b().go();
        talk.is("tcp-keep-alive-answer", "K5");
    }
    talk.wait(10_000).a().at(5).go();
    talk.is("tcp-keep-alive", "D3");
    talk.wait(1).b().go();
    talk.is("tcp-keep-alive-answer", "K5");
    talk.close(1000);
    scenes.push(
        scene("s-18-keep-alive", "keep-alives with and without a filler octet, and their answers", &talk).never(&[
            "tcp-retransmission",
            "tcp-unneeded-retransmission",
            "tcp-conflicting-retransmission",
        ]),
    );

    // Scale unknown: the flow is larger than the window as it stands.
    let mut talk = Talk::new().with_scale(7);
    talk.open(20_000);
    talk.ends[1].window = 20;
    talk.wait(1).b().window(20).go();
    let start = talk.frames.len();
    talk.wait(1).a().octets(1000).go();
    talk.wait(18).b().window(20).go();
    talk.wait_us(100).a().octets(20).go();
    for _ in 0..2 {
        talk.wait_us(100).a().octets(1000).go();
    }
    talk.wait(18).b().window(20).go();
    talk.close(1000);
    talk.frames.drain(..start);
    scenes.push(
        scene("s-38-scale-unknown", "the handshake is missing: a window that only looks full is no finding", &talk)
            .never(&["tcp-window-full", "tcp-beyond-window", "tcp-low-window"]),
    );

    // A small window, used up, with a known scale.
    let mut talk = Talk::new();
    talk.ends[1].window = 2920;
    talk.open(20_000);
    talk.wait(1).a().octets(1460).go();
    talk.wait(18).b().go();
    talk.wait(1).a().octets(1460).go();
    talk.wait_us(100).a().octets(1460).go();
    talk.is("tcp-window-full", "W3");
    talk.wait(18).b().window(1000).go();
    talk.wait(1).b().window(500).go();
    talk.is("tcp-window-shrunk", "W5");
    talk.close(1000);
    scenes.push(scene("window-full-and-shrunk", "a window is used up, and later taken back", &talk));
    scenes
}

fn openings() -> Vec<Scene> {
    let mut scenes = Vec::new();
    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.is("tcp-handshake-1", "H1");
    talk.wait(9).b().syn().go();
    talk.is("tcp-handshake-2", "H1");
    talk.wait(1).a().go();
    talk.is("tcp-handshake-3", "H1");
    talk.wait(1).a().data(b"hello!").go();
    talk.wait(9).b().data(b"hi").go();
    talk.wait(1).a().go();
    talk.close(1000);
    scenes.push(
        scene("handshake", "a three-way handshake, a question, an answer, a close", &talk)
            .kinds(&[("three-way", "four-segment")]),
    );

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait_us(50).b().no_ack().flags(TcpFlags::SYN).option(TcpOption::MaximumSegmentSize(1460)).ack(0).no_ack().go();
    talk.is("tcp-simultaneous-open", "H7");
    talk.wait(10).a().at(0).flags(TcpFlags::SYN).ack(1).go();
    talk.is("tcp-handshake-3", "H7");
    talk.wait_us(50).b().at(0).flags(TcpFlags::SYN).ack(1).go();
    talk.is("tcp-handshake-3", "H7");
    talk.wait(10).a().data(b"hello").go();
    talk.wait(10).b().go();
    talk.close(1000);
    scenes.push(
        scene("s-07-simultaneous-open", "both sides send a SYN at once: one connection, no retransmissions", &talk)
            .never(&["tcp-syn-retransmission", "tcp-syn-ack-retransmission", "tcp-port-reused"])
            .kinds(&[("simultaneous", "four-segment")]),
    );

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(10).b().no_ack().flags(TcpFlags::SYN).go();
    talk.is("tcp-split-handshake", "H8");
    talk.wait(10).a().at(0).flags(TcpFlags::SYN).ack(1).go();
    talk.wait(10).b().ack(1).go();
    talk.is("tcp-handshake-3", "H8");
    talk.wait(10).a().data(b"hello").go();
    talk.wait(10).b().go();
    talk.close(1000);
    scenes.push(
        scene(
            "s-07b-split-handshake",
            "the server answers the SYN with a SYN of its own and never sends a SYN,ACK",
            &talk,
        )
        .never(&["tcp-port-reused"])
        .kinds(&[("split", "four-segment")]),
    );

    let mut talk = Talk::new();
    talk.a().syn().undelivered();
    talk.wait(1000).a().at(0).syn().go();
    talk.is("tcp-syn-retransmission", "H3");
    talk.ends[0].next = 1;
    talk.wait(10).b().syn().undelivered();
    talk.wait(1).a().ack(1).undelivered();
    talk.is("tcp-handshake-3", "H1");
    talk.wait(1000).b().at(0).syn().go();
    talk.is("tcp-syn-ack-retransmission", "H4");
    talk.wait(1).a().ack(1).go();
    talk.ends[0].expects = 1;
    talk.wait(1).a().data(b"hello").go();
    talk.wait(10).b().go();
    talk.close(1000);
    scenes.push(
        scene("s-11-syn-again", "a SYN and a SYN,ACK are lost behind this point and sent again", &talk)
            .kinds(&[("three-way", "four-segment")]),
    );

    // Half-open peer: A was restarted and asks anew.
    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().data(b"hello").go();
    talk.wait(9).b().data(b"hi").go();
    talk.wait(1).a().go();
    talk.wait(5000)
        .a()
        .at_raw(77_000_000)
        .no_ack()
        .flags(TcpFlags::SYN)
        .option(TcpOption::MaximumSegmentSize(1460))
        .go();
    talk.is("tcp-syn-in-connection", "H13");
    talk.wait(9).b().go();
    talk.is("tcp-challenge-ack", "K9");
    let number = talk.ends[0].first.wrapping_add(talk.ends[1].expects);
    talk.wait(1).a().at_raw(number).no_ack().rst().go();
    talk.is("tcp-reset", "R7");
    talk.wait(1000)
        .a()
        .at_raw(77_000_000)
        .no_ack()
        .flags(TcpFlags::SYN)
        .option(TcpOption::MaximumSegmentSize(1460))
        .go();
    talk.is("tcp-handshake-1", "H1");
    talk.ends[0].first = 77_000_000;
    talk.ends[1].first = 88_000_000;
    (talk.ends[0].next, talk.ends[0].expects, talk.ends[1].next, talk.ends[1].expects) = (1, 0, 0, 1);
    talk.wait(9).b().syn().go();
    talk.is("tcp-handshake-2", "H1");
    talk.wait(1).a().go();
    talk.close(1000);
    scenes.push(
        scene(
            "s-31-half-open-peer",
            "one side was restarted: challenge ACK, reset, and a second later a new connection",
            &talk,
        )
        .kinds(&[("three-way", "reset"), ("three-way", "four-segment")]),
    );

    for (name, shows, cookie, accepted) in [
        ("s-33a-fast-open-request", "Fast Open: the client asks for a cookie and gets one", 0usize, None),
        ("s-33b-fast-open-accepted", "Fast Open: data in the SYN are accepted", 8, Some(true)),
        ("s-33c-fast-open-refused", "Fast Open: data in the SYN are refused and sent again", 8, Some(false)),
    ] {
        let mut talk = Talk::new();
        let data: &[u8] = if accepted.is_some() { b"GET / HTTP/1.0\r\n\r\n" } else { b"" };
        talk.a().syn().option(TcpOption::FastOpen(vec![7; cookie])).data(data).go();
        talk.is("tcp-fast-open", "H9");
        talk.ends[1].expects = if accepted == Some(true) { 1 + data.len() as u32 } else { 1 };
        let mut answer = talk.wait(9).b().syn();
        if accepted.is_none() {
            answer = answer.option(TcpOption::FastOpen(vec![7; 8]));
        }
        answer.go();
        talk.is("tcp-fast-open", "H9");
        if accepted == Some(false) {
            talk.wait(1).a().at(1).data(data).go();
            talk.is("tcp-handshake-3", "H2");
            talk.ends[1].expects = 1 + data.len() as u32;
            talk.ends[0].next = 1 + data.len() as u32;
        } else {
            talk.wait(1).a().go();
            talk.is("tcp-handshake-3", "H1");
        }
        talk.wait(9).b().data(b"HTTP/1.0 200 OK\r\n\r\n").go();
        talk.wait(1).a().go();
        talk.close(1000);
        scenes.push(
            scene(name, shows, &talk)
                .never(&["tcp-retransmission", "tcp-unneeded-retransmission", "tcp-hole"])
                .kinds(&[("three-way", "four-segment")]),
        );
    }

    // Two answers with different numbers.
    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(9).b().syn().go();
    talk.wait_us(300).b().at_raw(3_000_000_000).syn().ack(1).go();
    talk.is("tcp-second-answer", "H6");
    talk.ends[1].next = 1;
    talk.wait(1).a().ack(1).go();
    talk.is("tcp-handshake-3", "H1");
    talk.wait(1).a().data(b"hello").go();
    talk.wait(9).b().data(b"hi").go();
    talk.wait(1).a().go();
    talk.close(1000);
    scenes.push(
        scene("s-34-second-answer", "a second SYN,ACK with another number changes nothing", &talk)
            .never(&["tcp-impossible-number", "tcp-hole", "tcp-ack-unseen"])
            .kinds(&[("three-way", "four-segment")]),
    );

    let mut talk = Talk::new();
    talk.a().syn().go();
    let syn = talk.frames[0].octets[14..].to_vec();
    talk.wait(5);
    let icmp = FrameBuilder::ethernet(MacAddr([0, 0, 0x5e, 0, 0x53, 9]), MacAddr([0, 0, 0x5e, 0, 0x53, 1]))
        .ipv4(Ipv4Fields::new([203, 0, 113, 9], [192, 0, 2, 1]))
        .icmp(IcmpFields::new(3, 13, 0))
        .payload(&syn[..28])
        .finish();
    talk.frame(icmp);
    talk.is("tcp-unreachable", "H12");
    scenes.push(
        scene("rejected-by-router", "a router reports that it may not forward the SYN", &talk)
            .kinds(&[("rejected", "open")]),
    );

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.is("tcp-unanswered", "H14");
    for wait in [1000, 2000, 4000] {
        talk.wait(wait).a().at(0).syn().go();
        talk.is("tcp-syn-retransmission", "H3");
    }
    scenes.push(scene("unanswered", "a SYN that nobody answers", &talk).kinds(&[("unanswered", "open")]));

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(9).b().syn().go();
    talk.is("tcp-half-open", "H15");
    talk.wait(1000).b().at(0).syn().go();
    scenes
        .push(scene("half-open", "the third step of the handshake never comes", &talk).kinds(&[("half-open", "open")]));

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(9).b().syn().ack(999).go();
    talk.is("tcp-wrong-syn-ack", "H5");
    scenes.push(scene("wrong-syn-ack", "a SYN,ACK acknowledges a number that was never sent", &talk));
    scenes
}

fn closings() -> Vec<Scene> {
    let mut scenes = Vec::new();
    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().fin().undelivered();
    talk.is("tcp-close-1", "T1");
    talk.wait_us(50).b().fin().undelivered();
    talk.is("tcp-close-2", "T3");
    talk.ends[0].expects = 2;
    talk.ends[1].expects = 2;
    talk.wait(9).a().go();
    talk.is("tcp-close-3", "T3");
    talk.wait_us(50).b().go();
    talk.is("tcp-close-4", "T3");
    scenes.push(
        scene("s-05-simultaneous-close", "both FINs are under way at once: both sides keep TIME-WAIT", &talk)
            .kinds(&[("three-way", "simultaneous")]),
    );

    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().fin().go();
    talk.is("tcp-close-1", "T1");
    talk.wait(9).b().go();
    talk.is("tcp-close-2", "T1");
    talk.wait(9).b().fin().go();
    talk.is("tcp-close-3", "T1");
    talk.wait(1).a().go();
    talk.is("tcp-close-4", "T1");
    talk.is("tcp-time-wait", "3.5.3");
    scenes.push(scene("s-06-four-segments", "a close of four segments", &talk).kinds(&[("three-way", "four-segment")]));

    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).b().data(b"bye").fin().go();
    talk.is("tcp-close-1", "T1");
    talk.wait(1).a().fin().go();
    talk.is("tcp-close-2", "T2");
    talk.wait(9).b().go();
    talk.is("tcp-close-3", "T1");
    scenes.push(
        scene("s-06b-three-segments", "FIN and ACK merged: a close of three segments, begun by the server", &talk)
            .kinds(&[("three-way", "three-segment")]),
    );

    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().fin().go();
    talk.wait(9).b().undelivered();
    let at = talk.ends[0].next - 1;
    talk.wait(215).a().at(at).fin().go();
    talk.is("tcp-unneeded-retransmission", "D23");
    talk.wait(9).b().go();
    talk.wait(1).b().fin().go();
    talk.wait(1).a().go();
    scenes.push(
        scene(
            "s-14-fin-again",
            "a FIN is sent again although it was acknowledged here: that ACK was lost further on",
            &talk,
        )
        .kinds(&[("three-way", "four-segment")]),
    );

    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().data(b"question").go();
    talk.wait(1).a().fin().go();
    talk.wait_us(100).b().ack(9).data(b"under way ").go();
    talk.is("tcp-half-close", "T4");
    talk.wait(20).b().data(b"and the answer").go();
    talk.is("tcp-half-close", "T4");
    talk.wait(10).a().go();
    let next = talk.ends[0].next;
    talk.wait(10).a().at(next).data(b"too much").go();
    talk.is("tcp-data-after-fin", "T6");
    talk.ends[1].expects = next;
    talk.wait(10).b().fin().go();
    talk.wait(1).a().go();
    scenes.push(
        scene(
            "s-30-half-close",
            "half-close: data after the other side's FIN, crossed and proved; then data after the own FIN",
            &talk,
        )
        .kinds(&[("three-way", "four-segment")]),
    );
    scenes
}

fn resets() -> Vec<Scene> {
    let mut scenes = Vec::new();
    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(1).b().at_raw(0).rst().ack(1).go();
    talk.is("tcp-reset", "R1");
    scenes.push(scene("s-16-r1-refused", "nothing listens on the port", &talk).kinds(&[("refused", "reset")]));

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(1).b().syn().go();
    talk.wait(1).a().at(1).no_ack().rst().go();
    talk.is("tcp-reset", "R2");
    scenes.push(
        scene("s-16-r2-withdrawn", "the client resets what it asked for: a SYN scan", &talk)
            .kinds(&[("withdrawn", "reset")]),
    );

    let mut talk = Talk::new();
    talk.open(1000);
    talk.wait(1).a().data(b"digest of the wrong key").go();
    talk.wait(1).b().fin().go();
    talk.wait_us(100).a().go();
    talk.wait(5).a().data(b"hello").go();
    talk.wait_us(200).b().at(2).no_ack().rst().go();
    talk.is("tcp-reset", "R3");
    scenes.push(
        scene("s-16-r3-too-late", "octets reach an application that has closed already", &talk)
            .kinds(&[("three-way", "reset")]),
    );

    let mut talk = Talk::new();
    talk.open(1000);
    talk.wait(1).a().data(b"something nobody reads").go();
    talk.wait(1).b().go();
    talk.wait(5).b().rst().go();
    talk.is("tcp-reset", "R4");
    scenes.push(scene("s-16-r4-unread", "a program closes with unread data", &talk).kinds(&[("three-way", "reset")]));

    let mut talk = Talk::new();
    talk.open(1000);
    talk.wait(1).a().data(b"hello").go();
    talk.wait(1).b().go();
    for _ in 0..4 {
        talk.wait(10_000).a().at(5).go();
        talk.is("tcp-keep-alive", "D3");
    }
    talk.wait(10_000).a().rst().go();
    talk.is("tcp-reset", "R5");
    scenes.push(
        scene("s-16-r5-gave-up", "four keep-alives without an answer, then a reset", &talk)
            .kinds(&[("three-way", "reset")]),
    );

    let mut talk = Talk::new();
    talk.open(1000);
    let start = talk.frames.len();
    talk.wait(60_000).a().data(b"are you there?").go();
    let number = talk.ends[0].expects;
    talk.wait_us(300).b().at(number).no_ack().rst().go();
    talk.is("tcp-reset", "R6");
    talk.frames.drain(..start);
    talk.labels = talk.labels.iter().map(|(packet, code, rule)| (packet - start as u64, *code, *rule)).collect();
    scenes.push(
        scene("s-16-r6-unknown", "a host that was restarted knows nothing of the connection", &talk)
            .kinds(&[("not-captured", "reset")]),
    );

    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().data(b"hello").go();
    talk.wait(9).b().go();
    let ahead = talk.ends[0].next + 500;
    talk.wait(5).a().at(ahead).rst().ttl(53).go();
    talk.is("tcp-reset-ignored", "3.6");
    talk.is("tcp-reset-suspicious", "R8");
    talk.wait(9).b().go();
    talk.is("tcp-challenge-ack", "K9");
    talk.wait(5).a().data(b"still here").go();
    talk.wait(9).b().data(b"me too").go();
    talk.wait(1).a().go();
    talk.close(1000);
    scenes.push(
        scene("s-32-reset-ignored", "a reset inside the window, not at the number expected: traffic goes on", &talk)
            .kinds(&[("three-way", "four-segment")]),
    );
    scenes
}

fn captures() -> Vec<Scene> {
    let mut scenes = Vec::new();
    // The middle of a connection, with pieces missing.
    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().octets(1000).go();
    talk.wait(9).b().go();
    let start = talk.frames.len();
    talk.wait(5).a().octets(1000).go();
    talk.is("tcp-start-not-captured", "H17");
    talk.wait(9).b().go();
    talk.wait(5).a().octets(1000).unseen();
    talk.wait(9).b().go();
    talk.is("tcp-ack-unseen", "K1");
    talk.wait(5).a().octets(1000).go();
    talk.wait(9).b().go();
    talk.close(1000);
    talk.frames.drain(..start);
    talk.labels = talk.labels.iter().map(|(packet, code, rule)| (packet - start as u64, *code, *rule)).collect();
    scenes.push(
        scene("s-15-midway", "the capture begins in the middle and misses a segment", &talk)
            .never(&["tcp-retransmission", "tcp-handshake-1"])
            .kinds(&[("not-captured", "four-segment")]),
    );

    // Captured twice.
    let mut plain = Talk::new();
    plain.open(10_000);
    plain.wait(5).a().data(b"hello").go();
    plain.wait(9).b().data(b"hi").go();
    plain.wait(1).a().go();
    plain.close(1000);
    let none: &[&str] = &[
        "tcp-retransmission",
        "tcp-unneeded-retransmission",
        "tcp-syn-retransmission",
        "tcp-syn-ack-retransmission",
        "tcp-fin-retransmission",
        "tcp-duplicate-ack",
        "tcp-repeated-ack",
    ];
    let doubled = |change: &dyn Fn(&Frame) -> Frame| {
        let mut talk = plain.clone();
        talk.labels.clear();
        talk.frames = plain.frames.iter().flat_map(|frame| [frame.clone(), change(frame)]).collect();
        for packet in 1..=plain.frames.len() as u64 {
            talk.labels.push((2 * packet, "capture-duplicate", "P5"));
        }
        talk
    };
    let copy = doubled(&|frame| Frame { at_us: frame.at_us + 3, ..frame.clone() });
    scenes.push(
        scene("s-28a-mirrored", "a mirror port that copies both directions: every packet twice", &copy).never(none),
    );
    let routed = doubled(&|frame| {
        let mut octets = frame.octets.clone();
        octets[5] = 0x11;
        octets[11] = 0x12;
        octets[22] -= 1;
        // The header checksum follows the TTL (RFC 1624).
        let sum = u32::from(u16::from_be_bytes([octets[24], octets[25]])) + 0x0100;
        let sum = (sum & 0xffff) + (sum >> 16);
        octets[24..26].copy_from_slice(&(sum as u16).to_be_bytes());
        Frame { at_us: frame.at_us + 40, octets, wire_len: frame.wire_len }
    });
    scenes.push(scene("s-28b-routed", "every packet before and after a router", &routed).never(none));
    let mut looped = plain.clone();
    looped.labels.clear();
    let cooked = |frame: &Frame, direction: u8, later: u64| {
        let mut octets = vec![0, direction, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
        octets.extend_from_slice(&frame.octets[14..]);
        Frame { at_us: frame.at_us + later, wire_len: octets.len() as u32, octets }
    };
    looped.frames = plain.frames.iter().flat_map(|frame| [cooked(frame, 4, 0), cooked(frame, 0, 2)]).collect();
    for packet in 1..=plain.frames.len() as u64 {
        looped.labels.push((2 * packet, "capture-duplicate", "P6"));
    }
    let mut looped =
        scene("s-28c-loopback", "the loopback interface hands every packet over twice", &looped).never(none);
    looped.link = 113;
    scenes.push(looped);

    // Every sum of A left to the card.
    let mut talk = Talk::new();
    talk.ends[0].sums = Sum::Partial;
    talk.open(10_000);
    talk.wait(5).a().data(b"hello").go();
    talk.wait(9).b().data(b"hi").go();
    talk.wait(1).a().go();
    talk.close(1000);
    scenes.push(
        scene("s-29-offload", "one side's checksums are all left to its network card", &talk)
            .never(&["checksum-bad", "tcp-retransmission", "tcp-ack-unseen"])
            .kinds(&[("three-way", "four-segment")]),
    );

    for (name, shows, snaplen) in [
        ("s-35a-snaplen-54", "only headers were captured: 54 octets of each packet", 54usize),
        ("s-35b-snaplen-66", "66 octets of each packet were captured", 66),
    ] {
        let mut talk = Talk::new().with_timestamps();
        talk.open(10_000);
        for _ in 0..3 {
            talk.wait(5).a().octets(1000).go();
            talk.wait(9).b().octets(400).go();
            talk.wait(1).a().go();
        }
        talk.close(1000);
        for frame in &mut talk.frames {
            frame.octets.truncate(snaplen);
        }
        scenes.push(
            scene(name, shows, &talk)
                .never(&[
                    "tcp-hole",
                    "tcp-retransmission",
                    "tcp-ack-unseen",
                    "tcp-conflicting-retransmission",
                    "checksum-bad",
                ])
                .kinds(&[("three-way", "four-segment")]),
        );
    }

    let mut talk = Talk::new();
    talk.a().syn().go();
    talk.wait(9).b().syn().go();
    talk.wait(1).a().padded(60).go();
    talk.wait(1).a().data(b"hello").padded(60).go();
    talk.wait(9).b().padded(60).go();
    talk.close(1000);
    scenes.push(
        scene("s-39-padding", "Ethernet fills short frames up to 60 octets: padding is no payload", &talk)
            .never(&["tcp-hole", "tcp-ack-unseen", "tcp-retransmission"])
            .kinds(&[("three-way", "four-segment")]),
    );

    // Timestamps running backwards: the second half was captured by a clock 3 s behind.
    let mut talk = Talk::new();
    talk.open(10_000);
    talk.wait(5).a().data(b"hello").go();
    talk.wait(9).b().data(b"hi").go();
    talk.wait(1).a().go();
    let half = talk.frames.len();
    talk.close(1000);
    for frame in &mut talk.frames[half..] {
        frame.at_us -= 3_000_000;
    }
    talk.labels.push((half as u64 + 1, "time-backwards", "P9"));
    scenes.push(
        scene("s-41-time-backwards", "the clock of the capture is set back by three seconds", &talk)
            .never(&["tcp-retransmission", "tcp-timeout-retransmission"])
            .kinds(&[("three-way", "four-segment")]),
    );
    scenes
}
