//! Stages: the slowest sets the pace, the others' work is the bubble.

use super::layer::Bench;
use super::work::{Passes, Work};
use crate::layout::parallelism::{Layout, Schedule};

/// Share of a transfer that shows where interleaved stages send while they compute.
const SHOWN_INTERLEAVED: f64 = 0.3;

/// One micro-batch through the pipeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stages {
    /// The slowest stage.
    pub(super) slowest: Work,
    /// Its backward pass, seconds.
    pub(super) backward: f64,
    /// All stages together, seconds.
    pub(super) all: f64,
}

impl Stages {
    fn of(slowest: &Passes, all: f64) -> Self {
        Self { slowest: slowest.both(), backward: slowest.bwd.total(), all }
    }
}

/// Sums layers and ends of the network into stages, and finds the slowest.
///
/// # Formula
/// the largest of: first stage with the embedding, last stage with head, loss and multi-token prediction, a stage
/// between with the most layers; under DualPipe a chip holds half of either end
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.2; DeepSeek-V3, arXiv:2412.19437, section 3.2.1.
pub(super) fn stages(b: &Bench<'_>, layers: u32) -> Stages {
    let layout = b.layout;
    let mixed = if b.w.layers > 0.0 { b.w.mixtures / b.w.layers } else { 0.0 };
    let (mut layer, mut mixture) = (Passes::default(), Passes::default());
    if mixed < 1.0 {
        layer.add(&b.dense(), 1.0 - mixed);
    }
    if mixed > 0.0 {
        mixture = b.mixture();
        layer.add(&mixture, mixed);
    }
    let mut last = Passes::default();
    last.add(&b.head(), 1.0 + b.w.mtp);
    last.add(if mixed > 0.0 { &mixture } else { &layer }, b.w.mtp);
    let mut first = b.embedding();
    let one = layer.both().total();
    let all = one * b.w.layers + last.both().total() + first.both().total();
    if layout.pp <= 1 {
        first.add(&last, 1.0);
        first.add(&layer, b.w.layers);
        return Stages::of(&first, all);
    }
    let on = |stage: u32| f64::from(layout.layers_on(stage, layers));
    last.add(&layer, on(layout.pp - 1));
    first.add(&layer, on(0));
    if layout.schedule == Schedule::DualPipe {
        let mut ends = Passes::default();
        ends.add(&first, 0.5);
        ends.add(&last, 0.5);
        (first, last) = (ends, ends);
    }
    let mut slowest = if last.both().total() > first.both().total() { last } else { first };
    // Stages that are short of a layer lie at the ends, so that the one in the middle has the most.
    let middle = on(layout.pp / 2);
    if layout.pp > 2 && middle * one > slowest.both().total() {
        slowest = Passes::default();
        slowest.add(&layer, middle);
    }
    Stages::of(&slowest, all)
}

/// Seconds the slowest stage waits for the others in one step.
///
/// # Formula
/// I the work of all other stages on one micro-batch, W the share of weight gradients in the slowest one's: 1F1B `I`,
/// interleaved `I / v`, zero-bubble `I (1 - 2 W)`, DualPipe half of that
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.2; Qi et al. 2023, arXiv:2401.10241, table 1 (ZB-H1);
/// DeepSeek-V3, arXiv:2412.19437, table 2.
pub(super) fn bubble(layout: &Layout, s: &Stages) -> f64 {
    let busy = s.slowest.total();
    let idle = (s.all - busy).max(0.0);
    let moved = if busy > 0.0 { (1.0 - 2.0 * s.slowest.weight_gradient / busy).max(0.0) } else { 1.0 };
    match layout.schedule {
        Schedule::OneFOneB | Schedule::Interleaved => idle / f64::from(layout.vpp.max(1)),
        Schedule::ZeroBubble => idle * moved,
        Schedule::DualPipe => idle * 0.5 * moved,
    }
}

/// Seconds of transfers between stages that show in one step.
///
/// # Formula
/// `2 t (q m v + p - 1)`: t one transfer of a chip's part of the activations (gathered behind it unless the sequence
/// is split), q the share that shows (1 for 1F1B, less interleaved, none under DualPipe)
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, sections 2.2 and 4.1 (scatter and gather).
pub(super) fn transfers(b: &Bench<'_>) -> f64 {
    let layout = b.layout;
    if layout.pp <= 1 {
        return 0.0;
    }
    let bytes = b.t * b.w.hidden * 2.0;
    let distance = b.tp * b.cp * f64::from(layout.dp);
    let mut one = b.links.send(bytes / b.tp, distance);
    if b.tp > 1.0 && !layout.sequence_parallel {
        one += b.links.gather(bytes, b.tp, 1.0);
    }
    let shown = match (layout.schedule, b.stack.overlap) {
        (Schedule::DualPipe, _) => 0.0,
        (Schedule::Interleaved, true) => SHOWN_INTERLEAVED,
        _ => 1.0,
    };
    let steady = shown * b.micro_batches * f64::from(layout.vpp.max(1));
    2.0 * one * (steady + f64::from(layout.pp - 1))
}
