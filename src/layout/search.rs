//! Every legal layout of a model on at most so many chips: those that fit are timed, the best are kept.
//!
//! The search knows neither chips nor software: it is given the memory, and asks a [`Timing`] how long a layout takes and
//! what time none can beat. Its candidates on N chips are among those on N + 1, so that more chips never take longer: a
//! layout need not use every chip, replicas need not run the same number of sequences, nor stages hold as many layers.
//! Passed over, and not timed, are: whole families and stages that the bound rules out, shapes whose leanest member does
//! not fit, and layouts that recompute more than they have to.

use std::ops::RangeInclusive;

use crate::error::Error;
use crate::hardware::optimizer::{Offload, Optimizer};
use crate::hardware::precision::{Precision, States};
use crate::layout::fit::{Fit, Reserve};
use crate::layout::fixed::{Fixed, divisors, either, powers};
use crate::layout::layers::Layers;
use crate::layout::parallelism::{Layout, ZeroStage};
use crate::layout::pipelines::{Pipeline, pipelines};
use crate::layout::replicas::Replicas;
use crate::layout::stages::CutBy;
pub use crate::layout::timing::Timing;
use crate::model::architecture::Architecture;
use crate::model::flops::{Kernel, Recompute};
use crate::model::memory::Autograd;
use crate::units::show::counted;
use crate::units::{Bytes, ChipSeconds, Chips, Seconds};

/// Fewest tokens of a sequence that context parallelism leaves on a chip.
const LEAST_TOKENS: u32 = 1024;

/// Most sequences of a micro-batch that are tried.
const MOST_SEQUENCES: u32 = 16;

/// Tensor parallelism wider than this has not been published for training.
const WIDEST_TP: u32 = 16;

/// Recompute modes, from the fastest to the leanest.
const RECOMPUTES: [Recompute; 3] = [Recompute::None, Recompute::Selective, Recompute::Full];

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub struct Space<'a> {
    /// The model.
    pub shape: &'a Architecture,
    /// Chips that are held; a layout may leave some of them idle.
    pub chips: u32,
    /// Sequences of a step.
    pub global_batch: u32,
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// The format of the matrix products.
    pub precision: Precision,
    /// What is kept for each parameter.
    pub states: States,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// What waits in the host's memory.
    pub offload: Offload,
    /// How attention is computed.
    pub kernel: Kernel,
    /// What the software keeps for the backward pass.
    pub autograd: Autograd,
    /// Where ZeRO splits weights: the embedding and the head are gathered for the whole step.
    pub ends_stay: bool,
    /// How the layers are cut into stages, where that is not settled.
    pub cut: CutBy,
    /// Chips within one scale-up domain, which tensor parallelism does not leave.
    pub domain: u32,
    /// Chips of a server, which tensor parallelism divides where it does not divide the domain.
    pub node: u32,
    /// Memory of a chip.
    pub memory: Bytes,
    /// Memory set aside.
    pub reserve: Reserve,
}

/// A layout that fits, with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The layout.
    pub layout: Layout,
    /// One step.
    pub step: Seconds,
    /// The same with what its chips lose beyond it: what layouts are ranked by.
    pub lasting: Seconds,
    /// What one chip of its fullest stage holds.
    pub fit: Fit,
}

impl Ranked {
    /// Whether it comes before another: it is done earlier, or as early on fewer chips.
    fn beats(&self, other: &Self) -> bool {
        self.lasting < other.lasting || (self.lasting == other.lasting && self.layout.chips() < other.layout.chips())
    }
}

/// What a search found, and at what cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The fastest layouts, what they lose counted, fastest first; of those that differ in replicas and recompute alone, the fastest.
    pub best: Vec<Ranked>,
    /// Legal layouts that were looked at; those that a bound rules out by the family are not among them.
    pub considered: u64,
    /// Those that were found to fit.
    pub fit: u64,
    /// Those that were timed.
    pub timed: u64,
}

/// A search in progress.
struct Search<'a, T> {
    space: &'a Space<'a>,
    fixed: &'a Fixed,
    keep: usize,
    timing: T,
    /// What the layers of the family at hand hold, by recompute.
    layers: [Layers<'a>; 3],
    found: Found,
}

