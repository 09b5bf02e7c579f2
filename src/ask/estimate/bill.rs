//! The whole bill beside an estimate: which was asked for, and what it says.

use serde::Serialize;

use super::border::against_rules;
use super::decompose::{Decomposition, decompose};
use super::programme::ProgrammeReply;
use crate::answer::Answer;
use crate::answer::bill_ranges::{BillRange, BillSpread};
use crate::answer::place::Place;
use crate::answer::ranges::{GPU_HOURS, Spread};
use crate::answer::whole_bill::{BillQuestion, Choices, WholeBill, unit_price};
use crate::ask::reply::failures::FailuresReply;
use crate::ask::reply::footprint::{ElectricityReply, LEVELS};
use crate::ask::reply::owning::OwningReply;
use crate::ask::reply::{Ordered, SourceLine};
use crate::catalog::Catalog;
use crate::cost::{Charge, CostLine, Judged, Scope, View};
use crate::error::Error;
use crate::hardware::price::Term;
use crate::input::field::Field;
use crate::input::file::Entry;
use crate::input::table::{FIELDS, Spec};
use crate::planner::bill_of;
use crate::reply::result::varies;
use crate::units::Usd;

/// What the whole bill is made of.
///
/// # Errors
/// Choices for a bill that nobody asks for.
pub fn choices(spec: &Spec) -> Result<Choices, Error> {
    let given = |field: &&Field| field.is_of_the_bill() && !heard(spec, field) && (field.origin)(spec).is_some();
    if let (None, Some(field)) = (&spec.bill, FIELDS.iter().find(given)) {
        return Err(not_asked(field.path));
    }
    Ok(Choices::of(spec))
}

/// Whether a part of the bill says something without one: of failures that are asked for, of a site's power, or of a
/// programme that money is held against.
fn heard(spec: &Spec, field: &Field) -> bool {
    let of = |tables: &[&str]| tables.iter().any(|table| field.path.starts_with(table));
    let power = matches!(field.path, "bill.pue" | "bill.hyperscale" | "bill.power");
    let whole = spec.budget_of.as_ref().is_some_and(|judged| judged.value == Judged::Programme);
    let around = matches!(field.path, "bill.programme" | "bill.people");
    let on_spot = spec.term.as_ref().is_some_and(|term| term.value == Term::Spot);
    field.path == "bill.term"
        || (on_spot && of(&["spot.", "checkpoint.bytes", "failures."]))
        || (asks(spec.failures.as_ref()) && of(&["failures.", "checkpoint.", "losses."]))
        || (spec.site_power.is_some() && (power || of(&["power."])))
        || (whole && (around || of(&["programme."])))
}

fn asks(entry: Option<&Entry<bool>>) -> bool {
    entry.is_some_and(|entry| entry.value)
}

/// A bill that is made for what it says of failures and power alone, where these are asked for and it is not.
///
/// # Errors
/// As [`whole`].
pub fn unasked(answer: &Answer, catalog: &Catalog) -> Result<Option<WholeBill>, Error> {
    let spec = &answer.spec;
    let wanted = spec.bill.is_none() && (asks(spec.failures.as_ref()) || spec.site_power.is_some());
    wanted.then(|| of(&BillQuestion::of(answer)?, View::Rent, spec, catalog)).transpose()
}

/// A part of a bill that nobody asks for.
pub fn not_asked(path: &str) -> Error {
    if path.starts_with("spot.") {
        let error = Error::bad_input(format!("`{path}` is of the spot market, and the chips are not rented there"));
        return error.with_hint("add --term spot");
    }
    let error = Error::bad_input(format!("`{path}` is part of the whole bill, which is not asked for"));
    error.with_hint("add --bill rent, --bill own or --bill epoch")
}

/// The bill that an answer's spec asks for.
///
/// # Errors
/// No chip, an unknown place, choices that no bill can be made of.
pub fn whole(answer: &Answer, catalog: &Catalog) -> Result<Option<WholeBill>, Error> {
    let kind = answer.spec.bill.as_ref().map(|kind| kind.value);
    kind.map(|kind| of(&BillQuestion::of(answer)?, kind, &answer.spec, catalog)).transpose()
}

