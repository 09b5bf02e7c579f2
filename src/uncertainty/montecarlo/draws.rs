//! What many draws say together, each figure with its standard error.

use super::select::{Window, windows};
use super::{Block, Plan, Sampler};
use std::borrow::Cow;

/// A figure and its standard error: two times out of three the exact one lies within `se` of `value`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure, in the answer's unit.
    pub value: f64,
    /// Its standard error, in the same unit; infinite where too few draws are left to tell.
    pub se: f64,
}

impl Estimate {
    /// What is said of no draws at all.
    const UNKNOWN: Self = Self { value: f64::NAN, se: f64::INFINITY };
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
    /// The quantiles at [`LEVELS`] of all answers; those that never come are above all others.
    pub quantiles: [Estimate; LEVELS.len()],
}

impl Summary {
    /// The quantile at one of [`LEVELS`]: the nearest one there is.
    pub fn quantile(&self, level: f64) -> Estimate {
        let distance = |at: f64| (at - level).abs();
        let nearest = LEVELS.iter().zip(self.quantiles).min_by(|a, b| distance(*a.0).total_cmp(&distance(*b.0)));
        nearest.map_or(Estimate::UNKNOWN, |(_, quantile)| quantile)
    }
}

/// The answers to all draws of a plan, in order.
#[derive(Debug, Clone)]
pub struct Draws<'a, const K: usize> {
    sampler: Sampler<'a>,
    plan: Plan,
    /// Chunk after chunk; in each, one column after the other.
    answers: Vec<f64>,
}

/// One answer over all draws, replicate by replicate.
struct Column<'a> {
    parts: Vec<Part<'a>>,
    failed: usize,
}

/// The finite answers of one replicate in runs, and how many are infinite.
struct Part<'a> {
    runs: Vec<Cow<'a, [f64]>>,
    finite: usize,
    never: usize,
}

impl Part<'_> {
    fn runs(&self) -> impl Iterator<Item = &[f64]> + Clone {
        self.runs.iter().map(Cow::as_ref)
    }
}

impl Column<'_> {
    fn runs(&self) -> impl Iterator<Item = &[f64]> + Clone {
        self.parts.iter().flat_map(Part::runs)
    }

    /// The number of finite answers.
    fn finite(&self) -> usize {
        self.parts.iter().map(|part| part.finite).sum()
    }

    /// The number of answers that never come.
    fn never(&self) -> usize {
        self.parts.iter().map(|part| part.never).sum()
    }
}

impl<'a, const K: usize> Draws<'a, K> {
    pub(super) fn new(sampler: Sampler<'a>, plan: Plan, answers: Vec<f64>) -> Self {
        Self { sampler, plan, answers }
    }

