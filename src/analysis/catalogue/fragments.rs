//! What is said of fragments.

use super::Entry;
use crate::analysis::Severity;

/// All entries of this family.
pub static ENTRIES: &[&Entry] = &[
    &PIECE,
    &COMPLETE,
    &ATOMIC,
    &BAD_LENGTH,
    &TOO_LONG,
    &TAIL_CONFLICT,
    &TIMED_OUT,
    &INCOMPLETE,
    &DUPLICATE,
    &DUPLICATE_LATE,
    &ID_REUSED,
    &OVERLAP,
    &CONFLICT,
    &TANGLED,
    &TINY,
    &SMALL,
    &HEADER_CHAIN,
    &DONT_FRAGMENT,
    &RESERVED_FLAG,
    &REFRAGMENTED,
    &ECN_MIX,
    &EVICTED,
    &TIME_EXCEEDED,
    &BY_ROUTER,
];

/// A piece of a datagram.
pub static PIECE: Entry = Entry {
    code: "fragment",
    rule: "FR2",
    severity: Severity::Chat,
    line: "piece of datagram {datagram}[ (packets {since}–{number} so far)][, {transport} {source_port} → \
           {destination_port}][, {unknown}][, {uncaptured} of it not captured]",
    explanation: "A datagram that is larger than the MTU of a link travels in pieces (RFC 791 §3.2, RFC 8200 §4.5). \
        Each says where its octets belong, in units of 8, and whether more follow (MF). Pieces with the same source, \
        destination, protocol and identification belong together; IPv6 leaves the protocol out. Ports stand only in \
        the piece with offset 0, the others inherit them. The layers above see the datagram once, when its last \
        missing piece is there.",
};

/// The last missing piece came.
pub static COMPLETE: Entry = Entry {
    code: "fragment-complete",
    rule: "FR11",
    severity: Severity::Chat,
    line: "<datagram {datagram} = packets {first}–{number}, >whole: {pieces piece}, {octets}[; after {late}: Linux would have \
           given up at 30 s]",
    explanation: "With this packet the last hole of the datagram is filled, and the receiver hands it on. Everything \
        that the layers above conclude from it is dated to this packet. The octets are those behind the IP header: all \
        pieces added up. The receiver's timer started with the first piece to arrive, not with the first in order.",
};

/// A fragment header around a whole packet.
pub static ATOMIC: Entry = Entry {
    code: "fragment-atomic",
    rule: "FR2",
    severity: Severity::Note,
    line: "atomic fragment: a fragment header (identification {identification}) around a whole packet",
    explanation: "Offset 0 and no more to follow: the packet has a fragment header and is whole all the same. Hosts \
        made such packets when a translator to IPv4 asked for them; they are processed alone and never joined with \
        others of the same identification (RFC 6946). New hosts make none (RFC 8021).",
};

/// The length of a piece cannot be.
pub static BAD_LENGTH: Entry = Entry {
    code: "fragment-bad-length",
    rule: "FR3",
    severity: Severity::Warning,
    line: "piece of {octets}: a piece that others follow must have a multiple of 8, and at least some; {consequence}",
    explanation: "Offsets count units of 8 octets, so every piece but the last must be a multiple of 8 long; the next \
        could not begin at its end otherwise (RFC 791 §3.2, RFC 8200 §4.5). Such a piece is malformed and not used.",
};

/// Ping of death.
pub static TOO_LONG: Entry = Entry {
    code: "fragment-too-long",
    rule: "FR4",
    severity: Severity::Error,
    line: "piece of datagram {datagram} at {offset} with {octets} ends at {end}, beyond the 65535 octets of the largest \
           packet (ping of death)",
    explanation: "The largest offset is 65528, so a piece of more than 7 octets there reaches beyond the largest IP \
        packet. No sender makes that by mistake: systems of the 1990s wrote past the end of a buffer when they put \
        such a datagram together, and crashed (the \"ping of death\"). Nothing of it is kept.",
};

/// Two ends, or octets beyond the end.
pub static TAIL_CONFLICT: Entry = Entry {
    code: "fragment-tail-conflict",
    rule: "FR5",
    severity: Severity::Error,
    line: "piece of datagram {datagram} up to octet {last} contradicts its end: {end} octets were known before (teardrop)",
    explanation: "The piece without MF says where a datagram ends. Here a second end, or octets beyond the end, \
        contradict it. Receivers discard the datagram. The \"teardrop\" attack sends such pairs, for old systems \
        computed a negative length from them and crashed.",
};

