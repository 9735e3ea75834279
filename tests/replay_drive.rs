//! Conversations of a capture driven anew (R9): what the live hosts of another network make of them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use netlab::base::MacAddr;
use netlab::capture::MemorySource;
use netlab::packet::{Direction, Meta};
use netlab::sim::replay::{Capture, Driven, DrivenTalk, Mid, ReplayOptions, Side};
use netlab::sim::{EventKind, Reason, RunOptions, Scenario, gallery};
use netlab::wire::build::{FrameBuilder, IcmpFields, Ipv4Fields, TcpFields, UdpFields};
use netlab::wire::{self, LinkType};

fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

fn v4(text: &str) -> std::net::Ipv4Addr {
    text.parse().expect("an address")
}

/// What passed a port of a scenario's run.
fn recorded(scenario: &Scenario, end: &str) -> Capture {
    let run = scenario.run(&RunOptions::default());
    let (device, port) = scenario.port(end).expect("a port");
    Capture::read(&mut run.engine.tap_of(device, port).expect("a tap").clone()).expect("a capture")
}

fn capture(frames: Vec<(u64, Vec<u8>)>) -> Capture {
    Capture::read(&mut MemorySource::of_frames(frames)).expect("a capture")
}

/// Two hosts on a cable with these faults.
fn two(faults: &str) -> Scenario {
    let text = format!(
        "title = \"two\"\n[host.a]\naddress = \"192.0.2.1/24\"\nmac = \"00:00:5e:00:53:01\"\n[host.b]\naddress = \"192.0.2.2/24\"\nmac = \"00:00:5e:00:53:02\"\n[[link]]\nbetween = [\"a\", \"b\"]\n{faults}\n"
    );
    Scenario::parse("two", &text).expect(&text)
}

fn drive(capture: &Capture, scenario: &Scenario, mid: Mid) -> Driven {
    let options = ReplayOptions { tap_all: true, ..ReplayOptions::default() };
    let driven = Driven::run(capture, scenario, &options, mid).expect("a drive");
    driven.books.as_ref().expect("the books balance");
    driven
}

/// A datagram from host `from` to host `to`, which are 1 and 2.
fn datagram(from: u8, ports: (u16, u16), payload: &[u8]) -> Vec<u8> {
    let to = 3 - from;
    let address = |last: u8| std::net::Ipv4Addr::new(192, 0, 2, last);
    FrameBuilder::ethernet(mac(from), mac(to))
        .ipv4(Ipv4Fields::new(address(from), address(to)))
        .udp(UdpFields::new(ports.0, ports.1))
        .payload(payload)
        .padded(60)
        .finish()
}

/// The payloads of UDP that came to a box, with the port they came to.
fn heard(driven: &Driven, end: &str) -> Vec<(u16, Vec<u8>)> {
    let device = driven.engine.find(end).expect("the box");
    let tap = driven.engine.tap_of(device, netlab::sim::PortId(0)).expect("a tap");
    let inbound = tap.frames().iter().filter(|tapped| tapped.direction == Direction::Inbound);
    let payload = |octets: &[u8]| {
        let frame = wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
        let udp = frame.udp()?;
        Some((udp.destination_port(), udp.payload().to_vec()))
    };
    inbound.filter_map(|tapped| payload(tapped.frame.octets())).collect()
}

const MS: u64 = 1_000_000;

#[test]
fn r9_a_conversation_says_what_it_said_octet_by_octet() {
    let text = gallery::find("length-prefix").expect("in the gallery").text;
    let scenario = Scenario::parse("length-prefix", text).expect("a scenario");
    let capture = recorded(&scenario, "client");
    let driven = drive(&capture, &scenario, Mid::Skip);
    let stream = |frames: &mut dyn Iterator<Item = Vec<u8>>| {
        let mut octets: Vec<u8> = Vec::new();
        for frame in frames {
            let frame = wire::decode(LinkType::ETHERNET, &frame, frame.len() as u32);
            if let Some(tcp) =
                frame.tcp().filter(|tcp| tcp.source_port() < tcp.destination_port() || tcp.payload_len() > 0)
            {
                octets.extend_from_slice(tcp.payload());
            }
        }
        octets
    };
    let device = driven.engine.find("client").expect("client");
    let tap = driven.engine.tap_of(device, netlab::sim::PortId(0)).expect("a tap");
    let captured = stream(&mut capture.frames.iter().map(|frame| frame.octets().to_vec()));
    let simulated = stream(&mut tap.frames().iter().map(|tapped| tapped.frame.octets().to_vec()));
    assert!(captured.len() > 10, "{} octets", captured.len());
    assert_eq!(simulated, captured);
}

