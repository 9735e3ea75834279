//! What tcpdump and netlab capture at the same time is the same, packet by packet.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use netlab::packet::Direction;
use netlab::wire::LinkType;

use crate::lab::{B, Lab, Record, Recorded, Running, frame, ipv4, recorded, udp};

/// tcpdump and netlab, capturing at the same time.
struct Pair {
    name: String,
    tcpdump: Running,
    netlab: Running,
    theirs: PathBuf,
    ours: PathBuf,
}

impl Pair {
    fn start(lab: &Lab, namespace: &str, for_tcpdump: &[&str], for_netlab: &[&str], filter: &[&str]) -> Pair {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (theirs, ours) = (lab.file(&format!("{number}.pcap")), lab.file(&format!("{number}.pcapng")));
        let write = ["-B", "16384", "-w", ours.to_str().expect("UTF-8")];
        Pair {
            name: filter.join(" "),
            tcpdump: lab.tcpdump(namespace, &theirs, &[for_tcpdump, filter].concat()),
            netlab: lab.capture(namespace, &[for_netlab, &write, filter].concat()),
            theirs,
            ours,
        }
    }

    /// Ends both and holds the first `compared` octets of each packet against each other.
    fn end(self, compared: usize) -> Recorded {
        let name = self.name;
        let netlab = self.netlab.interrupt();
        // Once it is told to end, tcpdump does not look for packets that the kernel still has for it. (It takes some of
        // those that the kernel counts for no packets of the capture, so that its own counts do not tell when it has all.)
        self.tcpdump.wait_for_packets(netlab.count(" captured"));
        let tcpdump = self.tcpdump.interrupt();
        let lost = tcpdump.count(" dropped by kernel");
        assert_eq!(lost, 0, "{name}: tcpdump itself lost packets, so that there is nothing to compare with");
        assert!(netlab.status.success() && tcpdump.status.success(), "{}", netlab.stderr);
        let (theirs, ours) = (recorded(&self.theirs), recorded(&self.ours));
        assert!(!ours.packets.is_empty(), "{name}: nothing was captured");
        // Packets that pass at the same moment, on two processors, reach two sockets in either order; and one sender's do
        // so too, whose program sends on the one and whose answers to acknowledgments leave on the other. So each packet
        // is looked for wherever it is; where the order is certain, a test holds it against what was sent.
        let sorted = |recorded: &Recorded| {
            let cut = |packet: &Record| Record {
                octets: packet.octets[..packet.octets.len().min(compared)].to_vec(),
                ..packet.clone()
            };
            let mut packets: Vec<_> = recorded.packets.iter().map(cut).collect();
            packets.sort_by(|a, b| (&a.octets, a.wire_len).cmp(&(&b.octets, b.wire_len)));
            packets
        };
        let (their_packets, our_packets) = (sorted(&theirs), sorted(&ours));
        let mut apart = Vec::new();
        for (their, our) in their_packets.iter().zip(&our_packets) {
            let is_same = (their.wire_len, &their.octets) == (our.wire_len, &our.octets);
            assert!(is_same, "{name}: only one of the two has\n{our:?} (netlab) or\n{their:?} (tcpdump)");
            apart.push(our.at.signed_since(their.at).abs());
        }
        assert_eq!(theirs.packets.len(), ours.packets.len(), "{name}");
        // Each of the two asks for a time of its own where the kernel has not taken one yet (TCP that is being sent), and
        // the processor may be taken away in between, for a moment.
        apart.sort_unstable();
        let (middle, most) = (apart[apart.len() / 2], apart[apart.len() - 1]);
        assert!(middle < 20_000_000 && most < 10_000_000_000, "{name}: times are {middle} to {most} ns apart");
        assert_eq!(theirs.links, ours.links, "{name}");
        let count = ours.packets.len() as u64;
        assert_eq!(netlab.counts(), (count, count, 0), "{name}");
        ours
    }
}

