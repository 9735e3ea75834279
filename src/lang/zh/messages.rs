//! 消息与定界。

/// English words and their translation.
pub const PHRASES: &[(&str, &str)] = &[];
