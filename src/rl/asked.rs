//! What was asked of a run of reinforcement learning, with what nobody said filled in.

use crate::catalog::Catalog;
use crate::catalog::rollout::RolloutProfile;
use crate::error::Error;
use crate::input::field::{Field, Group, field, find};
use crate::input::file::Spec;
use crate::input::question::Question;
use crate::rollout::algorithm::Algorithm;
use crate::rollout::efficiency::{COUNT, Efficiency};
use crate::uncertainty::dist::Dist;
use crate::units::{Quantity as _, Seconds, Tokens, show};

/// How many values of writing may be ranges.
pub const OWN: usize = 5 + COUNT;

/// Their paths, in the order of a [`Point`]: fields, and what the profile assumes.
pub const PATHS: [&str; OWN] = [
    "rl.steps",
    "rl.response_tokens",
    "rl.prompt_tokens",
    "rl.length_spread",
    "rl.accepted",
    "rollout.bandwidth",
    "rollout.products",
    "rollout.attention",
    "rollout.forward",
    "rollout.kernel",
    "rollout.engine",
    "rollout.exposed",
    "rollout.host",
];

/// Other fields that may be ranges: what `estimate` draws too.
const SHARED: [&str; 3] = ["run.goodput", "stack.factor", "price.rent"];

/// Fields that say what follows here from the others.
const FOLLOWS: [&str; 16] = [
    "run.params",
    "run.active_params",
    "run.tokens",
    "run.flop",
    "run.gpu_hours",
    "run.wall_clock",
    "run.mfu",
    "run.tflops_per_chip",
    "run.cost",
    "run.sequence_length",
    "run.document_length",
    "run.global_batch",
    "run.tokens_per_second",
    "run.step_time",
    "run.keep_mfu",
    "run.hold_hours",
];

/// The longest response over the mean one where nobody says. An assumption.
const LONGEST: f64 = 4.0;

/// One value for each of [`PATHS`].
pub type Point = [f64; OWN];

/// A value that may be a range.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Its path.
    pub path: &'static str,
    /// Its distribution, a point where it is known.
    pub dist: Dist,
    /// What was written, or assumed.
    pub text: String,
    /// Where it is from.
    pub origin: String,
}

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// All of it.
    pub spec: Spec,
    /// How the policy learns.
    pub algorithm: Algorithm,
    /// Whether it learns while others write.
    pub asynchronous: bool,
    /// Questions of an update.
    pub prompts: f64,
    /// Responses to a question.
    pub samples: f64,
    /// Updates of a rollout.
    pub per_rollout: f64,
    /// Forward passes over the responses.
    pub passes: f64,
    /// The longest response.
    pub most: f64,
    /// Chips of an engine, where that is given.
    pub engine_chips: Option<u32>,
    /// Share of the chips that write, where that is given.
    pub share: Option<f64>,
    /// What may be a range, in the order of [`PATHS`].
    pub open: Vec<Open>,
    /// What was taken because nobody said, in sentences.
    pub assumed: Vec<String>,
}

impl Asked {
    /// Reads a question.
    ///
    /// # Errors
    /// Fields that are missing, that follow from others, or that contradict each other: all at once.
    pub fn of(question: &Question, catalog: &Catalog) -> Result<Self, Error> {
        let spec = question.settled(catalog)?;
        let mut errors = refused(&spec);
        let needs = |path: &'static str, there: bool| (!there).then(|| missing(path)).flatten();
        errors.extend(needs("model", spec.model.is_some()));
        errors.extend(needs("run.gpu", spec.gpu.is_some()));
        errors.extend(needs("run.chips", spec.chips.is_some()));
        errors.extend(needs("rl.steps", spec.rl_steps.is_some()));
        errors.extend(needs("rl.prompts", spec.rl_prompts.is_some()));
        errors.extend(needs("rl.samples", spec.rl_samples.is_some()));
        errors.extend(needs("rl.response_tokens", spec.rl_response_tokens.is_some()));
        if spec.rl_generation_share.is_some() && !spec.rl_async.as_ref().is_some_and(|entry| entry.value) {
            let error = Error::bad_input("rl.generation_share says which chips write, and here all of them do");
            errors.push(error.with_hint("add --async, or leave the share out"));
        }
        if let Some(share) = spec.rl_generation_share.as_ref().filter(|entry| entry.value.get() >= 1.0) {
            let error = Error::bad_input("rl.generation_share: all chips write, and none is left to learn");
            errors.push(share.origin.locate(error.with_hint("give less than 100 %, or leave the share out")));
        }
        if let (Some(steps), Some(each)) = (&spec.rl_steps, &spec.rl_steps_per_rollout)
            && f64::from(each.value) > steps.value
        {
            let message = format!("{} updates are fewer than the {} of one rollout", steps.value, each.value);
            let error = Error::bad_input(message).with_hint("lower --steps-per-rollout, or raise --rl-steps");
            errors.push(each.origin.locate(error));
        }
        if let Some(error) = Error::all(errors) {
            return Err(error);
        }
        Self::filled(spec, &catalog.rollout()?)
    }

