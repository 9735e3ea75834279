//! The live screen of `capture --tui`.
//!
//! The capture runs where it always runs; its sink puts each packet into a [`Screen`], which is plain data behind a lock.
//! A thread of its own draws the screen ten times a second and reads the keys. While it draws, only the part that fills
//! the picture holds the lock: a terminal at the end of a slow line keeps nobody from capturing. The thread ends by a
//! key, or when it is told to; a capture notices that by the closed pipe that it watches, even when no packet comes.

mod conversations;
mod draw;
mod feed;
mod help;
mod keys;
mod owners;
#[cfg(test)]
mod panic_tests;
mod screen;
mod terminal;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(in crate::cli) use self::screen::Screen;
use self::screen::Wish;
use self::terminal::Display;
use crate::analysis::{Judged, Note};
use crate::base::Timestamp;
use crate::packet::Remark;

/// How long the screen stays as it is if nobody presses a key.
const FRAME: Duration = Duration::from_millis(100);
/// How often a screen whose capture has ended looks whether it shall go.
const LOOK: Duration = Duration::from_millis(50);
/// How long the screen gets to clear up when it shall go: on a terminal that hangs it never would.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// What the thread that draws and the capture share.
#[derive(Debug)]
struct Shared {
    screen: Mutex<Screen>,
    /// The screen shall end: asked for by a key, a signal, or because the program is in trouble.
    over: AtomicBool,
}

impl Shared {
    fn screen(&self) -> MutexGuard<'_, Screen> {
        // A panic while it was locked is told elsewhere; the data are whole enough to be shown.
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The screen as the capture sees it.
#[derive(Debug)]
pub(super) struct Viewer {
    shared: Arc<Shared>,
    thread: JoinHandle<io::Result<()>>,
}

impl Viewer {
    /// Takes over the terminal and begins to draw. Whoever holds the other end of the pipe that is returned with it
    /// learns by an error on it that the screen has ended.
    pub(super) fn start(screen: Screen) -> io::Result<(Viewer, OwnedFd)> {
        let (ended, watched) = io::pipe()?;
        let shared = Arc::new(Shared { screen: Mutex::new(screen), over: AtomicBool::new(false) });
        let mut display = Display::take(Arc::clone(&shared))?;
        let thread = thread::Builder::new().name("screen".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                // Closed when the thread ends, however it ends.
                let _ended = ended;
                let result = show(&shared, &mut display);
                shared.over.store(true, Ordering::Relaxed);
                result
            }
        })?;
        Ok((Viewer { shared, thread }, watched.into()))
    }

    /// Shows a packet; `Break` once nobody looks any more.
    pub(super) fn packet(&self, judged: &Judged<'_, '_>) -> ControlFlow<()> {
        if self.shared.over.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        self.shared.screen().packet(judged);
        ControlFlow::Continue(())
    }

    /// Shows what is said of an earlier packet.
    pub(super) fn late_note(&self, note: &Note) {
        self.shared.screen().late_note(note);
    }

    /// Shows what the source says.
    pub(super) fn remark(&self, remark: &Remark) {
        self.shared.screen().remark(remark);
    }

    /// What a line of counts says, for whoever asked for them by a signal.
    pub(super) fn teller(&self) -> impl Fn(String) + 'static {
        let shared = Arc::clone(&self.shared);
        move |text| shared.screen().say(text)
    }

    /// The capture has ended. If neither a key nor a signal ended it, the screen stays, with the reason, until one
    /// does.
    pub(super) fn finish(self, reason: &str, stop_asked: impl Fn() -> bool) -> io::Result<()> {
        if !stop_asked() {
            self.shared.screen().end(reason);
        }
        while !self.thread.is_finished() && !stop_asked() {
            thread::sleep(LOOK);
        }
        self.shared.over.store(true, Ordering::Relaxed);
        let mut patience = LAST_PATIENCE;
        while !self.thread.is_finished() {
            if patience.is_zero() {
                return Err(io::Error::other("the terminal does not answer any more"));
            }
            thread::sleep(LOOK);
            patience = patience.saturating_sub(LOOK);
        }
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the screen broke down")))
    }
}

/// Draws and listens to the keys until it is over.
fn show(shared: &Shared, display: &mut Display) -> io::Result<()> {
    let mut owners = owners::Owners::default();
    while !shared.over.load(Ordering::Relaxed) {
        owners.keep_up(&shared.screen);
        display.draw(|frame| {
            let mut screen = shared.screen();
            screen.tick(now());
            draw::draw(&mut screen, frame);
        })?;
        for key in display.keys(FRAME)? {
            // The lock is not held while the shell has the terminal.
            let wish = shared.screen().key(key);
            match wish {
                Wish::Nothing => {}
                Wish::Leave => return Ok(()),
                Wish::Suspend => display.suspend()?,
            }
        }
    }
    Ok(())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::ZERO.after(since)
}
