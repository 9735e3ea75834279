//! What a node is busy with on its own account: echo requests, traces, announcements and probes.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::icmp::ErrorAbout;
use super::output::FragmentPolicy;
use super::{Node, TIMER_JOB};
use crate::base::{Timestamp, limits};
use crate::sim::order::{FrameOrder, Order, PingOrder};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::stack::octets::{self, IpHeader, icmp_message, icmpv6_message, u16_at};

/// How long an echo request is waited for.
const PING_WAIT: Duration = Duration::from_secs(1);

/// A row of echo requests.
#[derive(Debug)]
struct Ping {
    order: PingOrder,
    /// Sent so far.
    sent: u32,
    /// When each request was sent, while its answer is awaited.
    open: BTreeMap<u16, Timestamp>,
    /// True if the TTL grows with each request.
    is_trace: bool,
    done: bool,
}

#[derive(Debug)]
enum Job {
    Ping(Ping),
    Frames { order: FrameOrder, sent: u32 },
    Probe { interface: usize, address: Ipv4Addr, sent: u32 },
}

/// The jobs of a node.
#[derive(Debug, Default)]
pub(in crate::sim::device) struct Jobs {
    jobs: Vec<Job>,
    /// When an address was last defended against somebody who uses it too.
    pub last_defence: BTreeMap<Ipv4Addr, Timestamp>,
}

/// Timers of one job: bit 40 says that an answer is overdue, the lower bits which.
const OVERDUE: u64 = 1 << 40;

impl Node {
    /// Does what the scenario says; false if a node cannot do it.
    pub(super) fn obey(&mut self, now: Timestamp, order: &Order, out: &mut Outbox) -> bool {
        match order {
            Order::Ping(order) => self.start_ping(now, order.clone(), false, out),
            Order::Trace { destination, max_hops } => {
                let order = PingOrder {
                    destination: *destination,
                    count: u32::from(*max_hops),
                    interval: PING_WAIT,
                    payload_len: 56,
                    ttl: 1,
                    dont_fragment: None,
                };
                self.start_ping(now, order, true, out);
            }
            Order::Resolve(address) => {
                let interface = self.interfaces.iter().position(|interface| interface.on_link(*address).is_some());
                if let Some(interface) = interface
                    && self.neighbours.resolve(interface, *address, now)
                {
                    self.ask_neighbour(interface, *address, None, out);
                }
            }
            Order::Announce => {
                for interface in 0..self.interfaces.len() {
                    if let Some(address) = self.interfaces[interface].v4() {
                        self.announce_one(interface, address, out);
                    }
                }
            }
            Order::Probe => {
                for interface in 0..self.interfaces.len() {
                    if let Some(address) = self.interfaces[interface].v4() {
                        let wait = Duration::from_nanos(self.rng.below(1_000_000_000));
                        self.add_job(Job::Probe { interface, address, sent: 0 }, now.after(wait), out);
                    }
                }
            }
            Order::SendUdp(order) => self.send_udp_order(now, order, out),
            Order::SendFrame(order) => {
                self.add_job(Job::Frames { order: order.clone(), sent: 0 }, now, out);
            }
            Order::Run(program) => self.start_program(program.clone(), out),
            Order::Kill(name) => self.kill_program(now, name, out),
            Order::Dhcp => self.ask_for_address(now, out),
            Order::Release => self.release_address(now, out),
            Order::Lookup(name) => {
                if let Err(why) = self.look_up_name(now, name, out) {
                    out.tell(EventKind::Call, None, 0, Reason::None, || {
                        Detail::new(format!("DNS: {why}")).with("call", "lookup").with("result", why)
                    });
                }
            }
            Order::FlushNeighbours => self.neighbours.flush(),
            Order::SetAddress(address, len) => self.set_address(0, *address, *len),
            _ => return false,
        }
        true
    }

    fn add_job(&mut self, job: Job, at: Timestamp, out: &mut Outbox) {
        if self.jobs.jobs.len() >= limits::MAX_JOBS {
            out.tell(EventKind::Note, None, 0, Reason::None, || Detail::new("too many jobs: one is left undone"));
            return;
        }
        self.jobs.jobs.push(job);
        out.wake_at(at, TIMER_JOB | (self.jobs.jobs.len() as u64 - 1));
    }

