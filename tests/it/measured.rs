//! One measured step: by how much it moves an answer, what it leaves open, and how it is read.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use flopbill::internals::answer::narrowed::Narrowed;
use flopbill::internals::answer::{Answer, answer};
use flopbill::internals::ask::keep::KeepRequest;
use flopbill::internals::calibration::backtest::{Known, resolve};
use flopbill::internals::catalog::Kind;
use flopbill::internals::input::measured::{Measured, Steps};
use flopbill::internals::input::question::{Question, Typed};
use flopbill::internals::model::flops::{Causality, Choice, Counting, Kernel, per_token};
use flopbill::internals::predict::Prediction;
use flopbill::internals::rows::steps::{Metric, shipped};
use flopbill::{ConvertRequest, EstimateRequest, FleetRequest, Input, LayoutRequest};

use tempfile::{TempDir, tempdir};

use super::doors::{catalog, of_model, through_every_door};

/// A dense model and a mixture, on chips of several families, with the chips that the run holds.
const ASKED: [(&str, &str, &str, f64); 5] = [
    ("llama-3-8b", "15T", "h100", 256.0),
    ("llama-3-70b", "15T", "h200", 2048.0),
    ("qwen2.5-72b", "18T", "a100", 1024.0),
    ("llama-3.1-405b", "15T", "h800", 8192.0),
    ("mixtral-8x7b", "4T", "h100", 512.0),
];

fn asked(question: &Question) -> Answer {
    answer(question, catalog()).unwrap_or_else(|error| panic!("{error}"))
}

fn step(answer: &Answer) -> Prediction {
    answer.prediction().unwrap().1
}

/// Seconds of a step, all that is predicted of it.
fn seconds(answer: &Answer) -> f64 {
    answer.step_time().unwrap().get()
}

fn hours(answer: &Answer) -> f64 {
    answer.estimate.total.held.gpu_hours()
}

fn after(question: &Question, steps: Steps) -> (Answer, Narrowed) {
    let found = asked(&question.clone().with("measured", steps));
    let narrowed = Narrowed::of(&found).unwrap().unwrap();
    (found, narrowed)
}

fn near(what: &str, a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-9, "{what}: {a} and {b}");
}

/// A file in a folder of its test.
fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    path
}

fn llama() -> Question {
    of_model("llama-3-70b", "15T", "h100", 2048.0)
}

fn refusal(text: &str) -> String {
    let folder = tempdir().unwrap();
    let path = file(&folder, "refused.csv", text);
    let question = llama().with("measured", path.display().to_string());
    let error = answer(&question, catalog()).map(|found| hours(&found)).unwrap_err();
    error.to_string().replace(&path.display().to_string(), "steps.csv")
}

#[test]
fn a_step_moves_the_answer_by_its_share_of_the_surprise() {
    for (model, tokens, chip, chips) in ASKED {
        let question = of_model(model, tokens, chip, chips);
        let before = asked(&question);
        let own = step(&before);
        let slow = seconds(&before) * 1.3;
        let (found, narrowed) = after(&question, Steps::new().seconds(slow));
        let evidence = &narrowed.evidence;
        let k = evidence.settled();
        near(model, evidence.factor_seen(), 1.3);
        near(model, hours(&found) / hours(&before), 1.3f64.powf(k));
        near(model, evidence.after.effect / evidence.before.effect, (1.0 - k).sqrt());
        let moe = before.prediction().unwrap().0.model.shape.is_moe();
        assert!(moe || (k >= 0.8 && (1.0 - k).sqrt() <= 0.5), "{model}: k {k}");
        assert_eq!(step(&found).layout, own.layout, "{model}");
        let [was, now] = narrowed.hours.unwrap();
        assert!(now[2] / now[0] < was[2] / was[0], "{model}: {was:?} {now:?}");
        let said = narrowed.sentence();
        assert!(said.starts_with("measured: 1 step, 1.3 x the prediction"), "{said}");
        // What is printed can be checked by hand.
        let number = |after: &str| {
            let (_, rest) = said.split_once(after).unwrap();
            rest.split([' ', ',']).next().unwrap().parse::<f64>().unwrap()
        };
        let (shown, moved, left) = (number("settles k = "), number("hours x "), number("leaves "));
        assert!((shown - k).abs() < 0.002 && (1.3f64.powf(shown) / moved - 1.0).abs() < 5e-4, "{said}");
        assert!(((1.0 - shown).sqrt() / left - 1.0).abs() < 0.03, "{said}");
        assert!(said.contains("before") && said.contains("now") && said.contains("goodput"), "{said}");
    }
}

