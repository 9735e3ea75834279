//! Python's `ipaddress` as witness. All questions go through one process; `NETLAB_SUBNET_CASES` says how many random ones
//! are asked beside the edge cases (5000 if it is not set; a million takes some minutes without optimization).

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::net::IpAddr;
use std::process::{Command, Stdio};

use netlab::base::Rng;
use netlab::subnet::parse::{self, MaskStyle};
use netlab::subnet::{Block, Count, Family, Span, merge, pointer_name, subtract};

use crate::model::{cases, random_block};

#[test]
fn python_agrees_about_every_edge_and_many_random_cases() {
    let found = Command::new("python3").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        let why = "python3 is not installed, whose ipaddress is the witness";
        assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "required, but {why}");
        eprintln!("skipped: {why}");
        return;
    }
    let random: usize = match std::env::var("NETLAB_SUBNET_CASES") {
        Ok(text) => text.parse().expect("NETLAB_SUBNET_CASES is a number"),
        Err(_) => 5000,
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("questions");
    let count = write_questions(&path, random);
    let mut child = Command::new("python3")
        .args(["-c", include_str!("oracle.py")])
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 starts");
    let answers = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let questions = BufReader::new(File::open(&path).expect("the questions")).lines();
    let mut checked = 0;
    for (question, answer) in questions.zip(answers) {
        let (question, answer) = (question.expect("a question"), answer.expect("an answer"));
        check(&question, &answer);
        checked += 1;
    }
    assert!(child.wait().expect("python3 ends").success());
    assert_eq!(checked, count, "every question was answered");
    eprintln!("{checked} questions, {random} of them random");
}

/// Writes every edge case and `random` others; gives their number.
fn write_questions(path: &std::path::Path, random: usize) -> usize {
    let mut file = BufWriter::new(File::create(path).expect("a file"));
    let mut rng = Rng::new(0x5eed);
    let mut count = 0;
    let mut ask = |question: String| {
        writeln!(file, "{question}").expect("written");
        count += 1;
    };
    for block in cases(0, &mut rng) {
        ask(format!("block {block}"));
        ask(format!("range {} {}", block.network(), block.last()));
        ask(format!("pair {} {}", block.truncated(), Block::host(block.address())));
        ask(format!("range {} {}", block.address(), block.last()));
        let longer = (block.prefix_len() + 3).min(block.family().bits());
        ask(format!("split {} {longer}", block.truncated()));
    }
    for _ in 0..random {
        let block = random_block(&mut rng);
        let network = block.truncated();
        ask(match rng.below(20) {
            0..=10 => format!("block {block}"),
            11..=13 => format!("pair {network} {}", neighbour(network, &mut rng)),
            14 | 15 => {
                let other = neighbour(block, &mut rng);
                let (one, other) = (block.address().min(other.address()), block.address().max(other.address()));
                format!("range {one} {other}")
            }
            16 | 17 => {
                let mut words = String::new();
                let mut last = network;
                for _ in 0..=rng.below(6) {
                    words += &format!(" {last}");
                    last = neighbour(last, &mut rng);
                }
                format!("merge{words}")
            }
            18 => {
                let longer = network.prefix_len() + rng.below(6) as u8;
                format!("split {network} {}", longer.min(network.family().bits()))
            }
            _ => format!("text {}", misspelled(block, &mut rng)),
        });
    }
    file.flush().expect("written");
    count
}

/// A network of the same family that has some bits in common: next to it, around it or in it.
fn neighbour(block: Block, rng: &mut Rng) -> Block {
    let bits = u64::from(block.family().bits());
    let near = u64::from(block.prefix_len()).saturating_sub(2) + rng.below(5);
    let prefix_len = if rng.below(4) == 0 { rng.below(bits + 1) } else { near.min(bits) } as u8;
    let flipped = Family::number(block.address()) ^ 1u128 << rng.below(bits);
    let number = if rng.below(3) == 0 { Family::number(block.address()) } else { flipped };
    Block::new(block.family().address(number), prefix_len).expect("a length of the family").truncated()
}

/// A block in one of its spellings, with up to three letters wrong.
fn misspelled(block: Block, rng: &mut Rng) -> String {
    let text = match rng.below(3) {
        0 => format!("{}/{}", block.address(), block.netmask()),
        1 => block.address().to_string(),
        _ => block.to_string(),
    };
    let mut text: Vec<char> = text.chars().collect();
    let alphabet: Vec<char> = "0123456789abcdef.:/".chars().collect();
    for _ in 0..rng.below(4) {
        let position = rng.below(text.len() as u64) as usize;
        let letter = alphabet[rng.below(alphabet.len() as u64) as usize];
        match rng.below(3) {
            0 => text.insert(position, letter),
            1 if text.len() > 1 => drop(text.remove(position)),
            _ => text[position] = letter,
        }
    }
    text.into_iter().collect()
}

