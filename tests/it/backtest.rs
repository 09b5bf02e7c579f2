//! `flopbill backtest`: any file with the columns of the shipped rows, and what cannot be read is said.

use serde_json::Value;

use super::shell::Shell;

/// Korthikanti et al. 2022, arXiv:2205.05198, table 5: a 22B and a 175B model, and a row of someone else's.
const STEPS: &str = "\
id,source,model,layers,hidden,heads,ffn_hidden,vocab,seq_len,gpu,num_gpus,tp,pp,vpp,dp,micro_batch,global_batch_seqs,precision,recompute,seq_parallel,metric,value,attention_kernel
k-1,Korthikanti,22b,48,6144,64,24576,51200,2048,A100-80GB-SXM,8,8,1,1,1,4,4,fp16,full,false,iter_time_s,1.42,unfused
k-2,Korthikanti,22b,48,6144,64,24576,51200,2048,A100-80GB-SXM,8,8,1,1,1,4,4,fp16,selective,true,iter_time_s,1.1,unfused
k-3,Korthikanti,175b,96,12288,96,49152,51200,2048,A100-80GB-SXM,64,8,8,3,1,1,64,fp16,full,false,iter_time_s,18.13,unfused
o-1,Other,llama-3-8b,,,,,,8192,h100,8,,,,,,128,bf16,,,mfu,0.42,
";

const RUNS: &str = "\
id,model,date,params_b,active_params_b,tokens_b,layers,hidden,ffn_hidden,heads,kv_heads,vocab,seq_len,gpu,num_gpus,precision,gpu_hours,tier
a,Llama 3.1 405B,2024-07,405,405,15600,126,16384,53248,128,8,128256,8192,H100,16384,bf16,30840000,A
b,A small one,2024-01,7,7,2000,32,4096,11008,32,32,32000,4096,A100,256,bf16,180000,B
c,No tokens,2024-01,7,7,,32,4096,11008,32,32,32000,4096,A100,256,bf16,180000,A
";

fn rows<'a>(answer: &'a Value, path: &str) -> &'a Vec<Value> {
    answer.pointer(path).and_then(Value::as_array).unwrap_or_else(|| panic!("{path} in {answer}"))
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 * a.abs().max(1.0)
}

fn steps(text: impl AsRef<[u8]>) -> Value {
    let shell = Shell::new();
    shell.write("steps.csv", text);
    shell.json(&["backtest", "--steps", "steps.csv"])
}

#[test]
fn steps_have_signed_errors_and_sources_their_summary() {
    let answer = steps(STEPS);
    let all = rows(&answer, "/steps/rows");
    assert_eq!(all.iter().map(|row| row["id"].as_str().unwrap()).collect::<Vec<_>>(), ["k-1", "k-2", "k-3", "o-1"]);
    for row in all {
        assert!(near(number(row, "error"), number(row, "predicted_s") / number(row, "measured_s") - 1.0));
        assert!(number(row, "error").abs() < 0.25, "{row}");
    }
    assert_eq!(all[0]["measured_s"], 1.42);
    assert_eq!(all[0]["choices"].as_array().map(Vec::len), Some(1), "the number of the MLP's matrices: {}", all[0]);
    assert!(all[3]["choices"].to_string().contains("recompute"), "{}", all[3]);
    let sources = rows(&answer, "/steps/sources");
    let names: Vec<_> = sources.iter().map(|of| (of["source"].as_str().unwrap(), of["n"].as_u64().unwrap())).collect();
    assert_eq!(names, [("Korthikanti", 3), ("Other", 1)]);
    let errors: Vec<f64> = all[..3].iter().map(|row| number(row, "error")).collect();
    let mut absolute: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
    absolute.sort_by(f64::total_cmp);
    assert!(near(number(&sources[0], "bias"), errors.iter().sum::<f64>() / 3.0));
    assert!(near(number(&sources[0], "mean_abs_error"), absolute.iter().sum::<f64>() / 3.0));
    assert!(near(number(&sources[0], "median_abs_error"), absolute[1]));
    assert!(near(number(&sources[0], "max_abs_error"), absolute[2]));
    assert!(rows(&answer, "/steps/skipped").is_empty());
    assert_eq!(answer["runs"], Value::Null);
}

