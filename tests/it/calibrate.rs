//! `flopbill calibrate`: refits move predictions towards what was measured, and say what they cannot settle.

use std::fs;

use flopbill::internals::calibration::microbench::{predicted, settle};
use flopbill::internals::calibration::refit::reproduce;
use flopbill::internals::catalog::Catalog;
use flopbill::internals::catalog::measurement::{Collective, Measurement, Operation, Work, read};
use flopbill::internals::hardware::precision::Precision;
use flopbill::internals::read::Document;
use flopbill::internals::rows::steps;
use flopbill::internals::step::efficiency::Factors;
use flopbill::internals::step::machine::Machine;
use flopbill::internals::units::Seconds;
use serde_json::Value;

use super::shell::Shell;

fn machine() -> Machine {
    Machine::of(&Catalog::built_in().accelerator("h100-sxm").unwrap().chip).unwrap()
}

fn works() -> Vec<Work> {
    let gemm = |precision, m, n, k| Work::Gemm { m, n, k, precision };
    let attention = |seq_len, backward| Work::Attention { batch: 2.0, heads: 32.0, seq_len, head_dim: 128.0, backward };
    let gather = |kind, bytes| Work::Collective { kind, bytes, ranks: 8.0 };
    vec![
        gemm(Precision::Bf16, 8192.0, 8192.0, 8192.0),
        gemm(Precision::Bf16, 4096.0, 14336.0, 4096.0),
        gemm(Precision::Fp8, 8192.0, 8192.0, 8192.0),
        Work::Copy { bytes: 2e9 },
        attention(4096.0, false),
        attention(8192.0, false),
        attention(4096.0, true),
        Work::Launch { kernels: 1000.0 },
        gather(Collective::AllGather, 1e9),
        gather(Collective::AllReduce, 1e9),
    ]
}

/// What a chip with these factors would take.
fn measured(factors: &Factors) -> Measurement {
    let machine = machine();
    let timed = |kind: Work| Operation { kind, seconds: predicted(&kind, &machine, factors) };
    Measurement {
        name: "made by the model".into(),
        gpu: "h100-sxm".into(),
        date: "2026-11-24".into(),
        versions: Vec::new(),
        operations: works().into_iter().map(timed).collect(),
    }
}

/// The script's file format.
fn toml(measured: &Measurement) -> String {
    let Measurement { name, gpu, date, .. } = measured;
    let mut text = format!("name = \"{name}\"\ngpu = \"{gpu}\"\ndate = {date}\n");
    for Operation { kind, seconds } in &measured.operations {
        text += &match kind {
            Work::Gemm { m, n, k, precision } => {
                format!("[[gemm]]\nm = {m}\nn = {n}\nk = {k}\nprecision = \"{precision}\"\n")
            }
            Work::Copy { bytes } => format!("[[copy]]\nbytes = {bytes}\n"),
            Work::Attention { batch, heads, seq_len, head_dim, backward } => format!(
                "[[attention]]\nbatch = {batch}\nheads = {heads}\nseq_len = {seq_len}\nhead_dim = {head_dim}\npass = \"{}\"\n",
                if *backward { "backward" } else { "forward" }
            ),
            Work::Launch { kernels } => format!("[[launch]]\nkernels = {kernels}\n"),
            Work::Collective { kind, bytes, ranks } => format!(
                "[[collective]]\nkind = \"{}\"\nbytes = {bytes}\nranks = {ranks}\n",
                if *kind == Collective::AllReduce { "all-reduce" } else { "all-gather" }
            ),
        };
        text += &format!("seconds = {:e}\n", seconds.get());
    }
    text
}

/// Other values than the profile's, within the bounds.
fn other() -> Factors {
    let base = Catalog::built_in().factors("hopper").unwrap().calibration.factors;
    Factors {
        gemm: 0.6,
        gemm_fp8: 0.5,
        attention_forward: 0.66,
        attention_backward: 0.35,
        memory: 0.81,
        scale_up: 0.73,
        launch: 5e-6,
        ..base
    }
}

#[test]
fn single_operations_give_back_the_factors_they_were_made_with() {
    let base = Catalog::built_in().factors("hopper").unwrap().calibration;
    let (factors, settled) = settle(&measured(&other()), &machine(), &base, &[]).unwrap();
    assert_eq!(settled.len(), 7);
    for (found, made) in factors.values().into_iter().zip(other().values()) {
        assert!((found / made - 1.0).abs() < 1e-6, "{found} is not {made}");
    }
    for one in &settled {
        assert!(one.error_before > 0.02 && one.error_after < 1e-6 && !one.on_bound, "{one:?}");
    }
    let (factors, settled) = settle(&measured(&other()), &machine(), &base, &["memory".into()]).unwrap();
    assert_eq!((settled.len(), factors.gemm), (1, base.factors.gemm));
}

