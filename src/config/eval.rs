//! Working out expressions.

use serde_json::Value;

use super::expr::{Binary, Expr, Function, Unary, Var};
use super::scope::{Frame, Scope, Trouble};
use super::value::Val;

/// The longest sum: more than any model has layers.
const LONGEST_SUM: i64 = 10_000;

impl<'a> Scope<'a> {
    pub(super) fn value(&self, expr: &'a Expr, frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        self.step()?;
        Ok(match expr {
            Expr::Null | Expr::List(_) => Val::Null,
            Expr::Bool(flag) => Val::Bool(*flag),
            Expr::Int(number) => Val::Int(*number),
            Expr::Num(number) => Val::Num(*number),
            Expr::Text(text) => Val::Text(text),
            Expr::Key(key) => self.key(key),
            Expr::Name(name) => self.named(name, frame.deep)?,
            Expr::Part(scope, name) => match self.beside(scope) {
                Some(part) => part.named(name, frame.deep + 1)?,
                None => field(self.named(scope, frame.deep)?, name),
            },
            Expr::Super => {
                let up = frame.up + 1;
                match self.class().expr(frame.name, up) {
                    Some(above) => self.value(above, Frame { up, ..frame })?,
                    None => Val::Null,
                }
            }
            Expr::Var(Var::Counter) => {
                self.asked_counter.set(true);
                Val::Int(self.counter.get())
            }
            Expr::Var(var) => {
                self.asked_depth.set(true);
                Val::Int(if *var == Var::Depth { self.depth.get() } else { self.part.get() })
            }
            Expr::Unary(Unary::Not, inner) => Val::Bool(!self.value(inner, frame)?.truth()),
            Expr::Unary(Unary::Minus, inner) => match self.number(inner, frame)? {
                Val::Int(number) => Val::Int(-number),
                other => Val::Num(-other.real().unwrap_or(0.0)),
            },
            Expr::Choice(three) => {
                let asked = self.value(&three.0, frame)?.truth();
                self.value(if asked { &three.1 } else { &three.2 }, frame)?
            }
            Expr::Field(inner, name) => field(self.value(inner, frame)?, name),
            Expr::Binary(operator, both) => self.binary(*operator, &both.0, &both.1, frame)?,
            Expr::Call(function, arguments) => self.call(*function, arguments, frame)?,
        })
    }

    /// A number, an error at the key that should hold one.
    fn number(&self, expr: &'a Expr, frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        let value = self.value(expr, frame)?;
        match value {
            Val::Int(_) | Val::Num(_) => Ok(value),
            Val::Bool(flag) => Ok(Val::Int(i64::from(flag))),
            other => Err(self.no_number(expr, other)),
        }
    }

    fn no_number(&self, expr: &'a Expr, found: Val<'a>) -> Trouble {
        let key = self.key_of(expr);
        let named = key.as_deref().unwrap_or("a value");
        let message = match found {
            Val::Null => format!("{named}: missing, and this model cannot be counted without it"),
            other => format!("{named}: {} is not a number", other.shown()),
        };
        Trouble::new(key.as_deref(), message)
    }

    /// The key that an expression rests on, by itself or through others.
    fn key_of(&self, expr: &Expr) -> Option<String> {
        let mut found = expr.first_key().map(str::to_owned);
        expr.visit(&mut |inner| {
            if let (None, Expr::Name(name)) = (&found, inner) {
                found = self.key_behind(name);
            }
        });
        found
    }

    fn binary(&self, operator: Binary, a: &'a Expr, b: &'a Expr, frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        Ok(match operator {
            Binary::Else => match self.value(a, frame)? {
                Val::Null => self.value(b, frame)?,
                found => found,
            },
            Binary::Or => {
                let first = self.value(a, frame)?;
                if first.truth() { first } else { self.value(b, frame)? }
            }
            Binary::And => {
                let first = self.value(a, frame)?;
                if first.truth() { self.value(b, frame)? } else { first }
            }
            Binary::Equal => Val::Bool(self.value(a, frame)?.same(self.value(b, frame)?)),
            Binary::Unequal => Val::Bool(!self.value(a, frame)?.same(self.value(b, frame)?)),
            Binary::In => Val::Bool(self.holds(a, b, frame)?),
            Binary::Entry => {
                let list = self.value(a, frame)?;
                let at = self.number(b, frame)?.whole().unwrap_or(i64::MAX);
                list.entry(at).ok_or_else(|| self.too_short(a, list, at))?
            }
            _ => {
                let (x, y) = (self.number(a, frame)?, self.number(b, frame)?);
                let wrong = |why: &str| {
                    let key = self.key_of(b).or_else(|| self.key_of(a));
                    let named = key.as_deref().unwrap_or("a value");
                    Trouble::new(key.as_deref(), format!("{named}: {why}"))
                };
                arithmetic(operator, x, y).map_err(wrong)?
            }
        })
    }