#[test]
fn neither_the_order_of_columns_nor_those_of_the_public_table_matter() {
    let plain = steps(STEPS);
    let turned: Vec<String> = STEPS
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let mut cells: Vec<&str> = line.split(',').collect();
            cells.reverse();
            format!("{},{}\r\n", cells.join(" , "), if index == 0 { "source_detail" } else { "\"a, b\"" })
        })
        .collect();
    let turned = steps(format!("\u{feff}{}", turned.concat()));
    assert_eq!(plain["steps"], turned["steps"]);
}

#[test]
fn rows_that_cannot_be_read_are_skipped_with_the_reason() {
    let head = STEPS.lines().next().unwrap();
    let good = STEPS.lines().nth(1).unwrap();
    let with = |old: &str, new: &str| good.replacen(old, new, 1);
    let text = [
        head.to_owned(),
        good.to_owned(),
        with("2048,A100-80GB-SXM", "2048,Z9000"),
        with(",8,8,1,", ",8,eight,1,"),
        with(",8,8,1,", ",8,-8,1,"),
        with(",8,8,1,", ",8,2.5,1,"),
        with("iter_time_s,1.42", "iter_time_s,"),
        with("iter_time_s,1.42", "iter_time_s,nan"),
        with("iter_time_s,1.42", "iter_time_s,1e999"),
        with("iter_time_s,1.42", "furlongs,1.42"),
        with(",8,8,1,", ",8,7,1,"),
        with(",48,6144,", ",999999999,6144,"),
        with("k-1", ""),
        with(",full,false,", ",some,false,"),
        with(",full,false,", ",full,perhaps,"),
        "short,row".to_owned(),
    ];
    let answer = steps(text.join("\n"));
    let reasons: Vec<&str> =
        rows(&answer, "/steps/skipped").iter().map(|row| row["reason"].as_str().unwrap()).collect();
    let ids: Vec<&str> = rows(&answer, "/steps/rows").iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(ids.starts_with(&["k-1"]) && ids.contains(&"row 12"), "{ids:?}: {reasons:?}");
    for part in [
        "Z9000",
        "tp: `eight`",
        "tp: `-8`",
        "tp: `2.5`",
        "value",
        "1e999",
        "furlongs",
        "recompute: `some`",
        "seq_parallel: `perhaps`",
        "line 4, tp",
        "gpu",
    ] {
        assert!(reasons.iter().any(|reason| reason.contains(part)), "{part}: {reasons:?}");
    }
    assert_eq!(ids.len() + reasons.len(), 15);
    assert!(reasons.iter().all(|reason| !reason.is_empty()));
}

#[test]
fn files_that_are_no_table_are_refused() {
    let shell = Shell::new();
    shell.write("empty.csv", "");
    shell.write("header.csv", STEPS.lines().next().unwrap());
    shell.write("latin.csv", b"id,gpu\nx,\xe9\n");
    shell.write("renamed.csv", "id,gpus,seq_len,metrics,value\na,h100,4096,mfu,0.4\n");
    shell.write("bytes.csv", [0u8; 300]);
    for option in ["--steps", "--runs"] {
        shell.refused(&["backtest", option, "empty.csv"], 3, &["empty.csv", "empty"]);
        shell.refused(&["backtest", option, "latin.csv"], 3, &["line 2", "UTF-8"]);
        shell.refused(&["backtest", option, "nowhere.csv"], 3, &["nowhere.csv"]);
        shell.refused(&["backtest", option, "."], 3, &["cannot read"]);
        shell.refused(&["backtest", option, "bytes.csv"], 3, &["no column"]);
    }
    shell.refused(&["backtest", "--steps", "header.csv"], 3, &["no rows"]);
    shell.write("typo.csv", "id,gpu,seq_len,metric,value,micro_batchs,remark\na,h100,4096,mfu,0.4,1,x\n");
    shell.refused(&["backtest", "--steps", "typo.csv"], 3, &["`micro_batchs`", "`micro_batch`", "`remark`"]);
    shell.refused(&["backtest", "--steps", "renamed.csv"], 3, &["`gpu`", "`gpus`", "`metric`", "`metrics`"]);
}

