//! VLAN tags: 802.1Q, and 802.1ad for the outer tag of a provider.
//!
//! ```text
//!  0       1       2       3       4
//! +---+-+-----------------+-----------------+
//! |PCP|D|   VLAN id (12)  |  type of what follows   (IEEE 802.1Q §9.6; D = drop eligible)
//! +---+-+-----------------+-----------------+
//! ```

use super::layer::{Layer, LayerKind};
use super::walker::{Next, Walker, be16};

/// A VLAN tag: the 4 octets after the tag's own EtherType.
#[derive(Clone, Copy, Debug)]
pub struct Vlan<'a> {
    bytes: &'a [u8],
    tpid: u16,
}

impl<'a> Vlan<'a> {
    /// The octets of the tag after its EtherType.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The EtherType that announced the tag: 0x8100 (802.1Q), 0x88a8 (802.1ad), 0x9100 (before the standard).
    pub fn tpid(&self) -> u16 {
        self.tpid
    }

    /// VLAN id, 0 to 4095; 0 means priority only.
    pub fn vid(&self) -> u16 {
        be16(self.bytes, 0) & 0x0fff
    }

    /// Priority, 0 to 7.
    pub fn pcp(&self) -> u8 {
        (be16(self.bytes, 0) >> 13) as u8
    }

    /// True if the frame may be dropped first.
    pub fn is_drop_eligible(&self) -> bool {
        be16(self.bytes, 0) & 0x1000 != 0
    }

    /// EtherType of what follows; a length below 0x0600.
    pub fn ether_type(&self) -> u16 {
        be16(self.bytes, 2)
    }
}

pub(super) fn walk(walker: &mut Walker<'_>, tpid: u16) -> Next {
    let Some(bytes) = walker.header(LayerKind::Vlan, 4) else {
        return Next::Stop;
    };
    let vlan = Vlan { bytes, tpid };
    walker.push(Layer::Vlan(vlan), 4);
    Next::TypeOrLen(vlan.ether_type())
}
