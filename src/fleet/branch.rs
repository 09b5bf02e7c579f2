//! Every outcome of a fleet: how approvals fall, when, and which tranches are delivered.

use crate::error::Error;
use crate::units::Seconds;

use super::approval::State;
use super::{Condition, Fleet, Tranche};

/// The most branches that are listed.
const MOST_BRANCHES: usize = 200_000;

/// One outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Its probability.
    pub probability: f64,
    /// How each approval falls.
    pub states: Vec<State>,
    /// When each approval falls, if it is granted.
    pub delays: Vec<Seconds>,
    /// Whether each tranche is delivered, once what it waits for is granted.
    pub delivered: Vec<bool>,
}

impl Branch {
    /// The time after the start at which a tranche is delivered; `None` if it never is.
    pub fn delivery(&self, fleet: &Fleet, index: usize, tranche: &Tranche) -> Option<Seconds> {
        if !self.delivered.get(index).copied().unwrap_or(false) {
            return None;
        }
        let planned = fleet.start.until(tranche.date);
        match tranche.condition {
            Condition::None => Some(planned),
            // The chips of plan B are there on their day: no date says that an approval will never come.
            Condition::State(at, State::Never) => (*self.states.get(at)? == State::Never).then_some(planned),
            Condition::State(at, state) if *self.states.get(at)? == state => Some(planned.max(*self.delays.get(at)?)),
            Condition::Granted(at) if *self.states.get(at)? != State::Never => Some(planned.max(*self.delays.get(at)?)),
            Condition::State(..) | Condition::Granted(_) => None,
        }
    }
}

/// All branches of a fleet; their probabilities sum to one.
///
/// # Errors
/// More branches than can be listed.
pub fn branches(fleet: &Fleet) -> Result<Vec<Branch>, Error> {
    let parts = delay_parts(fleet)?;
    let mut found = vec![Branch { probability: 1.0, states: Vec::new(), delays: Vec::new(), delivered: Vec::new() }];
    for approval in &fleet.approvals {
        let delays = approval.delays(parts);
        let each = 1.0 / delays.len() as f64;
        let mut next = Vec::with_capacity(found.len() * (2 * delays.len() + 1));
        for branch in &found {
            let mut fork = |state, delay, probability: f64| {
                if probability > 0.0 {
                    let mut branch = branch.clone();
                    branch.probability *= probability;
                    branch.states.push(state);
                    branch.delays.push(delay);
                    next.push(branch);
                }
            };
            for &delay in &delays {
                fork(State::Approved, delay, approval.approved.get() * each);
            }
            for &delay in &delays {
                fork(State::Conditional, delay, approval.conditional.get() * each);
            }
            // What rounding leaves of an exact 100 % is dropped.
            fork(State::Never, fleet.horizon, Some(approval.never().get()).filter(|p| *p > 1e-12).unwrap_or(0.0));
        }
        found = next;
    }
    for tranche in &fleet.tranches {
        let p = tranche.probability.get();
        let mut next = Vec::with_capacity(found.len() * 2);
        for branch in found {
            for (delivered, probability) in [(true, p), (false, 1.0 - p)] {
                if probability > 0.0 {
                    let mut branch = branch.clone();
                    branch.probability *= probability;
                    branch.delivered.push(delivered);
                    next.push(branch);
                }
            }
        }
        found = next;
    }
    Ok(found)
}

/// Into how many parts the delay of an approval is cut, so that the branches can be listed.
fn delay_parts(fleet: &Fleet) -> Result<u32, Error> {
    let uncertain = fleet.tranches.iter().filter(|tranche| (1e-300..1.0).contains(&tranche.probability.get())).count();
    let fits = |parts: &u32| {
        let of = |approval: &super::Approval| if approval.spread > 0.0 { 2.0 * f64::from(*parts) + 1.0 } else { 3.0 };
        let approvals: f64 = fleet.approvals.iter().map(of).product();
        approvals * 2f64.powi(i32::try_from(uncertain).unwrap_or(i32::MAX)) <= MOST_BRANCHES as f64
    };
    [64, 32, 16, 8, 4, 2, 1].into_iter().find(fits).ok_or_else(|| {
        Error::bad_input(format!(
            "{uncertain} uncertain tranches and {} approvals have more than {MOST_BRANCHES} outcomes",
            fleet.approvals.len()
        ))
        .with_hint("give tranches that come together one entry, or a probability of 100%")
    })
}
