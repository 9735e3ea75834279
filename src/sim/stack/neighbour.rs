//! The neighbour cache: which MAC address a neighbour has, and how sure the box is of it (RFC 826, RFC 1122 §2.3.2,
//! RFC 4861 §7.3.2; the numbers of the Linux profile are the kernel's).
//!
//! ```text
//!            question sent                answer                    30 s (random 15 to 45)
//!  (nothing) ─────────────▶ INCOMPLETE ──────────────▶ REACHABLE ───────────────────────▶ STALE
//!                              │ 3 questions, 1 s apart      ▲                              │ used
//!                              ▼ no answer                   │ answer, or TCP progress      ▼
//!                            FAILED ◀───────────────────── PROBE ◀───── 5 s ────────────── DELAY
//! ```

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use hashbrown::HashMap;

use crate::base::{MacAddr, Rng, Timestamp, limits};
use crate::sim::mutation::{Mutation, made};

/// How a box treats its neighbours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// As the Linux kernel does.
    #[default]
    Linux,
    /// As a textbook tells it: ask, remember for a while, forget.
    Textbook,
}

/// How sure the box is of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighbourState {
    /// Asked, not yet answered.
    Incomplete {
        /// Questions sent.
        asked: u8,
    },
    /// Known and lately confirmed.
    Reachable,
    /// Known, but long ago.
    Stale,
    /// Known long ago and in use; waiting whether traffic confirms it.
    Delay,
    /// Known long ago, and asked again at its own address.
    Probe {
        /// Questions sent.
        asked: u8,
    },
    /// Nobody answers.
    Failed,
    /// Entered by hand.
    Permanent,
}

impl NeighbourState {
    /// The name, as `ip neighbour` prints it.
    pub const fn name(self) -> &'static str {
        match self {
            NeighbourState::Incomplete { .. } => "INCOMPLETE",
            NeighbourState::Reachable => "REACHABLE",
            NeighbourState::Stale => "STALE",
            NeighbourState::Delay => "DELAY",
            NeighbourState::Probe { .. } => "PROBE",
            NeighbourState::Failed => "FAILED",
            NeighbourState::Permanent => "PERMANENT",
        }
    }
}

const MAX_QUESTIONS: u8 = 3;
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(1);
const BEFORE_PROBE: Duration = Duration::from_secs(5);
const BASE_REACHABLE: Duration = Duration::from_secs(30);
/// The textbook profile remembers for so long.
const TEXTBOOK_LIFE: Duration = Duration::from_secs(120);
/// A neighbour that just changed its address is not believed a second time before this.
const LOCK_TIME: Duration = Duration::from_secs(1);

/// A packet that waits for its next hop's address.
#[derive(Debug)]
pub struct Waiting {
    /// The packet.
    pub packet: Vec<u8>,
    /// The frame it came in, if it was forwarded.
    pub parent: u64,
}

#[derive(Debug)]
struct Neighbour {
    interface: usize,
    address: IpAddr,
    mac: MacAddr,
    state: NeighbourState,
    /// When the address last changed.
    updated: Timestamp,
    due: Option<Timestamp>,
    /// The alarm that is set: when, and whether it is worth waiting for. One that is early enough serves for a later
    /// due time too; it is set anew when it rings. Thus a neighbour that is heard all the time costs no alarms.
    alarm: Option<(Timestamp, bool)>,
    waiting: VecDeque<Waiting>,
    waiting_octets: usize,
}

/// What the box must do for a neighbour.
#[derive(Debug)]
pub enum Todo {
    /// Ask everybody for its address.
    AskAll,
    /// Ask the neighbour itself.
    AskAgain(MacAddr),
    /// Nobody answered: these packets cannot be sent.
    GiveUp(Vec<Waiting>),
    /// Nothing to send; only the state changed.
    Changed,
}

/// Where a packet for a neighbour goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// To this address.
    Send(MacAddr),
    /// It must wait; give it to [`NeighbourCache::hold`].
    Waits {
        /// True if the question must be sent now.
        ask: bool,
    },
}

/// A place in the cache, for its alarm.
pub type Slot = usize;

