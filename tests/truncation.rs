//! Hostile input is routine: every frame cut at every length, and frames with their octets changed.

mod wire_corpus;

use netlab::base::Rng;
use netlab::packet::{Item, PacketSource};
use netlab::wire::{Frame, LayerKind, LinkType, app, checksum, decode, describe};

/// Asks a frame everything that can be asked of it; nothing may panic. Gives a number so that nothing is left out.
fn ask_everything(frame: &Frame<'_>) -> u64 {
    let mut asked = frame.payload().len() as u64 + u64::from(frame.trailer_len()) + frame.vlans().count() as u64;
    asked += u64::from(frame.ports().is_some()) + u64::from(frame.fragment().is_some()) + u64::from(frame.was_cut());
    for index in 0..frame.layers().len() {
        asked += u64::from(checksum::of_layer(frame, index).is_some());
    }
    let octets = frame.bytes().len();
    for located in frame.layers() {
        let end = (located.start + located.header_len) as usize;
        assert!(end <= octets, "{:?} ends at {end} of {octets}", located.layer);
        describe::visit(located, &mut |value| {
            assert!((value.start + value.len) as usize <= octets, "{} lies outside", value.field.name);
            asked += 1;
        });
    }
    assert!(frame.payload_range().end <= octets);
    if let Some(quoted) = frame.icmpv4().and_then(|icmp| icmp.quoted()) {
        asked += quoted.layers().len() as u64;
    }
    asked
}

/// The same in words, which costs more.
fn ask_for_words(frame: &Frame<'_>) {
    let mut text = String::new();
    for located in frame.layers() {
        describe::summary(&located.layer, &mut text).unwrap();
        describe::visit(located, &mut |value| text.push_str(&value.to_string()));
    }
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    app::glance(frame, &mut String::new());
}

fn kinds(frame: &Frame<'_>) -> Vec<LayerKind> {
    frame.layers().iter().map(|located| located.layer.kind()).collect()
}

/// Cuts a frame at every length: layers only get fewer, from the inside, and what is read keeps its meaning.
fn cut_everywhere(name: &str, link: LinkType, octets: &[u8], wire_len: u32) {
    let mut inner = kinds(&decode(link, octets, wire_len));
    for len in (0..octets.len()).rev() {
        let frame = decode(link, &octets[..len], wire_len);
        let found = kinds(&frame);
        assert!(inner.starts_with(&found), "{name} cut to {len}: {found:?} is no beginning of {inner:?}");
        ask_everything(&frame);
        inner = found;
    }
    assert!(inner.is_empty(), "{name} of no octets has layers: {inner:?}");
}

#[test]
fn every_frame_cut_at_every_length_only_loses_inner_layers() {
    for (name, link, octets) in wire_corpus::frames() {
        cut_everywhere(&name, link, &octets, octets.len() as u32);
    }
}

#[test]
fn a_cut_frame_is_cut_and_not_malformed() {
    for (name, link, octets) in wire_corpus::frames() {
        let whole = decode(link, &octets, octets.len() as u32);
        assert!(whole.issues().is_empty(), "{name} is whole: {:?}", whole.issues());
        for len in 0..octets.len() {
            let frame = decode(link, &octets[..len], octets.len() as u32);
            assert!(
                frame.issues().iter().all(|issue| !issue.code.is_malformed()),
                "{name} cut to {len}: {:?}",
                frame.issues()
            );
        }
    }
}

#[test]
fn every_packet_of_the_captures_cut_at_every_length_only_loses_inner_layers() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no folder captures");
        return;
    };
    let mut paths: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()).collect();
    paths.sort();
    // A capture of many alike packets needs not all of them.
    let limit = number("NETLAB_CUT_PACKETS", 60);
    let mut packets = 0;
    for path in paths {
        let options = netlab::capture::OpenOptions::default();
        let Ok(mut source) = netlab::capture::open(&[&path], &options) else { continue };
        let mut left = limit;
        while let Ok(Some(item)) = source.next_item() {
            if let Item::Packet(raw) = item
                && left > 0
            {
                left -= 1;
                packets += 1;
                let name = format!("{} #{}", path.display(), raw.meta.number);
                let wire_len = raw.meta.wire_len.max(raw.bytes.len() as u32);
                cut_everywhere(&name, raw.meta.link, raw.bytes, wire_len);
            }
        }
    }
    println!("{packets} packets");
}

/// Changed frames: `NETLAB_MUTATIONS` says how many. In an optimized build ten million take about half a minute.
#[test]
fn mutated_frames_never_panic_and_stay_inside_their_octets() {
    let frames = wire_corpus::frames();
    let rounds = number("NETLAB_MUTATIONS", 200_000);
    let mut rng = Rng::new(number("NETLAB_SEED", 1));
    let mut octets = Vec::new();
    let mut asked = 0;
    for round in 0..rounds {
        let (_, link, seed) = &frames[rng.below(frames.len() as u64) as usize];
        octets.clear();
        octets.extend_from_slice(seed);
        for _ in 0..1 + rng.below(8) {
            mutate(&mut octets, &mut rng);
        }
        let link = if rng.below(50) == 0 { LinkType(rng.below(300) as u16) } else { *link };
        let wire_len = match rng.below(8) {
            0 => rng.next_u32(),
            1 => octets.len() as u32 + rng.below(2000) as u32,
            _ => octets.len() as u32,
        };
        let frame = decode(link, &octets, wire_len);
        asked += ask_everything(&frame);
        if round % 16 == 0 {
            ask_for_words(&frame);
        }
    }
    assert!(asked > rounds, "frames said nothing: {asked}");
}

fn mutate(octets: &mut Vec<u8>, rng: &mut Rng) {
    if octets.is_empty() {
        octets.push(rng.next_u32() as u8);
        return;
    }
    let at = rng.below(octets.len() as u64) as usize;
    match rng.below(8) {
        0 => octets[at] = rng.next_u32() as u8,
        1 => octets[at] ^= 1 << rng.below(8),
        // The values at which lengths turn over.
        2 => octets[at] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][rng.below(6) as usize],
        3 => octets.truncate(at),
        4 => octets.insert(at, rng.next_u32() as u8),
        5 => {
            octets.remove(at);
        }
        6 => {
            let other = rng.below(octets.len() as u64) as usize;
            octets.swap(at, other);
        }
        _ => {
            // A piece of the frame again at another place, as a header that nests in itself.
            let len = (rng.below(40) as usize).min(octets.len() - at);
            let piece = octets[at..at + len].to_vec();
            let to = rng.below(octets.len() as u64 + 1) as usize;
            octets.splice(to..to, piece);
        }
    }
    octets.truncate(4096);
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.replace('_', "").parse().ok()).unwrap_or(default)
}
