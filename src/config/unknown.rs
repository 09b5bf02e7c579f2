//! Keys of a file that speak of a structure which its class knows nothing of.

use super::scope::{Scope, Trouble};
use super::value::Val;

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
    strange.map(|(key, _)| complaint(key)).collect()
}
