//! The ring of blocks that the kernel fills with packets (Linux `AF_PACKET` with `TPACKET_V3`), and the few calls into the
//! kernel that the compiler cannot check. All unsafe code of live capture is in this file.
//!
//! Why it is sound:
//!
//! - The mapping belongs to one [`Ring`], is page-aligned, `block_len * block_count` octets long, and lives until the
//!   ring is dropped; no slice outlives a borrow of the ring.
//! - The first word of a block's header says who owns the block. While it says "user", the kernel neither reads nor
//!   writes the block, so a `&mut [u8]` over it has no rival. The word is read with acquire ordering before the slice is
//!   made and written with release ordering after the slice is gone (`&mut self` sees to that), so the octets are seen as
//!   the kernel wrote them, and it sees none of our writes after the block went back.
//! - Another process could only write here if it had inherited the mapping; the descriptor is close-on-exec and nothing
//!   forks. Even then only octets would change: everything read from a block is range-checked by safe code.
//! - Every pointer handed to `setsockopt`, `getsockopt` and `ioctl` points to a live value of the type that the option
//!   takes, with its length.
#![allow(unsafe_code)]

use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};

/// Where in a block the word lies that says who owns it.
const OWNER_OFFSET: usize = offset_of!(libc::tpacket_block_desc, hdr) + offset_of!(libc::tpacket_hdr_v1, block_status);

/// The size of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Octets of a block; a power of two of at least a page.
    pub block_len: u32,
    /// Number of blocks.
    pub block_count: u32,
    /// Octets kept free before each packet, for headers that are put back.
    pub headroom: u32,
    /// After this many milliseconds a block that has packets is handed over although it is not full.
    pub patience_ms: u32,
}

/// A ring of blocks shared with the kernel.
#[derive(Debug)]
pub(super) struct Ring {
    map: NonNull<u8>,
    block_len: usize,
    block_count: usize,
    current: usize,
}

impl Ring {
    /// Makes the ring of a packet socket that is not yet bound.
    pub fn new(socket: BorrowedFd<'_>, shape: Shape) -> io::Result<Ring> {
        set_option(
            socket,
            libc::SOL_PACKET,
            libc::PACKET_VERSION,
            &(libc::tpacket_versions::TPACKET_V3 as libc::c_int),
        )?;
        set_option(socket, libc::SOL_PACKET, libc::PACKET_RESERVE, &shape.headroom)?;
        // With V3 the frame size only has to be consistent: packets are laid one behind the other, as long as they are.
        let frame_len = 2048;
        let request = libc::tpacket_req3 {
            tp_block_size: shape.block_len,
            tp_block_nr: shape.block_count,
            tp_frame_size: frame_len,
            tp_frame_nr: shape.block_len / frame_len * shape.block_count,
            tp_retire_blk_tov: shape.patience_ms,
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        set_option(socket, libc::SOL_PACKET, libc::PACKET_RX_RING, &request)?;
        let (block_len, block_count) = (shape.block_len as usize, shape.block_count as usize);
        // SAFETY: a fresh mapping at an address of the kernel's choice; its length is the ring's.
        let map = unsafe {
            libc::mmap(
                ptr::null_mut(),
                block_len * block_count,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                socket.as_raw_fd(),
                0,
            )
        };
        if map == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let map = NonNull::new(map.cast()).ok_or_else(|| io::Error::other("the ring was mapped nowhere"))?;
        Ok(Ring { map, block_len, block_count, current: 0 })
    }

    /// The block whose turn it is, if the kernel has handed it over.
    pub fn block(&mut self) -> Option<&mut [u8]> {
        if !self.is_ready() {
            return None;
        }
        // SAFETY: the block is ours until `give_back`, which needs `&mut self` and so waits for the slice to end.
        Some(unsafe { std::slice::from_raw_parts_mut(self.block_start().as_ptr(), self.block_len) })
    }

    /// True if the block whose turn it is has been handed over.
    pub fn is_ready(&self) -> bool {
        self.owner().load(Ordering::Acquire) & libc::TP_STATUS_USER != 0
    }

    /// Gives the current block back to the kernel and goes on to the next.
    pub fn give_back(&mut self) {
        if self.is_ready() {
            self.owner().store(libc::TP_STATUS_KERNEL, Ordering::Release);
            self.current = (self.current + 1) % self.block_count;
        }
    }

    fn block_start(&self) -> NonNull<u8> {
        // SAFETY: `current < block_count`, so the offset is inside the mapping.
        unsafe { self.map.add(self.current * self.block_len) }
    }

    fn owner(&self) -> &AtomicU32 {
        // SAFETY: inside the block and aligned to four: blocks begin on pages, and the offset is that of a `u32` field of
        // a C structure. Both sides only touch this word by whole aligned loads and stores while it changes hands.
        unsafe { AtomicU32::from_ptr(self.block_start().add(OWNER_OFFSET).as_ptr().cast()) }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: exactly what was mapped; no slice is left, for each borrows the ring.
        unsafe { libc::munmap(self.map.as_ptr().cast(), self.block_len * self.block_count) };
    }
}

/// Packets and drops since the last time this was asked, as (packets with drops, drops). Asking resets both.
pub(super) fn statistics(socket: BorrowedFd<'_>) -> io::Result<(u32, u32)> {
    let mut counters = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
    let mut len = size_of::<libc::tpacket_stats_v3>() as libc::socklen_t;
    // SAFETY: the counters are three `u32` that live through the call, and `len` is their length.
    let status = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_STATISTICS,
            (&raw mut counters).cast(),
            &raw mut len,
        )
    };
    if status == 0 { Ok((counters.tp_packets, counters.tp_drops)) } else { Err(io::Error::last_os_error()) }
}

