//! Names: a zone that is answered for, and a resolver that asks twice and remembers (RFC 1035).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::super::{Node, TIMER_SERVICE};
use super::{ALARM_DNS, Answer, DNS_PORT, RESOLVER_PORT};
use crate::base::{Timestamp, limits};
use crate::sim::outbox::Outbox;
use crate::sim::reason::Reason;
use crate::sim::record::{Detail, EventKind};
use crate::sim::stack::dns;

impl Node {
    pub(super) fn dns_asked(&mut self, now: Timestamp, source: SocketAddr, payload: &[u8], out: &mut Outbox) {
        let Some((_, name)) = dns::read_question(payload) else { return };
        let addresses = self.services().zone.get(&name).cloned().unwrap_or_default();
        let shown: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        let words = if shown.is_empty() { "there is no such name".to_owned() } else { shown.join(", ") };
        self.say(format!("DNS: {} asks for {}: {words}", source.ip(), crate::base::text::harmless(&name)), out);
        if let Some(answer) = dns::answer(payload, &addresses) {
            self.send_service(now, None, DNS_PORT, source, &answer, out);
        }
    }

    /// The addresses of a name, if they are known: `Ok(None)` while the question is under way.
    pub(in crate::sim::device::node) fn look_up_name(
        &mut self,
        now: Timestamp,
        name: &str,
        out: &mut Outbox,
    ) -> Result<Option<IpAddr>, String> {
        let name = name.to_ascii_lowercase();
        let Some(server) = self.services().resolver else {
            return Err(format!("EAI_AGAIN: no DNS server is known to ask for '{name}'"));
        };
        match self.services().answers.get(&name) {
            Some(Answer::Known(addresses)) => match addresses.first() {
                Some(address) => return Ok(Some(*address)),
                None => return Err(format!("EAI_NONAME: there is no '{name}'")),
            },
            Some(Answer::Asked { .. }) => return Ok(None),
            None => {}
        }
        if self.services().answers.len() >= limits::MAX_NAMES {
            return Err("EAI_MEMORY: too many names".to_owned());
        }
        let id = self.rng.next_u32() as u16;
        self.services().answers.insert(name.clone(), Answer::Asked { id, tries: 1 });
        self.say(format!("DNS: asks {server} for {name}"), out);
        let question = dns::question(id, &name);
        self.send_service(now, None, RESOLVER_PORT, SocketAddr::new(server, DNS_PORT), &question, out);
        out.wake_at(now.after(Duration::from_secs(5)), TIMER_SERVICE | ALARM_DNS);
        Ok(None)
    }

    pub(super) fn dns_answered(&mut self, payload: &[u8], out: &mut Outbox) {
        let Some((id, name, addresses)) = dns::read_answer(payload) else { return };
        let asked = matches!(self.services().answers.get(&name), Some(Answer::Asked { id: asked, .. }) if *asked == id);
        if !asked {
            return;
        }
        let shown: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        let words = if shown.is_empty() { "does not exist".to_owned() } else { format!("is {}", shown.join(", ")) };
        out.tell(EventKind::Call, None, 0, Reason::None, || {
            Detail::new(format!("DNS: {name} {words}"))
                .with("call", "lookup")
                .with("result", if shown.is_empty() { "EAI_NONAME" } else { "ok" })
                .with("data", shown.join(", "))
        });
        self.services().answers.insert(name, Answer::Known(addresses));
    }

    /// Questions that were not answered within 5 s are asked once more, then given up.
    pub(super) fn dns_alarm(&mut self, now: Timestamp, out: &mut Outbox) {
        let Some(server) = self.services().resolver else { return };
        let open: Vec<(String, u16, u32)> = self
            .services()
            .answers
            .iter()
            .filter_map(|(name, answer)| match answer {
                Answer::Asked { id, tries } => Some((name.clone(), *id, *tries)),
                Answer::Known(_) => None,
            })
            .collect();
        for (name, id, tries) in open {
            if tries >= 2 {
                self.services().answers.insert(name.clone(), Answer::Known(Vec::new()));
                self.say(format!("DNS: {server} does not answer for {name}"), out);
                continue;
            }
            self.services().answers.insert(name.clone(), Answer::Asked { id, tries: tries + 1 });
            self.send_service(
                now,
                None,
                RESOLVER_PORT,
                SocketAddr::new(server, DNS_PORT),
                &dns::question(id, &name),
                out,
            );
            out.wake_at(now.after(Duration::from_secs(5)), TIMER_SERVICE | ALARM_DNS);
        }
    }
}
