//! The values of one object of a file, with the class that reads them.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::assemble::Assembled;
use super::expr::Expr;
use super::value::Val;

/// Steps of expressions that one file may take: far more than any model needs.
const MOST_STEPS: u64 = 20_000_000;

/// Expressions that may ask for each other, one within another.
const DEEPEST: usize = 64;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    /// The key of the file that it is about.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Trouble {
    /// About a key, if one is known.
    pub fn new(key: Option<&str>, message: impl Into<String>) -> Self {
        Self { key: key.map(str::to_owned), message: message.into() }
    }
}

/// One expression's place: its name, and how many classes up it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) name: &'a str,
    pub(super) up: usize,
    pub(super) deep: usize,
}

/// An object of a file, read by its class.
#[derive(Debug)]
pub struct Scope<'a> {
    class: &'a Assembled<'a>,
    object: &'a Map<String, Value>,
    /// The keys that lead to the object.
    pub path: Vec<&'a str>,
    parts: Vec<(&'a str, Rc<Scope<'a>>)>,
    keys: RefCell<HashMap<&'a str, Val<'a>>>,
    /// What expressions came to; for this layer alone where they depend on it.
    known: RefCell<HashMap<&'a str, (Option<u64>, Val<'a>)>>,
    pub(super) depth: Cell<i64>,
    pub(super) part: Cell<i64>,
    pub(super) counter: Cell<i64>,
    /// The layer was asked for by what is being worked out.
    pub(super) asked_depth: Cell<bool>,
    pub(super) asked_counter: Cell<bool>,
    stamp: Cell<u64>,
    steps: Cell<u64>,
}

impl<'a> Scope<'a> {
    /// An object of a file with its class.
    pub fn new(class: &'a Assembled<'a>, object: &'a Map<String, Value>, path: Vec<&'a str>) -> Self {
        Self {
            class,
            object,
            path,
            parts: Vec::new(),
            keys: RefCell::default(),
            known: RefCell::default(),
            depth: Cell::new(0),
            part: Cell::new(0),
            counter: Cell::new(0),
            asked_depth: Cell::new(false),
            asked_counter: Cell::new(false),
            stamp: Cell::new(0),
            steps: Cell::new(0),
        }
    }

    /// Puts a part beside it, which expressions may ask by this name.
    pub fn with_part(&mut self, name: &'a str, part: Rc<Scope<'a>>) {
        self.parts.push((name, part));
    }

    /// Its class.
    pub fn class(&self) -> &'a Assembled<'a> {
        self.class
    }

    /// The object of the file.
    pub fn object(&self) -> &'a Map<String, Value> {
        self.object
    }

    /// Turns to another layer, or to another part of it.
    pub fn at(&self, depth: i64, part: i64) {
        self.depth.set(depth);
        self.part.set(part);
        self.stamp.set(self.stamp.get() + 1);
    }

    /// Whether the file itself has this value.
    pub(super) fn given(&self, key: &'a str) -> bool {
        self.written(key).is_some_and(|value| !value.is_null())
    }

    /// Whether the file has a value under this very name.
    pub fn says(&self, key: &str) -> bool {
        self.object.get(key).is_some_and(|value| !value.is_null())
    }

    fn written(&self, key: &'a str) -> Option<&'a Value> {
        self.object.get(key).or_else(|| self.class.names_of(key).find_map(|name| self.object.get(name)))
    }

    /// A value of the file, or the class's own.
    pub fn key(&self, key: &'a str) -> Val<'a> {
        if let Some(known) = self.keys.borrow().get(key) {
            return *known;
        }
        let value = self.written(key).or_else(|| self.class.default(key)).map_or(Val::Null, Val::of);
        self.keys.borrow_mut().insert(key, value);
        value
    }

    /// A part beside it.
    pub fn part(&self, name: &str) -> Option<&Scope<'a>> {
        self.beside(name).map(|part| &**part)
    }

    pub(super) fn beside(&self, name: &str) -> Option<&Rc<Scope<'a>>> {
        self.parts.iter().find(|(known, _)| *known == name).map(|(_, part)| part)
    }

    /// What the expression of this name comes to; null where the class has none.
    ///
    /// # Errors
    /// Values of the file that it cannot be worked out from.
    pub fn get(&self, name: &str) -> Result<Val<'a>, Trouble> {
        self.named(name, 0)
    }

    pub(super) fn named(&self, name: &str, deep: usize) -> Result<Val<'a>, Trouble> {
        let Some(name) = self.class.name(name) else { return Ok(Val::Null) };
        if let Some((stamp, value)) = self.known.borrow().get(name)
            && stamp.is_none_or(|stamp| stamp == self.stamp.get())
        {
            if stamp.is_some() {
                self.asked_depth.set(true);
            }
            return Ok(*value);
        }
        if deep > DEEPEST {
            return Err(Trouble::new(None, format!("{name} of {} asks for itself", self.class.model_type())));
        }
        let outer = (self.asked_depth.replace(false), self.asked_counter.replace(false));
        let Some(expr) = self.class.expr(name, 0) else { return Ok(Val::Null) };
        let value = self.value(expr, Frame { name, up: 0, deep: deep + 1 })?;
        let stamp = self.asked_depth.get().then(|| self.stamp.get());
        if !self.asked_counter.get() {
            self.known.borrow_mut().insert(name, (stamp, value));
        }
        self.asked_depth.set(self.asked_depth.get() || outer.0);
        self.asked_counter.set(self.asked_counter.get() || outer.1);
        Ok(value)
    }

    /// What an expression comes to.
    ///
    /// # Errors
    /// Values of the file that it cannot be worked out from.
    pub fn evaluate(&self, expr: &'a Expr) -> Result<Val<'a>, Trouble> {
        self.value(expr, Frame { name: "", up: 0, deep: 0 })
    }

    /// Counts a step.
    pub(super) fn step(&self) -> Result<(), Trouble> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS {
            let message = format!("{} takes too long to be worked out", self.class.model_type());
            return Err(Trouble::new(None, message));
        }
        Ok(())
    }

    /// The key that an expression rests on: one of the file's own if there is any, else one with a value.
    pub fn key_behind(&self, name: &str) -> Option<String> {
        let mut keys = Vec::new();
        self.behind(name, 0, &mut keys);
        let given = keys.iter().find(|key| self.given(key));
        let known = || keys.iter().find(|key| !matches!(self.key(key), Val::Null));
        given.or_else(known).or(keys.first()).map(|key| (*key).to_owned())
    }

    /// Of these expressions, those that rest on the class's own value where the file gives none: `key value`.
    pub fn assumed(&self, names: &[&str]) -> Vec<String> {
        let one = |name: &&str| {
            let key = self.key_behind(name)?;
            let own = self.class.default(&key).filter(|_| !self.keys_given(name))?;
            Some(format!("{key} {}", Val::of(own).shown()))
        };
        names.iter().filter_map(one).collect()
    }

    /// Whether the file has any of the keys that an expression rests on.
    fn keys_given(&self, name: &str) -> bool {
        let mut keys = Vec::new();
        self.behind(name, 0, &mut keys);
        keys.iter().any(|key| self.given(key))
    }

    /// All keys that an expression rests on, in the order in which they stand.
    fn behind(&self, name: &str, deep: usize, keys: &mut Vec<&'a str>) {
        let Some(expr) = self.class.expr(name, 0).filter(|_| deep < 8 && keys.len() < 64) else { return };
        expr.visit(&mut |inner| match inner {
            Expr::Key(key) => keys.push(key),
            Expr::Name(name) => self.behind(name, deep + 1, keys),
            _ => {}
        });
    }
}