/// Captures with both at the same time while `traffic` passes, and holds the files against each other.
fn both(lab: &Lab, namespace: &str, arguments: &[&str], filter: &[&str], traffic: impl FnOnce()) -> Recorded {
    let pair = Pair::start(lab, namespace, arguments, arguments, filter);
    traffic();
    pair.end(usize::MAX)
}

/// All interfaces, for each of the two.
const ANY_FOR_TCPDUMP: &[&str] = &["-i", "any", "-y", "LINUX_SLL2"];
const ANY: &[&str] = &["-i", "any"];

/// Pings of several sizes, in fragments too.
fn pings(lab: &Lab) {
    for size in ["0", "56", "1472", "8972", "20000"] {
        let output = lab.run(&lab.a, "ping", &["-q", "-c", "2", "-i", "0.01", "-s", size, &B.to_string()]);
        assert!(output.status.success(), "no answer to ping");
    }
}

/// A transfer of `len` octets over TCP, which the kernel hands on in pieces of up to 64 KiB.
fn transfer(lab: &Lab, to_namespace: &str, from_namespace: &str, to: std::net::Ipv4Addr, len: usize) {
    let (ready, is_ready) = std::sync::mpsc::channel();
    let server = lab.spawn_on(to_namespace, move || {
        let listener = TcpListener::bind((to, 7000)).expect("the port is free");
        ready.send(()).expect("somebody waits");
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut octets = Vec::new();
        stream.read_to_end(&mut octets).expect("octets");
        octets.len()
    });
    is_ready.recv().expect("the server is ready");
    lab.on(from_namespace, move || {
        let mut stream = TcpStream::connect((to, 7000)).expect("a connection");
        stream.write_all(&vec![7; len]).expect("octets are taken");
    });
    assert_eq!(server.join().expect("the server does not panic"), len);
    // The last acknowledgments are on their way.
    lab.wait_until_tcp_is_silent(to_namespace);
    lab.wait_until_tcp_is_silent(from_namespace);
}

#[test]
fn pings_fragments_and_large_offloaded_segments_are_the_same() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    let ours = both(&lab, &lab.b, &["-i", "eth0"], &[], || {
        pings(&lab);
        transfer(&lab, &lab.b, &lab.a, B, 3_000_000);
    });
    assert!(ours.packets.iter().any(|packet| packet.wire_len > 9014), "no segment was larger than a frame");
    assert!(
        ours.directions.contains(&Some(Direction::Inbound)) && ours.directions.contains(&Some(Direction::Outbound))
    );
}

#[test]
fn the_senders_side_is_the_same() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    both(&lab, &lab.a, &["-i", "eth0"], &[], || {
        pings(&lab);
        transfer(&lab, &lab.b, &lab.a, B, 1_000_000);
    });
}

#[test]
fn vlan_tags_of_any_depth_are_the_same_on_both_sides() {
    let Some(lab) = Lab::new(&["tcpdump"]) else { return };
    let payload = ipv4(17, &udp(1000, 2000, b"tagged"));
    let frames: Vec<_> = [
        &[][..],
        &[(0x8100, 100)],
        &[(0x8100, 0x6064)],
        &[(0x88a8, 200), (0x8100, 100)],
        &[(0x8100, 1), (0x8100, 2), (0x8100, 3)],
        &[(0x8100, 0)],
    ]
    .iter()
    .map(|tags| frame(tags, 0x0800, &payload))
    .collect();
    for namespace in [&lab.b, &lab.a] {
        let sent = frames.clone();
        let ours = both(&lab, namespace, &["-i", "eth0"], &[], || lab.send(&lab.a, sent));
        let octets: Vec<_> = ours.packets.iter().map(|packet| packet.octets.clone()).collect();
        assert_eq!(octets, frames, "what was sent, with every tag in its place");
    }
}

