//! What a host does with a packet for another address: hand it over on the link, or give it to the gateway
//! (RFC 1122 §3.3.1.1, RFC 4861 §5.2).

use std::net::{IpAddr, Ipv6Addr};

use serde::Serialize;

use super::{Block, Family, Refusal, solicited_node};
use crate::base::MacAddr;

/// What one host decides, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The host that sends, with its mask.
    pub sender: Side,
    /// The address it sends to, under the sender's mask: a host knows no other.
    pub target: Side,
    /// True if both networks are the same.
    pub same_network: bool,
    /// What the host does.
    #[serde(flatten)]
    pub next_hop: NextHop,
    /// The group that is asked in IPv6 instead of everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solicited_node: Option<Ipv6Addr>,
    /// What deserves to be said beside it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// An address and the network that a mask makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The address with the mask.
    pub block: Block,
    /// The AND.
    pub network: IpAddr,
}

impl Side {
    fn of(block: Block) -> Side {
        Side { block, network: block.network() }
    }
}

/// Where the frame goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "next_hop", rename_all = "kebab-case")]
pub enum NextHop {
    /// To itself: nothing goes onto the wire.
    Itself,
    /// To the target: its MAC address is asked for.
    Direct {
        /// The address that is asked for.
        ask_for: IpAddr,
    },
    /// To the gateway: its MAC address is asked for, the IP address stays the target's.
    Gateway {
        /// The address that is asked for.
        ask_for: IpAddr,
    },
    /// To a group or to everybody; nobody is asked.
    Group {
        /// The MAC address that follows from the address.
        mac: MacAddr,
    },
    /// Nowhere: there is no gateway to give it to.
    Unreachable,
}

/// What the host `sender` does with a packet to `target`. `target`'s own mask plays no part in that; if it is given and
/// leads to another answer on the way back, that is remarked.
///
/// # Errors
/// When no host could have the sender's address, the two are of different families, or the gateway is not in the
/// sender's network and so could never be asked.
pub fn decide(
    sender: Block,
    target: Block,
    target_has_mask: bool,
    gateway: Option<IpAddr>,
) -> Result<Decision, Refusal> {
    let family = sender.family();
    let address = target.address();
    if target.family() != family {
        return Err(Refusal::new(format!("{} is {family} and {address} is {}", sender.address(), target.family()))
            .hint("a packet has both addresses in one family"));
    }
    check_host(sender, sender.address(), "the sender")?;
    if let Some(gateway) = gateway {
        check_gateway(sender, gateway)?;
    }
    // The sender puts its own mask over the target.
    let seen = Block::at(family, Family::number(address), sender.prefix_len());
    let same_network = sender.network() == seen.network();
    let mut remarks = Vec::new();
    let next_hop = if let Some(hop) = special_target(sender, address, &mut remarks) {
        hop
    } else if same_network || is_link_local(address) {
        remark_on_direct(sender, address, gateway, same_network, &mut remarks);
        NextHop::Direct { ask_for: address }
    } else if let Some(gateway) = gateway {
        NextHop::Gateway { ask_for: gateway }
    } else {
        remarks.push(format!(
            "{address} is in another network and no gateway is known, so the host says 'Network is unreachable'"
        ));
        NextHop::Unreachable
    };
    if target_has_mask {
        remark_on_way_back(sender, target, same_network, &mut remarks);
    }
    let asked = match next_hop {
        NextHop::Direct { ask_for: IpAddr::V6(asked) } | NextHop::Gateway { ask_for: IpAddr::V6(asked) } => Some(asked),
        _ => None,
    };
    Ok(Decision {
        sender: Side::of(sender),
        target: Side::of(seen),
        same_network,
        next_hop,
        solicited_node: asked.map(solicited_node),
        remarks,
    })
}

/// Refuses addresses that no host has.
fn check_host(network: Block, address: IpAddr, role: &str) -> Result<(), Refusal> {
    let what = if address.is_multicast() {
        "a multicast address, which names a group"
    } else if address.is_unspecified() {
        "the unspecified address, which stands for none"
    } else if network.broadcast() == Some(address) {
        "the broadcast address"
    } else if network.family() == Family::Ipv4 && network.prefix_len() <= 30 && network.network() == address {
        "the network's own address"
    } else {
        return Ok(());
    };
    let refusal = Refusal::new(format!("{role} cannot be {address}: in {} that is {what}", network.truncated()));
    Err(refusal.hint(format!("hosts have {} to {}", network.first_host(), network.last_host())))
}

