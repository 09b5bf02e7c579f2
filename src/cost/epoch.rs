//! A third view: the amortisation method of Epoch AI, which published figures can be compared with.

use crate::error::Error;
use crate::units::check::{not_negative, positive};
use crate::units::date::Date;
use crate::units::{ChipSeconds, Chips, EnergyPrice, Fraction, Seconds, Usd, Watts};

use super::network::over_servers;
use super::{Charge, Context, CostLine, Scope};

/// The terms of the method.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amortisation {
    /// Price of a chip with its part of the server when bought; `None` where it is not known.
    pub server: Option<Usd>,
    /// Age at the start of the training.
    pub age: Seconds,
    /// Fall of the value, in powers of ten a year.
    pub decline: f64,
    /// The network's share of the whole cluster.
    pub network: Fraction,
    /// Thermal design power of the chip; `None` where it is not known.
    pub tdp: Option<Watts>,
    /// Power of a chip's part of the server over the chip's.
    pub server_power: f64,
    /// Average over maximum power.
    pub load: Fraction,
    /// Power usage effectiveness.
    pub pue: f64,
    /// Price of the electricity.
    pub electricity: EnergyPrice,
}

impl Amortisation {
    /// Refuses values for which the method has no meaning.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(server) = self.server {
            positive("the price of a server", server)?;
        }
        not_negative("the age of the hardware", self.age)?;
        positive("the fall of the value", self.decline)?;
        if let Some(tdp) = self.tdp {
            positive("the power of a chip", tdp)?;
        }
        positive("the server's power over the chip's", self.server_power)?;
        positive("the load", self.load)?;
        positive("the PUE", self.pue)?;
        not_negative("the electricity price", self.electricity)?;
        Ok(())
    }
}

/// Yearly rate at which hardware loses its value.
///
/// # Formula
/// `decline * ln 10`, decline in powers of ten a year
/// # Source
/// Cottier et al. 2024, arXiv:2405.21015.
///
/// ```
/// use flopbill::internals::cost::epoch::replacement_rate;
/// assert!((replacement_rate(0.14) - 0.322361913).abs() < 1e-9); // by hand: 0.14 * 2.302585
/// ```
pub fn replacement_rate(decline: f64) -> f64 {
    decline * std::f64::consts::LN_10
}

/// Value of a chip with its part of the server when training starts.
///
/// # Formula
/// `V = P * 10^(-decline * years)`, in years of 365.25 days
/// # Source
/// Cottier et al. 2024, arXiv:2405.21015.
///
/// ```
/// use flopbill::internals::cost::epoch::value_at_start;
/// use flopbill::internals::units::{Seconds, Usd};
/// // GPT-4's A100s after 638 days; their notebook prints 14165.054738
/// let value = value_at_start(Usd::new(24_875.0), 0.14, Seconds::from_days(638.0));
/// assert!((value.get() - 14_165.054738).abs() < 1e-6);
/// ```
pub fn value_at_start(price: Usd, decline: f64, age: Seconds) -> Usd {
    price * 10f64.powf(-decline * age.julian_years())
}

/// Loss of value of the servers during the run.
///
/// # Formula
/// `V * decline * ln 10 / 8766 h * chip-hours`
/// # Source
/// Cottier et al. 2024, arXiv:2405.21015: the rate at the start, held over the run.
///
/// ```
/// use flopbill::internals::cost::epoch::servers;
/// use flopbill::internals::units::{ChipSeconds, Usd};
/// // by hand: one chip of $10,000 for a year of 8766 hours loses 32.2 %
/// let loss = servers(Usd::new(10_000.0), 0.14, ChipSeconds::from_gpu_hours(8766.0));
/// assert!((loss.get() - 3_223.61913).abs() < 1e-5);
/// ```
pub fn servers(value: Usd, decline: f64, held: ChipSeconds) -> Usd {
    let chip_years: Chips = held / Seconds::from_julian_years(1.0);
    value * replacement_rate(decline) * chip_years.get()
}

