//! Routers that tell each other what they reach (RIP version 2, RFC 2453).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::super::{Arrival, Node};
use super::{RIP_GROUP, RIP_PORT};
use crate::base::Timestamp;
use crate::sim::outbox::Outbox;
use crate::sim::stack::octets::{u16_at, u32_at};
use crate::sim::stack::route::{Prefix, Route, RouteSource, netmask};

/// RIP's infinity, and how long a route is believed that nobody tells any more (RFC 2453 §3.6, §3.8).
const UNREACHABLE: u32 = 16;
const RIP_TIMEOUT: Duration = Duration::from_secs(180);

impl Node {
    /// Tells every neighbour what is reached through this node. What was learned from a link is told there as
    /// unreachable (split horizon with poisoned reverse, §3.4.3).
    pub(super) fn send_rip(&mut self, now: Timestamp, out: &mut Outbox) {
        for interface in 0..self.interfaces.len() {
            let Some(own) = self.interfaces[interface].v4() else { continue };
            let mut entries: Vec<(Prefix, u32)> = Vec::new();
            for route in self.routes.routes() {
                if !route.prefix.network.is_ipv4() || entries.iter().any(|(prefix, _)| *prefix == route.prefix) {
                    continue;
                }
                let metric = match route.source {
                    RouteSource::Rip if route.interface == interface => UNREACHABLE,
                    RouteSource::Rip => route.metric,
                    _ => 1,
                };
                entries.push((route.prefix, metric));
            }
            // A message has room for 25 entries (§3.6).
            for chunk in entries.chunks(25) {
                let mut message = vec![2, 2, 0, 0];
                for (prefix, metric) in chunk {
                    let IpAddr::V4(network) = prefix.network else { continue };
                    message.extend_from_slice(&[0, 2, 0, 0]);
                    message.extend_from_slice(&network.octets());
                    message.extend_from_slice(&netmask(prefix.len).to_be_bytes());
                    message.extend_from_slice(&[0; 4]);
                    message.extend_from_slice(&metric.to_be_bytes());
                }
                let group = SocketAddr::new(IpAddr::V4(RIP_GROUP), RIP_PORT);
                self.send_service(now, Some(IpAddr::V4(own)), RIP_PORT, group, &message, out);
            }
        }
    }

    pub(super) fn rip_heard(
        &mut self,
        now: Timestamp,
        from: IpAddr,
        payload: &[u8],
        arrival: Arrival,
        out: &mut Outbox,
    ) {
        if payload.first() != Some(&2) || self.interfaces[arrival.interface].on_link(from).is_none() {
            return;
        }
        let mut changed = false;
        for entry in payload.get(4..).unwrap_or_default().chunks_exact(20) {
            if u16_at(entry, 0) != 2 {
                continue;
            }
            let network = IpAddr::V4(Ipv4Addr::from(u32_at(entry, 4)));
            let prefix = Prefix::new(network, u32_at(entry, 8).leading_ones() as u8);
            let metric = u32_at(entry, 16).saturating_add(1).min(UNREACHABLE);
            changed |= self.rip_entry(now, prefix, metric, from, arrival, out);
        }
        if changed {
            self.send_rip(now, out);
        }
    }

    fn rip_entry(
        &mut self,
        now: Timestamp,
        prefix: Prefix,
        metric: u32,
        from: IpAddr,
        arrival: Arrival,
        out: &mut Outbox,
    ) -> bool {
        let known = self.routes.routes().iter().find(|route| route.prefix == prefix).copied();
        if known.is_some_and(|route| route.source != RouteSource::Rip) {
            return false;
        }
        let same_teller = known.is_some_and(|route| route.via == Some(from));
        if same_teller {
            self.services().heard.insert(prefix, now);
        }
        let better = known.is_none_or(|route| metric < route.metric);
        let worse = same_teller && known.is_some_and(|route| metric > route.metric);
        if !(better && metric < UNREACHABLE || worse) {
            return false;
        }
        self.routes.remove(|route| route.prefix == prefix && route.source == RouteSource::Rip);
        if metric >= UNREACHABLE {
            self.say(format!("RIP: {prefix} can no longer be reached through {from}"), out);
            return true;
        }
        let interface = arrival.interface;
        self.routes.add(Route { prefix, via: Some(from), interface, metric, source: RouteSource::Rip });
        self.services().heard.insert(prefix, now);
        self.say(format!("RIP: {prefix} is reached through {from}, {metric} hops"), out);
        true
    }

    /// Routes that nobody told for 180 s are gone (§3.8).
    pub(super) fn expire_rip(&mut self, now: Timestamp, out: &mut Outbox) {
        let late: Vec<Prefix> = self
            .services()
            .heard
            .iter()
            .filter(|(_, heard)| now.since(**heard) >= RIP_TIMEOUT)
            .map(|(prefix, _)| *prefix)
            .collect();
        for prefix in late {
            self.services().heard.remove(&prefix);
            if self.routes.remove(|route| route.prefix == prefix && route.source == RouteSource::Rip) {
                self.say(format!("RIP: nobody told of {prefix} for 180 s"), out);
            }
        }
    }
}
