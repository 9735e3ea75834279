//! A real Linux bridge and a real Linux router in a network namespace of the test, given the same frames on the same ports
//! as a replay: what comes out must be the same, port by port. Needs root, iproute2 and the kernel's bridge; without them the
//! tests say that they are skipped.
#![cfg(all(feature = "live", target_os = "linux"))]

#[path = "live/processor.rs"]
mod processor;

use std::process::Command;
use std::time::{Duration, Instant};

use netlab::base::MacAddr;
use netlab::capture::MemorySource;
use netlab::packet::Direction;
use netlab::sim::Scenario;
use netlab::sim::replay::{Capture, Driven, Mid, Replay, ReplayOptions};
use netlab::wire::build::{FrameBuilder, Ipv4Fields, UdpFields};
use netlab::wire::{self, LinkType};
use pnet::datalink::{self, Channel, Config, DataLinkReceiver, DataLinkSender};

fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

fn v4(text: &str) -> std::net::Ipv4Addr {
    text.parse().expect("an address")
}

/// A namespace, gone when dropped.
struct Lab {
    name: String,
}

impl Lab {
    /// `None`, and a line that says why, if this machine cannot have one.
    fn new(which: &str) -> Option<Lab> {
        let lab = Lab { name: format!("nlr{}{which}", std::process::id()) };
        let is_root = nix::unistd::geteuid().is_root();
        if !is_root || !run("ip", &["netns", "add", &lab.name]) {
            let why = if is_root { "network namespaces cannot be made" } else { "it needs root" };
            assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "{why}");
            eprintln!("skipped: {why}");
            std::mem::forget(lab);
            return None;
        }
        lab.sysctl("net.ipv6.conf.all.disable_ipv6=1");
        lab.sysctl("net.ipv6.conf.default.disable_ipv6=1");
        Some(lab)
    }

    fn sysctl(&self, setting: &str) {
        run("ip", &["netns", "exec", &self.name, "sysctl", "-qw", setting]);
    }

    fn ip(&self, line: &str) {
        let arguments: Vec<&str> = ["-n", &self.name].into_iter().chain(line.split(' ')).collect();
        assert!(run("ip", &arguments), "ip {line}");
    }

    /// Waits until the kernel has noticed that these devices have a link, and lets frames pass.
    fn wait_for(&self, devices: &[&str], state: &str, program: &[&str]) {
        let begun = Instant::now();
        for device in devices {
            let is_ready = || {
                let arguments = [&program[1..], &["-n", &self.name, "link", "show", "dev", device]].concat();
                let output = Command::new(program[0]).args(arguments).output().expect("it runs");
                String::from_utf8_lossy(&output.stdout).contains(state)
            };
            while !is_ready() {
                assert!(begun.elapsed() < Duration::from_secs(100), "{device} is not {state}");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Opens the outer ends of cables, from inside of the namespace. From now on the calling thread stays on one
    /// processor, so that its frames are handled in the order in which it sends them.
    fn open(&self, devices: &[&str]) -> Vec<Port> {
        self.wait_for(devices, "state UP", &["ip"]);
        processor::stay_on_one();
        let path = format!("/run/netns/{}", self.name);
        let devices: Vec<String> = devices.iter().map(|device| (*device).to_owned()).collect();
        let thread = std::thread::spawn(move || {
            let entrance = std::fs::File::open(path).expect("the namespace");
            nix::sched::setns(entrance, nix::sched::CloneFlags::CLONE_NEWNET).expect("root may enter");
            let open = |device: &String| {
                let found = datalink::interfaces().into_iter().find(|found| found.name == *device);
                let config = Config { read_timeout: Some(Duration::from_millis(5)), ..Config::default() };
                match datalink::channel(&found.expect("the device"), config).expect("a socket") {
                    Channel::Ethernet(sender, receiver) => Port { sender, receiver },
                    _ => unreachable!("Ethernet devices have Ethernet channels"),
                }
            };
            devices.iter().map(open).collect()
        });
        thread.join().expect("the ports are open")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        run("ip", &["netns", "del", &self.name]);
    }
}

/// On a busy machine the kernel hands the last frames on a while later.
const LATE: Duration = Duration::from_millis(300);

struct Port {
    sender: Box<dyn DataLinkSender>,
    receiver: Box<dyn DataLinkReceiver>,
}

impl Port {
    fn send(&mut self, frame: &[u8]) {
        self.sender.send_to(frame, None).expect("room in the queue").expect("the frame is sent");
    }

    /// Everything that comes within a while.
    fn take(&mut self, patience: Duration) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Ok(frame) = self.receiver.next() {
                frames.push(frame.to_vec());
            }
        }
        frames
    }
}

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).stderr(std::process::Stdio::null()).status().is_ok_and(|s| s.success())
}

