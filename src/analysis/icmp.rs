//! ICMP: pings with their round trips and losses, and what errors say of which packet.

use std::net::IpAddr;

use serde::Serialize;

use super::bounded::Bounded;
use super::catalogue::icmp as entries;
use super::duplicates::Recent;
use super::fragments::Fragments;
use super::note::{Fact, Note, Notes};
use super::udp::Udp;
use crate::base::Timestamp;
use crate::base::limits::{MAX_ECHO_WAITING, MAX_ICMP_ROWS};
use crate::packet::Packet;
use crate::wire::{Frame, IpView, Layer, LayerKind, ip_protocol_name};

/// A reply later than this belongs to nothing: ping itself waits 10 s at the end.
const PATIENCE_NS: u64 = 10_000_000_000;

/// What ICMP told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IcmpReport {
    /// Series of echo requests, in order of their first.
    pub pings: Vec<PingReport>,
    /// Errors by what they say of which flow, in order of their first.
    pub errors: Vec<ErrorReport>,
    /// Other messages.
    pub others: u64,
    /// Series and errors that made room for later ones.
    pub not_listed: u64,
}

/// A series of echo requests with one identifier.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PingReport {
    /// Who asks.
    pub source: IpAddr,
    /// Who is asked.
    pub destination: IpAddr,
    /// Identifier of the series.
    pub identifier: u16,
    /// Requests.
    pub sent: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that nobody answered within 10 s or until the end of the capture.
    pub lost: u64,
    /// Replies beyond the first to a request.
    pub duplicates: u64,
    /// Lost of those sent; 1 is all.
    pub loss: f64,
    /// The shortest round trip, at the place of the capture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_rtt_ns: Option<u64>,
    /// The mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_rtt_ns: Option<u64>,
    /// The longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_rtt_ns: Option<u64>,
    /// The first request.
    pub first_packet: u64,
    #[serde(skip)]
    rtt_sum_ns: u64,
}

/// Errors that say the same of the same flow.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorReport {
    /// Who says it.
    pub from: IpAddr,
    /// Type.
    #[serde(rename = "type")]
    pub icmp_type: u8,
    /// Code.
    pub code: u8,
    /// In words.
    pub meaning: &'static str,
    /// The flow that the error quotes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quoted: Option<QuotedFlow>,
    /// How often.
    pub packets: u64,
    /// The first of them.
    pub first_packet: u64,
    /// The packet that the first of them quotes, if it was captured shortly before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about_packet: Option<u64>,
}

/// The flow of a packet that an error quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct QuotedFlow {
    /// Protocol (IANA).
    pub protocol: u8,
    /// Source address.
    pub source: IpAddr,
    /// Source port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    /// Destination address.
    pub destination: IpAddr,
    /// Destination port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<u16>,
}

impl QuotedFlow {
    /// The flow of a quoted packet.
    pub fn of(quoted: &Frame<'_>) -> Option<QuotedFlow> {
        let ip = quoted.ip()?;
        let protocol = match (ip, quoted.transport()) {
            (_, Some(Layer::Tcp(_))) => 6,
            (_, Some(Layer::Udp(_))) => 17,
            (_, Some(Layer::CutTransport(cut))) => cut.protocol,
            (IpView::V4(ip), _) => ip.protocol(),
            (IpView::V6(_), Some(Layer::Icmpv6(_))) => 58,
            (IpView::V6(ip), _) => ip.next_header(),
        };
        let ports = quoted.ports();
        Some(QuotedFlow {
            protocol,
            source: ip.source(),
            source_port: ports.map(|ports| ports.0),
            destination: ip.destination(),
            destination_port: ports.map(|ports| ports.1),
        })
    }

