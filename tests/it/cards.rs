//! What a planner holds a run against: the highest MFU, generations of chips, tokens a parameter, a site's power.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use flopbill::internals::answer::answer;
use flopbill::internals::calibration::backtest::{Known, resolve};
use flopbill::internals::catalog::Kind;
use flopbill::internals::hardware::precision::Precision;
use flopbill::internals::input::question::Question;
use flopbill::internals::model::flops::{Causality, Choice, Counting, per_token};
use flopbill::internals::practice::generation::generations;
use flopbill::internals::practice::tokens::published;
use flopbill::internals::rows::steps;
use flopbill::internals::source::SourceKind;
use flopbill::{EstimateReply, EstimateRequest, Input};

use super::close::close;
use super::doors::catalog;
use super::shell::Shell;

/// A published rate: what a chip does of a model's FLOPs.
struct Rate {
    row: String,
    model: String,
    chips: f64,
    /// 6ND FLOP/s of a chip.
    rate: f64,
    /// Of its dense 16-bit peak.
    mfu: f64,
    /// The same with causal attention counted and embeddings left out, where the shape is known.
    causal: Option<f64>,
    date: String,
    what: &'static str,
    source: String,
}

/// The classes of a record: chip, family, width of the matrix work, kind of model.
type Class = (String, String, &'static str, &'static str);

fn width(precision: Precision) -> &'static str {
    match precision {
        Precision::Fp8 | Precision::Mxfp8 | Precision::Int8 => "8-bit",
        Precision::Fp4 => "4-bit",
        _ => "16-bit",
    }
}

fn kind(mixture: bool) -> &'static str {
    if mixture { "mixture" } else { "dense" }
}

/// Every published rate by its class: steps that are fitted or held out, and runs whose hours were published.
fn rates() -> BTreeMap<Class, Vec<Rate>> {
    let mut found: BTreeMap<Class, Vec<Rate>> = BTreeMap::new();
    let mut known = Known::new(catalog()).unwrap();
    for row in steps::shipped().unwrap() {
        let Ok(case) = resolve(&row, &mut known) else { continue };
        let setting = &case.setting;
        let chip = catalog().chip_of_a_table(&row.gpu).unwrap().0.chip;
        let Ok(peak) = chip.peak_of(chip.training_precision()) else { continue };
        let tokens = f64::from(case.layout.global_batch) * f64::from(case.layout.seq_len);
        let chips = case.layout.chips() as f64;
        let pace = tokens / chips / case.measured.get();
        let counted = Choice::Terms { causality: Causality::Causal, counting: Counting::Model };
        let causal = per_token(&setting.model.shape, case.layout.seq_len, counted).total().get();
        let rate = 6.0 * setting.active.get() * pace;
        let class = (chip.id.clone(), chip.architecture.clone(), width(setting.precision), kind(case.is_moe()));
        found.entry(class).or_default().push(Rate {
            row: row.id.clone(),
            model: row.model.clone(),
            chips,
            rate,
            mfu: rate / peak.get(),
            causal: Some(causal * pace / peak.get()),
            date: row.month().map(|month| month.to_string()).unwrap_or_default(),
            what: "step",
            source: row.source.clone(),
        });
    }
    for id in catalog().ids(Kind::Runs) {
        let Ok(found_run) = answer(&Question::about(&id, catalog()).unwrap(), catalog()) else { continue };
        let (spec, Some(profile)) = (&found_run.spec, &found_run.chip) else { continue };
        let chip = &profile.chip;
        let told = spec.reported.as_ref().and_then(|reported| reported.tier.clone()).unwrap_or_default();
        let assumed = ["run.gpu_hours", "run.gpu"].iter().any(|path| {
            spec.sources.0.iter().any(|(key, source)| key == path && source.kind == SourceKind::Assumption)
        });
        let by_hours = spec.mfu.is_none() && (spec.gpu_hours.is_some() || !spec.phases.is_empty());
        let (Some(mfu), true) = (found_run.estimate.mfu, by_hours && !assumed && ["A", "B"].contains(&told.as_str()))
        else {
            continue;
        };
        let (Ok(peak), Some(basis)) = (chip.peak_of(chip.training_precision()), found_run.basis) else { continue };
        let rate = mfu.get() * chip.peak_of(basis).unwrap().get();
        let precision = spec.precision.as_ref().map_or(chip.training_precision(), |entry| entry.value);
        let class = (chip.id.clone(), chip.architecture.clone(), width(precision), kind(spec.active_params.is_some()));
        let source = spec.sources.0.iter().find(|(key, _)| key == "run").map(|(_, source)| source.title.clone());
        found.entry(class).or_default().push(Rate {
            row: id.clone(),
            model: spec.name.clone().unwrap_or_default(),
            chips: spec.chips.as_ref().map_or(f64::NAN, |chips| chips.value.get()),
            rate,
            mfu: rate / peak.get(),
            causal: None,
            date: spec.date.map(|date| date.to_string()).unwrap_or_default(),
            what: "run",
            source: source.unwrap_or_default(),
        });
    }
    found
}

