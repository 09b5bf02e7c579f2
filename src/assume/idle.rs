//! Which assumptions change nothing in a bill, and why.

use super::Laid;
use crate::cost::duty::BorderCharge;
use crate::cost::energy::Power;
use crate::cost::own::Hosting;
use crate::cost::rent::Offer;
use crate::cost::{Terms, View};

/// What a bill is made of, for telling what it does not look at.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// Its view.
    pub view: View,
    /// Its terms.
    pub terms: &'a Terms,
    /// The chip's server is on its sheet.
    pub server_is_known: bool,
}

/// The values that change nothing in a bill, in sentences.
pub fn idle(laid: &[Laid], against: &Against<'_>) -> Vec<String> {
    let given = |path: &str| laid.iter().any(|one| one.field == path);
    let one =
        |one: &Laid| why(one.field, against, &given).map(|why| format!("{} changes nothing here: {why}", one.origin));
    laid.iter().filter_map(one).collect()
}

fn why(path: &str, against: &Against<'_>, given: &impl Fn(&str) -> bool) -> Option<&'static str> {
    let Against { view, terms, server_is_known } = *against;
    let (own, power) = (&terms.own, terms.own.power);
    let metered = matches!(own.hosting, Hosting::Facility { .. });
    let server = matches!(power, Some(Power::Server { .. }));
    let all_in = matches!(power, Some(Power::AllIn { .. }));
    let idle = |idle: bool, why: &'static str| idle.then_some(why);
    match path {
        "epoch.load_gpu" | "epoch.load_tpu" | "epoch.decline" | "epoch.network" | "epoch.age"
        | "epoch.server_power" => idle(view != View::Epoch, "it is of --bill epoch"),
        "epoch.pue_other" if given("bill.pue") => Some("--pue says it"),
        "electricity.price" => idle(!metered && view != View::Epoch, "hosting pays for the electricity"),
        "hosting.all_in_usd_per_kw_month" => idle(metered, "electricity is metered: hosting is the facility's price"),
        "hosting.facility_usd_per_kw_month" => idle(!metered, "hosting is one price with the electricity in it"),
        "power.load" | "power.fabric" | "power.rated" => idle(!server, "power is not counted by the server"),
        "power.all_in_load" => idle(!all_in, "power is not counted at the meter"),
        "power.server_over_chip" => idle(server_is_known || !server, "the server's power is known"),
        "border.duty" => idle(!matches!(own.border, BorderCharge::Duty { .. }), "give --border duty"),
        "border.revenue_share" => {
            idle(!matches!(own.border, BorderCharge::RevenueShare { .. }), "give --border revenue_share")
        }
        "border.passed_on" => idle(own.border == BorderCharge::None, "no border is given"),
        "spot.preemption" | "spot.notice" | "spot.wait" => {
            idle(terms.rent.offer != Offer::Spot, "the chips are not spot chips")
        }
        "rent.upfront" => idle(view != View::Rent || terms.rent.contract.term.is_none(), "no reservation is rented"),
        "storage.egress" | "storage.usd_per_gb_egress" => idle(view != View::Rent, "traffic out is of --bill rent"),
        "storage.usd_per_gb_month" | "storage.data" | "checkpoint.kept" => {
            idle(view == View::Epoch, "its method has no storage")
        }
        "storage.bytes_per_token" => idle(view == View::Epoch || given("storage.data"), "the size of the data is said"),
        "programme.usd_per_person_year" => idle(terms.programme.people.is_none(), "give --people"),
        "failures.repair" | "failures.spares_confidence" => idle(given("failures.spares"), "--spare-share says it"),
        _ => None,
    }
}
