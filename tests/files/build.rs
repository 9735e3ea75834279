//! Capture files made octet by octet, right and wrong ones.

/// The byte order of a file or section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Little,
    Big,
}

impl Order {
    pub fn u16(self, number: u16) -> [u8; 2] {
        if self == Order::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub fn u32(self, number: u32) -> [u8; 4] {
        if self == Order::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub fn u64(self, number: u64) -> [u8; 8] {
        if self == Order::Big { number.to_be_bytes() } else { number.to_le_bytes() }
    }
}

pub const BOTH: [Order; 2] = [Order::Little, Order::Big];

/// Microseconds.
pub const MICRO: u32 = 0xa1b2_c3d4;
/// Nanoseconds.
pub const NANO: u32 = 0xa1b2_3c4d;
/// The "modified" format: eight more octets in each record header.
pub const MODIFIED: u32 = 0xa1b2_cd34;

/// An Ethernet frame of `len` octets (14 at least) with an EtherType for experiments, told apart by `seed`.
pub fn frame(seed: u8, len: usize) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5];
    frame.extend((frame.len()..len).map(|index| seed.wrapping_add(index as u8)));
    frame.truncate(len);
    frame
}

/// A pcap file.
#[derive(Clone, Debug)]
pub struct Pcap {
    order: Order,
    magic: u32,
    pub octets: Vec<u8>,
}

impl Pcap {
    pub fn new(order: Order, magic: u32) -> Pcap {
        Pcap::with_header(order, magic, (2, 4), 65_535, 1)
    }

    pub fn with_header(order: Order, magic: u32, version: (u16, u16), snaplen: u32, network: u32) -> Pcap {
        let mut octets = order.u32(magic).to_vec();
        octets.extend(order.u16(version.0));
        octets.extend(order.u16(version.1));
        octets.extend([0; 8]);
        octets.extend(order.u32(snaplen));
        octets.extend(order.u32(network));
        Pcap { order, magic, octets }
    }

    /// A whole packet.
    pub fn packet(self, seconds: u32, ticks: u32, data: &[u8]) -> Pcap {
        let len = data.len() as u32;
        self.record(seconds, ticks, len, len, data)
    }

    /// A record of any lengths.
    pub fn record(mut self, seconds: u32, ticks: u32, captured: u32, original: u32, data: &[u8]) -> Pcap {
        for number in [seconds, ticks, captured, original] {
            self.octets.extend(self.order.u32(number));
        }
        if self.magic == MODIFIED {
            self.octets.extend([0, 0, 0, 7, 8, 0, 4, 0]);
        }
        self.octets.extend_from_slice(data);
        self
    }
}

/// A pcapng file.
#[derive(Clone, Debug)]
pub struct Pcapng {
    order: Order,
    pub octets: Vec<u8>,
}