/// Attaches a filter program, in place of an earlier one. The kernel checks the program itself.
pub(super) fn attach_filter(socket: BorrowedFd<'_>, program: &mut [libc::sock_filter]) -> io::Result<()> {
    let len = u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// The MTU of an interface in octets, asked through any socket.
pub(in crate::capture) fn mtu(socket: BorrowedFd<'_>, interface: &str) -> io::Result<u32> {
    let answer = ask_interface(socket, interface, libc::SIOCGIFMTU as _)?;
    // SAFETY: this request, when it succeeds, leaves the MTU in the union.
    let mtu = unsafe { answer.ifr_ifru.ifru_mtu };
    u32::try_from(mtu).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}

/// The kind of hardware of an interface (ARPHRD_ of Linux), asked through any socket. `getifaddrs` does not tell it of
/// interfaces without a link address.
pub(in crate::capture) fn hardware(socket: BorrowedFd<'_>, interface: &str) -> io::Result<u16> {
    let answer = ask_interface(socket, interface, libc::SIOCGIFHWADDR as _)?;
    // SAFETY: this request, when it succeeds, leaves a link address in the union, whose family is the kind of hardware.
    Ok(unsafe { answer.ifr_ifru.ifru_hwaddr.sa_family })
}

/// Makes a request that reads the name of an interface and writes something about it.
fn ask_interface(socket: BorrowedFd<'_>, interface: &str, request: libc::Ioctl) -> io::Result<libc::ifreq> {
    // SAFETY: `ifreq` is plain data for which all zeroes is a value.
    let mut answer: libc::ifreq = unsafe { std::mem::zeroed() };
    if interface.len() >= answer.ifr_name.len() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    for (to, from) in answer.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: the request reads the name, which ends with a zero, and writes into the union behind it.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), request, &raw mut answer) };
    if status == 0 { Ok(answer) } else { Err(io::Error::last_os_error()) }
}

/// Sets a socket option of plain data.
fn set_option<T>(socket: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int, value: &T) -> io::Result<()> {
    // SAFETY: the value lives through the call, its length is given, and the kernel only reads it.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(value).cast(),
            size_of::<T>() as libc::socklen_t,
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
