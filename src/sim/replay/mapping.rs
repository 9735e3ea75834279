//! Which station of the capture is which box of the topology (R2). First hit wins: an explicit line, an equal MAC
//! address, an equal IP address, and if it is asked for, order of appearance.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::identity::{Class, Identities, Station};
use crate::base::MacAddr;
use crate::sim::device::Node;
use crate::sim::engine::Engine;
use crate::sim::record::{DeviceId, PortId};
use crate::sim::scenario::Scenario;
use crate::sim::stack::route::Prefix;

/// What an explicit line names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Mac(MacAddr),
    Ip(IpAddr),
    Net(Prefix),
}

/// A line such as `mac 00:00:5e:00:53:01 -> h1`.
#[derive(Clone, Copy, Debug)]
pub struct MapLine {
    subject: Subject,
    device: DeviceId,
    port: PortId,
}

impl MapLine {
    /// Reads a line.
    ///
    /// # Errors
    /// A sentence about what is wrong.
    pub fn parse(line: &str, scenario: &Scenario) -> Result<MapLine, String> {
        let shown = crate::base::text::harmless(line);
        let fail = || {
            format!(
                "'{shown}' is not a map line: write it like \"mac 00:00:5e:00:53:01 -> h1\", \"ip 192.0.2.7 -> h7\" or \
                 \"net 0.0.0.0/0 -> r1.wan\""
            )
        };
        let (subject, end) = line.split_once("->").ok_or_else(fail)?;
        let (device, port) = scenario.port(end.trim())?;
        let (kind, value) = subject.trim().split_once(char::is_whitespace).ok_or_else(fail)?;
        let value = value.trim();
        let subject = match kind {
            "mac" => Subject::Mac(value.parse().map_err(|error: crate::base::ParseMacError| error.to_string())?),
            "ip" => Subject::Ip(value.parse().map_err(|_| format!("'{value}' is not an IP address"))?),
            "net" => {
                let (address, len) = value.split_once('/').ok_or_else(fail)?;
                let address: IpAddr = address.parse().map_err(|_| fail())?;
                let len: u8 = len.parse().map_err(|_| fail())?;
                if len > if address.is_ipv4() { 32 } else { 128 } {
                    return Err(fail());
                }
                Subject::Net(Prefix::new(address, len))
            }
            _ => return Err(fail()),
        };
        Ok(MapLine { subject, device, port })
    }
}

/// Why a station is where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A line of the file or the command says so.
    Map,
    /// The box has the same MAC address.
    EqualMac,
    /// The box has the same IP address.
    EqualIp(IpAddr),
    /// It was the next in order of appearance, and the box the next that was free.
    Auto,
    /// It found no place of its own and was sent to the cloud.
    Cloud,
}

impl By {
    /// The reason in words.
    pub fn sentence(self) -> String {
        match self {
            By::Map => "a map line says so".to_owned(),
            By::EqualMac => "equal MAC address".to_owned(),
            By::EqualIp(address) => format!("equal IP address {address}"),
            By::Auto => "next in order (--auto)".to_owned(),
            By::Cloud => "found no place: the cloud".to_owned(),
        }
    }
}

/// Where frames of a station enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The box.
    pub device: DeviceId,
    /// The port out of which it sends.
    pub port: PortId,
    /// Why there.
    pub by: By,
    /// True if the box is a switch that sends its own messages, so that captured ones are only compared.
    pub speaks_itself: bool,
}

/// What becomes of stations without a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmapped {
    /// Nothing is replayed.
    #[default]
    Error,
    /// Their frames do not enter.
    Drop,
    /// Their frames enter at the first cloud.
    Cloud,
}

/// A port at which a station can be: one of a host, router or cloud with a cable.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub device: DeviceId,
    pub port: PortId,
    pub kind: &'static str,
    pub mac: MacAddr,
    pub addresses: Vec<(IpAddr, u8)>,
}

/// All seats, in the order of the file.
pub(super) fn seats(engine: &Engine) -> Vec<Seat> {
    let mut seats = Vec::new();
    for device in engine.devices() {
        let Some(node) = engine.device(device).as_any().downcast_ref::<Node>() else { continue };
        for (index, interface) in node.interfaces().iter().enumerate() {
            let port = PortId(index as u16);
            if engine.peer(device, port).is_some() {
                let kind = engine.device(device).kind();
                let addresses = interface.addresses.clone();
                seats.push(Seat { device, port, kind, mac: interface.mac, addresses });
            }
        }
    }
    seats
}

/// The places of all stations.
#[derive(Debug, Default)]
pub struct Mapping {
    places: BTreeMap<MacAddr, Place>,
    /// Stations that send and have no place, in order of appearance.
    pub unmapped: Vec<MacAddr>,
    /// Stations that never send and have no place: nothing is lost by it.
    pub silent: Vec<MacAddr>,
    /// Where packets from beyond a router start, by the longest block.
    nets: Vec<(Prefix, DeviceId, PortId)>,
}

