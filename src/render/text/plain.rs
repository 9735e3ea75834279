//! The quick way to the lines of the frames that come most: plain ones over IPv4 (see `Frame::is_plain`), printed as lines
//! usually are. Everything in those has a place of its own, and what they say is a handful of numbers.
//!
//! It declines whatever needs more than that. The other way is the truth: a test holds that both write the same.

use super::{Lines, info, pad};
use crate::analysis::Judged;
use crate::base::Seq;
use crate::render::number::{decimal, endpoint_v4, right};
use crate::render::slate::{Slate, Surface as _};
use crate::wire::{PlainV4, TcpFlags};

/// Octets up to the end of a TCP header without options.
const TCP_END: usize = 54;

impl Lines {
    /// Appends the line of a packet; false, with nothing appended, if it is none for this way.
    pub(super) fn plain(&mut self, judged: &Judged<'_, '_>, out: &mut Vec<u8>) -> bool {
        let packet = judged.packet;
        let Some(plain) = packet.frame.plain_v4() else { return false };
        let is_tcp = plain.protocol() == 6;
        let tcp = packet.frame.bytes().first_chunk::<TCP_END>();
        if is_tcp && tcp.is_none() || !is_tcp && has_surplus(&plain) {
            return false;
        }
        let slate = &mut self.slate;
        right(slate, packet.meta.number, super::NUMBER_WIDTH);
        slate.add(b"  ");
        if self.clock.width() > 0 {
            self.clock.write(slate, packet.meta.at);
            slate.add(b"  ");
        }
        let [a, b, c, d, e, f, g, h] = plain.addresses();
        let (source_port, destination_port) = plain.ports();
        let start = slate.len();
        endpoint_v4(slate, [a, b, c, d], source_port);
        pad(slate, start, &mut self.source_width);
        slate.add(" → ".as_bytes());
        let start = slate.len();
        endpoint_v4(slate, [e, f, g, h], destination_port);
        pad(slate, start, &mut self.destination_width);
        slate.put(if is_tcp { *b"  TCP     " } else { *b"  UDP     " }, 2 + self.protocol_width);
        right(slate, u64::from(packet.meta.wire_len), 7);
        slate.add(b"  ");
        let start = slate.len();
        // The arrow between the addresses has three octets and one column.
        self.info_at = start - 2;
        let payload_len = u64::from(packet.frame.payload_len());
        match tcp {
            Some(tcp) if is_tcp => {
                segment(tcp, judged, self.detail.absolute_sequence, payload_len, slate);
                if tcp[47] & 2 != 0
                    && let Some(tcp) = packet.frame.tcp()
                {
                    info::options(tcp, slate);
                }
            }
            _ => {
                slate.add(b"len ");
                decimal(slate, payload_len);
            }
        }
        if !packet.frame.payload().is_empty() {
            let start = out.len() + start;
            slate.move_to(out);
            info::application(&packet.frame, self.detail, &mut self.glance, out);
            self.end(judged, start, out);
            return true;
        }
        // All of these are ASCII, and none ends with a blank.
        if !judged.notes.is_empty() {
            let columns = slate.len() - start;
            slate.put([b' '; super::INFO_WIDTH], super::INFO_WIDTH.saturating_sub(columns));
            self.notes(judged.notes, false, out);
            super::trim(out);
            out.push(b'\n');
            return true;
        }
        slate.add(b"\n");
        slate.move_to(out);
        true
    }
}

/// True if the datagram is longer than UDP says.
#[inline]
fn has_surplus(plain: &PlainV4<'_>) -> bool {
    let octets = plain.octets();
    plain.total_length().wrapping_sub(20) != u16::from_be_bytes([octets[38], octets[39]])
}

