//! Which processor a thread runs on, where the order of what it sends matters.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Keeps the calling thread on one processor: what it sends waits in the queue of that processor, and overtakes nothing.
pub fn stay_on_one() {
    let allowed = sched_getaffinity(Pid::from_raw(0)).expect("a thread may ask");
    let one = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false)).expect("it runs somewhere");
    let mut only = CpuSet::new();
    only.set(one).expect("a processor that exists");
    sched_setaffinity(Pid::from_raw(0), &only).expect("a thread may choose");
}
