//! The front door: requests and replies without the command line.

use flopbill::{CompareRequest, ConvertRequest, EstimateRequest, ExplainRequest, Goal, Input, PlanRequest};

use flopbill::internals::sweep::Sweep;

use super::doors::catalog;

fn predicted() -> Input {
    Input::new().model("llama-3.1-8b").tokens("1T").gpu("h100").chips(516)
}

#[test]
fn gates_judge_the_bill_and_count_draws_without_an_answer() {
    let gates = |input: Input| EstimateRequest::new(input).ask(catalog()).unwrap().gates;
    let v3 = || Input::about("deepseek-v3").set("max_cost", "$6M");
    assert!(gates(v3())[0].kept, "the rent is $5.576M");
    let billed = gates(v3().set("bill", "rent"));
    assert!(!billed[0].kept && billed[0].value.unwrap() > 6e6, "{billed:?}");
    let mfu = |range: &str| Input::new().gpu("h200").params("70B").tokens("1T").chips(256).set("run.mfu", range);
    assert!(gates(mfu("30%..45%").set("max_days_p90", "70d"))[0].kept);
    let gate = &gates(mfu("30%..45%").set("max_days_p90", "40d"))[0];
    assert!(!gate.kept && gate.sentence.as_ref().unwrap().contains("p90"), "{gate:?}");
}

/// Gates and budgets speak of the same money: what nine draws in ten are below is kept in nine of ten.
#[test]
fn a_budget_is_for_the_whole_bill_where_there_is_one() {
    for view in ["rent", "own", "epoch"] {
        let asked = || Input::about("deepseek-v3").mfu("30%..42%").set("bill", view);
        let of = |input: Input| EstimateRequest::new(input).ask(catalog()).unwrap();
        let p90 = of(asked().set("max_cost_p90", "$1M")).gates[0].value.unwrap();
        let share = |money: f64| of(asked().budget(format!("${money}"))).ranges.unwrap().budget.unwrap();
        let kept = share(p90);
        assert!((kept.within.probability - 0.9).abs() < 2e-3 && kept.of == "the whole bill", "{view}: {kept:?}");
        assert_eq!(share(1000.0).within.probability, 0.0, "less than what no hour costs");
    }
    let rent = EstimateRequest::new(Input::about("deepseek-v3").mfu("30%..42%").budget("$1M")).ask(catalog()).unwrap();
    let kept = rent.ranges.unwrap().budget.unwrap();
    assert!(kept.within.probability == 0.0 && kept.of == "the rent of the chips", "{kept:?}");
}

#[test]
fn a_term_that_is_asked_for_chooses_the_price() {
    let of = |input: Input| EstimateRequest::new(input.set("bill", "rent")).ask(catalog()).unwrap();
    let price = |reply: &flopbill::EstimateReply| reply.run.usd_per_gpu_hour.unwrap();
    let spot = of(Input::about("deepseek-v3").gpu("h200").set("bill.term", "spot"));
    assert!((price(&spot) - 2.51).abs() < 1e-12, "the lower of Spheron's and Google Cloud's of 2026-08");
    let list = |text: &str| text.contains("h200-sxm.toml, on spot: Lower median over 2 providers");
    assert!(spot.head.assumptions.iter().any(|text| list(text)), "{:?}", spot.head.assumptions);
    let asked = of(Input::about("deepseek-v3").gpu("h200").price("$9/h").set("bill.term", "spot"));
    assert!((price(&asked) - 9.0).abs() < 1e-12);
    let line = |reply: &flopbill::EstimateReply| reply.cost_lines[0].price.unwrap();
    assert!((line(&asked) - 9.0).abs() < 1e-12 && (line(&spot) - 2.51).abs() < 1e-12, "{:?}", asked.cost_lines[0]);
    // The run's own price is that of another term; where none is known, the answer says so.
    let on_demand = of(Input::about("deepseek-v3").set("bill.term", "reserved_1y"));
    let says = "price: $2.00/h (profiles/runs/deepseek-v3.toml:27) gave way to bill.term, now $1.79/h";
    assert!(on_demand.head.warnings.iter().any(|text| text == says), "{:?}", on_demand.head.warnings);
    let none = of(Input::about("deepseek-v3").set("bill.term", "spot"));
    let says = "no typical price of `spot` is known for this chip: the price is of other terms";
    assert!(none.head.warnings.iter().any(|text| text == says) && price(&none) == 2.0, "{:?}", none.head.warnings);
}

