//! Keys of a file that speak of a structure which its class knows nothing of.

use super::scope::{Scope, Trouble};
use super::value::Val;
use serde_json::Value;

/// Complaints about keys that would change what is counted if the class read them.
pub fn unknown(scope: &Scope<'_>) -> Vec<Trouble> {
    let class = scope.class();
    // A class that reads some keys of a kind knows the kind, and what else is said of it changes no count.
    let speaks = |key: &str| class.structural().any(|word| key.contains(word) && !class.speaks_of(word));
    let strange = scope.object().iter().filter(|(key, value)| {
        speaks(key) && Val::of(value).truth() && !matches!(value, serde_json::Value::String(_)) && !class.knows(key)
    });
    let complaint = |key: &str| {
        let model_type = class.model_type();
        let message =
            format!("{key}: the class of `{model_type}` has no such key, and it would change what is counted");
        Trouble::new(Some(key), message)
    };
    strange.map(|(key, _)| complaint(key)).chain(disagreeing(scope)).chain(mistyped(scope)).collect()
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
            _ => return None,
        };
        let shown: String = value.to_string().chars().take(40).collect();
        Some(Trouble::new(Some(key), format!("{key}: {shown} is not {expected}")))
    };
    let listed = |key: &str, value: &Value| {
        let of_layers = key.ends_with("layer_types") || key == "layers_block_type";
        (of_layers && value.is_string() && class.knows(key))
            .then(|| Trouble::new(Some(key), format!("{key}: a list with an entry for each layer is expected")))
    };
    let each = scope.object().iter().flat_map(|(key, value)| [wrong(key, value), listed(key, value)]);
    each.flatten().collect()
}
