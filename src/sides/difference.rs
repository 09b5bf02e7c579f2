//! Two answers side by side: what moved, and which factor moved it.
//!
//! Hours, time and cost are products, so that the ratio of two answers is the product of the ratios of their
//! factors, exactly; in logarithms each factor has a share of the difference.
//!
//! `cost = 6 x parameters x tokens / (peak x MFU x goodput) x other phases x price`, `time = hours / chips`. Where chips are
//! idle, the MFU of all chips is that of the chips at work times their share.

use super::side::Side;
use super::steps::{Step, of_bill, of_product};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// GPU-hours.
    Hours,
    /// Wall-clock time.
    Time,
    /// What the hours cost.
    Cost,
    /// The total of the whole bill.
    Bill,
}

/// The targets, with their names.
pub const TARGETS: [(Target, &str); 4] =
    [(Target::Cost, "cost"), (Target::Bill, "whole bill"), (Target::Hours, "GPU-hours"), (Target::Time, "wall-clock")];

/// One factor of the ratio of two answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Factor {
    /// What it is.
    pub name: &'static str,
    /// Its value on the two sides, in the unit of its row; of a factor that is left over there is none.
    pub values: Option<(f64, f64)>,
    /// What it multiplies the target by, from the first side to the second.
    pub ratio: f64,
    /// Its part of the logarithm of the whole ratio; NaN where nothing moved.
    pub share: f64,
}

/// A target on two sides, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// What is compared.
    pub target: Target,
    /// The second over the first: the product of the factors' ratios.
    pub ratio: f64,
    /// The factors, the one that moved most first; those that stayed are left out.
    pub factors: Vec<Factor>,
    /// The second less the first, in steps that add up to it.
    pub steps: Vec<Step>,
}

/// Ratios nearer to one than this are rounding.
pub(super) const STILL: f64 = 1e-9;

/// Takes the ratio of two answers apart; `None` where either does not have the target.
///
/// ```
/// use flopbill::internals::ask::compare::{difference, Side, Target};
/// use flopbill::internals::answer::answer;
/// use flopbill::{Catalog, Question};
///
/// let catalog = Catalog::built_in();
/// let v3 = Question::about("deepseek-v3", &catalog)?;
/// let dearer = Side::of(&answer(&v3.clone().with("price.rent", "$3/h"), &catalog)?);
/// let found = difference(&Side::of(&answer(&v3, &catalog)?), &dearer, Target::Cost).unwrap();
/// assert!((found.ratio - 1.5).abs() < 1e-12); // by hand: $3 over $2
/// assert_eq!(found.factors.iter().map(|factor| factor.name).collect::<Vec<_>>(), ["price"]);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn difference(from: &Side, to: &Side, target: Target) -> Option<Difference> {
    let of = |side: &Side| match target {
        Target::Hours => side.result.gpu_hours,
        Target::Time => side.result.wall_clock_days,
        Target::Cost => side.result.cost_usd,
        Target::Bill => side.bill.as_ref().map(|bill| bill.total_usd),
    };
    let ends = [of(from)?, of(to)?];
    let ratio = ends[1] / ends[0];
    if !(ratio.is_finite() && ratio > 0.0) {
        return None;
    }
    let mut factors = hours(from, to, usize::from(target == Target::Time))?;
    match target {
        Target::Hours | Target::Bill => {}
        Target::Time => factors.push(factor("chips", from.result.chips?, to.result.chips?, -1)),
        Target::Cost => factors.push(factor("price", from.usd_per_gpu_hour?, to.usd_per_gpu_hour?, 1)),
    }
    // What the named factors leave, a bill that holds more than rent for one, is named as such.
    let left = ratio / factors.iter().map(|factor| factor.ratio).product::<f64>();
    factors.push(Factor { name: "everything else", values: None, ratio: left, share: f64::NAN });
    let steps = match (target, &from.bill, &to.bill) {
        (Target::Bill, Some(from), Some(to)) => of_bill(from, to),
        _ => of_product(target, ends, &factors),
    };
    factors.retain(|factor| (factor.ratio - 1.0).abs() > STILL);
    let whole = ratio.ln();
    for factor in &mut factors {
        factor.share = if whole.abs() > STILL { factor.ratio.ln() / whole } else { f64::NAN };
    }
    factors.sort_by(|a, b| b.ratio.ln().abs().total_cmp(&a.ratio.ln().abs()));
    Some(Difference { target, ratio, factors, steps })
}

/// The factors of the GPU-hours, or of the time on as many chips with `delivered` 1; where the two sides do not know the same ones, the hours themselves are one.
fn hours(from: &Side, to: &Side, delivered: usize) -> Option<Vec<Factor>> {
    let (before, after) = (from.result.gpu_hours?, to.result.gpu_hours?);
    let both = |value: fn(&Side) -> Option<f64>| Some((value(from)?, value(to)?));
    let peak = both(|side| side.peak_flop_per_second);
    let (Some(flop), Some(mfu), Some(goodput), Some(peak)) =
        (both(|side| side.flop), both(|side| side.result.mfu), both(|side| side.goodput), peak)
    else {
        return Some(vec![factor("GPU-hours", before, after, 1)]);
    };
    let mut factors = Vec::new();
    match both(|side| side.active_params).zip(both(|side| side.tokens)) {
        Some((params, tokens)) => {
            factors.push(factor("tokens", tokens.0, tokens.1, 1));
            factors.push(factor("active parameters", params.0, params.1, 1));
        }
        None => factors.push(factor("model FLOPs", flop.0, flop.1, 1)),
    }
    factors.push(factor("peak of the chip", peak.0, peak.1, -1));
    // Chips at work over chips held.
    let at_work = |side: &Side| Some(side.result.chips_used? / side.result.chips?).filter(|share| *share < 1.0);
    match (at_work(from), at_work(to)) {
        (None, None) => {
            factors.push(factor("MFU", mfu.0, mfu.1, -1));
            factors.push(factor("goodput", goodput.0, goodput.1, -1));
        }
        shares => {
            let (before, now) = (shares.0.unwrap_or(1.0), shares.1.unwrap_or(1.0));
            factors.push(factor("MFU of the chips at work", mfu.0 / before, mfu.1 / now, -1));
            factors.push(factor("goodput", goodput.0, goodput.1, -1));
            factors.push(factor("chips at work", before, now, -1));
        }
    }
    // What chips that come in parts make of the hours of all at the start, or of their time.
    let of_deliveries =
        |side: &Side, at: usize| side.delivered.map_or(1.0, |ratios| ratios.get(at).map_or(1.0, |it| *it));
    let own = |side: &Side, hours: f64| hours / of_deliveries(side, 0);
    let left = own(to, after) / own(from, before) / factors.iter().map(|factor| factor.ratio).product::<f64>();
    factors.push(factor("deliveries", of_deliveries(from, delivered), of_deliveries(to, delivered), 1));
    factors.push(Factor { name: "other phases", values: None, ratio: left, share: f64::NAN });
    Some(factors)
}

fn factor(name: &'static str, from: f64, to: f64, power: i32) -> Factor {
    Factor { name, values: Some((from, to)), ratio: (to / from).powi(power), share: f64::NAN }
}