#[test]
fn the_p90_of_a_gate_and_of_a_plan_is_the_one_in_the_range() {
    // Some draws have no answer: their chips do not hold the model.
    let asked = || Input::new().model("llama-3-70b").tokens("15T").gpu("h100");
    let input = asked().set("run.chips", "16..64").set("max_days_p90", "90d");
    let reply = EstimateRequest::new(input).ask(catalog()).unwrap();
    assert!(reply.ranges.as_ref().unwrap().no_solution.unwrap().probability > 0.0);
    assert_eq!(reply.gates[0].value, reply.result.wall_clock_days_p90);
    let held = PlanRequest::new(Goal::Chips, asked().by("90d")).ask(catalog()).unwrap();
    assert_eq!(held.plan.days_at_confidence, held.estimate.result.wall_clock_days_p90);
}

#[test]
fn a_moved_run_has_its_arithmetic_beside_it_and_its_own_setting_has_none() {
    let of = |input: Input| EstimateRequest::new(input).ask(catalog()).unwrap();
    let moved = of(Input::about("deepseek-v3").chips(4096));
    let kept = moved.arithmetic.unwrap();
    assert!((kept.gpu_hours - 2_788_000.0).abs() < 1.0 && (kept.wall_clock_days.unwrap() - 28.361).abs() < 1e-3);
    assert!((moved.result.wall_clock_days.unwrap() - kept.wall_clock_days.unwrap()).abs() > 0.1);
    assert!(of(Input::about("deepseek-v3")).arithmetic.is_none());
}

#[test]
fn a_predicted_run_is_held_against_the_published_one_by_factors() {
    let input = Input::new().model("deepseek-v3").tokens("14.8T").gpu("h800").chips(2048);
    let reply = EstimateRequest::new(input).ask(catalog()).unwrap();
    let found = reply.published.unwrap();
    let product: f64 = found.factors.iter().map(|factor| factor.ratio).product();
    assert!((product / found.ratio - 1.0).abs() < 1e-9 && found.run == "deepseek-v3", "{found:?}");
    assert!((found.ratio / (reply.result.gpu_hours.unwrap() / found.gpu_hours) - 1.0).abs() < 1e-9, "{found:?}");
}

/// What gives way is named with where it was from, and with what it gave way to, as the door calls it.
#[test]
fn what_gives_way_says_to_what() {
    let warnings = |input: Input| EstimateRequest::new(input).ask(catalog()).unwrap().head.warnings;
    let run = warnings(Input::about("deepseek-v3").set("run.hold_hours", true).set("run.wall_clock", "60d"));
    let says = "chips: 2,048 chips (profiles/runs/deepseek-v3.toml:9) gave way to run.wall_clock, now 1,936.1 chips";
    assert!(run.iter().any(|text| text == says), "{run:?}");
    let run = warnings(Input::about("deepseek-v3").set("run.gpu_hours", "3M"));
    assert!(run.iter().any(|text| text == "MFU: 34.6 % (of the run) gave way to run.gpu_hours, now 32.2 %"), "{run:?}");
    let many = [warnings(predicted().set("run.wall_clock", "3d")), warnings(Input::new().gpu_hours("1M").chips(64))];
    assert!(many.iter().flatten().all(|text| !text.contains("file")), "there is none: {many:?}");
}

/// A run that does not say on how many chips it ran is moved as many on both sides, at every door.
#[test]
fn a_run_without_a_number_of_chips_moves_on_as_many() {
    let to = ConvertRequest::new("llama-3-70b", "h800");
    let moved = to.clone().chips(4096).ask(catalog()).unwrap();
    let asked = Input::about("llama-3-70b").gpu("h800").chips(4096);
    let estimated = EstimateRequest::new(asked).ask(catalog()).unwrap();
    assert_eq!(moved.result, estimated.result);
    assert!(moved.ratio > 1.0 && moved.from.chips == Some(4096.0), "{moved:?}");
    assert!(estimated.head.assumptions.iter().any(|text| text.contains("a month of its hours")));
    let nobody_says = EstimateRequest::new(Input::about("llama-3-70b").gpu("h800")).ask(catalog()).unwrap();
    assert_eq!(to.ask(catalog()).unwrap().result, nobody_says.result);
    // A model is predicted on both.
    let model = || Input::new().model("qwen2.5-72b").tokens("1T");
    let moved = ConvertRequest::new(model().gpu("h200"), "h800").chips(512).ask(catalog()).unwrap();
    let there = EstimateRequest::new(model().gpu("h800").chips(512)).ask(catalog()).unwrap();
    assert_eq!(moved.result, there.result);
}

