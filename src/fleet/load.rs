//! Fleet files: TOML to [`Fleet`], with chips and prices from the catalog.

use super::approval::{Approval, STATES, State};
use super::queue::{ORDERS, Order};
use super::rate::Mix;
use super::{Action, Condition, Fleet, Run, Tranche};
use crate::Error;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::read::{Reader, Sources};
use crate::catalog::{Catalog, Found, Kind};
use crate::cost::defaults::{BORDER_KINDS, BorderKind, Defaults};
use crate::hardware::price::Term;
use crate::units::date::Date;
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Params, Seconds, Tokens, Usd};

/// A fleet with the sources of its values.
#[derive(Debug, Clone)]
pub struct FleetProfile {
    /// The fleet.
    pub fleet: Fleet,
    /// Where each value came from.
    pub sources: Sources,
    /// Values that the file leaves to a profile or a default, in one sentence each.
    pub filled_in: Vec<String>,
    /// The file, or the built-in profile's name.
    pub file: String,
}

/// What the readers of the parts share.
struct Shelf<'a> {
    catalog: &'a Catalog,
    defaults: &'a Defaults,
    approvals: Vec<String>,
    filled_in: std::cell::RefCell<Vec<String>>,
}

impl Shelf<'_> {
    fn say(&self, sentence: String) {
        let mut filled_in = self.filled_in.borrow_mut();
        if !filled_in.contains(&sentence) {
            filled_in.push(sentence);
        }
    }
}

/// The fleet of a name or path.
///
/// # Errors
/// An unknown name; everything that is wrong with the file, each with its place.
pub fn fleet(name: &str, catalog: &Catalog) -> Result<FleetProfile, Error> {
    read(&catalog.find(Kind::Fleets, name)?, catalog)
}

/// Reads a fleet file.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn read(found: &Found, catalog: &Catalog) -> Result<FleetProfile, Error> {
    let bill = catalog.bill()?;
    found.document.read(|r| {
        r.texts("aliases");
        let sources = r.sources();
        let approvals = r.tables("approval", approval);
        let names = approvals.iter().map(|approval| approval.name.clone()).collect();
        let shelf = Shelf { catalog, defaults: &bill.defaults, approvals: names, filled_in: Vec::new().into() };
        let fleet = body(r, &shelf, approvals);
        if !found.from_user {
            r.require_sources(&sources, &["assumptions", "start", "order", "mix", "action"]);
        }
        let filled_in = shelf.filled_in.into_inner();
        let fleet = fleet?;
        fleet.check().map_err(|error| r.fail("tranche", error)).ok()?;
        Some(FleetProfile { fleet, sources, filled_in, file: found.document.file.clone() })
    })
}

fn body(r: &Reader<'_>, shelf: &Shelf<'_>, approvals: Vec<Approval>) -> Option<Fleet> {
    let defaults = &shelf.defaults.fleet;
    let name = r.need("name", r.text("name"));
    let start = r.need("start", date(r, "start"));
    let goodput = r.quantity("goodput").unwrap_or_else(|| {
        shelf.say(format!("goodput: {} by default", shelf.defaults.goodput.mode.get()));
        shelf.defaults.goodput.mode
    });
    let expansion = duration(r, "expansion").unwrap_or_else(|| {
        shelf.say(format!("restart when chips join: {} d by default", defaults.expansion.days()));
        defaults.expansion
    });
    let efficiency = r.quantity("mixed_efficiency").unwrap_or(defaults.mixed_efficiency);
    let mix = mix(r, efficiency).unwrap_or(Mix::Separate);
    let tranches = r.tables("tranche", |t| tranche(t, shelf));
    let runs = r.tables("run", |t| run(t, shelf, goodput));
    let actions = r.tables("action", |t| action(t, &tranches, mix, efficiency));
    Some(Fleet {
        name: name?,
        assumptions: r.texts("assumptions"),
        start: start?,
        goodput,
        expansion,
        least_chips: r.quantity("least_chips").unwrap_or(Chips::ZERO),
        mix,
        order: r.choice("order", &ORDERS).unwrap_or(Order::Listed),
        horizon: r.quantity("horizon").unwrap_or(defaults.horizon),
        delay_per_day: r.quantity("delay_per_day").unwrap_or(Usd::ZERO),
        tranches,
        approvals,
        runs,
        actions,
    })
}

