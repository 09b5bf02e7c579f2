//! Factors of a chip from measurements of its single operations: each operation settles one factor.

use crate::calibration::refit::unknown;
use crate::catalog::measurement::{Collective, Measurement, Operation, Work};
use crate::error::Error;
use crate::hardware::precision::Precision;
use crate::step::efficiency::{Calibration, Factors, NAMES};
use crate::step::machine::Machine;
use crate::step::operation;
use crate::units::{Bytes, Seconds};

/// Steps of the search for one factor: each leaves 62 % of the interval, a billionth of it in the end.
const STEPS: usize = 44;

/// The part of an interval that golden-section search keeps.
const KEPT: f64 = 0.618_033_988_749_894_9;

/// One factor before and after.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Settled {
    /// Its name.
    pub factor: &'static str,
    /// Operations that settle it.
    pub n: usize,
    /// Its value in the profile.
    pub old: f64,
    /// Its value now.
    pub new: f64,
    /// Mean absolute relative error of these operations under the old value.
    pub error_before: f64,
    /// Under the new one.
    pub error_after: f64,
    /// It lies within 2 % of a bound: the chip is not what its profile says, or the measurement is wrong.
    pub on_bound: bool,
}

/// The factor that an operation settles, by its name.
pub fn factor_of(work: &Work, machine: &Machine) -> &'static str {
    match work {
        Work::Gemm { precision, .. } if precision.operand_bytes() < 2.0 => "gemm_fp8",
        Work::Gemm { .. } => "gemm",
        Work::Copy { .. } => "memory",
        Work::Attention { backward: false, .. } => "attention_forward",
        Work::Attention { backward: true, .. } => "attention_backward",
        Work::Launch { .. } => "launch",
        Work::Collective { ranks, .. } if *ranks > f64::from(machine.domain) => "fabric",
        Work::Collective { .. } => "scale_up",
    }
}

/// What the step model says an operation takes.
pub fn predicted(work: &Work, machine: &Machine, f: &Factors) -> Seconds {
    match *work {
        Work::Gemm { m, n, k, precision } => {
            // Formats of 16 bits are alike.
            let precision = if precision.operand_bytes() < 2.0 { precision } else { Precision::Bf16 };
            operation::product(machine, f, precision, [m, n, k])
        }
        Work::Copy { bytes } => operation::copy(machine, f, Bytes::new(bytes)),
        Work::Attention { batch, heads, seq_len, head_dim, backward } => {
            operation::attention(machine, f, batch, heads, seq_len as u32, head_dim, backward)
        }
        Work::Launch { kernels } => operation::launches(f, kernels),
        Work::Collective { kind, bytes, ranks } => {
            let one = operation::gather(machine, f, Bytes::new(bytes), ranks);
            if kind == Collective::AllReduce { one * 2.0 } else { one }
        }
    }
}

/// Settles every factor that the measurement has operations for, or the named ones; in that order, as later factors
/// are fitted beside the new values of the earlier.
///
/// # Errors
/// An unknown factor, one without operations, or a chip without the format of one.
pub fn settle(
    measured: &Measurement,
    machine: &Machine,
    base: &Calibration,
    names: &[String],
) -> Result<(Factors, Vec<Settled>), Error> {
    for name in names {
        if !NAMES.contains(&name.as_str()) {
            return Err(unknown(name));
        }
    }
    let narrow = |work: &Work| matches!(work, Work::Gemm { precision, .. } if precision.operand_bytes() < 2.0);
    if machine.peak_8.get() <= 0.0 && measured.operations.iter().any(|operation| narrow(&operation.kind)) {
        return Err(Error::bad_input(format!("gemm: `{}` has no published 8-bit peak", measured.gpu))
            .with_hint("leave its 8-bit products out, or give the chip's profile the peak"));
    }
    let mut factors = base.factors;
    let mut settled = Vec::new();
    for (place, name) in NAMES.into_iter().enumerate() {
        let wanted = names.is_empty() || names.iter().any(|wanted| wanted == name);
        let mine: Vec<&Operation> =
            measured.operations.iter().filter(|operation| factor_of(&operation.kind, machine) == name).collect();
        if wanted && mine.is_empty() && !names.is_empty() {
            let has = evidence(measured, machine).join(", ");
            return Err(Error::bad_input(format!("the measurement has no operation that settles `{name}`"))
                .with_hint(format!("it settles: {has}")));
        }
        if wanted && !mine.is_empty() {
            settled.extend(one(&mine, machine, base, &mut factors, place));
        }
    }
    if settled.is_empty() {
        return Err(Error::bad_input("the measurement holds no operation")
            .with_hint("it has tables [[gemm]], [[copy]], [[attention]], [[launch]] or [[collective]]"));
    }
    Ok((factors, settled))
}

/// The factors a measurement has operations for.
fn evidence(measured: &Measurement, machine: &Machine) -> Vec<&'static str> {
    let has = |name: &&str| measured.operations.iter().any(|operation| factor_of(&operation.kind, machine) == *name);
    NAMES.into_iter().filter(has).collect()
}

/// Settles one factor within its bounds: the least sum of squared logarithms of predicted over measured.
fn one(
    mine: &[&Operation],
    machine: &Machine,
    base: &Calibration,
    factors: &mut Factors,
    place: usize,
) -> Option<Settled> {
    let (prior, old) = (base.priors.get(place)?, *base.factors.values().get(place)?);
    let with = |value: f64| {
        let mut values = factors.values();
        values.iter_mut().skip(place).take(1).for_each(|one| *one = value);
        Factors::from_values(&values)
    };
    let miss = |f: &Factors, operation: &Operation| predicted(&operation.kind, machine, f) / operation.seconds;
    let cost = |log: f64| -> f64 {
        let f = with(log.exp());
        mine.iter().map(|operation| miss(&f, operation).ln().powi(2)).sum()
    };
    let error = |f: &Factors| {
        mine.iter().map(|operation| (miss(f, operation) - 1.0).abs()).sum::<f64>() / mine.len().max(1) as f64
    };
    let new = golden(prior.low.ln(), prior.high.ln(), cost).exp();
    let settled = Settled {
        factor: NAMES.get(place)?,
        n: mine.len(),
        old,
        new,
        error_before: error(&with(old)),
        error_after: error(&with(new)),
        on_bound: new < prior.low * 1.02 || new > prior.high * 0.98,
    };
    *factors = with(new);
    Some(settled)
}

/// The place between two where a cost with one valley is least.
fn golden(mut low: f64, mut high: f64, cost: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..STEPS {
        let (a, b) = (high - KEPT * (high - low), low + KEPT * (high - low));
        if cost(a) <= cost(b) {
            high = b;
        } else {
            low = a;
        }
    }
    (low + high) / 2.0
}
