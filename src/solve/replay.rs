//! A solve done once and run again with other values: which relation gave which variable stays the same, until a
//! check fails and [`solve`](super::solve) has to decide anew.

use super::words::most;
use super::{Knowns, NAMES, RELATIONS, VARS, Var, rests_on, tolerance, trace};

/// One value for each variable, in base units; NaN where none is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Values([f64; VARS]);

impl Values {
    /// The values of a variable.
    #[inline]
    pub fn get(&self, var: Var) -> f64 {
        self.0[var as usize]
    }

    /// Sets a variable.
    #[inline]
    pub fn set(&mut self, var: Var, base: f64) {
        self.0[var as usize] = base;
    }
}

/// One relation: what it solves, or that it has to hold.
#[derive(Debug, Clone, Copy)]
struct Step {
    relation: usize,
    constant: f64,
    /// The other variables, each with whether it multiplies or divides; the first `count` are meant.
    factors: [(Var, bool); MOST_FACTORS],
    count: usize,
    solves: Option<(Var, i32)>,
    /// How far the logarithm may be off where nothing is solved.
    tolerance: f64,
    /// The most that a solved value can be.
    most: f64,
}

/// The most variables of a relation.
const MOST_FACTORS: usize = 6;

impl Step {
    fn of(relation: usize, solves: Option<(Var, i32)>) -> Self {
        let without = solves.map(|(var, _)| var);
        let mut factors = [(Var::Params, true); MOST_FACTORS];
        let others = RELATIONS[relation].powers.iter().filter(|(var, _)| Some(*var) != without);
        let mut count = 0;
        for (place, (var, power)) in factors.iter_mut().zip(others) {
            *place = (*var, *power > 0);
            count += 1;
        }
        let most = without.map_or(0.0, most);
        Self { relation, constant: RELATIONS[relation].constant, factors, count, solves, tolerance: 0.0, most }
    }
}

/// The relations in the order in which they were used.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    steps: [Option<Step>; RELATIONS.len()],
}

impl Program {
    /// Records how given values are solved; `None` where one of them had to give way, which other values may not
    /// have to.
    pub fn of(given: &Knowns) -> Option<(Self, Values)> {
        let mut steps = [None; RELATIONS.len()];
        let mut used = 0;
        let reached = trace(given, |relation, solves| {
            if let Some(step) = steps.get_mut(used) {
                *step = Some(Step::of(relation, solves));
            }
            used += 1;
        });
        if reached.broken.is_some() {
            return None;
        }
        for step in steps.iter_mut().flatten() {
            step.tolerance = tolerance(given, rests_on(&reached, step.relation));
        }
        let value = |(value, _)| value;
        Some((Self { steps }, Values(given.values.map(|known| known.map_or(f64::NAN, value)))))
    }

    /// Whether nothing is left to do.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(Option::is_none)
    }

    /// Does once what follows from the given values without those that are open, and keeps the rest of the steps; `None`
    /// where the values contradict each other or cannot be.
    pub fn folded(self, values: &mut Values, open: impl Fn(Var) -> bool) -> Option<Self> {
        let mut all = *values;
        if !self.run(&mut all) {
            return None;
        }
        let mut varies: [bool; VARS] =
            std::array::from_fn(|index| NAMES.get(index).is_some_and(|(var, ..)| open(*var)));
        let mut kept = Self { steps: [None; RELATIONS.len()] };
        let mut places = kept.steps.iter_mut();
        for step in self.steps.iter().flatten() {
            let solves = step.solves.map(|(var, _)| var);
            let of = RELATIONS[step.relation].powers.iter().map(|(var, _)| *var);
            if of.filter(|var| Some(*var) != solves).any(|var| varies[var as usize]) {
                places.next().into_iter().for_each(|place| *place = Some(*step));
                solves.into_iter().for_each(|var| varies[var as usize] = true);
            } else if let Some(var) = solves {
                values.set(var, all.get(var));
            }
        }
        Some(kept)
    }

    /// Fills in what follows from the given values, bit for bit as a solve does; false where it has to be asked,
    /// because a value contradicts another or cannot be.
    #[inline]
    pub fn run(&self, values: &mut Values) -> bool {
        for step in self.steps.iter().flatten() {
            let mut product = step.constant;
            for (var, times) in step.factors.iter().take(step.count) {
                let value = values.get(*var);
                product = if *times { product * value } else { product / value };
            }
            match step.solves {
                Some((var, power)) => {
                    let value = if power > 0 { 1.0 / product } else { product };
                    if !(value > 0.0 && value <= step.most) {
                        return false;
                    }
                    values.set(var, value);
                }
                // The logarithm of a number near one is its distance from one, to the square of that distance.
                None if (product - 1.0).abs() <= step.tolerance * (1.0 - step.tolerance) => {}
                None => return false,
            }
        }
        // What is not known, NaN, is over nothing.
        let over = |var: Var| values.get(var) > 1.0 + 1e-9;
        !over(Var::Mfu) && !over(Var::Goodput)
    }
}
