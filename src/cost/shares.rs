//! The programme around a final run, stage by stage: each is a share of what the final run costs.

use crate::error::Error;
use crate::units::check::not_negative;
use crate::units::{Fraction, show};

use super::defaults::ProgrammeDefaults;
use super::people::Programme;
use super::{Charge, Context, CostLine, Scope};

/// A stage of a programme besides the run that produces the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Research, scaling laws, earlier versions, models that are never released.
    Experiments,
    /// Runs at full size that are given up or begun again.
    FailedRuns,
    /// One setting or data set against another, to settle the recipe.
    Ablations,
    /// Supervised tuning and preferences, with the making of their data.
    PostTraining,
    /// Reinforcement learning.
    Rl,
}

/// The stages, in the order of a bill, and how a user writes them.
pub const STAGES: [(&str, Stage); 5] = [
    ("experiments", Stage::Experiments),
    ("failed_runs", Stage::FailedRuns),
    ("ablations", Stage::Ablations),
    ("post_training", Stage::PostTraining),
    ("rl", Stage::Rl),
];

/// The largest share of a stage that is accepted.
pub const MOST_SHARE: f64 = 100.0;

impl Stage {
    /// How a user writes it.
    pub fn name(self) -> &'static str {
        STAGES.get(self as usize).map_or("", |(name, _)| name)
    }

    /// What its line is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Experiments => "Experiments",
            Self::FailedRuns => "Failed runs",
            Self::Ablations => "Ablations",
            Self::PostTraining => "Post-training",
            Self::Rl => "Reinforcement learning",
        }
    }

    /// The field that sets its share.
    pub fn field(self) -> &'static str {
        match self {
            Self::Experiments => "programme.experiments",
            Self::FailedRuns => "programme.failed_runs",
            Self::Ablations => "programme.ablations",
            Self::PostTraining => "programme.post_training",
            Self::Rl => "programme.rl",
        }
    }
}

/// What a question knows of a stage.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Known {
    /// Its share is asked for, not assumed.
    pub asked: bool,
    /// What the final run's own phases hold of it, over the final run; `None` where they hold none.
    pub held: Option<Fraction>,
}

/// The share of a stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Of the final run.
    pub value: Fraction,
    /// What the question knows of it.
    pub known: Known,
}

impl Share {
    /// What it comes to beside the final run.
    ///
    /// # Formula
    /// `share`; of what the run's own phases hold: `max(0, share - held)` where the share is asked for, and nothing where it
    /// is assumed, since hours that are known outrank an assumption
    /// # Source
    /// Definition.
    ///
    /// ```
    /// use flopbill::internals::cost::shares::{Known, Share};
    /// use flopbill::internals::units::Fraction;
    /// let share = |asked| Share { value: Fraction::new(0.05), known: Known { asked, held: Some(Fraction::new(0.002)) } };
    /// assert_eq!((share(true).beside(), share(false).beside()), (0.048, 0.0)); // by hand: 5 % - 0.2 %
    /// ```
    pub fn beside(&self) -> f64 {
        match self.known.held {
            None => self.value.get(),
            Some(held) if self.known.asked => (self.value.get() - held.get()).max(0.0),
            Some(_) => 0.0,
        }
    }
}

impl Programme {
    /// What each stage costs over the final run.
    ///
    /// # Formula
    /// [`Share::beside`]; where all compute is said, the same in proportion: `beside_i / sum(beside) * (all - 1)`
    /// # Source
    /// Definition.
    pub fn charged(&self) -> [f64; 5] {
        let beside = self.shares.map(|share| share.beside());
        let sum: f64 = beside.iter().sum();
        match self.compute {
            None => beside,
            Some(all) if sum > 0.0 => beside.map(|share| share * ((all - 1.0) / sum)),
            // Nothing says what it was for.
            Some(all) => [all - 1.0, 0.0, 0.0, 0.0, 0.0],
        }
    }

