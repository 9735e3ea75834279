//! Two hosts joined by a cable, programs that run on them, and captures as lists of packets.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use netlab::base::Timestamp;
use netlab::capture::{self, OpenOptions};
use netlab::packet::{Direction, Item, PacketSource as _, Remark, RemarkKind};
use netlab::wire::LinkType;
use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, MsgFlags, MultiHeaders, SockFlag, SockType, send, sendmmsg, socket};
use nix::unistd::{Pid, geteuid};
use pnet::datalink;

use crate::processor::stay_on_one;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(100);

/// The program under test.
pub const NETLAB: &str = env!("CARGO_BIN_EXE_netlab");

/// The two hosts' addresses.
pub const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
pub const B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
/// The MAC address of the first host, and one that neither has: a frame to it is answered by nobody.
pub const MAC_A: [u8; 6] = [0, 0, 0x5e, 0, 0x53, 1];
pub const MAC_NOBODY: [u8; 6] = [0, 0, 0x5e, 0, 0x53, 0x99];

/// Two network namespaces, each with an `eth0` at one end of a veth pair; gone when dropped.
pub struct Lab {
    pub a: String,
    pub b: String,
    folder: tempfile::TempDir,
}

impl Lab {
    /// Two hosts, or `None` if this machine cannot have them or lacks one of `programs`.
    pub fn new(programs: &[&str]) -> Option<Lab> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if let Some(why) = missing(programs) {
            skip(&why);
            return None;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |side| format!("netlab-test-{}-{number}-{side}", std::process::id());
        let folder = tempfile::tempdir().expect("a temporary folder");
        // Tests write into it as other users too.
        Command::new("chmod").arg("777").arg(folder.path()).status().expect("chmod runs");
        let lab = Lab { a: name("a"), b: name("b"), folder };
        for namespace in [&lab.a, &lab.b] {
            assert!(ip(&format!("netns add {namespace}")));
            // Neighbour discovery would send packets at moments of its own choice.
            for which in ["all", "default"] {
                let key = format!("net.ipv6.conf.{which}.disable_ipv6=1");
                lab.run(namespace, "sysctl", &["-qw", &key]);
            }
            assert!(ip(&format!("-n {namespace} link set lo up")));
        }
        assert!(ip(&format!("link add eth0 netns {} type veth peer name eth0 netns {}", lab.a, lab.b)));
        for (namespace, address, last) in [(&lab.a, A, 1), (&lab.b, B, 2)] {
            assert!(ip(&format!("-n {namespace} link set eth0 address 00:00:5e:00:53:0{last} mtu 9000")));
            assert!(ip(&format!("-n {namespace} addr add {address}/24 dev eth0")));
            assert!(ip(&format!("-n {namespace} link set eth0 up")));
            // Neighbours that are known are not asked again a few seconds later, at the kernel's own choice.
            lab.run(namespace, "sysctl", &["-qw", "net.ipv4.neigh.eth0.delay_first_probe_time=3600"]);
        }
        lab.wait_for_link(&lab.a, "eth0");
        lab.wait_for_link(&lab.b, "eth0");
        Some(lab)
    }

    /// Waits until an interface can send: the kernel notices a moment later that there is a link, and drops what is sent
    /// before.
    pub fn wait_for_link(&self, namespace: &str, interface: &str) {
        wait_until(&format!("{interface} comes up"), || {
            let output = self.run(namespace, "ip", &["link", "show", interface]);
            String::from_utf8_lossy(&output.stdout).contains("state UP")
        });
    }

    /// Waits until no connection of a host has anything left to say: there is none but those in TIME-WAIT.
    pub fn wait_until_tcp_is_silent(&self, namespace: &str) {
        const TIME_WAIT: &str = "06";
        wait_until("all connections are closed", || {
            let rows = self.on(namespace, || {
                std::fs::read_to_string("/proc/thread-self/net/tcp").expect("the kernel tells of its sockets")
            });
            rows.lines().skip(1).all(|row| row.split_whitespace().nth(3) == Some(TIME_WAIT))
        });
    }

    /// A path for a file of this test.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a program on a host to its end.
    pub fn run(&self, namespace: &str, program: &str, arguments: &[&str]) -> std::process::Output {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", namespace, program]).args(arguments).output().expect("ip runs")
    }

