//! What is said of the capture itself.

use super::Entry;
use crate::analysis::Severity;

/// All entries of this family.
pub static ENTRIES: &[&Entry] = &[&CAPTURE_DUPLICATE, &CHECKSUM_BAD, &CHECKSUM_AT_SOURCE, &TIME_BACKWARDS];

/// A packet was recorded twice.
pub static CAPTURE_DUPLICATE: Entry = Entry {
    code: "capture-duplicate",
    rule: "P5",
    severity: Severity::Note,
    line: "copy of packet {of}[, recorded {gap} later] ({kind})",
    explanation: "The capture holds this packet twice; the wire carried it once. A mirror port that copies both \
        directions, a capture on both sides of a router, or the loopback interface does that. The IPv4 identification \
        (RFC 791 §3.1) proves that it is one packet and not a repetition by the sender, who would have chosen a new \
        one; where there is none, the timestamp option and the short distance do. Copies are left out of all \
        statistics and counted in the health of the capture.",
};

/// A wrong checksum that the sender's card is not to blame for.
pub static CHECKSUM_BAD: Entry = Entry {
    code: "checksum-bad",
    rule: "P3",
    severity: Severity::Warning,
    line: "wrong {layer} checksum: the receiver will discard this packet",
    explanation: "The sum over the packet (RFC 1071) does not fit the one that it carries, although other packets of \
        this sender fit. Octets were changed on the way, by a faulty link, memory or middlebox, or the packet was \
        forged carelessly. The receiver drops it without a word, so it changes no state here either; the option \
        --ignore-checksums makes netlab believe it all the same.",
};

/// Wrong checksums of a sender whose card fills them in later.
pub static CHECKSUM_AT_SOURCE: Entry = Entry {
    code: "checksum-at-source",
    rule: "P3",
    severity: Severity::Chat,
    line: "checksums from {sender} are filled in later by its network card",
    explanation: "No packet of this sender has a right checksum so far. That is what a capture on the sending host \
        itself shows: the system leaves the sum to the network card (checksum offload), and the capture sees the \
        packet before the card does its work. On the wire the sum was right, so these packets keep their place in \
        the analysis. Said once for each sender.",
};

/// Time stepped backwards.
pub static TIME_BACKWARDS: Entry = Entry {
    code: "time-backwards",
    rule: "P9",
    severity: Severity::Note,
    line: "captured {step} earlier than the packet before it",
    explanation: "The times in the capture are not in order: files were merged, the network card has several queues, \
        or the clock was set. netlab keeps the order of the file, counts negative intervals as zero, and says so once; \
        the health of the capture has the number of such steps.",
};
