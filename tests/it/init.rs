//! What `flopbill init` writes: it reads, it answers as it is, and it is the question of what it is like.

use flopbill::internals::answer::answer;
use flopbill::internals::catalog::{Found, Kind};
use flopbill::internals::fleet::load::{fleet, read as read_fleet};
use flopbill::internals::fleet::outlook::outlook;
use flopbill::internals::input::file::{Spec, spec};
use flopbill::internals::input::question::Question;
use flopbill::internals::input::table::FIELDS;
use flopbill::internals::input::template::{like, template};
use flopbill::internals::read::Document;

use crate::doors::catalog;

fn found(text: &str) -> Found {
    Found { id: "mine".into(), document: Document::new("mine.toml", text), from_user: true }
}

fn read(text: &str) -> Spec {
    spec(&found(text)).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Every key stands in what is written, once, whether it is asked or a comment.
fn holds_every_field(name: &str, text: &str) {
    for field in FIELDS {
        let keys = || field.paths().map(|path| path.rsplit_once('.').map_or(path, |(_, key)| key));
        let about = text.matches(&format!("# {}", field.about.trim())).count();
        assert!(about >= 1, "{name}: {field:?} is not said");
        let stands =
            |key: &str| text.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = ")));
        assert!(keys().any(stands), "{name}: {field:?} has no line");
    }
}

#[test]
fn the_planners_spec_holds_every_key_and_answers() {
    let text = template();
    holds_every_field("the template", &text);
    let base = read(&text);
    for (what, given) in [
        ("region", base.region.is_some()),
        ("by", base.by.is_some()),
        ("budget", base.budget.is_some()),
        ("deliveries", base.deliveries.is_some()),
        ("bill", base.bill.is_some()),
        ("gpu", base.gpu.is_some()),
    ] {
        assert!(given, "{what} is asked");
    }
    let question = Question { base, today: "2026-12-01".parse().ok(), ..Question::default() };
    let hours = answer(&question, catalog()).unwrap().estimate.total.held.gpu_hours();
    // By hand: 6 x 37e9 x 14.8e12 FLOP / (34.6 % x 989.5 TFLOP/s x 3600 s).
    assert!((hours / 2.6658e6 - 1.0).abs() < 1e-3, "{hours}");
}

#[test]
fn every_run_is_written_out_as_it_is() {
    for id in catalog().ids(Kind::Runs) {
        let text = like(&id, catalog()).unwrap();
        holds_every_field(&id, &text);
        let own = spec(&catalog().find(Kind::Runs, &id).unwrap()).unwrap();
        let again = read(&text);
        for field in FIELDS {
            assert!((field.same)(&own, &again), "{id}: {field:?}");
        }
        assert_eq!((&own.name, own.date, &own.reported), (&again.name, again.date, &again.reported), "{id}");
        assert_eq!(own.sources, again.sources, "{id}");
        let parts = |spec: &Spec| -> Vec<_> {
            let value = |phase: &flopbill::internals::input::file::PhaseSpec| {
                let hours = phase.gpu_hours.as_ref().map(|entry| entry.value);
                (phase.name.clone(), hours, phase.tokens.as_ref().map(|entry| entry.value), phase.holds.clone())
            };
            spec.phases.iter().map(value).collect()
        };
        assert_eq!(parts(&own), parts(&again), "{id}");
        // Each value that has a source says it on its line.
        let chip = text.lines().find(|line| line.starts_with("gpu = ")).unwrap();
        let source = own.sources.of("run.gpu").unwrap();
        assert!(chip.contains(&source.title) && chip.contains(&source.as_of), "{id}: {chip}");
    }
}

#[test]
fn every_fleet_is_written_out_and_answers_as_it_does() {
    for id in catalog().ids(Kind::Fleets) {
        let text = like(&id, catalog()).unwrap();
        let own = fleet(&id, catalog()).unwrap();
        let again = read_fleet(&found(&text), catalog()).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert_eq!(own.sources, again.sources, "{id}");
        let costs = [&own, &again].map(|profile| outlook(&profile.fleet).unwrap().expected_cost());
        assert_eq!(costs[0], costs[1], "{id}");
        // Nothing of it is past, no run states a speed, and prices have a source.
        assert!(own.fleet.start > "2026-12-01".parse().unwrap(), "{id}");
        assert!(own.fleet.tranches.iter().all(|one| one.date >= own.fleet.start && one.rate.is_none()), "{id}");
        assert!(own.fleet.runs.iter().all(|run| run.predicted.is_some()), "{id}");
        assert!(own.sources.of("tranche.price").is_some_and(|source| source.url.is_some()), "{id}");
    }
}

#[test]
fn every_model_starts_a_spec_that_is_its_question() {
    for name in ["deepseek-v4-pro", "qwen2.5-72b", "mixtral-8x7b"] {
        assert!(!catalog().has(Kind::Runs, name));
        let text = like(name, catalog()).unwrap();
        holds_every_field(
            name,
            &text.replace(
                " parameters, ",
                " # Model profile, or a Hugging Face config.json; its MFU is predicted where none is given",
            ),
        );
        let base = read(&text);
        assert!(base.mfu.is_none() && base.params.is_none() && base.deliveries.is_some(), "{name}");
        let today = "2026-12-01".parse().ok();
        let mine = answer(&Question { base, today, ..Question::default() }, catalog()).unwrap();
        let asked = Question { today, ..Question::default() };
        let asked =
            asked.with("model", name).with("run.gpu", "h200").with("run.tokens", "14.8T").with("run.chips", 4096);
        let own = answer(&asked, catalog()).unwrap();
        let [mine, own] = [mine, own].map(|found| found.estimate.total.held.get());
        assert!((mine / own - 1.0).abs() < 1e-9, "{name}: {mine} and {own}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn init_writes_where_it_is_told_and_over_nothing() {
    let shell = crate::shell::Shell::new();
    let code = |args: &[&str]| shell.run(args).status.code();
    assert_eq!(code(&["init", "-o", "a.toml"]), Some(0));
    assert!(!std::path::Path::new(&shell.path("run.toml")).exists());
    let shown = shell.run(&["estimate", "./a.toml"]);
    assert_eq!(shown.status.code(), Some(0), "{}", String::from_utf8_lossy(&shown.stderr));
    assert!(String::from_utf8_lossy(&shown.stdout).contains("of the draws are done by"));
    shell.refused(&["init", "-o", "a.toml"], 4, &["a.toml is already there", "--force"]);
    shell.refused(&["init", "--like", "v3-again", "a.toml"], 4, &["a.toml is already there", "--force"]);
    assert_eq!(code(&["init", "--like", "v3-again", "-o", "a.toml", "--force"]), Some(0));
    assert_eq!(code(&["fleet", "./a.toml"]), Some(0));
    assert_eq!(code(&["init", "b.toml", "-o", "b.toml"]), Some(0));
    shell.refused(&["init", "b.toml", "-o", "c.toml"], 2, &["b.toml", "c.toml", "both say where"]);
    shell.refused(&["init", "-o", "c.json"], 2, &["no TOML file", "c.toml"]);
    shell.refused(&["init", "--format", "json"], 2, &["--format json changes nothing"]);
    shell.refused(&["init", "--like", "deepseek-v33", "-o", "d.toml"], 2, &["--like", "did you mean `deepseek-v3`?"]);
    assert!(!std::path::Path::new(&shell.path("d.toml")).exists());
    let out = |args: &[&str]| String::from_utf8(shell.run(args).stdout).unwrap();
    assert_eq!(out(&["init", "-"]), out(&["init", "-o", "-"]));
    assert_eq!(out(&["init", "-"]), template());
    assert_eq!(code(&["init", "--like", "deepseek-v3", "-o", "v3.toml"]), Some(0));
    let [mine, own] = ["./v3.toml", "deepseek-v3"].map(|name| shell.json(&["estimate", name])["result"].clone());
    assert_eq!(mine, own);
}

#[cfg(feature = "cli")]
#[test]
fn jobs_that_leave_a_fleet_idle_are_refused() {
    let shell = crate::shell::Shell::new();
    let fleet = |run: &str, speed: &str| {
        let text = format!(
            "name = \"f\"\nstart = 2027-01-01\n[[tranche]]\nname = \"a\"\nchip = \"h200\"\ndate = 2027-01-01\n\
             chips = 8192\nprice = \"$3/h\"\n{speed}[[run]]\nname = \"r\"\n{run}\n"
        );
        shell.write("f.toml", text);
    };
    fleet("run = \"deepseek-v3\"\nchips = 2048\ntimes = 3", "");
    shell.refused(&["fleet", "./f.toml"], 3, &["3 jobs of 2,048 chips", "8,192", "f.toml:10"]);
    fleet("flop = \"3e24\"\nchips = 2048\ntimes = 8", "mfu = \"30%\"\n");
    shell.refused(&["fleet", "./f.toml"], 3, &["changes nothing: its speed is stated"]);
    fleet("run = \"deepseek-v3\"\nchips = 2048\ntimes = 4", "");
    let four = shell.json(&["fleet", "./f.toml"])["result"]["wall_clock_days"].as_f64().unwrap();
    let alone =
        shell.json(&["estimate", "deepseek-v3", "--gpu", "h200", "--chips", "2048"])["result"]["wall_clock_days"]
            .as_f64()
            .unwrap();
    assert!((four - 14.0 - alone).abs() < 1e-6, "{four} {alone}"); // by hand: a fortnight of burn-in, then four at once
}
