//! The first thread: reads, fills parcels, and judges packets by themselves.
//!
//! Only rarely is a packet's connection needed for that (is this a copy, or sent again?). Then the state of all
//! connections is lent from the second thread, once that has judged everything before; and as long as the need comes again
//! in every parcel, this thread judges connections too.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use smallvec::SmallVec;

use super::parcel::{Parcel, Thing, put_in};
use crate::analysis::{ByConnection, ByPacket, FORESEEN_PACKETS, Notes, Wanted};
use crate::packet::{Item, Packet, PacketSource, RawPacket, SourceError};
use crate::pipeline::{Gate, MovableGate};

/// What the second thread is asked to do.
pub(super) enum Order<'a> {
    /// To judge these packets by their connections, and send them on.
    Judge(Parcel),
    /// To send these on, of which all is said.
    SendOn(Parcel),
    /// To lend the state of all connections.
    Lend(SyncSender<&'a mut ByConnection>),
    /// To take it back.
    TakeBack(&'a mut ByConnection),
}

impl Order<'_> {
    /// The parcel, if it is about one.
    pub fn into_parcel(self) -> Option<Parcel> {
        match self {
            Order::Judge(parcel) | Order::SendOn(parcel) => Some(parcel),
            Order::Lend(_) | Order::TakeBack(_) => None,
        }
    }
}

/// The first thread's state.
pub(super) struct Reading<'p, 'a> {
    pub parcel: Parcel,
    /// `None` if nothing is to be said of any packet.
    pub by_packet: Option<&'p mut ByPacket>,
    pub by_connection: Option<&'a mut ByConnection>,
    pub wanted: Wanted,
    pub orders: SyncSender<Order<'a>>,
    pub empty: Receiver<Parcel>,
}

impl<'a> Reading<'_, 'a> {
    /// Packs what `source` yields, to its end or until nobody takes parcels any more.
    pub fn run(
        mut self,
        source: &mut (dyn PacketSource + Send),
        mut gate: Option<MovableGate<'_>>,
    ) -> Option<SourceError> {
        let mut notes = Notes::for_reader(self.wanted);
        let broken = loop {
            let things = &mut self.parcel.things;
            // Each is put in where it comes: gathered first, it would be copied while its parts are still being written.
            match source.next_item() {
                Ok(Some(Item::Packet(raw))) => {
                    match gate.as_mut().map_or(Gate::Take, |gate| gate(&raw)) {
                        Gate::Take => {}
                        Gate::Leave => continue,
                        Gate::Stop => break None,
                    }
                    things.push(Thing::of(raw.meta, raw.bytes.len()));
                    self.parcel.octets.extend_from_slice(raw.bytes);
                }
                Ok(Some(Item::Remark(remark))) => things.push(Thing::Remark(remark)),
                Ok(Some(Item::Idle)) => things.push(Thing::Idle),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
            if self.parcel.is_full() && self.judge_and_send(&mut notes).is_none() {
                return None;
            }
        };
        self.parcel.things.push(Thing::End);
        // Whoever takes nothing any more needs no end either.
        let _ = self.judge_and_send(&mut notes);
        broken
    }

    /// Judges what is in the parcel, sends it on and begins another; `None` if nobody takes it.
    fn judge_and_send(&mut self, notes: &mut Notes) -> Option<()> {
        let had_connections = self.by_connection.is_some();
        let has_asked = self.judge(notes)?;
        let next = self.empty.try_recv().unwrap_or_default();
        let parcel = std::mem::replace(&mut self.parcel, next);
        let is_judged = self.by_connection.is_some();
        self.orders.send(if is_judged { Order::SendOn(parcel) } else { Order::Judge(parcel) }).ok()?;
        if had_connections
            && !has_asked
            && let Some(by_connection) = self.by_connection.take()
        {
            self.orders.send(Order::TakeBack(by_connection)).ok()?;
        }
        Some(())
    }

    /// Judges what is in the parcel: packets by themselves and, if their state is here, by their connections. Tells if
    /// anything was asked of connections; what came before the first question may have been sent on. `None` if nobody
    /// takes anything any more.
    fn judge(&mut self, notes: &mut Notes) -> Option<bool> {
        let Reading { parcel, by_packet, by_connection, orders, .. } = self;
        let Some(by_packet) = by_packet else { return Some(false) };
        let Parcel { things, octets, contexts, fresh, settled } = parcel;
        let (mut has_asked, mut sent) = (false, None);
        let mut rest = octets.as_slice();
        for from in (0..things.len()).step_by(FORESEEN_PACKETS) {
            let next = &things[from..things.len().min(from + FORESEEN_PACKETS)];
            let past = from + next.len();
            let mut start = octets.len() - rest.len();
            let mut ahead = rest;
            by_packet.foresee(next.iter().filter_map(|thing| thing.octets(&mut ahead)));
            if let Some(by_connection) = by_connection {
                let mut ahead = rest;
                let packets: SmallVec<[Packet<'_>; FORESEEN_PACKETS]> =
                    next.iter().filter_map(|thing| thing.packet(&mut ahead)).collect();
                by_connection.foresee(&packets);
            }
            for index in from..past {
                notes.clear();
                let (before, now) = things.split_at_mut(index);
                match &mut now[0] {
                    Thing::Packet { meta, len, said, passed } => {
                        let (bytes, after) = rest.split_at_checked(*len)?;
                        rest = after;
                        // It comes into being where it stays: what is looked at next needs no more than its octets.
                        let packet = &Packet::decode(RawPacket { meta: *meta, bytes });
                        let ask = || {
                            has_asked = true;
                            if by_connection.is_none() {
                                let things = before.iter_mut().map(std::mem::take).collect();
                                let (fresh, settled) = (std::mem::take(fresh), std::mem::take(settled));
                                let octets = octets[..start].to_vec();
                                let done = Parcel { things, octets, contexts: Vec::new(), fresh, settled };
                                *by_connection = borrow(orders, done);
                                sent = Some((index, start));
                            }
                            by_connection.as_ref().and_then(|connections| connections.least_round_trip(packet))
                        };
                        *passed = by_packet.observe(packet, notes, ask);
                        start += *len;
                        if sent.is_some() && by_connection.is_none() {
                            return None;
                        }
                        if let Some(by_connection) = by_connection {
                            by_connection.observe(packet, passed, notes);
                            by_packet.give_back(std::mem::take(passed));
                            if notes.wanted == Wanted::All {
                                contexts.push(notes.context);
                            }
                        }
                        *said = put_in(fresh, settled, notes);
                    }
                    Thing::Remark(remark) => by_packet.remark(remark),
                    Thing::Idle => {}
                    Thing::End => {
                        by_packet.finish(notes);
                        if let Some(by_connection) = by_connection {
                            by_connection.finish(notes);
                        }
                        put_in(fresh, settled, notes);
                    }
                }
            }
        }
        if let Some((index, start)) = sent {
            things.drain(..index);
            octets.drain(..start);
        }
        Some(has_asked)
    }
}

/// Has the second thread judge what was read before, and borrows the state of the connections as it is then.
fn borrow<'a>(orders: &SyncSender<Order<'a>>, before: Parcel) -> Option<&'a mut ByConnection> {
    let (lend, lent) = sync_channel(1);
    orders.send(Order::Judge(before)).ok()?;
    orders.send(Order::Lend(lend)).ok()?;
    lent.recv().ok()
}
