//! What was wrong with octets, in a form that can be checked by hand.

use super::layer::LayerKind;

/// Something that stopped or disturbed the walk through a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What is wrong.
    pub code: IssueCode,
    /// The layer in which it was found.
    pub layer: LayerKind,
    /// Where, in octets from the start of the frame.
    pub at: u32,
    /// How many octets were needed from there; or the value found, for issues about a value.
    pub needed: u32,
    /// How many octets were present there.
    pub present: u32,
    /// The layer whose length field ended the octets; `None` if the end of the captured octets did.
    pub set_by: Option<LayerKind>,
}

/// The kinds of issue. *Cut* is the capture's doing, all else contradicts a standard or is worth a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueCode {
    /// The capture kept fewer octets than the frame had, and this layer needed them.
    Cut,
    /// A length field leaves too few octets for what follows.
    TooShort,
    /// A length field promises more octets than there were on the wire.
    TooLong,
    /// A header length below the minimum of its protocol.
    BadHeaderLength,
    /// A version field that contradicts the layer below.
    BadVersion,
    /// An option or extension whose length cannot be.
    BadOption,
    /// UDP over IPv6 without a checksum: only tunnels may do so (RFC 8200 §8.1, RFC 6935).
    NoChecksum,
    /// IPv4 total length 0: an offloaded giant, the frame's own length was used (RFC 791 knows no such thing).
    LengthZero,
    /// More layers than netlab follows.
    TooDeep,
}

impl IssueCode {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            IssueCode::Cut => "cut",
            IssueCode::TooShort => "too-short",
            IssueCode::TooLong => "too-long",
            IssueCode::BadHeaderLength => "bad-header-length",
            IssueCode::BadVersion => "bad-version",
            IssueCode::BadOption => "bad-option",
            IssueCode::NoChecksum => "no-checksum",
            IssueCode::LengthZero => "length-zero",
            IssueCode::TooDeep => "too-deep",
        }
    }

    /// True if the octets contradict a standard; false if the capture is to blame or nobody is.
    pub const fn is_malformed(self) -> bool {
        !matches!(self, IssueCode::Cut | IssueCode::LengthZero | IssueCode::TooDeep)
    }
}
