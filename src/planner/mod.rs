//! The planner's question, whole: a run on chips that are delivered in parts, a date, a budget, and how sure it has to be.
//!
//! Nothing is predicted here: the run's speed on each number of chips is what [`answer`] gives, its doubt is that of the
//! answer, and its bill is the one bill. What is added is when the chips come, and what the draws of all of it have in common.

pub mod gates;
pub mod joint;
pub mod levers;
pub mod neighbours;
pub mod options;
pub mod reply;
pub mod schedule;
pub mod search;
pub mod supply;
pub mod trial;

use std::sync::Arc;

use crate::answer::whole_bill::{BillQuestion, Choices, WholeBill, whole_bill};
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::cost::{Judged, View};
use crate::error::Error;
use crate::input::file::Spec;
use crate::input::question::Question;
use crate::uncertainty::montecarlo::Plan;
use crate::units::{ChipSeconds, Chips, Fraction, Price, Seconds};
use joint::{Joint, Kept, Limits, Short};
use supply::Supply;
use trial::sure;

/// How sure a plan is where nobody says.
pub const CONFIDENCE: Fraction = Fraction::new(0.9);

/// A planner's question with everything looked up.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The run on all of its chips.
    pub answer: Arc<Answer>,
    /// What is delivered.
    pub supply: Supply,
    /// The bill that the money is held against, where it is not the rent alone.
    pub whole: Option<Arc<(WholeBill, Judged)>>,
    /// The date and the money.
    pub limits: Limits,
    /// How sure it has to be.
    pub confidence: Fraction,
}

/// Whether a question is the planner's: deliveries, a date together with money, or how sure one of them has to be.
pub fn is_planned(spec: &Spec) -> bool {
    is_joint(spec) || (spec.confidence.is_some() && (spec.by.is_some() || spec.budget.is_some()))
}

/// Whether time and money of a question are those of its draws together: of deliveries, or of a date and money.
pub fn is_joint(spec: &Spec) -> bool {
    spec.deliveries.is_some() || (spec.by.is_some() && spec.budget.is_some())
}

impl Prepared {
    /// Looks everything up.
    ///
    /// # Errors
    /// As [`answer`]; dates before the start; a bill that cannot be made.
    pub fn of(question: &Question, catalog: &Catalog) -> Result<Self, Error> {
        question.spec()?.one_place()?;
        let found = answer(question, catalog)?;
        let whole = judged(&found, None, catalog)?;
        Self::about(question, found, whole, catalog)
    }

    /// The same of a question that is answered, with its bill.
    ///
    /// # Errors
    /// As [`Prepared::of`].
    pub fn about(
        question: &Question,
        found: Answer,
        whole: Option<(WholeBill, Judged)>,
        catalog: &Catalog,
    ) -> Result<Self, Error> {
        let spec = &found.spec;
        let due = spec.due(question.today)?;
        let budget = spec.budget.as_ref().map(|entry| entry.value);
        let confidence = spec.confidence.as_ref().map_or(CONFIDENCE, |entry| entry.value);
        sure(confidence)?;
        let supply = Supply::of(question, &found, catalog)?;
        Ok(Self {
            supply,
            whole: whole.map(Arc::new),
            limits: Limits { due, budget },
            confidence,
            answer: Arc::new(found),
        })
    }

    /// The same, ready to be drawn.
    ///
    /// # Errors
    /// Correlations of what is not drawn.
    pub fn joint(&self) -> Result<Joint<'_>, Error> {
        let whole = self.whole.as_ref().map(|whole| (&whole.0, whole.1));
        Joint::new(&self.answer, &self.supply, whole)
    }

    /// The cost of the run alone and with the work around it, with everything at its median; not a number where unknown.
    pub fn totals(&self, joint: &Joint<'_>, catalog: &Catalog) -> (f64, f64) {
        let bill = match &self.whole {
            Some(whole) => Some(whole.0.clone()),
            None => bill(&self.answer, View::Rent, catalog).ok(),
        };
        let priced = bill.and_then(|whole| joint.priced(&whole.recipe, &self.limits));
        priced.map_or((f64::NAN, f64::NAN), |priced| (priced.run.get(), priced.programme.get()))
    }

    /// What a bill is made for where the chips come in parts, with everything at its median; `None` where the run is
    /// never done then.
    ///
    /// # Errors
    /// An answer without a chip.
    pub fn held(&self, joint: &Joint<'_>) -> Result<Option<BillQuestion<'_>>, Error> {
        let Some(found) = joint.held(&self.limits) else { return Ok(None) };
        let question = BillQuestion::of(&self.answer)?;
        let hourly = Price::from_usd_per_hour(found.cost / found.hours);
        let rent = question.rent.map(|(own, source)| (if hourly.get().is_finite() { hourly } else { own }, source));
        Ok(Some(BillQuestion {
            held: ChipSeconds::from_gpu_hours(found.hours),
            chips: question.chips.and(Some(Chips::new(found.chips))),
            wall: Some(Seconds::from_days(found.days)),
            rent,
            ..question
        }))
    }

    /// How often the limits are kept.
    ///
    /// # Errors
    /// As [`Prepared::joint`].
    pub fn kept(&self, plan: &Plan) -> Result<Kept, Error> {
        Ok(Kept::of(&self.joint()?.draw(&self.limits, plan), &self.limits))
    }

    /// What its draws come to in short.
    ///
    /// # Errors
    /// As [`Prepared::joint`].
    pub fn short(&self, plan: &Plan) -> Result<Short, Error> {
        Ok(Short::of(&self.joint()?.draw(&self.limits, plan)))
    }
}

/// The bill that money is held against: the one that is asked for, which may be made already, or that of the whole programme where that is judged.
///
/// # Errors
/// A bill that cannot be made.
pub fn judged(
    found: &Answer,
    made: Option<&WholeBill>,
    catalog: &Catalog,
) -> Result<Option<(WholeBill, Judged)>, Error> {
    let spec = &found.spec;
    let asked = spec.budget_of.as_ref().map(|entry| entry.value);
    let view = spec.bill.as_ref().map(|entry| entry.value);
    let (view, judged) = match (view, asked) {
        (Some(view), judged) => (view, judged.unwrap_or(Judged::Programme)),
        (None, Some(Judged::Programme)) => (View::Rent, Judged::Programme),
        (None, _) => return Ok(None),
    };
    let whole = made.map_or_else(|| bill(found, view, catalog), |whole| Ok(whole.clone()))?;
    Ok(Some((whole, judged)))
}

/// A bill of an answer.
///
/// # Errors
/// A bill that cannot be made.
pub fn bill(found: &Answer, view: View, catalog: &Catalog) -> Result<WholeBill, Error> {
    bill_of(&BillQuestion::of(found)?, view, &found.spec, catalog)
}

/// The bill of a question with the choices of a spec, on its day and at its rates.
///
/// # Errors
/// A bill that cannot be made.
pub fn bill_of(question: &BillQuestion<'_>, view: View, spec: &Spec, catalog: &Catalog) -> Result<WholeBill, Error> {
    whole_bill(question, view, &Choices::of(spec), &spec.catalog(catalog))
}
