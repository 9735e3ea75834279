//! What is accepted, and what is said to what is not.

use super::*;

fn reads(text: &str) -> String {
    block(text, None, MaskStyle::Mask).unwrap_or_else(|refusal| panic!("{text}: {refusal}")).block.to_string()
}

fn refusal(text: &str) -> Refusal {
    match block(text, None, MaskStyle::Mask) {
        Ok(parsed) => panic!("{text} was read as {}", parsed.block),
        Err(refusal) => refusal,
    }
}

/// Each reading that a refusal offers must itself be accepted.
fn assert_readings_are_accepted(text: &str) {
    for reading in refusal(text).meant {
        let mut words = reading.split_whitespace();
        let (address, mask) = (words.next().expect("a word"), words.next());
        block(address, mask, MaskStyle::Mask).unwrap_or_else(|again| panic!("{text} -> {reading}: {again}"));
    }
}

#[test]
fn every_form_of_a_mask_gives_the_same_block() {
    let forms =
        ["192.0.2.10/26", "192.0.2.10/255.255.255.192", "192.0.2.10/0xffffffc0", "0xc000020a/26", " 192.0.2.10/26 "];
    for form in forms {
        assert_eq!(reads(form), "192.0.2.10/26", "{form}");
    }
    let apart = |mask| block("192.0.2.10", Some(mask), MaskStyle::Mask).expect(mask).block.to_string();
    for mask in ["255.255.255.192", "/26", "26", "0xffffffc0"] {
        assert_eq!(apart(mask), "192.0.2.10/26", "{mask}");
    }
    assert_eq!(reads("2001:db8::1/ffff:ffff::"), "2001:db8::1/32");
    assert_eq!(reads("0x20010db8000000000000000000000001/64"), "2001:db8::1/64");
    assert_eq!(reads("::ffff:192.0.2.1/120"), "::ffff:192.0.2.1/120");
    assert_eq!(reads("2001:DB8::A/64"), "2001:db8::a/64");
}

#[test]
fn every_mask_there_is_reads_back_as_its_length() {
    for family in [Family::Ipv4, Family::Ipv6] {
        for len in 0..=family.bits() {
            let block = Block::new(family.address(0), len).expect("a length of the family");
            assert_eq!(mask(&block.netmask().to_string(), family, MaskStyle::Mask).as_ref(), Ok(&len));
            assert_eq!(mask(&block.wildcard().to_string(), family, MaskStyle::Wildcard).as_ref(), Ok(&len));
            assert_eq!(mask(&len.to_string(), family, MaskStyle::Mask).as_ref(), Ok(&len));
        }
    }
}

#[test]
fn every_other_value_of_an_octet_is_no_mask() {
    for octet in 0..=255u8 {
        let is_mask = octet.leading_ones() + octet.trailing_zeros().min(8) == 8;
        let read = mask(&format!("255.255.{octet}.0"), Family::Ipv4, MaskStyle::Mask);
        assert_eq!(read.is_ok(), is_mask, "{octet}: {read:?}");
    }
}

#[test]
fn n2_a_mask_with_a_hole_is_refused_with_the_bit_shown() {
    let refusal = refusal("10.0.0.1/255.0.255.0");
    let text = refusal.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[1], "  11111111.00000000.11111111.00000000");
    assert_eq!(lines[2], "                    ^ bit 17 is 1 after a 0");
    assert_eq!(&lines[1][20..21], "1", "the arrow points at the bit");
    assert_eq!(refusal.meant, ["10.0.0.1/8", "10.0.0.1/24"]);
}

#[test]
fn the_arrow_points_at_a_one_that_follows_a_zero_whatever_the_mask() {
    let mut rng = crate::base::Rng::new(3);
    for _ in 0..2000 {
        let bits = rng.next_u32();
        let text = std::net::Ipv4Addr::from_bits(bits).to_string();
        let (Err(mask_refusal), Err(wildcard_refusal)) =
            (mask(&text, Family::Ipv4, MaskStyle::Mask), mask(&text, Family::Ipv4, MaskStyle::Wildcard))
        else {
            continue;
        };
        for (refusal, wrong) in [(mask_refusal, '1'), (wildcard_refusal, '0')] {
            let text = refusal.to_string();
            let lines: Vec<_> = text.lines().collect();
            let column = lines[2].find('^').expect("an arrow");
            let before: Vec<char> = lines[1][..column].chars().filter(|c| "01".contains(*c)).collect();
            assert_eq!(lines[1].chars().nth(column), Some(wrong), "{text}");
            let position: usize = before.len() + 1;
            assert!(lines[2].contains(&format!("bit {position} is")), "{text}");
            assert_ne!(before.last(), Some(&wrong), "{text}");
        }
    }
}

