//! A batch of responses on some engines: all at once to the last token of the longest, or without end.

use super::decode::{DecodeStep, Writer};
use super::lengths::Lengths;
use crate::units::Seconds;

/// Points at which the length of the responses still at work is looked at.
const POINTS: u32 = 48;

/// A stretch with less than this share of the responses left is the tail.
const TAIL: f64 = 0.1;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batch {
    /// Responses.
    pub responses: f64,
    /// How long they are.
    pub lengths: Lengths,
    /// Tokens before each.
    pub prompt: f64,
    /// Engines at work.
    pub engines: f64,
    /// Responses that one engine has room for.
    pub slots: f64,
}

/// How long it takes, and what it is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Generated {
    /// All of it.
    pub time: Seconds,
    /// The time of each part of the decode steps, added up.
    pub steps: DecodeStep,
    /// Time in which memory set the pace, and time in which arithmetic did: what of `steps` shows.
    pub shown: [Seconds; 8],
    /// Time with less than a tenth of the responses left.
    pub tail: Seconds,
    /// Responses that an engine works on in the beginning.
    pub at_once: f64,
}

impl Batch {
    /// Responses that an engine works on at once in the beginning.
    ///
    /// # Formula
    /// `min(responses / engines, room)`, at least one
    /// # Source
    /// By definition.
    pub fn at_once(&self) -> f64 {
        (self.responses / self.engines).min(self.slots).max(1.0)
    }

    /// The mean context of a response while it is written.
    ///
    /// # Formula
    /// `prompt + E[x^2] / (2 E[x])`
    /// # Source
    /// The mean over all tokens of their place in the response.
    pub fn context(&self) -> f64 {
        self.prompt + 0.5 * self.lengths.of_a_token()
    }

    /// All responses, from the first token to the end of the longest.
    ///
    /// # Formula
    /// what waits for room passes at the full batch; then `integral P(any left at l) t(n S(l), p + l) dl`: S the share of
    /// responses longer than l, n those that an engine works on, `P = 1 - (1 - S)^N` for N responses on all engines
    /// # Source
    /// By construction: a response that ends makes room (Yu et al. 2022, Orca); the longest of all engines sets the end.
    pub fn to_the_end(&self, writer: &Writer<'_>) -> Generated {
        let at_once = self.at_once();
        let mut sum = Generated { at_once, ..Generated::default() };
        let waiting = (self.responses / self.engines - at_once).max(0.0);
        sum.add(
            &writer.step(at_once, self.context()),
            waiting * self.lengths.mean() / at_once / writer.accepted,
            false,
        );
        let most = self.lengths.most();
        let mut from = 0.0;
        for point in 1..=POINTS {
            // Closer together where the most responses end.
            let to = most * (f64::from(point) / f64::from(POINTS)).powi(2);
            let length = 0.5 * (from + to);
            let left = self.lengths.longer_than(length);
            let any = -(self.responses * (-left).ln_1p()).exp_m1();
            let step = writer.step((at_once * left).max(1.0), self.prompt + length);
            sum.add(&step, any * (to - from) / writer.accepted, left < TAIL);
            from = to;
        }
        sum
    }

    /// As many responses without end: what ends is replaced at once, and no engine waits for another.
    ///
    /// # Formula
    /// `responses E[x] / (engines n) t(n, mean context)`
    /// # Source
    /// By definition of a steady state.
    pub fn without_end(&self, writer: &Writer<'_>) -> Generated {
        let at_once = self.at_once();
        let mut sum = Generated { at_once, ..Generated::default() };
        let steps = self.responses * self.lengths.mean() / (self.engines * at_once) / writer.accepted;
        sum.add(&writer.step(at_once, self.context()), steps, false);
        sum
    }
}

impl Generated {
    fn add(&mut self, step: &DecodeStep, times: f64, tail: bool) {
        let time = step.total() * times;
        self.time += time;
        if tail {
            self.tail += time;
        }
        for (sum, (_, part)) in self.shown.iter_mut().zip(step.parts()) {
            *sum += part * times;
        }
        let all = &mut self.steps;
        all.weights += step.weights * times;
        all.cache += step.cache * times;
        all.products += step.products * times;
        all.attention += step.attention * times;
        all.kernels += step.kernels * times;
        all.tp += step.tp * times;
        all.ep += step.ep * times;
        all.engine += step.engine * times;
    }
}
