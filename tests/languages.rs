//! The translations are complete: every event, rule, topic, scenario and reason, with every placeholder in its place.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use netlab::analysis::{Analyzer, Fact, Judged, Note, catalogue};
use netlab::capture::{self, OpenOptions};
use netlab::lang::Lang;
use netlab::packet::Remark;
use netlab::pipeline::{self, Patience, Sink};
use netlab::render::explain::{RULES, TOPICS};
use netlab::sim::{EventKind, Reason, RunOptions, Scenario, gallery};

const ZH: Lang = Lang::Chinese;

#[test]
fn every_event_has_a_chinese_line_with_the_same_placeholders_and_an_explanation() {
    let mut missing = Vec::new();
    for entry in catalogue::all() {
        let (line, explanation) = (ZH.line(entry.code, ""), ZH.explanation(entry.code, ""));
        if line.is_empty() || !is_chinese(explanation) {
            missing.push(entry.code.to_owned());
            continue;
        }
        let (english, chinese) = (placeholders(entry.line), placeholders(line));
        if english != chinese {
            missing.push(format!("{}: {english:?} in English, {chinese:?} in Chinese", entry.code));
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

/// The facts of a template: name, and whether it may be missing.
fn placeholders(template: &str) -> BTreeSet<(String, bool)> {
    let mut found = BTreeSet::new();
    let mut optional = false;
    let mut name: Option<String> = None;
    for c in template.chars() {
        match (c, &mut name) {
            ('[', None) => optional = true,
            (']', None) => optional = false,
            ('{', None) => name = Some(String::new()),
            ('}', Some(text)) => {
                // Behind the name stands the noun that it counts.
                let text = std::mem::take(text);
                found.insert((text.split(' ').next().unwrap_or_default().to_owned(), optional));
                name = None;
            }
            (c, Some(text)) => text.push(c),
            _ => {}
        }
    }
    found
}

#[test]
fn every_rule_topic_scenario_and_reason_is_translated() {
    let mut missing = Vec::new();
    for (id, _) in RULES {
        if !is_chinese(ZH.rule(id, "")) {
            missing.push(format!("rule {id}"));
        }
    }
    for topic in TOPICS {
        if ZH.topic(topic.name).is_none_or(|(title, text)| title.is_empty() || !is_chinese(text)) {
            missing.push(format!("topic {}", topic.name));
        }
    }
    for scenario in gallery::all() {
        if ZH.scenario(scenario.name).is_none_or(|(title, story)| !is_chinese(title) || !is_chinese(story)) {
            missing.push(format!("scenario {}", scenario.name));
        }
    }
    for reason in Reason::all() {
        if !is_chinese(ZH.say(reason.sentence())) {
            missing.push(format!("reason {}: {}", reason.code(), reason.sentence()));
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn code_blocks_of_topics_keep_their_numbers() {
    for topic in TOPICS {
        let Some((_, text)) = ZH.topic(topic.name) else { continue };
        // Calculations and diagrams are the same in every language: what stands indented has the same numbers.
        let numbers = |text: &str| -> Vec<String> {
            let indented = text.lines().filter(|line| line.starts_with("  ")).collect::<Vec<_>>().join(" ");
            let words = indented.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty());
            let mut words: Vec<String> = words.map(str::to_owned).collect();
            words.sort();
            words
        };
        let (english, chinese) = (numbers(topic.text), numbers(text));
        let lost: Vec<_> = english.iter().filter(|number| !chinese.contains(number)).collect();
        assert!(lost.is_empty(), "{}: {lost:?}", topic.name);
    }
}

/// The string literals of a source file before its tests, as they are when the program runs, each with what stands
/// before it on the way back to the start of the file.
fn literals(source: &str) -> Vec<(&str, String)> {
    let source = source.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let start = source.len() - rest.len() + at;
        let here = &source[start..];
        let taken = if here.starts_with("//") {
            here.find('\n').unwrap_or(here.len())
        } else if here.starts_with("'\"'") || here.starts_with("'\\\"'") {
            here[1..].find('\'').map_or(1, |end| end + 2)
        } else if here.starts_with('"') {
            let (text, len) = literal(here);
            found.push((&source[..start], text));
            len
        } else {
            1
        };
        rest = &source[start + taken..];
    }
    found
}

/// The text of the literal at the beginning of `source`, and how long it is there.
fn literal(source: &str) -> (String, usize) {
    let mut text = String::new();
    let mut letters = source.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (text, at + 1),
            '\\' => match letters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, '\n')) => while letters.next_if(|(_, next)| next.is_whitespace()).is_some() {},
                Some((_, other)) => text.push(other),
                None => {}
            },
            letter => text.push(letter),
        }
    }
    (text, source.len())
}

