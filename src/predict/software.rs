//! What the software makes of a step: one effect that all its steps share, and what settings differ by beyond it. A
//! measured step settles the effect.

/// Time of a step over that of the software the factors were fitted to, in logarithm: `effect + row`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Software {
    /// The median of the factor.
    pub median: f64,
    /// What all steps of this software on this cluster share: its standard deviation, in logarithm.
    pub effect: f64,
    /// What one setting differs by from another beyond it.
    pub row: f64,
}

/// A measured step of the same software.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Measured over predicted at the median, in logarithm.
    pub log_ratio: f64,
    /// The standard deviation of what the row does not share with the question, the row's own apart.
    pub apart: f64,
}

/// Measured settings that have the same apart from the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shared {
    /// The mean of measured over predicted at the median, in logarithm.
    pub log_ratio: f64,
    /// The standard deviation of that mean, over rows.
    pub row: f64,
    /// The standard deviation of what they do not share with the question.
    pub apart: f64,
}

impl Software {
    /// The whole spread of a step: the standard deviation of its logarithm.
    ///
    /// # Formula
    /// `sqrt(effect^2 + row^2)`
    /// # Source
    /// Independent normal effects.
    pub fn spread(&self) -> f64 {
        self.effect.hypot(self.row)
    }

    /// The share of a surprise that one measured step settles.
    ///
    /// # Formula
    /// `k = effect^2 / (effect^2 + row^2)`
    /// # Source
    /// The conjugate normal update (Gelman et al., Bayesian Data Analysis, section 2.5).
    pub fn settled_by_one(&self) -> f64 {
        if self.effect == 0.0 { 0.0 } else { self.effect.powi(2) / self.spread().powi(2) }
    }

    /// The same after measured steps, each of a setting of its own.
    ///
    /// # Formula
    /// precisions add: `1/v' = 1/effect^2 + sum 1/(row^2 + apart^2)`, the mean moves by `v' sum y / (row^2 + apart^2)`
    /// # Source
    /// The conjugate normal update (Gelman et al., Bayesian Data Analysis, section 2.5).
    #[must_use]
    pub fn after(&self, steps: &[Observation]) -> Self {
        let one = |step: &Observation| Shared { log_ratio: step.log_ratio, row: self.row, apart: step.apart };
        self.after_shared(&steps.iter().map(one).collect::<Vec<_>>())
    }

    /// The same after groups of settings, each group by its mean.
    ///
    /// # Formula
    /// as [`Software::after`], a group of n rows with `row^2 / n` in place of `row^2`: its mean holds all it tells
    /// # Source
    /// As [`Software::after`].
    #[must_use]
    pub fn after_shared(&self, groups: &[Shared]) -> Self {
        if self.effect == 0.0 {
            return *self;
        }
        let (mut precision, mut pull) = (self.effect.powi(-2), 0.0);
        for group in groups {
            // What is not shared is part of both effects, and tells nothing of the other.
            let shared = self.effect.powi(2) - group.apart.powi(2);
            let noise = self.effect.powi(2) * (group.row.powi(2) + group.apart.powi(2)) / shared.max(0.0);
            let weight = 1.0 / noise.max(1e-12);
            precision += weight;
            pull += weight * group.log_ratio;
        }
        Self { median: self.median * (pull / precision).exp(), effect: precision.recip().sqrt(), row: self.row }
    }

    /// The same of one setting alone: what it differs by from others is part of its effect, and its steps differ among
    /// themselves by less.
    ///
    /// # Formula
    /// `effect' = sqrt(effect^2 + row^2 - repeat^2)`, `row' = repeat`
    /// # Source
    /// Independent normal effects.
    #[must_use]
    pub fn of_one_setting(&self, repeat: f64) -> Self {
        let effect = (self.spread().powi(2) - repeat.powi(2)).max(0.0).sqrt();
        Self { effect, row: repeat, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_moves_the_answer_by_its_share_of_the_surprise() {
        let before = Software { median: 1.2, effect: 0.2, row: 0.1 };
        let k = before.settled_by_one();
        assert!((k - 0.8).abs() < 1e-12);
        let after = before.after(&[Observation { log_ratio: 1.3f64.ln(), apart: 0.0 }]);
        assert!((after.median / before.median - 1.3f64.powf(k)).abs() < 1e-12);
        assert!((after.effect / before.effect - (1.0 - k).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn two_steps_by_hand() {
        // precisions 25 + 100 + 37.5: the second row is 0.1 apart, so that 0.04 (0.01 + 0.01) / (0.04 - 0.01) is its noise
        let before = Software { median: 1.0, effect: 0.2, row: 0.1 };
        let steps = [Observation { log_ratio: 0.1, apart: 0.0 }, Observation { log_ratio: 0.4, apart: 0.1 }];
        let after = before.after(&steps);
        assert!((after.median.ln() - (10.0 + 15.0) / 162.5).abs() < 1e-12);
        assert!((after.effect.powi(-2) - 162.5).abs() < 1e-9);
    }
}
