//! What the two SYNs offer, and what comes of it (rules H18, H19).

use super::connection::{INITIATOR, Judge, RESPONDER, other};
use super::segment::Segment;

/// What a SYN offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Offer {
    /// True if the SYN was seen with its options.
    pub is_known: bool,
    /// 0 if not announced.
    pub mss: u16,
    pub scale: Option<u8>,
    pub sack: bool,
    pub timestamps: bool,
    pub fast_open: Option<u8>,
    /// ECE, CWR and AE, as bits 0, 1 and 2.
    pub ecn: u8,
}

impl Offer {
    pub fn read(segment: &Segment<'_>) -> Offer {
        let ecn =
            u8::from(segment.flags.ece()) | u8::from(segment.flags.cwr()) << 1 | u8::from(segment.flags.ae()) << 2;
        let Some(options) = segment.options else { return Offer { ecn, ..Offer::default() } };
        Offer {
            is_known: true,
            mss: options.maximum_segment_size().unwrap_or(0),
            scale: options.window_scale(),
            sack: options.sack_permitted(),
            timestamps: options.timestamps().is_some(),
            fast_open: options.fast_open_cookie().map(|cookie| cookie.len() as u8),
            ecn,
        }
    }

    /// The options that `self` has and `later` lacks.
    pub fn dropped(self, later: Offer) -> Option<&'static str> {
        match () {
            () if !later.is_known => None,
            () if self.fast_open.is_some() && later.fast_open.is_none() => Some("Fast Open"),
            () if self.ecn != 0 && later.ecn == 0 => Some("ECN"),
            () if self.timestamps && !later.timestamps => Some("timestamps"),
            () if self.scale.is_some() && later.scale.is_none() => Some("window scale"),
            () if self.sack && !later.sack => Some("SACK"),
            () => None,
        }
    }
}

impl Judge<'_> {
    /// What is worth a word in a SYN's options (rules H18, H19).
    pub(super) fn about_syn(&self) -> Option<&'static str> {
        let offer = self.connection.offers[self.from];
        let full = if self.connection.key.is_ipv6() { 1440 } else { 1460 };
        match (offer.mss, offer.ecn) {
            _ if !offer.is_known => Some("options not captured"),
            (0, _) => Some("no MSS announced"),
            (mss, _) if mss == full - 8 => Some("MSS as of a PPPoE link (guess)"),
            (mss, _) if mss < full && mss >= 1400 - 20 => Some("MSS as of a tunnel (guess)"),
            (mss, _) if mss < full && (536..=1360).contains(&mss) => {
                Some("MSS clamped on the way or small MTU (guess)")
            }
            (_, 0b011) if !self.segment.flags.ack() => Some("asks for ECN"),
            (_, ecn) if ecn & 0b100 != 0 => Some("asks for accurate ECN"),
            (_, 0b001) if self.segment.flags.ack() => Some("agrees to ECN"),
            _ => None,
        }
    }

    /// Window scale counts only if both SYNs carry it; above 14 it is 14 (rule H18, RFC 7323 §2.3).
    pub(super) fn agree_on_options(&mut self) {
        let connection = &mut *self.connection;
        let [one, two] = connection.offers;
        for side in [INITIATOR, RESPONDER] {
            connection.halves[side].mss = connection.offers[other(side)].mss;
            connection.halves[side].shift = match (one.scale, two.scale) {
                (Some(_), Some(_)) => connection.offers[side].scale.map(|shift| shift.min(14)),
                // One SYN without a scale is enough to know that there is none.
                _ if one.is_known && one.scale.is_none() || two.is_known && two.scale.is_none() => Some(0),
                _ => None,
            };
        }
    }
}
