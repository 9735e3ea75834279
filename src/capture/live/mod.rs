//! Live capture from a NIC, or from all of them: Linux `AF_PACKET` with a ring of blocks.
//!
//! The socket is made here with protocol 0, so that it hears nothing yet; the ring and the filter are put on it; then
//! `pnet` binds it to the interface and makes that promiscuous. From that moment packets come, each with the kernel's own
//! time in nanoseconds, its direction and its length on the wire. What the kernel took off is put back (`block.rs`): the
//! outer VLAN tag, and for cooked captures the link header. Of the loopback interface, which hands over each packet when
//! it is sent and again when it is received, only the second copy is kept (rule P6).
//!
//! Nothing is lost silently: the kernel counts what found no room, and at the end
//! received = captured + dropped + left over ([`Counts`]).

mod block;
mod counts;
mod kernel_filter;
mod ring;
mod signals;

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd as _, IntoRawFd as _, OwnedFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrayvec::ArrayVec;
use nix::errno::Errno;
use nix::net::if_::if_indextoname;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, getsockopt, setsockopt, socket, sockopt};
use pnet::datalink;

pub use counts::Counts;
pub(super) use ring::mtu;

use self::block::{Cursor, Found, Framing, SLL2_LEN, VLAN_LEN};
use self::counts::Packets;
use self::kernel_filter::{Keep, LOOPBACK_HARDWARE, OUTGOING, Wanted};
use self::ring::{Ring, Shape};
use self::signals::Signals;
use super::nic::Nic;
use super::{Interface, Interfaces};
use crate::base::Timestamp;
use crate::base::text::harmless;
use crate::filter::FilterError;
use crate::filter::capture::{Filter, Program};
use crate::packet::{Direction, Item, Meta, PacketSource, RawPacket, Remark, RemarkKind, SourceError};
use crate::wire::LinkType;

/// Octets of each packet that are kept unless told otherwise; as in tcpdump.
pub const DEFAULT_SNAP_LEN: u32 = 262_144;
/// Octets of the ring unless told otherwise: at 500 000 small packets a second, room for a quarter of a second.
pub const DEFAULT_BUFFER_LEN: usize = 32 << 20;

/// Octets of a block: takes the largest packet of the default snap length whole.
const BLOCK_LEN: usize = 512 << 10;
/// Octets of the smallest block: takes a packet of 64 KiB.
const MIN_BLOCK_LEN: usize = 128 << 10;
/// After this long a block is handed over though it is not full: a person sees a packet at once, and a busy reader is
/// still woken only fifty times a second.
const PATIENCE: Duration = Duration::from_millis(20);
/// How often to look whether an interface that is down still exists.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A packet that another processor is just putting into the ring is there after this time.
const SHORTEST_DRAIN: Duration = Duration::from_millis(5);
/// The kernel hands its last block over after at most twice its patience.
const LAST_BLOCK: Duration = Duration::from_millis(60);
/// On a machine that has no time for its timers it may take longer; but nobody waits for ever.
const LONGEST_DRAIN: Duration = Duration::from_millis(1000);

/// How to capture.
#[derive(Clone, Debug)]
pub struct Options {
    /// Octets of each packet that are kept.
    pub snap_len: u32,
    /// Whether the interface shall hear frames for other stations too.
    pub promiscuous: bool,
    /// Only packets that go this way.
    pub direction: Option<Direction>,
    /// Octets of the ring.
    pub buffer_len: usize,
    /// The end after so many packets.
    pub count: Option<u64>,
    /// The end after so long a time.
    pub duration: Option<Duration>,
    /// Whether packets that wait in the ring when the end is asked for are still handed over.
    pub drain: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            snap_len: DEFAULT_SNAP_LEN,
            promiscuous: true,
            direction: None,
            buffer_len: DEFAULT_BUFFER_LEN,
            count: None,
            duration: None,
            drain: true,
        }
    }
}

/// Why a capture could not begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The process has not the capability `CAP_NET_RAW`.
    #[error("not permitted")]
    NotPermitted,
    /// The capture filter makes no sense for the interface.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The kernel refused something else.
    #[error("{what}: {cause}")]
    Refused {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        cause: io::Error,
    },
}

