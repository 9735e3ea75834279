//! Every cap in the program, each with one line of why. Memory stays bounded in a capture that runs for a month.

// ---- wire ----

/// Layers kept of one frame. Real stacks of tunnels stay below ten; what nests deeper is an attack or a loop.
pub const MAX_LAYERS: usize = 64;
/// Issues kept of one frame: the first ones explain the rest.
pub const MAX_ISSUES: usize = 16;

// ---- capture ----

/// Octets of one packet record that are believed. tcpdump's largest snap length; GRO and BIG TCP stay below 512 KiB.
pub const MAX_RECORD_LEN: usize = 4 << 20;
/// Interfaces told apart in one capture. Hosts of many containers have some thousands; a file of nothing but interface
/// descriptions would name millions.
pub const MAX_INTERFACES: usize = 16_384;
/// Comments taken from one block of a pcapng file. People write one or two; a block could hold millions of empty ones.
pub const MAX_REMARKS_OF_BLOCK: usize = 256;
/// Captures read as one. Each keeps a file open and a buffer of 64 KiB.
pub const MAX_INPUTS: usize = 512;

/// Comments kept for the next packet that is written: what was lost or settled since the one before.
pub const MAX_WAITING_COMMENTS: usize = 64;

// ---- pipeline ----

/// Packets whose lines wait for a verdict: about a second of a fast transfer, after which "undecided" is the answer.
pub const MAX_HELD_PACKETS: usize = 16_384;
/// Octets of packets whose lines wait for a verdict.
pub const MAX_HELD_OCTETS: usize = 16 << 20;
/// Packets that travel together from the thread that analyzes to the one that prints: enough that the travel is nothing
/// beside what is done with them, few enough that they stay in the cache.
pub const MAX_PARCEL_PACKETS: usize = 256;
/// Octets of packets that travel together.
pub const MAX_PARCEL_OCTETS: usize = 128 << 10;
/// Parcels on their way: one thread may be so far ahead of the other. With few, threads that share a processor stop each other
/// all the time.
pub const MAX_PARCELS: usize = 16;

// ---- pages ----

/// Packets of which a page holds the details: about 5 MB, which open in a moment.
pub const MAX_PAGE_PACKETS: usize = 100_000;
/// Of those, packets of one connection, so that one long transfer does not push out all others.
pub const MAX_PAGE_PACKETS_OF_CONNECTION: usize = 20_000;
/// Connections that a page lists, about 1 KB each.
pub const MAX_PAGE_CONNECTIONS: usize = 20_000;
/// Rows of each other table of a page: nobody reads more, and a scan has any number.
pub const MAX_PAGE_ROWS: usize = 5000;
/// Packets listed of one finding of a page.
pub const MAX_PAGE_FINDING_PACKETS: usize = 20;
/// Octets of one connection in which a page looks for messages, and of all connections together.
pub const MAX_PAGE_STREAM_OCTETS: usize = 256 << 10;
/// See [`MAX_PAGE_STREAM_OCTETS`].
pub const MAX_PAGE_STREAMS_OCTETS: usize = 16 << 20;
/// Segments and messages that a page lists of one direction of a connection.
pub const MAX_PAGE_LISTED: usize = 100;

// ---- live screen ----

/// Packets that a screen lets one look at.
pub const MAX_SCREEN_PACKETS: usize = 10_000;
/// Octets of those.
pub const MAX_SCREEN_OCTETS: usize = 32 << 20;
/// Conversations that a screen lists; the one silent longest makes room.
pub const MAX_SCREEN_CONVERSATIONS: usize = 2000;
/// Kinds of trouble that a screen lists; the one said longest ago makes room.
pub const MAX_SCREEN_FINDINGS: usize = 500;
/// Seconds whose rates a screen draws: the columns of a very wide terminal.
pub const MAX_SCREEN_SECONDS: usize = 400;

// ---- filter ----

