//! The program that the kernel runs on each packet before it is put into the ring: direction, loopback copies, the capture
//! filter, snap length.
//!
//! What the kernel cannot run is run here on the packet as it is handed over; the packets that are taken are the same.

use super::block::SLL2_LEN;
use crate::filter::FilterError;
use crate::filter::capture::{Filter, Instruction, Program, Target, code};
use crate::wire::LinkType;

/// A step of a program as the kernel takes it.
pub(super) type Step = libc::sock_filter;

/// Kind of hardware of the loopback interface (`ARPHRD_LOOPBACK`).
pub(super) const LOOPBACK_HARDWARE: u16 = libc::ARPHRD_LOOPBACK;
/// Packet type of what this host sent (`PACKET_OUTGOING`).
pub(super) const OUTGOING: u8 = libc::PACKET_OUTGOING;

/// Which packets are wanted by the way they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All that this host did not send.
    Inbound,
    /// What this host sent.
    Outbound,
    /// Both ways; but of the loopback interface, which hands over each packet twice, only the received copy.
    Both,
}

/// A capture filter, for whoever runs it.
pub(super) enum Wanted {
    /// Everything.
    All,
    /// What this program takes in the kernel.
    InKernel(Vec<Step>),
    /// What this program takes of the packets that are handed over.
    Here(Program),
}

impl Wanted {
    /// Compiles a filter for packets that begin with `link`: for the kernel if that can run it.
    pub fn compile(filter: &Filter, link: LinkType) -> Result<Wanted, FilterError> {
        let for_kernel = filter.program(link, Target::Kernel);
        let steps = for_kernel.as_ref().ok().and_then(|program| match link {
            LinkType::LINUX_SLL2 => without_cooked_header(program.instructions()),
            _ => Some(program.instructions().iter().map(to_step).collect()),
        });
        match (steps, for_kernel) {
            (Some(steps), _) if steps.len() + LONGEST_PREAMBLE <= libc::BPF_MAXINSNS as usize => {
                Ok(Wanted::InKernel(steps))
            }
            (_, Ok(_)) => filter.program(link, Target::File).map(Wanted::Here),
            // Too long for the kernel, perhaps; what is wrong with the filter itself is wrong here too.
            (_, Err(error)) => filter.program(link, Target::File).map(Wanted::Here).map_err(|_| error),
        }
    }
}

/// Steps before the capture filter, at most.
const LONGEST_PREAMBLE: usize = 5;

/// The whole program: each packet that it accepts is kept up to `snap_len` octets.
pub(super) fn program(keep: Keep, wanted: &Wanted, snap_len: u32) -> Vec<Step> {
    let mut steps = preamble(keep);
    match wanted {
        Wanted::All | Wanted::Here(_) => steps.push(give(snap_len)),
        Wanted::InKernel(wanted) => steps.extend(wanted.iter().map(|step| {
            let accepts = step.code == code::RET | code::K && step.k != 0;
            if accepts { give(snap_len) } else { *step }
        })),
    }
    steps
}

/// Refuses what goes the wrong way; for the rest it goes on behind its end.
fn preamble(keep: Keep) -> Vec<Step> {
    let packet_type = load(libc::SKF_AD_PKTTYPE);
    match keep {
        Keep::Inbound => vec![packet_type, jump_if_equal(OUTGOING.into(), 0, 1), give(0)],
        Keep::Outbound => vec![packet_type, jump_if_equal(OUTGOING.into(), 1, 0), give(0)],
        Keep::Both => vec![
            packet_type,
            jump_if_equal(OUTGOING.into(), 0, 3),
            load(libc::SKF_AD_HATYPE),
            jump_if_equal(LOOPBACK_HARDWARE.into(), 0, 1),
            give(0),
        ],
    }
}

