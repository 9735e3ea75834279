//! Two ways to explain octets: by how often each value occurs, and as lengths.

/// How often each octet value occurs: the explanation that any framing has to beat.
pub(super) struct Octets {
    bits: [f64; 256],
}

impl Octets {
    pub(super) fn of(octets: &[u8]) -> Octets {
        let mut counts = [0_u64; 256];
        octets.iter().for_each(|octet| counts[usize::from(*octet)] += 1);
        let total = octets.len() as f64 + 128.0;
        let mut bits = [0.0; 256];
        for (bit, count) in bits.iter_mut().zip(counts) {
            *bit = -((count as f64 + 0.5) / total).log2();
        }
        Octets { bits }
    }

    /// Bits that these octets cost as ordinary octets of the stream.
    pub(super) fn cost(&self, octets: &[u8]) -> f64 {
        octets.iter().map(|octet| self.bits[usize::from(*octet)]).sum()
    }
}

/// Learns which lengths occur, by their order of magnitude.
pub(super) struct Lengths {
    counts: [f64; 66],
    total: f64,
}

impl Lengths {
    pub(super) fn new() -> Lengths {
        Lengths { counts: [0.0; 66], total: 0.0 }
    }

    /// Bits that this value costs as a length, given those before it; then learns it.
    pub(super) fn cost(&mut self, length: u64) -> f64 {
        // Steps of a power of two: fine enough to learn "between 5 and 40", coarse enough to learn it soon.
        let magnitude = (64 - (length | 1).leading_zeros()) as usize;
        const PRIOR: f64 = 0.5;
        let share = (self.counts[magnitude] + PRIOR) / (self.total + PRIOR * 12.0);
        self.counts[magnitude] += 1.0;
        self.total += 1.0;
        let width = if magnitude <= 1 { 1.0 } else { (magnitude - 1) as f64 };
        // Beyond the usual dozen of magnitudes the prior is not normalised; the missing bits are charged outright.
        let charge = if magnitude > 20 { 8.0 } else { 0.0 };
        width - share.log2() + charge
    }
}