    /// Starts `netlab capture` on a host and waits until it listens.
    pub fn capture(&self, namespace: &str, arguments: &[&str]) -> Running {
        let running = self.start(namespace, NETLAB, &[&["capture", "--no-drop"], arguments].concat());
        running.wait_for("listening on");
        running
    }

    /// Starts tcpdump on a host, writing into a file, and waits until it listens.
    pub fn tcpdump(&self, namespace: &str, file: &Path, arguments: &[&str]) -> Running {
        let file = file.to_str().expect("UTF-8");
        // In immediate mode each packet, however short, takes a slot of the ring that has room for the longest: with this
        // length and size there are 256 slots, enough for all packets of a test however long tcpdump has to wait.
        let own = ["-w", file, "-U", "--immediate-mode", "-s", "66000", "-B", "16384", "--nano", "-Z", "root"];
        let running = self.start(namespace, "tcpdump", &[&own, arguments].concat());
        running.wait_for("listening on");
        running
    }

    /// Starts a program on a host.
    pub fn start(&self, namespace: &str, program: &str, arguments: &[&str]) -> Running {
        let mut inside = Command::new("ip");
        inside.args(["netns", "exec", namespace, program]).args(arguments);
        Running::start(inside)
    }

    /// Does something as a program on a host would, and waits for it.
    pub fn on<T: Send + 'static>(&self, namespace: &str, deed: impl FnOnce() -> T + Send + 'static) -> T {
        self.spawn_on(namespace, deed).join().expect("the deed does not panic")
    }

    /// Does something as a program on a host would, at the same time.
    pub fn spawn_on<T: Send + 'static>(
        &self,
        namespace: &str,
        deed: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let entrance = File::open(format!("/var/run/netns/{namespace}")).expect("the namespace exists");
        // A namespace belongs to a thread; this one ends with the deed.
        thread::spawn(move || {
            setns(entrance, CloneFlags::CLONE_NEWNET).expect("root may enter");
            deed()
        })
    }

    /// Sends frames out of a host's `eth0`, all on one processor, so that they arrive in this order.
    pub fn send(&self, namespace: &str, frames: Vec<Vec<u8>>) {
        self.on(namespace, move || {
            stay_on_one();
            let socket = wire("eth0");
            for frame in frames {
                send(socket.as_raw_fd(), &frame, MsgFlags::empty()).expect("the frame is taken");
            }
        });
    }

    /// Sends copies of a frame out of a host's `eth0`, as fast as that goes, until `count` have arrived at the other end;
    /// returns frames a second. Where nobody has the time to carry them over, older kernels drop some without a word.
    pub fn blast(&self, namespace: &str, frame: Vec<u8>, count: usize) -> f64 {
        self.on(namespace, move || {
            const AT_ONCE: usize = 32;
            let socket = wire("eth0");
            let pieces = vec![[std::io::IoSlice::new(&frame)]; AT_ONCE];
            let addresses = [None::<()>; AT_ONCE];
            let mut headers = MultiHeaders::preallocate(AT_ONCE, None);
            let start = Instant::now();
            let (mut sent, before) = (0, arrived());
            while sent < count || {
                sent = (arrived() - before).min(count);
                sent < count
            } {
                let now = AT_ONCE.min(count - sent);
                let result = sendmmsg(
                    socket.as_raw_fd(),
                    &mut headers,
                    &pieces[..now],
                    &addresses[..now],
                    [],
                    MsgFlags::empty(),
                );
                match result {
                    Ok(results) => sent += results.count(),
                    Err(nix::errno::Errno::ENOBUFS | nix::errno::Errno::EAGAIN) => thread::yield_now(),
                    Err(error) => panic!("cannot send: {error}"),
                }
            }
            count as f64 / start.elapsed().as_secs_f64()
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for namespace in [&self.a, &self.b] {
            ip(&format!("netns del {namespace}"));
        }
    }
}

/// Waits for something that will be so.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// How many frames of this namespace's `eth0` have reached its other end.
fn arrived() -> usize {
    let table = std::fs::read_to_string("/proc/thread-self/net/dev").expect("the kernel tells of its interfaces");
    let row = table.lines().find_map(|line| line.trim_start().strip_prefix("eth0:")).expect("eth0 exists");
    // Eight columns about what was received come before those about what was sent: octets, packets, …
    row.split_whitespace().nth(9).and_then(|number| number.parse().ok()).expect("a number")
}

/// A socket that sends whole frames out of an interface.
fn wire(interface: &str) -> OwnedFd {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).expect("root may");
    let nic = datalink::interfaces().into_iter().find(|nic| nic.name == interface).expect("the interface exists");
    let config = datalink::Config {
        promiscuous: false,
        socket_fd: Some(socket.try_clone().expect("a descriptor").into_raw_fd()),
        ..datalink::Config::default()
    };
    datalink::channel(&nic, config).expect("the socket is bound");
    socket
}

