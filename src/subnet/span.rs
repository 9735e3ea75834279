//! Ranges of addresses that need not be blocks, and the sums of sets made of them.

use std::fmt;
use std::net::IpAddr;

use ipnet::{IpSubnets, Ipv4Subnets, Ipv6Subnets};

use super::{Block, Count, Family};

/// The addresses from a first to a last, both included, of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    family: Family,
    first: u128,
    last: u128,
}

impl Span {
    /// From one address to another; `None` if they are of two families or in the wrong order.
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Span> {
        let family = Family::of(first);
        let (first, last) = (Family::number(first), (Family::of(last) == family).then(|| Family::number(last))?);
        (first <= last).then_some(Span { family, first, last })
    }

    /// The family of every address in it.
    pub fn family(self) -> Family {
        self.family
    }

    /// The first address.
    pub fn first(self) -> IpAddr {
        self.family.address(self.first)
    }

    /// The last address.
    pub fn last(self) -> IpAddr {
        self.family.address(self.last)
    }

    /// How many addresses.
    pub fn count(self) -> Count {
        Count::from_to(self.first, self.last)
    }

    /// True if every address of `other` is in this span.
    pub fn holds(self, other: Span) -> bool {
        self.family == other.family && self.first <= other.first && other.last <= self.last
    }

    /// The addresses that are in both.
    pub fn common(self, other: Span) -> Option<Span> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (self.family == other.family && first <= last).then_some(Span { family: self.family, first, last })
    }

    /// The fewest blocks that cover exactly this span, in order; at most 62 in IPv4 and 254 in IPv6.
    pub fn blocks(self) -> impl Iterator<Item = Block> {
        let blocks = match (self.first(), self.last()) {
            (IpAddr::V4(first), IpAddr::V4(last)) => IpSubnets::from(Ipv4Subnets::new(first, last, 0)),
            (IpAddr::V6(first), IpAddr::V6(last)) => IpSubnets::from(Ipv6Subnets::new(first, last, 0)),
            _ => unreachable!("both ends of a span are of its family"),
        };
        blocks.filter_map(|block| Block::new(block.addr(), block.prefix_len()))
    }

    /// The block that is exactly this span, if there is one.
    pub fn as_block(self) -> Option<Block> {
        let mut blocks = self.blocks();
        let first = blocks.next()?;
        blocks.next().is_none().then_some(first)
    }
}

impl From<Block> for Span {
    fn from(block: Block) -> Span {
        Span { family: block.family(), first: Family::number(block.network()), last: Family::number(block.last()) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{}", self.first(), self.last()))
    }
}

/// The same addresses in the fewest spans: sorted, IPv4 first, no two overlapping or touching.
pub fn merge(spans: &[Span]) -> Vec<Span> {
    let mut sorted = spans.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match merged.last_mut() {
            // An overflow means that the last span reaches the end of the space, where everything after touches it.
            Some(last)
                if last.family == span.family && last.last.checked_add(1).is_none_or(|next| span.first <= next) =>
            {
                last.last = last.last.max(span.last);
            }
            _ => merged.push(span),
        }
    }
    merged
}

/// The addresses of `from` that are not in `taken`, as [`merge`] gives them.
pub fn subtract(from: &[Span], taken: &[Span]) -> Vec<Span> {
    let taken = merge(taken);
    let mut left = Vec::new();
    for span in merge(from) {
        let mut rest = Some(span);
        let begin = taken.partition_point(|hole| (hole.family, hole.last) < (span.family, span.first));
        for hole in &taken[begin..] {
            let Some(now) = rest else { break };
            let Some(common) = now.common(*hole) else { break };
            if common.first > now.first {
                left.push(Span { last: common.first - 1, ..now });
            }
            rest = (common.last < now.last).then(|| Span { first: common.last + 1, ..now });
        }
        left.extend(rest);
    }
    left
}

/// The addresses that are in both sets, as [`merge`] gives them.
pub fn intersect(one: &[Span], other: &[Span]) -> Vec<Span> {
    let (one, other) = (merge(one), merge(other));
    let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
    let mut common = Vec::new();
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        common.extend(a.common(**b));
        if (a.family, a.last) <= (b.family, b.last) {
            left.next();
        } else {
            right.next();
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::Rng;

    /// Spans of the last 64 addresses of IPv4, so that the end of the space is always near.
    fn random_spans(rng: &mut Rng) -> Vec<Span> {
        let base = u128::from(u32::MAX) - 63;
        (0..rng.next_u64() % 6)
            .map(|_| {
                let (a, b) = (u128::from(rng.next_u64() % 64), u128::from(rng.next_u64() % 64));
                Span { family: Family::Ipv4, first: base + a.min(b), last: base + a.max(b) }
            })
            .collect()
    }

    fn members(spans: &[Span]) -> BTreeSet<u128> {
        spans.iter().flat_map(|span| span.first..=span.last).collect()
    }

    #[test]
    fn sums_of_sets_agree_with_sets_of_single_addresses() {
        let mut rng = Rng::new(7);
        for _ in 0..3000 {
            let (one, other) = (random_spans(&mut rng), random_spans(&mut rng));
            let (a, b) = (members(&one), members(&other));
            assert_eq!(members(&merge(&one)), a);
            assert!(merge(&one).windows(2).all(|pair| pair[0].last + 1 < pair[1].first), "{one:?}");
            assert_eq!(members(&subtract(&one, &other)), a.difference(&b).copied().collect(), "{one:?} - {other:?}");
            assert_eq!(members(&intersect(&one, &other)), a.intersection(&b).copied().collect(), "{one:?} {other:?}");
        }
    }

    #[test]
    fn blocks_of_a_span_cover_it_exactly_and_no_fewer_would_do() {
        let base = u128::from(u32::MAX) - 31;
        for first in 0..32 {
            for last in first..32 {
                let span = Span { family: Family::Ipv4, first: base + first, last: base + last };
                let blocks: Vec<Block> = span.blocks().collect();
                let covered: Vec<Span> = blocks.iter().map(|block| Span::from(*block)).collect();
                assert_eq!(members(&covered), members(&[span]));
                assert_eq!(blocks.len(), fewest(first, last + 1), "{span}");
            }
        }
    }

    /// The fewest aligned powers of two that cover `first..end`, by trying every way.
    fn fewest(first: u128, end: u128) -> usize {
        if first == end {
            return 0;
        }
        let sizes = (0..6).map(|exponent| 1u128 << exponent);
        let fits = sizes.filter(|size| first.is_multiple_of(*size) && first + size <= end);
        fits.map(|size| 1 + fewest(first + size, end)).min().expect("one address always fits")
    }

    #[test]
    fn the_whole_of_ipv6_is_one_block() {
        let all = Span { family: Family::Ipv6, first: 0, last: u128::MAX };
        assert_eq!(all.as_block().expect("a block").to_string(), "::/0");
        assert_eq!(subtract(&[all], &[all]), []);
        assert_eq!(merge(&[all, all]), [all]);
        let widest = Span { family: Family::Ipv6, first: 1, last: u128::MAX - 1 };
        assert_eq!(widest.blocks().count(), 254);
    }
}