#[test]
fn runs_have_ranges_and_a_summary() {
    let shell = Shell::new();
    shell.write("runs.csv", RUNS);
    let answer = shell.json(&["backtest", "--runs", "runs.csv"]);
    let all = rows(&answer, "/runs/rows");
    assert_eq!(all.iter().map(|row| row["tier"].as_str().unwrap()).collect::<Vec<_>>(), ["A", "B"]);
    for row in all {
        let [p10, p50, p90] = ["p10", "p50", "p90"].map(|key| number(row, key));
        assert!(p10 < p50 && p50 < p90 && near(p50 * p50, p10 * p90), "{row}");
        assert!((0.4..2.5).contains(&(p50 / number(row, "published_gpu_hours"))), "{row}");
    }
    let summary = &answer["runs"]["summary"];
    let ratio = (number(&all[0], "p50") / number(&all[0], "published_gpu_hours")).ln().abs();
    assert_eq!(summary["n"], 1);
    assert_eq!(number(summary, "within_1_25"), f64::from(ratio <= 1.25f64.ln()));
    assert_eq!(number(summary, "within_2"), f64::from(ratio <= 2f64.ln()));
    assert_eq!(rows(&answer, "/runs/skipped")[0]["reason"], "tokens_b is blank");
    assert_eq!(answer["steps"], Value::Null);
}

#[test]
fn a_left_out_source_has_another_error() {
    let shell = Shell::new();
    let second = STEPS.lines().skip(1).take(3).map(|line| line.replace("k-", "m-").replace("Korthikanti", "Mine"));
    shell.write("steps.csv", format!("{STEPS}{}\n", second.collect::<Vec<_>>().join("\n").replace(",1.42,", ",1.6,")));
    let answer = shell.json(&["backtest", "--steps", "steps.csv", "--leave-one-out"]);
    assert!(rows(&answer, "/steps/rows").iter().all(|row| row["error_left_out"].is_number()));
    assert_eq!(rows(&answer, "/steps/leave_one_out/sources").len(), 3);
    shell.formats(&["backtest", "--steps", "steps.csv", "--leave-one-out"]);
}

#[test]
fn sweeps_over_layouts_have_a_rank_correlation() {
    let row = |index: usize, tp: u32, pp: u32, seconds: f64| {
        let dp = 64 / tp / pp;
        format!(
            "s-{index},S,m,48,8192,64,32768,51200,2048,A100-80GB-SXM,64,{tp},{pp},1,{dp},1,256,fp16,full,true,iter_time_s,{seconds},unfused"
        )
    };
    let layouts = [(1, 16), (2, 8), (4, 4), (8, 2), (2, 4), (4, 2), (8, 4), (4, 8)];
    let table = |seconds: &dyn Fn(usize) -> f64| {
        let rows = layouts.iter().enumerate().map(|(index, (tp, pp))| row(index, *tp, *pp, seconds(index)));
        format!("{}\n{}\n", STEPS.lines().next().unwrap(), rows.collect::<Vec<_>>().join("\n"))
    };
    let first = steps(table(&|_| 10.0));
    let predicted: Vec<f64> = rows(&first, "/steps/rows").iter().map(|row| number(row, "predicted_s")).collect();
    assert_eq!(predicted.len(), layouts.len());
    let same = steps(table(&|index| predicted[index]));
    assert_eq!(rows(&same, "/steps/sweeps")[0]["rank_correlation"], 1);
    let turned = steps(table(&|index| 1.0 / predicted[index]));
    assert_eq!(rows(&turned, "/steps/sweeps")[0]["rank_correlation"], -1);
}

