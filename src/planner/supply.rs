//! What is delivered, ready to be drawn: when each delivery trains, and how fast what is there does the run.

mod learn;

use learn::Asked;

use super::schedule::{Legs, Ready};
use crate::answer::Answer;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::fleet::rate::{Mix, Part, together};
use crate::input::deliveries::{DELIVERIES, Delivery, MOST};
use crate::input::question::Question;
use crate::uncertainty::dist::Dist;
use crate::units::date::Date;
use crate::units::{Chips, FlopPerSecond, Seconds, show};

/// A value that is drawn, or is what it is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Slot {
    Fixed(f64),
    /// The place among the drawn values.
    Drawn(usize),
}

impl Slot {
    fn of(self, values: &[f64]) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::Drawn(place) => values.get(place).copied().unwrap_or(f64::NAN),
        }
    }
}

/// A delivery, ready to be drawn.
#[derive(Debug, Clone)]
struct Line {
    kind: usize,
    chips: Slot,
    /// Days after the start.
    on: Slot,
    /// It comes where this is below its probability.
    comes: Slot,
    probability: f64,
    /// Days of burn-in.
    burn_in: f64,
    /// Dollars a chip and hour, where they are its own.
    price: Option<f64>,
}

/// A kind of chip: what so many of them do together, in shares of the run a day.
#[derive(Debug, Clone)]
struct Speeds {
    /// Its profile.
    chip: String,
    /// Chips, and the rate of all of them.
    nodes: Vec<(f64, f64)>,
    /// Its rent in dollars an hour; not a number where it is not known.
    price: f64,
}

/// Everything that is delivered.
#[derive(Debug, Clone)]
pub struct Supply {
    /// The day that the days count from, and where it is from.
    pub start: Option<(Date, &'static str)>,
    /// Days from the delivery to the first step, where a delivery says no other.
    pub burn_in: Seconds,
    /// Standstill when chips join.
    pub pause: Seconds,
    /// The values that are drawn beside those of the run: their names and distributions.
    pub open: Vec<(String, Dist)>,
    /// Chips of all deliveries, each at its median.
    pub chips: f64,
    /// The run's own time on all of them, in days.
    pub point: f64,
    lines: Vec<Line>,
    kinds: Vec<Speeds>,
    mix: Mix,
    /// Training waits until all that will come are there.
    waits: bool,
}

/// What one draw of the deliveries comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    /// Days from the start until it is done; infinite where it never is.
    pub days: f64,
    /// Hours of all chips held, from delivery to the end.
    pub hours: f64,
    /// Their rent in dollars; not a number where it is not known.
    pub cost: f64,
    /// Chips that came before the end.
    pub chips: f64,
    /// The share that is done by the day that was asked.
    pub share: f64,
    /// Rent until then, or until the end.
    pub spent: f64,
    /// Rent of a week of all chips that are there then.
    pub week: f64,
}

impl Supply {
    /// The deliveries of an answered question; a question without them has all its chips at the start, ready to train.
    ///
    /// # Errors
    /// A question whose time does not follow; dates before the start; chips that no profile has.
    pub fn of(question: &Question, found: &Answer, catalog: &Catalog) -> Result<Self, Error> {
        let spec = &found.spec;
        let defaults = catalog.bill()?.defaults.fleet;
        let start = spec.starts(question.today);
        let burn_in = spec.burn_in.as_ref().map_or(defaults.burn_in, |entry| entry.value);
        let pause = spec.joining.as_ref().map_or(defaults.expansion, |entry| entry.value);
        let unknown =
            || Error::no_solution("the time of the run does not follow").with_hint("give --chips or --deliver");
        let point = found.estimate.total.wall_clock.ok_or_else(unknown)?.days();
        let chips = found.estimate.chips.ok_or_else(unknown)?.get();
        let own = found.chip.as_ref().map_or_else(String::new, |chip| chip.chip.id.clone());
        let mix = Mix::Proportional { efficiency: defaults.mixed_efficiency };
        let kind = Speeds { chip: own, nodes: Vec::new(), price: hourly(found) };
        let (open, lines, kinds) = (Vec::new(), Vec::new(), vec![kind]);
        let mut supply = Self { start, burn_in, pause, open, chips, point, lines, kinds, mix, waits: false };
        let Some(deliveries) = &spec.deliveries else {
            supply.lines.push(Line::sure(chips));
            supply.kinds[0].nodes = vec![(chips, 1.0 / point)];
            return Ok(supply);
        };
        let together = spec.together.as_ref().is_some_and(|entry| entry.value);
        for (index, one) in deliveries.value.each.iter().enumerate() {
            if one.probability.get() <= 0.0 {
                continue; // what never comes is as if it were not written
            }
            supply.add(index, one, together, catalog).map_err(|error| deliveries.origin.locate(one.locate(error)))?;
        }
        let alone = question.clone().without(&[DELIVERIES]);
        let asked = Asked { alone, catalog: catalog.clone().remembering() };
        supply.learn(&asked, found)?;
        Ok(supply)
    }