    /// `udp 192.0.2.1:4000 → 198.51.100.2:53`.
    pub fn text(&self) -> String {
        let end = |address: IpAddr, port: Option<u16>| match (address, port) {
            (address, None) => address.to_string(),
            (IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
            (IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
        };
        format!(
            "{} {} → {}",
            ip_protocol_name(self.protocol),
            end(self.source, self.source_port),
            end(self.destination, self.destination_port)
        )
    }
}

/// Asker, asked, identifier.
type Series = (IpAddr, IpAddr, u16);

#[derive(Clone, Copy, Debug)]
struct Waiting {
    packet: u64,
    at: Timestamp,
    answered: bool,
}

/// Watches ICMP.
#[derive(Debug)]
pub struct Icmp {
    pings: Bounded<Series, PingReport>,
    waiting: Bounded<(Series, u16), Waiting>,
    errors: Bounded<(IpAddr, u8, u8, Option<QuotedFlow>), ErrorReport>,
    others: u64,
}

impl Default for Icmp {
    fn default() -> Icmp {
        Icmp {
            pings: Bounded::new(MAX_ICMP_ROWS),
            waiting: Bounded::new(MAX_ECHO_WAITING * 16),
            errors: Bounded::new(MAX_ICMP_ROWS),
            others: 0,
        }
    }
}

/// What an ICMP message has in both versions.
struct Message<'a> {
    is_v6: bool,
    icmp_type: u8,
    code: u8,
    echo: Option<(u16, u16)>,
    is_request: bool,
    quoted: Option<Frame<'a>>,
    is_error: bool,
}

impl Icmp {
    /// Takes in a packet: ICMP itself, or any other for the time that it tells. Errors are told to those whose packets
    /// they quote.
    #[inline]
    pub fn observe(
        &mut self,
        packet: &Packet<'_>,
        recent: &Recent,
        fragments: &mut Fragments,
        udp: &mut Udp,
        notes: &mut Notes,
    ) {
        if !self.waiting.is_empty() {
            self.expire(packet.meta.at, notes);
        }
        if packet.frame.has(LayerKind::Icmpv4) || packet.frame.has(LayerKind::Icmpv6) {
            self.message(packet, recent, fragments, udp, notes);
        }
    }

    #[inline(never)]
    fn message(
        &mut self,
        packet: &Packet<'_>,
        recent: &Recent,
        fragments: &mut Fragments,
        udp: &mut Udp,
        notes: &mut Notes,
    ) {
        let (Some(message), Some(ip)) = (Message::of(packet), packet.frame.ip()) else { return };
        match message.echo {
            Some((identifier, sequence)) if message.is_request => {
                self.request((ip.source(), ip.destination(), identifier), sequence, packet);
            }
            Some((identifier, sequence)) => {
                self.reply((ip.destination(), ip.source(), identifier), sequence, packet, notes);
            }
            None if message.is_error => self.error(&message, ip, packet, recent, fragments, udp, notes),
            None => self.others += 1,
        }
    }

    /// The end of the capture: requests that still wait are lost.
    pub fn finish(&mut self, notes: &mut Notes) {
        while !self.waiting.is_empty() {
            self.lose(notes);
        }
    }

    /// What was told so far.
    pub fn report(&self) -> IcmpReport {
        let mut pings: Vec<PingReport> = self.pings.iter().map(|(_, ping)| ping.clone()).collect();
        for ping in &mut pings {
            ping.loss = ping.lost as f64 / ping.sent.max(1) as f64;
            ping.mean_rtt_ns = ping.rtt_sum_ns.checked_div(ping.answered);
        }
        pings.sort_by_key(|ping| ping.first_packet);
        let mut errors: Vec<ErrorReport> = self.errors.iter().map(|(_, error)| error.clone()).collect();
        errors.sort_by_key(|error| error.first_packet);
        let not_listed = self.pings.evicted() + self.errors.evicted();
        IcmpReport { pings, errors, others: self.others, not_listed }
    }

    fn request(&mut self, series: Series, sequence: u16, packet: &Packet<'_>) {
        let ping = self.pings.entry(series, || PingReport {
            source: series.0,
            destination: series.1,
            identifier: series.2,
            sent: 0,
            answered: 0,
            lost: 0,
            duplicates: 0,
            loss: 0.0,
            least_rtt_ns: None,
            mean_rtt_ns: None,
            most_rtt_ns: None,
            first_packet: packet.meta.number,
            rtt_sum_ns: 0,
        });
        ping.sent += 1;
        let waiting = Waiting { packet: packet.meta.number, at: packet.meta.at, answered: false };
        let key = (series, sequence);
        self.waiting.remove(&key);
        if let Some(((lost, _), evicted)) = self.waiting.insert(key, waiting)
            && !evicted.answered
            && let Some(ping) = self.pings.get_mut(&lost)
        {
            ping.lost += 1;
        }
    }

