//! From a fleet file to a [`Fleet`]: speeds of chips, prices and defaults for what the file leaves out.

use std::sync::Arc;

use super::predicted::Predicted;
use super::rate::Mix;
use super::{Action, Fleet, Run, Tranche};
use crate::answer::narrowed::Narrowed;
use crate::catalog::accelerator::AcceleratorProfile;
use crate::catalog::fleet::{FleetFile, Mixing, RunFile, RunWork, Speed, TrancheFile};
use crate::catalog::{Catalog, Found, Kind, fleet as file};
use crate::cost::defaults::Defaults;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::file::{Entry, Origin};
use crate::input::measured::{MEASURED, Measured};
use crate::input::question::Question;
use crate::read::Sources;
use crate::units::{Chips, FlopPerSecond, Fraction, Price, Seconds, Usd, show};

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

/// Where the values that a file leaves out come from, and which were taken.
struct Filling<'a> {
    catalog: &'a Catalog,
    defaults: &'a Defaults,
    said: std::cell::RefCell<Vec<String>>,
    /// Measured steps of the software of every run that names none.
    measured: Option<&'a str>,
    /// Where the chips stand, for what they cost.
    region: Option<&'a str>,
    /// On what terms they are rented.
    term: Term,
}

impl Filling<'_> {
    fn say(&self, sentence: String) {
        let mut said = self.said.borrow_mut();
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
}

/// The fleet of a name or path.
///
/// # Errors
/// An unknown name; everything that is wrong with the file, each with its place.
pub fn fleet(name: &str, catalog: &Catalog) -> Result<FleetProfile, Error> {
    fleet_after(name, None, catalog)
}

/// The same after measured steps of the software of its runs: a file, or rows.
///
/// # Errors
/// As [`fleet`]; steps that do not read, or that say nothing of a run.
pub fn fleet_after(name: &str, measured: Option<&str>, catalog: &Catalog) -> Result<FleetProfile, Error> {
    read_after(&catalog.find(Kind::Fleets, name)?, measured, catalog)
}

/// The fleet of a file.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn read(found: &Found, catalog: &Catalog) -> Result<FleetProfile, Error> {
    read_after(found, None, catalog)
}

fn read_after(found: &Found, measured: Option<&str>, catalog: &Catalog) -> Result<FleetProfile, Error> {
    let file = file::fleet(found, catalog)?;
    let bill = catalog.bill()?;
    let filling = Filling {
        catalog,
        defaults: &bill.defaults,
        said: Vec::new().into(),
        measured,
        region: file.region.as_deref(),
        term: file.term.unwrap_or(Term::OnDemand),
    };
    let fleet = body(&file, &filling)?;
    fleet.check().map_err(|error| file.at.locate(error))?;
    Ok(FleetProfile { fleet, sources: file.sources, filled_in: filling.said.into_inner(), file: file.file })
}

fn body(file: &FleetFile, filling: &Filling<'_>) -> Result<Fleet, Error> {
    let defaults = &filling.defaults.fleet;
    let stated = file.tranches.iter().any(|tranche| tranche.speed.is_some());
    if let Some(tranche) = file.tranches.iter().find(|tranche| tranche.speed.is_some() && filling.term == Term::Spot) {
        let error = Error::bad_input("what the spot market leaves is not known of a speed that is stated");
        return Err(tranche.at.locate(error.with_hint("leave mfu and rate out, and name each run's `run` or `model`")));
    }
    let goodput = file.goodput.unwrap_or_else(|| {
        if stated {
            filling.say(format!("goodput: {} by default", filling.defaults.goodput.mode.get()));
        }
        filling.defaults.goodput.mode
    });
    let expansion = file.expansion.unwrap_or_else(|| {
        filling.say(format!("restart when chips join: {} d by default", defaults.expansion.days()));
        defaults.expansion
    });
    let efficiency = file.mixed_efficiency.unwrap_or(defaults.mixed_efficiency);
    let mix = file.mix.map_or(Mix::Separate, |mixing| mix(mixing, efficiency));
    let wrong = file.approvals.iter().filter_map(|(approval, at)| Some(at.locate(approval.check().err()?)));
    Error::all(wrong.collect()).map_or(Ok(()), Err)?;
    let action = |action: &file::ActionFile| Action {
        name: action.name.clone(),
        tranches: action.tranches.clone(),
        mix: action.mix.map_or(mix, |mixing| self::mix(mixing, efficiency)),
    };
    Ok(Fleet {
        name: file.name.clone(),
        assumptions: file.assumptions.clone(),
        start: file.start,
        goodput,
        expansion,
        least_chips: file.least_chips.unwrap_or(Chips::ZERO),
        mix,
        order: file.order,
        horizon: file.horizon.unwrap_or(defaults.horizon),
        delay_per_day: file.delay_per_day.unwrap_or(Usd::ZERO),
        tranches: file.tranches.iter().map(|one| tranche(one, filling)).collect::<Result<_, _>>()?,
        approvals: file.approvals.iter().map(|(approval, _)| approval.clone()).collect(),
        runs: file.runs.iter().map(|one| run(one, file, filling, goodput)).collect::<Result<_, _>>()?,
        actions: file.actions.iter().map(action).collect(),
    })
}

