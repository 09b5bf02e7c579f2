//! The step model against measured steps and published runs: ratchets, to be tightened and never loosened.
//!
//! The eight rows of Korthikanti et al. are in no fit, so that the committed factors test them; each other source is left
//! out of a fit in turn.

use std::collections::BTreeMap;

use flopbill::internals::calibration::backtest::{self, Known, StepReport, StepResult, summary};
use flopbill::internals::calibration::calibrate::{calibrate, refit_some};
use flopbill::internals::catalog::Catalog;
use flopbill::internals::rows::steps::{Fit, StepRow};
use flopbill::internals::rows::{runs as run_rows, steps};
use flopbill::internals::step::efficiency::NAMES;
use flopbill::internals::uncertainty::score::coverage;

use super::shell::Shell;

/// The rows peers quote: DP = 1, so the last of the source, on eight times the chips, is not among them.
const KORTHIKANTI: &str = "kor22-";
const NOT_QUOTED: &str = "kor22-009";

fn shipped() -> Vec<StepRow> {
    steps::shipped().unwrap()
}

fn committed(rows: &[StepRow]) -> StepReport {
    let catalog = Catalog::built_in();
    backtest::steps(rows, &mut Known::new(&catalog).unwrap())
}

fn errors<'a>(rows: impl IntoIterator<Item = &'a StepResult>) -> Vec<f64> {
    rows.into_iter().map(|row| row.error).collect()
}

/// Fails where a figure is worse than it was.
#[track_caller]
fn at_most(what: &str, figure: f64, limit: f64) {
    assert!(figure <= limit, "{what}: {:.2} %, was at most {:.2} %", figure * 100.0, limit * 100.0);
}

/// The mean of the sources' mean errors; a source is an identifier up to its number.
fn over_sources(rows: &[&StepResult]) -> f64 {
    let mut sources = BTreeMap::<&str, Vec<&StepResult>>::new();
    for row in rows {
        sources.entry(row.id.rsplit_once('-').map_or("", |(source, _)| source)).or_default().push(row);
    }
    let means = sources.values().map(|rows| summary(&errors(rows.iter().copied()))[0]);
    means.sum::<f64>() / sources.len() as f64
}

/// Fails where fewer than 70 % of the rows lie inside their 80 % range, or more than a share: too wide is wrong too.
#[track_caller]
fn covered(what: &str, rows: &[&StepResult], most: f64) {
    let share = rows.iter().filter(|row| row.covers()).count() as f64 / rows.len() as f64;
    assert!((0.7..=most).contains(&share), "{what}: {:.1} % inside the 80 % range", share * 100.0);
}

/// Rank correlation of Spearman, without ties to speak of.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let ranks = |values: &[f64]| -> Vec<f64> {
        let below = |x: &f64| values.iter().filter(|y| *y < x).count() as f64;
        values.iter().map(below).collect()
    };
    let (a, b) = (ranks(a), ranks(b));
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(&a), mean(&b));
    let product =
        |x: &[f64], mx: f64, y: &[f64], my: f64| -> f64 { x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum() };
    product(&a, ma, &b, mb) / (product(&a, ma, &a, ma) * product(&b, mb, &b, mb)).sqrt()
}

#[test]
fn every_shipped_row_is_read() {
    let rows = shipped();
    assert_eq!(rows.len(), 722 + 1440);
    let report = committed(&rows);
    assert_eq!(report.skipped, []);
    assert!(report.rows.iter().all(|row| row.predicted_s.is_finite() && row.predicted_s > 0.0));
}

#[test]
fn korthikanti_is_predicted_from_other_sources() {
    let rows: Vec<StepRow> = shipped().into_iter().filter(|row| row.id.starts_with(KORTHIKANTI)).collect();
    assert!(rows.iter().all(|row| row.fit == Fit::HeldOut));
    let report = committed(&rows);
    let quoted = report.rows.iter().filter(|row| row.id != NOT_QUOTED);
    let errors = errors(quoted);
    assert_eq!(errors.len(), 8);
    let [mean, _, max, _] = summary(&errors);
    at_most("Korthikanti table 5, mean", mean, 0.025);
    at_most("Korthikanti table 5, largest", max, 0.06);
}

