//! What netlab draws on a terminal, looked at in a real one (tmux).

#[path = "terminal/tmux.rs"]
// Without the live screen, parts of it are not needed.
#[cfg_attr(not(feature = "tui"), allow(dead_code))]
mod tmux;

use tmux::Terminal;

const NETLAB: &str = env!("CARGO_BIN_EXE_netlab");

#[cfg(feature = "progress")]
#[test]
fn progress_is_drawn_while_an_input_is_read_and_gone_before_the_report() {
    let Some(terminal) = Terminal::new(100, 50) else { return };
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/tutorial.pcapng");
    let slowly = format!("(head -c 2000 {capture}; sleep 1; tail -c +2001 {capture}; sleep 1)");
    terminal.run_alone(&format!("{slowly} | {NETLAB} analyze - | cat; echo piped"));
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "piped"));
    assert!(!screen.contains("reading"), "into a pipe:\n{screen}");
    terminal.run_alone(&format!("{slowly} | {NETLAB} analyze - > /dev/null; echo kept"));
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "kept"));
    assert!(!screen.contains("reading"), "into a file:\n{screen}");
    // Little by little until progress has been seen, and then the rest.
    let folder = tempfile::tempdir().expect("a folder");
    let seen = folder.path().join("seen");
    let slowly = format!("(while [ ! -e {} ]; do head -c 40; sleep 0.1; done; cat) < {capture}", seen.display());
    terminal.run_alone(&format!("{slowly} | {NETLAB} why - 3; echo done"));
    terminal.wait_until("progress", |screen| screen.contains("reading") && screen.contains("B/s"));
    std::fs::write(seen, "").expect("written");
    let screen = terminal.wait_until("the answer", |screen| screen.lines().any(|line| line == "done"));
    assert!(!screen.contains("reading"), "left behind:\n{screen}");
}

#[test]
fn damage_is_said_once_on_a_terminal_and_on_both_streams_else() {
    let Some(terminal) = Terminal::new(160, 120) else { return };
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/tcp/handshake.pcap");
    let cut = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(cut.path(), &std::fs::read(capture).expect("a capture")[..150]).expect("written");
    let cut = cut.path().display();
    for command in ["read", "analyze"] {
        let times = |end: &str| {
            terminal.run_alone(&format!("{NETLAB} {command} {cut} {end}; echo status $?."));
            let screen = terminal
                .wait_until("the end", |screen| screen.lines().any(|line| ["status 0.", "status 3."].contains(&line)));
            assert!(end.contains('|') || screen.contains("status 3."), "{screen}");
            screen.matches("is cut short").count()
        };
        assert_eq!((times(""), times("> /dev/null"), times("| cat")), (1, 1, 2), "{command}");
    }
}

#[test]
fn a_packet_from_a_pipe_is_on_the_terminal_before_the_next_one_comes() {
    let Some(terminal) = Terminal::new(160, 20) else { return };
    let capture = concat!(env!("CARGO_MANIFEST_DIR"), "/captures/tcp/handshake.pcap");
    // The file header, and the first packet's record with its 74 octets.
    terminal.run_alone(&format!("(head -c 114 {capture}; sleep 600) | {NETLAB} read -"));
    terminal.wait_until("the first line", |screen| screen.contains("SYN"));
}

#[cfg(feature = "progress")]
#[test]
fn progress_is_drawn_while_a_long_run_is_computed_and_gone_before_the_report() {
    let Some(terminal) = Terminal::new(110, 50) else { return };
    let storm = format!("{NETLAB} simulate broadcast-storm-parallel --view report");
    // A run that would take very long, up to a known end.
    terminal.run_alone(&format!("{storm} --until 20s"));
    let screen =
        terminal.wait_until("progress", |screen| screen.contains("simulating [") && screen.contains(" events"));
    assert!(screen.contains(" %") && screen.contains("at "), "{screen}");
    terminal.key("C-c");
    // Into a pipe nothing is drawn, and what was drawn is gone once something is printed.
    terminal.run_alone(&format!("{storm} --until 60ms | tail -4; echo piped"));
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "piped"));
    assert!(!screen.contains("simulating"), "into a pipe:\n{screen}");
    terminal.run_alone(&format!("{storm} --until 60ms; echo done"));
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "done"));
    assert!(screen.contains("sw1 moved > 500") && !screen.contains("simulating"), "left behind:\n{screen}");
}

