//! Asking other programs about a capture.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

/// What `program` prints with these arguments and the capture as the last; nothing if there is no such program. Answers
/// are kept in `cache` for the next run.
pub(super) fn ask(
    program: &str,
    arguments: &[&str],
    capture: &Path,
    cache: Option<&Path>,
) -> anyhow::Result<Option<String>> {
    let kept = cache.map(|folder| {
        let mut hasher = DefaultHasher::new();
        (program, arguments, capture).hash(&mut hasher);
        folder.join(format!("{program}-{:016x}.txt", hasher.finish()))
    });
    if let Some(text) = kept.as_ref().and_then(|path| fs::read_to_string(path).ok()) {
        return Ok(Some(text));
    }
    let output = Command::new(program).args(arguments).arg(capture).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let Ok(output) = output else { return Ok(None) };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if let (Some(folder), Some(path)) = (cache, &kept) {
        fs::create_dir_all(folder)?;
        fs::write(path, &text).with_context(|| path.display().to_string())?;
    }
    Ok(Some(text))
}
