//! `flopbill layout`: the ranking is of what fits, adds up, keeps what was settled, and refuses with reasons.

use flopbill::internals::answer::layouts::RESERVE;
use flopbill::internals::ask::usual::{Batch, usual};
use flopbill::internals::catalog::Catalog;
use flopbill::internals::hardware::precision::{Precision, States};
use flopbill::internals::layout::fixed::Fixed;
use flopbill::internals::layout::parallelism::Layout;
use flopbill::internals::layout::search::{Space, Timing, search};
use flopbill::internals::model::flops::Kernel;
use flopbill::internals::model::memory::Autograd;
use flopbill::internals::units::{Bytes, ChipSeconds, Seconds};
use serde_json::Value;

use super::shell::Shell;

const SMALL: [&str; 8] = ["layout", "llama-3-8b", "--gpu", "h100", "--chips", "16", "--global-batch", "64"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SMALL.iter().chain(more).copied().collect()
}

fn number(value: &Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} in {value}"))
}

#[test]
fn layouts_are_ranked_fit_and_add_up() {
    let shell = Shell::new();
    let answer = shell.json(&with(&["--top", "12"]));
    let result = &answer["result"];
    let counts = ["considered", "fit", "timed"].map(|key| number(result, key));
    assert!(counts[0] > counts[1] && counts[1] >= counts[2] && counts[2] >= 12.0, "{counts:?}");
    let layouts = result["layouts"].as_array().unwrap();
    assert_eq!(layouts.len(), 12);
    let steps: Vec<f64> = layouts.iter().map(|layout| number(layout, "step_s")).collect();
    assert!(steps.is_sorted(), "{steps:?}");
    for layout in layouts {
        let step = number(layout, "step_s");
        let parts = layout["breakdown"].as_object().unwrap().values().map(|part| number(part, "seconds"));
        assert!((parts.sum::<f64>() / step - 1.0).abs() < 1e-9, "{layout}");
        let memory = layout["memory_gb"].as_object().unwrap();
        let held: f64 = memory
            .iter()
            .filter(|(key, _)| !matches!(key.as_str(), "total" | "capacity"))
            .map(|(_, gb)| gb.as_f64().unwrap())
            .sum();
        assert!((held / number(&layout["memory_gb"], "total") - 1.0).abs() < 1e-9);
        assert!(held <= number(&layout["memory_gb"], "capacity"));
        let degrees = ["tp", "pp", "cp", "dp"].map(|key| number(layout, key));
        let chips: f64 = degrees.iter().product();
        assert!(chips <= 16.0, "{layout}");
        // 64 sequences of 8,192 tokens, as its own run has them
        let rate = 64.0 * number(&answer, "seq_len") / chips / step;
        assert!((number(layout, "tokens_per_s_per_chip") / rate - 1.0).abs() < 1e-9);
        assert!((0.05..0.75).contains(&number(layout, "mfu")), "{layout}");
        let limit = &layout["limited_by"];
        let largest = number(&layout["breakdown"][limit["part"].as_str().unwrap()], "seconds");
        assert!((largest / step - number(limit, "share")).abs() < 1e-9);
    }
    shell.formats(&with(&[]));
}

#[test]
fn what_is_settled_stays_and_is_never_faster() {
    let shell = Shell::new();
    let best = shell.json(&SMALL)["result"]["layouts"][0].clone();
    let settled = ["--tp", "4", "--pp", "2", "--micro-batch", "2", "--recompute", "full", "--zero", "0"];
    let answer = shell.json(&with(&settled));
    for layout in answer["result"]["layouts"].as_array().unwrap() {
        let degrees = ["tp", "pp", "micro_batch", "zero"].map(|key| number(layout, key));
        assert_eq!((degrees, layout["recompute"].as_str().unwrap()), ([4.0, 2.0, 2.0, 0.0], "full"));
        assert!(number(layout, "step_s") >= number(&best, "step_s"));
    }
    let same = ["tp", "pp", "cp", "ep", "dp", "vpp"].map(|key| (format!("--{key}"), best[key].to_string()));
    let same: Vec<&str> = same.iter().flat_map(|(flag, degree)| [flag.as_str(), degree.as_str()]).collect();
    assert_eq!(shell.json(&with(&same))["result"]["layouts"][0], best);
}

