//! The command `simulate` from outside: exit statuses, the list, files for each port, JSON Lines, steps.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn netlab(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("netlab runs");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("written");
    child.wait_with_output().expect("it ends")
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn without_a_name_the_gallery_is_listed() {
    for arguments in [&["simulate"][..], &["simulate", "--list"]] {
        let output = netlab(arguments, "");
        assert_eq!(output.status.code(), Some(0));
        for name in ["arp", "broadcast-storm-stp", "sticky-sender-nodelay", "lan-256"] {
            assert!(text(&output).lines().any(|line| line.trim_start().starts_with(name)), "{name}");
        }
    }
}

#[test]
fn statuses_tell_wrong_names_wrong_files_and_broken_expectations_apart() {
    let output = netlab(&["simulate", "brodcast"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean 'broadcast'?"));
    let output = netlab(&["simulate", "no/such/file.toml"], "");
    assert_eq!(output.status.code(), Some(1));
    let output = netlab(&["simulate", "-"], "title = \"t\"\n[host.h1]\nadress = \"192.0.2.1/24\"\n");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("-:3: unknown key 'adress': did you mean 'address'?"));
    let broken = "title = \"t\"\nactions = [\"0ms h1 ping 192.0.2.9\"]\nexpect = [\"h1 ping 192.0.2.9 ok\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\n";
    let output = netlab(&["simulate", "-"], broken);
    assert_eq!(output.status.code(), Some(5));
    assert!(text(&output).contains("line 3: instead ping 192.0.2.9 number 1: 192.0.2.1 says: host unreachable"));
}

#[test]
fn the_same_command_prints_the_same_octets() {
    for arguments in [&["simulate", "arp"][..], &["simulate", "loss", "--jsonl"], &["simulate", "loss", "--seed", "9"]]
    {
        assert_eq!(netlab(arguments, "").stdout, netlab(arguments, "").stdout, "{arguments:?}");
    }
}

/// The text without the escape sequences that colour it.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let text = parts.fold(first, |text, part| text + part.split_once('m').expect("only colours are set").1);
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn colours_change_nothing_but_the_colours() {
    for scenario in ["arp", "nat", "broadcast-storm-rstp"] {
        for language in ["en", "zh"] {
            let run = |when| text(&netlab(&["simulate", scenario, "--lang", language, "--color", when], ""));
            let (plain, coloured) = (run("never"), run("always"));
            assert!(coloured.contains("\x1b[2m[") && !plain.contains('\x1b'), "{scenario}");
            assert_eq!(uncoloured(&coloured), plain, "{scenario}");
        }
    }
}

#[test]
fn every_line_of_the_json_is_an_object_and_the_summary_balances() {
    let output = netlab(&["simulate", "broadcast", "--jsonl"], "");
    let lines: Vec<serde_json::Value> =
        text(&output).lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(lines[0]["netlab"], "simulation");
    assert_eq!(lines[0]["seed"], 1);
    let times: Vec<u64> = lines[1..].iter().map(|line| line["at_ns"].as_u64().expect("a time")).collect();
    assert!(times.is_sorted(), "events are in the order of time");
    let books = &lines.last().expect("a summary")["conservation"];
    let count = |key: &str| books[key].as_u64().expect("a count");
    assert_eq!(count("copies"), count("delivered") + count("filtered") + count("dropped") + count("in_flight"));
    for (event, key) in [("delivered", "delivered"), ("filtered", "filtered"), ("dropped", "dropped")] {
        let found = lines.iter().filter(|line| line["event"] == event).count() as u64;
        assert_eq!(found, count(key), "every end is an event");
    }
}

#[test]
fn stepping_forwards_and_back_comes_to_the_same_place() {
    let there = text(&netlab(&["simulate", "arp", "--step"], "3\nt\nq\n"));
    let and_back = text(&netlab(&["simulate", "arp", "--step"], "3\nn\nn\nb\nb\nt\nq\n"));
    let tables = |text: &str| text.rsplit_once("neighbours of h1").expect("tables").1.to_owned();
    assert_eq!(tables(&there), tables(&and_back));
}

#[test]
fn each_port_gets_a_capture_that_netlab_and_others_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("a path");
    assert_eq!(netlab(&["simulate", "handshake", "--write", path], "").status.code(), Some(0));
    let file = folder.path().join("client.eth0.pcapng");
    let file = file.to_str().expect("a path");
    let read = text(&netlab(&["read", file], ""));
    let tapped = text(&netlab(&["simulate", "handshake", "--tap", "client.eth0"], ""));
    // Each packet has a comment with the number that the run gave to its frame.
    let comments = read.lines().filter(|line| line.contains("comment: frame ")).count();
    assert_eq!(comments, tapped.lines().count());
    assert_eq!(read.lines().count() - comments, tapped.lines().count());
    let Ok(tshark) = Command::new("tshark").args(["-r", file]).output() else {
        assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none_or(|value| value != "1"), "tshark is not installed");
        eprintln!("skipped: tshark is not installed");
        return;
    };
    assert!(tshark.status.success(), "{}", String::from_utf8_lossy(&tshark.stderr));
    assert_eq!(String::from_utf8_lossy(&tshark.stdout).lines().count(), tapped.lines().count());
}

