//! Two namespaces, a and b, joined by a program that forwards frames between them as it is told.

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pnet::datalink::{self, Channel, Config, DataLinkReceiver, DataLinkSender};

use super::talk::Frame;

pub const ADDRESS_A: &str = "192.0.2.1";
pub const ADDRESS_B: &str = "192.0.2.2";
const MAC_A: &str = "00:00:5e:00:53:01";
const MAC_B: &str = "00:00:5e:00:53:02";

/// What becomes of a frame with data from A.
#[derive(Clone, Copy, Debug)]
pub enum Fate {
    Pass,
    Lose,
    /// It arrives this much later than the others.
    Delay(Duration),
}

/// What is asked about each frame.
type Decide = Box<dyn FnMut(&[u8]) -> Fate + Send>;

/// The namespaces; gone when dropped.
pub struct Lab {
    id: String,
}

static LABS: AtomicU32 = AtomicU32::new(0);

fn run(command: &str) -> Result<String, String> {
    let mut words = command.split_whitespace();
    let program = words.next().expect("a program");
    let output = Command::new(program).args(words).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{command}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

impl Lab {
    /// Makes the namespaces; `None`, with a word why, where that is not possible.
    pub fn new() -> Option<Lab> {
        let id = format!("nt{}x{}", std::process::id(), LABS.fetch_add(1, Ordering::Relaxed));
        let lab = Lab { id };
        match lab.build() {
            Ok(()) => Some(lab),
            Err(why) => {
                assert!(std::env::var_os("NETLAB_REQUIRE_PEERS").is_none(), "namespaces are required: {why}");
                println!("skipped: {why}");
                None
            }
        }
    }

    fn name(&self, part: &str) -> String {
        format!("{}{part}", self.id)
    }

    fn build(&self) -> Result<(), String> {
        for tool in ["ethtool --version", "nstat -V", "ss -V"] {
            run(tool)?;
        }
        for part in ["a", "b", "f"] {
            run(&format!("ip netns add {}", self.name(part)))?;
            // The forwarder must not answer by itself.
            run(&format!("ip netns exec {} sysctl -qw net.ipv6.conf.all.disable_ipv6=1", self.name(part)))?;
        }
        for (part, mac, address) in [("a", MAC_A, ADDRESS_A), ("b", MAC_B, ADDRESS_B)] {
            let (outer, inner) = (self.name("f"), self.name(part));
            run(&format!("ip -n {inner} link add eth0 address {mac} type veth peer name to{part} netns {outer}"))?;
            run(&format!("ip -n {inner} addr add {address}/24 dev eth0"))?;
            run(&format!("ip netns exec {inner} ethtool -K eth0 tso off gso off gro off tx off rx off"))?;
            run(&format!("ip netns exec {outer} ethtool -K to{part} tso off gso off gro off"))?;
            run(&format!("ip -n {inner} link set eth0 up"))?;
            run(&format!("ip -n {outer} link set to{part} up promisc on"))?;
        }
        for (part, address, mac) in [("a", ADDRESS_B, MAC_B), ("b", ADDRESS_A, MAC_A)] {
            run(&format!("ip -n {} neigh add {address} lladdr {mac} dev eth0 nud permanent", self.name(part)))?;
        }
        Ok(())
    }

    /// Runs `work` in a namespace, in a thread of its own.
    pub fn spawn<T: Send + 'static>(&self, part: &str, work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
        let path = format!("/run/netns/{}", self.name(part));
        thread::spawn(move || {
            let namespace = std::fs::File::open(&path).expect("the namespace is there");
            nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET).expect("setns");
            work()
        })
    }

    /// Begins to forward, each way in `delay`; `decide` is asked about each frame with TCP data from A, by its number
    /// from 1.
    pub fn forward(&self, delay: Duration, mut decide: impl FnMut(usize) -> Fate + Send + 'static) -> Wire {
        let stop = Arc::new(AtomicBool::new(false));
        let frames = Arc::new(Mutex::new(Vec::new()));
        let (opened, open) = mpsc::channel();
        let mut threads = Vec::new();
        let mut nth = 0;
        let mut all: Decide = Box::new(move |frame| {
            if !has_data(frame) {
                return Fate::Pass;
            }
            nth += 1;
            decide(nth)
        });
        for (from, to, mac) in [("a", "b", 1u8), ("b", "a", 2)] {
            let (stop, frames, opened) = (stop.clone(), frames.clone(), opened.clone());
            let mut fate: Decide = if from == "a" {
                std::mem::replace(&mut all, Box::new(|_| Fate::Pass))
            } else {
                Box::new(|_| Fate::Pass)
            };
            threads.push(self.spawn("f", move || {
                let (_, mut receiver) = socket(&format!("to{from}"));
                let (sender, _) = socket(&format!("to{to}"));
                let (queue, late) = mpsc::channel();
                let sent = (from == "b").then(|| frames.clone());
                let sending = thread::spawn(move || send(&late, sender, sent.as_deref()));
                opened.send(()).expect("somebody waits");
                while !stop.load(Ordering::Relaxed) {
                    let Ok(frame) = receiver.next() else { continue };
                    // What this program sent itself is seen here too, from the other MAC address.
                    if frame.get(6..12) != Some(&[0, 0, 0x5e, 0, 0x53, mac][..]) {
                        continue;
                    }
                    let frame = frame.to_vec();
                    if from == "a" {
                        record(&frames, &frame);
                    }
                    let due = match fate(&frame) {
                        Fate::Lose => continue,
                        Fate::Pass => Instant::now() + delay,
                        Fate::Delay(more) => Instant::now() + delay + more,
                    };
                    let _ = queue.send((due, frame));
                }
                drop(queue);
                let _ = sending.join();
            }));
        }
        for _ in 0..2 {
            open.recv_timeout(Duration::from_secs(10)).expect("the forwarder opens its sockets");
        }
        Wire { stop, frames, threads }
    }

    /// The kernel's counters of a namespace.
    pub fn counters(&self, part: &str) -> HashMap<String, u64> {
        let text = run(&format!("ip netns exec {} nstat -a -s -z", self.name(part))).expect("nstat");
        text.lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
            })
            .collect()
    }

    /// Connections in TIME-WAIT in a namespace.
    pub fn time_waits(&self, part: &str) -> usize {
        let text = run(&format!("ip netns exec {} ss -Htan state time-wait", self.name(part))).expect("ss");
        text.lines().filter(|line| !line.trim().is_empty()).count()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for part in ["a", "b", "f"] {
            let _ = run(&format!("ip netns del {}", self.name(part)));
        }
    }
}

