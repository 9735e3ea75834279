//! What is said of ICMP, and of the path MTU that it tells.

use super::Entry;
use crate::analysis::Severity;

/// All entries of this family.
pub static ENTRIES: &[&Entry] = &[
    &ECHO_ANSWER,
    &ECHO_DUPLICATE,
    &ECHO_UNASKED,
    &ECHO_LOST,
    &UNREACHABLE,
    &ERROR,
    &MTU_TOLD,
    &MTU_NOT_TOLD,
    &MTU_IMPLAUSIBLE,
    &MTU_FORGED,
    &MTU_OBEYED,
    &MTU_IGNORED,
    &MTU_BLACK_HOLE,
    &MTU_PROBED,
    &MTU_AND_MSS,
];

/// An echo reply.
pub static ECHO_ANSWER: Entry = Entry {
    code: "icmp-echo-answer",
    rule: "I1",
    severity: Severity::Chat,
    line: "answers packet {request} (sequence {sequence})[ after {rtt}]",
    explanation: "Every host answers an echo request with the same identifier, sequence and data (RFC 792, RFC 4443 §4; \
        RFC 1122 §3.2.2.6 says it must). The time between the two is the round trip as seen at the place of the \
        capture: from the sender itself it is the whole, from a place on the way only the part behind it.",
};

/// One more reply to the same request.
pub static ECHO_DUPLICATE: Entry = Entry {
    code: "icmp-echo-duplicate",
    rule: "I1",
    severity: Severity::Note,
    line: "one more answer to packet {request} (sequence {sequence})",
    explanation: "The request was answered before; ping prints DUP!. The network duplicated request or reply, a loop \
        sends them round, or the request went to a broadcast or multicast address and several hosts answered.",
};

/// A reply without a request.
pub static ECHO_UNASKED: Entry = Entry {
    code: "icmp-echo-unasked",
    rule: "I1",
    severity: Severity::Note,
    line: "echo reply (sequence {sequence}) without a request in the capture",
    explanation: "The request was not captured, came more than 10 s before, or never was: somebody asked in another's \
        name, whose answers then arrive here (a reflection), or data is hidden in replies.",
};

/// Nobody answered.
pub static ECHO_LOST: Entry = Entry {
    code: "icmp-echo-lost",
    rule: "I1",
    severity: Severity::Note,
    line: "echo request (sequence {sequence}) to {destination} was not answered",
    explanation: "No reply within 10 s or before the end of the capture: request or reply was lost, or a filter drops \
        them. One lost of many is noise; the table of pings shows the share. A missing answer to ping alone does not \
        prove that a host is down.",
};

/// A destination cannot be reached.
pub static UNREACHABLE: Entry = Entry {
    code: "icmp-unreachable",
    rule: "I2",
    severity: Severity::Warning,
    line: "<{meaning}[: {flow}], >[about packet {about}][, sent {age} before][!{about}about a packet that is not in the capture]",
    explanation: "A router or host says that a packet cannot be delivered, and quotes its beginning so that the sender \
        knows which (RFC 792, RFC 4443 §3.1). Port unreachable comes from the destination itself: it is there, and no \
        program listens on that UDP port. Programs see it as \"connection refused\" if their socket is connected.",
};

/// Another error.
pub static ERROR: Entry = Entry {
    code: "icmp-error",
    rule: "I2",
    severity: Severity::Note,
    line: "<{meaning}[: {flow}], >[about packet {about}][, sent {age} before][!{about}about a packet that is not in the capture]",
    explanation: "ICMP reports an error about a packet and quotes its beginning (RFC 792, RFC 4443 §3). \"TTL used up\" \
        from one router after another is how traceroute finds the way: it sends packets with TTL 1, 2, 3 and so on. \
        A redirect tells a host of a better gateway on its own link.",
};

/// A router tells the MTU of its next link.
pub static MTU_TOLD: Entry = Entry {
    code: "path-mtu-told",
    rule: "M1",
    severity: Severity::Warning,
    line: "<{by} says: >packets of at most {mtu} fit; one of {size}[, packet {about},] was too large<[ ({flow})]>",
    explanation: "A packet was larger than the MTU of the router's next link and must not be cut (DF, or IPv6, which \
        never cuts on the way). The router drops it and tells the MTU (RFC 1191 §4, RFC 4443 §3.2). The sender must \
        send smaller packets on this path from now on (path MTU discovery, RFC 8201 for IPv6). If a firewall eats \
        these messages, large packets vanish without a word.",
};

