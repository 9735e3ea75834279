//! Which packets are wanted: capture filters in the language of tcpdump, display filters in Wireshark's manner.
//!
//! [`capture`] compiles the language of pcap-filter(7) to a classic BPF program, which runs in the kernel on live packets
//! and here on files. [`display`] tests the fields of decoded packets and what the analysis says of them. Errors of both languages are a [`FilterError`]: where, what was expected, what was perhaps meant.

pub mod capture;
pub mod display;
mod error;
mod suggest;

pub use error::{FilterError, Span};
pub use suggest::nearest;
