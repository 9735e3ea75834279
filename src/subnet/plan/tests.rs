//! Plans against brute force.

use super::*;
use crate::base::Rng;

fn hosts(counts: &[u64]) -> Vec<Request> {
    counts.iter().map(|hosts| Request { name: String::new(), need: Need::Hosts(*hosts) }).collect()
}

fn block(text: &str) -> Block {
    crate::subnet::parse::block(text, None, Default::default()).expect(text).block
}

/// Addresses that a subnet with room for `hosts` takes, by trying sizes one after another.
fn room(hosts: u64) -> u64 {
    (2..).map(|exponent| 1u64 << exponent).find(|size| size - 2 >= hosts).expect("some size")
}

/// True if pieces of these sizes fit into the free addresses, each starting at a multiple of its size; every order and
/// every place is tried.
fn fits_somehow(free: &mut Vec<bool>, sizes: &[u64]) -> bool {
    let Some((size, rest)) = sizes.split_first() else { return true };
    let size = *size as usize;
    for start in (0..free.len()).step_by(size) {
        if start + size > free.len() || !free[start..start + size].iter().all(|is_free| *is_free) {
            continue;
        }
        free[start..start + size].fill(false);
        let fits = fits_somehow(free, rest);
        free[start..start + size].fill(true);
        if fits {
            return true;
        }
    }
    false
}

/// Checks a plan address by address.
fn assert_is_right(plan: &Plan, requests: &[Request], taken: &[Block]) {
    assert_eq!(plan.subnets.len(), requests.len());
    let first = Family::number(plan.block.network());
    let len = plan.block.addresses().as_u128().expect("a small block") as usize;
    let mut owners = vec![0u32; len];
    let mut own = |block: Block, owner: u32| {
        assert!(!block.has_host_bits(), "{block} does not start where its size allows");
        for number in Family::number(block.network())..=Family::number(block.last()) {
            let Some(index) = number.checked_sub(first).map(|index| index as usize).filter(|index| *index < len) else {
                continue;
            };
            assert_eq!(owners[index], 0, "{block} takes what is taken");
            owners[index] = owner;
        }
    };
    for placed in &plan.subnets {
        assert!(plan.block.holds(placed.block));
        assert_eq!(placed.request, requests[placed.index]);
        if let Need::Hosts(hosts) = placed.request.need {
            assert!(placed.usable >= Count::new(u128::from(hosts)), "{} has no room for {hosts}", placed.block);
            assert_eq!(placed.block.addresses(), Count::new(u128::from(room(hosts))), "no larger than needed");
            assert_eq!(placed.spare, Some(placed.usable.less(u128::from(hosts))));
        }
        own(placed.block, 1);
    }
    let mut seen: Vec<_> = plan.subnets.iter().map(|placed| placed.index).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..requests.len()).collect::<Vec<_>>());
    for block in taken {
        own(*block, 2);
    }
    for gap in &plan.gaps {
        own(*gap, 3);
    }
    assert!(owners.iter().all(|owner| *owner != 0), "every address is used, taken or free");
    let sum = |owner| Count::new(owners.iter().filter(|other| **other == owner).count() as u128);
    assert_eq!((plan.used, plan.free), (sum(1), sum(3)));
    assert!(plan.gaps.windows(2).all(|pair| pair[0] < pair[1]), "gaps in order");
}

#[test]
fn plans_exist_exactly_when_brute_force_finds_one() {
    let mut rng = Rng::new(5);
    let (mut fitting, mut refused) = (0, 0);
    for _ in 0..4000 {
        let whole = block("192.0.2.64/26");
        let count = 1 + rng.below(5);
        let mut counts = Vec::new();
        for _ in 0..count {
            let largest = if rng.below(3) == 0 { 40 } else { 14 };
            counts.push(1 + rng.below(largest));
        }
        // Blocks that are taken already, not overlapping each other.
        let mut taken: Vec<Block> = Vec::new();
        for _ in 0..rng.below(3) {
            let len = 27 + rng.below(5) as u8;
            let candidate =
                Block::at(Family::Ipv4, Family::number(whole.network()) + u128::from(rng.below(64)), len).truncated();
            if !taken.iter().any(|other| other.overlaps(candidate)) {
                taken.push(candidate);
            }
        }
        let mut free = vec![true; 64];
        for block in &taken {
            let start = (Family::number(block.network()) - Family::number(whole.network())) as usize;
            let len = block.addresses().as_u128().expect("small") as usize;
            free[start..start + len].fill(false);
        }
        let sizes: Vec<u64> = counts.iter().map(|hosts| room(*hosts)).collect();
        let possible = fits_somehow(&mut free, &sizes);
        let requests = hosts(&counts);
        match plan(whole, &requests, &taken, false) {
            Ok(plan) => {
                assert!(possible);
                assert_is_right(&plan, &requests, &taken);
                fitting += 1;
            }
            Err(refusal) => {
                assert!(!possible, "{counts:?} with {taken:?} taken: {refusal}");
                refused += 1;
            }
        }
    }
    assert!(fitting > 500 && refused > 500, "both happen: {fitting}, {refused}");
}

