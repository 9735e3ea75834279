//! The hand that reads fields out of a layer's octets, and leaves out those that were not captured.

use super::{BitRange, Field, FieldValue, Value};
use crate::base::MacAddr;
use crate::wire::layer::Located;

/// Reads fields at offsets from the beginning of one layer and hands them on.
pub(super) struct Visit<'a, 'o> {
    start: u32,
    each: &'o mut dyn FnMut(FieldValue<'a>),
}

impl<'a, 'o> Visit<'a, 'o> {
    pub(super) fn new(located: &Located<'a>, each: &'o mut dyn FnMut(FieldValue<'a>)) -> Visit<'a, 'o> {
        Visit { start: located.start, each }
    }

    fn hand_out(&mut self, field: &'static Field, at: usize, len: usize, value: Value<'a>, meaning: &'static str) {
        (self.each)(FieldValue { field, start: self.start + at as u32, len: len as u32, bits: None, value, meaning });
    }

    /// A number of `len` octets.
    pub(super) fn number(&mut self, field: &'static Field, bytes: &'a [u8], at: usize, len: usize) {
        self.named(field, bytes, at, len, |_| "");
    }

    /// A number of `len` octets and what it stands for.
    pub(super) fn named(
        &mut self,
        field: &'static Field,
        bytes: &'a [u8],
        at: usize,
        len: usize,
        name: impl FnOnce(u64) -> &'static str,
    ) {
        if let Some(number) = number(bytes, at, len) {
            self.hand_out(field, at, len, Value::Unsigned(number), name(number));
        }
    }

    /// The `count` bits from bit `first` on, of the `len` octets at `at`.
    pub(super) fn bits(
        &mut self,
        field: &'static Field,
        bytes: &'a [u8],
        (at, len): (usize, usize),
        (first, count): (u8, u8),
        name: impl FnOnce(u64) -> &'static str,
    ) {
        if let Some(number) = number(bytes, at, len) {
            let value = number >> (len as u32 * 8 - u32::from(first) - u32::from(count)) & ((1 << count) - 1);
            self.scaled_bits(field, (at, len), (first, count), value, name(value));
        }
    }

    /// Bits whose value was already worked out.
    pub(super) fn scaled_bits(
        &mut self,
        field: &'static Field,
        (at, len): (usize, usize),
        (first, count): (u8, u8),
        value: u64,
        meaning: &'static str,
    ) {
        let bits = Some(BitRange { first, count });
        let start = self.start + at as u32;
        (self.each)(FieldValue { field, start, len: len as u32, bits, value: Value::Unsigned(value), meaning });
    }

    /// One bit of the octet at `at`, as a flag; bit 0 is the most significant.
    pub(super) fn flag(&mut self, field: &'static Field, bytes: &'a [u8], at: usize, bit: u8) {
        if let Some(octet) = bytes.get(at) {
            let value = Value::Boolean(octet << bit & 0x80 != 0);
            let bits = Some(BitRange { first: bit, count: 1 });
            (self.each)(FieldValue { field, start: self.start + at as u32, len: 1, bits, value, meaning: "" });
        }
    }

    /// A MAC address.
    pub(super) fn mac(&mut self, field: &'static Field, bytes: &'a [u8], at: usize) {
        if let Some(address) = bytes.get(at..).and_then(MacAddr::from_slice) {
            let meaning = if address.is_broadcast() {
                "broadcast"
            } else if address.is_group() {
                "multicast"
            } else {
                ""
            };
            self.hand_out(field, at, 6, Value::Mac(address), meaning);
        }
    }

    /// An IPv4 address.
    pub(super) fn ipv4(&mut self, field: &'static Field, bytes: &'a [u8], at: usize) {
        if let Some(octets) = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) {
            self.hand_out(field, at, 4, Value::Ipv4((*octets).into()), "");
        }
    }

    /// An IPv6 address.
    pub(super) fn ipv6(&mut self, field: &'static Field, bytes: &'a [u8], at: usize) {
        if let Some(octets) = bytes.get(at..).and_then(<[u8]>::first_chunk::<16>) {
            self.hand_out(field, at, 16, Value::Ipv6((*octets).into()), "");
        }
    }

    /// Octets as they are, as far as they were captured; nothing if there are none.
    pub(super) fn octets(
        &mut self,
        field: &'static Field,
        bytes: &'a [u8],
        at: usize,
        len: usize,
        meaning: &'static str,
    ) {
        let end = bytes.len().min(at + len);
        if let Some(octets) = bytes.get(at..end).filter(|octets| !octets.is_empty()) {
            self.hand_out(field, at, octets.len(), Value::Octets(octets), meaning);
        }
    }

    /// A name that no octet holds.
    pub(super) fn text(&mut self, field: &'static Field, text: &'static str) {
        self.hand_out(field, 0, 0, Value::Text(text), "");
    }

    /// A number that follows from other fields.
    pub(super) fn derived(&mut self, field: &'static Field, value: u64) {
        self.hand_out(field, 0, 0, Value::Unsigned(value), "");
    }

    /// A number that was worked out from the `len` octets at `at`.
    pub(super) fn worked_out(
        &mut self,
        field: &'static Field,
        (at, len): (usize, usize),
        value: u64,
        meaning: &'static str,
    ) {
        self.hand_out(field, at, len, Value::Unsigned(value), meaning);
    }
}

fn number(bytes: &[u8], at: usize, len: usize) -> Option<u64> {
    let octets = bytes.get(at..at + len)?;
    Some(octets.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}
