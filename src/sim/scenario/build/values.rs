//! The small things of a file that are read from a text: addresses, routes, VLAN roles, entries of tables.

use std::net::IpAddr;

use toml::Spanned;

use super::super::file::{DhcpTable, NatTable, OneOrMore};
use super::super::words::duration;
use super::Wrong;
use crate::base::MacAddr;
use crate::sim::device::{DhcpPool, VlanRole};
use crate::sim::record::PortId;
use crate::sim::stack::nat::{Filtering, Forward, Mapping, NatOptions};
use crate::sim::stack::neighbour::Profile;
use crate::sim::stack::route::Prefix;

pub(super) fn dhcp_pool(table: &DhcpTable) -> Result<DhcpPool, String> {
    let (IpAddr::V4(first), len) = address_with_len(&table.first)? else {
        return Err("dhcp.first is an IPv4 address with its prefix length".to_owned());
    };
    let address = |text: &Option<String>| match text {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| format!("'{text}' is not an IPv4 address")),
    };
    let lease = table.lease.as_deref().map_or(Ok(std::time::Duration::from_secs(3600)), duration)?;
    let (gateway, dns) = (address(&table.gateway)?, address(&table.dns)?);
    Ok(DhcpPool { first, len, count: table.count.min(65_536), gateway, dns, lease })
}

pub(super) fn nat_options(table: &NatTable, ports: &[String]) -> Result<NatOptions, String> {
    let outside = ports.iter().position(|port| *port == table.outside);
    let outside = outside.ok_or_else(|| format!("nat.outside = \"{}\": there is no such interface", table.outside))?;
    let kinds = "endpoint-independent, address-dependent or address-and-port-dependent";
    let mapping = match table.mapping.as_deref() {
        None | Some("endpoint-independent") => Mapping::EndpointIndependent,
        Some("address-dependent") => Mapping::AddressDependent,
        Some("address-and-port-dependent") => Mapping::AddressAndPortDependent,
        Some(other) => return Err(format!("nat.mapping = \"{other}\": it is {kinds}")),
    };
    let filtering = match table.filtering.as_deref() {
        None | Some("address-dependent") => Filtering::AddressDependent,
        Some("endpoint-independent") => Filtering::EndpointIndependent,
        Some("address-and-port-dependent") => Filtering::AddressAndPortDependent,
        Some(other) => return Err(format!("nat.filtering = \"{other}\": it is {kinds}")),
    };
    let forwards = table.forwards.iter().map(|text| forward(text)).collect::<Result<_, _>>()?;
    Ok(NatOptions { outside, mapping, filtering, forwards })
}

/// Reads `tcp 8080 to 192.168.1.10:80`.
pub(super) fn forward(text: &str) -> Result<Forward, String> {
    let fail = || format!("'{text}' is not a forward: write it like \"tcp 8080 to 192.168.1.10:80\"");
    let words: Vec<&str> = text.split_whitespace().collect();
    let [protocol, port, "to", inside] = words.as_slice() else { return Err(fail()) };
    let protocol = match *protocol {
        "tcp" => 6,
        "udp" => 17,
        _ => return Err(fail()),
    };
    let inside: std::net::SocketAddrV4 = inside.parse().map_err(|_| fail())?;
    Ok(Forward { protocol, port: port.parse().map_err(|_| fail())?, inside: *inside.ip(), inside_port: inside.port() })
}

pub(super) fn numbers(ports: u16) -> Vec<String> {
    (1..=ports).map(|port| port.to_string()).collect()
}

pub(super) fn parse_profile(text: &Spanned<String>) -> Result<Profile, Wrong> {
    match text.get_ref().as_str() {
        "linux" => Ok(Profile::Linux),
        "textbook" => Ok(Profile::Textbook),
        other => Err((text.span().start, format!("unknown profile '{other}': a host is linux or textbook"))),
    }
}

