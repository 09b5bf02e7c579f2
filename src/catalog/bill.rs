//! `profiles/assumptions/bill.toml`: TOML to the bill's [`Defaults`].

use super::{Catalog, Found, Kind};
use crate::cost::carbon::Inventory;
use crate::cost::defaults::{
    BORDER_KINDS, BorderDefaults, CheckpointDefaults, Commitment, Defaults, EpochDefaults, FailureDefaults,
    FleetDefaults, HOSTING_KINDS, HostingDefaults, OwnDefaults, POWER_BASES, PowerDefaults, ProgrammeDefaults, Range,
    StorageDefaults, Told,
};
use crate::cost::shares::{MOST_SHARE, STAGES};
use crate::error::Error;
use crate::read::{At, Reader, Sources};
use crate::reliability::spot::Market;
use crate::units::parse::Grammar;
use crate::units::{Bytes, Fraction, KgCo2e, Seconds, Usd, Watts};

/// The bill's defaults with the source of each.
#[derive(Debug, Clone)]
pub struct BillProfile {
    /// The values.
    pub defaults: Defaults,
    /// Where each came from.
    pub sources: Sources,
    /// The file, or the built-in profile's name.
    pub file: String,
    /// What a user's file says, by its path, and where: the rest is of the file below it.
    pub laid: Vec<(String, At)>,
}

impl Catalog {
    /// The defaults of the bill: the user's `assumptions/bill.toml`, or the built-in one.
    ///
    /// # Errors
    /// A profile that does not hold what it should.
    pub fn bill(&self) -> Result<BillProfile, Error> {
        bill(&self.find(Kind::Assumptions, "bill")?)
    }
}

/// Reads the defaults.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn bill(found: &Found) -> Result<BillProfile, Error> {
    found.document.read(|r| {
        r.texts("aliases");
        r.text("name");
        let sources = r.sources();
        let defaults = defaults(r);
        r.require_sources(&sources, &[]);
        let (mut defaults, laid) = (defaults?, r.laid());
        // The share that ships stands beside a model of the spares; a user's own is meant.
        let spares = laid.iter().any(|(path, _)| path == "failures.spares");
        defaults.told.spares = spares.then_some(defaults.failures.spares);
        Some(BillProfile { defaults, sources, file: found.document.file.clone(), laid })
    })
}

fn defaults(r: &Reader<'_>) -> Option<Defaults> {
    // Every table is read before the first `?`, so that one pass finds everything that is wrong.
    let failures = part(r, "failures", failures);
    let checkpoint = part(r, "checkpoint", checkpoint);
    let losses = part(r, "losses", |t| {
        let all = ["planned", "slow", "rollback", "evaluation"].map(|key| part(t, key, range));
        let [planned, slow, rollback, evaluation] = all;
        Some([planned?, slow?, rollback?, evaluation?])
    });
    let goodput = part(r, "goodput", range);
    let commitments = r.tables("commitment", commitment);
    let spot = part(r, "spot", |t| {
        let [between, notice, wait] = ["preemption", "notice", "wait"].map(|key| quantity(t, key));
        Some(Market { between: between?, notice: notice?, wait: wait? })
    });
    let own = part(r, "own", own);
    let hosting = part(r, "hosting", hosting);
    let power = part(r, "power", power);
    let epoch = part(r, "epoch", epoch);
    let border = part(r, "border", border);
    let carbon = part(r, "carbon", carbon);
    let storage = part(r, "storage", storage);
    let programme = part(r, "programme", programme);
    let fx_sigma = part(r, "fx", |t| Some([number(t, "cny_sigma")?, number(t, "eur_sigma")?]));
    let fleet = part(r, "fleet", fleet);
    let told = told(r);
    let ((own, purchase), (power, rated), (storage, data, egress)) = (own?, power?, storage?);
    let (inventories, embodied_life, die) = carbon?;
    Some(Defaults {
        told: Told { purchase, rated, data, egress, ..told },
        failures: failures?,
        checkpoint: checkpoint?,
        losses: losses?,
        goodput: goodput?,
        commitments,
        spot: spot?,
        own,
        hosting: hosting?,
        power,
        epoch: epoch?,
        border: border?,
        inventories,
        embodied_life,
        die,
        storage,
        programme: programme?,
        fx_sigma: fx_sigma?,
        fleet: fleet?,
    })
}

/// What no profile that ships says.
fn told(r: &Reader<'_>) -> Told {
    let electricity = r.table("electricity", |t| t.quantity("price"));
    let pue = r.table("bill", |t| at_least(t, "pue", 1.0));
    let rent = r.table("rent", |t| {
        let [discount, uplift] = ["discount", "uplift"].map(|key| t.quantity(key).unwrap_or(Fraction::ZERO));
        if discount.get() >= 1.0 {
            t.fail("discount", Error::bad_input("a discount is less than all of the price"));
        }
        Some((discount, uplift, t.quantity("upfront")))
    });
    let (discount, uplift, upfront) = rent.unwrap_or_default();
    Told { electricity, pue, discount, uplift, upfront, ..Told::default() }
}