#[test]
fn the_fitted_sources_in_sample() {
    let rows: Vec<StepRow> =
        shipped().into_iter().filter(|row| row.fit == Fit::Yes && row.source != "vTrain, MICRO 2024").collect();
    let report = committed(&rows);
    let (mixtures, dense): (Vec<_>, Vec<_>) = report.rows.iter().partition(|row| row.moe);
    let [mean, median, ..] = summary(&errors(dense.iter().copied()));
    at_most("dense, mean", mean, 0.064);
    at_most("dense, median", median, 0.045);
    at_most("dense, mean over sources", over_sources(&dense), 0.07);
    at_most("mixtures of experts, mean", summary(&errors(mixtures.iter().copied()))[0], 0.19);
    at_most("mixtures of experts, mean over sources", over_sources(&mixtures), 0.174);
    covered("dense", &dense, 0.91);
    covered("mixtures of experts", &mixtures, 0.91);
    let sweep: Vec<&StepResult> = report.rows.iter().filter(|row| row.id.starts_with("bloompre-")).collect();
    let (measured, predicted): (Vec<f64>, Vec<f64>) = sweep.iter().map(|row| (row.measured_s, row.predicted_s)).unzip();
    let correlation = rank_correlation(&measured, &predicted);
    assert!(correlation >= 0.825, "BLOOM's layouts are ranked with a correlation of {correlation:.3}");
    let v3 = report.rows.iter().find(|row| row.id == "ds-001").unwrap();
    at_most("DeepSeek-V3's step of 19.926 s", v3.error.abs(), 0.08);
}

#[test]
fn whole_runs_of_tier_a() {
    let catalog = Catalog::built_in();
    let mut known = Known::new(&catalog).unwrap();
    let report = backtest::runs(&run_rows::shipped().unwrap(), &mut known);
    let summary = report.summary;
    assert_eq!(summary.n, 25);
    assert!(summary.within_1_25 >= 0.65, "{summary:?}");
    assert!(summary.within_1_5 >= 0.90, "{summary:?}");
    let covered = coverage((summary.coverage_80 * summary.n as f64).round() as u64, summary.n as u64).unwrap();
    assert!(covered.agrees_with(0.8), "{summary:?}");
    let v3 = report.rows.iter().find(|row| row.id == "deepseek-v3-pretrain").unwrap();
    at_most("DeepSeek-V3's hours", (v3.p50 / v3.published_gpu_hours - 1.0).abs(), 0.15);
}

#[test]
fn calibration_reproduces_the_committed_factors() {
    // Blackwell has the fewest rows: the fit of one generation does not see the others.
    let rows: Vec<StepRow> = shipped().into_iter().filter(|row| row.gpu.contains("B200")).collect();
    let catalog = Catalog::built_in();
    let report = calibrate(&rows, &catalog).unwrap();
    let [fit] = report.fits.as_slice() else { panic!("{} generations", report.fits.len()) };
    let committed = catalog.factors("blackwell").unwrap().calibration.factors.values();
    assert_eq!(fit.on_bounds, Vec::<&str>::new());
    for ((name, fitted), committed) in NAMES.iter().zip(fit.factors.values()).zip(committed) {
        let off = (fitted / committed - 1.0).abs();
        assert!(off < 1e-3, "{name}: refitted {fitted}, committed {committed}");
    }
}

/// In seconds even in debug: the fits run side by side, and a family that a source has no rows of keeps its own.
#[test]
fn every_source_is_predicted_from_the_others() {
    let rows = shipped();
    let catalog = Catalog::built_in();
    let report = calibrate(&rows, &catalog).unwrap();
    assert_eq!(report.fits.len(), 7);
    for fit in &report.fits {
        let name = &fit.family;
        let committed = catalog.factors(name).unwrap().calibration.factors.values();
        let off = fit.factors.values().iter().zip(committed).map(|(a, b)| (a / b - 1.0).abs()).fold(0.0, f64::max);
        assert!(off < 1e-3, "{name} is off by {off}");
        assert!(fit.on_bounds.is_empty(), "{name}: {:?} on bounds", fit.on_bounds);
    }
    let partial = |row: &&StepResult| rows.iter().any(|known| known.id == row.id && known.fit != Fit::Partial);
    let complete: Vec<&StepResult> = report.leave_one_out.rows.iter().filter(partial).collect();
    let (mixtures, dense): (Vec<&StepResult>, Vec<&StepResult>) =
        complete.into_iter().filter(|row| row.source != "vts").partition(|row| row.moe);
    let [mean, median, ..] = summary(&errors(dense.iter().copied()));
    at_most("dense, one source left out, mean", mean, 0.077);
    at_most("dense, one source left out, median", median, 0.062);
    at_most("dense, one source left out, mean over sources", over_sources(&dense), 0.087);
    covered("dense, one source left out", &dense, 0.9);
    let [mean, ..] = summary(&errors(mixtures.iter().copied()));
    at_most("mixtures of experts, one source left out, mean", mean, 0.208);
    at_most("mixtures of experts, one source left out, mean over sources", over_sources(&mixtures), 0.186);
    covered("mixtures of experts, one source left out", &mixtures, 0.9);
    let after = |kind: &str, of: &str| {
        let kinds = report.after_one.kinds.iter();
        kinds.filter(|one| one.kind == kind && one.of == of).map(|one| one.scores).next().unwrap()
    };
    for (kind, of, limit) in
        [("dense", "within", 0.084), ("dense", "across", 0.084), ("moe", "within", 0.136), ("moe", "across", 0.214)]
    {
        let scores = after(kind, of);
        at_most(&format!("{kind} after one measured step {of} chip and model"), scores.mean_abs_error, limit);
        assert!((0.7..=0.9).contains(&scores.coverage_80), "{kind} {of}: {scores:?}");
    }
}

