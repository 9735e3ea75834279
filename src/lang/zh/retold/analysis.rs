//! 分析所说的：捕获的健康状况、解码时的问题、分片的算式。

/// English templates and their translation.
pub const SENTENCES: &[(&str, &str)] = &[
    // ---- 捕获的健康状况 ----
    (
        "the capturing side lost {}: what seems missing on the wire may only be missing here",
        "抓包一方丢失了 {}：看起来在线路上缺少的，可能只是这里没有抓到",
    ),
    (
        "{} octets were acknowledged by their receiver and are not in the capture: it has holes",
        "有 {} 字节已被接收方确认，捕获里却没有：捕获有空缺",
    ),
    (
        "{} segments were missing from many connections at once: the capture lost them, not the network",
        "有 {}许多连接同时缺少报文段：是抓包丢的，不是网络丢的",
    ),
    (
        "{} segments stand behind their own acknowledgments: the capture changed the order of packets",
        "有 {} 个报文段排在对它们的确认之后：捕获改变了包的顺序",
    ),
    (
        "time runs backwards {}, by up to {} s: round-trip times and waits near such a step are wrong",
        "时间倒退了 {}，最多 {} s：这些地方附近的往返时间和等待时间不可信",
    ),
    (
        "{} connections were captured in one direction only: the answers are not seen",
        "有 {} 个连接只捕获到一个方向：看不到回答",
    ),
    (
        "{} packets were cut short by the snap length: their contents cannot be compared",
        "有 {} 个包因抓取长度被截断：无法比较它们的内容",
    ),
    (
        "{} packets were recorded twice; the copies are left out of all statistics",
        "有 {} 个包被记录了两次；副本不计入任何统计",
    ),
    (
        "{} packets are larger than any link carries: the system joined or had not yet divided them, so packet counts are as captured, not as on the wire",
        "有 {} 个包比任何链路所能承载的都大：是系统合并的，或者还没有切开，所以包数按捕获计，不是线路上的数目",
    ),
    (
        "1 octet was acknowledged by its receiver and is not in the capture: it has holes",
        "有 1 字节已被接收方确认，捕获里却没有：捕获有空缺",
    ),
    (
        "1 segment stands behind its own acknowledgment: the capture changed the order of packets",
        "有 1 个报文段排在对它的确认之后：捕获改变了包的顺序",
    ),
    (
        "1 connection was captured in one direction only: the answers are not seen",
        "有 1 个连接只捕获到一个方向：看不到回答",
    ),
    (
        "1 packet was cut short by the snap length: its contents cannot be compared",
        "有 1 个包因抓取长度被截断：无法比较它的内容",
    ),
    (
        "1 packet was recorded twice; the copy is left out of all statistics",
        "有 1 个包被记录了两次；副本不计入任何统计",
    ),
    (
        "1 packet is larger than any link carries: the system joined or had not yet divided it, so packet counts are as captured, not as on the wire",
        "有 1 个包比任何链路所能承载的都大：是系统合并的，或者还没有切开，所以包数按捕获计，不是线路上的数目",
    ),
    // ---- 解码时遇到的问题 ----
    ("cut: {} needs {} from {}, {} was captured", "截断：{0} 从字节 {2} 起需要 {1}，只捕获到 {3}"),
    ("cut: {} needs {} from {}, {} were captured", "截断：{0} 从字节 {2} 起需要 {1}，只捕获到 {3}"),
    (
        "{} needs {} from {}, has {} up to the end of the captured octets",
        "{0} 从字节 {2} 起需要 {1}，到捕获的末尾只有 {3}",
    ),
    (
        "{} needs {} from {}, has {} up to the length that {} gives",
        "{0} 从字节 {2} 起需要 {1}，按 {4} 给出的长度只有 {3}",
    ),
    (
        "{} says {} from {}, there are {} up to the end of the captured octets",
        "{0} 说从字节 {2} 起有 {1}，到捕获的末尾只有 {3}",
    ),
    (
        "{} says {} from {}, there are {} up to the length that {} gives",
        "{0} 说从字节 {2} 起有 {1}，按 {4} 给出的长度只有 {3}",
    ),
    (
        "{} says {} from {}, there is {} up to the end of the captured octets",
        "{0} 说从字节 {2} 起有 {1}，到捕获的末尾只有 {3}",
    ),
    (
        "{} says {} from {}, there is {} up to the length that {} gives",
        "{0} 说从字节 {2} 起有 {1}，按 {4} 给出的长度只有 {3}",
    ),
    ("{} at {} says its header has {}, at least {} are needed", "字节 {1} 处的 {0} 说它的首部有 {2}，至少需要 {3}"),
    ("version {} at {}, where {} was announced", "字节 {1} 处是版本 {0}，而前面说是 {2}"),
    ("{} has an option at {} whose length cannot be", "{} 在字节 {} 处有一个长度不可能的选项"),
    (
        "{} at {} has no checksum, which over IPv6 only tunnels may leave out",
        "字节 {1} 处的 {0} 没有校验和，而在 IPv6 上只有隧道可以省去它",
    ),
    (
        "{} says length 0 at {}: probably left so for the card to fill in; there are {}",
        "{0} 在字节 {1} 处写长度 0：大概留给网卡填写；实际有 {2}",
    ),
    ("more layers than netlab follows, from {}", "从字节 {} 起的层数超过 netlab 所能跟随的"),
    // ---- 分片的算式 ----
    ("{} octets + {} of {} header = {}. {}", "{} 字节 + {2} 首部 {1} = {3}。{4}"),
    (
        "MTU {} − {} = {}, rounded down to {} per piece, a multiple of 8 ({} × 8).",
        "MTU {} − {} = {}，向下取整为每片 {}，8 的倍数（{} × 8）。",
    ),
    ("MTU {} − {} = {} per piece, a multiple of 8 ({} × 8).", "MTU {} − {} = 每片 {}，是 8 的倍数（{} × 8）。"),
    ("{} of IPv6 header − 8 of fragment header", "IPv6 首部 {} − 分片首部 8"),
    ("{} of IP header", "IP 首部 {}"),
    (
        "piece {}: offset {} × 8 = {}, octets {}, MF={} (packet {})",
        "第 {} 片：偏移 {} × 8 = {}，字节 {}，MF={}（第 {} 包）",
    ),
    ("sum: {} ✓", "合计：{} ✓"),
    ("{} pieces add up to {} octets", "{} 片合计 {} 字节"),
    (
        "{} pieces because {} > {}: lose any one of them and all {} octets are gone; at 1 % loss per piece that is {} % ({})",
        "因为 {1} > {2}，所以分 {0} 片：丢失任何一片，全部 {3} 字节都没了；若每片丢失率 1 %，就是 {4} %（{5}）",
    ),
];
