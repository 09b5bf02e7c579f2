//! Failure rates of published clusters, pooled by chip and era, and how widely they differ.
//!
//! The rule: a cluster counts once, by the mean of the logarithms of its rows. Where it counts hardware faults and never
//! interrupts, those stand in, times what interrupts have over them elsewhere. What rows of one cluster differ by, what
//! clusters of one pool differ by beyond that, and what pools differ by beyond that are each estimated once, over all
//! rows. A chip in an era that no row is of takes the pools of the era, wider by what pools differ by.

use super::rate::Band;
use crate::error::Error;
use crate::units::check::positive;

/// One published rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// Its name.
    pub id: &'a str,
    /// The family of the chip.
    pub chip: &'a str,
    /// The era.
    pub era: &'a str,
    /// The cluster it was counted on.
    pub cluster: &'a str,
    /// What it counts.
    pub band: Band,
    /// Events per 1000 days of a node of 8 chips.
    pub per_1000_node_days: f64,
}

/// Interrupts of a job over its hardware faults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AllCause {
    /// The factor.
    pub factor: f64,
    /// The standard deviation of its logarithm.
    pub spread: f64,
}

/// A mean of logarithms with its variance.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mean {
    log: f64,
    variance: f64,
}

/// The clusters of one chip in one era.
#[derive(Debug, Clone, PartialEq)]
struct Pool {
    chip: String,
    era: String,
    mean: Mean,
    rows: Vec<String>,
}

/// Every pool, and what differs within and between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pools {
    /// Variance of the logarithm between rows of one cluster: ways to count, and jobs.
    pub rows: f64,
    /// Between clusters of one pool, beyond that.
    pub clusters: f64,
    /// Between pools, beyond that.
    pub pools: f64,
    each: Vec<Pool>,
}

/// What a rate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Rows of the chip in the era.
    Own,
    /// Rows of other chips in the era.
    Era,
    /// Rows of other eras.
    All,
}

/// What is believed of a rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    /// Its median: interrupts per 1000 days of a node of 8 chips.
    pub per_1000_node_days: f64,
    /// The standard deviation of its logarithm.
    pub spread: f64,
    /// What it rests on.
    pub basis: Basis,
    /// The rows.
    pub rows: Vec<String>,
}

/// One cluster: its place in a pool, its mean, and whether it counts hardware alone.
struct Cluster<'a> {
    rows: Vec<&'a Row<'a>>,
    hardware: bool,
}

impl<'a> Cluster<'a> {
    /// The rows of a cluster that count: its interrupts, else its hardware faults.
    fn of(all: &[&'a Row<'a>]) -> Option<Self> {
        let of = |band: Band| all.iter().copied().filter(|row| row.band == band).collect::<Vec<_>>();
        let (job, hardware) = (of(Band::Job), of(Band::Hardware));
        let found =
            if job.is_empty() { Self { rows: hardware, hardware: true } } else { Self { rows: job, hardware: false } };
        (!found.rows.is_empty()).then_some(found)
    }

    fn logs(&self) -> impl Iterator<Item = f64> {
        self.rows.iter().map(|row| row.per_1000_node_days.ln())
    }

    fn log(&self) -> f64 {
        self.logs().sum::<f64>() / self.rows.len() as f64
    }
}

impl Pools {
    /// The pools of some rows.
    ///
    /// # Formula
    /// rows: `sum (y - cluster mean)^2 / sum (n - 1)`; clusters and pools by Paule and Mandel: the variance s at which
    /// `sum (y - m)^2 / (v + s)` is what its degrees of freedom are, m the mean of a group weighted by `1 / (v + s)`
    /// # Source
    /// Paule and Mandel 1982, J. Res. Natl. Bur. Stand. 87(5); y are logarithms of rates.
    ///
    /// # Errors
    /// A rate that is not above zero; no rows.
    pub fn of(rows: &[Row<'_>], all_cause: &AllCause) -> Result<Self, Error> {
        for row in rows {
            positive("a failure rate", row.per_1000_node_days)?;
        }
        positive("the interrupts of a job over its hardware faults", all_cause.factor)?;
        let mut places: Vec<(&str, &str)> = Vec::new();
        for row in rows.iter().filter(|row| row.band != Band::Fleet) {
            if !places.contains(&(row.chip, row.era)) {
                places.push((row.chip, row.era));
            }
        }
        let groups: Vec<Vec<Cluster<'_>>> = places.iter().map(|place| clusters(rows, *place)).collect();
        let within = between_rows(&groups);
        let seen = |cluster: &Cluster<'_>| {
            let hardware = if cluster.hardware { all_cause.spread * all_cause.spread } else { 0.0 };
            let shift = if cluster.hardware { all_cause.factor.ln() } else { 0.0 };
            Mean { log: cluster.log() + shift, variance: within / cluster.rows.len() as f64 + hardware }
        };
        let logs: Vec<Vec<Mean>> = groups.iter().map(|group| group.iter().map(seen).collect()).collect();
        let between = extra(&logs);
        let each: Vec<Pool> = places
            .iter()
            .zip(groups.iter().zip(&logs))
            .map(|((chip, era), (group, logs))| Pool {
                chip: (*chip).into(),
                era: (*era).into(),
                mean: weighted(logs, between),
                rows: group.iter().flat_map(|cluster| &cluster.rows).map(|row| row.id.to_owned()).collect(),
            })
            .collect();
        if each.is_empty() {
            return Err(Error::bad_input("no published failure rate is known"));
        }
        let pools = extra(&[each.iter().map(|pool| pool.mean).collect()]);
        Ok(Self { rows: within, clusters: between, pools, each })
    }