/// What is missing is said alike, whichever door asks: of a model its chips or its time.
#[test]
fn both_doors_say_alike_what_is_missing() {
    let model = || Input::new().model("qwen2.5-72b").tokens("1T").gpu("h200");
    let one = EstimateRequest::new(model()).ask(catalog()).unwrap_err();
    let other = ConvertRequest::new(model(), "h800").ask(catalog()).unwrap_err();
    assert_eq!((one.message(), one.hint()), (other.message(), other.hint()));
    assert_eq!(one.hint(), Some("add --chips; or --days; or --gpu-hours; or --cost; or --mfu"));
    let one = EstimateRequest::new("qwen2.5-72b").ask(catalog()).unwrap_err();
    let other = ConvertRequest::new("qwen2.5-72b", "h800").ask(catalog()).unwrap_err();
    assert_eq!(one.hint(), other.hint());
    // A bare model is a question about it: what it lacks is what any run would.
    assert!(one.hint().unwrap().contains("--gpu and --tokens and --chips"), "{one}");
}

#[test]
fn explain_and_estimate_show_the_same_step() {
    for input in [predicted(), Input::about("deepseek-v3").chips(4096)] {
        let reply = EstimateRequest::new(input.clone()).ask(catalog()).unwrap();
        let links = ExplainRequest::new(input).ask(catalog()).unwrap().result;
        let step = links.iter().find(|link| link.what.contains("training step")).unwrap();
        assert!(step.numbers.ends_with(reply.result.layout.as_ref().unwrap()), "{}", step.numbers);
        // The terms are those of the sum, the small ones together.
        let (total, terms) = step.numbers.split(';').next().unwrap().split_once(" s = ").unwrap();
        let number = |text: &str| text.split_whitespace().next().unwrap().parse::<f64>().unwrap();
        let sum: f64 = terms.split(" + ").map(number).sum();
        assert!((sum / number(total) - 1.0).abs() < 5e-4, "{sum}: {}", step.numbers);
    }
}

#[test]
fn sides_have_their_ranges_and_saved_ones_too() {
    let saved = EstimateRequest::new(predicted()).ask(catalog()).unwrap();
    let text = serde_json::to_string(&saved).unwrap();
    let reply = CompareRequest::new().side(predicted()).saved("a.json", text).ask(catalog()).unwrap();
    let [asked, read] = [0, 1].map(|index| &reply.sides[index].answer.result);
    assert!(asked.gpu_hours_p10 < asked.gpu_hours && asked.gpu_hours < asked.gpu_hours_p90, "{asked:?}");
    let same = |a: Option<f64>, b: Option<f64>| (a.unwrap() / b.unwrap() - 1.0).abs() < 1e-12;
    assert!(same(asked.gpu_hours_p90, read.gpu_hours_p90) && same(asked.step_seconds, read.step_seconds), "{read:?}");
    assert!(reply.result.differences.iter().all(|found| (found.ratio - 1.0).abs() < 1e-12));
}

#[test]
fn the_days_of_a_plan_are_those_of_its_own_chips() {
    let input = || Input::about("deepseek-v3").gpu("b200").set("by", "60d");
    let found = PlanRequest::new(Goal::Chips, input()).ask(catalog()).unwrap();
    assert!(found.plan.probability >= 0.9 && found.plan.days_at_confidence.unwrap() <= 60.0, "{:?}", found.plan);
    let on = |chips: f64| {
        let reply = EstimateRequest::new(input().chips(chips)).ask(catalog()).unwrap();
        (reply.result.wall_clock_days, reply.ranges.unwrap().by.unwrap().finished.probability)
    };
    let chips = found.plan.chips.unwrap();
    assert_eq!(on(chips), (found.estimate.result.wall_clock_days, found.plan.probability));
    assert!(on(chips - 8.0).1 < 0.9);
}

/// What contradicts itself beside a named model is refused, and what changes nothing is said.
#[test]
fn a_named_model_keeps_its_parameters() {
    let asked = |more: &[(&str, &str)]| {
        let input = Input::new().model("llama-3-70b").tokens("15T").gpu("h200").chips(4096);
        let input = more.iter().fold(input, |input, (path, value)| input.set((*path).to_owned(), *value));
        EstimateRequest::new(input).ask(catalog())
    };
    assert!(asked(&[("run.params", "70B")]).is_ok());
    for wrong in [
        &[("run.params", "8B")][..],
        &[("run.active_params", "100B")],
        &[("run.wall_clock", "60d"), ("run.mfu", "40%")],
        &[("run.gpu_hours", "60M"), ("run.mfu", "40%")],
    ] {
        assert!(asked(wrong).is_err(), "{wrong:?}");
    }
    let idle = asked(&[("run.mfu", "40%"), ("layout.tp", "8"), ("stack", "torchtitan")]).unwrap();
    assert!(
        idle.head.warnings.iter().any(|line| line.contains("stack, layout.tp change nothing")),
        "{:?}",
        idle.head.warnings
    );
    // Another model over a run's file is counted anew: the file's 37B are of its own.
    let over = EstimateRequest::new(Input::about("deepseek-v3").model("llama-3-70b")).ask(catalog()).unwrap();
    assert!((over.run.active_params.unwrap() / 70.55e9 - 1.0).abs() < 0.01, "{:?}", over.run.active_params);
}