    fn too_short(&self, list: &'a Expr, found: Val<'a>, at: i64) -> Trouble {
        let key = list.first_key();
        let named = key.unwrap_or("a list");
        Trouble::new(
            key,
            match found.length() {
                Some(length) => format!("{named}: {length} entries, and entry {} is asked for", at.saturating_add(1)),
                None => format!("{named}: {} is not a list", found.shown()),
            },
        )
    }

    /// Whether something is in a list, written here or in the file, or in a text.
    fn holds(&self, a: &'a Expr, b: &'a Expr, frame: Frame<'a>) -> Result<bool, Trouble> {
        let wanted = self.value(a, frame)?;
        if let Expr::List(entries) = b {
            for entry in entries {
                if self.value(entry, frame)?.same(wanted) {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let list = match self.value(b, frame)? {
            Val::Null => return Ok(false),
            Val::Text(text) => return Ok(matches!(wanted, Val::Text(part) if text.contains(part))),
            other => other.list().ok_or_else(|| self.too_short(b, other, 0))?,
        };
        let numbered = wanted.real().is_some();
        if let Some(odd) = list.iter().map(Val::of).find(|entry| numbered && entry.real().is_none()) {
            let key = self.key_of(b);
            let named = key.as_deref().unwrap_or("a list");
            return Err(Trouble::new(
                key.as_deref(),
                format!("{named}: {} among its entries is not a number", odd.shown()),
            ));
        }
        Ok(list.iter().any(|entry| Val::of(entry).same(wanted)))
    }

    fn call(&self, function: Function, arguments: &'a [Expr], frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        let [first, ..] = arguments else { return Ok(Val::Null) };
        let real = |expr| self.number(expr, frame).map(|value| value.real().unwrap_or(0.0));
        Ok(match function {
            Function::Min | Function::Max => self.extreme(function == Function::Min, arguments, frame)?,
            Function::Ceil => Val::number(real(first)?.ceil()),
            Function::FloorOf => Val::number(real(first)?.floor()),
            Function::Round => Val::number(real(first)?.round_ties_even()),
            Function::Int => Val::number(real(first)?.trunc()),
            Function::Root => Val::number(real(first)?.sqrt()),
            Function::Length => {
                let value = self.value(first, frame)?;
                let length = value.length().ok_or_else(|| self.too_short(first, value, 0))?;
                Val::Int(length as i64)
            }
            Function::Count => self.occurrences(arguments, frame)?,
            Function::Sum => self.sum(arguments, frame)?,
            Function::Last => self.last(arguments, frame)?,
            Function::At => self.at_key(arguments, frame)?,
            Function::Given => Val::Bool(matches!(first, Expr::Key(key) if self.given(key))),
            Function::IsList => Val::Bool(self.value(first, frame)?.list().is_some()),
            Function::IsText => Val::Bool(matches!(self.value(first, frame)?, Val::Text(_))),
            Function::Number => Val::Bool(matches!(self.value(first, frame)?, Val::Int(_) | Val::Num(_))),
        })
    }

    /// The least or the greatest of the arguments, or of the entries of a list or object.
    fn extreme(&self, least: bool, arguments: &'a [Expr], frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        let Some(first) = arguments.first() else { return Ok(Val::Null) };
        let mut numbers = Vec::with_capacity(arguments.len());
        match (arguments, self.value(first, frame)?) {
            ([_], Val::Json(Value::Array(list))) => numbers.extend(list.iter().filter_map(Value::as_f64)),
            ([_], Val::Json(Value::Object(map))) => numbers.extend(map.values().filter_map(Value::as_f64)),
            _ => {
                for argument in arguments {
                    numbers.push(self.number(argument, frame)?.real().unwrap_or(0.0));
                }
            }
        }
        let best = numbers.into_iter().reduce(|best, number| if least { best.min(number) } else { best.max(number) });
        Ok(best.map_or(Val::Null, Val::number))
    }

    /// How often something stands in a list or a text, among its first entries where a third argument says how many.
    fn occurrences(&self, arguments: &'a [Expr], frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        let [list, wanted, rest @ ..] = arguments else { return Ok(Val::Null) };
        let (list, wanted) = (self.value(list, frame)?, self.value(wanted, frame)?);
        let first = match rest.first() {
            Some(first) => usize::try_from(self.number(first, frame)?.whole().unwrap_or(0)).unwrap_or(0),
            None => usize::MAX,
        };
        let length = list.length().unwrap_or(0).min(first);
        let hits = (0..length as i64).filter(|at| list.entry(*at).is_some_and(|entry| entry.same(wanted)));
        Ok(Val::Int(hits.count() as i64))
    }

    /// The last place before a place at which something stands in a list; null where it does not.
    fn last(&self, arguments: &'a [Expr], frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        let [list, wanted, before] = arguments else { return Ok(Val::Null) };
        let (list, wanted) = (self.value(list, frame)?, self.value(wanted, frame)?);
        let before = self.number(before, frame)?.whole().unwrap_or(0).min(list.length().unwrap_or(0) as i64);
        let found = (0..before).rev().find(|at| list.entry(*at).is_some_and(|entry| entry.same(wanted)));
        Ok(found.map_or(Val::Null, Val::Int))
    }

    /// The value of an object whose key is this number, however many zeros it begins with; null without one.
    fn at_key(&self, arguments: &'a [Expr], frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        let [object, wanted] = arguments else { return Ok(Val::Null) };
        let (object, wanted) = (self.value(object, frame)?, self.number(wanted, frame)?.whole());
        let Val::Json(Value::Object(map)) = object else { return Ok(Val::Null) };
        let found = map.iter().find(|(key, _)| key.parse().ok() == wanted && wanted.is_some());
        Ok(found.map_or(Val::Null, |(_, value)| Val::of(value)))
    }

    fn sum(&self, arguments: &'a [Expr], frame: Frame<'a>) -> Result<Val<'a>, Trouble> {
        let [times, term] = arguments else { return Ok(Val::Null) };
        let count = self.number(times, frame)?.whole().unwrap_or(-1);
        if !(0..=LONGEST_SUM).contains(&count) {
            let key = times.first_key();
            return Err(Trouble::new(key, format!("{}: {count} is out of range", key.unwrap_or("a count"))));
        }
        let outer = self.counter.get();
        let mut sum = Val::Int(0);
        for counter in 0..count {
            self.counter.set(counter);
            let term = self.number(term, frame)?;
            sum = arithmetic(Binary::Plus, sum, term).map_err(|why| Trouble::new(None, why))?;
        }
        self.counter.set(outer);
        // The term asked for this sum's own counter.
        self.asked_counter.set(false);
        Ok(sum)
    }
}

/// An object's value by name; null of anything else.
fn field<'a>(value: Val<'a>, name: &str) -> Val<'a> {
    match value {
        Val::Json(Value::Object(map)) => map.get(name).map_or(Val::Null, Val::of),
        _ => Val::Null,
    }
}

