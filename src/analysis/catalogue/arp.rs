//! What is said of ARP and of the link below.

use super::Entry;
use crate::analysis::Severity;

/// All entries of this family.
pub static ENTRIES: &[&Entry] = &[
    &ANSWER,
    &ASKED_AGAIN,
    &UNANSWERED,
    &PROBE,
    &ANNOUNCEMENT,
    &GRATUITOUS_REPLY,
    &UNASKED,
    &PROXY,
    &MOVED,
    &VIRTUAL_ROUTER,
    &FAIL_OVER,
    &CONFLICT,
    &SPOOFING,
    &SENDER_MISMATCH,
    &SWEEP,
    &OTHER,
    &LOOP,
    &BROADCAST_RATE,
    &FLOODED,
    &MASK_DISAGREES,
];

/// A reply to a question.
pub static ANSWER: Entry = Entry {
    code: "arp-answer",
    rule: "L1",
    severity: Severity::Chat,
    line: "answers packet {question}[ after {latency}]<: {address} is at {mac}>[, asked {times time}]",
    explanation: "A host that wants to send to an address on its own link asks everybody \"who has it?\" and the owner \
        answers to the asker alone with its MAC address (RFC 826). The asker keeps the answer in its ARP cache for \
        some minutes; so does the owner with the asker's address, which stood in the question.",
};

/// The same question again.
pub static ASKED_AGAIN: Entry = Entry {
    code: "arp-asked-again",
    rule: "L1",
    severity: Severity::Note,
    line: "<asks for {address} >again, number {times}, first in packet {since}: no answer yet",
    explanation: "Nobody answered the question, so the host asks again. Linux asks three times, a second apart, and \
        then reports \"no route to host\" to the programs that wait (RFC 1122 §2.3.2.1 limits the rate to one a \
        second).",
};

/// Nobody answered.
pub static UNANSWERED: Entry = Entry {
    code: "arp-unanswered",
    rule: "L1",
    severity: Severity::Note,
    line: "nobody answered for {address}, asked by {asker} {times time}",
    explanation: "No answer came within 3 s of the first question. The address is not in use, its machine is off or on \
        another link, or the mask of the asker is too short, so that it looks on its own link for what lies behind a \
        router. Programs on the asker see \"no route to host\" (EHOSTUNREACH).",
};

/// Is this address free?
pub static PROBE: Entry = Entry {
    code: "arp-probe",
    rule: "L2",
    severity: Severity::Chat,
    line: "<probe: >is {address} free?",
    explanation: "A question with sender address 0.0.0.0: a host wants to use the address and asks first whether \
        somebody has it already (RFC 5227 §1.1). Silence means yes. The sender address is left empty so that nobody \
        puts a wrong entry into his cache.",
};

/// This is mine.
pub static ANNOUNCEMENT: Entry = Entry {
    code: "arp-announcement",
    rule: "L2",
    severity: Severity::Chat,
    line: "<announcement: >{address} is at {mac}[, after {probes probe}]",
    explanation: "A question for the sender's own address: it does not want an answer but tells everybody that the \
        address is its own, after it probed for it or when its link came up (RFC 5227 §1.1). Also called gratuitous \
        ARP. Everybody who has the address in his cache corrects the entry.",
};

/// A reply to everybody.
pub static GRATUITOUS_REPLY: Entry = Entry {
    code: "arp-gratuitous-reply",
    rule: "L2",
    severity: Severity::Note,
    line: "reply that nobody asked for, to everybody<: {address} is at {mac}>",
    explanation: "A reply about the sender's own address, sent to everybody or to itself. It does what an announcement \
        does; routers that take over an address, and some systems at start, send it. RFC 5227 §3 prefers requests for \
        that.",
};

/// A reply without a question.
pub static UNASKED: Entry = Entry {
    code: "arp-unasked",
    rule: "L2",
    severity: Severity::Note,
    line: "reply< for {address}> without a question in the capture",
    explanation: "The question may have been missed, for the capture began later or sees only one side. Replies that \
        nobody asked for are also how ARP caches are poisoned: hosts believe them all the same, for ARP has no proof \
        of who is who.",
};

/// One machine answers for many addresses.
pub static PROXY: Entry = Entry {
    code: "arp-proxy",
    rule: "L2",
    severity: Severity::Note,
    line: "{mac} answers for {count address}: a proxy",
    explanation: "A router may answer questions for addresses behind it, so that hosts without a proper mask or route \
        reach them all the same (proxy ARP, RFC 1027). Hosts for dial-in clients and some virtual networks do it too; \
        so does a machine that wants to see the traffic of all.",
};

/// An address went to another machine.
pub static MOVED: Entry = Entry {
    code: "arp-moved",
    rule: "L3",
    severity: Severity::Warning,
    line: "{address} moved from {from} to {to}",
    explanation: "Another machine than before claims this address. That is normal when a card was changed, an address \
        was leased to another host, or a stand-by took over; it is a conflict if both claim it; and it is an attack \
        if somebody wants to be taken for the owner. What follows decides: a later note tells if the former machine \
        fell silent or claims the address again.",
};

/// The shared address of a group of routers.
pub static VIRTUAL_ROUTER: Entry = Entry {
    code: "arp-virtual-router",
    rule: "L3",
    severity: Severity::Note,
    line: "{address} moved from {from} to {to}: the shared address of a group of routers",
    explanation: "One of the two MAC addresses belongs to a redundancy protocol: VRRP and CARP use 00:00:5e:00:01:xx \
        (RFC 9568 §7.3), HSRP 00:00:0c:07:ac:xx or 00:00:0c:9f:fx:xx, GLBP 00:07:b4:00:xx:xx. Routers of the group \
        share an address, and one takes over when another fails. No attack.",
};