    fn reply(&mut self, series: Series, sequence: u16, packet: &Packet<'_>, notes: &mut Notes) {
        let say = |entry| {
            Note::new(entry, packet.meta.number, packet.meta.at).with("sequence", Fact::Count(u64::from(sequence)))
        };
        let Some(waiting) = self.waiting.get_mut(&(series, sequence)) else {
            notes.say(say(&entries::ECHO_UNASKED));
            return;
        };
        let Some(ping) = self.pings.get_mut(&series) else { return };
        if waiting.answered {
            ping.duplicates += 1;
            notes.say(say(&entries::ECHO_DUPLICATE).with("request", Fact::Packet(waiting.packet)));
            return;
        }
        waiting.answered = true;
        let rtt = packet.meta.at.nanos_since(waiting.at);
        ping.answered += 1;
        ping.rtt_sum_ns += rtt;
        ping.least_rtt_ns = Some(ping.least_rtt_ns.map_or(rtt, |least| least.min(rtt)));
        ping.most_rtt_ns = Some(ping.most_rtt_ns.map_or(rtt, |most| most.max(rtt)));
        notes.say(
            say(&entries::ECHO_ANSWER).with("request", Fact::Packet(waiting.packet)).with("rtt", Fact::Nanos(rtt)),
        );
    }

    #[inline(never)]
    fn expire(&mut self, now: Timestamp, notes: &mut Notes) {
        while let Some((_, oldest)) = self.waiting.oldest() {
            if now.nanos_since(oldest.at) <= PATIENCE_NS {
                break;
            }
            self.lose(notes);
        }
    }

    fn lose(&mut self, notes: &mut Notes) {
        let Some(((series, sequence), waiting)) = self.waiting.take_oldest() else { return };
        if waiting.answered {
            return;
        }
        if let Some(ping) = self.pings.get_mut(&series) {
            ping.lost += 1;
        }
        notes.say(
            Note::new(&entries::ECHO_LOST, waiting.packet, waiting.at)
                .with("sequence", Fact::Count(u64::from(sequence)))
                .with("destination", Fact::Ip(series.1)),
        );
    }