fn table() -> String {
    let mut text = String::from(
        "id,chip,family,width,kind,tflops_6nd,mfu_6nd,mfu_causal,model,chips,what,date,rows,sources,source\n",
    );
    for ((chip, family, width, kind), mut all) in rates() {
        all.sort_by(|a, b| b.rate.total_cmp(&a.rate));
        let sources: std::collections::BTreeSet<&str> = all.iter().map(|rate| rate.source.as_str()).collect();
        let best = &all[0];
        let causal = best.causal.map(|causal| format!("{causal:.4}")).unwrap_or_default();
        let chips = if best.chips.is_nan() { String::new() } else { format!("{}", best.chips) };
        writeln!(
            text,
            "{},{chip},{family},{width},{kind},{:.2},{:.4},{causal},{},{chips},{},{},{},{},\"{}\"",
            best.row,
            best.rate / 1e12,
            best.mfu,
            best.model,
            best.what,
            best.date,
            all.len(),
            sources.len(),
            best.source.replace('"', "'")
        )
        .unwrap();
    }
    text
}

/// The table of records is what the shipped rows give; `RECORDS=overwrite` writes it anew.
#[test]
fn the_records_are_those_of_the_rows() {
    let path = "profiles/measurements/records.csv";
    let made = table();
    if std::env::var_os("RECORDS").is_some() {
        std::fs::write(path, &made).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap().replace('\r', ""), made, "RECORDS=overwrite writes {path} anew");
}

fn ask(input: Input) -> EstimateReply {
    EstimateRequest::new(input).ask(catalog()).unwrap()
}

/// The only warning that holds these words.
fn warned(input: Input, words: &str) -> Option<String> {
    let found: Vec<String> = ask(input).head.warnings.into_iter().filter(|text| text.contains(words)).collect();
    assert!(found.len() < 2, "{found:?}");
    found.into_iter().next()
}

const PASSES: &str = "passes the highest that is published";
const OUTLASTS: &str = "longer than a generation of chips";
const FAR: &str = "tokens for an active parameter";

fn dense(gpu: &str, mfu: &str) -> Input {
    Input::new().params("70B").tokens("1.4T").gpu(gpu).chips(1024).mfu(mfu)
}

