//! Every charge of one answer in a chosen view, its emissions and water, and what failures do at its size.

use super::Answer;
pub use super::choices::Choices;
use super::choices::idle_border;
use super::failures::{Decides, Failures, Job, failures};
use super::footprint::RunFootprint;
use super::owning::Owning;
use super::place::Place;
use super::recipe::Recipe;
pub use super::rented::length;
use super::rented::{self, Rented};
use super::stages::held_stages;
use crate::assume::{Against, Laid, check, idle, told};
use crate::catalog::Catalog;
use crate::catalog::bill::BillProfile;
use crate::cost::defaults::Defaults;
use crate::cost::own::Hosting;
use crate::cost::rent::{Commitment, commitment, per_held_hour};
use crate::cost::{self, Bill, Charge, CostLine, Scope, Terms, Usage, View, own};
use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::hardware::region::Region;
use crate::input::file::Origin;
use crate::prices::Bought;
use crate::read::{At, Sources};
use crate::solve::Var;
use crate::source::Source;
use crate::units::{ChipSeconds, Chips, Fraction, Params, Price, Seconds, Tokens, Usd, show};

/// The whole bill of an answer.
#[derive(Debug, Clone)]
pub struct WholeBill {
    /// The lines.
    pub bill: Bill,
    /// The terms they were priced on.
    pub terms: Terms,
    /// Owning set beside renting; `None` where the chip's price or power is not known.
    pub owned: Option<Owned>,
    /// Both over the run and over the life of the hardware; `None` like them.
    pub owning: Option<Owning>,
    /// What a reservation binds to beyond the run; `None` for other rents.
    pub commitment: Option<Commitment>,
    /// The part of a reservation that is paid at its start, where it is said.
    pub upfront: Option<Fraction>,
    /// Emissions, water, energy and power; `None` where the power of the chip or the grid of the place is not known.
    pub footprint: Option<RunFootprint>,
    /// The place.
    pub place: Place,
    /// Where the chip's, the place's and the bill's values come from.
    shelf: Shelf,
    /// What failures do at this size.
    pub failures: Failures,
    /// What it is priced from.
    pub recipe: Recipe,
    /// Assumptions of the view, in sentences.
    pub assumptions: Vec<String>,
    /// What a reader should know before using the totals, in sentences.
    pub warnings: Vec<String>,
}

/// Owning set beside renting on the terms of the bill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Owned {
    /// What a used hour costs the owner.
    pub hour: Price,
    /// What an hour costs to rent on the bill's terms; `None` where no rent is known.
    pub rented: Option<Price>,
    /// The utilisation above which owning is cheaper.
    pub break_even: Option<f64>,
}

impl Owned {
    fn of(terms: &Terms, rented: Option<Price>) -> Result<Option<Self>, Error> {
        let year = own::annual(&terms.own)?;
        Ok(year.map(|year| Self {
            hour: own::per_used_hour(year.total(), terms.own.utilisation),
            rented,
            break_even: rented.and_then(|rent| own::break_even_utilisation(year.total(), rent).ok()),
        }))
    }
}

/// The sources that lines refer to.
#[derive(Debug, Clone)]
struct Shelf {
    bill: Sources,
    bought: Option<Source>,
    rent: Option<Source>,
    after: Option<Source>,
}

impl WholeBill {
    /// The total in US dollars with the work around the run; `None` where the chips have no price.
    pub fn total(&self) -> Option<f64> {
        self.chips_not_priced().is_none().then(|| self.bill.programme().get())
    }

    /// What is paid at the start of a reservation: its share of the whole, at its discount.
    pub fn paid_at_the_start(&self) -> Option<Usd> {
        let (found, share, contract) = (self.commitment?, self.upfront?, &self.terms.rent.contract);
        Some(found.total * (share.get() * (1.0 - contract.upfront_discount.get()) / contract.prepaid_price()))
    }

