//! Fields of link headers: Ethernet, VLAN tags, Linux cooked, BSD loopback, LLC and spanning tree.

use super::visit::Visit;
use super::{fields, names};
use crate::wire::registry::{ether_type_name, llc_sap_name, snap_name};
use crate::wire::walker::be16;
use crate::wire::{Ethernet, Llc, Loopback, Other, Sll, Stp, Vlan};

fields! { ETHERNET = Ethernet, "IEEE 802.3 §3.2";
    ETHERNET_DESTINATION "ethernet.destination" "destination" Mac Plain;
    ETHERNET_SOURCE "ethernet.source" "source" Mac Plain;
    ETHERNET_TYPE "ethernet.ether_type" "type" Unsigned Hex;
    ETHERNET_LENGTH "ethernet.length" "length" Unsigned Octets;
}

pub(super) fn ethernet<'a>(ethernet: Ethernet<'a>, out: &mut Visit<'a, '_>) {
    ethernet_octets(ethernet.bytes(), out);
}

pub(super) fn ethernet_octets<'a>(bytes: &'a [u8], out: &mut Visit<'a, '_>) {
    out.mac(&ETHERNET_DESTINATION, bytes, 0);
    out.mac(&ETHERNET_SOURCE, bytes, 6);
    if be16(bytes, 12) < 0x0600 {
        out.number(&ETHERNET_LENGTH, bytes, 12, 2);
    } else {
        out.named(&ETHERNET_TYPE, bytes, 12, 2, |number| ether_type_name(number as u16));
    }
}

fields! { SLL = Sll, "tcpdump.org LINKTYPE_LINUX_SLL";
    SLL_PROTOCOL "linux_sll.protocol" "protocol" Unsigned Hex;
    SLL_INTERFACE "linux_sll.interface" "interface index" Unsigned Plain see "tcpdump.org LINKTYPE_LINUX_SLL2";
    SLL_HARDWARE "linux_sll.hardware_type" "hardware type" Unsigned Plain;
    SLL_TYPE "linux_sll.packet_type" "packet type" Unsigned Plain;
    SLL_ADDRESS_LEN "linux_sll.address_len" "address length" Unsigned Octets;
    SLL_SOURCE "linux_sll.source" "source" Mac Plain;
}

pub(super) fn sll<'a>(sll: Sll<'a>, out: &mut Visit<'a, '_>) {
    let bytes = sll.bytes();
    let protocol = |number| ether_type_name(number as u16);
    if sll.version() == 2 {
        out.named(&SLL_PROTOCOL, bytes, 0, 2, protocol);
        out.number(&SLL_INTERFACE, bytes, 4, 4);
        out.named(&SLL_HARDWARE, bytes, 8, 2, names::hardware_type);
        out.named(&SLL_TYPE, bytes, 10, 1, names::sll_packet_type);
        out.number(&SLL_ADDRESS_LEN, bytes, 11, 1);
        if sll.source().is_some() {
            out.mac(&SLL_SOURCE, bytes, 12);
        }
    } else {
        out.named(&SLL_TYPE, bytes, 0, 2, names::sll_packet_type);
        out.named(&SLL_HARDWARE, bytes, 2, 2, names::hardware_type);
        out.number(&SLL_ADDRESS_LEN, bytes, 4, 2);
        if sll.source().is_some() {
            out.mac(&SLL_SOURCE, bytes, 6);
        }
        out.named(&SLL_PROTOCOL, bytes, 14, 2, protocol);
    }
}

fields! { LOOPBACK = Loopback, "tcpdump.org LINKTYPE_NULL";
    LOOPBACK_FAMILY "loopback.family" "address family" Unsigned Plain;
}

pub(super) fn loopback(loopback: Loopback, out: &mut Visit<'_, '_>) {
    let meaning = match loopback.family {
        2 => "IPv4",
        10 | 24 | 28 | 30 => "IPv6",
        _ => "",
    };
    out.worked_out(&LOOPBACK_FAMILY, (0, 4), u64::from(loopback.family), meaning);
}

fields! { VLAN = Vlan, "IEEE 802.1Q §9.6";
    VLAN_PCP "vlan.pcp" "priority" Unsigned Plain;
    VLAN_DEI "vlan.drop_eligible" "drop eligible" Boolean Plain;
    VLAN_VID "vlan.vid" "VLAN id" Unsigned Plain;
    VLAN_TYPE "vlan.ether_type" "type" Unsigned Hex;
    VLAN_LENGTH "vlan.length" "length" Unsigned Octets;
}

pub(super) fn vlan<'a>(vlan: Vlan<'a>, out: &mut Visit<'a, '_>) {
    let bytes = vlan.bytes();
    out.bits(&VLAN_PCP, bytes, (0, 2), (0, 3), |_| "");
    out.flag(&VLAN_DEI, bytes, 0, 3);
    out.bits(&VLAN_VID, bytes, (0, 2), (4, 12), |vid| if vid == 0 { "priority only" } else { "" });
    if vlan.ether_type() < 0x0600 {
        out.number(&VLAN_LENGTH, bytes, 2, 2);
    } else {
        out.named(&VLAN_TYPE, bytes, 2, 2, |number| ether_type_name(number as u16));
    }
}

fields! { LLC = Llc, "IEEE 802.2 §3.2";
    LLC_DSAP "llc.dsap" "destination service access point" Unsigned Hex;
    LLC_SSAP "llc.ssap" "source service access point" Unsigned Hex;
    LLC_CONTROL "llc.control" "control" Unsigned Hex see "IEEE 802.2 §5.2";
    LLC_ORGANIZATION "llc.snap.organization" "SNAP organization" Unsigned Hex see "IEEE 802 §9.4";
    LLC_PROTOCOL "llc.snap.protocol" "SNAP protocol" Unsigned Hex see "IEEE 802 §9.4";
}

