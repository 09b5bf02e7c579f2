//! The programme around a final run: its stages, what is published of them, and that every door adds them up alike.

use flopbill::internals::answer::answer;
use flopbill::internals::ask::estimate::bill::BillReply;
use flopbill::internals::ask::estimate::programme::StageRow;
use flopbill::internals::cost::people::experiments;
use flopbill::internals::cost::shares::{Known, STAGES};
use flopbill::internals::input::question::Question;
use flopbill::internals::planner::Prepared;
use flopbill::{Catalog, EstimateRequest, Input};

use crate::close::close;

fn billed(run: &str, set: &[(&'static str, &str)]) -> BillReply {
    let input = Input::about(run).set("bill.view", "rent");
    let input = set.iter().fold(input, |input, (path, text)| input.set(*path, *text));
    EstimateRequest::new(input).ask(&Catalog::built_in()).unwrap().bill.unwrap()
}

fn stage<'a>(bill: &'a BillReply, name: &str) -> &'a StageRow {
    bill.programme.stages.iter().find(|row| row.stage == name).unwrap()
}

/// The shares that ship together are what is published of the whole: sqrt(1.2 x 4) times the final run.
#[test]
fn the_stages_add_up_to_the_published_multiple() {
    let of = Catalog::built_in().bill().unwrap().defaults.programme;
    let shares = of.shares(&[Known::default(); 5]);
    let all: f64 = 1.0 + shares.iter().map(|share| share.beside()).sum::<f64>();
    close(all, 2.190_890_23, 1e-9); // by hand: 1 + 0.55479023 + 0.1667 + 0.4167 + 0.0018 + 0.0509
    close(all, experiments(of.low, of.high).unwrap().median(), 1e-8);
    // By hand, from the reports: SmolLM3's 276,480 hours, 115,200 of ablations, 46,080 of a reset; R1's 142K over V3's 2,788K.
    close(of.ablations.mode.get(), 115_200.0 / 276_480.0, 1e-4);
    close(of.failed_runs.mode.get(), 46_080.0 / 276_480.0, 3e-4);
    close(of.post_training.mode.get(), 5.0 / 2788.0, 5e-3);
    close(of.rl.mode.get(), 142.0 / 2788.0, 1e-3);
    close(of.experiments.high.get(), 0.822 / 0.178 - (115_200.0 + 46_080.0) / 276_480.0, 2e-3);
}

#[test]
fn a_run_s_own_phases_are_not_counted_twice() {
    let v3 = billed("deepseek-v3", &[]);
    let run = v3.final_run_usd.unwrap();
    for name in ["post_training", "rl"] {
        let row = stage(&v3, name);
        assert_eq!((row.share, row.amount_usd), (0.0, None), "{name}");
    }
    close(stage(&v3, "post_training").held_share.unwrap(), 5.0 / 2788.0, 1e-12);
    assert_eq!(stage(&v3, "rl").held_share, Some(0.0)); // it is in the post-training's hours
    // By hand: 5,580,675 x (1 + 0.55479023 + 0.1667 + 0.4167).
    close(v3.programme.all_compute_usd.unwrap(), run * 2.138_190_23, 1e-12);
    assert!(
        v3.assumptions.iter().any(|one| one.contains("0.179 % of the run is its own post-training")),
        "{:?}",
        v3.assumptions
    );
    // What is asked for beyond the run's own hours is charged, and nothing else.
    let more = billed("deepseek-v3", &[("programme.post_training", "2%"), ("programme.rl", "10%")]);
    close(stage(&more, "post_training").share, 0.02 - 5.0 / 2788.0, 1e-12);
    close(stage(&more, "rl").share, 0.1, 1e-12);
    let less = billed("deepseek-v3", &[("programme.post_training", "0.1%")]);
    assert_eq!(stage(&less, "post_training").amount_usd, None);
    // A run without such phases has both.
    let llama = billed("llama-3.1-405b", &[]);
    close(llama.programme.times_final_run, 2.190_890_23, 1e-9);
    assert!(stage(&llama, "rl").amount_usd.unwrap() > 0.0 && stage(&llama, "rl").held_share.is_none());
    // On another chip the hours move, and their part of the run does not.
    let moved = billed("deepseek-v3", &[("run.gpu", "h200"), ("run.chips", "4096")]);
    close(stage(&moved, "post_training").held_share.unwrap(), 5.0 / 2788.0, 1e-9);
}

