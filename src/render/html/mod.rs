//! The report as one page: self-contained, offline, with the packets of its connections to look at.
//!
//! The page is a frame of HTML, a style sheet and a script, all three constants, and one block of JSON with everything
//! that was found. The script puts text into the page as text, never as markup, and a content security policy allows
//! nothing but this style, this script and no request at all.

mod packets;
mod policy;

use serde::Serialize;

pub use packets::{PacketRow, Rows};

use super::report::{Document, JsonFinding};
use crate::analysis::{Capture, Report};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// What the page is made from.
#[derive(Serialize)]
struct Data<'a> {
    netlab: &'static str,
    version: u32,
    captures: &'a [Capture],
    #[serde(flatten)]
    report: &'a Report,
    findings: Vec<JsonFinding<'a>>,
    /// Packets of TCP connections, for the ladders; bounded.
    packets: &'a [PacketRow],
    /// Packets for which there was no room.
    packets_left_out: u64,
}

/// Appends the page.
pub fn page(document: &Document<'_>, rows: &Rows, out: &mut Vec<u8>) {
    let data = Data {
        netlab: "page",
        version: 1,
        captures: &document.captures,
        report: document.report,
        findings: {
            let health = &document.report.health;
            document.findings.in_order().into_iter().map(|finding| JsonFinding::of(finding, health)).collect()
        },
        packets: rows.rows(),
        packets_left_out: rows.left_out(),
    };
    let title = document.captures.first().map_or("netlab", |capture| capture.file.as_str());
    let mut json = Vec::new();
    // Plain data with text keys: neither the shape nor writing into memory can fail.
    let _ = serde_json::to_writer(&mut json, &data);
    let put = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(text.as_bytes());
    put(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    put(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    put(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"");
    put(out, &policy::policy(STYLE, SCRIPT));
    put(out, "\">\n<title>");
    escape(title, out);
    put(out, " · netlab</title>\n<style>");
    put(out, STYLE);
    put(
        out,
        "</style>\n</head>\n<body>\n<main id=\"page\"><noscript>This page needs JavaScript to draw itself.</noscript></main>\n",
    );
    put(out, "<script type=\"application/json\" id=\"data\">");
    embed(&json, out);
    put(out, "</script>\n<script>");
    put(out, SCRIPT);
    put(out, "</script>\n</body>\n</html>\n");
}

/// Appends text for HTML.
fn escape(text: &str, out: &mut Vec<u8>) {
    for c in text.chars() {
        match c {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Appends JSON so that nothing in it can end the script element: `<` only occurs inside of texts, where it can be
/// written by its number.
fn embed(json: &[u8], out: &mut Vec<u8>) {
    for part in json.split_inclusive(|octet| *octet == b'<') {
        match part.split_last() {
            Some((b'<', before)) => {
                out.extend_from_slice(before);
                out.extend_from_slice(b"\\u003c");
            }
            _ => out.extend_from_slice(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Findings, Report};

    fn made(file: &str) -> String {
        let captures = vec![Capture { file: file.to_owned(), ..Capture::default() }];
        let (report, findings) = (Report::default(), Findings::default());
        let document = Document { captures, report: &report, findings: &findings, remarks: &[], with_zeek: false };
        let mut out = Vec::new();
        page(&document, &Rows::default(), &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn hostile_names_stay_text() {
        let page = made("</script><script>alert(1)</script>\"&.pcap");
        assert_eq!(page.matches("<script").count(), 2, "only the page's own");
        assert!(!page.contains("<script>alert"));
        assert!(page.contains("&lt;/script&gt;"));
    }

    #[test]
    fn the_page_asks_for_nothing() {
        let page = made("a.pcap");
        for word in ["http://", "https://", "src=", "@import", "url(", "innerHTML", "eval("] {
            let count = page.matches(word).count();
            // SVG's name space is a name, not an address.
            let allowed = usize::from(word == "http://");
            assert!(count <= allowed, "{word}: {count}");
        }
        assert!(page.contains("default-src 'none'"));
    }
}
