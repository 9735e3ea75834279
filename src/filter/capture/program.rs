//! Classic BPF programs: the instructions, and the machine that runs them on files.

use std::fmt;

use super::fuse;
use super::quick::Quick;

/// Instruction codes of classic BPF (McCanne and Jacobson, "The BSD Packet Filter", 1993; Linux
/// Documentation/networking/filter.rst).
#[allow(missing_docs)]
pub mod code {
    pub const LD: u16 = 0x00;
    pub const LDX: u16 = 0x01;
    pub const ST: u16 = 0x02;
    pub const STX: u16 = 0x03;
    pub const ALU: u16 = 0x04;
    pub const JMP: u16 = 0x05;
    pub const RET: u16 = 0x06;
    pub const MISC: u16 = 0x07;

    pub const W: u16 = 0x00;
    pub const H: u16 = 0x08;
    pub const B: u16 = 0x10;

    pub const IMM: u16 = 0x00;
    pub const ABS: u16 = 0x20;
    pub const IND: u16 = 0x40;
    pub const MEM: u16 = 0x60;
    pub const LEN: u16 = 0x80;
    pub const MSH: u16 = 0xa0;

    pub const ADD: u16 = 0x00;
    pub const SUB: u16 = 0x10;
    pub const MUL: u16 = 0x20;
    pub const DIV: u16 = 0x30;
    pub const OR: u16 = 0x40;
    pub const AND: u16 = 0x50;
    pub const LSH: u16 = 0x60;
    pub const RSH: u16 = 0x70;
    pub const NEG: u16 = 0x80;
    pub const MOD: u16 = 0x90;
    pub const XOR: u16 = 0xa0;

    pub const JA: u16 = 0x00;
    pub const JEQ: u16 = 0x10;
    pub const JGT: u16 = 0x20;
    pub const JGE: u16 = 0x30;
    pub const JSET: u16 = 0x40;

    pub const K: u16 = 0x00;
    pub const X: u16 = 0x08;
    pub const A: u16 = 0x10;

    pub const TAX: u16 = 0x00;
    pub const TXA: u16 = 0x80;
}

/// One instruction, with the fields of the kernel's `struct sock_filter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Instruction {
    /// What to do.
    pub code: u16,
    /// Instructions to skip if the jump's condition holds.
    pub jt: u8,
    /// Instructions to skip if it does not.
    pub jf: u8,
    /// The constant of the instruction.
    pub k: u32,
}

