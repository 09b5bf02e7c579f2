//! Bytes per chip under a layout: what the fullest pipeline stage holds, and whether it fits.

use crate::hardware::precision::StateBytes;
use crate::layout::layers::{Held, Layers, OnChip};
use crate::layout::parallelism::{Layout, Schedule, ZeroStage};
use crate::layout::stages::{Cut, InFlight, Stages};
use crate::model::architecture::Architecture;
use crate::model::layers::Pattern;
use crate::units::{Bytes, Fraction};

/// Keeps a bound below what it bounds, whatever the order in which either is summed.
const BELOW: f64 = 1.0 - 1e-9;

/// Layers whose activations are on the chip where all others wait on the host.
const ON_THE_WAY: f64 = 2.0;

/// Memory that no formula here accounts for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reserve {
    /// Share of the capacity lost to fragmentation.
    pub share: Fraction,
    /// Workspace of the runtime, the matrix and the communication libraries.
    pub workspace: Bytes,
}

/// What one chip of the fullest stage holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// Weights, with the layers that ZeRO-3 has gathered.
    pub weights: Bytes,
    /// Gradients.
    pub gradients: Bytes,
    /// Master weights and moments.
    pub optimizer: Bytes,
    /// Activations of all micro-batches in flight.
    pub activations: Bytes,
    /// Logits and their gradient; zero on a stage without the head, and where a layer's backward pass holds more than
    /// the loss.
    pub logits: Bytes,
    /// Fragmentation and workspace.
    pub reserve: Bytes,
    /// All of it.
    pub total: Bytes,
    /// Beyond it, blocks that a caching allocator keeps unused and gives back where memory runs short.
    pub unused: Bytes,
    /// What the chip has.
    pub capacity: Bytes,
    /// The stage, from zero.
    pub worst_stage: u32,
}

impl Fit {
    /// Whether the chip has enough.
    ///
    /// # Formula
    /// `total <= capacity`
    /// # Source
    /// By definition.
    #[inline]
    pub fn fits(&self) -> bool {
        self.total <= self.capacity
    }

    /// By how much the chip has too little; zero where it has enough.
    ///
    /// # Formula
    /// `max(total - capacity, 0)`
    /// # Source
    /// By definition.
    #[inline]
    pub fn over(&self) -> Bytes {
        (self.total - self.capacity).max(Bytes::ZERO)
    }
}

/// Looks at every stage that can be the fullest, and returns the one that is.
///
/// The layout must have passed [`Layout::check`] for the shape; nothing is allocated.
///
/// # Formula
/// per stage: weights, gradients and optimizer bytes of its parameters, each split as ZeRO says, activations of a
/// layer times layers times micro-batches in flight, the larger of the logits on the last and of one layer at work with
/// what is computed again in it, and the reserve
/// # Source
/// Korthikanti et al. 2022, arXiv:2205.05198, section 4; Rajbhandari et al. 2020, arXiv:1910.02054, section 5;
/// DeepSeek-V3, arXiv:2412.19437, table 2 (DualPipe: twice the parameters, `p + 1` micro-batches); PyTorch,
/// `fully_shard` (the layer at work and the next gathered in 16 bits, what belongs to no layer for the whole step).
pub fn fit(shape: &Architecture, layout: &Layout, capacity: Bytes, reserve: &Reserve) -> Fit {
    Layers::of(shape, layout).fit(layout, capacity, reserve)
}

impl Layers<'_> {
    /// [`fit()`] of a layout with these layers.
    ///
    /// # Formula
    /// as [`fit()`]
    /// # Source
    /// as [`fit()`]
    pub fn fit(&self, layout: &Layout, capacity: Bytes, reserve: &Reserve) -> Fit {
        Parts::of(self, layout, capacity, reserve).fullest(|_| false)
    }

    /// Whether the states alone fit, spread over the stages as if evenly: where they do not, no way to run so many
    /// stages does, nor with fewer replicas.
    ///
    /// # Formula
    /// [`fit()`]'s states of the mean stage without its ends
    /// # Source
    /// The fullest stage holds no less than the mean.
    pub fn states_fit(&self, layout: &Layout, capacity: Bytes, reserve: &Reserve) -> bool {
        let parts = Parts::of(self, layout, capacity, reserve);
        let counts = self.shape.layers.before(self.shape.layers.len()).iter();
        let stages = f64::from(layout.pp.max(1));
        let each = self.kinds().iter().zip(counts);
        let mean =
            each.fold(OnChip::default(), |sum, (kind, &count)| sum.plus(f64::from(count) / stages, &kind.params));
        let (weights, gradients, optimizer) = parts.states(mean, 1.0);
        // A tie is left to the look at each stage: sums in another order differ in their last bits.
        (weights + gradients + optimizer + parts.reserve) * BELOW <= capacity
    }

    /// The same as [`Layers::fit`] where it fits: the first stage that does not ends the look.
    ///
    /// # Formula
    /// as [`fit()`]
    /// # Source
    /// as [`fit()`]
    pub fn fitting(&self, layout: &Layout, capacity: Bytes, reserve: &Reserve) -> Option<Fit> {
        Some(Parts::of(self, layout, capacity, reserve).fullest(|stage| !stage.fits())).filter(Fit::fits)
    }
}