/// A forwarder at work; it captures on A's side.
pub struct Wire {
    stop: Arc<AtomicBool>,
    frames: Arc<Mutex<Vec<Frame>>>,
    threads: Vec<JoinHandle<()>>,
}

impl Wire {
    /// Ends forwarding; what was captured.
    pub fn stop(self) -> Vec<Frame> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("the forwarder ends");
        }
        let mut frames = self.frames.lock().expect("nobody died").clone();
        frames.sort_by_key(|frame| frame.at_us);
        frames
    }
}

fn socket(name: &str) -> (Box<dyn DataLinkSender>, Box<dyn DataLinkReceiver>) {
    let interface =
        datalink::interfaces().into_iter().find(|found| found.name == name).expect("the interface is there");
    let config = Config {
        read_buffer_size: 1 << 16,
        write_buffer_size: 1 << 16,
        read_timeout: Some(Duration::from_millis(50)),
        ..Config::default()
    };
    match datalink::channel(&interface, config) {
        Ok(Channel::Ethernet(sender, receiver)) => (sender, receiver),
        Ok(_) => panic!("{name} is no Ethernet"),
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Sends frames when they are due, not in the order in which they came.
fn send(
    late: &mpsc::Receiver<(Instant, Vec<u8>)>,
    mut sender: Box<dyn DataLinkSender>,
    sent: Option<&Mutex<Vec<Frame>>>,
) {
    let mut waiting: Vec<(Instant, Vec<u8>)> = Vec::new();
    let mut is_open = true;
    while is_open || !waiting.is_empty() {
        let next = waiting.iter().map(|(due, _)| *due).min();
        let pause = next.map_or(Duration::from_millis(50), |due| due.saturating_duration_since(Instant::now()));
        match late.recv_timeout(pause) {
            Ok(frame) => waiting.push(frame),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                is_open = false;
                if !waiting.is_empty() {
                    thread::sleep(pause);
                }
            }
        }
        let now = Instant::now();
        let mut index = 0;
        while index < waiting.len() {
            if waiting[index].0 <= now {
                let (_, frame) = waiting.remove(index);
                if let Some(sent) = sent {
                    record(sent, &frame);
                }
                let _ = sender.send_to(&frame, None);
            } else {
                index += 1;
            }
        }
    }
}

fn record(frames: &Mutex<Vec<Frame>>, frame: &[u8]) {
    let frame = Frame { at_us: now_ns() / 1000, octets: frame.to_vec(), wire_len: frame.len() as u32 };
    frames.lock().expect("nobody died").push(frame);
}

/// True for a TCP segment with data over IPv4.
fn has_data(frame: &[u8]) -> bool {
    if frame.len() < 54 || frame[12..14] != [8, 0] || frame[23] != 6 {
        return false;
    }
    let total = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
    total > 20 + usize::from(frame[46] >> 4) * 4
}

/// Nanoseconds since 1970.
pub fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// True if a socket without SO_REUSEADDR can be bound to the port and listen.
pub fn bind_without_reuse(port: u16) -> bool {
    use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, socket};
    let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).expect("a socket");
    use std::os::fd::AsRawFd as _;
    let address = SockaddrIn::new(192, 0, 2, 2, port);
    bind(socket.as_raw_fd(), &address).is_ok() && listen(&socket, Backlog::new(1).expect("a small number")).is_ok()
}