/// An old router that does not tell the MTU.
pub static MTU_NOT_TOLD: Entry = Entry {
    code: "path-mtu-not-told",
    rule: "M1",
    severity: Severity::Warning,
    line: "<{by} says that >a packet of {size} is too large, but not what fits; the next plateau is {plateau}",
    explanation: "Routers from before RFC 1191 leave the field for the MTU zero. The sender must guess: RFC 1191 §7 gives \
        a table of plateaus, the MTUs of common links, and the next one below the packet's size is the best guess.",
};

/// An MTU that cannot be.
pub static MTU_IMPLAUSIBLE: Entry = Entry {
    code: "path-mtu-implausible",
    rule: "M1",
    severity: Severity::Warning,
    line: "{by} says that packets of at most {mtu} fit, below the least that every link carries ({least})",
    explanation: "Every link must carry 68 octets of IPv4 (RFC 791) and 1280 of IPv6 (RFC 8200 §5). A smaller value is a \
        fault or an attack that makes a sender cut its data into tiny packets; Linux takes no less than 552 for \
        IPv4, and IPv6 hosts ignore it.",
};

/// The quotation does not fit the flow.
pub static MTU_FORGED: Entry = Entry {
    code: "path-mtu-unfit",
    rule: "M1",
    severity: Severity::Warning,
    line: "{by} quotes sequence {sequence}, which is not under way in that flow: stale, or forged",
    explanation: "Whoever sends false ICMP errors must guess what is under way. A quoted sequence number outside of what \
        was sent and not yet acknowledged shows that the message is old or forged, and the sender should ignore it \
        (RFC 5927 §4).",
};

/// The sender sends smaller packets.
pub static MTU_OBEYED: Entry = Entry {
    code: "path-mtu-obeyed",
    rule: "M2",
    severity: Severity::Chat,
    line: "obeys the MTU of {mtu} that packet {told} told[, after {wait}]: {size} now",
    explanation: "The same octets are sent again in a packet that fits the path. The connection goes on after one \
        round trip; every later packet of this path is small enough from the start, for the system remembers the MTU \
        for some minutes (10 in Linux).",
};

/// The sender does not listen.
pub static MTU_IGNORED: Entry = Entry {
    code: "path-mtu-ignored",
    rule: "M2",
    severity: Severity::Error,
    line: "sends {size} again although packet {told} told an MTU of {mtu}",
    explanation: "The sender repeats what was too large in the same size, so it will be dropped again: it did not get the \
        message (a firewall drops ICMP behind this place), did not believe it, or cannot do it. The connection hangs \
        at the first full packet, while small ones pass.",
};

/// Large packets vanish.
pub static MTU_BLACK_HOLE: Entry = Entry {
    code: "path-mtu-black-hole",
    rule: "M3",
    severity: Severity::Error,
    line: "{size} sent {times time} without an answer while small packets pass: a path MTU black hole?",
    explanation: "Full-size packets time out again and again, smaller ones of the same connection were acknowledged, and \
        no router says why. So a link on the path is too narrow and the ICMP message that should tell it is dropped \
        by a firewall. Typical behind tunnels and PPPoE. Clamping the MSS there helps, or letting ICMP type 3 code 4 \
        (ICMPv6 type 2) pass; systems with RFC 4821 probing find out by themselves.",
};

/// A smaller size passed.
pub static MTU_PROBED: Entry = Entry {
    code: "path-mtu-probed",
    rule: "M3",
    severity: Severity::Warning,
    line: "{size} passed where {before} failed {times time}: the sender found the path's size by probing",
    explanation: "After several losses of a full-size packet the sender tried a smaller one, and that was acknowledged \
        (packetization layer path MTU discovery, RFC 4821; tcp_mtu_probing in Linux). It shows that large packets \
        vanish on this path without an ICMP message.",
};

/// The MSS promises more than the path takes.
pub static MTU_AND_MSS: Entry = Entry {
    code: "path-mtu-mss",
    rule: "M5",
    severity: Severity::Note,
    line: "the SYN promised an MSS of {mss}, the path takes packets of {mtu}: every full segment is refused once",
    explanation: "The MSS in a SYN tells what the receiver's own link takes (RFC 9293 §3.7.1); it knows nothing of links \
        in between. Where a tunnel lies on the path, the first full segment of every new connection is dropped and \
        costs a round trip. Routers at the tunnel can lower the MSS in passing SYNs (MSS clamping).",
};
