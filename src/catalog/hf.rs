//! A Hugging Face `config.json` to [`Architecture`], by the description of its class.

use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::architecture::chain;
use super::{Catalog, Kind};
use crate::config::assemble::Assembled;
use crate::config::build::{architecture as build, params};
use crate::config::class::Class;
use crate::config::scope::{Scope, Trouble};
use crate::config::tower::tower as tower_of;
use crate::config::unknown::{one_letter_apart, unknown};
use crate::error::Error;
use crate::model::architecture::Architecture;
use crate::model::tower;
use crate::source::{Source, SourceKind};
use crate::units::Params;

/// A shape read from a `config.json`.
#[derive(Debug, Clone)]
pub struct HfModel {
    /// The model's name, if the file gives one, else its class's.
    pub name: String,
    /// The shape of its language model, checked.
    pub shape: Architecture,
    /// What stands beside it.
    pub towers: Vec<Tower>,
    /// What the file does not say and its class has a value of its own for: `key value`.
    pub assumed: Vec<String>,
    /// The file, as a source.
    pub source: Source,
}

/// A part beside the language model: what sees or hears, and what projects that into the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Tower {
    /// What it is.
    pub name: String,
    /// Its parameters.
    pub params: Params,
    /// What it does, as far as its class says.
    pub part: tower::Tower,
}

/// Reads the text of a `config.json`.
///
/// # Errors
/// Text that is not JSON, a model of a kind that is not counted here, or every value that is missing or wrong.
pub fn architecture(file: &str, text: &str, catalog: &Catalog) -> Result<HfModel, Error> {
    let place = Place { file, text: text.into() };
    let root = json(&place)?;
    let Some(object) = root.as_object() else {
        return Err(Error::bad_input(format!("{file} is JSON, but not an object with a model_type")));
    };
    let model_type = model_type(object).ok_or_else(|| {
        let hint = "a Hugging Face config.json says which model it is: \"model_type\": \"llama\"";
        place.error(&[], "model_type", "model_type: missing").with_hint(hint)
    })?;
    let chains = chains(catalog, &place, object, model_type)?;
    let assembled: Vec<Assembled<'_>> = chains.iter().map(|(_, chain)| Assembled::new(chain)).collect();
    let class = |name: &str| {
        let at = chains.iter().position(|(known, _)| known == name).unwrap_or(0);
        assembled.get(at)
    };
    let Some(outer) = class(model_type) else { return Err(place.error(&[], "model_type", "no class")) };
    let read = read(outer, object, class).map_err(|(path, troubles)| place.all(&path, troubles))?;
    let named = object.get("_name_or_path").and_then(Value::as_str).filter(|name| !name.is_empty());
    let (shape, towers, assumed) = read;
    let name = named.unwrap_or(model_type).to_owned();
    Ok(HfModel { name, shape, towers, assumed, source: source(file, outer.note()) })
}

/// What a reader of a count wants to know was read: the expressions of it.
const TOLD: [&str; 5] = ["layers", "hidden", "heads", "ffn", "vocab"];

/// Keys by which a language model is told.
const TOLD_WITHIN: [&str; 5] =
    ["hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "num_key_value_heads"];

/// What to say of a description that no file names.
const ONLY_LIKE: &str = "other classes are like it, and no file names it";

type Troubles<'a> = (Vec<&'a str>, Vec<Trouble>);

/// The language model and its towers.
fn read<'a>(
    outer: &'a Assembled<'a>,
    object: &'a Map<String, Value>,
    class: impl Fn(&str) -> Option<&'a Assembled<'a>>,
) -> Result<(Architecture, Vec<Tower>, Vec<String>), Troubles<'a>> {
    let mut wrapper = Scope::new(outer, object, Vec::new());
    for tower in outer.towers() {
        let Some(key) =
            tower.key.as_ref().filter(|key| !tower.optional || object.get(*key).is_some_and(|v| !v.is_null()))
        else {
            continue;
        };
        let Some((values, path)) = within(object, key, false, tower.fixed, &tower.absent) else {
            return Err((Vec::new(), vec![missing(key)]));
        };
        let name = class_of(values, tower.class.as_deref().unwrap_or_default(), tower.fixed);
        if let Some(class) = class(name) {
            wrapper.with_part(&tower.scope, Rc::new(Scope::new(class, values, path)));
        }
    }
    let Some(inner) = outer.inner() else {
        let strange = unknown(&wrapper);
        let shape = build(&wrapper, None).map_err(|troubles| (Vec::new(), [troubles, strange.clone()].concat()))?;
        let assumed = wrapper.assumed(&TOLD);
        return if strange.is_empty() { Ok((shape, towers(&wrapper)?, assumed)) } else { Err((Vec::new(), strange)) };
    };
    let Some((within, path)) = within(object, &inner.key, inner.flat, inner.fixed, &inner.absent) else {
        return Err((Vec::new(), vec![missing(&inner.key)]));
    };
    let name = class_of(within, &inner.class, inner.fixed || inner.flat && path.is_empty());
    let Some(text_class) = class(name) else { return Err((path, vec![Trouble::new(None, "no class")])) };
    let text = Rc::new(Scope::new(text_class, within, path));
    wrapper.with_part("text", Rc::clone(&text));
    let mut strange = unknown(&text);
    strange.extend(astray(&wrapper, &inner.key, inner.flat));
    let shape = build(&text, Some(&wrapper)).map_err(|troubles| (text.path.clone(), troubles))?;
    if !strange.is_empty() && !inner.flat {
        return Err((text.path.clone(), strange));
    }
    Ok((shape, towers(&wrapper)?, text.assumed(&TOLD)))
}