fn mix(mixing: Mixing, efficiency: Fraction) -> Mix {
    match mixing {
        Mixing::Equal => Mix::Equal,
        Mixing::Proportional => Mix::Proportional { efficiency },
        Mixing::Separate => Mix::Separate,
    }
}

fn tranche(one: &TrancheFile, filling: &Filling<'_>) -> Result<Tranche, Error> {
    let locate = |error| one.at.locate(error);
    let chip = filling.catalog.accelerator(&one.chip).map_err(locate)?;
    let rate = one.speed.map(|speed| sustained(speed, &chip)).transpose().map_err(locate)?;
    let (price, purchase) = prices(one, &chip, filling).map_err(locate)?;
    let setup = one.setup.unwrap_or_else(|| {
        filling.say(format!("burn-in: {} d by default", filling.defaults.fleet.burn_in.days()));
        filling.defaults.fleet.burn_in
    });
    Ok(Tranche {
        name: one.name.clone(),
        date: one.date,
        chips: one.chips,
        setup,
        rate,
        ramp_rate: one.ramp_rate.unwrap_or(Fraction::new(1.0)),
        ramp: one.ramp.unwrap_or(Seconds::ZERO),
        price,
        purchase,
        border: filling.defaults.border.charge(one.border),
        power: one.power.or(chip.chip.power.all_in),
        domestic: one.domestic,
        probability: one.probability.unwrap_or(Fraction::new(1.0)),
        condition: one.condition,
        chip: chip.chip.id,
    })
}

/// Rent and purchase price of a chip: the file's, or those of the price list.
fn prices(
    one: &TrancheFile,
    chip: &AcceleratorProfile,
    filling: &Filling<'_>,
) -> Result<(Option<Price>, Option<Usd>), Error> {
    let (price, purchase) = (one.price, one.purchase);
    if price.is_some() && purchase.is_some() {
        return Ok((price, purchase));
    }
    let (id, name, place) = (&chip.chip.id, &chip.chip.name, filling.region);
    let rent = if price.is_none() { filling.catalog.rent(id, filling.term, place)? } else { None };
    let bought = if purchase.is_none() { filling.catalog.bought(id, place)? } else { None };
    if let Some(rent) = &rent {
        let (file, price, term) = (&rent.file, show::price(rent.price), rent.term.words());
        filling.say(format!("rent of {name}: {price} {term} of {}, from {file}", rent.date));
        rent.said.iter().for_each(|said| filling.say(format!("rent of {name}: {said}")));
    }
    if let Some(bought) = &bought {
        let (file, price) = (&bought.file, show::usd(bought.price));
        filling.say(format!("purchase price of {name}: {price} of {}, from {file}", bought.source.as_of));
    }
    Ok((price.or(rent.map(|rent| rent.price)), purchase.or(bought.map(|bought| bought.price))))
}

/// The sustained rate of a chip: stated, or an MFU of its dense 16-bit peak.
fn sustained(speed: Speed, chip: &AcceleratorProfile) -> Result<FlopPerSecond, Error> {
    match speed {
        Speed::Rate(rate) => Ok(rate),
        Speed::Mfu(mfu) => Ok(chip.chip.peak_of(chip.chip.training_precision())? * mfu.get()),
    }
}

