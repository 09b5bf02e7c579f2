//! Deliveries as rows of a spec, or typed as rows for a flag.

use super::{DELIVERIES, Deliveries, Delivery};
use crate::error::Error;
use crate::input::file::text_of;
use crate::input::inline;
use crate::read::Value;
use crate::units::show;

impl Deliveries {
    /// Reads the rows of a spec.
    ///
    /// # Errors
    /// Everything that is wrong with them, each with its place.
    pub fn of_value(value: &Value<'_>) -> Result<Self, Error> {
        let items = if value.raw().is_table() { vec![*value] } else { value.items() };
        let (mut each, mut errors) = (Vec::new(), Vec::new());
        for item in items {
            match item.table(DELIVERIES) {
                Some(inner) => {
                    let mut one = Delivery { place: Some(item.at()), ..Delivery::of_chips("1")? };
                    for key in inner.keys() {
                        let Some(cell) = inner.any(key) else { continue };
                        let text = text_of(&cell);
                        let set = text.map_or_else(
                            || Err(Error::bad_input(format!("`{key}` takes a number, a date or a text"))),
                            |text| one.set(key, &text),
                        );
                        errors.extend(set.err().map(|error| cell.at().locate(error)));
                    }
                    let lacks = |key: &str, other: &str| inner.any(key).is_none() && inner.any(other).is_none();
                    let lacking =
                        [("chips", "chips"), ("on", "date")].into_iter().find(|(key, other)| lacks(key, other));
                    let lacking = lacking.map(|(key, _)| Error::bad_input(format!("a delivery without `{key}`")));
                    errors.extend(lacking.map(|error| item.at().locate(error.with_hint(hint_of_rows()))));
                    each.push(one);
                }
                None => match item.as_text().map(Delivery::parse) {
                    Some(Ok(one)) => each.push(Delivery { place: Some(item.at()), ..one }),
                    Some(Err(error)) => errors.push(item.at().locate(error)),
                    None => errors.push(item.at().locate(Error::bad_input("no delivery").with_hint(hint_of_rows()))),
                },
            }
        }
        match Error::all(errors) {
            Some(error) => Err(error),
            None => Self::of(each).map_err(|error| value.at().locate(error)),
        }
    }
}

fn hint_of_rows() -> String {
    "write it like `deliveries = [{ chips = 2048, on = 2027-01-15 }]`".to_owned()
}

pub(super) fn listed(each: &[Delivery]) -> String {
    let pair = |key: &str, value: String| format!("{key} = \"{value}\"");
    let row = |one: &Delivery| {
        let [low, high] = one.on;
        let on = if low == high { low.to_string() } else { format!("{low}..{high}") };
        let mut pairs = vec![pair("chips", one.chips_text.clone()), pair("on", on)];
        pairs.extend(one.gpu.clone().map(|gpu| pair("gpu", gpu)));
        pairs.extend((one.probability.get() < 1.0).then(|| pair("probability", one.probability.get().to_string())));
        pairs.extend(one.price.map(|price| pair("price", show::exact(price))));
        pairs.extend(one.burn_in.map(|time| pair("burn_in", format!("{}d", show::number(time.days(), 9)))));
        format!("{{ {} }}", pairs.join(", "))
    };
    format!("[{}]", each.iter().map(row).collect::<Vec<_>>().join(", "))
}

/// Rows typed for a flag.
pub(super) fn typed(text: &str, flag: &str) -> Result<Deliveries, Error> {
    let found = inline::read(flag, text, |value| {
        Deliveries::of_value(value).map_err(|error| error.each().for_each(|one| value.record(one.clone()))).ok()
    })?;
    Deliveries::of(found.each.iter().map(|one| Delivery { place: None, ..one.clone() }).collect())
}
