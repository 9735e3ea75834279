//! The report on connections: plain data, in the shape that `docs/OUTPUT.md` promises.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use super::connection::{Connection, INITIATOR, RESPONDER, Side};
use super::half::{Half, Origin};
use super::opening::OpeningKind;
use super::state::State;
use super::zeek;
use crate::base::limits::TCP_TIME_WAIT_NANOS;

/// Something known of both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct BySide<T> {
    /// Of the initiator, or of what it sent.
    pub initiator: T,
    /// Of the responder, or of what it sent.
    pub responder: T,
}

impl<T> BySide<T> {
    fn of(mut make: impl FnMut(Side) -> T) -> BySide<T> {
        BySide { initiator: make(INITIATOR), responder: make(RESPONDER) }
    }

    /// Both, initiator first.
    pub fn both(&self) -> [&T; 2] {
        [&self.initiator, &self.responder]
    }
}

/// One end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
}

/// Everything concluded of one connection.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectionReport {
    /// Counted from 0 in the order of first packets.
    pub id: u64,
    /// Who asked for the connection.
    pub initiator: Endpoint,
    /// Who was asked.
    pub responder: Endpoint,
    /// `seen` if a SYN told who is who, else `guessed`.
    pub roles: &'static str,
    /// Packets that count, by sender; those captured twice do not.
    pub packets: BySide<u64>,
    /// Octets of data in these packets, also those sent again.
    pub payload_octets: BySide<u64>,
    /// Octets of the stream, each counted once.
    pub stream_octets: BySide<u64>,
    /// The first packet.
    pub first_packet: u64,
    /// When it was captured, in nanoseconds since 1970.
    pub first_ns: u64,
    /// When the last packet was captured.
    pub last_ns: u64,
    /// How it began.
    pub opening: OpeningReport,
    /// How it ended.
    pub closing: ClosingReport,
    /// RFC 9293 states at the end of the capture.
    pub states: BySide<&'static str>,
    /// How often each event was seen.
    pub counts: BTreeMap<&'static str, u64>,
    /// Round trips, if there were samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip: Option<RoundTripReport>,
    /// Losses and repairs of what each side sent.
    pub repairs: BySide<RepairReport>,
    /// Windows that each side's sending met.
    pub windows: BySide<WindowReport>,
    /// Where the time went, for each direction with more than one data segment.
    pub time: TimeReport,
    /// What the SYNs offered, where they were seen.
    pub options: OptionReport,
    /// True if only one direction was captured.
    pub is_one_sided: bool,
    /// Zeek's letters for it, as `conn.log` has them.
    pub zeek: ZeekReport,
}

/// How a connection began.
#[derive(Clone, Debug, Serialize)]
pub struct OpeningReport {
    /// `three-way`, `simultaneous`, `split`, `refused`, `rejected`, `unanswered`, `half-open`, `withdrawn`,
    /// `not-captured`.
    pub kind: &'static str,
    /// The packets of its steps that were seen.
    pub packets: Vec<u64>,
    /// The round trip of the handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ns: Option<u64>,
    /// How often the SYN was sent.
    pub syns: u64,
    /// Why ICMP says it could not be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<&'static str>,
    /// The connection before it between the same sockets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former: Option<u64>,
}

/// How a connection ended.
#[derive(Clone, Debug, Serialize)]
pub struct ClosingReport {
    /// `four-segment`, `three-segment`, `simultaneous`, `one-sided`, `reset`, `open`.
    pub kind: &'static str,
    /// `initiator`, `responder` or `both`: who sent the first FIN, or the reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_by: Option<&'static str>,
    /// True if new data came after the other side's FIN, with proof.
    pub half_close: bool,
    /// Octets of that data.
    #[serde(skip_serializing_if = "is_zero")]
    pub half_close_octets: u64,
    /// How long after the FIN the last of it came.
    #[serde(skip_serializing_if = "is_zero")]
    pub half_close_ns: u64,
    /// The packets of its steps that were seen, and of the reset.
    pub packets: Vec<u64>,
    /// `initiator`, `responder`, `both` or `none`.
    pub time_wait: &'static str,
    /// Until when, if the holder runs Linux.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_wait_until_ns: Option<u64>,
    /// True if the last acknowledgment is missing (rule T11).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub last_ack_missing: bool,
}

/// Round-trip times in nanoseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RoundTripReport {
    /// The least of the whole path: the sum of both halves' least.
    pub min_ns: u64,
    /// Smoothed as RFC 6298 says.
    pub smoothed_ns: u64,
    /// From the capture point to the initiator and back, the least.
    pub to_initiator_ns: u64,
    /// From the capture point to the responder and back, the least.
    pub to_responder_ns: u64,
    /// `initiator`, `responder` or `between`: where the capture was made, as the halves suggest.
    pub captured_near: &'static str,
    /// Number of samples.
    pub samples: u64,
}

