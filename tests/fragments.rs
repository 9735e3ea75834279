//! Floods of fragments: memory stays bounded, and a packet late in the flood takes no longer than an early one (rule
//! FR16).

use std::time::{Duration, Instant};

use netlab::analysis::{Fragments, Notes, Reassembly, Trust};
use netlab::base::Timestamp;
use netlab::packet::{Meta, Packet, RawPacket};
use netlab::wire::LinkType;
use netlab::wire::build::{FrameBuilder, Ipv4Fields};

/// Stretches of a flood, the last of which are timed apart.
const STRETCHES: u32 = 40;
/// Stretches that are timed; the least time of them is compared, for the machine has other work.
const TIMED: u32 = 10;
/// Stretches after which all tables are full.
const FULL_AFTER: u32 = 6;
/// A million packets in an optimized build; enough to fill every table in one that is not.
const FLOOD: u32 = if cfg!(debug_assertions) { 120_000 } else { 1_000_000 };

/// A flood under way.
struct Flood<C> {
    fragments: Fragments,
    notes: Notes,
    clock: Clock,
    number: u32,
    change: C,
    bytes: Vec<u8>,
}

impl<C: Fn(u32, &mut [u8])> Flood<C> {
    fn new(change: C) -> Flood<C> {
        let bytes = FrameBuilder::raw()
            .ipv4(Ipv4Fields::new([10, 0, 0, 1], [198, 51, 100, 2]).fragment(8, true).protocol(253))
            .payload(&[0; 8])
            .finish();
        let (fragments, notes) = (Fragments::default(), Notes::default());
        Flood { fragments, notes, clock: Clock::start(), number: 0, change, bytes }
    }

    /// Sends more packets; how long they took.
    fn send(&mut self, count: u32) -> Duration {
        let begun = self.clock.elapsed();
        for number in self.number..self.number + count {
            (self.change)(number, &mut self.bytes);
            let at = Timestamp::from_nanos(u64::from(number) * 1000);
            let meta = Meta::new(u64::from(number) + 1, at, LinkType::RAW, self.bytes.len() as u32);
            let packet = Packet::decode(RawPacket { meta, bytes: &self.bytes });
            self.notes.clear();
            if let Reassembly::Complete(assembled) = self.fragments.observe(&packet, Trust::FULL, &mut self.notes) {
                self.fragments.give_back(assembled);
            }
        }
        self.number += count;
        self.clock.elapsed() - begun
    }
}

/// Sends `count` packets made by `change` from a template of one small piece, and says how much longer a packet takes
/// near the end than near the beginning, once all tables are full. Both are timed in turns, in two floods of the same
/// packets, so that a machine that is slower for a while is so for both.
///
/// What a packet cost near the beginning and at the end of the flood is printed, with the memory that the process came to
/// hold: `cargo test --release --test fragments -- --nocapture --test-threads 1`.
fn slowdown(what: &str, count: u32, change: impl Fn(u32, &mut [u8]) + Copy) -> (f64, Fragments) {
    let stretch = count / STRETCHES;
    let (mut early, mut late) = (Flood::new(change), Flood::new(change));
    early.send(FULL_AFTER * stretch);
    late.send(count - TIMED * stretch);
    let times: Vec<_> = (0..TIMED).map(|_| (early.send(stretch), late.send(stretch))).collect();
    let nanos = |least: Option<Duration>| least.unwrap_or_default().as_secs_f64() / f64::from(stretch) * 1e9;
    let early = nanos(times.iter().map(|(early, _)| *early).min());
    let last = nanos(times.iter().map(|(_, late)| *late).min());
    println!(
        "{what}: {count} packets; {early:.0} ns a packet near the beginning, {last:.0} at the end; pieces kept {} KiB{}",
        late.fragments.memory() >> 10,
        peak().map_or(String::new(), |mebibytes| format!(", the process at most {mebibytes} MiB")),
    );
    (last / early, late.fragments)
}