fn ip(arguments: &str) -> bool {
    Command::new("ip").args(arguments.split(' ')).status().is_ok_and(|status| status.success())
}

/// Why a test cannot run here.
fn missing(programs: &[&str]) -> Option<String> {
    if !geteuid().is_root() {
        return Some("needs root".to_owned());
    }
    let has = |program: &str| {
        std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
    };
    if let Some(program) = ["ip", "sysctl"].iter().chain(programs).find(|program| !has(program)) {
        return Some(format!("needs {program}"));
    }
    None
}

/// Says that a test is skipped, or fails if nothing may be.
pub fn skip(why: &str) {
    assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none_or(|value| value != "1"), "skipped: {why}");
    eprintln!("skipped: {why}");
}

/// A program that runs; killed when dropped.
pub struct Running {
    child: Child,
    stdout: Option<ChildStdout>,
    reader: Option<JoinHandle<()>>,
    printed: Arc<Mutex<Vec<u8>>>,
    words: Receiver<String>,
    said: std::cell::RefCell<String>,
}

/// How a program ended.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Running {
    pub fn start(mut command: Command) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let (sender, words) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok();
        });
        Running {
            stdout: child.stdout.take(),
            reader: None,
            printed: Arc::default(),
            child,
            words,
            said: Default::default(),
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program has said `word` on standard error.
    pub fn wait_for(&self, word: &str) {
        if !self.said.borrow().contains(word) {
            self.next_line(word);
        }
    }

    /// Waits until the program says another line with `word` on standard error; returns it.
    fn next_line(&self, word: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.words.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.borrow_mut().extend([&*line, "\n"]);
                    if line.contains(word) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("it did not say {word:?}, but: {}", self.said.borrow())
                }
            }
        }
    }

    /// What the program counts now (captured, received, dropped); it is asked by a signal.
    pub fn counts(&self) -> (u64, u64, u64) {
        self.signal(Signal::SIGUSR1);
        let line = self.next_line("captured");
        // "tcpdump: 4 packets captured, 4 packets received by filter, …"
        let number = |what: &str| {
            let part = line.split([':', ',']).find(|part| part.ends_with(what));
            let word = part.and_then(|part| part.split_whitespace().next());
            word.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("no number of {what:?} in {line:?}"))
        };
        (number("captured"), number("received by filter"), number("dropped by kernel"))
    }

    /// Waits until the program has captured so many packets, or lost some of them.
    pub fn wait_for_packets(&self, count: u64) {
        wait_until(&format!("{count} packets are captured"), || {
            let (captured, _, dropped) = self.counts();
            captured + dropped >= count
        });
    }

    /// Sends a signal, and waits until it has arrived: two of a kind that wait together become one.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.id().try_into().expect("a process id")), signal).expect("it runs");
        wait_until("the signal arrives", || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
            let line = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim();
            let waiting = u64::from_str_radix(line("ShdPnd:"), 16).unwrap_or(0);
            waiting >> (signal as i32 - 1) & 1 == 0 || line("State:").starts_with('Z')
        });
    }

    /// Begins to read what the program prints, which had to wait until now.
    pub fn read(&mut self) {
        if let Some(mut stdout) = self.stdout.take() {
            let printed = Arc::clone(&self.printed);
            self.reader = Some(thread::spawn(move || {
                let mut piece = vec![0; 64 << 10];
                loop {
                    match stdout.read(&mut piece).expect("a pipe can be read") {
                        0 => return,
                        len => printed.lock().expect("nobody died").extend_from_slice(&piece[..len]),
                    }
                }
            }));
        }
    }

    /// Reads what the program prints until that contains `text`.
    pub fn wait_for_output(&mut self, text: &str) {
        self.read();
        wait_until(&format!("it prints {text:?}"), || {
            String::from_utf8_lossy(&self.printed.lock().expect("nobody died")).contains(text)
        });
    }

    /// Waits for the first line that the program prints, and closes the pipe.
    pub fn first_line_then_close(&mut self) -> String {
        let stdout = self.stdout.take().expect("not read yet");
        let (sender, line) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            BufReader::new(stdout).read_line(&mut line).expect("a line");
            sender.send(line)
        });
        line.recv_timeout(PATIENCE).expect("a line is printed")
    }

    /// Closes the pipe that the program prints to.
    pub fn close(&mut self) {
        self.stdout = None;
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
    }

    /// Ends the program as Ctrl-C does.
    pub fn interrupt(self) -> Ended {
        self.signal(Signal::SIGINT);
        self.ended()
    }

    /// Waits for the end of the program.
    pub fn ended(mut self) -> Ended {
        self.read();
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end; it said: {}", self.said.borrow());
            thread::sleep(Duration::from_millis(5));
        };
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader reads");
        }
        let stdout = std::mem::take(&mut *self.printed.lock().expect("nobody died"));
        let mut stderr = self.said.take();
        self.words.iter().for_each(|line| {
            stderr.push_str(&line);
            stderr.push('\n');
        });
        Ended { status, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The number in a closing line such as "4 packets captured".
    pub fn count(&self, what: &str) -> u64 {
        let line = self.stderr.lines().rev().find(|line| line.ends_with(what));
        let line = line.unwrap_or_else(|| panic!("no line about {what:?} in: {}", self.stderr));
        line.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
    }

    /// The three closing lines, as (captured, received, dropped).
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.count(" captured"), self.count(" received by filter"), self.count(" dropped by kernel"))
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("UTF-8")
    }
}