    /// One answer of every draw, in order. `answer` counts from zero.
    pub fn answers(&self, answer: usize) -> impl Iterator<Item = f64> + '_ {
        self.runs(answer).flatten().copied()
    }

    fn runs(&self, answer: usize) -> impl Iterator<Item = &[f64]> {
        let of_chunk =
            move |chunk: &'_ [f64]| answer * (chunk.len() / K.max(1))..(answer + 1) * (chunk.len() / K.max(1));
        let chunks = self.answers.chunks(self.plan.chunk() * K.max(1));
        chunks.map(move |chunk| chunk.get(of_chunk(chunk)).unwrap_or(&[]))
    }

    pub(in crate::uncertainty) fn sampler(&self) -> &Sampler<'a> {
        &self.sampler
    }

    /// How many draws a chunk holds.
    pub(in crate::uncertainty) fn chunk(&self) -> usize {
        self.plan.chunk()
    }

    /// The plan they came from.
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// One answer's summary. `answer` counts from zero; one that is not there has no draws.
    pub fn summary(&self, answer: usize) -> Summary {
        let column = self.column(answer);
        let mut quantiles = self.levels(&column, &LEVELS).into_iter();
        let mean = self.mean(&column);
        Summary {
            draws: self.plan.draws(),
            failed: column.failed,
            never: share(&column, |part| part.never),
            mean,
            sd: deviation(column.runs(), mean.value, column.finite()),
            quantiles: LEVELS.map(|_| quantiles.next().unwrap_or(Estimate::UNKNOWN)),
        }
    }

    /// The quantiles of one answer at any levels from 0 to 1; infinite where it does not come that often.
    pub fn quantiles(&self, answer: usize, levels: &[f64]) -> Vec<Estimate> {
        self.levels(&self.column(answer), levels)
    }

    /// The probability that the answer is at most `limit`; an answer that never comes is above every limit.
    pub fn probability_at_most(&self, answer: usize, limit: f64) -> Estimate {
        share(&self.column(answer), |part| part.runs().map(|run| at_most(run, limit)).sum())
    }

    /// Hands over every draw in order: its number, the values of its inputs, its answers. Stops at the first error.
    ///
    /// The inputs are drawn again, not kept: writing them out needs no memory.
    pub fn rows<E>(&self, mut visit: impl FnMut(usize, &[f64], &[f64; K]) -> Result<(), E>) -> Result<(), E> {
        let mut block = Block::new(self.sampler.inputs());
        let size = self.plan.chunk() * K.max(1);
        for (chunk, answers) in self.answers.chunks(size).enumerate() {
            let len = answers.len() / K.max(1);
            self.sampler.fill(chunk, len, &mut block);
            for (draw, values) in block.rows(len).enumerate() {
                let row = std::array::from_fn(|answer| answers.get(answer * len + draw).copied().unwrap_or(f64::NAN));
                visit(self.sampler.start(chunk) + draw, values, &row)?;
            }
        }
        Ok(())
    }

    fn column(&self, answer: usize) -> Column<'_> {
        let chunks = self.plan.per_replicate().div_ceil(self.plan.chunk());
        let mut column = Column { parts: Vec::new(), failed: 0 };
        for (chunk, run) in self.runs(answer).enumerate() {
            if chunk % chunks == 0 {
                column.parts.push(Part { runs: Vec::with_capacity(chunks), finite: 0, never: 0 });
            }
            let Some(part) = column.parts.last_mut() else { continue };
            let run = if run.iter().fold(true, |finite, value| finite & value.is_finite()) {
                Cow::Borrowed(run)
            } else {
                let never = run.iter().filter(|&&value| value == f64::INFINITY).count();
                let kept: Vec<f64> = run.iter().copied().filter(|value| value.is_finite()).collect();
                part.never += never;
                column.failed += run.len() - kept.len() - never;
                Cow::Owned(kept)
            };
            part.finite += run.len();
            part.runs.push(run);
        }
        column
    }

    fn mean(&self, column: &Column) -> Estimate {
        let count = column.finite();
        let sums: Vec<f64> = column.parts.iter().map(|part| part.runs().map(sum).sum()).collect();
        let value = sum(&sums) / count as f64;
        let means: Vec<f64> = sums.iter().zip(&column.parts).map(|(sum, part)| sum / part.finite as f64).collect();
        let se = match means.len() {
            0 | 1 => deviation(column.runs(), value, count) / (count as f64).sqrt(),
            _ => error_of_mean(&means),
        };
        Estimate { value, se: known(se) }
    }

    /// Quantiles: the least draw that so many do not exceed (Hyndman and Fan's type 1), so that the share of draws at or below
    /// a quantile is never less than its level.
    ///
    /// The standard error is that of the probability below the quantile, carried over to the quantile by the distance of the order
    /// statistics that far away on both sides.
    fn levels(&self, column: &Column, levels: &[f64]) -> Vec<Estimate> {
        let count = column.finite();
        let last = count.saturating_sub(1);
        let all = count + column.never();
        let rank = |level: f64| ((level.clamp(0.0, 1.0) * all as f64).ceil() - 1.0).max(0.0);
        // Wide enough for four standard errors of random draws.
        let margin = |level: f64| 4.0 * (all as f64 * level * (1.0 - level)).sqrt() + 2.0;
        let place = |rank: f64| (rank.max(0.0) as usize).min(last);
        let around = |&level: &f64| place(rank(level) - margin(level))..=place(rank(level) + margin(level));
        let ranges: Vec<_> = levels.iter().map(around).collect();
        let held = windows(column.runs(), &ranges);
        let found: Vec<f64> = levels.iter().zip(&held).map(|(&level, window)| window.between(rank(level))).collect();
        let below = below_by_part(column, &found);
        let estimate = |(((&level, window), &value), shares): (((&f64, &Window), &f64), &Vec<f64>)| {
            if rank(level) > last as f64 {
                return Estimate { value: f64::INFINITY, se: f64::INFINITY };
            }
            let ranks = share_error(level, shares, all) * all as f64;
            let up = window.between((rank(level) + ranks).min(last as f64));
            let down = window.between((rank(level) - ranks).max(0.0));
            Estimate { value, se: known(if count > 1 { (up - down) / 2.0 } else { f64::INFINITY }) }
        };
        levels.iter().zip(&held).zip(&found).zip(&below).map(estimate).collect()
    }
}

