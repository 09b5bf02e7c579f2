//! Partial pooling: what stacks, sources and settings differ by, and what each stack takes beyond the step model.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::software::Spreads;
use crate::catalog::stack::Residual;

/// Rows of one source and stack count as at most so many: their errors are mostly the same error.
const MOST_ROWS: f64 = 12.0;

/// Deviations from a cell's median beyond so many times their usual size count as that.
const FAR: f64 = 4.0;

/// What is believed of the drift of a stack before its releases are compared, in logarithm a year: dense models hardly
/// change, mixtures do.
const DRIFT_PRIOR: [f64; 2] = [0.03, 0.3];

/// What steps of one setting differ by, in logarithm: MLPerf's within 0.25 %, BLOOM's within 0.5 % and over days 6 %;
/// mixtures route differently from step to step.
const REPEATS: [f64; 2] = [0.015, 0.03];

/// Years that the rows of a stack span from which they are of several releases.
const SEVERAL: f64 = 0.25;

/// Smallest difference of two releases that are compared, in years.
const APART: f64 = 0.05;

/// One measured step over what the step model says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Excess {
    /// The stack.
    pub stack: String,
    /// The source.
    pub source: String,
    /// The family of the chip.
    pub family: String,
    /// Source, model and chip.
    pub group: String,
    /// A mixture of experts.
    pub moe: bool,
    /// The release of the software, in years, where it is known.
    pub release: Option<f64>,
    /// Measured over predicted, in logarithm.
    pub log_ratio: f64,
}

/// What one kind of model gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// What its steps differ by.
    pub spreads: Spreads,
    /// Each stack, stated for its newest release.
    pub stacks: BTreeMap<String, StackEffect>,
}

/// What one stack takes beyond the step model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StackEffect {
    /// The factor and what is left open of it.
    pub residual: Residual,
    /// The newest release among its rows, in years.
    pub release: Option<f64>,
}

/// Rows of one stack, source and family.
#[derive(Debug, Clone, Copy)]
struct Cell<'a> {
    stack: &'a str,
    source: &'a str,
    rows: usize,
    mean: f64,
}

/// Pools the rows of one kind of model.
///
/// # Formula
/// `y = m + d t + s + u + e`: the mean of all stacks, the drift over the years to the stack's newest release, the
/// stack's effect, that of a source on a family of chips, and the setting's; their spreads by restricted maximum
/// likelihood over the cells of stack, source and family, the drift within source, model and chip
/// # Source
/// Patterson and Thompson 1971 (restricted maximum likelihood); Gelman and Hill 2007, chapter 12 (partial pooling).
pub fn pool(rows: &[&Excess]) -> Option<Pool> {
    let moe = rows.first()?.moe;
    let (drift, drift_spread) = drift(rows, DRIFT_PRIOR[usize::from(moe)]);
    let newest = newest(rows);
    let at_newest = |row: &Excess| match (row.release, newest.get(row.stack.as_str())) {
        (Some(own), Some(newest)) => row.log_ratio + drift * (newest - own),
        _ => row.log_ratio,
    };
    let (cells, within) = cells(rows, at_newest)?;
    let row = spread_within(rows, at_newest, |row| (&row.stack, &row.group, "")).min(within);
    let model = (within.powi(2) - row.powi(2)).max(0.0).sqrt();
    let [stack, source] = spreads_of(&cells, within);
    let mean = weigh(&cells, [stack, source], within).mean;
    let chip = between_families(&cells, within).min(source * 0.9);
    let repeat = REPEATS[usize::from(moe)];
    let spreads = Spreads { mean, stack, source, chip, model, row, repeat, drift, drift_spread };
    let effect = |name: &str| {
        let own: Vec<Cell<'_>> = cells.iter().filter(|cell| cell.stack == name).copied().collect();
        let (mut precision, mut pull) = (stack.powi(-2), 0.0);
        for cell in &own {
            let weight = 1.0 / (source.powi(2) + within.powi(2) / counted(cell));
            precision += weight;
            pull += weight * (cell.mean - mean);
        }
        let of_sources: BTreeSet<&str> = own.iter().map(|cell| cell.source).collect();
        let residual = Residual {
            value: (mean + pull / precision).exp(),
            spread: precision.recip().sqrt(),
            rows: own.iter().map(|cell| cell.rows).sum::<usize>() as u32,
            sources: of_sources.len() as u32,
        };
        StackEffect { residual, release: newest.get(name).copied() }
    };
    let names: BTreeSet<&str> = cells.iter().map(|cell| cell.stack).collect();
    Some(Pool { spreads, stacks: names.into_iter().map(|name| (name.to_owned(), effect(name))).collect() })
}

fn counted(cell: &Cell<'_>) -> f64 {
    (cell.rows as f64).min(MOST_ROWS)
}