fn capture(frames: &[Vec<u8>]) -> Capture {
    let timed = frames.iter().enumerate().map(|(index, octets)| (index as u64 * 10_000_000, octets.clone()));
    Capture::read(&mut MemorySource::of_frames(timed)).expect("a capture")
}

/// What came to a port of a replay.
fn arrived(replay: &Replay, scenario: &Scenario, end: &str) -> Vec<Vec<u8>> {
    let (device, port) = scenario.port(end).expect("a port");
    let tap = replay.engine.tap_of(device, port).expect("a tap");
    let inbound = tap.frames().iter().filter(|tapped| tapped.direction == Direction::Inbound);
    inbound.map(|tapped| tapped.frame.octets().to_vec()).collect()
}

fn frame(from: MacAddr, to: MacAddr, number: u8) -> Vec<u8> {
    FrameBuilder::ethernet(from, to).octets(0x88b5, &[number; 46]).finish()
}

/// Which stations are behind which port of the bridge, and what is sent.
fn traffic() -> Vec<(usize, Vec<u8>)> {
    let all = MacAddr::BROADCAST;
    let group = MacAddr([0x01, 0x00, 0x5e, 0, 0, 0x42]);
    let lldp = MacAddr([0x01, 0x80, 0xc2, 0, 0, 0x0e]);
    let bpdu = MacAddr([0x01, 0x80, 0xc2, 0, 0, 0]);
    let bad = MacAddr([0x03, 0, 0x5e, 0, 0x53, 0x11]);
    // The port, the source and the destination; stations 0x11 and 0x12 share port 1.
    let plan: &[(usize, MacAddr, MacAddr)] = &[
        (1, mac(0x11), mac(0x22)),
        (2, mac(0x22), mac(0x11)),
        (1, mac(0x11), mac(0x22)),
        (3, mac(0x33), all),
        (1, mac(0x12), mac(0x11)),
        (1, mac(0x11), mac(0x12)),
        (2, mac(0x22), group),
        (3, mac(0x33), lldp),
        (3, mac(0x33), bpdu),
        (2, mac(0x22), mac(0x44)),
        (1, bad, mac(0x22)),
        (2, mac(0x22), mac(0x33)),
        (3, mac(0x33), mac(0x12)),
        (1, mac(0x12), mac(0x33)),
        (2, mac(0x22), mac(0x22)),
        (3, mac(0x33), mac(0x22)),
    ];
    let number = |index: usize| index as u8;
    plan.iter().enumerate().map(|(index, (port, from, to))| (*port, frame(*from, *to, number(index)))).collect()
}

