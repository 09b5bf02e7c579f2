//! Time of one collective over two kinds of link.

use super::efficiency::Factors;
use super::machine::Machine;

/// Effective links, prepared once a step.
#[derive(Debug, Clone, Copy)]
pub struct Links {
    /// Seconds a byte over the scale-up link.
    pub near: f64,
    /// Seconds a byte over the network, one chip's share.
    pub far: f64,
    /// Chips on one scale-up link.
    pub domain: f64,
    /// Seconds to start.
    pub latency: f64,
}

impl Links {
    /// The links of a machine.
    pub fn new(machine: &Machine, f: &Factors) -> Self {
        Self {
            near: 1.0 / (machine.scale_up.get() * f.scale_up),
            far: 1.0 / (machine.nic.get() * f.fabric),
            domain: f64::from(machine.domain.max(1)),
            latency: f.latency * 1e-6,
        }
    }

    /// Members of a group in one domain, at this distance between members.
    #[inline]
    pub fn members_near(&self, group: f64, stride: f64) -> f64 {
        (self.domain / stride).floor().clamp(1.0, group)
    }

    /// Seconds of an all-gather or a reduce-scatter of `bytes` (the whole tensor).
    #[inline]
    pub fn gather(&self, bytes: f64, group: f64, stride: f64) -> f64 {
        if group <= 1.0 {
            return 0.0;
        }
        let near = self.members_near(group, stride);
        let (per_byte, hops) = if near >= group {
            (self.near, 1.0)
        } else {
            // A ring through every server uses the network of each member it has there.
            ((self.far / near).max(self.near), 1.0 + (group / near).log2())
        };
        (group - 1.0) / group * bytes * per_byte + self.latency * hops
    }

    /// Seconds of an all-reduce.
    #[inline]
    pub fn reduce(&self, bytes: f64, group: f64, stride: f64) -> f64 {
        2.0 * self.gather(bytes, group, stride)
    }

    /// Seconds of a transfer to a neighbour at this distance.
    #[inline]
    pub fn send(&self, bytes: f64, distance: f64) -> f64 {
        let per_byte = if distance < self.domain { self.near } else { self.far };
        bytes * per_byte + self.latency
    }

    /// Seconds of an all-to-all: every member sends `rows` rows of `bytes`, each to `fanout` members.
    pub fn exchange(&self, rows: f64, bytes: f64, group: f64, fanout: f64, nodes_limit: f64, once: bool) -> f64 {
        if group <= 1.0 {
            return 0.0;
        }
        let near = self.domain.min(group);
        let nodes = (group / near).max(1.0);
        // Distinct destinations of one row, so that a row crosses the network once a node.
        let distinct = |places: f64| places * (1.0 - (1.0 - 1.0 / places).powf(fanout));
        let visited = distinct(nodes).min(nodes_limit.max(1.0));
        let crossing = if once { visited } else { fanout };
        let far = if nodes > 1.0 { crossing * (1.0 - 1.0 / nodes) } else { 0.0 };
        let local = if once { distinct(group).max(visited) } else { fanout / nodes };
        let near_rows = local * (1.0 - 1.0 / near);
        let seconds = (rows * bytes * far * self.far).max(rows * bytes * near_rows * self.near);
        seconds + self.latency * (1.0 + nodes.log2())
    }
}
