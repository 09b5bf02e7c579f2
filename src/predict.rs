//! What a job's step takes: its given layout, or the best legal one, timed by the step model.

use crate::Error;
use crate::hardware::precision::{Precision, States};
use crate::layout::fit::{Fit, Reserve, fit};
use crate::layout::parallelism::{Layout, Schedule, ZeroStage};
use crate::layout::search::{Ranked, Space, search};
use crate::model::architecture::Architecture;
use crate::model::flops::{Kernel, Recompute};
use crate::step::efficiency::Calibration;
use crate::step::machine::Machine;
use crate::step::ranking::Floor;
use crate::step::stack::Stack;
use crate::step::{StepTime, perform};
use crate::units::{Bytes, ChipSeconds, Flop, FlopPerSecond, Fraction, Params, Seconds, Tokens};

/// Memory nobody can plan with: fragmentation as a share, and what libraries take. Assumptions.
const RESERVE: Reserve = Reserve { share: Fraction::new(0.05), workspace: Bytes::new(2e9) };

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
    /// Chips, all of which are used.
    pub chips: u32,
    /// Tokens of a sequence.
    pub seq_len: u32,
    /// Sequences of a step.
    pub global_batch: u32,
    /// Format of the matrix products.
    pub precision: Precision,
    /// What of the layout is settled.
    pub given: Degrees,
}

/// The settled part of a layout; what is `None` is searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Degrees {
    /// Tensor parallelism.
    pub tp: Option<u32>,
    /// Pipeline stages.
    pub pp: Option<u32>,
    /// Virtual stages of a chip.
    pub vpp: Option<u32>,
    /// Data parallelism.
    pub dp: Option<u32>,
    /// Context parallelism.
    pub cp: Option<u32>,
    /// Expert parallelism.
    pub ep: Option<u32>,
    /// Sequences of a micro-batch.
    pub micro_batch: Option<u32>,
    /// ZeRO stage.
    pub zero: Option<ZeroStage>,
    /// What is computed again.
    pub recompute: Option<Recompute>,
    /// Pipeline schedule.
    pub schedule: Option<Schedule>,
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
        let flop = Flop::new(6.0 * active.get() * tokens.get());
        Fraction::new(flop / (self.computing(tokens) * peak))
    }
}

impl Degrees {
    fn admits(&self, layout: &Layout) -> bool {
        // These schedules order the passes of one stage a chip.
        let single = matches!(self.schedule, Some(Schedule::ZeroBubble | Schedule::DualPipe));
        if single && layout.vpp != 1 {
            return false;
        }
        let same = |given: Option<u32>, own: u32| given.is_none_or(|given| given == own);
        same(self.tp, layout.tp)
            && same(self.pp, layout.pp)
            && same(self.dp, layout.dp)
            && same(self.cp, layout.cp)
            && same(self.ep, layout.ep)
            && same(self.vpp, layout.vpp)
            && same(self.micro_batch, layout.micro_batch)
            && self.recompute.is_none_or(|given| given == layout.recompute)
            && self.zero.is_none_or(|given| given == layout.zero)
    }

    /// Whether nothing is settled.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
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
    let scheduled = |layout: &Layout| match job.given.schedule {
        Some(Schedule::OneFOneB | Schedule::Interleaved) | None => *layout,
        Some(schedule) => Layout { schedule, ..*layout },
    };
    let factors = &job.calibration.factors;
    let floor = Floor::of(job.shape, job.seq_len, job.precision, job.machine, factors);
    let never = Seconds::new(f64::INFINITY);
    let bound = |layout: &Layout| if job.given.admits(layout) { floor.time(layout) } else { never };
    let time = |layout: &Layout| match job.given.admits(layout) {
        true => perform(job.shape, &scheduled(layout), job.machine, &job.stack, factors).total(),
        false => never,
    };
    let found = search(&space(job), 1, bound, time)?;
    let best = found.best.first().filter(|best| best.step.get().is_finite());
    let Ranked { layout, .. } = best.ok_or_else(|| none_with(job))?;
    let layout = scheduled(layout);
    let run = job.calibration.run;
    let (software, spread) = if job.stack.measured { (1.0, run.measured_spread) } else { (run.unmeasured, run.spread) };
    Ok(Predicted {
        layout,
        step: perform(job.shape, &layout, job.machine, &job.stack, factors),
        fit: fit(job.shape, &layout, job.machine.memory, &RESERVE),
        software,
        goodput: run.goodput,
        spread,
    })
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
        domain: job.given.tp.unwrap_or(1).max(job.machine.domain.min(WIDEST_TP)),
        memory: job.machine.memory,
        reserve: RESERVE,
    }
}

/// Tensor parallelism wider than this has not been published for training.
const WIDEST_TP: u32 = 16;

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
