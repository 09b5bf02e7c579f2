//! Plans under every limit: each found plan, asked again as its own question, gives what it promised; what cannot be planned says
//! which limit binds and what holds nearby.

use flopbill::internals::input::question::Override;
use flopbill::{EstimateReply, EstimateRequest, Goal, Input, OptimalRequest, PlanReply, PlanRequest};
use serde_json::Value;

use crate::doors::{CHIPS, MODELS, catalog};
use crate::invariants::Dice;
use crate::shell::Shell;

fn plan(goal: Goal, input: &Input) -> Result<Box<PlanReply>, flopbill::Error> {
    PlanRequest::new(goal, input.clone()).ask(catalog()).map(Box::new)
}

/// What `estimate` says of the question with the plan's own flags in it.
fn again(input: &Input, flags: &str) -> Box<EstimateReply> {
    let mut asked = input.clone();
    asked.overrides.extend(typed(flags));
    if asked.overrides.iter().any(|over| matches!(&*over.path, "by" | "budget")) {
        asked = asked.set("confidence", confidence(input));
    }
    Box::new(EstimateRequest::new(asked).ask(catalog()).unwrap())
}

fn confidence(input: &Input) -> String {
    let own = input.overrides.iter().rev().find(|over| over.path == "confidence");
    own.map_or_else(|| "90%".into(), |over| over.text.clone())
}

/// Reads `--deliver '1024@start; 512@20d'` and its like back, as a shell would.
fn typed(flags: &str) -> Vec<Override> {
    let mut words: Vec<String> = Vec::new();
    let (mut quoted, mut word) = (false, String::new());
    for letter in flags.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            other => word.push(other),
        }
    }
    words.push(word);
    let field = |flag: &str| {
        let bare = flag.trim_start_matches("--");
        let fields = flopbill::internals::input::field::FIELDS;
        fields.iter().find(|field| field.flag == bare).unwrap_or_else(|| panic!("{flag}")).path
    };
    words.chunks(2).map(|pair| Override::new(field(&pair[0]), pair[1].clone(), pair[0].clone())).collect()
}

/// A seeded question: a model, a chip, some of the limits, deliveries or not.
fn questions(count: usize) -> Vec<(Goal, Input)> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut pick = |below: usize| dice.below(below);
    (0..count)
        .map(|_| {
            let (model, tokens) = MODELS[pick(3)];
            let input = Input::new().model(model).gpu(CHIPS[1 + pick(4)]).set("start", "2027-01-15");
            let delivered = pick(2) == 1;
            let dated = ["40d", "90d", "200d"][pick(3)];
            let money = ["$2M", "$30M", "$200M"][pick(3)];
            let input = input.set("confidence", ["60%", "80%", "90%"][pick(3)]);
            let input = if pick(3) == 0 { input.set("budget_of", "programme") } else { input };
            let input = if pick(3) == 0 { input.set("gate.max_cost", money) } else { input };
            let parts = |input: Input| match delivered {
                true => input.set("deliveries", "512@start; 512@10d..30d:90%"),
                false => input,
            };
            match pick(3) {
                0 => (Goal::Chips, parts(input).tokens(tokens).set("by", dated).set("budget", money)),
                1 => {
                    let input = parts(input).set("budget", money).set("by", dated);
                    (Goal::Tokens, if delivered { input } else { input.set("run.chips", 1024) })
                }
                _ => {
                    let input = parts(input).tokens(tokens).set("budget", money);
                    (Goal::Date, if delivered { input } else { input.set("run.chips", 1024) })
                }
            }
        })
        .collect()
}