/// A plan finds what it is asked for, and is not told it.
#[test]
fn what_a_plan_finds_is_not_given() {
    let asked = |path: &'static str, value: &str| {
        let input = Input::new().model("llama-3-70b").tokens("15T").gpu("h200").set("by", "60d").set(path, value);
        PlanRequest::new(Goal::Chips, input).ask(catalog())
    };
    for (path, value) in [("run.wall_clock", "30d"), ("run.chips", "1024"), ("run.cost", "$1M")] {
        assert!(asked(path, value).unwrap_err().to_string().contains("is to find it"), "{path}");
    }
}

/// A fleet names its chips at every door.
#[test]
fn a_run_is_moved_to_so_many_of_a_chip() {
    let fleet = ConvertRequest::new("deepseek-v3", "1024xH200").ask(catalog()).unwrap();
    let apart = ConvertRequest::new("deepseek-v3", "h200").chips(1024).ask(catalog()).unwrap();
    assert_eq!(fleet.result, apart.result);
    assert!(ConvertRequest::new("deepseek-v3", "1024xH200").chips(8).ask(catalog()).is_err());
}

/// Time, hours, and money with a price say the same beside a model that predicts them: held inside the 80 % range,
/// refused outside.
#[test]
fn time_hours_and_money_are_confirmed_or_refused_alike() {
    let of = |input: Input| EstimateRequest::new(input).ask(catalog());
    let free = of(predicted()).unwrap().result;
    let (low, high) = (free.gpu_hours_p10.unwrap(), free.gpu_hours_p90.unwrap());
    let says = |hours: f64| {
        let (days, price) = (hours / 516.0 / 24.0, 2.0);
        [
            ("run.wall_clock", predicted().set("run.wall_clock", format!("{days}d"))),
            ("run.gpu_hours", predicted().set("run.gpu_hours", hours)),
            ("run.cost", predicted().price("$2/h").set("run.cost", format!("${}", hours * price))),
            ("run.wall_clock", predicted().set("days", days)),
        ]
    };
    for (hours, holds) in [(low * 0.9, false), ((low * high).sqrt(), true), (high * 1.1, false)] {
        let mut found = Vec::new();
        for (field, input) in says(hours) {
            match of(input.clone()) {
                Ok(reply) => {
                    let said = reply.confirmation.unwrap();
                    assert!(holds && said.given == field && said.implied_mfu.is_some(), "{field} of {hours}: {said:?}");
                    assert!((reply.result.gpu_hours.unwrap() / hours - 1.0).abs() < 1e-9);
                    found.push(said.probability);
                }
                Err(error) => {
                    let text = error.to_string();
                    assert!(!holds && text.contains("is outside what is predicted"), "{field} of {hours}: {text}");
                }
            }
            let held = of(input.set("run.hold_hours", true)).unwrap();
            assert!(held.confirmation.is_none(), "arithmetic is not judged");
        }
        assert!(found.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-3), "{found:?}");
    }
    let run = of(Input::about("deepseek-v3").set("run.gpu_hours", "30M")).unwrap();
    assert!(run.confirmation.is_none(), "hours in place of a run's own are arithmetic");
}

#[test]
fn every_point_of_a_sweep_over_hours_is_confirmed_or_refused() {
    let base = predicted().question(catalog()).unwrap();
    let sweep = |axis: &str| Sweep::new(base.clone(), &[axis], catalog().clone()).unwrap();
    for (axis, held) in
        [("gpu_hours=100,50K,100M", [false, true, false]), ("gpu_hours=48K,100M,52K", [true, false, true])]
    {
        let (swept, mut found) = (sweep(axis), Vec::new());
        swept.visit(0..3, |row| found.push(row.answer.is_ok()));
        assert_eq!(found, held, "{axis}");
    }
}

#[test]
fn a_caller_can_tell_refusals_apart() {
    let kind: flopbill::ErrorKind = EstimateRequest::new("deepseek-v33").ask(catalog()).unwrap_err().kind();
    assert_eq!(kind, flopbill::ErrorKind::UnknownName);
}
