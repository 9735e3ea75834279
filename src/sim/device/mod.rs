//! The boxes: hub, bridge, host and router.

mod bpdu;
mod bridge;
mod fdb;
mod hub;
mod node;
mod player;
mod stp;

pub use bpdu::{Bpdu, BridgeId};
pub use bridge::{Bridge, BridgeCounters, BridgeOptions, BridgeProfile, DEFAULT_AGEING, VlanRole};
pub use fdb::{Entry as FdbEntry, Key as FdbKey};
pub use hub::Hub;
pub use node::{DhcpPool, FragmentPolicy, Interface, Node, SendError, Settings, Way, explain_errno, link_local};
pub use player::{Alive, Player, Said, signature};
pub use stp::{PortState, Role, SpanningTree, StpAction, StpOptions};
