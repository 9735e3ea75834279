//! Frames by which tests hold the quick ways of printing against the others.

use crate::base::{MacAddr, Rng};
use crate::wire::TcpFlags;
use crate::wire::build::{FrameBuilder, Ipv4Fields, TcpFields, TcpOption, UdpFields};

/// A frame that a quick way may take, or nearly so.
pub(super) fn frame(rng: &mut Rng) -> Vec<u8> {
    let mac = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
    let mut address = || std::array::from_fn::<u8, 4, _>(|_| rng.next_u32() as u8);
    let ip = Ipv4Fields::new(address(), address());
    let port = |rng: &mut Rng| [80, 53, 443, 7, rng.next_u32() as u16][rng.below(5) as usize];
    let (source, destination) = (port(rng), port(rng));
    let texts: [&[u8]; 6] = [b"", b"hello\n", b"GET / HTTP/1.1\r\n\r\n", b"   ", &[0; 30], b"x"];
    let payload = texts[rng.below(6) as usize];
    let builder = FrameBuilder::ethernet(mac, mac).ipv4(ip);
    let builder = if rng.percent(30.0) {
        builder.udp(UdpFields::new(source, destination))
    } else {
        let known = [0x10, 0x18, 0x02, 0x12, 0x11, 0x04, 0x14, 0x00];
        let flags = if rng.percent(70.0) { known[rng.below(8) as usize] } else { rng.next_u32() as u16 & 0xfff };
        let mut tcp = TcpFields::new(source, destination).flags(TcpFlags(flags)).window(rng.next_u32() as u16);
        tcp = tcp.sequence(rng.next_u32() >> rng.below(32));
        if flags & 0x10 != 0 {
            tcp = tcp.acknowledgment(rng.next_u32() >> rng.below(32));
        }
        if rng.percent(30.0) {
            tcp = tcp.option(TcpOption::MaximumSegmentSize(1460)).option(TcpOption::WindowScale(7));
        }
        builder.tcp(tcp)
    };
    let mut bytes = builder.payload(payload).padded(60).finish();
    // Some are cut, some damaged, some have octets behind the end.
    match rng.below(10) {
        0 => bytes.truncate(rng.below(bytes.len() as u64) as usize),
        1 => {
            let place = rng.below(bytes.len().min(60) as u64) as usize;
            bytes[place] = rng.next_u32() as u8;
        }
        2 => bytes[39] ^= 1,
        3 => bytes.extend([7; 5]),
        _ => {}
    }
    bytes
}
