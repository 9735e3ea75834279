//! The signals of a capture: INT, TERM and HUP end it, a second INT ends the process at once, USR1 asks for the counts.

use std::fs;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::{flag, low_level};

/// What has been asked for by signals since the capture began.
#[derive(Debug)]
pub(super) struct Signals {
    stop: Arc<AtomicBool>,
    counts: Arc<AtomicBool>,
    wake: UnixStream,
    registered: Vec<SigId>,
}

impl Signals {
    /// Takes over the four signals until dropped; a HUP that is ignored (`nohup`) stays ignored.
    pub fn listen() -> io::Result<Signals> {
        let (wake, ring) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let mut registered = Vec::new();
        // Actions run in the order of registration: the first INT finds the flag down and raises it, the second finds it
        // up and dies of the signal, as a person who presses Ctrl-C twice means it.
        registered.push(flag::register_conditional_default(SIGINT, Arc::clone(&stop))?);
        let stopping: &[_] = if is_ignored(SIGHUP) { &[SIGINT, SIGTERM] } else { &[SIGINT, SIGTERM, SIGHUP] };
        for &signal in stopping {
            registered.push(flag::register(signal, Arc::clone(&stop))?);
        }
        registered.push(flag::register(SIGUSR1, Arc::clone(&counts))?);
        // Last, so that the flag is up before the waiting loop wakes.
        for &signal in stopping.iter().chain(&[SIGUSR1]) {
            registered.push(low_level::pipe::register(signal, ring.try_clone()?)?);
        }
        Ok(Signals { stop, counts, wake, registered })
    }

    /// True once the capture shall end.
    pub fn stop_asked(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// True if the counts were asked for since the last call.
    pub fn counts_asked(&self) -> bool {
        self.counts.load(Ordering::Relaxed) && self.counts.swap(false, Ordering::Relaxed)
    }

    /// Becomes readable when a signal arrives.
    pub fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Makes [`Signals::wake`] wait for the next signal again.
    pub fn quiet(&mut self) {
        let mut octets = [0; 64];
        while matches!(self.wake.read(&mut octets), Ok(len) if len > 0) {}
    }
}

/// True if the process was started with this signal ignored.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.registered.drain(..).for_each(|id| {
            low_level::unregister(id);
        });
    }
}