/// Options of a block: code and value.
pub type Options<'a> = &'a [(u16, &'a [u8])];

impl Pcapng {
    pub fn new(order: Order) -> Pcapng {
        Pcapng { order, octets: Vec::new() }.section(order, &[])
    }

    pub fn section(mut self, order: Order, options: Options) -> Pcapng {
        self.order = order;
        let mut body = order.u32(0x1a2b_3c4d).to_vec();
        body.extend(order.u16(1));
        body.extend(order.u16(0));
        body.extend([0xff; 8]);
        body.extend(self.options(options));
        self.block(0x0a0d_0d0a, &body)
    }

    pub fn interface(self, link: u16, snaplen: u32, options: Options) -> Pcapng {
        let mut body = self.order.u16(link).to_vec();
        body.extend([0, 0]);
        body.extend(self.order.u32(snaplen));
        body.extend(self.options(options));
        self.block(1, &body)
    }

    pub fn packet(self, interface: u32, ticks: u64, data: &[u8], options: Options) -> Pcapng {
        let len = data.len() as u32;
        self.enhanced(interface, ticks, len, len, data, options)
    }

    /// An Enhanced Packet Block of any lengths.
    pub fn enhanced(
        self,
        interface: u32,
        ticks: u64,
        captured: u32,
        original: u32,
        data: &[u8],
        options: Options,
    ) -> Pcapng {
        let mut body = Vec::new();
        for number in [interface, (ticks >> 32) as u32, ticks as u32, captured, original] {
            body.extend(self.order.u32(number));
        }
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.options(options));
        self.block(6, &body)
    }

    /// An obsolete Packet Block.
    pub fn obsolete(self, interface: u16, lost: u16, ticks: u64, data: &[u8], options: Options) -> Pcapng {
        let mut body = self.order.u16(interface).to_vec();
        body.extend(self.order.u16(lost));
        let len = data.len() as u32;
        for number in [(ticks >> 32) as u32, ticks as u32, len, len] {
            body.extend(self.order.u32(number));
        }
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(4), 0);
        body.extend(self.options(options));
        self.block(2, &body)
    }

    /// A Simple Packet Block.
    pub fn simple(self, original: u32, data: &[u8]) -> Pcapng {
        let mut body = self.order.u32(original).to_vec();
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(4), 0);
        self.block(3, &body)
    }

    pub fn statistics(self, interface: u32, options: Options) -> Pcapng {
        let mut body = self.order.u32(interface).to_vec();
        body.extend([0; 8]);
        body.extend(self.options(options));
        self.block(5, &body)
    }

    /// Any block.
    pub fn block(mut self, kind: u32, body: &[u8]) -> Pcapng {
        let len = self.order.u32(body.len() as u32 + 12);
        self.octets.extend(self.order.u32(kind));
        self.octets.extend(len);
        self.octets.extend_from_slice(body);
        self.octets.extend(len);
        self
    }

    fn options(&self, options: Options) -> Vec<u8> {
        let mut octets = Vec::new();
        for (code, value) in options {
            octets.extend(self.order.u16(*code));
            octets.extend(self.order.u16(value.len() as u16));
            octets.extend_from_slice(value);
            octets.resize(octets.len().next_multiple_of(4), 0);
        }
        if !options.is_empty() {
            octets.extend([0; 4]);
        }
        octets
    }
}

/// A file of every kind, with three or more packets each.
pub fn one_of_each() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for order in BOTH {
        for (name, magic) in [("micro", MICRO), ("nano", NANO), ("modified", MODIFIED)] {
            let pcap = Pcap::new(order, magic)
                .packet(1_700_000_000, 1, &frame(1, 60))
                .packet(1_700_000_000, 999_999, &frame(2, 61))
                .record(1_700_000_001, 5, 20, 1514, &frame(3, 20))
                .packet(1_700_000_002, 0, &[]);
            files.push((format!("pcap {name} {order:?}"), pcap.octets));
        }
        let base = 1_700_000_000_000_000;
        let pcapng = Pcapng::new(order)
            .interface(1, 65_535, &[(2, b"eth0"), (3, b"the first"), (9, &[6])])
            .interface(113, 96, &[(2, b"any"), (9, &[9]), (14, &order.u64(5))])
            .packet(0, base, &frame(1, 60), &[(1, b"a comment"), (2, &order.u32(1))])
            .packet(1, base * 1000, &frame(2, 33), &[(2, &order.u32(2))])
            .block(4, &[0, 0, 0, 0])
            .simple(30, &frame(3, 30))
            .obsolete(0, 3, base + 7, &frame(4, 41), &[(2, &order.u32(2))])
            .block(0x8000_0001, &[0; 40])
            .enhanced(0, base + 9, 20, 1514, &frame(5, 20), &[(4, &order.u64(2))])
            .statistics(0, &[(4, &order.u64(100)), (5, &order.u64(7))]);
        files.push((format!("pcapng {order:?}"), pcapng.octets));
    }
    let mixed = Pcapng::new(Order::Big)
        .interface(1, 0, &[])
        .packet(0, 1_700_000_000_000_000, &frame(1, 60), &[])
        .section(Order::Little, &[(1, b"the second section")])
        .interface(1, 0, &[(9, &[3])])
        .packet(0, 1_700_000_001_000, &frame(2, 60), &[])
        .section(Order::Big, &[])
        .interface(101, 0, &[])
        .packet(0, 1_700_000_002_000_000, &[0x45, 0, 0, 20], &[]);
    files.push(("pcapng of mixed order".to_owned(), mixed.octets));
    files
}
