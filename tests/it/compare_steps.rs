//! Comparisons in steps: what adds up, by hand and over many pairs; lists of names as sides; bills beside each other.

use flopbill::internals::ask::compare::{CompareReply, DifferenceRow, Target};
use flopbill::{Catalog, CompareRequest, Input};
use serde_json::Value;

use crate::shell::Shell;

fn compared(sides: &[Input]) -> CompareReply {
    let request = sides.iter().fold(CompareRequest::new(), |request, side| request.side(side.clone()));
    request.ask(&Catalog::built_in()).unwrap()
}

fn of(reply: &CompareReply, target: Target) -> &DifferenceRow {
    reply.result.differences.iter().find(|row| row.target == target).unwrap()
}

fn changes(row: &DifferenceRow) -> Vec<(&str, f64)> {
    row.steps.iter().map(|step| (step.name.as_str(), step.change())).collect()
}

#[track_caller]
fn near(found: &[(&str, f64)], expected: &[(&str, f64)]) {
    assert_eq!(
        found.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        expected.iter().map(|(name, _)| *name).collect::<Vec<_>>()
    );
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 1e-9, "{name}: {found}, by hand {expected}");
    }
}

/// 1e9 parameters, 1e12 tokens, 40 % of 989.5 TFLOP/s: 6e21 / (0.4 x 989.5e12 x 3600) = 4211.0 GPU-hours at $2.
#[test]
fn four_factors_by_hand() {
    let base = Input::new().gpu("h100").chips(100).mfu("40%").params("1B").tokens("1T").price("$2/h");
    let base = base.set("run.goodput", "100%");
    let other = Input::new().gpu("h100").chips(200).mfu("50%").params("1B").tokens("3T").price("$1/h");
    let reply = compared(&[base, other.set("run.goodput", "80%")]);
    let hours = 6e21 / (0.4 * 989.5e12 * 3600.0);
    let cost = 2.0 * hours;
    // Three times the tokens: +2 of the cost. 40 % to 50 %: 3 to 2.4. 100 % to 80 %: 2.4 to 3. $2 to $1: 3 to 1.5.
    let expected = [("tokens", 2.0), ("MFU", -0.6), ("goodput", 0.6), ("price", -1.5)];
    near(&changes(of(&reply, Target::Cost)), &expected.map(|(name, part)| (name, part * cost)));
    // The hours end at 3 times; on twice the chips that is 1.5 times the days of 100 chips.
    let days = hours / 100.0 / 24.0;
    let expected = [("tokens", 2.0), ("MFU", -0.6), ("goodput", 0.6), ("chips", -1.5)];
    near(&changes(of(&reply, Target::Time)), &expected.map(|(name, part)| (name, part * days)));
    let ratio = of(&reply, Target::Cost).ratio;
    assert!((ratio - 1.5).abs() < 1e-9, "{ratio}");
    assert!(reply.result.differences.iter().all(|row| row.target != Target::Bill), "nobody asks for a bill");
}

/// Chips that a layout leaves idle are a factor of their own: what is left of the MFU is that of the chips at work.
#[test]
fn idle_chips_are_a_step() {
    let with = |stack: &str| Input::new().model("llama-3-8b").tokens("15T").gpu("h100").chips(1000).set("stack", stack);
    let reply = compared(&[with("torchtitan"), with("megatron-core")]);
    let row = of(&reply, Target::Cost);
    let step = row.steps.iter().find(|step| step.name == "chips at work").unwrap();
    let side = |at: usize| &reply.sides[at].answer.result;
    for (at, share) in step.values.iter().enumerate() {
        assert_eq!(share.unwrap(), side(at).chips_used.unwrap() / side(at).chips.unwrap());
        assert!(side(at).chips_used.unwrap() < 1000.0);
    }
    let mfu = row.steps.iter().find(|step| step.name == "MFU of the chips at work").unwrap();
    assert!((mfu.values[0].unwrap() * step.values[0].unwrap() / side(0).mfu.unwrap() - 1.0).abs() < 1e-12);
    let names: Vec<&str> = changes(row).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["MFU of the chips at work", "goodput", "chips at work"], "always in one order");
}

fn billed(view: &str, region: &str, gpu: &str) -> Input {
    Input::about("deepseek-v3").gpu(gpu).set("bill.view", view).set("region", region)
}

