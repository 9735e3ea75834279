//! The usual shape of a filter, decided without the machine.
//!
//! Most filters ask which protocol a packet is (the EtherType), then for a few fields that all must have certain values,
//! and last perhaps for a number at one of two places: a port or an address. Written as a list, that takes a third of the
//! instructions that stepping through the program takes, and no branch whose way depends on the packet. Whatever does not
//! fit, a protocol of the filter or a packet that is too short, is left to the machine.

use super::program::{ACCEPT, REJECT, Step, byte, half, word};

/// The protocols that a filter tells apart, by one field.
#[derive(Clone, Debug)]
pub(super) struct Quick {
    /// Where the field is.
    offset: u16,
    cases: Vec<Case>,
    /// True if a packet of any other protocol is rejected; else it is a matter for the machine.
    only: bool,
}

/// What is asked of the packets of one protocol.
#[derive(Clone, Debug)]
struct Case {
    protocol: u32,
    /// `None` if it is more than a list.
    list: Option<List>,
}

/// Tests that all must hold.
#[derive(Clone, Debug, Default)]
struct List {
    tests: Vec<Test>,
    sets: Vec<(Test, Vec<u32>)>,
    last: Option<Last>,
}

/// Bits of the 32 that begin at an octet, and what they must be.
#[derive(Clone, Copy, Debug)]
struct Test {
    offset: u32,
    mask: u32,
    bits: u32,
}

/// A number that must be at one of two places.
#[derive(Clone, Copy, Debug)]
enum Last {
    Half(u16, u16, u16),
    Word(u8, u8, u32),
    /// Behind an IPv4 header, whose length is at the first place.
    BehindHeader(u8, u8, u8, u16),
}

impl Quick {
    /// The lists of a program whose steps have been fused, if it has any.
    pub(super) fn of(steps: &[Step]) -> Option<Quick> {
        let Some(Step::HalfEqual(offset, protocol, yes, mut no)) = steps.first().copied() else { return None };
        let mut cases = vec![Case { protocol, list: list(steps, yes) }];
        // The field is in the accumulator, so that a way on that compares again compares the same.
        while let Some(Step::JumpEqual(protocol, yes, next)) = steps.get(no as usize).copied() {
            cases.push(Case { protocol, list: list(steps, yes) });
            no = next;
        }
        let fits = cases.iter().any(|case| case.list.is_some());
        fits.then_some(Quick { offset, cases, only: no == REJECT })
    }

    /// Whether the packet is taken, if that is decided here.
    #[inline]
    pub(super) fn matches(&self, bytes: &[u8]) -> Option<bool> {
        let protocol = half(bytes, self.offset.into())?;
        let Some(case) = self.cases.iter().find(|case| case.protocol == protocol) else {
            return self.only.then_some(false);
        };
        case.list.as_ref()?.holds(bytes)
    }
}

impl List {
    #[inline]
    fn holds(&self, bytes: &[u8]) -> Option<bool> {
        let mut differing = 0;
        for test in &self.tests {
            differing |= (word(bytes, test.offset.into())? ^ test.bits) & test.mask;
        }
        let mut holds = differing == 0;
        for (test, numbers) in &self.sets {
            let found = word(bytes, test.offset.into())? & test.mask;
            holds &= numbers.iter().fold(false, |holds, number| holds | (found == *number));
        }
        let (one, other, number) = match self.last {
            None => return Some(holds),
            Some(Last::Half(one, other, number)) => {
                (half(bytes, one.into())?, half(bytes, other.into())?, u32::from(number))
            }
            Some(Last::Word(one, other, number)) => (word(bytes, one.into())?, word(bytes, other.into())?, number),
            Some(Last::BehindHeader(header, one, other, number)) => {
                let base = u64::from(4 * (byte(bytes, header.into())? & 0x0f));
                let place = |at: u8| half(bytes, base + u64::from(at));
                (place(one)?, place(other)?, u32::from(number))
            }
        };
        Some(holds & ((one == number) | (other == number)))
    }
}

/// The list that begins at a step, if it is one.
fn list(steps: &[Step], mut at: u32) -> Option<List> {
    let mut list = List::default();
    while at != ACCEPT {
        let step = *steps.get(at as usize)?;
        if let Some((test, next)) = required(step) {
            list.tests.push(test);
            at = next;
        } else if let Some((set, next)) = set(steps, step) {
            list.sets.push(set);
            at = next;
        } else {
            list.last = Some(match step {
                Step::HalfEither(one, other, number, ACCEPT, REJECT) => Last::Half(one, other, number),
                Step::WordEither(one, other, number, ACCEPT, REJECT) => Last::Word(one, other, number),
                Step::BehindHeaderEither(header, one, other, number, ACCEPT, REJECT) => {
                    Last::BehindHeader(header, one, other, number)
                }
                Step::BehindHeaderEqual(header, at, number, ACCEPT, REJECT) => {
                    Last::BehindHeader(header, at, at, number)
                }
                _ => return None,
            });
            at = ACCEPT;
        }
    }
    Some(list)
}

/// A comparison without which the packet is rejected, and where it leads if it holds.
fn required(step: Step) -> Option<(Test, u32)> {
    match step {
        Step::HalfAnyBit(offset, bits, REJECT, next) => {
            Some((Test { offset: offset.into(), mask: bits << 16, bits: 0 }, next))
        }
        _ => match equal(step)? {
            (test, next, REJECT) => Some((test, next)),
            _ => None,
        },
    }
}

/// A field that must have one of several values, and where that leads.
fn set(steps: &[Step], step: Step) -> Option<((Test, Vec<u32>), u32)> {
    let (test, yes, mut no) = equal(step)?;
    let shift = test.mask.trailing_zeros();
    let mut numbers = vec![test.bits];
    while let Some(Step::JumpEqual(number, to, next)) = steps.get(no as usize).copied() {
        if to != yes || number << shift >> shift != number {
            return None;
        }
        numbers.push(number << shift);
        no = next;
    }
    (no == REJECT).then_some(((test, numbers), yes))
}

/// A comparison of a field with a number, and where it leads.
fn equal(step: Step) -> Option<(Test, u32, u32)> {
    let (offset, number, shift, yes, no) = match step {
        Step::ByteEqual(offset, number, yes, no) => (offset, number, 24, yes, no),
        Step::HalfEqual(offset, number, yes, no) => (offset, number, 16, yes, no),
        Step::WordEqual(offset, number, yes, no) => (offset, number, 0, yes, no),
        _ => return None,
    };
    // A number of more bits than the field has is never met.
    let fits = number << shift >> shift == number;
    fits.then_some((Test { offset: offset.into(), mask: u32::MAX << shift, bits: number << shift }, yes, no))
}

#[cfg(test)]
mod tests {
    use crate::filter::capture::{Filter, Target};
    use crate::wire::LinkType;

    #[test]
    fn usual_filters_are_lists() {
        for text in ["tcp port 80", "port 53", "host 192.0.2.1", "ip", "ip src host 192.0.2.1 and udp and port 80"] {
            let program = Filter::compile(text, LinkType::ETHERNET, Target::File).expect("a filter");
            let quick = super::Quick::of(&program.steps).expect(text);
            let of_ipv4 = quick.cases.iter().find(|case| case.protocol == 0x0800).expect("IPv4");
            assert!(of_ipv4.list.is_some(), "{text}: {program}");
        }
    }
}
