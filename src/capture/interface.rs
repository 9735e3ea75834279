//! The interfaces that packets of a capture came from.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::limits::MAX_INTERFACES;
use crate::wire::LinkType;

/// One interface of a capture, as far as its file (or the kernel) describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name, such as `eth0`; harmless to print. Empty if nobody said.
    pub name: String,
    /// What its owner calls it; harmless to print. Empty if nobody said.
    pub description: String,
    /// What its packets begin with.
    pub link: LinkType,
    /// The most octets kept of a packet; 0 means no limit or not known.
    pub snaplen: u32,
    /// The capture filter that chose its packets; harmless to print. Empty if nobody said.
    pub filter: String,
    /// Octets of frame check sequence at the end of each frame, where the file says.
    pub fcs_len: Option<u8>,
    /// Packets it received since capturing began, where that is known.
    pub received: Option<u64>,
    /// Packets it lost since capturing began, where that is known.
    pub dropped: Option<u64>,
}

impl Interface {
    /// An interface of which only the link type is known.
    pub fn of_link(link: LinkType) -> Interface {
        Interface {
            name: String::new(),
            description: String::new(),
            link,
            snaplen: 0,
            filter: String::new(),
            fcs_len: None,
            received: None,
            dropped: None,
        }
    }
}

/// The interfaces of a source, in the order in which they appeared; [`Meta::interface`](crate::packet::Meta) is the
/// position here. A handle: clones see the same list, so a writer can look up a new interface while a source is lending
/// a packet.
#[derive(Clone, Debug, Default)]
pub struct Interfaces(Arc<Mutex<Vec<Interface>>>);

impl Interfaces {
    /// A list with these interfaces.
    pub fn new(interfaces: Vec<Interface>) -> Interfaces {
        Interfaces(Arc::new(Mutex::new(interfaces)))
    }

    /// Adds an interface and gives its position. Past [`MAX_INTERFACES`] all share the last position.
    pub fn add(&self, interface: Interface) -> u32 {
        let mut list = self.lock();
        if list.len() < MAX_INTERFACES {
            list.push(interface);
        }
        (list.len() - 1) as u32
    }

    /// The interface at `index`, if it has been seen.
    pub fn at(&self, index: u32) -> Option<Interface> {
        self.lock().get(index as usize).cloned()
    }

    /// All interfaces seen so far.
    pub fn all(&self) -> Vec<Interface> {
        self.lock().clone()
    }

    /// Notes how many packets the interface at `index` received and lost since capturing began.
    pub fn count(&self, index: u32, received: Option<u64>, dropped: Option<u64>) {
        if let Some(interface) = self.lock().get_mut(index as usize) {
            interface.received = received.or(interface.received);
            interface.dropped = dropped.or(interface.dropped);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Interface>> {
        // A panic while the list was held leaves it whole: every change is one push or one number.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
