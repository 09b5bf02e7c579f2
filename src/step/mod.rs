//! The time of one training step, and where it goes.

pub mod collectives;
pub mod compute;
pub mod efficiency;
pub mod experts;
pub mod layer;
pub mod machine;
pub mod overlap;
pub mod pipeline;
pub mod ranking;
pub mod stack;
pub mod widths;
pub mod work;

use crate::layout::parallelism::Layout;
use crate::model::architecture::Architecture;
use crate::units::Seconds;
use efficiency::Factors;
use layer::Bench;
use machine::Machine;
use stack::Stack;
use work::Work;

/// Seconds of one step by kind, on the slowest stage.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepTime {
    /// All micro-batches on the slowest stage.
    pub work: Work,
    /// Waiting for other stages.
    pub bubble: f64,
    /// Transfers between stages.
    pub transfers: f64,
    /// Gradient reductions and weight gathers.
    pub gradients: f64,
    /// Their exposed part.
    pub gradients_exposed: f64,
    /// Optimizer.
    pub optimizer: f64,
    /// Waiting for the slowest of many chips.
    pub jitter: f64,
    /// Data, clipping, logging.
    pub fixed: f64,
}

impl StepTime {
    /// The step.
    pub fn total(&self) -> Seconds {
        Seconds::new(
            self.work.total()
                + self.bubble
                + self.transfers
                + self.gradients_exposed
                + self.optimizer
                + self.jitter
                + self.fixed,
        )
    }
}

/// Time of one step.
pub fn perform(shape: &Architecture, layout: &Layout, machine: &Machine, stack: &Stack, f: &Factors) -> StepTime {
    let b = Bench::new(shape, layout, machine, stack, f);
    let stages = pipeline::stages(&b, shape.layers);
    let work = stages.slowest.times(b.micro_batches);
    let bubble = pipeline::bubble(layout, &stages);
    let held = overlap::on_chip(&b);
    let (gradients, gradients_exposed) = overlap::gradients(&b, shape, &held, stages.backward);
    let nodes = (layout.chips() as f64 / f64::from(machine.node.max(1))).max(1.0);
    StepTime {
        work,
        bubble,
        transfers: pipeline::transfers(&b),
        gradients,
        gradients_exposed,
        optimizer: overlap::optimizer(&b, &held),
        jitter: (work.total() + bubble) * f.jitter * nodes.log2(),
        fixed: f.fixed * 1e-3,
    }
}
