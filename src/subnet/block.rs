//! An address with its prefix length.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Serialize, Serializer};

use super::Count;

/// IPv4 or IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Addresses of 32 bits (RFC 791).
    Ipv4,
    /// Addresses of 128 bits (RFC 4291).
    Ipv6,
}

impl Family {
    /// The family of an address.
    pub const fn of(address: IpAddr) -> Family {
        if address.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 }
    }

    /// Bits of an address: 32 or 128.
    pub const fn bits(self) -> u8 {
        match self {
            Family::Ipv4 => 32,
            Family::Ipv6 => 128,
        }
    }

    /// The largest address as a number.
    pub const fn largest(self) -> u128 {
        match self {
            Family::Ipv4 => u32::MAX as u128,
            Family::Ipv6 => u128::MAX,
        }
    }

    /// The address with this number; only the low 32 bits count for IPv4.
    pub const fn address(self, number: u128) -> IpAddr {
        match self {
            Family::Ipv4 => IpAddr::V4(Ipv4Addr::from_bits(number as u32)),
            Family::Ipv6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
        }
    }

    /// The number of an address: its bits read as one binary number.
    pub const fn number(address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(address) => address.to_bits() as u128,
            IpAddr::V6(address) => address.to_bits(),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Family::Ipv4 => "IPv4",
            Family::Ipv6 => "IPv6",
        })
    }
}

/// An address with a prefix length (RFC 4632 §3.1): at once a host and the network it lies in. The host's bits are kept;
/// [`Block::truncated`] clears them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block(IpNet);

impl Block {
    /// An address with a prefix length; `None` if the family has fewer bits.
    pub fn new(address: IpAddr, prefix_len: u8) -> Option<Block> {
        IpNet::new(address, prefix_len).ok().map(Block)
    }

    /// A single address: /32 or /128.
    pub fn host(address: IpAddr) -> Block {
        Block(IpNet::from(address))
    }

    /// The block at a number; bits that do not exist in the family are cut off.
    pub(super) fn at(family: Family, number: u128, prefix_len: u8) -> Block {
        let address = family.address(number);
        Block::new(address, prefix_len.min(family.bits())).unwrap_or_else(|| Block::host(address))
    }