#[test]
fn each_plan_asked_again_gives_what_it_promised() {
    let (mut held, mut refused) = (0, 0);
    for (goal, input) in questions(20) {
        let name = format!("{goal:?}: {:?}", input.overrides.iter().map(|over| &over.text).collect::<Vec<_>>());
        let found = match plan(goal, &input) {
            Ok(found) => found,
            Err(error) => {
                let text = format!("{} {}", error, error.hint().unwrap_or_default());
                assert_eq!(error.kind(), flopbill::ErrorKind::NoSolution, "{name}: {text}");
                refused += 1;
                continue;
            }
        };
        let answer = again(&input, &found.plan.ask_again);
        let joint = answer.joint.as_ref().unwrap_or_else(|| panic!("{name}"));
        assert_eq!(joint.holds, Some(true), "{name}: {}", found.plan.ask_again);
        assert!(answer.gates.iter().all(|gate| gate.kept), "{name}");
        let own = found.plan.probability;
        assert!((joint.both.unwrap().probability - own).abs() < 1e-3, "{name}: {own} and {:?}", joint.both);
        assert!(found.neighbours.iter().any(|near| near.is_plan && near.holds), "{name}");
        held += 1;
    }
    assert!(held >= 8 && refused >= 2, "{held} held, {refused} refused");
}

/// What is told as the nearest that holds does hold when it is typed.
#[test]
fn the_nearest_that_holds_holds() {
    let v3 = || Input::about("deepseek-v3").gpu("h200").set("start", "2027-01-15");
    let two = "2048@start; 2048@20d..40d";
    for (goal, input, binds) in [
        (Goal::Chips, v3().set("by", "60d").set("gate.max_cost", "$9M"), "over the limit"),
        (Goal::Chips, v3().set("by", "60d").set("budget", "$9M"), "the budget binds"),
        (Goal::Chips, v3().set("by", "60d").set("budget", "$9M").set("deliveries", two), "the budget binds"),
        (Goal::Chips, v3().set("by", "60d").set("gate.max_chips", 1024), "number of chips"),
        (Goal::Chips, v3().set("budget", "$1M"), "the budget binds"),
        (Goal::Tokens, v3().set("budget", "$1000"), "the budget binds"),
        (Goal::Tokens, v3().set("by", "5d").set("deliveries", "2048@30d"), "the date binds"),
        (Goal::Date, v3().set("run.chips", 2048).set("budget", "$9M"), "stay within the money"),
        (Goal::Date, v3().set("run.chips", 2048).set("gate.max_cost", "$9M"), "over the limit"),
    ] {
        let error = plan(goal, &input).unwrap_err();
        assert!(error.message().contains(binds), "{error}");
        let hint = error.hint().unwrap();
        let near = hint.split_once("the nearest that holds: ").unwrap_or_else(|| panic!("{error} {hint}")).1;
        let near = near.split("; ").next().unwrap();
        let wider = near.replace(" with ", " ");
        // The limit alone, moved: the plan is found again.
        let moved = near.split(" with ").next().unwrap();
        let mut asked = input.clone();
        asked.overrides.extend(typed(moved));
        let found = plan(goal, &asked).unwrap_or_else(|error| panic!("{moved}: {error}"));
        assert!(found.plan.probability >= 0.9 || asked.overrides.iter().all(|over| over.path != "by"), "{wider}");
    }
}

/// One delivery for certain that is ready to train is so many chips.
#[test]
fn a_delivery_at_the_start_is_planned_as_chips_are() {
    let input = |by: &str| Input::about("deepseek-v3").gpu("h200").set("by", by).set("start", "2027-01-15");
    for by in ["45d", "60d", "100d"] {
        let chips = plan(Goal::Chips, &input(by)).unwrap();
        let delivered = input(by).set("deliveries", "64@start").set("fleet.burn_in", "0d");
        let delivered = plan(Goal::Chips, &delivered).unwrap();
        assert_eq!(chips.plan.chips, delivered.plan.chips, "{by}");
        assert!((chips.plan.probability - delivered.plan.probability).abs() < 1e-9, "{by}");
        let near = |reply: &PlanReply| reply.neighbours.iter().map(|near| near.value).collect::<Vec<_>>();
        assert_eq!(near(&chips), near(&delivered));
    }
}

