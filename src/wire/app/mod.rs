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
use super::layer::{Layer, LayerKind};

/// The name of the application protocol that the innermost payload belongs to; `None` if its octets look like none that
/// netlab knows on these ports.
pub fn name(frame: &Frame<'_>) -> Option<&'static str> {
    let (protocol, payload) = payload(frame)?;
    let (source, destination) = frame.ports()?;
    signs::name(protocol, source, destination, payload)
}

/// Name and text of the application payload; see [`name()`]. What was in `text` is replaced by what the payload says in one
/// line, harmless to print; by nothing if no library reads it.
pub fn glance(frame: &Frame<'_>, text: &mut String) -> Option<&'static str> {
    text.clear();
    let (transport, octets) = payload(frame)?;
    let (source, destination) = frame.ports()?;
    let protocol = signs::name(transport, source, destination, octets)?;
    match write(protocol, transport, octets, text) {
        Some(()) => {
            if let Cow::Owned(changed) = crate::base::text::harmless(text) {
                *text = changed;
            }
        }
        None => text.clear(),
    }
    Some(protocol)
}

/// The payload of the innermost transport and its protocol number; none for pieces of a datagram after the first.
fn payload<'a>(frame: &Frame<'a>) -> Option<(u8, &'a [u8])> {
    if frame.is_plain() {
        // Without the layers, which then need not be made.
        let protocol = if frame.has(LayerKind::Tcp) { 6 } else { 17 };
        return (!frame.payload().is_empty()).then_some((protocol, frame.payload()));
    }
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
fn write(protocol: &str, transport: u8, octets: &[u8], text: &mut String) -> Option<()> {
    match protocol {
        // Over TCP a message has its length in front (RFC 1035 §4.2.2).
        "dns" if transport == 6 => dns::write(octets.get(2..)?, text),
        "dns" | "mdns" | "llmnr" => dns::write(octets, text),
        "dhcp" => dhcp::write(octets, text),
        "dhcpv6" => dhcp::write_v6(octets, text),
        "http" | "ssdp" => http::write(octets, text),
        "tls" => tls::write(octets, text),
        _ => None,
    }
}

#[cfg(not(feature = "peeks"))]
fn write(_protocol: &str, _transport: u8, _octets: &[u8], _text: &mut String) -> Option<()> {
    None
}

#[cfg(test)]
mod tests;
