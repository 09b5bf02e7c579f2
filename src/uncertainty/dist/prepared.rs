//! Distributions made ready for many draws.

use super::shape::{Shape, empirical_quantile};
use super::{Dist, NEAREST, QuantileTable};

/// A quantile function in the form that is fastest to call often.
///
/// Closed forms are kept; beta, PERT, gamma, normal and lognormal, cut or not, become a [`QuantileTable`].
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    form: Form,
}

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Point(f64),
    Uniform {
        low: f64,
        width: f64,
    },
    Triangular {
        low: f64,
        high: f64,
        rise: f64,
    },
    Table(QuantileTable),
    Empirical(Vec<f64>),
    /// Values in rising order, each with the probability at or below it.
    Steps(Vec<(f64, f64)>),
    /// The finite share, and what comes within it.
    Never {
        finite: f64,
        inner: Box<Prepared>,
    },
    Exact(Dist),
}

impl Prepared {
    pub(super) fn new(dist: &Dist) -> Self {
        let form = match &dist.shape {
            Shape::Point(value) => Form::Point(*value),
            Shape::Uniform { low, high } => Form::Uniform { low: *low, width: high - low },
            Shape::Triangular { low, mode, high } => {
                Form::Triangular { low: *low, high: *high, rise: (mode - low) / (high - low) }
            }
            Shape::Empirical(values) => Form::Empirical(values.clone()),
            Shape::Mixture { parts, never } if *never > 0.0 => {
                Form::Never { finite: 1.0 - never, inner: Box::new(finite_part(parts, *never).prepare()) }
            }
            Shape::Mixture { parts, .. } => steps(parts).map_or_else(|| table_or_exact(dist), Form::Steps),
            _ => table_or_exact(dist),
        };
        Self { form }
    }

    /// The quantile at `u`.
    pub fn quantile(&self, u: f64) -> f64 {
        let mut one = [u];
        self.transform(&mut one);
        let [value] = one;
        value
    }

    /// Turns uniform numbers between 0 and 1 into draws, in place.
    pub fn transform(&self, uniforms: &mut [f64]) {
        self.visit(InPlace(uniforms));
    }

    /// Writes the draws of uniform numbers into one column of rows of this length.
    pub(crate) fn transform_into(&self, uniforms: &[f64], rows: &mut [f64], length: usize, column: usize) {
        if column < length {
            self.visit(IntoRows { uniforms, rows, length, column });
        }
    }

    /// Hands over the quantile function in its own type, so that the visitor's loop is compiled for each.
    fn visit(&self, visitor: impl Visitor) {
        match &self.form {
            Form::Point(value) => visitor.with(|_| *value),
            Form::Uniform { low, width } => visitor.with(|u| low + width * held(u)),
            Form::Triangular { low, high, rise } => visitor.with(|u| {
                let u = held(u);
                let rising = u < *rise;
                let root = if rising { u * rise } else { (1.0 - u) * (1.0 - rise) }.sqrt() * (high - low);
                if rising { low + root } else { high - root }
            }),
            Form::Table(table) => visitor.with(|u| table.at(u)),
            Form::Empirical(values) => visitor.with(|u| empirical_quantile(values, held(u))),
            Form::Steps(steps) => visitor.with(|u| {
                let first = steps.partition_point(|(_, below)| *below < held(u));
                steps.get(first).or(steps.last()).map_or(f64::NAN, |(value, _)| *value)
            }),
            Form::Never { finite, inner } => {
                visitor.with(|u| if u >= *finite { f64::INFINITY } else { inner.quantile(u / finite) });
            }
            Form::Exact(dist) => visitor.with(|u| dist.quantile(u)),
        }
    }
}

/// What is done with a quantile function.
trait Visitor {
    fn with(self, quantile: impl Fn(f64) -> f64);
}

struct InPlace<'a>(&'a mut [f64]);

impl Visitor for InPlace<'_> {
    #[inline]
    fn with(self, quantile: impl Fn(f64) -> f64) {
        for u in self.0 {
            *u = quantile(*u);
        }
    }
}

struct IntoRows<'a> {
    uniforms: &'a [f64],
    rows: &'a mut [f64],
    length: usize,
    column: usize,
}

impl Visitor for IntoRows<'_> {
    #[inline]
    fn with(self, quantile: impl Fn(f64) -> f64) {
        let places = self.rows.iter_mut().skip(self.column).step_by(self.length);
        for (place, u) in places.zip(self.uniforms) {
            *place = quantile(*u);
        }
    }
}

/// The probability, inside (0, 1).
#[inline]
fn held(u: f64) -> f64 {
    u.clamp(NEAREST, 1.0 - NEAREST)
}

fn table_or_exact(dist: &Dist) -> Form {
    QuantileTable::new(dist).map_or_else(|| Form::Exact(dist.clone()), Form::Table)
}

/// The steps of a mixture of points; none of another one.
fn steps(parts: &[(f64, Dist)]) -> Option<Vec<(f64, f64)>> {
    let point = |(weight, part): &(f64, Dist)| match part.shape {
        Shape::Point(value) => Some((value, *weight)),
        _ => None,
    };
    let mut found: Vec<(f64, f64)> = parts.iter().map(point).collect::<Option<_>>()?;
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    for (_, weight) in &mut found {
        below += *weight;
        *weight = below;
    }
    Some(found)
}

/// A mixture without its never, its shares made whole again.
fn finite_part(parts: &[(f64, Dist)], never: f64) -> Dist {
    match parts {
        [(_, only)] => only.clone(),
        _ => {
            let parts = parts.iter().map(|(weight, part)| (weight / (1.0 - never), part.clone())).collect();
            Dist { shape: Shape::Mixture { parts, never: 0.0 } }
        }
    }
}
