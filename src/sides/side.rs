//! One answer of a comparison: from a question, or saved.

use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::answer::narrowed::Narrowed;
use crate::answer::ranges::Spread;
use crate::error::Error;
use crate::planner::gates::Gate;
use crate::planner::reply::{JointReply, Share};
use crate::reply::parts::RunBlock;
use crate::reply::result::{block, inputs, sources};
use crate::reply::{Input, Ordered, ResultBlock, SCHEMA_VERSION, SourceLine};

/// One answer, as far as it is known: from a question, or saved by this or an earlier version.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Side {
    /// What people call it.
    pub name: String,
    /// Its chip's profile.
    pub gpu: Option<String>,
    /// Its result, with ranges where it has some.
    #[serde(flatten)]
    pub result: ResultBlock,
    /// Rent of a chip.
    pub usd_per_gpu_hour: Option<f64>,
    /// Training tokens.
    pub tokens: Option<f64>,
    /// Parameters at work for one token.
    pub active_params: Option<f64>,
    /// Model FLOPs.
    pub flop: Option<f64>,
    /// Dense peak of a chip.
    pub peak_flop_per_second: Option<f64>,
    /// Share of the held time that computes.
    pub goodput: Option<f64>,
    /// Where the MFU came from.
    pub mfu_origin: Option<String>,
    /// The whole bill, where one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bill: Option<BilledSide>,
    /// How surely a planner's limits are kept, where it is that question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<PlannedSide>,
    /// The limits that it is held against.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// What its deliveries multiply hours and time by, over all chips at the start.
    #[serde(skip)]
    pub delivered: Option<[f64; 2]>,
    /// What it was made from, for the head of the comparison.
    #[serde(skip)]
    pub inputs: Ordered<Input>,
    /// Where that is from.
    #[serde(skip)]
    pub sources: Vec<SourceLine>,
    /// What measured steps changed about it.
    #[serde(skip)]
    pub narrowed: Option<Narrowed>,
}

/// How surely a side keeps a planner's limits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlannedSide {
    /// Whether all are kept as surely as is asked.
    pub holds: Option<bool>,
    /// How often it is done by the date.
    pub by_date_probability: Option<f64>,
    /// How often it stays within the money.
    pub in_budget_probability: Option<f64>,
    /// How often all that is asked holds.
    pub both_probability: Option<f64>,
}

/// The bill of a side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BilledSide {
    /// rent, own or epoch.
    pub view: String,
    /// The run with the work around it, in dollars.
    pub total_usd: f64,
    /// The amount of each line, in dollars; null where a line has none.
    pub lines: Ordered<Option<f64>>,
}

impl BilledSide {
    /// That of a saved answer.
    fn saved(json: &Value) -> Option<Self> {
        let bill = json.get("bill")?;
        let line = |(name, amount): (&String, &Value)| (name.clone(), amount.as_f64());
        Some(Self {
            view: bill.get("view")?.as_str()?.to_owned(),
            total_usd: bill.get("programme_usd")?.as_f64()?,
            lines: bill.get("lines")?.as_object()?.iter().map(line).collect(),
        })
    }
}

impl Side {
    /// An answer as a side, without its ranges.
    pub fn of(answer: &Answer) -> Self {
        Self::with(answer, None)
    }

    /// An answer as a side.
    pub fn with(answer: &Answer, spread: Option<&Spread>) -> Self {
        let run = RunBlock::of(answer);
        Self {
            name: answer.scenario.name.clone(),
            gpu: answer.chip.as_ref().map(|chip| chip.chip.id.clone()),
            result: block(answer, spread),
            usd_per_gpu_hour: run.usd_per_gpu_hour,
            tokens: run.tokens,
            active_params: crate::predict::setting::active(&answer.spec).map(|entry| entry.value.get()),
            flop: run.flop,
            peak_flop_per_second: run.peak_flop_per_second,
            goodput: Some(run.goodput),
            mfu_origin: run.mfu_origin,
            bill: None,
            planned: None,
            gates: Vec::new(),
            delivered: None,
            inputs: inputs(&answer.spec),
            sources: sources(answer),
            narrowed: Narrowed::of(answer).ok().flatten(),
        }
    }

