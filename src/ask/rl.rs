//! A run of reinforcement learning: hours, days and cost, and which part of them goes where.

use serde::Serialize;

use super::reply::{CurrencyReply, Figure, ReplyHead, ResultBlock, SourceLine};
use super::request::About;
use crate::answer::layouts::words;
use crate::answer::narrowed::Narrowed;
use crate::answer::ranges::{COST, DAYS, GPU_HOURS};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::reply::result::{inputs, sources, unheard};
use crate::rl::spread::{Spread, spread};
use crate::rl::{Job, NOT_VALIDATED};
use crate::rollout::decode::DecodeStep;
use crate::uncertainty::montecarlo::{Method, Plan};
use crate::units::{Seconds, Usd};

/// Draws where nobody says: each times a whole rollout.
const DRAWS: usize = 4096;

/// The question of `rl`.
///
/// ```
/// use flopbill::{Catalog, Input, RlRequest};
///
/// let input = Input::new().model("llama-3-8b").gpu("h100").chips(16).rl_steps(200).rl_prompts(64).rl_samples(8);
/// let reply = RlRequest::new(input.rl_response_tokens(2000)).ask(&Catalog::built_in())?;
/// assert_eq!(reply.rl.responses, 200.0 * 64.0 * 8.0);
/// assert!(reply.rl.generation_share > 0.0 && !reply.rl.validated);
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RlRequest {
    /// The model, the chips, the responses and the updates.
    pub about: About,
    /// How the draws are made.
    pub draws: Plan,
}

impl RlRequest {
    /// Asks with the usual draws.
    pub fn new(about: impl Into<About>) -> Self {
        Self { about: about.into(), draws: Plan::new(DRAWS, 1, Method::Sobol).unwrap_or_default() }
    }

    /// The same with its draws made like this.
    #[must_use]
    pub fn draws(self, draws: Plan) -> Self {
        Self { draws, ..self }
    }

    /// Answers.
    ///
    /// # Errors
    /// Fields that are missing, contradict each other or follow from others; a model that does not fit.
    pub fn ask(&self, catalog: &Catalog) -> Result<RlReply, Error> {
        let job = Job::of(&self.about.question(catalog)?, catalog)?;
        let spread = spread(&job, &self.draws)?;
        RlReply::of(job, spread)
    }
}

/// The answer of `rl`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RlReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// Hours, days and cost.
    pub result: ResultBlock,
    /// Where they go.
    pub rl: RlBlock,
    /// What the time of writing is made of.
    pub decode: Vec<DecodePart>,
    /// What was drawn.
    pub uncertain: Vec<Drawn>,
    /// What the reply was made from.
    #[serde(skip)]
    #[doc(hidden)]
    pub made_from: Box<(Job, Spread)>,
}

/// Where the time of a run goes.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // shares and seconds of what their names say
pub struct RlBlock {
    /// grpo or ppo.
    pub algorithm: &'static str,
    /// Writing and learning run at the same time.
    pub asynchronous: bool,
    /// Whether published runs were found in its ranges: none has all its inputs published.
    pub validated: bool,
    pub updates: f64,
    pub rollouts: f64,
    /// Responses in all.
    pub responses: f64,
    pub tokens_generated: f64,
    /// With the questions.
    pub tokens_trained: f64,
    /// Of the chip-time of a cycle.
    pub generation_share: f64,
    pub generation_share_p10: Option<f64>,
    pub generation_share_p50: Option<f64>,
    pub generation_share_p90: Option<f64>,
    pub training_share: f64,
    pub scoring_share: f64,
    pub sync_share: f64,
    /// Chips that wait for the others.
    pub waiting_share: f64,
    /// From one rollout to the next, without downtime.
    pub cycle_seconds: f64,
    pub generation_seconds: f64,
    pub training_seconds: f64,
    pub scoring_seconds: f64,
    pub sync_seconds: f64,
    /// Of the writing: with less than a tenth of the responses left.
    pub tail_share: f64,
    pub generated_tokens_per_second: f64,
    /// Chips that write.
    pub writing_chips: f64,
    /// Chips that learn.
    pub learning_chips: f64,
    /// Chips of one copy of the model that writes.
    pub engine_chips: u32,
    pub engine_tp: u32,
    pub engines: f64,
    /// Responses that one engine has room for.
    pub batch_that_fits: f64,
    /// Responses that one engine writes at once in the beginning.
    pub batch_in_use: f64,
    /// The largest part of the writing, by its key among `decode`.
    pub limited_by: &'static str,
    /// Rollouts that pass between the weights that write and those that learn.
    pub staleness_rollouts: f64,
    pub draws: usize,
    pub seed: u64,
}

/// A part of the time of writing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DecodePart {
    /// What it is.
    pub part: &'static str,
    /// Seconds of one rollout.
    pub seconds: f64,
    /// Of the decode steps.
    pub share: f64,
}

