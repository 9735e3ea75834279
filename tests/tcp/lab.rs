//! Two namespaces, a and b, joined by a program that forwards frames between them as it is told.

use std::collections::HashMap;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeSpec;
use pnet::datalink::{self, Channel, Config, DataLinkReceiver, DataLinkSender};

use super::talk::Frame;

pub const ADDRESS_A: &str = "192.0.2.1";
pub const ADDRESS_B: &str = "192.0.2.2";
const MAC_A: &str = "00:00:5e:00:53:01";
const MAC_B: &str = "00:00:5e:00:53:02";

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(100);

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
        let capture = self.spawn("a", || {
            let capture = packet_socket("eth0");
            setsockopt(&capture, sockopt::ReceiveTimestampns, &true).expect("the kernel tells the time");
            capture
        });
        let capture = capture.join().expect("A is captured on");
        let stop = Arc::new(AtomicBool::new(false));
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
            let (stop, opened) = (stop.clone(), opened.clone());
            let mut fate: Decide = if from == "a" {
                std::mem::replace(&mut all, Box::new(|_| Fate::Pass))
            } else {
                Box::new(|_| Fate::Pass)
            };
            threads.push(self.spawn("f", move || {
                let end = |name: String| channel(&name, packet_socket(&name));
                let (_, mut receiver) = end(format!("to{from}"));
                let (sender, _) = end(format!("to{to}"));
                let (queue, late) = mpsc::channel();
                let sending = thread::spawn(move || send(&late, sender));
                opened.send(()).expect("somebody waits");
                while !stop.load(Ordering::Relaxed) {
                    let Ok(frame) = receiver.next() else { continue };
                    // What this program sent itself is seen here too, from the other MAC address.
                    if frame.get(6..12) != Some(&[0, 0, 0x5e, 0, 0x53, mac][..]) {
                        continue;
                    }
                    let frame = frame.to_vec();
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
            open.recv_timeout(PATIENCE).expect("the forwarder opens its sockets");
        }
        Wire { stop, capture, threads }
    }

    /// Waits until neither side has anything left to say: all connections are established, in TIME-WAIT or gone.
    pub fn wait_until_silent(&self) {
        const ESTABLISHED: &str = "01";
        const TIME_WAIT: &str = "06";
        for part in ["a", "b"] {
            let end = Instant::now() + PATIENCE;
            loop {
                let table = self.spawn(part, || std::fs::read_to_string("/proc/thread-self/net/tcp").expect("sockets"));
                let table = table.join().expect("the table");
                let mut states = table.lines().skip(1).filter_map(|row| row.split_whitespace().nth(3));
                if states.all(|state| [ESTABLISHED, TIME_WAIT].contains(&state)) {
                    break;
                }
                assert!(Instant::now() < end, "{part} still has something to say:\n{table}");
                thread::sleep(Duration::from_millis(5));
            }
        }
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

/// A forwarder at work.
pub struct Wire {
    stop: Arc<AtomicBool>,
    /// What passes A's interface waits in it, in the order and with the times of A's kernel, however busy the machine is.
    capture: OwnedFd,
    threads: Vec<JoinHandle<()>>,
}

impl Wire {
    /// Ends forwarding; what was captured.
    pub fn stop(self) -> Vec<Frame> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("the forwarder ends");
        }
        let mut frames = Vec::new();
        let mut octets = vec![0; 1 << 16];
        let mut room = nix::cmsg_space!(TimeSpec);
        loop {
            let mut into = [IoSliceMut::new(&mut octets)];
            let descriptor = self.capture.as_raw_fd();
            let message = match recvmsg::<()>(descriptor, &mut into, Some(&mut room), MsgFlags::MSG_DONTWAIT) {
                Ok(message) => message,
                Err(Errno::EAGAIN) => break,
                Err(error) => panic!("cannot read what was captured: {error}"),
            };
            let time = message.cmsgs().expect("room for the time").find_map(|part| match part {
                ControlMessageOwned::ScmTimestampns(time) => Some(time),
                _ => None,
            });
            let at = Duration::from(time.expect("the time of the kernel"));
            let len = message.bytes;
            frames.push(Frame { at_us: at.as_micros() as u64, octets: octets[..len].to_vec(), wire_len: len as u32 });
        }
        frames.sort_by_key(|frame| frame.at_us);
        frames
    }
}

/// A socket for whole frames of an interface. Whatever comes while its reader waits for a processor has room in it.
fn packet_socket(name: &str) -> OwnedFd {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).expect("root may");
    setsockopt(&socket, sockopt::RcvBufForce, &(32 << 20)).expect("root may");
    // Only bound by it: the channel has a descriptor of its own.
    drop(channel(name, socket.try_clone().expect("a descriptor")));
    socket
}

fn channel(name: &str, socket: OwnedFd) -> (Box<dyn DataLinkSender>, Box<dyn DataLinkReceiver>) {
    let interface =
        datalink::interfaces().into_iter().find(|found| found.name == name).expect("the interface is there");
    let config = Config {
        read_buffer_size: 1 << 16,
        write_buffer_size: 1 << 16,
        read_timeout: Some(Duration::from_millis(50)),
        socket_fd: Some(socket.into_raw_fd()),
        ..Config::default()
    };
    match datalink::channel(&interface, config) {
        Ok(Channel::Ethernet(sender, receiver)) => (sender, receiver),
        Ok(_) => panic!("{name} is no Ethernet"),
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Sends frames when they are due, not in the order in which they came.
fn send(late: &mpsc::Receiver<(Instant, Vec<u8>)>, mut sender: Box<dyn DataLinkSender>) {
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
                let _ = sender.send_to(&frame, None);
            } else {
                index += 1;
            }
        }
    }
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
    use nix::sys::socket::{Backlog, SockaddrIn, bind, listen};
    let socket = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).expect("a socket");
    let address = SockaddrIn::new(192, 0, 2, 2, port);
    bind(socket.as_raw_fd(), &address).is_ok() && listen(&socket, Backlog::new(1).expect("a small number")).is_ok()
}