/// The bill of a question, with the choices of a spec.
///
/// # Errors
/// As [`whole`].
pub fn of(question: &BillQuestion<'_>, kind: View, spec: &Spec, catalog: &Catalog) -> Result<WholeBill, Error> {
    let choices = choices(spec)?;
    let mut whole = bill_of(question, kind, spec, catalog)?;
    whole.warnings.extend(against_rules(&whole, &question.chip.id, &choices, &spec.catalog(catalog))?);
    Ok(whole)
}

/// Percentiles of the hours over the hours of the answer, where they vary.
pub fn hours(answer: &Answer, spread: Option<&Spread>) -> Option<[f64; 3]> {
    let summary = spread?.summaries.get(GPU_HOURS).filter(|summary| varies(summary))?;
    let own = answer.estimate.total.held.gpu_hours();
    Some(LEVELS.map(|(_, level)| summary.quantile(level).value / own)).filter(|_| own > 0.0)
}

/// The amount of each line in US dollars, by its label.
pub fn amounts(whole: &WholeBill) -> Ordered<Option<f64>> {
    let amount = |line: &CostLine| (line.label.to_owned(), line.charge.amount().map(Usd::get));
    whole.bill.lines.iter().map(amount).collect()
}

/// The same run counted in three ways, where its figures are in circulation.
///
/// # Errors
/// Figures that do not read.
pub fn decomposition(answer: &Answer, catalog: &Catalog) -> Result<Option<DecompositionReply>, Error> {
    let file = answer.spec.file.as_deref().map(std::path::Path::new);
    let Some(id) = file.and_then(std::path::Path::file_stem).and_then(|stem| stem.to_str()) else { return Ok(None) };
    let figures = catalog.figures(id)?;
    figures.map(|figures| Ok(DecompositionReply::of(decompose(&figures, catalog)?))).transpose()
}

/// The totals of a bill.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct BillReply {
    /// rent, own or epoch.
    pub view: &'static str,
    /// The run; null where the chips have no price.
    pub final_run_usd: Option<f64>,
    /// With the work around it.
    pub programme_usd: Option<f64>,
    /// Their p10, p50 and p90, where assumptions are ranges.
    #[serde(flatten)]
    pub range: Option<BillRange>,
    /// The final run and the stages around it, apart.
    pub programme: ProgrammeReply,
    /// The amount of each line.
    pub lines: Ordered<Option<f64>>,
    /// All lines that have a price.
    pub priced_lines_usd: f64,
    /// Why the chips have no price.
    pub reason: Option<&'static str>,
    /// What a used hour costs the owner.
    pub owned_usd_per_gpu_hour: Option<f64>,
    /// The use above which owning is cheaper.
    pub break_even_utilisation: Option<f64>,
    /// Renting, owning and selling beside each other.
    pub owning: Option<OwningReply>,
    /// What a reservation binds to.
    pub commitment: Option<CommitmentReply>,
    /// The place.
    pub region: String,
    /// Its electricity, where the bill or the owned hour beside it pays for it by the meter.
    pub electricity: Option<ElectricityReply>,
    /// What was assumed.
    pub assumptions: Vec<String>,
    /// What failures do at this size.
    pub failures: FailuresReply,
}

/// A reservation.
#[derive(Debug, Clone, Copy, Serialize)]
#[non_exhaustive]
pub struct CommitmentReply {
    /// Its term.
    pub term_years: f64,
    /// Of all the chips over the term.
    pub total_usd: f64,
    /// The run's part of it.
    pub used_by_this_run: f64,
    /// What is due at its start.
    pub paid_at_the_start_usd: Option<f64>,
    /// Hours of the run that it covers.
    pub covered_gpu_hours: f64,
    /// Hours of the run outside it.
    pub outside_gpu_hours: f64,
    /// Hours up to the minimum, not used and paid.
    pub minimum_gpu_hours: f64,
    /// Hours that are paid for leaving it early.
    pub left_gpu_hours: f64,
}