/// Octets of a filter. Filters made by scripts list hundreds of addresses; more belongs into a file of its own.
pub const MAX_FILTER_LEN: usize = 1 << 20;
/// Parentheses and negations inside one another. People stop at ten; the parser is recursive.
pub const MAX_FILTER_DEPTH: usize = 64;
/// Headers that `protochain` goes through. Hosts may stop at eight (RFC 8504 §5.3); real chains have three at most.
pub const MAX_CHAINED_HEADERS: usize = 16;
/// Packets of which is remembered that a display filter showed them, so that a late note finds its line. Notes that come
/// later than that many packets are rare, and are then left out.
pub const MAX_SHOWN_PACKETS: usize = 1 << 16;
/// Instructions of a filter program in the kernel: BPF_MAXINSNS of linux/bpf_common.h, less what a live capture puts in
/// front.
pub const MAX_KERNEL_INSTRUCTIONS: usize = 4096 - 16;

// ---- analysis: totals and hosts ----

/// Different stacks of layers counted apart: real captures have some dozens, forged ones any number.
pub const MAX_STACKS: usize = 4096;

/// Flows of which is remembered where the trackers have what belongs to them, 64 octets each: as many as a busy site has at
/// once, and no more memory than a report may take. The table begins small and grows with the flows; both are powers of two.
pub const MAX_FLOWS: usize = 1 << 18;
/// See [`MAX_FLOWS`].
pub const LEAST_FLOWS: usize = 1024;
/// Packets remembered to find copies of them and what ICMP errors quote: some milliseconds of a busy link.
pub const RECENT_PACKETS: usize = 4096;
/// Senders whose checksums are judged apart; those after them are judged packet by packet.
pub const MAX_CHECKSUM_SOURCES: usize = 4096;
/// Addresses counted apart, 64 octets each: more than any site has, fewer than a forging sender can send.
pub const MAX_ENDPOINTS: usize = 1 << 17;
/// Different findings of a report: nobody reads more.
pub const MAX_FINDINGS: usize = 1 << 14;
/// Packets listed of one finding; the count goes on.
pub const MAX_FINDING_PACKETS: usize = 1000;

// ---- analysis: tcp ----