    fn start_ping(&mut self, now: Timestamp, order: PingOrder, is_trace: bool, out: &mut Outbox) {
        let ping = Ping { order, sent: 0, open: BTreeMap::new(), is_trace, done: false };
        self.add_job(Job::Ping(ping), now, out);
    }

    pub(super) fn job_alarm(&mut self, now: Timestamp, which: u64, out: &mut Outbox) {
        let index = (which & 0xf_ffff) as usize;
        if which & OVERDUE != 0 {
            return self.ping_overdue(index, (which >> 20) as u16, out);
        }
        match self.jobs.jobs.get_mut(index) {
            Some(Job::Ping(_)) => self.send_ping(now, index, out),
            Some(Job::Frames { order, sent }) => {
                let order = order.clone();
                *sent += 1;
                if *sent < order.count {
                    out.wake_after(order.interval, TIMER_JOB | index as u64);
                }
                self.send_raw(&order, out);
            }
            Some(Job::Probe { interface, address, sent }) => {
                let (interface, address) = (*interface, *address);
                *sent += 1;
                let number = *sent;
                // Three probes 1 to 2 s apart, 2 s of waiting, two announcements 2 s apart (RFC 5227 §1.1).
                let wait = match number {
                    1 | 2 => Some(Duration::from_nanos(1_000_000_000 + self.rng.below(1_000_000_000))),
                    3 | 4 => Some(Duration::from_secs(2)),
                    _ => None,
                };
                if number <= 3 {
                    self.probe_one(interface, address, out);
                } else {
                    self.announce_one(interface, address, out);
                }
                if let Some(wait) = wait {
                    out.wake_after(wait, TIMER_JOB | index as u64);
                }
            }
            None => {}
        }
    }

    fn send_raw(&mut self, order: &FrameOrder, out: &mut Outbox) {
        let source = order.source.unwrap_or(self.interfaces[0].mac);
        let mut octets = Vec::with_capacity(18 + order.payload.len());
        octets.extend_from_slice(&order.destination.octets());
        octets.extend_from_slice(&source.octets());
        if let Some(vlan) = order.vlan {
            octets.extend_from_slice(&[0x81, 0x00]);
            octets.extend_from_slice(&vlan.to_be_bytes());
        }
        octets.extend_from_slice(&order.ether_type.to_be_bytes());
        octets.extend_from_slice(&order.payload);
        out.send(PortId(0), &octets);
    }

    fn send_ping(&mut self, now: Timestamp, index: usize, out: &mut Outbox) {
        let Some(Job::Ping(ping)) = self.jobs.jobs.get_mut(index) else { return };
        if ping.done {
            return;
        }
        ping.sent += 1;
        let (sequence, order, is_trace) = (ping.sent as u16, ping.order.clone(), ping.is_trace);
        let more = ping.sent < order.count;
        let ttl = if is_trace { ping.sent.min(255) as u8 } else { order.ttl };
        let way = match self.choose_way(order.destination, None, u64::from(index as u32), out) {
            Ok(way) => way,
            Err(error) => {
                self.say_ping(&order, sequence, error.errno(), &error.words(), None, out);
                return;
            }
        };
        let rest = {
            let (identifier, sequence) = ((index as u16 + 1).to_be_bytes(), sequence.to_be_bytes());
            [identifier[0], identifier[1], sequence[0], sequence[1]]
        };
        let body: Vec<u8> = (0..order.payload_len).map(|number| number as u8).collect();
        let (message, protocol) = if order.destination.is_ipv4() {
            (icmp_message(8, 0, rest, &body), octets::ICMP)
        } else {
            (icmpv6_message(way.source, order.destination, 128, 0, rest, &body), octets::ICMPV6)
        };
        let policy = match order.dont_fragment {
            Some(true) => FragmentPolicy::Never,
            Some(false) => FragmentPolicy::Allow,
            None => FragmentPolicy::Want,
        };
        match self.send_on(now, &way, protocol, ttl, policy, &message, out) {
            Ok(()) => {
                if let Some(Job::Ping(ping)) = self.jobs.jobs.get_mut(index) {
                    ping.open.insert(sequence, now);
                }
                out.wake_after(PING_WAIT * 4, TIMER_JOB | OVERDUE | u64::from(sequence) << 20 | index as u64);
            }
            Err(error) => self.say_ping(&order, sequence, error.errno(), &error.words(), None, out),
        }
        if more && !is_trace {
            out.wake_after(order.interval, TIMER_JOB | index as u64);
        }
    }