/// The receiver's timer ran out.
pub static TIMED_OUT: Entry = Entry {
    code: "fragment-timed-out",
    rule: "FR6",
    severity: Severity::Warning,
    line: "datagram {datagram} never became whole: {pieces piece} came, octets {holes} were missing after 60 s",
    explanation: "The receiver waits for missing pieces from the first that arrives: 60 s by RFC 8200 §4.5, 60 to 120 \
        s by RFC 1122 §3.3.2, 30 s in Linux for IPv4. Then it throws away what it has, and says so by an ICMP time \
        exceeded message of code 1 if the first piece was among it. One lost piece costs the whole datagram; UDP does \
        not repeat it.",
};

/// The capture ended first.
pub static INCOMPLETE: Entry = Entry {
    code: "fragment-incomplete",
    rule: "FR6",
    severity: Severity::Note,
    line: "datagram {datagram} is not whole at the end of the capture: {pieces piece} came, octets {holes} are missing",
    explanation: "Pieces of this datagram are missing, and the capture ended before the receiver's timer did. They may \
        have come later, or been lost.",
};

/// The same piece again.
pub static DUPLICATE: Entry = Entry {
    code: "fragment-duplicate",
    rule: "FR8",
    severity: Severity::Note,
    line: "exact copy of the piece in packet {of} of datagram {datagram}; ignored",
    explanation: "The same octets of the same datagram again. The network may duplicate packets, so receivers ignore \
        exact copies (RFC 8200 §4.5); the datagram is not harmed.",
};

/// The same piece again, after the datagram ended.
pub static DUPLICATE_LATE: Entry = Entry {
    code: "fragment-duplicate-late",
    rule: "FR7",
    severity: Severity::Note,
    line: "exact copy of a piece of datagram {datagram}[ = packets {first}–{last}], which has ended already",
    explanation: "The datagram was whole or given up before this copy of one of its pieces came. A receiver begins a \
        new reassembly with it, which will time out.",
};

/// An identification came again too soon.
pub static ID_REUSED: Entry = Entry {
    code: "fragment-id-reused",
    rule: "FR7",
    severity: Severity::Warning,
    line: "identification {identification} again {elapsed} after datagram {datagram}: a sender that counts up sends {rate} \
           packets/s",
    explanation: "The 16-bit identification of IPv4 is used again while pieces of its former datagram may still be \
        under way. At high rates it wraps within the reassembly timer, and a late piece joins the wrong datagram: \
        only checksums stand between that and wrong data (RFC 4963). Fragmentation is no good at such rates; \
        identifications of packets that are not fragments mean nothing (RFC 6864).",
};

/// Pieces overlap with the same octets.
pub static OVERLAP: Entry = Entry {
    code: "fragment-overlap",
    rule: "FR8",
    severity: Severity::Warning,
    line: "overlaps the piece in packet {with} of datagram {datagram} in octets {first}–{last} ({kind}[, {contents}]): \
           {consequence}",
    explanation: "Two pieces claim the same octets. No sender makes that: routers that fragment again keep within the \
        piece. Receivers differ in what they keep, so an attacker can show a filter one datagram and the receiver \
        another. Linux since 4.19 ignores what lies inside earlier octets and throws the datagram away at a partial \
        overlap; IPv6 forbids any overlap (RFC 5722). The report shows the outcome under eight policies.",
};

/// Pieces overlap with other octets.
pub static CONFLICT: Entry = Entry {
    code: "fragment-conflict",
    rule: "FR8",
    severity: Severity::Error,
    line: "contradicts the piece in packet {with} of datagram {datagram} in octets {first}–{last} ({kind}): {consequence}",
    explanation: "Two pieces have different octets for the same place: somebody wants receivers to see different \
        datagrams, or two datagrams with the same identification were mixed. Which octets win depends on the \
        receiver's system; the report shows the outcome under eight policies.",
};

/// Too many overlaps to compare.
pub static TANGLED: Entry = Entry {
    code: "fragment-tangled",
    rule: "FR16",
    severity: Severity::Warning,
    line: "one more overlapping piece of datagram {datagram}; so many came that they are only counted",
    explanation: "Comparing every piece with every other is what a flood of overlapping pieces wants to provoke (it \
        cost Linux its time in 2018, CVE-2018-5391). After a fixed number of comparisons netlab counts the pieces \
        and treats the datagram as thrown away.",
};

/// A piece shaped to hide TCP flags.
pub static TINY: Entry = Entry {
    code: "fragment-tiny",
    rule: "FR9",
    severity: Severity::Error,
    line: "piece of {octets} in the shape of an attack: {shape}",
    explanation: "A filter that looks at the first piece only can be fooled by one that is too small to hold the TCP \
        flags, or by a second one at offset 8 that overwrites them (RFC 1858, RFC 3128). No link has an MTU that \
        makes such pieces: IPv4 guarantees 68 octets. Filters drop them.",
};