/// Connections remembered at once, at somewhat below 1 KiB each. Beyond, the one silent longest is forgotten, and said so.
pub const MAX_TCP_CONNECTIONS: usize = 1 << 18;
/// TCP connections remembered whole after their end: late copies and resends come soon. Of those before them only what a
/// report lists is kept, and what comes between their sockets belongs to another connection.
pub const MAX_TCP_CONNECTIONS_OVER: usize = 4096;
/// Acknowledged segments remembered of a direction in which something went wrong: resent ones are compared with them.
pub const TCP_HISTORY: usize = 24;
/// The same of a direction in which nothing has.
pub const TCP_SHORT_HISTORY: usize = 4;
/// Ranges kept of one direction where holes or selective acknowledgments are many.
pub const MAX_TCP_RANGES: usize = 256;
/// Verdicts of one direction that wait for a later packet; beyond, the oldest stands as it is.
pub const MAX_TCP_PENDING: usize = 128;
/// Octets of data kept, of all connections together, to compare retransmissions with what was sent first.
pub const TCP_CONTENT_RING: usize = 16 << 20;
/// Octets of one direction of a stream put together in memory to be shown; what is larger can be extracted to a file.
pub const MAX_TCP_STREAM_LEN: usize = 256 << 20;
/// Listening sockets whose half-open connections are counted, and sockets of connections without a beginning.
pub const MAX_TCP_SERVERS: usize = 1 << 12;
/// So many half-open connections at one socket, for so long, with fewer completed meanwhile, are called a flood. Linux's
/// smallest usual backlog is 128.
pub const TCP_FLOOD_HALF_OPEN: u32 = 64;
/// The longest round trips, and the first repetitions of a SYN,ACK, fit into it.
pub const TCP_FLOOD_NANOS: u64 = 3_000_000_000;
/// With fewer half-open connections no server resorts to SYN cookies.
pub const TCP_COOKIE_HALF_OPEN: u32 = 16;
/// Holes in so many connections within so long a time are a gap of the capture.
pub const TCP_BURST_CONNECTIONS: usize = 6;
/// Queues of cards and captures overflow for some milliseconds.
pub const TCP_BURST_NANOS: u64 = 50_000_000;
/// Files of extracted streams that are open at once: well below what a process may have.
pub const MAX_OPEN_STREAM_FILES: usize = 200;
/// Streams that are extracted to files: more names no folder bears well.
pub const MAX_EXTRACTED_STREAMS: usize = 1 << 16;
/// Ranges remembered of one extracted stream, whose holes may still be filled.
pub const MAX_STREAM_RANGES: usize = 1 << 12;
/// The same of all extracted streams together.
pub const MAX_EXTRACTED_RANGES: usize = 1 << 20;
/// Packets of one connection that a ladder shows; beyond, it says how many it leaves out.
pub const MAX_LADDER_ROWS: usize = 5000;
/// A retransmission timer before anything is known of the path (RFC 6298 §2.1).
pub const TCP_INITIAL_TIMEOUT_NANOS: u64 = 1_000_000_000;
/// The floor of Linux's retransmission timer; the RFC's one second is used by few.
pub const TCP_LEAST_TIMEOUT_NANOS: u64 = 200_000_000;
/// The longest wait of Linux's timer.
pub const TCP_LONGEST_TIMEOUT_NANOS: u64 = 120_000_000_000;
/// How long a SYN may go unanswered before it is called so: less than the shortest common limit of 75 s passes only in
/// short captures, where the end decides.
pub const TCP_UNANSWERED_NANOS: u64 = 75_000_000_000;
/// How long a reset is watched for traffic that shows it was ignored.
pub const TCP_RESET_WATCH_NANOS: u64 = 3_000_000_000;
/// TIME-WAIT on Linux, as a program gets to feel it; the standard's 2 MSL would be four minutes (RFC 9293 §3.4.2). It is
/// 60 s, but timers of that length stand on a coarse level of the kernel's timer wheel, whose slots at 250 ticks a second
/// are 512 ticks (2.048 s) wide, and are rounded up to the next slot: the middle is right within 1.024 s. At 1000 ticks
/// the slots are 4.096 s wide.
pub const TCP_TIME_WAIT_NANOS: u64 = 60_000_000_000 + 1_024_000_000;

// ---- analysis: fragments ----

/// Datagrams waiting for pieces, and of those the ones of one source: a hostile sender must not push out all others.
pub const MAX_OPEN_DATAGRAMS: usize = 8192;
/// See [`MAX_OPEN_DATAGRAMS`].
pub const MAX_OPEN_DATAGRAMS_PER_SOURCE: usize = 2048;
/// Datagrams put together from pieces that were inside of datagrams put together. Tunnels in tunnels stay below three.
pub const MAX_NESTED_DATAGRAMS: usize = 8;
/// Octets that waiting pieces take; Linux allows 4 MiB (`ipfrag_high_thresh`), but a capture holds many hosts.
pub const MAX_FRAGMENT_OCTETS: usize = 64 << 20;
/// Of those, the octets of one source.
pub const MAX_FRAGMENT_OCTETS_PER_SOURCE: usize = 16 << 20;
/// Pieces of one datagram: 65535 octets in pieces of 8.
pub const MAX_PIECES_PER_DATAGRAM: usize = 8192;
/// Comparisons of pieces within one datagram; honest overlaps need a handful.
pub const MAX_COMPARISONS_PER_DATAGRAM: u32 = 65_536;
/// Overlapping pairs listed of one datagram.
pub const MAX_OVERLAPS_PER_DATAGRAM: usize = 32;
/// Datagrams remembered after their end, to know late copies and identifications used again.
pub const MAX_CLOSED_DATAGRAMS: usize = 8192;
/// Pieces remembered of each of those.
pub const MAX_CLOSED_PIECES: usize = 64;
/// Datagrams described in the report; the others are counted.
pub const MAX_FRAGMENT_REPORTS: usize = 10_000;
/// Pieces described of each of those.
pub const MAX_REPORTED_PIECES: usize = 64;
/// Packets listed by number in the report of fragments, of all datagrams together.
pub const MAX_REPORTED_FRAGMENTS: usize = 1_000_000;

