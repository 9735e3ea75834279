//! The layers of every kind of frame by name, and what is wrong with frames that are wrong: one fact a test.

mod wire_corpus;

use netlab::wire::build::{ArpFields, FrameBuilder, IcmpFields, Ipv4Fields, Ipv6Fields, Sum, TcpFields, UdpFields};
use netlab::wire::{Frame, IssueCode, Layer, LayerKind, LinkType, decode};
use wire_corpus::{A, B, data, ethernet, frames, syn, v4, v6};

fn names(frame: &Frame<'_>) -> String {
    frame.layers().iter().map(|located| located.layer.name()).collect::<Vec<_>>().join("/")
}

fn of<'a>(octets: &'a [u8]) -> Frame<'a> {
    decode(LinkType::ETHERNET, octets, octets.len() as u32)
}

/// Code, layer, offset, needed and present of the first issue.
fn issue(frame: &Frame<'_>) -> (IssueCode, LayerKind, u32, u32, u32) {
    let issue = frame.issues().first().unwrap_or_else(|| panic!("no issue in {}", names(frame)));
    (issue.code, issue.layer, issue.at, issue.needed, issue.present)
}

#[test]
fn every_kind_of_frame_has_its_layers() {
    let expected = [
        ("ipv4/tcp-syn", "ethernet/ipv4/tcp"),
        ("vlan/ipv4/udp", "ethernet/vlan/ipv4/udp"),
        ("icmpv4-error", "ethernet/ipv4/icmpv4"),
        ("ndp", "ethernet/ipv6/icmpv6"),
        ("arp", "ethernet/arp"),
        ("ipv6-extensions", "ethernet/ipv6/ipv6-hop-by-hop/ipv6-destination-options/tcp"),
        ("ipv6-routing", "ethernet/ipv6/ipv6-routing/udp"),
        ("ipv4-fragment-0", "ethernet/ipv4/udp"),
        ("ipv4-fragment-1", "ethernet/ipv4"),
        ("ipv6-fragment-0", "ethernet/ipv6/ipv6-fragment/udp"),
        ("ipv6-fragment-1", "ethernet/ipv6/ipv6-fragment"),
        ("vlan-3", "ethernet/vlan/vlan/vlan/ipv4/udp"),
        ("stp", "ethernet/llc/stp"),
        ("stp-change", "ethernet/llc/stp"),
        ("rstp", "ethernet/llc/stp"),
        ("snap-ipv4", "ethernet/llc/ipv4/udp"),
        ("snap-cdp", "ethernet/llc/cdp"),
        ("igmp-v2", "ethernet/ipv4/igmp"),
        ("mpls", "ethernet/mpls/mpls/ipv4/tcp"),
        ("mpls-ethernet", "ethernet/mpls/pseudowire-control/ethernet/ipv4/udp"),
        ("pppoe-ipv4", "ethernet/pppoe/ppp/ipv4/udp"),
        ("pppoe-lcp", "ethernet/pppoe/ppp/lcp"),
        ("gre-ipv4", "ethernet/ipv4/gre/ipv4/tcp"),
        ("gre-ethernet", "ethernet/ipv4/gre/ethernet/ipv6/udp"),
        ("vxlan", "ethernet/ipv4/udp/vxlan/ethernet/ipv4/tcp"),
        ("geneve", "ethernet/ipv6/udp/geneve/ethernet/arp"),
        ("ip-in-ip", "ethernet/ipv4/ipv4/tcp"),
        ("6in4", "ethernet/ipv4/ipv6/udp"),
        ("etherip", "ethernet/ipv4/etherip/ethernet/ipv4/tcp"),
        ("lldp", "ethernet/lldp"),
        ("raw-ipv6", "ipv6/tcp"),
        ("null", "loopback/ipv4/udp"),
        ("loop", "loopback/ipv4/udp"),
        ("sll", "linux-sll/ipv4/udp"),
        ("sll2", "linux-sll/ipv4/udp"),
        ("ppp", "ppp/ipv4/udp"),
        ("ppp-hdlc", "ppp/ipv4/udp"),
        ("cisco-hdlc", "cisco-hdlc/ipv4/udp"),
    ];
    let all = frames();
    for (name, layers) in expected {
        let (_, link, octets) = all.iter().find(|frame| frame.0 == name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(names(&decode(*link, octets, octets.len() as u32)), layers, "{name}");
    }
}

#[test]
fn every_layer_begins_where_the_one_before_it_ends() {
    for (name, link, octets) in frames() {
        let frame = decode(link, &octets, octets.len() as u32);
        let mut at = 0;
        for located in frame.layers() {
            assert_eq!(located.start, at, "{name}: {}", located.layer.name());
            at += located.header_len;
        }
    }
}

#[test]
fn p1_padding_is_trailer_and_never_payload() {
    let octets = ethernet().ipv4(v4()).tcp(TcpFields::new(1, 2).acknowledgment(3)).padded(60).finish();
    let frame = of(&octets);
    assert_eq!((frame.trailer_len(), frame.payload_len(), frame.tcp().unwrap().payload_len()), (6, 0, 0));
    let octets = ethernet().arp(ArpFields::request(A, [192, 0, 2, 1], [192, 0, 2, 2])).padded(60).finish();
    assert_eq!((of(&octets).trailer_len(), of(&octets).payload_len()), (18, 0));
    let octets = ethernet().llc(0x42).payload(&[0, 0, 0, 0x80]).padded(60).finish();
    assert_eq!(of(&octets).trailer_len(), 39);
}

#[test]
fn p1_a_total_length_of_zero_takes_the_length_of_the_frame() {
    let ip = Ipv4Fields { total_length: Some(0), ..v4() };
    let octets = ethernet().ipv4(ip).tcp(data()).payload(&[7; 3000]).finish();
    let frame = of(&octets);
    assert_eq!(frame.tcp().unwrap().payload_len(), 3000);
    assert_eq!(issue(&frame).0, IssueCode::LengthZero);
    assert!(!frame.issues()[0].code.is_malformed());
    let ip = Ipv6Fields { payload_length: Some(0), ..v6() };
    let octets = ethernet().ipv6(ip).tcp(data()).payload(&[7; 3000]).finish();
    assert_eq!(of(&octets).tcp().unwrap().payload_len(), 3000);
}

#[test]
fn p1_header_lengths_that_cannot_be_are_issues() {
    let octets = ethernet().ipv4(Ipv4Fields { header_words: Some(3), ..v4() }).tcp(syn()).finish();
    assert_eq!(issue(&of(&octets)), (IssueCode::BadHeaderLength, LayerKind::Ipv4, 14, 20, 12));
    let octets = ethernet().ipv4(v4()).tcp(TcpFields { header_words: Some(4), ..data() }).finish();
    assert_eq!(issue(&of(&octets)), (IssueCode::BadHeaderLength, LayerKind::Tcp, 46, 20, 16));
    assert_eq!(of(&octets).ports(), Some((40000, 80)), "the ports are known all the same");
    let octets = ethernet().ipv4(v4()).tcp(TcpFields { header_words: Some(15), ..TcpFields::new(1, 2) }).finish();
    let frame = of(&octets);
    assert_eq!(issue(&frame), (IssueCode::TooShort, LayerKind::Tcp, 34, 60, 20));
    assert_eq!(frame.issues()[0].set_by, Some(LayerKind::Ipv4), "the total length of IPv4 ended it");
}

#[test]
fn p1_a_total_length_below_the_header_or_above_the_frame_is_an_issue() {
    let octets = ethernet().ipv4(Ipv4Fields { total_length: Some(12), ..v4() }).tcp(syn()).finish();
    assert_eq!(issue(&of(&octets)), (IssueCode::TooShort, LayerKind::Ipv4, 16, 20, 12));
    let octets = ethernet().ipv4(Ipv4Fields { total_length: Some(2000), ..v4() }).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(issue(&of(&octets)), (IssueCode::TooLong, LayerKind::Ipv4, 14, 2000, 28));
    assert_eq!(of(&octets).ports(), Some((1, 2)));
}

#[test]
fn p2_a_cut_tcp_header_keeps_what_can_be_known() {
    let octets = ethernet().ipv4(v4()).tcp(syn()).finish();
    let wire_len = octets.len() as u32;
    let ports = |len: usize| decode(LinkType::ETHERNET, &octets[..len], wire_len).ports();
    assert_eq!((ports(37), ports(38)), (None, Some((40000, 80))));
    let cut = |len: usize| match decode(LinkType::ETHERNET, &octets[..len], wire_len).transport() {
        Some(Layer::CutTransport(cut)) => {
            (cut.sequence().is_some(), cut.acknowledgment().is_some(), cut.flags().is_some())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(cut(41), (false, false, false));
    assert_eq!(cut(42), (true, false, false));
    assert_eq!(cut(47), (true, true, false));
    assert_eq!(cut(48), (true, true, true));
    let frame = decode(LinkType::ETHERNET, &octets[..60], wire_len);
    let tcp = frame.tcp().unwrap();
    assert!(tcp.flags().syn() && tcp.options().is_none(), "options are unknown, not absent");
    assert_eq!(tcp.payload_len(), 0);
}

#[test]
fn p2_lengths_come_from_headers_when_octets_were_not_captured() {
    let octets = ethernet().ipv4(v4()).tcp(data()).payload(&[1; 1000]).finish();
    let frame = decode(LinkType::ETHERNET, &octets[..96], octets.len() as u32);
    assert_eq!((frame.tcp().unwrap().payload_len(), frame.tcp().unwrap().payload().len()), (1000, 30));
    assert_eq!((frame.payload_len(), frame.payload().len()), (1000, 30));
    assert!(frame.was_cut() && frame.issues().is_empty());
}

#[test]
fn a_first_fragment_keeps_its_ports_and_later_ones_have_none() {
    let pieces = ethernet().ipv4(v4()).udp(UdpFields::new(5000, 6000)).payload(&[9; 200]).fragments(100, 0);
    let ports: Vec<_> = pieces.iter().map(|octets| of(octets).ports()).collect();
    assert_eq!(ports, [Some((5000, 6000)), None, None]);
    assert!(pieces.iter().all(|octets| of(octets).issues().is_empty()), "a length beyond the first piece is right");
    let fragment = of(&pieces[1]).fragment().unwrap();
    assert_eq!((fragment.identification, fragment.offset, fragment.more_fragments, fragment.len), (7, 80, true, 80));
}

#[test]
fn u1_udp_lengths_are_held_against_the_ip_payload() {
    let udp = |length| ethernet().ipv4(v4()).udp(UdpFields::new(1, 2).length(length)).payload(b"0123456789").finish();
    assert_eq!(issue(&of(&udp(7))), (IssueCode::TooShort, LayerKind::Udp, 38, 8, 7));
    assert_eq!(issue(&of(&udp(500))), (IssueCode::TooLong, LayerKind::Udp, 38, 500, 18));
    let octets = udp(12);
    let shorter = of(&octets).udp().unwrap();
    assert_eq!((shorter.payload(), shorter.payload_len(), shorter.surplus_len()), (&b"0123"[..], 4, 6));
    let octets = ethernet().ipv4(v4()).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(of(&octets).udp().unwrap().payload_len(), 0, "length 0 is a real datagram");
    assert!(of(&octets).issues().is_empty());
}

#[test]
fn l8_below_0x0600_it_is_a_length() {
    let octets = ethernet().llc(0x42).payload(&[0, 0, 0, 0x80]).padded(60).finish();
    let frame = of(&octets);
    assert!(frame.ethernet().unwrap().has_len());
    assert_eq!(frame.stp().unwrap().bytes(), [0, 0, 0, 0x80]);
    let tagged = FrameBuilder::ethernet(A, B).vlan(5).llc(0x42).payload(&[0, 0, 0, 0x80]).finish();
    assert_eq!(names(&of(&tagged)), "ethernet/vlan/llc/stp");
    let mut octets = ethernet().llc(0x42).payload(&[0, 0, 0, 0x80]).finish();
    octets[13] = 200;
    assert_eq!(issue(&of(&octets)), (IssueCode::TooLong, LayerKind::Ethernet, 14, 200, 7));
}

#[test]
fn novell_puts_ipx_straight_behind_the_length() {
    let octets = [&A.octets()[..], &B.octets(), &[0, 4, 0xff, 0xff, 0, 4]].concat();
    assert_eq!(names(&of(&octets)), "ethernet/ipx");
}

#[test]
fn a_rapid_bpdu_tells_root_and_role() {
    let all = frames();
    let (_, link, octets) = all.iter().find(|frame| frame.0 == "rstp").unwrap();
    let frame = decode(*link, octets, octets.len() as u32);
    let stp = frame.stp().unwrap();
    let root = stp.root().unwrap();
    assert_eq!((root.priority, root.extension, root.address), (32768, 100, A));
    assert_eq!((stp.root_path_cost(), stp.bridge().unwrap().address, stp.port()), (Some(4), B, Some(0x8002)));
    assert_eq!((stp.flags(), stp.times()), (Some(0x3c), Some([256, 5120, 512, 3840])));
}

#[test]
fn igmp_versions_are_told_apart() {
    let version = |message: &[u8]| {
        let octets = ethernet().ipv4(v4()).octets(2, message).finish();
        of(&octets).igmp().unwrap().version()
    };
    assert_eq!(version(&[0x11, 0, 0, 0, 0, 0, 0, 0]), 1);
    assert_eq!(version(&[0x11, 100, 0, 0, 0, 0, 0, 0]), 2);
    assert_eq!(version(&[0x11, 100, 0, 0, 0, 0, 0, 0, 2, 125, 0, 0]), 3);
    let octets = ethernet()
        .ipv4(v4())
        .octets(2, &[0x22, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0, 1, 239, 1, 2, 3, 192, 0, 2, 9, 3, 0, 0, 0, 239, 9, 9, 9])
        .finish();
    let frame = of(&octets);
    let records: Vec<_> = frame
        .igmp()
        .unwrap()
        .records()
        .map(|record| (record.record_type, record.group.octets(), record.sources.len()))
        .collect();
    assert_eq!(records, [(4, [239, 1, 2, 3], 4), (3, [239, 9, 9, 9], 0)]);
}

#[test]
fn neighbour_discovery_tells_target_and_link_address() {
    let all = frames();
    let (_, link, octets) = all.iter().find(|frame| frame.0 == "ndp").unwrap();
    let frame = decode(*link, octets, octets.len() as u32);
    let ndp = frame.icmpv6().unwrap().ndp().unwrap();
    assert_eq!(ndp.target(), Some("2001:db8::1".parse().unwrap()));
    assert_eq!((ndp.target_mac(), ndp.source_mac()), (Some(A), None));
    assert_eq!(ndp.advertisement_flags(), Some((false, true, true)));
}

#[test]
fn an_icmp_error_quotes_the_packet_it_is_about() {
    let inner = FrameBuilder::raw().ipv4(v4()).tcp(syn()).finish();
    let octets = ethernet().ipv4(v4()).icmp(IcmpFields::new(11, 0, 0)).payload(&inner[..28]).finish();
    let frame = of(&octets);
    let quoted = frame.icmpv4().unwrap().quoted().unwrap();
    assert_eq!((quoted.ports(), quoted.ip().unwrap().total_len()), (Some((40000, 80)), inner.len() as u32));
    assert_eq!(names(&frame), "ethernet/ipv4/icmpv4", "the quoted packet is no layer of the frame");
}

#[test]
fn tunnels_need_more_than_a_port() {
    let udp = |port: u16, payload: &[u8]| ethernet().ipv4(v4()).udp(UdpFields::new(9, port)).payload(payload).finish();
    assert_eq!(names(&of(&udp(4789, b"no header of VXLAN, only text"))), "ethernet/ipv4/udp");
    assert_eq!(names(&of(&udp(6081, &[0xff; 20]))), "ethernet/ipv4/udp");
    assert_eq!(names(&of(&udp(6635, &[0; 20]))), "ethernet/ipv4/udp");
    assert_eq!(names(&of(&udp(6635, &[0, 1, 1, 64, 0x45]))), "ethernet/ipv4/udp/mpls/ipv4");
}

#[test]
fn gre_of_pptp_ends_where_its_key_says() {
    let header = [0x30, 0x81, 0x88, 0x0b, 0, 4, 0, 7, 0, 0, 0, 1, 0, 0, 0, 0];
    let octets = ethernet().ipv4(v4()).octets(47, &header).payload(&[0xff, 3, 0xc0, 0x21, 9, 9, 9, 9]).finish();
    let frame = of(&octets);
    assert_eq!((names(&frame).as_str(), frame.payload_len()), ("ethernet/ipv4/gre/ppp/lcp", 0));
}

#[test]
fn layers_without_end_stop_at_the_limit() {
    let mut frame = ethernet();
    for _ in 0..100 {
        frame = frame.vlan(1);
    }
    let octets = frame.ipv4(v4()).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(of(&octets).layers().len(), netlab::base::limits::MAX_LAYERS);
    assert_eq!(issue(&of(&octets)).0, IssueCode::TooDeep);
}

#[test]
fn bad_options_are_found_where_they_are() {
    let tcp = TcpFields { options: vec![1, 2, 4, 5, 0xb4, 99, 0, 0], ..TcpFields::new(1, 2) };
    assert_eq!(issue(&of(&ethernet().ipv4(v4()).tcp(tcp).finish())), (IssueCode::BadOption, LayerKind::Tcp, 59, 2, 3));
    let ip = Ipv4Fields { options: vec![7, 40, 4, 0], ..v4() };
    assert_eq!(
        issue(&of(&ethernet().ipv4(ip).tcp(syn()).finish())),
        (IssueCode::BadOption, LayerKind::Ipv4, 34, 40, 4)
    );
    let ip = ethernet().ipv6(v6()).ipv6_extension(0, &[5, 9, 0, 0]).udp(UdpFields::new(1, 2)).finish();
    assert_eq!(issue(&of(&ip)), (IssueCode::BadOption, LayerKind::Ipv6Extension, 56, 11, 6));
}

#[test]
fn a_version_that_was_not_announced_is_read_and_noted() {
    let octets = ethernet().octets(0x86dd, &[]).ipv4(v4()).udp(UdpFields::new(1, 2)).payload(&[0; 20]).finish();
    let frame = of(&octets);
    assert_eq!(names(&frame), "ethernet/ipv4/udp");
    assert_eq!(issue(&frame), (IssueCode::BadVersion, LayerKind::Ipv6, 14, 4, 6));
}

#[test]
fn frames_with_wrong_sums_are_read_all_the_same() {
    let octets = ethernet().ipv4(v4()).udp(UdpFields::new(1, 2).checksum(Sum::Stored(0xdead))).payload(b"x").finish();
    assert!(of(&octets).issues().is_empty());
    assert_eq!(of(&octets).payload(), b"x");
}

#[test]
fn what_is_not_known_is_named_by_its_number_at_least() {
    let octets = ethernet().octets(0x1234, &[1, 2, 3]).finish();
    let frame = of(&octets);
    assert!(
        matches!(frame.layers()[1].layer, Layer::Other(other) if other.number == 0x1234 && other.name == "unknown")
    );
    for (link, name) in [(105, "ieee802.11"), (107, "frame-relay"), (195, "ieee802.15.4"), (281, "dsa-brcm")] {
        assert_eq!(names(&decode(LinkType(link), &[0; 40], 40)), name);
    }
}