    fn add(&mut self, index: usize, one: &Delivery, together: bool, catalog: &Catalog) -> Result<(), Error> {
        let name = |what: &str| format!("{DELIVERIES}.{}.{what}", index + 1);
        let kind = match &one.gpu {
            None => 0,
            Some(gpu) => {
                let id = catalog.accelerator(gpu)?.chip.id;
                let known = self.kinds.iter().position(|kind| kind.chip == id);
                known.unwrap_or_else(|| {
                    self.kinds.push(Speeds { chip: id, nodes: Vec::new(), price: f64::NAN });
                    self.kinds.len() - 1
                })
            }
        };
        let start = self.start.map(|(day, _)| day);
        let [low, high] = [one.on[0].after(start)?.days(), one.on[1].after(start)?.days()];
        if low > high {
            return Err(Error::bad_input(format!("`{}` ends before it begins", one.words())));
        }
        let on = if low == high { Slot::Fixed(low) } else { self.draw(name("on"), Dist::uniform(low, high)?) };
        let chips = match one.chips.as_point() {
            Some(chips) => Slot::Fixed(chips),
            None => self.draw(name("chips"), one.chips.clone()),
        };
        let probability = one.probability.get();
        let shared = format!("{DELIVERIES}.come");
        let known = self.open.iter().position(|(open, _)| together && *open == shared);
        let comes = match (probability > 0.0 && probability < 1.0, known) {
            (false, _) => Slot::Fixed(0.5),
            (true, Some(place)) => Slot::Drawn(place),
            (true, None) => self.draw(if together { shared } else { name("comes") }, Dist::uniform(0.0, 1.0)?),
        };
        let burn_in = one.burn_in.unwrap_or(self.burn_in).days();
        let price = one.price.map(|price| price.usd_per_hour());
        self.lines.push(Line { kind, chips, on, comes, probability, burn_in, price });
        Ok(())
    }

    fn draw(&mut self, name: String, dist: Dist) -> Slot {
        self.open.push((name, dist));
        Slot::Drawn(self.open.len() - 1)
    }

    fn dist(&self, slot: Slot) -> Option<&Dist> {
        match slot {
            Slot::Drawn(place) => self.open.get(place).map(|(_, dist)| dist),
            Slot::Fixed(_) => None,
        }
    }

    /// What is assumed of the deliveries, and what their ranges mean, in sentences.
    pub fn said(&self) -> Vec<String> {
        let open = |what: &str| self.open.iter().any(|(name, _)| name.ends_with(what));
        let days = "between two days of delivery each is as likely".to_owned();
        let counts = "chips from a to b are their 5th to 95th percentile".to_owned();
        let mixed = match self.mix {
            Mix::Proportional { efficiency } if self.kinds.len() > 1 => Some(format!(
                "kinds of chips work in one job at {} of their speeds together (profiles/assumptions/bill.toml, an \
                 assumption), or the fastest alone where that is sooner",
                show::percent(efficiency.get())
            )),
            _ => None,
        };
        open(".on").then_some(days).into_iter().chain(open(".chips").then_some(counts)).chain(mixed).collect()
    }

    /// How many deliveries there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether a delivery has a rent of its own.
    pub fn has_own_prices(&self) -> bool {
        self.kinds.len() > 1 || self.lines.iter().any(|line| line.price.is_some())
    }

    /// Whether nothing is delivered.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The same, but training waits until all that will come are there.
    #[must_use]
    pub fn waiting(&self) -> Self {
        Self { waits: true, ..self.clone() }
    }

    /// The values at which every open one is at its median.
    pub fn medians(&self) -> Vec<f64> {
        self.open.iter().map(|(_, dist)| dist.median()).collect()
    }