fn check(question: &str, answer: &str) {
    let (kind, text) = question.split_once(' ').expect("a kind");
    let words: Vec<&str> = text.split(' ').collect();
    let networks = || -> Vec<Block> { words.iter().map(|word| read(word)).collect() };
    match kind {
        "block" => check_block(read(text), answer),
        "pair" => check_pair(read(words[0]), read(words[1]), answer),
        "range" => {
            let span = parse::from_to(words[0], words[1], &mut Vec::new()).expect(question);
            assert_eq!(span.blocks().collect::<Vec<_>>(), list(answer), "{question}");
        }
        "merge" => {
            let spans: Vec<Span> = networks().into_iter().map(Span::from).collect();
            let merged: Vec<Block> = merge(&spans).into_iter().flat_map(Span::blocks).collect();
            assert_eq!(merged, list(answer), "{question}");
        }
        "split" => {
            let prefix_len = words[1].parse().expect("a length");
            let block = read(words[0]);
            let parts: Vec<Block> = block.parts(prefix_len).expect("longer").collect();
            assert_eq!(block.part_count(prefix_len), Count::new(parts.len() as u128), "{question}");
            assert_eq!(parts, list(answer), "{question}");
        }
        _ => check_text(text, answer),
    }
}

fn check_block(block: Block, answer: &str) {
    let fields: Vec<&str> = answer.split(' ').collect();
    let address = |index: usize| -> IpAddr { fields[index].parse().expect("an address") };
    assert_eq!(block.network(), address(0), "{block}");
    assert_eq!(block.last(), address(1), "{block}");
    assert_eq!(block.netmask(), address(2), "{block}");
    assert_eq!(block.wildcard(), address(3), "{block}");
    assert_eq!(block.prefix_len().to_string(), fields[4], "{block}");
    assert_eq!(block.addresses().to_string(), fields[5], "{block}");
    assert_eq!(block.first_host(), address(6), "{block}");
    assert_eq!(pointer_name(block.address()), fields[7], "{block}");
    assert_eq!(block.address(), address(8), "{block}");
    assert_eq!(Family::number(block.address()).to_string(), fields[9], "{block}");
    let kind = netlab::subnet::registry::row_of(Block::host(block.address())).kind;
    let flags: Vec<bool> = fields[10].chars().map(|flag| flag == '1').collect();
    let is_multicast = kind == "multicast" || kind == "documentation" && block.address().is_multicast();
    assert_eq!(is_multicast, flags[0], "{block}: {kind}");
    assert_eq!(kind == "loopback", flags[1], "{block}: {kind}");
    assert_eq!(kind == "link-local", flags[2], "{block}: {kind}");
    assert_eq!(matches!(kind, "unspecified" | "this-host"), flags[3], "{block}: {kind}");
}

fn check_pair(one: Block, other: Block, answer: &str) {
    let (flags, left) = answer.split_once(' ').unwrap_or((answer, ""));
    let own = [one.overlaps(other), one.holds(other), other.holds(one)].map(|flag| if flag { '1' } else { '0' });
    assert_eq!(own.iter().collect::<String>(), flags, "{one} {other}");
    if !left.is_empty() {
        let rest = subtract(&[Span::from(one)], &[Span::from(other)]);
        assert_eq!(rest.into_iter().flat_map(Span::blocks).collect::<Vec<_>>(), list(left), "{one} - {other}");
    }
}

/// Texts with mistakes in them: what Python takes netlab takes as the same, and what it refuses netlab refuses, but for
/// the differences that are wanted.
fn check_text(text: &str, answer: &str) {
    let own = parse::block(text, None, MaskStyle::Mask);
    let mask = text.split_once('/').map(|(_, mask)| mask).unwrap_or_default();
    match (own, answer) {
        (Ok(parsed), "no") => {
            // Python takes no IPv6 masks written as addresses.
            assert!(mask.contains(':'), "Python refuses '{text}', read here as {}", parsed.block);
        }
        (Err(_), "no") => {}
        (Ok(parsed), answer) => {
            let block = parsed.block;
            assert_eq!(format!("{} {}", Family::number(block.address()), block.prefix_len()), answer, "{text}");
        }
        (Err(refusal), _) => {
            // Python takes wildcards silently, and lengths with leading zeros.
            let is_zero_led =
                mask.len() > 1 && mask.starts_with('0') && mask.bytes().all(|octet| octet.is_ascii_digit());
            assert!(refusal.reason.contains("wildcard") || is_zero_led, "Python takes '{text}': {refusal}");
        }
    }
}

fn read(text: &str) -> Block {
    parse::block(text, None, MaskStyle::Mask).unwrap_or_else(|refusal| panic!("{text}: {refusal}")).block
}

fn list(text: &str) -> Vec<Block> {
    text.split_whitespace().map(read).collect()
}