    #[allow(clippy::too_many_arguments)]
    fn error(
        &mut self,
        message: &Message<'_>,
        ip: IpView<'_>,
        packet: &Packet<'_>,
        recent: &Recent,
        fragments: &mut Fragments,
        udp: &mut Udp,
        notes: &mut Notes,
    ) {
        let number = packet.meta.number;
        let meaning = meaning(message.is_v6, message.icmp_type, message.code);
        let quoted = message.quoted.as_ref();
        let flow = quoted.and_then(QuotedFlow::of);
        let about = quoted.and_then(|quoted| recent.quoted(quoted));
        let row = self.errors.entry((ip.source(), message.icmp_type, message.code, flow), || ErrorReport {
            from: ip.source(),
            icmp_type: message.icmp_type,
            code: message.code,
            meaning,
            quoted: flow,
            packets: 0,
            first_packet: number,
            about_packet: about.map(|(about, _)| about),
        });
        row.packets += 1;
        let entry = if is_unreachable(message) { &entries::UNREACHABLE } else { &entries::ERROR };
        let mut note = Note::new(entry, number, packet.meta.at).with("meaning", Fact::Word(meaning));
        if let Some(flow) = &flow {
            note = note.with("flow", Fact::Text(flow.text().into()));
        }
        if let Some((about, at)) = about {
            note = note.with("about", Fact::Packet(about)).with("age", Fact::Nanos(packet.meta.at.nanos_since(at)));
        }
        // TCP says itself what an error means for a connection, and the path MTU what a size means.
        if flow.is_none_or(|flow| flow.protocol != 6) && !is_too_large(message) {
            notes.say(note);
        }
        let Some(quoted) = quoted else { return };
        if is_reassembly_time_exceeded(message)
            && let Some(datagram) = fragments.time_exceeded(quoted, number)
        {
            let note = Note::new(&super::catalogue::fragments::TIME_EXCEEDED, number, packet.meta.at);
            notes.say(note.with("datagram", Fact::Count(datagram)));
        }
        if is_port_unreachable(message) {
            udp.refused(quoted, number);
        }
    }
}

impl<'a> Message<'a> {
    fn of(packet: &Packet<'a>) -> Option<Message<'a>> {
        Some(match packet.frame.transport()? {
            Layer::Icmpv4(icmp) => Message {
                is_v6: false,
                icmp_type: icmp.icmp_type(),
                code: icmp.code(),
                echo: icmp.echo(),
                is_request: icmp.is_echo_request(),
                quoted: icmp.quoted(),
                is_error: icmp.is_error(),
            },
            Layer::Icmpv6(icmp) => Message {
                is_v6: true,
                icmp_type: icmp.icmp_type(),
                code: icmp.code(),
                echo: icmp.echo(),
                is_request: icmp.is_echo_request(),
                quoted: icmp.quoted(),
                is_error: icmp.is_error(),
            },
            _ => return None,
        })
    }
}

fn is_unreachable(message: &Message<'_>) -> bool {
    message.icmp_type == if message.is_v6 { 1 } else { 3 }
}

fn is_too_large(message: &Message<'_>) -> bool {
    if message.is_v6 { message.icmp_type == 2 } else { (message.icmp_type, message.code) == (3, 4) }
}

fn is_port_unreachable(message: &Message<'_>) -> bool {
    (message.icmp_type, message.code) == if message.is_v6 { (1, 4) } else { (3, 3) }
}

fn is_reassembly_time_exceeded(message: &Message<'_>) -> bool {
    (message.icmp_type, message.code) == if message.is_v6 { (3, 1) } else { (11, 1) }
}

/// What an error says (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1; RFC 4443 §3).
pub fn meaning(is_v6: bool, icmp_type: u8, code: u8) -> &'static str {
    if is_v6 {
        return match (icmp_type, code) {
            (1, 0) => "no route to the destination",
            (1, 1) => "administratively prohibited",
            (1, 2) => "beyond the scope of the source address",
            (1, 3) => "address unreachable",
            (1, 4) => "port unreachable",
            (1, 5) => "source address failed the policy",
            (1, 6) => "route to the destination rejects",
            (1, _) => "destination unreachable",
            (2, _) => "packet too big",
            (3, 0) => "hop limit used up on the way",
            (3, 1) => "reassembly time exceeded",
            (3, _) => "time exceeded",
            (4, 0) => "erroneous header field",
            (4, 1) => "unknown next header",
            (4, 2) => "unknown IPv6 option",
            (4, 3) => "first fragment lacks headers",
            (4, _) => "parameter problem",
            _ => "error of a kind not known",
        };
    }
    match (icmp_type, code) {
        (3, 0) => "network unreachable",
        (3, 1) => "host unreachable",
        (3, 2) => "protocol unreachable",
        (3, 3) => "port unreachable",
        (3, 4) => "fragmentation needed and DF set",
        (3, 5) => "source route failed",
        (3, 6) => "network unknown",
        (3, 7) => "host unknown",
        (3, 9) => "network administratively prohibited",
        (3, 10) => "host administratively prohibited",
        (3, 11) => "network unreachable for this type of service",
        (3, 12) => "host unreachable for this type of service",
        (3, 13) => "administratively prohibited",
        (3, _) => "destination unreachable",
        (4, _) => "source quench (obsolete, RFC 6633)",
        (5, 0) => "redirect for the network",
        (5, 1) => "redirect for the host",
        (5, _) => "redirect",
        (11, 0) => "TTL used up on the way",
        (11, 1) => "reassembly time exceeded",
        (11, _) => "time exceeded",
        (12, _) => "parameter problem",
        _ => "error of a kind not known",
    }
}

/// The packet that an ICMP error quotes, if it was seen a moment ago.
pub(super) fn quoted_packet(packet: &Packet<'_>, recent: &Recent) -> Option<u64> {
    let quoted = match packet.frame.transport()? {
        Layer::Icmpv4(icmp) => icmp.quoted(),
        Layer::Icmpv6(icmp) => icmp.quoted(),
        _ => None,
    };
    recent.quoted(&quoted?).map(|(number, _)| number)
}

#[cfg(test)]
mod tests;
