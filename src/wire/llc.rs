//! 802.2 LLC, and SNAP behind it: what 802.3 frames with a length carry.
//!
//! ```text
//!  0      1      2           3 or 4                        8 or 9
//! +------+------+-----------+-------------+---------------+---------
//! | DSAP | SSAP | control   | SNAP: OUI   | SNAP protocol |  payload   (IEEE 802.2 §3.2; IEEE 802 §9.4)
//! +------+------+-----------+-------------+---------------+---------
//! ```
//!
//! The control field has one octet in unnumbered frames and two in all others (IEEE 802.2 §5.2).

use super::layer::{Layer, LayerKind};
use super::other::{Other, Registry};
use super::registry::{CISCO, IEEE_802_1, llc_sap_name, snap_name};
use super::walker::{Next, Walker, be16, be32};

/// An LLC header: 3 or 4 octets, and 5 more if SNAP follows.
#[derive(Clone, Copy, Debug)]
pub struct Llc<'a> {
    bytes: &'a [u8],
}

impl<'a> Llc<'a> {
    /// The octets of the header, SNAP included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Destination service access point; its lowest bit marks a group.
    pub fn dsap(&self) -> u8 {
        self.bytes[0]
    }

    /// Source service access point; its lowest bit marks a response.
    pub fn ssap(&self) -> u8 {
        self.bytes[1]
    }

    /// Octets of the control field: 1 in unnumbered frames, else 2.
    pub fn control_len(&self) -> usize {
        control_len(self.bytes[2])
    }

    /// Control field as it stands; the least significant octet comes first.
    pub fn control(&self) -> u16 {
        if self.control_len() == 1 {
            u16::from(self.bytes[2])
        } else {
            u16::from_le_bytes([self.bytes[2], self.bytes[3]])
        }
    }

    /// The SNAP part: organization (24 bits) and its protocol number; an EtherType if the organization is 0.
    pub fn snap(&self) -> Option<(u32, u16)> {
        let snap = self.bytes.get(2 + self.control_len()..)?;
        (snap.len() == 5).then(|| (be32(snap, 0) >> 8, be16(snap, 3)))
    }
}

fn control_len(first: u8) -> usize {
    if first & 3 == 3 { 1 } else { 2 }
}

/// Reads an 802.3 frame's inside: `len` octets from here, as its length field says.
pub(super) fn walk_with_len(walker: &mut Walker<'_>, len: u16) -> Next {
    let kind = walker.frame.layers().last().map_or(LayerKind::Ethernet, |located| located.layer.kind());
    // Lengths above 1500 are not allowed (IEEE 802.3 §3.2.6), and a length of 0 tells nothing.
    if len != 0 {
        walker.narrow(kind, usize::from(len));
    }
    // Cisco's inter-switch link wraps a whole frame in one to its own group address, with a tag in between.
    let is_isl = walker
        .frame
        .ethernet()
        .is_some_and(|ethernet| matches!(ethernet.destination().octets(), [0x01 | 0x03, 0x00, 0x0c, 0x00, 0x00, _]));
    if is_isl && walker.rest().starts_with(&[0xaa, 0xaa, 3]) {
        return Other::walk(walker, Registry::Guess, 0, "isl", 12, Next::Ethernet);
    }
    // Novell put IPX straight behind the length; it shows as checksum 0xffff, which no LLC header begins with.
    if walker.rest().starts_with(&[0xff, 0xff]) {
        return Other::walk(walker, Registry::LlcSap, 0xff, "ipx", 0, Next::Payload);
    }
    walk(walker)
}

pub(super) fn walk(walker: &mut Walker<'_>) -> Next {
    let Some(fixed) = walker.header(LayerKind::Llc, 3) else {
        return Next::Stop;
    };
    let (dsap, ssap, control) = (fixed[0], fixed[1], fixed[2]);
    let control_len = control_len(control);
    let snap = dsap & !1 == 0xaa && ssap & !1 == 0xaa && control & !0x10 == 3;
    let len = 2 + control_len + if snap { 5 } else { 0 };
    let Some(bytes) = walker.header(LayerKind::Llc, len) else {
        return Next::Stop;
    };
    let llc = Llc { bytes };
    walker.push(Layer::Llc(llc), len);
    match llc.snap() {
        // RFC 1042; and 00:00:f8, by which bridges carry types over 802.5 (IEEE 802.1H).
        Some((0 | 0x00_00f8, protocol)) if protocol >= 0x0600 => Next::EtherType(protocol),
        // Cisco's spanning tree per VLAN.
        Some((CISCO, 0x010b)) => Next::Stp,
        // IEEE 802.1 bridging: Ethernet frames with and without FCS, and BPDUs (RFC 2427 §7).
        Some((IEEE_802_1, 0x0001 | 0x0007)) => Next::Ethernet,
        Some((IEEE_802_1, 0x000e)) => Next::Stp,
        Some((organization, protocol)) => {
            let name = snap_name(organization, protocol);
            Other::walk(walker, Registry::Snap, protocol, name, 0, Next::Payload)
        }
        None => by_sap(walker, dsap, control),
    }
}

fn by_sap(walker: &mut Walker<'_>, dsap: u8, control: u8) -> Next {
    // Only information frames, numbered or not, carry something for the layer above.
    let information = control & 1 == 0 || control & !0x10 == 3;
    match dsap {
        _ if !information => Next::Payload,
        0x42 => Next::Stp,
        0x06 => Next::EtherType(0x0800),
        0xfe => {
            // ISO TR 9577: the first octet tells the network protocol.
            let number = walker.rest().first().copied().unwrap_or_default();
            let name = match number {
                0x81 => "clnp",
                0x82 => "es-is",
                0x83 => "is-is",
                _ => "osi",
            };
            Other::walk(walker, Registry::LlcSap, u16::from(dsap), name, 0, Next::Payload)
        }
        _ => Other::walk(walker, Registry::LlcSap, u16::from(dsap), llc_sap_name(dsap), 0, Next::Payload),
    }
}