    /// What is believed of a job on a chip in an era; of a chip that no row can be of without one.
    ///
    /// # Formula
    /// own pool: median `e^m`, variance of the logarithm `rows + clusters + var(m)`; else the mean over the pools of the
    /// era (of all eras where there are none), weighted by `1 / (var + pools)`, and `rows + clusters + pools + var`
    /// # Source
    /// Prediction of a new draw in a model of random effects.
    ///
    /// ```
    /// use flopbill::internals::reliability::pool::{AllCause, Basis, Pools, Row};
    /// use flopbill::internals::reliability::rate::Band;
    ///
    /// let row = |id, per_1000_node_days| {
    ///     Row { id, chip: "hopper", era: "now", cluster: "one", band: Band::Job, per_1000_node_days }
    /// };
    /// let pools = Pools::of(&[row("a", 2.0), row("b", 8.0)], &AllCause { factor: 2.0, spread: 0.5 })?;
    /// let found = pools.believe(Some("hopper"), "now");
    /// // by hand: sqrt(2 * 8); rows differ by ln 4, so their variance is 2 (ln 2)^2, and the mean's half of that
    /// assert!((found.per_1000_node_days - 4.0).abs() < 1e-12);
    /// assert!((found.spread - (3.0 * 2f64.ln().powi(2)).sqrt()).abs() < 1e-12);
    /// assert_eq!(found.basis, Basis::Own);
    /// # Ok::<(), flopbill::Error>(())
    /// ```
    pub fn believe(&self, chip: Option<&str>, era: &str) -> Belief {
        if let Some(own) = self.each.iter().find(|pool| pool.era == era && Some(pool.chip.as_str()) == chip) {
            return self.belief(own.mean, 0.0, Basis::Own, [own].into_iter());
        }
        let of_era = |pool: &&Pool| pool.era == era;
        let basis = if self.each.iter().any(|pool| of_era(&pool)) { Basis::Era } else { Basis::All };
        let taken: Vec<&Pool> = self.each.iter().filter(|pool| basis == Basis::All || of_era(pool)).collect();
        let means: Vec<Mean> = taken.iter().map(|pool| pool.mean).collect();
        self.belief(weighted(&means, self.pools), self.pools, basis, taken.into_iter())
    }

    fn belief<'p>(&self, mean: Mean, more: f64, basis: Basis, of: impl Iterator<Item = &'p Pool>) -> Belief {
        Belief {
            per_1000_node_days: mean.log.exp(),
            spread: (self.rows + self.clusters + more + mean.variance).sqrt(),
            basis,
            rows: of.flat_map(|pool| pool.rows.iter().cloned()).collect(),
        }
    }
}

/// The clusters of a chip in an era, in the order of their first rows.
fn clusters<'a>(rows: &'a [Row<'a>], (chip, era): (&str, &str)) -> Vec<Cluster<'a>> {
    let mut found: Vec<(&str, Vec<&Row<'_>>)> = Vec::new();
    for row in rows.iter().filter(|row| (row.chip, row.era) == (chip, era)) {
        match found.iter_mut().find(|(cluster, _)| *cluster == row.cluster) {
            Some((_, rows)) => rows.push(row),
            None => found.push((row.cluster, vec![row])),
        }
    }
    found.iter().filter_map(|(_, rows)| Cluster::of(rows)).collect()
}

/// The variance between rows of one cluster.
fn between_rows(groups: &[Vec<Cluster<'_>>]) -> f64 {
    let (mut sum, mut free) = (0.0, 0);
    for cluster in groups.iter().flatten() {
        let mean = cluster.log();
        sum += cluster.logs().map(|log| (log - mean) * (log - mean)).sum::<f64>();
        free += cluster.rows.len() - 1;
    }
    if free == 0 { 0.0 } else { sum / free as f64 }
}

/// The mean of a group whose members differ by so much more than their own variances.
fn weighted(group: &[Mean], more: f64) -> Mean {
    let weight = |one: &Mean| 1.0 / (one.variance + more).max(1e-9);
    let all: f64 = group.iter().map(weight).sum();
    Mean { log: group.iter().map(|one| weight(one) * one.log).sum::<f64>() / all, variance: 1.0 / all }
}

/// What the members of groups differ by beyond their own variances.
fn extra(groups: &[Vec<Mean>]) -> f64 {
    let free: usize = groups.iter().map(|group| group.len().saturating_sub(1)).sum();
    let off = |more: f64| -> f64 {
        let one = |group: &Vec<Mean>| -> f64 {
            let middle = weighted(group, more).log;
            let term = |one: &Mean| (one.log - middle) * (one.log - middle) / (one.variance + more).max(1e-9);
            group.iter().map(term).sum()
        };
        groups.iter().map(one).sum::<f64>() - free as f64
    };
    if free == 0 || off(0.0) <= 0.0 {
        return 0.0;
    }
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if off(middle) > 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
