//! Which answer belongs to which question (rule U5).

use std::collections::VecDeque;

use super::is_in_time;
use crate::analysis::catalogue::udp as entries;
use crate::analysis::note::{Confidence, Fact, Note, Notes};
use crate::base::Timestamp;
use crate::base::limits::MAX_UDP_QUESTIONS;
use crate::packet::Packet;
use crate::wire::Udp as UdpView;

/// A side that sends so many datagrams in a row without an answer is not asking questions but sending a stream.
const STREAM: u8 = 4;

/// What tells questions and answers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    /// DNS and its like: the first two octets number the question, a bit says which is which (RFC 1035 §4.1.1).
    Dns,
    /// NTP: the answer repeats the question's transmit time as its origin (RFC 5905 §7.3).
    Ntp,
    /// Nothing but order.
    Order,
}

#[derive(Clone, Copy, Debug)]
struct Question {
    number: u64,
    packet: u64,
    at: Timestamp,
    answers: u32,
    from_a: bool,
}

/// The questions of one conversation.
#[derive(Debug)]
pub(super) struct Pairing {
    waiting: VecDeque<Question>,
    questions: u64,
    answered: u64,
    more_answers: u64,
    repeated: u64,
    latency_sum_ns: u64,
    least_latency_ns: u64,
    most_latency_ns: u64,
    method: Method,
    in_a_row: u8,
    last_from_a: bool,
    is_stream: bool,
    /// True once the application's own numbers were seen.
    is_numbered: bool,
}

/// What came of the questions of one conversation; see the fields of the same names of the report.
pub(super) struct Pairs {
    pub paired_by: &'static str,
    pub questions: u64,
    pub answered: u64,
    pub more_answers: u64,
    pub repeated: u64,
    pub least_latency_ns: Option<u64>,
    pub mean_latency_ns: Option<u64>,
    pub most_latency_ns: Option<u64>,
}

impl Pairing {
    pub(super) fn of(source_port: u16, destination_port: u16) -> Pairing {
        let either = |ports: &[u16]| ports.contains(&source_port) || ports.contains(&destination_port);
        let method = if either(&[53, 5353, 5355]) {
            Method::Dns
        } else if either(&[123]) {
            Method::Ntp
        } else {
            Method::Order
        };
        Pairing {
            waiting: VecDeque::new(),
            questions: 0,
            answered: 0,
            more_answers: 0,
            repeated: 0,
            latency_sum_ns: 0,
            least_latency_ns: u64::MAX,
            most_latency_ns: 0,
            method,
            in_a_row: 0,
            last_from_a: false,
            is_stream: false,
            is_numbered: false,
        }
    }

    pub(super) fn observe(
        &mut self,
        packet: &Packet<'_>,
        udp: &UdpView<'_>,
        from_a: bool,
        to_group: bool,
        notes: &mut Notes,
    ) {
        let payload = udp.payload();
        match self.method {
            Method::Dns if payload.len() >= 12 => {
                let number = u64::from(u16::from_be_bytes([payload[0], payload[1]]));
                self.is_numbered = true;
                if payload[2] & 0x80 == 0 {
                    self.ask(packet, number, from_a, to_group, notes);
                } else {
                    self.answer(packet, Some(number), from_a, notes);
                }
            }
            Method::Ntp if payload.len() >= 48 => {
                let time = |at: usize| payload[at..at + 8].iter().fold(0, |all, octet| (all << 8) | u64::from(*octet));
                self.is_numbered = true;
                // Mode 3 is a client's question, mode 4 a server's answer.
                match payload[0] & 7 {
                    3 => self.ask(packet, time(40), from_a, to_group, notes),
                    4 => self.answer(packet, Some(time(24)), from_a, notes),
                    _ => {}
                }
            }
            Method::Order if !self.is_stream => self.by_order(packet, from_a, to_group, notes),
            _ => {}
        }
    }

    /// Something of this, so that all of it is at hand.
    #[inline]
    pub(super) fn touch(&self) -> u64 {
        u64::from(self.in_a_row)
    }