#[test]
fn an_idle_host_is_small() {
    // What a host holds on the heap besides (its interface, its routes) is a few hundred octets.
    assert!(size_of::<netlab::sim::device::Node>() <= 2048);
}

#[test]
fn a_network_is_drawn_for_notes_without_running_it() {
    let dot = text(&netlab(&["simulate", "nat", "--format", "dot"], ""));
    assert!(dot.starts_with("graph network {\n"), "{dot}");
    assert!(dot.contains("n3 [label=\"home\\n192.168.1.1/24\\n203.0.113.1/24\", shape=ellipse"), "{dot}");
    assert_eq!(dot.matches(" -- ").count(), 5, "five cables");
    let mermaid = text(&netlab(&["simulate", "nat", "--format", "mermaid"], ""));
    assert!(mermaid.contains("flowchart LR\n") && mermaid.contains("n5[[\"sw<br/>switch\"]]"), "{mermaid}");
    let svg = text(&netlab(&["simulate", "nat", "--format", "svg"], ""));
    assert!(svg.starts_with("<svg xmlns=") && svg.matches("class=\"device").count() == 6, "{svg}");
}

/// What Graphviz makes of a drawing in its language; `None` where it is not installed.
fn drawn_by_graphviz(drawing: &str) -> Option<String> {
    let started =
        Command::new("dot").arg("-Tplain").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut dot) = started else {
        assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none_or(|value| value != "1"), "graphviz is not installed");
        eprintln!("skipped: graphviz is not installed");
        return None;
    };
    dot.stdin.take().expect("a pipe").write_all(drawing.as_bytes()).expect("it reads");
    let output = dot.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{drawing}");
    Some(text(&output))
}

#[test]
fn graphviz_draws_every_network() {
    for entry in netlab::sim::gallery::all().iter().filter(|entry| !entry.name.starts_with("lan-")) {
        let scenario = netlab::sim::Scenario::parse(entry.name, entry.text).expect("a scenario");
        let engine = scenario.network(&netlab::sim::RunOptions::default());
        let drawing = text(&netlab(&["simulate", entry.name, "--format", "dot"], ""));
        let Some(plain) = drawn_by_graphviz(&drawing) else { return };
        let nodes = plain.lines().filter(|line| line.starts_with("node ")).count();
        assert_eq!(nodes, engine.device_count(), "{}", entry.name);
        let edges = plain.lines().filter(|line| line.starts_with("edge ")).count();
        assert_eq!(edges, drawing.matches(" -- ").count(), "{}", entry.name);
    }
    // Names that mean something in Graphviz's language.
    let odd = "title = \"a \\\"quoted\\\" \\\\ <b>title</b>\"\nlinks = [\"h1 - graph\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.graph]\naddress = \"192.0.2.2/24\"\n";
    let plain = drawn_by_graphviz(&text(&netlab(&["simulate", "-", "--format", "dot"], odd)));
    assert!(plain.is_none_or(|plain| plain.lines().filter(|line| line.starts_with("node ")).count() == 2));
    // A network that was guessed, and ladders with losses, resets and odd openings.
    let captures = concat!(env!("CARGO_MANIFEST_DIR"), "/captures");
    drawn_by_graphviz(&text(&netlab(&["topology", &format!("{captures}/tutorial.pcapng"), "--format", "dot"], "")));
    for name in [
        "tutorial.pcapng",
        "tcp/s-02b-fast-30ms-rtt-10.pcap",
        "tcp/s-16-r1-refused.pcap",
        "tcp/s-07-simultaneous-open.pcap",
    ] {
        let file = format!("{captures}/{name}");
        let drawing = text(&netlab(&["analyze", &file, "--connection", "0", "--format", "dot"], ""));
        assert!(drawing.contains("->"), "{name}: {drawing}");
        drawn_by_graphviz(&drawing);
    }
}

#[test]
fn hostile_names_stay_text_in_every_drawing() {
    let scenario = "title = \"<script>alert(1)</script> \\u001b[31m\"\nlinks = [\"h1 - h2\"]\n[host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n";
    for format in ["svg", "dot", "mermaid"] {
        let drawn = text(&netlab(&["simulate", "-", "--format", format], scenario));
        assert!(drawn.contains("alert(1)") && !drawn.contains('\u{1b}'), "{format}: {drawn}");
        assert!(format != "svg" || !drawn.contains("<script"), "{drawn}");
    }
}

#[test]
fn what_does_not_apply_is_absent_from_the_records_never_null() {
    for arguments in [
        &["simulate", "--list", "--jsonl"][..],
        &["simulate", "broadcast-storm", "--until", "6ms", "--jsonl"],
        &["simulate", "slaac", "--jsonl"],
        &["simulate", "dhcp-lease", "--jsonl"],
    ] {
        let output = netlab(arguments, "");
        let lines = text(&output);
        assert!(lines.lines().count() > 20, "{arguments:?}");
        assert!(!lines.contains(":null"), "{arguments:?}");
    }
}