/// The layers of one layout.
pub(super) struct Parts<'a> {
    pub(super) layers: &'a Layers<'a>,
    pub(super) layout: &'a Layout,
    stages: Stages,
    pub(super) in_flight: InFlight,
    /// Ways in which ZeRO splits what all share, and what experts hold.
    pub(super) shards: [f64; 2],
    pub(super) bytes: StateBytes,
    capacity: Bytes,
    /// Memory set aside.
    reserve: Bytes,
}

impl<'a> Parts<'a> {
    fn of(layers: &'a Layers<'a>, layout: &'a Layout, capacity: Bytes, reserve: &Reserve) -> Self {
        let replicas = layout.replicas();
        let shards = [layout.shards(replicas) as f64, layout.shards(layout.expert_replicas()) as f64];
        Self {
            layers,
            layout,
            stages: layers.stages(layout),
            in_flight: InFlight::of(layout, layout.micro_batches()),
            shards,
            bytes: layout.kept().0,
            capacity,
            reserve: capacity * reserve.share.get() + reserve.workspace,
        }
    }

    /// What the fullest stage holds, or the first that is full enough.
    fn fullest(&self, is_enough: impl Fn(&Fit) -> bool) -> Fit {
        let mut worst = self.stage(0);
        let mut seen = 0;
        let mut look = |stage: u32| {
            if stage > seen && stage < self.layout.pp && !is_enough(&worst) {
                let other = self.stage(stage);
                if other.total > worst.total {
                    worst = other;
                }
                seen = stage;
            }
        };
        match self.layers.shape.layers.pattern() {
            Some(pattern) if self.is_simple(pattern) => self.candidates(pattern).into_iter().for_each(&mut look),
            // Layers that lie in no simple order: any stage can be the fullest.
            _ => (1..self.layout.pp).for_each(&mut look),
        }
        worst
    }

    /// Whether few stages may be the fullest: layers are cut evenly, and the kinds follow each other or alternate.
    fn is_simple(&self, Pattern { leading, every }: Pattern) -> bool {
        let few = leading <= self.stages.most().saturating_mul(2).max(3) && every <= 2;
        self.layout.cut == Cut::Even
            && (few || !self.layers.shape.is_moe())
            && self.layers.shape.towers.each().next().is_none()
    }

    /// Stages one of which is the fullest, in rising order: the first with the most layers, the first behind the dense
    /// layers of a mixture, also among those with fewer layers, the last with the most layers, the last. Between them
    /// nothing grows from one stage to the next, unless only every other layer is a mixture: then the next stage may have
    /// one more of them.
    fn candidates(&self, Pattern { leading, every }: Pattern) -> [u32; 10] {
        let (stages, last) = (&self.stages, self.layout.pp.saturating_sub(1));
        let first_full = stages.short_first();
        if !self.layers.shape.is_moe() && self.layout.schedule != Schedule::DualPipe {
            return [first_full, last, 0, 0, 0, 0, 0, 0, 0, 0];
        }
        let next = u32::from(every > 1);
        let behind = stages.behind(leading);
        let behind_dense = behind.max(first_full);
        let early = [behind, behind + next].map(|stage| stage.min(first_full));
        let last_full = last.saturating_sub(stages.short_last());
        let next_full = (first_full + next).min(behind_dense);
        let late = [last_full.saturating_sub(next), last_full, last];
        let middle = [first_full, next_full, behind_dense, behind_dense + 1];
        let ([a, b], [c, d, e, f], [g, h, i]) = (early, middle, late);
        [next, a, b, c, d, e, f, g, h, i]
    }