/// Told the counts when a signal asks for them.
type Tell = Box<dyn FnMut(&Counts)>;

/// A live capture.
pub struct Live {
    ring: Ring,
    socket: OwnedFd,
    signals: Signals,
    nic: Nic,
    framing: Framing,
    options: Options,
    cursor: Option<Cursor>,
    counts: Counts,
    phase: Phase,
    was_idle: bool,
    is_down: bool,
    /// True once the interface has been down. From then on it is looked after: packets that came before it went down may
    /// be handed over later, so that they say nothing about it.
    was_down: bool,
    deadline: Option<(Instant, Timestamp)>,
    when_asked: Option<Tell>,
    /// The part of the filter that the kernel does not run.
    wanted: Option<Program>,
    /// What the packets are written to, if that can tell that nobody reads it.
    reader: Option<OwnedFd>,
    interfaces: Interfaces,
}

/// How far the capture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Packets come.
    Open,
    /// No more packets come; those in the ring are handed over. The kernel gives its last block back by then.
    Ending { since: Instant, reason: End },
    /// Over.
    Closed,
}

/// Why a capture ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// It was asked to.
    Asked,
    /// The interface is gone.
    Gone,
}

impl Live {
    /// Begins to capture on `nic` what `filter` takes.
    ///
    /// # Errors
    /// Without the right to capture, with a filter that makes no sense for the interface, or when the kernel refuses.
    pub fn open(nic: Nic, options: Options, filter: Option<&Filter>) -> Result<Live, OpenError> {
        let wanted = filter.map_or(Ok(Wanted::All), |filter| Wanted::compile(filter, nic.link))?;
        let framing = match nic.link {
            LinkType::ETHERNET => Framing::Ethernet,
            LinkType::LINUX_SLL2 => Framing::Cooked,
            _ => Framing::AsIs,
        };
        let kind = if framing == Framing::Cooked { SockType::Datagram } else { SockType::Raw };
        let socket = socket(AddressFamily::Packet, kind, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)
            .map_err(|error| match error {
                Errno::EPERM | Errno::EACCES => OpenError::NotPermitted,
                error => OpenError::Refused { what: "a packet socket", cause: error.into() },
            })?;
        let refused = |what| move |cause| OpenError::Refused { what, cause };
        // The time at which a packet arrived, not the one at which it was copied into the ring.
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)
            .map_err(|error| refused("time stamps of the kernel")(error.into()))?;
        let ring = Ring::new(socket.as_fd(), shape(options.buffer_len))
            .map_err(refused("a ring for the packets (try a smaller one with -B)"))?;
        // A tag that is put back makes a packet longer; what the snap length allows is decided then.
        let kernel_snap_len = match framing {
            Framing::Cooked => options.snap_len.saturating_sub(SLL2_LEN as u32).max(1),
            _ => options.snap_len,
        };
        let mut program = kernel_filter::program(keep(&options), &wanted, kernel_snap_len);
        ring::attach_filter(socket.as_fd(), &mut program).map_err(refused("the capture filter"))?;
        let signals = Signals::listen().map_err(refused("signals"))?;
        bind(&socket, &nic, options.promiscuous).map_err(refused("the interface"))?;
        let deadline = options.duration.map(|duration| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            (Instant::now() + duration, Timestamp::from_parts(now.as_secs(), now.subsec_nanos().into()).after(duration))
        });
        let interfaces = Interfaces::new(vec![Interface {
            name: harmless(&nic.name).into_owned(),
            snaplen: options.snap_len,
            filter: filter.map_or(String::new(), |filter| harmless(filter.text()).into_owned()),
            ..Interface::of_link(nic.link)
        }]);
        Ok(Live {
            ring,
            socket,
            signals,
            nic,
            framing,
            options,
            cursor: None,
            counts: Counts::default(),
            phase: Phase::Open,
            was_idle: false,
            is_down: false,
            was_down: false,
            deadline,
            when_asked: None,
            wanted: match wanted {
                Wanted::Here(program) => Some(program),
                Wanted::All | Wanted::InKernel(_) => None,
            },
            reader: None,
            interfaces,
        })
    }

    /// Calls `tell` with the counts whenever the signal USR1 asks for them.
    pub fn when_asked(&mut self, tell: impl FnMut(&Counts) + 'static) {
        self.when_asked = Some(Box::new(tell));
    }

    /// Ends the capture when whoever reads from `output` goes away, even if no packet comes any more.
    pub fn while_read(&mut self, output: OwnedFd) {
        self.reader = Some(output);
    }

    /// The interface as a capture file describes it, with what it received and lost.
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// What has been counted so far.
    pub fn counts(&mut self) -> Counts {
        self.read_statistics();
        self.counts
    }

    /// The interface that is captured on.
    pub fn nic(&self) -> &Nic {
        &self.nic
    }

    /// Octets of each packet that are kept.
    pub fn snap_len(&self) -> u32 {
        self.options.snap_len
    }

    /// The next packet as a meta and a range of the current block, or what else there is to say.
    fn step(&mut self) -> Result<Next, SourceError> {
        loop {
            if self.signals.counts_asked() {
                self.tell_counts();
            }
            match self.phase {
                Phase::Closed => return Ok(Next::End),
                Phase::Open if self.options.count.is_some_and(|count| self.counts.captured >= count) => {
                    self.refuse_more();
                    self.phase = Phase::Closed;
                    continue;
                }
                Phase::Open if self.signals.stop_asked() => self.begin_to_end(End::Asked),
                _ => {}
            }
            if let Some(next) = self.next_of_block() {
                return Ok(next);
            }
            if self.ring.is_ready() {
                continue;
            }
            if let Phase::Ending { since, reason } = self.phase
                && self.is_drained(since)
            {
                self.phase = Phase::Closed;
                return match reason {
                    End::Asked => Ok(Next::End),
                    End::Gone => Err(SourceError::new(format!("interface {} disappeared", self.nic.name))),
                };
            }
            if !self.was_idle {
                self.was_idle = true;
                return Ok(Next::Idle);
            }
            if let Some(remark) = self.wait()? {
                return Ok(Next::Remark(remark));
            }
        }
    }

    /// The next wanted packet of the block at hand; gives the block back after its last.
    fn next_of_block(&mut self) -> Option<Next> {
        let block = self.ring.block()?;
        let cursor = match &mut self.cursor {
            Some(cursor) => cursor,
            None => {
                let cursor = self.cursor.insert(Cursor::start(block));
                let dropped = self.counts.add(ring::statistics(self.socket.as_fd()).unwrap_or_default());
                self.interfaces.count(0, Some(self.counts.received), Some(self.counts.dropped));
                if dropped > 0 {
                    return Some(Next::Remark(Remark {
                        packet: Some(self.counts.captured + 1),
                        at: None,
                        kind: RemarkKind::Dropped(dropped),
                        text: format!("{} dropped by kernel", Packets(dropped)),
                    }));
                }
                cursor
            }
        };
        (self.was_idle, self.is_down) = (false, false);
        let mut is_late = false;
        while let Some(found) = cursor.next(block, self.framing, self.options.snap_len) {
            if self.deadline.is_some_and(|(_, last)| found.at > last) {
                is_late = true;
                continue;
            }
            let meta = meta(&found, self.counts.captured + 1, self.nic.link);
            if let Some(wanted) = &self.wanted
                && !wanted.matches(&block[found.octets.clone()], meta.wire_len)
            {
                self.counts.refused += 1;
                continue;
            }
            self.counts.captured += 1;
            self.counts.cut += u64::from(found.octets.len() < found.wire_len as usize);
            return Some(Next::Packet(meta, found.octets));
        }
        self.cursor = None;
        self.ring.give_back();
        if is_late && self.phase == Phase::Open {
            self.begin_to_end(End::Asked);
        }
        None
    }

    /// True once every packet that the kernel took in has been accounted for, and in any case after a while: packets may
    /// be in a block that the kernel has not handed over yet.
    fn is_drained(&mut self, since: Instant) -> bool {
        self.read_statistics();
        let waited = since.elapsed();
        let late = if self.deadline.is_some() { LAST_BLOCK } else { LONGEST_DRAIN };
        waited >= SHORTEST_DRAIN && self.counts.left_over() == 0 || waited >= late
    }

    /// Waits for packets, a signal or the end of the time that was given.
    fn wait(&mut self) -> Result<Option<Remark>, SourceError> {
        let timeout = match (self.phase, self.deadline) {
            (Phase::Open, Some((deadline, _))) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    self.begin_to_end(End::Asked);
                    return Ok(None);
                }
                // Rounded up, so that the loop does not spin through the last millisecond.
                PollTimeout::from(u16::try_from(left.as_millis() + 1).unwrap_or(u16::MAX))
            }
            (Phase::Open, None) if self.was_down => PollTimeout::from(LOOK_AGAIN.as_millis() as u8),
            (Phase::Open, None) => PollTimeout::NONE,
            _ => PollTimeout::from(SHORTEST_DRAIN.as_millis() as u8),
        };
        let (is_broken, is_unread) = self.sleep(timeout)?;
        self.signals.quiet();
        if is_unread {
            self.reader = None;
            self.begin_to_end(End::Asked);
        }
        if is_broken || self.was_down { self.look_after_interface() } else { Ok(None) }
    }

    /// Sleeps until something happens; tells whether the socket has an error, and whether nobody reads our output.
    fn sleep(&self, timeout: PollTimeout) -> Result<(bool, bool), SourceError> {
        let has_error =
            |waiting: &PollFd<'_>| waiting.revents().is_some_and(|events| events.contains(PollFlags::POLLERR));
        let mut waiting = ArrayVec::<_, 3>::new();
        waiting.push(PollFd::new(self.socket.as_fd(), PollFlags::POLLIN));
        waiting.push(PollFd::new(self.signals.wake(), PollFlags::POLLIN));
        // Errors are told without being asked for: that the reader of a pipe went away is one.
        waiting.extend(self.reader.as_ref().map(|reader| PollFd::new(reader.as_fd(), PollFlags::empty())));
        match poll(&mut waiting, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok((has_error(&waiting[0]), waiting.get(2).is_some_and(has_error))),
            Err(error) => Err(SourceError::caused_by(format!("cannot wait for packets: {error}"), error)),
        }
    }

    /// The socket has an error: the interface went down, or away.
    fn look_after_interface(&mut self) -> Result<Option<Remark>, SourceError> {
        let error = getsockopt(&self.socket, sockopt::SocketError).unwrap_or(0);
        // The kernel says when the interface goes down, but not when it goes away afterwards.
        // (nix takes the null pointer of a failed look-up for success, with an empty name.)
        let exists = |index| if_indextoname(index).is_ok_and(|name| !name.is_empty());
        let is_gone = || self.nic.index != 0 && !exists(self.nic.index);
        let name = &self.nic.name;
        match Errno::from_raw(error) {
            _ if self.was_down && is_gone() => {
                self.begin_to_end(End::Gone);
                Ok(None)
            }
            _ if error == 0 => Ok(None),
            Errno::ENETDOWN | Errno::ENODEV | Errno::ENXIO => {
                if is_gone() {
                    self.begin_to_end(End::Gone);
                    return Ok(None);
                }
                if self.is_down {
                    return Ok(None);
                }
                (self.is_down, self.was_down) = (true, true);
                Ok(Some(Remark {
                    packet: None,
                    at: None,
                    kind: RemarkKind::Note,
                    text: format!("interface {name} is down; waiting until it is up"),
                }))
            }
            error => Err(SourceError::caused_by(format!("cannot capture on {name}: {error}"), error)),
        }
    }

    /// Lets no more packets into the ring; what is in it still comes, unless it shall not.
    fn begin_to_end(&mut self, reason: End) {
        self.refuse_more();
        match self.phase {
            Phase::Open if reason == End::Asked && !self.options.drain => self.phase = Phase::Closed,
            Phase::Open => self.phase = Phase::Ending { since: Instant::now(), reason },
            _ => {}
        }
    }

    fn refuse_more(&mut self) {
        // If the kernel will not, the end only comes a little later: packets that arrive now are captured too.
        let _ = ring::attach_filter(self.socket.as_fd(), &mut kernel_filter::nothing());
    }

    fn tell_counts(&mut self) {
        let counts = self.counts();
        if let Some(tell) = &mut self.when_asked {
            tell(&counts);
        }
    }

    fn read_statistics(&mut self) {
        self.counts.add(ring::statistics(self.socket.as_fd()).unwrap_or_default());
        self.interfaces.count(0, Some(self.counts.received), Some(self.counts.dropped));
    }
}

