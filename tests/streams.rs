//! Streams between simulated hosts arrive whole, whatever the wire does to their segments.

use netlab::sim::{EventKind, Reason, RunOptions, Scenario};

/// What the wire does, and how many seeds it is tried with.
const WIRES: &[(&str, u64)] = &[
    ("loss = 3", 12),
    ("loss = 15", 6),
    ("reorder = 20\nreorder_delay = \"3ms\"", 12),
    ("duplicate = 20", 6),
    ("corrupt = 5", 6),
    ("jitter = \"2ms\"", 6),
    ("loss = 5\nreorder = 10\nduplicate = 5\ncorrupt = 2\njitter = \"1ms\"", 12),
];

/// A stream each way at the same time. Each end tells the other whether what came is what was sent; the pattern's length
/// has nothing in common with a segment's, so that segments in a wrong order are noticed.
fn scenario(wire: &str) -> Scenario {
    let text = format!(
        r#"title = "streams"
actions = ["0ms server run server", "10ms client run client"]
expect = ['client recv_exactly "whole"', 'server recv_exactly "whole"']
[host.client]
address = "192.0.2.10/24"
[host.server]
address = "192.0.2.20/24"
[[link]]
between = ["client", "server"]
{wire}
[program]
server = '''
s = socket(tcp)
s.bind("", 8080)
s.listen(5)
c = s.accept()
c.sendall(repeat("abcdefghijk", 1500))
data = c.recv_exactly(23331)
if data == repeat("0123456", 3333):
    c.sendall("whole")
word = c.recv_exactly(5)
c.close()
'''
client = '''
s = socket(tcp)
s.connect("server", 8080)
s.sendall(repeat("0123456", 3333))
data = s.recv_exactly(16500)
if data == repeat("abcdefghijk", 1500):
    s.sendall("whole")
word = s.recv_exactly(5)
s.close()
'''
"#
    );
    Scenario::parse("streams", &text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn s38_streams_arrive_whole_through_loss_reordering_duplicates_and_damage() {
    let mut struck = 0;
    for (wire, seeds) in WIRES {
        let scenario = scenario(wire);
        for seed in 1..=*seeds {
            let run = scenario.run(&RunOptions { seed: Some(seed), tap_all: false, ..RunOptions::default() });
            for (expectation, outcome) in scenario.expectations().iter().zip(&run.outcomes) {
                assert_eq!(outcome, &Ok(()), "{wire:?}, seed {seed}: {}", expectation.line);
            }
            assert!(run.books.is_ok(), "{wire:?}, seed {seed}: {:?}", run.books);
            for device in run.engine.devices() {
                for reason in [Reason::Lost, Reason::BadFcs] {
                    struck += run.engine.deed_count(device, EventKind::Dropped, reason);
                }
            }
        }
    }
    assert!(struck > 100, "the wires did hardly anything: {struck}");
}
