//! The best model that a budget buys: scaling laws, and what inference changes.
//!
//! The losses are those of each law's own data and tokenizer: they rank models against each other and
//! do not predict a measured loss.

pub use crate::catalog::scaling::{Law, PowerLaw};
use crate::error::Error;
pub use crate::model::flops::train_work;
use crate::units::check::{positive, share};
use crate::units::{ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Params, Price, Seconds, Tokens, Usd};

pub mod frontier;
pub mod further;
pub mod moe;
pub mod pareto;

/// A model, the tokens it sees, and what the law says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Parameters.
    pub params: Params,
    /// Training tokens.
    pub tokens: Tokens,
    /// Training work.
    pub work: Flop,
    /// Loss, in the law's own units.
    pub loss: f64,
}

impl Law {
    /// Refuses parameters that give no optimum.
    pub fn check(&self) -> Result<(), Error> {
        positive("the law's A", self.a)?;
        positive("the law's B", self.b)?;
        positive("the law's E", self.e)?;
        positive("the law's alpha", self.alpha)?;
        positive("the law's beta", self.beta).map(drop)
    }

    /// Loss of a model after some tokens.
    ///
    /// # Formula
    /// `L = E + A / N^alpha + B / D^beta`
    /// # Source
    /// Hoffmann et al. 2022, arXiv:2203.15556, equation 2.
    pub fn loss(&self, params: Params, tokens: Tokens) -> f64 {
        self.e + self.a / params.get().powf(self.alpha) + self.b / tokens.get().powf(self.beta)
    }

    /// The model and tokens with the least loss for an amount of work.
    ///
    /// # Formula
    /// `N = G (C/6)^(beta/(alpha+beta))`, `D = (C/6) / N`, `G = (alpha A / (beta B))^(1/(alpha+beta))`
    /// # Source
    /// Hoffmann et al. 2022, arXiv:2203.15556, equation 4; `C = 6 N D`.
    pub fn optimum(&self, work: Flop) -> Result<Plan, Error> {
        self.check()?;
        let tokens_times_params = positive("the training work", work)?.get() / 6.0;
        let sum = self.alpha + self.beta;
        let g = (self.alpha * self.a / (self.beta * self.b)).powf(1.0 / sum);
        let params = Params::new(g * tokens_times_params.powf(self.beta / sum));
        self.plan(params, Tokens::new(tokens_times_params / params.get()))
    }

    /// A model trained on some tokens per parameter.
    ///
    /// # Formula
    /// `N = sqrt(C / (6 r))`, `D = r N`
    /// # Source
    /// `C = 6 N D` with a given ratio.
    pub fn at_ratio(&self, work: Flop, tokens_per_param: f64) -> Result<Plan, Error> {
        positive("the training work", work)?;
        positive("the tokens per parameter", tokens_per_param)?;
        let params = Params::new((work.get() / (6.0 * tokens_per_param)).sqrt());
        self.plan(params, Tokens::new(params.get() * tokens_per_param))
    }

    /// Tokens after which a model reaches a loss; `None` if it is too small to reach it.
    ///
    /// # Formula
    /// `D = (B / (L - E - A / N^alpha))^(1/beta)`
    /// # Source
    /// The law, solved for D.
    pub fn tokens_to(&self, loss: f64, params: Params) -> Option<Tokens> {
        let left = loss - self.e - self.a / params.get().powf(self.alpha);
        (left > 0.0).then(|| Tokens::new((self.b / left).powf(1.0 / self.beta)))
    }

    /// The model of a loss for which training and inference together are cheapest.
    ///
    /// # Formula
    /// `min over N of w_t 6 N D(N) + w_i 2 N D_inf`, w the price of a FLOP in training and in inference
    /// # Source
    /// Sardana et al. 2024, arXiv:2401.00448; golden-section search on `ln N`.
    pub fn with_inference(&self, loss: f64, served: Tokens, weights: InferenceWeights) -> Result<Plan, Error> {
        self.check()?;
        positive("the price of a FLOP in training", weights.training)?;
        positive("the price of a FLOP in inference", weights.inference)?;
        let above = positive("the loss above the law's floor", loss - self.e)
            .map_err(|error| error.with_hint(format!("this law never goes below {}", self.e)))?;
        let least = (self.a / above).ln() / self.alpha;
        let cost = |ln_params: f64| {
            let params = Params::new(ln_params.exp());
            self.tokens_to(loss, params).map_or(f64::INFINITY, |tokens| {
                weights.training * train_work(params, tokens).get()
                    + weights.inference * serve_work(params, served).get()
            })
        };
        let params = Params::new(golden_section(cost, least, least + 12.0).exp());
        match self.tokens_to(loss, params) {
            Some(tokens) => self.plan(params, tokens),
            None => Err(Error::no_solution(format!("no model reaches a loss of {loss} under this law"))),
        }
    }