/// Reads `192.0.2.1/24`.
pub(in crate::sim::scenario) fn address_with_len(text: &str) -> Result<(IpAddr, u8), String> {
    let fail = || format!("'{text}' is not an address with its prefix length: write it like 192.0.2.1/24");
    let (address, len) = text.split_once('/').ok_or_else(fail)?;
    let address: IpAddr = address.parse().map_err(|_| fail())?;
    let len: u8 = len.parse().map_err(|_| fail())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if len > most {
        return Err(format!("'{text}': a prefix has at most {most} bits"));
    }
    Ok((address, len))
}

pub(super) fn addresses(given: Option<&Spanned<OneOrMore>>) -> Result<Vec<(IpAddr, u8)>, Wrong> {
    texts(given).map(|(at, text)| address_with_len(text).map_err(|why| (at, why))).collect()
}

/// The texts of a key with one or more, and where they stand.
pub(super) fn texts(given: Option<&Spanned<OneOrMore>>) -> impl Iterator<Item = (usize, &String)> {
    given.into_iter().flat_map(|list| list.get_ref().as_slice().iter().map(|text| (list.span().start, text)))
}

/// Reads `198.51.100.0/24 via 192.0.2.2 metric 5`; `default` is 0.0.0.0/0.
pub(super) fn route(text: &str) -> Result<(Prefix, IpAddr, u32), String> {
    let fail = || format!("'{text}' is not a route: write it like \"198.51.100.0/24 via 192.0.2.2\"");
    let words: Vec<&str> = text.split_whitespace().collect();
    let (prefix, via, metric) = match words.as_slice() {
        [prefix, "via", via] => (prefix, via, 0),
        [prefix, "via", via, "metric", metric] => (prefix, via, metric.parse().map_err(|_| fail())?),
        _ => return Err(fail()),
    };
    let via: IpAddr = via.parse().map_err(|_| fail())?;
    let prefix = match *prefix {
        "default" if via.is_ipv4() => Prefix::new(IpAddr::from([0u8; 4]), 0),
        "default" => Prefix::new(IpAddr::from([0u8; 16]), 0),
        text => {
            let (address, len) = address_with_len(text)?;
            Prefix::new(address, len)
        }
    };
    Ok((prefix, via, metric))
}

/// Reads `access 10`, `trunk`, `trunk native 1 allowed 10,20`.
pub(super) fn vlan_role(text: &str) -> Result<VlanRole, String> {
    let fail = || format!("'{text}' is not a VLAN role: write \"access 10\" or \"trunk native 1 allowed 10,20\"");
    let number = |text: &str| text.parse::<u16>().ok().filter(|vlan| (1..=4094).contains(vlan)).ok_or_else(fail);
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["access", vlan] => Ok(VlanRole::Access(number(vlan)?)),
        ["trunk", rest @ ..] => {
            let (mut native, mut allowed) = (None, Vec::new());
            for pair in rest.chunks(2) {
                match pair {
                    ["native", vlan] => native = Some(number(vlan)?),
                    ["allowed", list] => {
                        allowed = list.split(',').map(number).collect::<Result<_, _>>()?;
                    }
                    _ => return Err(fail()),
                }
            }
            Ok(VlanRole::Trunk { native, allowed })
        }
        _ => Err(fail()),
    }
}

/// Reads `00:00:5e:00:53:07 on 3` or `… on 3 vlan 10`.
pub(super) fn fixed_entry(text: &str, ports: u16) -> Result<(u16, MacAddr, PortId), String> {
    let fail = || format!("'{text}' is not an entry: write it like \"00:00:5e:00:53:07 on 3\"");
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mac, port, vlan) = match words.as_slice() {
        [mac, "on", port] => (mac, port, 0),
        [mac, "on", port, "vlan", vlan] => (mac, port, vlan.parse().map_err(|_| fail())?),
        _ => return Err(fail()),
    };
    let mac = mac.parse().map_err(|error: crate::base::ParseMacError| error.to_string())?;
    let port: u16 = port.parse().map_err(|_| fail())?;
    if port == 0 || port > ports {
        return Err(format!("there is no port {port}"));
    }
    Ok((vlan, mac, PortId(port - 1)))
}
