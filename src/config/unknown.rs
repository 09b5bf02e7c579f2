//! Keys of a file that speak of a structure which its class knows nothing of.

use super::scope::{Scope, Trouble};
use super::value::Val;
use crate::error::nearest;
use serde_json::Value;

/// Complaints about keys that would change what is counted if the class read them.
pub fn unknown(scope: &Scope<'_>) -> Vec<Trouble> {
    let class = scope.class();
    // A class that reads some keys of a kind knows the kind, and what else is said of it changes no count.
    let speaks = |key: &str| {
        class.structural().any(|word| key.contains(word) && !class.speaks_of(word))
            || class.structural_keys().any(|whole| key == whole)
    };
    let strange = scope.object().iter().filter(|(key, value)| {
        let says = Val::of(value).truth() && !matches!(value, Value::String(_)) && !does_nothing(key, value);
        speaks(key) && says && !class.knows(key)
    });
    let complaint = |key: &str| {
        let model_type = class.model_type();
        let message =
            format!("{key}: the class of `{model_type}` has no such key, and it would change what is counted");
        Trouble::new(Some(key), message)
    };
    let strange = strange.map(|(key, _)| complaint(key));
    strange.chain(disagreeing(scope)).chain(mistyped(scope)).chain(misspelt(scope)).collect()
}

/// Whether a key of structure says by this value that there is nothing: experts in every layer.
fn does_nothing(key: &str, value: &Value) -> bool {
    matches!(key, "moe_layer_freq" | "decoder_sparse_step" | "interleave_moe_layer_step") && value.as_i64() == Some(1)
}

/// Complaints about keys that are one letter away from one that the class has, and that the file has not.
fn misspelt(scope: &Scope<'_>) -> Vec<Trouble> {
    let class = scope.class();
    let meant = |key: &str| {
        let letter = |own: &&str| own.len() > 5 && own.len().abs_diff(key.len()) <= 1 && !scope.says(own);
        let near = nearest(key, class.own_keys().filter(letter))?;
        one_letter_apart(key, near).then_some(near)
    };
    let unknown = scope.object().iter().filter(|(key, value)| value.is_number() && !class.knows(key));
    let complaint = |(key, _): (&String, _)| {
        let meant = meant(key)?;
        let model_type = class.model_type();
        let message = format!("{key}: the class of `{model_type}` has no such key; did you mean `{meant}`?");
        Some(Trouble::new(Some(key), message))
    };
    unknown.filter_map(complaint).collect()
}

/// Whether one is the other with a letter more, less or changed.
pub fn one_letter_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let first = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let rest = a.len().min(b.len()) - first;
    let last = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(x, y)| x == y).count();
    a != b && a.len().max(b.len()) - first - last == 1
}

/// Complaints about a value that stands under two names and is not the same.
fn disagreeing(scope: &Scope<'_>) -> Vec<Trouble> {
    let said = |key: &str| scope.object().get(key).filter(|value| !value.is_null());
    let differ = scope.class().names().filter(|(name, of)| said(name).zip(said(of)).is_some_and(|(a, b)| a != b));
    let complaint = |(name, of): (&str, &str)| {
        let message = format!("{name}: it is another name of {of}, and the file gives both, with different values");
        Trouble::new(Some(name), message)
    };
    differ.map(complaint).collect()
}

/// Whether a number is below zero, or none at all.
fn negative(number: &serde_json::Number) -> bool {
    number.as_f64().is_some_and(f64::is_sign_negative)
}

/// Complaints about values that are not of the kind that the class's own is.
fn mistyped(scope: &Scope<'_>) -> Vec<Trouble> {
    let class = scope.class();
    let wrong = |key: &str, value: &Value| {
        let own = class.default(class.named(key))?;
        let whole = value.as_f64().is_some_and(|number| number == 0.0 || number == 1.0);
        let expected = match (own, value) {
            (Value::Bool(_), Value::String(_) | Value::Array(_) | Value::Object(_)) => "true or false",
            (Value::Bool(_), Value::Number(_)) if !whole => "true or false",
            (Value::Number(_), Value::Bool(_) | Value::String(_)) => "a number",
            (Value::Number(own), Value::Number(given)) if negative(given) && !negative(own) => "a number from zero",
            _ => return None,
        };
        Some(Trouble::new(Some(key), format!("{key}: {} is not {expected}", Val::of(value).shown())))
    };
    let listed = |key: &str, value: &Value| {
        let of_layers = key.ends_with("layer_types") || key == "layers_block_type";
        (of_layers && value.is_string() && class.knows(key))
            .then(|| Trouble::new(Some(key), format!("{key}: a list with an entry for each layer is expected")))
    };
    let each = scope.object().iter().flat_map(|(key, value)| [wrong(key, value), listed(key, value)]);
    each.flatten().collect()
}