/// Broadcasts that a switch floods to so many hosts: a replay that takes a second or two.
#[cfg(feature = "progress")]
const BROADCASTS: u32 = 40_000;
#[cfg(feature = "progress")]
const HOSTS: usize = 40;

/// A topology file: hosts on one switch, the first of them by the name that the capture gives its sender.
#[cfg(feature = "progress")]
fn a_switch_with(hosts: usize) -> String {
    let mut text = format!(
        "title = \"Hosts on one switch\"\n\n[switch.sw]\nports = {hosts}\n\n[host.h1]\nmac = \"00:00:5e:00:53:01\"\n"
    );
    for host in 1..=hosts {
        if host > 1 {
            text.push_str(&format!("\n[host.h{host}]\n"));
        }
        text.push_str(&format!("\n[[link]]\nbetween = [\"h{host}\", \"sw.{host}\"]\n"));
    }
    text
}

/// A pcap file with so many broadcasts of a local EtherType, a millisecond apart.
#[cfg(feature = "progress")]
fn broadcasts(count: u32) -> Vec<u8> {
    let mut frame = [0_u8; 60];
    frame[..6].fill(0xff);
    frame[6..14].copy_from_slice(&[0, 0, 0x5e, 0, 0x53, 1, 0x88, 0xb5]);
    let mut file: Vec<u8> =
        [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1].iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    for number in 0..count {
        let header = [1_700_000_000 + number / 1000, number % 1000 * 1000, 60, 60];
        file.extend(header.iter().flat_map(|word: &u32| word.to_le_bytes()));
        file.extend_from_slice(&frame);
    }
    file
}

#[cfg(feature = "progress")]
#[test]
fn progress_is_drawn_while_a_replay_is_computed_and_gone_before_the_report() {
    let Some(terminal) = Terminal::new(110, 60) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let (topology, capture) = (folder.path().join("two.toml"), folder.path().join("many.pcap"));
    std::fs::write(&topology, a_switch_with(HOSTS)).expect("a topology");
    std::fs::write(&capture, broadcasts(BROADCASTS)).expect("a capture");
    let replay = format!("{NETLAB} replay {} --topology {}", capture.display(), topology.display());
    terminal.run_alone(&format!("{replay}; echo done"));
    let screen = terminal.wait_until("progress", |screen| {
        screen.contains("simulating [") && screen.contains(&format!(" of {BROADCASTS} frames, "))
    });
    assert!(screen.contains(" %"), "{screen}");
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "done"));
    assert!(!screen.contains("simulating"), "left behind:\n{screen}");
    // Into a pipe or a file nothing is drawn.
    terminal.run_alone(&format!("{replay} | tail -4; {replay} > /dev/null; echo piped"));
    let screen = terminal.wait_until("the end", |screen| screen.lines().any(|line| line == "piped"));
    assert!(!screen.contains("simulating"), "into a pipe:\n{screen}");
}

/// A namespace with a loopback interface and a pair of interfaces, in which a capture may run; gone when dropped.
#[cfg(feature = "tui")]
struct Namespace(String);

#[cfg(feature = "tui")]
impl Namespace {
    fn new() -> Option<Namespace> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let namespace =
            Namespace(format!("netlab-test-{}-tui-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        if !ip(&["netns", "add", &namespace.0]) {
            tmux::skip("namespaces need root and ip");
            return None;
        }
        let name = namespace.0.as_str();
        assert!(ip(&["-n", name, "link", "set", "lo", "up"]));
        assert!(ip(&["-n", name, "link", "add", "veth0", "type", "veth", "peer", "name", "veth1"]));
        assert!(ip(&["-n", name, "addr", "add", "192.0.2.1/24", "dev", "veth0"]));
        for end in ["veth0", "veth1"] {
            assert!(ip(&["-n", name, "link", "set", end, "up"]));
        }
        Some(namespace)
    }

    /// A command line inside.
    fn inside(&self, command: &str) -> String {
        format!("ip netns exec {} {command}", self.0)
    }
}

#[cfg(feature = "tui")]
impl Drop for Namespace {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.0]);
    }
}

#[cfg(feature = "tui")]
fn ip(arguments: &[&str]) -> bool {
    std::process::Command::new("ip").args(arguments).output().is_ok_and(|output| output.status.success())
}

