//! Where translation meets the road of a packet: after the header is read for what comes from the outside, before the
//! way out for what leaves. Fragments are put together first, as only the first one has ports (RFC 4787 §11).

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::icmp::Complaint;
use super::{Arrival, Node, TIMER_HELD_SYN, TIMER_REASSEMBLY};
use crate::base::{Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind, PortId};
use crate::sim::stack::fragment::{Outcome, REASSEMBLY_TIME};
use crate::sim::stack::nat::Changed;
use crate::sim::stack::octets::{ICMP, IpHeader, TCP, UDP, u16_at};

/// How long a SYN that nobody inside asked for is left without an answer, so that a host inside may send its own and
/// both open the connection at once (RFC 5382 REQ-4).
const HOLD_SYN: Duration = Duration::from_secs(6);

/// A SYN that nobody inside has asked for.
#[derive(Debug)]
pub(super) struct HeldSyn {
    due: Timestamp,
    packet: Vec<u8>,
    arrival: Arrival,
}

/// What translation made of a packet that arrived.
#[derive(Debug)]
pub(super) enum Translated {
    /// It is none of translation's business.
    Untouched,
    /// It goes on like this; put together of fragments, with the size of the largest.
    Onward(Vec<u8>, Option<usize>),
    /// Its end has been said.
    Done,
}

impl Node {
    /// The public address, if the node translates.
    fn public_address(&self) -> Option<Ipv4Addr> {
        let nat = self.nat.as_ref()?;
        self.interfaces.get(nat.options.outside)?.v4()
    }

    /// Looks at a packet that arrived for the public address.
    pub(super) fn translate_in(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) -> Translated {
        let Some(public) = self.public_address() else { return Translated::Untouched };
        if header.destination != IpAddr::V4(public) {
            return Translated::Untouched;
        }
        let outside = self.nat.as_ref().map_or(0, |nat| nat.options.outside);
        if header.is_fragment() {
            return self.gather(now, packet, header, arrival, out);
        }
        let is_hairpin = arrival.interface != outside;
        let leads_inside = self.nat.as_ref().is_some_and(|nat| nat.leads_inside(packet, header, now));
        if is_hairpin && !leads_inside {
            return Translated::Untouched;
        }
        let mut changed = packet.to_vec();
        let mut header = *header;
        if is_hairpin {
            // An inside host that uses the public address must look to the other inside host as if it came from there.
            match self.nat.as_mut().map(|nat| nat.outbound(&mut changed, &header, public, now)) {
                Some(Ok(what)) => self.say_translated("source", what.as_ref(), &header, arrival.frame, out),
                Some(Err(reason)) => {
                    self.finish(EventKind::Dropped, reason, arrival, out);
                    return Translated::Done;
                }
                None => return Translated::Untouched,
            }
            match IpHeader::parse(&changed) {
                Ok(parsed) => header = parsed,
                Err(_) => return Translated::Untouched,
            }
        }
        match self.nat.as_mut().map(|nat| nat.inbound(&mut changed, &header, now)) {
            Some(Ok(what)) => {
                self.say_translated("destination", Some(&what), &header, arrival.frame, out);
                Translated::Onward(changed, arrival.largest_piece)
            }
            Some(Err(reason)) if !self.wants_it_itself(&changed, &header) => {
                self.finish(EventKind::Dropped, reason, arrival, out);
                self.hold_syn(now, packet, &header, arrival, out);
                Translated::Done
            }
            _ => Translated::Untouched,
        }
    }

    fn hold_syn(&mut self, now: Timestamp, packet: &[u8], header: &IpHeader, arrival: Arrival, out: &mut Outbox) {
        // SYN without ACK and RST.
        let is_syn = header.protocol == TCP && header.payload(packet).get(13).is_some_and(|flags| flags & 0x16 == 2);
        if !is_syn || self.held_syns.len() >= limits::MAX_HELD_SYNS {
            return;
        }
        // A SYN that is sent again is still the same one.
        let (ends, ports) = (12..20, header.header_len..header.header_len + 4);
        let is_held = |held: &HeldSyn| {
            held.packet.get(ends.clone()) == packet.get(ends.clone())
                && held.packet.get(ports.clone()) == packet.get(ports.clone())
        };
        if self.held_syns.iter().any(is_held) {
            return;
        }
        let due = now.after(HOLD_SYN);
        self.held_syns.push_back(HeldSyn { due, packet: packet.to_vec(), arrival });
        out.tell(EventKind::Nat, Some(arrival.port()), arrival.frame, Reason::None, || {
            Detail::new("nobody inside asked for this SYN: no answer for 6 s, in case that somebody is about to")
                .with("held_until_ns", due.nanos())
        });
        out.wake_at(due, TIMER_HELD_SYN);
    }

