//! Live filters against tcpdump's, side by side on one interface, tagged frames among the others. Needs root, `ip` and
//! tcpdump; makes its own network namespaces and removes them.
#![cfg(all(feature = "live", target_os = "linux"))]

#[path = "filter/corpus.rs"]
#[allow(dead_code)]
mod corpus;
#[path = "live/processor.rs"]
mod processor;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use corpus::{Head, Packet};
use netlab::filter::capture::{Filter, Target};
use netlab::wire::LinkType;

/// Says in the sender's process on which interface to send.
const SEND_ON: &str = "NETLAB_TEST_SEND_ON";

/// Filters whose live meaning is compared. Those with `vlan` need the kernel's metadata.
const FILTERS: &[&str] = &[
    "",
    "ip",
    "vlan",
    "vlan 100",
    "not vlan",
    "vlan and ip",
    "vlan 100 and tcp",
    "vlan and vlan",
    "vlan and vlan 200 and udp",
    "tcp port 80 or 443",
    "tcp or (vlan and tcp)",
    "arp or (vlan 5 and host 192.0.2.1)",
    "host 192.0.2.77 and not port 22",
    "udp",
    "ip6[6] = 6 or tcp[tcpflags] & tcp-syn != 0",
    "ether broadcast and greater 60",
    "ether[12:2] = 0x8100 or ether proto 0x88cc",
    "mpls and ip",
    "vlan 5 and tcp port 80",
    "vlan 100 and vlan and ip",
    "vlan and vlan 5 and tcp port 80",
    "vlan 5 and vlan 200 and host 192.0.2.1",
    "ether proto 0x88a8 or (vlan and vlan and vlan)",
    "geneve",
    "geneve 5 and ip",
    "geneve and vlan and ip",
    BEHIND_A_TAG,
    "geneve and ip6",
    // Libpcap loses its place behind an authentication header.
    "not protochain 51 and protochain 6",
    INBOUND,
];

/// Compared with `udp`: all the frames come in. libpcap tests the first packets of a capture a second time by itself, without
/// what the kernel knew of them, so that tcpdump leaves them out.
const INBOUND: &str = "inbound and udp";

/// Compared with what is taken of the same frames in a file, where the tag is among the octets. Libpcap 1.10 forgets live where
/// the tag ended once Geneve is passed: it begins with `M[4] = M[2] = 0`, and reads M[0] and M[1].
const BEHIND_A_TAG: &str = "vlan 5 and geneve and udp";

/// The network namespaces of a test, removed at its end.
struct Namespaces {
    sender: String,
    receiver: String,
}

