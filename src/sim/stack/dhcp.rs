//! DHCP messages (RFC 2131 §2, options by RFC 2132).

use std::net::Ipv4Addr;

use super::octets::u32_at;
use crate::base::MacAddr;

/// The kinds of message used here (RFC 2132 §9.6).
pub const DISCOVER: u8 = 1;
/// An address is offered.
pub const OFFER: u8 = 2;
/// The client wants it.
pub const REQUEST: u8 = 3;
/// Somebody else uses it.
pub const DECLINE: u8 = 4;
/// It is the client's.
pub const ACK: u8 = 5;
/// It is not.
pub const NAK: u8 = 6;
/// The client gives it back.
pub const RELEASE: u8 = 7;

const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// A message, as far as it is used here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DhcpMessage {
    /// True from a client.
    pub is_request: bool,
    /// What kind.
    pub kind: u8,
    /// Number of the exchange.
    pub exchange: u32,
    /// The client.
    pub client: MacAddr,
    /// The address that the client has already.
    pub has: Option<Ipv4Addr>,
    /// The address given.
    pub given: Option<Ipv4Addr>,
    /// The address asked for (option 50).
    pub wanted: Option<Ipv4Addr>,
    /// The server (option 54).
    pub server: Option<Ipv4Addr>,
    /// The subnet mask (option 1).
    pub mask: Option<Ipv4Addr>,
    /// The router (option 3).
    pub router: Option<Ipv4Addr>,
    /// The DNS server (option 6).
    pub dns: Option<Ipv4Addr>,
    /// Seconds that the address may be used (option 51).
    pub lease_seconds: Option<u32>,
}

impl DhcpMessage {
    /// Its octets.
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = vec![if self.is_request { 1 } else { 2 }, 1, 6, 0];
        octets.extend_from_slice(&self.exchange.to_be_bytes());
        // The broadcast bit: a client without an address cannot be answered otherwise (RFC 2131 §4.1).
        octets.extend_from_slice(&[0, 0, if self.has.is_none() { 0x80 } else { 0 }, 0]);
        for address in [self.has, self.given, self.server.filter(|_| !self.is_request), None] {
            octets.extend_from_slice(&address.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        }
        octets.extend_from_slice(&self.client.octets());
        octets.resize(236, 0);
        octets.extend_from_slice(&COOKIE);
        octets.extend_from_slice(&[53, 1, self.kind]);
        for (code, address) in [(50, self.wanted), (54, self.server), (1, self.mask), (3, self.router), (6, self.dns)] {
            if let Some(address) = address {
                octets.extend_from_slice(&[code, 4]);
                octets.extend_from_slice(&address.octets());
            }
        }
        if let Some(seconds) = self.lease_seconds {
            octets.extend_from_slice(&[51, 4]);
            octets.extend_from_slice(&seconds.to_be_bytes());
        }
        octets.push(255);
        octets.resize(octets.len().max(300), 0);
        octets
    }

    /// Reads a message; `None` if it is not one.
    pub fn parse(octets: &[u8]) -> Option<DhcpMessage> {
        if octets.len() < 240 || octets[236..240] != COOKIE {
            return None;
        }
        let address = |at: usize| {
            let address = Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]);
            (!address.is_unspecified()).then_some(address)
        };
        let mut message = DhcpMessage {
            is_request: octets[0] == 1,
            exchange: u32_at(octets, 4),
            client: MacAddr::from_slice(&octets[28..])?,
            has: address(12),
            given: address(16),
            ..DhcpMessage::default()
        };
        let mut at = 240;
        while let Some([code, len, ..]) = octets.get(at..) {
            match code {
                255 => break,
                0 => {
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let end = at + 2 + usize::from(*len);
            let value = octets.get(at + 2..end)?;
            let four = || Some(Ipv4Addr::new(*value.first()?, *value.get(1)?, *value.get(2)?, *value.get(3)?));
            match code {
                53 => message.kind = *value.first()?,
                50 => message.wanted = four(),
                54 => message.server = four(),
                1 => message.mask = four(),
                3 => message.router = four(),
                6 => message.dns = four(),
                51 => message.lease_seconds = Some(u32_at(value, 0)),
                _ => {}
            }
            at = end;
        }
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_there_and_back() {
        let message = DhcpMessage {
            is_request: false,
            kind: OFFER,
            exchange: 0x1234_5678,
            client: MacAddr([2, 0, 0, 0, 0, 1]),
            given: Some(Ipv4Addr::new(192, 168, 1, 100)),
            server: Some(Ipv4Addr::new(192, 168, 1, 1)),
            mask: Some(Ipv4Addr::new(255, 255, 255, 0)),
            router: Some(Ipv4Addr::new(192, 168, 1, 1)),
            lease_seconds: Some(3600),
            ..DhcpMessage::default()
        };
        let octets = message.octets();
        assert!(octets.len() >= 300);
        assert_eq!(DhcpMessage::parse(&octets), Some(message));
        for len in 0..octets.len() {
            let _ = DhcpMessage::parse(&octets[..len]);
        }
    }
}