    /// Why holding the chips has no price, if it has none.
    pub fn chips_not_priced(&self) -> Option<&'static str> {
        self.bill.not_priced().find_map(|line| match line.charge {
            Charge::NotPriced(why) if line.scope == Scope::Chips => Some(why),
            _ => None,
        })
    }

    /// The source of a line's price.
    pub fn source(&self, line: &CostLine) -> Option<&Source> {
        let shelf = &self.shelf;
        match line.source {
            "rent.price" => shelf.rent.as_ref(),
            "rent.after" => shelf.after.as_ref(),
            "own.chip" | "epoch.server" => shelf.bought.as_ref(),
            "own.electricity" | "epoch.electricity" => self.place.source("electricity.price"),
            "own.hosting" => shelf.bill.of(match self.terms.own.hosting {
                Hosting::AllIn { .. } => "hosting.all_in_usd_per_kw_month",
                Hosting::Facility { .. } => "hosting.facility_usd_per_kw_month",
            }),
            "own.border" => shelf.bill.of(match self.terms.own.border {
                cost::duty::BorderCharge::Duty { .. } => "border.duty",
                cost::duty::BorderCharge::RevenueShare { .. } => "border.revenue_share",
                _ => "border.kind",
            }),
            "storage.price" => shelf.bill.of("storage.usd_per_gb_month"),
            "storage.egress" => shelf.bill.of("storage.usd_per_gb_egress"),
            "programme.people" => shelf.bill.of("programme.usd_per_person_year"),
            key => shelf.bill.of(key),
        }
    }
}

/// What a bill is made for: the values of an answer that it needs.
#[derive(Debug, Clone)]
pub struct BillQuestion<'a> {
    /// The chip.
    pub chip: &'a Accelerator,
    /// Chip-time held, downtime and idle chips included.
    pub held: ChipSeconds,
    /// Chips held; `None` where it is not known.
    pub chips: Option<Chips>,
    /// Wall-clock of the run; `None` where it is not known.
    pub wall: Option<Seconds>,
    /// All parameters, idle experts and trained towers included; `None` where it is not known.
    pub params: Option<Params>,
    /// Training tokens; `None` where it is not known.
    pub tokens: Option<Tokens>,
    /// Rent of a chip by the hour, with its source; the source is `None` for the typical price of the price list.
    pub rent: Option<(Price, Option<Source>)>,
    /// That rent was asked for: it is the rent of whatever term is.
    pub rent_is_asked: bool,
    /// The goodput that decides the hours.
    pub decides: Decides,
    /// Time of a step, where one is behind the hours.
    pub step: Option<Seconds>,
    /// What the run's own phases hold of the programme's stages.
    pub held_stages: [Option<Fraction>; 5],
    /// Share of the held time that the spot market leaves; 1 of chips that stay.
    pub left: f64,
}

impl<'a> BillQuestion<'a> {
    /// The bill's part of an answer.
    ///
    /// # Errors
    /// An answer without a chip.
    pub fn of(answer: &'a Answer) -> Result<Self, Error> {
        let Some(chip) = &answer.chip else {
            return Err(Error::no_solution("a bill needs the chip").with_hint("give --gpu"));
        };
        let total = answer.estimate.total;
        let trained = answer.pacing.setting().map_or(0.0, |setting| setting.model.shape.towers.params(true));
        Ok(Self {
            chip: &chip.chip,
            held: total.held,
            chips: answer.estimate.chips,
            wall: total.wall_clock,
            params: answer.spec.params.as_ref().map(|entry| entry.value + Params::new(trained)),
            tokens: answer.solved.knowns.get(Var::Tokens).map(Tokens::new),
            rent: answer.price.as_ref().map(|price| (price.value, rent_source(answer, &price.origin))),
            rent_is_asked: answer.price.as_ref().is_some_and(|price| matches!(price.origin, Origin::Flag(_))),
            decides: Decides::of(answer),
            step: answer.step_time(),
            held_stages: held_stages(answer),
            left: answer.solved.knowns.get(Var::Left).unwrap_or(1.0),
        })
    }
}

