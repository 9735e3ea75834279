//! Times of packets, in the manners that tcpdump's users know.

use jiff::tz::TimeZone;

use super::number::{decimal, six_decimals, spaces, zeros};
use super::slate::{Slate, Surface};
use crate::base::Timestamp;

/// How times are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// Time of day in the local zone: `05:40:12.123456` (tcpdump's own).
    #[default]
    TimeOfDay,
    /// No time (`-t`).
    None,
    /// Seconds since 1970-01-01 UTC (`-tt`).
    Epoch,
    /// Since the packet before (`-ttt`).
    Delta,
    /// Date and time in the local zone (`-tttt`).
    DateTime,
    /// Since the first packet (`-ttttt`).
    Relative,
}

/// Prints times; remembers the last second and the zone's offset, so that most packets cost a few divisions.
#[derive(Debug)]
pub struct Clock {
    style: TimeStyle,
    zone: TimeZone,
    nanoseconds: bool,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    second: Option<u64>,
    prefix: [u8; PREFIX_LEN],
    prefix_len: usize,
}

/// Room for what stands before the point: `2026-11-24 05:40:12`, of any year that fits into a timestamp.
const PREFIX_LEN: usize = 24;

impl Clock {
    /// A clock that prints in `style`, in `zone`, with nine digits after the point if `nanoseconds`, else six.
    pub fn new(style: TimeStyle, zone: TimeZone, nanoseconds: bool) -> Clock {
        let (first, last, second) = (None, None, None);
        Clock { style, zone, nanoseconds, first, last, second, prefix: [0; PREFIX_LEN], prefix_len: 0 }
    }

    /// Columns that times of this style take up; 0 for none.
    pub fn width(&self) -> usize {
        let digits = if self.nanoseconds { 9 } else { 6 };
        match self.style {
            TimeStyle::None => 0,
            TimeStyle::TimeOfDay => 9 + digits,
            TimeStyle::Epoch => 11 + digits,
            TimeStyle::DateTime => 20 + digits,
            TimeStyle::Delta | TimeStyle::Relative => 6 + digits,
        }
    }

    /// True if the time of a packet prints the same whichever packets were printed before it.
    pub fn is_free_of_order(&self) -> bool {
        !matches!(self.style, TimeStyle::Delta | TimeStyle::Relative)
    }

    /// Appends the time of a packet; nothing in style [`TimeStyle::None`].
    pub fn write(&mut self, out: &mut impl Surface, at: Timestamp) {
        let first = *self.first.get_or_insert(at);
        let last = self.last.replace(at).unwrap_or(at);
        match self.style {
            TimeStyle::None => {}
            TimeStyle::Epoch => self.seconds(out, at.nanos(), false, 0),
            TimeStyle::Delta => self.difference(out, at.signed_since(last)),
            TimeStyle::Relative => self.difference(out, at.signed_since(first)),
            TimeStyle::TimeOfDay | TimeStyle::DateTime => {
                if self.second != Some(at.seconds()) {
                    self.second = Some(at.seconds());
                    self.new_second(at);
                }
                out.put(self.prefix, self.prefix_len);
                self.fraction(out, at.subsec_nanos());
            }
        }
    }

    fn difference(&self, out: &mut impl Surface, nanoseconds: i64) {
        self.seconds(out, nanoseconds.unsigned_abs(), nanoseconds < 0, 5);
    }

    fn seconds(&self, out: &mut impl Surface, nanoseconds: u64, is_negative: bool, width: usize) {
        let seconds = nanoseconds / 1_000_000_000;
        let len = seconds.checked_ilog10().unwrap_or(0) as usize + 1 + usize::from(is_negative);
        spaces(out, width.saturating_sub(len));
        if is_negative {
            out.add(b"-");
        }
        decimal(out, seconds);
        self.fraction(out, (nanoseconds % 1_000_000_000) as u32);
    }

    fn fraction(&self, out: &mut impl Surface, nanoseconds: u32) {
        if self.nanoseconds {
            out.add(b".");
            zeros(out, u64::from(nanoseconds), 9);
        } else {
            six_decimals(out, nanoseconds / 1000);
        }
    }