#[test]
fn a_share_of_nothing_is_its_absence_and_more_is_never_cheaper() {
    let none: Vec<(&'static str, &str)> = STAGES.iter().map(|(_, stage)| (stage.field(), "0")).collect();
    let bare = billed("llama-3.1-405b", &none);
    assert_eq!(bare.programme_usd, bare.final_run_usd);
    assert_eq!(bare.programme.times_final_run, 1.0);
    for (_, stage) in STAGES {
        for run in ["deepseek-v3", "llama-3.1-405b"] {
            let totals = ["0%", "0.1%", "5%", "0.9", "300%"].map(|share| {
                let bill = billed(run, &[(stage.field(), share)]);
                assert_eq!(bill.final_run_usd, billed(run, &[]).final_run_usd, "the run is the run");
                bill.programme_usd.unwrap()
            });
            assert!(totals.is_sorted(), "{run} {stage:?}: {totals:?}");
            assert!(totals[4] > 1.5 * totals[0], "{run} {stage:?}: {totals:?}");
        }
    }
}

/// Bill, lines, planner and a saved answer have the same total, and it is the run and its stages.
#[test]
fn every_door_adds_the_stages_up_alike() {
    let catalog = Catalog::built_in();
    let sets: [&[(&'static str, &str)]; 4] = [
        &[],
        &[("programme.rl", "40%")],
        &[("bill.programme", "3.5")],
        &[("price.rent", "$3/h"), ("bill.people", "12")],
    ];
    for set in sets {
        for run in ["deepseek-v3", "llama-3.1-405b"] {
            let input = set.iter().fold(Input::about(run), |input, (path, text)| input.set(*path, *text));
            let reply = EstimateRequest::new(input.clone().set("bill.view", "rent")).ask(&catalog).unwrap();
            let bill = reply.bill.as_ref().unwrap();
            let total = bill.programme_usd.unwrap();
            let lines: f64 = reply.cost_lines.iter().filter_map(|line| line.amount_usd).sum();
            let staff = bill.lines.get("Research staff").copied().flatten().unwrap_or_default();
            let stages: f64 = bill.programme.stages.iter().filter_map(|row| row.amount_usd).sum();
            assert_eq!(total, lines, "{run} {set:?}");
            close(bill.programme.all_compute_usd.unwrap() + staff, total, 1e-14);
            close(bill.final_run_usd.unwrap() + stages + staff, total, 1e-14);
            close(bill.programme.times_final_run, 1.0 + stages / bill.final_run_usd.unwrap(), 1e-12);
            // The planner, whose money is held against the programme.
            let question = set
                .iter()
                .fold(Question::about(run, &catalog).unwrap(), |question, (path, text)| question.with(path, *text));
            let question = question.with("budget_of", "programme").with("budget", "$1B");
            assert!(answer(&question, &catalog).is_ok());
            let asked = Prepared::of(&question, &catalog).unwrap();
            let joint = asked.joint().unwrap();
            close(asked.totals(&joint, &catalog).1, total, 1e-9);
        }
    }
}

#[test]
fn all_compute_is_divided_as_the_shares_are() {
    for run in ["deepseek-v3", "llama-3.1-405b"] {
        let (plain, all) = (billed(run, &[]), billed(run, &[("bill.programme", "4")]));
        close(all.programme_usd.unwrap(), 4.0 * all.final_run_usd.unwrap(), 1e-12);
        let ratio = 3.0 / (plain.programme.times_final_run - 1.0);
        for (one, other) in plain.programme.stages.iter().zip(&all.programme.stages) {
            assert!((one.share * ratio - other.share).abs() < 1e-12, "{run}: {one:?} {other:?}");
            assert!(other.source.as_ref().unwrap().contains("bill.programme 4"), "{other:?}");
        }
    }
    let error = EstimateRequest::new(
        Input::about("deepseek-v3").set("bill.view", "rent").set("bill.programme", "3").set("programme.rl", "10%"),
    );
    let error = error.ask(&Catalog::built_in()).unwrap_err();
    assert!(error.message().contains("3 times") && error.message().contains("`programme.rl` that 10 %"), "{error}");
}

#[test]
fn a_drawn_share_spreads_its_stage_and_the_programme_alone() {
    let found = billed("llama-3.1-405b", &[("programme.experiments", "20%..200%")]);
    let (range, row) = (found.range.unwrap(), stage(&found, "experiments"));
    let run = found.final_run_usd.unwrap();
    // A range is a lognormal with these as p5 and p95: its median is sqrt(0.2 x 2).
    close(row.amount_usd_p50.unwrap(), run * 0.4f64.sqrt(), 1e-3);
    assert!(row.amount_usd_p10 < row.amount_usd_p50 && row.amount_usd_p50 < row.amount_usd_p90);
    close(range.final_run_usd_p10, run, 1e-9);
    close(range.final_run_usd_p90, run, 1e-9);
    close(
        range.programme_usd_p90 - range.programme_usd_p10,
        row.amount_usd_p90.unwrap() - row.amount_usd_p10.unwrap(),
        1e-9,
    );
    assert!(billed("llama-3.1-405b", &[]).programme.stages.iter().all(|row| row.amount_usd_p50.is_none()));
}

#[test]
fn what_is_published_says_so_and_what_is_guessed_does_too() {
    let bill = billed("llama-3.1-405b", &[]);
    for row in &bill.programme.stages {
        let guessed = row.stage == "experiments";
        assert_eq!(row.kind.as_deref(), Some(if guessed { "assumption" } else { "published" }), "{row:?}");
        assert!(row.published_low <= row.share && row.share <= row.published_high, "{row:?}");
        assert!(row.source.as_ref().is_some_and(|title| !title.is_empty()), "{row:?}");
    }
}

#[cfg(feature = "cli")]
#[test]
fn the_run_is_never_taken_for_the_programme() {
    let shell = crate::shell::Shell::new();
    let shown = |format: &str| {
        let output = shell.run(&["estimate", "deepseek-v3", "--bill", "rent", "--format", format]);
        String::from_utf8(output.stdout).unwrap()
    };
    for format in ["table", "markdown"] {
        let text = shown(format);
        for part in ["The programme", "ablations", "failed runs", "all compute", "0.179 % in it"] {
            assert!(text.contains(part), "{format}: {part}\n{text}");
        }
    }
    let json = shell.json(&["estimate", "deepseek-v3", "--bill", "rent"]);
    assert_eq!(json["bill"]["programme"]["stages"].as_array().unwrap().len(), 5);
    // Beyond what is published a warning says so, and money is judged by the one or the other.
    let far = shell.run(&["estimate", "deepseek-v3", "--bill", "rent", "--experiments", "900%"]);
    assert!(String::from_utf8(far.stderr).unwrap().contains("1.2 to 4 times is published"));
    let gate = ["estimate", "deepseek-v3", "--max-cost", "$6M", "--budget-of"];
    assert_eq!(shell.run(&[&gate[..], &["final-run"]].concat()).status.code(), Some(0));
    assert_eq!(shell.run(&[&gate[..], &["programme"]].concat()).status.code(), Some(1));
    // Without a bill the shares say something where the programme is judged.
    let judged = [&gate[..], &["programme", "--ablations", "0", "--experiments", "0", "--failed-runs", "0"]].concat();
    assert_eq!(shell.run(&judged).status.code(), Some(0));
}

#[cfg(feature = "cli")]
#[test]
fn shares_that_cannot_be_meant_are_refused() {
    let shell = crate::shell::Shell::new();
    for (flag, value, code, reason) in [
        ("--experiments", "-5%", 2, "cannot be negative"),
        ("--ablations", "nan", 2, "nan"),
        ("--rl-share", "1e9", 2, "more than"),
        ("--failed-runs", "20000%", 2, "more than 10000 %"),
        ("--post-training", "$5", 2, "$5"),
    ] {
        shell.refused(&["estimate", "deepseek-v3", "--bill", "rent", flag, value], code, &[reason]);
    }
    shell.refused(&["estimate", "deepseek-v3", "--ablations", "40%"], 2, &["not asked for", "--bill rent"]);
    let phases =
        "name = \"x\"\n[run]\ngpu = \"h800\"\nchips = 8\n[[phase]]\nname = \"a\"\ngpu_hours = 5\nholds = [\"rll\"]\n";
    shell.write("x.toml", phases);
    shell.refused(&["estimate", "./x.toml"], 3, &["x.toml:8", "rl"]);
}
