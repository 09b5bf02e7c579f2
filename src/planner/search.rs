//! Looking for a plan: numbers of chips, each tried as a question of its own.

pub mod chips;
pub mod knee;
pub mod nearest;
pub mod work;

use std::cell::RefCell;

use super::trial::{Trial, Verdict};
use crate::answer::looked_up::chip_of;
use crate::answer::settled::Step;
use crate::catalog::Catalog;
use crate::cost::Judged;
use crate::error::Error;
use crate::input::deliveries::{DELIVERIES, Deliveries};
use crate::input::question::Question;
use crate::solve::Var;
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Chips, show};
use nearest::{Candidate, refused};

/// Chips of a node of a chip that is not named.
const NODE: u32 = 8;

/// A question whose chips are open.
pub struct Search<'a> {
    question: &'a Question,
    catalog: &'a Catalog,
    /// How its draws are made.
    pub plan: Plan,
    /// Chips of a node.
    pub node: u32,
    /// What is delivered, where it is; its parts grow and shrink together.
    deliveries: Option<Deliveries>,
    seen: RefCell<Vec<Seen>>,
}

/// What was tried: nodes, the number of draws, and what came of it.
type Seen = (u32, usize, Result<Verdict, Error>);

/// Draws of a search; what it finds is tried again on all.
pub const FEW: usize = 1 << 11;

/// As many draws as there are, but few.
pub fn few(plan: &Plan) -> Plan {
    Plan::new(FEW.min(plan.draws()), plan.seed(), plan.method()).unwrap_or(*plan)
}

/// What money is held against, in a word.
pub fn word(judged: Option<Judged>) -> &'static str {
    match judged {
        None => "rent",
        Some(Judged::FinalRun) => "final-run",
        Some(Judged::Programme) => "programme",
    }
}

impl<'a> Search<'a> {
    /// Of a question.
    ///
    /// # Errors
    /// An unknown chip; hours that follow from the chips themselves.
    pub fn of(question: &'a Question, plan: &Plan, catalog: &'a Catalog) -> Result<Self, Error> {
        let spec = question.spec()?;
        let gpu = spec.gpu.as_ref().map(|gpu| chip_of(gpu, catalog)).transpose()?;
        let node = gpu.map_or(NODE, |chip| chip.chip.node_chips);
        let deliveries = spec.deliveries.map(|entry| entry.value);
        let search = Self { question, catalog, plan: *plan, node, deliveries, seen: RefCell::default() };
        let found = crate::answer::answer(&search.with(1)?, catalog);
        if let Ok(found) = found
            && found.solved.rests_on(Var::GpuHours, Var::Chips)
            && found.step == Step::Given
        {
            let error = Error::no_solution("the GPU-hours were given as chips times time: there is nothing to plan");
            return Err(error.with_hint("give --gpu-hours, or --tokens with --params, --gpu and --mfu"));
        }
        Ok(search)
    }

    /// The question on so many nodes: of deliveries each has its share of them, in whole nodes.
    ///
    /// # Errors
    /// More chips than can be delivered.
    pub fn with(&self, nodes: u32) -> Result<Question, Error> {
        let chips = self.chips(nodes);
        let question = self.question.clone();
        Ok(match &self.deliveries {
            None => question.with("run.chips", chips),
            Some(all) => question.with(DELIVERIES, self.scaled(all, chips)?.to_string()),
        })
    }

    fn scaled(&self, all: &Deliveries, chips: f64) -> Result<Deliveries, Error> {
        all.scaled(chips / all.chips(), f64::from(self.node))
    }

    /// Chips of so many nodes.
    pub fn chips(&self, nodes: u32) -> f64 {
        f64::from(nodes) * f64::from(self.node)
    }

    /// Nodes of so many chips, at least one.
    pub fn nodes(&self, chips: Chips) -> u32 {
        ((chips.get() / f64::from(self.node)).round() as u32).max(1)
    }

    /// What stands in the question on so many nodes: the field, and what is typed for it.
    ///
    /// # Errors
    /// As [`Search::with`].
    pub fn typed(&self, nodes: u32) -> Result<(&'static str, String), Error> {
        let chips = self.chips(nodes);
        Ok(match &self.deliveries {
            None => ("run.chips", crate::units::show::exact(Chips::new(chips))),
            Some(all) => (DELIVERIES, self.scaled(all, chips)?.to_string()),
        })
    }

    /// The chips that are held, or delivered in all, on so many nodes.
    ///
    /// # Errors
    /// As [`Search::with`].
    pub fn held(&self, nodes: u32) -> Result<f64, Error> {
        let chips = self.chips(nodes);
        self.deliveries.as_ref().map_or(Ok(chips), |all| Ok(self.scaled(all, chips)?.chips()))
    }

    /// Chips over those of the deliveries, where there are some.
    pub fn factor(&self, nodes: u32) -> Option<f64> {
        self.deliveries.as_ref().and_then(|all| Some(self.held(nodes).ok()? / all.chips()))
    }

    /// Few draws, to find where to look with all of them.
    pub fn few(&self) -> Plan {
        few(&self.plan)
    }

    /// The question on so many nodes, tried.
    ///
    /// # Errors
    /// As [`Trial::of`].
    pub fn trial(&self, nodes: u32) -> Result<Trial, Error> {
        Trial::of(&self.with(nodes)?, &self.plan, self.catalog)
    }

    /// What comes of so many nodes on some draws.
    ///
    /// # Errors
    /// As [`Trial::of`].
    pub fn verdict(&self, nodes: u32, plan: &Plan) -> Result<Verdict, Error> {
        let key = (nodes, plan.draws());
        if let Some((_, _, known)) = self.seen.borrow().iter().find(|(nodes, draws, _)| (*nodes, *draws) == key) {
            return known.clone();
        }
        let found =
            self.with(nodes).and_then(|question| Trial::of(&question, plan, self.catalog)).map(|trial| trial.verdict);
        self.seen.borrow_mut().push((key.0, key.1, found.clone()));
        found
    }

    /// A number of nodes that was tried and does not hold.
    fn candidate(&self, nodes: u32, verdict: &Verdict) -> Option<Candidate> {
        let typed = vec![self.typed(nodes).ok()?];
        Some(Candidate { question: self.with(nodes).ok()?, typed, verdict: verdict.clone() })
    }

    /// Why nothing that was tried holds, with what holds nearby.
    fn refused(&self, error: Error, hint: &str, tried: &[(u32, Verdict)]) -> Error {
        let near: Vec<Candidate> =
            tried.iter().filter_map(|(nodes, verdict)| self.candidate(*nodes, verdict)).collect();
        refused(error, hint, &near, &self.plan, self.catalog)
    }

    /// How many chips so many nodes are, in words.
    fn in_words(&self, nodes: u32) -> String {
        show::counted(show::chips(Chips::new(self.held(nodes).unwrap_or(f64::NAN))), "chip")
    }

    /// Everything that was tried and has an answer, by nodes.
    fn tried(&self) -> Vec<(u32, Verdict)> {
        let mut all: Vec<(u32, Verdict)> = Vec::new();
        for (nodes, _, verdict) in self.seen.borrow().iter() {
            if let Ok(verdict) = verdict {
                all.retain(|(known, _)| known != nodes);
                all.push((*nodes, verdict.clone()));
            }
        }
        all.sort_by_key(|(nodes, _)| *nodes);
        all
    }
}
