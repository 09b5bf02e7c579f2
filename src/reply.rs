//! What every reply has in common: its head, and the block `result` with the same keys at every door.
//!
//! A reply is a struct that derives [`Serialize`] and flattens a [`ReplyHead`]; machine formats are written from it
//! as it stands, in the order of its fields.
//!
//! ```
//! use flopbill::internals::ask::reply::{Figure, ReplyHead, ResultBlock};
//! use flopbill::internals::report::View;
//!
//! #[derive(serde::Serialize)]
//! struct Reply {
//!     #[serde(flatten)]
//!     head: ReplyHead,
//!     result: ResultBlock,
//! }
//!
//! let days = Figure::from(56.7).between(50.1, 56.9, 64.8);
//! let result = ResultBlock::default().gpu_hours(2.788e6).wall_clock_days(days).layout("tp1 pp16 ep64");
//! let view = View::with_reply(&Reply { head: ReplyHead::new("estimate", "DeepSeek-V3"), result });
//! assert_eq!(view.json["result"]["wall_clock_days_p90"], 64.8);
//! assert!(view.json["result"]["cost_usd"].is_null());
//! ```

pub mod failures;
pub mod footprint;
pub mod measured;
pub mod owning;
pub mod parts;
pub mod ranges;
pub mod resolved;
pub mod result;

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::answer::narrowed::Narrowed;
use crate::input::exchange::Said;
use crate::input::typed::Rate;
use crate::source::Source;
use measured::MeasuredReply;

/// Version of the machine formats; it changes when a key changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 2;

/// What every reply opens with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ReplyHead {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of flopbill that answered.
    pub tool_version: &'static str,
    /// The question's verb: `estimate`, `convert`.
    pub command: &'static str,
    /// What the answer is about: a run, a model, a spec.
    pub name: String,
    /// Every value that was used, by the path of its field, in the order of the field table.
    pub inputs: Ordered<Input>,
    /// Why a value of `result` is null, by its key. What has no reason here gets the general one when it is written.
    pub unknown: Ordered<String>,
    /// What was assumed, in sentences.
    pub assumptions: Vec<String>,
    /// What looks wrong, in sentences.
    pub warnings: Vec<String>,
    /// Where the values are from.
    pub sources: Vec<SourceLine>,
    /// The currency in which money is shown to people, where that is not the dollar; keys that end in `_usd` stay in dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<CurrencyReply>,
    /// What measured steps changed, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<MeasuredReply>,
}

impl ReplyHead {
    /// The head of an answer that assumes and cites nothing yet.
    pub fn new(command: &'static str, name: impl Into<String>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool_version: env!("CARGO_PKG_VERSION"),
            command,
            name: name.into(),
            inputs: Ordered::default(),
            unknown: Ordered::default(),
            assumptions: Vec::new(),
            warnings: Vec::new(),
            sources: Vec::new(),
            currency: None,
            measured: None,
        }
    }

    /// Says what was taken for money that is not in dollars, and in which it is shown.
    pub fn tell_money(&mut self, money: &Said) {
        self.assumptions.extend(money.assumptions.iter().cloned());
        self.warnings.extend(money.warnings.iter().cloned());
        self.sources.extend(money.sources.iter().map(|(path, source)| SourceLine::new(path, source)));
        self.currency = money.shown.as_ref().map(CurrencyReply::of);
    }

    /// Says what measured steps changed.
    pub fn tell(&mut self, narrowed: &Narrowed) {
        self.assumptions.push(narrowed.sentence());
        self.warnings.extend(narrowed.left_out());
        self.measured = Some(MeasuredReply::of(narrowed));
    }
}

/// A currency in which money is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CurrencyReply {
    /// Its ISO 4217 code.
    pub code: String,
    /// US dollars per unit.
    pub usd_per_unit: f64,
    /// The day, or the month, of the rate; null of one that was given.
    pub date: Option<String>,
    /// Where the rate is from.
    pub from: String,
    /// The rate as it was found.
    #[serde(skip)]
    #[doc(hidden)]
    pub rate: Rate,
}

