//! Where numbers of a meaning lie.
//!
//! Values of a spec, and those of fleets that mean the same, are held to the ranges of the table of fields. The others have
//! rows here: a factor of a few beyond what was ever built, sold or measured, so that a slip of a prefix (a factor of a
//! thousand), a rent by the month for one by the hour or a share for a percentage lies outside.

use super::entries::{Entries, Leaf};
use crate::catalog::Kind;
use crate::error::Error;
use crate::input::file::{Origin, Spec};
use crate::units::parse::{Grammar, parse};
use crate::units::{
    Bytes, BytesPerSecond, CarbonIntensity, EnergyPrice, FlopPerSecond, Joules, KgCo2e, Params, Price, SquareMm, Usd,
    Watts,
};

/// One row: values of a kind at a path lie from `low` to `high`.
struct Row {
    kind: Kind,
    /// The path; a trailing `*` is any ending.
    path: &'static str,
    low: &'static str,
    high: &'static str,
    read: fn(&str) -> Option<f64>,
}

/// A quantity in base units.
fn of<Q: Grammar>(text: &str) -> Option<f64> {
    parse::<Q>(text).ok().map(Q::base)
}

/// A number without a unit.
fn bare(text: &str) -> Option<f64> {
    text.replace('_', "").parse().ok()
}

macro_rules! rows {
    ($($kind:ident { $( $path:literal: $low:literal..$high:literal $read:expr; )* })*) => {
        &[$($( Row { kind: Kind::$kind, path: $path, low: $low, high: $high, read: $read } ),*),*]
    };
}

/// The rows; the first that fits a path counts.
static ROWS: &[Row] = rows! {
    Accelerators {
        "peak.dense.fp64*": "0.05 TFLOP/s".."1 PFLOP/s" of::<FlopPerSecond>;
        "peak.dense.fp32": "1 TFLOP/s".."5 PFLOP/s" of::<FlopPerSecond>;
        "peak.dense.*": "5 TFLOP/s".."500 PFLOP/s" of::<FlopPerSecond>;
        "memory.capacity": "4 GB".."4 TB" of::<Bytes>;
        "memory.bandwidth": "100 GB/s".."30 PB/s" of::<BytesPerSecond>;
        "link.pcie.both_ways": "8 GB/s".."1 TB/s" of::<BytesPerSecond>;
        "link.nic.*": "0.5 GB/s".."2 TB/s" of::<BytesPerSecond>;
        "link.scale_up.domain": "1".."100000" bare;
        "link.scale_up.axes": "1".."8" bare;
        "link.scale_up.*": "1 GB/s".."20 TB/s" of::<BytesPerSecond>;
        "power.*": "20 W".."30 kW" of::<Watts>;
        "die.area": "20 mm2".."60000 mm2" of::<SquareMm>;
        "node.chips": "1".."1024" bare;
    }
    Systems {
        "chips": "1".."100000" bare;
        "power_max": "100 W".."100 MW" of::<Watts>;
        "price_*": "$1K".."$1B" of::<Usd>;
    }
    Prices {
        "typical.purchase_per_chip": "$100".."$1M" of::<Usd>;
        "typical.*": "$0.01/h".."$100/h" of::<Price>;
        "quote.price": "$0.01/h".."$100/h" of::<Price>;
        "purchase.price": "$100".."$100M" of::<Usd>;
        "purchase.low": "$100".."$100M" of::<Usd>;
        "purchase.high": "$100".."$100M" of::<Usd>;
    }
    Regions {
        "grid.carbon": "0 gCO2e/kWh".."2000 gCO2e/kWh" of::<CarbonIntensity>;
        "electricity.price": "$0.005/kWh".."$1/kWh" of::<EnergyPrice>;
        "water.*": "0".."100" bare;
        "pue.*": "1".."3" bare;
    }
    Models {
        "shape.layers": "1".."2000" bare;
        "shape.hidden": "8".."1000000" bare;
        "shape.vocab": "2".."10000000" bare;
        "published.total": "100K".."1000T" of::<Params>;
        "published.active": "100K".."1000T" of::<Params>;
    }
    Runs {
        "reported.tflops_per_gpu": "1 TFLOP/s".."50 PFLOP/s" of::<FlopPerSecond>;
        "reported.energy": "0.001 MWh".."100 TWh" of::<Joules>;
        "reported.emissions": "1 kg".."100000000 t" of::<KgCo2e>;
        "reported.carbon": "0 gCO2e/kWh".."2000 gCO2e/kWh" of::<CarbonIntensity>;
        "reported.pue": "1".."3" bare;
    }
    Fleets {
        "tranche.rate": "1 TFLOP/s".."500 PFLOP/s" of::<FlopPerSecond>;
        "tranche.price": "$0.01/h".."$100/h" of::<Price>;
        "tranche.purchase": "$100".."$1M" of::<Usd>;
        "tranche.power": "20 W".."30 kW" of::<Watts>;
    }
};

/// Values that mean what a field of a spec means. Those of a spec are held to it by their reader.
const FIELDS: [(Kind, &str, &str); 12] = [
    (Kind::Runs, "reported.gpu_hours", "run.gpu_hours"),
    (Kind::Runs, "reported.wall_clock", "run.wall_clock"),
    (Kind::Runs, "reported.mfu", "run.mfu"),
    (Kind::Runs, "reported.cost", "run.cost"),
    (Kind::Fleets, "goodput", "run.goodput"),
    (Kind::Fleets, "tranche.chips", "run.chips"),
    (Kind::Fleets, "tranche.mfu", "run.mfu"),
    (Kind::Fleets, "run.active_params", "run.active_params"),
    (Kind::Fleets, "run.tokens", "run.tokens"),
    (Kind::Fleets, "run.flop", "run.flop"),
    (Kind::Fleets, "run.gpu_hours", "run.gpu_hours"),
    (Kind::Fleets, "run.mfu", "run.mfu"),
];

/// Numbers outside the range of their meaning. One that does not read at all is its reader's to refuse.
pub fn units(kind: Kind, entries: &Entries<'_>) -> Vec<Error> {
    let wrong = |leaf: &Leaf<'_>| {
        let text = leaf.text()?;
        let error = of_field(kind, leaf, text).or_else(|| of_row(kind, leaf, text))?;
        Some(entries.at(&leaf.span, error))
    };
    entries.leaves.iter().filter_map(wrong).collect()
}

fn of_row(kind: Kind, leaf: &Leaf<'_>, text: &str) -> Option<Error> {
    let row = ROWS.iter().find(|row| row.kind == kind && fits(row.path, &leaf.path))?;
    let value = (row.read)(text)?;
    let (low, high) = ((row.read)(row.low)?, (row.read)(row.high)?);
    let error = Error::bad_input(format!("`{}` is {text}, and {} to {} can be meant", leaf.path, row.low, row.high));
    (value < low || value > high).then(|| error.with_hint("is it the unit, or its prefix?"))
}

fn of_field(kind: Kind, leaf: &Leaf<'_>, text: &str) -> Option<Error> {
    let (_, _, path) = FIELDS.iter().find(|(of, path, _)| *of == kind && *path == leaf.path)?;
    Spec::default().set(path, text, Origin::Assumed(String::new())).err()
}

fn fits(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == pattern,
    }
}
