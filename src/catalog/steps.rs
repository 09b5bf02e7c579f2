//! Measured training steps: rows of a CSV file, each one published number with the layout it was measured under.

use crate::error::Error;

/// One measured step. A blank cell is `None`: what is missing is chosen later, and said.
#[derive(Debug, Clone, Default, PartialEq)]
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
    /// Tokens a sequence.
    pub seq_len: Option<f64>,
    /// Routed experts.
    pub experts: Option<f64>,
    /// Experts at work for a token.
    pub experts_active: Option<f64>,
    /// Width of one expert.
    pub expert_ffn: Option<f64>,
    /// Chip name.
    pub gpu: String,
    /// Chips.
    pub num_gpus: Option<f64>,
    /// Tensor-parallel degree.
    pub tp: Option<f64>,
    /// Pipeline-parallel degree.
    pub pp: Option<f64>,
    /// Virtual stages a chip.
    pub vpp: Option<f64>,
    /// Context-parallel degree.
    pub cp: Option<f64>,
    /// Expert-parallel degree.
    pub ep: Option<f64>,
    /// Data-parallel degree, context excluded.
    pub dp: Option<f64>,
    /// Sequences a micro-batch.
    pub micro_batch: Option<f64>,
    /// Sequences a step.
    pub global_batch_seqs: Option<f64>,
    /// `fp16`, `bf16`, `fp8`, `mxfp8`.
    pub precision: String,
    /// `full`, `selective`, `none`, or blank.
    pub recompute: String,
    /// `true`/`yes`, `false`/`no`, or blank.
    pub seq_parallel: String,
    /// Software, if stated.
    pub framework: String,
    /// What the value is: `iter_time_s`, `tokens_per_s_per_gpu`, `tflops_per_gpu`, `mfu`.
    pub metric: String,
    /// The published number.
    pub value: Option<f64>,
    /// Chips in a server.
    pub gpus_per_node: Option<f64>,
    /// Network, GB/s one way for one chip.
    pub nic_gb_s_per_gpu: Option<f64>,
    /// `fused` or `unfused`.
    pub attention_kernel: String,
    /// Whether the factors may be fitted to the row.
    pub fit: Fit,
    /// Free text.
    pub notes: String,
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

/// How the column `fit` writes it; blank is `yes`.
pub const FITS: [(&str, Fit); 3] = [("yes", Fit::Yes), ("held-out", Fit::HeldOut), ("partial", Fit::Partial)];

/// The rows that come with flopbill.
///
/// # Errors
/// None in a build whose tests pass.
pub fn shipped() -> Result<Vec<StepRow>, Error> {
    let mut rows = Vec::new();
    for (_, text) in super::embedded::MEASUREMENTS.iter().filter(|(name, _)| *name != "runs") {
        rows.extend(read(text)?);
    }
    Ok(rows)
}

/// The rows of a CSV text with the columns of [`StepRow`], in any order; unknown columns are ignored.
///
/// # Errors
/// A text that is no CSV file, or has no columns `id` and `value`.
pub fn read(text: &str) -> Result<Vec<StepRow>, Error> {
    Table::read(text, &["id", "value"])?.map(|cells| {
        let (text, number) = (|name: &str| cells.text(name), |name: &str| cells.number(name));
        StepRow {
            id: text("id"),
            source: text("source"),
            model: text("model"),
            params_b: number("params_b"),
            layers: number("layers"),
            hidden: number("hidden"),
            ffn_hidden: number("ffn_hidden"),
            heads: number("heads"),
            kv_heads: number("kv_heads"),
            head_dim: number("head_dim"),
            vocab: number("vocab"),
            seq_len: number("seq_len"),
            experts: number("experts"),
            experts_active: number("experts_active"),
            expert_ffn: number("expert_ffn"),
            gpu: text("gpu"),
            num_gpus: number("num_gpus"),
            tp: number("tp"),
            pp: number("pp"),
            vpp: number("vpp"),
            cp: number("cp"),
            ep: number("ep"),
            dp: number("dp"),
            micro_batch: number("micro_batch"),
            global_batch_seqs: number("global_batch_seqs"),
            precision: text("precision"),
            recompute: text("recompute"),
            seq_parallel: text("seq_parallel"),
            framework: text("framework"),
            metric: text("metric"),
            value: number("value"),
            gpus_per_node: number("gpus_per_node"),
            nic_gb_s_per_gpu: number("nic_gb_s_per_gpu"),
            attention_kernel: text("attention_kernel"),
            fit: FITS.iter().find(|(name, _)| *name == text("fit")).map_or(Fit::Yes, |(_, fit)| *fit),
            notes: text("notes"),
        }
    })
}

/// A CSV text with a header.
pub(super) struct Table {
    columns: csv::StringRecord,
    records: Vec<csv::StringRecord>,
}

/// One row of a [`Table`].
pub(super) struct Cells<'a> {
    columns: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl Table {
    /// Reads the text, which must have these columns.
    pub(super) fn read(text: &str, needed: &[&str]) -> Result<Self, Error> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let wrong = |error: csv::Error| Error::bad_input(format!("not a readable CSV table: {error}"));
        let columns = reader.headers().map_err(wrong)?.clone();
        if let Some(missing) = needed.iter().find(|name| !columns.iter().any(|column| column.trim() == **name)) {
            return Err(Error::bad_input(format!("the CSV table has no column `{missing}`"))
                .with_hint("the columns are those of profiles/measurements/steps.csv and runs.csv"));
        }
        let records = reader.records().collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self { columns, records })
    }

    /// Builds a value from each row.
    pub(super) fn map<T>(&self, build: impl Fn(Cells<'_>) -> T) -> Result<Vec<T>, Error> {
        Ok(self.records.iter().map(|record| build(Cells { columns: &self.columns, record })).collect())
    }
}

impl Cells<'_> {
    /// Whether the table has this column.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column.trim() == name)
    }

    /// The cell of a column; empty where the column or the cell is missing.
    pub(super) fn text(&self, name: &str) -> String {
        let place = self.columns.iter().position(|column| column.trim() == name);
        place.and_then(|place| self.record.get(place)).unwrap_or_default().trim().to_owned()
    }

    /// The number in a cell.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.text(name).parse().ok().filter(|number: &f64| number.is_finite())
    }
}
