//! Answers side by side: what moved, and which factor moved it.

use serde::Serialize;

use super::estimate::bill;
use super::full::{Bills, Depth, Full, Wanted};
use super::reply::{CurrencyReply, Input, Ordered, ReplyHead, SourceLine};
use super::request::About;
use crate::answer::answer;
use crate::answer::narrowed::Narrowed;
use crate::answer::ranges::{Asked, spread};
use crate::answer::whole_bill::WholeBill;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::question::Question;
use crate::reply::result::unheard;
pub use crate::sides::{BilledSide, Difference, Factor, Side, Step, TARGETS, Target, difference, saved};
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Usd, show};

/// What the sides are called.
pub const LETTERS: [&str; 8] = ["A", "B", "C", "D", "E", "F", "G", "H"];

/// The question of `compare`.
///
/// ```
/// use flopbill::{Catalog, CompareRequest, Input};
///
/// let dearer = Input::about("deepseek-v3").price("$3/h");
/// let request = CompareRequest::new().side("deepseek-v3").side(dearer);
/// let reply = request.ask(&Catalog::built_in())?;
/// assert!((reply.result.differences[0].ratio - 1.5).abs() < 1e-12); // by hand: $3 over $2
/// # Ok::<(), flopbill::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CompareRequest {
    /// The sides, the first of which the others are held against.
    pub sides: Vec<Asks>,
    /// How the draws are made.
    pub draws: Plan,
    /// What names the currency in which money is shown, where no side is a question.
    pub shown_by: Option<Box<Question>>,
}

/// A side that is asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Asks {
    /// A question.
    About(Box<About>),
    /// A saved answer: the name of its file, and its text.
    Saved(String, String),
}

impl CompareRequest {
    /// No sides yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more question.
    #[must_use]
    pub fn side(mut self, about: impl Into<About>) -> Self {
        self.sides.push(Asks::About(Box::new(about.into())));
        self
    }

    /// One more saved reply with hours or a step, in JSON of this schema or the one before.
    #[must_use]
    pub fn saved(mut self, file: impl Into<String>, text: impl Into<String>) -> Self {
        self.sides.push(Asks::Saved(file.into(), text.into()));
        self
    }
}

/// The answer of `compare`.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CompareReply {
    /// What every reply opens with.
    #[serde(flatten)]
    pub head: ReplyHead,
    /// What is compared.
    pub sides: Vec<SideRow>,
    /// What moved.
    pub result: Compared,
}

impl CompareReply {
    /// The sentences of the limits that are broken, or that cannot be judged, each with its side's letter.
    pub fn failed(&self) -> impl Iterator<Item = String> {
        let of = |side: &SideRow| {
            let said = side.answer.gates.iter().filter_map(|gate| gate.sentence.as_deref());
            said.map(|said| format!("{}: {said}", side.side)).collect::<Vec<_>>()
        };
        self.sides.iter().flat_map(of)
    }
}

/// A side with its letter.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SideRow {
    /// Its letter.
    pub side: &'static str,
    /// The answer.
    #[serde(flatten)]
    pub answer: Side,
}

/// What moved.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Compared {
    /// In a sentence.
    pub verdict: String,
    /// Each target of each side against the first.
    pub differences: Vec<DifferenceRow>,
}

/// One target of one side against the first.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DifferenceRow {
    /// The first side.
    pub from: &'static str,
    /// The other.
    pub to: &'static str,
    /// cost, GPU-hours, wall-clock, or whole bill where both sides have one.
    pub of: &'static str,
    /// The other over the first.
    pub ratio: f64,
    /// What that is the product of.
    pub factors: Vec<FactorRow>,
    /// The other less the first, in steps that add up to it: `from_usd`, `to_usd` and `usd` of a cost, days and GPU-hours
    /// likewise.
    pub steps: Vec<Step>,
    /// What is compared.
    #[serde(skip)]
    pub target: Target,
}

/// A factor of a ratio.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct FactorRow {
    /// What it is.
    pub factor: &'static str,
    /// What it multiplies by.
    pub ratio: f64,
    /// Its part of the logarithm of the whole.
    pub log_share: f64,
    /// Its value on the two sides.
    #[serde(skip)]
    pub values: Option<(f64, f64)>,
}

