//! 模拟器的报告、时间线、账本、表格。

/// English words and their translation.
pub const PHRASES: &[(&str, &str)] = &[];