/// The neighbours of a box.
#[derive(Debug, Default)]
pub struct NeighbourCache {
    profile: Profile,
    slots: Vec<Neighbour>,
    index: HashMap<(usize, IpAddr), Slot, foldhash::fast::FixedState>,
    alarms: Vec<(Timestamp, Slot)>,
    rng: Option<Rng>,
}

impl NeighbourCache {
    /// An empty cache.
    pub fn new(profile: Profile, rng: Rng) -> NeighbourCache {
        NeighbourCache { profile, rng: Some(rng), ..NeighbourCache::default() }
    }

    /// The next alarm to set: when, and for which place.
    pub fn take_alarm(&mut self) -> Option<(Timestamp, Slot)> {
        (!self.alarms.is_empty()).then(|| self.alarms.remove(0))
    }

    fn set_due(&mut self, slot: Slot, due: Option<Timestamp>) {
        self.slots[slot].due = due;
        if let Some(at) = due {
            self.set_alarm(slot, at);
        }
    }

    /// Sees to it that an alarm rings at `at` or before.
    fn set_alarm(&mut self, slot: Slot, at: Timestamp) {
        let is_awaited = self.is_asking(slot);
        let neighbour = &mut self.slots[slot];
        if neighbour.alarm.is_some_and(|(set, awaited)| set <= at && awaited == is_awaited) {
            return;
        }
        neighbour.alarm = Some((at, is_awaited));
        self.alarms.push((at, slot));
    }

    fn reachable_for(&mut self) -> Duration {
        match self.profile {
            Profile::Textbook => TEXTBOOK_LIFE,
            // Between a half and one and a half times the base, so that neighbours do not ask in step.
            Profile::Linux => {
                let base = BASE_REACHABLE.as_nanos() as u64;
                let random = self.rng.as_mut().map_or(base / 2, |rng| rng.below(base));
                Duration::from_nanos(base / 2 + random)
            }
        }
    }

    fn slot(&mut self, interface: usize, address: IpAddr, now: Timestamp) -> Option<Slot> {
        if let Some(slot) = self.index.get(&(interface, address)) {
            return Some(*slot);
        }
        if self.slots.len() >= limits::MAX_NEIGHBOURS {
            return None;
        }
        let slot = self.slots.len();
        self.slots.push(Neighbour {
            interface,
            address,
            mac: MacAddr::ZERO,
            state: NeighbourState::Failed,
            updated: now,
            due: None,
            alarm: None,
            waiting: VecDeque::new(),
            waiting_octets: 0,
        });
        self.index.insert((interface, address), slot);
        Some(slot)
    }

    /// Finds the address for a packet.
    pub fn look_up(&mut self, interface: usize, address: IpAddr, now: Timestamp) -> Lookup {
        let Some(slot) = self.slot(interface, address, now) else { return Lookup::Waits { ask: false } };
        match self.slots[slot].state {
            NeighbourState::Reachable | NeighbourState::Delay | NeighbourState::Permanent => {}
            NeighbourState::Probe { .. } => {}
            NeighbourState::Stale => {
                self.slots[slot].state = NeighbourState::Delay;
                self.set_due(slot, Some(now.after(BEFORE_PROBE)));
            }
            NeighbourState::Incomplete { .. } => return Lookup::Waits { ask: false },
            NeighbourState::Failed => {
                self.slots[slot].state = NeighbourState::Incomplete { asked: 1 };
                self.set_due(slot, Some(now.after(BETWEEN_QUESTIONS)));
                return Lookup::Waits { ask: true };
            }
        }
        Lookup::Send(self.slots[slot].mac)
    }

    /// Asks for an address although no packet waits for it. True if the question must be sent now.
    pub fn resolve(&mut self, interface: usize, address: IpAddr, now: Timestamp) -> bool {
        let Some(slot) = self.slot(interface, address, now) else { return false };
        if !matches!(self.slots[slot].state, NeighbourState::Failed | NeighbourState::Stale) {
            return false;
        }
        self.slots[slot].state = NeighbourState::Incomplete { asked: 1 };
        self.set_due(slot, Some(now.after(BETWEEN_QUESTIONS)));
        true
    }

