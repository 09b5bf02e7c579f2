//! One setting on a number of chips: the layout, the step, and the rates that follow.

use super::headroom::Headroom;
use super::setting::Setting;
use super::unsaid::Unsaid;
use crate::error::Error;
use crate::hardware::precision::{Precision, States};
use crate::layout::fit::{Fit, Reserve};
use crate::layout::parallelism::Layout;
use crate::layout::search::{Found, Ranked, Space, search};
use crate::model::flops::{Causality, Choice, Counting, per_token, train_work};
use crate::step::bound::LowerBound;
use crate::step::losses::{Loss, Losses};
use crate::step::workload::Workload;
use crate::step::{StepTime, perform};
use crate::units::{Bytes, ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Seconds, Tokens, show};

/// Memory nobody can plan with: 5 % for fragmentation, 2 GB for the libraries' workspace. Assumptions.
pub const RESERVE: Reserve = Reserve { share: Fraction::new(0.05), workspace: Bytes::new(2e9) };

/// Most chips that are laid out.
pub const MOST_CHIPS: u32 = 1 << 24;

/// A job's step on a number of chips.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The layout, which may leave chips idle.
    pub layout: Layout,
    /// Where the time of one step goes, on the software that the factors were fitted to.
    pub step: StepTime,
    /// What one chip of the fullest stage holds.
    pub fit: Fit,
    /// What is left on it, and the chance that the layout runs.
    pub headroom: Headroom,
    /// Chips held.
    pub chips: u32,
    /// Time of a step on this job's software over that of the software the factors were fitted to.
    pub software: f64,
    /// What the settings that nobody gave take over those laid out here.
    pub unsaid: Unsaid,
    /// Share of the held time that computes, before anything is known of this run.
    pub goodput: f64,
}

impl Prediction {
    /// Chips that the layout uses.
    pub fn used(&self) -> u32 {
        u32::try_from(self.layout.chips()).unwrap_or(u32::MAX)
    }

    /// Chips that are held and idle.
    pub fn idle(&self) -> u32 {
        self.chips.saturating_sub(self.used())
    }

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
    /// `step model * software factor`
    /// # Source
    /// `profiles/factors/`, `[run]`: published hours over the steps predicted for them.
    pub fn step_time(&self) -> Seconds {
        self.step.total() * self.software
    }

    /// Chip-time held for one token while the job computes, on software of this factor.
    ///
    /// # Formula
    /// `step time * unsaid * chips held / tokens of a step`
    /// # Source
    /// Definition.
    pub fn pace_at(&self, software: f64) -> f64 {
        self.step.total().get() * self.unsaid.factor * software * f64::from(self.chips) / self.tokens_per_step().get()
    }

    /// The same on this job's software.
    ///
    /// # Formula
    /// as [`Prediction::pace_at`]
    /// # Source
    /// Definition.
    pub fn pace(&self) -> f64 {
        self.pace_at(self.software)
    }

    /// Chip-time held, while the job computes, for so many tokens.
    ///
    /// # Formula
    /// `tokens * pace`
    /// # Source
    /// Definition.
    pub fn computing(&self, tokens: Tokens) -> ChipSeconds {
        ChipSeconds::new(tokens.get() * self.pace())
    }

    /// Tokens a second, all chips together.
    ///
    /// # Formula
    /// `tokens of a step / step time`
    /// # Source
    /// Definition.
    pub fn tokens_per_second(&self) -> f64 {
        self.tokens_per_step() / Tokens::new(self.step_time().get())
    }

    /// The shares of the peak that the chips held reach: by six FLOPs a parameter and token, and with causal attention.
    ///
    /// # Formula
    /// `F / (pace * peak)`: F FLOPs of a token
    /// # Source
    /// Chowdhery et al. 2022, arXiv:2204.02311, appendix B.
    pub fn mfu(&self, setting: &Setting, peak: FlopPerSecond) -> [Fraction; 2] {
        let counting = Choice::Terms { causality: Causality::Causal, counting: Counting::Model };
        let causal = per_token(&setting.model.shape, self.layout.seq_len, counting).total();
        let six = train_work(setting.active, Tokens::new(1.0));
        [six, causal].map(|flop: Flop| Fraction::new(flop / (ChipSeconds::new(self.pace()) * peak)))
    }
}

impl Setting {
    /// Predicts on a number of chips, at the setting's own batch.
    ///
    /// # Errors
    /// No legal layout, or none that fits; chips that cannot be laid out; a precision the chip does not have.
    pub fn on(&self, chips: Chips) -> Result<Prediction, Error> {
        self.on_with(chips, self.batch.sequences())
    }

    /// Predicts with this number of sequences in a step.
    ///
    /// # Errors
    /// As [`Setting::on`].
    pub fn on_with(&self, chips: Chips, sequences: u32) -> Result<Prediction, Error> {
        let model = self.workload();
        let found = self.ranked(&model, chips, sequences, 1)?;
        let best = found.best.first().ok_or_else(|| self.none(chips))?;
        let predicted = self.predicted(&model, best, whole(chips)?);
        Ok(Prediction { unsaid: self.unsaid(&model, &predicted.layout, predicted.step.total()), ..predicted })
    }

