//! The quick way through the DNS messages that come most: one question for an address, its answers addresses of just that
//! name, and nothing else. simple-dns is the truth for all others and, as a test holds, says the same of these.

use std::fmt::Write as _;

use super::{ANSWERS, push_hex, push_ipv4};
use crate::wire::walker::be16;

const HEADER: usize = 12;
/// The flags that may be set: a response, authoritative, recursion wanted and there (RFC 1035 §4.1.1). All others are 0,
/// opcode and response code among them.
const FLAGS: u16 = 0x8580;
/// A name in an answer that is the one at the end of the header (§4.1.4).
const SAME_NAME: u16 = 0xc000 | HEADER as u16;
/// An answer of that name up to its data: name, type, class, time to live, length.
const ANSWER: usize = 12;
/// Names are shorter, with some room to the 255 octets of §2.3.4.
const MAX_NAME_LEN: usize = 240;

/// Appends one line of a message; `None`, and something appended, for all that are not read here.
pub(super) fn write(octets: &[u8], text: &mut String) -> Option<()> {
    let header = octets.first_chunk::<HEADER>()?;
    let (flags, answers) = (be16(header, 2), usize::from(be16(header, 6)));
    let is_response = flags & 0x8000 != 0;
    if flags & !FLAGS != 0 || header[4..6] != [0, 1] || header[8..] != [0; 4] || answers > ANSWERS {
        return None;
    }
    text.push_str(if is_response { "response 0x" } else { "query 0x" });
    push_hex(text, be16(header, 0));
    let place = text.len();
    let name_end = push_name(octets, text)?;
    let (question, mut rest) = octets.get(name_end..)?.split_first_chunk::<4>()?;
    let is_v6 = match question {
        [0, 1, 0, 1] => false,
        [0, 28, 0, 1] => true,
        _ => return None,
    };
    text.insert_str(place, if is_v6 { " AAAA " } else { " A " });
    for index in 0..answers {
        let (answer, behind) = rest.split_first_chunk::<ANSWER>()?;
        let (kind, len) = (be16(answer, 2), be16(answer, 10));
        // Class IN, without the bit that multicast DNS puts before it.
        if be16(answer, 0) != SAME_NAME || be16(answer, 4) != 1 {
            return None;
        }
        if is_response {
            text.push_str(if index == 0 { ": " } else { ", " });
        }
        match (kind, len) {
            (1, 4) => {
                let (address, behind) = behind.split_first_chunk::<4>()?;
                if is_response {
                    push_ipv4(text, u32::from_be_bytes(*address));
                }
                rest = behind;
            }
            (28, 16) => {
                let (address, behind) = behind.split_first_chunk::<16>()?;
                if is_response {
                    let _ = write!(text, "{}", std::net::Ipv6Addr::from(*address));
                }
                rest = behind;
            }
            _ => return None,
        }
    }
    rest.is_empty().then_some(())
}

/// Appends the name behind the header, if it is one without compression and of characters that need no escapes; tells
/// where it ends.
fn push_name(octets: &[u8], text: &mut String) -> Option<usize> {
    let mut at = HEADER;
    loop {
        let len = usize::from(*octets.get(at)?);
        if len == 0 {
            // The root by itself is written otherwise.
            return (at > HEADER).then_some(at + 1);
        }
        if at > HEADER {
            text.push('.');
        }
        let label = octets.get(at + 1..at + 1 + len)?;
        let is_plain = |octet: &u8| octet.is_ascii_graphic() && !matches!(octet, b'.' | b'\\');
        if len > 63 || at + len > MAX_NAME_LEN || !label.iter().all(is_plain) {
            return None;
        }
        text.extend(str::from_utf8(label));
        at += 1 + len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;

    /// A message that this way may read, or nearly so.
    fn message(rng: &mut Rng) -> Vec<u8> {
        let answers = rng.below(5) as u8;
        let flags = [0x0100_u16, 0x8180, 0x8580, 0x8500, 0x8400, 0x8183, 0, 0x0120][rng.below(8) as usize];
        let mut octets = (rng.next_u32() as u16).to_be_bytes().to_vec();
        octets.extend(flags.to_be_bytes());
        octets.extend([0, 1, 0, answers, 0, 0, 0, 0]);
        for _ in 0..rng.below(6) {
            let len = if rng.percent(95.0) { 1 + rng.below(12) } else { 50 + rng.below(20) } as u8;
            octets.push(len);
            octets.extend((0..len).map(|_| if rng.percent(0.2) { b'.' } else { b'a' + rng.below(26) as u8 }));
        }
        octets.push(0);
        octets.extend([[0, 1, 0, 1], [0, 28, 0, 1], [0, 16, 0, 1]][rng.below(20) as usize % 3]);
        for _ in 0..answers {
            let is_v6 = rng.percent(30.0);
            octets.extend([0xc0, 12, 0, if is_v6 { 28 } else { 1 }, 0, 1, 0, 0, 1, 44, 0, if is_v6 { 16 } else { 4 }]);
            octets.extend((0..if is_v6 { 16 } else { 4 }).map(|_| rng.next_u32() as u8 & 0x81));
        }
        match rng.below(8) {
            0 => octets.truncate(rng.below(octets.len() as u64) as usize),
            1 => {
                let place = rng.below(octets.len() as u64) as usize;
                octets[place] = rng.next_u32() as u8;
            }
            2 => octets.push(0),
            _ => {}
        }
        octets
    }

    #[test]
    fn what_is_read_in_place_is_said_as_by_simple_dns() {
        let mut rng = Rng::new(3);
        let mut taken = 0;
        for _ in 0..20_000 {
            let octets = message(&mut rng);
            let (mut quick, mut other) = (String::new(), String::new());
            if write(&octets, &mut quick).is_some() {
                taken += 1;
                assert_eq!(super::super::write_any(&octets, &mut other), Some(()), "{octets:x?}");
                assert_eq!(quick, other);
            }
        }
        assert!(taken > 3000, "{taken}");
    }
}
