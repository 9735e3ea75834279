//! Steps of the machine that do what several instructions do: most of every filter is made of the same few groups.

use super::program::Step;

/// Makes steps of several instructions where they often stand together. All go from the end to the beginning, so that
/// what was joined is joined once more. A step that became part of an earlier one stays where it is, for whoever jumps
/// to it.
pub(super) fn fuse(steps: &mut [Step]) {
    for at in (1..steps.len()).rev() {
        if let Some(joined) = join(steps[at - 1], steps[at]) {
            steps[at - 1] = joined;
        }
    }
    for at in (0..steps.len()).rev() {
        if let Some(either) = either(steps[at], steps) {
            steps[at] = either;
        }
    }
}

/// A load and the jump after it as one step.
fn join(load: Step, jump: Step) -> Option<Step> {
    Some(match (load, jump) {
        (Step::LoadByte(at), Step::JumpEqual(number, yes, no)) => Step::ByteEqual(at.try_into().ok()?, number, yes, no),
        (Step::LoadHalf(at), Step::JumpEqual(number, yes, no)) => Step::HalfEqual(at.try_into().ok()?, number, yes, no),
        (Step::LoadWord(at), Step::JumpEqual(number, yes, no)) => Step::WordEqual(at.try_into().ok()?, number, yes, no),
        (Step::LoadHalf(at), Step::JumpAnyBit(bits, yes, no)) => Step::HalfAnyBit(at.try_into().ok()?, bits, yes, no),
        (Step::LoadHalfFrom(at), Step::JumpEqual(number, yes, no)) => {
            Step::HalfFromEqual(at.try_into().ok()?, number, yes, no)
        }
        (Step::IndexHeaderLen(header), Step::HalfFromEqual(at, number, yes, no)) => {
            Step::BehindHeaderEqual(header.try_into().ok()?, at.try_into().ok()?, number.try_into().ok()?, yes, no)
        }
        _ => return None,
    })
}

/// Two comparisons of which the second is made only if the first does not hold, as one step.
fn either(first: Step, steps: &[Step]) -> Option<Step> {
    let (Step::HalfEqual(.., yes, no) | Step::WordEqual(.., yes, no) | Step::BehindHeaderEqual(.., yes, no)) = first
    else {
        return None;
    };
    Some(match (first, *steps.get(no as usize)?) {
        (Step::HalfEqual(one, number, ..), Step::HalfEqual(other, again, to, no)) if again == number && to == yes => {
            Step::HalfEither(one, other, number.try_into().ok()?, yes, no)
        }
        (Step::WordEqual(one, number, ..), Step::WordEqual(other, again, to, no)) if again == number && to == yes => {
            Step::WordEither(one.try_into().ok()?, other.try_into().ok()?, number, yes, no)
        }
        (Step::BehindHeaderEqual(header, one, number, ..), Step::HalfFromEqual(other, again, to, no))
            if again == u32::from(number) && to == yes =>
        {
            Step::BehindHeaderEither(header, one, other.try_into().ok()?, number, yes, no)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::filter::capture::program::{ACCEPT, Program, REJECT};
    use crate::filter::capture::{Filter, Target};
    use crate::wire::LinkType;

    /// Steps of several instructions do what the instructions do one by one, on packets of every length too.
    #[test]
    fn fused_steps_do_what_their_instructions_do() {
        let filters = [
            "tcp port 80",
            "udp port 53 or tcp port 80",
            "host 192.0.2.1",
            "host 2001:db8::1 and tcp",
            "ip and tcp and src host 192.0.2.1 and dst port 80 and ip[8] = 64 and ip[9] = 6 and ip[1] = 0 and ip[10:2] = 7",
            "ether host 00:00:5e:00:53:01 and ip",
            "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn",
            "vlan 5 and udp port 53",
            "ip[6:2] & 0x1fff = 0 and ip[9] = 17 and not port 53",
            "net 192.0.2.0/24 and portrange 80-81",
            "ip proto 17 or arp",
            "port 53",
            "udp",
            "ip src host 192.0.2.1 and udp and port 80",
        ];
        let mut rng = Rng::new(7);
        let mut never = Vec::new();
        // Octets that the filters ask for, so that most tests hold now and then.
        let telling = [0x08, 0x00, 0x45, 6, 17, 192, 0, 2, 1, 80, 53, 0, 0x86, 0xdd, 0x81, 5, 64, 0x20, 1, 0x0d, 0xb8];
        for text in filters {
            let fused = Filter::compile(text, LinkType::ETHERNET, Target::File).expect("a filter");
            let plain = Program::plain(fused.instructions().to_vec()).expect("the same program");
            let mut taken = 0;
            for _ in 0..4000 {
                let len = rng.below(70) as usize;
                let mut packet: Vec<u8> = (0..len).map(|_| telling[rng.below(telling.len() as u64) as usize]).collect();
                let fronts: [&[u8]; 6] = [
                    &[8, 0, 0x45, 0],
                    &[0x86, 0xdd, 0x60, 0],
                    &[8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17, 0, 7, 192, 0, 2, 1, 192, 0, 2, 1, 0, 7, 0, 80, 0, 0],
                    &[
                        0x81, 0, 0, 5, 8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17, 0, 7, 192, 0, 2, 1, 192, 0, 2, 1, 0,
                        53, 0, 80,
                    ],
                    &[0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                    &[8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 7, 192, 0, 2, 1, 192, 0, 2, 1, 0, 80, 0, 80, 0, 0],
                ];
                let front = fronts[rng.below(6) as usize];
                if packet.len() >= 12 + front.len() {
                    packet[12..12 + front.len()].copy_from_slice(front);
                }
                if packet.len() >= 12 && rng.percent(50.0) {
                    packet[..12].copy_from_slice(&[0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x5e, 0, 0x53, 2]);
                }
                let kept = plain.keeps(&packet, 70);
                assert_eq!(fused.keeps(&packet, 70), kept, "{text} on {packet:02x?}");
                assert_eq!(fused.matches(&packet, 70), kept != 0, "{text} on {packet:02x?}");
                taken += u32::from(kept != 0);
            }
            if taken == 0 {
                never.push(text);
            }
        }
        assert_eq!(never, [""; 0], "filters that take nothing of this");
    }

    #[test]
    fn what_often_stands_together_becomes_one_step() {
        let program = Filter::compile("tcp port 80", LinkType::ETHERNET, Target::File).expect("a filter");
        assert!(
            program.steps.iter().any(|step| matches!(step, Step::BehindHeaderEither(14, 14, 16, 80, ACCEPT, REJECT)))
        );
        assert_eq!(std::mem::size_of::<Step>(), 16);
    }
}
