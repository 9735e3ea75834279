//! From the graph to instructions: registers, scratch memory, jumps.
//!
//! Places that much is read behind (what a tunnel carries) are kept in scratch cells. Which ones hold what is followed like
//! the registers: where two ways meet, only what both kept is there. So no cell is read before it was written, which the
//! kernel would refuse.

use std::collections::HashMap;

use super::ast::Operation;
use super::cond::Comparison;
use super::graph::{Graph, Node, Way};
use super::program::{Instruction, code};
use super::values::{Val, Value, Values};

/// What the accepting instruction returns: octets to keep, as many as there are.
pub(super) const KEEP: u32 = 262_144;

/// Scratch cells of the machine.
const CELLS: u32 = 16;

/// The filter needs more scratch memory than the machine has.
#[derive(Debug)]
pub(super) struct TooDeep;

/// Scratch cells that places are kept in, at most; the others are for what is half computed.
const KEPT_CELLS: usize = 8;

/// What the two registers hold, and which places are kept in scratch cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Registers {
    a: Option<Val>,
    x: Option<Val>,
    kept: [Option<Val>; KEPT_CELLS],
}

impl Registers {
    fn meet(&mut self, other: Registers) {
        if self.a != other.a {
            self.a = None;
        }
        if self.x != other.x {
            self.x = None;
        }
        for (mine, theirs) in self.kept.iter_mut().zip(other.kept) {
            if *mine != theirs {
                *mine = None;
            }
        }
    }
}

/// One node's instructions; the last is the jump, whose targets are filled in when all places are known. There is none where
/// something is only read and the next block follows.
struct Block {
    body: Vec<Instruction>,
    yes: Way,
    no: Way,
    jumps: bool,
}

pub(super) fn emit(graph: &Graph, root: Way, values: &Values) -> Result<Vec<Instruction>, TooDeep> {
    let order = graph.order(root);
    let mut entry: HashMap<u32, Registers> = HashMap::new();
    let mut blocks = Vec::with_capacity(order.len());
    for (place, index) in order.iter().enumerate() {
        let node = graph.node(*index);
        let mut code =
            Emitter { values, out: Vec::new(), registers: entry.remove(index).unwrap_or_default(), cells: 0 };
        let jumps = node.yes != node.no || Some(node.yes) != order.get(place + 1).map(|next| Way::Node(*next));
        if jumps {
            code.test(node)?
        } else {
            code.read(node)?
        }
        for way in [node.yes, node.no] {
            if let Way::Node(next) = way {
                entry.entry(next).and_modify(|known| known.meet(code.registers)).or_insert(code.registers);
            }
        }
        blocks.push(Block { body: code.out, yes: node.yes, no: node.no, jumps });
    }
    Ok(link(&order, blocks, root))
}

struct Emitter<'v> {
    values: &'v Values,
    out: Vec<Instruction>,
    registers: Registers,
    cells: u32,
}

