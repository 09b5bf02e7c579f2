//! The inputs of a bill: from the defaults, a chip, a place and a run to its terms.

use crate::hardware::accelerator::Accelerator;
use crate::reliability::availability::Losses;
use crate::units::{Bytes, EnergyPrice, Fraction, Price, Seconds, Usd, Watts};

use super::Terms;
use super::contract::Contract;
use super::defaults::{Defaults, HostingKind, PowerBasis};
use super::energy::Power;
use super::epoch::Amortisation;
use super::own::{Hosting, Ownership};
use super::people::Programme;
use super::rent::{Offer, Rent};
use super::shares::Known;
use super::storage::Storage;

/// What is known about the chip, the place and the run, for the terms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inputs {
    /// Rent of a chip-hour.
    pub rent: Option<Price>,
    /// Purchase price of a chip with its part of the server.
    pub purchase: Option<Usd>,
    /// Thermal design power.
    pub tdp: Option<Watts>,
    /// The server's rated power over its chips.
    pub node_share: Option<Watts>,
    /// Provisioned at the meter.
    pub all_in: Option<Watts>,
    /// Whether the chip is a TPU, for Epoch AI's load.
    pub is_tpu: bool,
    /// PUE of the place.
    pub pue: f64,
    /// Price of electricity.
    pub electricity: EnergyPrice,
    /// Size of a checkpoint.
    pub checkpoint: Option<Bytes>,
    /// Size of the data.
    pub data: Option<Bytes>,
    /// Traffic out: the model's weights, once.
    pub egress: Option<Bytes>,
    /// Age of the hardware at the start, if dates are known.
    pub age: Option<Seconds>,
    /// The stages of the programme.
    pub stages: [Known; 5],
    /// People on the programme.
    pub people: Option<f64>,
    /// How long it takes.
    pub duration: Seconds,
}

impl Inputs {
    /// What the sheet of a chip says, and what it costs to buy; everything else is for the caller to add.
    pub fn about(chip: &Accelerator, purchase: Option<Usd>, pue: f64, electricity: EnergyPrice) -> Self {
        Self {
            rent: None,
            purchase,
            tdp: chip.power.tdp,
            node_share: chip.power.node_share,
            all_in: chip.power.all_in,
            is_tpu: chip.vendor == "Google",
            pue,
            electricity,
            checkpoint: None,
            data: None,
            egress: None,
            age: None,
            stages: [Known::default(); 5],
            people: None,
            duration: Seconds::ZERO,
        }
    }
}

impl Defaults {
    /// The point values of the losses.
    pub fn losses(&self) -> Losses {
        let [planned, slow, rollback, evaluation] = self.losses.map(|range| range.mode);
        Losses { planned, slow, rollback, evaluation }
    }

    /// Power of a chip on the wanted basis, or on the next that its sheets allow; `None` if none does.
    ///
    /// # Formula
    /// What is told; without it and a node's power on its sheets: `rated = tdp * server_over_chip`
    /// # Source
    /// `profiles/assumptions`, which names where each factor is from.
    pub fn power(&self, known: &Inputs) -> Option<Power> {
        let of = &self.power;
        let rated = self.told.rated.or(known.node_share).or(known.tdp.map(|tdp| tdp * of.server_over_chip));
        let chip = || known.tdp.map(|tdp| Power::Chip { tdp, load: Fraction::new(1.0) });
        let server = || rated.map(|rated| Power::Server { rated, load: of.load, fabric: of.fabric, pue: known.pue });
        let all_in = || {
            let provisioned = known.all_in?;
            Some(Power::AllIn { provisioned, load: of.all_in_load, pue: known.pue })
        };
        match of.basis {
            PowerBasis::Chip => chip(),
            PowerBasis::Server => server().or_else(all_in),
            PowerBasis::AllIn => all_in().or_else(server),
        }
    }

    /// The terms of a run: the defaults, with the inputs filled in.
    pub fn terms(&self, known: &Inputs) -> Terms {
        let (own, epoch) = (&self.own, &self.epoch);
        let hosting = match self.hosting.kind {
            HostingKind::AllIn => Hosting::AllIn { usd_per_kw_month: self.hosting.all_in_usd_per_kw_month },
            HostingKind::Facility => Hosting::Facility {
                usd_per_kw_month: self.hosting.facility_usd_per_kw_month,
                electricity: known.electricity,
            },
        };
        Terms {
            rent: Rent {
                price: known.rent,
                offer: Offer::OnDemand,
                discount: self.told.discount,
                uplift: self.told.uplift,
                contract: Contract::default(),
            },
            own: Ownership {
                chip: known.purchase,
                server: own.server,
                network: own.network,
                border: self.border.charge(self.border.kind),
                residual: own.residual,
                interest: own.interest,
                life: own.life,
                hosting,
                power: self.power(known),
                staff: own.staff,
                maintenance: own.maintenance,
                software: own.software,
                utilisation: own.utilisation,
            },
            epoch: Amortisation {
                server: known.purchase,
                age: known.age.unwrap_or(epoch.age),
                decline: epoch.decline,
                network: epoch.network,
                tdp: known.tdp,
                server_power: epoch.server_power,
                load: if known.is_tpu { epoch.load_tpu } else { epoch.load_gpu },
                pue: epoch.pue_other,
                electricity: known.electricity,
            },
            storage: Storage {
                checkpoints_kept: self.checkpoint.kept,
                checkpoint: known.checkpoint,
                data: known.data,
                usd_per_gb_month: self.storage.usd_per_gb_month,
                egress: known.egress,
                usd_per_gb_egress: self.storage.usd_per_gb_egress,
            },
            programme: Programme {
                shares: self.programme.shares(&known.stages),
                compute: None,
                people: known.people,
                usd_per_person_year: self.programme.usd_per_person_year,
                duration: known.duration,
            },
        }
    }
}
