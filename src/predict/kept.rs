//! The software of a stack of one's own, on the setting that it was measured on and on others.

use super::measured::{Ground, apart};
use super::setting::Setting;
use super::software::Software;
use crate::catalog::stack::{Kept, Residual};
use crate::hardware::optimizer::{Offload, Optimizer};
use crate::layout::fixed::Fixed;

impl Setting {
    /// The software of a stack of one's own: as it was measured on the very setting; on another, what the measured one
    /// tells of all, and what chips, models and settings differ by.
    pub(super) fn on_kept(&self, kept: &Kept, others: Residual) -> Software {
        let own = Ground { vendor: &kept.vendor, family: &kept.family, chip: &kept.chip, model: &kept.model };
        let mixture = self.model.shape.is_moe();
        if own == self.ground() && kept.setting == self.spelled() {
            return Software { median: kept.value, effect: kept.spread, row: kept.row };
        }
        let apart = apart(self, (&own, mixture));
        Software { median: others.value, effect: others.spread.hypot(apart), row: self.believed.spreads.row }
    }

    /// Where this setting's software is known to be so much.
    pub fn kept(&self, Software { median, effect, row }: Software) -> Kept {
        let Ground { vendor, family, chip, model } = self.ground();
        let [vendor, family, chip, model] = [vendor, family, chip, model].map(str::to_owned);
        Kept { vendor, family, chip, model, setting: self.spelled(), value: median, spread: effect, row }
    }

    /// What tells its chip and its model from others.
    pub fn ground(&self) -> Ground<'_> {
        Ground { vendor: &self.vendor, family: &self.family, chip: &self.chip, model: &self.model.id }
    }

    /// All that is settled of it, chip and model apart, in words that a profile keeps.
    pub fn spelled(&self) -> String {
        let Fixed { tp, pp, vpp, dp, cp, ep, micro_batch, shard_group, .. } = self.given;
        let degrees = [
            ("tp", tp),
            ("pp", pp),
            ("vpp", vpp),
            ("dp", dp),
            ("cp", cp),
            ("ep", ep),
            ("micro-batch", micro_batch),
            ("shard", shard_group),
            ("document", (self.model.shape.document > 0).then_some(self.model.shape.document)),
        ];
        let degrees = degrees.into_iter().filter_map(|(name, degree)| Some(format!("{name} {}", degree?)));
        let Fixed { zero, schedule, recompute, sequence_parallel, .. } = self.given;
        let named = [
            self.chips.map(|chips| format!("{chips} chips")),
            zero.map(|zero| format!("{zero:?}")),
            schedule.map(|schedule| format!("{schedule:?}")),
            recompute.map(|recompute| format!("recompute {recompute:?}")),
            sequence_parallel.map(|split| format!("sequence-parallel {split}")),
            Some(format!("{:?} {:?}", self.precision, self.states)),
            (self.optimizer != Optimizer::Adam).then(|| format!("{:?}", self.optimizer)),
            (self.offload != Offload::None).then(|| format!("offload {:?}", self.offload)),
            self.model.shape.tuning.is_frozen().then(|| format!("{:?}", self.model.shape.tuning)),
            Some(format!("{} x {} tokens", self.batch.sequences(), self.seq_len)),
        ];
        degrees.chain(named.into_iter().flatten()).collect::<Vec<_>>().join(", ").to_lowercase()
    }
}