#[test]
fn r9_octets_that_the_capture_missed_are_said_as_zeros_and_late_ones_stand_in_their_place() {
    let segment = |sequence: u32, flags: u8, payload: &[u8], from: u8| {
        let ports = if from == 1 { (5000, 80) } else { (80, 5000) };
        let address = |last: u8| std::net::Ipv4Addr::new(192, 0, 2, last);
        let acknowledgment = if from == 1 { 9001 } else { 1001 };
        FrameBuilder::ethernet(mac(from), mac(3 - from))
            .ipv4(Ipv4Fields::new(address(from), address(3 - from)))
            .tcp(TcpFields {
                sequence,
                acknowledgment,
                flags: netlab::wire::TcpFlags(flags.into()),
                ..TcpFields::new(ports.0, ports.1)
            })
            .payload(payload)
            .padded(60)
            .finish()
    };
    let frames = vec![
        (0, segment(1000, 0x02, b"", 1)),
        (MS, segment(9000, 0x12, b"", 2)),
        (2 * MS, segment(1001, 0x10, b"", 1)),
        (3 * MS, segment(1001, 0x18, b"abc", 1)),
        // Three octets are missing for good, and "ghi" comes before "jkl" only in the stream.
        (4 * MS, segment(1010, 0x18, b"jkl", 1)),
        (5 * MS, segment(1007, 0x18, b"ghi", 1)),
    ];
    let driven = drive(&capture(frames), &two(""), Mid::Skip);
    let (device, mut said) = (driven.engine.find("b").expect("b"), Vec::new());
    for tapped in driven.engine.tap_of(device, netlab::sim::PortId(0)).expect("a tap").frames() {
        let octets = tapped.frame.octets();
        let frame = wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
        if let Some(tcp) = frame.tcp().filter(|tcp| tcp.destination_port() == 80) {
            said.extend_from_slice(tcp.payload());
        }
    }
    assert_eq!(said, b"abc\0\0\0ghijkl");
}

#[test]
fn r9_a_lost_datagram_stalls_nobody_for_ever_and_mixes_nothing_up() {
    // Three questions from three ports, each answered; the first question is lost in the new network.
    let mut frames = Vec::new();
    for (index, port) in (5001..=5003u16).enumerate() {
        let at = index as u64 * 20 * MS;
        frames.push((at, datagram(1, (port, 53), format!("question {index}").as_bytes())));
        frames.push((at + 2 * MS, datagram(2, (53, port), format!("answer {index}").as_bytes())));
    }
    let capture = capture(frames);
    // Frames of a: ARP's question, then the datagrams.
    let driven = drive(&capture, &two("there = { lose = [2] }"), Mid::Skip);
    assert_eq!(driven.talks.len(), 3);
    let sent = |talk: &DrivenTalk| talk.simulated.expect("driven").segments;
    assert_eq!(driven.talks.iter().map(sent).collect::<Vec<_>>(), [[1, 0], [1, 1], [1, 1]]);
    // The responder does not answer what never came, and every answer goes to who asked.
    assert_eq!(heard(&driven, "a"), [(5002, b"answer 1".to_vec()), (5003, b"answer 2".to_vec())]);
    assert_eq!(driven.talks.iter().map(|talk| talk.given_up).collect::<Vec<_>>(), [2, 0, 0], "both sides waited");
    // Without the loss all is as it was.
    let whole = drive(&capture, &two(""), Mid::Skip);
    assert_eq!(whole.talks.iter().map(sent).collect::<Vec<_>>(), [[1, 1]; 3]);
    assert!(whole.talks.iter().all(|talk| talk.given_up == 0 && talk.error.is_none()));
}

