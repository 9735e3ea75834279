//! The report: plain data, in the shape that `docs/OUTPUT.md` promises.

use serde::Serialize;

use super::health::HealthReport;
use super::totals::ProtocolCount;

/// Everything concluded from a capture.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// How far the capture can be believed.
    pub health: HealthReport,
    /// Packets and octets by stack of layers, most packets first.
    pub protocols: Vec<ProtocolCount>,
}
