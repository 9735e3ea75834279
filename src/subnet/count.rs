//! Numbers of addresses: one more than a `u128` can hold.

use std::fmt;

use serde::{Serialize, Serializer};

/// A number of addresses, from 0 to 2^128 inclusive. In JSON a decimal string, since readers of JSON lose digits of
/// large numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Count(Inner);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Inner {
    Fits(u128),
    /// 2^128: every IPv6 address there is.
    Everything,
}

impl Count {
    /// None.
    pub const ZERO: Count = Count(Inner::Fits(0));

    /// A number that a `u128` holds.
    pub const fn new(number: u128) -> Count {
        Count(Inner::Fits(number))
    }

    /// 2^`exponent`; an exponent above 128 counts as 128.
    pub const fn power_of_two(exponent: u8) -> Count {
        if exponent >= 128 { Count(Inner::Everything) } else { Count(Inner::Fits(1 << exponent)) }
    }

    /// How many numbers there are from `first` to `last`, both counted. Zero if `last` is the smaller.
    pub const fn from_to(first: u128, last: u128) -> Count {
        if last < first {
            return Count::ZERO;
        }
        match (last - first).checked_add(1) {
            Some(number) => Count(Inner::Fits(number)),
            None => Count(Inner::Everything),
        }
    }

    /// The number, unless it is 2^128.
    pub const fn as_u128(self) -> Option<u128> {
        match self.0 {
            Inner::Fits(number) => Some(number),
            Inner::Everything => None,
        }
    }

    /// The exponent if this is a power of two.
    pub const fn exponent(self) -> Option<u8> {
        match self.0 {
            Inner::Fits(number) if number.is_power_of_two() => Some(number.trailing_zeros() as u8),
            Inner::Fits(_) => None,
            Inner::Everything => Some(128),
        }
    }

    /// This many less `other`; zero if `other` is the larger.
    pub const fn less(self, other: u128) -> Count {
        match self.0 {
            Inner::Fits(number) => Count(Inner::Fits(number.saturating_sub(other))),
            Inner::Everything if other == 0 => self,
            Inner::Everything => Count(Inner::Fits(u128::MAX - (other - 1))),
        }
    }

    /// The sum; more than 2^128 counts as 2^128, which sums of disjoint blocks never exceed.
    pub const fn plus(self, other: Count) -> Count {
        match (self.0, other.0) {
            (Inner::Fits(one), Inner::Fits(two)) => match one.checked_add(two) {
                Some(sum) => Count(Inner::Fits(sum)),
                None => Count(Inner::Everything),
            },
            _ => Count(Inner::Everything),
        }
    }

    /// The decimal digits in groups of three: `4,294,967,296`.
    pub fn grouped(self) -> String {
        let digits = self.to_string();
        let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Inner::Fits(number) => f.pad(&number.to_string()),
            // 2^128, the one number that does not fit.
            Inner::Everything => f.pad("340282366920938463463374607431768211456"),
        }
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_to_the_128_is_one_more_than_the_largest_u128() {
        assert_eq!(Count::power_of_two(128).less(1), Count::new(u128::MAX));
        assert_eq!(Count::from_to(0, u128::MAX), Count::power_of_two(128));
        assert_eq!(Count::new(u128::MAX).plus(Count::new(1)), Count::power_of_two(128));
        assert_eq!(u128::MAX.to_string(), "340282366920938463463374607431768211455", "so the text above is right");
        assert!(Count::power_of_two(128) > Count::new(u128::MAX));
    }

    #[test]
    fn digits_are_grouped_from_the_right() {
        assert_eq!(Count::new(4_294_967_296).grouped(), "4,294,967,296");
        assert_eq!(Count::new(256).grouped(), "256");
        assert_eq!(Count::new(1000).grouped(), "1,000");
    }
}
