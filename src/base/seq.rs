//! TCP sequence numbers: positions on a circle.

/// A TCP sequence number, modulo 2^32 (RFC 9293 §3.4). It has no order, so there is no `Ord`; ask for the distance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// How far `self` lies after `earlier`, in octets; negative if it lies before. Right for distances below 2^31.
    pub const fn since(self, earlier: Seq) -> i32 {
        self.0.wrapping_sub(earlier.0) as i32
    }

    /// The number `octets` further on.
    pub const fn plus(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_add(octets))
    }

    /// The number `octets` further back.
    pub const fn minus(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_sub(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::Seq;

    #[test]
    fn distance_is_right_across_the_wrap() {
        assert_eq!(Seq(2).since(Seq(u32::MAX)), 3);
        assert_eq!(Seq(u32::MAX).since(Seq(2)), -3);
        assert_eq!(Seq(u32::MAX).plus(3), Seq(2));
        assert_eq!(Seq(2).minus(3), Seq(u32::MAX));
    }
}
