//! One question, one answer: the same question through every door that can answer it, equal to 1e-9.

use std::sync::OnceLock;

use flopbill::internals::answer::ranges::{Asked, COST, DAYS, GPU_HOURS, spread};
use flopbill::internals::answer::{Answer, answer};
use flopbill::internals::ask::convert::{To, moved as convert};
use flopbill::internals::ask::layout::search as layout;
use flopbill::internals::ask::reply::result::block;
use flopbill::internals::input::measured::Steps;
use flopbill::internals::input::question::Question;
use flopbill::internals::planner::Prepared;
use flopbill::internals::planner::trial::Trial;
use flopbill::internals::sweep::Sweep;
use flopbill::{Catalog, Draws, Error, EstimateRequest, Sampler};

/// One catalog for all of it, each profile read once.
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(|| Catalog::built_in().remembering())
}

/// Models of both kinds, small to large, with the tokens of a run of theirs.
pub const MODELS: [(&str, &str); 8] = [
    ("llama-2-7b", "2T"),
    ("llama-3-8b", "15T"),
    ("llama-3-70b", "15T"),
    ("llama-3.1-405b", "15T"),
    ("mixtral-8x7b", "4T"),
    ("deepseek-v2", "8T"),
    ("deepseek-v3", "14.8T"),
    ("qwen2.5-72b", "18T"),
];

/// Chips of several families.
pub const CHIPS: [&str; 6] = ["a100", "h100", "h800", "h200", "b200", "h20"];

/// From one node to the largest clusters.
pub const COUNTS: [f64; 8] = [8.0, 64.0, 264.0, 1000.0, 2048.0, 4104.0, 16_384.0, 100_000.0];

/// Published runs whose step can be laid out.
const RUNS: [&str; 4] = ["deepseek-v3", "llama-3.1-405b", "bloom-176b", "apertus-70b"];

/// The question of a model, as flags would ask it.
pub fn of_model(model: &str, tokens: &str, chip: &str, chips: f64) -> Question {
    let question = Question::default().with("model", model).with("run.tokens", tokens);
    question.with("run.gpu", chip).with("run.chips", chips)
}

fn same(what: &str, a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-9, "{what}: {a} and {b}");
}

/// The ways to ask about hours on some chips: each gives hours and days.
pub fn through_every_door(name: &str, question: &Question) -> Option<Answer> {
    let found = match answer(question, catalog()) {
        Ok(found) => found,
        Err(error) => {
            refused_alike(name, question, &error);
            return None;
        }
    };
    let (hours, days) = (found.estimate.total.held.gpu_hours(), found.estimate.total.wall_clock.unwrap().days());
    by_its_spec(name, question, &found);
    by_init(name, question, &found);
    by_layout(name, question, &found);
    by_convert(name, question, &found);
    by_sweep(name, question, hours, days);
    by_days(name, question, &found);
    by_fleet(name, question, &found);
    by_deliveries(name, question, &found);
    by_plan(name, question, &found);
    Some(found)
}

/// What `estimate` refuses, the other doors refuse too.
fn refused_alike(name: &str, question: &Question, error: &Error) {
    let again = layout(&without_work(question), 1, catalog());
    assert!(again.is_err(), "{name}: estimate says {error}, layout answers");
}

fn without_work(question: &Question) -> Question {
    let mut bare = question.clone();
    bare.overrides.retain(|over| over.path != "run.tokens");
    bare
}

/// A spec file with the same values.
fn by_its_spec(name: &str, question: &Question, found: &Answer) {
    if question.base.name.is_some() {
        return;
    }
    let mut text = String::from("name = \"a spec\"\n");
    let (mut run, mut top) = (String::from("[run]\n"), String::new());
    for over in &question.overrides {
        let value = if over.text.starts_with('[') { over.text.clone() } else { format!("\"{}\"", over.text) };
        match over.path.strip_prefix("run.") {
            Some(key) => run += &format!("{key} = {value}\n"),
            None => top += &format!("{} = {value}\n", over.path),
        }
    }
    text += &(top + &run);
    let document = flopbill::internals::read::Document::new("spec.toml", text);
    let file = flopbill::internals::catalog::Found { id: "spec".into(), document, from_user: true };
    let base = flopbill::internals::input::file::spec(&file).unwrap();
    let again = answer(&Question { base, ..Question::default() }, catalog()).unwrap();
    same(&format!("{name} as a spec"), again.estimate.total.held.get(), found.estimate.total.held.get());
}

