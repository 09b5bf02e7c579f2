//! Published training runs: rows of a CSV file, each one run with the hours its authors report.

use serde::Deserialize;

use super::table::{Row, choice, shipped as all};
use crate::error::Error;
use crate::hardware::precision::Precision;

/// One published run. A blank cell is `None`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RunRow {
    /// Identifier, unique in its file.
    pub id: String,
    /// Model name.
    pub model: String,
    /// When it was published, `2024-12`.
    pub date: String,
    /// Total parameters, in billions.
    pub params_b: Option<f64>,
    /// Parameters at work for a token, in billions.
    pub active_params_b: Option<f64>,
    /// Training tokens, in billions.
    pub tokens_b: Option<f64>,
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
    /// Routed experts.
    pub experts: Option<u32>,
    /// Experts at work for a token.
    pub experts_active: Option<u32>,
    /// Width of one expert.
    pub expert_ffn: Option<u32>,
    /// Tokens a sequence.
    pub seq_len: Option<u32>,
    /// Tokens a step.
    pub global_batch_tokens: Option<f64>,
    /// Chip name.
    pub gpu: String,
    /// Chips.
    pub num_gpus: Option<u32>,
    /// Tensor-parallel degree.
    pub tp: Option<u32>,
    /// Pipeline-parallel degree.
    pub pp: Option<u32>,
    /// Expert-parallel degree.
    pub ep: Option<u32>,
    /// Data-parallel degree.
    pub dp: Option<u32>,
    /// Context-parallel degree.
    pub cp: Option<u32>,
    /// Format of the matrix products.
    #[serde(deserialize_with = "choice")]
    pub precision: Option<Precision>,
    /// `pretrain`, `context`, `posttrain`, `total`; `continued` from a trained model.
    pub phase: String,
    /// GPU-hours its authors report.
    pub gpu_hours: Option<f64>,
    /// How far to trust the row: A, B, C; S extrapolated from a step rate, X contradictory.
    pub tier: String,
    /// The profile of its software; without it the usual one of its month.
    pub stack: String,
}

impl Row for RunRow {
    const NEEDED: &'static [&'static str] = &["id", "gpu", "tokens_b", "gpu_hours"];
    const UNUSED: &'static [&'static str] = &[
        "org",
        "shared_experts",
        "wall_clock_days",
        "mfu",
        "tflops_per_gpu",
        "cost_usd",
        "usd_per_gpu_hour",
        "energy_mwh",
        "tco2e",
        "pue",
        "carbon_gco2_per_kwh",
        "interruptions",
        "source",
        "confidence",
        "notes",
    ];
    fn id(&mut self) -> &mut String {
        &mut self.id
    }
}

/// The runs that come with flopbill.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<Vec<RunRow>, Error> {
    let runs = super::shipped_files().find(|(name, _)| *name == "runs");
    runs.map_or(Ok(Vec::new()), |(name, text)| all(name, text))
}

/// The runs of which the tokens are published: those above, and models whose hours are not.
///
/// # Errors
/// As [`shipped`].
pub fn with_tokens() -> Result<Vec<RunRow>, Error> {
    let others = super::shipped_files().find(|(name, _)| *name == "tokens");
    let mut rows = shipped()?;
    if let Some((name, text)) = others {
        rows.extend(all::<RunRow>(name, text)?);
    }
    Ok(rows)
}
