//! Order statistics of a large sample without sorting it.

use std::ops::RangeInclusive;

/// A run of consecutive order statistics.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The rank of the first value, counted from zero.
    first: usize,
    values: Vec<f64>,
}

impl Window {
    /// The value of this rank; ranks outside give the nearest that is there.
    pub fn at(&self, rank: usize) -> f64 {
        let last = self.values.len().saturating_sub(1);
        self.values.get(rank.saturating_sub(self.first).min(last)).copied().unwrap_or(f64::NAN)
    }

    /// The value of a rank between two, by a straight line.
    pub fn between(&self, rank: f64) -> f64 {
        let below = self.at(rank as usize);
        let part = rank.fract();
        if part > 0.0 { below + part * (self.at(rank as usize + 1) - below) } else { below }
    }
}

const BUCKETS: usize = 4096;

/// The order statistics of each of these ranges of ranks, each with whatever else fell into the same buckets.
///
/// One pass counts the values into buckets of their own bits, which grow with the value and are fine where values are small and
/// coarse where they are large, as costs and times are; a second collects the few buckets that hold the ranks. Values come in
/// runs and are finite.
pub fn windows<'a>(runs: impl Iterator<Item = &'a [f64]> + Clone, ranges: &[RangeInclusive<usize>]) -> Vec<Window> {
    let (low, high) = runs.clone().fold((f64::INFINITY, f64::NEG_INFINITY), extremes);
    if low == high {
        // One value: the nearest that is there has every rank.
        return ranges.iter().map(|_| Window { first: 0, values: vec![low] }).collect();
    }
    // The two zeros compare as equal, and either may have been taken.
    let low = if low == 0.0 { -0.0 } else { low };
    // The bits of positive numbers order as they are.
    if low.is_sign_positive() {
        windows_by(f64::to_bits, low, high, runs, ranges)
    } else {
        windows_by(key, low, high, runs, ranges)
    }
}

fn windows_by<'a>(
    key: impl Fn(f64) -> u64,
    low: f64,
    high: f64,
    runs: impl Iterator<Item = &'a [f64]> + Clone,
    ranges: &[RangeInclusive<usize>],
) -> Vec<Window> {
    let low = key(low);
    let spread = key(high).saturating_sub(low);
    let shift = (u64::BITS - spread.leading_zeros()).saturating_sub(BUCKETS.ilog2());
    let bucket = |value: f64| (key(value).wrapping_sub(low) >> shift) as usize;
    let mut counts = vec![0u32; BUCKETS];
    // Loops within loops: a flattened iterator would take longer than the counting.
    for run in runs.clone() {
        for &value in run {
            if let Some(count) = counts.get_mut(bucket(value)) {
                *count += 1;
            }
        }
    }
    let mut spans: Vec<Span> = ranges.iter().map(|range| Span::over(&counts, range)).collect();
    let wanted: Vec<bool> = (0..BUCKETS).map(|bucket| spans.iter().any(|span| span.holds(bucket))).collect();
    for run in runs {
        for &value in run {
            let bucket = bucket(value);
            if wanted.get(bucket).is_some_and(|wanted| *wanted) {
                spans.iter_mut().filter(|span| span.holds(bucket)).for_each(|span| span.values.push(value));
            }
        }
    }
    spans.into_iter().map(Span::sorted).collect()
}

/// The least and the greatest of a run and of what was before.
fn extremes(ends: (f64, f64), run: &[f64]) -> (f64, f64) {
    // Written so that a processor compares several at once; `f64::min` has rules for NaN that it has not.
    let less = |a: f64, b: f64| if a < b { a } else { b };
    let more = |a: f64, b: f64| if a > b { a } else { b };
    let (mut low, mut high) = ([ends.0; 8], [ends.1; 8]);
    let (whole, rest) = run.as_chunks::<8>();
    for eight in whole {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(eight) {
            (*low, *high) = (less(value, *low), more(value, *high));
        }
    }
    let all = low.iter().chain(&high).chain(rest);
    all.fold(ends, |(low, high), &value| (less(value, low), more(value, high)))
}

/// Buckets that together hold a range of ranks.
struct Span {
    from: usize,
    to: usize,
    first: usize,
    values: Vec<f64>,
}

impl Span {
    fn over(counts: &[u32], range: &RangeInclusive<usize>) -> Self {
        let mut span = Self { from: 0, to: counts.len().saturating_sub(1), first: 0, values: Vec::new() };
        let (mut before, mut held) = (0, 0);
        for (bucket, &count) in counts.iter().enumerate() {
            let after = before + count as usize;
            if before <= *range.start() {
                (span.from, span.first, held) = (bucket, before, 0);
            }
            held += count as usize;
            if after > *range.end() {
                span.to = bucket;
                break;
            }
            before = after;
        }
        span.values.reserve_exact(held);
        span
    }

    fn holds(&self, bucket: usize) -> bool {
        self.from <= bucket && bucket <= self.to
    }

    fn sorted(mut self) -> Window {
        self.values.sort_unstable_by(f64::total_cmp);
        Window { first: self.first, values: self.values }
    }
}

/// An integer that orders as the number does, `-0.0` below `0.0`.
#[inline]
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    bits ^ ((bits as i64 >> 63) as u64 | 1 << 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_what_sorting_gives() {
        let mixed: Vec<f64> = (0..10_000u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8) - 3e6).collect();
        let tied = vec![2.5; 1000];
        let wide: Vec<f64> = (-300..300).map(|i| 10f64.powi(i) * if i % 3 == 0 { -1.0 } else { 1.0 }).collect();
        for values in [mixed, tied, wide, vec![1.0], vec![f64::MIN, -0.0, 0.0, f64::MAX]] {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let last = values.len() - 1;
            let ranges = [0..=0, last / 3..=last / 2, last / 2..=last / 2, last..=last];
            for (window, range) in windows(values.chunks(7), &ranges).iter().zip(&ranges) {
                for rank in range.clone() {
                    assert_eq!(window.at(rank), sorted[rank], "rank {rank} of {}", values.len());
                }
            }
        }
        assert!(windows([].chunks(1), &[0..=0])[0].at(0).is_nan());
    }
}
