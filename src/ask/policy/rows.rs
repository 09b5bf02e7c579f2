//! The rows of a reply about rules.

use serde::Serialize;

use super::super::reply::Ordered;
use super::to::{ConditionRow, ExportReply, OtherReply};

/// A chip's numbers, and what is said of them.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Found {
    /// The chip's profile.
    pub chip: String,
    /// The day.
    pub as_of: String,
    /// Where the maker has its headquarters.
    pub made_in: Option<String>,
    /// The destination.
    pub to: Option<String>,
    /// Where the buyer has its headquarters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headquarters: Option<String>,
    /// What becomes of the export.
    pub export: Option<ExportReply>,
    /// What the border costs; empty where nothing is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub border: Option<Vec<OtherReply>>,
    /// The destination's own rules, the strictest first; empty where none is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_rules: Option<Vec<OtherReply>>,
    /// The numbers that rules look at.
    pub metrics: Ordered<Option<f64>>,
    /// What each rule on chips in force says.
    pub rules: Ordered<String>,
}

/// A rule.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RuleRow {
    /// Its profile.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it holds.
    pub jurisdiction: String,
    /// Which question it answers: `export`, `border`, `destination`, `reading`; nothing of rules that are not on chips.
    pub part: Option<&'static str>,
    /// What became of it: `in force`, `guidance`, `reported`, `repealed`, `enjoined`.
    pub status: &'static str,
    /// How it stands on the day.
    pub standing: String,
    /// Whether it is in force on the day.
    pub in_force: bool,
    /// Whether it speaks of the way to the destination, where one is named.
    pub reaches: Option<bool>,
    /// Where goods must go for it.
    pub destinations: String,
    /// What it says, in short.
    pub summary: String,
    /// What it asks beside its numbers.
    pub conditions: Vec<String>,
    /// Uses that it is limited to or leaves out.
    pub end_use: Vec<String>,
    /// A duty or a share of revenue.
    pub rate: Option<f64>,
    /// From when on.
    pub effective: Option<String>,
    /// Up to when.
    pub until: Option<String>,
    /// Whether it names the chip.
    pub named: bool,
    /// What it tests.
    pub tests: Vec<TestRow>,
    /// What it says of training compute.
    pub training_thresholds: Vec<ThresholdRow>,
}

/// A test of a rule.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct TestRow {
    /// What follows.
    pub outcome: String,
    /// What it is about.
    pub scope: String,
    /// Whether the chip meets it.
    pub verdict: String,
    /// What it asks, and what the chip has.
    pub conditions: Vec<ConditionRow>,
}

/// A bill.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct BillRow {
    /// Its profile.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was introduced.
    pub introduced: Option<String>,
    /// `bill`, or when it was dropped.
    pub standing: String,
    /// What it would do.
    pub summary: String,
}

/// A threshold on training compute.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct ThresholdRow {
    /// What follows.
    pub outcome: String,
    /// The bound.
    pub flop: f64,
    /// Chip-hours up to it.
    pub gpu_hours: Option<f64>,
    /// What they cost.
    pub cost_usd: Option<f64>,
}