#[test]
fn the_hours_before_are_those_of_the_question_without_it() {
    let before = EstimateRequest::new(llama()).ask(catalog()).unwrap().result;
    let slow = Steps::new().seconds(3.6);
    let reply = EstimateRequest::new(llama().with("measured", slow)).ask(catalog()).unwrap();
    let told = reply.head.measured.unwrap();
    let was = told.gpu_hours_before.unwrap();
    near("p10", was[0], before.gpu_hours_p10.unwrap());
    near("p90", was[2], before.gpu_hours_p90.unwrap());
    near("p90 now", told.gpu_hours_after.unwrap()[2], reply.result.gpu_hours_p90.unwrap());
    assert_eq!((told.steps, told.used, told.left_out.len()), (1, 1, 0));
    let json = serde_json::to_value(&told).unwrap();
    for key in ["k", "factor", "factor_seen", "effect_before", "effect_after", "settings"] {
        assert!(!json[key].is_null(), "{key}");
    }
}

#[test]
fn one_step_in_every_unit_is_the_same_step() {
    let before = asked(&llama());
    let (setting, own) = before.prediction().unwrap();
    let time = seconds(&before) * 1.2;
    let tokens = own.tokens_per_step().get();
    let all = tokens / time;
    let chip = all / 2048.0;
    let rate = |causality, counting| {
        let terms = Choice::Terms { causality, counting };
        per_token(&setting.model.shape, own.layout.seq_len, terms).total().get() * chip / 1e12
    };
    let causal = rate(Causality::Causal, Counting::Model);
    let full = rate(Causality::Full, Counting::Model);
    let recompute = own.layout.recompute;
    let hardware = rate(Causality::Full, Counting::Hardware { recompute, kernel: Kernel::Unfused });
    assert!(causal < full && full <= hardware);
    let six = 6.0 * setting.active.get() * chip / 1e12;
    let peak = setting.machine.peak_16.get() / 1e12;
    let (found, _) = after(&llama(), Steps::new().seconds(time));
    for steps in [
        Steps::new().step("step", format!("{} ms", time * 1e3)),
        Steps::new().step("step_ms", time * 1e3),
        Steps::new().step("tokens_per_second", all),
        Steps::new().step("tokens_per_s_per_gpu", chip),
        Steps::new().step("tflops_per_gpu", causal).with("flop_counting", "causal"),
        Steps::new().step("tflops_per_gpu", six),
        Steps::new().step("tflops", full).with("flop_counting", "full"),
        Steps::new().step("tflops", hardware).with("counting", "hardware"),
        Steps::new().step("mfu_causal", causal / peak),
        Steps::new().step("mfu", format!("{}%", 100.0 * causal / peak)).with("flop_counting", "causal"),
        Steps::new().step("mfu", six / peak),
        Steps::new().step("mfu", six / peak).with("flop_counting", "6nd"),
        Steps::new().step("mfu_full", full / peak),
        Steps::new().step("hfu", hardware / peak),
        Steps::new().step("value", time).with("metric", "iter_time_s"),
        Steps::new().seconds(time).with("chips", 2048).with("gpu", "H100-80GB-SXM").with("model", "llama-3-70b"),
    ] {
        let said = Typed::from(steps.clone()).0;
        let (again, _) = after(&llama(), steps);
        near(&said, hours(&again), hours(&found));
    }
    let again = asked(&llama().with("run.tokens_per_second", all));
    near("a rate beside the question", hours(&again), hours(&found));
}

#[test]
fn repeats_count_once_and_what_is_left_out_is_named() {
    let folder = tempdir().unwrap();
    let times = [9.0, 7.5, 3.5, 3.51, 3.49, 3.5, 40.0, 3.5, 3.52, 3.48];
    let lines: Vec<String> =
        times.iter().enumerate().map(|(step, time)| format!("{step},{time},{}", 5 - step / 9)).collect();
    let path = file(&folder, "log.csv", &format!("step,seconds,loss\n{}\n", lines.join("\n")));
    let question = llama().with("measured", path.display().to_string());
    let reply = EstimateRequest::new(question).ask(catalog()).unwrap();
    let told = reply.head.measured.unwrap();
    assert_eq!((told.steps, told.used, told.settings.len()), (10, 7, 1));
    assert_eq!(told.settings[0].measured_s, 3.5);
    let named: Vec<&str> = told.left_out.iter().map(|out| out.step.rsplit(':').next().unwrap()).collect();
    assert_eq!(named, ["2", "3", "8"]);
    assert!(told.left_out[0].reason.starts_with("warm-up") && told.left_out[2].reason.starts_with("an outlier"));
    assert!(reply.head.warnings.iter().any(|said| said.contains("log.csv:2 is left out: warm-up")));
    let (_, once) = after(&llama(), Steps::new().seconds(3.5));
    near("k", told.k, once.evidence.settled());
    near("factor", told.factor, once.evidence.factor());
}

