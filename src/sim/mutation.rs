//! Mistakes made on purpose. A test breaks one rule at a time and holds the scenarios against the result: whatever rule
//! is broken, some expectation must notice. Outside that test nothing here exists: [`made`] is false by construction.

/// A rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(in crate::sim) enum Mutation {
    /// B1: a bridge learns from a source that no sender can have.
    BadSourceLearned,
    /// B1: damaged frames go on.
    DamageUnnoticed,
    /// B2: a bridge never learns.
    NothingLearned,
    /// B2: an address that is seen elsewhere does not move.
    NothingMoves,
    /// B3: reserved addresses are relayed.
    ReservedForwarded,
    /// B4: a flood goes back to where it came from.
    FloodsBack,
    /// B4: a frame for who lives behind the port of arrival is sent back.
    SamePortForwarded,
    /// B5: entries never age.
    AgeingIgnored,
    /// B6: an unplugged cable flushes nothing.
    NoFlush,
    /// B7: the queue has room for all.
    QueueWithoutEnd,
    /// 802.1Q: every port carries every VLAN.
    VlansMixed,
    /// 3.4: an unsolicited answer makes an entry.
    AnyReplyLearned,
    /// 3.4: a question teaches nothing.
    QuestionTeachesNothing,
    /// 3.4: the answer goes to everybody.
    ReplyToAll,
    /// 3.4: four questions before giving up.
    FourQuestions,
    /// 3.5: everything is taken for on-link.
    MaskIgnored,
    /// 3.5: the card takes in what is for others.
    CardOpen,
    /// 3.5: a host forwards.
    HostForwards,
    /// 3.5: the longest prefix does not win.
    ShortestPrefix,
    /// 3.6: the TTL stays as it is.
    TtlStays,
    /// 3.6: DF is ignored.
    DontFragmentIgnored,
    /// 3.6: fragments say the wrong place.
    OffsetWrong,
    /// 3.6: an ICMP error about an ICMP error.
    ErrorAboutError,
    /// 3.6: an ICMP error about a broadcast.
    ErrorAboutBroadcast,
    /// 3.6: directed broadcasts are forwarded.
    DirectedBroadcastForwarded,
    /// 3.6: martians pass.
    MartiansPass,
    /// 3.6: header checksums are not looked at.
    ChecksumUnnoticed,
    /// 3.7: a translator lets everybody in.
    EverybodyLetIn,
    /// R11: a copy that the wire made is not on the books.
    CopyOffTheBooks,
}

#[cfg(test)]
impl Mutation {
    /// Every one.
    pub const ALL: [Mutation; 29] = [
        Mutation::BadSourceLearned,
        Mutation::DamageUnnoticed,
        Mutation::NothingLearned,
        Mutation::NothingMoves,
        Mutation::ReservedForwarded,
        Mutation::FloodsBack,
        Mutation::SamePortForwarded,
        Mutation::AgeingIgnored,
        Mutation::NoFlush,
        Mutation::QueueWithoutEnd,
        Mutation::VlansMixed,
        Mutation::AnyReplyLearned,
        Mutation::QuestionTeachesNothing,
        Mutation::ReplyToAll,
        Mutation::FourQuestions,
        Mutation::MaskIgnored,
        Mutation::CardOpen,
        Mutation::HostForwards,
        Mutation::ShortestPrefix,
        Mutation::TtlStays,
        Mutation::DontFragmentIgnored,
        Mutation::OffsetWrong,
        Mutation::ErrorAboutError,
        Mutation::ErrorAboutBroadcast,
        Mutation::DirectedBroadcastForwarded,
        Mutation::MartiansPass,
        Mutation::ChecksumUnnoticed,
        Mutation::EverybodyLetIn,
        Mutation::CopyOffTheBooks,
    ];
}

#[cfg(test)]
thread_local! {
    static MADE: std::cell::Cell<Option<Mutation>> = const { std::cell::Cell::new(None) };
}

/// True if this rule is broken just now.
#[cfg(not(test))]
pub(in crate::sim) const fn made(_: Mutation) -> bool {
    false
}

/// True if this rule is broken just now.
#[cfg(test)]
pub(in crate::sim) fn made(mutation: Mutation) -> bool {
    MADE.get() == Some(mutation)
}

/// Does something while a rule is broken.
#[cfg(test)]
pub(in crate::sim) fn with<T>(mutation: Option<Mutation>, deed: impl FnOnce() -> T) -> T {
    MADE.set(mutation);
    let result = deed();
    MADE.set(None);
    result
}