/// What a step yields: a packet is named by its range, so that the borrow of the ring begins after the loop.
enum Next {
    Packet(Meta, Range<usize>),
    Remark(Remark),
    Idle,
    End,
}

impl PacketSource for Live {
    fn next_item(&mut self) -> Result<Option<Item<'_>>, SourceError> {
        let step = self.step();
        if step.is_err() {
            self.phase = Phase::Closed;
        }
        Ok(Some(match step? {
            Next::End => return Ok(None),
            Next::Idle => Item::Idle,
            Next::Remark(remark) => Item::Remark(remark),
            Next::Packet(meta, octets) => {
                let block: &[u8] = self.ring.block().map_or(&[], |block| block);
                Item::Packet(RawPacket { meta, bytes: block.get(octets).unwrap_or_default() })
            }
        }))
    }
}

/// Binds the socket to the interface and makes that promiscuous. `pnet` closes the descriptor it is given, so it gets one
/// of its own; the binding and the membership belong to the socket behind both.
fn bind(socket: &OwnedFd, nic: &Nic, promiscuous: bool) -> io::Result<()> {
    let nic = datalink::NetworkInterface {
        name: nic.name.clone(),
        description: String::new(),
        index: nic.index,
        mac: None,
        ips: Vec::new(),
        flags: 0,
    };
    let config = datalink::Config {
        // All interfaces together cannot be made promiscuous.
        promiscuous: promiscuous && nic.index != 0,
        socket_fd: Some(socket.try_clone()?.into_raw_fd()),
        ..datalink::Config::default()
    };
    datalink::channel(&nic, config).map(drop)
}

