//! Every legal layout of a model on a number of chips, in a fixed order: those that fit are timed, the best are kept.
//!
//! The search knows neither chips nor software: it is given the memory, how long a layout takes, and a time no layout
//! can beat. Layouts are skipped, and counted, in three ways: a whole family whose weights alone do not fit, a layout
//! that recomputes more than it has to, and one whose lower bound is above the worst that is kept.

use crate::error::Error;
use crate::hardware::precision::{Precision, States};
use crate::layout::fit::{Fit, Reserve, fit};
use crate::layout::fixed::{Fixed, either};
use crate::layout::parallelism::{Layout, Schedule, ZeroStage};
use crate::model::architecture::Architecture;
use crate::model::flops::{Kernel, Recompute};
use crate::units::{Bytes, Seconds};

/// Fewest tokens of a sequence that context parallelism leaves on a chip.
const LEAST_TOKENS: u32 = 1024;

/// Most sequences of a micro-batch that are tried.
const MOST_SEQUENCES: u32 = 16;

/// Recompute modes, from the fastest to the leanest.
const RECOMPUTES: [Recompute; 3] = [Recompute::None, Recompute::Selective, Recompute::Full];

/// What is searched.
#[derive(Debug, Clone, Copy)]
pub struct Space<'a> {
    /// The model.
    pub shape: &'a Architecture,
    /// Chips, all of which are used.
    pub chips: u32,
    /// Sequences of a step.
    pub global_batch: u32,
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// The format of the matrix products.
    pub precision: Precision,
    /// What is kept for each parameter.
    pub states: States,
    /// How attention is computed.
    pub kernel: Kernel,
    /// Chips within one scale-up domain, which tensor parallelism does not leave.
    pub domain: u32,
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
    /// What one chip of its fullest stage holds.
    pub fit: Fit,
}

/// What a search found, and at what cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The fastest layouts, fastest first.
    pub best: Vec<Ranked>,
    /// Legal layouts there are.
    pub considered: u64,
    /// Those that were found to fit.
    pub fit: u64,
    /// Those that were timed.
    pub timed: u64,
}

/// A search under way.
struct Search<'a, B, T> {
    space: &'a Space<'a>,
    fixed: &'a Fixed,
    keep: usize,
    bound: B,
    time: T,
    found: Found,
}

