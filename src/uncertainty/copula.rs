//! Inputs that move together: a Gaussian copula from rank correlations.
//!
//! The user says how two inputs go together as a Spearman value, from -1 to 1; it does not depend on the distributions'
//! shapes. Values that cannot all hold at once are drawn towards zero by the least common factor that makes them possible,
//! and the report says what was changed.

use crate::error::Error;
use crate::uncertainty::dist::{Dist, NormalCdf, Prepared};
use crate::units::show::percent;
use std::f64::consts::PI;

/// How two inputs, named by their place, go together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The place of one input.
    pub first: usize,
    /// The place of the other.
    pub second: usize,
    /// Spearman's rank correlation, from -1 to 1.
    pub spearman: f64,
}

/// What was changed to make impossible correlations possible.
#[derive(Debug, Clone, PartialEq)]
pub struct Repair {
    /// The share by which every correlation was drawn towards zero.
    pub shrink: f64,
    /// Each pair as it was asked for, and the Spearman value that is used instead.
    pub pairs: Vec<(Pair, f64)>,
}

impl Repair {
    /// What was changed.
    pub fn sentence(&self) -> String {
        let share = percent(self.shrink);
        format!("these correlations cannot hold together: each was drawn {share} towards zero")
    }
}

/// A correlation ready for use: a Cholesky factor over the inputs that are correlated at all.
#[derive(Debug, Clone)]
pub struct Copula {
    /// The places of the correlated inputs, in the order of the factor's rows.
    linked: Vec<usize>,
    /// The lower triangular factor, row by row.
    factor: Vec<Vec<f64>>,
    normal: Prepared,
    back: NormalCdf,
}

/// The normal-space correlation that gives this Spearman value.
///
/// # Formula
/// `r = 2 sin(pi rho / 6)`
/// # Source
/// Pearson 1907; exact for the bivariate normal.
pub fn pearson_of_spearman(spearman: f64) -> f64 {
    2.0 * (PI * spearman / 6.0).sin()
}

/// The Spearman value of this normal-space correlation: the inverse of [`pearson_of_spearman`].
pub fn spearman_of_pearson(pearson: f64) -> f64 {
    6.0 / PI * (pearson / 2.0).clamp(-1.0, 1.0).asin()
}

impl Copula {
    /// The copula of these pairs over this many inputs, with what had to be changed.
    ///
    /// Rows follow `order`, a rank for each input, so that the result does not depend on the order of writing.
    pub fn new(order: &[usize], pairs: &[Pair]) -> Result<(Self, Option<Repair>), Error> {
        check(order.len(), pairs)?;
        let mut linked: Vec<usize> = pairs.iter().flat_map(|pair| [pair.first, pair.second]).collect();
        linked.sort_by_key(|&input| order.get(input).copied().unwrap_or(usize::MAX));
        linked.dedup();
        let matrix = matrix(&linked, pairs);
        let (normal, back) = (Dist::normal(0.0, 1.0)?.prepare(), NormalCdf::new());
        if let Some(factor) = cholesky(&matrix) {
            return Ok((Self { linked, factor, normal, back }, None));
        }
        let (shrink, factor) = shrunk(&matrix)?;
        let used = |pair: &Pair| (*pair, spearman_of_pearson((1.0 - shrink) * pearson_of_spearman(pair.spearman)));
        let repair = Repair { shrink, pairs: pairs.iter().map(used).collect() };
        Ok((Self { linked, factor, normal, back }, Some(repair)))
    }

    /// Turns independent uniform numbers into correlated ones, in place: column after column, each `stride` long, of
    /// which the first `rows` are used.
    pub fn correlate(&self, columns: &mut [f64], stride: usize, rows: usize) {
        let place = |input: usize| input * stride..input * stride + rows;
        for &input in &self.linked {
            if let Some(column) = columns.get_mut(place(input)) {
                self.normal.transform(column);
            }
        }
        // From the last row up, so that every row still finds the independent numbers above it.
        for (line, &input) in self.factor.iter().zip(&self.linked).rev() {
            let own = line.last().copied().unwrap_or(1.0);
            if let Some(column) = columns.get_mut(place(input)) {
                column.iter_mut().for_each(|z| *z *= own);
            }
            for (&weight, &other) in line.iter().zip(&self.linked) {
                if other != input && weight != 0.0 {
                    add_column(columns, place(input), place(other), weight);
                }
            }
            if let Some(column) = columns.get_mut(place(input)) {
                column.iter_mut().for_each(|z| *z = self.back.at(*z));
            }
        }
    }

    /// The lower triangular factor, row by row.
    pub fn factor(&self) -> &[Vec<f64>] {
        &self.factor
    }
}

/// Adds `weight` times one column to another.
fn add_column(columns: &mut [f64], to: std::ops::Range<usize>, from: std::ops::Range<usize>, weight: f64) {
    let split = to.start.max(from.start);
    let (head, tail) = columns.split_at_mut(split.min(columns.len()));
    let (target, source) = if to.start < from.start {
        (head.get_mut(to), tail.get(..from.len()))
    } else {
        (tail.get_mut(..to.len()), head.get(from))
    };
    if let (Some(target), Some(source)) = (target, source) {
        for (sum, value) in target.iter_mut().zip(source) {
            *sum += weight * value;
        }
    }
}

