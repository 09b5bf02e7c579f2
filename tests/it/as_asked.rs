//! One question asked in two ways: both have the same answer, and neither is worse for more chips.

use flopbill::{ConvertRequest, EstimateReply, EstimateRequest, Goal, Input, PlanRequest};

use super::doors::catalog;

fn ask(input: Input) -> EstimateReply {
    EstimateRequest::new(input).ask(catalog()).unwrap()
}

fn days(input: Input) -> f64 {
    ask(input).result.wall_clock_days.unwrap()
}

/// Runs that do not say on how many chips they ran are held to a number of their own, not to the one that is asked for.
#[test]
fn days_never_rise_with_chips_where_the_run_does_not_say_its_own() {
    for (run, chip, counts) in [("llama-7b", "b200", [6128, 6136, 6144]), ("llama-3-70b", "h200", [1127, 1128, 1136])] {
        let on = counts.map(|chips| days(Input::about(run).gpu(chip).chips(chips)));
        assert!(on.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-12)), "{run}: {on:?}");
    }
    let found = ask(Input::about("llama-3-70b").gpu("b200").set("run.wall_clock", "23d")).result;
    let chips = found.chips.unwrap();
    assert_eq!(chips % 8.0, 0.0);
    let on = |chips: f64| days(Input::about("llama-3-70b").gpu("b200").chips(chips));
    assert_eq!(Some(on(chips)), found.wall_clock_days);
    assert!(on(chips) <= 23.0 && on(chips - 8.0) > 23.0);
}

/// Published hours contain their downtime on other chips too: a goodput moves the MFU and not the hours.
#[test]
fn a_goodput_of_a_published_run_leaves_its_hours_where_they_are() {
    for (gpu, chips) in [("h800", 2048), ("h800", 2056), ("h200", 2048)] {
        let plain = ask(Input::about("deepseek-v3").gpu(gpu).chips(chips)).result;
        let part = ask(Input::about("deepseek-v3").gpu(gpu).chips(chips).goodput("90%")).result;
        let close = |a: Option<f64>, b: f64| (a.unwrap() / b - 1.0).abs() < 1e-9;
        assert!(close(part.gpu_hours, plain.gpu_hours.unwrap()), "{part:?}");
        assert!(close(part.mfu, plain.mfu.unwrap() / 0.9), "{part:?}");
    }
    for kept in ["run.hold_hours", "run.keep_mfu"] {
        let part = ask(Input::about("deepseek-v3").gpu("h200").goodput("95%").set(kept, "true")).result;
        assert!((part.gpu_hours.unwrap() / 2.788e6 - 1.0).abs() < 1e-9, "{kept}: {part:?}");
    }
    // In so small a share of them no chip does the work: that is said, and no hours are added.
    let too_little = Input::about("deepseek-v3").gpu("h200").goodput("30%").set("run.hold_hours", "true");
    let error = EstimateRequest::new(too_little).ask(catalog()).unwrap_err();
    assert!(error.message().contains("115 %"), "{error}");
}

#[test]
fn a_p90_given_back_is_a_plan_of_the_same_chips() {
    for (model, gpu, chips) in [("llama-3-70b", "a100", 512), ("llama-2-7b", "h800", 16384)] {
        let asked = || Input::new().model(model).tokens("300B").gpu(gpu);
        let reply = ask(asked().chips(chips));
        // As JSON writes it, in fifteen digits.
        let by = format!("{}d", serde_json::to_value(&reply).unwrap()["result"]["wall_clock_days_p90"]);
        let held = PlanRequest::new(Goal::Chips, asked().by(by.clone())).ask(catalog()).unwrap();
        assert!(held.plan.chips.unwrap() <= f64::from(chips), "{model}: {held:?}");
        let kept = ask(asked().chips(chips).by(by.clone()).set("max_days_p90", by));
        let within = kept.ranges.unwrap().by.unwrap().finished.probability;
        assert!(kept.gates[0].kept && within >= 0.9, "{model}: {within}");
    }
}

/// A range of chips is laid out for each number, and each is whole.
#[test]
fn a_range_of_chips_holds_the_answers_on_them() {
    let range = ask(Input::about("deepseek-v3").chips("1024..4096")).result;
    assert!(range.gpu_hours_p10 < range.gpu_hours_p90, "{range:?}");
    for level in [range.chips, range.chips_p10, range.chips_p50, range.chips_p90] {
        assert_eq!(level.map(f64::fract), Some(0.0));
    }
}

#[test]
fn convert_answers_what_estimate_answers_also_where_something_is_held() {
    type Fields = &'static [(&'static str, &'static str)];
    let cases: [(&str, &str, Fields); 4] = [
        ("deepseek-v3", "h200", &[("run.wall_clock", "60d")]),
        ("llama-3.1-405b", "h200", &[("run.keep_mfu", "true"), ("run.chips", "4096")]),
        ("deepseek-v3", "h200", &[("run.gpu_hours", "3M")]),
        ("deepseek-v3", "h200", &[("run.goodput", "90%")]),
    ];
    for (run, chip, fields) in cases {
        let input = || fields.iter().fold(Input::about(run), |input, (path, text)| input.set(*path, *text));
        let moved = ConvertRequest::new(input(), chip).ask(catalog()).unwrap();
        assert_eq!(moved.result.gpu_hours, ask(input().gpu(chip)).result.gpu_hours, "{run} {fields:?}");
        let ratio = moved.to.gpu_hours / moved.from.gpu_hours;
        let held = moved.to.step.is_empty();
        assert!(!held || (moved.ratio == ratio && moved.same_layout.gpu_hours.is_none()), "{moved:?}");
    }
}

/// What is asked for as the run has it changes nothing; another model takes the work and leaves the rest.
#[test]
fn a_model_of_its_own_is_no_change_and_another_one_is_predicted() {
    let own = ask(Input::about("deepseek-v3")).result;
    for input in [Input::about("deepseek-v3").model("DeepSeek-V3"), Input::about("deepseek-v3").params("671B")] {
        assert_eq!(ask(input).result, own);
    }
    let shape = || Input::new().model("deepseek-v3").tokens("14.8T").gpu("h800").chips(2048);
    assert_eq!(ask(shape().params("671B")).result, ask(shape()).result);
    let other = ask(Input::about("deepseek-v3").model("llama-3-8b"));
    assert!(other.result.mfu_p90.unwrap() < 0.9 && other.published.is_none_or(|run| run.run != "deepseek-v3"));
    assert!(other.head.assumptions.iter().any(|text| text.contains("its own model's")));
}
