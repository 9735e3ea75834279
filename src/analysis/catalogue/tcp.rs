//! What netlab says of TCP segments. Rules C, H, E, T, R, D, K, W and Q of `docs/TCP.md`, with P1–P6 where they are
//! about TCP.

use super::Entry;
use crate::analysis::note::Severity::{Chat, Error, Note, Warning};

macro_rules! entries {
    ($($name:ident $code:literal $rule:literal $severity:ident $line:literal $explanation:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`")]
            pub static $name: Entry = Entry {
                code: $code, rule: $rule, severity: $severity, line: $line, explanation: $explanation,
            };
        )*
        /// All of them, in the order of a connection's life.
        pub const ENTRIES: &[&Entry] = &[$(&$name),*];
    };
}

entries! {
    // ---- opening ----
    HANDSHAKE_1 "tcp-handshake-1" "H1" Chat
        "open 1/3 · A {a}, B {b}[ · {about}]"
        "The first step of the three-way handshake: A asks for a connection and announces the number that its data will \
         be counted from. The SYN occupies one sequence number, so the first octet of data is that number plus one. Its \
         options say what A can do: largest segment, window scale, SACK, timestamps (RFC 9293 §3.5).";
    HANDSHAKE_2 "tcp-handshake-2" "H1" Chat
        "open 2/3 · A {a}, B {b}[ · {rtt} after the SYN][ · {about}]"
        "The second step: B agrees, acknowledges A's SYN (its number plus one) and announces its own first number. The \
         time since the SYN is the way from the capture point to B and back, with B's time to answer (RFC 9293 §3.5).";
    HANDSHAKE_3 "tcp-handshake-3" "H1" Chat
        "open 3/3 · A {a}, B {b}[ · round trip {rtt}][ · with the first {octets} of data]"
        "The third step: A acknowledges B's SYN, and both sides know that the other hears them. The two waits together are \
         the first round-trip time of the whole path. The step may carry data already (RFC 9293 §3.5).";
    HANDSHAKE_COMPLETED "tcp-handshake-completed" "H2" Note
        "open · completed, as packet {proof} proves: the third step was not captured"
        "A's first segment after the SYN,ACK lies further on than the handshake's third step, so that step must have been \
         sent but did not pass here, or was not captured. The connection is open all the same.";
    SYN_RETRANSMISSION "tcp-syn-retransmission" "H3" Warning
        "SYN again, number {number}, {wait} after the last[ · now without {without}]"
        "Nobody answered the SYN, so it is sent again. Linux waits one second a few times and then doubles the wait, other \
         systems double it from the start. Either the SYN or every answer to it was lost, or somebody drops it silently \
         (RFC 9293 §3.8.1).";
    SYN_ACK_RETRANSMISSION "tcp-syn-ack-retransmission" "H4" Warning
        "SYN,ACK again, number {number}, {wait} after the last[ · step 3, packet {step}, was lost behind this point]"
        "B repeats its half of the handshake because the third step did not reach it. If that step was seen here, it was \
         lost between here and B. A server that waits for data before it accepts (TCP_DEFER_ACCEPT) gives the same picture.";
    WRONG_SYN_ACK "tcp-wrong-syn-ack" "H5" Warning
        "SYN,ACK acknowledges {acknowledged}, but the SYN asks for {expected}"
        "The answer acknowledges a number that A never sent: it belongs to an older attempt, or is forged. A must answer \
         with a reset that bears exactly this number (RFC 9293 §3.10.7.3).";
    SECOND_ANSWER "tcp-second-answer" "H6" Warning
        "a second SYN,ACK with another first number · the first answer was packet {first}"
        "Two different answers to one SYN: two servers, a stale answer, or a forged one. The one that the client \
         acknowledges wins; the other never moves anything (RFC 9293 §3.5).";
    SIMULTANEOUS_OPEN "tcp-simultaneous-open" "H7" Note
        "simultaneous open · A {a}, B {b} · its SYN was packet {syn}"
        "Both sides sent a SYN before they saw the other's. Each then repeats its own number in a SYN,ACK; these are not \
         retransmissions, and one connection results, not two (RFC 9293 §3.5, figure 7).";
    SPLIT_HANDSHAKE "tcp-split-handshake" "H8" Note
        "split handshake · B sent its half in pieces: SYN in packet {syn}, never a SYN,ACK"
        "The server answered the SYN with a plain SYN of its own instead of a SYN,ACK, and the client made the SYN,ACK. It \
         is legal, rare, and has been used to confuse firewalls about who is the client.";
    FAST_OPEN "tcp-fast-open" "H9" Note
        "Fast Open: {what}[ · {octets} of data in the SYN]"
        "TCP Fast Open lets a client that was here before send data in its SYN, proved by a cookie. An empty cookie asks \
         for one; the server accepts the data by acknowledging it in its SYN,ACK, or acknowledges the SYN alone, and then \
         the data must be sent again (RFC 7413).";
    DATA_IN_SYN "tcp-data-in-syn" "H10" Note
        "{octets} of data in the SYN, without Fast Open: delivered only after the handshake"
        "A SYN may carry data, but the receiver must hold it back until the handshake is complete. Hardly anybody does \
         this without Fast Open (RFC 9293 §3.5).";
    UNREACHABLE "tcp-unreachable" "H12" Warning
        "<ICMP from {by} >about packet {about_packet}: {reason}"
        "A router or the host itself reports that this connection's segment could not be delivered. For a SYN that means \
         the connection cannot be opened this way; for one that is open, hosts take it as advice only (RFC 9293 §3.9.2.2).";
    HALF_OPEN_PEER "tcp-syn-in-connection" "H13" Warning
        "SYN with another first number inside an open connection[ · {outcome}]"
        "One side starts anew while the other still believes in the old connection: usually it was restarted. The other \
         side answers with an ACK of the old numbers (challenge ACK), the newcomer resets that, and tries again about a \
         second later (RFC 9293 §3.5.1, RFC 5961 §4).";
    UNANSWERED "tcp-unanswered" "H14" Warning
        "nobody answered this SYN[ in {waited}][ · {end}] · SYNs sent: {number}"
        "No answer at all: the segment was dropped on the way (a firewall that drops silently looks like this), or its \
         answer was, or the host is not there. A host that is there and does not listen would have refused.";
    SYN_FLOOD "tcp-syn-flood" "H15" Warning
        "{count half-open connection} at {server} port {port}, for {wait} now, and {completed} completed meanwhile: a SYN flood?"
        "Every answered SYN takes a place in the server's queue until the third step comes. When many stay there and few \
         are completed, somebody sends SYNs without meaning to connect, usually from forged addresses, or the way back to \
         the clients is broken. Servers defend themselves with SYN cookies (RFC 4987).";
    SYN_COOKIES "tcp-syn-cookies" "H20" Note
        "SYN cookies suspected: this answer grants neither window scale nor SACK, as others of this server did; half-open: {count}"
        "A server whose queue is full can answer without remembering anything: it packs what it must know into its first \
         sequence number, where options have no room. Such connections have small windows and no SACK. With timestamps \
         Linux hides the options there, so their presence proves nothing (RFC 4987 §3.6).";
    HALF_OPEN "tcp-half-open" "H15" Note
        "the third step of the handshake never came · half-open since packet {since}"
        "B answered the SYN, but A never completed the handshake. Single ones are lost segments or scans; many at one \
         server at once are a SYN flood (RFC 4987).";
    START_NOT_CAPTURED "tcp-start-not-captured" "H17" Note
        "the connection was open before the capture began: options unknown, numbers counted from here (~)"
        "The handshake is missing, so window scale, SACK and timestamps are unknown, and which side is the client is a \
         guess from the ports. Relative numbers count from the first segment seen and bear a ~.";
    PORT_REUSED "tcp-port-reused" "C3" Note
        "a new connection between the same ports; the last one was connection {old}[ · {acceptable}]"
        "The same two sockets connect again. After a normal close one side keeps TIME-WAIT; a new SYN is acceptable there \
         if its number lies beyond the old connection's or its timestamp is newer (RFC 9293 §3.6.1, RFC 6191).";
    OLD_SYN "tcp-old-syn" "C4" Note
        "old duplicate SYN, same number as packet {first}, after the connection was open"
        "The SYN that began this connection arrives once more. It is an old copy that took its time, never a new \
         connection; the receiver answers with an ACK (RFC 9293 §3.10.7.4).";
    ODD_OPTION "tcp-option-not-offered" "H18" Note
        "answers with {option}, which the SYN did not offer"
        "Window scale, SACK and timestamps may only be answered when the SYN offered them; an option that comes out of \
         nothing must be ignored (RFC 7323 §2.2, RFC 2018 §2).";
    ODD_FLAGS "tcp-odd-flags" "E1" Warning
        "flags that no stack sends together: {flags}"
        "Such combinations do not occur in normal traffic; scanners send them to learn how a stack reacts. netlab does not \
         let them move the connection's state.";

    // ---- closing ----
    CLOSE_1 "tcp-close-1" "T1" Chat
        "close 1/{of} · A {a}, B {b}[ · with the last {octets}]"
        "The first FIN: its sender says \"I have nothing more to send\". Either side may do so first, and a process that \
         ends sends it too. The other direction stays open until its own FIN (RFC 9293 §3.6).";
    CLOSE_2 "tcp-close-2" "T1" Chat
        "close 2/{of}[ ({merged})] · A {a}, B {b}[ · with the last {octets}]"
        "The first FIN is acknowledged. If the segment carries the other side's FIN as well, steps 2 and 3 are merged and \
         the close has three segments instead of four (RFC 9293 §3.6).";
    CLOSE_3 "tcp-close-3" "T1" Chat
        "close 3/{of} · A {a}, B {b}[ · with the last {octets}][ · {crossing}]"
        "The other side closes its half too (or, in a close of three segments, the last acknowledgment). In a simultaneous \
         close both FINs were under way at once, and both sides become active closers (RFC 9293 §3.6).";
    CLOSE_4 "tcp-close-4" "T1" Chat
        "close 4/{of} · A {a}, B {b}"
        "The last acknowledgment. The side that sent the first FIN now stays in TIME-WAIT, so that this acknowledgment can \
         be repeated and old segments die out (RFC 9293 §3.6).";
    TIME_WAIT "tcp-time-wait" "T3" Chat
        "{holder} keeps TIME-WAIT until about {until} if it runs Linux[ · {bind}]"
        "Whoever closed first holds the connection in TIME-WAIT: 60 seconds on Linux (its timer rounds that up by zero to \
         two seconds, and netlab names the middle), up to four minutes by the standard. \
         If that is the side that listens, a server started again on this port before then gets \"address already in \
         use\" (EADDRINUSE), unless it sets SO_REUSEADDR before bind (RFC 9293 §3.6.1).";
    HALF_CLOSE "tcp-half-close" "T4" Note
        "half-close: {octets} of new data after the other side's FIN, packet {fin} · {proof}"
        "After one side's FIN the other may go on sending as long as it likes: TCP closes each direction on its own. It is \
         proved if the data acknowledges the FIN; otherwise it may just have been under way (RFC 9293 §3.6).";
    DATA_AFTER_FIN "tcp-data-after-fin" "T6" Error
        "{octets} of data beyond the sender's own FIN in packet {fin}"
        "A FIN promises that nothing follows. New data after it breaks the standard; the receiver ignores it \
         (RFC 9293 §3.10.7.4).";
    SECOND_FIN "tcp-second-fin" "D14" Error
        "a second FIN at another place: {distance} from the first, packet {fin}"
        "A stream has one end. A FIN with another sequence number contradicts the first one; the stack is broken or the \
         segment is forged.";
    FIN_RETRANSMISSION "tcp-fin-retransmission" "T10" Warning
        "FIN again, {wait} after the last, packet {first}"
        "The FIN was not acknowledged in time, so it is sent again like any other octet: it or its acknowledgment was lost \
         (RFC 9293 §3.6).";
    FIN_EARLY "tcp-fin-early" "E2" Note
        "FIN arrived early: {octets} before it are still missing"
        "The FIN counts only once everything before it has arrived. Until then the receiver's state does not change \
         (RFC 9293 §3.10.7.4).";

    // ---- resets ----
    RESET "tcp-reset" "R10" Warning
        "reset · {cause}[ · {detail}][ · A {a}, B {b}][ · {turned}][ · {program}][ · says {text}]"
        "A reset ends the connection at once and throws away what is under way. Its form tells why it was sent: without \
         ACK it answers a segment that nobody expected; with ACK and the sender's next number it is the sender's own \
         decision (RFC 9293 §3.5.2, §3.10.7).";
    RESET_INJECTED "tcp-reset-suspicious" "R8" Error
        "this reset may be forged: {difference}"
        "The reset does not look like the other segments of its alleged sender: its TTL or identification differs, or that \
         sender goes on as if nothing had happened. Middleboxes and attackers send such resets in another's name.";
    RESET_IGNORED "tcp-reset-ignored" "R8" Note
        "the reset was ignored: both sides go on, as packet {proof} shows · it lay {place}"
        "A reset counts only if it bears exactly the number the receiver expects; elsewhere in the window it is answered \
         with a challenge ACK, outside it is dropped (RFC 9293 §3.10.7.4, RFC 5961 §3).";
    RESET_AFTER_CLOSE "tcp-reset-after-close" "T8" Note
        "reset after the connection was already closed"
        "Both FINs were acknowledged before; this reset ends nothing any more. Some stacks send it for late segments, some \
         programs to skip TIME-WAIT.";

    // ---- data ----
    HOLE "tcp-hole" "D12" Warning
        "{octets} before this were not seen (yet)"
        "The segment begins further on than the last one ended. What lies between was lost before this point, is late, or \
         was not captured; which of these, later packets decide.";
    LOST "tcp-hole-lost" "D12" Warning
        "{octets} missing here were never seen and never acknowledged: lost before this point, or not captured"
        "The hole was neither filled nor acknowledged up to the end. The capture alone cannot tell whether the network or \
         the capture lost it.";
    DELIVERED_UNSEEN "tcp-delivered-unseen" "K1" Note
        "{octets} missing here were acknowledged by packet {acknowledged}: delivered, but not captured"
        "The receiver acknowledged what was never seen here, so it arrived: the capture missed it, not the network. This \
         counts as loss of the capture and weakens other findings about loss.";
    OUT_OF_ORDER "tcp-out-of-order" "D15" Note
        "out of order: fills the hole that packet {revealed} left, {wait} later · {evidence}"
        "The segment was sent in time but overtaken on the way. Evidence is, in order of strength: the IP identification \
         between its neighbours', an older timestamp, or a delay too short for the sender to know of any loss (RFC 4737).";
    LATE_OR_RESENT "tcp-late-or-resent" "D21" Note
        "late or sent again, undecided: fills the hole that packet {revealed} left, {wait} later"
        "Nothing in the packets tells whether the network reordered this segment or its first copy was lost and this is \
         the second. netlab does not guess.";
    CAPTURED_LATE "tcp-captured-late" "D17" Chat
        "captured after its own acknowledgment, packet {acknowledged}, by {wait}: the capture swapped them"
        "The acknowledgment stands before the data in the file, but so closely that only the capture can have swapped \
         them: cards with several queues do that. The network did nothing wrong.";
    RETRANSMISSION "tcp-retransmission" "D31" Warning
        "retransmission of {octets}, first in packet {first}[, {wait} before] · cause not visible[ · {evidence}]"
        "These octets were sent before. Neither duplicate ACKs, nor a timeout, nor selective acknowledgments seen here \
         explain why they are sent again.";
    FIRST_COPY_LOST "tcp-retransmission-first-unseen" "D19" Warning
        "retransmission of {octets} whose first copy was lost before this point · {evidence}"
        "The hole was left by a lost segment, and this is its second copy. Evidence is, in order of strength: a later IP \
         identification or timestamp, duplicate ACKs that asked for it, or a delay as long as a timeout.";
    FAST_RETRANSMISSION "tcp-fast-retransmission" "D25" Warning
        "fast retransmission of {octets}[, {duplicates duplicate ACK}][ since packet {since}][ · {evidence}]"
        "Three duplicate ACKs, or selective acknowledgments of data further on, told the sender that this segment is \
         missing, and it sends it again without waiting for a timeout. It may take a round trip from the third duplicate \
         until it passes here (RFC 5681 §3.2, RFC 6675 §5).";
    RACK_RETRANSMISSION "tcp-rack-retransmission" "D30" Warning
        "retransmission of {octets} by elapsed time (RACK), {wait} after the last sending"
        "A segment sent later has been selectively acknowledged, and a reordering time of about a round trip has passed: \
         the sender concludes from time alone that this one is lost (RFC 8985 §6).";
    RECOVERY_RETRANSMISSION "tcp-recovery-retransmission" "D26" Warning
        "retransmission of {octets} in the recovery that packet {began} began"
        "The sender is already repairing a loss: an acknowledgment of a part, or selective ones, showed that more is \
         missing. It belongs to the same incident (RFC 6582, RFC 6675).";
    TAIL_LOSS_PROBE "tcp-tail-loss-probe" "D27" Warning
        "tail-loss probe: the last {octets} again, {wait} after the last sending"
        "Nothing follows the last segment, so no duplicate ACK can report its loss. After about two round trips the sender \
         repeats it to provoke an acknowledgment, before the much longer timeout runs out (RFC 8985 §7).";
    TIMEOUT_RETRANSMISSION "tcp-timeout-retransmission" "D28" Warning
        "timeout: {octets} again, number {number}, {wait} after the last sending (timeout about {timeout})[ · {ratio} times the last wait]"
        "No acknowledgment came within the retransmission timeout. The sender starts from the first unacknowledged octet \
         with a small window and doubles the wait each time (RFC 6298 §5).";
    RESEND_AFTER_TIMEOUT "tcp-resend-after-timeout" "D29" Warning
        "resend of {octets} after the timeout of packet {began}"
        "After a timeout the sender goes back and repeats what was under way, slowly at first. All of it is one incident \
         with the timeout (RFC 5681 §3.1, RFC 6298 §5).";
    UNNEEDED "tcp-unneeded-retransmission" "D23" Warning
        "unneeded retransmission of {octets}: {proof}[ by packet {acknowledged}][, {wait} before][ · {detail}][ · first judged {was}]"
        "These octets had already arrived. Proof is an earlier acknowledgment of them, a selective one, the receiver's \
         report of a duplicate (D-SACK, RFC 2883), or an echoed timestamp older than the second copy (RFC 3522).";
    CONFLICT "tcp-conflicting-retransmission" "D24" Error
        "differs from what packet {first} carried at the same place: octet {offset} of {octets} · was {was}, now {now}"
        "The same sequence numbers were sent with different octets. A correct stack repeats exactly what it sent; two \
         versions mean a broken middlebox or somebody who wants monitor and receiver to read different things.";
    PARTLY_NEW "tcp-partly-new" "D13" Note
        "resent together with {octets} of new data (packed anew)"
        "The segment begins with octets seen before and goes on with new ones: the sender filled it up before repeating \
         it, which is allowed (RFC 9293 §3.8.1).";
    KEEP_ALIVE "tcp-keep-alive" "D3" Chat
        "keep-alive[ with a filler octet, {filler}]"
        "A segment one before the next number, with nothing outstanding: it only provokes an acknowledgment, to learn \
         whether the other side still lives. Some stacks put one meaningless octet into it, which is not part of the \
         stream (RFC 9293 §3.8.4).";
    KEEP_ALIVE_ANSWER "tcp-keep-alive-answer" "K5" Chat
        "answer to the keep-alive in packet {probe}"
        "The other side still lives: it repeats its acknowledgment (RFC 9293 §3.8.4).";
    PROBE_OUTSTANDING "tcp-probe-with-data-outstanding" "D4" Note
        "probe one before the next number while {octets} are unacknowledged: not a keep-alive"
        "Some older stacks probe like this although data are outstanding. A keep-alive is sent only on an idle connection.";
    WINDOW_PROBE "tcp-window-probe" "D2" Note
        "window probe {number}[, {wait} after the last]: is there room again?"
        "The receiver closed its window; the sender asks again and again, with growing pauses, lest an announcement of new \
         room got lost. Linux asks with an empty segment one before the next number, others with one octet \
         (RFC 9293 §3.8.6.1).";
    WINDOW_PROBE_ANSWER "tcp-window-probe-answer" "K6" Note
        "answer to the window probe in packet {probe}: still closed"
        "The receiver lives and still has no room, for its application does not read (RFC 9293 §3.8.6.1).";
    BEYOND_WINDOW "tcp-beyond-window" "D11" Warning
        "{octets} beyond the window that the other side announced"
        "The sender ignores how much room there is. The receiver may drop what does not fit; if this happens often, an \
         announcement of a larger window was probably not captured.";
    AGGREGATED "tcp-aggregated" "P4" Chat
        "{octets} in one piece, more than the largest segment of {mss}[, {guess}]: about {segments segment} on the wire"
        "The network card splits and joins segments (TSO, GRO), so a capture on a host shows giants that never cross the \
         wire like this. Counts of packets and of ACKs are those of the host.";
    NAGLE "tcp-nagle-delayed-ack" "Q7" Note
        "small write held back {held} by Nagle until the delayed ACK in packet {acknowledged}"
        "The sender holds a small segment back while an earlier small one is unacknowledged (Nagle), and the receiver \
         delays that acknowledgment, each waiting for the other. TCP_NODELAY, or one larger write, removes it \
         (RFC 9293 §3.7.4, RFC 1122 §4.2.3.2).";
    IMPOSSIBLE_NUMBER "tcp-impossible-number" "D12" Error
        "sequence number {distance} away from everything known: not taken as progress"
        "No window reaches that far (at most 2^30 octets), so the segment belongs to another connection between the same \
         ports, is forged, or the capture is damaged (RFC 7323 §2.3).";

    // ---- acknowledgments ----
    ACK_UNSEEN "tcp-ack-unseen" "K1" Warning
        "acknowledges {octets} that were not captured"
        "The other side received data that are missing in this capture: the capture lost them, or they took another way. \
         Findings about loss are less sure from here on.";
    DELAYED_ACK "tcp-delayed-ack" "K14" Chat
        "delayed ACK: {wait} after the only segment it acknowledges, the round trip takes {least}[ · {beyond}]"
        "A receiver may wait a little before it acknowledges a single segment, in the hope of sending data along or of a \
         second segment; 40 ms are usual on Linux, up to 200 ms elsewhere, less than 500 ms by the standard. Such a sample \
         says nothing of the network, so the least round trip is kept apart from the smoothed one (RFC 9293 §3.8.6.3).";
    STRETCH_ACK "tcp-stretch-ack" "K14" Chat
        "acknowledges {segments segment} at once, for the third time: stretch ACKs"
        "Every second full segment should be acknowledged. Cards and systems that join segments on reception (GRO) \
         acknowledge many at once, which makes the sender's window grow in jumps. Said once for each direction \
         (RFC 9293 §3.8.6.3).";
    LOSS_BURST "tcp-loss-burst" "3.11" Warning
        "holes in {count connection} within {wait}, the first at packet {first}: probably the capture lost packets here"
        "Losses on the way hit one connection or a few. When segments are missing from many connections in the same \
         moment, it was the capture that could not keep up. Findings about loss near here are less sure.";
    IMPOSSIBLE_ACK "tcp-impossible-ack" "K2" Error
        "acknowledges {octets} more than was ever sent"
        "A correct stack never acknowledges what was not sent; the receiver of this answers with an ACK and drops it \
         (RFC 9293 §3.10.7.4, RFC 5961 §5).";
    PARTIAL_ACK "tcp-partial-ack" "K3" Chat
        "acknowledges a part: {octets} of the recovery that packet {began} began are still missing"
        "During a recovery an acknowledgment that moves forward, but not to its end, tells that more was lost than the \
         first hole (RFC 6582).";
    OLD_ACK "tcp-old-ack" "K4" Chat
        "old acknowledgment, {octets} behind · its window is not taken"
        "An acknowledgment that was overtaken by a later one, or answers something stale. It changes nothing \
         (RFC 9293 §3.10.7.4).";
    DUPLICATE_ACK "tcp-duplicate-ack" "K10" Note
        "duplicate ACK {number}[ · {expected}][ · {missing} missing before {sacked}]"
        "Something arrived, but not what was due, so the receiver repeats what it waits for. Three in a row make the \
         sender repeat that segment at once (RFC 5681 §2; with selective acknowledgments RFC 6675).";
    REPEATED_ACK "tcp-repeated-ack" "K12" Chat
        "the same ACK again, number {number}[ · {why}]"
        "It repeats the last acknowledgment while nothing is outstanding, or while the other direction was not captured. \
         That is no sign of loss, although some tools count it as a duplicate ACK.";
    DUPLICATE_ARRIVAL "tcp-duplicate-arrival" "K8" Note
        "reports a duplicate arrival (D-SACK) of {octets}"
        "The receiver says that it got octets twice. This proves that a retransmission was not needed; it is no sign of \
         loss (RFC 2883).";
    CHALLENGE_ACK "tcp-challenge-ack" "K9" Note
        "challenge ACK for packet {challenged}: if you mean it, prove it"
        "An unexpected SYN, or a reset or data outside the window, is answered with the numbers that are right. A sender \
         that really lost the connection answers with a reset; a forger cannot (RFC 5961 §3–5).";
    ONE_DIRECTION "tcp-one-direction" "K13" Note
        "only {shown} was captured: the other direction is missing"
        "Without the other direction nothing can be said of round-trip times, of what was lost, or of why something was \
         sent again. Said once for the connection.";

    // ---- windows ----
    ZERO_WINDOW "tcp-zero-window" "W2" Warning
        "window closed: the application there is not reading"
        "The receiver's buffer is full, because the program does not fetch what arrived. The sender must stop until there \
         is room; the network is not to blame (RFC 9293 §3.8.6).";
    WINDOW_UPDATE "tcp-window-update" "K11" Chat
        "window {window}[ · open again after {closed}, {probes probe}]"
        "Nothing but the window changed: the receiving program fetched data and there is room again. After a closed window \
         this ends the episode (RFC 9293 §3.8.6).";
    WINDOW_REDUCED "tcp-window-reduced" "K11" Chat
        "window smaller by {octets}"
        "The announced window fell although no data were acknowledged; its right edge did not move back (RFC 9293 §3.8.6).";
    WINDOW_FULL "tcp-window-full" "W3" Note
        "window full: all of the other side's {window} is used, the sender must wait"
        "The sender has used all the room the receiver announced. Not a fault by itself, but while it lasts the receiver's \
         buffer, not the network, limits the speed (RFC 9293 §3.8.6).";
    WINDOW_SHRUNK "tcp-window-shrunk" "W5" Warning
        "window shrunk: its right edge moved back by {octets}"
        "The receiver takes back room that it had promised. The standard warns against it; a sender may already have sent \
         into it (RFC 9293 §3.8.6, SHLD-14).";
    LOW_WINDOW "tcp-low-window" "W4" Note
        "window below one segment ({window}) for {wait}"
        "The receiver offers less than one full segment: the sender must send scraps or wait. The reading program is slow \
         or fetches tiny pieces (silly window, RFC 9293 §3.8.6.2).";

    // ---- netlab itself ----
    EVICTED "tcp-forgotten" "C6" Note
        "the table of connections is full; forgotten so far: {count}"
        "netlab keeps a limited number of connections, so that a long capture cannot fill the memory. The one that was \
         silent longest is forgotten; if it goes on, it is shown as a new one whose start was not captured.";
}
