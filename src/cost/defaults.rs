//! The defaults of the bill as one struct, and how they become the terms of one run.
//!
//! The values are data, in `profiles/assumptions/bill.toml`; none of them stands in code.

use crate::reliability::spot::Market;
use crate::units::{Bytes, EnergyPrice, Fraction, KgCo2e, Seconds, Usd, Watts};

use super::carbon::Inventory;
use super::duty::BorderCharge;
use super::shares::{Known, Share};

/// A share with its least, likeliest and largest value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least.
    pub low: Fraction,
    /// The likeliest: what a point estimate takes.
    pub mode: Fraction,
    /// The largest.
    pub high: Fraction,
}

/// What stands ready for failed nodes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FailureDefaults {
    /// Repair of a node.
    pub repair: Seconds,
    /// Spare chips, relative to those at work.
    pub spares: Fraction,
    /// Probability with which the spares suffice.
    pub spares_confidence: Fraction,
}

/// Checkpoints.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckpointDefaults {
    /// Bytes of a parameter in a checkpoint.
    pub bytes_per_param: f64,
    /// Full checkpoints kept.
    pub kept: f64,
}

/// Discounts of a provider for a commitment.
#[derive(Debug, Clone, PartialEq)]
pub struct Commitment {
    /// Who.
    pub provider: String,
    /// For one year.
    pub one_year: Fraction,
    /// For three years.
    pub three_years: Fraction,
}

/// On which basis power is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerBasis {
    /// The chip alone.
    Chip,
    /// The server's rated input.
    Server,
    /// Provisioned at the meter.
    AllIn,
}

/// The bases and how a profile writes them.
pub const POWER_BASES: [(&str, PowerBasis); 3] =
    [("chip", PowerBasis::Chip), ("server", PowerBasis::Server), ("all_in", PowerBasis::AllIn)];

/// What hosting is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostingKind {
    /// Electricity included.
    AllIn,
    /// Electricity metered.
    Facility,
}

/// The kinds and how a profile writes them.
pub const HOSTING_KINDS: [(&str, HostingKind); 2] =
    [("all_in", HostingKind::AllIn), ("facility", HostingKind::Facility)];

/// What a border takes, before its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BorderKind {
    /// Nothing.
    None,
    /// A duty.
    Duty,
    /// A share of the seller's revenue.
    RevenueShare,
}

/// The kinds and how a profile writes them.
pub const BORDER_KINDS: [(&str, BorderKind); 3] =
    [("none", BorderKind::None), ("duty", BorderKind::Duty), ("revenue_share", BorderKind::RevenueShare)];

/// Power per chip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerDefaults {
    /// The basis, where the chip has it.
    pub basis: PowerBasis,
    /// Average over rated power of a server.
    pub load: Fraction,
    /// Network and storage over servers.
    pub fabric: Fraction,
    /// Average over provisioned power at the meter.
    pub all_in_load: Fraction,
    /// Server over chip, where no server is on a sheet.
    pub server_over_chip: f64,
}

/// Epoch AI's amortisation, without the chip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpochDefaults {
    /// Fall of the value, in powers of ten a year.
    pub decline: f64,
    /// The network's share of the cluster.
    pub network: Fraction,
    /// Age at the start of training, where no date is known.
    pub age: Seconds,
    /// Time from a chip's release to its first purchase.
    pub acquisition_lag: Seconds,
    /// Average over maximum power of GPUs.
    pub load_gpu: Fraction,
    /// Average over maximum power of TPUs.
    pub load_tpu: Fraction,
    /// PUE of a hyperscaler.
    pub pue_hyperscaler: f64,
    /// PUE of others.
    pub pue_other: f64,
    /// Server over chip power.
    pub server_power: f64,
    /// Price of a server over its bare chips.
    pub server_over_chip: f64,
    /// MFU where none is known.
    pub mfu: Fraction,
}

/// What a border takes by default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BorderDefaults {
    /// Which of the two.
    pub kind: BorderKind,
    /// Rate of the duty.
    pub duty: Fraction,
    /// The revenue share.
    pub revenue_share: Fraction,
    /// The part passed on.
    pub passed_on: Fraction,
}

impl BorderDefaults {
    /// The charge of a kind, at these rates.
    pub fn charge(&self, kind: BorderKind) -> BorderCharge {
        match kind {
            BorderKind::None => BorderCharge::None,
            BorderKind::Duty => BorderCharge::Duty { rate: self.duty, passed_on: self.passed_on },
            BorderKind::RevenueShare => {
                BorderCharge::RevenueShare { share: self.revenue_share, passed_on: self.passed_on }
            }
        }
    }
}