    /// All compute over the final run.
    ///
    /// # Formula
    /// `1 + sum of the stages' shares`
    /// # Source
    /// Definition.
    pub fn times(&self) -> f64 {
        1.0 + self.charged().iter().sum::<f64>()
    }

    /// Refuses shares that are no numbers, and a share beside all compute, which says the same.
    pub(super) fn check_shares(&self) -> Result<(), Error> {
        for ((_, stage), share) in STAGES.iter().zip(&self.shares) {
            not_negative(stage.field(), share.value)?;
        }
        let asked = STAGES.iter().zip(&self.shares).find(|(_, share)| share.known.asked);
        match (self.compute, asked) {
            (Some(all), Some(((_, stage), share))) => Err(Error::bad_input(format!(
                "`bill.programme` says that all compute is {all} times the final run, and `{}` that {} of it is one stage",
                stage.field(),
                show::percent(share.value.get())
            ))
            .with_hint("give all compute, and the stages share it as is assumed, or give the stages")),
            _ => Ok(()),
        }
    }

    /// What is assumed, in a sentence.
    pub fn said(&self) -> String {
        let times = show::number(self.times(), 3);
        let own = STAGES.iter().zip(&self.shares).filter(|(_, share)| share.known.held.is_some());
        let own: Vec<_> = own.map(|((_, stage), _)| stage.label().to_lowercase()).collect();
        let held: f64 = self.shares.iter().filter_map(|share| share.known.held).map(Fraction::get).sum();
        let held = match own.is_empty() {
            true => String::new(),
            false => format!(
                "; {} of the run is its own {}, which no share counts again",
                show::percent(held),
                own.join(" and ")
            ),
        };
        format!("the final run is not the programme: all compute is {times} times it{held}")
    }

    /// That all compute lies outside of what is published, if it does.
    pub fn beyond(&self, published: &ProgrammeDefaults) -> Option<String> {
        let (times, [low, high]) = (self.times(), [published.low, published.high]);
        let outside = times < low * (1.0 - 1e-9) || times > high * (1.0 + 1e-9);
        outside.then(|| {
            let [times, low, high] = [times, low, high].map(|value| show::number(value, 3));
            format!("all compute is {times} times the final run; {low} to {high} times is published (`programme.low`)")
        })
    }
}

/// The line of a stage.
fn line(context: &Context, stage: Stage) -> Result<CostLine, Error> {
    let terms = &context.terms.programme;
    terms.check()?;
    let share = terms.charged().get(stage as usize).copied().unwrap_or_default();
    let held = terms.shares.get(stage as usize).and_then(|share| share.known.held);
    let charge = match (context.final_run, held) {
        (_, Some(_)) if share == 0.0 => Charge::Contained("the run's own phases hold it"),
        (Some(run), _) => Charge::Priced { price: run.get(), amount: run * share },
        (None, _) => Charge::NotPriced("the final run itself is not priced"),
    };
    Ok(CostLine {
        label: stage.label(),
        quantity: share,
        unit: "final runs",
        price_unit: "USD/final run",
        charge,
        source: stage.field(),
        scope: Scope::Programme,
    })
}

/// Experiments.
pub(super) fn experiments_line(context: &Context) -> Result<CostLine, Error> {
    line(context, Stage::Experiments)
}

/// Failed runs.
pub(super) fn failed_runs_line(context: &Context) -> Result<CostLine, Error> {
    line(context, Stage::FailedRuns)
}

/// Ablations.
pub(super) fn ablations_line(context: &Context) -> Result<CostLine, Error> {
    line(context, Stage::Ablations)
}

/// Post-training.
pub(super) fn post_training_line(context: &Context) -> Result<CostLine, Error> {
    line(context, Stage::PostTraining)
}

/// Reinforcement learning.
pub(super) fn rl_line(context: &Context) -> Result<CostLine, Error> {
    line(context, Stage::Rl)
}
