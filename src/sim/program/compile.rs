//! From lines with indentation to a flat list of steps.

use std::rc::Rc;

use super::expression::{self, Expression};
use crate::sim::scenario::nearest_word;

/// One step of a program.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A variable gets a value.
    Let(String, Expression),
    /// A call, which may wait.
    Call {
        /// The variables that get what it returns.
        targets: Vec<String>,
        /// The variable of its socket; `None` for calls without one.
        object: Option<String>,
        /// What is called.
        method: String,
        /// With what.
        arguments: Vec<Expression>,
    },
    /// On to another step.
    Jump(usize),
    /// On to another step unless this is true.
    JumpUnless(Expression, usize),
    /// Errors from here on are handled at that step.
    Try(usize),
    /// Errors are no longer handled there.
    EndTry,
    /// The error is handled here if it has this name, or any; else there.
    Catch(Option<String>, usize),
    /// No handler fits: the error goes on outwards.
    Rethrow,
    /// A thread begins at the next step, with a copy of the variables; this one goes on there.
    Thread(usize),
    /// The end of a thread or the program.
    End,
}

/// A program that has been read.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its name.
    pub name: Rc<str>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The line of each step, from 1, counted from the program's first line.
    pub lines: Vec<usize>,
}

/// What is wrong with a program, and in which of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramError {
    /// The line, from 1, counted from the program's first line.
    pub line: usize,
    /// What is wrong.
    pub sentence: String,
}

/// Calls of sockets, for hints.
pub const METHODS: &[&str] = &[
    "bind",
    "listen",
    "accept",
    "connect",
    "send",
    "sendall",
    "recv",
    "recv_exactly",
    "sendto",
    "recvfrom",
    "shutdown",
    "close",
    "setsockopt",
];

struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

struct Compiler {
    steps: Vec<Step>,
    lines: Vec<usize>,
    /// For each loop around: where `continue` goes, and the jumps of its `break`s.
    loops: Vec<(usize, Vec<usize>)>,
    counters: usize,
}

impl Program {
    /// Reads a program.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(name: &str, text: &str) -> Result<Program, ProgramError> {
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let code = without_comment(line);
            let trimmed = code.trim();
            if !trimmed.is_empty() {
                lines.push(Line { number: index + 1, indent: code.len() - code.trim_start().len(), text: trimmed });
            }
        }
        let mut compiler = Compiler { steps: Vec::new(), lines: Vec::new(), loops: Vec::new(), counters: 0 };
        let mut at = 0;
        while at < lines.len() {
            at = compiler.block(&lines, at)?;
        }
        compiler.push(lines.last().map_or(1, |line| line.number), Step::End);
        Ok(Program { name: name.into(), steps: compiler.steps, lines: compiler.lines })
    }
}

/// The line up to a `#` that is not in a text.
fn without_comment(line: &str) -> &str {
    let mut in_text = false;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '#' if !in_text => return &line[..at],
            _ => {}
        }
    }
    line
}

fn fail<T>(line: usize, sentence: impl Into<String>) -> Result<T, ProgramError> {
    Err(ProgramError { line, sentence: sentence.into() })
}

impl Compiler {
    fn push(&mut self, line: usize, step: Step) -> usize {
        self.steps.push(step);
        self.lines.push(line);
        self.steps.len() - 1
    }

