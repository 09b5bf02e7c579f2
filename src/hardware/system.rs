//! What chips come in: nodes, racks and pods.

use crate::units::{Usd, Watts};

/// How many chips belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemKind {
    /// One server.
    Node,
    /// One rack sold as a unit.
    Rack,
    /// Many racks sold as a unit.
    Pod,
}

/// The kinds and how a profile writes them.
pub const SYSTEM_KINDS: [(&str, SystemKind); 3] =
    [("node", SystemKind::Node), ("rack", SystemKind::Rack), ("pod", SystemKind::Pod)];

/// One product with several chips in it.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// The full name.
    pub name: String,
    /// The accelerator's id.
    pub accelerator: String,
    /// Chips in it.
    pub chips: u32,
    /// Node, rack or pod.
    pub kind: SystemKind,
    /// Maximum input power.
    pub power_max: Option<Watts>,
    /// Lowest price seen.
    pub price_low: Option<Usd>,
    /// Highest price seen.
    pub price_high: Option<Usd>,
}
