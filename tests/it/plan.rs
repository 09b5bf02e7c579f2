//! Plans with a confidence, the frontier of models, and what drives an answer.

use serde_json::Value;

use crate::doors::catalog;
use crate::shell::Shell;
use flopbill::{Draws, EstimateRequest, Goal, Input, OptimalRequest, PlanRequest, Sampler};

#[track_caller]
fn close(value: &Value, expected: f64, within: f64) {
    let value = value.as_f64().unwrap_or(f64::NAN);
    assert!((value / expected - 1.0).abs() <= within, "{value} is not {expected}");
}

/// A lognormal MFU makes lognormal hours: their quantile, and with it the chips, follow by hand.
#[test]
fn chips_for_a_date_are_the_quantile_of_the_hours() {
    let shell = Shell::new();
    let asked = ["--gpu", "h800", "--flop", "3.2856e24", "--price", "$2/h", "--mfu", "30%..45%"];
    let plan = shell.json(&[&["plan", "chips", "--by", "60", "--confidence", "90%"][..], &asked].concat());
    let (low, high) = (0.30f64, 0.45f64);
    let (median, sigma) = ((low * high).sqrt(), (high / low).ln() / (2.0 * 1.644_853_626_951));
    let hours = 3.2856e24 / (989.5e12 * median * (-1.281_551_565_545 * sigma).exp()) / 3600.0;
    let chips = hours / (60.0 * 24.0);
    let found = plan["plan"]["chips"].as_f64().unwrap();
    assert_eq!(found % 8.0, 0.0, "whole nodes");
    assert!(found >= chips - 2.0 && found < chips + 10.0, "{found} for {chips}");
    let sure = plan["plan"]["probability"].as_f64().unwrap();
    assert!((0.9..0.91).contains(&sure), "{sure}");
    // The gate agrees: nine runs in ten are over by then.
    let chips = found.to_string();
    let gate = [&["estimate", "--chips", &chips, "--max-days-p90", "60"][..], &asked].concat();
    assert_eq!(shell.run(&gate).status.code(), Some(0));
}

#[test]
fn tokens_for_a_budget_cost_just_that() {
    let shell = Shell::new();
    let asked = ["--gpu", "h200", "--params", "70B", "--mfu", "30%..45%", "--price", "$1.8/h..$3.2/h"];
    let plan = shell.json(&[&["plan", "tokens", "--budget", "$10M", "--confidence", "80%"][..], &asked].concat());
    let sure = plan["plan"]["probability"].as_f64().unwrap();
    assert!((sure - 0.8).abs() < 1e-3, "{sure}");
    // By hand: cost is a lognormal whose spread is that of 1/MFU and price together.
    let spread = |low: f64, high: f64| (high / low).ln() / (2.0 * 1.644_853_626_951);
    let sigma = spread(0.30, 0.45).hypot(spread(1.8, 3.2));
    let per_token = 6.0 * 70e9 / (989.5e12 * (0.30f64 * 0.45).sqrt()) / 3600.0 * 2.4;
    close(&plan["plan"]["tokens"], 1e7 / (per_token * (0.841_621_233_573 * sigma).exp()), 2e-3);
    let points = ["--gpu", "h200", "--params", "70B", "--mfu", "40%", "--price", "$2/h"];
    let point = shell.json(&[&["plan", "tokens", "--budget", "$10M"][..], &points].concat());
    close(&point["result"]["cost_usd"], 1e7, 1e-5);
}

#[test]
fn a_predicted_run_is_laid_out_until_it_is_fast_enough() {
    let shell = Shell::new();
    let asked = ["--model", "llama-3.1-8b", "--gpu", "h100", "--tokens", "1T"];
    let plan = shell.json(&[&["plan", "chips", "--by", "20d", "--confidence", "80%"][..], &asked].concat());
    assert!(plan["plan"]["probability"].as_f64().unwrap() >= 0.8, "{}", plan["plan"]);
    let chips = plan["plan"]["chips"].as_f64().unwrap();
    assert!((64.0..=1024.0).contains(&chips), "{chips}");
}

#[test]
fn plans_that_cannot_be_made_say_why() {
    let shell = Shell::new();
    fn chips<'a>(more: &[&'a str]) -> Vec<&'a str> {
        [&["plan", "chips", "--by", "60"][..], more].concat()
    }
    shell.refused(&chips(&["deepseek-v3", "--confidence", "100%"]), 2, &["cannot be planned for"]);
    shell.refused(&chips(&["--chips", "64", "--days", "3"]), 2, &["the plan is to find it"]);
    shell.refused(
        &["plan", "tokens", "--budget", "$1M", "--gpu-hours", "1M", "--price", "$2/h"],
        1,
        &["does not depend"],
    );
    shell.refused(&["plan", "tokens", "deepseek-v3", "--budget", "$1000"], 1, &["no number of tokens"]);
    shell.refused(&["plan", "optimal", "--budget", "$1M"], 2, &["--chips"]);
    // A step has some 512 to 2,048 sequences: chips beyond those that share them do not make it shorter.
    let sure = "plan chips --model llama-3-70b --tokens 15T --gpu h100 --by 6d --confidence 99.99%";
    let sure: Vec<&str> = sure.split(' ').collect();
    shell.refused(&sure, 1, &["within 6 d in 99.99 % of the draws: the best reaches 1", "--confidence"]);
}

