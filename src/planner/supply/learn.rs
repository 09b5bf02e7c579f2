//! The run's speed on the numbers of chips that can be there.

use super::{Line, Speeds, Supply, hourly};
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::uncertainty::dist::Dist;
use crate::units::Seconds;

/// Numbers of chips for which a run is asked; between them its speed is a straight line.
const NODES: usize = 48;

/// Deliveries whose every combination is asked for.
const FEW: usize = 4;

/// Levels of a range of chips at which the run is asked for.
const LEVELS: [f64; 5] = [0.001, 0.25, 0.5, 0.75, 0.999];

impl Supply {
    /// Asks for the run on the numbers of chips that can be there.
    pub(super) fn learn(&mut self, asked: &Asked, found: &Answer) -> Result<(), Error> {
        let counts = self.counts();
        for (index, kind) in self.kinds.iter_mut().enumerate() {
            for &chips in &counts {
                let days = match (index, chips == self.chips) {
                    (0, true) => self.point,
                    (0, false) => days(asked.ask(None, chips)),
                    (_, false) => days(asked.ask(Some(&kind.chip), chips)),
                    (_, true) => {
                        let found = asked.ask(Some(&kind.chip), chips)?;
                        kind.price = hourly(&found);
                        days(Ok(found))
                    }
                };
                kind.nodes.push((chips, 1.0 / days));
            }
        }
        let fits = |kind: &Speeds| kind.nodes.iter().any(|(_, rate)| *rate > 0.0);
        if let Some(kind) = self.kinds.iter().find(|kind| !fits(kind)) {
            let own = kind.chip == self.kinds[0].chip;
            let name = if own { found.scenario.name.as_str() } else { kind.chip.as_str() };
            return Err(Error::no_solution(format!("no number of the chips delivered trains the run ({name})")));
        }
        Ok(())
    }

    /// Numbers of chips that can be there, as far as they are worth asking for.
    fn counts(&self) -> Vec<f64> {
        let ranged: Vec<&Dist> = self.lines.iter().filter_map(|line| self.dist(line.chips)).collect();
        let levels: &[f64] = if ranged.is_empty() { &[0.5] } else { &LEVELS };
        let mut counts = vec![self.chips];
        for &level in levels {
            let of = |line: &Line| match self.dist(line.chips) {
                Some(dist) => dist.quantile(level).round(),
                None => line.chips.of(&[]),
            };
            let each: Vec<f64> = self.lines.iter().map(of).collect();
            let sums = if each.len() <= FEW {
                (1..1usize << each.len())
                    .map(|set| {
                        each.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, chips)| chips).sum()
                    })
                    .collect()
            } else {
                let mut sum = 0.0;
                let all: Vec<f64> = each
                    .iter()
                    .map(|chips| {
                        sum += chips;
                        sum
                    })
                    .collect();
                let (least, most) = (each.iter().copied().fold(f64::INFINITY, f64::min), sum);
                let grid = (0..16).map(|step| (least * (most / least).powf(f64::from(step) / 15.0)).round());
                all.into_iter().chain(each).chain(grid).collect::<Vec<f64>>()
            };
            counts.extend(sums);
        }
        counts.retain(|chips| *chips >= 1.0);
        counts.sort_by(f64::total_cmp);
        counts.dedup();
        if counts.len() > NODES {
            let (all, own) = (counts.len(), self.chips);
            let mut place = 0;
            counts.retain(|chips| {
                place += 1;
                *chips == own || place == 1 || place == all || place * NODES / all != (place - 1) * NODES / all
            });
        }
        counts
    }
}

/// The run, to be asked for on other chips.
pub(super) struct Asked {
    pub alone: Question,
    pub catalog: Catalog,
}

impl Asked {
    fn ask(&self, chip: Option<&str>, chips: f64) -> Result<Answer, Error> {
        let question = self.alone.clone().with("run.chips", chips);
        answer(&chip.map_or(question.clone(), |chip| question.with("run.gpu", chip)), &self.catalog)
    }
}

/// Days of an answer; infinite where there is none.
fn days(found: Result<Answer, Error>) -> f64 {
    found.ok().and_then(|found| found.estimate.total.wall_clock).map_or(f64::INFINITY, Seconds::days)
}
