//! Captures to measure with: the same octets on every machine.
//!
//! *Large*: TCP connections from handshake to close, most answers short and a few of megabytes, a little lost, repeated
//! and out of order, a tenth DNS-like UDP, some ARP. *Small*: packets of 60 to 100 octets of many flows, most of them of
//! a tenth of the flows; two thirds are TCP, of connections that began before.

use std::path::Path;

use netlab::base::{MacAddr, Rng, Timestamp};
use netlab::capture::{self, Format, OpenOptions, WriteOptions, Writer};
use netlab::packet::{Meta, PacketSource as _, RawPacket};
use netlab::wire::build::{ArpFields, FrameBuilder, Ipv4Fields, TcpFields, TcpOption, UdpFields};
use netlab::wire::{LinkType, TcpFlags};

const CLIENT_MAC: MacAddr = MacAddr([0x00, 0x00, 0x5e, 0x00, 0x53, 0x01]);
const ROUTER_MAC: MacAddr = MacAddr([0x00, 0x00, 0x5e, 0x00, 0x53, 0x02]);
/// The first moment of a capture: 2024-01-01.
const EPOCH_NANOS: u64 = 1_704_067_200_000_000_000;
/// The largest data of a segment on Ethernet with timestamps.
const SEGMENT_LEN: u32 = 1448;
/// Connections that are open at the same time.
const AT_ONCE: usize = 200;

/// Packets of a capture.
pub fn count(path: &Path) -> anyhow::Result<u64> {
    let mut source = capture::open(&[path], &OpenOptions::default())?;
    while source.next_item()?.is_some() {}
    Ok(source.captures().iter().map(|capture| capture.packets).sum())
}

/// Writes a capture of `connections` connections; gives its number of packets.
pub fn large(path: &Path, connections: u32) -> anyhow::Result<u64> {
    let mut tape = Tape::create(path)?;
    let mut open: Vec<Connection> = Vec::new();
    let mut begun = 0;
    while begun < connections || !open.is_empty() {
        if begun < connections && (open.len() < AT_ONCE || tape.rng.percent(2.0)) {
            open.push(Connection::new(begun, &mut tape.rng));
            begun += 1;
        }
        tape.wait(5_000, 60_000);
        match tape.rng.below(1000) {
            0..50 => tape.query()?,
            50 => tape.arp()?,
            _ => {}
        }
        let index = tape.rng.below(open.len() as u64) as usize;
        if open[index].step(&mut tape)? {
            open.swap_remove(index);
        }
    }
    tape.finish()
}

/// Writes a capture of `packets` small packets.
pub fn small(path: &Path, packets: u64) -> anyhow::Result<u64> {
    const FLOWS: u64 = 200_000;
    let mut tape = Tape::create(path)?;
    // What each side of a flow sends next: its numbers go on as those of any connection.
    let mut next: Vec<[u32; 2]> = (0..FLOWS as u32).map(|flow| [flow.wrapping_mul(77_003), !flow]).collect();
    for _ in 0..packets {
        tape.wait(500, 18_000);
        let few = tape.rng.percent(80.0);
        let flow = tape.rng.below(if few { FLOWS / 10 } else { FLOWS });
        // The addresses and ports of a flow follow from its number.
        let mut of_flow = Rng::new(flow);
        let (client, server) = (client(of_flow.below(4000) as u32), server(of_flow.below(200) as u32));
        let (client_port, server_port) = (1024 + of_flow.below(60_000) as u16, [80, 443, 53, 5060][flow as usize % 4]);
        let inbound = tape.rng.percent(50.0);
        let ends = if inbound { (server, client) } else { (client, server) };
        let ports = if inbound { (server_port, client_port) } else { (client_port, server_port) };
        let payload = vec![flow as u8; tape.rng.below(40) as usize];
        let frame = tape.frame(inbound).ipv4(Ipv4Fields::new(ends.0, ends.1));
        let frame = if flow % 3 == 0 {
            frame.udp(UdpFields::new(ports.0, ports.1))
        } else {
            let (sent, received) = (usize::from(inbound), usize::from(!inbound));
            let numbers = &mut next[flow as usize];
            let tcp = TcpFields::new(ports.0, ports.1).flags(TcpFlags::ACK).window(501);
            let tcp = tcp.sequence(numbers[sent]).acknowledgment(numbers[received]);
            numbers[sent] = numbers[sent].wrapping_add(payload.len() as u32);
            frame.tcp(tcp)
        };
        tape.record(&frame.payload(&payload).padded(60).finish())?;
    }
    tape.finish()
}

fn client(number: u32) -> [u8; 4] {
    [10, 0, (number >> 8) as u8, number as u8]
}

fn server(number: u32) -> [u8; 4] {
    [198, 18, (number >> 8) as u8, number as u8]
}

/// A capture in the making.
struct Tape {
    writer: Writer,
    rng: Rng,
    nanos: u64,
    packets: u64,
}