/// Where the rent comes from: the spec's source, or the flag that said it; `None` for the price list's own.
fn rent_source(answer: &Answer, origin: &Origin) -> Option<Source> {
    match origin {
        Origin::File(_) => {
            Some(answer.spec.sources.of("price.rent").cloned().unwrap_or_else(|| told(origin.to_string())))
        }
        Origin::Profile(_) => None,
        other => Some(answer.spec.quote_of("price.rent", other).unwrap_or_else(|| told(other.to_string()))),
    }
}

/// The whole bill of a question.
///
/// # Errors
/// An unknown place; choices that no bill can be made of.
pub fn whole_bill(
    question: &BillQuestion<'_>,
    view: View,
    choices: &Choices,
    catalog: &Catalog,
) -> Result<WholeBill, Error> {
    let chip = question.chip;
    let BillProfile { mut defaults, sources, laid, .. } = catalog.bill()?;
    check(&defaults, &laid)?;
    choices.lay(&mut defaults);
    let sources = choices.laid.iter().fold(choices.shared_out(sources), with_source);
    let place = Place::of(choices, &defaults.told, &sources, catalog)?;
    choices.house(&mut defaults, &place);
    place.check(view, defaults.hosting.kind)?;
    let bought = match defaults.told.purchase {
        Some(_) => None,
        None => catalog.bought(&chip.id, choices.region.as_deref())?,
    };
    let purchase = bought.as_ref().map(|found| found.price);
    let mut recipe = Recipe::of(question, view, choices, defaults, (&place, purchase));
    let (inputs, defaults) = (recipe.inputs()?, recipe.defaults.clone());
    let job = Job { chip, chips: question.chips, checkpoint: inputs.checkpoint, step: question.step };
    let failures = failures(&job, &choices.failures, &defaults, &question.decides, catalog)?;
    let rent = Rented::of(question, view, choices, catalog)?;
    recipe.rented(rent.offer, rent.price);
    recipe.contract = rent.contract;
    let terms = recipe.terms()?;
    let mut assumptions = assumptions(choices, view, &terms, place.region());
    assumptions.push(kept(choices, &laid, &defaults));
    assumptions.extend(laid.iter().map(|(path, at)| format!("{path}: {}:{}", at.file, at.line)));
    assumptions.extend(failures.assumed.iter().map(|one| format!("{} {}: {}", one.path, one.text, one.origin)));
    let usage = recipe.usage;
    let (owned, owning) = beside(&usage, &terms, question.left)?;
    let commitment = commitment(usage.held, usage.chips, usage.wall, &terms.rent)?.filter(|_| view == View::Rent);
    let [by_contract, uncovered] = rented::said(view, &usage, &terms, choices, rent.after.as_ref())?;
    assumptions.extend(by_contract);
    let footprint = RunFootprint::of(&usage, &place, &inputs, terms.own.power, &defaults)?;
    assumptions.extend(place.said(view, &terms));
    assumptions.extend(footprint.iter().flat_map(|found| found.said(&defaults)));
    assumptions.extend(bought.iter().filter(|_| view != View::Rent).filter_map(|found| found.said.clone()));
    let aged = aged(bought.as_ref().filter(|_| view != View::Rent), &chip.id, catalog)?;
    let said = sources.of("own.purchase").filter(|_| defaults.told.purchase.is_some()).cloned();
    let (rent, after) = (rent.source, rent.after.map(|found| found.source));
    let shelf = Shelf { bill: sources, rent, after, bought: said.or(bought.map(|found| found.source)) };
    let against = Against { view, terms: &terms, server_is_known: inputs.node_share.is_some() };
    let idle = idle(&choices.laid, &against).into_iter().chain(terms.programme.beyond(&defaults.programme));
    let outlives = commitment.and_then(|found| rented::outlives(&found, &terms, usage.chips));
    let others = [idle_border(choices, view), failures.contradicts(), aged].into_iter().flatten();
    let unused = choices.agreed.idle(view, &terms.rent.contract, defaults.told.upfront.is_some());
    Ok(WholeBill {
        bill: cost::bill(view, &usage, &terms)?,
        warnings: outlives.into_iter().chain(uncovered).chain(others).chain(unused).chain(idle).collect(),
        terms,
        owned,
        owning,
        commitment,
        upfront: defaults.told.upfront,
        footprint,
        place,
        shelf,
        failures,
        recipe,
        assumptions,
    })
}

