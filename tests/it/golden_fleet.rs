//! Golden values of fleets: deliveries, mixing, queues, approvals; the fleets that ship, and wrong files.

use flopbill::internals::answer::answer;
use flopbill::internals::ask::fleet::FleetRequest;
use flopbill::internals::ask::reply::result::block;
use flopbill::internals::catalog::{Found, Kind};
use flopbill::internals::fleet::capacity::capacity;
use flopbill::internals::fleet::load::{fleet, read};
use flopbill::internals::fleet::outlook::{compare, outlook};
use flopbill::internals::fleet::queue::{Job, Order, finishes};
use flopbill::internals::fleet::rate::{Mix, Part, together};
use flopbill::internals::fleet::schedule::{Step, finish};
use flopbill::internals::read::Document;
use flopbill::internals::source::FACTS;
use flopbill::internals::units::date::Date;
use flopbill::internals::units::*;
use flopbill::{Catalog, Question};

use crate::close::close;

fn share(value: f64) -> Fraction {
    Fraction::new(value)
}

#[test]
fn tranches() {
    let rate = |chips: f64| FlopPerSecond::new(989.4e12 * 0.93 * chips);
    let days = Seconds::from_days;
    let steps = [
        Step { from: days(0.0), rate: rate(8192.0 * 0.35) },
        Step { from: days(45.0), rate: rate(8192.0 * 0.75) },
        Step { from: days(60.0), rate: rate(8192.0 * 0.75 + 16_384.0 * 0.40) },
    ];
    let work = Flop::new(3e25);
    close(finish(work, Seconds::ZERO, &steps).unwrap().days(), 72.29942782, 1e-9);
    close(finish(work, Seconds::ZERO, &steps[..2]).unwrap().days(), 85.41881749, 1e-9);
    close(finish(work, Seconds::ZERO, &steps[..1]).unwrap().days(), 131.6117518, 1e-9);
}

#[test]
fn mixed_fleets() {
    let part = |mfu: f64| Part { chips: Chips::new(4096.0), rate: FlopPerSecond::from_tflops(989.4 * mfu) };
    let parts = [part(0.35), part(0.42)];
    close(together(&parts, &Mix::Equal).get(), 2.83680768e18, 1e-9);
    let proportional = Mix::Proportional { efficiency: share(0.97) };
    close(together(&parts, &proportional).get(), 3.026873795e18, 1e-9);
}

#[test]
fn queues() {
    let rate = FlopPerSecond::from_tflops(8192.0 * 989.4 * 0.4 * 0.93);
    let steps = [Step { from: Seconds::ZERO, rate }];
    let jobs = [3e24, 1e24, 5e24].map(|work| Job { work: Flop::new(work), steps: &steps });
    let days = |order| finishes(&jobs, order).iter().map(|time| time.unwrap().days()).collect::<Vec<_>>();
    for (found, expected) in days(Order::Listed).into_iter().zip([11.516028, 15.354704, 34.548085]) {
        close(found, expected, 1e-7);
    }
    let mean = |order| days(order).iter().sum::<f64>() / 3.0;
    close(mean(Order::Listed), 20.47293916, 1e-9);
    close(mean(Order::Shortest), 17.91382177, 1e-9);
    close(mean(Order::Shared), 24.31161526, 1e-9);
}

#[test]
fn every_shipped_fleet_reads_and_says_what_it_assumes() {
    let catalog = Catalog::built_in();
    let ids = catalog.ids(Kind::Fleets);
    assert!(ids.len() >= 5, "{ids:?}");
    for id in ids {
        let profile = fleet(&id, &catalog).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(!profile.fleet.assumptions.is_empty(), "{id}");
        let found = outlook(&profile.fleet).unwrap();
        let sum: f64 = found.outcomes.iter().map(|outcome| outcome.branch.probability).sum();
        close(sum, 1.0, 1e-9);
        assert!(found.never().get() < 1.0, "{id}");
        // What ships is asked about today: nothing of it lies before the facts that it rests on.
        let facts: Date = FACTS.parse().unwrap();
        let first = profile.fleet.tranches.iter().map(|tranche| tranche.date).min().unwrap();
        assert!(profile.fleet.start > facts && first >= profile.fleet.start, "{id} starts on {}", profile.fleet.start);
        if !profile.fleet.actions.is_empty() {
            assert_eq!(compare(&profile.fleet).unwrap().0.len(), profile.fleet.actions.len(), "{id}");
        }
    }
}

/// The released DeepSeek-V4 Pro: 49B parameters at work, 33T tokens.
#[test]
fn a_run_of_v4_s_size_is_the_published_one() {
    let catalog = Catalog::built_in();
    let profile = fleet("v4", &catalog).unwrap();
    let [experiment, last] = profile.fleet.runs.as_slice() else { panic!("{} runs", profile.fleet.runs.len()) };
    // 6 x 49B x 33T = 9.70e24; the shape counts 1.6 % more at work than the rounded 49B.
    close(last.work.get(), 6.0 * 49e9 * 33e12, 0.02);
    close(experiment.work.get() * 10.0, last.work.get(), 1e-9);
    let days = |chips: u32| days(&Question::default().with("model", "v4-pro").with("run.tokens", "33T"), "h200", chips);
    let predicted = last.predicted.as_ref().unwrap();
    let at_work = Chips::new(4096.0);
    close(predicted.time("h200-sxm", at_work).unwrap().days(), days(4096), 1e-9);
}