    /// Keeps a packet until the address is known; returns the one that had to go because too many wait.
    pub fn hold(&mut self, interface: usize, address: IpAddr, packet: Waiting) -> Option<Waiting> {
        let Some(slot) = self.index.get(&(interface, address)) else { return Some(packet) };
        let neighbour = &mut self.slots[*slot];
        neighbour.waiting_octets += packet.packet.len();
        neighbour.waiting.push_back(packet);
        let full = neighbour.waiting.len() > limits::MAX_WAITING_PACKETS
            || neighbour.waiting_octets > limits::MAX_WAITING_OCTETS;
        if !full {
            return None;
        }
        // Linux throws away the oldest, which is the least likely to be still wanted.
        let oldest = neighbour.waiting.pop_front()?;
        neighbour.waiting_octets -= oldest.packet.len();
        Some(oldest)
    }

    /// The packet that has waited longest for a neighbour.
    pub fn first_waiting(&self, interface: usize, address: IpAddr) -> Option<&Waiting> {
        self.slots[*self.index.get(&(interface, address))?].waiting.front()
    }

    /// True if the neighbour is in the cache with an address or a question under way.
    pub fn knows(&self, interface: usize, address: IpAddr) -> bool {
        self.index.get(&(interface, address)).is_some_and(|slot| self.slots[*slot].state != NeighbourState::Failed)
    }

    /// The neighbour's address, if one is known.
    pub fn mac(&self, interface: usize, address: IpAddr) -> Option<MacAddr> {
        let neighbour = &self.slots[*self.index.get(&(interface, address))?];
        let unknown = matches!(neighbour.state, NeighbourState::Incomplete { .. } | NeighbourState::Failed);
        (!unknown).then_some(neighbour.mac)
    }

    /// Takes in what a message said of a neighbour. An `answer` to one's own question makes it reachable, anything else
    /// stale. Returns what had waited for it, the old address if that changed, and its state if anything changed; `None`
    /// if the message was not believed.
    pub fn learn(
        &mut self,
        interface: usize,
        address: IpAddr,
        mac: MacAddr,
        answer: bool,
        now: Timestamp,
    ) -> Option<(Vec<Waiting>, Option<MacAddr>, Option<NeighbourState>)> {
        let slot = self.slot(interface, address, now)?;
        let neighbour = &mut self.slots[slot];
        let before = neighbour.state;
        let known = !matches!(neighbour.state, NeighbourState::Incomplete { .. } | NeighbourState::Failed);
        if neighbour.state == NeighbourState::Permanent {
            return None;
        }
        let changed = known && neighbour.mac != mac;
        if changed && self.profile == Profile::Linux && now.since(neighbour.updated) < LOCK_TIME {
            return None;
        }
        let old = changed.then_some(neighbour.mac);
        neighbour.mac = mac;
        if changed || !known {
            neighbour.updated = now;
        }
        let waiting = neighbour.waiting.drain(..).collect();
        neighbour.waiting_octets = 0;
        if answer || self.profile == Profile::Textbook {
            self.slots[slot].state = NeighbourState::Reachable;
            let life = self.reachable_for();
            self.set_due(slot, Some(now.after(life)));
        } else if !known || changed {
            self.slots[slot].state = NeighbourState::Stale;
            self.set_due(slot, None);
        }
        let after = self.slots[slot].state;
        Some((waiting, old, (before != after || changed).then_some(after)))
    }

    /// The layer above saw progress: the neighbour is there (RFC 4861 §7.3.1).
    pub fn confirm(&mut self, interface: usize, address: IpAddr, now: Timestamp) {
        let Some(slot) = self.index.get(&(interface, address)).copied() else { return };
        if matches!(
            self.slots[slot].state,
            NeighbourState::Stale | NeighbourState::Delay | NeighbourState::Probe { .. }
        ) {
            self.slots[slot].state = NeighbourState::Reachable;
            let life = self.reachable_for();
            self.set_due(slot, Some(now.after(life)));
        }
    }