/// How a fleet file names the ways of mixing.
fn mix(r: &Reader<'_>, efficiency: Fraction) -> Option<Mix> {
    let ways = [("equal", Mix::Equal), ("proportional", Mix::Proportional { efficiency }), ("separate", Mix::Separate)];
    r.choice("mix", &ways)
}

fn approval(r: &Reader<'_>) -> Option<Approval> {
    let name = r.need("name", r.text("name"));
    let approved = r.need("approved", r.quantity("approved"));
    let approval = Approval {
        name: name?,
        approved: approved?,
        conditional: r.quantity("conditional").unwrap_or(Fraction::ZERO),
        median: duration(r, "median").unwrap_or(Seconds::ZERO),
        spread: r.number("spread").unwrap_or(0.0),
        domestic_share: r.quantity("domestic_share").unwrap_or(Fraction::ZERO),
        usage: r.quantity("usage").unwrap_or(Fraction::new(1.0)),
    };
    approval.check().map_err(|error| r.fail("approved", error)).ok()?;
    Some(approval)
}

fn tranche(r: &Reader<'_>, shelf: &Shelf<'_>) -> Option<Tranche> {
    let name = r.need("name", r.text("name"));
    let chip = r.need("chip", r.text("chip")).and_then(|chip| accelerator(r, "chip", &chip, shelf));
    let delivered = r.need("date", date(r, "date"));
    let chips = r.need("chips", r.quantity("chips"));
    let rate = chip.as_ref().and_then(|chip| sustained(r, chip));
    let condition = condition(r, shelf);
    let border = shelf.defaults.border.charge(r.choice("border", &BORDER_KINDS).unwrap_or(BorderKind::None));
    let (price, purchase) = prices(r, chip.as_ref(), shelf);
    let setup = duration(r, "setup").unwrap_or_else(|| {
        shelf.say(format!("burn-in: {} d by default", shelf.defaults.fleet.burn_in.days()));
        shelf.defaults.fleet.burn_in
    });
    let (ramp, ramp_rate) = (duration(r, "ramp").unwrap_or(Seconds::ZERO), r.quantity("ramp_rate"));
    let (power, domestic) = (r.quantity("power"), r.flag("domestic").unwrap_or(false));
    let probability = r.quantity("probability").unwrap_or(Fraction::new(1.0));
    let chip = chip?;
    Some(Tranche {
        name: name?,
        date: delivered?,
        chips: chips?,
        setup,
        rate: rate?,
        ramp_rate: ramp_rate.unwrap_or(Fraction::new(1.0)),
        ramp,
        price,
        purchase,
        border,
        power: power.or(chip.chip.power.all_in),
        domestic,
        probability,
        condition: condition?,
        chip: chip.chip.id,
    })
}

/// A duration, or a bare 0: chips that are in use already need no burn-in.
fn duration(r: &Reader<'_>, key: &'static str) -> Option<Seconds> {
    match r.value(key)?.as_text() {
        Some("0") => Some(Seconds::ZERO),
        _ => r.quantity(key),
    }
}

/// Rent and purchase price of a chip: the file's, or those of the price list.
fn prices(
    r: &Reader<'_>,
    chip: Option<&AcceleratorProfile>,
    shelf: &Shelf<'_>,
) -> (Option<crate::units::Price>, Option<Usd>) {
    let (price, purchase) = (r.quantity("price"), r.quantity("purchase"));
    let Some(chip) = chip.filter(|_| price.is_none() || purchase.is_none()) else { return (price, purchase) };
    let list = shelf.catalog.prices(&chip.chip.id).map_err(|error| r.fail("chip", error)).ok().flatten();
    let Some(list) = list else { return (price, purchase) };
    let fill = |what: &str, missing: bool| {
        if missing {
            shelf.say(format!("{what} of {}: from {}", chip.chip.name, list.file));
        }
    };
    let (typical, bought) = (list.list.typical(Term::OnDemand), list.list.purchase_per_chip);
    fill("rent", price.is_none() && typical.is_some());
    fill("purchase price", purchase.is_none() && bought.is_some());
    (price.or(typical), purchase.or(bought))
}

