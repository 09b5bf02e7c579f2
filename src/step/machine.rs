//! What the step model needs to know of a chip and the cluster around it.

/// Chip family whose fitted factors apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Generation {
    /// NVIDIA A100, A800.
    Ampere,
    /// NVIDIA H100, H800, H200, H20.
    Hopper,
    /// NVIDIA B200, GB200, B300, GB300.
    Blackwell,
}

/// One chip and its links, in SI units per chip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Machine {
    /// Dense 16-bit matrix rate, FLOP/s.
    pub peak_16: f64,
    /// Dense 8-bit matrix rate, FLOP/s; zero without one.
    pub peak_8: f64,
    /// Memory bandwidth, bytes/s.
    pub memory_bandwidth: f64,
    /// Memory, bytes.
    pub memory: f64,
    /// Scale-up link, bytes/s one way.
    pub scale_up: f64,
    /// Chips that a scale-up link reaches.
    pub domain: f64,
    /// Network, bytes/s one way.
    pub nic: f64,
    /// Chips in one server.
    pub node: f64,
    /// Whose factors apply.
    pub generation: Generation,
}
