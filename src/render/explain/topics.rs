//! Topics that a student asks about, in a page each.

/// One page.
#[derive(Debug)]
pub struct Topic {
    /// Its name on the command line.
    pub name: &'static str,
    /// Other words for it.
    pub also: &'static [&'static str],
    /// Its heading.
    pub title: &'static str,
    /// Paragraphs, an empty line between them; lines that begin with blanks stand as they are.
    pub text: &'static str,
    /// Other topics, codes and rules.
    pub see: &'static [&'static str],
}

/// All of them, in the order in which a course would take them.
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "layers",
        also: &["osi", "encapsulation"],
        title: "Layers: how a message is wrapped",
        text: "A program's message is wrapped several times before it leaves the machine, each wrapping by one layer \
               with one job:

  application   the message itself               \"hello!\"
  transport     ports; TCP adds order and care   TCP or UDP header
  network       addresses across networks        IP header
  link          the next machine on this wire    Ethernet header
  physical      signals

Each layer looks only at its own header and treats the rest as cargo. A bridge reads the Ethernet header, a router the IP \
               header, and only the two ends read TCP and what lies in it.

The price is visible: an acknowledgment without data takes at least 14 + 20 + 20 octets of headers. `netlab read -V` shows \
               every layer's fields with their octets.",
        see: &["arp", "ports", "mtu"],
    },
    Topic {
        name: "arp",
        also: &["mac"],
        title: "ARP: which MAC address belongs to this IP address?",
        text: "IP says which machine is meant, but a frame needs the MAC address of the next machine on this link. ARP asks \
               for it: \"who has 192.0.2.7? tell 192.0.2.1\" goes to everybody (broadcast), and only the owner answers, to \
               the asker alone. The answer is remembered for a while.

ARP works on one link only. For an address in another network the sender asks for the MAC address of its gateway instead, \
               and the frame then carries the far IP address inside a frame to the near router.

ARP believes whoever answers. Two answers to one question, or an address that suddenly moves to another MAC, is a conflict, \
               a fail-over, or an attack; netlab tells which by who goes on answering (rule L3).",
        see: &["layers", "switch", "router", "L1", "L3"],
    },
    Topic {
        name: "switch",
        also: &["bridge"],
        title: "Switches: learn, forward, flood, filter",
        text: "A switch (the standard says bridge) reads two things of a frame. From the source address it learns behind \
               which of its ports that machine is. By the destination address it decides: known, and behind another \
               port: forward there; behind the same port: filter (drop); unknown, or broadcast: flood to all other ports.

What is learned is forgotten after some minutes of silence. A machine that moves to another port is learned anew as soon as \
               it says something.

A switch never changes the frame, and it does not read IP. That is why one broadcast reaches every port, and why two \
               switches in a circle multiply it for ever.",
        see: &["broadcast-storm", "arp", "router"],
    },
    Topic {
        name: "broadcast-storm",
        also: &["storm", "loop"],
        title: "Broadcast storm: a circle of switches",
        text: "Two cables between the same two switches make a circle. A broadcast is flooded into both, comes back by the \
               other, is flooded again, and so on. An Ethernet header has no hop limit: nothing ever stops the frame, and \
               each turn may double it. Within a second the links are full.

The proof in a capture is the same frame, octet for octet, again and again within milliseconds (rule L6). The cure is the \
               spanning tree protocol, which blocks links until no circle is left, or a router between the parts, since \
               routers do not forward broadcasts.",
        see: &["switch", "L6"],
    },
    Topic {
        name: "router",
        also: &["gateway"],
        title: "Routers and gateways: from one network to the next",
        text: "A router joins networks. It takes a packet out of its frame, lowers the TTL by one (and drops it at zero, with \
               an ICMP message to the sender), looks for the longest prefix in its table that contains the destination, \
               and puts the packet into a new frame for the next machine.

So on the way the MAC addresses change at every router, while the IP addresses stay (unless a NAT rewrites them). Seen on \
               both sides of a router, one packet has two pairs of MAC addresses and a TTL smaller by one: netlab counts \
               it once (rule P5).

A host's gateway must lie in the host's own network, or it could not be reached by ARP.",
        see: &["arp", "subnet", "mtu"],
    },
    Topic {
        name: "subnet",
        also: &["mask", "netmask", "prefix"],
        title: "Subnets: address AND mask",
        text: "A mask says which bits of an address name the network: /24, or 255.255.255.0, means the first 24. Before \
               sending, a host computes (its address AND its mask) and (the destination AND its mask). Equal: the \
               destination is a neighbour, ask for its MAC by ARP. Different: send it to the gateway.

    192.0.2.77   11000000.00000000.00000010.01001101
  & /26          11111111.11111111.11111111.11000000
  = 192.0.2.64   the network; hosts .65 to .126, broadcast .127

Two hosts with different masks may disagree about who is a neighbour: then one asks by ARP and the other answers through \
               the gateway, and some things work while others do not. `netlab subnet` does the sums.",
        see: &["arp", "router", "N1", "N3"],
    },
    Topic {
        name: "ports",
        also: &["socket"],
        title: "Ports: which program on the machine",
        text: "An address names a machine, a port a program on it. A server waits at a port that clients know (80, 443); a \
               client gets any free one. A TCP connection is named by both addresses and both ports together, so one \
               server port serves any number of clients.

A SYN to a port tells three states: answered by SYN,ACK: somebody listens; by a reset: nobody does; by nothing: a firewall \
               drops it, or the host is not there.",
        see: &["handshake", "tcp-unanswered", "R1"],
    },
    Topic {
        name: "handshake",
        also: &["open", "syn", "three-way"],
        title: "The three-way handshake",
        text: "    A                                   B
    SYN, my numbers begin at x    ──▶   SYN-SENT / LISTEN
                            ◀──   SYN,ACK, mine begin at y, I heard x   SYN-RECEIVED
    ACK, I heard y                ──▶   ESTABLISHED both

Three steps are needed because each side must tell its first number and hear that it was understood; the answer and the \
               own number of B fit into one segment. The SYN itself takes one number, so the first octet is x + 1.

The SYNs also agree on options: largest segment (MSS), window scale, selective acknowledgments, timestamps. An option that \
               is not in both is not used, and if the handshake is missing in a capture, nobody can know them.

Both sides may also ask at once (simultaneous open), or the answer may come in two pieces (split handshake): netlab names \
               these, and one connection results.",
        see: &["teardown", "states", "tcp-handshake-1", "tcp-simultaneous-open", "H7", "H8"],
    },
    Topic {
        name: "teardown",
        also: &["close", "fin", "four-way"],
        title: "The close: four segments, three, or two at once",
        text: "A connection is two one-way streams, and each is closed on its own by a FIN: \"I have nothing more to send\".

    FIN          ──▶   A FIN-WAIT-1, B CLOSE-WAIT
          ◀──   ACK    A FIN-WAIT-2
          ◀──   FIN    B LAST-ACK, A TIME-WAIT
    ACK          ──▶   B CLOSED

Either side may be first, and the end of a process sends the FIN too. If B has nothing more to say it puts ACK and FIN into \
               one segment: three segments. Between steps 2 and 3 B may go on sending: a half-close. If both send their FIN \
               at once, both pass CLOSING and both keep TIME-WAIT.

Whoever closes first keeps TIME-WAIT for a minute or more, so that its last ACK can be repeated and old segments die out.",
        see: &["time-wait", "states", "reset", "tcp-half-close", "T3"],
    },
    Topic {
        name: "states",
        also: &["tcp-states"],
        title: "The states of a TCP end",
        text: "RFC 9293 knows eleven states. netlab prints both ends' states as they follow from what passed the capture \
               point; the true state changes a little earlier at the sender and a little later at the receiver.

  LISTEN, SYN-SENT, SYN-RECEIVED            being opened
  ESTABLISHED                               open both ways
  FIN-WAIT-1, FIN-WAIT-2, CLOSING           this side closed first
  CLOSE-WAIT, LAST-ACK                      the other side closed first
  TIME-WAIT, CLOSED                         over

Many connections in CLOSE-WAIT on a server mean that its program never closes its sockets. Many in SYN-RECEIVED are half-open: \
               lost steps, or a flood.",
        see: &["handshake", "teardown", "time-wait"],
    },
    Topic {
        name: "time-wait",
        also: &["address-already-in-use", "eaddrinuse", "so_reuseaddr"],
        title: "TIME-WAIT, and \"address already in use\"",
        text: "The side that sent the first FIN keeps the connection in TIME-WAIT: 60 seconds on Linux, up to four minutes by \
               the standard. If a server closed first and is started again, bind() finds its port still in use and fails with \
               EADDRINUSE; if the client closed first, there is no such wait.

The cure is SO_REUSEADDR before bind(): it allows a listening socket beside connections in TIME-WAIT, and is safe for that. \
               Ending connections with a reset to avoid TIME-WAIT is not.

`netlab analyze --connection N` says who keeps it and until when.",
        see: &["teardown", "tcp-time-wait", "3.5.3", "3.5.4"],
    },
    Topic {
        name: "reset",
        also: &["rst", "connection-reset"],
        title: "Resets: why a connection ended at once",
        text: "A reset (RST) ends a connection without a farewell; the other program gets \"connection reset by peer\" or \
               \"broken pipe\". Its form tells why:

  RST,ACK answering a SYN                     nothing listens on that port
  RST without ACK, at the number acknowledged the segment hit a socket that was closed already, or never existed
  RST,ACK at the sender's next number         the program aborted: unread data, or linger 0

The usual accident: one side closes, the other, not knowing, sends once more. The first answer to that is a reset, and only \
               the *next* send fails. The error then says nothing about the true reason, which was the close.

A reset counts only at exactly the number expected. Elsewhere a modern system answers with a challenge ACK, which is what \
               makes forged resets hard.",
        see: &["teardown", "tcp-reset", "tcp-reset-ignored", "R3", "R4"],
    },
    Topic {
        name: "retransmission",
        also: &["loss", "lost", "duplicate-ack"],
        title: "Loss and repair in TCP",
        text: "The receiver acknowledges the next octet it waits for. If a segment is lost, everything after it makes the \
               receiver repeat that number (duplicate ACKs) and, with SACK, say what it has further on. Three duplicates: the \
               sender repeats the segment at once (fast retransmission). Nothing at all: it waits for its timer (timeout), \
               which doubles each time; before that it may probe with the last segment (tail-loss probe).

A segment that passes twice is a retransmission; a segment that fills a hole may be one, or may only have been overtaken. \
               netlab decides by evidence, strongest first: IP identification, timestamps, what was asked for, and how long it \
               took; and says *undecided* when nothing fits.

Some retransmissions were not needed, because the first copy had arrived: the receiver's D-SACK, or an echoed timestamp, \
               proves it later, and netlab corrects its verdict.",
        see: &["window", "tcp-fast-retransmission", "tcp-timeout-retransmission", "tcp-unneeded-retransmission", "D15", "D25"],
    },
    Topic {
        name: "window",
        also: &["flow-control", "zero-window"],
        title: "Windows: how much the receiver can take",
        text: "Every segment tells how many octets its sender can still take. The other side must not send beyond that. If \
               the program does not read, the buffer fills, the window shrinks to zero, and everything stops: that is the \
               program's doing, not the network's. The sender then probes until there is room again.

The header has 16 bits for it; the window scale option of the SYNs shifts them left. Without the SYNs in the capture the scale \
               is unknown, and netlab says so rather than call a window full.

`netlab analyze --connection N` shows how much of the time was spent waiting for the window, for acknowledgments, for repairs, \
               or for the program that had nothing to send.",
        see: &["retransmission", "tcp-zero-window", "tcp-window-full", "W1", "Q6"],
    },
    Topic {
        name: "nagle",
        also: &["nodelay", "delayed-ack"],
        title: "Nagle and delayed ACKs",
        text: "Nagle's rule: while a small segment is unacknowledged, further small writes wait and are joined. The delayed \
               ACK: a receiver may wait up to half a second (usually 40 ms) before it acknowledges, hoping to send data with \
               it. Together, a program that writes twice and then waits for an answer loses 40 ms each time.

It happens less than people say. If nothing is unacknowledged, a write leaves at once, with Nagle or without; and messages \
               are mostly joined in the receiver's buffer, not by Nagle (see framing). TCP_NODELAY switches the rule off; one \
               larger write is better.",
        see: &["framing", "tcp-nagle-delayed-ack", "Q7"],
    },
    Topic {
        name: "framing",
        also: &["sticky", "sticky-packets", "message-boundaries", "黏包"],
        title: "Framing: TCP keeps no message boundaries",
        text: "TCP carries a stream of octets. Two sends of \"hello\" and \"egg\" may be read as \"helloegg\", as \"hello\" and \
               \"egg\", or in any other pieces: recv(n) returns what has arrived, at most n octets. Nothing is broken when \
               messages stick together; the program has to say where each one ends.

  length first     4 octets with the length, then the message: struct.pack('!I', len(data))
  an end mark      a line break, or another octet that cannot occur inside
  fixed size       every message equally long

And a reader must go on reading until it has a whole message: a single recv may return less. The length must be in network \
               byte order ('!I' or '>I'), or machines will disagree.

UDP keeps boundaries: one datagram is one message. But it may lose, repeat and reorder them. `netlab messages` shows where the \
               messages of a stream begin and end, and where they were joined.",
        see: &["nagle", "udp-limit"],
    },
    Topic {
        name: "udp-limit",
        also: &["65507", "udp-size", "emsgsize"],
        title: "How large a UDP datagram can be: 65507 octets",
        text: "The total length of an IPv4 packet is a 16-bit number:

  65535   largest IP packet
   - 20   IP header
   -  8   UDP header
  65507   octets of data

One more and the send fails in the sender itself (EMSGSIZE, \"message too long\"); nothing appears on the wire, so no capture \
               can show it. IPv6 allows 65527.

Long before that the datagram is cut into fragments: at an MTU of 1500, 65507 octets take 45, and losing any one of them loses \
               all. At 1 % loss per fragment, 36 % of such datagrams never arrive. A datagram of 0 octets is real and arrives.",
        see: &["fragments", "mtu", "framing", "U3"],
    },
    Topic {
        name: "mtu",
        also: &["mss", "path-mtu"],
        title: "MTU, MSS and the path",
        text: "The MTU is the largest IP packet a link takes: 1500 on Ethernet. The MSS is what is left for data: 1500 - 20 \
               (IP) - 20 (TCP) = 1460; timestamps take 12 more. Each side announces its MSS in its SYN. An MSS of 1452 suggests \
               PPPoE, 1360 to 1400 a tunnel.

If a link on the way takes less, and the packet says don't-fragment, the router drops it and reports the size that fits (ICMP \
               too big). If that message is filtered, large segments vanish while small ones pass: the handshake works, and the \
               first full segment hangs. That is a path MTU black hole.",
        see: &["fragments", "M3", "H18"],
    },
    Topic {
        name: "fragments",
        also: &["fragmentation"],
        title: "IP fragments",
        text: "A packet larger than the MTU is cut into pieces that share an identification; each tells its offset in units of 8 \
               octets, and all but the last that more follow. Only the destination joins them. If one is missing at the end of \
               its patience (30 s on Linux), all are thrown away.

  2000 octets + 8 (UDP) = 2008; 1500 - 20 = 1480 for each piece
  piece 1: offset 0, octets 0-1479, more follow; piece 2: offset 1480 = 185 x 8, octets 1480-2007, the last

Ports stand in the first piece only, so filters on ports miss the others. Overlapping pieces are an attack: systems disagree \
               about which copy wins, so a guard and its host may read different messages.",
        see: &["mtu", "udp-limit", "FR6", "FR8"],
    },
    Topic {
        name: "checksum",
        also: &["offload"],
        title: "Checksums, and why they look wrong on the sender",
        text: "TCP, UDP and IP headers carry a sum over their octets; a receiver drops what does not fit, without a word. On the \
               sending host a capture often shows wrong sums in everything it sends: the system leaves them to the network card, \
               and the capture sees the packet before. netlab recognises that (all of a sender's sums wrong, or holding just the \
               pseudo-header's sum) and calls only the others bad.",
        see: &["checksum-bad", "P3", "capture-health"],
    },
    Topic {
        name: "capture-health",
        also: &["health", "capture"],
        title: "How far a capture can be believed",
        text: "Half of all false alarms come from the capture, not from the network: packets captured twice at a mirror port, \
               packets that the capturing machine dropped, one direction only, cut packets, giants that the card joined, clocks \
               that step back. netlab counts these first and says which findings they weaken.

Where the capture was made matters too. Near the sender a lost segment is seen twice; near the receiver only the second copy \
               is. The ways from the capture point to both sides, which the handshake shows, tell which it is.",
        see: &["checksum", "retransmission", "P5", "P9"],
    },
];
