//! Tests of ports.

use super::Lowering;
use crate::filter::FilterError;
use crate::filter::capture::ast::{PortProtocol, Proto, Side};
use crate::filter::capture::cond::{Comparison, Cond};
use crate::filter::capture::values::{Place, Val};

impl Lowering<'_> {
    pub(super) fn ports(
        &mut self,
        protocol: PortProtocol,
        side: Side,
        first: u16,
        last: u16,
        range: bool,
    ) -> Result<Cond, FilterError> {
        let ports = (u32::from(first), u32::from(last), range);
        let six = self.ports_of_ipv6(protocol, side, ports)?;
        let four = self.ports_of_ipv4(protocol, side, ports)?;
        Ok(Cond::Any(vec![six, four]))
    }

    /// Only where TCP, UDP or SCTP is the first header.
    pub(super) fn ports_of_ipv6(
        &mut self,
        protocol: PortProtocol,
        side: Side,
        ports: (u32, u32, bool),
    ) -> Result<Cond, FilterError> {
        let ip = self.layout.ip();
        let next_header = self.transports(protocol, ip + 6, "next header");
        let ports = self.port_sides(side, ports, |this, source| this.values.load(2, ip + if source { 40 } else { 42 }));
        Ok(Cond::All(vec![self.protocol(Proto::Ip6)?, next_header, ports]))
    }

    pub(super) fn ports_of_ipv4(
        &mut self,
        protocol: PortProtocol,
        side: Side,
        ports: (u32, u32, bool),
    ) -> Result<Cond, FilterError> {
        let transport = self.transports(protocol, self.layout.ip() + 9, "IPv4 protocol");
        let first_fragment = self.not_a_later_fragment();
        let ports = self.port_sides(side, ports, |this, source| {
            let transport = this.transport();
            this.values.load(2, transport + if source { 0 } else { 2 })
        });
        Ok(Cond::All(vec![self.protocol(Proto::Ip)?, transport, first_fragment, ports]))
    }

    fn transports(&mut self, protocol: PortProtocol, at: Place, what: &'static str) -> Cond {
        let numbers: &[u32] = match protocol {
            PortProtocol::Any => &[132, 6, 17],
            PortProtocol::Tcp => &[6],
            PortProtocol::Udp => &[17],
            PortProtocol::Sctp => &[132],
        };
        Cond::Any(numbers.iter().map(|number| self.equal(1, at, *number, what)).collect())
    }

    /// True unless the packet is a fragment that does not begin its datagram (RFC 791 §3.1): only the first has ports.
    pub(super) fn not_a_later_fragment(&mut self) -> Cond {
        let flags = self.values.load(2, self.layout.ip() + 6);
        self.compare(flags, Comparison::AnyBit, 0x1fff, "fragment offset").not()
    }

    fn port_sides(
        &mut self,
        side: Side,
        (first, last, range): (u32, u32, bool),
        mut load: impl FnMut(&mut Self, bool) -> Val,
    ) -> Cond {
        let one = |this: &mut Self, source: bool| {
            let what = if source { "source port" } else { "destination port" };
            let port = load(this, source);
            Ok::<Cond, std::convert::Infallible>(if range {
                let least = this.compare(port, Comparison::GreaterOrEqual, first, what);
                Cond::All(vec![least, this.compare(port, Comparison::Greater, last, what).not()])
            } else {
                this.compare(port, Comparison::Equal, first, what)
            })
        };
        self.sides(side, one).unwrap_or_else(|never| match never {})
    }
}