#[test]
fn other_layouts_are_steps_of_their_own_and_predicted_in_theirs() {
    let one = Steps::new().seconds(3.5).with("tp", 4).with("pp", 4);
    let (_, first) = after(&llama(), one.clone());
    let (_, both) = after(&llama(), one.seconds(3.9).with("tp", 8).with("pp", 2));
    assert_eq!((first.evidence.seen.len(), both.evidence.seen.len()), (1, 2));
    assert_ne!(both.evidence.seen[0].predicted, both.evidence.seen[1].predicted);
    let (before, row) = (first.evidence.before.effect.powi(2), first.evidence.before.row.powi(2));
    near("one", first.evidence.settled(), before / (before + row));
    near("two", both.evidence.settled(), before / (before + row / 2.0));
}

#[test]
fn steps_of_other_chips_and_models_move_it_less() {
    let slow = |chip: &str, model: &str| {
        let chips = if chip == "h100" && model == "llama-3-70b" { 2048.0 } else { 1024.0 };
        let there = asked(&of_model(model, "15T", chip, chips));
        let time = seconds(&there) * 1.3;
        let steps = Steps::new().seconds(time).with("gpu", chip).with("model", model).with("chips", chips);
        // Batch and length are those of its own question.
        let (setting, _) = there.prediction().unwrap();
        let steps = steps.with("global_batch", format!("{}seq", setting.batch.sequences()));
        let (_, narrowed) = after(&llama(), steps.with("seq_len", setting.seq_len));
        let settled = narrowed.evidence.settled();
        near(&format!("{model} on {chip}"), narrowed.evidence.factor_seen(), 1.3);
        assert_eq!(narrowed.evidence.used(), usize::from(settled > 0.0), "{model} on {chip}");
        settled
    };
    let own = slow("h100", "llama-3-70b");
    let (chip, family) = (slow("h200", "llama-3-70b"), slow("a100", "llama-3-70b"));
    let (dense, mixture) = (slow("h100", "llama-3-8b"), slow("h100", "mixtral-8x7b"));
    assert!(own > chip && chip > family, "{own} {chip} {family}");
    // A mixture differs from a dense model by more than the software of dense models does: it tells nothing of it.
    assert!(own > dense && dense > mixture && mixture == 0.0, "{own} {dense} {mixture}");
}

#[test]
fn a_moved_run_has_its_transfer_told() {
    let question = || Question::about("deepseek-v3", catalog()).unwrap().with("run.gpu", "h200");
    let before = asked(&question());
    let told = asked(&question().with("measured", Steps::new().seconds(14.0).with("gpu", "h200").with("chips", 2048)));
    let narrowed = Narrowed::of(&told).unwrap().unwrap();
    near("hours", hours(&told) / hours(&before), narrowed.evidence.factor());
    let (was, now) = (before.moved().unwrap().spread, told.moved().unwrap().spread);
    near("spread", now / was, (1.0 - narrowed.evidence.settled()).sqrt());
    assert!(narrowed.sentence().contains("what the run's own hours give there"), "{}", narrowed.sentence());
    let both = answer(&question().with("run.tokens_per_second", 4e6).with("transfer.ratio", 1.1), catalog());
    assert!(both.unwrap_err().message().contains("ratio of the transfer is given"));
    let own = asked(&Question::about("deepseek-v3", catalog()).unwrap().with("run.tokens_per_second", 4e6));
    let idle = "run.tokens_per_second changes nothing here: the hours are not predicted from a step";
    assert!(own.warnings.iter().any(|said| said == idle), "{:?}", own.warnings);
}

