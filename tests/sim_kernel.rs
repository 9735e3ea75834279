//! The Linux kernel as judge: the network of the scenario "kernel" built out of network namespaces, the same things done
//! there, and the frames that passed each port compared. Needs root, iproute2, tcpdump, ping, ethtool and python3; without
//! them the test says that it is skipped.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use netlab::packet::Direction;
use netlab::sim::{RunOptions, Scenario, gallery};

#[path = "sim_kernel/canonical.rs"]
mod canonical;
#[path = "sim_kernel/lab.rs"]
mod lab;
#[path = "sim_kernel/random.rs"]
mod random;

use canonical::{lines, missing};
use lab::{Lab, Speaks};

/// The ports that are watched: netlab's name, the namespace, its device.
const PORTS: &[(&str, &str, &str)] =
    &[("sw.1", "sw", "p1"), ("sw.2", "sw", "p2"), ("sw.3", "sw", "p3"), ("r.e1", "r", "e1")];

/// The network of the scenario "kernel".
fn built(tag: &str) -> Lab {
    let lab = Lab::new(tag, ["h1", "h2", "h3", "sw", "r"].map(str::to_owned).to_vec(), Speaks::V4);
    lab.within("r", "sysctl -qw net.ipv4.ip_forward=1");
    lab.cable(("h1", "e0", "02:00:00:00:01:10"), ("sw", "p1", "02:00:00:00:ff:01"), 1500);
    lab.cable(("r", "e0", "02:00:00:00:01:01"), ("sw", "p2", "02:00:00:00:ff:02"), 1500);
    lab.cable(("h3", "e0", "02:00:00:00:01:30"), ("sw", "p3", "02:00:00:00:ff:03"), 1500);
    lab.cable(("r", "e1", "02:00:00:00:02:01"), ("h2", "e0", "02:00:00:00:02:10"), 576);
    lab.bridge("sw", &["p1", "p2", "p3"].map(str::to_owned));
    for (name, device, address) in [
        ("h1", "e0", "10.0.1.10/24"),
        ("h3", "e0", "10.0.1.30/24"),
        ("h2", "e0", "10.0.2.10/24"),
        ("r", "e0", "10.0.1.1/24"),
        ("r", "e1", "10.0.2.1/24"),
    ] {
        lab.within(name, &format!("ip addr add {address} brd + dev {device}; ip link set {device} up"));
    }
    lab.within("h1", "ip route add default via 10.0.1.1");
    lab.within("h3", "ip route add default via 10.0.1.1");
    lab.within("h2", "ip route add default via 10.0.2.1");
    lab
}

/// What the scenario's actions are in shell.
fn act(lab: &mut Lab) {
    for line in [
        "ping -q -c1 -W1 10.0.1.30",
        "ping -q -c1 -W1 10.0.2.10",
        "ping -q -c1 -W1 -t1 10.0.2.10",
        "ping -q -c1 -W1 -M dont -s 1400 10.0.2.10",
        "ping -q -c1 -W1 -M do -s 1400 10.0.2.10",
        "ping -q -c1 -W1 10.9.9.9",
    ] {
        if line.ends_with("10.9.9.9") {
            // "No route" has a limit of its own in the kernel, of about one a second.
            std::thread::sleep(Duration::from_millis(1500));
        }
        lab.within("h1", line);
    }
    lab.within("h1", "ip route flush cache");
    lab.within(
        "h1",
        "python3 -c \"import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('',5000));s.sendto(b'x',('10.0.2.10',4000))\"",
    );
    lab.start(
        "h2",
        "python3 -c \"import socket\ns=socket.socket();s.bind(('',80));s.listen(1);c,_=s.accept()\nwhile c.recv(100): pass\nimport time;time.sleep(.25);c.close()\"",
    );
    lab.wait_for_listener("h2", "tcp", 80);
    lab.within(
        "h1",
        "python3 -c \"import socket,time;s=socket.socket();s.bind(('',50000));s.connect(('10.0.2.10',80));time.sleep(.1);s.send(b'hel');time.sleep(.2);s.shutdown(1);s.recv(1);s.close()\"",
    );
    lab.within(
        "h1",
        "python3 -c \"import socket\ns=socket.socket();s.bind(('',50001))\ntry: s.connect(('10.0.2.10',81))\nexcept OSError: pass\"",
    );
    lab.within("h1", "ping -q -b -c1 -W1 10.0.1.255");
    lab.within("h1", "ping -q -c1 -W4 10.0.1.99");
    lab.wait_until_at_rest();
}

