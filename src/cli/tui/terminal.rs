//! The terminal, taken over and given back: on the normal way out, on errors, on panics of any thread.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};
use std::os::fd::AsFd as _;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, raise};
use nix::unistd::read;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::KeyEvent;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::{Frame, Terminal};

use super::Shared;
use super::keys::Keys;

/// The terminal while it shows the screen.
#[derive(Debug)]
pub(super) struct Display {
    terminal: Terminal<CrosstermBackend<BufWriter<File>>>,
    keys: Keys,
}

impl Display {
    /// Takes the terminal over: raw mode and the alternate screen. A panic gives it back before it says why.
    pub(super) fn take(shared: Arc<Shared>) -> io::Result<Display> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            shared.over.store(true, Ordering::Relaxed);
            give_back();
            before(panic);
        }));
        let backend = CrosstermBackend::new(BufWriter::new(stdout()?));
        enter()
            .and_then(|()| Ok(Display { terminal: Terminal::new(backend)?, keys: Keys::default() }))
            .inspect_err(|_| give_back())
    }

    /// Draws a picture; the terminal gets what differs from the last one.
    pub(super) fn draw(&mut self, fill: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(fill).map(drop)
    }

    /// Waits for keys, at most for `patience`.
    ///
    /// # Errors
    /// When the terminal is gone: its window was closed, its line broke.
    pub(super) fn keys(&mut self, patience: Duration) -> io::Result<Vec<KeyEvent>> {
        let (stdin, stdout) = (io::stdin(), io::stdout());
        let terminal = if stdin.is_terminal() { stdin.as_fd() } else { stdout.as_fd() };
        let mut watched = [PollFd::new(terminal, PollFlags::POLLIN)];
        let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
        match poll(&mut watched, patience) {
            Ok(0) | Err(Errno::EINTR) => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let seen = watched[0].revents().unwrap_or(PollFlags::empty());
        if !seen.contains(PollFlags::POLLIN) || seen.contains(PollFlags::POLLHUP) {
            return Err(io::Error::other("the terminal is gone"));
        }
        let mut octets = [0; 1024];
        match read(terminal, &mut octets) {
            Ok(0) => Err(io::Error::other("the terminal is gone")),
            Ok(len) => Ok(self.keys.read(&octets[..len])),
            Err(Errno::EINTR | Errno::EAGAIN) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets the shell have the terminal until it continues this process.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        raise(Signal::SIGTSTP)?;
        enter()?;
        // A new one draws everything. (`clear` would ask where the cursor is, on the standard output that is locked.)
        self.terminal = Terminal::new(CrosstermBackend::new(BufWriter::new(stdout()?)))?;
        Ok(())
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        give_back();
    }
}

/// Standard output without the lock that the program holds on it.
fn stdout() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout()?, EnterAlternateScreen)
}

/// Makes the terminal as it was. If that fails, there is no terminal any more.
fn give_back() {
    let _ = disable_raw_mode();
    if let Ok(mut stdout) = stdout() {
        let _ = execute!(stdout, LeaveAlternateScreen, Show);
        let _ = stdout.flush();
    }
}
