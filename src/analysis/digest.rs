//! Digests of octets, for telling packets apart: a multiplication for every sixteen octets.
//!
//! Whoever makes packets on purpose can make two with one digest. All that this gains is that one is taken for a copy of
//! the other, which a copy would gain too.

/// The digits of π and of the golden section behind the point: zeros do not stay zero, and the second is odd.
const KEYS: [u64; 2] = [0x243f_6a88_85a3_08d3, 0x9e37_79b9_7f4a_7c15];

/// The digest `before` with two more numbers.
#[inline]
pub(super) fn pair(before: u64, one: u64, other: u64) -> u64 {
    let product = u128::from(before ^ one ^ KEYS[0]) * u128::from(other ^ KEYS[1]);
    product as u64 ^ (product >> 64) as u64
}

/// The digest `before` with some octets more, whose number is known from elsewhere.
#[inline]
pub(super) fn of(before: u64, octets: &[u8]) -> u64 {
    let sixteen = |before, octets: &[u8; 16]| {
        let number = u128::from_ne_bytes(*octets);
        pair(before, number as u64, (number >> 64) as u64)
    };
    let (pieces, rest) = octets.as_chunks::<16>();
    let digest = pieces.iter().fold(before, sixteen);
    if rest.is_empty() {
        return digest;
    }
    // The last sixteen, some of them a second time, are quicker to get at than what is left.
    match octets.last_chunk::<16>() {
        Some(last) => sixteen(digest, last),
        None => rest.iter().fold(digest, |digest, octet| pair(digest, u64::from(*octet), 0)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_bit_and_the_order_count() {
        for len in [1, 7, 15, 16, 17, 31, 32, 48, 79] {
            let octets = vec![0u8; len];
            let mut seen = HashSet::from([of(0, &octets)]);
            for at in 0..len {
                for bit in 0..8 {
                    let mut changed = octets.clone();
                    changed[at] = 1 << bit;
                    assert!(seen.insert(of(0, &changed)), "{len} octets, octet {at}, bit {bit}");
                }
            }
        }
        assert_ne!(pair(0, 1, 2), pair(0, 2, 1));
    }

    #[test]
    fn digests_spread_over_a_table() {
        let mut slots = vec![0; 1024];
        for number in 0..64 * 1024_u64 {
            slots[pair(pair(0, number, 7), 1, 0) as usize % 1024] += 1;
        }
        assert!(slots.iter().all(|count| (24..128).contains(count)), "{slots:?}");
    }
}
