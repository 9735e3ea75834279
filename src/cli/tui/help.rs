//! The help of the screen.

/// The keys, as pairs of key and meaning; a pair without a key is a heading. It fits 80 columns and 21 rows.
pub(super) const HELP: &[(&str, &str)] = &[
    ("", "Looking around"),
    ("↑ ↓  k j", "the row before, the row after; PgUp, PgDn, Home and End as usual"),
    ("← →  h l", "the left or right part of long lines"),
    ("Tab  1 2 3", "the next pane: 1 conversations, 2 findings, 3 packets"),
    ("Enter", "open the pane: details of the row; again, or Esc, closes it"),
    ("[ ]", "scroll the details up and down"),
    ("x", "details of a packet: its fields, or its octets"),
    ("f", "packets: follow the newest · a conversation: only its packets"),
    ("", "   · a finding: the packet it was said of"),
    ("s", "order of the conversations: newest, largest, latest"),
    ("", "What is shown"),
    ("/", "display filter, as for read -Y: tcp.port == 80, note == tcp-reset"),
    ("Esc", "all packets again"),
    ("Space  p", "pause: the picture stands still, the capture goes on"),
    ("", "Leaving"),
    ("q  Ctrl-C", "end the capture"),
    ("Ctrl-Z", "to the shell; fg comes back"),
    ("", ""),
    ("", "[owner] is the process of this host that holds the socket. Of other users'"),
    ("", "processes only the user is told, unless netlab stays root (--no-drop)."),
];
