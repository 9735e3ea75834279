use std::net::Ipv4Addr;

use super::*;
use crate::analysis::{Analyzer, Note, Notes};
use crate::packet::{Meta, RawPacket};
use crate::wire::LinkType;
use crate::wire::build::{ArpFields, FrameBuilder, Ipv4Fields, Ipv6Fields, UdpFields};

const fn mac(last: u8) -> MacAddr {
    MacAddr([0, 0, 0x5e, 0, 0x53, last])
}

#[derive(Default)]
struct Bench {
    analyzer: Analyzer,
    notes: Notes,
    number: u64,
}

impl Bench {
    fn see(&mut self, frame: FrameBuilder) {
        self.number += 1;
        let bytes = frame.finish();
        let at = Timestamp::from_nanos(self.number * 1_000_000);
        let meta = Meta::new(self.number, at, LinkType::ETHERNET, bytes.len() as u32);
        self.analyzer.observe(&Packet::decode(RawPacket { meta, bytes: &bytes }), &mut self.notes);
    }

    /// `asker` asks for `target`, which answers.
    fn resolve(&mut self, asker: Ipv4Addr, target: Ipv4Addr) {
        let (from, to) = (mac(asker.octets()[3]), mac(target.octets()[3]));
        self.see(FrameBuilder::ethernet(from, MacAddr::BROADCAST).arp(ArpFields::request(from, asker, target)));
        self.see(FrameBuilder::ethernet(to, from).arp(ArpFields::reply(to, target, from, asker)));
    }

    fn send(&mut self, from: MacAddr, to: MacAddr, source: Ipv4Addr, destination: Ipv4Addr) {
        self.see(FrameBuilder::ethernet(from, to).ipv4(Ipv4Fields::new(source, destination)).udp(UdpFields::new(1, 2)));
    }

    fn masks(&self) -> Vec<String> {
        let masks = self.analyzer.report().masks;
        masks
            .iter()
            .map(|mask| format!("{} {}{}", mask.address, mask.range(), if mask.disagrees { " !" } else { "" }))
            .collect()
    }
}

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, last)
}

const OUTSIDE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 9);

#[test]
fn hosts_have_their_addresses_kinds_and_vendors_and_routers_are_told() {
    let mut bench = Bench::default();
    bench.resolve(ip(1), ip(254));
    bench.send(mac(1), mac(254), ip(1), OUTSIDE);
    bench.send(mac(254), mac(1), OUTSIDE, ip(1));
    let hosts = bench.analyzer.report().hosts;
    let host = |wanted: MacAddr| hosts.iter().find(|host| host.mac == wanted).expect("known");
    assert!(host(mac(254)).router && !host(mac(1)).router);
    assert_eq!(host(mac(254)).addresses, [AddressReport { address: ip(254).into(), kind: "documentation" }]);
    assert_eq!(host(mac(1)).kind, "documentation");
    assert!(host(mac(1)).vendor.is_some_and(|name| name.contains("IANA")));
    assert_eq!((host(mac(1)).packets_sent, host(mac(1)).packets_received), (2, 2));
    assert_eq!(host(MacAddr::BROADCAST).kind, "broadcast");
}

#[test]
fn ipv6_neighbours_claim_their_addresses() {
    let target = [0x2001, 0xdb8, 0, 0, 0, 0, 0, 2];
    let mut body = Vec::new();
    body.extend(target.iter().flat_map(|segment: &u16| segment.to_be_bytes()));
    body.extend([2, 1]);
    body.extend(mac(2).octets());
    let mut bench = Bench::default();
    bench.see(
        FrameBuilder::ethernet(mac(2), mac(1))
            .ipv6(Ipv6Fields::new(target, [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]).hop_limit(255))
            .icmp(crate::wire::build::IcmpFields::new(136, 0, 0x6000_0000))
            .payload(&body),
    );
    let hosts = bench.analyzer.report().hosts;
    assert_eq!(hosts.iter().find(|host| host.mac == mac(2)).expect("known").addresses.len(), 1);
}

#[test]
fn n4_a_mask_follows_from_questions_and_from_what_goes_to_the_gateway() {
    let mut bench = Bench::default();
    // .1 asks for .130 itself, so /24 or shorter; it sends 192.0.3.9 to the gateway, so longer than /23.
    bench.resolve(ip(1), ip(254));
    bench.resolve(ip(1), ip(130));
    bench.send(mac(1), mac(254), ip(1), Ipv4Addr::new(192, 0, 3, 9));
    assert!(bench.masks().contains(&"192.0.2.1 /24".to_owned()), "{:?}", bench.masks());
}

#[test]
fn n4_the_address_of_broadcasts_shows_the_mask() {
    let mut bench = Bench::default();
    bench.resolve(ip(10), ip(14));
    bench.send(mac(10), MacAddr::BROADCAST, ip(10), ip(15));
    assert!(bench.masks().contains(&"192.0.2.10 /28 to /29".to_owned()), "{:?}", bench.masks());
}

#[test]
fn n4_a_host_whose_mask_differs_from_its_neighbours_is_named() {
    let mut bench = Bench::default();
    for host in [1, 2, 3] {
        bench.resolve(ip(host), ip(254));
        bench.resolve(ip(host), ip(200));
        bench.send(mac(host), mac(254), ip(host), Ipv4Addr::new(192, 0, 3, 9));
    }
    // .4 sends to the gateway what its neighbours reach themselves: a /25 instead of a /24.
    bench.resolve(ip(4), ip(100));
    bench.see(FrameBuilder::ethernet(mac(254), MacAddr::BROADCAST).arp(ArpFields::request(mac(254), ip(254), ip(4))));
    bench.send(mac(4), mac(254), ip(4), ip(200));
    let masks = bench.masks();
    assert!(masks.contains(&"192.0.2.4 /25 !".to_owned()), "{masks:?}");
    assert_eq!(masks.iter().filter(|mask| mask.ends_with('!')).count(), 1, "{masks:?}");
    bench.analyzer.finish(&mut bench.notes);
    let notes: Vec<&Note> = bench.notes.fresh.iter().filter(|note| note.code() == "mask-disagrees").collect();
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0].fact("host"), Some(&crate::analysis::Fact::Ip(ip(4).into())));
}

#[test]
fn n4_what_a_router_hands_on_says_nothing_of_masks() {
    let mut bench = Bench::default();
    bench.resolve(ip(1), ip(254));
    bench.send(mac(254), mac(1), OUTSIDE, ip(1));
    assert!(!bench.masks().iter().any(|mask| mask.starts_with("198")));
}
