//! What a DHCP server tells of the link: mask and router (RFC 2131 §2, RFC 2132 §3.3 and §3.5).

use std::net::Ipv4Addr;

use crate::wire::Frame;

/// What one answer of a server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    /// The address given.
    pub address: Ipv4Addr,
    /// Length of the mask (option 1).
    pub prefix_len: Option<u8>,
    /// The first router (option 3).
    pub router: Option<Ipv4Addr>,
}

/// Reads the answer of a DHCP server, if the frame is one.
pub(super) fn lease(frame: &Frame<'_>) -> Option<Lease> {
    let udp = frame.udp().filter(|udp| udp.source_port() == 67 && matches!(udp.destination_port(), 67 | 68))?;
    let octets = udp.payload();
    // A reply, and the cookie before the options (RFC 2131 §3).
    if octets.first() != Some(&2) || octets.get(236..240) != Some(&[0x63, 0x82, 0x53, 0x63]) {
        return None;
    }
    let address = ipv4(octets.get(16..20)?)?;
    let mut lease = Lease { address, prefix_len: None, router: None };
    let mut rest = &octets[240..];
    while let [code, after @ ..] = rest {
        match code {
            0 => rest = after,
            255 => break,
            _ => {
                let [len, body @ ..] = after else { break };
                let Some(value) = body.get(..usize::from(*len)) else { break };
                match code {
                    1 => lease.prefix_len = ipv4(value).and_then(mask_len),
                    3 => lease.router = value.get(..4).and_then(ipv4),
                    _ => {}
                }
                rest = &body[usize::from(*len)..];
            }
        }
    }
    (!address.is_unspecified()).then_some(lease)
}

fn ipv4(octets: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
}

/// The length of a mask whose ones all come first.
fn mask_len(mask: Ipv4Addr) -> Option<u8> {
    let bits = u32::from(mask);
    (bits.leading_ones() + bits.trailing_zeros() >= 32).then(|| bits.leading_ones() as u8)
}
