//! One end of a TCP connection, behind a small trait. Below it everything is netlab's own: routes, ARP, ICMP, frames.
//!
//! The machine inside is smoltcp's. What it lacks is done around it: listening with a backlog (one endpoint for each
//! connection, made when its SYN comes), TIME-WAIT of any length, a path MTU that shrinks, errors told by ICMP, and a
//! retransmission timer with another floor than one second.

use std::fmt;

use crate::base::Timestamp;

/// The states of RFC 9293 §3.3.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TcpState {
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl TcpState {
    /// The name of the RFC.
    pub const fn name(self) -> &'static str {
        match self {
            TcpState::Closed => "CLOSED",
            TcpState::Listen => "LISTEN",
            TcpState::SynSent => "SYN-SENT",
            TcpState::SynReceived => "SYN-RECEIVED",
            TcpState::Established => "ESTABLISHED",
            TcpState::FinWait1 => "FIN-WAIT-1",
            TcpState::FinWait2 => "FIN-WAIT-2",
            TcpState::CloseWait => "CLOSE-WAIT",
            TcpState::Closing => "CLOSING",
            TcpState::LastAck => "LAST-ACK",
            TcpState::TimeWait => "TIME-WAIT",
        }
    }
}

/// One end of a connection. Packets are whole IP packets.
pub trait TcpEndpoint: fmt::Debug {
    /// Takes in a packet of the connection; an immediate answer may be left in `out`.
    fn packet_in(&mut self, now: Timestamp, packet: &[u8], out: &mut Vec<Vec<u8>>);
    /// Leaves in `out` an acknowledgment that was delayed; nothing else is wanted of the endpoint after that.
    fn poll_last(&mut self, now: Timestamp, out: &mut Vec<Vec<u8>>);
    /// Leaves in `out` what is due to be sent.
    fn poll(&mut self, now: Timestamp, out: &mut Vec<Vec<u8>>);
    /// When it wants to be polled again.
    fn next_poll(&mut self, now: Timestamp) -> Option<Timestamp>;
    /// Its state.
    fn state(&self) -> TcpState;
    /// Queues octets to be sent; returns how many there was room for.
    fn send(&mut self, octets: &[u8]) -> usize;
    /// Takes at most `most` octets out of the receive queue.
    fn receive(&mut self, most: usize) -> Vec<u8>;
    /// Octets that wait to be read.
    fn readable(&self) -> usize;
    /// True if everything sent has been acknowledged.
    fn all_sent(&self) -> bool;
    /// True if no more will come: the other side has closed and everything has been read.
    fn is_at_end(&self) -> bool;
    /// No more will be sent.
    fn close(&mut self);
    /// Ends the connection with a reset.
    fn abort(&mut self);
    /// Nagle's algorithm on or off (RFC 896).
    fn set_nagle(&mut self, on: bool);
    /// Packets may have this many octets from now on. If they become smaller, what is unacknowledged is due to be sent
    /// again at once (RFC 1191 §6.4); true then.
    fn set_mtu(&mut self, now: Timestamp, mtu: usize) -> bool;
}

/// How a sender reacts to loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Congestion {
    /// Not at all: only the other side's window limits what is under way.
    #[default]
    Off,
    /// Slow start, congestion avoidance, fast recovery (RFC 5681); the window begins with 2048 octets.
    Reno,
    /// The same with CUBIC's growth (RFC 9438).
    Cubic,
}

/// How an endpoint is set up.
#[derive(Clone, Copy, Debug)]
pub struct TcpOptions {
    /// Nagle's algorithm (RFC 896).
    pub nagle: bool,
    /// How long an acknowledgment may wait for data to go with (RFC 1122 §4.2.3.2).
    pub ack_delay: std::time::Duration,
    /// The shortest retransmission time-out of an open connection, 10 ms to 1 s; RFC 6298 wants 1 s, Linux has 200 ms.
    /// The first one, of a SYN, is 1 s in any case.
    pub min_rto: std::time::Duration,
    /// What keeps the sender from overloading the path.
    pub congestion: Congestion,
    /// Octets kept for the program.
    pub receive_buffer: usize,
    /// Octets taken from the program.
    pub send_buffer: usize,
    /// Largest packet.
    pub mtu: usize,
    /// Seed of the initial sequence number.
    pub seed: u64,
}