/// For each of the values, the share of each replicate that lies at or below it, what never comes above it.
fn below_by_part(column: &Column, values: &[f64]) -> Vec<Vec<f64>> {
    let mut shares = vec![Vec::with_capacity(column.parts.len()); values.len()];
    for part in &column.parts {
        let mut counts = vec![0; values.len()];
        for run in part.runs() {
            for (count, &limit) in counts.iter_mut().zip(values) {
                *count += at_most(run, limit);
            }
        }
        for (share, count) in shares.iter_mut().zip(counts) {
            share.push(count as f64 / (part.finite + part.never) as f64);
        }
    }
    shares
}

/// The share of the draws with an answer, late or never, that a count of each replicate makes.
fn share(column: &Column, count: impl Fn(&Part) -> usize) -> Estimate {
    let counts: Vec<(usize, usize)> = column.parts.iter().map(|part| (count(part), part.finite + part.never)).collect();
    let (hits, of) = counts.iter().fold((0, 0), |(hits, of), (h, o)| (hits + h, of + o));
    let value = hits as f64 / of as f64;
    let shares: Vec<f64> = counts.iter().map(|&(hits, of)| hits as f64 / of as f64).collect();
    Estimate { value, se: known(share_error(value, &shares, of)) }
}

/// The standard error of a share: from independent replicates, or binomial where there is only one.
fn share_error(value: f64, shares: &[f64], of: usize) -> f64 {
    if shares.len() > 1 { error_of_mean(shares) } else { (value * (1.0 - value) / of as f64).sqrt() }
}

/// The standard error of the mean of independent values.
fn error_of_mean(values: &[f64]) -> f64 {
    let mean = sum(values) / values.len() as f64;
    deviation(std::iter::once(values), mean, values.len()) / (values.len() as f64).sqrt()
}

/// The standard deviation about a mean, as estimated from a sample.
fn deviation<'a>(runs: impl Iterator<Item = &'a [f64]>, mean: f64, count: usize) -> f64 {
    let squares: f64 = runs.map(|run| sum_of(run, |value| (value - mean) * (value - mean))).sum();
    (squares / (count as f64 - 1.0)).sqrt()
}

fn sum(values: &[f64]) -> f64 {
    sum_of(values, |value| value)
}

/// A sum in eight lanes: the same on every machine, and not one long chain of additions.
fn sum_of(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let (whole, rest) = values.as_chunks::<8>();
    for eight in whole {
        for (lane, &value) in lanes.iter_mut().zip(eight) {
            *lane += term(value);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|&value| term(value)).sum::<f64>()
}

/// How many values are at most the limit.
fn at_most(values: &[f64], limit: f64) -> usize {
    values.iter().map(|&value| u64::from(value <= limit)).sum::<u64>() as usize
}

/// A standard error that can be shown: unknown is infinite, never NaN.
fn known(se: f64) -> f64 {
    if se.is_nan() { f64::INFINITY } else { se }
}
