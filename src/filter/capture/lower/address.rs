//! Tests of addresses.

use super::Lowering;
use crate::filter::FilterError;
use crate::filter::capture::ast::{Address, Proto, Side};
use crate::filter::capture::cond::Cond;
use crate::filter::capture::layout::Link;

impl Lowering<'_> {
    pub(super) fn host(&mut self, proto: Option<Proto>, side: Side, address: Address) -> Result<Cond, FilterError> {
        match address {
            Address::V4 { address, mask } => {
                let number = u32::from(address);
                match proto {
                    // IPv4, and the two address resolution protocols, where a link can carry them unlabelled.
                    None => {
                        let mut any = vec![self.host_of(Proto::Ip, side, number, mask)?];
                        if self.layout.labels == 0 {
                            any.push(self.host_of(Proto::Arp, side, number, mask)?);
                            any.push(self.host_of(Proto::Rarp, side, number, mask)?);
                        }
                        Ok(Cond::Any(any))
                    }
                    Some(proto) => self.host_of(proto, side, number, mask),
                }
            }
            Address::V6 { address, mask } => self.sides(side, |this, source| {
                let at = this.layout.ip() + if source { 8 } else { 24 };
                let what = if source { "IPv6 source" } else { "IPv6 destination" };
                let mut parts = vec![this.protocol(Proto::Ip6)?];
                for word in 0..4 {
                    let shift = 96 - 32 * word;
                    let number = (u128::from(address) >> shift) as u32;
                    parts.push(this.equal_masked(4, at + 4 * word, number, (mask >> shift) as u32, what));
                }
                Ok(Cond::All(parts))
            }),
            Address::Mac(octets) => {
                if self.layout.link != Link::Ethernet {
                    return Err(self.no_such_on_link("there are no Ethernet addresses"));
                }
                let has_header = self.has_link_header();
                let address = self.sides(side, |this, source| {
                    let at = this.layout.link_header + if source { 6 } else { 0 };
                    let what = if source { "Ethernet source" } else { "Ethernet destination" };
                    Ok(this.equal_octets(at, &octets, what))
                })?;
                Ok(Cond::All(vec![has_header, address]))
            }
            Address::Decnet(address) => {
                let decnet = self.protocol(Proto::Decnet)?;
                Ok(Cond::All(vec![decnet, self.decnet_host(side, address)]))
            }
        }
    }

    fn host_of(&mut self, proto: Proto, side: Side, number: u32, mask: u32) -> Result<Cond, FilterError> {
        let (source, destination, words) = match proto {
            Proto::Ip => (12, 16, ("IPv4 source", "IPv4 destination")),
            _ => (14, 24, ("ARP sender", "ARP target")),
        };
        self.sides(side, |this, is_source| {
            let at = this.layout.ip() + if is_source { source } else { destination };
            let what = if is_source { words.0 } else { words.1 };
            Ok(Cond::All(vec![this.protocol(proto)?, this.equal_masked(4, at, number, mask, what)]))
        })
    }

    /// DECnet Phase IV routing headers, short and long, each with and without a padding octet; the node addresses lie
    /// with the low octet first.
    fn decnet_host(&mut self, side: Side, address: u16) -> Cond {
        let number = u32::from(address.swap_bytes());
        let start = self.layout.ip();
        let one = |this: &mut Self, source: bool| {
            let (what, short, long) = if source { ("DECnet source", 5, 17) } else { ("DECnet destination", 3, 9) };
            let mut any = Vec::new();
            for (flag, field) in [(0x02, short), (0x06, long)] {
                let plain = this.equal_masked(1, start + 2, flag, 0x07, "DECnet flags");
                any.push(Cond::All(vec![plain, this.equal(2, start + field, number, what)]));
                let padded = this.equal_masked(2, start + 2, 0x8100 | flag, 0xff07, "DECnet flags");
                any.push(Cond::All(vec![padded, this.equal(2, start + field + 1, number, what)]));
            }
            Ok::<Cond, std::convert::Infallible>(Cond::Any(any))
        };
        self.sides(side, one).unwrap_or_else(|never| match never {})
    }
}
