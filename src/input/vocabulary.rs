//! The names that the table of fields is written in.

pub(super) use std::sync::Arc;

pub(super) use crate::cost::defaults::{BORDER_KINDS, BorderKind, HOSTING_KINDS, HostingKind, POWER_BASES, PowerBasis};
pub(super) use crate::cost::rent_terms::RENT_TERMS;
pub(super) use crate::cost::shares::MOST_SHARE;
pub(super) use crate::cost::{JUDGED, Judged, VIEWS, View};
pub(super) use crate::error::Error;
pub(super) use crate::hardware::optimizer::{OFFLOADS, OPTIMIZERS, Offload, Optimizer};
pub(super) use crate::hardware::precision::{PRECISIONS, Precision, STATES, States};
pub(super) use crate::hardware::price::Term;
pub(super) use crate::input::batch::Batch;
pub(super) use crate::input::bounds::{CENT, CHIPS, DEAREST, GB, GB_MONTH, KW_MONTH, LEAST, LONGEST, MOST, SHORTEST};
pub(super) use crate::input::deliveries::Deliveries;
pub(super) use crate::input::due::Due;
pub(super) use crate::input::field::{Field, Group};
pub(super) use crate::input::file::{Entry, PhaseSpec, Reported};
pub(super) use crate::input::measured::Measured;
pub(super) use crate::input::question::{Input, Typed};
pub(super) use crate::input::quote::Quote;
pub(super) use crate::input::range::Range;
pub(super) use crate::input::text::{
    choice, currency, date, days, dollars_per, included, megawatts, money, name, number, portion, rate, seconds, share,
    shown_per, switch, tflops, times, wait, whole, years,
};
pub(super) use crate::input::typed::{Rates, entry, in_months};
pub(super) use crate::layout::parallelism::SCHEDULES;
pub(super) use crate::layout::stages::CUTS;
pub(super) use crate::model::flops::RECOMPUTES;
pub(super) use crate::model::tower::{InRun, TOWERS};
pub(super) use crate::model::tuning::{TRAINED, Trained};
pub(super) use crate::reliability::checkpoint::{WAYS, Way};
pub(super) use crate::rollout::algorithm::{ALGORITHMS, Algorithm};
pub(super) use crate::units::date::Date;
pub(super) use crate::units::money::Code;
pub(super) use crate::units::parse::{Grammar, parse};
pub(super) use crate::units::show::exact;
pub(super) use crate::units::{
    Bytes, BytesPerSecond, ChipSeconds, Chips, EnergyPrice, Flop, FlopPerSecond, Fraction, Params, Price,
    Quantity as _, Seconds, Tokens, Usd, Watts,
};
