//! The whole bill of a published run.

use flopbill::Catalog;
use flopbill::internals::answer::resolve::{Answer, Question, answer};
use flopbill::internals::answer::whole_bill::{BillQuestion, Choices, WholeBill, whole_bill};
use flopbill::internals::cost::defaults::{BorderKind, HostingKind};
use flopbill::internals::cost::{Charge, VIEWS, View};
use flopbill::internals::units::*;

use crate::close::close;

fn share(value: f64) -> Fraction {
    Fraction::new(value)
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
    let print = whole.footprint.unwrap();
    close(print.operational.tonnes(), print.energy.facility.mwh() * 0.5575, 1e-9);
}

#[test]
fn owning_moves_with_border_and_hosting() {
    let owned = |change: fn(&mut Choices)| {
        let whole = bill(View::Own, change).unwrap();
        (whole.bill.final_run().get(), whole.owned.unwrap().0.usd_per_hour())
    };
    let (plain, hour) = owned(|_| ());
    close(plain / 2.788e6, hour, 2e-3); // the hour holds no storage, the bill does
    let (duty, _) = owned(|choices| choices.border = Some(BorderKind::Duty));
    let (share, _) = owned(|choices| choices.border = Some(BorderKind::RevenueShare));
    assert!(plain < duty && duty < share, "{plain} {duty} {share}");
    let (metered, _) = owned(|choices| choices.hosting = Some(HostingKind::Facility));
    assert!(metered != plain);
}

#[test]
fn a_place_nobody_knows_and_hours_nobody_uses_are_refused() {
    let error = bill(View::Own, |choices| choices.region = Some("atlantis".into())).unwrap_err();
    assert!(error.message().contains("atlantis"), "{error}");
    let error = bill(View::Own, |choices| choices.utilisation = Some(share(0.0))).unwrap_err();
    assert!(error.message().contains("utilisation"), "{error}");
}
