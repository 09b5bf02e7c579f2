//! Several good answers to "the best model for this money", each with what limits it.

use crate::error::Error;
use crate::units::check::positive;
use crate::units::{Bytes, Chips, Flop, Fraction, Params, Tokens};

use super::further::{Start, continued, onward};
use super::moe::{Leverage, efficiency_leverage};
use super::{Affordable, Binding, Budget, InferenceWeights, Law, Plan, affordable, serve_work, train_work};

/// What else limits the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Tokens there are, repeats included; infinite without a limit.
    pub tokens: Tokens,
    /// Memory of a chip.
    pub memory: Bytes,
    /// Bytes that a parameter needs in training, sharded over all chips.
    pub bytes_per_param: f64,
    /// Part of the memory that may hold them.
    pub memory_share: Fraction,
    /// Tokens that the model will serve; zero if that does not count.
    pub served: Tokens,
    /// Price of a FLOP in inference over that in training.
    pub inference_price: f64,
}

/// An MoE (mixture of experts) to compare with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moe {
    /// Fitted factors.
    pub law: Leverage,
    /// Active over all parameters.
    pub activation: Fraction,
    /// Granularity of the experts.
    pub granularity: f64,
}

/// Why a plan is on the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// Least loss for the work.
    ComputeOptimal,
    /// So many tokens per parameter.
    Ratio(f64),
    /// Least training and inference together, at its loss; its training uses what the budget buys.
    WithInference,
    /// Least loss with the tokens there are.
    DataLimited,
    /// A model that is there already, trained on: tokens are those that are added.
    Continued,
    /// An MoE whose work counts as more dense work; parameters are the active ones.
    Moe(f64),
}

/// What binds a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The money.
    Money,
    /// Chips times days.
    Time,
    /// The tokens there are.
    Data,
    /// The memory of the chips.
    Memory,
}

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Answer {
    /// Why it is on the list.
    pub choice: Choice,
    /// Model, tokens, work, loss.
    pub plan: Plan,
    /// What it uses of the budget, from 0 to 1.
    pub used: f64,
    /// Work of training and of serving together.
    pub lifetime_work: Flop,
    /// What binds it.
    pub limit: Limit,
}

/// The largest model whose training state fits on the chips.
///
/// # Formula
/// `N = chips * memory * share / bytes_per_param`
/// # Source
/// 18 B a parameter: weights, gradients, master copy, Adam (stas00, ml-engineering); activations in the rest.
///
/// ```
/// use flopbill::internals::scaling::frontier::most_params;
/// use flopbill::internals::units::{Bytes, Chips, Fraction};
/// // by hand: 10 chips of 90 GB, 80 % of them, 18 B each
/// let most = most_params(Chips::new(10.0), Bytes::from_gb(90.0), Fraction::new(0.8), 18.0)?;
/// assert!((most.get() - 40e9).abs() < 1e-3);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn most_params(chips: Chips, memory: Bytes, share: Fraction, bytes_per_param: f64) -> Result<Params, Error> {
    positive("the bytes per parameter", bytes_per_param)?;
    positive(
        "the number of parameters that fit",
        Params::new(chips.get() * memory.get() * share.get() / bytes_per_param),
    )
}

/// The frontier for a budget: the optimum, some ratios, and what inference, data and MoE change.
///
/// # Errors
/// An invalid budget, law or limit.
pub fn frontier(
    budget: &Budget,
    law: &Law,
    limits: &Limits,
    ratios: &[f64],
    moe: Option<&Moe>,
) -> Result<(Affordable, Vec<Answer>), Error> {
    let bought = affordable(budget)?;
    let beside = Beside { ratios, moe, start: None };
    Ok((bought, models(&bought, budget.chips, law, limits, &beside)?))
}

/// What is looked at beside the least loss.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// Tokens per parameter.
    pub ratios: &'a [f64],
    /// An MoE.
    pub moe: Option<&'a Moe>,
    /// A model that is there already.
    pub start: Option<Start>,
}

/// The models that an amount of work trains on so many chips.
///
/// # Errors
/// An invalid law or limit; work that is none.
pub fn models(
    bought: &Affordable,
    chips: Chips,
    law: &Law,
    limits: &Limits,
    beside: &Beside<'_>,
) -> Result<Vec<Answer>, Error> {
    let most = most_params(chips, limits.memory, limits.memory_share, limits.bytes_per_param)?;
    let best = law.optimum(bought.work)?;
    let mut answers = vec![answer(Choice::ComputeOptimal, best, bought, limits, most)];
    for &ratio in beside.ratios {
        answers.push(answer(Choice::Ratio(ratio), law.at_ratio(bought.work, ratio)?, bought, limits, most));
    }
    if limits.served.get() > 0.0 {
        let weights = InferenceWeights { training: 1.0, inference: limits.inference_price };
        let plan = law.served_within(bought.work, limits.served, weights)?;
        answers.push(answer(Choice::WithInference, plan, bought, limits, most));
    }
    if best.tokens > limits.tokens {
        // All the data there is, in as large a model as the work allows.
        let params = Params::new(bought.work.get() / (6.0 * limits.tokens.get()));
        let loss = law.loss(params, limits.tokens);
        let plan = Plan { params, tokens: limits.tokens, work: train_work(params, limits.tokens), loss };
        answers.push(answer(Choice::DataLimited, plan, bought, limits, most));
    }
    if let Some(start) = beside.start {
        let plan = continued(law, start, bought.work)?;
        // No more than the data there is.
        let plan = if plan.tokens > limits.tokens { onward(law, start, limits.tokens) } else { plan };
        answers.push(answer(Choice::Continued, plan, bought, limits, most));
    }
    if let Some(moe) = beside.moe {
        let leverage = efficiency_leverage(&moe.law, moe.activation, moe.granularity, bought.work)?;
        // The dense model of the leveraged work has the loss; the MoE spends the real work.
        let dense = law.optimum(bought.work * leverage)?;
        let plan = Plan { work: bought.work, params: dense.params / leverage, ..dense };
        // Every expert has to be held; only the active ones work.
        let most = most * moe.activation.get();
        answers.push(answer(Choice::Moe(leverage), plan, bought, limits, most));
    }
    Ok(answers)
}

fn answer(choice: Choice, plan: Plan, bought: &Affordable, limits: &Limits, most: Params) -> Answer {
    let limit = match bought.binding {
        _ if plan.params > most => Limit::Memory,
        _ if plan.tokens >= limits.tokens => Limit::Data,
        Binding::Money => Limit::Money,
        Binding::Time => Limit::Time,
    };
    let lifetime_work = plan.work + serve_work(plan.params, limits.served);
    Answer { choice, plan, used: plan.work / bought.work, lifetime_work, limit }
}