impl CurrencyReply {
    /// The currency of a rate.
    pub fn of(rate: &Rate) -> Self {
        let from = rate.source.as_ref().map_or_else(|| rate.from.clone(), |source| source.title.clone());
        let date = rate.as_of.clone();
        Self { code: rate.code.to_string(), usd_per_unit: rate.usd_per_unit, date, from, rate: rate.clone() }
    }
}

/// A map that keeps the order in which it was filled.
#[derive(Debug, Clone, PartialEq)]
pub struct Ordered<T>(pub Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Ordered<T> {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find_map(|(known, value)| (known == key).then_some(value))
    }
}

impl<T> FromIterator<(String, T)> for Ordered<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A value that was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// In the unit beside it.
    pub value: InputValue,
    /// None for a ratio, a count or a name.
    pub unit: Option<Cow<'static, str>>,
    /// As it was written.
    pub text: String,
    /// The flag, the file and line, the profile or the default that it is from.
    pub origin: String,
}

/// A number or a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum InputValue {
    /// In base units.
    Number(f64),
    /// A name, a date, a range.
    Text(String),
}

/// A source and what it is the source of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceLine {
    /// The path of the value, or of the group of values.
    pub path: String,
    /// What the source is called.
    pub title: String,
    /// Where it can be read.
    pub url: Option<String>,
    /// The day, month or year it speaks of.
    pub as_of: String,
    /// How well the value is known: `datasheet`, `measured`, `list_price`, `published`, `quoted`, `assumption`.
    pub kind: String,
    /// What to know before using it.
    pub note: Option<String>,
}

impl SourceLine {
    /// A source beside the path of what it is the source of.
    pub fn new(path: impl Into<String>, source: &Source) -> Self {
        let Source { title, url, as_of, kind, note } = source.clone();
        Self { path: path.into(), title, url, as_of, kind: kind.to_string(), note }
    }
}

impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({}, {})", self.path, self.title, self.as_of, self.kind)?;
        self.url.iter().try_for_each(|url| write!(f, ", {url}"))
    }
}

/// A number of an answer, with its percentiles where it is uncertain. What is not finite is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figure {
    value: Option<f64>,
    percentiles: [Option<f64>; 3],
}

impl Figure {
    /// The same with its 10th, 50th and 90th percentile.
    #[must_use]
    pub fn between(self, p10: f64, p50: f64, p90: f64) -> Self {
        Self { percentiles: [p10, p50, p90].map(finite), ..self }
    }
}

fn finite(value: f64) -> Option<f64> {
    Some(value).filter(|value| value.is_finite())
}

impl From<f64> for Figure {
    fn from(value: f64) -> Self {
        Self { value: finite(value), ..Self::default() }
    }
}

impl From<Option<f64>> for Figure {
    fn from(value: Option<f64>) -> Self {
        value.map_or_else(Self::default, Self::from)
    }
}

/// One part of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepPart {
    /// What it is.
    pub part: &'static str,
    /// Seconds of the step.
    pub seconds: f64,
    /// Seconds that run behind others.
    pub hidden_seconds: f64,
}

impl StepPart {
    /// A part of a step.
    pub fn of(part: &crate::step::Part) -> Self {
        Self { part: part.key, seconds: part.shown.get(), hidden_seconds: part.hidden.get() }
    }
}

