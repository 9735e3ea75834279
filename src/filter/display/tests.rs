use super::*;
use crate::analysis::{Analyzer, Context, Note, Notes};
use crate::base::Timestamp;
use crate::packet::{Meta, Packet, RawPacket};
use crate::wire::LinkType;

/// SYN-ACK with a payload from 192.0.2.1:80 to 198.51.100.7:40000, MSS 1460.
fn syn_ack() -> Vec<u8> {
    let mut frame = vec![0, 0, 0x5e, 0, 0x53, 1, 0, 0, 0x5e, 0, 0x53, 2, 8, 0];
    frame.extend_from_slice(&[0x45, 0, 0, 48, 0x12, 0x34, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7]);
    frame.extend_from_slice(&[
        0, 80, 0x9c, 0x40, 0, 0, 0, 9, 0, 0, 0, 5, 0x60, 0x12, 0xff, 0xff, 0, 0, 0, 0, 2, 4, 5, 0xb4,
    ]);
    frame.extend_from_slice(b"Host");
    frame
}

fn shows(filter: &str, bytes: &[u8], notes: &[Note], connection: Option<u64>) -> bool {
    let filter = DisplayFilter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    let meta = Meta::new(7, Timestamp::ZERO, LinkType::ETHERNET, bytes.len() as u32);
    let packet = Packet::decode(RawPacket { meta, bytes });
    filter.matches(&Judged { packet: &packet, notes, context: Context { connection, ..Context::default() } })
}

fn all_show(filters: &[&str]) {
    for filter in filters {
        assert!(shows(filter, &syn_ack(), &[], Some(3)), "{filter}");
    }
}

fn none_shows(filters: &[&str]) {
    for filter in filters {
        assert!(!shows(filter, &syn_ack(), &[], Some(3)), "{filter}");
    }
}

#[test]
fn fields_are_known_by_the_registrys_names_and_by_wiresharks() {
    all_show(&[
        "tcp.source_port == 80 and tcp.srcport == 80 && tcp.port == 40000",
        "ip.addr == 198.51.100.7 and ipv4.destination == 198.51.100.0/24",
        "eth.src == 00:00:5e:00:53:02 and ethernet.source == 00-00-5E-00-53-02",
        "tcp.flags.syn == 1 and tcp.flags.fin == false and tcp.flags & 0x12 == 0x12",
        "frame.number == 7 and frame.len == 62 and tcp.connection == 3",
        "ip.id == 0x1234 and ip.flags.df == 1",
        "tcp.options.mss_val == 1460",
    ]);
}

#[test]
fn a_field_that_is_not_there_makes_every_comparison_false() {
    none_shows(&["udp.port == 80", "udp.port != 80", "udp.port < 80", "udp.port in {80}", "ipv6.src", "vlan"]);
    all_show(&["not udp.port == 80", "not vlan", "udp.port not in {80}"]);
}

#[test]
fn a_field_with_two_values_equals_one_and_differs_from_all() {
    all_show(&["tcp.port == 80", "tcp.port == 40000", "tcp.port != 443", "tcp.port ~= 80", "any tcp.port > 30000"]);
    none_shows(&["tcp.port != 80", "tcp.port === 80", "all tcp.port > 30000"]);
}

#[test]
fn sets_slices_text_and_patterns() {
    all_show(&[
        "tcp.port in {80 443 8000..8100}",
        "tcp.port in {443, 39999..40001}",
        "tcp.dstport in { 1 .. 50000 }",
        "ip.src in {10.0.0.0/8 192.0.2.0/24}",
        "eth.src[0:3] == 00:00:5e",
        "eth.src[-1] == 02",
        "eth.src[1-2] == 00:5e",
        "ip.src[:2] == c0:00",
        "eth.src[0,5] == 00:02",
        "tcp[13] == 12",
        "tcp contains \"Host\" and frame contains 05:b4",
        "tcp.payload matches \"^ho.t$\"",
        "payload == \"Host\" and payload == 48:6f:73:74",
        "len(tcp.payload) == 4 and count(tcp.port) == 2",
        "lower(tcp.payload) == \"host\"",
        "tcp.srcport < tcp.dstport",
    ]);
    none_shows(&["tcp.port in {81..100}", "eth.src[4:9] == 00", "udp contains \"Host\"", "tcp.payload matches \"x\""]);
}