/// What a TCP segment says, its options excluded.
#[inline]
fn segment(
    bytes: &[u8; TCP_END],
    judged: &Judged<'_, '_>,
    absolute_sequence: bool,
    payload_len: u64,
    slate: &mut Slate,
) {
    let [.., a, b, c, d, e, f, g, h, i, j, k, l, _, _, _, _] = *bytes;
    let (sequence, acknowledgment) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
    let flags = TcpFlags(u16::from_be_bytes([i, j]) & 0x0fff);
    let bases = judged.context.bases.filter(|_| !absolute_sequence);
    let (Seq(own), Seq(other)) = bases.unwrap_or((Seq(0), Seq(0)));
    info::flag_column(flags, slate);
    slate.add(b"seq ");
    decimal(slate, u64::from(sequence.wrapping_sub(own)));
    if flags.ack() {
        slate.add(b" ack ");
        decimal(slate, u64::from(acknowledgment.wrapping_sub(other)));
    }
    slate.add(b" win ");
    decimal(slate, u64::from(u16::from_be_bytes([k, l])));
    slate.add(b" len ");
    decimal(slate, payload_len);
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::analysis::{Confidence, Context, Entry, Fact, Note, Severity};
    use crate::base::{Rng, Timestamp};
    use crate::packet::{Meta, Packet, RawPacket};
    use crate::render::Renderer as _;
    use crate::render::samples::frame;
    use crate::render::style::Paint;
    use crate::render::text::Detail;
    use crate::render::time::{Clock, TimeStyle};
    use crate::wire::LinkType;

    static SHORT: Entry = Entry { code: "a", rule: "X1", severity: Severity::Note, line: "said", explanation: "" };
    static LONG: Entry = Entry {
        code: "b",
        rule: "X2",
        severity: Severity::Error,
        line: "a sentence that is longer than a piece of text in a phrase is: <alone, >{octets}[, since {since}], {words}",
        explanation: "",
    };

    fn notes(rng: &mut Rng, number: u64) -> Vec<Note> {
        let one = Note::new(&SHORT, number, Timestamp::ZERO);
        let other = Note::new(&LONG, number, Timestamp::ZERO)
            .with("octets", Fact::Octets(rng.next_u64() >> rng.below(64)))
            .with("words", Fact::Text("word ".repeat(rng.below(400) as usize).into()))
            .sure(Confidence::Probable);
        match rng.below(6) {
            0 => vec![one],
            1 => vec![one, other],
            2 => vec![other.with("since", Fact::Packet(number))],
            _ => Vec::new(),
        }
    }

    #[test]
    fn the_quick_way_writes_the_lines_of_the_other() {
        let mut rng = Rng::new(7);
        for absolute_sequence in [false, true] {
            let detail = Detail { absolute_sequence, ..Detail::default() };
            let lines =
                || Lines::new(Clock::new(TimeStyle::default(), TimeZone::UTC, false), detail, Paint::new(false));
            let (mut quick, mut other) = (lines(), lines());
            other.is_usual = false;
            let mut taken = 0;
            for number in 1..=4000 {
                let bytes = frame(&mut rng);
                let at = Timestamp::from_nanos(rng.next_u64() >> 2);
                let wire_len = bytes.len() as u32 + if rng.percent(10.0) { rng.below(100) as u32 } else { 0 };
                let meta = Meta::new(number << rng.below(30), at, LinkType::ETHERNET, wire_len);
                let packet = Packet::decode(RawPacket { meta, bytes: &bytes });
                let bases = rng.percent(50.0).then(|| (Seq(rng.next_u32()), Seq(rng.next_u32())));
                let context = Context { bases, ..Context::default() };
                let notes = notes(&mut rng, number);
                let judged = Judged { packet: &packet, notes: &notes, context };
                let (mut written, mut expected, mut plain) = (b"before\n".to_vec(), b"before\n".to_vec(), Vec::new());
                quick.packet(&judged, &mut written);
                other.packet(&judged, &mut expected);
                taken += u32::from(lines().plain(&judged, &mut plain));
                let late = [Note::new(&SHORT, number, Timestamp::ZERO)];
                quick.add_notes(&late, !notes.is_empty(), &mut written);
                other.add_notes(&late, !notes.is_empty(), &mut expected);
                assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(&expected));
            }
            assert!((2000..4000).contains(&taken), "{taken}");
        }
    }
}
