//! The time of one training step, and where it goes.
//!
//! Each term is one small function: kernels of a layer (`compute`, `layer`, `experts`), collectives (`collectives`),
//! stages and their bubble (`pipeline`), gradient traffic and the optimizer (`overlap`). What a chip reaches of its
//! sheet comes from the fitted [`efficiency::Factors`] of its generation, what software does from a [`stack::Stack`].

mod attention;
pub mod bound;
pub mod collectives;
mod compute;
pub mod efficiency;
mod ends;
mod experts;
mod kind;
mod layer;
pub mod losses;
pub mod machine;
pub mod operation;
mod overlap;
mod pipeline;

pub mod ranking;
pub mod stack;
pub mod time_by_kind;
mod towers;
mod tuned;
pub mod workload;

use crate::layout::parallelism::Layout;
use crate::units::{Flop, FlopPerSecond, Fraction, Seconds};
use efficiency::Factors;
use layer::LayerContext;
use machine::Machine;
use stack::Stack;
use time_by_kind::TimeByKind;
use workload::Workload;

/// Time of one step by kind, on the slowest stage.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepTime {
    /// All micro-batches on the slowest stage.
    pub work: TimeByKind,
    /// Waiting for other stages.
    pub bubble: Seconds,
    /// Transfers between stages that show.
    pub transfers: Seconds,
    /// Gradient reductions and weight gathers.
    pub gradients: Seconds,
    /// Their exposed part.
    pub gradients_exposed: Seconds,
    /// The optimizer's pass.
    pub optimizer: Seconds,
    /// Activations on their way to the host's memory and back.
    pub offloaded: Seconds,
    /// Their exposed part.
    pub offloaded_exposed: Seconds,
    /// Waiting for the slowest of many chips.
    pub straggler: Seconds,
    /// Data, clipping, logging.
    pub fixed: Seconds,
}

/// One line of a step's breakdown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Its key in machine formats.
    pub key: &'static str,
    /// What it is.
    pub label: &'static str,
    /// Seconds of the step.
    pub shown: Seconds,
    /// Seconds that run behind others.
    pub hidden: Seconds,
}

impl StepTime {
    /// The step.
    ///
    /// # Formula
    /// the sum of what shows
    /// # Source
    /// By definition.
    pub fn total(&self) -> Seconds {
        self.parts().iter().map(|part| part.shown).sum()
    }

    /// Where the time goes, in a fixed order; parts that are zero are among them.
    ///
    /// # Formula
    /// each field, traffic split into what shows and what is hidden
    /// # Source
    /// By definition.
    pub fn parts(&self) -> [Part; 16] {
        let w = &self.work;
        let all = |key, label, seconds| Part { key, label, shown: seconds, hidden: Seconds::ZERO };
        let some =
            |key, label, total: Seconds, shown| Part { key, label, shown, hidden: (total - shown).max(Seconds::ZERO) };
        [
            all("matrix_products", "matrix products", w.gemm),
            all("attention", "attention", w.attention),
            all("experts", "experts", w.experts),
            all("elementwise", "element-wise", w.elementwise),
            all("launch", "kernel launches", w.launch),
            some("tp", "TP traffic", w.tp, w.tp_exposed),
            some("ep", "EP traffic", w.ep, w.ep_exposed),
            some("cp", "CP traffic", w.cp, w.cp_exposed),
            some("sharding", "ZeRO-3 traffic", w.shard, w.shard_exposed),
            some("host", "offloaded activations", self.offloaded, self.offloaded_exposed),
            all("bubble", "pipeline bubble", self.bubble),
            all("pp", "PP transfers", self.transfers),
            some("gradients", "gradient traffic", self.gradients, self.gradients_exposed),
            all("optimizer", "optimizer", self.optimizer),
            all("straggler", "slowest chip", self.straggler),
            all("fixed", "fixed", self.fixed),
        ]
    }

    /// The share of the peak that one chip's work of a step makes, by whatever convention the work was counted.
    ///
    /// # Formula
    /// `MFU = F / (t P)`
    /// # Source
    /// Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
    pub fn mfu(&self, work_of_one_chip: Flop, peak: FlopPerSecond) -> Fraction {
        Fraction::new(work_of_one_chip.get() / (self.total().get() * peak.get()))
    }
}

/// The time of one step.
///
/// The layout must have passed [`Layout::check`] for the shape and have the sequence length that the model is prepared
/// for, and the machine [`Machine::check`] for its precision; nothing is allocated.
///
/// # Formula
/// `m T + bubble + transfers + exposed gradients + optimizer + slowest chip + fixed`: T the slowest stage's time for
/// one of m micro-batches
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.2, with the terms of the modules named above.
pub fn perform(model: &Workload, layout: &Layout, machine: &Machine, stack: &Stack, f: &Factors) -> StepTime {
    let (shape, b) = (&model.shape, LayerContext::new(model, layout, machine, stack, f));
    let pieces = pipeline::Pieces::of(&b);
    let times = pieces.times();
    let stages = model.stages(layout);
    let share = pipeline::slowest(layout, &stages, &shape.layers, &times);
    let slowest = pieces.sum(&share);
    let work = slowest.both().times(b.micro_batches);
    let bubble = pipeline::bubble(layout, &stages, &share, &times);
    let held = overlap::on_chip(&b);
    let (gradients, gradients_exposed) = overlap::gradients(&b, shape.tied_embeddings, &held, slowest.bwd.total());
    let [offloaded, offloaded_exposed] = b.offloaded(share[2], &slowest);
    StepTime {
        work,
        bubble,
        offloaded,
        offloaded_exposed,
        transfers: pipeline::transfers(&b),
        gradients,
        gradients_exposed,
        optimizer: overlap::optimizer(&b, &held),
        straggler: straggler(work.total() + bubble, layout.chips() as f64, machine, f),
        fixed: Seconds::new(f.fixed),
    }
}

/// Seconds that everyone waits for the slowest of so many chips.
fn straggler(busy: Seconds, chips: f64, machine: &Machine, f: &Factors) -> Seconds {
    busy * f.straggler * servers(chips, machine).log2()
}

/// Servers of so many chips, at least one.
fn servers(chips: f64, machine: &Machine) -> f64 {
    (chips / f64::from(machine.node.max(1))).max(1.0)
}