    /// An alarm of a place is due. Returns the neighbour and what to do; `None` if the alarm is an old one.
    pub fn on_alarm(&mut self, slot: Slot, now: Timestamp) -> Option<(usize, IpAddr, Todo)> {
        let neighbour = self.slots.get_mut(slot)?;
        if neighbour.alarm.is_some_and(|(at, _)| at <= now) {
            neighbour.alarm = None;
        }
        match neighbour.due {
            Some(due) if due == now => {}
            Some(due) => {
                self.set_alarm(slot, due);
                return None;
            }
            None => return None,
        }
        neighbour.due = None;
        let (interface, address) = (neighbour.interface, neighbour.address);
        let todo = match neighbour.state {
            NeighbourState::Incomplete { asked } if asked < MAX_QUESTIONS + u8::from(made(Mutation::FourQuestions)) => {
                neighbour.state = NeighbourState::Incomplete { asked: asked + 1 };
                self.set_due(slot, Some(now.after(BETWEEN_QUESTIONS)));
                Todo::AskAll
            }
            NeighbourState::Probe { asked } if asked < MAX_QUESTIONS => {
                neighbour.state = NeighbourState::Probe { asked: asked + 1 };
                let mac = neighbour.mac;
                self.set_due(slot, Some(now.after(BETWEEN_QUESTIONS)));
                Todo::AskAgain(mac)
            }
            NeighbourState::Incomplete { .. } | NeighbourState::Probe { .. } => {
                neighbour.state = NeighbourState::Failed;
                neighbour.waiting_octets = 0;
                Todo::GiveUp(neighbour.waiting.drain(..).collect())
            }
            NeighbourState::Reachable => {
                neighbour.state = match self.profile {
                    Profile::Linux => NeighbourState::Stale,
                    Profile::Textbook => NeighbourState::Failed,
                };
                Todo::Changed
            }
            NeighbourState::Delay => {
                neighbour.state = NeighbourState::Probe { asked: 1 };
                let mac = neighbour.mac;
                self.set_due(slot, Some(now.after(BETWEEN_QUESTIONS)));
                Todo::AskAgain(mac)
            }
            NeighbourState::Stale | NeighbourState::Failed | NeighbourState::Permanent => return None,
        };
        Some((interface, address, todo))
    }

    /// The state of a neighbour.
    pub fn state(&self, interface: usize, address: IpAddr) -> Option<NeighbourState> {
        Some(self.slots[*self.index.get(&(interface, address))?].state)
    }

    /// True if the alarm of that place belongs to a question under way, which is worth waiting for.
    pub fn is_asking(&self, slot: Slot) -> bool {
        self.slots.get(slot).is_some_and(|neighbour| {
            matches!(neighbour.state, NeighbourState::Incomplete { .. } | NeighbourState::Probe { .. })
        })
    }

    /// Enters a neighbour by hand.
    pub fn insert_permanent(&mut self, interface: usize, address: IpAddr, mac: MacAddr) {
        if let Some(slot) = self.slot(interface, address, Timestamp::ZERO) {
            self.slots[slot].mac = mac;
            self.slots[slot].state = NeighbourState::Permanent;
        }
    }

    /// Forgets every neighbour that was not entered by hand.
    pub fn flush(&mut self) {
        for neighbour in &mut self.slots {
            if neighbour.state != NeighbourState::Permanent {
                neighbour.state = NeighbourState::Failed;
                neighbour.due = None;
                neighbour.waiting.clear();
                neighbour.waiting_octets = 0;
            }
        }
    }