/// Why instructions are not a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("instruction {at} of the filter program: {reason}")]
pub struct BadProgram {
    /// The instruction, from 0.
    pub at: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// A validated program: it ends, and reads nothing that is not there.
#[derive(Clone, Debug)]
pub struct Program {
    instructions: Vec<Instruction>,
    pub(super) steps: Vec<Step>,
    quick: Option<Quick>,
    /// What a jump to [`ACCEPT`] returns.
    keep: u32,
}

/// Where jumps to a rejecting instruction go in the steps: nowhere.
pub(super) const REJECT: u32 = u32::MAX;
/// Where jumps to the accepting instruction go in the steps: nowhere, with [`Program::keep`] as what is returned.
pub(super) const ACCEPT: u32 = u32::MAX - 1;

/// An instruction decoded for the machine. Jumps go to absolute places, always forward.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    LoadWord(u32),
    LoadHalf(u32),
    LoadByte(u32),
    LoadWordFrom(u32),
    LoadHalfFrom(u32),
    LoadByteFrom(u32),
    LoadLen,
    LoadConstant(u32),
    LoadCell(u8),
    IndexConstant(u32),
    IndexLen,
    IndexHeaderLen(u32),
    IndexCell(u8),
    Store(u8),
    StoreIndex(u8),
    Compute(Alu, u32),
    ComputeIndex(Alu),
    Negate,
    Jump(u32),
    JumpEqual(u32, u32, u32),
    JumpGreater(u32, u32, u32),
    JumpGreaterOrEqual(u32, u32, u32),
    JumpAnyBit(u32, u32, u32),
    JumpIndex(u16, u32, u32),
    // A load and the jump after it, in one step: most of every filter is made of these.
    ByteEqual(u16, u32, u32, u32),
    HalfEqual(u16, u32, u32, u32),
    WordEqual(u16, u32, u32, u32),
    HalfAnyBit(u16, u32, u32, u32),
    HalfFromEqual(u16, u32, u32, u32),
    /// The header length at an octet, and the comparison of the half word so far behind it: a port.
    BehindHeaderEqual(u8, u8, u16, u32, u32),
    // The same number at one of two places: one of two ports or addresses. Which one it is cannot be foretold, so a branch
    // for each would cost more than looking at both.
    HalfEither(u16, u16, u16, u32, u32),
    WordEither(u8, u8, u32, u32, u32),
    BehindHeaderEither(u8, u8, u8, u16, u32, u32),
    Keep(u32),
    KeepAccumulator,
    ToIndex,
    FromIndex,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Alu {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

impl Program {
    /// Validates instructions.
    ///
    /// # Errors
    /// When one is unknown, jumps beyond the end, names a scratch cell that does not exist, or the program can run off
    /// its end.
    pub fn new(instructions: Vec<Instruction>) -> Result<Program, BadProgram> {
        let mut program = Program::plain(instructions)?;
        fuse::fuse(&mut program.steps);
        program.quick = Quick::of(&program.steps);
        Ok(program)
    }

    /// A program with a step for each instruction.
    pub(super) fn plain(instructions: Vec<Instruction>) -> Result<Program, BadProgram> {
        let count = instructions.len();
        if count == 0 {
            return Err(BadProgram { at: 0, reason: "there is none" });
        }
        let mut steps: Vec<Step> = instructions
            .iter()
            .enumerate()
            .map(|(at, instruction)| step(at, count, instruction).map_err(|reason| BadProgram { at, reason }))
            .collect::<Result<_, _>>()?;
        if !matches!(steps.last(), Some(Step::Keep(_) | Step::KeepAccumulator)) {
            return Err(BadProgram { at: count - 1, reason: "the last instruction does not return" });
        }
        // Most ways end in one of two instructions: there the machine stops without going there.
        let keeps = |step: &Step| match step {
            Step::Keep(count) => Some(*count),
            _ => None,
        };
        let keep = steps.iter().filter_map(keeps).find(|count| *count != 0).unwrap_or(0);
        let ends: Vec<Option<u32>> = steps.iter().map(keeps).collect();
        for step in &mut steps {
            for target in targets(step) {
                match ends[*target as usize] {
                    Some(0) => *target = REJECT,
                    Some(count) if count == keep => *target = ACCEPT,
                    _ => {}
                }
            }
        }
        Ok(Program { instructions, steps, quick: None, keep })
    }

    /// The instructions, as the kernel takes them.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// True if the program accepts a packet with these captured octets that had `wire_len` octets on the wire.
    #[inline]
    pub fn matches(&self, bytes: &[u8], wire_len: u32) -> bool {
        match self.quick.as_ref().and_then(|quick| quick.matches(bytes)) {
            Some(taken) => taken,
            None => self.keeps(bytes, wire_len) != 0,
        }
    }

    /// Octets of the packet that the program wants kept; 0 if it rejects the packet. An octet beyond the end rejects.
    pub fn keeps(&self, bytes: &[u8], wire_len: u32) -> u32 {
        let mut a = 0_u32;
        let mut x = 0_u32;
        let mut cells = [0_u32; 16];
        let mut at = 0_usize;
        macro_rules! read {
            ($value:expr) => {
                match $value {
                    Some(value) => value,
                    None => return 0,
                }
            };
        }
        // Jumps only go forward, so this ends after at most as many rounds as there are steps.
        while let Some(step) = self.steps.get(at) {
            at += 1;
            match *step {
                Step::LoadHalf(offset) => a = read!(half(bytes, u64::from(offset))),
                Step::LoadByte(offset) => a = read!(byte(bytes, u64::from(offset))),
                Step::LoadWord(offset) => a = read!(word(bytes, u64::from(offset))),
                Step::LoadHalfFrom(offset) => a = read!(half(bytes, u64::from(x) + u64::from(offset))),
                Step::LoadByteFrom(offset) => a = read!(byte(bytes, u64::from(x) + u64::from(offset))),
                Step::LoadWordFrom(offset) => a = read!(word(bytes, u64::from(x) + u64::from(offset))),
                Step::JumpEqual(number, yes, no) => at = if a == number { yes } else { no } as usize,
                Step::JumpGreater(number, yes, no) => at = if a > number { yes } else { no } as usize,
                Step::JumpGreaterOrEqual(number, yes, no) => at = if a >= number { yes } else { no } as usize,
                Step::JumpAnyBit(number, yes, no) => at = if a & number != 0 { yes } else { no } as usize,
                Step::JumpIndex(comparison, yes, no) => {
                    let holds = match comparison {
                        code::JEQ => a == x,
                        code::JGT => a > x,
                        code::JGE => a >= x,
                        _ => a & x != 0,
                    };
                    at = if holds { yes } else { no } as usize;
                }
                Step::ByteEqual(offset, number, yes, no) => {
                    a = read!(byte(bytes, u64::from(offset)));
                    at = if a == number { yes } else { no } as usize;
                }
                Step::HalfEqual(offset, number, yes, no) => {
                    a = read!(half(bytes, u64::from(offset)));
                    at = if a == number { yes } else { no } as usize;
                }
                Step::WordEqual(offset, number, yes, no) => {
                    a = read!(word(bytes, u64::from(offset)));
                    at = if a == number { yes } else { no } as usize;
                }
                Step::HalfAnyBit(offset, number, yes, no) => {
                    a = read!(half(bytes, u64::from(offset)));
                    at = if a & number != 0 { yes } else { no } as usize;
                }
                Step::HalfFromEqual(offset, number, yes, no) => {
                    a = read!(half(bytes, u64::from(x) + u64::from(offset)));
                    at = if a == number { yes } else { no } as usize;
                }
                Step::BehindHeaderEqual(header, offset, number, yes, no) => {
                    x = 4 * (read!(byte(bytes, u64::from(header))) & 0x0f);
                    a = read!(half(bytes, u64::from(x) + u64::from(offset)));
                    at = if a == u32::from(number) { yes } else { no } as usize;
                }
                Step::HalfEither(one, other, number, yes, no) => {
                    let (one, other) = (read!(half(bytes, one.into())), half(bytes, other.into()));
                    (a, at) = read!(one_of(one, other, number.into(), yes, no));
                }
                Step::WordEither(one, other, number, yes, no) => {
                    let (one, other) = (read!(word(bytes, one.into())), word(bytes, other.into()));
                    (a, at) = read!(one_of(one, other, number, yes, no));
                }
                Step::BehindHeaderEither(header, one, other, number, yes, no) => {
                    x = 4 * (read!(byte(bytes, header.into())) & 0x0f);
                    let base = u64::from(x);
                    let (one, other) =
                        (read!(half(bytes, base + u64::from(one))), half(bytes, base + u64::from(other)));
                    (a, at) = read!(one_of(one, other, number.into(), yes, no));
                }
                Step::Jump(target) => at = target as usize,
                Step::Keep(count) => return count,
                Step::KeepAccumulator => return a,
                Step::IndexHeaderLen(offset) => x = 4 * (read!(byte(bytes, u64::from(offset))) & 0x0f),
                Step::LoadLen => a = wire_len,
                Step::LoadConstant(number) => a = number,
                Step::LoadCell(cell) => a = cells[usize::from(cell & 15)],
                Step::IndexConstant(number) => x = number,
                Step::IndexLen => x = wire_len,
                Step::IndexCell(cell) => x = cells[usize::from(cell & 15)],
                Step::Store(cell) => cells[usize::from(cell & 15)] = a,
                Step::StoreIndex(cell) => cells[usize::from(cell & 15)] = x,
                Step::Compute(alu, number) => a = read!(compute(alu, a, number)),
                Step::ComputeIndex(alu) => a = read!(compute(alu, a, x)),
                Step::Negate => a = a.wrapping_neg(),
                Step::ToIndex => x = a,
                Step::FromIndex => a = x,
            }
        }
        if at == ACCEPT as usize { self.keep } else { 0 }
    }
}

/// The places that a step jumps to.
fn targets(step: &mut Step) -> Vec<&mut u32> {
    match step {
        Step::Jump(target) => vec![target],
        Step::JumpEqual(_, yes, no)
        | Step::JumpGreater(_, yes, no)
        | Step::JumpGreaterOrEqual(_, yes, no)
        | Step::JumpAnyBit(_, yes, no)
        | Step::JumpIndex(_, yes, no) => vec![yes, no],
        _ => Vec::new(),
    }
}

/// Which of two values is the number: the accumulator then, and where to go. `None` if that depends on a value that is
/// not there.
#[inline]
fn one_of(one: u32, other: Option<u32>, number: u32, yes: u32, no: u32) -> Option<(u32, usize)> {
    let is_one = one == number;
    let Some(other) = other else { return is_one.then_some((one, yes as usize)) };
    let at = if is_one | (other == number) { yes } else { no };
    Some((if is_one { one } else { other }, at as usize))
}

#[inline]
pub(super) fn byte(bytes: &[u8], at: u64) -> Option<u32> {
    Some(u32::from(*bytes.get(usize::try_from(at).ok()?)?))
}

#[inline]
pub(super) fn half(bytes: &[u8], at: u64) -> Option<u32> {
    read(bytes, at).map(|octets| u32::from(u16::from_be_bytes(octets)))
}

#[inline]
pub(super) fn word(bytes: &[u8], at: u64) -> Option<u32> {
    read(bytes, at).map(u32::from_be_bytes)
}

/// `N` octets from `at` on, which is the sum of two 32-bit numbers and cannot overflow.
#[inline]
fn read<const N: usize>(bytes: &[u8], at: u64) -> Option<[u8; N]> {
    let (start, end) = (usize::try_from(at).ok()?, usize::try_from(at + N as u64).ok()?);
    bytes.get(start..end)?.first_chunk().copied()
}

fn compute(alu: Alu, a: u32, b: u32) -> Option<u32> {
    Some(match alu {
        Alu::Add => a.wrapping_add(b),
        Alu::Subtract => a.wrapping_sub(b),
        Alu::Multiply => a.wrapping_mul(b),
        Alu::Divide => a.checked_div(b)?,
        Alu::Modulo => a.checked_rem(b)?,
        Alu::And => a & b,
        Alu::Or => a | b,
        Alu::Xor => a ^ b,
        Alu::ShiftLeft => a.checked_shl(b).unwrap_or(0),
        Alu::ShiftRight => a.checked_shr(b).unwrap_or(0),
    })
}

fn step(at: usize, count: usize, instruction: &Instruction) -> Result<Step, &'static str> {
    use code::*;
    let Instruction { code, jt, jf, k } = *instruction;
    let cell = |k: u32| if k < 16 { Ok(k as u8) } else { Err("there are 16 scratch cells") };
    let jump = |distance: u64| match at as u64 + 1 + distance {
        target if target < count as u64 => Ok(target as u32),
        _ => Err("jumps beyond the end"),
    };
    const LD_W_ABS: u16 = LD | W | ABS;
    const LD_H_ABS: u16 = LD | H | ABS;
    const LD_B_ABS: u16 = LD | B | ABS;
    const LD_W_IND: u16 = LD | W | IND;
    const LD_H_IND: u16 = LD | H | IND;
    const LD_B_IND: u16 = LD | B | IND;
    const LD_LEN: u16 = LD | W | LEN;
    const LD_IMM: u16 = LD | IMM;
    const LD_MEM: u16 = LD | MEM;
    const LDX_IMM: u16 = LDX | IMM;
    const LDX_LEN: u16 = LDX | W | LEN;
    const LDX_MSH: u16 = LDX | B | MSH;
    const LDX_MEM: u16 = LDX | MEM;
    const JUMP: u16 = JMP | JA;
    const RET_K: u16 = RET | K;
    const RET_A: u16 = RET | A;
    const MISC_TAX: u16 = MISC | TAX;
    const MISC_TXA: u16 = MISC | TXA;
    const ALU_NEG: u16 = ALU | NEG;
    Ok(match code {
        LD_W_ABS => Step::LoadWord(k),
        LD_H_ABS => Step::LoadHalf(k),
        LD_B_ABS => Step::LoadByte(k),
        LD_W_IND => Step::LoadWordFrom(k),
        LD_H_IND => Step::LoadHalfFrom(k),
        LD_B_IND => Step::LoadByteFrom(k),
        LD_LEN => Step::LoadLen,
        LD_IMM => Step::LoadConstant(k),
        LD_MEM => Step::LoadCell(cell(k)?),
        LDX_IMM => Step::IndexConstant(k),
        LDX_LEN => Step::IndexLen,
        LDX_MSH => Step::IndexHeaderLen(k),
        LDX_MEM => Step::IndexCell(cell(k)?),
        ST => Step::Store(cell(k)?),
        STX => Step::StoreIndex(cell(k)?),
        JUMP => Step::Jump(jump(u64::from(k))?),
        RET_K => Step::Keep(k),
        RET_A => Step::KeepAccumulator,
        MISC_TAX => Step::ToIndex,
        MISC_TXA => Step::FromIndex,
        ALU_NEG => Step::Negate,
        _ if code & 0x07 == JMP => {
            let (yes, no) = (jump(u64::from(jt))?, jump(u64::from(jf))?);
            let comparison = code & 0xf0;
            match (comparison, code & X != 0) {
                (JEQ | JGT | JGE | JSET, true) => Step::JumpIndex(comparison, yes, no),
                (JEQ, false) => Step::JumpEqual(k, yes, no),
                (JGT, false) => Step::JumpGreater(k, yes, no),
                (JGE, false) => Step::JumpGreaterOrEqual(k, yes, no),
                (JSET, false) => Step::JumpAnyBit(k, yes, no),
                _ => return Err("unknown jump"),
            }
        }
        _ if code & 0x07 == ALU => {
            let alu = match code & 0xf0 {
                ADD => Alu::Add,
                SUB => Alu::Subtract,
                MUL => Alu::Multiply,
                DIV => Alu::Divide,
                MOD => Alu::Modulo,
                AND => Alu::And,
                OR => Alu::Or,
                XOR => Alu::Xor,
                LSH => Alu::ShiftLeft,
                RSH => Alu::ShiftRight,
                _ => return Err("unknown operation"),
            };
            if code & X != 0 {
                Step::ComputeIndex(alu)
            } else if k == 0 && matches!(alu, Alu::Divide | Alu::Modulo) {
                return Err("divides by zero");
            } else {
                Step::Compute(alu, k)
            }
        }
        _ => return Err("unknown instruction"),
    })
}

impl fmt::Display for Program {
    /// One instruction a line, in the manner of `tcpdump -d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, instruction) in self.instructions.iter().enumerate() {
            super::listing::write_instruction(f, at, instruction)?;
        }
        Ok(())
    }
}
