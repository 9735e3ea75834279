//! Subnet sums: what an address and a mask say, and what can be done with blocks of addresses.
//!
//! In come texts that people type ([`parse`]); out go plain values: a [`Description`], a [`Plan`], a [`Decision`], lists
//! of [`Block`]s. Nothing is printed here, nothing is looked up: interfaces and names are the command line's business.
//!
//! | file | what happens there |
//! |---|---|
//! | `block`, `count` | an address with its prefix length, IPv4 or IPv6, and numbers up to 2^128 |
//! | `parse`, `refusal` | the input forms that are accepted, and a sentence for each that is not |
//! | `bits` | the AND, octet by octet |
//! | `describe`, `ipv6`, `reverse` | everything that can be said about one block |
//! | `registry` | the special-purpose registries of IANA, and the address space around them |
//! | `span` | ranges: merge, subtract, overlap, and the fewest blocks that cover a range |
//! | `plan` | subnets of different sizes in one block (VLSM) |
//! | `same` | what a host does with a packet: deliver it directly, or give it to the gateway |
//! | `random` | a private block picked by chance |

mod bits;
mod block;
mod count;
mod describe;
mod ipv6;
pub mod parse;
mod plan;
mod random;
mod refusal;
pub mod registry;
mod reverse;
mod same;
mod span;

pub use bits::{AndStep, and_steps, bits, grouped};
pub use block::{Block, Family};
pub use count::Count;
pub use describe::{Binary, Description, Forms};
pub use ipv6::{Ipv6Facts, Multicast, UniqueLocal, interface_identifier, solicited_node};
pub use parse::Parsed;
pub use plan::{Need, Placed, Plan, Request, plan, smallest_prefix_len};
pub use random::{random_private, random_unique_local};
pub use refusal::Refusal;
pub use reverse::{pointer_name, reverse_zones};
pub use same::{Decision, NextHop, Side, decide};
pub use span::{Span, intersect, merge, subtract};
