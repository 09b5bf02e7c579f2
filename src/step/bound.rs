//! Times that no layout can beat, cheap enough to ask for every layout of a search.

use super::efficiency::Factors;
use super::layer::LayerContext;
use super::machine::Machine;
use super::pipeline::{self, Pieces, Times};
use super::stack::Stack;
use super::{perform, straggler};
use crate::layout::parallelism::{Layout, Schedule, ZeroStage};
use crate::layout::search::Timing;
use crate::model::architecture::Architecture;
use crate::units::{ChipSeconds, Chips, Seconds};

/// Keeps a bound below the time whatever the order in which either is summed.
const BELOW: f64 = 1.0 - 1e-9;

/// The largest factor `straggler`, the share lost per doubling of the servers, with which fewer replicas are never faster.
const MOST_STRAGGLER: f64 = 0.5;

/// The step model as a search asks it: what a layer takes is worked out once for all layouts that share it.
#[derive(Debug, Clone, Copy)]
pub struct LowerBound<'a> {
    shape: &'a Architecture,
    machine: &'a Machine,
    stack: &'a Stack,
    factors: &'a Factors,
    /// The degrees and the micro-batch that `known` is of.
    family: [u32; 4],
    /// By recompute and by what hides expert traffic.
    known: [[Option<Times>; 3]; 3],
}

impl<'a> LowerBound<'a> {
    /// For one model, chip and software.
    pub fn new(shape: &'a Architecture, machine: &'a Machine, stack: &'a Stack, factors: &'a Factors) -> Self {
        Self { shape, machine, stack, factors, family: [0; 4], known: Default::default() }
    }

    /// One micro-batch's pieces, without what depends on the replicas.
    fn pieces(&mut self, layout: &Layout) -> Times {
        let family = [layout.tp, layout.cp, layout.ep, layout.micro_batch];
        if family != self.family {
            (self.family, self.known) = (family, Default::default());
        }
        let hides = match layout.schedule {
            Schedule::OneFOneB | Schedule::ZeroBubble => 0,
            Schedule::Interleaved if self.shape.experts.is_some() => 1,
            Schedule::Interleaved => 0,
            Schedule::DualPipe => 2,
        };
        let known = &mut self.known[layout.recompute as usize][hides];
        *known.get_or_insert_with(|| {
            let zero = ZeroStage::Optimizer;
            let alone = Layout { zero, global_batch: layout.dp * layout.micro_batch, ..*layout };
            Pieces::of(&LayerContext::new(self.shape, &alone, self.machine, self.stack, self.factors)).times()
        })
    }
}

impl Timing for LowerBound<'_> {
    fn least(&mut self, family: &Layout) -> ChipSeconds {
        let times = self.pieces(family);
        let whole = [1.0, 1.0, f64::from(self.shape.layers)];
        // Some schedules hide the traffic of experts; what they hide saves no more than it takes.
        let all = pipeline::dot(&whole, &times.total) - pipeline::dot(&whole, &times.expert_traffic);
        let sequences = f64::from(family.global_batch) / f64::from(family.micro_batch);
        let chips = Chips::new(f64::from(family.tp) * f64::from(family.cp));
        chips * (all * (sequences * BELOW))
    }

    fn bound(&mut self, layout: &Layout) -> Seconds {
        let times = self.pieces(layout);
        let layers = self.shape.layers;
        let slowest = pipeline::slowest(layout, layers, &times);
        let bubble = pipeline::bubble(layout, layers, &slowest, &times);
        let work = pipeline::dot(&slowest, &times.total) * layout.micro_batches() as f64;
        let replica = f64::from(layout.tp) * f64::from(layout.pp) * f64::from(layout.cp);
        let sequences = layout.micro_batches() as f64 * f64::from(layout.micro_batch);
        let waits = if self.factors.straggler < MOST_STRAGGLER {
            // Fewer replicas have more micro-batches, in proportion, but less to wait for.
            let chips = replica * f64::from(layout.global_batch) / sequences;
            straggler(work, chips, self.machine, self.factors)
        } else {
            Seconds::ZERO
        };
        (work + bubble + waits + Seconds::new(self.factors.fixed)) * BELOW
    }

    fn time(&mut self, layout: &Layout) -> Seconds {
        perform(self.shape, layout, self.machine, self.stack, self.factors).total()
    }
}
