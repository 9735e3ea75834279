//! A private block picked by chance, so that two sites that are joined one day do not both have 192.168.1.0/24.

use super::{Block, Family, Refusal};
use crate::base::Rng;

/// The private IPv4 blocks (RFC 1918 §3).
const PRIVATE: [Block; 3] =
    [Block::v4([10, 0, 0, 0], 8), Block::v4([172, 16, 0, 0], 12), Block::v4([192, 168, 0, 0], 16)];
/// Unique local addresses that were assigned locally (RFC 4193 §3.1).
const UNIQUE_LOCAL: Block = Block::v6([0xfd00, 0, 0, 0, 0, 0, 0, 0], 8);

/// A private IPv4 block of this length. Every block of RFC 1918 that is large enough has its chance by its size.
///
/// # Errors
/// When the length is shorter than /8 or longer than /32.
pub fn random_private(prefix_len: u8, rng: &mut Rng) -> Result<Block, Refusal> {
    let counts = PRIVATE.map(|block| block.part_count(prefix_len).as_u128().unwrap_or_default());
    let total: u128 = counts.iter().sum();
    if total == 0 || prefix_len > Family::Ipv4.bits() {
        return Err(Refusal::new(format!("there is no private IPv4 block of length /{prefix_len}"))
            .hint("the largest is 10.0.0.0/8, so lengths go from /8 to /32"));
    }
    let mut index = u128::from(rng.next_u64()) % total;
    for (block, count) in PRIVATE.iter().zip(counts) {
        if index < count {
            let number = Family::number(block.network()) + (index << (Family::Ipv4.bits() - prefix_len));
            return Ok(Block::at(Family::Ipv4, number, prefix_len));
        }
        index -= count;
    }
    Ok(PRIVATE[0])
}

/// A unique local IPv6 block of this length, its bits after fd00::/8 picked by chance as RFC 4193 §3.2 asks.
///
/// # Errors
/// When the length is shorter than /48, which would take more than one site's share, or longer than /128.
pub fn random_unique_local(prefix_len: u8, rng: &mut Rng) -> Result<Block, Refusal> {
    if !(48..=128).contains(&prefix_len) {
        return Err(Refusal::new(format!("/{prefix_len} is no length for a site's unique local block"))
            .meant("48")
            .hint("a site takes one /48 with a random global ID (RFC 4193 section 3.1), or a longer piece of one"));
    }
    let random = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
    let number = Family::number(UNIQUE_LOCAL.network()) | random >> 8;
    Ok(Block::at(Family::Ipv6, number, prefix_len).truncated())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_blocks_are_private_and_of_the_length_that_was_asked_for() {
        let mut rng = Rng::new(1);
        for prefix_len in 8..=32 {
            for _ in 0..50 {
                let block = random_private(prefix_len, &mut rng).expect("a length that exists");
                assert!(PRIVATE.iter().any(|private| private.holds(block)), "{block}");
                assert_eq!((block.prefix_len(), block.has_host_bits()), (prefix_len, false));
            }
        }
        assert!(random_private(7, &mut rng).is_err());
        assert!(random_private(33, &mut rng).is_err());
    }

    #[test]
    fn the_random_global_id_differs_from_seed_to_seed() {
        let ids: std::collections::BTreeSet<_> =
            (0..100).map(|seed| random_unique_local(48, &mut Rng::new(seed)).expect("a block")).collect();
        assert_eq!(ids.len(), 100);
        assert!(ids.iter().all(|block| UNIQUE_LOCAL.holds(*block) && !block.has_host_bits()));
        assert!(random_unique_local(47, &mut Rng::new(1)).is_err());
    }
}