/// Losses and repairs of one direction; in JSON what is 0 is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RepairReport {
    /// Segments sent again, as far as they are known to be.
    #[serde(skip_serializing_if = "is_zero")]
    pub retransmitted_segments: u64,
    /// Their octets.
    #[serde(skip_serializing_if = "is_zero")]
    pub retransmitted_octets: u64,
    /// Of these, proved or probably unneeded.
    #[serde(skip_serializing_if = "is_zero")]
    pub unneeded_segments: u64,
    /// Fast recoveries begun.
    #[serde(skip_serializing_if = "is_zero")]
    pub fast: u64,
    /// Timeouts.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeouts: u64,
    /// Tail-loss probes.
    #[serde(skip_serializing_if = "is_zero")]
    pub tail_probes: u64,
    /// Segments reordered on the way.
    #[serde(skip_serializing_if = "is_zero")]
    pub out_of_order: u64,
    /// Segments of which nobody knows whether they were late or sent again.
    #[serde(skip_serializing_if = "is_zero")]
    pub undecided: u64,
    /// Octets delivered but not captured.
    #[serde(skip_serializing_if = "is_zero")]
    pub delivered_unseen_octets: u64,
    /// Octets missing and neither acknowledged nor seen.
    #[serde(skip_serializing_if = "is_zero")]
    pub missing_octets: u64,
}

/// Windows of one direction: what its receiver allowed; in JSON what is 0 is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WindowReport {
    /// Episodes with a window of zero.
    #[serde(skip_serializing_if = "is_zero")]
    pub zero_windows: u64,
    /// How long they lasted in all.
    #[serde(skip_serializing_if = "is_zero")]
    pub zero_window_ns: u64,
    /// Probes sent meanwhile.
    #[serde(skip_serializing_if = "is_zero")]
    pub probes: u64,
    /// Shift of the receiver's windows, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    /// Where it is not known: the least that fits what was in flight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_at_least: Option<u8>,
    /// The most octets under way at once, as seen where the capture was made: near the receiver that is little.
    #[serde(skip_serializing_if = "is_zero")]
    pub most_in_flight: u64,
    /// Acknowledgments that were delayed.
    #[serde(skip_serializing_if = "is_zero")]
    pub delayed_acks: u64,
    /// Acknowledgments of more than two segments.
    #[serde(skip_serializing_if = "is_zero")]
    pub stretch_acks: u64,
}

/// Where the time went, where it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TimeReport {
    /// Of what the initiator sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator: Option<TimeBudget>,
    /// Of what the responder sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responder: Option<TimeBudget>,
}

/// Nanoseconds between the first and the last data of a direction, each spent on exactly one thing (rule Q6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TimeBudget {
    /// The sum of the others.
    #[serde(skip_serializing_if = "is_zero")]
    pub total_ns: u64,
    /// All acknowledged, window open, nothing sent.
    #[serde(skip_serializing_if = "is_zero")]
    pub idle_ns: u64,
    /// The receiver's window was closed.
    #[serde(skip_serializing_if = "is_zero")]
    pub receiver_closed_ns: u64,
    /// All of the window was used.
    #[serde(skip_serializing_if = "is_zero")]
    pub window_full_ns: u64,
    /// A loss was being repaired.
    #[serde(skip_serializing_if = "is_zero")]
    pub recovery_ns: u64,
    /// Waiting for acknowledgments: congestion window or pacing.
    #[serde(skip_serializing_if = "is_zero")]
    pub round_trip_ns: u64,
    /// Segment after segment.
    #[serde(skip_serializing_if = "is_zero")]
    pub sending_ns: u64,
    /// Data went past uncaptured.
    #[serde(skip_serializing_if = "is_zero")]
    pub capture_gap_ns: u64,
}

/// What the SYNs agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OptionReport {
    /// Largest segment that each side said it accepts; absent if it said nothing, or its SYN was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiator_mss: Option<u16>,
    /// The same of the responder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub responder_mss: Option<u16>,
    /// True if both offered selective acknowledgments; absent if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sack: Option<bool>,
    /// True if both offered timestamps; absent if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<bool>,
    /// True if both offered a window scale; absent if not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_scale: Option<bool>,
    /// `agreed`, `refused`, or absent if not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecn: Option<&'static str>,
}