#[test]
fn r4_a_linux_bridge_given_the_same_frames_on_the_same_ports_sends_the_same_out_of_each() {
    let Some(lab) = Lab::new("b") else { return };
    lab.ip("link add br0 type bridge stp_state 0 mcast_snooping 0 forward_delay 0");
    for port in 1..=3 {
        lab.ip(&format!("link add p{port} type veth peer name e{port}"));
        lab.ip(&format!("link set p{port} master br0"));
        lab.ip(&format!("link set p{port} up"));
        lab.ip(&format!("link set e{port} up"));
    }
    lab.ip("link set br0 up");
    lab.wait_for(&["p1", "p2", "p3"], "state forwarding", &["bridge"]);
    let mut ports = lab.open(&["e1", "e2", "e3"]);
    ports.iter_mut().for_each(|port| drop(port.take(Duration::from_millis(20))));
    let traffic = traffic();
    let mut kernel: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
    for (port, octets) in &traffic {
        ports[port - 1].send(octets);
        for (all, port) in kernel.iter_mut().zip(&mut ports) {
            all.extend(port.take(Duration::from_millis(15)));
        }
    }
    for (all, port) in kernel.iter_mut().zip(&mut ports) {
        all.extend(port.take(LATE));
    }
    // The bridge speaks for itself now and then; the frames of the test have a type of their own.
    kernel.iter_mut().for_each(|frames| frames.retain(|octets| octets[12..14] == [0x88, 0xb5]));

    let text = "title = \"bridge\"\nlinks = [\"h1 - sw.1\", \"h2 - sw.2\", \"h3 - sw.3\"]\nmap = [\"mac 00:00:5e:00:53:11 -> h1\", \"mac 00:00:5e:00:53:12 -> h1\", \"mac 03:00:5e:00:53:11 -> h1\", \"mac 00:00:5e:00:53:22 -> h2\", \"mac 00:00:5e:00:53:33 -> h3\"]\n[switch.sw]\nprofile = \"linux\"\n[host.h1]\n[host.h2]\n[host.h3]\n";
    let scenario = Scenario::parse("bridge", text).expect("a scenario");
    let frames: Vec<Vec<u8>> = traffic.iter().map(|(_, octets)| octets.clone()).collect();
    let capture = capture(&frames);
    let options = ReplayOptions { tap_all: true, ..ReplayOptions::default() };
    let mut replay = Replay::prepare(&capture, &scenario, &options).expect("places");
    replay.run(&capture);
    replay.books.clone().expect("the books balance");
    let mut total = 0;
    for (index, kernel) in kernel.iter().enumerate() {
        let simulated = arrived(&replay, &scenario, &format!("h{}", index + 1));
        let numbers = |frames: &[Vec<u8>]| frames.iter().map(|octets| octets[14]).collect::<Vec<_>>();
        assert_eq!(numbers(&simulated), numbers(kernel), "port {}", index + 1);
        assert_eq!(simulated, *kernel, "port {}", index + 1);
        total += kernel.len();
    }
    assert!(total > 15, "only {total} frames came out of the bridge");
}

#[test]
fn r9_with_mtu_1400_the_fragments_are_those_of_a_linux_router() {
    let Some(lab) = Lab::new("r") else { return };
    lab.sysctl("net.ipv4.ip_forward=1");
    lab.sysctl("net.ipv4.conf.all.rp_filter=0");
    lab.sysctl("net.ipv4.conf.default.rp_filter=0");
    lab.sysctl("net.ipv4.icmp_ratelimit=0");
    lab.ip("link add name ra address 00:00:5e:00:53:a1 type veth peer name ea");
    lab.ip("link add name rb address 00:00:5e:00:53:b1 type veth peer name eb");
    lab.ip("link set rb mtu 1400");
    for device in ["ra", "ea", "rb", "eb"] {
        lab.ip(&format!("link set {device} up"));
    }
    lab.ip("addr add 192.0.2.1/24 dev ra");
    lab.ip("addr add 198.51.100.1/24 dev rb");
    lab.ip("neigh add 192.0.2.10 lladdr 00:00:5e:00:53:01 dev ra nud permanent");
    lab.ip("neigh add 198.51.100.10 lladdr 00:00:5e:00:53:02 dev rb nud permanent");
    lab.wait_for(&["ra", "rb"], "state UP", &["ip"]);
    let mut ports = lab.open(&["ea", "eb"]);
    ports.iter_mut().for_each(|port| drop(port.take(Duration::from_millis(20))));
    let router = mac(0xa1);
    let datagram = |len: usize, identification: u16, dont_fragment: bool| {
        let payload: Vec<u8> = (0..len).map(|index| (index * 7 + usize::from(identification)) as u8).collect();
        let ip = Ipv4Fields { identification, dont_fragment, ..Ipv4Fields::new(v4("192.0.2.10"), v4("198.51.100.10")) };
        FrameBuilder::ethernet(mac(1), router).ipv4(ip).udp(UdpFields::new(5000, 5001)).payload(&payload).finish()
    };
    let frames: Vec<Vec<u8>> =
        [1472, 1372, 1373, 100, 1400, 1471].iter().zip(1..).map(|(len, id)| datagram(*len, id, false)).collect();
    let forbidden = datagram(1472, 77, true);
    let is_ip = |octets: &Vec<u8>| octets[12..14] == [0x08, 0x00];
    let (mut kernel, mut errors) = (Vec::new(), Vec::new());
    for octets in frames.iter().chain([&forbidden]) {
        ports[0].send(octets);
        kernel.extend(ports[1].take(Duration::from_millis(20)).into_iter().filter(is_ip));
        errors.extend(ports[0].take(Duration::from_millis(10)).into_iter().filter(is_ip));
    }
    kernel.extend(ports[1].take(LATE).into_iter().filter(is_ip));
    errors.extend(ports[0].take(LATE).into_iter().filter(is_ip));

    let text = "title = \"router\"\ncaptured_at = \"h1\"\nlive = [\"r\"]\nlinks = [\"h1 - r.a\"]\n[host.h1]\naddress = \"192.0.2.10/24\"\nmac = \"00:00:5e:00:53:01\"\n[router.r.interfaces.a]\naddress = \"192.0.2.1/24\"\nmac = \"00:00:5e:00:53:a1\"\n[router.r.interfaces.b]\naddress = \"198.51.100.1/24\"\nmac = \"00:00:5e:00:53:b1\"\n[host.h2]\naddress = \"198.51.100.10/24\"\nmac = \"00:00:5e:00:53:02\"\n[[link]]\nbetween = [\"r.b\", \"h2\"]\nmtu = 1400\n";
    let scenario = Scenario::parse("router", text).expect(text);
    let all: Vec<Vec<u8>> = frames.iter().cloned().chain([forbidden]).collect();
    let capture = capture(&all);
    let options = ReplayOptions { tap_all: true, every_step: true, ..ReplayOptions::default() };
    let mut replay = Replay::prepare(&capture, &scenario, &options).expect("places");
    replay.run(&capture);
    replay.books.clone().expect("the books balance");
    let simulated: Vec<Vec<u8>> = arrived(&replay, &scenario, "h2");
    // 1472 + 28 and 1373 + 28 octets and the like become two; the others stay one.
    assert_eq!(kernel.len(), 10, "the router's own count");
    // Short frames are padded by netlab's router and not by a veth device; the packets inside are compared to the octet.
    let packet = |octets: &Vec<u8>| {
        let len = usize::from(u16::from_be_bytes([octets[16], octets[17]]));
        octets[..14 + len].to_vec()
    };
    let packets = |frames: &[Vec<u8>]| frames.iter().map(packet).collect::<Vec<_>>();
    assert_eq!(packets(&simulated), packets(&kernel));
    let said = |frames: &[Vec<u8>]| {
        let one = |octets: &Vec<u8>| {
            let frame = wire::decode(LinkType::ETHERNET, octets, octets.len() as u32);
            let icmp = frame.icmpv4()?;
            Some((icmp.icmp_type(), icmp.code(), icmp.next_hop_mtu()))
        };
        frames.iter().filter_map(one).collect::<Vec<_>>()
    };
    assert_eq!(said(&errors), [(3, 4, Some(1400))]);
    assert_eq!(said(&arrived(&replay, &scenario, "h1")), said(&errors));
}

