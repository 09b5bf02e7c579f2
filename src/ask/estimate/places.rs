//! The same planner's question in several places: what differs, each with its source, and where it holds best.

use serde::Serialize;

use crate::ask::policy::PolicyRequest;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::question::Question;
use crate::input::table::Spec;
use crate::planner::joint::{Spread, known};
use crate::planner::{Prepared, is_planned};
use crate::reply::SourceLine;
use crate::uncertainty::montecarlo::Plan;
use crate::units::show;

/// The most places of a question.
const MOST: usize = 8;

/// One place.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PlaceRow {
    /// Its profile.
    pub region: String,
    /// Rent of a chip by the hour, as the question takes it.
    pub rent_usd_per_hour: Option<f64>,
    /// The chip's list rent there, where it has one: which terms, and where it is from.
    pub rent_from: Option<String>,
    /// Price of industrial electricity.
    pub electricity_usd_per_kwh: Option<f64>,
    /// Where that is from.
    pub electricity_from: Option<String>,
    /// What becomes of the export of the chip to that place.
    pub export: Option<String>,
    /// The same in a word: free, exception, licence, review, denied.
    pub export_outcome: Option<&'static str>,
    /// The rule that says it.
    pub export_rule: Option<String>,
    /// What the border takes, and by which rule.
    pub border: Vec<String>,
    /// What the place's own rules say, and which.
    pub own_rules: Vec<String>,
    /// How often it is done by the date.
    pub by_date: Option<f64>,
    /// How often it stays within the money.
    pub in_budget: Option<f64>,
    /// How often all that is asked holds.
    pub both: Option<f64>,
    /// Days at p50.
    pub days_p50: Option<f64>,
    /// What the money is held against, at p50.
    pub cost_usd_p50: Option<f64>,
}

/// The places that a planner's question names with commas, the best first: the surest, then the cheapest.
///
/// # Errors
/// Too many places, one that no profile has; as [`Prepared::of`].
pub fn places(question: &Question, spec: &Spec, plan: &Plan, catalog: &Catalog) -> Result<Vec<PlaceRow>, Error> {
    let Some(region) = spec.region.as_ref().filter(|region| region.value.contains(',')) else { return Ok(Vec::new()) };
    let names = spec.places();
    if !is_planned(spec) {
        let error = Error::bad_input("several places are compared where a date, money or deliveries are asked");
        return Err(region.origin.locate(error.with_hint("name one place, or ask `compare`")));
    }
    if names.is_empty() || names.len() > MOST {
        let error = Error::bad_input(format!("{} places, and there are from 1 to {MOST}", names.len()));
        return Err(region.origin.locate(error));
    }
    let mut rows = Vec::new();
    for name in names {
        let there = question.clone().with("region", name);
        let row = PlaceRow::of(name, &there, plan, catalog).map_err(|error| region.origin.locate(error))?;
        rows.push(row);
    }
    let cost = |row: &PlaceRow| row.cost_usd_p50.unwrap_or(f64::INFINITY);
    let sure = |row: &PlaceRow| row.both.unwrap_or(0.0);
    rows.sort_by(|a, b| sure(b).total_cmp(&sure(a)).then(cost(a).total_cmp(&cost(b))));
    Ok(rows)
}

impl PlaceRow {
    fn of(name: &str, question: &Question, plan: &Plan, catalog: &Catalog) -> Result<Self, Error> {
        let asked = Prepared::of(question, catalog)?;
        let joint = asked.joint()?;
        let spread = Spread::of(&joint.draw(&asked.limits, plan), &asked.limits);
        let answer = &asked.answer;
        let chip = answer.chip.as_ref().map(|chip| chip.chip.id.as_str());
        let dated = answer.spec.catalog(catalog);
        let place = dated.region(name)?;
        let listed = chip.map(|chip| dated.rent(chip, Term::OnDemand, Some(name))).transpose()?.flatten();
        let source = place.sources.of("electricity.price");
        let mut row = Self {
            region: name.to_owned(),
            rent_usd_per_hour: answer.price.as_ref().map(|price| price.value.usd_per_hour()),
            rent_from: listed
                .map(|rent| format!("{}: {} ({})", rent.term.words(), rent.source.title, rent.source.as_of)),
            electricity_usd_per_kwh: place.region.electricity.map(|price| price.usd_per_kwh()),
            electricity_from: source.map(|source| SourceLine::new("electricity.price", source).to_string()),
            export: None,
            export_outcome: None,
            export_rule: None,
            border: Vec::new(),
            own_rules: Vec::new(),
            by_date: spread.kept.by.map(|kept| kept.value),
            in_budget: spread.kept.budget.map(|kept| kept.value).filter(|_| spread.cost.failed == 0),
            both: known(spread.kept.all.value),
            days_p50: known(spread.days.quantile(0.5).value),
            cost_usd_p50: known(spread.cost.quantile(0.5).value),
        };
        if let Some(chip) = chip {
            row.under_the_rules(chip, name, answer.spec.as_of.as_ref().map(|day| day.value), catalog);
        }
        Ok(row)
    }

    /// What the rules say of the way there; a region of several countries is no destination.
    fn under_the_rules(&mut self, chip: &str, name: &str, day: Option<crate::units::date::Date>, catalog: &Catalog) {
        let mut request = PolicyRequest::new(chip).to(name);
        request.as_of = day;
        let Ok(reply) = request.ask(catalog) else { return };
        let told = |rows: Option<Vec<crate::ruling::to::OtherReply>>| -> Vec<String> {
            let rows = rows.unwrap_or_default().into_iter().filter(|row| row.verdict == "met");
            rows.map(|row| format!("{} ({})", row.says, row.rule)).collect()
        };
        if let Some(export) = reply.result.export {
            self.export_outcome = Some(export.outcome);
            (self.export, self.export_rule) = (Some(export.says), export.rule);
        }
        self.border = told(reply.result.border);
        self.own_rules = told(reply.result.own_rules);
    }

    /// Its rent in words.
    pub fn rent(&self) -> String {
        self.rent_usd_per_hour.map_or_else(|| "not priced".into(), |rent| format!("${}/h", show::number(rent, 3)))
    }
}
