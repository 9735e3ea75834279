//! The quick way to the layers of the frames that come most: plain ones over IPv4 (see `Frame::is_plain`). Most keys stand
//! one behind the other with nothing that changes between them, and are written in one piece. The other way is the truth: a
//! test holds that both write the same.

use super::layers::write_flags;
use super::object::{Object, key};
use crate::render::number::{decimal, ipv4, mac};
use crate::render::slate::Surface;
use crate::wire::{Frame, PlainV4, TcpFlags};

/// Appends the names of the layers and the layers.
pub(super) fn write(frame: &Frame<'_>, plain: &PlainV4<'_>, out: &mut impl Surface) {
    let tcp = frame.bytes().first_chunk::<54>().filter(|_| plain.protocol() == 6);
    out.add(match tcp {
        Some(_) => br#","layers":["ethernet","ipv4","tcp"],"ethernet":{"source":""#,
        None => br#","layers":["ethernet","ipv4","udp"],"ethernet":{"source":""#,
    });
    mac(out, plain.source_mac());
    out.add(br#"","destination":""#);
    mac(out, plain.destination_mac());
    out.add(br#"","ether_type":2048},"ipv4":{"source":""#);
    let [a, b, c, d, e, f, g, h] = plain.addresses();
    ipv4(out, [a, b, c, d].into());
    out.add(br#"","destination":""#);
    ipv4(out, [e, f, g, h].into());
    out.add(match tcp {
        Some(_) => br#"","protocol":6,"identification":"#.as_slice(),
        None => br#"","protocol":17,"identification":"#,
    });
    decimal(out, u64::from(plain.identification()));
    out.add(if plain.dont_fragment() {
        br#","dont_fragment":true,"more_fragments":false,"fragment_offset":0,"ttl":"#.as_slice()
    } else {
        br#","dont_fragment":false,"more_fragments":false,"fragment_offset":0,"ttl":"#
    });
    decimal(out, u64::from(plain.ttl()));
    out.add(br#","total_length":"#);
    decimal(out, u64::from(plain.total_length()));
    let (source, destination) = plain.ports();
    out.add(match tcp {
        Some(_) => br#"},"tcp":{"source_port":"#,
        None => br#"},"udp":{"source_port":"#,
    });
    decimal(out, u64::from(source));
    out.add(br#","destination_port":"#);
    decimal(out, u64::from(destination));
    match tcp {
        Some([.., a, b, c, d, e, f, g, h, i, j, k, l, _, _, _, _]) => {
            out.add(br#","sequence":"#);
            decimal(out, u64::from(u32::from_be_bytes([*a, *b, *c, *d])));
            out.add(br#","acknowledgment":"#);
            decimal(out, u64::from(u32::from_be_bytes([*e, *f, *g, *h])));
            let mut object = Object::go_on(out);
            write_flags(TcpFlags(u16::from_be_bytes([*i, *j]) & 0x0fff), &mut object);
            object.number(key!("window"), u16::from_be_bytes([*k, *l]));
            object.number(key!("payload_len"), frame.payload_len());
        }
        None => {
            let octets = plain.octets();
            out.add(br#","length":"#);
            decimal(out, u64::from(u16::from_be_bytes([octets[38], octets[39]])));
        }
    }
    out.add(b"}");
}
