//! One instruction as text.

use std::fmt;

use super::ancillary;
use super::program::{Instruction, code};

/// Writes instruction number `at` in the manner of `tcpdump -d`, and the end of the line.
pub(super) fn write_instruction(f: &mut fmt::Formatter<'_>, at: usize, instruction: &Instruction) -> fmt::Result {
    let Instruction { code, jt, jf, k } = *instruction;
    let size = match code & 0x18 {
        code::H => "h",
        code::B => "b",
        _ => "",
    };
    let (word, operand) = match code & 0x07 {
        code::LD | code::LDX => {
            let register = if code & 0x07 == code::LD { "ld" } else { "ldx" };
            let operand = match code & 0xe0 {
                code::IMM => format!("#{k:#x}"),
                code::ABS => match ancillary::name(k) {
                    Some(name) => format!("[{name}]"),
                    None => format!("[{}]", k as i32),
                },
                code::IND => format!("[x + {k}]"),
                code::MEM => format!("M[{k}]"),
                code::LEN => "#pktlen".to_owned(),
                _ => format!("4*([{k}]&0xf)"),
            };
            (format!("{register}{size}"), operand)
        }
        code::ST => ("st".to_owned(), format!("M[{k}]")),
        code::STX => ("stx".to_owned(), format!("M[{k}]")),
        code::ALU => {
            let word = match code & 0xf0 {
                code::ADD => "add",
                code::SUB => "sub",
                code::MUL => "mul",
                code::DIV => "div",
                code::MOD => "mod",
                code::AND => "and",
                code::OR => "or",
                code::XOR => "xor",
                code::LSH => "lsh",
                code::RSH => "rsh",
                _ => "neg",
            };
            let operand = match (word, code & code::X != 0) {
                ("neg", _) => String::new(),
                (_, true) => "x".to_owned(),
                ("and" | "or" | "xor", _) => format!("#{k:#x}"),
                _ => format!("#{k}"),
            };
            (word.to_owned(), operand)
        }
        code::JMP => {
            let word = match code & 0xf0 {
                code::JEQ => "jeq",
                code::JGT => "jgt",
                code::JGE => "jge",
                code::JSET => "jset",
                _ => return writeln!(f, "({at:03}) ja       {}", at + 1 + k as usize),
            };
            let operand = if code & code::X != 0 { "x".to_owned() } else { format!("#{k:#x}") };
            let (yes, no) = (at + 1 + usize::from(jt), at + 1 + usize::from(jf));
            return writeln!(f, "({at:03}) {word:<8} {operand:<16} jt {yes:<4} jf {no}");
        }
        code::RET if code & code::A != 0 => ("ret".to_owned(), "a".to_owned()),
        code::RET => ("ret".to_owned(), format!("#{k}")),
        _ if code & code::TXA != 0 => ("txa".to_owned(), String::new()),
        _ => ("tax".to_owned(), String::new()),
    };
    let line = format!("({at:03}) {word:<8} {operand}");
    writeln!(f, "{}", line.trim_end())
}
