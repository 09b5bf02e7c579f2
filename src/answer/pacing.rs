//! How fast the work goes, and what that depends on: numbers that were given, a run's hours moved to another setting, or
//! a prediction.

use std::sync::Arc;

use super::given::{asked, is_flag};
use super::looked_up::LookedUp;
use super::phases::Baseline;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::estimate::whole_nodes;
use crate::input::field::{FIELDS, Field};
use crate::input::file::{Entry, Spec};
use crate::predict::Setting;
use crate::predict::transfer::Transfer;
use crate::units::{Chips, Seconds};

/// Where the speed comes from.
#[derive(Debug, Clone)]
pub enum Pacing {
    /// Hours, an MFU, or chips and time: as they were given.
    Stated {
        /// On another number of chips the run would be laid out anew.
        relayable: bool,
    },
    /// The run's hours, times what the step model says of both settings.
    Relaid(Box<Transfer>),
    /// The step model.
    Predicted(Box<Setting>),
}

/// How often more chips are tried.
const DOUBLINGS: u32 = 12;

/// Nothing but what was given.
const STATED: Pacing = Pacing::Stated { relayable: false };

impl Pacing {
    /// Decides.
    ///
    /// # Errors
    /// An unknown model or stack, a layout field that is none of its values.
    pub fn of(looked: &LookedUp<'_>, catalog: &Catalog) -> Result<Self, Error> {
        let (spec, base) = (&looked.spec, &*looked.base);
        let held = is_set(spec.hold_hours.as_ref()) || is_set(spec.keep_mfu.as_ref());
        // Hours that are asked for in place of a run's own are arithmetic; beside a model they are confirmed.
        let in_place = is_flag(spec.gpu_hours.as_ref()) && looked.baseline.has_hours();
        let given = spec.mfu.is_some() || in_place || held;
        let Some(on) = looked.on.as_ref().filter(|_| spec.model.is_some() && !given) else { return Ok(STATED) };
        if !looked.baseline.has_hours() {
            let setting = Setting::of(spec, &on.profile, catalog)?;
            return Ok(setting.map_or(STATED, |setting| Self::Predicted(Box::new(setting))));
        }
        if base.model.is_none() {
            return Ok(STATED);
        }
        let asks_for_chips = is_flag(spec.wall_clock.as_ref()) && !is_flag(spec.chips.as_ref());
        if looked.from.is_none() && same_setting(spec, base) && !asks_for_chips && !spec.is_ranged("run.chips") {
            return Ok(Self::Stated { relayable: true });
        }
        // A run whose own step cannot be laid out keeps its MFU; that is no reason to refuse the question.
        let own_chip = looked.from.as_ref().unwrap_or(on);
        let own = Setting::of(&unmeasured(base), &own_chip.profile, catalog).ok().flatten();
        let Some(mut asked) = Setting::of(&without_degrees(spec), &on.profile, catalog)? else { return Ok(STATED) };
        // The run's own factor stands in for the prior of its software.
        let measured = asked.measured.take();
        let relaid = own.and_then(|own| match &base.chips {
            Some(own_chips) => Transfer::new(own, own_chips.value, asked).ok(),
            None => for_a_month(&looked.baseline, own.machine.node)
                .find_map(|chips| Transfer::new(own.clone(), chips, asked.clone()).ok()),
        });
        let Some(transfer) = relaid else { return Ok(STATED) };
        let Some(measured) = measured else { return Ok(Self::Relaid(Box::new(transfer))) };
        if let Some(ratio) = &spec.transfer_ratio {
            let error = Error::bad_input("the ratio of the transfer is given, and steps were measured that tell it");
            return Err(ratio.origin.locate(error.with_hint("leave transfer.ratio or the measured steps out")));
        }
        let goodput = base.goodput.as_ref().map_or(transfer.before.goodput, |entry| entry.value.get());
        let busy = looked.baseline.main_pace().map(|pace| pace * goodput);
        Ok(Self::Relaid(Box::new(busy.map_or(transfer.clone(), |busy| transfer.after(measured, busy)))))
    }

    /// The setting that is asked about, where there is a step.
    pub fn setting(&self) -> Option<&Setting> {
        match self {
            Self::Stated { .. } => None,
            Self::Relaid(transfer) => Some(&transfer.asked),
            Self::Predicted(setting) => Some(setting),
        }
    }

    /// Tokens of a sequence.
    pub fn seq_len(&self) -> Option<u32> {
        self.setting().map(|setting| setting.seq_len)
    }

    /// Whether another number of chips would change the hours.
    pub fn depends_on_chips(&self) -> bool {
        !matches!(self, Self::Stated { relayable: false })
    }
}

/// The chips of a run that does not say how many they were: those on which it takes a month, or two, four and more times
/// as many where it does not fit on them. An assumption.
fn for_a_month(baseline: &Baseline, node: u32) -> impl Iterator<Item = Chips> {
    const MONTH: f64 = 30.0;
    let hours = baseline.shares().all();
    let chips = whole_nodes(hours / Seconds::from_days(MONTH), node);
    (0..DOUBLINGS).map(move |times| Chips::new(chips.get() * f64::from(1 << times)))
}

fn is_set(flag: Option<&Entry<bool>>) -> bool {
    flag.is_some_and(|flag| flag.value)
}

/// Whether everything that decides a step, the chip apart, is as the file has it.
fn same_setting(spec: &Spec, base: &Spec) -> bool {
    let decides =
        |field: &&Field| field.is_of_a_step() || matches!(field.path, "model" | "run.chips" | "run.precision");
    FIELDS.iter().filter(decides).all(|field| (field.same)(spec, base))
}

/// The same without its degrees and measured steps: the run's hours are what is known of its software.
fn unmeasured(spec: &Spec) -> Spec {
    Spec { measured: None, tokens_per_second: None, step_time: None, ..without_degrees(spec) }
}

/// The run's own degrees left open, so that both sides are laid out alike; those that were asked for hold.
pub(super) fn without_degrees(spec: &Spec) -> Spec {
    Spec {
        tp: asked(&spec.tp),
        pp: asked(&spec.pp),
        vpp: asked(&spec.vpp),
        dp: asked(&spec.dp),
        cp: asked(&spec.cp),
        ep: asked(&spec.ep),
        micro_batch: asked(&spec.micro_batch),
        zero: asked(&spec.zero),
        recompute: asked(&spec.recompute),
        home: spec.home.as_ref().map(|home| Arc::new(without_degrees(home))),
        ..spec.clone()
    }
}
