//! What a row leaves blank, chosen as a practitioner would: the fastest that fits.

use crate::catalog::steps::StepRow;
use crate::layout::fit::{Reserve, fit};
use crate::layout::parallelism::{Layout, Schedule};
use crate::model::architecture::Architecture;
use crate::model::flops::{Kernel, Recompute};
use crate::step::efficiency::Factors;
use crate::step::machine::Machine;
use crate::step::perform;
use crate::step::stack::Stack;
use crate::units::{Bytes, Fraction, Seconds};

/// The row ran, so that what misses by less than the estimate's own error is taken to fit.
const LENIENT: f64 = 1.35;

/// Selective recompute of a mixture is more than of attention cores: norms, up-projections, activations of experts.
const LENIENT_MIXTURE: f64 = 1.8;

/// A batch may be off the row's by one part in this many.
const NEAR: u32 = 10;

/// Chips of a row that does not say.
const CHIPS: u32 = 512;

/// A row with blanks.
pub(super) struct Open<'a> {
    pub(super) row: &'a StepRow,
    pub(super) shape: &'a Architecture,
    pub(super) machine: &'a Machine,
    pub(super) stack: &'a Stack,
    pub(super) factors: &'a Factors,
    pub(super) chips: Option<u32>,
    pub(super) start: Layout,
}

/// The best layout so far.
struct Best {
    fits: bool,
    per_sequence: Seconds,
    layout: Layout,
}

fn powers(most: u32) -> Vec<u32> {
    (0..=most.ilog2()).map(|k| 1 << k).collect()
}

fn given(cell: Option<u32>, or: Vec<u32>) -> Vec<u32> {
    cell.map_or(or, |x| vec![x])
}

