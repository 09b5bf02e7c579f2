//! `profiles/architectures/`: TOML to [`Class`].

use serde_json::{Map, Number, Value};
use toml::de::DeValue;

use super::{Catalog, Found, Kind};
use crate::config::assemble::LONGEST_CHAIN;
use crate::config::class::{Class, Inner, Refusal, TowerClass, parse};
use crate::config::expr::Expr;
use crate::error::Error;
use crate::read::{Reader, Value as Item};

/// Reads one description.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn class(found: &Found) -> Result<Class, Error> {
    found.document.read(|r| {
        let model_type = r.need("model_type", r.text("model_type"));
        let _ = r.texts("aliases"); // for the index of names
        let sources = r.sources();
        r.require_sources(&sources, &[]);
        let mut class = Class {
            model_type: model_type?,
            like: r.text("like"),
            base: r.flag("base").unwrap_or(false),
            note: r.text("note"),
            names: r.table("names", |names| Some(texts(names))).unwrap_or_default(),
            defaults: r.table("defaults", |defaults| Some(values(defaults))).unwrap_or_default(),
            shape: r.table("shape", |shape| Some(expressions(shape))).unwrap_or_default(),
            refuse: r.tables("refuse", refusal),
            inner: r.table("inner", inner),
            towers: r.tables("towers", tower),
            ignores: r.texts("ignores"),
            structural: r.texts("structural"),
            structural_keys: r.texts("structural_keys"),
        };
        class.shape.shrink_to_fit();
        Some(class)
    })
}

/// The class of this name and those it is like, in that order.
///
/// # Errors
/// A class that nobody describes, or a file that does not hold what it should.
pub fn chain(catalog: &Catalog, model_type: &str) -> Result<Vec<Class>, Error> {
    let mut classes = vec![class(&catalog.find(Kind::Architectures, model_type)?)?];
    while let Some(like) = classes.last().and_then(|class| class.like.clone()) {
        if classes.len() >= LONGEST_CHAIN {
            return Err(Error::bad_input(format!("`{model_type}` is like too many classes, one through another")));
        }
        classes.push(class(&catalog.find(Kind::Architectures, &like)?)?);
    }
    Ok(classes)
}

/// Refuses a class that is like one which nobody describes.
///
/// # Errors
/// The name that nobody has, or what is wrong with the class of that name.
pub fn likes(class: &Class, found: &Found, catalog: &Catalog) -> Result<(), Error> {
    let Some(like) = &class.like else { return Ok(()) };
    if catalog.has(Kind::Architectures, like) {
        return chain(catalog, like).map(drop);
    }
    let start = found.document.text.find(&format!("\"{like}\"")).unwrap_or(0);
    let error = catalog.unknown(Kind::Architectures, like);
    Err(error.at(&found.document.file, &found.document.text, start..start + like.len() + 2))
}

/// Every key of a table with its text.
fn texts(r: &Reader<'_>) -> Vec<(String, String)> {
    let _ = r.value("*"); // any key
    let text = |key: &str| {
        let item = r.any(key)?;
        let text = item.raw().as_str();
        if text.is_none() {
            item.fail(Error::bad_input(format!("`{key}` takes a text in quotes")));
        }
        Some((key.to_owned(), text?.to_owned()))
    };
    r.keys().filter_map(text).collect()
}

/// Every key of a table with its value, as JSON writes it.
fn values(r: &Reader<'_>) -> Map<String, Value> {
    let _ = r.value("*");
    r.keys().filter_map(|key| Some((key.to_owned(), json(r.any(key)?.raw())))).collect()
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        // TOML has no word for a value that is known to be none.
        DeValue::String(text) if text == "null" => Value::Null,
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => {
            number.as_str().parse().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(list) => list.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            let entry = |(key, value): (_, &toml::Spanned<DeValue<'_>>)| {
                let key: &toml::Spanned<std::borrow::Cow<'_, str>> = key;
                (key.get_ref().to_string(), json(value.get_ref()))
            };
            Value::Object(table.iter().map(entry).collect())
        }
    }
}

/// Every key of a table with its expression; a number or truth value stands for itself.
fn expressions(r: &Reader<'_>) -> Vec<(String, Expr)> {
    let _ = r.value("*");
    r.keys().filter_map(|key| Some((key.to_owned(), expression(key, &r.any(key)?)?))).collect()
}

fn expression(key: &str, item: &Item<'_>) -> Option<Expr> {
    let read = match item.raw() {
        DeValue::String(text) => parse(text),
        DeValue::Boolean(flag) => Ok(Expr::Bool(*flag)),
        DeValue::Integer(number) => number.as_str().parse().map(Expr::Int).map_err(|_| "too large a number".into()),
        DeValue::Float(number) => number.as_str().parse().map(Expr::Num).map_err(|_| "no number".into()),
        _ => Err("takes an expression in quotes, a number, or true or false".into()),
    };
    read.map_err(|why: String| item.fail(Error::bad_input(format!("`{key}`: {why}")))).ok()
}

fn needed(r: &Reader<'_>, key: &'static str) -> Option<Expr> {
    let item = r.need(key, r.value(key))?;
    expression(key, &item)
}

fn refusal(r: &Reader<'_>) -> Option<Refusal> {
    let (key, when) = (r.need("key", r.text("key")), needed(r, "when"));
    let because = r.need("because", r.text("because"));
    Some(Refusal { key: key?, when: when?, because: because? })
}

fn inner(r: &Reader<'_>) -> Option<Inner> {
    let (key, class) = (r.need("key", r.text("key")), r.need("class", r.text("class")));
    let (flat, fixed) = (r.flag("flat").unwrap_or(false), r.flag("fixed").unwrap_or(false));
    let absent = r.table("absent", |absent| Some(values(absent))).unwrap_or_default();
    Some(Inner { key: key?, class: class?, flat, fixed, absent })
}

fn tower(r: &Reader<'_>) -> Option<TowerClass> {
    let name = r.need("name", r.text("name"));
    let given = |key: &'static str| r.value(key).and_then(|item| expression(key, &item));
    let (params, merge) = (given("params"), given("merge"));
    let (sound, joins) = (r.flag("sound").unwrap_or(false), r.flag("joins").unwrap_or(false));
    let (scope, key, class) = (r.text("scope"), r.text("key"), r.text("class"));
    let (fixed, optional) = (r.flag("fixed").unwrap_or(false), r.flag("optional").unwrap_or(false));
    let absent = r.table("absent", |absent| Some(values(absent))).unwrap_or_default();
    let (name, scope) = (name?, scope.unwrap_or_default());
    Some(TowerClass { name, scope, key, class, fixed, absent, optional, params, sound, joins, merge })
}
