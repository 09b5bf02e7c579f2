//! What rules make of a chip on its way to a destination: the export, the border, the destination's own rules.

use super::Metric;
use super::rule::{Finding, Item, Rule, Standing, Status, Subject, Verdict, findings, standing};
use crate::units::date::Date;

/// The country whose export rules these are.
pub const HOME: &str = "usa";

/// The group that every place is in.
pub const ANYWHERE: &str = "anywhere";

/// Which question a rule answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Whether the export needs a licence, and how it is reviewed.
    Export,
    /// What the border costs.
    Border,
    /// What the destination itself says.
    Destination,
    /// None: it says how others are read.
    Reading,
}

/// The parts and how a rule file names them.
pub const PARTS: [(&str, Part); 4] = [
    ("export", Part::Export),
    ("border", Part::Border),
    ("destination", Part::Destination),
    ("reading", Part::Reading),
];

/// What follows from a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A licence, unless a licence exception is used.
    Exception,
    /// A licence, reviewed as the rule's reach says.
    Licence,
    /// A licence, reviewed case by case.
    Review,
    /// A licence, presumed to be denied.
    Denial,
    /// The destination approves each purchase.
    Approval,
    /// The destination bars a use.
    EndUse,
    /// The destination does not let it in.
    Stopped,
}

/// The effects and how a rule file names them.
pub const EFFECTS: [(&str, Effect); 7] = [
    ("exception", Effect::Exception),
    ("licence", Effect::Licence),
    ("review", Effect::Review),
    ("denial", Effect::Denial),
    ("approval", Effect::Approval),
    ("end use", Effect::EndUse),
    ("stopped", Effect::Stopped),
];

/// What becomes of an export, the strictest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// No licence by these rules.
    Free,
    /// A licence.
    Licence,
    /// A licence, reviewed case by case.
    Review,
    /// A licence, presumed to be denied.
    Denied,
}

/// How licences are reviewed, and how a rule file names it.
pub const REVIEWS: [(&str, Outcome); 3] =
    [("licence", Outcome::Licence), ("review", Outcome::Review), ("denial", Outcome::Denied)];

/// A place, with the groups that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its profile, or its entry in the list of destinations.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The country groups it is in.
    pub groups: Vec<String>,
}

impl Place {
    /// Whether it is one of these places, or in one of these groups.
    pub fn is_in(&self, names: &[String]) -> bool {
        names.iter().any(|name| name == ANYWHERE || *name == self.id || self.groups.contains(name))
    }
}

/// Destinations that a rule reaches, and how it has licences reviewed there.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    /// Places and country groups.
    pub to: Vec<String>,
    /// Places and groups that are left out.
    pub except: Vec<String>,
    /// Firms with headquarters there too, wherever they are.
    pub headquarters: bool,
    /// How licences are reviewed.
    pub review: Option<Outcome>,
}

/// A chip on its way to a place.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The chip.
    pub item: Item<'a>,
    /// Where its maker has its headquarters, if that is known.
    pub maker: Option<&'a Place>,
    /// Where it goes.
    pub to: &'a Place,
    /// Where the buyer, or its ultimate parent, has its headquarters.
    pub headquarters: &'a Place,
    /// The day.
    pub day: Date,
}

/// What becomes of the export as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// One outcome.
    Is(Outcome),
    /// It lies between two outcomes: a value that decides is not published.
    Between(Outcome, Outcome),
    /// The maker is not under these rules as an exporter.
    NotUs,
    /// Where the maker is at home is not known.
    MakerUnknown,
}

/// What one rule makes of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling<'a> {
    /// The rule: of two, the one that changes the other's denial.
    pub rule: &'a Rule,
    /// The rule whose denial it changes.
    pub amended: Option<&'a Rule>,
    /// Chips of this name fail one of the conditions of a rule that would have helped: that rule.
    pub spared: Option<&'a Rule>,
    /// The mildest outcome.
    pub low: Outcome,
    /// The strictest outcome.
    pub high: Outcome,
    /// The tests behind it that are met or cannot be decided, each with its rule.
    pub behind: Vec<(&'a Rule, Finding<'a>)>,
}