    /// What came of the questions so far.
    pub(super) fn pairs(&self) -> Pairs {
        let paired_by = match self.method {
            Method::Order if self.is_stream => "none",
            Method::Dns if self.is_numbered => "dns-id",
            Method::Ntp if self.is_numbered => "ntp-time",
            _ => "order",
        };
        let is_answered = self.answered > 0;
        Pairs {
            paired_by,
            questions: self.questions,
            answered: self.answered,
            more_answers: self.more_answers,
            repeated: self.repeated,
            least_latency_ns: is_answered.then_some(self.least_latency_ns),
            mean_latency_ns: self.latency_sum_ns.checked_div(self.answered),
            most_latency_ns: is_answered.then_some(self.most_latency_ns),
        }
    }

    fn by_order(&mut self, packet: &Packet<'_>, from_a: bool, to_group: bool, notes: &mut Notes) {
        let in_a_row = if from_a == self.last_from_a { self.in_a_row + 1 } else { 1 };
        (self.in_a_row, self.last_from_a) = (in_a_row, from_a);
        if in_a_row >= STREAM {
            self.is_stream = true;
            self.waiting = VecDeque::new();
            return;
        }
        let waits =
            self.waiting.iter().any(|question| question.from_a != from_a && is_in_time(question.at, packet.meta.at));
        if waits {
            self.answer(packet, None, from_a, notes);
        } else {
            self.ask(packet, 0, from_a, to_group, notes);
        }
    }

    fn ask(&mut self, packet: &Packet<'_>, number: u64, from_a: bool, to_group: bool, notes: &mut Notes) {
        if to_group {
            // Whoever answers sends from an address of its own: another conversation.
            return;
        }
        let at = packet.meta.at;
        if self.method != Method::Order
            && let Some(earlier) =
                self.waiting.iter_mut().find(|earlier| earlier.number == number && earlier.from_a == from_a)
            && earlier.answers == 0
            && is_in_time(earlier.at, at)
        {
            self.repeated += 1;
            notes.say(
                Note::new(&entries::ASKED_AGAIN, packet.meta.number, at)
                    .with("since", Fact::Packet(earlier.packet))
                    .with("wait", Fact::Nanos(at.nanos_since(earlier.at))),
            );
            (earlier.packet, earlier.at) = (packet.meta.number, at);
            return;
        }
        self.questions += 1;
        if self.waiting.len() >= MAX_UDP_QUESTIONS {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Question { number, packet: packet.meta.number, at, from_a, answers: 0 });
    }

    fn answer(&mut self, packet: &Packet<'_>, number: Option<u64>, from_a: bool, notes: &mut Notes) {
        let at = packet.meta.at;
        let fits = |question: &&mut Question| {
            question.from_a != from_a
                && number.is_none_or(|number| question.number == number)
                && is_in_time(question.at, at)
        };
        // The earliest that nobody answered yet, else the latest that somebody did.
        let open = self.waiting.iter_mut().filter(fits).find(|question| question.answers == 0);
        let question = match open {
            Some(question) => question,
            None => match self.waiting.iter_mut().rev().find(fits) {
                Some(question) => question,
                None => return,
            },
        };
        question.answers += 1;
        let latency = at.nanos_since(question.at);
        let entry = if question.answers == 1 {
            self.answered += 1;
            self.latency_sum_ns += latency;
            self.least_latency_ns = self.least_latency_ns.min(latency);
            self.most_latency_ns = self.most_latency_ns.max(latency);
            &entries::ANSWER
        } else {
            self.more_answers += 1;
            &entries::ANOTHER_ANSWER
        };
        if !notes.wanted.includes(entry) {
            return;
        }
        let confidence = if number.is_some() { Confidence::Certain } else { Confidence::Probable };
        notes.say(
            Note::new(entry, packet.meta.number, at)
                .with("question", Fact::Packet(question.packet))
                .with("latency", Fact::Nanos(latency))
                .sure(confidence),
        );
    }
}
