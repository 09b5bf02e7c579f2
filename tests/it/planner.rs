//! The planner's question: deliveries, a date, money, and how sure; held against numpy, against `estimate`, and against itself.

use flopbill::internals::input::field::FIELDS;
use flopbill::internals::input::question::Override;
use flopbill::internals::planner::Prepared;
use flopbill::internals::planner::joint::Kept;
use flopbill::internals::planner::reply::JointReply;
use flopbill::internals::uncertainty::montecarlo::Plan;
use flopbill::{Catalog, EstimateReply, EstimateRequest, Input, Question};

use crate::doors::{CHIPS, MODELS, catalog, of_model};

/// A run of stated hours and rent on deliveries: nothing is predicted, so that numpy can do the same.
fn stated(deliveries: &str) -> Input {
    let input = Input::new().set("run.gpu_hours", "2.6M..3.4M").price("$3/h..$4/h");
    input.set("deliveries", deliveries).set("start", "2027-01-15")
}

fn ask(input: Input) -> Box<EstimateReply> {
    Box::new(EstimateRequest::new(input).ask(catalog()).unwrap())
}

fn joint(input: Input) -> JointReply {
    ask(input).joint.unwrap()
}

#[test]
fn probabilities_are_those_of_numpy() {
    // What `tests/planner/joint.py` prints, on 4 million draws of its own.
    let fleets = [
        ("2048@start; 2048@20d", "60d", "$15M", [0.9799, 0.4589, 0.4579], [54.498, 1.5161e7]),
        ("2048@start; 2048@20d..40d:80%", "62d", "$14M", [0.5800, 0.3391, 0.1538], [60.891, 1.4754e7]),
        ("2048@start:90%; 1000..3000@10d..30d", "64d", "$15M", [0.8464, 0.5695, 0.4528], [57.009, 1.4682e7]),
    ];
    for (deliveries, by, budget, shares, medians) in fleets {
        let found = joint(stated(deliveries).set("by", by).set("budget", budget).set("burn_in", "14d"));
        let shares = [found.by_date, found.in_budget, found.both].into_iter().zip(shares);
        for (share, numpy) in shares {
            let share = share.unwrap();
            let error = 4.0 * share.standard_error.hypot((numpy * (1.0 - numpy) / 4e6f64).sqrt()) + 1e-4;
            assert!((share.probability - numpy).abs() < error, "{deliveries}: {} and {numpy}", share.probability);
        }
        let [days, cost] = medians;
        assert!((found.days.p50.unwrap() / days - 1.0).abs() < 2e-3, "{deliveries}: {:?}", found.days);
        assert!((found.cost_usd.p50.unwrap() / cost - 1.0).abs() < 2e-3, "{deliveries}: {:?}", found.cost_usd);
    }
}

fn close(what: &str, one: Option<f64>, other: Option<f64>) {
    let (one, other) = (one.unwrap(), other.unwrap());
    assert!((one / other - 1.0).abs() < 1e-9, "{what}: {one} and {other}");
}

#[test]
fn one_certain_delivery_is_the_same_chips_asked_for() {
    for (model, tokens) in MODELS {
        for chip in CHIPS {
            let plain = of_model(model, tokens, chip, 4096.0);
            let Ok(own) = EstimateRequest::new(plain.clone()).ask(catalog()) else { continue };
            let mut question = plain;
            question.overrides.retain(|over| over.path != "run.chips");
            let question = question.with("deliveries", "4096@start").with("burn_in", "0d");
            let found = EstimateRequest::new(question).ask(catalog()).unwrap();
            let name = format!("{model} on {chip}");
            let [one, other] = [&found.result, &own.result];
            close(&name, one.wall_clock_days_p50, other.wall_clock_days_p50);
            close(&name, one.wall_clock_days_p90, other.wall_clock_days_p90);
            close(&name, one.gpu_hours_p10, other.gpu_hours_p10);
            if other.cost_usd_p50.is_some() {
                close(&name, one.cost_usd_p50, other.cost_usd_p50);
            }
        }
    }
}

fn v3(deliveries: &str) -> Input {
    Input::about("deepseek-v3").gpu("h200").set("deliveries", deliveries).set("start", "2027-01-15")
}

fn kept(input: Input) -> Kept {
    let question = input.question(catalog()).unwrap();
    Prepared::of(&question, catalog()).unwrap().kept(&Plan::default()).unwrap()
}

