//! Quantities, and the products between them.
//!
//! Each type wraps one `f64` in SI (seconds, bytes, FLOP, watts) or in the field's own
//! base unit (chips, tokens, US dollars). A product that makes sense is declared once, below; one
//! that does not is a compile error. This is the only module that holds
//! conversion factors such as 3600 or 1e12.
//!
//! # Products
//!
//! `Chips * Seconds = ChipSeconds`, `ChipSeconds * FlopPerSecond = Flop`,
//! `ChipSeconds * Price = Usd`, `FlopPerSecond * Seconds = Flop`,
//! `BytesPerSecond * Seconds = Bytes`, `Watts * Seconds = Joules`, `Joules * EnergyPrice = Usd`,
//! `Joules * CarbonIntensity = KgCo2e`; each with both divisions.
//!
//! ```
//! use flopbill::internals::units::{Chips, ChipSeconds, Price, Seconds, Usd};
//!
//! let hours = ChipSeconds::from_gpu_hours(2.788e6);
//! let wall: Seconds = hours / Chips::new(2048.0);
//! assert!((wall.days() - 56.72).abs() < 0.01); // by hand: 2.788e6 / 2048 / 24
//! let bill: Usd = hours * Price::from_usd_per_hour(2.0);
//! assert!((bill.get() - 5.576e6).abs() < 1e-6);
//! ```

use std::fmt;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

pub mod check;
mod convert;
pub mod date;
mod grammar;
pub mod money;
pub mod parse;
pub mod show;

const HOUR: f64 = 3600.0;
const DAY: f64 = 24.0 * HOUR;
const YEAR: f64 = 8760.0 * HOUR;
const JULIAN_YEAR: f64 = 365.25 * DAY;
const MONTH: f64 = YEAR / 12.0;
/// The mean month of the calendar, 365.25 / 12 days: what people mean who write a month.
const MEAN_MONTH: f64 = JULIAN_YEAR / 12.0;
const KWH: f64 = 3.6e6;

/// What every quantity shares: one `f64` in base units, and a name for its dimension.
pub trait Quantity: Copy + PartialOrd + fmt::Debug {
    /// What the quantity measures, as an error message says it: `a duration`.
    const DIMENSION: &'static str;
    /// How a user writes one.
    const EXAMPLE: &'static str;
    /// Makes the quantity from its value in base units.
    fn from_base(value: f64) -> Self;
    /// The value in base units.
    fn base(self) -> f64;
}

macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $dimension:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
        pub struct $name(f64);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0.0);
            /// From the value in base units.
            #[inline]
            pub const fn new(value: f64) -> Self {
                Self(value)
            }
            /// The value in base units.
            #[inline]
            pub const fn get(self) -> f64 {
                self.0
            }
            /// The larger of two.
            #[inline]
            pub const fn max(self, other: Self) -> Self {
                Self(self.0.max(other.0))
            }
            /// The smaller of two.
            #[inline]
            pub const fn min(self, other: Self) -> Self {
                Self(self.0.min(other.0))
            }
        }

        impl Quantity for $name {
            const DIMENSION: &'static str = $dimension;
            const EXAMPLE: &'static str = $example;
            #[inline]
            fn from_base(value: f64) -> Self {
                Self(value)
            }
            #[inline]
            fn base(self) -> f64 {
                self.0
            }
        }

        impl Add for $name {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl AddAssign for $name {
            #[inline]
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl Sub for $name {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            #[inline]
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }
        impl Div<f64> for $name {
            type Output = Self;
            #[inline]
            fn div(self, divisor: f64) -> Self {
                Self(self.0 / divisor)
            }
        }
        impl Div for $name {
            type Output = f64;
            #[inline]
            fn div(self, other: Self) -> f64 {
                self.0 / other.0
            }
        }
        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                items.fold(Self::ZERO, Add::add)
            }
        }
    };
}