/// Zeek's letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ZeekReport {
    /// `conn_state`.
    pub state: &'static str,
    /// `history`.
    pub history: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Connection {
    /// What is concluded of it so far.
    pub fn report(&self) -> ConnectionReport {
        let endpoint = |side| {
            let socket = self.socket(side);
            Endpoint { address: socket.ip(), port: socket.port }
        };
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (entry, count) in &self.counts {
            if *count > 0 {
                *counts.entry(entry.code).or_default() += u64::from(*count);
            }
        }
        let mut step = |code, packet: u64| {
            if packet != 0 {
                *counts.entry(code).or_default() += 1;
            }
        };
        let has_crossed = matches!(self.opening.kind, OpeningKind::Simultaneous | OpeningKind::Split);
        step("tcp-handshake-1", self.opening.steps().packets[0]);
        step("tcp-handshake-2", if has_crossed { 0 } else { self.opening.steps().packets[1] });
        let completed_unseen = self.counts.iter().any(|(entry, _)| entry.code == "tcp-handshake-completed");
        step("tcp-handshake-3", if completed_unseen { 0 } else { self.opening.steps().packets[2] });
        for (code, packet) in
            ["tcp-close-1", "tcp-close-2", "tcp-close-3", "tcp-close-4"].into_iter().zip(self.closing().steps)
        {
            step(code, packet);
        }
        ConnectionReport {
            id: self.id,
            initiator: endpoint(INITIATOR),
            responder: endpoint(RESPONDER),
            roles: if self.roles_seen { "seen" } else { "guessed" },
            packets: BySide::of(|side| u64::from(self.halves[side].packets)),
            payload_octets: BySide::of(|side| self.halves[side].payload_octets),
            stream_octets: BySide::of(|side| self.halves[side].stream_len()),
            first_packet: self.first_packet,
            first_ns: self.first_at.nanos(),
            last_ns: self.last_at.nanos(),
            opening: self.opening_report(),
            closing: self.closing_report(),
            states: BySide::of(|side| self.state_name(side)),
            counts,
            round_trip: self.round_trip_report(),
            repairs: BySide::of(|side| repairs(&self.halves[side])),
            windows: BySide::of(|side| self.window_report(side)),
            time: TimeReport {
                initiator: time_budget(&self.halves[INITIATOR]),
                responder: time_budget(&self.halves[RESPONDER]),
            },
            options: self.option_report(),
            is_one_sided: self.is_one_sided(),
            zeek: ZeekReport { state: zeek::state(self), history: self.history.to_string() },
        }
    }

    /// True if one direction was never seen although it must exist.
    pub fn is_one_sided(&self) -> bool {
        self.halves.iter().any(|half| half.packets == 0)
            && self.halves.iter().any(|half| half.packets > 1)
            && !matches!(self.opening.kind, OpeningKind::Unanswered | OpeningKind::Rejected)
    }

    fn opening_report(&self) -> OpeningReport {
        let opening = &self.opening;
        let steps = opening.steps();
        let was_sent_once = steps.syns == 1 && steps.syn_acks == 1;
        let all = steps.packets.iter().all(|packet| *packet != 0);
        OpeningReport {
            kind: opening.kind.name(),
            packets: steps.packets.iter().copied().filter(|packet| *packet != 0).collect(),
            rtt_ns: (all && was_sent_once && opening.kind == OpeningKind::ThreeWay)
                .then(|| steps.at[2].nanos_since(steps.at[0])),
            syns: u64::from(steps.syns),
            rejected: self.odd.as_deref().and_then(|odd| odd.rejected),
            former: self.former(),
        }
    }

    fn closing_report(&self) -> ClosingReport {
        let closing = self.closing();
        let side_name = |side| if side == INITIATOR { "initiator" } else { "responder" };
        let kind = closing.kind(self.reset != 0);
        let first_by = match kind {
            "open" => None,
            "simultaneous" => Some("both"),
            "reset" if closing.first.is_none() => Some(side_name(self.reset_by())),
            _ => closing.first.map(|side| side_name(Side::from(side))),
        };
        let mut packets: Vec<u64> = closing.steps[..usize::from(closing.step_count)].to_vec();
        if self.reset != 0 {
            packets.push(self.reset);
        }
        let holders = self.states.map(|state| state == State::TimeWait);
        let time_wait = match holders {
            [true, true] => "both",
            [true, false] => "initiator",
            [false, true] => "responder",
            [false, false] => "none",
        };
        let both = closing.fins.iter().all(|packet| *packet != 0);
        ClosingReport {
            kind,
            first_by,
            half_close: closing.half_close_proved,
            half_close_octets: closing.half_close_octets,
            half_close_ns: closing.half_close_nanos,
            packets,
            time_wait,
            time_wait_until_ns: (time_wait != "none")
                .then(|| closing.time_wait_since.after_nanos(TCP_TIME_WAIT_NANOS).nanos()),
            last_ack_missing: both && self.reset == 0 && !self.halves.iter().all(Half::is_fin_acknowledged),
        }
    }

    fn round_trip_report(&self) -> Option<RoundTripReport> {
        let [initiator, responder] = &self.halves;
        // What the initiator sends is acknowledged by the responder: that half leads there and back.
        let (to_responder, to_initiator) = (initiator.round_trip, responder.round_trip);
        if !to_responder.is_known() && !to_initiator.is_known() {
            return None;
        }
        let (near, far) = (to_initiator.least, to_responder.least);
        let captured_near = match () {
            () if !to_responder.is_known() || !to_initiator.is_known() => "between",
            () if near * 10 < far => "initiator",
            () if far * 10 < near => "responder",
            () => "between",
        };
        Some(RoundTripReport {
            min_ns: near + far,
            smoothed_ns: to_initiator.smoothed + to_responder.smoothed,
            to_initiator_ns: near,
            to_responder_ns: far,
            captured_near,
            samples: u64::from(to_initiator.samples) + u64::from(to_responder.samples),
        })
    }

    fn window_report(&self, side: Side) -> WindowReport {
        let half = &self.halves[side];
        let counts = half.rare.as_deref().map(|rare| rare.counts.clone()).unwrap_or_default();
        let lasting = half.rare.as_deref().and_then(|rare| rare.closed);
        let still = lasting.map_or(0, |closed| self.last_at.nanos_since(closed.at));
        let scale = self.halves[1 - side].shift;
        WindowReport {
            zero_windows: counts.zero_window_episodes,
            zero_window_ns: counts.zero_window_nanos + still,
            probes: counts.window_probes,
            scale,
            scale_at_least: (scale.is_none() && half.least_shift > 0).then_some(half.least_shift),
            most_in_flight: half.budget.most_in_flight,
            delayed_acks: u64::from(half.delayed_acks),
            stretch_acks: u64::from(half.stretch_acks),
        }
    }

    fn option_report(&self) -> OptionReport {
        let [one, two] = self.offers;
        let both = |has: fn(&super::offer::Offer) -> bool| match (one.is_known, two.is_known) {
            (true, true) => Some(has(&one) && has(&two)),
            (true, false) if !has(&one) => Some(false),
            (false, true) if !has(&two) => Some(false),
            _ => None,
        };
        OptionReport {
            initiator_mss: Some(one.mss).filter(|mss| *mss > 0),
            responder_mss: Some(two.mss).filter(|mss| *mss > 0),
            sack: both(|offer| offer.sack),
            timestamps: both(|offer| offer.timestamps),
            window_scale: both(|offer| offer.scale.is_some()),
            ecn: (one.is_known && one.ecn & 0b011 == 0b011 && two.is_known).then_some(if two.ecn & 0b011 == 0b001 {
                "agreed"
            } else {
                "refused"
            }),
        }
    }
}

