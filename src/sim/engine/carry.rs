//! From the outbox to the wires: frames of a box go onto links, alarms into the queue, deeds into the books.

use super::super::frame::{ETHERNET_HEADER_LEN, FrameRef, TAG_LEN};
use super::super::link::Verdict;
use super::super::mutation::{Mutation, made};
use super::super::outbox::Out;
use super::super::reason::Reason;
use super::super::record::{DeviceId, EventKind, More, PortId, Record};
use super::queue::{Event, Happening};
use super::{Engine, Port};
use crate::base::Timestamp;
use crate::packet;

impl Engine {
    /// Takes out what a box left; `arrived` is the frame whose copy it was given.
    pub(super) fn empty_outbox(&mut self, device: DeviceId, arrived: Option<u64>) {
        let mut left = std::mem::take(&mut self.outbox.left);
        if !left.is_empty() {
            self.last_deed = self.now;
        }
        let mut relayed = 0u32;
        for out in left.drain(..) {
            match out {
                Out::Send { port, frame, is_new, parent } => {
                    if is_new {
                        self.observer.made(frame.id(), parent);
                    } else {
                        relayed += 1;
                    }
                    self.send(device, port, frame, parent);
                }
                Out::Wake { at, timer, background } => {
                    self.schedule(at, device, Happening::Timer { timer, background });
                }
                Out::Deed { event, port, frame, reason, number, more } => {
                    if event.ends_a_copy() {
                        self.observer.ledger.ended(event, frame);
                    }
                    self.count_deed(device, event, reason);
                    if self.observer.is_recording() {
                        let at = self.now;
                        self.observer.record(Record { at, frame, more, number, device, port, event, reason });
                    }
                }
            }
        }
        self.outbox.left = left;
        let Some(frame) = arrived else {
            if relayed > 0 || self.outbox.ends > 0 {
                self.break_books(device, 0);
            }
            return;
        };
        // The copy that arrived must have ended or gone on; whatever is more than that one is a new copy.
        match (relayed + self.outbox.ends).checked_sub(1) {
            Some(0) => {}
            Some(more) => self.observer.ledger.copied(frame, more),
            None => self.break_books(device, frame),
        }
    }

    fn break_books(&mut self, device: DeviceId, frame: u64) {
        let name = &self.nodes[device.0 as usize].name;
        let text = format!("{name} neither sent frame {frame} on nor said its end");
        self.observer.ledger.broken.get_or_insert(text);
    }

    fn count_deed(&mut self, device: DeviceId, event: EventKind, reason: Reason) {
        if let Some(node) = self.nodes.get_mut(device.0 as usize) {
            super::observe::count(&mut node.deeds, event, reason);
        }
    }

    /// Takes one copy of a frame from a port to the wire.
    pub(super) fn send(&mut self, device: DeviceId, port: PortId, frame: FrameRef, parent: u64) {
        let node = &mut self.nodes[device.0 as usize];
        let Some(Port { link: Some(plugged), tap, .. }) = node.ports.get_mut(usize::from(port.0)) else {
            return self.drop_at(device, port, &frame, Reason::NoLink);
        };
        let len = frame.octets().len();
        let link = &mut plugged.direction;
        if !link.up {
            return self.drop_at(device, port, &frame, Reason::LinkDown);
        }
        if len > usize::from(link.options.mtu) + ETHERNET_HEADER_LEN
            && len > usize::from(link.options.mtu) + ETHERNET_HEADER_LEN + tags_len(frame.octets())
        {
            return self.drop_at(device, port, &frame, Reason::TooLong);
        }
        let (peer, peer_port, tap) = (plugged.peer, plugged.peer_port, *tap);
        match link.carry(self.now.nanos(), len) {
            Verdict::QueueFull => self.drop_at(device, port, &frame, Reason::QueueFull),
            Verdict::Lost { leaves_at } => {
                self.note_sent(device, port, &frame, parent, (leaves_at, tap));
                self.drop_at(device, port, &frame, Reason::Lost);
            }
            Verdict::Arrives { leaves_at, at, again_at, flipped_bit } => {
                self.note_sent(device, port, &frame, parent, (leaves_at, tap));
                let frame = match flipped_bit {
                    None => frame,
                    Some(bit) => {
                        let mut octets = frame.octets().to_vec();
                        octets[bit as usize / 8] ^= 1 << (bit % 8);
                        frame.damaged(&octets)
                    }
                };
                if let Some(again) = again_at {
                    let booked = u32::from(!made(Mutation::CopyOffTheBooks));
                    self.observer.ledger.copied(frame.id(), booked);
                    let happening = Happening::Frame { port: peer_port, frame: frame.clone() };
                    self.queue.push(Event { at: again, device: peer, happening });
                }
                self.queue.push(Event { at, device: peer, happening: Happening::Frame { port: peer_port, frame } });
            }
        }
    }

    fn note_sent(
        &mut self,
        device: DeviceId,
        port: PortId,
        frame: &FrameRef,
        parent: u64,
        (leaves_at, tap): (u64, Option<usize>),
    ) {
        if let Some(tap) = tap {
            self.taps[tap].2.see(Timestamp::from_nanos(leaves_at), packet::Direction::Outbound, frame);
        }
        if self.observer.sees_every_step() {
            let more = More::of_sending(leaves_at - self.now.nanos(), parent);
            self.observer.record(Record {
                at: self.now,
                frame: frame.id(),
                more,
                number: 0,
                device,
                port: Some(port),
                event: EventKind::Sent,
                reason: Reason::None,
            });
        }
    }

    fn drop_at(&mut self, device: DeviceId, port: PortId, frame: &FrameRef, reason: Reason) {
        self.observer.ledger.ended(EventKind::Dropped, frame.id());
        self.count_deed(device, EventKind::Dropped, reason);
        if self.observer.is_recording() {
            self.observer.record(Record {
                at: self.now,
                frame: frame.id(),
                more: More::None,
                number: 0,
                device,
                port: Some(port),
                event: EventKind::Dropped,
                reason,
            });
        }
    }
}

/// Octets of the VLAN tags of a frame.
fn tags_len(octets: &[u8]) -> usize {
    let mut len = 0;
    while matches!(octets.get(12 + len..14 + len), Some([0x81, 0x00] | [0x88, 0xa8])) {
        len += TAG_LEN;
    }
    len
}