/// Ten layouts of one mixture on the same 256 chips, whose times nobody published; the order is what is known of them.
/// Routing is balanced by force. The last column is how tokens are dispatched.
const QWEN: &str = "\
id,tp,pp,vpp,cp,ep,dp,micro_batch,global_batch_seqs,seq_len,precision,recompute,seq_parallel,stack
layout-001,2,32,3,1,8,4,1,2048,4096,bf16,selective,yes,megatron-core-a2a
layout-002,4,8,4,1,8,8,1,2048,4096,bf16,none,yes,megatron-core-a2a
layout-003,2,8,4,1,32,16,1,2048,4096,bf16,selective,yes,megatron-core-a2a
layout-004,2,8,4,1,32,16,1,2048,4096,bf16,selective,yes,megatron-core
layout-005,2,8,1,1,8,16,1,2048,4096,bf16,selective,yes,megatron-core-a2a
layout-006,2,32,3,1,8,4,4,4096,4096,bf16,full,yes,megatron-core-a2a
layout-007,2,32,1,1,8,4,4,8192,4096,bf16,full,yes,megatron-core-a2a
layout-008,1,32,3,1,8,8,1,2048,4096,bf16,selective,no,megatron-core-a2a
layout-009,1,32,3,1,8,8,4,4096,4096,bf16,full,no,megatron-core-a2a
layout-010,1,32,3,1,8,8,8,8192,4096,bf16,full,no,megatron-core-a2a
";