macro_rules! result_block {
    ($($(#[doc = $doc:literal])* $name:ident $p10:ident $p50:ident $p90:ident,)*) => {
        /// The block `result`: the same keys with the same meaning in every reply. Unknown is null, and
        /// [`ReplyHead::unknown`] says why; percentiles stand only beside what is uncertain. The middle of the answers is
        /// `_p50`, as every text says it; the key alone is the answer with each uncertain value at its own median, which all
        /// doors share.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        #[non_exhaustive]
        pub struct ResultBlock {
            $(
                $(#[doc = $doc])*
                pub $name: Option<f64>,
                /// Its 10th percentile.
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $p10: Option<f64>,
                /// Its 50th percentile.
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $p50: Option<f64>,
                /// Its 90th percentile.
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $p90: Option<f64>,
            )*
            /// How the model is split over the chips.
            pub layout: Option<String>,
        }

        impl ResultBlock {
            $(
                $(#[doc = $doc])*
                #[must_use]
                pub fn $name(mut self, figure: impl Into<Figure>) -> Self {
                    let Figure { value, percentiles } = figure.into();
                    self.$name = value;
                    [self.$p10, self.$p50, self.$p90] = percentiles;
                    self
                }
            )*

            /// Every number by its key, percentiles among them, in the order of the keys.
            pub fn numbers(&self) -> Vec<(&'static str, Option<f64>)> {
                vec![$(
                    (stringify!($name), self.$name),
                    (stringify!($p10), self.$p10),
                    (stringify!($p50), self.$p50),
                    (stringify!($p90), self.$p90),
                )*]
            }

            /// How the model is split over the chips.
            #[must_use]
            pub fn layout(mut self, layout: impl Into<String>) -> Self {
                self.layout = Some(layout.into());
                self
            }
        }
    };
}

result_block! {
    /// Chip-hours held, idle chips and failures included.
    gpu_hours gpu_hours_p10 gpu_hours_p50 gpu_hours_p90,
    /// Chips held.
    chips chips_p10 chips_p50 chips_p90,
    /// Chips that the layout uses; the others are idle.
    chips_used chips_used_p10 chips_used_p50 chips_used_p90,
    /// Days from the first step to the last, failures included.
    wall_clock_days wall_clock_days_p10 wall_clock_days_p50 wall_clock_days_p90,
    /// What the chip-hours cost, in dollars.
    cost_usd cost_usd_p10 cost_usd_p50 cost_usd_p90,
    /// Seconds of one optimizer step.
    step_seconds step_seconds_p10 step_seconds_p50 step_seconds_p90,
    /// Tokens trained on in a second, over all chips.
    tokens_per_second tokens_per_second_p10 tokens_per_second_p50 tokens_per_second_p90,
    /// Share of the dense peak that the model FLOPs use, counted as 6 N D.
    mfu mfu_p10 mfu_p50 mfu_p90,
    /// The same with the FLOPs of causal attention counted.
    mfu_causal mfu_causal_p10 mfu_causal_p50 mfu_causal_p90,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_has_its_keys_in_reading_order_and_percentiles_only_where_uncertain() {
        let block = ResultBlock::default().gpu_hours(1.0).chips(Figure::from(8.0).between(7.0, 8.0, f64::INFINITY));
        let json = serde_json::to_value(block.mfu(f64::NAN)).unwrap();
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = "gpu_hours chips chips_p10 chips_p50 chips_used wall_clock_days cost_usd step_seconds \
                        tokens_per_second mfu mfu_causal layout";
        assert_eq!(keys.join(" "), expected);
        assert!(json["mfu"].is_null() && json["layout"].is_null());
    }

    #[test]
    fn the_head_keeps_the_order_of_its_inputs() {
        let input = |text: &str| Input {
            value: InputValue::Number(1.0),
            unit: Some("days".into()),
            text: text.into(),
            origin: "--days".into(),
        };
        let mut head = ReplyHead::new("estimate", "a run");
        head.inputs = [("run.b".to_owned(), input("1d")), ("run.a".to_owned(), input("2d"))].into_iter().collect();
        let text = serde_json::to_string(&head).unwrap();
        assert!(text.starts_with(r#"{"schema_version":2,"tool_version":""#), "{text}");
        assert!(text.find("run.b") < text.find("run.a"), "{text}");
        assert!(text.contains(r#""run.b":{"value":1.0,"unit":"days","text":"1d","origin":"--days"}"#), "{text}");
        assert_eq!(head.inputs.get("run.a").map(|input| input.text.as_str()), Some("2d"));
        assert!(head.unknown.is_empty() && text.contains(r#""unknown":{},"assumptions":[]"#), "{text}");
    }
}