#[test]
fn four_hundred_thousand_h200s() {
    let profile = fleet("400k", &Catalog::built_in()).unwrap();
    let all = capacity(&profile.fleet).unwrap();
    close(all.per_day.gpu_hours(), 9.6e6, 1e-12);
    close(all.per_day.gpu_hours() / 2.788e6, 3.44, 2e-3); // V3 runs a day, before goodput
    close(all.power.unwrap().kw() / 1e3, 692.0, 1e-12); // MW
    close(all.purchase.unwrap().get(), 10.8e9, 1e-12);
    close((all.purchase.unwrap() + all.border.unwrap()).get(), 13.5e9, 1e-12);
    // Jobs of 4,096 chips, as `estimate` answers for one: 400,000 / 4,096 of them at a time.
    let alone = days(&Question::about("deepseek-v3", &Catalog::built_in()).unwrap(), "h200", 4096);
    close(all.runs_per_year * 1000.0, 400_000.0 / 4096.0 * 365.0 / alone, 1e-9);
    close(all.runs_per_year * 1000.0, 1251.0, 0.1);
}

/// A fleet file's finish in days, with what is in it beside its head.
pub fn done(body: &str) -> f64 {
    let text = format!("name = \"mine\"\nstart = 2026-03-01\n{body}");
    let found = Found { id: "mine".into(), document: Document::new("mine.toml", text), from_user: true };
    let profile = read(&found, &Catalog::built_in()).unwrap_or_else(|error| panic!("{body}: {error}"));
    outlook(&profile.fleet).unwrap().outcomes[0].done.unwrap().days()
}

fn days(question: &Question, chip: &str, chips: u32) -> f64 {
    let question = question.clone().with("run.gpu", chip).with("run.chips", chips);
    answer(&question, &Catalog::built_in()).unwrap().estimate.total.wall_clock.unwrap().days()
}

/// One delivery on the first day, ready at once.
pub fn tranche(chip: &str, chips: u32) -> String {
    format!(
        "[[tranche]]\nname = \"{chip} {chips}\"\nchip = \"{chip}\"\ndate = 2026-03-01\nchips = {chips}\nsetup = \"0\"\n"
    )
}

#[test]
fn a_fleet_of_one_tranche_is_done_when_estimate_says() {
    let v3 = Question::about("deepseek-v3", &Catalog::built_in()).unwrap();
    let llama = Question::default().with("model", "llama-3.1-405b").with("run.tokens", "15T");
    let run = "[[run]]\nname = \"v3\"\nrun = \"deepseek-v3\"\n";
    let model = "[[run]]\nname = \"llama\"\nmodel = \"llama-3.1-405b\"\ntokens = \"15T\"\n";
    for (question, run, chip, chips) in
        [(&v3, run, "h800", 2048), (&v3, run, "h200", 4096), (&v3, run, "h200", 1832), (&llama, model, "h100", 2048)]
    {
        // A goodput of the file is not counted a second time.
        let found = done(&format!("goodput = \"80%\"\n{}{run}", tranche(chip, chips)));
        close(found, days(question, chip, chips), 1e-9);
    }
    let longer = v3.with("run.tokens", "44.4T");
    close(done(&format!("{}{run}tokens = \"44.4T\"\n", tranche("h200", 2048))), days(&longer, "h200", 2048), 1e-9);
}

#[test]
fn a_fleet_replies_with_the_numbers_of_an_estimate() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("mine.toml");
    let run = "[[run]]\nname = \"v3\"\nrun = \"deepseek-v3\"\n";
    let text = format!("name = \"mine\"\nstart = 2026-03-01\n{}{run}", tranche("h200", 1832));
    std::fs::write(&path, text).unwrap();
    let catalog = Catalog::built_in();
    let reply = FleetRequest::new(path.to_str().unwrap()).ask(&catalog).unwrap().reply();
    let question = Question::about("deepseek-v3", &catalog).unwrap();
    let alone = block(&answer(&question.with("run.gpu", "h200").with("run.chips", 1832), &catalog).unwrap(), None);
    let found = reply.result.block;
    close(found.gpu_hours.unwrap(), alone.gpu_hours.unwrap(), 1e-9);
    close(found.wall_clock_days.unwrap(), alone.wall_clock_days.unwrap(), 1e-9);
    close(found.cost_usd.unwrap(), alone.cost_usd.unwrap(), 1e-9);
    assert_eq!((found.chips, found.wall_clock_days_p90), (alone.chips, None));
    assert_eq!(reply.speeds.len(), 1);
}

