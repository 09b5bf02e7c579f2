//! Values of a fleet file: money in any currency, of a chip or of its server, and times that may be zero.

use super::Catalog;
use super::fleet::Approval;
use crate::cost::currency::rate;
use crate::error::Error;
use crate::read::{At, Reader};
use crate::units::money::Code;
use crate::units::parse::{Grammar, check, parse_money};
use crate::units::show::{exact, number};
use crate::units::{Fraction, Seconds};

/// Money in dollars for one chip, whatever it is written in, and the sentence that says what it was.
pub(super) fn money<Q: Grammar>(
    r: &Reader<'_>,
    key: &'static str,
    chip: Option<&str>,
    catalog: &Catalog,
    said: &mut Vec<String>,
) -> Option<Q> {
    let value = r.value(key)?;
    let Some(text) = value.as_text() else { return value.quantity() };
    match dollars::<Q>(text, chip, catalog) {
        Ok((money, words)) => {
            said.extend(words.map(|words| format!("{key} {words}")));
            Some(money)
        }
        Err(error) => {
            value.fail(error);
            None
        }
    }
}

fn dollars<Q: Grammar>(text: &str, chip: Option<&str>, catalog: &Catalog) -> Result<(Q, Option<String>), Error> {
    let (amount, written) = parse_money::<Q>(text)?;
    if !written.waits() {
        return Ok((amount, None));
    }
    let rates = if written.code == Code::USD { Vec::new() } else { catalog.rates()? };
    let found = (written.code != Code::USD).then(|| rate(written.code.as_str(), catalog.day(), &rates)).transpose()?;
    let chips = match chip.filter(|_| written.per.server) {
        Some(chip) => f64::from(catalog.accelerator(chip)?.chip.node_chips.max(1)),
        None => 1.0,
    };
    let money = check(Q::from_base(amount.base() * found.map_or(1.0, |rate| rate.usd_per_unit) / chips))?;
    let at =
        found.map(|rate| format!(", at ${} per {} of {}", number(rate.usd_per_unit, 5), rate.currency, rate.as_of));
    Ok((money, Some(format!("{text} is {}{}", exact(money), at.unwrap_or_default()))))
}

/// A duration, or a bare 0: chips that are in use already need no burn-in.
pub(super) fn duration(r: &Reader<'_>, key: &'static str) -> Option<Seconds> {
    match r.value(key)?.as_text() {
        Some("0") => Some(Seconds::ZERO),
        _ => r.quantity(key),
    }
}

/// A decision of others, with its place.
pub(super) fn approval(r: &Reader<'_>) -> Option<(Approval, At)> {
    let name = r.need("name", r.text("name"));
    let approved = r.need("approved", r.quantity("approved"));
    let approval = Approval {
        name: name?,
        approved: approved?,
        conditional: r.quantity("conditional").unwrap_or(Fraction::ZERO),
        median: duration(r, "median").unwrap_or(Seconds::ZERO),
        spread: r.number("spread").unwrap_or(0.0),
        domestic_share: r.quantity("domestic_share").unwrap_or(Fraction::ZERO),
        usage: r.quantity("usage").unwrap_or(Fraction::new(1.0)),
    };
    Some((approval, r.place("approved")))
}
