//! tshark's side: `-T fields`, every occurrence of every field, with everything switched off that joins packets.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// The fields that are asked for, in the order of the columns.
pub(super) const FIELDS: &[&str] = &[
    "frame.len",
    "frame.cap_len",
    "frame.protocols",
    "frame.encap_type",
    "eth.src",
    "eth.dst",
    "eth.type",
    "eth.len",
    "vlan.id",
    "vlan.priority",
    "ieee8021ad.id",
    "ieee8021ad.priority",
    "arp.hw.type",
    "arp.proto.type",
    "arp.opcode",
    "arp.src.hw_mac",
    "arp.src.proto_ipv4",
    "arp.dst.hw_mac",
    "arp.dst.proto_ipv4",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "ip.id",
    "ip.flags.df",
    "ip.flags.mf",
    "ip.frag_offset",
    "ip.ttl",
    "ip.len",
    "ipv6.src",
    "ipv6.dst",
    "ipv6.nxt",
    "ipv6.hlim",
    "ipv6.plen",
    "ipv6.fraghdr.offset",
    "ipv6.fraghdr.more",
    "ipv6.fraghdr.ident",
    "icmp.type",
    "icmp.code",
    "icmp.ident",
    "icmp.seq",
    "icmp.mtu",
    "icmpv6.type",
    "icmpv6.code",
    "icmpv6.echo.identifier",
    "icmpv6.echo.sequence_number",
    "icmpv6.mtu",
    "udp.srcport",
    "udp.dstport",
    "udp.length",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.len",
    "_ws.malformed",
    "_ws.expert.message",
];

/// Characters that stand in no value.
const BETWEEN_FIELDS: char = '\u{2}';
const BETWEEN_VALUES: char = '\u{3}';

const PREFERENCES: &[&str] = &[
    "ip.defragment:FALSE",
    "ipv6.defragment:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.analyze_sequence_numbers:FALSE",
    "tcp.relative_sequence_numbers:FALSE",
];

/// One packet: the occurrences of each field.
#[derive(Debug)]
pub(super) struct Row {
    columns: Vec<Vec<String>>,
}

impl Row {
    /// The occurrences of a field, outermost first.
    pub(super) fn all(&self, field: &str) -> &[String] {
        FIELDS
            .iter()
            .position(|name| *name == field)
            .and_then(|index| self.columns.get(index))
            .map_or(&[], Vec::as_slice)
    }

    /// The layers that tshark saw, as one word each.
    pub(super) fn protocols(&self) -> Vec<&str> {
        self.all("frame.protocols").first().map(|list| list.split(':').collect()).unwrap_or_default()
    }
}

/// Fails with a hint if there is no tshark.
pub(super) fn find() -> anyhow::Result<()> {
    let found = Command::new("tshark").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match found {
        Ok(status) if status.success() => Ok(()),
        _ => bail!("there is no tshark to compare with; it comes with Wireshark"),
    }
}

/// The packets of a capture; empty if tshark cannot read it.
pub(super) fn read(capture: &Path, cache: Option<&Path>) -> anyhow::Result<Vec<Row>> {
    let kept = cache.map(|folder| {
        let mut hasher = DefaultHasher::new();
        (capture, FIELDS, PREFERENCES).hash(&mut hasher);
        folder.join(format!("{:016x}.tsv", hasher.finish()))
    });
    let text = match kept.as_ref().and_then(|path| fs::read(path).ok()) {
        Some(text) => text,
        None => {
            let text = ask(capture)?;
            if let (Some(folder), Some(path)) = (cache, &kept) {
                fs::create_dir_all(folder)?;
                fs::write(path, &text)?;
            }
            text
        }
    };
    let text = String::from_utf8_lossy(&text);
    let rows = text.lines().filter(|line| !line.is_empty()).map(|line| Row {
        columns: line
            .split(BETWEEN_FIELDS)
            .map(|cell| cell.split(BETWEEN_VALUES).filter(|value| !value.is_empty()).map(str::to_owned).collect())
            .collect(),
    });
    Ok(rows.collect())
}

fn ask(capture: &Path) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new("tshark");
    command.args(["-n", "-T", "fields", "-E", "occurrence=a"]);
    command.arg("-E").arg(format!("separator={BETWEEN_FIELDS}")).arg("-E").arg(format!("aggregator={BETWEEN_VALUES}"));
    for preference in PREFERENCES {
        command.args(["-o", preference]);
    }
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command
        .arg("-r")
        .arg(capture)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("cannot run tshark")?;
    Ok(output.stdout)
}
