//! Checkpoints of a job and the share of its time that trains, at the medians and as a range.

use super::{FailureChoices, Saved};
use crate::catalog::failures::{Era, SharedStorage};
use crate::cost::defaults::Defaults;
use crate::error::Error;
use crate::reliability::availability::{Losses, chain};
use crate::reliability::checkpoint::{Save, Way, pause, shared};
use crate::reliability::interval::{daly_first_order, optimum};
use crate::reliability::spot::{Comeback, Left, Market, left};
use crate::reliability::{Downtime, Interval, Stops, expected_segment, plan};
use crate::uncertainty::dist::{Dist, Prepared};
use crate::uncertainty::sobol::Sobol;
use crate::units::{Bytes, BytesPerSecond, Chips, Fraction, Seconds};

/// Draws of a range: twice as many move its ends by less than a tenth of a percent.
const DRAWS: u64 = 1024;

/// What a job is interrupted by and how it comes back, with the spread of each; a spread is of the logarithm.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub chips: Chips,
    pub mtbf: Seconds,
    pub mtbf_spread: f64,
    pub detect: Seconds,
    pub detect_spread: f64,
    pub restart: Seconds,
    pub restart_spread: f64,
    pub storage: BytesPerSecond,
    pub storage_spread: f64,
    pub save: Way,
    pub interval: Option<Seconds>,
    pub save_time: Option<Seconds>,
    pub shared: SharedStorage,
}

/// Factors on the medians.
#[derive(Debug, Clone, Copy)]
struct Off {
    mtbf: f64,
    detect: f64,
    restart: f64,
    storage: f64,
}

impl Model {
    /// What is given before what the profiles say; what is given has no spread.
    pub fn of(
        chips: Chips,
        (mtbf, mtbf_spread): (Seconds, f64),
        given: &FailureChoices,
        era: &Era,
        storage: &SharedStorage,
    ) -> Result<Self, Error> {
        let spread = |given: bool, spread: f64| if given { 0.0 } else { spread };
        Ok(Self {
            chips,
            mtbf,
            mtbf_spread,
            detect: given.detect.unwrap_or(era.detect),
            detect_spread: spread(given.detect.is_some(), era.spread),
            restart: given.restart.unwrap_or(era.restart),
            restart_spread: spread(given.restart.is_some(), era.spread),
            storage: given.storage.map_or_else(|| shared(chips, storage.per_node, storage.cap), Ok)?,
            storage_spread: spread(given.storage.is_some(), storage.spread),
            save: given.save.unwrap_or(era.save),
            interval: given.interval,
            save_time: given.save_time,
            shared: *storage,
        })
    }

    /// What stops the job, and after how much work it saves: at the best interval, but no sooner than the storage has
    /// taken the state before.
    fn job(&self, size: Bytes, off: Off) -> Result<(Stops, Seconds), Error> {
        let storage = self.storage * off.storage;
        let save = match self.save {
            Way::Storage => Save::ToStorage { bandwidth: storage },
            Way::Host => Save::ToHost { per_chip: self.shared.copy_per_chip, overhead: self.shared.copy_overhead },
        };
        let stops = Stops {
            mtbf: self.mtbf * off.mtbf,
            checkpoint: self.save_time.map_or_else(|| pause(size, self.chips, &save), Ok)?,
            restart: self.restart * off.restart,
            detect: self.detect * off.detect,
        };
        let best = || Ok(optimum(stops.checkpoint, stops.mtbf)?.max(size / storage));
        let interval = self.interval.map_or_else(best, Ok)?;
        Ok((stops, interval))
    }

    /// Checkpoints of this size, and what is left of the time.
    ///
    /// # Errors
    /// A job that never gets going.
    pub fn saved(&self, size: Bytes, defaults: &Defaults) -> Result<Saved, Error> {
        let (stops, interval) = self.job(size, Off { mtbf: 1.0, detect: 1.0, restart: 1.0, storage: 1.0 })?;
        let downtime = Downtime::Modelled { stops, interval: Interval::Every(interval), losses: defaults.losses() };
        let goodput = plan(&downtime)?;
        let [effective, share] = self.shares(size, defaults)?;
        let first_order = daly_first_order(stops.checkpoint, stops.mtbf, stops.restart);
        Ok(Saved { size, storage: self.storage, save: self.save, stops, goodput, first_order, effective, share })
    }

    /// What a market that takes chips away leaves to a job with checkpoints of this size.
    ///
    /// # Errors
    /// A job that never gets going.
    pub fn left(&self, size: Bytes, market: &Market) -> Result<(Left, Comeback), Error> {
        let (stops, interval) = self.job(size, Off { mtbf: 1.0, detect: 1.0, restart: 1.0, storage: 1.0 })?;
        let save = self.save_time.unwrap_or(size / self.storage);
        let job = Comeback { save, restart: stops.restart, pause: stops.checkpoint, interval };
        Ok((left(market, &job)?, job))
    }

    /// The share that trains, p10, p50, p90: as reports count effective time, and with all losses.
    ///
    /// One draw moves detection and restart: a team that is slow is slow at both.
    fn shares(&self, size: Bytes, defaults: &Defaults) -> Result<[[f64; 3]; 2], Error> {
        let normal = Dist::normal(0.0, 1.0)?.prepare();
        let pert = |range: &crate::cost::defaults::Range| {
            Ok(Dist::pert(range.low.get(), range.mode.get(), range.high.get())?.prepare())
        };
        let ranges = defaults.losses.iter().map(pert).collect::<Result<Vec<Prepared>, Error>>()?;
        let points = Sobol::scrambled(3 + ranges.len(), 1, 0);
        let at = |index: u64, dimension: usize| points.bits(index, dimension) as f64 / 2f64.powi(64);
        let (mut effective, mut all) = (Vec::new(), Vec::new());
        for index in 0..DRAWS {
            let [often, slow, wide] = [0, 1, 2].map(|dimension| normal.quantile(at(index, dimension)));
            let off = Off {
                mtbf: (often * self.mtbf_spread).exp(),
                detect: (slow * self.detect_spread).exp(),
                restart: (slow * self.restart_spread).exp(),
                storage: (wide * self.storage_spread).exp(),
            };
            let (stops, interval) = self.job(size, off)?;
            let drawn = |place: usize| ranges.get(place).map_or(0.0, |range| range.quantile(at(index, 3 + place)));
            let [planned, slow, rollback, evaluation] = [0, 1, 2, 3].map(|place| Fraction::new(drawn(place)));
            let losses = Losses { planned, slow, rollback, evaluation };
            let up = interval / expected_segment(&stops, interval);
            let up = if up.is_finite() { up } else { 0.0 };
            let counted = Losses { slow: Fraction::ZERO, evaluation: Fraction::ZERO, ..losses };
            effective.push(up * chain(&counted)?.get());
            all.push(up * chain(&losses)?.get());
        }
        Ok([effective, all].map(ends))
    }
}

/// The p10, the p50 and the p90 of some values.
fn ends(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [0.1, 0.5, 0.9].map(|level| values.get((level * values.len() as f64) as usize).copied().unwrap_or(0.0))
}
