//! A terminal that a test can look at: tmux, with a server of its own.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(100);

/// What a shell shows when it waits for a command.
const PROMPT: &str = "ready>";

/// A terminal in which a shell runs; gone when dropped.
pub struct Terminal {
    server: String,
}

impl Terminal {
    /// A terminal of this size, or `None` if this machine has no tmux.
    pub fn new(columns: usize, rows: usize) -> Option<Terminal> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let has_tmux = Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success());
        if !has_tmux {
            skip("tmux is not installed");
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let terminal = Terminal { server: format!("netlab-test-{}-{number}", std::process::id()) };
        // The shell gets its prompt from a file that it does not need to read: /bin/sh takes it from the environment.
        let (columns, rows) = (columns.to_string(), rows.to_string());
        let shell = format!("env -u LC_ALL -u NO_COLOR PS1='{PROMPT} ' TERM=screen-256color LC_CTYPE=C.UTF-8 sh");
        terminal.tmux(&["-f", "/dev/null", "-u", "new-session", "-d", "-x", &columns, "-y", &rows, &shell]);
        terminal.wait_for(PROMPT);
        Some(terminal)
    }

    /// Types a command and the return key.
    pub fn run(&self, command: &str) {
        self.type_text(command);
        self.key("Enter");
    }

    /// Types a command on a screen that shows nothing of earlier ones, and the return key.
    pub fn run_alone(&self, command: &str) {
        self.run("clear");
        self.wait_until("a prompt alone", |screen| screen.trim() == PROMPT);
        self.run(command);
    }

    /// Types text as it is.
    pub fn type_text(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    /// Presses a key by tmux's name for it.
    pub fn key(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Gives the window another size.
    pub fn resize(&self, columns: usize, rows: usize) {
        self.tmux(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// What the terminal shows.
    pub fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// What tmux knows of the pane, such as `#{alternate_on}`.
    pub fn about(&self, format: &str) -> String {
        self.tmux(&["display-message", "-p", format]).trim().to_owned()
    }

    /// Waits until tmux knows this of the pane.
    pub fn wait_until_about(&self, format: &str, known: &str) {
        let end = Instant::now() + PATIENCE;
        while self.about(format) != known {
            assert!(Instant::now() < end, "{format} is not {known}, but {}:\n{}", self.about(format), self.screen());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the terminal shows `text`; returns what it shows.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("'{text}'"), |screen| screen.contains(text))
    }

    /// Waits until what the terminal shows is right; returns it.
    pub fn wait_until(&self, what: &str, is_right: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if is_right(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "the terminal does not show {what}:\n{screen}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the shell has its terminal back; returns what it shows.
    pub fn wait_for_prompt(&self) -> String {
        self.wait_until("a prompt at its end", |screen| screen.trim_end().ends_with(PROMPT))
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let mut tmux = Command::new("tmux");
        let output = tmux.args(["-L", &self.server]).args(arguments).stdin(Stdio::null()).output().expect("tmux runs");
        assert!(output.status.success(), "tmux {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The server is this test's own.
        let _ = Command::new("tmux").args(["-L", &self.server, "kill-server"]).output();
    }
}

/// Says that a test cannot be done here, or fails where it must be.
pub fn skip(why: &str) {
    assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none_or(|value| value != "1"), "skipped: {why}");
    eprintln!("skipped: {why}");
}