#[test]
fn a_measurement_file_gives_back_the_factors_and_a_profile() {
    let shell = Shell::new();
    shell.write("own.toml", toml(&measured(&other())));
    let answer = shell.json(&["calibrate", "--from", "own.toml", "--write", "mine"]);
    let factor = |name: &str| {
        let all = answer["factors"].as_array().unwrap();
        all.iter().find(|one| one["factor"] == name).unwrap_or_else(|| panic!("{name} in {answer}"))["new"].clone()
    };
    for (name, made) in [("gemm", 0.6), ("memory", 0.81), ("attention_backward", 0.35), ("launch", 5e-6)] {
        assert!((factor(name).as_f64().unwrap() / made - 1.0).abs() < 1e-4, "{name}: {answer}");
    }
    shell.formats(&["calibrate", "--from", "own.toml"]);
    let catalog = Catalog::with_folders(vec![shell.path("mine")]);
    let written = catalog.factors("hopper").unwrap();
    assert!((written.calibration.factors.gemm - 0.6).abs() < 1e-4);
    assert!(written.sources.of("factors.gemm").unwrap().title.contains("own.toml"));
    // Every other factor is as it was.
    let text = fs::read_to_string(shell.path("mine/factors/hopper.toml")).unwrap();
    let old = Catalog::built_in().find(flopbill::internals::catalog::Kind::Factors, "hopper").unwrap().document.text;
    let values = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("value =")).map(str::to_owned).collect()
    };
    let (new, old) = (values(&text), values(&old));
    assert_eq!(new.len(), old.len());
    assert_eq!(new.iter().filter(|line| !old.contains(line)).count(), 7);
    let layout = ["layout", "llama-3-8b", "--gpu", "h100", "--chips", "8", "--top", "1"];
    let step = |answer: &Value| answer["result"]["step_seconds"].as_f64().unwrap();
    let own = shell.json(&[&layout[..], &["--profiles", "mine"]].concat());
    assert!(step(&own) > step(&shell.json(&layout)), "products reach less of the peak, so a step takes longer");
}

#[test]
fn a_wrong_measurement_file_names_the_place() {
    let shell = Shell::new();
    let good = toml(&measured(&other()));
    let refused = |text: String, words: &[&str]| {
        shell.write("own.toml", text);
        shell.refused(&["calibrate", "--from", "own.toml"], 3, words);
    };
    refused(good.replacen("m = 8192", "m = -1", 1), &["own.toml:", "`m`"]);
    refused(good.replacen("seconds = ", "second = ", 1), &["seconds"]);
    refused(good.replacen("\"bf16\"", "\"bf61\"", 1), &["bf16"]);
    refused(good.replacen("name = ", "nom = ", 1), &["name"]);
    refused("name = 3".into(), &["name"]);
    shell.write("own.toml", "name = \"x\"\ngpu = \"h100\"\ndate = 2026-11-24\n");
    shell.refused(&["calibrate", "--from", "own.toml"], 2, &["[[gemm]]"]);
    shell.write("own.toml", &good);
    shell.refused(&["calibrate", "--from", "own.toml", "--factor", "fabric"], 2, &["fabric", "gemm"]);
    shell.refused(&["calibrate", "--from", "own.toml", "--factor", "gem"], 2, &["did you mean `gemm`?"]);
    shell.write("own.toml", good.replace("h100-sxm", "a100-sxm-80gb"));
    shell.refused(&["calibrate", "--from", "own.toml"], 2, &["8-bit"]);
}

/// The README's example is what the reader reads.
#[test]
fn the_documented_file_can_be_read() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/measure/README.md")).unwrap();
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let read = read(&Document::new("README.md", example)).unwrap();
    assert_eq!(read.operations.len(), 5);
    assert!(read.operations.iter().all(|operation| operation.seconds > Seconds::ZERO));
}

/// Steps that take a tenth longer than the model says.
fn slow_steps() -> String {
    let head =
        "id,source,model,seq_len,gpu,num_gpus,tp,pp,dp,micro_batch,global_batch_seqs,precision,recompute,metric,value";
    let row = |index: usize, model: &str, tp: u32, value: f64| {
        format!("own-{index},mine,{model},8192,h100,16,{tp},1,{},1,64,bf16,full,iter_time_s,{value}", 16 / tp)
    };
    let table = |values: [f64; 3]| {
        let rows = [("llama-3-8b", 1), ("llama-3-8b", 2), ("llama-3-8b", 4)];
        let rows =
            rows.iter().zip(values).enumerate().map(|(index, ((model, tp), value))| row(index, model, *tp, value));
        format!("{head}\n{}\n", rows.collect::<Vec<_>>().join("\n"))
    };
    let shell = Shell::new();
    shell.write("steps.csv", table([1.0; 3]));
    let answer = shell.json(&["backtest", "--steps", "steps.csv"]);
    let predicted = |index: usize| answer["steps"]["rows"][index]["predicted_s"].as_f64().unwrap();
    table([0, 1, 2].map(|index| 1.1 * predicted(index)))
}

