//! Numbers against rules: total processing performance, performance density, dated thresholds.
//!
//! This states arithmetic against the text of a rule, with its date and source. It is not legal advice.
//! The rules are data, in `profiles/rules/`.

pub mod outcome;
pub mod rule;

use crate::error::Error;
use crate::hardware::accelerator::{Accelerator, Peaks};
use crate::units::check::{not_negative, positive, share};
use crate::units::{BytesPerSecond, ChipSeconds, Chips, Flop, FlopPerSecond, Fraction, Price, SquareMm, Usd};

/// What a rule can measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Total processing performance.
    Tpp,
    /// TPP per mm2 of logic die.
    PerformanceDensity,
    /// All links of the chip but memory, both directions, in GB/s.
    IoBidirectional,
    /// Bandwidth of the memory, in GB/s.
    DramBandwidth,
    /// Memory and I/O together, in GB/s.
    DramPlusIo,
    /// Bandwidth of a loose memory stack per area, in GB/s/mm2.
    HbmDensity,
    /// Cumulative training work, in FLOP.
    TrainingFlop,
    /// Training cost, in US dollars.
    TrainingCost,
    /// Yearly revenue of the developer, in US dollars.
    DeveloperRevenue,
    /// Work of a modification over that of the original.
    ModificationShare,
    /// Peak of a cluster, in operations per second.
    ClusterPeak,
    /// Network of a cluster, in Gbit/s.
    ClusterNetwork,
}

/// The metrics and how a rule file names them.
pub const METRICS: [(&str, Metric); 12] = [
    ("tpp", Metric::Tpp),
    ("performance_density", Metric::PerformanceDensity),
    ("io_bidirectional_gb_s", Metric::IoBidirectional),
    ("dram_bandwidth_gb_s", Metric::DramBandwidth),
    ("dram_plus_io_gb_s", Metric::DramPlusIo),
    ("hbm_bandwidth_density_gb_s_mm2", Metric::HbmDensity),
    ("training_flop", Metric::TrainingFlop),
    ("training_cost_usd", Metric::TrainingCost),
    ("developer_revenue_usd", Metric::DeveloperRevenue),
    ("modification_share", Metric::ModificationShare),
    ("cluster_op_per_s", Metric::ClusterPeak),
    ("cluster_network_gbit_s", Metric::ClusterNetwork),
];

impl Metric {
    /// How a rule file names it.
    pub fn name(self) -> &'static str {
        METRICS.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// What is known about a chip, a run or a cluster; an unpublished metric is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Facts {
    known: [Option<f64>; METRICS.len()],
}

impl Facts {
    /// The same facts and one more.
    #[must_use]
    pub fn with(mut self, metric: Metric, value: Option<f64>) -> Self {
        if let Some(slot) = self.known.get_mut(metric as usize) {
            *slot = value.filter(|value| value.is_finite());
        }
        self
    }

    /// A value, if it is known.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        self.known.get(metric as usize).copied().flatten()
    }
}

/// Total processing performance: the largest product of dense rate and operand width.
///
/// # Formula
/// `TPP = max over formats of (dense TOP/s * bits)`; a multiply-accumulate counts as two operations
/// # Source
/// ECCN 3A090, technical note 1 to 3 (88 FR 73458): `2 * MacTOPS * bit length`, dense, aggregated over the
/// circuit. TF32 is left out, as in published tables: its 19 bits bind on no chip where it runs at half of the 16-bit rate.
/// AWS prints the 16-bit rate for it too; with the 32 bits it is stored in, Trainium2 would have 21,344 and not 10,672.
///
/// ```
/// use flopbill::internals::hardware::accelerator::Peaks;
/// use flopbill::internals::policy::tpp;
/// use flopbill::internals::units::FlopPerSecond;
/// // BIS's worked example: 600 TOPS at 8 bits or 300 TFLOPS at 16 bits are 4800
/// let rate = |tera| Some(FlopPerSecond::from_tflops(tera));
/// assert_eq!(tpp(&Peaks { int8: rate(600.0), bf16: rate(300.0), ..Peaks::default() }), Some(4800.0));
/// ```
pub fn tpp(peaks: &Peaks) -> Option<f64> {
    let rates = [
        (peaks.fp64, 64.0),
        (peaks.fp64_tensor, 64.0),
        (peaks.fp32, 32.0),
        (peaks.bf16, 16.0),
        (peaks.fp16, 16.0),
        (peaks.fp8, 8.0),
        (peaks.int8, 8.0),
        (peaks.fp4, 4.0),
    ];
    rates.iter().filter_map(|(rate, bits)| rate.map(|rate| rate.tflops() * bits)).reduce(f64::max)
}

/// Performance density.
///
/// # Formula
/// `PD = TPP / mm2` of the logic dies made on a non-planar node, memory stacks left out
/// # Source
/// ECCN 3A090, technical note 4 (88 FR 73458).
///
/// ```
/// use flopbill::internals::policy::performance_density;
/// use flopbill::internals::units::SquareMm;
/// // H200: 15,832 / 814
/// assert!((performance_density(15_832.0, SquareMm::new(814.0)) - 19.45).abs() < 0.001);
/// ```
pub fn performance_density(tpp: f64, die_area: SquareMm) -> f64 {
    tpp / die_area.get()
}

