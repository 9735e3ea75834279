//! Capture filters without a peer: what they take, what they refuse, and that the optimised program agrees with the plain
//! evaluation of the same conditions.

#[path = "filter/corpus.rs"]
#[allow(dead_code)]
mod corpus;
#[path = "filter/generate.rs"]
mod generate;

use corpus::{Head, LINKS};
use generate::Generator;
use netlab::base::Rng;
use netlab::filter::capture::{Filter, Instruction, Outcome, Program, Target, code};
use netlab::wire::LinkType;

fn takes(filter: &str, bytes: &[u8]) -> bool {
    let program =
        Filter::compile(filter, LinkType::ETHERNET, Target::File).unwrap_or_else(|error| panic!("{filter}: {error}"));
    program.matches(bytes, bytes.len() as u32)
}

/// An Ethernet frame with tags, then an IPv4 UDP datagram from 192.0.2.1:53 to 198.51.100.7:40000.
fn frame(tags: &[u16]) -> Vec<u8> {
    let mut frame = vec![0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x5e, 0, 0x53, 2];
    for tag in tags {
        frame.extend_from_slice(&[0x81, 0]);
        frame.extend_from_slice(&tag.to_be_bytes());
    }
    frame.extend_from_slice(&[8, 0, 0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7]);
    frame.extend_from_slice(&[0, 53, 0x9c, 0x40, 0, 12, 0, 0, 1, 2, 3, 4]);
    frame
}

#[test]
fn and_and_or_bind_equally_and_from_the_left() {
    let udp = frame(&[]);
    assert!(!takes("udp or arp and arp", &udp));
    assert!(takes("udp or (arp and arp)", &udp));
    assert!(takes("arp and arp or udp", &udp));
    assert!(takes("not tcp and udp", &udp) && !takes("not (udp or tcp)", &udp));
}

#[test]
fn a_bare_name_takes_the_qualifiers_before_it() {
    let udp = frame(&[]);
    assert!(takes("udp port 80 or 53", &udp) && !takes("tcp port 80 or 53", &udp));
    assert!(takes("src host 10.0.0.1 or 192.0.2.1", &udp) && !takes("dst host 10.0.0.1 or 192.0.2.1", &udp));
    assert!(takes("port (80 or 53) and host 192.0.2.1", &udp));
    assert!(takes("udp port domain", &udp) && takes("portrange 50-60", &udp) && takes("net 192.0.2", &udp));
    assert!(takes("src or dst port 53", &udp) && !takes("src and dst port 53", &udp));
}

#[test]
fn vlan_moves_what_follows_it() {
    let (plain, tagged, double) = (frame(&[]), frame(&[100]), frame(&[100, 200]));
    assert!(takes("udp", &plain) && !takes("udp", &tagged));
    assert!(
        takes("vlan 100 and udp", &tagged) && !takes("vlan 101 and udp", &tagged) && !takes("vlan and udp", &double)
    );
    assert!(takes("vlan 100 and vlan 200 and udp port 53", &double));
    assert!(takes("udp or (vlan and udp)", &plain) && takes("udp or (vlan and udp)", &tagged));
}

/// A Geneve header of version 0 and network 5 with so many words of options, and what it carries, over UDP over IPv4.
fn geneve(options: u8, protocol: u16, inner: &[u8]) -> Vec<u8> {
    let mut frame = frame(&[]);
    frame.truncate(34);
    frame.extend_from_slice(&[0x9c, 0x40, 0x17, 0xc1, 0, 0, 0, 0, options, 0]);
    frame.extend_from_slice(&protocol.to_be_bytes());
    frame.extend_from_slice(&[0, 0, 5, 0]);
    frame.extend(std::iter::repeat_n(0xee, 4 * usize::from(options)));
    frame.extend_from_slice(inner);
    frame
}

#[test]
fn geneve_moves_what_follows_it_to_what_it_carries() {
    let (udp, tagged) = (frame(&[]), frame(&[100]));
    for options in [0, 1, 63] {
        let bridged = geneve(options, 0x6558, &udp);
        let bare = geneve(options, 0x0800, &udp[14..]);
        for tunnel in [&bridged, &bare] {
            assert!(takes("geneve", tunnel) && takes("geneve 5", tunnel) && !takes("geneve 6", tunnel));
            assert!(takes("geneve and udp port 53 and host 192.0.2.1", tunnel) && !takes("geneve and tcp", tunnel));
            assert!(!takes("udp port 53", tunnel) && takes("geneve and ip[8] = 64 and udp[0:2] = 53", tunnel));
        }
        // Bare packets have no Ethernet addresses.
        assert!(takes("geneve and ether src 00:00:5e:00:53:02", &bridged));
        assert!(
            !takes("geneve and ether src 00:00:5e:00:53:02", &bare) && takes("geneve and not ether multicast", &bare)
        );
        let inside = geneve(options, 0x6558, &tagged);
        assert!(takes("geneve and vlan 100 and udp port 53", &inside) && !takes("vlan 100", &inside));
        let twice = geneve(1, 0x6558, &bridged);
        assert!(takes("geneve and geneve 5 and udp port 53", &twice) && !takes("geneve and udp port 53", &twice));
    }
    // A tag inside is never the kernel's metadata, one outside is.
    let listing = |filter| Filter::compile(filter, LinkType::ETHERNET, Target::Kernel).expect(filter).to_string();
    assert!(
        !listing("geneve and vlan 100").contains("[vlan tag]") && listing("vlan 100 and geneve").contains("[vlan tag]")
    );
    // Another version, another port, and a header that is cut before what it carries is announced.
    let bare = geneve(0, 0x0800, &udp[14..]);
    for (at, octet) in [(42, 0x40), (37, 0xc2)] {
        let mut other = bare.clone();
        other[at] = octet;
        assert!(!takes("geneve", &other));
    }
    assert!(takes("geneve", &bare[..46]) && !takes("geneve", &bare[..45]));
}

