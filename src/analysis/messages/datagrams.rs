//! UDP beside TCP: one datagram is one message. It is never joined with another or split for the reader; but a short
//! `recvfrom` loses the rest, and a fragmented datagram is lost with any of its fragments.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::Serialize;

use super::Statement;
use crate::analysis::Judged;
use crate::base::Timestamp;
use crate::base::limits::{MAX_DATAGRAMS, MAX_UDP_TALKS};

/// A datagram as a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Datagram {
    /// The packet; the first fragment if it came in several.
    pub packet: u64,
    /// When it passed.
    #[serde(skip)]
    pub at: Timestamp,
    /// True if the one that spoke first sent it.
    pub from_first: bool,
    /// Octets of the message: the UDP length less 8. Zero is a real message.
    pub len: usize,
    /// True if it travelled as several IP fragments.
    pub was_fragmented: bool,
}

/// Datagrams between two end points.
#[derive(Clone, Debug, Serialize)]
pub struct UdpTalk {
    /// Who spoke first.
    pub first: SocketAddr,
    /// The other.
    pub second: SocketAddr,
    /// The datagrams in order; the first [`MAX_DATAGRAMS`] of them.
    pub datagrams: Vec<Datagram>,
    /// How many there were.
    pub count: u64,
}

/// Collects datagrams.
#[derive(Debug, Default)]
pub struct UdpTalks {
    index: BTreeMap<(SocketAddr, SocketAddr), usize>,
    talks: Vec<UdpTalk>,
}

impl UdpTalks {
    /// Takes in a packet.
    pub fn observe(&mut self, judged: &Judged<'_, '_>) {
        let frame = &judged.packet.frame;
        let (Some(udp), Some(ip)) = (frame.udp(), frame.ip()) else { return };
        let source = SocketAddr::new(ip.source(), udp.source_port());
        let destination = SocketAddr::new(ip.destination(), udp.destination_port());
        let key = (source.min(destination), source.max(destination));
        let next = self.talks.len();
        let index = match self.index.get(&key) {
            Some(index) => *index,
            None if next < MAX_UDP_TALKS => {
                self.index.insert(key, next);
                self.talks.push(UdpTalk { first: source, second: destination, datagrams: Vec::new(), count: 0 });
                next
            }
            None => return,
        };
        let talk = &mut self.talks[index];
        talk.count += 1;
        if talk.datagrams.len() < MAX_DATAGRAMS {
            talk.datagrams.push(Datagram {
                packet: judged.packet.meta.number,
                at: judged.packet.meta.at,
                from_first: source == talk.first,
                len: usize::from(udp.length()).saturating_sub(8),
                was_fragmented: frame.fragment().is_some(),
            });
        }
    }

    /// The talks in order of their first datagram.
    pub fn talks(&self) -> &[UdpTalk] {
        &self.talks
    }
}

impl UdpTalk {
    /// What can be said of these messages; `sizes` are those of `recvfrom` calls, used in turn for the datagrams of the
    /// first speaker.
    pub fn statements(&self, sizes: &[usize]) -> Vec<Statement> {
        let mut said = vec![Statement::wire(match self.count {
            1 => "1 datagram is 1 message: UDP keeps its borders, whatever the reader asks for".to_owned(),
            all => format!("{all} datagrams are {all} messages: UDP keeps their borders, whatever the reader asks for"),
        })];
        let empty = self.datagrams.iter().filter(|datagram| datagram.len == 0).count();
        if empty > 0 {
            said.push(Statement::wire(format!(
                "{empty} of them are empty: a real message of 0 octets. TCP has no such thing: an empty send puts nothing on the wire"
            )));
        }
        if let Some(large) = self.datagrams.iter().filter(|datagram| datagram.was_fragmented).max_by_key(|d| d.len) {
            let pieces = (large.len + 8).div_ceil(1480);
            said.push(Statement::wire(format!(
                "packet {}: {} octets did not fit a packet and travelled as IP fragments ({pieces} with an MTU of 1500); the loss of any one \
                 loses the whole message",
                large.packet, large.len
            )));
        }
        said.push(Statement::implied(
            "UDP may lose, repeat or reorder messages; only a number inside the messages would show it",
        ));
        for (datagram, size) in self.datagrams.iter().filter(|datagram| datagram.from_first).zip(sizes.iter().cycle()) {
            if said.len() > 12 {
                break;
            }
            if sizes.is_empty() || datagram.len <= *size {
                continue;
            }
            said.push(Statement::possible(format!(
                "packet {}: recvfrom({size}) gets {size} of {} octets; the other {} are lost, not left for the next call",
                datagram.packet,
                datagram.len,
                datagram.len - size
            )));
        }
        said
    }
}