impl Emitter<'_> {
    fn push(&mut self, code: u16, k: u32) {
        self.out.push(Instruction { code, jt: 0, jf: 0, k });
    }

    fn test(&mut self, node: &Node) -> Result<(), TooDeep> {
        let test = &node.test;
        let comparison = match test.comparison {
            Comparison::Equal => code::JEQ,
            Comparison::Greater => code::JGT,
            Comparison::GreaterOrEqual => code::JGE,
            Comparison::AnyBit => code::JSET,
        };
        self.read(node)?;
        match self.values.constant_of(test.against) {
            Some(number) => self.push(code::JMP | comparison | code::K, number),
            None => self.push(code::JMP | comparison | code::X, 0),
        }
        Ok(())
    }

    /// Computes what a test compares.
    fn read(&mut self, node: &Node) -> Result<(), TooDeep> {
        match self.values.constant_of(node.test.against) {
            Some(_) => self.a(node.test.value),
            None => self.both(node.test.value, node.test.against),
        }
    }

    /// Brings `left` into the accumulator and `right` into the index register.
    fn both(&mut self, left: Val, right: Val) -> Result<(), TooDeep> {
        if self.registers.a == Some(left) && self.registers.x == Some(right) {
            return Ok(());
        }
        if self.goes_to_x(right) {
            self.a(left)?;
            return self.x(right);
        }
        let cell = self.cells;
        if cell + self.values.kept_count().min(KEPT_CELLS) as u32 >= CELLS {
            return Err(TooDeep);
        }
        self.a(right)?;
        self.push(code::ST, cell);
        self.cells += 1;
        self.a(left)?;
        self.cells -= 1;
        self.push(code::LDX | code::W | code::MEM, cell);
        self.registers.x = Some(right);
        Ok(())
    }

    /// True if the value gets into the index register without the accumulator.
    fn goes_to_x(&self, val: Val) -> bool {
        matches!(self.values.of(val), Value::Const(_) | Value::WireLen | Value::HeaderLen { .. })
            || self.registers.kept.contains(&Some(val))
    }

    /// The scratch cell that a value is in.
    fn cell_of(&self, val: Val) -> Option<u32> {
        let place = self.registers.kept.iter().position(|kept| *kept == Some(val))?;
        Some(CELLS - 1 - place as u32)
    }

    /// Keeps what the accumulator holds in a scratch cell, if it is worth one.
    fn keep(&mut self, val: Val) {
        if let Some(number) = self.values.kept_number(val) {
            // More than there are cells take turns.
            let place = number % KEPT_CELLS;
            self.push(code::ST, CELLS - 1 - place as u32);
            self.registers.kept[place] = Some(val);
        }
    }

    /// Leaves one of two values in the accumulator, by a jump within the block.
    fn choose(&mut self, value: Val, number: u32, yes: Val, no: Val) -> Result<(), TooDeep> {
        self.a(value)?;
        let fork = self.out.len();
        self.push(code::JMP | code::JEQ | code::K, number);
        let before = self.registers;
        self.a(yes)?;
        let after_yes = std::mem::replace(&mut self.registers, before);
        let over = self.out.len();
        self.push(code::JMP | code::JA, 0);
        self.out[fork].jf = u8::try_from(self.out.len() - fork - 1).map_err(|_| TooDeep)?;
        self.a(no)?;
        self.out[over].k = (self.out.len() - over - 1) as u32;
        self.registers.meet(after_yes);
        Ok(())
    }

    fn a(&mut self, val: Val) -> Result<(), TooDeep> {
        if self.registers.a == Some(val) {
            return Ok(());
        }
        if let Some(cell) = self.cell_of(val) {
            self.push(code::LD | code::MEM, cell);
            self.registers.a = Some(val);
            return Ok(());
        }
        match self.values.of(val) {
            Value::Const(number) => self.push(code::LD | code::IMM, number),
            Value::WireLen => self.push(code::LD | code::W | code::LEN, 0),
            Value::Load { size, at } => self.push(code::LD | width(size) | code::ABS, at),
            Value::LoadFrom { size, base, offset } => {
                self.x(base)?;
                self.push(code::LD | width(size) | code::IND, offset);
            }
            Value::HeaderLen { .. } => {
                self.x(val)?;
                self.push(code::MISC | code::TXA, 0);
            }
            Value::Negate(inner) => {
                self.a(inner)?;
                self.push(code::ALU | code::NEG, 0);
            }
            Value::Binary(operation, left, right) => match self.values.constant_of(right) {
                Some(number) => {
                    self.a(left)?;
                    self.push(code::ALU | alu(operation) | code::K, number);
                }
                None => {
                    self.both(left, right)?;
                    self.push(code::ALU | alu(operation) | code::X, 0);
                }
            },
            Value::Choose { value, number, yes, no } => self.choose(value, number, yes, no)?,
        }
        self.registers.a = Some(val);
        self.keep(val);
        Ok(())
    }

    fn x(&mut self, val: Val) -> Result<(), TooDeep> {
        if self.registers.x == Some(val) {
            return Ok(());
        }
        if let Some(cell) = self.cell_of(val) {
            self.push(code::LDX | code::W | code::MEM, cell);
            self.registers.x = Some(val);
            return Ok(());
        }
        match self.values.of(val) {
            Value::Const(number) => self.push(code::LDX | code::IMM, number),
            Value::WireLen => self.push(code::LDX | code::W | code::LEN, 0),
            Value::HeaderLen { at } => self.push(code::LDX | code::B | code::MSH, at),
            _ => {
                self.a(val)?;
                self.push(code::MISC | code::TAX, 0);
            }
        }
        self.registers.x = Some(val);
        Ok(())
    }
}

