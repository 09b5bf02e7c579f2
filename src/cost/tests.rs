//! The bill as a whole.

use super::duty::BorderCharge;
use super::energy::Power;
use super::own::Hosting;
use super::*;
use crate::units::{Bytes, EnergyPrice, Fraction, Price, Watts};

fn terms() -> Terms {
    let share = Fraction::new;
    Terms {
        rent: rent::Rent {
            price: Some(Price::from_usd_per_hour(2.0)),
            offer: rent::Offer::OnDemand,
            discount: Fraction::ZERO,
            uplift: Fraction::ZERO,
            contract: contract::Contract::default(),
        },
        own: own::Ownership {
            chip: Some(Usd::new(39_083.38)),
            server: 0.0,
            network: share(0.19),
            border: BorderCharge::Duty { rate: share(0.25 / 0.81), passed_on: share(1.0) }, // a quarter, network included
            residual: share(0.1),
            interest: share(0.1),
            life: Seconds::from_years(4.0),
            hosting: Hosting::Facility { usd_per_kw_month: 60.0, electricity: EnergyPrice::from_usd_per_kwh(0.08) },
            power: Some(Power::Server {
                rated: Watts::from_kw(1.275),
                load: share(0.76),
                fabric: Fraction::ZERO,
                pue: 1.25,
            }),
            staff: Usd::new(500.0),
            maintenance: share(0.02),
            software: Usd::ZERO,
            utilisation: share(0.85),
        },
        epoch: epoch::Amortisation {
            server: Some(Usd::new(24_875.0)),
            age: Seconds::from_days(638.0),
            decline: 0.14,
            network: share(0.19),
            tdp: Some(Watts::new(400.0)),
            server_power: 2.03125,
            load: share(0.75),
            pue: 1.25,
            electricity: EnergyPrice::from_usd_per_kwh(0.0806),
        },
        storage: storage::Storage {
            checkpoints_kept: 5.0,
            checkpoint: Some(Bytes::from_gb(9394.0)),
            data: None,
            usd_per_gb_month: 0.02,
            egress: Some(Bytes::from_gb(1342.0)),
            usd_per_gb_egress: 0.05,
        },
        programme: people::Programme {
            shares: [0.5, 0.2, 0.25, 0.0, 0.05]
                .map(|value| shares::Share { value: share(value), known: Default::default() }),
            compute: None,
            people: None,
            usd_per_person_year: Usd::new(400_000.0),
            duration: Seconds::from_years(1.0),
        },
    }
}

fn usage() -> Usage {
    let held = ChipSeconds::from_gpu_hours(2.788e6);
    Usage { held, chips: Some(Chips::new(2048.0)), wall: Some(held / Chips::new(2048.0)) }
}

#[test]
fn totals_are_exactly_the_priced_lines_in_every_view() {
    for (name, view) in VIEWS {
        let bill = bill(view, &usage(), &terms()).unwrap();
        let by_hand: f64 = bill.lines.iter().filter_map(|line| line.charge.amount()).map(Usd::get).sum();
        assert_eq!(bill.programme().get(), by_hand, "{name}");
        assert_eq!(totals(view, &usage(), &terms()).unwrap(), (bill.final_run(), bill.programme()), "{name}");
        for line in &bill.lines {
            if let Charge::Priced { price, amount } = line.charge {
                let product = price * line.quantity;
                assert!((product - amount.get()).abs() <= 1e-9 * amount.get().abs(), "{name}: {line:?}");
            }
        }
    }
}

#[test]
fn the_unknown_is_named_and_counts_for_nothing() {
    let bill = bill(View::Rent, &usage(), &terms()).unwrap();
    let unknown: Vec<_> = bill.not_priced().map(|line| line.label).collect();
    assert_eq!(unknown, ["Data set stored", "Research staff"]);
}

#[test]
fn a_run_whose_chips_have_no_price_has_no_price_for_experiments_either() {
    let mut terms = terms();
    terms.rent.price = None;
    let bill = bill(View::Rent, &usage(), &terms).unwrap();
    let unknown: Vec<_> = bill.not_priced().map(|line| line.label).collect();
    assert!(unknown.contains(&"Rent, on demand") && unknown.contains(&"Experiments"), "{unknown:?}");
}

#[test]
fn experiments_are_relative_to_the_final_run() {
    let bill = bill(View::Rent, &usage(), &terms()).unwrap();
    assert!((bill.programme() / bill.final_run() - 2.0).abs() < 1e-12);
}

#[test]
fn the_parts_of_owning_sum_to_the_annuity() {
    let terms = terms();
    let year = own::annual(&terms.own).unwrap().unwrap();
    assert!((year.capital().get() - 17_987.591_23).abs() < 1e-5);
    let bill = bill(View::Own, &usage(), &terms).unwrap();
    let owned: Usd =
        bill.lines.iter().filter(|line| line.source.starts_with("own.")).filter_map(|line| line.charge.amount()).sum();
    assert!(((owned / usage().held).usd_per_hour() - 2.88218).abs() < 1e-6);
}

#[test]
fn every_charge_registers_once_with_the_scope_it_has() {
    let (usage, terms) = (usage(), terms());
    let context = Context {
        usage: &usage,
        terms: &terms,
        owned: own::annual(&terms.own).unwrap(),
        final_run: Some(Usd::new(1.0)),
    };
    let mut names: Vec<_> = COMPONENTS.iter().map(|entry| entry.name).collect();
    for entry in COMPONENTS {
        let line = (entry.line)(&context).unwrap();
        assert_eq!(line.scope, entry.scope, "{}", entry.name);
        assert!(!line.label.is_empty() && !line.source.is_empty(), "{}", entry.name);
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), COMPONENTS.len());
}

#[test]
fn absurd_terms_are_named() {
    let refused = |change: fn(&mut Terms), view: View| {
        let mut terms = terms();
        change(&mut terms);
        bill(view, &usage(), &terms).unwrap_err().message().to_owned()
    };
    assert!(refused(|terms| terms.own.utilisation = Fraction::ZERO, View::Own).contains("utilisation"));
    assert!(refused(|terms| terms.own.residual = Fraction::new(1.1), View::Own).contains("residual"));
    assert!(refused(|terms| terms.own.life = Seconds::ZERO, View::Own).contains("life"));
    assert!(refused(|terms| terms.own.network = Fraction::new(1.0), View::Own).contains("network"));
    assert!(refused(|terms| terms.rent.price = Some(Price::new(f64::NAN)), View::Rent).contains("price"));
    assert!(refused(|terms| terms.programme.compute = Some(0.5), View::Rent).contains("final run"));
    let wrong = |terms: &mut Terms| terms.programme.shares[1].value = Fraction::new(-0.1);
    assert!(refused(wrong, View::Rent).contains("programme.failed_runs"));
    assert!(refused(|terms| terms.epoch.decline = 0.0, View::Epoch).contains("value"));
}
