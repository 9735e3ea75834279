//! What a live capture has counted.

use std::fmt;

/// Packets counted since a capture began. Once it has ended, received = captured + dropped + refused + left over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets handed over.
    pub captured: u64,
    /// Packets that passed the kernel's filter, with those that found no room.
    pub received: u64,
    /// Packets that found no room in the ring.
    pub dropped: u64,
    /// Packets that passed the kernel's filter, but not the part of the capture filter that the kernel cannot run.
    pub refused: u64,
    /// Packets of `captured` that were cut to the snap length.
    pub cut: u64,
    /// Packets that the NIC or its driver lost before anybody could see them, where it tells.
    pub lost_by_interface: u64,
}

impl Counts {
    /// Takes in what the kernel counted since the last time: packets with drops, and drops, which are returned.
    pub(super) fn add(&mut self, (packets, drops): (u32, u32)) -> u64 {
        self.received += u64::from(packets);
        self.dropped += u64::from(drops);
        drops.into()
    }

    /// Packets that were received, but neither handed over nor dropped: the end of the capture came before their turn.
    pub fn left_over(&self) -> u64 {
        self.received.saturating_sub(self.captured + self.dropped + self.refused)
    }
}

/// The closing lines, in tcpdump's words, and what tcpdump does not say.
impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} captured", Packets(self.captured))?;
        writeln!(f, "{} received by filter", Packets(self.received - self.refused.min(self.received)))?;
        write!(f, "{} dropped by kernel", Packets(self.dropped))?;
        if self.lost_by_interface > 0 {
            write!(f, "\n{} dropped by interface", Packets(self.lost_by_interface))?;
        }
        if self.cut > 0 {
            write!(f, "\n{} cut to the snap length (-s)", Packets(self.cut))?;
        }
        if self.left_over() > 0 {
            write!(f, "\n{} not looked at any more", Packets(self.left_over()))?;
        }
        Ok(())
    }
}

/// A number of packets in words.
pub(super) struct Packets(pub u64);

impl fmt::Display for Packets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packet{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_lines_are_tcpdumps_and_more_is_said_only_when_there_is_more() {
        let mut counts = Counts { captured: 4, ..Counts::default() };
        assert_eq!(counts.add((8, 3)), 3);
        counts.refused = 1;
        assert_eq!(counts.to_string(), "4 packets captured\n7 packets received by filter\n3 packets dropped by kernel");
        counts.captured = 1;
        counts.cut = 1;
        let said = counts.to_string();
        assert!(said.starts_with("1 packet captured\n"), "{said}");
        assert!(said.ends_with("1 packet cut to the snap length (-s)\n3 packets not looked at any more"), "{said}");
    }
}
