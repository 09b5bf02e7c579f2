//! `profiles/fleets/`: what a fleet file says, as it says it.

use super::fleet_values::{approval, duration, money};
use super::{Catalog, Found};
use crate::cost::defaults::{BORDER_KINDS, BorderKind};
use crate::cost::rent_terms::RENT_TERMS;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::read::{At, Reader, Sources};
use crate::units::date::Date;
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Params, Price, Seconds, Tokens, Usd, Watts};

/// A fleet file. What it leaves out is `None`.
#[derive(Debug, Clone)]
pub struct FleetFile {
    /// Its name.
    pub name: String,
    /// What is assumed, in one sentence each.
    pub assumptions: Vec<String>,
    /// The place of the chips, for what they cost.
    pub region: Option<String>,
    /// On what terms the chips are rented that state no price; on demand without one.
    pub term: Option<Term>,
    /// The day from which everything counts.
    pub start: Date,
    /// Useful time over wall-clock.
    pub goodput: Option<Fraction>,
    /// Restart when chips join a run.
    pub expansion: Option<Seconds>,
    /// Chips without which no run starts.
    pub least_chips: Option<Chips>,
    /// How unequal chips share the work.
    pub mix: Option<Mixing>,
    /// What is left of the sum of unequal chips in one job.
    pub mixed_efficiency: Option<Fraction>,
    /// In which order the runs are served.
    pub order: Order,
    /// The time after which "not yet" counts as never.
    pub horizon: Option<Seconds>,
    /// What a day of delay costs besides the chips.
    pub delay_per_day: Option<Usd>,
    /// What is ordered.
    pub tranches: Vec<TrancheFile>,
    /// Decisions of others, each with its place.
    pub approvals: Vec<(Approval, At)>,
    /// What has to be trained.
    pub runs: Vec<RunFile>,
    /// The options.
    pub actions: Vec<ActionFile>,
    /// Where the tranches stand.
    pub at: At,
    /// Where each value came from.
    pub sources: Sources,
    /// The file, or the built-in profile's name.
    pub file: String,
}

/// One delivery.
#[derive(Debug, Clone)]
pub struct TrancheFile {
    /// Its name.
    pub name: String,
    /// The chip's profile.
    pub chip: String,
    /// The day it is delivered.
    pub date: Date,
    /// How many.
    pub chips: Chips,
    /// Acceptance and burn-in.
    pub setup: Option<Seconds>,
    /// What one chip sustains, where it is not left to the runs.
    pub speed: Option<Speed>,
    /// Share of that during the ramp.
    pub ramp_rate: Option<Fraction>,
    /// Length of the ramp.
    pub ramp: Option<Seconds>,
    /// Rent of one chip.
    pub price: Option<Price>,
    /// Purchase price of one chip.
    pub purchase: Option<Usd>,
    /// What the border adds to it.
    pub border: BorderKind,
    /// Power of one chip at the meter.
    pub power: Option<Watts>,
    /// Whether it counts for a quota of domestic chips.
    pub domestic: bool,
    /// Probability of delivery, once approved.
    pub probability: Option<Fraction>,
    /// What it waits for.
    pub condition: Condition,
    /// What was made of its money, in sentences.
    pub said: Vec<String>,
    /// Where its chip is named.
    pub at: At,
}

/// A training run.
#[derive(Debug, Clone)]
pub struct RunFile {
    /// Its name.
    pub name: String,
    /// Its work.
    pub work: RunWork,
    /// How often it is run.
    pub times: u32,
    /// Chips of one of its jobs; others run beside it.
    pub job: Option<Chips>,
    /// A file of measured steps of its software, with the place that names it.
    pub measured: Option<(String, At)>,
    /// Where it is named.
    pub at: At,
}

/// How a run's work is given.
#[derive(Debug, Clone)]
pub enum RunWork {
    /// In FLOP.
    Flop(Flop),
    /// By parameters at work and tokens.
    Sizes(Params, Tokens),
    /// By hours of a chip that sustains a speed.
    Hours(ChipSeconds, String, Speed),
    /// By the name of a published run, with other tokens where they are given: its speed is predicted too.
    Run(String, Option<Tokens>),
    /// By the name of a model and its tokens: its speed is predicted too.
    Model(String, Tokens),
}

impl RunWork {
    /// Whether the run predicts its speed on chips that state none.
    pub fn is_predicted(&self) -> bool {
        matches!(self, Self::Run(..) | Self::Model(..))
    }
}

/// An option: the tranches, by index, and how they share the work.
#[derive(Debug, Clone)]
pub struct ActionFile {
    /// Its name.
    pub name: String,
    /// The tranches that are ordered.
    pub tranches: Vec<usize>,
    /// How unequal chips share the work, where it is not the fleet's way.
    pub mix: Option<Mixing>,
}

