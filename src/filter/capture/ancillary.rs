//! What the Linux kernel knows of a packet besides its octets, as loads from negative offsets (linux/filter.h).

/// Where the ancillary data begin: SKF_AD_OFF.
const OFFSET: u32 = 0xffff_f000;

/// Packet type (host, broadcast, multicast, other host, outgoing): SKF_AD_PKTTYPE.
pub(super) const PACKET_TYPE: u32 = OFFSET + 4;
/// Index of the interface: SKF_AD_IFINDEX.
pub(super) const INTERFACE_INDEX: u32 = OFFSET + 8;
/// Control information of the VLAN tag that was taken out: SKF_AD_VLAN_TAG.
pub(super) const VLAN_TAG: u32 = OFFSET + 44;
/// 1 if a VLAN tag was taken out, else 0: SKF_AD_VLAN_TAG_PRESENT.
pub(super) const VLAN_TAG_PRESENT: u32 = OFFSET + 48;

/// The name of an ancillary load in a listing.
pub(super) fn name(at: u32) -> Option<&'static str> {
    Some(match at.checked_sub(OFFSET)? {
        0 => "protocol",
        4 => "packet type",
        8 => "interface index",
        44 => "vlan tag",
        48 => "vlan tag present",
        60 => "vlan protocol",
        _ => return None,
    })
}
