//! Stages: the slowest sets the pace, the others' work is the bubble.
//!
//! A stage's layers count by what they take: so many of a layer that is the mean of all. The parts of its time are in the
//! mean's proportions.

use super::layer::LayerContext;
use super::time_by_kind::{ForwardBackward, TimeByKind};
use crate::layout::parallelism::{Layout, Schedule};
use crate::layout::stages::Stages;
use crate::model::layers::{Layers, MOST_KINDS};
use crate::units::{Bytes, Seconds};

/// Share of a transfer that shows where interleaved stages send while they compute.
const SHOWN_INTERLEAVED: f64 = 0.3;

/// One micro-batch through the first end of the network, its last, and a layer that is the mean of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pieces {
    pieces: [ForwardBackward; 3],
    /// Time of a layer of each kind in both directions.
    kinds: [Seconds; MOST_KINDS],
}

impl Pieces {
    /// Embedding; head, loss and multi-token prediction; layers of each kind in their shares.
    pub(super) fn of(b: &LayerContext<'_>) -> Self {
        let (layers, modules) = (&b.shape.layers, f64::from(b.shape.mtp_modules));
        let (all, module) = (f64::from(layers.len().max(1)), b.shape.module());
        let mut pieces = [b.embedding(), ForwardBackward::default(), ForwardBackward::default()];
        let mut kinds = [Seconds::ZERO; MOST_KINDS];
        let [_, last, layer] = &mut pieces;
        last.add(&b.head(), 1.0 + modules);
        for ((of, kind, count), time) in b.model.each().zip(&mut kinds) {
            let one = b.layer(kind);
            *time = one.fwd.total() + one.bwd.total();
            layer.add(&one, f64::from(count) / all);
            if modules > 0.0 && module.is_some_and(|module| std::ptr::eq(module, of)) {
                last.add(&one, modules);
            }
        }
        Self { pieces, kinds }
    }

    /// Time of each in both directions, and what of it are weight gradients.
    pub(super) fn times(&self) -> Times {
        let each = |of: fn(&TimeByKind) -> Seconds| {
            let [first, last, layer] = &self.pieces;
            [first, last, layer].map(|piece| of(&piece.fwd) + of(&piece.bwd))
        };
        Times {
            total: each(TimeByKind::total),
            weight_gradient: each(|work| work.weight_gradient),
            expert_traffic: each(|work| work.ep_exposed),
            kinds: self.kinds,
        }
    }

    /// So many of each.
    pub(super) fn sum(&self, share: &Share) -> ForwardBackward {
        let mut sum = ForwardBackward::default();
        for (piece, n) in self.pieces.iter().zip(share).filter(|(_, n)| **n > 0.0) {
            sum.add(piece, *n);
        }
        sum
    }
}

/// How many of each piece a stage has.
pub(super) type Share = [f64; 3];

/// Time of each piece for one micro-batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) total: [Seconds; 3],
    pub(super) weight_gradient: [Seconds; 3],
    pub(super) expert_traffic: [Seconds; 3],
    /// Time of a layer of each kind.
    kinds: [Seconds; MOST_KINDS],
}

impl Times {
    /// A stage's layers, in layers that are the mean of all.
    ///
    /// # Formula
    /// `sum_k n_k t_k / t` of its own n_k layers of each kind, or of the model's where the stage lies in pieces all over
    /// the depth
    /// # Source
    /// By definition of the mean.
    fn on(&self, layout: &Layout, stages: &Stages, layers: &Layers, stage: u32) -> f64 {
        let count = stages.on(stage);
        let mean = self.total[2];
        if layers.kinds().len() < 2 || layout.vpp > 1 || mean <= Seconds::ZERO {
            return f64::from(count);
        }
        let start = stages.before(stage);
        let between = layers.before(start).iter().zip(layers.before(start + count)).zip(&self.kinds);
        let all: Seconds = between.map(|((earlier, later), time)| *time * f64::from(later - earlier)).sum();
        all / mean
    }
}

