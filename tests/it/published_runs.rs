//! Every published run is answered, with the hours its authors gave.

use flopbill::Question;
use flopbill::internals::answer::answer;
use flopbill::internals::catalog::{Catalog, Kind};
use flopbill::internals::input::file::spec;

#[test]
fn every_published_run_is_answered_with_its_own_figures() {
    let catalog = Catalog::built_in();
    let ids = catalog.ids(Kind::Runs);
    let mut wrong = Vec::new();
    for id in &ids {
        let question = Question::about(id, &catalog).unwrap();
        let given = question.base.clone();
        let answer = match answer(&question, &catalog) {
            Ok(answer) => answer,
            Err(error) => {
                wrong.push(format!("{id}: {error}"));
                continue;
            }
        };
        let by_phase = given.phases.iter().filter_map(|phase| phase.gpu_hours.as_ref());
        let hours = given.gpu_hours.as_ref().into_iter().chain(by_phase).map(|entry| entry.value.gpu_hours());
        let hours: f64 = hours.sum();
        let answered = answer.estimate.total.held.gpu_hours();
        if hours > 0.0 && (answered / hours - 1.0).abs() > 1e-9 {
            wrong.push(format!("{id}: {hours} hours in, {answered} out"));
        }
        if let Some(mfu) = answer.estimate.mfu.filter(|mfu| mfu.get() > 0.7) {
            wrong.push(format!("{id}: an MFU of {}", mfu.get()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} runs:\n{}", wrong.len(), ids.len(), wrong.join("\n"));
}

#[test]
fn answers_agree_with_what_was_reported() {
    let catalog = Catalog::built_in();
    let mut wrong = Vec::new();
    let mut compared = 0;
    for id in catalog.ids(Kind::Runs) {
        let run = spec(&catalog.find(Kind::Runs, &id).unwrap()).unwrap();
        let Some(reported) = run.reported else { continue };
        let answer = answer(&Question::about(&id, &catalog).unwrap(), &catalog).unwrap();
        let total = answer.estimate.total;
        let hours = reported.gpu_hours.map(|hours| ("GPU-hours", hours / total.held));
        let cost = reported.cost.zip(run.price.as_ref().and(total.cost)).map(|(cost, own)| ("cost", cost / own));
        for (what, ratio) in hours.into_iter().chain(cost) {
            compared += 1;
            if !(0.95..=1.05).contains(&ratio) {
                wrong.push(format!("{id}: reported {what} are {ratio:.3} of the answer"));
            }
        }
    }
    assert!(compared > 5, "only {compared} reported figures to compare with");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_run_names_its_source() {
    let catalog = Catalog::built_in();
    for id in catalog.ids(Kind::Runs) {
        let run = spec(&catalog.find(Kind::Runs, &id).unwrap()).unwrap();
        assert!(run.organisation.is_some(), "{id} names no organisation");
        for path in ["run.chips", "run.gpu", "run.gpu_hours", "run.tokens"] {
            assert!(run.sources.of(path).is_some(), "{id}: {path} has no source");
        }
    }
}
