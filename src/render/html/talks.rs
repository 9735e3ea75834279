//! The messages of connections for the page: where they begin and end, who joined or split them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::Judged;
use crate::analysis::messages::Statement;
use crate::analysis::messages::report::{self, ConnectionMessages, Questions};
use crate::analysis::messages::servers::{Lives, SerialServer};
use crate::analysis::messages::stream::Conversation;
use crate::base::limits::{MAX_PAGE_LISTED, MAX_PAGE_STREAM_OCTETS, MAX_PAGE_STREAMS_OCTETS};
use crate::lang::Lang;

/// Streams as they pass.
#[derive(Debug, Default)]
pub(super) struct Talks {
    conversations: BTreeMap<u64, Conversation>,
    lives: Lives,
    octets: usize,
}

/// What a page holds of them.
#[derive(Debug, Default, Serialize)]
pub(super) struct TalkData {
    /// By connection.
    connections: BTreeMap<u64, Talk>,
    /// Servers that serve one client at a time.
    servers: Vec<SerialServer>,
}

#[derive(Debug, Serialize)]
struct Talk {
    #[serde(flatten)]
    messages: ConnectionMessages,
    /// How the streams end for their readers: `FIN`, `reset`, `open`.
    ends: [&'static str; 2],
    /// True if only the beginning of the streams was looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    beginning_only: bool,
}

impl Talks {
    /// Takes in a packet.
    pub(super) fn observe(&mut self, judged: &Judged<'_, '_>) {
        self.lives.observe(judged);
        let Some(id) = judged.context.connection else { return };
        if !self.conversations.contains_key(&id) {
            if self.octets > MAX_PAGE_STREAMS_OCTETS {
                return;
            }
            let Some(conversation) = Conversation::begin(id, judged) else { return };
            self.conversations.insert(id, conversation);
        }
        let Some(conversation) = self.conversations.get_mut(&id) else { return };
        let before = len(conversation);
        if before <= MAX_PAGE_STREAM_OCTETS {
            conversation.observe(judged);
            self.octets += len(conversation) - before;
        }
    }

    /// Looks for messages in all of them.
    pub(super) fn finish(&self, lang: Lang) -> TalkData {
        let stalls: BTreeMap<u64, _> = self.lives.stalls().into_iter().map(|stall| (stall.connection, stall)).collect();
        let connections =
            self.conversations.values().filter(|conversation| len(conversation) > 0).map(|conversation| {
                let stall = stalls.get(&conversation.id).copied();
                let mut messages = report::examine(conversation, &Questions::default(), stall);
                for direction in &mut messages.directions {
                    direction.segments.truncate(MAX_PAGE_LISTED);
                    if let Some(framing) = &mut direction.framing {
                        framing.messages.truncate(MAX_PAGE_LISTED);
                        for message in &mut framing.messages {
                            message.packets.truncate(MAX_PAGE_LISTED);
                        }
                    }
                }
                retell(&mut messages, lang);
                let mut ends = ["open"; 2];
                for (end, direction) in ends.iter_mut().zip(&messages.directions) {
                    *end = direction.flow_end;
                }
                let beginning_only = len(conversation) > MAX_PAGE_STREAM_OCTETS;
                (conversation.id, Talk { messages, ends, beginning_only })
            });
        TalkData { connections: connections.collect(), servers: self.lives.serial_servers() }
    }
}

/// Everything that is said of a connection, in the language of its readers.
fn retell(messages: &mut ConnectionMessages, lang: Lang) {
    if lang == Lang::English {
        return;
    }
    let retell = |statements: &mut Vec<Statement>| {
        for statement in statements {
            statement.text = lang.retell(&statement.text).into_owned();
        }
    };
    for direction in &mut messages.directions {
        retell(&mut direction.joined);
        if let Some(framing) = &mut direction.framing {
            retell(&mut framing.statements);
            for remark in framing.messages.iter_mut().flat_map(|message| &mut message.remarks) {
                *remark = lang.retell(remark).into_owned();
            }
        }
    }
    retell(&mut messages.lockstep);
    if let Some(authentication) = &mut messages.authentication {
        retell(&mut authentication.statements);
    }
}

fn len(conversation: &Conversation) -> usize {
    conversation.flows.iter().map(|flow| flow.octets.len()).sum()
}