/// A program for packets with an SLL2 header as one for the same packets without it, which is how the kernel has them.
/// What the header says, the kernel knows beside the packet. `None` if the program asks for what it does not know, or for
/// the length, which is another one there.
fn without_cooked_header(instructions: &[Instruction]) -> Option<Vec<Step>> {
    const WORD: u16 = code::LD | code::W | code::ABS;
    const HALF: u16 = code::LD | code::H | code::ABS;
    const BYTE: u16 = code::LD | code::B | code::ABS;
    let header = SLL2_LEN as u32;
    let beside = |ancillary: libc::c_int| Some((libc::SKF_AD_OFF + ancillary) as u32);
    let moved = |instruction: &Instruction| -> Option<Step> {
        let mut step = to_step(instruction);
        let is_load = matches!(step.code & 0x07, code::LD | code::LDX);
        match step.code & 0xe0 {
            code::LEN if is_load => return None,
            code::ABS | code::IND | code::MSH if is_load => {
                step.k = match (step.code, step.k) {
                    // What the kernel knows beside the packet, asked for by the filter itself.
                    (_, k) if k >= 0xffff_f000 && step.code & 0xe0 == code::ABS => k,
                    (_, k) if k >= header => k - header,
                    (HALF, 0) => beside(libc::SKF_AD_PROTOCOL)?,
                    (WORD, 4) => beside(libc::SKF_AD_IFINDEX)?,
                    (HALF, 8) => beside(libc::SKF_AD_HATYPE)?,
                    (BYTE, 10) => beside(libc::SKF_AD_PKTTYPE)?,
                    _ => return None,
                };
            }
            _ => {}
        }
        Some(step)
    };
    instructions.iter().map(moved).collect()
}

fn to_step(instruction: &Instruction) -> Step {
    Step { code: instruction.code, jt: instruction.jt, jf: instruction.jf, k: instruction.k }
}

/// The program that refuses everything, for the end of a capture.
pub(super) fn nothing() -> Vec<Step> {
    vec![give(0)]
}

/// Loads what the kernel knows of the packet beside its octets.
fn load(ancillary: libc::c_int) -> Step {
    step(code::LD | code::B | code::ABS, 0, 0, (libc::SKF_AD_OFF + ancillary) as u32)
}

fn jump_if_equal(value: u32, if_true: u8, if_false: u8) -> Step {
    step(code::JMP | code::JEQ | code::K, if_true, if_false, value)
}

/// Ends with `len` octets kept.
fn give(len: u32) -> Step {
    step(code::RET | code::K, 0, 0, len)
}

fn step(code: u16, jt: u8, jf: u8, k: u32) -> Step {
    libc::sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str, link: LinkType) -> Wanted {
        Wanted::compile(&Filter::parse(text).expect("a filter"), link).expect("a program")
    }

    #[test]
    fn an_accepting_filter_keeps_the_snap_length_and_a_refusing_one_nothing() {
        let steps = program(Keep::Inbound, &compile("tcp port 80", LinkType::ETHERNET), 96);
        let kept: Vec<_> = steps.iter().filter(|step| step.code == code::RET | code::K).map(|step| step.k).collect();
        assert!(kept.len() >= 3 && kept.iter().all(|kept| matches!(kept, 0 | 96)), "{kept:?}");
    }

    #[test]
    fn every_jump_of_the_preamble_lands_inside() {
        for keep in [Keep::Inbound, Keep::Outbound, Keep::Both] {
            let steps = program(keep, &Wanted::All, 64);
            assert!(steps.len() <= LONGEST_PREAMBLE + 1);
            for (index, step) in steps.iter().enumerate() {
                assert!(index + usize::from(step.jt.max(step.jf)) < steps.len(), "{keep:?}");
            }
        }
    }

    #[test]
    fn a_filter_for_cooked_packets_runs_without_their_header_or_here() {
        let Wanted::InKernel(steps) = compile("udp port 53", LinkType::LINUX_SLL2) else { panic!("not in the kernel") };
        let loads: Vec<_> = steps.iter().filter(|step| step.code & 0x07 == code::LD).map(|step| step.k).collect();
        assert_eq!(loads[0], (libc::SKF_AD_OFF + libc::SKF_AD_PROTOCOL) as u32);
        assert!(loads[1..].iter().all(|k| *k < 64), "{loads:?}");
        assert!(matches!(compile("greater 100", LinkType::LINUX_SLL2), Wanted::Here(_)));
        assert!(matches!(compile("greater 100", LinkType::ETHERNET), Wanted::InKernel(_)));
    }
}