#[test]
fn a_chain_of_headers_is_followed_to_its_end() {
    let chain = |headers: &[(u8, u8, usize)]| {
        let mut frame = frame(&[]);
        frame.truncate(12);
        frame.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, headers[0].0, 64]);
        frame.extend_from_slice(&[0x20; 32]);
        for (at, (_, units, len)) in headers.iter().enumerate() {
            let next = headers.get(at + 1).map_or(6, |(next, ..)| *next);
            let start = frame.len();
            frame.extend_from_slice(&[next, *units]);
            frame.resize(start + len, 0);
        }
        frame.extend_from_slice(&[0; 20]);
        frame
    };
    // Hop by hop, routing, an authentication header of 16 octets, destination options of 24, a fragment header.
    let long = chain(&[(0, 0, 8), (43, 1, 16), (51, 2, 16), (60, 2, 24), (44, 0, 8)]);
    assert!(takes("ip6 protochain 6", &long) && takes("protochain \\tcp", &long) && !takes("tcp", &long));
    assert!(takes("protochain 51", &long) && takes("protochain 60", &long) && !takes("protochain 17", &long));
    assert!(!takes("ip protochain 6", &long) && takes("ip6 protochain 17 or 6", &long));
    // As many headers as are followed, and one more.
    assert!(takes("protochain 6", &chain(&[(60, 0, 8); 16])) && !takes("protochain 6", &chain(&[(60, 0, 8); 17])));
    // A length that leads beyond the end of the packet.
    assert!(!takes("protochain 6", &chain(&[(60, 255, 8), (60, 0, 8)])));
    let mut ah = frame(&[]);
    ah[23] = 51;
    ah.splice(34..34, [17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(takes("ip protochain 17", &ah) && !takes("ip proto 17", &ah) && !takes("ip protochain 6", &ah));
    // Unlike tcpdump's loop, it is a program that the kernel takes.
    assert!(Filter::compile("protochain 6", LinkType::ETHERNET, Target::Kernel).is_ok());
}

#[test]
fn in_the_kernel_the_outer_tag_is_asked_for_and_not_looked_for() {
    let listing = |filter| Filter::compile(filter, LinkType::ETHERNET, Target::Kernel).expect(filter).to_string();
    assert!(listing("vlan 100 and udp").contains("[vlan tag present]"));
    assert!(!listing("udp").contains("vlan"));
    assert!(listing("inbound").contains("[packet type]"));
    assert!(Filter::compile("inbound", LinkType::ETHERNET, Target::File).is_err());
}

#[test]
fn a_packet_that_ends_before_an_octet_under_test_is_rejected_also_under_not() {
    let udp = frame(&[]);
    assert!(takes("not port 80", &udp));
    assert!(!takes("not port 80", &udp[..35]));
    assert!(!takes("not ether[60] = 1", &udp));
    assert!(takes("udp", &udp[..24]) && !takes("udp", &udp[..23]));
}

#[test]
fn no_name_is_looked_up_and_what_is_left_out_is_refused_with_a_reason() {
    for (filter, reason) in [
        ("host example.com", "no name look-ups"),
        ("gateway 192.0.2.1", "look-up"),
        ("tcp protochain 6", "no chain"),
        ("geneve 16777216", "16777215"),
        ("on eth0", "PFLOG"),
        ("wlan addr1 00:00:5e:00:53:01", "802.11"),
        ("192.0.2.1", "needs a word before"),
        ("tcp or 80", "nothing before"),
        ("src 192.0.2.0/24", "goes with networks"),
        ("net 192.0.2.1/24", "outside the network"),
        ("port 70000", "65535"),
        ("tcp[0:3] = 1", "at once"),
        ("ip and tcp tcp", "expected `and`"),
        ("(ip", "expected `)`"),
        ("ip)", "closes nothing"),
        ("1 / 0 = 1", "division by zero"),
        ("vlan 4096", "4095"),
    ] {
        let error = Filter::compile(filter, LinkType::ETHERNET, Target::File).expect_err(filter);
        assert!(error.message.contains(reason), "{filter}: {error}");
        assert!(error.span.end <= filter.len() && error.span.start <= error.span.end, "{filter}: {:?}", error.span);
    }
    let error =
        Filter::compile("ip.addr == 192.0.2.1", LinkType::ETHERNET, Target::File).expect_err("a display filter");
    assert!(error.hint.is_some_and(|hint| hint.contains("-Y")));
    assert!(Filter::compile("ip and arp", LinkType::ETHERNET, Target::File).expect_err("nothing").matches_nothing);
    assert!(Filter::compile("", LinkType(105), Target::File).expect("takes all").matches(&[], 0));
    assert!(Filter::compile("ip", LinkType(105), Target::File).is_err());
}

#[test]
fn the_optimised_program_agrees_with_the_plain_evaluation() {
    for (link, head) in LINKS {
        let mut packets = corpus::packets(31 ^ u64::from(link), head, 150);
        packets.extend(corpus::nested(31 ^ u64::from(link), head, 80));
        let mut generator = Generator { rng: Rng::new(3).fork(u64::from(link)), ethernet: head == Head::Ethernet };
        let mut compared = 0;
        for _ in 0..40 {
            let text = generator.filter();
            let Ok(filter) = Filter::parse(&text) else { continue };
            let program = match filter.program(LinkType(link), Target::File) {
                Ok(program) => Some(program),
                Err(error) if error.matches_nothing => None,
                Err(_) => continue,
            };
            compared += 1;
            for packet in &packets {
                let trace =
                    filter.trace(LinkType(link), &packet.bytes, packet.wire_len).expect("compiles").expect("not blank");
                let taken = program.as_ref().is_some_and(|program| program.matches(&packet.bytes, packet.wire_len));
                assert_eq!(taken, trace.outcome == Outcome::Holds, "link {link}: {text}\n{:02x?}", packet.bytes);
            }
        }
        assert!(compared > 12, "link {link}: only {compared}");
    }
}

#[test]
fn long_filters_jump_far() {
    let hosts: Vec<String> = (0..3000_u32).map(|n| format!("10.{}.{}.1", n / 250, n % 250)).collect();
    let filter = format!("src host {} or dst port 40000", hosts.join(" or "));
    let program = Filter::compile(&filter, LinkType::ETHERNET, Target::File).expect("compiles");
    assert!(program.instructions().len() > 3000);
    let mut udp = frame(&[]);
    assert!(program.matches(&udp, udp.len() as u32));
    udp[36] = 0;
    assert!(!program.matches(&udp, udp.len() as u32));
    udp[26..30].copy_from_slice(&[10, 11, 249, 1]);
    assert!(program.matches(&udp, udp.len() as u32));
    let more = format!("{filter} or host {}", hosts.join(" or "));
    let error = Filter::compile(&more, LinkType::ETHERNET, Target::Kernel).expect_err("too long");
    assert!(error.message.contains("instructions"));
}

#[test]
fn hostile_filters_and_programs_do_no_harm() {
    for text in ["(".repeat(5000), "!".repeat(5000), format!("1{} = 1", "+1".repeat(5000)), "-".repeat(5000)] {
        assert!(Filter::parse(&text).is_err());
    }
    let alternating = format!("ip{}", " or tcp and udp".repeat(3000));
    assert!(Filter::parse(&alternating).is_err());
    let mut rng = Rng::new(11);
    for _ in 0..20_000 {
        let count = 1 + rng.below(8);
        let instructions: Vec<Instruction> = (0..count)
            .map(|_| Instruction {
                code: (rng.next_u32() & 0xff) as u16,
                jt: rng.below(4) as u8,
                jf: rng.below(4) as u8,
                k: if rng.below(2) == 0 { rng.below(40) as u32 } else { rng.next_u32() },
            })
            .chain([Instruction { code: code::RET | code::K, jt: 0, jf: 0, k: 1 }])
            .collect();
        if let Ok(program) = Program::new(instructions) {
            program.matches(&[0x45; 40], 60);
            program.matches(&[], 0);
        }
    }
}

#[test]
fn what_surprises_people_is_said() {
    for (filter, words) in [
        ("ip or tcp and udp", "from the left"),
        ("not port 80 or not port 443", "nearly everything"),
        ("src port 80 and src port 443", "matches nothing"),
        ("vlan 5 or tcp", "put the alternative"),
        ("geneve or tcp", "put the alternative"),
        ("tcp port 80", "VLAN tag"),
        ("tcp port 80", "first fragment"),
        ("tcp[13] = 2", "exactly these flags"),
        ("udp[0] != 5", "false, not true"),
        ("len - ip[2:2] > 4", "left operand"),
        ("ip proto 300", "never true"),
        ("ip[6] & 3 = 4", "never true"),
        ("host 8", "0.0.0.8"),
    ] {
        let warnings = Filter::parse(filter).expect(filter).warnings(LinkType::ETHERNET, Target::File);
        assert!(warnings.iter().any(|warning| warning.text.contains(words)), "{filter}: {warnings:?}");
    }
    let quiet = Filter::parse("ether host 00:00:5e:00:53:01").expect("valid");
    assert!(quiet.warnings(LinkType::ETHERNET, Target::File).is_empty());
}
