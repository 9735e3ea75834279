use super::*;
use crate::base::MacAddr;
use crate::wire::build::{FrameBuilder, Ipv4Fields, TcpFields, UdpFields};
use crate::wire::{LinkType, TcpFlags, decode};

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let ip = Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]);
    FrameBuilder::raw().ipv4(ip).udp(UdpFields::new(source, destination)).payload(payload).finish()
}

fn tcp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let ip = Ipv4Fields::new([192, 0, 2, 1], [192, 0, 2, 2]);
    FrameBuilder::raw().ipv4(ip).tcp(TcpFields::new(source, destination)).payload(payload).finish()
}

fn seen(octets: &[u8]) -> Option<(&'static str, String)> {
    let mut text = "what was there before".to_owned();
    glance(&decode(LinkType::RAW, octets, octets.len() as u32), &mut text).map(|protocol| (protocol, text))
}

#[test]
fn a_port_alone_names_nothing() {
    assert_eq!(seen(&udp(4000, 53, b"this is no DNS message, is it?")), None);
    assert_eq!(seen(&tcp(4000, 80, &[0, 1, 2, 3])), None);
    assert_eq!(seen(&tcp(4000, 179, b"hello")), None);
    assert_eq!(seen(&udp(4000, 53, b"")), None);
}

#[test]
fn text_that_is_plainly_http_needs_no_port() {
    let request = b"GET /index.html HTTP/1.1\r\nHost: example.com\r\n\r\n";
    let (name, text) = seen(&tcp(4000, 12345, request)).unwrap();
    assert_eq!(name, "http");
    if cfg!(feature = "peeks") {
        assert_eq!(text, "GET /index.html, host example.com");
    }
    assert_eq!(seen(&tcp(4000, 12345, b"GET what you want\r\n")), None);
}

#[cfg(feature = "peeks")]
mod with_peeks {
    use super::*;
    use crate::base::{MacAddr, Rng};

    /// A query for the address of example.com.
    const QUERY: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01";
    /// Its answer, 192.0.2.7.
    const ANSWER: &[u8] = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01\
        \xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x07";

    #[test]
    fn dns_tells_question_and_answer() {
        assert_eq!(seen(&udp(4000, 53, QUERY)).unwrap(), ("dns", "query 0x1234 A example.com".to_owned()));
        let text = "response 0x1234 A example.com: 192.0.2.7".to_owned();
        assert_eq!(seen(&udp(53, 4000, ANSWER)).unwrap(), ("dns", text.clone()));
        let over_tcp = [&[0, ANSWER.len() as u8][..], ANSWER].concat();
        assert_eq!(seen(&tcp(53, 4000, &over_tcp)).unwrap(), ("dns", text));
    }

    #[test]
    fn dns_says_that_a_name_does_not_exist() {
        let mut answer = QUERY.to_vec();
        (answer[2], answer[3]) = (0x81, 0x83);
        assert_eq!(seen(&udp(53, 4000, &answer)).unwrap().1, "response 0x1234 A example.com: no such name (NXDOMAIN)");
    }