/// The spec that `init --like` writes of a run, with the same values laid over it.
fn by_init(name: &str, question: &Question, found: &Answer) {
    let Some(file) = question.base.name.as_ref().and(question.base.file.as_deref()) else { return };
    let run = std::path::Path::new(file).file_stem().unwrap().to_str().unwrap();
    let text = flopbill::internals::input::template::like(run, catalog()).unwrap();
    let document = flopbill::internals::read::Document::new("written.toml", text);
    let file = flopbill::internals::catalog::Found { id: "written".into(), document, from_user: true };
    let base = flopbill::internals::input::file::spec(&file).unwrap();
    let again = answer(&Question { base, ..question.clone() }, catalog()).unwrap();
    let (own, other) = (found.estimate.total, again.estimate.total);
    same(&format!("{name} by init"), other.held.get(), own.held.get());
    assert_eq!(other.cost, own.cost, "{name} by init");
    same(&format!("{name} by init"), other.wall_clock.unwrap().get(), own.wall_clock.unwrap().get());
}

/// The best layout's step is the step that the hours come from; its row is the layout's own, without what nobody said.
fn by_layout(name: &str, question: &Question, found: &Answer) {
    let (Some((_, step)), true) = (found.prediction(), question.base.name.is_none()) else { return };
    let best = layout(&without_work(question), 3, catalog()).unwrap().reply();
    same(&format!("{name} by layout"), best.layouts[0].step_seconds, step.step_time().get());
    same(&format!("{name}: what nobody said"), best.unsaid, step.unsaid.factor);
    let (own, result) = (block(found, None), &best.result);
    same(&format!("{name}: step"), result.step_seconds.unwrap(), own.step_seconds.unwrap());
    same(&format!("{name}: tokens/s"), result.tokens_per_second.unwrap(), own.tokens_per_second.unwrap());
    same(&format!("{name}: MFU"), result.mfu.unwrap(), own.mfu.unwrap());
    same(&format!("{name}: causal MFU"), result.mfu_causal.unwrap(), own.mfu_causal.unwrap());
    assert_eq!(best.result.layout, own.layout, "{name}");
}

/// Moving to a chip and asking about that chip are one question.
fn by_convert(name: &str, question: &Question, found: &Answer) {
    if question.base.name.is_none() {
        return;
    }
    let of = |path: &str| question.overrides.iter().rev().find(|over| over.path == path).map(|over| over.text.clone());
    let (Some(chip), Some(chips)) = (of("run.gpu"), found.estimate.chips) else { return };
    let mut own = question.clone();
    own.overrides.retain(|over| !matches!(&*over.path, "run.gpu" | "run.chips"));
    let to = To { chip, chips: Some(chips), price: None };
    let moved = convert(&own, &to, &Asked::default(), catalog()).unwrap();
    same(&format!("{name} by convert"), moved.after.estimate.total.held.get(), found.estimate.total.held.get());
}

/// A sweep of one point, and of several of which this is one.
fn by_sweep(name: &str, question: &Question, hours: f64, days: f64) {
    let of = |path: &str| question.overrides.iter().rev().find(|over| over.path == path).map(|over| over.text.clone());
    let Some(chips) = of("run.chips") else { return };
    let mut open = question.clone();
    open.overrides.retain(|over| over.path != "run.chips");
    let other = if chips == "512" { "1024" } else { "512" };
    let sweep = Sweep::new(open, &[format!("run.chips={other},{chips}")], catalog().clone()).unwrap();
    sweep.visit(1..2, |row| {
        let answer = row.answer.as_ref().unwrap();
        same(&format!("{name} by sweep"), answer.get("gpu_hours"), hours);
        same(&format!("{name}: days by sweep"), answer.get("wall_clock_days"), days);
    });
}