fn accelerator(r: &Reader<'_>, key: &str, name: &str, shelf: &Shelf<'_>) -> Option<AcceleratorProfile> {
    shelf.catalog.accelerator(name).map_err(|error| r.fail(key, error)).ok()
}

/// The sustained rate of a chip: stated, or an MFU of its dense 16-bit peak.
fn sustained(r: &Reader<'_>, chip: &AcceleratorProfile) -> Option<FlopPerSecond> {
    let (rate, mfu): (Option<FlopPerSecond>, Option<Fraction>) = (r.quantity("rate"), r.quantity("mfu"));
    if rate.is_some() && mfu.is_some() {
        r.fail("rate", Error::bad_input("give `rate` or `mfu`, not both"));
        return None;
    }
    if rate.is_some() {
        return rate;
    }
    let Some(mfu) = mfu else {
        r.fail("mfu", Error::bad_input("a chip needs an `mfu` or a `rate`").with_hint("mfu = \"40%\""));
        return None;
    };
    let peak = chip.chip.peak_of(chip.chip.training_precision());
    peak.map_err(|error| r.fail("mfu", error)).ok().map(|peak| peak * mfu.get())
}

fn condition(r: &Reader<'_>, shelf: &Shelf<'_>) -> Option<Condition> {
    let mut ways: Vec<(&'static str, Option<State>)> = vec![("granted", None)];
    ways.extend(STATES.map(|(name, state)| (name, Some(state))));
    let when = r.choice("when", &ways).flatten();
    let Some(name) = r.text("approval") else {
        if r.value("when").is_some() {
            r.fail("when", Error::bad_input("`when` needs the `approval` it speaks of"));
        }
        return Some(Condition::None);
    };
    let Some(index) = shelf.approvals.iter().position(|known| *known == name) else {
        let known = shelf.approvals.iter().map(String::as_str);
        r.fail("approval", Error::unknown_name("approval", &name, known));
        return None;
    };
    Some(when.map_or(Condition::Granted(index), |state| Condition::State(index, state)))
}

/// A run by its work, or by the hours it held elsewhere: those contain their downtime, at the goodput of this fleet.
fn run(r: &Reader<'_>, shelf: &Shelf<'_>, goodput: Fraction) -> Option<Run> {
    let name = r.need("name", r.text("name"));
    let flop: Option<Flop> = r.quantity("flop");
    let sizes: (Option<Params>, Option<Tokens>) = (r.quantity("active_params"), r.quantity("tokens"));
    let hours: Option<ChipSeconds> = r.quantity("gpu_hours");
    let on = r.text("on").and_then(|chip| accelerator(r, "on", &chip, shelf));
    let rate = on.as_ref().and_then(|chip| sustained(r, chip));
    let work = match (flop, sizes, hours.zip(rate)) {
        (Some(flop), (None, None), None) => flop,
        (None, (Some(params), Some(tokens)), None) => crate::model::flops::train_work(params, tokens),
        (None, (None, None), Some((hours, rate))) => hours * rate * goodput.get(),
        _ => {
            let error = Error::bad_input(
                "a run's work is `flop`, or `active_params` and `tokens`, or `gpu_hours` with `on` and `mfu`",
            );
            r.fail("name", error);
            return None;
        }
    };
    let times = r.integer("times").unwrap_or(1).max(1);
    Some(Run { name: name?, work: work * f64::from(times) })
}

fn action(r: &Reader<'_>, tranches: &[Tranche], usual: Mix, efficiency: Fraction) -> Option<Action> {
    let name = r.need("name", r.text("name"));
    let index = |wanted: &String| {
        let found = tranches.iter().position(|tranche| tranche.name == *wanted);
        if found.is_none() {
            let known = tranches.iter().map(|tranche| tranche.name.as_str());
            r.fail("tranches", Error::unknown_name("tranche", wanted, known));
        }
        found
    };
    let indices: Option<Vec<usize>> = r.texts("tranches").iter().map(index).collect();
    let mix = mix(r, efficiency).unwrap_or(usual);
    Some(Action { name: name?, tranches: indices?, mix })
}

/// A whole date or a shorter one.
fn date(r: &Reader<'_>, key: &'static str) -> Option<Date> {
    r.date(key)?.parse().map_err(|error| r.fail(key, error)).ok()
}