/// A gateway must be reachable without a gateway.
fn check_gateway(sender: Block, gateway: IpAddr) -> Result<(), Refusal> {
    if Family::of(gateway) != sender.family() {
        return Err(Refusal::new(format!(
            "the gateway {gateway} is {}, and {} is {}",
            Family::of(gateway),
            sender.address(),
            sender.family()
        )));
    }
    if !sender.contains(gateway) && !is_link_local(gateway) {
        let seen = Block::at(sender.family(), Family::number(gateway), sender.prefix_len());
        return Err(Refusal::new(format!(
            "the gateway {gateway} is not in {}'s network: {gateway} AND {} is {}, not {}, so {} would need a gateway to reach its gateway",
            sender.address(),
            sender.netmask(),
            seen.network(),
            sender.network(),
            sender.address()
        ))
        .hint(format!("it must be one of {} to {}, or the mask is wrong", sender.first_host(), sender.last_host())));
    }
    if gateway == sender.address() {
        return Err(Refusal::new(format!("the gateway cannot be {gateway}: that is the sender itself")));
    }
    check_host(sender, gateway, "the gateway")
}

/// Targets for which the networks are not compared.
fn special_target(sender: Block, address: IpAddr, remarks: &mut Vec<String>) -> Option<NextHop> {
    if address == sender.address() || address.is_loopback() {
        remarks.push("the packet stays inside the host: no ARP and no frame".replace("ARP", question(sender.family())));
        return Some(NextHop::Itself);
    }
    match address {
        IpAddr::V4(group) if group.is_multicast() => {
            let [_, b, c, d] = group.octets();
            remarks.push(format!("{address} is a group: its MAC address follows from it (RFC 1112 section 6.4)"));
            Some(NextHop::Group { mac: MacAddr([0x01, 0x00, 0x5e, b & 0x7f, c, d]) })
        }
        IpAddr::V6(group) if group.is_multicast() => {
            let [.., a, b, c, d] = group.octets();
            remarks.push(format!("{address} is a group: its MAC address follows from it (RFC 2464 section 7)"));
            Some(NextHop::Group { mac: MacAddr([0x33, 0x33, a, b, c, d]) })
        }
        IpAddr::V4(everybody) if everybody.is_broadcast() || sender.broadcast() == Some(address) => {
            remarks.push(format!("{address} means every host of the link: the frame goes to the broadcast address"));
            Some(NextHop::Group { mac: MacAddr::BROADCAST })
        }
        _ => None,
    }
}

fn remark_on_direct(
    sender: Block,
    address: IpAddr,
    gateway: Option<IpAddr>,
    same_network: bool,
    remarks: &mut Vec<String>,
) {
    if !same_network {
        remarks.push(format!("{address} is link-local: it is always on the link, whatever the masks say"));
    }
    if address == sender.network() && sender.family() == Family::Ipv4 && sender.prefix_len() <= 30 {
        remarks.push(format!("{address} is the network's own address: no host will answer"));
    }
    if gateway == Some(address) {
        remarks.push(format!("{address} is the gateway itself, reached like any other host of the network"));
    }
}

/// The target decides for itself when it answers, with its own mask.
fn remark_on_way_back(sender: Block, target: Block, same_network: bool, remarks: &mut Vec<String>) {
    let back = target.contains(sender.address());
    if same_network && !back {
        remarks.push(format!(
            "the masks disagree: under /{} {} takes {} for a host of another network and answers through its gateway, if it has one",
            target.prefix_len(),
            target.address(),
            sender.address()
        ));
    } else if !same_network && back {
        remarks.push(format!(
            "the masks disagree: under /{} {} takes {} for a neighbour and answers directly, past the gateway",
            target.prefix_len(),
            target.address(),
            sender.address()
        ));
    }
}

/// Link-local addresses are on the link by definition (RFC 3927 §2.6.2, RFC 4861 §5.2).
fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// What asks for a MAC address: ARP, or neighbour discovery.
fn question(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ARP",
        Family::Ipv6 => "neighbour solicitation",
    }
}

#[cfg(test)]
mod tests;
