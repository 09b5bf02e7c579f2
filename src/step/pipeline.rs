//! Stages: the slowest sets the pace, the others' work is the bubble.

use super::layer::Bench;
use super::work::{Passes, Work};
use crate::layout::parallelism::{Layout, Schedule};

/// One micro-batch through the pipeline.
#[derive(Debug, Clone, Copy)]
pub struct Stages {
    /// The slowest stage.
    pub slowest: Work,
    /// Its backward pass, seconds.
    pub backward: f64,
    /// All stages together, seconds.
    pub all: f64,
    /// Weight-gradient products of the slowest stage, seconds.
    pub weight_gradient: f64,
}

/// Sums layers and ends into stages.
pub fn stages(b: &Bench<'_>, layers: u32) -> Stages {
    let mixed = if b.w.layers > 0.0 { b.w.mixtures / b.w.layers } else { 0.0 };
    let mut layer = Passes::default();
    let mut mixture = Passes::default();
    if mixed < 1.0 {
        layer.add(&b.dense(), 1.0 - mixed);
    }
    if mixed > 0.0 {
        mixture = b.mixture();
        layer.add(&mixture, mixed);
    }
    let head = b.head();
    let mut last = Passes::default();
    last.add(&head, 1.0 + b.w.mtp);
    last.add(if mixed > 0.0 { &mixture } else { &layer }, b.w.mtp);
    let mut first = b.embedding();
    let (one, ends) = (layer.both().total(), last.both().total() + first.both().total());
    let all = one * b.w.layers + ends;
    if b.layout.pp <= 1 {
        first.add(&last, 1.0);
        first.add(&layer, b.w.layers);
        return of(&first, all);
    }
    let on = |stage: u32| f64::from(b.layout.layers_on(stage, layers));
    let pp = b.layout.pp;
    last.add(&layer, on(pp - 1));
    first.add(&layer, on(0));
    if b.layout.schedule == Schedule::DualPipe {
        // A chip holds a stage of either direction, the ends together.
        last.add(&first, 1.0);
        let mut ends = Passes::default();
        ends.add(&last, 0.5);
        first = ends;
        last = ends;
    }
    let mut slowest = if last.both().total() > first.both().total() { last } else { first };
    // Stages that are not short of a layer lie between the ends.
    let middle = on(pp / 2);
    if pp > 2 && middle * one > slowest.both().total() {
        slowest = Passes::default();
        slowest.add(&layer, middle);
    }
    of(&slowest, all)
}

fn of(p: &Passes, all: f64) -> Stages {
    let slowest = p.both();
    Stages { slowest, backward: p.bwd.total(), all, weight_gradient: slowest.weight_gradient }
}

/// Seconds the slowest stage waits for the others in one step.
pub fn bubble(layout: &Layout, s: &Stages) -> f64 {
    let idle = (s.all - s.slowest.total()).max(0.0);
    let moved = s.weight_gradient / s.slowest.total().max(1e-30);
    match layout.schedule {
        Schedule::OneFOneB | Schedule::Interleaved => idle / f64::from(layout.vpp.max(1)),
        Schedule::ZeroBubble => idle * (1.0 - 2.0 * moved).max(0.0),
        Schedule::DualPipe => idle * 0.5 * (1.0 - 2.0 * moved).max(0.0),
    }
}

/// Seconds of transfers between stages that show in one step.
pub fn transfers(b: &Bench<'_>) -> f64 {
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
        (Schedule::Interleaved, true) => 0.3,
        _ => 1.0,
    };
    2.0 * one * (shown * b.micro_batches * f64::from(layout.vpp.max(1)) + f64::from(layout.pp - 1))
}
