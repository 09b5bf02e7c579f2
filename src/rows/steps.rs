//! Measured training steps: rows of a CSV file, each one published number with the layout it was measured under.

use serde::{Deserialize, Deserializer};

use super::table::{Named, Row, choice, shipped as all, zero_counts};
use crate::error::Error;
use crate::hardware::precision::{Precision, States};
use crate::layout::parallelism::{Schedule, ZeroStage};
use crate::model::flops::{Kernel, Recompute};
use crate::units::date::Date;

/// One measured step. A blank cell is `None`: what is missing is chosen later, and said.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct StepRow {
    /// Identifier, unique in its file.
    pub id: String,
    /// Publication.
    pub source: String,
    /// Model name.
    pub model: String,
    /// Total parameters, in billions.
    pub params_b: Option<f64>,
    /// Transformer layers.
    pub layers: Option<u32>,
    /// Residual width.
    pub hidden: Option<u32>,
    /// Dense MLP width.
    pub ffn_hidden: Option<u32>,
    /// Query heads.
    pub heads: Option<u32>,
    /// Key-value heads.
    pub kv_heads: Option<u32>,
    /// Width of a head.
    pub head_dim: Option<u32>,
    /// Vocabulary.
    pub vocab: Option<u32>,
    /// Multi-token-prediction modules, where they are not the model's own.
    #[serde(deserialize_with = "zero_counts")]
    pub mtp_modules: Option<u32>,
    /// Tokens a sequence.
    pub seq_len: Option<u32>,
    /// Tokens of the documents that are packed into it and do not see each other.
    pub document_len: Option<u32>,
    /// Routed experts.
    pub experts: Option<u32>,
    /// Experts at work for a token.
    pub experts_active: Option<u32>,
    /// Width of one expert.
    pub expert_ffn: Option<u32>,
    /// Chip name.
    pub gpu: String,
    /// Power a chip is held to, in watts, where it is less than its sheet's.
    pub power_w: Option<f64>,
    /// Chips.
    pub num_gpus: Option<u32>,
    /// Tensor-parallel degree.
    pub tp: Option<u32>,
    /// Pipeline-parallel degree.
    pub pp: Option<u32>,
    /// Virtual stages a chip.
    pub vpp: Option<u32>,
    /// Context-parallel degree.
    pub cp: Option<u32>,
    /// Expert-parallel degree.
    pub ep: Option<u32>,
    /// Data-parallel degree, context excluded.
    pub dp: Option<u32>,
    /// Sequences a micro-batch.
    pub micro_batch: Option<u32>,
    /// Sequences a step.
    pub global_batch_seqs: Option<u32>,
    /// What replicas share, where it is not what the stack does.
    #[serde(deserialize_with = "choice")]
    pub zero: Option<ZeroStage>,
    /// Chips among which it is shared; all replicas without it.
    pub fsdp_group: Option<u32>,
    /// The order of forward and backward passes, where it is not the stack's.
    #[serde(deserialize_with = "choice")]
    pub schedule: Option<Schedule>,
    /// Format of the matrix products.
    #[serde(deserialize_with = "choice")]
    pub precision: Option<Precision>,
    /// What is kept for a parameter.
    #[serde(deserialize_with = "choice")]
    pub states: Option<States>,
    /// What the backward pass computes again.
    #[serde(deserialize_with = "choice")]
    pub recompute: Option<Recompute>,
    /// Whether activations are split along the sequence.
    pub seq_parallel: Option<bool>,
    /// Software, if stated.
    pub framework: String,
    /// The profile of its software; without it the one that lists the framework.
    pub stack: String,
    /// The month of its software, as `2025-09`; without it, the one that the framework's version says (`NeMo 25.09`).
    pub release: String,
    /// What the value is.
    #[serde(deserialize_with = "choice")]
    pub metric: Option<Metric>,
    /// The published number.
    pub value: Option<f64>,
    /// How a published MFU or FLOP rate counts FLOPs.
    #[serde(deserialize_with = "choice")]
    pub flop_counting: Option<FlopCounting>,
    /// Chips in a server.
    pub gpus_per_node: Option<u32>,
    /// Network, GB/s one way for one chip.
    pub nic_gb_s_per_gpu: Option<f64>,
    /// How attention is computed, where it is not how the stack does.
    #[serde(deserialize_with = "choice")]
    pub attention_kernel: Option<Kernel>,
    /// Whether the factors may be fitted to the row.
    #[serde(deserialize_with = "fit")]
    pub fit: Fit,
    /// Where in its source the row stands. Software that is named there is read where no other column names it.
    pub source_detail: String,
    /// Free text, for people; software that is named there too.
    pub notes: String,
}

