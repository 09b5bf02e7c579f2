//! A run of reinforcement learning, looked up: the learning answered, the chips divided, one cycle timed.

use super::asked::{Asked, learning};
use super::chosen::{Chosen, divide};
use super::cycle::{Cycle, Rollout};
use crate::answer::{Answer, answer};
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::predict::{Prediction, RESERVE, Setting};
use crate::read::Sources;
use crate::rollout::algorithm::Algorithm;
use crate::rollout::lengths::Lengths;
use crate::solve::Var;
use crate::source::Source;
use crate::units::{Bytes, ChipSeconds, Chips, Seconds, Tokens, Usd, show};

/// The run with its answer at the medians.
#[derive(Debug, Clone)]
pub struct Job {
    /// What was asked.
    pub asked: Asked,
    /// The learning of the policy, as `estimate` answers it for the chips that learn.
    pub learning: Box<Answer>,
    /// How the chips are divided.
    pub chosen: Chosen,
    /// Room on a chip for weights and caches.
    pub room: Bytes,
    /// One rollout and its updates.
    pub cycle: Cycle,
    /// Chips held.
    pub chips: Chips,
    /// Where the assumed shares are from.
    pub sources: Sources,
}

impl Job {
    /// Looks a question up and answers it at the medians.
    ///
    /// # Errors
    /// As [`Asked::of`] and [`answer`]; a model that does not fit to write with.
    pub fn of(question: &Question, catalog: &Catalog) -> Result<Self, Error> {
        let asked = Asked::of(question, catalog)?;
        let chips = asked.spec.chips.as_ref().map_or(Chips::ZERO, |entry| entry.value);
        let first = answered(question, &asked, chips.get(), catalog)?;
        let setting = setting(&first)?;
        let room = setting.machine.memory * (1.0 - RESERVE.share.get()) - RESERVE.workspace;
        let rollout = at_medians(&asked, setting)?;
        let chosen = divide(&asked, &rollout, setting, room)?;
        let learned = if chosen.learning == chips.get() {
            first.clone()
        } else {
            answered(question, &asked, chosen.learning, catalog)?
        };
        let (setting, prediction) = predicted(&learned)?;
        let rollout = at_medians(&asked, setting)?;
        let held = learned.estimate.total.held;
        let training = rollout_of(held, goodput(&learned), &chosen, asked.medians()[0] / asked.per_rollout);
        let cycle = rollout.cycle(&chosen, room, training, &prediction.fit);
        let sources = catalog.rollout()?.sources;
        Ok(Self { learning: Box::new(learned), chosen, room, cycle, chips, sources, asked })
    }

    /// The model on its chips, and the step of the learning.
    ///
    /// # Errors
    /// Never after [`Job::of`].
    pub fn predicted(&self) -> Result<(&Setting, Prediction), Error> {
        predicted(&self.learning)
    }

    /// Updates of the policy.
    pub fn updates(&self) -> f64 {
        self.asked.medians()[0]
    }

    /// Responses in all.
    pub fn responses(&self) -> f64 {
        self.updates() * self.asked.responses()
    }

    /// Tokens of all responses.
    pub fn tokens_generated(&self) -> f64 {
        self.responses() * self.asked.medians()[1]
    }

    /// Tokens that are learned from, each question read with each of its responses.
    pub fn tokens_trained(&self) -> f64 {
        self.tokens_generated() + self.responses() * self.asked.medians()[2]
    }

    /// Engines that write.
    pub fn engines(&self) -> f64 {
        (self.chosen.writing / f64::from(self.chosen.engine.chips)).floor()
    }

    /// Responses that one engine has room for.
    pub fn batch_that_fits(&self) -> f64 {
        let rollout = self.predicted().ok().and_then(|(setting, _)| {
            at_medians(&self.asked, setting)
                .ok()
                .map(|rollout| rollout.batch(self.chosen.engine, self.chosen.writing, self.room).slots)
        });
        rollout.unwrap_or(0.0)
    }

    /// Chips that are at work: on shared chips, by writing or by learning.
    pub fn used(&self, prediction: &Prediction) -> f64 {
        let writing = self.engines() * f64::from(self.chosen.engine.chips);
        let learning = f64::from(prediction.used());
        if self.asked.asynchronous { writing + learning } else { writing.max(learning) }
    }

