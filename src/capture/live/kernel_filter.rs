//! The program that the kernel runs on each packet before it is put into the ring: direction, loopback copies, snap length.

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

/// The whole program. `wanted` is a compiled capture filter: each packet that it accepts is kept up to `snap_len` octets.
pub(super) fn program(keep: Keep, wanted: Option<&[Step]>, snap_len: u32) -> Vec<Step> {
    let mut steps = Vec::new();
    match keep {
        Keep::Inbound => {
            steps.push(load(libc::SKF_AD_PKTTYPE));
            steps.push(jump_if_equal(OUTGOING.into(), 0, 1));
            steps.push(give(0));
        }
        Keep::Outbound => {
            steps.push(load(libc::SKF_AD_PKTTYPE));
            steps.push(jump_if_equal(OUTGOING.into(), 1, 0));
            steps.push(give(0));
        }
        Keep::Both => {
            steps.push(load(libc::SKF_AD_PKTTYPE));
            steps.push(jump_if_equal(OUTGOING.into(), 0, 3));
            steps.push(load(libc::SKF_AD_HATYPE));
            steps.push(jump_if_equal(LOOPBACK_HARDWARE.into(), 0, 1));
            steps.push(give(0));
        }
    }
    match wanted {
        None => steps.push(give(snap_len)),
        Some(wanted) => steps.extend(wanted.iter().map(|step| {
            let accepts = step.code == (libc::BPF_RET | libc::BPF_K) as u16 && step.k != 0;
            if accepts { give(snap_len) } else { *step }
        })),
    }
    steps
}

/// The program that refuses everything, for the end of a capture.
pub(super) fn nothing() -> Vec<Step> {
    vec![give(0)]
}

/// Loads what the kernel knows of the packet beside its octets.
fn load(ancillary: libc::c_int) -> Step {
    step(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0, 0, (libc::SKF_AD_OFF + ancillary) as u32)
}

fn jump_if_equal(value: u32, if_true: u8, if_false: u8) -> Step {
    step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, if_true, if_false, value)
}

/// Ends with `len` octets kept.
fn give(len: u32) -> Step {
    step(libc::BPF_RET | libc::BPF_K, 0, 0, len)
}

fn step(code: libc::__u32, jt: u8, jf: u8, k: u32) -> Step {
    libc::sock_filter { code: code as u16, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_accepting_filter_keeps_the_snap_length_and_a_refusing_one_nothing() {
        let wanted = [jump_if_equal(1, 0, 1), give(262_144), give(0)];
        let steps = program(Keep::Inbound, Some(&wanted), 96);
        assert_eq!(steps.iter().map(|step| step.k).collect::<Vec<_>>()[3..], [1, 96, 0]);
        assert_eq!(steps.len(), 6);
    }

    #[test]
    fn every_jump_of_the_preamble_lands_inside() {
        for keep in [Keep::Inbound, Keep::Outbound, Keep::Both] {
            let steps = program(keep, None, 64);
            for (index, step) in steps.iter().enumerate() {
                assert!(index + usize::from(step.jt.max(step.jf)) < steps.len(), "{keep:?}");
            }
        }
    }
}
