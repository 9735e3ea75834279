//! Results as pages: one file each, self-contained, offline, strict.
//!
//! A page is a frame of HTML, a style sheet and a script, all constants, and one block of JSON with what was found. The
//! script puts text into the page as text, never as markup, and a content security policy allows nothing but this style,
//! this script and no request at all. What is heavy, the packets of a connection or the steps of a run, lies in the JSON
//! as columns of numbers and is drawn when somebody looks at it.
//!
//! | file | what is in it |
//! |---|---|
//! | `analysis` | the page of `analyze --html` |
//! | `packets` | its packets, by connection, as columns |
//! | `talks` | its messages, by connection |
//! | `simulation` | the page of `simulate --html` and `replay --html`: a film of the run |
//! | `codes` | explanations and rules of the codes that a page uses |
//! | `policy` | the content security policy |

mod analysis;
mod codes;
mod packets;
mod policy;
mod simulation;
mod talks;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::lang::Lang;

pub use analysis::{Gathered, page};
pub use simulation::{FilmPage, facts, simulation};

/// The frame of a page.
struct Shell<'a> {
    /// What stands in the window's title, before "netlab".
    title: &'a str,
    /// The style sheet.
    style: &'a str,
    /// The script.
    script: &'a str,
    /// Markup of netlab's own making that the script finds in the page; empty if there is none.
    markup: &'a [u8],
    /// The language of its readers.
    lang: Lang,
}

impl Shell<'_> {
    /// Appends the page around `data`.
    fn write(&self, data: &impl Serialize, out: &mut Vec<u8>) {
        let mut json = Vec::new();
        // Plain data with text keys: neither the shape nor writing into memory can fail.
        let _ = serde_json::to_writer(&mut json, data);
        let put = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(text.as_bytes());
        put(out, "<!doctype html>\n<html lang=\"");
        put(out, self.lang.code());
        put(out, "\">\n<head>\n<meta charset=\"utf-8\">\n");
        put(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        put(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"");
        put(out, &policy::policy(self.style, self.script));
        put(out, "\">\n<title>");
        escape(self.title, out);
        put(out, " · netlab</title>\n<style>");
        put(out, self.style);
        put(out, "</style>\n</head>\n<body>\n<main id=\"page\">");
        put(out, "<noscript>");
        put(out, self.lang.say("This page needs JavaScript to draw itself."));
        put(out, "</noscript></main>\n");
        out.extend_from_slice(self.markup);
        put(out, "<script type=\"application/json\" id=\"data\">");
        embed(&json, out);
        put(out, "</script>\n");
        self.words(out);
        put(out, "<script>");
        put(out, self.script);
        put(out, "</script>\n</body>\n</html>\n");
    }

    /// What the script says, in the language of its readers: English stands in the script itself.
    fn words(&self, out: &mut Vec<u8>) {
        let phrases = self.lang.phrases().filter(|(english, _)| is_of_pages(english));
        let mut words: BTreeMap<String, &str> = phrases.map(|(english, word)| (english.to_owned(), word)).collect();
        words.extend(self.lang.counted().map(|(noun, word)| (format!("#{noun}"), word)));
        if words.is_empty() {
            return;
        }
        let mut json = Vec::new();
        let _ = serde_json::to_writer(&mut json, &words);
        out.extend_from_slice(b"<script type=\"application/json\" id=\"words\">");
        embed(&json, out);
        out.extend_from_slice(b"</script>\n");
    }
}

/// True for the words of pages, and for the short ones of other places, which pages say too.
fn is_of_pages(english: &str) -> bool {
    const SHORT: usize = 60;
    Lang::is_of_pages(english) || english.len() < SHORT && !english.contains(['{', '\n'])
}

/// Appends text for HTML and SVG.
pub(in crate::render) fn escape(text: &str, out: &mut Vec<u8>) {
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
    use crate::analysis::{Capture, Findings, Report};
    use crate::render::report::Document;

    fn made(file: &str) -> String {
        let captures = vec![Capture { file: file.to_owned(), ..Capture::default() }];
        let (report, findings) = (Report::default(), Findings::default());
        let document = Document { captures, report: &report, findings: &findings, remarks: &[], with_zeek: false };
        let mut out = Vec::new();
        page(&document, &mut Gathered::default(), &mut out);
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
