//! From what a program prints on a terminal to a drawing of it (SVG): light where the reader's screen is light, else dark.

use std::fmt::Write as _;

/// Width and height of a cell, in the units of the drawing; the letters in it are 13 high.
const CELL: (f64, f64) = (8.0, 18.0);
/// Around the text, and the height of the bar above it.
const MARGIN: f64 = 16.0;
const BAR: f64 = 34.0;

/// A terminal's window.
pub struct Frame<'a> {
    /// What was typed.
    pub command: &'a str,
    /// How wide the window is; longer lines are cut, as `less -S` does, with a mark at the edge.
    pub columns: usize,
}

/// How letters look: a colour of the eight (bright ones from 8 on), and four ways besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Look {
    colour: Option<u8>,
    is_bold: bool,
    is_dim: bool,
    is_italic: bool,
    is_underlined: bool,
}

impl Frame<'_> {
    /// The window with `text` in it, which may be coloured by escape sequences.
    pub fn draw(&self, text: &str) -> String {
        let typed = format!("\x1b[1m$ {}\x1b[0m", self.command);
        let lines: Vec<Vec<(char, Look)>> = [typed.as_str(), ""].into_iter().chain(text.lines()).map(cells).collect();
        let (width, height) =
            (self.columns as f64 * CELL.0 + 2.0 * MARGIN, lines.len() as f64 * CELL.1 + BAR + 2.0 * MARGIN - 4.0);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-label=\"{}\">\n<style>{STYLE}</style>\n<rect class=\"window\" x=\"0.5\" y=\"0.5\" width=\"{}\" \
             height=\"{}\" rx=\"8\"/>\n",
            escaped(&format!("A terminal: {}", self.command)),
            width - 1.0,
            height - 1.0
        );
        for (at, class) in ["close", "less", "more"].iter().enumerate() {
            let _ = writeln!(out, "<circle class=\"{class}\" cx=\"{}\" cy=\"18\" r=\"5.5\"/>", 20 + 19 * at);
        }
        for (row, line) in lines.iter().enumerate() {
            self.draw_line(&mut out, line, BAR + MARGIN + row as f64 * CELL.1);
        }
        out.push_str("</svg>\n");
        out
    }

    fn draw_line(&self, out: &mut String, line: &[(char, Look)], top: f64) {
        let is_cut = line.len() > self.columns;
        let shown = &line[..if is_cut { self.columns - 1 } else { line.len() }];
        let mut at = 0;
        while at < shown.len() {
            let (letter, look) = shown[at];
            let alike = |(other, its): &(char, Look)| *its == look && kind(*other) == kind(letter);
            let run: String = shown[at..].iter().take_while(|cell| alike(cell)).map(|(letter, _)| *letter).collect();
            let len = run.chars().count();
            match kind(letter) {
                Kind::Blank => {}
                Kind::Letter => text(out, run.trim_end(), look, at, top),
                Kind::Shape => shapes(out, &run, look, at, top),
            }
            at += len;
        }
        if is_cut {
            text(out, "›", Look { is_dim: true, ..Look::default() }, self.columns - 1, top);
        }
    }
}

/// What a character is for the drawing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A space between columns. Single ones stay within a run of letters.
    Blank,
    Letter,
    /// A line or block that must touch its neighbours, whatever the font.
    Shape,
}

fn kind(letter: char) -> Kind {
    match letter {
        '\u{a0}' => Kind::Blank,
        '─' | '━' | '═' | '│' | '▁'..='█' | '▶' | '◀' => Kind::Shape,
        _ => Kind::Letter,
    }
}

/// The cells of a line, the escape sequences taken out of it. Two spaces and more become blanks.
fn cells(line: &str) -> Vec<(char, Look)> {
    let mut cells: Vec<(char, Look)> = Vec::new();
    let mut look = Look::default();
    let mut rest = line;
    while let Some(letter) = rest.chars().next() {
        if let Some(sequence) = rest.strip_prefix("\x1b[") {
            let (codes, behind) = sequence.split_once('m').expect("only colours are set");
            codes.split(';').for_each(|code| look.set(code));
            rest = behind;
            continue;
        }
        cells.push((letter, look));
        rest = &rest[letter.len_utf8()..];
    }
    while cells.last().is_some_and(|(letter, _)| *letter == ' ') {
        cells.pop();
    }
    for at in 0..cells.len() {
        let is_space = |at: usize| cells.get(at).is_some_and(|(letter, _)| matches!(letter, ' ' | '\u{a0}'));
        if is_space(at) && (at == 0 || is_space(at - 1) || is_space(at + 1)) {
            cells[at].0 = '\u{a0}';
        }
    }
    cells
}

