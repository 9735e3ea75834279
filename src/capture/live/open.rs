//! Opening a capture: socket, ring, filter, and only then the interface.

use std::io;
use std::os::fd::{AsFd as _, IntoRawFd as _, OwnedFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, setsockopt, socket, sockopt};
use pnet::datalink;

use super::block::{Framing, SLL2_LEN, VLAN_LEN};
use super::kernel_filter::{self, Keep, Wanted};
use super::ring::{self, Ring, Shape};
use super::signals::Signals;
use super::{Counts, Live, Phase};
use crate::base::Timestamp;
use crate::base::text::harmless;
use crate::capture::nic::Nic;
use crate::capture::{Interface, Interfaces};
use crate::filter::FilterError;
use crate::filter::capture::Filter;
use crate::packet::Direction;
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
    /// Whether packets that wait in the ring when a signal ends the capture are still handed over.
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
        let lost_before = nic.lost();
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
            untold: 0,
            late: 0,
            phase: Phase::Open,
            was_idle: false,
            was_down: false,
            deadline,
            when_asked: None,
            wanted: match wanted {
                Wanted::Here(program) => Some(program),
                Wanted::All | Wanted::InKernel(_) => None,
            },
            reader: None,
            interfaces,
            lost_before,
        })
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
