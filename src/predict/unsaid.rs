//! What nobody said of a layout is weighed, not guessed at one point: the settings that a job can have had, by how often
//! people use them and how likely they fit.

use super::setting::{Believed, Setting};
use crate::layout::fit::fit;
use crate::layout::parallelism::{Layout, Schedule};
use crate::model::flops::Recompute;
use crate::step::losses::Loss;
use crate::step::perform;
use crate::step::workload::Workload;
use crate::units::Seconds;

/// What is computed again, by how often people do. Assumptions.
const RECOMPUTES: [(Recompute, f64); 3] =
    [(Recompute::None, 0.4), (Recompute::Selective, 0.35), (Recompute::Full, 0.25)];

/// Sequences of a micro-batch, by how often people use them. Assumptions.
const MICRO_BATCHES: [(u32, f64); 4] = [(1, 0.45), (2, 0.3), (4, 0.15), (8, 0.1)];

/// How often a stack's usual recompute is used. An assumption.
const USUAL: f64 = 0.8;

/// How often stages are not interleaved where nobody says. An assumption.
const PLAIN: f64 = 0.5;

/// Spread of the memory that is predicted, in logarithm, with which a setting counts as one that fits. An assumption.
const MEMORY: f64 = 0.1;

/// People find the faster of two settings: one that takes so many times as long is used by this power less often. An
/// assumption.
const CARE: i32 = 4;

/// Doublings of the nodes from which the whole gap to the fastest layout counts: on one node there is little to choose.
const CHOICES: f64 = 3.0;

/// What the settings that nobody gave take over those that are laid out here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unsaid {
    /// The factor on the time of a step.
    pub factor: f64,
    /// The standard deviation of its logarithm.
    pub spread: f64,
}

impl Unsaid {
    /// Everything was said.
    pub const NOTHING: Self = Self { factor: 1.0, spread: 0.0 };
}

/// One setting that a job can have had: its weight, and its time over that of the one laid out here, in logarithm.
type Plausible = (f64, f64);

impl Believed {
    /// What people lose who do not run the fastest layout: all of it where the nodes leave much to choose.
    ///
    /// # Formula
    /// the mean over 3, for each of the first 3 doublings of the nodes
    /// # Source
    /// `profiles/assumptions/software.toml`, `[layout_gap]`; the doublings are an assumption.
    pub fn gap(&self) -> Loss {
        let [mean, _] = self.layout_gap;
        Loss { per_doubling: mean / CHOICES, doublings: CHOICES }
    }
}

impl Setting {
    /// What nobody said of a layout takes: where no degree is given, what people lose who do not run the fastest one;
    /// where degrees are given, the plausible ways to run them.
    ///
    /// # Formula
    /// `e^(g min(1, log2 nodes / 3))`; else `e^(sum w ln(t / t0))` over recompute, micro-batches and virtual stages, with
    /// weights of how often each is used, times the probability that it fits, times `(t0 / t)^4`
    /// # Source
    /// `profiles/assumptions/software.toml`, `[layout_gap]`; the weights are assumptions.
    pub fn unsaid(&self, model: &Workload, layout: &Layout, time: Seconds) -> Unsaid {
        if self.given.is_open() {
            return Unsaid { factor: self.believed.gap().log_of(self.nodes(layout)).exp(), spread: 0.0 };
        }
        let staged = self.given.vpp.is_some() || layout.pp <= 1;
        if staged && self.given.recompute.is_some() && self.given.micro_batch.is_some() {
            return Unsaid::NOTHING;
        }
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        self.plausible(model, layout, time, |(weight, log)| {
            sum += weight;
            first += weight * log;
            second += weight * log * log;
        });
        if sum <= 0.0 {
            return Unsaid::NOTHING;
        }
        let mean = first / sum;
        Unsaid { factor: mean.exp(), spread: (second / sum - mean * mean).max(0.0).sqrt() }
    }

    fn plausible(&self, model: &Workload, layout: &Layout, time: Seconds, mut take: impl FnMut(Plausible)) {
        let given = &self.given;
        let virtual_stages = self.virtual_stages(layout);
        for (recompute, often) in RECOMPUTES {
            let often = match (given.recompute, self.stack.usual_recompute) {
                (Some(_), _) => f64::from(recompute == layout.recompute),
                (None, Some(usual)) => f64::from(recompute == usual) * USUAL + (1.0 - USUAL) * often,
                (None, None) => often,
            };
            for (micro_batch, used) in MICRO_BATCHES {
                let own = given.micro_batch.is_some();
                let micro_batch = if own { layout.micro_batch } else { micro_batch };
                let used =
                    if own { f64::from(micro_batch == layout.micro_batch) / MICRO_BATCHES.len() as f64 } else { used };
                for (vpp, usual) in virtual_stages.into_iter().flatten() {
                    let weight = often * used * usual;
                    if weight > 0.0 {
                        let one =
                            Layout { recompute, micro_batch, vpp, schedule: self.schedule(layout, vpp), ..*layout };
                        self.weigh(model, &one, weight, time).into_iter().for_each(&mut take);
                    }
                }
            }
        }
    }

    /// A setting by its weight, where it is legal.
    fn weigh(&self, model: &Workload, layout: &Layout, weight: f64, time: Seconds) -> Option<Plausible> {
        let shape = &self.model.shape;
        layout.check(shape, layout.chips()).ok()?;
        let held = fit(shape, layout, self.machine.memory, &super::RESERVE);
        let room = (held.capacity / held.total).ln() / MEMORY;
        let fits = 1.0 / (1.0 + (-1.7 * room).exp());
        let step = perform(model, layout, &self.machine, &self.stack.stack, &self.calibration.factors).total();
        let longer = step / time;
        Some((weight * fits * longer.powi(-CARE), longer.ln()))
    }

    /// The virtual stages that a layout can have had, with how often.
    fn virtual_stages(&self, layout: &Layout) -> [Option<(u32, f64)>; 3] {
        let settled = self.given.vpp.is_some() || self.given.schedule.is_some() || layout.pp <= 1;
        let interleaved = matches!(layout.schedule, Schedule::OneFOneB | Schedule::Interleaved);
        if settled || !interleaved {
            return [Some((layout.vpp, 1.0)), None, None];
        }
        let deep = self.model.shape.layers.len().div_ceil(layout.pp.max(1)).max(1);
        let most = if layout.vpp > 1 { layout.vpp } else { deep };
        let some = (2..=most).find(|vpp| deep.is_multiple_of(*vpp));
        let half = (1.0 - PLAIN) / 2.0;
        match some {
            Some(some) if some < most => [Some((1, PLAIN)), Some((some, half)), Some((most, half))],
            Some(only) => [Some((1, PLAIN)), Some((only, 1.0 - PLAIN)), None],
            None => [Some((layout.vpp, 1.0)), None, None],
        }
    }

    fn schedule(&self, layout: &Layout, vpp: u32) -> Schedule {
        match layout.schedule {
            Schedule::OneFOneB | Schedule::Interleaved if layout.pp > 1 && self.given.schedule.is_none() => {
                if vpp > 1 {
                    Schedule::Interleaved
                } else {
                    Schedule::OneFOneB
                }
            }
            kept => kept,
        }
    }
}