    /// The model that is cheapest to train and serve among those whose training takes this work.
    ///
    /// # Formula
    /// the loss `L` at which [`Law::with_inference`] trains with work `C`: it falls as `L` rises; bisection
    /// # Source
    /// Sardana et al. 2024, arXiv:2401.00448, at a fixed training budget.
    pub fn served_within(&self, work: Flop, served: Tokens, weights: InferenceWeights) -> Result<Plan, Error> {
        let gap = self.optimum(work)?.loss - self.e;
        let at = |above: f64| self.with_inference(self.e + above, served, weights);
        let (mut low, mut high) = (gap, 2.0 * gap);
        while at(high)?.work > work {
            high *= 2.0;
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            (low, high) = if at(middle)?.work > work { (middle, high) } else { (low, middle) };
        }
        at(high)
    }

    /// A plan from its two sizes.
    fn plan(&self, params: Params, tokens: Tokens) -> Result<Plan, Error> {
        positive("the number of parameters", params)?;
        positive("the number of tokens", tokens)?;
        Ok(Plan { params, tokens, work: train_work(params, tokens), loss: self.loss(params, tokens) })
    }
}

impl PowerLaw {
    /// The value at another amount of work.
    ///
    /// # Formula
    /// `v (C / C0)^k`
    /// # Source
    /// DeepSeek LLM (arXiv:2401.02954) and Llama 3 (arXiv:2407.21783) print such laws.
    pub fn at(&self, work: Flop) -> f64 {
        self.value * (work / self.work).powf(self.exponent)
    }
}

/// What a FLOP costs in training and in inference: the MFU of each differs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InferenceWeights {
    /// Price of a FLOP in training.
    pub training: f64,
    /// Price of a FLOP in inference.
    pub inference: f64,
}

/// Work to serve tokens.
///
/// # Formula
/// `2 N D`
/// # Source
/// Sardana et al. 2024, arXiv:2401.00448.
///
/// ```
/// use flopbill::internals::scaling::serve_work;
/// use flopbill::internals::units::{Params, Tokens};
/// assert_eq!(serve_work(Params::new(2.0), Tokens::new(5.0)).get(), 20.0); // by hand
/// ```
pub fn serve_work(params: Params, tokens: Tokens) -> Flop {
    Flop::new(2.0 * params.get() * tokens.get())
}

/// What limits a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// The money.
    Money,
    /// Chips times days.
    Time,
}

/// What there is to train with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Money.
    pub money: Usd,
    /// Price of a chip-hour.
    pub price: Price,
    /// Chips.
    pub chips: Chips,
    /// Time until it must be done.
    pub time: Seconds,
    /// Dense peak of a chip.
    pub peak: FlopPerSecond,
    /// Share of the peak that is reached.
    pub mfu: Fraction,
    /// Share of the wall-clock that trains.
    pub goodput: Fraction,
    /// Compute of the whole programme over that of the final run; 1 for the final run alone.
    pub programme: f64,
}

/// What a budget buys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affordable {
    /// Work of the final run.
    pub work: Flop,
    /// Chip-time held, for the whole programme.
    pub held: ChipSeconds,
    /// Money spent.
    pub spent: Usd,
    /// Wall-clock on all the chips.
    pub wall: Seconds,
    /// What limits it.
    pub binding: Binding,
}

/// The work that a budget buys.
///
/// # Formula
/// `C = min(money / price, chips * time) * peak * MFU * goodput / programme`
/// # Source
/// Definitions of MFU and goodput.
pub fn affordable(budget: &Budget) -> Result<Affordable, Error> {
    positive("the budget", budget.money)?;
    positive("the price of a GPU-hour", budget.price)?;
    positive("the number of chips", budget.chips)?;
    positive("the time", budget.time)?;
    positive("the peak of a chip", budget.peak)?;
    positive("the MFU", share("the MFU", budget.mfu)?)?;
    positive("the goodput", share("the goodput", budget.goodput)?)?;
    if !(budget.programme.is_finite() && budget.programme >= 1.0) {
        return Err(Error::bad_input(format!(
            "the programme contains the final run: at least 1 times it, got {}",
            budget.programme
        )));
    }
    let (bought, available) = (budget.money / budget.price, budget.chips * budget.time);
    let (held, binding) = if bought <= available { (bought, Binding::Money) } else { (available, Binding::Time) };
    let useful = held * budget.goodput.get() * budget.mfu.get() / budget.programme;
    Ok(Affordable { work: useful * budget.peak, held, spent: held * budget.price, wall: held / budget.chips, binding })
}

/// The place of the least value of a function with one valley.
fn golden_section(value: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let shrink = (5f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (low, high);
    let (mut left, mut right) = (high - shrink * (high - low), low + shrink * (high - low));
    let (mut at_left, mut at_right) = (value(left), value(right));
    for _ in 0..120 {
        if at_left < at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - shrink * (high - low);
            at_left = value(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + shrink * (high - low);
            at_right = value(right);
        }
    }
    0.5 * (low + high)
}
