//! The machine of classic BPF once more, for the programs of tcpdump: one that knows loops, which only libpcap's own machine
//! runs, and that sees when a program reads a scratch cell that it never wrote, which has no meaning (the kernel refuses it).

use netlab::filter::capture::{Instruction, code::*};

use crate::corpus::Packet;

/// A program as tcpdump prints it.
pub struct Peer(Vec<Instruction>);

impl Peer {
    /// Reads what `tcpdump -ddd` prints.
    pub fn of_listing(text: &str) -> Peer {
        let instructions = text.lines().skip(1).map(|line| {
            let numbers: Vec<u32> =
                line.split_whitespace().map(|word| word.parse::<i64>().expect("a number") as u32).collect();
            Instruction { code: numbers[0] as u16, jt: numbers[1] as u8, jf: numbers[2] as u8, k: numbers[3] }
        });
        Peer(instructions.collect())
    }

    /// The program as text.
    pub fn listing(&self) -> String {
        self.0.iter().enumerate().map(|(at, one)| format!("{at}: {one:x?}\n")).collect()
    }

    /// Whether a packet is taken; `None` if that depends on a cell that was never written.
    pub fn takes(&self, packet: &Packet) -> Option<bool> {
        let (mut a, mut x) = (0_u32, 0_u32);
        let mut cells = [None; 16];
        let mut at = 0_usize;
        let octets = |from: u64, size: u16| -> Option<u32> {
            let len = match size & 0x18 {
                B => 1,
                H => 2,
                _ => 4,
            };
            let octets = packet.bytes.get(from as usize..from as usize + len)?;
            Some(octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
        };
        // A loop passes a header a round, so it ends with the packet; the bound is for a broken program.
        for _ in 0..100_000 {
            let Instruction { code, jt, jf, k } = self.0[at];
            at += 1;
            let operand = if code & X != 0 { x } else { k };
            match code & 0x07 {
                LD | LDX => {
                    let value = match code & 0xe0 {
                        IMM => k,
                        ABS => match octets(k.into(), code) {
                            Some(value) => value,
                            None if self.is_of_no_use(at) => 0,
                            None => return Some(false),
                        },
                        IND => match octets(u64::from(x) + u64::from(k), code) {
                            Some(value) => value,
                            None if self.is_of_no_use(at) => 0,
                            None => return Some(false),
                        },
                        MEM => cells[k as usize]?,
                        LEN => packet.wire_len,
                        _ => match octets(k.into(), B) {
                            Some(value) => 4 * (value & 0x0f),
                            None => return Some(false),
                        },
                    };
                    *if code & 0x07 == LD { &mut a } else { &mut x } = value;
                }
                ST | STX if self.is_later_a_place(at - 1, k) => cells[k as usize] = None,
                ST => cells[k as usize] = Some(a),
                STX => cells[k as usize] = Some(x),
                ALU => {
                    a = match code & 0xf0 {
                        ADD => a.wrapping_add(operand),
                        SUB => a.wrapping_sub(operand),
                        MUL => a.wrapping_mul(operand),
                        DIV | MOD if operand == 0 => return Some(false),
                        DIV => a / operand,
                        MOD => a % operand,
                        OR => a | operand,
                        AND => a & operand,
                        XOR => a ^ operand,
                        LSH => a.checked_shl(operand).unwrap_or(0),
                        RSH => a.checked_shr(operand).unwrap_or(0),
                        _ => a.wrapping_neg(),
                    }
                }
                JMP => {
                    let holds = match code & 0xf0 {
                        JA => {
                            at = (at as u32).wrapping_add(k) as usize;
                            continue;
                        }
                        JEQ => a == operand,
                        JGT => a > operand,
                        JGE => a >= operand,
                        _ => a & operand != 0,
                    };
                    at += usize::from(if holds { jt } else { jf });
                }
                RET => return Some(if code & A != 0 { a != 0 } else { k != 0 }),
                _ if code & TXA != 0 => a = x,
                _ => {
                    if self.forgets_the_place(at - 1) {
                        a = a.wrapping_add(x).wrapping_sub(1);
                    }
                    x = a;
                }
            }
        }
        panic!("no end:\n{}", self.listing());
    }

    /// True if no bit of what is in the accumulator counts: what `net 2001:db8::/32` reads beyond its 32 bits. Tcpdump's
    /// optimiser takes such readings out, but not where there is a loop or a place that the packet tells.
    fn is_of_no_use(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|one| (one.code, one.k) == (ALU | AND | K, 0))
    }

    /// True if the cell is used for arithmetic here and for a place in Geneve elsewhere: without Geneve, that place is unknown.
    fn is_later_a_place(&self, at: usize, cell: u32) -> bool {
        // The places are stored around the question whether an Ethernet frame is carried.
        let is_near = |fork: usize| (fork.saturating_sub(12)..fork + 8).contains(&at);
        let stores_it = |fork: usize| {
            let around = self.0.iter().take(fork + 8).skip(fork.saturating_sub(12));
            around.into_iter().any(|one| matches!(one.code, ST | STX) && one.k == cell)
        };
        let forks = || (0..self.0.len()).filter(|at| self.0[*at].code == JMP | JEQ && self.0[*at].k == 0x6558);
        forks().any(stores_it) && !forks().any(is_near)
    }

    /// Behind an authentication header libpcap 1.10 goes on at the length of the header, not at that length behind where it
    /// began (`X = (P[X + 1] + 2) * 4`). What is compared is the chain that was meant.
    fn forgets_the_place(&self, at: usize) -> bool {
        let is = |at: usize, code: u16, k: u32| self.0.get(at).is_some_and(|one| (one.code, one.k) == (code, k));
        let jumps_back = self.0.get(at + 2).is_some_and(|one| one.code == JMP | JA && one.k > u32::MAX / 2);
        at >= 2 && is(at - 2, ALU | ADD | K, 2) && is(at - 1, ALU | MUL | K, 4) && jumps_back
    }
}