#[test]
fn an_mfu_past_the_record_names_it() {
    // By hand: 577.57 TFLOP/s of 989.5 are 58.37 %, and half a percent of that is rounding.
    assert_eq!(warned(dense("h100", "58%"), PASSES), None);
    assert_eq!(warned(dense("h100", "58.5%"), PASSES), None);
    let said = warned(dense("h100", "59%"), PASSES).unwrap();
    for words in ["dense models on h100-sxm in 16-bit", "58.4 % of the bf16 peak by 6ND", "nemotron4-15b", "dgxc-160"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // The same rate as a share of the peak of 8 bits, which is twice as high: by hand 29.2 %.
    let on_fp8 = |mfu: &str| dense("h100", mfu).set("run.precision", "bf16").set("run.mfu_basis", "fp8");
    assert_eq!(warned(on_fp8("29%"), PASSES), None);
    assert!(warned(on_fp8("30%"), PASSES).unwrap().contains("29.2 % of the fp8 peak"));
    // 8-bit work is held against 8-bit work: 934.21 TFLOP/s, 94.4 % of the bf16 peak.
    let in_fp8 = |mfu: &str| dense("h100", mfu).set("run.precision", "fp8");
    assert_eq!(warned(in_fp8("90%"), PASSES), None);
    assert!(warned(in_fp8("96%"), PASSES).unwrap().contains("gpt3-175b"));
}

#[test]
fn a_mixture_is_held_against_mixtures_and_a_chip_without_rates_against_its_family() {
    let mixture = |gpu: &str, mfu: &str| {
        Input::new().params("671B").set("run.active_params", "37B").tokens("14.8T").gpu(gpu).chips(2048).mfu(mfu)
    };
    // DeepSeek-V3 on H800 in fp8, 347.70 of 989.5 TFLOP/s: 35.1 %.
    let in_fp8 = |mfu: &str| mixture("h800", mfu).set("run.precision", "fp8");
    assert_eq!(warned(in_fp8("35%"), PASSES), None);
    let said = warned(in_fp8("40%"), PASSES).unwrap();
    assert!(said.contains("mixtures on h800-sxm in 8-bit: 35.1 %") && said.contains("ds-004"), "{said}");
    assert!(said.contains("on h100-sxm of its family it is 50.3 %"), "{said}");
    // No rate of an H20 is published: an H100's share of its own peak stands in.
    assert_eq!(warned(dense("h20", "57%"), PASSES), None);
    assert!(
        warned(dense("h20", "62%"), PASSES).unwrap().contains("none of h20-sxm itself: h100-sxm in 16-bit: 58.4 %")
    );
    // Of its family nobody published anything: the highest of all, 68.3 % on a TPU v5p.
    assert_eq!(warned(dense("rubin", "65%"), PASSES), None);
    let said = warned(dense("rubin", "72%"), PASSES).unwrap();
    assert!(said.contains("any chip, with none of this family: tpu-v5p in 16-bit: 68.3 %"), "{said}");
}

#[test]
fn a_predicted_rate_within_its_family_is_no_surprise() {
    // GH200: the only published rate is a whole run at 29.7 %; the same die reaches 58.4 % as H100.
    let predicted = Input::new().model("llama-3-70b").tokens("15T").gpu("gh200").chips(1024);
    assert_eq!(warned(predicted, PASSES), None);
    assert!(warned(dense("gh200", "35%"), PASSES).unwrap().contains("apertus-70b, the only one"));
}

#[test]
fn a_run_longer_than_a_generation_is_said_with_the_dates() {
    let found = generations("NVIDIA", catalog()).unwrap().unwrap();
    let names: Vec<&str> = found.designs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["volta", "ampere", "hopper", "blackwell", "rubin"]);
    // By hand, 2018-03-27 to 2026-01-01: 2,837 days in four steps.
    close(found.between.days(), 2837.0 / 4.0, 1e-9);
    let days = |days: &str| Input::new().gpu("h100").chips(1024).set("run.wall_clock", days);
    assert_eq!(warned(days("709d"), OUTLASTS), None);
    let said = warned(days("710d"), OUTLASTS).unwrap();
    assert!(said.contains("1.9 years between NVIDIA's") && said.contains("hopper 2022-09"), "{said}");
    // Google's chips are all of one design: another vendor's generations stand in, and that is said.
    let said = warned(Input::new().gpu("tpu-v5p").chips(64).set("run.wall_clock", "800d"), OUTLASTS).unwrap();
    assert!(said.contains("assumed for Google"), "{said}");
    assert_eq!(generations("AMD", catalog()).unwrap().unwrap().vendor, "AMD");
}