/// Searches every legal layout that has the settled degrees and choices, and keeps the `keep` fastest that fit.
///
/// # Formula
/// for tp, cp, ep, micro-batch, pp, vpp, ZeRO stage, replicas: the least recompute that fits; the smallest `time x loss`
/// of those, and among equals the fewest chips
/// # Source
/// The rules are those of [`Layout::check`]; exhaustive search over them as in Isaev et al. 2023 (Calculon, SC23).
///
/// # Errors
/// No legal layout, or none that fits.
pub fn search<T: Timing>(space: &Space<'_>, fixed: &Fixed, keep: usize, timing: T) -> Result<Found, Error> {
    let found = Found { best: Vec::with_capacity(keep.min(1 << 10) + 1), considered: 0, fit: 0, timed: 0 };
    let layers = [Layers::of(space.shape, &Layout::single(space.seq_len)); 3];
    let mut search = Search { space, fixed, keep: keep.max(1), timing, layers, found };
    search.families();
    let found = search.found;
    if found.considered == 0 {
        let (chips, batch) = (space.chips, space.global_batch);
        let message = format!(
            "no layout of {} on {} is legal for this model",
            counted(batch, "sequence"),
            counted(chips, "chip")
        );
        return Err(Error::no_solution(message).with_hint("use more chips, or settle fewer degrees"));
    }
    if found.best.is_empty() {
        return Err(Error::does_not_fit(format!(
            "none of the {} legal layouts on {} fits into {:.1} GB a chip",
            found.considered,
            counted(space.chips, "chip"),
            space.memory.gb()
        ))
        .with_hint("use more chips, chips with more memory, or states of fewer bytes a parameter"));
    }
    Ok(found)
}

/// The replicas of a range that may be tried: all, or the settled number.
fn admitted(range: RangeInclusive<u32>, settled: Option<u32>) -> Option<RangeInclusive<u32>> {
    match settled {
        None => Some(range),
        Some(dp) => range.contains(&dp).then_some(dp..=dp),
    }
}

