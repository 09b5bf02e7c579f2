//! Electricity: what the chips draw, and what the meter of the building counts.

use crate::error::Error;
use crate::units::check::{not_negative, positive, share};
use crate::units::{ChipSeconds, Fraction, Joules, Watts};

/// Power per chip. Sources state it on three bases that differ by more than a factor of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Power {
    /// The chip alone at its thermal limit, as model cards count: no host, no network, no cooling.
    Chip {
        /// Thermal design power.
        tdp: Watts,
        /// Average over maximum; model cards take 1.
        load: Fraction,
    },
    /// A chip's part of the server's rated input, with network and cooling on top.
    Server {
        /// Rated maximum of the server over its chips.
        rated: Watts,
        /// Average over rated.
        load: Fraction,
        /// Switches and storage, relative to the servers.
        fabric: Fraction,
        /// Power usage effectiveness: the building over its IT equipment.
        pue: f64,
    },
    /// Everything at the utility meter, provisioned per chip.
    AllIn {
        /// Power at the meter per chip, cooling included.
        provisioned: Watts,
        /// Average over provisioned.
        load: Fraction,
        /// Power usage effectiveness contained in it.
        pue: f64,
    },
}

impl Power {
    /// Refuses powers below zero, loads over 100 % and PUEs below one.
    pub fn check(&self) -> Result<(), Error> {
        let (watts, load, pue) = match *self {
            Self::Chip { tdp, load } => (tdp, load, 1.0),
            Self::Server { rated, load, fabric, pue } => {
                not_negative("the power of the network and storage", fabric)?;
                (rated, load, pue)
            }
            Self::AllIn { provisioned, load, pue } => (provisioned, load, pue),
        };
        positive("the power of a chip", watts)?;
        share("the load", load)?;
        if pue.is_finite() && pue >= 1.0 {
            return Ok(());
        }
        Err(Error::bad_input(format!("a PUE is at least 1, got {pue}"))
            .with_hint("the PUE is the building's power over its IT equipment's"))
    }

    /// The rated power that hosting is paid for, per chip.
    pub fn rated(&self) -> Watts {
        match *self {
            Self::Chip { tdp, .. } => tdp,
            Self::Server { rated, .. } => rated,
            Self::AllIn { provisioned, .. } => provisioned,
        }
    }
}

/// Average power of the IT equipment per chip.
///
/// # Formula
/// chip: `TDP * load`; server: `rated * load * (1 + fabric)`; all-in: `provisioned * load / PUE`
/// # Source
/// Brookhaven (arXiv:2412.08602) measures loads of an eight-GPU server; definitions otherwise.
///
/// ```
/// use flopbill::internals::cost::energy::{Power, it_power};
/// use flopbill::internals::units::{Fraction, Watts};
/// let server = Power::Server { rated: Watts::new(1275.0), load: Fraction::new(0.8), fabric: Fraction::new(0.1), pue: 1.25 };
/// assert!((it_power(&server).get() - 1122.0).abs() < 1e-9); // by hand: 1275 * 0.8 * 1.1
/// ```
pub fn it_power(power: &Power) -> Watts {
    match *power {
        Power::Chip { tdp, load } => tdp * load.get(),
        Power::Server { rated, load, fabric, .. } => rated * load.get() * (1.0 + fabric.get()),
        Power::AllIn { provisioned, load, pue } => provisioned * load.get() / pue,
    }
}

/// Average power at the utility meter per chip.
///
/// # Formula
/// `IT power * PUE`; on the chip basis the IT power itself
/// # Source
/// Definition of PUE.
///
/// ```
/// use flopbill::internals::cost::energy::{Power, meter_power};
/// use flopbill::internals::units::{Fraction, Watts};
/// let server = Power::Server { rated: Watts::new(1275.0), load: Fraction::new(0.8), fabric: Fraction::ZERO, pue: 1.25 };
/// assert!((meter_power(&server).get() - 1275.0).abs() < 1e-9); // by hand: 1275 * 0.8 * 1.25
/// ```
pub fn meter_power(power: &Power) -> Watts {
    match *power {
        Power::Chip { .. } => it_power(power),
        Power::Server { pue, .. } => it_power(power) * pue,
        Power::AllIn { provisioned, load, .. } => provisioned * load.get(),
    }
}

/// Power of the IT equipment and at the utility meter per chip while everything runs at its rating: what a site is built
/// for.
///
/// # Formula
/// [`it_power`] and [`meter_power`] at a load of 1
/// # Source
/// Definition.
///
/// ```
/// use flopbill::internals::cost::energy::{Power, peak_power};
/// use flopbill::internals::units::{Fraction, Watts};
/// let server = Power::Server { rated: Watts::new(1275.0), load: Fraction::new(0.8), fabric: Fraction::new(0.1), pue: 1.2 };
/// let [it, meter] = peak_power(&server);
/// assert!((it.get() - 1402.5).abs() < 1e-9 && (meter.get() - 1683.0).abs() < 1e-9); // by hand: 1275 * 1.1, * 1.2
/// ```
pub fn peak_power(power: &Power) -> [Watts; 2] {
    let full = Fraction::new(1.0);
    let at_full = match *power {
        Power::Chip { tdp, .. } => Power::Chip { tdp, load: full },
        Power::Server { rated, fabric, pue, .. } => Power::Server { rated, load: full, fabric, pue },
        Power::AllIn { provisioned, pue, .. } => Power::AllIn { provisioned, load: full, pue },
    };
    [it_power(&at_full), meter_power(&at_full)]
}

/// Energy of the IT equipment, and at the meter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy {
    /// Energy of servers, network and storage.
    pub it: Joules,
    /// Energy at the utility meter.
    pub facility: Joules,
}

/// Energy of chip-time.
///
/// # Formula
/// `E_IT = chip-time * IT power`, `E = chip-time * meter power`
/// # Source
/// Definition.
///
/// ```
/// use flopbill::internals::cost::energy::{Power, energy};
/// use flopbill::internals::units::{ChipSeconds, Fraction, Watts};
/// // Llama 3.1 405B on the model card's basis: 30.84e6 h * 0.7 kW
/// let card = Power::Chip { tdp: Watts::new(700.0), load: Fraction::new(1.0) };
/// let used = energy(ChipSeconds::from_gpu_hours(30.84e6), &card)?;
/// assert!((used.facility.mwh() - 21_588.0).abs() < 1e-6);
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn energy(held: ChipSeconds, power: &Power) -> Result<Energy, Error> {
    not_negative("the GPU-hours", held)?;
    power.check()?;
    Ok(Energy { it: held * it_power(power), facility: held * meter_power(power) })
}
