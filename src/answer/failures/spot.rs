//! Chips of the spot market: what their interruptions leave of the time, decided once for hours, days and money.

use super::drawn::Model;
use super::{Era, FailureChoices};
use crate::answer::looked_up::LookedUp;
use crate::answer::pacing::Pacing;
use crate::assume::{self, Laid};
use crate::catalog::Catalog;
use crate::catalog::failures::SharedStorage;
use crate::cost::View;
use crate::error::Error;
use crate::hardware::price::Term;
use crate::reliability::checkpoint;
use crate::reliability::spot::{Comeback, Left, Market};
use crate::units::{Bytes, Chips, Params, show};

/// The spot market, as a question meets it.
#[derive(Debug, Clone)]
pub struct Spot {
    /// How it takes chips away.
    pub market: Market,
    given: FailureChoices,
    era: Era,
    storage: SharedStorage,
    /// The state that has to be saved; `None` where the model's size is not known.
    size: Option<Bytes>,
    /// Which of the market's values nobody gave.
    assumed: bool,
}

/// What the market leaves to a job on its chips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OnSpot {
    /// The market.
    pub market: Market,
    /// What it leaves.
    pub left: Left,
    /// How the job comes back.
    pub job: Comeback,
    /// Whether a value of the market is assumed.
    pub assumed: bool,
}

impl Spot {
    /// Of a question whose chips are rented on the spot market; `None` of others.
    ///
    /// # Errors
    /// Chips that are owned; a market that is none; profiles that do not read.
    pub fn of(looked: &LookedUp<'_>, pacing: &Pacing, catalog: &Catalog) -> Result<Option<Self>, Error> {
        let spec = &looked.spec;
        let Some(term) = spec.term.as_ref().filter(|term| term.value == Term::Spot) else { return Ok(None) };
        if let Some(bill) = spec.bill.as_ref().filter(|bill| bill.value != View::Rent) {
            let message =
                format!("spot chips are rented, and --bill {} is of chips that nobody takes away", bill.value.name());
            return Err(term
                .origin
                .locate(Error::bad_input(message).with_hint("leave the term out, or ask for --bill rent")));
        }
        let profile = catalog.bill()?;
        let (mut defaults, laid) = (profile.defaults, assume::of(spec));
        assume::lay(&mut defaults, &laid);
        defaults.spot.check()?;
        let failures = catalog.failures()?;
        let no_era = || Error::bad_input("profiles/assumptions/failures.toml has no era");
        let given = FailureChoices::of(spec);
        let trained = pacing.setting().map_or(0.0, |setting| setting.model.shape.towers.params(true));
        let bytes = defaults.checkpoint.bytes_per_param;
        let params = spec.params.as_ref().map(|entry| entry.value + Params::new(trained));
        let size = params.map(|params| checkpoint::size(params, bytes)).transpose()?;
        Ok(Some(Self {
            market: defaults.spot,
            era: failures.era(given.day).ok_or_else(no_era)?.clone(),
            storage: failures.storage,
            size: size.or(given.save_time.map(|_| Bytes::ZERO)),
            assumed: !["spot.preemption", "spot.notice", "spot.wait"].into_iter().all(|path| says(&laid, path)),
            given,
        }))
    }

    /// What it leaves to the job on so many chips.
    ///
    /// # Errors
    /// A state of unknown size; a job that never gets going.
    pub fn on(&self, chips: Chips) -> Result<OnSpot, Error> {
        let size = self.size.ok_or_else(unknown)?;
        let between = (self.market.between, 0.0);
        let model = Model::of(chips, between, &self.given, &self.era, &self.storage)?;
        let (left, job) = model.left(size, &self.market)?;
        Ok(OnSpot { market: self.market, left, job, assumed: self.assumed })
    }
}

fn says(laid: &[Laid], path: &str) -> bool {
    laid.iter().any(|one| one.field == path)
}

/// What an interruption costs cannot be said.
pub fn unknown() -> Error {
    let error = Error::no_solution("what preemption costs depends on the chips and the checkpoint");
    error.with_hint("give --chips and --params")
}

impl OnSpot {
    /// In sentences.
    pub fn said(&self) -> [String; 2] {
        let Self { market, left, job, assumed } = self;
        let [between, notice, wait, save, restart] =
            [market.between, market.notice, market.wait, job.save, job.restart].map(show::duration);
        let known = if *assumed { ", assumed (profiles/assumptions/bill.toml)" } else { "" };
        let then = match (left.saves_in_time, market.notice < job.save) {
            (true, _) => format!("within the notice of {notice} the job saves its state ({save})"),
            (false, true) => {
                format!(
                    "the notice of {notice} is too short to save the state ({save}): work since the last save is done again"
                )
            }
            (false, false) => format!("saving as usual costs less than within the notice of {notice}"),
        };
        [
            format!(
                "spot: a job is interrupted every {between} and has its chips again after {wait}{known}; {then}, and \
                 restarts in {restart}: {} of the held time is left, and chips that wait are paid",
                show::percent(left.share.get())
            ),
            "spot: hours, MFU and goodput that are given are those of chips that stay; the interruptions come on top"
                .into(),
        ]
    }
}
