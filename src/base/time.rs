//! A moment: nanoseconds since an epoch.

use std::time::Duration;

/// A moment, in nanoseconds. Captures count from the Unix epoch (UTC), simulations from the start of their scenario.
///
/// Capture times may run backwards, so differences saturate at zero instead of failing; [`Timestamp::signed_since`]
/// gives the honest difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The epoch itself.
    pub const ZERO: Timestamp = Timestamp(0);

    /// A moment `nanoseconds` after the epoch.
    pub const fn from_nanos(nanoseconds: u64) -> Self {
        Timestamp(nanoseconds)
    }

    /// A moment given as whole seconds and nanoseconds; saturates at the year 2554.
    pub const fn from_parts(seconds: u64, nanoseconds: u64) -> Self {
        Timestamp(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds))
    }

    /// Nanoseconds since the epoch.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch.
    pub const fn seconds(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// The part below a second, in nanoseconds.
    pub const fn subsec_nanos(self) -> u32 {
        (self.0 % 1_000_000_000) as u32
    }

    /// Time passed since `earlier`, in nanoseconds; zero if `earlier` is later.
    pub const fn nanos_since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(self.nanos_since(earlier))
    }

    /// Time passed since `other` in nanoseconds, negative if `other` is later.
    pub const fn signed_since(self, other: Timestamp) -> i64 {
        self.0.wrapping_sub(other.0) as i64
    }

    /// This moment moved by `by` into the future; saturates.
    pub const fn after_nanos(self, by: u64) -> Timestamp {
        Timestamp(self.0.saturating_add(by))
    }

    /// This moment moved by `by` into the future; saturates.
    pub fn after(self, by: Duration) -> Timestamp {
        self.after_nanos(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX))
    }

    /// This moment moved by `by` nanoseconds into the past; saturates at the epoch.
    pub const fn before_nanos(self, by: u64) -> Timestamp {
        Timestamp(self.0.saturating_sub(by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_backwards_in_time_is_zero_and_the_signed_one_is_negative() {
        let (early, late) = (Timestamp::from_nanos(5), Timestamp::from_nanos(9));
        assert_eq!(early.nanos_since(late), 0);
        assert_eq!(early.signed_since(late), -4);
        assert_eq!(late.since(early), Duration::from_nanos(4));
    }

    #[test]
    fn seconds_that_do_not_fit_saturate() {
        assert_eq!(Timestamp::from_parts(u64::MAX, 1).nanos(), u64::MAX);
        assert_eq!(Timestamp::from_parts(3, 7).subsec_nanos(), 7);
    }
}
