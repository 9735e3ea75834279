//! The health of a capture as plain data, and what it does to the findings.

use serde::Serialize;

use crate::base::text::count;

/// Packets that were recorded twice, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DuplicateCounts {
    /// The same frame again.
    pub identical: u64,
    /// The same packet behind a router.
    pub routed: u64,
    /// The same packet with another VLAN tag.
    pub retagged: u64,
    /// The second of the loopback interface's two copies.
    pub loopback: u64,
}

impl DuplicateCounts {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.identical + self.routed + self.retagged + self.loopback
    }
}

/// Checksums of TCP, UDP and ICMP by verdict, and IPv4 headers whose own is wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChecksumCounts {
    /// They fit.
    pub good: u64,
    /// None, or not computable: cut packets, fragments, UDP without a sum.
    pub absent: u64,
    /// Left to the card.
    pub partial: u64,
    /// Wrong as everything from that sender.
    pub bad_at_source: u64,
    /// Wrong.
    pub bad: u64,
    /// Wrong sums of IPv4 headers.
    pub header_bad: u64,
}

/// The health of a capture, as in `health` of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HealthReport {
    /// Packets read.
    pub packets: u64,
    /// Their octets on the wire.
    pub octets: u64,
    /// Time of the first packet; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_ns: Option<u64>,
    /// Time of the last packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_ns: Option<u64>,
    /// From the earliest to the latest time.
    pub span_ns: u64,
    /// Packets of which fewer octets were kept than there were.
    pub cut: u64,
    /// Packets that contradict a standard.
    pub malformed: u64,
    /// Packets recorded twice.
    pub duplicates: DuplicateCounts,
    /// Packets of a loopback interface.
    pub loopback: u64,
    /// What the checksums said.
    pub checksums: ChecksumCounts,
    /// IP packets larger than any link carries: joined or not yet divided by segmentation offload.
    pub giants: u64,
    /// Ethernet frames below 60 octets, seen before the card filled them up: this host sent them.
    pub unpadded: u64,
    /// TCP connections and UDP conversations of which one direction only was captured.
    pub one_sided: u64,
    /// Packets that the capturing side says it lost.
    pub kernel_drops: u64,
    /// Octets that a receiver acknowledged and the capture does not hold.
    pub unseen_octets: u64,
    /// Moments in which many connections had holes at once.
    pub loss_bursts: u64,
    /// Segments that stand behind their own acknowledgments.
    pub captured_late: u64,
    /// How often time ran backwards.
    pub time_backwards: u64,
    /// The largest of these steps.
    pub largest_step_back_ns: u64,
    /// What this does to the findings; empty if the capture is sound.
    pub doubts: Vec<Doubt>,
}

impl HealthReport {
    /// The causes that weaken findings of this code.
    pub fn weakening<'a>(&'a self, code: &'a str) -> impl Iterator<Item = &'static str> + 'a {
        let weakens = move |doubt: &&Doubt| doubt.weakens.iter().any(|prefix| code.starts_with(prefix));
        self.doubts.iter().filter(weakens).map(|doubt| doubt.cause)
    }
}

/// A reason to believe some findings less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doubt {
    /// What is wrong with the capture, in kebab case.
    pub cause: &'static str,
    /// Prefixes of the codes that it weakens.
    pub weakens: &'static [&'static str],
    /// In a sentence.
    pub text: String,
}

/// What the state of the capture does to the findings.
pub(super) fn doubts(health: &HealthReport) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    let mut doubt = |cause, weakens, text| doubts.push(Doubt { cause, weakens, text });
    if health.kernel_drops > 0 {
        doubt(
            "kernel-drops",
            &["tcp-", "fragment-", "udp-", "icmp-", "arp-"][..],
            format!(
                "the capturing side lost {}: what seems missing on the wire may only be missing here",
                count(health.kernel_drops, "packet")
            ),
        );
    }
    if health.unseen_octets > 0 {
        doubt(
            "unseen-octets",
            &["tcp-"][..],
            match health.unseen_octets {
                1 => "1 octet was acknowledged by its receiver and is not in the capture: it has holes".to_owned(),
                octets => format!(
                    "{octets} octets were acknowledged by their receiver and are not in the capture: it has holes"
                ),
            },
        );
    }
    if health.loss_bursts > 0 {
        doubt(
            "loss-bursts",
            &["tcp-hole", "tcp-ack-unseen", "tcp-delivered", "tcp-retransmission", "tcp-late"][..],
            format!(
                "{} segments were missing from many connections at once: the capture lost them, not the network",
                count(health.loss_bursts, "time")
            ),
        );
    }
    // Rule 3.11: a handful out of order is no reason to doubt the rest.
    if health.captured_late * 1000 > health.packets {
        doubt(
            "captured-late",
            &["tcp-ack-unseen", "tcp-out-of-order", "tcp-late", "tcp-hole"][..],
            match health.captured_late {
                1 => "1 segment stands behind its own acknowledgment: the capture changed the order of packets"
                    .to_owned(),
                late => format!(
                    "{late} segments stand behind their own acknowledgments: the capture changed the order of packets"
                ),
            },
        );
    }
    if health.time_backwards > 0 {
        doubt(
            "time-backwards",
            &["tcp-", "udp-", "icmp-", "arp-", "fragment-"][..],
            format!(
                "time runs backwards {}, by up to {:.6} s: round-trip times and waits near such a step are wrong",
                count(health.time_backwards, "time"),
                health.largest_step_back_ns as f64 / 1e9
            ),
        );
    }
    if health.one_sided > 0 {
        doubt(
            "one-sided",
            &["tcp-"][..],
            match health.one_sided {
                1 => "1 connection was captured in one direction only: the answers are not seen".to_owned(),
                many => format!("{many} connections were captured in one direction only: the answers are not seen"),
            },
        );
    }
    if health.cut > 0 {
        doubt(
            "cut",
            &["tcp-conflicting", "fragment-", "message-"][..],
            match health.cut {
                1 => "1 packet was cut short by the snap length: its contents cannot be compared".to_owned(),
                cut => format!("{cut} packets were cut short by the snap length: their contents cannot be compared"),
            },
        );
    }
    if health.duplicates.all() > 0 {
        doubt(
            "duplicates",
            &["tcp-"][..],
            match health.duplicates.all() {
                1 => "1 packet was recorded twice; the copy is left out of all statistics".to_owned(),
                all => format!("{all} packets were recorded twice; the copies are left out of all statistics"),
            },
        );
    }
    if health.giants > 0 {
        doubt(
            "giants",
            &["tcp-"][..],
            match health.giants {
                1 => {
                    "1 packet is larger than any link carries: the system joined or had not yet divided it, so packet \
                      counts are as captured, not as on the wire"
                        .to_owned()
                }
                giants => format!(
                    "{giants} packets are larger than any link carries: the system joined or had not yet divided them, so \
                     packet counts are as captured, not as on the wire"
                ),
            },
        );
    }
    doubts
}
