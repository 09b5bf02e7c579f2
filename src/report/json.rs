//! JSON: fixed base units named in the keys, full precision, no NaN.

use serde::Serialize;
use serde_json::{Number, Value};

use super::View;
use crate::ask::reply::ReplyHead;

/// Why a value is null, where the reply gives no reason of its own.
const NO_REASON: &str = "does not follow from what is given";

/// A reply for machines. This is the one place where its numbers are looked at: they have 15 digits at most, what is
/// not finite is null, and a null of the block `result` has its reason in `unknown`.
pub fn reply<T: Serialize>(reply: &T) -> Value {
    let mut json = serde_json::to_value(reply).unwrap_or_default();
    debug_assert!(json.is_object(), "a reply is a struct whose keys are texts");
    neat(&mut json);
    let result = json.get("result").and_then(Value::as_object);
    let nulls = result.into_iter().flatten().filter(|(_, value)| value.is_null());
    let nulls: Vec<String> = nulls.map(|(key, _)| key.clone()).collect();
    if let Some(unknown) = json.get_mut("unknown").and_then(Value::as_object_mut) {
        for key in nulls {
            unknown.entry(key).or_insert_with(|| NO_REASON.into());
        }
    }
    json
}

fn neat(json: &mut Value) {
    match json {
        Value::Number(value) if value.is_f64() => *json = maybe(value.as_f64()),
        Value::Array(items) => items.iter_mut().for_each(neat),
        Value::Object(map) => map.values_mut().for_each(neat),
        _ => {}
    }
}

/// The view as JSON text.
pub fn text(view: &View) -> String {
    let mut text = serde_json::to_string_pretty(&view.json).unwrap_or_default();
    text.push('\n');
    text
}

/// Hands over every value below a path, with its dotted path: texts, numbers, and lists of those.
pub fn leaves(path: &str, value: &Value, take: &mut impl FnMut(&str, &Value)) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, inner)| leaves(&below(key), inner, take)),
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.iter().enumerate().for_each(|(index, inner)| leaves(&below(&index.to_string()), inner, take));
        }
        value => take(path, value),
    }
}

/// The view as JSON on one line.
pub fn line(view: &View) -> String {
    format!("{}\n", view.json)
}

/// A number for machines: 15 significant digits, which drops the noise of the last bit
/// (5576000, not 5576000.000000001), or null when it is not finite.
///
/// ```
/// use flopbill::internals::report::json::number;
/// assert_eq!(number(5576000.000000001).to_string(), "5576000");
/// assert_eq!(number(f64::NAN).to_string(), "null");
/// ```
pub fn number(value: f64) -> Value {
    let cleaned = clean(value);
    if cleaned.fract() == 0.0 && cleaned.abs() < 9e15 {
        return Value::from(cleaned as i64);
    }
    Number::from_f64(cleaned).map_or(Value::Null, Value::Number)
}

/// A value rounded to 15 significant digits.
pub fn clean(value: f64) -> f64 {
    format!("{value:.14e}").parse().unwrap_or(value)
}

/// A number, or null.
pub fn maybe(value: Option<f64>) -> Value {
    value.map_or(Value::Null, number)
}

/// A value as a text: null is empty, the items of a list are told apart by `; `.
pub fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

/// A value for a CSV cell: unrounded, empty when unknown.
pub fn cell(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map(|value| format!("{}", clean(value))).unwrap_or_default()
}

/// A head with what a reply says beside it.
pub fn with_head(head: &ReplyHead, body: Value) -> Value {
    let mut json = serde_json::to_value(head).unwrap_or_default();
    if let (Some(json), Value::Object(body)) = (json.as_object_mut(), body) {
        json.extend(body);
    }
    reply(&json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::reply::ResultBlock;

    #[derive(Serialize)]
    struct Reply {
        #[serde(flatten)]
        head: ReplyHead,
        result: ResultBlock,
        rates: [f64; 2],
    }

    #[test]
    fn nothing_that_is_not_finite_gets_out_and_every_null_has_a_reason() {
        let mut head = ReplyHead::new("estimate", "a run");
        head.unknown = [("cost_usd".to_owned(), "no price is known".to_owned())].into_iter().collect();
        let mut result = ResultBlock::default().gpu_hours(5576000.000000001);
        result.mfu = Some(f64::INFINITY);
        let json = reply(&Reply { head, result, rates: [0.5, f64::NAN] });
        assert_eq!(json["result"]["gpu_hours"].to_string(), "5576000");
        assert_eq!(json["rates"].to_string(), "[0.5,null]");
        assert!(json["result"]["mfu"].is_null());
        assert_eq!(json["unknown"]["mfu"], NO_REASON);
        assert_eq!(json["unknown"]["cost_usd"], "no price is known");
        assert!(json["unknown"]["gpu_hours"].is_null());
        let keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let head = "schema_version tool_version command name inputs unknown assumptions warnings sources result rates";
        assert_eq!(keys.join(" "), head);
    }
}
