//! TLS records (RFC 8446 §5.1), and of a ClientHello whom it is for. Extensions are read by tls-parser, one after
//! another, so that a hello whose end is in the next segment tells what it has told so far.

use tls_parser::{TlsExtension, parse_tls_client_hello_extension};

use crate::wire::walker::be16;

/// Appends one line of the first record.
pub(super) fn write(octets: &[u8], text: &mut String) -> Option<()> {
    let words = match (octets[0], octets.get(5)) {
        (22, Some(1)) => {
            client_hello(octets.get(9..)?, text);
            ""
        }
        (22, Some(2)) => "ServerHello",
        (22, Some(11)) => "Certificate",
        (22, _) => "handshake",
        (20, _) => "change of cipher",
        (21, _) => "alert",
        (23, _) => {
            text.push_str("application data, ");
            text.push_str(itoa::Buffer::new().format(be16(octets, 3)));
            " octets"
        }
        _ => return None,
    };
    text.push_str(words);
    Some(())
}

fn client_hello(body: &[u8], text: &mut String) {
    text.push_str("ClientHello");
    let mut protocols = String::new();
    let mut version = be16(body, 0);
    let mut rest = extensions(body).unwrap_or_default();
    while let Ok((after, extension)) = parse_tls_client_hello_extension(rest) {
        match extension {
            TlsExtension::SNI(names) => {
                if let Some((_, name)) = names.first() {
                    text.push_str(" to ");
                    text.push_str(&crate::base::text::harmless_octets(name));
                }
            }
            TlsExtension::ALPN(names) => {
                let names: Vec<_> = names.iter().map(|name| crate::base::text::harmless_octets(name)).collect();
                protocols = format!(", offers {}", names.join(" "));
            }
            TlsExtension::SupportedVersions(versions) => {
                // Values like 0x0a0a are there to keep servers tolerant (RFC 8701).
                let best = versions.iter().map(|version| version.0).filter(|version| version >> 8 == 3).max();
                version = best.unwrap_or(version);
            }
            _ => {}
        }
        if after.len() >= rest.len() || after.is_empty() {
            break;
        }
        rest = after;
    }
    if let Some(name) = version_name(version) {
        text.push_str(", up to ");
        text.push_str(name);
    }
    text.push_str(&protocols);
}

/// The extensions of a ClientHello, as far as they are here: behind version, random, session id, cipher suites and
/// compression methods (RFC 8446 §4.1.2).
fn extensions(body: &[u8]) -> Option<&[u8]> {
    let at = 2 + 32;
    let at = at + 1 + usize::from(*body.get(at)?);
    let at = at + 2 + usize::from(be16(body, at));
    let at = at + 1 + usize::from(*body.get(at)?);
    let len = usize::from(be16(body, at));
    let rest = body.get(at + 2..)?;
    Some(&rest[..len.min(rest.len())])
}

fn version_name(version: u16) -> Option<&'static str> {
    Some(match version {
        0x0300 => "SSL 3.0",
        0x0301 => "TLS 1.0",
        0x0302 => "TLS 1.1",
        0x0303 => "TLS 1.2",
        0x0304 => "TLS 1.3",
        _ => return None,
    })
}