/// Datagrams of a conversation, recorded where the MTU is 1500 everywhere, are driven through a network whose far link
/// carries 1400. A real host and a real router send the same datagrams over such links: the pieces must be the same.
#[test]
fn r9_a_drive_over_mtu_1400_makes_the_fragments_that_real_hosts_and_a_real_router_make() {
    let Some(lab) = Lab::new("d") else { return };
    for setting in ["ipv4.ip_forward=1", "ipv4.conf.all.rp_filter=0", "ipv4.conf.default.rp_filter=0"] {
        lab.sysctl(&format!("net.{setting}"));
    }
    lab.ip("link add name ra address 00:00:5e:00:53:a1 type veth peer name ea");
    lab.ip("link add name rb address 00:00:5e:00:53:b1 type veth peer name eb");
    lab.ip("link set rb mtu 1400");
    for device in ["ra", "ea", "rb", "eb"] {
        lab.ip(&format!("link set {device} up"));
    }
    lab.ip("addr add 192.0.2.1/24 dev ra");
    lab.ip("addr add 198.51.100.1/24 dev rb");
    lab.ip("neigh add 192.0.2.10 lladdr 00:00:5e:00:53:01 dev ra nud permanent");
    lab.ip("neigh add 198.51.100.10 lladdr 00:00:5e:00:53:02 dev rb nud permanent");
    lab.wait_for(&["ra", "rb"], "state UP", &["ip"]);
    let mut ports = lab.open(&["ea", "eb"]);
    ports.iter_mut().for_each(|port| drop(port.take(Duration::from_millis(20))));

    let lens = [1472usize, 1372, 1373, 40, 2800, 1400];
    let recorded: Vec<Vec<u8>> = lens
        .iter()
        .map(|len| {
            let payload: Vec<u8> = (0..*len).map(|index| (index * 7 + len) as u8).collect();
            FrameBuilder::ethernet(mac(1), mac(0xa1))
                .ipv4(Ipv4Fields::new(v4("192.0.2.10"), v4("198.51.100.10")))
                .udp(UdpFields::new(5000, 5001))
                .payload(&payload)
                .finish()
        })
        .collect();
    let text = "title = \"router\"\nlinks = [\"h1 - r.a\"]\n[host.h1]\naddress = \"192.0.2.10/24\"\nmac = \"00:00:5e:00:53:01\"\ngateway = \"192.0.2.1\"\n[router.r.interfaces.a]\naddress = \"192.0.2.1/24\"\nmac = \"00:00:5e:00:53:a1\"\n[router.r.interfaces.b]\naddress = \"198.51.100.1/24\"\nmac = \"00:00:5e:00:53:b1\"\n[host.h2]\naddress = \"198.51.100.10/24\"\nmac = \"00:00:5e:00:53:02\"\ngateway = \"198.51.100.1\"\n[[link]]\nbetween = [\"r.b\", \"h2\"]\nmtu = 1400\n";
    let scenario = Scenario::parse("router", text).expect(text);
    let options = ReplayOptions { tap_all: true, ..ReplayOptions::default() };
    let driven = Driven::run(&capture(&recorded), &scenario, &options, Mid::Skip).expect("a drive");
    driven.books.as_ref().expect("the books balance");
    let udp = |octets: &Vec<u8>| octets[12..14] == [0x08, 0x00] && octets[23] == 17;
    let passed = |end: &str, direction: Direction| -> Vec<Vec<u8>> {
        let (device, port) = scenario.port(end).expect("a port");
        let frames = driven.engine.tap_of(device, port).expect("a tap").frames();
        let frames = frames.iter().filter(|tapped| tapped.direction == direction);
        frames.map(|tapped| tapped.frame.octets().to_vec()).filter(udp).collect()
    };
    // The real router is given what the simulated host sent.
    let sent = passed("h1", Direction::Outbound);
    let mut kernel = Vec::new();
    for octets in &sent {
        ports[0].send(octets);
        kernel.extend(ports[1].take(Duration::from_millis(20)).into_iter().filter(udp));
    }
    kernel.extend(ports[1].take(LATE).into_iter().filter(udp));
    let packet = |octets: &Vec<u8>| octets[14..14 + usize::from(u16::from_be_bytes([octets[16], octets[17]]))].to_vec();
    let packets = |frames: &[Vec<u8>]| frames.iter().map(packet).collect::<Vec<_>>();
    assert_eq!(packets(&passed("h2", Direction::Inbound)), packets(&kernel), "to the octet");
    // 1472, 1373 and 1400 become two; 2800 goes out in two and becomes three or four.
    assert!(kernel.len() >= lens.len() + 4, "{}", kernel.len());

    // And a real host, given the same conversation, cuts it in the same way: lengths, offsets and flags of every piece.
    let shape = |octets: &Vec<u8>| {
        let at = |index: usize| u16::from_be_bytes([octets[index], octets[index + 1]]);
        (at(16), at(20) & 0x3fff)
    };
    let path = format!("/run/netns/{}", lab.name);
    lab.ip("link add name rc address 00:00:5e:00:53:c1 type veth peer name ec");
    lab.ip("addr add 203.0.113.1/24 dev rc");
    lab.ip("neigh add 203.0.113.10 lladdr 00:00:5e:00:53:03 dev rc nud permanent");
    lab.ip("link set rc up");
    lab.ip("link set ec up");
    // Fragments were not forbidden in the capture.
    lab.sysctl("net.ipv4.ip_no_pmtu_disc=1");
    lab.wait_for(&["rc"], "state UP", &["ip"]);
    let mut outside = lab.open(&["ec"]);
    let thread = std::thread::spawn(move || {
        let entrance = std::fs::File::open(path).expect("the namespace");
        nix::sched::setns(entrance, nix::sched::CloneFlags::CLONE_NEWNET).expect("root may enter");
        processor::stay_on_one();
        let socket = std::net::UdpSocket::bind("203.0.113.1:5000").expect("a socket");
        for len in lens {
            socket.send_to(&vec![7u8; len], "203.0.113.10:5001").expect("sent");
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    thread.join().expect("the host is done");
    let host: Vec<Vec<u8>> = outside[0].take(LATE).into_iter().filter(udp).collect();
    assert_eq!(sent.iter().map(shape).collect::<Vec<_>>(), host.iter().map(shape).collect::<Vec<_>>());
}
