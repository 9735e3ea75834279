//! UDP conversations for people (rules U1 to U7).

use super::number::{octets, span};
use super::page::Sheet;
use crate::analysis::udp::{Socket, UdpReport};
use crate::lang::tell;

/// Conversations shown.
const ROWS: usize = 25;

/// Appends the section.
pub fn write(conversations: &[UdpReport], sheet: &mut Sheet<'_>) {
    if conversations.is_empty() {
        return;
    }
    let lang = sheet.lang();
    sheet.heading("UDP conversations");
    sheet.say(
        "A is whoever sent first. One datagram is one message: UDP neither glues nor splits, but it may lose, repeat and \
         reorder.",
    );
    let headings = ["#", "A", "B", ">A→B", ">octets", ">B→A", ">octets", ">asked", ">answered", ">after"];
    let mut table = sheet.table(&headings).at_most(ROWS);
    for talk in conversations {
        let mark = |side: &str| if talk.server_guess == Some(side) { lang.say(" (server?)") } else { "" };
        let asked = if talk.paired_by == "none" { lang.say("stream").to_owned() } else { talk.questions.to_string() };
        table.row_with(|| {
            [
                talk.id.to_string(),
                format!("{}{}", socket(talk.a), mark("a")),
                format!("{}{}", socket(talk.b), mark("b")),
                talk.packets.a.to_string(),
                octets(talk.payload_octets.a),
                talk.packets.b.to_string(),
                octets(talk.payload_octets.b),
                asked,
                talk.answered.to_string(),
                talk.mean_latency_ns.map_or(String::new(), span),
            ]
        });
    }
    sheet.put(&table);
    for talk in conversations.iter().take(ROWS) {
        if talk.refused > 0 {
            let packet = talk.refused_packet.unwrap_or_default();
            sheet.say(&tell!(
                lang,
                "Conversation {}: nobody listens on {}, by {} from packet {} on.",
                talk.id,
                socket(talk.b),
                lang.count(talk.refused, "ICMP message"),
                packet
            ));
        }
        if talk.short_receive_hint {
            sheet.say(&tell!(lang, "Conversation {}: messages to {} have up to {} octets, its answers never more than 1024. If it receives \
                 with recvfrom(1024), the rest of each is lost without a word (a hint only: the wire does not show it).", talk.id, socket(talk.b), talk.largest.a));
        }
    }
}

fn socket(socket: Socket) -> String {
    match socket.address {
        std::net::IpAddr::V4(address) => format!("{address}:{}", socket.port),
        std::net::IpAddr::V6(address) => format!("[{address}]:{}", socket.port),
    }
}