impl Ruling<'_> {
    /// Whether a licence exception would do.
    pub fn excepted(&self) -> bool {
        self.high == Outcome::Licence
            && self.behind.iter().all(|(_, finding)| finding.test.effect == Some(Effect::Exception))
    }
}

/// Why a rule is not about a chip, whatever its tests say of the numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Beside<'a> {
    /// The maker does not export from the US.
    NotUs,
    /// The rule whose denial it changes denies nothing here.
    Undenied(&'a Rule),
    /// The chip fails one of its conditions in words.
    Spared(&'a str),
}

/// Why a rule is not about a chip, if it is not.
///
/// # Formula
/// the maker's home for US rules; for a rule that amends, whether the other could deny
/// # Source
/// The rules: what January 2026 changes is what October 2023 denies.
pub fn beside<'a>(rule: &'a Rule, rules: &[&'a Rule], item: &Item<'_>, maker: Option<&Place>) -> Option<Beside<'a>> {
    let of_exports = matches!(rule.part, Part::Export | Part::Border);
    if of_exports && maker.is_some_and(|maker| maker.id != HOME) {
        return Some(Beside::NotUs);
    }
    if rule.spares.0.iter().any(|chip| chip == item.chip) {
        return Some(Beside::Spared(&rule.spares.1));
    }
    let amended = rules.iter().find(|other| rule.amends.as_deref() == Some(other.id.as_str()))?;
    let could_deny =
        |finding: &Finding<'_>| finding.verdict != Verdict::NotMet && finding.test.effect == Some(Effect::Licence);
    (!findings(amended, item).iter().any(could_deny)).then_some(Beside::Undenied(amended))
}

/// Whether a rule on chips speaks on a day and reaches a case; a bill never does.
///
/// # Formula
/// in force, and a reach that holds the place or the buyer's headquarters
/// # Source
/// The rule's dates and destinations.
pub fn reaches(rule: &Rule, case: &Case<'_>) -> bool {
    let speaks = rule.subject == Subject::Chip && standing(rule, case.day) == Standing::InForce;
    let abroad = !rule.foreign || case.maker.is_none_or(|maker| maker.id != case.to.id);
    speaks && abroad && rule.reach.iter().any(|reach| holds(reach, case))
}

fn holds(reach: &Reach, case: &Case<'_>) -> bool {
    let inside = |place: &Place| place.is_in(&reach.to) && !place.is_in(&reach.except);
    // Headquarters count for a destination abroad: nothing is exported to a firm at home.
    inside(case.to) || (reach.headquarters && case.to.id != HOME && inside(case.headquarters))
}

/// Every ruling on an export that reaches the case, the strictest first.
///
/// # Formula
/// over the tests of a rule: the strictest that is met, and the strictest that is met or cannot be decided
/// # Source
/// The rules' effects; a rule that amends another speaks where the other denies.
pub fn rulings<'a>(rules: &[&'a Rule], case: &Case<'_>) -> Vec<Ruling<'a>> {
    let binding =
        |rule: &&&Rule| rule.part == Part::Export && !matches!(rule.status, Status::Guidance | Status::Reported);
    let all: Vec<&Rule> = rules.iter().filter(binding).copied().filter(|rule| reaches(rule, case)).collect();
    let own = all.iter().filter(|rule| rule.amends.is_none()).map(|rule| ruling(rule, case));
    let mut found: Vec<Ruling<'a>> = own
        .map(|ruling| {
            let amending = all.iter().filter(|rule| rule.amends.as_deref() == Some(ruling.rule.id.as_str()));
            amending.fold(ruling, |ruling, by| amended(ruling, by, case))
        })
        .filter(|ruling| ruling.high > Outcome::Free)
        .collect();
    found.sort_by_key(|ruling| std::cmp::Reverse((ruling.high, ruling.low, !ruling.excepted())));
    found
}

/// What is met or cannot be decided of a rule's tests.
fn behind<'a>(rule: &'a Rule, case: &Case<'_>) -> Vec<(&'a Rule, Finding<'a>)> {
    let open = findings(rule, &case.item).into_iter().filter(|finding| finding.verdict != Verdict::NotMet);
    open.map(|finding| (rule, finding)).collect()
}

