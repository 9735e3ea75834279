//! The rules by which packets are judged, one sentence each. What a note cites as its rule is found here.

/// Rule and sentence, in the order of the layers and of a connection's life.
pub const RULES: &[(&str, &str)] = &[
    // What to believe of a frame.
    (
        "P1",
        "A payload ends where the header's own length says; what follows in the frame is padding. A total length of 0 is left by offload, and the frame's length counts.",
    ),
    (
        "P2",
        "If the capture kept fewer octets than were sent, lengths still come from the headers; octets that were not captured are unknown, not absent, and are compared with nothing.",
    ),
    (
        "P3",
        "A checksum is good, absent, partial (left to the card), wrong at its source (as all of that sender), or bad. Only bad segments change no state, for their receiver drops them.",
    ),
    (
        "P4",
        "A segment larger than the connection allows was split or joined by the card; counts of packets are those of the capture, not of the wire.",
    ),
    (
        "P5",
        "The same packet again within 10 ms, with the same identification, is a copy made by the capture, whether identical, behind a router or with another VLAN tag. Without identification, timestamp and a short distance decide.",
    ),
    ("P6", "The loopback interface hands each packet over twice, going out and coming in; one of them counts."),
    ("P7", "Inside tunnels the innermost packet is judged; the tunnel's path is part of what tells connections apart."),
    ("P8", "The VLAN is no part of a connection, since both directions may use different ones."),
    (
        "P9",
        "The capture's health comes first: losses, copies, cuts and clocks that run backwards weaken findings, and say which.",
    ),
    // Which packets form a connection.
    ("C1", "A connection is an unordered pair of address and port, with the tunnel around it."),
    (
        "C2",
        "Who sent the SYN is the initiator; who is answered by a SYN,ACK was it; otherwise the ports suggest a guess, which is marked.",
    ),
    (
        "C3",
        "A SYN with another number begins a new connection if the old one is closed, or was never answered, or if the other side agrees to the new number.",
    ),
    (
        "C4",
        "A SYN with the known number is a repetition, before the connection is open, or an old duplicate afterwards; never a new connection.",
    ),
    ("C5", "After its end a connection is remembered, so that late segments are recognised."),
    ("C6", "Silence alone never ends a connection; one that is forgotten for lack of room is announced."),
    // Opening.
    (
        "H1",
        "SYN, SYN,ACK that acknowledges it, ACK of that: the three-way handshake. The two waits are the ways from the capture point to both sides and back.",
    ),
    (
        "H2",
        "If the initiator's first segment after the SYN,ACK already carries data or lies further on, the bare third step was merged or not captured; the connection is open all the same.",
    ),
    ("H3", "The same SYN while nobody answered is a repetition; waits need not double at first."),
    ("H4", "The same SYN,ACK again: the third step did not reach the responder, or it waits for data."),
    ("H5", "A SYN,ACK must acknowledge the SYN, and at most the data in it; otherwise it answers something else."),
    ("H6", "Of two different SYN,ACKs the one that the initiator acknowledges counts."),
    ("H7", "Two crossing SYNs, then a SYN,ACK from each side with the same numbers: a simultaneous open."),
    ("H8", "The responder answers with a SYN, and only the initiator sends a SYN,ACK: a split handshake."),
    (
        "H9",
        "Fast Open: an empty cookie asks, a cookie proves; what the SYN,ACK acknowledges tells whether the data were accepted.",
    ),
    ("H10", "Data in a SYN without Fast Open are allowed, and delivered only after the handshake."),
    ("H11", "A reset that acknowledges the SYN refuses: nothing listens. One that does not fit refuses nothing."),
    ("H12", "An ICMP message that quotes the SYN rejects it; the quotation must fit."),
    ("H13", "A SYN inside an open connection, answered with the old numbers: one side was restarted."),
    (
        "H14",
        "A SYN that has no answer for 75 s, or to the end of the capture, is unanswered; which of the two is said.",
    ),
    (
        "H15",
        "A SYN,ACK without the third step leaves the connection half-open; many at one server that stay, with fewer completed meanwhile, are called a flood.",
    ),
    ("H16", "A reset by the initiator after the SYN,ACK withdraws: a scan, or a kernel without that socket."),
    (
        "H17",
        "A connection whose SYN is missing has unknown options, and its numbers count from the first segment seen.",
    ),
    (
        "H18",
        "Window scale, SACK and timestamps count only if both SYNs offer them; each side is limited by the other's MSS; windows in SYNs are never scaled.",
    ),
    ("H19", "ECE and CWR in the SYN ask for ECN; ECE alone in the SYN,ACK agrees."),
    ("H20", "A SYN,ACK without the options that this server grants otherwise suggests SYN cookies."),
    // States.
    ("E1", "A combination of flags that no stack sends moves no state."),
    ("E2", "A FIN is received only when everything before it is."),
    // Closing.
    ("T1", "The first FIN, its acknowledgment, the other FIN, its acknowledgment: a close of four segments."),
    ("T2", "If the second FIN is also the acknowledgment of the first, three segments suffice."),
    (
        "T3",
        "If the second FIN does not acknowledge the first, both were under way at once: both sides close actively, and both keep TIME-WAIT.",
    ),
    ("T4", "New data after the other side's FIN: a half-close, proved if the data acknowledge that FIN."),
    ("T5", "A FIN may carry the last data."),
    ("T6", "New data beyond one's own FIN break the standard."),
    ("T7", "One FIN only: one half stays open."),
    ("T8", "A reset before both FINs are acknowledged turns the close into an abort."),
    ("T9", "A reset that counts, without any FIN: an abort."),
    ("T10", "The same FIN again is a repetition, unneeded if it was acknowledged."),
    ("T11", "If the last acknowledgment is missing, the close keeps its class."),
    (
        "3.5.3",
        "TIME-WAIT is kept by the side that reached it: who closed first, both after crossing FINs, nobody after a reset. Linux keeps it for 60 s.",
    ),
    (
        "3.5.4",
        "A SYN may take the place of a connection in TIME-WAIT if its number lies beyond the old ones or its timestamp is newer.",
    ),
    // Resets.
    ("R1", "A reset that answers a SYN with a fitting acknowledgment: refused."),
    ("R2", "A reset by the initiator before the third step: withdrawn."),
    (
        "R3",
        "A reset without ACK, at the number that a segment acknowledged which came after the sender's own FIN: the application had closed, the octets came too late.",
    ),
    (
        "R4",
        "A reset with ACK at the sender's own next number, without a FIN: an abort by the program, often with unread data.",
    ),
    ("R5", "A reset after three or more unanswered probes or timeouts: given up."),
    (
        "R6",
        "A reset without ACK at the number just acknowledged, by a host that said nothing before: it has no such connection.",
    ),
    ("R7", "A reset that rejects the old connection's numbers after a new SYN: half-open recovery."),
    (
        "R8",
        "A reset whose TTL, identification or timestamp is unlike its sender's, one of several with different numbers that nobody asked for, or one after which that sender goes on: perhaps forged.",
    ),
    ("R9", "A reset in answer to the ACK of a connection in TIME-WAIT ends it early."),
    ("R10", "The cause of the reset is not visible."),
    (
        "3.11",
        "Holes in many connections at the same moment are a gap of the capture: a loss on the way hits one or a few.",
    ),
    (
        "3.6",
        "A reset counts at exactly the number expected; elsewhere in the window it is challenged, outside ignored. If both sides go on, it was ignored.",
    ),
    // Data.
    ("D1", "An empty segment at the next number is an acknowledgment."),
    (
        "D2",
        "An empty segment one before the next number while the window is closed: a window probe, as Linux sends it.",
    ),
    ("D3", "An empty segment one before the next number with everything acknowledged: a keep-alive."),
    ("D4", "The same with data outstanding is a probe of some older stacks, no keep-alive."),
    ("D5", "An empty segment further back is an old acknowledgment."),
    ("D6", "An empty segment beyond the next number shows that something before it is missing."),
    ("D7", "One octet at the edge of a closed window: a window probe."),
    (
        "D8",
        "One octet before the next number with everything acknowledged: a keep-alive with a filler, which is not part of the stream.",
    ),
    (
        "D9",
        "The same less than a second after exactly this octet was sent: an unneeded repetition, for no keep-alive is that fast.",
    ),
    ("D10", "One octet that was not acknowledged, sent again, is a retransmission and no keep-alive."),
    ("D11", "Data at the next number are new; into a closed window, one octet is a probe, more ignore the window."),
    ("D12", "Data beyond the next number leave a hole: lost, late or not captured."),
    ("D13", "Octets seen before and new ones in one segment: packed anew; the oldest part names it."),
    ("D14", "A FIN has one place; another one contradicts it."),
    (
        "D15",
        "If identifications count upwards, one between its neighbours' was overtaken, one above them was sent later: certain.",
    ),
    (
        "D16",
        "An older timestamp than that of the packet that left the hole: overtaken; a newer one: sent later. Certain.",
    ),
    ("D17", "Data that follow their own acknowledgment within moments were only captured late."),
    ("D18", "A hole filled before the sender could know of it was only overtaken: probable."),
    (
        "D19",
        "A hole filled after duplicate ACKs or SACK asked for it, and a way to the sender and back later: sent again, probable.",
    ),
    ("D20", "A hole filled after 200 ms and two round trips: sent again, probable."),
    ("D21", "No evidence fits: late or sent again, undecided."),
    ("D22", "The first unacknowledged octet again while the window is closed: a window probe."),
    ("D23", "Octets that were acknowledged before are sent again: unneeded, SYN and FIN too."),
    (
        "D24",
        "Octets that were selectively acknowledged are sent again: unneeded. If they differ from the first copy: a conflict.",
    ),
    (
        "D25",
        "Three duplicate ACKs, or three ranges or two segments selectively acknowledged further on: a fast retransmission, however long it takes to pass here.",
    ),
    ("D26", "A retransmission before everything sent at the beginning of the recovery is acknowledged belongs to it."),
    ("D27", "The last segment again after about two round trips, without duplicates and only once: a tail-loss probe."),
    ("D28", "The first unacknowledged octets again after a full timer: a timeout."),
    ("D29", "What follows a timeout until everything is acknowledged belongs to it."),
    (
        "D30",
        "Sent again a round trip after something later was selectively acknowledged: by the reordering timer (RACK).",
    ),
    ("D31", "Sent again, and nothing visible tells why."),
    (
        "3.7.6",
        "A retransmission was unneeded if the receiver reports a duplicate (D-SACK), if its acknowledgment echoes an older timestamp (certain), or if it comes sooner than a round trip (probable).",
    ),
    // Acknowledgments.
    ("K1", "An acknowledgment of what was never seen proves that it arrived: the capture missed it."),
    ("K2", "An acknowledgment more than 2^30 ahead, or beyond the FIN, is impossible."),
    ("K3", "An acknowledgment that moves on ends duplicates; below the end of a recovery it is partial."),
    ("K4", "An acknowledgment behind the last one is old, and its window is not taken."),
    ("K5", "The same acknowledgment after a keep-alive answers it."),
    ("K6", "The same acknowledgment with a window of zero after a probe answers it."),
    ("K7", "A window above zero after a closed one ends the episode."),
    ("K8", "A first SACK block below the acknowledgment, or inside the second, reports a duplicate arrival."),
    ("K9", "An acknowledgment of the right numbers after an unexpected SYN or reset challenges its sender."),
    (
        "K10",
        "The same acknowledgment with data outstanding, and the same window or something new in SACK, is a duplicate ACK; three ask for a fast retransmission.",
    ),
    ("K11", "Nothing but the window changed: an update, or a reduction."),
    ("K12", "The same acknowledgment with nothing outstanding is no sign of loss."),
    ("K13", "If one direction was not captured, repeated acknowledgments cannot be judged."),
    (
        "K14",
        "An acknowledgment more than 40 ms after its segment was delayed; one of more than two segments is stretched.",
    ),
    // Windows.
    (
        "W1",
        "A window is what stands in the header shifted by the scale; if the scale is unknown nothing is said about full windows.",
    ),
    ("W2", "A window of zero begins an episode, unless the sender has sent its FIN: the application does not read."),
    ("W3", "Data up to exactly the announced edge fill the window."),
    ("W4", "A window below one segment for a round trip: a slow reader."),
    ("W5", "An edge that moves back by more than one step of the scale was shrunk."),
    ("W6", "What is under way is what was sent less what was acknowledged, seen from the capture point."),
    // Time.
    (
        "Q1",
        "A round trip is from a segment to the acknowledgment of its last octet; both halves of the path together are the whole.",
    ),
    ("Q2", "Octets that were sent twice give no sample."),
    ("Q3", "Delayed acknowledgments inflate samples, so the least is kept apart."),
    ("Q4", "The handshake gives the first sample."),
    ("Q5", "The timeout is the smoothed round trip plus four times its variation, at least 200 ms."),
    ("Q6", "Every moment between first and last data is spent on exactly one thing."),
    ("Q7", "A small write that leaves with a delayed acknowledgment of the one before was held back by Nagle."),
    // Fragments.
    (
        "FR1",
        "Fragments belong together by source, destination, protocol and identification; in IPv6 without the protocol.",
    ),
    ("FR2", "A fragment has an offset or more to follow; an IPv6 atomic fragment has neither, and is whole."),
    ("FR3", "All but the last fragment are multiples of 8 octets long."),
    ("FR4", "A fragment that reaches beyond 65535 octets is never stored: the ping of death."),
    ("FR5", "The last fragment fixes the end; a second end, or data beyond it, contradicts it."),
    (
        "FR6",
        "Waiting begins with the first fragment that arrives, and runs by capture time; Linux gives up after 30 s (IPv4) or 60 s (IPv6).",
    ),
    ("FR7", "After completion or expiry an identification is free again."),
    (
        "FR8",
        "Overlapping fragments are told apart by what overlaps; systems disagree about who wins, and Linux drops the datagram today.",
    ),
    ("FR9", "A first fragment too small for the transport header is an attack's shape."),
    ("FR10", "Ports stand in the first fragment only; checksums are verified on whole datagrams only."),
    ("FR11", "Transport is judged once, when the datagram is complete."),
    ("FR12", "A fragment marked don't-fragment, or a reserved flag, is odd."),
    ("FR13", "Fragments of unequal sizes were fragmented twice on the way."),
    ("FR14", "Of a cut fragment the coverage counts, not the content."),
    ("FR15", "A whole datagram takes TTL and options from its first fragment."),
    ("FR16", "The number of open datagrams is limited; the oldest is given up, and counted."),
    ("FR17", "The largest fragment suggests the path's MTU; losing one fragment loses all."),
    ("FR18", "The sum is shown: length, header, MTU rounded down to a multiple of 8."),
    // Path MTU.
    ("M1", "Too big: the quoted segment must be in flight; the MTU in the message must be plausible."),
    ("M2", "If the next sending of those octets is smaller, the message was obeyed."),
    ("M3", "Full segments that time out while small ones pass, without any ICMP: a black hole."),
    ("M4", "Fragments of a sender that does not set DF were made by a router if their sizes are not its own."),
    ("M5", "An MSS above what the path takes: every full segment is refused once."),
    // UDP.
    ("U1", "One datagram is one message; a length of 0 is a real one."),
    ("U2", "A checksum of 0 means none in IPv4, and is forbidden in IPv6 outside tunnels."),
    ("U3", "At most 65507 octets fit into a UDP datagram over IPv4, 65527 over IPv6."),
    ("U4", "A receiver that reads less than a datagram loses the rest; the wire does not show it."),
    ("U5", "The same addresses and ports reversed within 5 s pair a question with its answer."),
    ("U6", "UDP has conversations, not connections."),
    ("U7", "UDP neither joins nor splits messages, but may lose, repeat and reorder them."),
    (
        "I1",
        "An echo request and the reply with its addresses, identifier and sequence are a pair; without one in 10 s it is lost.",
    ),
    (
        "I2",
        "An ICMP error names its meaning, the flow of the packet that it quotes, and that packet if it was captured a moment before.",
    ),
    // ARP and layer 2.
    (
        "L1",
        "A request and the reply of the address asked for, within a second, are a pair; after three seconds nobody answered.",
    ),
    ("L2", "A probe has no sender address, an announcement asks for its own, a gratuitous reply was not asked for."),
    (
        "L3",
        "An address that moves to another MAC: a virtual router, a fail-over, or a conflict, by who keeps answering.",
    ),
    ("L4", "The sender in the ARP packet should be the sender of the frame."),
    ("L5", "Many requests for different addresses by one host in a short time are a sweep."),
    ("L6", "The same broadcast frame again and again within moments proves a loop."),
    ("L7", "Unicast for others on an access port was flooded: the switch does not know that address."),
    ("L8", "An EtherType below 0x0600 is a length; frames below 60 octets were captured before padding."),
    // Subnets.
    ("N1", "Address AND mask is the network; the rest numbers the host."),
    ("N2", "A /31 has two hosts and no broadcast, a /32 one; IPv6 has no broadcast."),
    (
        "N3",
        "Two addresses are neighbours if their networks are equal under the sender's mask; otherwise the gateway is asked.",
    ),
    ("N4", "Whom a host asks for by ARP, and what it sends to the gateway, shows its mask."),
];