#[test]
fn deliveries_that_come_to_the_same_are_the_same() {
    let limited = |deliveries: &str| v3(deliveries).set("by", "45d").set("budget", "$13M");
    let same = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|deliveries| ask(limited(deliveries)));
        close("days", one.result.wall_clock_days_p50, other.result.wall_clock_days_p50);
        close("cost", one.result.cost_usd_p50, other.result.cost_usd_p50);
        let [one, other] = [one, other].map(|reply| reply.joint.unwrap().both.unwrap().probability);
        assert!((one - other).abs() < 1e-12);
    };
    same("2048@start; 2048@start", "4096@start");
    same("2048@2027-01-15; 1024@10d; 1024@2027-01-25", "2048@start; 2048@10d");
    same("4096@start; 1024@10d:0%", "4096@start");
    same("4096xh200@start", "4096@start");
}

#[test]
fn later_or_fewer_never_ends_sooner_and_money_never_hurts() {
    let p50 = |deliveries: &str| ask(v3(deliveries)).result.wall_clock_days_p50.unwrap();
    let days: Vec<f64> = (0..12).map(|step| p50(&format!("2048@start; 2048@{}d", 4 * step))).collect();
    assert!(days.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "{days:?}");
    assert!((days[11] / p50("2048@start") - 1.0).abs() < 1e-9 || days[11] < p50("2048@start")); // too late to join
    let surer: Vec<f64> = [0, 20, 50, 80, 100]
        .map(|share| kept(v3(&format!("2048@start; 2048@10d:{share}%")).set("by", "50d")).all.value)
        .to_vec();
    assert!(surer.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "{surer:?}");
    let money: Vec<f64> = (8..24)
        .map(|millions| kept(v3("2048@start; 2048@10d..30d").set("by", "60d").set("budget", format!("${millions}M"))))
        .map(|kept| kept.all.value)
        .collect();
    assert!(money.windows(2).all(|pair| pair[0] <= pair[1]) && money[0] < money[15], "{money:?}");
}

#[test]
fn both_is_never_above_either_and_a_shared_decision_is_worse_or_as_good() {
    let ask = |together: bool| {
        let input = v3("1024@start; 1536@10d:70%; 1536@12d:70%").set("by", "85d").set("budget", "$16M");
        kept(if together { input.set("together", true) } else { input })
    };
    for kept in [ask(false), ask(true)] {
        let (by, budget) = (kept.by.unwrap().value, kept.budget.unwrap().value);
        assert!(kept.all.value <= by.min(budget) + 1e-12 && kept.all.value >= by + budget - 1.0 - 1e-12);
    }
    // By hand: with 1,024 chips and either of the others the date holds, so that each on its own fails 9 % and both together 30 %.
    let [apart, together] = [ask(false), ask(true)].map(|kept| kept.by.unwrap().value);
    assert!((together - 0.7).abs() < 0.02 && together < apart && apart < 0.92, "{together} {apart}");
}

/// Asks again with what a change says to type.
fn again(input: &Input, flags: &str) -> Input {
    let mut input = input.clone();
    let mut words = flags.split("--").filter(|part| !part.trim().is_empty());
    words.by_ref().for_each(|part| {
        let (flag, value) = part.trim().split_once(' ').unwrap();
        let field = FIELDS.iter().find(|field| field.flag == flag).unwrap();
        input.overrides.push(Override::new(field.path, value.trim().trim_matches('\''), "again"));
    });
    input
}

/// Questions that do not hold, of every kind.
fn generated(count: usize) -> Vec<Input> {
    let mut state = 20_261_130u64;
    let mut next = |from: &[&'static str]| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from[(state >> 33) as usize % from.len()]
    };
    (0..count)
        .map(|_| {
            let runs = ["deepseek-v3", "llama-3.1-405b", "llama-3.1-70b", "deepseek-v3", "bloom-176b"];
            let mut input = Input::about(next(&runs)).gpu(next(&["h200", "h100", "h800", "b200"]));
            input = input.set(
                "deliveries",
                next(&[
                    "1024@start; 2048@20d..40d",
                    "2048@start; 2048@10d:70%",
                    "4096@start",
                    "512@start; 1024@15d; 2048@30d..60d:90%",
                    "1000..3000@start; 2048@25d",
                    "2048@2027-01-15; 2048@2027-03-01..2027-04-15:80%",
                ]),
            );
            input = input.set("by", next(&["40d", "60d", "2027-04-30", "120d"])).set("start", "2027-01-15");
            if next(&["money", "money", "date"]) == "money" {
                input = input.set("budget", next(&["$5M", "$12M", "$25M", "$60M"]));
            }
            input.set("confidence", next(&["50%", "80%", "90%"]))
        })
        .collect()
}

