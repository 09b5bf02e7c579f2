//! The fit: robust least squares in log space, with priors, over bounded factors.

use crate::calibration::backtest::Case;
use crate::step::efficiency::{COUNT, Calibration, Factors};

/// Scale of a row's error, in natural logarithm: what releases and clusters differ by that no row says.
const SIGMA_DENSE: f64 = 0.06;

/// The same for mixtures of experts, whose software changes more from release to release.
const SIGMA_MIXTURE: f64 = 0.15;

/// What stacks differ by, in natural logarithm, dense models and mixtures: how loosely their effects are held.
const STACKS: [f64; 2] = [0.1, 0.2];

/// Errors beyond this many scales count ever less (Cauchy's loss).
const OUTLIER: f64 = 2.5;

/// A fit stops when its cost falls by less than this share.
const CONVERGED: f64 = 1e-11;

/// Largest move of a free variable in one iteration.
const STRIDE: f64 = 2.0;

/// One row with its weight.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighted<'a> {
    case: &'a Case,
    weight: f64,
    /// The place of its stack's effect.
    stack: usize,
}

/// Rows of one (source, model, chip) share a weight that grows slowly with their number, as their errors are mostly
/// the same error; so do the groups of one source.
pub(super) fn weighted<'a>(cases: &[&'a Case]) -> Vec<Weighted<'a>> {
    let mut rows = std::collections::BTreeMap::<&str, f64>::new();
    let mut groups = std::collections::BTreeMap::<&str, std::collections::BTreeSet<&str>>::new();
    for case in cases {
        *rows.entry(&case.group).or_default() += 1.0;
        groups.entry(&case.source).or_default().insert(&case.group);
    }
    let stacks: std::collections::BTreeSet<(&str, bool)> = cases.iter().map(|case| stack_of(case)).collect();
    let weigh = |case: &&'a Case| {
        let n = rows.get(case.group.as_str()).copied().unwrap_or(1.0);
        let g = groups.get(case.source.as_str()).map_or(1.0, |groups| groups.len() as f64);
        let stack = stacks.iter().position(|stack| *stack == stack_of(case)).unwrap_or(0);
        Weighted { case, weight: 1.0 / (n.powf(0.75) * g.sqrt()), stack }
    };
    cases.iter().map(weigh).collect()
}

/// The software of a row: its stack, for dense models and mixtures apart.
fn stack_of(case: &Case) -> (&str, bool) {
    (&case.setting.stack.id, case.is_moe())
}

/// Rows, priors, which factors are free, and how loosely the effect of each stack is held.
pub(super) struct Problem<'a> {
    rows: Vec<Weighted<'a>>,
    base: &'a Calibration,
    free: Vec<usize>,
    /// One spread a stack; none where stacks have no effect of their own.
    stacks: Vec<f64>,
}

/// Fitted factors, with what is left open of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Solution {
    pub(super) factors: Factors,
    /// The standard deviation of each factor's logarithm; zero where it was held.
    pub(super) spreads: [f64; COUNT],
}

/// A point of the free variables with what it costs.
struct Point {
    z: Vec<f64>,
    residuals: Vec<f64>,
    cost: f64,
}

/// Rows for a factor: weighted squares of the Jacobian, and its product with the residuals.
struct Normal {
    matrix: Vec<Vec<f64>>,
    gradient: Vec<f64>,
}

impl<'a> Problem<'a> {
    /// Fits these factors, by their place in `NAMES`, and holds the others at the calibration's values.
    pub(super) fn new(rows: Vec<Weighted<'a>>, base: &'a Calibration, free: Vec<usize>) -> Self {
        Self { rows, base, free, stacks: Vec::new() }
    }

    /// The same with an effect of its own for each stack, held near none.
    pub(super) fn with_stacks(mut self) -> Self {
        let all = self.rows.iter().map(|row| row.stack + 1).max().unwrap_or(0);
        self.stacks = vec![0.0; all];
        for row in &self.rows {
            if let Some(spread) = self.stacks.get_mut(row.stack) {
                *spread = STACKS[usize::from(row.case.is_moe())];
            }
        }
        self
    }

