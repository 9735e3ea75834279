//! Comma-separated values: one row a packet, RFC 4180 quoting by the csv crate.

use super::{Renderer, words};
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
pub struct CsvRows;

impl Renderer for CsvRows {
    fn begin(&mut self, out: &mut Vec<u8>) {
        row(out, COLUMNS.iter().map(|column| (*column).to_owned()));
    }

    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        let meta = judged.packet.meta;
        let frame = &judged.packet.frame;
        let ethernet = frame.ethernet();
        let ip = frame.ip();
        let ports = frame.ports();
        let layers: Vec<_> = frame.layers().iter().map(|located| located.layer.name()).collect();
        let notes: Vec<_> = judged.notes.iter().map(|note| format!("{}: {}", note.code(), words::line(note))).collect();
        let or_empty = |value: Option<String>| value.unwrap_or_default();
        row(
            out,
            [
                meta.number.to_string(),
                meta.at.nanos().to_string(),
                frame.bytes().len().to_string(),
                meta.wire_len.to_string(),
                layers.join("/"),
                or_empty(ethernet.map(|ethernet| ethernet.source().to_string())),
                or_empty(ethernet.map(|ethernet| ethernet.destination().to_string())),
                or_empty(ip.map(|ip| ip.source().to_string())),
                or_empty(ip.map(|ip| ip.destination().to_string())),
                or_empty(ip.map(|ip| match ip {
                    IpView::V4(ip) => ip.protocol().to_string(),
                    IpView::V6(ip) => ip.next_header().to_string(),
                })),
                or_empty(ports.map(|ports| ports.0.to_string())),
                or_empty(ports.map(|ports| ports.1.to_string())),
                frame.payload_len().to_string(),
                or_empty(frame.tcp().map(|tcp| tcp.flags().names().collect::<Vec<_>>().join(" "))),
                or_empty(judged.context.connection.map(|connection| connection.to_string())),
                notes.join("; "),
            ],
        );
    }

    fn remark(&mut self, _remark: &Remark, _out: &mut Vec<u8>) {}

    fn late_note(&mut self, _note: &Note, _out: &mut Vec<u8>) {}
}

fn row(out: &mut Vec<u8>, cells: impl IntoIterator<Item = String>) {
    let mut writer = csv::Writer::from_writer(out);
    // Writing into memory cannot fail, and every row has the same number of cells.
    let _ = writer.write_record(cells);
    let _ = writer.flush();
}
