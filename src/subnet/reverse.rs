//! Reverse zones: where the DNS looks up the name of an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Block, Family};

/// The name under which a PTR record of the address stands (RFC 1035 §3.5, RFC 3596 §2.5).
pub fn pointer_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => v4_zone(address, 4),
        IpAddr::V6(address) => v6_zone(address, 32),
    }
}

/// The zones delegated to whoever holds the block. Zones end at octets in IPv4 and at half octets in IPv6, so a block
/// between two such borders has several: at most 128 in IPv4, at most 8 in IPv6. From /25 to /31 there is one, named as
/// RFC 2317 §4 suggests, `64/26.2.0.192.in-addr.arpa`, with the parent's names as aliases into it.
pub fn reverse_zones(block: Block) -> Vec<String> {
    let prefix_len = block.prefix_len();
    match block.network() {
        IpAddr::V4(network) if (25..32).contains(&prefix_len) => {
            vec![format!("{}/{prefix_len}.{}", network.octets()[3], v4_zone(network, 3))]
        }
        _ => {
            let unit = if block.family() == Family::Ipv4 { 8 } else { 4 };
            let border = prefix_len.div_ceil(unit) * unit;
            let zones = block.parts(border).into_iter().flatten();
            zones
                .map(|part| match part.network() {
                    IpAddr::V4(network) => v4_zone(network, usize::from(border / unit)),
                    IpAddr::V6(network) => v6_zone(network, usize::from(border / unit)),
                })
                .collect()
        }
    }
}

/// The zone of the first `octets` octets, last first.
fn v4_zone(address: Ipv4Addr, octets: usize) -> String {
    let mut name: String = address.octets()[..octets].iter().rev().map(|octet| format!("{octet}.")).collect();
    name.push_str("in-addr.arpa");
    name
}

/// The zone of the first `digits` hexadecimal digits, last first.
fn v6_zone(address: Ipv6Addr, digits: usize) -> String {
    let all = format!("{:032x}", address.to_bits());
    let mut name: String = all[..digits].chars().rev().flat_map(|digit| [digit, '.']).collect();
    name.push_str("ip6.arpa");
    name
}
