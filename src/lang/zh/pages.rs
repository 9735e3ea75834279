//! 网页与图。

/// English words and their translation.
pub const PHRASES: &[(&str, &str)] = &[];
