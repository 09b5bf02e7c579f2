//! Rules that every answer obeys, whatever the model, chip and count, on seeded questions: 300 in the suite, more where
//! `FLOPBILL_QUESTIONS` says so.

use flopbill::internals::answer::ranges::{Asked, DAYS, GPU_HOURS, inputs, spread};
use flopbill::internals::answer::{Answer, answer};
use flopbill::internals::error::Kind;
use flopbill::internals::input::question::Question;
use flopbill::internals::planner::search::Search;
use flopbill::internals::planner::search::chips::fewest;
use flopbill::internals::uncertainty::montecarlo::Plan;
use flopbill::internals::units::{Chips, Seconds};

use super::doors::{CHIPS, MODELS, catalog, of_model};
use super::invariants::Dice;

/// A seeded question about a model on some chips.
struct Asking {
    name: String,
    question: Question,
    chips: f64,
    node: f64,
}

fn questions(share: usize) -> Vec<Asking> {
    let all = std::env::var("FLOPBILL_QUESTIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(300usize);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let one = |_| {
        let (model, tokens) = MODELS[dice.below(MODELS.len())];
        let chip = CHIPS[dice.below(CHIPS.len())];
        let node = 8.0;
        let nodes = 2f64.powf(dice.below(1000) as f64 / 1000.0 * 10.0).round().max(1.0);
        let chips = node * nodes;
        let name = format!("{model} on {chips} {chip}");
        Asking { name, question: of_model(model, tokens, chip, chips), chips, node }
    };
    (0..all / share).map(one).collect()
}

fn on(asking: &Asking, chips: f64) -> Option<Answer> {
    answer(&asking.question.clone().with("run.chips", chips), catalog()).ok()
}

fn days(found: &Answer) -> f64 {
    found.estimate.total.wall_clock.unwrap().days()
}

