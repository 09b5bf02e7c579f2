//! From one node count to the next: by how much days may fall, and what hours do meanwhile.

use flopbill::internals::answer::{Answer, answer};
use flopbill::internals::input::question::Question;
use flopbill::internals::layout::fit::fit;
use flopbill::internals::layout::parallelism::Layout;
use flopbill::internals::layout::replicas::Replicas;
use flopbill::internals::model::flops::Recompute;
use flopbill::internals::predict::RESERVE;
use flopbill::internals::step::perform;

use super::doors::{CHIPS, MODELS, catalog, of_model};
use super::invariants::Dice;

/// Chips of a node.
const NODE: u32 = 8;

/// What fewer replicas change beside their micro-batches: the optimizer's share, gradient traffic, the slowest chip.
const BESIDE: f64 = 0.005;

/// Hours and days on so many chips.
struct On {
    chips: u32,
    hours: f64,
    days: f64,
    answer: Answer,
}

fn on(question: &Question, chips: u32) -> Option<On> {
    let answer = answer(&question.clone().with("run.chips", f64::from(chips)), catalog()).ok()?;
    let (hours, days) = (answer.estimate.total.held.gpu_hours(), answer.estimate.total.wall_clock?.days());
    Some(On { chips, hours, days, answer })
}

/// The most by which days may fall up to this answer from one on fewer chips.
///
/// The layout found could run there too, with as many replicas as these chips hold, in whole groups that share experts.
/// Its slowest replica then has m micro-batches where it has m' now, so that days fall by no more than `1 - m'/m`: one
/// micro-batch of it, or one group's share. Where the memory does not hold the states that fewer replicas split, it has to
/// compute more again. `None` where that does not help, or where fewer chips do not hold a single group: then the chips
/// make room for another layout.
fn most(found: &On, fewer: u32) -> Option<f64> {
    let (setting, prediction) = found.answer.prediction()?;
    let (shape, layout) = (&setting.model.shape, prediction.layout);
    let (unit, one) = (Replicas::unit(&layout) as u32, layout.tp * layout.pp * layout.cp);
    let dp = (fewer / one / unit * unit).min(layout.dp);
    if dp == 0 {
        return None;
    }
    let modes = [Recompute::None, Recompute::Selective, Recompute::Full];
    let leaner = modes.into_iter().filter(|mode| *mode as u8 >= layout.recompute as u8);
    let held = |before: &Layout| fit(shape, before, setting.machine.memory, &RESERVE).fits();
    let before = leaner.map(|recompute| Layout { dp, recompute, ..layout }).find(held)?;
    if before.recompute == layout.recompute {
        return Some(1.0 - layout.micro_batches() as f64 / before.micro_batches() as f64 + BESIDE);
    }
    let factors = &setting.calibration.factors;
    let time = perform(&setting.workload(), &before, &setting.machine, &setting.stack.stack, factors).total();
    Some(1.0 - prediction.step.total() / time + 1e-9)
}

/// Compares two counts that are one node apart; whether the bound was there to hold.
fn compared(name: &str, less: &On, more: &On) -> bool {
    let fall = 1.0 - more.days / less.days;
    let (from, to) = (less.chips, more.chips);
    assert!(fall > -1e-12, "{name}: {to} chips take longer than {from}");
    if fall.abs() < 1e-12 {
        let extra = (more.hours - less.hours) / (f64::from(to - from) * less.days * 24.0);
        assert!((extra - 1.0).abs() < 1e-9, "{name}: idle chips of {to} hold {extra} of their hours");
    }
    // No count holds more hours than the one before and the idle node.
    assert!(more.hours / less.hours <= f64::from(to) / f64::from(from) + 1e-9, "{name}: {to}");
    let bound = most(more, from);
    if let Some(bound) = bound {
        assert!(fall <= bound, "{name}: from {from} to {to} chips days fall by {fall}, not {bound}");
    }
    bound.is_some()
}

#[test]
fn days_fall_by_a_micro_batch_or_a_group_of_replicas() {
    let (mut bound, mut all) = (0, 0);
    let mut dice = Dice(0x0de5);
    for (model, tokens) in MODELS {
        for chip in CHIPS {
            for _ in 0..5 {
                let chips = NODE * 2f64.powf(dice.below(1000) as f64 / 1000.0 * 10.0).round() as u32;
                let question = of_model(model, tokens, chip, 8.0);
                let Some(less) = on(&question, chips) else { continue };
                let more = on(&question, chips + NODE).unwrap();
                bound += usize::from(compared(&format!("{model} on {chip}"), &less, &more));
                all += 1;
            }
        }
    }
    assert!(all > 150 && bound * 5 > all * 4, "{bound} of {all}");
}

#[test]
fn a_moved_run_has_no_other_cliffs() {
    let question = Question::about("deepseek-v3", catalog()).unwrap().with("run.gpu", "h200");
    for window in [752..=784, 6120..=6168, 7664..=7688] {
        let counts = window.step_by(NODE as usize);
        let found: Vec<On> = counts.map(|chips| on(&question, chips).unwrap()).collect();
        for pair in found.windows(2) {
            assert!(compared("deepseek-v3", &pair[0], &pair[1]), "{}", pair[0].chips);
        }
    }
}
