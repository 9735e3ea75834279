//! Links: each property in one direction, while the other stays as it was.

use super::*;
use netlab::packet::Direction;

/// h1 and h2 on one cable with properties for the way from h1 to h2.
fn cable(there: &str, seed: u64) -> (Scenario, Run) {
    let text = format!(
        "title = \"cable\"\nseed = {seed}\nactions = ['0ms h1 frame \"there\" size 500 count 200 interval 1ms', '0ms h2 frame \"back\" size 500 count 200 interval 1ms']\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"h2\"]\nthere = {{ {there} }}\n"
    );
    let scenario = Scenario::parse("cable", &text).unwrap_or_else(|error| panic!("{error}"));
    let run = scenario.run(&RunOptions::default());
    assert!(run.books.is_ok(), "{:?}", run.books);
    (scenario, run)
}

/// When frames arrived at an end, with their numbers, in the order of arrival.
fn arrivals((scenario, run): &(Scenario, Run), end: &str) -> Vec<(u64, u64)> {
    let (device, port) = scenario.port(end).expect("a port");
    let frames = run.engine.tap_of(device, port).expect("a tap").frames();
    let inbound = frames.iter().filter(|tapped| tapped.direction == Direction::Inbound);
    inbound.map(|tapped| (tapped.at.nanos(), tapped.frame.id())).collect()
}

/// The way back, which no test changes: 200 frames, 1 ms apart, in order.
fn the_way_back_is_as_it_was(run: &(Scenario, Run)) {
    let back = arrivals(run, "h1");
    assert_eq!(back.len(), 200);
    assert!(back.windows(2).all(|pair| pair[1].0 - pair[0].0 == 1_000_000 && pair[1].1 > pair[0].1));
}

#[test]
fn link_loss_strikes_one_direction_and_follows_the_seed() {
    let run = cable("loss = 20", 1);
    let there = arrivals(&run, "h2");
    assert!((130..190).contains(&there.len()), "{}", there.len());
    the_way_back_is_as_it_was(&run);
    assert_eq!(arrivals(&cable("loss = 20", 1), "h2"), there, "the same seed");
    assert_ne!(arrivals(&cable("loss = 20", 2), "h2"), there, "another seed");
}

#[test]
fn link_certain_losses_are_counted_from_one() {
    let run = cable("lose = [1, 3]", 1);
    let all = arrivals(&cable("", 1), "h2");
    let kept: Vec<_> = all.iter().enumerate().filter(|(index, _)| ![0, 2].contains(index)).map(|(_, it)| *it).collect();
    assert_eq!(arrivals(&run, "h2"), kept);
    the_way_back_is_as_it_was(&run);
}

#[test]
fn link_delay_and_rate_set_when_a_frame_arrives() {
    let first = |keys: &str, end: &str| arrivals(&cable(keys, 1), end)[0].0;
    // 514 octets and 24 more on the wire (B7) at 100 Mbit/s, and 500 ns on the way.
    assert_eq!(first("", "h2"), (514 + 24) * 80 + 500);
    assert_eq!(first("delay = \"7ms\"", "h2"), (514 + 24) * 80 + 7_000_000);
    assert_eq!(first("rate = \"10M\"", "h2"), (514 + 24) * 800 + 500);
    the_way_back_is_as_it_was(&cable("delay = \"7ms\", rate = \"10M\"", 1));
}

#[test]
fn link_jitter_spreads_arrivals_within_its_bound() {
    let run = cable("jitter = \"300us\"", 1);
    let plain = arrivals(&cable("", 1), "h2");
    let late: Vec<u64> = arrivals(&run, "h2").iter().zip(&plain).map(|(late, plain)| late.0 - plain.0).collect();
    assert!(late.iter().all(|late| *late <= 300_000), "{late:?}");
    assert!(late.iter().max() > Some(&200_000) && late.iter().min() < Some(&100_000), "{late:?}");
    the_way_back_is_as_it_was(&run);
}

#[test]
fn link_reordering_lets_later_frames_overtake() {
    let run = cable("reorder = 20, reorder_delay = \"2500us\"", 1);
    let there = arrivals(&run, "h2");
    assert_eq!(there.len(), 200, "none is lost");
    let overtaken = there.windows(2).filter(|pair| pair[1].1 < pair[0].1).count();
    assert!((20..60).contains(&overtaken), "{overtaken}");
    the_way_back_is_as_it_was(&run);
}

#[test]
fn link_duplication_brings_frames_twice() {
    let run = cable("duplicate = 20", 1);
    let there = arrivals(&run, "h2");
    let twice = there.windows(2).filter(|pair| pair[1].1 == pair[0].1).count();
    assert!((20..60).contains(&twice) && there.len() == 200 + twice, "{twice} of {}", there.len());
    the_way_back_is_as_it_was(&run);
}

#[test]
fn link_corruption_flips_one_bit_and_the_card_throws_the_frame_away() {
    let run = cable("corrupt = 20", 1);
    let device = run.1.engine.find("h2").expect("h2");
    let damaged =
        run.1.engine.records().iter().filter(|record| record.device == device && record.reason == Reason::BadFcs);
    assert!((20..60).contains(&damaged.count()));
    assert_eq!(arrivals(&run, "h2").len(), 200, "damaged frames arrive all the same");
    the_way_back_is_as_it_was(&run);
}

#[test]
fn link_queue_takes_so_many_and_drops_the_rest() {
    let run = cable("rate = \"1M\", queue = 4", 1);
    // 4.3 ms a frame, one frame a millisecond: about 47 of 200 find room.
    let there = arrivals(&run, "h2").len();
    assert!((45..55).contains(&there), "{there}");
    the_way_back_is_as_it_was(&run);
}

rules! {
    link_mtu_holds_for_one_direction {
        "actions = ['0ms h1 ping h2 size 1000 nodf']\nexpect = ['h1 ping h2 ok', 'frames h2 in fragment = 2', 'frames h1 in fragment = 0']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"h1\", \"h2\"]\nthere = { mtu = 600 }\n",
        "",
    }
}
