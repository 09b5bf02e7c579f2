//! The difference of two answers in steps that add up to it.
//!
//! From the first side to the second one factor after the other takes its new value, always in the same order: work (tokens,
//! parameters), chip, speed (MFU), goodput, chips at work, other phases, then the price or the number of chips. Each step is what
//! the product moved by, so that the steps of a product add up whatever the order is; what a factor is charged with does depend
//! on it. A bill is a sum: each of its lines is a step.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::difference::{Factor, STILL, Target};
use super::side::BilledSide;
use crate::reply::Ordered;

/// One step from the first side towards the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What changes: a factor, or a line of the bill.
    pub name: String,
    /// The target before the step: dollars, GPU-hours or days.
    pub from: f64,
    /// The target after it.
    pub to: f64,
    /// The value of the factor, or the amount of the line, on the two sides; `None` of one that is not known.
    pub values: [Option<f64>; 2],
    /// What is compared.
    pub target: Target,
}

impl Step {
    /// What it adds to the target.
    pub fn change(&self) -> f64 {
        self.to - self.from
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [from, to, change] = match self.target {
            Target::Cost | Target::Bill => ["from_usd", "to_usd", "usd"],
            Target::Hours => ["from_gpu_hours", "to_gpu_hours", "gpu_hours"],
            Target::Time => ["from_days", "to_days", "days"],
        };
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry(from, &self.from)?;
        map.serialize_entry(to, &self.to)?;
        map.serialize_entry(change, &self.change())?;
        map.end()
    }
}

/// The steps of a product, in the order of its factors; those that stay are left out.
pub(super) fn of_product(target: Target, [first, last]: [f64; 2], factors: &[Factor]) -> Vec<Step> {
    let moved: Vec<&Factor> = factors.iter().filter(|factor| (factor.ratio - 1.0).abs() > STILL).collect();
    let (mut steps, mut at) = (Vec::new(), first);
    for (place, factor) in moved.iter().enumerate() {
        // The last takes what rounding leaves.
        let to = if place + 1 == moved.len() { last } else { at * factor.ratio };
        let values = [factor.values.map(|(from, _)| from), factor.values.map(|(_, to)| to)];
        steps.push(Step { name: factor.name.to_owned(), from: at, to, values, target });
        at = to;
    }
    steps
}

/// The steps of a bill: its lines in the order of the first, then those that the second alone has.
pub(super) fn of_bill(from: &BilledSide, to: &BilledSide) -> Vec<Step> {
    let amount = |lines: &Ordered<Option<f64>>, name: &str| lines.get(name).copied().flatten();
    let own = from.lines.0.iter().map(|(name, _)| name);
    let others = to.lines.0.iter().map(|(name, _)| name).filter(|name| from.lines.get(name).is_none());
    let (mut steps, mut at) = (Vec::new(), from.total_usd);
    for name in own.chain(others) {
        let values = [amount(&from.lines, name), amount(&to.lines, name)];
        let [before, after] = values.map(|amount| amount.unwrap_or(0.0)); // not in the total
        if before != after {
            steps.push(Step { name: name.clone(), from: at, to: at + (after - before), values, target: Target::Bill });
            at += after - before;
        }
    }
    steps.iter_mut().last().into_iter().for_each(|last| last.to = to.total_usd); // what rounding leaves
    steps
}
