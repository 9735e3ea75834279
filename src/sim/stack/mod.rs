//! What a host or router runs: headers, neighbours, routes, fragments.

pub mod dhcp;
pub mod dns;
pub mod fragment;
pub mod md5;
pub mod nat;
pub mod neighbour;
pub mod octets;
pub mod route;
pub mod tcp;