impl Tape {
    fn create(path: &Path) -> anyhow::Result<Tape> {
        let options = WriteOptions { format: Some(Format::Pcap), ..WriteOptions::default() };
        Ok(Tape { writer: Writer::create(path, options)?, rng: Rng::new(1), nanos: EPOCH_NANOS, packets: 0 })
    }

    fn wait(&mut self, least: u64, most: u64) {
        self.nanos += least + self.rng.below(most - least);
    }

    fn frame(&self, inbound: bool) -> FrameBuilder {
        let (source, destination) = if inbound { (ROUTER_MAC, CLIENT_MAC) } else { (CLIENT_MAC, ROUTER_MAC) };
        FrameBuilder::ethernet(source, destination)
    }

    fn record(&mut self, frame: &[u8]) -> anyhow::Result<()> {
        self.packets += 1;
        let at = Timestamp::from_nanos(self.nanos);
        let meta = Meta::new(self.packets, at, LinkType::ETHERNET, frame.len() as u32);
        self.writer.packet(&RawPacket { meta, bytes: frame }, &[""; 0])?;
        Ok(())
    }

    /// A DNS query for a host of example.com and its answer.
    fn query(&mut self) -> anyhow::Result<()> {
        let client = client(self.rng.below(400) as u32);
        let resolver = [10, 0, 254, 1];
        let port = 20_000 + self.rng.below(40_000) as u16;
        let mut message = (self.rng.next_u32() as u16).to_be_bytes().to_vec();
        message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        let host = format!("h{}", self.rng.below(5000));
        for label in [host.as_str(), "example", "com", ""] {
            message.push(label.len() as u8);
            message.extend(label.as_bytes());
        }
        message.extend([0, 1, 0, 1]);
        let query = self.frame(false).ipv4(Ipv4Fields::new(client, resolver)).udp(UdpFields::new(port, 53));
        self.record(&query.payload(&message).padded(60).finish())?;
        self.wait(30_000, 70_000);
        message[2..4].copy_from_slice(&[0x81, 0x80]);
        message[7] = 1;
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 198, 51, 100, self.rng.next_u32() as u8]);
        let answer = self.frame(true).ipv4(Ipv4Fields::new(resolver, client)).udp(UdpFields::new(53, port));
        self.record(&answer.payload(&message).padded(60).finish())
    }

    fn arp(&mut self) -> anyhow::Result<()> {
        let question = ArpFields::request(ROUTER_MAC, [10, 0, 0, 254], client(self.rng.below(400) as u32));
        self.record(&FrameBuilder::ethernet(ROUTER_MAC, MacAddr::BROADCAST).arp(question).padded(60).finish())
    }

    fn finish(self) -> anyhow::Result<u64> {
        self.writer.finish()?;
        Ok(self.packets)
    }
}

/// A TCP connection: handshake, one request, one answer, close from both sides.
struct Connection {
    ends: [([u8; 4], u16); 2],
    next: [u32; 2],
    request: u32,
    answer: u32,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Syn,
    SynAck,
    Ack,
    Request,
    Answer,
    Close(u8),
}

impl Connection {
    fn new(number: u32, rng: &mut Rng) -> Connection {
        let server_port = [443, 443, 443, 80, 80, 8080, 22, 25][rng.below(8) as usize];
        // Most answers are some thousand octets, a few are megabytes.
        let answer = (2150.0 * (1.0 / (rng.below(1 << 30) as f64 + 1.0) * (1 << 30) as f64).powf(0.83)) as u32;
        Connection {
            ends: [
                (client(rng.below(400) as u32), 1024 + (number.wrapping_mul(7919) % 64_000) as u16),
                (server(rng.below(200) as u32), server_port),
            ],
            next: [rng.next_u32(), rng.next_u32()],
            request: 180 + rng.below(700) as u32,
            answer: answer.min(4_000_000),
            stage: Stage::Syn,
        }
    }

    /// Does the next thing; true when all is done.
    fn step(&mut self, tape: &mut Tape) -> anyhow::Result<bool> {
        self.stage = match self.stage {
            Stage::Syn => {
                self.segment(tape, 0, TcpFlags::SYN, 0)?;
                self.next[0] = self.next[0].wrapping_add(1);
                Stage::SynAck
            }
            Stage::SynAck => {
                self.segment(tape, 1, TcpFlags::SYN | TcpFlags::ACK, 0)?;
                self.next[1] = self.next[1].wrapping_add(1);
                Stage::Ack
            }
            Stage::Ack => {
                self.segment(tape, 0, TcpFlags::ACK, 0)?;
                Stage::Request
            }
            Stage::Request => {
                self.segment(tape, 0, TcpFlags::PSH | TcpFlags::ACK, self.request)?;
                self.next[0] = self.next[0].wrapping_add(self.request);
                tape.wait(20_000, 40_000);
                self.segment(tape, 1, TcpFlags::ACK, 0)?;
                Stage::Answer
            }
            Stage::Answer => {
                self.burst(tape)?;
                if self.answer == 0 { Stage::Close(0) } else { Stage::Answer }
            }
            Stage::Close(side @ 0..=1) => {
                let side = usize::from(side);
                self.segment(tape, side, TcpFlags::FIN | TcpFlags::ACK, 0)?;
                self.next[side] = self.next[side].wrapping_add(1);
                tape.wait(20_000, 40_000);
                self.segment(tape, 1 - side, TcpFlags::ACK, 0)?;
                Stage::Close(side as u8 + 1)
            }
            Stage::Close(_) => return Ok(true),
        };
        Ok(false)
    }

