//! A run on another chip: what the step model says of both, in one layout or in the best of each.

use crate::Error;
use crate::answer::predicted::{Setting, setting};
use crate::catalog::Catalog;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::input::file::Spec;
use crate::layout::fixed::Fixed;
use crate::predict::Predicted;
use crate::units::{Chips, FlopPerSecond, Tokens};

/// Within a generation and a layout most of the model's error is the same on both chips: this part is left. An assumption.
const LEFT_WITHIN: f64 = 0.5;

/// One step on two chips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Move {
    /// The step on the first chip.
    pub before: Predicted,
    /// The step on the other.
    pub after: Predicted,
    /// Chip-time for a token on the other chip over that on the first.
    pub ratio: f64,
    /// Geometric spread of that ratio.
    pub spread: f64,
    /// Both in one layout, not each in its best.
    pub same_layout: bool,
}

/// The run's question on both chips.
#[derive(Debug, Clone)]
pub struct Pair {
    before: Setting,
    after: Setting,
    own_chips: Chips,
    chips: Chips,
    /// What was chosen or guessed, in sentences.
    pub assumptions: Vec<String>,
}

impl Pair {
    /// Looks both sides up; `None` where no model is named.
    ///
    /// # Errors
    /// An unknown model, a layout field that is none.
    pub fn of(
        spec: &Spec,
        from: &AcceleratorProfile,
        to: &AcceleratorProfile,
        (own_chips, chips): (Chips, Chips),
        catalog: &Catalog,
    ) -> Result<Option<Self>, Error> {
        let Some(before) = setting(spec, from, catalog)? else { return Ok(None) };
        let Some(mut after) = setting(spec, to, catalog)? else { return Ok(None) };
        let mut assumptions = before.chosen.clone();
        if after.machine.peak(after.precision).get() <= 0.0 {
            let (narrow, wide) = (after.precision, after.precision.wide());
            assumptions.push(format!("{} has no {narrow}: the matrix work is done in {wide} there", to.chip.name));
            after.precision = wide;
        }
        if after.borrowed {
            assumptions
                .push(format!("nobody published steps on {}: the factors of another family stand in", to.chip.name));
        }
        after.stack = before.stack; // the software goes with the run
        Ok(Some(Self { before, after, own_chips, chips, assumptions }))
    }

    /// In the run's own layout.
    ///
    /// # Errors
    /// The layout is not legal, or does not fit, on one of the two.
    pub fn same_layout(&self) -> Result<Move, Error> {
        Ok(self.between(self.before.on(self.own_chips)?, self.after.on(self.chips)?, true))
    }

    /// In the best layout of each.
    ///
    /// # Errors
    /// No layout fits on one of the two.
    pub fn best_layouts(&self) -> Result<Move, Error> {
        Ok(self.between(open(&self.before).on(self.own_chips)?, open(&self.after).on(self.chips)?, false))
    }

    /// In the run's own layout on its own chip.
    ///
    /// # Errors
    /// The layout is not legal there, or does not fit.
    pub fn own(&self) -> Result<Predicted, Error> {
        self.before.on(self.own_chips)
    }

    fn between(&self, before: Predicted, after: Predicted, same_layout: bool) -> Move {
        let per_token = |predicted: &Predicted| predicted.computing(Tokens::new(1.0)).get();
        let ratio = per_token(&after) / per_token(&before);
        let run = self.after.calibration.run;
        let within = self.before.family == self.after.family;
        let spread = match (self.after.borrowed, within) {
            (true, _) => run.borrowed_spread,
            (false, true) if same_layout && self.chips == self.own_chips => run.measured_spread * LEFT_WITHIN,
            (false, true) => run.measured_spread,
            (false, false) => run.measured_spread.hypot(self.before.calibration.run.measured_spread),
        };
        Move { before, after, ratio, spread, same_layout }
    }
}

impl Move {
    /// The MFU on the other chip over that on the first.
    pub fn mfu_ratio(&self, from: FlopPerSecond, to: FlopPerSecond) -> f64 {
        (from / to) / self.ratio
    }
}

/// The setting with every degree open.
fn open(setting: &Setting) -> Setting {
    let given = Fixed { schedule: setting.given.schedule, ..Fixed::default() };
    Setting { given, ..setting.clone() }
}
