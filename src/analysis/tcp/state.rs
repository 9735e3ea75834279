//! Both ends' states (RFC 9293 §3.3.2, rule E), as they follow from what passed the capture point.
//!
//! ```text
//!            CLOSED ── SYN ──▶ SYN-SENT          LISTEN ── SYN,ACK ──▶ SYN-RECEIVED
//!                                 │ SYN,ACK                              │ ACK
//!                                 ▼                                      ▼
//!                            ESTABLISHED ◀──────────────────────────────┘
//!       sends FIN ┌───────────────┴───────────────┐ receives FIN
//!                 ▼                               ▼
//!            FIN-WAIT-1 ── FIN ──▶ CLOSING    CLOSE-WAIT
//!                 │ ACK               │ ACK       │ sends FIN
//!                 ▼                   ▼           ▼
//!            FIN-WAIT-2 ── FIN ──▶ TIME-WAIT   LAST-ACK ── ACK ──▶ CLOSED
//! ```
//!
//! The true state of an end changes a little earlier for what it sends and a little later for what it receives: by the
//! way between it and the capture point.

/// The state of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    #[default]
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    Closed,
}

impl State {
    /// The standard's name; `seen` is false if the start of the connection was not, which leaves the open states a guess.
    pub const fn name(self, seen: bool) -> &'static str {
        match self {
            State::Listen => "LISTEN",
            State::SynSent => "SYN-SENT",
            State::SynReceived => "SYN-RECEIVED",
            State::Established if !seen => "≥ ESTABLISHED",
            State::Established => "ESTABLISHED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::CloseWait => "CLOSE-WAIT",
            State::Closing => "CLOSING",
            State::LastAck => "LAST-ACK",
            State::TimeWait => "TIME-WAIT",
            State::Closed => "CLOSED",
        }
    }

    /// True if numbers are agreed on.
    pub const fn is_synchronised(self) -> bool {
        !matches!(self, State::Listen | State::SynSent | State::SynReceived | State::Closed)
    }

    /// After this end sent its FIN.
    pub const fn fin_sent(self) -> State {
        match self {
            State::SynSent | State::SynReceived | State::Established | State::Listen => State::FinWait1,
            State::CloseWait => State::LastAck,
            other => other,
        }
    }

    /// After this end received the other's FIN, in order. If it had sent its own, and that was acknowledged before or by
    /// the same segment, it is in FIN-WAIT-2 already.
    pub const fn fin_received(self) -> State {
        match self {
            State::SynSent | State::SynReceived | State::Established | State::Listen => State::CloseWait,
            State::FinWait1 => State::Closing,
            State::FinWait2 => State::TimeWait,
            other => other,
        }
    }

    /// After this end's FIN was acknowledged.
    pub const fn fin_acknowledged(self) -> State {
        match self {
            State::FinWait1 => State::FinWait2,
            State::Closing => State::TimeWait,
            State::LastAck => State::Closed,
            other => other,
        }
    }

    /// After this end's SYN was acknowledged.
    pub const fn syn_acknowledged(self) -> State {
        match self {
            State::SynSent | State::SynReceived | State::Listen => State::Established,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State::*;

    #[test]
    fn e_the_active_closer_passes_fin_wait_1_fin_wait_2_time_wait() {
        assert_eq!(Established.fin_sent(), FinWait1);
        assert_eq!(FinWait1.fin_acknowledged(), FinWait2);
        assert_eq!(FinWait2.fin_received(), TimeWait);
    }

    #[test]
    fn e_the_passive_closer_passes_close_wait_last_ack_closed() {
        assert_eq!(Established.fin_received(), CloseWait);
        assert_eq!(CloseWait.fin_sent(), LastAck);
        assert_eq!(LastAck.fin_acknowledged(), Closed);
    }

    #[test]
    fn e_crossing_fins_pass_closing_on_both_sides() {
        assert_eq!(FinWait1.fin_received(), Closing);
        assert_eq!(Closing.fin_acknowledged(), TimeWait);
    }
}
