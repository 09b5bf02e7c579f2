//! One answer of a comparison: from a question, or saved.

use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::answer::ranges::Spread;
use crate::ask::estimate::parts::RunBlock;
use crate::ask::reply::{ResultBlock, SCHEMA_VERSION};
use crate::ask::result::block;
use crate::error::Error;

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
        }
    }
}

/// Reads an answer of `estimate --format json`, of this schema or the one before.
///
/// # Errors
/// A text that is no such answer, or of another schema.
pub fn saved(file: &str, text: &str) -> Result<Side, Error> {
    let wrong = |why: String| {
        let error = Error::bad_file(format!("{file} is no saved answer: {why}"));
        error.with_hint("save one with `flopbill estimate ... -o FILE.json`")
    };
    let json: Value = serde_json::from_str(text).map_err(|trouble| wrong(trouble.to_string()))?;
    match (json.get("command").and_then(Value::as_str), json.get("schema_version").and_then(Value::as_u64)) {
        (Some("estimate"), Some(version)) if (1..=u64::from(SCHEMA_VERSION)).contains(&version) => {}
        (Some("estimate"), version) => {
            let version = version.map_or_else(|| "missing".to_owned(), |version| version.to_string());
            return Err(wrong(format!("its schema_version is {version}, and 1 to {SCHEMA_VERSION} are read")));
        }
        (command, _) => return Err(wrong(format!("it answers {}", command.unwrap_or("nothing")))),
    }
    let result = json.get("result").cloned().unwrap_or_default();
    let result: ResultBlock = serde_json::from_value(result).map_err(|trouble| wrong(trouble.to_string()))?;
    // Schema 1 has in `result` what stands in `run` since.
    let run = |key: &str| ["run", "result"].iter().find_map(|block| json.get(block)?.get(key));
    let number = |key: &str| run(key).and_then(Value::as_f64);
    let input = |key: &str| json.get("inputs").and_then(|inputs| inputs.get(key)).and_then(|input| input.get("value"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let params = ["run.active_params", "run.params"].iter().find_map(|key| input(key).and_then(Value::as_f64));
    let flop = number("flop");
    let stem = std::path::Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file);
    Ok(Side {
        name: text(json.get("name")).map_or_else(|| stem.to_owned(), |name| format!("{name} ({stem})")),
        gpu: text(input("run.gpu")),
        result,
        usd_per_gpu_hour: number("usd_per_gpu_hour"),
        tokens: number("tokens").or_else(|| Some(flop? / (6.0 * params?))),
        active_params: params,
        flop,
        peak_flop_per_second: number("peak_flop_per_second"),
        goodput: number("goodput"),
        mfu_origin: text(run("mfu_origin")),
    })
}