#[test]
fn a_wildcard_is_taken_only_when_it_was_announced() {
    let refusal = refusal("10.0.0.0/0.0.0.255");
    assert!(refusal.reason.contains("wildcard"), "{refusal}");
    assert_eq!(refusal.meant, ["10.0.0.0/24"]);
    let read = |text| block(text, None, MaskStyle::Wildcard);
    assert_eq!(read("10.0.0.0/0.0.0.255").expect("a wildcard").block.to_string(), "10.0.0.0/24");
    assert_eq!(read("10.0.0.0/0.0.0.0").expect("a wildcard").block.to_string(), "10.0.0.0/32");
    assert!(read("10.0.0.0/255.255.255.0").is_err(), "a mask is no wildcard");
    assert_eq!(reads("10.0.0.0/0.0.0.0"), "10.0.0.0/0", "as a mask, no ones at all");
}

#[test]
fn a_leading_zero_is_refused_and_both_readings_are_offered() {
    assert_eq!(refusal("192.168.01.010").meant, ["192.168.1.10", "192.168.1.8"]);
    assert_eq!(refusal("192.168.01.010/24").meant, ["192.168.1.10/24", "192.168.1.8/24"]);
    assert_eq!(refusal("10.0.0.09").meant, ["10.0.0.9"], "09 is no octal number");
}

#[test]
fn missing_octets_are_not_filled_up() {
    assert_eq!(refusal("192.168.1/24").meant, ["192.168.1.0/24"]);
    assert_eq!(refusal("10/8").meant, ["0.0.0.10/8"]);
    assert_eq!(refusal("10.1").meant, ["10.1.0.0"]);
}

#[test]
fn refusals_name_what_is_wrong() {
    let cases = [
        ("", "missing"),
        ("192.0.2.256", "octet 4"),
        ("192.0.2.1.5", "5 octets"),
        ("192.0.2.x", "octet 4"),
        ("192.0..2.1", "octet 3"),
        ("192.0.2.1/33", "32 bits"),
        ("192.0.2.1/-1", "/0 to /32"),
        ("192.0.2.1/", "missing"),
        ("/24", "no address"),
        ("192.0.2.1/24/25", "more than one slash"),
        ("192.0.2.1\\24", "backslash"),
        ("192.0.2.1:80", "port"),
        ("[2001:db8::1]", "brackets"),
        ("http://192.0.2.1/", "URL"),
        ("example.com", "looks like a name"),
        ("00:00:5e:00:53:01", "MAC address"),
        ("2001:db8::1/129", "128 bits"),
        ("2001:db8::1/255.255.0.0", "IPv4 mask"),
        ("192.0.2.1/ffff::", "IPv6 mask"),
        ("2001:db8:::1", "three colons"),
        ("2001:db8::1::2", "twice"),
        ("2001:db8:1", "3 of eight groups"),
        ("1:2:3:4:5:6:7:8:9", "9 of eight groups"),
        ("1:2:3:4::5:6:7:8", "8 groups beside"),
        ("2001:db8::12345", "at most four"),
        ("2001:db8::g", "not hexadecimal"),
        ("::1.2.3.999", "octet 4"),
        ("1.2.3.4::", "in its middle"),
        (":1:2:3:4:5:6:7", "single colon"),
        ("0xc0", "2 hexadecimal digits"),
        ("0xzz", "no hexadecimal digit"),
        ("3232235786", "bare number"),
        ("192.0.2.5-192.0.2.9", "3 blocks"),
        ("192.0.2.0-192.0.2.255", "range"),
        ("192.0.2.5-9", "not a whole address"),
        ("192.0.2.9-192.0.2.5", "backwards"),
        ("192.0.2.9-2001:db8::1", "other"),
        ("%eth0", "not an address"),
        ("fe80::1%", "zone"),
        ("192.0.2.1/024", "leading zero"),
        ("c0000201", "not an address"),
        ("０.0.0.0", "octet 1"),
    ];
    for (text, part) in cases {
        let refusal = refusal(text);
        assert!(refusal.to_string().contains(part), "{text}: {refusal}");
        assert_readings_are_accepted_unless_range(text);
    }
}

/// Ranges are offered to those who typed one, and a block does not take them.
fn assert_readings_are_accepted_unless_range(text: &str) {
    if !text.contains('-') {
        assert_readings_are_accepted(text);
    }
}

