//! Tables for summaries, by comfy-table. Never for packets, of which there may be any number.

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table as Grid, TableStyle, Width,
};

use unicode_width::UnicodeWidthStr;

use super::style::{DIM, HEADING, Paint};
use crate::lang::tell;

/// A table being filled. Cells are plain text that is harmless to print already.
#[derive(Debug)]
pub struct Table {
    grid: Grid,
    paint: Paint,
    /// Columns of the screen.
    width: usize,
    alignment: Vec<CellAlignment>,
    /// The longest word of each column, in columns of the screen.
    words: Vec<usize>,
    /// The same, but of columns of numbers the longest number with its unit.
    numbers: Vec<usize>,
    limit: usize,
    left_out: usize,
}

/// A line above, one below the heading, one at the end; nothing between rows, which a reader follows by the columns.
const RULED: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('═').junction('═'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// Rows shown of a table before it says how many were left out.
pub const MAX_ROWS: usize = 100;

impl Table {
    /// A table with these headings. A heading that begins with `>` aligns its column to the right, for numbers.
    pub fn new(width: usize, paint: Paint, headings: &[&str]) -> Table {
        let mut grid = Grid::new();
        grid.load_style(RULED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX));
        let lang = paint.lang();
        let side = |heading: &&str| match heading.starts_with('>') {
            true => CellAlignment::Right,
            false => CellAlignment::Left,
        };
        let alignment: Vec<_> = headings.iter().map(side).collect();
        let words: Vec<_> =
            headings.iter().map(|heading| longest_word(lang.say(heading.trim_start_matches('>')))).collect();
        grid.set_header(
            headings
                .iter()
                .zip(&alignment)
                .map(|(heading, side)| Cell::new(lang.say(heading.trim_start_matches('>'))).set_alignment(*side)),
        );
        Table { grid, paint, width, alignment, numbers: words.clone(), words, limit: MAX_ROWS, left_out: 0 }
    }

    /// The same with another limit of rows.
    pub fn at_most(mut self, rows: usize) -> Table {
        self.limit = rows;
        self
    }

    /// The same with columns whose cells are never cut in two, such as addresses; the others give way.
    pub fn whole(mut self, columns: &[usize]) -> Table {
        for column in columns {
            if let Some(column) = self.grid.column_mut(*column) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        self
    }

    /// Adds a row; beyond the limit it is only counted.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.row_with(|| cells);
    }

    /// Rows that nobody made, for they would be beyond the limit.
    pub fn leave_out(&mut self, rows: usize) {
        self.left_out += rows;
    }

    /// Adds a row; beyond the limit it is not made, only counted.
    pub fn row_with<S: Into<String>, R: IntoIterator<Item = S>>(&mut self, make: impl FnOnce() -> R) {
        if self.grid.row_count() >= self.limit {
            self.left_out += 1;
            return;
        }
        let cells = make();
        let sides = self.alignment.iter().copied().chain(std::iter::repeat(CellAlignment::Left));
        let (words, numbers) = (&mut self.words, &mut self.numbers);
        self.grid.add_row(cells.into_iter().zip(sides).enumerate().map(|(index, (cell, side))| {
            let text = cell.into();
            if let (Some(word), Some(number)) = (words.get_mut(index), numbers.get_mut(index)) {
                *word = longest_word(&text).max(*word);
                *number = if side == CellAlignment::Right { text.width().max(*number) } else { (*number).max(*word) };
            }
            Cell::new(text).set_alignment(side)
        }));
    }

    /// True if no row was added.
    pub fn is_empty(&self) -> bool {
        self.grid.is_empty()
    }

    /// Appends the table, and how many rows were left out.
    pub fn write(&self, out: &mut Vec<u8>) {
        // comfy-table was built without its own styling, so that pipes and tests see exactly the same text: the heading
        // is what stands above the double line.
        let mut in_heading = true;
        // A number stays beside its unit where there is room for that.
        let fits = |lines: &Vec<String>| lines.first().is_none_or(|line| line.width() <= self.width);
        let mut lines = self.lines(&self.numbers);
        if !fits(&lines) {
            lines = Some(self.lines(&self.words)).filter(fits).unwrap_or(lines);
        }
        for line in lines {
            let is_border = line.starts_with(['─', '═']);
            in_heading &= !line.starts_with('═');
            let style = if in_heading && !is_border { HEADING } else { DIM };
            let is_styled = in_heading || is_border;
            if is_styled {
                self.paint.begin(out, style);
            }
            out.extend_from_slice(line.trim_end().as_bytes());
            if is_styled {
                self.paint.end(out);
            }
            out.push(b'\n');
        }
        if self.left_out > 0 {
            let text = tell!(self.paint.lang(), "… and {} more", self.left_out);
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        }
    }
}

impl Table {
    /// The lines of the table with columns at least so wide.
    fn lines(&self, least: &[usize]) -> Vec<String> {
        let mut grid = self.grid.clone();
        for (index, longest) in least.iter().enumerate() {
            if let Some(column) = grid.column_mut(index)
                && column.constraint().is_none()
            {
                // An address or a number cut in two misleads; a table wider than the screen only looks bad.
                let width = u16::try_from((*longest).min(MAX_WORD)).unwrap_or(u16::MAX) + 2;
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
            }
        }
        grid.lines().collect()
    }
}

/// Words longer than this are cut all the same: digests, texts without blanks.
const MAX_WORD: usize = 45;

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_align_to_the_right_and_long_tables_say_what_they_leave_out() {
        let mut table = Table::new(40, Paint::new(false), &["name", ">packets"]).at_most(2);
        for (name, packets) in [("tcp", "1234"), ("udp", "7"), ("arp", "1"), ("stp", "1")] {
            table.row([name, packets]);
        }
        let mut out = Vec::new();
        table.write(&mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        let lines: Vec<_> = text.lines().collect();
        assert!(lines.iter().any(|line| line.contains("tcp       1234")), "{text}");
        assert!(lines.iter().any(|line| line.contains("udp          7")), "{text}");
        assert_eq!(*lines.last().expect("a line"), "… and 2 more");
    }

    #[test]
    fn addresses_are_never_cut_in_two() {
        let mut table = Table::new(40, Paint::new(false), &["from", "to", "what happened there"]);
        table.row(["192.0.2.1:40001", "192.0.2.2:9000", "one datagram in three pieces"]);
        let mut out = Vec::new();
        table.write(&mut out);
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.contains("192.0.2.1:40001") && text.contains("192.0.2.2:9000"), "{text}");
    }

    #[test]
    fn a_number_stays_beside_its_unit_where_there_is_room() {
        let text = |width| {
            let mut table = Table::new(width, Paint::new(false), &["what it is about", ">octets", ">took"]);
            table.row(["one datagram in three pieces", "4000 B", "1.86 ms"]);
            let mut out = Vec::new();
            table.write(&mut out);
            String::from_utf8(out).expect("UTF-8")
        };
        let (narrow, narrowest) = (text(42), text(28));
        assert!(narrow.contains("4000 B") && narrow.contains("1.86 ms"), "{narrow}");
        assert!(narrowest.lines().all(|line| line.width() <= 28) && narrowest.contains("4000"), "{narrowest}");
    }
}
