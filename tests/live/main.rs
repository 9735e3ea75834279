//! Live capture, held against tcpdump and tshark in network namespaces that each test makes for itself.
//!
//! Without root or a needed program a test says that it is skipped; with `NETLAB_REQUIRE_PEERS=1` it fails instead.
#![cfg(all(feature = "live", target_os = "linux"))]

mod ends;
mod files;
mod fragments;
mod lab;
mod losses;
mod processor;
mod recv;
mod rights;
mod same;