/// A bill judges what `budget_of` says: the same money buys fewer tokens where it pays for the programme.
#[test]
fn tokens_are_judged_by_what_the_money_pays_for() {
    let input = || Input::about("deepseek-v3").gpu("h200").set("budget", "$20M");
    let rent = plan(Goal::Tokens, &input()).unwrap();
    let run = plan(Goal::Tokens, &input().set("bill.view", "rent").set("budget_of", "final-run")).unwrap();
    let programme = plan(Goal::Tokens, &input().set("budget_of", "programme")).unwrap();
    let [rent, run, programme] = [rent, run, programme].map(|found| (found.plan.tokens.unwrap(), found.plan.cost_of));
    assert_eq!((rent.1, run.1, programme.1), ("rent", "final-run", "programme"));
    assert!(programme.0 < 0.7 * run.0 && run.0 <= rent.0 * (1.0 + 1e-6), "{rent:?} {run:?} {programme:?}");
    // A date beside the money never gives more.
    let dated = input().set("run.chips", 2048).set("by", "30d").set("start", "2027-01-15");
    assert!(plan(Goal::Tokens, &dated).unwrap().plan.tokens.unwrap() < rent.0);
}

/// No point beats another; the knee has the least days x cost; less money never moves it to a dearer one.
#[test]
fn the_knee_is_the_least_product_of_days_and_cost() {
    let input = || Input::new().model("llama-3-8b").tokens("2T").gpu("h100");
    let found = plan(Goal::Chips, &input()).unwrap();
    let knee = found.knee.as_ref().unwrap();
    let points: Vec<(f64, f64)> =
        knee.points.iter().map(|point| (point.days.p50.unwrap(), point.cost_usd.p50.unwrap())).collect();
    assert!(points.windows(2).all(|pair| pair[0].0 > pair[1].0 && pair[0].1 < pair[1].1), "{points:?}");
    let at = knee.points.iter().position(|point| point.is_knee).unwrap();
    assert!(knee.ended_by.is_none() && at > 0 && at + 1 < points.len(), "{at} of {}", points.len());
    let product = |(days, cost): (f64, f64)| days * cost;
    assert!(points.iter().all(|point| product(*point) >= product(points[at])));
    assert_eq!(found.plan.chips, Some(knee.chips));
    assert!(knee.fewest.chips <= knee.points[0].chips);
    // Asked again, the knee is what the table says; on fewer chips than the fewest the run does not fit.
    let answer = again(&input(), &found.plan.ask_again);
    assert!((answer.result.wall_clock_days_p50.unwrap() / points[at].0 - 1.0).abs() < 1e-9);
    assert!((answer.result.cost_usd_p50.unwrap() / points[at].1 - 1.0).abs() < 1e-9);
    let cheap = input().set("gate.max_cost", format!("${}", knee.points[at / 2].cost_usd.p50.unwrap()));
    let cheap = plan(Goal::Chips, &cheap).unwrap();
    assert!(cheap.plan.cost_usd_p50 < found.plan.cost_usd_p50);
    assert!(cheap.knee.unwrap().ended_by.unwrap().contains("over the limit"));
    let stated = Input::new().set("run.gpu_hours", "1M").price("$2/h");
    let error = plan(Goal::Chips, &stated).unwrap_err().to_string();
    assert!(error.contains("there is no knee"), "{error}");
}

#[test]
fn the_fewest_chips_are_those_on_which_the_run_fits() {
    let input = || Input::new().model("llama-3-70b").tokens("2T").gpu("h100");
    let fewest = plan(Goal::Chips, &input()).unwrap().knee.unwrap().fewest.chips;
    let fits = |chips: f64| EstimateRequest::new(input().chips(chips)).ask(catalog()).is_ok();
    assert!(fits(fewest) && !fits(fewest - 8.0), "{fewest}");
}

