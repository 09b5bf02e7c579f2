//! The whole bill of a published run.

use flopbill::Catalog;
use flopbill::internals::answer::whole_bill::{BillQuestion, Choices, WholeBill, whole_bill};
use flopbill::internals::assume::Laid;
use flopbill::internals::cost::defaults::{BorderKind, HostingKind};
use flopbill::internals::cost::{Charge, VIEWS, View};
use flopbill::internals::hardware::price::Term;
use flopbill::internals::input::file::Origin;
use flopbill::internals::units::*;
use flopbill::internals::{
    answer::{Answer, answer},
    input::question::Question,
};

use crate::close::close;

/// A value as a flag lays it over an assumption.
pub fn laid(field: &'static str, value: f64) -> Laid {
    Laid { field, value, text: value.to_string(), origin: Origin::Flag(field.into()) }
}

fn v3() -> Answer {
    let catalog = Catalog::built_in();
    answer(&Question::about("deepseek-v3", &catalog).unwrap(), &catalog).unwrap()
}

fn bill(view: View, change: impl FnOnce(&mut Choices)) -> Result<WholeBill, flopbill::Error> {
    let mut choices = Choices { region: Some("china".into()), ..Choices::default() };
    change(&mut choices);
    whole_bill(&BillQuestion::of(&v3()).unwrap(), view, &choices, &Catalog::built_in())
}

#[test]
fn every_line_has_a_source_and_the_sum_is_exact() {
    for (name, view) in VIEWS {
        let whole = bill(view, |_| ()).unwrap();
        let mut sum = 0.0;
        for line in &whole.bill.lines {
            assert!(whole.source(line).is_some(), "{name}: no source for {}", line.label);
            match line.charge {
                Charge::Priced { amount, .. } => sum += amount.get(),
                Charge::Contained(reason) | Charge::NotPriced(reason) => {
                    assert!(!reason.is_empty(), "{name}: {}", line.label)
                }
            }
        }
        assert_eq!(whole.bill.programme().get(), sum, "{name}");
    }
}

#[test]
fn renting_v3_starts_from_the_papers_figure() {
    let whole = bill(View::Rent, |_| ()).unwrap();
    close(whole.bill.lines[0].charge.amount().unwrap().get(), 5.576e6, 1e-12);
    let print = whole.footprint.unwrap().print;
    // Without a year the newest known grid counts, that of 2025; the run's own year is held in `regions`.
    close(print.operational.tonnes(), print.energy.facility.mwh() * 0.52534, 1e-9);
}

#[test]
fn owning_moves_with_border_and_hosting() {
    let owned = |change: fn(&mut Choices)| {
        let whole = bill(View::Own, change).unwrap();
        (whole.bill.final_run().get(), whole.owned.unwrap().hour.usd_per_hour())
    };
    let (plain, hour) = owned(|_| ());
    close(plain / 2.788e6, hour, 2e-3); // the hour holds no storage, the bill does
    let (duty, _) = owned(|choices| choices.border = Some(BorderKind::Duty));
    let (share, _) = owned(|choices| choices.border = Some(BorderKind::RevenueShare));
    assert!(plain < duty && duty < share, "{plain} {duty} {share}");
    // A place that is named has its electricity metered; one price for both is another bill.
    assert_eq!(owned(|choices| choices.hosting = Some(HostingKind::Facility)), (plain, hour));
    let (all_in, _) = owned(|choices| choices.hosting = Some(HostingKind::AllIn));
    let (world, _) = owned(|choices| choices.region = None);
    assert!(all_in != plain && world == all_in, "{plain} {all_in} {world}");
}

#[test]
fn a_place_nobody_knows_and_hours_nobody_uses_are_refused() {
    let error = bill(View::Own, |choices| choices.region = Some("atlantis".into())).unwrap_err();
    assert!(error.message().contains("atlantis"), "{error}");
    let error = bill(View::Own, |choices| choices.laid = vec![laid("bill.utilisation", 0.0)]).unwrap_err();
    assert!(error.message().contains("utilisation"), "{error}");
}