    /// What was taken because nobody said, in sentences.
    pub fn assumptions(&self) -> Vec<String> {
        let mut say = self.asked.assumed.clone();
        say.push(if self.asked.asynchronous {
            "written by weights that are one rollout old at the most; how that changes what is learned is not modelled".into()
        } else {
            "one after the other on the same chips: writing, scoring, learning; what is not at work waits in the host's memory".to_owned()
        });
        if self.predicted().is_ok_and(|(setting, _)| setting.model.shape.towers.each().next().is_some()) {
            say.push("towers work while the policy learns; writing and scoring are the language model's alone".into());
        }
        if self.asked.algorithm == Algorithm::Ppo {
            say.push(
                "the critic is as large as the policy, and learns as long; the two are not in memory at once".into(),
            );
        }
        if let Some(asked) = self.asked.share
            && let got = self.chosen.writing / self.chips.get()
            && (got - asked).abs() > 0.005 * asked
        {
            let [got, asked] = [got, asked].map(|share| show::percent_to(share, 3));
            say.push(format!("{got} of the chips write, where {asked} were asked for: nodes are not divided"));
        }
        say.push("learning is laid out for sequences as long as a token finds its response in the mean: the longest may take more memory".into());
        say.push("rewards are computed beside the rest: sandboxes and verifiers take no time of their own".into());
        say.extend(self.learning.assumptions.iter().cloned());
        say
    }

    /// Sources of what was assumed of the writing.
    pub fn assumed_sources(&self) -> impl Iterator<Item = &(String, Source)> {
        let given = |key: &str| match key {
            "prompt_tokens" => self.asked.spec.rl_prompt_tokens.is_some(),
            "length_spread" => self.asked.spec.rl_length_spread.is_some(),
            _ => false,
        };
        self.sources.0.iter().filter(move |(key, _)| !given(key))
    }

    /// Rollouts in all.
    pub fn rollouts(&self) -> f64 {
        self.asked.medians()[0] / self.asked.per_rollout
    }

    /// Chip-time held for the whole run.
    pub fn held(&self) -> ChipSeconds {
        self.chips * (self.cycle.total() * self.rollouts()) * (1.0 / self.goodput())
    }

    /// What it costs.
    pub fn cost(&self) -> Option<Usd> {
        self.learning.price.as_ref().map(|price| self.held() * price.value)
    }

    /// Share of the held time that computes.
    pub fn goodput(&self) -> f64 {
        goodput(&self.learning)
    }

    /// The shares of the chip-time of a cycle: writing, scoring, learning, handing on, and waiting.
    pub fn shares(&self) -> [f64; 5] {
        shares(&self.cycle, &self.chosen, self.chips)
    }
}

/// The shares of a cycle's chip-time.
pub fn shares(cycle: &Cycle, chosen: &Chosen, chips: Chips) -> [f64; 5] {
    let whole = (chips * cycle.total()).get();
    let (writing, learning) = (Chips::new(chosen.writing), Chips::new(chosen.learning));
    let of = [writing * cycle.generation, learning * cycle.scoring, learning * cycle.training, chips * cycle.sync];
    let [generation, scoring, training, sync] = of.map(|part| part.get() / whole);
    [generation, scoring, training, sync, (1.0 - generation - scoring - training - sync).max(0.0)]
}

/// The computing time of one rollout's updates.
pub fn rollout_of(held: ChipSeconds, goodput: f64, chosen: &Chosen, rollouts: f64) -> Seconds {
    held * goodput / Chips::new(chosen.learning) / rollouts
}

/// Share of the held time that computes.
pub fn goodput(learned: &Answer) -> f64 {
    learned.solved.knowns.get(Var::Goodput).unwrap_or(1.0) * left(learned)
}

/// Share of the held time that a market which takes chips away leaves.
pub fn left(learned: &Answer) -> f64 {
    learned.solved.knowns.get(Var::Left).unwrap_or(1.0)
}

fn at_medians<'a>(asked: &'a Asked, setting: &'a Setting) -> Result<Rollout<'a>, Error> {
    let none = || Error::bad_input("rl.response_tokens: the mean of a response lies below the longest");
    Rollout::at(asked, setting, asked.medians()).ok_or_else(none)
}

/// The learning on so many chips: its tokens are those of the medians.
fn answered(question: &Question, asked: &Asked, chips: f64, catalog: &Catalog) -> Result<Answer, Error> {
    let point = asked.medians();
    let [steps, response, prompt, spread, ..] = point;
    let most = Tokens::new(asked.most);
    let lengths = Lengths::of_mean(Tokens::new(response), spread, most);
    let none = || Error::bad_input("rl.response_tokens: the mean of a response lies below the longest");
    let lengths = lengths.ok_or_else(none)?;
    let sequence = (prompt + lengths.of_a_token()).round();
    let tokens = asked.responses() * (prompt + lengths.mean());
    answer(&learning(question, chips, [tokens * steps, sequence, tokens]), catalog)
}

fn setting(learned: &Answer) -> Result<&Setting, Error> {
    predicted(learned).map(|(setting, _)| setting)
}

fn predicted(learned: &Answer) -> Result<(&Setting, Prediction), Error> {
    let none = || Error::no_solution("the updates have no predicted step").with_hint("name a model of the catalog");
    learned.prediction().ok_or_else(none)
}