    /// Levenberg-Marquardt from the priors; deterministic.
    pub(super) fn solve(&self, iterations: usize) -> Solution {
        let mut point = self.at(self.start());
        let mut damping = 1e-2;
        for _ in 0..iterations {
            let normal = self.normal(&point);
            let before = point.cost;
            for _ in 0..8 {
                let step = solve(&normal.matrix, &normal.gradient, damping);
                let moved = point.z.iter().zip(&step).map(|(z, step)| z - step.clamp(-STRIDE, STRIDE)).collect();
                let next = self.at(moved);
                if next.cost < point.cost {
                    point = next;
                    damping = f64::max(damping * 0.3, 1e-9);
                    break;
                }
                damping *= 4.0;
            }
            if before - point.cost <= CONVERGED * before {
                break;
            }
        }
        Solution { factors: self.factors(&point.z), spreads: self.spreads(&point) }
    }

    /// What the rows and the priors leave open of each factor, at the point where the fit stopped.
    ///
    /// # Formula
    /// `sqrt(C_ii) d ln f / dz`, C the inverse of the normal matrix with priors and stacks; `d ln f / dz` is
    /// `s (1 - s) ln(high / low)` of the logistic s between the bounds
    /// # Source
    /// Gauss-Newton covariance (Nocedal and Wright 2006, Numerical Optimization, section 10.3): the residuals are in units
    /// of their scales, and the rows of a group share a weight, so that one error is not counted many times.
    fn spreads(&self, point: &Point) -> [f64; COUNT] {
        let matrix = self.normal(point).matrix;
        let mut spreads = [0.0; COUNT];
        for (place, (&i, &z)) in self.free.iter().zip(&point.z).enumerate() {
            let (Some(spread), Some(prior)) = (spreads.get_mut(i), self.base.priors.get(i)) else { continue };
            let unit: Vec<f64> = (0..matrix.len()).map(|j| if j == place { 1.0 } else { 0.0 }).collect();
            let variance = solve(&matrix, &unit, 0.0).get(place).copied().unwrap_or(0.0).max(0.0);
            let share = 1.0 / (1.0 + (-z).exp());
            *spread = variance.sqrt() * share * (1.0 - share) * (prior.high / prior.low).ln();
        }
        spreads
    }

    /// The factors at a point: each the logistic of its variable between its bounds, in logarithms.
    fn factors(&self, z: &[f64]) -> Factors {
        let mut values = self.base.factors.values();
        for (&i, &z) in self.free.iter().zip(z) {
            let (Some(value), Some(prior)) = (values.get_mut(i), self.base.priors.get(i)) else { continue };
            let share = 1.0 / (1.0 + (-z).exp());
            *value = (prior.low.ln() + share * (prior.high / prior.low).ln()).exp();
        }
        Factors::from_values(&values)
    }

    fn start(&self) -> Vec<f64> {
        let variable = |prior: &crate::step::efficiency::Prior| {
            let share = (prior.value / prior.low).ln() / (prior.high / prior.low).ln();
            let share = share.clamp(1e-3, 1.0 - 1e-3);
            (share / (1.0 - share)).ln()
        };
        let free = self.free.iter().filter_map(|&i| self.base.priors.get(i)).map(variable);
        free.chain(self.stacks.iter().map(|_| 0.0)).collect()
    }

    /// The variable of a row's stack, in logarithms of a step's time.
    fn effect(&self, z: &[f64], row: &Weighted<'_>) -> f64 {
        if self.stacks.is_empty() { 0.0 } else { z.get(self.free.len() + row.stack).copied().unwrap_or(0.0) }
    }

    fn at(&self, z: Vec<f64>) -> Point {
        let residuals = self.residuals(&z);
        let outlier = OUTLIER * OUTLIER;
        let loss = |(j, r): (usize, &f64)| match self.rows.get(j) {
            Some(row) => row.weight * outlier * (1.0 + r * r / outlier).ln(),
            None => r * r,
        };
        let cost = residuals.iter().enumerate().map(loss).sum();
        Point { z, residuals, cost }
    }