#[test]
fn r9_who_speaks_unasked_hardly_waits_for_a_lost_datagram() {
    // Both sides speak every 20 ms; now and then one of them twice in a row.
    let mut frames = vec![(0, datagram(1, (4000, 4002), b"start"))];
    for index in 0..20u64 {
        frames.push((index * 20 * MS + MS, datagram(1, (4000, 4002), format!("from a {index}").as_bytes())));
        frames.push((index * 20 * MS + 9 * MS, datagram(2, (4002, 4000), format!("from b {index}").as_bytes())));
    }
    let capture = capture(frames);
    let driven = drive(&capture, &two("there = { lose = [5] }\nback = { lose = [4] }"), Mid::Skip);
    let simulated = driven.talks[0].simulated.expect("driven");
    // What b said and what was lost on the way to a: b heard all but one, and said all.
    assert_eq!(simulated.segments, [21, 19], "{simulated:?}");
    assert_eq!(heard(&driven, "b").len(), 20);
    assert!(simulated.duration_nanos < 1_500 * MS, "{simulated:?}");
    assert_eq!(driven.talks[0].given_up, 2);
}

#[test]
fn r9_datagrams_to_groups_and_to_everybody_are_sent_and_nobody_waits_for_them() {
    let to_group = |at: u64, destination: &str, link: MacAddr| {
        let octets = FrameBuilder::ethernet(mac(1), link)
            .ipv4(Ipv4Fields { ttl: 1, ..Ipv4Fields::new(v4("192.0.2.1"), v4(destination)) })
            .udp(UdpFields::new(5353, 5353))
            .payload(b"who is there?")
            .padded(60)
            .finish();
        (at, octets)
    };
    let unborn = FrameBuilder::ethernet(mac(1), MacAddr::BROADCAST)
        .ipv4(Ipv4Fields::new(v4("0.0.0.0"), v4("255.255.255.255")))
        .udp(UdpFields::new(68, 67))
        .payload(&[1; 240])
        .finish();
    let frames = vec![
        to_group(0, "224.0.0.251", MacAddr([1, 0, 0x5e, 0, 0, 0xfb])),
        to_group(MS, "255.255.255.255", MacAddr::BROADCAST),
        (2 * MS, unborn),
        (3 * MS, datagram(2, (6000, 6001), b"to a")),
    ];
    let driven = drive(&capture(frames), &two(""), Mid::Skip);
    let groups: Vec<_> = driven.talks.iter().filter(|talk| talk.talk.to_group).collect();
    assert_eq!(groups.len(), 2);
    assert!(groups.iter().all(|talk| talk.simulated.is_some_and(|simulated| simulated.segments == [1, 0])));
    assert_eq!(heard(&driven, "b").iter().filter(|(port, said)| *port == 5353 && said == b"who is there?").count(), 2);
    assert_eq!(driven.without_source, 1, "who asks for an address cannot be answered");
}

#[test]
fn r9_where_nobody_listened_nobody_listens() {
    let asked = datagram(1, (5000, 9), b"anybody?");
    let refusal = FrameBuilder::ethernet(mac(2), mac(1))
        .ipv4(Ipv4Fields::new(v4("192.0.2.2"), v4("192.0.2.1")))
        .icmp(IcmpFields::new(3, 3, 0))
        .payload(&asked[14..50])
        .finish();
    let unreachable = |capture: &Capture| {
        let driven = drive(capture, &two(""), Mid::Skip);
        let b = driven.engine.find("b").expect("b");
        driven.engine.deed_count(b, EventKind::Delivered, Reason::NoListener)
    };
    assert_eq!(unreachable(&capture(vec![(0, asked.clone()), (MS, refusal)])), 1);
    assert_eq!(unreachable(&capture(vec![(0, asked)])), 0);
}

#[test]
fn r9_a_datagram_that_came_in_fragments_is_said_whole() {
    let payload: Vec<u8> = (0..4000u32).map(|index| (index * 7) as u8).collect();
    let whole = FrameBuilder::ethernet(mac(1), mac(2))
        .ipv4(Ipv4Fields { identification: 7, ..Ipv4Fields::new(v4("192.0.2.1"), v4("192.0.2.2")) })
        .udp(UdpFields::new(5000, 5001))
        .payload(&payload)
        .finish();
    let ip_payload = &whole[34..];
    let fragment = |index: usize| {
        let (from, to) = (index * 1480, ((index + 1) * 1480).min(ip_payload.len()));
        let mut octets = whole[..34].to_vec();
        octets.extend_from_slice(&ip_payload[from..to]);
        octets[16..18].copy_from_slice(&((20 + to - from) as u16).to_be_bytes());
        let more = if to < ip_payload.len() { 0x2000u16 } else { 0 };
        octets[20..22].copy_from_slice(&(more | (from / 8) as u16).to_be_bytes());
        octets[24..26].fill(0);
        let sum: u32 = octets[14..34].chunks(2).map(|two| u32::from(u16::from_be_bytes([two[0], two[1]]))).sum();
        let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
        octets[24..26].copy_from_slice(&sum.to_be_bytes());
        octets
    };
    let driven =
        drive(&capture((0..3).map(|index| (index as u64, fragment(index))).collect()), &two("mtu = 1400"), Mid::Skip);
    assert_eq!((driven.talks.len(), driven.fragments), (1, 0));
    let b = driven.engine.find("b").expect("b");
    let taken =
        driven.engine.records().iter().filter(|record| record.device == b && record.text().contains("recvfrom"));
    assert!(
        taken.clone().any(|record| record.text().contains("(4000 octets)")),
        "{:?}",
        taken.map(|r| r.text()).collect::<Vec<_>>()
    );
    // One fragment of the capture is missing: that is said.
    let driven = drive(&capture(vec![(0, fragment(0)), (1, fragment(2))]), &two(""), Mid::Skip);
    assert_eq!((driven.talks.len(), driven.fragments), (0, 1));
}