#[test]
fn where_no_step_is_predicted_it_says_that_it_changes_nothing() {
    let given = Question::default().with("run.gpu_hours", "2.788M").with("run.gpu", "h800");
    let plain = hours(&asked(&given));
    let found = asked(&given.with("measured", Steps::new().seconds(3.0)));
    assert_eq!(hours(&found), plain);
    assert!(found.warnings.iter().any(|said| said.starts_with("measured changes nothing here")));
    let found = asked(&llama().with("run.mfu", "40%").with("measured", Steps::new().seconds(3.0)));
    assert!(found.warnings.iter().any(|said| said.starts_with("measured changes nothing here")));
}

#[test]
fn what_cannot_be_is_refused_with_its_place_and_a_way_out() {
    for (text, place, wrong) in [
        ("step_tme\n3\n", "1:1", "the nearest is `step_time`"),
        ("step,chps\n3,8\n", "1:6", "the nearest is `chips`"),
        ("loss\n3\n", "1:1", "no column says how fast the step was"),
        ("chips,step\n8,-3\n", "2:3", "`-3` is below zero"),
        ("step\n0\n", "2:1", "`0` is no measurement"),
        ("step\nnan\n", "2:1", "is not a finite number"),
        ("step\n3.5 TB/s\n", "2:1", "write it like `2.9 s`"),
        ("step\n3.5\n\nfast\n", "4:1", "`fast` is not a duration"),
        ("mfu\n1.4\n", "2:1", "is more than 100 %"),
        ("step,mfu\n3.5,38%\n", "2:1", "leave one of the two out"),
        ("metric\nmfu\n", "1:1", "no column says"),
        ("metric,value\nspeed,3\n", "2:1", "unknown metric `speed`"),
        ("step,seconds,tflops\n1,3,400\n", "1:14", "both say how fast"),
        ("step,step\n3,4\n", "1:6", "the column `step` is given twice"),
        ("chips,step,gpus\n8,3,8\n", "1:12", "`chips` and `gpus` are one column, given twice"),
        ("step,chips\n3,0\n", "2:3", "`0` is not a whole number from 1 on"),
        ("step,seq_len\n3,0\n", "2:3", "`0` is not a whole number from 1 on"),
        ("step,micro_batch\n3,0\n", "2:3", "`0` is not a whole number from 1 on"),
        ("step,gpu\n3.5,h1000\n", "2:1", "did you mean `h100`?"),
        ("step,model\n3.5,llama-3-71b\n", "2:1", "unknown model"),
        ("step,tp\n3.5,two\n", "2:5", "`two` is not a whole number"),
        ("step\n900\n", "2:1", "times the"),
        ("step\n1ms\n", "2:1", "than the peak of 2,048 chips allows"),
    ] {
        let said = refusal(text);
        assert!(said.starts_with(&format!("steps.csv:{place}: ")) && said.contains(wrong), "{text:?}: {said}");
        assert!(said.contains("help: "), "{text:?}: {said}");
    }
    for (text, wrong) in [
        ("", "the file is empty"),
        ("step,chips\n", "there are no rows"),
        ("step,chips\n,2048\n", "no measured step can be used: steps.csv:2: it does not say how fast it was"),
        ("step,tp,pp\n3.5,3,7\n", "no measured step can be used"),
        ("step,stack\n3.5,torchtitan\n", "it ran on the stack `torchtitan`"),
        ("step,layers\n3.5,81\n", "its layers or its width are not those"),
    ] {
        let said = refusal(text);
        assert!(said.contains(wrong) && said.contains("help: "), "{text:?}: {said}");
    }
    let missing = answer(&llama().with("measured", "nowhere/steps.csv"), catalog()).unwrap_err().to_string();
    assert!(missing.contains("measured: cannot read nowhere/steps.csv") && missing.contains("check the path"));
    let both = answer(&llama().with("measured", Steps::new().seconds(3.0)).with("stack.factor", 1.2), catalog());
    assert!(both.unwrap_err().message().contains("the software's factor is given"));
}

#[test]
fn what_is_asked_elsewhere_does_not_move_the_steps() {
    let open = of_model("llama-3-70b", "15T", "h100", 2048.0);
    let moved =
        |steps: Steps| ConvertRequest::new(open.clone().with("measured", steps), "h200").ask(catalog()).unwrap();
    let (bare, said) = (moved(Steps::new().seconds(3.5)), moved(Steps::new().seconds(3.5).with("gpu", "h100")));
    near("convert", bare.result.gpu_hours.unwrap(), said.result.gpu_hours.unwrap());
    let mut days = Question::default().with("model", "llama-3-70b").with("run.tokens", "15T").with("run.gpu", "h100");
    days = days.with("run.wall_clock", "100d").with("measured", Steps::new().seconds(3.5));
    let error = answer(&days, catalog()).unwrap_err();
    assert!(error.to_string().contains("does not say on how many chips"), "{error}");
    assert!(answer(&days.with("measured", Steps::new().seconds(3.5).with("chips", 2048)), catalog()).is_ok());
}

