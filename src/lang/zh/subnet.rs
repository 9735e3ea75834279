//! 子网计算。

/// English words and their translation.
pub const PHRASES: &[(&str, &str)] = &[];
