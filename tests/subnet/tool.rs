//! Running the program.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the program did.
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `netlab subnet` with these arguments (separated by blanks) and this standard input.
pub fn run_with(arguments: &str, stdin: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_netlab"))
        .arg("subnet")
        .args(arguments.split_whitespace())
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The program may refuse before it has read everything.
    let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    Run {
        status: output.status.code().expect("an exit status"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs `netlab subnet` without input.
pub fn run(arguments: &str) -> Run {
    run_with(arguments, "")
}

/// The JSON objects it prints, after it succeeded.
pub fn json_lines(arguments: &str) -> Vec<Value> {
    let run = run(&format!("{arguments} --json"));
    assert_eq!(run.status, 0, "{arguments}: {}", run.stderr);
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// The one JSON object it prints.
pub fn json(arguments: &str) -> Value {
    let mut lines = json_lines(arguments);
    assert_eq!(lines.len(), 1, "{arguments}");
    lines.remove(0)
}

/// The text it prints, after it succeeded.
pub fn text(arguments: &str) -> String {
    let run = run(arguments);
    assert_eq!(run.status, 0, "{arguments}: {}", run.stderr);
    assert_eq!(run.stderr, "", "{arguments}");
    run.stdout
}

/// What it says when it refuses: status 2, a sentence on standard error, nothing on standard output.
pub fn refusal(arguments: &str) -> String {
    let run = run(arguments);
    assert_eq!(run.status, 2, "{arguments}: {}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "", "{arguments}");
    assert!(run.stderr.starts_with("netlab: "), "{arguments}: {}", run.stderr);
    run.stderr
}