impl Times {
    /// The most of [`Self::on`] between the ends, or of the mean of two stages that lie on one chip.
    fn most_between(&self, layout: &Layout, stages: &Stages, layers: &Layers) -> f64 {
        let (last, mean) = (layout.pp - 1, self.total[2]);
        let dual = layout.schedule == Schedule::DualPipe;
        if layers.kinds().len() < 2 || layout.vpp > 1 || mean <= Seconds::ZERO {
            let on = |stage: u32| f64::from(stages.on(stage));
            let held = |stage: u32| if dual { 0.5 * (on(stage) + on(last - stage)) } else { on(stage) };
            let others = if dual { 1..layout.pp / 2 } else { 1..last };
            return others.map(held).fold(0.0, f64::max);
        }
        let until = |stage: u32| -> Seconds {
            let counts = layers.before(stages.before(stage)).iter().zip(&self.kinds);
            counts.map(|(count, time)| *time * f64::from(*count)).sum()
        };
        let (mut front, mut back, mut most) = (until(1), until(last), Seconds::ZERO);
        for stage in if dual { 1..layout.pp / 2 } else { 1..last } {
            let next = until(stage + 1);
            let mut held = next - front;
            front = next;
            if dual {
                let next = until(last - stage);
                held = (held + (back - next)) * 0.5;
                back = next;
            }
            most = most.max(held);
        }
        most / mean
    }
}

/// What so many of each piece come to.
#[inline]
pub(super) fn dot(share: &Share, each: &[Seconds; 3]) -> Seconds {
    each[0] * share[0] + each[1] * share[1] + each[2] * share[2]
}

/// What the slowest stage has.
///
/// # Formula
/// the largest of: first stage with the embedding, last stage with head, loss and multi-token prediction, the stages
/// between; under DualPipe a chip holds half of one from either end
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.2; DeepSeek-V3, arXiv:2412.19437, section 3.2.1.
pub(super) fn slowest(layout: &Layout, stages: &Stages, layers: &Layers, times: &Times) -> Share {
    let (pp, dual) = (layout.pp, layout.schedule == Schedule::DualPipe);
    if pp <= 1 {
        return [1.0, 1.0, f64::from(stages.all())];
    }
    let on = |stage: u32| times.on(layout, stages, layers, stage);
    let held = |stage: u32| if dual { 0.5 * (on(stage) + on(pp - 1 - stage)) } else { on(stage) };
    let [first, last] = match layout.schedule {
        Schedule::DualPipe => [[0.5, 0.5, held(0)]; 2],
        _ => [[1.0, 0.0, on(0)], [0.0, 1.0, on(pp - 1)]],
    };
    let time = |share: &Share| dot(share, &times.total);
    let end = if time(&last) > time(&first) { last } else { first };
    let between = if !dual && (layers.kinds().len() < 2 || layout.vpp > 1) {
        f64::from(stages.between())
    } else {
        times.most_between(layout, stages, layers)
    };
    let middle = [0.0, 0.0, between];
    if pp > 2 && time(&middle) > time(&end) { middle } else { end }
}

/// Time the slowest stage waits for the others in one step.
///
/// # Formula
/// I the work of all other stages on one micro-batch, W the share of weight gradients in the slowest one's: 1F1B `I`,
/// interleaved `I ceil(k / v) / k` for k layers a stage, zero-bubble `I (1 - 2 W)`, DualPipe half of that
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, section 2.2; Qi et al. 2023, arXiv:2401.10241, table 1 (ZB-H1);
/// DeepSeek-V3, arXiv:2412.19437, table 2.
pub(super) fn bubble(layout: &Layout, stages: &Stages, slowest: &Share, times: &Times) -> Seconds {
    let busy = dot(slowest, &times.total);
    let idle = (dot(&[1.0, 1.0, f64::from(stages.all())], &times.total) - busy).max(Seconds::ZERO);
    let moved = || {
        let gradients = dot(slowest, &times.weight_gradient);
        if busy > Seconds::ZERO { (1.0 - 2.0 * (gradients / busy)).max(0.0) } else { 1.0 }
    };
    match layout.schedule {
        Schedule::OneFOneB => idle,
        Schedule::Interleaved => {
            let deep = stages.most().max(1);
            idle * f64::from(deep.div_ceil(layout.vpp.max(1))) / f64::from(deep)
        }
        Schedule::ZeroBubble => idle * moved(),
        Schedule::DualPipe => idle * (0.5 * moved()),
    }
}

