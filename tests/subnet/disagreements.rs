//! Where calculators disagree, netlab's answer: one test for each line of that list.

use serde_json::json;

use crate::tool::{json, refusal, text};

#[test]
fn a_31_has_two_hosts_and_no_broadcast() {
    let block = json("10.0.0.0/31");
    assert!(block.get("broadcast").is_none());
    assert_eq!(block["usable"], "2");
    assert_eq!((&block["first_host"], &block["last_host"]), (&json!("10.0.0.0"), &json!("10.0.0.1")));
    assert!(text("10.0.0.0/31").contains("RFC 3021"));
}

#[test]
fn a_32_is_a_host_route_of_one_address() {
    let block = json("10.0.0.5/32");
    assert_eq!((&block["addresses"], &block["usable"]), (&json!("1"), &json!("1")));
    assert!(block.get("broadcast").is_none());
    assert!(text("10.0.0.5/32").contains("host route"));
}

#[test]
fn a_0_has_all_addresses_and_two_fewer_for_hosts() {
    let block = json("10.0.0.1/0");
    assert_eq!((&block["addresses"], &block["usable"]), (&json!("4294967296"), &json!("4294967294")));
    let all = json("::/0");
    assert_eq!(all["addresses"], "340282366920938463463374607431768211456");
}

#[test]
fn without_a_mask_no_class_is_guessed() {
    for address in ["0.0.0.0", "10.0.0.1", "192.168.1.1"] {
        assert_eq!(json(address)["prefix_len"], 32, "{address}");
    }
    assert_eq!(json("2001:db8::1")["prefix_len"], 128);
}

#[test]
fn a_mask_with_a_hole_is_refused_and_the_bit_is_shown() {
    for arguments in ["10.0.0.1 255.0.255.0", "10.0.0.1/255.0.255.0"] {
        let said = refusal(arguments);
        assert!(said.contains("bit 17 is 1 after a 0"), "{said}");
        assert!(said.contains("11111111.00000000.11111111.00000000"), "{said}");
    }
}

#[test]
fn a_wildcard_is_never_taken_silently() {
    for arguments in ["10.0.0.0 0.0.0.255", "10.0.0.0/0.0.0.255"] {
        let said = refusal(arguments);
        assert!(said.contains("wildcard") && said.contains("--wildcard") && said.contains("10.0.0.0/24"), "{said}");
        assert_eq!(json(&format!("{arguments} --wildcard"))["network"], "10.0.0.0");
        assert_eq!(json(&format!("{arguments} --wildcard"))["prefix_len"], 24);
    }
}

#[test]
fn masks_in_hexadecimal_are_accepted() {
    for arguments in ["10.1.2.3 0xffffff00", "10.1.2.3/0xffffff00", "10.1.2.3/0XFFFFFF00"] {
        assert_eq!(json(arguments)["prefix_len"], 24, "{arguments}");
    }
}

#[test]
fn leading_zeros_are_refused_and_the_ambiguity_is_explained() {
    let said = refusal("192.168.01.010");
    assert!(said.contains("decimal") && said.contains("octal"), "{said}");
    assert!(said.contains("192.168.1.10") && said.contains("192.168.1.8"), "{said}");
}

#[test]
fn missing_octets_are_refused_with_a_suggestion() {
    assert!(refusal("192.168.1/24").contains("did you mean 192.168.1.0/24?"));
}

#[test]
fn host_bits_are_masked_and_that_is_said() {
    let block = json("192.168.1.77/24");
    assert_eq!((&block["address"], &block["network"]), (&json!("192.168.1.77"), &json!("192.168.1.0")));
    assert_eq!(block["offset"], "77");
    for arguments in
        ["split 192.168.1.77/24 26", "plan 192.168.1.77/24 20", "merge 192.168.1.77/24", "range 192.168.1.77/24"]
    {
        assert!(text(arguments).contains("note: 192.168.1.77/24 has host bits set"), "{arguments}");
    }
}

#[test]
fn errors_end_with_status_2_and_a_sentence_on_standard_error() {
    for arguments in [
        "300.1.1.1",
        "10.0.0.1/33",
        "2001:db8::/129",
        "nonsense",
        "split 10.0.0.0/8",
        "merge 10.0.0",
        "same 10.0.0.1 10.0.0.2",
    ] {
        let said = crate::tool::run(arguments);
        assert_eq!((said.status, said.stdout.as_str()), (2, ""), "{arguments}");
        assert!(!said.stderr.is_empty(), "{arguments}");
    }
}

