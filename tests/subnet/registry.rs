//! The registries of IANA as published (2025-10-09), row by row, against netlab's tables.

use ipnet::IpNet;
use netlab::subnet::registry::{Answer, Row, address_space, row_of, rows_around, special_purpose};
use netlab::subnet::{Block, Family};

use crate::tool::json_lines;

/// A row as published.
struct Published {
    blocks: Vec<IpNet>,
    name: String,
    documents: Vec<String>,
    allocated: String,
    terminated: Option<String>,
    answers: [Answer; 5],
}

fn published(family: Family) -> Vec<Published> {
    let text = match family {
        Family::Ipv4 => include_str!("iana-ipv4-special-registry-1.csv"),
        Family::Ipv6 => include_str!("iana-ipv6-special-registry-1.csv"),
    };
    let without_footnote = |cell: &str| cell.split('[').next().unwrap_or_default().trim().to_owned();
    csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(|record| {
            let record = record.expect("a row");
            Published {
                blocks: record[0].split(',').map(|block| without_footnote(block).parse().expect("a block")).collect(),
                name: record[1].trim_matches('"').to_owned(),
                documents: numbers(&record[2]),
                allocated: record[3].to_owned(),
                terminated: (&record[4] != "N/A").then(|| record[4].to_owned()),
                answers: std::array::from_fn(|index| match without_footnote(&record[5 + index]).as_str() {
                    "True" => Answer::Yes,
                    "False" => Answer::No,
                    "N/A" => Answer::NotApplicable,
                    "" => Answer::Unstated,
                    other => panic!("'{other}' in a cell"),
                }),
            }
        })
        .collect()
}

/// Numbers of documents and sections, in order.
fn numbers(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.');
    words.map(|word| word.trim_matches('.').to_owned()).filter(|word| !word.is_empty()).collect()
}

fn ip_net(block: Block) -> IpNet {
    IpNet::new(block.address(), block.prefix_len()).expect("a block")
}

#[test]
fn every_row_of_the_registries_is_in_the_tables_and_no_other() {
    for (family, rows) in [(Family::Ipv4, 25), (Family::Ipv6, 25)] {
        let published = published(family);
        assert_eq!(published.len(), rows);
        let mut own = special_purpose(family).iter();
        for row in &published {
            for block in &row.blocks {
                let own = own.next().unwrap_or_else(|| panic!("{block} is missing"));
                let special = own.special.expect("a row of the registry");
                assert_eq!(ip_net(own.block), *block);
                assert_eq!(own.name, row.name, "{block}");
                assert_eq!(numbers(own.source), row.documents, "{block}");
                assert_eq!(special.allocated, row.allocated, "{block}");
                assert_eq!(special.terminated, row.terminated.as_deref(), "{block}");
                let answers = [
                    special.usable_as_source,
                    special.usable_as_destination,
                    special.forwardable,
                    special.globally_reachable,
                    special.reserved_by_protocol,
                ];
                assert_eq!(answers, row.answers, "{block}");
                assert!(!own.meaning.is_empty() && !own.kind.is_empty(), "{block}");
            }
        }
        assert!(own.next().is_none(), "rows that the registry does not have");
    }
}

#[test]
fn first_last_and_middle_address_of_every_row_find_the_most_specific_row() {
    for family in [Family::Ipv4, Family::Ipv6] {
        let all: Vec<&Row> = special_purpose(family).iter().chain(address_space(family)).collect();
        for row in &all {
            let (first, last) = (Family::number(row.block.network()), Family::number(row.block.last()));
            let outside = [first.checked_sub(1), last.checked_add(1).filter(|number| *number <= family.largest())];
            let numbers = [first, last, first + (last - first) / 2, first + (last - first) / 3];
            for number in numbers.into_iter().chain(outside.into_iter().flatten()) {
                let address = family.address(number);
                // By hand: of all published blocks that have the address, the longest prefix.
                let expected = all
                    .iter()
                    .filter(|row| ip_net(row.block).contains(&address))
                    .max_by_key(|row| row.block.prefix_len())
                    .expect("the whole space has it");
                let found = row_of(Block::host(address));
                assert_eq!((found.block, found.name), (expected.block, expected.name), "{address}");
                assert_eq!(rows_around(Block::host(address))[0].block, expected.block, "{address}");
            }
            assert_eq!(row_of(row.block).block, row.block, "a row is its own nearest");
        }
    }
}

#[test]
fn kinds_prints_every_row() {
    for (option, family) in [("-4", Family::Ipv4), ("-6", Family::Ipv6)] {
        let rows = json_lines(&format!("kinds {option}"));
        let own = special_purpose(family).iter().chain(address_space(family));
        let expected: Vec<_> = own.map(|row| row.block.to_string()).collect();
        let blocks: Vec<_> = rows.iter().map(|row| row["block"].as_str().expect("text").to_owned()).collect();
        assert_eq!(blocks, expected);
        let text = crate::tool::text(&format!("kinds {option}"));
        for block in expected {
            assert!(text.contains(&format!(" {block} ")), "{block} is cut in\n{text}");
        }
    }
}

#[test]
fn the_standard_library_agrees_about_the_kinds_it_knows() {
    let mut rng = netlab::base::Rng::new(2);
    for _ in 0..50_000 {
        let number = u128::from(rng.next_u32());
        let std::net::IpAddr::V4(address) = Family::Ipv4.address(number) else { unreachable!() };
        let kind = row_of(Block::host(address.into())).kind;
        assert_eq!(address.is_private(), kind == "private", "{address}");
        assert_eq!(address.is_loopback(), kind == "loopback", "{address}");
        assert_eq!(address.is_link_local(), kind == "link-local", "{address}");
        assert!(!address.is_multicast() || matches!(kind, "multicast" | "documentation"), "{address}");
        let number = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
        let std::net::IpAddr::V6(address) = Family::Ipv6.address(number) else { unreachable!() };
        let kind = row_of(Block::host(address.into())).kind;
        assert_eq!(address.is_unique_local(), kind == "unique-local", "{address}");
        assert_eq!(address.is_unicast_link_local(), kind == "link-local", "{address}");
        assert_eq!(address.is_multicast(), kind == "multicast", "{address}");
    }
}
