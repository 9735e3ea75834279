//! The report: plain data, in the shape that `docs/OUTPUT.md` promises.

use serde::Serialize;

use super::totals::ProtocolCount;

/// Everything concluded from a capture.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Packets and octets by stack of layers, most packets first.
    pub protocols: Vec<ProtocolCount>,
}