fn width(size: u8) -> u16 {
    match size {
        1 => code::B,
        2 => code::H,
        _ => code::W,
    }
}

fn alu(operation: Operation) -> u16 {
    match operation {
        Operation::Add => code::ADD,
        Operation::Subtract => code::SUB,
        Operation::Multiply => code::MUL,
        Operation::Divide => code::DIV,
        Operation::Modulo => code::MOD,
        Operation::And => code::AND,
        Operation::Or => code::OR,
        Operation::Xor => code::XOR,
        Operation::ShiftLeft => code::LSH,
        Operation::ShiftRight => code::RSH,
    }
}

/// Puts the blocks after one another and fills in the jumps. A conditional jump reaches 255 instructions; where that is
/// too short, it goes to an unconditional one behind it.
fn link(order: &[u32], blocks: Vec<Block>, root: Way) -> Vec<Instruction> {
    let ret = |keep| Instruction { code: code::RET | code::K, jt: 0, jf: 0, k: keep };
    match root {
        Way::Accept => return vec![ret(KEEP)],
        Way::Reject => return vec![ret(0)],
        Way::Node(_) => {}
    }
    let position: HashMap<u32, usize> = order.iter().enumerate().map(|(place, index)| (*index, place)).collect();
    let mut long = vec![(false, false); blocks.len()];
    loop {
        // Where each block begins, with the detours that are needed so far.
        let mut starts = Vec::with_capacity(blocks.len() + 1);
        let mut at = 0;
        for (block, (yes, no)) in blocks.iter().zip(&long) {
            starts.push(at);
            at += block.body.len() + usize::from(*yes) + usize::from(*no);
        }
        let place = |way: Way| match way {
            Way::Node(index) => starts[position[&index]],
            Way::Accept => at,
            Way::Reject => at + 1,
        };
        let mut out = Vec::with_capacity(at + 2);
        let mut grown = false;
        for (number, block) in blocks.iter().enumerate() {
            out.extend_from_slice(&block.body);
            if !block.jumps {
                continue;
            }
            let jump = out.len() - 1;
            let after = out.len();
            let (yes_long, no_long) = long[number];
            let mut detours = 0;
            let mut reach = |way: Way, is_long: bool, needs: &mut bool| {
                let target = place(way);
                if is_long {
                    let detour = after + detours;
                    detours += 1;
                    out.push(Instruction { code: code::JMP | code::JA, jt: 0, jf: 0, k: (target - detour - 1) as u32 });
                    return (detour - after) as u8;
                }
                let distance = target - after;
                *needs |= distance > 255;
                distance.min(255) as u8
            };
            let (mut yes_needs, mut no_needs) = (false, false);
            let jt = reach(block.yes, yes_long, &mut yes_needs);
            let jf = reach(block.no, no_long, &mut no_needs);
            out[jump].jt = jt;
            out[jump].jf = jf;
            if yes_needs || no_needs {
                long[number] = (yes_long || yes_needs, no_long || no_needs);
                grown = true;
            }
        }
        if !grown {
            out.extend([ret(KEEP), ret(0)]);
            return out;
        }
    }
}
