//! Cables: which ports they join, and what each direction does to frames.

use std::collections::BTreeSet;

use toml::Spanned;

use super::super::file::{DirectionTable, LinkTable};
use super::super::words::{duration, rate};
use super::{Builder, Cable, Plan, Wrong};
use crate::sim::device::StpOptions;
use crate::sim::link::LinkOptions;
use crate::sim::record::{DeviceId, PortId};

impl Builder<'_> {
    /// The number of ports that the links of the file use on a box.
    pub(super) fn ports_in_links(&self, name: &str) -> u16 {
        let mut numbered = 0;
        let mut plain = 0;
        let mut see = |end: &str| {
            let end = end.trim();
            if end == name {
                plain += 1;
            } else if let Some(port) = end.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) {
                numbered = numbered.max(port.parse().unwrap_or(0));
            }
        };
        for link in &self.file.links {
            link.get_ref().split(" - ").for_each(&mut see);
        }
        for link in &self.file.link {
            link.get_ref().between.iter().for_each(|end| see(end.get_ref()));
        }
        numbered.max(plain)
    }

    pub(super) fn links(&mut self) -> Result<(), Wrong> {
        let file = self.file;
        // Ports that are named must not be given to links that name none.
        let named: Vec<&str> = file.links.iter().flat_map(|link| link.get_ref().split(" - ")).collect();
        let tables = file.link.iter().flat_map(|link| link.get_ref().between.iter().map(|end| end.get_ref().as_str()));
        let reserved: BTreeSet<(DeviceId, PortId)> = named
            .into_iter()
            .chain(tables)
            .filter(|end| end.contains('.'))
            .filter_map(|end| self.names.port(end.trim()).ok())
            .collect();
        for link in &file.links {
            let at = link.span().start;
            let Some((a, b)) = link.get_ref().split_once(" - ") else {
                return Err((at, format!("'{}' is not a link: write it like \"h1 - sw.1\"", link.get_ref())));
            };
            let plain = LinkOptions::default();
            self.plug(at, [a.trim(), b.trim()], plain.clone(), plain, &reserved)?;
        }
        for link in &file.link {
            let (at, table) = (link.span().start, link.get_ref());
            let [a, b] = &table.between;
            let (there, back) = link_options(table)?;
            self.plug(at, [a.get_ref(), b.get_ref()], there, back, &reserved)?;
        }
        for (at, host, on, rate_bps) in std::mem::take(&mut self.lan_links) {
            let mut options = LinkOptions::default();
            options.rate_bps = rate_bps.unwrap_or(options.rate_bps);
            self.plug(at, [&host, &on], options.clone(), options, &reserved)?;
        }
        Ok(())
    }

    pub(super) fn plug(
        &mut self,
        at: usize,
        ends: [&str; 2],
        there: LinkOptions,
        back: LinkOptions,
        reserved: &BTreeSet<(DeviceId, PortId)>,
    ) -> Result<(), Wrong> {
        let mut found = [(DeviceId(0), PortId(0)); 2];
        for (end, place) in ends.iter().zip(&mut found) {
            *place = if end.contains('.') {
                self.names.port(end).map_err(|why| (at, why))?
            } else {
                let device = self.names.device(end).map_err(|why| (at, why))?;
                let count = self.boxes[device.0 as usize].1.len() as u16;
                let free = (0..count).map(|port| (device, PortId(port)));
                let mut free = free.filter(|port| !self.used.contains(port) && !reserved.contains(port));
                free.next().ok_or_else(|| (at, format!("{end} has no free port left")))?
            };
            if !self.used.insert(*place) {
                return Err((at, format!("two cables in one port: {end}")));
            }
        }
        for ((device, port), outward) in found.into_iter().zip([&there, &back]) {
            let index = usize::from(port.0);
            match &mut self.boxes[device.0 as usize].2 {
                Plan::Node(plan) => {
                    if !plan.fixed_mtu[index] {
                        plan.interfaces[index].mtu = outward.mtu;
                    }
                }
                Plan::Bridge { options, .. } => {
                    if let Some(stp) = &mut options.stp {
                        stp.costs[index] = StpOptions::cost_of(stp.rapid, outward.rate_bps);
                    }
                }
                Plan::Hub(_) => {}
            }
        }
        self.cables.push(Cable { ends: found, there, back });
        Ok(())
    }
}

fn link_options(table: &LinkTable) -> Result<(LinkOptions, LinkOptions), Wrong> {
    let time = |text: &Option<Spanned<String>>| match text {
        None => Ok(None),
        Some(text) => duration(text.get_ref()).map(Some).map_err(|why| (text.span().start, why)),
    };
    let speed = |text: &Option<Spanned<String>>| match text {
        None => Ok(None),
        Some(text) => rate(text.get_ref()).map(Some).map_err(|why| (text.span().start, why)),
    };
    let start = table.between[0].span().start;
    let percent = |number: Option<f64>| match number {
        Some(number) if !(0.0..=100.0).contains(&number) => {
            Err((start, format!("{number} is not a chance: it is 0 to 100 (percent)")))
        }
        other => Ok(other),
    };
    let mut both = LinkOptions::default();
    both.rate_bps = speed(&table.rate)?.unwrap_or(both.rate_bps);
    both.delay = time(&table.delay)?.unwrap_or(both.delay);
    both.jitter = time(&table.jitter)?.unwrap_or(both.jitter);
    both.mtu = table.mtu.unwrap_or(both.mtu);
    both.queue_frames = table.queue.unwrap_or(both.queue_frames);
    both.loss_percent = percent(table.loss)?.unwrap_or(0.0);
    both.duplicate_percent = percent(table.duplicate)?.unwrap_or(0.0);
    both.reorder_percent = percent(table.reorder)?.unwrap_or(0.0);
    both.reorder_delay = time(&table.reorder_delay)?.unwrap_or(both.reorder_delay);
    both.corrupt_percent = percent(table.corrupt)?.unwrap_or(0.0);
    both.lose_frames.clone_from(&table.lose);
    let one = |direction: &Option<DirectionTable>| -> Result<LinkOptions, Wrong> {
        let mut options = both.clone();
        if let Some(direction) = direction {
            options.rate_bps = speed(&direction.rate)?.unwrap_or(options.rate_bps);
            options.delay = time(&direction.delay)?.unwrap_or(options.delay);
            options.jitter = time(&direction.jitter)?.unwrap_or(options.jitter);
            options.mtu = direction.mtu.unwrap_or(options.mtu);
            options.queue_frames = direction.queue.unwrap_or(options.queue_frames);
            options.loss_percent = percent(direction.loss)?.unwrap_or(options.loss_percent);
            options.duplicate_percent = percent(direction.duplicate)?.unwrap_or(options.duplicate_percent);
            options.reorder_percent = percent(direction.reorder)?.unwrap_or(options.reorder_percent);
            options.reorder_delay = time(&direction.reorder_delay)?.unwrap_or(options.reorder_delay);
            options.corrupt_percent = percent(direction.corrupt)?.unwrap_or(options.corrupt_percent);
            if let Some(lose) = &direction.lose {
                options.lose_frames.clone_from(lose);
            }
        }
        if options.mtu < 68 {
            return Err((start, "no IPv4 link has an MTU below 68 (RFC 791)".to_owned()));
        }
        Ok(options)
    };
    Ok((one(&table.there)?, one(&table.back)?))
}