/// Two places differ by their electricity, and by the work around the run, which is a multiple of it.
#[test]
fn a_bill_s_steps_are_its_lines() {
    let reply = compared(&[billed("own", "usa", "h200"), billed("own", "china", "h200")]);
    let row = of(&reply, Target::Bill);
    let names: Vec<&str> = changes(row).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["Electricity", "Experiments", "Failed runs", "Ablations"]);
    let lines = |at: usize, name: &str| {
        reply.sides[at].answer.bill.as_ref().unwrap().lines.get(name).copied().flatten().unwrap()
    };
    let electricity = lines(1, "Electricity") - lines(0, "Electricity");
    assert!((row.steps[0].change() / electricity - 1.0).abs() < 1e-9);
    // By hand: the stages are 55.479023 %, 16.67 % and 41.67 % of the final run, and so of what it takes more.
    for (step, share) in row.steps[1..].iter().zip([0.554_790_23, 0.1667, 0.4167]) {
        assert!((step.change() / row.steps[0].change() - share).abs() < 1e-9, "{step:?}");
    }
    // The share of the border on top: a line that the first side does not have is none, not zero.
    let duty = billed("own", "usa", "h200").set("bill.border", "duty");
    let reply = compared(&[billed("own", "usa", "h200"), duty]);
    let step = of(&reply, Target::Bill).steps.iter().find(|step| step.name == "Import duty").unwrap().clone();
    assert!(step.values[0].is_none(), "{step:?}");
    assert!((step.change() / step.values[1].unwrap() - 1.0).abs() < 1e-9 && step.change() > 0.0, "{step:?}");
}

/// Over all pairs of views, places and chips: from one total to the other, without a gap.
#[test]
fn steps_of_bills_add_up_over_many_pairs() {
    let mut sides = Vec::new();
    for view in ["rent", "own", "epoch"] {
        for region in ["usa", "china", "sweden"] {
            for gpu in ["h200", "b200", "h800"] {
                sides.push(billed(view, region, gpu));
            }
        }
    }
    let mut pairs = 0;
    for (at, from) in sides.iter().enumerate() {
        for others in sides[at + 1..].chunks(7) {
            let reply = compared(&[&[from.clone()][..], others].concat());
            for row in reply.result.differences.iter().filter(|row| row.target != Target::Hours) {
                let ends = |side: &str| {
                    let side = &reply.sides.iter().find(|row| row.side == side).unwrap().answer;
                    match row.target {
                        Target::Bill => side.bill.as_ref().unwrap().total_usd,
                        Target::Cost => side.result.cost_usd.unwrap(),
                        _ => side.result.wall_clock_days.unwrap(),
                    }
                };
                let difference = ends(row.to) - ends("A");
                let sum: f64 = changes(row).iter().map(|(_, change)| change).sum();
                let allowed = 1e-9 * difference.abs() + 1e-14 * ends("A").max(ends(row.to));
                assert!((sum - difference).abs() <= allowed, "{from:?} {}: {sum} {difference}", row.to);
                pairs += 1;
            }
        }
    }
    assert!(pairs > 900, "{pairs}");
}

fn sum(steps: &Value, key: &str) -> f64 {
    steps.as_array().unwrap().iter().map(|step| step[key].as_f64().unwrap()).sum()
}

