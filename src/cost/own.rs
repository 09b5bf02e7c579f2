//! Owning: what a chip-hour costs the buyer of the cluster.

use crate::error::Error;
use crate::units::check::{not_negative, positive, share};
use crate::units::{ChipSeconds, EnergyPrice, Fraction, Price, Seconds, Usd};

use super::duty::{self, BorderCharge};
use super::energy::{Power, meter_power};
use super::invest::{discount_factor, recovery_factor};
use super::network::over_servers;
use super::{Charge, Context, CostLine, Scope};

/// What the building charges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Hosting {
    /// Space, cooling and electricity in one price.
    AllIn {
        /// US dollars per kW of rated IT power and month.
        usd_per_kw_month: f64,
    },
    /// Space and cooling; electricity is metered.
    Facility {
        /// US dollars per kW of rated IT power and month.
        usd_per_kw_month: f64,
        /// Price of the electricity.
        electricity: EnergyPrice,
    },
}

/// The terms of owning a cluster.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ownership {
    /// Price of a chip; `None` where no price is known.
    pub chip: Option<Usd>,
    /// The rest of the server, relative to its chips; zero if the price contains it.
    pub server: f64,
    /// The network's share of the whole cluster.
    pub network: Fraction,
    /// What a border adds.
    pub border: BorderCharge,
    /// What is left at the end of the life, relative to the price before the border.
    pub residual: Fraction,
    /// Cost of capital a year.
    pub interest: Fraction,
    /// Economic life.
    pub life: Seconds,
    /// What the building charges.
    pub hosting: Hosting,
    /// Power of a chip with its part of the server; `None` where it is not known.
    pub power: Option<Power>,
    /// Operations staff per chip and year.
    pub staff: Usd,
    /// Spare parts and repair a year, relative to the price.
    pub maintenance: Fraction,
    /// Licences and support per chip and year.
    pub software: Usd,
    /// Used hours over all hours.
    pub utilisation: Fraction,
}

impl Ownership {
    /// Refuses a residual over the price, a utilisation of zero or over 100 %, a PUE below one.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(chip) = self.chip {
            positive("the price of a chip", chip)?;
        }
        not_negative("the rest of the server", self.server)?;
        not_negative("the staff cost", self.staff)?;
        not_negative("the maintenance", self.maintenance)?;
        not_negative("the software cost", self.software)?;
        let (Hosting::AllIn { usd_per_kw_month } | Hosting::Facility { usd_per_kw_month, .. }) = self.hosting;
        not_negative("the hosting price", usd_per_kw_month)?;
        if let Hosting::Facility { electricity, .. } = self.hosting {
            not_negative("the electricity price", electricity)?;
        }
        if let Some(power) = self.power {
            power.check()?;
        }
        if !(0.0..=1.0).contains(&self.residual.get()) {
            return Err(Error::bad_input(format!(
                "the residual value is {} of the price: it cannot exceed what was paid",
                self.residual.get()
            )));
        }
        share("the utilisation", self.utilisation)?;
        positive("the utilisation", self.utilisation)
            .map(drop)
            .map_err(|error| error.with_hint("an unused chip has no cost per used hour"))
    }
}

/// What one chip costs its owner in a year, part by part. The parts sum to [`Annual::total`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Annual {
    /// Purchase of the chip, spread over its life.
    pub chip: Usd,
    /// The rest of the server.
    pub server: Usd,
    /// The network.
    pub network: Usd,
    /// Duty or revenue share.
    pub border: Usd,
    /// What the sale at the end brings; negative.
    pub residual: Usd,
    /// Interest on the capital tied up.
    pub interest: Usd,
    /// The building.
    pub hosting: Usd,
    /// Electricity, where it is metered.
    pub electricity: Usd,
    /// Repair.
    pub maintenance: Usd,
    /// Operations staff.
    pub staff: Usd,
    /// Licences and support.
    pub software: Usd,
}

impl Annual {
    /// Everything bound up with the purchase: the annuity of price less residual.
    ///
    /// # Formula
    /// `chip + server + network + border + residual + interest`, the residual being negative
    /// # Source
    /// Definition.
    pub fn capital(&self) -> Usd {
        self.chip + self.server + self.network + self.border + self.residual + self.interest
    }

    /// Everything.
    ///
    /// # Formula
    /// `capital + running`
    /// # Source
    /// Definition.
    pub fn total(&self) -> Usd {
        self.capital() + self.running()
    }

