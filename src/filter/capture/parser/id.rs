//! Identifiers: what `1.2.3.4`, `80`, `http` or `00:00:5e:00:53:01` means under the qualifiers before it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::value::Piece;
use super::{Condition, Context, Kind, Parser, Qualifiers};
use crate::filter::capture::ast::{Address, Expr, PortProtocol, Primitive, Proto, Side};
use crate::filter::capture::lexer::{Token, TokenKind};
use crate::filter::capture::names::{self, ServiceTransport};
use crate::filter::{FilterError, Span, nearest};

impl Parser<'_> {
    /// True if an identifier begins here: an address or a word that is not a keyword.
    pub(super) fn identifier_ahead(&self) -> bool {
        match self.peek() {
            Some(Token {
                kind: TokenKind::Dotted | TokenKind::V6(_) | TokenKind::Mac(_) | TokenKind::Arcnet, ..
            }) => true,
            Some(Token { kind: TokenKind::Word { escaped }, span }) => {
                escaped || !super::super::mistaken::is_keyword(self.text_of(span))
            }
            _ => false,
        }
    }

    /// The identifier, or the list of identifiers in parentheses, after qualifiers.
    pub(super) fn identifier_after(&mut self, qualifiers: Qualifiers) -> Result<Condition, FilterError> {
        let ahead = self.peek_symbol();
        let number = matches!(self.peek(), Some(Token { kind: TokenKind::Number(_), .. }));
        if ahead == Some("(") || ahead == Some("!") || self.peek_word(0) == Some("not") {
            let start = self.here();
            let piece = self.piece(Some(qualifiers), true)?;
            return match piece {
                Piece::Condition(condition) if condition.is_id => Ok(condition),
                Piece::Value { number: Some(number), span, .. } => self.number_id(number, span, Some(qualifiers)),
                Piece::Condition(condition) => {
                    Err(self.error(start.to(condition.expr.span()), self.wanted(qualifiers)))
                }
                Piece::Value { span, .. } => Err(self.error(span, self.wanted(qualifiers))),
            };
        }
        if number {
            let span = self.here();
            let number = self.plain_number()?;
            return self.number_id(number, span, Some(qualifiers));
        }
        if self.identifier_ahead() {
            return self.identifier(Some(qualifiers));
        }
        let error = self.expected(&self.wanted(qualifiers));
        Err(match self.peek_word(0) {
            Some(word) if matches!(qualifiers.kind, Kind::Proto | Kind::ProtoChain) => {
                error.hint(format!("`{word}` is a keyword: write `\\{word}` to mean the name"))
            }
            _ => error,
        })
    }

    fn wanted(&self, qualifiers: Qualifiers) -> String {
        let what = match qualifiers.kind {
            Kind::Unsaid | Kind::Host if qualifiers.proto == Some(Proto::Link) => "an Ethernet address",
            Kind::Unsaid | Kind::Host => "an address",
            Kind::Net => "a network such as 192.0.2.0/24",
            Kind::Port => "a port",
            Kind::PortRange => "a range of ports such as 8000-8100",
            Kind::Proto | Kind::ProtoChain => "a protocol",
        };
        what.to_owned()
    }

    /// A bare identifier under `context`.
    pub(super) fn identifier(&mut self, context: Context) -> Result<Condition, FilterError> {
        let Some(token) = self.peek() else { return Err(self.expected("an identifier")) };
        let span = token.span;
        let text = self.text_of(span);
        let Some(qualifiers) = context else {
            let error = self.error(span, format!("nothing before `{text}` says what it is"));
            return Err(match super::super::mistaken::meant_word(text) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("write `host`, `net`, `port` or `proto` before it"),
            });
        };
        self.at += 1;
        let (primitive, span) = match token.kind {
            TokenKind::Dotted => self.dotted(text, span, qualifiers)?,
            TokenKind::V6(address) => self.v6(address, span, qualifiers)?,
            TokenKind::Mac(address) => (self.mac(address, span, qualifiers)?, span),
            TokenKind::Word { .. } => (self.named(text, span, qualifiers)?, span),
            _ => return Err(self.error(span, "ARCnet addresses are not supported")),
        };
        Ok(Condition { expr: Expr::Primitive(primitive, span), leaves: context, is_id: true })
    }

    /// A plain number under `context`.
    pub(super) fn number_id(&mut self, number: u32, span: Span, context: Context) -> Result<Condition, FilterError> {
        let Some(qualifiers) = context else {
            let error = self.error(span, format!("nothing before `{}` says what it is", self.text_of(span)));
            return Err(error.hint("write `port`, `host` or `proto` before it, or compare it: `len > 60`"));
        };
        let (primitive, span) = match qualifiers.kind {
            Kind::Port | Kind::PortRange => (self.port(number, None, span, qualifiers)?, span),
            Kind::Proto | Kind::ProtoChain => (self.protocol_number(number, span, qualifiers)?, span),
            Kind::Net => {
                let (value, len) = spread(number);
                self.v4(value, len, span, qualifiers)?
            }
            Kind::Host | Kind::Unsaid if qualifiers.proto == Some(Proto::Decnet) => {
                let side = qualifiers.side.unwrap_or(Side::Either);
                let address = Address::Decnet(number as u16);
                (Primitive::Host { proto: qualifiers.proto, side, address }, span)
            }
            Kind::Host | Kind::Unsaid => self.v4(number, 32, span, qualifiers)?,
        };
        Ok(Condition { expr: Expr::Primitive(primitive, span), leaves: context, is_id: true })
    }

    /// `1.2.3.4`, `1.2`, `1.2.3.0/24`, `1.2.3.0 mask 255.255.255.0`.
    fn dotted(&mut self, text: &str, span: Span, qualifiers: Qualifiers) -> Result<(Primitive, Span), FilterError> {
        if qualifiers.proto == Some(Proto::Decnet) && matches!(qualifiers.kind, Kind::Host | Kind::Unsaid | Kind::Net) {
            let parts: Vec<Option<u16>> = text.split('.').map(|part| part.parse().ok()).collect();
            let &[Some(area), Some(node)] = &parts[..] else {
                return Err(self.error(span, "a DECnet address is AREA.NODE"));
            };
            let address = Address::Decnet(area << 10 & 0xfc00 | node & 0x03ff);
            let side = qualifiers.side.unwrap_or(Side::Either);
            return Ok((Primitive::Host { proto: qualifiers.proto, side, address }, span));
        }
        let (value, len) = self.v4_number(text, span)?;
        match qualifiers.kind {
            Kind::Port | Kind::PortRange => Err(self.error(span, format!("`{text}` is not a port"))),
            Kind::Proto | Kind::ProtoChain => Err(self.error(span, format!("`{text}` is not a protocol"))),
            _ => self.v4(value, len, span, qualifiers),
        }
    }

    fn v4_number(&self, text: &str, span: Span) -> Result<(u32, u32), FilterError> {
        let mut value = 0;
        let mut len = 0;
        for part in text.split('.') {
            let octet = match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => part.parse(),
            };
            let octet = octet.ok().filter(|octet| *octet <= 255);
            let octet = octet.ok_or_else(|| self.error(span, format!("{part} in {text} is more than 255")))?;
            if part.len() > 1 && part.starts_with('0') && !part.starts_with("0x") && !part.starts_with("0X") {
                let error = self.error(span, format!("{part} in {text} begins with 0 and could be meant as octal"));
                return Err(error.hint("leave the leading 0 away"));
            }
            value = value << 8 | octet;
            len += 8;
        }
        Ok((value << (32 - len), len))
    }

    /// An IPv4 address of which `len` bits were written, and the prefix length or mask after it.
    fn v4(
        &mut self,
        value: u32,
        len: u32,
        span: Span,
        qualifiers: Qualifiers,
    ) -> Result<(Primitive, Span), FilterError> {
        let mut mask = bits(len);
        let mut whole = span;
        let has_mask = self.peek_symbol() == Some("/") || self.peek_word(0) == Some("mask");
        if self.eat_symbol("/") {
            whole = span.to(self.here());
            let prefix = self.plain_number()?;
            if prefix > 32 {
                return Err(self.error(whole, format!("/{prefix} is more than the 32 bits of an IPv4 address")));
            }
            mask = bits(prefix);
        } else if self.eat_word("mask") {
            whole = span.to(self.here());
            let Some(Token { kind: TokenKind::Dotted, span }) = self.peek() else {
                return Err(self.expected("a mask such as 255.255.255.0"));
            };
            self.at += 1;
            (mask, _) = self.v4_number(self.text_of(span), span)?;
        }
        if has_mask && qualifiers.kind != Kind::Net {
            let error = self.error(whole, "a mask or prefix length goes with networks");
            return Err(error.hint(format!("write `net {}`", self.text_of(whole))));
        }
        if value & !mask != 0 {
            let error = self.error(whole, "bits of the address are set outside the network");
            return Err(error.hint(format!("the network is {}", Ipv4Addr::from(value & mask))));
        }
        self.host_qualifiers(span, qualifiers)?;
        match qualifiers.proto {
            Some(Proto::Link) => {
                return Err(self.error(span, "an IPv4 address is not an Ethernet address"));
            }
            Some(Proto::Ip6 | Proto::Icmp6) => {
                let error = self.error(span, "`ip6` does not go with an IPv4 address");
                return Err(error.hint("write `ip`, or nothing"));
            }
            _ => {}
        }
        let address = Address::V4 { address: value.into(), mask };
        let side = qualifiers.side.unwrap_or(Side::Either);
        Ok((Primitive::Host { proto: qualifiers.proto, side, address }, whole))
    }

    fn v6(&mut self, address: Ipv6Addr, span: Span, qualifiers: Qualifiers) -> Result<(Primitive, Span), FilterError> {
        let mut whole = span;
        let mut prefix = 128;
        if self.eat_symbol("/") {
            whole = span.to(self.here());
            prefix = self.plain_number()?;
        }
        if prefix > 128 {
            return Err(self.error(whole, format!("/{prefix} is more than the 128 bits of an IPv6 address")));
        }
        if prefix != 128 && qualifiers.kind != Kind::Net {
            let error = self.error(whole, "a prefix length goes with networks");
            return Err(error.hint(format!("write `net {}`", self.text_of(whole))));
        }
        let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
        if u128::from(address) & !mask != 0 {
            let network = Ipv6Addr::from(u128::from(address) & mask);
            let error = self.error(whole, "bits of the address are set outside the network");
            return Err(error.hint(format!("the network is {network}/{prefix}")));
        }
        match qualifiers.kind {
            Kind::Port | Kind::PortRange => return Err(self.error(span, "an IPv6 address is not a port")),
            Kind::Proto | Kind::ProtoChain => return Err(self.error(span, "an IPv6 address is not a protocol")),
            _ => self.host_qualifiers(span, qualifiers)?,
        }
        match qualifiers.proto {
            None | Some(Proto::Ip6) => {}
            Some(proto) => {
                let error = self.error(span, format!("`{}` does not go with an IPv6 address", proto.word()));
                return Err(error.hint("write `ip6`, or nothing"));
            }
        }
        let side = qualifiers.side.unwrap_or(Side::Either);
        Ok((Primitive::Host { proto: qualifiers.proto, side, address: Address::V6 { address, mask } }, whole))
    }

    fn mac(&self, address: [u8; 6], span: Span, qualifiers: Qualifiers) -> Result<Primitive, FilterError> {
        if qualifiers.proto != Some(Proto::Link) || !matches!(qualifiers.kind, Kind::Host | Kind::Unsaid) {
            let error = self.error(span, "an Ethernet address where none is expected");
            return Err(error.hint(format!("write `ether host {}`", self.text_of(span))));
        }
        let side = qualifiers.side.unwrap_or(Side::Either);
        Ok(Primitive::Host { proto: qualifiers.proto, side, address: Address::Mac(address) })
    }

    /// Protocols that can stand before `host` and `net`.
    fn host_qualifiers(&self, span: Span, qualifiers: Qualifiers) -> Result<(), FilterError> {
        use Proto::{Aarp, Arp, Atalk, Decnet, Ip, Ip6, Lat, Link, Mopdl, Moprc, Rarp, Sca};
        match qualifiers.proto {
            None | Some(Link | Ip | Ip6 | Arp | Rarp) => Ok(()),
            Some(proto @ (Lat | Sca | Mopdl | Moprc | Atalk | Aarp | Decnet)) => {
                let message = format!("filtering for the addresses of `{}` is not supported", proto.word());
                Err(self.error(span, message))
            }
            Some(proto) => {
                let word = proto.word();
                let error = self.error(span, format!("`{word}` has no hosts: addresses belong to IP and ARP"));
                Err(error.hint(format!("write `{word} and host {}`", self.text_of(span))))
            }
        }
    }

    fn named(&self, name: &str, span: Span, qualifiers: Qualifiers) -> Result<Primitive, FilterError> {
        match qualifiers.kind {
            Kind::Host | Kind::Unsaid | Kind::Net => {
                let error = self.error(span, format!("`{name}` is not an address, and netlab makes no name look-ups"));
                Err(match super::super::mistaken::meant_word(name) {
                    Some(near) if qualifiers.kind == Kind::Unsaid => error.hint(format!("did you mean `{near}`?")),
                    _ => error.hint("use an address"),
                })
            }
            Kind::Port => {
                let (port, transport) = self.service(name, span)?;
                self.port(u32::from(port), Some(transport), span, qualifiers)
            }
            Kind::PortRange => self.port_range(name, span, qualifiers),
            Kind::Proto | Kind::ProtoChain => {
                let number = match qualifiers.proto {
                    None | Some(Proto::Ip | Proto::Ip6) => self.names.protocol(name).map(u32::from),
                    Some(Proto::Link) => names::link_protocol(name).map(u32::from),
                    Some(Proto::Iso) => names::iso_protocol(name).map(u32::from),
                    Some(_) => None,
                };
                let number = number.ok_or_else(|| {
                    let error = self.error(span, format!("`{name}` is not a protocol known here"));
                    error.hint("use its number")
                })?;
                self.protocol_number(number, span, qualifiers)
            }
        }
    }

    fn service(&self, name: &str, span: Span) -> Result<(u16, ServiceTransport), FilterError> {
        self.names.service(name).ok_or_else(|| {
            let error = self.error(span, format!("`{name}` is not a service known here"));
            match nearest(name, self.names.services()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("use the port's number"),
            }
        })
    }

    fn port_range(&self, text: &str, span: Span, qualifiers: Qualifiers) -> Result<Primitive, FilterError> {
        let end = |text: &str| match text.parse::<u32>() {
            Ok(number) => Ok((number, ServiceTransport::Any)),
            Err(_) => self.service(text, span).map(|(port, transport)| (u32::from(port), transport)),
        };
        let Some((first, last)) = text.split_once('-') else {
            let (port, transport) = self.service(text, span)?;
            return self.port(u32::from(port), Some(transport), span, qualifiers);
        };
        let (first, first_transport) = end(first)?;
        let (last, last_transport) = end(last)?;
        let transport = if first_transport == last_transport { first_transport } else { ServiceTransport::Any };
        let protocol = self.port_protocol(Some(transport), span, qualifiers)?;
        let (first, last) = (self.port_number(first, span)?, self.port_number(last, span)?);
        let side = qualifiers.side.unwrap_or(Side::Either);
        Ok(Primitive::Port { protocol, side, first: first.min(last), last: first.max(last), range: true })
    }

    fn port(
        &self,
        number: u32,
        service: Option<ServiceTransport>,
        span: Span,
        qualifiers: Qualifiers,
    ) -> Result<Primitive, FilterError> {
        let protocol = self.port_protocol(service, span, qualifiers)?;
        let port = self.port_number(number, span)?;
        let side = qualifiers.side.unwrap_or(Side::Either);
        let range = qualifiers.kind == Kind::PortRange;
        Ok(Primitive::Port { protocol, side, first: port, last: port, range })
    }

    fn port_number(&self, number: u32, span: Span) -> Result<u16, FilterError> {
        u16::try_from(number).map_err(|_| self.error(span, format!("{number} is not a port: they end at 65535")))
    }

    fn port_protocol(
        &self,
        service: Option<ServiceTransport>,
        span: Span,
        qualifiers: Qualifiers,
    ) -> Result<PortProtocol, FilterError> {
        let said = match qualifiers.proto {
            None => PortProtocol::Any,
            Some(Proto::Tcp) => PortProtocol::Tcp,
            Some(Proto::Udp) => PortProtocol::Udp,
            Some(Proto::Sctp) => PortProtocol::Sctp,
            Some(proto) => {
                let error = self.error(span, format!("`{}` has no ports", proto.word()));
                return Err(error.hint("TCP, UDP and SCTP have"));
            }
        };
        let named = match service {
            Some(ServiceTransport::Tcp) => PortProtocol::Tcp,
            Some(ServiceTransport::Udp) => PortProtocol::Udp,
            Some(ServiceTransport::Any) | None => PortProtocol::Any,
        };
        match (said, named) {
            (said, PortProtocol::Any) => Ok(said),
            (PortProtocol::Any, named) => Ok(named),
            (said, named) if said == named => Ok(said),
            _ => {
                let word = if named == PortProtocol::Tcp { "TCP" } else { "UDP" };
                let error = self.error(span, format!("the service `{}` is one of {word}", self.text_of(span)));
                Err(error.hint("use the port's number"))
            }
        }
    }

    fn protocol_number(&self, number: u32, span: Span, qualifiers: Qualifiers) -> Result<Primitive, FilterError> {
        use Proto::{Ip, Ip6, Isis, Iso, Link};
        if qualifiers.side.is_some() {
            return Err(self.error(span, "a protocol has no direction"));
        }
        match qualifiers.proto {
            None | Some(Ip | Ip6) if qualifiers.kind == Kind::ProtoChain => {
                Ok(Primitive::ProtocolChain { proto: qualifiers.proto, number })
            }
            Some(proto) if qualifiers.kind == Kind::ProtoChain => {
                let error = self.error(span, format!("`{}` has no chain of headers", proto.word()));
                Err(error.hint("`ip protochain`, `ip6 protochain` and `protochain` alone have a meaning"))
            }
            None | Some(Link | Ip | Ip6 | Iso | Isis) => {
                Ok(Primitive::ProtocolNumber { proto: qualifiers.proto, number })
            }
            Some(proto) => {
                let error = self.error(span, format!("`{} proto` has no meaning here", proto.word()));
                Err(error.hint("`ip proto`, `ip6 proto` and `ether proto` have"))
            }
        }
    }
}

/// `len` ones from the left.
fn bits(len: u32) -> u32 {
    u32::MAX.checked_shl(32 - len).unwrap_or(0)
}

/// A network written as one number: moved to the left until its first octet is not zero.
fn spread(mut number: u32) -> (u32, u32) {
    let mut len = 32;
    while number != 0 && number & 0xff00_0000 == 0 {
        number <<= 8;
        len -= 8;
    }
    (number, len)
}