#[test]
fn r9_a_connection_joined_late_is_skipped_or_opened_and_who_was_called_is_guessed() {
    let text = gallery::find("length-prefix").expect("in the gallery").text;
    let scenario = Scenario::parse("length-prefix", text).expect("a scenario");
    let whole = recorded(&scenario, "client");
    let first = whole.frames.iter().position(|frame| frame.decode().tcp().is_some_and(|tcp| tcp.payload_len() > 0));
    let mut source = MemorySource::new();
    for (number, frame) in whole.frames[first.expect("data")..].iter().enumerate() {
        let octets = frame.octets();
        source.push_with(Meta::new(number as u64 + 1, frame.at, LinkType::ETHERNET, octets.len() as u32), octets);
    }
    let late = Capture::read(&mut source).expect("a capture");
    let skipped = drive(&late, &scenario, Mid::Skip);
    assert!(skipped.talks.iter().all(|talk| talk.simulated.is_none()));
    assert!(skipped.talks[0].left_out.is_some_and(|why| why.contains("--mid open")), "{:?}", skipped.talks[0].left_out);
    let opened = drive(&late, &scenario, Mid::Open);
    let talk = &opened.talks[0];
    let server = whole.frames.iter().find_map(|frame| frame.decode().tcp().map(|tcp| tcp.destination_port()));
    assert_eq!(Some(talk.talk.ends[1].port()), server, "the lower port was called");
    let (captured, simulated) = (talk.talk.measure, talk.simulated.expect("driven"));
    assert_eq!((talk.error.as_ref(), talk.given_up), (None, 0));
    assert!(captured.handshake_nanos.is_none() && simulated.handshake_nanos.is_some());
    // Two segments more of the initiator and one of the responder: the opening.
    assert_eq!(simulated.segments, [captured.segments[0] + 2, captured.segments[1] + 1], "{captured:?}");
}

#[test]
fn r9_calls_that_the_new_network_delays_still_find_their_own_part() {
    // Two connections to one port, opened one after the other; the first SYN of the first is lost, so that they arrive
    // the other way round. Each must still say its own.
    let text = "title = \"calls\"\nactions = [\"0ms b run server\", \"10ms a run one\", \"30ms a run two\"]\n[host.a]\naddress = \"192.0.2.1/24\"\n[host.b]\naddress = \"192.0.2.2/24\"\n[[link]]\nbetween = [\"a\", \"b\"]\n[program]\nserver = '''\ns = socket(tcp)\ns.bind(\"\", 80)\ns.listen(5)\nloop 2:\n    c = s.accept()\n    thread:\n        data = c.recv(100)\n        c.sendall(upper(data))\n        c.close()\n'''\none = '''\ns = socket(tcp)\ns.connect(\"b\", 80)\ns.sendall(\"first call\")\ndata = s.recv(100)\nend = s.recv(1)\ns.close()\n'''\ntwo = '''\ns = socket(tcp)\ns.connect(\"b\", 80)\ns.sendall(\"and the second\")\ndata = s.recv(100)\nend = s.recv(1)\ns.close()\n'''\n";
    let scenario = Scenario::parse("calls", text).expect(text);
    let capture = recorded(&scenario, "a");
    let lossy = text.replace("between = [\"a\", \"b\"]", "between = [\"a\", \"b\"]\nthere = { lose = [2] }");
    let lossy = Scenario::parse("lossy", &lossy).expect(&lossy);
    let driven = drive(&capture, &lossy, Mid::Skip);
    assert_eq!(driven.talks.len(), 2);
    for talk in &driven.talks {
        assert_eq!((talk.error.as_ref(), talk.given_up), (None, 0));
    }
    let calls: Vec<String> = driven.engine.records().iter().map(|record| record.text().to_owned()).collect();
    for said in ["FIRST CALL", "AND THE SECOND"] {
        let heard = calls.iter().any(|call| call.contains("recv_exactly") && call.contains(said));
        assert!(heard, "{said}: {calls:#?}");
    }
    let first = driven.talks[0].simulated.expect("driven");
    assert_eq!(first.retransmits[0], 1, "its SYN");
}

