//! The speed of a run that is named and not stated: what `estimate` answers for it on a chip, and on so many of them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::answer::answer;
use crate::answer::narrowed::Narrowed;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::units::{Chips, Flop, FlopPerSecond, Seconds};

/// Parts of a chip that are rounding.
const ROUNDING: f64 = 1e-6;

/// Times of a run by the number of chips, or why there is none.
type Times = BTreeMap<u32, Result<Seconds, Error>>;

/// A run, and the times it takes, asked for once each.
#[derive(Debug)]
pub struct Predicted {
    question: Question,
    catalog: Catalog,
    /// Chips of one job, beside which others run; `None` where all chips work on one.
    job: Option<Chips>,
    /// Model FLOPs of the run.
    pub work: Flop,
    /// What measured steps changed, where there are any.
    pub narrowed: Option<Narrowed>,
    known: Mutex<BTreeMap<String, Times>>,
}

impl Predicted {
    /// A run whose work is the one on these chips.
    ///
    /// # Errors
    /// A question without an answer there, or without FLOPs.
    pub fn new(
        question: Question,
        catalog: &Catalog,
        (chip, chips): (&str, Chips),
        job: Option<Chips>,
    ) -> Result<Self, Error> {
        let catalog = catalog.clone().remembering();
        let found = answer(&on(&question, chip, at_once(job, chips)), &catalog)?;
        let work = found.estimate.flop.ok_or_else(|| {
            Error::bad_input("the FLOPs of the run do not follow from its profile").with_hint("give its `tokens`")
        })?;
        let narrowed = Narrowed::of_answer(&found);
        Ok(Self { question, catalog, job, work, narrowed, known: Mutex::default() })
    }

    /// The wall-clock time of the run on so many chips, or on those of one job if these are more, with its failures; parts of a
    /// chip do not work.
    ///
    /// # Errors
    /// As [`answer`]: the run does not fit there.
    pub fn time(&self, chip: &str, chips: Chips) -> Result<Seconds, Error> {
        let whole = (at_once(self.job, chips).get() + ROUNDING).floor() as u32;
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(time) = known.get(chip).and_then(|times| times.get(&whole)) {
            return time.clone();
        }
        let time = self.ask(chip, whole);
        known.entry(chip.to_owned()).or_default().insert(whole, time.clone());
        time
    }

    fn ask(&self, chip: &str, chips: u32) -> Result<Seconds, Error> {
        let found = answer(&on(&self.question, chip, Chips::new(f64::from(chips))), &self.catalog)?;
        found.estimate.total.wall_clock.ok_or_else(|| Error::no_solution("the time of the run does not follow"))
    }

    /// What one of so many chips contributes; nothing where the run does not fit.
    pub fn rate(&self, chip: &str, chips: Chips) -> FlopPerSecond {
        self.time(chip, chips).map_or(FlopPerSecond::ZERO, |time| self.work / (at_once(self.job, chips) * time))
    }

    /// Every time that was asked for, by chip and number of chips.
    pub fn known(&self) -> Vec<(String, u32, Result<Seconds, Error>)> {
        let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let of_chip = |(chip, times): (&String, &Times)| {
            times.iter().map(|(chips, time)| (chip.clone(), *chips, time.clone())).collect::<Vec<_>>()
        };
        known.iter().flat_map(of_chip).collect()
    }
}

/// Chips that work on one job.
fn at_once(job: Option<Chips>, chips: Chips) -> Chips {
    job.map_or(chips, |job| if job < chips { job } else { chips })
}

fn on(question: &Question, chip: &str, chips: Chips) -> Question {
    question.clone().with("run.gpu", chip).with("run.chips", chips)
}