    /// Compiles the lines of one indentation; returns the first line after them.
    fn block(&mut self, lines: &[Line<'_>], from: usize) -> Result<usize, ProgramError> {
        let indent = lines[from].indent;
        let mut at = from;
        while at < lines.len() && lines[at].indent == indent {
            at = self.statement(lines, at)?;
        }
        if let Some(line) = lines.get(at)
            && line.indent > indent
        {
            return fail(line.number, "this line is indented, but the line before begins no block");
        }
        Ok(at)
    }

    /// The block below line `at`.
    fn body(&mut self, lines: &[Line<'_>], at: usize) -> Result<usize, ProgramError> {
        match lines.get(at + 1) {
            Some(next) if next.indent > lines[at].indent => self.block(lines, at + 1),
            _ => fail(lines[at].number, "a block of indented lines must follow"),
        }
    }

    fn statement(&mut self, lines: &[Line<'_>], at: usize) -> Result<usize, ProgramError> {
        let (number, text) = (lines[at].number, lines[at].text);
        let Some(head) = text.strip_suffix(':') else {
            self.simple(number, text)?;
            return Ok(at + 1);
        };
        let (word, rest) = head.split_once(' ').map_or((head, ""), |(word, rest)| (word, rest.trim()));
        match word {
            "loop" => self.counted_loop(lines, at, rest),
            "while" => {
                let condition = self.expression(number, rest)?;
                let start = self.push(number, Step::JumpUnless(condition, 0));
                self.loop_body(lines, at, start, start)
            }
            "if" => self.branch(lines, at, rest),
            "try" => self.attempt(lines, at),
            "thread" => {
                let start = self.push(number, Step::Thread(0));
                let outer = std::mem::take(&mut self.loops);
                let after = self.body(lines, at)?;
                self.loops = outer;
                self.push(number, Step::End);
                self.steps[start] = Step::Thread(self.steps.len());
                Ok(after)
            }
            _ => fail(number, format!("unknown block '{word}'; known are loop, while, if, else, try, except, thread")),
        }
    }

    /// `loop:` for ever, `loop N:` that many times.
    fn counted_loop(&mut self, lines: &[Line<'_>], at: usize, rest: &str) -> Result<usize, ProgramError> {
        let number = lines[at].number;
        if rest.is_empty() {
            let start = self.steps.len();
            return self.loop_body(lines, at, start, usize::MAX);
        }
        self.counters += 1;
        let counter = format!(" counter{}", self.counters);
        let times = self.expression(number, rest)?;
        self.push(number, Step::Let(counter.clone(), times));
        let variable = || Box::new((Expression::Variable(counter.clone()), constant(1)));
        let start = self.push(number, Step::JumpUnless(Expression::Binary(">=", variable()), 0));
        self.push(number, Step::Let(counter.clone(), Expression::Binary("-", variable())));
        self.loop_body(lines, at, start, start)
    }

    /// The body of a loop that begins again at `start`; `exit` is the step that leaves it, if there is one.
    fn loop_body(&mut self, lines: &[Line<'_>], at: usize, start: usize, exit: usize) -> Result<usize, ProgramError> {
        self.loops.push((start, Vec::new()));
        let after = self.body(lines, at)?;
        self.push(lines[at].number, Step::Jump(start));
        let end = self.steps.len();
        if let Some(Step::JumpUnless(_, target)) = self.steps.get_mut(exit) {
            *target = end;
        }
        for jump in self.loops.pop().map(|(_, breaks)| breaks).unwrap_or_default() {
            self.steps[jump] = Step::Jump(end);
        }
        Ok(after)
    }

    fn branch(&mut self, lines: &[Line<'_>], at: usize, condition: &str) -> Result<usize, ProgramError> {
        let number = lines[at].number;
        let condition = self.expression(number, condition)?;
        let test = self.push(number, Step::JumpUnless(condition.clone(), 0));
        let mut after = self.body(lines, at)?;
        let mut otherwise = self.steps.len();
        if let Some(line) = lines.get(after)
            && line.indent == lines[at].indent
            && line.text == "else:"
        {
            let skip = self.push(line.number, Step::Jump(0));
            otherwise = self.steps.len();
            after = self.body(lines, after)?;
            self.steps[skip] = Step::Jump(self.steps.len());
        }
        self.steps[test] = Step::JumpUnless(condition, otherwise);
        Ok(after)
    }

    fn attempt(&mut self, lines: &[Line<'_>], at: usize) -> Result<usize, ProgramError> {
        let (number, indent) = (lines[at].number, lines[at].indent);
        let begin = self.push(number, Step::Try(0));
        let mut after = self.body(lines, at)?;
        self.push(number, Step::EndTry);
        let mut ends = vec![self.push(number, Step::Jump(0))];
        self.steps[begin] = Step::Try(self.steps.len());
        let mut handlers = 0;
        while let Some(line) = lines.get(after)
            && line.indent == indent
            && line.text.starts_with("except")
        {
            let name = line.text.trim_start_matches("except").trim_end_matches(':').trim();
            let name = (!name.is_empty()).then(|| name.to_owned());
            let catch = self.push(line.number, Step::Catch(name.clone(), 0));
            after = self.body(lines, after)?;
            ends.push(self.push(line.number, Step::Jump(0)));
            self.steps[catch] = Step::Catch(name, self.steps.len());
            handlers += 1;
        }
        if handlers == 0 {
            return fail(number, "try needs an except below it");
        }
        self.push(number, Step::Rethrow);
        let end = self.steps.len();
        for jump in ends {
            self.steps[jump] = Step::Jump(end);
        }
        Ok(after)
    }

    fn expression(&self, line: usize, text: &str) -> Result<Expression, ProgramError> {
        expression::parse(text).map_err(|sentence| ProgramError { line, sentence })
    }

    fn simple(&mut self, number: usize, text: &str) -> Result<(), ProgramError> {
        match text {
            "break" | "continue" => {
                let Some((start, _)) = self.loops.last() else {
                    return fail(number, format!("{text} stands outside of a loop"));
                };
                let jump = self.steps.len();
                let target = *start;
                self.push(number, Step::Jump(target));
                if text == "break"
                    && let Some((_, breaks)) = self.loops.last_mut()
                {
                    breaks.push(jump);
                }
                return Ok(());
            }
            "pass" => return Ok(()),
            _ => {}
        }
        let (targets, body) = match assignment(text) {
            Some((targets, body)) => (targets, body),
            None => (Vec::new(), text),
        };
        for target in &targets {
            if target.is_empty() || !target.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return fail(number, format!("'{target}' is not a name"));
            }
        }
        if let Some(step) = call(number, &targets, body)? {
            self.push(number, step);
            return Ok(());
        }
        match targets.as_slice() {
            [target] => {
                let value = self.expression(number, body)?;
                self.push(number, Step::Let(target.clone(), value));
                Ok(())
            }
            _ => fail(number, format!("'{text}' is not a statement: a call like s.send(\"x\"), or name = …")),
        }
    }
}

fn constant(number: i64) -> Expression {
    Expression::Constant(super::Value::Number(number))
}

/// Splits `a, b = rest`; a comparison is not an assignment.
fn assignment(text: &str) -> Option<(Vec<String>, &str)> {
    let at = text.find('=')?;
    let head = &text[..at];
    if text[at + 1..].starts_with('=') || head.ends_with(['!', '<', '>']) || head.contains(['"', '(']) {
        return None;
    }
    Some((head.split(',').map(|name| name.trim().to_owned()).collect(), text[at + 1..].trim()))
}

/// A call that may wait: `socket(…)`, `sleep(…)`, `print(…)`, `exit()`, `x.method(…)`.
fn call(line: usize, targets: &[String], text: &str) -> Result<Option<Step>, ProgramError> {
    let Some((name, rest)) = text.split_once('(') else { return Ok(None) };
    let name = name.trim();
    if name.contains(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))) {
        return Ok(None);
    }
    let (object, method) = match name.split_once('.') {
        Some((object, method)) => (Some(object.to_owned()), method),
        None if matches!(name, "socket" | "sleep" | "print" | "exit" | "lookup") => (None, name),
        None => return Ok(None),
    };
    if object.is_some() && !METHODS.contains(&method) {
        let near = nearest_word(method, METHODS.iter().copied());
        let hint = near
            .map_or_else(|| format!("; known are {}", METHODS.join(", ")), |near| format!(": did you mean '{near}'?"));
        return fail(line, format!("sockets have no call '{method}'{hint}"));
    }
    let (arguments, after) = expression::arguments(rest).map_err(|sentence| ProgramError { line, sentence })?;
    if !after.is_empty() {
        return fail(line, format!("'{after}' is too much: a call that may wait stands alone"));
    }
    Ok(Some(Step::Call { targets: targets.to_vec(), object, method: method.to_owned(), arguments }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_by_indentation_become_jumps() {
        let program = Program::parse(
            "p",
            "s = socket(tcp)\nloop 2:\n    s.send(\"a\")  # twice\n    if len(x) == 0:\n        break\n    else:\n        x = \"\"\nprint(x)\n",
        )
        .expect("a program");
        assert!(program.steps.iter().any(|step| matches!(step, Step::JumpUnless(..))));
        assert_eq!(program.steps.last(), Some(&Step::End));
        for step in &program.steps {
            if let Step::Jump(to) | Step::JumpUnless(_, to) = step {
                assert!((1..program.steps.len()).contains(to), "{step:?}");
            }
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, line, hint) in [
            ("s = socket(tcp)\ns.sned(\"x\")", 2, "did you mean 'send'?"),
            ("loop:\nx = 1", 1, "indented lines must follow"),
            ("x = lne(y)", 1, "did you mean 'len'?"),
            ("break", 1, "outside of a loop"),
            ("try:\n    x = 1\n", 1, "needs an except"),
            ("x = \"open", 1, "closing quote"),
        ] {
            let error = Program::parse("p", text).expect_err(text);
            assert_eq!(error.line, line, "{error:?}");
            assert!(error.sentence.contains(hint), "{error:?}");
        }
    }
}