    fn ping_overdue(&mut self, index: usize, sequence: u16, out: &mut Outbox) {
        let Some(Job::Ping(ping)) = self.jobs.jobs.get_mut(index) else { return };
        if ping.open.remove(&sequence).is_none() {
            return;
        }
        let (order, is_trace) = (ping.order.clone(), ping.is_trace);
        self.say_ping(&order, sequence, "timeout", "no answer", None, out);
        if is_trace {
            self.go_on_tracing(index, out);
        }
    }

    fn go_on_tracing(&mut self, index: usize, out: &mut Outbox) {
        if let Some(Job::Ping(ping)) = self.jobs.jobs.get(index)
            && ping.is_trace
            && !ping.done
            && ping.sent < ping.order.count
        {
            out.wake_after(Duration::from_millis(1), TIMER_JOB | index as u64);
        }
    }

    pub(super) fn echo_reply(
        &mut self,
        now: Timestamp,
        header: &IpHeader,
        identifier: u16,
        sequence: u16,
        len: usize,
        out: &mut Outbox,
    ) {
        let index = usize::from(identifier).wrapping_sub(1);
        let Some(Job::Ping(ping)) = self.jobs.jobs.get_mut(index) else { return };
        let is_many = match ping.order.destination {
            IpAddr::V4(v4) => v4.is_broadcast() || v4.octets()[3] == 255,
            IpAddr::V6(v6) => v6.is_multicast(),
        };
        let sent = if is_many { ping.open.get(&sequence).copied() } else { ping.open.remove(&sequence) };
        let Some(sent) = sent else { return };
        let (order, is_trace) = (ping.order.clone(), ping.is_trace);
        ping.done |= is_trace;
        let rtt = now.nanos_since(sent);
        let words =
            format!("{len} octets from {}, TTL {}, after {:.3} ms", header.source, header.ttl, rtt as f64 / 1e6);
        self.say_ping(&order, sequence, "reply", &words, Some((header.source, rtt)), out);
        if let Some((interface, hop)) = self.next_hop_of(header.source) {
            self.neighbours.confirm(interface, hop, now);
        }
    }

    /// The neighbour by which an address is reached.
    pub(super) fn next_hop_of(&self, address: IpAddr) -> Option<(usize, IpAddr)> {
        let route = self.routes.look_up(address, 0)?;
        Some((route.interface, route.via.unwrap_or(address)))
    }

    /// An ICMP error about an echo request of this node.
    pub(super) fn echo_error(&mut self, now: Timestamp, error: &ErrorAbout<'_>, out: &mut Outbox) {
        if error.quoted.len() < 8 {
            return;
        }
        let (identifier, sequence) = (u16_at(error.quoted, 4), u16_at(error.quoted, 6));
        let index = usize::from(identifier).wrapping_sub(1);
        let Some(Job::Ping(ping)) = self.jobs.jobs.get_mut(index) else { return };
        // An error may come long after the answer was given up: fragments are waited for longer than that.
        let sent = ping.open.remove(&sequence);
        let (order, is_trace) = (ping.order.clone(), ping.is_trace);
        let rtt = sent.map_or(0, |sent| now.nanos_since(sent));
        if is_trace && error.ttl_expired {
            let words = format!("hop {sequence} is {}, after {:.3} ms", error.from, rtt as f64 / 1e6);
            self.say_ping(&order, sequence, "hop", &words, Some((error.from, rtt)), out);
            return self.go_on_tracing(index, out);
        }
        let words = match error.mtu {
            Some(mtu) => format!("{} says: {}, MTU {mtu}", error.from, error.words),
            None => format!("{} says: {}", error.from, error.words),
        };
        self.say_ping(&order, sequence, error.errno, &words, Some((error.from, rtt)), out);
    }

    fn say_ping(
        &self,
        order: &PingOrder,
        sequence: u16,
        result: &str,
        words: &str,
        from: Option<(IpAddr, u64)>,
        out: &mut Outbox,
    ) {
        out.tell(EventKind::Call, None, 0, Reason::None, || {
            let mut detail = Detail::new(format!("ping {} number {sequence}: {words}", order.destination))
                .with("call", "ping")
                .with("destination", order.destination)
                .with("sequence", u64::from(sequence))
                .with("result", result);
            if let Some((from, rtt)) = from {
                detail = detail.with("from", from).with("rtt_ns", rtt);
            }
            detail
        });
    }
}