    /// An IPv4 block for tables. Does not compile in a constant if the length is above 32.
    pub const fn v4(octets: [u8; 4], prefix_len: u8) -> Block {
        let [a, b, c, d] = octets;
        Block(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix_len)))
    }

    /// An IPv6 block for tables. Does not compile in a constant if the length is above 128.
    pub const fn v6(groups: [u16; 8], prefix_len: u8) -> Block {
        let [a, b, c, d, e, f, g, h] = groups;
        Block(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix_len)))
    }

    /// The address as it was given, with its host bits.
    pub fn address(self) -> IpAddr {
        self.0.addr()
    }

    /// Bits of the network part.
    pub fn prefix_len(self) -> u8 {
        self.0.prefix_len()
    }

    /// Bits of the host part.
    pub fn host_bits(self) -> u8 {
        self.family().bits() - self.prefix_len()
    }

    /// IPv4 or IPv6.
    pub fn family(self) -> Family {
        Family::of(self.address())
    }

    /// Ones over the network part, zeros over the host part.
    pub fn netmask(self) -> IpAddr {
        self.0.netmask()
    }

    /// The mask inverted, as access lists of routers write it.
    pub fn wildcard(self) -> IpAddr {
        self.0.hostmask()
    }

    /// The first address: address AND mask.
    pub fn network(self) -> IpAddr {
        self.0.network()
    }

    /// The last address: every host bit 1. Not always a broadcast address, see [`Block::broadcast`].
    pub fn last(self) -> IpAddr {
        self.0.broadcast()
    }

    /// The directed broadcast address (RFC 919). `None` in a /31 (RFC 3021 §2.1), a /32 and in all of IPv6, which has no
    /// broadcast (RFC 4291 §2).
    pub fn broadcast(self) -> Option<IpAddr> {
        self.sets_ends_apart().then(|| self.last())
    }

    /// The first address a host can have. In IPv6 that is the first of the block, though where it is the Subnet-Router
    /// anycast address only routers answer to it.
    pub fn first_host(self) -> IpAddr {
        let first = Family::number(self.network());
        self.family().address(if self.sets_ends_apart() { first + 1 } else { first })
    }

    /// The last address a host can have.
    pub fn last_host(self) -> IpAddr {
        let last = Family::number(self.last());
        self.family().address(if self.sets_ends_apart() { last - 1 } else { last })
    }

    /// All addresses of the block: 2^host bits.
    pub fn addresses(self) -> Count {
        Count::power_of_two(self.host_bits())
    }

    /// Addresses for hosts: all, less the network's and the broadcast address where these exist.
    pub fn usable(self) -> Count {
        if self.sets_ends_apart() { self.addresses().less(2) } else { self.addresses() }
    }

    /// True where the first and the last address are not for hosts: IPv4 up to /30.
    fn sets_ends_apart(self) -> bool {
        self.family() == Family::Ipv4 && self.prefix_len() <= 30
    }

    /// The Subnet-Router anycast address (RFC 4291 §2.6.1), the first of an IPv6 block. `None` in a /127, where routers
    /// must not use it (RFC 6164 §6), in a /128, and where there are no subnets: in multicast, in ::/3 (mapped,
    /// translated and loopback addresses) and in IPv4.
    pub fn subnet_router_anycast(self) -> Option<IpAddr> {
        let IpAddr::V6(network) = self.network() else { return None };
        let has_subnets = network.to_bits() >> 125 != 0 && !network.is_multicast();
        (has_subnets && self.prefix_len() <= 126).then_some(IpAddr::V6(network))
    }

    /// The block with its host bits cleared.
    pub fn truncated(self) -> Block {
        Block(self.0.trunc())
    }

    /// True if the address is not the first of the block.
    pub fn has_host_bits(self) -> bool {
        self.address() != self.network()
    }

    /// The address's place in the block, counted from 0.
    pub fn offset(self) -> u128 {
        Family::number(self.address()) - Family::number(self.network())
    }

    /// True if the address lies in the block; an address of the other family never does.
    pub fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// True if every address of `other` lies in this block.
    pub fn holds(self, other: Block) -> bool {
        self.0.contains(&other.0)
    }

    /// True if the two share an address. Of two blocks one then holds the other.
    pub fn overlaps(self, other: Block) -> bool {
        self.holds(other) || other.holds(self)
    }

    /// The block of the same size after this one; `None` at the end of the address space.
    pub fn next(self) -> Option<Block> {
        let number = Family::number(self.last()).checked_add(1).filter(|number| *number <= self.family().largest())?;
        Some(Block::at(self.family(), number, self.prefix_len()))
    }

    /// The block of the same size before this one; `None` at the start of the address space.
    pub fn previous(self) -> Option<Block> {
        let number = Family::number(self.network()).checked_sub(1)?;
        Some(Block::at(self.family(), number, self.prefix_len()).truncated())
    }

    /// The block of twice the size around this one; `None` for the whole address space.
    pub fn supernet(self) -> Option<Block> {
        let prefix_len = self.prefix_len().checked_sub(1)?;
        Block::new(self.address(), prefix_len).map(Block::truncated)
    }

    /// The block cut into parts of length `prefix_len`, in order; `None` if that is shorter than the block's own or
    /// longer than an address.
    pub fn parts(self, prefix_len: u8) -> Option<impl Iterator<Item = Block>> {
        Some(self.0.subnets(prefix_len).ok()?.map(Block))
    }

    /// How many parts of length `prefix_len` the block has; zero if it is shorter than the block's own.
    pub fn part_count(self, prefix_len: u8) -> Count {
        prefix_len.checked_sub(self.prefix_len()).map_or(Count::ZERO, Count::power_of_two)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl Serialize for Block {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
