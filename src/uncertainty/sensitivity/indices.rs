//! Sobol indices: shares of variance.

use super::{Estimate, Inputs, Plan};
use crate::error::Error;
use crate::uncertainty::montecarlo::{Block, Uniforms};

#[cfg(feature = "parallel")]
use rayon::prelude::*;

/// The shares of the answer's variance that hang on one input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Index {
    /// The place of the input.
    pub input: usize,
    /// The share it explains alone.
    pub first: Estimate,
    /// The share it has a part in: what would go if it were known.
    pub total: Estimate,
}

/// The indices of all inputs, and the variance they share.
#[derive(Debug, Clone, PartialEq)]
pub struct Indices {
    /// The variance of the answer, in the square of its unit.
    pub variance: Estimate,
    /// One for each input, in order.
    pub inputs: Vec<Index>,
    /// How often the answer was asked for.
    pub calls: usize,
}

/// Sums over the draws of one chunk, of which all indices are made.
#[derive(Debug, Clone)]
struct Sums {
    draws: usize,
    sum: f64,
    squares: f64,
    /// For each input: `(f_B - centre) (f_AB - f_A)`, and `(f_A - f_AB)^2`.
    inputs: Vec<(f64, f64)>,
}

impl Sums {
    fn new(inputs: usize) -> Self {
        Self { draws: 0, sum: 0.0, squares: 0.0, inputs: vec![(0.0, 0.0); inputs] }
    }

    fn add(&mut self, other: &Self) {
        self.draws += other.draws;
        self.sum += other.sum;
        self.squares += other.squares;
        for (own, other) in self.inputs.iter_mut().zip(&other.inputs) {
            own.0 += other.0;
            own.1 += other.1;
        }
    }

    fn variance(&self) -> f64 {
        let values = 2.0 * self.draws as f64;
        (self.squares - self.sum * self.sum / values) / values
    }

    fn first(&self, input: usize) -> f64 {
        self.inputs.get(input).map_or(f64::NAN, |sums| sums.0 / self.draws as f64 / self.variance())
    }

    fn total(&self, input: usize) -> f64 {
        self.inputs.get(input).map_or(f64::NAN, |sums| sums.1 / (2.0 * self.draws as f64) / self.variance())
    }
}

/// First-order and total Sobol indices of independent inputs. Asks for `draws * (inputs + 2)` answers, all of which must be finite.
///
/// # Formula
/// With two independent sets of draws A and B, and A_Bi = A with input i from B:
/// `S_i = mean(f_B (f_ABi - f_A)) / V`, `ST_i = mean((f_A - f_ABi)^2) / (2 V)`; f is taken from its value at the medians, which
/// changes neither expectation and takes away noise. Standard errors come from 16 independent scrambles.
/// # Source
/// Saltelli et al. 2010, Computer Physics Communications 181, table 2 (b) and (f, after Jansen 1999).
pub fn first_and_total(inputs: &Inputs, plan: &Plan, answer: impl Fn(&[f64]) -> f64 + Sync) -> Result<Indices, Error> {
    if inputs.is_correlated() {
        let error =
            Error::bad_input("shares of variance exist for independent inputs only, and some of these are correlated");
        return Err(error.with_hint("leave out the correlations, or use the tornado and the rank correlations"));
    }
    let count = inputs.len();
    let design = Design { inputs, uniforms: Uniforms::new(plan, 2 * count), centre: answer(&inputs.medians()) };
    let chunk = plan.chunk();
    let chunks = plan.draws().div_ceil(chunk);
    let work = |index: usize| design.chunk(index, chunk.min(plan.draws() - index * chunk), &answer);
    #[cfg(feature = "parallel")]
    let parts: Vec<Sums> = (0..chunks).into_par_iter().map(work).collect();
    #[cfg(not(feature = "parallel"))]
    let parts: Vec<Sums> = (0..chunks).map(work).collect();
    // Random draws have no replicates of their own: sixteen runs of chunks serve as such.
    let per_group = chunks.div_ceil(16).max(1);
    let groups: Vec<Sums> = parts.chunks(per_group).map(|parts| total_of(count, parts)).collect();
    let all = total_of(count, &groups);
    if !all.variance().is_finite() {
        return Err(Error::no_solution(
            "some draws have no finite answer, so that their variance cannot be shared out",
        )
        .with_hint("leave out inputs that may never come, or use the rank correlations"));
    }
    let with_error = |figure: &dyn Fn(&Sums) -> f64| Estimate { value: figure(&all), se: error_of(&groups, figure) };
    let index = |input| Index {
        input,
        first: with_error(&|sums| sums.first(input)),
        total: with_error(&|sums| sums.total(input)),
    };
    Ok(Indices {
        variance: with_error(&Sums::variance),
        inputs: (0..count).map(index).collect(),
        calls: plan.draws() * (count + 2),
    })
}

/// Where the two sets of draws come from.
struct Design<'a> {
    inputs: &'a Inputs,
    uniforms: Uniforms,
    centre: f64,
}

impl Design<'_> {
    fn chunk(&self, chunk: usize, len: usize, answer: impl Fn(&[f64]) -> f64) -> Sums {
        let count = self.inputs.len();
        let (mut a, mut b) = (Block::new(count), Block::new(count));
        for input in 0..count {
            for (block, first) in [(&mut a, 0), (&mut b, count)] {
                let dimension = first + self.inputs.rank(input);
                block.fill(input, len, |column| self.uniforms.fill(dimension, chunk, column));
                if let Some(prepared) = self.inputs.prepared(input) {
                    block.draw(input, len, prepared);
                }
            }
        }
        let mut sums = Sums::new(count);
        let mut mixed = vec![0.0; count];
        for (own, other) in a.rows(len).zip(b.rows(len)) {
            let (f_a, f_b) = (answer(own) - self.centre, answer(other) - self.centre);
            sums.draws += 1;
            sums.sum += f_a + f_b;
            sums.squares += f_a * f_a + f_b * f_b;
            for (input, (sum, &value)) in sums.inputs.iter_mut().zip(other).enumerate() {
                mixed.copy_from_slice(own);
                if let Some(place) = mixed.get_mut(input) {
                    *place = value;
                }
                let f_ab = answer(&mixed) - self.centre;
                sum.0 += f_b * (f_ab - f_a);
                sum.1 += (f_a - f_ab) * (f_a - f_ab);
            }
        }
        sums
    }
}

fn total_of(inputs: usize, parts: &[Sums]) -> Sums {
    parts.iter().fold(Sums::new(inputs), |mut all, part| {
        all.add(part);
        all
    })
}

/// The standard error of a figure, from its spread over independent groups of draws.
fn error_of(groups: &[Sums], figure: &dyn Fn(&Sums) -> f64) -> f64 {
    let values: Vec<f64> = groups.iter().map(figure).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let se = (squares / (count - 1.0) / count).sqrt();
    if se.is_nan() { f64::INFINITY } else { se }
}