/// What a rule on chips can measure of this one.
///
/// # Formula
/// [`tpp`], [`performance_density`] where the die area is known, I/O both ways, memory bandwidth
/// # Source
/// See each; I/O as in 87 FR 62186, the aggregate over all inputs and outputs other than volatile memories:
/// A800 400 + 64 = 464 GB/s, H800 400 + 128 = 528, both under 600.
pub fn chip_facts(chip: &Accelerator) -> Facts {
    let tpp = tpp(&chip.peak);
    let density = tpp.zip(chip.die_area).map(|(tpp, area)| performance_density(tpp, area));
    let io = chip.io_both_ways().map(BytesPerSecond::gb_per_s);
    let memory = chip.memory.bandwidth.map(BytesPerSecond::gb_per_s);
    Facts::default()
        .with(Metric::Tpp, tpp)
        .with(Metric::PerformanceDensity, density)
        .with(Metric::IoBidirectional, io)
        .with(Metric::DramBandwidth, memory)
        .with(Metric::DramPlusIo, io.zip(memory).map(|(io, memory)| io + memory))
}

/// How fast held chips work on a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Dense peak of a chip.
    pub peak: FlopPerSecond,
    /// Share of the peak that is reached while the job computes.
    pub mfu: Fraction,
    /// Share of the held time in which the job computes; 1 where the MFU already contains the downtime.
    pub goodput: Fraction,
}

/// GPU-hours that are held until a run reaches an amount of work.
///
/// # Formula
/// `hours = FLOP / (peak * MFU * goodput * 3600)`
/// # Source
/// Definitions of MFU and goodput.
///
/// ```
/// use flopbill::internals::policy::{Pace, gpu_hours_to};
/// use flopbill::internals::units::{Flop, FlopPerSecond, Fraction};
/// let pace = Pace { peak: FlopPerSecond::from_tflops(989.5), mfu: Fraction::new(0.4), goodput: Fraction::new(0.8) };
/// // by hand: 1e25 / (989.5e12 * 0.4 * 0.8 * 3600) = 8.77 million hours
/// let hours = gpu_hours_to(Flop::new(1e25), &pace)?;
/// assert!((hours.gpu_hours() - 8.773e6).abs() < 1e3);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn gpu_hours_to(threshold: Flop, pace: &Pace) -> Result<ChipSeconds, Error> {
    positive("the threshold", threshold)?;
    positive("the peak of a chip", pace.peak)?;
    positive("the MFU", share("the MFU", pace.mfu)?)?;
    positive("the goodput", share("the goodput", pace.goodput)?)?;
    Ok(threshold / (pace.peak * pace.mfu.get() * pace.goodput.get()))
}

/// How far a run is from a threshold of training work.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// The threshold.
    pub threshold: Flop,
    /// Work done over the threshold; 1 and more is over it.
    pub reached: f64,
    /// GPU-hours that are still to be held; zero once it is reached.
    pub remaining: ChipSeconds,
    /// What those cost.
    pub remaining_cost: Usd,
    /// GPU-hours to the threshold from nothing.
    pub whole: ChipSeconds,
    /// What those cost.
    pub whole_cost: Usd,
}

/// How far a run is from a threshold of training work, in hours and dollars of this chip.
///
/// # Formula
/// `reached = C / threshold`, `remaining = max(0, threshold - C) / (peak * MFU * goodput)`
/// # Source
/// Definitions of MFU and goodput; the run's own FLOP convention decides what C counts.
pub fn distance(work: Flop, threshold: Flop, pace: &Pace, price: Price) -> Result<Distance, Error> {
    not_negative("the work of the run", work)?;
    not_negative("the price of a GPU-hour", price)?;
    let whole = gpu_hours_to(threshold, pace)?;
    let remaining = whole * (1.0 - work / threshold).max(0.0);
    Ok(Distance {
        threshold,
        reached: work / threshold,
        remaining,
        remaining_cost: remaining * price,
        whole,
        whole_cost: whole * price,
    })
}

/// Chips whose peaks add up to a cluster threshold.
///
/// # Formula
/// `n = threshold / peak`
/// # Source
/// US executive order 14110, section 4.2: theoretical maximum of a cluster.
///
/// ```
/// use flopbill::internals::policy::chips_to_peak;
/// use flopbill::internals::units::FlopPerSecond;
/// let chips = chips_to_peak(1e20, FlopPerSecond::from_tflops(1979.0))?;
/// assert_eq!(chips.get().ceil(), 50_531.0); // by hand: 1e20 / 1.979e15 = 50,530.6
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn chips_to_peak(op_per_s: f64, peak: FlopPerSecond) -> Result<Chips, Error> {
    positive("the threshold", op_per_s)?;
    Ok(Chips::new(op_per_s / positive("the peak of a chip", peak)?.get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_stand_in_the_order_of_their_slots() {
        for (index, (_, metric)) in METRICS.iter().enumerate() {
            assert_eq!(*metric as usize, index);
        }
    }

    #[test]
    fn an_absent_value_is_unknown_and_a_nonsense_value_is_absent() {
        let facts = Facts::default().with(Metric::Tpp, Some(f64::NAN)).with(Metric::TrainingFlop, Some(1e25));
        assert_eq!(facts.get(Metric::Tpp), None);
        assert_eq!(facts.get(Metric::TrainingFlop), Some(1e25));
    }

    #[test]
    fn a_run_over_the_threshold_has_nothing_left() {
        let at = |work: f64| {
            let peak = FlopPerSecond::from_tflops(989.5);
            let pace = Pace { peak, mfu: Fraction::new(0.4), goodput: Fraction::new(1.0) };
            distance(Flop::new(work), Flop::new(1e25), &pace, Price::from_usd_per_hour(2.0)).unwrap()
        };
        assert_eq!(at(2e25).remaining_cost, Usd::ZERO);
        assert!((at(3.29e24).reached - 0.329).abs() < 1e-12);
        assert!((at(0.0).whole_cost.get() - 14.04e6).abs() < 1e4);
    }
}