#[test]
fn rows_of_a_spec_a_file_and_a_setter_are_the_same() {
    let folder = tempdir().unwrap();
    file(&folder, "steps.csv", "step,chips,gpu\n3.5 s,2048,h100\n");
    let spec = |measured: &str| {
        let text = format!(
            "name = \"x\"\nmodel = \"llama-3-70b\"\n{measured}\n[run]\ntokens = \"15T\"\ngpu = \"h100\"\nchips = 2048\n"
        );
        let path = file(&folder, "spec.toml", &text);
        let found = Question::about(path.to_str().unwrap(), catalog()).unwrap();
        hours(&asked(&found))
    };
    let rows = Steps::new().step("step", "3.5 s").with("chips", 2048).with("gpu", "h100");
    let (found, _) = after(&llama(), rows.clone());
    near("a file beside the spec", spec("measured = \"steps.csv\""), hours(&found));
    near("rows", spec("measured = [{ step = \"3.5 s\", chips = 2048, gpu = \"h100\" }]"), hours(&found));
    near("a row", spec("measured = { step = \"3.5 s\", chips = 2048 }"), hours(&found));
    near("bare seconds", spec("measured = [{ step = 3.5 }]"), hours(&found));
    let input = Input::new().model("llama-3-70b").tokens("15T").gpu("h100").chips(2048).measured(rows);
    let reply = EstimateRequest::new(input.clone()).show_resolved(true).ask(catalog()).unwrap();
    near("a setter", reply.result.gpu_hours.unwrap(), hours(&found));
    assert!(reply.resolved.iter().any(|value| value.path == "measured" && value.text.contains("3.5 s")));
    let layout = LayoutRequest::new(input).ask(catalog()).unwrap();
    near("layout", layout.result.step_seconds.unwrap(), seconds(&found));
    let wrong =
        file(&folder, "wrong.toml", "name = \"x\"\nmodel = \"llama-3-70b\"\nmeasured = [{ step = 3, chps = 8 }]\n");
    let error = Question::about(wrong.to_str().unwrap(), catalog()).unwrap_err().to_string();
    assert!(error.contains("wrong.toml:3:25: unknown column `chps`"), "{error}");
}

/// A published row, with all its columns, is predicted as the back-test predicts it.
#[test]
fn a_row_of_the_public_table_is_predicted_as_by_the_back_test() {
    let mut known = Known::new(catalog()).unwrap();
    let folder = tempdir().unwrap();
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/measurements/steps.csv")).unwrap();
    let (head, lines) = text.split_once('\n').unwrap();
    let mut compared = 0;
    for (row, line) in shipped().unwrap().iter().zip(lines.lines()).step_by(3) {
        // Beside a question, FLOPs that nobody says how to count are 6ND.
        let of_flops = matches!(row.metric, Some(Metric::Mfu | Metric::Tflops)) && row.flop_counting.is_none();
        let named =
            !of_flops && !row.stack.is_empty() && catalog().has(Kind::Models, &row.model) && row.num_gpus.is_some();
        let Ok(case) = resolve(row, &mut known) else { continue };
        if !named || !line.starts_with(&row.id) || case.setting.model.id != catalog().model(&row.model).unwrap().id {
            continue;
        }
        let path = file(&folder, "row.csv", &format!("{head}\n{line}\n"));
        let chip = catalog().chip_of_a_table(&row.gpu).unwrap().0.chip.id;
        let question = of_model(&row.model, "1T", &chip, f64::from(row.num_gpus.unwrap()));
        let question = question.with("stack", &row.stack).with("measured", path.display().to_string());
        let Ok(found) = LayoutRequest::new(question).ask(catalog()) else { continue };
        let seen = &found.head.measured.unwrap().settings[0];
        near(&row.id, seen.measured_s, case.measured.get());
        let factors = known.calibration(&case.setting.family).unwrap().factors;
        near(&row.id, seen.predicted_s, case.predicted(&factors).get() * case.setting.software().median);
        compared += 1;
    }
    assert!(compared > 20, "{compared} rows compared");
}

