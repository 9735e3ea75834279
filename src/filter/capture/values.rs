//! The numbers that a filter computes from a packet, each kept once.
//!
//! A value is a pure expression over the packet: it is always the same for the same packet, and the only thing that can
//! happen while it is computed is that an octet beyond the end is asked for, which rejects the packet. Constants are
//! folded, but nothing is that would leave an octet unread.

use std::collections::HashMap;
use std::ops::{Add, Sub};

use super::ast::Operation;

/// A value by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Val(u32);

/// Where octets of the packet begin: at a fixed place, or so far behind one that the packet itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub base: Option<Val>,
    pub offset: u32,
}

impl From<u32> for Place {
    fn from(offset: u32) -> Place {
        Place { base: None, offset }
    }
}

impl Add<u32> for Place {
    type Output = Place;

    fn add(self, octets: u32) -> Place {
        Place { offset: self.offset.wrapping_add(octets), ..self }
    }
}

impl Sub<u32> for Place {
    type Output = Place;

    fn sub(self, octets: u32) -> Place {
        Place { offset: self.offset.wrapping_sub(octets), ..self }
    }
}

/// How a value comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Const(u32),
    /// Octets of the packet on the wire.
    WireLen,
    /// 1, 2 or 4 octets at a fixed place.
    Load {
        size: u8,
        at: u32,
    },
    /// 1, 2 or 4 octets at `base` plus `offset`.
    LoadFrom {
        size: u8,
        base: Val,
        offset: u32,
    },
    /// Length of the IPv4 header that begins at a fixed place: four times the low half of its first octet.
    HeaderLen {
        at: u32,
    },
    Negate(Val),
    Binary(Operation, Val, Val),
    /// `yes` if `value` is `number`, else `no`; the other one is not computed.
    Choose {
        value: Val,
        number: u32,
        yes: Val,
        no: Val,
    },
}

/// The table of values.
#[derive(Debug, Default)]
pub(super) struct Values {
    all: Vec<Value>,
    known: HashMap<Value, Val>,
    /// Those that are asked for again and again and are worth a scratch cell, in the order of their making.
    kept: Vec<Val>,
}

impl Values {
    pub(super) fn of(&self, val: Val) -> Value {
        self.all[val.0 as usize]
    }

    /// The number, if it does not depend on the packet.
    pub(super) fn constant_of(&self, val: Val) -> Option<u32> {
        match self.of(val) {
            Value::Const(number) => Some(number),
            _ => None,
        }
    }

    fn keep(&mut self, value: Value) -> Val {
        let next = Val(self.all.len() as u32);
        let val = *self.known.entry(value).or_insert(next);
        if val == next {
            self.all.push(value);
        }
        val
    }

    pub(super) fn constant(&mut self, number: u32) -> Val {
        self.keep(Value::Const(number))
    }

    pub(super) fn wire_len(&mut self) -> Val {
        self.keep(Value::WireLen)
    }

    /// Octets of the packet.
    pub(super) fn load(&mut self, size: u8, at: impl Into<Place>) -> Val {
        let Place { base, offset } = at.into();
        match base {
            Some(base) => self.keep(Value::LoadFrom { size, base, offset }),
            None => self.keep(Value::Load { size, at: offset }),
        }
    }

    /// The length of the IPv4 header that begins at a place.
    pub(super) fn header_len(&mut self, at: Place) -> Val {
        if at.base.is_none() {
            return self.keep(Value::HeaderLen { at: at.offset });
        }
        let first = self.load(1, at);
        let words = self.masked(first, 0x0f);
        self.times(words, 4)
    }

    /// The bits of `mask` in a value.
    pub(super) fn masked(&mut self, val: Val, mask: u32) -> Val {
        let mask = self.constant(mask);
        self.binary(Operation::And, val, mask).unwrap_or(val)
    }

    /// A value with a number added.
    pub(super) fn plus(&mut self, val: Val, number: u32) -> Val {
        let number = self.constant(number);
        self.binary(Operation::Add, val, number).unwrap_or(val)
    }