    /// Prepares what stands before the point for all packets of this second.
    fn new_second(&mut self, at: Timestamp) {
        let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
        let zoned = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX).to_zoned(self.zone.clone());
        let mut text = Slate::<64>::default();
        if self.style == TimeStyle::DateTime {
            zeros(&mut text, zoned.year().unsigned_abs().into(), 4);
            for part in [zoned.month(), zoned.day()] {
                text.add(b"-");
                zeros(&mut text, part.unsigned_abs().into(), 2);
            }
            text.add(b" ");
        }
        for (index, part) in [zoned.hour(), zoned.minute(), zoned.second()].into_iter().enumerate() {
            if index > 0 {
                text.add(b":");
            }
            zeros(&mut text, part.unsigned_abs().into(), 2);
        }
        self.prefix_len = text.len().min(PREFIX_LEN);
        self.prefix[..self.prefix_len].copy_from_slice(&text.text()[..self.prefix_len]);
    }
}

/// A predicted moment in UTC, to the second: predictions are no better than that.
pub fn utc_seconds(at: Timestamp) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    jiff::Timestamp::new(seconds, 0).map_or_else(|_| format!("{} s", at.seconds()), |at| at.to_string())
}

/// A moment with its date, in UTC (RFC 3339): `2026-11-24T05:40:12.123456789Z`.
pub fn utc(at: Timestamp) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
    let nanoseconds = i32::try_from(at.subsec_nanos()).unwrap_or(0);
    jiff::Timestamp::new(seconds, nanoseconds).map_or_else(|_| format!("{} ns", at.nanos()), |at| format!("{at:.9}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(style: TimeStyle, zone: TimeZone, nanoseconds: bool, times: &[u64]) -> Vec<String> {
        let mut clock = Clock::new(style, zone, nanoseconds);
        let mut print = |&at| {
            let mut out = Vec::new();
            clock.write(&mut out, Timestamp::from_nanos(at));
            String::from_utf8(out).expect("ASCII")
        };
        times.iter().map(&mut print).collect()
    }

    #[test]
    fn each_style_prints_as_tcpdump_does() {
        let times = [1_700_000_000_123_456_789, 1_700_000_001_000_000_000, 1_700_000_000_500_000_000];
        let utc = TimeZone::UTC;
        assert_eq!(
            print(TimeStyle::TimeOfDay, utc.clone(), false, &times),
            ["22:13:20.123456", "22:13:21.000000", "22:13:20.500000"]
        );
        assert_eq!(print(TimeStyle::DateTime, utc.clone(), true, &times[..1]), ["2023-11-14 22:13:20.123456789"]);
        assert_eq!(print(TimeStyle::Epoch, utc.clone(), false, &times[..1]), ["1700000000.123456"]);
        assert_eq!(
            print(TimeStyle::Delta, utc.clone(), false, &times),
            ["    0.000000", "    0.876543", "   -0.500000"]
        );
        assert_eq!(print(TimeStyle::None, utc, false, &times[..1]), [""]);
    }

    #[test]
    fn a_zone_with_daylight_saving_changes_within_the_capture() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
        // 2024-03-31 00:59:59 and 01:00:00 UTC: the clocks go from 01:59:59 to 03:00:00.
        let times = [1_711_846_799_000_000_000, 1_711_846_800_000_000_000];
        assert_eq!(print(TimeStyle::TimeOfDay, zone, false, &times), ["01:59:59.000000", "03:00:00.000000"]);
    }

    #[test]
    fn the_last_moment_that_fits_is_printed() {
        assert_eq!(print(TimeStyle::Epoch, TimeZone::UTC, true, &[u64::MAX]), ["18446744073.709551615"]);
        assert!(!print(TimeStyle::DateTime, TimeZone::UTC, true, &[u64::MAX])[0].is_empty());
        assert_eq!(utc(Timestamp::from_nanos(1_700_000_000_123_456_789)), "2023-11-14T22:13:20.123456789Z");
    }
}