impl CompareRequest {
    /// Sets answers side by side.
    ///
    /// # Errors
    /// As `estimate`; a saved answer that does not read; one side, or more than a page holds.
    pub fn ask(&self, catalog: &Catalog) -> Result<CompareReply, Error> {
        let mut head = ReplyHead::new("compare", "side by side");
        let mut sides = Vec::new();
        for asks in &self.sides {
            match asks {
                Asks::Saved(file, text) => sides.push(saved(file, text)?),
                Asks::About(about) => {
                    for question in each_place(about.question(catalog)?)? {
                        sides.push(self.side_of(&question, &mut head, catalog)?);
                    }
                }
            }
        }
        if sides.len() < 2 {
            let error = Error::bad_input("there is nothing to compare with");
            return Err(error.with_hint("name two runs, specs or saved answers, or one and --gpu h800,h200"));
        }
        if sides.len() > LETTERS.len() {
            let error = Error::bad_input(format!("{} answers do not fit side by side", sides.len()));
            return Err(error.with_hint(format!("compare at most {}, or use `flopbill sweep`", LETTERS.len())));
        }
        if let Some(question) = self.shown_by.as_ref().filter(|_| head.currency.is_none()) {
            head.currency = question.in_dollars(catalog)?.said.shown.as_ref().map(CurrencyReply::of);
        }
        head.warnings.dedup();
        let differences = differences(&sides);
        let origin = |(letter, side): (&&str, &Side)| Some(format!("MFU of {letter}: {}", side.mfu_origin.as_ref()?));
        let narrowed =
            |(letter, side): (&&str, &Side)| Some(format!("{letter}, {}", side.narrowed.as_ref()?.sentence()));
        let lettered = || LETTERS.iter().zip(&sides);
        head.assumptions = lettered().filter_map(origin).chain(lettered().filter_map(narrowed)).collect();
        (head.inputs, head.sources) = made_from(&sides);
        let result = Compared { verdict: verdict(&sides, &differences), differences };
        let row = |(side, answer): (&&'static str, Side)| SideRow { side, answer };
        Ok(CompareReply { head, sides: LETTERS.iter().zip(sides).map(row).collect(), result })
    }
}

impl CompareRequest {
    /// One question as a side; `head` hears what a reader should know of it.
    fn side_of(&self, question: &Question, head: &mut ReplyHead, catalog: &Catalog) -> Result<Side, Error> {
        let answer = answer(question, catalog)?;
        let spread = spread(&answer, &Asked { plan: self.draws, ..Asked::default() })?;
        let bills = Bills::of(&answer, catalog)?;
        let wanted = Wanted { spread: spread.as_ref(), draws: self.draws, ranges: true, depth: Depth::Figures };
        let full = Full::of(question, &answer, bills, wanted, catalog)?;
        let mut side = Side::with(&answer, spread.as_ref());
        side.bill = full.bill.as_ref().and_then(billed);
        if let Some(quote) = &answer.spec.quote {
            side.name += &format!(" ({})", quote.value.name);
        }
        side.put(full.block, full.joint.as_ref(), full.gates);
        head.warnings.extend(full.bill.iter().flat_map(|whole| whole.warnings.clone()));
        head.warnings.extend(side.narrowed.iter().flat_map(Narrowed::left_out));
        head.currency = head.currency.take().or(answer.shown.as_ref().map(CurrencyReply::of));
        head.warnings.extend(unheard("compare", &answer.spec));
        head.warnings.extend(answer.warnings);
        Ok(side)
    }
}

/// A question for each place that it names.
fn each_place(question: Question) -> Result<Vec<Question>, Error> {
    let spec = question.spec()?;
    let places = spec.places();
    if places.is_empty() {
        return Ok(vec![question]);
    }
    Ok(places.into_iter().map(|place| question.clone().with("region", place)).collect())
}

/// Dollars more, or less.
fn signed(dollars: f64) -> String {
    format!("{}{}", if dollars < 0.0 { "" } else { "+" }, show::usd(Usd::new(dollars)))
}

/// The bill of a side, where its chips have a price.
fn billed(whole: &WholeBill) -> Option<BilledSide> {
    let view = whole.bill.view.name().to_owned();
    Some(BilledSide { view, total_usd: whole.total()?, lines: bill::amounts(whole) })
}

/// What the sides were made from, each value by its side's letter; a source that several share stands once, with theirs.
fn made_from(sides: &[Side]) -> (Ordered<Input>, Vec<SourceLine>) {
    let lettered = || LETTERS.iter().zip(sides);
    let of = |(letter, side): (&&str, &Side)| {
        let named = |(path, input): &(String, Input)| (format!("{letter}.{path}"), input.clone());
        side.inputs.0.iter().map(named).collect::<Vec<_>>()
    };
    let inputs = lettered().flat_map(of).collect();
    let mut sources: Vec<(String, SourceLine)> = Vec::new();
    for (letter, source) in
        lettered().flat_map(|(letter, side)| side.sources.iter().map(move |source| (letter, source)))
    {
        match sources.iter_mut().find(|(_, known)| known == source) {
            Some((letters, _)) => *letters += &format!(", {letter}"),
            None => sources.push(((*letter).to_owned(), source.clone())),
        }
    }
    let named =
        |(letters, source): (String, SourceLine)| SourceLine { path: format!("{letters}: {}", source.path), ..source };
    (inputs, sources.into_iter().map(named).collect())
}

fn differences(sides: &[Side]) -> Vec<DifferenceRow> {
    let Some((first, others)) = sides.split_first() else { return Vec::new() };
    let factor = |factor: Factor| FactorRow {
        factor: factor.name,
        ratio: factor.ratio,
        log_share: factor.share,
        values: factor.values,
    };
    let against = |(side, to): (&Side, &'static str)| {
        let found = TARGETS.iter().filter_map(|(target, of)| Some((difference(first, side, *target)?, *of)));
        let row = |(found, of): (Difference, &'static str)| DifferenceRow {
            from: "A",
            to,
            of,
            ratio: found.ratio,
            factors: found.factors.into_iter().map(factor).collect(),
            steps: found.steps,
            target: found.target,
        };
        found.map(row).collect::<Vec<_>>()
    };
    others.iter().zip(LETTERS.into_iter().skip(1)).flat_map(against).collect()
}

/// One sentence: how far apart they are, and by what most.
fn verdict(sides: &[Side], differences: &[DifferenceRow]) -> String {
    let all = || sides.iter().zip(LETTERS);
    let least = |value: fn(&Side) -> Option<f64>| {
        let known = all().map(|(side, letter)| Some((letter, value(side)?))).collect::<Option<Vec<_>>>()?;
        known.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(letter, _)| letter)
    };
    let say = |found: &DifferenceRow| {
        let (what, letter) = (found.of, found.to);
        let ratio = show::number(found.ratio, 3);
        let largest = found.steps.iter().max_by(|a, b| a.change().abs().total_cmp(&b.change().abs()));
        match found.factors.first() {
            Some(_) if found.target == Target::Bill => {
                let by = largest.map(|step| format!(", most by {} ({})", step.name, signed(step.change())));
                format!("the {what} of {letter} is {ratio} x that of A{}", by.unwrap_or_default())
            }
            None => format!("the {what} of {letter} is that of A"),
            Some(first) => {
                let by = format!("most by the {} (x {})", first.factor, show::number(first.ratio, 3));
                format!("the {what} of {letter} is {ratio} x that of A, {by}")
            }
        }
    };
    // A bill decides where all sides have one.
    let billed = sides.iter().all(|side| side.bill.is_some());
    let cost: fn(&Side) -> Option<f64> =
        if billed { |side| side.bill.as_ref().map(|bill| bill.total_usd) } else { |side| side.result.cost_usd };
    let unsaid = if billed { Target::Cost } else { Target::Bill };
    let lacks = |what: &str, value: fn(&Side) -> Option<f64>| {
        let letters: Vec<&str> = all().filter(|(side, _)| value(side).is_none()).map(|(_, letter)| letter).collect();
        (!letters.is_empty()).then(|| format!("the {what} of {} is not known", letters.join(", ")))
    };
    let lacking = [lacks("cost", cost), lacks("wall-clock time", |side| side.result.wall_clock_days)];
    let told = differences.iter().filter(|found| ![Target::Hours, unsaid].contains(&found.target)).map(say);
    let told: Vec<String> = lacking.into_iter().flatten().chain(told).collect();
    let days = || sides.iter().filter_map(|side| side.result.wall_clock_days);
    let tied = days().all(|one| days().all(|other| (one / other - 1.0).abs() < 1e-9));
    let mut text = match (least(cost), least(|side| side.result.wall_clock_days)) {
        (Some(_), Some(_)) if differences.iter().all(|found| found.factors.is_empty()) => {
            return "They are the same.".to_owned();
        }
        (Some(cheapest), Some(fastest)) if cheapest == fastest => format!("{cheapest} is the cheapest and the fastest"),
        (Some(cheapest), Some(_)) if tied => format!("{cheapest} is the cheapest, all are equally fast"),
        (Some(cheapest), Some(fastest)) => format!("{cheapest} is the cheapest, {fastest} the fastest"),
        _ => "Not all are priced and timed".to_owned(),
    };
    if !told.is_empty() {
        text += &format!(": {}", told.join("; "));
    }
    text + "."
}