    /// Residuals of the rows, then of the priors, in units of their scales.
    fn residuals(&self, z: &[f64]) -> Vec<f64> {
        let factors = self.factors(z);
        let values = factors.values();
        let row = |row: &Weighted<'_>| {
            ((row.case.predicted(&factors) / row.case.measured).ln() + self.effect(z, row)) / sigma(row)
        };
        let prior = |&i: &usize| match (values.get(i), self.base.priors.get(i)) {
            (Some(value), Some(prior)) => (value / prior.value).ln() / prior.spread,
            _ => 0.0,
        };
        let effects = z.iter().skip(self.free.len()).zip(&self.stacks).map(|(effect, spread)| effect / spread);
        self.rows.iter().map(row).chain(self.free.iter().map(prior)).chain(effects).collect()
    }

    /// How the residuals move with the effect of one stack.
    fn of_stack(&self, stack: usize) -> Vec<f64> {
        let rows = self.rows.iter().map(|row| if row.stack == stack { 1.0 / sigma(row) } else { 0.0 });
        let effects = self.stacks.iter().enumerate().map(|(i, spread)| if i == stack { 1.0 / spread } else { 0.0 });
        rows.chain(self.free.iter().map(|_| 0.0)).chain(effects).collect()
    }

    fn normal(&self, point: &Point) -> Normal {
        let (k, h) = (point.z.len(), 1e-4);
        let column = |c: usize| -> Vec<f64> {
            if let Some(stack) = c.checked_sub(self.free.len()) {
                return self.of_stack(stack);
            }
            let mut moved = point.z.clone();
            if let Some(z) = moved.get_mut(c) {
                *z += h;
            }
            self.residuals(&moved).iter().zip(&point.residuals).map(|(a, b)| (a - b) / h).collect()
        };
        let jacobian: Vec<Vec<f64>> = (0..k).map(column).collect();
        let outlier = OUTLIER * OUTLIER;
        let weigh = |(j, r): (usize, &f64)| self.rows.get(j).map_or(1.0, |row| row.weight / (1.0 + r * r / outlier));
        let weights: Vec<f64> = point.residuals.iter().enumerate().map(weigh).collect();
        let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).zip(&weights).map(|((a, b), w)| a * b * w).sum() };
        let matrix = jacobian.iter().map(|a| jacobian.iter().map(|b| dot(a, b)).collect()).collect();
        let gradient = jacobian.iter().map(|a| dot(a, &point.residuals)).collect();
        Normal { matrix, gradient }
    }
}

/// Scale of a row's error.
fn sigma(row: &Weighted<'_>) -> f64 {
    if row.case.is_moe() { SIGMA_MIXTURE } else { SIGMA_DENSE }
}

/// The factors whose prior has a spread.
pub(super) fn fitted(base: &Calibration) -> Vec<usize> {
    (0..COUNT).filter(|&i| base.priors.get(i).is_some_and(|prior| prior.spread > 0.0)).collect()
}

/// Solves the damped normal equations by Gauss-Jordan elimination with pivoting.
fn solve(matrix: &[Vec<f64>], gradient: &[f64], damping: f64) -> Vec<f64> {
    let mut rows: Vec<Vec<f64>> = matrix
        .iter()
        .zip(gradient)
        .enumerate()
        .map(|(i, (row, g))| {
            let damped = |(j, x): (usize, &f64)| if i == j { x * (1.0 + damping) + 1e-12 } else { *x };
            row.iter().enumerate().map(damped).chain([*g]).collect()
        })
        .collect();
    let at = |row: &[f64], i: usize| row.get(i).copied().unwrap_or(0.0);
    for i in 0..rows.len() {
        let pivot = (i..rows.len())
            .max_by(|&a, &b| {
                let size = |j: usize| rows.get(j).map_or(0.0, |row| at(row, i).abs());
                size(a).total_cmp(&size(b))
            })
            .unwrap_or(i);
        rows.swap(i, pivot);
        let Some(mut lead) = rows.get(i).cloned() else { continue };
        let scale = at(&lead, i);
        lead.iter_mut().for_each(|x| *x /= scale);
        for (j, row) in rows.iter_mut().enumerate() {
            if j == i {
                row.clone_from(&lead);
            } else {
                let factor = at(row, i);
                row.iter_mut().zip(&lead).for_each(|(x, l)| *x -= factor * l);
            }
        }
    }
    rows.iter().map(|row| row.last().copied().unwrap_or(0.0)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn solves_a_system_by_hand() {
        // 2x + y = 5, x + 3y = 10: x = 1, y = 3
        let x = super::solve(&[vec![2.0, 1.0], vec![1.0, 3.0]], &[5.0, 10.0], 0.0);
        assert!((x[0] - 1.0).abs() < 1e-9 && (x[1] - 3.0).abs() < 1e-9, "{x:?}");
    }
}
