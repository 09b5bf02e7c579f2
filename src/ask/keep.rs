//! Measured steps kept: a stack profile of one's own, with the residual that they tell.

use serde::Serialize;

use super::reply::ReplyHead;
use super::request::About;
use crate::answer::looked_up::chip_of;
use crate::answer::narrowed::Narrowed;
use crate::catalog::Catalog;
use crate::catalog::stack::Residual;
use crate::catalog::stack_text::RESIDUALS;
use crate::error::Error;
use crate::predict::{Setting, Software};
use crate::reply::result::inputs;
use crate::units::date::Date;

/// The question of `calibrate --measured`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KeepRequest {
    /// The measured steps, with the model, the chip and the stack that they were measured on.
    pub about: About,
    /// The name of the profile that is made.
    pub name: String,
    /// The day that it is dated.
    pub today: Option<Date>,
}

/// The answer of `calibrate --measured`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct KeepReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// What is kept.
    pub residual: ResidualReply,
    /// The file that was written.
    pub written: Option<String>,
    /// The profile.
    #[serde(skip)]
    pub text: String,
}

/// What a stack's steps take beyond the model, over all that was measured of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ResidualReply {
    /// The stack that it is a copy of.
    pub of: String,
    /// `dense` or `moe`.
    pub kind: &'static str,
    /// The median factor on a step.
    pub value: f64,
    /// The standard deviation of its logarithm that is left open.
    pub spread: f64,
    /// Steps that tell it.
    pub rows: u32,
}

impl KeepRequest {
    /// Keeps what a question's measured steps tell, under a name.
    pub fn new(about: impl Into<About>, name: impl Into<String>) -> Self {
        Self { about: about.into(), name: name.into(), today: None }
    }

    /// Makes the profile.
    ///
    /// # Errors
    /// No measured steps, no model or chip; steps of which none can be used; a stack that cannot be copied.
    pub fn ask(&self, catalog: &Catalog) -> Result<KeepReply, Error> {
        let spec = self.about.question(catalog)?.spec()?;
        let missing =
            |what: &str, hint: &str| Error::bad_input(format!("the {what} missing")).with_hint(hint.to_owned());
        if !spec.is_measured() {
            return Err(missing("measured steps are", "give --measured steps.csv"));
        }
        let gpu = spec.gpu.as_ref().ok_or_else(|| missing("chip is", "give --gpu h800"))?;
        let setting = Setting::of(&spec, &chip_of(gpu, catalog)?, catalog)?;
        let setting = setting.ok_or_else(|| missing("model is", "give --model llama-3-70b"))?;
        let narrowed = Narrowed::of_step(&setting).ok_or_else(|| missing("measured steps are", "give --measured"))?;
        let evidence = &narrowed.evidence;
        if let (0, Some((step, why))) = (evidence.used(), evidence.unused().first()) {
            let error = Error::bad_input(format!("no measured step tells anything of the software: {step}: {why}"));
            return Err(error.with_hint("name the model and the chip that the steps were measured on"));
        }
        let rows = u32::try_from(evidence.used()).unwrap_or(u32::MAX);
        let Software { median, effect, .. } = evidence.after;
        let others = evidence.of_others(setting.prior());
        let residual = Residual { value: others.median, spread: others.effect, rows, sources: 1 };
        let kept = setting.kept(evidence.after);
        let kind = usize::from(setting.model.shape.is_moe());
        let day = self.today.map_or_else(|| setting.stack.era.clone(), |day| day.to_string());
        let source = format!(
            "{{ title = \"Own measured steps\", as_of = \"{day}\", kind = \"measured\", note = \"{} on {}, over the stack {}\" }}",
            setting.model.id, setting.chip, setting.stack.id
        );
        let of = spec.stack.as_ref().map_or(setting.stack.id.as_str(), |entry| entry.value.as_str());
        let text = catalog.stack_with(of, &self.name, kind, residual, &kept, &source)?;
        let mut head = ReplyHead::new("calibrate", self.name.clone());
        head.inputs = inputs(&spec);
        head.assumptions = setting.chosen.clone();
        head.tell(&narrowed);
        let kind = RESIDUALS.get(kind).copied().unwrap_or_default();
        let residual = ResidualReply { of: setting.stack.id.clone(), kind, value: median, spread: effect, rows };
        Ok(KeepReply { head, residual, written: None, text })
    }
}
