//! Times that no layout can beat, cheap enough to ask for every layout of a search.

use super::efficiency::Factors;
use super::layer::LayerContext;
use super::losses::Losses;
use super::machine::Machine;
use super::pipeline::{self, Pieces, Times};
use super::stack::Stack;
use super::workload::Workload;
use super::{perform, servers};
use crate::layout::parallelism::{Layout, Schedule, ZeroStage};
use crate::layout::search::Timing;
use crate::units::{ChipSeconds, Chips, Seconds};

/// Keeps a bound below the time whatever the order in which either is summed.
const BELOW: f64 = 1.0 - 1e-9;

/// The largest factor `straggler`, the share lost per doubling of the servers, with which fewer replicas are never faster.
const MOST_STRAGGLER: f64 = 0.5;

/// The step model as a search asks it: what a layer takes is worked out once for all layouts that share it.
#[derive(Debug, Clone, Copy)]
pub struct LowerBound<'a> {
    model: &'a Workload,
    machine: &'a Machine,
    stack: &'a Stack,
    factors: &'a Factors,
    losses: Losses,
    /// The degrees and the micro-batch that `known` is of.
    family: [u32; 4],
    /// By recompute and by what hides expert traffic.
    known: [[Option<Times>; 3]; 3],
}

impl<'a> LowerBound<'a> {
    /// For one model, chip and software.
    pub fn new(model: &'a Workload, machine: &'a Machine, stack: &'a Stack, factors: &'a Factors) -> Self {
        Self { model, machine, stack, factors, losses: Losses::NONE, family: [0; 4], known: Default::default() }
    }

    /// The same with what more servers lose.
    #[must_use]
    pub fn losing(self, losses: Losses) -> Self {
        Self { losses, ..self }
    }

    /// One micro-batch's pieces, without what depends on the replicas.
    fn pieces(&mut self, layout: &Layout) -> Times {
        let family = [layout.tp, layout.cp, layout.ep, layout.micro_batch];
        if family != self.family {
            (self.family, self.known) = (family, Default::default());
        }
        let hides = match layout.schedule {
            Schedule::OneFOneB | Schedule::ZeroBubble => 0,
            Schedule::Interleaved if self.model.shape.is_moe() => 1,
            Schedule::Interleaved => 0,
            Schedule::DualPipe => 2,
        };
        let known = &mut self.known[layout.recompute as usize][hides];
        *known.get_or_insert_with(|| {
            let zero = ZeroStage::Optimizer;
            let alone = Layout { zero, global_batch: layout.dp * layout.micro_batch, ..*layout };
            Pieces::of(&LayerContext::new(self.model, &alone, self.machine, self.stack, self.factors)).times()
        })
    }
}

/// A number at most 0.09 below the binary logarithm of one from 1 up, without a call: the exponent, and the mantissa's
/// chord.
fn log2_below(x: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    let exponent = (x.to_bits() >> 52) as f64 - 1023.0;
    exponent + f64::from_bits((x.to_bits() & MANTISSA) | 1f64.to_bits()) - 1.0
}

impl Timing for LowerBound<'_> {
    fn least(&mut self, family: &Layout) -> ChipSeconds {
        let times = self.pieces(family);
        let whole = [1.0, 1.0, f64::from(self.model.shape.layers.len())];
        // Some schedules hide the traffic of experts; what they hide saves no more than it takes.
        let all = pipeline::dot(&whole, &times.total) - pipeline::dot(&whole, &times.expert_traffic);
        let sequences = f64::from(family.global_batch) / f64::from(family.micro_batch);
        let chips = Chips::new(f64::from(family.tp) * f64::from(family.cp));
        chips * (all * (sequences * BELOW))
    }

    fn bound(&mut self, layout: &Layout) -> Seconds {
        let times = self.pieces(layout);
        let stages = self.model.stages(layout);
        let slowest = pipeline::slowest(layout, &stages, &self.model.shape.layers, &times);
        let bubble = pipeline::bubble(layout, &stages, &slowest, &times);
        let rounds = layout.micro_batches() as f64;
        let work = pipeline::dot(&slowest, &times.total) * rounds;
        let replica = f64::from(layout.tp) * f64::from(layout.pp) * f64::from(layout.cp);
        let sequences = rounds * f64::from(layout.micro_batch);
        let waits = if self.factors.straggler < MOST_STRAGGLER {
            // Fewer replicas have more micro-batches, in proportion, but less to wait for.
            let chips = replica * f64::from(layout.global_batch) / sequences;
            work * (self.factors.straggler * log2_below(servers(chips, self.machine)))
        } else {
            Seconds::ZERO
        };
        (work + bubble + waits + Seconds::new(self.factors.fixed)) * BELOW
    }

    fn time(&mut self, layout: &Layout) -> Seconds {
        perform(self.model, layout, self.machine, self.stack, self.factors).total()
    }

    fn ends(&mut self, layout: &Layout) -> [f64; 2] {
        let [first, last, layer] = self.pieces(layout).total;
        [first, last].map(|end| if layer > Seconds::ZERO { end / layer } else { 0.0 })
    }

    fn loss(&self, chips: f64) -> f64 {
        self.losses.factor(chips)
    }
}

#[cfg(test)]
mod tests {
    use super::log2_below;

    #[test]
    fn the_chord_is_below_the_logarithm() {
        // by hand: exact at powers of two, log2(3) = 1.585 and the chord from 2 to 4 at 1.5
        assert_eq!([1.0, 2.0, 1024.0, 3.0].map(log2_below), [0.0, 1.0, 10.0, 1.5]);
        for k in 0..10_000 {
            let x = 1.0 + f64::from(k) * 0.37;
            assert!((-1e-12..0.09).contains(&(x.log2() - log2_below(x))), "{x}");
        }
    }
}
