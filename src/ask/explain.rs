//! The chain of formulas with one run's numbers, each with its source, and its model term by term.

use serde::Serialize;

use super::reply::ReplyHead;
use super::request::About;
use crate::answer::layouts::{parts, words};
use crate::answer::model_terms::ModelTerms;
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::field::FIELDS;
use crate::input::file::Spec;
use crate::predict::{Prediction, Setting};
use crate::reply::result::head;
use crate::solve::Var;
use crate::source::Source;
use crate::step::Part;
use crate::units::money::shown_in;
use crate::units::{ChipSeconds, Price, Seconds, Tokens, show};

/// The question of `explain`.
///
/// ```
/// use flopbill::{Catalog, ExplainRequest};
///
/// let reply = ExplainRequest::new("deepseek-v3").ask(&Catalog::built_in())?;
/// assert_eq!(reply.result[0].formula, "FLOP = 6 x active parameters x tokens");
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExplainRequest {
    /// The run and the values laid over it.
    pub about: About,
}

impl ExplainRequest {
    /// Explains an estimate.
    pub fn new(about: impl Into<About>) -> Self {
        Self { about: about.into() }
    }
}

/// The answer of `explain`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ExplainReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// The chain; empty where nothing but a model is asked about.
    pub result: Vec<Link>,
    /// The model term by term, where its shape is known.
    pub model: Option<ModelTerms>,
}

/// One link of the chain.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// What it gives.
    pub what: &'static str,
    /// The formula in words.
    pub formula: String,
    /// The same with the run's numbers.
    pub numbers: String,
    /// Where the formula and its inputs come from.
    pub source: String,
}

impl ExplainRequest {
    /// Explains.
    ///
    /// # Errors
    /// As `estimate`.
    pub fn ask(&self, catalog: &Catalog) -> Result<ExplainReply, Error> {
        let question = self.about.question(catalog)?;
        let spec = question.settled(catalog)?;
        if is_bare(&spec) {
            let model = ModelTerms::of_spec(&spec, None, catalog)?;
            let name = model.as_ref().map(|model| model.model.clone()).unwrap_or_default();
            return Ok(ExplainReply { head: ReplyHead::new("explain", name), result: Vec::new(), model });
        }
        let answer = answer(&question, catalog)?;
        let mut result = shown_in(answer.currency(), || chain(&answer));
        if let (Some(predicted), Some(chip)) = (predicted(&answer, catalog), &answer.chip) {
            result.extend(step(&answer, &predicted, &format!("profiles/factors/{}.toml", chip.chip.factors)));
        }
        let mut head = head("explain", &answer);
        head.unknown = Default::default(); // the chain ends where something is not known
        let model = ModelTerms::of_spec(&answer.spec, answer.pacing.setting(), catalog)?;
        Ok(ExplainReply { head, result, model })
    }
}

/// What decides a model's terms and nothing else.
const OF_MODEL: [&str; 11] = [
    "model",
    "run.sequence_length",
    "run.document_length",
    "run.tuning",
    "run.lora_rank",
    "money.currency",
    "money.rate",
    "run.towers",
    "run.patches_per_token",
    "run.frames_per_token",
    "run.picture_patches",
];

/// Whether a model is all that is asked about, at a length or at the usual one.
fn is_bare(spec: &Spec) -> bool {
    let others = FIELDS.iter().filter(|field| !OF_MODEL.contains(&field.path));
    spec.model.is_some() && others.map(|field| (field.origin)(spec)).all(|origin| origin.is_none())
}

/// The chain from FLOPs to money, as far as it is known.
fn chain(answer: &Answer) -> Vec<Link> {
    [flop(answer), busy(answer), held(answer), phases(answer), wall_clock(answer), cost(answer)]
        .into_iter()
        .flatten()
        .collect()
}

fn flop(answer: &Answer) -> Option<Link> {
    let get = |var| answer.solved.knowns.get(var);
    let (flop, params, tokens) = (get(Var::Flop)?, get(Var::Params)?, get(Var::Tokens)?);
    Some(Link {
        what: "model FLOPs",
        formula: "FLOP = 6 x active parameters x tokens".into(),
        numbers: format!("{} = 6 x {} x {}", show::number(flop, 5), show::count(params, 4), show::count(tokens, 4)),
        source: format!("Kaplan et al. 2020, arXiv:2001.08361; values: {}", source_of(answer, "run")),
    })
}

fn busy(answer: &Answer) -> Option<Link> {
    let get = |var| answer.solved.knowns.get(var);
    let (flop, peak, mfu) = (get(Var::Flop)?, get(Var::Peak)?, get(Var::Mfu)?);
    let hours = ChipSeconds::new(flop / (peak * mfu)).gpu_hours();
    let (basis, chip) = (answer.basis?, answer.chip.as_ref()?);
    let (flop, peak) = (show::number(flop, 5), show::prefixed(peak, "FLOP/s", 4));
    let origin = answer.mfu_origin.as_ref().map(ToString::to_string).unwrap_or_default();
    let said = |(_, source): (String, &Source)| format!("{} ({})", source.title, source.as_of);
    let sheet = chip.peak_source(basis).map(said).unwrap_or_default();
    Some(Link {
        what: "GPU-hours computing",
        formula: format!("hours = FLOP / (dense {basis} peak x MFU)"),
        numbers: format!("{} h = {flop} / ({peak} x {})", show::number(hours, 7), show::percent(mfu)),
        source: format!("definition of MFU: arXiv:2204.02311, appendix B; peak: {sheet}; MFU: {origin}"),
    })
}

