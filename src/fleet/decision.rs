//! Which action is best, how wrong it can turn out, and what knowing would be worth.

use crate::error::Error;

/// Actions compared over the branches of what can happen; smaller values are better.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Expected value of each action.
    pub expected: Vec<f64>,
    /// The action with the least expected value.
    pub best: usize,
    /// For each action and branch, its value over the least in that branch.
    pub regret: Vec<Vec<f64>>,
    /// Expected regret of each action.
    pub expected_regret: Vec<f64>,
    /// The largest regret of each action.
    pub largest_regret: Vec<f64>,
    /// What it would be worth to know the branch before acting.
    pub value_of_knowing: f64,
}

/// Compares actions: `values[action][branch]`, with the probability of each branch.
///
/// # Formula
/// `E_a = sum p_b v_ab`; regret `v_ab - min_a v_ab`; value of perfect information
/// `min_a E_a - sum p_b min_a v_ab`
/// # Source
/// Raiffa and Schlaifer 1961.
///
/// ```
/// use flopbill::internals::fleet::decision::decide;
/// // by hand: waiting costs 10 or 90, starting 40 always; even odds
/// let found = decide(&[vec![10.0, 90.0], vec![40.0, 40.0]], &[0.5, 0.5])?;
/// assert_eq!(found.expected, [50.0, 40.0]);
/// assert_eq!(found.best, 1);
/// assert_eq!(found.largest_regret, [50.0, 30.0]);
/// assert_eq!(found.value_of_knowing, 15.0); // 40 - (10 + 40) / 2
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn decide(values: &[Vec<f64>], probabilities: &[f64]) -> Result<Decision, Error> {
    check(values, probabilities)?;
    let least =
        |branch: usize| values.iter().filter_map(|action| action.get(branch).copied()).reduce(f64::min).unwrap_or(0.0);
    let weighted = |row: &[f64]| row.iter().zip(probabilities).map(|(value, p)| value * p).sum::<f64>();
    let expected: Vec<f64> = values.iter().map(|action| weighted(action)).collect();
    let by_value = |a: &(usize, &f64), b: &(usize, &f64)| a.1.total_cmp(b.1);
    let (best, least_expected) =
        expected.iter().enumerate().min_by(by_value).map_or((0, 0.0), |(index, value)| (index, *value));
    let regret_of = |action: &Vec<f64>| action.iter().enumerate().map(|(b, value)| value - least(b)).collect();
    let regret: Vec<Vec<f64>> = values.iter().map(regret_of).collect();
    let with_knowledge: f64 = probabilities.iter().enumerate().map(|(branch, p)| p * least(branch)).sum();
    Ok(Decision {
        expected_regret: regret.iter().map(|row| weighted(row)).collect(),
        largest_regret: regret.iter().map(|row| row.iter().copied().fold(0.0, f64::max)).collect(),
        value_of_knowing: (least_expected - with_knowledge).max(0.0),
        expected,
        best,
        regret,
    })
}

/// One row per action, one finite value per branch, probabilities that sum to one.
fn check(values: &[Vec<f64>], probabilities: &[f64]) -> Result<(), Error> {
    if values.is_empty() || probabilities.is_empty() {
        return Err(Error::bad_input("a decision needs at least one action and one branch"));
    }
    if values.iter().any(|row| row.len() != probabilities.len()) {
        return Err(Error::bad_input("every action needs one value per branch"));
    }
    if values.iter().flatten().any(|value| !value.is_finite()) {
        return Err(
            Error::bad_input("a branch has no finite value").with_hint("a branch that never ends needs a horizon")
        );
    }
    let sum: f64 = probabilities.iter().sum();
    let shares = probabilities.iter().all(|p| (0.0..=1.0).contains(p));
    if shares && (sum - 1.0).abs() < 1e-9 {
        return Ok(());
    }
    Err(Error::bad_input(format!("the probabilities of the branches sum to {sum}, not to 1")))
}