/// Values of a language model that stand beside the object which the wrapper reads them from, in a file without it.
fn astray(wrapper: &Scope<'_>, key: &str, flat: bool) -> Vec<Trouble> {
    if flat || wrapper.says(key) {
        return Vec::new();
    }
    let mut typed = wrapper.object().iter().filter(|(_, value)| value.is_object()).map(|(known, _)| known.as_str());
    if let Some(typed) = typed.find(|typed| one_letter_apart(typed, key)) {
        return vec![Trouble::new(Some(typed), format!("{typed}: no such key is read; did you mean `{key}`?"))];
    }
    let beside = |name: &&&str| wrapper.says(name) && !wrapper.class().knows(name);
    let complaint = |name: &&str| {
        let model_type = wrapper.class().model_type();
        let message = format!("{name}: `{model_type}` reads it within `{key}`, and the file has none");
        Trouble::new(Some(name), message)
    };
    TOLD_WITHIN.iter().filter(beside).map(complaint).collect()
}

fn missing(key: &str) -> Trouble {
    Trouble::new(
        Some(key),
        format!("{key}: no object of values stands here, and this model cannot be counted without it"),
    )
}

/// The parameters of each part beside the language model.
fn towers<'a>(wrapper: &Scope<'a>) -> Result<Vec<Tower>, Troubles<'a>> {
    crate::config::build::refusals(wrapper).map_err(|troubles| (Vec::new(), troubles))?;
    let mut towers = Vec::new();
    for tower in wrapper.class().towers() {
        let count = match (&tower.params, wrapper.part(&tower.scope)) {
            (Some(own), _) => wrapper.count(own).map_err(|trouble| (Vec::new(), vec![trouble]))?,
            (None, Some(part)) => params(part).map_err(|troubles| (part.path.clone(), troubles))?,
            (None, None) => 0,
        };
        if count > 0 {
            let part = tower_of(tower, wrapper, wrapper.part(&tower.scope), count);
            towers.push(Tower { name: tower.name.clone(), params: Params::new(count as f64), part });
        }
    }
    Ok(towers)
}

/// Values under a key, and the keys that lead there: the wrapper's own where they may stand there, else what its class
/// assumes; none where it assumes nothing.
fn within<'a>(
    object: &'a Map<String, Value>,
    key: &'a str,
    flat: bool,
    fixed: bool,
    absent: &'a Map<String, Value>,
) -> Option<(&'a Map<String, Value>, Vec<&'a str>)> {
    match object.get(key).filter(|value| !value.is_null()) {
        Some(value) => value.as_object().map(|inner| (inner, vec![key])),
        None if flat => Some((object, Vec::new())),
        None => (fixed || !absent.is_empty()).then_some((absent, Vec::new())),
    }
}

/// The class that values name, unless it is fixed.
fn class_of<'a>(values: &'a Map<String, Value>, usual: &'a str, fixed: bool) -> &'a str {
    if fixed { usual } else { model_type(values).unwrap_or(usual) }
}

fn model_type(object: &Map<String, Value>) -> Option<&str> {
    object.get("model_type").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// Every class that the file needs, by name.
fn chains(
    catalog: &Catalog,
    place: &Place<'_>,
    object: &Map<String, Value>,
    model_type: &str,
) -> Result<Vec<(String, Vec<Class>)>, Error> {
    let open = |path: &[&str], name: &str| {
        let known = |error: Error| {
            let error = if error.kind() == crate::error::Kind::UnknownName {
                let hint = error.hint().unwrap_or_default().to_owned();
                let error = Error::unknown_name("model_type", name, []);
                if hint.is_empty() { error } else { error.with_hint(hint) }
            } else {
                error
            };
            if error.place().is_some() { error } else { place.point(path, "model_type", error) }
        };
        if super::is_path(name) || !catalog.has(Kind::Architectures, name) {
            return Err(known(catalog.unknown(Kind::Architectures, name)));
        }
        let classes = chain(catalog, name).map_err(known)?;
        if classes.first().is_some_and(|class| class.base) {
            return Err(known(Error::unknown_name("model_type", name, []).with_hint(ONLY_LIKE)));
        }
        Ok((name.to_owned(), classes))
    };
    let outer = open(&[], model_type)?;
    let assembled = Assembled::new(&outer.1);
    let mut more: Vec<(&str, &str)> = Vec::new();
    let inner = assembled.inner().map(|inner| (&inner.key, inner.flat, inner.fixed, &inner.absent, &inner.class));
    let towers = assembled
        .towers()
        .iter()
        .filter_map(|tower| Some((tower.key.as_ref()?, false, tower.fixed, &tower.absent, tower.class.as_ref()?)));
    for (key, flat, fixed, absent, usual) in inner.into_iter().chain(towers) {
        if let Some((values, path)) = within(object, key, flat, fixed, absent) {
            more.push((key, class_of(values, usual, fixed || flat && path.is_empty())));
        }
    }
    let mut all = Vec::new();
    for (key, name) in more {
        if !all.iter().any(|(known, _): &(String, _)| known == name) {
            all.push(open(&[key], name)?);
        }
    }
    drop(assembled);
    all.insert(0, outer);
    Ok(all)
}

/// What helps, by what the complaint says.
const HINTS: [(&str, &str); 3] = [
    ("missing", "is this the config.json of a language model's weights?"),
    ("would change what is counted", "leave it out if the model does not use it, or name the class that reads it"),
    ("reads it within", "move the language model's values into that object, as the library writes them"),
];

/// Where errors point.
struct Place<'a> {
    file: &'a str,
    text: Arc<str>,
}

