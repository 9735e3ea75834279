//! Drawings to be pasted into notes (`--format mermaid|dot|svg`), and where pages are written (`--html OUT`).

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::Failure;
use crate::lang::Lang;
use crate::render::topology::{self, NetworkMap, Outline};
use crate::sim::Engine;

/// What a ladder or a network is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Mermaid's language, which many editors of notes draw
    Mermaid,
    /// Graphviz's language
    Dot,
    /// A drawing (SVG)
    Svg,
}

/// Appends the drawing of a network.
pub(super) fn network(format: Format, engine: &Engine, title: &str, lang: Lang, out: &mut Vec<u8>) {
    let map = NetworkMap::of(engine, lang);
    match format {
        Format::Mermaid => topology::mermaid(&map, title, out),
        Format::Dot => topology::dot(&map, title, out),
        Format::Svg => topology::svg(&map, title, Outline::File, out),
    }
}

/// Writes a page; never over a file that it was made from.
pub(super) fn write_page(path: &Path, page: &[u8], inputs: &[PathBuf]) -> Result<(), Failure> {
    let shown = crate::base::text::harmless(&path.display().to_string()).into_owned();
    let same =
        |input: &PathBuf| path.canonicalize().is_ok_and(|page| input.canonicalize().is_ok_and(|input| input == page));
    if inputs.iter().any(same) {
        return Err(Failure::Usage(format!("{shown} is what the page is made from: name another file for the page")));
    }
    std::fs::write(path, page).map_err(|error| Failure::CouldNot(format!("cannot write {shown}: {error}")))
}