    /// What a draw comes to: `slow` is the run's time over that at the point, `rent` its chips' dollars an hour over those of
    /// the point, `due` the day that is asked about.
    pub fn at(&self, values: &[f64], slow: f64, rent: f64, due: f64) -> Held {
        let mut there = [(0.0, 0.0, 0.0, 0usize); MOST]; // ready, delivered, chips, line
        let mut count = 0;
        for (index, line) in self.lines.iter().enumerate() {
            if line.comes.of(values) >= line.probability {
                continue;
            }
            let on = line.on.of(values);
            if let Some(place) = there.get_mut(count) {
                *place = (on + line.burn_in, on, line.chips.of(values).round(), index);
                count += 1;
            }
        }
        let there = there.get_mut(..count).unwrap_or_default();
        there.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut ready = [Ready { at: 0.0, rate: 0.0 }; MOST];
        let mut by_kind = [0.0; MOST];
        for (place, (at, _, chips, line)) in ready.iter_mut().zip(there.iter()) {
            let kind = self.lines.get(*line).map_or(0, |line| line.kind);
            if let Some(sum) = by_kind.get_mut(kind) {
                *sum += chips;
            }
            *place = Ready { at: *at, rate: self.rate(&by_kind) / slow };
        }
        let from = if self.waits { count.saturating_sub(1) } else { 0 };
        let legs = Legs::of(ready.get(from..count).unwrap_or_default(), self.pause.days());
        let (done, until) = (legs.done(), legs.done().min(due));
        let mut drawn =
            Held { days: done, hours: 0.0, cost: 0.0, chips: 0.0, share: legs.share_by(due), spent: 0.0, week: 0.0 };
        for &(_, at, chips, line) in there.iter() {
            if at >= done {
                continue; // a delivery after the end is not accepted
            }
            let price = self.lines.get(line).map_or(f64::NAN, |line| self.price(line, rent));
            let hours = |days: f64| (Chips::new(chips) * Seconds::from_days(days)).gpu_hours();
            drawn.hours += hours(done - at);
            drawn.cost += hours(done - at) * price;
            drawn.spent += hours((until - at).max(0.0)) * price;
            drawn.week += if at < until { hours(7.0) * price } else { 0.0 };
            drawn.chips += chips;
        }
        if done == f64::INFINITY {
            (drawn.hours, drawn.cost) = (f64::INFINITY, f64::INFINITY);
        }
        drawn
    }

    fn price(&self, line: &Line, rent: f64) -> f64 {
        line.price.unwrap_or_else(|| self.kinds.get(line.kind).map_or(f64::NAN, |kind| kind.price * rent))
    }

    /// What so many chips of each kind do together.
    fn rate(&self, by_kind: &[f64; MOST]) -> f64 {
        if let [kind] = self.kinds.as_slice() {
            return kind.rate(by_kind[0]);
        }
        let all: f64 = by_kind.iter().sum();
        let mut parts = [Part { chips: Chips::ZERO, rate: FlopPerSecond::ZERO }; MOST];
        let (mut count, mut alone) = (0, 0.0_f64);
        for (kind, &chips) in self.kinds.iter().zip(by_kind).filter(|(_, chips)| **chips > 0.0) {
            alone = alone.max(kind.rate(chips));
            if let Some(part) = parts.get_mut(count) {
                // The unit of work is the run.
                *part = Part { chips: Chips::new(chips), rate: FlopPerSecond::new(kind.rate(all) / all) };
                count += 1;
            }
        }
        let parts = parts.get(..count).unwrap_or_default();
        let all_fit = parts.iter().all(|part| part.rate.get() > 0.0);
        let mixed = if all_fit { together(parts, &self.mix).get() } else { 0.0 };
        mixed.max(alone) // one kind alone, where the others would hold it up
    }
}

impl Line {
    /// Chips that are there, ready to train.
    fn sure(chips: f64) -> Self {
        let (chips, on, comes) = (Slot::Fixed(chips), Slot::Fixed(0.0), Slot::Fixed(0.5));
        Self { kind: 0, chips, on, comes, probability: 1.0, burn_in: 0.0, price: None }
    }
}

impl Speeds {
    fn rate(&self, chips: f64) -> f64 {
        let above = self.nodes.partition_point(|(node, _)| *node < chips);
        match (self.nodes.get(above.wrapping_sub(1)), self.nodes.get(above)) {
            (_, Some((node, rate))) if *node == chips => *rate,
            (Some((low, slow)), Some((high, fast))) if *slow > 0.0 => {
                slow + (fast - slow) * (chips - low) / (high - low)
            }
            (None, Some((node, rate))) => rate * chips / node,
            (Some((_, rate)), None) => *rate,
            _ => 0.0, // fewer than the run is known to fit on
        }
    }
}

/// Dollars an hour of a chip of an answer.
pub(super) fn hourly(found: &Answer) -> f64 {
    let total = found.estimate.total;
    total.cost.map_or(f64::NAN, |cost| cost.get() / total.held.gpu_hours())
}