/// The planner's question of one certain delivery that is ready to train.
fn by_deliveries(name: &str, question: &Question, found: &Answer) {
    let of = |path: &str| question.overrides.iter().rev().find(|over| over.path == path).map(|over| over.text.clone());
    let Some(chips) = of("run.chips") else { return };
    let mut open = question.clone();
    open.overrides.retain(|over| over.path != "run.chips");
    let open = open.with("deliveries", format!("{chips}@start")).with("fleet.burn_in", "0d");
    let asked = Prepared::of(&open, catalog()).unwrap();
    let held = asked.supply.at(&[], 1.0, 1.0, f64::INFINITY);
    let total = found.estimate.total;
    same(&format!("{name}: days by deliveries"), held.days, total.wall_clock.unwrap().days());
    same(&format!("{name}: hours by deliveries"), held.hours, total.held.gpu_hours());
    if let Some(cost) = total.cost {
        same(&format!("{name}: cost by deliveries"), held.cost, cost.get());
    }
}

/// A plan that is tried says what the ranges of the same question say.
fn by_plan(name: &str, question: &Question, found: &Answer) {
    let plan = Draws::new(512, 1, Sampler::Sobol).unwrap();
    let tried = Trial::of(question, &plan, catalog()).unwrap().verdict;
    let Some(drawn) = spread(found, &Asked { plan, ..Asked::default() }).unwrap() else { return };
    let p50 = |output: usize| drawn.summaries[output].quantile(0.5).value;
    same(&format!("{name}: days by a plan"), tried.days.p50.unwrap(), p50(DAYS));
    same(&format!("{name}: hours by a plan"), tried.gpu_hours.p50.unwrap(), p50(GPU_HOURS));
    if let Some(cost) = tried.cost.p50 {
        same(&format!("{name}: cost by a plan"), cost, p50(COST));
    }
}

/// A fleet of one delivery.
fn by_fleet(name: &str, question: &Question, found: &Answer) {
    let of = |path: &str| question.overrides.iter().rev().find(|over| over.path == path).map(|over| over.text.clone());
    let (Some(chip), Some(chips), true) = (of("run.gpu"), found.estimate.chips, found.estimate.chips.is_some()) else {
        return;
    };
    // A fleet's run has no key for how a model is trained further, or for its towers.
    if ["run.tuning", "run.optimizer", "run.offload", "run.towers"].into_iter().any(|path| of(path).is_some()) {
        return;
    }
    let run = match (of("model"), of("run.tokens"), &question.base.file) {
        (Some(model), Some(tokens), _) => format!("model = \"{model}\"\ntokens = \"{tokens}\"\n"),
        (_, _, Some(file)) => {
            let id = std::path::Path::new(file).file_stem().unwrap().to_str().unwrap();
            format!("run = \"{id}\"\n")
        }
        _ => return,
    };
    let run = run + &of("measured").map_or(String::new(), |steps| format!("measured = '{steps}'\n"));
    let term = of("bill.term").map_or(String::new(), |term| format!("term = \"{term}\"\n"));
    let body = format!(
        "horizon = \"90000d\"\n{term}{}[[run]]\nname = \"all\"\n{run}",
        crate::golden_fleet::tranche(&chip, chips.get() as u32)
    );
    let days = found.estimate.total.wall_clock.unwrap().days();
    if days < 80_000.0 {
        same(&format!("{name} by fleet"), crate::golden_fleet::done(&body), days);
    }
}

/// The chips of a time: what they take is that time, or a little less, and one node less takes more.
fn by_days(name: &str, question: &Question, found: &Answer) {
    let (Some(wall), Some(chips)) = (found.estimate.total.wall_clock, found.estimate.chips) else { return };
    let node = f64::from(found.scenario.node_chips);
    if found.prediction().is_none() || chips.get() % node != 0.0 {
        return;
    }
    let mut open = question.clone();
    open.overrides.retain(|over| over.path != "run.chips");
    let back = answer(&open.with("run.wall_clock", wall), catalog()).unwrap();
    let fewest = back.estimate.chips.unwrap();
    assert!(fewest <= chips, "{name}: {} chips for the time of {}", fewest.get(), chips.get());
    let took = back.estimate.total.wall_clock.unwrap();
    assert!(took <= wall * (1.0 + 1e-9), "{name}: {took:?} of {wall:?}");
    // Where fewer chips do as well, the others stand idle.
    let held = back.estimate.total.held.get() / fewest.get();
    same(&format!("{name}: hours"), held, took.get());
}

