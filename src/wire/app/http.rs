//! The head of an HTTP/1 message (RFC 9112), read by httparse. SSDP has the same form.

use httparse::{EMPTY_HEADER, Header, Request, Response};

/// Headers that are read; a head with more is shown by its first line.
const HEADERS: usize = 64;

/// Appends one line of a request or response; what lies behind the cut of a head does not matter.
pub(super) fn write(octets: &[u8], text: &mut String) -> Option<()> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    if octets.starts_with(b"HTTP/") {
        let mut response = Response::new(&mut headers);
        let _ = response.parse(octets);
        text.push_str(itoa::Buffer::new().format(response.code?));
        if let Some(reason) = response.reason.filter(|reason| !reason.is_empty()) {
            text.push(' ');
            text.push_str(reason);
        }
        header(response.headers, "content-type", ", ", text);
    } else {
        let mut request = Request::new(&mut headers);
        let _ = request.parse(octets);
        text.push_str(request.method?);
        text.push(' ');
        text.push_str(request.path?);
        header(request.headers, "host", ", host ", text);
    }
    Some(())
}

/// Appends the value of a header, if it is there, behind `before`.
fn header(headers: &[Header<'_>], name: &str, before: &str, text: &mut String) {
    if let Some(found) = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)) {
        text.push_str(before);
        text.push_str(&String::from_utf8_lossy(found.value));
    }
}