/// A run by its work, or by the hours it held elsewhere: those contain their downtime, at the goodput of this fleet.
fn run(one: &RunFile, file: &FleetFile, filling: &Filling<'_>, goodput: Fraction) -> Result<Run, Error> {
    let mut speed = None;
    jobs(one, file).map_err(|error| one.at.locate(error))?;
    let work = match &one.work {
        RunWork::Flop(flop) => *flop,
        RunWork::Sizes(params, tokens) => crate::model::flops::train_work(*params, *tokens),
        RunWork::Hours(hours, on, speed) => {
            let chip = filling.catalog.accelerator(on);
            let rate = chip.and_then(|chip| sustained(*speed, &chip)).map_err(|error| one.at.locate(error))?;
            *hours * rate * goodput.get()
        }
        RunWork::Run(run, tokens) => {
            let about = Question::about(run, filling.catalog).map_err(|error| one.at.locate(error))?;
            let about = tokens.map_or(about.clone(), |tokens| about.with("run.tokens", tokens));
            speed.insert(predicted(about, one, file, filling)?).work
        }
        RunWork::Model(model, tokens) => {
            let about = Question::default().with("model", model).with("run.tokens", *tokens);
            speed.insert(predicted(about, one, file, filling)?).work
        }
    };
    Ok(Run { name: one.name.clone(), work: work * f64::from(one.times), predicted: speed.map(Arc::new) })
}

/// Refuses jobs of so many chips that do not fill the fleet, or whose speed is stated: nothing is predicted of them.
fn jobs(one: &RunFile, file: &FleetFile) -> Result<(), Error> {
    let Some(job) = one.job else { return Ok(()) };
    let fleet: Chips = file.tranches.iter().map(|tranche| tranche.chips).sum();
    if !one.work.is_predicted() || file.tranches.iter().all(|tranche| tranche.speed.is_some()) {
        let error = Error::bad_input(format!("`chips` of run `{}` changes nothing: its speed is stated", one.name));
        return Err(error.with_hint("leave `chips` out, or name a `run` or a `model` and state no `mfu`"));
    }
    if job.get() < 1.0 || job * f64::from(one.times) < fleet {
        let [job, fleet] = [job, fleet].map(show::chips);
        return Err(Error::bad_input(format!(
            "{} jobs of {job} chips leave a part of the fleet's {fleet} without work",
            one.times
        ))
        .with_hint("give more chips, more `times`, or leave `chips` out for one job on all of them"));
    }
    Ok(())
}

/// A run's question with the measured steps of its software. They say themselves on which chips they were measured.
fn measured(question: Question, one: &RunFile, filling: &Filling<'_>) -> Result<Question, Error> {
    let mut question = question;
    match (&one.measured, filling.measured) {
        (Some((file, at)), _) => {
            let origin = Origin::File(at.clone());
            let steps = Measured::parse(file, &origin).map_err(|error| origin.locate(error))?;
            question.base.measured = Some(Entry::new(steps, origin));
        }
        (None, Some(text)) => question = question.with(MEASURED, text),
        (None, None) => return Ok(question),
    }
    question.at_home(&["run.gpu", "run.chips"])
}

/// A run's speed on the chips that state none; it fits on all chips of each kind.
fn predicted(question: Question, one: &RunFile, file: &FleetFile, filling: &Filling<'_>) -> Result<Predicted, Error> {
    let mut kinds: Vec<(String, Chips, &TrancheFile)> = Vec::new();
    let open = file.tranches.iter().any(|tranche| tranche.speed.is_none());
    for tranche in file.tranches.iter().filter(|tranche| tranche.speed.is_none() || !open) {
        let chip = filling.catalog.accelerator(&tranche.chip).map_err(|error| tranche.at.locate(error))?.chip.id;
        match kinds.iter_mut().find(|(known, ..)| *known == chip) {
            Some((_, chips, _)) => *chips += tranche.chips,
            None => kinds.push((chip, tranche.chips, tranche)),
        }
    }
    let (chip, chips, _) = kinds.first().ok_or_else(|| Error::bad_input("a fleet needs at least one [[tranche]]"))?;
    let question = if filling.term == Term::Spot { question.with("bill.term", Term::Spot.name()) } else { question };
    let question = measured(question, one, filling)?;
    let of_kind = (chip.as_str(), *chips);
    let found = Predicted::new(question, filling.catalog, of_kind, one.job).map_err(|error| one.at.locate(error))?;
    if one.measured.is_some() || filling.measured.is_some() {
        filling.say(match &found.narrowed {
            Some(narrowed) => format!("{}: {}", one.name, narrowed.sentence()),
            None => format!("{}: its measured steps change nothing on {chip}, where no step is predicted", one.name),
        });
        found.narrowed.iter().flat_map(Narrowed::left_out).for_each(|said| filling.say(said));
    }
    for (chip, chips, tranche) in kinds.iter().filter(|_| open) {
        found.time(chip, *chips).map_err(|error| tranche.at.locate(error))?;
    }
    Ok(found)
}