/// A terminal in which the live screen of an interface is shown, and the state that the terminal had before.
#[cfg(feature = "tui")]
struct Scene {
    terminal: Terminal,
    namespace: Namespace,
    before: String,
    pid_file: tempfile::NamedTempFile,
}

#[cfg(feature = "tui")]
impl Scene {
    fn new(interface: &str, more: &str) -> Option<Scene> {
        let namespace = Namespace::new()?;
        let terminal = Terminal::new(80, 24)?;
        terminal.run_alone("stty -g | cksum; echo state");
        let before = Scene::state(&terminal, "state");
        let pid_file = tempfile::NamedTempFile::new().expect("a file");
        let path = pid_file.path().display().to_string();
        // The shell writes its own number and becomes the capture.
        let capture = namespace
            .inside(&format!("sh -c 'echo $$ > {path}; exec {NETLAB} capture -i {interface} --tui --no-drop {more}'"));
        terminal.run_alone(&format!("{capture}; echo status $?"));
        let scene = Scene { terminal, namespace, before, pid_file };
        // Where it captures for a moment only, that may be over already.
        let is_there = |screen: &str| screen.contains("q quit") || screen.contains("q leaves");
        scene.terminal.wait_until("the live screen", is_there);
        scene.terminal.wait_until_about("#{alternate_on}", "1");
        Some(scene)
    }

    /// The settings of the terminal, as it was printed before `mark`.
    fn state(terminal: &Terminal, mark: &str) -> String {
        let screen = terminal.wait_until("its settings", |screen| screen.lines().any(|line| line == mark));
        screen.lines().take_while(|line| *line != mark).last().unwrap_or_default().to_owned()
    }

    fn traffic(&self) {
        let ping = self.namespace.inside("ping -c 3 -i 0.2 127.0.0.1");
        let status = std::process::Command::new("sh").args(["-c", &format!("{ping} > /dev/null")]).status();
        assert!(status.expect("sh runs").success());
    }

