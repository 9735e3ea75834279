//! `cargo xtask oracle --rounds N --seed S`: random networks in the simulator and in the Linux kernel, frame by frame.

use anyhow::{bail, ensure};
use clap::Args;

#[allow(dead_code)]
#[path = "../../tests/sim_kernel/canonical.rs"]
mod canonical;
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
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(why) = canonical::missing() {
        bail!("the kernel cannot be asked: {why}");
    }
    let mut different = 0;
    for seed in arguments.seed..arguments.seed + arguments.rounds {
        let folder = super::root().join(format!("target/oracle/{seed}"));
        std::fs::create_dir_all(&folder)?;
        let network = random::Network::new(seed);
        match network.difference(&folder) {
            None => println!("{seed}: the same"),
            Some(what) => {
                different += 1;
                println!("{seed}: {what}\n{}", network.scenario());
            }
        }
    }
    ensure!(different == 0, "{different} of {} networks differ", arguments.rounds);
    Ok(())
}
