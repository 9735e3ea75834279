//! The head of an HTTP/1 message (RFC 9112), read by httparse. SSDP has the same form.

/// Headers that are read; a head with more is shown by its first line.
const HEADERS: usize = 64;

/// One line of a request or response; what lies behind the cut of a head does not matter.
pub(super) fn text(octets: &[u8]) -> Option<String> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    if octets.starts_with(b"HTTP/") {
        let mut response = httparse::Response::new(&mut headers);
        let _ = response.parse(octets);
        let mut text = response.code?.to_string();
        if let Some(reason) = response.reason.filter(|reason| !reason.is_empty()) {
            text.push(' ');
            text.push_str(reason);
        }
        if let Some(kind) = header(response.headers, "content-type") {
            text.push_str(", ");
            text.push_str(&kind);
        }
        return Some(text);
    }
    let mut request = httparse::Request::new(&mut headers);
    let _ = request.parse(octets);
    let mut text = format!("{} {}", request.method?, request.path?);
    if let Some(host) = header(request.headers, "host") {
        text.push_str(", host ");
        text.push_str(&host);
    }
    Some(text)
}

fn header(headers: &[httparse::Header<'_>], name: &str) -> Option<String> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    Some(String::from_utf8_lossy(found.value).into_owned())
}
