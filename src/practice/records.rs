//! The highest rate that anybody has published for a chip, a precision and a kind of model.

use crate::error::Error;
use crate::hardware::accelerator::Accelerator;
use crate::hardware::precision::Precision;
use crate::rows::records::{RecordRow, shipped};
use crate::units::{FlopPerSecond, Fraction, show};

/// Published rates are rounded: nothing is passed by less than this.
const ROUNDED: f64 = 1.005;

/// A rate that is held against what has been published.
#[derive(Debug, Clone, Copy)]
pub struct Rate<'a> {
    /// The chip.
    pub chip: &'a Accelerator,
    /// The format of the matrix work.
    pub precision: Precision,
    /// A mixture of experts.
    pub mixture: bool,
    /// The MFU, by 6ND.
    pub mfu: Fraction,
    /// The dense peak that it is a share of.
    pub peak: FlopPerSecond,
    /// The format of that peak.
    pub basis: Precision,
    /// It is predicted by factors that were fitted to the family's steps, not given.
    pub predicted: bool,
}

/// How wide the operands of the matrix work are, as records tell rates apart.
pub fn width(precision: Precision) -> &'static str {
    match precision {
        Precision::Fp8 | Precision::Mxfp8 | Precision::Int8 => "8-bit",
        Precision::Fp4 => "4-bit",
        Precision::Fp32 | Precision::Tf32 | Precision::Fp16 | Precision::Bf16 => "16-bit",
    }
}

/// How records name a kind of model.
pub fn kind(mixture: bool) -> &'static str {
    if mixture { "mixture" } else { "dense" }
}

/// The records that say something of a rate: of its chip, the highest of the chip's family, and the highest of all. A
/// mixture of which nothing is published is held against dense models, which lose less.
fn known(rate: &Rate<'_>, all: &'static [RecordRow]) -> [Option<&'static RecordRow>; 3] {
    let width = width(rate.precision);
    let alike = |row: &&RecordRow, mixture: bool| row.width == width && row.kind == kind(mixture);
    let kinds: &[bool] = if rate.mixture { &[true, false] } else { &[false] };
    let best = |is: &dyn Fn(&RecordRow) -> bool| {
        let of = |mixture: bool| {
            let rows = all.iter().filter(|row| alike(row, mixture) && is(row));
            rows.max_by(|a, b| a.mfu_6nd.total_cmp(&b.mfu_6nd))
        };
        kinds.iter().find_map(|&mixture| of(mixture))
    };
    [best(&|row| row.chip == rate.chip.id), best(&|row| row.family == rate.chip.architecture), best(&|_| true)]
}

/// That a rate passes everything that has been published, with the record it passes.
///
/// A given rate is held against its chip's record, or its family's where the chip has none, or that of any chip; a
/// predicted one is surprising only above its family's too. All by 6ND, as FLOP/s of a chip, so that the format of the
/// peak does not matter.
///
/// # Errors
/// None in a build whose tests pass.
pub fn passed(rate: &Rate<'_>) -> Result<Option<String>, Error> {
    let [own, family, any] = known(rate, shipped()?);
    let share = show::percent(rate.mfu.get());
    let Some(record) = own.or(family).or(any) else { return Ok(None) };
    let sixteen = rate.chip.peak_of(rate.chip.training_precision()).unwrap_or(rate.peak);
    // On another chip of the family the record is a share of that chip's peak.
    let at = |row: &RecordRow| if row.chip == rate.chip.id { row.rate() } else { sixteen * row.mfu_6nd };
    let over = |row: &RecordRow| rate.peak * rate.mfu.get() > at(row) * ROUNDED;
    if !over(record) || (rate.predicted && family.is_some_and(|row| !over(row))) {
        return Ok(None);
    }
    let shown = |row: &RecordRow| show::percent(at(row) / rate.peak);
    let models = if record.kind == kind(false) { "dense models" } else { "mixtures" };
    let on = match (own, family) {
        (Some(_), _) => String::new(),
        (None, Some(_)) => format!("its family, with none of {} itself: ", rate.chip.id),
        (None, None) => "any chip, with none of this family: ".to_owned(),
    };
    let (of, width) = (format!("{models} on {on}{}", record.chip), &record.width);
    let more = family.filter(|row| row.chip != record.chip && at(row) / at(record) > ROUNDED);
    let more = more.map(|row| format!("; on {} of its family it is {} ({})", row.chip, shown(row), row.id));
    Ok(Some(format!(
        "an MFU of {share} passes the highest that is published of {of} in {width}: {} of the {} peak by 6ND, {}{}",
        shown(record),
        rate.basis,
        who(record),
        more.unwrap_or_default()
    )))
}

/// Whose a record is.
fn who(record: &RecordRow) -> String {
    let chips = record.chips.map(|chips| format!(" on {} chips", show::number(chips, 7))).unwrap_or_default();
    let counted = show::counted(record.rows, record.what.as_str());
    let of = if record.rows == 1 { "the only one".to_owned() } else { format!("of {counted}") };
    let month = record.date.get(..7).unwrap_or(&record.date);
    format!("{}{chips}, {month} ({}; {}, {of})", record.model, record.source, record.id)
}
