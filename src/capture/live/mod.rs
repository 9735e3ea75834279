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
mod open;
mod owners;
mod ring;
mod signals;

use std::ops::Range;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use arrayvec::ArrayVec;
use nix::errno::Errno;
use nix::net::if_::if_indextoname;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{getsockopt, sockopt};

pub use counts::Counts;
pub use open::{DEFAULT_BUFFER_LEN, DEFAULT_SNAP_LEN, OpenError, Options};
pub use owners::{SocketOwners, Transport};
pub(super) use ring::{hardware, mtu};

use self::block::{Cursor, Found, Framing};
use self::counts::Packets;
use self::kernel_filter::{LOOPBACK_HARDWARE, OUTGOING};
use self::ring::Ring;
use self::signals::Signals;
use super::Interfaces;
use super::nic::Nic;
use crate::base::Timestamp;
use crate::base::text::harmless;
use crate::filter::capture::Program;
use crate::packet::{Direction, Item, Meta, PacketSource, RawPacket, Remark, RemarkKind, SourceError};
use crate::wire::LinkType;

/// How often to look whether an interface that is down still exists.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A packet that another processor is just putting into the ring is there after this time.
const SHORTEST_DRAIN: Duration = Duration::from_millis(5);
/// The kernel hands its last block over after at most twice its patience; on a machine that has no time for its timers it
/// may take longer, but nobody waits for ever.
const LONGEST_DRAIN: Duration = Duration::from_millis(1000);

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
    /// Packets that found no room, of which no remark has told yet: the kernel's counts are also read when somebody asks.
    untold: u64,
    /// Packets that came after the time that was given.
    late: u64,
    phase: Phase,
    was_idle: bool,
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
    /// Packets that the NIC had lost before.
    lost_before: Option<u64>,
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
    /// Calls `tell` with the counts whenever the signal USR1 asks for them.
    pub fn when_asked(&mut self, tell: impl FnMut(&Counts) + 'static) {
        self.when_asked = Some(Box::new(tell));
    }

    /// Ends the capture when whoever reads from `output` goes away, even if no packet comes any more.
    pub fn while_read(&mut self, output: OwnedFd) {
        self.reader = Some(output);
    }

    /// True once a signal has asked for the end.
    pub fn stop_asked(&self) -> bool {
        self.signals.stop_asked()
    }

    /// The interface as a capture file describes it, with what it received and lost.
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// What has been counted so far.
    pub fn counts(&mut self) -> Counts {
        self.read_statistics();
        if let (Some(before), Some(now)) = (self.lost_before, self.nic.lost()) {
            self.counts.lost_by_interface = now.saturating_sub(before);
        }
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
                Phase::Open if self.signals.stop_asked() && !self.options.drain => {
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
                    End::Gone => Err(SourceError::new(format!("interface {} disappeared", harmless(&self.nic.name)))),
                };
            }
            if !self.was_idle {
                self.was_idle = true;
                return Ok(Next::Idle);
            }
            if let Some(remark) = self.wait()? {
                // Whoever prints it shall be told again that nothing follows for now, and show it.
                self.was_idle = false;
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
                self.untold += self.counts.add(ring::statistics(self.socket.as_fd()).unwrap_or_default());
                self.interfaces.count(0, Some(self.counts.received), Some(self.counts.dropped));
                let dropped = std::mem::take(&mut self.untold);
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
        self.was_idle = false;
        let mut is_late = false;
        while let Some(found) = cursor.next(block, self.framing, self.options.snap_len) {
            if self.deadline.is_some_and(|(_, last)| found.at > last) {
                is_late = true;
                self.late += 1;
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
        waited >= SHORTEST_DRAIN && self.counts.left_over() <= self.late || waited >= LONGEST_DRAIN
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
                let left = if self.was_down { left.min(LOOK_AGAIN) } else { left };
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
            self.refuse_more();
            self.phase = Phase::Closed;
            return Ok(None);
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
        let name = harmless(&self.nic.name);
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
                self.was_down = true;
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

    /// Lets no more packets into the ring; what is in it still comes.
    fn begin_to_end(&mut self, reason: End) {
        self.refuse_more();
        if self.phase == Phase::Open {
            self.phase = Phase::Ending { since: Instant::now(), reason };
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
        self.untold += self.counts.add(ring::statistics(self.socket.as_fd()).unwrap_or_default());
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
