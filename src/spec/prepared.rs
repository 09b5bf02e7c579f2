//! A question with everything looked up, ready to be answered again and again with other numbers.

use super::phases::Baseline;
use super::range::Range;
use super::resolve::solve_phases;
use crate::solve::{Knowns, Rank, Var};
use crate::units::{ChipSeconds, Price, Quantity as _, Seconds};

/// What one evaluation gives, in this order.
pub const OUTPUTS: [&str; 6] = ["gpu_hours", "wall_clock_days", "cost_usd", "chips", "mfu", "flop"];

/// A question whose uncertain fields are left open.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) knowns: Knowns,
    pub(super) baseline: Baseline,
    /// The open fields, in the order [`evaluate`](Self::evaluate) takes their values.
    pub(super) open: Vec<(Var, Range)>,
}

impl Prepared {
    /// The fields that are open, with their distributions in the field's unit.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = &Range> {
        self.open.iter().map(|(_, range)| range)
    }

    /// Answers the question for one value of each open field, in its unit: see [`OUTPUTS`]. A value that does
    /// not follow is NaN; where there is no solution at all, such as an MFU above 100 %, the hours never end:
    /// everything is infinite. Allocates nothing where there is a solution.
    pub fn evaluate(&self, values: &[f64]) -> [f64; OUTPUTS.len()] {
        let mut knowns = self.knowns;
        for ((var, _), value) in self.open.iter().zip(values) {
            knowns.set(*var, base(*var, *value), Rank::Flag);
        }
        let Ok(solved) = solve_phases(&mut knowns, &self.baseline) else {
            return [f64::INFINITY; OUTPUTS.len()];
        };
        let get = |var| solved.knowns.get(var).unwrap_or(f64::NAN);
        [
            ChipSeconds::new(get(Var::GpuHours)).gpu_hours(),
            Seconds::new(get(Var::WallClock)).days(),
            get(Var::Cost),
            get(Var::Chips),
            get(Var::Mfu),
            get(Var::Flop),
        ]
    }
}

/// A value in the unit of its field, in base units.
fn base(var: Var, value: f64) -> f64 {
    match var {
        Var::GpuHours | Var::PhaseHours => ChipSeconds::from_gpu_hours(value).base(),
        Var::WallClock => Seconds::from_days(value).base(),
        Var::Price => Price::from_usd_per_hour(value).base(),
        _ => value,
    }
}