/// What a chip sustains, as given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// A rate.
    Rate(FlopPerSecond),
    /// A share of its dense 16-bit peak.
    Mfu(Fraction),
}

/// How unequal chips share the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mixing {
    /// One job, the same micro-batches everywhere.
    Equal,
    /// One job, batches in proportion to speed.
    Proportional,
    /// A job for each kind.
    Separate,
}

/// How a fleet file names the ways of mixing.
const MIXINGS: [(&str, Mixing); 3] =
    [("equal", Mixing::Equal), ("proportional", Mixing::Proportional), ("separate", Mixing::Separate)];

/// In which order the runs are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As listed.
    Listed,
    /// The smallest first, which has the least mean finish.
    Shortest,
    /// All at once, in equal parts.
    Shared,
}

/// The orders and how a fleet file writes them.
pub const ORDERS: [(&str, Order); 3] =
    [("listed", Order::Listed), ("shortest", Order::Shortest), ("shared", Order::Shared)];

/// An approval that tranches wait for; the probability that is left over is that of never.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Its name.
    pub name: String,
    /// Probability that it is granted.
    pub approved: Fraction,
    /// Probability that it is granted with conditions.
    pub conditional: Fraction,
    /// Median time to a decision that grants it.
    pub median: Seconds,
    /// Spread of that time: the sigma of a lognormal; zero for a day that is known.
    pub spread: f64,
    /// Under conditions: the least share of domestic chips among those at work.
    pub domestic_share: Fraction,
    /// Under conditions: the part of the time in which the imported chips may train.
    pub usage: Fraction,
}

/// How a decision can fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Granted.
    Approved,
    /// Granted, with a quota of domestic chips and a limit on use.
    Conditional,
    /// Not granted.
    Never,
}

/// The states and how a fleet file writes them.
pub const STATES: [(&str, State); 3] =
    [("approved", State::Approved), ("conditional", State::Conditional), ("never", State::Never)];

/// What a tranche waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    None,
    /// An approval, by its index, in this state.
    State(usize, State),
    /// An approval, by its index, with or without conditions.
    Granted(usize),
}

/// Reads a fleet file, whose chips the catalog must know.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn fleet(found: &Found, catalog: &Catalog) -> Result<FleetFile, Error> {
    found.document.read(|r| {
        r.texts("aliases");
        let sources = r.sources();
        let name = r.need("name", r.text("name"));
        let start = r.need("start", r.day("start"));
        let approvals = r.tables("approval", approval);
        let runs = r.tables("run", |t| run(t, catalog));
        let predicted = !runs.is_empty() && runs.iter().all(|run| run.work.is_predicted());
        let tranches = r.tables("tranche", |t| tranche(t, &approvals, predicted, catalog));
        let actions = r.tables("action", |t| action(t, &tranches));
        let (assumptions, region, term) = (r.texts("assumptions"), r.text("region"), r.choice("term", &RENT_TERMS));
        let (goodput, expansion) = (r.quantity("goodput"), duration(r, "expansion"));
        let (mix, mixed_efficiency) = (r.choice("mix", &MIXINGS), r.quantity("mixed_efficiency"));
        let (order, horizon) = (r.choice("order", &ORDERS), r.quantity("horizon"));
        let (mut assumptions, mut said) = (assumptions, Vec::new());
        let (least_chips, delay_per_day) =
            (r.quantity("least_chips"), money(r, "delay_per_day", None, catalog, &mut said));
        assumptions.extend(tranches.iter().flat_map(|tranche: &TrancheFile| tranche.said.clone()).chain(said));
        if !found.from_user || !sources.0.is_empty() {
            r.require_sources(&sources, &["assumptions", "region", "term", "start", "order", "mix", "action"]);
        }
        Some(FleetFile {
            name: name?,
            assumptions,
            region,
            term,
            start: start?,
            goodput,
            expansion,
            least_chips,
            mix,
            mixed_efficiency,
            order: order.unwrap_or(Order::Listed),
            horizon,
            delay_per_day,
            tranches,
            approvals,
            runs,
            actions,
            at: r.place("tranche"),
            sources,
            file: found.document.file.clone(),
        })
    })
}