#[test]
fn own_steps_move_the_named_factors_alone() {
    let shell = Shell::new();
    shell.write("steps.csv", slow_steps());
    let answer = shell.json(&["calibrate", "--from", "steps.csv", "--factor", "gemm"]);
    let one = &answer["generations"][0];
    assert_eq!((&one["generation"], one["factors"].as_array().unwrap().len()), (&"hopper".into(), 1));
    let number = |path: &str| one.pointer(path).and_then(Value::as_f64).unwrap();
    assert!((number("/before/mean_abs_error") - 0.1 / 1.1).abs() < 1e-6);
    assert!(number("/after/mean_abs_error") < 0.7 * number("/before/mean_abs_error"), "{one}");
    assert!(number("/factors/0/new") < number("/factors/0/old"));
    shell.formats(&["calibrate", "--from", "steps.csv", "--factor", "gemm"]);
    let silent = shell.run(&["calibrate", "--from", "steps.csv"]);
    assert!(String::from_utf8_lossy(&silent.stderr).contains("`gemm` alone"), "the choice is said");
}

#[test]
fn refits_that_rows_cannot_settle_are_refused() {
    let shell = Shell::new();
    let steps = slow_steps();
    shell.write("steps.csv", &steps);
    let with = |file: &'static str, names: &[&'static str]| {
        let named = names.iter().flat_map(|name| ["--factor", *name]);
        ["calibrate", "--from", file].into_iter().chain(named).collect::<Vec<&str>>()
    };
    shell.refused(&with("steps.csv", &["gemm", "memory", "fabric", "eager"]), 2, &["not 4"]);
    shell.refused(&with("steps.csv", &["gem"]), 2, &["did you mean `gemm`?"]);
    let one: Vec<&str> = steps.lines().take(2).collect();
    shell.write("one.csv", one.join("\n"));
    shell.refused(&with("one.csv", &["gemm", "memory"]), 2, &["2 factors", "there are 1"]);
    shell.write("none.csv", one.join("\n").replace("h100", "z9000"));
    shell.refused(&with("none.csv", &["gemm"]), 2, &["no measured step", "z9000"]);
    shell.refused(&["calibrate", "--factor", "gemm"], 2, &["--from"]);
}

/// Factors fitted to a part of the rows are not those of all.
#[test]
fn a_refit_to_other_rows_is_not_called_the_same() {
    let rows: Vec<_> = steps::shipped().unwrap().into_iter().filter(|row| row.id.starts_with("sc21t2")).collect();
    assert!(!rows.is_empty());
    let (report, all) = reproduce(&rows, &Catalog::built_in()).unwrap();
    assert_eq!((report.fits.len(), all.len(), all[0].name.as_str()), (1, 1, "ampere"));
    assert!(!all[0].reproduced);
    assert!(all[0].compared.iter().filter(|one| !one.fitted).all(|one| one.same), "what is held stays");
}

#[test]
fn every_fitted_factor_says_how_well_it_is_known() {
    // Ascend has few rows, so that its priors show; the fit of one family does not see the others.
    let rows: Vec<_> = steps::shipped().unwrap().into_iter().filter(|row| row.gpu.starts_with("Ascend")).collect();
    let catalog = Catalog::built_in();
    let (_, all) = reproduce(&rows, &catalog).unwrap();
    let [one] = all.as_slice() else { panic!("{} families", all.len()) };
    let priors = catalog.factors("ascend").unwrap().calibration.priors;
    for (factor, prior) in one.compared.iter().zip(priors) {
        assert_eq!(factor.spread.is_some(), factor.fitted, "{factor:?}");
        // Rows add to what the prior knows; the logistic's slope is that of the end, not of the prior.
        let known = factor.spread.is_none_or(|spread| spread > 0.0 && spread < 1.001 * prior.spread);
        assert!(known, "{factor:?} beside {}", prior.spread);
    }
    let settled = |few: usize| {
        let some: Vec<_> = rows.iter().take(few).cloned().collect();
        let (_, all) = reproduce(&some, &catalog).unwrap();
        all[0].compared[0].spread.unwrap()
    };
    assert!(settled(rows.len()) < settled(4), "more rows settle more");
}