/// An input that was drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Drawn {
    /// Its field, or its place in the profile.
    pub path: String,
    /// As it was written.
    pub text: String,
    /// Where it is from.
    pub origin: String,
}

impl RlReply {
    fn of(job: Job, spread: Spread) -> Result<Self, Error> {
        let (setting, prediction) = job.predicted()?;
        let mut head = ReplyHead::new("rl", setting.model.name.clone());
        head.inputs = inputs(&job.asked.spec);
        head.assumptions = job.assumptions();
        // A warning shows in every format.
        head.warnings.push(NOT_VALIDATED.into());
        head.warnings.extend(job.learning.warnings.iter().cloned());
        head.warnings.extend(unheard("rl", &job.asked.spec));
        if let Ok(Some(narrowed)) = Narrowed::of(&job.learning) {
            head.tell(&narrowed);
        }
        let of_both = "the time is that of writing and learning together";
        head.unknown = ["mfu", "mfu_causal"].map(|key| (key.to_owned(), of_both.to_owned())).into_iter().collect();
        head.sources = sources(&job.learning);
        head.currency = job.learning.shown.as_ref().map(CurrencyReply::of);
        head.sources.extend(job.assumed_sources().map(|(path, source)| SourceLine::new(path, source)));
        let figure = |value: Option<f64>, output: usize| {
            let levels = [0.1, 0.5, 0.9].map(|level| spread.level(output, level));
            let [low, middle, high] = levels;
            if value.is_some() { Figure::from(value).between(low, middle, high) } else { Figure::from(value) }
        };
        let held = job.held();
        let step = job.learning.step_time().map(Seconds::get);
        let result = ResultBlock::default()
            .gpu_hours(figure(Some(held.gpu_hours()), GPU_HOURS))
            .chips(job.chips.get())
            .chips_used(job.used(&prediction))
            .wall_clock_days(figure(Some((held / job.chips).days()), DAYS))
            .cost_usd(figure(job.cost().map(Usd::get), COST))
            .step_seconds(step)
            .tokens_per_second(job.tokens_trained() / (job.cycle.total() * job.rollouts()).get())
            .layout(words(&prediction.layout));
        let (rl, decode) = (RlBlock::of(&job, &spread), parts(&job));
        let drawn = |[path, text, origin]: [String; 3]| Drawn { path, text, origin };
        let uncertain = spread.drawn.iter().cloned().map(drawn).collect();
        Ok(Self { head, result, rl, decode, uncertain, made_from: Box::new((job, spread)) })
    }
}

impl RlBlock {
    fn of(job: &Job, spread: &Spread) -> Self {
        let (asked, cycle, chosen) = (&job.asked, &job.cycle, &job.chosen);
        let [generation, scoring, training, sync, waiting] = job.shares();
        let [low, middle, high] = [0.1, 0.5, 0.9].map(|level| Some(spread.level(crate::rl::spread::SHARE, level)));
        Self {
            algorithm: asked.algorithm.name(),
            asynchronous: asked.asynchronous,
            validated: false,
            updates: job.updates(),
            rollouts: job.rollouts(),
            responses: job.responses(),
            tokens_generated: job.tokens_generated(),
            tokens_trained: job.tokens_trained(),
            generation_share: generation,
            generation_share_p10: low,
            generation_share_p50: middle,
            generation_share_p90: high,
            training_share: training,
            scoring_share: scoring,
            sync_share: sync,
            waiting_share: waiting,
            cycle_seconds: cycle.total().get(),
            generation_seconds: cycle.generation.get(),
            training_seconds: cycle.training.get(),
            scoring_seconds: cycle.scoring.get(),
            sync_seconds: cycle.sync.get(),
            tail_share: cycle.written.tail / cycle.written.time,
            generated_tokens_per_second: job.tokens_generated() / job.rollouts() / cycle.generation.get(),
            writing_chips: chosen.writing,
            learning_chips: chosen.learning,
            engine_chips: chosen.engine.chips,
            engine_tp: chosen.engine.tp,
            engines: job.engines(),
            batch_that_fits: job.batch_that_fits().floor(),
            batch_in_use: cycle.written.at_once,
            limited_by: parts(job).first().map_or("", |part| part.part),
            staleness_rollouts: if asked.asynchronous { 1.0 } else { 0.0 },
            draws: spread.plan.draws(),
            seed: spread.plan.seed(),
        }
    }
}

/// The parts of the decode steps, the largest first.
fn parts(job: &Job) -> Vec<DecodePart> {
    let written = &job.cycle.written;
    let keys = DecodeStep::default().parts().map(|(key, _)| key);
    let part =
        |(part, time): (&'static str, Seconds)| DecodePart { part, seconds: time.get(), share: time / written.time };
    let mut parts: Vec<DecodePart> = keys.into_iter().zip(written.shown).map(part).collect();
    parts.retain(|part| part.seconds > 0.0);
    parts.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    parts
}