#[test]
fn what_cannot_be_planned_is_refused() {
    let shell = Shell::new();
    let v3 = ["deepseek-v3", "--gpu", "h200"];
    let asked = |goal: &'static str, more: &[&'static str]| [&["plan", goal][..], &v3, more].concat();
    shell.refused(&asked("chips", &["--by", "60d", "--max-cost", "$9M"]), 1, &["nearest that holds", "--max-cost"]);
    shell.refused(&asked("chips", &["--by", "60d", "--max-cost", "-5"]), 2, &["--max-cost"]);
    shell.refused(&asked("chips", &["--by", "60d", "--budget", "NaN"]), 2, &["--budget"]);
    shell.refused(&asked("chips", &["--by", "2020-01-01"]), 2, &["not after the start"]);
    shell.refused(&asked("chips", &["--by", "60d", "--deliver", "0@start"]), 2, &["cannot be zero"]);
    shell.refused(&asked("tokens", &[]), 2, &["the limit to plan for is missing", "--budget"]);
    shell.refused(&asked("tokens", &["--budget", "$1M", "--max-chips", "8"]), 1, &["number of chips"]);
    shell.refused(&asked("date", &["--by", "60d"]), 2, &["by is given"]);
    shell.refused(&asked("chips", &["--region", "us, china"]), 2, &["several places"]);
    let model =
        ["plan", "model", "--gpu", "h200", "--budget", "$10M", "--chips", "2048", "--days", "60", "--mfu", "40%"];
    let model = |more: &[&'static str]| [&model[..], more].concat();
    shell.refused(&model(&["--inference-mfu", "10%"]), 2, &["--served"]);
    shell.refused(&model(&["--from-tokens", "2T"]), 2, &["--from"]);
    shell.refused(&model(&["--from", "no-such-model"]), 2, &["no-such-model"]);
    shell.refused(&model(&["--from", "deepseek-v3", "--from-tokens=-1"]), 2, &["--from-tokens"]);
    shell.refused(&model(&["--rl-compute", "100%"]), 2, &["below 100 %"]);
    shell.refused(&model(&["--by", "50d"]), 2, &["both say when"]);
    shell.refused(
        &model(&["--served", "2T", "--inference-mfu", "10%", "--inference-price", "3"]),
        2,
        &["say the same"],
    );
}

fn model(input: Input) -> Value {
    let question = input.question(catalog()).unwrap();
    let request = OptimalRequest::of(question, flopbill::Draws::default(), catalog()).unwrap();
    serde_json::to_value(request.ask(catalog()).unwrap()).unwrap()
}

fn bought() -> Input {
    Input::new().gpu("h200").set("budget", "$10M").chips(2048).set("run.goodput", "93%").price("$2/h")
}

/// The planner's search and the closed form are one answer where everything is a number.
#[test]
fn the_planner_buys_what_the_formula_says() {
    for days in ["60d", "120d"] {
        let formula = model(bought().mfu("40%").set("run.wall_clock", days));
        let planned = model(bought().mfu("40%").set("by", days));
        assert!(formula["plan"].is_null() && planned["plan"]["probability"] == 1.0);
        let of = |json: &Value, key: &str| json["result"][key].as_f64().unwrap();
        for key in ["flop", "gpu_hours", "cost_usd", "wall_clock_days"] {
            let (one, other) = (of(&formula, key), of(&planned, key));
            assert!((one / other - 1.0).abs() < 2e-6, "{key}: {one} and {other}");
        }
        assert_eq!(formula["result"]["binding"], planned["result"]["binding"]);
    }
}

/// Under ranges the work is what is bought with the confidence, by hand: hours of the money at the price, both lognormal.
#[test]
fn the_best_model_under_ranges_holds_with_the_confidence() {
    let found = model(bought().mfu("30%..45%").price("$2/h..$3/h").set("by", "400d").set("confidence", "80%"));
    let spread = |low: f64, high: f64| (high / low).ln() / (2.0 * 1.644_853_626_951);
    let sigma = spread(0.30, 0.45).hypot(spread(2.0, 3.0));
    let median = 1e7 / (2.0f64 * 3.0).sqrt() * 3600.0 * 989.5e12 * (0.30f64 * 0.45).sqrt() * 0.93;
    let work = found["result"]["flop"].as_f64().unwrap();
    let expected = median * (-0.841_621_233_573 * sigma).exp();
    assert!((work / expected - 1.0).abs() < 5e-3, "{work} and {expected}");
    assert!(found["plan"]["probability"].as_f64().unwrap() >= 0.8);
    let levels = &found["plan"]["work_flop"];
    let at = |level: &str| levels[level].as_f64().unwrap();
    assert!(at("p10") < work && work < at("p50") && at("p50") < at("p90"), "{levels}");
    let loss = &found["plan"]["loss"];
    assert!(loss["p10"].as_f64() < loss["p50"].as_f64() && loss["p50"].as_f64() < loss["p90"].as_f64(), "{loss}");
}

