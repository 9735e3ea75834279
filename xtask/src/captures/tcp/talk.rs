//! A small vocabulary for TCP conversations: two ends, A and B, that say segments to each other past a capture point.
//!
//! Numbers are relative to each side's first; what is not told follows: the sequence number is the next one, the
//! acknowledgment what the other side was heard to send in order. `lost()` says a segment that never passes the capture
//! point, `undelivered()` one that passes and does not arrive.

use netlab::base::MacAddr;
use netlab::wire::TcpFlags;
use netlab::wire::build::{FrameBuilder, Ipv4Fields, Sum, TcpFields, TcpOption};

/// One side of the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}
pub use Side::{A, B};

/// What the conversation has come to on one side.
#[derive(Clone, Debug)]
pub struct End {
    pub mac: [u8; 6],
    pub ip: [u8; 4],
    pub port: u16,
    /// First sequence number.
    pub first: u32,
    /// Next relative sequence number.
    pub next: u32,
    /// Relative number that it expects of the other side.
    pub expects: u32,
    pub identification: u16,
    pub ttl: u8,
    pub window: u16,
    pub sums: Sum,
    /// Timestamp option: value in milliseconds of the conversation, if used.
    pub timestamps: bool,
    /// The value that it echoes.
    pub echo: u32,
}

/// One frame of a capture.
#[derive(Clone, Debug)]
pub struct Frame {
    pub at_us: u64,
    pub octets: Vec<u8>,
    pub wire_len: u32,
}

/// A conversation in the making.
#[derive(Clone, Debug)]
pub struct Talk {
    pub now_us: u64,
    pub ends: [End; 2],
    pub frames: Vec<Frame>,
    /// Labels that netlab must give: packet, code, rule.
    pub labels: Vec<(u64, &'static str, &'static str)>,
    pub vlan: Option<u16>,
    /// Options of both SYNs.
    pub syn_options: [Vec<TcpOption>; 2],
}

/// When the conversations begin: 14 November 2023, 22:13:20 UTC.
pub const START_US: u64 = 1_700_000_000_000_000;

impl Default for Talk {
    fn default() -> Talk {
        Talk::new()
    }
}

impl Talk {
    /// Two ends that have said nothing: MSS 1460 and SACK on both sides, no timestamps, no window scale.
    pub fn new() -> Talk {
        let end = |mac: u8, ip: [u8; 4], port, first, identification| End {
            mac: [0, 0, 0x5e, 0, 0x53, mac],
            ip,
            port,
            first,
            next: 0,
            expects: 0,
            identification,
            ttl: 64,
            window: 64240,
            sums: Sum::Right,
            timestamps: false,
            echo: 0,
        };
        let options = vec![TcpOption::MaximumSegmentSize(1460), TcpOption::SackPermitted];
        Talk {
            now_us: START_US,
            ends: [end(1, [192, 0, 2, 1], 40000, 1_000_000, 100), end(2, [198, 51, 100, 2], 80, 5_000_000, 9000)],
            frames: Vec::new(),
            labels: Vec::new(),
            vlan: None,
            syn_options: [options.clone(), options],
        }
    }

    /// Both sides offer timestamps and use them.
    pub fn with_timestamps(mut self) -> Talk {
        for side in 0..2 {
            self.ends[side].timestamps = true;
        }
        self
    }

    /// Neither side offers SACK.
    pub fn without_sack(mut self) -> Talk {
        for options in &mut self.syn_options {
            options.retain(|option| *option != TcpOption::SackPermitted);
        }
        self
    }

    /// Both sides offer this window scale.
    pub fn with_scale(mut self, shift: u8) -> Talk {
        for options in &mut self.syn_options {
            options.push(TcpOption::WindowScale(shift));
        }
        self
    }

    /// Time passes.
    pub fn wait_us(&mut self, us: u64) -> &mut Talk {
        self.now_us += us;
        self
    }

    /// Time passes.
    pub fn wait(&mut self, ms: u64) -> &mut Talk {
        self.wait_us(ms * 1000)
    }