/// A number that is not below another.
fn at_least(r: &Reader<'_>, key: &'static str, least: f64) -> Option<f64> {
    let value = r.number(key)?;
    if value < least {
        r.fail(key, Error::bad_input(format!("`{key}` is at least {least}")));
    }
    Some(value)
}

/// A table that must be there.
fn part<'d, T>(r: &Reader<'d>, key: &'static str, build: impl FnOnce(&Reader<'d>) -> Option<T>) -> Option<T> {
    r.need(key, r.table(key, build))
}

/// A quantity that must be there.
fn quantity<Q: Grammar>(r: &Reader<'_>, key: &'static str) -> Option<Q> {
    r.need(key, r.quantity(key))
}

/// Money that must be there, and may be none: `"$500"`, or a number of dollars.
fn money(r: &Reader<'_>, key: &'static str) -> Option<Usd> {
    let text = r.any(key).and_then(|value| value.as_text());
    if text.is_some_and(|text| text.trim_start_matches('$').parse() == Ok(0.0)) {
        r.value(key);
        return Some(Usd::ZERO);
    }
    quantity(r, key)
}

/// A number that must be there, and not negative.
fn number(r: &Reader<'_>, key: &'static str) -> Option<f64> {
    let value = r.need(key, r.number(key))?;
    if value < 0.0 {
        r.fail(key, Error::bad_input(format!("`{key}` cannot be negative")));
    }
    Some(value)
}

