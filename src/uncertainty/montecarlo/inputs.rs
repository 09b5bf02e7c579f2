//! The uncertain inputs of a study, and the machine that fills blocks of draws with them.

use super::uniforms::Uniforms;
use super::{CHUNK, Plan};
use crate::error::Error;
use crate::uncertainty::copula::{Copula, Pair, Repair};
use crate::uncertainty::dist::{Dist, Prepared};

/// Named distributions, in the order in which the estimate takes them.
///
/// Which uniform numbers an input gets depends on its name's place in the alphabet, so that the order of writing changes nothing.
#[derive(Debug, Clone)]
pub struct Inputs {
    names: Vec<String>,
    dists: Vec<Dist>,
    prepared: Vec<Prepared>,
    /// The place of each input among the sorted names.
    rank: Vec<usize>,
    copula: Option<Copula>,
}

impl Inputs {
    /// Independent inputs; every name once.
    pub fn new(inputs: Vec<(String, Dist)>) -> Result<Self, Error> {
        let (names, dists): (Vec<String>, Vec<Dist>) = inputs.into_iter().unzip();
        let mut sorted: Vec<usize> = (0..names.len()).collect();
        sorted.sort_by_key(|&input| names.get(input));
        let twice = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| names.get(**a) == names.get(**b));
        if let Some(name) = twice.and_then(|(input, _)| names.get(*input)) {
            return Err(Error::bad_input(format!("`{name}` is given twice")));
        }
        let mut rank = vec![0; names.len()];
        for (place, &input) in sorted.iter().enumerate() {
            if let Some(rank) = rank.get_mut(input) {
                *rank = place;
            }
        }
        let prepared = dists.iter().map(Dist::prepare).collect();
        Ok(Self { names, dists, prepared, rank, copula: None })
    }

    /// The same inputs with rank correlations between some of them, and what had to be changed to make those possible.
    pub fn correlated(mut self, pairs: &[(&str, &str, f64)]) -> Result<(Self, Option<Repair>), Error> {
        let place = |name: &str| {
            let found = self.names.iter().position(|known| known == name);
            found.ok_or_else(|| Error::unknown_name("uncertain input", name, self.names.iter().map(String::as_str)))
        };
        let mut placed = Vec::with_capacity(pairs.len());
        for &(first, second, spearman) in pairs {
            placed.push(Pair { first: place(first)?, second: place(second)?, spearman });
        }
        let (copula, repair) = Copula::new(&self.rank, &placed)?;
        self.copula = (!pairs.is_empty()).then_some(copula);
        Ok((self, repair))
    }

    /// The names, in the order of the estimate's arguments.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The distributions, in the same order.
    pub fn dists(&self) -> &[Dist] {
        &self.dists
    }

    /// How many inputs there are.
    pub fn len(&self) -> usize {
        self.dists.len()
    }

    /// Whether there is no input.
    pub fn is_empty(&self) -> bool {
        self.dists.is_empty()
    }

    /// Whether some inputs are correlated.
    pub fn is_correlated(&self) -> bool {
        self.copula.is_some()
    }

    /// Every input at its median.
    pub fn medians(&self) -> Vec<f64> {
        self.dists.iter().map(Dist::median).collect()
    }

    pub(in crate::uncertainty) fn prepared(&self, input: usize) -> Option<&Prepared> {
        self.prepared.get(input)
    }

    pub(in crate::uncertainty) fn rank(&self, input: usize) -> usize {
        self.rank.get(input).copied().unwrap_or(0)
    }
}

/// Fills blocks with the draws of a plan, any block at any time.
#[derive(Debug, Clone)]
pub(in crate::uncertainty) struct Sampler<'a> {
    inputs: &'a Inputs,
    uniforms: Uniforms,
    chunk: usize,
}

/// A chunk of draws: columns of uniform numbers while they are made, then a row for each draw.
#[derive(Debug, Clone)]
pub(in crate::uncertainty) struct Block {
    uniforms: Vec<f64>,
    rows: Vec<f64>,
    inputs: usize,
}

impl Block {
    pub(in crate::uncertainty) fn new(inputs: usize) -> Self {
        Self { uniforms: vec![0.0; inputs * CHUNK], rows: vec![0.0; inputs.max(1) * CHUNK], inputs }
    }

    /// Fills the uniform numbers of one input.
    pub(in crate::uncertainty) fn fill(&mut self, input: usize, len: usize, fill: impl FnOnce(&mut [f64])) {
        if let Some(column) = self.uniforms.get_mut(input * CHUNK..input * CHUNK + len) {
            fill(column);
        }
    }

    /// Turns the uniform numbers of one input into draws.
    pub(in crate::uncertainty) fn draw(&mut self, input: usize, len: usize, quantile: &Prepared) {
        if let Some(column) = self.uniforms.get(input * CHUNK..input * CHUNK + len) {
            quantile.transform_into(column, &mut self.rows, self.inputs, input);
        }
    }

    /// One draw after the other, each a value for every input.
    pub(in crate::uncertainty) fn rows(&self, len: usize) -> impl Iterator<Item = &[f64]> {
        self.rows.chunks_exact(self.inputs.max(1)).map(|row| row.get(..self.inputs).unwrap_or(&[])).take(len)
    }
}

impl<'a> Sampler<'a> {
    pub(in crate::uncertainty) fn new(inputs: &'a Inputs, plan: &Plan) -> Self {
        Self { inputs, uniforms: Uniforms::new(plan, inputs.len()), chunk: plan.chunk() }
    }

    /// How many inputs are drawn.
    pub(in crate::uncertainty) fn inputs(&self) -> usize {
        self.inputs.len()
    }

    /// The number of this chunk's first draw.
    pub(in crate::uncertainty) fn start(&self, chunk: usize) -> usize {
        chunk * self.chunk
    }

    /// Fills a block with the draws of a chunk.
    pub(in crate::uncertainty) fn fill(&self, chunk: usize, len: usize, block: &mut Block) {
        for input in 0..self.inputs.len() {
            block.fill(input, len, |column| self.uniforms.fill(self.inputs.rank(input), chunk, column));
        }
        if let Some(copula) = &self.inputs.copula {
            copula.correlate(&mut block.uniforms, CHUNK, len);
        }
        for (input, prepared) in self.inputs.prepared.iter().enumerate() {
            block.draw(input, len, prepared);
        }
    }
}