#[test]
fn columns_say_what_a_row_s_software_and_layout_are() {
    let head = STEPS.lines().next().unwrap();
    let good = STEPS.lines().nth(1).unwrap();
    let extra = ["", "nemo", "megatron-2022", "nobody-s"];
    let more = extra.map(|stack| format!("{good},{stack},,"));
    let framework = |name: &str| format!("{good},,{name},");
    let zero = format!("{good},,,3");
    let text = format!(
        "{head},stack,framework,zero\n{}\n{}\n{}\n{zero}\n",
        more.join("\n"),
        framework("NeMo 25.09"),
        framework("my own")
    );
    let answer = steps(text);
    let skipped = rows(&answer, "/steps/skipped");
    assert!(skipped.len() == 1 && skipped[0]["reason"].as_str().unwrap().contains("nobody-s"), "{skipped:?}");
    let seconds: Vec<f64> = rows(&answer, "/steps/rows").iter().map(|row| number(row, "predicted_s")).collect();
    let [blank, named, early, nemo, own, sharded] = seconds[..] else { panic!("{seconds:?}") };
    assert!(named < early, "what a stack overlaps shows: {seconds:?}");
    assert_eq!((blank, nemo), (early, named), "unfused attention is of 2022 where nobody says, and a framework says");
    assert_eq!((own, sharded > 0.0), (blank, true), "a framework that nobody knows says nothing");
    let older = steps(format!("{head},stack,framework,zero\n{}\n", framework("NeMo 25.05")));
    let older = number(&rows(&older, "/steps/rows")[0], "predicted_s");
    assert!(older > named, "its version is a release, and this one is older than the stack's: {older} {named}");
}

/// Where no column names the software, the notes and the source of a row do, and a paper dates it.
#[test]
fn a_row_s_texts_name_its_software() {
    let head = "id,source,source_detail,model,seq_len,gpu,num_gpus,tp,pp,dp,micro_batch,global_batch_seqs,precision,recompute,metric,value,framework,stack,notes";
    let row = |source: &str, detail: &str, framework: &str, stack: &str, notes: &str| {
        format!(
            "a,{source},{detail},llama-3-70b,4096,h100,64,4,4,4,1,64,bf16,none,iter_time_s,9,{framework},{stack},{notes}"
        )
    };
    let time = |row: String| number(&rows(&steps(format!("{head}\n{row}\n")), "/steps/rows")[0], "predicted_s");
    let named = |stack: &str| time(row("Someone", "", "", stack, ""));
    let (old, core, megascale) = (named("megatron-2021"), named("megatron-core"), named("megascale"));
    assert!(old != core && core != megascale, "{old} {core} {megascale}");
    let noted = |notes: &str, source: &str| time(row(source, "", "", "", notes));
    assert_eq!(noted("the Megatron-LM baseline of the table", "MegaScale"), core, "notes before the source");
    assert_eq!(noted("", "MegaScale (NSDI24)"), megascale);
    assert_eq!(noted("", "A paper on Megatron-LM (arXiv 2104.04473)"), old, "the paper dates it");
    assert_eq!(noted("", "NVIDIA NeMo-Framework-Launcher"), named("nemo"), "a part between hyphens is a word");
    let unsaid = named("");
    for (notes, source) in [("FSDP for DP; as DeepSpeed does", "Someone"), ("", "Nemotron-4 15B"), ("", "xMegaScaled")]
    {
        assert_eq!(noted(notes, source), unsaid, "{notes} {source}");
    }
    assert_eq!(time(row("MegaScale", "", "Megatron-Core", "", "NeMo")), core, "its column before all others");
}

/// A row gets what `estimate` answers for the same question.
#[test]
fn a_row_is_answered_as_the_same_question_of_a_user() {
    let shell = Shell::new();
    let head = "id,source,model,seq_len,gpu,num_gpus,tp,pp,dp,micro_batch,global_batch_seqs,precision,recompute,metric,value,stack";
    let rows = [
        ("llama-3-8b", "h100", "tuned", "2,1,8,1", "full", "bf16", 16, 4096, 64),
        ("llama-3-70b", "h200", "tuned", ",,,", "", "bf16", 250, 8192, 512),
        ("llama-3-70b", "h100", "", ",4,,", "", "fp8", 256, 8192, 512),
        ("deepseek-v3", "h800", "deepseek", "1,16,,", "", "fp8", 2048, 4096, 15360),
        ("deepseek-v3", "h20", "torchtitan", ",,,", "", "bf16", 1024, 4096, 8192),
    ];
    let line = |(model, gpu, stack, degrees, recompute, precision, chips, seq, batch): &(
        &str,
        &str,
        &str,
        &str,
        &str,
        &str,
        u32,
        u32,
        u32,
    )| {
        format!(
            "{model}-{gpu},x,{model},{seq},{gpu},{chips},{degrees},{batch},{precision},{recompute},iter_time_s,9,{stack}"
        )
    };
    shell.write("steps.csv", format!("{head}\n{}\n", rows.iter().map(line).collect::<Vec<_>>().join("\n")));
    let answer = shell.json(&["backtest", "--steps", "steps.csv"]);
    let predicted = self::rows(&answer, "/steps/rows");
    assert_eq!(predicted.len(), rows.len(), "{answer}");
    for (row, (model, gpu, stack, degrees, recompute, precision, chips, seq, batch)) in predicted.iter().zip(rows) {
        let [chips, seq, batch] = [chips.to_string(), seq.to_string(), format!("{batch}seq")];
        let mut asked: Vec<String> = ["estimate", "--model", model, "--gpu", gpu, "--chips", &chips, "--seq-len", &seq]
            .into_iter()
            .chain(["--global-batch", &batch, "--precision", precision, "--tokens", "1T"])
            .map(str::to_owned)
            .collect();
        let fields = ["layout.tp", "layout.pp", "layout.dp", "layout.micro_batch", "layout.recompute", "stack"];
        for (field, value) in fields.iter().zip(degrees.split(',').chain([recompute, stack])) {
            if !value.is_empty() {
                asked.extend(["--set".to_owned(), format!("{field}={value}")]);
            }
        }
        let user = shell.json(&asked.iter().map(String::as_str).collect::<Vec<_>>());
        let seconds = number(&user["result"], "step_seconds");
        assert!(near(number(row, "predicted_s"), seconds), "{model} on {gpu}: {row} {seconds}");
    }
}

