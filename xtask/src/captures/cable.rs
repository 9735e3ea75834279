//! Two hosts joined by a cable, for captures that are recorded from real programs.
//!
//! The hosts are network namespaces of this machine, 192.0.2.1 and 192.0.2.2, the cable is a veth pair with its offloads
//! switched off, so that every sum is in place and every frame is as long as on a wire. netlab itself records.

use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// The host that asks.
pub const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The host that answers.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// Two namespaces joined by a veth pair; gone when dropped.
pub struct Cable {
    client: String,
    server: String,
}

impl Cable {
    /// Lays the cable. Needs root, `ip` and `ethtool`.
    pub fn lay() -> anyhow::Result<Cable> {
        let cable = Cable {
            client: format!("netlab-client-{}", std::process::id()),
            server: format!("netlab-server-{}", std::process::id()),
        };
        let (client, server) = (&cable.client, &cable.server);
        for namespace in [client, server] {
            ip(&format!("netns add {namespace}"))?;
            // No neighbour discovery in between: the session is IPv4.
            cable.run(
                namespace,
                Command::new("sysctl").args([
                    "-qw",
                    "net.ipv6.conf.all.disable_ipv6=1",
                    "net.ipv6.conf.default.disable_ipv6=1",
                ]),
            )?;
        }
        ip(&format!("link add eth0 netns {client} type veth peer name eth0 netns {server}"))?;
        for (namespace, address, last) in [(client, CLIENT, "01"), (server, SERVER, "02")] {
            ip(&format!("-n {namespace} link set eth0 address 00:00:5e:00:53:{last}"))?;
            ip(&format!("-n {namespace} addr add {address}/24 dev eth0"))?;
            let off = ["-K", "eth0", "tx", "off", "rx", "off", "sg", "off", "tso", "off", "gso", "off", "gro", "off"];
            ensure!(cable.run(namespace, Command::new("ethtool").args(off))?, "cannot switch the offloads off");
            ip(&format!("-n {namespace} link set eth0 up"))?;
        }
        Ok(cable)
    }

    /// Starts to record the client's end of the cable.
    pub fn record(&self, path: &Path) -> anyhow::Result<Recording> {
        let mut capture = self.start(
            &self.client,
            Command::new(netlab()?).args(["capture", "-i", "eth0", "--comments", "none", "--no-drop", "-w"]).arg(path),
        )?;
        wait_for(&mut capture, "listening on")?;
        Ok(Recording { capture })
    }

    /// Starts this program as the server and waits until it is ready.
    pub fn serve(&self, arguments: &[&str]) -> anyhow::Result<Child> {
        let mut server = self.start(&self.server, &player(arguments)?)?;
        wait_for(&mut server, "ready")?;
        Ok(server)
    }

    /// Runs a command as the client; true if it succeeds.
    pub fn run_client(&self, command: &Command) -> anyhow::Result<bool> {
        self.run(&self.client, command)
    }

    /// Runs a command on both hosts.
    pub fn run_both(&self, command: &Command) -> anyhow::Result<bool> {
        Ok(self.run(&self.client, command)? && self.run(&self.server, command)?)
    }

    /// `command` inside a namespace.
    fn inside(&self, namespace: &str, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", namespace]).arg(command.get_program()).args(command.get_args());
        inside
    }

    fn start(&self, namespace: &str, command: &Command) -> anyhow::Result<Child> {
        Ok(self.inside(namespace, command).stderr(Stdio::piped()).stdout(Stdio::null()).spawn()?)
    }

    fn run(&self, namespace: &str, command: &Command) -> anyhow::Result<bool> {
        Ok(self.inside(namespace, command).stdout(Stdio::null()).status()?.success())
    }
}

/// A capture that is being recorded.
pub struct Recording {
    capture: Child,
}

impl Recording {
    /// Ends it as a person would, a moment after the last packet.
    pub fn end(mut self) -> anyhow::Result<()> {
        thread::sleep(Duration::from_millis(300));
        ensure!(
            Command::new("kill").args(["-INT", &self.capture.id().to_string()]).status()?.success(),
            "cannot end the capture"
        );
        ensure!(self.capture.wait()?.success(), "the capture failed");
        Ok(())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [&self.client, &self.server] {
            let _ = Command::new("ip").args(["netns", "del", namespace]).status();
        }
    }
}

fn ip(arguments: &str) -> anyhow::Result<()> {
    let status = Command::new("ip").args(arguments.split(' ')).status().context("cannot run ip")?;
    ensure!(status.success(), "ip {arguments}: failed (are you root?)");
    Ok(())
}

/// This program with other arguments, to be started inside a namespace.
pub fn player(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut player = Command::new(std::env::current_exe()?);
    player.args(arguments);
    Ok(player)
}

/// The netlab that belongs to this program, built if it is not there.
fn netlab() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().context("a program without a folder")?;
    let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "netlab", "--bin", "netlab"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    ensure!(build.current_dir(crate::root()).status()?.success(), "netlab does not build");
    Ok(folder.join("netlab"))
}

/// Reads what a program says until it says `word`; what it says later is read by a thread.
fn wait_for(child: &mut Child, word: &str) -> anyhow::Result<()> {
    let mut lines = BufReader::new(child.stderr.take().context("its words are not heard")?).lines();
    let mut said = String::new();
    for line in lines.by_ref() {
        let line = line?;
        if line.contains(word) {
            thread::spawn(move || lines.map_while(Result::ok).for_each(|line| eprintln!("{line}")));
            return Ok(());
        }
        said.push_str(&line);
    }
    anyhow::bail!("it ended: {said}")
}