fn check(inputs: usize, pairs: &[Pair]) -> Result<(), Error> {
    for (index, pair) in pairs.iter().enumerate() {
        if !(-1.0..=1.0).contains(&pair.spearman) {
            return Err(
                Error::bad_input(format!("a rank correlation of {}", pair.spearman)).with_hint("it lies from -1 to 1")
            );
        }
        if pair.first == pair.second {
            return Err(Error::bad_input("an input cannot be correlated with itself"));
        }
        if pair.first >= inputs || pair.second >= inputs {
            return Err(Error::bad_input("a correlation with an input that is not there"));
        }
        let same = |other: &Pair| {
            (other.first, other.second) == (pair.first, pair.second)
                || (other.second, other.first) == (pair.first, pair.second)
        };
        if pairs.iter().skip(index + 1).any(same) {
            return Err(Error::bad_input("the correlation of two inputs is given twice"));
        }
    }
    Ok(())
}

/// The normal-space correlation matrix of the linked inputs.
fn matrix(linked: &[usize], pairs: &[Pair]) -> Vec<Vec<f64>> {
    let entry = |a: usize, b: usize| {
        let pair = pairs.iter().find(|p| (p.first, p.second) == (a, b) || (p.second, p.first) == (a, b));
        pair.map_or(f64::from(a == b), |pair| pearson_of_spearman(pair.spearman))
    };
    linked.iter().map(|&a| linked.iter().map(|&b| entry(a, b)).collect()).collect()
}

/// The lower triangular square root of a correlation matrix; none if no inputs can be correlated like that.
///
/// A pivot of zero is allowed where the rest of its column is zero too: two inputs may follow each other exactly.
pub fn cholesky(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    const ZERO: f64 = 1e-12;
    let mut factor: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
    for (i, line) in matrix.iter().enumerate() {
        let mut row: Vec<f64> = Vec::with_capacity(i + 1);
        for (above, &value) in factor.iter().zip(line) {
            let rest = value - row.iter().zip(above).map(|(a, b)| a * b).sum::<f64>();
            let pivot = above.last().copied()?;
            if pivot == 0.0 && rest.abs() > ZERO.sqrt() {
                return None;
            }
            row.push(if pivot == 0.0 { 0.0 } else { rest / pivot });
        }
        let rest = line.get(i)? - row.iter().map(|a| a * a).sum::<f64>();
        if rest < -ZERO {
            return None;
        }
        row.push(if rest <= ZERO { 0.0 } else { rest.sqrt() });
        factor.push(row);
    }
    Some(factor)
}

/// The least shrinking towards the identity, to 12 digits, under which a factor exists, and that factor.
fn shrunk(matrix: &[Vec<f64>]) -> Result<(f64, Vec<Vec<f64>>), Error> {
    let scaled = |shrink: f64| -> Vec<Vec<f64>> {
        let line = |(i, line): (usize, &Vec<f64>)| {
            line.iter().enumerate().map(|(j, value)| if i == j { 1.0 } else { (1.0 - shrink) * value }).collect()
        };
        matrix.iter().enumerate().map(line).collect()
    };
    let (mut low, mut high) = (0.0, 1.0);
    while high - low > 1e-12 {
        let middle = low + (high - low) / 2.0;
        if cholesky(&scaled(middle)).is_some() { high = middle } else { low = middle }
    }
    match cholesky(&scaled(high)) {
        Some(factor) => Ok((high, factor)),
        None => Err(Error::bad_input("these correlations cannot be used")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(first: usize, second: usize, spearman: f64) -> Pair {
        Pair { first, second, spearman }
    }

    #[test]
    fn impossible_correlations_shrink_and_say_so() {
        let pairs = [pair(0, 1, 0.9), pair(1, 2, 0.9), pair(0, 2, -0.9)];
        let (copula, repair) = Copula::new(&[0, 1, 2], &pairs).unwrap();
        let repair = repair.unwrap();
        // By hand: the least eigenvalue of [[1,r,-r],[r,1,r],[-r,r,1]] is 1 - 2r, so (1 - e) r = 1/2.
        let r = pearson_of_spearman(0.9);
        assert!((repair.shrink - (1.0 - 0.5 / r)).abs() < 1e-9, "{}", repair.shrink);
        assert!((repair.pairs[0].1 - spearman_of_pearson(0.5)).abs() < 1e-9);
        assert_eq!(copula.factor().len(), 3);
    }

    #[test]
    fn inputs_may_follow_each_other_exactly() {
        let (copula, repair) = Copula::new(&[0, 1, 2], &[pair(0, 2, 1.0)]).unwrap();
        assert_eq!(repair, None);
        let mut columns = [0.3, 0.7, 0.5, 0.5, 0.9, 0.1];
        copula.correlate(&mut columns, 2, 2);
        assert!((columns[4] - 0.3).abs() < 1e-7 && (columns[5] - 0.7).abs() < 1e-7, "{columns:?}");
        assert_eq!(columns[2..4], [0.5, 0.5]);
        let (opposite, _) = Copula::new(&[1, 0], &[pair(0, 1, -1.0)]).unwrap();
        let mut columns = [0.3, 0.8];
        opposite.correlate(&mut columns, 1, 1);
        assert!((columns[0] - 0.2).abs() < 1e-7 && (columns[1] - 0.8).abs() < 1e-7, "{columns:?}");
    }

    #[test]
    fn wrong_pairs_are_refused() {
        for (pairs, reason) in [
            (vec![pair(0, 1, 1.1)], "1.1"),
            (vec![pair(0, 1, f64::NAN)], "NaN"),
            (vec![pair(0, 0, 0.5)], "itself"),
            (vec![pair(0, 2, 0.5)], "not there"),
            (vec![pair(0, 1, 0.5), pair(1, 0, 0.4)], "twice"),
        ] {
            let error = Copula::new(&[0, 1], &pairs).unwrap_err();
            assert!(error.message().contains(reason), "{error}");
        }
    }
}