// ---- analysis: arp, icmp, udp ----

/// MAC addresses described: a large switched network has some thousands, a flood of forged ones any number.
pub const MAX_HOSTS: usize = 16_384;
/// IP addresses listed of one of them.
pub const MAX_ADDRESSES_PER_HOST: usize = 16;
/// Pairs of a machine and an address that sends through it, so that each address is counted once.
pub const MAX_HOST_SOURCES: usize = 1 << 17;
/// Addresses whose owner is remembered.
pub const MAX_BINDINGS: usize = 65_536;
/// Questions that wait for an answer.
pub const MAX_ARP_QUESTIONS: usize = 4096;
/// Pairs of asker and address listed in the report.
pub const MAX_QUESTION_REPORTS: usize = 8192;
/// Machines watched for probes, sweeps and answers for others.
pub const MAX_PROBES: usize = 4096;
/// Moved addresses, proxies and sweeps listed in the report.
pub const MAX_ARP_CHANGES: usize = 1024;
/// Hosts whose mask is inferred.
pub const MAX_MASKS: usize = 8192;
/// Broadcast frames remembered to find copies that a loop makes: those of some tenths of a second.
pub const RECENT_BROADCASTS: usize = 1024;
/// Storms, and destinations of flooded frames, listed in the report.
pub const MAX_STORMS: usize = 256;
/// Destinations watched for flooding.
pub const MAX_FLOODED: usize = 4096;
/// UDP conversations remembered; the longest quiet one makes room.
pub const MAX_UDP_CONVERSATIONS: usize = 65_536;
/// Questions of one conversation that wait for an answer.
pub const MAX_UDP_QUESTIONS: usize = 32;
/// Pings, and ICMP errors by what they say, that are remembered.
pub const MAX_ICMP_ROWS: usize = 16_384;
/// Echo requests of one ping that wait for their reply.
pub const MAX_ECHO_WAITING: usize = 1024;
/// Flows of TCP of which path MTU trouble is watched for.
pub const MAX_PATH_FLOWS: usize = 65_536;

// ---- messages ----

/// Octets of one direction of a stream that are looked at for messages; what follows is said to be left out.
pub const MAX_STREAM_OCTETS: usize = 256 << 20;
/// Series of `recv` results that are listed; beyond it only each call's results are.
pub const MAX_RECV_OUTCOMES: usize = 4096;
/// Borders of segments that a prediction looks at.
pub const MAX_RECV_STATES: usize = 1 << 16;

/// Messages of a stream that are kept apart; a stream of tiny messages has no end.
pub const MAX_MESSAGES: usize = 1 << 20;

/// Pairs of UDP end points whose datagrams are listed as messages.
pub const MAX_UDP_TALKS: usize = 1 << 14;
/// Datagrams listed of one pair; the count goes on.
pub const MAX_DATAGRAMS: usize = 1000;
/// Connections whose times are kept to see how servers serve, 200 octets each.
pub const MAX_LIVES: usize = 1 << 16;

// ---- sim ----

/// Records kept of one run: about half a gigabyte. A storm reaches it in a second; the counters go on.
pub const MAX_SIM_RECORDS: usize = 8_000_000;
/// Records of a run that is filmed step by step for a page: an hour to watch, and some megabytes.
pub const MAX_FILM_RECORDS: usize = 20_000;
/// Rows of tables in the snapshots of a film.
pub const MAX_FILM_ROWS: usize = 400_000;
/// Frames kept at one tap.
pub const MAX_TAPPED_FRAMES: usize = 4_000_000;
/// Addresses that a bridge remembers: more than any real one does.
pub const MAX_FDB_ENTRIES: usize = 1 << 20;
/// Neighbours that a node remembers: Linux stops at 1,024 by default (gc_thresh3); a LAN for measuring has more.
pub const MAX_NEIGHBOURS: usize = 8192;
/// Packets that wait for one neighbour's address (Linux: 101).
pub const MAX_WAITING_PACKETS: usize = 101;
/// Octets that wait for one neighbour's address (Linux: 212,992).
pub const MAX_WAITING_OCTETS: usize = 212_992;
/// Datagrams of which a node waits for fragments.
pub const MAX_REASSEMBLIES: usize = 256;
/// Routes of a node.
pub const MAX_ROUTES: usize = 65_536;
/// Pings, traces and the like that a node is told to do.
pub const MAX_JOBS: usize = 65_535;
/// Sockets of one node.
pub const MAX_SOCKETS: usize = 65_536;

