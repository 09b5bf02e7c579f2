//! Time of one collective over two kinds of link.

use super::efficiency::Factors;
use super::machine::Machine;
use crate::units::{Bytes, Seconds};

/// Doublings of the chips of one axis of a torus: 16, the side of a TPU pod's block of slices.
const SIDE: f64 = 4.0;

/// The links of one chip, prepared once a step.
#[derive(Debug, Clone, Copy)]
pub struct Links {
    /// Seconds a byte over the scale-up link.
    near: f64,
    /// Seconds a byte over the network, for one chip's share of its server's.
    far: f64,
    /// Chips on one scale-up link.
    pub(super) domain: f64,
    /// Axes of the torus of the scale-up links.
    axes: f64,
    /// To start a collective, and for each doubling of the servers it spans.
    latency: Seconds,
}

/// Chips that pass parts of a tensor around.
#[derive(Debug, Clone, Copy)]
pub struct Ring {
    /// Seconds for each byte of the tensor.
    byte: f64,
    /// To start a collective and to pass every server.
    latency: Seconds,
}

impl Ring {
    /// Time of an all-gather or a reduce-scatter of a tensor.
    ///
    /// # Formula
    /// that of [`Links::gather`]
    /// # Source
    /// as there
    #[inline]
    pub fn gather(&self, bytes: Bytes) -> Seconds {
        Seconds::new(bytes.get() * self.byte) + self.latency
    }
}

/// An all-to-all in which each row goes to several members.
#[derive(Debug, Clone, Copy)]
pub struct Exchange {
    /// Rows a member sends.
    pub rows: f64,
    /// Bytes of one.
    pub bytes: Bytes,
    /// Members.
    pub group: f64,
    /// Experts a row goes to.
    pub fanout: f64,
    /// Most servers they may lie on.
    pub servers: f64,
    /// A row crosses the network once for each server, not once for each expert.
    pub once: bool,
}

/// Places that a row with `fanout` destinations, each drawn alike, reaches out of `places`.
///
/// # Formula
/// `n (1 - (1 - 1 / n)^k)`
/// # Source
/// The expected number of distinct values in k draws from n.
#[inline]
fn distinct(places: f64, fanout: f64) -> f64 {
    places * (1.0 - (1.0 - 1.0 / places).powf(fanout))
}

impl Links {
    /// The links of a machine.
    pub fn new(machine: &Machine, f: &Factors) -> Self {
        Self {
            near: 1.0 / (machine.scale_up.get() * f.scale_up),
            far: 1.0 / (machine.nic.get() * f.fabric),
            domain: f64::from(machine.domain.max(1)),
            axes: f64::from(machine.axes.max(1)),
            latency: Seconds::new(f.latency),
        }
    }

    /// Time of an all-gather or a reduce-scatter of a tensor of `bytes` over `group` chips, `stride` apart.
    ///
    /// # Formula
    /// `(g - 1) / g V / B + t (1 + log2 servers)`: B the scale-up rate while the group lies in one domain, else the
    /// rate of the network of all its members in a domain together, at most the scale-up rate; on a torus a group uses
    /// the links of as many axes as it spans
    /// # Source
    /// Thakur et al. 2005 (ring collectives); a ring through several servers enters and leaves each by every network
    /// card of its members there (NCCL).
    #[inline]
    pub fn gather(&self, bytes: Bytes, group: f64, stride: f64) -> Seconds {
        self.ring(group, stride).gather(bytes)
    }

    /// The ring of `group` chips, `stride` apart, for collectives of more than one size.
    ///
    /// # Formula
    /// that of [`Links::gather`]
    /// # Source
    /// as there
    #[inline]
    pub fn ring(&self, group: f64, stride: f64) -> Ring {
        if group <= 1.0 {
            return Ring { byte: 0.0, latency: Seconds::ZERO };
        }
        let members = (self.domain / stride).floor().clamp(1.0, group);
        let (byte, hops) = if members >= group {
            (self.near * self.axes / self.spanned(group), 1.0)
        } else {
            ((self.far / members).max(self.near), 1.0 + (group / members).log2())
        };
        Ring { byte: (group - 1.0) / group * byte, latency: self.latency * hops }
    }

    /// Axes of the torus that a group spans, 16 chips to an axis.
    fn spanned(&self, group: f64) -> f64 {
        if self.axes <= 1.0 { self.axes } else { (group.log2() / SIDE).ceil().clamp(1.0, self.axes) }
    }

    /// Time of an all-reduce.
    ///
    /// # Formula
    /// twice an all-gather
    /// # Source
    /// Thakur et al. 2005: a reduce-scatter, then an all-gather.
    #[inline]
    pub fn reduce(&self, bytes: Bytes, group: f64, stride: f64) -> Seconds {
        self.gather(bytes, group, stride) * 2.0
    }

    /// Time to send `bytes` to a chip `distance` away.
    ///
    /// # Formula
    /// `V / B + t`
    /// # Source
    /// Hockney 1994 (latency and bandwidth).
    #[inline]
    pub fn send(&self, bytes: Bytes, distance: f64) -> Seconds {
        let byte = if distance < self.domain { self.near } else { self.far };
        Seconds::new(bytes.get() * byte) + self.latency
    }

    /// Time of an all-to-all.
    ///
    /// # Formula
    /// the larger of the two links' times: `rows bytes visited (1 - 1 / servers) / B_far`, and
    /// `rows bytes reached (1 - 1 / near) / B_near`; visited and reached are distinct servers and chips where a row
    /// crosses once, else one for each expert
    /// # Source
    /// DeepSeek-V3, arXiv:2412.19437, section 3.2.2 (a token goes to each of at most four servers once, and is
    /// forwarded there over the scale-up link).
    pub fn exchange(&self, e: &Exchange) -> Seconds {
        if e.group <= 1.0 {
            return Seconds::ZERO;
        }
        let near = self.domain.min(e.group);
        let servers = (e.group / near).max(1.0);
        let visited = distinct(servers, e.fanout).min(e.servers.max(1.0));
        let crossing = if e.once { visited } else { e.fanout };
        let reached = if e.once { distinct(e.group, e.fanout).max(visited) } else { e.fanout / servers };
        let volume = (e.bytes * e.rows).get();
        let far = volume * crossing * (1.0 - 1.0 / servers) * self.far;
        let close = volume * reached * (1.0 - 1.0 / near) * self.near;
        Seconds::new(far.max(close)) + self.latency * (1.0 + servers.log2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINKS: Links = Links { near: 1.0 / 400e9, far: 1.0 / 40e9, domain: 8.0, axes: 1.0, latency: Seconds::ZERO };

    #[test]
    fn a_gather_by_hand() {
        // 8 GB over 8 chips of one domain: 7/8 of them at 400 GB/s
        let gather = |group, stride| LINKS.gather(Bytes::new(8e9), group, stride).get();
        assert!((gather(8.0, 1.0) - 0.0175).abs() < 1e-12);
        // over 16 chips of two servers: 15/16 at eight cards of 40 GB/s
        assert!((gather(16.0, 1.0) - 7.5 / 320.0).abs() < 1e-12);
        // over 2 chips of two servers: half of them at one card
        assert!((gather(2.0, 8.0) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn eight_experts_of_a_token_reach_few_servers() {
        // by hand: 8 (1 - (7/8)^8) = 5.25
        assert!((distinct(8.0, 8.0) - 5.251_128_6).abs() < 1e-6);
    }
}