/// The golden values of the frontier, through the command.
#[test]
fn the_best_model_for_ten_million_dollars() {
    let asked = [
        "plan",
        "optimal",
        "--budget",
        "$10M",
        "--days",
        "60",
        "--gpu",
        "h200",
        "--mfu",
        "40%",
        "--price",
        "$2/h",
        "--goodput",
        "93%",
        "--chips",
    ];
    let shell = Shell::new();
    let few = shell.json(&[&asked[..], &["2048"]].concat());
    close(&few["result"]["flop"], 3.907_597_212e24, 1e-3); // a peak of 989.5 where the golden value takes 989.4
    close(&few["result"]["models"][0]["params"], 1.930_771e11, 1e-3);
    close(&few["result"]["models"][0]["tokens"], 3.373_089e12, 1e-3);
    close(&few["result"]["models"][0]["loss"], 1.928_528_7, 1e-5);
    close(&few["result"]["cost_usd"], 5_898_240.0, 1e-9);
    assert_eq!(few["result"]["models"][0]["binding"], "chips x time");
    let many = shell.json(&[&asked[..], &["8192"]].concat());
    close(&many["result"]["flop"], 6.625_022_4e24, 1e-3);
    assert_eq!(many["result"]["models"][0]["binding"], "the money");
    close(&many["result"]["cost_usd"], 1e7, 1e-9);
    let data = shell.json(&[&asked[..], &["8192", "--data", "2T", "--served", "2T", "--active", "5%"]].concat());
    let models = data["result"]["models"].as_array().unwrap();
    let choice = |name: &str| models.iter().find(|model| model["choice"] == name).unwrap_or_else(|| panic!("{name}"));
    close(&choice("all the data")["tokens"], 2e12, 1e-12);
    assert_eq!(choice("all the data")["binding"], "the data");
    assert!(choice("with inference")["params"].as_f64() < models[0]["params"].as_f64());
    // No model takes longer than the days that are there, or costs more than the budget, however much it serves.
    let served = shell.json(&[&asked[..], &["2048", "--served", "20T"]].concat());
    for model in served["result"]["models"].as_array().unwrap() {
        assert!(model["wall_clock_days"].as_f64().unwrap() <= 60.0 * (1.0 + 1e-9), "{model}");
        assert!(model["cost_usd"].as_f64().unwrap() <= 1e7, "{model}");
    }
}

/// The lognormal spine: shares and swings by hand.
#[test]
fn what_drives_a_cost_of_three_factors() {
    let shell = Shell::new();
    let json = shell.json(&[
        "estimate",
        "--gpu",
        "h200",
        "--params",
        "70B",
        "--tokens",
        "15T",
        "--mfu",
        "30%..48%",
        "--price",
        "$1.8/h..$3.2/h",
        "--goodput",
        "85%..97%",
        "--drivers",
    ]);
    assert_eq!(json["drivers_of"], "cost_usd");
    let drivers = json["drivers"].as_array().unwrap();
    let names: Vec<&str> = drivers.iter().map(|driver| driver["path"].as_str().unwrap()).collect();
    assert_eq!(names, ["price.rent", "run.mfu", "run.goodput"]);
    let sigma = |low: f64, high: f64| (high / low).ln() / (2.0 * 1.644_853_626_951);
    let spreads = [sigma(1.8, 3.2), sigma(0.30, 0.48), sigma(0.85, 0.97)];
    let c = spreads.map(|sigma| (sigma * sigma).exp() - 1.0);
    let variance = c.iter().map(|c| 1.0 + c).product::<f64>() - 1.0;
    for (index, driver) in drivers.iter().enumerate() {
        let first = c[index] / variance;
        let others: f64 = c.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, c)| 1.0 + c).product();
        let total = 1.0 - (others - 1.0) / variance;
        let near = |key: &str, expected: f64| {
            let value = driver[key]["value"].as_f64().unwrap();
            let error = driver[key]["standard_error"].as_f64().unwrap();
            // The goodput is cut at 100 %, which moves its share by less than a hundredth.
            assert!((value - expected).abs() < 6.0 * error + 0.012, "{key}: {value} ± {error}, not {expected}");
        };
        near("sobol_first", first);
        near("sobol_total", total);
        let swing = driver["at_p95"].as_f64().unwrap() / driver["at_p5"].as_f64().unwrap();
        let expected = (2.0 * 1.644_853_626_951 * spreads[index]).exp();
        let expected = if index == 0 { expected } else { 1.0 / expected };
        assert!((swing / expected - 1.0).abs() < 0.01, "{swing} {expected}");
        assert!(driver["halving_narrows_by"].as_f64().unwrap() > 0.0, "{driver}");
    }
    let point = shell.run(&["estimate", "deepseek-v3", "--drivers"]);
    assert!(String::from_utf8_lossy(&point.stderr).contains("nothing drives"));
    shell.refused(&["estimate", "deepseek-v3", "--drivers=speed"], 2, &["cost, days, hours"]);
}