fn held(answer: &Answer) -> Option<Link> {
    let goodput = answer.scenario.terms.goodput.get();
    let main = ChipSeconds::new(answer.solved.knowns.get(Var::PhaseHours)?);
    let busy = show::number((main * goodput).gpu_hours(), 7);
    Some(Link {
        what: "GPU-hours held",
        formula: "held = computing / goodput".into(),
        numbers: format!("{} h = {busy} h / {}", show::number(main.gpu_hours(), 7), show::percent(goodput)),
        source: format!("definition; goodput: {}", source_of(answer, "run.goodput")),
    })
}

fn phases(answer: &Answer) -> Option<Link> {
    if answer.scenario.phases.len() < 2 {
        return None;
    }
    let hours = answer.estimate.phases.iter().map(|(_, account)| show::number(account.held.gpu_hours(), 7));
    let total = show::number(answer.estimate.total.held.gpu_hours(), 7);
    Some(Link {
        what: "all phases",
        formula: "GPU-hours = sum over the phases".into(),
        numbers: format!("{total} h = {}", hours.collect::<Vec<_>>().join(" + ")),
        source: source_of(answer, "phase"),
    })
}

fn wall_clock(answer: &Answer) -> Option<Link> {
    let (wall, chips) = (answer.estimate.total.wall_clock?, answer.estimate.chips?);
    let hours = show::number(answer.estimate.total.held.gpu_hours(), 7);
    Some(Link {
        what: "wall-clock time",
        formula: "days = GPU-hours / chips / 24".into(),
        numbers: format!("{} = {hours} h / {} / 24", show::duration(wall), show::chips(chips)),
        source: "definition".into(),
    })
}

fn cost(answer: &Answer) -> Option<Link> {
    let (cost, price) = (answer.estimate.total.cost?, answer.price.as_ref()?);
    let hours = show::number(answer.estimate.total.held.gpu_hours(), 7);
    Some(Link {
        what: "cost",
        formula: "cost = GPU-hours x price".into(),
        numbers: format!("{} = {hours} h x {}", show::usd(cost), show::price(Price::new(price.value.get()))),
        source: format!("price: {}", price.origin),
    })
}

/// The step behind the hours; where they were given, the one that the run's setting has on its chips.
fn predicted(answer: &Answer, catalog: &Catalog) -> Option<Prediction> {
    if let Some((_, prediction)) = answer.prediction() {
        return Some(prediction);
    }
    let setting = Setting::of(&answer.spec, answer.chip.as_ref()?, catalog).ok()??;
    setting.on(answer.estimate.chips?).ok()
}

/// What the step model says of the same run.
fn step(answer: &Answer, predicted: &Prediction, factors: &str) -> Vec<Link> {
    let total = predicted.step.total();
    let (large, small): (Vec<Part>, Vec<Part>) =
        parts(&predicted.step).into_iter().partition(|part| part.shown > total * 5e-3);
    let small = small.iter().map(|part| part.shown).sum::<Seconds>();
    let terms = large.iter().map(|part| (part.shown, part.label)).chain([(small, "all else")]);
    let shown: Vec<String> = terms.map(|(time, label)| format!("{} {label}", show::number(time.get(), 4))).collect();
    let mut links = vec![Link {
        what: "one training step, by the step model",
        formula: "step = products + attention + element-wise + exposed traffic + bubble + optimizer + rest".into(),
        numbers: format!("{} s = {}; {}", show::number(total.get(), 4), shown.join(" + "), words(&predicted.layout)),
        source: format!("the terms: src/step, each with its source; their factors: {factors}"),
    }];
    let Some(tokens) = answer.solved.knowns.get(Var::Tokens).map(Tokens::new) else { return links };
    let (per_step, chips) = (predicted.tokens_per_step(), f64::from(predicted.chips));
    // Goodput is the answer's own where its hours are predicted, else the prior.
    let own = answer.solved.knowns.get(Var::Goodput).filter(|_| answer.prediction().is_some());
    let left = answer.solved.knowns.get(Var::Left).unwrap_or(1.0);
    let goodput = own.unwrap_or(predicted.goodput) * left;
    let hours = predicted.computing(tokens) / goodput;
    let published = answer.solved.knowns.get(Var::PhaseHours).map(ChipSeconds::new);
    let against = published.map(|own| format!("; {} x that is the answer above", show::number(own / hours, 3)));
    links.push(Link {
        what: "GPU-hours held, by the step model",
        formula: "hours = tokens / tokens per step x step x settings x software x chips / goodput".into(),
        numbers: format!(
            "{} h = {} / {} x {} s x {} x {} x {} / {}{}",
            show::number(hours.gpu_hours(), 4),
            show::count(tokens.get(), 4),
            show::count(per_step.get(), 4),
            show::number(total.get(), 4),
            show::number(predicted.unsaid.factor, 5),
            show::number(predicted.software, 5),
            show::chips(crate::units::Chips::new(chips)),
            show::percent_to(goodput, 5),
            against.unwrap_or_default(),
        ),
        source: "definition; settings that nobody gave, software and goodput: profiles/assumptions/software.toml"
            .into(),
    });
    links
}

fn source_of(answer: &Answer, path: &str) -> String {
    match answer.spec.sources.of(path) {
        Some(source) => format!("{} ({}, {})", source.title, source.as_of, source.kind),
        None if path == "run.goodput" && answer.spec.goodput.is_none() => {
            "assumed: the hours contain the downtime".into()
        }
        None => "as given".into(),
    }
}