// ---- sim: replay ----

/// Frames of a capture that are replayed, and their octets: all are held in memory, as one must know every station
/// before the first frame can enter.
pub const MAX_REPLAY_FRAMES: usize = 8_000_000;
/// See [`MAX_REPLAY_FRAMES`].
pub const MAX_REPLAY_OCTETS: usize = 6 << 30;
/// The longest frame: an offloaded giant of 64 KiB with its headers.
pub const MAX_REPLAY_FRAME_LEN: usize = 1 << 17;
/// MAC addresses told apart in a capture: a flood of forged ones has any number, a site some thousands.
pub const MAX_REPLAY_STATIONS: usize = 16_384;
/// IP addresses listed of one of them: those behind a router to the internet are many, and the first ones tell enough.
pub const MAX_STATION_ADDRESSES: usize = 1024;
/// Frames remembered to know copies that a mirror port made: those of a millisecond at 10 Gbit/s.
pub const RECENT_REPLAY_FRAMES: usize = 16_384;
/// Conversations that are driven anew: each is two programs with their sockets.
pub const MAX_DRIVEN_TALKS: usize = 4096;
/// Octets that those conversations say with the contents that they have in the capture; what is beyond is zeros.
pub const MAX_DRIVEN_OCTETS: usize = 1 << 30;
/// The longest gap in a captured stream that is taken for octets that were sent and not captured: the largest window of
/// most systems. What lies farther ahead is a forged number.
pub const MAX_DRIVEN_GAP: i64 = 16 << 20;
/// Frames listed one by one where the simulation differs from the capture; the count goes on.
pub const MAX_DIFFERENCES: usize = 10_000;

// ---- subnet ----

/// Blocks and ranges that are merged, compared or taken away at once: the whole routing table of the internet.
pub const MAX_SPANS: usize = 2 << 20;
/// Blocks and ranges of which every pair is compared: two million pairs take a moment, the square of more would not end.
pub const MAX_COMPARED: usize = 2000;
/// Octets of one line of standard input: no address with its mask is longer than a hundred.
pub const MAX_ADDRESS_LINE_LEN: usize = 4096;
/// Remarks about inputs that are printed: after some all are alike.
pub const MAX_REMARKS: usize = 20;
/// Rows of one table of blocks; longer lists are several tables, so that memory stays small.
pub const MAX_TABLE_ROWS: usize = 4096;
/// Octets in one value of a program.
pub const MAX_PROGRAM_OCTETS: usize = 16 << 20;
/// Steps that a program may do at one moment; more is a loop that never waits.
pub const MAX_STEPS_AT_ONCE: usize = 100_000;
/// Threads of a node's programs.
pub const MAX_THREADS: usize = 16_384;
/// Mappings of a translator: one for each port and protocol is the most that can be told apart.
pub const MAX_NAT_MAPPINGS: usize = 131_072;
/// Peers remembered of one mapping, for filtering.
pub const MAX_NAT_PEERS: usize = 1024;
/// SYNs that a translator holds for 6 s; a flood of them is then left without answers, which is what it deserves.
pub const MAX_HELD_SYNS: usize = 1024;
/// Addresses and routers that a node learns of by itself; a link has a handful.
pub const MAX_OWN_ADDRESSES: usize = 64;
/// Names whose addresses a node remembers.
pub const MAX_NAMES: usize = 4096;