/// The scenario "kernel", but that the server waits before it closes, so that the kernel acknowledges the FIN by itself:
/// it does so after 40 ms, and on a busy machine the program may close before or after that.
fn unhurried() -> String {
    let text = gallery::find("kernel").expect("the scenario").text;
    let waiting = text.replacen("        break\nc.close()", "        break\nsleep(250ms)\nc.close()", 1);
    assert_ne!(waiting, text, "the server closes");
    waiting
}

fn of_the_kernel(folder: &Path, tag: &str, act: fn(&mut Lab)) -> BTreeMap<String, Vec<String>> {
    let mut lab = built(tag);
    for (_, name, device) in PORTS {
        for way in ["in", "out"] {
            lab.capture(name, device, way, &folder.join(format!("{device}-{way}.pcap")));
        }
    }
    lab.wait_for_captures();
    act(&mut lab);
    drop(lab);
    let mut found = BTreeMap::new();
    for (port, _, device) in PORTS {
        for way in ["in", "out"] {
            let file = folder.join(format!("{device}-{way}.pcap"));
            let mut source =
                netlab::capture::open(&[file], &netlab::capture::OpenOptions::default()).expect("a capture");
            found.insert(format!("{port} {way}"), lines(&mut source, None));
        }
    }
    found
}

fn of_the_simulator(text: &str) -> BTreeMap<String, Vec<String>> {
    let scenario = Scenario::parse("kernel", text).expect("a scenario");
    let run = scenario.run(&RunOptions::default());
    let mut found = BTreeMap::new();
    for (port, _, _) in PORTS {
        let (device, id) = scenario.port(port).expect("a port");
        for (way, direction) in [("in", Direction::Inbound), ("out", Direction::Outbound)] {
            let mut tap = run.engine.tap_of(device, id).expect("a tap").clone();
            tap.rewind();
            found.insert(format!("{port} {way}"), lines(&mut tap, Some(direction)));
        }
    }
    found
}

/// The first difference of two records, port by port.
fn difference(ours: &BTreeMap<String, Vec<String>>, theirs: &BTreeMap<String, Vec<String>>) -> Option<String> {
    for (port, ours) in ours {
        let theirs = &theirs[port];
        for index in 0..ours.len().max(theirs.len()) {
            let (our, their) = (ours.get(index), theirs.get(index));
            if our != their {
                return Some(format!("{port}, frame {index}: netlab {our:?}, kernel {their:?}"));
            }
        }
    }
    None
}

/// Says why a test is skipped, if it is; fails if that is forbidden.
fn is_skipped(why: Option<String>) -> bool {
    let Some(why) = why else { return false };
    assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none_or(|value| value != "1"), "{why}");
    eprintln!("skipped: {why}");
    true
}

/// Two hosts speak from the same port through a translator, each to a program that answers.
fn translate(lab: &mut Lab) {
    lab.within(
        "r",
        "printf 'table ip nat {\\nchain post { type nat hook postrouting priority 100; oifname \"e1\" masquerade; }\\n}\\n' | nft -f -",
    );
    lab.start(
        "h2",
        "python3 -c \"import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('',4001))\nfor _ in range(2):\n  d,a=s.recvfrom(99);s.sendto(d,a)\"",
    );
    lab.wait_for_listener("h2", "udp", 4001);
    for host in ["h1", "h3"] {
        lab.within(
            host,
            "python3 -c \"import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('',5001));s.settimeout(60);s.sendto(b'x',('10.0.2.10',4001));s.recv(9)\"",
        );
    }
    lab.wait_until_at_rest();
}

