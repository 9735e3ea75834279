//! MAC addresses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 48-bit MAC address (IEEE 802). Printed in lower case with colons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

impl MacAddr {
    /// ff:ff:ff:ff:ff:ff, every node of the link.
    pub const BROADCAST: MacAddr = MacAddr([0xff; 6]);
    /// 00:00:00:00:00:00, no address.
    pub const ZERO: MacAddr = MacAddr([0; 6]);

    /// The address in the first six octets of `octets`; `None` if there are fewer.
    #[inline]
    pub fn from_slice(octets: &[u8]) -> Option<MacAddr> {
        octets.first_chunk::<6>().map(|six| MacAddr(*six))
    }

    /// The six octets in the order of the wire.
    #[inline]
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// True if the group bit is set: multicast, and broadcast too (IEEE 802).
    #[inline]
    pub const fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// True for ff:ff:ff:ff:ff:ff.
    #[inline]
    pub fn is_broadcast(self) -> bool {
        self == Self::BROADCAST
    }

    /// True if somebody chose the address locally instead of the vendor (IEEE 802 U/L bit).
    pub const fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// True for 01:80:c2:00:00:00 to :0f, which a bridge never relays (IEEE 802.1D-2004 §7.12.6).
    pub fn is_reserved(self) -> bool {
        self.0[..5] == [0x01, 0x80, 0xc2, 0, 0] && self.0[5] <= 0x0f
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b':'; 17];
        for (index, octet) in self.0.iter().enumerate() {
            text[index * 3] = HEX[usize::from(octet >> 4)];
            text[index * 3 + 1] = HEX[usize::from(octet & 15)];
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// The text is not a MAC address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a MAC address: six pairs of hexadecimal digits are needed, as in 02:00:00:00:00:01")]
pub struct ParseMacError(String);

impl FromStr for MacAddr {
    type Err = ParseMacError;

    /// Reads `02:00:00:00:00:01`, `02-00-00-00-00-01`, `0200.0000.0001` and `020000000001`, in either case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || ParseMacError(crate::base::text::harmless(text).into_owned());
        let mut octets = [0; 6];
        let separated = text.split([':', '-']).count() == 6;
        if separated {
            for (octet, part) in octets.iter_mut().zip(text.split([':', '-'])) {
                if part.is_empty() || part.len() > 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(fail());
                }
                *octet = u8::from_str_radix(part, 16).map_err(|_| fail())?;
            }
            return Ok(MacAddr(octets));
        }
        let dotted = text.split('.').count() == 3 && text.split('.').all(|part| part.len() == 4);
        let digits: String = if dotted { text.replace('.', "") } else { text.to_owned() };
        if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(fail());
        }
        for (index, octet) in octets.iter_mut().enumerate() {
            *octet = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).map_err(|_| fail())?;
        }
        Ok(MacAddr(octets))
    }
}

impl Serialize for MacAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_there_and_back_in_every_common_spelling() {
        let address = MacAddr([0x00, 0x00, 0x5e, 0x00, 0x53, 0xaf]);
        assert_eq!(address.to_string(), "00:00:5e:00:53:af");
        for spelling in ["00:00:5e:00:53:af", "00-00-5E-00-53-AF", "0000.5e00.53af", "00005E0053AF", "0:0:5e:0:53:af"] {
            assert_eq!(spelling.parse(), Ok(address), "{spelling}");
        }
        for junk in ["", "00:00:5e:00:53", "00:00:5e:00:53:ag", "00:00:5e:00:53:0af", "é0005E0053A"] {
            assert!(junk.parse::<MacAddr>().is_err(), "{junk}");
        }
    }

    #[test]
    fn the_bits_of_the_first_octet_are_read() {
        assert!(MacAddr::BROADCAST.is_group() && MacAddr::BROADCAST.is_broadcast());
        assert!(MacAddr([2, 0, 0, 0, 0, 1]).is_local() && !MacAddr([2, 0, 0, 0, 0, 1]).is_group());
        assert!(MacAddr([1, 0x80, 0xc2, 0, 0, 0x0e]).is_reserved());
        assert!(!MacAddr([1, 0x80, 0xc2, 0, 0, 0x10]).is_reserved());
    }
}
