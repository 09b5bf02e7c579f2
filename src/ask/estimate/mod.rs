//! Hours, time, chips and cost of a run, with everything that was asked beside them.

pub mod bill;
mod border;
pub mod decompose;
pub mod expected;
pub mod places;
pub mod programme;
pub mod site;

use serde::Serialize;

use self::bill::{BillReply, CostLineReply, DecompositionReply};
use self::expected::ExpectedReply;
use self::places::PlaceRow;
use self::site::SiteReply;
use super::full::{Bills, Depth, Full, Wanted};
use super::reply::footprint::FootprintReply;
use super::reply::{Ordered, ReplyHead, ResultBlock};
use super::request::About;
use crate::answer::bill_ranges::BillSpread;
use crate::answer::drivers::{Drivers, DriversReply, drivers};
use crate::answer::model_terms::ModelCounts;
use crate::answer::practice::plans;
use crate::answer::published::{Published, published};
use crate::answer::ranges::{Asked, COST, GPU_HOURS, Spread, spread};
use crate::answer::thresholds::Thresholds;
use crate::answer::whole_bill::WholeBill;
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::cost::Judged;
use crate::error::Error;
use crate::input::question::Question;
use crate::planner::gates::{self, Gate};
use crate::planner::reply::JointReply;
use crate::planner::{is_joint, is_planned};
use crate::reply::parts::{self, Arithmetic, ConfirmationReply, PhaseRow, ProfileLine, RunBlock, StepBlock};
use crate::reply::ranges::Ranges;
use crate::reply::resolved::{self, Filled, Resolved};
use crate::reply::result::head;
use crate::uncertainty::montecarlo::Plan;
use crate::units::money::shown_in;

/// What drives an answer is asked of one of its outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Driven {
    /// The cost where it is known, the hours where it is not.
    Main,
    /// One of [`crate::answer::prepared::OUTPUTS`], by its place.
    Output(usize),
}

/// The question of `estimate`.
///
/// ```
/// use flopbill::{Catalog, EstimateRequest, Input};
///
/// let request = EstimateRequest::new(Input::about("deepseek-v3").price("$3/h"));
/// let reply = request.ask(&Catalog::built_in())?;
/// assert_eq!(reply.result.gpu_hours.unwrap().round(), 2_788_000.0);
/// assert_eq!(reply.result.cost_usd.unwrap().round(), 8_364_000.0); // by hand: 2.788M hours at $3
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EstimateRequest {
    /// The run and the values laid over it.
    pub about: About,
    /// How the draws are made.
    pub draws: Plan,
    /// Whose drivers are asked for.
    pub drivers: Option<Driven>,
    /// Whether every value is listed with its origin.
    pub show_resolved: bool,
}

impl EstimateRequest {
    /// An estimate with the usual draws.
    pub fn new(about: impl Into<About>) -> Self {
        Self { about: about.into(), draws: Plan::default(), drivers: None, show_resolved: false }
    }

    /// The same with its draws made like this.
    #[must_use]
    pub fn draws(self, draws: Plan) -> Self {
        Self { draws, ..self }
    }

    /// The same with what drives an output.
    #[must_use]
    pub fn drivers(self, of: Driven) -> Self {
        Self { drivers: Some(of), ..self }
    }

    /// The same with every value and its origin.
    #[must_use]
    pub fn show_resolved(self, show_resolved: bool) -> Self {
        Self { show_resolved, ..self }
    }
}

