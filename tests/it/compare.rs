//! Comparisons: the factors explain the ratio exactly, from questions and from saved answers alike.

use flopbill::internals::answer::answer;
use flopbill::internals::ask::compare::{Difference, Side, Step, TARGETS, Target, difference, saved};
use flopbill::{Catalog, Question};

use crate::shell::Shell;

fn side(question: &Question) -> Side {
    Side::of(&answer(question, &Catalog::built_in()).unwrap())
}

fn run(name: &str) -> Question {
    Question::about(name, &Catalog::built_in()).unwrap()
}

/// The steps lead from one side to the other without a gap, and what they add is the difference.
fn add_up(a: &Side, b: &Side, found: &Difference) {
    let of = |side: &Side| match found.target {
        Target::Cost => side.result.cost_usd,
        Target::Bill => side.bill.as_ref().map(|bill| bill.total_usd),
        Target::Hours => side.result.gpu_hours,
        Target::Time => side.result.wall_clock_days,
    };
    let (from, to) = (of(a).unwrap(), of(b).unwrap());
    let mut at = from;
    for step in &found.steps {
        assert_eq!(step.from, at, "{} {}: {found:?}", a.name, b.name);
        at = step.to;
    }
    if found.steps.is_empty() {
        assert!((to / from - 1.0).abs() < 1e-7, "{} {}: {found:?}", a.name, b.name);
        return;
    }
    assert_eq!(at, to, "{} {}: {found:?}", a.name, b.name);
    // Each difference of two numbers is rounded to a part in 2^53 of them.
    let largest = found.steps.iter().map(|step| step.from.max(step.to)).fold(0.0, f64::max);
    let sum: f64 = found.steps.iter().map(Step::change).sum();
    let allowed = 1e-9 * (to - from).abs() + 1e-14 * largest;
    assert!((sum - (to - from)).abs() <= allowed, "{} {}: {sum} {}", a.name, b.name, to - from);
}

