//! A predicted run beside the published one of the same model: what makes the difference, by factors that can be set.

use serde::Serialize;

use super::settled::Step;
use super::{Answer, answer};
use crate::catalog::Catalog;
use crate::input::question::Question;
use crate::predict::Setting;
use crate::predict::setting::published_run;
use crate::solve::Var;

/// The published run of the model, moved to the chips that are asked about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Published {
    /// Its id.
    pub run: String,
    /// Its chip-hours for the tokens that are asked about.
    pub gpu_hours: f64,
    /// The predicted hours over those.
    pub ratio: f64,
    /// What that ratio is the product of.
    pub factors: Vec<Factor>,
}

/// One factor of the difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Factor {
    /// What it is.
    pub name: &'static str,
    /// The fields that set it.
    pub fields: &'static str,
    /// Predicted over published.
    pub ratio: f64,
}

/// Compares a predicted answer with the published run of its model; `None` where there is none to compare with.
pub fn published(found: &Answer, catalog: &Catalog) -> Option<Published> {
    let Step::Predicted(prediction) = found.step else { return None };
    let setting = found.pacing.setting()?;
    let run = published_run(&setting.model.id, catalog)?;
    let chip = found.chip.as_ref()?;
    let question = Question { base: run.spec.clone(), ..Question::default() };
    let there = question.with("run.gpu", &chip.chip.id).with("run.chips", f64::from(prediction.chips));
    let there = answer(&there, catalog).ok()?;
    let own_step = match there.step {
        Step::Moved(moved) => moved.after,
        Step::Predicted(_) => return None,
        Step::Given => {
            let own = Setting::of(&run.spec, there.chip.as_ref()?, catalog).ok()??;
            own.on(there.estimate.chips?).ok()?
        }
    };
    let share = |answer: &Answer, var| answer.solved.knowns.get(var);
    let goodput = |answer: &Answer| Some(share(answer, Var::Goodput)? * share(answer, Var::Left)?);
    let (own, predicted) = (goodput(&there)?, goodput(found)?);
    let held = |answer: &Answer, goodput: f64| Some(answer.pace()? / goodput);
    let (theirs, ours) = (held(&there, own)?, held(found, predicted)?);
    let ratio = ours / theirs;
    let unsaid = prediction.unsaid.factor / own_step.unsaid.factor;
    let recipe = prediction.pace_at(1.0) / own_step.pace_at(1.0) / unsaid;
    let software = prediction.software;
    let rest = ratio / (unsaid * recipe * software * own / predicted);
    let tokens = found.solved.knowns.get(Var::Tokens)?;
    let moe = usize::from(setting.model.shape.is_moe());
    let of_software = match (setting.factor, &setting.measured, setting.stack.residual[moe]) {
        (Some(_), ..) => "software, as given",
        (None, Some(_), _) => "software, as measured",
        (None, None, Some(_)) => "software, as fitted",
        (None, None, None) if setting.stack.ordinary => "software nobody names",
        (None, None, None) => "software nobody measured",
    };
    Some(Published {
        run: run.id,
        gpu_hours: crate::units::ChipSeconds::new(theirs * tokens).gpu_hours(),
        ratio,
        factors: vec![
            Factor { name: of_software, fields: "stack.factor", ratio: software },
            Factor { name: "goodput", fields: "run.goodput", ratio: own / predicted },
            Factor {
                name: "stack, schedule, batch and precision",
                fields: "stack, layout.schedule, run.global_batch, run.precision",
                ratio: recipe,
            },
            Factor { name: "settings that nobody gave", fields: "layout", ratio: unsaid },
            Factor { name: "what the run has beyond its modelled steps", fields: "run.mfu", ratio: rest },
        ],
    })
}
