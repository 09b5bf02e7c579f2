//! JSON: fixed base units named in the keys, full precision, no NaN.

use serde_json::{Number, Value, json};

use super::View;

/// Version of the JSON output; it changes when a key changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// The view as JSON text.
pub fn text(view: &View) -> String {
    let mut text = serde_json::to_string_pretty(&view.json).unwrap_or_default();
    text.push('\n');
    text
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

/// A value for a CSV cell: unrounded, empty when unknown.
pub fn cell(value: Option<f64>) -> String {
    value.filter(|value| value.is_finite()).map(|value| format!("{}", clean(value))).unwrap_or_default()
}

/// The head that every JSON answer opens with.
pub fn head(command: &str) -> Value {
    json!({
        "schema_version": SCHEMA_VERSION,
        "tool": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
        "command": command,
    })
}
