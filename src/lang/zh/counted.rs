//! 可数的名词：数字后面的量词和名词。

/// English nouns and what follows a number.
pub const COUNTED: &[(&str, &str)] = &[
    ("packet", "个包"),
    ("connection", "个连接"),
    ("frame", "个帧"),
    ("host", "台主机"),
    ("question", "次询问"),
    ("answer", "次应答"),
    ("probe", "次探测"),
    ("announcement", "次宣告"),
    ("gratuitous answer", "次免费应答"),
    ("ICMP message", "条 ICMP 消息"),
    ("message", "条消息"),
    ("datagram", "个数据报"),
    ("octet", "字节"),
    ("segment", "个报文段"),
    ("whole message", "条完整消息"),
    ("split header", "个被拆开的首部"),
    ("bit", "位"),
    ("network bit", "个网络位"),
    ("host bit", "个主机位"),
    ("part", "份"),
    ("block", "块"),
    ("port", "个端口"),
];