/// The network of the scenario "kernel" with a translator, and what [`translate`] does there.
fn translating() -> String {
    let text = gallery::find("kernel").expect("the scenario").text;
    let part = |from: &str, to: &str| {
        let start = text.find(from).expect("it is there");
        let end = start + text[start..].find(to).expect("it is there");
        text[start..end].to_owned()
    };
    let actions = "actions = ['0ms h2 run echo', '10ms h1 run ask', '100ms h3 run ask']\n";
    let programs = "[program]\necho = '''\ns = socket(udp)\ns.bind(\"\", 4001)\nloop:\n    data, peer = s.recvfrom(99)\n    s.sendto(data, peer)\n'''\nask = '''\ns = socket(udp)\ns.bind(\"\", 5001)\ns.sendto(\"x\", \"h2\", 4001)\ndata, peer = s.recvfrom(9)\ns.close()\n'''\n";
    let text = text.replace(&part("actions = [", "expect = ["), actions).replace(&part("expect = [", "[host.h1]"), "");
    let end = text.find("[program]").expect("programs");
    let router = "[router.r]\nnat = { outside = \"e1\" }\n[router.r.interfaces.e0]";
    text[..end].replace("[router.r.interfaces.e0]", router) + programs
}

#[test]
fn s37_the_kernel_translates_to_the_same_frames() {
    if is_skipped(missing().or_else(canonical::no_nft)) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let kernel = of_the_kernel(folder.path(), "t", translate);
    assert!(kernel.values().map(Vec::len).sum::<usize>() > 20, "the captures are nearly empty: {kernel:#?}");
    assert_eq!(difference(&of_the_simulator(&translating()), &kernel), None);
}

/// The networks that every run of the tests tries; `cargo xtask oracle` tries others.
/// IPv4 without a router, a translator and its fragments, a translator and a long path with small links, two routers, IPv6
/// with one and with two.
const SEEDS: &[u64] = &[1, 4, 6, 8, 10, 24];

#[test]
fn random_networks_do_what_the_kernel_does() {
    if is_skipped(missing().or_else(canonical::no_nft)) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    // Nearly all of the time is waiting, so they wait together.
    std::thread::scope(|scope| {
        for seed in SEEDS {
            let folder = folder.path().join(seed.to_string());
            std::fs::create_dir(&folder).expect("a folder");
            scope.spawn(move || {
                let network = random::Network::new(*seed);
                assert_eq!(network.difference(&folder), None, "seed {seed}\n{}", network.scenario());
            });
        }
    });
}

#[test]
fn the_kernel_sends_the_same_frames_port_by_port() {
    if is_skipped(missing()) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let kernel = of_the_kernel(folder.path(), "a", act);
    let text = unhurried();
    assert!(kernel.values().map(Vec::len).sum::<usize>() > 60, "the captures are nearly empty: {kernel:#?}");
    assert_eq!(difference(&of_the_simulator(&text), &kernel), None);
    // A simulator that is wrong in any one thing is found out.
    for (from, to) in [
        ("mtu = 576", "mtu = 800"),
        ("size 1400 df", "size 1400 nodf"),
        ("[router.r.interfaces.e0]", "[router.r]\nttl = 63\n[router.r.interfaces.e0]"),
        ("[router.r.interfaces.e0]", "[router.r]\nlong_quotes = false\n[router.r.interfaces.e0]"),
        ("10.0.1.1/24", "10.0.1.2/24"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text, "{from}");
        assert!(difference(&of_the_simulator(&wrong), &kernel).is_some(), "{to} was not noticed");
    }
}