impl Namespaces {
    fn make() -> Option<Namespaces> {
        let id = std::process::id();
        let made = Namespaces { sender: format!("nlf-s-{id}"), receiver: format!("nlf-r-{id}") };
        let (s, r) = (made.sender.as_str(), made.receiver.as_str());
        let works = ip(&["netns", "add", s])
            && ip(&["netns", "add", r])
            && ip(&["link", "add", "s0", "netns", s, "type", "veth", "peer", "name", "r0", "netns", r]);
        for (namespace, link) in [(s, "s0"), (r, "r0")] {
            // Nothing but the frames of the test.
            let quiet = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];
            for setting in quiet {
                let _ = Command::new("ip").args(["netns", "exec", namespace, "sysctl", "-qw", setting]).output();
            }
            if works {
                ip(&["-n", namespace, "link", "set", link, "up"]);
            }
        }
        works.then_some(made)
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in [&self.sender, &self.receiver] {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

fn ip(words: &[&str]) -> bool {
    Command::new("ip").args(words).output().is_ok_and(|output| output.status.success())
}

fn skip(why: &str) {
    assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "required: {why}");
    eprintln!("skipped: {why}");
}

/// Frames that can be sent: whole headers, nothing longer than the link takes.
fn frames() -> Vec<Packet> {
    let mut packets = corpus::packets(4, Head::Ethernet, 600);
    packets.extend(corpus::nested(4, Head::Ethernet, 200));
    packets.extend(service_tagged());
    packets.retain(|packet| packet.bytes.len() >= 20);
    packets
}

/// Frames in two tags, as a provider's network has them (IEEE 802.1ad) and as some switches do it with two equal tags: TCP to and
/// from ports 80 and 443 in VLAN 5 of VLAN 100, and the other way round.
fn service_tagged() -> Vec<Packet> {
    let mut frames = Vec::new();
    for outer in [[0x88, 0xa8], [0x81, 0x00], [0x91, 0x00]] {
        for (service, customer) in [(100, 5), (5, 100), (5, 200)] {
            for port in [80_u16, 443] {
                let mut bytes = vec![0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x5e, 0, 0x53, 2];
                bytes.extend_from_slice(&[outer[0], outer[1], 0, service, 0x81, 0, 0x60, customer, 8, 0]);
                bytes.extend_from_slice(&[0x45, 0, 0, 40, 0, 7, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 77]);
                bytes.extend_from_slice(&port.to_be_bytes());
                bytes.extend_from_slice(&[0x9c, 0x40, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0]);
                frames.push(Packet { wire_len: bytes.len() as u32, bytes: bytes.clone() });
                // The same with one tag.
                bytes.drain(12..16);
                frames.push(Packet { wire_len: bytes.len() as u32, bytes });
            }
        }
    }
    frames
}

#[test]
fn live_filters_choose_what_tcpdump_chooses() {
    if std::env::var_os(SEND_ON).is_some() {
        return;
    }
    if Command::new("tcpdump").arg("--version").output().is_err() {
        return skip("tcpdump is not installed");
    }
    let Some(namespaces) = Namespaces::make() else {
        return skip("network namespaces cannot be made (needs root and `ip`)");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut running: Vec<(usize, &str, Child, PathBuf)> = Vec::new();
    for (number, filter) in FILTERS.iter().enumerate() {
        for program in ["tcpdump", env!("CARGO_BIN_EXE_netlab")] {
            let is_peer = program == "tcpdump";
            let name = if is_peer { "tcpdump" } else { "netlab" };
            let file = folder.path().join(format!("{number}-{name}.pcap"));
            let mut command = Command::new("ip");
            command.args(["netns", "exec", &namespaces.receiver, program]);
            // Neither gives up its rights: the folder belongs to whoever runs the test.
            if is_peer {
                // In immediate mode a slot of its ring holds a whole snapshot: the default buffer has room for a few packets only.
                command
                    .args(["-Z", "root", "--immediate-mode", "-B", "32768", "-s", "4096", "-i", "r0", "-w"])
                    .arg(&file);
                // Without its optimiser, which in libpcap 1.10 makes of `arp or (vlan 5 and ip)` a program that looks for IP
                // four octets too far.
                if filter.contains(" or (vlan") && !filter.starts_with("tcp") {
                    command.arg("-O");
                }
            } else {
                command.args(["capture", "-i", "r0", "-w"]).arg(&file);
            }
            command.arg("--").arg(filter).stdout(Stdio::null()).stderr(Stdio::piped());
            let mut child = command.spawn().expect("starts");
            let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
            let listens = lines.by_ref().map_while(Result::ok).find(|line| line.contains("listening"));
            assert!(listens.is_some(), "{name} does not listen: {filter}");
            // The rest is read away, so that the closing lines find room.
            std::thread::spawn(move || lines.for_each(drop));
            running.push((number, name, child, file));
        }
    }
    let sender = std::env::current_exe().expect("this test");
    let sent = Command::new("ip")
        .args(["netns", "exec", &namespaces.sender])
        .arg(sender)
        .args(["--exact", "sends_the_frames", "--nocapture"])
        .env(SEND_ON, "s0")
        .output()
        .expect("the sender starts");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    // Once it is told to end, tcpdump does not look for packets that wait for it.
    let begun = Instant::now();
    let mut looks_at_rest = 0;
    while looks_at_rest < 20 {
        assert!(begun.elapsed() < PATIENCE, "the programs do not come to rest");
        std::thread::sleep(Duration::from_millis(20));
        looks_at_rest = if running.iter().all(|(.., child, _)| is_at_rest(child)) { looks_at_rest + 1 } else { 0 };
    }
    for (.., child, _) in &running {
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    }
    let sent_frames: std::collections::HashSet<Vec<u8>> = frames().into_iter().map(|packet| packet.bytes).collect();
    let mut taken: Vec<(usize, &str, Vec<Packet>)> = Vec::new();
    for (number, name, mut child, file) in running {
        assert!(ends(&mut child), "{name} does not end: {}", FILTERS[number]);
        // The kernel speaks too, at moments of its own choice, and not all programs began at the same one.
        let mut packets = packets_of(&file);
        packets.retain(|packet| sent_frames.contains(&packet.bytes));
        taken.push((number, name, packets));
    }
    let mut some = 0;
    for (number, filter) in FILTERS.iter().enumerate() {
        let of = |wanted: &str, number: usize| {
            let found = taken.iter().find(|(of, name, _)| *of == number && *name == wanted);
            found.map(|(.., packets)| packets).expect("both ran")
        };
        let udp = FILTERS.iter().position(|filter| *filter == "udp");
        let peer = if *filter == INBOUND { udp.expect("it is there") } else { number };
        let of_file: Vec<Packet>;
        let (mut theirs, ours) = (of("tcpdump", peer), of("netlab", number));
        if *filter == BEHIND_A_TAG {
            let program = Filter::compile(filter, LinkType::ETHERNET, Target::File).expect("a filter");
            of_file = frames().into_iter().filter(|packet| program.matches(&packet.bytes, packet.wire_len)).collect();
            theirs = &of_file;
        }
        let odd = ours.iter().find(|packet| theirs.iter().all(|other| other.bytes != packet.bytes));
        let octets = odd.map(|packet| format!("{:02x?}", packet.bytes));
        assert_eq!(ours.len(), theirs.len(), "packets of `{filter}`; one that tcpdump leaves: {octets:?}");
        let equal = ours.iter().zip(theirs).all(|(a, b)| a.bytes == b.bytes && a.wire_len == b.wire_len);
        assert!(equal, "octets of the packets of `{filter}`");
        some += usize::from(!ours.is_empty());
        println!("{:5} packets of {} for `{filter}`", ours.len(), frames().len());
    }
    assert!(some > FILTERS.len() - 3, "hardly any filter took packets");
}

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(100);

/// True if a program sleeps: there are no packets for it.
fn is_at_rest(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && line.contains("sleeping"))
}

/// Waits for the end of a program, for a while.
fn ends(child: &mut Child) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    false
}

fn packets_of(file: &Path) -> Vec<Packet> {
    let octets = std::fs::read(file).expect("a capture");
    corpus::unpack(&octets).expect("a capture").1
}

/// Not a test by itself: the process that sends.
#[test]
fn sends_the_frames() {
    let Some(name) = std::env::var_os(SEND_ON) else { return };
    let interface = pnet::datalink::interfaces().into_iter().find(|known| *known.name == *name).expect("the interface");
    let channel = pnet::datalink::channel(&interface, pnet::datalink::Config::default()).expect("a channel");
    let pnet::datalink::Channel::Ethernet(mut sender, _) = channel else { panic!("an Ethernet channel") };
    // All captures see the frames in the same order.
    processor::stay_on_one();
    for (number, frame) in frames().iter().enumerate() {
        sender.send_to(&frame.bytes, None).expect("a queue").expect("sent");
        if number % 50 == 49 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