/// Whole numbers stay whole; what leaves 64 bits is refused.
fn arithmetic<'a>(operator: Binary, x: Val<'a>, y: Val<'a>) -> Result<Val<'a>, &'static str> {
    let (real_x, real_y) = (x.real().unwrap_or(0.0), y.real().unwrap_or(0.0));
    let by_zero = matches!(operator, Binary::Over | Binary::Floor | Binary::Modulo) && real_y == 0.0;
    if by_zero {
        return Err("zero divides nothing");
    }
    let compared = match operator {
        Binary::Less => Some(real_x < real_y),
        Binary::AtMost => Some(real_x <= real_y),
        Binary::More => Some(real_x > real_y),
        Binary::AtLeast => Some(real_x >= real_y),
        _ => None,
    };
    if let Some(compared) = compared {
        return Ok(Val::Bool(compared));
    }
    if let (Val::Int(a), Val::Int(b)) = (x, y) {
        let whole = match operator {
            Binary::Plus => a.checked_add(b),
            Binary::Minus => a.checked_sub(b),
            Binary::Times => a.checked_mul(b),
            Binary::Over if a % b == 0 => a.checked_div(b),
            Binary::Over => return Ok(Val::Num(real_x / real_y)),
            Binary::Floor => a.checked_div_euclid(b),
            _ => a.checked_rem_euclid(b),
        };
        return whole.map(Val::Int).ok_or("too large a number");
    }
    Ok(Val::number(match operator {
        Binary::Plus => real_x + real_y,
        Binary::Minus => real_x - real_y,
        Binary::Times => real_x * real_y,
        Binary::Over => real_x / real_y,
        Binary::Floor => (real_x / real_y).floor(),
        _ => real_x - real_y * (real_x / real_y).floor(),
    }))
}
