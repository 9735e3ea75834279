use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::sim::stack::octets::{
    self, ICMP, NewHeader, TCP, UDP, checksum, ip_packet, transport_checksum, u16_at, udp_datagram,
};

const PUBLIC: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const FAR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

fn inside(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 1, last)
}

fn udp(source: End, destination: End) -> Vec<u8> {
    let (from, to) = (IpAddr::V4(source.0), IpAddr::V4(destination.0));
    let datagram = udp_datagram((from, source.1), (to, destination.1), b"hello");
    let header =
        NewHeader { source: from, destination: to, protocol: UDP, ttl: 64, identification: 1, dont_fragment: true };
    ip_packet(&header, &datagram)
}

fn header(packet: &[u8]) -> IpHeader {
    IpHeader::parse(packet).expect("a good header")
}

fn out(nat: &mut Nat, source: End, destination: End, at: u64) -> u16 {
    let mut packet = udp(source, destination);
    let parsed = header(&packet);
    nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::from_parts(at, 0)).expect("a mapping");
    let after = header(&packet);
    assert_eq!(after.source, IpAddr::V4(PUBLIC));
    assert_eq!(checksum(&packet[..20]), 0, "the IP checksum fits");
    let sum = transport_checksum(after.source, after.destination, UDP, after.payload(&packet));
    assert_eq!(sum, 0, "the UDP checksum fits");
    u16_at(after.payload(&packet), 0)
}

fn back(nat: &mut Nat, source: End, port: u16, at: u64) -> Result<End, Reason> {
    let mut packet = udp(source, (PUBLIC, port));
    let parsed = header(&packet);
    nat.inbound(&mut packet, &parsed, Timestamp::from_parts(at, 0))?;
    let after = header(&packet);
    let sum = transport_checksum(after.source, after.destination, UDP, after.payload(&packet));
    assert_eq!(sum, 0, "the UDP checksum fits");
    let IpAddr::V4(destination) = after.destination else { panic!("IPv4") };
    Ok((destination, u16_at(after.payload(&packet), 2)))
}

#[test]
fn s37_a_free_port_is_kept_and_a_taken_one_changed_in_its_range() {
    let mut nat = Nat::new(NatOptions::default());
    assert_eq!(out(&mut nat, (inside(2), 5001), (FAR, 53), 0), 5001);
    let second = out(&mut nat, (inside(3), 5001), (FAR, 53), 0);
    assert!(second != 5001 && second >= 1024, "{second}");
    let low = out(&mut nat, (inside(2), 500), (FAR, 500), 0);
    let other_low = out(&mut nat, (inside(3), 500), (FAR, 500), 0);
    assert!(low == 500 && other_low != 500 && other_low < 1024, "{other_low}");
    assert_eq!(back(&mut nat, (FAR, 53), 5001, 1), Ok((inside(2), 5001)));
    assert_eq!(back(&mut nat, (FAR, 53), second, 1), Ok((inside(3), 5001)));
}

#[test]
fn s37_mapping_kinds_keep_the_port_for_all_or_for_one_destination() {
    for (mapping, same) in [
        (Mapping::EndpointIndependent, [true, true]),
        (Mapping::AddressDependent, [true, false]),
        (Mapping::AddressAndPortDependent, [false, false]),
    ] {
        let mut nat = Nat::new(NatOptions { mapping, ..NatOptions::default() });
        let first = out(&mut nat, (inside(2), 5001), (FAR, 53), 0);
        let other_port = out(&mut nat, (inside(2), 5001), (FAR, 54), 0);
        let other_address = out(&mut nat, (inside(2), 5001), (Ipv4Addr::new(198, 51, 100, 8), 53), 0);
        assert_eq!([other_port == first, other_address == first], same, "{mapping:?}");
    }
}

#[test]
fn s37_filtering_kinds_let_in_anybody_or_only_known_senders() {
    let stranger = Ipv4Addr::new(198, 51, 100, 99);
    for (filtering, other_port, other_address) in [
        (Filtering::EndpointIndependent, true, true),
        (Filtering::AddressDependent, true, false),
        (Filtering::AddressAndPortDependent, false, false),
    ] {
        let mut nat = Nat::new(NatOptions { filtering, ..NatOptions::default() });
        let port = out(&mut nat, (inside(2), 5001), (FAR, 53), 0);
        assert!(back(&mut nat, (FAR, 53), port, 1).is_ok());
        assert_eq!(back(&mut nat, (FAR, 54), port, 1).is_ok(), other_port, "{filtering:?}");
        let strange = back(&mut nat, (stranger, 53), port, 1);
        assert_eq!(strange.is_ok(), other_address, "{filtering:?}");
        assert!(other_address || strange == Err(Reason::NatFiltered));
    }
    let mut nat = Nat::new(NatOptions::default());
    assert_eq!(back(&mut nat, (FAR, 53), 5001, 0), Err(Reason::NatNoMapping));
}