/// Chips that come later buy less work, and never more than the same chips from the start.
#[test]
fn the_best_model_hears_of_deliveries() {
    let input =
        || Input::new().gpu("h200").set("budget", "$40M").mfu("40%").set("by", "60d").set("start", "2027-01-15");
    let work = |deliveries: &str| {
        model(input().set("deliveries", deliveries).set("fleet.burn_in", "0d"))["result"]["flop"].as_f64().unwrap()
    };
    let (all, later, half) = (work("4096@start"), work("2048@start; 2048@30d"), work("2048@start"));
    assert!(half < later && later < all, "{half} {later} {all}");
    // By hand: half of the chips for half of the time is three quarters, but for the standstill when they join.
    assert!((0.73..0.75).contains(&(later / all)), "{}", later / all);
}

/// Reinforcement learning takes its share, serving makes the model smaller, and training on counts the tokens seen.
#[test]
fn what_stands_beside_training_from_scratch() {
    let shell = Shell::new();
    let asked = |more: &[&'static str]| {
        let bought = ["--budget", "$10M", "--chips", "2048", "--days", "60", "--gpu", "h200", "--mfu", "40%"];
        shell.json(&[&["plan", "model"][..], &bought, more].concat())
    };
    let plain = asked(&[]);
    let learned = asked(&["--rl-compute", "25%"]);
    let of = |json: &Value, key: &str| json["result"][key].as_f64().unwrap();
    assert!((of(&learned, "flop") / of(&plain, "flop") - 0.75).abs() < 1e-12);
    assert!((of(&learned, "rl_flop") / of(&plain, "flop") - 0.25).abs() < 1e-12);
    let row = |json: &Value, name: &str| {
        let models = json["result"]["models"].as_array().unwrap();
        models.iter().find(|model| model["choice"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    let [own, cheap] = [["--inference-mfu", "40%"], ["--inference-mfu", "5%"]]
        .map(|mfu| row(&asked(&["--served", "2T", mfu[0], mfu[1]]), "with inference"));
    assert!(cheap["params"].as_f64() < own["params"].as_f64(), "dear serving wants a smaller model");
    // By hand: 2 N D FLOPs at 5 % of 989.5 TFLOP/s and $3.99/h.
    let serving = 2.0 * cheap["params"].as_f64().unwrap() * 2e12 / (0.05 * 989.5e12) / 3600.0 * 3.99;
    assert!((cheap["serving_cost_usd"].as_f64().unwrap() / serving - 1.0).abs() < 1e-3, "{serving}");
    let on = row(&asked(&["--from", "llama-3-70b", "--from-tokens", "15T"]), "llama-3-70b on");
    let (params, tokens) = (on["params"].as_f64().unwrap(), on["tokens"].as_f64().unwrap());
    assert!((6.0 * params * tokens / of(&plain, "flop") - 1.0).abs() < 1e-9 && on["seen_tokens"] == 15e12);
    let law = |tokens: f64| {
        let [a, b, e] = [6.17795598f64, 7.64273236, 0.59711196].map(f64::exp);
        e + a / params.powf(0.34781303) + b / tokens.powf(0.36585412)
    };
    assert!((on["loss"].as_f64().unwrap() - law(15e12 + tokens)).abs() < 1e-9);
    // The best size stands among others, none of which is better.
    let sizes = plain["neighbours"]["size"].as_array().unwrap();
    let least = sizes.iter().find(|size| size["is_plan"] == true).unwrap()["loss"].as_f64().unwrap();
    assert!(sizes.iter().all(|size| size["loss"].as_f64().unwrap() >= least));
    assert_eq!(plain["neighbours"]["work"].as_array().unwrap().len(), 5);
    shell.formats(&[
        "plan", "model", "--budget", "$10M", "--chips", "2048", "--days", "60", "--gpu", "h200", "--mfu", "30%..45%",
    ]);
    shell.formats(&["plan", "chips", "--model", "llama-3-8b", "--tokens", "2T", "--gpu", "h100"]);
}
