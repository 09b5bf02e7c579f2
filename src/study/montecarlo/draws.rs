//! What many draws say together, each figure with its standard error.

use super::select::{Window, windows};
use super::{Block, Plan, Sampler};

/// A figure and its standard error: two times out of three the exact one lies within `se` of `value`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure, in the answer's unit.
    pub value: f64,
    /// Its standard error, in the same unit; infinite where too few draws are left to tell.
    pub se: f64,
}

/// The probabilities at which quantiles are taken.
pub const LEVELS: [f64; 5] = [0.05, 0.10, 0.50, 0.90, 0.95];

/// One answer over all draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Draws made.
    pub draws: usize,
    /// Draws without an answer (not a number, or minus infinity): left out of everything else.
    pub failed: usize,
    /// The probability that the answer never comes (is infinite).
    pub never: Estimate,
    /// The mean of the answers that come.
    pub mean: Estimate,
    /// The standard deviation of the answers that come.
    pub sd: f64,
    /// The quantiles of the answers that come, at [`LEVELS`].
    pub quantiles: [Estimate; LEVELS.len()],
}

impl Summary {
    /// The quantile at one of [`LEVELS`]: the nearest one there is.
    pub fn quantile(&self, level: f64) -> Estimate {
        let distance = |at: f64| (at - level).abs();
        let nearest = LEVELS.iter().zip(self.quantiles).min_by(|a, b| distance(*a.0).total_cmp(&distance(*b.0)));
        nearest.map_or(Estimate { value: f64::NAN, se: f64::INFINITY }, |(_, quantile)| quantile)
    }
}

/// The answers to all draws of a plan, in order.
#[derive(Debug, Clone)]
pub struct Draws<'a, const K: usize> {
    sampler: Sampler<'a>,
    plan: Plan,
    answers: Vec<[f64; K]>,
}

/// The finite answers of one kind, and where each replicate's end.
struct Column {
    values: Vec<f64>,
    ends: Vec<usize>,
    never: Vec<usize>,
    failed: usize,
}

impl Column {
    /// The values of each replicate.
    fn parts(&self) -> impl Iterator<Item = &[f64]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.values.get(start..end).unwrap_or(&[]))
    }
}

impl<'a, const K: usize> Draws<'a, K> {
    pub(super) fn new(sampler: Sampler<'a>, plan: Plan, answers: Vec<[f64; K]>) -> Self {
        Self { sampler, plan, answers }
    }

    /// The answers, draw by draw.
    pub fn answers(&self) -> &[[f64; K]] {
        &self.answers
    }

    /// The plan they came from.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// One answer's summary. `answer` counts from zero; one that is not there has no draws.
    pub fn summary(&self, answer: usize) -> Summary {
        let column = self.column(answer);
        let counts = column.values.len() + column.never.iter().sum::<usize>();
        let quantiles = self.levels(&column, &LEVELS);
        let mut at = quantiles.into_iter();
        Summary {
            draws: self.answers.len(),
            failed: column.failed,
            never: self.share(&column, |part, never| (never, part.len() + never), counts),
            mean: self.mean(&column),
            sd: spread(&column.values),
            quantiles: LEVELS.map(|_| at.next().unwrap_or(Estimate { value: f64::NAN, se: f64::INFINITY })),
        }
    }

    /// The quantiles of one answer at any levels from 0 to 1, of the draws in which it comes.
    pub fn quantiles(&self, answer: usize, levels: &[f64]) -> Vec<Estimate> {
        self.levels(&self.column(answer), levels)
    }

    /// The probability that the answer is at most `limit`; an answer that never comes is above every limit.
    pub fn probability_at_most(&self, answer: usize, limit: f64) -> Estimate {
        let column = self.column(answer);
        let counts = column.values.len() + column.never.iter().sum::<usize>();
        let within = |part: &[f64]| part.iter().filter(|&&value| value <= limit).count();
        self.share(&column, |part, never| (within(part), part.len() + never), counts)
    }

