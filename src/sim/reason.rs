//! Why a frame went where it went, and why not further: every reason with its rule and a sentence.

/// Why something happened to a frame or a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum Reason {
    None,
    // Deliveries and forwarding.
    ForMe,
    Broadcast,
    Multicast,
    KnownUnicast,
    UnknownUnicast,
    Repeated,
    Routed,
    Control,
    // Filters of a bridge.
    SamePort,
    Reserved,
    PortState,
    Vlan,
    NowhereToGo,
    // Filters of a network card.
    NotMyMac,
    NotMyGroup,
    // Drops at a port or on a wire.
    QueueFull,
    TooLong,
    Lost,
    LinkDown,
    NoLink,
    BadFcs,
    BadSource,
    // Drops of an IP node.
    UnknownProtocol,
    BadHeader,
    BadChecksum,
    NotForMe,
    Martian,
    TtlExpired,
    NoRoute,
    TooBig,
    DirectedBroadcast,
    NeighbourFailed,
    NeighbourQueueFull,
    NoListener,
    BufferFull,
    BacklogFull,
    FragmentOverlap,
    FragmentDuplicate,
    FragmentTimeout,
    FragmentTableFull,
    NatNoMapping,
    NatFiltered,
    NatTableFull,
    AddressConflict,
    BeyondScope,
}

/// What is known of a reason.
struct About {
    reason: Reason,
    code: &'static str,
    rule: &'static str,
    sentence: &'static str,
}

macro_rules! reasons {
    ($($reason:ident $code:literal $rule:literal $sentence:literal;)*) => {
        const ABOUT: &[About] = &[$(About { reason: Reason::$reason, code: $code, rule: $rule, sentence: $sentence },)*];
    };
}

reasons! {
    None "" "" "";
    ForMe "for-me" "RFC 1122 3.3.4" "the destination address is mine";
    Broadcast "broadcast" "B4" "the destination is every node of the link";
    Multicast "multicast" "B4" "the destination is a group";
    KnownUnicast "known-unicast" "B4" "the table knows the port behind which the destination lives";
    UnknownUnicast "unknown-unicast" "B4" "the table does not know the destination yet, so every port gets a copy";
    Repeated "repeated" "B6" "a hub repeats everything on all its other ports";
    Routed "routed" "RFC 1812 5.2" "the packet inside goes on in a new frame";
    Control "control" "3.3" "a message between bridges, not for the hosts";
    SamePort "same-port" "B4" "the destination lives behind the port on which the frame arrived: it has it already";
    Reserved "reserved" "B3" "addresses 01:80:c2:00:00:00 to :0f never leave their link";
    PortState "port-state" "3.3" "spanning tree does not let this port forward";
    Vlan "vlan" "802.1Q 8.6.2" "the VLAN of the frame is not a member of the port";
    NowhereToGo "nowhere-to-go" "B4" "no other port may forward it";
    NotMyMac "not-my-mac" "3.5" "the card ignores frames for the MAC addresses of others";
    NotMyGroup "not-my-group" "3.5" "the card ignores groups that the host has not joined";
    QueueFull "queue-full" "B7" "the output queue of the port is full";
    TooLong "too-long" "B1" "the frame is longer than the port may carry";
    Lost "lost" "link" "the wire lost it (a fault of the scenario)";
    LinkDown "link-down" "B6" "the cable is unplugged";
    NoLink "no-link" "link" "no cable is plugged into the port";
    BadFcs "bad-fcs" "B1" "the frame check sequence does not fit: octets changed on the wire";
    BadSource "bad-source" "B1" "the source is a group or all zero, which no sender can be";
    UnknownProtocol "unknown-protocol" "RFC 1122 3.2.2.1" "nobody here speaks the protocol inside";
    BadHeader "bad-header" "RFC 1812 5.2.2" "the IP header contradicts itself or the length of the frame";
    BadChecksum "bad-checksum" "RFC 1122 3.2.1.2" "the checksum does not fit";
    NotForMe "not-for-me" "RFC 1122 3.3.4" "the IP address is somebody else's, and a host does not forward";
    Martian "martian" "RFC 1812 5.3.7" "the source address cannot be that of a single node elsewhere";
    TtlExpired "ttl-expired" "RFC 1812 5.3.1" "the TTL would become 0";
    NoRoute "no-route" "RFC 1812 5.2.4" "no route covers the destination";
    TooBig "too-big" "RFC 1191" "the packet is longer than the next link's MTU and may not be fragmented";
    DirectedBroadcast "directed-broadcast" "RFC 2644" "a router does not turn a packet into a broadcast of another network";
    NeighbourFailed "neighbour-failed" "3.4" "nobody answered the question for the next hop's MAC address";
    NeighbourQueueFull "neighbour-queue-full" "3.4" "too many packets wait for the next hop's MAC address";
    NoListener "no-listener" "RFC 1122 4.1.3.1" "no program listens on the port";
    BufferFull "buffer-full" "3.8" "the program reads too slowly: its receive buffer is full";
    BacklogFull "backlog-full" "3.8" "too many connections wait to be accepted";
    FragmentOverlap "fragment-overlap" "RFC 5722" "fragments overlap, so the whole datagram is thrown away";
    FragmentDuplicate "fragment-duplicate" "3.6" "this fragment was here already";
    FragmentTimeout "fragment-timeout" "RFC 1122 3.3.2" "the other fragments did not come in time";
    FragmentTableFull "fragment-table-full" "3.6" "too many datagrams wait for their fragments";
    NatNoMapping "nat-no-mapping" "RFC 4787 5" "nobody inside asked for this: the translator has no mapping";
    NatFiltered "nat-filtered" "RFC 4787 5" "there is a mapping, but its owner has not spoken to this sender";
    NatTableFull "nat-table-full" "RFC 4787 4" "the translator has no mapping left to give";
    AddressConflict "address-conflict" "RFC 5227 2.4" "somebody else uses this address too";
    BeyondScope "beyond-scope" "RFC 4291 2.5.6" "an address of the link means nothing beyond it, so a router does not forward it";
}

impl Reason {
    /// How many there are, [`Reason::None`] included.
    pub const COUNT: usize = Reason::BeyondScope as usize + 1;

    /// Every reason but [`Reason::None`].
    pub fn all() -> impl Iterator<Item = Reason> {
        ABOUT.iter().skip(1).map(|about| about.reason)
    }

    fn about(self) -> &'static About {
        let about = &ABOUT[self as usize];
        debug_assert_eq!(about.reason, self);
        about
    }

    /// The stable name, such as `same-port`; empty for [`Reason::None`].
    pub fn code(self) -> &'static str {
        self.about().code
    }

    /// The rule that decided, such as `B4`.
    pub fn rule(self) -> &'static str {
        self.about().rule
    }

    /// The reason in words.
    pub fn sentence(self) -> &'static str {
        self.about().sentence
    }

    /// The reason of that name.
    pub fn from_code(code: &str) -> Option<Reason> {
        Reason::all().find(|reason| reason.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_stands_in_its_place_and_is_found_by_its_code() {
        for (index, about) in ABOUT.iter().enumerate() {
            assert_eq!(about.reason as usize, index, "{}", about.code);
        }
        for reason in Reason::all() {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert!(!reason.rule().is_empty() && !reason.sentence().is_empty());
        }
        assert_eq!(ABOUT.len(), Reason::BeyondScope as usize + 1);
    }
}
