use super::*;
use crate::base::Rng;

/// Pieces of the published "target-based reassembly" example in order of arrival: offset and length in octets.
const PUBLISHED: [(u32, u32); 17] = [
    (0, 24),
    (32, 16),
    (48, 24),
    (80, 8),
    (104, 16),
    (120, 24),
    (144, 16),
    (160, 16),
    (176, 8),
    (8, 32),
    (48, 24),
    (72, 24),
    (96, 24),
    (128, 8),
    (152, 8),
    (160, 8),
    (176, 16),
];

fn extents(pieces: &[(u32, u32)]) -> Vec<Extent> {
    pieces.iter().map(|(start, len)| Extent { start: *start, end: start + len }).collect()
}

/// One letter for every 8 octets.
fn letters(shares: &[Share]) -> String {
    let mut text = String::new();
    for share in shares {
        let letter = char::from(b'A' + share.piece as u8);
        text.extend((share.start / 8..share.end.div_ceil(8)).map(|_| letter));
    }
    text
}

#[test]
fn fr8_the_published_vector_of_seventeen_pieces_comes_out_as_published() {
    let pieces = extents(&PUBLISHED);
    let result = |policy: Policy| policy.resolve(&pieces).map(|shares| letters(&shares));
    for (policy, expected) in [
        (Policy::First, "AAAJBBCCCLDLMEEFFFGGHHIQ"),
        (Policy::Last, "AJJJJBKKKLLLMMMFNFGOPHQQ"),
        (Policy::LinuxOld, "AAAJJBKKKLLLMMMFFFGGPHQQ"),
        (Policy::Bsd, "AAAJJBCCCLLLMMMFFFGGHHIQ"),
        (Policy::Solaris, "AAAJBBCCCLLLMMMFFFGGHHIQ"),
        (Policy::Windows, "AAAJBBCCCLLLMEEFFFGGHHIQ"),
    ] {
        assert_eq!(result(policy).as_deref(), Some(expected), "{}", policy.name());
    }
    assert_eq!(result(Policy::LinuxNow), None);
    assert_eq!(result(Policy::Rfc5722), None);
}

/// The rules again in the plainest way: every octet remembers the piece that owns it, and nothing else exists.
mod model {
    use super::*;

    pub fn resolve(policy: Policy, pieces: &[Extent]) -> Option<Vec<Option<usize>>> {
        let len = pieces.iter().map(|piece| piece.end).max().unwrap_or(0) as usize;
        let mut owners: Vec<Option<usize>> = vec![None; len];
        let mut runs: Vec<Option<usize>> = vec![None; len];
        let (mut run_count, mut top) = (0, 0);
        for (index, piece) in pieces.iter().enumerate() {
            let octets = piece.start as usize..piece.end as usize;
            match policy {
                Policy::Rfc5722 if octets.clone().any(|octet| owners[octet].is_some()) => return None,
                Policy::LinuxNow => {
                    let taken: Vec<_> = octets.clone().filter_map(|octet| runs[octet]).collect();
                    let is_last = octets.end > top;
                    if taken.is_empty() {
                        let joins = is_last && octets.start == top && top > 0;
                        let run = if joins { runs[top - 1].unwrap() } else { run_count };
                        run_count += 1;
                        octets.clone().for_each(|octet| runs[octet] = Some(run));
                        top = top.max(octets.end);
                    } else if is_last || taken.len() < octets.len() || taken.iter().any(|run| *run != taken[0]) {
                        return None;
                    }
                }
                _ => {}
            }
            for octet in octets {
                let wins = owners[octet].is_none_or(|old| {
                    let (os, oe) = (pieces[old].start, pieces[old].end);
                    let (ns, ne) = (piece.start, piece.end);
                    match policy {
                        Policy::Last => true,
                        Policy::LinuxOld => ns <= os,
                        Policy::Bsd => ns < os,
                        Policy::Solaris => ns < os && ne >= oe,
                        Policy::Windows => ns < os && ne > oe,
                        _ => false,
                    }
                });
                if wins {
                    owners[octet] = Some(index);
                }
            }
        }
        Some(owners)
    }
}

fn flat(shares: &[Share], len: usize) -> Vec<Option<usize>> {
    let mut owners = vec![None; len];
    for share in shares {
        owners[share.start as usize..share.end as usize].fill(Some(share.piece));
    }
    owners
}

#[test]
fn fr8_ten_thousand_random_sets_agree_with_a_model_that_knows_only_octets() {
    let mut rng = Rng::new(791);
    let mut dropped = [0; 8];
    for _ in 0..10_000 {
        let count = 1 + rng.below(12);
        let mut pieces: Vec<Extent> = Vec::new();
        for _ in 0..count {
            let start = rng.below(20) as u32 * 8;
            // The last piece of a datagram may end anywhere.
            let len = if rng.below(6) == 0 { 1 + rng.below(40) as u32 } else { (1 + rng.below(5)) as u32 * 8 };
            let piece = Extent { start, end: start + len };
            if !pieces.contains(&piece) {
                pieces.push(piece);
            }
        }
        if rng.below(3) == 0 {
            // Mostly disjoint sets too, or the strict policies would drop everything.
            pieces.sort();
            pieces.dedup_by(|later, earlier| later.start < earlier.end);
            if let [.., last] = &pieces[..] {
                pieces.insert(rng.below(pieces.len() as u64) as usize, Extent { start: last.end, end: last.end + 8 });
            }
        }
        for (index, policy) in Policy::ALL.into_iter().enumerate() {
            let expected = model::resolve(policy, &pieces);
            let found = policy.resolve(&pieces);
            dropped[index] += u32::from(found.is_none());
            let found = found.map(|shares| flat(&shares, expected.as_ref().map_or(0, Vec::len)));
            assert_eq!(found, expected, "{} of {pieces:?}", policy.name());
        }
    }
    assert!((1000..9500).contains(&dropped[0]) && (1000..9500).contains(&dropped[1]), "{dropped:?}");
}

#[test]
fn fr8_linux_ignores_what_lies_inside_and_drops_what_overlaps_in_part() {
    let resolve = |pieces: &[(u32, u32)]| Policy::LinuxNow.resolve(&extents(pieces)).map(|shares| letters(&shares));
    assert_eq!(resolve(&[(0, 32), (8, 8), (32, 8)]).as_deref(), Some("AAAAC"));
    assert_eq!(resolve(&[(0, 16), (8, 16)]), None);
    assert_eq!(resolve(&[(8, 8), (0, 24)]), None, "around earlier octets");
}