/// A name of a closed list that must be there.
fn choice<T: Copy>(r: &Reader<'_>, key: &'static str, names: &[(&'static str, T)]) -> Option<T> {
    r.need(key, r.choice(key, names))
}

fn range(r: &Reader<'_>) -> Option<Range> {
    spans(r, 1.0)
}

/// A range whose upper end is at most so much.
fn spans(r: &Reader<'_>, most: f64) -> Option<Range> {
    let found = (quantity(r, "low"), quantity(r, "mode"), quantity(r, "high"));
    let range = Range { low: found.0?, mode: found.1?, high: found.2? };
    if range.low > range.mode || range.mode > range.high || range.high.get() > most {
        let most = most * 100.0;
        r.fail("mode", Error::bad_input(format!("a range needs low <= mode <= high <= {most}%")));
    }
    Some(range)
}

fn failures(r: &Reader<'_>) -> Option<FailureDefaults> {
    let found = (quantity(r, "repair"), quantity(r, "spares"), quantity(r, "spares_confidence"));
    Some(FailureDefaults { repair: found.0?, spares: found.1?, spares_confidence: found.2? })
}

fn checkpoint(r: &Reader<'_>) -> Option<CheckpointDefaults> {
    let numbers = (number(r, "bytes_per_param"), number(r, "kept"));
    Some(CheckpointDefaults { bytes_per_param: numbers.0?, kept: numbers.1? })
}

fn commitment(r: &Reader<'_>) -> Option<Commitment> {
    let provider = r.need("provider", r.text("provider"));
    let found = (quantity(r, "one_year"), quantity(r, "three_years"));
    Some(Commitment { provider: provider?, one_year: found.0?, three_years: found.1? })
}

fn own(r: &Reader<'_>) -> Option<(OwnDefaults, Option<Usd>)> {
    let shares = ["network", "residual", "interest", "maintenance", "utilisation"].map(|key| quantity(r, key));
    let found = (number(r, "server"), quantity(r, "life"), money(r, "staff"), money(r, "software_cost"));
    let [network, residual, interest, maintenance, utilisation] = shares;
    let own = OwnDefaults {
        server: found.0?,
        network: network?,
        residual: residual?,
        interest: interest?,
        life: found.1?,
        staff: found.2?,
        maintenance: maintenance?,
        software: found.3?,
        utilisation: utilisation?,
    };
    Some((own, r.quantity("purchase")))
}

fn hosting(r: &Reader<'_>) -> Option<HostingDefaults> {
    let prices = (number(r, "all_in_usd_per_kw_month"), number(r, "facility_usd_per_kw_month"));
    Some(HostingDefaults {
        kind: choice(r, "kind", &HOSTING_KINDS)?,
        all_in_usd_per_kw_month: prices.0?,
        facility_usd_per_kw_month: prices.1?,
    })
}

fn power(r: &Reader<'_>) -> Option<(PowerDefaults, Option<Watts>)> {
    let shares = (quantity(r, "load"), quantity(r, "fabric"), quantity(r, "all_in_load"));
    let server_over_chip = number(r, "server_over_chip");
    let power = PowerDefaults {
        basis: choice(r, "basis", &POWER_BASES)?,
        load: shares.0?,
        fabric: shares.1?,
        all_in_load: shares.2?,
        server_over_chip: server_over_chip?,
    };
    Some((power, r.quantity("rated")))
}

fn epoch(r: &Reader<'_>) -> Option<EpochDefaults> {
    let [network, load_gpu, load_tpu, mfu] = ["network", "load_gpu", "load_tpu", "mfu"].map(|key| quantity(r, key));
    let times = (quantity(r, "age"), quantity(r, "acquisition_lag"));
    let keys = ["decline", "pue_hyperscaler", "pue_other", "server_power", "server_over_chip"];
    let [decline, pue_hyperscaler, pue_other, server_power, server_over_chip] = keys.map(|key| number(r, key));
    Some(EpochDefaults {
        decline: decline?,
        network: network?,
        age: times.0?,
        acquisition_lag: times.1?,
        load_gpu: load_gpu?,
        load_tpu: load_tpu?,
        pue_hyperscaler: pue_hyperscaler?,
        pue_other: pue_other?,
        server_power: server_power?,
        server_over_chip: server_over_chip?,
        mfu: mfu?,
    })
}

fn border(r: &Reader<'_>) -> Option<BorderDefaults> {
    let shares = (quantity(r, "duty"), quantity(r, "revenue_share"), quantity(r, "passed_on"));
    Some(BorderDefaults {
        kind: choice(r, "kind", &BORDER_KINDS)?,
        duty: shares.0?,
        revenue_share: shares.1?,
        passed_on: shares.2?,
    })
}

fn carbon(r: &Reader<'_>) -> Option<(Vec<Inventory>, Seconds, KgCo2e)> {
    let inventories = r.tables("inventory", inventory);
    if r.any("inventory").is_none() {
        r.fail(
            "inventory",
            Error::bad_input("`inventory` is missing in [carbon]").with_hint("add [[carbon.inventory]]"),
        );
    }
    let found = (quantity(r, "life"), number(r, "die_kg_per_cm2"));
    Some((inventories, found.0?, KgCo2e::new(found.1?)))
}

fn inventory(r: &Reader<'_>) -> Option<Inventory> {
    let name = r.need("name", r.text("name"));
    let found = (quantity(r, "per_server"), number(r, "chips"), quantity(r, "life"));
    let per_chip = r.quantity("per_chip").unwrap_or(KgCo2e::ZERO);
    let inventory = Inventory { name: name?, per_server: found.0?, chips: found.1?, per_chip, life: found.2? };
    if let Err(error) = inventory.a_chip() {
        r.fail("chips", error);
    }
    Some(inventory)
}

fn storage(r: &Reader<'_>) -> Option<(StorageDefaults, Option<Bytes>, Option<Bytes>)> {
    let found = ["usd_per_gb_month", "usd_per_gb_egress", "bytes_per_token"].map(|key| number(r, key));
    let [usd_per_gb_month, usd_per_gb_egress, bytes_per_token] = found;
    let storage = StorageDefaults {
        usd_per_gb_month: usd_per_gb_month?,
        usd_per_gb_egress: usd_per_gb_egress?,
        bytes_per_token: bytes_per_token?,
    };
    Some((storage, r.quantity("data"), r.quantity("egress")))
}

fn programme(r: &Reader<'_>) -> Option<ProgrammeDefaults> {
    let found = (at_least(r, "low", 1.0), at_least(r, "high", 1.0), quantity(r, "usd_per_person_year"));
    let (low, high) = (r.need("low", found.0), r.need("high", found.1));
    let stages = STAGES.map(|(key, _)| part(r, key, |t| spans(t, MOST_SHARE)));
    let [experiments, failed_runs, ablations, post_training, rl] = stages;
    if low.zip(high).is_some_and(|(low, high)| low > high) {
        r.fail("low", Error::bad_input("`low` is at most `high`"));
    }
    Some(ProgrammeDefaults {
        low: low?,
        high: high?,
        experiments: experiments?,
        failed_runs: failed_runs?,
        ablations: ablations?,
        post_training: post_training?,
        rl: rl?,
        usd_per_person_year: found.2?,
    })
}

fn fleet(r: &Reader<'_>) -> Option<FleetDefaults> {
    let found = (quantity(r, "burn_in"), quantity(r, "expansion"), quantity(r, "horizon"));
    let mixed_efficiency = quantity(r, "mixed_efficiency");
    Some(FleetDefaults {
        burn_in: found.0?,
        expansion: found.1?,
        mixed_efficiency: mixed_efficiency?,
        horizon: found.2?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_defaults_are_complete_and_sourced() {
        let bill = Catalog::built_in().bill().unwrap();
        assert_eq!(bill.defaults.failures.repair.days(), 3.0);
        assert!(bill.sources.of("own.interest").is_some());
        let losses = crate::reliability::availability::chain(&bill.defaults.losses()).unwrap();
        assert!((losses.get() - 0.995 * 0.98 * 0.99 * 0.995).abs() < 1e-12);
    }
}
