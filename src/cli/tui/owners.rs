//! Finds the processes that own conversations, in the time between two pictures.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::conversations::{Conversation, Key};
use super::screen::Screen;
use crate::base::text::harmless;
use crate::capture::live::SocketOwners;

/// How often the kernel is asked while there are conversations without an owner.
const EVERY: Duration = Duration::from_millis(500);
/// How often a conversation is looked for: those that only pass through this host have no owner here.
const LOOKS: u8 = 4;

/// When owners were last looked for.
#[derive(Debug, Default)]
pub(super) struct Owners {
    last: Option<Instant>,
}

impl Owners {
    /// Looks for the owners of conversations that have none yet. The screen is locked only to read and to write.
    pub(super) fn keep_up(&mut self, screen: &Mutex<Screen>) {
        if self.last.is_some_and(|last| last.elapsed() < EVERY) {
            return;
        }
        let is_wanted = |found: &&mut Conversation| found.owner.is_none() && found.looked < LOOKS;
        let mut locked = screen.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted: Vec<_> = locked
            .conversations_mut()
            .filter(is_wanted)
            .map(|found| {
                found.looked += 1;
                (found.key, found.transport(), found.initiator, found.responder)
            })
            .collect();
        drop(locked);
        if wanted.is_empty() {
            return;
        }
        self.last = Some(Instant::now());
        let sockets = SocketOwners::read();
        let found: Vec<(Key, String)> = wanted
            .into_iter()
            .filter_map(|(key, transport, a, b)| {
                let owner = sockets.owner(transport, a, b)?;
                Some((key, harmless(&owner).into_owned()))
            })
            .collect();
        let mut locked = screen.lock().unwrap_or_else(PoisonError::into_inner);
        for conversation in locked.conversations_mut() {
            if let Some((_, owner)) = found.iter().find(|(key, _)| *key == conversation.key) {
                conversation.owner = Some(owner.clone());
            }
        }
    }
}
