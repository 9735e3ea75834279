//! The pages that netlab writes, opened in Chromium: they complain about nothing, ask for nothing, can be clicked
//! through, and are legible on a desk and on a telephone. Skipped where Chromium is not installed.

mod chromium;
mod octets;
mod photograph;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use chromium::Chromium;

/// Captures of every kind that a page shows: connections, losses, messages, fragments, ARP, storms, ICMP.
const CAPTURES: [&str; 10] = [
    "tutorial.pcapng",
    "tcp/s-02b-fast-30ms-rtt-10.pcap",
    "tcp/s-04-zero-window.pcap",
    "tcp/s-16-r1-refused.pcap",
    "sessions/sticky-1.pcapng",
    "sessions/command-json.pcapng",
    "fragments/fr8-other-octets.pcap",
    "fragments/i1-ping.pcap",
    "link/l3-conflict.pcap",
    "link/l6-loop.pcap",
];
const SCENARIOS: [&str; 5] = ["arp", "handshake", "broadcast-storm", "nat", "mtu-fragments"];

fn netlab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netlab")).args(arguments).output().expect("netlab runs")
}

fn made(arguments: &[&str], page: &Path) {
    let page = page.to_str().expect("a name");
    let output = netlab(&[arguments, &["--html", page]].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

/// Nothing is wider than the window, and no letter is smaller than 9 pixels.
fn is_legible(browser: &mut Chromium, what: &str) {
    let wide = browser.value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
    assert!(wide.as_f64().is_some_and(|wide| wide <= 0.0), "{what} is {wide} pixels too wide");
    let small = browser.value(
        "(() => { const found = []; const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); \
         for (let node = walk.nextNode(); node; node = walk.nextNode()) { \
           const one = node.parentElement; if (!node.data.trim() || !one.getClientRects().length || one.closest('script')) continue; \
           const scale = one.ownerSVGElement ? one.getScreenCTM().a : 1; \
           if (parseFloat(getComputedStyle(one).fontSize) * scale < 9) found.push(node.data.slice(0, 30)); } return found.slice(0, 5); })()",
    );
    assert_eq!(small.as_array().map(Vec::len), Some(0), "{what} has letters that are too small: {small}");
}

/// Chooses every heading, row, tab and button once, those that appear meanwhile too.
fn click_through(browser: &mut Chromium) {
    let clicked = browser.value(
        "(async () => { const done = new Set(); let count = 0; \
         for (let round = 0; round < 4; round++) { \
           for (const one of document.querySelectorAll('button, tr.go, summary, .device')) { \
             if (done.has(one) || count > 250 || !one.isConnected) continue; done.add(one); count++; \
             one.dispatchEvent(new MouseEvent('click', { bubbles: true })); } \
           await new Promise((resolve) => setTimeout(resolve, 30)); } return count; })()",
    );
    assert!(clicked.as_u64().is_some_and(|count| count > 3), "{clicked} things could be chosen");
}

#[test]
fn pages_of_captures_open_can_be_clicked_through_and_are_legible() {
    let Some(mut browser) = Chromium::start() else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    for name in CAPTURES {
        let page = scratch.path().join("page.html");
        made(&["analyze", capture(name).to_str().expect("a name")], &page);
        for (width, scheme) in [(1280, "light"), (400, "dark")] {
            let what = format!("{name} at {width}");
            browser.open(&page, width, scheme);
            browser.complaints(&what);
            is_legible(&mut browser, &what);
            if browser.value("data.connections.length > 0") == true {
                browser.click("#connections ~ div tbody tr.go");
                for tab in ["Ladder", "Graphs", "Messages", "Events"] {
                    browser.value(&format!(
                        "[...document.querySelectorAll('[role=tab]')].find((tab) => tab.textContent === {tab:?})?.click()"
                    ));
                    // A graph is drawn when its place is known.
                    browser
                        .value("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
                    is_legible(&mut browser, &format!("{what}, {tab}"));
                }
            }
            click_through(&mut browser);
            browser.complaints(&what);
        }
    }
}

/// On paper as wide as A4 between its margins: all of it is there, in dark letters on white, and nothing that only a screen has.
#[test]
fn pages_fit_on_paper() {
    let Some(mut browser) = Chromium::start() else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let page = scratch.path().join("page.html");
    let lost = capture("tcp/s-02b-fast-30ms-rtt-10.pcap");
    let made_of: [&[&str]; 2] = [&["analyze", lost.to_str().expect("a name")], &["simulate", "arp"]];
    for arguments in made_of {
        made(arguments, &page);
        browser.open(&page, 700, "dark");
        if arguments[0] == "analyze" {
            browser.click("#connections ~ div tbody tr.go");
        }
        let dark = serde_json::json!([{"name": "prefers-color-scheme", "value": "dark"}]);
        browser.call("Emulation.setEmulatedMedia", serde_json::json!({"media": "print", "features": dark}));
        browser
            .value("dispatchEvent(new Event('beforeprint')), new Promise((resolve) => requestAnimationFrame(resolve))");
        let what = format!("{} on paper", arguments[0]);
        is_legible(&mut browser, &what);
        let hidden = "[...document.querySelectorAll('.wide, .log, .stage, pre')].filter((one) => \
                      one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible').map((one) => one.className)";
        assert_eq!(browser.value(hidden), serde_json::json!([]), "{what}: only a screen can move these sideways");
        let buttons = "[...document.querySelectorAll('button.plain, select, input, nav')].filter((one) => one.getClientRects().length).length";
        assert_eq!(browser.value(buttons), 0, "{what}: buttons");
        let ground = browser.value("getComputedStyle(document.body).backgroundColor");
        assert_eq!(ground, "rgb(255, 255, 255)", "{what}");
        if arguments[0] == "simulate" {
            assert_eq!(
                browser.value("document.querySelector('details pre').getClientRects().length"),
                1,
                "the report is open"
            );
        }
        let printed = browser.call("Page.printToPDF", serde_json::json!({"paperWidth": 8.27, "paperHeight": 11.69}));
        assert!(printed["data"].as_str().is_some_and(|data| data.len() > 10_000), "{what}");
        browser.call("Emulation.setEmulatedMedia", serde_json::json!({"media": ""}));
    }
}

#[test]
fn a_connection_shows_its_ladder_its_graphs_and_why() {
    let Some(mut browser) = Chromium::start() else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let page = scratch.path().join("page.html");
    made(&["analyze", capture("tcp/s-02b-fast-30ms-rtt-10.pcap").to_str().expect("a name")], &page);
    browser.open(&page, 1280, "light");
    browser.click("#connections ~ div tbody tr.go");
    let rungs = browser
        .value("[...document.querySelectorAll('.rung:not(.head)')].map((one) => one.className + '|' + one.innerText)");
    let rungs: Vec<&str> = rungs.as_array().expect("a list").iter().filter_map(|one| one.as_str()).collect();
    assert_eq!(rungs.len(), 18, "as many as packets");
    assert!(rungs[0].contains("SYN seq 0") && rungs[0].contains("SYN-SENT"), "{}", rungs[0]);
    assert!(rungs[4].starts_with("rung lost|"), "packet 5 was lost: {}", rungs[4]);
    assert!(
        rungs[12].starts_with("rung again|") && rungs[12].contains("[D25]"),
        "packet 13 is the repetition: {}",
        rungs[12]
    );
    browser.click("#packet-13 .said button");
    let told = browser.value("document.querySelector('#packet-13 .said .box').innerText");
    assert!(told.as_str().is_some_and(|told| told.contains("Rule D25: ") && told.contains("netlab explain")), "{told}");
    browser.value("[...document.querySelectorAll('[role=tab]')].find((tab) => tab.textContent === 'Graphs').click()");
    browser.value("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    let graphs = browser.value("[...document.querySelectorAll('figure')].map((one) => one.querySelector('b').textContent + '|' + one.querySelectorAll('svg path, svg rect').length)");
    let text = graphs.to_string();
    for title in ["Octets sent, A → B", "Window, A → B", "Round trips", "Throughput"] {
        assert!(text.contains(title), "{text}");
    }
    // The tracker's samples, and no others: the handshake's two, the first data's, and those of the close.
    let samples = browser.value("packetsOf(0).filter((p) => p.rtt !== undefined).map((p) => [p.n, p.rtt])");
    assert_eq!(samples[0], serde_json::json!([2, 9_000_000]), "{samples}");
    assert_eq!(samples[1], serde_json::json!([3, 1_000_000]), "{samples}");
    browser.complaints("the connection");
}

#[test]
fn pages_of_runs_play_step_and_tell_what_happened() {
    let Some(mut browser) = Chromium::start() else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let page = scratch.path().join("page.html");
    for name in SCENARIOS {
        made(&["simulate", name], &page);
        for (width, scheme) in [(1280, "dark"), (400, "light")] {
            let what = format!("{name} at {width}");
            browser.open(&page, width, scheme);
            is_legible(&mut browser, &what);
            for (key, step) in [("ArrowRight", 1), ("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("Home", 0)]
            {
                browser.press(key);
                assert_eq!(browser.value("+slider.value"), step, "{what}: {key}");
            }
            browser.press(" ");
            assert_eq!(browser.value("playing"), true, "{what}");
            browser.value("new Promise((resolve) => setTimeout(resolve, 400))");
            browser.press(" ");
            assert!(browser.value("position").as_f64().is_some_and(|at| at > 0.0), "{what} plays");
            assert_eq!(browser.value("playing"), false, "{what}");
            browser.press("End");
            assert_eq!(browser.value("+slider.value === film.count"), true, "{what}");
            is_legible(&mut browser, &what);
            click_through(&mut browser);
            browser.complaints(&what);
        }
    }
}

#[test]
fn the_film_shows_frames_on_links_tables_and_the_ledger() {
    let Some(mut browser) = Chromium::start() else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let page = scratch.path().join("page.html");
    made(&["simulate", "arp"], &page);
    browser.open(&page, 1280, "light");
    let shown = "[...svgOf().querySelectorAll('.frame')].map((one) => one.getAttribute('transform'))";
    browser.value(
        "globalThis.svgOf = () => [...document.querySelectorAll('svg.net')].find((one) => one.getClientRects().length)",
    );
    let learned = "[...document.querySelectorAll('.memory h4')].filter((one) => one.textContent === 'MAC addresses of sw').length";
    assert_eq!(browser.value(shown), serde_json::json!([]), "nothing has happened yet");
    assert_eq!(browser.value(learned), 0);
    browser.value("position = 1; refresh()");
    let before = browser.value(shown);
    browser.value("position = 1.5; refresh()");
    let after = browser.value(shown);
    assert_eq!(before.as_array().map(Vec::len), Some(1), "h1's question is on its link");
    assert_ne!(before, after, "and moves");
    browser.value("goTo(2)");
    assert_eq!(browser.value(learned), 1, "the switch has learned where h1 is");
    assert_eq!(browser.value(shown).as_array().map(Vec::len), Some(2), "two copies go on");
    // Whoever wants no motion sees moments, not ways.
    browser.call(
        "Emulation.setEmulatedMedia",
        serde_json::json!({"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}),
    );
    let still = browser.value(shown);
    browser.value("position = 2.5; refresh()");
    assert_eq!(browser.value(shown), still, "no motion");
    browser.click("svg.wide-net .frame");
    let ledger = browser.value("ledger.innerText");
    let ledger = ledger.as_str().expect("text");
    assert!(
        ledger.contains("frame 1: ") && ledger.contains("who has 192.0.2.20") && ledger.contains("[B4: broadcast]"),
        "{ledger}"
    );
    assert!(ledger.contains("2 delivered, 0 filtered, 0 dropped"), "{ledger}");
    browser.complaints("the film");
}

#[test]
fn a_long_run_says_where_its_film_ends() {
    let scratch = tempfile::tempdir().expect("a folder");
    let page = scratch.path().join("page.html");
    made(&["simulate", "broadcast-storm"], &page);
    let text = std::fs::read_to_string(&page).expect("a page");
    assert!(text.contains("\"unfilmed\":["), "the page knows that the run went on");
    assert!(text.len() < 2 << 20, "{} octets", text.len());
    let Some(mut browser) = Chromium::start() else { return };
    browser.open(&page, 1280, "light");
    let told = browser.value("document.querySelector('p.warning').textContent");
    assert!(told.as_str().is_some_and(|told| told.starts_with("This page films the first ")), "{told}");
}

#[test]
fn a_replayed_capture_is_filmed_with_its_packet_numbers() {
    let Some(mut browser) = Chromium::start() else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let file = capture("tutorial.pcapng");
    let file = file.to_str().expect("a name");
    let topology = scratch.path().join("tutorial.toml");
    std::fs::write(&topology, netlab(&["topology", file]).stdout).expect("written");
    let topology = topology.to_str().expect("a name");
    let page = scratch.path().join("page.html");
    for drive in [&[][..], &["--drive"]] {
        made(&[&["replay", file, "--topology", topology], drive].concat(), &page);
        browser.open(&page, 400, "light");
        is_legible(&mut browser, "the replay");
        assert!(browser.value("film.count").as_u64().is_some_and(|count| count > 20));
        click_through(&mut browser);
        browser.complaints("the replay");
        if drive.is_empty() {
            let name = browser.value("data.frames[10].name + ': ' + data.frames[10].says");
            assert!(name.as_str().is_some_and(|name| name.starts_with("packet 11: TCP SYN")), "{name}");
        }
    }
    // Neither the capture nor the topology is overwritten.
    for input in [file, topology] {
        assert_eq!(
            netlab(&["replay", file, "--topology", topology, "--html", input]).status.code(),
            Some(2),
            "{input}"
        );
    }
}

#[test]
fn a_guessed_network_is_drawn_for_notes() {
    let file = capture("tutorial.pcapng");
    let drawn = |format: &str| {
        let output = netlab(&["topology", file.to_str().expect("a name"), "--format", format]);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert!(drawn("dot").contains("label=\"h1\\n192.0.2.1/"), "{}", drawn("dot"));
    assert!(drawn("mermaid").contains("[\"h2<br/>192.0.2.2/"), "{}", drawn("mermaid"));
    assert!(drawn("svg").contains("<title>the network of "), "{}", drawn("svg"));
}

#[test]
fn hostile_text_stays_text() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (client, server) = (([192, 0, 2, 1], 40_000), ([192, 0, 2, 2], 80));
    let markup = "<img src=x onerror=hacked()>";
    let mut frames = vec![
        (
            0,
            octets::udp(
                (client.0, 5353),
                (server.0, 53),
                &octets::dns_question(&[markup, "</script><script>hacked()</script>", "com"]),
            ),
        ),
        (
            10,
            octets::udp(
                ([192, 0, 2, 9], 68),
                ([192, 0, 2, 2], 67),
                &octets::dhcp_discover("host\u{1b}[31m\u{1b}]0;owned\u{7}<b>"),
            ),
        ),
    ];
    frames.extend(octets::connection(
        client,
        server,
        1000,
        2,
        b"</script><script>hacked()</script>\x1b[2J<img src=x>\r\n",
    ));
    // A name that a careless page would run; slashes cannot stand in the name of a file.
    let file = scratch.path().join("<img src=x onerror=hacked()>.pcap");
    octets::write(&file, &frames);
    let file = file.to_str().expect("a name");
    let topology = scratch.path().join("topology.toml");
    std::fs::write(&topology, netlab(&["topology", file]).stdout).expect("written");
    let scenario = scratch.path().join("hostile.toml");
    let text = "title = \"</title><script>hacked()</script>\"\nstory = \"\"\"\n<img src=x onerror=hacked()> \\u001b[31m\n\"\"\"\n\
                links = [\"h1 - h2\"]\nactions = ['0ms h1 udp h2:53 \"<img src=x onerror=hacked()>\"']\n\
                [host.h1]\naddress = \"192.0.2.1/24\"\n[host.h2]\naddress = \"192.0.2.2/24\"\n";
    std::fs::write(&scenario, text).expect("written");
    let pages = ["analyze.html", "replay.html", "simulate.html"].map(|name| scratch.path().join(name));
    made(&["analyze", file], &pages[0]);
    made(&["replay", file, "--topology", topology.to_str().expect("a name"), "--auto"], &pages[1]);
    made(&["simulate", scenario.to_str().expect("a name")], &pages[2]);
    for page in &pages {
        let text = std::fs::read_to_string(page).expect("a page");
        assert!(text.contains("onerror=hacked()"), "the hostile text is there: {}", page.display());
        assert!(
            !text.contains("<img") && !text.contains("<script>hacked") && !text.contains('\u{1b}'),
            "{}",
            page.display()
        );
        assert_eq!(text.matches("<script").count(), 2, "only the page's own");
    }
    let Some(mut browser) = Chromium::start() else { return };
    for page in &pages {
        browser.open(page, 400, "light");
        if page == &pages[0] {
            browser.click("#connections ~ div tbody tr.go");
        } else {
            browser.press("End");
        }
        click_through(&mut browser);
        is_legible(&mut browser, &page.display().to_string());
        let strange =
            browser.value("document.querySelectorAll('img, b[onclick], [onerror]').length + document.scripts.length");
        assert_eq!(strange, 2, "the page's own two scripts and nothing else");
        assert_eq!(browser.value("typeof hacked"), "undefined");
        browser.complaints(&page.display().to_string());
    }
}

#[test]
fn a_big_capture_opens_in_less_than_three_seconds() {
    let Some(mut browser) = Chromium::start() else { return };
    let scratch = tempfile::tempdir().expect("a folder");
    let file = scratch.path().join("big.pcap");
    let mut frames = Vec::with_capacity(100_000);
    for number in 0..5000_u32 {
        let client = ([192, 0, 2, (number % 200) as u8 + 3], 10_000 + (number / 200) as u16);
        frames.extend(octets::connection(
            client,
            ([192, 0, 2, 2], 80),
            u64::from(number) * 300,
            7,
            b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
        ));
    }
    frames.sort_by_key(|(at, _)| *at);
    assert_eq!(frames.len(), 100_000);
    octets::write(&file, &frames);
    let page = scratch.path().join("page.html");
    made(&["analyze", file.to_str().expect("a name")], &page);
    let len = std::fs::metadata(&page).expect("a page").len();
    assert!(len < 40 << 20, "{len} octets");
    browser.open(&page, 1280, "light");
    // The time that the page itself works, whatever else this machine does.
    let seconds = browser.seconds_of_work();
    // And what a fixed piece of work takes, on a machine that is slow or shared.
    browser.value("Array.from({ length: 2e6 }, (_, index) => (index * 7919) % 2000003).sort((a, b) => a - b).length");
    let fixed = browser.seconds_of_work() - seconds;
    eprintln!(
        "a page of 100,000 packets and {} MB opens with {seconds:.2} s of work; sorting two million numbers takes {fixed:.2} s",
        len / 1_000_000
    );
    assert!(seconds < 3.0_f64.max(3.0 * fixed), "{seconds} s, sorting {fixed} s");
    assert_eq!(browser.value("data.connections.length"), 5000);
    assert_eq!(browser.value("data.packets.left_out"), 0);
    // Each connection is there when it is opened.
    browser.value("openConnection(4999)");
    assert_eq!(browser.value("document.querySelectorAll('.rung:not(.head)').length"), 20);
    browser.complaints("the big page");
}