/// All layouts take as long, so that none is passed over.
struct Alike;

impl Timing for Alike {
    fn least(&mut self, _: &Layout) -> ChipSeconds {
        ChipSeconds::ZERO
    }

    fn bound(&mut self, _: &Layout) -> Seconds {
        Seconds::ZERO
    }

    fn time(&mut self, _: &Layout) -> Seconds {
        Seconds::new(1.0)
    }
}

/// Every layout has exactly one TP: the searches over each of them see as many as the search over all.
#[test]
fn settled_searches_part_the_whole_one() {
    let shape = Catalog::built_in().model("mixtral-8x7b").unwrap().shape;
    let space = Space {
        shape: &shape,
        chips: 32,
        global_batch: 64,
        seq_len: 4096,
        precision: Precision::Bf16,
        states: States::Mixed,
        kernel: Kernel::Fused,
        autograd: Autograd::Fused,
        ends_stay: false,
        cut: flopbill::internals::layout::stages::CutBy::Even,
        domain: 8,
        node: 8,
        memory: Bytes::from_gb(80.0),
        reserve: RESERVE,
    };
    let counts = |fixed: Fixed| match search(&space, &fixed, 1, Alike) {
        Ok(found) => (found.considered, found.fit),
        Err(_) => (0, 0),
    };
    let sum = |parts: Vec<Fixed>| parts.into_iter().map(counts).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let all = counts(Fixed::default());
    assert!(all.1 > 100, "{all:?}");
    assert_eq!(sum([1, 2, 4, 8].map(|tp| Fixed { tp: Some(tp), ..Fixed::default() }).to_vec()), all);
    assert_eq!(sum([1, 2, 4, 8].map(|ep| Fixed { ep: Some(ep), ..Fixed::default() }).to_vec()), all);
    assert_eq!(sum([1, 2, 4, 8, 16].map(|b| Fixed { micro_batch: Some(b), ..Fixed::default() }).to_vec()), all);
    // A settled DP need not be one that the search would try.
    let settled = sum((1..=32).map(|dp| Fixed { dp: Some(dp), ..Fixed::default() }).collect());
    assert!(settled.0 >= all.0 && settled.1 >= all.1, "{settled:?} {all:?}");
}

/// A search for one may pass over what cannot be the best; a search for all may not: both find the same.
#[test]
fn passing_over_layouts_never_loses_the_best() {
    let shell = Shell::new();
    for schedule in ["1f1b", "interleaved", "zero-bubble", "dualpipe"] {
        let first = |top: &str| {
            let more = ["--schedule", schedule, "--global-batch", "256", "--top", top];
            let answer =
                shell.json(&[&["layout", "mixtral-8x7b", "--gpu", "h100", "--chips", "64"], &more[..]].concat());
            (answer["result"]["layouts"][0].clone(), answer["result"]["timed"].as_u64().unwrap())
        };
        let ((one, few), (all, many)) = (first("1"), first("1000"));
        assert_eq!(one, all, "{schedule}");
        assert!(few <= many, "{schedule}: {few} {many}");
    }
}

#[test]
fn what_does_not_fit_says_by_how_much_and_what_would() {
    let shell = Shell::new();
    let args = |chips: &'static str| {
        ["layout", "llama-3-70b", "--gpu", "h100", "--chips", chips, "--global-batch", "64", "--seq-len", "4096"]
    };
    let says = shell.refused(&args("8"), 1, &["no layout on 8 chips fits", "GB more than", "chips fit", "GB or more"]);
    let enough = says.split(" chips fit,").next().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(["16", "32"].contains(&enough.as_str()), "{says}");
    let enough: &'static str = enough.leak();
    assert!(!shell.json(&args(enough))["result"]["layouts"].as_array().unwrap().is_empty());
    // A settled layout that does not fit, where another of the same chips does.
    shell.refused(
        &with(&["--dp", "16", "--zero", "0", "--recompute", "none"]),
        1,
        &["GB more than", "TP 4 makes it fit"],
    );
}