#[test]
fn two_hundred_questions_have_one_answer_each() {
    let (mut asked, mut answered) = (0, 0);
    for (at, (model, tokens)) in MODELS.iter().enumerate() {
        for (of, chip) in CHIPS.iter().enumerate() {
            for k in 0..4 {
                let chips = COUNTS[(at + of + 2 * k) % COUNTS.len()];
                let name = format!("{model} on {chips} {chip}");
                let found = through_every_door(&name, &of_model(model, tokens, chip, chips));
                asked += 1;
                answered += usize::from(found.is_some());
            }
        }
    }
    for run in RUNS {
        for (of, chip) in CHIPS.iter().enumerate() {
            let chips = COUNTS[3 + of % 4];
            let question = Question::about(run, catalog()).unwrap().with("run.gpu", *chip).with("run.chips", chips);
            through_every_door(&format!("{run} on {chips} {chip}"), &question);
            asked += 1;
        }
    }
    assert!(asked >= 200 && answered > 120, "{answered} of {asked}");
}

/// What the spot market leaves is decided once, so that hours, days and cost move together at every door.
#[test]
fn chips_of_the_spot_market_have_one_answer_each() {
    for (model, tokens, chip, chips) in [
        ("llama-3-70b", "15T", "h100", 1024.0),
        ("deepseek-v3", "14.8T", "h200", 4096.0),
        ("mixtral-8x7b", "4T", "a100", 512.0),
    ] {
        let stays = of_model(model, tokens, chip, chips);
        let question = stays.clone().with("bill.term", "spot");
        let name = format!("{model} on {chips} {chip} of the spot market");
        let (own, found) = (answer(&stays, catalog()).unwrap(), through_every_door(&name, &question).unwrap());
        let left = found.on_spot.unwrap().left.share.get();
        assert!((0.5..0.99).contains(&left), "{left}");
        same(&name, found.estimate.total.held.get() * left, own.estimate.total.held.get());
        let hour = found.price.as_ref().unwrap().value;
        assert!(hour < own.price.as_ref().unwrap().value, "{name}");
        same(&name, found.estimate.total.cost.unwrap().get(), (found.estimate.total.held * hour).get());
    }
    for run in ["deepseek-v3", "llama-3.1-405b"] {
        let question = Question::about(run, catalog()).unwrap().with("run.gpu", "h200").with("run.chips", "4096");
        through_every_door(&format!("{run} of the spot market"), &question.with("bill.term", "spot"));
    }
}

#[test]
fn a_run_at_its_own_chips_is_the_published_one() {
    for run in RUNS {
        let question = Question::about(run, catalog()).unwrap();
        let own = answer(&question, catalog()).unwrap();
        let chips = own.estimate.chips.unwrap();
        let again = answer(&question.clone().with("run.chips", chips), catalog()).unwrap();
        same(run, again.estimate.total.held.get(), own.estimate.total.held.get());
        let chip = own.chip.as_ref().unwrap().chip.id.clone();
        let to = To { chip, chips: None, price: None };
        let moved = convert(&question, &to, &Asked::default(), catalog()).unwrap();
        same(run, moved.after.estimate.total.held.get(), own.estimate.total.held.get());
    }
}

/// The parts of a printed step, what nobody gave and the software make its time, of a run on other chips too.
#[test]
fn the_factors_of_a_step_multiply_to_it() {
    let moved = Question::about("deepseek-v3", catalog()).unwrap().with("run.gpu", "h200");
    let slow = Steps::new().seconds(9.0).with("gpu", "h100").with("chips", 512).with("model", "llama-3-70b");
    let measured = of_model("llama-3-70b", "15T", "h100", 512.0).with("measured", slow);
    for question in [moved, of_model("mixtral-8x7b", "4T", "h100", 512.0), measured] {
        let reply = EstimateRequest::new(question).ask(catalog()).unwrap();
        let step = reply.step.unwrap();
        let modelled: f64 = step.parts.iter().map(|part| part.seconds).sum();
        assert!((modelled * step.unsaid * step.software / step.step_seconds - 1.0).abs() < 1e-9, "{step:?}");
        assert_eq!(Some(step.step_seconds), reply.result.step_seconds);
    }
}