/// The newest release of each stack that has several: one of a single release has no drift.
fn newest<'a>(rows: &[&'a Excess]) -> BTreeMap<&'a str, f64> {
    let mut releases = BTreeMap::<&str, [f64; 2]>::new();
    for row in rows {
        if let Some(release) = row.release {
            let [oldest, newest] = releases.entry(&row.stack).or_insert([release; 2]);
            (*oldest, *newest) = (oldest.min(release), newest.max(release));
        }
    }
    let several =
        |(stack, [oldest, newest]): (&'a str, [f64; 2])| (newest - oldest > SEVERAL).then_some((stack, newest));
    releases.into_iter().filter_map(several).collect()
}

/// How a stack's steps change from year to year, by steps of the same source, model and chip on different releases.
fn drift(rows: &[&Excess], prior: f64) -> (f64, f64) {
    let mut groups = BTreeMap::<(&str, &str), Vec<(f64, f64)>>::new();
    for row in rows {
        if let Some(release) = row.release {
            groups.entry((&row.stack, &row.group)).or_default().push((release, row.log_ratio));
        }
    }
    let (mut xx, mut xy, mut yy, mut free) = (0.0, 0.0, 0.0, 0.0);
    for rows in groups.values() {
        let n = rows.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| rows.iter().map(of).sum::<f64>() / n;
        let (t, y) = (mean(|row| row.0), mean(|row| row.1));
        if rows.iter().all(|row| (row.0 - t).abs() < APART) {
            continue;
        }
        for row in rows {
            xx += (row.0 - t).powi(2);
            xy += (row.0 - t) * (row.1 - y);
            yy += (row.1 - y).powi(2);
        }
        free += n - 1.0;
    }
    if xx == 0.0 || free <= 1.0 {
        return (0.0, prior);
    }
    let slope = xy / xx;
    let error = ((yy - slope * xy).max(0.0) / (free - 1.0) / xx).sqrt().max(1e-3);
    let precision = error.powi(-2) + prior.powi(-2);
    (slope * error.powi(-2) / precision, precision.recip().sqrt())
}

/// What rows are grouped by.
type Key<'a> = (&'a str, &'a str, &'a str);

fn grouped<'a>(
    rows: &[&'a Excess],
    value: impl Fn(&Excess) -> f64,
    key: impl Fn(&'a Excess) -> Key<'a>,
) -> BTreeMap<Key<'a>, Vec<f64>> {
    let mut groups = BTreeMap::<Key<'a>, Vec<f64>>::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(value(row));
    }
    groups.values_mut().for_each(|values| values.sort_by(f64::total_cmp));
    groups
}

/// The cells by their medians, and what rows of one differ by.
fn cells<'a>(rows: &[&'a Excess], value: impl Fn(&Excess) -> f64 + Copy) -> Option<(Vec<Cell<'a>>, f64)> {
    let key = |row: &'a Excess| (row.stack.as_str(), row.source.as_str(), row.family.as_str());
    let cell = |((stack, source, _), values): (Key<'a>, Vec<f64>)| Cell {
        stack,
        source,
        rows: values.len(),
        mean: middle(&values),
    };
    let found: Vec<Cell<'a>> = grouped(rows, value, key).into_iter().map(cell).collect();
    found.iter().any(|cell| cell.rows > 1).then(|| (found, spread_within(rows, value, key)))
}

/// What rows differ by that have the same key: their distances from its median, the far ones drawn in.
fn spread_within<'a>(rows: &[&'a Excess], value: impl Fn(&Excess) -> f64, key: impl Fn(&'a Excess) -> Key<'a>) -> f64 {
    let (mut squares, mut free) = (0.0, 0.0);
    for values in grouped(rows, value, key).into_values() {
        let middle = middle(&values);
        let mut apart: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
        apart.sort_by(f64::total_cmp);
        let most = FAR * self::middle(&apart).max(0.02) * 1.4826;
        let n = values.len() as f64 - 1.0;
        if n > 0.0 {
            let counted = n.min(MOST_ROWS);
            squares += counted / n * apart.iter().map(|apart| apart.min(most).powi(2)).sum::<f64>();
            free += counted;
        }
    }
    if free > 0.0 { (squares / free).sqrt().max(1e-3) } else { USUAL }
}

fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    let at = |i: usize| sorted.get(i).copied().unwrap_or(0.0);
    if sorted.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 }
}

/// A point of the likelihood: the mean of all stacks, and how likely the cells are.
struct Weighed {
    mean: f64,
    log_likelihood: f64,
}

