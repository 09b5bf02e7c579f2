//! How much a set of chips does together, when they are not alike.

use super::{Run, Tranche};
use crate::error::Error;
use crate::units::check::share;
use crate::units::{Chips, FlopPerSecond, Fraction};

/// How unequal chips share the work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mix {
    /// One job, the same micro-batches everywhere: all wait for the slowest.
    Equal,
    /// One job, batches in proportion to speed, at some loss.
    Proportional {
        /// What is left after the loss.
        efficiency: Fraction,
    },
    /// A job for each kind.
    Separate,
}

impl Mix {
    /// Refuses an efficiency of zero or over 100 %.
    pub fn check(&self) -> Result<(), Error> {
        match *self {
            Self::Proportional { efficiency } => {
                share("the efficiency of a mixed job", efficiency)?;
                crate::units::check::positive("the efficiency of a mixed job", efficiency).map(drop)
            }
            Self::Equal | Self::Separate => Ok(()),
        }
    }
}

/// Chips at work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// How many.
    pub chips: Chips,
    /// Sustained rate of each.
    pub rate: FlopPerSecond,
}

/// What the parts do together, per second.
///
/// # Formula
/// equal: `n * min(s)`; proportional: `k * sum(n_i s_i)`; separate: `sum(n_i s_i)`; parts of one speed are
/// one kind, at no loss
/// # Source
/// A synchronous step ends when its last chip does.
///
/// ```
/// use flopbill::internals::fleet::rate::{Mix, Part, together};
/// use flopbill::internals::units::{Chips, FlopPerSecond};
/// let part = |chips, rate| Part { chips: Chips::new(chips), rate: FlopPerSecond::new(rate) };
/// let parts = [part(10.0, 3.0), part(10.0, 4.0)];
/// assert_eq!(together(&parts, &Mix::Equal).get(), 60.0); // by hand: 20 * 3
/// assert_eq!(together(&parts, &Mix::Separate).get(), 70.0);
/// ```
pub fn together(parts: &[Part], mix: &Mix) -> FlopPerSecond {
    let sum = || parts.iter().map(|part| part.rate * part.chips.get()).sum::<FlopPerSecond>();
    let Some(slowest) = parts.iter().map(|part| part.rate).reduce(FlopPerSecond::min) else {
        return FlopPerSecond::ZERO;
    };
    match *mix {
        Mix::Separate => sum(),
        Mix::Equal => slowest * parts.iter().map(|part| part.chips).sum::<Chips>().get(),
        Mix::Proportional { .. } if parts.iter().all(|part| part.rate == slowest) => sum(),
        Mix::Proportional { efficiency } => sum() * efficiency.get(),
    }
}

/// Chips of a tranche that are at work.
#[derive(Debug, Clone, Copy)]
pub struct AtWork<'a> {
    /// The tranche.
    pub tranche: &'a Tranche,
    /// How many of its chips.
    pub chips: Chips,
    /// In which part of the time.
    pub usage: f64,
    /// At which part of their rate.
    pub ramp: f64,
}

/// What the chips at work do for a run together, per second, its failures included.
///
/// # Formula
/// [`together`] of each tranche's own rate times the goodput, or of the run's predicted rate in a job of all chips that
/// work with it: those of its kind where kinds are separate
/// # Source
/// By construction.
pub fn of_run(run: &Run, goodput: Fraction, mix: &Mix, at_work: &[AtWork<'_>]) -> FlopPerSecond {
    let same = |a: &Tranche, b: &Tranche| b.rate.is_none() && a.chip == b.chip;
    let job = |of: &AtWork<'_>| -> Chips {
        let with = at_work.iter().filter(|one| *mix != Mix::Separate || same(of.tranche, one.tranche));
        with.map(|one| one.chips).sum()
    };
    let part = |one: &AtWork<'_>| {
        let rate = match (one.tranche.rate, &run.predicted) {
            (Some(rate), _) => rate * goodput.get(),
            (None, Some(predicted)) => predicted.rate(&one.tranche.chip, job(one)),
            (None, None) => FlopPerSecond::ZERO,
        };
        Part { chips: one.chips * one.usage, rate: rate * one.ramp }
    };
    together(&at_work.iter().map(part).collect::<Vec<_>>(), mix)
}

/// Imported chips that may run beside these domestic ones under a quota.
///
/// # Formula
/// `min(imported, domestic * (1 - q) / q)`: q the least share of domestic chips
/// # Source
/// `domestic / (domestic + imported) >= q`.
///
/// ```
/// use flopbill::internals::fleet::rate::allowed_imports;
/// use flopbill::internals::units::{Chips, Fraction};
/// let n = Chips::new;
/// // by hand: 3000 domestic chips are 30 % of 10,000
/// assert!((allowed_imports(n(9000.0), n(3000.0), Fraction::new(0.3)).get() - 7000.0).abs() < 1e-9);
/// assert_eq!(allowed_imports(n(9000.0), n(0.0), Fraction::ZERO), n(9000.0));
/// ```
pub fn allowed_imports(imported: Chips, domestic: Chips, quota: Fraction) -> Chips {
    if quota.get() <= 0.0 {
        return imported;
    }
    imported.min(domestic * ((1.0 - quota.get()) / quota.get()))
}
