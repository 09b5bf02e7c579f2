//! A run on other chips, another number of them, or in another setting: what the step model says of both sides, each in
//! its best layout. What the run's own software, layout and downtime add to its steps is carried over.

use std::sync::Arc;

use super::measured::Evidence;
use super::prediction::Prediction;
use super::setting::Setting;
use super::software::Software;
use crate::error::Error;
use crate::layout::fixed::Fixed;
use crate::units::{Chips, Tokens};

/// On the same chip most of the model's error is the same on both sides: this part of it is left. An assumption.
const LEFT_WITHIN: f64 = 0.5;

/// A run as it was, and as it is asked about.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The run's own setting.
    pub own: Setting,
    /// The setting that is asked about.
    pub asked: Setting,
    /// The run's own chips.
    pub own_chips: Chips,
    /// Its step there.
    pub before: Prediction,
    /// What measured steps tell of its software on the chips that are asked about, and its own factor where it ran.
    pub measured: Option<(Arc<Evidence>, f64)>,
}

/// The run on a number of chips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// The step as the run had it.
    pub before: Prediction,
    /// The step as it is asked about.
    pub after: Prediction,
    /// Chip-time for a token over that of the run.
    pub ratio: f64,
    /// Geometric spread of that ratio; zero in the run's own setting.
    pub spread: f64,
    /// Both sides in one layout, not each in its best.
    pub same_layout: bool,
    /// The factor on the ratio before any step is measured and after, where some are.
    pub told: Option<[Software; 2]>,
}

impl Transfer {
    /// Lays the run out where it ran. Its own degrees are left open on both sides, those asked for hold.
    ///
    /// # Errors
    /// No layout fits there.
    pub fn new(own: Setting, own_chips: Chips, asked: Setting) -> Result<Self, Error> {
        let before = own.on(own_chips)?;
        Ok(Self { own, asked, own_chips, before, measured: None })
    }

    /// The same after steps that were measured of it, whose own chip-time for a token is known.
    #[must_use]
    pub fn after(mut self, evidence: Arc<Evidence>, own_pace: f64) -> Self {
        self.measured = Some((evidence, own_pace / self.before.pace_at(1.0)));
        self
    }

    /// What the measured steps tell of a ratio of this spread.
    pub fn evidence(&self, spread: f64) -> Option<Evidence> {
        self.measured.as_ref().map(|(evidence, carried)| evidence.of_transfer(*carried, spread))
    }

    /// The run on this number of chips.
    ///
    /// # Errors
    /// No layout fits.
    pub fn at(&self, chips: Chips) -> Result<Moved, Error> {
        let after = self.asked.on(chips)?;
        Ok(self.between(self.before, after, false))
    }

    /// Both sides in these degrees, where they can be kept.
    ///
    /// # Errors
    /// The layout is not legal, or does not fit, on one of the two.
    pub fn in_layout(&self, degrees: Fixed, chips: Chips) -> Result<Moved, Error> {
        let before = self.own.clone().with_degrees(degrees).on(self.own_chips)?;
        let after = self.asked.clone().with_degrees(degrees).on(chips)?;
        Ok(self.between(before, after, true))
    }

    /// Whether a number of chips is the run's own setting: then its published hours are the answer.
    pub fn is_own(&self, chips: Chips) -> bool {
        chips == self.own_chips && self.own.same_step(&self.asked)
    }

    fn between(&self, before: Prediction, after: Prediction, same_layout: bool) -> Moved {
        let own = self.is_own(Chips::new(f64::from(after.chips)));
        let per_token = |prediction: &Prediction| prediction.pace_at(1.0);
        let ratio = if own { 1.0 } else { per_token(&after) / per_token(&before) };
        let spread = if own { 0.0 } else { self.spread(f64::from(after.chips)) };
        let told = self.evidence(spread).filter(|_| spread > 0.0).map(|told| [told.before, told.after]);
        let (ratio, spread) = told.map_or((ratio, spread), |[_, told]| (ratio * told.median, told.effect));
        Moved { before, after, ratio, spread, same_layout, told }
    }

    /// Geometric spread of the ratio.
    ///
    /// # Formula
    /// `s^2 = chip^2 + chips^2 + setting^2`: with c and r what chips and settings differ by, another chip of the family
    /// `m = hypot(c, r)`, of another family `m sqrt 2`, a borrowed one also the spread between families; n times the
    /// chips `m/2 (1 - e^-|ln n|)`; another setting `m/2`
    /// # Source
    /// `profiles/assumptions/software.toml`; the halves are assumptions.
    fn spread(&self, chips: f64) -> f64 {
        let asked = &self.asked.believed;
        let apart = asked.spreads.chip.hypot(asked.spreads.row);
        let other_chip = self.own.chip != self.asked.chip;
        let chip = match (other_chip, self.own.family == self.asked.family) {
            (false, _) => 0.0,
            (true, true) => apart,
            (true, false) => apart.hypot(apart),
        };
        let borrowed = other_chip && self.asked.machine.borrowed;
        let chip = if borrowed { chip.hypot(asked.borrowed) } else { chip };
        let within = LEFT_WITHIN * apart;
        let times = (chips / self.own_chips.get()).ln().abs();
        let count = within * (1.0 - (-times).exp());
        let kept = other_chip || self.own.same_step(&self.asked);
        let setting = if kept { 0.0 } else { within };
        chip.hypot(count).hypot(setting)
    }
}

impl Moved {
    /// Hours of the run's steps alone on its own chips, for so many tokens.
    ///
    /// # Formula
    /// as [`Prediction::computing`], on the software that the factors were fitted to
    /// # Source
    /// Definition.
    pub fn steps_before(&self, tokens: Tokens) -> crate::units::ChipSeconds {
        crate::units::ChipSeconds::new(tokens.get() * self.before.pace_at(1.0))
    }
}
