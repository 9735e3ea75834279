//! `cargo xtask agree DIR`: netlab's reading of captures against tshark's, field by field.
//!
//! For every capture below a folder, each packet's `netlab read --jsonl` is held against `tshark -T fields`: layers,
//! addresses, ports, flags, numbers, lengths. A difference is either one of the classes in `classes.rs`, which
//! `docs/AGREEMENT.md` explains, or it is printed and the run fails.

mod classes;
mod compare;
mod netlab;
mod tcp;
mod tshark;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, bail};
use classes::Class;
use compare::Difference;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folders with captures, or captures
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Hold verdicts about TCP against tshark's tcp.analysis and tcptrace's octets instead of fields
    #[arg(long)]
    tcp: bool,
    /// Use this netlab instead of building one
    #[arg(long, value_name = "PROGRAM")]
    netlab: Option<PathBuf>,
    /// Keep tshark's answers in this folder: the next run asks only for captures that are new
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Print so many unexplained differences, and an example of every class
    #[arg(long, default_value_t = 40)]
    show: usize,
    /// Print every difference of this class
    #[arg(long, value_name = "CLASS")]
    list: Option<String>,
    /// Work on so many captures at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

/// What came of all captures.
#[derive(Debug, Default)]
struct Tally {
    captures: u64,
    unreadable: Vec<String>,
    packets: u64,
    fields: u64,
    classes: BTreeMap<&'static str, Vec<String>>,
    unexplained: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let program = match &arguments.netlab {
        Some(program) => program.clone(),
        None => netlab::build()?,
    };
    tshark::find()?;
    let mut captures = Vec::new();
    for path in &arguments.paths {
        find(path, &mut captures).with_context(|| format!("cannot look through {}", path.display()))?;
    }
    captures.sort();
    if captures.is_empty() {
        bail!("there are no captures below {}", arguments.paths[0].display());
    }
    if arguments.tcp {
        return tcp::run(captures, &program, arguments);
    }
    let queue = Mutex::new(captures.into_iter());
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().ok().and_then(|mut queue| queue.next());
                    let Some(path) = next else { break };
                    let one = hold_against(&path, &program, arguments.cache.as_deref());
                    if let Ok(mut tally) = tally.lock() {
                        tally.add(&path, one);
                    }
                }
            });
        }
    });
    let mut tally = tally.into_inner().unwrap_or_default();
    tally.unexplained.sort();
    tally.classes.values_mut().for_each(|lines| lines.sort());
    tally.print(arguments.show, arguments.list.as_deref());
    if !tally.unexplained.is_empty() {
        bail!("{} differences are not explained", tally.unexplained.len());
    }
    let equal = tally.share();
    if equal < 99.9 {
        bail!("only {equal:.3} % of the fields are equal; 99.9 % are wanted");
    }
    Ok(())
}

/// What one capture gave: packets, fields, differences with their class and packet number.
#[derive(Debug, Default)]
struct One {
    packets: u64,
    fields: u64,
    differences: Vec<(u64, Difference, Option<&'static Class>)>,
}

/// Both readings of one capture; `None` if neither program reads it.
fn hold_against(path: &Path, program: &Path, cache: Option<&Path>) -> anyhow::Result<Option<One>> {
    let mut theirs = tshark::read(path, cache)?;
    // pcapng records that are no packets have no link type; netlab does not number them.
    theirs.retain(|row| !row.all("frame.encap_type").is_empty());
    let ours = netlab::read(program, path)?;
    if theirs.is_empty() && ours.is_empty() {
        return Ok(None);
    }
    let mut one = One::default();
    for (theirs, ours) in theirs.iter().zip(&ours) {
        one.packets += 1;
        let (fields, differences) = compare::packet(theirs, ours);
        one.fields += fields;
        for difference in differences {
            let class = classes::of(theirs, ours, &difference);
            one.differences.push((one.packets, difference, class));
        }
    }
    if theirs.len() != ours.len() {
        let difference =
            Difference { field: "packets", ours: ours.len().to_string(), theirs: theirs.len().to_string() };
        let head = std::fs::read(path).unwrap_or_default();
        let class = classes::of_count(&ours, theirs.len(), &head);
        one.differences.push((0, difference, class));
    }
    Ok(Some(one))
}

impl Tally {
    fn add(&mut self, path: &Path, one: anyhow::Result<Option<One>>) {
        self.captures += 1;
        let name = path.display().to_string();
        match one {
            Err(error) => self.unexplained.push(format!("{name}: {error:#}")),
            Ok(None) => self.unreadable.push(name),
            Ok(Some(one)) => {
                self.packets += one.packets;
                self.fields += one.fields;
                for (number, difference, class) in one.differences {
                    let line = format!(
                        "{name} #{number}: {}: netlab {} tshark {}",
                        difference.field, difference.ours, difference.theirs
                    );
                    match class {
                        Some(class) => self.classes.entry(class.name).or_default().push(line),
                        None => self.unexplained.push(line),
                    }
                }
            }
        }
    }

    fn differing(&self) -> u64 {
        (self.classes.values().map(Vec::len).sum::<usize>() + self.unexplained.len()) as u64
    }

    /// Percentage of equal fields; differences of every class count as different.
    fn share(&self) -> f64 {
        100.0 * (1.0 - self.differing() as f64 / self.fields.max(1) as f64)
    }

    fn print(&self, show: usize, list: Option<&str>) {
        println!("{} captures, {} that neither program reads", self.captures, self.unreadable.len());
        println!("{} packets, {} fields, {:.4} % equal", self.packets, self.fields, self.share());
        if !self.classes.is_empty() {
            println!("\ndifferences that docs/AGREEMENT.md explains:");
        }
        for (name, lines) in &self.classes {
            println!("{:8}  {name}", lines.len());
            let wanted = if list == Some(*name) { lines.len() } else { 1 };
            for line in lines.iter().take(wanted) {
                println!("          {line}");
            }
        }
        if !self.unexplained.is_empty() {
            println!("\n{} differences that nothing explains:", self.unexplained.len());
        }
        for line in self.unexplained.iter().take(show) {
            println!("  {line}");
        }
        if self.unexplained.len() > show {
            println!("  … and {} more (--show N)", self.unexplained.len() - show);
        }
    }
}

/// Every file below `path` that could be a capture.
fn find(path: &Path, captures: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        captures.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let path = entry?.path();
        let is_text =
            path.extension().is_some_and(|extension| matches!(extension.to_str(), Some("md" | "txt" | "toml")));
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_text && !is_hidden {
            find(&path, captures)?;
        }
    }
    Ok(())
}
