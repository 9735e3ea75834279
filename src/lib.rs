//! netlab: a packet inspector and network simulator that says what the packets mean.
//!
//! A packet's road goes down this list. Each module knows only those above it; `tests/tidy.rs` holds that.
//!
//! | module | what happens there |
//! |---|---|
//! | [`base`] | values that everything else is made of: time, sequence numbers, MAC addresses, limits |
//! | [`wire`] | octets become layered views; descriptions become octets |
//! | [`packet`] | the waist: one packet with its number and time, and the trait of everything that yields packets |
//! | [`capture`] | where packets come from: NICs and files, and the files they go into |
//! | [`analysis`] | what the packets mean: notes with rule and evidence, and the report |
//! | [`subnet`] | what addresses and masks say: describe, split, plan, merge, and where a packet goes next |
//! | [`sim`] | boxes and links in which every frame's fate has a reason |
//! | [`lang`] | the languages in which netlab explains |
//! | [`render`] | results as text, tables, JSON and pages |
//! | [`pipeline`] | the loop that joins a source, the analysis and an output |
//! | [`filter`] | which packets are wanted: capture filters compiled to BPF, display filters over fields and notes |
//! | [`cli`] | what people type, and the exit status they get |

pub mod analysis;
pub mod base;
pub mod capture;
pub mod cli;
pub mod filter;
pub mod lang;
pub mod packet;
pub mod pipeline;
pub mod render;
pub mod sim;
pub mod subnet;
pub mod wire;