    fn filled(spec: Spec, profile: &RolloutProfile) -> Result<Self, Error> {
        let mut assumed = Vec::new();
        let whole = |entry: Option<u32>, otherwise: u32| f64::from(entry.unwrap_or(otherwise));
        let algorithm = spec.rl_algorithm.as_ref().map_or(Algorithm::Grpo, |entry| entry.value);
        let passes = spec.rl_forward_passes.as_ref().map(|entry| entry.value);
        if passes.is_none() {
            let of = if algorithm == Algorithm::Grpo { "the reference" } else { "the reference, the critic" };
            assumed.push(format!("forward passes over the responses: {of}; rewards by rule"));
        }
        let open = open(&spec, profile, &mut assumed)?;
        let response = open.get(1).map_or(f64::NAN, |open| open.dist.median());
        let most = spec.rl_max_response.as_ref().map_or(response * LONGEST, |entry| entry.value.get());
        if spec.rl_max_response.is_none() {
            let most = show::counted(show::whole(most), "token");
            assumed.push(format!("responses are cut at {most}: {LONGEST} times the mean"));
        }
        if open.get(1).is_none_or(|open| open.dist.quantile(0.95) >= most) {
            let [mean, most] = [response, most].map(|tokens| show::counted(show::whole(tokens), "token"));
            let message =
                format!("rl.response_tokens: a mean of {mean}, at its upper end no less than the longest, {most}");
            return Err(Error::bad_input(message).with_hint("give --max-response above the mean of the responses"));
        }
        Ok(Self {
            algorithm,
            asynchronous: spec.rl_async.as_ref().is_some_and(|entry| entry.value),
            prompts: whole(spec.rl_prompts.as_ref().map(|entry| entry.value), 1),
            samples: whole(spec.rl_samples.as_ref().map(|entry| entry.value), 1),
            per_rollout: whole(spec.rl_steps_per_rollout.as_ref().map(|entry| entry.value), 1),
            passes: f64::from(passes.unwrap_or(algorithm.passes())),
            most,
            engine_chips: spec.rl_engine_chips.as_ref().map(|entry| entry.value),
            share: spec.rl_generation_share.as_ref().map(|entry| entry.value.get()),
            open,
            assumed,
            spec,
        })
    }

    /// Each value at its own median.
    pub fn medians(&self) -> Point {
        let mut point = [f64::NAN; OWN];
        for (value, open) in point.iter_mut().zip(&self.open) {
            *value = open.dist.median();
        }
        point
    }

    /// Responses of one update.
    pub fn responses(&self) -> f64 {
        self.prompts * self.samples
    }
}

/// The efficiency of a point.
pub fn efficiency(point: &Point) -> Efficiency {
    let [_, _, _, _, _, reached @ ..] = *point;
    Efficiency::of(&reached)
}

/// What follows from other fields here, and what is a range and cannot be.
fn refused(spec: &Spec) -> Vec<Error> {
    let given = |path: &&str| field(path).and_then(|field| (field.origin)(spec));
    let follows = FOLLOWS.iter().filter_map(|path| {
        let error = Error::bad_input(format!("`{path}` follows here from the responses and the updates"));
        given(path).map(|origin| origin.locate(error.with_hint("leave it out")))
    });
    let ranges = spec.ranges.iter().filter(|range| !PATHS.contains(&range.path) && !SHARED.contains(&range.path));
    let ranges = ranges.map(|range| {
        let error = Error::bad_input(format!("`{}` is a range, and takes one value here", range.path));
        range.origin.locate(error.with_hint(format!("ranges: {}, {}", PATHS[..5].join(", "), SHARED.join(", "))))
    });
    follows.chain(ranges).collect()
}

