//! How much a set of chips does together, when they are not alike.

use crate::Error;
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
