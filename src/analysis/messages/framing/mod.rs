//! How messages are told apart in a stream: a one-line language to say it, a parser that follows it, a finder that
//! discovers it.
//!
//! ```text
//! u32le len; body[len]                          4 octets of length, then the body
//! u32be len; body[len-4]                        the length counts itself
//! u32le h; json[h]{n=.data_size}; body[n]       a JSON header that says the body's length under a key
//! body until "\r\n"                             a delimiter ends each message
//! body[64]                                      fixed size
//! lockstep digits                               a turn of decimal digits announces the size of the next turn
//! ```

mod find;
mod language;
mod lockstep;
mod parse;

pub use find::{Found, Rival, find, follow};
pub use language::{Framing, Length, SpecError, Step, Width};
pub use lockstep::{Exchange, exchanges};
pub use parse::{Message, Outcome, Parsed, parse};