/// The answer of `estimate`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct EstimateReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// What stands in for values that nobody gave, by the path of the field.
    pub defaults: Ordered<Filled>,
    /// The answer.
    pub result: ResultBlock,
    /// What it is made of.
    pub run: RunBlock,
    /// Its model, where that is known.
    pub model: Option<ModelCounts>,
    /// The parts of the run.
    pub phases: Vec<PhaseRow>,
    /// The step behind the hours, if there is one.
    pub step: Option<StepBlock>,
    /// A run that was moved, with its hours kept as they are.
    pub arithmetic: Option<Arithmetic>,
    /// The published run of a predicted model.
    pub published: Option<Published>,
    /// What the step model says of a time that was given.
    pub confirmation: Option<ConfirmationReply>,
    /// What is uncertain, and by how much the answer is.
    pub ranges: Option<Ranges>,
    /// A run on its deliveries: date, money and both, what drives a miss, and what would have to change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joint: Option<JointReply>,
    /// The places that were asked about, the best first: the answer is that of the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PlaceRow>,
    /// What drives the answer.
    #[serde(flatten)]
    pub drivers: Option<DriversReply>,
    /// The whole bill.
    pub bill: Option<BillReply>,
    /// Its lines.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cost_lines: Vec<CostLineReply>,
    /// Energy, carbon and water.
    pub footprint: Option<FootprintReply>,
    /// The same run, counted in three ways.
    pub decomposition: Option<DecompositionReply>,
    /// Training-compute rules that the run reaches, and the next.
    pub thresholds: Option<Thresholds>,
    /// The interrupts of the run and the days that it loses, beside a bill or where they are asked for.
    pub failures: Option<ExpectedReply>,
    /// What the power of the site feeds, where that is given.
    pub site: Option<SiteReply>,
    /// The limits that were given.
    pub gates: Vec<Gate>,
    /// Relations that more was given for than needed, and that hold.
    pub confirmed: Vec<&'static str>,
    /// Every value with its origin, where that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<Resolved>,
    /// The profiles that were read.
    pub profiles: Vec<ProfileLine>,
    /// What the reply was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Box<MadeFrom>,
}

/// What a reply was made from.
#[derive(Debug, Clone)]
pub struct MadeFrom {
    /// The answer.
    pub answer: Answer,
    /// Its spread.
    pub spread: Option<Spread>,
    /// Its drivers.
    pub drivers: Option<Drivers>,
    /// Its bill.
    pub bill: Option<WholeBill>,
    /// What the bill varies by.
    pub bill_spread: Option<BillSpread>,
}

impl EstimateReply {
    /// The sentences of the limits that are broken, or that cannot be judged.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.gates.iter().filter_map(|gate| gate.sentence.as_deref())
    }
}

impl EstimateRequest {
    /// Answers `estimate`.
    ///
    /// # Errors
    /// Values that do not read, contradict each other or are too few; names that no profile has; parts of a bill that
    /// nobody asks for.
    pub fn ask(&self, catalog: &Catalog) -> Result<EstimateReply, Error> {
        self.answered("estimate", catalog)
    }

    /// Answers under the name of a command.
    ///
    /// # Errors
    /// As [`EstimateRequest::ask`].
    pub fn answered(&self, command: &'static str, catalog: &Catalog) -> Result<EstimateReply, Error> {
        let question = self.about.question(catalog)?;
        let spec = question.spec()?;
        let asked_again = is_planned(&spec).then(|| catalog.clone().remembering());
        let catalog = asked_again.as_ref().unwrap_or(catalog);
        bill::choices(&spec)?;
        let places = places::places(&question, &spec, &self.draws, catalog)?;
        let question = match places.first() {
            Some(best) => question.with("region", best.region.as_str()),
            None => question,
        };
        let answer = answer(&question, catalog)?;
        let mut found = shown_in(answer.currency(), || reply(command, self, &question, answer, catalog))?;
        found.places = places;
        Ok(found)
    }
}

