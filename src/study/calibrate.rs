//! Fits the factors to measured steps.

use super::backtest::Case;
use crate::step::efficiency::{COUNT, Calibration, Factors};
use crate::step::perform;

/// One row for the fit.
#[derive(Debug, Clone, Copy)]
pub struct Weighted<'a> {
    /// The case.
    pub case: &'a Case,
    /// Its weight.
    pub weight: f64,
}

/// Rows of one (source, model, chip) share a weight that grows slowly with their number, as their errors are
/// mostly the same error; so do the groups of one source.
pub fn weights<'a>(cases: &[&'a Case]) -> Vec<Weighted<'a>> {
    let mut rows = std::collections::BTreeMap::<&str, f64>::new();
    let mut groups = std::collections::BTreeMap::<&str, std::collections::BTreeSet<&str>>::new();
    for case in cases {
        *rows.entry(&case.group).or_default() += 1.0;
        groups.entry(&case.source).or_default().insert(&case.group);
    }
    cases
        .iter()
        .map(|case| {
            let n = rows.get(case.group.as_str()).copied().unwrap_or(1.0);
            let g = groups.get(case.source.as_str()).map_or(1.0, |groups| groups.len() as f64);
            Weighted { case, weight: 1.0 / (n.powf(0.75) * g.sqrt()) }
        })
        .collect()
}

/// Scale of a row's error, in natural logarithm: mixtures of experts differ more between software releases.
const SIGMA_DENSE: f64 = 0.05;
const SIGMA_MIXTURE: f64 = 0.12;

/// A least-squares problem: rows, priors, and which factors are free.
struct Problem<'a> {
    rows: &'a [Weighted<'a>],
    base: &'a Calibration,
    free: Vec<usize>,
}

impl Problem<'_> {
    /// The factors at a point of the free variables, which are the bounded factors' logits.
    fn factors(&self, z: &[f64]) -> Factors {
        let mut values = self.base.factors.values();
        for (&i, &z) in self.free.iter().zip(z) {
            let prior = &self.base.priors[i];
            let share = 1.0 / (1.0 + (-z).exp());
            values[i] = (prior.low.ln() + share * (prior.high / prior.low).ln()).exp();
        }
        Factors::from_values(&values)
    }

    fn start(&self) -> Vec<f64> {
        self.free
            .iter()
            .map(|&i| {
                let prior = &self.base.priors[i];
                let share = (prior.value / prior.low).ln() / (prior.high / prior.low).ln();
                let share = share.clamp(1e-3, 1.0 - 1e-3);
                (share / (1.0 - share)).ln()
            })
            .collect()
    }

    /// Residuals of the rows, then of the priors, in units of their scales.
    fn residuals(&self, z: &[f64]) -> Vec<f64> {
        let f = self.factors(z);
        let values = f.values();
        let row = |w: &Weighted<'_>| {
            let c = w.case;
            let sigma = if c.shape.experts.is_some() { SIGMA_MIXTURE } else { SIGMA_DENSE };
            (perform(&c.shape, &c.layout, &c.machine, &c.stack, &f).total() / c.measured).ln() / sigma
        };
        let prior = |&i: &usize| (values[i] / self.base.priors[i].value).ln() / self.base.priors[i].spread;
        self.rows.iter().map(row).chain(self.free.iter().map(prior)).collect()
    }

    fn cost(&self, r: &[f64]) -> f64 {
        r.iter()
            .enumerate()
            .map(|(j, r)| match self.rows.get(j) {
                Some(row) => row.weight * 4.0 * (1.0 + r * r / 4.0).ln(),
                None => r * r,
            })
            .sum()
    }
}

/// Fits the factors whose prior has a spread.
pub fn fit(rows: &[Weighted<'_>], base: &Calibration, iterations: usize) -> Factors {
    let free = (0..COUNT).filter(|&i| base.priors[i].spread > 0.0).collect();
    let p = Problem { rows, base, free };
    let mut z = p.start();
    let k = z.len();
    let mut r = p.residuals(&z);
    let mut best = p.cost(&r);
    let mut lambda = 1e-2;
    for _ in 0..iterations {
        let jacobian: Vec<Vec<f64>> = (0..k)
            .map(|c| {
                let mut moved = z.clone();
                let h = 1e-4;
                moved[c] += h;
                p.residuals(&moved).iter().zip(&r).map(|(a, b)| (a - b) / h).collect()
            })
            .collect();
        let (mut a, mut g) = (vec![vec![0.0; k]; k], vec![0.0; k]);
        for (j, residual) in r.iter().enumerate() {
            let weight = rows.get(j).map_or(1.0, |row| row.weight / (1.0 + residual * residual / 4.0));
            for x in 0..k {
                g[x] += weight * jacobian[x][j] * residual;
                for y in 0..k {
                    a[x][y] += weight * jacobian[x][j] * jacobian[y][j];
                }
            }
        }
        let mut improved = false;
        for _ in 0..8 {
            let step = solve(&a, &g, lambda);
            let moved: Vec<f64> = z.iter().zip(&step).map(|(z, s)| z - s.clamp(-2.0, 2.0)).collect();
            let r2 = p.residuals(&moved);
            let cost = p.cost(&r2);
            if cost < best {
                improved = best - cost > 1e-7 * best;
                (z, r, best) = (moved, r2, cost);
                lambda = (lambda * 0.3).max(1e-9);
                break;
            }
            lambda *= 4.0;
        }
        if !improved {
            break;
        }
    }
    p.factors(&z)
}

fn solve(a: &[Vec<f64>], g: &[f64], lambda: f64) -> Vec<f64> {
    let k = g.len();
    let mut m: Vec<Vec<f64>> = (0..k)
        .map(|i| {
            let mut row = a[i].clone();
            row[i] *= 1.0 + lambda;
            row[i] += 1e-12;
            row.push(g[i]);
            row
        })
        .collect();
    for i in 0..k {
        let p = (i..k).max_by(|&x, &y| m[x][i].abs().total_cmp(&m[y][i].abs())).unwrap_or(i);
        m.swap(i, p);
        for j in i + 1..k {
            let q = m[j][i] / m[i][i];
            for c in i..=k {
                m[j][c] -= q * m[i][c];
            }
        }
    }
    let mut x = vec![0.0; k];
    for i in (0..k).rev() {
        let s: f64 = (i + 1..k).map(|j| m[i][j] * x[j]).sum();
        x[i] = (m[i][k] - s) / m[i][i];
    }
    x
}
