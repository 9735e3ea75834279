//! The second thread: judges packets by their connections.

use std::sync::mpsc::{Receiver, SyncSender};

use smallvec::SmallVec;

use super::parcel::{Parcel, Said, Thing};
use super::reading::Order;
use crate::analysis::{ByConnection, FORESEEN_PACKETS, Note, Notes, Settlement, Wanted};
use crate::packet::Packet;

/// Puts in what there is to say of each packet. What is worth no word of findings goes back at once.
pub(super) fn run<'a>(
    by_connection: &'a mut ByConnection,
    wanted: Wanted,
    orders: &Receiver<Order<'a>>,
    judged: &SyncSender<Parcel>,
    emptied: &SyncSender<Parcel>,
) {
    let mut here = Some(by_connection);
    let mut judging = Judging { notes: Notes::for_reader(wanted), fresh: Vec::new(), settled: Vec::new() };
    for order in orders {
        let mut parcel = match order {
            Order::Judge(mut parcel) => {
                let Some(by_connection) = here.as_deref_mut() else { return };
                judging.judge(by_connection, &mut parcel);
                parcel
            }
            Order::SendOn(parcel) => parcel,
            Order::Lend(lend) => {
                let Some(by_connection) = here.take() else { return };
                if lend.send(by_connection).is_err() {
                    return;
                }
                continue;
            }
            Order::TakeBack(by_connection) => {
                here = Some(by_connection);
                continue;
            }
        };
        if wanted == Wanted::Findings {
            parcel
                .things
                .retain(|thing| !matches!(thing, Thing::Packet { said: Said { fresh: 0, settled: 0, .. }, .. }));
        }
        if parcel.things.is_empty() {
            // There is nothing to hand over, and nobody need be woken for it.
            parcel.octets.clear();
            let _ = emptied.try_send(parcel);
        } else if judged.send(parcel).is_err() {
            return;
        }
    }
}

/// Memory that serves one parcel after the other.
struct Judging {
    notes: Notes,
    /// What the first thread said of the packets of this parcel.
    fresh: Vec<Note>,
    settled: Vec<Settlement>,
}

impl Judging {
    /// Adds what there is to say of each packet to what the first thread said of it.
    fn judge(&mut self, by_connection: &mut ByConnection, parcel: &mut Parcel) {
        let Judging { notes, fresh, settled } = self;
        std::mem::swap(fresh, &mut parcel.fresh);
        std::mem::swap(settled, &mut parcel.settled);
        let (mut fresh, mut settled) = (fresh.drain(..), settled.drain(..));
        let mut octets = parcel.octets.as_slice();
        for things in parcel.things.chunks_mut(FORESEEN_PACKETS) {
            let packets: SmallVec<[Packet<'_>; FORESEEN_PACKETS]> =
                things.iter().filter_map(|thing| thing.packet(&mut octets)).collect();
            by_connection.foresee(&packets);
            let mut packets = packets.iter();
            for thing in things {
                match thing {
                    Thing::Packet { said, passed, .. } => {
                        let Some(packet) = packets.next() else { break };
                        notes.clear();
                        by_connection.observe(packet, passed, notes);
                        parcel.fresh.extend(fresh.by_ref().take(said.fresh as usize));
                        parcel.settled.extend(settled.by_ref().take(said.settled as usize));
                        if notes.wanted == Wanted::All {
                            parcel.contexts.push(notes.context);
                        }
                        said.fresh += notes.fresh.len() as u32;
                        said.settled += notes.settled.len() as u32;
                    }
                    Thing::Remark(_) | Thing::Idle => continue,
                    Thing::End => {
                        notes.clear();
                        by_connection.finish(notes);
                        parcel.fresh.extend(fresh.by_ref());
                        parcel.settled.extend(settled.by_ref());
                    }
                }
                parcel.fresh.append(&mut notes.fresh);
                parcel.settled.append(&mut notes.settled);
            }
        }
    }
}