    /// What goes on as long as the chip runs.
    ///
    /// # Formula
    /// `hosting + electricity + maintenance + staff + software`
    /// # Source
    /// Definition.
    pub fn running(&self) -> Usd {
        self.hosting + self.electricity + self.maintenance + self.staff + self.software
    }
}

/// The whole price of a chip in place, with server, network and border.
///
/// # Formula
/// `K = chip * (1 + server) * (1 / (1 - f_network) + border - 1)`: the border takes its part of chips and servers
/// # Source
/// Cottier et al. 2024 (arXiv:2405.21015) for server and network; [`duty::at_the_border`] for the border.
///
/// ```
/// use flopbill::internals::cost::own::purchase;
/// use flopbill::internals::cost::duty::BorderCharge;
/// use flopbill::internals::units::{Fraction, Usd};
/// // by hand: 30,000 * 1.6 / 0.8
/// let k = purchase(Usd::new(30_000.0), 0.6, Fraction::new(0.2), &BorderCharge::None)?;
/// assert!((k.get() - 60_000.0).abs() < 1e-9);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn purchase(chip: Usd, server: f64, network: Fraction, border: &BorderCharge) -> Result<Usd, Error> {
    let servers = chip * (1.0 + server);
    Ok(servers * (1.0 + over_servers(network)?) + duty::at_the_border(servers, border)?)
}

/// What one chip costs its owner in a year; `None` if its price or its power is not known.
///
/// # Formula
/// capital `(K - S / (1 + i)^n) * CRF(i, n)`, S a share of K before the border, shown as depreciation `K / n` by part, residual `-S / n` and
/// interest (the rest); hosting `h * kW * 12`; electricity `kW * load * PUE * 8760 * e`; maintenance `m * K`
/// # Source
/// Annuity of a purchase with a residual; the split into parts is a display, the sum is the annuity.
pub fn annual(terms: &Ownership) -> Result<Option<Annual>, Error> {
    terms.check()?;
    let (Some(chip), Some(power)) = (terms.chip, terms.power) else { return Ok(None) };
    let years = positive("the life of the hardware", terms.life)?.years();
    let year = Seconds::from_years(1.0);
    let whole = purchase(chip, terms.server, terms.network, &terms.border)?;
    let servers = chip * (1.0 + terms.server);
    let cluster = servers * (1.0 + over_servers(terms.network)?);
    // The next buyer does not pay for the border again.
    let left = cluster * terms.residual.get();
    let tied_up = whole - left * discount_factor(terms.interest, terms.life)?;
    let capital = tied_up * recovery_factor(terms.interest, terms.life)?;
    let (usd_per_kw_month, electricity) = match terms.hosting {
        Hosting::AllIn { usd_per_kw_month } => (usd_per_kw_month, EnergyPrice::ZERO),
        Hosting::Facility { usd_per_kw_month, electricity } => (usd_per_kw_month, electricity),
    };
    Ok(Some(Annual {
        chip: chip / years,
        server: (servers - chip) / years,
        network: (cluster - servers) / years,
        border: (whole - cluster) / years,
        residual: Usd::ZERO - left / years,
        interest: capital - (whole - left) / years,
        hosting: Usd::new(usd_per_kw_month * power.rated().kw() * year.months()),
        electricity: meter_power(&power) * year * electricity,
        maintenance: whole * terms.maintenance.get(),
        staff: terms.staff,
        software: terms.software,
    }))
}

/// Cost of a used chip-hour.
///
/// # Formula
/// `annual / (8760 * u)`
/// # Source
/// Idle hours cost as much as used ones.
///
/// ```
/// use flopbill::internals::cost::own::per_used_hour;
/// use flopbill::internals::units::{Fraction, Usd};
/// let price = per_used_hour(Usd::new(8760.0), Fraction::new(0.5));
/// assert!((price.usd_per_hour() - 2.0).abs() < 1e-12); // by hand
/// ```
pub fn per_used_hour(annual: Usd, utilisation: Fraction) -> Price {
    let used = crate::units::Chips::new(1.0) * Seconds::from_years(1.0) * utilisation.get();
    annual / used
}

/// The utilisation above which owning is cheaper than renting; above 1 it is never cheaper.
///
/// # Formula
/// `u = annual / (8760 * rent)`
/// # Source
/// `annual / (8760 * u) = rent`.
///
/// ```
/// use flopbill::internals::cost::own::break_even_utilisation;
/// use flopbill::internals::units::{Price, Usd};
/// let u = break_even_utilisation(Usd::new(17_636.160708), Price::from_usd_per_hour(2.5))?;
/// assert!((u - 0.8053041419).abs() < 1e-9); // by hand: 17636.16 / 21900
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn break_even_utilisation(annual: Usd, rent: Price) -> Result<f64, Error> {
    positive("the rent to compare with", rent)?;
    Ok(per_used_hour(annual, Fraction::new(1.0)) / rent)
}