/// Searches every legal layout, and keeps the `keep` fastest that fit.
///
/// `bound` must never exceed `time`. Among equals the earlier in the order wins: fewer chips to a layer first.
///
/// # Formula
/// for tp, pp, cp, ep, ZeRO stage, vpp, micro-batch: the least recompute that fits; the smallest `time` of those
/// # Source
/// The rules are those of [`Layout::check`]; exhaustive search over them as in Isaev et al. 2023 (Calculon, SC23).
///
/// # Errors
/// No legal layout, or none that fits: then the least that is missing.
pub fn search<B, T>(space: &Space<'_>, keep: usize, bound: B, time: T) -> Result<Found, Error>
where
    B: Fn(&Layout) -> Seconds,
    T: FnMut(&Layout) -> Seconds,
{
    search_within(space, &Fixed::default(), keep, bound, time)
}

/// [`search`] among the layouts that have the settled degrees and choices, whether or not it would try them itself.
///
/// # Formula
/// as [`search`]
/// # Source
/// as [`search`]
///
/// # Errors
/// As [`search`].
pub fn search_within<B, T>(space: &Space<'_>, fixed: &Fixed, keep: usize, bound: B, time: T) -> Result<Found, Error>
where
    B: Fn(&Layout) -> Seconds,
    T: FnMut(&Layout) -> Seconds,
{
    let found = Found { best: Vec::with_capacity(keep.min(1 << 10) + 1), considered: 0, fit: 0, timed: 0 };
    let mut search = Search { space, fixed, keep: keep.max(1), bound, time, found };
    search.degrees();
    let found = search.found;
    if found.considered == 0 {
        return Err(Error::no_solution(format!(
            "no layout of {} chips divides {} sequences and the model's heads, layers and experts",
            space.chips, space.global_batch
        ))
        .with_hint("try a number of chips with more divisors, or a global batch that is a multiple of it"));
    }
    if found.best.is_empty() {
        return Err(Error::does_not_fit(format!(
            "none of the {} legal layouts on {} chips fits into {:.1} GB a chip",
            found.considered,
            space.chips,
            space.memory.gb()
        ))
        .with_hint("use more chips, chips with more memory, or states of fewer bytes a parameter"));
    }
    Ok(found)
}

/// The divisors of a number up to a limit, ascending.
fn divisors(of: u32, most: u32) -> impl Iterator<Item = u32> {
    (1..=most.min(of)).filter(move |d| of.is_multiple_of(*d))
}

/// The powers of two up to a limit.
fn powers(most: u32) -> impl Iterator<Item = u32> {
    (0..32).map(|k| 1u32 << k).take_while(move |power| *power <= most)
}

impl<B, T> Search<'_, B, T>
where
    B: Fn(&Layout) -> Seconds,
    T: FnMut(&Layout) -> Seconds,
{
    /// Every way to spread the chips over the degrees.
    fn degrees(&mut self) {
        let (space, fixed) = (self.space, self.fixed);
        let most_cp = (space.seq_len / LEAST_TOKENS).max(1);
        for tp in either(fixed.tp, divisors(space.chips, space.domain)) {
            let after_tp = space.chips / tp;
            for pp in either(fixed.pp, divisors(after_tp, space.shape.layers)) {
                let after_pp = after_tp / pp;
                for cp in either(fixed.cp, powers(most_cp)).filter(|cp| after_pp.is_multiple_of(*cp)) {
                    let dp = after_pp / cp;
                    if dp > 0 && Fixed::admits(fixed.dp, dp) && space.global_batch.is_multiple_of(dp) {
                        self.experts(tp, pp, cp, dp);
                    }
                }
            }
        }
    }

    /// Every way to spread the experts over the chips of a stage.
    fn experts(&mut self, tp: u32, pp: u32, cp: u32, dp: u32) {
        let (space, fixed) = (self.space, self.fixed);
        let most = space.shape.experts.map_or(1, |experts| experts.count);
        let stage = u64::from(tp) * u64::from(cp) * u64::from(dp);
        let divides = |ep: &u32| most.is_multiple_of(*ep) && stage.is_multiple_of(u64::from(*ep));
        for ep in either(fixed.ep, powers(most)).filter(divides) {
            let start = Layout {
                tp,
                pp,
                cp,
                dp,
                ep,
                global_batch: space.global_batch,
                precision: space.precision,
                states: space.states,
                kernel: space.kernel,
                sequence_parallel: tp > 1,
                zero: fixed.zero.unwrap_or(ZeroStage::Optimizer),
                schedule: fixed.schedule.filter(|s| *s != Schedule::Interleaved).unwrap_or(Schedule::OneFOneB),
                ..Layout::single(space.seq_len)
            };
            if start.is_legal(space.shape, u64::from(space.chips)) {
                self.family(&start);
                // Sharded weights are gathered for every micro-batch of every stage: nobody pipelines them.
                if pp == 1 && dp * cp > 1 && fixed.zero.is_none() {
                    self.family(&Layout { zero: ZeroStage::Weights, ..start });
                }
            }
        }
    }

    /// Every batch and interleaving of one set of degrees; none where the leanest member does not fit.
    fn family(&mut self, start: &Layout) {
        let fixed = self.fixed;
        let rounds = self.space.global_batch / start.dp;
        let leanest = Layout { micro_batch: 1, recompute: Recompute::Full, ..*start };
        let hopeless = !self.fits(&leanest).fits();
        let per_stage = self.space.shape.layers.div_ceil(start.pp);
        let modes = if fixed.recompute.is_some() { 1 } else { RECOMPUTES.len() as u64 };
        let admitted = |vpp: &u32| *vpp == 1 || start.pp > 1;
        for vpp in either(fixed.vpp, divisors(per_stage, per_stage)).filter(admitted) {
            let schedule = if vpp > 1 { Schedule::Interleaved } else { start.schedule };
            if !Fixed::admits(fixed.schedule, schedule) {
                continue;
            }
            for micro_batch in either(fixed.micro_batch, powers(MOST_SEQUENCES)).filter(|b| rounds.is_multiple_of(*b)) {
                // Interleaving runs micro-batches in groups of pp.
                if vpp > 1 && !(rounds / micro_batch).is_multiple_of(start.pp) {
                    continue;
                }
                let layout = Layout { vpp, micro_batch, schedule, ..*start };
                // A settled number of virtual stages need not divide the layers.
                if fixed.vpp.is_some() && !layout.is_legal(self.space.shape, u64::from(self.space.chips)) {
                    continue;
                }
                self.found.considered += modes;
                if !hopeless {
                    self.least_recompute(&layout);
                }
            }
        }
    }

    /// The first recompute mode that fits is the fastest of this layout.
    fn least_recompute(&mut self, layout: &Layout) {
        let settled = self.fixed.recompute;
        for recompute in RECOMPUTES.into_iter().filter(|mode| Fixed::admits(settled, *mode)) {
            let layout = Layout { recompute, ..*layout };
            let fit = self.fits(&layout);
            if fit.fits() {
                self.found.fit += 1;
                self.rank(layout, fit);
                return;
            }
        }
    }

    fn fits(&self, layout: &Layout) -> Fit {
        fit(self.space.shape, layout, self.space.memory, &self.space.reserve)
    }

    fn rank(&mut self, layout: Layout, fit: Fit) {
        let full = self.found.best.len() >= self.keep;
        let worst = self.found.best.last().filter(|_| full).map(|ranked| ranked.step);
        if worst.is_some_and(|worst| (self.bound)(&layout) >= worst) {
            return;
        }
        let step = (self.time)(&layout);
        self.found.timed += 1;
        let place = self.found.best.partition_point(|ranked| ranked.step <= step);
        if place < self.keep {
            self.found.best.insert(place, Ranked { layout, step, fit });
            self.found.best.truncate(self.keep);
        }
    }
}
