//! Fits the factors to measured steps.

use super::backtest::Case;
use crate::step::efficiency::{FACTORS, Factors};
use crate::step::perform;

const N: usize = FACTORS.len();

/// One row for the fit.
#[derive(Debug, Clone)]
pub struct Weighted<'a> {
    /// The case.
    pub case: &'a Case,
    /// Its weight.
    pub weight: f64,
}

/// Weights by (source, model, chip): each group counts as the square root of its rows.
pub fn weights<'a>(cases: &[&'a Case]) -> Vec<Weighted<'a>> {
    let mut counts = std::collections::BTreeMap::<&str, f64>::new();
    let mut groups = std::collections::BTreeMap::<&str, std::collections::BTreeSet<&str>>::new();
    for c in cases {
        *counts.entry(&c.group).or_default() += 1.0;
        groups.entry(&c.source).or_default().insert(&c.group);
    }
    cases
        .iter()
        .map(|c| {
            let n = counts.get(c.group.as_str()).copied().unwrap_or(1.0);
            let g = groups.get(c.source.as_str()).map_or(1.0, |g| g.len() as f64);
            Weighted { case: c, weight: 1.0 / (n.powf(0.75) * g.sqrt()) }
        })
        .collect()
}

fn to_free(x: f64, i: usize) -> f64 {
    let s = &FACTORS[i];
    let u = ((x.ln() - s.low.ln()) / (s.high.ln() - s.low.ln())).clamp(1e-6, 1.0 - 1e-6);
    (u / (1.0 - u)).ln()
}
fn from_free(z: f64, i: usize) -> f64 {
    let s = &FACTORS[i];
    let u = 1.0 / (1.0 + (-z).exp());
    (s.low.ln() + u * (s.high.ln() - s.low.ln())).exp()
}

/// Scale of residuals, in log.
const SIGMA: f64 = 0.05;

/// Fits the named factors, the others staying as they are.
pub fn fit(rows: &[Weighted<'_>], start: &Factors, free: &[usize], iterations: usize) -> Factors {
    let mut z: [f64; N] = std::array::from_fn(|i| to_free(start.values()[i], i));
    let make = |z: &[f64; N]| Factors::from_values(&std::array::from_fn(|i| if free.contains(&i) { from_free(z[i], i) } else { start.values()[i] }));
    let residuals = |f: &Factors| -> Vec<f64> {
        rows.iter().map(|w| (perform(&w.case.shape, &w.case.layout, &w.case.machine, &w.case.stack, f).total() / w.case.measured).ln() / SIGMA).collect()
    };
    let prior = |f: &Factors| -> Vec<f64> {
        free.iter().map(|&i| (f.values()[i] / FACTORS[i].prior).ln() / FACTORS[i].spread).collect()
    };
    let cost = |r: &[f64], p: &[f64]| -> f64 {
        // Cauchy-like loss, scale 2 sigma
        rows.iter().zip(r).map(|(w, r)| w.weight * 4.0 * (1.0 + r * r / 4.0).ln()).sum::<f64>() + p.iter().map(|x| x * x).sum::<f64>()
    };
    let mut lambda = 1e-2;
    let mut f = make(&z);
    let mut r = residuals(&f);
    let mut p = prior(&f);
    let mut best = cost(&r, &p);
    for _ in 0..iterations {
        let k = free.len();
        let mut jac = vec![vec![0.0; rows.len()]; k];
        let mut jp = vec![vec![0.0; k]; k];
        for (c, &i) in free.iter().enumerate() {
            let mut z2 = z;
            let h = 1e-4;
            z2[i] += h;
            let f2 = make(&z2);
            for (j, v) in residuals(&f2).into_iter().enumerate() {
                jac[c][j] = (v - r[j]) / h;
            }
            for (j, v) in prior(&f2).into_iter().enumerate() {
                jp[c][j] = (v - p[j]) / h;
            }
        }
        let mut a = vec![vec![0.0; k]; k];
        let mut g = vec![0.0; k];
        for (j, w) in rows.iter().enumerate() {
            let wt = w.weight / (1.0 + r[j] * r[j] / 4.0);
            for x in 0..k {
                g[x] += wt * jac[x][j] * r[j];
                for y in 0..=x {
                    a[x][y] += wt * jac[x][j] * jac[y][j];
                }
            }
        }
        for q in 0..k {
            for x in 0..k {
                g[x] += jp[x][q] * p[q];
                for y in 0..=x {
                    a[x][y] += jp[x][q] * jp[y][q];
                }
            }
        }
        for x in 0..k {
            for y in 0..x {
                a[y][x] = a[x][y];
            }
        }
        let mut improved = false;
        for _ in 0..8 {
            let step = solve(&a, &g, lambda);
            let mut z2 = z;
            for (c, &i) in free.iter().enumerate() {
                z2[i] -= step[c].clamp(-2.0, 2.0);
            }
            let f2 = make(&z2);
            let r2 = residuals(&f2);
            let p2 = prior(&f2);
            let c2 = cost(&r2, &p2);
            if c2 < best {
                let gain = best - c2;
                z = z2;
                f = f2;
                r = r2;
                p = p2;
                best = c2;
                lambda = (lambda * 0.3).max(1e-9);
                improved = gain > 1e-7 * best;
                break;
            }
            lambda *= 4.0;
        }
        if !improved {
            break;
        }
    }
    f
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
