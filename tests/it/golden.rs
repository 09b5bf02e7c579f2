//! The figures the tool is known by, through the library; `cli.rs` asks the command for the same ones.

use flopbill::internals::answer::{Answer, answer};
use flopbill::internals::error::Kind;
use flopbill::internals::input::file::Origin;
use flopbill::internals::units::Chips;
use flopbill::{Catalog, Question};

fn ask(fields: &[(&'static str, &str)]) -> Answer {
    let question = fields.iter().fold(Question::default(), |question, (path, text)| question.with(path, *text));
    answer(&question, &Catalog::built_in()).unwrap()
}

fn deepseek() -> Answer {
    let catalog = Catalog::built_in();
    answer(&Question::about("deepseek-v3", &catalog).unwrap(), &catalog).unwrap()
}

#[track_caller]
fn close(value: f64, expected: f64, within: f64) {
    assert!((value - expected).abs() <= within, "{value} is not {expected} within {within}");
}

#[test]
fn deepseek_v3_is_what_its_authors_published() {
    let v3 = deepseek();
    let total = v3.estimate.total;
    close(total.held.gpu_hours(), 2_788_000.0, 1e-6);
    close(total.cost.unwrap().get(), 5_576_000.0, 1e-6);
    close(total.wall_clock.unwrap().days(), 2_788_000.0 / 2048.0 / 24.0, 1e-9); // 56.72
    let phases: Vec<(&str, f64)> = v3
        .scenario
        .phases
        .iter()
        .zip(&v3.estimate.phases)
        .map(|(phase, (_, account))| (phase.name.as_str(), account.held.gpu_hours().round()))
        .collect();
    assert_eq!(phases, [("pre-training", 2_664_000.0), ("context extension", 119_000.0), ("post-training", 5_000.0)]);
}

#[test]
fn deepseek_v3_s_mfu_is_implied_and_says_so() {
    let v3 = deepseek();
    // By hand: 6 x 37e9 x 14.8e12 / (2.664e6 x 3600 x 989.5e12) = 0.34623
    close(v3.estimate.mfu.unwrap().get(), 0.34623, 1e-5);
    assert_eq!(v3.basis.unwrap().name(), "bf16");
    assert!(matches!(v3.mfu_origin, Some(Origin::Solved(_))), "{:?}", v3.mfu_origin);
    assert!(v3.assumptions.iter().any(|line| line.contains("MFU 34.6 % of the dense bf16 peak")));
    assert_eq!(v3.estimate.flop.unwrap().get(), 6.0 * 37e9 * 14.8e12);
}

#[test]
fn a_deadline_gives_the_chips() {
    let plan =
        ask(&[("run.gpu_hours", "2.788M"), ("run.gpu", "h800"), ("price.rent", "$2/h"), ("run.wall_clock", "60d")]);
    close(plan.estimate.chips.unwrap().get(), 1936.1, 0.05); // by hand: 2.788e6 / (60 x 24) = 1936.11
    assert_eq!(plan.estimate.chips_in_whole_nodes, Some(Chips::new(1944.0))); // 243 nodes of 8
    close(plan.estimate.total.cost.unwrap().get(), 5_576_000.0, 1e-6);
}

#[test]
fn a_budget_gives_the_hours() {
    let plan = ask(&[("run.cost", "$5.576M"), ("price.rent", "$2/h"), ("run.gpu", "h800"), ("run.chips", "2048")]);
    close(plan.estimate.total.held.gpu_hours(), 2_788_000.0, 1e-6);
    close(plan.estimate.total.wall_clock.unwrap().days(), 56.72, 0.005);
}

#[test]
fn parameters_tokens_and_mfu_give_the_hours() {
    let plan = ask(&[
        ("run.params", "37B"),
        ("run.tokens", "14.8T"),
        ("run.mfu", "34.6%"),
        ("run.gpu", "h800"),
        ("run.chips", "2048"),
    ]);
    close(plan.estimate.total.held.gpu_hours(), 2.666e6, 500.0);
    assert!(matches!(plan.mfu_origin, Some(Origin::Flag(_))));
}

#[test]
fn mixtures_count_the_parameters_at_work() {
    let sparse = ask(&[
        ("run.params", "671B"),
        ("run.active_params", "37B"),
        ("run.tokens", "14.8T"),
        ("run.mfu", "34.6%"),
        ("run.gpu", "h800"),
    ]);
    assert_eq!(sparse.estimate.flop.unwrap().get(), 6.0 * 37e9 * 14.8e12);
}

#[test]
fn a_price_is_solved_from_a_cost() {
    let plan = ask(&[("run.cost", "$5.576M"), ("run.gpu_hours", "2.788M")]);
    close(plan.scenario.terms.price.unwrap().usd_per_hour(), 2.0, 1e-12);
}

#[test]
fn tokens_are_solved_from_hours_and_mfu() {
    let plan =
        ask(&[("run.gpu_hours", "2.664M"), ("run.active_params", "37B"), ("run.mfu", "34.6%"), ("run.gpu", "h800")]);
    let tokens = plan.solved.knowns.get(flopbill::internals::solve::Var::Tokens).unwrap();
    close(tokens, 14.79e12, 0.005e12); // by hand: 2.664e6 x 3600 x 989.5e12 x 0.346 / (6 x 37e9)
}

#[test]
fn a_contradiction_is_refused_with_both_numbers() {
    let question =
        Question::default().with("run.gpu_hours", "2.788M").with("run.chips", "2048").with("run.wall_clock", "30d");
    let error = answer(&question, &Catalog::built_in()).unwrap_err();
    assert_eq!(error.kind(), Kind::NoSolution);
    // By hand: 2048 x 30 x 24 = 1,474,560
    for part in ["2.788M GPU-hours", "1.475M GPU-hours"] {
        assert!(error.message().contains(part), "{error}");
    }
}

#[test]
fn what_agrees_is_confirmed() {
    let plan = ask(&[("run.gpu_hours", "2.788M"), ("run.chips", "2048"), ("run.wall_clock", "56.72d")]);
    assert!(plan.solved.confirmed().any(|relation| relation.contains("chips x wall-clock")));
}

#[test]
fn too_little_says_what_would_settle_it() {
    let question = Question::default().with("run.gpu", "h800").with("run.chips", "2048");
    let error = answer(&question, &Catalog::built_in()).unwrap_err();
    assert_eq!(error.kind(), Kind::NoSolution);
    assert!(error.hint().unwrap().contains("--days"), "{error}");
}

#[test]
fn another_chip_keeps_the_mfu_where_asked_and_says_it_is_not_converted() {
    let catalog = Catalog::built_in();
    let question = Question::about("deepseek-v3", &catalog).unwrap().with("run.keep_mfu", true);
    let moved = answer(&question.with("run.gpu", "b200"), &catalog).unwrap();
    let hours = moved.estimate.phases[0].1.held.gpu_hours();
    let peaks = |name: &str| catalog.accelerator(name).unwrap().chip.peak.bf16.unwrap();
    close(hours, 2_664_000.0 * (peaks("h800") / peaks("b200")), 1e-3);
    assert!(moved.assumptions.iter().any(|line| line.contains("is assumed, not converted")), "{:?}", moved.assumptions);
}

#[test]
fn another_chip_converts_the_hours_by_the_step_model() {
    let catalog = Catalog::built_in();
    let v3 = Question::about("deepseek-v3", &catalog).unwrap();
    let stayed = answer(&v3, &catalog).unwrap();
    let moved = answer(&v3.with("run.gpu", "h200"), &catalog).unwrap();
    let step = moved.moved().expect("the step model knows both chips");
    assert!(step.ratio < 1.0, "an H200 has the H800's peak, faster memory and links: {step:?}");
    let ratio = moved.estimate.total.held / stayed.estimate.total.held;
    close(ratio, step.ratio, 1e-9);
    assert!(moved.assumptions.iter().any(|line| line.contains("moved by the step model")), "{:?}", moved.assumptions);
    assert_eq!(moved.prepared.ranges().len(), 1, "a moved run has a range");
}

#[test]
fn an_mfu_over_the_peak_is_refused_and_hours_per_trillion_are_recognised() {
    let question = Question::default()
        .with("run.gpu_hours", "180K")
        .with("run.active_params", "37B")
        .with("run.tokens", "14.8T")
        .with("run.gpu", "h800");
    let error = answer(&question, &Catalog::built_in()).unwrap_err();
    assert!(error.message().contains("more than the chip's peak"), "{error}");
    assert!(error.hint().unwrap().contains("per trillion tokens"), "{error}");
}

#[test]
fn an_mfu_follows_the_basis_it_is_asked_for_on() {
    let catalog = Catalog::built_in();
    let on = |fields: &[(&'static str, &str)]| {
        let question = Question::about("deepseek-v3", &catalog).unwrap().with("run.keep_mfu", true);
        let question = fields.iter().fold(question, |question, (path, text)| question.with(path, *text));
        answer(&question, &catalog).unwrap().estimate
    };
    let fp8 = on(&[("run.mfu_basis", "fp8")]);
    close(fp8.total.held.gpu_hours(), 2_788_000.0, 1e-6); // the same run
    close(fp8.mfu.unwrap().get(), 0.34623 / 2.0, 1e-5); // of a peak twice as high
    let moved = on(&[("run.gpu", "b200"), ("run.mfu_basis", "fp8")]);
    close(moved.mfu.unwrap().get(), 0.34623 / 2.0, 1e-5);
}

#[test]
fn more_tokens_take_more_hours_and_a_deadline_takes_more_chips() {
    let catalog = Catalog::built_in();
    let with = |path: &'static str, text: &str| {
        answer(&Question::about("deepseek-v3", &catalog).unwrap().with(path, text), &catalog).unwrap().estimate
    };
    // By hand: twice 2,664K, and the other phases as they were.
    close(with("run.tokens", "29.6T").total.held.gpu_hours(), 5_452_000.0, 1e-3);
    // Laid out anew on the fewest whole nodes, which take a little less than the time; as numbers, exactly it.
    let soon = with("run.wall_clock", "30d");
    assert!(soon.chips.unwrap().get() % 8.0 == 0.0 && (25.0..=30.0).contains(&soon.total.wall_clock.unwrap().days()));
    let held = Question::about("deepseek-v3", &catalog).unwrap().with("run.hold_hours", true);
    let soon = answer(&held.with("run.wall_clock", "30d"), &catalog).unwrap().estimate;
    close(soon.total.held.gpu_hours(), 2_788_000.0, 1e-6);
    close(soon.chips.unwrap().get(), 2_788_000.0 / 720.0, 1e-6);
    close(with("price.rent", "$3/h").total.cost.unwrap().get(), 8_364_000.0, 1e-6);
    let faster = with("run.mfu", "69%");
    close(faster.phases[0].1.held.gpu_hours(), 2_664_000.0 * 0.346227986450321 / 0.69, 1e-3);
    close(faster.phases[1].1.held.gpu_hours(), 119_000.0, 1e-6);
}

#[test]
fn phases_without_hours_are_worked_out_from_tokens_and_mfu() {
    let text = "name = \"Two\"\n[run]\ngpu = \"h800\"\nparams = \"7B\"\nmfu = \"40%\"\n\
                [[phase]]\nname = \"first\"\ntokens = \"1T\"\n[[phase]]\nname = \"second\"\ntokens = \"2T\"\n";
    let document = flopbill::internals::read::Document::new("two.toml", text);
    let found = flopbill::internals::catalog::Found { id: "two".into(), document, from_user: true };
    let base = flopbill::internals::input::file::spec(&found).unwrap();
    let two = answer(&Question { base, ..Question::default() }, &Catalog::built_in()).unwrap().estimate;
    // By hand: 6 x 7e9 x 1e12 / (989.5e12 x 0.4) / 3600 = 29,476 hours, and twice that
    close(two.phases[0].1.held.gpu_hours(), 29_476.2, 0.1);
    close(two.phases[1].1.held.gpu_hours(), 58_952.3, 0.1);
    close(two.total.held.gpu_hours(), 88_428.5, 0.1);
    close(two.flop.unwrap().get(), 6.0 * 7e9 * 3e12, 1e9);
}
