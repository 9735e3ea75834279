//! docs/pictures/page.png: a photograph of a page. It carries a digest of what the page held, so that one can see without a
//! browser whether the page still holds that.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::chromium::Chromium;

/// A connection that loses a segment and sends it again.
const CAPTURE: &str = "captures/tcp/s-02b-fast-30ms-rtt-10.pcap";
/// The key of the digest in the photograph.
const KEY: &[u8] = b"netlab-data";

#[test]
fn the_photograph_is_of_what_the_page_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scratch = tempfile::tempdir().expect("a folder");
    let page = scratch.path().join("page.html");
    let output = Command::new(env!("CARGO_BIN_EXE_netlab"))
        .args(["analyze", CAPTURE, "--html"])
        .arg(&page)
        .current_dir(root)
        .env("TZ", "UTC")
        .output()
        .expect("netlab runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let html = fs::read_to_string(&page).expect("a page");
    let data = html.split_once("id=\"data\">").and_then(|(_, rest)| rest.split_once("</script>")).expect("data").0;
    let digest = format!("{:016x}", fnv(data.as_bytes()));
    let file = root.join("docs/pictures/page.png");
    if std::env::var_os("NETLAB_BLESS").is_some()
        && let Some(mut browser) = Chromium::start()
    {
        fs::write(&file, signed(&photograph(&mut browser, &page), &digest)).expect("the photograph is written");
    }
    let committed = fs::read(&file).expect("docs/pictures/page.png");
    assert!(committed.starts_with(b"\x89PNG") && committed.len() < 150_000, "{} octets", committed.len());
    assert_eq!(
        signature(&committed).as_deref(),
        Some(digest.as_str()),
        "docs/pictures/page.png shows an older page; `cargo xtask pictures` takes it anew (needs Chromium)"
    );
}

/// The page with its connection chosen, from its heading on.
fn photograph(browser: &mut Chromium, page: &Path) -> Vec<u8> {
    browser.open(page, 1120, "light");
    browser.click("#connections ~ div tbody tr.go");
    browser.value("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    // The links stay in view on a screen; in a photograph of a part they would lie across it.
    let top = browser.value(
        "(() => { document.querySelector('nav').style.position = 'static'; \
         const heading = [...document.querySelectorAll('h2')].find((one) => one.textContent.startsWith('Connection 0')); \
         return heading.getBoundingClientRect().top + scrollY; })()",
    );
    let clip = json!({"x": 0, "y": top.as_f64().expect("a place") - 18.0, "width": 1120, "height": 870, "scale": 1});
    let asked = json!({"format": "png", "clip": clip, "captureBeyondViewport": true});
    let shot = browser.call("Page.captureScreenshot", asked);
    base64(shot["data"].as_str().expect("a photograph"))
}

/// The photograph with a `tEXt` chunk behind its header (PNG §11.3.3.2).
fn signed(png: &[u8], digest: &str) -> Vec<u8> {
    // Signature, then IHDR: length, type, 13 octets, check sum.
    let (front, rest) = png.split_at(8 + 25);
    let body = [b"tEXt", KEY, b"\0", digest.as_bytes()].concat();
    let len = (body.len() as u32 - 4).to_be_bytes();
    [front, &len, &body, &crc(&body).to_be_bytes(), rest].concat()
}

/// The digest in a photograph.
fn signature(png: &[u8]) -> Option<String> {
    let start = png.windows(KEY.len()).position(|octets| octets == KEY)? + KEY.len() + 1;
    Some(String::from_utf8_lossy(png.get(start..start + 16)?).into_owned())
}

fn fnv(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3))
}

/// The check sum of a PNG chunk (PNG §5.5).
fn crc(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |sum, octet| {
        (0..8).fold(sum ^ u32::from(*octet), |sum, _| sum >> 1 ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}

/// The octets that a text stands for (RFC 4648 §4).
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |letter: &u8| alphabet.iter().position(|known| known == letter).map(|value| value as u32);
    let sixes: Vec<u32> = text.as_bytes().iter().filter_map(value).collect();
    let mut octets = Vec::with_capacity(sixes.len() * 3 / 4);
    for four in sixes.chunks(4) {
        let bits = four.iter().fold(0, |bits, six| bits << 6 | six) << (6 * (4 - four.len()));
        octets.extend_from_slice(&bits.to_be_bytes()[1..four.len()]);
    }
    octets
}