#[test]
fn steps_of_a_file_stay_where_the_file_ran() {
    let folder = tempdir().unwrap();
    let rest = "[run]\ntokens = \"15T\"\ngpu = \"h100\"\nchips = 2048\n";
    let spec = |name: &str, measured: &str, more: &str| {
        let text = format!("name = \"x\"\nmodel = \"llama-3-70b\"\n{more}measured = {measured}\n{rest}");
        let path = file(&folder, name, &text);
        Question::about(path.to_str().unwrap(), catalog()).unwrap()
    };
    let bare = spec("bare.toml", "[{ step = \"3.5 s\" }]", "");
    let said = spec("said.toml", "[{ step = \"3.5 s\", gpu = \"h100\", chips = 2048, model = \"llama-3-70b\" }]", "");
    for (path, value) in [("run.gpu", "h200"), ("run.chips", "4096"), ("model", "llama-3-8b"), ("run.gpu", "a100")] {
        let [bare, said] = [&bare, &said].map(|question| asked(&question.clone().with(path, value)));
        near(value, hours(&bare), hours(&said));
        assert!(Narrowed::of(&bare).unwrap().is_some(), "{value}");
    }
    let moved = ConvertRequest::new(bare.clone(), "h200").ask(catalog()).unwrap();
    near("convert", moved.result.gpu_hours.unwrap(), hours(&asked(&bare.with("run.gpu", "h200"))));
    let tuned = spec("tuned.toml", "[{ step = \"3.5 s\" }]", "stack = \"tuned\"\n");
    assert!(answer(&tuned, catalog()).is_ok());
    let other = answer(&tuned.with("stack", "torchtitan"), catalog()).unwrap_err().to_string();
    // `tuned` is another name of it.
    assert!(other.contains("it ran on the stack `megatron-core`, and `torchtitan` is asked about"), "{other}");
}

#[test]
fn what_is_kept_as_a_stack_answers_as_the_steps_did() {
    let folder = tempdir().unwrap();
    for (model, tokens, chip, chips) in ASKED {
        for stack in ["ordinary", "megatron-fsdp", "nemo"] {
            let question = of_model(model, tokens, chip, chips).with("stack", stack);
            let time = seconds(&asked(&question)) * 1.17;
            let steps = Steps::new().seconds(time).seconds(time * 1.1).with("micro_batch", 1);
            let measured = question.clone().with("measured", steps);
            let kept = KeepRequest::new(measured.clone(), "mine").ask(catalog()).unwrap();
            let path = file(&folder, &format!("{model}-{stack}.toml"), &kept.text);
            let own = question.with("stack", path.display().to_string());
            let [told, again] =
                [measured, own].map(|question| EstimateRequest::new(question).ask(catalog()).unwrap().result);
            for ((key, told), (_, again)) in told.numbers().into_iter().zip(again.numbers()) {
                match (told, again) {
                    (Some(told), Some(again)) => assert!((told / again - 1.0).abs() < 1e-6, "{key}: {told} {again}"),
                    (told, again) => assert_eq!(told, again, "{key}"),
                }
            }
        }
    }
}

/// Of another setting, chip or model, a kept stack is about as unsure as the steps that it was made of leave it.
#[test]
fn what_is_kept_as_a_stack_says_less_of_other_settings() {
    let folder = tempdir().unwrap();
    let question = of_model("llama-3-70b", "15T", "h100", 512.0).with("stack", "nemo");
    let steps = Steps::new().seconds(seconds(&asked(&question)) * 1.3);
    let steps = || steps.clone().with("gpu", "h100").with("chips", 512).with("model", "llama-3-70b");
    let kept = KeepRequest::new(question.with("measured", steps()), "mine").ask(catalog()).unwrap();
    let own = file(&folder, "mine.toml", &kept.text).display().to_string();
    let told = |model: &str, chip: &str, chips: f64, stack: &str| {
        let question = of_model(model, "15T", chip, chips).with("stack", stack);
        let question = if stack == "nemo" { question.with("measured", steps()) } else { question };
        let result = EstimateRequest::new(question).ask(catalog()).unwrap().result;
        let [p10, p50, p90] = [result.gpu_hours_p10, result.gpu_hours_p50, result.gpu_hours_p90].map(Option::unwrap);
        (p50, p90 / p10)
    };
    for (model, chip, chips) in
        [("llama-3-70b", "h100", 1024.0), ("llama-3-8b", "h100", 512.0), ("llama-3-70b", "h200", 512.0)]
    {
        let (kept, measured) = (told(model, chip, chips, &own), told(model, chip, chips, "nemo"));
        assert!((kept.0 / measured.0 - 1.0).abs() < 0.04, "{model} on {chips} {chip}: {kept:?} {measured:?}");
        assert!((kept.1 / measured.1 - 1.0).abs() < 0.06, "{model} on {chips} {chip}: {kept:?} {measured:?}");
    }
    let (itself, other) = (told("llama-3-70b", "h100", 512.0, &own), told("llama-3-70b", "h100", 1024.0, &own));
    assert!(other.1 > 1.08 * itself.1, "{itself:?} {other:?}");
    let broken = kept.text.replace("row = ", "row = -");
    let error = EstimateRequest::new(
        of_model("llama-3-70b", "15T", "h100", 512.0)
            .with("stack", file(&folder, "bad.toml", &broken).display().to_string()),
    );
    assert!(error.ask(catalog()).unwrap_err().to_string().contains("from 0 to 10"));
}