    fn signal(&self, name: &str) {
        let pid = std::fs::read_to_string(self.pid_file.path()).expect("the shell wrote it");
        let kill = std::process::Command::new("kill").args([&format!("-{name}"), pid.trim()]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// The capture has ended with this status and left the terminal as it was.
    fn is_restored(&self, status: u8) -> String {
        let screen = self.terminal.wait_for(&format!("status {status}"));
        self.terminal.wait_until_about("#{alternate_on} #{cursor_flag}", "0 1");
        self.terminal.wait_for_prompt();
        self.terminal.run_alone("stty -g | cksum; echo after");
        assert_eq!(Scene::state(&self.terminal, "after"), self.before, "settings of the terminal");
        screen
    }
}

#[cfg(feature = "tui")]
#[test]
fn the_live_screen_shows_packets_obeys_keys_and_sizes_and_gives_the_terminal_back() {
    let Some(scene) = Scene::new("lo", "") else { return };
    scene.traffic();
    let terminal = &scene.terminal;
    // Together: the screen may be looked at while it is drawn.
    let has_all = |screen: &str| ["6 packets ", "ICMP", " lo "].iter().all(|part| screen.contains(part));
    terminal.wait_until("six packets of lo", has_all);
    terminal.key("?");
    terminal.wait_for("Looking around");
    terminal.key("Escape");
    terminal.wait_for("1 conversations:");
    terminal.key("Home");
    terminal.key("Enter");
    terminal.wait_for("more lines");
    terminal.resize(120, 40);
    terminal.wait_until("more rows", |screen| screen.lines().count() > 30 && screen.contains("icmpv4"));
    terminal.resize(60, 12);
    terminal.wait_until("fewer rows", |screen| screen.lines().count() <= 12 && screen.contains(" lo "));
    terminal.resize(80, 24);
    terminal.key("Escape");
    terminal.wait_for("1 conversations:");
    terminal.type_text("/icmp.type == 8");
    terminal.key("Enter");
    terminal.wait_for("3 shown by the filter");
    terminal.key("Space");
    terminal.wait_for("PAUSED");
    terminal.key("C-z");
    terminal.wait_for_prompt();
    terminal.wait_until_about("#{alternate_on}", "0");
    terminal.run("fg; echo status $?");
    terminal.wait_for("PAUSED");
    terminal.key("q");
    let screen = scene.is_restored(0);
    assert!(screen.contains("6 packets captured") && screen.contains("0 packets dropped by kernel"), "{screen}");
}

#[cfg(feature = "tui")]
#[test]
fn signals_end_the_live_screen_and_the_terminal_is_as_before() {
    for name in ["TERM", "INT", "HUP"] {
        let Some(scene) = Scene::new("lo", "") else { return };
        scene.signal(name);
        let screen = scene.is_restored(0);
        assert!(screen.contains("packets captured"), "{name}: {screen}");
    }
    let Some(scene) = Scene::new("lo", "") else { return };
    scene.signal("USR1");
    scene.terminal.wait_for("packets received by filter");
    scene.terminal.key("C-c");
    scene.is_restored(0);
}

#[cfg(feature = "tui")]
#[test]
fn an_interface_that_vanishes_leaves_its_packets_on_the_screen_and_then_the_terminal_as_before() {
    let Some(scene) = Scene::new("veth0", "") else { return };
    assert!(ip(&["-n", &scene.namespace.0, "link", "del", "veth0"]));
    scene.terminal.wait_for("ENDED");
    scene.terminal.wait_for("disappeared; q leaves");
    scene.terminal.key("q");
    let screen = scene.is_restored(1);
    assert!(screen.contains("interface veth0 disappeared"), "{screen}");
    // Nobody presses a key: a signal ends it all the same.
    let Some(scene) = Scene::new("veth0", "--duration 0.2s") else { return };
    scene.terminal.wait_for("the capture has ended; q leaves");
    scene.signal("TERM");
    scene.is_restored(0);
}

#[cfg(feature = "tui")]
#[test]
fn the_process_that_owns_a_conversation_is_named() {
    let Some(scene) = Scene::new("lo", "") else { return };
    // A server and a client that keep their connection for a while.
    let script = "import socket, time\ns = socket.create_server((\"127.0.0.1\", 9000))\nc = socket.create_connection((\"127.0.0.1\", 9000))\na, _ = s.accept()\nc.sendall(b\"hello\")\ntime.sleep(1000)";
    let mut python = std::process::Command::new("ip");
    let Ok(mut child) = python.args(["netns", "exec", &scene.namespace.0, "python3", "-c", script]).spawn() else {
        tmux::skip("python3 is not installed");
        return;
    };
    scene.terminal.resize(140, 30);
    let owner = format!("({})", child.id());
    scene.terminal.wait_until("the owner of the conversation", |screen| {
        ["[python3", "127.0.0.1:9000", &owner].iter().all(|part| screen.contains(part))
    });
    let _ = child.kill();
    let _ = child.wait();
    scene.terminal.key("q");
    scene.is_restored(0);
}

/// A window that is closed tells its programs by SIGHUP; who does not hear that still sees that the terminal is gone.
#[cfg(feature = "tui")]
#[test]
fn the_live_screen_ends_when_its_terminal_is_gone_even_if_no_signal_says_so() {
    const PLAY: &str = "
import os, pty, signal, sys, time
child, terminal = pty.fork()
if child == 0:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.environ['TERM'] = 'xterm-256color'
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while b'\\x1b[?1049h' not in seen:
    seen += os.read(terminal, 1000)
os.close(terminal)
for _ in range(1000):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        sys.exit(0 if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1 else 3)
    time.sleep(0.1)
os.kill(child, signal.SIGKILL)
sys.exit(4)
";
    let Some(namespace) = Namespace::new() else { return };
    let capture = format!("python3 - {NETLAB} capture -i veth0 --tui --no-drop");
    let mut python = std::process::Command::new("sh")
        .args(["-c", &namespace.inside(&capture)])
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("a shell is there");
    std::io::Write::write_all(&mut python.stdin.take().expect("a pipe"), PLAY.as_bytes()).expect("the shell reads");
    let output = python.wait_with_output().expect("it ends");
    if output.status.code() == Some(127) {
        return tmux::skip("python3 is not installed");
    }
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(feature = "tui")]
#[test]
fn the_live_screen_needs_a_terminal() {
    let output = std::process::Command::new(NETLAB).args(["capture", "--tui", "-i", "lo"]).output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--tui needs a terminal"));
}
