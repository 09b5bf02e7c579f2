//! What would have to change: the smallest change of each lever alone that keeps the limits as surely as is asked. Each is
//! asked again as a question of its own, and only what holds there is told.

mod elsewhere;

use serde::Serialize;

use super::Prepared;
use super::joint::{Drawn, Limits, Wanted, known, least};
use super::search::FEW;
use super::supply::hourly;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::input::deliveries::{DELIVERIES, Deliveries, Delivery, When};
use crate::input::due::Due;
use crate::input::question::{Question, Typed};
use crate::solve::Var;
use crate::uncertainty::dist::Dist;
use crate::uncertainty::montecarlo::Plan;
use crate::units::{Chips, Fraction, Price, Seconds, Tokens, Usd, show};

/// Halvings between a change that is not enough and one that is.
const HALVINGS: usize = 7;

/// How often what few draws found is moved on.
const AGAIN: u32 = 8;

/// Factors of the chips that are tried, from few to many.
const MORE: [f64; 9] = [1.05, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 3.0, 4.0];

/// Factors of the work that are tried, from much to little.
const LESS: [f64; 8] = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.35, 0.2];

/// A change that is enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChangeRow {
    /// What is changed: `date`, `budget`, `chips`.
    pub lever: &'static str,
    /// To what, in words.
    pub to: String,
    /// What to type for it.
    pub flags: String,
    /// How surely the limits are kept then.
    pub probability: f64,
    /// Days at p50.
    pub days_p50: Option<f64>,
    /// What the money is held against, at p50.
    pub cost_usd_p50: Option<f64>,
    /// What becomes of the export of another chip to the place, where one is named: free, licence, review, unclear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<&'static str>,
    /// How large the change is: the logarithm of the ratio; infinite for a change of kind.
    #[serde(skip)]
    size: f64,
}

/// A lever that alone is not enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)]
pub struct NotEnough {
    pub lever: &'static str,
    pub why: String,
}

/// What would have to change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Levers {
    /// The changes that are enough, the smallest first.
    pub changes: Vec<ChangeRow>,
    /// Levers that alone are not enough, with the reason.
    pub not_enough: Vec<NotEnough>,
}

/// A question whose levers are looked for.
struct Search<'a> {
    question: &'a Question,
    asked: &'a Prepared,
    catalog: &'a Catalog,
    plan: Plan,
    found: Levers,
}

/// The smallest change of each lever that is enough.
///
/// # Errors
/// As [`Prepared::joint`].
pub fn levers(
    question: &Question,
    asked: &Prepared,
    draws: &Drawn<'_>,
    plan: &Plan,
    catalog: &Catalog,
) -> Result<Levers, Error> {
    let mut search = Search { question, asked, catalog, plan: *plan, found: Levers::default() };
    let least = |of| least(draws, of, &asked.limits, asked.confidence.get());
    search.date(least(Wanted::Days));
    search.budget(least(Wanted::Cost));
    let alone = !search.found.changes.is_empty();
    search.date_and_budget(draws);
    if !alone {
        search.date_and_price(draws);
    }
    search.price(least(Wanted::Hours));
    search.deliveries();
    search.more_chips();
    search.tokens();
    search.chip()?;
    search.region()?;
    search.found.changes.sort_by(|a, b| a.size.total_cmp(&b.size));
    Ok(search.found)
}