/// The blocks of a ring of about `len` octets.
fn shape(len: usize) -> Shape {
    let block_len = (len / 4).next_power_of_two().clamp(MIN_BLOCK_LEN, BLOCK_LEN);
    Shape {
        block_len: block_len as u32,
        block_count: u32::try_from(len.div_ceil(block_len)).unwrap_or(u32::MAX).max(2),
        headroom: (SLL2_LEN + VLAN_LEN).next_multiple_of(libc::TPACKET_ALIGNMENT) as u32,
        patience_ms: PATIENCE.as_millis() as u32,
    }
}

fn keep(options: &Options) -> Keep {
    match options.direction {
        Some(Direction::Inbound) => Keep::Inbound,
        Some(Direction::Outbound) => Keep::Outbound,
        None => Keep::Both,
    }
}

fn meta(found: &Found, number: u64, link: LinkType) -> Meta {
    let direction = match (found.packet_type, found.hardware) {
        // What was kept of a loopback interface went both ways.
        (_, LOOPBACK_HARDWARE) => None,
        (OUTGOING, _) => Some(Direction::Outbound),
        _ => Some(Direction::Inbound),
    };
    Meta {
        direction,
        checksum_not_ready: found.checksum_not_ready,
        ..Meta::new(number, found.at, link, found.wire_len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_has_the_asked_size_in_blocks_that_take_whole_packets() {
        let default = shape(DEFAULT_BUFFER_LEN);
        assert_eq!((default.block_len, default.block_count), (512 << 10, 64));
        assert!(default.block_len > DEFAULT_SNAP_LEN);
        let small = shape(1);
        assert_eq!((small.block_len, small.block_count), (128 << 10, 2));
        assert!(shape(3 << 20).block_count * shape(3 << 20).block_len >= 3 << 20);
    }
}