fn tranche(r: &Reader<'_>, approvals: &[(Approval, At)], predicted: bool, catalog: &Catalog) -> Option<TrancheFile> {
    let name = r.need("name", r.text("name"));
    let chip = r.need("chip", chip(r, "chip", catalog));
    let delivered = r.need("date", r.day("date"));
    let chips = r.need("chips", r.quantity("chips"));
    let stated = r.value("mfu").is_some() || r.value("rate").is_some();
    let speed = if predicted && !stated { Some(None) } else { speed(r).map(Some) };
    let condition = condition(r, approvals);
    let (setup, ramp, ramp_rate) = (duration(r, "setup"), duration(r, "ramp"), r.quantity("ramp_rate"));
    let mut said = Vec::new();
    let price = money(r, "price", chip.as_deref(), catalog, &mut said);
    let (purchase, power) = (money(r, "purchase", None, catalog, &mut said), r.quantity("power"));
    let border = r.choice("border", &BORDER_KINDS).unwrap_or(BorderKind::None);
    let (domestic, probability) = (r.flag("domestic").unwrap_or(false), r.quantity("probability"));
    Some(TrancheFile {
        name: name?,
        chip: chip?,
        date: delivered?,
        chips: chips?,
        setup,
        speed: speed?,
        ramp_rate,
        ramp,
        price,
        purchase,
        border,
        power,
        domestic,
        probability,
        condition: condition?,
        said,
        at: r.place("chip"),
    })
}

/// The name of a chip that the catalog knows.
fn chip(r: &Reader<'_>, key: &'static str, catalog: &Catalog) -> Option<String> {
    let name = r.text(key)?;
    catalog.accelerator(&name).map_err(|error| r.fail(key, error)).ok()?;
    Some(name)
}

/// The sustained rate of a chip: stated, or an MFU.
fn speed(r: &Reader<'_>) -> Option<Speed> {
    match (r.quantity("rate"), r.quantity("mfu")) {
        (Some(rate), None) => return Some(Speed::Rate(rate)),
        (None, Some(mfu)) => return Some(Speed::Mfu(mfu)),
        (Some(_), Some(_)) => r.fail("rate", Error::bad_input("give `rate` or `mfu`, not both")),
        (None, None) => {
            r.fail("mfu", Error::bad_input("a chip needs an `mfu` or a `rate`").with_hint("mfu = \"40%\""));
        }
    }
    None
}

fn condition(r: &Reader<'_>, approvals: &[(Approval, At)]) -> Option<Condition> {
    let mut ways: Vec<(&'static str, Option<State>)> = vec![("granted", None)];
    ways.extend(STATES.map(|(name, state)| (name, Some(state))));
    let when = r.choice("when", &ways).flatten();
    let Some(name) = r.text("approval") else {
        if r.value("when").is_some() {
            r.fail("when", Error::bad_input("`when` needs the `approval` it speaks of"));
        }
        return Some(Condition::None);
    };
    let known = || approvals.iter().map(|(approval, _)| approval.name.as_str());
    let Some(index) = known().position(|known| known == name) else {
        r.fail("approval", Error::unknown_name("approval", &name, known()));
        return None;
    };
    Some(when.map_or(Condition::Granted(index), |state| Condition::State(index, state)))
}

fn run(r: &Reader<'_>, catalog: &Catalog) -> Option<RunFile> {
    let name = r.need("name", r.text("name"));
    let sizes: (Option<Params>, Option<Tokens>) = (r.quantity("active_params"), r.quantity("tokens"));
    let hours = (r.quantity("gpu_hours"), chip(r, "on", catalog));
    let speed = if hours.1.is_some() { speed(r) } else { None };
    let work = match (r.quantity("flop"), sizes, hours, speed, (r.text("run"), r.text("model"))) {
        (Some(flop), (None, None), (None, None), None, (None, None)) => RunWork::Flop(flop),
        (None, (Some(params), Some(tokens)), (None, None), None, (None, None)) => RunWork::Sizes(params, tokens),
        (None, (None, None), (Some(hours), Some(on)), Some(speed), (None, None)) => RunWork::Hours(hours, on, speed),
        (None, (None, tokens), (None, None), None, (Some(run), None)) => RunWork::Run(run, tokens),
        (None, (None, Some(tokens)), (None, None), None, (None, Some(model))) => RunWork::Model(model, tokens),
        _ => {
            let ways = "a published `run`, or `model` and `tokens`, or `flop`, or `active_params` and `tokens`, or \
                        `gpu_hours` with `on` and `mfu`";
            r.fail("name", Error::bad_input(format!("a run's work is {ways}")));
            return None;
        }
    };
    let measured = r.text("measured").map(|file| (file, r.place("measured")));
    let (times, job) = (r.integer("times").unwrap_or(1).max(1), r.quantity("chips"));
    Some(RunFile { name: name?, work, times, job, measured, at: r.place("name") })
}

fn action(r: &Reader<'_>, tranches: &[TrancheFile]) -> Option<ActionFile> {
    let name = r.need("name", r.text("name"));
    let known = || tranches.iter().map(|tranche| tranche.name.as_str());
    let index = |wanted: &String| {
        let found = known().position(|known| known == wanted);
        if found.is_none() {
            r.fail("tranches", Error::unknown_name("tranche", wanted, known()));
        }
        found
    };
    let indices: Option<Vec<usize>> = r.texts("tranches").iter().map(index).collect();
    Some(ActionFile { name: name?, tranches: indices?, mix: r.choice("mix", &MIXINGS) })
}