    /// Every neighbour that was ever asked for or heard: interface, address, MAC address, state; in that order.
    pub fn entries(&self) -> impl Iterator<Item = (usize, IpAddr, MacAddr, NeighbourState)> + '_ {
        let mut sorted: Vec<&Neighbour> = self.slots.iter().collect();
        sorted.sort_by_key(|neighbour| (neighbour.interface, neighbour.address));
        sorted.into_iter().map(|neighbour| (neighbour.interface, neighbour.address, neighbour.mac, neighbour.state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    const MAC: MacAddr = MacAddr([2, 0, 0, 0, 0, 2]);

    fn cache(profile: Profile) -> NeighbourCache {
        NeighbourCache::new(profile, Rng::new(1))
    }

    fn packet() -> Waiting {
        Waiting { packet: vec![0; 100], parent: 0 }
    }

    fn seconds(number: u64) -> Timestamp {
        Timestamp::from_parts(number, 0)
    }

    #[test]
    fn s34_three_questions_one_second_apart_and_then_the_packets_are_given_up() {
        let mut cache = cache(Profile::Linux);
        assert_eq!(cache.look_up(0, THERE, seconds(0)), Lookup::Waits { ask: true });
        assert!(cache.hold(0, THERE, packet()).is_none());
        assert_eq!(cache.look_up(0, THERE, seconds(0)), Lookup::Waits { ask: false });
        assert!(cache.hold(0, THERE, packet()).is_none());
        assert!(matches!(cache.on_alarm(0, seconds(1)), Some((0, THERE, Todo::AskAll))));
        assert!(matches!(cache.on_alarm(0, seconds(2)), Some((0, THERE, Todo::AskAll))));
        let Some((_, _, Todo::GiveUp(waiting))) = cache.on_alarm(0, seconds(3)) else { panic!("not given up") };
        assert_eq!(waiting.len(), 2);
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Failed));
    }

    #[test]
    fn s34_a_reachable_neighbour_grows_stale_is_used_and_is_asked_again() {
        let mut cache = cache(Profile::Linux);
        cache.look_up(0, THERE, seconds(0));
        cache.hold(0, THERE, packet());
        let (waiting, old, _) = cache.learn(0, THERE, MAC, true, seconds(0)).expect("believed");
        assert_eq!((waiting.len(), old), (1, None));
        let due = cache.slots[0].due.expect("an alarm");
        assert!((seconds(15)..=seconds(45)).contains(&due), "{due:?}");
        assert!(matches!(cache.on_alarm(0, due), Some((_, _, Todo::Changed))));
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Stale));
        assert_eq!(cache.look_up(0, THERE, due), Lookup::Send(MAC));
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Delay));
        let probe = due.after(BEFORE_PROBE);
        assert!(matches!(cache.on_alarm(0, probe), Some((_, _, Todo::AskAgain(MAC)))));
        cache.learn(0, THERE, MAC, true, probe);
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Reachable));
    }

    #[test]
    fn s34_traffic_confirms_a_neighbour_in_delay() {
        let mut cache = cache(Profile::Linux);
        cache.learn(0, THERE, MAC, false, seconds(0));
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Stale));
        cache.look_up(0, THERE, seconds(1));
        cache.confirm(0, THERE, seconds(2));
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Reachable));
        assert!(cache.on_alarm(0, seconds(6)).is_none(), "the old alarm is void");
    }

    #[test]
    fn s34_a_changed_address_is_not_believed_within_a_second() {
        let mut cache = cache(Profile::Linux);
        let other = MacAddr([2, 0, 0, 0, 0, 9]);
        cache.learn(0, THERE, MAC, true, seconds(0));
        assert!(cache.learn(0, THERE, other, true, Timestamp::from_nanos(999_999_999)).is_none());
        assert_eq!(cache.learn(0, THERE, other, true, seconds(1)).map(|(_, old, _)| old), Some(Some(MAC)));
        assert_eq!(cache.mac(0, THERE), Some(other));
    }

    #[test]
    fn s34_the_textbook_forgets_instead_of_asking_again() {
        let mut cache = cache(Profile::Textbook);
        cache.learn(0, THERE, MAC, false, seconds(0));
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Reachable));
        assert!(matches!(cache.on_alarm(0, seconds(120)), Some((_, _, Todo::Changed))));
        assert_eq!(cache.state(0, THERE), Some(NeighbourState::Failed));
    }

    #[test]
    fn s34_of_too_many_waiting_packets_the_oldest_goes() {
        let mut cache = cache(Profile::Linux);
        cache.look_up(0, THERE, seconds(0));
        for _ in 0..limits::MAX_WAITING_PACKETS {
            assert!(cache.hold(0, THERE, packet()).is_none());
        }
        assert!(cache.hold(0, THERE, packet()).is_some());
    }
}
