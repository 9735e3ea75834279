//! What a box remembers, as rows of text: MAC tables, neighbour caches, routes, translations, sockets.

/// A table of a box at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it holds, such as `MAC addresses`.
    pub name: &'static str,
    /// The stable name, as in the JSON.
    pub code: &'static str,
    /// The heads of its columns.
    pub heads: &'static [&'static str],
    /// Its rows, each with one text for every column, in an order that does not depend on chance.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub const fn new(name: &'static str, code: &'static str, heads: &'static [&'static str]) -> Table {
        Table { name, code, heads, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.heads.len());
        self.rows.push(cells);
    }
}
