//! Storage: checkpoints that are kept, the data set, and traffic out of the cloud.

use crate::error::Error;
use crate::units::check::not_negative;
use crate::units::{Bytes, Seconds, Usd};

use super::{Charge, Context, CostLine, Scope};

/// The terms of storage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Storage {
    /// Full checkpoints kept at any time.
    pub checkpoints_kept: f64,
    /// Size of one; `None` where it is not known.
    pub checkpoint: Option<Bytes>,
    /// Size of the tokenised data; `None` where it is not known.
    pub data: Option<Bytes>,
    /// Price of keeping a gigabyte for a month, in US dollars.
    pub usd_per_gb_month: f64,
    /// Traffic out of the provider's network; `None` where it is not known.
    pub egress: Option<Bytes>,
    /// Price of a gigabyte of it, in US dollars.
    pub usd_per_gb_egress: f64,
}

/// Price of keeping bytes for a time.
///
/// # Formula
/// `GB * months * p`
/// # Source
/// The provider's price list; months of 730 hours.
///
/// ```
/// use flopbill::internals::cost::storage::keep;
/// use flopbill::internals::units::{Bytes, Seconds};
/// let price = keep(Bytes::from_gb(1000.0), Seconds::from_months(2.0), 0.02)?;
/// assert!((price.get() - 40.0).abs() < 1e-9); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn keep(bytes: Bytes, time: Seconds, usd_per_gb_month: f64) -> Result<Usd, Error> {
    not_negative("the bytes stored", bytes)?;
    not_negative("the storage price", usd_per_gb_month)?;
    Ok(Usd::new(bytes.gb() * time.months() * usd_per_gb_month))
}

/// Price of traffic out of the provider's network.
///
/// # Formula
/// `GB * p`
/// # Source
/// The provider's price list.
///
/// ```
/// use flopbill::internals::cost::storage::egress;
/// use flopbill::internals::units::Bytes;
/// assert!((egress(Bytes::from_gb(1342.0), 0.05)?.get() - 67.1).abs() < 1e-9); // by hand
/// # Ok::<(), flopbill::Error>(())
/// ```
pub fn egress(bytes: Bytes, usd_per_gb: f64) -> Result<Usd, Error> {
    not_negative("the traffic", bytes)?;
    not_negative("the price of traffic", usd_per_gb)?;
    Ok(Usd::new(bytes.gb() * usd_per_gb))
}

/// Why a contract of rent leaves nothing to pay for.
const INCLUDED: &str = "the rent includes it";

/// Bytes kept over the run as a line of the bill.
fn stored(
    context: &Context,
    (label, source, missing): (&'static str, &'static str, &'static str),
    bytes: Option<Bytes>,
) -> Result<CostLine, Error> {
    let price = context.terms.storage.usd_per_gb_month;
    let wall = context.usage.wall;
    let quantity = bytes.zip(wall).map_or(0.0, |(bytes, wall)| bytes.gb() * wall.months());
    let charge = match (bytes, wall) {
        _ if context.terms.rent.contract.includes.storage => Charge::Contained(INCLUDED),
        (Some(bytes), Some(wall)) => Charge::Priced { price, amount: keep(bytes, wall, price)? },
        (Some(_), None) => Charge::NotPriced("without a number of chips it is not known for how long"),
        (None, _) => Charge::NotPriced(missing),
    };
    let (unit, price_unit) = ("GB-months", "USD/GB-month");
    Ok(CostLine { label, quantity, unit, price_unit, charge, source, scope: Scope::FinalRun })
}

/// Checkpoints.
pub(super) fn checkpoint_line(context: &Context) -> Result<CostLine, Error> {
    let terms = &context.terms.storage;
    not_negative("the checkpoints kept", terms.checkpoints_kept)?;
    let bytes = terms.checkpoint.map(|size| size * terms.checkpoints_kept);
    stored(context, ("Checkpoints kept", "storage.price", "the size of a checkpoint is not known"), bytes)
}

/// The data set.
pub(super) fn data_line(context: &Context) -> Result<CostLine, Error> {
    let missing = "the size of the data set is not known";
    stored(context, ("Data set stored", "storage.price", missing), context.terms.storage.data)
}

/// Traffic out.
pub(super) fn egress_line(context: &Context) -> Result<CostLine, Error> {
    let terms = &context.terms.storage;
    let price = terms.usd_per_gb_egress;
    let charge = match terms.egress {
        _ if context.terms.rent.contract.includes.egress => Charge::Contained(INCLUDED),
        Some(bytes) => Charge::Priced { price, amount: egress(bytes, price)? },
        None => Charge::NotPriced("the traffic out is not known"),
    };
    Ok(CostLine {
        label: "Traffic out",
        quantity: terms.egress.map_or(0.0, Bytes::gb),
        unit: "GB",
        price_unit: "USD/GB",
        charge,
        source: "storage.egress",
        scope: Scope::FinalRun,
    })
}