/// The most memory that this process has held, in MiB, where the system says so.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    kibibytes.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kibibytes| kibibytes >> 10)
}

/// Time that this thread ran; where the system does not say, time that passed.
struct Clock(Instant);

impl Clock {
    fn start() -> Clock {
        Clock(Instant::now())
    }

    fn elapsed(&self) -> Duration {
        std::fs::read_to_string("/proc/thread-self/schedstat")
            .ok()
            .and_then(|text| text.split(' ').next()?.parse().ok())
            .map_or_else(|| self.0.elapsed(), Duration::from_nanos)
    }
}

fn set16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_be_bytes());
}

#[test]
fn fr16_a_flood_of_half_open_datagrams_of_one_source_stay_within_its_share() {
    let (slowdown, fragments) = slowdown("half-open datagrams of one source", FLOOD, |number, bytes| {
        set16(bytes, 4, number as u16);
        // Another destination after each round of identifications.
        bytes[19] = (number >> 16) as u8;
    });
    assert!(fragments.waiting() <= netlab::base::limits::MAX_OPEN_DATAGRAMS_PER_SOURCE);
    assert!(fragments.counts().evicted > u64::from(FLOOD) * 9 / 10);
    assert!(slowdown < 2.0, "{slowdown}");
}

#[test]
fn fr16_a_flood_of_half_open_datagrams_of_many_sources_stay_within_the_whole() {
    let (slowdown, fragments) = slowdown("half-open datagrams of many sources", FLOOD, |number, bytes| {
        bytes[12..16].copy_from_slice(&number.to_be_bytes());
    });
    assert!(fragments.waiting() <= netlab::base::limits::MAX_OPEN_DATAGRAMS);
    assert!(slowdown < 2.0, "{slowdown}");
}

#[test]
fn fr16_a_flood_of_overlapping_pieces_of_one_datagram_are_not_all_compared() {
    let (slowdown, fragments) = slowdown("overlapping pieces of one datagram", FLOOD / 2, |number, bytes| {
        // Pieces of 8 octets everywhere, each many times, with other octets each time; never an end.
        set16(bytes, 6, 0x2000 | (number.wrapping_mul(2_654_435_761) >> 19) as u16);
        bytes[20..24].copy_from_slice(&number.to_be_bytes());
    });
    assert!(fragments.memory() < 4 << 20, "{}", fragments.memory());
    assert!(slowdown < 2.0, "{slowdown}");
}

#[test]
fn fr16_copies_of_one_piece_are_only_counted() {
    let (slowdown, fragments) = slowdown("copies of one piece", FLOOD / 2, |_, _| {});
    assert!(fragments.memory() < 1 << 20);
    assert!(slowdown < 2.0, "{slowdown}");
}

#[test]
fn fr16_large_pieces_that_never_make_a_whole_stay_within_the_octets_of_their_source() {
    let mut fragments = Fragments::default();
    let mut notes = Notes::default();
    for number in 0..4000_u32 {
        let bytes = FrameBuilder::raw()
            .ipv4(
                Ipv4Fields::new([10, 0, 0, 1], [198, 51, 100, 2])
                    .identification(number as u16)
                    .fragment(8, true)
                    .protocol(253),
            )
            .payload(&[0; 32_000])
            .finish();
        let meta = Meta::new(u64::from(number) + 1, Timestamp::ZERO, LinkType::RAW, bytes.len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes: &bytes });
        fragments.observe(&packet, Trust::FULL, &mut notes);
        assert!(fragments.memory() <= netlab::base::limits::MAX_FRAGMENT_OCTETS_PER_SOURCE + (64 << 10));
    }
    let evicted = notes.fresh.iter().filter(|note| note.code() == "fragment-evicted").count();
    assert_eq!(evicted, 1, "said once, counted in the report");
    assert!(fragments.counts().evicted > 3000);
}
