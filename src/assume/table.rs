//! Every assumption that a bill's answer rests on, with its field.

use super::Assumption;
use crate::cost::defaults::Range;
use crate::units::{Bytes, EnergyPrice, Fraction, Seconds, Usd, Watts};

/// A row: the key, the field where it has another path, and the value's place with its way to a number and back.
macro_rules! row {
    ($path:literal, $($place:ident).+, $($to:ident, $from:path)?) => {
        row!($path => $path, $($place).+, $($to, $from)?)
    };
    ($path:literal => $field:literal, $($place:ident).+, ) => {
        Assumption {
            path: $path,
            field: $field,
            get: |defaults| Some(defaults.$($place).+),
            put: |defaults, value| defaults.$($place).+ = value,
        }
    };
    ($path:literal => $field:literal, $($place:ident).+, $to:ident, $from:path) => {
        Assumption {
            path: $path,
            field: $field,
            get: |defaults| Some(defaults.$($place).+.$to()),
            put: |defaults, value| defaults.$($place).+ = $from(value),
        }
    };
}

/// A row of what no profile that ships says.
macro_rules! told {
    ($path:literal => $field:literal, $place:ident, $to:expr, $from:expr) => {
        Assumption {
            path: $path,
            field: $field,
            get: |defaults| defaults.told.$place.map($to),
            put: |defaults, value| defaults.told.$place = Some($from(value)),
        }
    };
    ($path:literal, $place:ident, $to:expr, $from:expr) => {
        told!($path => $path, $place, $to, $from)
    };
}

/// A row of a loss, whose range becomes one value.
macro_rules! loss {
    ($path:literal, $place:literal) => {
        Assumption {
            path: $path,
            field: $path,
            get: |defaults| Some(defaults.losses[$place].mode.get()),
            put: |defaults, value| {
                let share = Fraction::new(value);
                defaults.losses[$place] = Range { low: share, mode: share, high: share };
            },
        }
    };
}

/// The assumptions, in the order of the profile.
pub static ASSUMPTIONS: &[Assumption] = &[
    told!("electricity.price", electricity, EnergyPrice::usd_per_kwh, EnergyPrice::from_usd_per_kwh),
    told!("bill.pue", pue, std::convert::identity, std::convert::identity),
    row!("failures.repair", failures.repair, days, Seconds::from_days),
    Assumption {
        path: "failures.spares",
        field: "failures.spares",
        get: |defaults| Some(defaults.told.spares.unwrap_or(defaults.failures.spares).get()),
        put: |defaults, value| defaults.told.spares = Some(Fraction::new(value)),
    },
    row!("failures.spares_confidence", failures.spares_confidence, get, Fraction::new),
    row!("checkpoint.bytes_per_param", checkpoint.bytes_per_param,),
    row!("checkpoint.kept", checkpoint.kept,),
    loss!("losses.planned", 0),
    loss!("losses.slow", 1),
    loss!("losses.rollback", 2),
    loss!("losses.evaluation", 3),
    row!("spot.preemption", spot.between, days, Seconds::from_days),
    row!("spot.notice", spot.notice, days, Seconds::from_days),
    row!("spot.wait", spot.wait, days, Seconds::from_days),
    told!("own.purchase", purchase, Usd::get, Usd::new),
    row!("own.server", own.server,),
    row!("own.network", own.network, get, Fraction::new),
    row!("own.residual", own.residual, get, Fraction::new),
    row!("own.interest", own.interest, get, Fraction::new),
    row!("own.life", own.life, years, Seconds::from_years),
    row!("own.staff", own.staff, get, Usd::new),
    row!("own.maintenance", own.maintenance, get, Fraction::new),
    row!("own.software_cost", own.software, get, Usd::new),
    row!("own.utilisation" => "bill.utilisation", own.utilisation, get, Fraction::new),
    row!("hosting.all_in_usd_per_kw_month", hosting.all_in_usd_per_kw_month,),
    row!("hosting.facility_usd_per_kw_month", hosting.facility_usd_per_kw_month,),
    told!("power.rated", rated, Watts::get, Watts::new),
    row!("power.load", power.load, get, Fraction::new),
    row!("power.fabric", power.fabric, get, Fraction::new),
    row!("power.all_in_load", power.all_in_load, get, Fraction::new),
    row!("power.server_over_chip", power.server_over_chip,),
    row!("rent.discount", told.discount, get, Fraction::new),
    row!("rent.uplift", told.uplift, get, Fraction::new),
    told!("rent.upfront", upfront, Fraction::get, Fraction::new),
    row!("epoch.decline", epoch.decline,),
    row!("epoch.network", epoch.network, get, Fraction::new),
    row!("epoch.age", epoch.age, years, Seconds::from_years),
    row!("epoch.load_gpu", epoch.load_gpu, get, Fraction::new),
    row!("epoch.load_tpu", epoch.load_tpu, get, Fraction::new),
    row!("epoch.pue_other", epoch.pue_other,),
    row!("epoch.server_power", epoch.server_power,),
    row!("border.duty", border.duty, get, Fraction::new),
    row!("border.revenue_share", border.revenue_share, get, Fraction::new),
    row!("border.passed_on", border.passed_on, get, Fraction::new),
    row!("carbon.life", embodied_life, years, Seconds::from_years),
    row!("storage.usd_per_gb_month", storage.usd_per_gb_month,),
    told!("storage.data", data, Bytes::get, Bytes::new),
    row!("storage.bytes_per_token", storage.bytes_per_token,),
    row!("storage.usd_per_gb_egress", storage.usd_per_gb_egress,),
    told!("storage.egress", egress, Bytes::get, Bytes::new),
    row!("programme.experiments", programme.experiments.mode, get, Fraction::new),
    row!("programme.failed_runs", programme.failed_runs.mode, get, Fraction::new),
    row!("programme.ablations", programme.ablations.mode, get, Fraction::new),
    row!("programme.post_training", programme.post_training.mode, get, Fraction::new),
    row!("programme.rl", programme.rl.mode, get, Fraction::new),
    row!("programme.usd_per_person_year", programme.usd_per_person_year, get, Usd::new),
];
