//! An axis of a sweep on a field of the spec.

use std::borrow::Cow;

use crate::answer::prepared::var_of;
use crate::error::Error;
use crate::input::deliveries::{DELIVERIES, Part};
use crate::input::exchange::Exchange;
use crate::input::field::{Field, Group, find};
use crate::input::file::{Origin, Spec};
use crate::input::sweep_plan::Axis;
use crate::input::text::prefix;
use crate::solve::Var;

/// Values of an axis that are read ahead; a longer axis is read value by value.
const MOST_TABLED: u64 = 1 << 16;

/// An axis and the field it sets.
#[derive(Debug)]
pub struct Bound {
    axis: Axis,
    /// The name that the field was given by.
    name: String,
    field: &'static Field,
    /// The value of one delivery, where that is varied.
    part: Option<Part>,
    path: String,
    /// The variable that its values set, where they are numbers that the relations alone use.
    pub(super) var: Option<Var>,
    table: Vec<Cell>,
    /// What makes dollars of its amounts, where they are in other money.
    dollars: f64,
}

/// One value of an axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// As a user would write it.
    pub text: String,
    /// As a number in the field's unit; NaN for a name.
    pub number: f64,
}

/// The field that a key means, where a sweep has a column that it can change; of one delivery the field of all.
pub(super) fn field_of(key: &str) -> Result<&'static Field, Error> {
    let part = Part::of(key).transpose().map_err(|error| prefix("--vary", &error))?;
    let key = if part.is_some() { DELIVERIES } else { key };
    let field = find(key).map_err(|error| prefix("--vary", &error))?;
    match field.group {
        Group::Values if field.path == "money.currency" => Err(changes_nothing(field)),
        Group::Rl => Err(changes_nothing(field)),
        _ => Ok(field),
    }
}

fn changes_nothing(field: &Field) -> Error {
    let error = Error::bad_input(format!("--vary: `{}` changes no column of a sweep", field.path));
    error.with_hint("vary a value of the run, its price, its layout, its bill or its limits")
}

/// Two axes that set one variable, parameters and active ones, take more than the relations to tell apart.
pub(super) fn tell_apart(axes: &mut [Bound]) {
    let vars: Vec<Var> = axes.iter().filter_map(|axis| axis.var).collect();
    for axis in axes {
        axis.var = axis.var.filter(|var| vars.iter().filter(|other| *other == var).count() == 1);
    }
}

impl Bound {
    /// Reads the values, or the ends of an axis that is too long to.
    pub(super) fn new(
        axis: &Axis,
        name: &str,
        field: &'static Field,
        exchange: Option<&Exchange<'_>>,
    ) -> Result<Self, Error> {
        let part = Part::of(name).transpose()?;
        let mut bound = Self {
            axis: axis.clone(),
            name: name.into(),
            field,
            path: part.as_ref().map_or_else(|| field.path.to_owned(), Part::path),
            part,
            var: var_of(field.path),
            table: Vec::new(),
            dollars: 1.0,
        };
        let whole = axis.values() <= MOST_TABLED;
        let last = axis.values().saturating_sub(1);
        let ends = [0, 1.min(last), last]; // the second tells whether the steps are whole
        let read =
            |place| bound.read(place, exchange).map_err(|error| prefix(&format!("--vary {}", bound.path), &error));
        let table: Result<Vec<(Cell, Option<f64>)>, Error> =
            if whole { (0..axis.values()).map(read).collect() } else { ends.into_iter().map(read).collect() };
        let read = table?;
        // The steps of a range are all in one money.
        bound.dollars = read.first().and_then(|(cell, amount)| Some(cell.number / (*amount)?)).unwrap_or(1.0);
        let table: Vec<Cell> = read.into_iter().map(|(cell, _)| cell).collect();
        if table.iter().any(|cell| cell.number.is_nan()) {
            bound.var = None;
        }
        if whole {
            bound.table = table;
        }
        Ok(bound)
    }

    /// The field's path; of one delivery its own.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// That there is the delivery whose value is varied.
    ///
    /// # Errors
    /// None of that number.
    pub(super) fn reaches(&self, spec: Option<&Spec>) -> Result<(), Error> {
        let Some(spec) = spec.filter(|_| self.part.is_some()) else { return Ok(()) };
        let laid = spec.clone().set(&self.path, &self.cell(0).text, Origin::Flag("--vary".into()));
        laid.map_err(|error| prefix("--vary", &error))
    }

    /// The unit of its numbers.
    pub fn unit(&self) -> &'static str {
        self.part.as_ref().map_or(self.field.unit, Part::unit)
    }

    /// What the field is, with its unit.
    pub fn field(&self) -> &'static Field {
        self.field
    }

    /// How many values there are.
    pub fn values(&self) -> u64 {
        self.axis.values()
    }

    /// Whether all of them are numbers, as far as they are read ahead: not names, nor ranges.
    pub fn is_numeric(&self) -> bool {
        let ends = [0, self.values().saturating_sub(1)];
        let all = self.table.iter().all(|cell| !cell.number.is_nan());
        all && ends.iter().all(|place| !self.cell(*place).number.is_nan())
    }

    /// One of them.
    pub fn cell(&self, place: u64) -> Cow<'_, Cell> {
        match usize::try_from(place).ok().and_then(|index| self.table.get(index)) {
            Some(cell) => Cow::Borrowed(cell),
            // Between two ends that read, every step of a range does.
            None => {
                let (cell, amount) = self.read(place, None).unwrap_or_default();
                let number = amount.map_or(cell.number, |amount| amount * self.dollars);
                Cow::Owned(Cell { number, ..cell })
            }
        }
    }

    /// A value, in dollars where it can be exchanged, and its amount in other money.
    fn read(&self, place: u64, exchange: Option<&Exchange<'_>>) -> Result<(Cell, Option<f64>), Error> {
        if let Some(part) = &self.part {
            let text = self.axis.value(place);
            let number = part.number(&text)?;
            return Ok((Cell { text, number }, None));
        }
        let text = self.field.complete(&self.name, &self.axis.value(place)).into_owned();
        let mut scratch = Spec::default();
        scratch.set(self.field.path, &text, Origin::Flag("--vary".into()))?;
        let point = scratch.ranges.is_empty() && !self.field.is_of_two_units();
        let amount = (self.field.typed)(&scratch).filter(|typed| typed.waits()).map(|typed| typed.amount);
        if let Some(exchange) = exchange.filter(|_| amount.is_some()) {
            exchange.settle(&mut scratch)?;
        }
        let number = (self.field.number)(&scratch).filter(|_| point).unwrap_or(f64::NAN);
        Ok((Cell { text, number }, amount))
    }
}