    /// Somebody says something.
    pub fn say(&mut self, side: Side) -> Saying<'_> {
        let end = &self.ends[side as usize];
        let (next, expects, window) = (end.next, end.expects, end.window);
        Saying {
            talk: self,
            side,
            sequence: next,
            is_next: true,
            acknowledgment: Some(expects),
            flags: TcpFlags(0),
            data: Vec::new(),
            window,
            options: Vec::new(),
            identification: None,
            ttl: None,
            sums: None,
            pad_to: 0,
            is_lost: false,
            arrives: true,
            raw_sequence: None,
            timestamp: None,
        }
    }

    /// A says something.
    pub fn a(&mut self) -> Saying<'_> {
        self.say(A)
    }

    /// B says something.
    pub fn b(&mut self) -> Saying<'_> {
        self.say(B)
    }

    /// The three-way handshake, with `rtt_us` between its first and its last step, nine tenths of it towards B: the
    /// capture is made near A.
    pub fn open(&mut self, rtt_us: u64) -> &mut Talk {
        self.a().syn().go();
        self.wait_us(rtt_us / 10 * 9);
        self.b().syn().go();
        self.wait_us(rtt_us / 10);
        self.a().go();
        self
    }

    /// The four-segment close, A first, `gap_us` between its steps.
    pub fn close(&mut self, gap_us: u64) -> &mut Talk {
        self.wait_us(gap_us).a().fin().go();
        self.wait_us(gap_us).b().go();
        self.wait_us(gap_us).b().fin().go();
        self.wait_us(gap_us).a().go();
        self
    }

    /// The last frame must get this label by this rule.
    pub fn is(&mut self, code: &'static str, rule: &'static str) -> &mut Talk {
        self.labels.push((self.frames.len() as u64, code, rule));
        self
    }

    /// That frame must get this label.
    pub fn that_is(&mut self, packet: u64, code: &'static str, rule: &'static str) -> &mut Talk {
        self.labels.push((packet, code, rule));
        self
    }

    /// Adds a frame that is no segment of the two ends.
    pub fn frame(&mut self, octets: Vec<u8>) -> &mut Talk {
        let wire_len = octets.len() as u32;
        self.frames.push(Frame { at_us: self.now_us, octets, wire_len });
        self
    }
}

/// A segment in the making.
pub struct Saying<'t> {
    talk: &'t mut Talk,
    side: Side,
    sequence: u32,
    is_next: bool,
    acknowledgment: Option<u32>,
    flags: TcpFlags,
    data: Vec<u8>,
    window: u16,
    options: Vec<TcpOption>,
    identification: Option<u16>,
    ttl: Option<u8>,
    sums: Option<Sum>,
    pad_to: usize,
    is_lost: bool,
    arrives: bool,
    raw_sequence: Option<u32>,
    timestamp: Option<(u32, u32)>,
}

impl<'t> Saying<'t> {
    /// With SYN and the side's options; with ACK too once the other side's SYN was heard.
    pub fn syn(mut self) -> Self {
        self.flags = self.flags | TcpFlags::SYN;
        if self.talk.ends[self.side as usize].expects == 0 {
            self.acknowledgment = None;
        }
        self.options.extend(self.talk.syn_options[self.side as usize].clone());
        self
    }

    pub fn fin(mut self) -> Self {
        self.flags = self.flags | TcpFlags::FIN;
        self
    }

    pub fn rst(mut self) -> Self {
        self.flags = self.flags | TcpFlags::RST;
        self
    }

    pub fn flags(mut self, flags: TcpFlags) -> Self {
        self.flags = self.flags | flags;
        self
    }

    pub fn data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    /// `len` octets whose values follow from their place in the stream.
    pub fn octets(mut self, len: usize) -> Self {
        let start = self.sequence as usize;
        self.data = (start..start + len).map(|at| (at % 251) as u8).collect();
        self
    }

    /// At this relative number instead of the next.
    pub fn at(mut self, sequence: u32) -> Self {
        self.sequence = sequence;
        self.is_next = false;
        self
    }

    /// With this number as it stands on the wire.
    pub fn at_raw(mut self, sequence: u32) -> Self {
        self.raw_sequence = Some(sequence);
        self.is_next = false;
        self
    }

    /// Acknowledges this relative number.
    pub fn ack(mut self, acknowledgment: u32) -> Self {
        self.acknowledgment = Some(acknowledgment);
        self
    }

    /// Without ACK.
    pub fn no_ack(mut self) -> Self {
        self.acknowledgment = None;
        self
    }