/// The product of the factors is the ratio, and their shares add up to one.
#[test]
fn the_factors_explain_the_ratio_exactly() {
    let catalog = Catalog::built_in();
    let mut sides: Vec<Side> = catalog
        .ids(flopbill::internals::catalog::Kind::Runs)
        .iter()
        .filter_map(|id| Some(Side::of(&answer(&Question::about(id, &catalog).ok()?, &catalog).ok()?)))
        .collect();
    let v3 = run("deepseek-v3");
    sides.push(side(&v3.clone().with("run.gpu", "b200").with("run.tokens", "20T")));
    sides.push(side(&v3.with("run.goodput", "80%").with("run.chips", "4096").with("price.rent", "$1/h")));
    sides.push(side(&Question::default().with("run.gpu_hours", "1M").with("run.chips", "64")));
    let mut compared = 0;
    for (a, b) in sides.iter().flat_map(|a| sides.iter().map(move |b| (a, b))) {
        for (target, _) in TARGETS {
            let Some(found) = difference(a, b, target) else { continue };
            add_up(a, b, &found);
            let product: f64 = found.factors.iter().map(|factor| factor.ratio).product();
            assert!((product / found.ratio - 1.0).abs() < 1e-7, "{} {}: {found:?}", a.name, b.name);
            let shares: f64 = found.factors.iter().map(|factor| factor.share).sum();
            if found.ratio.ln().abs() > 1e-3 {
                assert!((shares - 1.0).abs() < 1e-4, "{} {}: {found:?}", a.name, b.name);
            }
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn a_change_of_price_and_tokens_by_hand() {
    let v3 = run("llama-3.1-405b");
    let changed = v3.clone().with("run.tokens", "31.2T").with("price.rent", "$6.98/h");
    let found = difference(&side(&v3), &side(&changed), Target::Cost).unwrap();
    let ratio = |name: &str| found.factors.iter().find(|factor| factor.name == name).unwrap().ratio;
    assert!((ratio("tokens") - 2.0).abs() < 1e-9, "{found:?}");
    assert!((ratio("price") - 2.0).abs() < 1e-3, "{found:?}");
}

#[test]
fn a_saved_answer_compares_as_its_question_does() {
    let shell = Shell::new();
    let (v3, more) = (["estimate", "deepseek-v3"], ["estimate", "deepseek-v3", "--tokens", "20T", "--price", "$3/h"]);
    for (args, file) in [(&v3[..], "a.json"), (&more[..], "b.json")] {
        assert!(shell.run(&[args, &["-o", file]].concat()).status.success());
    }
    let read = |file: &str| saved(file, &std::fs::read_to_string(shell.path(file)).unwrap()).unwrap();
    let (a, b) = (read("a.json"), read("b.json"));
    let second = std::fs::read_to_string(shell.path("a.json")).unwrap();
    let first = second.replacen("\"schema_version\": 2", "\"schema_version\": 1", 1);
    assert_eq!(saved("a.json", &first).unwrap(), a, "an answer that version 0.1.0 saved is read");
    let asked = difference(
        &side(&run("deepseek-v3")),
        &side(&run("deepseek-v3").with("run.tokens", "20T").with("price.rent", "$3/h")),
        Target::Cost,
    );
    let (asked, found) = (asked.unwrap(), difference(&a, &b, Target::Cost).unwrap());
    assert!((asked.ratio / found.ratio - 1.0).abs() < 1e-12);
    for (asked, found) in asked.factors.iter().zip(&found.factors) {
        assert_eq!(asked.name, found.name);
        assert!((asked.ratio / found.ratio - 1.0).abs() < 1e-9, "{asked:?} {found:?}");
    }
    let json = shell.json(&["compare", "a.json", "b.json"]);
    let differences = json["result"]["differences"].as_array().unwrap();
    assert_eq!(differences.len(), 3);
    let cost = &differences[0];
    let product: f64 =
        cost["factors"].as_array().unwrap().iter().map(|factor| factor["ratio"].as_f64().unwrap()).product();
    assert!((product / cost["ratio"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{cost}");
}

/// Whatever was saved and has hours or a step can be set beside a run, whichever way it was asked.
#[test]
fn every_reply_with_a_result_compares() {
    let shell = Shell::new();
    let planned = ["plan", "chips", "deepseek-v3", "--by", "60d"];
    let saved = [
        (&planned[..], "plan chips"),
        (&["plan", "tokens", "deepseek-v3", "--gpu", "h800", "--budget", "$3M"], "plan tokens"),
        (
            &[
                "plan", "optimal", "--gpu", "h100", "--budget", "$10M", "--chips", "4096", "--days", "60", "--mfu",
                "40%",
            ],
            "plan optimal",
        ),
        (&["convert", "deepseek-v3", "--to", "h200"], "convert"),
        (&["layout", "deepseek-v3", "--gpu", "h800", "--chips", "2048"], "layout"),
        (&["fleet", "v3-again-on-h200"], "fleet"),
    ];
    for (args, command) in saved {
        let json = shell.json(args);
        assert_eq!(json["command"], command);
        shell.write("saved.json", json.to_string());
        let found = shell.json(&["compare", "deepseek-v3", "saved.json"]);
        for key in ["gpu_hours", "step_seconds"] {
            assert_eq!(
                found["sides"][1][key],
                json["result"].get(key).cloned().unwrap_or_default(),
                "{command}: {key}"
            );
        }
    }
    // The name of the command before it said which plan.
    let mut old = shell.json(&planned);
    old["command"] = "plan".into();
    shell.write("old.json", old.to_string());
    assert!(shell.json(&["compare", "deepseek-v3", "old.json"])["sides"][1]["gpu_hours"].is_number());
    for (args, says) in [
        (&["compare", "deepseek-v3", "deepseek-v3"][..], "it answers `compare`"),
        (&["policy", "h200"], "it answers `policy`"),
        (&["sweep", "deepseek-v3", "--vary", "gpu=h800"], "it answers `sweep`"),
    ] {
        shell.write("no.json", shell.json(args).to_string());
        shell.refused(&["compare", "deepseek-v3", "no.json"], 3, &[says]);
    }
}

/// The head says what the sides are made from: each value by its letter, each source once.
#[test]
fn the_head_of_a_comparison_and_of_a_sweep_says_what_they_are_made_from() {
    let shell = Shell::new();
    shell.write("v3.json", shell.json(&["estimate", "deepseek-v3", "--price", "$3/h"]).to_string());
    let found = shell.json(&["compare", "deepseek-v3", "v3.json"]);
    assert_eq!(found["inputs"]["A.price.rent"]["value"], 2);
    assert_eq!(found["inputs"]["B.price.rent"]["value"], 3);
    assert_eq!(found["inputs"]["B.run.wall_clock"], found["inputs"]["A.run.wall_clock"]);
    let paths: Vec<&str> =
        found["sources"].as_array().unwrap().iter().map(|source| source["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["A, B: run", "A, B: phase", "A: price.rent", "A, B: h800-sxm peak.dense.bf16"]);
    let alone = shell.json(&["estimate", "deepseek-v3"]);
    let swept = shell.json(&["sweep", "deepseek-v3", "--vary", "chips=1024,2048"]);
    assert_eq!((&swept["inputs"], &swept["sources"]), (&alone["inputs"], &alone["sources"]));
    // A base that has no answer of its own: the first point has the sources.
    let swept = shell.json(&["sweep", "--params", "37B", "--mfu", "40%", "--gpu", "h100", "--vary", "tokens=1T,2T"]);
    assert!(
        swept["inputs"]["run.params"]["value"] == 37e9 && swept["sources"].as_array().unwrap().len() == 1,
        "{swept}"
    );
}

#[test]
fn the_same_on_both_sides_has_no_reasons() {
    let json = Shell::new().json(&["compare", "deepseek-v3", "deepseek-v3"]);
    assert!(json["result"]["differences"].as_array().unwrap().iter().all(|found| found["ratio"] == 1));
    assert!(json["result"]["differences"][0]["factors"].as_array().unwrap().is_empty());
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let shell = Shell::new();
    shell.refused(&["compare", "deepseek-v3"], 2, &["nothing to compare with", "--gpu"]);
    let nine = "h800,h100,h200,b200,a100,h20,mi300x,b300,gb200";
    shell.refused(&["compare", "deepseek-v3", "--gpu", nine], 2, &["9 answers of --gpu", "at most 8"]);
    let both = ["compare", "deepseek-v3", "--gpu", "h800,h200,b200", "--region", "us,china,sweden"];
    shell.refused(&both, 2, &["9 answers of --gpu and --region", "flopbill sweep"]);
    let five = "h800,h100,h200,b200,a100";
    shell.refused(&["compare", "deepseek-v3", "llama-3.1-405b", "--gpu", five], 2, &["10 answers"]);
    shell.refused(
        &["compare", "deepseek-v3", "--gpu", "h200", "--region", "us,atlantis"],
        2,
        &["unknown region `atlantis`"],
    );
    shell.write("no.json", "{}");
    shell.write("half.json", "{\"command\": \"estimate\"");
    shell.write("old.json", "{\"command\": \"estimate\", \"schema_version\": 99}");
    for file in ["no.json", "half.json", "old.json", "missing.json"] {
        shell.refused(&["compare", "deepseek-v3", file], 3, &[file]);
    }
}

/// What one side does not know is said, and no word is lost on sides that are the same.
#[test]
fn a_verdict_is_of_what_all_sides_know() {
    let shell = Shell::new();
    let of = |args: &[&str], file: &str| {
        let output = shell.run(&[args, &["-o", file]].concat());
        assert_eq!(output.status.code(), Some(0));
    };
    of(&["layout", "llama-3-8b", "--gpu", "h100", "--chips", "64"], "layout.json");
    of(&["estimate", "deepseek-v3"], "run.json");
    let verdict = |sides: &[&str]| {
        let json = shell.json(&[&["compare"], sides].concat());
        json["result"]["verdict"].as_str().unwrap().to_owned()
    };
    let says = "Not all are priced and timed: the cost of A is not known; the wall-clock time of A is not known.";
    assert_eq!(verdict(&["layout.json", "deepseek-v3"]), says);
    assert_eq!(verdict(&["deepseek-v3", "run.json"]), "They are the same.");
    let saved = std::fs::read_to_string(shell.path("run.json")).unwrap();
    shell.write("below.json", saved.replacen("\"gpu_hours\": 2788000", "\"gpu_hours\": -5", 1));
    shell.refused(&["compare", "deepseek-v3", "below.json"], 3, &["below.json", "its gpu_hours is -5, below zero"]);
    shell.write("endless.json", saved.replacen("\"gpu_hours\": 2788000", "\"gpu_hours\": 1e999", 1));
    shell.refused(&["compare", "deepseek-v3", "endless.json"], 3, &["endless.json", "out of range"]);
    shell.refused(&["compare"], 2, &["nothing to compare with", "--gpu h800,h200"]);
}