#[test]
fn tokens_far_from_practice_name_the_range_and_the_nearest() {
    let run =
        |params: &str, tokens: &str| Input::new().params(params).tokens(tokens).gpu("h100").chips(8192).mfu("40%");
    for (params, tokens) in
        [("70B", "15T"), ("70B", "1.4T"), ("8B", "15T"), ("405B", "15.6T"), ("1B", "9T"), ("175B", "300B")]
    {
        assert_eq!(warned(run(params, tokens), FAR), None, "{params} {tokens}");
    }
    // By hand: 100T / 70B = 1,429, over twice DeepSeek-V4-Pro's 33T / 49B = 673.
    let said = warned(run("70B", "100T"), FAR).unwrap();
    assert!(
        said.contains("1,429 tokens") && said.contains("673 (deepseek-v4-pro)") && said.contains("far more"),
        "{said}"
    );
    // 20B / 70B = 0.29, under half of GPT-3's 1.71.
    let said = warned(run("70B", "20B"), FAR).unwrap();
    assert!(said.contains("far fewer") && said.contains("1.71 (gpt3-175b)"), "{said}");
    // A model that is tuned has seen its tokens before; so has one that goes on, which is no row here.
    let tuned = Input::new().model("llama-3-8b").tokens("10M").gpu("h100").chips(8).set("run.tuning", "lora");
    assert_eq!(warned(tuned, FAR), None);
    assert!(published().unwrap().iter().all(|seen| !["minerva-540b", "pangu-sigma"].contains(&seen.id.as_str())));
}

fn llama() -> Input {
    Input::new().model("llama-3-70b").tokens("15T").gpu("h100").chips(8192)
}

#[test]
fn a_site_feeds_so_many_chips_and_says_what_the_run_takes_on_those() {
    let given = llama().set("site.power", "10MW").set("bill.pue", "1.3").set("power.rated", "1000 W");
    let reply = ask(given.set("power.fabric", "0%"));
    let site = reply.site.as_ref().unwrap();
    // By hand: 10 MW / (1,000 W x 1.3) = 7,692.3, in nodes of 8: 7,688.
    close(site.chip_watts, 1300.0, 1e-12);
    assert_eq!((site.chips_fed, site.chips_asked, site.kept), (7688.0, Some(8192.0), false));
    let sentence = reply.failed().next().unwrap();
    assert!(sentence.starts_with("the site feeds 7,688 of 8,192 chips, 10 MW at 1,300 W a chip"), "{sentence}");
    assert!(
        reply.head.warnings.iter().any(|text| text.contains("power binds: 504 chips")),
        "{:?}",
        reply.head.warnings
    );
    // The run on those is the answer of the same question on them.
    let on_those = ask(llama().chips(7688)).result;
    close(site.wall_clock_days.unwrap(), on_those.wall_clock_days.unwrap(), 1e-12);
    close(site.cost_usd.unwrap(), on_those.cost_usd.unwrap(), 1e-12);
    // A deadline is what gives way: days decide the chips, and the site has fewer.
    let late = ask(Input::new()
        .model("llama-3-70b")
        .tokens("15T")
        .gpu("h100")
        .set("run.wall_clock", "60d")
        .set("site.power", 3));
    let site = late.site.unwrap();
    assert!(!site.kept && site.wall_clock_days.unwrap() > 100.0);
    // Exactly enough is enough: 8,192 x 1,300 W = 10.6496 MW.
    let enough = llama().set("site.power", "10.6496 MW").set("bill.pue", "1.3").set("power.rated", "1000 W");
    let reply = ask(enough.set("power.fabric", "0%"));
    assert!(reply.failed().next().is_none() && reply.site.unwrap().chips_fed == 8192.0);
}

#[test]
fn a_bare_number_is_in_megawatts_and_others_are_refused() {
    close(ask(llama().set("site.power", "10")).site.unwrap().power_mw, 10.0, 1e-12);
    close(ask(llama().set("site.power", "9500 kW")).site.unwrap().power_mw, 9.5, 1e-12);
    // The place's own PUE counts, and a hyperscaler's.
    let at = |input: Input| ask(input.set("site.power", "10")).site.unwrap().chips_fed;
    assert!(at(llama().set("bill.hyperscale", true)) > at(llama()));
    let shell = Shell::new();
    let run = ["estimate", "llama-3-70b", "--site-power"];
    for (power, says) in [
        ("many", "write it like `10MW`"),
        ("10MWh", "a power is expected"),
        ("0", "cannot be zero"),
        ("-3MW", "--site-power"),
        ("10W", "`site.power` is from"),
        ("8MW..10MW", "takes no range"),
    ] {
        shell.refused(&[&run[..], &[power]].concat(), 2, &[says]);
    }
    let of_the_bill = [&run[..], &["10MW", "--residual", "0%"]].concat();
    shell.refused(&of_the_bill, 2, &["part of the whole bill, which is not asked for"]);
    let no_chip = ["estimate", "--gpu-hours", "1M", "--chips", "64", "--site-power", "1MW"];
    shell.refused(&no_chip, 1, &["needs the chip"]);
    let small = shell.run(&["estimate", "deepseek-v3", "--site-power", "1kW"]);
    assert_eq!(small.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&small.stderr).contains("the site feeds no whole node"));
}