#[test]
fn jumbo_frames_and_frames_without_ip_are_the_same() {
    let Some(lab) = Lab::new(&["tcpdump"]) else { return };
    let frames = vec![
        frame(&[], 0x0800, &ipv4(17, &udp(1, 2, &[5; 8900]))),
        // An 802.3 frame with a length in place of a type, and an EtherType that nobody has.
        frame(&[], 38, &[0x42; 60]),
        frame(&[], 0x88b5, &[1; 50]),
    ];
    let sent = frames.clone();
    let ours = both(&lab, &lab.b, &["-i", "eth0"], &[], || lab.send(&lab.a, sent));
    let octets: Vec<_> = ours.packets.iter().map(|packet| packet.octets.clone()).collect();
    assert_eq!(octets, frames);
    assert_eq!(ours.packets[0].wire_len, 14 + 20 + 8 + 8900);
}

#[test]
fn frames_of_one_processor_stay_in_the_order_in_which_they_were_sent() {
    let Some(lab) = Lab::new(&[]) else { return };
    // Of all lengths, so that they fill several blocks of the ring.
    let frames: Vec<_> = (0..3000_u16)
        .map(|number| frame(&[], 0x0800, &ipv4(17, &udp(number, 9, &vec![7; usize::from(number) % 1400]))))
        .collect();
    for namespace in [&lab.b, &lab.a] {
        let sent = frames.clone();
        let capture = lab.file("order.pcapng");
        let netlab = lab.capture(namespace, &["-i", "eth0", "-w", capture.to_str().expect("UTF-8")]);
        lab.send(&lab.a, sent);
        netlab.wait_for_packets(3000);
        let ended = netlab.interrupt();
        assert_eq!(ended.counts(), (3000, 3000, 0));
        let octets: Vec<_> = recorded(&capture).packets.into_iter().map(|packet| packet.octets).collect();
        let wrong = octets.iter().zip(&frames).position(|(ours, theirs)| ours != theirs);
        assert_eq!((octets.len(), wrong), (3000, None), "the first in a place that is not its own");
    }
}

#[test]
fn p6_each_packet_of_the_loopback_interface_comes_once() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    let ours = both(&lab, &lab.b, &["-i", "lo"], &[], || {
        assert!(lab.run(&lab.b, "ping", &["-q", "-c", "3", "-i", "0.01", "127.0.0.1"]).status.success());
        transfer(&lab, &lab.b, &lab.b, std::net::Ipv4Addr::LOCALHOST, 300_000);
    });
    let icmp = ours.packets.iter().filter(|packet| packet.octets[23] == 1).count();
    assert_eq!(icmp, 6, "three questions and three answers");
    assert!(ours.directions.iter().all(Option::is_none), "what went both ways has no direction");
}

#[test]
fn all_interfaces_together_are_the_same_as_linux_cooked_packets() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    let pair = Pair::start(&lab, &lab.b, ANY_FOR_TCPDUMP, ANY, &[]);
    pings(&lab);
    assert!(lab.run(&lab.b, "ping", &["-q", "-c", "3", "-i", "0.01", "127.0.0.1"]).status.success());
    transfer(&lab, &lab.b, &lab.a, B, 300_000);
    let ours = pair.end(usize::MAX);
    assert!(ours.links.iter().all(|link| *link == LinkType::LINUX_SLL2));
}

#[test]
fn a_tunnel_interface_without_link_header_is_the_same_as_raw_ip() {
    let Some(lab) = Lab::new(&["tcpdump", "ping", "python3"]) else { return };
    let far_end = lab.start(&lab.b, "python3", &["-c", FAR_END_OF_A_TUNNEL]);
    far_end.wait_for("ready");
    lab.run(&lab.b, "ip", &["addr", "add", "198.51.100.1/24", "dev", "tun0"]);
    lab.run(&lab.b, "ip", &["link", "set", "tun0", "up"]);
    let ours = both(&lab, &lab.b, &["-i", "tun0"], &["icmp"], || {
        assert!(lab.run(&lab.b, "ping", &["-q", "-c", "3", "-i", "0.01", "198.51.100.2"]).status.success());
    });
    assert!(ours.links.iter().all(|link| *link == LinkType::RAW));
    assert!(ours.packets.iter().all(|packet| packet.octets[0] == 0x45), "{:?}", ours.packets);
    assert_eq!(ours.directions[0], Some(Direction::Outbound));
    assert!(ours.directions.contains(&Some(Direction::Inbound)));
}