impl Search<'_> {
    /// A change of some fields, with what it makes of the limits; `None` where it is not enough or has no answer.
    fn change(&self, lever: &'static str, laid: &[(&'static str, String)], to: String, size: f64) -> Option<ChangeRow> {
        self.drawn(&self.plan, lever, laid, to, size)
    }

    /// The same on draws of one's own.
    fn drawn(
        &self,
        plan: &Plan,
        lever: &'static str,
        laid: &[(&'static str, String)],
        to: String,
        size: f64,
    ) -> Option<ChangeRow> {
        let lay = |question: Question, (path, text): &(&'static str, String)| question.with(path, Typed(text.clone()));
        let question = laid.iter().fold(self.question.clone(), lay);
        let short = Prepared::of(&question, self.catalog).ok()?.short(plan).ok()?;
        let probability = short.kept.value;
        if probability < self.asked.confidence.get() {
            return None;
        }
        let flags = laid.iter().map(|(path, text)| typed(path, text)).collect::<Vec<_>>().join(" ");
        let (days_p50, cost_usd_p50) = (known(short.days), known(short.cost));
        Some(ChangeRow { lever, to, flags, probability, days_p50, cost_usd_p50, export: None, size })
    }

    fn tell(&mut self, lever: &'static str, change: Option<ChangeRow>, otherwise: impl FnOnce() -> String) {
        match change {
            Some(change) => self.found.changes.push(change),
            None => self.found.not_enough.push(NotEnough { lever, why: otherwise() }),
        }
    }

    /// The first of growing steps that is enough, then the smallest that halving finds between it and the one before: on few
    /// draws; what is found is asked again on all, and moved on until it holds there.
    fn smallest(&self, none: f64, steps: &[f64], ask: impl Fn(f64, &Plan) -> Option<ChangeRow>) -> Option<ChangeRow> {
        let few = Plan::new(FEW, self.plan.seed(), self.plan.method()).ok()?;
        let mut before = none;
        let mut enough = steps.iter().copied().find(|&step| {
            let found = ask(step, &few).is_some();
            before = if found { before } else { step };
            found
        });
        // What few draws refuse by a hair, all may keep.
        if enough.is_none()
            && let Some(last) = steps.last().copied()
            && ask(last, &self.plan).is_some()
        {
            enough = Some(last);
        }
        let mut enough = enough?;
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(before, enough);
            match ask(middle, &few) {
                Some(_) => enough = middle,
                None => before = middle,
            }
        }
        let apart = enough - before;
        let again = (0..AGAIN).map(|time| enough + apart * (f64::from(1u32 << time) - 1.0));
        again.filter(|step| *step > 0.0).find_map(|step| ask(step, &self.plan))
    }

    fn surely(&self) -> String {
        show::percent(self.asked.confidence.get())
    }

    /// A later date.
    fn date(&mut self, days: Option<f64>) {
        let Some(due) = self.asked.limits.due else { return };
        let change = days.and_then(|days| {
            let days = (days - 1e-9).ceil().max(due.days().ceil());
            let text = self.by(days)?;
            let later = show::duration(Seconds::from_days(days - due.days()));
            let to = format!("{text}, {later} later");
            self.change("date", &[("by", text)], to, (days / due.days()).ln())
        });
        let surely = self.surely();
        self.tell("date", change, || format!("on no day are {surely} done within the money"));
    }

    /// More money.
    fn budget(&mut self, cost: Option<f64>) {
        let Some(budget) = self.asked.limits.budget else { return };
        let change = cost.and_then(|cost| {
            let money = up(cost.max(budget.get()));
            let text = show::exact(Usd::new(money));
            let to = format!("{}, {} more", show::usd(Usd::new(money)), show::usd(Usd::new(money - budget.get())));
            self.change("budget", &[("budget", text)], to, (money / budget.get()).ln())
        });
        let surely = self.surely();
        self.tell("budget", change, || format!("with any money fewer than {surely} are done by the date"));
    }

    /// A later date and more money, where neither alone is enough: what is missing of the confidence is shared by the two.
    fn date_and_budget(&mut self, draws: &Drawn<'_>) {
        let (Some(due), Some(budget)) = (self.asked.limits.due, self.asked.limits.budget) else { return };
        if !self.found.changes.is_empty() {
            return;
        }
        let Some((days, money)) = self.later(draws, due, Wanted::Cost) else { return };
        let money = up(money.max(budget.get()));
        let Some(by) = self.by(days) else { return };
        let later = show::duration(Seconds::from_days(days - due.days()));
        let to = format!("{later} later, and {}", show::usd(Usd::new(money)));
        let size = (days / due.days()).ln() + (money / budget.get()).ln();
        let laid = [("by", by), ("budget", show::exact(Usd::new(money)))];
        let change = self.change("date and budget", &laid, to, size);
        self.found.changes.extend(change);
    }

    /// Days that leave half of what is missing of the confidence, and how much of something else they then need.
    fn later(&self, draws: &Drawn<'_>, due: Seconds, of: Wanted) -> Option<(f64, f64)> {
        let confidence = self.asked.confidence.get();
        let days = least(draws, Wanted::Days, &Limits::default(), f64::midpoint(confidence, 1.0))?;
        let days = (days - 1e-9).ceil().max(due.days().ceil());
        let within = Limits { due: Some(Seconds::from_days(days)), budget: None };
        Some((days, least(draws, of, &within, confidence)?))
    }

    /// So many days from the start, as `by` is written in the question.
    fn by(&self, days: f64) -> Option<String> {
        let start = self.asked.supply.start.map(|(day, _)| day);
        let is_date = matches!(self.asked.answer.spec.by.as_ref()?.value, Due::On(_));
        match start.filter(|_| is_date) {
            Some(start) => Some(start.after(Seconds::from_days(days)).ok()?.to_string()),
            None => Some(format!("{days}d")),
        }
    }

    /// A lower rent.
    fn price(&mut self, hours: Option<f64>) {
        let (Some(budget), None) = (self.asked.limits.budget, &self.asked.whole) else { return };
        if self.asked.supply.has_own_prices() {
            return;
        }
        let now = hourly(&self.asked.answer);
        let change = hours.and_then(|hours| {
            let price = down(budget.get() / hours);
            let text = format!("${price}/h");
            let shown = show::price(Price::from_usd_per_hour(price));
            let to = format!("{shown} for certain, of {} now", show::price(Price::from_usd_per_hour(now)));
            let lower = price < now * (1.0 - 1e-9) || self.asked.answer.varies(&["price.rent"]);
            let size = (now / price).ln().abs();
            if lower { self.change("price", &[("price.rent", text)], to, size) } else { None }
        });
        let surely = self.surely();
        self.tell("price", change, || format!("at any rent fewer than {surely} are done by the date"));
    }

    /// Deliveries that come sooner, or surely.
    fn deliveries(&mut self) {
        let Some(deliveries) = self.asked.answer.spec.deliveries.clone() else { return };
        let each = deliveries.value.each.to_vec();
        let days = |one: &Delivery| self.days_of(one);
        let last = (0..each.len()).max_by(|a, b| days(&each[*a])[1].total_cmp(&days(&each[*b])[1]));
        if let Some((at, [_, late])) = last.map(|at| (at, days(&each[at]))).filter(|(_, [_, late])| *late > 0.0) {
            let steps: Vec<f64> = [0.125, 0.25, 0.5, 0.75, 1.0].iter().map(|part| part * late).collect();
            let ask = |sooner: f64, plan: &Plan| {
                let sooner = sooner.ceil();
                let text = with(&each, at, |one| one.on = self.sooner(one, sooner))?;
                let to = format!("delivery {}, {} sooner", at + 1, show::duration(Seconds::from_days(sooner)));
                self.drawn(plan, "delivery", &[(DELIVERIES, text)], to, sooner / self.asked.limits.due?.days())
            };
            let change = self.smallest(0.0, &steps, ask);
            let name = format!("delivery {} on the first day is not soon enough", at + 1);
            self.tell("delivery", change, || name);
        }
        if each.iter().any(|one| one.probability.get() < 1.0) {
            let sure = |one: &Delivery| {
                let mut one = one.clone();
                one.probability = Fraction::new(1.0);
                one
            };
            let text = Deliveries::of(each.iter().map(sure).collect()).map(|all| all.to_string());
            let change = text.ok().and_then(|text| {
                self.change("certainty", &[(DELIVERIES, text)], "every delivery for certain".into(), f64::INFINITY)
            });
            self.tell("certainty", change, || "it is not enough that every delivery comes for certain".into());
        }
    }

    fn days_of(&self, one: &Delivery) -> [f64; 2] {
        let start = self.asked.supply.start.map(|(day, _)| day);
        one.on.map(|when| when.after(start).map_or(0.0, Seconds::days))
    }

    fn sooner(&self, one: &Delivery, days: f64) -> [When; 2] {
        let start = self.asked.supply.start.map(|(day, _)| day);
        let [low, high] = self.days_of(one).map(|day| Seconds::from_days((day - days).max(0.0)));
        match (one.on, start) {
            ([When::On(_), _], Some(start)) => {
                [low, high].map(|time| start.after(time).map_or(When::After(time), When::On))
            }
            _ => [When::After(low), When::After(high)],
        }
    }

    /// More chips, with the first delivery, or from the start.
    fn more_chips(&mut self) {
        let answer = &self.asked.answer;
        let Some(all) = answer.estimate.chips.map(Chips::get) else { return };
        let node = answer.chip.as_ref().map_or(8.0, |chip| f64::from(chip.chip.node_chips));
        let deliveries = answer.spec.deliveries.as_ref().map(|entry| entry.value.each.to_vec());
        let steps = MORE.map(|factor| (factor - 1.0) * all);
        let ask = |more: f64, plan: &Plan| {
            let more = (more / node).ceil() * node;
            let size = ((all + more) / all).ln();
            let count = show::chips(Chips::new(more));
            match &deliveries {
                None => {
                    let text = show::exact(Chips::new(all + more));
                    let to = format!("{}, {count} more", show::chips(Chips::new(all + more)));
                    self.drawn(plan, "chips", &[("run.chips", text)], to, size)
                }
                Some(each) => {
                    let at =
                        (0..each.len()).find(|at| each.get(*at).is_some_and(|one| one.chips.as_point().is_some()))?;
                    let text = with(each, at, |one| {
                        let chips = one.chips.median() + more;
                        (one.chips_text, one.chips) =
                            (show::exact(Chips::new(chips)), Dist::point(chips).unwrap_or(one.chips.clone()));
                    })?;
                    let to = format!("{count} more with delivery {}", at + 1);
                    self.drawn(plan, "chips", &[(DELIVERIES, text)], to, size)
                }
            }
        };
        let change = self.smallest(0.0, &steps, ask);
        let surely = self.surely();
        self.tell("chips", change, || format!("up to 5 x the chips, no number reaches {surely}"));
    }

    /// Fewer tokens.
    fn tokens(&mut self) {
        let Some(tokens) = self.asked.answer.solved.knowns.get(Var::Tokens) else { return };
        let ask = |part: f64, plan: &Plan| {
            let fewer = down(tokens * part);
            let text = show::exact(Tokens::new(fewer));
            let to = format!("{} tokens, {} of now", show::count(fewer, 3), show::percent(fewer / tokens));
            self.drawn(plan, "tokens", &[("run.tokens", text)], to, (tokens / fewer).ln())
        };
        let change = self.smallest(1.0, &LESS, ask);
        self.tell("tokens", change, || {
            "a fifth of the tokens is still too much, or the hours do not follow them".into()
        });
    }
}

/// The deliveries with one of them changed, as they are typed.
fn with(each: &[Delivery], at: usize, change: impl FnOnce(&mut Delivery)) -> Option<String> {
    let mut each = each.to_vec();
    change(each.get_mut(at)?);
    Deliveries::of(each).ok().map(|all| all.to_string())
}

/// What to type for a field.
pub fn typed(path: &str, text: &str) -> String {
    let flag = crate::input::field::field(path).map_or_else(String::new, |field| field.typed_flag());
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_%@:".contains(&byte));
    if plain { format!("{flag} {text}") } else { format!("{flag} '{text}'") }
}

/// Three digits, not less than the value.
pub(super) fn up(value: f64) -> f64 {
    let unit = 10f64.powf(value.log10().floor() - 2.0);
    (value / unit - 1e-9).ceil() * unit
}

/// Three digits, not more than the value.
pub(super) fn down(value: f64) -> f64 {
    let unit = 10f64.powf(value.log10().floor() - 2.0);
    let digits = (value / unit + 1e-9).floor() * unit;
    format!("{digits:.6}").parse().unwrap_or(digits)
}