    /// A value times a number.
    pub(super) fn times(&mut self, val: Val, number: u32) -> Val {
        let number = self.constant(number);
        self.binary(Operation::Multiply, val, number).unwrap_or(val)
    }

    /// The place `distance` octets behind another one; what is constant in it becomes part of the offset.
    pub(super) fn behind(&mut self, place: Place, distance: Val) -> Place {
        match self.of(distance) {
            Value::Const(number) => place + number,
            Value::Binary(Operation::Add, inner, addend) if self.constant_of(addend).is_some() => {
                let number = self.constant_of(addend).unwrap_or_default();
                self.behind(place + number, inner)
            }
            _ => {
                let base = match place.base {
                    Some(base) => self.keep(Value::Binary(Operation::Add, distance, base)),
                    None => distance,
                };
                Place { base: Some(base), ..place }
            }
        }
    }

    /// A place as a number.
    pub(super) fn number_of(&mut self, place: Place) -> Val {
        let offset = self.constant(place.offset);
        match place.base {
            Some(base) if place.offset == 0 => base,
            Some(base) => self.keep(Value::Binary(Operation::Add, base, offset)),
            None => offset,
        }
    }

    /// `yes` if `value` is `number`, else `no`.
    pub(super) fn choose(&mut self, value: Val, number: u32, yes: Val, no: Val) -> Val {
        match self.constant_of(value) {
            Some(known) => [no, yes][usize::from(known == number)],
            None => self.keep(Value::Choose { value, number, yes, no }),
        }
    }

    /// Marks a place as one that much is read behind, so that it is computed once and not for each reading.
    pub(super) fn kept(&mut self, place: Place) -> Place {
        let base = self.number_of(place);
        if self.constant_of(base).is_some() {
            return place;
        }
        if !self.kept.contains(&base) {
            self.kept.push(base);
        }
        Place { base: Some(base), offset: 0 }
    }

    /// How many values are worth a scratch cell.
    pub(super) fn kept_count(&self) -> usize {
        self.kept.len()
    }

    /// The number of a value among those that are worth a scratch cell.
    pub(super) fn kept_number(&self, val: Val) -> Option<usize> {
        self.kept.iter().position(|kept| *kept == val)
    }

    pub(super) fn negate(&mut self, val: Val) -> Val {
        match self.constant_of(val) {
            Some(number) => self.constant(number.wrapping_neg()),
            None => self.keep(Value::Negate(val)),
        }
    }

    /// `left` and `right` combined; `None` if that divides by the constant zero.
    pub(super) fn binary(&mut self, operation: Operation, left: Val, right: Val) -> Option<Val> {
        use Operation::{Add, And, Divide, Modulo, Multiply, Or, ShiftLeft, ShiftRight, Subtract, Xor};
        Some(match (self.constant_of(left), self.constant_of(right)) {
            (_, Some(0)) if matches!(operation, Divide | Modulo) => return None,
            (Some(left), Some(right)) => {
                let number = compute(operation, left, right)?;
                self.constant(number)
            }
            (_, Some(0)) if matches!(operation, Add | Subtract | ShiftLeft | ShiftRight | Or | Xor) => left,
            (Some(0), _) if matches!(operation, Add | Or | Xor) => right,
            (Some(_), _) if matches!(operation, Add | Multiply | And | Or | Xor) => {
                self.keep(Value::Binary(operation, right, left))
            }
            _ => self.keep(Value::Binary(operation, left, right)),
        })
    }
}

/// The result of an operation on 32 bits; `None` if it divides by zero.
pub(super) fn compute(operation: Operation, left: u32, right: u32) -> Option<u32> {
    Some(match operation {
        Operation::Add => left.wrapping_add(right),
        Operation::Subtract => left.wrapping_sub(right),
        Operation::Multiply => left.wrapping_mul(right),
        Operation::Divide => left.checked_div(right)?,
        Operation::Modulo => left.checked_rem(right)?,
        Operation::And => left & right,
        Operation::Or => left | right,
        Operation::Xor => left ^ right,
        Operation::ShiftLeft => left.checked_shl(right).unwrap_or(0),
        Operation::ShiftRight => left.checked_shr(right).unwrap_or(0),
    })
}