/// A small piece.
pub static SMALL: Entry = Entry {
    code: "fragment-small",
    rule: "FR9",
    severity: Severity::Note,
    line: "piece of {octets} although more follow: smaller than any link makes it",
    explanation: "Every link carries at least 68 octets of IPv4 or 1280 of IPv6, so pieces other than the last are \
        larger than this. Small ones are made by tools, to get past filters or to try them, or where a piece was cut \
        again on the way.",
};

/// A first piece of IPv6 without all headers.
pub static HEADER_CHAIN: Entry = Entry {
    code: "fragment-header-chain",
    rule: "FR9",
    severity: Severity::Warning,
    line: "first piece of {octets} does not hold all headers up to the transport's",
    explanation: "The first piece of an IPv6 datagram must hold the whole chain of headers, the transport's included, \
        so that filters can see what it is (RFC 7112). Receivers discard it otherwise, and may answer with Parameter \
        Problem, code 3.",
};

/// DF on a piece.
pub static DONT_FRAGMENT: Entry = Entry {
    code: "fragment-dont-fragment",
    rule: "FR12",
    severity: Severity::Note,
    line: "a piece marked don't-fragment",
    explanation: "DF forbids routers to cut a packet, yet this is a piece. Linux makes such packets when the sender \
        itself fragmented: the pieces must then not be cut again. Some tunnels copy the flag. It is no error, only \
        odd (RFC 791 §3.1).",
};

/// The reserved flag.
pub static RESERVED_FLAG: Entry = Entry {
    code: "ip-reserved-flag",
    rule: "FR12",
    severity: Severity::Note,
    line: "the reserved flag of the IPv4 header is set",
    explanation: "The first of the three flags must be zero (RFC 791 §3.1). Routers do not look at it. Test tools set \
        it, and RFC 3514 proposed it, on a first of April, as the mark of evil packets.",
};

/// A piece was cut again.
pub static REFRAGMENTED: Entry = Entry {
    code: "fragment-refragmented",
    rule: "FR13",
    severity: Severity::Note,
    line: "the pieces of datagram {datagram} differ in size: some were cut again on the way",
    explanation: "A sender or router cuts all pieces but the last to one size, the largest that its MTU allows. Two \
        sizes mean that a second router with a smaller MTU cut some of them once more. It is allowed in IPv4 (RFC 791 \
        §3.2) and costs more headers and more risk.",
};

/// Congestion marks that contradict each other.
pub static ECN_MIX: Entry = Entry {
    code: "fragment-ecn-mix",
    rule: "FR15",
    severity: Severity::Warning,
    line: "pieces of datagram {datagram} contradict each other in their congestion marks: the receiver discards it",
    explanation: "One piece says that congestion was experienced, another that its sender knows no such marks. Both \
        cannot be true of one datagram, so the receiver drops it (RFC 3168 §5.3).",
};

/// Memory was needed.
pub static EVICTED: Entry = Entry {
    code: "fragment-evicted",
    rule: "FR16",
    severity: Severity::Warning,
    line: "datagram {datagram} gave way to newer ones: too many wait for pieces ({pieces} of it came, octets {holes} missing)",
    explanation: "The number of datagrams that wait for pieces, and the memory for them, are limited, for each source \
        and in all: netlab forgets the oldest, as real receivers do. Said once; the report counts them. A flood of \
        pieces that never make a whole is an attack on that memory.",
};

/// The receiver says that it gave up.
pub static TIME_EXCEEDED: Entry = Entry {
    code: "fragment-time-exceeded",
    rule: "FR6",
    severity: Severity::Warning,
    line: "the receiver gave up waiting for pieces of datagram {datagram}",
    explanation: "ICMP time exceeded, code 1 (ICMPv6 type 3, code 1): the reassembly timer ran out. It may only be sent \
        if the first piece arrived, for it quotes it (RFC 792, RFC 4443 §3.3). Some other piece was lost on the way.",
};

/// Not the sender but a router cut it.
pub static BY_ROUTER: Entry = Entry {
    code: "fragment-by-router",
    rule: "M4",
    severity: Severity::Note,
    line: "cut by a router: pieces of {piece} from a sender whose packets reach {largest}",
    explanation: "The sender sends larger packets than the pieces of this datagram, so it was not the sender's own MTU \
        that cut it, but a router with a smaller one on the way. With DF clear that is allowed in IPv4; with DF set \
        the router would have answered \"fragmentation needed\" (RFC 1191).",
};