#[test]
fn r9_through_a_translator_conversations_find_each_other() {
    let text = "title = \"home\"\nlinks = [\"pc - home.lan\", \"home.wan - server\"]\n[host.pc]\naddress = \"192.168.1.11/24\"\ngateway = \"192.168.1.1\"\n[router.home]\ninterfaces = { lan = \"192.168.1.1/24\", wan = \"203.0.113.1/24\" }\nnat = { outside = \"wan\" }\n[host.server]\naddress = \"203.0.113.10/24\"\n";
    let scenario = Scenario::parse("home", text).expect(text);
    let packet = |from: &str, to: &str, ports: (u16, u16), payload: &[u8]| {
        FrameBuilder::ethernet(mac(1), mac(2))
            .ipv4(Ipv4Fields::new(v4(from), v4(to)))
            .udp(UdpFields::new(ports.0, ports.1))
            .payload(payload)
            .padded(60)
            .finish()
    };
    let (pc, server) = ("192.168.1.11", "203.0.113.10");
    let frames =
        vec![(0, packet(pc, server, (5000, 53), b"question")), (MS, packet(server, pc, (53, 5000), b"answer"))];
    let driven = drive(&capture(frames), &scenario, Mid::Skip);
    assert_eq!(driven.talks[0].simulated.expect("driven").segments, [1, 1], "{:?}", driven.talks);
    assert_eq!(driven.talks[0].given_up, 0);
}

/// Who is beyond the router is played by the cloud, with the addresses of the capture, in the network that is guessed.
#[test]
fn r9_servers_beyond_a_router_are_played_by_the_cloud() {
    let segment = |at: u64, there: bool, sequence: u32, flags: u16, payload: &[u8]| {
        let (macs, ips, ports) = match there {
            true => ((1, 9), ("192.0.2.10", "203.0.113.5"), (5000, 80)),
            false => ((9, 1), ("203.0.113.5", "192.0.2.10"), (80, 5000)),
        };
        let ip = Ipv4Fields { ttl: if there { 64 } else { 57 }, ..Ipv4Fields::new(v4(ips.0), v4(ips.1)) };
        let tcp = TcpFields { sequence, flags: netlab::wire::TcpFlags(flags), ..TcpFields::new(ports.0, ports.1) };
        let frame = FrameBuilder::ethernet(mac(macs.0), mac(macs.1)).ipv4(ip).tcp(tcp).payload(payload).padded(60);
        (at * MS, frame.finish())
    };
    let packet = |at: u64, there: bool, payload: &[u8]| {
        let (macs, ips, ports) = match there {
            true => ((1, 9), ("192.0.2.10", "198.51.100.53"), (5353, 53)),
            false => ((9, 1), ("198.51.100.53", "192.0.2.10"), (53, 5353)),
        };
        let ip = Ipv4Fields { ttl: if there { 64 } else { 57 }, ..Ipv4Fields::new(v4(ips.0), v4(ips.1)) };
        let udp = UdpFields::new(ports.0, ports.1);
        (
            at * MS,
            FrameBuilder::ethernet(mac(macs.0), mac(macs.1)).ipv4(ip).udp(udp).payload(payload).padded(60).finish(),
        )
    };
    let capture = capture(vec![
        packet(0, true, b"where is www.example.com?"),
        packet(20, false, b"at 203.0.113.5"),
        segment(21, true, 1000, 0x02, b""),
        segment(41, false, 9000, 0x12, b""),
        segment(42, true, 1001, 0x10, b""),
        segment(42, true, 1001, 0x18, b"GET /"),
        segment(70, false, 9001, 0x18, b"a page"),
        segment(71, true, 1006, 0x11, b""),
        segment(91, false, 9007, 0x11, b""),
        segment(92, true, 1007, 0x10, b""),
    ]);
    let identities = netlab::sim::replay::Identities::of(&capture, &[]);
    let drawn = netlab::sim::replay::draw(&identities, "example", None).text;
    let driven = drive(&capture, &Scenario::parse("drawn", &drawn).expect(&drawn), Mid::Skip);
    assert_eq!(driven.talks.len(), 2);
    for talk in &driven.talks {
        let simulated = talk.simulated.expect("driven");
        assert_eq!((talk.given_up, talk.error.as_ref(), simulated.retransmits), (0, None, [0, 0]), "{talk:?}");
        assert!(simulated.segments[0] > 0 && simulated.segments[1] > 0, "{talk:?}");
    }
    assert!(driven.talks[1].simulated.is_some_and(|simulated| simulated.handshake_nanos.is_some()));
}