/// Every Rust file below a folder of `src`, or the file itself.
fn sources(place: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(place);
    if path.is_file() {
        return vec![(place.to_owned(), fs::read_to_string(path).expect("source"))];
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(path).expect("a folder").flatten() {
        let name = format!("{place}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() || name.ends_with(".rs") {
            all.extend(sources(&name));
        }
    }
    all
}

#[test]
fn every_sentence_that_is_told_has_a_translation_with_the_same_parts() {
    let mut missing = BTreeSet::new();
    for (file, source) in ["render", "cli"].iter().flat_map(|folder| sources(folder)) {
        for (before, text) in literals(&source) {
            let before = before.trim_end();
            let is_said = [".say(", ".tell(", ".heading("].iter().any(|call| before.ends_with(call));
            // The template of `tell!(lang, "…")`, and no literal among its parts.
            let is_told = before.rsplit_once("tell!(").is_some_and(|(_, between)| {
                between.trim_end().strip_suffix(',').is_some_and(|who| !who.contains([',', '"', ';', '{']))
            });
            if is_counted(before) {
                if !ZH.counted().any(|(noun, _)| noun == text) {
                    missing.insert(format!("{file}: noun {text:?}"));
                }
            } else if (is_said || is_told) && needs_words(&text) {
                match ZH.find(&text) {
                    None => drop(missing.insert(format!("{file}: {text:?}"))),
                    Some(chinese) if parts(&text) != parts(chinese) => {
                        missing.insert(format!("{file}: {text:?} has other parts than {chinese:?}"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// True for the noun of `lang.count(number, "noun")`.
fn is_counted(before: &str) -> bool {
    let Some(call) = before.rfind("lang.count(").max(before.rfind("lang.quantity(")) else { return false };
    let mut depth = 0;
    let is_inside = before[call..].chars().skip_while(|c| *c != '(').all(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth > 0
    });
    is_inside && before.ends_with(',')
}

/// False for what is the same in every language: no letters beside the placeholders.
fn needs_words(text: &str) -> bool {
    let mut is_part = false;
    text.chars().any(|c| {
        is_part = (is_part || c == '{') && c != '}';
        !is_part && c.is_alphabetic()
    })
}

#[test]
fn every_translation_has_the_parts_of_its_sentence() {
    // The first part of it is always "somebody".
    let but = ["conflict: {} at {} uses my address {}"];
    let differs = |(english, chinese): &(&str, &str)| parts(english) != parts(chinese) && !but.contains(english);
    let broken: Vec<_> = ZH.phrases().filter(differs).collect();
    assert!(broken.is_empty(), "\n{broken:#?}");
}

/// The numbers of the parts that a template has a place for.
fn parts(template: &str) -> BTreeSet<usize> {
    let mut next = 0;
    let pieces = template.split('{').skip(1);
    pieces
        .map(|piece| {
            let index = piece.split('}').next().and_then(|number| number.parse().ok()).unwrap_or(next);
            next = index + 1;
            index
        })
        .collect()
}

/// The files whose literals of more than one word are all for people, and what of them is not.
const FOR_PEOPLE: &[&str] = &[
    "render/health.rs",
    "render/hosts.rs",
    "render/arp.rs",
    "render/udp.rs",
    "render/icmp.rs",
    "render/fragments.rs",
    "render/connections.rs",
    "render/report",
    "render/ladder/mod.rs",
    "render/simulation.rs",
    "render/simulation/report.rs",
    "render/ledger.rs",
    "render/storm.rs",
    "render/topology/mod.rs",
    "render/subnet",
    "render/messages.rs",
    "render/replay",
];

#[test]
fn every_word_of_the_reports_is_translated() {
    let mut missing = BTreeSet::new();
    for (file, source) in FOR_PEOPLE.iter().flat_map(|place| sources(place)) {
        for (before, text) in literals(&source) {
            let text = text.trim_start_matches('>');
            let is_sentence = text.split(' ').filter(|word| word.len() > 1 && is_word(word)).count() > 1;
            let is_heading = ["table(&[", "headings = [", "heads = [", "headings = vec!["]
                .iter()
                .any(|list| before.rfind(list).is_some_and(|at| !before[at + list.len()..].contains(']')));
            if (is_sentence || is_heading && is_word(text)) && !is_translated(text) {
                missing.insert(format!("{file}: {text:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

fn is_translated(text: &str) -> bool {
    ZH.find(text).is_some() || ZH.counted().any(|(noun, _)| noun == text) || SAME.contains(&text)
}

/// Headings and names that are the same in every language.
const SAME: &[&str] = &["ARP", "MF", "VLAN", "rtt", "zeek", "id"];

fn is_word(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphabetic() || "',.;:!-()".contains(c))
        && text.chars().any(|c| c.is_ascii_lowercase())
}

#[test]
fn no_phrase_is_translated_that_nobody_says() {
    let mut all: BTreeSet<String> = ["render", "cli", "capture", "analysis", "sim", "subnet", "filter", "wire"]
        .iter()
        .flat_map(|folder| sources(folder))
        .flat_map(|(_, source)| literals(&source).into_iter().map(|(_, text)| text).collect::<Vec<_>>())
        .collect();
    // The scripts of pages speak too.
    for entry in
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render/html/assets")).expect("a folder").flatten()
    {
        all.insert(fs::read_to_string(entry.path()).expect("a script"));
    }
    let unused: Vec<_> = ZH
        .phrases()
        .map(|(english, _)| english)
        .filter(|english| {
            !is_said_by_others(english)
                && !all.contains(*english)
                && !all.contains(&format!(">{english}"))
                && !is_retold(english, &all)
        })
        .collect();
    assert!(unused.is_empty(), "\n{unused:#?}");
}

/// What the operating system and the reader of TOML say.
fn is_said_by_others(english: &str) -> bool {
    english.contains("(os error ") || english.contains("missing field")
}

/// What no language translates of what the simulator says: calls as a program wrote them, errors of those who wrote
/// programs, sentences about netlab itself.
fn is_code(text: &str) -> bool {
    ["TypeError", "NameError", "OverflowError", "ENOPROTOOPT"].iter().any(|name| text.contains(name))
        || text.contains("said its end")
        || text.contains('(') && text.contains(')') && !text.contains(" fails: ")
}

#[test]
fn every_sentence_of_the_simulator_and_about_messages_is_retold() {
    let mut missing = BTreeSet::new();
    let places = ["sim/device", "sim/stack", "sim/engine", "sim/scenario/expect.rs", "analysis/messages"];
    for (file, source) in places.iter().flat_map(|place| sources(place)) {
        for (before, text) in literals(&source) {
            // The sentences of a box, not its errors about files and arguments.
            let is_said = [
                "Detail::new(",
                "Detail::new(format!(",
                "self.say(format!(",
                ".say(",
                "line(format!(",
                "Err(",
                "Err(format!(",
                "Statement::wire(",
                "Statement::wire(format!(",
                "Statement::implied(",
                "Statement::implied(format!(",
                "Statement::possible(",
                "Statement::possible(format!(",
            ]
            .iter()
            .any(|call| before.trim_end().ends_with(call));
            let sentence = filled(&text);
            let is_sentence = sentence.split(' ').filter(|word| word.len() > 1 && is_word(word)).count() > 1;
            if is_said
                && is_sentence
                && !is_code(&text)
                && !is_about_files(&file, &text)
                && ZH.retell(&sentence) == sentence
            {
                missing.insert(format!("{file}: {text:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Errors of scenario files stand in English, as all errors do.
fn is_about_files(file: &str, text: &str) -> bool {
    file.ends_with("expect.rs")
        && ["unknown ", "an expectation", "a count is", " is not a "].iter().any(|words| text.contains(words))
}

/// A template with something in each of its places.
fn filled(template: &str) -> String {
    let mut text = String::new();
    let mut is_part = false;
    for letter in template.chars() {
        match letter {
            '{' => is_part = true,
            '}' => {
                is_part = false;
                text.push('7');
            }
            letter if !is_part => text.push(letter),
            _ => {}
        }
    }
    text
}

#[test]
fn every_event_of_the_gallery_is_told_in_chinese() {
    let mut missing = BTreeSet::new();
    // The networks for measuring say nothing that the others do not.
    for entry in gallery::all().iter().filter(|entry| !entry.name.starts_with("lan-")) {
        let scenario = Scenario::parse(entry.name, entry.text).expect("a scenario of the gallery");
        let run = scenario.run(&RunOptions { events: 20_000, ..RunOptions::default() });
        for record in run.engine.records().iter().filter(|record| record.event != EventKind::Expect) {
            let detail = record.detail();
            let lines = detail.iter().flat_map(|detail| &detail.lines).map(|line| &**line);
            for text in lines.chain([record.text()]).filter(|text| !text.is_empty()) {
                let told = ZH.retell(text);
                let is_a_call = record.event == EventKind::Call && is_code(text);
                if !(is_chinese(&told) || text.starts_with("=  ") || is_a_call) {
                    missing.insert(format!("{}: {text}", entry.name));
                }
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// True if the analysis, the simulator or the sums of subnets say this sentence: all that stands between its parts is
/// in their source, as one piece or as two that are put behind each other.
fn is_retold(template: &str, all: &BTreeSet<String>) -> bool {
    let is_said = |piece: &str| piece.trim().len() < 3 || all.iter().any(|text| text.contains(piece));
    let mut pieces = template.split("{}").flat_map(|piece| piece.split([':', ',', ';', '"'])).map(str::trim);
    pieces.all(|piece| {
        let mut blanks = piece.match_indices(' ').map(|(at, _)| at);
        is_said(piece) || blanks.any(|at| is_said(piece[..at].trim()) && is_said(piece[at..].trim()))
    })
}

/// Hears every word that notes about a capture contain.
#[derive(Default)]
struct Words(BTreeSet<(&'static str, &'static str, &'static str)>);

impl Words {
    fn hear(&mut self, note: &Note) {
        for (name, fact) in &note.facts {
            if let Fact::Word(word) = fact {
                self.0.insert((word, note.code(), name));
            }
        }
    }
}

impl Sink for Words {
    fn packet(&mut self, judged: &Judged<'_, '_>) -> std::io::Result<std::ops::ControlFlow<()>> {
        judged.notes.iter().for_each(|note| self.hear(note));
        Ok(std::ops::ControlFlow::Continue(()))
    }
    fn remark(&mut self, _remark: &Remark) -> std::io::Result<()> {
        Ok(())
    }
    fn late_note(&mut self, note: &Note) -> std::io::Result<()> {
        self.hear(note);
        Ok(())
    }
    fn idle(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_word_in_the_notes_of_our_captures_is_translated() {
    let mut words = Words::default();
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"), &mut files);
    assert!(files.len() > 50, "the captures were not found");
    for file in files {
        let mut source = capture::open(&[file], &OpenOptions::default()).expect("a capture");
        pipeline::run(&mut source, None, &mut Analyzer::new(), &mut words, Patience::Hold).expect("it is whole");
    }
    // Names of states, protocols, options, flags, rules and codes are the same in every language.
    let is_name = |word: &str| {
        catalogue::find(word).is_some()
            || RULES.iter().any(|(id, _)| *id == word)
            || !word.contains(' ') && word.chars().any(|c| c.is_ascii_uppercase())
            || ["≥ ESTABLISHED", "tcp", "udp", "icmp", "icmpv6", "ipv4", "ipv6", "arp", "igmp"].contains(&word)
    };
    let missing: Vec<_> = words
        .0
        .iter()
        .filter(|(word, ..)| !word.is_empty() && !is_name(word) && !is_chinese(ZH.say(word)))
        .map(|(word, code, name)| format!("{word:?}   {code} {name}"))
        .collect();
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "pcap" || end == "pcapng") {
            files.push(path);
        }
    }
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(is_chinese_letter)
}

fn is_chinese_letter(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn netlab(arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("netlab runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_command_that_explains_does_so_in_chinese() {
    let capture = "captures/tcp/s-02b-fast-30ms-rtt-10.pcap";
    for (arguments, expected) in [
        (vec!["read", capture], "快速重传 1000 B，3 个重复 ACK"),
        (vec!["analyze", capture], "发现的问题"),
        (vec!["analyze", capture, "--connection", "0"], "建立 1/3"),
        (vec!["why", capture, "13"], "规则"),
        (vec!["explain"], "三次握手"),
        (vec!["explain", "handshake"], "需要三步，是因为"),
        (vec!["explain", "tcp-reset"], "复位（RST）立刻结束连接"),
        (vec!["explain", "D25"], "三个重复 ACK"),
        (vec!["simulate"], "四次挥手"),
        (vec!["analyze", capture, "--connection", "0", "--format", "mermaid"], "建立 1/3"),
        (vec!["analyze", capture, "--connection", "0", "--format", "svg"], "连接 0："),
        (vec!["analyze", capture, "--connection", "0", "--format", "dot"], "快速重传"),
        (vec!["simulate", "arp", "--format", "svg"], "交换机"),
        (vec!["simulate", "arp", "--format", "dot"], "广播询问它的 MAC 地址"),
        (vec!["simulate", "hub"], "集线器不认识地址"),
        (vec!["simulate", "hub", "--view", "ledger"], "网卡忽略发给其他 MAC 地址的帧"),
    ] {
        let english = netlab(&arguments);
        assert!(!english.contains(expected), "{arguments:?} without --lang");
        let chinese = netlab(&[&["--lang", "zh"][..], &arguments].concat());
        assert!(chinese.contains(expected), "{arguments:?}:\n{chinese}");
    }
}

#[test]
fn what_scripts_read_is_the_same_in_every_language() {
    let capture = "captures/tcp/s-02b-fast-30ms-rtt-10.pcap";
    for arguments in [
        vec!["read", "--jsonl", capture],
        vec!["read", "--csv", capture],
        vec!["analyze", "--json", capture],
        vec!["simulate", "--jsonl", "hub"],
    ] {
        assert_eq!(netlab(&arguments), netlab(&[&["--lang", "zh"][..], &arguments].concat()), "{arguments:?}");
    }
}

#[test]
fn tables_stay_aligned_with_characters_of_two_columns() {
    use unicode_width::UnicodeWidthStr as _;
    let text = netlab(&["--lang", "zh", "analyze", "captures/tutorial.pcapng"]);
    let mut lines = text.lines().skip_while(|line| *line != "端点").skip(1);
    let width = lines.next().map_or(0, |line| line.width());
    let table: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    assert!(table.len() > 3 && table.iter().all(|line| line.width() <= width), "{table:?}");
    let columns: BTreeSet<usize> =
        table.iter().filter(|line| !line.contains('═')).map(|line| line.trim_end().width()).collect();
    assert!(columns.len() <= 2, "ragged: {columns:?} {table:?}");
}

#[test]
fn every_scenario_has_its_chinese_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios/zh");
    let mut pages =
        vec![("README".to_owned(), "# 场景\n\n`netlab --lang zh simulate 名称` 运行一个场景。\n\n".to_owned())];
    for entry in gallery::all() {
        let (title, story) = ZH.scenario(entry.name).expect("it is translated");
        let scenario = Scenario::parse(entry.name, entry.text).expect("a scenario of the gallery");
        let name = entry.name;
        pages[0].1 += &format!("- [{name}]({name}.md) {title}\n");
        let mut page = format!("# {name}\n\n{title}\n\n{story}\n\n```sh\nnetlab --lang zh simulate {name}\n");
        page += &format!(
            "netlab --lang zh simulate {name} --view tables\nnetlab --lang zh simulate {name} --html {name}.html\n"
        );
        page += &format!("netlab simulate {name} --show     # 它的文件\n```\n\n");
        // What to look at and to try is written by hand on both pages, with the same names in it.
        let english = fs::read_to_string(folder.join(format!("../{name}.md"))).expect("the English page");
        let written = fs::read_to_string(folder.join(format!("{name}.md"))).unwrap_or_default();
        for (mark, title) in [("**Look at:** ", "**看：** "), ("**Try:** ", "**试：** ")] {
            let found =
                |page: &str, mark: &str| page.split("\n\n").find(|part| part.starts_with(mark)).map(str::to_owned);
            let (told, telling) = (found(&english, mark), found(&written, title));
            assert_eq!(told.is_some(), telling.is_some(), "docs/scenarios/zh/{name}.md: {title}");
            if let (Some(told), Some(telling)) = (told, telling) {
                let names = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
                assert_eq!(names(&told), names(&telling), "docs/scenarios/zh/{name}.md: {title}");
                page += &format!("{telling}\n\n");
            }
        }
        if !scenario.expectations().is_empty() {
            page += "它预期：\n\n";
            page.extend(scenario.expectations().iter().map(|expectation| format!("- `{}`\n", expectation.line)));
            page.push('\n');
        }
        page += &format!("[英文页面](../{name}.md)\n");
        pages.push((name.to_owned(), page));
    }
    let is_blessed = std::env::var_os("NETLAB_BLESS").is_some_and(|value| value == "1");
    for (name, page) in &pages {
        let file = folder.join(format!("{name}.md"));
        if is_blessed {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(&file, page).expect("a page");
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == *page, "docs/scenarios/zh/{name}.md: NETLAB_BLESS=1 writes it anew");
    }
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), pages.len(), "pages of scenarios that are gone");
}

/// What a command prints for readers of Chinese, on both streams, whatever its status.
fn printed_in_chinese(arguments: &[&str]) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(["--lang", "zh"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "200")
        .output()
        .expect("netlab runs");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Two words of English or more behind each other, in what netlab says by itself.
fn left_in_english(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_quoted = false;
    let mut words: Vec<&str> = Vec::new();
    let mut end = |words: &mut Vec<&str>| {
        let said = std::mem::take(words).join(" ");
        if said.contains(' ') && !STAYS.iter().any(|stays| stays.contains(&said)) {
            found.push(said);
        }
    };
    for piece in line.split_inclusive([' ', '"']) {
        let word = piece.trim_end_matches([' ', '"', ',']);
        let is_octet = word.len() == 2 && word.bytes().all(|octet| octet.is_ascii_hexdigit());
        if !is_quoted && !is_octet && !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_lowercase()) {
            words.push(word);
        } else {
            end(&mut words);
        }
        if piece.ends_with('"') {
            end(&mut words);
            is_quoted = !is_quoted;
        }
    }
    end(&mut words);
    found
}

/// What stays as it is: commands, the language of framings, evidence that was put into words where no languages are
/// known, and comments of the files themselves.
const STAYS: &[&str] =
    &["netlab messages", "body until", "the sender's other segments have", "other segments have", "snap length"];

#[test]
fn nothing_is_left_in_english_in_what_is_said_of_our_captures() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("captures"), &mut files);
    let scan = |file: &std::path::PathBuf| {
        let file = file.to_str().expect("UTF-8");
        let mut left = Vec::new();
        for command in
            [&["read", file][..], &["analyze", file], &["messages", file], &["analyze", file, "--connection", "0"]]
        {
            for line in printed_in_chinese(command).lines() {
                // The line of a packet stays as tcpdump would write it; what is concluded stands behind it.
                let said = match command[0] {
                    "read" if !line.contains('↑') => {
                        line.find("  · ").or(line.find("  ! ")).map_or("", |at| &line[at..])
                    }
                    _ => line,
                };
                left.extend(left_in_english(said).into_iter().map(|words| format!("{command:?}: {words:?} in {line}")));
            }
        }
        left
    };
    let left: Vec<String> = in_parallel(&files, scan);
    assert!(left.is_empty(), "\n{}", left.join("\n"));
}

#[test]
fn nothing_is_left_in_english_in_what_is_said_of_our_scenarios() {
    let names: Vec<&str> =
        gallery::all().iter().map(|entry| entry.name).filter(|name| !name.starts_with("lan-")).collect();
    let scan = |name: &&str| {
        let mut left = Vec::new();
        // What the time line and the ledger say is held by the test of every event. A moment is enough for the rest.
        for view in ["report", "tables"] {
            for line in printed_in_chinese(&["simulate", name, "--view", view, "--until", "50ms"]).lines() {
                // Lines of the scenario's file stay as they are there.
                let is_expectation = ["✓", "✗"].iter().any(|mark| line.trim_start().starts_with(mark));
                let words = if is_expectation { Vec::new() } else { left_in_english(line) };
                left.extend(words.into_iter().map(|words| format!("{name} {view}: {words:?} in {line}")));
            }
        }
        left
    };
    let left = in_parallel(&names, scan);
    assert!(left.is_empty(), "\n{}", left.join("\n"));
}

/// What `work` finds in each of `all`, with two at a time.
fn in_parallel<T: Sync>(all: &[T], work: impl Fn(&T) -> Vec<String> + Sync) -> Vec<String> {
    let half = all.len().div_ceil(2);
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            all.chunks(half.max(1)).map(|part| scope.spawn(|| part.iter().flat_map(&work).collect())).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|_| vec!["a scan broke down".to_owned()]))
            .collect()
    })
}

#[test]
fn errors_that_a_student_meets_first_are_told_in_chinese() {
    let folder = tempfile::tempdir().expect("a folder");
    let in_folder = |name: &str, octets: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, octets).expect("written");
        path.display().to_string()
    };
    let (junk, empty) = (in_folder("junk", b"this is no capture"), in_folder("empty", b""));
    let capture = "captures/tcp/handshake.pcap";
    let cut = in_folder(
        "cut.pcap",
        &fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(capture)).expect("a capture")[..150],
    );
    for (arguments, expected) in [
        (vec!["read", "no-such-file.pcap"], "打不开 no-such-file.pcap：没有这个文件"),
        (vec!["read", &junk], "它不是捕获文件：开头是 'this is '"),
        (vec!["read", &empty], "它是空的"),
        (vec!["read", &cut], "第 2 条记录不完整：头部说有 62 字节，只剩 32 字节；它之前的那个包是完整的"),
        (vec!["read", "captures"], "它是目录"),
        (
            vec!["read", capture, "prot", "tcp"],
            "捕获过滤器：`prot` 不是捕获过滤器的词\n  prot tcp\n  ^^^^\n  是不是 `port`？",
        ),
        (vec!["read", capture, "port 80 and"], "但过滤器到此为止"),
        (vec!["read", capture, "other.pcap"], "也没有叫这个名字的文件"),
        (vec!["read", capture, "-Y", "tcp.prt == 80"], "显示过滤器：`tcp.prt` 不是字段或协议"),
        (vec!["why", capture, "999"], "没有第 999 包"),
        (vec!["analyze", capture, "--connection", "9"], "没有连接 9：捕获里只有一个连接，编号是 0"),
        (vec!["explain", "handshke"], "是不是 handshake？"),
        (vec!["simulate", "apr"], "没有场景“apr”：是不是“arp”？"),
        (vec!["subnet", "192.0.2.300"], "第 4 个字节是 300"),
        (vec!["subnet", "192.0.2.0/33"], "/33 太长"),
        #[cfg(all(feature = "live", target_os = "linux"))]
        (vec!["capture", "no-such-nic"], "没有接口 no-such-nic"),
    ] {
        let said = printed_in_chinese(&arguments);
        assert!(said.contains(expected), "{arguments:?}:\n{said}");
    }
}
