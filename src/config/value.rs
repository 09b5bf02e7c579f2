//! What an expression comes to.

use serde_json::Value;

/// From here on a number is one without an end: no model has as many of anything.
pub const ENDLESS: f64 = 1e99;

/// A value of a file, or one that was worked out from others.
#[derive(Debug, Clone, Copy)]
pub enum Val<'a> {
    /// Nothing: the file says `null`, or nothing at all.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Num(f64),
    /// A text.
    Text(&'a str),
    /// A list or an object.
    Json(&'a Value),
}

impl<'a> Val<'a> {
    /// A value of a file; a number without a fraction is whole however it is written.
    pub fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Int(whole),
                // How a file's words for no number and for one without an end are told.
                (None, Some(number)) if number == 0.0 && number.is_sign_negative() => Self::Num(f64::NAN),
                (None, Some(number)) if number.abs() >= ENDLESS => Self::Num(number.signum() * f64::INFINITY),
                (None, Some(number)) => Self::number(number),
                (None, None) => Self::Null,
            },
            Value::String(text) => Self::Text(text),
            // How the library writes numbers that JSON has no word for.
            Value::Object(map) => match map.get("__float__").and_then(Value::as_str) {
                Some(word) if map.len() == 1 => Self::Num(word.parse().unwrap_or(f64::NAN)),
                _ => Self::Json(value),
            },
            Value::Array(_) => Self::Json(value),
        }
    }

    /// A number, whole where it has no fraction.
    pub fn number(number: f64) -> Self {
        let whole = number as i64;
        if whole as f64 == number && whole.unsigned_abs() < (1 << 53) { Self::Int(whole) } else { Self::Num(number) }
    }

    /// Whether it counts as true: neither null, zero nor empty.
    pub fn truth(self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(flag) => flag,
            Self::Int(number) => number != 0,
            Self::Num(number) => number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Json(Value::Array(list)) => !list.is_empty(),
            Self::Json(Value::Object(map)) => !map.is_empty(),
            Self::Json(_) => true,
        }
    }

    /// The whole number that it is; true is one.
    pub fn whole(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Bool(flag) => Some(i64::from(flag)),
            _ => None,
        }
    }

    /// The number that it is.
    pub fn real(self) -> Option<f64> {
        match self {
            Self::Num(number) => Some(number),
            other => other.whole().map(|number| number as f64),
        }
    }

    /// The list that it is.
    pub fn list(self) -> Option<&'a [Value]> {
        match self {
            Self::Json(value) => value.as_array().map(Vec::as_slice),
            _ => None,
        }
    }

    /// Whether both are the same.
    pub fn same(self, other: Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Json(a), Self::Json(b)) => a == b,
            (a, b) => a.real().is_some() && a.real() == b.real(),
        }
    }

    /// The entry of a list, or the character of a text, from zero; from the end where it is negative.
    pub fn entry(self, at: i64) -> Option<Self> {
        let index = |length: usize| {
            let from_start = if at < 0 { at.checked_add(i64::try_from(length).ok()?)? } else { at };
            usize::try_from(from_start).ok()
        };
        match self {
            Self::Text(text) => {
                let at = index(text.len())?;
                text.get(at..=at).map(Self::Text)
            }
            other => other.list().and_then(|list| list.get(index(list.len())?)).map(Self::of),
        }
    }

    /// Entries of a list or object, or characters of a text.
    pub fn length(self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.len()),
            Self::Json(Value::Array(list)) => Some(list.len()),
            Self::Json(Value::Object(map)) => Some(map.len()),
            _ => None,
        }
    }

    /// It as an error shows it, forty characters at most.
    pub fn shown(self) -> String {
        let text = match self {
            Self::Null => "null".into(),
            Self::Bool(flag) => flag.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Num(number) if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.into(),
            Self::Num(number) => number.to_string(),
            Self::Text(text) => format!("\"{text}\""),
            Self::Json(value) => value.to_string(),
        };
        match text.char_indices().nth(40) {
            Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }
}