#[test]
fn r9_what_a_host_cannot_do_in_the_new_network_is_said() {
    let frames = [(0, datagram(1, (5000, 5001), b"far away"))];
    // b is on another subnet now, and a has no gateway.
    let text = "title = \"apart\"\nlinks = [\"a - r.a\", \"r.b - b\"]\nmap = [\"ip 192.0.2.2 -> b\"]\n[host.a]\naddress = \"192.0.2.1/24\"\n[router.r]\ninterfaces = { a = \"192.0.2.9/24\", b = \"198.51.100.9/24\" }\n[host.b]\naddress = \"198.51.100.1/24\"\n";
    let scenario = Scenario::parse("apart", text).expect(text);
    let both = vec![frames[0].clone(), (MS, datagram(2, (5001, 5000), b"an answer"))];
    let driven = drive(&capture(both), &scenario, Mid::Skip);
    assert_eq!(driven.talks[0].error, Some((Side::Initiator, "ENETUNREACH".to_owned())));
}

fn netlab(arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("netlab runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("it ends");
    let text = |octets: Vec<u8>| String::from_utf8(octets).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The command: `--mid open` and what is told of it, and `--step`, which comes to the same place by going back.
#[test]
fn r9_r6_mid_and_step_at_the_command_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    assert_eq!(netlab(&["simulate", "length-prefix", "--write", &path("ports")], "").0, Some(0));
    let whole = path("ports/client.eth0.pcapng");
    // Without the opening: everything that has neither SYN nor is ARP.
    let late = path("late.pcap");
    assert_eq!(netlab(&["read", &whole, "tcp[tcpflags] & tcp-syn == 0", "-w", &late], "").0, Some(0));
    std::fs::write(folder.path().join("t.toml"), netlab(&["topology", &whole], "").1).expect("a file");
    let (status, text, errors) = netlab(&["replay", &late, "-t", &path("t.toml"), "--drive"], "");
    assert_eq!(status, Some(0), "{errors}");
    assert!(text.contains("not driven") && text.contains("--mid open"), "{text}");
    let (status, text, errors) = netlab(&["replay", &late, "-t", &path("t.toml"), "--drive", "--mid", "open"], "");
    assert_eq!(status, Some(0), "{errors}");
    assert!(text.contains("1 of 1 conversation driven anew") && text.contains("none →"), "{text}");
    assert_eq!(netlab(&["replay", &late, "-t", &path("t.toml"), "--mid", "open"], "").0, Some(2), "needs --drive");

    let step = |keys: &str| netlab(&["replay", &whole, "-t", &path("t.toml"), "--step"], keys).1;
    let there = step("n\nn\nn\nt\nq\n");
    let and_back = step("n\nn\nn\nn\nn\nb\nb\nt\nq\n");
    let tables =
        |text: &str| text.rsplit_once("\n  ").map_or("", |(_, rest)| rest).split_once('\n').map(|(_, t)| t.to_owned());
    assert_eq!(tables(&there), tables(&and_back), "{and_back}");
    assert!(there.contains("frame 3 of") && there.contains("packet 3 of the capture"), "{there}");
    assert!(there.contains("  + "), "what a frame changed in the tables is shown: {there}");
    let jump = step("4\nq\n");
    assert!(jump.contains("packet 4 of the capture"), "{jump}");
    assert!(step("x\nq\n").contains("a packet's number"), "another key is explained");
    assert!(step("b\nq\n").contains("before the first frame"));
}