/// The fields that ranges are judged by, dense models and mixtures apart, in sample and with each source left out.
#[test]
fn every_range_is_scored() {
    let shell = Shell::new();
    let one = |source: &str, id: &str, seconds: f64| {
        format!(
            "{id},{source},mixtral-8x7b,,,,,,4096,h100,64,2,1,1,32,1,256,bf16,selective,true,iter_time_s,{seconds},\n"
        )
    };
    let mixtures = [("Other", "o-2", 7.0), ("Other", "o-3", 7.5), ("Third", "t-1", 6.0)];
    let mixtures: String = mixtures.map(|(source, id, seconds)| one(source, id, seconds)).concat();
    shell.write("steps.csv", format!("{STEPS}{mixtures}"));
    shell.write("runs.csv", RUNS);
    let asked = ["backtest", "--steps", "steps.csv", "--runs", "runs.csv"];
    let answer = shell.json(&[&asked[..], &["--leave-one-out", "--after", "1"]].concat());
    for path in ["/steps/rows", "/runs/rows"] {
        for row in rows(&answer, path) {
            let [p10, p50, p90] = ["p10", "p50", "p90"].map(|key| number(row, key));
            assert!(0.0 < p10 && p10 < p50 && p50 < p90, "{row}");
        }
    }
    for path in ["/steps/sources", "/steps/leave_one_out/sources"] {
        let all = rows(&answer, path);
        let of_other: Vec<bool> =
            all.iter().filter(|of| of["source"] == "Other").map(|of| of["moe"].as_bool().unwrap()).collect();
        assert_eq!(of_other, [false, true], "a source's dense models and mixtures are apart: {path}");
        assert!(all.iter().all(|of| (0.0..=1.0).contains(&number(of, "coverage_80")) && number(of, "crps") > 0.0));
    }
    for path in ["/steps/kinds", "/steps/leave_one_out/kinds"] {
        let names: Vec<&str> = rows(&answer, path).iter().map(|kind| kind["kind"].as_str().unwrap()).collect();
        assert_eq!(names, ["dense", "moe"], "{path}");
        assert!(rows(&answer, path).iter().all(|kind| number(kind, "crps") > 0.0 && kind["coverage_80"].is_number()));
    }
    let after = rows(&answer, "/steps/after_one/kinds");
    assert!(after.iter().any(|kind| kind["kind"] == "dense") && after.iter().any(|kind| kind["kind"] == "moe"));
    for kind in after.iter().chain(rows(&answer, "/steps/after_one/sources")) {
        assert!((0.0..1.0).contains(&number(kind, "k")) && number(kind, "mean_abs_error_before") > 0.0, "{kind}");
    }
    let plain = shell.json(&asked);
    assert!(plain["steps"].get("after_one").is_none() && plain["steps"]["leave_one_out"].is_null());
    assert!(answer["runs"]["summary"]["coverage_80"].is_number());
}
