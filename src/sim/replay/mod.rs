//! A capture through a simulated network (R1 to R12 of the rules).
//!
//! [`Capture`] reads any packet source and makes its frames whole; [`Identities`] finds who is who; [`draw`] turns that
//! into a topology.

mod captured;
mod dhcp;
mod draw;
mod identity;
mod subnets;

pub use captured::{Capture, CapturedFrame, Odd};
pub use draw::{Drawing, Middle, draw};
pub use identity::{Class, Identities, SeenAddress, Station};
pub use subnets::{LocalSubnet, Origin};
