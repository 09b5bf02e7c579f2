//! A class with those it is like, ready to be asked.

use std::collections::HashMap;

use serde_json::Value;

use super::class::{Class, Inner, Refusal, TowerClass};
use super::expr::Expr;

/// Classes that one may be like, one through another.
pub const LONGEST_CHAIN: usize = 8;

/// A class and those it is like: its own values first.
#[derive(Debug)]
pub struct Assembled<'a> {
    /// The class, then what it is like, and so on.
    chain: &'a [Class],
    /// Each expression by name, the class's own first.
    shape: HashMap<&'a str, Vec<&'a Expr>>,
}

impl<'a> Assembled<'a> {
    /// Puts a class together with those it is like.
    pub fn new(chain: &'a [Class]) -> Self {
        let mut shape: HashMap<&str, Vec<&Expr>> = HashMap::new();
        for (name, expr) in chain.iter().flat_map(|class| &class.shape) {
            shape.entry(name).or_default().push(expr);
        }
        Self { chain, shape }
    }

    /// The name of the class.
    pub fn model_type(&self) -> &'a str {
        self.chain.first().map_or("", |class| &class.model_type)
    }

    /// The expression of a name, so many classes up.
    pub fn expr(&self, name: &str, up: usize) -> Option<&'a Expr> {
        self.shape.get(name)?.get(up).copied()
    }

    /// The name and its place, as they are kept.
    pub fn name(&self, name: &str) -> Option<&'a str> {
        self.shape.get_key_value(name).map(|(name, _)| *name)
    }

    /// What a value is where a file has none.
    pub fn default(&self, key: &str) -> Option<&'a Value> {
        self.chain.iter().find_map(|class| class.defaults.get(key))
    }

    /// Other names of a value.
    pub fn names_of(&self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.chain.iter().flat_map(|class| &class.names);
        all.filter(move |(_, of)| of == key).map(|(name, _)| name.as_str())
    }

    /// Every other name, with the one that it stands for.
    pub fn names(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.chain.iter().flat_map(|class| &class.names).map(|(name, of)| (name.as_str(), of.as_str()))
    }

    /// The name that a key stands for: its own unless it is another's.
    pub fn named(&self, key: &'a str) -> &'a str {
        self.names().find(|(name, _)| *name == key).map_or(key, |(_, of)| of)
    }

    /// What to know of a count.
    pub fn note(&self) -> Option<&'a str> {
        self.chain.iter().find_map(|class| class.note.as_deref())
    }

    /// What cannot be counted.
    pub fn refusals(&self) -> impl Iterator<Item = &'a Refusal> {
        self.chain.iter().flat_map(|class| &class.refuse)
    }

    /// The language model within.
    pub fn inner(&self) -> Option<&'a Inner> {
        self.chain.iter().find_map(|class| class.inner.as_ref())
    }

    /// What stands beside it: of the first class that says so.
    pub fn towers(&self) -> &'a [TowerClass] {
        self.chain.iter().map(|class| class.towers.as_slice()).find(|towers| !towers.is_empty()).unwrap_or_default()
    }

    /// Parts of names that speak of structure.
    pub fn structural(&self) -> impl Iterator<Item = &'a str> {
        self.chain.iter().flat_map(|class| &class.structural).map(String::as_str)
    }

    /// Whole names that speak of structure.
    pub fn structural_keys(&self) -> impl Iterator<Item = &'a str> {
        self.chain.iter().flat_map(|class| &class.structural_keys).map(String::as_str)
    }

    /// The keys that the class has values of its own for, and their other names.
    pub fn own_keys(&self) -> impl Iterator<Item = &'a str> {
        let defaults = self.chain.iter().flat_map(|class| class.defaults.keys()).map(String::as_str);
        defaults.chain(self.names().map(|(name, _)| name))
    }

    /// Whether the class reads any key with this word in it.
    pub fn speaks_of(&self, word: &str) -> bool {
        let mut found = false;
        for expr in self.shape.values().flatten() {
            expr.visit(&mut |expr| found |= matches!(expr, Expr::Key(key) if key.contains(word)));
        }
        found
    }

    /// Whether the class knows a key of a file.
    pub fn knows(&self, key: &str) -> bool {
        let named = |class: &Class| {
            class.defaults.contains_key(key)
                || class.names.iter().any(|(name, of)| name == key || of == key)
                || class.ignores.iter().any(|ignored| ignored == key)
                || class.refuse.iter().any(|refusal| refusal.key == key || mentions(&refusal.when, key))
                || class.inner.as_ref().is_some_and(|inner| inner.key == key)
                || class.towers.iter().any(|tower| {
                    tower.key.as_deref() == Some(key)
                        || [&tower.params, &tower.merge].into_iter().flatten().any(|expr| mentions(expr, key))
                })
        };
        self.chain.iter().any(named) || self.shape.values().flatten().any(|expr| mentions(expr, key))
    }
}

fn mentions(expr: &Expr, wanted: &str) -> bool {
    let mut found = false;
    expr.visit(&mut |expr| found |= matches!(expr, Expr::Key(key) if key.as_ref() == wanted));
    found
}