/// The reply about an answer.
///
/// # Errors
/// As [`EstimateRequest::ask`].
pub fn reply(
    command: &'static str,
    request: &EstimateRequest,
    question: &Question,
    answer: Answer,
    catalog: &Catalog,
) -> Result<EstimateReply, Error> {
    let bills = Bills::of(&answer, catalog)?;
    let asked = limits(request, question, &answer, bills.held.as_ref(), catalog)?;
    let spread = spread(&answer, &asked)?;
    let depth = match command {
        "plan chips" | "plan tokens" if !is_joint(&answer.spec) => Depth::None, // they say themselves how sure they are
        _ => Depth::Levers,
    };
    let wanted = Wanted { spread: spread.as_ref(), draws: request.draws, ranges: true, depth };
    let Full { block, bill: whole, bill_spread, bill_range, joint, gates } =
        Full::of(question, &answer, bills, wanted, catalog)?;
    let drivers = match request.drivers {
        Some(of) => drivers(&answer, &asked, driven(of, &answer))?,
        None => None,
    };
    let mut head = head(command, &answer);
    let planned = command.starts_with("plan "); // a plan says itself how sure it is
    let limited = !planned && (asked.by.is_some() || asked.budget.is_some());
    head.warnings.extend(warnings(request, limited, spread.as_ref()));
    head.warnings.extend(whole.iter().flat_map(|whole| whole.warnings.clone()));
    let repaired = joint.as_ref().and_then(|joint| joint.repair.clone());
    head.warnings.extend(repaired.filter(|said| !head.warnings.contains(said)));
    let Beside { site, failures } = Beside::of(&answer, whole.as_ref(), question, catalog)?;
    head.warnings.extend(site.iter().filter_map(SiteReply::binds));
    head.warnings.extend(plans(&answer, catalog)?);
    let model = ModelCounts::of(&answer, catalog)?;
    let thresholds = Thresholds::of(&answer, model.as_ref(), catalog)?;
    head.warnings.extend(thresholds.iter().filter_map(|found| found.too_late.clone()));
    Ok(EstimateReply {
        head,
        defaults: resolved::defaults(&answer, whole.as_ref()),
        result: block,
        joint,
        places: Vec::new(),
        run: RunBlock::of(&answer),
        model,
        phases: parts::phases(&answer),
        step: StepBlock::of(&answer),
        arithmetic: Arithmetic::of(&answer, question, catalog),
        published: published(&answer, catalog),
        confirmation: ConfirmationReply::of(&answer),
        ranges: spread.as_ref().map(|spread| Ranges::of(&answer, spread)),
        drivers: drivers.as_ref().map(DriversReply::of),
        bill: whole.as_ref().map(|whole| BillReply::of(whole, bill_range, bill_spread.as_ref())),
        cost_lines: whole.as_ref().map(bill::lines).unwrap_or_default(),
        footprint: whole.as_ref().and_then(|whole| FootprintReply::of(whole, bill::hours(&answer, spread.as_ref()))),
        decomposition: if whole.is_some() { bill::decomposition(&answer, catalog)? } else { None },
        thresholds,
        gates: gates.into_iter().chain(site.iter().map(SiteReply::gate)).collect(),
        site,
        failures,
        confirmed: answer.confirmed.clone(),
        resolved: if request.show_resolved { resolved::all(&answer, whole.as_ref(), catalog)? } else { Vec::new() },
        profiles: ProfileLine::of(&answer),
        made_from: Box::new(MadeFrom { answer, spread, drivers, bill: whole, bill_spread }),
    })
}

/// What the draws of the run alone are held against: of a run on deliveries nothing, since those decide time and cost.
fn limits(
    request: &EstimateRequest,
    question: &Question,
    answer: &Answer,
    held: Option<&(WholeBill, Judged)>,
    catalog: &Catalog,
) -> Result<Asked, Error> {
    let (spec, plan) = (&answer.spec, request.draws);
    let by = spec.due(question.today)?;
    if spec.deliveries.is_some() {
        return Ok(Asked { plan, ..Asked::default() });
    }
    let budget = spec.budget.as_ref().map(|entry| gates::budget(answer, held, entry.value, catalog));
    Ok(Asked { plan, by, budget: budget.transpose()? })
}

/// What stands beside an answer where it is asked for, with a bill or without one.
struct Beside {
    site: Option<SiteReply>,
    failures: Option<ExpectedReply>,
}

impl Beside {
    fn of(answer: &Answer, whole: Option<&WholeBill>, question: &Question, catalog: &Catalog) -> Result<Self, Error> {
        let unasked = bill::unasked(answer, catalog)?;
        let Some(whole) = whole.or(unasked.as_ref()) else { return Ok(Self { site: None, failures: None }) };
        let limit = answer.spec.site_power.as_ref();
        let site = limit.map(|limit| {
            let found = SiteReply::of(limit.value, answer, whole, question, catalog);
            found.map_err(|error| limit.origin.locate(error))
        });
        let wanted = answer.spec.failures.as_ref().map_or(unasked.is_none(), |entry| entry.value);
        let failures = wanted.then(|| ExpectedReply::of(answer, &whole.failures)).transpose()?;
        Ok(Self { site: site.transpose()?, failures })
    }
}

/// What a reader should know of the draws.
fn warnings(request: &EstimateRequest, limited: bool, spread: Option<&Spread>) -> Vec<String> {
    let Some(spread) = spread else {
        let limits =
            limited.then(|| "no value is a range: --by and --budget are met or not, without a probability".to_owned());
        let drivers = request.drivers.map(|_| "no value is a range: nothing drives the answer".to_owned());
        return limits.into_iter().chain(drivers).collect();
    };
    spread.repair.clone().into_iter().collect()
}

fn driven(of: Driven, answer: &Answer) -> usize {
    match of {
        Driven::Output(output) => output,
        Driven::Main if answer.estimate.total.cost.is_some() => COST,
        Driven::Main => GPU_HOURS,
    }
}
