//! Where each phrase stands, worked out when netlab is compiled, so that a line of a ledger costs no search.

use super::zh::AREAS;

/// Places of the index; a power of two, at most half of them taken.
const PLACES: usize = 8192;

/// A place that nothing stands at.
const EMPTY: (u8, u16) = (u8::MAX, 0);

/// Area and number of the phrase whose hash ends here, or at the next free place.
static INDEX: [(u8, u16); PLACES] = index();

/// The translation of a phrase.
pub(super) fn find(english: &str) -> Option<&'static str> {
    let mut place = hash(english.as_bytes());
    while INDEX[place] != EMPTY {
        let (area, number) = INDEX[place];
        let (found, translated) = AREAS[area as usize][number as usize];
        if found == english {
            return Some(translated);
        }
        place = (place + 1) % PLACES;
    }
    None
}

const fn index() -> [(u8, u16); PLACES] {
    let mut places = [EMPTY; PLACES];
    let mut count = 0;
    let mut area = 0;
    while area < AREAS.len() {
        let mut number = 0;
        while number < AREAS[area].len() {
            let mut place = hash(AREAS[area][number].0.as_bytes());
            while places[place].0 != EMPTY.0 {
                place = (place + 1) % PLACES;
            }
            places[place] = (area as u8, number as u16);
            number += 1;
            count += 1;
        }
        area += 1;
    }
    assert!(count * 2 <= PLACES, "the index needs more places");
    places
}

/// FNV-1a, which fits on three lines and has to withstand nobody.
const fn hash(octets: &[u8]) -> usize {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < octets.len() {
        hash = (hash ^ octets[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    (hash ^ (hash >> 32)) as usize % PLACES
}
