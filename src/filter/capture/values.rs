//! The numbers that a filter computes from a packet, each kept once.
//!
//! A value is a pure expression over the packet: it is always the same for the same packet, and the only thing that can
//! happen while it is computed is that an octet beyond the end is asked for, which rejects the packet. Constants are
//! folded, but nothing is that would leave an octet unread.

use std::collections::HashMap;

use super::ast::Operation;

/// A value by its place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Val(u32);

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
}

/// The table of values.
#[derive(Debug, Default)]
pub(super) struct Values {
    all: Vec<Value>,
    known: HashMap<Value, Val>,
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

    pub(super) fn load(&mut self, size: u8, at: u32) -> Val {
        self.keep(Value::Load { size, at })
    }

    pub(super) fn header_len(&mut self, at: u32) -> Val {
        self.keep(Value::HeaderLen { at })
    }

    /// Octets at `base` plus `offset`, where a constant base becomes part of the offset.
    pub(super) fn load_from(&mut self, size: u8, base: Val, offset: u32) -> Val {
        match self.of(base) {
            Value::Const(number) => self.load(size, number.wrapping_add(offset)),
            Value::Binary(Operation::Add, inner, addend) => match self.of(addend) {
                Value::Const(number) => self.load_from(size, inner, offset.wrapping_add(number)),
                _ => self.keep(Value::LoadFrom { size, base, offset }),
            },
            _ => self.keep(Value::LoadFrom { size, base, offset }),
        }
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