/// Storage prices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StorageDefaults {
    /// A gigabyte for a month, in US dollars.
    pub usd_per_gb_month: f64,
    /// A gigabyte out, in US dollars.
    pub usd_per_gb_egress: f64,
    /// Bytes of a tokenised token.
    pub bytes_per_token: f64,
}

/// The work around the final run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProgrammeDefaults {
    /// Lower end of the published 90 % interval of all compute over the final run: the shares are held against it.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Shares of the final run: experiments.
    pub experiments: Range,
    /// Runs that are given up or begun again.
    pub failed_runs: Range,
    /// Ablations.
    pub ablations: Range,
    /// Post-training without reinforcement learning.
    pub post_training: Range,
    /// Reinforcement learning.
    pub rl: Range,
    /// Cost of a person-year.
    pub usd_per_person_year: Usd,
}

impl ProgrammeDefaults {
    /// The shares with what is published of each, in the order of [`super::shares::STAGES`].
    pub fn stages(&self) -> [Range; 5] {
        [self.experiments, self.failed_runs, self.ablations, self.post_training, self.rl]
    }

    /// The shares of a question that knows so much of each.
    pub fn shares(&self, known: &[Known; 5]) -> [Share; 5] {
        let mut known = known.iter();
        self.stages().map(|range| Share { value: range.mode, known: known.next().copied().unwrap_or_default() })
    }
}

/// Delivery of fleets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FleetDefaults {
    /// Acceptance and burn-in.
    pub burn_in: Seconds,
    /// Restart when chips join.
    pub expansion: Seconds,
    /// What is left of a mixed job's speed.
    pub mixed_efficiency: Fraction,
    /// When "not yet" counts as never.
    pub horizon: Seconds,
}

/// What nobody assumes and a user may say all the same; what is `None` comes from price lists, places and sheets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Told {
    /// Purchase price of a chip with its part of the server.
    pub purchase: Option<Usd>,
    /// Rated power of a chip with its part of the server.
    pub rated: Option<Watts>,
    /// Price of electricity.
    pub electricity: Option<EnergyPrice>,
    /// Power usage effectiveness of the site.
    pub pue: Option<f64>,
    /// Data stored.
    pub data: Option<Bytes>,
    /// Traffic out.
    pub egress: Option<Bytes>,
    /// Discount on the rent.
    pub discount: Fraction,
    /// What comes on top of the rent.
    pub uplift: Fraction,
    /// The part of a reservation that is paid at its start.
    pub upfront: Option<Fraction>,
    /// Spare chips over those at work.
    pub spares: Option<Fraction>,
}

/// Every default of the bill.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    /// What is said beyond them.
    pub told: Told,
    /// Failed nodes.
    pub failures: FailureDefaults,
    /// Checkpoints.
    pub checkpoint: CheckpointDefaults,
    /// Planned stops, stragglers, roll-backs, evaluation.
    pub losses: [Range; 4],
    /// Goodput where nothing is modelled.
    pub goodput: Range,
    /// Discounts for commitments.
    pub commitments: Vec<Commitment>,
    /// How the spot market takes chips away.
    pub spot: Market,
    /// Owning, without chip, power, building and border.
    pub own: OwnDefaults,
    /// The building's price.
    pub hosting: HostingDefaults,
    /// Power.
    pub power: PowerDefaults,
    /// Epoch AI's amortisation.
    pub epoch: EpochDefaults,
    /// The border.
    pub border: BorderDefaults,
    /// Inventories of embodied emissions.
    pub inventories: Vec<Inventory>,
    /// The life that embodied emissions are spread over.
    pub embodied_life: Seconds,
    /// Embodied emissions of a square centimetre of die.
    pub die: KgCo2e,
    /// Storage.
    pub storage: StorageDefaults,
    /// The programme.
    pub programme: ProgrammeDefaults,
    /// Yearly spread of the yuan and of the euro.
    pub fx_sigma: [f64; 2],
    /// Fleets.
    pub fleet: FleetDefaults,
}

/// Owning, without chip, power, building and border.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OwnDefaults {
    /// The rest of the server over the chip's price.
    pub server: f64,
    /// The network's share of the cluster.
    pub network: Fraction,
    /// What is left at the end.
    pub residual: Fraction,
    /// Cost of capital a year.
    pub interest: Fraction,
    /// Economic life.
    pub life: Seconds,
    /// Staff per chip and year.
    pub staff: Usd,
    /// Repair over price, a year.
    pub maintenance: Fraction,
    /// Licences and support per chip and year.
    pub software: Usd,
    /// Hours used over hours.
    pub utilisation: Fraction,
}

/// The building's price.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostingDefaults {
    /// What it is paid for.
    pub kind: HostingKind,
    /// With electricity, US dollars per kW and month.
    pub all_in_usd_per_kw_month: f64,
    /// Without, US dollars per kW and month.
    pub facility_usd_per_kw_month: f64,
}
