//! A live capture may run for a month: connections come and go by the million, and memory stays what it is.

#[path = "tcp/bench.rs"]
mod bench;
#[path = "../xtask/src/captures/tcp/talk.rs"]
#[allow(dead_code)]
mod talk;

use netlab::analysis::Notes;
use netlab::analysis::tcp::TcpTracker;
use netlab::base::Timestamp;
use netlab::base::limits::MAX_TCP_CONNECTIONS_OVER;
use netlab::packet::{Meta, Packet, RawPacket};
use netlab::wire::LinkType;
use talk::{Frame, START_US, Talk};

const MONTH_US: u64 = 30 * 24 * 3600 * 1_000_000;
/// Connections remembered at once: the month replaces each of them many times over.
const ROOM: usize = 4096;

/// What connections of a month look like: whole ones, attempts, losses that are never repaired, ends that never come.
fn kinds() -> Vec<Talk> {
    let mut whole = Talk::new().with_timestamps();
    whole.open(2000);
    whole.wait(1).a().octets(700).go();
    whole.wait(1).b().octets(1400).go();
    whole.wait(1).a().go();
    whole.close(1000);
    let mut attempt = Talk::new();
    attempt.a().syn().go();
    attempt.wait(1000).a().at(0).syn().go();
    let mut half_open = Talk::new();
    half_open.a().syn().go();
    half_open.wait(1).b().syn().go();
    let mut lossy = Talk::new();
    lossy.open(2000);
    for number in 0..12 {
        lossy.wait_us(50).a().octets(900).undelivered();
        if number % 3 == 1 {
            lossy.wait_us(50).a().octets(900).lost();
        }
        lossy.wait_us(50).b().ack(1).sack(&[(1801, 2701)]).go();
    }
    lossy.wait(300).a().at(1).octets(900).go();
    lossy.wait(1).a().rst().go();
    let mut closed_window = Talk::new();
    closed_window.open(2000);
    closed_window.wait(1).a().octets(900).go();
    closed_window.wait(1).b().window(0).go();
    closed_window.wait(250).a().at(900).go();
    vec![whole, attempt, half_open, lossy, closed_window]
}

/// A frame with the address and the port of a client of its own. Both come again, long after they were forgotten.
fn of_client(connection: u64, frame: &Frame, kind: &Talk) -> Vec<u8> {
    let mut octets = frame.octets.clone();
    let from_client = octets[26..30] == kind.ends[0].ip;
    let (address, port) = if from_client { (26, 34) } else { (30, 36) };
    octets[address + 1..address + 4].copy_from_slice(&((connection / 40_000) as u32).to_be_bytes()[1..]);
    octets[port..port + 2].copy_from_slice(&(10_000 + (connection % 40_000) as u16).to_be_bytes());
    octets
}

/// Octets that this process occupies.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(text.split_whitespace().nth(1)?.parse::<u64>().ok()? * 4096)
}

#[test]
fn c6_a_month_of_connections_leaves_memory_flat_and_evictions_announced() {
    let connections: u64 = if std::env::var_os("NETLAB_SLOW").is_some() { 5_000_000 } else { 120_000 };
    let kinds = kinds();
    let mut tracker = TcpTracker::with_room(ROOM);
    let mut notes = Notes::default();
    let (mut number, mut announced, mut settled) = (0, 0u64, 0u64);
    let mut early = None;
    for connection in 0..connections {
        let kind = &kinds[(connection % kinds.len() as u64) as usize];
        let start = connection * (MONTH_US / connections);
        for frame in &kind.frames {
            number += 1;
            let octets = of_client(connection, frame, kind);
            let at = Timestamp::from_nanos((frame.at_us - START_US + START_US + start) * 1000);
            let meta = Meta::new(number, at, LinkType::ETHERNET, frame.wire_len);
            let packet = Packet::decode(RawPacket { meta, bytes: &octets });
            tracker.observe(&packet, false, &mut notes);
            announced += notes.fresh.iter().filter(|note| note.code() == "tcp-forgotten").count() as u64;
            settled += notes.settled.len() as u64;
            notes.clear();
        }
        if connection == connections / 4 {
            early = resident();
        }
    }
    let forgotten = connections - ROOM as u64;
    let health = tracker.health();
    assert_eq!(health.forgotten_connections, forgotten);
    // Said at the first, the second, the fourth, …: a month of them must not fill the screen.
    assert_eq!(announced, u64::from(forgotten.ilog2()) + 1);
    assert_eq!(tracker.connections().len(), ROOM);
    assert!(settled > connections / 5, "verdicts that waited were settled: {settled}");
    let (Some(early), Some(late)) = (early, resident()) else {
        println!("skipped: the memory of this process cannot be read here");
        return;
    };
    println!("{number} segments of {connections} connections; {} MB, then {} MB", early >> 20, late >> 20);
    // The report just made of all connections is in it too.
    assert!(late <= early + early / 10 + (24 << 20), "memory grew from {early} to {late} octets");
}

#[test]
fn a_report_of_the_first_connections_says_the_same_as_one_of_all() {
    const LISTED: usize = 100;
    let kinds = kinds();
    let connections = 3 * MAX_TCP_CONNECTIONS_OVER as u64;
    let mut trackers = [TcpTracker::new(), TcpTracker::listing(LISTED as u64)];
    let mut number = 0;
    let mut observe = |connection: u64, at_us: u64, frame: &Frame, kind: &Talk| {
        number += 1;
        let octets = of_client(connection, frame, kind);
        let meta = Meta::new(number, Timestamp::from_nanos(at_us * 1000), LinkType::ETHERNET, frame.wire_len);
        let packet = Packet::decode(RawPacket { meta, bytes: &octets });
        let said = trackers.each_mut().map(|tracker| {
            let mut notes = Notes::default();
            tracker.observe(&packet, false, &mut notes);
            (notes.fresh, notes.settled, notes.context)
        });
        assert_eq!(said[0], said[1], "packet {number}");
        said[0].2
    };
    for connection in 0..connections {
        let kind = &kinds[(connection % kinds.len() as u64) as usize];
        for frame in &kind.frames {
            observe(connection, frame.at_us + connection * 1000, frame, kind);
        }
    }
    // What comes between the sockets of one that is long over belongs to another connection, whoever asks.
    let whole = &kinds[0];
    let late = observe(0, START_US + connections * 1000, &whole.frames[3], whole);
    assert_eq!(late.connection, Some(connections));
    let ends = trackers.each_mut().map(|tracker| {
        let mut notes = Notes::default();
        tracker.finish(&mut notes);
        (notes.fresh, notes.settled, tracker.health())
    });
    assert_eq!(ends[0], ends[1]);
    let [all, first] = trackers.each_mut().map(TcpTracker::take_connections);
    assert_eq!((all.0.len(), all.1), (connections as usize + 1, 0));
    assert_eq!((first.0.len(), first.1), (LISTED, connections as usize + 1 - LISTED));
    assert_eq!(serde_json::to_string(&all.0[..LISTED]).ok(), serde_json::to_string(&first.0).ok());
}
