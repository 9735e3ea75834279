//! The documentation holds: the tour prints what it says, every page stands in the summary, every link leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What a command line of the tour prints, standard error included, on a terminal of 100 columns in UTC.
fn run(line: &str) -> String {
    let netlab = Path::new(env!("CARGO_BIN_EXE_netlab")).parent().expect("a folder");
    let path = format!("{}:{}", netlab.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", &format!("{line} 2>&1")])
        .current_dir(root())
        .env("PATH", path)
        .env("COLUMNS", "100")
        .env("TZ", "UTC")
        .env("NO_COLOR", "1")
        .output()
        .expect("sh runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[test]
fn the_tour_prints_what_it_says() {
    let page = root().join("docs/TOUR.md");
    let written = fs::read_to_string(&page).expect("the tour");
    let mut printed = String::new();
    let mut is_console = false;
    for line in written.lines() {
        if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            printed.push_str(&format!("{line}\n{}", run(command)));
        } else if line == "```console" || line == "```" {
            is_console = line == "```console";
            printed.push_str(&format!("{line}\n"));
        } else if !is_console {
            printed.push_str(&format!("{line}\n"));
        }
    }
    if std::env::var_os("NETLAB_BLESS").is_some() {
        fs::write(&page, &printed).expect("the tour is written");
        return;
    }
    for (number, (written, printed)) in written.lines().zip(printed.lines()).enumerate() {
        assert_eq!(written, printed, "docs/TOUR.md:{}; NETLAB_BLESS=1 writes the page anew", number + 1);
    }
    assert_eq!(written.lines().count(), printed.lines().count(), "NETLAB_BLESS=1 writes the page anew");
    assert!(!printed.contains("netlab: "), "a command of the tour fails:\n{printed}");
}

/// The pages of a folder and of those below it.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
}

/// Targets of the links of a page, without those into the net.
fn links(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        is_code ^= line.starts_with("```");
        if !is_code {
            found.extend(line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target)));
        }
    }
    found.retain(|target| !target.contains("://") && !target.starts_with('#') && !target.contains(' '));
    found
}

#[test]
fn every_link_leads_to_a_file() {
    let mut all = vec![root().join("README.md"), root().join("CONTRIBUTING.md")];
    pages(&root().join("docs"), &mut all);
    assert!(all.len() > 40, "the pages were not found");
    let mut broken = Vec::new();
    for page in all {
        let text = fs::read_to_string(&page).expect("a page");
        for target in links(&text) {
            let file = page.parent().expect("a folder").join(target.split('#').next().unwrap_or_default());
            if !file.exists() {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_page_stands_in_the_summary() {
    let docs = root().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).expect("the summary");
    let listed = links(&summary);
    let mut all = Vec::new();
    pages(&docs, &mut all);
    let names = all.iter().filter_map(|page| page.strip_prefix(&docs).ok()?.to_str());
    let missing: Vec<_> = names.filter(|name| *name != "SUMMARY.md" && !listed.contains(name)).collect();
    assert!(missing.is_empty(), "not in docs/SUMMARY.md: {missing:?}");
}
