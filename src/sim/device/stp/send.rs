//! What spanning tree says: hellos, proposals and agreements, and that the tree has changed.

use std::time::Duration;

use super::super::bpdu::{Bpdu, Flags};
use super::{PortState, Role, SpanningTree, StpAction, StpOptions};
use crate::base::Timestamp;
use crate::sim::record::PortId;

impl SpanningTree {
    /// Classic: the tree changed; the root must know, so that addresses age fast everywhere.
    pub(super) fn changed(&mut self, now: Timestamp, why: &str) {
        self.actions.push(StpAction::Say { port: None, text: format!("topology change: {why}") });
        if self.is_root() {
            self.root_changing_until = now.after(self.options.max_age + self.options.forward_delay);
            if !self.shortened {
                self.shortened = true;
                self.actions.push(StpAction::Ageing(Some(self.options.forward_delay)));
            }
        } else {
            self.telling = true;
            self.tell_root();
        }
    }

    pub(super) fn tell_root(&mut self) {
        if let Some(index) = self.root_port {
            let octets = Bpdu::TopologyChange.frame(self.mac);
            self.actions.push(StpAction::Send { port: PortId(index as u16), octets });
        }
    }

    /// Rapid: a port of this bridge began to forward.
    pub(super) fn changed_behind_own(&mut self, now: Timestamp, index: usize) {
        self.ports[index].changing_until = now.after(self.options.hello * 2);
        self.changed_behind(now, index);
    }

    /// Rapid: the tree changed behind a port; what was learned elsewhere may be wrong.
    pub(super) fn changed_behind(&mut self, now: Timestamp, index: usize) {
        let until = now.after(self.options.hello * 2);
        for other in 0..self.ports.len() {
            let port = &mut self.ports[other];
            if other == index || port.edge || !matches!(port.role, Role::Root | Role::Designated) {
                continue;
            }
            if port.changing_until < now {
                self.actions.push(StpAction::Flush { port: PortId(other as u16) });
            }
            port.changing_until = until;
        }
    }

    pub(super) fn message_age(&self) -> Duration {
        match self.root_port.and_then(|index| self.ports[index].heard) {
            Some(heard) => heard.message_age + Duration::from_secs(1),
            None => Duration::ZERO,
        }
    }

    pub(super) fn send_config(&mut self, now: Timestamp, index: usize) {
        if self.options.rapid {
            return self.send_rapid(now, index, false);
        }
        let message_age = self.message_age();
        if !self.ports[index].up || message_age >= self.options.max_age {
            return;
        }
        let flags = Flags {
            topology_change: now < self.root_changing_until,
            topology_change_acknowledged: std::mem::take(&mut self.ports[index].acknowledge_change),
            ..Flags::default()
        };
        self.push_config(index, flags, message_age);
    }

    pub(super) fn send_rapid(&mut self, now: Timestamp, index: usize, agreement: bool) {
        let port = &self.ports[index];
        if !port.up || port.role == Role::Disabled {
            return;
        }
        let role = match port.role {
            Role::Root => 2,
            Role::Designated => 3,
            _ => 1,
        };
        let flags = Flags {
            topology_change: now < port.changing_until,
            proposal: port.role == Role::Designated && port.proposing && port.state != PortState::Forwarding,
            role,
            learning: port.state.learns(),
            forwarding: port.state == PortState::Forwarding,
            agreement,
            ..Flags::default()
        };
        self.push_config(index, flags, self.message_age());
    }

    pub(super) fn push_config(&mut self, index: usize, flags: Flags, message_age: Duration) {
        let StpOptions { rapid, hello, max_age, forward_delay, .. } = self.options;
        let vector = self.designated_vector(index);
        let bpdu = Bpdu::Config { rapid, flags, vector, message_age, max_age, hello, forward_delay };
        self.actions.push(StpAction::Send { port: PortId(index as u16), octets: bpdu.frame(self.mac) });
    }

    pub(super) fn send_hellos(&mut self, now: Timestamp) {
        self.hello_at = now.after(self.options.hello);
        for index in 0..self.ports.len() {
            let role = self.ports[index].role;
            let changing = self.options.rapid && role == Role::Root && now < self.ports[index].changing_until;
            if (role == Role::Designated && (self.options.rapid || self.is_root())) || changing {
                self.send_config(now, index);
            }
        }
    }
}
