//! Addresses as bits, and the AND that makes a network of an address.

use std::net::IpAddr;

use serde::Serialize;

use super::{Block, Family};

/// The bits of an address, most significant first, 32 or 128 digits.
pub fn bits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("{:032b}", address.to_bits()),
        IpAddr::V6(address) => format!("{:0128b}", address.to_bits()),
    }
}

/// The bits of an address grouped as the address is written (octets with `.`, or groups of sixteen with `:`), and a `|`
/// at the border of network and host part. The border takes the place of a separator that would stand there.
pub fn grouped(address: IpAddr, prefix_len: u8) -> String {
    let (group, separator) = match Family::of(address) {
        Family::Ipv4 => (8, '.'),
        Family::Ipv6 => (16, ':'),
    };
    let digits = bits(address);
    let mut text = String::with_capacity(digits.len() * 5 / 4);
    for (index, digit) in digits.chars().enumerate() {
        if index == usize::from(prefix_len) {
            text.push('|');
        } else if index > 0 && index % group == 0 {
            text.push(separator);
        }
        text.push(digit);
    }
    if usize::from(prefix_len) == digits.len() {
        text.push('|');
    }
    text
}

/// One octet (IPv4) or group of sixteen bits (IPv6) of the AND.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AndStep {
    /// Which octet or group, from 1.
    pub number: u8,
    /// That of the address.
    pub address: u16,
    /// That of the mask.
    pub mask: u16,
    /// That of the network: 1 where both have a 1.
    pub network: u16,
    /// Bits of the network part in it: all, none, or the border runs through it.
    pub network_bits: u8,
    /// Bits in it: 8 or 16.
    pub bits: u8,
}

/// The AND of address and mask, four steps for IPv4 and eight for IPv6.
pub fn and_steps(block: Block) -> Vec<AndStep> {
    let (width, count) = match block.family() {
        Family::Ipv4 => (8, 4),
        Family::Ipv6 => (16, 8),
    };
    let piece = |address: IpAddr, index: u8| {
        let shift = u32::from((count - 1 - index) * width);
        let mask = (1u128 << width) - 1;
        (Family::number(address) >> shift & mask) as u16
    };
    (0..count)
        .map(|index| {
            let (address, mask) = (piece(block.address(), index), piece(block.netmask(), index));
            AndStep {
                number: index + 1,
                address,
                mask,
                network: address & mask,
                network_bits: block.prefix_len().saturating_sub(index * width).min(width),
                bits: width,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Block {
        crate::subnet::parse::block(text, None, Default::default()).expect(text).block
    }

    #[test]
    fn the_border_stands_between_network_and_host_bits() {
        let address = "192.168.1.10".parse().expect("an address");
        assert_eq!(grouped(address, 24), "11000000.10101000.00000001|00001010");
        assert_eq!(grouped(address, 26), "11000000.10101000.00000001.00|001010");
        assert_eq!(grouped(address, 0), "|11000000.10101000.00000001.00001010");
        assert_eq!(grouped(address, 32), "11000000.10101000.00000001.00001010|");
    }

    #[test]
    fn the_steps_together_are_the_network() {
        for text in ["192.168.1.130/26", "10.0.0.1/0", "172.16.255.1/13", "192.0.2.9/32", "2001:db8:ff::1/37"] {
            let block = block(text);
            let number =
                and_steps(block).iter().fold(0u128, |number, step| number << step.bits | u128::from(step.network));
            assert_eq!(block.family().address(number), block.network(), "{text}");
            let bits: u32 = and_steps(block).iter().map(|step| u32::from(step.network_bits)).sum();
            assert_eq!(bits, u32::from(block.prefix_len()), "{text}");
        }
    }

    #[test]
    fn only_one_step_has_the_border_inside() {
        let steps = and_steps(block("192.168.1.130/26"));
        assert_eq!(steps[3], AndStep { number: 4, address: 130, mask: 192, network: 128, network_bits: 2, bits: 8 });
        assert!(steps[..3].iter().all(|step| step.network_bits == 8 && step.network == step.address));
    }
}