    /// Hands over every draw in order: its number, the values of its inputs, its answers. Stops at the first error.
    ///
    /// The inputs are drawn again, not kept: writing them out needs no memory.
    pub fn rows<E>(
        &self,
        inputs: usize,
        mut visit: impl FnMut(usize, &[f64], &[f64; K]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut block = Block::new(inputs);
        for (chunk, answers) in self.answers.chunks(self.plan.chunk()).enumerate() {
            self.sampler.fill(chunk, answers.len(), &mut block);
            for (draw, answers) in answers.iter().enumerate() {
                visit(self.sampler.start(chunk) + draw, block.row(draw), answers)?;
            }
        }
        Ok(())
    }

    fn column(&self, answer: usize) -> Column {
        let mut column =
            Column { values: Vec::with_capacity(self.answers.len()), ends: Vec::new(), never: Vec::new(), failed: 0 };
        for part in self.answers.chunks(self.plan.per_replicate().max(1)) {
            let mut never = 0;
            for answers in part {
                match answers.get(answer) {
                    Some(value) if value.is_finite() => column.values.push(*value),
                    Some(&f64::INFINITY) => never += 1,
                    _ => column.failed += 1,
                }
            }
            column.ends.push(column.values.len());
            column.never.push(never);
        }
        column
    }

    fn mean(&self, column: &Column) -> Estimate {
        let value = mean(&column.values);
        let se = if column.ends.len() > 1 {
            let means: Vec<f64> = column.parts().map(mean).collect();
            spread(&means) / (means.len() as f64).sqrt()
        } else {
            spread(&column.values) / (column.values.len() as f64).sqrt()
        };
        Estimate { value, se: known(se) }
    }

    /// A share of draws, from a count of each replicate and what it is a share of.
    fn share(&self, column: &Column, count: impl Fn(&[f64], usize) -> (usize, usize), of: usize) -> Estimate {
        let counts: Vec<(usize, usize)> =
            column.parts().zip(&column.never).map(|(part, &never)| count(part, never)).collect();
        let value = counts.iter().map(|(hits, _)| hits).sum::<usize>() as f64 / of as f64;
        let shares: Vec<f64> = counts.iter().map(|&(hits, of)| hits as f64 / of as f64).collect();
        Estimate { value, se: known(share_error(value, &shares, of)) }
    }

    /// Quantiles, linear between order statistics (Hyndman and Fan's type 7).
    ///
    /// The standard error is that of the probability below the quantile, carried over to the quantile by the distance of the order
    /// statistics that far away on both sides.
    fn levels(&self, column: &Column, levels: &[f64]) -> Vec<Estimate> {
        let count = column.values.len();
        let last = count.saturating_sub(1);
        let rank = |level: f64| level.clamp(0.0, 1.0) * last as f64;
        // Wide enough for four standard errors of random draws.
        let margin = |level: f64| 4.0 * (count as f64 * level * (1.0 - level)).sqrt() + 2.0;
        let ranges: Vec<_> = levels
            .iter()
            .map(|&level| {
                (rank(level) - margin(level)).max(0.0) as usize..=((rank(level) + margin(level)) as usize).min(last)
            })
            .collect();
        let held = windows(&column.values, &ranges);
        let found: Vec<f64> = levels.iter().zip(&held).map(|(&level, window)| window.between(rank(level))).collect();
        let below = below_by_part(column, &found);
        let estimate = |(((&level, window), &value), shares): (((&f64, &Window), &f64), &Vec<f64>)| {
            let ranks = share_error(level, shares, count) * count as f64;
            let up = window.between((rank(level) + ranks).min(last as f64));
            let down = window.between((rank(level) - ranks).max(0.0));
            Estimate { value, se: known(if count > 1 { (up - down) / 2.0 } else { f64::INFINITY }) }
        };
        levels.iter().zip(&held).zip(&found).zip(&below).map(estimate).collect()
    }
}

/// For each of the values, the share of each replicate that lies at or below it.
fn below_by_part(column: &Column, values: &[f64]) -> Vec<Vec<f64>> {
    let mut shares = vec![Vec::with_capacity(column.ends.len()); values.len()];
    for part in column.parts() {
        for (share, &limit) in shares.iter_mut().zip(values) {
            let count: usize = part.iter().map(|&value| usize::from(value <= limit)).sum();
            share.push(count as f64 / part.len() as f64);
        }
    }
    shares
}

/// The standard error of a share: from independent replicates, or binomial where there is only one.
fn share_error(value: f64, shares: &[f64], of: usize) -> f64 {
    if shares.len() > 1 {
        spread(shares) / (shares.len() as f64).sqrt()
    } else {
        (value * (1.0 - value) / of as f64).sqrt()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The standard deviation, as estimated from a sample.
fn spread(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre) * (value - centre)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

/// A standard error that can be shown: unknown is infinite, never NaN.
fn known(se: f64) -> f64 {
    if se.is_nan() { f64::INFINITY } else { se }
}
