//! Fields and the variables of the relations that they set.

use crate::solve::Var;
use crate::units::{ChipSeconds, Price, Quantity as _, Seconds};

/// The variable of the relations that a field sets.
pub fn var_of(path: &str) -> Option<Var> {
    Some(match path {
        "run.params" | "run.active_params" => Var::Params,
        "run.tokens" => Var::Tokens,
        "run.flop" => Var::Flop,
        "run.gpu_hours" => Var::GpuHours,
        "run.wall_clock" => Var::WallClock,
        "run.mfu" => Var::Mfu,
        "run.goodput" => Var::Goodput,
        "run.cost" => Var::Cost,
        "run.chips" => Var::Chips,
        "price.rent" => Var::Price,
        _ => return None,
    })
}

/// A value in the unit of its field, in base units.
pub fn base(var: Var, value: f64) -> f64 {
    match var {
        Var::GpuHours | Var::PhaseHours => ChipSeconds::from_gpu_hours(value).base(),
        Var::WallClock => Seconds::from_days(value).base(),
        Var::Price => Price::from_usd_per_hour(value).base(),
        // Whole chips are held, also where a number is drawn.
        Var::Chips => value.round().max(1.0),
        _ => value,
    }
}