impl<T: Timing> Search<'_, T> {
    /// Every family of degrees that decide how long a layer takes, the most promising first.
    fn families(&mut self) {
        let pipelines = pipelines(self.space.shape.layers.len(), self.fixed);
        let mut families = Vec::new();
        self.each_family(&mut |timing, family| families.push((timing.least(&family), family)));
        families.sort_by(|(a, _), (b, _)| a.get().total_cmp(&b.get()));
        let chips = Chips::new(f64::from(self.space.chips));
        let mut ways = Vec::with_capacity(pipelines.len());
        for (least, family) in families {
            if self.is_beaten(least / chips * self.timing.loss(chips.get()), None) {
                return;
            }
            self.layers = RECOMPUTES.map(|recompute| Layers::of(self.space.shape, &Layout { recompute, ..family }));
            for pipelines in pipelines.chunk_by(|a, b| a.pp == b.pp) {
                self.pipeline(least, &family, pipelines, &mut |bound, pipeline| ways.push((bound, pipeline)));
            }
            ways.sort_by(|(a, _), (b, _)| a.get().total_cmp(&b.get()));
            self.ways(least, &family, &ways);
            ways.clear();
        }
    }

    /// Every way to run one number of stages that may be among the best, with a time that it cannot beat.
    fn pipeline(
        &mut self,
        least: ChipSeconds,
        family: &Layout,
        pipelines: &[Pipeline],
        each: &mut impl FnMut(Seconds, Pipeline),
    ) {
        let Some(Pipeline { pp, .. }) = pipelines.first().copied() else { return };
        let replicas = Replicas::of(&Layout { pp, ..*family }, self.space.chips);
        let used = Chips::new(replicas.most() as f64 * f64::from(family.tp) * f64::from(family.cp) * f64::from(pp));
        if used == Chips::ZERO || self.is_beaten(least / used * self.timing.loss(used.get()), None) {
            return;
        }
        let most = Layout { pp, dp: replicas.most() as u32, ..*family };
        if pp > 1 && !self.layers[0].states_fit(&most, self.space.memory, &self.space.reserve) {
            let legal = most.is_legal(self.space.shape, u64::from(self.space.chips));
            self.found.considered += u64::from(legal) * self.modes() * pipelines.len() as u64;
            return;
        }
        for pipeline in pipelines {
            for pipeline in pipeline.cuts(family, self.fixed, self.space, &mut self.timing).into_iter().flatten() {
                let layout = pipeline.of(family, self.fixed);
                let most =
                    replicas.with(layout.fewest_micro_batches()).find_map(|range| admitted(range, self.fixed.dp));
                let Some(most) = most else { continue };
                let bound = self.bound(least, &Layout { dp: *most.start(), ..layout });
                if !self.is_beaten(bound, None) {
                    each(bound, pipeline);
                }
            }
        }
    }

    /// Every way to run a family, the most promising first.
    fn ways(&mut self, least: ChipSeconds, family: &Layout, ways: &[(Seconds, Pipeline)]) {
        for (bound, pipeline) in ways {
            if self.is_beaten(*bound, None) {
                return;
            }
            let layout = pipeline.of(family, self.fixed);
            self.replicas(least, &layout, Replicas::of(&layout, self.space.chips));
        }
    }

    /// A time, with what its chips lose, that neither the layout beats, nor one that differs from it in having fewer
    /// replicas or recomputing more.
    ///
    /// # Formula
    /// `t loss(min(c, l / t))`: t the bound of the step, c the layout's chips, l the family's least chip-time. Fewer chips
    /// than `l / t` take longer by more than they lose less.
    /// # Source
    /// By construction: the loss grows less than the chips do.
    fn bound(&mut self, least: ChipSeconds, layout: &Layout) -> Seconds {
        let bound = self.timing.bound(layout);
        let used = layout.chips() as f64;
        bound * self.timing.loss(used.min(least.get() / bound.get()))
    }

    /// Every legal choice of tp, cp, ep and micro-batch.
    fn each_family(&mut self, each: &mut impl FnMut(&mut T, Layout)) {
        let (space, fixed) = (self.space, self.fixed);
        let in_domain = |tp: &u32| space.node.is_multiple_of(*tp) || space.domain.is_multiple_of(*tp);
        let tps = divisors(space.shape.split_heads(), space.domain.min(WIDEST_TP)).filter(in_domain);
        let experts = space.shape.experts().map_or(1, |experts| experts.count);
        for tp in either(fixed.tp, tps) {
            for cp in either(fixed.cp, powers((space.seq_len / LEAST_TOKENS).max(1))) {
                for ep in either(fixed.ep, divisors(experts, experts)) {
                    for micro_batch in either(fixed.micro_batch, powers(MOST_SEQUENCES)) {
                        let family = Layout {
                            tp,
                            cp,
                            ep,
                            micro_batch,
                            global_batch: space.global_batch,
                            precision: space.precision,
                            states: space.states,
                            optimizer: space.optimizer,
                            offload: space.offload,
                            kernel: space.kernel,
                            autograd: space.autograd,
                            ends_stay: space.ends_stay,
                            sequence_parallel: tp > 1 && fixed.sequence_parallel.unwrap_or(true),
                            zero: fixed.zero.unwrap_or(ZeroStage::Optimizer),
                            recompute: fixed.recompute.unwrap_or(Recompute::None),
                            ..Layout::single(space.seq_len)
                        };
                        let family = Layout { dp: Replicas::unit(&family) as u32, ..family };
                        // Sequences are either split or joined.
                        let both = cp > 1 && micro_batch > 1 && (fixed.cp.is_none() || fixed.micro_batch.is_none());
                        if !both && family.is_legal(space.shape, u64::from(space.chips)) {
                            each(&mut self.timing, family);
                        }
                    }
                }
            }
        }
    }

    /// Every count of replicas of one shape, from the most down, until fewer cannot be among the best.
    fn replicas(&mut self, least: ChipSeconds, shape: &Layout, replicas: Replicas) {
        let modes = self.modes();
        let mut best: Option<Ranked> = None;
        let mut looked_at = false;
        let settled = self.fixed.dp;
        for range in replicas.filter_map(|range| admitted(range, settled)) {
            let layout = Layout { dp: *range.start(), ..*shape };
            if self.fixed.zero.is_none() && layout.zero == ZeroStage::Weights && layout.replicas() == 1 {
                break;
            }
            let bound = self.bound(least, &layout);
            if self.is_beaten(bound, best.as_ref()) {
                break;
            }
            let most = Layout { dp: *range.end(), ..layout };
            if !looked_at && !most.is_legal(self.space.shape, u64::from(self.space.chips)) {
                break;
            }
            self.found.considered += modes;
            let hopeless = !looked_at && self.is_hopeless(&most);
            looked_at = true;
            if hopeless || (!self.least_recompute(least, &layout, most.dp, &mut best) && self.is_hopeless(&layout)) {
                break;
            }
        }
        if let Some(best) = best {
            let place = self.found.best.partition_point(|ranked| !best.beats(ranked));
            if place < self.keep {
                self.found.best.insert(place, best);
                self.found.best.truncate(self.keep);
            }
        }
    }

    /// Recompute modes that are tried.
    fn modes(&self) -> u64 {
        if self.fixed.recompute.is_some() { 1 } else { RECOMPUTES.len() as u64 }
    }

    /// Looks at the recompute modes until one fits with the fewest replicas; whether any fits.
    fn least_recompute(&mut self, least: ChipSeconds, start: &Layout, most: u32, best: &mut Option<Ranked>) -> bool {
        let settled = self.fixed.recompute;
        let mut any = false;
        for recompute in RECOMPUTES.into_iter().filter(|mode| Fixed::admits(settled, *mode)) {
            let fewest = Layout { recompute, ..*start };
            // The bound of the mode that it starts with was looked at before.
            if recompute != start.recompute {
                let bound = self.bound(least, &fewest);
                if self.is_beaten(bound, best.as_ref()) {
                    break;
                }
            }
            let Some((layout, fit)) = self.fewest_that_fit(&fewest, most) else { continue };
            self.found.fit += 1;
            any = true;
            let step = self.timing.time(&layout);
            let found = Ranked { layout, step, lasting: step * self.timing.loss(layout.chips() as f64), fit };
            self.found.timed += 1;
            if best.as_ref().is_none_or(|best| found.beats(best)) {
                *best = Some(found);
            }
            if layout.dp == start.dp {
                break;
            }
        }
        any
    }

    /// The layout with the fewest replicas, from its own up to so many, with which it fits: more split the states further.
    fn fewest_that_fit(&self, layout: &Layout, most: u32) -> Option<(Layout, Fit)> {
        let unit = Replicas::unit(layout) as u32;
        let with = |dp: u32| {
            let layout = Layout { dp, ..*layout };
            self.fitting(&layout).map(|fit| (layout, fit))
        };
        let own = with(layout.dp);
        if own.is_some() || most == layout.dp {
            return own;
        }
        let mut best = with(most)?;
        let (mut fails, mut fits) = (layout.dp, most);
        while fits - fails > unit {
            let middle = fails + (fits - fails) / unit / 2 * unit;
            match with(middle) {
                Some(found) => (best, fits) = (found, middle),
                None => fails = middle,
            }
        }
        Some(best)
    }

    fn fitting(&self, layout: &Layout) -> Option<Fit> {
        self.layers[layout.recompute as usize].fitting(layout, self.space.memory, &self.space.reserve)
    }

    /// Whether the memory holds neither the layout nor one that differs in having fewer replicas or recomputing more.
    fn is_hopeless(&self, layout: &Layout) -> bool {
        // Interleaved groups hold least where the micro-batches are a multiple of the stages.
        let (rounds, group) = (layout.micro_batches() as u32, layout.fewest_micro_batches() as u32);
        let global_batch = (rounds - rounds % group).saturating_mul(layout.dp).saturating_mul(layout.micro_batch);
        let leanest = self.fixed.recompute.unwrap_or(Recompute::Full);
        self.fitting(&Layout { recompute: leanest, global_batch, ..*layout }).is_none()
    }

    /// Whether no layout with this bound can be among the best, nor better than what its shape already has.
    fn is_beaten(&self, bound: Seconds, own: Option<&Ranked>) -> bool {
        let worst = self.found.best.last().filter(|_| self.found.best.len() >= self.keep);
        [worst, own].into_iter().flatten().any(|ranked| bound > ranked.lasting)
    }
}
