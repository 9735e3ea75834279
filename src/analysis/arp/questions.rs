//! Questions and their answers (rule L1).

use std::net::Ipv4Addr;

use super::report::QuestionReport;
use super::{Message, RIVAL_NS};
use crate::analysis::bounded::Bounded;
use crate::analysis::catalogue::arp as entries;
use crate::analysis::note::{Fact, Note, Notes};
use crate::base::limits::{MAX_ARP_QUESTIONS, MAX_QUESTION_REPORTS};
use crate::base::{MacAddr, Timestamp};

/// How long a question waits: Linux asks three times, a second apart, and gives up.
const PATIENCE_NS: u64 = 3_000_000_000;

/// Somebody asks for an address.
type Key = (u16, MacAddr, Ipv4Addr);

#[derive(Clone, Copy, Debug)]
struct Question {
    asker_ip: Ipv4Addr,
    first_packet: u64,
    first_at: Timestamp,
    last_at: Timestamp,
    times: u32,
    /// Who answered, and when.
    answer: Option<(MacAddr, Timestamp)>,
}

/// How an answer fits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// Another machine that answered the same question a moment ago.
    pub(super) rival: Option<MacAddr>,
}

/// Questions that wait, and pairs of asker and address for the report.
#[derive(Debug)]
pub(super) struct Questions {
    open: Bounded<Key, Question>,
    pairs: Bounded<Key, QuestionReport>,
}

impl Default for Questions {
    fn default() -> Questions {
        Questions { open: Bounded::new(MAX_ARP_QUESTIONS), pairs: Bounded::new(MAX_QUESTION_REPORTS) }
    }
}

impl Questions {
    pub(super) fn ask(&mut self, message: &Message, notes: &mut Notes) {
        let key = (message.vlan, message.sender, message.target_ip);
        self.pair(key, message).asked += 1;
        if let Some(question) = self.open.get_mut(&key)
            && question.answer.is_none()
        {
            question.times += 1;
            question.last_at = message.at;
            let note = message
                .note(&entries::ASKED_AGAIN)
                .with("address", Fact::Ip(message.target_ip.into()))
                .with("times", Fact::Count(u64::from(question.times)))
                .with("since", Fact::Packet(question.first_packet));
            notes.say(note);
            return;
        }
        let question = Question {
            asker_ip: message.sender_ip,
            first_packet: message.packet,
            first_at: message.at,
            last_at: message.at,
            times: 1,
            answer: None,
        };
        // Removed first, so that it takes its place at the end of the queue.
        self.open.remove(&key);
        self.open.insert(key, question);
    }

    /// The question that this reply answers: who has its sender address, asked by its target.
    pub(super) fn answer(&mut self, message: &Message, notes: &mut Notes) -> Option<Answer> {
        let key = (message.vlan, message.target, message.sender_ip);
        let question = self.open.get_mut(&key)?;
        if let Some((first, at)) = question.answer {
            // A second answer: from the same machine it is a copy, from another one a rival.
            let is_rival = first != message.sender && message.at.nanos_since(at) <= RIVAL_NS;
            return Some(Answer { rival: is_rival.then_some(first) });
        }
        let latency = message.at.nanos_since(question.last_at);
        question.answer = Some((message.sender, message.at));
        let mut note = message
            .note(&entries::ANSWER)
            .with("question", Fact::Packet(question.first_packet))
            .with("latency", Fact::Nanos(latency))
            .with("address", Fact::Ip(message.sender_ip.into()))
            .with("mac", Fact::Mac(message.sender));
        if question.times > 1 {
            note = note.with("times", Fact::Count(u64::from(question.times)));
        }
        notes.say(note);
        if let Some(pair) = self.pairs.get_mut(&key) {
            pair.answered += 1;
            pair.answered_by = Some(message.sender);
            pair.least_latency_ns = Some(pair.least_latency_ns.map_or(latency, |least| least.min(latency)));
            pair.most_latency_ns = Some(pair.most_latency_ns.map_or(latency, |most| most.max(latency)));
        }
        Some(Answer { rival: None })
    }

    /// Gives up on questions that waited too long.
    pub(super) fn expire(&mut self, now: Timestamp, notes: &mut Notes) {
        while let Some((_, question)) = self.open.oldest() {
            if now.nanos_since(question.first_at) <= PATIENCE_NS {
                break;
            }
            self.give_up(notes);
        }
    }

    pub(super) fn finish(&mut self, notes: &mut Notes) {
        while !self.open.is_empty() {
            self.give_up(notes);
        }
    }

    pub(super) fn report(&self) -> Vec<QuestionReport> {
        let mut pairs: Vec<QuestionReport> = self.pairs.iter().map(|(_, pair)| *pair).collect();
        pairs.sort_by_key(|pair| pair.first_packet);
        pairs
    }

    fn give_up(&mut self, notes: &mut Notes) {
        let Some(((_, _, address), question)) = self.open.take_oldest() else { return };
        // Nobody should answer a probe.
        if question.answer.is_some() || question.asker_ip.is_unspecified() {
            return;
        }
        notes.say(
            Note::new(&entries::UNANSWERED, question.first_packet, question.first_at)
                .with("address", Fact::Ip(address.into()))
                .with("asker", Fact::Ip(question.asker_ip.into()))
                .with("times", Fact::Count(u64::from(question.times))),
        );
    }

    fn pair(&mut self, key: Key, message: &Message) -> &mut QuestionReport {
        self.pairs.entry(key, || QuestionReport {
            asker: message.sender_ip,
            asker_mac: message.sender,
            target: message.target_ip,
            vlan: message.vlan,
            asked: 0,
            answered: 0,
            answered_by: None,
            first_packet: message.packet,
            least_latency_ns: None,
            most_latency_ns: None,
        })
    }
}