#[cfg(feature = "stack")]
pub use machine::Machine;

#[cfg(feature = "stack")]
mod machine {
    use std::collections::VecDeque;
    use std::net::SocketAddr;

    use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
    use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
    use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
    use smoltcp::time::{Duration, Instant};
    use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpEndpoint};

    use super::{Congestion, TcpEndpoint, TcpOptions, TcpState};
    use crate::base::Timestamp;

    /// An endpoint whose machine is smoltcp's.
    pub struct Machine {
        interface: Interface,
        sockets: SocketSet<'static>,
        handle: SocketHandle,
        wire: Wire,
        local: SocketAddr,
        seed: u64,
        clock: Clock,
        min_rto: std::time::Duration,
    }

    impl std::fmt::Debug for Machine {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Machine").field("local", &self.local).field("state", &self.state()).finish_non_exhaustive()
        }
    }

    /// The "network card" that smoltcp sees: two queues of packets.
    #[derive(Debug, Default)]
    struct Wire {
        received: VecDeque<Vec<u8>>,
        sent: Vec<Vec<u8>>,
        mtu: usize,
    }

    struct Received(Vec<u8>);
    struct Sent<'a>(&'a mut Vec<Vec<u8>>);

    impl RxToken for Received {
        fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
            f(&self.0)
        }
    }

    impl TxToken for Sent<'_> {
        fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
            let mut packet = vec![0; len];
            let result = f(&mut packet);
            self.0.push(packet);
            result
        }
    }

    impl Device for Wire {
        type RxToken<'a> = Received;
        type TxToken<'a> = Sent<'a>;

        fn receive(&mut self, _now: Instant) -> Option<(Received, Sent<'_>)> {
            let packet = self.received.pop_front()?;
            Some((Received(packet), Sent(&mut self.sent)))
        }

        fn transmit(&mut self, _now: Instant) -> Option<Sent<'_>> {
            Some(Sent(&mut self.sent))
        }

        fn capabilities(&self) -> DeviceCapabilities {
            let mut capabilities = DeviceCapabilities::default();
            capabilities.medium = Medium::Ip;
            capabilities.max_transmission_unit = self.mtu;
            capabilities
        }
    }

    /// The time that the machine is told.
    ///
    /// Its shortest retransmission time-out is the constant 1 s. For another one its clock runs faster from the moment
    /// when the connection is open, so that its second is as long as the time-out wanted; the delay of acknowledgments is
    /// given to it in that measure, and round-trip times are measured in it. Before that it runs as ours, as the first
    /// time-out is 1 s for everybody (RFC 6298 §2.1).
    #[derive(Debug)]
    struct Clock {
        /// A moment of ours, and what the machine is told then, in microseconds.
        ours: u64,
        its: u64,
        /// Our microseconds for a second of its.
        second: u64,
    }

    impl Clock {
        fn new(now: Timestamp) -> Clock {
            let micros = now.nanos() / 1000;
            Clock { ours: micros, its: micros, second: 1_000_000 }
        }

        fn instant(&self, now: Timestamp) -> Instant {
            let passed = (now.nanos() / 1000).saturating_sub(self.ours);
            Instant::from_micros((self.its + passed * 1_000_000 / self.second) as i64)
        }

        /// The moment of ours at which the machine will be told `at`.
        fn timestamp(&self, at: Instant) -> Timestamp {
            let ahead = (at.total_micros().max(0) as u64).saturating_sub(self.its);
            let passed = (u128::from(ahead) * u128::from(self.second)).div_ceil(1_000_000);
            Timestamp::from_nanos(
                self.ours.saturating_add(passed.min(u128::from(u64::MAX / 2)) as u64).saturating_mul(1000),
            )
        }

        /// From now on `second` of ours is one of its, and it was so from the beginning: what it is measuring, the round
        /// trip of the SYN, comes out right.
        fn run_at(&mut self, second: std::time::Duration) {
            self.second = (second.as_micros() as u64).clamp(10_000, 1_000_000);
        }

        /// Lets the machine's time jump ahead.
        fn jump_to(&mut self, now: Timestamp, at: Instant) {
            let its = self.instant(now).max(at);
            (self.ours, self.its) = (now.nanos() / 1000, its.total_micros().max(0) as u64);
        }
    }

    fn endpoint(socket: SocketAddr) -> IpEndpoint {
        IpEndpoint::new(IpAddress::from(socket.ip()), socket.port())
    }

    impl Machine {
        /// An endpoint that begins to open a connection.
        pub fn connect(now: Timestamp, local: SocketAddr, remote: SocketAddr, options: &TcpOptions) -> Option<Machine> {
            let mut machine = Machine::new(now, local, options);
            let socket = machine.sockets.get_mut::<Socket<'_>>(machine.handle);
            socket.connect(machine.interface.context(), endpoint(remote), endpoint(local)).ok()?;
            Some(machine)
        }

        /// An endpoint that waits for the SYN of one connection.
        pub fn listen(now: Timestamp, local: SocketAddr, options: &TcpOptions) -> Option<Machine> {
            let mut machine = Machine::new(now, local, options);
            machine.sockets.get_mut::<Socket<'_>>(machine.handle).listen(endpoint(local)).ok()?;
            Some(machine)
        }

        fn new(now: Timestamp, local: SocketAddr, options: &TcpOptions) -> Machine {
            let mut wire = Wire { mtu: options.mtu, ..Wire::default() };
            let clock = Clock::new(now);
            let interface = build_interface(clock.instant(now), local, options.seed, &mut wire);
            let mut socket = Socket::new(
                SocketBuffer::new(vec![0; options.receive_buffer]),
                SocketBuffer::new(vec![0; options.send_buffer]),
            );
            socket.set_nagle_enabled(options.nagle);
            let delay =
                options.ack_delay.as_micros() as u64 * 1000 / (options.min_rto.as_millis() as u64).clamp(10, 1000);
            socket.set_ack_delay((delay > 0).then(|| Duration::from_micros(delay)));
            socket.set_congestion_control(match options.congestion {
                Congestion::Off => CongestionControl::None,
                Congestion::Reno => CongestionControl::Reno,
                Congestion::Cubic => CongestionControl::Cubic,
            });
            let mut sockets = SocketSet::new(Vec::with_capacity(1));
            let handle = sockets.add(socket);
            Machine { interface, sockets, handle, wire, local, seed: options.seed, clock, min_rto: options.min_rto }
        }

        fn socket(&self) -> &Socket<'static> {
            self.sockets.get::<Socket<'_>>(self.handle)
        }

        fn socket_mut(&mut self) -> &mut Socket<'static> {
            self.sockets.get_mut::<Socket<'_>>(self.handle)
        }
    }

    fn build_interface(now: Instant, local: SocketAddr, seed: u64, wire: &mut Wire) -> Interface {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, wire, now);
        let len = if local.is_ipv4() { 32 } else { 128 };
        interface.update_ip_addrs(|addresses| {
            // The list has room for the one address that an endpoint has.
            let _ = addresses.push(IpCidr::new(IpAddress::from(local.ip()), len));
        });
        interface
    }

    impl TcpEndpoint for Machine {
        fn packet_in(&mut self, now: Timestamp, packet: &[u8], out: &mut Vec<Vec<u8>>) {
            if matches!(self.socket().state(), State::SynSent | State::SynReceived) {
                self.clock.run_at(self.min_rto);
            }
            self.wire.received.push_back(packet.to_vec());
            while !self.wire.received.is_empty() {
                let now = self.clock.instant(now);
                self.interface.poll_ingress_single(now, &mut self.wire, &mut self.sockets);
            }
            out.append(&mut self.wire.sent);
        }

        fn poll_last(&mut self, now: Timestamp, out: &mut Vec<Vec<u8>>) {
            self.poll(now, out);
            // RFC 1122 §4.2.3.2 lets an acknowledgment wait for at most 500 ms.
            let later = self.clock.instant(now) + Duration::from_secs(1);
            self.clock.jump_to(now, later);
            self.poll(now, out);
        }

        fn poll(&mut self, now: Timestamp, out: &mut Vec<Vec<u8>>) {
            // One pass sends what one window update or one acknowledgment allows; more passes until nothing is due.
            for _ in 0..256 {
                let now = self.clock.instant(now);
                self.interface.poll_egress(now, &mut self.wire, &mut self.sockets);
                if self.wire.sent.is_empty() {
                    break;
                }
                out.append(&mut self.wire.sent);
            }
        }

        fn next_poll(&mut self, now: Timestamp) -> Option<Timestamp> {
            let at = self.interface.poll_at(self.clock.instant(now), &self.sockets)?;
            Some(self.clock.timestamp(at))
        }

        fn state(&self) -> TcpState {
            match self.socket().state() {
                State::Closed => TcpState::Closed,
                State::Listen => TcpState::Listen,
                State::SynSent => TcpState::SynSent,
                State::SynReceived => TcpState::SynReceived,
                State::Established => TcpState::Established,
                State::FinWait1 => TcpState::FinWait1,
                State::FinWait2 => TcpState::FinWait2,
                State::CloseWait => TcpState::CloseWait,
                State::Closing => TcpState::Closing,
                State::LastAck => TcpState::LastAck,
                State::TimeWait => TcpState::TimeWait,
            }
        }

        fn send(&mut self, octets: &[u8]) -> usize {
            self.socket_mut().send_slice(octets).unwrap_or(0)
        }

        fn receive(&mut self, most: usize) -> Vec<u8> {
            let mut octets = vec![0; most.min(self.readable())];
            let len = self.socket_mut().recv_slice(&mut octets).unwrap_or(0);
            octets.truncate(len);
            octets
        }

        fn readable(&self) -> usize {
            self.socket().recv_queue()
        }

        fn all_sent(&self) -> bool {
            self.socket().send_queue() == 0
        }

        fn is_at_end(&self) -> bool {
            self.readable() == 0
                && matches!(
                    self.socket().state(),
                    State::CloseWait | State::LastAck | State::Closing | State::TimeWait | State::Closed
                )
        }

        fn close(&mut self) {
            self.socket_mut().close();
        }

        fn abort(&mut self) {
            self.socket_mut().abort();
        }

        fn set_nagle(&mut self, on: bool) {
            self.socket_mut().set_nagle_enabled(on);
        }

        fn set_mtu(&mut self, now: Timestamp, mtu: usize) -> bool {
            let shrinks = mtu < self.wire.mtu;
            // smoltcp reads the MTU when an interface is made; the connection itself lives in the socket set.
            self.wire.mtu = mtu;
            self.interface = build_interface(self.clock.instant(now), self.local, self.seed, &mut self.wire);
            // What waits to be sent for the first time would go before what was lost. It is let go into nowhere: with the
            // time-out all that is not acknowledged is sent again, in order.
            if shrinks && self.socket().send_queue() > 0 {
                let instant = self.clock.instant(now);
                for _ in 0..256 {
                    self.interface.poll_egress(instant, &mut self.wire, &mut self.sockets);
                    if std::mem::take(&mut self.wire.sent).is_empty() {
                        break;
                    }
                }
            }
            // The machine sends again when its timer says so, so its time jumps to that moment.
            let due = self.interface.poll_at(self.clock.instant(now), &self.sockets);
            let again = due.filter(|_| shrinks && self.socket().send_queue() > 0);
            if let Some(at) = again {
                self.clock.jump_to(now, at);
            }
            again.is_some()
        }
    }
}