#[test]
fn s37_a_udp_mapping_lives_five_minutes_after_its_last_use() {
    let mut nat = Nat::new(NatOptions::default());
    let port = out(&mut nat, (inside(2), 5001), (FAR, 53), 0);
    assert!(back(&mut nat, (FAR, 53), port, 299).is_ok());
    out(&mut nat, (inside(2), 5001), (FAR, 53), 500);
    assert!(back(&mut nat, (FAR, 53), port, 799).is_ok());
    assert_eq!(back(&mut nat, (FAR, 53), port, 1100), Err(Reason::NatNoMapping));
}

#[test]
fn s37_a_forwarded_port_leads_inside_for_anybody() {
    let forward = Forward { protocol: UDP, port: 8080, inside: inside(9), inside_port: 80 };
    let mut nat = Nat::new(NatOptions { forwards: vec![forward], ..NatOptions::default() });
    assert_eq!(back(&mut nat, (FAR, 4711), 8080, 100_000), Ok((inside(9), 80)));
    assert_eq!(out(&mut nat, (inside(9), 80), (FAR, 4711), 100_001), 8080, "and its answers go out by it");
}

/// A TCP segment of 20 octets with these flags.
fn tcp(source: End, destination: End, flags: u8) -> Vec<u8> {
    let (from, to) = (IpAddr::V4(source.0), IpAddr::V4(destination.0));
    let mut segment = [source.1.to_be_bytes(), destination.1.to_be_bytes()].concat();
    segment.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    let sum = transport_checksum(from, to, TCP, &segment);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    let header =
        NewHeader { source: from, destination: to, protocol: TCP, ttl: 64, identification: 1, dont_fragment: true };
    ip_packet(&header, &segment)
}

fn send_tcp(nat: &mut Nat, flags: u8, at: u64) {
    let mut packet = tcp((inside(2), 5001), (FAR, 80), flags);
    let parsed = header(&packet);
    nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::from_parts(at, 0)).expect("a mapping");
}

fn answer_tcp(nat: &mut Nat, flags: u8, at: u64) -> Result<(), Reason> {
    let mut packet = tcp((FAR, 80), (PUBLIC, 5001), flags);
    let parsed = header(&packet);
    nat.inbound(&mut packet, &parsed, Timestamp::from_parts(at, 0)).map(drop)?;
    let after = header(&packet);
    assert_eq!(transport_checksum(after.source, after.destination, TCP, after.payload(&packet)), 0);
    Ok(())
}

#[test]
fn s37_a_tcp_mapping_lives_two_hours_and_four_minutes_open_and_four_minutes_opening_or_closing() {
    let mut nat = Nat::new(NatOptions::default());
    send_tcp(&mut nat, 2, 0);
    assert!(answer_tcp(&mut nat, 0x12, 239).is_ok(), "the SYN waits for its answer for 4 min");
    assert!(answer_tcp(&mut nat, 0x10, 239 + 7439).is_ok(), "open, it lives for 2 h 4 min");
    assert!(answer_tcp(&mut nat, 0x11, 239 + 7439 + 1).is_ok(), "a FIN");
    assert_eq!(answer_tcp(&mut nat, 0x10, 239 + 7440 + 240), Err(Reason::NatNoMapping), "closing, for 4 min");
    let mut nat = Nat::new(NatOptions::default());
    send_tcp(&mut nat, 2, 0);
    assert_eq!(answer_tcp(&mut nat, 0x12, 240), Err(Reason::NatNoMapping));
}