/// The restricted likelihood of the cells under these spreads.
///
/// # Formula
/// stacks are independent; in one, `V = D + s^2 1 1'` with `D = u^2 + e^2 / n`, inverted by Sherman and Morrison
/// # Source
/// Patterson and Thompson 1971.
fn weigh(cells: &[Cell<'_>], [stack, source]: [f64; 2], row: f64) -> Weighed {
    let mut stacks = BTreeMap::<&str, Vec<&Cell<'_>>>::new();
    for cell in cells {
        stacks.entry(cell.stack).or_default().push(cell);
    }
    let variance = |cell: &Cell<'_>| source.powi(2) + row.powi(2) / counted(cell);
    let (mut ones, mut with, mut square, mut log_det) = (0.0, 0.0, 0.0, 0.0);
    for cells in stacks.values() {
        let (mut w, mut wy, mut wyy) = (0.0, 0.0, 0.0);
        for cell in cells {
            let weight = 1.0 / variance(cell);
            w += weight;
            wy += weight * cell.mean;
            wyy += weight * cell.mean.powi(2);
            log_det -= weight.ln();
        }
        let shrink = stack.powi(2) / (1.0 + stack.powi(2) * w);
        log_det += (1.0 + stack.powi(2) * w).ln();
        ones += w - shrink * w * w;
        with += wy - shrink * w * wy;
        square += wyy - shrink * wy * wy;
    }
    let mean = with / ones;
    Weighed { mean, log_likelihood: -0.5 * (log_det + ones.ln() + square - with * mean) }
}

/// The spreads between stacks and between sources that the cells are likeliest under, with a weak prior that keeps
/// either from vanishing where there are few cells.
fn spreads_of(cells: &[Cell<'_>], row: f64) -> [f64; 2] {
    let value = |ln: [f64; 2]| {
        let [stack, source] = ln.map(f64::exp);
        let prior: f64 = ln.iter().map(|ln| -0.5 * ((ln - USUAL.ln()) / WEAK).powi(2)).sum();
        weigh(cells, [stack, source], row).log_likelihood + prior
    };
    let mut best = [USUAL.ln(); 2];
    let (mut step, mut height) = (0.5, value(best));
    while step > 1e-3 {
        let moves = [[step, 0.0], [-step, 0.0], [0.0, step], [0.0, -step]];
        let better = moves.iter().map(|by| [best[0] + by[0], best[1] + by[1]]).find(|next| value(*next) > height);
        match better {
            Some(next) => (best, height) = (next, value(next)),
            None => step /= 2.0,
        }
    }
    best.map(f64::exp)
}

/// What stacks and sources usually differ by, and how weakly that is believed.
const USUAL: f64 = 0.1;
const WEAK: f64 = 0.7;

/// What the families of one source and stack differ by.
fn between_families(cells: &[Cell<'_>], row: f64) -> f64 {
    let mut groups = BTreeMap::<(&str, &str), Vec<&Cell<'_>>>::new();
    for cell in cells {
        groups.entry((cell.stack, cell.source)).or_default().push(cell);
    }
    let (mut squares, mut free) = (0.0, 0.0);
    for cells in groups.values().filter(|cells| cells.len() > 1) {
        let mean = cells.iter().map(|cell| cell.mean).sum::<f64>() / cells.len() as f64;
        squares += cells.iter().map(|cell| (cell.mean - mean).powi(2) - row.powi(2) / counted(cell)).sum::<f64>();
        free += cells.len() as f64 - 1.0;
    }
    // With few pairs the usual spread counts as one of them.
    ((squares.max(0.0) + (USUAL / 2.0).powi(2)) / (free + 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(stack: &str, source: &str, release: f64, log_ratio: f64) -> Excess {
        Excess {
            stack: stack.into(),
            source: source.into(),
            family: "hopper".into(),
            group: format!("{source}|m"),
            moe: false,
            release: Some(release),
            log_ratio,
        }
    }

    #[test]
    fn few_rows_move_a_stack_little_and_many_sources_a_lot() {
        let mut rows = Vec::new();
        for (stack, sources, height) in [("a", 6, 0.3), ("b", 1, 0.3), ("c", 4, -0.1), ("d", 4, 0.0)] {
            for source in 0..sources {
                for k in 0..4 {
                    let noise = 0.02 * f64::from(k % 3 - 1) + 0.04 * f64::from(source % 2);
                    rows.push(row(stack, &format!("{stack}{source}"), 2025.0, height + noise));
                }
            }
        }
        let pool = pool(&rows.iter().collect::<Vec<_>>()).unwrap();
        let of = |stack: &str| pool.stacks[stack].residual;
        assert!(of("a").value > of("b").value && of("b").value > of("d").value);
        assert!(of("a").spread < of("b").spread);
        assert_eq!((of("a").rows, of("a").sources), (24, 6));
        assert!(pool.spreads.stack > 0.05 && pool.spreads.row < 0.05);
    }

    #[test]
    fn a_drift_is_found_within_a_source() {
        let rows: Vec<Excess> =
            (0..8).map(|k| row("a", "s", 2024.0 + f64::from(k) / 4.0, 0.5 - 0.2 * f64::from(k) / 4.0)).collect();
        let (slope, spread) = drift(&rows.iter().collect::<Vec<_>>(), 0.3);
        assert!((slope + 0.2).abs() < 1e-3 && spread < 0.01, "{slope} {spread}");
    }
}