#[test]
fn a_run_reads_its_interrupts_by_cause_and_the_days_they_take() {
    let given = llama().set("failures.expected", true).set("failures.mtbf", "6h").set("failures.detect", "10min");
    let reply = ask(given.set("failures.restart", "5min"));
    let found = reply.failures.unwrap();
    let days = reply.result.wall_clock_days.unwrap();
    // By hand: one in 6 h of running and 10 min of waiting.
    let all = days * 24.0 / (6.0 + 1.0 / 6.0);
    close(found.interrupts.unwrap(), all, 1e-9);
    assert_eq!(found.interrupts_p10, found.interrupts_p90);
    // By hand, table 5 of the Llama 3 paper: 148 + 72 + 19 + 17 + 6 + 6 = 268 of 419 are of the GPU, 54 + 2 of software,
    // 35 + 7 of the network, 32 of maintenance, 3 + 3 + 2 + 2 + 2 + 2 of the host, 7 are not told.
    let shares: Vec<(&str, f64)> = found.causes.iter().map(|one| (one.cause.as_str(), one.share * 419.0)).collect();
    let expected = [
        ("gpu", 268.0),
        ("software", 56.0),
        ("network", 42.0),
        ("maintenance", 32.0),
        ("host", 14.0),
        ("unknown", 7.0),
    ];
    assert_eq!(shares.len(), expected.len());
    for ((cause, events), (name, count)) in shares.iter().zip(expected) {
        assert_eq!(*cause, name);
        close(*events, count, 1e-9);
    }
    close(found.causes[0].interrupts, all * 268.0 / 419.0, 1e-9);
    assert!(found.causes_from.unwrap().contains("2407.21783"));
    // Ten minutes of each; restarts a little less than five, as a failure can hit one.
    close(found.lost_to_detection_days.unwrap(), all / 144.0, 1e-9);
    close(found.lost_to_restarts_days.unwrap(), all / 288.0, 0.01);
    let parts = [
        found.lost_to_checkpoints_days,
        found.lost_to_detection_days,
        found.lost_to_restarts_days,
        found.lost_to_work_redone_days,
        found.lost_to_other_days,
    ];
    close(parts.iter().map(|part| part.unwrap()).sum(), found.lost_days.unwrap(), 1e-9);
    close(found.lost_days.unwrap(), days * (1.0 - found.model.goodput_failures.unwrap()) + parts[4].unwrap(), 1e-9);
    let by_cause: f64 = found.causes.iter().map(|one| one.lost_days.unwrap()).sum();
    close(by_cause, parts[1].unwrap() + parts[2].unwrap() + parts[3].unwrap(), 1e-9);
}

#[test]
fn interrupts_stand_beside_a_bill_or_where_they_are_asked_for() {
    assert!(ask(llama()).failures.is_none());
    let (plain, billed) = (ask(llama().set("failures.expected", true)), ask(llama().set("bill.view", "own")));
    let own = |reply: &EstimateReply| reply.failures.as_ref().unwrap().interrupts.unwrap();
    close(own(&plain), own(&billed), 1e-12);
    assert!(plain.bill.is_none() && billed.bill.is_some());
    assert!(ask(llama().set("bill.view", "own").set("failures.expected", false)).failures.is_none());
    // Of a family of which nobody published causes, others stand in, and that is said.
    let other =
        ask(Input::new().model("llama-3-8b").tokens("1T").gpu("mi300x").chips(512).set("failures.expected", true));
    assert!(other.failures.unwrap().causes_from.unwrap().contains("nobody published them on cdna3"));
    // Without chips there are no days, and without days no interrupts: it says what is lacking.
    let hours =
        ask(Input::new().gpu("h100").set("run.gpu_hours", "1M").set("failures.expected", true)).failures.unwrap();
    assert!(hours.interrupts.is_none() && hours.lacks.iter().any(|text| text.contains("--chips or --days")));
    let shell = Shell::new();
    let table = shell.run(&[
        "estimate",
        "--model",
        "llama-3-70b",
        "--tokens",
        "15T",
        "--gpu",
        "h100",
        "--chips",
        "8192",
        "--failures",
    ]);
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert!(text.contains("Interrupts to expect") && text.contains("gpu 84"), "{text}");
    shell.refused(&["estimate", "deepseek-v3", "--mtbf", "6h"], 2, &["part of the whole bill"]);
}

