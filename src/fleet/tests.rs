//! The fleet of section 5 of the methods, and what it must refuse.

use super::approval::State;
use super::outlook::{compare, outlook};
use super::*;

/// Three tranches of H200-class chips for 3e25 FLOP, the second and third uncertain.
pub(crate) fn fleet(second: f64, third: f64) -> Fleet {
    let start = Date::new(2026, 3, 1).unwrap();
    let tranche = |day: f64, chips: f64, mfu: f64, probability: f64| Tranche {
        name: format!("day {day}"),
        chip: "h200-sxm".into(),
        date: start.after(Seconds::from_days(day)).unwrap(),
        chips: Chips::new(chips),
        setup: Seconds::ZERO,
        rate: Some(FlopPerSecond::from_tflops(989.4 * mfu)),
        ramp_rate: Fraction::new(1.0),
        ramp: Seconds::ZERO,
        price: Some(Price::from_usd_per_hour(2.5)),
        purchase: Some(Usd::new(27_000.0)),
        border: BorderCharge::None,
        power: Some(Watts::new(1730.0)),
        domestic: false,
        probability: Fraction::new(probability),
        condition: Condition::None,
    };
    Fleet {
        name: "three tranches".into(),
        assumptions: Vec::new(),
        start,
        goodput: Fraction::new(0.93),
        expansion: Seconds::ZERO,
        least_chips: Chips::ZERO,
        mix: Mix::Separate,
        order: Order::Listed,
        horizon: Seconds::from_days(730.0),
        delay_per_day: Usd::ZERO,
        tranches: vec![
            tranche(0.0, 8192.0, 0.35, 1.0),
            tranche(45.0, 8192.0, 0.40, second),
            tranche(60.0, 16384.0, 0.40, third),
        ],
        approvals: Vec::new(),
        runs: vec![Run { name: "run".into(), work: Flop::new(3e25), predicted: None }],
        actions: Vec::new(),
    }
}

fn approval(approved: f64, conditional: f64, spread: f64) -> Approval {
    Approval {
        name: "licence".into(),
        approved: Fraction::new(approved),
        conditional: Fraction::new(conditional),
        median: Seconds::from_days(60.0),
        spread,
        domestic_share: Fraction::new(0.5),
        usage: Fraction::new(1.0),
    }
}

#[test]
fn every_outcome_of_two_uncertain_tranches() {
    let found = outlook(&fleet(0.6, 0.5)).unwrap();
    let expected = [(72.299428, 0.3), (85.418817, 0.3), (81.794881, 0.2), (131.611752, 0.2)];
    for (outcome, (day, probability)) in found.outcomes.iter().zip(expected) {
        assert!((outcome.done.unwrap().days() - day).abs() < 1e-6);
        assert!((outcome.branch.probability - probability).abs() < 1e-12);
    }
    assert!((found.mean_done().unwrap().days() - 89.99680014).abs() < 1e-8);
    assert!((found.by(Seconds::from_days(90.0)).get() - 0.8).abs() < 1e-12);
    assert_eq!(found.never(), Fraction::ZERO);
    assert!((found.quantile(Fraction::new(0.8)).unwrap().days() - 85.41881749).abs() < 1e-8);
    assert!((found.quantile(Fraction::new(0.81)).unwrap().days() - 131.6117518).abs() < 1e-7);
}

#[test]
fn waiting_chips_cost_rent() {
    let mut waiting = fleet(1.0, 1.0);
    waiting.tranches.truncate(2);
    waiting.least_chips = Chips::new(16_384.0); // nothing starts before the second tranche
    let found = outlook(&waiting).unwrap();
    let idle = 8192.0 * 45.0 * 24.0; // by hand: the first tranche waits 45 days
    assert!((found.outcomes[0].idle.gpu_hours() - idle).abs() < 1e-3);
    assert!((found.expected_cost().1.get() - idle * 2.5).abs() < 1e-2);
}

#[test]
fn burn_in_restarts_and_a_ramp_delay_the_finish() {
    let done = |change: fn(&mut Fleet)| {
        let mut fleet = fleet(1.0, 1.0);
        change(&mut fleet);
        outlook(&fleet).unwrap().outcomes[0].done.unwrap().days()
    };
    let plain = done(|_| ());
    assert!((plain - 72.29942782).abs() < 1e-7);
    assert!(
        (done(|fleet| fleet.tranches.iter_mut().for_each(|t| t.setup = Seconds::from_days(14.0))) - plain - 14.0).abs()
            < 1e-9
    );
    // By hand: the first stop loses a quarter day at 8192 * 0.75, made up for at 8192 * 1.55; the second
    // puts everything after it off by a quarter day.
    let late = done(|fleet| fleet.expansion = Seconds::from_days(0.25)) - plain;
    assert!((late - 0.25 - 0.25 * 0.75 / 1.55).abs() < 1e-9);
    assert!(done(|fleet| fleet.tranches[0].ramp = Seconds::from_days(10.0)) == plain); // a ramp at the full rate
    assert!(
        done(|fleet| {
            fleet.tranches[0].ramp = Seconds::from_days(10.0);
            fleet.tranches[0].ramp_rate = Fraction::new(0.5);
        }) > plain
    );
}