    /// A few segments of the answer and an acknowledgment; now and then one is repeated or comes late.
    fn burst(&mut self, tape: &mut Tape) -> anyhow::Result<()> {
        for _ in 0..2 + tape.rng.below(4) {
            let len = self.answer.min(SEGMENT_LEN);
            if len == 0 {
                break;
            }
            self.answer -= len;
            let late = tape.rng.below(500) == 0 && self.answer >= SEGMENT_LEN;
            let flags = if self.answer == 0 { TcpFlags::PSH | TcpFlags::ACK } else { TcpFlags::ACK };
            if late {
                self.next[1] = self.next[1].wrapping_add(len);
                self.segment(tape, 1, TcpFlags::ACK, SEGMENT_LEN)?;
                self.next[1] = self.next[1].wrapping_sub(len);
            }
            self.segment(tape, 1, flags, len)?;
            if tape.rng.below(300) == 0 {
                tape.wait(3_000, 4_000);
                self.segment(tape, 1, flags, len)?;
            }
            self.next[1] = self.next[1].wrapping_add(len);
            if late {
                self.next[1] = self.next[1].wrapping_add(SEGMENT_LEN);
                self.answer -= SEGMENT_LEN;
            }
            tape.wait(1_000, 3_000);
        }
        tape.wait(10_000, 20_000);
        self.segment(tape, 0, TcpFlags::ACK, 0)
    }

    fn segment(&self, tape: &mut Tape, side: usize, flags: TcpFlags, len: u32) -> anyhow::Result<()> {
        let (source, destination) = (self.ends[side], self.ends[1 - side]);
        let millis = ((tape.nanos - EPOCH_NANOS) / 1_000_000) as u32;
        let is_syn = flags.contains(TcpFlags::SYN);
        let has_ack = flags.contains(TcpFlags::ACK);
        let mut tcp = TcpFields::new(source.1, destination.1)
            .flags(flags)
            .sequence(self.next[side])
            .window(if is_syn { 64_240 } else { 501 });
        if has_ack {
            tcp = tcp.acknowledgment(self.next[1 - side]);
        }
        if is_syn {
            tcp = tcp.option(TcpOption::MaximumSegmentSize(1460)).option(TcpOption::SackPermitted);
        } else {
            tcp = tcp.option(TcpOption::NoOperation).option(TcpOption::NoOperation);
        }
        let echo = if has_ack { millis.wrapping_sub(5) } else { 0 };
        tcp = tcp.option(TcpOption::Timestamps(millis + side as u32 * 7_777_777, echo));
        if is_syn {
            tcp = tcp.option(TcpOption::NoOperation).option(TcpOption::WindowScale(7));
        }
        let mut payload = vec![0; len as usize];
        let mut octets = Rng::new(u64::from(self.next[side]));
        for eight in payload.chunks_mut(8) {
            eight.copy_from_slice(&octets.next_u64().to_le_bytes()[..eight.len()]);
        }
        let ip = Ipv4Fields::new(source.0, destination.0).identification(tape.packets as u16).dont_fragment();
        tape.record(&tape.frame(side == 1).ipv4(ip).tcp(tcp).payload(&payload).finish())
    }
}

#[cfg(test)]
mod tests {
    use netlab::packet::{Item, Packet};

    use super::*;

    #[test]
    fn every_connection_of_the_large_capture_opens_in_three_steps() {
        const CONNECTIONS: u32 = 20;
        let path = std::env::temp_dir().join(format!("netlab-bench-{}.pcap", std::process::id()));
        large(&path, CONNECTIONS).expect("a capture");
        let mut source = capture::open(&[&path], &OpenOptions::default()).expect("it is there");
        let (mut first, mut second) = (0, 0);
        while let Some(item) = source.next_item().expect("it is whole") {
            let Item::Packet(raw) = item else { continue };
            let packet = Packet::decode(raw);
            let Some(tcp) = packet.frame.tcp() else { continue };
            first += u32::from(tcp.flags() == TcpFlags::SYN);
            second += u32::from(tcp.flags() == TcpFlags::SYN | TcpFlags::ACK);
        }
        drop(source);
        std::fs::remove_file(&path).expect("it can go");
        assert_eq!((first, second), (CONNECTIONS, CONNECTIONS));
    }
}
