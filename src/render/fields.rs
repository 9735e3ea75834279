//! Chosen fields of each packet, separated by tabs, for scripts that want just these.

use std::io::Write as _;
use std::str::FromStr;

use super::Renderer;
use crate::analysis::{Judged, Note};
use crate::packet::Remark;
use crate::wire::describe::{self, Field};

/// Prints rows of chosen fields. A field that a packet has several times (in a tunnel) is printed with commas in
/// between; one that it does not have is empty.
#[derive(Debug)]
pub struct FieldRows {
    columns: Vec<Column>,
    cells: Vec<Vec<u8>>,
}

/// A column of such a row.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// The packet's number.
    Number,
    /// Its time, in nanoseconds since 1970.
    TimeNanos,
    /// Its octets on the wire.
    WireLen,
    /// Its TCP connection.
    Connection,
    /// The codes of its notes.
    Notes,
    /// A field of a layer.
    Layer(&'static Field),
}

impl FromStr for Column {
    type Err = String;

    /// Reads the name of a column; the error is a sentence that names the nearest one.
    fn from_str(name: &str) -> Result<Column, String> {
        Ok(match name {
            "number" => Column::Number,
            "time_ns" => Column::TimeNanos,
            "wire_len" => Column::WireLen,
            "connection" => Column::Connection,
            "notes" => Column::Notes,
            name => Column::Layer(describe::find(name).ok_or_else(|| {
                let typed = crate::base::text::harmless(name);
                // A name of the same layer is nearer than one that only looks alike.
                let layer = name.split_once('.').map_or("", |(layer, _)| layer);
                let is_elsewhere = |known: &str| known.split_once('.').is_none_or(|(other, _)| other != layer);
                let known = describe::all().map(|field| field.name);
                let nearest = known
                    .min_by_key(|known| (is_elsewhere(known), crate::base::text::distance(known, name)))
                    .unwrap_or("number");
                format!("there is no field '{typed}'; the nearest name is {nearest}")
            })?),
        })
    }
}

impl FieldRows {
    /// Rows of these columns.
    pub fn new(columns: Vec<Column>) -> FieldRows {
        let cells = vec![Vec::new(); columns.len()];
        FieldRows { columns, cells }
    }
}

impl Renderer for FieldRows {
    fn packet(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) {
        let packet = judged.packet;
        self.cells.iter_mut().for_each(Vec::clear);
        for located in packet.frame.layers() {
            describe::visit(located, &mut |value| {
                for (column, cell) in self.columns.iter().zip(&mut self.cells) {
                    if matches!(column, Column::Layer(field) if std::ptr::eq(*field, value.field)) {
                        if !cell.is_empty() {
                            cell.push(b',');
                        }
                        let _ = write!(cell, "{}", value.raw());
                    }
                }
            });
        }
        for (index, (column, cell)) in self.columns.iter().zip(&self.cells).enumerate() {
            if index > 0 {
                out.push(b'\t');
            }
            // Writing into memory cannot fail.
            let _ = match column {
                Column::Number => write!(out, "{}", packet.meta.number),
                Column::TimeNanos => write!(out, "{}", packet.meta.at.nanos()),
                Column::WireLen => write!(out, "{}", packet.meta.wire_len),
                Column::Connection => judged.context.connection.map_or(Ok(()), |id| write!(out, "{id}")),
                Column::Notes => {
                    let codes: Vec<_> = judged.notes.iter().map(|note| note.code()).collect();
                    write!(out, "{}", codes.join(","))
                }
                Column::Layer(_) => out.write_all(cell),
            };
        }
        out.push(b'\n');
    }

    fn remark(&mut self, _remark: &Remark, _out: &mut Vec<u8>) {}

    fn late_note(&mut self, _note: &Note, _out: &mut Vec<u8>) {}
}
