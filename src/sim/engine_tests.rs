//! The engine with a few boxes: order of events, conservation, determinism.

use std::time::Duration;

use super::device::{Bridge, BridgeOptions, Hub, Interface, Node, Settings};
use super::*;
use crate::base::{MacAddr, Rng, Timestamp};

fn host(last: u8) -> Box<dyn Device> {
    let mut eth0 = Interface::new("eth0", MacAddr([2, 0, 0, 0, 0, last]));
    eth0.addresses.push((format!("192.0.2.{last}").parse().expect("an address"), 24));
    Box::new(Node::new("host", Settings::default(), vec![eth0], Rng::new(u64::from(last))))
}

fn ping(to: u8) -> Order {
    Order::Ping(PingOrder {
        destination: format!("192.0.2.{to}").parse().expect("an address"),
        count: 1,
        interval: Duration::from_secs(1),
        payload_len: 56,
        ttl: 64,
        dont_fragment: None,
    })
}

/// Three hosts on one box.
fn star(middle: Box<dyn Device>, seed: u64, options: &LinkOptions) -> Engine {
    let mut engine = Engine::new(seed, true);
    let center = engine.add("sw", middle, (1..=3).map(|port| port.to_string()));
    for last in 1..=3u8 {
        let host = engine.add(&format!("h{last}"), host(last), ["eth0".to_owned()]);
        let port = PortId(u16::from(last) - 1);
        engine.connect((host, PortId(0)), (center, port), options.clone(), options.clone());
    }
    engine
}

fn run(engine: &mut Engine) -> Conservation {
    assert_eq!(engine.run(Timestamp::from_parts(100, 0), u64::MAX, true), Stopped::Quiet);
    engine.conservation().expect("the books balance")
}

fn count(engine: &Engine, event: EventKind) -> usize {
    engine.records().iter().filter(|record| record.event == event).count()
}

#[test]
fn b4_a_ping_floods_the_question_and_then_finds_its_way() {
    let mut engine = star(Box::new(Bridge::new(BridgeOptions::new(3))), 1, &LinkOptions::default());
    let h1 = engine.find("h1").expect("h1");
    engine.order(Timestamp::ZERO, h1, ping(3));
    let books = run(&mut engine);
    assert_eq!(books.injected, 4, "ARP question and answer, echo request and reply");
    assert_eq!(books.copies, 5, "one frame was flooded to two ports");
    assert_eq!((books.delivered, books.filtered, books.dropped, books.in_flight), (5, 0, 0, 0));
    assert_eq!(count(&engine, EventKind::Learned), 2);
    assert_eq!(count(&engine, EventKind::Flooded), 1);
    assert_eq!(count(&engine, EventKind::Forwarded), 3);
    let reply = engine.records().iter().find(|record| record.fact_text("result") == Some("reply"));
    assert!(reply.is_some(), "{:#?}", engine.records());
}

#[test]
fn b6_a_hub_lets_everybody_hear_everything() {
    let mut engine = star(Box::new(Hub::new(3)), 1, &LinkOptions::default());
    let h1 = engine.find("h1").expect("h1");
    engine.order(Timestamp::ZERO, h1, ping(3));
    let books = run(&mut engine);
    assert_eq!((books.injected, books.copies), (4, 8));
    assert_eq!((books.delivered, books.filtered), (5, 3), "h2 ignores what is not for it");
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let options = LinkOptions { loss_percent: 20.0, jitter: Duration::from_micros(50), ..LinkOptions::default() };
    let records = |seed| {
        let mut engine = star(Box::new(Hub::new(3)), seed, &options);
        let h1 = engine.find("h1").expect("h1");
        for second in 0..20 {
            engine.order(Timestamp::from_parts(second, 0), h1, ping(3));
        }
        run(&mut engine);
        engine.records().to_vec()
    };
    assert_eq!(records(7), records(7));
    assert_ne!(records(7), records(8));
}

#[test]
fn r11_faults_of_a_link_are_on_the_books() {
    let options = LinkOptions {
        loss_percent: 10.0,
        duplicate_percent: 10.0,
        corrupt_percent: 10.0,
        reorder_percent: 10.0,
        queue_frames: 1,
        ..LinkOptions::default()
    };
    let mut engine = star(Box::new(Bridge::new(BridgeOptions::new(3))), 3, &options);
    let h1 = engine.find("h1").expect("h1");
    for number in 0..50 {
        engine.order(Timestamp::from_nanos(number * 1000), h1, ping(3));
    }
    let books = run(&mut engine);
    assert!(books.dropped > 10 && books.copies > books.injected, "{books:?}");
    for reason in [Reason::Lost, Reason::QueueFull, Reason::BadFcs] {
        assert!(engine.records().iter().any(|record| record.reason == reason), "no {}", reason.code());
    }
}

#[test]
fn frames_from_outside_enter_in_the_order_of_time_and_keep_their_numbers() {
    let mut engine = star(Box::new(Hub::new(3)), 1, &LinkOptions::default());
    let [sender, other] = [1, 2].map(DeviceId);
    let mut octets = vec![0xff; 14];
    octets[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
    let fed = |at, device, number| Fed {
        at: Timestamp::from_nanos(at),
        device,
        port: PortId(0),
        frame: FrameRef::new(number, &octets),
    };
    engine.feed(vec![fed(5, sender, 7), fed(5, other, 3), fed(9_000_000, sender, 4)], 8);
    let books = run(&mut engine);
    assert_eq!((books.injected, books.copies, books.delivered + books.dropped), (3, 6, 6));
    let sent = engine.records().iter().filter(|record| record.event == EventKind::Sent && record.device != DeviceId(0));
    assert_eq!(sent.map(|record| record.frame).collect::<Vec<_>>(), [7, 3, 4]);
    let drops = engine.deed_count(other, EventKind::Dropped, Reason::UnknownProtocol);
    assert_eq!(drops, 2, "frames of no known protocol end at the host, and are counted");
}