/// One part of the yearly cost as a line of the bill.
fn part(
    context: &Context,
    label: &'static str,
    source: &'static str,
    of: fn(&Annual) -> Usd,
) -> Result<CostLine, Error> {
    let terms = &context.terms.own;
    let held: ChipSeconds = context.usage.held;
    let charge = match context.owned {
        Some(year) => Charge::of(held * per_used_hour(of(&year), terms.utilisation), held.gpu_hours()),
        None if terms.chip.is_none() => Charge::NotPriced("no purchase price of this chip is known"),
        None => Charge::NotPriced("the power of this chip is not known"),
    };
    Ok(CostLine {
        label,
        quantity: held.gpu_hours(),
        unit: "GPU-hours",
        price_unit: "USD/GPU-hour",
        charge,
        source,
        scope: Scope::Chips,
    })
}

/// The chips.
pub(super) fn chip_line(context: &Context) -> Result<CostLine, Error> {
    part(context, "Chips, depreciation", "own.chip", |year| year.chip)
}

/// The rest of the servers, unless the chip's price contains it.
pub(super) fn server_line(context: &Context) -> Result<CostLine, Error> {
    let line = part(context, "Servers, depreciation", "own.server", |year| year.server)?;
    let contained = context.terms.own.server == 0.0 && line.charge.amount().is_some();
    Ok(if contained {
        CostLine { charge: Charge::Contained("contained in the price of the chip"), ..line }
    } else {
        line
    })
}

/// The network.
pub(super) fn network_line(context: &Context) -> Result<CostLine, Error> {
    part(context, "Network, depreciation", "own.network", |year| year.network)
}

/// Duty or revenue share, named for what it is.
pub(super) fn border_line(context: &Context) -> Result<CostLine, Error> {
    let label = match context.terms.own.border {
        BorderCharge::None => "Import duty",
        BorderCharge::Duty { .. } => "Import duty",
        BorderCharge::RevenueShare { .. } => "Revenue share passed on",
        BorderCharge::Both { .. } => "Import duty and revenue share",
    };
    let line = part(context, label, "own.border", |year| year.border)?;
    let none = context.terms.own.border == BorderCharge::None && line.charge.amount().is_some();
    Ok(if none { CostLine { charge: Charge::Contained("the terms name no border"), ..line } } else { line })
}

/// The sale at the end.
pub(super) fn residual_line(context: &Context) -> Result<CostLine, Error> {
    part(context, "Residual value", "own.residual", |year| year.residual)
}

/// Interest.
pub(super) fn interest_line(context: &Context) -> Result<CostLine, Error> {
    part(context, "Cost of capital", "own.interest", |year| year.interest)
}

/// The building.
pub(super) fn hosting_line(context: &Context) -> Result<CostLine, Error> {
    part(context, "Hosting", "own.hosting", |year| year.hosting)
}

/// Electricity, unless the building's price contains it.
pub(super) fn electricity_line(context: &Context) -> Result<CostLine, Error> {
    let line = part(context, "Electricity", "own.electricity", |year| year.electricity)?;
    Ok(match context.terms.own.hosting {
        Hosting::AllIn { .. } if line.charge.amount().is_some() => {
            CostLine { charge: Charge::Contained("contained in the hosting price"), ..line }
        }
        Hosting::AllIn { .. } | Hosting::Facility { .. } => line,
    })
}

/// Repair.
pub(super) fn maintenance_line(context: &Context) -> Result<CostLine, Error> {
    part(context, "Maintenance", "own.maintenance", |year| year.maintenance)
}

/// Operations staff.
pub(super) fn staff_line(context: &Context) -> Result<CostLine, Error> {
    part(context, "Operations staff", "own.staff", |year| year.staff)
}

/// Licences and support, where any are charged.
pub(super) fn software_line(context: &Context) -> Result<CostLine, Error> {
    let line = part(context, "Software", "own.software_cost", |year| year.software)?;
    let none = context.terms.own.software == Usd::ZERO && line.charge.amount().is_some();
    Ok(if none { CostLine { charge: Charge::Contained("no licences are charged"), ..line } } else { line })
}