/// A packet of a capture file.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub at: Timestamp,
    pub wire_len: u32,
    pub octets: Vec<u8>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let head = &self.octets[..self.octets.len().min(48)];
        write!(f, "{} {}/{} {head:02x?}", self.at.nanos(), self.octets.len(), self.wire_len)
    }
}

/// A whole capture file.
#[derive(Debug, Default)]
pub struct Recorded {
    pub packets: Vec<Record>,
    pub directions: Vec<Option<Direction>>,
    pub links: Vec<LinkType>,
    pub remarks: Vec<Remark>,
}

/// Reads a capture file, which must be whole.
pub fn recorded(path: &Path) -> Recorded {
    let mut source = capture::open(&[path], &OpenOptions::default()).expect("a capture file");
    let mut recorded = Recorded::default();
    while let Some(item) = source.next_item().expect("it can be read") {
        match item {
            Item::Packet(raw) => {
                recorded.packets.push(Record {
                    at: raw.meta.at,
                    wire_len: raw.meta.wire_len,
                    octets: raw.bytes.to_vec(),
                });
                recorded.directions.push(raw.meta.direction);
                recorded.links.push(raw.meta.link);
            }
            Item::Remark(remark) => {
                assert_ne!(remark.kind, RemarkKind::Damage, "{}", remark.text);
                recorded.remarks.push(remark);
            }
            Item::Idle => {}
        }
    }
    recorded
}

/// An Ethernet frame from A to nobody with these tags (identifier, VLAN), EtherType and payload.
pub fn frame(tags: &[(u16, u16)], ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = [MAC_NOBODY, MAC_A].concat();
    for (identifier, vlan) in tags {
        frame.extend(identifier.to_be_bytes());
        frame.extend(vlan.to_be_bytes());
    }
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

/// An IPv4 packet of a protocol from A to B, its header sum in place.
pub fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = (20 + payload.len()) as u16;
    let mut packet = vec![0x45, 0, (len >> 8) as u8, len as u8, 0, 1, 0x40, 0, 64, protocol, 0, 0];
    packet.extend(A.octets());
    packet.extend(B.octets());
    let sum: u32 = packet.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let sum = !((sum & 0xffff) + (sum >> 16)) as u16;
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(payload);
    packet
}

/// A UDP datagram without a sum.
pub fn udp(source_port: u16, destination_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = [source_port, destination_port, (8 + payload.len()) as u16, 0].map(u16::to_be_bytes).concat();
    datagram.extend(payload);
    datagram
}