    pub fn window(mut self, window: u16) -> Self {
        self.window = window;
        self
    }

    /// Selective acknowledgments, by relative numbers of the other side.
    pub fn sack(mut self, blocks: &[(u32, u32)]) -> Self {
        let first = self.talk.ends[1 - self.side as usize].first;
        let blocks = blocks.iter().map(|(l, r)| (first.wrapping_add(*l), first.wrapping_add(*r))).collect();
        self.options.push(TcpOption::NoOperation);
        self.options.push(TcpOption::NoOperation);
        self.options.push(TcpOption::Sack(blocks));
        self
    }

    pub fn option(mut self, option: TcpOption) -> Self {
        self.options.push(option);
        self
    }

    pub fn id(mut self, identification: u16) -> Self {
        self.identification = Some(identification);
        self
    }

    pub fn ttl(mut self, ttl: u8) -> Self {
        self.ttl = Some(ttl);
        self
    }

    pub fn padded(mut self, len: usize) -> Self {
        self.pad_to = len;
        self
    }

    /// Does not pass the capture point, and does not arrive.
    pub fn lost(mut self) -> &'t mut Talk {
        self.is_lost = true;
        self.arrives = false;
        self.go()
    }

    /// Passes the capture point and does not arrive.
    pub fn undelivered(mut self) -> &'t mut Talk {
        self.arrives = false;
        self.go()
    }

    /// Arrives without passing the capture point.
    pub fn unseen(mut self) -> &'t mut Talk {
        self.is_lost = true;
        self.go()
    }

    /// Says it.
    pub fn go(self) -> &'t mut Talk {
        let octets = self.build();
        let (us, them) = (self.side as usize, 1 - self.side as usize);
        let len = self.data.len() as u32 + u32::from(self.flags.syn()) + u32::from(self.flags.fin());
        let stamp = ((self.talk.now_us - START_US) / 1000) as u32 + 1000;
        let end = &mut self.talk.ends[us];
        end.identification = end.identification.wrapping_add(1);
        if self.is_next {
            end.next = end.next.wrapping_add(len);
        }
        let heard = &mut self.talk.ends[them];
        if self.arrives && self.raw_sequence.is_none() {
            let reach = self.sequence.wrapping_add(len);
            if self.sequence <= heard.expects && reach > heard.expects {
                heard.expects = reach;
                heard.echo = stamp;
            }
        }
        if !self.is_lost {
            let wire_len = octets.len() as u32;
            self.talk.frames.push(Frame { at_us: self.talk.now_us, octets, wire_len });
        }
        self.talk
    }

    fn build(&self) -> Vec<u8> {
        let talk = &*self.talk;
        let (us, them) = (&talk.ends[self.side as usize], &talk.ends[1 - self.side as usize]);
        let sequence = self.raw_sequence.unwrap_or_else(|| us.first.wrapping_add(self.sequence));
        let mut tcp = TcpFields::new(us.port, them.port).sequence(sequence).flags(self.flags).window(self.window);
        if let Some(acknowledgment) = self.acknowledgment {
            tcp = tcp.acknowledgment(them.first.wrapping_add(acknowledgment));
        }
        if us.timestamps || self.timestamp.is_some() {
            let stamp = ((talk.now_us - START_US) / 1000) as u32 + 1000;
            let (value, echo) = self.timestamp.unwrap_or((stamp, us.echo));
            tcp = tcp
                .option(TcpOption::NoOperation)
                .option(TcpOption::NoOperation)
                .option(TcpOption::Timestamps(value, echo));
        }
        for option in &self.options {
            tcp = tcp.option(option.clone());
        }
        tcp = tcp.checksum(self.sums.unwrap_or(us.sums));
        let identification = self.identification.unwrap_or(us.identification);
        let ip = Ipv4Fields::new(us.ip, them.ip)
            .identification(identification)
            .ttl(self.ttl.unwrap_or(us.ttl))
            .dont_fragment();
        let mut frame = FrameBuilder::ethernet(MacAddr(us.mac), MacAddr(them.mac));
        if let Some(vlan) = talk.vlan {
            frame = frame.vlan(vlan);
        }
        frame.ipv4(ip).tcp(tcp).payload(&self.data).padded(self.pad_to).finish()
    }
}