/// Another vendor's compilers and kernels are others: their steps tell next to nothing.
#[test]
fn a_step_on_another_vendor_s_chip_tells_less_than_one_on_a_sibling() {
    let question = of_model("llama-3-70b", "15T", "h100", 512.0);
    let moved = |chip: &str| {
        let there = seconds(&asked(&of_model("llama-3-70b", "15T", chip, 512.0)));
        let slow = Steps::new().seconds(there * 1.3).with("gpu", chip).with("chips", 512).with("model", "llama-3-70b");
        seconds(&asked(&question.clone().with("measured", slow))) / seconds(&asked(&question))
    };
    let (sibling, older, other) = (moved("h200"), moved("a100"), moved("mi300x"));
    assert!(sibling >= older && older > 1.1 && other < 1.0 + (sibling - 1.0) / 2.0, "{sibling} {older} {other}");
}

#[test]
fn a_measured_question_has_one_answer_through_every_door() {
    for (model, tokens, chip, chips) in ASKED {
        let there = seconds(&asked(&of_model(model, tokens, chip, 1024.0)));
        let slow = Steps::new().seconds(there * 1.25).with("gpu", chip).with("chips", 1024).with("model", model);
        let question = of_model(model, tokens, chip, chips).with("measured", slow);
        assert!(through_every_door(&format!("{model} on {chip}, measured"), &question).is_some());
    }
    for run in ["llama-3.1-405b", "apertus-70b"] {
        let question = Question::about(run, catalog()).unwrap().with("run.gpu", "h200").with("run.chips", 4096.0);
        let there = asked(&question);
        let time = seconds(&there);
        let slow = Steps::new().seconds(time).with("gpu", "h200").with("chips", 4096);
        through_every_door(&format!("{run}, measured"), &question.with("measured", slow));
    }
}

#[test]
fn the_mfu_of_an_answer_given_back_moves_nothing() {
    for (model, tokens, chip, chips) in ASKED {
        let question = of_model(model, tokens, chip, chips);
        let before = EstimateRequest::new(question.clone()).ask(catalog()).unwrap().result;
        let steps = Steps::new().step("mfu", before.mfu.unwrap());
        let (found, narrowed) = after(&question, steps);
        let factor = hours(&found) / hours(&asked(&question));
        assert!((factor - 1.0).abs() < 1e-6, "{model}: x {factor}");
        assert!(narrowed.sentence().contains("x the prediction, FLOPs by 6ND"), "{}", narrowed.sentence());
    }
}

#[test]
fn a_step_that_tells_nothing_is_named_with_its_ratio() {
    let mixture = Steps::new().seconds(20.0).with("gpu", "h800").with("chips", 2048).with("model", "deepseek-v3");
    let mixture = mixture.with("global_batch", "63Mtok").with("seq_len", 4096);
    let reply = EstimateRequest::new(llama().with("measured", mixture)).ask(catalog()).unwrap();
    let told = reply.head.measured.unwrap();
    assert_eq!((told.used, told.k, told.factor, told.left_out.len()), (0, 0.0, 1.0, 1));
    near("seen", told.factor_seen, told.settings[0].measured_s / told.settings[0].predicted_s);
    assert!(told.left_out[0].reason.contains("a mixture beside a dense model"), "{}", told.left_out[0].reason);
    let said = reply.head.assumptions.iter().find(|said| said.starts_with("measured: ")).unwrap();
    assert!(said.contains("; not used, since") && !said.contains("settles"), "{said}");
    let question = Question::about("deepseek-v3", catalog()).unwrap();
    let far = Steps::new().seconds(40.0).with("gpu", "h800").with("chips", 2048);
    let moved = ConvertRequest::new(question.with("measured", far), "h200").ask(catalog()).unwrap();
    let told = moved.head.measured.unwrap();
    assert!(told.used == 0 && told.factor_seen > 1.5, "{told:?}");
    assert!(told.left_out[0].reason.contains("it is of another chip"), "{}", told.left_out[0].reason);
}