/// Many draws are looked for from where few lead, and the answer is theirs.
#[test]
fn many_draws_find_what_all_of_them_say() {
    let asked = || Input::new().model("llama-3-70b").tokens("15T").gpu("h100").set("by", "60d");
    let draws = Draws::new(60_000, 1, Sampler::Sobol).unwrap();
    let found = PlanRequest::new(Goal::Chips, asked()).draws(draws).ask(catalog()).unwrap();
    let chips = found.plan.chips.unwrap();
    assert!(found.plan.probability >= 0.9 && found.plan.draws == draws.draws());
    let fewer = EstimateRequest::new(asked().chips(chips - 8.0)).draws(draws);
    let spread = fewer.ask(catalog()).unwrap().made_from.spread.unwrap();
    assert!(spread.by.unwrap().1.value < 0.9, "a node less is not enough");
}

#[test]
fn what_binds_is_one_word_in_every_place() {
    for (asked, binds) in [
        (OptimalRequest::new("h100", "$10M", "4096", "60d", "40%"), "the money"),
        (OptimalRequest::new("h100", "$10M", "512", "30d", "40%"), "chips x time"),
    ] {
        let found = asked.unwrap().ask(catalog()).unwrap().result;
        assert_eq!((found.binding, found.models[0].binding), (binds, binds));
    }
    let one = Shell::new()
        .run(&["plan", "optimal", "--gpu", "h100", "--budget", "$10", "--chips", "1", "--days", "9", "--mfu", "40%"]);
    let text = String::from_utf8(one.stdout).unwrap();
    assert!(text.contains("on 1 chip") && !text.contains("1 chips"), "{text}");
}

/// A plan, off the stack.
fn planned(goal: Goal, input: Input) -> Box<flopbill::PlanReply> {
    Box::new(PlanRequest::new(goal, input).ask(catalog()).unwrap())
}

/// The plan stands among its neighbours with what it says of itself; more chips are surer, and the plan is the first that is.
#[test]
fn what_stands_beside_a_plan_shows_the_slope() {
    let input = || Input::about("deepseek-v3").gpu("h200").price("$3/h..$4/h").set("confidence", "90%");
    let chips = planned(Goal::Chips, input().set("by", "40d"));
    let tokens = planned(Goal::Tokens, input().set("run.chips", 4096).set("budget", "$10M"));
    let date = planned(Goal::Date, input().set("deliveries", "2048@start; 2048@10d..30d"));
    for (reply, rises) in [(&chips, true), (&tokens, false), (&date, true)] {
        let shares: Vec<f64> = reply.neighbours.iter().map(|near| near.probability.unwrap()).collect();
        let own = reply.neighbours.iter().find(|near| near.is_plan).unwrap();
        assert!((own.probability.unwrap() - reply.plan.probability).abs() < 1e-9, "{own:?}");
        assert!(
            shares.windows(2).all(|pair| if rises { pair[0] <= pair[1] } else { pair[0] >= pair[1] }),
            "{shares:?}"
        );
        assert!(shares.iter().any(|share| *share < 0.9) && shares.iter().any(|share| *share > 0.9), "{shares:?}");
    }
    assert_eq!(chips.neighbours.iter().find(|near| near.is_plan).unwrap().value, chips.plan.chips.unwrap());
}

/// The day that is planned is the first whole day that holds.
#[test]
fn the_planned_day_is_the_first_that_holds() {
    let input = || Input::about("deepseek-v3").gpu("h200").set("deliveries", "2048@start; 2048@10d..30d:80%");
    let limited = |budget: &str| input().set("budget", budget).set("confidence", "70%").set("start", "2027-01-15");
    let plan = planned(Goal::Date, limited("$18M"));
    let days = plan.plan.days_at_confidence.unwrap();
    let holds = |days: f64| {
        let asked = EstimateRequest::new(limited("$18M").set("by", format!("{days}d"))).ask(catalog()).unwrap();
        asked.joint.unwrap().holds.unwrap()
    };
    assert!(holds(days) && !holds(days - 1.0), "{days}");
    let error = PlanRequest::new(Goal::Date, limited("$3M")).ask(catalog()).unwrap_err().to_string();
    assert!(error.contains("on no day") && error.contains("stay within the money"), "{error}");
    let error = PlanRequest::new(Goal::Date, limited("$18M").set("by", "60d")).ask(catalog()).unwrap_err().to_string();
    assert!(error.contains("by is given"), "{error}");
}
