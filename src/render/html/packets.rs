//! The packets of TCP connections, as the page's ladders and graphs need them.

use serde::Serialize;

use crate::analysis::Judged;
use crate::base::limits::MAX_PAGE_PACKETS;
use crate::render::words;
use crate::wire::TcpFlags;

/// One packet of a connection. Keys are short, for there are many.
#[derive(Clone, Debug, Serialize)]
pub struct PacketRow {
    /// Its number.
    n: u64,
    /// When, in nanoseconds.
    t: u64,
    /// The connection.
    c: u64,
    /// True if the initiator sent it.
    a: bool,
    /// Flags, as in the packet line.
    f: String,
    /// Relative sequence number.
    s: u32,
    /// Relative acknowledgment number.
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<u32>,
    /// Window as it stands.
    w: u16,
    /// Octets of data.
    l: u32,
    /// States of initiator and responder after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<(&'static str, &'static str)>,
    /// Notes: severity, rule, text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    o: Vec<(&'static str, &'static str, String)>,
}

/// Collects packets, up to a limit.
#[derive(Debug, Default)]
pub struct Rows {
    rows: Vec<PacketRow>,
    left_out: u64,
}

impl Rows {
    /// Takes in a packet, if it belongs to a connection.
    pub fn add(&mut self, judged: &Judged<'_, '_>) {
        let (Some(connection), Some(tcp)) = (judged.context.connection, judged.packet.frame.tcp()) else { return };
        if self.rows.len() >= MAX_PAGE_PACKETS {
            self.left_out += 1;
            return;
        }
        let flags = tcp.flags();
        let (own, other) = judged.context.bases.unwrap_or_default();
        self.rows.push(PacketRow {
            n: judged.packet.meta.number,
            t: judged.packet.meta.at.nanos(),
            c: connection,
            a: judged.context.from_initiator,
            f: names(flags),
            s: tcp.sequence().0.wrapping_sub(own.0),
            k: flags.ack().then(|| tcp.acknowledgment().0.wrapping_sub(other.0)),
            w: tcp.window(),
            l: tcp.payload_len(),
            e: judged.context.states,
            o: (judged.notes.iter()).map(|note| (note.entry.severity.name(), note.rule, words::line(note))).collect(),
        });
    }

    /// The packets, in order.
    pub fn rows(&self) -> &[PacketRow] {
        &self.rows
    }

    /// Packets for which there was no room.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

fn names(flags: TcpFlags) -> String {
    // ACK goes last, as people say it: SYN,ACK.
    let mut names: Vec<_> = flags.names().filter(|name| *name != "ACK").collect();
    if flags.ack() {
        names.push("ACK");
    }
    names.join(",")
}