#[test]
fn each_verified_change_holds_when_it_is_asked_again() {
    let count = std::env::var("FLOPBILL_QUESTIONS").ok().and_then(|count| count.parse::<usize>().ok());
    let (mut changed, mut levers) = (0, std::collections::BTreeSet::new());
    for input in generated(count.map_or(20, |count| (count / 25).max(20))) {
        let Ok(reply) = EstimateRequest::new(input.clone()).ask(catalog()) else { continue };
        let found = reply.joint.unwrap();
        if found.holds == Some(true) {
            assert!(found.both.unwrap().probability >= found.confidence && found.changes.is_empty());
            continue;
        }
        for change in &found.changes {
            let asked = again(&input, &change.flags);
            let kept = joint(asked);
            assert_eq!(kept.holds, Some(true), "{input:?}: {change:?}");
            let probability = kept.both.unwrap().probability;
            assert!((probability - change.probability).abs() < 1e-9, "{change:?}: {probability}");
            changed += 1;
            levers.insert(change.lever);
        }
    }
    assert!(changed > 20 && levers.len() >= 5, "{changed} changes of {levers:?}");
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_reason() {
    let refused = |input: Input, says: &str| {
        let error = EstimateRequest::new(input).ask(catalog()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    };
    refused(v3("2048@2026-01-01"), "before the start");
    refused(v3("2048@start").set("run.chips", 4096), "both say how many chips");
    refused(v3("2048@start").set("by", "2026-12-01"), "not after the start");
    refused(v3("2048xh900@start"), "h900");
    refused(v3("2048@start").set("confidence", "100%").set("by", "60d"), "100 %");
    refused(v3("2048@40d..2027-01-20"), "ends before it begins");
    refused(v3("8@start"), "no layout on 8 chips fits");
    refused(v3("2048@start:0%"), "no delivery can come");
    refused(v3("2048@start").set("region", "china, atlantis").set("by", "60d"), "atlantis");
    refused(Input::new().set("deliveries", "2048@start").price("$2/h"), "");
    let chips = v3("2048@start").set("by", "60d");
    let planned = flopbill::PlanRequest::new(flopbill::Goal::Chips, chips).ask(catalog()).unwrap().plan;
    assert!(planned.deliveries.is_some() && planned.deliveries_factor.is_some(), "deliveries grow and shrink");
    let several = v3("2048@start").set("region", "china, us");
    let error = flopbill::PlanRequest::new(flopbill::Goal::Date, several).ask(catalog()).unwrap_err().to_string();
    assert!(error.contains("several places"), "{error}");
    let undated = Input::about("deepseek-v3").gpu("h200").set("deliveries", "4096@start").set("by", "2027-03-01");
    refused(undated, "no day is known to count from");
}

#[test]
fn a_spec_that_starts_from_a_run_is_that_run_with_flags() {
    let text = "name = \"again\"\nlike = \"deepseek-v3\"\nstart = 2027-01-15\nby = \"50d\"\nbudget = \"$14M\"\n\
                deliveries = [{ chips = 2048, on = \"start\" }, { chips = 2048, on = \"10d..30d\", probability = \"80%\" }]\n\
                [run]\ngpu = \"h200\"\n";
    let folder = std::env::temp_dir().join(format!("flopbill-planner-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("again.toml");
    std::fs::write(&path, text).unwrap();
    let by_file = Question::about(path.to_str().unwrap(), &Catalog::built_in()).unwrap();
    let by_file = EstimateRequest::new(by_file).ask(catalog()).unwrap();
    let flags = v3("2048@start; 2048@10d..30d:80%").set("by", "50d").set("budget", "$14M");
    let by_flags = ask(flags);
    close("hours", by_file.result.gpu_hours_p50, by_flags.result.gpu_hours_p50);
    close("cost", by_file.result.cost_usd_p90, by_flags.result.cost_usd_p90);
    let [one, other] = [&by_file, &by_flags].map(|reply| reply.joint.as_ref().unwrap().both.unwrap().probability);
    assert!((one - other).abs() < 1e-12);
    // `run = "..."` says the same; both are one too many.
    std::fs::write(&path, text.replace("like =", "run =").replace("[run]\ngpu", "[run]\nchips")).unwrap();
    assert!(Question::about(path.to_str().unwrap(), &Catalog::built_in()).is_err()); // one key, two meanings
    std::fs::write(&path, format!("like = \"{}\"\nname = \"itself\"\n", path.display())).unwrap();
    let error = Question::about(path.to_str().unwrap(), &Catalog::built_in()).unwrap_err().to_string();
    assert!(error.contains("starts from"), "{error}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_way_to_use_the_deliveries_is_what_it_is_alone() {
    let limited = |deliveries: &str| v3(deliveries).set("by", "60d").set("budget", "$13M");
    let all = joint(limited("1024@25d; 2048@start; 1024@40d:90%"));
    let way = |name: &str| all.options.iter().find(|way| way.name == name).unwrap().clone();
    for (name, alone) in [
        ("each joins as it comes", "1024@25d; 2048@start; 1024@40d:90%"),
        ("the first 2 deliveries", "2048@start; 1024@25d"),
        ("the first delivery alone", "2048@start"),
    ] {
        let alone = joint(limited(alone));
        let (one, other) = (way(name).probability.unwrap(), alone.both.unwrap().probability);
        assert!((one - other).abs() < 1e-12, "{name}: {one} and {other}");
        close(name, way(name).days_p50, alone.days.p50);
    }
    assert_eq!(all.options.iter().filter(|way| way.best).count(), 1);
}

#[test]
fn mixed_chips_work_together_or_the_faster_alone() {
    let input = |deliveries: &str| Input::new().model("llama-3-70b").tokens("15T").set("deliveries", deliveries);
    let days = |deliveries: &str| joint(input(deliveries).set("start", "2027-01-15")).days.p50.unwrap();
    let (slow, fast, mixed) =
        (days("1024xa100@start"), days("1024xh200@start"), days("1024xa100@start; 1024xh200@start"));
    let said = joint(input("1024xa100@start; 512..1024xh200@5d..9d").set("start", "2027-01-15")).assumptions.join("; ");
    for part in ["each is as likely", "percentile", "97 % of their speeds"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(fast < slow && mixed <= fast * (1.0 + 1e-9), "{slow} {fast} {mixed}");
    // By hand: not faster than both at their own speeds without any loss.
    assert!(mixed - 14.0 >= 1.0 / (1.0 / (slow - 14.0) + 1.0 / (fast - 14.0)) - 0.5, "{slow} {fast} {mixed}");
}

#[test]
fn what_changes_nothing_is_said() {
    let warned = |input: Input| ask(input).head.warnings.join("; ");
    let v3 = || Input::about("deepseek-v3").gpu("h200").chips(2048);
    let alone = v3().set("burn_in", "7d").set("together", true).set("confidence", "80%").set("budget_of", "final-run");
    let said = warned(alone.set("start", "2027-01-15"));
    for part in
        ["together, fleet.burn_in change nothing", "start changes nothing", "budget_of changes", "confidence changes"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    let used = self::v3("2048@start").set("burn_in", "7d").set("by", "90d").set("confidence", "80%");
    assert!(!warned(used).contains("nothing here"));
}

#[test]
fn places_are_compared_and_the_best_is_answered() {
    let input = v3("2048@start; 2048@10d..30d").set("by", "60d").set("budget", "$15M").set("region", "us, china");
    let reply = ask(input);
    assert_eq!(reply.places.len(), 2);
    let [best, other] = [&reply.places[0], &reply.places[1]];
    assert!(best.both >= other.both);
    assert_eq!(best.both, reply.joint.unwrap().both.map(|both| both.probability));
    let china = reply.places.iter().find(|place| place.region == "china").unwrap();
    let us = reply.places.iter().find(|place| place.region == "us").unwrap();
    assert!(china.rent_usd_per_hour != us.rent_usd_per_hour && china.electricity_usd_per_kwh.is_some());
    assert!(china.rent_from.is_some() && china.electricity_from.is_some() && china.export_rule.is_some());
    assert!(!china.border.is_empty() && us.border.is_empty());
}

#[test]
fn the_whole_bill_and_the_rent_are_two_budgets() {
    let input = || v3("4096@start").set("by", "60d").set("budget", "$16M");
    let [rent, whole] = [input(), input().set("budget_of", "programme")].map(joint);
    assert_eq!((rent.budget_of, whole.budget_of), ("rent", "programme"));
    assert!(rent.in_budget.unwrap().probability > whole.in_budget.unwrap().probability);
    let (run, programme) = (rent.final_run_usd.unwrap(), rent.programme_usd.unwrap());
    assert!(programme > 1.5 * run && (whole.programme_usd.unwrap() / programme - 1.0).abs() < 1e-9);
    assert!((whole.cost_usd.p50.unwrap() / programme - 1.0).abs() < 0.02); // the point and the median of the draws
}
