//! The sums done again with one bit at a time, as on paper.

use std::net::IpAddr;

use netlab::base::Rng;
use netlab::subnet::{Block, Count, Family, Span, merge, subtract};

/// An address as a list of bits, most significant first.
fn to_bits(address: IpAddr) -> Vec<bool> {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1)).collect()
}

fn from_bits(bits: &[bool]) -> IpAddr {
    let octets: Vec<u8> =
        bits.chunks(8).map(|chunk| chunk.iter().fold(0, |octet, bit| octet << 1 | u8::from(*bit))).collect();
    match <[u8; 4]>::try_from(octets.as_slice()) {
        Ok(four) => IpAddr::from(four),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(octets.as_slice()).expect("128 bits")),
    }
}

/// 2 to this power, in decimal digits by doubling on paper.
fn power_in_digits(exponent: u8) -> String {
    let mut digits = vec![1u8];
    for _ in 0..exponent {
        let mut carry = 0;
        for digit in &mut digits {
            let double = *digit * 2 + carry;
            (*digit, carry) = (double % 10, double / 10);
        }
        if carry > 0 {
            digits.push(carry);
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

/// Addresses and lengths at and around every edge, and random ones.
pub fn cases(random: usize, rng: &mut Rng) -> Vec<Block> {
    let mut blocks = Vec::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        let largest = family.largest();
        let numbers = [0, 1, 2, largest, largest - 1, largest / 2, largest / 2 + 1, 0x0a00_0001, 0xc0a8_010a];
        for prefix_len in 0..=family.bits() {
            for number in numbers {
                blocks.push(Block::new(family.address(number), prefix_len).expect("a length of the family"));
            }
        }
    }
    for _ in 0..random {
        blocks.push(random_block(rng));
    }
    blocks
}

/// A block with random bits, sometimes mostly zeros or mostly ones.
pub fn random_block(rng: &mut Rng) -> Block {
    let family = if rng.below(2) == 0 { Family::Ipv4 } else { Family::Ipv6 };
    let mut number = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
    match rng.below(4) {
        0 => number &= (u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())) & u128::MAX << rng.below(128),
        1 => number |= u128::MAX >> rng.below(128),
        _ => {}
    }
    let prefix_len = rng.below(u64::from(family.bits()) + 1) as u8;
    Block::new(family.address(number & family.largest()), prefix_len).expect("a length of the family")
}

#[test]
fn n1_every_number_of_a_block_agrees_with_bits_set_one_by_one() {
    for block in cases(20_000, &mut Rng::new(1)) {
        let bits = to_bits(block.address());
        let len = usize::from(block.prefix_len());
        let filled = |fill: bool| {
            from_bits(&bits.iter().enumerate().map(|(at, bit)| if at < len { *bit } else { fill }).collect::<Vec<_>>())
        };
        let mask: Vec<bool> = (0..bits.len()).map(|at| at < len).collect();
        assert_eq!(block.network(), filled(false), "{block}");
        assert_eq!(block.last(), filled(true), "{block}");
        assert_eq!(block.netmask(), from_bits(&mask), "{block}");
        assert_eq!(block.wildcard(), from_bits(&mask.iter().map(|bit| !bit).collect::<Vec<_>>()), "{block}");
        assert_eq!(block.addresses().to_string(), power_in_digits(block.host_bits()), "{block}");
        // The AND, bit by bit.
        let and: Vec<bool> = bits.iter().zip(&mask).map(|(a, b)| *a && *b).collect();
        assert_eq!(from_bits(&and), block.network(), "{block}");
        if let Some(supernet) = block.supernet() {
            assert_eq!(
                supernet.network(),
                Block::new(block.address(), block.prefix_len() - 1).expect("shorter").network()
            );
            assert!(supernet.holds(block) && supernet.addresses() == block.addresses().plus(block.addresses()));
        }
        for other in [block.next(), block.previous()].into_iter().flatten() {
            assert!(!other.overlaps(block), "{block} {other}");
            assert_eq!(other.addresses(), block.addresses());
        }
    }
}

#[test]
fn n2_hosts_of_small_blocks_are_those_that_counting_finds() {
    for prefix_len in 22..=32 {
        let block = Block::v4([192, 0, 2, 77], prefix_len);
        let (first, last) = (Family::number(block.network()), Family::number(block.last()));
        let hosts: Vec<u128> =
            (first..=last).filter(|number| prefix_len >= 31 || (*number != first && *number != last)).collect();
        assert_eq!(block.usable(), Count::new(hosts.len() as u128), "{block}");
        assert_eq!(Some(&Family::number(block.first_host())), hosts.first(), "{block}");
        assert_eq!(Some(&Family::number(block.last_host())), hosts.last(), "{block}");
        assert_eq!(block.broadcast().is_some(), prefix_len <= 30, "{block}");
    }
}

#[test]
fn contains_and_overlaps_agree_with_comparing_ends() {
    let mut rng = Rng::new(4);
    for _ in 0..20_000 {
        let one = random_block(&mut rng);
        // Near each other, so that all relations happen.
        let len = rng.below(u64::from(one.family().bits()) + 1) as u8;
        let number = Family::number(one.address()) ^ (1u128 << rng.below(u64::from(one.family().bits())));
        let other = Block::new(one.family().address(number), len).expect("a block");
        let ends = |block: Block| (Family::number(block.network()), Family::number(block.last()));
        let ((a, b), (c, d)) = (ends(one), ends(other));
        assert_eq!(one.holds(other), a <= c && d <= b, "{one} {other}");
        assert_eq!(one.overlaps(other), a <= d && c <= b, "{one} {other}");
        assert_eq!(one.contains(other.address()), (a..=b).contains(&number), "{one} {other}");
    }
}

#[test]
fn what_is_subtracted_and_what_is_left_make_the_whole_again() {
    let mut rng = Rng::new(6);
    for _ in 0..3000 {
        let whole = random_block(&mut rng).truncated();
        let family = whole.family();
        let taken: Vec<Span> = (0..rng.below(5))
            .map(|_| {
                let spread = Family::number(whole.wildcard()).max(1);
                let random = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
                let number = Family::number(whole.network()) ^ (random % spread);
                let len = whole.prefix_len() + rng.below(u64::from(family.bits() - whole.prefix_len()) + 1) as u8;
                Span::from(Block::new(family.address(number), len).expect("a block"))
            })
            .collect();
        let left = subtract(&[Span::from(whole)], &taken);
        assert!(left.iter().all(|left| taken.iter().all(|taken| taken.common(*left).is_none())), "{whole} {taken:?}");
        let together: Vec<Span> = left.iter().chain(&taken).copied().collect();
        assert_eq!(merge(&together), [Span::from(whole)], "{taken:?}");
    }
}
