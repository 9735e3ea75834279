//! Comma-separated values: one row a packet, quoted as RFC 4180 says.

use super::Renderer;
use super::number::{decimal, ip, mac};
use super::phrase::Phrasebook;
use super::slate::Surface as _;
use crate::analysis::{Judged, Note};
use crate::packet::Remark;
use crate::wire::IpView;

/// Names of the columns.
pub const COLUMNS: [&str; 16] = [
    "number",
    "time_ns",
    "captured_len",
    "wire_len",
    "layers",
    "source_mac",
    "destination_mac",
    "source",
    "destination",
    "protocol",
    "source_port",
    "destination_port",
    "payload_len",
    "tcp_flags",
    "connection",
    "notes",
];

/// Prints packets as rows. Remarks have no place in a table and are left out.
#[derive(Debug, Default)]
pub struct CsvRows {
    phrases: Phrasebook,
}

impl Renderer for CsvRows {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(COLUMNS.join(",").as_bytes());
        out.push(b'\n');
    }

    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        let meta = judged.packet.meta;
        let frame = &judged.packet.frame;
        for number in [meta.number, meta.at.nanos(), frame.bytes().len() as u64, u64::from(meta.wire_len)] {
            decimal(out, number);
            out.push(b',');
        }
        for (index, located) in frame.layers().iter().enumerate() {
            if index > 0 {
                out.push(b'/');
            }
            out.extend_from_slice(located.layer.name().as_bytes());
        }
        out.push(b',');
        match frame.ethernet() {
            Some(ethernet) => {
                mac(out, ethernet.source());
                out.push(b',');
                mac(out, ethernet.destination());
                out.push(b',');
            }
            None => out.add(b",,"),
        }
        match frame.ip() {
            Some(view) => {
                ip(out, view.source());
                out.push(b',');
                ip(out, view.destination());
                out.push(b',');
                let protocol = match view {
                    IpView::V4(ip) => ip.protocol(),
                    IpView::V6(ip) => ip.next_header(),
                };
                decimal(out, u64::from(protocol));
                out.push(b',');
            }
            None => out.add(b",,,"),
        }
        match frame.ports() {
            Some((source, destination)) => {
                decimal(out, u64::from(source));
                out.push(b',');
                decimal(out, u64::from(destination));
                out.push(b',');
            }
            None => out.add(b",,"),
        }
        decimal(out, u64::from(frame.payload_len()));
        out.push(b',');
        if let Some(tcp) = frame.tcp() {
            for (index, name) in tcp.flags().names().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(name.as_bytes());
            }
        }
        out.push(b',');
        if let Some(connection) = judged.context.connection {
            decimal(out, connection);
        }
        out.push(b',');
        let notes = out.len();
        for (index, note) in judged.notes.iter().enumerate() {
            if index > 0 {
                out.add(b"; ");
            }
            out.extend_from_slice(note.code().as_bytes());
            out.add(b": ");
            self.phrases.write(out, note);
        }
        // All other cells are numbers and words of netlab's own.
        quote(out, notes);
        out.push(b'\n');
    }

    fn remark(&mut self, _remark: &Remark, _out: &mut Vec<u8>) {}

    fn late_note(&mut self, _note: &Note, _out: &mut Vec<u8>) {}
}

/// Puts the cell that begins at `start` into quotation marks if it has to be (RFC 4180 §2).
fn quote(out: &mut Vec<u8>, start: usize) {
    if out[start..].iter().all(|octet| !matches!(octet, b',' | b'"' | b'\r' | b'\n')) {
        return;
    }
    let cell = out.split_off(start);
    out.push(b'"');
    for octet in cell {
        if octet == b'"' {
            out.push(b'"');
        }
        out.push(octet);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_they_must_be() {
        for (cell, quoted) in [("a b; c", "a b; c"), ("a, b", "\"a, b\""), ("say \"a\"", "\"say \"\"a\"\"\""), ("", "")]
        {
            let mut out = format!("1,{cell}").into_bytes();
            quote(&mut out, 2);
            assert_eq!(String::from_utf8_lossy(&out), format!("1,{quoted}"));
        }
    }
}
