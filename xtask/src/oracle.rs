//! `cargo xtask oracle --rounds N --seed S`: random networks in the simulator and in the Linux kernel, frame by frame.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{bail, ensure};
use clap::Args;

#[allow(dead_code)]
#[path = "../../tests/sim_kernel/canonical.rs"]
mod canonical;
#[path = "../../tests/sim_kernel/lab.rs"]
mod lab;
#[path = "../../tests/sim_kernel/random.rs"]
mod random;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Networks to try; each takes some ten to thirty seconds
    #[arg(long, default_value_t = 10)]
    rounds: u64,
    /// The number of the first one
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Networks tried at the same time; nearly all of the time is waiting
    #[arg(long, default_value_t = 4)]
    together: u64,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(why) = canonical::missing().or_else(canonical::no_nft) {
        bail!("the kernel cannot be asked: {why}");
    }
    let (next, different) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || -> anyhow::Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= arguments.rounds {
                return Ok(());
            }
            let seed = arguments.seed + number;
            let folder = super::root().join(format!("target/oracle/{seed}"));
            std::fs::create_dir_all(&folder)?;
            let network = random::Network::new(seed);
            match network.difference(&folder) {
                None => println!("{seed}: the same ({})", network.summary()),
                Some(what) => {
                    different.fetch_add(1, Ordering::Relaxed);
                    println!("{seed}: {what}\n{}", network.scenario());
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..arguments.together.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().unwrap_or_else(|_| bail!("a network could not be built")))
    })?;
    let different = different.into_inner();
    ensure!(different == 0, "{different} of {} networks differ", arguments.rounds);
    Ok(())
}