    /// The model as a step multiplies it, in the setting's sequences.
    pub fn workload(&self) -> Workload {
        Workload::of(&self.model.shape, self.seq_len)
    }

    /// The fastest layouts, with what the search looked at. What more nodes lose beyond the step is part of a layout's
    /// time: a node that brings less than that is left idle, so that more chips never take longer.
    ///
    /// # Errors
    /// As [`Setting::on`].
    pub fn ranked(&self, model: &Workload, chips: Chips, sequences: u32, keep: usize) -> Result<Found, Error> {
        let space = self.space(chips, sequences)?;
        let (stack, factors) = (&self.stack.stack, &self.calibration.factors);
        let timing = LowerBound::new(model, &self.machine, stack, factors).losing(self.losses());
        search(&space, &self.given, keep, timing)
    }

    /// What more nodes lose beyond the step: to the fastest layout, where it is open, and to goodput. A goodput that is
    /// given changes no layout: on more chips the layout that is chosen uses at least as many, and loses as much at least,
    /// so that its step alone is no longer either.
    fn losses(&self) -> Losses {
        let gap = if self.given.is_open() { self.believed.gap() } else { Loss::NONE };
        Losses { node: self.machine.node, all: [gap, self.believed.goodput.loss()] }
    }

    /// A ranked layout as a prediction: all of it is said.
    ///
    /// # Formula
    /// the step of the layout, its memory, and goodput on `chips / chips of a node` nodes
    /// # Source
    /// By construction: a prediction is what these say of one layout.
    pub fn predicted(&self, model: &Workload, ranked: &Ranked, chips: u32) -> Prediction {
        let Ranked { layout, fit, .. } = *ranked;
        let factors = &self.calibration.factors;
        let step = perform(model, &layout, &self.machine, &self.stack.stack, factors);
        // A node that is held idle fails no job.
        let goodput = self.believed.goodput.on(self.nodes(&layout));
        let (headroom, software) = (Headroom::of(&fit, self.memory_spread), self.software().median);
        Prediction { layout, step, fit, headroom, chips, software, unsaid: Unsaid::NOTHING, goodput }
    }

    /// The nodes that a layout uses.
    ///
    /// # Formula
    /// `chips / chips of a node`
    /// # Source
    /// Definition.
    pub fn nodes(&self, layout: &Layout) -> f64 {
        layout.chips() as f64 / f64::from(self.machine.node.max(1))
    }

    /// What is searched.
    ///
    /// # Errors
    /// Chips that cannot be laid out, a precision without a peak.
    pub fn space(&self, chips: Chips, sequences: u32) -> Result<Space<'_>, Error> {
        if self.machine.peak(self.precision) <= FlopPerSecond::ZERO {
            let message = format!("{} has no published {} peak to predict with", self.chip, self.precision);
            return Err(Error::bad_input(message).with_hint("choose another --precision"));
        }
        Ok(Space {
            shape: &self.model.shape,
            chips: whole(chips)?,
            global_batch: sequences,
            seq_len: self.seq_len,
            precision: self.precision,
            states: self.states,
            optimizer: self.optimizer,
            offload: self.offload,
            kernel: self.stack.kernel,
            autograd: self.stack.autograd,
            ends_stay: self.stack.ends_stay,
            cut: self.stack.cut,
            domain: self.machine.domain,
            node: self.machine.node,
            memory: self.machine.memory,
            reserve: RESERVE,
        })
    }

    fn none(&self, chips: Chips) -> Error {
        let message = format!(
            "no layout of {} has the degrees that are given and fits",
            show::counted(show::whole(chips.get()), "chip")
        );
        Error::no_solution(message)
            .with_hint("leave some of the degrees open, or change the number of chips or the global batch")
    }
}

/// A number of chips that can be laid out: whole ones.
fn whole(chips: Chips) -> Result<u32, Error> {
    let count = chips.get();
    if (1.0..=f64::from(MOST_CHIPS)).contains(&count) {
        return Ok(count as u32);
    }
    Err(Error::bad_input(format!("{} cannot be laid out", show::counted(show::number(count, 7), "chip")))
        .with_hint(format!("give a number from 1 to {MOST_CHIPS}")))
}

/// What a recipe of a precision usually keeps for each parameter; in bf16, what the stack does, if it is known. A stack
/// that splits 32-bit weights among its replicas does so whatever it multiplies in.
pub(super) fn usual_states(precision: Precision, in_bf16: Option<States>) -> States {
    match precision {
        _ if in_bf16 == Some(States::Fp32) => States::Fp32,
        Precision::Fp32 | Precision::Tf32 => States::Fp32,
        Precision::Fp8 | Precision::Mxfp8 | Precision::Fp4 | Precision::Int8 => States::Fp8Moments16,
        Precision::Bf16 => in_bf16.unwrap_or(States::MixedGradients16),
        Precision::Fp16 => States::MixedGradients16,
    }
}
