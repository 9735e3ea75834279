//! What netlab writes for scripts, held against the schemas that `docs/OUTPUT.md` promises.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema(name: &str) -> Value {
    let text = fs::read_to_string(root().join("docs/schema").join(name)).expect("the schema is there");
    serde_json::from_str(&text).expect("the schema is JSON")
}

fn netlab(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_netlab")).args(arguments).output().expect("netlab runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Every capture of ours.
fn captures() -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join("captures"), &mut found);
    found.sort();
    assert!(found.len() > 10, "the captures are there");
    found
}

/// Checks a value against the part of JSON Schema that our schemas use; the error says where and what.
fn check(value: &Value, schema: &Value, place: &str) -> Result<(), String> {
    if let Some(any) = schema["anyOf"].as_array() {
        let errors: Vec<_> = any.iter().map(|one| check(value, one, place)).collect();
        return match errors.iter().any(Result::is_ok) {
            true => Ok(()),
            false => Err(format!("{place}: fits none of {errors:?}")),
        };
    }
    let fits = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64(),
        _ => true,
    };
    if !fits {
        return Err(format!("{place}: {value} is no {}", schema["type"]));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{place}: {value} is not one of {allowed:?}"));
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        let key = key.as_str().expect("a name");
        if value.get(key).is_none() {
            return Err(format!("{place}: {key} is missing in {value}"));
        }
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(found) = value.get(key) {
            check(found, inner, &format!("{place}.{key}"))?;
        }
    }
    if let Some(items) = schema.get("items") {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            check(item, items, &format!("{place}[{index}]"))?;
        }
    }
    Ok(())
}

/// Absent is absent: no null and no empty text anywhere.
fn nothing_is_null(value: &Value, place: &str) {
    match value {
        Value::Null => panic!("{place} is null"),
        Value::String(text) => assert!(!text.is_empty(), "{place} is empty text"),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| nothing_is_null(item, &format!("{place}[{i}]")))
        }
        Value::Object(map) => map.iter().for_each(|(key, item)| nothing_is_null(item, &format!("{place}.{key}"))),
        _ => {}
    }
}

#[test]
fn packets_fit_their_schema() {
    let schema = schema("packets.json");
    for path in captures() {
        let text = netlab(&["read", "--jsonl", path.to_str().expect("UTF-8")]);
        for (number, line) in text.lines().enumerate() {
            let value: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", path.display()));
            let place = format!("{} line {}", path.display(), number + 1);
            check(&value, &schema, &place).unwrap_or_else(|error| panic!("{error}"));
            nothing_is_null(&value, &place);
            assert_eq!(number == 0, value["netlab"] == "packets", "{place}: the header comes first");
        }
    }
}

#[test]
fn reports_fit_their_schema() {
    let schema = schema("report.json");
    for path in captures() {
        let text = netlab(&["analyze", "--json", path.to_str().expect("UTF-8")]);
        if text.is_empty() {
            continue; // Some captures of ours are damaged on purpose, from the first octet on.
        }
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        check(&value, &schema, &path.display().to_string()).unwrap_or_else(|error| panic!("{error}"));
        nothing_is_null(&value, &path.display().to_string());
    }
}

#[test]
fn subnets_fit_their_schema() {
    let schema = schema("subnet.json");
    for block in ["192.168.1.10/24", "10.0.0.0/31", "0.0.0.0/0", "2001:db8::1/64", "::/0", "fd12:3456:789a::1/48"] {
        let value: Value = serde_json::from_str(&netlab(&["subnet", "--json", block])).expect("JSON");
        check(&value, &schema, block).unwrap_or_else(|error| panic!("{error}"));
        nothing_is_null(&value, block);
    }
}

#[cfg(all(feature = "live", target_os = "linux"))]
#[test]
fn interfaces_fit_their_schema() {
    let value: Value = serde_json::from_str(&netlab(&["interfaces", "--json"])).expect("JSON");
    check(&value, &schema("interfaces.json"), "interfaces").unwrap_or_else(|error| panic!("{error}"));
    nothing_is_null(&value, "interfaces");
    assert!(value["interfaces"].as_array().is_some_and(|list| !list.is_empty()), "{value}");
}

/// Holds the lines of a simulation, a replay or a drive against their schema; returns the last one, the summary.
fn simulation_fits(arguments: &[&str], schema: &Value) -> Value {
    let text = netlab(arguments);
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() >= 2, "{arguments:?} says {text}");
    for (number, value) in lines.iter().enumerate() {
        let place = format!("{arguments:?} line {}", number + 1);
        check(value, schema, &place).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(number == 0, value.get("netlab").is_some(), "{place}: the header comes first");
        assert_eq!(number + 1 == lines.len(), value["event"] == "summary", "{place}: the summary comes last");
        let mut value = value.clone();
        // The octets of a socket call may be none.
        if value["event"] == "call" && value["data"] == "" {
            value["data"] = "none".into();
        }
        nothing_is_null(&value, &place);
    }
    lines.into_iter().last().expect("a summary")
}

#[test]
fn simulations_replays_and_drives_fit_their_schema() {
    let schema = schema("simulation.json");
    // Between them they have every kind of event.
    for name in ["arp", "nat", "udp", "loss", "dhcp-dns", "broadcast-storm-rstp", "subnet-decision", "rip", "pmtud"] {
        simulation_fits(&["simulate", name, "--jsonl"], &schema);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    for (name, port) in
        [("router", "h1.eth0"), ("nat", "pc1.eth0"), ("udp", "client.eth0"), ("handshake", "client.eth0")]
    {
        netlab(&["simulate", name, "--write", &path(name)]);
        let capture = path(&format!("{name}/{port}.pcapng"));
        let drawn = path(&format!("{name}.toml"));
        fs::write(&drawn, netlab(&["topology", &capture])).expect("a file");
        let summary = simulation_fits(&["replay", &capture, "-t", &drawn, "--jsonl"], &schema);
        assert!(summary["comparison"]["expected"].as_u64().is_some_and(|expected| expected > 0), "{summary}");
        let summary = simulation_fits(&["replay", &capture, "-t", &drawn, "--drive", "--jsonl"], &schema);
        assert!(summary["conversations"].is_array(), "{summary}");
    }
    // What has no place, what is odd, and what was cut is in the summary too.
    fs::write(path("empty.toml"), "title = \"empty\"\nlinks = [\"h1 - sw\"]\n[switch.sw]\n[host.h1]\n")
        .expect("a file");
    let arguments =
        ["replay", &path("router/h1.eth0.pcapng"), "-t", &path("empty.toml"), "--unmapped", "drop", "--jsonl"];
    let summary = simulation_fits(&arguments, &schema);
    assert!(summary["not_entered"].as_array().is_some_and(|list| !list.is_empty()), "{summary}");
    let bad = serde_json::json!({"at_ns": 1, "device": "h1", "event": "exploded"});
    assert!(check(&bad, &schema, "x").is_err());
}

#[test]
fn a_wrong_value_is_noticed() {
    let schema = schema("packets.json");
    let line =
        r#"{"number":1,"time_ns":1,"captured_len":1,"wire_len":1,"link":"ethernet","interface":0,"layers":["a"]}"#;
    let good: Value = serde_json::from_str(line).expect("JSON");
    assert!(check(&good, &schema, "x").is_ok());
    for (key, value) in [("number", Value::from("1")), ("layers", Value::from(1)), ("direction", Value::from("up"))] {
        let mut bad = good.clone();
        bad[key] = value;
        assert!(check(&bad, &schema, "x").is_err(), "{key}");
    }
}
