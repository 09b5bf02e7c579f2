//! What a user chooses of a bill, and how that is laid over its defaults.

use super::failures::FailureChoices;
use super::place::Place;
use crate::assume::{Agreed, Laid, lay, told};
use crate::cost::View;
use crate::cost::defaults::{BORDER_KINDS, BorderKind, Defaults, HostingKind, PowerBasis};
use crate::cost::shares::{Known, STAGES, Stage};
use crate::hardware::price::Term;
use crate::input::table::Spec;
use crate::read::Sources;
use crate::units::date::Date;
use crate::units::{Fraction, Seconds};

/// What the user chooses; what is `None` here is left to the defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choices {
    /// The place; the world's average without one.
    pub region: Option<String>,
    /// A hyperscaler's site rather than a rented hall.
    pub hyperscale: bool,
    /// The day asked about.
    pub day: Option<Date>,
    /// When a published run was published.
    pub run: Option<Date>,
    /// On what terms the chips are rented.
    pub term: Option<Term>,
    /// What the border takes.
    pub border: Option<BorderKind>,
    /// What hosting is paid for; metered where a place is named, so that its price of electricity counts.
    pub hosting: Option<HostingKind>,
    /// The basis of the power.
    pub power: Option<PowerBasis>,
    /// Programme compute over the final run.
    pub programme: Option<f64>,
    /// People on the programme.
    pub people: Option<f64>,
    /// How long they work on it.
    pub duration: Option<Seconds>,
    /// Values laid over the assumptions.
    pub laid: Vec<Laid>,
    /// The contract behind a rent.
    pub agreed: Agreed,
    /// Failures, checkpoints and storage.
    pub failures: FailureChoices,
}

impl Choices {
    /// What a spec chooses.
    pub fn of(spec: &Spec) -> Self {
        Self {
            region: spec.region.as_ref().map(|entry| entry.value.clone()),
            hyperscale: spec.hyperscale.as_ref().is_some_and(|entry| entry.value),
            day: spec.as_of.as_ref().map(|entry| entry.value),
            run: spec.date,
            term: spec.term.as_ref().map(|entry| entry.value),
            border: spec.border.as_ref().map(|entry| entry.value),
            hosting: spec.hosting.as_ref().map(|entry| entry.value),
            power: spec.power.as_ref().map(|entry| entry.value),
            programme: spec.programme.as_ref().map(|entry| entry.value),
            people: spec.people.as_ref().map(|entry| entry.value),
            duration: None,
            laid: crate::assume::of(spec),
            agreed: Agreed::of(spec),
            failures: FailureChoices::of(spec),
        }
    }

    /// What the question knows of the programme's stages, of which the run's own phases hold so much.
    pub(super) fn stages(&self, held: &[Option<Fraction>; 5]) -> [Known; 5] {
        let asked = |stage: Stage| self.laid.iter().any(|one| one.field == stage.field());
        STAGES.map(|(_, stage)| Known { asked: asked(stage), held: held.get(stage as usize).copied().flatten() })
    }

    /// The sources of the shares; where all compute is said, that is where they are from.
    pub(super) fn shared_out(&self, sources: Sources) -> Sources {
        let Some(all) = self.programme else { return sources };
        let from = || told(format!("bill.programme {all}, in proportion to the shares that are assumed"));
        STAGES.iter().fold(sources, |sources, (_, stage)| sources.with(stage.field().to_owned(), from()))
    }

    /// Lays the values over the defaults.
    pub(super) fn lay(&self, defaults: &mut Defaults) {
        lay(defaults, &self.laid);
        defaults.border.kind = self.border.unwrap_or(defaults.border.kind);
        defaults.power.basis = self.power.unwrap_or(defaults.power.basis);
    }

    /// Decides what hosting is paid for. Where a price of electricity is said, or known of the place that is named, it is
    /// metered.
    pub(super) fn house(&self, defaults: &mut Defaults, place: &Place) {
        let said = defaults.told.electricity.is_some();
        let metered = said || (self.region.is_some() && place.region().electricity.is_some());
        let usual = if metered { HostingKind::Facility } else { defaults.hosting.kind };
        defaults.hosting.kind = self.hosting.unwrap_or(usual);
    }
}

/// A given border that changes no line of this bill.
pub(super) fn idle_border(choices: &Choices, view: View) -> Option<String> {
    let name = BORDER_KINDS.iter().find(|(_, kind)| Some(*kind) == choices.border && *kind != BorderKind::None)?.0;
    let why = match view {
        View::Own => return None,
        View::Rent => "a rent contains what the provider paid there",
        View::Epoch => "its method has no border",
    };
    let shown = view.name();
    Some(format!("--border {name} changes no line of --bill {shown}: {why}; it moves the owned hour beside it"))
}
