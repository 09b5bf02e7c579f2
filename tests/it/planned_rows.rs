//! Deliveries, dates and money in rows and sides: each is what `estimate` answers to its own question.

use flopbill::internals::sweep::Sweep;
use flopbill::{Catalog, CompareRequest, EstimateRequest, Question};

use crate::sweep_rows::{alone, rows, same};

/// A value of one delivery is the deliveries written out with it, in rows and in questions alike.
#[test]
fn a_value_of_one_delivery_is_the_whole_list_with_it() {
    let catalog = Catalog::built_in().remembering();
    let base = Question::about("deepseek-v3", &catalog).unwrap().with("run.gpu", "h200").with("by", "60d");
    let parts = base.clone().with("deliveries", "2048@start; 2048@10d");
    let axes = ["deliveries.2.on=5d,30d", "deliveries.2.probability=50%,100%"];
    let sweep = Sweep::new(parts.clone(), &axes, catalog.clone()).unwrap();
    let found = rows(&sweep);
    let mut days = Vec::new();
    for (row, (on, sure)) in found.iter().zip([("5d", "50%"), ("5d", "100%"), ("30d", "50%"), ("30d", "100%")]) {
        let listed =
            alone(&base.clone().with("deliveries", format!("2048@start; 2048@{on}:{sure}")), &catalog).unwrap();
        let question = parts.clone().set("deliveries.2.on", on).set("deliveries.2.probability", sure);
        assert_eq!(alone(&question, &catalog).unwrap().map(f64::to_bits), listed.map(f64::to_bits), "{on} {sure}");
        same(&format!("{on} {sure}"), row.as_ref().unwrap(), &listed);
        days.push(listed[1]);
    }
    assert!(days[1] < days[3], "chips that come later do not end the run sooner: {days:?}");
    let columns = flopbill::internals::sweep::columns::columns(&sweep, false);
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names[..2], ["deliveries.2.on_days", "deliveries.2.probability"]);
    assert!(names.ends_with(&[
        "by_date_probability",
        "in_budget_probability",
        "both_probability",
        "holds",
        "layout",
        "error"
    ]));
}

/// A side of a comparison on its deliveries is what `estimate` answers, its steps add up, and its limits are judged.
#[test]
fn a_side_on_its_deliveries_is_the_answer_to_its_question() {
    let catalog = Catalog::built_in().remembering();
    let base = Question::about("deepseek-v3", &catalog).unwrap().with("run.gpu", "h200").with("by", "60d");
    let base = base.with("budget", "$15M").with("bill.view", "rent").with("gate.max_days", "50d");
    let late = base.clone().with("deliveries", "2048@start; 2048@20d..40d");
    let soon = base.clone().with("run.chips", "4096");
    let reply = CompareRequest::new().side(soon.clone()).side(late.clone()).ask(&catalog).unwrap();
    for (side, question) in reply.sides.iter().zip([&soon, &late]) {
        let alone = alone(question, &catalog).unwrap();
        let (side, planned) = (&side.answer, side.answer.planned.unwrap());
        let bill = side.bill.as_ref().unwrap().total_usd;
        let found = [side.result.cost_usd, side.result.wall_clock_days, side.result.gpu_hours, Some(bill)];
        for (found, alone) in found.into_iter().zip([alone[0], alone[1], alone[2], alone[4]]) {
            assert!((found.unwrap() / alone - 1.0).abs() < 1e-12, "{found:?} {alone}");
        }
        assert_eq!(planned.by_date_probability, Some(alone[5]));
        assert_eq!(planned.both_probability, Some(alone[7]));
    }
    for found in &reply.result.differences {
        let sum: f64 = found.steps.iter().map(|step| step.to - step.from).sum();
        let ends = (found.steps[0].from, found.steps.last().unwrap().to);
        assert!((sum - (ends.1 - ends.0)).abs() <= 1e-9 * ends.1.abs(), "{}", found.of);
        let product: f64 = found.factors.iter().map(|factor| factor.ratio).product();
        assert!((product / found.ratio - 1.0).abs() < 1e-6, "{}: {product} {}", found.of, found.ratio);
    }
    let time = reply.result.differences.iter().find(|found| found.of == "wall-clock").unwrap();
    assert_eq!(time.factors[0].factor, "deliveries");
    let failed: Vec<String> = reply.failed().collect();
    assert!(failed.iter().any(|said| said.starts_with("B: the wall-clock time is")), "{failed:?}");
}

/// The bill of a run on its deliveries holds what they hold: one total, whoever says it.
#[test]
fn the_bill_is_that_of_the_deliveries() {
    let catalog = Catalog::built_in().remembering();
    let base = Question::about("deepseek-v3", &catalog).unwrap().with("run.gpu", "h200").with("bill.view", "rent");
    let late = base.with("deliveries", "2048@start; 2048@20d..40d").with("by", "60d");
    for view in ["rent", "own", "epoch"] {
        let found = EstimateRequest::new(late.clone().with("bill.view", view)).ask(&catalog).unwrap();
        let (bill, joint) = (found.bill.unwrap(), found.joint.unwrap());
        for (of_bill, of_joint) in
            [(bill.final_run_usd, joint.final_run_usd), (bill.programme_usd, joint.programme_usd)]
        {
            assert!((of_bill.unwrap() / of_joint.unwrap() - 1.0).abs() < 1e-12, "{view}: {of_bill:?} {of_joint:?}");
        }
        let range = bill.range.unwrap();
        assert_eq!(Some(range.programme_usd_p90), joint.cost_usd.p90, "{view}");
    }
}