pub(super) fn llc<'a>(llc: Llc<'a>, out: &mut Visit<'a, '_>) {
    let bytes = llc.bytes();
    out.named(&LLC_DSAP, bytes, 0, 1, |sap| llc_sap_name(sap as u8));
    out.named(&LLC_SSAP, bytes, 1, 1, |sap| llc_sap_name(sap as u8));
    let control_len = llc.control_len();
    out.worked_out(&LLC_CONTROL, (2, control_len), u64::from(llc.control()), names::llc_control(llc.control()));
    if let Some((organization, protocol)) = llc.snap() {
        let at = 2 + control_len;
        out.named(&LLC_ORGANIZATION, bytes, at, 3, names::snap_organization);
        let name = if organization == 0 { ether_type_name(protocol) } else { snap_name(organization, protocol) };
        out.named(&LLC_PROTOCOL, bytes, at + 3, 2, |_| name);
    }
}

fields! { STP = Stp, "IEEE 802.1D-2004 §9.3";
    STP_PROTOCOL "stp.protocol" "protocol identifier" Unsigned Hex;
    STP_VERSION "stp.version" "version" Unsigned Plain;
    STP_TYPE "stp.type" "type" Unsigned Hex;
    STP_FLAGS "stp.flags" "flags" Unsigned Hex;
    STP_CHANGE_ACK "stp.flags.topology_change_acknowledgment" "topology change acknowledgment" Boolean Plain depth 1;
    STP_AGREEMENT "stp.flags.agreement" "agreement" Boolean Plain depth 1;
    STP_FORWARDING "stp.flags.forwarding" "forwarding" Boolean Plain depth 1;
    STP_LEARNING "stp.flags.learning" "learning" Boolean Plain depth 1;
    STP_ROLE "stp.flags.port_role" "port role" Unsigned Plain depth 1;
    STP_PROPOSAL "stp.flags.proposal" "proposal" Boolean Plain depth 1;
    STP_CHANGE "stp.flags.topology_change" "topology change" Boolean Plain depth 1;
    STP_ROOT_PRIORITY "stp.root.priority" "root bridge priority" Unsigned Plain;
    STP_ROOT_EXTENSION "stp.root.extension" "root bridge extension (VLAN)" Unsigned Plain;
    STP_ROOT_ADDRESS "stp.root.address" "root bridge address" Mac Plain;
    STP_COST "stp.root_path_cost" "cost of the path to the root" Unsigned Plain;
    STP_BRIDGE_PRIORITY "stp.bridge.priority" "bridge priority" Unsigned Plain;
    STP_BRIDGE_EXTENSION "stp.bridge.extension" "bridge extension (VLAN)" Unsigned Plain;
    STP_BRIDGE_ADDRESS "stp.bridge.address" "bridge address" Mac Plain;
    STP_PORT "stp.port" "port" Unsigned Hex;
    STP_AGE "stp.message_age" "message age" Unsigned Seconds256;
    STP_MAX_AGE "stp.max_age" "maximum age" Unsigned Seconds256;
    STP_HELLO "stp.hello_time" "hello time" Unsigned Seconds256;
    STP_DELAY "stp.forward_delay" "forward delay" Unsigned Seconds256;
}

pub(super) fn stp<'a>(stp: Stp<'a>, out: &mut Visit<'a, '_>) {
    let bytes = stp.bytes();
    out.number(&STP_PROTOCOL, bytes, 0, 2);
    out.named(&STP_VERSION, bytes, 2, 1, names::stp_version);
    out.named(&STP_TYPE, bytes, 3, 1, names::stp_type);
    out.number(&STP_FLAGS, bytes, 4, 1);
    out.flag(&STP_CHANGE_ACK, bytes, 4, 0);
    if stp.version() >= 2 {
        out.flag(&STP_AGREEMENT, bytes, 4, 1);
        out.flag(&STP_FORWARDING, bytes, 4, 2);
        out.flag(&STP_LEARNING, bytes, 4, 3);
        out.bits(&STP_ROLE, bytes, (4, 1), (4, 2), names::stp_role);
        out.flag(&STP_PROPOSAL, bytes, 4, 6);
    }
    out.flag(&STP_CHANGE, bytes, 4, 7);
    for (at, priority, extension, address) in [
        (5, &STP_ROOT_PRIORITY, &STP_ROOT_EXTENSION, &STP_ROOT_ADDRESS),
        (17, &STP_BRIDGE_PRIORITY, &STP_BRIDGE_EXTENSION, &STP_BRIDGE_ADDRESS),
    ] {
        if let Some(id) = if at == 5 { stp.root() } else { stp.bridge() } {
            out.scaled_bits(priority, (at, 2), (0, 4), u64::from(id.priority), "");
            out.scaled_bits(extension, (at, 2), (4, 12), u64::from(id.extension), "");
            out.mac(address, bytes, at + 2);
        }
        if at == 5 {
            out.number(&STP_COST, bytes, 13, 4);
        }
    }
    out.number(&STP_PORT, bytes, 25, 2);
    for (at, field) in [(27, &STP_AGE), (29, &STP_MAX_AGE), (31, &STP_HELLO), (33, &STP_DELAY)] {
        out.number(field, bytes, at, 2);
    }
}

fields! { OTHER = Other, "known by name only";
    OTHER_NAME "other.name" "name" Text Plain;
    OTHER_NUMBER "other.number" "number that announced it" Unsigned Hex;
}

pub(super) fn other(other: Other, out: &mut Visit<'_, '_>) {
    out.text(&OTHER_NAME, other.name);
    out.derived(&OTHER_NUMBER, u64::from(other.number));
}