#[test]
fn vlsm_satisfies_every_request() {
    let plan = json("plan 192.168.1.0/24 100,50,20");
    let rows: Vec<_> =
        plan["subnets"].as_array().expect("subnets").iter().map(|row| (&row["block"], &row["usable"])).collect();
    assert_eq!(
        rows,
        [
            (&json!("192.168.1.0/25"), &json!("126")),
            (&json!("192.168.1.128/26"), &json!("62")),
            (&json!("192.168.1.192/27"), &json!("30"))
        ]
    );
    assert_eq!(plan["gaps"], json!(["192.168.1.224/27"]));
    assert_eq!((&plan["spare"], &plan["free"]), (&json!("48"), &json!("32")));
    let text = text("plan 192.168.1.0/24 100,50,20");
    assert!(text.contains("(free)") && text.contains("48 of them"), "{text}");
}

#[test]
fn an_ipv6_64_has_two_to_the_64_addresses_and_its_anycast_is_named() {
    let block = json("2001:db8::1/64");
    assert_eq!(
        (&block["addresses"], &block["usable"]),
        (&json!("18446744073709551616"), &json!("18446744073709551616"))
    );
    assert_eq!(block["ipv6"]["subnet_router_anycast"], "2001:db8::");
    assert!(block.get("broadcast").is_none());
    assert!(text("2001:db8::1/64").contains("router anycast  2001:db8::"));
}

#[test]
fn an_ipv6_127_has_two_addresses() {
    let block = json("2001:db8::/127");
    assert_eq!((&block["addresses"], &block["usable"]), (&json!("2"), &json!("2")));
    assert_eq!((&block["first_host"], &block["last_host"]), (&json!("2001:db8::"), &json!("2001:db8::1")));
    assert!(text("2001:db8::/127").contains("RFC 6164"));
}

#[test]
fn an_ipv6_128_has_no_host_bits() {
    let block = json("::1/128");
    assert_eq!(
        (&block["host_bits"], &block["addresses"], &block["kind"]),
        (&json!(0), &json!("1"), &json!("loopback"))
    );
}

#[test]
fn unique_local_addresses_show_their_fields() {
    let block = json("fd12:3456:789a:1::1/64");
    assert_eq!(block["kind"], "unique-local");
    assert_eq!(
        block["ipv6"]["unique_local"],
        json!({"locally_assigned": true, "global_id": "123456789a", "subnet_id": "0001"})
    );
    assert_eq!(json("fd12:3456:789a::/48")["kind"], "unique-local");
}

#[test]
fn documentation_addresses_are_called_so() {
    for block in ["2001:db8::", "2001:db8::/32", "3fff::/20", "192.0.2.1/24", "198.51.100.0/24", "203.0.113.9"] {
        assert_eq!(json(block)["kind"], "documentation", "{block}");
    }
}

#[test]
fn mapped_addresses_show_the_ipv4_network_inside() {
    let block = json("::ffff:192.168.1.10/120");
    assert_eq!(block["kind"], "ipv4-mapped");
    let inside = &block["ipv6"]["embedded_ipv4"];
    assert_eq!(
        (&inside["form"], &inside["address"], &inside["network"]),
        (&json!("mapped"), &json!("192.168.1.10"), &json!("192.168.1.0/24"))
    );
    assert!(text("::ffff:192.168.1.10/120").contains("network 192.168.1.0/24"));
}

#[test]
fn shared_address_space_is_neither_private_nor_public() {
    let block = json("100.64.0.0/10");
    assert_eq!(block["kind"], "shared");
    assert_eq!(block["registry"]["source"], "RFC 6598");
    assert_eq!(block["registry"]["globally_reachable"], false);
}

#[test]
fn reverse_zones_are_those_that_are_delegated() {
    let zones = |block: &str| json(block)["reverse_zones"].clone();
    assert_eq!(zones("10.1.2.0/23"), json!(["2.1.10.in-addr.arpa", "3.1.10.in-addr.arpa"]));
    assert_eq!(zones("10.1.2.0/24"), json!(["2.1.10.in-addr.arpa"]));
    assert_eq!(zones("10.1.2.64/26"), json!(["64/26.2.1.10.in-addr.arpa"]), "RFC 2317");
    assert_eq!(zones("10.1.2.3/32"), json!(["3.2.1.10.in-addr.arpa"]));
    assert_eq!(zones("2001:db8::/47"), json!(["0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"]));
    assert_eq!(zones("::/0"), json!(["ip6.arpa"]));
    assert_eq!(zones("0.0.0.0/0"), json!(["in-addr.arpa"]));
    assert_eq!(zones("10.0.0.0/9").as_array().map(Vec::len), Some(128));
}

#[test]
fn with_wildcard_a_lone_address_is_no_mask() {
    let block = json("192.168.1.10 --wildcard");
    assert_eq!((&block["address"], &block["netmask"]), (&json!("192.168.1.10"), &json!("255.255.255.255")));
    assert!(refusal("10.0.0.1 192.168.1.10 --wildcard").contains("is no wildcard"));
    assert!(refusal("10.0.0.1 255.255.255.0 --wildcard").contains("is a mask"));
}
