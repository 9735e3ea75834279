//! What an application payload says at a glance: its protocol by name, and a line for those that libraries read.
//!
//! Nothing here belongs to the walk: it is worked out when somebody shows it, never while packets are analyzed. A port
//! alone names nothing, for anything can run on any port; the payload has to look like the protocol too.

#[cfg(feature = "peeks")]
mod dhcp;
#[cfg(feature = "peeks")]
mod dns;
#[cfg(feature = "peeks")]
mod http;
mod signs;
#[cfg(feature = "peeks")]
mod tls;

use std::borrow::Cow;

use super::frame::Frame;
use super::layer::Layer;

/// What a payload is, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The protocol, such as `dns`.
    pub protocol: &'static str,
    /// What it says in one line, harmless to print; empty if no library reads it.
    pub text: String,
}

/// The name of the application protocol that the innermost payload belongs to; `None` if its octets look like none that
/// netlab knows on these ports.
pub fn name(frame: &Frame<'_>) -> Option<&'static str> {
    let (protocol, payload) = payload(frame)?;
    let (source, destination) = frame.ports()?;
    signs::name(protocol, source, destination, payload)
}

/// Name and text of the application payload; see [`name()`].
pub fn glance(frame: &Frame<'_>) -> Option<Glance> {
    let protocol = name(frame)?;
    let text = payload(frame).and_then(|(transport, octets)| text(protocol, transport, octets)).unwrap_or_default();
    let harmless = match crate::base::text::harmless(&text) {
        Cow::Owned(changed) => Some(changed),
        Cow::Borrowed(_) => None,
    };
    Some(Glance { protocol, text: harmless.unwrap_or(text) })
}

/// The payload of the innermost transport and its protocol number; none for pieces of a datagram after the first.
fn payload<'a>(frame: &Frame<'a>) -> Option<(u8, &'a [u8])> {
    let (protocol, payload) = match frame.transport()? {
        Layer::Tcp(tcp) => (6, tcp.payload()),
        Layer::Udp(udp) => (17, udp.payload()),
        _ => return None,
    };
    // What a tunnel over UDP carries was walked through and is no payload.
    let carries_layers = frame.layers().len() > frame.transport_index()? + 1;
    (!payload.is_empty() && !carries_layers).then_some((protocol, payload))
}

#[cfg(feature = "peeks")]
fn text(protocol: &str, transport: u8, octets: &[u8]) -> Option<String> {
    match protocol {
        // Over TCP a message has its length in front (RFC 1035 §4.2.2).
        "dns" if transport == 6 => dns::text(octets.get(2..)?),
        "dns" | "mdns" | "llmnr" => dns::text(octets),
        "dhcp" => dhcp::text(octets),
        "dhcpv6" => dhcp::text_v6(octets),
        "http" | "ssdp" => http::text(octets),
        "tls" => tls::text(octets),
        _ => None,
    }
}

#[cfg(not(feature = "peeks"))]
fn text(_protocol: &str, _transport: u8, _octets: &[u8]) -> Option<String> {
    None
}

#[cfg(test)]
mod tests;