#[test]
fn a_step_time_is_the_same_measured_step_as_its_tokens_a_second() {
    let run = || Input::new().model("llama-3-8b").tokens("15T").gpu("h100").chips(512).set("run.global_batch", "4Mtok");
    let batch = ask(run()).step.unwrap().tokens_per_step;
    // By hand: 4,194,304 or 4,000,000 tokens in 2 s.
    let rate = ask(run().set("run.tokens_per_second", batch / 2.0));
    let time = ask(run().set("run.step_time", "2s"));
    close(time.result.gpu_hours.unwrap(), rate.result.gpu_hours.unwrap(), 1e-9);
    close(time.result.gpu_hours_p90.unwrap(), rate.result.gpu_hours_p90.unwrap(), 1e-9);
    assert!(time.result.gpu_hours.unwrap() > ask(run()).result.gpu_hours.unwrap());
    // A bare number is in seconds, as in a column of measured steps.
    let bare = ask(run().set("run.step_time", "2"));
    close(bare.result.gpu_hours.unwrap(), time.result.gpu_hours.unwrap(), 1e-12);
    let shell = Shell::new();
    let flags = ["estimate", "--model", "llama-3-8b", "--tokens", "15T", "--gpu", "h100", "--chips", "512"];
    let refused = |more: &[&str], code: i32, says: &str| shell.refused(&[&flags[..], more].concat(), code, &[says]);
    refused(&["--step-time", "2s"], 2, "says nothing without its batch");
    let batch = ["--global-batch", "4Mtok", "--step-time"];
    refused(&[&batch[..], &["2s", "--tokens-per-second", "2M"]].concat(), 2, "both say how fast it ran");
    refused(
        &[&batch[..], &["2s", "--stack-factor", "1.1"]].concat(),
        2,
        "leave stack.factor or the measured steps out",
    );
    refused(&[&batch[..], &["2d"]].concat(), 2, "times the");
    refused(&[&batch[..], &["1ms"]].concat(), 2, "less than the peak");
    refused(&[&batch[..], &["fast"]].concat(), 2, "--step-time");
    // Hours that are given beside a run's model are no prediction: the step changes nothing, and that is said.
    let idle = ask(Input::about("deepseek-v3").set("run.step_time", "20s"));
    assert!(idle.head.warnings.iter().any(|text| text.contains("run.step_time changes nothing here")));
}

