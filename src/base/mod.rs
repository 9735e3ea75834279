//! Values with a meaning, shared by the whole program. Knows nothing else of netlab.

pub mod limits;
mod mac;
mod rng;
mod seq;
pub mod text;
mod time;

pub use mac::{MacAddr, ParseMacError};
pub use rng::Rng;
pub use seq::Seq;
pub use time::Timestamp;
