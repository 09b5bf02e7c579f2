//! What stands beside training from scratch: training an existing model on, reinforcement learning, serving.

use super::{Law, Plan, train_work};
use crate::error::Error;
use crate::units::check::{positive, share};
use crate::units::{Flop, Fraction, Params, Tokens};

/// A model that is there already.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// Parameters at work for one token.
    pub params: Params,
    /// Tokens that it has seen.
    pub seen: Tokens,
}

/// The model that is trained on with an amount of work: the tokens are those that are added.
///
/// # Formula
/// `D = C / (6 N)`, `L = E + A / N^alpha + B / (D_0 + D)^beta`
/// # Source
/// Hoffmann et al. 2022, arXiv:2203.15556, equation 2, with the tokens seen before counted in. That they count in full is an
/// assumption: Ibrahim et al. 2024, arXiv:2403.08763, reach the loss of training from scratch on all data where the learning rate is
/// warmed again and old data is replayed, at 405M and 10B parameters. Data of another kind, and forgetting, are not in it.
///
/// ```
/// use flopbill::internals::scaling::Law;
/// use flopbill::internals::scaling::further::{Start, continued};
/// use flopbill::internals::units::{Flop, Params, Tokens};
/// let law = Law { a: 100.0, b: 100.0, e: 1.0, alpha: 0.5, beta: 0.5 };
/// let start = Start { params: Params::new(1e4), seen: Tokens::new(3e4) };
/// // By hand: 6e8 FLOPs are 10,000 tokens; 1 + 100 / 100 + 100 / sqrt(40,000) = 2.5.
/// let found = continued(&law, start, Flop::new(6e8))?;
/// assert!((found.tokens.get() - 1e4).abs() < 1e-6 && (found.loss - 2.5).abs() < 1e-12);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn continued(law: &Law, start: Start, work: Flop) -> Result<Plan, Error> {
    law.check()?;
    positive("the number of parameters", start.params)?;
    positive("the tokens seen", start.seen)?;
    let tokens = Tokens::new(positive("the training work", work)?.get() / (6.0 * start.params.get()));
    Ok(onward(law, start, tokens))
}

/// The same after so many tokens more.
pub(super) fn onward(law: &Law, start: Start, tokens: Tokens) -> Plan {
    let loss = law.loss(start.params, Tokens::new(start.seen.get() + tokens.get()));
    Plan { params: start.params, tokens, work: train_work(start.params, tokens), loss }
}

/// Work that is left for pre-training where a share of the chips' time goes to reinforcement learning.
///
/// # Formula
/// `C_pre = C (1 - s)`
/// # Source
/// Definition. Published: DeepSeek-R1's 147,000 H800-hours (arXiv:2501.12948, table 7) beside V3's 2.788M (arXiv:2412.19437, table 1)
/// are a share of 5.0 %.
///
/// ```
/// use flopbill::internals::scaling::further::pretraining;
/// use flopbill::internals::units::{Flop, Fraction};
/// assert_eq!(pretraining(Flop::new(8e24), Fraction::new(0.25))?.get(), 6e24); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn pretraining(work: Flop, rl: Fraction) -> Result<Flop, Error> {
    share("the share of reinforcement learning", rl)?;
    positive("the work that is left for pre-training", work * (1.0 - rl.get()))
}

/// Price of a FLOP in serving over that in training, on the same chips at the same rent.
///
/// # Formula
/// `w = MFU_train * goodput / MFU_serve`
/// # Source
/// Sardana et al. 2024, arXiv:2401.00448, section 4: cost is FLOPs over what a chip reaches of its peak, in training and in
/// inference.
///
/// ```
/// use flopbill::internals::scaling::further::serving_price;
/// use flopbill::internals::units::Fraction;
/// // By hand: 40 % of the peak for 90 % of the time, against 12 % of it: three times.
/// let price = serving_price(Fraction::new(0.4), Fraction::new(0.9), Fraction::new(0.12))?;
/// assert!((price - 3.0).abs() < 1e-12);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn serving_price(training: Fraction, goodput: Fraction, serving: Fraction) -> Result<f64, Error> {
    positive("the MFU of serving", share("the MFU of serving", serving)?)?;
    positive("the price of a FLOP in inference", training.get() * goodput.get() / serving.get())
}
