//! The house rules that can be checked by reading the source: who may import whom, where each outside crate lives, and
//! what library code never does.

use std::fs;
use std::path::{Path, PathBuf};

/// For each module: what of ours it may use. `cli` may use all.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("wire", &["base"]),
    ("packet", &["base", "wire"]),
    ("filter", &["base", "wire", "packet", "analysis"]),
    ("capture", &["base", "wire", "packet", "filter"]),
    ("analysis", &["base", "wire", "packet"]),
    ("sim", &["base", "wire", "packet"]),
    ("subnet", &["base"]),
    ("lang", &[]),
    ("render", &["base", "wire", "packet", "analysis", "sim", "subnet", "filter", "lang"]),
    ("pipeline", &["base", "wire", "packet", "analysis", "filter", "render"]),
];

/// Outside crates and the modules that are their only homes.
const HOMES: &[(&str, &[&str])] = &[
    ("etherparse", &["wire"]),
    ("hmac", &["analysis"]),
    ("md5", &["analysis", "sim"]),
    ("sha1", &["analysis"]),
    ("sha2", &["analysis", "render"]),
    ("simple_dns", &["wire"]),
    ("httparse", &["wire"]),
    ("tls_parser", &["wire"]),
    ("pcap_file", &["capture"]),
    ("pcap_parser", &["capture"]),
    ("flate2", &["capture"]),
    ("ruzstd", &["capture"]),
    ("lz4_flex", &["capture"]),
    ("pnet", &["capture"]),
    ("nix", &["capture", "cli"]),
    ("libc", &["capture"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("terminal_size", &["cli"]),
    ("signal_hook", &["cli", "capture"]),
    ("comfy_table", &["render"]),
    ("indicatif", &["cli"]),
    ("ratatui", &["cli"]),
    ("serde_json", &["render", "analysis"]),
    ("toml", &["sim"]),
    ("smoltcp", &["sim"]),
    ("ipnet", &["subnet"]),
    ("regex_lite", &["filter"]),
];

#[test]
fn modules_import_only_what_lies_below_them() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for (number, line) in code_lines(&text) {
            for (name, _) in LAYERS.iter().chain(&[("cli", &[][..])]) {
                let used = line.contains(&format!("crate::{name}::")) || line.contains(&format!("crate::{name};"));
                if used && *name != module && !allowed.contains(name) {
                    broken.push(format!("{}:{number}: {module} may not use {name}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_outside_crate_stays_in_its_home() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        for (number, line) in code_lines(&text) {
            for (name, homes) in HOMES {
                // A path's first segment: not the end of a longer name (`ipnet` ends in `pnet`), not a module of ours.
                let path = format!("{name}::");
                let used = line.match_indices(&path).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if used && !homes.contains(&module.as_str()) {
                    broken.push(format!("{}:{number}: {name} lives in {homes:?}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn library_code_neither_prints_nor_exits_nor_asks_the_clock() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let module = module_of(&file);
        for (number, line) in code_lines(&text) {
            for forbidden in ["println!", "print!(", "eprintln!", "dbg!(", "process::exit", "todo!(", "unimplemented!("]
            {
                if line.contains(forbidden) {
                    broken.push(format!("{}:{number}: {forbidden}", file.display()));
                }
            }
            let clock =
                line.contains("SystemTime::now") || line.contains("Instant::now") || line.contains("Zoned::now");
            if clock
                && !matches!(module.as_str(), "cli")
                && !file.ends_with("capture/live.rs")
                && !file.to_string_lossy().contains("capture/live/")
            {
                broken.push(format!("{}:{number}: asks the clock", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn no_path_of_a_machine_stands_in_the_tree() {
    let root = root();
    let mut broken = Vec::new();
    for folder in ["src", "tests", "xtask", "docs", "captures"] {
        walk(&root.join(folder), &mut |file| {
            if let Ok(text) = fs::read_to_string(file)
                && ["/home/", "/root/", concat!("/wo", "rk/")].iter().any(|path| text.contains(path))
                && !file.ends_with("tidy.rs")
            {
                broken.push(file.display().to_string());
            }
        });
    }
    assert!(broken.is_empty(), "{broken:?}");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `src`, by its path from there.
fn sources() -> Vec<(PathBuf, String)> {
    let src = root().join("src");
    let mut files = Vec::new();
    walk(&src, &mut |file| {
        if file.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(file).expect("source is readable text");
            files.push((file.strip_prefix(&src).expect("below src").to_owned(), text));
        }
    });
    assert!(files.len() > 10, "the source was not found");
    files
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            if !path.ends_with("target") {
                walk(&path, visit);
            }
        } else {
            visit(&path);
        }
    }
}

fn module_of(file: &Path) -> String {
    let first = file.components().next().expect("a path").as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Lines that are not comments, with their numbers; test modules at the end of a file count as code.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_start()))
        .filter(|(_, line)| !line.starts_with("//"))
}

/// The rules about TCP, by letter and how many there are, and what else of the rules has a name of its own.
const TCP_RULES: &[(&str, usize)] =
    &[("c", 7), ("h", 20), ("e", 2), ("t", 11), ("r", 10), ("d", 31), ("k", 14), ("w", 6), ("q", 7), ("p", 9)];

#[test]
fn every_rule_about_tcp_has_a_test_that_bears_its_name() {
    let mut parts = std::collections::BTreeSet::new();
    let mut names = Vec::new();
    for folder in ["src", "tests"] {
        walk(&root().join(folder), &mut |file| {
            if file.extension().is_some_and(|extension| extension == "rs") {
                names.extend(test_names(&fs::read_to_string(file).expect("a source file can be read")));
            }
        });
    }
    for name in &names {
        parts.extend(name.split('_').map(str::to_owned));
    }
    let missing: Vec<String> = TCP_RULES
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .filter(|rule| !parts.contains(rule))
        .collect();
    assert!(missing.is_empty(), "no test bears {missing:?} in its name");
    // The conformance captures have names of their own, s_01 and so on; those of fragments, links and readers bear the
    // rules of these.
    for scene in [1, 4, 5, 6, 7, 8, 11, 14, 15, 16, 17, 18, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 41] {
        let start = format!("s_{scene:02}");
        assert!(names.iter().any(|name| name.starts_with(&start)), "no test is named {start}…");
    }
    assert!(names.iter().any(|name| name.starts_with("s_3_11_")), "no test is named s_3_11_…");
    // What the page says of other tools rests on rules in brackets, each of which has its test.
    let page = fs::read_to_string(root().join("docs/TCP.md")).expect("docs/TCP.md is there");
    let (_, rest) = page.split_once("## Where netlab differs").expect("the page has this part");
    let table = rest.split_once("\n\nA few refinements").map_or(rest, |(table, _)| table);
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| event")).collect();
    assert!(rows.len() >= 20, "the table of differences has only {} rows", rows.len());
    for row in rows {
        let rules: Vec<String> = row
            .split(['(', ')', ',', ' ', '–'])
            .filter(|word| {
                let (letter, number) = word.split_at(word.len().min(1));
                "CHETRDKWQP".contains(letter)
                    && !number.is_empty()
                    && number.chars().all(|digit| digit.is_ascii_digit())
            })
            .map(str::to_lowercase)
            .collect();
        assert!(!rules.is_empty() || row.contains("(3.6)"), "no rule stands in {row}");
        for rule in rules {
            assert!(parts.contains(&rule), "{rule} of this row has no test: {row}");
        }
    }
}

/// Names of the test functions in a source file, those made by the list of scenes included.
fn test_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
            names.extend(rest.split_once('(').map(|(name, _)| name.to_owned()));
        }
        is_test = line.starts_with("#[test]") || is_test && line.starts_with("#[");
        if let Some((name, rest)) = line.split_once(' ')
            && rest.starts_with('"')
            && rest.ends_with("\";")
            && name.starts_with(|letter: char| letter.is_ascii_lowercase())
        {
            names.push(name.to_owned());
        }
    }
    names
}