impl Mapping {
    /// Places the stations.
    pub fn new(
        identities: &Identities,
        engine: &Engine,
        scenario: &Scenario,
        lines: &[MapLine],
        auto: bool,
        unmapped: Unmapped,
    ) -> Mapping {
        let seats = seats(engine);
        let mut mapping = Mapping::default();
        for line in lines {
            if let Subject::Net(prefix) = line.subject {
                mapping.nets.push((prefix, line.device, line.port));
            }
        }
        mapping.nets.sort_by_key(|(prefix, ..)| std::cmp::Reverse(prefix.len));
        let mut left: Vec<&Station> = Vec::new();
        for station in &identities.stations {
            match mapping.place(station, identities, &seats, lines, scenario) {
                Some(place) => {
                    mapping.places.insert(station.mac, place);
                }
                None => left.push(station),
            }
        }
        if auto {
            left.retain(|station| !mapping.place_next(station, &seats));
        }
        let cloud = seats.iter().find(|seat| seat.kind == "cloud");
        for station in left {
            match cloud.filter(|_| unmapped == Unmapped::Cloud && station.sent > 0) {
                Some(seat) => {
                    let place = Place { device: seat.device, port: seat.port, by: By::Cloud, speaks_itself: false };
                    mapping.places.insert(station.mac, place);
                }
                None if station.sent == 0 => mapping.silent.push(station.mac),
                None => mapping.unmapped.push(station.mac),
            }
        }
        mapping
    }

    fn place(
        &self,
        station: &Station,
        identities: &Identities,
        seats: &[Seat],
        lines: &[MapLine],
        scenario: &Scenario,
    ) -> Option<Place> {
        let own: Vec<IpAddr> = station.own_addresses(&identities.subnets).collect();
        let explicit = lines.iter().find(|line| match line.subject {
            Subject::Mac(mac) => mac == station.mac,
            Subject::Ip(address) => own.contains(&address),
            // A block places a station whose addresses all lie in it; for packets from beyond a router see `net_of`.
            Subject::Net(prefix) => {
                station.class != Class::Router && !own.is_empty() && own.iter().all(|own| prefix.contains(*own))
            }
        });
        // Names of things come before blocks, whatever the order of the lines.
        let exact = lines.iter().find(|line| match line.subject {
            Subject::Mac(mac) => mac == station.mac,
            Subject::Ip(address) => own.contains(&address),
            Subject::Net(_) => false,
        });
        if let Some(line) = exact.or(explicit.filter(|_| !seats.iter().any(|seat| seat.mac == station.mac))) {
            return Some(Place { device: line.device, port: line.port, by: By::Map, speaks_itself: false });
        }
        if let Some(seat) = seats.iter().find(|seat| seat.mac == station.mac) {
            return Some(Place { device: seat.device, port: seat.port, by: By::EqualMac, speaks_itself: false });
        }
        // Switches get addresses of netlab's own choice, which may be those of hosts elsewhere: only who speaks like a
        // switch is one.
        if station.class == Class::Switch
            && let Some(device) = scenario.names.switch_with(station.mac)
        {
            return Some(Place { device, port: PortId(0), by: By::EqualMac, speaks_itself: true });
        }
        let own = own.into_iter().chain(station.address_by_others(&identities.subnets));
        for address in own {
            let has = |seat: &&Seat| seat.addresses.iter().any(|(own, _)| *own == address);
            if let Some(seat) = seats.iter().find(has) {
                let by = By::EqualIp(address);
                return Some(Place { device: seat.device, port: seat.port, by, speaks_itself: false });
            }
        }
        None
    }

    /// Gives a station the next free box of its kind.
    fn place_next(&mut self, station: &Station, seats: &[Seat]) -> bool {
        let kind = match station.class {
            Class::Host | Class::Silent => "host",
            Class::Router => "router",
            Class::Switch | Class::Group => return false,
        };
        let is_taken = |seat: &Seat| match kind {
            // One MAC address of a router takes the whole router: its other ports lead elsewhere.
            "router" => self.places.values().any(|place| place.device == seat.device),
            _ => self.places.values().any(|place| (place.device, place.port) == (seat.device, seat.port)),
        };
        let Some(seat) = seats.iter().find(|seat| seat.kind == kind && !is_taken(seat)) else { return false };
        let place = Place { device: seat.device, port: seat.port, by: By::Auto, speaks_itself: false };
        self.places.insert(station.mac, place);
        true
    }

    /// The place of a station.
    pub fn of(&self, mac: MacAddr) -> Option<&Place> {
        self.places.get(&mac)
    }

    /// All places, by MAC address.
    pub fn places(&self) -> impl Iterator<Item = (MacAddr, &Place)> {
        self.places.iter().map(|(mac, place)| (*mac, place))
    }

    /// Where a `net` line lets packets from that address start.
    pub fn net_of(&self, address: IpAddr) -> Option<(DeviceId, PortId)> {
        self.nets.iter().find(|(prefix, ..)| prefix.contains(address)).map(|(_, device, port)| (*device, *port))
    }
}