#[test]
fn the_classroom_example_satisfies_every_request() {
    let requests = hosts(&[100, 50, 20]);
    let plan = plan(block("192.168.1.0/24"), &requests, &[], false).expect("it fits");
    let blocks: Vec<_> = plan.subnets.iter().map(|placed| placed.block.to_string()).collect();
    assert_eq!(blocks, ["192.168.1.0/25", "192.168.1.128/26", "192.168.1.192/27"]);
    let usable: Vec<_> = plan.subnets.iter().map(|placed| placed.usable.to_string()).collect();
    assert_eq!(usable, ["126", "62", "30"], "62 for 50, where others give 30");
    assert_eq!(plan.gaps.iter().map(Block::to_string).collect::<Vec<_>>(), ["192.168.1.224/27"]);
    assert_eq!(plan.spare, Count::new(26 + 12 + 10));
}

#[test]
fn sizes_at_the_edge_take_the_next_subnet() {
    for (hosts, len) in
        [(1, 30), (2, 30), (3, 29), (6, 29), (7, 28), (62, 26), (63, 25), (126, 25), (127, 24), (254, 24), (255, 23)]
    {
        assert_eq!(smallest_prefix_len(Family::Ipv4, hosts, false), Some(len), "{hosts}");
    }
    assert_eq!(smallest_prefix_len(Family::Ipv4, 2, true), Some(31));
    assert_eq!(smallest_prefix_len(Family::Ipv4, 1, true), Some(32));
    assert_eq!(smallest_prefix_len(Family::Ipv4, (1 << 32) - 2, false), Some(0));
    assert_eq!(smallest_prefix_len(Family::Ipv4, (1 << 32) - 1, false), None);
    assert_eq!(smallest_prefix_len(Family::Ipv6, 5, false), Some(64));
    assert_eq!(smallest_prefix_len(Family::Ipv6, 5, true), Some(125));
}

#[test]
fn a_refusal_names_a_block_that_would_do() {
    let requests = hosts(&[100, 100, 50]);
    let refusal = plan(block("192.0.2.0/24"), &requests, &[], false).expect_err("320 addresses");
    let hint = refusal.hint.expect("a way out");
    assert!(refusal.reason.contains("320") && hint.contains("192.0.2.0/23"), "{hint}");
    plan(block("192.0.2.0/23"), &requests, &[], false).expect("it does");
}

#[test]
fn ipv6_subnets_are_placed_by_length() {
    let requests = [
        Request { name: "lab".to_owned(), need: Need::Hosts(100) },
        Request { name: "site".to_owned(), need: Need::PrefixLen(52) },
    ];
    let plan = plan(block("2001:db8::/48"), &requests, &[], false).expect("it fits");
    let blocks: Vec<_> = plan.subnets.iter().map(|placed| placed.block.to_string()).collect();
    assert_eq!(blocks, ["2001:db8::/52", "2001:db8:0:1000::/64"]);
    assert_eq!(plan.used.plus(plan.free), plan.block.addresses());
}

#[test]
fn a_whole_block_can_be_one_subnet_and_the_whole_space_can_be_divided() {
    let one = [Request { name: String::new(), need: Need::PrefixLen(0) }];
    assert_eq!(plan(block("::/0"), &one, &[], false).expect("all of it").gaps, []);
    let halves = [
        Request { name: String::new(), need: Need::PrefixLen(1) },
        Request { name: String::new(), need: Need::PrefixLen(1) },
    ];
    let plan = plan(block("::/0"), &halves, &[], false).expect("two halves");
    assert_eq!(plan.subnets[1].block.to_string(), "8000::/1");
    assert_eq!(plan.used, Count::power_of_two(128));
}
