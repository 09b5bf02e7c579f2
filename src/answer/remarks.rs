//! What a reader should know beside the numbers: assumptions, warnings, sources.

use crate::answer::predicted::Outcome;
use crate::answer::resolve::Answer;
use crate::input::file::Origin;
use crate::solve::{Knowns, Rank, Var, display, name};
use crate::source::SourceKind;
use crate::units::date::Date;
use crate::units::{Seconds, show};

/// An MFU above this has not been published for a whole run.
const IMPLAUSIBLE_MFU: f64 = 0.7;

/// A price older than this is worth a warning.
const STALE: Seconds = Seconds::from_days(366.0);

/// Fills in the answer's assumptions, warnings and sources.
pub(super) fn remark(answer: &mut Answer, given: &Knowns, today: Option<Date>) {
    assumptions(answer, given);
    warnings(answer, today);
    sources(answer);
    // An MFU that was implied by the hours agrees with them without saying anything.
    let says = |relation: &&str| answer.spec.mfu.is_some() || !relation.contains("MFU");
    answer.confirmed = answer.solved.confirmed().filter(says).collect();
}

fn assumptions(answer: &mut Answer, given: &Knowns) {
    let mut say = Vec::new();
    if let (Some(mfu), Some(basis), Some(origin)) = (answer.estimate.mfu, answer.basis, &answer.mfu_origin) {
        let share = show::percent(mfu.get());
        let text = match origin {
            Origin::Assumed(why) => format!("MFU {share} of the dense {basis} peak is assumed, {why}"),
            Origin::Flag(flag) => format!("MFU {share} of the dense {basis} peak is an input ({flag}), not predicted"),
            Origin::File(at) => {
                format!("MFU {share} of the dense {basis} peak is an input ({}:{}), not predicted", at.file, at.line)
            }
            Origin::Solved(how) | Origin::Profile(how) => format!("MFU {share} of the dense {basis} peak: {how}"),
        };
        say.push(text);
        say.push("FLOPs are 6 x active parameters x tokens: attention over the sequence is not counted".into());
    }
    if let Some(outcome) = &answer.outcome {
        say.extend(predicted(outcome, answer.spec.goodput.is_none()));
    } else if given.rank(Var::Goodput) == Some(Rank::Default) && answer.estimate.mfu.is_some() {
        // Without FLOPs nothing stands between busy and held time.
        say.push("goodput 100 %: the GPU-hours or the MFU are taken to contain the downtime".into());
    }
    if let Some(price) = &answer.price
        && let Origin::Profile(from) = &price.origin
    {
        say.push(format!("price {}: {from}", show::price(price.value)));
    }
    for path in ["run", "run.goodput", "price.rent", "phase"] {
        let source = answer.spec.sources.0.iter().find(|(key, _)| key == path).map(|(_, source)| source);
        if let Some(source) = source.filter(|source| source.kind == SourceKind::Assumption) {
            let note = source.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
            say.push(format!("{path}: {}{note}", source.title));
        }
    }
    answer.assumptions = say;
}

/// What a prediction rests on.
fn predicted(outcome: &Outcome, prior: bool) -> Vec<String> {
    let (setting, step) = (&outcome.setting, &outcome.predicted);
    let mut say = Vec::new();
    let how = if setting.given.is_empty() { "the fastest legal layout" } else { "the fastest with the given degrees" };
    say.push(format!("layout: {how} that fits"));
    if step.software > 1.0 {
        let factor = show::number(step.software, 3);
        say.push(format!("software: {factor} x the step of the tuned stacks that the model was fitted to"));
    }
    if prior {
        say.push(format!("goodput {}: a prior, not this run's", show::percent(step.goodput)));
    }
    if setting.borrowed {
        say.push("nobody published steps on this chip: factors of another family stand in, a guess".into());
    }
    say.extend(setting.chosen.iter().cloned());
    say
}

fn warnings(answer: &mut Answer, today: Option<Date>) {
    let mut say = Vec::new();
    for var in answer.solved.set_aside() {
        let now = answer.solved.knowns.get(var).map(|value| display(var, value));
        let now = now.map(|now| format!(": now {now}")).unwrap_or_default();
        say.push(format!("the {} of the file gave way to the flags{now}", name(var)));
    }
    if let Some(mfu) = answer.estimate.mfu.filter(|mfu| mfu.get() > IMPLAUSIBLE_MFU) {
        let share = show::percent(mfu.get());
        say.push(format!("an MFU of {share} is implausible: no published run of this size is above 60 %"));
    }
    let dated = answer.price_date.as_deref().and_then(|date| Some((date, date.parse::<Date>().ok()?)));
    if let (Some((text, date)), Some(today)) = (dated, today)
        && date.until(today) > STALE
    {
        say.push(format!("the typical price is from {text}, more than a year ago: give --price"));
    }
    if let Some(chips) = answer.estimate.chips.filter(|_| !answer.solved.knowns.is_solved(Var::Chips)) {
        let node = f64::from(answer.scenario.node_chips);
        if chips.get() % node != 0.0 {
            say.push(format!("{} chips are not whole nodes of {node}", show::chips(chips)));
        }
    }
    answer.warnings.extend(say);
}

fn sources(answer: &mut Answer) {
    for path in ["run", "phase", "price.rent"] {
        if let Some((key, source)) = answer.spec.sources.0.iter().find(|(key, _)| key == path) {
            answer.sources.push((key.clone(), source.clone()));
        }
    }
    if let (Some(chip), Some(basis)) = (&answer.chip, answer.basis) {
        let path = format!("peak.dense.{basis}");
        if let Some(source) = chip.sources.of(&path) {
            answer.sources.push((format!("{} {path}", chip.chip.id), source.clone()));
        }
    }
}
