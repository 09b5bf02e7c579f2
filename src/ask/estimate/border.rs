//! What a bill charges at the border, held against what the rules say of the chip and the place.

use crate::answer::whole_bill::{Choices, WholeBill};
use crate::ask::policy::PolicyRequest;
use crate::catalog::Catalog;
use crate::cost::View;
use crate::cost::duty::BorderCharge;
use crate::error::Error;
use crate::units::{Fraction, show};

/// That a bill charges at the border what no rule asks of this chip on its way to this place, or another share of it.
///
/// # Errors
/// Rules or places that do not read.
pub fn against_rules(
    whole: &WholeBill,
    chip: &str,
    choices: &Choices,
    catalog: &Catalog,
) -> Result<Option<String>, Error> {
    let asked = match whole.terms.own.border {
        BorderCharge::None => return Ok(None),
        BorderCharge::Duty { rate, .. } => vec![("duty", rate)],
        BorderCharge::RevenueShare { share, .. } => vec![("revenue", share)],
        BorderCharge::Both { duty, revenue_share } => vec![("duty", duty), ("revenue", revenue_share)],
    };
    let Some(place) = choices.region.as_deref().filter(|_| whole.bill.view == View::Own) else { return Ok(None) };
    let mut request = PolicyRequest::new(chip).to(place);
    request.as_of = choices.day;
    // A region of several countries, or one that no rule knows, is no destination.
    let Ok(reply) = request.ask(catalog) else { return Ok(None) };
    let rows = reply.result.border.unwrap_or_default();
    let told = |(word, charged): &(&str, Fraction)| {
        let what = if *word == "duty" { "duty" } else { "share of revenue" };
        let rates: Vec<f64> = rows
            .iter()
            .filter(|row| row.verdict == "met" && row.says.contains(word))
            .filter_map(|row| row.rate)
            .collect();
        let same = rates.iter().any(|rate| (rate - charged.get()).abs() < 1e-9);
        let shown = show::percent(charged.get());
        match rates.first() {
            _ if same => None,
            Some(rate) => {
                Some(format!("the rules say a {what} of {}, and the bill charges {shown}", show::percent(*rate)))
            }
            None => {
                Some(format!("no rule that is known asks a {what} of this chip, and the bill charges {shown} of it"))
            }
        }
    };
    let told: Vec<String> = asked.iter().filter_map(told).collect();
    let day = &reply.result.as_of;
    Ok((!told.is_empty())
        .then(|| format!("on {day}, on the way to {place}: {} (policy {chip} --to {place})", told.join("; "))))
}