/// Makes `tun0` and answers each echo request that goes into it.
const FAR_END_OF_A_TUNNEL: &str = "
import fcntl, os, struct, sys
tunnel = os.open('/dev/net/tun', os.O_RDWR)
fcntl.ioctl(tunnel, 0x400454ca, struct.pack('16sH22x', b'tun0', 0x1001))  # TUNSETIFF, IFF_TUN | IFF_NO_PI
print('ready', file=sys.stderr, flush=True)
while True:
    packet = bytearray(os.read(tunnel, 65536))
    if packet[0] == 0x45 and packet[9] == 1 and packet[20] == 8:
        packet[12:16], packet[16:20] = packet[16:20], packet[12:16]
        packet[20] = 0
        total = int.from_bytes(packet[22:24], 'big') + 0x0800
        packet[22:24] = (total % 0x10000 + total // 0x10000).to_bytes(2, 'big')
        os.write(tunnel, packet)
";

#[test]
fn the_snap_length_cuts_the_same_octets_and_keeps_the_true_length() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    // In immediate mode tcpdump keeps up to two octets less than it was asked to.
    let arguments = ["-i", "eth0", "-s", "60"];
    let pair = Pair::start(&lab, &lab.b, &arguments, &arguments, &[]);
    pings(&lab);
    lab.send(&lab.a, vec![frame(&[(0x8100, 100)], 0x0800, &ipv4(17, &udp(1, 2, &[5; 200])))]);
    let ours = pair.end(58);
    assert!(ours.packets.iter().all(|packet| packet.octets.len() == packet.wire_len.min(60) as usize));
    assert!(ours.packets.iter().any(|packet| packet.wire_len > 1000));
}

#[test]
fn directions_are_chosen_the_same() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    let pairs = [("in", Direction::Inbound), ("out", Direction::Outbound)].map(|(way, direction)| {
        let arguments = ["-i", "eth0", "-Q", way];
        (Pair::start(&lab, &lab.b, &arguments, &arguments, &[]), direction)
    });
    pings(&lab);
    for (pair, direction) in pairs {
        assert!(pair.end(usize::MAX).directions.iter().all(|found| *found == Some(direction)));
    }
}

#[test]
fn filters_take_the_same_packets_in_the_kernel() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    let arguments = ["-i", "eth0"];
    let pairs = [
        &["icmp"][..],
        &["tcp", "port", "7000"],
        &["tcp[tcpflags] & (tcp-syn|tcp-fin) != 0"],
        &["vlan", "100"],
        &["vlan and udp port 53"],
        &["udp", "and", "not", "vlan"],
        &["greater", "1500"],
        &["arp or (src host 192.0.2.1 and len < 100)"],
    ]
    .map(|filter| Pair::start(&lab, &lab.b, &arguments, &arguments, filter));
    pings(&lab);
    transfer(&lab, &lab.b, &lab.a, B, 100_000);
    let tagged = |vlan| frame(&[(0x8100, vlan)], 0x0800, &ipv4(17, &udp(1000, 53, b"question")));
    lab.send(&lab.a, vec![tagged(100), tagged(200), frame(&[], 0x0800, &ipv4(17, &udp(1000, 53, b"question")))]);
    for pair in pairs {
        pair.end(usize::MAX);
    }
}

#[test]
fn filters_take_the_same_packets_of_all_interfaces() {
    let Some(lab) = Lab::new(&["tcpdump", "ping"]) else { return };
    let pairs = [&["icmp"][..], &["src host 192.0.2.1"], &["ip[2:2] > 1000"], &["greater 1000"]]
        .map(|filter| Pair::start(&lab, &lab.b, ANY_FOR_TCPDUMP, ANY, filter));
    pings(&lab);
    for pair in pairs {
        pair.end(usize::MAX);
    }
}
