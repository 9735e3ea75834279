//! 实时屏幕。

/// English words and their translation.
pub const PHRASES: &[(&str, &str)] = &[];