/// The former machine fell silent.
pub static FAIL_OVER: Entry = Entry {
    code: "arp-fail-over",
    rule: "L3",
    severity: Severity::Note,
    line: "{address} went over from {from}, which was not heard again, to {to}",
    explanation: "After this claim the former machine sent nothing more: it failed or was switched off, and another one \
        took its address. High-availability pairs do that on purpose, and announce it so that caches are corrected at \
        once.",
};

/// Two machines claim one address.
pub static CONFLICT: Entry = Entry {
    code: "arp-conflict",
    rule: "L3",
    severity: Severity::Error,
    line: "{one} and {other} both claim {address} since packet {since}: a conflict, or somebody pretends",
    explanation: "Two machines answer for one address, so its traffic goes to whoever answered last. Usually two hosts \
        were configured with the same address (RFC 5227 tells how hosts should notice and give way). If one of them \
        is a router, suspect ARP spoofing: somebody puts himself between the router and its hosts. The makers of the \
        two cards help to find them. Said once.",
};

/// Somebody tells a host that its router moved.
pub static SPOOFING: Entry = Entry {
    code: "arp-spoofing",
    rule: "L3",
    severity: Severity::Error,
    line: "tells one host, unasked, that the router {address} moved from {from} to {to}: ARP spoofing",
    explanation: "A router that changes its MAC address tells everybody. Telling it to a single host that did not ask \
        is what programs do that poison its ARP cache, in order to read or change its traffic (a man in the middle). \
        Hosts believe it, for ARP has no proof (RFC 826). Static entries, or switches that inspect ARP, help.",
};

/// ARP names another sender than the frame.
pub static SENDER_MISMATCH: Entry = Entry {
    code: "arp-sender-mismatch",
    rule: "L4",
    severity: Severity::Warning,
    line: "ARP names {named} as sender, the frame came from {sent}",
    explanation: "A host writes the same MAC address into its ARP packet and into the frame around it. They differ when \
        a wireless bridge or proxy speaks for others, and when somebody forges ARP and forgets the frame.",
};

/// Many questions in a short time.
pub static SWEEP: Entry = Entry {
    code: "arp-sweep",
    rule: "L5",
    severity: Severity::Warning,
    line: "{mac} asked for {count different address} in {time} (a sweep: {count} in {limit} or less)",
    explanation: "No host needs so many neighbours at once. A scanner walks through the addresses of the link to find \
        out who is there; worms and network inventories do that too, and a router does it when somebody outside scans \
        the network behind it.",
};

/// Reverse and inverse ARP.
pub static OTHER: Entry = Entry {
    code: "arp-other",
    rule: "L2",
    severity: Severity::Chat,
    line: "ARP operation {operation}: neither request nor reply",
    explanation: "Operations 3 and 4 are reverse ARP (RFC 903: which address have I?), 8 and 9 inverse ARP for Frame \
        Relay and ATM (RFC 2390). They are shown, and change nothing in the table of who has which address.",
};

/// A frame goes round.
pub static LOOP: Entry = Entry {
    code: "broadcast-loop",
    rule: "L6",
    severity: Severity::Error,
    line: "the broadcast of packet {first} from {source} came {copies time} in {time}: it goes round in a loop",
    explanation: "Every copy equals the first octet by octet, and no sender repeats a frame so quickly. Switches send a \
        broadcast out of every port but the one it came by, and frames have no hop limit: two switches with two \
        cables between them send it round for ever, and every round makes more. Such a storm fills the link and \
        the processors of all hosts. Spanning tree (IEEE 802.1D) exists to block the second path.",
};

/// Far more broadcasts than before.
pub static BROADCAST_RATE: Entry = Entry {
    code: "broadcast-rate",
    rule: "L6",
    severity: Severity::Warning,
    line: "{rate} broadcast and multicast frames in this second, {mean} on average before",
    explanation: "Frames for everybody reach every host of the link and cost each of them an interrupt. Ten times the \
        usual rate has a cause: a loop, a scan, a program gone wild, a video stream by multicast. The note that a \
        frame goes round, if there is one, proves a loop.",
};

/// A switch does not know where a machine is.
pub static FLOODED: Entry = Entry {
    code: "unicast-flooded",
    rule: "L7",
    severity: Severity::Warning,
    line: "frames from {source} for {destination}, which sends nothing here: the switch does not know where it is ({rate} \
           in this second)",
    explanation: "A switch sends frames only where their destination was heard. If it never heard it, or the entry \
        aged out or was pushed out of a full table, the frames go to every port (flooding, IEEE 802.1Q). Others then \
        read what is not theirs. A capture on a mirror port that copies one direction only looks the same.",
};

/// A mask that differs from the neighbours'.
pub static MASK_DISAGREES: Entry = Entry {
    code: "mask-disagrees",
    rule: "N4",
    severity: Severity::Warning,
    line: "{host} {does} {to}, so its mask is {mask}; {theirs} suits its {neighbours neighbour}",
    explanation: "A host compares an address with its own under its mask: if the network part is the same it asks by \
        ARP and sends directly, else it sends to its gateway (RFC 1122 §3.3.1.1). This host decides otherwise than \
        its neighbours for addresses of the same network, so one of them has a wrong mask. Too short a mask makes \
        hosts behind the router unreachable, too long a one sends neighbours' traffic round by the router.",
};