#[test]
fn json_has_the_steps_in_dollars_days_and_hours_and_saved_bills_compare() {
    let shell = Shell::new();
    let json = shell.json(&["compare", "deepseek-v3", "--bill", "own", "--gpu", "h200,b200", "--region", "us"]);
    let rows = json["result"]["differences"].as_array().unwrap();
    let total = |key: &str| json["sides"][1][key].as_f64().unwrap() - json["sides"][0][key].as_f64().unwrap();
    let expected = [
        ("cost", "usd", total("cost_usd")),
        ("GPU-hours", "gpu_hours", total("gpu_hours")),
        ("wall-clock", "days", total("wall_clock_days")),
    ];
    for (of, key, difference) in expected {
        let row = rows.iter().find(|row| row["of"] == of).unwrap();
        let steps = &row["steps"];
        assert!((sum(steps, key) / difference - 1.0).abs() < 1e-9, "{row}");
        for step in steps.as_array().unwrap() {
            let [from, to] = ["from", "to"].map(|end| step[format!("{end}_{key}")].as_f64().unwrap());
            assert!((to - from - step[key].as_f64().unwrap()).abs() < 1e-6, "{step}");
        }
    }
    let bill = rows.iter().find(|row| row["of"] == "whole bill").unwrap();
    let totals = [0, 1].map(|at| json["sides"][at]["bill"]["total_usd"].as_f64().unwrap());
    assert!((sum(&bill["steps"], "usd") / (totals[1] - totals[0]) - 1.0).abs() < 1e-9);
    // What `estimate` answers to the same question, saved.
    for (gpu, at) in [("h200", 0), ("b200", 1)] {
        let args = ["estimate", "deepseek-v3", "--bill", "own", "--gpu", gpu, "--region", "us"];
        let alone = shell.json(&args);
        assert_eq!(alone["bill"]["programme_usd"], json["sides"][at]["bill"]["total_usd"]);
        assert_eq!(alone["bill"]["lines"], json["sides"][at]["bill"]["lines"]);
        shell.write(&format!("{gpu}.json"), alone.to_string());
    }
    let saved = shell.json(&["compare", "h200.json", "b200.json"]);
    let of_saved = saved["result"]["differences"].as_array().unwrap().iter().find(|row| row["of"] == "whole bill");
    let steps = [&of_saved.unwrap()["steps"], &bill["steps"]].map(|steps| steps.as_array().unwrap());
    assert_eq!(steps[0].len(), steps[1].len());
    for (saved, asked) in steps[0].iter().zip(steps[1]) {
        assert_eq!(saved["name"], asked["name"]);
        assert!((saved["usd"].as_f64().unwrap() / asked["usd"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{saved}");
    }
}

/// `--region`, `--stack`, `--term` and `--bill` have lists as `--gpu` has; two lists are a product, the first varying slowest.
#[test]
fn lists_of_names_are_sides() {
    let shell = Shell::new();
    let model = ["compare", "--model", "llama-3-8b", "--tokens", "15T", "--gpu", "h100", "--chips", "512"];
    let sides = |args: &[&str]| shell.json(&[&model[..], args].concat())["sides"].clone();
    let names = |sides: &Value, key: &str| -> Vec<Value> {
        sides.as_array().unwrap().iter().map(|side| side[key].clone()).collect()
    };
    let stacks = sides(&["--stack", "torchtitan,megatron-core"]);
    assert_eq!(names(&stacks, "gpu_hours").len(), 2);
    for (at, stack) in ["torchtitan", "megatron-core"].into_iter().enumerate() {
        let mut args = model;
        args[0] = "estimate";
        let found = shell.json(&[&args[..], &["--stack", stack]].concat());
        assert_eq!(found["result"]["gpu_hours"], stacks[at]["gpu_hours"], "{stack}");
    }
    let terms = sides(&["--bill", "rent", "--term", "on_demand,reserved_1y,reserved_3y"]);
    let costs: Vec<f64> = names(&terms, "bill").iter().map(|bill| bill["total_usd"].as_f64().unwrap()).collect();
    assert!(costs[0] > costs[1] && costs[1] > costs[2], "{costs:?}");
    let product = sides(&["--bill", "own,rent", "--region", "us,china"]);
    let views: Vec<Value> = names(&product, "bill").iter().map(|bill| bill["view"].clone()).collect();
    assert_eq!(views.len(), 4);
    let text =
        String::from_utf8(shell.run(&[&model[..], &["--bill", "own,rent", "--region", "us,china"]].concat()).stdout)
            .unwrap();
    for side in ["A: llama-3-8b on h100-sxm, region us, bill.view own", "region china, bill.view rent"] {
        assert!(text.contains(side), "{side}: {text}");
    }
    shell.formats(&[&model[..], &["--bill", "own,rent", "--region", "us,china"]].concat());
}

/// What a bill is not asked for is said, and the verdict is by the bill where all sides have one.
#[test]
fn the_verdict_is_by_the_bill_where_there_is_one() {
    let shell = Shell::new();
    let args = ["compare", "deepseek-v3", "--gpu", "h200", "--region", "us,china"];
    // China's listed rent is lower, and its electricity dearer.
    let verdict = |args: &[&str]| shell.json(args)["result"]["verdict"].as_str().unwrap().to_owned();
    assert!(verdict(&args).starts_with("B is the cheapest"), "{}", verdict(&args));
    let billed = verdict(&[&args[..], &["--bill", "own"]].concat());
    assert!(billed.starts_with("A is the cheapest") && billed.contains("whole bill of B"), "{billed}");
    shell.refused(&[&args[..], &["--pue", "1.2"]].concat(), 2, &["`bill.pue` is part of the whole bill", "--bill own"]);
}