#[test]
fn s37_an_echo_mapping_lives_a_minute() {
    let echo = |kind: u8, source: Ipv4Addr, destination: Ipv4Addr, identifier: u16| {
        let [high, low] = identifier.to_be_bytes();
        let message = octets::icmp_message(kind, 0, [high, low, 0, 1], b"x");
        let (source, destination) = (IpAddr::V4(source), IpAddr::V4(destination));
        let header =
            NewHeader { source, destination, protocol: ICMP, ttl: 64, identification: 1, dont_fragment: false };
        ip_packet(&header, &message)
    };
    let mut nat = Nat::new(NatOptions::default());
    for last in [2, 3] {
        let mut packet = echo(8, inside(last), FAR, 7777);
        let parsed = header(&packet);
        nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::ZERO).expect("a mapping");
        let identifier = u16_at(header(&packet).payload(&packet), 4);
        assert_eq!(identifier == 7777, last == 2, "the second host gets another identifier");
        for (at, lives) in [(59, true), (60 + 59, false)] {
            let mut answer = echo(0, FAR, PUBLIC, identifier);
            let parsed = header(&answer);
            let result = nat.inbound(&mut answer, &parsed, Timestamp::from_parts(at, 0));
            assert_eq!(result.is_ok(), lives, "after {at} s: {result:?}");
        }
    }
}

#[test]
fn s37_a_udp_checksum_of_zero_stays_zero() {
    let mut nat = Nat::new(NatOptions::default());
    let mut packet = udp((inside(2), 5001), (FAR, 53));
    packet[26..28].copy_from_slice(&[0, 0]);
    let parsed = header(&packet);
    nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::ZERO).expect("a mapping");
    assert_eq!(u16_at(&packet, 26), 0);
    assert_eq!(checksum(&packet[..20]), 0);
}

#[test]
fn s37_an_icmp_error_is_translated_with_the_packet_that_it_quotes() {
    let mut nat = Nat::new(NatOptions::default());
    let mut packet = udp((inside(2), 5001), (FAR, 4000));
    let parsed = header(&packet);
    nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::ZERO).expect("a mapping");
    let message = octets::icmp_message(3, 3, [0; 4], &packet);
    let error = NewHeader {
        source: IpAddr::V4(FAR),
        destination: IpAddr::V4(PUBLIC),
        protocol: ICMP,
        ttl: 64,
        identification: 2,
        dont_fragment: false,
    };
    let mut error = ip_packet(&error, &message);
    let parsed = header(&error);
    nat.inbound(&mut error, &parsed, Timestamp::ZERO).expect("translated");
    let after = header(&error);
    assert_eq!(after.destination, IpAddr::V4(inside(2)));
    assert_eq!(checksum(after.payload(&error)), 0);
    let quote = &after.payload(&error)[8..];
    assert_eq!(&quote[12..16], &inside(2).octets());
    assert_eq!(checksum(&quote[..20]), 0, "the quoted header's checksum fits");
}

#[test]
fn s37_what_came_from_outside_to_a_private_address_is_answered_from_there() {
    let mut nat = Nat::new(NatOptions::default());
    let question = udp((FAR, 4000), (inside(2), 5001));
    nat.let_pass(&question, &header(&question), Timestamp::ZERO).expect("room");
    let mut answer = udp((inside(2), 5001), (FAR, 4000));
    let parsed = header(&answer);
    let what = nat.outbound(&mut answer, &parsed, PUBLIC, Timestamp::from_parts(299, 0)).expect("it passes");
    assert_eq!((what, header(&answer).source), (None, IpAddr::V4(inside(2))));
    // Others are spoken to through a mapping, and so is the same one when the flow has been forgotten.
    assert_eq!(out(&mut nat, (inside(2), 5001), (FAR, 4001), 299), 5001);
    assert_eq!(out(&mut nat, (inside(2), 5001), (FAR, 4000), 299 + 300), 5001);
}

#[test]
fn s37_ports_are_free_again_when_their_mappings_have_died() {
    let mut nat = Nat::new(NatOptions::default());
    for port in 1024..=65_535 {
        assert_eq!(out(&mut nat, (inside(3), port), (FAR, 53), 0), port);
    }
    let mut packet = udp((inside(2), 5001), (FAR, 53));
    let parsed = header(&packet);
    let full = nat.outbound(&mut packet, &parsed, PUBLIC, Timestamp::from_parts(1, 0));
    assert_eq!(full, Err(Reason::NatTableFull));
    assert_eq!(out(&mut nat, (inside(2), 5001), (FAR, 53), 301), 5001, "five minutes later all are free");
    assert_eq!(nat.mappings(Timestamp::from_parts(301, 0)).count(), 1);
}

#[test]
fn s37_dead_mappings_are_swept_out() {
    let mut nat = Nat::new(NatOptions::default());
    for minute in 0..5000 {
        out(&mut nat, (inside(2), 1024 + minute as u16), (FAR, 53), minute * 60);
    }
    assert!(nat.table.len() < 600, "{} are kept although five live", nat.table.len());
}
