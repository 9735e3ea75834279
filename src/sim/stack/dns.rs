//! DNS messages with one question for an A or AAAA record (RFC 1035 §4.1, RFC 3596).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::octets::u16_at;

/// A question.
pub fn question(id: u16, name: &str) -> Vec<u8> {
    let mut message = Vec::with_capacity(64);
    message.extend_from_slice(&id.to_be_bytes());
    message.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    put_name(&mut message, name);
    message.extend_from_slice(&[0, 1, 0, 1]);
    message
}

fn put_name(message: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = &label.as_bytes()[..label.len().min(63)];
        message.push(label.len() as u8);
        message.extend_from_slice(label);
    }
    message.push(0);
}

/// The name at `at`, and where it ends; names in questions are never compressed.
fn take_name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut name = String::new();
    loop {
        let len = usize::from(*message.get(at)?);
        at += 1;
        if len == 0 {
            return Some((name, at));
        }
        if len > 63 || name.len() > 255 {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(message.get(at..at + len)?).to_ascii_lowercase());
        at += len;
    }
}

/// The number and the name of a question; `None` if it is none.
pub fn read_question(message: &[u8]) -> Option<(u16, String)> {
    if message.len() < 12 || message[2] & 0x80 != 0 || u16_at(message, 4) != 1 {
        return None;
    }
    let (name, _) = take_name(message, 12)?;
    Some((u16_at(message, 0), name))
}

/// The answer to a question; without addresses it says that there is no such name.
pub fn answer(question: &[u8], addresses: &[IpAddr]) -> Option<Vec<u8>> {
    let (name, end) = take_name(question, 12)?;
    let mut message = question.get(..end + 4)?.to_vec();
    // A response, authoritative, with the question's wish for recursion; code 3 if there is no such name.
    message[2] = 0x84 | (question[2] & 1);
    message[3] = if addresses.is_empty() { 3 } else { 0 };
    message[6..8].copy_from_slice(&(addresses.len() as u16).to_be_bytes());
    for address in addresses {
        put_name(&mut message, &name);
        let (kind, octets): (u8, Vec<u8>) = match address {
            IpAddr::V4(v4) => (1, v4.octets().to_vec()),
            IpAddr::V6(v6) => (28, v6.octets().to_vec()),
        };
        message.extend_from_slice(&[0, kind, 0, 1, 0, 0, 0x0e, 0x10]);
        message.extend_from_slice(&(octets.len() as u16).to_be_bytes());
        message.extend_from_slice(&octets);
    }
    Some(message)
}

/// The number, the name and the addresses of an answer.
pub fn read_answer(message: &[u8]) -> Option<(u16, String, Vec<IpAddr>)> {
    if message.len() < 12 || message[2] & 0x80 == 0 {
        return None;
    }
    let (name, end) = take_name(message, 12)?;
    let mut at = end + 4;
    let mut addresses = Vec::new();
    for _ in 0..u16_at(message, 6).min(64) {
        (_, at) = take_name(message, at)?;
        let len = usize::from(u16_at(message, at + 8));
        let data = message.get(at + 10..at + 10 + len)?;
        if let Ok(four) = <[u8; 4]>::try_from(data) {
            addresses.push(IpAddr::V4(Ipv4Addr::from(four)));
        } else if let Ok(sixteen) = <[u8; 16]>::try_from(data) {
            addresses.push(IpAddr::V6(Ipv6Addr::from(sixteen)));
        }
        at += 10 + len;
    }
    Some((u16_at(message, 0), name, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_and_answer_go_there_and_back() {
        let asked = question(7, "www.Example.com");
        assert_eq!(read_question(&asked), Some((7, "www.example.com".to_owned())));
        let address: IpAddr = "198.51.100.10".parse().expect("an address");
        let answered = answer(&asked, &[address]).expect("an answer");
        assert_eq!(read_answer(&answered), Some((7, "www.example.com".to_owned(), vec![address])));
        let nothing = answer(&asked, &[]).expect("an answer");
        assert_eq!(nothing[3] & 15, 3);
        for len in 0..answered.len() {
            let _ = (read_answer(&answered[..len]), read_question(&answered[..len]));
        }
    }
}
