//! Many steps of one setting, such as a training log: warm-up and outliers are left out by rule, and the median counts.

use crate::units::{Seconds, show};

/// Fewer steps than this say nothing against each other.
const FEWEST: usize = 4;

/// A step this many robust standard deviations from the median is left out.
const DEVIATIONS: f64 = 5.0;

/// A step nearer to the median than this share of it is kept, however close the others are.
const NEAR: f64 = 0.05;

/// The standard deviation of a normal distribution over its median absolute deviation.
const NORMAL: f64 = 1.4826;

/// Two or three steps of one setting that differ by more than this are not of one setting, or one is wrong.
const MOST_APART: f64 = 1.5;

/// What is left of the steps of one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The median of those that are kept.
    pub median: Seconds,
    /// How many they are.
    pub used: usize,
    /// The others, by their place, each with the reason.
    pub left_out: Vec<(usize, String)>,
}

/// Leaves out the first steps that are slower than the rest, and those far from the median.
///
/// # Formula
/// kept where `|t - m| <= max(5 x 1.4826 MAD, 5 % of m)`, m the median of all
/// # Source
/// Leys et al. 2013, "Detecting outliers: use the median absolute deviation", J. Exp. Soc. Psychol. 49; the 5 % is an
/// assumption: steps of one setting repeat within it.
///
/// ```
/// use flopbill::internals::predict::measured::repeats::kept;
///
/// let found = kept(&[9.0, 3.0, 3.01, 2.99, 30.0, 3.0]);
/// assert_eq!((found.median.get(), found.used), (3.0, 4));
/// assert!(found.left_out[0].1.starts_with("warm-up") && found.left_out[1].1.starts_with("an outlier"));
/// ```
pub fn kept(times: &[f64]) -> Kept {
    let centre = median(times.iter().copied());
    if times.len() < FEWEST {
        return Kept { median: Seconds::new(centre), used: times.len(), left_out: Vec::new() };
    }
    let deviation = NORMAL * median(times.iter().map(|time| (time - centre).abs()));
    let limit = (DEVIATIONS * deviation).max(NEAR * centre);
    let within = |time: f64| (time - centre).abs() <= limit;
    let warm = times.iter().take_while(|time| **time > centre + limit).count();
    let out = times.iter().enumerate().filter(|(_, time)| !within(**time)).map(|(place, time)| {
        let kind = if place < warm { "warm-up" } else { "an outlier" };
        let of = show::number(time / centre, 3);
        (place, format!("{kind}: {}, {of} x the median of its setting", show::duration(Seconds::new(*time))))
    });
    let left_out: Vec<(usize, String)> = out.collect();
    let used = times.len() - left_out.len();
    Kept { median: Seconds::new(median(times.iter().copied().filter(|time| within(*time)))), used, left_out }
}

/// The places of the fastest and the slowest of steps too few for outliers, where the two disagree.
///
/// # Formula
/// `slowest > 1.5 x fastest`
/// # Source
/// An assumption: steps of one setting repeat within a few percent.
pub fn apart_by(times: &[f64]) -> Option<(usize, usize)> {
    if times.len() >= FEWEST {
        return None;
    }
    let by_time = |one: &(usize, &f64), other: &(usize, &f64)| one.1.total_cmp(other.1);
    let (low, fastest) = times.iter().enumerate().min_by(by_time)?;
    let (high, slowest) = times.iter().enumerate().max_by(by_time)?;
    (*slowest > MOST_APART * fastest).then_some((low, high))
}

fn median(times: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = times.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { middle(half) } else { 0.5 * (middle(half.wrapping_sub(1)) + middle(half)) }
}
