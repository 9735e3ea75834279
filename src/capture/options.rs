//! Byte order and options of pcapng blocks (draft-ietf-opsawg-pcapng §3.5).

use pcap_parser::pcapng::{parse_option_be, parse_option_le};
use pcap_parser::{PcapError, nom};

use crate::base::text;

/// The byte order of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The number in the two octets at `at`; 0 if they are not there.
    #[inline]
    pub(super) fn u16(self, octets: &[u8], at: usize) -> u16 {
        let two = octets.get(at..).and_then(|rest| rest.first_chunk().copied()).unwrap_or_default();
        if self == Order::Big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) }
    }

    /// The number in the four octets at `at`; 0 if they are not there.
    #[inline]
    pub(super) fn u32(self, octets: &[u8], at: usize) -> u32 {
        let four = octets.get(at..).and_then(|rest| rest.first_chunk().copied()).unwrap_or_default();
        if self == Order::Big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }

    /// The number in the eight octets at `at`; 0 if they are not there.
    #[inline]
    pub(super) fn u64(self, octets: &[u8], at: usize) -> u64 {
        let eight = octets.get(at..).and_then(|rest| rest.first_chunk().copied()).unwrap_or_default();
        if self == Order::Big { u64::from_be_bytes(eight) } else { u64::from_le_bytes(eight) }
    }
}

/// An option is longer than what is left of its block; nothing after it can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overrun;

/// The options in some octets: code and value without padding, up to the end-of-options mark or the first overrun.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    pub(super) fn new(order: Order, octets: &'a [u8]) -> Options<'a> {
        Options { order, rest: octets }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<(u16, &'a [u8]), Overrun>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let parsed: nom::IResult<_, _, PcapError<&'a [u8]>> = match self.order {
            Order::Little => parse_option_le(self.rest),
            Order::Big => parse_option_be(self.rest),
        };
        let Ok((rest, option)) = parsed else {
            self.rest = &[];
            return Some(Err(Overrun));
        };
        // The parser gives the value with its padding and owns up to no lifetime but its own, so it is cut out again.
        let value = &self.rest[4..4 + usize::from(option.len)];
        self.rest = if option.code.0 == 0 { &[] } else { rest };
        if option.code.0 == 0 { None } else { Some(Ok((option.code.0, value))) }
    }
}

/// A text option, harmless to print. Some writers end it with a NUL.
pub(super) fn text(value: &[u8]) -> String {
    let end = value.iter().rposition(|octet| *octet != 0).map_or(0, |last| last + 1);
    text::harmless_octets(&value[..end]).into_owned()
}