impl Look {
    /// Does what one number of an SGR sequence says (ECMA-48 §8.3.117).
    fn set(&mut self, code: &str) {
        match code.parse().unwrap_or(0_u8) {
            0 => *self = Look::default(),
            1 => self.is_bold = true,
            2 => self.is_dim = true,
            3 => self.is_italic = true,
            4 => self.is_underlined = true,
            22 => (self.is_bold, self.is_dim) = (false, false),
            code @ 30..=37 => self.colour = Some(code - 30),
            39 => self.colour = None,
            code @ 90..=97 => self.colour = Some(code - 90 + 8),
            other => panic!("no picture shows what {other} asks for"),
        }
    }

    /// The classes of the style sheet that make it.
    fn classes(self) -> String {
        let mut classes = Vec::new();
        if let Some(colour) = self.colour {
            classes.push(format!("c{}", colour % 8));
        }
        for (is_set, class) in
            [(self.is_bold, "b"), (self.is_dim, "d"), (self.is_italic, "i"), (self.is_underlined, "u")]
        {
            if is_set {
                classes.push(class.to_owned());
            }
        }
        if classes.is_empty() { String::new() } else { format!(" class=\"{}\"", classes.join(" ")) }
    }
}

/// Letters, as wide as their cells in whatever font there is.
fn text(out: &mut String, run: &str, look: Look, column: usize, top: f64) {
    let len = run.chars().count();
    let (x, y) = (MARGIN + column as f64 * CELL.0, top + 13.5);
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" textLength=\"{}\"{}>{}</text>",
        len as f64 * CELL.0,
        look.classes(),
        escaped(run)
    );
}

/// Lines and blocks.
fn shapes(out: &mut String, run: &str, look: Look, column: usize, top: f64) {
    let letters: Vec<char> = run.chars().collect();
    let classes = look.classes();
    let mut rect = |x: f64, y: f64, width: f64, height: f64| {
        let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{classes}/>");
    };
    let (cell, line) = CELL;
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let len = letters[at..].iter().take_while(|other| **other == letter).count();
        let (x, width) = (MARGIN + (column + at) as f64 * cell, len as f64 * cell);
        match letter {
            '─' | '━' => rect(x, top + 8.5, width, 1.0),
            '═' => {
                rect(x, top + 7.0, width, 1.0);
                rect(x, top + 10.0, width, 1.0);
            }
            '│' => (0..len).for_each(|one| rect(x + one as f64 * cell + 3.5, top, 1.0, line)),
            '▁'..='█' => {
                let eighths = f64::from(letter as u32 - '▁' as u32 + 1);
                let height = (line - 3.0) * eighths / 8.0;
                rect(x, top + line - 2.0 - height, width, height);
            }
            // A shaft over the whole cell, and the head on it: nothing but upright rectangles and this shape is needed.
            _ => (0..len).for_each(|one| {
                let x = x + one as f64 * cell;
                for step in 0..8 {
                    let half = f64::from(if letter == '▶' { 8 - step } else { step + 1 }) / 2.0;
                    rect(x + f64::from(step), top + 9.0 - half, 1.0, 2.0 * half);
                }
            }),
        }
        at += len;
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Two sets of colours, each readable on its ground (4.5 to 1 and more).
const STYLE: &str = "
svg{--ground:#fdfdfb;--edge:#d0d3d9;--ink:#24292f;--dim:#6b7280;--c1:#b42318;--c2:#196c2e;--c3:#8a5a00;--c4:#1d4fc4;--c5:#8a2a9c;--c6:#0b6b75;--c7:#57606a}
@media(prefers-color-scheme:dark){svg{--ground:#15181e;--edge:#343a46;--ink:#dfe3ea;--dim:#8b94a3;--c1:#ff8a80;--c2:#7ddf8e;--c3:#f2c45c;--c4:#8ab4ff;--c5:#e29bf0;--c6:#6fd6de;--c7:#b6bdc9}}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace;fill:var(--ink);white-space:pre}
rect{fill:var(--ink)}
.window{fill:var(--ground);stroke:var(--edge)}
.close{fill:#e5695e}.less{fill:#e0b13f}.more{fill:#5fb65a}
.b{font-weight:600}.i{font-style:italic}.u{text-decoration:underline}
.d{fill:var(--dim)}.c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}.c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}.c7{fill:var(--c7)}
";
