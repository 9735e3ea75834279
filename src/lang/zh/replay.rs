//! 重放。

/// English words and their translation.
pub const PHRASES: &[(&str, &str)] = &[
    ("Not as plain as the rest", "不那么简单的"),
    ("Books", "账目"),
    ("How full the links were", "各链路的占用"),
    ("Routers, and who is alive", "路由器，以及谁是活的"),
    ("What changed in the tables", "各表的变化"),
    ("What the switches did", "交换机做了什么"),
    ("Where copies ended, and why", "副本在哪里结束，为什么"),
    ("Who is where", "谁在哪里"),
];
