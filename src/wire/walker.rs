//! The walk's state: where in the frame it stands, and how far the current layer reaches.

use super::frame::Frame;
use super::issue::{Issue, IssueCode};
use super::layer::{Layer, LayerKind, Located};
use super::other::CutHeader;

/// What the next layer is, as the layer just read says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A protocol by its EtherType (IEEE 802.3), 0x0600 and above.
    EtherType(u16),
    /// The same, or the length of an LLC frame if below 0x0600.
    TypeOrLen(u16),
    /// An 802.2 LLC header.
    Llc,
    /// An Ethernet header, inside a tunnel.
    Ethernet,
    /// A spanning tree BPDU.
    Stp,
    /// A PPP frame.
    Ppp,
    /// An MPLS label.
    Mpls,
    /// A VXLAN header.
    Vxlan,
    /// A Geneve header.
    Geneve,
    /// A protocol by its IP protocol number (IANA).
    IpProtocol(u8),
    /// An IP packet whose version field tells which.
    Ip,
    /// Nothing that netlab reads as a layer: the rest is payload.
    Payload,
    /// The walk ends here, for an issue was met.
    Stop,
}

/// Position and reach of the walk. Octets between `at` and `end` belong to the layer being read; `end` counts octets of
/// the wire, so it may lie beyond what was captured.
pub(super) struct Walker<'a> {
    pub(super) frame: Frame<'a>,
    at: usize,
    end: usize,
    wire_end: usize,
    set_by: Option<LayerKind>,
}

impl<'a> Walker<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8], wire_len: u32) -> Walker<'a> {
        let end = (wire_len as usize).max(bytes.len());
        Walker { frame: Frame::empty(bytes, wire_len), at: 0, end, wire_end: end, set_by: None }
    }

    /// Captured octets from here to the end of the current layer.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        let bytes = self.frame.bytes();
        let end = self.end.min(bytes.len());
        bytes.get(self.at.min(end)..end).unwrap_or_default()
    }

    /// Octets from here to the end of the current layer, captured or not.
    #[inline]
    pub(super) fn rest_len(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    /// The `len` octets of a header here; `None`, with an issue noted, if they are not all there. Those that are become
    /// a layer of their own, so that nobody has to guess what the frame went on with.
    #[inline]
    pub(super) fn header(&mut self, kind: LayerKind, len: usize) -> Option<&'a [u8]> {
        let header = self.rest().get(..len);
        if header.is_none() {
            self.keep_cut(kind, len);
        }
        header
    }

    #[cold]
    fn keep_cut(&mut self, kind: LayerKind, len: usize) {
        self.lacks(kind, len);
        let rest = self.rest();
        if !rest.is_empty() && !matches!(kind, LayerKind::Frame | LayerKind::Other | LayerKind::Ipv6Extension) {
            self.push(Layer::CutHeader(CutHeader::new(kind, rest)), rest.len());
        }
    }

    /// Notes that `kind` needed `len` octets here and did not find them: cut by the capture, or too short by a length.
    #[cold]
    pub(super) fn lacks(&mut self, kind: LayerKind, len: usize) {
        let code = if len <= self.rest_len() { IssueCode::Cut } else { IssueCode::TooShort };
        let set_by = if code == IssueCode::Cut { None } else { self.set_by };
        self.issue_at(code, kind, self.at, len, self.rest().len(), set_by);
    }

    /// Notes an issue at `offset` octets from here.
    #[cold]
    pub(super) fn issue(&mut self, code: IssueCode, kind: LayerKind, offset: usize, needed: usize, present: usize) {
        self.issue_at(code, kind, self.at + offset, needed, present, self.set_by);
    }

    fn issue_at(
        &mut self,
        code: IssueCode,
        layer: LayerKind,
        at: usize,
        needed: usize,
        present: usize,
        set_by: Option<LayerKind>,
    ) {
        self.frame.push_issue(Issue {
            code,
            layer,
            at: at as u32,
            needed: needed as u32,
            present: present as u32,
            set_by,
        });
    }

    /// Notes the first option of `kind` whose length cannot be. The options begin `offset` octets from here; kinds 0 and 1
    /// have one octet, all others say their length (RFC 791 §3.1, RFC 9293 §3.1).
    pub(super) fn check_options(&mut self, kind: LayerKind, offset: usize, options: &[u8]) {
        if let Some((at, len)) = bad_option(options) {
            self.issue(IssueCode::BadOption, kind, offset + at, len.max(2), options.len() - at);
        }
    }

    /// Ends the current layer `len` octets from here, as the length field of `kind` says. What follows is trailer. If
    /// the outer layer ends earlier, that end stays, and the issue is noted.
    #[inline]
    pub(super) fn narrow(&mut self, kind: LayerKind, len: usize) {
        let present = self.rest_len();
        if len > present {
            self.issue(IssueCode::TooLong, kind, 0, len, present);
            return;
        }
        self.end = self.at + len;
        self.set_by = Some(kind);
        // What follows the outermost network packet is padding or a trailer of the link.
        if self.frame.ip_index().is_none() {
            self.frame.set_trailer((self.wire_end - self.end) as u32);
        }
    }

    /// Adds a layer whose header is the next `header_len` octets, and steps over it.
    #[inline]
    pub(super) fn push(&mut self, layer: Layer<'a>, header_len: usize) {
        let captured = header_len.min(self.rest().len());
        self.frame.push(Located { layer, start: self.at as u32, header_len: captured as u32 });
        self.at += header_len;
    }

    /// Ends the walk: what is left of the current layer is the payload.
    #[inline]
    pub(super) fn finish(mut self) -> Frame<'a> {
        let captured = self.frame.bytes().len();
        let start = self.at.min(captured);
        let end = self.end.min(captured).max(start);
        let len = self.rest_len() as u32;
        self.frame.set_payload(start as u32..end as u32, len);
        self.frame
    }
}

/// Where the first option stands whose length cannot be, and that length.
#[inline]
pub(super) fn bad_option(options: &[u8]) -> Option<(usize, usize)> {
    let mut at = 0;
    while let Some(&option) = options.get(at) {
        match option {
            0 => return None,
            1 => at += 1,
            _ => {
                let len = options.get(at + 1).map_or(0, |len| usize::from(*len));
                if len < 2 || len > options.len() - at {
                    return Some((at, len));
                }
                at += len;
            }
        }
    }
    None
}

/// Two octets at `at`, most significant first; 0 if they are not there (views check their lengths once, when made).
#[inline]
pub(super) fn be16(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |octets| u16::from_be_bytes([octets[0], octets[1]]))
}

/// Four octets at `at`, most significant first; 0 if they are not there.
#[inline]
pub(super) fn be32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |octets| u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]]))
}
