//! The sums behind fragmentation, worked out so that they can be checked by hand (rules FR17 and FR18).

use super::report::{FragmentReport, Outcome};
use crate::wire::ip_protocol_name;

/// MTUs of real links and tunnels: jumbo frames, FDDI, Ethernet, PPPoE, 6in4, WireGuard and other tunnels, the least of
/// IPv6, and the old default of IPv4 (RFC 1191 §7 has the older ones).
const KNOWN_MTUS: [u32; 16] =
    [65535, 9000, 4352, 2304, 1500, 1492, 1480, 1476, 1472, 1450, 1420, 1400, 1280, 1006, 576, 296];

/// The MTU that probably made a largest piece of `packet_len` octets: a known one if the rounding down to 8 octets can
/// lead from it to that, else that length itself.
pub fn mtu_guess(packet_len: u32) -> u32 {
    let reach = packet_len..packet_len + 8;
    KNOWN_MTUS.into_iter().filter(|mtu| reach.contains(mtu)).min().unwrap_or(packet_len)
}

/// The chance that a datagram of `pieces` pieces is lost if each piece is lost with chance `loss`, both from 0 to 1:
/// 1 − (1 − p)ⁿ.
pub fn datagram_loss(loss: f64, pieces: usize) -> f64 {
    1.0 - (1.0 - loss).powi(i32::try_from(pieces).unwrap_or(i32::MAX))
}

/// The worked sums of a complete datagram, one line each; empty if it is not complete or its pieces overlap.
pub fn lines(report: &FragmentReport) -> Vec<String> {
    let (Some(octets), Some(mtu)) = (report.octets, report.mtu) else { return Vec::new() };
    if report.outcome != Outcome::Complete || !report.overlaps.is_empty() {
        return Vec::new();
    }
    let mut pieces = report.pieces.clone();
    pieces.sort_by_key(|piece| piece.offset);
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Vec::new() };
    let mut lines = Vec::new();
    let name = ip_protocol_name(report.protocol).to_uppercase();
    let header = if report.protocol == 17 { 8 } else { 0 };
    let mut sum = String::new();
    if header > 0 {
        sum = format!("{} octets + {header} of {name} header = {octets}. ", octets.saturating_sub(header));
    }
    let in_front = report.header_octets + if report.source.is_ipv6() { 8 } else { 0 };
    let front = if report.source.is_ipv6() {
        format!("{} of IPv6 header − 8 of fragment header", report.header_octets)
    } else {
        format!("{} of IP header", report.header_octets)
    };
    let room = mtu.saturating_sub(in_front);
    let units = room / 8;
    sum += &match room % 8 {
        0 => format!("MTU {mtu} − {front} = {room} per piece, a multiple of 8 ({units} × 8)."),
        _ => format!(
            "MTU {mtu} − {front} = {room}, rounded down to {} per piece, a multiple of 8 ({units} × 8).",
            units * 8
        ),
    };
    lines.push(sum);
    if report.pieces.len() <= 4 {
        for (index, piece) in pieces.iter().enumerate() {
            lines.push(format!(
                "piece {}: offset {} × 8 = {}, octets {}–{}, MF={} (packet {})",
                index + 1,
                piece.offset / 8,
                piece.offset,
                piece.offset,
                piece.offset + piece.octets.saturating_sub(1),
                u8::from(piece.more_fragments),
                piece.packet
            ));
        }
        let terms: Vec<String> = pieces.iter().map(|piece| piece.octets.to_string()).collect();
        lines.push(format!("sum: {} = {octets} ✓", terms.join(" + ")));
    } else if report.refragmented || u64::from(last.offset + last.octets) != octets {
        lines.push(format!("{} pieces add up to {octets} octets", report.packets.len()));
    } else {
        let full = last.offset / first.octets.max(1);
        lines.push(format!("sum: {full} × {} + {} = {octets} ✓", first.octets, last.octets));
    }
    let count = report.packets.len() - report.duplicates as usize;
    lines.push(format!(
        "{count} pieces because {octets} > {}: lose any one of them and all {octets} octets are gone; at 1 % loss per \
         piece that is {:.1} % (1 − 0.99^{count})",
        units * 8,
        datagram_loss(0.01, count) * 100.0
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr17_the_mtu_is_found_behind_the_rounding() {
        assert_eq!(mtu_guess(1500), 1500);
        // 1492 − 20 = 1472, and 1450 − 20 = 1430 rounds down to 1424.
        assert_eq!(mtu_guess(1492), 1492);
        assert_eq!(mtu_guess(1444), 1450);
        assert_eq!(mtu_guess(1396), 1400);
        assert_eq!(mtu_guess(572), 576);
        assert_eq!(mtu_guess(700), 700);
    }

    #[test]
    fn fr17_the_loss_of_one_piece_multiplies() {
        assert!((datagram_loss(0.01, 45) - 0.364).abs() < 0.001);
        assert!((datagram_loss(0.5, 1) - 0.5).abs() < 1e-12);
    }
}