#[test]
fn and_binds_tighter_than_xor_and_xor_than_or() {
    all_show(&["tcp or udp and arp", "tcp xor udp", "not udp and tcp", "tcp or tcp xor tcp", "!(udp or arp)"]);
    none_shows(&["(tcp or udp) and arp", "tcp xor ip", "not (tcp and ip)"]);
}

#[test]
fn notes_are_compared_by_code_rule_and_severity() {
    let entry = crate::analysis::catalogue::find("tcp-retransmission").expect("it is in the catalogue");
    let notes = [Note::new(entry, 7, Timestamp::ZERO)];
    let show = |filter: &str| shows(filter, &syn_ack(), &notes, Some(3));
    assert!(show("tcp.connection == 3 and note == \"tcp-retransmission\""));
    assert!(show("note == tcp-retransmission and note.severity >= note"));
    assert!(show(&format!("note.rule == {}", entry.rule)));
    assert!(show("note contains \"retrans\""));
    assert!(!show("note != tcp-retransmission"));
    assert!(!shows("note", &syn_ack(), &[], None));
    let needs = DisplayFilter::parse("tcp and (udp or note.severity == error)").expect("valid").needs();
    assert!(needs.notes && !needs.conversation);
    assert_eq!(DisplayFilter::parse("tcp.port == 80").expect("valid").needs(), Needs::default());
}

#[test]
fn what_is_wrong_has_a_place_and_a_way_out() {
    for (filter, place, hint) in [
        ("ip.scr == 192.0.2.1", "ip.scr", "did you mean `ip.src`?"),
        ("tcp.port == http", "http", ""),
        ("ip.addr == example.com", "example.com", "no name look-ups"),
        ("ip.addr == 2001:db8::1", "2001:db8::1", "ipv6.addr"),
        ("tcp port 80", "port", "capture filter"),
        ("host 192.0.2.1", "host", "capture filter"),
        ("note == tcp-retransmision", "tcp-retransmision", "`tcp-retransmission`"),
        ("note.severity >= waring", "waring", "`warning`"),
        ("tcp.port = 80", "=", "=="),
        ("tcp.flags.syn > 1", "tcp.flags.syn", "=="),
        ("tcp.port contains \"x\"", "tcp.port", "=="),
        ("tcp matches \"(\"", "\"(\"", ""),
        ("tcp.seq == 1", "tcp.seq", "tcp.sequence"),
        ("eth.src[x] == 1", "[x]", "offset"),
        ("(tcp", "", ""),
        ("tcp)", ")", ""),
        ("tcp.port in {}", "}", ""),
        ("ip.src == tcp.port", "tcp.port", ""),
    ] {
        let error = DisplayFilter::parse(filter).expect_err(filter);
        assert!(filter[error.span.range()].contains(place) || place.is_empty(), "{filter}: {:?} {error}", error.span);
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{filter}: {error}");
    }
    assert_eq!(DisplayFilter::parse("tcp.flags.syn").expect("valid").warnings().len(), 1);
}

#[test]
fn every_name_can_be_used_and_hostile_packets_do_no_harm() {
    let filters: Vec<DisplayFilter> = all_names().map(|name| DisplayFilter::parse(name).expect(name)).collect();
    let whole = syn_ack();
    let mut analyzer = Analyzer::new();
    let mut notes = Notes::default();
    for len in 0..whole.len() {
        let meta = Meta::new(1, Timestamp::ZERO, LinkType::ETHERNET, whole.len() as u32);
        let packet = Packet::decode(RawPacket { meta, bytes: &whole[..len] });
        notes.clear();
        analyzer.observe(&packet, &mut notes);
        let judged = Judged { packet: &packet, notes: &notes.fresh, context: notes.context };
        filters.iter().for_each(|filter| {
            filter.matches(&judged);
        });
    }
    assert!(DisplayFilter::parse(&"(".repeat(100_000)).is_err());
    assert!(DisplayFilter::parse(&"!".repeat(100_000)).is_err());
    assert!(DisplayFilter::parse(&format!("tcp{}", " xor tcp".repeat(50_000))).is_err());
    assert!(DisplayFilter::parse(&format!("tcp{}", " and tcp".repeat(5_000))).is_ok());
}
