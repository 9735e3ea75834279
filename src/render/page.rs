//! A page of text: headings, wrapped paragraphs and tables, in lines of a given width.

use unicode_width::UnicodeWidthStr as _;

use super::ladder::unbroken;
use super::style::{HEADING, Paint};
use super::table::Table;
use crate::lang::Lang;

/// A page being written. What is put on it is harmless to print already.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// Columns to fill.
    pub width: usize,
    /// Colours.
    pub paint: Paint,
    /// Where the page goes.
    pub out: &'a mut Vec<u8>,
}

impl Sheet<'_> {
    /// The language of its reader.
    pub fn lang(&self) -> Lang {
        self.paint.lang()
    }

    /// A heading, after an empty line.
    pub fn heading(&mut self, text: &str) {
        if !self.out.is_empty() {
            self.out.push(b'\n');
        }
        self.paint.begin(self.out, HEADING);
        self.out.extend_from_slice(self.paint.lang().say(text).as_bytes());
        self.paint.end(self.out);
        self.out.push(b'\n');
    }

    /// Sentences, indented by two columns and wrapped at words.
    pub fn say(&mut self, text: &str) {
        self.say_indented(text, 2);
    }

    /// The same with another indentation.
    pub fn say_indented(&mut self, text: &str, indent: usize) {
        let mut column = 0;
        let text = self.paint.lang().say(text);
        let pieces = text.split(' ').flat_map(|word| unbroken(word).into_iter().enumerate());
        for (index, word) in pieces {
            let len = word.width();
            // Pieces of one word have no blank between them.
            let blank = usize::from(index == 0);
            if column > 0 && column + blank + len > self.width {
                self.out.push(b'\n');
                column = 0;
            }
            if column == 0 {
                // Lines that continue are indented a little further.
                let spaces = if self.out.last() == Some(&b'\n') || self.out.is_empty() { indent } else { 0 };
                self.out.resize(self.out.len() + spaces, b' ');
                column = spaces;
            } else if blank > 0 {
                self.out.push(b' ');
                column += 1;
            }
            self.out.extend_from_slice(word.as_bytes());
            column += len;
        }
        self.out.push(b'\n');
    }

    /// A table with these headings, to be filled and written onto the page.
    pub fn table(&self, headings: &[&str]) -> Table {
        Table::new(self.width, self.paint, headings)
    }

    /// Writes a table, unless it is empty.
    pub fn put(&mut self, table: &Table) {
        if !table.is_empty() {
            table.write(self.out);
        }
    }
}

/// `text` in so many columns of the screen, of which Chinese characters take two; longer texts stay as they are.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

/// The same aligned to the right.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{:1$}{text}", "", columns.saturating_sub(text.width()))
}

/// Numbers of packets as people read them: `1, 2, 3`, or `1, 2, 3 … 45`.
pub fn packets(numbers: &[u64]) -> String {
    let text = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    match numbers {
        [] => String::new(),
        [first, second, third, .., last] if numbers.len() > 5 => format!("{first}, {second}, {third} … {last}"),
        _ => text(numbers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_wrapped_at_words_and_indented() {
        let mut out = Vec::new();
        Sheet { width: 20, paint: Paint::new(false), out: &mut out }.say("one two three four five six");
        assert_eq!(String::from_utf8(out).unwrap(), "  one two three four\n  five six\n");
    }

    #[test]
    fn chinese_characters_take_two_columns() {
        assert_eq!(pad("端口", 6) + "|", "端口  |");
        assert_eq!(pad_left("端口", 5) + "|", " 端口|");
        assert_eq!(pad("longer", 3), "longer");
    }

    #[test]
    fn long_lists_of_packets_are_shortened() {
        assert_eq!(packets(&[1, 2, 3]), "1, 2, 3");
        assert_eq!(packets(&[1, 2, 3, 4, 5, 6]), "1, 2, 3 … 6");
    }
}
