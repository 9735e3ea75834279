//! Rules 3.8: TCP and UDP between hosts. What a whole lesson shows is in the gallery.

use super::*;

/// A client and a server on one cable; `keys` for the client and the cable, then the two programs.
fn pair(client_keys: &str, cable: &str, client: &str, server: &str) -> (Scenario, Run) {
    let text = format!(
        "title = \"pair\"\nuntil = \"400s\"\nactions = ['0ms server run server', '10ms client run client']\n[host.client]\naddress = \"192.0.2.1/24\"\nneighbours = [\"192.0.2.2 at server\", \"192.0.2.99 at 02:00:00:00:00:99\"]\n{client_keys}[host.server]\naddress = \"192.0.2.2/24\"\nneighbours = [\"192.0.2.1 at client\"]\n[[link]]\nbetween = [\"client\", \"server\"]\n{cable}[program]\nclient = '''\n{client}'''\nserver = '''\n{server}'''\n"
    );
    let scenario = Scenario::parse("pair", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let run = scenario.run(&RunOptions::default());
    (scenario, run)
}

const SERVER: &str = "s = socket(tcp)\ns.bind(\"\", 80)\ns.listen(5)\nc = s.accept()\nloop:\n    x = c.recv(4096)\n    if x == \"\":\n        break\nc.close()\n";

/// The TCP segments that the client sent: when, flags, sequence number, octets of data.
fn sent((scenario, run): &(Scenario, Run)) -> Vec<(u64, u8, u32, usize)> {
    let (device, port) = scenario.port("client").expect("a port");
    let frames = run.engine.tap_of(device, port).expect("a tap").frames();
    let outbound = frames.iter().filter(|tapped| tapped.direction == netlab::packet::Direction::Outbound);
    let tcp = outbound.filter(|tapped| tapped.frame.octets()[12..14] == [8, 0] && tapped.frame.octets()[23] == 6);
    tcp.map(|tapped| {
        let octets = tapped.frame.octets();
        let total = usize::from(u16::from_be_bytes([octets[16], octets[17]]));
        let header = usize::from(octets[46] >> 4) * 4;
        let sequence = u32::from_be_bytes([octets[38], octets[39], octets[40], octets[41]]);
        (tapped.at.nanos() / 1_000_000, octets[47], sequence, total - 20 - header)
    })
    .collect()
}

/// Milliseconds between the sendings of the client's first octets of data, all but one of which are lost.
fn waits(keys: &str, lost: &str) -> Vec<u64> {
    let client = "s = socket(tcp)\ns.connect(\"server\", 80)\ns.send(\"hello\")\nsleep(300s)\ns.close()\n";
    let data: Vec<u64> = sent(&pair(keys, lost, client, SERVER))
        .iter()
        .filter(|segment| segment.3 > 0)
        .map(|segment| segment.0)
        .collect();
    data.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn s38_the_time_out_begins_at_its_floor_and_doubles() {
    // SYN and the ACK of the handshake pass, then four of the client's frames are lost.
    let lost = "there = { lose = [3, 4, 5, 6] }\n";
    assert_eq!(waits("", lost), [200, 400, 800, 1600], "Linux");
    assert_eq!(waits("profile = \"textbook\"\n", lost), [1000, 2000, 4000, 8000], "RFC 6298");
    assert_eq!(waits("min_rto = \"500ms\"\n", lost), [500, 1000, 2000, 4000]);
}

#[test]
fn s38_the_time_out_is_never_shorter_than_the_round_trip() {
    // 300 ms each way: a time-out of 200 ms would send everything twice.
    let none = waits("", "delay = \"300ms\"\n");
    assert_eq!(none, [0u64; 0], "nothing is sent again");
    let once = waits("", "delay = \"300ms\"\nthere = { lose = [3] }\n");
    assert!(once.len() == 1 && once[0] > 600, "{once:?}");
}

#[test]
fn s38_a_syn_without_answer_is_sent_seven_times_from_one_second_on_and_then_given_up() {
    let client =
        "s = socket(tcp)\ntry:\n    s.connect(\"192.0.2.99\", 80)\nexcept ETIMEDOUT:\n    print(\"gave up\")\n";
    let run = pair("", "", client, "sleep(1ms)\n");
    let times: Vec<u64> = sent(&run).iter().map(|segment| segment.0).collect();
    let waits: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits, [1000, 2000, 4000, 8000, 16_000, 32_000]);
    let said = run.1.engine.records().iter().any(|record| record.text().contains("gave up"));
    assert!(said, "the program is told ETIMEDOUT");
}

#[test]
fn s38_data_without_answer_is_given_up_after_fifteen_tries() {
    // From the third frame on the wire to the server is dead.
    let lose: Vec<String> = (3..60).map(|number| number.to_string()).collect();
    let waits = waits("", &format!("there = {{ lose = [{}] }}\n", lose.join(", ")));
    assert_eq!(waits.len(), 15, "{waits:?}");
    assert!(waits.iter().sum::<u64>() > 100_000, "RFC 9293 §3.8.3: at least 100 s");
}

#[test]
fn s38_the_mss_is_the_smaller_of_what_both_ends_can_take() {
    let client = "s = socket(tcp)\ns.connect(\"server\", 80)\ns.sendall(repeat(\"x\", 4000))\ns.close()\n";
    for (keys, cable, most) in [("", "", 1460), ("mtu = 1000\n", "", 960), ("", "back = { mtu = 700 }\n", 660)] {
        let longest = sent(&pair(keys, cable, client, SERVER)).iter().map(|segment| segment.3).max();
        assert_eq!(longest, Some(most), "{keys}{cable}");
    }
}

#[test]
fn s38_the_first_sequence_number_follows_the_seed() {
    let client = "s = socket(tcp)\ns.connect(\"server\", 80)\ns.close()\n";
    let (scenario, _) = pair("", "", client, SERVER);
    let first = |seed| {
        let run = scenario.run(&RunOptions { seed: Some(seed), ..RunOptions::default() });
        let frames = frames_at(&scenario, &run, "client");
        let syn = frames.iter().find(|octets| octets[23] == 6).expect("a SYN");
        u32::from_be_bytes([syn[38], syn[39], syn[40], syn[41]])
    };
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
}

#[test]
fn s38_a_closed_window_is_probed_until_it_opens() {
    let client = "s = socket(tcp)\ns.connect(\"server\", 80)\ns.sendall(repeat(\"x\", 6000))\ns.close()\n";
    let server = "s = socket(tcp)\ns.setsockopt(SO_RCVBUF, 2000)\ns.bind(\"\", 80)\ns.listen(5)\nc = s.accept()\nsleep(5s)\nx = c.recv_exactly(6000)\nprint(len(x))\nc.close()\n";
    let run = pair("", "", client, server);
    let segments = sent(&run);
    let closed = segments.iter().any(|segment| (200..4900).contains(&segment.0));
    assert!(closed, "a probe goes out while the window is closed: {segments:?}");
    let data: usize = segments.iter().filter(|segment| segment.0 < 5000).map(|segment| segment.3).sum();
    assert!((2000..2000 + 60).contains(&data), "no more than the window and the octets of probes: {data}");
    let whole = run
        .1
        .engine
        .records()
        .iter()
        .any(|record| record.fact_text("call") == Some("recv_exactly") && record.fact_count("len") == Some(6000));
    assert!(whole, "and all arrives in the end");
}

#[test]
fn s38_reno_lets_ever_more_get_under_way_and_a_loss_is_mended_without_a_timer() {
    let entry = gallery::find("congestion").expect("the scenario");
    let scenario = Scenario::parse(entry.name, entry.text).expect("a scenario");
    let run = scenario.run(&RunOptions::default());
    let segments = sent(&(scenario, run));
    let data: Vec<_> = segments.iter().filter(|segment| segment.3 > 0).collect();
    // Two round trips of 40 ms each, as an acknowledgment may wait for 40 ms, from the first data on.
    let begin = data[0].0;
    let in_round = |round: u64| data.iter().filter(|it| (it.0 - begin) / 80 == round).count();
    let growth: Vec<usize> = (0..4).map(in_round).collect();
    assert!(growth[0] <= 2 && growth.windows(2).all(|pair| pair[1] > pair[0]), "{growth:?}");
    let mut seen = BTreeSet::new();
    let again: Vec<u64> = data.iter().filter(|it| !seen.insert(it.2)).map(|it| it.0).collect();
    assert_eq!(again.len(), 1, "one segment is sent again: {again:?}");
}

#[test]
fn s38_nagle_holds_a_small_segment_back_while_another_is_unacknowledged() {
    let client = |option: &str| {
        format!(
            "s = socket(tcp)\n{option}s.connect(\"server\", 80)\ns.send(\"one\")\ns.send(\"two\")\ns.send(\"three\")\ns.close()\n"
        )
    };
    let sizes = |option: &str| {
        let segments = sent(&pair("", "delay = \"5ms\"\n", &client(option), SERVER));
        segments.iter().map(|segment| segment.3).filter(|len| *len > 0).collect::<Vec<_>>()
    };
    assert_eq!(sizes(""), [3, 8]);
    assert_eq!(sizes("s.setsockopt(TCP_NODELAY, 1)\n"), [3, 3, 5]);
}

rules! {
    s38_a_datagram_that_does_not_fit_is_cut_short_for_the_reader {
        "links = ['h1 - h2']\nactions = ['0ms h2 run reader', '1ms h1 udp h2:9 \"abcdef\"']\nexpect = ['h2 recvfrom \"abc\"', 'h2 says \"the other 3 octets of the datagram are lost\"']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n[program]\nreader = '''\ns = socket(udp)\ns.bind(\"\", 9)\ns.recvfrom(3)\n'''\n",
        "",
    }
    s38_a_delayed_acknowledgment_waits_40_ms_and_rides_on_data_if_there_is_any {
        "until = '45ms'\nlinks = ['h1 - h2']\nactions = ['0ms h2 run deaf', '1ms h1 run talker']\nexpect = ['frames h2 out pure-ack = 0', 'frames h1 out data = 1']\n",
        "[host.h1]\naddress = \"192.0.2.1/24\"\nneighbours = ['192.0.2.2 at h2']\n[host.h2]\naddress = \"192.0.2.2/24\"\nneighbours = ['192.0.2.1 at h1']\n[program]\ndeaf = '''\ns = socket(tcp)\ns.bind(\"\", 80)\ns.listen(5)\nc = s.accept()\nsleep(1s)\n'''\ntalker = '''\ns = socket(tcp)\ns.connect(\"h2\", 80)\nsleep(10ms)\ns.send(\"x\")\nsleep(1s)\n'''\n",
        "",
    }
}