    #[test]
    fn escape_sequences_in_a_name_are_harmless() {
        let query = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x05\x1b[31m\x00\x00\x01\x00\x01";
        let text = seen(&udp(4000, 53, query)).unwrap().1;
        assert!(!text.contains('\x1b'), "{text:?}");
    }

    fn dhcp_discover() -> Vec<u8> {
        let mut message = vec![0; 236];
        message[..4].copy_from_slice(&[1, 1, 6, 0]);
        message[4..8].copy_from_slice(&[0xde, 0xad, 0xbe, 0xef]);
        message[28..34].copy_from_slice(&MacAddr([0, 0, 0x5e, 0, 0x53, 1]).octets());
        message.extend_from_slice(&[
            0x63, 0x82, 0x53, 0x63, 53, 1, 1, 12, 4, b'h', b'o', b's', b't', 50, 4, 192, 0, 2, 9, 255,
        ]);
        message
    }

    #[test]
    fn dhcp_tells_who_wants_what() {
        let expected = "discover 0xdeadbeef, client 00:00:5e:00:53:01, host name host, asks for 192.0.2.9";
        assert_eq!(seen(&udp(68, 67, &dhcp_discover())).unwrap(), ("dhcp", expected.to_owned()));
        let solicit = [1, 0xab, 0xcd, 0xef, 0, 8, 0, 2, 0, 0];
        assert_eq!(seen(&udp(546, 547, &solicit)).unwrap(), ("dhcpv6", "solicit 0xabcdef".to_owned()));
    }

    fn client_hello() -> Vec<u8> {
        let name = b"example.com";
        let mut extensions = vec![0, 0, 0, name.len() as u8 + 5, 0, name.len() as u8 + 3, 0, 0, name.len() as u8];
        extensions.extend_from_slice(name);
        extensions.extend_from_slice(&[0, 16, 0, 5, 0, 3, 2, b'h', b'2']);
        extensions.extend_from_slice(&[0, 43, 0, 5, 4, 3, 4, 3, 3]);
        let mut body = vec![3, 3];
        body.extend_from_slice(&[7; 32]);
        body.extend_from_slice(&[0, 0, 2, 0x13, 1, 1, 0, 0, extensions.len() as u8]);
        body.extend_from_slice(&extensions);
        let mut message = vec![22, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8];
        message.extend_from_slice(&body);
        message
    }

    #[test]
    fn a_client_hello_tells_whom_it_is_for_even_if_it_is_cut() {
        let whole = client_hello();
        assert_eq!(
            seen(&tcp(4000, 443, &whole)).unwrap(),
            ("tls", "ClientHello to example.com, up to TLS 1.3, offers h2".to_owned())
        );
        let cut = &whole[..whole.len() - 12];
        assert_eq!(seen(&tcp(4000, 443, cut)).unwrap().1, "ClientHello to example.com, up to TLS 1.2");
    }

    #[test]
    fn a_response_tells_its_status() {
        let response = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Le";
        assert_eq!(seen(&tcp(80, 4000, response)).unwrap(), ("http", "404 Not Found, text/html".to_owned()));
    }

    /// The libraries must not be brought down by what a wire brings.
    #[test]
    fn mutated_messages_never_panic() {
        let seeds: [(u8, u16, Vec<u8>); 6] = [
            (17, 53, QUERY.to_vec()),
            (17, 53, ANSWER.to_vec()),
            (17, 67, dhcp_discover()),
            (17, 547, vec![1, 0xab, 0xcd, 0xef, 0, 8, 0, 2, 0, 0, 0, 3, 0, 12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
            (6, 443, client_hello()),
            (6, 80, b"GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n".to_vec()),
        ];
        let rounds = std::env::var("NETLAB_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
        let mut rng = Rng::new(7);
        for round in 0..rounds {
            let (protocol, port, seed) = &seeds[round % seeds.len()];
            let mut octets = seed.clone();
            for _ in 0..1 + rng.below(6) {
                let at = rng.below(octets.len() as u64) as usize;
                match rng.below(4) {
                    0 => octets[at] = rng.next_u64() as u8,
                    1 => octets[at] ^= 1 << rng.below(8),
                    2 => octets.truncate(at.max(1)),
                    _ => octets.insert(at, rng.next_u64() as u8),
                }
            }
            let frame = if *protocol == 6 { tcp(4000, *port, &octets) } else { udp(4000, *port, &octets) };
            if let Some((_, text)) = seen(&frame) {
                assert!(!text.contains(char::is_control), "{text:?}");
            }
        }
    }
}

#[test]
fn the_payload_of_a_plain_frame_is_that_of_its_layers() {
    let mac = MacAddr([0, 0, 0x5e, 0, 0x53, 1]);
    let mut plain = 0;
    let ip = || FrameBuilder::ethernet(mac, mac).ipv4(Ipv4Fields::new([192, 0, 2, 1], [198, 51, 100, 2]));
    for payload in [&b""[..], b"x", b"GET / HTTP/1.1\r\n", &[7; 1400]] {
        for whole in [
            ip().tcp(TcpFields::new(40_000, 80).flags(TcpFlags::ACK)).payload(payload).finish(),
            ip().udp(UdpFields::new(40_000, 53)).payload(payload).padded(60).finish(),
            ip().udp(UdpFields::new(40_000, 53).length(12)).payload(payload).finish(),
        ] {
            for cut in [0, 1, 5, 300] {
                let octets = &whole[..whole.len().saturating_sub(cut)];
                let wire_len = whole.len() as u32;
                let walked = crate::wire::walk(LinkType::ETHERNET, octets, wire_len);
                let decoded = decode(LinkType::ETHERNET, octets, wire_len);
                assert_eq!(super::payload(&decoded), super::payload(&walked));
                plain += u32::from(decoded.is_plain());
            }
        }
    }
    assert!(plain > 20, "{plain}");
}
