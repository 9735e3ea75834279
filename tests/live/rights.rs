//! Who may capture, as whom it is done, and what is said to those who may not.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use crate::lab::{B, Lab, NETLAB, Running, recorded};

fn nobody() -> (u32, u32) {
    let user = nix::unistd::User::from_name("nobody").expect("users can be looked up").expect("nobody exists");
    (user.uid.as_raw(), user.gid.as_raw())
}

/// The line of /proc/PID/status that begins with `key`.
fn status(running: &Running, key: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", running.id())).expect("it runs");
    let line = status.lines().find(|line| line.starts_with(key)).expect("the line exists");
    line[key.len()..].split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn without_the_right_to_capture_the_two_ways_out_are_told() {
    let Some(lab) = Lab::new(&["setpriv"]) else { return };
    let output = lab.run(
        &lab.b,
        "setpriv",
        &["--bounding-set=-net_raw", "--inh-caps=-net_raw", NETLAB, "capture", "eth0", "tcp port 80"],
    );
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("not permitted to capture on eth0"), "{said}");
    assert!(said.contains(&format!("sudo {NETLAB} capture eth0 'tcp port 80'")), "{said}");
    assert!(said.contains(&format!("sudo setcap cap_net_raw=ep {NETLAB}")), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn what_filters_mean_is_said_without_rights() {
    let Some(lab) = Lab::new(&["setpriv"]) else { return };
    let explained = |arguments: &[&str]| {
        let powerless =
            ["--bounding-set=-net_raw", "--inh-caps=-net_raw", NETLAB, "capture", "eth0", "--explain-filter"];
        let output = lab.run(&lab.b, "setpriv", &[&powerless, arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    // Of a capture filter the program for the kernel, which asks for the tag instead of looking for it.
    let of_filter = explained(&["vlan 5 and tcp port 80"]);
    assert!(of_filter.contains("Takes a packet of ethernet if") && of_filter.contains("[vlan tag present]"));
    assert!(!of_filter.contains("Shows a packet"));
    // Of a display filter what it needs; of both first the one, then the other.
    let of_display = explained(&["-Y", "tcp.connection == 3 and note.severity >= warning"]);
    assert!(of_display.starts_with("Shows a packet if\n") && !of_display.contains("Program"), "{of_display}");
    assert!(of_display.contains("needs the notes of the analysis, and to know the connections"), "{of_display}");
    let both = explained(&["-Y", "tcp.flags.syn", "tcp port 80"]);
    let (display, capture) = both.split_once("\nTakes a packet of ethernet if\n").expect(&both);
    assert!(display.contains("tcp.flags.syn") && display.contains("Note: "), "{both}");
    assert!(capture.contains("port is 80 (http)") && capture.contains("ret      #262144"), "{both}");
}

#[test]
fn the_right_to_capture_alone_suffices_and_is_given_up() {
    let Some(lab) = Lab::new(&["setpriv", "setcap", "ping"]) else { return };
    let program = lab.file("netlab");
    let program = program.to_str().expect("UTF-8");
    // Not by this process: a child that another test starts at this moment would hold the copy open for writing until it has
    // become its program, and what is open for writing cannot be run.
    assert!(Command::new("cp").args([NETLAB, program]).status().is_ok_and(|status| status.success()), "a copy");
    if !Command::new("setcap").args(["cap_net_raw=ep", program]).status().is_ok_and(|status| status.success()) {
        return crate::lab::skip("the temporary folder takes no capabilities");
    }
    let (uid, gid) = nobody();
    let (uid, gid) = (format!("--reuid={uid}"), format!("--regid={gid}"));
    let only = [&uid, &gid, "--clear-groups", program, "capture", "eth0", "icmp"];
    let capture = lab.start(&lab.b, "setpriv", &only);
    capture.wait_for("listening on eth0");
    for set in ["CapPrm:", "CapEff:", "CapInh:"] {
        assert_eq!(status(&capture, set), "0000000000000000", "{set}");
    }
    assert!(lab.run(&lab.a, "ping", &["-q", "-c", "1", &B.to_string()]).status.success());
    let ended = capture.interrupt();
    assert_eq!((ended.status.code(), ended.counts()), (Some(0), (2, 2, 0)));
}

#[test]
fn root_becomes_the_user_that_was_named_and_the_file_is_theirs() {
    let Some(lab) = Lab::new(&["ping"]) else { return };
    let (uid, gid) = nobody();
    let file = lab.file("nobody.pcapng");
    let capture =
        lab.start(&lab.b, NETLAB, &["capture", "eth0", "-Z", "nobody", "-w", file.to_str().expect("UTF-8"), "icmp"]);
    capture.wait_for("listening on eth0");
    assert_eq!(status(&capture, "Uid:"), format!("{uid} {uid} {uid} {uid}"));
    assert_eq!(status(&capture, "Gid:"), format!("{gid} {gid} {gid} {gid}"));
    for set in ["CapPrm:", "CapEff:", "CapInh:"] {
        assert_eq!(status(&capture, set), "0000000000000000", "{set}");
    }
    assert!(lab.run(&lab.a, "ping", &["-q", "-c", "2", "-i", "0.01", &B.to_string()]).status.success());
    let ended = capture.interrupt();
    assert_eq!((ended.status.code(), ended.counts()), (Some(0), (4, 4, 0)));
    assert_eq!(recorded(&file).packets.len(), 4);
    let metadata = fs::metadata(&file).expect("the file exists");
    assert_eq!((metadata.uid(), metadata.gid()), (uid, gid));
}

#[test]
fn root_becomes_the_user_behind_sudo_unless_told_otherwise() {
    let Some(lab) = Lab::new(&["env"]) else { return };
    let (uid, gid) = nobody();
    let sudo = [format!("SUDO_UID={uid}"), format!("SUDO_GID={gid}"), "SUDO_USER=nobody".to_owned()];
    let sudo: Vec<&str> = sudo.iter().map(String::as_str).collect();
    let capture = lab.start(&lab.b, "env", &[&sudo[..], &[NETLAB, "capture", "eth0"]].concat());
    capture.wait_for("listening on eth0");
    assert_eq!(status(&capture, "Uid:").split(' ').next(), Some(&*uid.to_string()));
    assert_eq!(capture.interrupt().status.code(), Some(0));

    let capture = lab.start(&lab.b, "env", &[&sudo[..], &[NETLAB, "capture", "--no-drop", "eth0"]].concat());
    capture.wait_for("listening on eth0");
    assert_eq!(status(&capture, "Uid:").split(' ').next(), Some("0"));
    assert_eq!(capture.interrupt().status.code(), Some(0));
}

#[test]
fn a_place_that_is_not_theirs_is_refused_with_a_way_out() {
    let Some(lab) = Lab::new(&[]) else { return };
    let folder = lab.file("private");
    fs::create_dir(&folder).expect("a folder");
    let file = folder.join("x.pcapng");
    let arguments = ["capture", "eth0", "-Z", "nobody", "-w", file.to_str().expect("UTF-8")];
    let output = lab.run(&lab.b, NETLAB, &arguments);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot write") && said.contains("x.pcapng") && said.contains("--no-drop"), "{said}");
    assert!(!file.exists());
}

#[test]
fn a_user_that_does_not_exist_is_refused_before_anything_is_captured() {
    let Some(lab) = Lab::new(&[]) else { return };
    let output = lab.run(&lab.b, NETLAB, &["capture", "eth0", "-Z", "no-such-user"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-user"));
}

#[test]
fn an_unknown_interface_is_answered_with_those_that_exist() {
    let output = Command::new(NETLAB).args(["capture", "-i", "lo0"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("netlab: there is no interface lo0; did you mean lo?\nthese exist:\n"), "{said}");
    assert!(said.contains("127.0.0.1/8"), "{said}");
}

#[test]
fn interfaces_are_listed_with_state_addresses_and_mtu_without_any_right() {
    let Some(lab) = Lab::new(&["setpriv"]) else { return };
    let (uid, gid) = nobody();
    let (uid, gid) = (format!("--reuid={uid}"), format!("--regid={gid}"));
    lab.run(&lab.b, "ip", &["link", "set", "eth0", "down"]);
    let table = lab.run(&lab.a, "setpriv", &[&uid, &gid, "--clear-groups", NETLAB, "interfaces"]);
    if !table.status.success() && table.stdout.is_empty() && !table.stderr.starts_with(b"netlab:") {
        return crate::lab::skip("the program lies where other users may not run it");
    }
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let line = table.lines().find(|line| line.contains("eth0")).expect("eth0 is listed");
    for word in ["no link", "ethernet", "00:00:5e:00:53:01", "192.0.2.1/24", "9000"] {
        assert!(line.contains(word), "{word} in {line}");
    }
    let json = lab.run(&lab.b, NETLAB, &["interfaces", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!((&json["netlab"], &json["version"]), (&"interfaces".into(), &1.into()));
    let list = json["interfaces"].as_array().expect("a list");
    let eth0 = list.iter().find(|found| found["name"] == "eth0").expect("eth0 is listed");
    assert_eq!(eth0["state"], "down");
    assert_eq!(eth0["addresses"][0], serde_json::json!({"address": "192.0.2.2", "prefix_len": 24}));
    let lo = list.iter().find(|found| found["name"] == "lo").expect("lo is listed");
    assert_eq!((&lo["loopback"], lo.get("mac")), (&true.into(), None));
}