impl StepRow {
    /// When its software was released, in years: [`month`](Self::month) as a number.
    pub fn released(&self) -> Option<f64> {
        self.month().map(Date::in_years)
    }

    /// When its software was released: the month of its column, else that of a version such as `25.09` in the
    /// framework's name or the source's, as NVIDIA numbers its releases, else that of the paper (`arXiv 2104.04473`).
    pub fn month(&self) -> Option<Date> {
        if !self.release.is_empty() {
            return self.release.parse().ok();
        }
        let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|byte| byte.is_ascii_digit());
        let version = |part: &str| {
            let (year, rest) = part.trim_end_matches('+').split_once('.')?;
            let of_year = rest.split('.').next()?;
            (digits(year, 2) && digits(of_year, 2)).then(|| format!("20{year}-{of_year}").parse().ok()).flatten()
        };
        let paper = |part: &str| {
            let part = part.trim_matches(|c: char| !c.is_ascii_digit());
            let (month, number) = part.split_once('.')?;
            let is = digits(month, 4) && (digits(number, 4) || digits(number, 5));
            is.then(|| format!("20{}-{}", &month[..2], &month[2..]).parse().ok()).flatten()
        };
        let words = || self.source.split_whitespace();
        let framework = self.framework.split_whitespace().find_map(version);
        framework.or_else(|| words().find_map(version)).or_else(|| words().find_map(paper))
    }

    /// What says which software it ran, the plainest first.
    pub fn texts(&self) -> [&str; 4] {
        [&self.framework, &self.notes, &self.source, &self.source_detail]
    }

    /// Whether its value rests on FLOPs that are counted as 6ND.
    pub fn is_by_6nd(&self) -> bool {
        let of_flops = matches!(self.metric, Some(Metric::Mfu | Metric::Tflops));
        of_flops && self.flop_counting == Some(FlopCounting::SixNd)
    }
}

impl Row for StepRow {
    const NEEDED: &'static [&'static str] = &["id", "gpu", "seq_len", "metric", "value"];
    const UNUSED: &'static [&'static str] = &["active_params_b", "nic_basis"];
    fn id(&mut self) -> &mut String {
        &mut self.id
    }
}

/// What a row's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Seconds of a step.
    Seconds,
    /// Tokens a second and chip.
    Tokens,
    /// Tokens a second, all chips together.
    TokensOfAll,
    /// TFLOP/s of a chip.
    Tflops,
    /// Share of the 16-bit peak.
    Mfu,
}

impl Named for Metric {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("iter_time_s", Self::Seconds),
        ("tokens_per_s_per_gpu", Self::Tokens),
        ("tokens_per_s", Self::TokensOfAll),
        ("tflops_per_gpu", Self::Tflops),
        ("mfu", Self::Mfu),
    ];
}

/// Which FLOPs a published rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlopCounting {
    /// Those of the model, attention to earlier tokens alone.
    Causal,
    /// Those of the model, the whole square of attention.
    Full,
    /// All that the chip does: the whole square, and what the backward pass computes again.
    Hardware,
    /// Six for each parameter at work and token, as answers count their MFU.
    SixNd,
}

impl Named for FlopCounting {
    const NAMES: &'static [(&'static str, Self)] =
        &[("causal", Self::Causal), ("full", Self::Full), ("hardware", Self::Hardware), ("6nd", Self::SixNd)];
}

/// Whether factors are fitted to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Fit {
    /// They are.
    #[default]
    Yes,
    /// They are not: the row tests them.
    HeldOut,
    /// They are not: too much of its layout is unknown.
    Partial,
}

impl Named for Fit {
    const NAMES: &'static [(&'static str, Self)] =
        &[("yes", Self::Yes), ("held-out", Self::HeldOut), ("partial", Self::Partial)];
}

/// Blank is `yes`.
fn fit<'de, D: Deserializer<'de>>(from: D) -> Result<Fit, D::Error> {
    choice(from).map(Option::unwrap_or_default)
}

/// The rows that come with flopbill.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<Vec<StepRow>, Error> {
    let mut rows = Vec::new();
    let steps = |name: &str| !matches!(name, "runs" | "memory" | "failures" | "records" | "causes" | "tokens");
    for (name, text) in super::shipped_files().filter(|(name, _)| steps(name)) {
        rows.extend(all::<StepRow>(name, text)?);
    }
    Ok(rows)
}