/// Nothing but arithmetic: 15T tokens at 5M a second are 3M s; on 512 chips that is 426,667 GPU-hours.
#[test]
fn a_measured_rate_without_a_model_is_the_speed_itself() {
    let run = || Input::new().tokens("15T").gpu("h100").chips(512);
    let found = ask(run().set("run.tokens_per_second", 5e6)).result;
    close(found.wall_clock_days.unwrap(), 3e6 / 86_400.0, 1e-9);
    close(found.gpu_hours.unwrap(), 3e6 * 512.0 / 3600.0, 1e-9);
    assert!(found.cost_usd.is_some() && found.mfu.is_none());
    // With parameters, the MFU by hand: 6 x 8e9 x 5e6 / (512 x 989.5e12) = 47.4 %.
    let reply = ask(run().params("8B").set("run.tokens_per_second", 5e6));
    close(reply.result.mfu.unwrap(), 6.0 * 8e9 * 5e6 / (512.0 * 989.5e12), 1e-9);
    assert!(reply.head.warnings.iter().all(|text| !text.contains("changes nothing")), "{:?}", reply.head.warnings);
    assert!(reply.head.assumptions.iter().any(|text| text.contains("says nothing of downtime")));
    // The same as a time: 4M tokens in 0.8 s; and in sequences, 1,000 of 4,000 tokens.
    let time = || run().set("run.step_time", "800ms");
    let tokens = ask(time().set("run.global_batch", "4Mtok")).result;
    close(tokens.gpu_hours.unwrap(), found.gpu_hours.unwrap(), 1e-9);
    let sequences = ask(time().set("run.global_batch", "1000seq").set("run.sequence_length", 4000)).result;
    close(sequences.gpu_hours.unwrap(), found.gpu_hours.unwrap(), 1e-9);
    // Goodput makes it longer; a deadline decides the tokens.
    let slow = ask(run().set("run.tokens_per_second", 5e6).set("run.goodput", "80%")).result;
    close(slow.wall_clock_days.unwrap(), 3e6 / 86_400.0 / 0.8, 1e-9);
    // Hours and a rate give the tokens: 1M hours on 64 chips at 1M a second are 56.25 T.
    let hours = Input::new().gpu("h100").chips(64).set("run.gpu_hours", "1M").set("run.tokens_per_second", "1M");
    let reply = ask(hours);
    close(reply.run.tokens.unwrap(), 56.25e12, 1e-9);
    // The rate is of all chips together, so that a sweep over chips is as many questions, each with this rate.
    let shell = Shell::new();
    let sweep = ["sweep", "--tokens", "15T", "--gpu", "h100", "--tokens-per-second", "5M", "--vary", "chips=512,1024"];
    let swept = shell.json(&sweep);
    for (row, chips) in swept["result"]["rows"].as_array().unwrap().iter().zip([512.0, 1024.0]) {
        close(row["wall_clock_days"].as_f64().unwrap(), 3e6 / 86_400.0, 1e-9);
        close(row["gpu_hours"].as_f64().unwrap(), 3e6 * chips / 3600.0, 1e-9);
    }
    // Where it was measured is said: on twice as many chips each is as fast, which is an assumption; another chip is not told.
    let file = "name = \"x\"\n[run]\ngpu = \"h100\"\nchips = 512\ntokens = \"15T\"\ntokens_per_second = \"5M\"\n";
    shell.write("rate.toml", file);
    let on = |more: &[&str]| shell.json(&[&["estimate", "./rate.toml"], more].concat());
    let moved = on(&["--chips", "1024"]);
    close(moved["result"]["wall_clock_days"].as_f64().unwrap(), 1.5e6 / 86_400.0, 1e-9);
    assert!(moved["assumptions"].to_string().contains("measured on 512 chips: on others each is taken to be as fast"));
    shell.refused(&["estimate", "./rate.toml", "--gpu", "h200"], 1, &["do not follow"]);
    let fed = ask(run().set("run.tokens_per_second", 5e6).set("site.power", "0.5MW")).site.unwrap();
    // 500 kW / 1,705 W are 293 chips, 36 nodes of 8: 288 of 512, so that the run takes 512 / 288 as long.
    close(fed.wall_clock_days.unwrap(), 3e6 / 86_400.0 * 512.0 / 288.0, 1e-9);
    shell.refused(
        &["estimate", "--tokens", "15T", "--gpu", "h100", "--chips", "500..600", "--tokens-per-second", "5M"],
        2,
        &["takes no range here"],
    );
    let flags = ["estimate", "--tokens", "15T", "--gpu", "h100"];
    let refused = |more: &[&str], code: i32, says: &str| shell.refused(&[&flags[..], more].concat(), code, &[says]);
    refused(&["--tokens-per-second", "5M"], 1, "add --chips");
    refused(&["--chips", "512", "--step-time", "1s"], 2, "says nothing without its batch");
    refused(&["--chips", "512", "--step-time", "1s", "--global-batch", "1000seq"], 2, "without their length");
    let both = ["--chips", "512", "--step-time", "1s", "--global-batch", "4Mtok", "--tokens-per-second", "5M"];
    refused(&both, 2, "both say how fast it ran");
    // 6 x 70e9 x 5e6 / (512 x 989.5e12) is an MFU of 415 %.
    refused(&["--chips", "512", "--params", "70B", "--tokens-per-second", "5M"], 1, "an MFU of 415 %");
    refused(&["--chips", "512", "--tokens-per-second", "5M", "--days", "10"], 1, "contradict each other");
}