impl BillReply {
    /// Of a bill.
    pub fn of(whole: &WholeBill, range: Option<BillRange>, spread: Option<&BillSpread>) -> Self {
        let priced = whole.total().is_some();
        Self {
            view: whole.bill.view.name(),
            final_run_usd: priced.then(|| whole.bill.final_run().get()),
            programme_usd: whole.total(),
            range: range.filter(|_| priced),
            programme: ProgrammeReply::of(whole, spread),
            lines: amounts(whole),
            priced_lines_usd: whole.bill.programme().get(),
            reason: whole.chips_not_priced(),
            owned_usd_per_gpu_hour: whole.owned.map(|owned| owned.hour.usd_per_hour()),
            break_even_utilisation: whole.owned.and_then(|owned| owned.break_even),
            owning: whole.owning.as_ref().map(OwningReply::of),
            commitment: whole.commitment.map(|found| CommitmentReply {
                paid_at_the_start_usd: whole.paid_at_the_start().map(Usd::get),
                covered_gpu_hours: found.charged.covered.gpu_hours(),
                outside_gpu_hours: found.charged.beyond.gpu_hours(),
                minimum_gpu_hours: found.charged.minimum.gpu_hours(),
                left_gpu_hours: found.charged.left.gpu_hours(),
                term_years: found.term.years(),
                total_usd: found.total.get(),
                used_by_this_run: found.used.get(),
            }),
            region: whole.place.region().id.clone(),
            electricity: ElectricityReply::of(whole).filter(|_| Place::is_metered(whole.bill.view, &whole.terms)),
            assumptions: whole.assumptions.clone(),
            failures: FailuresReply::of(&whole.failures),
        }
    }
}

/// A line of a bill.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CostLineReply {
    /// What is paid for.
    pub label: &'static str,
    /// How much of it.
    pub quantity: f64,
    /// In what.
    pub unit: &'static str,
    /// The price of a unit.
    pub price: Option<f64>,
    /// In what.
    pub price_unit: &'static str,
    /// Price times quantity.
    pub amount_usd: Option<f64>,
    /// Why it has no price of its own.
    pub reason: Option<&'static str>,
    /// final_run or programme.
    pub scope: &'static str,
    /// Where the price is from.
    pub source: Option<SourceLine>,
}

/// The lines of a bill.
pub fn lines(whole: &WholeBill) -> Vec<CostLineReply> {
    let line = |line: &CostLine| CostLineReply {
        label: line.label,
        quantity: line.quantity,
        unit: line.unit,
        price: unit_price(line),
        price_unit: line.price_unit,
        amount_usd: line.charge.amount().map(Usd::get),
        reason: match line.charge {
            Charge::Contained(why) | Charge::NotPriced(why) => Some(why),
            Charge::Priced { .. } => None,
        },
        scope: match line.scope {
            Scope::Chips | Scope::FinalRun => "final_run",
            Scope::Programme => "programme",
        },
        source: whole.source(line).map(|source| SourceLine::new(line.source, source)),
    };
    whole.bill.lines.iter().map(line).collect()
}

/// What a published figure counts and what it leaves out.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DecompositionReply {
    /// Hours of the final run at the rent its authors assume.
    pub final_run_usd: f64,
    /// With the stages around it: between the ends of what is published.
    pub all_compute_usd: [f64; 3],
    /// People.
    pub people_usd: f64,
    /// Chips of the fleet.
    pub fleet_chips: f64,
    /// The fleet, bought.
    pub fleet_purchase_usd: f64,
    /// The fleet, a year.
    pub fleet_year_usd: f64,
    /// The run's part of a year of the fleet.
    pub final_run_share_of_fleet_year: f64,
    /// The run as the fleet's owner pays it.
    pub final_run_owned_usd: f64,
    /// Chips without a price.
    pub not_priced: Vec<String>,
    /// Figures in print.
    pub headlines: Vec<HeadlineReply>,
    /// What it was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Decomposition,
}

/// A figure in print.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct HeadlineReply {
    /// What it is called.
    pub title: String,
    /// Dollars.
    pub amount_usd: f64,
    /// What it counts.
    pub counts: String,
}

impl DecompositionReply {
    fn of(found: Decomposition) -> Self {
        let headline = |line: &crate::catalog::figures::Headline| HeadlineReply {
            title: line.title.clone(),
            amount_usd: line.amount.get(),
            counts: line.counts.clone(),
        };
        Self {
            final_run_usd: found.final_run.get(),
            all_compute_usd: found.programme_compute.map(Usd::get),
            people_usd: found.staff.get(),
            fleet_chips: found.chips.get(),
            fleet_purchase_usd: found.fleet_purchase.get(),
            fleet_year_usd: found.fleet_year.get(),
            final_run_share_of_fleet_year: found.share_of_year.get(),
            final_run_owned_usd: found.final_run_owned.get(),
            not_priced: found.not_priced.clone(),
            headlines: found.headlines.iter().map(headline).collect(),
            made_from: found,
        }
    }
}