/// Owning set beside renting. Chips that are owned stay: what trains takes fewer hours on them, and an hour that trains costs
/// more to rent where a market takes some of it.
fn beside(usage: &Usage, terms: &Terms, left: f64) -> Result<(Option<Owned>, Option<Owning>), Error> {
    let stay = Usage { held: usage.held * left, wall: usage.wall.map(|wall| wall * left), ..*usage };
    let rented = per_held_hour(&terms.rent)?.map(|hour| hour * (1.0 / left));
    let owned = Owned::of(terms, rented)?;
    let owning = Owning::of(&stay, terms, owned.as_ref())?;
    Ok((owned, owning))
}

/// A purchase price that is old, and the newest rent known beside it.
fn aged(found: Option<&Bought>, chip: &str, catalog: &Catalog) -> Result<Option<String>, Error> {
    let Some(found) = found else { return Ok(None) };
    let Some(aged) = catalog.aged("purchase price", &found.source.as_of, None)? else { return Ok(None) };
    Ok(Some(match catalog.newest_rent(chip, &found.source.as_of)? {
        Some(rent) => format!("{aged}; the newest rent known is {rent}"),
        None => aged,
    }))
}

/// The sources with that of a value laid over one of them.
fn with_source(sources: Sources, laid: &Laid) -> Sources {
    match laid.assumption() {
        Some(one) => sources.with(one.path.to_owned(), laid.source()),
        None => sources,
    }
}

/// The size and number of checkpoints, and where that is from, where nobody says it.
fn kept(choices: &Choices, laid: &[(String, At)], defaults: &Defaults) -> String {
    let said = |path: &str| path.starts_with("checkpoint.");
    let said = choices.laid.iter().any(|one| said(one.field)) || laid.iter().any(|(path, _)| said(path));
    let from = if said { "" } else { " (profiles/assumptions/bill.toml)" };
    let (bytes, kept) = (defaults.checkpoint.bytes_per_param, defaults.checkpoint.kept);
    format!("checkpoints: {bytes} bytes a parameter, {kept} kept{from}")
}

fn assumptions(choices: &Choices, view: View, terms: &Terms, region: &Region) -> Vec<String> {
    let mut found = Vec::new();
    if choices.region.is_none() {
        found.push(format!("place: {} (give --region)", region.name));
    }
    found.push(terms.programme.said());
    if let (View::Own, Some(price)) = (view, terms.own.chip) {
        let own = &terms.own;
        let [interest, residual, network, used] =
            [own.interest, own.residual, own.network, own.utilisation].map(|share| show::percent(share.get()));
        let (price, life) = (show::usd(price), show::number(own.life.years(), 3));
        found.push(format!(
            "owned: {price} a chip with its part of the server, the network {network} of the cluster, over {life} y at \
             {interest} a year, {residual} left at the end; every hour carries what {used} of use leaves unused, power too"
        ));
    }
    match view {
        View::Rent => found.push("the rent contains what the provider paid at a border".into()),
        View::Own if terms.own.border == cost::duty::BorderCharge::None => {
            found.push("no duty and no revenue share (give --border duty or revenue_share)".into());
        }
        View::Own | View::Epoch => {}
    }
    found
}

/// The price of a unit on a line, if it is priced.
pub fn unit_price(line: &CostLine) -> Option<f64> {
    match line.charge {
        Charge::Priced { price, .. } => Some(price),
        Charge::Contained(_) | Charge::NotPriced(_) => None,
    }
}