#[cfg(feature = "cli")]
#[test]
fn what_no_bill_can_mean_is_refused_with_its_reason() {
    let shell = crate::shell::Shell::new();
    for (flag, value, code, reason) in [
        ("--price", "$0/h", 2, "a price per GPU-hour cannot be zero"),
        ("--utilisation", "150%", 2, "`150%` is more than 100 %"),
        ("--utilisation", "-5%", 2, "cannot be negative"),
        ("--people", "-5", 2, "`-5` is not a number, zero or above"),
        ("--people", "nan", 2, "`nan` is not a number, zero or above"),
        ("--programme", "0.5", 2, "`bill.programme` is from 1 to 1,000"),
        ("--programme", "-1", 2, "`-1` is not a number, zero or above"),
    ] {
        shell.refused(&["estimate", "deepseek-v3", "--bill", "rent", flag, value], code, &[reason]);
    }
    shell.refused(&["policy", "h200", "--mfu", "140%"], 2, &["`run.mfu` is from 1e-5 to 1"]);
    let answer = v3();
    let free = BillQuestion { rent: Some((Price::ZERO, None)), ..BillQuestion::of(&answer).unwrap() };
    let error = whole_bill(&free, View::Rent, &Choices::default(), &Catalog::built_in()).unwrap_err();
    assert!(error.message().contains("the price of a GPU-hour must be above zero"), "{error}");
}

#[test]
fn break_even_takes_the_rent_that_the_bill_charges() {
    for term in [None, Some(Term::Reserved1y), Some(Term::Reserved3y), Some(Term::Spot)] {
        let whole = bill(View::Rent, |choices| choices.term = term).unwrap();
        let owned = whole.owned.unwrap();
        let Some(charged) = whole.bill.lines[0].charge.amount().map(|amount| amount.get() / 2.788e6) else {
            assert_eq!((term, owned.rented, owned.break_even), (Some(Term::Spot), None, None)); // no quote, no rent
            continue;
        };
        close(owned.rented.unwrap().usd_per_hour(), charged, 1e-12);
        // At the break-even use an owned hour costs what a rented one does.
        let even = owned.hour.usd_per_hour() * whole.terms.own.utilisation.get() / owned.break_even.unwrap();
        close(even, charged, 1e-12);
    }
}

/// A run answers for the hours that it holds. What else a reservation binds to is shown beside the bill, with a warning,
/// and no programme multiplies it.
#[test]
fn a_reservation_is_charged_for_the_hours_that_the_run_holds() {
    let plain = bill(View::Rent, |_| ()).unwrap();
    let three = bill(View::Rent, |choices| choices.term = Some(Term::Reserved3y)).unwrap();
    let hour = three.terms.rent.price.unwrap();
    assert!(hour < plain.terms.rent.price.unwrap() * 2.0, "{hour:?}");
    close(three.bill.lines[0].charge.amount().unwrap().get(), 2.788e6 * hour.usd_per_hour(), 1e-12);
    let commitment = three.commitment.unwrap();
    close(commitment.total.get(), 2048.0 * 3.0 * 8760.0 * hour.usd_per_hour(), 1e-12);
    close(commitment.used.get(), 2.788e6 / (2048.0 * 3.0 * 8760.0), 1e-12);
    assert!(three.bill.programme() < commitment.total, "the run and its experiments take a fraction of it");
    assert!(three.warnings[0].contains("outlives the run"), "{:?}", three.warnings);
    assert_eq!((plain.commitment, plain.warnings), (None, vec![]));
    // A run that is longer than the term has nothing left of it; the rest is said.
    let answer = v3();
    let chips = Chips::new(64.0);
    let own = BillQuestion::of(&answer).unwrap();
    let few = BillQuestion { chips: Some(chips), wall: Some(own.held / chips), ..own };
    let choices = Choices { term: Some(Term::Reserved3y), ..Choices::default() };
    let long = whole_bill(&few, View::Rent, &choices, &Catalog::built_in()).unwrap();
    close(long.commitment.unwrap().used.get(), 1.0, 1e-12);
    assert!(
        long.warnings[0].contains("the term of the contract ends after 3 y, and the run takes"),
        "{:?}",
        long.warnings
    );
}

#[test]
fn a_border_that_a_bill_does_not_charge_is_said() {
    let border = |view, kind| bill(view, |choices| choices.border = Some(kind)).unwrap();
    for (view, why) in [(View::Rent, "a rent contains"), (View::Epoch, "no border")] {
        let found = border(view, BorderKind::Duty);
        assert_eq!(found.bill.programme(), border(view, BorderKind::None).bill.programme());
        assert!(found.warnings[0].contains(why) && found.warnings[0].contains("duty"), "{:?}", found.warnings);
        assert!(!border(view, BorderKind::None).warnings.iter().any(|text| text.contains("border")));
    }
    assert!(!border(View::Own, BorderKind::Duty).warnings.iter().any(|text| text.contains("border")));
    let rented = bill(View::Rent, |_| ()).unwrap();
    assert!(rented.assumptions.iter().any(|text| text.contains("the rent contains")), "{:?}", rented.assumptions);
}
