//! What is said of UDP.

use super::Entry;
use crate::analysis::Severity;

/// All entries of this family.
pub static ENTRIES: &[&Entry] = &[&ANSWER, &ANOTHER_ANSWER, &ASKED_AGAIN, &EMPTY, &SURPLUS, &NO_CHECKSUM_V6, &LIMIT];

/// An answer to a question.
pub static ANSWER: Entry = Entry {
    code: "udp-answer",
    rule: "U5",
    severity: Severity::Chat,
    line: "answers packet {question}[ after {latency}]",
    explanation: "UDP has no connections: two sockets send datagrams to each other, each on its own (RFC 768). This one \
        goes back to the socket that sent a question up to 5 s before. Where the application numbers its questions \
        (DNS, NTP) the pair is certain, else order and time make it probable. One datagram is one message: UDP \
        neither glues nor splits, but it may lose, repeat and reorder.",
};

/// One more answer to the same question.
pub static ANOTHER_ANSWER: Entry = Entry {
    code: "udp-another-answer",
    rule: "U5",
    severity: Severity::Note,
    line: "one more answer to packet {question}[, {latency} after it]",
    explanation: "The question was answered before. Some protocols answer in several datagrams; a repeated question gets \
        two answers if the first was only slow. In DNS a second answer with other contents may be the real one: \
        somebody on the way was quicker with a false one.",
};

/// The same question again.
pub static ASKED_AGAIN: Entry = Entry {
    code: "udp-asked-again",
    rule: "U7",
    severity: Severity::Note,
    line: "the same question as packet {since}[, {wait} later]: no answer yet",
    explanation: "The number that the application gave its question comes again, so the program repeats it: question or \
        answer was lost, or the other side is slow. UDP itself repeats nothing; whoever needs answers must ask again.",
};

/// An empty datagram.
pub static EMPTY: Entry = Entry {
    code: "udp-empty",
    rule: "U1",
    severity: Severity::Chat,
    line: "a message of 0 octets: a real datagram",
    explanation: "The length is 8, the header alone. The receiver's recvfrom returns zero octets, which is a message \
        and not the end of anything. TCP has no such thing: sending nothing puts nothing on the wire, and a read of \
        zero octets means that the other side closed.",
};

/// Octets beyond the length.
pub static SURPLUS: Entry = Entry {
    code: "udp-surplus",
    rule: "U1",
    severity: Severity::Note,
    line: "{octets} behind the end of the message: they belong to nothing",
    explanation: "The IP packet is longer than the length in the UDP header. What lies behind is not part of the message \
        (RFC 768) and no program gets it. A proposal puts options there (UDP options, RFC 9868); else it is a fault, \
        or somebody hides something.",
};

/// No checksum over IPv6.
pub static NO_CHECKSUM_V6: Entry = Entry {
    code: "udp-no-checksum-v6",
    rule: "U2",
    severity: Severity::Warning,
    line: "<no checksum, which IPv6 does not allow: >the receiver will discard it",
    explanation: "IPv6 has no checksum of its own header, so UDP must have one that covers the addresses (RFC 8200 §8.1); \
        a receiver drops datagrams without. Only the outer datagrams of some tunnels may go without (RFC 6935, RFC \
        6936). Over IPv4 a checksum of 0 simply says that none was made.",
};

/// As large as it gets.
pub static LIMIT: Entry = Entry {
    code: "udp-limit",
    rule: "U3",
    severity: Severity::Chat,
    line: "{octets}: the largest message there can be",
    explanation: "An IPv4 packet has at most 65535 octets; less 20 of its header and 8 of UDP's that leaves 65507 for a \
        message. Over IPv6 it is 65535 − 8 = 65527, for its length does not count its own header. Sending more fails \
        at the sender with EMSGSIZE (\"message too long\") and never reaches the wire, so no capture shows it. Such \
        a message travels in 45 pieces over Ethernet, and the loss of any one loses all.",
};