    fn stage(&self, stage: u32) -> Fit {
        let Self { layout, capacity, reserve, .. } = *self;
        let dual = layout.schedule == Schedule::DualPipe;
        let opposite = layout.pp.saturating_sub(1).saturating_sub(stage);
        let (mut held, mut activations) = self.held(stage);
        if dual {
            // A chip holds a stage of each direction, and half the micro-batches in flight are in either.
            let (other, kept) = self.held(opposite);
            held = held.plus(1.0, &other);
            activations = (activations + kept) * 0.5;
        }
        if layout.offload.activations() {
            // The layer at work and the one on its way are here; the others wait on the host.
            let most = self.layers.kinds().iter().map(|kind| kind.activations).fold(Bytes::ZERO, Bytes::max);
            activations = activations.min(most * ON_THE_WAY + self.towers_stay(stage));
        }
        let has_head = stage + 1 == layout.pp || (dual && stage == 0);
        let copies = if dual { 2.0 } else { 1.0 };
        let (weights, gradients, optimizer) = self.with_towers(&held, copies, self.states(held, copies));
        let logits = if has_head { self.layers.logits } else { Bytes::ZERO };
        let fullest = self.fullest_moment(stage, has_head, [weights, gradients, activations, logits]);
        let [weights, gradients, activations, logits] = fullest;
        let total = weights + gradients + activations + logits + optimizer + reserve;
        let unused = if logits > Bytes::ZERO { self.layers.unused } else { Bytes::ZERO };
        Fit { weights, gradients, optimizer, activations, logits, reserve, total, unused, capacity, worst_stage: stage }
    }

    /// Parameters on one chip of a stage, and activations for all micro-batches in flight.
    fn held(&self, stage: u32) -> (OnChip, Bytes) {
        let layers = self.layers;
        let (mut params, mut activations) = (OnChip::default(), Bytes::ZERO);
        self.each_on(stage, |kind, count| {
            params = params.plus(count, &kind.params);
            activations += kind.activations * count;
        });
        let [first, last, only] = &layers.ends;
        let is_last = stage + 1 == self.layout.pp;
        match (stage == 0, is_last) {
            (true, true) => params = params.plus(1.0, only),
            (true, false) => params = params.plus(1.0, first),
            (false, true) => params = params.plus(1.0, last),
            (false, false) => {}
        }
        if stage == 0 {
            activations += layers.first_activations;
        }
        if is_last {
            activations += layers.last_activations;
        }
        (params, activations * self.in_flight.on(stage))
    }

    /// Each kind of one stage's layers, over all its virtual stages, and how many are of it.
    fn each_on(&self, stage: u32, mut each: impl FnMut(&Held, f64)) {
        let layers = &self.layers.shape.layers;
        let count = self.stages.on(stage);
        let kinds = self.layers.kinds();
        if let [only] = kinds {
            each(only, f64::from(count));
        } else if self.layout.vpp > 1 {
            // Virtual stages are spread over the depth, so that every chip has nearly the model's mix.
            let share = f64::from(count) / f64::from(layers.len().max(1));
            for (kind, &all) in kinds.iter().zip(layers.before(layers.len())) {
                each(kind, f64::from(all) * share);
            }
        } else {
            let start = self.stages.before(stage);
            let between = layers.before(start).iter().zip(layers.before(start + count));
            for (kind, (earlier, later)) in kinds.iter().zip(between) {
                each(kind, f64::from(later - earlier));
            }
        }
    }

    /// Weights, gradients and optimizer bytes; `copies` of the same stage share the optimizer's states too.
    fn states(&self, held: OnChip, copies: f64) -> (Bytes, Bytes, Bytes) {
        let (layout, bytes) = (self.layout, &self.bytes);
        let [shards, expert_shards] = self.shards;
        if self.layers.shape.tuning.is_frozen() {
            return self.frozen(held, copies);
        }
        let split = held.shared / shards + held.experts / expert_shards;
        let whole = held.shared + held.experts;
        let at = |from: ZeroStage| if layout.zero >= from { split } else { whole };
        let optimizer = bytes.optimizer * at(ZeroStage::Optimizer);
        let optimizer = if layout.zero == ZeroStage::None { optimizer } else { optimizer / copies };
        let mut weights = bytes.weights * at(ZeroStage::Weights);
        let mut gradients = bytes.gradients * at(ZeroStage::Gradients);
        if layout.zero == ZeroStage::Weights && shards > 1.0 && !layout.autograd.is_plain() {
            let gathered = self.layers.largest;
            weights += 2.0 * bytes.weights.min(2.0) * gathered; // the layer at work and the next one
            gradients += bytes.gradients * gathered;
        }
        if layout.zero == ZeroStage::Gradients && self.splits_wide_weights() {
            let [copies, sums] = self.whole_copies(whole);
            weights = bytes.weights * split + copies;
            gradients += sums;
        }
        (Bytes::new(weights), Bytes::new(gradients), Bytes::new(optimizer))
    }
}

#[cfg(test)]
mod tests;