/// Time of transfers between stages that show in one step.
///
/// # Formula
/// `2 t (q m v + p - 1)`: t one transfer of a chip's part of the activations (gathered behind it unless the sequence
/// is split), q the share that shows (1 for 1F1B, less interleaved, none under DualPipe)
/// # Source
/// Narayanan et al. 2021, arXiv:2104.04473, sections 2.2 and 4.1 (scatter and gather).
pub(super) fn transfers(b: &LayerContext<'_>) -> Seconds {
    let layout = b.layout;
    if layout.pp <= 1 {
        return Seconds::ZERO;
    }
    let bytes = Bytes::new(b.t * b.hidden * 2.0);
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
    one * (2.0 * (steady + f64::from(layout.pp - 1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::parallelism::SCHEDULES;
    use crate::layout::stages::Cut;
    use crate::model::layers::Layer;
    use crate::model::mixer::{Mixer, grouped::Grouped};
    use crate::model::mlp::{Dense, Experts, Mlp};

    /// The stages that are looked at hold the slowest of all.
    #[test]
    fn no_stage_is_slower_than_the_one_returned() {
        let attention = Mixer::Grouped(Grouped::plain(32, 8, 128));
        let dense = Layer::new(attention, Mlp::Dense(Dense { width: 14_336, gated: true }));
        let moe = Layer { mlp: Mlp::Moe(Experts::routed(8, 2, 2048)), ..dense };
        let second = Seconds::new(1.0);
        for (leading, count) in [(0, 61), (1, 27), (3, 61), (9, 61), (20, 48), (40, 47)] {
            let layers = Layers::repeated(dense, leading, &[moe], count);
            for (pp, schedule) in [2, 4, 6, 16, 24].into_iter().flat_map(|pp| SCHEDULES.map(|(_, of)| (pp, of))) {
                for (ratio, head, uneven) in [(0.4, 0.0, false), (2.5, 0.5, false), (1.7, 4.0, true), (1.2, 20.0, true)]
                {
                    let even = Layout { pp, schedule, ..Layout::single(4096) };
                    let cut = if uneven { Stages::by_cost(&even, count, [0.1, head]) } else { Cut::Even };
                    let layout = Layout { cut, ..even };
                    let stages = Stages::of(&layout, count);
                    let mut kinds = [Seconds::ZERO; MOST_KINDS];
                    kinds[usize::from(leading > 0)] = second * ratio;
                    if leading > 0 {
                        kinds[0] = second;
                    }
                    let total = [second * 0.1, second * head, second];
                    let times = Times { total, weight_gradient: total, expert_traffic: total, kinds };
                    let share = slowest(&layout, &stages, &layers, &times);
                    let on = |stage: u32| times.on(&layout, &stages, &layers, stage);
                    let ends = |stage: u32| match stage {
                        0 => second * 0.1,
                        _ if stage + 1 == pp => second * head,
                        _ => Seconds::ZERO,
                    };
                    let chip = |stage: u32| second * on(stage) + ends(stage);
                    let folded = |stage: u32| match schedule {
                        Schedule::DualPipe => (chip(stage) + chip(pp - 1 - stage)) * 0.5,
                        _ => chip(stage),
                    };
                    let all = (0..pp).map(folded).fold(Seconds::ZERO, Seconds::max);
                    let off = (dot(&share, &times.total) / all - 1.0).abs();
                    assert!(off < 1e-12, "{leading} of {count} on {pp} {schedule:?} {cut:?} at {ratio}: {off}");
                }
            }
        }
    }
}
