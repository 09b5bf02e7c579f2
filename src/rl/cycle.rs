//! One rollout and what follows it until the next.

use super::asked::{Asked, Point, efficiency};
use super::chosen::Chosen;
use crate::layout::fit::Fit;
use crate::model::flops::{Causality, forward};
use crate::predict::Setting;
use crate::rollout::decode::Writer;
use crate::rollout::engine::{Engine, Weights};
use crate::rollout::forward::pass;
use crate::rollout::generate::{Batch, Generated};
use crate::rollout::lengths::Lengths;
use crate::rollout::sync;
use crate::units::{Bytes, Chips, Seconds, Tokens};

/// A mean no nearer to the longest than this.
const BELOW: f64 = 0.98;

/// What one rollout is, at one point of the values that may be ranges.
#[derive(Debug, Clone, Copy)]
pub struct Rollout<'a> {
    /// What was asked.
    pub asked: &'a Asked,
    /// The model on its chips.
    pub setting: &'a Setting,
    /// The values.
    pub point: Point,
    /// How long its responses are.
    pub lengths: Lengths,
    /// Tokens before each.
    pub prompt: f64,
}

/// The parts of a cycle, each on the chips that do it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cycle {
    /// Writing the responses, questions read first.
    pub generation: Seconds,
    /// Forward passes over the responses.
    pub scoring: Seconds,
    /// The updates.
    pub training: Seconds,
    /// New weights to the engines; on shared chips also making room and taking it back.
    pub sync: Seconds,
    /// Whether writing and learning run at the same time.
    pub asynchronous: bool,
    /// What the writing is made of.
    pub written: Generated,
}

impl Cycle {
    /// From one rollout to the next.
    ///
    /// # Formula
    /// one after the other, the sum; at the same time, `max(generation, scoring + training) + sync`
    /// # Source
    /// By definition.
    pub fn total(&self) -> Seconds {
        let learning = self.scoring + self.training;
        let both = if self.asynchronous { self.generation.max(learning) } else { self.generation + learning };
        both + self.sync
    }
}

impl<'a> Rollout<'a> {
    /// At a point; `None` where its mean is no length below the longest.
    pub fn at(asked: &'a Asked, setting: &'a Setting, point: Point) -> Option<Self> {
        let [_, response, prompt, spread, ..] = point;
        let mean = Tokens::new(response.min(asked.most * BELOW));
        let lengths = Lengths::of_mean(mean, spread, Tokens::new(asked.most))?;
        Some(Self { asked, setting, point, lengths, prompt })
    }

    /// Responses of a rollout.
    pub fn responses(&self) -> f64 {
        self.asked.responses() * self.asked.per_rollout
    }

    /// Tokens that one update learns from.
    ///
    /// # Formula
    /// `questions responses (prompt + mean response)`
    /// # Source
    /// By definition.
    pub fn tokens_of_step(&self) -> f64 {
        self.asked.responses() * (self.prompt + self.lengths.mean())
    }

    /// The length of a sequence whose tokens attend to as many others as those of the responses do in the mean.
    ///
    /// # Formula
    /// `prompt + E[x^2] / E[x]`
    /// # Source
    /// Attention costs the square of the length; packed responses do not see each other.
    pub fn sequence(&self) -> f64 {
        (self.prompt + self.lengths.of_a_token()).round()
    }

    /// What an update takes over one with the tokens and the length of another point.
    ///
    /// # Formula
    /// `tokens F(length)` of this over that: F the FLOPs of a token's forward pass
    /// # Source
    /// By construction: between draws the layout stays.
    pub fn over(&self, other: &Self) -> f64 {
        let one = |of: &Self| {
            let length = of.sequence().clamp(1.0, f64::from(u32::MAX)) as u32;
            forward(&self.setting.model.shape, length, Causality::Causal).total().get() * of.tokens_of_step()
        };
        one(self) / one(other)
    }

    /// Writing on an engine.
    pub fn writer(&self, engine: Engine) -> Writer<'a> {
        let setting = self.setting;
        Writer {
            shape: &setting.model.shape,
            machine: &setting.machine,
            factors: &setting.calibration.factors,
            efficiency: efficiency(&self.point),
            precision: setting.precision,
            engine,
            weights: Weights::of(&setting.model.shape, setting.precision),
            accepted: self.point[4],
        }
    }

    /// The batch on so many chips, in engines with this much room for weights and caches.
    pub fn batch(&self, engine: Engine, chips: f64, room: Bytes) -> Batch {
        let engines = (chips / f64::from(engine.chips)).floor();
        let (responses, lengths, prompt) = (self.responses(), self.lengths, self.prompt);
        let batch = Batch { responses, lengths, prompt, engines, slots: 1.0 };
        Batch { slots: self.slots(engine, room, batch.context()), ..batch }
    }

    /// Responses that an engine has room for, each with this much context.
    pub fn slots(&self, engine: Engine, room: Bytes, context: f64) -> f64 {
        let shape = &self.setting.model.shape;
        engine.slots(shape, &Weights::of(shape, self.setting.precision), room, context)
    }

    /// Whether there is an engine, and each of its ranks has room for the longest response.
    pub fn fits(&self, engine: Engine, chips: f64, room: Bytes) -> bool {
        let longest = self.prompt + self.lengths.most();
        chips >= f64::from(engine.chips) && self.slots(engine, room, longest) >= engine.ranks()
    }

    /// The responses, written on engines of so many chips.
    pub fn written(&self, engine: Engine, chips: f64, room: Bytes) -> Generated {
        let (batch, writer) = (self.batch(engine, chips, room), self.writer(engine));
        if self.asked.asynchronous { batch.without_end(&writer) } else { batch.to_the_end(&writer) }
    }

    /// The cycle, with updates that take this long.
    ///
    /// # Formula
    /// writing: the questions read once, then the decode steps; scoring: forward passes over all tokens; the updates of
    /// every model that learns; weights to the engines, and on shared chips the states out and in
    /// # Source
    /// DeepSeek-R1, arXiv:2501.12948v2, supplement B.1, for the order of the phases.
    pub fn cycle(&self, chosen: &Chosen, room: Bytes, training: Seconds, states: &Fit) -> Cycle {
        let (asked, setting) = (self.asked, self.setting);
        let engine = chosen.engine;
        let writer = self.writer(engine);
        let written = self.written(engine, chosen.writing, room);
        let (reached, machine, precision) = (efficiency(&self.point), &setting.machine, setting.precision);
        let read = |chips: f64, tokens: f64, length: f64| {
            pass(&setting.model.shape, machine, precision, &reached, Chips::new(chips), tokens, length)
        };
        let questions = asked.prompts * asked.per_rollout * self.prompt;
        let tokens = self.tokens_of_step() * asked.per_rollout;
        let handed = sync::weights(writer.weights.on_chip(engine), machine, &setting.calibration.factors);
        let moved = sync::swap(states.weights + states.gradients + states.optimizer, &reached);
        Cycle {
            generation: written.time + read(chosen.writing, questions, self.prompt),
            scoring: read(chosen.learning, tokens, self.sequence()) * asked.passes,
            training: training * f64::from(asked.algorithm.learners()),
            sync: if asked.asynchronous { handed } else { handed + moved },
            asynchronous: asked.asynchronous,
            written,
        }
    }
}
