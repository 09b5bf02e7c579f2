//! What a planner holds a run against: the highest MFU, generations of chips, tokens a parameter, a site's power.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flopbill::internals::answer::answer;
use flopbill::internals::calibration::backtest::{Known, resolve};
use flopbill::internals::catalog::Kind;
use flopbill::internals::hardware::precision::Precision;
use flopbill::internals::input::question::Question;
use flopbill::internals::model::flops::{Causality, Choice, Counting, per_token};
use flopbill::internals::rows::steps;
use flopbill::internals::source::SourceKind;

use super::doors::catalog;

/// A published rate: what a chip does of a model's FLOPs.
struct Rate {
    row: String,
    model: String,
    chips: f64,
    /// 6ND FLOP/s of a chip.
    rate: f64,
    /// Of its dense 16-bit peak.
    mfu: f64,
    /// The same with causal attention counted and embeddings left out, where the shape is known.
    causal: Option<f64>,
    date: String,
    what: &'static str,
    source: String,
}

/// The classes of a record: chip, family, width of the matrix work, kind of model.
type Class = (String, String, &'static str, &'static str);

fn width(precision: Precision) -> &'static str {
    match precision {
        Precision::Fp8 | Precision::Mxfp8 | Precision::Int8 => "8-bit",
        Precision::Fp4 => "4-bit",
        _ => "16-bit",
    }
}

fn kind(mixture: bool) -> &'static str {
    if mixture { "mixture" } else { "dense" }
}

/// Every published rate by its class: steps that are fitted or held out, and runs whose hours were published.
fn rates() -> BTreeMap<Class, Vec<Rate>> {
    let mut found: BTreeMap<Class, Vec<Rate>> = BTreeMap::new();
    let mut known = Known::new(catalog()).unwrap();
    for row in steps::shipped().unwrap() {
        let Ok(case) = resolve(&row, &mut known) else { continue };
        let setting = &case.setting;
        let chip = catalog().chip_of_a_table(&row.gpu).unwrap().0.chip;
        let Ok(peak) = chip.peak_of(chip.training_precision()) else { continue };
        let tokens = f64::from(case.layout.global_batch) * f64::from(case.layout.seq_len);
        let chips = case.layout.chips() as f64;
        let pace = tokens / chips / case.measured.get();
        let counted = Choice::Terms { causality: Causality::Causal, counting: Counting::Model };
        let causal = per_token(&setting.model.shape, case.layout.seq_len, counted).total().get();
        let rate = 6.0 * setting.active.get() * pace;
        let class = (chip.id.clone(), chip.architecture.clone(), width(setting.precision), kind(case.is_moe()));
        found.entry(class).or_default().push(Rate {
            row: row.id.clone(),
            model: row.model.clone(),
            chips,
            rate,
            mfu: rate / peak.get(),
            causal: Some(causal * pace / peak.get()),
            date: row.month().map(|month| month.to_string()).unwrap_or_default(),
            what: "step",
            source: row.source.clone(),
        });
    }
    for id in catalog().ids(Kind::Runs) {
        let Ok(found_run) = answer(&Question::about(&id, catalog()).unwrap(), catalog()) else { continue };
        let (spec, Some(profile)) = (&found_run.spec, &found_run.chip) else { continue };
        let chip = &profile.chip;
        let told = spec.reported.as_ref().and_then(|reported| reported.tier.clone()).unwrap_or_default();
        let assumed = ["run.gpu_hours", "run.gpu"].iter().any(|path| {
            spec.sources.0.iter().any(|(key, source)| key == path && source.kind == SourceKind::Assumption)
        });
        let by_hours = spec.mfu.is_none() && (spec.gpu_hours.is_some() || !spec.phases.is_empty());
        let (Some(mfu), true) = (found_run.estimate.mfu, by_hours && !assumed && ["A", "B"].contains(&told.as_str()))
        else {
            continue;
        };
        let (Ok(peak), Some(basis)) = (chip.peak_of(chip.training_precision()), found_run.basis) else { continue };
        let rate = mfu.get() * chip.peak_of(basis).unwrap().get();
        let precision = spec.precision.as_ref().map_or(chip.training_precision(), |entry| entry.value);
        let class = (chip.id.clone(), chip.architecture.clone(), width(precision), kind(spec.active_params.is_some()));
        let source = spec.sources.0.iter().find(|(key, _)| key == "run").map(|(_, source)| source.title.clone());
        found.entry(class).or_default().push(Rate {
            row: id.clone(),
            model: spec.name.clone().unwrap_or_default(),
            chips: spec.chips.as_ref().map_or(f64::NAN, |chips| chips.value.get()),
            rate,
            mfu: rate / peak.get(),
            causal: None,
            date: spec.date.map(|date| date.to_string()).unwrap_or_default(),
            what: "run",
            source: source.unwrap_or_default(),
        });
    }
    found
}

fn table() -> String {
    let mut text = String::from(
        "id,chip,family,width,kind,tflops_6nd,mfu_6nd,mfu_causal,model,chips,what,date,rows,sources,source\n",
    );
    for ((chip, family, width, kind), mut all) in rates() {
        all.sort_by(|a, b| b.rate.total_cmp(&a.rate));
        let sources: std::collections::BTreeSet<&str> = all.iter().map(|rate| rate.source.as_str()).collect();
        let best = &all[0];
        let causal = best.causal.map(|causal| format!("{causal:.4}")).unwrap_or_default();
        let chips = if best.chips.is_nan() { String::new() } else { format!("{}", best.chips) };
        writeln!(
            text,
            "{},{chip},{family},{width},{kind},{:.2},{:.4},{causal},{},{chips},{},{},{},{},\"{}\"",
            best.row,
            best.rate / 1e12,
            best.mfu,
            best.model,
            best.what,
            best.date,
            all.len(),
            sources.len(),
            best.source.replace('"', "'")
        )
        .unwrap();
    }
    text
}

/// The table of records is what the shipped rows give; `RECORDS=overwrite` writes it anew.
#[test]
fn the_records_are_those_of_the_rows() {
    let path = "profiles/measurements/records.csv";
    let made = table();
    if std::env::var_os("RECORDS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap().replace('\r', ""), made, "RECORDS=overwrite writes {path} anew");
}
