//! 子网计算所说的。

/// English templates and their translation.
pub const SENTENCES: &[(&str, &str)] = &[
    (
        "the kind is that of {}; the block reaches beyond {} and holds other kinds too",
        "种类是 {} 的；这个块超出 {}，还包含别的种类",
    ),
    (
        "multicast addresses name groups: there are no hosts, no network and no broadcast address",
        "多播地址指的是组：没有主机，没有网络地址，也没有广播地址",
    ),
    (
        "a /31 is a point-to-point link: both addresses are for hosts, and there is no broadcast address (RFC 3021)",
        "/31 是点对点链路：两个地址都给主机用，没有广播地址（RFC 3021）",
    ),
    (
        "a /32 is one single address, as in a host route: no network or broadcast address",
        "/32 是单个地址，如主机路由：没有网络地址和广播地址",
    ),
    (
        "a /127 is a point-to-point link: both addresses are for routers, without Subnet-Router anycast (RFC 6164)",
        "/127 是点对点链路：两个地址都给路由器用，没有子网路由器任播地址（RFC 6164）",
    ),
    ("a /128 is one single address, as in a host route", "/128 是单个地址，如主机路由"),
    ("{} is the network's own address: no host can have it", "{} 是网络地址：主机不能使用"),
    ("{} is the network's own address: no host will answer", "{} 是网络地址：没有主机会回答"),
    (
        "{} is the broadcast address: no host can have it, all hosts of the network listen to it",
        "{} 是广播地址：主机不能使用，网络里的所有主机都监听它",
    ),
    (
        "{} is the Subnet-Router anycast address: every router of the subnet answers to it, no host has it (RFC 4291 section 2.6.1)",
        "{} 是子网路由器任播地址：子网的每个路由器都应答它，主机不能使用（RFC 4291 §2.6.1）",
    ),
    (
        "%{} names an interface, not a part of the address; it was put aside (RFC 4007 section 11)",
        "%{} 指的是接口，不是地址的一部分；已去掉（RFC 4007 §11）",
    ),
    ("no mask was given, so this is one single address, /{}", "没有给出掩码，所以当作单个地址，/{}"),
    ("{} has host bits set; its network {} was taken", "{} 的主机位不为零；按它的网络 {} 处理"),
    ("equal parts come in powers of two, so {} became {}", "等分只能是 2 的幂，所以 {} 变成 {}"),
    ("only {} follow: the address space ends there", "后面只有 {} 个：地址空间到此为止"),
    ("{} lies outside {} and takes nothing of it", "{} 在 {} 之外，不占用它"),
    (
        "IPv6 subnets of hosts are /64, however few the hosts: SLAAC needs 64 bits (RFC 4291 section 2.5.1)",
        "主机的 IPv6 子网都是 /64，主机再少也一样：SLAAC 需要 64 位（RFC 4291 §2.5.1）",
    ),
    ("no block was given; {} is the smallest that would do", "没有给出块；{} 是够用的最小的块"),
    ("… and {} more remarks of this kind", "…… 还有 {} 条同类的说明"),
    ("{} has nothing in common with {}", "{} 与 {} 没有共同的地址"),
    (
        "{} makes the interface identifier (SLAAC with modified EUI-64, RFC 4862)",
        "{} 构成接口标识（SLAAC，修改的 EUI-64，RFC 4862）",
    ),
    (
        "{} is in another network and no gateway is known, so the host says 'Network is unreachable'",
        "{} 在另一个网络，又不知道网关，所以主机报告“网络不可达”",
    ),
    ("the packet stays inside the host: no {} and no frame", "包留在主机内部：没有 {}，也没有帧"),
    (
        "{} is a group: its MAC address follows from it (RFC 1112 section 6.4)",
        "{} 是多播组：MAC 地址由它得出（RFC 1112 §6.4）",
    ),
    (
        "{} is a group: its MAC address follows from it (RFC 2464 section 7)",
        "{} 是多播组：MAC 地址由它得出（RFC 2464 §7）",
    ),
    (
        "{} means every host of the link: the frame goes to the broadcast address",
        "{} 指链路上的所有主机：帧发往广播地址",
    ),
    (
        "{} is link-local: it is always on the link, whatever the masks say",
        "{} 是链路本地地址：不管掩码怎样，总在本链路上",
    ),
    (
        "{} is the gateway itself, reached like any other host of the network",
        "{} 就是网关自己，像网络里的其他主机一样到达",
    ),
    (
        "the masks disagree: under /{} {} takes {} for a host of another network and answers through its gateway, if it has one",
        "掩码不一致：按 /{}，{} 把 {} 当作另一个网络的主机，经网关回答（如果有网关）",
    ),
    (
        "the masks disagree: under /{} {} takes {} for a neighbour and answers directly, past the gateway",
        "掩码不一致：按 /{}，{} 把 {} 当作邻居，绕过网关直接回答",
    ),
    ("neighbour solicitation", "邻居请求"),
];
