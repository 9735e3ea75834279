//! A small deterministic random generator; never seeded from the machine.

/// Pseudo-random numbers from a seed: SplitMix64 (Steele, Lea and Flood, 2014). The same seed gives the same numbers
/// on every machine. Not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator that always yields the same numbers for the same `seed`.
    pub const fn new(seed: u64) -> Self {
        Rng(seed)
    }

    /// The next 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next 32 random bits.
    pub const fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// A number from 0 up to but not including `bound`; 0 if `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        // The high half of a 128-bit product: the bias is below 2^-64 × bound, far under anything visible.
        ((self.next_u64() as u128 * bound as u128) >> 64) as u64
    }

    /// True with the given chance, in percent; 0 is never and 100 always.
    pub fn percent(&mut self, chance: f64) -> bool {
        ((self.next_u64() >> 11) as f64) * (100.0 / (1u64 << 53) as f64) < chance
    }

    /// A generator of its own for the part named by `label`, so that parts do not disturb each other.
    pub fn fork(&self, label: u64) -> Rng {
        let mut rng = Rng(self.0 ^ label.wrapping_mul(0xd6e8_feb8_6659_fd93));
        rng.next_u64();
        rng
    }
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_bounds_hold() {
        let (mut a, mut b) = (Rng::new(7), Rng::new(7));
        for _ in 0..1000 {
            assert_eq!(a.next_u64(), b.next_u64());
            assert!(a.below(10) < 10);
            b.below(10);
        }
        assert_eq!(a.below(0), 0);
        assert!(!a.percent(0.0) && a.percent(100.0));
    }
}
