//! Published training runs: rows of a CSV file, each one run with the hours its authors report.

use super::steps::Table;
use crate::error::Error;

/// One published run. A blank cell is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
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
    pub layers: Option<f64>,
    /// Residual width.
    pub hidden: Option<f64>,
    /// Dense MLP width.
    pub ffn_hidden: Option<f64>,
    /// Query heads.
    pub heads: Option<f64>,
    /// Key-value heads.
    pub kv_heads: Option<f64>,
    /// Width of a head.
    pub head_dim: Option<f64>,
    /// Vocabulary.
    pub vocab: Option<f64>,
    /// Routed experts.
    pub experts: Option<f64>,
    /// Experts at work for a token.
    pub experts_active: Option<f64>,
    /// Width of one expert.
    pub expert_ffn: Option<f64>,
    /// Tokens a sequence.
    pub seq_len: Option<f64>,
    /// Tokens a step.
    pub global_batch_tokens: Option<f64>,
    /// Chip name.
    pub gpu: String,
    /// Chips.
    pub num_gpus: Option<f64>,
    /// Tensor-parallel degree.
    pub tp: Option<f64>,
    /// Pipeline-parallel degree.
    pub pp: Option<f64>,
    /// Expert-parallel degree.
    pub ep: Option<f64>,
    /// Data-parallel degree.
    pub dp: Option<f64>,
    /// Context-parallel degree.
    pub cp: Option<f64>,
    /// `fp16`, `bf16`, `fp8`.
    pub precision: String,
    /// `pretrain`, `context`, `posttrain`, `total`.
    pub phase: String,
    /// GPU-hours its authors report.
    pub gpu_hours: Option<f64>,
    /// How far to trust the row: A, B, C; S extrapolated from a step rate, X contradictory.
    pub tier: String,
}

/// The rows of a CSV text with the columns of [`RunRow`], in any order; unknown columns are ignored. Where there is no
/// column `tier`, it is read from `tier=` in the column `notes`.
///
/// # Errors
/// A text that is no CSV file, or has no columns `id` and `gpu_hours`.
pub fn read(text: &str) -> Result<Vec<RunRow>, Error> {
    Table::read(text, &["id", "gpu_hours"])?.map(|cells| {
        let (text, number) = (|name: &str| cells.text(name), |name: &str| cells.number(name));
        let noted = || {
            let notes = text("notes");
            let tier = notes.split("tier=").nth(1).unwrap_or_default();
            tier.chars().take_while(|c| c.is_ascii_uppercase() || *c == '/').collect()
        };
        RunRow {
            id: text("id"),
            model: text("model"),
            date: text("date"),
            params_b: number("params_b"),
            active_params_b: number("active_params_b"),
            tokens_b: number("tokens_b"),
            layers: number("layers"),
            hidden: number("hidden"),
            ffn_hidden: number("ffn_hidden"),
            heads: number("heads"),
            kv_heads: number("kv_heads"),
            head_dim: number("head_dim"),
            vocab: number("vocab"),
            experts: number("experts"),
            experts_active: number("experts_active"),
            expert_ffn: number("expert_ffn"),
            seq_len: number("seq_len"),
            global_batch_tokens: number("global_batch_tokens"),
            gpu: text("gpu"),
            num_gpus: number("num_gpus"),
            tp: number("tp"),
            pp: number("pp"),
            ep: number("ep"),
            dp: number("dp"),
            cp: number("cp"),
            precision: text("precision"),
            phase: text("phase"),
            gpu_hours: number("gpu_hours"),
            tier: if cells.has("tier") { text("tier") } else { noted() },
        }
    })
}

/// The runs that come with flopbill.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<Vec<RunRow>, Error> {
    super::embedded::MEASUREMENTS
        .iter()
        .find(|(name, _)| *name == "runs")
        .map_or(Ok(Vec::new()), |(_, text)| read(text))
}