    /// Puts what its deliveries make of it, and the limits.
    pub fn put(&mut self, block: ResultBlock, joint: Option<&JointReply>, gates: Vec<Gate>) {
        let ratio = |of: fn(&ResultBlock) -> Option<f64>| Some(of(&block)? / of(&self.result)?);
        let ratios = [ratio(|block| block.gpu_hours), ratio(|block| block.wall_clock_days)];
        self.delivered = match ratios {
            [Some(hours), Some(time)] if hours != 1.0 || time != 1.0 => Some([hours, time]),
            _ => None,
        };
        (self.result, self.gates) = (block, gates);
        let share = |share: Option<Share>| share.map(|share| share.probability);
        self.planned = joint.map(|joint| PlannedSide {
            holds: joint.holds,
            by_date_probability: share(joint.by_date),
            in_budget_probability: share(joint.in_budget),
            both_probability: share(joint.both),
        });
    }
}

/// Reads a reply that was saved as JSON, of this schema or the one before: any whose `result` has hours or a step.
///
/// # Errors
/// A text that is no such reply, or of another schema.
pub fn saved(file: &str, text: &str) -> Result<Side, Error> {
    let wrong = |why: String| {
        let error = Error::bad_file(format!("{file} is no saved answer: {why}"));
        error.with_hint("save one with `flopbill estimate ... -o FILE.json`")
    };
    let json: Value = serde_json::from_str(text).map_err(|trouble| wrong(trouble.to_string()))?;
    let Some(command) = json.get("command").and_then(Value::as_str) else {
        return Err(wrong("it answers nothing".into()));
    };
    let version = json.get("schema_version").and_then(Value::as_u64);
    if !version.is_some_and(|version| (1..=u64::from(SCHEMA_VERSION)).contains(&version)) {
        let version = version.map_or_else(|| "missing".to_owned(), |version| version.to_string());
        return Err(wrong(format!("its schema_version is {version}, and 1 to {SCHEMA_VERSION} are read")));
    }
    let result = json.get("result").cloned().unwrap_or_default();
    if ["gpu_hours", "step_seconds"].iter().all(|key| result.get(key).is_none()) {
        return Err(wrong(format!("it answers `{command}`, which has neither hours nor a step")));
    }
    let result: ResultBlock = serde_json::from_value(result).map_err(|trouble| wrong(trouble.to_string()))?;
    // Schema 1 has in `result` what stands in `run` since; a conversion has it where it moves to.
    let run = |key: &str| ["run", "result", "to"].iter().find_map(|block| json.get(block)?.get(key));
    let number = |key: &str| run(key).and_then(Value::as_f64);
    let beside =
        ["usd_per_gpu_hour", "tokens", "flop", "peak_flop_per_second", "goodput"].map(|key| (key, number(key)));
    let wrong_sign = |(_, value): &(&str, Option<f64>)| value.is_some_and(|value| value < 0.0);
    if let Some((key, Some(value))) = result.numbers().into_iter().chain(beside).find(wrong_sign) {
        return Err(wrong(format!("its {key} is {value}, below zero")));
    }
    let input = |key: &str| json.get("inputs").and_then(|inputs| inputs.get(key)).and_then(|input| input.get("value"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let given = |key: &str| input(key).and_then(Value::as_f64);
    let params = ["run.active_params", "run.params"].into_iter().find_map(given);
    let flop = number("flop");
    let stem = std::path::Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file);
    Ok(Side {
        name: text(json.get("name")).map_or_else(|| stem.to_owned(), |name| format!("{name} ({stem})")),
        gpu: text(input("run.gpu")),
        result,
        usd_per_gpu_hour: number("usd_per_gpu_hour").or_else(|| given("price.rent")),
        tokens: number("tokens").or_else(|| given("run.tokens")).or_else(|| Some(flop? / (6.0 * params?))),
        active_params: params,
        flop,
        peak_flop_per_second: number("peak_flop_per_second"),
        goodput: number("goodput").or_else(|| given("run.goodput")),
        mfu_origin: text(run("mfu_origin")),
        bill: BilledSide::saved(&json),
        planned: None,
        gates: Vec::new(),
        delivered: None,
        inputs: json.get("inputs").and_then(Value::as_object).into_iter().flatten().filter_map(kept).collect(),
        narrowed: None,
        sources: json.get("sources").and_then(Value::as_array).into_iter().flatten().filter_map(source).collect(),
    })
}

/// An input of a saved answer.
fn kept((path, input): (&String, &Value)) -> Option<(String, Input)> {
    Some((path.clone(), serde_json::from_value(input.clone()).ok()?))
}

/// A source of a saved answer; in schema 1 it is a text.
fn source(source: &Value) -> Option<SourceLine> {
    match source.as_str() {
        Some(title) => Some(SourceLine { title: title.to_owned(), ..SourceLine::default() }),
        None => serde_json::from_value(source.clone()).ok(),
    }
}