#[test]
fn a_refused_licence_is_an_atom_at_never() {
    let mut waiting = fleet(1.0, 1.0);
    waiting.approvals = vec![approval(0.75, 0.0, 0.0)];
    for tranche in &mut waiting.tranches {
        tranche.condition = Condition::Granted(0);
    }
    let found = outlook(&waiting).unwrap();
    assert_eq!(found.never(), Fraction::new(0.25));
    assert_eq!(found.quantile(Fraction::new(0.9)), None);
    // All three are there on day 60: by hand 3e25 / (.93 * 86400 * 989.4e12 * (8192*.35 + 24576*.4)).
    let rate = 0.93 * 86_400.0 * 989.4e12 * (8192.0 * 0.35 + 24_576.0 * 0.4);
    assert!((found.mean_done().unwrap().days() - (60.0 + 3e25 / rate)).abs() < 1e-9);
}

#[test]
fn a_quota_lets_imports_run_beside_domestic_chips_only() {
    let mut mixed = fleet(1.0, 1.0);
    mixed.tranches.truncate(2);
    mixed.tranches[1].date = mixed.start;
    mixed.tranches[0].domestic = true;
    mixed.tranches[0].chips = Chips::new(2048.0);
    mixed.tranches[1].condition = Condition::Granted(0);
    mixed.approvals = vec![Approval { median: Seconds::ZERO, ..approval(0.0, 1.0, 0.0) }];
    let found = outlook(&mixed).unwrap();
    // By hand: half domestic, so 2048 of 8192 imported chips may run.
    let rate = 0.93 * 86_400.0 * 989.4e12 * 2048.0 * 0.75;
    let days = 3e25 / rate;
    assert!((found.outcomes[0].done.unwrap().days() - days).abs() < 1e-9 * days);
    assert!((found.outcomes[0].idle.gpu_hours() - 6144.0 * 24.0 * days).abs() < 1.0);
}

#[test]
fn plan_b_runs_only_when_the_licence_never_comes() {
    let mut fleet = fleet(1.0, 1.0);
    fleet.approvals = vec![approval(0.5, 0.0, 0.3)];
    fleet.tranches[0].condition = Condition::State(0, State::Never);
    fleet.tranches[1].condition = Condition::State(0, State::Approved);
    fleet.tranches[2].condition = Condition::State(0, State::Approved);
    let found = outlook(&fleet).unwrap();
    let sum: f64 = found.outcomes.iter().map(|outcome| outcome.branch.probability).sum();
    assert!((sum - 1.0).abs() < 1e-12);
    assert_eq!(found.outcomes.len(), 65);
    assert!((found.outcomes[64].done.unwrap().days() - 131.6117518).abs() < 1e-7);
}

#[test]
fn knowing_the_tranches_before_ordering_is_worth_something() {
    let mut fleet = fleet(0.6, 0.5);
    fleet.delay_per_day = Usd::new(4e6);
    let action =
        |name: &str, tranches: &[usize]| Action { name: name.into(), tranches: tranches.to_vec(), mix: Mix::Separate };
    fleet.actions = vec![action("first only", &[0]), action("all", &[0, 1, 2])];
    let (outlooks, decision) = compare(&fleet).unwrap();
    assert_eq!(outlooks.len(), 2);
    assert!(decision.value_of_knowing >= 0.0);
    for (expected, regret) in decision.expected.iter().zip(&decision.expected_regret) {
        let best = decision.expected[decision.best];
        assert!((expected - best - (regret - decision.value_of_knowing)).abs() < 1e-6);
    }
}

#[test]
fn wrong_fleets_are_refused_by_name() {
    let refused = |change: fn(&mut Fleet)| {
        let mut fleet = fleet(0.6, 0.5);
        change(&mut fleet);
        outlook(&fleet).unwrap_err().message().to_owned()
    };
    assert!(refused(|fleet| fleet.tranches.swap(1, 2)).contains("out of order"));
    assert!(refused(|fleet| fleet.start = Date::new(2026, 3, 2).unwrap()).contains("before the fleet's start"));
    assert!(refused(|fleet| fleet.approvals = vec![approval(0.7, 0.4, 0.0)]).contains("overlap"));
    assert!(refused(|fleet| fleet.tranches[0].condition = Condition::Granted(3)).contains("not listed"));
    assert!(refused(|fleet| fleet.tranches[1].probability = Fraction::new(1.5)).contains("probability"));
    assert!(refused(|fleet| fleet.goodput = Fraction::ZERO).contains("goodput"));
    assert!(refused(|fleet| fleet.runs.clear()).contains("[[run]]"));
    assert!(refused(|fleet| fleet.mix = Mix::Proportional { efficiency: Fraction::new(1.2) }).contains("mixed job"));
    let many = |fleet: &mut Fleet| {
        let last = fleet.tranches[2].clone();
        fleet.tranches.extend(std::iter::repeat_n(last, 30));
    };
    assert!(refused(many).contains("outcomes"));
}