#[test]
fn ten_layouts_of_a_mixture_are_in_their_order() {
    let shell = Shell::new();
    let line = |(index, line): (usize, &str)| match index {
        0 => format!("{line},source,model,gpu,num_gpus,metric,value"),
        _ => format!("{line},layouts,qwen3-235b-a22b,h800,256,tokens_per_s_per_gpu,1000"),
    };
    shell.write("layouts.csv", QWEN.lines().enumerate().map(line).collect::<Vec<_>>().join("\n"));
    let answer = shell.json(&["backtest", "--steps", "layouts.csv"]);
    let rows = answer["steps"]["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 10);
    // The measured time is that of 1,000 tokens a second and chip, so that the error tells how many are predicted.
    let rate = |row: &serde_json::Value| 1.0 / (row["error"].as_f64().unwrap() + 1.0);
    let mut ranked: Vec<(&str, f64)> = rows.iter().map(|row| (row["id"].as_str().unwrap(), rate(row))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let names: Vec<&str> = ranked.iter().map(|(id, _)| &id[7..]).collect();
    let place = |id: &str| names.iter().position(|name| *name == id).unwrap();
    let slower = ["001", "002", "003", "005", "006", "007"];
    for fast in ["009", "010"] {
        let slower = slower.iter().filter(|slow| place(slow) > place(fast)).count();
        assert_eq!(
            slower, 6,
            "{fast} is faster than every layout of tensor parallelism with a plain exchange: {names:?}"
        );
    }
    assert_eq!((names[8], names[9]), ("003", "002"), "{names:?}");
    assert_eq!(place("004"), 0, "node-aware dispatch of the same layout as 003: {names:?}");
}

/// llm.c's two runs of GPT-2 on one node of eight H100: the 1.6B model took 24 hours
/// (A. Karpathy 2024, github.com/karpathy/llm.c, discussion 677), the 124M model about 45 minutes.
#[test]
fn small_runs_on_one_node_are_within_a_quarter_of_what_they_took() {
    let shell = Shell::new();
    let most = 1.25;
    for (model, tokens, batch, [low, measured, high]) in [
        ("gpt2-xl", "33.55B", "1048576tok", [24.0 / most, 24.0, 24.0 * most]),
        ("gpt2", "10B", "524288tok", [0.54, 0.75, 1.05]),
    ] {
        let answer = shell.json(&[
            "estimate",
            "--model",
            model,
            "--gpu",
            "h100",
            "--chips",
            "8",
            "--tokens",
            tokens,
            "--global-batch",
            batch,
            "--seq-len",
            "1024",
        ]);
        let hours = |of: &str| answer["result"][of].as_f64().unwrap() / 8.0;
        let [p10, p50, p90] = ["gpu_hours_p10", "gpu_hours_p50", "gpu_hours_p90"].map(hours);
        assert!((low..=high).contains(&p50), "{model}: {p50} hours, and {measured} were measured");
        assert!((p10..=p90).contains(&measured), "{model}: {p10} to {p90} hours, and {measured} were measured");
    }
}

#[test]
fn a_users_rows_move_the_named_factors_alone() {
    let catalog = Catalog::built_in();
    let mut known = Known::new(&catalog).unwrap();
    let rows = shipped().into_iter().filter(|row| row.id.starts_with("mlmllama"));
    let cases: Vec<_> = rows.map(|row| backtest::resolve(&row, &mut known).unwrap()).collect();
    let base = catalog.factors("hopper").unwrap().calibration;
    let refitted = refit_some(&cases, &base, &["gemm_fp8"]).unwrap();
    let after: f64 = cases.iter().map(|case| case.error(&refitted).powi(2)).sum();
    let before: f64 = cases.iter().map(|case| case.error(&base.factors).powi(2)).sum();
    assert!(after < before, "{after} {before}");
    let moved = NAMES.iter().zip(refitted.values().into_iter().zip(base.factors.values()));
    let moved: Vec<&str> = moved.filter(|(_, (a, b))| a != b).map(|(name, _)| *name).collect();
    assert_eq!(moved, ["gemm_fp8"]);
    let unknown = refit_some(&cases, &base, &["gem"]).unwrap_err();
    assert_eq!(unknown.hint(), Some("did you mean `gemm`?"));
    assert!(refit_some(&cases, &base, &[]).is_err() && refit_some(&[], &base, &["gemm"]).is_err());
}

#[test]
fn rows_with_blanks_and_nonsense_do_not_crash() {
    let whole = shipped().into_iter().find(|row| row.id == "dgxc-126").unwrap();
    let blank = StepRow { id: "x-1".into(), ..StepRow::default() };
    let report = committed(&[blank]);
    assert_eq!(report.skipped.len(), 1);
    let cells: [fn(&mut StepRow) -> &mut Option<u32>; 17] = [
        |r| &mut r.layers,
        |r| &mut r.hidden,
        |r| &mut r.ffn_hidden,
        |r| &mut r.heads,
        |r| &mut r.kv_heads,
        |r| &mut r.vocab,
        |r| &mut r.seq_len,
        |r| &mut r.experts,
        |r| &mut r.num_gpus,
        |r| &mut r.tp,
        |r| &mut r.pp,
        |r| &mut r.vpp,
        |r| &mut r.cp,
        |r| &mut r.ep,
        |r| &mut r.dp,
        |r| &mut r.micro_batch,
        |r| &mut r.global_batch_seqs,
    ];
    let values = [None, Some(1), Some(3), Some(1_000_000), Some(1_000_000_000)];
    let mut rows = Vec::new();
    for cell in cells {
        for value in values {
            let mut row = whole.clone();
            *cell(&mut row) = value;
            rows.push(row);
        }
    }
    let report = committed(&rows);
    assert_eq!(report.rows.len() + report.skipped.len(), rows.len());
}

#[test]
fn a_part_of_less_power_is_slower() {
    let whole = shipped().into_iter().find(|row| row.id == "dgxc-126").unwrap();
    let part = StepRow { power_w: Some(500.0), ..whole.clone() };
    let named = StepRow { gpu: "H100-80GB-SXM-500W".into(), ..whole.clone() };
    let own = StepRow { gpu: "H100-96GB-HBM2e-500W".into(), ..whole.clone() };
    let report = committed(&[whole, part, named, own]);
    let [whole, part, named, own] = report.rows.as_slice() else { panic!("{:?}", report.skipped) };
    assert_eq!(part.predicted_s, named.predicted_s);
    // A part with a profile of its own has its power in the rates there, once, and slower memory.
    assert!((1.0..1.1).contains(&(own.predicted_s / part.predicted_s)), "{}", own.predicted_s);
    assert!(!own.choices.iter().any(|choice| choice.contains("power")), "{:?}", own.choices);
    // by hand: products, three quarters of the step, at sqrt(500 / 700) = 0.845 of the clock
    let slower = part.predicted_s / whole.predicted_s;
    assert!((1.12..1.19).contains(&slower), "{slower}");
    assert!(part.choices.iter().any(|choice| choice.contains("85 %")), "{:?}", part.choices);
}
