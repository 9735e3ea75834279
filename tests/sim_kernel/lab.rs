//! Networks out of network namespaces: boxes, cables, bridges and captures, quiet enough to be compared frame by frame.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(100);

/// Which version of IP the boxes speak; the other one is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    V4,
    V6,
}

/// Namespaces of one network alone; they, and the programs started in them, go with it.
pub struct Lab {
    prefix: String,
    names: Vec<String>,
    children: Vec<Child>,
    captures: Vec<PathBuf>,
}

impl Lab {
    /// Boxes of these names, each without a cable yet. The tag keeps networks of one process apart.
    pub fn new(tag: &str, names: Vec<String>, speaks: Speaks) -> Lab {
        let prefix = format!("nl{}{tag}x", std::process::id());
        let lab = Lab { prefix, names, children: Vec::new(), captures: Vec::new() };
        for name in &lab.names {
            let made = Command::new("ip").args(["netns", "add", &lab.ns(name)]).status();
            assert!(made.is_ok_and(|status| status.success()), "cannot make a namespace");
            lab.within(name, &quiet(speaks));
        }
        lab
    }

    fn ns(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn command(&self, name: &str, line: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.ns(name), "sh", "-c", line]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs lines of shell in a namespace; some of them fail on purpose.
    pub fn within(&self, name: &str, line: &str) {
        self.command(name, line).status().expect("sh runs");
    }

    /// Starts a program in a namespace; it is ended with the network.
    pub fn start(&mut self, name: &str, line: &str) {
        let child = self.command(name, &format!("exec {line}")).spawn().expect("sh runs");
        self.children.push(child);
    }

    /// A cable between two devices, without offloads and multicast, whose ends do not ask again for neighbours.
    pub fn cable(&self, (a, a_port, a_mac): (&str, &str, &str), (b, b_port, b_mac): (&str, &str, &str), mtu: u16) {
        self.within(
            a,
            &format!(
                "ip link add {a_port} address {a_mac} mtu {mtu} type veth peer name {b_port} address {b_mac} mtu {mtu} netns {}",
                self.ns(b)
            ),
        );
        for (name, port) in [(a, a_port), (b, b_port)] {
            let times = |version: &str| {
                format!(
                    "net.{version}.neigh.{port}.base_reachable_time_ms=600000 net.{version}.neigh.{port}.delay_first_probe_time=600"
                )
            };
            self.within(
                name,
                &format!(
                    "ip link set {port} multicast off; ethtool -K {port} tx off rx off tso off gso off gro off tx-udp-segmentation off; sysctl -qw {} net.ipv4.neigh.{port}.locktime=0; sysctl -qw {}",
                    times("ipv4"),
                    times("ipv6")
                ),
            );
        }
    }

    /// A learning bridge over these ports.
    pub fn bridge(&self, name: &str, ports: &[String]) {
        let mut line = "ip link add br0 type bridge stp_state 0 mcast_snooping 0 mcast_querier 0; ".to_owned();
        line.push_str("sysctl -qw net.ipv6.conf.all.disable_ipv6=1; ");
        for port in ports {
            line += &format!("ip link set {port} master br0; ip link set {port} up; ");
        }
        line.push_str("ip link set br0 up");
        self.within(name, &line);
    }

    /// Records what passes a device in one direction, `in` or `out`.
    pub fn capture(&mut self, name: &str, device: &str, way: &str, file: &Path) {
        let _ = std::fs::remove_file(file);
        let line = format!("tcpdump --immediate-mode -U -n -i {device} -Q {way} -w {}", file.display());
        self.start(name, &line);
        self.captures.push(file.to_owned());
    }

    /// Waits until every capture is under way: tcpdump writes the head of its file once its socket is open.
    pub fn wait_for_captures(&self) {
        let begun = Instant::now();
        let has_head = |file: &PathBuf| std::fs::metadata(file).is_ok_and(|meta| meta.len() >= 24);
        while !self.captures.iter().all(has_head) {
            assert!(begun.elapsed() < PATIENCE, "tcpdump does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(300));
    }

    /// Waits until a program listens on a port; `table` is the kernel's list of such sockets: `tcp`, `tcp6` or `udp`.
    pub fn wait_for_listener(&self, name: &str, table: &str, port: u16) {
        let begun = Instant::now();
        // The second column is the address, a colon and the port in hexadecimal; the fourth is the state.
        let state = if table == "udp" { "07" } else { "0A" };
        let script = format!("grep -E '^ *[0-9]+: [0-9A-F]+:{port:04X} [^ ]+ {state} ' /proc/net/{table}");
        while !self.command(name, &script).status().is_ok_and(|found| found.success()) {
            assert!(begun.elapsed() < PATIENCE, "nobody listens on port {port} of {name}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until no program that was started has anything to do: tcpdump has written what it got. Once it is ended it
    /// does not look for more.
    pub fn wait_until_at_rest(&mut self) {
        let begun = Instant::now();
        let is_at_rest = |child: &mut Child| {
            let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            status.contains("(sleeping)") || matches!(child.try_wait(), Ok(Some(_)))
        };
        let mut looks_at_rest = 0;
        while looks_at_rest < 15 {
            assert!(begun.elapsed() < PATIENCE, "the programs do not come to rest");
            std::thread::sleep(Duration::from_millis(20));
            looks_at_rest = if self.children.iter_mut().all(is_at_rest) { looks_at_rest + 1 } else { 0 };
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", &self.ns(name)]).status();
        }
    }
}

/// Switches off what the kernel sends on its own account, as one line of shell.
fn quiet(speaks: Speaks) -> String {
    let mut settings = vec![
        "net.ipv4.conf.all.rp_filter=0",
        "net.ipv4.conf.default.rp_filter=0",
        "net.ipv4.conf.all.send_redirects=0",
        "net.ipv4.conf.default.send_redirects=0",
        "net.ipv4.conf.all.arp_ignore=1",
        "net.ipv4.conf.all.arp_announce=2",
        "net.ipv4.icmp_ratelimit=0",
        "net.ipv4.icmp_msgs_per_sec=100000",
        "net.ipv4.icmp_msgs_burst=100000",
        "net.ipv4.icmp_echo_ignore_broadcasts=0",
        "net.ipv4.tcp_timestamps=0",
        "net.ipv4.tcp_no_metrics_save=1",
    ];
    match speaks {
        Speaks::V4 => settings.extend(["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"]),
        Speaks::V6 => settings.extend([
            "net.ipv6.conf.default.accept_dad=0",
            "net.ipv6.conf.default.dad_transmits=0",
            "net.ipv6.conf.default.router_solicitations=0",
            "net.ipv6.conf.default.accept_ra=0",
            "net.ipv6.conf.default.autoconf=0",
            "net.ipv6.conf.default.accept_redirects=0",
            "net.ipv6.icmp.ratelimit=0",
        ]),
    }
    let lines: Vec<String> = settings.iter().map(|setting| format!("sysctl -qw {setting}")).collect();
    format!("ip link set lo up; {}", lines.join("; "))
}
