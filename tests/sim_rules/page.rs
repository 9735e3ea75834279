//! The list of rules in `docs/SIMULATOR_RULES.md` is whole: each rule has its tests, each test of a rule is in the list.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use netlab::sim::gallery;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all tests of the simulator's rules, from the sources.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![root().join("src/sim"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("source is readable text");
                names.extend(text.lines().filter_map(|line| rule_name(&path, line)));
            }
        }
    }
    names
}

/// `fn b4_…()`, or `b4_… {` in a list of rules.
fn rule_name(path: &Path, line: &str) -> Option<String> {
    let line = line.trim();
    let name = line.strip_prefix("fn ").and_then(|rest| rest.split_once("()")).map(|(name, _)| name);
    let in_list = path.parent().is_some_and(|folder| folder.ends_with("sim_rules"));
    let name = name.or_else(|| line.strip_suffix(" {").filter(|name| in_list && !name.contains(' ')))?;
    let is_rule = ["b1_", "b2_", "b3_", "b4_", "b5_", "b6_", "b7_", "link_", "ipv6_", "dhcp_"]
        .iter()
        .any(|id| name.starts_with(id))
        || (2..=8).any(|section| name.starts_with(&format!("s3{section}_")));
    is_rule.then(|| name.to_owned())
}

#[test]
fn the_page_of_rules_and_the_tests_name_each_other() {
    let page = fs::read_to_string(root().join("docs/SIMULATOR_RULES.md")).expect("the page");
    let tests = tests();
    assert!(tests.len() > 80, "{}", tests.len());
    let mut listed = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut sections = BTreeSet::new();
    for row in page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| rule |")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [id, _, proofs] = cells.as_slice() else {
            wrong.push(format!("not three cells: {row}"));
            continue;
        };
        sections.insert((*id).to_owned());
        let proofs: Vec<&str> = proofs.split('`').skip(1).step_by(2).collect();
        if proofs.is_empty() {
            wrong.push(format!("nothing proves: {row}"));
        }
        for proof in proofs {
            match proof.strip_prefix("simulate ") {
                Some(scenario) if gallery::find(scenario).is_none() => wrong.push(format!("no scenario {scenario}")),
                Some(_) => {}
                None if !tests.contains(proof) => wrong.push(format!("no test {proof}")),
                None => drop(listed.insert(proof.to_owned())),
            }
        }
    }
    let rules = ["B1", "B2", "B3", "B4", "B5", "B6", "B7", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7", "3.8", "link"];
    wrong.extend(rules.iter().filter(|id| !sections.contains(**id)).map(|id| format!("no row for {id}")));
    wrong.extend(tests.difference(&listed).map(|test| format!("not in the list: {test}")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