fn ruling<'a>(rule: &'a Rule, case: &Case<'_>) -> Ruling<'a> {
    let review = rule.reach.iter().filter(|reach| holds(reach, case)).filter_map(|reach| reach.review).max();
    let behind = behind(rule, case);
    let outcomes = |met_alone: bool| {
        let counted = behind.iter().filter(move |(_, finding)| !met_alone || finding.verdict == Verdict::Met);
        counted.map(move |(_, finding)| outcome(finding.test.effect, review)).max().unwrap_or(Outcome::Free)
    };
    let (low, high) = (outcomes(true), outcomes(false));
    Ruling { rule, amended: None, spared: None, low, high, behind }
}

fn outcome(effect: Option<Effect>, review: Option<Outcome>) -> Outcome {
    match effect {
        Some(Effect::Licence) => review.unwrap_or(Outcome::Licence),
        Some(Effect::Exception) => Outcome::Licence,
        Some(Effect::Review) => Outcome::Review,
        Some(Effect::Denial) => Outcome::Denied,
        _ => Outcome::Free,
    }
}

/// A ruling after a rule that changes its denial.
fn amended<'a>(ruling: Ruling<'a>, by: &'a Rule, case: &Case<'_>) -> Ruling<'a> {
    if ruling.high < Outcome::Denied {
        return ruling;
    }
    if by.spares.0.iter().any(|chip| chip == case.item.chip) {
        return Ruling { spared: Some(by), ..ruling };
    }
    let new = behind(by, case);
    let outcomes = || new.iter().map(|(_, finding)| outcome(finding.test.effect, None));
    let (Some(mildest), Some(strictest)) = (outcomes().min(), outcomes().max()) else { return ruling };
    let low = if ruling.low == Outcome::Denied { mildest } else { ruling.low };
    let behind = ruling.behind.into_iter().chain(new.iter().cloned()).collect();
    Ruling { rule: by, amended: Some(ruling.rule), spared: None, low, high: strictest, behind }
}

/// What becomes of the export: the strictest of all rulings.
///
/// # Formula
/// from the strictest of the mildest outcomes to the strictest outcome
/// # Source
/// Each rule asks for its own licence; the hardest one decides.
pub fn export(rulings: &[Ruling<'_>], case: &Case<'_>) -> Export {
    match case.maker {
        None => return Export::MakerUnknown,
        Some(maker) if maker.id != HOME => return Export::NotUs,
        Some(_) => {}
    }
    let low = rulings.iter().map(|ruling| ruling.low).max().unwrap_or(Outcome::Free);
    let high = rulings.iter().map(|ruling| ruling.high).max().unwrap_or(Outcome::Free);
    if low == high { Export::Is(high) } else { Export::Between(low, high) }
}

/// The metrics that rulings wait for, each once.
///
/// # Formula
/// the unknown metrics of the tests that cannot be decided, of the rulings that hang on them
/// # Source
/// The rules' tests.
pub fn waiting_for(rulings: &[Ruling<'_>], facts: &super::Facts) -> Vec<Metric> {
    let open = rulings.iter().filter(|ruling| ruling.low < ruling.high).flat_map(|ruling| &ruling.behind);
    let open = open.filter(|(_, finding)| matches!(finding.verdict, Verdict::Unknown(_)));
    let mut found = Vec::new();
    for condition in open.flat_map(|(_, finding)| &finding.test.all) {
        if facts.get(condition.metric).is_none() && !found.contains(&condition.metric) {
            found.push(condition.metric);
        }
    }
    found
}

/// The rules of another part that reach the case with a test that is met or cannot be decided, the strictest first.
///
/// # Formula
/// the first such test of each rule
/// # Source
/// The rules' tests and effects.
pub fn other<'a>(part: Part, rules: &[&'a Rule], case: &Case<'_>) -> Vec<(&'a Rule, Finding<'a>)> {
    let of_part = rules.iter().copied().filter(|rule| rule.part == part && reaches(rule, case));
    let mut found: Vec<(&Rule, Finding<'_>)> = of_part
        .filter_map(|rule| {
            let mut open = behind(rule, case);
            open.sort_by_key(|(_, finding)| finding.verdict != Verdict::Met);
            open.into_iter().next()
        })
        .collect();
    found.sort_by_key(|(_, finding)| (finding.verdict != Verdict::Met, std::cmp::Reverse(finding.test.effect)));
    found
}