/// Loss of value of the network during the run.
///
/// # Formula
/// `servers * f / (1 - f)`
/// # Source
/// Cottier et al. 2024, arXiv:2405.21015: f = 19 % of the cluster.
///
/// ```
/// use flopbill::internals::cost::epoch::interconnect;
/// use flopbill::internals::units::{Fraction, Usd};
/// assert_eq!(interconnect(Usd::new(80.0), Fraction::new(0.2))?.get(), 20.0); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn interconnect(servers: Usd, network: Fraction) -> Result<Usd, Error> {
    Ok(servers * over_servers(network)?)
}

/// Age of the hardware at the start of a training: it was bought some time after its release.
///
/// # Formula
/// `max(0, start - (release + lag))`
/// # Source
/// Cottier et al. 2024, arXiv:2405.21015: a lag of 90 days.
///
/// ```
/// use flopbill::internals::cost::epoch::age;
/// use flopbill::internals::units::Seconds;
/// // A100, 2020-05-14, for a training from 2022-05-12
/// let age = age("2020-05-14".parse()?, "2022-05-12".parse()?, Seconds::from_days(90.0));
/// assert_eq!(age.days(), 638.0); // by hand: 728 days less 90
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn age(release: Date, start: Date, lag: Seconds) -> Seconds {
    (release.until(start) - lag).max(Seconds::ZERO)
}

/// Electricity of the run; `None` where the chip's power is not known.
///
/// # Formula
/// `TDP * k_server * load * PUE * chip-time * e`
/// # Source
/// Cottier et al. 2024, arXiv:2405.21015.
///
/// ```
/// use flopbill::internals::cost::epoch::{Amortisation, electricity};
/// use flopbill::internals::units::{ChipSeconds, EnergyPrice, Fraction, Seconds, Watts};
/// let terms = Amortisation { server: None, age: Seconds::ZERO, decline: 0.14, network: Fraction::new(0.19),
///     tdp: Some(Watts::new(400.0)), server_power: 2.0, load: Fraction::new(0.75), pue: 1.25,
///     electricity: EnergyPrice::from_usd_per_kwh(0.08) };
/// // by hand: 0.4 * 2 * 0.75 * 1.25 = 0.75 kW; 1000 h at $0.08
/// assert!((electricity(ChipSeconds::from_gpu_hours(1000.0), &terms).unwrap().get() - 60.0).abs() < 1e-9);
/// ```
pub fn electricity(held: ChipSeconds, terms: &Amortisation) -> Option<Usd> {
    let meter = terms.tdp? * terms.server_power * terms.load.get() * terms.pue;
    Some(held * meter * terms.electricity)
}

const NO_PRICE: &str = "no purchase price of this chip is known";

/// A line of the bill over the hours held.
fn line(
    context: &Context,
    (label, source, missing): (&'static str, &'static str, &'static str),
    amount: Option<Usd>,
) -> CostLine {
    let hours = context.usage.held.gpu_hours();
    CostLine {
        label,
        quantity: hours,
        unit: "GPU-hours",
        price_unit: "USD/GPU-hour",
        charge: match amount {
            Some(amount) => Charge::of(amount, hours),
            None => Charge::NotPriced(missing),
        },
        source,
        scope: Scope::Chips,
    }
}

/// Loss of value of the servers, where their price is known.
fn server_loss(context: &Context) -> Result<Option<Usd>, Error> {
    let terms = &context.terms.epoch;
    terms.check()?;
    let value = terms.server.map(|price| value_at_start(price, terms.decline, terms.age));
    Ok(value.map(|value| servers(value, terms.decline, context.usage.held)))
}

/// The servers.
pub(super) fn server_line(context: &Context) -> Result<CostLine, Error> {
    Ok(line(context, ("Chips and servers, amortised", "epoch.server", NO_PRICE), server_loss(context)?))
}

/// The network.
pub(super) fn network_line(context: &Context) -> Result<CostLine, Error> {
    let network = context.terms.epoch.network;
    let loss = server_loss(context)?.map(|servers| interconnect(servers, network)).transpose()?;
    Ok(line(context, ("Interconnect, amortised", "epoch.network", NO_PRICE), loss))
}

/// The electricity.
pub(super) fn electricity_line(context: &Context) -> Result<CostLine, Error> {
    context.terms.epoch.check()?;
    let amount = electricity(context.usage.held, &context.terms.epoch);
    Ok(line(context, ("Electricity", "epoch.electricity", "the power of this chip is not known"), amount))
}