fn missing(path: &'static str) -> Option<Error> {
    let field: &Field = field(path)?;
    let error = Error::bad_input(format!("`{path}` is missing: {}", field.about.trim()));
    Some(error.with_hint(format!("give {} {}", field.typed_flag(), field.example)))
}

/// The values that may be ranges: given, or assumed.
fn open(spec: &Spec, profile: &RolloutProfile, assumed: &mut Vec<String>) -> Result<Vec<Open>, Error> {
    let (prompt, spread) = (&profile.prompt_tokens, &profile.length_spread);
    let mut found = Vec::with_capacity(OWN);
    for path in PATHS.iter().take(OWN - COUNT) {
        if let Some(given) = given(spec, path)? {
            found.push(given);
            continue;
        }
        let (dist, origin) = match *path {
            "rl.prompt_tokens" => (prompt.clone(), "profiles/assumptions/rollout.toml"),
            "rl.length_spread" => (spread.clone(), "profiles/assumptions/rollout.toml"),
            _ => (Dist::point(1.0)?, "no drafts"),
        };
        let text = ends(path, &dist);
        if dist.as_point().is_none() {
            let about = field(path).map_or("", |field| field.about.trim());
            assumed.push(format!("{path}: {text}, assumed: {about}"));
        }
        found.push(Open { path, dist, text, origin: format!("assumed: {origin}") });
    }
    for (path, dist) in PATHS.iter().skip(OWN - COUNT).zip(&profile.reached) {
        let shares = !matches!(*path, "rollout.kernel" | "rollout.engine" | "rollout.host");
        let dist = if shares { dist.clone().truncated(0.0, 1.0)? } else { dist.clone() };
        let text = ends(path, &dist);
        found.push(Open { path, dist, text, origin: "assumed: profiles/assumptions/rollout.toml".into() });
    }
    Ok(found)
}

/// A field as it was given: its range, or its value.
fn given(spec: &Spec, path: &'static str) -> Result<Option<Open>, Error> {
    let Some(field) = field(path) else { return Ok(None) };
    let Some((text, origin)) = (field.get)(spec) else { return Ok(None) };
    let origin = origin.to_string();
    if let Some(range) = spec.ranges.iter().find(|range| range.path == path) {
        return Ok(Some(Open { path, dist: range.dist.clone(), text: range.text.clone(), origin }));
    }
    let Some(value) = (field.number)(spec) else { return Ok(None) };
    Ok(Some(Open { path, dist: Dist::point(value)?, text, origin }))
}

/// The middle 80 % of a value, as people write it.
fn ends(path: &str, dist: &Dist) -> String {
    let shown = |value: f64| match path {
        "rollout.kernel" => show::duration(Seconds::new(value)),
        "rollout.host" => show::prefixed(value, "B/s", 2),
        "rl.prompt_tokens" => show::whole(value),
        _ => show::number(value, 2),
    };
    let (p10, p90) = dist.interval(0.8);
    format!("{} to {} (80 %)", shown(p10), shown(p90))
}

/// The question of the learning alone: so many tokens in sequences of this length.
pub fn learning(question: &Question, chips: f64, [tokens, sequence, batch]: [f64; 3]) -> Question {
    let own = |path: &str| find(path).is_ok_and(|field| field.group == Group::Rl);
    let mut asked = question.clone();
    asked.overrides.retain(|over| !own(&over.path));
    asked.base.ranges.retain(|range| !own(range.path));
    let typed = |tokens: f64| Tokens::from_base(tokens.round().max(1.0));
    asked
        .with("run.chips", chips)
        .with("run.tokens", typed(tokens))
        .with("run.sequence_length", typed(sequence))
        .with("run.global_batch", format!("{}seq", (batch / sequence).round().max(1.0)))
}