/// Declares `$a * $b = $c` with both orders and both divisions.
macro_rules! product {
    ($a:ident * $b:ident = $c:ident) => {
        impl Mul<$b> for $a {
            type Output = $c;
            #[inline]
            fn mul(self, other: $b) -> $c {
                $c(self.0 * other.0)
            }
        }
        impl Mul<$a> for $b {
            type Output = $c;
            #[inline]
            fn mul(self, other: $a) -> $c {
                $c(self.0 * other.0)
            }
        }
        impl Div<$a> for $c {
            type Output = $b;
            #[inline]
            fn div(self, other: $a) -> $b {
                $b(self.0 / other.0)
            }
        }
        impl Div<$b> for $c {
            type Output = $a;
            #[inline]
            fn div(self, other: $b) -> $a {
                $a(self.0 / other.0)
            }
        }
    };
}

quantity!(
    /// Time, in seconds.
    Seconds, "a duration", "60d"
);
quantity!(
    /// Work, in floating-point operations.
    Flop, "an amount of work", "3.3e24"
);
quantity!(
    /// A rate of work of one chip, in FLOP per second.
    FlopPerSecond, "a compute rate", "989.5 TFLOP/s"
);
quantity!(
    /// An amount of memory or traffic, in bytes (decimal prefixes, or KiB, MiB, GiB, TiB).
    Bytes, "an amount of memory", "141 GB"
);
quantity!(
    /// A bandwidth, in bytes per second.
    BytesPerSecond, "a bandwidth", "3.35 TB/s"
);
quantity!(
    /// A number of accelerator chips; fractional until it is rounded to whole nodes.
    Chips, "a number of chips", "2048"
);
quantity!(
    /// Chips times time held, in chip-seconds; people read it as GPU-hours.
    ChipSeconds, "an amount of GPU-hours", "2.788M"
);
quantity!(
    /// A number of training tokens.
    Tokens, "a number of tokens", "14.8T"
);
quantity!(
    /// A number of model parameters.
    Params, "a number of parameters", "671B"
);
quantity!(
    /// Money, in US dollars.
    Usd, "an amount of money", "$5.576M"
);
quantity!(
    /// The price of holding one chip, in US dollars per chip-second; people read $/GPU-hour.
    Price, "a price per GPU-hour", "$2/h"
);
quantity!(
    /// A share or ratio without a unit, written `34.6%` or `0.346`.
    Fraction, "a share", "34.6%"
);
quantity!(
    /// Electric power, in watts.
    Watts, "a power", "700 W"
);
quantity!(
    /// Energy, in joules; people read kWh.
    Joules, "an amount of energy", "2701 MWh"
);
quantity!(
    /// The price of electricity, in US dollars per joule; people read $/kWh.
    EnergyPrice, "an electricity price", "$0.08/kWh"
);
quantity!(
    /// Emissions, in kilograms of CO2 equivalent.
    KgCo2e, "an amount of emissions", "24.7 tCO2e"
);
quantity!(
    /// Emissions of a kilowatt-hour, in kg CO2 equivalent per joule; people read gCO2e/kWh.
    CarbonIntensity, "a carbon intensity", "557.5 gCO2e/kWh"
);
quantity!(
    /// A die area, in square millimetres.
    SquareMm, "an area", "814 mm2"
);

product!(Chips * Seconds = ChipSeconds);
product!(ChipSeconds * FlopPerSecond = Flop);
product!(ChipSeconds * Price = Usd);
product!(BytesPerSecond * Seconds = Bytes);
product!(Watts * Seconds = Joules);
product!(Joules * EnergyPrice = Usd);
product!(Joules * CarbonIntensity = KgCo2e);

// Two more products whose divisions would be ambiguous (work of one chip or of many): multiplication,
// and for time the named division.
impl Mul<Seconds> for FlopPerSecond {
    type Output = Flop;
    #[inline]
    fn mul(self, time: Seconds) -> Flop {
        Flop(self.0 * time.0)
    }
}
impl Mul<Watts> for ChipSeconds {
    type Output = Joules;
    #[inline]
    fn mul(self, per_chip: Watts) -> Joules {
        Joules(self.0 * per_chip.0)
    }
}

impl Flop {
    /// The time one chip needs at this rate.
    #[inline]
    pub fn time_at(self, rate: FlopPerSecond) -> Seconds {
        Seconds(self.0 / rate.0)
    }
}