#[test]
fn refusals_show_no_control_characters() {
    for text in [
        "1.2.3.\u{1b}[31m4",
        "\u{202e}1.2.3.4",
        "2001:db8::\u{7}",
        "1.2.3.4/\u{1b}c",
        "0x\u{1b}",
        "fe80::1\u{1b}%x",
        "a\u{1b}b",
    ] {
        let shown = refusal(text).to_string();
        assert!(!shown.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{shown:?}");
    }
}

#[test]
fn a_zone_is_put_aside_and_that_is_said() {
    let parsed = block("fe80::1%eth0/64", None, MaskStyle::Mask).expect("a zone");
    assert_eq!(parsed.block.to_string(), "fe80::1/64");
    assert!(parsed.remarks[0].contains("eth0"), "{:?}", parsed.remarks);
}

#[test]
fn ranges_are_read_in_every_form() {
    let read = |text| span(text, &mut Vec::new()).map(|span| span.to_string());
    assert_eq!(read("192.0.2.5-192.0.2.9").as_deref(), Ok("192.0.2.5-192.0.2.9"));
    assert_eq!(read("192.0.2.5 - 192.0.2.9").as_deref(), Ok("192.0.2.5-192.0.2.9"));
    assert_eq!(read("192.0.2.5\u{2013}192.0.2.9").as_deref(), Ok("192.0.2.5-192.0.2.9"), "a dash from a text");
    assert_eq!(read("192.0.2.5+5").as_deref(), Ok("192.0.2.5-192.0.2.9"), "five addresses");
    assert_eq!(read("255.255.255.255+1").as_deref(), Ok("255.255.255.255-255.255.255.255"));
    assert_eq!(read("2001:db8::1-2001:db8::ff").as_deref(), Ok("2001:db8::1-2001:db8::ff"));
    assert_eq!(read("192.0.2.77/24").as_deref(), Ok("192.0.2.0-192.0.2.255"));
    assert!(read("255.255.255.255+2").expect_err("too far").reason.contains("past the end"));
    assert!(read("192.0.2.5+0").is_err());
    assert!(read("192.0.2.5+x").is_err());
    let most = format!("::+{}", u128::MAX);
    assert_eq!(read(&most).as_deref(), Ok("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"));
}

#[test]
fn host_bits_in_a_network_are_cleared_and_that_is_said() {
    let parsed = network("192.0.2.77/24", None, MaskStyle::Mask).expect("a network");
    assert_eq!(parsed.block.to_string(), "192.0.2.0/24");
    assert!(parsed.remarks[0].contains("host bits"), "{:?}", parsed.remarks);
    assert!(network("192.0.2.0/24", None, MaskStyle::Mask).expect("a network").remarks.is_empty());
}

#[test]
fn random_texts_never_panic_and_readings_that_are_offered_are_accepted() {
    let mut rng = crate::base::Rng::new(11);
    let alphabet: Vec<char> = "0123456789abcdefx.:/%-+ []\\fF:.1240".chars().collect();
    let seeds = [
        "192.168.1.10/24",
        "2001:db8::1/64",
        "10.0.0.0/255.255.0.0",
        "::ffff:1.2.3.4",
        "0xc0000201/8",
        "10.0.0.1-10.0.0.9",
    ];
    for _ in 0..20_000 {
        let mut text: Vec<char> = seeds[rng.below(6) as usize].chars().collect();
        for _ in 0..=rng.below(4) {
            let position = rng.below(text.len() as u64 + 1) as usize;
            let letter = alphabet[rng.below(alphabet.len() as u64) as usize];
            match rng.below(3) {
                0 => text.insert(position, letter),
                1 if position < text.len() => text[position] = letter,
                _ if position < text.len() => drop(text.remove(position)),
                _ => {}
            }
        }
        let text: String = text.into_iter().collect();
        let _ = span(&text, &mut Vec::new());
        let Err(refusal) = block(&text, None, MaskStyle::Mask) else { continue };
        if text.contains(['-', '+', ' ']) {
            continue;
        }
        for reading in refusal.meant {
            // Of two mistakes one may be left, but an offered address is one.
            let address_text = reading.split('/').next().unwrap_or_default();
            if text.matches('/').count() <= 1 && !text.contains('\\') && !reading.starts_with('/') {
                assert!(address(address_text, &mut Vec::new()).is_ok(), "{text} -> {reading}");
            }
        }
    }
}
