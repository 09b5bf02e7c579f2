//! Where the time of one step goes.

use super::view::Section;
use crate::answer::Answer;
use crate::answer::layouts::parts;
use crate::units::{Seconds, show};

/// The step of an estimate: its own time, and what the model makes of it.
pub fn section(answer: &Answer) -> Option<Section> {
    let ((setting, predicted), time) = answer.prediction().zip(answer.step_time())?;
    let [unsaid, rest] = answer.over_model()?;
    let mut section = Section::facts("One step").on("step");
    let total = predicted.step.total();
    section.fact("step", show::duration(time), format!("{} tokens", show::count(predicted.tokens_per_step().get(), 4)));
    section.fact(
        "memory",
        show::prefixed(predicted.fit.total.get(), "B", 3),
        format!(
            "of {} on the fullest chip; fits with {}",
            show::prefixed(predicted.fit.capacity.get(), "B", 3),
            chance(predicted.headroom.probability)
        ),
    );
    let factor = |factor: f64| format!("x {}", show::number(factor, 3));
    if unsaid != 1.0 {
        section.fact("settings not given", factor(unsaid), "layouts that people run, over the one below");
    }
    if answer.moved().is_some() {
        section.fact("the run's own", factor(rest), "its hours over its modelled steps where it ran, carried over");
    } else if (rest - 1.0).abs() > 1e-9 {
        let measured = if setting.measured.is_some() { ", after the measured steps" } else { "" };
        section.fact("software", factor(rest), format!("stack `{}`{measured}", setting.stack.id));
    }
    section.fact("as modelled", show::duration(total), "by the step model, without software; of it:");
    for part in parts(&predicted.step).iter().filter(|part| part.shown > total * 5e-4) {
        let hidden = part.hidden > Seconds::ZERO;
        let remark = if hidden { format!("and {} hidden", show::duration(part.hidden)) } else { String::new() };
        section.fact(part.label, show::percent(part.shown / total), remark);
    }
    Some(section)
}

/// A chance in whole percent; never all or nothing.
pub fn chance(probability: f64) -> String {
    match 100.0 * probability {
        percent if percent < 1.0 => "< 1 %".to_owned(),
        percent if percent > 99.0 => "> 99 %".to_owned(),
        percent => format!("{percent:.0} %"),
    }
}

/// A duration of a step's part.
pub fn seconds(value: f64) -> String {
    show::duration(Seconds::new(value))
}
