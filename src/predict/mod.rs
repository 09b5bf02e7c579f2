//! What a job's step takes: its given layout, or the best legal one, timed by the step model.

use crate::Error;
use crate::hardware::precision::{Precision, States};
use crate::layout::fit::{Fit, Reserve};
use crate::layout::fixed::Fixed;
use crate::layout::parallelism::Layout;
use crate::layout::search::{Ranked, Space};
use crate::model::architecture::Architecture;
use crate::model::flops::{Kernel, train_work};
use crate::step::efficiency::Calibration;
use crate::step::machine::Machine;
use crate::step::ranking::rank_within;
use crate::step::stack::Stack;
use crate::step::{StepTime, perform};
use crate::units::{Bytes, ChipSeconds, FlopPerSecond, Fraction, Params, Seconds, Tokens};

/// Memory nobody can plan with: 5 % for fragmentation, 2 GB for the libraries' workspace. Assumptions.
pub const RESERVE: Reserve = Reserve { share: Fraction::new(0.05), workspace: Bytes::new(2e9) };

/// A training job whose step is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The model.
    pub shape: &'a Architecture,
    /// The chip and its links.
    pub machine: &'a Machine,
    /// The fitted factors of its generation.
    pub calibration: &'a Calibration,
    /// The software.
    pub stack: Stack,
    /// Chips held; the layout may leave some of them idle.
    pub chips: u32,
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// Sequences of a step.
    pub global_batch: u32,
    /// Format of the matrix products.
    pub precision: Precision,
    /// What of the layout is settled.
    pub given: Fixed,
}

/// A job's step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// The layout.
    pub layout: Layout,
    /// Where the time of one step goes.
    pub step: StepTime,
    /// What one chip of the fullest stage holds.
    pub fit: Fit,
    /// Time on software nobody measured, relative to what the factors were fitted to; 1 on measured software.
    pub software: f64,
    /// Share of held time that computes, before anything is known of this run.
    pub goodput: f64,
    /// Geometric spread (standard deviation of the logarithm) of a whole run's hours.
    pub spread: f64,
}

impl Predicted {
    /// Tokens of one step.
    ///
    /// # Formula
    /// `global batch * sequence length`
    /// # Source
    /// Definition.
    pub fn tokens_per_step(&self) -> Tokens {
        Tokens::new(f64::from(self.layout.global_batch) * f64::from(self.layout.seq_len))
    }

    /// Time of one step on this job's software.
    ///
    /// # Formula
    /// `step model * software`
    /// # Source
    /// `profiles/factors/`, `[run]`: published hours over the steps predicted for them.
    pub fn step_time(&self) -> Seconds {
        self.step.total() * self.software
    }

    /// Chip-time computing for so many tokens.
    ///
    /// # Formula
    /// `tokens / tokens per step * step time * chips`
    /// # Source
    /// Definition.
    pub fn computing(&self, tokens: Tokens) -> ChipSeconds {
        ChipSeconds::new(tokens / self.tokens_per_step() * self.step_time().get() * self.layout.chips() as f64)
    }

    /// Model FLOPs utilisation by six FLOPs a parameter and token.
    ///
    /// # Formula
    /// `6 N tokens / (chip-time * peak)`
    /// # Source
    /// Chowdhery et al. 2022, arXiv:2204.02311, appendix B, without its attention term.
    pub fn mfu(&self, active: Params, peak: FlopPerSecond) -> Fraction {
        let tokens = self.tokens_per_step();
        let flop = train_work(active, tokens);
        Fraction::new(flop / (self.computing(tokens) * peak))
    }
}

/// The fastest layout that fits and has the given degrees.
///
/// # Formula
/// the smallest step of `layout::search` among the layouts with the given degrees
/// # Source
/// as `layout::search`
///
/// # Errors
/// No legal layout with these degrees, or none that fits.
pub fn predict(job: &Job<'_>) -> Result<Predicted, Error> {
    let factors = &job.calibration.factors;
    let found = rank_within(&space(job), &job.given, job.machine, &job.stack, factors, 1)?;
    let Ranked { layout, fit, .. } = *found.best.first().ok_or_else(|| none_with(job))?;
    let run = job.calibration.run;
    let (software, spread) = if job.stack.measured { (1.0, run.measured_spread) } else { (run.unmeasured, run.spread) };
    let step = perform(job.shape, &layout, job.machine, &job.stack, factors);
    Ok(Predicted { layout, step, fit, software, goodput: run.goodput, spread })
}

fn space<'a>(job: &Job<'a>) -> Space<'a> {
    Space {
        shape: job.shape,
        chips: job.chips,
        global_batch: job.global_batch,
        seq_len: job.seq_len,
        precision: job.precision,
        states: states(job.precision),
        kernel: Kernel::Fused,
        domain: job.machine.domain,
        node: job.machine.node,
        memory: job.machine.memory,
        reserve: RESERVE,
    }
}

/// What a recipe of this precision usually keeps for each parameter.
fn states(precision: Precision) -> States {
    match precision {
        Precision::Fp32 | Precision::Tf32 => States::Fp32,
        Precision::Fp8 | Precision::Mxfp8 | Precision::Fp4 | Precision::Int8 => States::Fp8Moments16,
        Precision::Fp16 | Precision::Bf16 => States::MixedGradients16,
    }
}

fn none_with(job: &Job<'_>) -> Error {
    let chips = job.chips;
    Error::no_solution(format!("no layout of {chips} chips has the degrees that are given and fits"))
        .with_hint("leave some of the degrees open, or change the number of chips or the global batch")
}