impl Open<'_> {
    /// The fastest layout that fits, or the fastest of those that nearly do.
    pub(super) fn best(&self, choices: &mut Vec<String>) -> Result<Layout, String> {
        let row = self.row;
        let small = if self.shape.experts.is_some() { vec![1] } else { vec![1, 2, 4, 8] };
        let micro_batches = given(row.micro_batch, small);
        let mut best: Option<Best> = None;
        for tp in given(row.tp, powers(8)) {
            for pp in given(row.pp, powers(16)) {
                for vpp in given(row.vpp, self.virtual_stages(pp)) {
                    for ep in given(row.ep, self.expert_degrees()) {
                        let layout = Layout { tp, pp, vpp, ep, ..self.start };
                        self.consider_batches(&mut best, &layout, &micro_batches);
                    }
                }
            }
        }
        let chips = self.chips.unwrap_or(CHIPS);
        let best = best.ok_or_else(|| format!("no layout of {chips} chips has the row's degrees and batch"))?;
        self.say(&best.layout, choices);
        Ok(best.layout)
    }

    fn consider_batches(&self, best: &mut Option<Best>, layout: &Layout, micro_batches: &[u32]) {
        for &micro_batch in micro_batches {
            for &recompute in self.recomputes() {
                self.consider(best, self.candidate(Layout { micro_batch, recompute, ..*layout }));
            }
        }
    }

    /// Powers of two that divide the experts.
    fn expert_degrees(&self) -> Vec<u32> {
        let Some(experts) = self.shape.experts else { return vec![1] };
        powers(64).into_iter().filter(|ep| experts.count.is_multiple_of(*ep)).collect()
    }

    fn consider(&self, best: &mut Option<Best>, candidate: Option<Layout>) {
        let Some(layout) = candidate else { return };
        let reserve = Reserve { share: Fraction::new(0.03), workspace: Bytes::from_gb(2.0) };
        let selective = self.shape.experts.is_some() && layout.recompute == Recompute::Selective;
        let lenient = if selective { LENIENT_MIXTURE } else { LENIENT };
        let fits = fit(self.shape, &layout, self.machine.memory * lenient, &reserve).fits();
        let step = perform(self.shape, &layout, self.machine, self.stack, self.factors).total();
        let per_sequence = step / f64::from(layout.global_batch);
        let better = best.as_ref().is_none_or(|b| if b.fits == fits { per_sequence < b.per_sequence } else { fits });
        if better {
            *best = Some(Best { fits, per_sequence, layout });
        }
    }

    fn recomputes(&self) -> &'static [Recompute] {
        match self.row.recompute {
            Some(Recompute::Full) => &[Recompute::Full],
            Some(Recompute::Selective) => &[Recompute::Selective],
            Some(Recompute::None) => &[Recompute::None],
            None => &[Recompute::None, Recompute::Selective, Recompute::Full],
        }
    }

    fn virtual_stages(&self, pp: u32) -> Vec<u32> {
        let per_stage = self.shape.layers.div_ceil(pp.max(1));
        if pp < 2 || self.start.schedule == Schedule::DualPipe {
            return vec![1];
        }
        (1..=per_stage).filter(|v| per_stage.is_multiple_of(*v)).collect()
    }

    /// The layout with the batch, the data parallelism and the schedule that follow from its degrees, if it can be.
    fn candidate(&self, layout: Layout) -> Option<Layout> {
        let row = self.row;
        let Layout { tp, pp, vpp, ep, micro_batch, .. } = layout;
        let chips = u64::from(self.chips.unwrap_or(CHIPS));
        let product = u64::from(tp).checked_mul(u64::from(pp))?.checked_mul(u64::from(self.start.cp))?;
        let dp = row.dp.or_else(|| u32::try_from(chips / product).ok().filter(|&dp| dp > 0))?;
        let round = dp.checked_mul(micro_batch)?;
        let global_batch = match row.global_batch_seqs {
            Some(batch) => batch,
            None => round.checked_mul(pp.checked_mul(8)?.max(16))?,
        };
        let global_batch = self.whole_rounds(global_batch, round)?;
        // Interleaving runs micro-batches in groups of pp.
        let groups = row.vpp.is_some() || vpp == 1 || (global_batch / round).is_multiple_of(pp);
        let spread = u64::from(dp) * u64::from(self.start.cp) * u64::from(tp);
        let holds = row.ep.is_some() || spread.is_multiple_of(u64::from(ep));
        if !holds || global_batch < round || !groups || pp > self.shape.layers {
            return None;
        }
        let sequence_parallel = row.seq_parallel.unwrap_or(self.start.kernel == Kernel::Fused && tp > 1);
        let vpp = if pp > 1 { vpp } else { 1 };
        let schedule = match self.start.schedule {
            Schedule::OneFOneB if vpp > 1 => Schedule::Interleaved,
            other => other,
        };
        Some(Layout { vpp, dp, global_batch, sequence_parallel, schedule, ..layout })
    }

    /// The batch in whole rounds of the replicas: as given where the layout is, else the nearest that is near.
    fn whole_rounds(&self, global_batch: u32, round: u32) -> Option<u32> {
        let given = self.row.micro_batch.is_some() && self.row.dp.is_some();
        if given || global_batch.is_multiple_of(round) {
            return Some(global_batch);
        }
        let (down, rest) = (global_batch - global_batch % round, global_batch % round);
        let near = if rest > round / 2 { down.checked_add(round)? } else { down };
        (near > 0 && near.abs_diff(global_batch) <= global_batch / NEAR).then_some(near)
    }

    /// Says what was blank and what was chosen.
    fn say(&self, layout: &Layout, choices: &mut Vec<String>) {
        let row = self.row;
        let mut say = |blank: bool, what: String| {
            if blank {
                choices.push(what);
            }
        };
        say(self.chips.is_none(), format!("{} chips", layout.chips()));
        say(row.tp.is_none(), format!("tp {}", layout.tp));
        say(row.pp.is_none(), format!("pp {}", layout.pp));
        say(row.ep.is_none() && layout.ep > 1, format!("ep {}", layout.ep));
        say(row.micro_batch.is_none(), format!("micro_batch {}", layout.micro_batch));
        say(row.vpp.is_none() && layout.pp > 1, format!("vpp {}", layout.vpp));
        say(row.global_batch_seqs.is_none(), format!("global_batch_seqs {}", layout.global_batch));
        say(row.recompute.is_none(), format!("recompute {:?}", layout.recompute).to_lowercase());
        say(row.seq_parallel.is_none() && layout.tp > 1, format!("seq_parallel {}", layout.sequence_parallel));
    }
}