#[test]
fn kinds_of_chips_are_predicted_as_they_work_together() {
    let v3 = Question::about("deepseek-v3", &Catalog::built_in()).unwrap();
    let run = "[[run]]\nname = \"v3\"\nrun = \"deepseek-v3\"\n";
    let two = format!("{}{}{run}", tranche("h800", 2048), tranche("h200", 1024));
    // A job for each kind: their speeds add up.
    let separate = 1.0 / (1.0 / days(&v3, "h800", 2048) + 1.0 / days(&v3, "h200", 1024));
    close(done(&format!("mix = \"separate\"\n{two}")), separate, 1e-9);
    // One job of all chips, each at the speed it has in a job of that size.
    let all = |chip| 3072.0 * days(&v3, chip, 3072);
    let one = 1.0 / (0.97 * (2048.0 / all("h800") + 1024.0 / all("h200")));
    close(done(&format!("mix = \"proportional\"\nmixed_efficiency = \"97%\"\n{two}")), one, 1e-9);
    close(done(&format!("mix = \"equal\"\n{two}")), days(&v3, "h800", 3072).max(days(&v3, "h200", 3072)), 1e-9);
    // Chips of one kind that come apart work in one job.
    let halves = format!("{}{}{run}", tranche("h200", 1024), tranche("h200", 1024));
    let halves = halves.replacen("name = \"h200 1024\"", "name = \"first\"", 1);
    close(done(&halves), days(&v3, "h200", 2048), 1e-9);
}

#[test]
fn runs_of_unlike_speed_share_a_fleet() {
    let steps = |rate: f64| [Step { from: Seconds::ZERO, rate: FlopPerSecond::new(rate) }];
    let (slow, fast) = (steps(1.0), steps(2.0));
    let jobs = [Job { work: Flop::new(6.0), steps: &slow }, Job { work: Flop::new(8.0), steps: &fast }];
    let found = |order| finishes(&jobs, order).into_iter().map(|time| time.unwrap().get()).collect::<Vec<_>>();
    assert_eq!(found(Order::Listed), [6.0, 10.0]); // by hand
    assert_eq!(found(Order::Shortest), [10.0, 4.0]);
    assert_eq!(found(Order::Shared), [10.0, 8.0]); // at 8 the first has 2 left
}

mod wrong_fleets {
    use super::*;

    const FLEET: &str = r#"name = "two tranches"
start = 2026-03-01

[[approval]]
name = "licence"
approved = "60%"
conditional = "20%"
median = "60d"

[[tranche]]
name = "first"
chip = "h200"
date = 2026-03-01
chips = 1024
mfu = "40%"

[[tranche]]
name = "second"
chip = "h200"
date = 2026-06-01
chips = 1024
mfu = "40%"
approval = "licence"

[[run]]
name = "run"
flop = "1e24"

[[action]]
name = "both"
tranches = ["first", "second"]
"#;

    fn refusal(from: &str, to: &str) -> String {
        assert!(FLEET.contains(from), "{from}");
        let text = FLEET.replacen(from, to, 1);
        let found = Found { id: "mine".into(), document: Document::new("mine.toml", text), from_user: true };
        read(&found, &Catalog::built_in()).unwrap_err().to_string()
    }

    #[test]
    fn each_mistake_is_named_with_its_place() {
        for (from, to, expected) in [
            ("2026-06-01", "2026-02-01", "before the fleet's start"),
            ("start = 2026-03-01", "start = 2026-03-02", "before the fleet's start"),
            ("date = 2026-03-01", "date = 2026-09-01", "out of order"),
            ("conditional = \"20%\"", "conditional = \"50%\"", "overlap"),
            ("approved = \"60%\"", "approved = \"160%\"", "between 0% and 100%"),
            ("approval = \"licence\"", "approval = \"license\"", "did you mean `licence`"),
            ("chip = \"h200\"", "chip = \"h2000\"", "h2000"),
            ("mfu = \"40%\"", "", "needs an `mfu`"),
            ("flop = \"1e24\"", "", "a run's work is"),
            ("flop = \"1e24\"", "model = \"llama-3.1-8b\"", "a run's work is"),
            ("flop = \"1e24\"", "run = \"deepseek-v9\"", "unknown run"),
            ("flop = \"1e24\"", "model = \"llama-9\"\ntokens = \"1T\"", "unknown model"),
            ("flop = \"1e24\"", "flop = \"1e24\"\ntokens = \"1T\"", "a run's work is"),
            ("[\"first\", \"second\"]", "[\"first\", \"secnd\"]", "did you mean `second`"),
            ("chips = 1024", "chips = -5", "mine.toml:14"),
            ("chips = 1024", "chips = 1024\nprobability = \"130%\"", "probability"),
            ("chips = 1024", "chips = 1024\nwhen = \"approved\"", "needs the `approval`"),
            ("chips = 1024", "chips = 1024\ncolour = \"green\"", "unknown key `colour`"),
            ("start = 2026-03-01", "start = 2026-02-30", "invalid date"),
        ] {
            let found = refusal(from, to);
            assert!(found.contains(expected), "{to}: {found}");
            assert!(found.contains("mine.toml:"), "{to}: no place in {found}");
        }
    }
}