impl Place<'_> {
    fn point(&self, path: &[&str], key: &str, error: Error) -> Error {
        let mut start = 0;
        let mut found = 0..0;
        for key in path.iter().chain([&key]) {
            let quoted = format!("\"{key}\"");
            let Some(at) = self.text.get(start..).and_then(|rest| rest.find(&quoted)) else { break };
            found = start + at..start + at + quoted.len();
            start = found.end;
        }
        error.at(self.file, &self.text, found)
    }

    fn error(&self, path: &[&str], key: &str, message: &str) -> Error {
        self.point(path, key, Error::bad_input(message))
    }

    fn all(&self, path: &[&str], mut troubles: Vec<Trouble>) -> Error {
        let mut told = Vec::new();
        troubles.retain(|trouble| {
            let again = trouble.key.is_some() && told.contains(&trouble.key);
            told.push(trouble.key.clone());
            !again
        });
        let one = |trouble: Trouble| {
            let error = Error::bad_input(&trouble.message);
            let error = match HINTS.iter().find(|(part, _)| trouble.message.contains(part)) {
                Some((_, hint)) => error.with_hint(*hint),
                None => error,
            };
            self.point(path, trouble.key.as_deref().unwrap_or("model_type"), error)
        };
        let nothing = || Error::bad_input(format!("{} does not describe a language model", self.file));
        Error::all(troubles.into_iter().map(one).collect()).unwrap_or_else(nothing)
    }
}

/// The file as JSON; a byte order mark and numbers without an end are let pass, as Python writes them.
fn json(place: &Place<'_>) -> Result<Value, Error> {
    let text = place.text.trim_start_matches('\u{feff}');
    let told = endless(text);
    serde_json::from_str(told.as_deref().unwrap_or(text)).map_err(|trouble| {
        let before: usize = text.split_inclusive('\n').take(trouble.line().saturating_sub(1)).map(str::len).sum();
        let skipped = place.text.len() - text.len();
        let at = before + trouble.column().saturating_sub(1) + skipped;
        let start = place.text.floor_char_boundary(at.min(place.text.len()));
        let message = trouble.to_string();
        let message = message.split(" at line").next().unwrap_or_default();
        Error::bad_input(format!("this is not JSON: {message}"))
            .with_hint("a model is a profile's name, or the path of a Hugging Face config.json")
            .at(place.file, &place.text, start..start)
    })
}

/// The text with `NaN` and `Infinity` in numbers as long as they; `None` where it has none.
fn endless(text: &str) -> Option<String> {
    // Each as long as its word, so that errors keep their places; `Val` knows both.
    const WORDS: [(&str, &str); 2] = [("Infinity", "1.000e99"), ("NaN", "-0 ")];
    if !WORDS.iter().any(|(word, _)| text.contains(word)) {
        return None;
    }
    let mut told = String::with_capacity(text.len());
    // What stands between quotes is text; an escaped quote ends none.
    let (mut quoted, mut rest) = (false, text);
    while let Some(next) = rest.chars().next() {
        let word = WORDS.iter().find(|(word, _)| !quoted && rest.starts_with(word));
        let (taken, put) = match (next, word) {
            (_, Some((word, number))) => (word.len(), *number),
            ('\\', _) if quoted => {
                let taken = 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
                (taken, rest.get(..taken).unwrap_or_default())
            }
            _ => (next.len_utf8(), rest.get(..next.len_utf8()).unwrap_or_default()),
        };
        quoted ^= next == '"';
        told.push_str(put);
        rest = rest.get(taken..).unwrap_or_default();
    }
    Some(told)
}

fn source(file: &str, note: Option<&str>) -> Source {
    let read = "read from a Hugging Face config.json of the user's";
    Source {
        title: file.to_owned(),
        url: None,
        as_of: "undated".into(),
        kind: SourceKind::Published,
        note: Some(note.map_or(read.into(), |note| format!("{read}: {note}"))),
    }
}