#[test]
fn days_never_rise_with_chips_nor_fall_with_tokens() {
    let mut compared = 0;
    for asking in questions(3) {
        let Some(found) = on(&asking, asking.chips) else { continue };
        for more in [asking.node, 3.0 * asking.node, 0.37 * asking.chips, asking.chips] {
            let chips = asking.chips + (more / asking.node).ceil() * asking.node;
            let larger = on(&asking, chips).unwrap_or_else(|| panic!("{}: no answer on {chips}", asking.name));
            assert!(
                days(&larger) <= days(&found) * (1.0 + 1e-12),
                "{} and {chips}: {} and {}",
                asking.name,
                days(&found),
                days(&larger)
            );
            compared += 1;
        }
        let longer = answer(&asking.question.clone().with("run.tokens", "40T"), catalog()).unwrap();
        assert!(days(&longer) > days(&found), "{}", asking.name);
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn a_node_more_is_no_cliff_and_an_idle_one_costs_its_own_hours() {
    let (mut steps, mut still) = (0, 0);
    for asking in questions(6) {
        let Some(found) = on(&asking, asking.chips) else { continue };
        let Some(more) = on(&asking, asking.chips + asking.node) else { continue };
        let (before, after) = (days(&found), days(&more));
        let rounds = |found: &Answer| found.prediction().unwrap().1.layout.micro_batches() as f64;
        let rounds = rounds(&found).min(rounds(&more));
        let share = asking.node / (asking.chips + asking.node); // what the node gives in proportion
        let fall = 1.0 - after / before;
        // A replica, or a group of replicas that share experts, is whole or not at all.
        let replica = |found: &Answer| {
            let layout = found.prediction().unwrap().1.layout;
            f64::from(layout.tp * layout.pp * layout.cp).max(f64::from(layout.pp * layout.ep))
        };
        let whole = replica(&found).max(replica(&more)) / asking.chips;
        let most = share + f64::max(0.03, 1.0 / rounds).max(whole);
        assert!(
            fall <= most + 1e-9,
            "{}: a node more saves {fall}, its share is {share}, {rounds} rounds",
            asking.name
        );
        if (before / after - 1.0).abs() < 1e-12 {
            let extra = more.estimate.total.held.gpu_hours() - found.estimate.total.held.gpu_hours();
            assert!((extra / (asking.node * before * 24.0) - 1.0).abs() < 1e-9, "{}", asking.name);
            still += 1;
        }
        steps += 1;
    }
    assert!(steps > 30, "{steps} {still}");
}

#[test]
fn a_time_takes_the_fewest_nodes_and_those_take_that_time() {
    for asking in questions(10) {
        let Some(found) = on(&asking, asking.chips) else { continue };
        let limit = Seconds::from_days(days(&found) * 1.07);
        let mut open = asking.question.clone();
        open.overrides.retain(|over| over.path != "run.chips");
        let back = answer(&open.with("run.wall_clock", limit), catalog()).unwrap();
        let fewest = back.estimate.chips.unwrap().get();
        assert!(fewest <= asking.chips && days(&back) <= limit.days() * (1.0 + 1e-12), "{}", asking.name);
        assert!((days(&on(&asking, fewest).unwrap()) / days(&back) - 1.0).abs() < 1e-12, "{}", asking.name);
        if fewest > asking.node {
            let less = on(&asking, fewest - asking.node);
            assert!(
                less.is_none_or(|less| days(&less) > limit.days() * (1.0 - 1e-9)),
                "{}: {fewest} is not the fewest",
                asking.name
            );
        }
    }
}

#[test]
fn a_plan_holds_on_its_own_draws_and_one_node_less_misses_it() {
    let plan = Plan::default();
    for asking in questions(50) {
        let Some(found) = on(&asking, asking.chips) else { continue };
        let by = Seconds::from_days(days(&found));
        let mut open = asking.question.clone();
        open.overrides.retain(|over| over.path != "run.chips");
        let asked = Asked { plan, by: Some(by), budget: None };
        let probability = |chips: f64| spread(&on(&asking, chips)?, &asked).unwrap()?.by.map(|(_, p)| p.value);
        let limited = open.clone().with("by", format!("{}d", by.days())).with("confidence", "90%");
        let found = Search::of(&limited, &plan, catalog()).and_then(|search| fewest(&search));
        let Ok(held) = found.map(|found| found.trial) else {
            for times in [2.0, 8.0, 64.0] {
                let more = probability(asking.chips * times);
                assert!(more.is_none_or(|more| more < 0.9), "{}: {more:?} on {times} times the chips", asking.name);
            }
            continue;
        };
        let chips = held.answer.estimate.chips.unwrap().get();
        assert_eq!(probability(chips), Some(held.verdict.kept.all.value), "{}", asking.name);
        assert!(held.verdict.kept.all.value >= 0.9, "{}", asking.name);
        let less = probability(chips - asking.node);
        assert!(less.is_none_or(|less| less < 0.9), "{}: {less:?} on a node less than {chips}", asking.name);
    }
}

#[test]
fn a_point_lies_in_its_range_and_a_draw_is_the_answer_to_its_inputs() {
    for asking in questions(20) {
        let Some(found) = on(&asking, asking.chips) else { continue };
        let range = spread(&found, &Asked::default()).unwrap().unwrap();
        let hours = &range.summaries[GPU_HOURS];
        let point = found.estimate.total.held.gpu_hours();
        let (low, high) = (hours.quantile(0.1).value, hours.quantile(0.9).value);
        assert!(low <= point && point <= high, "{}: {point} outside {low} to {high}", asking.name);
        let (uncertain, _) = inputs(&found).unwrap();
        for level in [0.07, 0.5, 0.93] {
            let draw: Vec<f64> = uncertain.dists().iter().map(|dist| dist.quantile(level)).collect();
            let drawn = found.prepared.evaluate(&draw);
            let mut fixed = asking.question.clone();
            for (path, value) in uncertain.names().iter().zip(&draw) {
                let text = if path == "run.global_batch" { format!("{value:.0}tok") } else { value.to_string() };
                let path: &'static str = flopbill::internals::input::field::field(path).unwrap().path;
                fixed = fixed.with(path, text);
            }
            let again = answer(&fixed, catalog()).unwrap();
            assert_eq!(again.prepared.ranges().len(), 0, "{}", asking.name);
            let off = again.estimate.total.held.gpu_hours() / drawn[GPU_HOURS] - 1.0;
            assert!(off.abs() < 1e-9, "{} at {level}: {off}", asking.name);
        }
    }
}

#[test]
fn fixing_an_input_never_raises_the_expected_variance() {
    let variance = |values: &[f64]| {
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / logs.len() as f64
    };
    let levels: Vec<f64> = (0..24).map(|k| (f64::from(k) + 0.5) / 24.0).collect();
    for asking in questions(60) {
        let question = asking.question.clone().with("run.goodput", "85%..97%").with("price.rent", "$1.5/h..$4/h");
        let Ok(found) = answer(&question, catalog()) else { continue };
        let (uncertain, _) = inputs(&found).unwrap();
        let n = uncertain.len();
        let at = |input: usize, level: f64| uncertain.dists()[input].quantile(level);
        let cost = |levels: &[f64]| {
            let draw: Vec<f64> = levels.iter().enumerate().map(|(input, level)| at(input, *level)).collect();
            found.prepared.evaluate(&draw)[flopbill::internals::answer::ranges::COST]
        };
        let mut dice = Dice(7);
        let draws: Vec<Vec<f64>> =
            (0..400).map(|_| (0..n).map(|_| levels[dice.below(levels.len())]).collect()).collect();
        let all = variance(&draws.iter().map(|draw| cost(draw)).collect::<Vec<_>>());
        for input in 0..n {
            let of = |level: f64| {
                let fixed = |draw: &Vec<f64>| {
                    let mut draw = draw.clone();
                    draw[input] = level;
                    cost(&draw)
                };
                variance(&draws.iter().map(fixed).collect::<Vec<_>>())
            };
            let expected = levels.iter().map(|level| of(*level)).sum::<f64>() / levels.len() as f64;
            assert!(expected <= all * 1.05, "{}: fixing input {input}: {expected} of {all}", asking.name);
        }
    }
}

#[test]
fn a_borrowed_family_adds_the_spread_between_families() {
    let spread_of = |chip: &str| {
        let found = answer(&of_model("llama-3-70b", "15T", chip, 1024.0), catalog()).unwrap();
        let (setting, _) = found.prediction().unwrap();
        (setting.software().spread(), setting.believed)
    };
    let (own, believed) = spread_of("h100");
    let (borrowed, _) = spread_of("gaudi-3");
    let expected = own.hypot(believed.borrowed);
    assert!((borrowed - expected).abs() < 1e-12, "{borrowed} and {expected}");
}

#[test]
fn a_time_and_chips_that_are_both_given_are_confirmed_or_refused() {
    let (mut confirmed, mut refused) = (0, 0);
    for asking in questions(30) {
        let Some(found) = on(&asking, asking.chips) else { continue };
        let range = spread(&found, &Asked::default()).unwrap().unwrap();
        let days = &range.summaries[DAYS];
        let (low, high) = (days.quantile(0.1).value, days.quantile(0.9).value);
        for (given, inside) in [(1.05 * low, true), (0.95 * high, true), (0.9 * low, false), (1.1 * high, false)] {
            let time = Seconds::from_days(given);
            let both = asking.question.clone().with("run.wall_clock", time);
            match answer(&both, catalog()) {
                Ok(held) => {
                    assert!(inside, "{} in {given} d", asking.name);
                    let confirmation = held.confirmation.unwrap();
                    assert!((0.1..=0.9).contains(&confirmation.probability.value), "{}: {confirmation:?}", asking.name);
                    let wall = held.estimate.total.wall_clock.unwrap();
                    assert!((wall / time - 1.0).abs() < 1e-9, "{}: {wall:?}", asking.name);
                    assert_eq!(held.estimate.chips, Some(Chips::new(asking.chips)));
                    confirmed += 1;
                }
                Err(error) => {
                    assert!(!inside && error.kind() == Kind::NoSolution, "{} in {given} d: {error}", asking.name);
                    refused += 1;
                }
            }
        }
    }
    assert!(confirmed > 5 && refused > 5, "{confirmed} {refused}");
}
