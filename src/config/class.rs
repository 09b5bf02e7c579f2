//! The description of one class, as its file gives it.

use serde_json::{Map, Value};

use super::expr::Expr;
pub use super::parse::parse;

/// One class of models, or of towers beside them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Class {
    /// What files call it: `model_type`.
    pub model_type: String,
    /// The class whose values and expressions hold where this one has none.
    pub like: Option<String>,
    /// Only others are like it: no file names it.
    pub base: bool,
    /// What to know of a count.
    pub note: Option<String>,
    /// Other names of a value that files may use.
    pub names: Vec<(String, String)>,
    /// Values where a file has none.
    pub defaults: Map<String, Value>,
    /// Expressions by name.
    pub shape: Vec<(String, Expr)>,
    /// What cannot be counted.
    pub refuse: Vec<Refusal>,
    /// The language model within, where this class is a wrapper of one.
    pub inner: Option<Inner>,
    /// What stands beside the language model.
    pub towers: Vec<TowerClass>,
    /// Keys that the class knows and that change nothing.
    pub ignores: Vec<String>,
    /// Parts of names that speak of structure: a key that holds one and is not known is refused.
    pub structural: Vec<String>,
    /// Whole names that speak of structure: such a key is refused unless the class knows that very key.
    pub structural_keys: Vec<String>,
}

/// Something that the class can build and this reader cannot count.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The key that says so.
    pub key: String,
    /// When it does.
    pub when: Expr,
    /// Why that is not counted.
    pub because: String,
}

/// Where the language model of a wrapper is described.
#[derive(Debug, Clone, PartialEq)]
pub struct Inner {
    /// The key of its values.
    pub key: String,
    /// Its class, where its values do not say.
    pub class: String,
    /// Its values may stand beside the wrapper's.
    pub flat: bool,
    /// Its class, whatever its values say.
    pub fixed: bool,
    /// Its values where the file has none of them.
    pub absent: Map<String, Value>,
}

/// A part beside the language model.
#[derive(Debug, Clone, PartialEq)]
pub struct TowerClass {
    /// What it is called.
    pub name: String,
    /// The name by which expressions call it.
    pub scope: String,
    /// The key of its values; none for a part that is counted from the wrapper's.
    pub key: Option<String>,
    /// Its class, where its values do not say.
    pub class: Option<String>,
    /// Its class, whatever its values say.
    pub fixed: bool,
    /// Its values where the file has none of them.
    pub absent: Map<String, Value>,
    /// It may be missing, or null: then there is none.
    pub optional: bool,
    /// Its parameters, in the wrapper's own terms.
    pub params: Option<Expr>,
    /// It works on sound, else on pictures.
    pub sound: bool,
    /// It joins another part to the language model's stream, as one with parameters in the wrapper's terms does.
    pub joins: bool,
    /// Patches that come to it as one, in the wrapper's own terms; one by one without it.
    pub merge: Option<Expr>,
}