#[test]
fn few_repeats_that_disagree_are_named() {
    let folder = tempdir().unwrap();
    let said = |text: &str| {
        let path = file(&folder, "few.csv", text);
        let question = llama().with("measured", path.display().to_string());
        EstimateRequest::new(question).ask(catalog()).unwrap().head.warnings.join("\n")
    };
    let apart = said("step\n9 s\n3 s\n");
    assert!(apart.contains("few.csv:2 (9 s) and ") && apart.contains("few.csv:3 (3 s) are of one setting"), "{apart}");
    assert!(said("step\n3 s\n3.1 s\n5 s\n").contains("disagree"));
    assert!(!said("step\n3 s\n4 s\n").contains("disagree"));
    assert!(!said("step,micro_batch\n9 s,1\n3 s,2\n").contains("disagree"));
}

#[test]
fn another_kernel_is_another_setting() {
    let settled = |steps: Steps| after(&llama(), steps).1.evidence.settled();
    let own = settled(Steps::new().seconds(3.5));
    let unfused = settled(Steps::new().seconds(3.5).with("attention_kernel", "unfused"));
    let full = settled(Steps::new().seconds(3.5).with("recompute", "full"));
    near("fused", settled(Steps::new().seconds(3.5).with("attention_kernel", "fused")), own);
    assert!(own > 0.99 && unfused < 0.95 && full < 0.95, "{own} {unfused} {full}");
}

#[test]
fn columns_go_by_the_names_that_logs_have() {
    let before = asked(&llama());
    let (time, tokens) = (seconds(&before) * 1.2, step(&before).tokens_per_step().get());
    let (found, _) = after(&llama(), Steps::new().seconds(time));
    let folder = tempdir().unwrap();
    for (column, value) in [
        ("Tokens/s", tokens / time),
        ("tokens/sec", tokens / time),
        ("tokens/s/GPU", tokens / time / 2048.0),
        ("step time (ms)", time * 1e3),
        ("Step_Time", time),
        ("elapsed time per iteration (ms)", time * 1e3),
        ("ITER_TIME_S", time),
    ] {
        let path = file(&folder, "log.csv", &format!("{column},GPUs\n{value},2048\n"));
        let again = asked(&llama().with("measured", path.display().to_string()));
        near(column, hours(&again), hours(&found));
    }
}

/// Quadratic work on so many rows takes minutes.
#[test]
fn many_rows_are_read_in_a_moment() {
    let text = format!("step\n{}", "3.5\n\n".repeat(100_000));
    let start = Instant::now();
    let read = Measured::of_csv("log.csv", &text).unwrap();
    assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    assert_eq!((read.steps.len(), read.steps[99_999].name.as_str()), (100_000, "log.csv:200000"));
}

#[test]
fn a_fleet_says_what_a_moved_run_s_steps_change() {
    let steps = Steps::new().seconds(25.0).with("gpu", "h200").with("chips", 2048).with("model", "deepseek-v3");
    let reply = FleetRequest::new("v3-again-on-h200").measured(steps).ask(catalog()).unwrap().reply();
    let said = reply.head.assumptions.iter().find(|said| said.contains("measured")).unwrap();
    assert!(said.contains("x what the run's own hours give there; settles k = ") && said.contains("hours x"), "{said}");
    let moved = said.split_once("hours x ").unwrap().1.split(',').next().unwrap().parse::<f64>().unwrap();
    assert!(moved > 1.2, "{said}");
}

#[test]
fn steps_that_tell_nothing_are_not_kept() {
    let mixture = Steps::new().seconds(20.0).with("gpu", "h800").with("chips", 2048).with("model", "deepseek-v3");
    let mixture = mixture.with("global_batch", "63Mtok").with("seq_len", 4096);
    let error = KeepRequest::new(llama().with("measured", mixture), "mine").ask(catalog()).unwrap_err().to_string();
    assert!(error.contains("no measured step tells anything") && error.contains("help: "), "{error}");
}