    /// The time of a held SYN is over: its sender is told, unless the inside has sent a SYN of its own meanwhile.
    pub(super) fn held_syn_alarm(&mut self, now: Timestamp, out: &mut Outbox) {
        while self.held_syns.front().is_some_and(|held| held.due <= now) {
            let Some(HeldSyn { packet, arrival, .. }) = self.held_syns.pop_front() else { return };
            let Ok(header) = IpHeader::parse(&packet) else { continue };
            let asked_for = self.nat.as_ref().is_some_and(|nat| nat.lets_in(&packet, &header, now));
            if !asked_for {
                self.complain(now, Complaint::Port, &packet, &header, arrival, out);
            }
        }
    }

    /// True if a packet without a mapping is for the router itself: an echo request, or a port where it listens.
    fn wants_it_itself(&self, packet: &[u8], header: &IpHeader) -> bool {
        let payload = header.payload(packet);
        let port = u16_at(payload, 2);
        match header.protocol {
            ICMP => payload.first() == Some(&8) || payload.first() == Some(&0),
            TCP => self.tcp.uses_port(port),
            UDP => self.udp.iter().any(|socket| socket.port == port),
            _ => true,
        }
    }

    /// Remembers what came from outside for an address inside: its answers leave as they are.
    pub(super) fn let_pass(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
    ) -> Result<(), Reason> {
        match self.nat.as_mut() {
            Some(nat) if nat.options.outside == arrival.interface => nat.let_pass(packet, header, now),
            _ => Ok(()),
        }
    }

    /// Translates the source of a packet that is about to leave for the outside.
    pub(super) fn translate_out(
        &mut self,
        now: Timestamp,
        packet: &mut [u8],
        interface: usize,
        arrival: Arrival,
        out: &mut Outbox,
    ) -> Result<(), Reason> {
        let Some(public) = self.public_address() else { return Ok(()) };
        let Some(nat) = self.nat.as_mut() else { return Ok(()) };
        if nat.options.outside != interface || arrival.interface == interface {
            return Ok(());
        }
        let Ok(header) = IpHeader::parse(packet) else { return Ok(()) };
        if header.source.is_ipv6() || header.source == IpAddr::V4(public) {
            return Ok(());
        }
        let what = nat.outbound(packet, &header, public, now)?;
        self.say_translated("source", what.as_ref(), &header, arrival.frame, out);
        Ok(())
    }

    /// Puts back the source of a packet that was translated and then could not be sent. True if it was one.
    pub(super) fn untranslate(&self, now: Timestamp, packet: &mut [u8], header: &IpHeader) -> bool {
        let is_ours = self.public_address().is_some_and(|public| header.source == IpAddr::V4(public));
        is_ours && self.nat.as_ref().is_some_and(|nat| nat.undo(packet, header, now))
    }

    /// True if fragments of this packet must be put together before it can go from one interface to another: a
    /// translator follows flows, and only the first fragment tells which it belongs to.
    pub(super) fn must_gather(&self, header: &IpHeader, from: usize, to: usize) -> bool {
        header.is_fragment()
            && header.source.is_ipv4()
            && self.nat.as_ref().is_some_and(|nat| [from, to].contains(&nat.options.outside))
    }

    /// Takes in a fragment; the whole packet goes on when it is there.
    pub(super) fn gather(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        header: &IpHeader,
        arrival: Arrival,
        out: &mut Outbox,
    ) -> Translated {
        match self.reassembly.take(header, packet, now) {
            Outcome::Refused(reason) => {
                self.finish(EventKind::Dropped, reason, arrival, out);
                Translated::Done
            }
            Outcome::Waits { is_first_heard } => {
                if is_first_heard {
                    out.wake_at(now.after(REASSEMBLY_TIME), TIMER_REASSEMBLY);
                }
                self.finish(EventKind::Delivered, Reason::ForMe, arrival, out);
                Translated::Done
            }
            Outcome::Whole { packet, pieces, largest } => {
                out.tell(EventKind::Nat, Some(arrival.port()), arrival.frame, Reason::None, || {
                    Detail::new(format!("puts {pieces} fragments together, as only the first one has ports"))
                        .with("pieces", pieces as u64)
                });
                Translated::Onward(packet, Some(largest))
            }
        }
    }

    fn say_translated(
        &self,
        side: &'static str,
        what: Option<&Changed>,
        header: &IpHeader,
        frame: u64,
        out: &mut Outbox,
    ) {
        let Some(Changed { from, to, is_new }) = what else { return };
        let port = self.nat.as_ref().map(|nat| PortId(nat.options.outside as u16));
        out.tell(EventKind::Nat, port, frame, Reason::None, || {
            let kind = match header.protocol {
                TCP => "TCP",
                UDP => "UDP",
                _ => "ICMP",
            };
            let new = if *is_new { " (a new mapping)" } else { "" };
            Detail::new(format!("{kind} {side} {}:{} becomes {}:{}{new}", from.0, from.1, to.0, to.1))
                .with("side", side)
                .with("from", format!("{}:{}", from.0, from.1))
                .with("to", format!("{}:{}", to.0, to.1))
                .with("new", crate::sim::Value::Flag(*is_new))
        });
    }
}
