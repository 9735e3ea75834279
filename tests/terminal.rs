//! What netlab draws on a terminal, looked at in a real one (tmux).

#[path = "terminal/tmux.rs"]
mod tmux;

use tmux::Terminal;

const NETLAB: &str = env!("CARGO_BIN_EXE_netlab");

#[cfg(feature = "progress")]
#[test]
fn progress_is_drawn_while_an_input_is_read_and_gone_before_the_report() {
    let Some(terminal) = Terminal::new(100, 50) else { return };
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/tutorial.pcapng");
    let slowly = format!("(head -c 2000 {capture}; sleep 1; tail -c +2001 {capture}; sleep 1)");
    terminal.run(&format!("clear; {slowly} | {NETLAB} analyze - | cat; echo piped"));
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "piped"));
    assert!(!screen.contains("reading"), "into a pipe:\n{screen}");
    terminal.run(&format!("clear; {slowly} | {NETLAB} analyze - > /dev/null; echo kept"));
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "kept"));
    assert!(!screen.contains("reading"), "into a file:\n{screen}");
    terminal.run(&format!("clear; {slowly} | {NETLAB} why - 3; echo done"));
    terminal.wait_until("progress", |screen| screen.contains("reading") && screen.contains("iB/s"));
    let screen = terminal.wait_until("the answer", |screen| screen.lines().any(|line| line == "done"));
    assert!(!screen.contains("reading"), "left behind:\n{screen}");
}