fn repairs(half: &Half) -> RepairReport {
    let Some(rare) = half.rare.as_deref() else { return RepairReport::default() };
    let missing: i64 =
        rare.holes.iter().filter(|hole| hole.acknowledged.is_none()).map(|hole| hole.end - hole.start).sum();
    let unseen: i64 =
        rare.holes.iter().filter(|hole| hole.acknowledged.is_some()).map(|hole| hole.end - hole.start).sum();
    let counts = &rare.counts;
    RepairReport {
        retransmitted_segments: counts.retransmitted_segments,
        retransmitted_octets: counts.retransmitted_octets,
        unneeded_segments: counts.unneeded_segments,
        fast: counts.fast,
        timeouts: counts.timeouts,
        tail_probes: counts.tail_probes,
        out_of_order: counts.out_of_order,
        undecided: counts.undecided,
        delivered_unseen_octets: counts.delivered_unseen_octets
            + if half.origin == Origin::Acknowledged { 0 } else { unseen as u64 },
        missing_octets: missing as u64,
    }
}

fn time_budget(half: &Half) -> Option<TimeBudget> {
    let spent = half.budget.spent();
    let total: u64 = spent.iter().sum();
    let [idle_ns, receiver_closed_ns, window_full_ns, recovery_ns, round_trip_ns, sending_ns, capture_gap_ns] = spent;
    (total > 0).then_some(TimeBudget {
        total_ns: total,
        idle_ns,
        receiver_closed_ns,
        window_full_ns,
        recovery_ns,
        round_trip_ns,
        sending_ns,
        capture_gap_ns,
    })
}