#[test]
fn impossible_questions_name_the_field() {
    let shell = Shell::new();
    shell.refused(&with(&["--tp", "3"]), 1, &["layout.tp: 3 does not divide 32 attention heads"]);
    shell.refused(&with(&["--ep", "2"]), 1, &["layout.ep", "experts"]);
    shell.refused(&with(&["--tp", "8", "--pp", "4"]), 1, &["TP 8 x PP 4 needs more than the 16 chips"]);
    shell.refused(&with(&["--tp", "0"]), 2, &["--tp"]);
    shell.refused(&with(&["--tp", "x"]), 2, &["--tp"]);
    shell.refused(&with(&["--schedule", "gpipe"]), 2, &["--schedule", "dualpipe"]);
    shell.refused(&with(&["--schedule", "dualpipe", "--vpp", "2"]), 1, &["help"]);
    shell.refused(&with(&["--seq-len", "0"]), 2, &["--seq-len"]);
    shell.refused(&with(&["--precision", "fp99"]), 2, &["--precision", "bf16"]);
    let a100 = ["layout", "llama-3-8b", "--gpu", "a100", "--chips", "16"];
    shell.refused(&[&a100[..], &["--precision", "fp8"]].concat(), 2, &["fp8"]);
    shell.refused(&[&a100[..4], &["--chips", "0"]].concat(), 2, &["chips"]);
    shell.refused(&a100[..4], 2, &["number of chips"]);
    shell.refused(&[&a100[..], &["--global-batch", "many"]].concat(), 2, &["--global-batch", "tokens"]);
    shell.refused(&[&a100[..], &["--global-batch", "-3"]].concat(), 2, &["--global-batch"]);
    shell.refused(&[&a100[..], &["--global-batch", "7seq", "--dp", "8"]].concat(), 1, &["layout.global_batch: 7"]);
    shell.refused(&["layout", "llama-3-8c", "--gpu", "h100", "--chips", "8"], 2, &["llama-3-8b"]);
}

#[test]
fn a_config_json_is_a_model() {
    let shell = Shell::new();
    let config = r#"{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096,
        "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "vocab_size": 128256, "tie_word_embeddings": false, "hidden_act": "silu"}"#;
    shell.write("config.json", config);
    let mut args = with(&["--seq-len", "8192"]);
    args[1] = "./config.json";
    let own = shell.json(&args);
    assert_eq!(own["result"], shell.json(&with(&["--seq-len", "8192"]))["result"]);
    shell.write("config.json", r#"{"model_type": "bert"}"#);
    assert_ne!(shell.run(&args).status.code(), Some(0));
}

#[test]
fn batches_are_sequences_or_tokens() {
    let catalog = Catalog::built_in();
    let size = |text: &str, chips| usual("nothing", &catalog, Some(4096), Some(Batch::parse(text).unwrap()), chips);
    assert_eq!(size("2048", 8).unwrap().sequences, 2048);
    // 4e6 / 4096 = 976.56: the nearest that 1,024 and 2,048 chips share is 1,024
    assert_eq!(size("4M tokens", 1024).unwrap().sequences, 1024);
    assert_eq!(size("4M tokens", 2048).unwrap().sequences, 1024);
    assert_eq!(size("4194304 tokens", 8).unwrap().sequences, 1024);
    assert_eq!(size("2K sequences", 8).unwrap().sequences, 2000);
    assert!(size("0.5", 8).is_err() && size("1e12", 8).is_err() && Batch::parse("tokens").is_err());
    // DeepSeek-V3's report: 15,360 sequences of 4K
    let own = usual("deepseek-v3", &catalog, None, None, 2048).unwrap();
    assert_eq!((own.seq_len, own.sequences), (4096, 15_360));
    assert!(own.said.iter().all(|said| said.contains("deepseek-v3")), "{:?}", own.said);
}
