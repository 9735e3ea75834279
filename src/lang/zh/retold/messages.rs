//! 关于消息、挑战与回答所说的。

/// English templates and their translation.
pub const SENTENCES: &[(&str, &str)] = &[
    // ---- 消息 ----
    (
        "if both programs wait in recv, one of them sent an empty message, which puts nothing on the wire, or expects more octets than were sent",
        "如果两个程序都在 recv 里等待，那就是其中一个发了空消息（线路上什么也没有），或者期待的字节比发出的多",
    ),
    (
        "the handshakes were completed by the kernel (the backlog of listen); the program accepts the next client only when it is done with the one before",
        "握手是内核完成的（listen 的 backlog）；程序处理完前一个客户端才 accept 下一个",
    ),
    (
        "lock-step text length: {} says \"{}\" in packet {}, {} answers in packet {}, then {} octets follow",
        "一问一答的文本长度：{} 在第 {2} 包说 \"{1}\"，{3} 在第 {4} 包回答，然后是 {5} 字节",
    ),
    (
        "the dialogue costs one more round trip for every answer: {} ms here, in packets {} to {}",
        "这种对话使每个回答多花一个往返时间：这里是 {} ms，第 {} 到 {} 包",
    ),
    (
        "the number has no end mark: if \"{}\" came in two parts, a reader could take the first for the whole",
        "数字没有结束标记：如果 \"{}\" 分两部分到达，读的一方可能把前一部分当成全部",
    ),
    (
        "exchange {}: announced {} octets, delivered {}: step is lost from packet {} on",
        "第 {} 次交换：宣布 {} 字节，实际 {}：从第 {} 包起步调错乱",
    ),
    (
        "exchange {}: announced {} octets in packet {}, and nothing followed",
        "第 {} 次交换：第 {2} 包宣布 {1} 字节，之后什么也没有",
    ),
    (
        "usual reason: the reader took too few or too many octets of the answer before; acknowledged by the kernel is not read by the program",
        "常见原因：读的一方在上一个回答里取得太少或太多；内核确认了不等于程序读了",
    ),
    ("this is {}, which has a framing of its own", "这是 {}，它有自己的定界方式"),
    (
        "the capture begins within a message; the first whole one begins at octet {}",
        "捕获从一条消息的中间开始；第一条完整的消息从第 {} 字节开始",
    ),
    (
        "the sign cannot be told: all lengths are below 2^{}, signed and unsigned look alike",
        "看不出有没有符号：所有长度都小于 2^{}，有符号和无符号看起来一样",
    ),
    (
        "Python's struct.pack('i') uses the machine's own order; on a network write '!I' or '>I', which every machine reads alike",
        "Python 的 struct.pack('i') 用本机的字节序；在网络上应写 '!I' 或 '>I'，每台机器读出来都一样",
    ),
    ("the last message, from octet {}, has no end yet", "最后一条消息从第 {} 字节开始，还没有结束"),
    (
        "the last message, from octet {}, is incomplete: 1 octet is missing",
        "从字节 {} 开始的最后一条消息不完整：还缺 1 字节",
    ),
    (
        "the last message, from octet {}, is incomplete: {} octets are missing",
        "最后一条消息从第 {} 字节开始，不完整：缺 {} 字节",
    ),
    ("at octet {} the protocol lost step: {}", "在第 {} 字节处协议步调错乱：{}"),
    ("a message of no octets at all", "一条没有任何字节的消息"),
    ("a header from octet {} was not captured", "从第 {} 字节开始的首部没有捕获到"),
    ("more messages than netlab lists, from octet {}", "从第 {} 字节起的消息太多，没有列出"),
    ("split prefix", "前缀被拆开"),
    ("glued: shares a segment", "粘包：与别的消息同在一个报文段"),
    ("in the sender: a single octet, so there was nothing to split", "发送方：只有一个字节，没有可拆的"),
    (
        "in the sender: all {} octets left in one segment; whether the program wrote them at once or in parts is not on the wire",
        "发送方：全部 {} 字节在一个报文段里发出；程序是一次写的还是分几次写的，线路上看不出来",
    ),
    ("in the sender: not into one, they travelled as {} segments", "发送方：没有粘成一个，它们分成 {} 个报文段发出"),
    (
        "packet {} left right when packet {} acknowledged the small segment before it, after {} ms: Nagle's algorithm held it back for a delayed ACK, and joined what was written meanwhile",
        "第 {} 包在第 {} 包确认了前面的小报文段后立刻发出，等了 {} ms：Nagle 算法为等延迟 ACK 扣住了它，并把其间写入的粘在一起",
    ),
    (
        "Nagle's algorithm had no reason to hold anything back: nothing was unacknowledged when each segment left",
        "Nagle 算法没有理由扣住什么：每个报文段发出时都没有未确认的数据",
    ),
    (
        "no segment waited for an ACK as Nagle's algorithm makes it: {} left while others were still unacknowledged",
        "没有报文段像 Nagle 算法那样等待 ACK：有 {} 个在别的还没有确认时就发出了",
    ),
    ("in the network: no, TCP segments are not merged on the way", "网络中：没有，TCP 报文段在途中不会合并"),
    (
        "packet {} holds {} octets, more than the {} that the receiver accepts: a network card cut or joined it (offload); on the wire it was about {} segments",
        "第 {} 包有 {} 字节，超过接收方所接受的 {}：是网卡切开或合并的（offload）；在线路上大约是 {} 个报文段",
    ),
    ("in the receiver's buffer: nothing to join, one segment arrived", "接收方的缓冲区：没有可粘的，只到了一个报文段"),
    (
        "in the receiver's buffer: hardly, each segment was answered before the next came",
        "接收方的缓冲区：不大会，每个报文段都在下一个到来之前得到了回答",
    ),
    (
        "in the receiver's buffer: after {} ms {} octets wait together (packets {} and {}); a recv({}) made later than that gets {}, an earlier one gets {}",
        "接收方的缓冲区：{} ms 之后有 {} 字节在一起等待（第 {} 和 {} 包）；晚于此刻的 recv({}) 得到 {}，早于此刻的得到 {}",
    ),
    (
        "1 datagram is 1 message: UDP keeps its borders, whatever the reader asks for",
        "1 个数据报就是 1 条消息：无论读的一方要多少字节，UDP 都保持它的边界",
    ),
    (
        "{} datagrams are {} messages: UDP keeps their borders, whatever the reader asks for",
        "{} 个数据报就是 {} 条消息：不管读的一方要多少，UDP 都保留边界",
    ),
    (
        "{} of them are empty: a real message of 0 octets. TCP has no such thing: an empty send puts nothing on the wire",
        "其中 {} 个是空的：0 字节也是一条真正的消息。TCP 没有这种东西：发送空内容，线路上什么也没有",
    ),
    (
        "packet {}: {} octets did not fit a packet and travelled as IP fragments ({} with an MTU of 1500); the loss of any one loses the whole message",
        "第 {} 包：{} 字节装不进一个包，作为 IP 分片传送（MTU 1500 时是 {} 片）；丢失任何一片，整条消息就丢了",
    ),
    (
        "UDP may lose, repeat or reorder messages; only a number inside the messages would show it",
        "UDP 可能丢失、重复或打乱消息；只有消息里自带编号才看得出来",
    ),
    (
        "packet {}: recvfrom({}) gets {} of {} octets; the other {} are lost, not left for the next call",
        "第 {} 包：recvfrom({}) 得到 {3} 字节中的 {2}；其余 {4} 字节丢失，不会留给下一次调用",
    ),
    // ---- 挑战与回答 ----
    ("B sends {} octets that look random, packet {}: {}", "B 发送 {} 字节，看起来是随机的，第 {} 包：{}"),
    ("A sends {} octets, packet {}, {} ms later: {}", "A 在 {2} ms 后发送 {0} 字节，第 {1} 包：{3}"),
    ("A sends {} octets, packet {}: {}", "A 发送 {} 字节，第 {} 包：{}"),
    (
        "the challenge is the same as in connection {}: an answer heard there can be replayed",
        "挑战与连接 {} 的相同：在那里偷听到的回答可以重放",
    ),
    (
        "the answer is the digest of the challenge under this key: the client knows the key",
        "回答正是用这个密钥对挑战算出的摘要：客户端知道密钥",
    ),
    (
        "the answer has the right length and is not the digest under this key: the client has another key",
        "回答的长度对，却不是用这个密钥算出的摘要：客户端的密钥不同",
    ),
    ("{} octets were expected ({}), {} came", "应有 {} 字节（{}），来了 {}"),
    (
        "B took them for the answer; A has the challenge in its buffer and may take it for a reply",
        "B 把它们当作回答；挑战在 A 的缓冲区里，A 可能把它当作应答",
    ),
    ("A never answered", "A 没有回答"),
    ("B ended the connection at once: the client was turned away", "B 立刻结束了连接：客户端被拒之门外"),
    (
        "what A sent after that met a closed socket: its program sees a reset or a broken pipe, not \"wrong key\"",
        "A 之后发送的遇到了已关闭的套接字：它的程序看到的是复位或管道破裂，而不是“密钥错误”",
    ),
    (
        "only the client is proved, not the server; nothing after this is protected: a man in the middle can take over",
        "只证明了客户端，没有证明服务器；之后的一切都没有保护：中间人可以接管",
    ),
    ("[{} octets, not all captured]", "[{} 字节，没有全部捕获到]"),
    (
        "{}-endian: the first length is {}; {}-endian would make it {}, more than there is",
        "{}-endian：第一个长度是 {}；若按 {}-endian 则是 {}，比实有的还多",
    ),
    (
        "packet {} carries the borders of {} messages: they were joined before they left{}",
        "第 {} 包里有 {} 条消息的边界：它们在发出之前就粘在一起了{}",
    ),
    (", and so do {} more", "，这样的包还有 {} 个"),
    ("A spoke before the challenge had reached it: {} octets{}", "挑战还没有到 A，A 就说话了：{} 字节{}"),
    (
        "A spoke as if it knew of no challenge: {} octets, as long as no digest{}",
        "A 说话时好像不知道有挑战：{} 字节，不是任何摘要的长度{}",
    ),
    (", where {} were expected", "，而应有 {}"),
    (
        "this looks like challenge and response{}; --hmac and --key-file check it",
        "这像是挑战与回答{}；可用 --hmac 和 --key-file 检查",
    ),
    (" (as long as an {} digest)", "（与 {} 摘要一样长）"),
    (" (as long as a {} digest)", "（与 {} 摘要一样长）"),
    ("md5: cannot be checked, the body was not captured whole", "md5：无法检查，正文没有完整捕获到"),
    ("md5 {} of the octets on the wire: equal to the header", "线路上字节的 md5 是 {}：与首部相等"),
    ("md5 of the octets on the wire is {}: NOT what the header promises", "线路上字节的 md5 是 {}：与首部所说的不符"),
];
