//! Where packets go.

use super::*;
use crate::base::Rng;

fn block(text: &str) -> Block {
    crate::subnet::parse::block(text, None, Default::default()).expect(text).block
}

fn address(text: &str) -> IpAddr {
    text.parse().expect(text)
}

fn decided(sender: &str, target: &str, gateway: Option<&str>) -> Decision {
    decide(block(sender), block(target), target.contains('/'), gateway.map(address))
        .unwrap_or_else(|refusal| panic!("{sender} to {target}: {refusal}"))
}

fn refused(sender: &str, target: &str, gateway: &str) -> String {
    match decide(block(sender), block(target), false, Some(address(gateway))) {
        Ok(decision) => panic!("{decision:?}"),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn n3_in_the_same_network_the_target_is_asked_for() {
    let decision = decided("192.168.1.10/24", "192.168.1.20", Some("192.168.1.1"));
    assert!(decision.same_network);
    assert_eq!(decision.next_hop, NextHop::Direct { ask_for: address("192.168.1.20") });
}

#[test]
fn n3_in_another_network_the_gateway_is_asked_for() {
    let decision = decided("192.168.1.10/24", "192.168.2.20", Some("192.168.1.1"));
    assert!(!decision.same_network);
    assert_eq!(decision.next_hop, NextHop::Gateway { ask_for: address("192.168.1.1") });
    assert_eq!(decision.target.network, address("192.168.2.0"), "the AND of the target under the sender's mask");
}

#[test]
fn n3_a_gateway_outside_the_senders_network_is_an_error_that_is_explained() {
    let text = refused("192.168.1.10/24", "192.168.2.20", "192.168.2.1");
    assert!(text.contains("not in 192.168.1.10's network"), "{text}");
    assert!(text.contains("192.168.2.1 AND 255.255.255.0 is 192.168.2.0"), "{text}");
    assert!(text.contains("192.168.1.1 to 192.168.1.254"), "{text}");
    for gateway in ["192.168.1.0", "192.168.1.255", "192.168.1.10", "2001:db8::1"] {
        assert!(refused("192.168.1.10/24", "192.168.2.20", gateway).contains("gateway"), "{gateway}");
    }
}

#[test]
fn without_a_gateway_another_network_is_unreachable() {
    let decision = decided("192.168.1.10/24", "192.168.2.20", None);
    assert_eq!(decision.next_hop, NextHop::Unreachable);
    assert!(decision.remarks[0].contains("Network is unreachable"));
}

#[test]
fn decisions_agree_with_comparing_bits_one_by_one() {
    let mut rng = Rng::new(9);
    for _ in 0..5000 {
        let len = rng.below(33) as u8;
        let sender = 0x0a00_0000 | rng.next_u32() >> 8;
        let target = sender ^ (1u32.checked_shl(rng.below(24) as u32).unwrap_or(0));
        let bit = |number: u32, position: u8| number >> (31 - position) & 1;
        let same = (0..len).all(|position| bit(sender, position) == bit(target, position));
        let sender = Block::at(Family::Ipv4, u128::from(sender), len);
        let target = Block::host(Family::Ipv4.address(u128::from(target)));
        let Ok(decision) = decide(sender, target, false, None) else { continue };
        assert_eq!(decision.same_network, same, "{sender} {target}");
    }
}

#[test]
fn masks_that_disagree_are_remarked() {
    let near = decided("192.168.1.10/16", "192.168.2.20/24", None);
    assert!(near.same_network && near.remarks.iter().any(|remark| remark.contains("masks disagree")));
    let far = decided("192.168.1.10/24", "192.168.2.20/16", Some("192.168.1.1"));
    assert!(!far.same_network && far.remarks.iter().any(|remark| remark.contains("past the gateway")));
    assert!(decided("192.168.1.10/24", "192.168.1.20/24", None).remarks.is_empty());
}

#[test]
fn groups_and_broadcasts_need_no_question() {
    let mac = |target| match decided("192.168.1.10/24", target, Some("192.168.1.1")).next_hop {
        NextHop::Group { mac } => mac.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(mac("224.0.0.251"), "01:00:5e:00:00:fb");
    assert_eq!(mac("239.255.1.2"), "01:00:5e:7f:01:02");
    assert_eq!(mac("255.255.255.255"), "ff:ff:ff:ff:ff:ff");
    assert_eq!(mac("192.168.1.255"), "ff:ff:ff:ff:ff:ff");
    assert_eq!(decided("192.168.1.10/24", "192.168.1.10", None).next_hop, NextHop::Itself);
    assert_eq!(decided("192.168.1.10/24", "127.0.0.1", None).next_hop, NextHop::Itself);
}

#[test]
fn ipv6_asks_in_the_solicited_node_group_and_link_local_is_always_near() {
    let decision = decided("2001:db8::10/64", "2001:db8:1::20", Some("fe80::1"));
    assert_eq!(decision.next_hop, NextHop::Gateway { ask_for: address("fe80::1") });
    assert_eq!(decision.solicited_node, Some("ff02::1:ff00:1".parse().expect("a group")));
    let near = decided("2001:db8::10/64", "fe80::5", None);
    assert_eq!(near.next_hop, NextHop::Direct { ask_for: address("fe80::5") });
    assert!(!near.same_network);
}

#[test]
fn point_to_point_links_have_no_addresses_set_apart() {
    assert_eq!(decided("192.0.2.0/31", "192.0.2.1", None).next_hop, NextHop::Direct { ask_for: address("192.0.2.1") });
}

#[test]
fn no_host_has_the_networks_own_or_the_broadcast_address() {
    for sender in ["192.168.1.0/24", "192.168.1.255/24", "224.0.0.1/24", "0.0.0.0/0"] {
        assert!(decide(block(sender), block("192.168.1.20"), false, None).is_err(), "{sender}");
    }
    assert!(decide(block("192.168.1.1/24"), block("2001:db8::1"), false, None).is_err());
}
